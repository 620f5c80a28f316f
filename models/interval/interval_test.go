package interval

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"clientele/engine/table"
	"clientele/models/gammagamma"
	"clientele/models/purchase"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1e-300, math.Abs(want))) {
		t.Errorf("%s: %.10g, want %.10g", what, got, want)
	}
}

// Cumulants that are not finite have no quantile, and finding that out ends.
func TestNoQuantiles(t *testing.T) {
	for _, k := range []cumulants{{mean: 1, variance: math.NaN()}, {mean: 1, variance: math.Inf(1), third: 1}, {mean: 1, variance: 1, third: math.NaN()}} {
		if r := k.interval(0); !math.IsNaN(r.Low) || !math.IsNaN(r.High) {
			t.Errorf("%+v has the interval %+v", k, r)
		}
	}
}

// of makes the distribution of W of one number of purchases.
func of(shape, q float64) *mixture {
	m := &mixture{}
	m.set(&distribution{probability: []float64{0, 1}}, shape, q)
	return m
}

// The distribution function of W against the incomplete beta function.
func TestBelow(t *testing.T) {
	for _, shape := range []float64{0.3, 1, 2, 2.5, 6, 40, 3000} {
		for _, q := range []float64{1.2, 2, 3.7, 16, 900} {
			m := of(shape, q)
			last := 0.0
			for l := -14.0; l < 14; l += 0.003 {
				w := math.Exp(l)
				got, want := m.below(w), mathext.RegIncBeta(shape, q, w/(1+w))
				if math.Abs(got-want) > 1e-3 {
					t.Fatalf("shape %v, q %v, W %v: %v, want %v", shape, q, w, got, want)
				}
				if got < last-1e-9 {
					t.Fatalf("shape %v, q %v, W %v: falls from %v to %v", shape, q, w, last, got)
				}
				last = got
			}
		}
	}
	for z := -9.0; z < 9; z += 0.0037 {
		if d := normal(z) - 0.5*math.Erfc(-z/math.Sqrt2); math.Abs(d) > 5e-7 {
			t.Fatalf("normal(%v) is off by %v", z, d)
		}
	}
}

// anyDistribution is of how many purchases there may be.
func anyDistribution(t *rapid.T) distribution {
	d := distribution{probability: []float64{rapid.Float64Range(0, 0.9).Draw(t, "none")}}
	left := 1 - d.probability[0]
	for range rapid.IntRange(0, 40).Draw(t, "n") {
		p := left * rapid.Float64Range(0.05, 0.6).Draw(t, "share")
		d.probability = append(d.probability, p)
		left -= p
	}
	d.rest = left
	return d
}

func TestQuantile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &mixture{}
		d := anyDistribution(t)
		m.set(&d, rapid.Float64Range(0.2, 30).Draw(t, "p"), rapid.Float64Range(1.01, 200).Draw(t, "q"))
		level := d.probability[0] + (1-d.probability[0])*rapid.Float64Range(0.01, 0.99).Draw(t, "level")
		guess := math.Exp(rapid.Float64Range(-20, 20).Draw(t, "guess"))
		if w := quantile(m.below, level, guess); math.Abs(m.below(w)-level) > 2e-4 {
			t.Fatalf("below %v is %v, not %v", w, m.below(w), level)
		}
	})
}

// Numbers of purchases that share a node are as many and worth as much.
func TestNodes(t *testing.T) {
	p := make([]float64, 3000)
	rest := purchase.NegativeBinomialTo(p, 2, 1, 300)
	var mass, mean, want float64
	nodes := nodesTo(nil, p, rest, 2.5)
	for _, n := range nodes {
		mass += n.weight
		mean += n.weight * n.shape
	}
	for n, v := range p {
		want += v * float64(n) * 2.5
	}
	near(t, "mass", mass, 1-p[0], 1e-9)
	near(t, "mean", mean, want+rest*1.1*2.5*3000, 1e-9)
	if len(nodes) > 120 {
		t.Errorf("%d nodes", len(nodes))
	}
}

