package paretonbd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/modelstest"
)

func mustFit(t testing.TB, m *Model, in *table.Table) *Fitted {
	t.Helper()
	f, err := m.Fit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return f.(*Fitted)
}

func mustScore(t testing.TB, f *Fitted, in *table.Table) *table.Table {
	t.Helper()
	dst := f.settings.Spec().Make(in.Rows())
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

// Estimates of reference/clv.md, after a fit of one's own: log-likelihood to
// 1e-3, standard errors to 1 %, and the forecast of the holdout to 2e-4.
func TestFitCDNOW(t *testing.T) {
	for _, c := range []struct {
		set      string
		ll       float64
		params   [4]float64
		errors   []float64
		forecast float64
	}{
		{"cdnow_sample.csv", -9594.97618, [4]float64{.553277, 10.577684, .606240, 11.668731}, []float64{.04762, .8427, .18705, 6.2037}, 1665.513},
		{"cdnow.csv", -95415.11862, [4]float64{.597420, 11.585659, .522186, 8.827758}, nil, 17153.189},
	} {
		t.Run(c.set, func(t *testing.T) {
			s := cdnow(t, c.set)
			f := mustFit(t, &Model{Horizon: 39 * 7}, s.table())
			r := f.Report()
			if r.Status != models.Converged || r.Method != MethodParetoNBD || len(r.Warnings) > 0 || r.Rows != len(s.x) {
				t.Fatalf("%+v", r)
			}
			if math.Abs(r.LogLikelihood-c.ll) > 1e-3 {
				t.Errorf("log-likelihood %.6f, want %.5f", r.LogLikelihood, c.ll)
			}
			for i, name := range []string{"r", "alpha", "s", "beta"} {
				if r.Parameters[i].Name != name {
					t.Errorf("parameter %d is %s", i, r.Parameters[i].Name)
				}
				close(t, name, r.Parameters[i].Value, c.params[i], 1e-4)
			}
			for i, want := range c.errors {
				close(t, "standard error of "+r.Parameters[i].Name, f.StandardErrors()[i].Value, want, 0.01)
			}
			var total float64
			for _, v := range mustScore(t, f, s.table()).Floats("expected_orders") {
				total += v
			}
			close(t, "forecast", total, c.forecast, 2e-4)
		})
	}
}

// Online Retail's likelihood is greatest without churn (reference/clv.md).
func TestFitOnlineRetail(t *testing.T) {
	s := onlineRetail(t)
	in := s.table()
	f := mustFit(t, &Model{Horizon: 162}, in)
	r := f.Report()
	if r.Status != models.Boundary || r.Method != MethodNBD || codes(r) != "zero_churn" {
		t.Fatalf("%+v", r)
	}
	if !strings.Contains(r.Warnings[0].En, "No churn is identifiable in this data") {
		t.Error(r.Warnings[0].En)
	}
	if math.Abs(r.LogLikelihood - -15325.45531) > 1e-3 {
		t.Errorf("log-likelihood %.6f", r.LogLikelihood)
	}
	if len(r.Parameters) != 2 || len(f.StandardErrors()) != 2 {
		t.Errorf("parameters printed as estimates: %v", r.Parameters)
	}
	close(t, "r", r.Parameters[0].Value, .7442, 1e-4)
	close(t, "alpha", r.Parameters[1].Value, 9.0474, 1e-4)
	dst := mustScore(t, f, in)
	var total float64
	risks := map[float64]bool{}
	for i := range in.Rows() {
		if !math.IsNaN(dst.Floats("p_alive")[i]) {
			t.Fatal("p_alive without identifiable churn")
		}
		total += dst.Floats("expected_orders")[i]
		risks[dst.Floats("churn_risk")[i]] = true
	}
	close(t, "forecast", total, 5634.81, 2e-4)
	if len(risks) < 100 {
		t.Errorf("churn risk is flat: %d values", len(risks))
	}
}

// The NBD's scores have closed forms.
func TestScoresWithoutChurn(t *testing.T) {
	m := Model{Horizon: 365, Window: 60, DiscountRate: 0.1}
	settings, _ := m.settings()
	f := &Fitted{settings: settings, method: MethodNBD, params: Params{R: 0.8, Alpha: 9}, longest: 300}
	in := (&summary{x: []int64{0, 5, 700, 12}, tx: []int64{0, 100, 800, 14}, t: []int64{40, 300, 900, 9000}, last: []int64{1, 2, 3, 4}}).table()
	dst := mustScore(t, f, in)
	for i, x := range in.Ints("x") {
		T := float64(in.Ints("T")[i]) / 7
		rate := (0.8 + float64(x)) / (9 + T)
		delta := math.Log(1.1) / 365
		close(t, "orders", dst.Floats("expected_orders")[i], rate*365/7, 1e-12)
		close(t, "discounted", dst.Floats("discounted_orders")[i], rate/7*(1-math.Exp(-delta*365))/delta, 1e-12)
		close(t, "silence", dst.Floats("churn_risk")[i], math.Pow((9+T)/(9+T+60.0/7), 0.8+float64(x)), 1e-9)
		// (α+T)/(α+T+d) to the r+x is a half.
		d := math.Ceil(7 * (9 + T) * (math.Exp2(1/(0.8+float64(x))) - 1))
		next := dst.Column("next_order_on")
		if x == 12 { // 9,000 days old: half by day 495
			if d < 300 {
				t.Errorf("day %v", d)
			}
		}
		want := in.Ints("last_day")[i] + in.Ints("T")[i] - in.Ints("t_x")[i] + int64(d)
		if next.Missing(i) || int64(next.Dates[i]) != want {
			t.Errorf("x %d: next order on %d (%v), want %d", x, next.Dates[i], next.Missing(i), want)
		}
	}
}

func TestFitRecoversTruth(t *testing.T) {
	for _, p := range []Params{truth, {1.4, 5, 1.2, 30}} {
		const n = 12_000
		s := simulate(p, n, 730, 180, 180, 7)
		f := mustFit(t, &Model{Horizon: 180, Window: 180}, s.table())
		r := f.Report()
		if r.Status != models.Converged {
			t.Fatalf("%+v", r)
		}
		// Purchases of one day are merged and rounded up, which the model does not
		// know: the rates come out a little lower, hence 4 standard errors and 3 %.
		want := []float64{p.R, p.Alpha, p.S, p.Beta}
		for i, se := range f.StandardErrors() {
			if d := math.Abs(r.Parameters[i].Value - want[i]); d > 4*se.Value+0.03*want[i] {
				t.Errorf("%s %.4f, want %.4f (standard error %.4f)", se.Name, r.Parameters[i].Value, want[i], se.Value)
			}
		}
		// What came after agrees with what was promised: orders in all, and silence by decile of risk.
		dst := mustScore(t, f, s.table())
		var promised, bought float64
		var risk, silent, count [10]float64
		for i, e := range dst.Floats("expected_orders") {
			promised, bought = promised+e, bought+s.later[i]
			k := min(9, int(10*dst.Floats("churn_risk")[i]))
			risk[k] += dst.Floats("churn_risk")[i]
			count[k]++
			if s.later[i] == 0 {
				silent[k]++
			}
		}
		close(t, "orders in the holdout", promised, bought, 0.03)
		for k := range risk {
			if count[k] > 200 && math.Abs(risk[k]-silent[k]) > 4*math.Sqrt(count[k])*0.5+0.01*count[k] {
				t.Errorf("risk %d0 %%: %.0f silent, %.0f promised of %.0f", k, silent[k], risk[k], count[k])
			}
		}
	}
}

// Nobody is lost in these data, or everybody at one rate: neither has an
// interior maximum to be relied on.
func TestFitAtEdges(t *testing.T) {
	t.Run("no churn", func(t *testing.T) {
		zero := 0
		for seed := range uint64(3) {
			s := simulate(Params{R: 0.8, Alpha: 9}, 2000, 360, 100, 0, seed)
			r := mustFit(t, &Model{}, s.table()).Report()
			switch codes(r) {
			case "zero_churn":
				zero++
			case "": // chance may look like churn, but not clearly without a warning
				t.Errorf("churn found without doubt: %+v", r)
			}
		}
		if zero == 0 {
			t.Error("zero churn never detected")
		}
	})
	t.Run("one churn rate", func(t *testing.T) {
		s := simulate(Params{R: 1, Alpha: 5, S: 4000, Beta: 4000 * 50}, 5000, 730, 100, 200, 3)
		f := mustFit(t, &Model{Horizon: 200}, s.table())
		r := f.Report()
		if r.Method != MethodParetoNBD || codes(r) == "" {
			t.Errorf("%+v", r)
		}
		var promised, bought float64
		for i, e := range mustScore(t, f, s.table()).Floats("expected_orders") {
			promised, bought = promised+e, bought+s.later[i]
		}
		close(t, "orders in the holdout", promised, bought, 0.05)
	})
	t.Run("one purchase rate", func(t *testing.T) {
		s := simulate(Params{R: 5000, Alpha: 5000 * 4, S: 1, Beta: 30}, 3000, 365, 50, 200, 3)
		f := mustFit(t, &Model{Horizon: 200}, s.table())
		if r := f.Report(); r.Method != MethodParetoNBD || codes(r) == "" {
			t.Errorf("%+v", r)
		}
		var promised, bought float64
		for i, e := range mustScore(t, f, s.table()).Floats("expected_orders") {
			promised, bought = promised+e, bought+s.later[i]
		}
		close(t, "orders in the holdout", promised, bought, 0.05)
	})
}

// oneTime is n customers who bought once, t days before the as-of day.
func oneTime(n int, t int64) *summary {
	column := func() []int64 { return make([]int64, n) }
	s := &summary{x: column(), tx: column(), t: column(), last: column()}
	for i := range s.t {
		s.t[i] = t
	}
	return s
}

func TestGates(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     *summary
		status models.Status
		method string
		codes  string
	}{
		{"nobody", &summary{}, models.Skipped, MethodNone, "no_customers"},
		{"few customers", simulate(truth, 99, 365, 50, 0, 1), models.Fallback, MethodPooled, "few_customers pooled_rate"},
		{"few repeaters", simulate(truth, 110, 60, 50, 0, 1), models.Fallback, MethodPooled, "few_repeaters pooled_rate"},
		{"no repeater", oneTime(5000, 100), models.Fallback, MethodPooled, "few_repeaters pooled_rate"},
		{"all today", oneTime(5000, 0), models.Fallback, MethodNone, "few_repeaters no_history"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &Model{}
			in := c.in.table()
			f := mustFit(t, m, in)
			r := f.Report()
			if r.Status != c.status || r.Method != c.method || codes(r) != c.codes || !math.IsNaN(r.LogLikelihood) || len(r.Parameters) > 0 {
				t.Fatalf("%+v", r)
			}
			if _, ok := f.Params(); ok {
				t.Error("parameters without a fit")
			}
			dst := mustScore(t, f, in)
			for i := range in.Rows() {
				if !math.IsNaN(dst.Floats("p_alive")[i]) || !math.IsNaN(dst.Floats("churn_risk")[i]) || !dst.Column("next_order_on").Missing(i) {
					t.Fatal("a fallback must not pretend to know of churn")
				}
				if e := dst.Floats("expected_orders")[i]; math.IsNaN(e) != (c.method == MethodNone) || e < 0 {
					t.Fatalf("expected orders %v", e)
				}
			}
			data, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Load(data); err != nil {
				t.Error(err)
			}
		})
	}
	// By hand: 2 customers, 3 repeat purchases in 10 + 25 weeks; a customer with x 3 in 25 weeks.
	f := mustFit(t, &Model{Horizon: 70}, (&summary{x: []int64{0, 3}, tx: []int64{0, 70}, t: []int64{70, 175}, last: []int64{0, 0}}).table())
	in := (&summary{x: []int64{3}, tx: []int64{70}, t: []int64{175}, last: []int64{0}}).table()
	close(t, "pooled rate", mustScore(t, f, in).Floats("expected_orders")[0], 10*4/(25+35/3.5), 1e-14)
}

