package parquet

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"clientele/engine/table"
)

// BenchmarkWrite writes row groups of the kinds of columns that scores have.
func BenchmarkWrite(b *testing.B) {
	const n, groups = 122_880, 4
	r := rand.New(rand.NewPCG(1, 2))
	id := &table.Column{Field: table.Field{Name: "id", Kind: table.Text}}
	for i := range n {
		id.Texts.AppendString(fmt.Sprintf("C%08d", i))
	}
	t := table.New(id)
	for k := range 20 {
		c := table.NewColumn(table.Field{Name: fmt.Sprint("f", k), Kind: table.Float}, n)
		for i := range c.Floats {
			if c.Floats[i] = r.ExpFloat64(); k%4 == 0 {
				c.Floats[i] = float64(int(c.Floats[i] * 100))
			}
		}
		t.Add(c)
	}
	for k := range 12 {
		c := table.NewColumn(table.Field{Name: fmt.Sprint("i", k), Kind: table.Int}, n)
		for i := range c.Ints {
			c.Ints[i] = int64(r.IntN(5 + 40*k))
		}
		t.Add(c)
	}
	for k := range 5 {
		c := table.NewColumn(table.Field{Name: fmt.Sprint("c", k), Kind: table.Category, Labels: []string{"a", "bb", "ccc", "dddd"}}, n)
		for i := range c.Codes {
			c.Codes[i] = int32(r.IntN(4))
		}
		t.Add(c)
	}
	columns := columnsOf(t)
	for b.Loop() {
		w, err := NewWriter(io.Discard, columns, nil, 2)
		if err != nil {
			b.Fatal(err)
		}
		for range groups {
			if err := w.Write(t); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(groups*n*b.N)/b.Elapsed().Seconds(), "rows/s")
}