// Moments of W: the formulas, and those of its capped self where the cap is far out.
func TestWorth(t *testing.T) {
	p := make([]float64, 60)
	rest := purchase.NegativeBinomialTo(p, 0.8, 1, 1.5)
	d := distribution{probability: p, rest: rest}
	n1, n2, n3 := d.moments()
	near(t, "mean", n1, 1.2, 1e-9) // of a negative binomial: shape times span
	near(t, "variance", n2-n1*n1, 1.2*2.5, 1e-6)
	const shape, q = 6.25, 20.0
	got := worth(shape, q, n1, n2, n3)
	var m mixture
	m.set(&d, shape, q)
	far := m.capped(1e-12)
	near(t, "capped mean", far.mean, got.mean, 2e-3)
	near(t, "capped variance", far.variance, got.variance, 5e-3)
	near(t, "capped third", far.third, got.third, 1e-2)
	// Drawn.
	rng := rand.New(rand.NewPCG(1, 1))
	g := drawn{upTo: make([]float64, len(p)), q: q}
	var sum float64
	for n, v := range p {
		sum += v
		g.upTo[n] = sum
	}
	const many = 400_000
	var s1, s2 float64
	for range many {
		if n := g.orders(rng.Float64()); n > 0 {
			w := ratio(rng, shape*n, q)
			s1 += w
			s2 += w * w
		}
	}
	near(t, "drawn mean", s1/many, got.mean, 0.01)
	near(t, "drawn variance", s2/many-s1*s1/many/many, got.variance, 0.02)
	// Without a variance the capped one is finite, and rises with the cap.
	m.set(&d, 3, 1.7)
	if a, b := m.capped(1e-4), m.capped(1e-5); !(a.variance > 0 && b.variance > a.variance && !math.IsInf(b.third, 0) && b.mean > a.mean && b.mean < 3*1.2/0.7) {
		t.Errorf("%+v, %+v", a, b)
	}
	if c := m.capped(0.999); c != (cumulants{}) {
		t.Errorf("%+v of nothing", c)
	}
}

// Type III with the cumulants of a gamma is the gamma; without skew the normal.
func TestCumulants(t *testing.T) {
	g := distuv.Gamma{Alpha: 3, Beta: 0.5}
	k := cumulants{mean: 6, variance: 12, third: 48}
	for _, p := range []float64{0.025, 0.5, 0.975} {
		near(t, "gamma", k.at(p), g.Quantile(p), 1e-9)
	}
	r := cumulants{mean: 10, variance: 4}.interval(0)
	near(t, "low", r.Low, 10-2*1.959963985, 1e-9)
	near(t, "high", r.High, 10+2*1.959963985, 1e-9)
	r = cumulants{mean: 1000}.interval(0.01) // nothing but what the data leave open
	l := distuv.LogNormal{Mu: math.Log(1000) - math.Log1p(0.01)/2, Sigma: math.Sqrt(math.Log1p(0.01))}
	near(t, "low", r.Low, l.Quantile(0.025), 0.001)
	near(t, "high", r.High, l.Quantile(0.975), 0.001)
	if r := (cumulants{mean: 3}).interval(0); r.Low != 3 || r.High != 3 {
		t.Errorf("certain: %+v", r)
	}
}

// The points around the estimates have their mean and covariance, in logs.
func TestPoints(t *testing.T) {
	s := simulate(usual, 600, 3)
	f := forecaster(t, s.table, usual)
	logs := func(p point) []float64 {
		e := f.estimates[p.orders]
		return []float64{math.Log(e[0]), math.Log(e[1]), math.Log(e[2]), math.Log(e[3]), math.Log(p.spend.P), math.Log(p.spend.Q - 1), math.Log(p.spend.V)}
	}
	if len(f.around) != 14 {
		t.Fatalf("%d points", len(f.around))
	}
	at := logs(point{0, f.spend})
	c, slope := f.orders.Covariance(), f.spend.Q/(f.spend.Q-1)
	for i := range at {
		var mean float64
		for _, p := range f.around {
			mean += logs(p)[i] / 14
		}
		near(t, "mean", mean, at[i], 1e-9)
		for j := range at {
			var got, want float64
			for _, p := range f.around {
				got += (logs(p)[i] - at[i]) * (logs(p)[j] - at[j]) / 14
			}
			switch {
			case i < 4 && j < 4:
				want = c.At(i, j)
			case i >= 4 && j >= 4:
				want = f.covariance[i-4][j-4]
				for _, k := range []int{i, j} {
					if k == 5 {
						want *= slope
					}
				}
			}
			if math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
				t.Errorf("covariance %d, %d: %v, want %v", i, j, got, want)
			}
		}
	}
}

