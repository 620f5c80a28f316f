package purchase

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"clientele/engine/table"
)

// Histories are the distinct (x, t_x, T) of a base, in days, each with how
// many customers have it; ascending by x, t_x, T, whatever the order of the
// rows they came from. Users read them and write nothing.
type Histories struct {
	X, Tx, T []int32
	Count    []float64 // customers, or the sum of their weights
	Units    []Unit

	Rows      int     // customers with an order and a weight above zero
	Customers float64 // sum of Count
	Repeaters float64 // of those with x above zero
	Purchases float64 // sum of Count x
	Exposure  float64 // sum of Count T, weeks
	// LogGaps is the sum over customers of the logs of the gaps between their
	// purchase days, in weeks; NaN where nobody told. It is what the likelihoods
	// of families with different clocks differ by, and depends on no parameter.
	LogGaps float64
}

// Unit is a range of histories of one x: the piece of work whose sums are
// added in order, and whose members share what depends on x.
type Unit struct{ From, To int }

// unitSize bounds the histories of a unit, so that the work divides.
const unitSize = 1 << 13

// Histories are packed in 64 bits to be sorted: 24 for x, 20 for each time.
const (
	mostPurchases = 1<<24 - 1
	MostDays      = 1<<20 - 1 // the longest time a History may have
)

// possible reports whether the numbers are a purchase history.
func possible(x, tx, t int64) bool {
	// x later purchase days need as many days, and one at least where x is not zero.
	return x >= 0 && x <= tx && x <= mostPurchases && (x == 0) == (tx == 0) && tx <= t && t <= MostDays
}

// reader reads columns x, t_x and T.
type reader struct{ x, tx, t *table.Column }

func newReader(in *table.Table) reader {
	return reader{in.Column("x"), in.Column("t_x"), in.Column("T")}
}

// at reads one row: ok is false for a customer without an order.
func (r reader) at(i int) (h History, ok bool, err error) {
	if r.x.Missing(i) || r.tx.Missing(i) || r.t.Missing(i) {
		return h, false, nil
	}
	x, tx, t := r.x.Ints[i], r.tx.Ints[i], r.t.Ints[i]
	if !possible(x, tx, t) {
		return h, false, impossible(i, x, tx, t)
	}
	return History{int(x), int(tx), int(t)}, true, nil
}

func impossible(i int, x, tx, t int64) error {
	return fmt.Errorf("row %d: x %d, t_x %d, T %d is no purchase history", i, x, tx, t)
}

// NewHistories groups the rows of the Int columns x, t_x and T (days); a row
// with one of them missing is a customer without an order. weights, of as many
// rows, says how often each customer counts, 0 or more; nil: once. The Float
// column log_gaps is read where there is one: the sum of the logs of the
// customer's gaps between purchase days, in weeks.
func NewHistories(in *table.Table, weights []float64) (*Histories, error) {
	if weights != nil && len(weights) != in.Rows() {
		panic(fmt.Sprintf("purchase: %d weights for %d rows", len(weights), in.Rows()))
	}
	var gaps []float64
	if c := in.Lookup("log_gaps"); c != nil && c.Kind == table.Float {
		gaps = c.Floats
	}
	r := newReader(in)
	var g grouping
	g.reserve(in.Rows(), weights != nil)
	for i := range in.Rows() {
		h, ok, err := r.at(i)
		if err != nil {
			return nil, err
		}
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		if !(w >= 0) || math.IsInf(w, 1) {
			return nil, fmt.Errorf("row %d: weight %v", i, w)
		}
		if !ok || w == 0 {
			continue
		}
		g.add(h, w)
		if gaps != nil && h.X > 0 {
			g.gaps += w * gaps[i]
		}
	}
	out := g.group()
	out.LogGaps = math.NaN()
	if gaps != nil {
		out.LogGaps = g.gaps
	}
	return out, nil
}

// Group is NewHistories for histories at hand. Its LogGaps is NaN.
func Group(rows []History, weights []float64) (*Histories, error) {
	if weights != nil && len(weights) != len(rows) {
		return nil, errors.New("purchase: weights and histories differ in number")
	}
	var g grouping
	g.reserve(len(rows), weights != nil)
	for i, h := range rows {
		if !possible(int64(h.X), int64(h.Tx), int64(h.T)) {
			return nil, impossible(i, int64(h.X), int64(h.Tx), int64(h.T))
		}
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		if !(w >= 0) || math.IsInf(w, 1) {
			return nil, fmt.Errorf("row %d: weight %v", i, w)
		}
		if w > 0 {
			g.add(h, w)
		}
	}
	out := g.group()
	out.LogGaps = math.NaN()
	return out, nil
}

// grouping sorts histories. Without weights it sorts plain integers, which is
// what a million customers are.
type grouping struct {
	keys     []uint64
	weighted []weighted
	weights  bool
	gaps     float64
}

