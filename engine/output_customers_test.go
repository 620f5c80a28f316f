package engine

import (
	"context"
	"path/filepath"
	"testing"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/queries"
)

// Customers of whom nothing is known have the rows and the types that they have when
// something is known of one of them, though their file is made another way.
func TestCustomersFile(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	db, err := duck.Open(ctx, "", duck.Options{Threads: 1, Folders: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range queries.List("schema") {
		if err := db.Statements(ctx, q.SQL); err != nil {
			t.Fatal(err)
		}
	}
	insert(t, db, "INSERT INTO identities VALUES ('', 'B', 2, 'B', 2, 'id'), ('', 'A', 1, 'A', 1, 'id'), ('', 'A2', 3, 'A', 1, 'e-mail'), ('', 'C', 4, 'C', 4, 'id')")
	insert(t, db, "CREATE TEMP TABLE scores AS SELECT unnest(['A', 'B']) AS customer_id")
	ids := &table.Column{Field: table.Field{Name: "customer_id", Kind: table.Text}, Texts: table.Strings{Offsets: []int32{0, 1, 2}, Bytes: []byte("AB")}}
	r := &run{Engine: &Engine{}, ctx: ctx, db: db, asOf: 20454, table: table.New(ids)}
	meanings, err := dictionaryEntries()
	if err != nil {
		t.Fatal(err)
	}
	text := func(name string) (fromGo bool, types, rows string) {
		t.Helper()
		o, err := r.customersOutput()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		described, n, err := r.write(o, path, meanings)
		if err != nil || n != 2 {
			t.Fatalf("%d rows, %v", n, err)
		}
		file := "read_parquet(" + duck.Literal(path) + ")"
		if err := db.Row(ctx, []any{&rows}, "SELECT CAST(list(c) AS VARCHAR) FROM "+file+" AS c"); err != nil {
			t.Fatal(err)
		}
		if err := db.Row(ctx, []any{&types}, "SELECT string_agg(column_name || ' ' || column_type, ', ') FROM (DESCRIBE FROM "+file+")"); err != nil {
			t.Fatal(err)
		}
		return o.next != nil, types + jsonText(described), rows
	}
	nothing, types, rows := text("nothing")
	insert(t, db, "INSERT INTO facts.cards (card) VALUES (1)")
	something, wantTypes, wantRows := text("something")
	if !nothing || something {
		t.Fatalf("from Go: %v, and when something is known: %v", nothing, something)
	}
	if types != wantTypes || rows != wantRows {
		t.Errorf("got  %s\n%s\nwant %s\n%s", types, rows, wantTypes, wantRows)
	}
}
