package engine

import (
	"fmt"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/gammagamma"
	"clientele/models/interval"
	"clientele/models/purchase"
	"clientele/queries"
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
	err = eachChunk(r.ctx, r.Config.Resources.Cores(), n, func(from, to int) error {
		for i := from; i < to; i++ {
			low[i], high[i] = base.Orders(i)
			least[i], most[i] = base.Value(i)
		}
		return nil
	})
	if err != nil {
		return err
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

// margin is the share of net revenue that is margin: the configured one, or, with
// auto, what the costs of orders, of their lines or of their products say up to the
// day, of those who are scored.
func (r *run) margin(l *learned) (float64, error) {
	if r.Config.Margin > 0 {
		return r.Config.Margin, nil
	}
	var told, priced bool
	if err := r.db.Row(r.ctx, []any{&told}, "SELECT EXISTS (FROM kept_orders WHERE cost IS NOT NULL)"); err != nil {
		return 0, err
	}
	if err := r.db.Row(r.ctx, []any{&priced}, queries.Get("margin/known").SQL); err != nil {
		return 0, err
	}
	if !told && !priced { // most shops, whose orders need not be added up
		return 1, nil
	}
	var sales, costed, cost float64
	into := []any{&sales, &costed, &cost}
	if err := r.db.Row(r.ctx, into, queries.Get("margin/orders").SQL); err != nil {
		return 0, err
	}
	if priced && costed < leastCosted*sales { // what orders do not tell, their lines and products may
		if err := r.db.Row(r.ctx, into, queries.Get("margin/lines").SQL); err != nil {
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
