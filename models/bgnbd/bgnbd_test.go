package bgnbd

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/modelstest"
	"clientele/models/modelstest/shopdata"
	"clientele/models/purchase"
)

func mustFit(t testing.TB, m *purchase.Model, in *table.Table) *purchase.Fitted {
	t.Helper()
	f, err := m.Fit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return f.(*purchase.Fitted)
}

func mustScore(t testing.TB, f *purchase.Fitted, in *table.Table) *table.Table {
	t.Helper()
	dst := f.Model().Spec().Make(in.Rows())
	if err := f.Score(t.Context(), dst, in); err != nil {
		t.Fatal(err)
	}
	return dst
}

func codes(r models.Report) string {
	var all []string
	for _, w := range r.Warnings {
		all = append(all, w.Code)
	}
	return strings.Join(all, " ")
}

// figures of one model and data set in the table of reference/clv.md.
type figures struct {
	set     string
	p       Params
	ll      float64
	errors  []float64
	holdout shopdata.Holdout
}

var modified = Clock{Modified: true}

func published() []figures {
	return []figures{
		{"cdnow_sample.csv", sampleBG, -9582.42921, []float64{.01256, .37822, .18573, .70541}, shopdata.Holdout{1653.409, .8785, .785454, 1.607982, .625647, .813440}},
		{"cdnow_sample.csv", sampleMBG, -9582.13572, nil, shopdata.Holdout{1576.728, .8378, .764779, 1.607183, .627253, .448721}},
		{"cdnow.csv", Params{R: .251624, Alpha: 4.788942, A: .723434, B: 2.161088}, -95368.44393, nil, shopdata.Holdout{16873.733, .8572, .818742, 1.732911, .668790, .815240}},
		{"cdnow.csv", Params{R: .637140, Alpha: 7.310290, A: .807474, B: 1.228394, Clock: modified}, -95336.95832, nil, shopdata.Holdout{15933.600, .8095, .794536, 1.739618, .669649, .405616}},
		// The boundary: the NBD of Online Retail, 23 1/7 weeks.
		{"online_retail.csv", Params{R: .7442094, Alpha: 9.0474146}, -15325.45531, nil, shopdata.Holdout{5634.81, .8769, 1.366542, 2.215437, .824416, 1}},
	}
}

func (f figures) name() string { return Family{f.p.Clock}.Name() + " " + f.set }

func (f figures) base(t testing.TB) (b *shopdata.Base, weeks float64) {
	if f.set == "online_retail.csv" {
		return shopdata.OnlineRetail(t), 23 + 1.0/7
	}
	return shopdata.CDNOW(t, f.set), 39
}

// At the printed parameters, to the digits shown.
func TestHoldout(t *testing.T) {
	for _, c := range published() {
		t.Run(c.name(), func(t *testing.T) {
			b, h := c.base(t)
			x, tx, T := b.Weeks()
			if ll := LogLikelihood(c.p, x, tx, T); math.Abs(ll-c.ll) > 1e-4 {
				t.Errorf("log-likelihood %.6f, want %.5f", ll, c.ll)
			}
			forecast, pAlive := make([]float64, len(x)), make([]float64, len(x))
			ExpectedOrdersTo(forecast, c.p, h, x, tx, T)
			PAliveTo(pAlive, c.p, x, tx, T)
			if d := c.holdout.Differs(b, forecast, pAlive, 2e-6, 1); d != "" {
				t.Error(d)
			}
			// Several horizons in one pass.
			both := make([]float64, 2*len(x))
			ExpectedOrdersAtTo(both, c.p, []float64{3, h}, x, tx, T)
			for i := range x {
				if both[2*i+1] != forecast[i] || both[2*i] > forecast[i] {
					t.Fatalf("customer %d: %v and %v at two horizons, %v at one", i, both[2*i], both[2*i+1], forecast[i])
				}
			}
		})
	}
}

// After a fit of one's own.
func TestFitCDNOW(t *testing.T) {
	for _, c := range published()[:4] {
		t.Run(c.name(), func(t *testing.T) {
			b, _ := c.base(t)
			f := mustFit(t, &purchase.Model{Family: Family{c.p.Clock}, Horizon: 39 * 7}, b.Table())
			r := f.Report()
			if r.Status != models.Converged || r.Method != f.Family().Name() || len(r.Warnings) > 0 || r.Rows != len(b.X) {
				t.Fatalf("%+v", r)
			}
			if math.Abs(r.LogLikelihood-c.ll) > 1e-3 {
				t.Errorf("log-likelihood %.6f, want %.5f", r.LogLikelihood, c.ll)
			}
			for i, want := range c.p.Values() {
				close(t, r.Parameters[i].Name, r.Parameters[i].Value, want, 1e-4)
			}
			for i, want := range c.errors {
				close(t, "standard error of "+r.Parameters[i].Name, f.StandardErrors()[i].Value, want, 0.01)
			}
			dst := mustScore(t, f, b.Table())
			if d := c.holdout.Differs(b, dst.Floats("expected_orders"), dst.Floats("p_alive"), 2e-4, 20); d != "" {
				t.Error(d)
			}
		})
	}
}

