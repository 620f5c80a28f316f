package engine

import (
	"cmp"
	"context"
	"database/sql"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/queries"
)

// boundsSQL makes the one-row table that portable queries read instead of
// bound parameters.
const boundsSQL = `CREATE OR REPLACE TEMP TABLE bounds AS
SELECT CAST($day AS INTEGER) AS as_of_day, DATE '1970-01-01' + CAST($day AS INTEGER) AS as_of,
  CAST($day AS INTEGER) - 30 AS day_30, CAST($day AS INTEGER) - 60 AS day_60, CAST($day AS INTEGER) - 90 AS day_90, CAST($day AS INTEGER) - 365 AS day_365,
  CAST($smallest AS DECIMAL(18,4)) AS smallest_net`

// makeBounds makes the temporary table bounds.
func makeBounds(ctx context.Context, db *duck.DB, cfg config.Config, asOf Day) error {
	return db.Statements(ctx, boundsSQL, sql.Named("day", int32(asOf)), sql.Named("smallest", smallestNet(cfg)))
}

// smallestNet is the smallest net amount of an order that counts.
func smallestNet(cfg config.Config) string {
	if cfg.Purchases == "positive" {
		return "0.0001" // the smallest amount above zero that the store can hold
	}
	return "0"
}

// ready makes the temporary table bounds and what makeExclusions makes.
func ready(ctx context.Context, db *duck.DB, cfg config.Config, asOf Day) error {
	if err := makeBounds(ctx, db, cfg, asOf); err != nil {
		return err
	}
	return makeExclusions(ctx, db, cfg.Exclude)
}

// summarized is what every customer known by a day had done by then, which is what the
// query summary/customers says, and what earlier states are made of.
type summarized struct {
	table  *table.Table
	sample *buying // of customers who are looked back on
	every  int64   // one customer of so many
}

// makeSummary summarizes the customers as of a day, and samples the purchase days of most
// customers at most (0: all). It makes the temporary tables days_bought and
// periods_bought, and what ready makes. share is told how many customers there may be and
// how many will be looked back on at most, before they are held.
func makeSummary(ctx context.Context, db *duck.DB, cfg config.Config, asOf Day, most int, share func(customers, lookedBack int) error) (*summarized, error) {
	if err := ready(ctx, db, cfg, asOf); err != nil {
		return nil, err
	}
	r, err := newOrderReader(ctx, db, cfg, asOf)
	if err != nil {
		return nil, err
	}
	return r.summary(most, share)
}

// summary is makeSummary, when all is ready.
func (r *orderReader) summary(most int, share func(customers, lookedBack int) error) (*summarized, error) {
	who, err := r.people(1, func(n int) error {
		if most <= 0 {
			return share(n, n)
		}
		return share(n, min(n, most))
	})
	if err != nil {
		return nil, err
	}
	some := newSampling(who, r.sampleRate(who.len(), most)) // as if everybody had bought
	b, err := r.bought(who, some)
	if err != nil {
		return nil, err
	}
	s := &summarized{every: r.sampleRate(b.buyers, most)}
	if s.every == some.every {
		s.sample, err = some.buying(r.workers)
	} else {
		s.sample, err = r.sample(who, s.every)
	}
	if err != nil {
		return nil, err
	}
	o, err := readOthers(r.ctx, r.db, who)
	if err != nil {
		return nil, err
	}
	places, err := o.known(r.ctx, r.db, who, b)
	if err != nil {
		return nil, err
	}
	s.table, err = b.summary(who, o, places)
	return s, err
}

// bought reads what customers bought, and for some of them on which days, and makes the
// temporary tables days_bought and periods_bought.
func (r *orderReader) bought(who *people, of *sampling) (*bought, error) {
	logs, err := gapLogs(r.ctx, r.db, r.span())
	if err != nil {
		return nil, err
	}
	counts := newCounts(r.days)
	t := newOrderTaker(newBought(who.len(), r.asOf, logs, r.workers), who, counts, of, r.slots)
	full, free := make(chan *orderBatch, 1), make(chan *orderBatch, 2)
	free <- t.batch()
	free <- t.batch()
	go func() { // while the one batch is taken, the store gives the next
		defer close(full)
		for _, page := range r.pages {
			b := <-free
			b.first, b.last = int32(page.first), int32(page.last)
			err = r.read(page, queries.Get("summary/orders").SQL, func(members, days, net []int64) { t.put(b, members, days, net) })
			if err != nil {
				return
			}
			full <- b
		}
	}()
	for b := range full {
		t.take(b)
		free <- b
	}
	if err = cmp.Or(err, ended(r.ctx)); err != nil {
		return nil, err
	}
	if err := t.end(); err != nil {
		return nil, err
	}
	return t.bought, counts.load(r.ctx, r.db)
}

// sample reads the purchase days of one customer of so many.
func (r *orderReader) sample(who *people, every int64) (*buying, error) {
	if every > 1 {
		var err error
		if who, err = r.people(every, func(int) error { return nil }); err != nil {
			return nil, err
		}
	}
	return r.buying(who, every)
}

// sampledOrders is how many orders there are at most in a sample, for each customer that
// may be in it. They are all in memory: of customers who buy every week for years a few
// thousand tell as much as tens of thousands.
const sampledOrders = 50

// sampleRate is the sample that has most of n people at most, and no more orders than so
// many people may have: one of so many. most 0: all.
func (r *orderReader) sampleRate(n, most int) int64 {
	if most <= 0 {
		return 1
	}
	return max(1, int64((n+most-1)/most), (r.orders+int64(most)*sampledOrders-1)/(int64(most)*sampledOrders))
}
