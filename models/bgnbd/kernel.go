package bgnbd

import (
	"math"
	"slices"

	"clientele/models/purchase"
	"clientele/models/stat"
)

// few is the number of histories up to which tables by day do not pay.
const few = 200

// logLikelihood is LogLikelihoodGradient, with its constant, on grouped histories.
func logLikelihood(h *purchase.Histories, p Params, workers int) (value float64, gradient [4]float64) {
	var sums [5]float64
	if h.Len() <= few {
		for i := range h.X {
			x, tx, t := weeks(h.At(i))
			v, g := p.row(x, tx, t)
			sums[0] += h.Count[i] * v
			for j := range g {
				sums[1+j] += h.Count[i] * g[j]
			}
		}
	} else {
		days := newDays(p, h.Longest())
		purchases := newPurchases(p, h.MostX())
		silences := newSilences(p, h, days, workers)
		stat.SumTo(sums[:], workers, len(h.Units), func(k int, dst []float64) {
			u := h.Units[k]
			g := newGroup(p, int(h.X[u.From]))
			switch {
			case g.k > 1:
				g.addRegular(h, u, days, silences[k])
			case g.lost == 0:
				g.addSafe(h, u, days)
			default:
				g.add(h, u, days, silences[k])
			}
			g.sumTo(dst, purchases)
		})
	}
	return sums[0] + constant(h, p.ticks()), [4]float64(sums[1:])
}

// weeks returns a history as the formulas take it.
func weeks(h purchase.History) (x, tx, t float64) {
	return float64(h.X), float64(h.Tx) * week, float64(h.T) * week
}

// days holds what depends on α and a day alone.
type days struct {
	log []float64 // ln(α + d weeks)
	per []float64 // 1/(α + d weeks)
}

func newDays(p Params, longest int) *days {
	d := &days{log: make([]float64, longest+1), per: make([]float64, longest+1)}
	for i := range d.log {
		t := p.Alpha + float64(i)*week
		d.log[i], d.per[i] = math.Log(t), 1/t
	}
	return d
}

// purchases holds what depends on a number of purchases alone.
type purchases struct {
	rising, slope []float64 // ln Γ(r+n)/Γ(r) of n ticks, and its derivative
	stayed        []float64 // ln B(a,b+n)/B(a,b) of n purchases
	byA, byB      []float64 // its derivatives
}

func newPurchases(p Params, most int) *purchases {
	v := &purchases{rising: make([]float64, p.ticks()*most+1), slope: make([]float64, p.ticks()*most+1)}
	stat.LogRisingTo(v.rising, p.R)
	stat.DigammaRisingTo(v.slope, p.R)
	v.stayed, v.byA, v.byB = make([]float64, most+2), make([]float64, most+2), make([]float64, most+2)
	if p.A == 0 {
		return v
	}
	for n := range most + 1 {
		b := p.B + float64(n)
		stay := 1 / (p.A + b)
		v.stayed[n+1] = v.stayed[n] - math.Log1p(p.A/b)
		v.byA[n+1] = v.byA[n] - stay
		v.byB[n+1] = v.byB[n] + p.A/b*stay
	}
	return v
}

// group adds up histories of one x.
type group struct {
	p     Params
	k     int
	x     int
	risks int     // purchases at risk
	rho   float64 // shape of the rate
	lost  float64 // Q of LogLikelihood

	customers     float64 // sums over histories, each times its count: of 1,
	logTx, perTx  float64 // of ln(α+t_x), of 1/(α+t_x),
	braces        float64 // of ln(S+Q),
	alive         float64 // of P(alive),
	shapes, rates float64 // and of P(alive) times the derivatives of ln S by ρ and α
}

func newGroup(p Params, x int) *group {
	g := &group{p: p, k: p.ticks(), x: x, risks: int(p.risks(float64(x))), rho: p.shape(float64(x))}
	if p.A > 0 && g.risks > 0 {
		g.lost = p.A / (p.B + float64(g.risks) - 1)
	}
	return g
}

// sumTo adds the value and the derivatives to dst.
func (g *group) sumTo(dst []float64, v *purchases) {
	p, n := g.p, g.customers
	ticks := g.k * g.x
	logAlpha := math.Log(p.Alpha)
	dst[0] += n*(v.rising[ticks]+p.R*logAlpha+v.stayed[g.risks]) - g.rho*g.logTx + g.braces
	dst[1] += n*(v.slope[ticks]+logAlpha) - g.logTx + g.shapes
	dst[2] += n*p.R/p.Alpha - g.rho*g.perTx + g.rates
	if g.lost > 0 {
		gone := n - g.alive
		dst[3] += n*v.byA[g.risks] + gone/p.A
		dst[4] += n*v.byB[g.risks] - gone/(p.B+float64(g.risks)-1)
	}
}

