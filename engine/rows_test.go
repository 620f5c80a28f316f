package engine_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/internal/duck"
)

// Every row that a file has is stored, known or rejected, whatever the format: counted
// here by who wrote the files, as a reader that passed one over would not count it.
func TestNoRowIsLost(t *testing.T) {
	t.Parallel()
	const n = 20_000 // more than a reader takes at a time
	var csv, jsonl strings.Builder
	fmt.Fprintln(&csv, "order_id,customer_id,order_date,amount")
	var bad, again int64
	last := [4]string{}
	for i := range n {
		row := [4]string{fmt.Sprintf("o%d", i), fmt.Sprintf("c%d", i%700), fmt.Sprintf("2024-%02d-%02d", 1+i%12, 1+i%28), fmt.Sprintf("%d.50", 10+i%90)}
		switch {
		case i%97 == 5:
			row[2] = "soon"
			bad++
		case i%101 == 7:
			row = last
			again++
		}
		if row[2] != "soon" {
			last = row
		}
		fmt.Fprintln(&csv, strings.Join(row[:], ","))
		fmt.Fprintf(&jsonl, "{\"order_id\":%q,\"customer_id\":%q,\"order_date\":%q,\"amount\":%q}\n", row[0], row[1], row[2], row[3])
	}
	e := workspace(t)
	e.Now = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	write(t, e, "rows.csv", csv.String())
	write(t, e, "rows.jsonl", jsonl.String())
	db, err := duck.Open(t.Context(), "", duck.Options{Folders: []string{e.Dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	cells := "FROM read_csv(" + duck.Literal(filepath.Join(e.Dir, "rows.csv")) + ", all_varchar=true)"
	if err := db.Exec(t.Context(), "COPY ("+cells+") TO "+duck.Literal(filepath.Join(e.Dir, "rows.parquet"))+" (FORMAT parquet, ROW_GROUP_SIZE 3000)"); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(t.Context(), cells)
	if err != nil {
		t.Fatal(err)
	}
	var book bytes.Buffer
	if err := engine.WriteWorkbook(&book, "orders", rows, time.UTC); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(e.Dir, "rows.xlsx"), book.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	formats := []string{"csv", "jsonl", "parquet", "xlsx"}
	var want, stored []string
	for _, format := range formats {
		if _, err := e.Load(t.Context(), []engine.Loading{{AllowRejects: true, Source: config.Source{Name: format, Kind: "orders", Path: []string{"rows." + format}}}}); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%s|%d|%d|%d|%d", format, n, n-bad-again, again, bad))
		stored = append(stored, fmt.Sprintf("%s|%d", format, n-bad-again))
	}
	slices.Sort(want)
	expect(t, e, "SELECT source, read, accepted, duplicates, rejected FROM batches ORDER BY source", want...)
	expect(t, e, "SELECT source, count(DISTINCT order_id) AS n FROM orders GROUP BY source ORDER BY source", stored...)
	expect(t, e, fmt.Sprintf("SELECT count(DISTINCT (batch_id, line)) AS n FROM rejects WHERE value = 'soon' HAVING n <> %d", bad*int64(len(formats))))
}
