package evaluate

import (
	"encoding/csv"
	"errors"
	"flag"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

var long = flag.Bool("long", false, "more resamples and rounds")

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s: %.12g, want %.12g", what, got, want)
	}
}

// lcg makes the rows of the comparison with scikit-learn in any language:
// s = (1664525 s + 1013904223) mod 2^32, u = s/2^32.
type lcg uint32

func (s *lcg) u() float64 {
	*s = 1664525**s + 1013904223
	return float64(*s) / (1 << 32)
}

// rows have tied probabilities, events, and counts with forecasts.
func rows(n int) (p []float64, event []bool, actual, forecast []float64) {
	s := lcg(7)
	for range n {
		v := s.u()
		p = append(p, 0.02+0.9*(math.Floor(v*v*200)/200))
		event = append(event, s.u() < 0.05+0.8*v*v)
		a := math.Floor(-3 * math.Log(1-s.u()))
		f := 2 * s.u() * a * 0.5
		actual, forecast = append(actual, a), append(forecast, f+s.u()*2)
	}
	return p, event, actual, forecast
}

// The figures are those of scikit-learn 1.9.1, numpy 2.4.6 and scipy 1.17.1 on rows(1000):
//
//	roc_auc_score(y, p); average_precision_score(y, p); brier_score_loss(y, p); log_loss(y, p)
//	calibration_curve(y, p, n_bins=10, strategy='quantile')
//	mean_absolute_error(a, f); mean_squared_error(a, f)**.5; np.corrcoef(a, f)[0, 1]; f.sum()/a.sum()
func TestScikitLearn(t *testing.T) {
	p, event, actual, forecast := rows(1000)
	c := Probability(p, event)
	if c.N != 1000 || c.Events != 301 || c.Rate != 0.301 {
		t.Errorf("%+v", c)
	}
	near(t, "AUC", c.AUC, 0.8284735193608336, 1e-12)
	near(t, "average precision", c.AveragePrecision, 0.6708794498573499, 1e-12)
	near(t, "Brier", c.Brier, 0.149140954, 1e-12)
	near(t, "log loss", c.LogLoss, 0.4588589560115859, 1e-12)
	near(t, "mean p", c.MeanP, 0.310385, 1e-12)
	near(t, "ECE", c.ECE, 0.03688099999999994, 1e-12)
	n := []int{116, 86, 105, 94, 105, 94, 103, 98, 100, 99}
	rate := []float64{0.017241379310344827, 0.06976744186046512, 0.11428571428571428, 0.0851063829787234, 0.20952380952380953, 0.23404255319148937, 0.4174757281553398, 0.47959183673469385, 0.62, 0.7777777777777778}
	meanP := []float64{0.021668103448275883, 0.03711046511627906, 0.06945714285714287, 0.1205319148936171, 0.18718571428571418, 0.27080319148936166, 0.37973786407767, 0.5237704081632655, 0.6767299999999998, 0.8366818181818175}
	for k, b := range Reliability(p, event, 10) {
		if b.N != n[k] {
			t.Errorf("bin %d has %d, want %d", k, b.N, n[k])
		}
		near(t, "rate", b.Rate, rate[k], 1e-12)
		near(t, "mean p of a bin", b.MeanP, meanP[k], 1e-12)
	}
	e := Forecast(forecast, actual)
	near(t, "MAE", e.MAE, 1.3561858715231065, 1e-12)
	near(t, "RMSE", e.RMSE, 2.196121925409441, 1e-12)
	near(t, "correlation", e.Correlation, 0.7577188517703088, 1e-12)
	near(t, "bias", e.Bias, 0.8610534389202139, 1e-12)
}