// Online Retail's likelihood is greatest without churn (reference/clv.md):
// every model of the family must end there, and say so.
func TestFitOnlineRetail(t *testing.T) {
	c := published()[4]
	b, _ := c.base(t)
	in := b.Table()
	for _, family := range []purchase.Family{Family{}, Family{modified}} {
		f := mustFit(t, &purchase.Model{Family: family, Horizon: 162}, in)
		r := f.Report()
		if r.Status != models.Boundary || r.Method != purchase.MethodNBD || codes(r) != "zero_churn" {
			t.Fatalf("%s: %+v, %v", family.Name(), r, f.Variants())
		}
		if math.Abs(r.LogLikelihood-c.ll) > 1e-3 {
			t.Errorf("log-likelihood %.6f", r.LogLikelihood)
		}
		if len(r.Parameters) != 2 || len(f.StandardErrors()) != 2 {
			t.Errorf("parameters printed as estimates: %v", r.Parameters)
		}
		dst := mustScore(t, f, in)
		one := make([]float64, len(b.X))
		for i, v := range dst.Floats("p_alive") {
			if !math.IsNaN(v) {
				t.Fatal("p_alive without identifiable churn")
			}
			one[i] = 1
		}
		if d := c.holdout.Differs(b, dst.Floats("expected_orders"), one, 2e-4, 20); d != "" {
			t.Error(d)
		}
	}
}

// Its buyers are regular, which is what the boundary hides: with the gaps known
// k = 2 gains 380 units of log-likelihood, and some churn is seen.
func TestRegularOnlineRetail(t *testing.T) {
	b := shopdata.OnlineRetail(t)
	for _, c := range []struct {
		modified bool
		best     string
	}{{false, "bg_cnbd_2"}, {true, "mbg_cnbd_2"}} {
		f := mustFit(t, &purchase.Model{Family: Regular{Modified: c.modified}, Horizon: 162}, b.Table())
		r := f.Report()
		if r.Method != c.best || r.Status != models.Converged || r.LogLikelihood < f.Variants()[0].LogLikelihood+300 {
			t.Errorf("%+v of %+v", r, f.Variants())
		}
		// The chosen likelihood is that of the formula with its constant.
		x, tx, T := b.Weeks()
		var purchases, gaps float64
		for i := range x {
			purchases, gaps = purchases+x[i], gaps+b.Gaps[i]
		}
		p := Family{Clock{Modified: c.modified, K: 2}}.params(f.Params())
		close(t, "log-likelihood", LogLikelihood(p, x, tx, T)+GapConstant(2, purchases, gaps), r.LogLikelihood, 1e-11)
	}
}

// BG/NBD's P(alive) is 1 for who bought once, which is no praise: as a churn
// score it orders customers the wrong way round.
func TestPAliveIsNoChurnScore(t *testing.T) {
	for _, silent := range []float64{0, 1, 38, 500} {
		if a := alive(sampleBG, 0, 0, silent); a != 1 {
			t.Errorf("P(alive) %v after %v weeks without a repeat", a, silent)
		}
	}
	b := shopdata.CDNOW(t, "cdnow_sample.csv")
	x, tx, T := b.Weeks()
	score := make([]float64, len(x))
	PAliveTo(score, sampleBG, x, tx, T)
	if got := auc(score, b.Later); math.Abs(got-.316) > 5e-4 {
		t.Errorf("AUC of P(alive) %.4f, want .316 (reference/clv.md)", got)
	}
	NoPurchaseTo(score, sampleBG, 39, x, tx, T)
	for i := range score {
		score[i] = -score[i]
	}
	if got := auc(score, b.Later); got < .75 {
		t.Errorf("AUC of a purchase's probability %.4f", got)
	}
}

// auc is the chance that a customer who bought later has the higher score.
func auc(score, later []float64) float64 {
	var wins, pairs float64
	for i, s := range score {
		for j, v := range score {
			if later[i] > 0 && later[j] == 0 {
				pairs++
				if s > v {
					wins++
				} else if s == v {
					wins += 0.5
				}
			}
		}
	}
	return wins / pairs
}

