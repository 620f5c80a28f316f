package risk

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"clientele/models/stat"
)

// TreeSettings say how trees are boosted. The zero value has the defaults.
type TreeSettings struct {
	Trees     int     `json:"trees"`         // at most; zero: 300
	Depth     int     `json:"depth"`         // questions on a way, at most 15; zero: 4
	Leaves    int     `json:"leaves"`        // of a tree, at most; zero: as many as the depth allows
	Shrinkage float64 `json:"shrinkage"`     // of each tree's leaves, in (0,1]; zero: 0.05
	L2        float64 `json:"l2"`            // added to the sum of second derivatives of a leaf, at least zero
	MinChild  float64 `json:"min_child"`     // sum of second derivatives that a leaf has at least; zero: 5
	MinGain   float64 `json:"min_gain"`      // of log-likelihood that a split brings at least (second order), at least zero
	RowShare  float64 `json:"row_share"`     // of rows that each tree sees, in (0,1]; zero: 1
	Features  float64 `json:"feature_share"` // of columns that each tree sees, in (0,1]; zero: 1
	Bins      int     `json:"bins"`          // of a column, 2 to 255; zero: 255
	Patience  int     `json:"patience"`      // trees without a gain on the later snapshot before boosting stops; zero: 25
	Seed      uint64  `json:"seed"`          // of the rows and columns that trees see
	Workers   int     `json:"-"`             // goroutines; zero: one for each processor. Results do not depend on it
}

func (s TreeSettings) defaults() (TreeSettings, error) {
	set := func(v *float64, standard float64) {
		if *v == 0 {
			*v = standard
		}
	}
	setInt := func(v *int, standard int) {
		if *v == 0 {
			*v = standard
		}
	}
	setInt(&s.Trees, 300)
	setInt(&s.Depth, 4)
	setInt(&s.Bins, 255)
	setInt(&s.Patience, 25)
	setInt(&s.Leaves, 1<<min(s.Depth, 15))
	set(&s.Shrinkage, 0.05)
	set(&s.MinChild, 5)
	set(&s.RowShare, 1)
	set(&s.Features, 1)
	share := func(v float64) bool { return v > 0 && v <= 1 }
	switch {
	case s.Trees < 0 || s.Patience < 0 || s.Depth < 1 || s.Depth > 15 || s.Leaves < 2:
		return s, fmt.Errorf("trees: %d trees of depth %d and %d leaves, patience %d", s.Trees, s.Depth, s.Leaves, s.Patience)
	case s.Bins < 2 || s.Bins > 255:
		return s, fmt.Errorf("trees: %d bins are not 2 to 255", s.Bins)
	case !share(s.Shrinkage) || !share(s.RowShare) || !share(s.Features):
		return s, fmt.Errorf("trees: shrinkage %v, row share %v or feature share %v not in (0,1]", s.Shrinkage, s.RowShare, s.Features)
	case !(s.L2 >= 0) || !(s.MinChild > 0) || !(s.MinGain >= 0):
		return s, fmt.Errorf("trees: l2 %v, min_child %v or min_gain %v out of range", s.L2, s.MinChild, s.MinGain)
	}
	return s, nil
}

// FitTrees boosts trees on the log loss by second-order steps (Friedman 2001;
// Chen & Guestrin 2016, equations 5 to 7), over histograms of at most 255 bins.
// later is a snapshot of a later day, whose loss says when to stop: the trees up
// to its least loss are kept; nil keeps all. Never give rows of the same day: one
// customer is in several snapshots. NaN in a column is a missing value and goes
// left. It returns ErrOneOutcome, ctx's error, or one that names what cannot be.
func FitTrees(ctx context.Context, s, later *Sample, set TreeSettings) (*Trees, error) {
	set, err := set.defaults()
	if err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	base, err := nullIntercept(s, set.Workers)
	if err != nil {
		return nil, err
	}
	b := newBooster(s, set, base)
	t := &Trees{Base: base, Columns: len(s.Columns)}
	watch := newWatch(later, base)
	for n := range set.Trees {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		tree, ok := b.grow(n)
		if !ok {
			break
		}
		t.Trees = append(t.Trees, tree)
		if watch.enough(&t.Trees[n], n, set) {
			break
		}
	}
	if later != nil {
		t.Trees = slices.Clip(t.Trees[:watch.best])
	}
	return t, nil
}