// A day of next_order_on is the first with an even chance of an order.
func TestNextOrderOn(t *testing.T) {
	s := simulate(Params{2, 4, .3, 20}, 400, 700, 650, 0, 5)
	settings, _ := (&Model{AsOf: 20_000}).settings()
	p := Params{2, 4, .3, 20}
	f := &Fitted{settings: settings, method: MethodParetoNBD, params: p, longest: 700}
	next := mustScore(t, f, s.table()).Column("next_order_on")
	x, tx, T := s.weeks()
	dated, never := 0, 0
	for i := range x {
		if next.Missing(i) {
			never++
			if v := noPurchase(p, farthest*week, x[i], tx[i], T[i]); v <= 0.5 {
				t.Errorf("customer %d: no date, yet silence for ten years has chance %v", i, v)
			}
			continue
		}
		dated++
		d := float64(next.Dates[i] - 20_000)
		if by, before := noPurchase(p, d*week, x[i], tx[i], T[i]), noPurchase(p, (d-1)*week, x[i], tx[i], T[i]); by > 0.5 || before <= 0.5 {
			t.Errorf("customer %d, day %v: silence %v, the day before %v", i, d, by, before)
		}
	}
	if dated < 50 || never < 50 {
		t.Errorf("%d dates and %d without: the test shows too little", dated, never)
	}
}

