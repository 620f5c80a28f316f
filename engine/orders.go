package engine

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"

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
	pages    []orderPage
}

// dayOrders is how many orders a day has, counted or not.
type dayOrders struct {
	day    int32
	orders int64
}

// orderPage are the orders of some days.
type orderPage struct {
	first, last Day
	rows        int // at most
	member      []int64
	day         []int32
	net         []int64 // units of 1/10,000
}

// read fills a page with what a query gives of its days.
func (p *orderPage) read(ctx context.Context, r *orderReader, query string, args []any) error {
	p.member, p.day, p.net = slices.Grow(p.member[:0], p.rows), slices.Grow(p.day[:0], p.rows), slices.Grow(p.net[:0], p.rows)
	args = append([]any{sql.Named("first_day", int32(p.first)), sql.Named("last_day", int32(p.last)), sql.Named("smallest", r.smallest)}, args...)
	return r.db.Chunks(ctx, query, func(t *table.Table) error {
		p.member = append(p.member, t.Ints("member")...)
		for _, day := range t.Ints("day") {
			p.day = append(p.day, int32(day))
		}
		p.net = append(p.net, t.Column("net").Ints...)
		return nil
	}, args...)
}

// Orders of a page: on their way one takes a hundred bytes, of which there is a tenth of
// the memory. None of the figures changes what comes out.
const (
	orderBytes   = 100
	largestPage  = 1 << 22
	usualPage    = 1 << 20
	smallestPage = 1 << 17
	usualPages   = 16
)

// newOrderReader looks how many orders each day has.
func newOrderReader(ctx context.Context, db *duck.DB, cfg config.Config, asOf Day) (*orderReader, error) {
	r := &orderReader{ctx: ctx, db: db, asOf: asOf, workers: cfg.Resources.Cores(), smallest: smallestNet(cfg)}
	t, err := db.Query(ctx, `SELECT CAST(ordered_day AS INTEGER) AS day, count(*) AS orders FROM kept_order_rows
WHERE ordered_day <= $day AND member IS NOT NULL GROUP BY ordered_day ORDER BY ordered_day`, sql.Named("day", int32(asOf)))
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

// each calls f with the pages of a query like summary/orders, one after the other. What
// a page holds is of use until f returns.
func (r *orderReader) each(query string, f func(*orderPage) error, args ...any) error {
	ctx, stop := context.WithCancel(r.ctx)
	defer stop()
	type made struct {
		page *orderPage
		err  error
	}
	pages, free := make(chan made, 1), make(chan *orderPage, 2)
	free <- &orderPage{}
	free <- &orderPage{}
	go func() { // while f has the one page, the store gives the next
		defer close(pages)
		for _, page := range r.pages {
			select {
			case p := <-free:
				p.first, p.last, p.rows = page.first, page.last, page.rows
				err := p.read(ctx, r, query, args)
				pages <- made{p, err}
				if err != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	var err error
	for m := range pages {
		if err = cmp.Or(err, m.err); err != nil {
			stop()
			continue // until the store is at rest
		}
		err = f(m.page)
		free <- m.page
	}
	return cmp.Or(err, ended(r.ctx))
}
