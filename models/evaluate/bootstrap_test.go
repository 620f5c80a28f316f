package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// pairOf makes two scores of one event: b is a with noise.
func pairOf(rng *rand.Rand, n int, noise float64) (a, b []float64, event []bool) {
	for range n {
		z := 1.5 * rng.NormFloat64()
		a = append(a, 1/(1+math.Exp(-z)))
		b = append(b, 1/(1+math.Exp(-z-noise*rng.NormFloat64())))
		event = append(event, rng.Float64() < a[len(a)-1])
	}
	return a, b, event
}

func resampled(v []float64, index []int) []float64 {
	out := make([]float64, len(index))
	for k, i := range index {
		out[k] = v[i]
	}
	return out
}

// A weight is as good as so many copies: every resample measured by weights
// gives what the plain functions say of the copied rows.
func TestWeightsAreCopies(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	a, b, event := pairOf(rng, 300, 1)
	for i := range a { // ties
		a[i], b[i] = math.Round(a[i]*20)/20, math.Round(b[i]*20)/20
	}
	a, b, event = canonicalEvents(a, b, event)
	p := newPair(a, b, event)
	weight, got := make([]uint8, len(a)), make([]float64, 6)
	for k := range 50 {
		resample(weight, 5, uint64(k))
		var index []int
		var happened []bool
		for i, w := range weight {
			for range w {
				index = append(index, i)
				happened = append(happened, event[i])
			}
		}
		if len(index) != len(a) {
			t.Fatalf("%d customers drawn of %d", len(index), len(a))
		}
		ra, rb := Ranking(resampled(a, index), happened), Ranking(resampled(b, index), happened)
		p.measure(got, weight)
		for m, want := range []float64{ra.AUC, rb.AUC, ra.AveragePrecision, rb.AveragePrecision, ra.Lift10, rb.Lift10} {
			near(t, "measure of a resample", got[m], want, 1e-12)
		}
	}
}

// The values are those of the plain functions, in the order of the names.
func TestComparisonValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 2))
	a, b, event := pairOf(rng, 500, 1)
	ca, cb := Probability(a, event), Probability(b, event)
	want := map[Measure][2]float64{
		MeasureAUC: {ca.AUC, cb.AUC}, MeasureAveragePrecision: {ca.AveragePrecision, cb.AveragePrecision}, MeasureLift10: {ca.Lift10, cb.Lift10},
		MeasureBrier: {ca.Brier, cb.Brier}, MeasureLogLoss: {ca.LogLoss, cb.LogLoss},
	}
	boot := Bootstrap{Resamples: 50}
	got := boot.Probability(a, b, event)
	_, _, actual, forecast := rows(500)
	ea, eb := Forecast(forecast, actual), Forecast(a, actual)
	want[MeasureMAE], want[MeasureRMSE], want[MeasureBias] = [2]float64{ea.MAE, eb.MAE}, [2]float64{ea.RMSE, eb.RMSE}, [2]float64{ea.Bias, eb.Bias}
	got = append(got, boot.Forecast(forecast, a, actual)...)
	if len(got) != len(want) {
		t.Fatalf("%d measures", len(got))
	}
	for _, c := range got {
		w := want[c.Measure]
		near(t, string(c.Measure), c.A.Value, w[0], 1e-12)
		near(t, string(c.Measure), c.B.Value, w[1], 1e-12)
		near(t, string(c.Measure), c.Difference.Value, w[0]-w[1], 1e-12)
		if !(c.Difference.Low <= c.Difference.High && c.A.Low < c.A.High) {
			t.Errorf("%+v", c)
		}
	}
	for k, c := range boot.Ranking(a, b, event) {
		if c != got[k] {
			t.Errorf("ranking %+v, probabilities %+v", c, got[k])
		}
	}
}

