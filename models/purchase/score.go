package purchase

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"clientele/engine/table"
	"clientele/models/stat"
)

// Score implements models.Fitted. A row without an order, or with a covariate
// missing, gets missing values.
func (f *Fitted) Score(ctx context.Context, dst, src *table.Table) error {
	spec := f.settings.Spec()
	if err := spec.Check(src); err != nil {
		return err
	}
	out, err := newOutput(spec.Name, dst)
	if err != nil {
		return err
	}
	rows, last := newReader(src), src.Column("last_day")
	parts, part := f.Parts(src)
	scores := make([]func(i int, h History) Scores, len(parts))
	for k, p := range parts {
		if scores[k], err = p.scoring(src); err != nil {
			return err
		}
	}
	level := f.Level()
	for i := range src.Rows() {
		if i%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		h, ok, err := rows.at(i)
		if err != nil {
			return fmt.Errorf("score %s: %w", spec.Name, err)
		}
		if !ok {
			out.set(i, nothing, 0, false)
			continue
		}
		from, dated := int64(f.settings.AsOf), true
		if from == 0 {
			from, dated = last.Int(i)+int64(h.T-h.Tx), !last.Missing(i)
		}
		s := scores[part[i]](i, h)
		s.Expected, s.Discounted = s.Expected*level, s.Discounted*level
		out.set(i, s, from, dated)
	}
	return nil
}

// ForecastTo writes expected_orders and no_purchase of every row of src alone, as Score
// does, in less time: either may be nil. It runs on all workers of the fit's Model.
func (f *Fitted) ForecastTo(ctx context.Context, expected, silent []float64, src *table.Table) error {
	spec := f.settings.Spec()
	if err := spec.Check(src); err != nil {
		return err
	}
	soon, err := f.forecastingSoon()
	if err != nil {
		return err
	}
	const chunk = 1 << 13
	errs := make([]error, (src.Rows()+chunk-1)/chunk)
	stat.Each(f.settings.Workers, len(errs), func(c int) {
		if errs[c] = ctx.Err(); errs[c] != nil {
			return
		}
		from, to := c*chunk, min((c+1)*chunk, src.Rows())
		part := func(column []float64) []float64 {
			if column == nil {
				return nil
			}
			return column[from:to]
		}
		errs[c] = soon.forecastTo(part(expected), part(silent), src.Slice(from, to))
	})
	return errors.Join(errs...)
}

// forecastTo is ForecastTo of some rows.
func (f *Fitted) forecastTo(expected, silent []float64, src *table.Table) error {
	rows, level := newReader(src), f.Level()
	parts, part := f.Parts(src)
	scores := make([]func(i int, h History) Scores, len(parts))
	for k, p := range parts {
		var err error
		if scores[k], err = p.forecasts(src, expected != nil, silent != nil); err != nil {
			return err
		}
	}
	for i := range src.Rows() {
		h, ok, err := rows.at(i)
		if err != nil {
			return fmt.Errorf("score %s: %w", f.settings.Family.Name(), err)
		}
		s := nothing
		if ok {
			s = scores[part[i]](i, h)
		}
		if expected != nil {
			expected[i] = s.Expected * level
		}
		if silent != nil {
			silent[i] = s.Silent
		}
	}
	return nil
}

// forecastingSoon is f with laws whose tables reach no further than its window.
func (f *Fitted) forecastingSoon() (*Fitted, error) {
	c := f.clone()
	c.soon = true
	if f.groups == nil {
		return c, nil
	}
	var err error
	c.groups, err = f.groups.With(func(p *Fitted) (*Fitted, error) { return p.forecastingSoon() })
	return c, err
}

// forecasts is scoring for Expected and Silent, those that are asked for.
func (f *Fitted) forecasts(src *table.Table, expected, silent bool) (func(i int, h History) Scores, error) {
	return f.scoringBy(src, func(law Law, h History) (s Scores) {
		if expected {
			_, s.Expected = law.Quick(h)
		}
		if silent {
			s.Silent = law.NoPurchase(h, f.settings.Window)
		}
		return s
	})
}

