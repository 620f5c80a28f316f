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
	rows     []int32   // those that have a group, in the order of these
	starts   []int32   // where in rows those of each group begin, and where the last ones end
	scales   []float64 // those of rows, in their order
	keys     []key     // of the groups, in the order of their kinds, then of t_x, whatever that of the rows
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
	spent := func(int) (int64, float64, bool) { return 0, 0, false }
	if b.f.hasSpend {
		r, err := b.f.spendModel.Reader(src)
		if err != nil {
			return err
		}
		spent = r.At
	}
	profile, err := b.number(src)
	if err != nil {
		return err
	}
	list, err := b.entries(src, profile, spent)
	if err != nil {
		return err
	}
	b.arrange(list, spent)
	b.scales = make([]float64, len(b.rows))
	for place, i := range b.rows {
		b.scales[place] = b.scale[i]
	}
	return nil
}

// number numbers the covariates of the rows, and is -1 where one is missing; nil where
// the model has none.
func (b *Base) number(src *table.Table) ([]int32, error) {
	if b.f.covariates() == 0 {
		b.profiles = [][]purchase.Law{b.f.plain}
		return nil, nil
	}
	columns, err := b.f.orders.Model().Covariates(src)
	if err != nil {
		return nil, fmt.Errorf("interval: %w", err)
	}
	x, list, out := src.Column("x"), newProfiles(b, columns), make([]int32, src.Rows())
	for i := range out {
		out[i] = -1
		if !x.Missing(i) {
			out[i] = list.of(i)
		}
	}
	return out, nil
}

// entry is a row that has a group. Its number has, from the top, x, T, whether spend
// is known, and t_x: each day or purchase is at most purchase.MostDays, which has 20 bits.
type entry struct {
	number  uint64
	profile int32
	row     int32
}

// kind orders entries by what customers of a family share but for the profile, rest
// those of a kind.
func (e entry) kind() uint64 { return e.number >> 20 }
func (e entry) rest() uint64 { return uint64(e.profile)<<20 | e.number&(1<<20-1) }

// entries are the rows that have a group, whose scales it sets; others are in none.
func (b *Base) entries(src *table.Table, profile []int32, spent func(i int) (int64, float64, bool)) ([]entry, error) {
	const chunk = 1 << 14
	x, tx, t := src.Column("x"), src.Column("t_x"), src.Column("T")
	pieces := (len(b.group) + chunk - 1) / chunk
	list, found, errs := make([]entry, len(b.group)), make([]int, pieces), make([]error, pieces)
	stat.Each(b.f.workers, pieces, func(c int) {
		for i := c * chunk; i < min((c+1)*chunk, len(b.group)); i++ {
			b.group[i] = -1
			if x.Missing(i) || tx.Missing(i) || t.Missing(i) || profile != nil && profile[i] < 0 {
				continue
			}
			if !possible(x.Int(i), tx.Int(i), t.Int(i)) {
				errs[c] = fmt.Errorf("interval: row %d: x %d, t_x %d, T %d is no purchase history", i, x.Int(i), tx.Int(i), t.Int(i))
				return
			}
			e := entry{number: uint64(x.Int(i))<<41 | uint64(t.Int(i))<<21 | uint64(tx.Int(i)), row: int32(i)}
			if profile != nil {
				e.profile = profile[i]
			}
			b.scale[i] = b.f.spend.V
			if _, total, ok := spent(i); ok { // the number of purchases is x, or one more for all
				e.number |= 1 << 20
				b.scale[i] += total
			}
			list[c*chunk+found[c]] = e
			found[c]++
		}
	})
	n := 0
	for c := range pieces {
		if errs[c] != nil {
			return nil, errs[c]
		}
		n += copy(list[n:], list[c*chunk:][:found[c]])
	}
	return list[:n], nil
}

// arrange makes the groups of the rows.
func (b *Base) arrange(list []entry, spent func(i int) (int64, float64, bool)) {
	spare := make([]entry, len(list))
	list, spare = stat.SortByUint(b.f.workers, list, spare, entry.rest)
	list, _ = stat.SortByUint(b.f.workers, list, spare, entry.kind)
	other := func(i int) bool {
		return i == 0 || list[i].number != list[i-1].number || list[i].profile != list[i-1].profile
	}
	groups := 0
	for i := range list {
		if other(i) {
			groups++
		}
	}
	b.rows, b.keys, b.starts = make([]int32, len(list)), make([]key, 0, groups), make([]int32, 0, groups+1)
	for i, e := range list {
		if other(i) {
			b.starts = append(b.starts, int32(i))
			const days = 1<<20 - 1
			k := key{x: int32(e.number >> 41), tx: int32(e.number & days), t: int32(e.number >> 21 & days), profile: e.profile}
			if n, _, ok := spent(int(e.row)); ok {
				k.spent = int32(min(n, math.MaxInt32))
			}
			b.keys = append(b.keys, k)
		}
		b.rows[i], b.group[e.row] = e.row, int32(len(b.keys)-1)
	}
	b.starts = append(b.starts, int32(len(list)))
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
