package engine

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"sync/atomic"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/models/stat"
)

// bought is what customers bought up to a day, one place of each slice for each of them:
// the columns of the query summary/purchases. It is added up from orders, of one customer
// in the order of their days, and nothing else is held of them.
type bought struct {
	asOf int32
	logs []int64 // of gaps of so many days

	orders, days          []int32
	first, last, previous []int32
	longest               []int32
	squares, gapLogs      []int64
	net, repeat           []int64 // units of 1/10,000
	orders30, orders60    []int32
	orders90, orders365   []int32
	net30, net90, net365  []int64
	tooMuch               atomic.Bool // somebody's amounts
}

// newBought makes room for n customers as of a day.
func newBought(n int, asOf Day, logs []int64) *bought {
	b := &bought{asOf: int32(asOf), logs: logs}
	for _, c := range []*[]int32{&b.orders, &b.days, &b.first, &b.last, &b.previous, &b.longest, &b.orders30, &b.orders60, &b.orders90, &b.orders365} {
		*c = make([]int32, n)
	}
	for _, c := range []*[]int64{&b.squares, &b.gapLogs, &b.net, &b.repeat, &b.net30, &b.net90, &b.net365} {
		*c = make([]int64, n)
	}
	return b
}

// add adds so many orders of customer i on a day, of which none is earlier than those
// added before.
func (b *bought) add(i int, day, orders int32, net int64, fits *bool) {
	switch last := b.last[i]; {
	case b.days[i] == 0:
		b.first[i], b.last[i], b.days[i] = day, day, 1
	case day != last:
		gap := int64(day - last)
		b.longest[i] = max(b.longest[i], int32(gap))
		b.squares[i] += gap * gap
		b.gapLogs[i] += b.logs[gap]
		b.previous[i], b.last[i] = last, day
		b.days[i]++
	}
	b.orders[i] += orders
	b.net[i] = addUnits(b.net[i], net, fits)
	if day != b.first[i] {
		b.repeat[i] = addUnits(b.repeat[i], net, fits)
	}
	age := b.asOf - day
	if age >= 365 {
		return
	}
	b.orders365[i] += orders
	b.net365[i] = addUnits(b.net365[i], net, fits)
	if age >= 90 {
		return
	}
	b.orders90[i] += orders
	b.net90[i] = addUnits(b.net90[i], net, fits)
	if age < 60 {
		b.orders60[i] += orders
	}
	if age < 30 {
		b.orders30[i] += orders
		b.net30[i] = addUnits(b.net30[i], net, fits)
	}
}

// orderTaker adds pages of orders to what was bought, and to the counts of days and
// periods, on several processors: people are shared out in blocks that a processor's own
// memory holds, and the orders of each block are taken in the order of their days.
type orderTaker struct {
	*bought
	people  *people
	counts  *boughtCounts
	workers int

	number  []int32   // whose the orders of the page are; -1: nobody's
	starts  []int32   // by part of the page and block: where its orders stand among those below
	sorted  orderRows // by block
	scratch []orderRows
	parts   []*boughtCounts
}

// orderRows are orders of numbered people.
type orderRows struct {
	number, day []int32
	net         []int64
}

func (o *orderRows) grow(n int) {
	if n <= cap(o.number) {
		o.number, o.day, o.net = o.number[:n], o.day[:n], o.net[:n]
		return
	}
	o.number, o.day, o.net = make([]int32, n), make([]int32, n), make([]int64, n)
}

func (o *orderRows) slice(from, to int32) orderRows {
	return orderRows{o.number[from:to], o.day[from:to], o.net[from:to]}
}

func (o *orderRows) set(at int32, number, day int32, net int64) {
	o.number[at], o.day[at], o.net[at] = number, day, net
}

const (
	peopleBlock = 12 // as a power of two
	orderPart   = 1 << 16
	takers      = 16 // parts of the people
)

func newOrderTaker(b *bought, p *people, counts *boughtCounts, workers int) *orderTaker {
	t := &orderTaker{bought: b, people: p, counts: counts, workers: workers, scratch: make([]orderRows, takers)}
	for range takers {
		t.parts = append(t.parts, counts.part())
	}
	return t
}

// take adds a page, which comes after those that were taken before.
func (t *orderTaker) take(page *orderPage) {
	blocks := (t.people.len()-1)>>peopleBlock + 1
	t.share(page, blocks)
	stat.Each(t.workers, takers, func(k int) {
		fits := true
		for block := k * blocks / takers; block < (k+1)*blocks/takers; block++ {
			rows := t.sorted.slice(t.starts[block], t.starts[block+1])
			t.takeBlock(t.parts[k], rows.byDay(page, &t.scratch[k]), &fits)
		}
		if !fits {
			t.tooMuch.Store(true)
		}
	})
}

