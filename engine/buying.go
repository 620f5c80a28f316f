package engine

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/models/stat"
	"clientele/queries"
)

// buying is when customers bought and for how much, up to a day: the days of one
// customer stand together, ascending, orders of a day being one purchase. It says what
// the query summary/daily says, in a quarter of its memory and a fifth of its time, and
// answers as of every earlier day too.
type buying struct {
	people []int64 // ascending; some may have bought nothing
	from   []int   // of people[i]: days[from[i] : from[i]+count[i]]
	count  []int32
	days   []int32
	orders []int32
	net    []int64 // units of 1/10,000
}

// of is where the days of person i begin and end.
func (b *buying) of(i int) (from, to int) { return b.from[i], b.from[i] + int(b.count[i]) }

// until is of, up to a day.
func (b *buying) until(i int, day Day) (from, to int) {
	from, to = b.of(i)
	for to > from && b.days[to-1] > int32(day) {
		to--
	}
	return from, to
}

// buyers is how many people have bought.
func (b *buying) buyers() int {
	n := 0
	for _, c := range b.count {
		if c > 0 {
			n++
		}
	}
	return n
}

// sample is the part of one person of so many, by the hash that is the person's number.
func (b *buying) sample(every int64) *buying {
	out := &buying{}
	for i, person := range b.people {
		if person%every != 0 {
			continue
		}
		from, to := b.of(i)
		out.people = append(out.people, person)
		out.from = append(out.from, len(out.days))
		out.count = append(out.count, int32(to-from))
		out.days = append(out.days, b.days[from:to]...)
		out.orders = append(out.orders, b.orders[from:to]...)
		out.net = append(out.net, b.net[from:to]...)
	}
	return out
}

// join adds the people of another buying, who come after those of b.
func (b *buying) join(more *buying) {
	for i := range more.people {
		b.from = append(b.from, len(b.days)+more.from[i])
	}
	b.people, b.count = append(b.people, more.people...), append(b.count, more.count...)
	b.days, b.orders, b.net = append(b.days, more.days...), append(b.orders, more.orders...), append(b.net, more.net...)
}

// errTooMuch is about amounts whose sum, in units of 1/10,000, whole numbers of 64 bits
// do not hold. One order is at most a hundredth of that.
var errTooMuch = errors.New("the amounts of one customer, or of one day, add up to more than 922,337,203,685,477")

// addUnits is a + b; ok is false where that is more than 64 bits hold.
func addUnits(a, b int64, ok *bool) int64 {
	s := a + b
	if b > 0 && s < a || b < 0 && s > a {
		*ok = false
		return 0
	}
	return s
}

// buyingReader reads a buying from the store, in passes over ranges of people where all
// would not fit in memory at once, and each pass in pages of days.
type buyingReader struct {
	ctx     context.Context
	db      *duck.DB
	asOf    Day
	workers int
	most    int // orders in memory at once
	people  []int64
	pages   []dayRange
	orders  int64 // at most so many count
}

type dayRange struct{ first, last Day }

// Orders in memory at once: an order of a buying under way takes 32 bytes, of which
// there is a tenth of the memory. None of the figures changes what comes out.
const (
	mostInMemory  = 1 << 24
	leastInMemory = 1 << 18
	orderBytes    = 32
	pageShare     = 8 // pages are that much smaller than what fits in memory
)

// newBuyingReader makes the temporary table buyings of numbers of people, and looks how
// many orders there are.
func newBuyingReader(ctx context.Context, db *duck.DB, cfg config.Config, asOf Day) (*buyingReader, error) {
	r := &buyingReader{ctx: ctx, db: db, asOf: asOf, workers: cfg.Resources.Cores(), most: mostInMemory}
	if m := int64(cfg.Resources.Memory); m > 0 {
		r.most = int(min(max(m/10/orderBytes, leastInMemory), mostInMemory))
	}
	t, err := db.Query(ctx, "SELECT DISTINCT person FROM identities ORDER BY person")
	if err != nil {
		return nil, err
	}
	r.people = t.Ints("person")
	numbers := table.NewColumn(table.Field{Name: "number", Kind: table.Int}, len(r.people))
	for i := range numbers.Ints {
		numbers.Ints[i] = int64(i)
	}
	if err := db.LoadTable(ctx, "people_numbers", table.New(t.Column("person"), numbers)); err != nil {
		return nil, err
	}
	err = db.Statements(ctx, `CREATE OR REPLACE TEMP TABLE buyers AS
SELECT i.member, CAST(n.number AS INTEGER) AS number FROM identities AS i INNER JOIN people_numbers AS n ON i.person = n.person;
DROP TABLE people_numbers;`)
	if err != nil {
		return nil, err
	}
	return r, r.page()
}

