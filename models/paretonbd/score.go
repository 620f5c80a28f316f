package paretonbd

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"clientele/engine/table"
	"clientele/models/stat"
)

// Score implements models.Fitted.
func (f *Fitted) Score(ctx context.Context, dst, src *table.Table) error {
	if err := f.settings.Spec().Check(src); err != nil {
		return err
	}
	out, err := newOutput(dst)
	if err != nil {
		return err
	}
	x, tx, t, last := src.Column("x"), src.Column("t_x"), src.Column("T"), src.Column("last_day")
	score := f.scoring()
	for i := range src.Rows() {
		if i%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		xi, txi, ti, ok, err := history(x, tx, t, i)
		if err != nil {
			return fmt.Errorf("score %s: %w", Name, err)
		}
		if !ok {
			out.set(i, nothing, 0, false)
			continue
		}
		s := score(int(xi), int(txi), int(ti))
		from, dated := int64(f.settings.AsOf), true
		if from == 0 {
			from, dated = last.Ints[i]+ti-txi, !last.Missing(i)
		}
		out.set(i, s, from, dated)
	}
	return nil
}

// scores are one customer's. next is in days after the as-of day; zero: none.
type scores struct {
	alive, expected, discounted, risk float64
	next                              int
}

var nothing = scores{alive: math.NaN(), expected: math.NaN(), discounted: math.NaN(), risk: math.NaN()}

// output are the columns that Score writes.
type output struct {
	alive, expected, discounted, risk []float64
	next                              []int32
	never                             []bool
}

func newOutput(dst *table.Table) (*output, error) {
	next := dst.Column("next_order_on")
	if next.Null == nil && next.Len() > 0 {
		return nil, fmt.Errorf("%s: column next_order_on has no mask for missing values (models.Spec.Make makes it)", Name)
	}
	return &output{
		alive: dst.Floats("p_alive"), expected: dst.Floats("expected_orders"), discounted: dst.Floats("discounted_orders"),
		risk: dst.Floats("churn_risk"), next: dst.Dates("next_order_on"), never: next.Null,
	}, nil
}

func (o *output) set(i int, s scores, from int64, dated bool) {
	o.alive[i], o.expected[i], o.discounted[i], o.risk[i] = s.alive, s.expected, s.discounted, s.risk
	o.next[i], o.never[i] = 0, true
	if s.next > 0 && dated {
		o.next[i], o.never[i] = int32(from+int64(s.next)), false
	}
}

// scoring returns the function that scores one history, in days.
func (f *Fitted) scoring() func(x, tx, t int) scores {
	switch f.method {
	case MethodNone:
		return func(x, tx, t int) scores { return nothing }
	case MethodPooled:
		return f.pooledScores
	}
	f.once.Do(func() { f.table = newScorer(f.settings, f.params, f.longest) })
	return f.table.scores
}

// discount is the continuous rate a week.
func (m *Model) discount() float64 { return math.Log1p(m.DiscountRate) / 365 * 7 }

func (f *Fitted) pooledScores(x, _, t int) scores {
	s := nothing
	rate := (float64(x) + 1) / (float64(t)*week + 1/f.rate)
	h := float64(f.settings.Horizon) * week
	s.expected = rate * h
	s.discounted = rate * stat.Growth(-f.settings.discount(), h)
	return s
}

// scorer holds what customers share: the days' logs, the integrals over the
// horizon by age, and, for each number of purchases that has been met, the
// chance of loss by day. It grows as it is used, always to the same values.
type scorer struct {
	p          Params
	days       *days
	reach      int       // histories up to this T are read from the tables
	life       []float64 // by T: (survival over the horizon)/(α+T)
	discounted []float64 // by T: the same, discounted
	horizon    float64   // weeks
	discount   float64   // a week
	window     int       // days
	noLoss     []float64 // zeros: the table of everybody where nobody is lost
	loss       [heavy]atomic.Pointer[[]float64]
}

