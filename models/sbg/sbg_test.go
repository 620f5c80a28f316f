package sbg

import (
	"context"
	"encoding/csv"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func within(t testing.TB, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) && got != want {
		t.Errorf("%s is %.12g, want %.12g", what, got, want)
	}
}

func mustFit(t testing.TB, r Renewals) *Fitted {
	t.Helper()
	f, err := Fit(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The two segments of Fader & Hardie (2007), table 1: percent surviving years
// 0 to 12, of which the model sees 0 to 7.
func paper() map[string][]float64 {
	return map[string][]float64{
		"Regular":  {100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3},
		"High End": {100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4},
	}
}

// Estimates, log-likelihoods and errors of forecast by the reference fits on
// 1,000 customers each; the paper prints α .704, β 1.182 and α .668, β 3.806.
func TestPaper(t *testing.T) {
	for name, want := range map[string][]float64{
		"Regular":  {.704077, 1.182043, -1680.265188, 1.49},
		"High End": {.668088, 3.806095, -1611.158147, 2.83},
	} {
		percent := paper()[name]
		var survivors []float64
		for _, p := range percent[:8] {
			survivors = append(survivors, 10*p)
		}
		r, err := FromSurvivors(survivors)
		if err != nil {
			t.Fatal(err)
		}
		f := mustFit(t, r)
		if f.Status != Interior || len(f.Warnings) > 0 || f.Renewals != 7 || f.Customers != 1000 {
			t.Errorf("%s: %+v", name, f)
		}
		within(t, name+" alpha", f.Alpha, want[0], 1e-6)
		within(t, name+" beta", f.Beta, want[1], 1e-6)
		within(t, name+" log-likelihood", f.LogLikelihood, want[2], 1e-9)
		var mape float64
		for year := 8; year <= 12; year++ {
			mape += math.Abs(f.Survival(year)*100-percent[year]) / percent[year] / 5 * 100
		}
		if math.Abs(mape-want[3]) > 0.005 {
			t.Errorf("%s: forecasts of years 8 to 12 are off by %.4f %%, want %.2f", name, mape, want[3])
		}
		// The standard errors are those of the second differences of the slow likelihood.
		alpha, beta := slowErrors(f.Params, r)
		within(t, name+" error of alpha", f.AlphaSE, alpha, 1e-4)
		within(t, name+" error of beta", f.BetaSE, beta, 1e-4)
	}
}

// slow is the likelihood as the paper writes it, by beta functions.
func slow(alpha, beta float64, r Renewals) float64 {
	logBeta := func(a, b float64) float64 { return lgamma(a) + lgamma(b) - lgamma(a+b) }
	var sum float64
	n := len(r.Came)
	for i := range r.Came {
		t := float64(i + 1)
		left := r.Left[i]
		sum += left * (logBeta(alpha+1, beta+t-1) - logBeta(alpha, beta))
		stayed := r.Came[i] - left // of these, who was not watched any longer
		if i+1 < n {
			stayed -= r.Came[i+1]
		}
		sum += stayed * (logBeta(alpha, beta+t) - logBeta(alpha, beta))
	}
	return sum
}

func slowErrors(p Params, r Renewals) (alpha, beta float64) {
	f := func(a, b float64) float64 { return slow(p.Alpha*(1+a), p.Beta*(1+b), r) }
	const h = 1e-3
	aa := (f(h, 0) - 2*f(0, 0) + f(-h, 0)) / (h * h)
	bb := (f(0, h) - 2*f(0, 0) + f(0, -h)) / (h * h)
	ab := (f(h, h) - f(h, -h) - f(-h, h) + f(-h, -h)) / (4 * h * h)
	det := aa*bb - ab*ab
	return p.Alpha * math.Sqrt(-bb/det), p.Beta * math.Sqrt(-aa/det)
}

// draw simulates customers, some of them censored at random renewals.
func draw(r *rand.Rand, p Params, n, longest int) (time []float64, left []bool) {
	for range n {
		x, y := gamma(r, p.Alpha), gamma(r, p.Beta)
		theta := x / (x + y)
		at, end := 1, 1+r.IntN(longest)
		for at <= end && r.Float64() >= theta {
			at++
		}
		time, left = append(time, float64(min(at, end))), append(left, at <= end)
	}
	return time, left
}

// gamma draws from Gamma(shape, 1) (Marsaglia & Tsang 2000).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	for {
		x := r.NormFloat64()
		v := math.Pow(1+x/math.Sqrt(9*d), 3)
		if v > 0 && math.Log(r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func TestIntervalsCoverTheTruth(t *testing.T) {
	const rounds = 500
	truth := NewParams(0.8, 2.5)
	r := rand.New(rand.NewPCG(11, 4))
	var alpha, beta, forecast, refused float64
	for range rounds {
		time, left := draw(r, truth, 2000, 8)
		renewals, err := FromDurations(time, left, nil)
		if err != nil {
			t.Fatal(err)
		}
		f := mustFit(t, renewals)
		// On the log scale, as everywhere where parameters are above zero.
		if math.Abs(math.Log(f.Alpha/truth.Alpha)) < 1.959964*f.AlphaSE/f.Alpha {
			alpha++
		}
		if math.Abs(math.Log(f.Beta/truth.Beta)) < 1.959964*f.BetaSE/f.Beta {
			beta++
		}
		if f.P < 0.05 {
			refused++
		}
		low, high := f.SurvivalInterval(15, 0.95)
		if s := truth.Survival(15); low < s && s < high {
			forecast++
		}
	}
	for what, share := range map[string]float64{"alpha": alpha / rounds, "beta": beta / rounds, "forecast": forecast / rounds, "test of fit": 1 - refused/rounds} {
		t.Logf("%s: %.3f", what, share)
		if share < 0.92 || share > 0.98 { // three standard errors of a share of 500
			t.Errorf("intervals of %s cover %.3f", what, share)
		}
	}
}

func TestBoundaries(t *testing.T) {
	for _, k := range []struct {
		name   string
		r      Renewals
		status Status
		mean   float64
		se     float64
	}{
		// A fifth leaves each time: customers are alike.
		{"geometric", Renewals{[]float64{1000, 800, 640}, []float64{200, 160, 128}}, Homogeneous, 0.2, math.Sqrt(0.2 * 0.8 / 2440)},
		{"rising", Renewals{[]float64{1000, 900, 700}, []float64{100, 200, 350}}, Homogeneous, 650.0 / 2600, math.Sqrt(0.25 * 0.75 / 2600)},
		{"all at first", Renewals{[]float64{1000, 700, 700}, []float64{300, 0, 0}}, Polarised, 0.3, math.Sqrt(0.3 * 0.7 / 1000)},
		{"one renewal", Renewals{[]float64{50, 0}, []float64{10, 0}}, OneRenewal, 0.2, math.Sqrt(0.2 * 0.8 / 50)},
		{"nobody left", Renewals{[]float64{50, 20}, []float64{0, 0}}, NobodyLeft, 0, math.NaN()},
		{"nobody stayed", Renewals{[]float64{50}, []float64{50}}, NobodyStayed, 1, math.NaN()},
	} {
		f := mustFit(t, k.r)
		if f.Status != k.status || !math.IsNaN(f.AlphaSE) || len(f.Warnings) == 0 || f.Warnings[0].Code != string(k.status) || f.Warnings[0].Zh == "" {
			t.Errorf("%s: %+v", k.name, f)
		}
		if math.Abs(f.Mean-k.mean) > 1e-4 || math.Abs(f.MeanSE-k.se) > 1e-4 {
			t.Errorf("%s: mean %v (%v), want %v (%v)", k.name, f.Mean, f.MeanSE, k.mean, k.se)
		}
		if k.status == Homogeneous && (!math.IsInf(f.Alpha, 1) || f.LogLikelihood != f.Geometric || f.Retention(1) != f.Retention(50)) {
			t.Errorf("%s: %+v", k.name, f.Params)
		}
		if low, high := f.SurvivalInterval(3, 0.95); !math.IsNaN(low + high) {
			t.Errorf("%s: interval %v to %v", k.name, low, high)
		}
		for _, n := range []int{1, 5, 5000} {
			if s := f.Survival(n); !(s >= 0 && s <= 1) {
				t.Errorf("%s: survival %v after %d", k.name, s, n)
			}
		}
		if v := f.ResidualLifetime(2, 0.1); !(v >= 0 && v <= 11.0000001) {
			t.Errorf("%s: residual lifetime %v", k.name, v)
		}
	}
	if _, err := Fit(context.Background(), Renewals{}); !errors.Is(err, ErrNoRenewals) {
		t.Error(err)
	}
}

// A spread that chance explains as well is named.
func TestWeakHeterogeneity(t *testing.T) {
	f := mustFit(t, Renewals{[]float64{100, 79, 64}, []float64{21, 15, 12}})
	if f.Status != Interior || len(f.Warnings) != 1 || f.Warnings[0].Code != "weak_heterogeneity" {
		t.Errorf("%+v", f)
	}
}

func TestUnfitData(t *testing.T) {
	for _, k := range []struct {
		survivors []float64
		want      string
	}{
		{[]float64{100, 110}, "cannot become more"},
		{[]float64{100, -1}, "is no count"},
		{[]float64{math.NaN()}, "is no count"},
	} {
		if _, err := FromSurvivors(k.survivors); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%v: %v", k.survivors, err)
		}
	}
	for _, k := range []struct {
		time, weight float64
		want         string
	}{
		{2.5, 1, "row 0: is no whole number of renewals"},
		{-1, 1, "row 0: is no whole number"},
		{math.NaN(), 1, "no whole number"},
		{1e9, 1, "no whole number"},
		{0, 1, "left at renewal 0"},
		{1, 0, "weight"},
	} {
		if _, err := FromDurations([]float64{k.time}, []bool{true}, []float64{k.weight}); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%v: %v", k.time, err)
		}
	}
}

// Cohort counts, single customers, customers in another order, and customers
// with weights are the same data.
func TestWaysToGiveTheData(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		time, left := draw(r, NewParams(0.7, 1.5), rapid.IntRange(20, 200).Draw(t, "customers"), 6)
		weight := make([]float64, len(time))
		var wideTime []float64
		var wideLeft []bool
		for i := range time {
			weight[i] = float64(1 + r.IntN(3))
			for range int(weight[i]) {
				wideTime, wideLeft = append(wideTime, time[i]), append(wideLeft, left[i])
			}
		}
		slices.Reverse(wideTime)
		slices.Reverse(wideLeft)
		a, err := FromDurations(time, left, weight)
		if err != nil {
			t.Fatal(err)
		}
		b, err := FromDurations(wideTime, wideLeft, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.Came, b.Came) || !slices.Equal(a.Left, b.Left) {
			t.Fatalf("%v and %v", a, b)
		}
		p := NewParams(0.3+r.Float64(), 0.5+r.Float64())
		if x, y := LogLikelihood(p, a), slow(p.Alpha, p.Beta, a); math.Abs(x-y) > 1e-9*math.Abs(y) {
			t.Fatalf("log-likelihood %v, by beta functions %v", x, y)
		}
	})
	r, err := FromSurvivors([]float64{10, 6, 5, 0, 0})
	if err != nil || !slices.Equal(r.Came, []float64{10, 6, 5}) || !slices.Equal(r.Left, []float64{4, 1, 5}) {
		t.Errorf("%v, %v", r, err)
	}
}

