package bgnbd

import (
	"math"
	"sync/atomic"

	"clientele/models/purchase"
)

// law is a model at one point of its parameters: the formulas, and, where the
// settings say that customers are many, what those of one x and one T share:
// their expected orders, given that they are not lost. These grow as they are used, always to
// the same values.
type law struct {
	p        Params
	settings purchase.Settings
	horizon  float64 // weeks
	reach    int     // histories up to this T are kept; below zero: none
	kept     int     // and those below this x
	byX      []atomic.Pointer[forecasts]
}

// heavy is the number of purchases, times k, from which nothing is kept: there
// are few such customers, and what is kept would serve one each.
const heavy = 512

// forecasts are the orders expected of customers of one x within the horizon,
// given that they are not lost, by T and ticks: entry T K + j. Bits of a
// float64; zero: not known yet.
type forecasts struct {
	expected, discounted []atomic.Uint64
}

// newLaw makes the law at p, whose a may be zero.
func newLaw(p Params, s purchase.Settings) *law {
	l := &law{p: p, settings: s, horizon: float64(s.Horizon) * week, reach: -1}
	if s.Longest > 0 {
		l.reach, l.kept = s.Longest, heavy/p.ticks()
		l.byX = make([]atomic.Pointer[forecasts], l.kept)
	}
	return l
}

func (l *law) customer(h purchase.History) customer {
	x, tx, t := weeks(h)
	return l.p.customer(x, tx, t)
}

// ahead returns a number of days ahead in weeks.
func ahead(days int) float64 {
	if days == purchase.Forever {
		return math.Inf(1)
	}
	return float64(days) * week
}

// LogLikelihood implements purchase.Law.
func (l *law) LogLikelihood(h purchase.History) float64 {
	x, tx, _ := weeks(h)
	c := l.customer(h)
	return l.p.logPrior(x, tx) + c.logBraces() + SpanConstant(c.k, x, tx)
}

// PAlive implements purchase.Law. See PAliveTo for what BG/NBD's is not.
func (l *law) PAlive(h purchase.History) float64 {
	c := l.customer(h)
	return c.alive()
}

// ExpectedTo implements purchase.Law.
func (l *law) ExpectedTo(dst []float64, h purchase.History, days []int) {
	c := l.customer(h)
	alive := c.alive()
	for i := range dst {
		dst[i] = alive * c.expected(ahead(days[i]))
	}
}

// Discounted implements purchase.Law.
func (l *law) Discounted(h purchase.History, days int, rate float64) float64 {
	c := l.customer(h)
	return c.alive() * c.discounted(ahead(days), rate)
}

// NoPurchase implements purchase.Law.
func (l *law) NoPurchase(h purchase.History, days int) float64 {
	c := l.customer(h)
	return c.silent(ahead(days))
}

// PurchasesTo implements purchase.Law.
func (l *law) PurchasesTo(dst []float64, h purchase.History, days int) (rest float64) {
	c := l.customer(h)
	return c.purchases(dst, ahead(days))
}

// LivingTo implements purchase.Living. Where a purchase takes more than one tick of
// the clock, the ticks since T_x matter.
func (l *law) LivingTo(dst []float64, h purchase.History, days int) (rest float64, ok bool) {
	c := l.customer(h)
	if c.k > 1 {
		return 0, false
	}
	return c.living(dst, ahead(days)), true
}

// NewCustomer implements purchase.Law.
func (l *law) NewCustomer(days int) float64 { return ExpectedPurchases(l.p, ahead(days)) }

// Quick implements purchase.Law.
func (l *law) Quick(h purchase.History) (alive, expected float64) {
	c := l.customer(h)
	alive = c.alive()
	return alive, alive * l.expected(&c, l.forecasts(h), h.T)
}

// Score implements purchase.Law.
func (l *law) Score(h purchase.History) purchase.Scores {
	c := l.customer(h)
	kept := l.forecasts(h)
	alive := c.alive()
	s := purchase.Scores{Alive: alive, Expected: alive * l.expected(&c, kept, h.T)}
	s.Discounted = s.Expected
	if l.settings.Rate > 0 {
		s.Discounted = alive * l.discounted(&c, kept, h.T)
	}
	s.Silent = min(1, 1-alive+alive*c.silentIfAlive(ahead(l.settings.Window)))
	s.Next = next(&c, alive)
	return s
}

// forecasts returns where the forecasts of h are kept; nil: nowhere.
func (l *law) forecasts(h purchase.History) *forecasts {
	if h.X >= l.kept || h.T > l.reach {
		return nil
	}
	if f := l.byX[h.X].Load(); f != nil {
		return f
	}
	n := (l.reach + 1) * l.p.ticks()
	f := &forecasts{expected: make([]atomic.Uint64, n)}
	if l.settings.Rate > 0 {
		f.discounted = make([]atomic.Uint64, n)
	}
	if !l.byX[h.X].CompareAndSwap(nil, f) {
		f = l.byX[h.X].Load()
	}
	return f
}

// expected is c.expected within the horizon.
func (l *law) expected(c *customer, kept *forecasts, t int) float64 {
	if kept == nil {
		return c.expected(l.horizon)
	}
	var sum float64
	for j, w := range c.ticked[:c.k] {
		entry := &kept.expected[t*c.k+j]
		v := math.Float64frombits(entry.Load())
		if v == 0 {
			v = c.expectedOf(j, l.horizon)
			entry.Store(math.Float64bits(v))
		}
		sum += w * v
	}
	return sum
}

// discounted is c.discounted within the horizon.
func (l *law) discounted(c *customer, kept *forecasts, t int) float64 {
	if kept == nil {
		return c.discounted(l.horizon, l.settings.Rate)
	}
	var sum float64
	for j, w := range c.ticked[:c.k] {
		entry := &kept.discounted[t*c.k+j]
		v := math.Float64frombits(entry.Load())
		if v == 0 {
			v = c.discountedOf(j, l.horizon, l.settings.Rate)
			entry.Store(math.Float64bits(v))
		}
		sum += w * v
	}
	return sum
}

// next is Scores.Next.
func next(c *customer, alive float64) int {
	if alive < 0.5 {
		return 0
	}
	silent := func(days int) float64 { return 1 - alive*(1-c.silentIfAlive(float64(days)*week)) }
	if c.k > 1 {
		return purchase.NextOrder(silent)
	}
	// ((α+T)/(α+T+d))^ρ = 1 - 1/(2 alive), solved for d; then to the day, as silent has it.
	weeks := c.beta * math.Expm1(-math.Log1p(-0.5/alive)/c.rho)
	if !(weeks <= (purchase.Farthest+1)*week) {
		return 0
	}
	day := max(1, int(math.Ceil(weeks/week)))
	for day > 1 && silent(day-1) <= 0.5 {
		day--
	}
	for silent(day) > 0.5 {
		day++
	}
	if day > purchase.Farthest {
		return 0
	}
	return day
}
