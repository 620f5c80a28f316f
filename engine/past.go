package engine

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/models"
	"clientele/models/purchase"
)

// past are earlier states of a shop, as the summary would have told of them then,
// with what its customers did next: models learn from them and are judged by them.
// While it is open, bounds are those of some earlier day, and identities those of the
// customers who are looked back on.
type past struct {
	*Engine
	ctx   context.Context
	db    *duck.DB
	asOf  Day
	every int64   // one customer of so many, by the hash that is the person's number
	days  *buying // theirs
	logs  []int64 // of gaps of so many days
	made  map[[2]int]*snapshot
	fits  map[string]*purchase.Fitted // by fitKey: the last one

	noRisk models.Warning // why there is no churn score

	frozen *frozen // saved models that forecast in place of new fits; nil: none
	beside *frozen // those that a backtest sets beside new fits; nil: none
}

// snapshot is the summary of one earlier day.
type snapshot struct {
	day    Day                         // facts dated on or before it count
	window int                         // purchases on the days after it, so many, are what came
	table  *table.Table                // customers with an order: the columns of the summary, and no_purchase once a model wrote it
	orders []float64                   // purchase days within the window
	spend  []float64                   // and what they came to
	fits   map[string]*purchase.Fitted // by fitKey
}

// readPast looks back from a day, on most customers at most (0: all), where no summary
// of that day is made.
func (e *Engine) readPast(ctx context.Context, db *duck.DB, asOf Day, most int) (*past, error) {
	if err := ready(ctx, db, e.Config, asOf); err != nil {
		return nil, err
	}
	r, err := newOrderReader(ctx, db, e.Config, asOf)
	if err != nil {
		return nil, err
	}
	every, err := r.everyBuyer(most)
	if err != nil {
		return nil, err
	}
	who, err := r.people(every, func(int) error { return nil })
	if err != nil {
		return nil, err
	}
	days, err := r.buying(who, every)
	if err != nil {
		return nil, err
	}
	return e.newPast(ctx, db, asOf, days, every)
}

// everyBuyer is the sample that has most of the customers who bought by the day of bounds
// at most: one of so many. most 0: all.
func (r *orderReader) everyBuyer(most int) (int64, error) {
	var n int
	err := r.db.Row(r.ctx, []any{&n}, "SELECT count(*) FROM identities WHERE member = person")
	if err != nil || most <= 0 || n <= most {
		return r.sampleRate(0, most), err
	}
	err = r.db.Row(r.ctx, []any{&n}, `SELECT count(DISTINCT i.person) FROM kept_order_rows AS o INNER JOIN identities AS i ON o.member = i.member CROSS JOIN bounds AS b
WHERE o.counted = true AND o.ordered_day <= b.as_of_day AND o.net >= b.smallest_net`)
	return r.sampleRate(n, most), err
}

// newPast looks back on the customers whose purchase days these are, one of every.
// Nobody else is known while it is open.
func (e *Engine) newPast(ctx context.Context, db *duck.DB, asOf Day, days *buying, every int64) (*past, error) {
	p := &past{Engine: e, ctx: ctx, db: db, asOf: asOf, every: every, days: days, made: map[[2]int]*snapshot{}, fits: map[string]*purchase.Fitted{}}
	first, last := p.span()
	var err error
	if p.logs, err = gapLogs(ctx, db, max(1, int(last-first))); err != nil {
		return nil, err
	}
	return p, db.Exec(ctx, "CREATE TEMP TABLE identities AS SELECT * FROM identities WHERE person % $every = 0", sql.Named("every", every))
}

// close puts bounds and identities back.
func (p *past) close() error {
	if err := p.db.Exec(p.ctx, "DROP TABLE temp.identities"); err != nil {
		return err
	}
	return makeBounds(p.ctx, p.db, p.Config, p.asOf)
}

