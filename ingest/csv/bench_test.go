package csv

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"clientele/ingest"
)

// orders writes a file of 8 columns, about 69 bytes a row; CSV_ROWS in the
// environment sets its rows (10,000,000 make the 690 MB of STACK.md).
func orders(b *testing.B, quote string, gb bool) (path string, rows int) {
	rows = 1_000_000
	if n, err := strconv.Atoi(os.Getenv("CSV_ROWS")); err == nil {
		rows = n
	}
	path = filepath.Join(b.TempDir(), "orders.csv")
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	var sink io.Writer = file
	name := "web"
	if gb {
		sink, name = transform.NewWriter(file, simplifiedchinese.GB18030.NewEncoder()), "网上商店"
	}
	w := bufio.NewWriterSize(sink, 1<<20)
	fmt.Fprintln(w, "order_id,customer_id,ordered_at,status,channel,currency,net,discount")
	for i := range rows {
		q := quote
		fmt.Fprintf(w, "%s%d%s,%sC%07d%s,%s2024-%02d-%02d %02d:%02d:%02d%s,%spaid%s,%s%s%s,%sCNY%s,%s%d.%04d%s,%s0.00%s\n", q, 1_000_000_000+i, q,
			q, i*7919%1_000_000, q, q, i%12+1, i%28+1, i%24, i%60, i%59, q, q, q, q, name, q, q, q, q, i%900, i%10_000, q, q, q)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return path, rows
}

// BenchmarkRead cuts a file into cells with two goroutines parsing, each block
// released as soon as it is made.
func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name, quote string
		gb          bool
	}{{"plain", "", false}, {"quoted", `"`, false}, {"gb18030", "", true}} {
		b.Run(c.name, func(b *testing.B) {
			path, rows := orders(b, c.quote, c.gb)
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(info.Size())
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if n := readRows2(b, path); n != rows {
					b.Fatalf("%d rows of %d", n, rows)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func readRows2(b *testing.B, path string) int {
	r, err := Open(path, ingest.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	pieces := make(chan ingest.Piece, 1)
	counts := [2]int{}
	var wait sync.WaitGroup
	for w := range counts {
		wait.Go(func() {
			for p := range pieces {
				block, err := p.Parse()
				if err != nil {
					b.Error(err)
					return
				}
				counts[w] += block.Rows()
				block.Release()
			}
		})
	}
	for {
		p, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		pieces <- p
	}
	close(pieces)
	wait.Wait()
	return counts[0] + counts[1]
}