// Intervals of customers: 95 % inside and no more than 2.5 % below, by draws of
// orders and spend from what the models say of each customer.
func TestCustomersByDraws(t *testing.T) {
	s := simulate(faithful, 3000, 9)
	f := forecaster(t, s.table, faithful)
	f.mixed = false
	p, _ := f.spendModel.Params()
	rng := rand.New(rand.NewPCG(2, 3))
	in := histories(purchase.History{X: 0, Tx: 0, T: 400}, purchase.History{X: 2, Tx: 700, T: 900}, purchase.History{X: 12, Tx: 1800, T: 1900}, purchase.History{X: 90, Tx: 1990, T: 1999})
	b := base(t, f, in)
	law, _ := f.orders.Law()
	for i, x := range in.Ints("x") {
		h := purchase.History{X: int(x), Tx: int(in.Ints("t_x")[i]), T: int(in.Ints("T")[i])}
		pmf := make([]float64, 600)
		law.PurchasesTo(pmf, h, horizon)
		scores := law.Score(h)
		low, high := b.Orders(i)
		valueLow, valueHigh := b.Value(i)
		var inside, below, valueInside, valueBelow float64
		for n, v := range pmf {
			switch {
			case float64(n) < low:
				below += v
			case float64(n) <= high:
				inside += v
			}
		}
		if below > 0.025 || inside < 0.95 || inside-pmf[int(high)] >= 0.95 {
			t.Errorf("%+v: orders %v to %v, %v below and %v inside", h, low, high, below, inside)
		}
		const many = 40_000
		for range many {
			u, n := rng.Float64(), 0
			for n < len(pmf)-1 && u >= pmf[n] {
				u -= pmf[n]
				n++
			}
			nu := distuv.Gamma{Alpha: p.Q + p.P*float64(x), Beta: p.V + in.Floats("repeat_spend")[i], Src: rng}.Rand()
			var v float64
			for range n {
				v += distuv.Gamma{Alpha: p.P, Beta: nu, Src: rng}.Rand()
			}
			switch v *= scores.Discounted / scores.Expected; {
			case v < valueLow:
				valueBelow++
			case v <= valueHigh:
				valueInside++
			}
		}
		if math.Abs(valueInside/many-0.95) > 0.005 || valueBelow/many > 0.028 {
			t.Errorf("%+v: value %v to %v, %v below and %v inside", h, valueLow, valueHigh, valueBelow/many, valueInside/many)
		}
	}
}

// histories makes a table of them, with repeat spend of 20 a purchase.
func histories(list ...purchase.History) *table.Table {
	var x, tx, age []int64
	var spend []float64
	for _, h := range list {
		x, tx, age, spend = append(x, int64(h.X)), append(tx, int64(h.Tx)), append(age, int64(h.T)), append(spend, 20*float64(h.X))
	}
	column := func(name string, v []int64) *table.Column {
		return &table.Column{Field: table.Field{Name: name, Kind: table.Int}, Ints: v}
	}
	return table.New(column("x", x), column("t_x", tx), column("T", age), column("last_day", tx),
		&table.Column{Field: table.Field{Name: "repeat_spend", Kind: table.Float}, Floats: spend})
}

