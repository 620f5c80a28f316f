package ingest

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// dataset reads a data set with the standard library, to have rows that our own
// reader of CSV has no part in.
func dataset(t *testing.T, name string) (path string, open OpenFunc) {
	t.Helper()
	path = filepath.Join("..", "..", "shared", "data", name)
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("the public data sets are not here: %v", err)
	}
	defer f.Close()
	var in io.Reader = f
	if filepath.Ext(name) == ".gz" {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return path, func(string, Options) (Reader, Detected, error) {
		return &memory{header: rows[0], rows: rows[1:], size: 5000}, Detected{Format: "csv"}, nil
	}
}

// Rows, sums and customers are those of the data sets' README; the sum of
// online_retail_lines is given there rounded to whole pounds.
func TestLoadData(t *testing.T) {
	for _, c := range []struct {
		name                    string
		rows, customers, nobody int
		sum                     float64 // of net, or of quantity times unit price
		precision               float64
	}{
		{"cdnow.csv", 69_659, 23_570, 0, 0, 0},
		{"cdnow_sample.csv", 6_919, 2_357, 0, 0, 0},
		{"rfm_orders.csv", 4_906, 995, 0, 464_158, 0.005},
		{"online_retail.csv", 22_190, 4_372, 0, 0, 0},
		{"online_retail_lines.csv.gz", 541_909, 4_372, 135_080, 9_747_748, 0.5},
	} {
		if testing.Short() && c.rows > 100_000 {
			continue
		}
		path, open := dataset(t, c.name)
		f, err := Open(context.Background(), path, options("orders"), open)
		if err != nil {
			t.Fatal(err)
		}
		rows, nobody, units := 0, 0, int64(0)
		customers := map[string]bool{}
		err = f.Load(context.Background(), func(chunk *Chunk) error {
			for _, r := range chunk.Rejects {
				t.Errorf("%s: %+v", c.name, r)
			}
			rows += chunk.Table.Rows()
			who := chunk.Table.Column("customer_key")
			for r := range chunk.Table.Rows() {
				if who.Missing(r) {
					nobody++
				} else {
					customers[string(who.Texts.At(r))] = true
				}
				if net := chunk.Table.Lookup("net"); net != nil {
					units += net.Ints[r]
				} else {
					units += chunk.Table.Column("quantity").Ints[r] / 10_000 * chunk.Table.Column("unit_price").Ints[r]
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if rows != c.rows || len(customers) != c.customers || nobody != c.nobody {
			t.Errorf("%s: %d rows of %d customers, %d of nobody; want %d, %d, %d", c.name, rows, len(customers), nobody, c.rows, c.customers, c.nobody)
		}
		if sum := float64(units) / 10_000; c.sum > 0 && (sum < c.sum-c.precision || sum > c.sum+c.precision) {
			t.Errorf("%s: the sum is %.4f, want %.2f", c.name, sum, c.sum)
		}
	}
}