// Contest is Probability by two of its measures, from the same resamples.
func TestContest(t *testing.T) {
	a, b, event := pairOf(rand.New(rand.NewPCG(3, 5)), 700, 0.7)
	for i := range a {
		a[i] = math.Round(a[i]*20) / 20 // equal ones
	}
	boot := Bootstrap{Resamples: 150, Seed: 4}
	all := boot.Probability(a, b, event)
	got := boot.Contest(a, b, event)
	if len(got) != 2 || got[0].Measure != MeasureAUC || got[1].Measure != MeasureLogLoss {
		t.Fatalf("%+v", got)
	}
	for _, c := range got {
		if k := slices.IndexFunc(all, func(o Comparison) bool { return o.Measure == c.Measure }); all[k] != c {
			t.Errorf("%+v, among all %+v", c, all[k])
		}
	}
	a[3] = math.NaN()
	if got := boot.Contest(a, b, event); !math.IsNaN(got[0].A.Value) {
		t.Errorf("%+v", got[0])
	}
}

// Neither the number of workers nor the order of rows changes a bit; the seed does.
func TestBootstrapIsRepeatable(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	a, b, event := pairOf(rng, 400, 0.7)
	boot := Bootstrap{Resamples: 100, Seed: 1, Workers: 1}
	want := boot.Probability(a, b, event)
	boot.Workers = 5
	if !slices.Equal(boot.Probability(a, b, event), want) {
		t.Error("five workers give something else")
	}
	rng.Shuffle(len(a), func(i, j int) {
		a[i], a[j] = a[j], a[i]
		b[i], b[j] = b[j], b[i]
		event[i], event[j] = event[j], event[i]
	})
	if !slices.Equal(boot.Probability(a, b, event), want) {
		t.Error("another order of rows gives something else")
	}
	boot.Seed = 2
	if slices.Equal(boot.Probability(a, b, event), want) {
		t.Error("another seed gives the same")
	}
}

// Intervals hold the truth at the nominal rate: here the difference of two
// scores' AUC, Brier score and log loss, the truth from a million customers.
func TestBootstrapCoverage(t *testing.T) {
	rounds, large := 200, 200_000
	if *long {
		rounds, large = 2000, 2_000_000
	}
	rng := rand.New(rand.NewPCG(3, 4))
	a, b, event := pairOf(rng, large, 0.6)
	truth := Bootstrap{Resamples: 1}.Probability(a, b, event)
	held := make([]int, len(truth))
	for round := range rounds {
		a, b, event := pairOf(rng, 400, 0.6)
		for m, c := range (Bootstrap{Resamples: 200, Seed: uint64(round)}).Probability(a, b, event) {
			if d := truth[m].Difference.Value; c.Difference.Low <= d && d <= c.Difference.High {
				held[m]++
			}
		}
	}
	for m, n := range held {
		c := truth[m].Measure
		if c == MeasureLift10 {
			continue // of forty customers each: jumps too much for an interval to be 95 %
		}
		if low, high := Wilson(n, rounds, 0.999); low > 0.96 || high < 0.93 {
			t.Errorf("%s: %d of %d intervals hold the truth", c, n, rounds)
		}
	}
}

// 1,000 resamples of 100,000 customers.
func BenchmarkBootstrap(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	pa, pb, event := pairOf(rng, 100_000, 0.5)
	actual := make([]float64, len(pa))
	for i, e := range event {
		if e {
			actual[i] = 1 + math.Floor(3*rng.ExpFloat64())
		}
	}
	b.Run("probability", func(b *testing.B) {
		for range b.N {
			Bootstrap{Workers: 1}.Probability(pa, pb, event)
		}
	})
	b.Run("forecast", func(b *testing.B) {
		for range b.N {
			Bootstrap{Workers: 1}.Forecast(pa, pb, actual)
		}
	})
}

func BenchmarkRanking1M(b *testing.B) {
	p, _, event := pairOf(rand.New(rand.NewPCG(1, 1)), 1_000_000, 1)
	for range b.N {
		Ranking(p, event)
	}
}