// scipy.stats.binomtest(k, n).proportion_ci(method='wilson'); kstest(v, 'uniform',
// mode='asymp' without Stephens's correction, 'exact' for the p-value of forty); special.kolmogorov.
func TestScipy(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{
		{3, 20, 0.05236874589621662, 0.3604188647407569},
		{0, 10, 0, 0.27753279986288926},
		{10, 10, 1 - 0.27753279986288926, 1},
		{200, 1000, 0.1763770904431985, 0.2259189646481346},
		{0, 0, 0, 1},
	} {
		low, high := Wilson(c.k, c.n, 0.95)
		near(t, "Wilson, low", low, c.low, 1e-12)
		near(t, "Wilson, high", high, c.high, 1e-12)
	}
	for x, want := range map[float64]float64{0.3: 0.9999906941986655, 0.8: 0.5441424115741981, 1.2: 0.11224966667072497, 2: 0.0006709252557796953, 0.1: 1} {
		near(t, "Kolmogorov", kolmogorov(x), want, 1e-14)
	}
	p, _, _, _ := rows(1000)
	u := Uniform(p[:40])
	near(t, "KS", u.KS, 0.3055, 1e-12)
	if u.PValue < 0.0007 || u.PValue > 0.00095 {
		t.Errorf("p-value %v, exactly 0.000824", u.PValue)
	}
	for i := range p {
		p[i] *= p[i]
	}
	near(t, "chi-square", Uniform(p).Chi2, 4546.4, 1e-12)
}

// Uniform values pass both tests at the nominal rate.
func TestUniformAtItsLevel(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	const rounds = 2000
	var ks, chi int
	v := make([]float64, 500)
	for range rounds {
		for i := range v {
			v[i] = rng.Float64()
		}
		u := Uniform(v)
		if u.PValue < 0.05 {
			ks++
		}
		if u.PChi2 < 0.05 {
			chi++
		}
	}
	for name, n := range map[string]int{"KS": ks, "chi-square": chi} {
		if low, high := Wilson(n, rounds, 0.999); low > 0.05 || high < 0.05 {
			t.Errorf("%s: %d of %d below 0.05", name, n, rounds)
		}
	}
}

// Brute force: AUC over all pairs, average precision over all thresholds, the
// average capture over random orders of equal scores.
func TestBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "n")
		score, event := make([]float64, n), make([]bool, n)
		events := 0
		for i := range n {
			score[i] = float64(rapid.IntRange(-3, 3).Draw(t, "score"))
			if event[i] = rapid.Bool().Draw(t, "event"); event[i] {
				events++
			}
		}
		r := Ranking(score, event)
		var right, pairs float64
		for i := range n {
			for j := range n {
				if !event[i] || event[j] {
					continue
				}
				pairs++
				switch {
				case score[i] > score[j]:
					right++
				case score[i] == score[j]:
					right += 0.5
				}
			}
		}
		if want := right / pairs; math.Abs(r.AUC-want) > 1e-12 || math.IsNaN(r.AUC) != math.IsNaN(want) {
			t.Fatalf("AUC %v, want %v", r.AUC, want)
		}
		var precision, before float64
		for threshold := 3.0; threshold >= -3; threshold-- {
			var hits, all float64
			for i := range n {
				if score[i] >= threshold {
					all++
					if event[i] {
						hits++
					}
				}
			}
			if all > 0 {
				precision += (hits - before) / float64(events) * hits / all
			}
			before = hits
		}
		if math.Abs(r.AveragePrecision-precision) > 1e-12 || math.IsNaN(r.AveragePrecision) != (events == 0) {
			t.Fatalf("average precision %v, want %v", r.AveragePrecision, precision)
		}
		if events == 0 {
			if Deciles(score, event) != nil || !math.IsNaN(r.Lift10) {
				t.Fatal("deciles of no event")
			}
			return
		}
		// Each customer is a stretch of length 1 among those of equal score; the
		// part of the stretch before the cut is the same for all of them.
		capture := func(share float64) float64 {
			cut := share * float64(n)
			var sum float64
			for i := range n {
				var above, equal float64
				for j := range n {
					if score[j] > score[i] {
						above++
					}
					if score[j] == score[i] {
						equal++
					}
				}
				if event[i] {
					sum += min(max(cut-above, 0), equal) / equal
				}
			}
			return sum / float64(events)
		}
		deciles := Deciles(score, event)
		for d, row := range deciles {
			share := float64(d+1) / 10
			if want := capture(share); math.Abs(row.CumulativeCapture-want) > 1e-9 || math.Abs(Capture(score, event, share)-want) > 1e-9 {
				t.Fatalf("captured by %v: %v and %v, want %v", share, row.CumulativeCapture, Capture(score, event, share), want)
			}
			if math.Abs(row.CumulativeLift-row.CumulativeCapture/share) > 1e-9 || math.Abs(row.Lift-row.Rate/r.Rate) > 1e-9 || row.Decile != d+1 {
				t.Fatalf("%+v", row)
			}
		}
		if math.Abs(r.Lift10-deciles[0].Lift) > 1e-9 || math.Abs(r.Capture20-deciles[1].CumulativeCapture) > 1e-9 {
			t.Fatalf("%+v, %+v", r, deciles)
		}
	})
}