// page shares the days out so that each page has few orders, or is one day.
func (r *buyingReader) page() error {
	t, err := r.db.Query(r.ctx, `SELECT ordered_day AS day, count(*) AS orders FROM kept_orders CROSS JOIN bounds
WHERE ordered_day <= as_of_day AND member IS NOT NULL GROUP BY ordered_day ORDER BY ordered_day`)
	if err != nil {
		return err
	}
	days, orders := t.Ints("day"), t.Ints("orders")
	var held int64
	for i, day := range days {
		if i == 0 || held+orders[i] > int64(r.most/pageShare) {
			r.pages = append(r.pages, dayRange{first: Day(day)})
			held = 0
		}
		held += orders[i]
		r.orders += orders[i]
		r.pages[len(r.pages)-1].last = Day(day)
	}
	return nil
}

// passes is how many ranges of people are read one after the other.
func (r *buyingReader) passes() int { return 1 + int(r.orders)/r.most }

// each calls f with the buying of each range of people, ascending.
func (r *buyingReader) each(f func(*buying) error) error {
	n := r.passes()
	for k := range n {
		b, err := r.read(k*len(r.people)/n, (k+1)*len(r.people)/n)
		if err != nil {
			return err
		}
		if err := f(b); err != nil {
			return err
		}
	}
	return r.db.Exec(r.ctx, "DROP TABLE buyers")
}

