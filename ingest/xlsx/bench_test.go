package xlsx

import (
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/xuri/excelize/v2"

	"clientele/ingest"
)

// BenchmarkRead reads a sheet of 8 columns on one goroutine. Bytes are those of
// the file.
func BenchmarkRead(b *testing.B) {
	const rows = 100_000
	f := excelize.NewFile()
	defer f.Close()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	if err := w.SetRow("A1", []any{"order_id", "customer_id", "ordered_at", "status", "channel", "currency", "net", "discount"}); err != nil {
		b.Fatal(err)
	}
	for i := range rows {
		if err := w.SetRow(fmt.Sprintf("A%d", i+2), []any{1_000_000 + i, fmt.Sprintf("C%07d", i*7919%1_000_000), 45_292 + float64(i%10_000)/24, "paid", "web", "CNY", float64(i%90_000) / 100, 0}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	path := b.TempDir() + "/orders.xlsx"
	if err := f.SaveAs(path); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		r, err := Open(path, ingest.Options{})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for {
			p, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			block, err := p.Parse()
			if err != nil {
				b.Fatal(err)
			}
			n += block.Rows()
			block.Release()
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
		if n != rows {
			b.Fatalf("%d rows", n)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
