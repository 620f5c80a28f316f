package parquet

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"clientele/ingest"
)

// textual is a reader whose blocks have texts only.
type textual struct{ ingest.Reader }

func (t textual) Next() (ingest.Piece, error) {
	p, err := t.Reader.Next()
	return textualPiece{p}, err
}

type textualPiece struct{ ingest.Piece }

func (p textualPiece) Parse() (*ingest.Block, error) {
	b, err := p.Piece.Parse()
	if err == nil {
		b.Texts()
	}
	return b, err
}

// typedRow has the types of the columns that are delivered as they are.
type typedRow struct {
	Order    string `parquet:"order_id"`
	Customer *int64 `parquet:"customer_id,optional"`
	At       *int64 `parquet:"ordered_at,optional,timestamp(microsecond)"`
	Updated  *int64 `parquet:"updated_at,optional,timestamp(millisecond:local),dict"`
	Back     *int32 `parquet:"cancelled_at,optional,date"`
	Amount   *int64 `parquet:"amount,optional,decimal(2:18)"`
	Tax      *int32 `parquet:"tax,optional,decimal(1:9),dict"`
	Shipping *int64 `parquet:"shipping,optional"`
	Quantity *int32 `parquet:"quantity,optional,dict"`
}

// What is delivered by type gives the rows, rejects and notes that texts give, whatever
// the values: also those that no date and no amount can be.
func TestTypedIsAsTexts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.parquet")
	rapid.Check(t, func(t *rapid.T) {
		nulls := rapid.SampledFrom([]int{0, 3, 50}).Draw(t, "nulls")
		wide := rapid.Bool().Draw(t, "wide")
		some := func(name string, low, high int64) *int64 {
			if rapid.IntRange(0, 99).Draw(t, "null") < nulls {
				return nil
			}
			if wide && rapid.IntRange(0, 9).Draw(t, "far") == 0 {
				v := rapid.Int64().Draw(t, name)
				return &v
			}
			v := rapid.Int64Range(low, high).Draw(t, name)
			return &v
		}
		short := func(v *int64) *int32 {
			if v == nil {
				return nil
			}
			s := int32(*v)
			return &s
		}
		var rows []typedRow
		for i := range rapid.IntRange(1, 40).Draw(t, "rows") {
			rows = append(rows, typedRow{
				Order: fmt.Sprint("o", i), Customer: some("customer", 1, 9),
				At: some("at", 1.5e15, 1.9e15), Updated: some("updated", -3e12, 2e12), Back: short(some("back", -30_000, 25_000)),
				Amount: some("amount", -1e6, 1e6), Tax: short(some("tax", 0, 500)), Shipping: some("shipping", 0, 12), Quantity: short(some("quantity", 0, 9)),
			})
		}
		var data bytes.Buffer
		w := pq.NewGenericWriter[typedRow](&data)
		if _, err := w.Write(rows); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		limit := rapid.IntRange(1, 50).Draw(t, "piece")
		decimal := rapid.SampledFrom([]string{"", ".", ","}).Draw(t, "decimal")
		load := func(texts bool) (out []string) {
			zone, err := time.LoadLocation("Asia/Shanghai")
			if err != nil {
				t.Fatal(err)
			}
			opt := ingest.Options{Kind: "orders", Zone: zone, Now: time.Unix(1_800_000_000, 0), Workers: 2, Decimal: decimal}
			file, err := ingest.Open(context.Background(), path, opt, func(path string, opt ingest.Options) (ingest.Reader, ingest.Detected, error) {
				r, err := open(path, opt, limit)
				if texts && err == nil {
					return textual{r}, ingest.Detected{Format: "parquet"}, nil
				}
				return r, ingest.Detected{Format: "parquet"}, err
			})
			if err != nil {
				return []string{err.Error()}
			}
			err = file.Load(context.Background(), func(c *ingest.Chunk) error {
				for _, col := range c.Table.Columns() {
					for r := range col.Len() {
						value := "-"
						if !col.Missing(r) {
							switch {
							case col.Ints != nil:
								value = fmt.Sprint(col.Ints[r])
							case col.Dates != nil:
								value = fmt.Sprint(col.Dates[r])
							case col.Texts.Offsets != nil:
								value = string(col.Texts.At(r))
							}
						}
						out = append(out, col.Name+" "+value)
					}
				}
				for _, j := range c.Rejects {
					out = append(out, fmt.Sprintf("%+v", j))
				}
				return nil
			})
			return append(out, fmt.Sprint(err, file.Notes))
		}
		typed, texts := load(false), load(true)
		if !reflect.DeepEqual(typed, texts) {
			for i := range min(len(typed), len(texts)) {
				if typed[i] != texts[i] {
					t.Fatalf("line %d: %s, as texts: %s", i, typed[i], texts[i])
				}
			}
			t.Fatalf("%d lines, as texts %d", len(typed), len(texts))
		}
	})
}