// Scores from the tables by day are those of the formulas.
func TestTablesAreTheFormulas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyParams().Draw(t, "params")
		x, tx, T := drawHistory(t)
		m, _ := (&Model{DiscountRate: 0.1, Window: rapid.IntRange(1, 400).Draw(t, "window")}).settings()
		s := newScorer(m, p, 1500)
		got, want := s.scores(x, tx, T), s.direct(x, tx, T)
		for _, v := range [][2]float64{{got.alive, want.alive}, {got.expected, want.expected}, {got.discounted, want.discounted}, {got.risk, want.risk}} {
			if !(math.Abs(v[0]-v[1]) <= 1e-10*max(1, math.Abs(v[1]))) {
				t.Fatalf("tables %+v, formulas %+v", got, want)
			}
		}
		// Rounding may tip a chance of exactly one half.
		if d := got.next - want.next; d < -1 || d > 1 {
			t.Fatalf("next order after %d and %d days", got.next, want.next)
		}
	})
}

func histogram(rows ...[4]int) *histories {
	h := &histories{}
	for _, r := range rows {
		h.add(int32(r[0]), int32(r[1]), int32(r[2]), float64(r[3]))
		h.customers += r[3]
	}
	h.divide()
	return h
}

// Grouped and tabled, the likelihood is that of the formula; and its gradient
// that of finite differences.
func TestGroupedLikelihood(t *testing.T) {
	h, err := newHistories(simulate(truth, 3000, 500, 300, 0, 9).table())
	if err != nil {
		t.Fatal(err)
	}
	// Heavy buyers: few of them, so by panels; and enough of them for a table.
	for k := range 40 {
		h.add(900, 1200, int32(1300+k), 2)
	}
	h.add(2000, 2100, 2400, 1)
	h.units = nil
	h.divide()
	var x, tx, T []float64
	for i := range h.x {
		for range int(h.count[i]) {
			x, tx, T = append(x, float64(h.x[i])), append(tx, float64(h.tx[i])/7), append(T, float64(h.t[i])/7)
		}
	}
	for _, p := range []Params{truth, {2, 1, 3, .05}, {.1, .1, 1e-4, 900}, {30, 200, 20, 90}, {1, 7, 1, 7}} {
		value, gradient := h.logLikelihood(p, 1)
		close(t, fmt.Sprintf("%+v", p), value, LogLikelihood(p, x, tx, T), 1e-12)
		for i := range gradient {
			f := func(d float64) float64 {
				q := [4]float64{p.R, p.Alpha, p.S, p.Beta}
				q[i] *= 1 + d
				return LogLikelihood(Params{q[0], q[1], q[2], q[3]}, x, tx, T)
			}
			const d = 1e-3
			base := [4]float64{p.R, p.Alpha, p.S, p.Beta}[i]
			slope := (8*(f(d)-f(-d)) - (f(2*d) - f(-2*d))) / (12 * d * base)
			if !(math.Abs(slope-gradient[i]) <= 1e-7*math.Abs(slope)+1e-9*math.Abs(value)/base) {
				t.Errorf("%+v: derivative %d is %.12g, by differences %.12g", p, i, gradient[i], slope)
			}
		}
		for _, workers := range []int{2, 7} {
			if v, g := h.logLikelihood(p, workers); v != value || g != gradient {
				t.Errorf("%d workers: %v %v, not %v %v", workers, v, g, value, gradient)
			}
		}
		nbd, slopes := h.logLikelihoodNBD(p.R, p.Alpha, 2)
		close(t, "NBD", nbd, LogLikelihood(Params{R: p.R, Alpha: p.Alpha}, x, tx, T), 1e-12)
		const d = 1e-5
		up, _ := h.logLikelihoodNBD(p.R*(1+d), p.Alpha, 1)
		down, _ := h.logLikelihoodNBD(p.R*(1-d), p.Alpha, 1)
		close(t, "NBD, slope of r", slopes[0], (up-down)/(2*d*p.R), 1e-5)
		up, _ = h.logLikelihoodNBD(p.R, p.Alpha*(1+d), 1)
		down, _ = h.logLikelihoodNBD(p.R, p.Alpha*(1-d), 1)
		close(t, "NBD, slope of alpha", slopes[1], (up-down)/(2*d*p.Alpha), 1e-5)
	}
}