// share puts the orders of a page in the order of their blocks.
func (t *orderTaker) share(page *orderPage, blocks int) {
	n := len(page.member)
	parts := (n + orderPart - 1) / orderPart
	t.number = slices.Grow(t.number[:0], n)[:n]
	counts := make([]int32, parts*blocks)
	stat.Each(t.workers, parts, func(c int) {
		counts := counts[c*blocks : (c+1)*blocks]
		for i := c * orderPart; i < min((c+1)*orderPart, n); i++ {
			number := t.people.numbers.of(page.member[i])
			t.number[i] = number
			if number >= 0 {
				counts[number>>peopleBlock]++
			}
		}
	})
	t.starts = slices.Grow(t.starts[:0], blocks+1)[:blocks+1]
	at := int32(0)
	for block := range blocks {
		t.starts[block] = at
		for c := range parts {
			counts[c*blocks+block], at = at, at+counts[c*blocks+block]
		}
	}
	t.starts[blocks] = at
	t.sorted.grow(int(at))
	stat.Each(t.workers, parts, func(c int) {
		next := counts[c*blocks : (c+1)*blocks]
		for i := c * orderPart; i < min((c+1)*orderPart, n); i++ {
			number := t.number[i]
			if number < 0 {
				continue
			}
			at := &next[number>>peopleBlock]
			t.sorted.set(*at, number, page.day[i], page.net[i])
			*at++
		}
	})
}

// byDay is orders in the order of their days, in scratch unless they stand so.
func (o orderRows) byDay(page *orderPage, scratch *orderRows) orderRows {
	if slices.IsSorted(o.day) {
		return o
	}
	next := make([]int32, page.last-page.first+2)
	for _, day := range o.day {
		next[day-int32(page.first)+1]++
	}
	for i := range next[1:] {
		next[i+1] += next[i]
	}
	scratch.grow(len(o.day))
	for i, day := range o.day {
		at := &next[day-int32(page.first)]
		scratch.set(*at, o.number[i], day, o.net[i])
		*at++
	}
	return *scratch
}

func (t *orderTaker) takeBlock(c *boughtCounts, rows orderRows, fits *bool) {
	for k, number := range rows.number {
		i, day, net := int(number), rows.day[k], rows.net[k]
		c.order(day, net, fits)
		switch last := t.last[i]; {
		case t.days[i] == 0:
			c.newcomer(day)
		case last != day:
			c.again(t.first[i], last, day)
		}
		t.add(i, day, 1, net, fits)
	}
}

// end adds the counts up.
func (t *orderTaker) end() error {
	for _, part := range t.parts {
		t.counts.join(part)
	}
	if t.tooMuch.Load() {
		return errTooMuch
	}
	return nil
}

// buyers is how many have bought.
func (b *bought) buyers() int {
	n := 0
	for _, d := range b.days {
		if d > 0 {
			n++
		}
	}
	return n
}

// gapLogs are the logs of gaps of up to n days as summary/purchases has them: those of
// the store, to the last digit.
func gapLogs(ctx context.Context, db *duck.DB, n int) ([]int64, error) {
	t, err := db.Query(ctx, "SELECT CAST(FLOOR(LN(CAST(gap AS DOUBLE)) * 1000000000) AS BIGINT) AS logs FROM range(1, CAST($n AS BIGINT) + 1) AS g(gap) ORDER BY gap", sql.Named("n", n))
	if err != nil {
		return nil, err
	}
	return append([]int64{0}, t.Ints("logs")...), nil
}

// keep leaves the customers at some places, ascending, and no others.
func (b *bought) keep(places []int32) {
	for _, c := range []*[]int32{&b.orders, &b.days, &b.first, &b.last, &b.previous, &b.longest, &b.orders30, &b.orders60, &b.orders90, &b.orders365} {
		*c = keep(*c, places)
	}
	for _, c := range []*[]int64{&b.squares, &b.gapLogs, &b.net, &b.repeat, &b.net30, &b.net90, &b.net365} {
		*c = keep(*c, places)
	}
}

// keep moves the values at some places, ascending, to the front; nil stays nil.
func keep[T any](values []T, places []int32) []T {
	if values == nil {
		return nil
	}
	for to, from := range places {
		values[to] = values[from]
	}
	return values[:len(places)]
}