// The score of a decile is between those of its neighbours, and their mean is that of all.
func TestDecileScores(t *testing.T) {
	p, event, _, _ := rows(997)
	var sum float64
	d := Deciles(p, event)
	for k, row := range d {
		sum += row.MeanScore / 10
		if k > 0 && row.MeanScore > d[k-1].MeanScore {
			t.Errorf("decile %d: mean score %v after %v", k+1, row.MeanScore, d[k-1].MeanScore)
		}
	}
	near(t, "mean score", sum, mean(p), 1e-12)
	near(t, "customers", d[3].N, 99.7, 1e-12)
}

// What the data do not define is NaN, and nothing panics.
func TestUndefined(t *testing.T) {
	for _, c := range []struct {
		name  string
		p     []float64
		event []bool
	}{
		{"nobody", nil, nil},
		{"no event", []float64{.1, .2}, []bool{false, false}},
		{"missing", []float64{.1, math.NaN(), .3}, []bool{true, false, true}},
	} {
		r := Probability(c.p, c.event)
		if !math.IsNaN(r.AUC) || !math.IsNaN(r.AveragePrecision) || !math.IsNaN(r.Lift10) || Deciles(c.p, c.event) != nil {
			t.Errorf("%s: %+v", c.name, r)
		}
		if b := (Bootstrap{Resamples: 5}).Probability(c.p, c.p, c.event); len(b) != 5 || !math.IsNaN(b[0].Difference.Low) {
			t.Errorf("%s: %+v", c.name, b)
		}
	}
	if all := Ranking([]float64{1, 2}, []bool{true, true}); !math.IsNaN(all.AUC) || all.AveragePrecision != 1 || all.Lift10 != 1 {
		t.Errorf("everybody: %+v", all)
	}
	if e := Forecast(nil, nil); !math.IsNaN(e.Bias) || !math.IsNaN(e.MAE) {
		t.Errorf("%+v", e)
	}
	if e := Forecast([]float64{1, 2}, []float64{0, 0}); !math.IsNaN(e.Bias) || e.MAE != 1.5 || !math.IsNaN(e.Correlation) {
		t.Errorf("%+v", e)
	}
	if l := LogLoss([]float64{0, 1}, []bool{true, false}); !(l > 34 && l < 35) {
		t.Errorf("log loss of the impossible %v", l)
	}
	defer func() {
		if recover() == nil {
			t.Error("slices of different lengths were compared")
		}
	}()
	AUC([]float64{1}, nil)
}

func TestCoverage(t *testing.T) {
	c := Coverage([]float64{0, 1, 2, 3}, []float64{1, 2, 4, 5}, []float64{1, 0, 5, 4})
	if c.Inside != 0.5 || c.Below != 0.25 || c.Above != 0.25 || c.Width != 1.5 || c.N != 4 {
		t.Errorf("%+v", c)
	}
	near(t, "low", c.Low, 0.1500, 1e-3) // Wilson interval of 2 of 4
	near(t, "high", c.High, 0.8500, 1e-3)
}