type weighted struct {
	key    uint64
	weight float64
}

func (g *grouping) reserve(n int, weights bool) {
	if g.weights = weights; weights {
		g.weighted = make([]weighted, 0, n)
		return
	}
	g.keys = make([]uint64, 0, n)
}

func (g *grouping) add(h History, w float64) {
	key := uint64(h.X)<<40 | uint64(h.Tx)<<20 | uint64(h.T)
	if g.weights {
		g.weighted = append(g.weighted, weighted{key, w})
		return
	}
	g.keys = append(g.keys, key)
}

func (g *grouping) group() *Histories {
	if !g.weights {
		return g.counted()
	}
	// By weight too, so that the sums do not depend on the order of the rows.
	slices.SortFunc(g.weighted, func(a, b weighted) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.weight, b.weight))
	})
	h := grown(len(g.weighted))
	for from := 0; from < len(g.weighted); {
		var sum float64
		key, to := g.weighted[from].key, from
		for ; to < len(g.weighted) && g.weighted[to].key == key; to++ {
			sum += g.weighted[to].weight
		}
		h.add(key, sum)
		from = to
	}
	h.Rows = len(g.weighted)
	h.divide()
	return h
}

func (g *grouping) counted() *Histories {
	slices.Sort(g.keys)
	h := grown(distinct(g.keys))
	for from := 0; from < len(g.keys); {
		to := from + 1
		for to < len(g.keys) && g.keys[to] == g.keys[from] {
			to++
		}
		h.add(g.keys[from], float64(to-from))
		from = to
	}
	h.Rows = len(g.keys)
	h.divide()
	return h
}

func distinct(sorted []uint64) (n int) {
	for i := range sorted {
		if i == 0 || sorted[i] != sorted[i-1] {
			n++
		}
	}
	return n
}

// grown returns empty histories with room for n.
func grown(n int) *Histories {
	return &Histories{X: make([]int32, 0, n), Tx: make([]int32, 0, n), T: make([]int32, 0, n), Count: make([]float64, 0, n)}
}

func (h *Histories) add(key uint64, count float64) {
	x, tx, t := int32(key>>40), int32(key>>20&MostDays), int32(key&MostDays)
	h.X, h.Tx, h.T, h.Count = append(h.X, x), append(h.Tx, tx), append(h.T, t), append(h.Count, count)
	h.tally(x, t, count)
}

func (h *Histories) tally(x, t int32, count float64) {
	h.Customers += count
	h.Purchases += count * float64(x)
	h.Exposure += count * float64(t) * Week
	if x > 0 {
		h.Repeaters += count
	}
}

func (h *Histories) divide() {
	for from := 0; from < len(h.X); {
		to := from + 1
		for to < len(h.X) && to-from < unitSize && h.X[to] == h.X[from] {
			to++
		}
		h.Units = append(h.Units, Unit{from, to})
		from = to
	}
}

// Len is the number of distinct histories.
func (h *Histories) Len() int { return len(h.X) }

// At returns distinct history i.
func (h *Histories) At(i int) History { return History{int(h.X[i]), int(h.Tx[i]), int(h.T[i])} }

// MostX returns the greatest x; zero where there are no histories.
func (h *Histories) MostX() int {
	if len(h.X) == 0 {
		return 0
	}
	return int(h.X[len(h.X)-1])
}

// Longest returns the greatest T, in days.
func (h *Histories) Longest() int {
	var most int32
	for _, t := range h.T {
		most = max(most, t)
	}
	return int(most)
}

// Thin returns about n of the histories, evenly spread, to find a start on; h
// itself where that would save little.
func (h *Histories) Thin(n int) *Histories {
	if len(h.X) <= 2*n {
		return h
	}
	part := grown(n)
	part.LogGaps = math.NaN()
	for k := range n {
		i := k * len(h.X) / n
		part.X, part.Tx, part.T, part.Count = append(part.X, h.X[i]), append(part.Tx, h.Tx[i]), append(part.T, h.T[i]), append(part.Count, h.Count[i])
		part.tally(h.X[i], h.T[i], h.Count[i])
	}
	part.divide()
	return part
}

// Reweighted returns the same histories with other counts, of h's length, 0 or
// more: one draw of a weighted bootstrap, say. It shares h's memory. LogGaps is
// NaN: which customers had which gaps is not kept.
func (h *Histories) Reweighted(counts []float64) *Histories {
	if len(counts) != len(h.X) {
		panic(fmt.Sprintf("purchase: %d counts for %d histories", len(counts), len(h.X)))
	}
	r := &Histories{X: h.X, Tx: h.Tx, T: h.T, Count: counts, Units: h.Units, Rows: h.Rows, LogGaps: math.NaN()}
	for i, c := range counts {
		r.tally(h.X[i], h.T[i], c)
	}
	return r
}
