package paretonbd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/modelstest"
	"clientele/models/modelstest/shopdata"
	"clientele/models/purchase"
)

// model is m for this family.
func model(m purchase.Model) *purchase.Model {
	m.Family = Family{}
	return &m
}

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
			s := shopdata.CDNOW(t, c.set)
			f := mustFit(t, model(purchase.Model{Horizon: 39 * 7}), s.Table())
			r := f.Report()
			if r.Status != models.Converged || r.Method != Name || len(r.Warnings) > 0 || r.Rows != len(s.X) {
				t.Fatalf("%+v", r)
			}
			if data, err := json.Marshal(f); err != nil || len(data) > 1200 {
				t.Errorf("a model of %d bytes, %v", len(data), err)
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
			for _, v := range mustScore(t, f, s.Table()).Floats("expected_orders") {
				total += v
			}
			close(t, "forecast", total, c.forecast, 2e-4)
		})
	}
}

// Online Retail's likelihood is greatest without churn (reference/clv.md).
func TestFitOnlineRetail(t *testing.T) {
	s := shopdata.OnlineRetail(t)
	in := s.Table()
	f := mustFit(t, model(purchase.Model{Horizon: 162}), in)
	r := f.Report()
	if r.Status != models.Boundary || r.Method != purchase.MethodNBD || codes(r) != "zero_churn" {
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
		risks[dst.Floats("no_purchase")[i]] = true
	}
	close(t, "forecast", total, 5634.81, 2e-4)
	if len(risks) < 100 {
		t.Errorf("churn risk is flat: %d values", len(risks))
	}
}

