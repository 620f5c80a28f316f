package paretonbd

import (
	"math"
	"sync/atomic"

	"clientele/models/purchase"
)

// law is Pareto/NBD at one point: the formulas, and, where the settings say
// that customers are many, what these share: the days' logs, the integrals over
// the horizon by age, and, for each number of purchases that has been met, the
// chance of loss by day. The tables grow as they are used, always to the same
// values.
type law struct {
	p          Params
	settings   purchase.Settings
	horizon    float64   // weeks
	reach      int       // histories up to this T are read from the tables; below zero: there are none
	days       *days     // to days past reach
	life       []float64 // by T: (survival over the horizon)/(α+T)
	discounted []float64 // by T: the same, discounted; life itself without a discount
	loss       [heavy]atomic.Pointer[[]float64]
}

// heavy is the number of purchases from which no tables are kept: there are
// few such customers, and a number of tables would serve one each. From
// frequent on, tables go past reach only as far as the window and the next
// order of most of them, not ten years.
const (
	frequent = 12 // a multiple of together, as heavy is
	heavy    = 512
	soon     = 200 // days
)

// newLaw makes the law at p; every parameter is above zero.
func newLaw(p Params, s purchase.Settings) *law {
	l := &law{p: p, settings: s, horizon: float64(s.Horizon) * week, reach: -1}
	if s.Longest == 0 {
		return l
	}
	l.reach = s.Longest
	ahead := s.Window
	if !s.Near {
		ahead = max(ahead, purchase.Farthest)
	}
	l.days = newDays(p, l.reach+ahead, heavy, false)
	l.life = make([]float64, l.reach+1)
	for d := range l.life {
		t := float64(d) * week
		l.life[d] = survival(p, t, l.horizon, 0) / (p.Alpha + t)
	}
	l.discounted = l.life
	if s.Rate == 0 {
		return l
	}
	l.discounted = make([]float64, l.reach+1)
	for d := range l.discounted {
		t := float64(d) * week
		l.discounted[d] = survival(p, t, l.horizon, s.Rate) / (p.Alpha + t)
	}
	return l
}

// tabled reports whether the tables have what h needs.
func (l *law) tabled(h purchase.History) bool { return h.X < heavy && h.T <= l.reach }

// lossByDay returns the table of days.lossTo for x.
func (l *law) lossByDay(x int) []float64 {
	if t := l.loss[x].Load(); t != nil {
		return *t
	}
	n := len(l.days.logA)
	if x >= frequent {
		n = min(n, l.reach+max(soon, l.settings.Window)+1)
	}
	// Neighbours cost little beside each other, and who asks for one asks for the others.
	first := x - x%together
	var tables [together][]float64
	for j := range tables {
		tables[j] = make([]float64, n)
	}
	l.days.lossTo(&tables, first)
	for j := range tables {
		l.loss[first+j].Store(&tables[j])
	}
	return tables[x-first]
}

// weeks returns a history as the formulas take it.
func weeks(h purchase.History) (x, tx, t float64) {
	return float64(h.X), float64(h.Tx) * week, float64(h.T) * week
}

// LogLikelihood implements purchase.Law.
func (l *law) LogLikelihood(h purchase.History) float64 {
	x, tx, t := weeks(h)
	return logLikelihood(l.p, x, tx, t)
}

// PAlive implements purchase.Law.
func (l *law) PAlive(h purchase.History) float64 {
	if l.tabled(h) {
		return l.alive(l.lossByDay(h.X), h)
	}
	x, tx, t := weeks(h)
	return pAlive(l.p, x, tx, t)
}

// alive is P(alive) from the table of loss for h.X.
func (l *law) alive(loss []float64, h purchase.History) float64 {
	stay := l.days.stay(float64(h.X), h.Tx, h.T)
	return stay / (stay + max(0, loss[h.Tx]-stay*loss[h.T]))
}

// ExpectedTo implements purchase.Law.
func (l *law) ExpectedTo(dst []float64, h purchase.History, days []int) {
	x, _, t := weeks(h)
	now := l.PAlive(h) * (l.p.R + x) / (l.p.Alpha + t)
	for i := range dst {
		dst[i] = now * survival(l.p, t, float64(days[i])*week, 0)
	}
}

// Discounted implements purchase.Law.
func (l *law) Discounted(h purchase.History, days int, rate float64) float64 {
	x, _, t := weeks(h)
	ahead := float64(days) * week
	if days == purchase.Forever {
		ahead = math.Inf(1)
	}
	return l.PAlive(h) * (l.p.R + x) / (l.p.Alpha + t) * survival(l.p, t, ahead, rate)
}

