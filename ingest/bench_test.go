package ingest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// orderBlock is a piece of a believable orders file of 8 columns.
func orderBlock(rows int) *Block {
	r := rand.New(rand.NewPCG(1, 2))
	m := &memory{header: strings.Split(benchHeader, "|"), size: rows}
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range rows {
		at = at.Add(time.Duration(r.IntN(60)) * time.Second)
		m.rows = append(m.rows, []string{
			fmt.Sprintf("O%08d", i), fmt.Sprintf("C%06d", r.IntN(1_000_000)), at.Format("2006-01-02 15:04:05"),
			[]string{"completed", "paid", "shipped", "refunded"}[r.IntN(4)], []string{"north", "south", "web"}[r.IntN(3)],
			"CNY", fmt.Sprintf("%d.%02d", r.IntN(1000), r.IntN(100)), fmt.Sprintf("%d.%02d", r.IntN(10), r.IntN(100)),
		})
	}
	p, _ := m.Next()
	b, _ := p.Parse()
	return b
}

const benchHeader = "order_id|customer_id|order_date|status|shop|currency|amount|shipping"

func benchmarkConvert(b *testing.B, header string) {
	block := orderBlock(60_000)
	k, _ := kindOf("orders")
	bindings, _, err := recognise(k, strings.Split(header, "|"), nil)
	if err != nil {
		b.Fatal(err)
	}
	opt := options("orders")
	opt.Zone = shanghai(b)
	p, err := newPlan(k, strings.Split(header, "|"), bindings, opt)
	if err != nil {
		b.Fatal(err)
	}
	c := newConverter(p)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if n := c.convert(block).Table.Rows(); n != block.Rows() {
			b.Fatalf("%d rows", n)
		}
	}
	b.ReportMetric(float64(block.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// One core; the pool in Load uses as many as there are.
func BenchmarkConvert(b *testing.B) { benchmarkConvert(b, benchHeader) }

// The same block without ids of its own, so that they are made.
func BenchmarkConvertMadeIDs(b *testing.B) {
	benchmarkConvert(b, strings.Replace(benchHeader, "order_id", "x", 1))
}

func BenchmarkMoney(b *testing.B) {
	for _, s := range []string{"123.45", "¥1,234.50", "1.234,50 €"} {
		b.Run(s, func(b *testing.B) {
			cell, style := []byte(s), stylePoint
			if strings.HasSuffix(s, "€") {
				style = styleComma
			}
			for range b.N {
				parseMoney(cell, style)
			}
		})
	}
}

func BenchmarkInstant(b *testing.B) {
	for _, s := range []string{"2024-01-31", "2024-01-31 09:30:00", "31/01/2024 9:30 PM", "2024年1月31日 下午3:05"} {
		b.Run(s, func(b *testing.B) {
			cell := []byte(s)
			var m moment
			for range b.N {
				parseMoment(cell, orderDMY, &m)
			}
		})
	}
}
