package gammagamma

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"clientele/engine/table"
	"clientele/models/stat"
)

// spends are the purchases that count of the customers that a fit uses, those
// with x and spend above zero: x ascending, then spend, whatever the order of rows.
type spends struct {
	total []float64 // money that each customer spent on them
	units []unit

	purchases, money float64 // sums over the customers
}

// unit is a range of customers of one x, summed in order.
type unit struct {
	x        float64 // purchase days that count
	from, to int
	logs     float64 // sum over the customers of ln m, with m what they spent a purchase,
	spread   float64 // and of its squared distance from the mean of the unit
}

const unitSize = 1 << 14

// Reader reads what customers bought, of the purchases that count.
type Reader struct {
	x, spend *table.Column
	first    int64 // purchase days that count beyond x: 1 with the first one in
}

func newReader(in *table.Table, includeFirst bool) Reader {
	if includeFirst {
		return Reader{in.Column("x"), in.Column("net_sales"), 1}
	}
	return Reader{in.Column("x"), in.Column("repeat_spend"), 0}
}

// At returns the purchase days of row i that count and the money spent on them;
// ok is false unless both are above zero. A missing spend is NaN, which is not.
func (r Reader) At(i int) (x int64, total float64, ok bool) {
	if r.x.Missing(i) {
		return 0, 0, false
	}
	x, total = r.x.Int(i)+r.first, r.spend.Floats[i]
	return x, total, x > 0 && total > 0
}

// frequent is the number of purchases from which customers are few.
const frequent = 1 << 10

func newSpends(c Reader, workers int) *spends {
	type customer struct {
		x     int64
		total float64
	}
	var many []customer
	var starts [frequent + 1]int
	for i := range c.spend.Floats {
		if x, total, ok := c.At(i); !ok {
			continue
		} else if x >= frequent {
			many = append(many, customer{x, total})
		} else {
			starts[x+1]++
		}
	}
	for x := range frequent {
		starts[x+1] += starts[x]
	}
	few := starts[frequent]
	s := &spends{total: make([]float64, few+len(many))}
	next := starts
	for i := range c.spend.Floats {
		if x, total, ok := c.At(i); ok && x < frequent {
			s.total[next[x]] = total
			next[x]++
		}
	}
	spare := make([]float64, few)
	stat.Each(workers, frequent, func(x int) {
		from, to := starts[x], starts[x+1]
		if to-from < 1<<11 {
			slices.Sort(s.total[from:to])
			return
		}
		// Bits of numbers above zero are in the order of the numbers.
		sorted, _ := stat.SortByUint(1, s.total[from:to], spare[from:to], math.Float64bits)
		copy(s.total[from:to], sorted)
	})
	slices.SortFunc(many, func(a, b customer) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.total, b.total)) })
	for x := range frequent {
		s.divide(float64(x), starts[x], starts[x+1])
	}
	for from := 0; from < len(many); {
		to := from
		for ; to < len(many) && many[to].x == many[from].x; to++ {
			s.total[few+to] = many[to].total
		}
		s.divide(float64(many[from].x), few+from, few+to)
		from = to
	}
	s.sum(workers)
	return s
}

// divide adds units for the customers of one x.
func (s *spends) divide(x float64, from, to int) {
	for ; from < to; from += unitSize {
		s.units = append(s.units, unit{x: x, from: from, to: min(from+unitSize, to)})
	}
}

// sum fills in what is summed once.
func (s *spends) sum(workers int) {
	stat.Each(workers, len(s.units), func(k int) {
		u := &s.units[k]
		logX := math.Log(u.x)
		first := math.Log(s.total[u.from])
		var sum, squares float64 // around the first, which keeps digits
		for _, total := range s.total[u.from:u.to] {
			d := math.Log(total) - first
			sum += d
			squares += d * d
		}
		n := float64(u.to - u.from)
		u.logs, u.spread = n*(first-logX)+sum, max(0, squares-sum*sum/n)
	})
	for _, u := range s.units {
		s.purchases += u.x * float64(u.to-u.from)
		for _, total := range s.total[u.from:u.to] {
			s.money += total
		}
	}
}

// thin are n of the customers, evenly spread, to find a start on; s itself where that
// would save little.
func (s *spends) thin(n, workers int) *spends {
	if len(s.total) <= 2*n {
		return s
	}
	part := &spends{total: make([]float64, n)}
	for k := range part.total {
		part.total[k] = s.total[k*len(s.total)/n]
	}
	from := 0
	for k, u := range s.units {
		if k+1 < len(s.units) && s.units[k+1].x == u.x {
			continue
		}
		to := from // the first that is not of this x
		for to < n && to*len(s.total)/n < u.to {
			to++
		}
		part.divide(u.x, from, to)
		from = to
	}
	part.sum(workers)
	return part
}

// logLikelihood returns the log-likelihood at p and writes its derivatives in p, q
// and v, and the second ones, all of the matrix row by row, unless hessian is nil.
// Everything but a product and a division is shared by customers of one x.
func (s *spends) logLikelihood(p Params, gradient, hessian []float64, workers int) float64 {
	base, _ := math.Lgamma(p.Q)
	baseSlope, baseCurve := mathext.Digamma(p.Q), trigamma(p.Q)
	overV, logV := 1/p.V, math.Log(p.V)
	var sums [10]float64
	stat.SumTo(sums[:], workers, len(s.units), func(k int, dst []float64) {
		u := &s.units[k]
		x := u.x
		px := p.P * x
		all, _ := math.Lgamma(px + p.Q)
		own, _ := math.Lgamma(px)
		// Sums over customers of ln((xm+v)/v), by products of many, 1/(xm+v) and its square.
		var logBase, per, square float64
		product := 1.0
		for _, xm := range s.total[u.from:u.to] {
			sum := xm + p.V
			one := 1 / sum
			if product *= sum * overV; product > 1e100 {
				logBase += math.Log(product)
				product = 1
			}
			per += one
			square += one * one
		}
		logBase += math.Log(product)
		n := float64(u.to - u.from)
		logOwn := logBase + n*(logV-math.Log(x)) - u.logs // of ln((xm+v)/(xm))
		slope, curve := mathext.Digamma(px+p.Q), trigamma(px+p.Q)
		dst[0] = n*(all-own-base) - p.Q*logBase - px*logOwn - u.logs
		dst[1] = x * (n*(slope-mathext.Digamma(px)) - logOwn)
		dst[2] = n*(slope-baseSlope) - logBase
		dst[3] = n*p.Q/p.V - (px+p.Q)*per
		dst[4] = n * x * x * (curve - trigamma(px))
		dst[5] = n * x * curve
		dst[6] = -x * per
		dst[7] = n * (curve - baseCurve)
		dst[8] = n/p.V - per
		dst[9] = (px+p.Q)*square - n*p.Q/(p.V*p.V)
	})
	copy(gradient, sums[1:4])
	if hessian != nil {
		stat.SymmetricTo(hessian, sums[4:])
	}
	return sums[0]
}

// trigamma is the derivative of digamma.
func trigamma(x float64) float64 { return mathext.Zeta(2, x) }
