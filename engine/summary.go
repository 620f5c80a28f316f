package engine

import (
	"context"
	"database/sql"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
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
	smallest := "0"
	if cfg.Purchases == "positive" {
		smallest = "0.0001" // the smallest amount above zero that the store can hold
	}
	return db.Statements(ctx, boundsSQL, sql.Named("day", int32(asOf)), sql.Named("smallest", smallest))
}

// ready makes the temporary table bounds and what makeExclusions makes.
func ready(ctx context.Context, db *duck.DB, cfg config.Config, asOf Day) error {
	if err := makeBounds(ctx, db, cfg, asOf); err != nil {
		return err
	}
	return makeExclusions(ctx, db, cfg.Exclude)
}

// makeSummary makes the temporary tables summary, purchases, days_bought and
// periods_bought, and what ready makes. It returns the purchase days of a sample of most
// customers at most (0: all), one of so many.
func makeSummary(ctx context.Context, db *duck.DB, cfg config.Config, asOf Day, most int) (sample *buying, every int64, err error) {
	if err := ready(ctx, db, cfg, asOf); err != nil {
		return nil, 0, err
	}
	sample, every, err = makePurchases(ctx, db, cfg, asOf, most)
	if err != nil {
		return nil, 0, err
	}
	return sample, every, db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE summary AS "+queries.Get("summary/customers").SQL+" ORDER BY customer_id")
}

// makePurchases makes the temporary tables purchases, days_bought and periods_bought.
func makePurchases(ctx context.Context, db *duck.DB, cfg config.Config, asOf Day, most int) (sample *buying, every int64, err error) {
	r, err := newBuyingReader(ctx, db, cfg, asOf)
	if err != nil {
		return nil, 0, err
	}
	if every, err = r.every(most); err != nil {
		return nil, 0, err
	}
	counts := newCounts(r)
	sample = &buying{}
	more := false
	err = r.each(func(b *buying) error {
		if every == 0 { // all at once: now it is known
			every = sampleRate(b.buyers(), most)
		}
		sample.join(b.sample(every))
		if err := counts.add(b, r.workers); err != nil {
			return err
		}
		err := b.load(ctx, db, asOf, more)
		more = true
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return sample, every, counts.load(ctx, db)
}

// sampleRate is the sample that has most of n people at most: one of so many. most 0: all.
func sampleRate(n, most int) int64 {
	if most <= 0 {
		return 1
	}
	return int64(max(1, (n+most-1)/most))
}

// every is sampleRate for the people who bought; 0 where one pass will tell.
func (r *buyingReader) every(most int) (int64, error) {
	if r.passes() == 1 {
		return 0, nil
	}
	var n int
	err := r.db.Row(r.ctx, []any{&n}, `SELECT count(DISTINCT p.number) FROM kept_orders AS o INNER JOIN buyers AS p ON o.member = p.member CROSS JOIN bounds AS b
WHERE o.counted = true AND o.ordered_day <= b.as_of_day AND o.net >= b.smallest_net`)
	return sampleRate(n, most), err
}
