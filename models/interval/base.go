package interval

import (
	"context"
	"fmt"
	"math"

	"clientele/engine/table"
	"clientele/models/purchase"
	"clientele/models/stat"
)

// Base is the customers of one table, grouped by what their intervals depend
// on: identical histories are computed once.
type Base struct {
	f        *Forecaster
	group    []int32   // of each row; -1 for a customer without an order
	scale    []float64 // of each row: v' of its spend
	keys     []key
	results  []result
	profiles [][]purchase.Law // of distinct covariates
	joined   *joined          // nil where one fit is of all customers
}

// key is what customers of a group have in common.
type key struct {
	x, tx, t int32
	profile  int32
	spent    int32 // purchases that the spend is known of; zero: nothing is
}

func (k key) history() purchase.History {
	return purchase.History{X: int(k.x), Tx: int(k.tx), T: int(k.t)}
}

// hash is where the search for a key begins.
func (k key) hash() uint64 {
	h := (uint64(k.x)<<40 ^ uint64(k.tx)<<20 ^ uint64(k.t)) * 0x9e3779b97f4a7c15
	h = (h ^ h>>29 ^ uint64(k.profile)<<32 ^ uint64(k.spent)) * 0xbf58476d1ce4e5b9
	return h ^ h>>32
}

// result is what a group has in common. Values are per unit of a row's scale,
// discounted, on margin.
type result struct {
	expected            float64 // orders
	discount            float64 // mean discount of an order, times margin
	low, high           float64 // orders
	valueLow, valueHigh float64
	orders              cumulants // chance alone
	value               cumulants // chance alone; of no use below lightTail
}

// Base groups the rows of src and computes each group.
func (f *Forecaster) Base(ctx context.Context, src *table.Table) (*Base, error) {
	if f.grouped {
		j, err := f.join(ctx, src)
		return &Base{f: f, joined: j}, err
	}
	b := &Base{f: f, group: make([]int32, src.Rows()), scale: make([]float64, src.Rows())}
	if f.orders == nil {
		for i := range b.group {
			b.group[i] = -1
		}
		return b, nil
	}
	if err := b.read(src); err != nil {
		return nil, err
	}
	b.results = make([]result, len(b.keys))
	starts := b.families()
	const chunk = 64
	families := len(starts) - 1
	stat.Each(f.workers, (families+chunk-1)/chunk, func(c int) {
		if ctx.Err() != nil {
			return
		}
		s, shared := newScratch(), &family{}
		for k := c * chunk; k < min((c+1)*chunk, families); k++ {
			b.computeAll(s, shared, starts[k], starts[k+1])
		}
	})
	return b, ctx.Err()
}

// computeAll computes the groups of a family.
func (b *Base) computeAll(s *scratch, shared *family, from, to int32) {
	ok := shared.set(b, b.keys[from])
	for g := from; g < to; g++ {
		if ok {
			b.results[g] = shared.of(b, b.keys[g])
		} else {
			b.results[g] = b.compute(s, b.keys[g])
		}
	}
}

// read sets the groups and the scales.
func (b *Base) read(src *table.Table) error {
	for _, name := range []string{"x", "t_x", "T"} {
		if c := src.Lookup(name); c == nil || c.Kind != table.Int {
			return fmt.Errorf("interval: no column %s", name)
		}
	}
	x, tx, t := src.Column("x"), src.Column("t_x"), src.Column("T")
	var columns [][]float64
	if b.f.covariates() > 0 {
		var err error
		if columns, err = b.f.orders.Model().Covariates(src); err != nil {
			return fmt.Errorf("interval: %w", err)
		}
	}
	spent := func(int) (int64, float64, bool) { return 0, 0, false }
	if b.f.hasSpend {
		r, err := b.f.spendModel.Reader(src)
		if err != nil {
			return err
		}
		spent = r.At
	}
	profiles := newProfiles(b, columns)
	groups := newIndex(b)
	for i := range b.group {
		b.group[i] = -1
		if x.Missing(i) || tx.Missing(i) || t.Missing(i) {
			continue
		}
		if !possible(x.Int(i), tx.Int(i), t.Int(i)) {
			return fmt.Errorf("interval: row %d: x %d, t_x %d, T %d is no purchase history", i, x.Int(i), tx.Int(i), t.Int(i))
		}
		k := key{x: int32(x.Int(i)), tx: int32(tx.Int(i)), t: int32(t.Int(i))}
		var known bool
		if k.profile, known = profiles.of(i); !known {
			continue
		}
		b.scale[i] = b.f.spend.V
		if n, total, ok := spent(i); ok {
			k.spent = int32(min(n, math.MaxInt32))
			b.scale[i] += total
		}
		b.group[i] = groups.of(k)
	}
	b.arrange()
	return nil
}

