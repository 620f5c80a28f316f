package paretonbd

import (
	"math"

	"clientele/models/purchase"
	"clientele/models/stat"
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
	growth []float64 // (α+d)/(α+u): what e^fall is; nil with gradients
	logs   []logs    // those at u, from the centre; nil without gradients
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
	} else {
		v.growth = make([]float64, size)
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
			} else {
				v.growth[i] = (g.p.Alpha + float64(d)*week) / a
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

// together is how many numbers of purchases in a row have their tables of loss made at
// once: from one to the next every power grows by a factor that is at hand.
const together = 4

// lossTo writes to dst[j][d], for d in 0..n with n = len(dst[j])-1, the chance of
// being lost before buying in (d, n], given x+j purchases and alive at d. For any
// a <= b the chance for (a, b] is dst[j][a] - stay(a, b) dst[j][b]. Before day x, when
// there can be nobody with x purchases, it writes nothing.
func (g *days) lossTo(dst *[together][]float64, x int) {
	last := len(dst[0]) - 1
	for j := range dst {
		dst[j][last] = 0
	}
	if last <= x {
		return
	}
	stay, room := g.stays(float64(x), 0, last), make([]float64, 8*daysAtOnce)
	for to := last; to > x; { // nobody has bought more often than on every day
		v, from := g.run(float64(x+together-1), x, to)
		if v == nil {
			g.lossByPanels(dst, x, from, to, stay)
		} else {
			g.lossByNodes(dst, g.p.R+float64(x), from, to, stay, v, room)
		}
		to = from
	}
}

// stays are the chances of neither buying nor being lost on each of the days from and up
// to to, given x purchases.
func (g *days) stays(x float64, from, to int) []float64 {
	out := make([]float64, to-from)
	for k := range out {
		d := from + k
		out[k] = (g.p.R+x)*(g.logA[d]-g.logA[d+1]) + g.p.S*(g.logB[d]-g.logB[d+1])
	}
	stat.ExpTo(out, out)
	return out
}

// daysAtOnce is for how many days powers are taken at once.
const daysAtOnce = 64

// run returns the nodes of the day before to, given x purchases, and the first of the days
// before it, from least on, that have the same ones.
func (g *days) run(x float64, least, to int) (v *nodes, from int) {
	v, from = g.nodesFor(g.steepness(x, to-1)), to-1
	for from > least && to-from < daysAtOnce && g.nodesFor(g.steepness(x, from-1)) == v {
		from--
	}
	return v, from
}

// powersTo writes the powers r of the fall at the nodes of days from and up to to.
func (v *nodes) powersTo(room []float64, r float64, from, to int) []float64 {
	fall := v.fall[from*v.n : to*v.n]
	power := room[:len(fall)]
	for i, f := range fall {
		power[i] = r * f
	}
	stat.ExpTo(power, power)
	return power
}

// lossByNodes is lossTo for days from and up to to, whose nodes are v.
func (g *days) lossByNodes(dst *[together][]float64, r float64, from, to int, stay []float64, v *nodes, room []float64) {
	factor, growth, power := v.factor[from*v.n:to*v.n], v.growth[from*v.n:to*v.n], v.powersTo(room, r, from, to)
	for d := to - 1; d >= from; d-- {
		var day0, day1, day2, day3 float64
		for i := (d - from) * v.n; i < (d-from+1)*v.n; i++ {
			f, grow := factor[i]*power[i], growth[i]
			day0 += f
			f *= grow
			day1 += f
			f *= grow
			day2 += f
			day3 += f * grow
		}
		stays, grow := stay[d], g.growth(d)
		for j, day := range [together]float64{day0, day1, day2, day3} {
			dst[j][d] = day + stays*dst[j][d+1]
			stays *= grow
		}
	}
}

// lossByPanels is lossTo for days from and up to to, which are too steep for nodes.
func (g *days) lossByPanels(dst *[together][]float64, x, from, to int, stay []float64) {
	for d := to - 1; d >= from; d-- {
		stays, grow := stay[d], g.growth(d)
		for j := range dst {
			dst[j][d] = loss(g.p, float64(x+j), float64(d)*week, float64(d+1)*week) + stays*dst[j][d+1]
			stays *= grow
		}
	}
}

// growth is by what the chance to stay through day d grows with a purchase more.
func (g *days) growth(d int) float64 {
	u := float64(d) * week
	return (g.p.Alpha + u) / (g.p.Alpha + u + week)
}

// at returns the logs at the end of day d, from the centre.
func (g *days) at(d int32) logs {
	u := float64(d) * week
	return logs{g.logA[d], 1 / (g.p.Alpha + u), g.logB[d], 1 / (g.p.Beta + u)}.minus(g.centre)
}

// momentsTo is lossTo for moments of one x, the first `width` of each, which are
// dst[k*width:][:width] for day from+k.
func (g *days) momentsTo(dst []float64, width int, x float64, from int) {
	last := len(dst)/width - 1
	clear(dst[last*width:])
	stay, room := g.stays(x, from, from+last), make([]float64, 8*daysAtOnce)
	for to := from + last; to > from; {
		v, first := g.run(x, from, to)
		var power []float64
		if v != nil {
			power = v.powersTo(room, g.p.R+x, first, to)
		}
		for d := to - 1; d >= first; d-- {
			var day moments
			if v == nil {
				day, _ = lossMoments(g.p, x, float64(d)*week, float64(d+1)*week, g.centre)
			} else {
				v.momentsTo(&day, power[(d-first)*v.n:][:v.n], d, width)
			}
			k := d - from
			next := dst[(k+1)*width:][:width]
			for j, m := range day[:width] {
				dst[k*width+j] = m + stay[k]*next[j]
			}
		}
		to = first
	}
}

// momentsTo adds up the moments of day d, of which it may leave out those from width on.
func (v *nodes) momentsTo(day *moments, power []float64, d, width int) {
	factor, at := v.factor[d*v.n:][:len(power)], v.logs[d*v.n:][:len(power)]
	for i, f := range power {
		f *= factor[i]
		l := &at[i]
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
}