// NoPurchase implements purchase.Law.
func (l *law) NoPurchase(h purchase.History, days int) float64 {
	if l.tabled(h) {
		if loss := l.lossByDay(h.X); h.T+days < len(loss) {
			alive := l.alive(loss, h)
			return min(1, 1-alive+alive*l.silent(loss, h, days))
		}
	}
	x, tx, t := weeks(h)
	alive := pAlive(l.p, x, tx, t)
	return min(1, 1-alive+alive*silentIfAlive(l.p, x, t, float64(days)*week))
}

// silent is silentIfAlive from the table of loss for h.X.
func (l *law) silent(loss []float64, h purchase.History, days int) float64 {
	stay := l.days.stay(float64(h.X), h.T, h.T+days)
	return min(1, stay+max(0, loss[h.T]-stay*loss[h.T+days]))
}

// PurchasesTo implements purchase.Law.
func (l *law) PurchasesTo(dst []float64, h purchase.History, days int) (rest float64) {
	x, _, t := weeks(h)
	return purchasesTo(dst, l.p, l.PAlive(h), x, t, float64(days)*week)
}

// LivingTo implements purchase.Living.
func (l *law) LivingTo(dst []float64, h purchase.History, days int) (rest float64, ok bool) {
	x, _, t := weeks(h)
	return purchasesTo(dst, l.p, 1, x, t, float64(days)*week), true
}

// NewCustomer implements purchase.Law.
func (l *law) NewCustomer(days int) float64 { return ExpectedPurchases(l.p, float64(days)*week) }

// Quick implements purchase.Law.
func (l *law) Quick(h purchase.History) (alive, expected float64) {
	alive = l.PAlive(h)
	x, _, t := weeks(h)
	if h.T <= l.reach {
		return alive, alive * (l.p.R + x) * l.life[h.T]
	}
	return alive, alive * (l.p.R + x) / (l.p.Alpha + t) * survival(l.p, t, l.horizon, 0)
}

// Score implements purchase.Law.
func (l *law) Score(h purchase.History) purchase.Scores {
	if !l.tabled(h) {
		return l.direct(h)
	}
	loss := l.lossByDay(h.X)
	alive := l.alive(loss, h)
	now := alive * (l.p.R + float64(h.X))
	s := purchase.Scores{Alive: alive, Expected: now * l.life[h.T], Discounted: now * l.discounted[h.T]}
	s.Silent = min(1, 1-alive+alive*l.silent(loss, h, l.settings.Window))
	s.Next = l.next(loss, alive, h)
	return s
}

// next is Scores.Next: in the table of loss for h.X where the day is near enough.
func (l *law) next(loss []float64, alive float64, h purchase.History) int {
	if alive < 0.5 {
		return 0
	}
	silent := func(days int) float64 { return 1 - alive*(1-l.silent(loss, h, days)) }
	by := min(len(loss)-1-h.T, purchase.Farthest)
	switch {
	case silent(by) <= 0.5:
		// Who is never lost has an even chance by ((α+T)/(α+T+d))^(r+x) = 1 - 1/(2 alive), no later.
		a := l.p.Alpha + float64(h.T)*week
		weeks := a * math.Expm1(-math.Log1p(-0.5/alive)/(l.p.R+float64(h.X)))
		return purchase.FirstDayNear(int(min(weeks/week, purchase.Farthest)), by, silent)
	case by == purchase.Farthest:
		return 0
	}
	return l.nextDirect(alive, h)
}

// nextDirect is next from the formulas.
func (l *law) nextDirect(alive float64, h purchase.History) int {
	if alive < 0.5 {
		return 0
	}
	x, _, t := weeks(h)
	return purchase.NextOrder(func(days int) float64 { return 1 - alive*(1-silentIfAlive(l.p, x, t, float64(days)*week)) })
}

// direct is Score from the formulas, for histories beyond the tables.
func (l *law) direct(h purchase.History) purchase.Scores {
	x, tx, t := weeks(h)
	alive := pAlive(l.p, x, tx, t)
	now := alive * (l.p.R + x) / (l.p.Alpha + t)
	s := purchase.Scores{Alive: alive, Expected: now * survival(l.p, t, l.horizon, 0), Discounted: now * survival(l.p, t, l.horizon, l.settings.Rate)}
	s.Silent = min(1, 1-alive+alive*silentIfAlive(l.p, x, t, float64(l.settings.Window)*week))
	s.Next = l.nextDirect(alive, h)
	return s
}
