package paretonbd

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"clientele/models/modelstest/shopdata"
)

// sampleParams are the estimates on cdnow_sample of reference/clv.md.
var sampleParams = Params{R: 0.553277, Alpha: 10.577684, S: 0.606240, Beta: 11.668731}

func close(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s: %.12g, want %.12g (relative %.1g)", what, got, want, math.Abs(got/want-1))
	}
}

// one calls a function over slices for one customer.
func one(f func(dst, x, tx, t []float64), x, tx, t float64) float64 {
	dst := []float64{math.NaN()}
	f(dst, []float64{x}, []float64{tx}, []float64{t})
	return dst[0]
}

func expected(p Params, h, x, tx, t float64) float64 {
	return one(func(dst, x, tx, t []float64) { ExpectedOrdersTo(dst, p, h, x, tx, t) }, x, tx, t)
}

func discounted(p Params, h, rate, x, tx, t float64) float64 {
	return one(func(dst, x, tx, t []float64) { DiscountedOrdersTo(dst, p, h, rate, x, tx, t) }, x, tx, t)
}

func noPurchase(p Params, h, x, tx, t float64) float64 {
	return one(func(dst, x, tx, t []float64) { NoPurchaseTo(dst, p, h, x, tx, t) }, x, tx, t)
}

func alive(p Params, x, tx, t float64) float64 {
	return one(func(dst, x, tx, t []float64) { PAliveTo(dst, p, x, tx, t) }, x, tx, t)
}

// The spot values of reference/clv.md, printed there to six decimals; those of
// silence and of discounted orders come from a grid integration, good to 1e-5.
func TestSpotValues(t *testing.T) {
	weekly := math.Log(1.1) / 52
	yearly := math.Log(1.1) / 365 * 7 // a day, in weeks
	for _, c := range []struct {
		id                                      string
		x, tx, t                                float64 // days
		cet, alive, dert, cet52, silent, worth1 float64 // zero: not in the reference
	}{
		{"1", 2, 213, 272, 1.455202, .869134, 8.156292, 1.850890, .635519, 1.775397},
		{"2", 1, 12, 272, .171114, .167996, .959082, .217643, .952450, .208765},
		{"6", 7, 206, 272, 3.712087, .749453, 20.805958, 4.721453, .410839, 4.528875},
		{"19", 3, 198, 271, 1.884608, .806828, 10.554972, 2.396859, 0, 0},
		{"1516", 26, 216, 217, 20.114821, .997873, 107.738385, 25.455183, 0, 0},
	} {
		p, x, tx, T := sampleParams, c.x, c.tx/7, c.t/7
		printed := func(what string, got, want, digits float64) {
			t.Helper()
			// Half a unit of the last digit printed, or 1e-6 relative.
			if !(math.Abs(got-want) <= max(1e-6*want, 0.5*math.Pow(10, -digits)*1.000001)) {
				t.Errorf("customer %s: %s %.8f, want %.6f", c.id, what, got, want)
			}
		}
		printed("CET 39 weeks", expected(p, 39, x, tx, T), c.cet, 6)
		printed("P(alive)", alive(p, x, tx, T), c.alive, 6)
		printed("DERT", discounted(p, math.Inf(1), weekly, x, tx, T), c.dert, 6)
		printed("CET 52 weeks", expected(p, 52, x, tx, T), c.cet52, 6)
		if c.silent > 0 {
			close(t, "customer "+c.id+": no purchase in 90 days", noPurchase(p, 90.0/7, x, tx, T), c.silent, 1e-5)
			close(t, "customer "+c.id+": discounted orders", discounted(p, 365.0/7, yearly, x, tx, T), c.worth1, 1e-5)
		}
	}
}

// Log-likelihoods, forecasts and errors of the table in reference/clv.md at
// the parameters printed there.
func TestHoldout(t *testing.T) {
	for _, c := range []struct {
		set     string
		p       Params
		ll      float64
		holdout shopdata.Holdout
	}{
		{"cdnow_sample.csv", sampleParams, -9594.97618, shopdata.Holdout{1665.513, .8850, .754523, 1.602848, .630223, .446277}},
		{"cdnow.csv", Params{.597420, 11.585659, .522186, 8.827758}, -95415.11862, shopdata.Holdout{17153.189, .8714, .793766, 1.726153, .670779, .446434}},
		// The NBD of Online Retail, 23 1/7 weeks.
		{"online_retail.csv", Params{R: .7442094, Alpha: 9.0474146}, -15325.45531, shopdata.Holdout{5634.81, .8769, 1.366542, 2.215437, .824416, 1}},
	} {
		t.Run(c.set, func(t *testing.T) {
			s, h := (*shopdata.Base)(nil), 39.0
			if c.p.S == 0 {
				s, h = shopdata.OnlineRetail(t), 23+1.0/7
			} else {
				s = shopdata.CDNOW(t, c.set)
			}
			x, tx, T := s.Weeks()
			if ll := LogLikelihood(c.p, x, tx, T); math.Abs(ll-c.ll) > 1e-3 {
				t.Errorf("log-likelihood %.6f, want %.6f", ll, c.ll)
			}
			forecast, pAlive := make([]float64, len(x)), make([]float64, len(x))
			ExpectedOrdersTo(forecast, c.p, h, x, tx, T)
			PAliveTo(pAlive, c.p, x, tx, T)
			// The parameters are rounded to six digits too: two units of the last.
			if d := c.holdout.Differs(s, forecast, pAlive, 2e-6, 1); d != "" {
				t.Error(d)
			}
		})
	}
}

