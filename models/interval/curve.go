package interval

import "math"

// curve is the inverse of a distribution function of ln w that many customers share:
// it is interpolated between places that do not depend on which customers there are, so
// a customer's quantile is the same whoever else is asked for. Places are added as
// they are needed.
type curve struct {
	of    func(w float64) float64
	start float64   // ln of about the median
	up    []float64 // below at start + reach(k)
	down  []float64 // below at start - reach(k)
	cells []cell
	roots [2][]int32 // of the cells between neighbours of up and of down; zero: none yet
}

// cell is five places at equal distances, with the function there.
type cell struct {
	from, width float64
	at          [5]float64
	good        bool     // a curve through the five is close enough
	halves      [2]int32 // otherwise; zero: none yet
}

// reach is how far the k-th place is from the start.
func reach(k int) float64 { return (math.Exp2(float64(k)) - 1) / 2 }

const (
	// mostReach is how many places there are to a side: beyond e^±700 there are no numbers.
	mostReach = 11
	// A cell whose values at the quarters are off a parabola through its ends and its
	// middle by bent at most, and by no more than moves a quantile by a thousandth, is followed
	// by a polynomial through all five values, which is nearer by far.
	bent = 1e-4
	// narrow is the width below which a cell is not halved.
	narrow = 1e-4
)

// reset makes it the curve of another function, which guess is about the median of.
func (c *curve) reset(below func(w float64) float64, guess float64) {
	c.of, c.start = below, math.Log(guess)
	at := below(guess)
	c.up, c.down = append(c.up[:0], at), append(c.down[:0], at)
	c.cells = append(c.cells[:0], cell{}) // so that zero is none
	c.roots[0], c.roots[1] = c.roots[0][:0], c.roots[1][:0]
}

// quantile returns where the function reaches level, as the function of that name does.
func (c *curve) quantile(level float64) float64 {
	side, sign, values := 0, 1.0, &c.up
	if c.up[0] > level {
		side, sign, values = 1, -1, &c.down
	}
	for k := 1; ; k++ {
		if k == mostReach {
			if side == 1 {
				return 0
			}
			return math.Inf(1)
		}
		if k == len(*values) {
			*values = append(*values, c.of(math.Exp(c.start+sign*reach(k))))
		}
		if v := (*values)[k]; side == 0 && v > level || side == 1 && v <= level {
			return math.Exp(c.within(c.root(side, k), level))
		}
	}
}

// root returns the cell between the places k-1 and k of a side.
func (c *curve) root(side, k int) int32 {
	for len(c.roots[side]) <= k {
		c.roots[side] = append(c.roots[side], 0)
	}
	if c.roots[side][k] == 0 {
		near, far := reach(k-1), reach(k)
		one := cell{from: c.start + near, width: far - near}
		if side == 0 {
			one.at[0], one.at[4] = c.up[k-1], c.up[k]
		} else {
			one.from = c.start - far
			one.at[0], one.at[4] = c.down[k], c.down[k-1]
		}
		one.at[2] = c.of(math.Exp(one.from + one.width/2))
		c.roots[side][k] = c.add(one)
	}
	return c.roots[side][k]
}

// add adds a cell of which all but the quarters is known.
func (c *curve) add(one cell) int32 {
	one.at[1] = c.of(math.Exp(one.from + one.width/4))
	one.at[3] = c.of(math.Exp(one.from + one.width*3/4))
	a := &one.at
	off := max(math.Abs(a[1]-(3*a[0]+6*a[2]-a[4])/8), math.Abs(a[3]-(3*a[4]+6*a[2]-a[0])/8))
	one.good = off < min(bent, (a[4]-a[0])/one.width*1e-3) || one.width < narrow
	c.cells = append(c.cells, one)
	return int32(len(c.cells) - 1)
}

// within returns the ln w at which the function reaches level in a cell, or in its halves.
func (c *curve) within(k int32, level float64) float64 {
	for !c.cells[k].good {
		half := 0
		if c.cells[k].at[2] <= level {
			half = 1
		}
		if c.cells[k].halves[half] == 0 {
			p := c.cells[k]
			one := cell{from: p.from + float64(half)*p.width/2, width: p.width / 2}
			one.at[0], one.at[2], one.at[4] = p.at[2*half], p.at[2*half+1], p.at[2*half+2]
			c.cells[k].halves[half] = c.add(one)
		}
		k = c.cells[k].halves[half]
	}
	return c.cells[k].solve(level)
}

// solve returns where the polynomial through the five values reaches level.
func (c *cell) solve(level float64) float64 {
	// Newton's differences, at distances of 1 from 0 to 4.
	d := c.at
	for order := 1; order < 5; order++ {
		for i := 4; i >= order; i-- {
			d[i] = (d[i] - d[i-1]) / float64(order)
		}
	}
	low, high := 0.0, 4.0
	at := 2.0
	if c.at[4] > c.at[0] {
		at = 4 * (level - c.at[0]) / (c.at[4] - c.at[0])
	}
	for range 30 {
		value, slope := d[4], 0.0
		for i := 3; i >= 0; i-- {
			slope = slope*(at-float64(i)) + value
			value = value*(at-float64(i)) + d[i]
		}
		if value -= level; value > 0 {
			high = at
		} else {
			low = at
		}
		next := at - value/slope
		if !(next > low && next < high) {
			next = (low + high) / 2
		}
		if math.Abs(next-at) < 1e-7 {
			at = next
			break
		}
		at = next
	}
	return c.from + c.width*at/4
}
