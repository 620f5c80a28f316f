package cluster

import (
	"cmp"
	"math"
	"slices"

	"clientele/engine/table"
	"clientele/models/stat"
)

// scale is what makes features comparable: after the logarithm, less the mean, over
// the standard deviation (of n). A feature that does not vary has deviation 0 and
// counts as 0.
type scale struct {
	Mean      []float64 `json:"mean"`
	Deviation []float64 `json:"deviation"`
}

// apply standardises values that are logarithms already.
func (s *scale) apply(x []float64) {
	for k, v := range x {
		if s.Deviation[k] == 0 {
			x[k] = 0
			continue
		}
		x[k] = (v - s.Mean[k]) / s.Deviation[k]
	}
}

// customers are the rows of a fit: those with an order of which everything is known.
type customers struct {
	points
	scale
	rows    []int32 // in the table, by row of points
	missing int     // customers with an order that lack a value
}

// gathered reads the customers of t in an order that depends on their values alone
// and looks like chance: that of a hash. So sums, samples and starts are the same to
// the last bit however the rows of the table lie.
func gathered(t *table.Table, list []feature, workers int) *customers {
	from, orders := sources(list, t), t.Column("orders")
	d, pieces := len(list), (t.Rows()+rowsAtOnce-1)/rowsAtOnce
	type keyed struct {
		hash uint64
		row  int32
	}
	keys := make([]keyed, t.Rows())
	found, missing := make([]int, pieces), make([]int, pieces)
	stat.Each(workers, pieces, func(c int) {
		b := newBatch(from, orders)
		var hashes [batchRows]uint64
		first, end := c*rowsAtOnce, min((c+1)*rowsAtOnce, t.Rows())
		for begin := first; begin < end; begin += batchRows {
			b.read(begin, min(begin+batchRows, end))
			fingerprints(&hashes, b.values)
			for i := range b.values[0] {
				switch {
				case b.whole[i]:
					keys[first+found[c]] = keyed{hashes[i], int32(begin + i)}
					found[c]++
				case b.buyer[i]:
					missing[c]++
				}
			}
		}
	})
	n := 0
	for c := range pieces {
		n += copy(keys[n:], keys[c*rowsAtOnce:][:found[c]])
	}
	keys = keys[:n]
	// Few share the leading bits who do not share all; equal rows may change places, others
	// that share a hash may not.
	lead := func(k keyed) uint64 { return k.hash >> 31 }
	keys, _ = stat.SortByUint(workers, keys, make([]keyed, len(keys)), lead)
	for begin := 0; begin < len(keys); {
		end := begin + 1
		for end < len(keys) && lead(keys[end]) == lead(keys[begin]) {
			end++
		}
		if end-begin > 1 {
			slices.SortStableFunc(keys[begin:end], func(a, b keyed) int {
				if order := cmp.Compare(a.hash, b.hash); order != 0 {
					return order
				}
				for k := range from {
					if order := cmp.Compare(from[k].at(int(a.row)), from[k].at(int(b.row))); order != 0 {
						return order
					}
				}
				return 0
			})
		}
		begin = end
	}
	c := &customers{points: points{n: n, d: d}, rows: make([]int32, n)}
	for _, n := range missing {
		c.missing += n
	}
	// Columns are read from end to end: what is far apart is written, which does not wait.
	place := make([]int32, t.Rows()) // of each row, from 1
	stat.Each(workers, c.pieces(), func(piece int) {
		begin, end := c.piece(piece)
		for i := begin; i < end; i++ {
			c.rows[i], place[keys[i].row] = keys[i].row, int32(i+1)
		}
	})
	keys = nil // their memory is that of the points
	c.x = make([]float64, n*d)
	stat.Each(workers, pieces, func(piece int) {
		b, end := newBatch(from, orders), min((piece+1)*rowsAtOnce, t.Rows())
		for begin := piece * rowsAtOnce; begin < end; begin += batchRows {
			b.read(begin, min(begin+batchRows, end))
			b.scale()
			for i, at := range place[begin:][:len(b.values[0])] {
				if at == 0 {
					continue
				}
				x := c.row(int(at - 1))
				for k := range x {
					x[k] = b.values[k][i]
				}
			}
		}
	})
	c.standardise(workers)
	return c
}

// standardise learns the scale and applies it.
func (c *customers) standardise(workers int) {
	n := float64(max(c.n, 1))
	c.Mean, c.Deviation = make([]float64, c.d), make([]float64, c.d)
	stat.SumTo(c.Mean, workers, c.pieces(), func(piece int, dst []float64) {
		from, to := c.piece(piece)
		for i := from; i < to; i++ {
			for k, v := range c.row(i) {
				dst[k] += v
			}
		}
	})
	for k := range c.Mean {
		c.Mean[k] /= n
	}
	stat.SumTo(c.Deviation, workers, c.pieces(), func(piece int, dst []float64) {
		from, to := c.piece(piece)
		for i := from; i < to; i++ {
			for k, v := range c.row(i) {
				dst[k] += (v - c.Mean[k]) * (v - c.Mean[k])
			}
		}
	})
	for k, sum := range c.Deviation {
		// What rounding makes of equal values is no variation.
		if c.Deviation[k] = math.Sqrt(sum / n); c.Deviation[k] <= 1e-10*(1+math.Abs(c.Mean[k])) {
			c.Deviation[k] = 0
		}
	}
	stat.Each(workers, c.pieces(), func(piece int) {
		from, to := c.piece(piece)
		for i := from; i < to; i++ {
			c.apply(c.row(i))
		}
	})
}

// fingerprints stand for the values of rows: rows of equal values have equal ones.
func fingerprints(dst *[batchRows]uint64, values [][]float64) {
	for i := range dst {
		dst[i] = 14695981039346656037
	}
	for _, column := range values {
		for i, v := range column {
			dst[i] = mixed(dst[i] ^ math.Float64bits(v+0)) // v + 0 turns minus zero into zero
		}
	}
}

// mixed is the finaliser of splitmix64 (Steele, Lea & Flood 2014, "Fast splittable
// pseudorandom number generators").
func mixed(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