// Numbers of customers read as a person writes them.
func TestNumbersInWarnings(t *testing.T) {
	for _, c := range []struct {
		model  *Model
		in     *table.Table
		en, zh string
	}{
		{&Model{}, oneTime(1, 10).table(), "Pareto/NBD was not fitted: 1 customer has an order, the least is 100.", "未拟合 Pareto/NBD：只有 1 位客户有订单，至少需要 100 位。"},
		{&Model{MinRepeaters: 1500}, oneTime(5000, 10).table(), "Pareto/NBD was not fitted: 0 customers have bought again, the least is 1,500.", "未拟合 Pareto/NBD：只有 0 位客户再次购买过，至少需要 1,500 位。"},
		{&Model{MinCustomers: 6000}, oneTime(5000, 10).table(), "Pareto/NBD was not fitted: 5,000 customers have an order, the least is 6,000.", "未拟合 Pareto/NBD：只有 5,000 位客户有订单，至少需要 6,000 位。"},
	} {
		if w := mustFit(t, c.model, c.in).Report().Warnings[0]; w.En != c.en || w.Zh != c.zh {
			t.Errorf("%q, %q, want %q, %q", w.En, w.Zh, c.en, c.zh)
		}
	}
}

// A history that ten customers have counts ten times.
func TestWeights(t *testing.T) {
	once, _ := histogram([4]int{0, 0, 100, 1}, [4]int{2, 30, 100, 1}).logLikelihood(truth, 1)
	ten, _ := histogram([4]int{0, 0, 100, 10}, [4]int{2, 30, 100, 10}).logLikelihood(truth, 1)
	close(t, "ten times", ten, 10*once, 1e-14)
}