// Whatever the data, the fit is no worse than its surroundings and than equal
// customers, and everything said of it is in range.
func TestFitIsTheGreatest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "renewals")
		var r Renewals
		came := rapid.IntRange(1, 1_000_000).Draw(t, "came")
		for range n {
			left := rapid.IntRange(0, came).Draw(t, "left")
			r.Came, r.Left = append(r.Came, float64(came)), append(r.Left, float64(left))
			came = rapid.IntRange(0, came-left).Draw(t, "came")
		}
		f, err := Fit(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		if !(f.LogLikelihood >= f.Geometric-1e-6) {
			t.Fatalf("%+v", f)
		}
		if f.Status == Interior {
			for _, a := range []float64{0.99, 1, 1.01} {
				for _, b := range []float64{0.99, 1, 1.01} {
					if v := LogLikelihood(NewParams(f.Alpha*a, f.Beta*b), r); v > f.LogLikelihood+1e-6 {
						t.Fatalf("%v at %v %v of %+v", v, a, b, f)
					}
				}
			}
			if !(f.AlphaSE > 0 && f.BetaSE > 0 && f.MeanSE > 0) {
				t.Fatalf("%+v", f)
			}
		}
		last := 1.0
		for k := 1; k < 30; k++ {
			rate, s := f.Retention(k), f.Survival(k)
			if !(rate >= 0 && rate <= 1) || !(s >= 0 && s <= last) || math.Abs(f.LeaveRate(k)+rate-1) > 1e-12 {
				t.Fatalf("retention %v, survival %v, before %v: %+v", rate, s, last, f)
			}
			last = s
		}
	})
}