// read reads the people from one number to before another.
func (r *buyingReader) read(first, last int) (*buying, error) {
	raw := rawOrders{counts: make([]int, last-first+1)}
	query := queries.Get("summary/orders").SQL
	// While the one page is taken in, the store gives the next.
	ctx, stop := context.WithCancel(r.ctx)
	defer stop()
	type page struct {
		t   *table.Table
		err error
	}
	pages := make(chan page, 1)
	go func() {
		defer close(pages)
		for _, days := range r.pages {
			t, err := r.db.Query(ctx, query, sql.Named("first_day", int32(days.first)), sql.Named("last_day", int32(days.last)),
				sql.Named("first", first), sql.Named("last", last-1))
			select {
			case pages <- page{t, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	var err error
	for p := range pages {
		if err = cmp.Or(err, p.err); err == nil {
			raw.take(p.t, first)
		}
	}
	if err := cmp.Or(err, ended(r.ctx)); err != nil {
		return nil, err
	}
	return raw.buying(r.people[first:last], r.workers)
}

// rawOrders are orders as they come.
type rawOrders struct {
	people []int32 // numbers of people, from that of the pass on
	days   []int32
	net    []int64
	counts []int // orders of person i in counts[i+1]
}

func (o *rawOrders) take(t *table.Table, first int) {
	people, days := t.Ints("number"), t.Ints("day")
	o.people, o.days = slices.Grow(o.people, len(people)), slices.Grow(o.days, len(people))
	for i, p := range people {
		o.people = append(o.people, int32(p)-int32(first))
		o.days = append(o.days, int32(days[i]))
		o.counts[int(p)-first+1]++
	}
	o.net = append(o.net, t.Column("net").Ints...)
}

// buying puts orders in the order of people and days and those of a day together.
func (o *rawOrders) buying(people []int64, workers int) (*buying, error) {
	b := &buying{people: people, from: make([]int, len(people)+1), count: make([]int32, len(people)),
		days: make([]int32, len(o.days)), orders: make([]int32, len(o.days)), net: make([]int64, len(o.days))}
	for i, n := range o.counts[1:] {
		b.from[i+1] = b.from[i] + n
	}
	next := slices.Clone(b.from)
	for k, p := range o.people {
		at := next[p]
		next[p]++
		b.days[at], b.net[at] = o.days[k], o.net[k]
	}
	const chunk = 1 << 13
	chunks := (len(people) + chunk - 1) / chunk
	fits := make([]bool, chunks)
	stat.Each(workers, chunks, func(c int) {
		fits[c] = true
		for i := c * chunk; i < min((c+1)*chunk, len(people)); i++ {
			b.count[i] = b.merge(b.from[i], b.from[i+1], &fits[c])
		}
	})
	b.from = b.from[:len(people)]
	if slices.Contains(fits, false) {
		return nil, errTooMuch
	}
	return b, nil
}

// merge sorts the orders of one person, which stand by pages and so nearly in order, and
// puts those of a day together. It returns the number of days.
func (b *buying) merge(from, to int, fits *bool) int32 {
	days, net := b.days[from:to], b.net[from:to]
	for i := 1; i < len(days); i++ {
		d, v := days[i], net[i]
		j := i
		for ; j > 0 && days[j-1] > d; j-- {
			days[j], net[j] = days[j-1], net[j-1]
		}
		days[j], net[j] = d, v
	}
	n := -1
	for i, d := range days {
		if n >= 0 && days[n] == d {
			net[n] = addUnits(net[n], net[i], fits)
			b.orders[from+n]++
			continue
		}
		n++
		days[n], net[n], b.orders[from+n] = d, net[i], 1
	}
	return int32(n + 1)
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

// longest is the number of days from the first purchase to the last.
func (b *buying) longest() int {
	if len(b.days) == 0 {
		return 1
	}
	first, last := int32(1<<30), int32(-1<<30)
	for i := range b.people {
		if from, to := b.of(i); to > from {
			first, last = min(first, b.days[from]), max(last, b.days[to-1])
		}
	}
	return max(int(last)-int(first), 1)
}

// purchaseFields are the columns of summary/purchases.
func purchaseFields() []table.Field {
	var out []table.Field
	for _, name := range []string{"person", "orders", "purchase_days", "first_day", "last_day", "previous_day", "longest_gap", "gap_squares", "gap_logs"} {
		out = append(out, table.Field{Name: name, Kind: table.Int})
	}
	for _, name := range []string{"net", "repeat_net"} {
		out = append(out, table.Field{Name: name, Kind: table.Int, Unit: "1/10,000 of money"})
	}
	for _, name := range []string{"orders_30", "orders_60", "orders_90", "orders_365"} {
		out = append(out, table.Field{Name: name, Kind: table.Int})
	}
	for _, name := range []string{"net_30", "net_90", "net_365"} {
		out = append(out, table.Field{Name: name, Kind: table.Int, Unit: "1/10,000 of money"})
	}
	return out
}

// purchaseSelection gives the columns their types.
func purchaseSelection() string {
	replaced := []string{"CAST(first_day AS INTEGER) AS first_day", "CAST(last_day AS INTEGER) AS last_day", "CAST(previous_day AS INTEGER) AS previous_day"}
	for _, name := range []string{"net", "repeat_net", "net_30", "net_90", "net_365"} {
		replaced = append(replaced, moneyOf(name)+" AS "+name)
	}
	return "* REPLACE (" + strings.Join(replaced, ", ") + ")"
}

// moneyOf is the SQL of a sum in units of 1/10,000 as money: sums hold more than a
// DECIMAL(18,4), which is what one amount is.
func moneyOf(units string) string {
	return "CAST(CAST(" + units + " AS DECIMAL(19,0)) * CAST(0.0001 AS DECIMAL(5,4)) AS DECIMAL(38,4))"
}

// purchases is summary/purchases as of a day, of the people from one to before another.
func (b *buying) purchases(asOf Day, logs []int64, first, last int) (*table.Table, error) {
	t := table.Make(last-first, purchaseFields()...)
	var ints [18][]int64
	for k, c := range t.Columns() {
		ints[k] = c.Ints
	}
	once := make([]bool, last-first)
	row, fits := 0, true
	for i := first; i < last; i++ {
		from, to := b.until(i, asOf)
		if from == to {
			continue
		}
		p := b.sums(from, to, asOf, logs, &fits)
		p[0] = b.people[i]
		for k := range p {
			ints[k][row] = p[k]
		}
		once[row] = to-from == 1
		row++
	}
	if !fits {
		return nil, errTooMuch
	}
	for _, name := range []string{"previous_day", "longest_gap", "gap_squares", "gap_logs"} {
		t.Column(name).Null = once
	}
	return t.Slice(0, row), nil
}

// sums are the columns of purchaseFields but the person, of one person's days.
func (b *buying) sums(from, to int, asOf Day, logs []int64, fits *bool) (p [18]int64) {
	p[2] = int64(to - from)
	p[3], p[4] = int64(b.days[from]), int64(b.days[to-1])
	for k := from; k < to; k++ {
		day, orders, net := b.days[k], int64(b.orders[k]), b.net[k]
		p[1] += orders
		p[9] = addUnits(p[9], net, fits)
		if k > from {
			gap := int64(day - b.days[k-1])
			p[5] = int64(b.days[k-1])
			p[6] = max(p[6], gap)
			p[7] += gap * gap
			p[8] += logs[gap]
			p[10] = addUnits(p[10], net, fits)
		}
		age := int32(asOf) - day
		if age >= 365 {
			continue
		}
		p[14] += orders
		p[17] = addUnits(p[17], net, fits)
		if age >= 90 {
			continue
		}
		p[13] += orders
		p[16] = addUnits(p[16], net, fits)
		if age < 60 {
			p[12] += orders
		}
		if age < 30 {
			p[11] += orders
			p[15] = addUnits(p[15], net, fits)
		}
	}
	return p
}

// fieldsOf are the fields of a table's columns.
func fieldsOf(t *table.Table) []table.Field {
	out := make([]table.Field, len(t.Columns()))
	for i, c := range t.Columns() {
		out[i] = c.Field
	}
	return out
}

// load makes the temporary table purchases as of a day, or adds to it.
func (b *buying) load(ctx context.Context, db *duck.DB, asOf Day, more bool) error {
	logs, err := gapLogs(ctx, db, b.longest())
	if err != nil {
		return err
	}
	at := 0
	next := func() (*table.Table, error) {
		if at >= len(b.people) {
			return nil, io.EOF
		}
		first := at
		at = min(at+scoreChunk, len(b.people))
		return b.purchases(asOf, logs, first, at)
	}
	if !more {
		return db.Load(ctx, "purchases", purchaseSelection(), purchaseFields(), next)
	}
	return db.Stream(ctx, "more_purchases", purchaseFields(), next, func() error {
		return db.Exec(ctx, "INSERT INTO temp.purchases SELECT "+purchaseSelection()+" FROM more_purchases")
	})
}

// moneyFloat is an amount of units of 1/10,000 as a float, as the store casts a decimal.
func moneyFloat(units int64) float64 {
	if a := uint64(max(units, -units)); bits.Len64(a) <= 53 {
		return float64(units) / table.DecimalScale
	}
	return float64(units/table.DecimalScale) + float64(units%table.DecimalScale)/table.DecimalScale
}

// came is on how many of the days after a day, so many, each person bought, and what
// that came to.
func (b *buying) came(i int, day Day, window int) (days int, net float64, err error) {
	fits := true
	var sum int64
	from, to := b.of(i)
	for k := to - 1; k >= from && b.days[k] > int32(day); k-- {
		if b.days[k] <= int32(day)+int32(window) {
			days++
			sum = addUnits(sum, b.net[k], &fits)
		}
	}
	if !fits {
		return 0, 0, fmt.Errorf("what came after %v: %w", day, errTooMuch)
	}
	return days, moneyFloat(sum), nil
}
