package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clientele/engine"
	workspacefiles "clientele/engine/workspace"
)

// finding is what a diagnosis says of one thing.
func finding(t *testing.T, e *engine.Engine, env map[string]string, check string) engine.Finding {
	t.Helper()
	for _, f := range engine.Diagnose(t.Context(), e.Dir, e.Now, "test", func(name string) string { return env[name] }) {
		if f.En == "" || f.Zh == "" || f.CheckZh == "" || f.State != engine.FindingOK && (f.DoEn == "" || f.DoZh == "") {
			t.Errorf("not all is said in both languages: %+v", f)
		}
		if f.Check == check {
			return f
		}
	}
	t.Fatalf("%s was not looked at", check)
	return engine.Finding{}
}

// A workspace in order is found to be so, and nothing in it is changed; each fault
// is found by the look that is for it.
func TestDiagnose(t *testing.T) {
	e := settled(t, "2026-01-31")
	e.Now = time.Now()
	if err := os.Chmod(e.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	const plainConfig = "timezone: UTC\noutput: {reports: []}\nsources:\n  - {name: orders, kind: orders, path: o.csv}\n"
	configure := func(text string) { write(t, e, "clientele.yaml", text) }
	path := func(name string) string { return filepath.Join(e.Dir, name) }
	configure(plainConfig)
	if f := finding(t, e, nil, "store"); f.State != engine.FindingWarn {
		t.Errorf("before anything is loaded: %+v", f)
	}
	if _, err := e.Run(t.Context(), "latest", false); err != nil {
		t.Fatal(err)
	}
	store := expectStore(t, e)
	for _, f := range engine.Diagnose(t.Context(), e.Dir, e.Now, "test", os.Getenv) {
		if f.State != engine.FindingOK {
			t.Errorf("in order, and yet %+v", f)
		}
	}
	if !strings.Contains(string(expectStore(t, e)), string(store)) {
		t.Error("the store was changed")
	}
	never := func() {}
	for _, c := range []struct {
		check, state, says string
		make               func() (undo func())
	}{
		{"configuration", engine.FindingFail, "timezon", func() func() { configure("timezon: UTC\n"); return never }},
		{"configuration", engine.FindingWarn, "the defaults hold", func() func() { os.Remove(path("clientele.yaml")); return never }},
		{"store", engine.FindingFail, "rebuild", func() func() { configure("timezone: Asia/Tokyo\n"); return never }},
		{"store", engine.FindingFail, "clientele.duckdb", func() func() {
			os.WriteFile(path("clientele.duckdb"), []byte("no store"), 0o600)
			return func() { os.WriteFile(path("clientele.duckdb"), store, 0o600) }
		}},
		{"permissions", engine.FindingWarn, "clientele.duckdb", func() func() {
			os.Chmod(e.Dir, 0o755)
			os.Chmod(path("clientele.duckdb"), 0o644)
			return func() { os.Chmod(e.Dir, 0o700); os.Chmod(path("clientele.duckdb"), 0o600) }
		}},
		{"lock", engine.FindingWarn, "held by process", func() func() {
			lock, err := workspacefiles.Acquire(e.Dir, e.Now)
			if err != nil {
				t.Fatal(err)
			}
			return func() { lock.Release() }
		}},
		{"leftovers", engine.FindingWarn, ".private-clientele.duckdb", func() func() {
			os.Mkdir(path(".private-clientele.duckdb"), 0o700)
			return func() { os.Remove(path(".private-clientele.duckdb")) }
		}},
		{"write-ahead log", engine.FindingFail, "clientele.duckdb.wal", func() func() {
			write(t, e, "clientele.duckdb.wal", "x")
			return func() { os.Remove(path("clientele.duckdb.wal")) }
		}},
		{"current run", engine.FindingFail, "not as it was published", func() func() {
			scores := path("exports/current/scores.parquet")
			whole, _ := os.ReadFile(scores)
			os.Truncate(scores, 1)
			return func() { os.WriteFile(scores, whole, 0o600) }
		}},
		{"memory", engine.FindingFail, "the limit is", func() func() { configure(plainConfig + "resources: {memory: 100TiB}\n"); return never }},
		{"clock", engine.FindingFail, "the last run was at", func() func() {
			e.Now = e.Now.Add(-48 * time.Hour)
			return func() { e.Now = e.Now.Add(48 * time.Hour) }
		}},
		{"clock", engine.FindingWarn, "the newest fact is of 2026-01-31", func() func() {
			now := e.Now
			os.Rename(path(engine.StateName), path("state"))
			e.Now = time.Date(2026, 1, 29, 0, 0, 0, 0, time.UTC)
			return func() { e.Now = now; os.Rename(path("state"), path(engine.StateName)) }
		}},
		{"source orders", engine.FindingFail, "gone/*.csv: no file matches", func() func() { configure(strings.Replace(plainConfig, "o.csv", "gone/*.csv", 1)); return never }},
		{"sources", engine.FindingWarn, "names none", func() func() { configure("timezone: UTC\n"); return never }},
		{"source erp", engine.FindingFail, "ERP_PASSWORD is not set", func() func() {
			configure(plainConfig + "  - {name: erp, kind: orders, connect: postgres://reader@db.example/shop, table: orders, password_env: ERP_PASSWORD}\n")
			return never
		}},
		{"source erp", engine.FindingFail, "cannot be read", func() func() {
			configure(plainConfig + "  - {name: erp, kind: orders, connect: postgres://reader@db.example/shop, table: orders, password_file: erp.txt}\n")
			return never
		}},
		{"files", engine.FindingFail, "rates.csv", func() func() { configure(plainConfig + "rates: rates.csv\n"); return never }},
		{"metrics", engine.FindingFail, "nowhere", func() func() { configure(plainConfig + "metrics: nowhere/a.prom\n"); return never }},
		{"fonts", engine.FindingOK, "browser", func() func() {
			configure(plainConfig + "lineage: l.jsonl\n# ")
			os.WriteFile(path("clientele.yaml"), []byte("timezone: UTC\n"), 0o600)
			return never
		}},
	} {
		undo := c.make()
		if f := finding(t, e, nil, c.check); f.State != c.state || !strings.Contains(f.En+f.DoEn, c.says) {
			t.Errorf("%s: %+v, want %s, %q", c.check, f, c.state, c.says)
		}
		undo()
		configure(plainConfig)
	}
	configure(plainConfig + "  - {name: erp, kind: orders, connect: postgres://reader@db.example/shop, table: orders, password_env: ERP_PASSWORD}\n")
	if f := finding(t, e, map[string]string{"ERP_PASSWORD": "s3cret"}, "source erp"); f.State != engine.FindingOK || strings.Contains(f.En, "s3cret") {
		t.Errorf("%+v", f)
	}
}
