package paretonbd

import (
	"math"

	"clientele/models/purchase"
)

const week = purchase.Week

// days holds, for one set of parameters and every day from 0 to n, the logs
// and the factors that do not depend on the customer. Histories are in whole
// days, so integrals of loss are sums of integrals over days, and every
// customer of equal x reads the same ones: a few million customers cost a few
// hundred tables.
type days struct {
	p      Params
	logA   []float64 // ln(α + d weeks)
	logB   []float64 // ln(β + d weeks)
	tiers  [4]nodes  // the coarsest first, for days over which the integrand changes least
	centre logs      // of moments: those of the day in the middle
}

// nodes are the quadrature nodes of each day: n nodes a day, row by row.
type nodes struct {
	n      int
	fall   []float64 // ln(α+d) - ln(α+u): raised to r+x by the customer
	factor []float64 // weight s (β+u)^-1 ((β+d)/(β+u))^s
	logs   []logs    // those at u, from the centre
}

// newDays makes the tables for days 0..n and up to most purchases; with gradient, those
// of gradients too.
func newDays(p Params, n, most int, gradient bool) *days {
	g := &days{p: p, logA: make([]float64, n+1), logB: make([]float64, n+1)}
	for d := range g.logA {
		u := float64(d) * week
		g.logA[d] = math.Log(p.Alpha + u)
		if p.S > 0 {
			g.logB[d] = math.Log(p.Beta + u)
		}
	}
	g.centre = logsAt(p, float64(n)/2*week)
	if p.S > 0 {
		for k, q := range [len(tierBelow)]rule{gauss2, gauss3, gauss4, gauss8} {
			g.tiers[k] = g.nodes(k, q, most, gradient)
		}
	}
	return g
}

// nodes are those of a tier, on the days that need it.
func (g *days) nodes(tier int, q rule, most int, gradient bool) nodes {
	n := len(q.at)
	size := n * (len(g.logA) - 1)
	v := nodes{n: n, fall: make([]float64, size), factor: make([]float64, size)}
	if gradient {
		v.logs = make([]logs, size)
	}
	for d := range len(g.logA) - 1 {
		if g.steepness(0, d) >= tierBelow[tier] || tier > 0 && g.steepness(float64(most), d) < tierBelow[tier-1] {
			continue
		}
		for k, at := range q.at {
			i := d*n + k
			u := (float64(d) + at) * week
			a, b := g.p.Alpha+u, g.p.Beta+u
			la, lb := math.Log(a), math.Log(b)
			v.fall[i] = g.logA[d] - la
			v.factor[i] = q.weight[k] * week * g.p.S / b * math.Exp(g.p.S*(g.logB[d]-lb))
			if gradient {
				v.logs[i] = logs{la, 1 / a, lb, 1 / b}.minus(g.centre)
			}
		}
	}
	return v
}

// steepness bounds the relative change of the integrand of loss over day d.
// Below tierBelow two, three, four and eight nodes are exact to 3e-11 of the day;
// steeper days, which only the first days of tiny α or β or histories that cannot be
// have, are integrated by panels. However small the powers, a
// day that is long beside the distance to a pole, -α or -β, needs more nodes:
// the error of n nodes falls as ρ^-2n, ρ = z + √(z²-1), z = 1 + 2 distance/day.
func (g *days) steepness(x float64, d int) float64 {
	u := float64(d) * week
	change := (g.p.R+x)/(g.p.Alpha+u) + (g.p.S+1)/(g.p.Beta+u)
	return week * max(change, 1.3/(min(g.p.Alpha, g.p.Beta)+u))
}

var tierBelow = [4]float64{0.0096, 0.077, 0.25, 2}

func (g *days) nodesFor(steepness float64) *nodes {
	for k, below := range tierBelow {
		if steepness < below {
			return &g.tiers[k]
		}
	}
	return nil
}

// stay is the chance of neither buying nor being lost from the end of day a to
// the end of day b, b >= a, given x purchases to a.
func (g *days) stay(x float64, a, b int) float64 {
	return math.Exp((g.p.R+x)*(g.logA[a]-g.logA[b]) + g.p.S*(g.logB[a]-g.logB[b]))
}

// lossTo writes to dst[d], for d in 0..n with n = len(dst)-1, the chance of
// being lost before buying in (d, n], given x purchases and alive at d. For any
// a <= b the chance for (a, b] is dst[a] - stay(a, b) dst[b].
func (g *days) lossTo(dst []float64, x float64) {
	last := len(dst) - 1
	dst[last] = 0
	for d := last - 1; d >= 0; d-- {
		var day float64
		if v := g.nodesFor(g.steepness(x, d)); v != nil {
			for i := d * v.n; i < (d+1)*v.n; i++ {
				day += v.factor[i] * math.Exp((g.p.R+x)*v.fall[i])
			}
		} else {
			day = loss(g.p, x, float64(d)*week, float64(d+1)*week)
		}
		dst[d] = day + g.stay(x, d, d+1)*dst[d+1]
	}
}

// at returns the logs at the end of day d, from the centre.
func (g *days) at(d int32) logs {
	u := float64(d) * week
	return logs{g.logA[d], 1 / (g.p.Alpha + u), g.logB[d], 1 / (g.p.Beta + u)}.minus(g.centre)
}

// momentsTo is lossTo for moments, the first `width` of each, which are
// dst[k*width:][:width] for day from+k.
func (g *days) momentsTo(dst []float64, width int, x float64, from int) {
	last := len(dst)/width - 1
	clear(dst[last*width:])
	for k := last - 1; k >= 0; k-- {
		d := from + k
		day := g.dayMoments(x, d, width)
		stay := g.stay(x, d, d+1)
		next := dst[(k+1)*width:][:width]
		for j, v := range day[:width] {
			dst[k*width+j] = v + stay*next[j]
		}
	}
}

// dayMoments may leave out the moments from width on.
func (g *days) dayMoments(x float64, d, width int) (day moments) {
	v := g.nodesFor(g.steepness(x, d))
	if v == nil {
		day, _ = lossMoments(g.p, x, float64(d)*week, float64(d+1)*week, g.centre)
		return day
	}
	for i := d * v.n; i < (d+1)*v.n; i++ {
		f := v.factor[i] * math.Exp((g.p.R+x)*v.fall[i])
		l := &v.logs[i]
		if width > simple {
			day.add(f, *l)
			continue
		}
		day[0] += f
		day[mA] += f * l.a
		day[mPerA] += f * l.perA
		day[mB] += f * l.b
		day[mPerB] += f * l.perB
	}
	return day
}