// summary is what the query summary/customers says of the customers at some places,
// ascending; nil: of all. Neither b nor o is of use afterwards.
func (b *bought) summary(p *people, o *others, places []int32) (*table.Table, error) {
	if places != nil {
		p = p.at(places)
		b.keep(places)
		o.keep(places)
	}
	s := newSummaryColumns(b, p)
	s.shorts("orders", s.none, b.orders)
	s.shorts("purchase_days", s.none, b.days)
	s.shorts("first_day", s.none, b.first)
	s.shorts("last_day", s.none, b.last)
	s.shorts("previous_day", s.once, b.previous)
	s.days("x", func(i int) int32 { return b.days[i] - 1 })
	s.days("t_x", func(i int) int32 { return b.last[i] - b.first[i] })
	s.days("T", func(i int) int32 { return b.asOf - b.first[i] })
	s.days("recency_days", func(i int) int32 { return b.asOf - b.last[i] })
	s.shorts("longest_gap", s.once, b.longest)
	s.ints("gap_squares", s.once, b.squares)
	s.ints("gap_logs", s.once, b.gapLogs)
	s.money("net_sales", b.net)
	fits := !b.tooMuch.Load()
	if o.refunded == nil {
		s.same("refunds", 0)
		s.add("net_revenue", &table.Column{Floats: s.t.Floats("net_sales")})
	} else {
		s.money("refunds", o.refunded)
		for i, amount := range o.refunded {
			b.net[i] = addUnits(b.net[i], -amount, &fits)
		}
		s.money("net_revenue", b.net)
	}
	s.money("repeat_spend", b.repeat)
	s.shorts("orders_30", s.none, b.orders30)
	s.shorts("orders_60", s.none, b.orders60)
	s.shorts("orders_90", s.none, b.orders90)
	s.shorts("orders_365", s.none, b.orders365)
	s.money("spend_30", b.net30)
	s.money("spend_90", b.net90)
	s.money("spend_365", b.net365)
	for k, days := range []string{"30", "90", "365"} {
		s.shorts("interactions_"+days, nil, o.contacted[k])
	}
	for k, days := range []string{"30", "90", "365"} {
		s.shorts("responses_"+days, nil, o.answered[k])
	}
	if !fits {
		return nil, errTooMuch
	}
	return s.t, nil
}

// summaryColumns make the columns of a summary.
type summaryColumns struct {
	t          *table.Table
	bought     []int32 // on so many days
	none, once []bool  // who bought nothing, and who not on two days; nil: nobody
	zeros      []int32
}

func newSummaryColumns(b *bought, p *people) *summaryColumns {
	s := &summaryColumns{bought: b.days, none: make([]bool, len(b.days)), once: make([]bool, len(b.days))}
	for i, d := range b.days {
		s.none[i], s.once[i] = d == 0, d <= 1
	}
	if !slices.Contains(s.none, true) {
		s.none = nil
	}
	if !slices.Contains(s.once, true) {
		s.once = nil
	}
	s.t = table.New(p.ids)
	s.ints("person", nil, p.person)
	return s
}

func (s *summaryColumns) add(name string, c *table.Column) {
	c.Name = name
	s.t.Add(c)
}

func (s *summaryColumns) ints(name string, missing []bool, values []int64) {
	s.add(name, &table.Column{Field: table.Field{Kind: table.Int}, Ints: values, Null: missing})
}

// shorts adds whole numbers of 32 bits; nil: zeros.
func (s *summaryColumns) shorts(name string, missing []bool, values []int32) {
	if values == nil {
		if s.zeros == nil {
			s.zeros = make([]int32, len(s.bought))
		}
		values = s.zeros
	}
	s.add(name, &table.Column{Field: table.Field{Kind: table.Int}, Shorts: values, Null: missing})
}

// days adds whole numbers of those who bought.
func (s *summaryColumns) days(name string, value func(i int) int32) {
	out := make([]int32, len(s.bought))
	for i, d := range s.bought {
		if d > 0 {
			out[i] = value(i)
		}
	}
	s.shorts(name, s.none, out)
}

// money adds amounts of those who bought, in units of 1/10,000.
func (s *summaryColumns) money(name string, units []int64) {
	out := make([]float64, len(s.bought))
	for i, d := range s.bought {
		out[i] = math.NaN()
		if d > 0 {
			out[i] = moneyFloat(units[i])
		}
	}
	s.add(name, &table.Column{Floats: out})
}

// same adds one amount of those who bought.
func (s *summaryColumns) same(name string, amount float64) {
	out := make([]float64, len(s.bought))
	for i, d := range s.bought {
		out[i] = amount
		if d == 0 {
			out[i] = math.NaN()
		}
	}
	s.add(name, &table.Column{Floats: out})
}
