package interval

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"clientele/models/purchase"
)

// The curve of a distribution gives its quantiles to what its cells are held to: a
// thousandth of them, or bent of probability, which steep steps have most of in little
// space. Usually it is far nearer, but between two lobes a third of that is met.
func TestCurve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &mixture{}
		d := anyDistribution(t)
		p := math.Exp(rapid.Float64Range(-1.5, 7).Draw(t, "ln p"))
		q := 1 + math.Exp(rapid.Float64Range(-3, 7).Draw(t, "ln(q-1)"))
		m.set(&d, p, q)
		var c, other curve
		c.reset(m.below, m.middle())
		other.reset(m.below, m.middle())
		for k := range 40 {
			level := d.probability[0] + (1-d.probability[0])*rapid.Float64Range(0.01, 0.99).Draw(t, "level")
			w := c.quantile(level)
			if w == 0 {
				t.Fatalf("level %v: none", level)
			}
			if math.Abs(m.below(w)-level) > bent && (m.below(w*1.001)-level)*(m.below(w/1.001)-level) > 0 {
				t.Fatalf("p %v, q %v: below %v is %v, not %v", p, q, w, m.below(w), level)
			}
			if k%8 == 0 && other.quantile(level) != w {
				t.Fatalf("level %v: %v, %v where less was asked for before", level, w, other.quantile(level))
			}
		}
	})
}

// A group computed with its family has the interval that its own distribution has,
// taken far enough and searched by halves.
func TestFamilies(t *testing.T) {
	for name, p := range map[string]truth{"usual": usual, "heavy": {usual.orders, heavy.spend}, "faithful": {faithful.orders, usual.spend}} {
		s := simulate(p, 1500, 8)
		f := forecaster(t, s.table, p)
		f.mixed = false
		b := base(t, f, s.table)
		alone := newScratch()
		for g, k := range b.keys {
			got := b.results[g]
			alone.distribute(b, k, 200)
			low, high := alone.span()
			if got.low != low || got.high != high {
				t.Fatalf("%s, %+v: %v to %v orders, by itself %v to %v", name, k, got.low, got.high, low, high)
			}
			n1, n2, _ := alone.used[0].moments()
			near(t, name+": variance", got.orders.variance, n2-n1*n1, 1e-2)
			alone.value(f, k)
			least, most := exactly(&alone.parts[0].mixture)
			near(t, name+": least", got.valueLow, least*got.discount, 1e-4)
			near(t, name+": most", got.valueHigh, most*got.discount, 1e-4)
		}
	}
}

// exactly is scratch.valueSpan of one mixture.
func exactly(m *mixture) (low, high float64) {
	at := func(level float64) float64 {
		low, high := -30.0, 30.0
		for high-low > 1e-9 {
			if middle := (low + high) / 2; m.below(math.Exp(middle)) > level {
				high = middle
			} else {
				low = middle
			}
		}
		return math.Exp(low)
	}
	switch {
	case m.none >= Level:
		return 0, 0
	case m.none >= tail:
		return 0, at(Level)
	}
	return at(tail), at(1 - tail)
}

// What those who are not lost buy is the same for every t_x, and with P(alive)
// makes what everybody buys.
func TestLiving(t *testing.T) {
	s := simulate(usual, 3000, 8)
	f := forecaster(t, s.table, usual)
	law, ok := f.plain[0].(purchase.Living)
	if !ok {
		t.Fatal("the law looks at t_x")
	}
	living, all := make([]float64, 12), make([]float64, 12)
	for _, h := range []purchase.History{{X: 0, T: 500}, {X: 1, Tx: 3, T: 800}, {X: 4, Tx: 100, T: 400}, {X: 4, Tx: 400, T: 400}, {X: 30, Tx: 900, T: 1000}} {
		rest, ok := law.LivingTo(living, h, horizon)
		if !ok {
			t.Fatal("the law looks at t_x")
		}
		alive := law.PAlive(h)
		near(t, "rest", law.PurchasesTo(all, h, horizon), alive*rest, 1e-9)
		for n, p := range living {
			if p *= alive; n == 0 {
				p += 1 - alive
			}
			near(t, "purchases", all[n], p, 1e-12)
		}
	}
}
