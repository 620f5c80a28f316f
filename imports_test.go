// Package clientele_test holds what is true of the whole tree and of no package alone.
package clientele_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "clientele"

// Imports go one way: a model never sees a database, a source never sees a
// model, and one package talks to DuckDB. The first row whose pattern is the
// package's folder holds for it (* stands for one folder's name); a package that
// no row names is an error, so that each new place for code is a decision.
func rules() []rule {
	noun := []string{"engine/formula", "engine/table", "models/stat", "queries"}
	return []rule{
		{".", nil}, // tests of the whole tree
		{"engine/table", nil},
		{"engine/formula", nil},
		{"engine/vec", nil},
		{"engine/config", nil},
		{"queries", nil},

		{"models", []string{"engine/table"}},
		{"models/stat", []string{"engine/vec"}},
		{"models/evaluate", []string{"models/stat"}},
		{"models/modelstest", []string{"engine/table", "models"}},
		{"models/modelstest/shopdata", []string{"engine/table", "models/purchase"}},
		{"models/interval", []string{"engine/table", "models", "models/evaluate", "models/gammagamma", "models/paretonbd", "models/purchase", "models/stat"}}, // paretonbd: in its tests
		{"models/*", []string{"engine/table", "engine/vec", "models", "models/evaluate", "models/groups", "models/stat", "models/purchase"}},

		{"ingest", []string{"engine/table"}},
		{"ingest/internal/*", []string{"engine/table", "ingest"}},
		{"ingest/ingesttest", []string{"engine/table", "ingest"}},
		{"ingest/formats", []string{"ingest", "ingest/*"}}, // the list of formats
		{"ingest/*", []string{"engine/table", "ingest", "ingest/internal/*"}},

		{"engine/internal/duck", []string{"engine/table", "queries"}},
		{"engine/report", noun},
		{"engine/demo", noun},
		{"engine/demo/exports", []string{"engine/table", "ingest", "ingest/formats"}}, // its tests read what it writes
		{"engine/contactfile", append(noun, "engine/workbook")},
		{"engine/*", noun},
		{"engine", []string{"engine/*", "engine/internal/*", "ingest", "ingest/*", "models", "models/*", "queries"}},

		// The command imports the engine, and the data types that the engine hands over.
		{"cmd/clientele", []string{"engine", "engine/config", "engine/demo", "engine/report", "engine/table", "ingest"}},
	}
}

// witnesses are imported by the tests of a folder only: the tests of faults look at a
// workspace from outside, as what a kill left.
func witnesses() map[string]string {
	return map[string]string{"cmd/clientele": "engine/workspace"}
}

type rule struct {
	folder string   // pattern of path.Match
	may    []string // patterns of the folders it may import
}

// promises are imported by tests only, and by tests of every package: what every
// source and every model keeps, customers to learn from, and files as platforms
// export them.
func promises() []string {
	return []string{"ingest/ingesttest", "models/modelstest", "models/modelstest/shopdata", "engine/demo/exports"}
}

// duckdb is the module path that only engine/internal/duck may import. The tests
// of queries run the portable SQL and may not import the engine, so they may open it too.
const duckdb = "github.com/duckdb/"

func mayOpenDuckDB(folder string, test bool) bool {
	return folder == "engine/internal/duck" || test && folder == "queries"
}

// violations reads the imports of every Go file of the tree, whatever its build
// tags, and returns what the rules forbid.
func violations(tree fs.FS) ([]string, error) {
	var found []string
	unknown := map[string]bool{}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := path.Base(name); name != "." && (base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		folder := path.Dir(name)
		r, ok := ruleOf(folder)
		if !ok {
			if !unknown[folder] {
				found = append(found, fmt.Sprintf("%s: no import rule for this package: add one to imports_test.go", folder))
			}
			unknown[folder] = true
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		test := strings.HasSuffix(name, "_test.go")
		for _, spec := range file.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if strings.HasPrefix(target, duckdb) && !mayOpenDuckDB(folder, test) {
				found = append(found, fmt.Sprintf("%s: imports %s: only engine/internal/duck talks to DuckDB", name, target))
			}
			if ours, ok := strings.CutPrefix(target, module+"/"); ok && !allowed(r, folder, ours, test) {
				found = append(found, fmt.Sprintf("%s: imports %s: %s may import %s", name, ours, folder, list(r.may)))
			}
		}
		return nil
	})
	return found, err
}

func ruleOf(folder string) (rule, bool) {
	for _, r := range rules() {
		if ok, err := path.Match(r.folder, folder); err != nil {
			panic(err)
		} else if ok {
			return r, true
		}
	}
	return rule{}, false
}