// Grouped and tabled, the likelihood is that of the formula; its gradient that
// of the formula and of finite differences. Few histories go without tables.
func TestGroupedLikelihood(t *testing.T) {
	rows := simulate(Params{R: 1, Alpha: 3, A: .6, B: 3}, 3000, 500, 300, 0, 9).Histories()
	for k := range 40 { // heavy buyers
		rows = append(rows, purchase.History{X: 900, Tx: 1200, T: 1300 + k})
	}
	rows = append(rows, purchase.History{X: 2000, Tx: 2100, T: 2400}, purchase.History{X: 1, Tx: 1, T: 1})
	counts := make([]float64, len(rows))
	for i := range counts {
		counts[i] = []float64{1, 2, 0.7, 3}[i%4]
	}
	for _, n := range []int{len(rows), few / 2} {
		part := slices.Clone(rows[len(rows)-n:])
		h, err := purchase.Group(part, counts[:n])
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []Params{
			truth, {2, 1, 3, .05, Clock{}}, {.1, .1, 1e-4, 900, modified}, {30, 200, 20, 90, modified}, {1, 7, 1e-5, 1e6, Clock{}},
			{.7, 3, .7, 2.2, Clock{K: 2}}, {1.1, 2, .6, 1.2, Clock{Modified: true, K: 3}}, {4, 9, .2, .9, Clock{K: 12}},
			{.8, 9, 0, 0, Clock{K: 2}}, {.8, 9, 0, 0, Clock{K: 12}},
		} {
			var family purchase.Family = Family{p.Clock}
			values := p.Values()
			if p.A == 0 {
				family, values = loyal{p.K}, values[:2]
			}
			gradient := make([]float64, len(values))
			value := family.LogLikelihood(h, values, gradient, nil, 1)
			formula := func(p Params) (sum float64) {
				for i, r := range part {
					x, tx, T := weeks(r)
					sum += counts[i] * (likelihood(p, x, tx, T) + SpanConstant(p.ticks(), x, tx))
				}
				return sum
			}
			close(t, fmt.Sprintf("%+v", p), value, formula(p), 1e-11)
			var slopes [4]float64
			for i, r := range part {
				x, tx, T := weeks(r)
				v, g := LogLikelihoodGradient(p, []float64{x}, []float64{tx}, []float64{T})
				close(t, "value beside the gradient", v, likelihood(p, x, tx, T), 1e-14)
				for j := range g {
					slopes[j] += counts[i] * g[j]
				}
			}
			for i := range gradient {
				at := func(d float64) float64 {
					q := slices.Clone(values)
					q[i] *= 1 + d
					if p.A == 0 {
						return formula(loyal{p.K}.params(q))
					}
					return formula(Family{p.Clock}.params(q))
				}
				const d = 1e-3
				numeric := (8*(at(d)-at(-d)) - (at(2*d) - at(-2*d))) / (12 * d * values[i])
				noise := 1e-9 * math.Abs(value) / values[i]
				if !(math.Abs(numeric-gradient[i]) <= 1e-7*math.Abs(numeric)+noise) {
					t.Errorf("%+v: derivative %d is %.12g, by differences %.12g", p, i, gradient[i], numeric)
				}
				if !(math.Abs(slopes[i]-gradient[i]) <= 1e-9*math.Abs(gradient[i])+1e-3*noise) {
					t.Errorf("%+v: derivative %d is %.12g, of the formula %.12g", p, i, gradient[i], slopes[i])
				}
			}
			for _, workers := range []int{2, 7} {
				g := make([]float64, len(values))
				if v := family.LogLikelihood(h, values, g, nil, workers); v != value || !slices.Equal(g, gradient) {
					t.Errorf("%d workers: %v %v, not %v %v", workers, v, g, value, gradient)
				}
			}
			if v := family.LogLikelihood(h, values, nil, nil, 1); v != value {
				t.Errorf("without a gradient %v, not %v", v, value)
			}
		}
	}
}

// What many customers share is what the formulas say.
func TestKeptForecastsAreTheFormulas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyParams().Draw(t, "params")
		x, tx, T := drawHistory(t)
		h := purchase.History{X: x, Tx: tx, T: T}
		window := rapid.IntRange(1, 400).Draw(t, "window")
		s := purchase.Settings{Horizon: 365, Rate: math.Log(1.1) / 52, Window: window, Longest: 1500}
		l, plain := newLaw(p, s), newLaw(p, purchase.Settings{Horizon: s.Horizon, Rate: s.Rate, Window: s.Window})
		for range 2 { // the second time from what was kept
			if got, want := l.Score(h), plain.Score(h); got != want {
				t.Fatalf("%+v, formulas %+v", got, want)
			}
		}
		want := plain.Score(h)
		alive, expected := l.Quick(h)
		several := make([]float64, 3)
		l.ExpectedTo(several, h, []int{30, 365, 2000})
		if alive != want.Alive || l.PAlive(h) != alive || expected != want.Expected || several[1] != expected ||
			l.Discounted(h, 365, s.Rate) != want.Discounted || l.NoPurchase(h, window) != want.Silent {
			t.Fatalf("%+v, but P(alive) %v, expected %v %v, silence %v", want, alive, expected, several, l.NoPurchase(h, window))
		}
		switch next := want.Next; {
		case next > 0 && (l.NoPurchase(h, next) > 0.5+1e-12 || next > 1 && l.NoPurchase(h, next-1) <= 0.5-1e-12):
			t.Fatalf("next order by day %d, silence to it %v, to the day before %v", next, l.NoPurchase(h, next), l.NoPurchase(h, next-1))
		case next == 0 && l.NoPurchase(h, purchase.Farthest) <= 0.5-1e-12:
			t.Fatal("no next order, but a likely one within ten years")
		}
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

