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