// heavy is the number of purchases from which no tables are kept: there are
// few such customers, and a number of tables would serve one each.
const heavy = 512

// mostReach bounds the tables for bases with very old customers.
const mostReach = 12_000

func newScorer(m Model, p Params, longest int) *scorer {
	s := &scorer{p: p, horizon: float64(m.Horizon) * week, discount: m.discount(), window: m.Window}
	// A fit may score later months too, when its customers are older.
	s.reach = min(longest+longest/4+400, mostReach)
	s.days = newDays(p, s.reach+max(farthest, m.Window), false)
	if p.S == 0 {
		s.noLoss = make([]float64, len(s.days.logA))
	}
	s.life, s.discounted = make([]float64, s.reach+1), make([]float64, s.reach+1)
	for d := range s.life {
		t := float64(d) * week
		s.life[d] = survival(p, t, s.horizon, 0) / (p.Alpha + t)
		s.discounted[d] = survival(p, t, s.horizon, s.discount) / (p.Alpha + t)
	}
	return s
}

// lossByDay returns the table of days.lossTo for x.
func (s *scorer) lossByDay(x int) []float64 {
	if s.noLoss != nil {
		return s.noLoss
	}
	if t := s.loss[x].Load(); t != nil {
		return *t
	}
	t := make([]float64, len(s.days.logA))
	s.days.lossTo(t, float64(x))
	s.loss[x].Store(&t)
	return t
}

func (s *scorer) scores(x, tx, t int) scores {
	if x >= heavy || t > s.reach {
		return s.direct(x, tx, t)
	}
	loss := s.lossByDay(x)
	xf := float64(x)
	alive := 1.0
	if s.p.S > 0 {
		stay := s.days.stay(xf, tx, t)
		alive = stay / (stay + max(0, loss[tx]-stay*loss[t]))
	}
	now := alive * (s.p.R + xf)
	r := scores{alive: alive, expected: now * s.life[t], discounted: now * s.discounted[t]}
	r.risk = min(1, 1-alive+alive*s.silent(loss, xf, t, s.window))
	if alive >= 0.5 && alive*(1-s.silent(loss, xf, t, farthest)) >= 0.5 {
		low, high := 0, farthest // an even chance by high, not by low
		for high-low > 1 {
			middle := (low + high) / 2
			if alive*(1-s.silent(loss, xf, t, middle)) >= 0.5 {
				high = middle
			} else {
				low = middle
			}
		}
		r.next = high
	}
	return s.known(r)
}

// silent is silentIfAlive for d days after t.
func (s *scorer) silent(loss []float64, x float64, t, d int) float64 {
	stay := s.days.stay(x, t, t+d)
	return min(1, stay+max(0, loss[t]-stay*loss[t+d]))
}

// direct is scores from the formulas, for histories beyond the tables.
func (s *scorer) direct(x, tx, t int) scores {
	xf, txw, tw := float64(x), float64(tx)*week, float64(t)*week
	alive := pAlive(s.p, xf, txw, tw)
	now := alive * (s.p.R + xf) / (s.p.Alpha + tw)
	r := scores{alive: alive, expected: now * survival(s.p, tw, s.horizon, 0), discounted: now * survival(s.p, tw, s.horizon, s.discount)}
	r.risk = min(1, 1-alive+alive*silentIfAlive(s.p, xf, tw, float64(s.window)*week))
	bought := func(d int) bool { return alive*(1-silentIfAlive(s.p, xf, tw, float64(d)*week)) >= 0.5 }
	if alive >= 0.5 && bought(farthest) {
		low, high := 0, farthest
		for high-low > 1 {
			if middle := (low + high) / 2; bought(middle) {
				high = middle
			} else {
				low = middle
			}
		}
		r.next = high
	}
	return s.known(r)
}

// known leaves out what the model does not know: without churn everybody is
// "alive" with certainty, which says nothing.
func (s *scorer) known(r scores) scores {
	if s.p.S == 0 {
		r.alive = math.NaN()
	}
	return r
}