// Any start of the search ends in the same fit, however many cores work on it,
// also where starts are tried on a part of the histories.
func TestWorkersDoNotMatter(t *testing.T) {
	in := simulate(truth, 90_000, 1095, 1095, 0, 4).table()
	if h, _ := newHistories(in); len(h.x) < 2*partSize {
		t.Fatalf("%d histories: no part is taken", len(h.x))
	}
	a := mustFit(t, &Model{Workers: 1}, in)
	b := mustFit(t, &Model{Workers: 3}, in)
	aj, _ := json.Marshal(a)
	bj, _ := json.Marshal(b)
	if string(aj) != string(bj) {
		t.Errorf("one worker\n%s\nthree\n%s", aj, bj)
	}
	if r := a.Report(); r.Status != models.Converged {
		t.Errorf("%+v", r)
	}
}

func TestPromises(t *testing.T) {
	modelstest.Run(t, &Model{DiscountRate: 0.1, AsOf: 20_000}, simulate(truth, 1000, 300, 100, 0, 2).table())
}

func TestPromisesWithoutChurn(t *testing.T) {
	// Valid is left out: p_alive is missing for everybody, on purpose.
	modelstest.Run(t, &Model{}, simulate(Params{R: .8, Alpha: 9}, 600, 200, 60, 0, 0).table(), modelstest.Valid)
}

