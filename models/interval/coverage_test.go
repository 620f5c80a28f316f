package interval

import (
	"fmt"
	"math"
	"testing"

	"clientele/models/evaluate"
)

// tally counts intervals that held.
type tally struct{ held, of int }

func (c *tally) add(low, high, actual float64) {
	c.of++
	if low <= actual && actual <= high {
		c.held++
	}
}

func (c tally) share() float64 { return float64(c.held) / float64(c.of) }

// coverage is what one kind of shop shows.
type coverage struct {
	parameters, orders, value map[string]*tally // totals: of all, of segments
	one, oneValue             tally             // customers
	pit                       []float64
}

func at(m map[string]*tally, name string) *tally {
	if m[name] == nil {
		m[name] = &tally{}
	}
	return m[name]
}

// simulated makes shops, fits them and looks at what followed.
func simulated(t *testing.T, p truth, shops, customers int, seed uint64) *coverage {
	t.Helper()
	c := &coverage{parameters: map[string]*tally{}, orders: map[string]*tally{}, value: map[string]*tally{}}
	for k := range shops {
		s := simulate(p, customers, seed+uint64(k))
		in := Inputs{Orders: fitOrders(t, s.table, p), Spend: fitSpend(t, s.table), Workers: 1}
		if in.Orders.Covariance() == nil || in.Spend.Report().Method != "gamma_gamma" {
			continue // nothing was estimated, which warnings say
		}
		c.parameter(in, p)
		f, err := New(in)
		if err != nil {
			t.Fatal(err)
		}
		c.forecasts(t, base(t, f, s.table), s, uint64(k))
	}
	return c
}

func (c *coverage) parameter(in Inputs, p truth) {
	for i, e := range in.Orders.Estimates() {
		half := 1.96 * math.Sqrt(in.Orders.Covariance().At(i, i))
		at(c.parameters, e.Name).add(-half, half, math.Log(e.Value/p.orders.Values()[i]))
	}
	g, _ := in.Spend.Params()
	cov, _ := in.Spend.Covariance()
	for i, ratio := range []float64{g.P / p.spend.P, g.Q / p.spend.Q, g.V / p.spend.V} {
		half := 1.96 * math.Sqrt(cov[i][i])
		at(c.parameters, []string{"p", "q", "v"}[i]).add(-half, half, math.Log(ratio))
	}
}

func (c *coverage) forecasts(t *testing.T, b *Base, s *shop, seed uint64) {
	t.Helper()
	n := len(s.orders)
	segment := make([]int32, n)
	var sums [4][2]float64
	for i, x := range s.table.Ints("x") {
		segment[i] = int32(min(x, 1))
		if i < 40 {
			segment[i] = 2
		}
		for _, k := range []int32{segment[i], 3} {
			sums[k][0] += s.orders[i]
			sums[k][1] += s.value[i]
		}
		low, high := b.Orders(i)
		c.one.add(low, high, s.orders[i])
		low, high = b.Value(i)
		c.oneValue.add(low, high, s.value[i])
	}
	totals, err := b.Totals(t.Context(), segment, 3)
	if err != nil {
		t.Fatal(err)
	}
	all, err := b.Total(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for k, total := range append(totals, all) {
		name := []string{"bought once", "repeaters", "any forty", "all"}[k]
		at(c.orders, name).add(total.Orders.Low, total.Orders.High, sums[k][0])
		at(c.value, name).add(total.Value.Low, total.Value.High, sums[k][1])
	}
	before, upTo := make([]float64, n), make([]float64, n)
	b.PITTo(before, upTo, s.orders)
	evaluate.RandomisedPITTo(before, before, upTo, seed)
	c.pit = append(c.pit, before...)
}

// check asks for 93 to 97 % of parameters and totals, as far as so many shops
// tell, at least 93 % of customers, and a uniform PIT.
func (c *coverage) check(t *testing.T) {
	t.Helper()
	for what, m := range map[string]map[string]*tally{"parameter": c.parameters, "orders of": c.orders, "value of": c.value} {
		for name, n := range m {
			t.Logf("%s %s: %d of %d, %.3f", what, name, n.held, n.of, n.share())
			if low, high := evaluate.Wilson(n.held, n.of, 0.999); high < 0.93 || low > 0.97 {
				t.Errorf("%s %s: %d of %d intervals held", what, name, n.held, n.of)
			}
		}
	}
	u := evaluate.Uniform(c.pit)
	t.Logf("customers: orders %.4f, value %.4f, PIT %.4f from uniform (p %.3f)", c.one.share(), c.oneValue.share(), u.KS, u.PValue)
	if c.one.share() < 0.93 || c.oneValue.share() < 0.93 {
		t.Errorf("of customers' intervals %.4f held for orders, %.4f for value", c.one.share(), c.oneValue.share())
	}
	// Purchases of one day are one and the models do not know: with very many
	// customers that shows in the third digit.
	if u.PValue < 0.001 && u.KS > 0.005 {
		t.Errorf("PIT of customers' orders is not uniform: %+v", u)
	}
}

// Intervals hold what they say on shops made from the models.
func TestCoverage(t *testing.T) {
	for _, c := range []struct {
		name             string
		p                truth
		shops, customers int
		many, more       int // with -long
	}{
		{"NBD", faithful, 60, 300, 1000, 1000},
		{"Pareto/NBD", usual, 6, 400, 600, 1500},
		{"NBD, heavy-tailed spend", truth{faithful.orders, heavy.spend}, 30, 250, 1000, 800},
		{"Pareto/NBD, heavy-tailed spend", heavy, 0, 0, 300, 1500},
		{"NBD, heavy-tailed spend, large", truth{faithful.orders, heavy.spend}, 0, 0, 300, 12_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			shops, customers := c.shops, c.customers
			if *long {
				shops, customers = c.many, c.more
			}
			if shops == 0 {
				t.Skip("with -long")
			}
			t.Parallel()
			simulated(t, c.p, shops, customers, 1).check(t)
		})
	}
}

// The bootstrap, which asks the data, and the curvature of the likelihood,
// which the model has to be right for, agree on data of the model.
func TestBootstrapAgrees(t *testing.T) {
	draws, tolerance := 40, 0.4
	if *long {
		draws, tolerance = 600, 0.12
	}
	for _, p := range []truth{faithful, usual} {
		s := simulate(p, 1500, 77)
		f := fitOrders(t, s.table, p)
		h, err := f.Model().Histories(s.table)
		if err != nil {
			t.Fatal(err)
		}
		c, failed, err := Bootstrap(t.Context(), f, h, draws, 1, 2)
		if err != nil || failed > draws/20 {
			t.Fatal(failed, err)
		}
		for i, e := range f.Estimates() {
			boot, hessian := math.Sqrt(c.At(i, i)), math.Sqrt(f.Covariance().At(i, i))
			t.Logf("%s: standard error of the log %.4f by bootstrap, %.4f by the Hessian", e.Name, boot, hessian)
			if math.Abs(boot/hessian-1) > tolerance {
				t.Errorf("%s: standard error of the log %.4f by bootstrap, %.4f by the Hessian", e.Name, boot, hessian)
			}
		}
		if p != faithful {
			continue
		}
		again, _, err := Bootstrap(t.Context(), f, h, draws, 1, 1)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(c) {
			t.Error("one worker gives another covariance than two", err)
		}
	}
}