// Finite, in range and consistent, for any parameters and any customer.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range times(10) { // a hundred examples are few for so many corners
			properties(t)
		}
	})
}

func properties(t *rapid.T) {
	p := anyParams().Draw(t, "params")
	xd, txd, td := drawHistory(t)
	if rapid.IntRange(0, 9).Draw(t, "extreme") == 0 {
		e := rapid.SampledFrom([][3]int{{0, 0, 0}, {0, 0, 1}, {1, 1, 1}, {1000, 1000, 1000}, {1000, 1400, 1500}, {1, 1500, 1500}, {3, 3, 1500}}).Draw(t, "customer")
		xd, txd, td = e[0], e[1], e[2]
	}
	x, tx, T := weeks(purchase.History{X: xd, Tx: txd, T: td})
	h := rapid.Float64Range(0.01, 200).Draw(t, "h")
	ll, gradient := LogLikelihoodGradient(p, []float64{x}, []float64{tx}, []float64{T})
	for _, v := range append(gradient[:], ll) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("log-likelihood %v, gradient %v", ll, gradient)
		}
	}
	a, silent, orders := alive(p, x, tx, T), noPurchase(p, h, x, tx, T), expected(p, h, x, tx, T)
	if !(a >= 0 && a <= 1) || !(silent >= 0 && silent <= 1) || !(orders >= 0) || math.IsInf(orders, 1) {
		t.Fatalf("P(alive) %v, silence %v, orders %v", a, silent, orders)
	}
	if !p.Modified && x == 0 && a != 1 {
		t.Fatalf("BG/NBD: P(alive) %v without a repeat purchase", a)
	}
	// Silence is the ratio of two likelihoods, reached another way.
	if ratio := math.Exp(likelihood(p, x, tx, T+h) - ll); math.Abs(ratio-silent) > 1e-9 {
		t.Fatalf("silence %v, likelihoods' ratio %v", silent, ratio)
	}
	if 1-silent > orders*(1+1e-9)+1e-12 { // Markov
		t.Fatalf("some purchase %v, expected %v", 1-silent, orders)
	}
	if alive(p, x, tx, T+1) > a*(1+1e-12) {
		t.Fatalf("a week of silence raised P(alive) from %v", a)
	}
	if noPurchase(p, h+1, x, tx, T) > silent+1e-12 || expected(p, h+1, x, tx, T) < orders*(1-1e-12) {
		t.Fatal("a longer window holds fewer purchases")
	}
	const rate = .002
	worth := discounted(p, h, rate, x, tx, T)
	if worth > orders*(1+1e-6) || worth < orders*math.Exp(-rate*h)*(1-1e-12) {
		t.Fatalf("discounted %v of %v", worth, orders)
	}
	if all := discounted(p, math.Inf(1), rate, x, tx, T); !(all >= worth*(1-1e-6)) || math.IsInf(all, 1) {
		t.Fatalf("discounted %v in all time, %v in %v weeks", all, worth, h)
	}
	if got, want := ExpectedPurchases(p, h), expected(p, h, 0, 0, 0); got != want {
		t.Fatalf("E[X(%v)] %v, conditional on nothing %v", h, got, want)
	}
	pmf := make([]float64, 40)
	rest := PurchasesTo(pmf, p, h, x, tx, T)
	sum, mean := rest, 0.0
	for n, v := range pmf {
		if !(v >= 0 && v <= 1) {
			t.Fatalf("P(%d) %v", n, v)
		}
		sum, mean = sum+v, mean+float64(n)*v
	}
	if math.Abs(sum-1) > 1e-12 || math.Abs(pmf[0]-silent) > 1e-11 || mean > orders*(1+1e-9)+1e-10 || rest < 1e-14 && mean < orders*(1-1e-7)-1e-10 {
		t.Fatalf("probabilities %v in all, P(0) %v for %v, mean %v of %v, more %v", sum, pmf[0], silent, mean, orders, rest)
	}
}

// Both ways to the expected orders of one tick, with z near 1, a near 1, q of
// either sign, against one another: the sum over ticks holds no transformation.
func TestEulerIsThePlainSum(t *testing.T) {
	for _, p := range []Params{
		sampleBG, sampleMBG, {R: .25, Alpha: 4, A: 1, B: 2}, {R: .25, Alpha: 4, A: 1 + 1e-12, B: 2}, {R: .25, Alpha: 4, A: 1 - 1e-7, B: 2},
		{R: 3, Alpha: 8, A: .3, B: .2}, {R: .25, Alpha: 4, A: 1e-5, B: 1e6}, {R: .1, Alpha: .1, A: 40, B: 900}, {R: .25, Alpha: 4, A: .4, B: .6},
	} {
		for _, c := range append(histories, struct{ x, tx, t float64 }{1000, 200, 210}, struct{ x, tx, t float64 }{150, 30, 90}) {
			for _, h := range []float64{1.0 / 7, 39, 600} {
				q := p.customer(c.x, c.tx, c.t)
				close(t, fmt.Sprintf("%+v %+v %v", p, c, h), q.expectedPlain(h), q.expectedAfter(0, h), 3e-12)
			}
			for _, u := range []float64{farAhead, 10 * farAhead} {
				q := p.customer(c.x, c.tx, c.t)
				if p.R+c.x < 100 {
					close(t, fmt.Sprintf("%+v %+v far ahead, %v", p, c, u), q.expectedFar(u), q.expectedAfter(0, u*q.beta), 1e-10)
				}
			}
		}
	}
}

