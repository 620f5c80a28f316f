package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/models/stat"
)

// boughtCounts count what a buying says by day and by period, which is all that a
// report shows of purchase days.
type boughtCounts struct {
	first, last Day
	months      []int32 // of each day from first on: 12 * year + month - 1
	days        []dayCount
	periods     map[periodKey]int64
}

// dayCount is what was bought on a day.
type dayCount struct{ orders, net, buyers, newcomers int64 }

// periodKey is who bought in a period, by the period of their first purchase. Periods
// are of step months, counted from the year 0.
type periodKey struct{ step, first, period int32 }

// periodSteps are the lengths of periods, in months.
func periodSteps() []int32 { return []int32{1, 3, 12} }

func newCounts(r *buyingReader) *boughtCounts {
	c := &boughtCounts{periods: map[periodKey]int64{}}
	if len(r.pages) == 0 {
		return c
	}
	c.first, c.last = r.pages[0].first, r.pages[len(r.pages)-1].last
	c.days = make([]dayCount, c.last-c.first+1)
	for day := c.first; day <= c.last; day++ {
		at := time.Unix(int64(day)*86_400, 0).UTC()
		c.months = append(c.months, int32(12*at.Year()+int(at.Month())-1))
	}
	return c
}

// add counts the people of b too.
func (c *boughtCounts) add(b *buying, workers int) error {
	const parts = 16
	all := make([]*boughtCounts, parts)
	fits := make([]bool, parts)
	stat.Each(workers, parts, func(k int) {
		part := &boughtCounts{first: c.first, months: c.months, days: make([]dayCount, len(c.days)), periods: map[periodKey]int64{}}
		all[k], fits[k] = part, part.count(b, k*len(b.people)/parts, (k+1)*len(b.people)/parts)
	})
	ok := !slices.Contains(fits, false)
	for _, part := range all {
		for i, d := range part.days {
			to := &c.days[i]
			to.orders, to.buyers, to.newcomers = to.orders+d.orders, to.buyers+d.buyers, to.newcomers+d.newcomers
			to.net = addUnits(to.net, d.net, &ok)
		}
		for key, n := range part.periods {
			c.periods[key] += n
		}
	}
	if !ok {
		return errTooMuch
	}
	return nil
}

// count counts the people from one to before another; false: amounts are too large.
func (c *boughtCounts) count(b *buying, first, last int) bool {
	fits := true
	for i := first; i < last; i++ {
		from, to := b.of(i)
		if from == to {
			continue
		}
		c.days[Day(b.days[from])-c.first].newcomers++
		for k := from; k < to; k++ {
			d := &c.days[Day(b.days[k])-c.first]
			d.orders += int64(b.orders[k])
			d.buyers++
			d.net = addUnits(d.net, b.net[k], &fits)
		}
		for _, step := range periodSteps() {
			start := c.months[Day(b.days[from])-c.first] / step
			before := int32(-1)
			for k := from; k < to; k++ {
				if period := c.months[Day(b.days[k])-c.first] / step; period != before {
					c.periods[periodKey{step, start, period}]++
					before = period
				}
			}
		}
	}
	return fits
}

// load makes the temporary tables days_bought and periods_bought.
func (c *boughtCounts) load(ctx context.Context, db *duck.DB) error {
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
	keys := slices.SortedFunc(maps.Keys(c.periods), func(a, b periodKey) int {
		return slices.Compare([]int32{a.step, a.first, a.period}, []int32{b.step, b.first, b.period})
	})
	periods := table.Make(len(keys), table.Field{Name: "step", Kind: table.Int}, table.Field{Name: "first_period", Kind: table.Int},
		table.Field{Name: "period", Kind: table.Int}, table.Field{Name: "customers", Kind: table.Int})
	for i, key := range keys {
		for name, v := range map[string]int64{"step": int64(key.step), "first_period": int64(key.first), "period": int64(key.period), "customers": c.periods[key]} {
			periods.Column(name).Ints[i] = v
		}
	}
	return db.LoadTable(ctx, "periods_bought", periods)
}