// span are the first and the last day with a purchase; 0 and 0 without any.
func (p *past) span() (first, last Day) {
	none := true
	for i := range p.days.count {
		from, to := p.days.of(i)
		if from == to {
			continue
		}
		f, l := Day(p.days.days[from]), Day(p.days.days[to-1])
		if none {
			first, last, none = f, l, false
		}
		first, last = min(first, f), max(last, l)
	}
	return first, last
}

// repeats are the repeat purchases of each day from first to last, of the customers who
// had bought by the origin.
func (p *past) repeats(origin, first, last Day) []float64 {
	out := make([]float64, last-first+1)
	for i := range p.days.count {
		from, to := p.days.until(i, last)
		if from == to || Day(p.days.days[from]) > origin {
			continue
		}
		for _, day := range p.days.days[from+1 : to] {
			if Day(day) >= first {
				out[Day(day)-first]++
			}
		}
	}
	return out
}

// at is the shop as of a day and what came in the window after it, which must have
// closed by the as-of day.
func (p *past) at(day Day, window int) (*snapshot, error) {
	key := [2]int{int(day), window}
	if s := p.made[key]; s != nil {
		return s, nil
	}
	if day+Day(window) > p.asOf {
		return nil, fmt.Errorf("the %d days after %v are not over on %v", window, day, p.asOf)
	}
	defer p.stage("summarize as of "+day.String(), 0)()
	if err := makeBounds(p.ctx, p.db, p.Config, day); err != nil {
		return nil, err
	}
	b := p.days.bought(day, p.logs) // the model sees no order of a later day
	places := p.buyers(b)           // who is left out has no orders
	s := &snapshot{day: day, window: window, fits: map[string]*purchase.Fitted{}}
	if err := p.next(s, places); err != nil {
		return nil, err
	}
	o, err := readOthers(p.ctx, p.db, p.days.who)
	if err != nil {
		return nil, fmt.Errorf("summarize as of %v: %w", day, err)
	}
	if s.table, err = b.summary(p.days.who, o, places); err != nil {
		return nil, fmt.Errorf("summarize as of %v: %w", day, err)
	}
	addLogGaps(s.table)
	if err := addAttributes(p.ctx, p.db, p.Config.Models, s.table); err != nil {
		return nil, err
	}
	p.made[key] = s
	return s, nil
}

// buyers are the places of those who had bought.
func (p *past) buyers(b *bought) []int32 {
	places := make([]int32, 0, len(b.ever))
	for i := range b.ever {
		if b.of(i).days > 0 {
			places = append(places, int32(i))
		}
	}
	return places
}

// next fills in what the customers of a snapshot, at these places, did in the window
// after its day.
func (p *past) next(s *snapshot, places []int32) error {
	s.orders, s.spend = make([]float64, len(places)), make([]float64, len(places))
	for k, i := range places {
		days, net, err := p.days.came(int(i), s.day, s.window)
		if err != nil {
			return err
		}
		s.orders[k], s.spend[k] = float64(days), net
	}
	return nil
}

// bought says who bought within the window.
func (s *snapshot) bought() []bool {
	out := make([]bool, len(s.orders))
	for i, n := range s.orders {
		out[i] = n > 0
	}
	return out
}

// stayedAway says who did not.
func (s *snapshot) stayedAway() []bool {
	out := s.bought()
	for i := range out {
		out[i] = !out[i]
	}
	return out
}

// addLogGaps adds log_gaps, which the purchase models read: the sum of the logs of
// the gaps between purchase days, in weeks.
func addLogGaps(t *table.Table) {
	logs, x := t.Column("gap_logs"), t.Column("x")
	out := table.NewColumn(table.Field{Name: "log_gaps", Kind: table.Float}, t.Rows())
	for i := range out.Floats {
		switch {
		case x.Missing(i):
			out.Floats[i] = math.NaN()
		case !logs.Missing(i):
			out.Floats[i] = float64(logs.Int(i))/1e9 - float64(x.Int(i))*math.Log(7)
		}
	}
	t.Add(out)
}
