package cluster

import "math"

// points are n rows of d coordinates, one row after the other.
type points struct {
	n, d int
	x    []float64
}

func (p points) row(i int) []float64 { return p.x[i*p.d : (i+1)*p.d : (i+1)*p.d] }

// take are about count rows, evenly spread over those of p; p itself where it has no more.
// Rows are in an order that says nothing (see order), so that these are a fair sample.
func (p points) take(count int) points {
	if p.n <= count {
		return p
	}
	out := points{n: count, d: p.d, x: make([]float64, 0, count*p.d)}
	for i := range count {
		out.x = append(out.x, p.row(i*p.n/count)...)
	}
	return out
}

// rowsAtOnce is how many rows one piece of work has: fixed, so that sums do not
// depend on the number of cores.
const rowsAtOnce = 8192

func (p points) pieces() int { return (p.n + rowsAtOnce - 1) / rowsAtOnce }

// piece are the rows of piece c: from, and to but not with.
func (p points) piece(c int) (from, to int) { return c * rowsAtOnce, min((c+1)*rowsAtOnce, p.n) }

// squared is the square of the distance of two rows.
func squared(a, b []float64) float64 {
	switch len(a) {
	case 4:
		return squared4(a, b)
	case 6:
		return squared6(a, b)
	}
	sum := 0.0
	for i, v := range a {
		w := v - b[i]
		sum += w * w
	}
	return sum
}

func squared4(a, b []float64) float64 {
	a, b = a[:4:4], b[:4:4]
	w0, w1, w2, w3 := a[0]-b[0], a[1]-b[1], a[2]-b[2], a[3]-b[3]
	return (w0*w0 + w1*w1) + (w2*w2 + w3*w3)
}

func squared6(a, b []float64) float64 {
	a, b = a[:6:6], b[:6:6]
	w0, w1, w2, w3, w4, w5 := a[0]-b[0], a[1]-b[1], a[2]-b[2], a[3]-b[3], a[4]-b[4], a[5]-b[5]
	return (w0*w0 + w1*w1) + (w2*w2 + w3*w3) + (w4*w4 + w5*w5)
}

// nearest is the centre nearest to x (of equals the first), the square of its
// distance, and that of the second nearest: infinite where there is one centre.
func nearest(x, centers []float64) (best int, first, second float64) {
	switch len(x) {
	case 4:
		return nearest4(x, centers)
	case 6:
		return nearest6(x, centers)
	}
	first, second = math.Inf(1), math.Inf(1)
	for j := 0; len(centers) >= len(x); j++ {
		s := squared(x, centers[:len(x)])
		centers = centers[len(x):]
		if s < first {
			best, first, second = j, s, first
		} else if s < second {
			second = s
		}
	}
	return best, first, second
}

// nearest4 and nearest6 are nearest for four and six coordinates, which stay in
// registers: the default features, and six of them.
func nearest4(x, centers []float64) (best int, first, second float64) {
	x = x[:4:4]
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	first, second = math.Inf(1), math.Inf(1)
	for j := 0; len(centers) >= 4; j++ {
		w0, w1, w2, w3 := x0-centers[0], x1-centers[1], x2-centers[2], x3-centers[3]
		centers = centers[4:]
		s := (w0*w0 + w1*w1) + (w2*w2 + w3*w3)
		if s < first {
			best, first, second = j, s, first
		} else if s < second {
			second = s
		}
	}
	return best, first, second
}

func nearest6(x, centers []float64) (best int, first, second float64) {
	x = x[:6:6]
	x0, x1, x2, x3, x4, x5 := x[0], x[1], x[2], x[3], x[4], x[5]
	first, second = math.Inf(1), math.Inf(1)
	for j := 0; len(centers) >= 6; j++ {
		w0, w1, w2 := x0-centers[0], x1-centers[1], x2-centers[2]
		w3, w4, w5 := x3-centers[3], x4-centers[4], x5-centers[5]
		centers = centers[6:]
		s := (w0*w0 + w1*w1) + (w2*w2 + w3*w3) + (w4*w4 + w5*w5)
		if s < first {
			best, first, second = j, s, first
		} else if s < second {
			second = s
		}
	}
	return best, first, second
}

// distances is the sum of the distances of x to the rows of block.
func distances(x, block []float64) float64 {
	d, sum := len(x), 0.0
	switch d {
	case 4:
		for ; len(block) >= 4; block = block[4:] {
			sum += math.Sqrt(squared4(x, block))
		}
	case 6:
		for ; len(block) >= 6; block = block[6:] {
			sum += math.Sqrt(squared6(x, block))
		}
	default:
		for ; len(block) >= d; block = block[d:] {
			sum += math.Sqrt(squared(x, block[:d]))
		}
	}
	return sum
}