// watch follows the loss on a later snapshot.
type watch struct {
	later  *Sample
	margin []float64
	least  float64
	best   int // trees up to the least loss
}

func newWatch(later *Sample, base float64) *watch {
	w := &watch{later: later}
	if later == nil {
		return w
	}
	w.margin = make([]float64, len(later.Events))
	for i := range w.margin {
		w.margin[i] = base + later.offset(i)
	}
	w.least = w.loss(0)
	return w
}

// enough adds tree n and reports whether the loss has not fallen for Patience trees.
func (w *watch) enough(t *Tree, n int, set TreeSettings) bool {
	if w.later == nil {
		return false
	}
	stat.Each(set.Workers, pieces(len(w.margin)), func(c int) {
		t.addTo(w.margin[c*rowsAtOnce:min((c+1)*rowsAtOnce, len(w.margin))], w.later.Columns, c*rowsAtOnce)
	})
	if loss := w.loss(set.Workers); loss < w.least {
		w.least, w.best = loss, n+1
	}
	return n+1-w.best >= set.Patience
}

func (w *watch) loss(workers int) float64 {
	total := []float64{0}
	stat.SumTo(total, workers, pieces(len(w.margin)), func(c int, dst []float64) {
		for i := c * rowsAtOnce; i < min((c+1)*rowsAtOnce, len(w.margin)); i++ {
			dst[0] += w.later.weight(i) * softplus((1-2*w.later.Events[i])*w.margin[i])
		}
	})
	return total[0]
}

// slope is the first and the second derivative of the loss at one row.
type slope struct{ first, second float64 }

func (a *slope) add(b slope) {
	a.first += b.first
	a.second += b.second
}

func (a slope) minus(b slope) slope { return slope{a.first - b.first, a.second - b.second} }

// worth is twice the gain of log-likelihood of a leaf at its best value.
func (a slope) worth(l2 float64) float64 {
	if a.second+l2 <= 0 {
		return 0
	}
	return a.first * a.first / (a.second + l2)
}

const binsOfHistogram = 256

// histogram is the slopes of a leaf's rows by column and bin.
type histogram []slope

func (h histogram) column(j int) []slope { return h[j*binsOfHistogram : (j+1)*binsOfHistogram] }

// booster holds what the trees share. Histograms are made column by column, each
// in the order of the rows, so that no sum depends on the number of workers.
type booster struct {
	sample *Sample
	set    TreeSettings
	data   *binned
	margin []float64
	slopes []slope // by row
	order  []int32 // rows, those of one leaf together
	spare  []int32 // for partitions
	nearby []slope // slopes in the order of a leaf's rows
	in     []int   // columns that the tree sees
	heap   []histogram
}

func newBooster(s *Sample, set TreeSettings, base float64) *booster {
	b := &booster{sample: s, set: set, data: newBinned(s.Columns, set.Bins, set.Workers, set.Seed)}
	n := len(s.Events)
	b.margin, b.slopes, b.nearby = make([]float64, n), make([]slope, n), make([]slope, n)
	b.order, b.spare = make([]int32, n), make([]int32, n)
	for i := range b.margin {
		b.margin[i] = base + s.offset(i)
	}
	return b
}

// leafOf is a leaf that may still be split.
type leafOf struct {
	node     int32
	depth    int
	from, to int // its rows in order
	total    slope
	cover    float64
	hist     histogram
	best     split
}

// split is a question and what it brings; gain 0 is no split.
type split struct {
	gain   float64
	column int
	bin    uint8 // rows in this bin or below go left
	left   slope
}

// grow makes tree n, leaf by leaf, the best first, and adds it to the margins;
// ok is false where no split is worth having, with all rows and columns in view.
func (b *booster) grow(n int) (Tree, bool) {
	r := rand.New(rand.NewPCG(b.set.Seed, uint64(n)+1))
	b.chooseColumns(r)
	rows := b.chooseRows(r)
	t := Tree{}
	b.setSlopes()
	root := &leafOf{node: t.add(), to: rows}
	root.hist = b.take()
	b.fill(root)
	for _, v := range b.nearby[:rows] {
		root.total.add(v)
	}
	root.cover = b.cover(b.order[:rows])
	t.Cover[0] = root.cover
	b.search(root)
	leaves := []*leafOf{root}
	for len(leaves) < b.set.Leaves {
		k := bestOf(leaves)
		if k < 0 {
			break
		}
		left, right := b.divide(&t, leaves[k])
		leaves[k] = left
		leaves = append(leaves, right)
	}
	for _, l := range leaves {
		if l.hist != nil {
			b.heap = append(b.heap, l.hist)
		}
	}
	if len(leaves) == 1 { // worth nothing; the next tree may see other rows or columns
		return t, b.set.RowShare < 1 || b.set.Features < 1
	}
	for _, l := range leaves {
		t.Value[l.node] = -b.set.Shrinkage * l.total.first / (l.total.second + b.set.L2)
	}
	b.advance(&t, leaves, rows)
	return t, true
}

