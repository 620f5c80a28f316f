package gammagamma

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"clientele/engine/table"
	"clientele/models/stat"
)

// spends are the purchases that count of the customers that a fit uses, those
// with x and spend above zero: x ascending, then spend, whatever the order of rows.
type spends struct {
	x     []float64 // purchase days that count
	total []float64 // money spent on them
	logs  []float64 // ln of total/x
	units []unit

	purchases, money float64 // sums over the customers used
}

// unit is a range of customers of one x, summed in order.
type unit struct{ from, to int }

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
	x, total = r.x.Ints[i]+r.first, r.spend.Floats[i]
	return x, total, x > 0 && total > 0
}

func newSpends(c Reader) *spends {
	type customer struct {
		x     int64
		total float64
	}
	var all []customer
	for i := range c.spend.Floats {
		if x, total, ok := c.At(i); ok {
			all = append(all, customer{x, total})
		}
	}
	slices.SortFunc(all, func(a, b customer) int {
		switch {
		case a.x != b.x:
			return int(min(max(a.x-b.x, -1), 1))
		case a.total < b.total:
			return -1
		case a.total > b.total:
			return 1
		}
		return 0
	})
	s := &spends{}
	for _, c := range all {
		x := float64(c.x)
		s.x, s.total, s.logs = append(s.x, x), append(s.total, c.total), append(s.logs, math.Log(c.total/x))
		s.purchases += x
		s.money += c.total
	}
	for from := 0; from < len(s.x); {
		to := from + 1
		for to < len(s.x) && to-from < unitSize && s.x[to] == s.x[from] {
			to++
		}
		s.units = append(s.units, unit{from, to})
		from = to
	}
	return s
}

// logLikelihood returns the log-likelihood at p and writes its derivatives in p, q
// and v, and the second ones, all of the matrix row by row, unless hessian is nil.
// Everything but two logs and a division is shared by customers of one x.
func (s *spends) logLikelihood(p Params, gradient, hessian []float64, workers int) float64 {
	base, _ := math.Lgamma(p.Q)
	baseSlope, baseCurve := mathext.Digamma(p.Q), trigamma(p.Q)
	var sums [10]float64
	stat.SumTo(sums[:], workers, len(s.units), func(k int, dst []float64) {
		u := s.units[k]
		x := s.x[u.from]
		px := p.P * x
		all, _ := math.Lgamma(px + p.Q)
		own, _ := math.Lgamma(px)
		logX, logV := math.Log(x), math.Log(p.V)
		// Sums over customers of ln m, ln((xm+v)/(xm)), ln((xm+v)/v), 1/(xm+v) and its square.
		var logM, logOwn, logBase, per, square float64
		for i := u.from; i < u.to; i++ {
			xm := s.total[i]
			l, one := math.Log(xm+p.V), 1/(xm+p.V)
			logM += s.logs[i]
			logOwn += l - logX - s.logs[i]
			logBase += l - logV
			per += one
			square += one * one
		}
		n := float64(u.to - u.from)
		slope, curve := mathext.Digamma(px+p.Q), trigamma(px+p.Q)
		dst[0] = n*(all-own-base) - p.Q*logBase - px*logOwn - logM
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
