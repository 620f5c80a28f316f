package purchase

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"clientele/engine/table"
	"clientele/models/stat"
)

// Histories are the distinct (x, t_x, T) of a base, in days, each with how
// many customers have it; ascending by x, t_x, T, whatever the order of the
// rows they came from. With covariates they are the histories of each distinct
// row of covariates, one after the other. Users read them and write nothing.
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

	profiles []profile // nil without covariates
}

// profile is a distinct row of covariates: those of buying, then those of churn.
type profile struct {
	z []float64
	h *Histories // a view of a range of the whole
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
	x, tx, t := r.x.Int(i), r.tx.Int(i), r.t.Int(i)
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
	return newHistories(in, weights, nil)
}

// newHistories also groups by the covariates' columns; rows with one of them
// missing are left out.
func newHistories(in *table.Table, weights []float64, covariates [][]float64) (*Histories, error) {
	if weights != nil && len(weights) != in.Rows() {
		panic(fmt.Sprintf("purchase: %d weights for %d rows", len(weights), in.Rows()))
	}
	var gaps []float64
	if c := in.Lookup("log_gaps"); c != nil && c.Kind == table.Float {
		gaps = c.Floats
	}
	r := newReader(in)
	g := newGrouping(in.Rows(), weights != nil, covariates)
	var logGaps float64
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
		if !ok || w == 0 || !g.add(i, h, w) {
			continue
		}
		if gaps != nil && h.X > 0 {
			logGaps += w * gaps[i]
		}
	}
	out := g.group()
	if gaps != nil {
		out.LogGaps = logGaps
	}
	return out, nil
}

// Group is NewHistories for histories at hand. Its LogGaps is NaN.
func Group(rows []History, weights []float64) (*Histories, error) {
	if weights != nil && len(weights) != len(rows) {
		return nil, errors.New("purchase: weights and histories differ in number")
	}
	g := newGrouping(len(rows), weights != nil, nil)
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
			g.add(i, h, w)
		}
	}
	return g.group(), nil
}

// grouping sorts histories. Without weights and covariates it sorts plain
// integers, which is what a million customers are.
type grouping struct {
	keys     []uint64
	weighted []weighted // where there are weights or covariates
	plain    bool

	covariates [][]float64
	profiles   map[string]int // by the bytes of z
	z          [][]float64
	bytes      []byte
}

type weighted struct {
	profile int
	key     uint64
	weight  float64
}

func newGrouping(n int, weights bool, covariates [][]float64) *grouping {
	g := &grouping{plain: !weights && len(covariates) == 0, covariates: covariates}
	if g.plain {
		g.keys = make([]uint64, 0, n)
		return g
	}
	g.weighted = make([]weighted, 0, n)
	g.profiles = map[string]int{}
	return g
}

// add takes row i, but for one whose covariates are not all known.
func (g *grouping) add(i int, h History, w float64) bool {
	key := uint64(h.X)<<40 | uint64(h.Tx)<<20 | uint64(h.T)
	if g.plain {
		g.keys = append(g.keys, key)
		return true
	}
	profile, ok := g.profile(i)
	if ok {
		g.weighted = append(g.weighted, weighted{profile, key, w})
	}
	return ok
}

// profile numbers the distinct rows of covariates as they come.
func (g *grouping) profile(i int) (number int, ok bool) {
	g.bytes = g.bytes[:0]
	for _, c := range g.covariates {
		v := c[i] + 0 // -0 is 0
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, false
		}
		g.bytes = binary.LittleEndian.AppendUint64(g.bytes, math.Float64bits(v))
	}
	if number, ok = g.profiles[string(g.bytes)]; ok {
		return number, true
	}
	z := make([]float64, len(g.covariates))
	for k, c := range g.covariates {
		z[k] = c[i] + 0
	}
	g.z = append(g.z, z)
	g.profiles[string(g.bytes)] = len(g.z) - 1
	return len(g.z) - 1, true
}

func (g *grouping) group() *Histories {
	var h *Histories
	if g.plain {
		h = g.counted()
	} else {
		h = g.summed()
	}
	h.LogGaps = math.NaN()
	return h
}

func (g *grouping) summed() *Histories {
	rank := g.ranks()
	// By weight too, so that the sums do not depend on the order of the rows.
	slices.SortFunc(g.weighted, func(a, b weighted) int {
		return cmp.Or(cmp.Compare(rank[a.profile], rank[b.profile]), cmp.Compare(a.key, b.key), cmp.Compare(a.weight, b.weight))
	})
	h := grown(len(g.weighted))
	var starts []int // of the profiles
	for from := 0; from < len(g.weighted); {
		first, to := g.weighted[from], from
		if from == 0 || first.profile != g.weighted[from-1].profile {
			starts = append(starts, len(h.X))
		}
		var sum float64
		for ; to < len(g.weighted) && g.weighted[to].profile == first.profile && g.weighted[to].key == first.key; to++ {
			sum += g.weighted[to].weight
		}
		h.add(first.key, sum)
		from = to
	}
	h.Rows = len(g.weighted)
	if len(g.covariates) == 0 {
		h.divide()
		return h
	}
	order := make([][]float64, len(g.z))
	for i, z := range g.z {
		order[rank[i]] = z
	}
	h.partition(order, starts)
	return h
}

