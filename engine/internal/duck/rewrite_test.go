package duck

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// A store that is written anew holds what it held, with its views and macros, in a
// smaller file; one that is not sealed is left alone.
func TestRewrite(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	path, fresh := filepath.Join(dir, "it's.duckdb"), filepath.Join(dir, "fresh.duckdb")
	d := open(t, path, Options{Folders: []string{dir}})
	if err := d.Statements(ctx, `CREATE SCHEMA facts;
CREATE TABLE facts.a AS SELECT hash(range) AS x, range AS n FROM range(500000);
CREATE VIEW a AS SELECT x, n FROM facts.a;
CREATE MACRO below(limits) AS TABLE SELECT n FROM a WHERE n < limits;
CHECKPOINT;
DELETE FROM facts.a WHERE n >= 10;
RESET max_vacuum_tasks;`); err != nil {
		t.Fatal(err)
	}
	unused, size, err := d.Unused(ctx)
	if err != nil || unused < 2<<20 || size <= unused {
		t.Fatalf("%d of %d bytes are unused, %v", unused, size, err)
	}
	if err := d.Rewrite(ctx, path, fresh); err == nil {
		t.Error("a store that is attached was rewritten")
	}
	if err := d.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.Rewrite(ctx, path, fresh); err != nil {
		t.Fatal(err)
	}
	before, err1 := os.Stat(path)
	after, err2 := os.Stat(fresh)
	if err1 != nil || err2 != nil || after.Size() > before.Size()-unused/2 {
		t.Fatalf("%v, %v, %v, %v", before, after, err1, err2)
	}
	if _, err := os.Stat(fresh + ".wal"); !os.IsNotExist(err) {
		t.Error("a rewritten store has a .wal")
	}
	r := open(t, fresh, Options{ReadOnly: true})
	var n, sum int
	if err := r.Row(ctx, []any{&n, &sum}, "SELECT count(*), CAST(sum(n) AS INTEGER) FROM below(5)"); err != nil || n != 5 || sum != 10 {
		t.Errorf("%d rows of %d, %v", n, sum, err)
	}
}