func TestImpossibleHistories(t *testing.T) {
	for name, s := range map[string]*summary{
		"t_x beyond T":             {x: []int64{1}, tx: []int64{5}, t: []int64{4}},
		"x below zero":             {x: []int64{-1}, tx: []int64{0}, t: []int64{4}},
		"more days than days":      {x: []int64{9}, tx: []int64{8}, t: []int64{10}},
		"T beyond all calendars":   {x: []int64{0}, tx: []int64{0}, t: []int64{1 << 20}},
		"no repeat but a t_x":      {x: []int64{0}, tx: []int64{3}, t: []int64{10}},
		"a first day after as_of":  {x: []int64{0}, tx: []int64{0}, t: []int64{-1}},
		"garbage in every column ": {x: []int64{math.MinInt64}, tx: []int64{math.MaxInt64}, t: []int64{math.MaxInt64}},
	} {
		s.last = []int64{0}
		if _, err := (&Model{}).Fit(t.Context(), s.table()); err == nil || !strings.Contains(err.Error(), "row 0") {
			t.Errorf("%s: fitted, %v", name, err)
		}
		f := mustFit(t, &Model{}, simulate(truth, 50, 100, 10, 0, 1).table())
		if err := f.Score(t.Context(), f.settings.Spec().Make(1), s.table()); err == nil {
			t.Errorf("%s: scored", name)
		}
	}
}

func TestBadSettingsAndFiles(t *testing.T) {
	in := simulate(truth, 50, 100, 10, 0, 1).table()
	for _, m := range []*Model{{Horizon: -1}, {Window: -3}, {DiscountRate: -0.1}, {DiscountRate: math.NaN()}} {
		if _, err := m.Fit(t.Context(), in); err == nil {
			t.Errorf("%+v fitted", m)
		}
	}
	for _, data := range []string{"", "{}", `{"method":"pareto_nbd","params":{"r":1,"alpha":2}}`, `{"method":"nbd","params":{"r":1,"alpha":-2}}`, `{"method":"pooled_rate"}`} {
		if _, err := (&Model{}).Load([]byte(data)); err == nil {
			t.Errorf("loaded %q", data)
		}
	}
	f := mustFit(t, &Model{}, in)
	if err := f.Score(t.Context(), table.Make(in.Rows(), (&Model{}).Spec().Out...), in); err == nil {
		t.Error("scored into a date column without a mask")
	}
}

func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := simulate(truth, 2000, 500, 200, 0, 2).table()
	if _, err := (&Model{}).Fit(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("fit: %v", err)
	}
	f := mustFit(t, &Model{}, in)
	if err := f.Score(ctx, f.settings.Spec().Make(in.Rows()), in); !errors.Is(err, context.Canceled) {
		t.Errorf("score: %v", err)
	}
}

// Steady-state scoring allocates for the call, not for the rows.
func TestScoreAllocations(t *testing.T) {
	in := simulate(truth, 4000, 500, 200, 0, 2).table()
	f := mustFit(t, &Model{}, in)
	dst := mustScore(t, f, in)
	perCall := testing.AllocsPerRun(3, func() {
		if err := f.Score(context.Background(), dst, in); err != nil {
			t.Fatal(err)
		}
	})
	if perCall > 20 {
		t.Errorf("%v allocations for %d rows", perCall, in.Rows())
	}
}