func TestFitRecoversTruth(t *testing.T) {
	for _, p := range []Params{truth, {1.4, 5, 1.2, 30}} {
		const n = 12_000
		s := simulate(p, n, 730, 180, 180, 7)
		f := mustFit(t, model(purchase.Model{Horizon: 180, Window: 180}), s.Table())
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
		dst := mustScore(t, f, s.Table())
		var promised, bought float64
		var risk, silent, count [10]float64
		for i, e := range dst.Floats("expected_orders") {
			promised, bought = promised+e, bought+s.Later[i]
			k := min(9, int(10*dst.Floats("no_purchase")[i]))
			risk[k] += dst.Floats("no_purchase")[i]
			count[k]++
			if s.Later[i] == 0 {
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
			r := mustFit(t, model(purchase.Model{}), s.Table()).Report()
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
		f := mustFit(t, model(purchase.Model{Horizon: 200}), s.Table())
		r := f.Report()
		if r.Method != Name || codes(r) == "" {
			t.Errorf("%+v", r)
		}
		var promised, bought float64
		for i, e := range mustScore(t, f, s.Table()).Floats("expected_orders") {
			promised, bought = promised+e, bought+s.Later[i]
		}
		close(t, "orders in the holdout", promised, bought, 0.05)
	})
	t.Run("one purchase rate", func(t *testing.T) {
		s := simulate(Params{R: 5000, Alpha: 5000 * 4, S: 1, Beta: 30}, 3000, 365, 50, 200, 3)
		f := mustFit(t, model(purchase.Model{Horizon: 200}), s.Table())
		if r := f.Report(); r.Method != Name || codes(r) == "" {
			t.Errorf("%+v", r)
		}
		var promised, bought float64
		for i, e := range mustScore(t, f, s.Table()).Floats("expected_orders") {
			promised, bought = promised+e, bought+s.Later[i]
		}
		close(t, "orders in the holdout", promised, bought, 0.05)
	})
}

// oneTime is n customers who bought once, t days before the as-of day.
func oneTime(n int, t int64) *shopdata.Base {
	column := func() []int64 { return make([]int64, n) }
	s := &shopdata.Base{X: column(), Tx: column(), T: column(), Last: column()}
	for i := range s.T {
		s.T[i] = t
	}
	return s
}

func TestGates(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     *shopdata.Base
		status models.Status
		method string
		codes  string
	}{
		{"nobody", &shopdata.Base{}, models.Skipped, purchase.MethodNone, "no_customers"},
		{"few customers", simulate(truth, 99, 365, 50, 0, 1), models.Fallback, purchase.MethodPooled, "few_customers pooled_rate"},
		{"few repeaters", simulate(truth, 110, 60, 50, 0, 1), models.Fallback, purchase.MethodPooled, "few_repeaters pooled_rate"},
		{"no repeater", oneTime(5000, 100), models.Fallback, purchase.MethodPooled, "few_repeaters pooled_rate"},
		{"all today", oneTime(5000, 0), models.Fallback, purchase.MethodNone, "few_repeaters no_history"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := model(purchase.Model{})
			in := c.in.Table()
			f := mustFit(t, m, in)
			r := f.Report()
			if r.Status != c.status || r.Method != c.method || codes(r) != c.codes || !math.IsNaN(r.LogLikelihood) || len(r.Parameters) > 0 {
				t.Fatalf("%+v", r)
			}
			if _, ok := f.Law(); ok || f.Params() != nil || f.Family() != nil {
				t.Error("parameters without a fit")
			}
			dst := mustScore(t, f, in)
			for i := range in.Rows() {
				if !math.IsNaN(dst.Floats("p_alive")[i]) || !math.IsNaN(dst.Floats("no_purchase")[i]) || !dst.Column("next_order_on").Missing(i) {
					t.Fatal("a fallback must not pretend to know of churn")
				}
				if e := dst.Floats("expected_orders")[i]; math.IsNaN(e) != (c.method == purchase.MethodNone) || e < 0 {
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
	f := mustFit(t, model(purchase.Model{Horizon: 70}), (&shopdata.Base{X: []int64{0, 3}, Tx: []int64{0, 70}, T: []int64{70, 175}, Last: []int64{0, 0}}).Table())
	in := (&shopdata.Base{X: []int64{3}, Tx: []int64{70}, T: []int64{175}, Last: []int64{0}}).Table()
	close(t, "pooled rate", mustScore(t, f, in).Floats("expected_orders")[0], 10*4/(25+35/3.5), 1e-14)
}

// A day of next_order_on is the first with an even chance of an order.
func TestNextOrderOn(t *testing.T) {
	s := simulate(Params{2, 4, .3, 20}, 400, 700, 650, 0, 5)
	p := Params{2, 4, .3, 20}
	f := load(t, p, model(purchase.Model{AsOf: 20_000}))
	next := mustScore(t, f, s.Table()).Column("next_order_on")
	x, tx, T := s.Weeks()
	dated, never := 0, 0
	for i := range x {
		if next.Missing(i) {
			never++
			if v := noPurchase(p, purchase.Farthest*week, x[i], tx[i], T[i]); v <= 0.5 {
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

// load is a fit of the parameters given.
func load(t testing.TB, p Params, m *purchase.Model) *purchase.Fitted {
	t.Helper()
	f, err := m.Load(fmt.Appendf(nil, `{"settings":{"as_of":%d},"method":"pareto_nbd","longest_days":700,"parameters":{"r":%g,"alpha":%g,"s":%g,"beta":%g}}`,
		m.AsOf, p.R, p.Alpha, p.S, p.Beta))
	if err != nil {
		t.Fatal(err)
	}
	return f.(*purchase.Fitted)
}

// Scores from the tables by day are those of the formulas.
func TestTablesAreTheFormulas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyParams().Draw(t, "params")
		x, tx, T := drawHistory(t)
		h := purchase.History{X: x, Tx: tx, T: T}
		window := rapid.IntRange(1, 400).Draw(t, "window")
		s := purchase.Settings{Horizon: 365, Rate: math.Log(1.1) / 52, Window: window, Longest: 1500}
		l, plain := newLaw(p, s), newLaw(p, purchase.Settings{Horizon: s.Horizon, Rate: s.Rate, Window: s.Window})
		got, want := l.Score(h), plain.Score(h)
		near := func(what string, got, want float64) {
			if !(math.Abs(got-want) <= 1e-10*max(1, math.Abs(want))) {
				t.Fatalf("%s: tables %v, formulas %v", what, got, want)
			}
		}
		near("P(alive)", got.Alive, want.Alive)
		near("expected", got.Expected, want.Expected)
		near("discounted", got.Discounted, want.Discounted)
		near("silence", got.Silent, want.Silent)
		near("silence", l.NoPurchase(h, window), want.Silent)
		near("P(alive)", l.PAlive(h), want.Alive)
		alive, expected := l.Quick(h)
		near("quick P(alive)", alive, want.Alive)
		near("quick expected", expected, want.Expected)
		several := make([]float64, 3)
		l.ExpectedTo(several, h, []int{30, 365, 2000})
		near("expected, several horizons", several[1], want.Expected)
		near("discounted", l.Discounted(h, 365, s.Rate), want.Discounted)
		near("log-likelihood", l.LogLikelihood(h), logLikelihood(p, float64(x), float64(tx)/7, float64(T)/7))
		// Rounding may tip a chance of exactly one half.
		if d := got.Next - want.Next; d < -1 || d > 1 {
			t.Fatalf("next order after %d and %d days", got.Next, want.Next)
		}
	})
}

// Grouped and tabled, the likelihood is that of the formula; and its gradient
// that of finite differences. Few histories go without tables.
func TestGroupedLikelihood(t *testing.T) {
	rows := simulate(truth, 3000, 500, 300, 0, 9).Histories()
	// Heavy buyers: few of them, so by panels; and enough of them for a table.
	for k := range 40 {
		for range 2 {
			rows = append(rows, purchase.History{X: 900, Tx: 1200, T: 1300 + k})
		}
	}
	rows = append(rows, purchase.History{X: 2000, Tx: 2100, T: 2400})
	for _, part := range [][]purchase.History{rows, rows[:few]} {
		h, err := purchase.Group(part, nil)
		if err != nil {
			t.Fatal(err)
		}
		var x, tx, T []float64
		for _, r := range part {
			a, b, c := weeks(r)
			x, tx, T = append(x, a), append(tx, b), append(T, c)
		}
		for _, p := range []Params{truth, {2, 1, 3, .05}, {.1, .1, 1e-4, 900}, {30, 200, 20, 90}, {1, 7, 1, 7}} {
			gradient := make([]float64, 4)
			value := Family{}.LogLikelihood(h, p.Values(), gradient, nil, 1)
			close(t, fmt.Sprintf("%+v", p), value, LogLikelihood(p, x, tx, T), 1e-12)
			for i := range gradient {
				base := p.Values()[i]
				f := func(d float64) float64 {
					q := p.Values()
					q[i] *= 1 + d
					return LogLikelihood(params(q), x, tx, T)
				}
				const d = 1e-3
				slope := (8*(f(d)-f(-d)) - (f(2*d) - f(-2*d))) / (12 * d * base)
				if !(math.Abs(slope-gradient[i]) <= 1e-7*math.Abs(slope)+1e-9*math.Abs(value)/base) {
					t.Errorf("%+v: derivative %d is %.12g, by differences %.12g", p, i, gradient[i], slope)
				}
			}
			for _, workers := range []int{2, 7} {
				g := make([]float64, 4)
				if v := (Family{}).LogLikelihood(h, p.Values(), g, nil, workers); v != value || !slices.Equal(g, gradient) {
					t.Errorf("%d workers: %v %v, not %v %v", workers, v, g, value, gradient)
				}
			}
		}
	}
}

// Numbers of customers read as a person writes them.
func TestNumbersInWarnings(t *testing.T) {
	for _, c := range []struct {
		model  *purchase.Model
		in     *table.Table
		en, zh string
	}{
		{model(purchase.Model{}), oneTime(1, 10).Table(), "Pareto/NBD was not fitted: 1 customer has an order, the least is 100.", "未拟合 Pareto/NBD：只有 1 位客户有订单，至少需要 100 位。"},
		{model(purchase.Model{MinRepeaters: 1500}), oneTime(5000, 10).Table(), "Pareto/NBD was not fitted: 0 customers have bought again, the least is 1,500.", "未拟合 Pareto/NBD：只有 0 位客户再次购买过，至少需要 1,500 位。"},
		{model(purchase.Model{MinCustomers: 6000}), oneTime(5000, 10).Table(), "Pareto/NBD was not fitted: 5,000 customers have an order, the least is 6,000.", "未拟合 Pareto/NBD：只有 5,000 位客户有订单，至少需要 6,000 位。"},
	} {
		if w := mustFit(t, c.model, c.in).Report().Warnings[0]; w.En != c.en || w.Zh != c.zh {
			t.Errorf("%q, %q, want %q, %q", w.En, w.Zh, c.en, c.zh)
		}
	}
}

// Any start of the search ends in the same fit, however many cores work on it,
// also where starts are tried on a part of the histories.
func TestWorkersDoNotMatter(t *testing.T) {
	in := simulate(truth, 90_000, 1095, 1095, 0, 4).Table()
	if h, _ := purchase.NewHistories(in, nil); h.Len() < 30_000 {
		t.Fatalf("%d histories: no part is taken", h.Len())
	}
	a := mustFit(t, model(purchase.Model{Workers: 1}), in)
	b := mustFit(t, model(purchase.Model{Workers: 3}), in)
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
	modelstest.Run(t, model(purchase.Model{DiscountRate: 0.1, AsOf: 20_000}), simulate(truth, 1000, 300, 100, 0, 2).Table())
}

func TestPromisesWithoutChurn(t *testing.T) {
	// Valid is left out: p_alive is missing for everybody, on purpose.
	modelstest.Run(t, model(purchase.Model{}), simulate(Params{R: .8, Alpha: 9}, 600, 200, 60, 0, 0).Table(), modelstest.Valid)
}

func TestImpossibleHistories(t *testing.T) {
	for name, s := range map[string]*shopdata.Base{
		"t_x beyond T":             {X: []int64{1}, Tx: []int64{5}, T: []int64{4}},
		"x below zero":             {X: []int64{-1}, Tx: []int64{0}, T: []int64{4}},
		"more days than days":      {X: []int64{9}, Tx: []int64{8}, T: []int64{10}},
		"T beyond all calendars":   {X: []int64{0}, Tx: []int64{0}, T: []int64{1 << 20}},
		"no repeat but a t_x":      {X: []int64{0}, Tx: []int64{3}, T: []int64{10}},
		"a first day after as_of":  {X: []int64{0}, Tx: []int64{0}, T: []int64{-1}},
		"garbage in every column ": {X: []int64{math.MinInt64}, Tx: []int64{math.MaxInt64}, T: []int64{math.MaxInt64}},
	} {
		s.Last = []int64{0}
		if _, err := (model(purchase.Model{})).Fit(t.Context(), s.Table()); err == nil || !strings.Contains(err.Error(), "row 0") {
			t.Errorf("%s: fitted, %v", name, err)
		}
		f := mustFit(t, model(purchase.Model{}), simulate(truth, 50, 100, 10, 0, 1).Table())
		if err := f.Score(t.Context(), f.Model().Spec().Make(1), s.Table()); err == nil {
			t.Errorf("%s: scored", name)
		}
	}
}

func TestBadSettingsAndFiles(t *testing.T) {
	in := simulate(truth, 50, 100, 10, 0, 1).Table()
	for _, m := range []purchase.Model{{Horizon: -1}, {Window: -3}, {DiscountRate: -0.1}, {DiscountRate: math.NaN()}, {Buying: []string{"a", "a"}}} {
		if _, err := model(m).Fit(t.Context(), in); err == nil {
			t.Errorf("%+v fitted", m)
		}
	}
	for _, data := range []string{"", "{}", `{"settings":{},"method":"pareto_nbd","parameters":{"r":1,"alpha":2}}`,
		`{"settings":{},"method":"nbd","parameters":{"r":1,"alpha":-2}}`, `{"settings":{},"method":"pooled_rate"}`, `{"method":"none"}`,
		`{"settings":{},"method":"none","longest_days":-1}`, `{"settings":{},"method":"bg_nbd"}`, `{"settings":{},"method":"none","model":"pareto_nbd"}`,
		`{"settings":{},"method":"nbd","covariance_of_logs":[1,2],"parameters":{"r":1,"alpha":2}}`} {
		if _, err := (model(purchase.Model{})).Load([]byte(data)); err == nil {
			t.Errorf("loaded %q", data)
		}
	}
	f := mustFit(t, model(purchase.Model{}), in)
	if err := f.Score(t.Context(), table.Make(in.Rows(), (model(purchase.Model{})).Spec().Out...), in); err == nil {
		t.Error("scored into a date column without a mask")
	}
}

func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := simulate(truth, 2000, 500, 200, 0, 2).Table()
	if _, err := (model(purchase.Model{})).Fit(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("fit: %v", err)
	}
	f := mustFit(t, model(purchase.Model{}), in)
	if err := f.Score(ctx, f.Model().Spec().Make(in.Rows()), in); !errors.Is(err, context.Canceled) {
		t.Errorf("score: %v", err)
	}
}

// Steady-state scoring allocates for the call, not for the rows.
func TestScoreAllocations(t *testing.T) {
	in := simulate(truth, 4000, 500, 200, 0, 2).Table()
	f := mustFit(t, model(purchase.Model{}), in)
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
