package interval

import "testing"

// A base of 200,000 customers over two years, at the estimates of one like it.
func BenchmarkBase(b *testing.B) {
	s := simulate(usual, 200_000, 730, 730, 1)
	f := forecaster(b, s.table)
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
	s := simulate(usual, 200_000, 730, 730, 1)
	f := forecaster(b, s.table)
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
