package paretonbd

import (
	"fmt"
	"math"
	"slices"

	"clientele/engine/table"
	"clientele/models/stat"
)

// histories are the distinct (x, t_x, T) of a base, in days, with how many
// customers have each; ascending by x, t_x, T, whatever the order of the rows.
type histories struct {
	x, tx, t  []int32
	count     []float64
	units     []unit
	customers int
	repeaters int     // customers with x above zero
	purchases float64 // sum of x
	exposure  float64 // sum of T, weeks
}

// unit is a range of histories of one x: the piece of work whose sums are
// added in order, and whose days share one table.
type unit struct{ from, to int }

// unitSize bounds the histories of a unit, so that the work divides.
const unitSize = 1 << 13

// Histories are packed in 64 bits to be sorted: 24 for x, 20 for each time.
const (
	mostPurchases = 1<<24 - 1
	mostDays      = 1<<20 - 1
)

// history reads one row: ok is false for a customer without an order.
func history(x, tx, t *table.Column, i int) (xi, txi, ti int64, ok bool, err error) {
	if x.Missing(i) || tx.Missing(i) || t.Missing(i) {
		return 0, 0, 0, false, nil
	}
	xi, txi, ti = x.Ints[i], tx.Ints[i], t.Ints[i]
	// x later purchase days need as many days, and one at least where x is not zero.
	if xi < 0 || xi > txi || xi > mostPurchases || (xi == 0) != (txi == 0) || txi > ti || ti > mostDays {
		return 0, 0, 0, false, fmt.Errorf("row %d: x %d, t_x %d, T %d is no purchase history", i, xi, txi, ti)
	}
	return xi, txi, ti, true, nil
}

// newHistories groups the rows of columns x, t_x and T.
func newHistories(in *table.Table) (*histories, error) {
	x, tx, t := in.Column("x"), in.Column("t_x"), in.Column("T")
	keys := make([]uint64, 0, in.Rows())
	for i := range in.Rows() {
		xi, txi, ti, ok, err := history(x, tx, t, i)
		if err != nil {
			return nil, err
		}
		if ok {
			keys = append(keys, uint64(xi)<<40|uint64(txi)<<20|uint64(ti))
		}
	}
	slices.Sort(keys)
	h := grown(distinct(keys))
	h.customers = len(keys)
	for from := 0; from < len(keys); {
		to := from + 1
		for to < len(keys) && keys[to] == keys[from] {
			to++
		}
		h.add(int32(keys[from]>>40), int32(keys[from]>>20&mostDays), int32(keys[from]&mostDays), float64(to-from))
		from = to
	}
	h.divide()
	return h, nil
}

func distinct(sorted []uint64) (n int) {
	for i := range sorted {
		if i == 0 || sorted[i] != sorted[i-1] {
			n++
		}
	}
	return n
}

// grown returns empty histories with room for n.
func grown(n int) *histories {
	return &histories{x: make([]int32, 0, n), tx: make([]int32, 0, n), t: make([]int32, 0, n), count: make([]float64, 0, n)}
}

func (h *histories) add(x, tx, t int32, count float64) {
	h.x, h.tx, h.t, h.count = append(h.x, x), append(h.tx, tx), append(h.t, t), append(h.count, count)
	h.purchases += count * float64(x)
	h.exposure += count * float64(t) * week
	if x > 0 {
		h.repeaters += int(count)
	}
}

func (h *histories) divide() {
	for from := 0; from < len(h.x); {
		to := from + 1
		for to < len(h.x) && to-from < unitSize && h.x[to] == h.x[from] {
			to++
		}
		h.units = append(h.units, unit{from, to})
		from = to
	}
}

// thin returns about n of the histories, evenly spread, to find a start on.
func (h *histories) thin(n int) *histories {
	if len(h.x) <= 2*n {
		return h
	}
	part := grown(n)
	for k := range n {
		i := k * len(h.x) / n
		part.add(h.x[i], h.tx[i], h.t[i], h.count[i])
		part.customers += int(h.count[i])
	}
	part.divide()
	return part
}

// longest returns the greatest T, in days.
func (h *histories) longest() int {
	var most int32
	for _, t := range h.t {
		most = max(most, t)
	}
	return int(most)
}

