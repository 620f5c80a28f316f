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
	coarse nodes     // for days over which the integrand changes little
	fine   nodes     // for steeper ones
}

// nodes are the quadrature nodes of each day: n nodes a day, row by row.
type nodes struct {
	n      int
	fall   []float64 // ln(α+d) - ln(α+u): raised to r+x by the customer
	factor []float64 // weight s (β+u)^-1 ((β+d)/(β+u))^s
	logA   []float64 // ln(α+u)
	perA   []float64 // 1/(α+u)
	logB   []float64 // ln(β+u)
	perB   []float64 // 1/(β+u)
}

// newDays makes the tables for days 0..n; with gradient, those of gradients too.
func newDays(p Params, n int, gradient bool) *days {
	g := &days{p: p, logA: make([]float64, n+1), logB: make([]float64, n+1)}
	for d := range g.logA {
		u := float64(d) * week
		g.logA[d] = math.Log(p.Alpha + u)
		if p.S > 0 {
			g.logB[d] = math.Log(p.Beta + u)
		}
	}
	if p.S > 0 {
		g.coarse = g.nodes(gauss4, gradient)
		g.fine = g.nodes(gauss8, gradient)
	}
	return g
}

func (g *days) nodes(q rule, gradient bool) nodes {
	n := len(q.at)
	size := n * (len(g.logA) - 1)
	v := nodes{n: n, fall: make([]float64, size), factor: make([]float64, size)}
	if gradient {
		v.logA, v.perA = make([]float64, size), make([]float64, size)
		v.logB, v.perB = make([]float64, size), make([]float64, size)
	}
	for d := range len(g.logA) - 1 {
		for k, at := range q.at {
			i := d*n + k
			u := (float64(d) + at) * week
			a, b := g.p.Alpha+u, g.p.Beta+u
			la, lb := math.Log(a), math.Log(b)
			v.fall[i] = g.logA[d] - la
			v.factor[i] = q.weight[k] * week * g.p.S / b * math.Exp(g.p.S*(g.logB[d]-lb))
			if gradient {
				v.logA[i], v.perA[i], v.logB[i], v.perB[i] = la, 1/a, lb, 1/b
			}
		}
	}
	return v
}

// steepness bounds the relative change of the integrand of loss over day d.
// Below coarseBelow four nodes are exact to 1e-11 of the day, below fineBelow
// eight; steeper days, which only the first days of tiny α or β or histories
// that cannot be have, are integrated by panels. However small the powers, a
// day that is long beside the distance to a pole, -α or -β, needs more nodes:
// the error of n nodes falls as ρ^-2n, ρ = z + √(z²-1), z = 1 + 2 distance/day.
func (g *days) steepness(x float64, d int) float64 {
	u := float64(d) * week
	change := (g.p.R+x)/(g.p.Alpha+u) + (g.p.S+1)/(g.p.Beta+u)
	return week * max(change, 1.3/(min(g.p.Alpha, g.p.Beta)+u))
}

const (
	coarseBelow = 0.25
	fineBelow   = 2.0
)

func (g *days) nodesFor(steepness float64) *nodes {
	switch {
	case steepness < coarseBelow:
		return &g.coarse
	case steepness < fineBelow:
		return &g.fine
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

// momentsTo is lossTo for all moments, for the days from..from+len(dst)-1.
func (g *days) momentsTo(dst []moments, x float64, from int) {
	last := len(dst) - 1
	dst[last] = moments{}
	for k := last - 1; k >= 0; k-- {
		d := from + k
		day := g.dayMoments(x, d)
		stay := g.stay(x, d, d+1)
		next := &dst[k+1]
		for j := range day {
			day[j] += stay * next[j]
		}
		dst[k] = day
	}
}

func (g *days) dayMoments(x float64, d int) (day moments) {
	v := g.nodesFor(g.steepness(x, d))
	if v == nil {
		day, _ = lossMoments(g.p, x, float64(d)*week, float64(d+1)*week)
		return day
	}
	for i := d * v.n; i < (d+1)*v.n; i++ {
		f := v.factor[i] * math.Exp((g.p.R+x)*v.fall[i])
		day[0] += f
		day[1] += f * v.logA[i]
		day[2] += f * v.perA[i]
		day[3] += f * v.logB[i]
		day[4] += f * v.perB[i]
	}
	return day
}
