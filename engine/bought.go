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

// bought is what customers bought up to a day: the columns of the query
// summary/purchases. It is added up from orders, of one customer in the order of their
// days, and nothing else is held of them.
type bought struct {
	asOf    int32
	logs    []int64 // of gaps of so many days
	workers int
	place   []int32 // where each customer stands below; nil: at their number
	ever    []purchases
	lately  []recently
	buyers  int         // how many of them bought; known of orders that were taken
	tooMuch atomic.Bool // somebody's amounts
}

// purchases are what one customer bought, as large as what a processor fetches at once;
// amounts are in units of 1/10,000.
type purchases struct {
	orders, days          int32
	first, last, previous int32
	longest               int32
	orders90, orders365   int32
	squares, gapLogs      int64
	net, repeat           int64
}

// recently is what only orders of the last year change.
type recently struct {
	orders30, orders60   int32
	net30, net90, net365 int64
}

// newBought makes room for n customers as of a day.
func newBought(n int, asOf Day, logs []int64, workers int) *bought {
	b := &bought{asOf: int32(asOf), logs: logs, workers: workers, ever: make([]purchases, n), lately: make([]recently, n)}
	b.touch()
	return b
}

// touch writes to all memory before any of it is read: the system makes a page that was
// read first anew when it is written to, and interrupts the other processors for each.
func (b *bought) touch() {
	stat.Each(b.workers, (len(b.ever)+someCustomers-1)/someCustomers, func(c int) {
		from, to := c*someCustomers, min((c+1)*someCustomers, len(b.ever))
		clear(b.ever[from:to])
		clear(b.lately[from:to])
	})
}

// of is what a customer bought.
func (b *bought) of(number int) *purchases {
	if b.place != nil {
		return &b.ever[b.place[number]]
	}
	return &b.ever[number]
}

// add adds so many orders, of a day, of the customer at a place, none of whose orders of
// later days was added before.
func (b *bought) add(place, day, orders int32, net int64, fits *bool) {
	p := &b.ever[place]
	switch {
	case p.days == 0:
		p.first, p.last, p.days = day, day, 1
	case day != p.last:
		gap := int64(day - p.last)
		p.longest = max(p.longest, int32(gap))
		p.squares += gap * gap
		p.gapLogs += b.logs[gap]
		p.previous, p.last = p.last, day
		p.days++
	}
	p.orders += orders
	p.net = addUnits(p.net, net, fits)
	if day != p.first {
		p.repeat = addUnits(p.repeat, net, fits)
	}
	age := b.asOf - day
	if age >= 365 {
		return
	}
	r := &b.lately[place]
	p.orders365 += orders
	r.net365 = addUnits(r.net365, net, fits)
	if age >= 90 {
		return
	}
	p.orders90 += orders
	r.net90 = addUnits(r.net90, net, fits)
	if age < 60 {
		r.orders60 += orders
	}
	if age < 30 {
		r.orders30 += orders
		r.net30 = addUnits(r.net30, net, fits)
	}
}

// orderTaker adds batches of orders to what was bought, to the counts of days and periods
// and to a sample, on several processors. People are shared out by the hashes that their
// slots follow: what is known of the people of one part stands together, and a processor's
// own memory holds it.
type orderTaker struct {
	*bought
	people *people
	counts *boughtCounts
	sample *sampling
	shift  int // of a hash: what is left of it is the part
	takers []taker
}

// taker takes the orders of some parts.
type taker struct {
	counts  *boughtCounts
	next    []int32 // by day of the batch: where its next order goes, of those below
	sorted  []placedOrder
	sample  *orderRows
	fetched int64 // which nobody reads, but it has to be there or nothing were fetched
}

// placedOrder is an order of the customer at a place; -1: of nobody.
type placedOrder struct {
	net        int64
	place, day int32
}

// orderBatch are orders of some days, by the part of the people.
type orderBatch struct {
	first, last int32
	parts       []orderPart
	free        []*orderBlock
}

