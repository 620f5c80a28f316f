package survival

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"clientele/models"
)

func fit(t testing.TB, d Data, columns [][]float64, s Settings) *Cox {
	t.Helper()
	c, err := FitCox(context.Background(), d, columns, s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// small is ten rows with ties, weights, and a curve that comes down to 0.
//
//	x <- data.frame(t = c(1, 2, 2, 3, 4, 4, 4, 5, 6, 6), e = c(1, 1, 0, 1, 1, 1, 0, 1, 1, 1), w = c(1, 2, 1, 3, 1, 2, 2, 1, 2, 1),
//	  z = c(.5, 1, -1, 2, .3, .7, -.2, 1.5, 0, 1), g = c(1, 0, 1, 1, 0, 0, 1, 0, 1, 0))
func small() (d Data, columns [][]float64) {
	return Data{
		Time:   []float64{1, 2, 2, 3, 4, 4, 4, 5, 6, 6},
		Event:  []bool{true, true, false, true, true, true, false, true, true, true},
		Weight: []float64{1, 2, 1, 3, 1, 2, 2, 1, 2, 1},
	}, [][]float64{{.5, 1, -1, 2, .3, .7, -.2, 1.5, 0, 1}, {1, 0, 1, 1, 0, 0, 1, 0, 1, 0}}
}

// f <- survfit(Surv(t, e) ~ 1, x, weights = w); summary(f); quantile(f, c(.25, .5, .75)); the same without weights
func TestCurveThatEndsAtZeroIsRs(t *testing.T) {
	d, _ := small()
	c, err := KaplanMeier(d, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Time {
		near(t, "at risk", c.AtRisk[i], []float64{16, 15, 12, 9, 4, 3}[i])
		near(t, "survival", c.Survival[i], []float64{0.9375, 0.8125, 0.609375, 0.40625, 0.3046875, 0}[i])
		near(t, "error", c.StdErr[i], []float64{0.060515364784490884, 0.097578093724974974, 0.12518297155439115, 0.1270182124818458, 0.12965867055314648, nan}[i])
		near(t, "lower", c.Lower[i], []float64{0.82608826540549218, 0.64209216554634896, 0.40740242115469405, 0.22011848557687846, 0.13232103217505184, nan}[i])
		near(t, "upper", c.Upper[i], []float64{1, 1, 0.91147688708506713, 0.7497737505665264, 0.70158516095488277, nan}[i])
	}
	quantiles(t, c, 0.25, 3, 2, 4)
	quantiles(t, c, 0.5, 4, 3, nan)
	quantiles(t, c, 0.75, 6, 4, nan)
	if p := c.At(7); p.Survival != 0 || p.AtRisk != 0 {
		t.Errorf("after everybody left: %+v", p)
	}
	d.Weight = nil
	if c, err = KaplanMeier(d, 0.95); err != nil {
		t.Fatal(err)
	}
	quantiles(t, c, 0.25, 3, 1, nan)
	quantiles(t, c, 0.1, 1.5, 1, 5) // the curve runs at .9 from 1 to 2
	quantiles(t, c, 0.9, 6, nan, nan)
}

// quantile(survfit(Surv(c(1, 2, 3, 4), c(1, 1, 0, 0)) ~ 1), .5), and with everybody leaving
func TestMedianOnARunIsRs(t *testing.T) {
	for _, k := range []struct {
		event              []bool
		time, lower, upper float64
	}{
		{[]bool{true, true, true, true}, 2.5, 1, nan},
		{[]bool{true, true, false, false}, 3, 1, nan},
	} {
		c, err := KaplanMeier(Data{Time: []float64{1, 2, 3, 4}, Event: k.event}, 0)
		if err != nil {
			t.Fatal(err)
		}
		quantiles(t, c, 0.5, k.time, k.lower, k.upper)
	}
}

// xx <- x[rep(1:10, x$w), ]; m <- coxph(Surv(t, e) ~ z + g, xx, ties = ...)
// c(coef(m), sqrt(diag(vcov(m))), m$loglik, m$concordance[c("concordance", "std")])
func TestWeightedRowsAreRsRepeatedOnes(t *testing.T) {
	d, columns := small()
	for ties, want := range map[Ties][]float64{
		Efron:   {0.90440050385307713, 0.033801614270039589, 0.42860654334162851, 0.59635863271117651, -24.705713366956982, -22.210967273879106, 0.7303370786516854, 0.095493539085609383},
		Breslow: {0.82614018345132667, -0.031218579375283034, 0.42860166545021516, 0.5950510482514515, -26.917214032941082, -24.795016897272774, 0.7303370786516854, 0.095493539085609383},
	} {
		c := fit(t, d, columns, Settings{Ties: ties})
		for i, got := range []float64{c.Coefficients[0].Estimate, c.Coefficients[1].Estimate, c.Coefficients[0].StdErr, c.Coefficients[1].StdErr,
			c.Null, c.LogLikelihood, c.Concordance, c.ConcordanceStdErr} {
			near(t, string(ties), got, want[i])
		}
	}
}

// x <- data.frame(t = c(5, 3, 8, 2, 9, 4, 7, 6, 1, 10), e = c(1, 1, 0, 1, 0, 1, 1, 0, 1, 0),
// a = c(1, 1, 0, 1, 0, 1, 1, 0, 1, 0), b = c(.2, 1.1, .4, -.3, .9, 1.4, -.8, .1, .6, .5))
// coxph(Surv(t, e) ~ a + b, x, control = coxph.control(eps = 1e-16, iter.max = 30)): R runs out of iterations,
// with b = .670601336823878 (se .650052578173725) and log-likelihoods -11.7032151914134 and -5.97854323556775
func TestSeparationIsNamed(t *testing.T) {
	d := Data{Time: []float64{5, 3, 8, 2, 9, 4, 7, 6, 1, 10}, Event: is([]string{"1", "1", "0", "1", "0", "1", "1", "0", "1", "0"}, "1")}
	a := []float64{1, 1, 0, 1, 0, 1, 1, 0, 1, 0}
	b := []float64{.2, 1.1, .4, -.3, .9, 1.4, -.8, .1, .6, .5}
	c := fit(t, d, [][]float64{a, b}, Settings{Names: []string{"a", "b"}})
	if k := c.Coefficients[0]; k.Determined != Infinite || !math.IsInf(k.Estimate, 1) || !math.IsNaN(k.StdErr) || !math.IsNaN(k.P) {
		t.Errorf("a: %+v", k)
	}
	within(t, "b", c.Coefficients[1].Estimate, 0.670601336823878, 1e-7)
	within(t, "b", c.Coefficients[1].StdErr, 0.650052578173725, 1e-7)
	within(t, "log-likelihood", c.LogLikelihood, -5.97854323556775, 1e-8)
	near(t, "null log-likelihood", c.Null, -11.7032151914)
	if c.Status != models.Boundary || !math.IsNaN(c.Wald.ChiSquare) || c.LikelihoodRatio.DF != 2 {
		t.Errorf("%s, wald %v, ratio %v", c.Status, c.Wald, c.LikelihoodRatio)
	}
	if !warned(c, "infinite_coefficient") || !warned(c, "few_events") {
		t.Errorf("warnings %v", c.Warnings)
	}
	if p := c.Predict([]float64{1, 0}, 5); !(p.Survival > 0 && p.Survival < 1) || !math.IsNaN(p.StdErr) {
		t.Errorf("prediction %+v", p)
	}

	// The other way round, and in other units, is the same.
	for i := range a {
		a[i] = 1000 * (1 - a[i])
	}
	c = fit(t, d, [][]float64{b, a}, Settings{})
	if k := c.Coefficients[1]; k.Determined != Infinite || !math.IsInf(k.Estimate, -1) || k.HazardRatio != 0 {
		t.Errorf("a: %+v", k)
	}
}

func warned(c *Cox, code string) bool {
	return slices.ContainsFunc(c.Warnings, func(w models.Warning) bool { return w.Code == code && w.En != "" && w.Zh != "" })
}

// x$c <- x$b * 2 + 1; coxph(Surv(t, e) ~ b + c, x): c is NA, b is as alone
func TestCollinearAndConstantColumnsAreLeftOut(t *testing.T) {
	d := Data{Time: []float64{5, 3, 8, 2, 9, 4, 7, 6, 1, 10}, Event: is([]string{"1", "1", "0", "1", "0", "1", "1", "0", "1", "0"}, "1")}
	b := []float64{.2, 1.1, .4, -.3, .9, 1.4, -.8, .1, .6, .5}
	twice, same := make([]float64, len(b)), make([]float64, len(b))
	for i, v := range b {
		twice[i], same[i] = 2*v+1, 0.1
	}
	c := fit(t, d, [][]float64{same, b, twice}, Settings{Names: []string{"same", "b", "twice"}})
	for _, j := range []int{0, 2} {
		if k := c.Coefficients[j]; k.Determined != Collinear || !math.IsNaN(k.Estimate) || !math.IsNaN(k.HazardRatio) {
			t.Errorf("%+v", k)
		}
	}
	near(t, "b", c.Coefficients[1].Estimate, 0.0322725780101266)
	near(t, "its error", c.Coefficients[1].StdErr, 0.663185555236194)
	near(t, "log-likelihood", c.LogLikelihood, -11.7020273500378)
	if c.LikelihoodRatio.DF != 1 || c.Wald.DF != 1 || !warned(c, "collinear_columns") || !strings.Contains(c.Warnings[0].En, "same, twice") {
		t.Errorf("%+v", c)
	}
	z, err := CheckProportional(d, [][]float64{same, b, twice}, c, ScaleTime, nil)
	if err != nil || z.Terms[0].DF != 0 || !math.IsNaN(z.Terms[0].P) || z.Terms[1].DF != 1 || z.Global.DF != 1 {
		t.Errorf("%+v, %v", z, err)
	}
}

func TestUnfitRows(t *testing.T) {
	column := func(v ...float64) [][]float64 { return [][]float64{v} }
	for name, k := range map[string]struct {
		d       Data
		columns [][]float64
		want    string
	}{
		"none":     {Data{}, column(), "no rows"},
		"negative": {Data{Time: []float64{1, -1}, Event: []bool{true, true}}, column(1, 2), "row 1: time is below zero"},
		"nan":      {Data{Time: []float64{nan, 1}, Event: []bool{true, true}}, column(1, 2), "row 0: time is no finite number"},
		"weight":   {Data{Time: []float64{1, 2}, Event: []bool{true, true}, Weight: []float64{1, 0}}, column(1, 2), "row 1: weight is not above zero"},
		"column":   {Data{Time: []float64{1, 2}, Event: []bool{true, true}}, column(1, math.Inf(1)), "row 1: x1 is no finite number"},
		"events":   {Data{Time: []float64{1, 2}, Event: []bool{false, false}}, column(1, 2), "nobody left"},
	} {
		if _, err := FitCox(context.Background(), k.d, k.columns, Settings{}); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := LogRank(Data{Time: []float64{1}, Event: []bool{false}}, []int{0}, 1); !errors.Is(err, ErrNoEvents) {
		t.Error(err)
	}
	if _, err := LogRank(Data{Time: []float64{1}, Event: []bool{true}}, []int{2}, 2); err == nil {
		t.Error("group 2 of 2 was taken")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d, columns := small()
	if _, err := FitCox(ctx, d, columns, Settings{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Groups of which one is never compared with the other tell nothing.
func TestLogRankOfGroupsThatNeverMeet(t *testing.T) {
	lr, err := LogRank(Data{Time: []float64{1, 1, 2, 3}, Event: []bool{false, false, true, true}}, []int{0, 0, 1, 1}, 2)
	if err != nil || lr.DF != 0 || !math.IsNaN(lr.P) {
		t.Errorf("%+v, %v", lr, err)
	}
}

// sample draws rows with many ties; weights are whole.
func sample(t *rapid.T) (d Data, columns [][]float64) {
	n := rapid.IntRange(8, 60).Draw(t, "rows")
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	columns = [][]float64{make([]float64, n), make([]float64, n)}
	for i := range n {
		columns[0][i], columns[1][i] = r.NormFloat64(), float64(r.IntN(2))
		d.Time = append(d.Time, math.Floor(8*r.ExpFloat64()*math.Exp(-0.5*columns[0][i])))
		d.Event = append(d.Event, r.IntN(4) > 0)
		d.Weight = append(d.Weight, float64(1+r.IntN(3)))
	}
	d.Event[0] = true
	return d, columns
}

// repeated writes each row as often as its weight says.
func repeated(d Data, columns [][]float64) (Data, [][]float64) {
	var out Data
	to := make([][]float64, len(columns))
	for i, w := range d.Weight {
		for range int(w) {
			out.Time, out.Event = append(out.Time, d.Time[i]), append(out.Event, d.Event[i])
			for j := range columns {
				to[j] = append(to[j], columns[j][i])
			}
		}
	}
	return out, to
}

func TestWeightTwoCountsAsTwoAndOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, columns := sample(t)
		wide, wideColumns := repeated(d, columns)
		shuffled := rand.New(rand.NewPCG(1, 2)).Perm(len(wide.Time))
		mixed := Data{}
		mixedColumns := [][]float64{nil, nil}
		for _, i := range shuffled {
			mixed.Time, mixed.Event = append(mixed.Time, wide.Time[i]), append(mixed.Event, wide.Event[i])
			for j := range columns {
				mixedColumns[j] = append(mixedColumns[j], wideColumns[j][i])
			}
		}
		a, err := KaplanMeier(d, 0.9)
		if err != nil {
			t.Fatal(err)
		}
		b, err := KaplanMeier(mixed, 0.9)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.Time {
			alike(t, "curve", a.Survival[i], b.Survival[i])
			alike(t, "error", a.StdErr[i], b.StdErr[i])
		}
		x, err := LogRank(d, levels(columns[1]), 2)
		if err != nil {
			t.Fatal(err)
		}
		y, err := LogRank(mixed, levels(mixedColumns[1]), 2)
		if err != nil {
			t.Fatal(err)
		}
		alike(t, "log-rank", x.ChiSquare, y.ChiSquare)
		for _, ties := range []Ties{Efron, Breslow} {
			m, err := FitCox(context.Background(), d, columns, Settings{Ties: ties})
			if err != nil {
				t.Fatal(err)
			}
			n, err := FitCox(context.Background(), mixed, mixedColumns, Settings{Ties: ties})
			if err != nil {
				t.Fatal(err)
			}
			alike(t, "log-likelihood", m.LogLikelihood, n.LogLikelihood)
			alike(t, "concordance", m.Concordance, n.Concordance)
			alike(t, "error of concordance", m.ConcordanceStdErr, n.ConcordanceStdErr)
			if m.Status != models.Converged {
				continue
			}
			for j := range columns {
				alike(t, "coefficient", m.Coefficients[j].Estimate, n.Coefficients[j].Estimate)
				alike(t, "its error", m.Coefficients[j].StdErr, n.Coefficients[j].StdErr)
			}
			alike(t, "prediction", m.Predict([]float64{0.3, 1}, 5).Survival, n.Predict([]float64{0.3, 1}, 5).Survival)
		}
	})
}

func alike(t *rapid.T, what string, a, b float64) {
	t.Helper()
	if !(math.Abs(a-b) <= 1e-7*(1+math.Abs(a))) && !(math.IsNaN(a) && math.IsNaN(b)) {
		t.Fatalf("%s: %.12g and %.12g", what, a, b)
	}
}

// The log-likelihood of a fit is that of the definition, summed pair by pair,
// and lower everywhere around.
func TestFitIsTheGreatestOfTheSlowLikelihood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, columns := sample(t)
		d, columns = repeated(d, columns)
		for _, ties := range []Ties{Efron, Breslow} {
			c, err := FitCox(context.Background(), d, columns, Settings{Ties: ties})
			if err != nil {
				t.Fatal(err)
			}
			if c.Status != models.Converged || slices.ContainsFunc(c.Coefficients, func(k Coefficient) bool { return k.Determined != Estimated }) {
				return
			}
			b := []float64{c.Coefficients[0].Estimate, c.Coefficients[1].Estimate}
			value := slow(d, columns, ties, b)
			alike(t, "log-likelihood", value, c.LogLikelihood)
			alike(t, "null", slow(d, columns, ties, []float64{0, 0}), c.Null)
			for j := range b {
				for _, h := range []float64{-1e-3, 1e-3} {
					b[j] += h
					if v := slow(d, columns, ties, b); v > value+1e-12 {
						t.Fatalf("%s: %g at %v, %g at the fit", ties, v, b, value)
					}
					b[j] -= h
				}
			}
			share, pairs := 0.0, 0.0
			for i := range d.Time {
				for k := range d.Time {
					if !d.Event[i] || !(d.Time[i] < d.Time[k] || d.Time[i] == d.Time[k] && !d.Event[k]) {
						continue
					}
					pairs++
					first, second := logRate(columns, b, i), logRate(columns, b, k)
					if first > second {
						share++
					} else if first == second {
						share += 0.5
					}
				}
			}
			if math.Abs(share/pairs-c.Concordance) > 0.5/pairs { // a pair may tie by rounding
				t.Fatalf("concordance %g, by pairs %g", c.Concordance, share/pairs)
			}
		}
	})
}

func logRate(columns [][]float64, b []float64, i int) float64 {
	var v float64
	for j := range b {
		v += columns[j][i] * b[j]
	}
	return v
}

func slow(d Data, columns [][]float64, ties Ties, b []float64) float64 {
	var value float64
	for i := range d.Time {
		if !d.Event[i] {
			continue
		}
		var risk, leaving, before, events float64
		for k := range d.Time {
			if d.Time[k] >= d.Time[i] {
				risk += math.Exp(logRate(columns, b, k))
			}
			if d.Time[k] == d.Time[i] && d.Event[k] {
				leaving += math.Exp(logRate(columns, b, k))
				events++
				if k < i {
					before++
				}
			}
		}
		if ties == Breslow {
			before = 0
		}
		value += logRate(columns, b, i) - math.Log(risk-before/events*leaving)
	}
	return value
}

// Rows drawn from a known model: the intervals of the effects, of the curve
// and of predictions hold the truth about as often as they say, and the tests
// reject a true assumption about one time in twenty.
func TestIntervalsCoverTheTruth(t *testing.T) {
	const rounds, n = 400, 200
	truth := []float64{0.7, -0.4}
	var effect, predicted, curve, rejected, compared float64
	r := rand.New(rand.NewPCG(7, 7))
	for range rounds {
		var d Data
		columns := [][]float64{nil, nil}
		for range n {
			x, y := r.NormFloat64(), float64(r.IntN(2))
			time, end := r.ExpFloat64()/math.Exp(truth[0]*x+truth[1]*y), 0.2+2*r.Float64()
			d.Time, d.Event = append(d.Time, min(time, end)), append(d.Event, time <= end)
			columns[0], columns[1] = append(columns[0], x), append(columns[1], y)
		}
		c := fit(t, d, columns, Settings{})
		for j, k := range c.Coefficients {
			if k.Lower <= math.Exp(truth[j]) && math.Exp(truth[j]) <= k.Upper {
				effect++
			}
		}
		if p := c.Predict([]float64{1, 0}, 0.5); p.Lower <= math.Exp(-0.5*math.Exp(0.7)) && math.Exp(-0.5*math.Exp(0.7)) <= p.Upper {
			predicted++
		}
		z, err := CheckProportional(d, columns, c, ScaleKM, nil)
		if err != nil {
			t.Fatal(err)
		}
		if z.Global.P < 0.05 {
			rejected++
		}
		// Without effects the curve is e^-t, and the groups do not differ.
		for i := range d.Time {
			time, end := r.ExpFloat64(), 0.2+2*r.Float64()
			d.Time[i], d.Event[i] = min(time, end), time <= end
		}
		km, err := KaplanMeier(d, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		if p := km.At(0.7); p.Lower <= math.Exp(-0.7) && math.Exp(-0.7) <= p.Upper {
			curve++
		}
		lr, err := LogRank(d, levels(columns[1]), 2)
		if err != nil {
			t.Fatal(err)
		}
		if lr.P < 0.05 {
			compared++
		}
	}
	for _, k := range []struct {
		what             string
		share, low, high float64
	}{ // three standard errors of a share of 400, or of 800
		{"effects", effect / rounds / 2, 0.927, 0.973},
		{"predictions", predicted / rounds, 0.917, 0.983},
		{"curve", curve / rounds, 0.917, 0.983},
		{"proportional hazards rejected", rejected / rounds, 0.017, 0.083},
		{"equal groups rejected", compared / rounds, 0.017, 0.083},
	} {
		t.Logf("%s: %.4f", k.what, k.share)
		if k.share < k.low || k.share > k.high {
			t.Errorf("%s: %.4f, want %.3f to %.3f", k.what, k.share, k.low, k.high)
		}
	}
}

// An effect that fades with time is found out.
func TestFadingEffectIsSeen(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var d Data
	var x []float64
	for range 2000 {
		v := float64(r.IntN(2))
		time := r.ExpFloat64() / math.Exp(1.2*v)
		if time > 0.3 { // from then on all leave alike
			time = 0.3 + r.ExpFloat64()
		}
		d.Time, d.Event, x = append(d.Time, time), append(d.Event, true), append(x, v)
	}
	z, err := CheckProportional(d, [][]float64{x}, fit(t, d, [][]float64{x}, Settings{}), ScaleKM, nil)
	if err != nil || z.Global.P > 1e-6 {
		t.Errorf("%+v, %v", z, err)
	}
}

// Units of time and of columns do not matter; extreme ones do not break the fit.
func TestUnits(t *testing.T) {
	d, columns, _ := rossi(t)
	want := fit(t, d, columns, Settings{})
	for _, factor := range []float64{1e-9, 7, 1e12} {
		scaled := Data{Event: d.Event}
		for _, time := range d.Time {
			scaled.Time = append(scaled.Time, time*factor)
		}
		moved := slices.Clone(columns)
		moved[1] = nil
		for _, v := range columns[1] {
			moved[1] = append(moved[1], (v+1e3)*factor)
		}
		got := fit(t, scaled, moved, Settings{})
		within(t, "age", got.Coefficients[1].Estimate*factor, want.Coefficients[1].Estimate, 1e-7)
		within(t, "prio", got.Coefficients[6].StdErr, want.Coefficients[6].StdErr, 1e-7)
		within(t, "log-likelihood", got.LogLikelihood, want.LogLikelihood, 1e-9)
	}
}

func TestManyRowsAreSortedAsFewAre(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, spread := range []float64{3, 1e-300, 1e300} {
		var d Data
		for i := range 5000 {
			v := spread * r.ExpFloat64()
			if i%2 == 0 {
				v = math.Floor(20 * r.Float64())
			}
			if i%7 == 0 {
				v = math.Copysign(0, -1)
			}
			d.Time = append(d.Time, v)
		}
		want := make([]int32, len(d.Time))
		for i := range want {
			want[i] = int32(i)
		}
		slices.SortStableFunc(want, func(a, b int32) int { return cmp.Compare(d.Time[a], d.Time[b]) })
		if !slices.Equal(d.order(), want) {
			t.Errorf("spread %g: another order", spread)
		}
	}
}

func BenchmarkKaplanMeier(b *testing.B) {
	d, _ := big(1_000_000)
	b.ResetTimer()
	for range b.N {
		if _, err := KaplanMeier(d, 0.95); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(d.Time)*b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkCox(b *testing.B) {
	d, columns := big(200_000)
	b.ResetTimer()
	for range b.N {
		fit(b, d, columns, Settings{})
	}
	b.ReportMetric(float64(len(d.Time)*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// big are contracts in months with eight columns.
func big(n int) (Data, [][]float64) {
	r := rand.New(rand.NewPCG(5, 5))
	var d Data
	columns := make([][]float64, 8)
	for range n {
		lp := 0.0
		for j := range columns {
			v := r.NormFloat64()
			lp += 0.1 * v
			columns[j] = append(columns[j], v)
		}
		time, end := math.Ceil(40*r.ExpFloat64()/math.Exp(lp)), float64(1+r.IntN(72))
		d.Time, d.Event = append(d.Time, min(time, end)), append(d.Event, time <= end)
	}
	return d, columns
}
