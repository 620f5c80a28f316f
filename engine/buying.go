package engine

import (
	"database/sql"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"clientele/engine/table"
	"clientele/models/stat"
	"clientele/queries"
)

// buying is when customers bought and for how much, up to a day: the days of one
// customer stand together, ascending, orders of a day being one purchase. It says what
// the query summary/daily says, and answers as of every earlier day too.
type buying struct {
	who    *people // some may have bought nothing
	from   []int   // of customer i: days[from[i] : from[i]+count[i]]
	count  []int32
	days   []int32
	orders []int32
	net    []int64 // units of 1/10,000
}

// of is where the days of customer i begin and end.
func (b *buying) of(i int) (from, to int) { return b.from[i], b.from[i] + int(b.count[i]) }

// until is of, up to a day.
func (b *buying) until(i int, day Day) (from, to int) {
	from, to = b.of(i)
	for to > from && b.days[to-1] > int32(day) {
		to--
	}
	return from, to
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

// buying reads the purchase days of customers, one of so many.
func (r *orderReader) buying(who *people, every int64) (*buying, error) {
	rows := &orderRows{}
	query, args := queries.Get("summary/orders").SQL, []any(nil)
	if every > 1 {
		query, args = queries.Get("summary/orders_of_some").SQL, []any{sql.Named("every", every)}
	}
	for _, page := range r.pages {
		err := r.read(page, query, func(members, days, net []int64) {
			for i, member := range members {
				if number := who.of(member); number >= 0 {
					rows.add(number, int32(days[i]), net[i])
				}
			}
		}, args...)
		if err != nil {
			return nil, err
		}
	}
	return newBuying(who, []*orderRows{rows}, r.workers)
}

// sampling are the orders of one customer of so many, taken while those of all are read.
type sampling struct {
	all, who *people
	every    int64
	place    []int32      // of a customer among them; -1: is none of them
	at       []int32      // the same by the place of what was bought
	rows     []*orderRows // each of other customers
}

// newSampling chooses one customer of so many, by the hash that is the person's number.
func newSampling(all *people, every int64) *sampling {
	s := &sampling{all: all, who: all, every: every}
	if every > 1 {
		var places []int32
		s.place = make([]int32, all.len())
		for i, person := range all.person {
			s.place[i] = -1
			if person%every == 0 {
				s.place[i] = int32(len(places))
				places = append(places, int32(i))
			}
		}
		s.who = all.some(places, s.place)
	}
	return s
}

// ready is told where what each customer bought stands.
func (s *sampling) ready(place []int32) {
	s.at = make([]int32, len(place))
	for number, at := range place {
		s.at[at] = int32(number)
		if s.place != nil {
			s.at[at] = s.place[number]
		}
	}
}

// part is room for orders, of one customer in the order of their days.
func (s *sampling) part() *orderRows {
	s.rows = append(s.rows, &orderRows{})
	return s.rows[len(s.rows)-1]
}

func (s *sampling) buying(workers int) (*buying, error) { return newBuying(s.who, s.rows, workers) }

// newBuying puts orders in the order of people and days and those of a day together.
func newBuying(who *people, rows []*orderRows, workers int) (*buying, error) {
	n, orders := who.len(), 0
	b := &buying{who: who, from: make([]int, n+1), count: make([]int32, n)}
	for _, part := range rows {
		orders += len(part.number)
		for _, i := range part.number {
			b.from[i+1]++
		}
	}
	for i := range n {
		b.from[i+1] += b.from[i]
	}
	b.days, b.orders, b.net = make([]int32, orders), make([]int32, orders), make([]int64, orders)
	next := slices.Clone(b.from)
	for _, part := range rows {
		for k, i := range part.number {
			at := next[i]
			next[i]++
			b.days[at], b.net[at] = part.day[k], part.net[k]
		}
	}
	const chunk = 1 << 13
	chunks := (n + chunk - 1) / chunk
	fits := make([]bool, chunks)
	stat.Each(workers, chunks, func(c int) {
		fits[c] = true
		for i := c * chunk; i < min((c+1)*chunk, n); i++ {
			b.count[i] = b.merge(b.from[i], b.from[i+1], &fits[c])
		}
	})
	b.from = b.from[:n]
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

// bought adds up what these customers had bought by a day; logs are those of gaps.
func (b *buying) bought(day Day, logs []int64) *bought {
	out := newBought(b.who.len(), day, logs, 1)
	fits := true
	for i := range b.count {
		from, to := b.until(i, day)
		for k := from; k < to; k++ {
			out.add(int32(i), b.days[k], b.orders[k], b.net[k], &fits)
		}
	}
	out.tooMuch.Store(!fits)
	return out
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
