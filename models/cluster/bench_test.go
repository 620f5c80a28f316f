package cluster

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// shoppers are n rows of six skewed, dependent columns, standardised: what customers
// look like after logarithms, with groups that overlap.
func shoppers(n int) points {
	const d = 6
	p := points{n: n, d: d, x: make([]float64, n*d)}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		kind := float64(random.IntN(5))
		base := random.NormFloat64()
		for m := range d {
			p.x[i*d+m] = math.Sin(kind*float64(m+1))*1.2 + 0.4*base + 0.7*random.NormFloat64()
		}
	}
	return p
}

// BenchmarkLloyd1M is Lloyd's iteration with bounds on a million customers and six
// features, five clusters, all cores: Mrow-iter/s counts every row in every pass.
func BenchmarkLloyd1M(b *testing.B) {
	p := shoppers(1_000_000)
	start := seeds(p.take(10_000), 5, newRandom(0))
	rows := 0.0
	for b.Loop() {
		l := newLloyd(p, append([]float64(nil), start...))
		if err := l.run(context.Background(), 0, mostIterations, 0); err != nil {
			b.Fatal(err)
		}
		l.finish(0)
		rows += float64(p.n * l.iterations)
		b.ReportMetric(float64(l.iterations), "passes")
	}
	b.ReportMetric(rows/1e6/b.Elapsed().Seconds(), "Mrow-iter/s")
}

func newRandom(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(0, stream)) }

// BenchmarkFit is a whole fit, the number of clusters chosen, of a small shop and of a
// large one.
func BenchmarkFit(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		in := groups(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := (&Model{MinShare: 0.02}).Fit(context.Background(), in); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "customers/s")
		})
	}
}
