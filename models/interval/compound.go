package interval

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// What a customer's purchases are worth, per unit of what is known of the
// customer's spend. With Gamma-Gamma's p, and q' and v' its q and v after the
// customer's own purchases, n purchases are worth v' W where
//
//	W = Gamma(p n, 1) / Gamma(q', 1),
//
// since each is Gamma(p, ν) and ν is Gamma(q', v') (Fader & Hardie 2013, sec. 3).
// W/(1+W) is Beta(p n, q').

// node is a number of purchases with its probability.
type node struct {
	weight float64
	shape  float64 // p n
	all    float64 // shape + q' - 1
	logs   float64 // what the logs of below do not depend on w for
	per    float64 // 0.02/shape
	perAll float64 // 0.02/(all+1)
	least  float64 // distance from the middle below which below takes the limit
	shrink float64 // twice the square of the scale over all but the distance
}

// mixture is the distribution of W: nothing with probability none, else one of the nodes.
type mixture struct {
	none  float64
	nodes []node
	q     float64 // q'
}

// below is the probability of W <= w, for w above zero. Where both parameters
// of a beta distribution are 2 or more it is Peizer & Pratt's (1968) normal
// approximation (Johnson, Kotz & Balakrishnan 1995, ch. 25), within 1e-3 and a
// tenth of the time; the continued fraction takes the rest.
func (m *mixture) below(w float64) float64 {
	sum := m.none
	x, y := w/(1+w), 1/(1+w)
	lx, ly := math.Log(x), -math.Log1p(w)
	s := m.q - 0.5
	middle, slope := m.q-1.0/3+0.02*x/m.q-y/3, 0.5*lx-s*ly // of distance and of the logs, the same for all nodes
	for i := range m.nodes {
		n := &m.nodes[i]
		if n.exact(m.q) {
			sum += n.weight * mathext.RegIncBeta(n.shape, m.q, x)
			continue
		}
		distance := middle - n.all*y - y*n.per + (x-0.5)*n.perAll
		apart := s - n.all*y
		var z float64
		if size := math.Abs(apart); size < n.least {
			z = distance * math.Sqrt(n.shrink/(2*n.all*x*y)) // the limit
		} else {
			z = distance / size * math.Sqrt(n.shrink*(n.logs+slope-n.shape*lx))
		}
		if z < -6 {
			break // nodes ascend: what follows is as good as nothing
		}
		sum += n.weight * normal(z)
	}
	return sum
}

func (n *node) exact(q float64) bool { return n.shape < 2 || q < 2 }

// set replaces the mixture by that of a distribution of purchases.
func (m *mixture) set(d *distribution, p, q float64) {
	m.none, m.q = d.probability[0], q
	m.nodes = nodesTo(m.nodes[:0], d.probability, d.rest, p)
	s := q - 0.5
	for i := range m.nodes {
		n := &m.nodes[i]
		n.all = n.shape + q - 1
		if t := n.shape - 0.5; !n.exact(q) {
			n.logs = s*math.Log(s/n.all) + t*math.Log(t/n.all)
			n.per, n.perAll = 0.02/n.shape, 0.02/(n.all+1)
			n.least, n.shrink = 1e-3*min(s, t), 2/(1+1/(6*n.all))
		}
	}
}

// normal is the standard normal distribution function, from a table: within 5e-7.
func normal(z float64) float64 {
	at := (z + normalEnd) * normalStep
	if !(at > 0) {
		return 0
	}
	k := int(at)
	if k >= len(normals)-1 {
		return 1
	}
	return normals[k] + (at-float64(k))*(normals[k+1]-normals[k])
}

const normalEnd, normalStep = 8, 256

var normals = func() (table [2*normalEnd*normalStep + 1]float64) {
	for k := range table {
		table[k] = 0.5 * math.Erfc(-(float64(k)/normalStep-normalEnd)/math.Sqrt2)
	}
	return table
}()

// nodesTo appends the numbers of purchases of a distribution to dst. From few
// on, neighbours within some per cent of each other share a node, and numbers that hardly
// come share that of the next.
func nodesTo(dst []node, probability []float64, rest, p float64) []node {
	const few, grain, hardly = 16, 16, 1e-7
	for n := 1; n < len(probability); {
		to := n + 1
		if n > few {
			to = min(n+n/grain+1, len(probability))
		}
		var mass, mean float64
		for ; n < to || mass < hardly && n < len(probability); n++ {
			mass += probability[n]
			mean += probability[n] * float64(n)
		}
		if n == len(probability) { // who buys more shares the last node where that hardly comes
			if mass < hardly || rest < hardly {
				mass, mean = mass+rest, mean+rest*1.1*float64(n)
				rest = 0
			}
		}
		if mass > 0 {
			dst = append(dst, node{weight: mass, shape: p * mean / mass})
		}
	}
	if rest > 0 {
		dst = append(dst, node{weight: rest, shape: p * 1.1 * float64(len(probability))})
	}
	return dst
}