// ranks returns the place of each profile in the order of their values, which
// does not depend on the order of the rows.
func (g *grouping) ranks() []int {
	order := make([]int, len(g.z))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return slices.Compare(g.z[a], g.z[b]) })
	rank := make([]int, len(order))
	for place, i := range order {
		rank[i] = place
	}
	return rank
}

// partition makes the profiles: histories from starts[k] on have covariates z[k].
func (h *Histories) partition(z [][]float64, starts []int) {
	h.profiles = make([]profile, 0, len(z))
	for k, from := range starts {
		to := len(h.X)
		if k+1 < len(starts) {
			to = starts[k+1]
		}
		part := h.view(from, to)
		for _, u := range part.Units {
			h.Units = append(h.Units, Unit{from + u.From, from + u.To})
		}
		h.profiles = append(h.profiles, profile{z[k], part})
	}
}

// view returns histories from..to-1, sharing memory.
func (h *Histories) view(from, to int) *Histories {
	v := &Histories{X: h.X[from:to:to], Tx: h.Tx[from:to:to], T: h.T[from:to:to], Count: h.Count[from:to:to], LogGaps: math.NaN()}
	for i, c := range v.Count {
		v.tally(v.X[i], v.T[i], c)
	}
	v.divide()
	return v
}

func (g *grouping) counted() *Histories {
	g.keys, _ = stat.SortByUint(1, g.keys, make([]uint64, len(g.keys)), func(key uint64) uint64 { return key })
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
	most := 0
	for _, u := range h.Units {
		most = max(most, int(h.X[u.From]))
	}
	return most
}

// Longest returns the greatest T, in days.
func (h *Histories) Longest() int {
	var most int32
	for _, t := range h.T {
		most = max(most, t)
	}
	return int(most)
}

// thin returns about n of the histories, evenly spread over each profile, to
// find a start on; h itself where that would save little.
func (h *Histories) thin(n int) *Histories {
	if len(h.X) <= 2*n {
		return h
	}
	part := grown(n)
	part.LogGaps = math.NaN()
	if h.profiles == nil {
		h.pick(part, n, 0, len(h.X))
		part.divide()
		return part
	}
	var starts []int
	var z [][]float64
	from, share := 0, 0.0
	for _, p := range h.profiles {
		to := from + p.h.Len()
		share += float64(n) * float64(p.h.Len()) / float64(len(h.X))
		if take := int(share) - len(part.X); take > 0 {
			starts, z = append(starts, len(part.X)), append(z, p.z)
			h.pick(part, take, from, to)
		}
		from = to
	}
	part.partition(z, starts)
	return part
}

// pick adds n of the histories from..to-1 to part.
func (h *Histories) pick(part *Histories, n, from, to int) {
	for k := range n {
		i := from + k*(to-from)/n
		part.X, part.Tx, part.T, part.Count = append(part.X, h.X[i]), append(part.Tx, h.Tx[i]), append(part.T, h.T[i]), append(part.Count, h.Count[i])
		part.tally(h.X[i], h.T[i], h.Count[i])
	}
}

// Reweighted returns the same histories with other counts, of h's length, 0 or
// more. It shares h's memory and keeps counts. LogGaps is NaN: which customers
// had which gaps is not known any more.
func (h *Histories) Reweighted(counts []float64) *Histories {
	if len(counts) != len(h.X) {
		panic(fmt.Sprintf("purchase: %d counts for %d histories", len(counts), len(h.X)))
	}
	r := &Histories{X: h.X, Tx: h.Tx, T: h.T, Count: counts, Units: h.Units, Rows: h.Rows, LogGaps: math.NaN()}
	for i, c := range counts {
		r.tally(h.X[i], h.T[i], c)
	}
	from := 0
	for _, p := range h.profiles {
		to := from + p.h.Len()
		v := *p.h
		v.Count = counts[from:to:to]
		v.Customers, v.Repeaters, v.Purchases, v.Exposure = 0, 0, 0, 0
		for i, c := range v.Count {
			v.tally(v.X[i], v.T[i], c)
		}
		r.profiles = append(r.profiles, profile{p.z, &v})
		from = to
	}
	return r
}

// Resampled returns one draw of the weighted bootstrap: the count of each
// history is Poisson with its count as mean, which is drawing customers with
// replacement but for their number. The same seed is the same draw.
func (h *Histories) Resampled(seed uint64) *Histories {
	draw := distuv.Poisson{Src: rand.NewPCG(seed, 0x5eed)}
	counts := make([]float64, len(h.Count))
	for i, c := range h.Count {
		if c > 0 {
			draw.Lambda = c
			counts[i] = draw.Rand()
		}
	}
	return h.Reweighted(counts)
}
