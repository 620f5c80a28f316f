package engine

import (
	"context"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
)

// boughtCounts count what was bought by day and by period, which is all that a report
// shows of purchase days.
type boughtCounts struct {
	first   int32 // day
	days    []dayCount
	at      [][3]int32 // of each day from the first on: the places of its periods
	periods [3]periodCount
	tooMuch bool
}

// dayCount is what was bought on a day.
type dayCount struct{ orders, net, buyers, newcomers int64 }

// periodCount counts who bought in periods of so many months, counted from the year 0,
// by the period of their first purchase. Periods without orders are left out.
type periodCount struct {
	step      int32
	periods   []int32   // by place
	customers [][]int64 // by place of the first period, and of the period
}

// newCounts makes room for days, ascending.
func newCounts(days []dayOrders) *boughtCounts {
	c := &boughtCounts{}
	if len(days) == 0 {
		return c
	}
	c.first = days[0].day
	c.days = make([]dayCount, days[len(days)-1].day-c.first+1)
	c.at = make([][3]int32, len(c.days))
	for k, step := range []int32{1, 3, 12} {
		p := periodCount{step: step}
		for _, d := range days {
			t := Day(d.day).Time()
			period := int32(12*t.Year()+int(t.Month())-1) / step
			if n := len(p.periods); n == 0 || p.periods[n-1] != period {
				p.periods = append(p.periods, period)
			}
			c.at[d.day-c.first][k] = int32(len(p.periods) - 1)
		}
		p.customers = make([][]int64, len(p.periods))
		c.periods[k] = p
	}
	return c
}

// part is room for some of what c counts.
func (c *boughtCounts) part() *boughtCounts {
	out := &boughtCounts{first: c.first, days: make([]dayCount, len(c.days)), at: c.at, periods: c.periods}
	for k := range out.periods {
		out.periods[k].customers = make([][]int64, len(out.periods[k].periods))
	}
	return out
}

// order counts an order of a day.
func (c *boughtCounts) order(day int32, net int64, fits *bool) {
	d := &c.days[day-c.first]
	d.orders++
	d.net = addUnits(d.net, net, fits)
}

// newcomer counts who buys for the first time.
func (c *boughtCounts) newcomer(day int32) {
	d := &c.days[day-c.first]
	d.buyers++
	d.newcomers++
	for k, at := range c.at[day-c.first] {
		p := &c.periods[k]
		if p.customers[at] == nil {
			p.customers[at] = make([]int64, len(p.periods))
		}
		p.customers[at][at]++
	}
}

// again counts who bought first on one day, last on another and now buys on a third. Who
// buys in a period for the second time is counted as nobody, since a processor that has to
// guess is often wrong.
func (c *boughtCounts) again(first, last, day int32) {
	c.days[day-c.first].buyers++
	began, then, now := &c.at[first-c.first], &c.at[last-c.first], &c.at[day-c.first]
	for k := range c.periods {
		n := int64(0)
		if now[k] != then[k] {
			n = 1
		}
		c.periods[k].customers[began[k]][now[k]] += n
	}
}

// join adds what a part has counted.
func (c *boughtCounts) join(part *boughtCounts) {
	fits := true
	for i, d := range part.days {
		to := &c.days[i]
		to.orders, to.buyers, to.newcomers = to.orders+d.orders, to.buyers+d.buyers, to.newcomers+d.newcomers
		to.net = addUnits(to.net, d.net, &fits)
	}
	c.tooMuch = c.tooMuch || !fits
	for k, p := range part.periods {
		for first, counts := range p.customers {
			if counts == nil {
				continue
			}
			if c.periods[k].customers[first] == nil {
				c.periods[k].customers[first] = counts
				continue
			}
			for period, n := range counts {
				c.periods[k].customers[first][period] += n
			}
		}
	}
}

// load makes the temporary tables days_bought and periods_bought.
func (c *boughtCounts) load(ctx context.Context, db *duck.DB) error {
	if c.tooMuch {
		return errTooMuch
	}
	days := table.Make(len(c.days), table.Field{Name: "day", Kind: table.Int}, table.Field{Name: "orders", Kind: table.Int},
		table.Field{Name: "net", Kind: table.Int}, table.Field{Name: "buyers", Kind: table.Int}, table.Field{Name: "newcomers", Kind: table.Int})
	n := 0
	for i, d := range c.days {
		if d.orders == 0 {
			continue
		}
		for name, v := range map[string]int64{"day": int64(c.first) + int64(i), "orders": d.orders, "net": d.net, "buyers": d.buyers, "newcomers": d.newcomers} {
			days.Column(name).Ints[n] = v
		}
		n++
	}
	err := db.Load(ctx, "days_bought", "* REPLACE (CAST(day AS INTEGER) AS day, "+moneyOf("net")+" AS net)", fieldsOf(days), duck.Each([]*table.Table{days.Slice(0, n)}))
	if err != nil {
		return err
	}
	var steps, firsts, periods, customers []int64
	for _, p := range c.periods {
		for first, counts := range p.customers {
			for period, n := range counts {
				if n > 0 {
					steps, firsts, periods, customers = append(steps, int64(p.step)), append(firsts, int64(p.periods[first])), append(periods, int64(p.periods[period])), append(customers, n)
				}
			}
		}
	}
	whole := func(name string, values []int64) *table.Column {
		return &table.Column{Field: table.Field{Name: name, Kind: table.Int}, Ints: values}
	}
	return db.LoadTable(ctx, "periods_bought", table.New(whole("step", steps), whole("first_period", firsts), whole("period", periods), whole("customers", customers)))
}

// moneyOf is the SQL of a sum in units of 1/10,000 as money: sums hold more than a
// DECIMAL(18,4), which is what one amount is.
func moneyOf(units string) string {
	return "CAST(CAST(" + units + " AS DECIMAL(19,0)) * CAST(0.0001 AS DECIMAL(5,4)) AS DECIMAL(38,4))"
}

// fieldsOf are the fields of a table's columns.
func fieldsOf(t *table.Table) []table.Field {
	out := make([]table.Field, len(t.Columns()))
	for i, c := range t.Columns() {
		out[i] = c.Field
	}
	return out
}
