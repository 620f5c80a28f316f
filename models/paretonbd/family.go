// Package paretonbd says how often customers will buy again and whether they
// are still customers: the Pareto/NBD model of Schmittlein, Morrison & Colombo
// (1987). The formulas are exported functions over slices, in weeks; Family
// gives them to models/purchase, whose Model fits and scores.
package paretonbd

import (
	"math"

	"clientele/models/purchase"
	"clientele/models/stat"
)

// Name is the model's name in the models table.
const Name = "pareto_nbd"

// Family is Pareto/NBD as a purchase.Family. Its covariates are those of Fader
// & Hardie (2007, "Incorporating time-invariant covariates into the Pareto/NBD
// and BG/NBD models") under CLVTools' signs: a customer's alpha is
// alpha exp(-γ_trans'z), its beta is beta exp(-γ_life'z). So γ_trans above zero
// means more purchases, γ_life above zero a shorter life.
type Family struct{}

// Name implements purchase.Family.
func (Family) Name() string { return Name }

// Title implements purchase.Family.
func (Family) Title() string { return "Pareto/NBD" }

// Names implements purchase.Family.
func (Family) Names() []string { return []string{"r", "alpha", "s", "beta"} }

// Box implements purchase.Family.
func (Family) Box() (lowest, highest []float64) {
	return []float64{1e-4, 1e-4, 1e-5, 1e-4}, []float64{1e4, 1e6, 1e4, 1e6}
}

// WithoutChurn implements purchase.Family.
func (Family) WithoutChurn() purchase.Family { return purchase.NBD{} }

// Effects implements purchase.Family.
func (Family) Effects() (buying, churn []float64) {
	return []float64{0, -1, 0, 0}, []float64{0, 0, 0, -1}
}

// Starts implements purchase.Family.
func (Family) Starts(h *purchase.Histories, without []float64) [][]float64 {
	typical := max(h.Exposure/h.Customers, week) // weeks a customer has been seen
	var starts [][]float64
	for _, churn := range []struct{ s, beta float64 }{{0.6, 0.4}, {1.5, 2}, {0.1, 0.1}} {
		starts = append(starts, []float64{without[0], without[1], churn.s, churn.beta * typical})
	}
	return starts
}

// At implements purchase.Family.
func (Family) At(p []float64, s purchase.Settings) purchase.Law { return newLaw(params(p), s) }

func params(p []float64) Params { return Params{R: p[0], Alpha: p[1], S: p[2], Beta: p[3]} }

// Values returns the parameters as purchase.Family has them.
func (p Params) Values() []float64 { return []float64{p.R, p.Alpha, p.S, p.Beta} }

// few is the number of histories up to which tables by day do not pay.
const few = 200

// LogLikelihood implements purchase.Family.
func (Family) LogLikelihood(h *purchase.Histories, p, gradient []float64, workers int) float64 {
	q := params(p)
	most := h.MostX()
	rising, slope := make([]float64, most+1), make([]float64, most+1)
	stat.LogRisingTo(rising, q.R)
	stat.DigammaRisingTo(slope, q.R)
	var g *days
	if h.Len() > few {
		g = newDays(q, h.Longest(), true)
	}
	var sums [5]float64
	stat.SumTo(sums[:], workers, len(h.Units), func(k int, dst []float64) {
		u := h.Units[k]
		x := h.X[u.From]
		e := excess{p: q, x: float64(x), rising: rising[x], slope: slope[x], logAlpha: math.Log(q.Alpha), logBeta: math.Log(q.Beta)}
		if g == nil {
			e.sumFew(dst, h, u)
		} else {
			e.sum(dst, h, u, g)
		}
	})
	copy(gradient, sums[1:])
	return sums[0]
}

// excess adds up histories of one x: the value and the four derivatives.
//
// With stay and the moments of loss scaled by their value at t_x, the braces of
// the likelihood (see LogLikelihood) are n = stay + loss, and the derivatives of
// both follow from those of (α+u)^-(r+x) and (β+u)^-s under the integral.
type excess struct {
	p                 Params
	x                 float64
	rising, slope     float64 // ln Γ(r+x)/Γ(r) and its derivative
	logAlpha, logBeta float64
}

// add adds a history of weight w: logs of α+t_x, β+t_x, α+T and β+T, the
// chance of neither buying nor being lost in (t_x, T], the moments of loss there.
func (e *excess) add(dst []float64, w, fromA, fromB, la, lb, t, stay float64, m *moments) {
	p, rx := e.p, e.p.R+e.x
	n := stay + m[0]
	per := 1 / n
	dst[0] += w * (e.rising + p.R*e.logAlpha - rx*fromA + p.S*(e.logBeta-fromB) + math.Log(n))
	dst[1] += w * (e.slope + e.logAlpha - per*(stay*la+m[1]))
	dst[2] += w * (p.R/p.Alpha - rx*per*(stay/(p.Alpha+t)+m[2]))
	dst[3] += w * (e.logBeta - per*(stay*lb+m[3]-m[0]/p.S))
	dst[4] += w * (p.S/p.Beta - per*(p.S*stay/(p.Beta+t)+(p.S+1)*m[4]))
}

// sum adds up a unit, with logs from the tables by day.
func (e *excess) sum(dst []float64, h *purchase.Histories, u purchase.Unit, g *days) {
	moments := e.moments(h, u, g)
	rx := e.p.R + e.x
	for i := u.From; i < u.To; i++ {
		tx, t := h.Tx[i], h.T[i]
		stay := math.Exp(rx*(g.logA[tx]-g.logA[t]) + e.p.S*(g.logB[tx]-g.logB[t]))
		m := moments(tx, t, stay)
		e.add(dst, h.Count[i], g.logA[tx], g.logB[tx], g.logA[t], g.logB[t], float64(t)*week, stay, &m)
	}
}

// sumFew does the same without tables.
func (e *excess) sumFew(dst []float64, h *purchase.Histories, u purchase.Unit) {
	p := e.p
	for i := u.From; i < u.To; i++ {
		tx, t := float64(h.Tx[i])*week, float64(h.T[i])*week
		m, _ := lossMoments(p, e.x, tx, t)
		e.add(dst, h.Count[i], math.Log(p.Alpha+tx), math.Log(p.Beta+tx), math.Log(p.Alpha+t), math.Log(p.Beta+t), t,
			math.Exp(logStay(p, e.x, tx, t)), &m)
	}
}

// moments returns how to get the moments of loss over (tx, t] of the unit's
// histories: from a table by day, or, where there are few histories for the
// days, by panels. Which one depends on the data only.
func (e *excess) moments(h *purchase.Histories, u purchase.Unit, g *days) func(tx, t int32, stay float64) moments {
	first, last := h.Tx[u.From], h.T[u.From]
	for i := u.From; i < u.To; i++ {
		first, last = min(first, h.Tx[i]), max(last, h.T[i])
	}
	if int(last-first) > 25*(u.To-u.From) {
		return func(tx, t int32, _ float64) moments {
			m, _ := lossMoments(g.p, e.x, float64(tx)*week, float64(t)*week)
			return m
		}
	}
	table := make([]moments, last-first+1)
	g.momentsTo(table, e.x, int(first))
	return func(tx, t int32, stay float64) moments {
		a, b := &table[tx-first], &table[t-first]
		return moments{a[0] - stay*b[0], a[1] - stay*b[1], a[2] - stay*b[2], a[3] - stay*b[3], a[4] - stay*b[4]}
	}
}
