package risk

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"clientele/models/stat"
)

// binned is a sample with each value replaced by the number of its bin. Bin 0
// holds missing values; a number is in bin 1 + how many cuts are below it.
type binned struct {
	rows int
	bins [][]uint8   // by column
	cuts [][]float64 // by column, ascending: the values at which a tree may split
}

// sampled is how many rows the cuts are read from: quantiles of so many are
// known to a fifth of a percent, and sorting more would cost more than trees.
const sampled = 200_000

// newBinned cuts every column into at most most bins (2 to 255), by quantiles
// of the rows, all distinct values apart where there are few enough.
func newBinned(columns [][]float64, most, workers int, seed uint64) *binned {
	b := &binned{bins: make([][]uint8, len(columns)), cuts: make([][]float64, len(columns))}
	if len(columns) > 0 {
		b.rows = len(columns[0])
	}
	var chosen []int
	if b.rows > sampled {
		r := rand.New(rand.NewPCG(seed, 0x62696e73))
		chosen = make([]int, sampled)
		for k := range chosen {
			chosen[k] = r.IntN(b.rows)
		}
		slices.Sort(chosen)
	}
	stat.Each(workers, len(columns), func(j int) {
		b.cuts[j] = cutsOf(columns[j], chosen, most)
		b.bins[j] = make([]uint8, b.rows)
		var padded [256]float64
		for k := range padded {
			padded[k] = math.Inf(1)
		}
		copy(padded[:], b.cuts[j])
		for i, v := range columns[j] {
			if !math.IsNaN(v) {
				b.bins[j][i] = uint8(1 + below(&padded, v))
			}
		}
	})
	return b
}

// below counts the cuts below v, of at most 255 and infinities behind them, in
// eight steps without a branch to guess.
func below(cuts *[256]float64, v float64) int {
	at := 0
	for step := 128; step > 0; step >>= 1 {
		next := at
		if cuts[at+step-1] < v {
			next = at + step
		}
		at = next
	}
	return at
}

// cutsOf returns places between values of the rows chosen (nil: all): between
// all neighbours when there are at most most values, else near the quantiles.
func cutsOf(column []float64, chosen []int, most int) []float64 {
	var values []float64
	if chosen == nil {
		values = slices.Clone(column)
	} else {
		values = make([]float64, len(chosen))
		for k, i := range chosen {
			values[k] = column[i]
		}
	}
	values = slices.DeleteFunc(values, math.IsNaN)
	slices.Sort(values)
	distinct := 0
	for k := range values {
		if k == 0 || values[k] != values[k-1] {
			distinct++
		}
	}
	var cuts []float64
	if distinct <= most {
		for k := 1; k < len(values); k++ {
			if values[k] != values[k-1] {
				cuts = append(cuts, between(values[k-1], values[k]))
			}
		}
		return cuts
	}
	// A value that holds two quantiles gets a cut on either side, so that the many
	// customers with nothing at all are not lumped with those of very little.
	last := math.Inf(-1)
	for q := 1; q < most; q++ {
		v := values[q*len(values)/most]
		at := sort.SearchFloat64s(values, v)
		if v == last {
			at = sort.Search(len(values), func(k int) bool { return values[k] > v })
		}
		last = v
		if at == 0 || at == len(values) {
			continue
		}
		if c := between(values[at-1], values[at]); len(cuts) == 0 || c > cuts[len(cuts)-1] {
			cuts = append(cuts, c)
		}
	}
	return cuts
}

// between returns a number that is at least a and below b > a.
func between(a, b float64) float64 {
	if c := a/2 + b/2; c >= a && c < b {
		return c
	}
	return a
}