var nothing = Scores{Alive: math.NaN(), Expected: math.NaN(), Discounted: math.NaN(), Silent: math.NaN()}

// output are the columns that Score writes.
type output struct {
	alive, expected, discounted, risk []float64
	next                              []int32
	never                             []bool
}

func newOutput(name string, dst *table.Table) (*output, error) {
	next := dst.Column("next_order_on")
	if next.Null == nil && next.Len() > 0 {
		return nil, fmt.Errorf("%s: column next_order_on has no mask for missing values (models.Spec.Make makes it)", name)
	}
	return &output{
		alive: dst.Floats("p_alive"), expected: dst.Floats("expected_orders"), discounted: dst.Floats("discounted_orders"),
		risk: dst.Floats("no_purchase"), next: dst.Dates("next_order_on"), never: next.Null,
	}, nil
}

func (o *output) set(i int, s Scores, from int64, dated bool) {
	o.alive[i], o.expected[i], o.discounted[i], o.risk[i] = s.Alive, s.Expected, s.Discounted, s.Silent
	o.next[i], o.never[i] = 0, true
	if s.Next > 0 && dated {
		o.next[i], o.never[i] = int32(from+int64(s.Next)), false
	}
}

// scoring returns the function that scores row i of src, whose history is h.
func (f *Fitted) scoring(src *table.Table) (func(i int, h History) Scores, error) {
	// Without churn everybody is "alive" with certainty, which says nothing.
	if f.family != nil && f.family.WithoutChurn() == nil {
		return f.scoringBy(src, func(law Law, h History) Scores {
			s := law.Score(h)
			s.Alive = math.NaN()
			return s
		})
	}
	return f.scoringBy(src, Law.Score)
}

// scoringBy is scoring where a model was fitted by what a law says.
func (f *Fitted) scoringBy(src *table.Table, by func(law Law, h History) Scores) (func(i int, h History) Scores, error) {
	if f.family == nil {
		return func(_ int, h History) Scores { return f.plainScores(h) }, nil
	}
	columns, err := f.settings.Covariates(src)
	if err != nil {
		return nil, err
	}
	if len(columns) == 0 {
		law := f.laws.of(f, nil)
		// By T, of those who bought once: many share an age.
		once, known := make([]Scores, f.Oldest()+1), make([]bool, f.Oldest()+1)
		return func(_ int, h History) Scores {
			if h.X > 0 || h.T >= len(once) {
				return by(law, h)
			}
			if !known[h.T] {
				once[h.T], known[h.T] = by(law, h), true
			}
			return once[h.T]
		}, nil
	}
	z := make([]float64, len(columns))
	return func(i int, h History) Scores {
		for k, c := range columns {
			if z[k] = c[i] + 0; math.IsNaN(z[k]) || math.IsInf(z[k], 0) {
				return nothing
			}
		}
		return by(f.laws.of(f, z), h)
	}, nil
}

// plainScores are those of MethodPooled and MethodNone.
func (f *Fitted) plainScores(h History) Scores {
	s := nothing
	if f.method == MethodNone {
		return s
	}
	rate := (float64(h.X) + 1) / (float64(h.T)*Week + 1/f.rate)
	horizon := float64(f.settings.Horizon) * Week
	s.Expected = rate * horizon
	s.Discounted = rate * stat.Growth(-f.settings.rate(), horizon)
	return s
}

// Settings returns what Scores of f forecast; Longest is for many customers.
func (f *Fitted) Settings() Settings {
	return Settings{Horizon: f.settings.Horizon, Rate: f.settings.rate(), Window: f.settings.Window, Longest: f.reach(), Near: f.soon}
}

