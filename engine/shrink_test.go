package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A store from which a large batch was taken out is a small file again, with the same
// rights, views and macros, and goes on to be loaded into.
func TestRollbackShrinksTheStore(t *testing.T) {
	t.Parallel()
	e := workspace(t)
	path := filepath.Join(e.Dir, "clientele.duckdb")
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o640 {
			t.Errorf("mode %v", mode)
		}
		return info.Size()
	}
	text := func(first, n int) string {
		var b strings.Builder
		b.WriteString("order_id,customer,email,date,amount\n")
		for i := range n {
			fmt.Fprintf(&b, "%x-%d,c%d,c%d@shop.example,2026-01-%02d,%d\n", uint32(first+i)*2654435761, first+i, i%999, i%999, 1+i%28, i%977)
		}
		return b.String()
	}
	loadText(t, e, "orders", "small.csv", text(0, 1000))
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	before := size()
	batch := loadText(t, e, "orders", "large.csv", text(5000, 400_000)).Batch
	if large := size(); large < before+16<<20 {
		t.Fatalf("the store has %d bytes with the large file and %d without: too few to tell", large, before)
	}
	if _, err := e.Rollback(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
	if after := size(); after > before+4<<20 {
		t.Errorf("the store had %d bytes before the file that was rolled back, and has %d", before, after)
	}
	expect(t, e, "SELECT count(*), count(DISTINCT customer_id), sum(net) FROM orders", "1000|999|477029")
	expect(t, e, "SELECT count(*) FROM customers_as_of(DATE '2026-01-31')", "999")
	expect(t, e, "SELECT state, accepted FROM batches ORDER BY batch_id", "loaded|1000", "rolled back|400000")
	loadText(t, e, "orders", "more.csv", text(2000, 10))
	expect(t, e, "SELECT count(*) FROM orders", "1010")
	if checked, err := e.Check(context.Background()); err != nil || len(checked.Failed()) > 0 {
		t.Errorf("%v, %v", checked.Failed(), err)
	}
}
