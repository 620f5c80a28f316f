package engine

import (
	"context"
	"fmt"
	"math"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/queries"
)

// others is what is known of customers by the day of bounds beside what they bought, one
// place of each slice for each of them. Nil: nothing of anybody.
type others struct {
	refunded            []int64 // units of 1/10,000
	contacted, answered [3][]int32
	seen                []bool // who is known by any of it
}

// readOthers asks for it, and for little where tables are empty.
func readOthers(ctx context.Context, db *duck.DB, p *people) (*others, error) {
	o := &others{seen: make([]bool, p.len())}
	err := o.each(ctx, db, p, "summary/returned", "kept_refunds", func(i int32, t *table.Table, row int) {
		if o.refunded == nil {
			o.refunded = make([]int64, p.len())
		}
		o.refunded[i] = t.Column("amount").Ints[row]
	})
	if err != nil {
		return nil, err
	}
	for _, of := range []struct {
		query, table string
		counts       *[3][]int32
	}{{"summary/contacted", "facts.interactions", &o.contacted}, {"summary/answered", "facts.responses", &o.answered}} {
		err := o.each(ctx, db, p, of.query, of.table, func(i int32, t *table.Table, row int) {
			for k, name := range []string{"n_30", "n_90", "n_365"} {
				if of.counts[k] == nil {
					of.counts[k] = make([]int32, p.len())
				}
				of.counts[k][i] = int32(min(t.Ints(name)[row], math.MaxInt32))
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return o, nil
}

// each calls f with the rows of a query by person, of those in p.
func (o *others) each(ctx context.Context, db *duck.DB, p *people, query, from string, f func(i int32, t *table.Table, row int)) error {
	var some bool
	if err := db.Row(ctx, []any{&some}, "SELECT EXISTS (FROM "+from+")"); err != nil || !some {
		return err
	}
	err := db.Chunks(ctx, queries.Get(query).SQL, func(t *table.Table) error {
		for row, person := range t.Ints("person") {
			if i := p.of(person); i >= 0 {
				o.seen[i] = true
				f(i, t, row)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	return nil
}

// known are the places of those who are known by the day of bounds, ascending: who
// bought, or is seen otherwise, and is not excluded. Nil: all are.
func (o *others) known(ctx context.Context, db *duck.DB, p *people, b *bought) ([]int32, error) {
	unseen, all := 0, b.buyers == p.len()
	for i := range o.seen {
		o.seen[i] = all || o.seen[i] || b.of(i).days > 0
		if !o.seen[i] {
			unseen++
		}
	}
	if unseen > 0 {
		err := db.Chunks(ctx, queries.Get("summary/seen").SQL, func(t *table.Table) error {
			for _, member := range t.Ints("member") {
				if i := p.of(member); i >= 0 {
					o.seen[i] = true
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return o.kept(ctx, db, p)
}

// kept are the places of those who are seen and not excluded; nil: all are.
func (o *others) kept(ctx context.Context, db *duck.DB, p *people) ([]int32, error) {
	excluded, err := db.Query(ctx, "SELECT person FROM excluded_people")
	if err != nil {
		return nil, err
	}
	for _, person := range excluded.Ints("person") {
		if i := p.of(person); i >= 0 {
			o.seen[i] = false
		}
	}
	places := make([]int32, 0, len(o.seen))
	for i, seen := range o.seen {
		if seen {
			places = append(places, int32(i))
		}
	}
	if len(places) == len(o.seen) {
		return nil, nil
	}
	return places, nil
}

// keep leaves the customers at some places, ascending, and no others.
func (o *others) keep(places []int32) {
	o.refunded = keep(o.refunded, places)
	for k := range o.contacted {
		o.contacted[k], o.answered[k] = keep(o.contacted[k], places), keep(o.answered[k], places)
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
