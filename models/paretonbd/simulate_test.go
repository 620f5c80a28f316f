package paretonbd

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"clientele/models/modelstest/shopdata"
	"clientele/models/purchase"
)

// simulate draws n customers as the model has them: a purchase rate from
// Gamma(r, alpha), a lifetime from an exponential with rate from Gamma(s,
// beta), Poisson purchases while alive. Their first purchase falls on one of
// the first `spread` days of `length`; later purchases round up to whole days,
// those of one day count once. later holds purchase days in the `holdout` days
// after the end. s zero: nobody is lost.
func simulate(p Params, n, length, spread, holdout int, seed uint64) *shopdata.Base {
	rng := rand.New(rand.NewPCG(seed, 20))
	rates := distuv.Gamma{Alpha: p.R, Beta: p.Alpha, Src: rng}
	deaths := distuv.Gamma{Alpha: p.S, Beta: p.Beta, Src: rng}
	const start = 10_000
	end := start + length
	out := &shopdata.Base{}
	for range n {
		first := start + rng.IntN(spread)
		rate, life := rates.Rand()/7, math.Inf(1)
		if p.S > 0 {
			life = rng.ExpFloat64() / (deaths.Rand() / 7)
		}
		days := []int{first}
		for at := rng.ExpFloat64() / rate; at < min(life, float64(end+holdout-first)); at += rng.ExpFloat64() / rate {
			if day := first + int(at) + 1; day > days[len(days)-1] {
				days = append(days, day)
			}
		}
		out.Add(days, end, end+holdout)
	}
	return out
}

var truth = Params{R: 0.55, Alpha: 10.6, S: 0.6, Beta: 11.7}

func benchBase(b *testing.B) *shopdata.Base {
	b.Helper()
	// Three years; customers come all the time, and as many stay as give the
	// 400,000 distinct histories of a real shop.
	return simulate(Params{R: 0.6, Alpha: 9.5, S: 0.6, Beta: 13}, 1_000_000, 1095, 1095, 0, 1)
}

func BenchmarkFit1M(b *testing.B) {
	in := benchBase(b).Table()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		f, err := model(purchase.Model{Workers: 1}).Fit(b.Context(), in)
		if err != nil {
			b.Fatal(err)
		}
		if r := f.Report(); r.Status != "converged" {
			b.Fatalf("%+v", r)
		}
	}
	b.ReportMetric(float64(in.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkGroup1M(b *testing.B) {
	in := benchBase(b).Table()
	b.ResetTimer()
	for range b.N {
		h, err := purchase.NewHistories(in, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(h.Len()), "histories")
	}
	b.ReportMetric(float64(in.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkLikelihoodPass1M(b *testing.B) {
	h, err := purchase.NewHistories(benchBase(b).Table(), nil)
	if err != nil {
		b.Fatal(err)
	}
	gradient := make([]float64, 4)
	for name, hessian := range map[string][]float64{"gradient": nil, "hessian": make([]float64, 16)} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				Family{}.LogLikelihood(h, truth.Values(), gradient, hessian, 1)
			}
			b.ReportMetric(float64(h.Rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkScore1M writes all columns on one goroutine; the tables are made in
// the first, untimed call, which BenchmarkScoreCold1M shows.
func BenchmarkScore1M(b *testing.B) {
	in := benchBase(b).Table()
	f := mustFit(b, model(purchase.Model{DiscountRate: 0.1}), in)
	dst := mustScore(b, f, in)
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
	in := benchBase(b).Table()
	data, err := mustFit(b, model(purchase.Model{DiscountRate: 0.1}), in).MarshalJSON()
	if err != nil {
		b.Fatal(err)
	}
	dst := model(purchase.Model{}).Spec().Make(in.Rows())
	b.ResetTimer()
	for range b.N {
		f, err := model(purchase.Model{}).Load(data)
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Score(b.Context(), dst, in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(in.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkQuick1M is P(alive) and expected orders alone.
func BenchmarkQuick1M(b *testing.B) {
	rows := benchBase(b).Histories()
	l := newLaw(truth, purchase.Settings{Horizon: 365, Longest: 1500})
	alive, expected := make([]float64, len(rows)), make([]float64, len(rows))
	pass := func() {
		for i, h := range rows {
			alive[i], expected[i] = l.Quick(h)
		}
	}
	pass()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		pass()
	}
	b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkRefit1M is one draw of the weighted bootstrap.
func BenchmarkRefit1M(b *testing.B) {
	in := benchBase(b).Table()
	m := model(purchase.Model{Workers: 1})
	f := mustFit(b, m, in)
	h, err := m.Histories(in)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for seed := range uint64(b.N) {
		if _, err := f.Refit(b.Context(), h.Resampled(seed)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPurchases is the distribution of the next year's purchases, to 50.
func BenchmarkPurchases(b *testing.B) {
	rows := simulate(truth, 10_000, 1095, 1095, 0, 1).Histories()
	l := newLaw(truth, purchase.Settings{Longest: 1500})
	dst := make([]float64, 51)
	for _, h := range rows {
		l.PurchasesTo(dst, h, 365)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		l.PurchasesTo(dst, rows[i%len(rows)], 365)
	}
}
