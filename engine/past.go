package engine

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/models"
	"clientele/queries"
)

// past are earlier states of a shop, as the summary would have told of them then,
// with what its customers did next: models learn from them and are judged by them.
// While it is open, bounds and daily are those of some earlier day.
type past struct {
	*Engine
	ctx   context.Context
	db    *duck.DB
	asOf  Day
	every int64 // one customer of so many, by the hash that is the person's number
	made  map[[2]int]*snapshot

	noRisk models.Warning // why there is no churn score

	frozen *frozen // saved models that forecast in place of new fits; nil: none
	beside *frozen // those that a backtest sets beside new fits; nil: none
}

// snapshot is the summary of one earlier day.
type snapshot struct {
	day    Day          // facts dated on or before it count
	window int          // purchases on the days after it, so many, are what came
	table  *table.Table // customers with an order: the columns of the summary, and no_purchase once a model wrote it
	orders []float64    // purchase days within the window
	spend  []float64    // and what they came to
}

// newPast takes the temporary table daily, as of asOf, aside.
func (e *Engine) newPast(ctx context.Context, db *duck.DB, asOf Day, most int) (*past, error) {
	p := &past{Engine: e, ctx: ctx, db: db, asOf: asOf, every: 1, made: map[[2]int]*snapshot{}}
	var people int64
	if err := db.Row(ctx, []any{&people}, "SELECT count(DISTINCT person) FROM daily"); err != nil {
		return nil, err
	}
	if most > 0 {
		p.every = max(1, (people+int64(most)-1)/int64(most))
	}
	err := db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE every_day AS "+queries.Get("past/sample").SQL, sql.Named("every", p.every))
	if err != nil {
		return nil, err
	}
	return p, db.Exec(ctx, "ALTER TABLE daily RENAME TO daily_of_today")
}

// close puts bounds and daily back.
func (p *past) close() error {
	for _, statement := range []string{"DROP VIEW IF EXISTS temp.daily", "ALTER TABLE daily_of_today RENAME TO daily", "DROP TABLE every_day"} {
		if err := p.db.Exec(p.ctx, statement); err != nil {
			return err
		}
	}
	return makeBounds(p.ctx, p.db, p.Config, p.asOf)
}

// days are the first and the last day with a purchase.
func (p *past) days() (first, last Day, err error) {
	var from, to sql.NullInt64
	err = p.db.Row(p.ctx, []any{&from, &to}, "SELECT min(day), max(day) FROM every_day")
	return Day(from.Int64), Day(to.Int64), err
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
	// The model sees no row of a later day: this view is all that the summary reads of purchases.
	if err := p.db.Exec(p.ctx, "CREATE OR REPLACE TEMP VIEW daily AS "+queries.Get("past/known").SQL); err != nil {
		return nil, err
	}
	t, err := p.db.Query(p.ctx, "SELECT s.* FROM ("+queries.Get("summary/customers").SQL+") AS s WHERE s.x IS NOT NULL ORDER BY s.customer_id")
	if err != nil {
		return nil, fmt.Errorf("summarize as of %v: %w", day, err)
	}
	s := &snapshot{day: day, window: window, table: t}
	if s.orders, s.spend, err = p.next(t, window); err != nil {
		return nil, fmt.Errorf("what came after %v: %w", day, err)
	}
	addLogGaps(s.table)
	if err := addAttributes(p.ctx, p.db, p.Config.Models, s.table); err != nil {
		return nil, err
	}
	p.made[key] = s
	return s, nil
}

// next is what the customers of a summary did in the window after the day of bounds:
// on how many days they bought, and what that came to.
func (p *past) next(t *table.Table, window int) (orders, spend []float64, err error) {
	came, err := p.db.Query(p.ctx, queries.Get("past/next").SQL, sql.Named("window", window))
	if err != nil {
		return nil, nil, err
	}
	row := make(map[int64]int, came.Rows())
	for i, person := range came.Ints("person") {
		row[person] = i
	}
	days, net := came.Ints("days"), came.Floats("net")
	orders, spend = make([]float64, t.Rows()), make([]float64, t.Rows())
	for i, person := range t.Ints("person") {
		if k, bought := row[person]; bought {
			orders[i], spend[i] = float64(days[k]), net[k]
		}
	}
	return orders, spend, nil
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
			out.Floats[i] = float64(logs.Ints[i])/1e9 - float64(x.Ints[i])*math.Log(7)
		}
	}
	t.Add(out)
}