// closedForm is the log-likelihood as Fader & Hardie (2005) print it, with a
// difference of two 2F1, in 400 bits but for powers and logs: an independent
// way to the same number.
func closedForm(p Params, x, tx, t float64) float64 {
	m := p.R + p.S + x
	rising, _ := math.Lgamma(p.R + x)
	base, _ := math.Lgamma(p.R)
	front := rising - base + p.R*math.Log(p.Alpha) + p.S*math.Log(p.Beta)
	silent := -(p.R+x)*math.Log(p.Alpha+t) - p.S*math.Log(p.Beta+t)
	big1, b, gap := p.Alpha, p.S+1, p.Alpha-p.Beta
	if p.Alpha < p.Beta {
		big1, b, gap = p.Beta, p.R+x, p.Beta-p.Alpha
	}
	first := logHyp2F1(m, b, gap/(big1+tx)) - m*math.Log(big1+tx)
	second := logHyp2F1(m, b, gap/(big1+t)) - m*math.Log(big1+t)
	lost := math.Inf(-1)
	if t > tx {
		lost = math.Log(p.S/m) + first + math.Log(-math.Expm1(second-first))
	}
	top := max(silent, lost)
	return front + top + math.Log(math.Exp(silent-top)+math.Exp(lost-top))
}

// logHyp2F1 is ln 2F1(a, b; a+1; z) for 0 <= z < 1, by its series, whose terms
// are all positive: sum of (b)_k/k! z^k a/(a+k).
func logHyp2F1(a, b, z float64) float64 {
	number := func(v float64) *big.Float { return new(big.Float).SetPrec(400).SetFloat64(v) }
	sum, power := number(1), number(1)
	for k := 1.0; k < 200_000; k++ {
		power.Mul(power, number((b+k-1)*z))
		power.Quo(power, number(k))
		term := number(a)
		term.Mul(term, power)
		term.Quo(term, number(a+k))
		sum.Add(sum, term)
		if term.MantExp(nil) < sum.MantExp(nil)-70 && (b+k)/(k+1)*z < 1 {
			break
		}
	}
	mantissa := new(big.Float)
	exponent := sum.MantExp(mantissa)
	f, _ := mantissa.Float64()
	return math.Log(f) + float64(exponent)*math.Ln2
}

func TestLogLikelihoodIsTheClosedForm(t *testing.T) {
	for _, p := range []Params{
		sampleParams,                  // α < β, near
		{.5974, 11.5857, .5222, 8.83}, // α > β, near
		{.8, 5, .5, 5},                // α = β
		{.8, 5, .5, 5 + 1e-9},
		{.3, 40, .2, 1.5}, {2.5, 3, 1, 60}, {.05, .4, 3, 12}, {12, 30, 7, 200},
	} {
		for _, c := range []struct{ x, tx, t float64 }{
			{0, 0, 0}, {0, 0, 1.0 / 7}, {0, 0, 38}, {0, 0, 156}, {1, 1.714, 38.857}, {3, 10, 10}, {26, 30.857, 31},
			{200, 38, 40}, {200, 20, 150}, {2000, 300, 320}, {5000, 700, 1500},
		} {
			got, want := LogLikelihood(p, []float64{c.x}, []float64{c.tx}, []float64{c.t}), closedForm(p, c.x, c.tx, c.t)
			if !(math.Abs(got-want) <= 2e-11*max(1, math.Abs(want))) {
				t.Errorf("%+v %+v: %.14g, closed form %.14g", p, c, got, want)
			}
		}
	}
}

// simpson integrates slowly and plainly.
func simpson(f func(float64) float64, a, b float64, n int) float64 {
	h := (b - a) / float64(2*n)
	sum := f(a) + f(b)
	for k := 1; k < 2*n; k++ {
		sum += f(a+float64(k)*h) * float64(2+2*(k%2))
	}
	return sum * h / 3
}

