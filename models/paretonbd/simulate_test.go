package paretonbd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// simulate draws n customers as the model has them: a purchase rate from
// Gamma(r, alpha), a lifetime from an exponential with rate from Gamma(s,
// beta), Poisson purchases while alive. Their first purchase falls on one of
// the first `spread` days of `length`; later purchases round up to whole days,
// those of one day count once. later holds purchase days in the `holdout` days
// after the end. s zero: nobody is lost.
func simulate(p Params, n, length, spread, holdout int, seed uint64) *summary {
	rng := rand.New(rand.NewPCG(seed, 20))
	rates := distuv.Gamma{Alpha: p.R, Beta: p.Alpha, Src: rng}
	deaths := distuv.Gamma{Alpha: p.S, Beta: p.Beta, Src: rng}
	out := &summary{}
	for range n {
		first := rng.IntN(spread)
		rate, life := rates.Rand()/7, math.Inf(1)
		if p.S > 0 {
			life = rng.ExpFloat64() / (deaths.Rand() / 7)
		}
		t := length - first
		var x, tx, later, last int64
		for at := rng.ExpFloat64() / rate; at < min(life, float64(t+holdout)); at += rng.ExpFloat64() / rate {
			day := int64(at) + 1
			if day == last {
				continue
			}
			last = day
			if day <= int64(t) {
				x, tx = x+1, day
			} else if day <= int64(t+holdout) {
				later++
			}
		}
		out.x, out.tx, out.t = append(out.x, x), append(out.tx, tx), append(out.t, int64(t))
		out.last = append(out.last, 10_000+int64(first)+tx)
		out.later = append(out.later, float64(later))
	}
	return out
}

var truth = Params{R: 0.55, Alpha: 10.6, S: 0.6, Beta: 11.7}

func benchBase(b *testing.B) *summary {
	b.Helper()
	// Three years; customers come all the time.
	return simulate(truth, 1_000_000, 1095, 1095, 0, 1)
}

func BenchmarkFit1M(b *testing.B) {
	in := benchBase(b).table()
	for _, workers := range []int{1, runtime.GOMAXPROCS(0)} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				f, err := (&Model{Workers: workers}).Fit(b.Context(), in)
				if err != nil {
					b.Fatal(err)
				}
				if r := f.Report(); r.Status != "converged" {
					b.Fatalf("%+v", r)
				}
			}
			b.ReportMetric(float64(in.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkGroup1M(b *testing.B) {
	in := benchBase(b).table()
	b.ResetTimer()
	for range b.N {
		h, err := newHistories(in)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(h.x)), "histories")
	}
	b.ReportMetric(float64(in.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkLikelihoodPass1M(b *testing.B) {
	h, err := newHistories(benchBase(b).table())
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		h.logLikelihood(truth, 1)
	}
	b.ReportMetric(float64(h.customers)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkScore1M scores on one goroutine; the tables are made in the first,
// untimed call, which BenchmarkScoreCold1M shows.
func BenchmarkScore1M(b *testing.B) {
	in := benchBase(b).table()
	f := &Fitted{settings: benchSettings(b), method: MethodParetoNBD, params: truth, longest: 1095}
	dst := f.settings.Spec().Make(in.Rows())
	if err := f.Score(b.Context(), dst, in); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if err := f.Score(b.Context(), dst, in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(in.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkScoreCold1M(b *testing.B) {
	in := benchBase(b).table()
	dst := (&Model{}).Spec().Make(in.Rows())
	b.ResetTimer()
	for range b.N {
		f := &Fitted{settings: benchSettings(b), method: MethodParetoNBD, params: truth, longest: 1095}
		if err := f.Score(b.Context(), dst, in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(in.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func benchSettings(b *testing.B) Model {
	b.Helper()
	s, err := (&Model{DiscountRate: 0.1}).settings()
	if err != nil {
		b.Fatal(err)
	}
	return s
}