// Discounted orders of regular buyers against Simpson's rule over the purchases
// that come in each piece of time, and without end against a long horizon.
func TestDiscountedOrders(t *testing.T) {
	for _, p := range append(slices.Clone(brute), Params{R: 5, Alpha: 3, A: .2, B: 2, Clock: Clock{K: 6}}, Params{R: 2, Alpha: 9, Clock: Clock{K: 3}}, Params{R: 2, Alpha: 9}) {
		for _, c := range histories {
			const h, rate, n = 52, .02, 4000
			var sum float64
			before := 0.0
			for i := 1; i <= n; i++ {
				m := expected(p, h*float64(i)/n, c.x, c.tx, c.t)
				sum += (m - before) * math.Exp(-rate*h*(float64(i)-0.5)/n)
				before = m
			}
			what := fmt.Sprintf("%+v %+v", p, c)
			close(t, what, discounted(p, h, rate, c.x, c.tx, c.t), sum, 1e-6)
			close(t, what+" for ever", discounted(p, math.Inf(1), rate, c.x, c.tx, c.t), discounted(p, 59.9/rate, rate, c.x, c.tx, c.t), 1e-8)
		}
	}
	// Without discount, the mean number of purchases to come is that of 1/p, where there is one.
	p := Params{R: 1, Alpha: 5, A: 3, B: 4}
	close(t, "no discount, no end", discounted(p, math.Inf(1), 0, 2, 10, 20), alive(p, 2, 10, 20)*(3+6-1)/(3-1), 1e-13)
	close(t, "nor in the limit", discounted(p, math.Inf(1), 1e-9, 2, 10, 20), alive(p, 2, 10, 20)*4, 1e-4)
	if v := discounted(sampleBG, math.Inf(1), 0, 2, 10, 20); !math.IsInf(v, 1) {
		t.Errorf("a below one without discount: %v orders", v)
	}
}

// One tick is the published model, written as published, and infinitely rare
// loss the one without.
func TestLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyParams().Draw(t, "params")
		xd, txd, td := drawHistory(t)
		x, tx, T := weeks(purchase.History{X: xd, Tx: txd, T: td})
		p.K = 0
		one := p
		one.K = 1
		lg := func(v float64) float64 { l, _ := math.Lgamma(v); return l }
		lbeta := func(a, b float64) float64 { return lg(a) + lg(b) - lg(a+b) }
		n := p.risks(x)
		want := lg(p.R+x) - lg(p.R) + p.R*math.Log(p.Alpha) + lbeta(p.A, p.B+n) - lbeta(p.A, p.B)
		odds := 0.0
		if n > 0 {
			odds = p.A / (p.B + n - 1)
		}
		ratio := math.Pow((p.Alpha+T)/(p.Alpha+tx), p.R+x)
		if math.IsInf(ratio, 1) {
			return // what the published form cannot
		}
		want += -(p.R+x)*math.Log(p.Alpha+T) + math.Log(1+odds*ratio)
		got := likelihood(one, x, tx, T)
		if got != likelihood(p, x, tx, T) || math.Abs(got-want) > 1e-9*max(1, math.Abs(want), lg(p.R+x), lg(p.A+p.B+n)) {
			t.Fatalf("log-likelihood %v, as published %v", got, want)
		}
		if a := 1 / (1 + odds*ratio); math.Abs(alive(p, x, tx, T)-a) > 1e-9 {
			t.Fatalf("P(alive) %v, as published %v", alive(p, x, tx, T), a)
		}
		p.K = rapid.IntRange(1, MostK).Draw(t, "k")
		rare, never := p, p
		rare.A, rare.B, never.A, never.B = 1e-13, 1e3, 0, 0
		if alive(rare, x, tx, T) < 1-1e-6 {
			return // a silence that no buyer so frequent makes
		}
		if a, b := likelihood(rare, x, tx, T), likelihood(never, x, tx, T); math.Abs(a-b) > 2e-6*max(1, math.Abs(b)) {
			t.Fatalf("a 1e-13: %v, without churn %v", a, b)
		}
		if a, b := expected(rare, 20, x, tx, T), expected(never, 20, x, tx, T); math.Abs(a-b) > 2e-6*max(1, b) {
			t.Fatalf("a 1e-13: %v orders, without churn %v", a, b)
		}
	})
}