// Survival over a horizon against Simpson's rule, among them an s at and near
// 1, where the closed form has 0/0.
func TestSurvival(t *testing.T) {
	for _, p := range []Params{sampleParams, {1, 1, 1, 4}, {1, 1, 1 + 1e-9, 4}, {1, 1, 30, 50}, {1, 1, 1e-5, 1e6}, {1, 1, .2, .3}} {
		for _, age := range []float64{0, 3, 150} {
			for _, rate := range []float64{0, .0018, .05} {
				for _, h := range []float64{1.0 / 7, 39, 365.0 / 7, 600} {
					f := func(v float64) float64 {
						return math.Exp(-rate*v) * math.Pow((p.Beta+age)/(p.Beta+age+v), p.S)
					}
					close(t, "survival", survival(p, age, h, rate), simpson(f, 0, h, 20_000), 1e-9)
				}
			}
		}
	}
	// Without end: ∫ e^(-δv) (1+v/b)^-s dv = b e^z E_s(z), z = δb; at s = 1 and z = 1 e E_1(1) = 0.596347362323194.
	close(t, "e E_1(1)", survival(Params{S: 1, Beta: 10}, 0, math.Inf(1), .1), 10*0.596347362323194, 1e-13)
	if got := survival(Params{S: 0.5, Beta: 1}, 0, math.Inf(1), 0); !math.IsInf(got, 1) {
		t.Errorf("s below one without discount lives for ever, not %v", got)
	}
	close(t, "no end, no discount", survival(Params{S: 3, Beta: 10}, 4, math.Inf(1), 0), 7, 1e-14)
	close(t, "no churn", survival(Params{}, 4, math.Inf(1), .1), 10, 1e-14)
}

func anyParams() *rapid.Generator[Params] {
	return rapid.Custom(func(t *rapid.T) Params {
		log := func(low, high float64, name string) float64 {
			return math.Exp(rapid.Float64Range(math.Log(low), math.Log(high)).Draw(t, name))
		}
		return Params{R: log(.01, 50, "r"), Alpha: log(.05, 500, "alpha"), S: log(1e-4, 50, "s"), Beta: log(.01, 5000, "beta")}
	})
}

// drawHistory draws a possible history, in days.
func drawHistory(t *rapid.T) (x, tx, T int) {
	T = rapid.IntRange(0, 1500).Draw(t, "T")
	if rapid.Bool().Draw(t, "repeat") && T > 0 {
		tx = rapid.IntRange(1, T).Draw(t, "t_x")
		x = rapid.IntRange(1, tx).Draw(t, "x")
	}
	return x, tx, T
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyParams().Draw(t, "params")
		xd, txd, td := drawHistory(t)
		x, tx, T := float64(xd), float64(txd)/7, float64(td)/7
		h := rapid.Float64Range(0.01, 200).Draw(t, "h")
		ll := logLikelihood(p, x, tx, T)
		if math.IsNaN(ll) || math.IsInf(ll, 0) {
			t.Fatalf("log-likelihood %v", ll)
		}
		a, silent, orders := alive(p, x, tx, T), noPurchase(p, h, x, tx, T), expected(p, h, x, tx, T)
		if !(a >= 0 && a <= 1) || !(silent >= -1e-15 && silent <= 1) || !(orders >= 0) {
			t.Fatalf("P(alive) %v, silence %v, orders %v", a, silent, orders)
		}
		// Silence is the ratio of two likelihoods, reached another way.
		ratio := math.Exp(logLikelihood(p, x, tx, T+h) - ll)
		if math.Abs(ratio-silent) > 1e-9 {
			t.Fatalf("silence %v, likelihoods' ratio %v", silent, ratio)
		}
		// At least one purchase is no more probable than purchases are expected (Markov).
		if 1-silent > orders*(1+1e-9)+1e-12 {
			t.Fatalf("some purchase %v, expected %v", 1-silent, orders)
		}
		if alive(p, x, tx, T+1) > a*(1+1e-12) {
			t.Fatalf("a week of silence raised P(alive) from %v", a)
		}
		if noPurchase(p, h+1, x, tx, T) > silent+1e-12 || expected(p, h+1, x, tx, T) < orders*(1-1e-12) {
			t.Fatal("a longer window holds fewer purchases")
		}
		if d := discounted(p, h, .002, x, tx, T); d > orders*(1+1e-12) || d < orders*math.Exp(-.002*h)*(1-1e-12) {
			t.Fatalf("discounted %v of %v", d, orders)
		}
		// A new customer's future is the same by both formulas.
		if got, want := ExpectedPurchases(p, h), expected(p, h, 0, 0, 0); math.Abs(got-want) > 1e-11*want {
			t.Fatalf("E[X(%v)] %v, conditional on nothing %v", h, got, want)
		}
		// s to zero is the model without churn, but for silences that no buyer so
		// frequent makes, where any churn is the better explanation.
		q, nbd := p, p
		q.S, nbd.S = 1e-14, 0
		if logStay(nbd, x, tx, T) < -10 {
			return
		}
		if got, want := logLikelihood(q, x, tx, T), logLikelihood(nbd, x, tx, T); math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
			t.Fatalf("s 1e-14: %v, without churn %v", got, want)
		}
	})
}

func TestUnequalLengthsPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	LogLikelihood(sampleParams, []float64{1}, nil, []float64{1})
}