// Counts from the forecast's own distribution have a uniform PIT; forecasts
// that are too narrow do not, and the histogram shows where.
func TestPIT(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 20_000
	forecast := func(spread float64) (before, upTo []float64) {
		for range n {
			mean := 0.3 + 3*rng.Float64()
			y := poisson(rng, mean*math.Exp(spread*rng.NormFloat64()))
			term, sum := math.Exp(-mean), 0.0
			for k := range y {
				sum += term
				term *= mean / float64(k+1)
			}
			before, upTo = append(before, sum), append(upTo, sum+term)
		}
		return before, upTo
	}
	before, upTo := forecast(0)
	u := make([]float64, n)
	RandomisedPITTo(u, before, upTo, 9)
	if r := Uniform(u); r.PValue < 0.01 || r.PChi2 < 0.01 {
		t.Errorf("right forecasts: %+v", r)
	}
	again := make([]float64, n)
	RandomisedPITTo(again, before, upTo, 9)
	if !slices.Equal(u, again) {
		t.Error("one seed, two results")
	}
	for _, share := range PITHistogram(before, upTo, 10) {
		near(t, "share of a bin", share, 0.1, 0.005)
	}
	before, upTo = forecast(1)
	RandomisedPITTo(u, before, upTo, 9)
	if r := Uniform(u); r.PValue > 1e-6 || r.PChi2 > 1e-6 {
		t.Errorf("forecasts too narrow: %+v", r)
	}
	if h := PITHistogram(before, upTo, 10); h[9] < 0.15 {
		t.Errorf("forecasts too narrow: %v", h)
	}
	var sum float64
	for _, share := range PITHistogram([]float64{0, .25, 1}, []float64{1, .25, 1}, 4) {
		sum += share
	}
	near(t, "shares", sum, 1, 1e-12)
}

func poisson(rng *rand.Rand, mean float64) int {
	k, p := 0, rng.Float64()
	for limit := math.Exp(-mean); p > limit; k++ {
		p *= rng.Float64()
	}
	return k
}

// What reference/clv.md says of the plain rules on cdnow_sample.
func TestBaselines(t *testing.T) {
	file, err := os.Open("../../../shared/data/cdnow_sample_summary.csv")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no cdnow_sample_summary.csv in ../shared/data")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := func(name string) []float64 {
		k := slices.Index(lines[0], name)
		var v []float64
		for _, l := range lines[1:] {
			f, err := strconv.ParseFloat(l[k], 64)
			if err != nil {
				t.Fatal(err)
			}
			v = append(v, f)
		}
		return v
	}
	x, tx, age, later := column("x"), column("t_x"), column("T"), column("x_star")
	naive := make([]float64, len(x))
	NaiveRateTo(naive, x, age, 39)
	e := Forecast(naive, later)
	near(t, "naive forecast", e.Forecast, 2930.1, 2e-5)
	near(t, "naive MAE", e.MAE, 1.02367, 1e-5)
	if e.Actual != 1882 || e.N != 2357 {
		t.Errorf("%+v", e)
	}
	bought := make([]bool, len(x))
	for i, n := range later {
		bought[i] = n > 0
	}
	score := make([]float64, len(x))
	FrequencyRecencyTo(score, x, tx, age)
	near(t, "AUC of frequency, then recency", AUC(score, bought), 0.7787, 1e-4)
	RecencyTo(score, tx, age)
	if a := AUC(score, bought); !(a > 0.6 && a < 0.7787) {
		t.Errorf("AUC of recency %v", a)
	}
}

// Sorting by the score is sorting by x, then by the last purchase.
func TestFrequencyRecency(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func() (x, silent float64) {
			return float64(rapid.IntRange(0, 1000).Draw(t, "x")), float64(rapid.IntRange(0, 4000).Draw(t, "silent"))
		}
		x, silent := draw()
		y, quiet := draw()
		if rapid.Bool().Draw(t, "equal") {
			y = x
		}
		dst := make([]float64, 2)
		FrequencyRecencyTo(dst, []float64{x, y}, []float64{0, 0}, []float64{silent, quiet})
		want := x > y || x == y && silent < quiet
		if (dst[0] > dst[1]) != want {
			t.Fatalf("%v/%v and %v/%v give %v", x, silent, y, quiet, dst)
		}
	})
	dst := []float64{7}
	if NaiveRateTo(dst, []float64{0}, []float64{0}, 9); dst[0] != 0 {
		t.Errorf("naive rate of a customer one day old: %v", dst[0])
	}
}
