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

// makeDaily makes the temporary tables bounds and daily, and what makeExclusions
// makes.
func makeDaily(ctx context.Context, db *duck.DB, cfg config.Config, asOf Day) error {
	if err := makeBounds(ctx, db, cfg, asOf); err != nil {
		return err
	}
	if err := makeExclusions(ctx, db, cfg.Exclude); err != nil {
		return err
	}
	return db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE daily AS "+queries.Get("summary/daily").SQL)
}

// makeSummary makes the temporary table summary, and what makeDaily makes.
func makeSummary(ctx context.Context, db *duck.DB, cfg config.Config, asOf Day) error {
	if err := makeDaily(ctx, db, cfg, asOf); err != nil {
		return err
	}
	return db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE summary AS "+queries.Get("summary/customers").SQL+" ORDER BY customer_id")
}
