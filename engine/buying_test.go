package engine

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/queries"
)

// boughtStore is a store with orders of some two thousand customers, a third of whom have
// two ids: with guests, orders that do not count, are free or below zero, and many on one
// day.
func boughtStore(t *testing.T) *duck.DB {
	t.Helper()
	db := rulesStore(t)
	err := db.Statements(context.Background(), `DELETE FROM facts.orders;
DELETE FROM identities;
INSERT INTO identities SELECT '', 'c' || i, i * 7919, 'c' || (i - CASE WHEN i % 3 = 2 THEN 1 ELSE 0 END), (i - CASE WHEN i % 3 = 2 THEN 1 ELSE 0 END) * 7919, ''
FROM range(3000) AS r(i);
INSERT INTO facts.orders (source, order_id, member, ordered_at, ordered_on, ordered_day, counted, net, content, batch_id, line)
SELECT 's', 'o' || i, CASE WHEN hash(i, 1) % 50 > 0 THEN CAST(power(hash(i, 2) % 1000000 / 1000000.0, 2) * 2999 AS BIGINT) * 7919 END,
  TIMESTAMPTZ '2020-01-01 00:00:00+00', DATE '1970-01-01' + day, day, hash(i, 4) % 20 > 0, CAST(hash(i, 5) % 30000000 / 10000.0 - CASE WHEN hash(i, 6) % 30 = 0 THEN 4000 ELSE 0 END AS DECIMAL(18,4)) * CASE WHEN hash(i, 7) % 25 = 0 THEN 0 ELSE 1 END,
  0, 1, i
FROM (SELECT i, CAST(18000 + hash(i, 3) % 1500 AS INTEGER) AS day FROM range(16000) AS r(i));`)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// In Go and in SQL purchases, days and periods are the same, however many passes the
// reading takes, and whatever earlier day is asked of.
func TestBuyingIsWhatSQLSays(t *testing.T) {
	db := boughtStore(t)
	ctx := context.Background()
	cfg := config.Default()
	const asOf = Day(19300)
	if err := ready(ctx, db, cfg, asOf); err != nil {
		t.Fatal(err)
	}
	if err := db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE daily AS "+queries.Get("summary/daily").SQL); err != nil {
		t.Fatal(err)
	}
	same := func(what, made, query string) {
		t.Helper()
		for _, q := range []string{"SELECT * FROM " + made + " EXCEPT ALL (" + query + ")", "(" + query + ") EXCEPT ALL SELECT * FROM " + made} {
			if rows := asText(t, db, q); rows != "" {
				t.Errorf("%s: not in both:\n%.300s", what, rows)
			}
		}
	}
	for _, most := range []int{mostInMemory, 6000} {
		r, err := newBuyingReader(ctx, db, cfg, asOf)
		if err != nil {
			t.Fatal(err)
		}
		r.most, r.pages, r.orders = most, nil, 0
		if err := r.page(); err != nil {
			t.Fatal(err)
		}
		counts, more, all := newCounts(r), false, &buying{}
		err = r.each(func(b *buying) error {
			all.join(b.sample(1))
			if err := counts.add(b, 2); err != nil {
				return err
			}
			err := b.load(ctx, db, asOf, more)
			more = true
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := counts.load(ctx, db); err != nil {
			t.Fatal(err)
		}
		if passes := r.passes(); most < 16000 && (passes < 2 || len(r.pages) < 2) {
			t.Errorf("%d orders in memory: %d passes over %d pages", most, passes, len(r.pages))
		}
		what := fmt.Sprintf("%d in memory", most)
		same(what+", purchases", "purchases", queries.Get("summary/purchases").SQL)
		same(what+", days", "days_bought", queries.Get("summary/days").SQL)
		same(what+", periods", "periods_bought", queries.Get("summary/periods").SQL)
		if n := asText(t, db, "SELECT count(*) > 500, count(previous_day) < count(*) FROM purchases"); n != "true|true" {
			t.Errorf("%s: too few customers to tell: %s", what, n)
		}
		earlier := asOf - 400
		if err := all.load(ctx, db, earlier, false); err != nil {
			t.Fatal(err)
		}
		if err := makeBounds(ctx, db, cfg, earlier); err != nil {
			t.Fatal(err)
		}
		same(what+", earlier", "purchases", strings.ReplaceAll(queries.Get("summary/purchases").SQL, "FROM daily", "FROM (SELECT d.* FROM daily AS d CROSS JOIN bounds AS k WHERE d.day <= k.as_of_day)"))
		if err := makeBounds(ctx, db, cfg, asOf); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"daily", "purchases", "days", "periods"} {
		toldTruly(t, db, []queries.Query{queries.Get("summary/" + name)})
	}
}

// Sums beyond 64 bits are told, and those of floats are the store's.
func TestBuyingSums(t *testing.T) {
	ok := true
	if addUnits(math.MaxInt64-1, 1, &ok) != math.MaxInt64 || !ok {
		t.Error("the largest sum is refused")
	}
	if addUnits(math.MaxInt64, 1, &ok); ok {
		t.Error("more than the largest sum is not refused")
	}
	b := &buying{people: []int64{1}, from: []int{0}, count: []int32{2}, days: []int32{1, 2}, orders: []int32{1, 1}, net: []int64{math.MaxInt64, 1}}
	if _, err := b.purchases(2, make([]int64, 3), 0, 1); err == nil {
		t.Error("a customer whose orders come to too much is summed")
	}
	db := rulesStore(t)
	for _, units := range []int64{0, 1, -1, 12_345, 333_333_333, 1<<53 - 1, 1 << 53, 1<<53 + 1, -(1<<53 + 3), math.MaxInt64, -math.MaxInt64, 123_456_789_012_345_678} {
		var want float64
		text := fmt.Sprintf("SELECT CAST(CAST('%s' AS DECIMAL(38,4)) AS DOUBLE)", decimalText(units))
		if err := db.Row(context.Background(), []any{&want}, text); err != nil {
			t.Fatal(err)
		}
		if got := moneyFloat(units); got != want {
			t.Errorf("%d units: %v, the store says %v", units, got, want)
		}
	}
}

// decimalText is an amount with its four decimals.
func decimalText(units int64) string {
	sign := ""
	if units < 0 {
		sign, units = "-", -units
	}
	return fmt.Sprintf("%s%d.%04d", sign, units/table.DecimalScale, units%table.DecimalScale)
}
