package engine

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
)

// orderReader reads the orders that count, up to a day, in pages of some days each: in
// the order of their days as far as pages go.
type orderReader struct {
	ctx      context.Context
	db       *duck.DB
	asOf     Day
	workers  int
	smallest string // amount that counts
	days     []dayOrders
	orders   int64
	slots    int // of a part of the people, as a power of two
	pages    []orderPage
}

// dayOrders is how many orders a day has, counted or not.
type dayOrders struct {
	day    int32
	orders int64
}

// orderPage are some days with so many orders at most.
type orderPage struct {
	first, last Day
	rows        int
}

// read calls f with the orders of a page, as a query like summary/orders gives them: with
// whose they are, on which days, and their amounts in units of 1/10,000.
func (r *orderReader) read(p orderPage, query string, f func(members, days, net []int64), args ...any) error {
	args = append([]any{sql.Named("first_day", int32(p.first)), sql.Named("last_day", int32(p.last)), sql.Named("smallest", r.smallest)}, args...)
	return r.db.Chunks(r.ctx, query, func(t *table.Table) error {
		f(t.Ints("member"), t.Ints("day"), t.Column("net").Ints)
		return nil
	}, args...)
}

// Orders of a page: on their way one takes a hundred bytes, of which there is a tenth of
// the memory. None of the figures changes what comes out.
const (
	orderBytes   = 100
	largestPage  = 1 << 22
	usualPage    = 1 << 21
	smallestPage = 1 << 17
	usualPages   = 16
	partSlots    = 12 // with what was bought, half a megabyte
)

// newOrderReader looks how many orders each day has.
func newOrderReader(ctx context.Context, db *duck.DB, cfg config.Config, asOf Day) (*orderReader, error) {
	r := &orderReader{ctx: ctx, db: db, asOf: asOf, workers: cfg.Resources.Cores(), smallest: smallestNet(cfg), slots: partSlots}
	t, err := db.Query(ctx, `SELECT CAST(ordered_day AS INTEGER) AS day, count(member) AS orders FROM kept_order_rows
WHERE ordered_day <= $day GROUP BY ordered_day HAVING count(member) > 0 ORDER BY ordered_day`, sql.Named("day", int32(asOf)))
	if err != nil {
		return nil, err
	}
	for i, day := range t.Ints("day") {
		r.days = append(r.days, dayOrders{int32(day), t.Ints("orders")[i]})
		r.orders += t.Ints("orders")[i]
	}
	if r.orders > math.MaxInt32 {
		return nil, errTooMany
	}
	most := largestPage
	if m := int64(cfg.Resources.Memory); m > 0 {
		most = int(min(max(m/10/orderBytes, smallestPage), largestPage))
	}
	r.share(min(most, max(usualPage, int(r.orders/usualPages))))
	return r, nil
}

// share shares the days out so that each page has so many orders at most, or is one day.
func (r *orderReader) share(most int) {
	r.pages = nil
	for _, d := range r.days {
		if n := len(r.pages); n == 0 || r.pages[n-1].rows+int(d.orders) > most {
			r.pages = append(r.pages, orderPage{first: Day(d.day)})
		}
		p := &r.pages[len(r.pages)-1]
		p.last, p.rows = Day(d.day), p.rows+int(d.orders)
	}
}

// span is how many days lie between the first with orders and the last, and one at least.
func (r *orderReader) span() int {
	if len(r.days) == 0 {
		return 1
	}
	return max(1, int(r.days[len(r.days)-1].day-r.days[0].day))
}

// errTooMany is about orders that whole numbers of 32 bits do not count.
var errTooMany = errors.New("there are more than 2,147,483,647 orders")
