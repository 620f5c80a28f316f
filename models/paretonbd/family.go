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
func (Family) LogLikelihood(h *purchase.Histories, p, gradient, hessian []float64, workers int) float64 {
	q := params(p)
	n := h.MostX() + 1
	rising, slope, curve := make([]float64, n), make([]float64, n), make([]float64, n)
	stat.LogRisingTo(rising, q.R)
	stat.DigammaRisingTo(slope, q.R)
	stat.TrigammaRisingTo(curve, q.R)
	var g *days
	if h.Len() > few {
		g = newDays(q, h.Longest(), n-1, true)
	}
	sums := make([]float64, 5, 15)
	if hessian != nil {
		sums = sums[:15]
	}
	stat.SumTo(sums, workers, len(h.Units), func(k int, dst []float64) {
		u := h.Units[k]
		x := h.X[u.From]
		e := excess{p: q, x: float64(x), rising: rising[x], slope: slope[x], curve: curve[x], logAlpha: math.Log(q.Alpha), logBeta: math.Log(q.Beta)}
		if g == nil {
			e.sumFew(dst, h, u)
		} else {
			e.sum(dst, h, u, g)
		}
	})
	copy(gradient, sums[1:5])
	if hessian != nil {
		stat.SymmetricTo(hessian, sums[5:])
	}
	return sums[0]
}

// excess adds up histories of one x: the value, the four derivatives and, where dst
// has room for them, the second derivatives on and above the diagonal, row by row.
//
// The braces of the likelihood (see LogLikelihood) are, scaled by their value at
// t_x, n = stay + ∫ f: a sum over an atom at T and over u in (t_x, T], of e^-g with
//
//	g = (r+x) ln(α+u) + s ln(β+u)                at T
//	g = (r+x) ln(α+u) + (s+1) ln(β+u) - ln s     before.
//
// With u drawn as the terms of n are, the derivatives of ln n are those of g in the
// mean, less; the second ones are the covariances of the derivatives of g, less its
// second derivatives in the mean.
type excess struct {
	p                    Params
	x                    float64
	rising, slope, curve float64 // ln Γ(r+x)/Γ(r) and its derivatives
	logAlpha, logBeta    float64
}

// add adds a history of weight w: the logs at t_x, those at T from the centre, the
// chance of neither buying nor being lost in (t_x, T], and the moments of loss
// there, which it divides by n. It returns n, whose log is left to add.
func (e *excess) add(dst []float64, w, fromA, fromB float64, end, centre logs, stay float64, m *moments) (n float64) {
	p, rx := e.p, e.p.R+e.x
	n = stay + m[0]
	for k := range m[:len(dst)] { // as many as there are derivatives
		m[k] /= n
	}
	stay /= n
	mean := [4]float64{ // of the derivatives of g, from the centre
		stay*end.a + m[mA],
		rx * (stay*end.perA + m[mPerA]),
		stay*end.b + m[mB] - m[0]/p.S,
		p.S*stay*end.perB + (p.S+1)*m[mPerB] + centre.perB*m[0],
	}
	dst[0] += w * (e.rising + p.R*e.logAlpha - rx*fromA + p.S*(e.logBeta-fromB))
	dst[1] += w * (e.slope + e.logAlpha - centre.a - mean[0])
	dst[2] += w * (p.R/p.Alpha - rx*centre.perA - mean[1])
	dst[3] += w * (e.logBeta - centre.b - mean[2])
	dst[4] += w * (p.S/p.Beta - p.S*centre.perB - mean[3])
	if len(dst) > 5 {
		e.addCurve((*[10]float64)(dst[5:]), w, end, centre, stay, m, &mean)
	}
	return n
}