// index finds the groups of keys.
type index struct {
	b     *Base
	slots []int32 // 1 + group, at the hash of its key or behind; zero: free. At most half are taken
}

func newIndex(b *Base) *index { return &index{b, make([]int32, 1<<12)} }

// of is the group of a key, which it adds where it is new.
func (x *index) of(k key) int32 {
	mask := uint64(len(x.slots) - 1)
	at := k.hash() & mask
	for ; x.slots[at] != 0; at = (at + 1) & mask {
		if g := x.slots[at] - 1; x.b.keys[g] == k {
			return g
		}
	}
	x.b.keys = append(x.b.keys, k)
	x.slots[at] = int32(len(x.b.keys))
	if 2*len(x.b.keys) > len(x.slots) {
		x.grow()
	}
	return int32(len(x.b.keys) - 1)
}

func (x *index) grow() {
	x.slots = make([]int32, 4*len(x.slots))
	mask := uint64(len(x.slots) - 1)
	for g, k := range x.b.keys {
		at := k.hash() & mask
		for x.slots[at] != 0 {
			at = (at + 1) & mask
		}
		x.slots[at] = int32(g + 1)
	}
}

// arrange puts the groups in the order of their kinds, then of t_x, whatever that of
// the rows.
func (b *Base) arrange() {
	type entry struct {
		kind  uint64 // but for the profile. Each of x, t_x and T is at most purchase.MostDays, which has 20 bits
		rest  uint64
		group int32
	}
	order := make([]entry, len(b.keys))
	for g, k := range b.keys {
		e := entry{uint64(k.x)<<21 | uint64(k.t)<<1, uint64(k.profile)<<20 | uint64(k.tx), int32(g)}
		if k.spent > 0 { // it is then x, or one more for all
			e.kind |= 1
		}
		order[g] = e
	}
	spare := make([]entry, len(order))
	order, spare = stat.SortByUint(order, spare, func(e entry) uint64 { return e.rest })
	order, _ = stat.SortByUint(order, spare, func(e entry) uint64 { return e.kind })
	keys, place := make([]key, len(order)), make([]int32, len(order))
	for k, e := range order {
		keys[k], place[e.group] = b.keys[e.group], int32(k)
	}
	b.keys = keys
	for i, g := range b.group {
		if g >= 0 {
			b.group[i] = place[g]
		}
	}
}

// possible reports whether the numbers are a purchase.History.
func possible(x, tx, t int64) bool {
	return x >= 0 && x <= tx && (x == 0) == (tx == 0) && tx <= t && t <= purchase.MostDays
}

// Orders returns the interval of row i's purchases within the horizon: whole
// numbers, NaN for a customer without an order or where no model was fitted.
func (b *Base) Orders(i int) (low, high float64) {
	if b.joined != nil {
		return b.joined.of(i).Orders(b.joined.at[i])
	}
	g := b.group[i]
	if g < 0 {
		return missing()
	}
	return b.results[g].low, b.results[g].high
}

// Value returns the interval of what row i brings within the horizon,
// discounted, on margin: money, NaN as in Orders and without a model of spend.
func (b *Base) Value(i int) (low, high float64) {
	if b.joined != nil {
		return b.joined.of(i).Value(b.joined.at[i])
	}
	g := b.group[i]
	if g < 0 || !b.f.hasSpend {
		return missing()
	}
	return b.results[g].valueLow * b.scale[i], b.results[g].valueHigh * b.scale[i]
}

// PITTo writes the forecast probabilities of fewer purchases than row i's actual
// number, and of no more, for the probability integral transform. NaN where
// there is no forecast or actual is.
func (b *Base) PITTo(before, upTo, actual []float64) {
	if b.joined != nil {
		b.joined.pitTo(before, upTo, actual)
		return
	}
	s := newScratch()
	for i, n := range actual {
		g := b.group[i]
		if g < 0 || math.IsNaN(n) {
			before[i], upTo[i] = missing()
			continue
		}
		s.distribute(b, b.keys[g], int(n)+1)
		before[i], upTo[i] = 0, 0
		for _, d := range s.used {
			var sum float64
			for _, p := range d.probability[:int(n)] {
				sum += p
			}
			before[i] += d.weight * sum
			upTo[i] += d.weight * (sum + d.probability[int(n)])
		}
		upTo[i] = min(upTo[i], 1)
	}
}
