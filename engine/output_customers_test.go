package engine

import (
	"context"
	"fmt"
	"testing"
)

// Customers of whom nothing is known have the rows and the types that they have when
// something is known of one of them.
func TestCustomersQuery(t *testing.T) {
	ctx := context.Background()
	db, err := openSchema(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	insert(t, db, "INSERT INTO identities VALUES ('', 'B', 2, 'B', 2, 'id'), ('', 'A', 1, 'A', 1, 'id'), ('', 'A2', 3, 'A', 1, 'e-mail'), ('', 'C', 4, 'C', 4, 'id')")
	insert(t, db, "CREATE TEMP TABLE scores AS SELECT unnest(['A', 'B']) AS customer_id")
	r := &run{ctx: ctx, db: db, asOf: 20454}
	text := func() (query, types, rows string) {
		t.Helper()
		query, err := r.customersQuery()
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Row(ctx, []any{&rows}, "SELECT CAST(list(c) AS VARCHAR) FROM ("+query+") AS c"); err != nil {
			t.Fatal(err)
		}
		if err := db.Row(ctx, []any{&types}, "SELECT string_agg(column_name || ' ' || column_type, ', ') FROM (DESCRIBE "+query+")"); err != nil {
			t.Fatal(err)
		}
		return query, types, rows
	}
	nothing, types, rows := text()
	insert(t, db, "INSERT INTO facts.cards (card) VALUES (1)")
	something, wantTypes, wantRows := text()
	if nothing == something {
		t.Fatalf("one query for both: %s", nothing)
	}
	if types != wantTypes || rows != wantRows {
		t.Errorf("got  %s\nwant %s", fmt.Sprint(types, "\n", rows), fmt.Sprint(wantTypes, "\n", wantRows))
	}
}
