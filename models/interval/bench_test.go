package interval

import (
	"testing"

	"clientele/models/paretonbd"
)

// dense is a shop whose customers have many different histories.
var dense = truth{paretonbd.Params{R: 0.7, Alpha: 15, S: 0.6, Beta: 25}, usual.spend}

// A base of 200,000 customers.
func BenchmarkBase(b *testing.B) {
	s := simulate(dense, 200_000, 1)
	f := forecaster(b, s.table, dense)
	b.ResetTimer()
	for range b.N {
		base, err := f.Base(b.Context(), s.table)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(base.keys))*float64(b.N)/b.Elapsed().Seconds(), "groups/s")
	}
	b.ReportMetric(float64(s.table.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkTotals(b *testing.B) {
	s := simulate(dense, 200_000, 1)
	f := forecaster(b, s.table, dense)
	base := base(b, f, s.table)
	segment := make([]int32, s.table.Rows())
	for i := range segment {
		segment[i] = int32(i % 10)
	}
	b.ResetTimer()
	for range b.N {
		if _, err := base.Totals(b.Context(), segment, 10); err != nil {
			b.Fatal(err)
		}
	}
}

// What a run works out for a base of a million customers, of which 550,000 have
// histories of their own: the intervals of all, their total and those of three
// divisions of them.
func BenchmarkMillion(b *testing.B) {
	s := simulate(dense, 1_000_000, 1)
	f := forecaster(b, s.table, dense)
	x, tx, age := s.table.Ints("x"), s.table.Ints("t_x"), s.table.Ints("T")
	divisions := []func(i int) int64{
		func(i int) int64 { return 2*min(x[i], 4) + tx[i]%2 },
		func(i int) int64 { return (age[i] - tx[i]) * 10 / (length + 1) },
		func(i int) int64 { return age[i] * 10 / (length + 1) },
	}
	segment := make([]int32, s.table.Rows())
	b.ResetTimer()
	for range b.N {
		base, err := f.Base(b.Context(), s.table)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := base.Total(b.Context()); err != nil {
			b.Fatal(err)
		}
		for _, of := range divisions {
			for i := range segment {
				segment[i] = int32(of(i))
			}
			if _, err := base.Totals(b.Context(), segment, 10); err != nil {
				b.Fatal(err)
			}
		}
	}
}