// Weight two is twice the customer, and the order of rows does not matter.
func TestWeightsAndOrder(t *testing.T) {
	b := simulate(truth, 1500, 700, 400, 0, 3)
	in := b.Table()
	weights := make([]float64, len(b.X))
	twice, turned := &shopdata.Base{}, &shopdata.Base{}
	for i := range b.X {
		weights[i] = 1 + float64(i%2)
		for range 1 + i%2 {
			twice.Take(b, i, i+1)
		}
		turned.Take(b, len(b.X)-1-i, len(b.X)-i)
	}
	for _, family := range []purchase.Family{Family{}, Regular{Modified: true}} {
		fit := func(in *table.Table, weight string) string {
			f := mustFit(t, &purchase.Model{Family: family, Weight: weight}, in)
			return fmt.Sprintf("%.9g %.9g %s", f.Params(), f.Report().LogLikelihood, f.Family().Name())
		}
		weighted := table.New(append(slices.Clone(in.Columns()), &table.Column{Field: table.Field{Name: "w", Kind: table.Float}, Floats: weights})...)
		if a, b := fit(weighted, "w"), fit(twice.Table(), ""); a != b {
			t.Errorf("weight two: %s, twice: %s", a, b)
		}
		if a, b := fit(in, ""), fit(turned.Table(), ""); a != b {
			t.Errorf("in order: %s, turned: %s", a, b)
		}
	}
}

// A model in days is the model in weeks, in other units.
func TestUnits(t *testing.T) {
	days := sampleMBG
	days.Alpha *= 7
	for _, k := range []int{1, 3} {
		p, q := sampleMBG, days
		p.K, q.K = k, k
		for _, c := range histories {
			close(t, "P(alive)", alive(q, c.x, 7*c.tx, 7*c.t), alive(p, c.x, c.tx, c.t), 1e-13)
			close(t, "orders", expected(q, 7*20, c.x, 7*c.tx, 7*c.t), expected(p, 20, c.x, c.tx, c.t), 1e-13)
			close(t, "worth", discounted(q, 7*20, .01/7, c.x, 7*c.tx, 7*c.t), discounted(p, 20, .01, c.x, c.tx, c.t), 1e-12)
			// Of the x gaps of k ticks each, densities a week are 7^kx those of a day.
			close(t, "likelihood", likelihood(q, c.x, 7*c.tx, 7*c.t)+float64(k)*c.x*math.Log(7), likelihood(p, c.x, c.tx, c.t), 1e-12)
		}
	}
}

// Regularity is found, with the gaps known and without, and forecasts hold.
func TestRegularity(t *testing.T) {
	for _, c := range []Params{
		{R: .9, Alpha: 60, A: .7, B: 3, Clock: Clock{K: 1}},
		{R: .9, Alpha: 40, A: .7, B: 3, Clock: Clock{K: 2}},
		{R: 1.1, Alpha: 35, A: .6, B: 1.8, Clock: Clock{K: 3, Modified: true}},
	} {
		// Purchases are months apart: those of one day, which are merged, are few.
		b := simulate(c, 5000, 5000, 1500, 1500, 11)
		in := b.Table()
		for _, known := range []bool{true, false} {
			if !known {
				in = table.New(in.Columns()[:4]...)
			}
			f := mustFit(t, &purchase.Model{Family: Regular{Modified: c.Modified}, Horizon: 1500}, in)
			r := f.Report()
			if want := (Family{c.Clock}).Name(); r.Method != want || r.Status != models.Converged || len(f.Variants()) != MostK {
				t.Errorf("gaps known %v: %+v of %+v, want %s", known, r, f.Variants(), want)
				continue
			}
			for i, se := range f.StandardErrors() {
				want := c.Values()[i]
				if math.Abs(r.Parameters[i].Value-want) > 4*se.Value {
					t.Errorf("%s: %s %.4f, want %.4f (standard error %.4f)", r.Method, se.Name, r.Parameters[i].Value, want, se.Value)
				}
			}
			var promised, bought float64
			for i, e := range mustScore(t, f, in).Floats("expected_orders") {
				promised, bought = promised+e, bought+b.Later[i]
			}
			close(t, "orders in the holdout", promised, bought, 0.05)
		}
	}
}

// Weekly tracking of the sample: what is expected of a customer by age adds up
// to what is expected of the base, which is near what it did (2,457 repeat
// purchases in 39 weeks, reference/clv.md; and 4,339 in 78).
func TestTracking(t *testing.T) {
	b := shopdata.CDNOW(t, "cdnow_sample.csv")
	newcomers := make([]float64, 273)
	var bought, later float64
	for i, T := range b.T {
		newcomers[272-T]++
		bought, later = bought+float64(b.X[i]), later+b.Later[i]
	}
	for _, p := range []Params{sampleBG, sampleMBG} {
		law := Family{p.Clock}.At(p.Values(), purchase.Settings{})
		ends := purchase.Weeks(2 * 273)
		cumulative, weekly := purchase.Track(law, newcomers, ends)
		var sum float64
		for _, T := range b.T {
			sum += ExpectedPurchases(p, float64(T)/7)
		}
		if ends[38] != 272 {
			t.Fatalf("week 39 ends on day %d", ends[38])
		}
		close(t, "week 39", cumulative[38], sum, 1e-12)
		close(t, "week 39, against what happened", cumulative[38], bought, 0.03)
		close(t, "week 78, against what happened", cumulative[77], bought+later, 0.10)
		if !(weekly[70] > 0 && weekly[70] < weekly[20]) {
			t.Errorf("purchases of week 21 %v, of week 71 %v", weekly[20], weekly[70])
		}
	}
}

