package bgnbd

import (
	"math"

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
		stat.SumTo(sums[:], workers, len(h.Units), func(k int, dst []float64) {
			u := h.Units[k]
			g := newGroup(p, int(h.X[u.From]), purchases)
			if g.k == 1 {
				g.add(h, u, days)
			} else {
				g.addRegular(h, u, days)
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

func newGroup(p Params, x int, v *purchases) *group {
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

// product is a sum of logs of numbers between 1e-40 and 1e40 that takes the log
// of their product now and then.
type product struct{ sum, of float64 }

func (l *product) add(count, v float64) {
	switch count {
	case 1:
		l.of *= v
	case 2:
		l.of *= v * v
	default:
		l.sum += count * math.Log(v)
		return
	}
	if l.of < 1e-200 || l.of > 1e200 {
		l.sum += math.Log(l.of)
		l.of = 1
	}
}

func (l *product) value() float64 { return l.sum + math.Log(l.of) }

// block is how many chances of silence are computed at a time.
const block = 256

// add adds a unit of one tick to a purchase.
func (g *group) add(h *purchase.Histories, u purchase.Unit, d *days) {
	if g.lost == 0 {
		g.addSafe(h, u, d)
		return
	}
	silence := newSilence(g.rho, h, u, d)
	logs := product{of: 1}
	var chances [block]float64
	for from := u.From; from < u.To; from += block {
		to := min(from+block, u.To)
		tx, t, count := h.Tx[from:to], h.T[from:to], h.Count[from:to]
		silence.to(chances[:len(t)], tx, t)
		for i, s := range chances[:len(t)] {
			w, first, last := count[i], tx[i], t[i]
			n := s + g.lost
			alive := w * s / n
			g.customers += w
			g.logTx += w * d.log[first]
			g.perTx += w * d.per[first]
			g.alive += alive
			g.shapes += alive * (d.log[first] - d.log[last])
			g.rates += alive * (d.per[first] - d.per[last])
			logs.add(w, n)
		}
	}
	g.rates *= g.rho
	g.braces = logs.value()
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
func (g *group) addRegular(h *purchase.Histories, u purchase.Unit, d *days) {
	var grow, harmonic [MostK]float64 // of the terms (ρ)_j/j! q^j, and of their derivatives by ρ
	for j := range g.k - 1 {
		grow[j] = (g.rho + float64(j)) / float64(j+1)
		harmonic[j+1] = harmonic[j] + 1/(g.rho+float64(j))
	}
	silence := newSilence(g.rho, h, u, d)
	var chances [block]float64
	for from := u.From; from < u.To; from += block {
		to := min(from+block, u.To)
		tx, t, count := h.Tx[from:to], h.T[from:to], h.Count[from:to]
		silence.to(chances[:len(t)], tx, t)
		for i, none := range chances[:len(t)] { // no tick
			w, first, last := count[i], tx[i], t[i]
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
				n := none*sum + g.lost
				alive *= none * sum / n
				g.braces += w * math.Log(n)
			}
			g.customers += w
			g.logTx += w * d.log[first]
			g.perTx += w * d.per[first]
			g.alive += alive
			g.shapes += alive * (d.log[first] - d.log[last] + slope/sum)
			g.rates += alive * q * d.per[first] * term / sum
		}
	}
	g.rates *= g.rho + float64(g.k-1)
}

// silence gives the chances of no tick in (t_x, T], ((α+t_x)/(α+T))^ρ, of the
// histories of one unit.
type silence struct {
	rho      float64
	days     *days
	from     int32     // day of the first entry of the tables
	up, down []float64 // by day: (α+day)^ρ, scaled, and one over it; nil where tables do not pay
}

func newSilence(rho float64, h *purchase.Histories, u purchase.Unit, d *days) silence {
	s := silence{rho: rho, days: d}
	first, last := h.Tx[u.From], h.T[u.From]
	for i := u.From; i < u.To; i++ {
		first, last = min(first, h.Tx[i]), max(last, h.T[i])
	}
	if int(last-first) > u.To-u.From || rho*(d.log[last]-d.log[first]) > 600 {
		return s
	}
	s.from = first
	s.up, s.down = make([]float64, last-first+1), make([]float64, last-first+1)
	for i := range s.up {
		s.up[i] = math.Exp(rho * (d.log[first+int32(i)] - d.log[first]))
		s.down[i] = 1 / s.up[i]
	}
	return s
}

// to writes the chances of histories tx, t to dst, of the same length.
func (s *silence) to(dst []float64, tx, t []int32) {
	if s.up == nil {
		for i := range dst {
			dst[i] = math.Exp(s.rho * (s.days.log[tx[i]] - s.days.log[t[i]]))
		}
		return
	}
	for i := range dst {
		dst[i] = s.up[tx[i]-s.from] * s.down[t[i]-s.from]
	}
}