// Oldest is the greatest T of the fit, in days; of fits by group, that of all customers.
func (f *Fitted) Oldest() int { return min(f.longest, mostReach) }

// mostReach bounds the tables for bases with very old customers.
const mostReach = 12_000

// reach is how far tables go: a fit may score later months too, when its
// customers are older. Where customers share their covariates with few others,
// no table pays.
func (f *Fitted) reach() int {
	if f.profiles > mostTables {
		return 0
	}
	return min(f.longest+f.longest/4+400, mostReach)
}

// Level is what Score multiplies forecasts of numbers of purchases by: Model.Level,
// 1 where it is zero.
func (f *Fitted) Level() float64 {
	if f.settings.Level == 0 {
		return 1
	}
	return f.settings.Level
}

// Forecasting returns what f learned, forecasting as m says: with its Horizon,
// DiscountRate, Window, AsOf and Workers. Family, covariates and Level are those of the fit.
// An error says what of m is out of range.
func (f *Fitted) Forecasting(m Model) (*Fitted, error) {
	s := f.settings
	s.Horizon, s.DiscountRate, s.Window, s.AsOf, s.Workers = m.Horizon, m.DiscountRate, m.Window, m.AsOf, m.Workers
	s, err := s.settings()
	if err != nil {
		return nil, err
	}
	c := f.clone()
	c.settings = s
	if f.groups == nil {
		return c, nil
	}
	c.groups, err = f.groups.With(func(p *Fitted) (*Fitted, error) { return p.Forecasting(m) })
	return c, err
}

// Law returns the family at the estimates, for a customer with covariates z:
// those of buying, then those of churn, none missing, as many as f.Model has.
// ok is false where no model was fitted.
func (f *Fitted) Law(z ...float64) (law Law, ok bool) {
	if n := len(f.settings.Buying) + len(f.settings.Churn); len(z) != n {
		panic(fmt.Sprintf("purchase: %d values for %d covariates", len(z), n))
	}
	if f.family == nil {
		return nil, false
	}
	return f.laws.of(f, z), true
}

// ParamsOf returns the family's parameters of a customer with covariates z, as
// Law takes them, where the estimates are those given (Params, or one of Draws).
func (f *Fitted) ParamsOf(estimates, z []float64) []float64 {
	n := f.positive()
	p := append([]float64(nil), estimates[:n]...)
	coefficients := estimates[n:]
	if len(coefficients) == 0 {
		return p
	}
	buying, churn := f.family.Effects()
	low, high := f.family.Box()
	for j := range p {
		var shift float64
		for k, gamma := range coefficients {
			effect := buying
			if k >= len(f.settings.Buying) {
				effect = churn
			}
			shift += effect[j] * gamma * z[k]
		}
		// Covariates far from all that the fit saw must not leave the model.
		p[j] = min(max(p[j]*math.Exp(shift), low[j]), high[j])
	}
	return p
}

// laws keeps the laws that have been asked for.
type laws struct {
	mu   sync.RWMutex
	by   map[string]Law // by the bytes of z
	once sync.Once
	only Law // without covariates
}

// mostTables is how many distinct rows of covariates have tables of their own.
const mostTables = 64

func (l *laws) of(f *Fitted, z []float64) Law {
	if len(z) == 0 {
		l.once.Do(func() { l.only = f.family.At(f.ParamsOf(f.Params(), nil), f.Settings()) })
		return l.only
	}
	var room [128]byte
	key := room[:0]
	for _, v := range z {
		key = binary.LittleEndian.AppendUint64(key, math.Float64bits(v))
	}
	l.mu.RLock()
	law := l.by[string(key)]
	l.mu.RUnlock()
	if law != nil {
		return law
	}
	law = f.family.At(f.ParamsOf(f.Params(), z), f.Settings())
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.by) >= 2*mostTables || l.by == nil {
		l.by = map[string]Law{} // values that the fit did not see: start again, rather than grow
	}
	l.by[string(key)] = law
	return law
}