// add adds a unit of one tick to a purchase. The logs of S+Q, which lie between
// 1e-40 and 1e40, are taken of products of many of them.
func (g *group) add(h *purchase.Histories, u purchase.Unit, d *days, s *silence) {
	product := 1.0
	for from := u.From; from < u.To; {
		first, to := h.Tx[from], from
		var customers, alive, logT, perT float64 // sums over one t_x, the last two times the chance to be alive
		for ; to < u.To && h.Tx[to] == first; to++ {
			w, last := h.Count[to], h.T[to]
			none := s.chance(first, last, g.rho, d)
			n := none + g.lost
			switch w {
			case 1:
				product *= n
			case 2:
				product *= n * n
			default:
				g.braces += w * math.Log(n)
			}
			if product < 1e-200 || product > 1e200 {
				g.braces += math.Log(product)
				product = 1
			}
			share := w * none / n
			customers += w
			alive += share
			logT += share * d.log[last]
			perT += share * d.per[last]
		}
		g.customers += customers
		g.alive += alive
		g.logTx += customers * d.log[first]
		g.perTx += customers * d.per[first]
		g.shapes += alive*d.log[first] - logT
		g.rates += alive*d.per[first] - perT
		from = to
	}
	g.rates *= g.rho
	g.braces += math.Log(product)
}

// addSafe is add where nobody can have been lost: no purchase has been at risk.
func (g *group) addSafe(h *purchase.Histories, u purchase.Unit, d *days) {
	for i := u.From; i < u.To; i++ {
		w, first, last := h.Count[i], h.Tx[i], h.T[i]
		g.customers += w
		g.logTx += w * d.log[first]
		g.perTx += w * d.per[first]
		g.shapes += w * (d.log[first] - d.log[last])
		g.rates += w * (d.per[first] - d.per[last])
	}
	g.alive = g.customers
	g.braces = g.rho * g.shapes
	g.rates *= g.rho
}

// addRegular is add for several ticks to a purchase.
func (g *group) addRegular(h *purchase.Histories, u purchase.Unit, d *days, s *silence) {
	var grow, harmonic [MostK]float64 // of the terms (ρ)_j/j! q^j, and of their derivatives by ρ
	for j := range g.k - 1 {
		grow[j] = (g.rho + float64(j)) / float64(j+1)
		harmonic[j+1] = harmonic[j] + 1/(g.rho+float64(j))
	}
	for i := u.From; i < u.To; i++ {
		w, first, last := h.Count[i], h.Tx[i], h.T[i]
		q := float64(last-first) * week * d.per[last]
		term, sum, slope := 1.0, 1.0, 0.0
		for j := range g.k - 1 {
			term *= q * grow[j]
			sum += term
			slope += term * harmonic[j+1]
		}
		alive := w
		if g.lost == 0 {
			g.braces += w * (g.rho*(d.log[first]-d.log[last]) + math.Log(sum))
		} else {
			none := sum * s.chance(first, last, g.rho, d)
			n := none + g.lost
			alive *= none / n
			g.braces += w * math.Log(n)
		}
		g.customers += w
		g.logTx += w * d.log[first]
		g.perTx += w * d.per[first]
		g.alive += alive
		g.shapes += alive * (d.log[first] - d.log[last] + slope/sum)
		g.rates += alive * q * d.per[first] * term / sum
	}
	g.rates *= g.rho + float64(g.k-1)
}

// silence gives the chances of no tick in (t_x, T], ((α+t_x)/(α+T))^ρ, of all
// histories of one x, from tables by day.
type silence struct {
	from     int32     // day of the first entry
	up, down []float64 // (α+day)^ρ, scaled, and one over it; nil where tables do not pay
}

// newSilences returns the silence of each unit, one for all units of an x.
func newSilences(p Params, h *purchase.Histories, d *days, workers int) []*silence {
	silences := make([]*silence, len(h.Units))
	var first []int // unit of each x
	for k, u := range h.Units {
		if k == 0 || h.X[u.From] != h.X[h.Units[k-1].From] {
			first = append(first, k)
			silences[k] = &silence{}
		} else {
			silences[k] = silences[k-1]
		}
	}
	stat.Each(workers, len(first), func(i int) {
		from, to := h.Units[first[i]].From, len(h.X)
		if i+1 < len(first) {
			to = h.Units[first[i+1]].From
		}
		silences[first[i]].fill(p.shape(float64(h.X[from])), h.Tx[from:to], h.T[from:to], d)
	})
	return silences
}

func (s *silence) fill(rho float64, tx, t []int32, d *days) {
	first, last := slices.Min(tx), slices.Max(t)
	if int(last-first) > len(t) || rho*(d.log[last]-d.log[first]) > 600 {
		return
	}
	s.from = first
	s.up, s.down = make([]float64, last-first+1), make([]float64, last-first+1)
	for i := range s.up {
		s.up[i] = math.Exp(rho * (d.log[first+int32(i)] - d.log[first]))
		s.down[i] = 1 / s.up[i]
	}
}

func (s *silence) chance(tx, t int32, rho float64, d *days) float64 {
	if s.up == nil {
		return math.Exp(rho * (d.log[tx] - d.log[t]))
	}
	return s.up[tx-s.from] * s.down[t-s.from]
}
