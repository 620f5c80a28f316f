package engine

import (
	"fmt"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/gammagamma"
	"clientele/models/interval"
	"clientele/models/purchase"
)

// total is what the models expect of a group of customers together.
type total struct {
	scheme, segment string
	interval.Total
}

// addIntervals adds the 95 % intervals of the customers, and those of the totals of
// all of them, of the RFM segments and of the churn bands.
func (r *run) addIntervals() error {
	defer r.stage("intervals", int64(r.table.Rows()))()
	orders, _ := r.fitted[r.learned.family.Name()].(*purchase.Fitted)
	spend, _ := r.fitted[gammagamma.Name].(*gammagamma.Fitted)
	maker, err := interval.New(interval.Inputs{Orders: orders, Spend: spend, Margin: r.learned.margin, Workers: r.Config.Resources.Cores()})
	if err != nil {
		return err
	}
	base, err := maker.Base(r.ctx, r.table)
	if err != nil {
		return err
	}
	n := r.table.Rows()
	out := table.Make(n, interval.Fields()...)
	low, high := out.Floats("expected_orders_low"), out.Floats("expected_orders_high")
	least, most := out.Floats("clv_low"), out.Floats("clv_high")
	for i := range n {
		low[i], high[i] = base.Orders(i)
		least[i], most[i] = base.Value(i)
	}
	for _, c := range out.Columns() {
		r.table.Add(c)
	}
	return r.addTotals(base)
}

// addTotals works out the totals of all customers and of each segment.
func (r *run) addTotals(base *interval.Base) error {
	all, err := base.Total(r.ctx)
	if err != nil {
		return err
	}
	r.totals = append(r.totals, total{"all", "all", all})
	for _, by := range []struct{ scheme, column string }{{"rfm " + r.Config.RFM.Scheme, "rfm_segment"}, {"churn band", "churn_band"}, {"lifecycle", "lifecycle_stage"}} {
		c := r.table.Column(by.column)
		totals, err := base.Totals(r.ctx, c.Codes, len(c.Labels))
		if err != nil {
			return err
		}
		for k, t := range totals {
			if t.Customers > 0 {
				r.totals = append(r.totals, total{by.scheme, c.Labels[k], t})
			}
		}
	}
	return nil
}

// stageTotals makes the temporary table expected_totals.
func (r *run) stageTotals() error {
	g := newGrid("as_of date", "scheme text", "segment text", "customers int", "expected_orders float", "expected_orders_low float", "expected_orders_high float", "clv float", "clv_low float", "clv_high float")
	for _, t := range r.totals {
		g.add(r.asOf, t.scheme, t.segment, t.Customers, t.Orders.Mean, t.Orders.Low, t.Orders.High, t.Value.Mean, t.Value.Low, t.Value.High)
	}
	return r.db.LoadTable(r.ctx, "expected_totals", g.section("").Table)
}

// leastCosted is the share of net sales that must have a cost before a margin is
// taken from costs.
const leastCosted = 0.5

// costsSQL adds up the sales that count, those of them with a cost, and the costs:
// of orders, or of orders whose lines all have one, of their own or of their product.
const costsSQL = `WITH kept AS (
  SELECT o.source, o.order_id, o.net, o.cost FROM kept_orders AS o CROSS JOIN bounds AS b
  WHERE o.counted AND o.net >= b.smallest_net AND o.net >= 0 AND o.ordered_day <= b.as_of_day
),
lines AS (
  SELECT l.source, l.order_id, sum(coalesce(l.cost, CAST(p.cost * l.quantity AS DECIMAL(18,4)))) AS cost,
    bool_and(l.cost IS NOT NULL OR p.cost IS NOT NULL AND l.quantity IS NOT NULL) AS known
  FROM facts.order_lines AS l LEFT JOIN products AS p ON l.product_id = p.product_id GROUP BY l.source, l.order_id
),
priced AS (
  SELECT k.net, coalesce(k.cost, CASE WHEN l.known THEN l.cost END) AS cost
  FROM kept AS k LEFT JOIN lines AS l ON k.source = l.source AND k.order_id = l.order_id
)
SELECT coalesce(CAST(sum(net) AS DOUBLE), 0), coalesce(CAST(sum(net) FILTER (cost IS NOT NULL) AS DOUBLE), 0), coalesce(CAST(sum(cost) AS DOUBLE), 0) FROM %s`

// margin is the share of net revenue that is margin: the configured one, or, with
// auto, what the costs of orders, of their lines or of their products say up to the
// day, of those who are scored.
func (r *run) margin(l *learned) (float64, error) {
	if r.Config.Margin > 0 {
		return r.Config.Margin, nil
	}
	var sales, costed, cost float64
	into := []any{&sales, &costed, &cost}
	if err := r.db.Row(r.ctx, into, fmt.Sprintf(costsSQL, "kept")); err != nil {
		return 0, err
	}
	var priced bool // looking through all lines is dear: only where one or a product has a cost
	err := r.db.Row(r.ctx, []any{&priced}, "SELECT EXISTS (SELECT 1 FROM facts.order_lines WHERE cost IS NOT NULL) OR EXISTS (SELECT 1 FROM facts.products WHERE cost IS NOT NULL)")
	if err != nil {
		return 0, err
	}
	if priced && costed < leastCosted*sales { // what orders do not tell, their lines and products may
		if err := r.db.Row(r.ctx, into, fmt.Sprintf(costsSQL, "priced")); err != nil {
			return 0, err
		}
	}
	if cost == 0 || costed < leastCosted*sales {
		return 1, nil
	}
	margin := (costed - cost) / costed
	if margin <= 0 || margin > 1 {
		l.warnings = append(l.warnings, models.Warning{Code: "margin",
			En: fmt.Sprintf("The costs of orders and products leave a margin of %.1f %%: values are revenue; set margin in clientele.yaml.", margin*100),
			Zh: fmt.Sprintf("按订单与商品成本计算的毛利率为 %.1f%%：客户价值按收入计；请在 clientele.yaml 中设置 margin。", margin*100)})
		return 1, nil
	}
	return margin, nil
}