// orderPart are the orders of one part: those of blocks, of which the last has so many.
type orderPart struct {
	last   *orderBlock
	n      int
	blocks []*orderBlock
}

type orderBlock [128]personOrder

type personOrder struct {
	person, net int64
	day         int32
}

// orderRows are orders of numbered people.
type orderRows struct {
	number, day []int32
	net         []int64
}

func (o *orderRows) add(number, day int32, net int64) {
	o.number, o.day, o.net = append(o.number, number), append(o.day, day), append(o.net, net)
}

// takers is how many parts are taken at once at most.
const takers = 16

// newOrderTaker shares people out in parts of so many slots, as a power of two.
func newOrderTaker(b *bought, p *people, counts *boughtCounts, sample *sampling, partSlots int) *orderTaker {
	b.place = p.numbers.places(p.len())
	t := &orderTaker{bought: b, people: p, counts: counts, sample: sample, shift: min(p.numbers.shift+partSlots, 64), takers: make([]taker, takers)}
	sample.ready(b.place)
	for k := range t.takers {
		t.takers[k].counts, t.takers[k].sample = counts.part(), sample.part()
	}
	return t
}

// batch is room for orders.
func (t *orderTaker) batch() *orderBatch {
	return &orderBatch{parts: make([]orderPart, 1<<(64-t.shift))}
}

// put puts orders into a batch.
func (t *orderTaker) put(b *orderBatch, members, days, net []int64) {
	others := &t.people.others
	for i, member := range members {
		if others.slots != nil {
			if number := others.of(member); number >= 0 {
				member = t.people.person[number]
			}
		}
		part := &b.parts[t.people.numbers.hash(member)>>t.shift]
		if part.last == nil || part.n == len(part.last) {
			b.grow(part)
		}
		part.last[part.n] = personOrder{member, net[i], int32(days[i])}
		part.n++
	}
}

// grow adds a block to a part.
func (b *orderBatch) grow(part *orderPart) {
	if n := len(b.free); n > 0 {
		part.last, b.free = b.free[n-1], b.free[:n-1]
	} else {
		part.last = new(orderBlock)
	}
	part.blocks, part.n = append(part.blocks, part.last), 0
}

// rows are the orders of block i.
func (p *orderPart) rows(i int) []personOrder {
	if i == len(p.blocks)-1 {
		return p.last[:p.n]
	}
	return p.blocks[i][:]
}

// take adds a batch, which comes after those that were taken before, and empties it.
func (t *orderTaker) take(b *orderBatch) {
	stat.Each(t.workers, takers, func(k int) {
		fits := true
		for part := k * len(b.parts) / takers; part < (k+1)*len(b.parts)/takers; part++ {
			if len(b.parts[part].blocks) > 0 {
				t.takers[k].fetched += t.fetch(part)
				t.takePart(&t.takers[k], b, &b.parts[part], &fits)
			}
		}
		if !fits {
			t.tooMuch.Store(true)
		}
	})
	for i := range b.parts {
		blocks := b.parts[i].blocks
		b.free = append(b.free, blocks...)
		b.parts[i] = orderPart{blocks: blocks[:0]}
	}
}

// fetch reads what is known of the people of a part from one end to the other, which takes
// a small part of the time that it would take here and there.
func (t *orderTaker) fetch(part int) (sum int64) {
	slots := t.people.numbers.slots
	n := len(slots) >> (64 - t.shift)
	first, last := int32(-1), int32(-1)
	i, end := part*n, (part+1)*n
	for i < end && slots[i].after > 0 { // people of the part before may stand here, who are added to meanwhile
		i++
	}
	for ; i < end; i += 4 { // so many come with one
		if s := &slots[i]; s.after > 0 {
			if first < 0 {
				first = s.place
			}
			last = s.place
		}
	}
	if first >= 0 {
		for i := range t.ever[first:last] {
			sum += int64(t.ever[int(first)+i].days)
		}
	}
	return sum
}

