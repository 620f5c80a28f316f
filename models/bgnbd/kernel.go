package bgnbd

import (
	"math"
	"slices"

	"clientele/models/purchase"
	"clientele/models/stat"
)

// few is the number of histories up to which tables by day do not pay.
const few = 200

// logLikelihood is LogLikelihoodHessian, with its constant, on grouped histories;
// unless curved, the second derivatives are left out.
func logLikelihood(h *purchase.Histories, p Params, curved bool, workers int) derivatives {
	var sums derivatives
	if h.Len() <= few {
		var one derivatives
		for i := range h.X {
			x, tx, t := weeks(h.At(i))
			p.rowTo(&one, x, tx, t)
			for j, v := range one {
				sums[j] += h.Count[i] * v
			}
		}
	} else {
		days := newDays(p, h.Longest())
		purchases := newPurchases(p, h.MostX(), curved)
		silences := newSilences(p, h, days, workers)
		width := rr
		if curved {
			width = len(sums)
		}
		stat.SumTo(sums[:width], workers, len(h.Units), func(k int, dst []float64) {
			u := h.Units[k]
			g := newGroup(p, int(h.X[u.From]), curved)
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
	sums[0] += constant(h, p.ticks())
	return sums
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

// purchases holds what depends on a number of purchases alone. The second
// derivatives are nil unless asked for.
type purchases struct {
	rising, slope, curve []float64 // ln Γ(r+n)/Γ(r) of n ticks, and its derivatives
	stayed               []float64 // ln B(a,b+n)/B(a,b) of n purchases
	byA, byB             []float64 // its derivatives
	byAA, byBB           []float64 // the second ones; that by both is byAA
}

func newPurchases(p Params, most int, curved bool) *purchases {
	ticks := p.ticks()*most + 1
	v := &purchases{rising: make([]float64, ticks), slope: make([]float64, ticks)}
	stat.LogRisingTo(v.rising, p.R)
	stat.DigammaRisingTo(v.slope, p.R)
	v.stayed, v.byA, v.byB = make([]float64, most+2), make([]float64, most+2), make([]float64, most+2)
	if curved {
		v.curve = make([]float64, ticks)
		stat.TrigammaRisingTo(v.curve, p.R)
		v.byAA, v.byBB = make([]float64, most+2), make([]float64, most+2)
	}
	if p.A == 0 {
		return v
	}
	for n := range most + 1 {
		b := p.B + float64(n)
		stay, left := 1/(p.A+b), 1/b
		v.stayed[n+1] = v.stayed[n] - math.Log1p(p.A*left)
		v.byA[n+1] = v.byA[n] - stay
		v.byB[n+1] = v.byB[n] + p.A*left*stay
		if curved {
			v.byAA[n+1] = v.byAA[n] + stay*stay
			v.byBB[n+1] = v.byBB[n] - p.A*left*stay*(left+stay)
		}
	}
	return v
}

// group adds up histories of one x.
type group struct {
	p      Params
	curved bool // second derivatives too
	k      int
	x      int
	risks  int     // purchases at risk
	rho    float64 // shape of the rate
	lost   float64 // Q of LogLikelihood

	customers     float64 // sums over histories, each times its count: of 1,
	logTx, perTx  float64 // of ln(α+t_x), of 1/(α+t_x),
	braces        float64 // of ln(S+Q),
	alive         float64 // of P(alive),
	shapes, rates float64 // of P(alive) times the derivatives of ln S by ρ and α;

	squareTx   float64 // where curved: of 1/(α+t_x)²,
	bends      slopes  // of P(alive) times the second derivatives of ln S, and of both times the derivatives and their products,
	both, gone float64 // of P(alive) (1-P(alive)), which is both, and of (1-P(alive))²
}

func newGroup(p Params, x int, curved bool) *group {
	g := &group{p: p, curved: curved, k: p.ticks(), x: x, risks: int(p.risks(float64(x))), rho: p.shape(float64(x))}
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
	if g.curved {
		dst[rr] += n*v.curve[ticks] + g.bends.rr
		dst[rAlpha] += n/p.Alpha - g.perTx + g.bends.rAlpha
		dst[alphaAlpha] += g.rho*g.squareTx - n*p.R/(p.Alpha*p.Alpha) + g.bends.alphaAlpha
	}
	if g.lost == 0 {
		return
	}
	gone := n - g.alive
	a, b := 1/p.A, -1/(p.B+float64(g.risks)-1) // the derivatives of ln Q
	dst[3] += n*v.byA[g.risks] + gone*a
	dst[4] += n*v.byB[g.risks] + gone*b
	if g.curved {
		dst[ra] -= g.bends.r * a
		dst[rb] -= g.bends.r * b
		dst[alphaA] -= g.bends.alpha * a
		dst[alphaB] -= g.bends.alpha * b
		dst[aa] += n*v.byAA[g.risks] - g.gone*a*a
		dst[ab] += n*v.byAA[g.risks] + g.both*a*b
		dst[bb] += n*v.byBB[g.risks] + (g.gone+2*g.both)*b*b
	}
}

// add adds a unit of one tick to a purchase. The logs of S+Q, which lie between
// 1e-40 and 1e40, are taken of products of many of them. The derivatives of ln S
// follow from l = ln(α+t_x) - ln(α+T) and its derivative m by α: ln S is ρ l.
func (g *group) add(h *purchase.Histories, u purchase.Unit, d *days, s *silence) {
	product := 1.0
	for from := u.From; from < u.To; {
		first, to := h.Tx[from], from
		log, per := d.log[first], d.per[first]
		var customers, alive, l, m float64 // sums over one t_x, the last two times the chance to be alive
		var bend, both, gone float64       // and where curved: of minus m's derivative,
		var lBoth, mBoth, ll, lm, mm float64
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
			over := 1 / n
			share, li, mi := w*none*over, log-d.log[last], per-d.per[last]
			customers += w
			alive += share
			l += share * li
			m += share * mi
			if !g.curved {
				continue
			}
			lost := g.lost * over
			mixed := share * lost
			both += mixed
			gone += w * lost * lost
			bend += share * mi * (per + d.per[last])
			lMixed, mMixed := mixed*li, mixed*mi
			lBoth += lMixed
			mBoth += mMixed
			ll += lMixed * li
			lm += lMixed * mi
			mm += mMixed * mi
		}
		g.customers += customers
		g.alive += alive
		g.logTx += customers * log
		g.perTx += customers * per
		g.shapes += l
		g.rates += m
		if g.curved {
			g.both += both
			g.gone += gone
			g.squareTx += customers * per * per
			g.bends.r += lBoth
			g.bends.alpha += mBoth
			g.bends.rr += ll
			g.bends.rAlpha += m + g.rho*lm
			g.bends.alphaAlpha += g.rho*g.rho*mm - g.rho*bend
		}
		from = to
	}
	g.rates *= g.rho
	g.bends.alpha *= g.rho
	g.braces += math.Log(product)
}

// addSafe is add where nobody can have been lost: no purchase has been at risk.
func (g *group) addSafe(h *purchase.Histories, u purchase.Unit, d *days) {
	for i := u.From; i < u.To; i++ {
		w, first, last := h.Count[i], h.Tx[i], h.T[i]
		g.customers += w
		g.logTx += w * d.log[first]
		g.perTx += w * d.per[first]
		g.squareTx += w * d.per[first] * d.per[first]
		m := d.per[first] - d.per[last]
		g.shapes += w * (d.log[first] - d.log[last])
		g.rates += w * m
		g.bends.alphaAlpha -= w * m * (d.per[first] + d.per[last])
	}
	g.alive = g.customers
	g.braces = g.rho * g.shapes
	g.bends.rAlpha = g.rates
	g.bends.alphaAlpha *= g.rho
	g.rates *= g.rho
}

// addRegular is add for several ticks to a purchase: see silenceSlopes.
func (g *group) addRegular(h *purchase.Histories, u purchase.Unit, d *days, s *silence) {
	var grow [MostK]float64           // of the terms (ρ)_j/j! q^j
	var harmonic, bend [MostK]float64 // (ρ)_j'/(ρ)_j and (ρ)_j''/(ρ)_j
	for j := range g.k - 1 {
		tick := 1 / (g.rho + float64(j))
		grow[j] = (g.rho + float64(j)) / float64(j+1)
		harmonic[j+1] = harmonic[j] + tick
		bend[j+1] = bend[j] + 2*harmonic[j]*tick
	}
	k := float64(g.k)
	all := harmonic[g.k-1] + 1/(g.rho+k-1)
	for i := u.From; i < u.To; i++ {
		w, first, last := h.Count[i], h.Tx[i], h.T[i]
		q := float64(last-first) * week * d.per[last]
		term, sum, slope, curve, ticks := 1.0, 1.0, 0.0, 0.0, 0.0
		for j := range g.k - 1 {
			term *= q * grow[j]
			sum += term
			slope += term * harmonic[j+1]
			if g.curved {
				curve += term * bend[j+1]
				ticks += term * float64(j+1)
			}
		}
		share, lost := w, 0.0
		if g.lost == 0 {
			g.braces += w * (g.rho*(d.log[first]-d.log[last]) + math.Log(sum))
		} else {
			none := sum * s.chance(first, last, g.rho, d)
			n := none + g.lost
			share, lost = w*none/n, g.lost/n
			g.braces += w * math.Log(n)
		}
		slope /= sum
		byShape := d.log[first] - d.log[last] + slope
		byAlpha := q * d.per[first] * (g.rho + k - 1) * term / sum
		g.customers += w
		g.logTx += w * d.log[first]
		g.perTx += w * d.per[first]
		g.alive += share
		g.shapes += share * byShape
		g.rates += share * byAlpha
		if !g.curved {
			continue
		}
		both := share * lost
		g.both += both
		g.gone += w * lost * lost
		g.squareTx += w * d.per[first] * d.per[first]
		g.bends.r += both * byShape
		g.bends.alpha += both * byAlpha
		g.bends.rr += share*(curve/sum-slope*slope) + both*byShape*byShape
		g.bends.rAlpha += byAlpha * (share*(all-slope) + both*byShape)
		g.bends.alphaAlpha += byAlpha * (both*byAlpha - share*((k-ticks/sum)*d.per[last]+d.per[first]))
	}
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
