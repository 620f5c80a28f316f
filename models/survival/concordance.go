package survival

import (
	"math"
	"slices"
)

// concordance compares all pairs of customers of whom one is seen to leave
// before the other (Harrell et al. 1982): the share of them in which the one that
// leaves first has the greater rate, equal rates counting half, and its
// infinitesimal jackknife standard error. Of customers of one time, those that
// left did so before those that were still there; two that left are no pair.
func (r *regression) concordance(b []float64) (share, stdErr float64) {
	rank, ranks := r.ranks(b)
	agree, pairs := make([]float64, r.n), make([]float64, r.n) // by row, in both roles
	var allAgree, allPairs float64
	later := newCounts(ranks)
	r.times(true, func(from, to int) {
		later.add(r, rank, from, to, false)
		for i := from; i < to; i++ {
			if r.event[i] {
				below, equal := later.below(rank[i])
				agree[i] += below + equal/2
				pairs[i] += later.total
				allAgree += r.weight[i] * (below + equal/2)
				allPairs += r.weight[i] * later.total
			}
		}
		later.add(r, rank, from, to, true)
	})
	earlier := newCounts(ranks)
	count := func(from, to int, event bool) {
		for i := from; i < to; i++ {
			if r.event[i] == event {
				below, equal := earlier.below(rank[i])
				agree[i] += earlier.total - below - equal/2
				pairs[i] += earlier.total
			}
		}
	}
	r.times(false, func(from, to int) {
		count(from, to, true)
		earlier.add(r, rank, from, to, true)
		count(from, to, false)
	})
	if allPairs == 0 {
		return math.NaN(), math.NaN()
	}
	share = allAgree / allPairs
	var variance float64
	for i := range agree {
		influence := (agree[i] - share*pairs[i]) / allPairs
		variance += r.weight[i] * influence * influence
	}
	return share, math.Sqrt(variance)
}

// ranks numbers the different rates of leaving, the smallest 1.
func (r *regression) ranks(b []float64) (rank []int32, ranks int) {
	lp := make([]float64, r.n)
	for i := range lp {
		for j := range r.p {
			lp[i] += r.z[i*r.p+j] * b[j]
		}
	}
	different := slices.Clone(lp)
	slices.Sort(different)
	different = slices.Compact(different)
	rank = make([]int32, r.n)
	for i, v := range lp {
		k, _ := slices.BinarySearch(different, v)
		rank[i] = int32(k + 1)
	}
	return rank, len(different)
}

// times calls f for the rows [from, to) of each distinct time.
func (r *regression) times(descending bool, f func(from, to int)) {
	if descending {
		for to := r.n; to > 0; {
			from := to - 1
			for from > 0 && r.time[from-1] == r.time[to-1] {
				from--
			}
			f(from, to)
			to = from
		}
		return
	}
	for from := 0; from < r.n; {
		to := from + 1
		for to < r.n && r.time[to] == r.time[from] {
			to++
		}
		f(from, to)
		from = to
	}
}

// counts are weights by rank, as a tree of sums (Fenwick 1994).
type counts struct {
	tree  []float64
	own   []float64
	total float64
}

func newCounts(ranks int) *counts {
	return &counts{tree: make([]float64, ranks+1), own: make([]float64, ranks+1)}
}

// add counts the rows of a range that left, or those that did not.
func (c *counts) add(r *regression, rank []int32, from, to int, event bool) {
	for i := from; i < to; i++ {
		if r.event[i] != event {
			continue
		}
		w := r.weight[i]
		c.total += w
		c.own[rank[i]] += w
		for k := int(rank[i]); k < len(c.tree); k += k & -k {
			c.tree[k] += w
		}
	}
}

// below returns the weights below a rank and at it.
func (c *counts) below(rank int32) (below, equal float64) {
	for k := int(rank) - 1; k > 0; k -= k & -k {
		below += c.tree[k]
	}
	return below, c.own[rank]
}