// logLikelihood returns the log-likelihood at p of every customer together and
// its derivatives in r, alpha, s and beta.
func (h *histories) logLikelihood(p Params, workers int) (value float64, gradient [4]float64) {
	longest := h.longest()
	g := newDays(p, longest, true)
	most := int(h.x[len(h.x)-1])
	rising, risingSlope := make([]float64, most+1), make([]float64, most+1)
	stat.LogRisingTo(rising, p.R)
	stat.DigammaRisingTo(risingSlope, p.R)
	var sums [5]float64
	stat.SumTo(sums[:], workers, len(h.units), func(k int, dst []float64) {
		u := h.units[k]
		x := h.x[u.from]
		h.sum(dst, u, g, rising[x], risingSlope[x])
	})
	return sums[0], [4]float64(sums[1:])
}

// sum adds up one unit: the value and the four derivatives.
//
// With stay and the moments of loss scaled by their value at t_x, the braces of
// the likelihood (see LogLikelihood) are n = stay + loss, and the derivatives of
// both follow from those of (α+u)^-(r+x) and (β+u)^-s under the integral.
func (h *histories) sum(dst []float64, u unit, g *days, rising, risingSlope float64) {
	p := g.p
	x := float64(h.x[u.from])
	rx := p.R + x
	moments := h.moments(u, g, x)
	logAlpha, logBeta := math.Log(p.Alpha), math.Log(p.Beta)
	for i := u.from; i < u.to; i++ {
		w, tx, t := h.count[i], h.tx[i], h.t[i]
		la, lb := g.logA[t], g.logB[t]
		stay := math.Exp(rx*(g.logA[tx]-la) + p.S*(g.logB[tx]-lb))
		m := moments(tx, t, stay)
		n := stay + m[0]
		per := 1 / n
		alpha, beta := p.Alpha+float64(t)*week, p.Beta+float64(t)*week
		dst[0] += w * (rising + p.R*logAlpha - rx*g.logA[tx] + p.S*(logBeta-g.logB[tx]) + math.Log(n))
		dst[1] += w * (risingSlope + logAlpha - per*(stay*la+m[1]))
		dst[2] += w * (p.R/p.Alpha - rx*per*(stay/alpha+m[2]))
		dst[3] += w * (logBeta - per*(stay*lb+m[3]-m[0]/p.S))
		dst[4] += w * (p.S/p.Beta - per*(p.S*stay/beta+(p.S+1)*m[4]))
	}
}

// moments returns how to get the moments of loss over (tx, t] of the unit's
// histories: from a table by day, or, where there are few histories for the
// days, by panels. Which one depends on the data only.
func (h *histories) moments(u unit, g *days, x float64) func(tx, t int32, stay float64) moments {
	first, last := h.tx[u.from], h.t[u.from]
	for i := u.from; i < u.to; i++ {
		first, last = min(first, h.tx[i]), max(last, h.t[i])
	}
	if int(last-first) > 25*(u.to-u.from) {
		return func(tx, t int32, _ float64) moments {
			m, _ := lossMoments(g.p, x, float64(tx)*week, float64(t)*week)
			return m
		}
	}
	table := make([]moments, last-first+1)
	g.momentsTo(table, x, int(first))
	return func(tx, t int32, stay float64) moments {
		a, b := &table[tx-first], &table[t-first]
		return moments{a[0] - stay*b[0], a[1] - stay*b[1], a[2] - stay*b[2], a[3] - stay*b[3], a[4] - stay*b[4]}
	}
}

// logLikelihoodNBD is the same without churn: derivatives in r and alpha.
func (h *histories) logLikelihoodNBD(r, alpha float64, workers int) (value float64, gradient [2]float64) {
	g := newDays(Params{R: r, Alpha: alpha}, h.longest(), false)
	most := int(h.x[len(h.x)-1])
	rising, risingSlope := make([]float64, most+1), make([]float64, most+1)
	stat.LogRisingTo(rising, r)
	stat.DigammaRisingTo(risingSlope, r)
	logAlpha := math.Log(alpha)
	var sums [3]float64
	stat.SumTo(sums[:], workers, len(h.units), func(k int, dst []float64) {
		u := h.units[k]
		x := h.x[u.from]
		rx := r + float64(x)
		for i := u.from; i < u.to; i++ {
			w, la := h.count[i], g.logA[h.t[i]]
			dst[0] += w * (rising[x] + r*logAlpha - rx*la)
			dst[1] += w * (risingSlope[x] + logAlpha - la)
			dst[2] += w * (r/alpha - rx/(alpha+float64(h.t[i])*week))
		}
	})
	return sums[0], [2]float64(sums[1:])
}
