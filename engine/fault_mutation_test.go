package engine_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/report"
)

// damagedFiles is how many damaged files of each format the engine loads.
var damagedFiles = flag.Int("damaged", 25, "damaged files of each format that the engine loads")

// damagedSeeds are one and the same orders in every format.
func damagedSeeds(t *testing.T, ctx context.Context) map[string][]byte {
	t.Helper()
	var csv, jsonl strings.Builder
	fmt.Fprintln(&csv, "order_id,customer_id,email,order_date,amount,status")
	for i := range 60 {
		fmt.Fprintf(&csv, "o%d,c%d,c%d@shop.example,2024-%02d-%02d,%d.50,paid\n", i, i%9, i%9, 1+i%12, 1+i%28, 10+i)
		fmt.Fprintf(&jsonl, "{\"order_id\":\"o%d\",\"customer_id\":\"c%d\",\"email\":\"c%d@shop.example\",\"order_date\":\"2024-%02d-%02d\",\"amount\":%d.5,\"status\":\"paid\"}\n", i, i%9, i%9, 1+i%12, 1+i%28, 10+i)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "seed.csv")
	if err := os.WriteFile(path, []byte(csv.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := duck.Open(ctx, "", duck.Options{Threads: 1, Folders: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	parquet := filepath.Join(dir, "seed.parquet")
	if err := db.Exec(ctx, "COPY (FROM read_csv("+duck.Literal(path)+")) TO "+duck.Literal(parquet)+" (FORMAT parquet, COMPRESSION uncompressed)"); err != nil {
		t.Fatal(err)
	}
	columns, err := os.ReadFile(parquet)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(ctx, "FROM read_csv("+duck.Literal(path)+", all_varchar=true)")
	if err != nil {
		t.Fatal(err)
	}
	var book bytes.Buffer
	if err := engine.WriteWorkbook(&book, "orders", rows, time.UTC); err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"csv": []byte(csv.String()), "jsonl": []byte(jsonl.String()), "parquet": columns, "xlsx": book.Bytes()}
}

// damaged cuts a file, flips bits in it, puts its lines in another order, or takes a
// stretch of it out.
func damaged(random *rand.Rand, file []byte) []byte {
	file = bytes.Clone(file)
	for range 1 + random.IntN(2) {
		switch random.IntN(4) {
		case 0:
			file = file[:random.IntN(len(file)+1)]
		case 1:
			for range min(1+random.IntN(6), len(file)) {
				file[random.IntN(len(file))] ^= 1 << random.IntN(8)
			}
		case 2:
			lines := bytes.SplitAfter(file, []byte("\n"))
			random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			file = bytes.Join(lines, nil)
		case 3:
			at := random.IntN(len(file) + 1)
			file = append(file[:at:at], file[min(len(file), at+random.IntN(300)):]...)
		}
	}
	return file
}

// Damaged files of every format go through the whole of loading: each is refused or
// every row of it is accounted for, and the store is whole.
func TestDamagedFilesAreAccountedFor(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(8, 8))
	seeds := damagedSeeds(t, ctx)
	for _, format := range []string{"parquet", "csv", "jsonl", "xlsx"} { // one order, so that one run is like the other
		seed := seeds[format]
		folder := filepath.Join(dir, "in", format)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		for i := range *damagedFiles {
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%05d.%s", i, format)), damaged(random, seed), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	e, err := engine.Open(dir, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), "test")
	if err != nil {
		t.Fatal(err)
	}
	var loadings []engine.Loading
	for _, format := range []string{"csv", "jsonl", "parquet", "xlsx"} {
		loadings = append(loadings, engine.Loading{AllowRejects: true, Source: config.Source{Name: format, Kind: "orders", Path: []string{"in/" + format + "/*"}}})
	}
	if _, err := e.Load(ctx, loadings); err != nil && !errors.Is(err, engine.ErrRefused) {
		t.Fatal(err)
	}
	wrong, err := e.Query(ctx, `SELECT b.path, b.state, b.read, b.accepted, b.duplicates, b.rejected, count(r.batch_id) AS rejects
FROM batches AS b LEFT JOIN rejects AS r ON r.batch_id = b.batch_id GROUP BY ALL
HAVING b.state = 'loaded' AND (b.read <> b.accepted + b.duplicates + b.rejected OR b.rejected <> count(r.batch_id)) OR b.state NOT IN ('loaded', 'refused')`)
	if err != nil {
		t.Fatal(err)
	}
	for i := range wrong.Rows() {
		var text []string
		for _, c := range wrong.Columns() {
			text = append(text, c.Name+"="+report.Exact(c, i, nil))
		}
		t.Errorf("not accounted for: %v", text)
	}
	sums, err := e.Query(ctx, `SELECT source, count(*) FILTER (state = 'loaded') AS loaded, count(*) FILTER (state = 'refused') AS refused, sum(accepted)::BIGINT AS accepted, sum(rejected)::BIGINT AS rejected FROM batches GROUP BY ALL ORDER BY source`)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sums.Rows() {
		loaded, refused := sums.Ints("loaded")[i], sums.Ints("refused")[i]
		t.Logf("%s: %d loaded, %d refused; %d rows accepted, %d rejected", sums.Column("source").Texts.At(i), loaded, refused, sums.Ints("accepted")[i], sums.Ints("rejected")[i])
	}
	if sums.Rows() != 4 {
		t.Errorf("%d formats", sums.Rows())
	}
	if _, err := e.Check(ctx); err != nil && !errors.Is(err, engine.ErrChecks) {
		t.Error(err)
	}
	if _, err := e.Verify(ctx); err != nil {
		t.Error(err)
	}
}