// bestOf returns the leaf whose split gains most, the first of equals; -1 for none.
func bestOf(leaves []*leafOf) int {
	best := -1
	for k, l := range leaves {
		if l.best.gain > 0 && (best < 0 || l.best.gain > leaves[best].best.gain) {
			best = k
		}
	}
	return best
}

func (b *booster) chooseColumns(r *rand.Rand) {
	all := len(b.sample.Columns)
	b.in = b.in[:0]
	if b.set.Features == 1 {
		for j := range all {
			b.in = append(b.in, j)
		}
		return
	}
	b.in = append(b.in, r.Perm(all)[:max(1, int(math.Round(b.set.Features*float64(all))))]...)
	slices.Sort(b.in)
}

// chooseRows puts the rows that the tree sees into order and returns how many;
// the others follow.
func (b *booster) chooseRows(r *rand.Rand) int {
	if b.set.RowShare == 1 {
		for i := range b.order {
			b.order[i] = int32(i)
		}
		return len(b.order)
	}
	in, out := 0, len(b.order)
	for i := range b.order {
		if r.Float64() < b.set.RowShare {
			b.order[in] = int32(i)
			in++
		} else {
			out--
			b.order[out] = int32(i)
		}
	}
	return in
}

// setSlopes writes the derivatives of the log loss at every row.
func (b *booster) setSlopes() {
	stat.Each(b.set.Workers, pieces(len(b.margin)), func(c int) {
		for i := c * rowsAtOnce; i < min((c+1)*rowsAtOnce, len(b.margin)); i++ {
			p, w := Probability(b.margin[i]), b.sample.weight(i)
			b.slopes[i] = slope{w * (p - b.sample.Events[i]), w * p * (1 - p)}
		}
	})
}

// take returns an empty histogram.
func (b *booster) take() histogram {
	if n := len(b.heap); n > 0 {
		h := b.heap[n-1]
		b.heap = b.heap[:n-1]
		clear(h)
		return h
	}
	return make(histogram, len(b.sample.Columns)*binsOfHistogram)
}

// fill adds up a leaf's slopes by column and bin. A block of rows is taken for
// all columns of a worker before the next, while its slopes are near.
func (b *booster) fill(l *leafOf) {
	rows := b.order[l.from:l.to]
	near := b.nearby[:len(rows)]
	stat.Each(b.set.Workers, pieces(len(rows)), func(c int) {
		for k := c * rowsAtOnce; k < min((c+1)*rowsAtOnce, len(rows)); k++ {
			near[k] = b.slopes[rows[k]]
		}
	})
	const group = 2 // columns that one piece of work has
	stat.Each(b.set.Workers, (len(b.in)+group-1)/group, func(c int) {
		columns := b.in[c*group : min((c+1)*group, len(b.in))]
		for from := 0; from < len(rows); from += rowsAtOnce {
			to := min(from+rowsAtOnce, len(rows))
			for _, j := range columns {
				addBins((*[binsOfHistogram]slope)(l.hist.column(j)), b.data.bins[j], rows[from:to], near[from:to])
			}
		}
	})
}

func addBins(h *[binsOfHistogram]slope, bins []uint8, rows []int32, slopes []slope) {
	slopes = slopes[:len(rows)]
	for k, i := range rows {
		cell := &h[bins[i]]
		cell.first += slopes[k].first
		cell.second += slopes[k].second
	}
}

// search finds the best split of a leaf: of all columns the one that gains
// most, the first of equals.
func (b *booster) search(l *leafOf) {
	l.best = split{}
	if l.depth == b.set.Depth || l.to-l.from < 2 {
		return
	}
	for _, j := range b.in {
		if s := b.searchColumn(l, j); s.gain > l.best.gain {
			l.best = s
		}
	}
}