// True parameters lie in their 95 % intervals (of the logs) at the nominal rate.
func TestCoverage(t *testing.T) {
	for _, p := range []Params{
		{R: .9, Alpha: 60, A: .8, B: 2.5},
		{R: .9, Alpha: 60, A: .7, B: 1.6, Clock: modified},
		{R: .9, Alpha: 35, A: .6, B: 2, Clock: Clock{Modified: true, K: 2}},
	} {
		sets := times(60)
		inside, all := 0.0, 0.0
		for seed := range uint64(sets) {
			// Purchases are months apart over 20 years: few fall on one day.
			f := mustFit(t, &purchase.Model{Family: Family{p.Clock}}, simulate(p, 1500, 7300, 3650, 0, 1000+seed).Table())
			if f.Covariance() == nil {
				t.Fatalf("%+v", f.Report())
			}
			for i, want := range p.Values() {
				z := math.Log(f.Params()[i]/want) / math.Sqrt(f.Covariance().At(i, i))
				all++
				if math.Abs(z) <= 1.959964 {
					inside++
				}
			}
		}
		t.Logf("%+v: %.1f %% of 95 %% intervals cover", p, 100*inside/all)
		// The four of one set go together: their rate varies as that of about 2 sets of independent ones.
		within := 0.02 + 3*math.Sqrt(.95*.05/(2*float64(sets)))
		if rate := inside / all; math.Abs(rate-.95) > within {
			t.Errorf("%+v: %.1f %% of 95 %% intervals cover", p, 100*rate)
		}
	}
}

// Covariates are found again: those of churn multiply a, the odds of being lost after
// a purchase, by e^(γ z), and it is the odds that the note tells of.
func TestCovariates(t *testing.T) {
	for _, clock := range []Clock{{}, modified} {
		const n, trans, life = 20_000, 0.5, -0.7
		p := Params{R: 1.2, Alpha: 20, A: 1.6, B: 4, Clock: clock}
		rng := rand.New(rand.NewPCG(5, 5))
		b := &shopdata.Base{}
		channel, age := make([]float64, n), make([]float64, n)
		for i := range n {
			channel[i] = float64(rng.IntN(2))
			age[i] = float64(rng.IntN(5)) - 2
			q := p
			q.Alpha *= math.Exp(-trans * channel[i])
			q.A *= math.Exp(life * age[i])
			buyer(q, rng, b, 1460, 365, 365)
		}
		in := table.New(append(slices.Clone(b.Table().Columns()),
			&table.Column{Field: table.Field{Name: "channel", Kind: table.Float}, Floats: channel},
			&table.Column{Field: table.Field{Name: "age", Kind: table.Float}, Floats: age})...)
		m := &purchase.Model{Family: Family{clock}, Buying: []string{"channel"}, Churn: []string{"age"}, Horizon: 365}
		f := mustFit(t, m, in)
		if r := f.Report(); r.Status != models.Converged {
			t.Fatalf("%+v", r)
		} else if len(r.Notes) != 2 || !strings.Contains(r.Notes[0].En, "times as often") || !strings.Contains(r.Notes[1].En, "times the odds") {
			t.Errorf("%+v", r.Notes)
		}
		for i, want := range append(p.Values(), trans, life) {
			e, se := f.Estimates()[i], f.StandardErrors()[i].Value
			if math.Abs(e.Value-want) > 4*se+0.02*math.Abs(want) || se > 0.5*math.Abs(want) {
				t.Errorf("%s %.4f, want %.4f (standard error %.4f)", e.Name, e.Value, want, se)
			}
		}
		plain := mustFit(t, &purchase.Model{Family: Family{clock}}, in)
		if f.Report().LogLikelihood < plain.Report().LogLikelihood+10 {
			t.Errorf("covariates raise the likelihood from %v to %v only", plain.Report().LogLikelihood, f.Report().LogLikelihood)
		}
		var promised, bought [2]float64
		for i, e := range mustScore(t, f, in).Floats("expected_orders") {
			promised[int(channel[i])] += e
			bought[int(channel[i])] += b.Later[i]
		}
		for k := range promised {
			close(t, fmt.Sprint("orders of channel ", k), promised[k], bought[k], 0.04)
		}
	}
}

