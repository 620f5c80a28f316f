package bgnbd

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"clientele/models/modelstest/shopdata"
	"clientele/models/purchase"
)

// long asks for the long form of the simulations.
var long = flag.Bool("long", false, "simulate ten times as much")

func times(n int) int {
	if *long {
		return 10 * n
	}
	return n
}

// simulate draws n customers as the model has them: purchases at every K-th
// tick of a Poisson clock, after each of which the customer may be lost. Their
// first purchase falls on one of the first `spread` days of `length`; later ones
// round up to whole days, those of one day count once. A zero: nobody is lost.
func simulate(p Params, n, length, spread, holdout int, seed uint64) *shopdata.Base {
	rng := rand.New(rand.NewPCG(seed, 21))
	b := &shopdata.Base{}
	for range n {
		buyer(p, rng, b, length, spread, holdout)
	}
	return b
}

// buyer draws one.
func buyer(p Params, rng *rand.Rand, b *shopdata.Base, length, spread, holdout int) {
	rate := distuv.Gamma{Alpha: p.R, Beta: p.Alpha, Src: rng}.Rand() / 7
	loss := 0.0
	if p.A > 0 {
		loss = distuv.Beta{Alpha: p.A, Beta: p.B, Src: rng}.Rand()
	}
	first := rng.IntN(spread)
	days := []int{first}
	lost := p.Modified && rng.Float64() < loss
	for at := float64(first); !lost; lost = rng.Float64() < loss {
		for range max(p.K, 1) {
			at += rng.ExpFloat64() / rate
		}
		if at >= float64(length+holdout) {
			break
		}
		if d := int(at) + 1; d > days[len(days)-1] {
			days = append(days, d)
		}
	}
	b.Add(days, length, length+holdout)
}

// truth has purchases weeks apart, so that few fall on one day.
var truth = Params{R: 0.6, Alpha: 25, A: 0.8, B: 2.5}

func benchBase(b *testing.B) *shopdata.Base {
	b.Helper()
	// Three years; customers come all the time, and as many stay as give the
	// 400,000 distinct histories of a real shop.
	return simulate(Params{R: 0.35, Alpha: 9, A: 0.9, B: 2}, 1_000_000, 1095, 1095, 0, 1)
}

func BenchmarkFit1M(b *testing.B) {
	in := benchBase(b).Table()
	for _, f := range []purchase.Family{Family{}, Family{Clock{Modified: true}}, Family{Clock{K: 2}}} {
		b.Run(f.Name(), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				f, err := (&purchase.Model{Family: f, Workers: 1}).Fit(b.Context(), in)
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

func BenchmarkLikelihoodPass1M(b *testing.B) {
	h, err := purchase.Group(benchBase(b).Histories(), nil)
	if err != nil {
		b.Fatal(err)
	}
	gradient := make([]float64, 4)
	for _, f := range []Family{{}, {Clock{Modified: true}}, {Clock{K: 2}}} {
		for name, hessian := range map[string][]float64{"": nil, "/hessian": make([]float64, 16)} {
			b.Run(f.Name()+name, func(b *testing.B) {
				for range b.N {
					f.LogLikelihood(h, truth.Values(), gradient, hessian, 1)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(h.Len()), "ns/history")
				b.ReportMetric(float64(h.Len()), "histories")
			})
		}
	}
}

// BenchmarkQuick1M is P(alive) and expected orders; what customers share is
// computed in the first, untimed pass.
func BenchmarkQuick1M(b *testing.B) {
	rows := benchBase(b).Histories()
	benchLaws(b, rows, func(l *law, rows []purchase.History) {
		for _, h := range rows {
			l.Quick(h)
		}
	})
}

// BenchmarkScore1M is every score, discounted orders among them.
func BenchmarkScore1M(b *testing.B) {
	rows := benchBase(b).Histories()
	benchLaws(b, rows, func(l *law, rows []purchase.History) {
		for _, h := range rows {
			l.Score(h)
		}
	})
}

func benchLaws(b *testing.B, rows []purchase.History, pass func(*law, []purchase.History)) {
	for _, k := range []int{1, 2} {
		p, s := truth, purchase.Settings{Horizon: 365, Rate: .0018, Window: 90, Longest: 1500}
		p.K = k
		b.Run(fmt.Sprintf("k=%d/cold", k), func(b *testing.B) {
			for range b.N {
				pass(newLaw(p, s), rows)
			}
			b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
		b.Run(fmt.Sprintf("k=%d", k), func(b *testing.B) {
			l := newLaw(p, s)
			pass(l, rows)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				pass(l, rows)
			}
			b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkPurchases is the distribution of the next year's purchases, to 50.
func BenchmarkPurchases(b *testing.B) {
	rows := simulate(truth, 10_000, 1095, 1095, 0, 1).Histories()
	l := newLaw(truth, purchase.Settings{})
	dst := make([]float64, 51)
	b.ReportAllocs()
	for i := range b.N {
		l.PurchasesTo(dst, rows[i%len(rows)], 365)
	}
}