// The residual lifetime is the sum of what is paid, whatever the rate.
func TestResidualLifetimeIsTheSum(t *testing.T) {
	for _, p := range []Params{NewParams(.704, 1.182), NewParams(.668, 3.806), NewParams(12, 30), NewParams(0.05, 0.1), NewParams(3.8, 15.2), fromMean(0.2, 0)} {
		for _, rate := range []float64{1, 0.1, 0.01, 0.001} {
			for _, n := range []int{1, 2, 10, 200} {
				got := p.ResidualLifetime(n, rate)
				within(t, "residual lifetime", got, p.ResidualLifetimeWithin(n, int(40/rate), rate), 1e-11)
				if p.ResidualLifetime(n+1, rate) < got-1e-12 {
					t.Errorf("%+v: those who have stayed longer stay shorter from %d on", p, n)
				}
			}
		}
	}
	p := NewParams(3, 4)
	within(t, "without discount", p.ResidualLifetime(2, 0), p.ResidualLifetime(2, 1e-9), 1e-7)
	if !math.IsInf(NewParams(0.9, 2).ResidualLifetime(1, 0), 1) {
		t.Error("without discount, alpha below 1: not infinite")
	}
	// A daily rate of 10 % a year: a series would take some 150,000 terms.
	daily := math.Expm1(math.Log(1.1) / 365)
	within(t, "daily", NewParams(2, 900).ResidualLifetime(30, daily), NewParams(2, 900).ResidualLifetimeWithin(30, 200_000, daily), 1e-9)
	within(t, "long survival", p.Survival(1000), p.Survival(999)*p.Retention(1000), 1e-11)
}