// addCurve adds the second derivatives, of what add has computed.
func (e *excess) addCurve(dst *[10]float64, w float64, end, centre logs, stay float64, m *moments, mean *[4]float64) {
	r, rx, alpha, beta := e.p.R, e.p.R+e.x, e.p.Alpha, e.p.Beta
	s, s1, over, c := e.p.S, e.p.S+1, 1/e.p.S, centre.perB
	square := stay*end.perA*end.perA + m[mPerAPerA] // the mean of the square of 1/(α+u), from the centre
	dst[0] += w * (e.curve + stay*end.a*end.a + m[mAA] - mean[0]*mean[0])
	dst[1] += w * (1/alpha - centre.perA - mean[1]/rx + rx*(stay*end.a*end.perA+m[mAPerA]) - mean[0]*mean[1])
	dst[2] += w * (stay*end.a*end.b + m[mAB] - over*m[mA] - mean[0]*mean[2])
	dst[3] += w * (s*stay*end.a*end.perB + s1*m[mAPerB] + c*m[mA] - mean[0]*mean[3])
	dst[4] += w * (rx*(square+centre.perA*(centre.perA+2*mean[1]/rx)) - r/(alpha*alpha) + rx*rx*square - mean[1]*mean[1])
	dst[5] += w * (rx*(stay*end.perA*end.b+m[mPerAB]-over*m[mPerA]) - mean[1]*mean[2])
	dst[6] += w * (rx*(s*stay*end.perA*end.perB+s1*m[mPerAPerB]+c*m[mPerA]) - mean[1]*mean[3])
	dst[7] += w * (stay*end.b*end.b + m[mBB] - 2*over*m[mB] - mean[2]*mean[2]) // 1/s² in the mean and in the covariance cancel
	dst[8] += w * (1/beta - c - stay*end.perB - m[mPerB] +
		s*stay*end.b*end.perB + s1*(m[mBPerB]-over*m[mPerB]) + c*(m[mB]-over*m[0]) - mean[2]*mean[3])
	last := end.perB + c // 1/(β+T)
	before := m[mPerBPerB] + c*(2*m[mPerB]+c*m[0])
	dst[9] += w * (s*stay*last*last + s1*before - s/(beta*beta) +
		s*s*stay*end.perB*end.perB + s1*s1*m[mPerBPerB] + c*(2*s1*m[mPerB]+c*m[0]) - mean[3]*mean[3])
}

// sum adds up a unit, with logs from the tables by day.
func (e *excess) sum(dst []float64, h *purchase.Histories, u purchase.Unit, g *days) {
	momentsTo := e.moments(h, u, g, len(dst))
	rx := e.p.R + e.x
	var m moments
	var stay, braces [64]float64
	for from := u.From; from < u.To; from += len(stay) {
		n := min(len(stay), u.To-from)
		tx, t, count := h.Tx[from:][:n], h.T[from:][:n], h.Count[from:][:n]
		for i := range n {
			stay[i] = rx*(g.logA[tx[i]]-g.logA[t[i]]) + e.p.S*(g.logB[tx[i]]-g.logB[t[i]])
		}
		stat.ExpTo(stay[:n], stay[:n])
		for i := range n {
			momentsTo(&m, tx[i], t[i], stay[i])
			braces[i] = e.add(dst, count[i], g.logA[tx[i]], g.logB[tx[i]], g.at(t[i]), g.centre, stay[i], &m)
		}
		stat.LogTo(braces[:n], braces[:n])
		for i := range n {
			dst[0] += count[i] * braces[i]
		}
	}
}

// sumFew does the same without tables. The centre is t_x.
func (e *excess) sumFew(dst []float64, h *purchase.Histories, u purchase.Unit) {
	p := e.p
	for i := u.From; i < u.To; i++ {
		tx, t := float64(h.Tx[i])*week, float64(h.T[i])*week
		from := logsAt(p, tx)
		end := logs{
			a: math.Log1p((t - tx) * from.perA), perA: -(t - tx) * from.perA / (p.Alpha + t),
			b: math.Log1p((t - tx) * from.perB), perB: -(t - tx) * from.perB / (p.Beta + t),
		}
		m, _ := lossMoments(p, e.x, tx, t, from)
		n := e.add(dst, h.Count[i], from.a, from.b, end, from, math.Exp(-(p.R+e.x)*end.a-p.S*end.b), &m)
		dst[0] += h.Count[i] * math.Log(n)
	}
}

// moments returns how to get the first moments of loss over (tx, t] of the unit's
// histories: from a table by day, or, where there are few histories for the
// days, by panels. Which one depends on the data only.
func (e *excess) moments(h *purchase.Histories, u purchase.Unit, g *days, width int) func(dst *moments, tx, t int32, stay float64) {
	first, last := h.Tx[u.From], h.T[u.From]
	for i := u.From; i < u.To; i++ {
		first, last = min(first, h.Tx[i]), max(last, h.T[i])
	}
	if int(last-first) > 25*(u.To-u.From) {
		return func(dst *moments, tx, t int32, _ float64) {
			*dst, _ = lossMoments(g.p, e.x, float64(tx)*week, float64(t)*week, g.centre)
		}
	}
	table := make([]float64, width*int(last-first+1))
	g.momentsTo(table, width, e.x, int(first))
	return func(dst *moments, tx, t int32, stay float64) {
		a, b := table[int(tx-first)*width:][:width], table[int(t-first)*width:][:width]
		for k, v := range a {
			dst[k] = v - stay*b[k]
		}
	}
}
