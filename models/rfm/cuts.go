package rfm

import (
	"fmt"
	"math"
	"slices"
)

// Cuts are the four cut points that divide a measure into five scores, ascending:
// days, orders or money. Ties make neighbours equal, and scores empty.
type Cuts [4]float64

// Rule says on which side of a cut point its own value falls, for orders and money.
type Rule string

const (
	// Above: a value scores one more than the number of cut points below it (v > q).
	Above Rule = "above"
	// From: a bin begins at its cut point (low <= v < high), as in the R package rfm.
	From Rule = "from"
)

// score is the score of a number of orders or an amount.
func (c *Cuts) score(v float64, rule Rule) int {
	s := 1
	if rule == From {
		for _, q := range c {
			if v >= q {
				s++
			}
		}
		return s
	}
	for _, q := range c {
		if v > q {
			s++
		}
	}
	return s
}

// scoreRecency is the score of a number of days: that of minus the days under
// Above, whose cut points are -q: -v > -q where v < q. The bins of From are read
// from their other end, which gives the same comparison.
func (c *Cuts) scoreRecency(days float64) int {
	s := 1
	for _, q := range c {
		if days < q {
			s++
		}
	}
	return s
}

func (c *Cuts) validate() error {
	for k, q := range c {
		if math.IsNaN(q) || math.IsInf(q, 0) || k > 0 && q < c[k-1] {
			return fmt.Errorf("cut points %v are not ascending numbers", *c)
		}
	}
	return nil
}

// CutPoints returns the type-7 quantiles (Hyndman and Fan 1996, definition 7:
// R's and numpy's default) of values at 20, 40, 60 and 80 %. There is at least one
// value and none is NaN. With h = (n-1) k/5 the quantile is
// x[floor h] + (h - floor h) (x[floor h + 1] - x[floor h]); h is kept as a whole
// number of fifths, so whole values whose quantile is whole give it exactly, and
// the quantiles of minus the values are minus the quantiles.
func CutPoints(values []float64) Cuts {
	n := len(values)
	var ranks []int
	for k := 1; k <= 4; k++ {
		lo := (n - 1) * k / 5
		ranks = append(ranks, lo, min(lo+1, n-1))
	}
	x := orderStatistics(values, ranks)
	var c Cuts
	for k := range c {
		lo, hi := x[2*k], x[2*k+1]
		c[k] = lo + (hi-lo)*float64((n-1)*(k+1)%5)/5
	}
	return c
}

// orderStatistics returns, for each rank (from 0), the value that would stand
// there if values were sorted. Values are counted by their leading 16 bits, and
// only the buckets that a rank falls in are gathered and sorted: two passes
// over a million values instead of a sort of them.
func orderStatistics(values []float64, ranks []int) []float64 {
	const buckets = 1 << 16
	counts := make([]int, buckets)
	for _, v := range values {
		counts[bucket(v)]++
	}
	// wanted[b] is one more than the index in gathered of bucket b; 0: not wanted.
	wanted := make([]uint8, buckets)
	var gathered [][]float64
	place := make([]struct{ set, index int }, len(ranks))
	below := 0
	for b, n := range counts {
		for r, rank := range ranks {
			if rank < below || rank >= below+n {
				continue
			}
			if wanted[b] == 0 {
				gathered = append(gathered, make([]float64, 0, n))
				wanted[b] = uint8(len(gathered))
			}
			place[r].set, place[r].index = int(wanted[b])-1, rank-below
		}
		below += n
	}
	for _, v := range values {
		if w := wanted[bucket(v)]; w > 0 {
			gathered[w-1] = append(gathered[w-1], v)
		}
	}
	for _, g := range gathered {
		slices.Sort(g)
	}
	out := make([]float64, len(ranks))
	for r, p := range place {
		out[r] = gathered[p.set][p.index]
	}
	return out
}

// bucket is the leading 16 bits of v in an order that agrees with the order of numbers.
func bucket(v float64) uint16 {
	bits := math.Float64bits(v + 0) // v + 0 turns minus zero into zero
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return uint16(bits >> 48)
}

// mean is the sum of values (Neumaier 1974, compensated) over their number, kept
// within their range, so that equal values are never below their own mean.
func mean(values []float64) float64 {
	sum, lost := 0.0, 0.0
	least, most := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		t := sum + v
		if math.Abs(sum) >= math.Abs(v) {
			lost += (sum - t) + v
		} else {
			lost += (v - t) + sum
		}
		sum = t
		least, most = min(least, v), max(most, v)
	}
	return min(max((sum+lost)/float64(len(values)), least), most)
}