// What is promised to customers with one history is what customers simulated
// from their posterior do: purchases of each number, discounted orders.
func TestPosteriorSimulated(t *testing.T) {
	n := times(150_000)
	rng := rand.New(rand.NewPCG(8, 8))
	for _, p := range []Params{{R: 1.2, Alpha: 5, A: 1.1, B: 3}, {R: 1.1, Alpha: 3, A: .6, B: 1.2, Clock: Clock{Modified: true, K: 3}}} {
		const x, tx, T, h, rate = 3, 12, 15, 30, .01
		c := p.customer(x, tx, T)
		pmf := make([]float64, 6)
		PurchasesTo(pmf, p, h, x, tx, T)
		counts := make([]float64, len(pmf))
		var worth, square float64
		for range n {
			made, value := 0, 0.0
			if rng.Float64() < c.alive() {
				ticks, u := 0, rng.Float64()
				for u -= c.ticked[0]; u > 0 && ticks < c.k-1; u -= c.ticked[ticks] {
					ticks++
				}
				lambda := distuv.Gamma{Alpha: c.rho + float64(ticks), Beta: c.beta, Src: rng}.Rand()
				loss := distuv.Beta{Alpha: c.a, Beta: c.stays, Src: rng}.Rand()
				for at := rng.ExpFloat64() / lambda; at < h; at += rng.ExpFloat64() / lambda {
					if ticks++; ticks < c.k {
						continue
					}
					ticks = 0
					made++
					value += math.Exp(-rate * at)
					if rng.Float64() < loss {
						break
					}
				}
			}
			if made < len(counts) {
				counts[made]++
			}
			worth, square = worth+value, square+value*value
		}
		for k, v := range pmf {
			if got := counts[k] / float64(n); math.Abs(got-v) > 5*math.Sqrt(v/float64(n)) {
				t.Errorf("%+v: P(%d) %.5f, simulated %.5f", p, k, v, got)
			}
		}
		mean := worth / float64(n)
		se := math.Sqrt((square/float64(n) - mean*mean) / float64(n))
		if want := discounted(p, h, rate, x, tx, T); math.Abs(mean-want) > 5*se {
			t.Errorf("%+v: discounted %.5f, simulated %.5f (%.5f)", p, want, mean, se)
		}
	}
}

func TestPromises(t *testing.T) {
	for _, family := range []purchase.Family{Family{}, Family{modified}, Family{Clock{K: 2}}, Regular{}} {
		t.Run(family.Name(), func(t *testing.T) {
			in := simulate(Params{R: .8, Alpha: 9, A: .8, B: 2}, 800, 300, 100, 0, 2).Table()
			modelstest.Run(t, &purchase.Model{Family: family, DiscountRate: 0.1, AsOf: 20_000}, in)
		})
	}
}

// A model is a small value that loads again, whichever k it holds.
func TestSaved(t *testing.T) {
	in := simulate(Params{R: .9, Alpha: 4, A: .7, B: 3, Clock: Clock{K: 2}}, 3000, 500, 100, 0, 1).Table()
	m := &purchase.Model{Family: Regular{}}
	f := mustFit(t, m, in)
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := m.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	g := loaded.(*purchase.Fitted)
	if g.Family().Name() != "bg_cnbd_2" || !slices.Equal(f.Params(), g.Params()) || len(data) > 3000 {
		t.Errorf("%d bytes: %s %v", len(data), g.Family().Name(), g.Params())
	}
	if !slices.Equal(mustScore(t, f, in).Floats("expected_orders"), mustScore(t, g, in).Floats("expected_orders")) {
		t.Error("scores of a loaded model differ")
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		f           purchase.Family
		name, title string
	}{
		{Family{}, "bg_nbd", "BG/NBD"}, {Family{modified}, "mbg_nbd", "MBG/NBD"}, {Family{Clock{K: 3}}, "bg_cnbd_3", "BG/CNBD-3"},
		{Regular{Modified: true}, "mbg_cnbd_k", "MBG/CNBD-k"}, {Regular{}, "bg_cnbd_k", "BG/CNBD-k"}, {loyal{2}, "cnbd_2", "CNBD-2"},
	} {
		if c.f.Name() != c.name || c.f.Title() != c.title {
			t.Errorf("%s, %s, want %s, %s", c.f.Name(), c.f.Title(), c.name, c.title)
		}
	}
}

// Steady-state scoring allocates nothing.
func TestAllocations(t *testing.T) {
	for _, k := range []int{1, 3} {
		p := sampleMBG
		p.K = k
		l := newLaw(p, purchase.Settings{Horizon: 365, Rate: .002, Window: 90, Longest: 800})
		h := purchase.History{X: 3, Tx: 100, T: 200}
		dst := make([]float64, 20)
		l.Score(h)
		if n := testing.AllocsPerRun(10, func() {
			l.Score(h)
			l.Quick(h)
			l.PurchasesTo(dst, h, 90)
			l.ExpectedTo(dst[:2], h, []int{30, 90})
			l.Discounted(h, purchase.Forever, .01)
		}); n > 0 {
			t.Errorf("k %d: %v allocations", k, n)
		}
	}
}

func TestUnequalLengthsPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	LogLikelihood(sampleBG, []float64{1}, nil, []float64{1})
}