// takePart adds the orders of a part in the order of their days.
func (t *orderTaker) takePart(k *taker, b *orderBatch, part *orderPart, fits *bool) {
	for _, o := range k.byDay(&t.people.numbers, b, part) {
		if o.place < 0 {
			continue
		}
		c := k.counts
		c.order(o.day, o.net, fits)
		switch p := &t.ever[o.place]; {
		case p.days == 0:
			c.newcomer(o.day)
		case p.last != o.day:
			c.again(p.first, p.last, o.day)
		}
		t.add(o.place, o.day, 1, o.net, fits)
		if number := t.sample.at[o.place]; number >= 0 {
			k.sample.add(number, o.day, o.net)
		}
	}
}

// byDay are the orders of a part in the order of their days, with whose they are.
func (k *taker) byDay(numbers *memberNumbers, b *orderBatch, part *orderPart) []placedOrder {
	days, n := int(b.last-b.first)+1, 0
	k.next = slices.Grow(k.next[:0], days+1)[:days+1]
	clear(k.next)
	for i := range part.blocks {
		rows := part.rows(i)
		n += len(rows)
		for r := range rows {
			k.next[rows[r].day-b.first+1]++
		}
	}
	for day := range days {
		k.next[day+1] += k.next[day]
	}
	k.sorted = slices.Grow(k.sorted[:0], n)[:n]
	for i := range part.blocks {
		for _, o := range part.rows(i) {
			place := int32(-1)
			if s := numbers.slot(o.person); s.after > 0 {
				place = s.place
			}
			at := &k.next[o.day-b.first]
			k.sorted[*at] = placedOrder{o.net, place, o.day}
			*at++
		}
	}
	return k.sorted
}