func (b *booster) searchColumn(l *leafOf, j int) split {
	best := split{column: j}
	whole := l.total.worth(b.set.L2)
	var left slope
	h := l.hist.column(j)
	for bin := range len(b.data.cuts[j]) + 1 {
		left.add(h[bin])
		right := l.total.minus(left)
		if left.second < b.set.MinChild {
			continue
		}
		if right.second < b.set.MinChild {
			break
		}
		gain := (left.worth(b.set.L2)+right.worth(b.set.L2)-whole)/2 - b.set.MinGain
		// Rounding must not make a split of nothing.
		if gain > best.gain && gain > 1e-12*(1+whole) {
			best.gain, best.bin, best.left = gain, uint8(bin), left
		}
	}
	return best
}

// divide makes the best split of a leaf: its rows, its node and the histograms
// of the two children, of which the larger's is the difference.
func (b *booster) divide(t *Tree, l *leafOf) (left, right *leafOf) {
	s := l.best
	bins := b.data.bins[s.column]
	// Both places are written and one counter moves: which side a row takes is
	// nothing that a processor could guess.
	rows, n, m := b.order[l.from:l.to], 0, 0
	for _, i := range rows {
		rows[n], b.spare[m] = i, i
		left := 0
		if bins[i] <= s.bin {
			left = 1
		}
		n += left
		m += 1 - left
	}
	cover := b.cover(rows[:n])
	copy(rows[n:], b.spare[:m])
	left = &leafOf{node: t.add(), depth: l.depth + 1, from: l.from, to: l.from + n, total: s.left, cover: cover}
	right = &leafOf{node: t.add(), depth: l.depth + 1, from: l.from + n, to: l.to, total: l.total.minus(s.left), cover: l.cover - cover}
	t.Feature[l.node], t.Threshold[l.node] = int32(s.column), b.threshold(s)
	t.Left[l.node], t.Right[l.node] = left.node, right.node
	t.Cover[left.node], t.Cover[right.node] = left.cover, right.cover
	b.share(l, left, right)
	return left, right
}

// cover is the weight of rows.
func (b *booster) cover(rows []int32) float64 {
	if b.sample.Weights == nil {
		return float64(len(rows))
	}
	var total float64
	for _, i := range rows {
		total += b.sample.Weights[i]
	}
	return total
}

// threshold is the cut above the split's bin; a split after bin 0 has missing
// values on the left and every number on the right.
func (b *booster) threshold(s split) float64 {
	if s.bin == 0 {
		return -math.MaxFloat64
	}
	return b.data.cuts[s.column][s.bin-1]
}

// share gives the children their histograms, unless they are at the last depth.
func (b *booster) share(l, left, right *leafOf) {
	parent := l.hist
	l.hist = nil
	if left.depth == b.set.Depth {
		b.heap = append(b.heap, parent)
		return
	}
	small, large := left, right
	if right.to-right.from < left.to-left.from {
		small, large = right, left
	}
	small.hist = b.take()
	b.fill(small)
	for _, j := range b.in {
		from, less := parent.column(j), small.hist.column(j)
		for k := range less {
			from[k] = from[k].minus(less[k])
		}
	}
	large.hist = parent
	b.search(left)
	b.search(right)
}

// advance adds the tree to the margins: rows that it saw are sorted by leaf,
// the others walk down.
func (b *booster) advance(t *Tree, leaves []*leafOf, seen int) {
	stat.Each(b.set.Workers, len(leaves), func(k int) {
		l := leaves[k]
		for _, i := range b.order[l.from:l.to] {
			b.margin[i] += t.Value[l.node]
		}
	})
	rest := b.order[seen:]
	stat.Each(b.set.Workers, pieces(len(rest)), func(c int) {
		for _, i := range rest[c*rowsAtOnce : min((c+1)*rowsAtOnce, len(rest))] {
			b.margin[i] += t.Value[t.leaf(b.sample.Columns, int(i))]
		}
	})
}

// add appends a leaf.
func (t *Tree) add() int32 {
	t.Feature, t.Threshold = append(t.Feature, -1), append(t.Threshold, 0)
	t.Left, t.Right = append(t.Left, 0), append(t.Right, 0)
	t.Value, t.Cover = append(t.Value, 0), append(t.Cover, 0)
	return int32(len(t.Feature) - 1)
}