func allowed(r rule, folder, target string, test bool) bool {
	if slices.Contains(promises(), target) {
		return test
	}
	if test && witnesses()[folder] == target {
		return true
	}
	if test && target == folder { // an external test imports what it tests
		return true
	}
	for _, pattern := range r.may {
		if ok, err := path.Match(pattern, target); err != nil {
			panic(err)
		} else if ok {
			return true
		}
	}
	return false
}

func list(may []string) string {
	if len(may) == 0 {
		return "nothing of ours"
	}
	return strings.Join(may, ", ")
}

func TestImportsGoOneWay(t *testing.T) {
	found, err := violations(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

// Every way to break the rules is noticed, and nothing else is.
func TestViolationsAreFound(t *testing.T) {
	source := func(imports ...string) *fstest.MapFile {
		text := "package p\n"
		for _, i := range imports {
			text += fmt.Sprintf("import _ %q\n", i)
		}
		return &fstest.MapFile{Data: []byte(text)}
	}
	for _, c := range []struct {
		name string
		file string
		with *fstest.MapFile
		want string // "": allowed
	}{
		{"a model sees the database", "models/rfm/rfm.go", source("clientele/engine/internal/duck"), "models/rfm/rfm.go: imports engine/internal/duck"},
		{"a model sees another", "models/clv/clv.go", source("clientele/models/rfm"), "imports models/rfm"},
		{"a model reads columns", "models/rfm/rfm.go", source("context", "clientele/engine/table", "clientele/models"), ""},
		{"a model opens DuckDB", "models/rfm/rfm.go", source("github.com/duckdb/duckdb-go/v2"), "only engine/internal/duck talks to DuckDB"},
		{"its test does", "models/rfm/rfm_test.go", source("github.com/duckdb/duckdb-go/v2"), "only engine/internal/duck talks to DuckDB"},
		{"a build tag hides it", "models/rfm/x.go", &fstest.MapFile{Data: []byte("//go:build never\n\npackage rfm\n\nimport _ \"clientele/engine\"\n")}, "imports engine"},
		{"the engine opens DuckDB", "engine/store.go", source("github.com/duckdb/duckdb-go-bindings"), "only engine/internal/duck talks to DuckDB"},
		{"duck opens DuckDB", "engine/internal/duck/duck.go", source("github.com/duckdb/duckdb-go/v2", "clientele/engine/table"), ""},
		{"queries open it in tests", "queries/x_test.go", source("github.com/duckdb/duckdb-go/v2"), ""},
		{"queries open it", "queries/x.go", source("github.com/duckdb/duckdb-go/v2"), "only engine/internal/duck talks to DuckDB"},
		{"a source sees a model", "ingest/csv/csv.go", source("clientele/models"), "imports models"},
		{"a format sees another", "ingest/csv/csv.go", source("clientele/ingest/jsonl"), "imports ingest/jsonl"},
		{"the table imports the engine", "engine/table/table.go", source("clientele/engine"), "may import nothing of ours"},
		{"a noun imports a noun", "engine/report/page.go", source("clientele/engine/config"), "imports engine/config"},
		{"the command reaches past the engine", "cmd/clientele/run.go", source("clientele/models/rfm"), "imports models/rfm"},
		{"the engine imports the command", "engine/run.go", source("clientele/cmd/clientele"), "imports cmd/clientele"},
		{"promises outside tests", "models/rfm/rfm.go", source("clientele/models/modelstest"), "imports models/modelstest"},
		{"promises in tests", "models/rfm/rfm_test.go", source("clientele/models/modelstest", "clientele/models/rfm"), ""},
		{"promises in the engine", "engine/run.go", source("clientele/models/modelstest"), "imports models/modelstest"},
		{"a package in no row", "utils/strings.go", source(), "utils: no import rule"},
		{"a deeper one", "models/rfm/bins/bins.go", source(), "models/rfm/bins: no import rule"},
		{"test data", "engine/testdata/x.go", source("clientele/cmd/clientele"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, err := violations(fstest.MapFS{c.file: c.with})
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" && len(found) > 0 || c.want != "" && (len(found) != 1 || !strings.Contains(found[0], c.want)) {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}

// A row that can never be reached, because an earlier pattern has its folder, states a rule that does not hold.
func TestEveryRuleCounts(t *testing.T) {
	for _, r := range rules() {
		if strings.Contains(r.folder, "*") {
			continue
		}
		if first, _ := ruleOf(r.folder); first.folder != r.folder {
			t.Errorf("the row of %s is hidden by that of %s", r.folder, first.folder)
		}
	}
}