// end adds the counts up.
func (t *orderTaker) end() error {
	for k := range t.takers {
		t.counts.join(t.takers[k].counts)
	}
	for _, d := range t.counts.days {
		t.buyers += int(d.newcomers)
	}
	if t.tooMuch.Load() {
		return errTooMuch
	}
	return nil
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

// summary is what the query summary/customers says of the customers with some numbers,
// ascending; nil: of all. Neither b nor o is of use afterwards.
func (b *bought) summary(p *people, o *others, numbers []int32) (*table.Table, error) {
	if numbers != nil {
		p = p.at(numbers)
		o.keep(numbers)
	}
	place := b.places(p.len(), numbers)
	s := newSummaryColumns(p)
	orders, days := s.shorts("orders", s.none), s.shorts("purchase_days", s.none)
	first, last, previous := s.shorts("first_day", s.none), s.shorts("last_day", s.none), s.shorts("previous_day", s.once)
	x, tx, age, recency := s.shorts("x", s.none), s.shorts("t_x", s.none), s.shorts("T", s.none), s.shorts("recency_days", s.none)
	longest, squares, logs := s.shorts("longest_gap", s.once), s.ints("gap_squares", s.once), s.ints("gap_logs", s.once)
	sales, refunds, revenue, repeat := s.money("net_sales"), s.money("refunds"), s.money("net_revenue"), s.money("repeat_spend")
	orders30, orders60, orders90, orders365 := s.shorts("orders_30", s.none), s.shorts("orders_60", s.none), s.shorts("orders_90", s.none), s.shorts("orders_365", s.none)
	spend30, spend90, spend365 := s.money("spend_30"), s.money("spend_90"), s.money("spend_365")
	stat.Each(b.workers, (len(place)+someCustomers-1)/someCustomers, func(c int) {
		fits, from := true, c*someCustomers
		place := place[from:min(from+someCustomers, len(place))]
		var ever [someCustomers]purchases // next to each other, since fetching is fastest where nothing else is done on the way
		var lately [someCustomers]recently
		for k, at := range place {
			ever[k], lately[k] = b.ever[at], b.lately[at]
		}
		for k := range place {
			i, p, l := from+k, &ever[k], &lately[k]
			s.none[i], s.once[i] = p.days == 0, p.days <= 1
			if p.days == 0 {
				for _, amount := range s.amounts {
					amount[i] = math.NaN()
				}
				continue
			}
			orders[i], days[i] = p.orders, p.days
			first[i], last[i], previous[i] = p.first, p.last, p.previous
			x[i], tx[i], age[i], recency[i] = p.days-1, p.last-p.first, b.asOf-p.first, b.asOf-p.last
			longest[i], squares[i], logs[i] = p.longest, p.squares, p.gapLogs
			sales[i], repeat[i] = moneyFloat(p.net), moneyFloat(p.repeat)
			revenue[i] = sales[i]
			if o.refunded != nil {
				refunds[i], revenue[i] = moneyFloat(o.refunded[i]), moneyFloat(addUnits(p.net, -o.refunded[i], &fits))
			}
			orders30[i], orders60[i], orders90[i], orders365[i] = l.orders30, l.orders60, p.orders90, p.orders365
			spend30[i], spend90[i], spend365[i] = moneyFloat(l.net30), moneyFloat(l.net90), moneyFloat(l.net365)
		}
		if !fits {
			b.tooMuch.Store(true)
		}
	})
	for k, days := range []string{"30", "90", "365"} {
		s.counts("interactions_"+days, o.contacted[k])
	}
	for k, days := range []string{"30", "90", "365"} {
		s.counts("responses_"+days, o.answered[k])
	}
	if b.tooMuch.Load() {
		return nil, errTooMuch
	}
	return s.table(), nil
}

// someCustomers are written at once.
const someCustomers = 1 << 8

// places are where the customers with some numbers stand; nil: all n of them.
func (b *bought) places(n int, numbers []int32) []int32 {
	if numbers == nil && b.place != nil {
		return b.place
	}
	out := make([]int32, n)
	for k := range out {
		out[k] = int32(k)
		if numbers != nil {
			out[k] = numbers[k]
		}
		if b.place != nil {
			out[k] = b.place[out[k]]
		}
	}
	return out
}

// summaryColumns make the columns of a summary.
type summaryColumns struct {
	t          *table.Table
	none, once []bool // who bought nothing, and who not on two days
	amounts    [][]float64
	zeros      []int32
}

func newSummaryColumns(p *people) *summaryColumns {
	s := &summaryColumns{t: table.New(p.ids), none: make([]bool, p.len()), once: make([]bool, p.len())}
	s.add("person", &table.Column{Field: table.Field{Kind: table.Int}, Ints: p.person})
	return s
}

func (s *summaryColumns) add(name string, c *table.Column) {
	c.Name = name
	s.t.Add(c)
}

func (s *summaryColumns) ints(name string, missing []bool) []int64 {
	c := &table.Column{Field: table.Field{Kind: table.Int}, Ints: make([]int64, len(missing)), Null: missing}
	s.add(name, c)
	return c.Ints
}

// shorts are whole numbers of 32 bits.
func (s *summaryColumns) shorts(name string, missing []bool) []int32 {
	c := &table.Column{Field: table.Field{Kind: table.Int}, Shorts: make([]int32, len(missing)), Null: missing}
	s.add(name, c)
	return c.Shorts
}

// counts adds whole numbers of 32 bits; nil: zeros.
func (s *summaryColumns) counts(name string, values []int32) {
	if values == nil {
		if s.zeros == nil {
			s.zeros = make([]int32, len(s.none))
		}
		values = s.zeros
	}
	s.add(name, &table.Column{Field: table.Field{Kind: table.Int}, Shorts: values})
}

// money are amounts.
func (s *summaryColumns) money(name string) []float64 {
	c := &table.Column{Floats: make([]float64, len(s.none))}
	s.add(name, c)
	s.amounts = append(s.amounts, c.Floats)
	return c.Floats
}

// table is all of them, without marks where nobody has one.
func (s *summaryColumns) table() *table.Table {
	none, once := slices.Contains(s.none, true), slices.Contains(s.once, true)
	for _, c := range s.t.Columns() {
		switch {
		case len(c.Null) == 0:
		case &c.Null[0] == &s.none[0] && !none, &c.Null[0] == &s.once[0] && !once:
			c.Null = nil
		}
	}
	return s.t
}
