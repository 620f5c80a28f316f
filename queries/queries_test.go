package queries

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every file parses, says what it asks, and states what it reads and gives,
// everywhere but in the folders whose files change tables; a grain is made of
// columns given.
func TestHeaders(t *testing.T) {
	folders, err := fs.ReadDir(files, ".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, folder := range folders {
		for _, q := range List(folder.Name()) {
			seen++
			if len(q.Doc) < 10 {
				t.Errorf("%s: description %q says nothing", q.Name, q.Doc)
			}
			if slices.Contains([]string{"schema", "merge", "settle"}, folder.Name()) {
				continue
			}
			if isCheck, known := folder.Name() == "check", q.Severity == "error" || q.Severity == "warning"; isCheck != known || !isCheck && q.Severity != "" {
				t.Errorf("%s: severity %q", q.Name, q.Severity)
			}
			if len(q.Reads) == 0 || len(q.Gives) == 0 {
				t.Errorf("%s: header lacks reads or gives", q.Name)
			}
			var names []string
			for _, c := range q.Gives {
				if slices.Contains(names, c.Name) {
					t.Errorf("%s: gives %s twice", q.Name, c.Name)
				}
				names = append(names, c.Name)
			}
			for _, g := range q.Grain {
				if !slices.Contains(names, g) {
					t.Errorf("%s: grain %s is not given", q.Name, g)
				}
			}
			for _, r := range q.Reads {
				if !regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(r) + `\b`).MatchString(body(q.SQL)) {
					t.Errorf("%s: says that it reads %s and does not", q.Name, r)
				}
			}
		}
	}
	if seen < 3 {
		t.Fatalf("only %d queries embedded", seen)
	}
}

// body is the SQL without its comments.
func body(sql string) string {
	return regexp.MustCompile(`(?m)--.*$`).ReplaceAllString(sql, "")
}

func TestParse(t *testing.T) {
	q, err := parse("report/x", strings.Join([]string{
		"-- Sales of each day,",
		"-- and of the next.",
		"-- grain:  day, shop",
		"-- reads:  orders, bounds",
		"-- severity: warning",
		`-- gives:  day DATE, shop VARCHAR, net DECIMAL(18,4),`,
		`--         "T" BIGINT`,
		"",
		"-- not the header",
		"SELECT 1",
	}, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if q.Doc != "Sales of each day, and of the next." {
		t.Errorf("doc %q", q.Doc)
	}
	if !slices.Equal(q.Grain, []string{"day", "shop"}) || !slices.Equal(q.Reads, []string{"orders", "bounds"}) {
		t.Errorf("grain %q, reads %q", q.Grain, q.Reads)
	}
	want := []Column{{"day", "DATE"}, {"shop", "VARCHAR"}, {"net", "DECIMAL(18,4)"}, {"T", "BIGINT"}}
	if !slices.Equal(q.Gives, want) {
		t.Errorf("gives %q, want %q", q.Gives, want)
	}
	if q.Severity != "warning" {
		t.Errorf("severity %q", q.Severity)
	}
	if q.Base() != "x" {
		t.Errorf("base %q", q.Base())
	}
}

func TestParseErrors(t *testing.T) {
	for name, text := range map[string]string{
		"no header":    "SELECT 1",
		"grain twice":  "-- a\n-- grain: x\n-- grain: y\nSELECT 1",
		"type missing": "-- a\n-- gives: x\nSELECT 1",
	} {
		if _, err := parse("x", text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestGetUnknown(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic for a query that is not there")
		}
	}()
	Get("report/none")
}

func TestListUnknown(t *testing.T) {
	if l := List("none"); l != nil {
		t.Errorf("unknown folder lists %d queries", len(l))
	}
}