// What the data leave open widens intervals in a small base, and is left out of
// customers' intervals where it does not matter.
func TestParametersOpen(t *testing.T) {
	small, large := simulate(faithful, 150, 4), simulate(faithful, 30_000, 4)
	few, many := forecaster(t, small.table, faithful), forecaster(t, large.table, faithful)
	if !few.mixed || many.mixed {
		t.Fatalf("150 customers: %v, 30,000: %v", few.mixed, many.mixed)
	}
	in := histories(purchase.History{X: 20, Tx: 1900, T: 1950}, purchase.History{X: 5, Tx: 1900, T: 1950})
	wide := base(t, few, in)
	few.mixed = false
	narrow := base(t, few, in)
	for i := range 2 {
		a, b := wide.Value(i)
		c, d := narrow.Value(i)
		if !(a <= c && b > d) {
			t.Errorf("row %d: %v to %v with parameters open, %v to %v without", i, a, b, c, d)
		}
	}
	// Totals are wider by them at any size.
	s := simulate(usual, 1500, 4)
	f := forecaster(t, s.table, usual)
	b := base(t, f, s.table)
	with, err := b.Total(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.around = nil
	without, err := b.Total(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !(with.Orders.High-with.Orders.Low > 1.3*(without.Orders.High-without.Orders.Low)) {
		t.Errorf("%+v with parameters open, %+v without", with, without)
	}
}

func scored(t *testing.T, f *Forecaster, in *table.Table) *table.Table {
	t.Helper()
	dst := table.Make(in.Rows(), Fields()...)
	if err := f.Score(t.Context(), dst, in); err != nil {
		t.Fatal(err)
	}
	return dst
}

func same(t *testing.T, what string, a, b *table.Table) {
	t.Helper()
	for _, f := range Fields() {
		if !slices.EqualFunc(a.Floats(f.Name), b.Floats(f.Name), func(x, y float64) bool { return x == y || x != x && y != y }) {
			t.Errorf("%s: column %s differs", what, f.Name)
		}
	}
}

// Every row is scored by itself, and nothing depends on the number of workers.
func TestRowByRow(t *testing.T) {
	s := simulate(usual, 400, 5)
	in := s.table
	in.Column("x").Null = make([]bool, in.Rows())
	f := forecaster(t, in, usual)
	in.Column("x").Null[7] = true
	in.Floats("repeat_spend")[8] = math.NaN()
	whole := scored(t, f, in)
	parts := table.Make(in.Rows(), Fields()...)
	for from := 0; from < in.Rows(); from += 77 {
		to := min(from+77, in.Rows())
		if err := f.Score(t.Context(), parts.Slice(from, to), in.Slice(from, to)); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "in chunks", parts, whole)
	f.workers = 5
	same(t, "on five workers", scored(t, f, in), whole)
	b := base(t, f, in)
	five, err := b.Total(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.workers = 1
	if one, err := b.Total(t.Context()); err != nil || one != five {
		t.Errorf("total %+v on one worker, %+v on five", one, five)
	}
	for _, c := range Fields() {
		for i, v := range whole.Floats(c.Name) {
			if math.IsNaN(v) != (i == 7) || math.IsInf(v, 0) || v < 0 {
				t.Fatalf("%s, row %d: %v", c.Name, i, v)
			}
		}
	}
	low, high := whole.Floats("clv_low"), whole.Floats("clv_high")
	for i := range low {
		if low[i] > high[i] || whole.Floats("expected_orders_low")[i] > whole.Floats("expected_orders_high")[i] {
			t.Fatalf("row %d: low above high", i)
		}
	}
}

// Nor does the order of the rows matter, but for the last digits of sums.
func TestOrderOfRows(t *testing.T) {
	s := simulate(truth{faithful.orders, heavy.spend}, 300, 15) // few enough to be drawn
	f := forecaster(t, s.table, faithful)
	n := s.table.Rows()
	turned := make([]*table.Column, 0, 5)
	for _, c := range s.table.Columns() {
		d := &table.Column{Field: c.Field, Ints: slices.Clone(c.Ints), Floats: slices.Clone(c.Floats)}
		slices.Reverse(d.Ints)
		slices.Reverse(d.Floats)
		turned = append(turned, d)
	}
	a, b := base(t, f, s.table), base(t, f, table.New(turned...))
	for i := range n {
		low, high := a.Value(i)
		if l, h := b.Value(n - 1 - i); l != low || h != high {
			t.Fatalf("row %d: %v to %v, %v to %v elsewhere", i, low, high, l, h)
		}
	}
	one, err := a.Total(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.Total(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	near(t, "lower end of orders", two.Orders.Low, one.Orders.Low, 1e-9)
	near(t, "upper end of value", two.Value.High, one.Value.High, 1e-9)
	near(t, "value", two.Value.Mean, one.Value.Mean, 1e-9)
}

// Totals are the sums of the columns that the models write.
func TestTotalsAreSums(t *testing.T) {
	s := simulate(faithful, 1200, 6)
	orders, spend := fitOrders(t, s.table, faithful), fitSpend(t, s.table)
	f, err := New(Inputs{Orders: orders, Spend: spend, Margin: 0.4, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	o, m := orders.Model().Spec().Make(s.table.Rows()), (&gammagamma.Model{}).Spec().Make(s.table.Rows())
	if err := orders.Score(t.Context(), o, s.table); err != nil {
		t.Fatal(err)
	}
	if err := spend.Score(t.Context(), m, s.table); err != nil {
		t.Fatal(err)
	}
	segment := make([]int32, s.table.Rows())
	var want [3][2]float64
	for i := range segment {
		segment[i] = int32(i%4) - 1 // a quarter is in none
		if segment[i] >= 0 {
			want[segment[i]][0] += o.Floats("expected_orders")[i]
			want[segment[i]][1] += o.Floats("discounted_orders")[i] * m.Floats("expected_spend")[i] * 0.4
		}
	}
	b := base(t, f, s.table)
	totals, err := b.Totals(t.Context(), segment, 4)
	if err != nil {
		t.Fatal(err)
	}
	for k, w := range want {
		near(t, "orders", totals[k].Orders.Mean, w[0], 1e-9)
		near(t, "value", totals[k].Value.Mean, w[1], 1e-9)
		if r := totals[k].Value; !(r.Low < r.Mean && r.Mean < r.High) || totals[k].Customers != 300 {
			t.Errorf("%+v", totals[k])
		}
	}
	if empty := totals[3]; empty.Customers != 0 || empty.Orders != (Range{}) || empty.Value != (Range{}) {
		t.Errorf("nobody: %+v", empty)
	}
	// On revenue all is 2.5 times as much, and a customer's interval too.
	revenue, err := New(Inputs{Orders: orders, Spend: spend, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := base(t, revenue, s.table)
	for i := range segment {
		l0, h0 := b.Value(i)
		l1, h1 := r.Value(i)
		near(t, "low", l1, l0*2.5, 1e-12)
		near(t, "high", h1, h0*2.5, 1e-12)
	}
}

// A level moves what is expected, and intervals with it.
func TestLevel(t *testing.T) {
	s := simulate(faithful, 1500, 14)
	plain := forecaster(t, s.table, faithful)
	h := purchase.History{X: 9, Tx: 1700, T: 1800}
	law, _ := plain.orders.Law()
	var was, is [1]float64
	law.ExpectedTo(was[:], h, []int{horizon})
	for _, level := range []float64{0.8, 1.25} {
		m := plain.orders.Model()
		m.Level = level
		fitted, err := m.Fit(t.Context(), s.table)
		if err != nil {
			t.Fatal(err)
		}
		f, err := New(Inputs{Orders: fitted.(*purchase.Fitted), Spend: plain.spendModel, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		law.ExpectedTo(is[:], h, []int{f.days(law, h)})
		near(t, "expected in the span", is[0], level*was[0], 2e-3)
		a, err := base(t, plain, s.table).Total(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b, err := base(t, f, s.table).Total(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		near(t, "orders", b.Orders.Mean, level*a.Orders.Mean, 1e-9)
		near(t, "value", b.Value.Mean, level*a.Value.Mean, 1e-9)
		near(t, "lower end", b.Orders.Low, level*a.Orders.Low, 0.01)
		near(t, "upper end of value", b.Value.High, level*a.Value.High, 0.01)
	}
}

// A segment that is drawn has the interval that its cumulants have.
func TestDrawnAgainstCumulants(t *testing.T) {
	s := simulate(faithful, 3000, 8)
	f := forecaster(t, s.table, faithful)
	b := base(t, f, s.table)
	p := b.divide([]*Base{b}, make([]int32, b.size()), 1)[0][0]
	p.add(&cumulants{}, &cumulants{}, len(b.rows))
	drawnOrders, drawnValue := draw([]*portion{p}, p.ordersOpen, p.valueOpen)
	total, err := b.Total(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]Range{{drawnOrders, total.Orders}, {drawnValue, total.Value}} {
		width := c[1].High - c[1].Low
		if math.Abs(c[0].Low-c[1].Low) > 0.06*width || math.Abs(c[0].High-c[1].High) > 0.06*width || width == 0 {
			t.Errorf("drawn %+v, by cumulants %+v", c[0], c[1])
		}
	}
}

// Customers at the edges of what there may be have finite intervals.
func TestExtremes(t *testing.T) {
	in := histories(purchase.History{}, purchase.History{T: 1}, purchase.History{X: 1, Tx: 1, T: 1}, purchase.History{X: 1000, Tx: 1999, T: 2000}, purchase.History{X: 1000, Tx: 1000, T: 1000}, purchase.History{X: 1, Tx: 1, T: 9000})
	in.Floats("repeat_spend")[3] = 1e12
	in.Floats("repeat_spend")[4] = -5 // refunds: nothing is known
	for _, p := range []truth{usual, faithful} {
		f := forecaster(t, simulate(p, 500, 11).table, p)
		dst := scored(t, f, in)
		for _, c := range Fields() {
			for i, v := range dst.Floats(c.Name) {
				if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
					t.Errorf("%s, row %d: %v", c.Name, i, v)
				}
			}
		}
		total, err := base(t, f, in).Total(t.Context())
		if err != nil || math.IsNaN(total.Value.High) || math.IsInf(total.Value.High, 0) {
			t.Errorf("%+v, %v", total, err)
		}
	}
}

// Covariates make the intervals of customers with equal histories differ.
func TestCovariates(t *testing.T) {
	s := simulate(faithful, 1500, 12)
	member := make([]float64, s.table.Rows())
	for i, x := range s.table.Ints("x") {
		member[i] = float64(min(x, 3)) / 3 // whoever buys more is more of a member
	}
	s.table.Add(&table.Column{Field: table.Field{Name: "member", Kind: table.Float}, Floats: member})
	m := purchase.Model{Family: purchase.NBD{}, Horizon: horizon, Buying: []string{"member"}, Workers: 1}
	fitted, err := m.Fit(t.Context(), s.table)
	if err != nil {
		t.Fatal(err)
	}
	f, err := New(Inputs{Orders: fitted.(*purchase.Fitted), Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	h := purchase.History{X: 2, Tx: 800, T: 1200}
	in := histories(h, h, h)
	in.Add(&table.Column{Field: table.Field{Name: "member", Kind: table.Float}, Floats: []float64{0, 1, math.NaN()}})
	b := base(t, f, in)
	_, plain := b.Orders(0)
	_, more := b.Orders(1)
	_, none := b.Orders(2)
	if !(more > plain) || !math.IsNaN(none) {
		t.Errorf("upper ends %v, %v and %v", plain, more, none)
	}
	if low, _ := b.Value(0); !math.IsNaN(low) {
		t.Errorf("a value of %v without spend", low)
	}
	if total, err := b.Total(t.Context()); err != nil || !math.IsNaN(total.Value.Mean) || total.Customers != 2 {
		t.Errorf("%+v, %v", total, err)
	}
	if _, err := f.Base(t.Context(), histories(h)); err == nil {
		t.Error("scored without the covariate")
	}
}

// Where no model was fitted there is no interval, and what cannot be is refused.
func TestNothingToGoBy(t *testing.T) {
	in := simulate(faithful, 30, 13).table
	f := forecaster(t, in, faithful) // too few customers
	if f.orders != nil {
		t.Fatal("thirty customers were enough")
	}
	for _, c := range Fields() {
		for _, v := range scored(t, f, in).Floats(c.Name) {
			if !math.IsNaN(v) {
				t.Fatalf("%s is %v", c.Name, v)
			}
		}
	}
	if total, err := base(t, f, in).Total(t.Context()); err != nil || !math.IsNaN(total.Orders.Mean) {
		t.Errorf("%+v, %v", total, err)
	}
	if _, err := New(Inputs{Margin: 1.5}); err == nil {
		t.Error("a margin of 1.5")
	}
	if _, _, err := Bootstrap(t.Context(), fitOrders(t, in, faithful), nil, 5, 1, 1); err == nil {
		t.Error("a bootstrap of nothing")
	}
	enough := forecaster(t, simulate(faithful, 300, 13).table, faithful)
	wrong := histories(purchase.History{X: 2, Tx: 9, T: 5})
	if _, err := enough.Base(t.Context(), wrong); err == nil {
		t.Error("t_x beyond T")
	}
	if _, err := enough.Base(t.Context(), table.New(in.Column("x"))); err == nil {
		t.Error("scored without t_x")
	}
}