// quantile returns where below first reaches level, which must be above none
// and below 1, to about 1e-4 of it. below is that of several mixtures perhaps.
// guess is anywhere above zero.
func quantile(below func(w float64) float64, level, guess float64) float64 {
	// In ln w, by bracketing and false position (Illinois).
	low, high := math.Log(guess), math.Log(guess)
	atLow, atHigh := below(guess)-level, 0.0
	atHigh = atLow
	for step := 0.5; atLow > 0; step *= 2 {
		high, atHigh = low, atLow
		low -= step
		if low < -700 {
			return 0
		}
		atLow = below(math.Exp(low)) - level
	}
	for step := 0.5; atHigh <= 0; step *= 2 {
		low, atLow = high, atHigh
		high += step
		if high > 700 {
			return math.Inf(1)
		}
		atHigh = below(math.Exp(high)) - level
	}
	side := 0
	for range 60 {
		if high-low < 1e-4 || atHigh-atLow < 1e-9 {
			break
		}
		at := (low*atHigh - high*atLow) / (atHigh - atLow)
		v := below(math.Exp(at)) - level
		if math.Abs(v) < 1e-6 && level+1e-3 < 1 {
			return math.Exp(at)
		}
		if v > 0 {
			high, atHigh = at, v
			if side == 1 {
				atLow /= 2
			}
			side = 1
		} else {
			low, atLow = at, v
			if side == -1 {
				atHigh /= 2
			}
			side = -1
		}
	}
	return math.Exp((low + high) / 2)
}

// cumulants are mean, variance and third central moment.
type cumulants struct{ mean, variance, third float64 }

// fromMoments takes the moments about zero.
func fromMoments(m1, m2, m3 float64) cumulants {
	return cumulants{m1, max(0, m2-m1*m1), m3 - 3*m1*m2 + 2*m1*m1*m1}
}

// add adds the cumulants of c times a factor, independent of those there.
func (k *cumulants) add(c cumulants, factor float64) {
	k.mean += factor * c.mean
	k.variance += factor * factor * c.variance
	k.third += factor * factor * factor * c.third
}

// lightTail is the q' from which W's moments say what its sums do. Below, the
// third moment hangs on one customer in thousands, or is infinite (q' <= 3),
// as the variance is for q' <= 2.
const lightTail = 6

// worth returns the cumulants of W from the moments of the number of purchases
// about zero. q must be above lightTail.
func worth(p, q, n1, n2, n3 float64) cumulants {
	m1 := p * n1 / (q - 1)
	m2 := (p*p*n2 + p*n1) / ((q - 1) * (q - 2))
	m3 := (p*p*p*n3 + 3*p*p*n2 + 2*p*n1) / ((q - 1) * (q - 2) * (q - 3))
	return fromMoments(m1, m2, m3)
}

// capped returns the cumulants of the lesser of W and its quantile that only a
// share beyond of all customers passes.
func (m *mixture) capped(beyond float64) cumulants {
	if 1-m.none <= beyond {
		return cumulants{}
	}
	middle := m.middle()
	limit := math.Log(quantile(m.below, 1-beyond, middle))
	// E min(W, c)^k = ∫ k w^(k-1) P(W > w) dw up to c, in ln w by Gauss's rule in
	// panels. Below a thousandth of the middle there is next to nothing of W.
	low := math.Log(middle) - 7
	panels := max(1, math.Ceil((limit-low)/2))
	width := (limit - low) / panels
	m1, m2, m3 := math.Exp(low)*(1-m.none), 0.0, 0.0
	for k := 0.0; k < panels; k++ {
		for i, at := range gauss6.at {
			w := math.Exp(low + width*(k+at))
			f := gauss6.weight[i] * width * (1 - m.below(w)) * w
			m1 += f
			m2 += 2 * f * w
			m3 += 3 * f * w * w
		}
	}
	return fromMoments(m1, m2, m3)
}

// middle is about the median of W where there is any.
func (m *mixture) middle() float64 {
	var mass, shape float64
	for _, n := range m.nodes {
		mass += n.weight
		shape += n.weight * n.shape
	}
	if mass == 0 {
		return 1
	}
	return shape / mass / m.q
}
