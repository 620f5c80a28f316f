package cluster

import (
	"cmp"
	"math"
	"math/bits"
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
	place   []int32   // of each row of the table among points, from 1; zero: none
	most    []float64 // the greatest size of each column as it is
	missing int       // customers with an order that lack a value
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
	found, missing, most := make([]int, pieces), make([]int, pieces), make([]float64, pieces*d)
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
					for k, values := range b.values {
						most[c*d+k] = max(most[c*d+k], math.Abs(values[i]))
					}
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
	c := &customers{points: points{n: n, d: d}, place: make([]int32, t.Rows()), most: make([]float64, d)}
	for piece, n := range missing {
		c.missing += n
		for k := range c.most {
			c.most[k] = max(c.most[k], most[piece*d+k])
		}
	}
	// Columns are read from end to end: what is far apart is written, which does not wait.
	stat.Each(workers, c.pieces(), func(piece int) {
		begin, end := c.piece(piece)
		for i := begin; i < end; i++ {
			c.place[keys[i].row] = int32(i + 1)
		}
	})
	keys = nil // their memory is that of the points
	c.x = make([]float64, n*d)
	stat.Each(workers, pieces, func(piece int) {
		b, end := newBatch(from, orders), min((piece+1)*rowsAtOnce, t.Rows())
		for begin := piece * rowsAtOnce; begin < end; begin += batchRows {
			b.read(begin, min(begin+batchRows, end))
			b.scale()
			for i, at := range c.place[begin:][:len(b.values[0])] {
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

// sums adds up the columns as they are, by cluster, in the order of the table, which is
// quicker to read than that of the points. It counts whole numbers of a unit that fits the
// greatest value, and of one so much smaller: those add up to the same in any order.
func (c *customers) sums(t *table.Table, list []feature, l labels, workers int) []float64 {
	digits := 62 - bits.Len(uint(c.n))
	small := math.Ldexp(1, digits) // units of the second kind in one of the first
	per := make([]float64, c.d)    // units of the first kind in 1
	for k, most := range c.most {
		_, power := math.Frexp(most)
		per[k] = math.Ldexp(1, digits-max(power, -900))
	}
	pieces, width := (t.Rows()+rowsAtOnce-1)/rowsAtOnce, 2*l.k*c.d
	units := make([]int64, pieces*width)
	stat.Each(workers, pieces, func(piece int) {
		b, end := newBatch(sources(list, t), t.Column("orders")), min((piece+1)*rowsAtOnce, t.Rows())
		dst := units[piece*width : (piece+1)*width]
		for begin := piece * rowsAtOnce; begin < end; begin += batchRows {
			b.read(begin, min(begin+batchRows, end))
			for i, at := range c.place[begin:][:len(b.values[0])] {
				if at == 0 {
					continue
				}
				to := dst[2*c.d*int(l.code[at-1]):]
				for k, values := range b.values {
					v := values[i] * per[k]
					whole := math.Trunc(v)
					to[2*k] += int64(whole)
					to[2*k+1] += int64((v - whole) * small)
				}
			}
		}
	})
	for piece := 1; piece < pieces; piece++ {
		for m := range width {
			units[m] += units[piece*width+m]
		}
	}
	out := make([]float64, l.k*c.d)
	for m := range out {
		out[m] = (float64(units[2*m]) + float64(units[2*m+1])/small) / per[m%c.d]
	}
	return out
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