// Month-to-month and yearly contracts in one set are not the model's customers: it
// says so, and by how much its curve misses.
func TestTelco(t *testing.T) {
	file, err := os.Open("../../../shared/data/telco_churn.csv")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no telco_churn.csv in ../shared/data")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var time []float64
	var left []bool
	for _, row := range rows[1:] {
		v, err := strconv.ParseFloat(row[slices.Index(rows[0], "tenure")], 64)
		if err != nil {
			t.Fatal(err)
		}
		time, left = append(time, v), append(left, row[slices.Index(rows[0], "Churn")] == "Yes")
	}
	r, err := FromDurations(time, left, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := mustFit(t, r)
	if f.Status != Interior || f.Renewals != 72 || f.Customers != 7032 {
		t.Errorf("%+v", f)
	}
	plain, gap := 1.0, 0.0
	for k := range 72 {
		plain *= 1 - r.Left[k]/r.Came[k]
		if r.Came[k] >= 0.05*7032 {
			gap = max(gap, math.Abs(f.Survival(k+1)-plain))
		}
	}
	if math.Abs(gap-f.Gap) > 1e-9 || gap < 0.02 || gap > 0.1 || f.P > 1e-6 || f.Warnings[len(f.Warnings)-1].Code != "poor_fit" {
		t.Errorf("gap %v, %+v", gap, f)
	}
	t.Logf("alpha %.4f (%.4f), beta %.4f (%.4f), log-likelihood %.3f", f.Alpha, f.AlphaSE, f.Beta, f.BetaSE, f.LogLikelihood)
}

// Whatever the parameters, retention, survival and residual lifetime are finite
// and in range, and the residual lifetime is its own sum.
func TestExtremeParametersStayInRange(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 6))
	for range 1000 {
		any := func(low, high float64) float64 { return math.Exp(low + (high-low)*r.Float64()) }
		p := NewParams(any(-14, 14), any(-14, 14))
		n, rate := int(any(0, 11)), any(-9, 1)
		most := (1 + rate) / rate
		v := p.ResidualLifetime(n, rate)
		if !(v >= 0 && v <= most*(1+1e-9)) {
			t.Errorf("%+v: residual lifetime %v at %d, rate %v", p, v, n, rate)
		}
		if rate > 0.01 {
			if sum := p.ResidualLifetimeWithin(n, int(40/math.Log1p(rate)), rate); math.Abs(v-sum) > 1e-9*sum+1e-15 {
				t.Errorf("%+v: residual lifetime %v at %d, rate %v, by its sum %v", p, v, n, rate, sum)
			}
		}
		if s := p.Survival(n); !(s >= 0 && s <= 1) || p.Survival(n+1) > s*(1+1e-9) {
			t.Errorf("%+v: survival %v after %d, then %v", p, s, n, p.Survival(n+1))
		}
		if q := p.Retention(n); !(q >= 0 && q <= 1) {
			t.Errorf("%+v: retention %v at %d", p, q, n)
		}
	}
}
