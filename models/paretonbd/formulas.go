package paretonbd

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/integrate/quad"

	"clientele/models/stat"
)

// Params are the parameters of the Pareto/NBD model, in weeks, under the names
// of Schmittlein, Morrison & Colombo (1987): a customer buys at a rate drawn
// from Gamma(R, Alpha) and is lost at a rate drawn from Gamma(S, Beta).
// S zero is the model without churn, the NBD; Beta then has no meaning.
type Params struct {
	R     float64 `json:"r"`
	Alpha float64 `json:"alpha"`
	S     float64 `json:"s,omitempty"`
	Beta  float64 `json:"beta,omitempty"`
}

// The functions below take one customer per row: x repeat purchases, the last
// of them at tx, seen for t, all counted from the first purchase, in weeks,
// x >= 0, 0 <= tx <= t. They panic when lengths differ, write dst where they
// have one, and allocate nothing. h is a time after t, in weeks.

// LogLikelihood returns the sum over customers of the log of the likelihood
// (Fader & Hardie 2005, "A Note on Deriving the Pareto/NBD Model", eq. 16-17),
// without a constant x!. It is computed from
//
//	L = Γ(r+x)/Γ(r) α^r β^s { (α+T)^-(r+x) (β+T)^-s + ∫ s (α+u)^-(r+x) (β+u)^-(s+1) du, u = t_x..T }
//
// whose terms are all positive: the difference of two 2F1 that the papers have
// in place of the integral loses digits and needs a case for α < β, this not.
func LogLikelihood(p Params, x, tx, t []float64) float64 {
	sameLength(len(x), len(tx), len(t), len(x))
	var sum float64
	for i := range x {
		sum += logLikelihood(p, x[i], tx[i], t[i])
	}
	return sum
}

// PAliveTo writes the probability that the customer is not lost at t.
func PAliveTo(dst []float64, p Params, x, tx, t []float64) {
	sameLength(len(dst), len(x), len(tx), len(t))
	for i := range dst {
		dst[i] = pAlive(p, x[i], tx[i], t[i])
	}
}

// ExpectedOrdersTo writes the number of purchases expected in (t, t+h]: the
// conditional expected transactions (Fader & Hardie 2005, eq. 41).
func ExpectedOrdersTo(dst []float64, p Params, h float64, x, tx, t []float64) {
	DiscountedOrdersTo(dst, p, h, 0, x, tx, t)
}

// DiscountedOrdersTo writes the purchases expected in (t, t+h], each worth
// e^(-rate (its time - t)); rate is continuous, a week. h may be infinite where
// rate is above zero: that is DERT (Fader, Hardie & Lee 2005, "RFM and CLV").
func DiscountedOrdersTo(dst []float64, p Params, h, rate float64, x, tx, t []float64) {
	sameLength(len(dst), len(x), len(tx), len(t))
	for i := range dst {
		dst[i] = pAlive(p, x[i], tx[i], t[i]) * (p.R + x[i]) / (p.Alpha + t[i]) * survival(p, t[i], h, rate)
	}
}

// NoPurchaseTo writes the probability of no purchase in (t, t+h]: the customer
// is lost by now, or is alive and buys nothing. It equals L(x, tx, t+h)/L(x, tx, t).
func NoPurchaseTo(dst []float64, p Params, h float64, x, tx, t []float64) {
	sameLength(len(dst), len(x), len(tx), len(t))
	for i := range dst {
		alive := pAlive(p, x[i], tx[i], t[i])
		dst[i] = min(1, 1-alive+alive*silentIfAlive(p, x[i], t[i], h))
	}
}

// PurchasesTo writes the probability that a customer with the history given
// makes exactly n purchases in (t, t+h] to dst[n], for all n below len(dst), and
// returns the probability of more (Fader & Hardie 2014, "Deriving the
// conditional PMF of the Pareto/NBD model"; computed by a recursion of three terms or,
// where that would lose digits, by the integral over the time of loss, whose terms are
// all positive, instead of their sums of 2F1).
func PurchasesTo(dst []float64, p Params, h, x, tx, t float64) (rest float64) {
	return purchasesTo(dst, p, pAlive(p, x, tx, t), x, t, h)
}

// ExpectedPurchases returns the number of repeat purchases expected from a new
// customer in the first t weeks (Schmittlein et al. 1987, eq. 17).
func ExpectedPurchases(p Params, t float64) float64 {
	if p.S == 0 {
		return p.R / p.Alpha * t
	}
	return p.R / p.Alpha * p.Beta * stat.Growth(1-p.S, math.Log1p(t/p.Beta))
}

func sameLength(a, b, c, d int) {
	if a != b || a != c || a != d {
		panic(fmt.Sprintf("paretonbd: slices of %d, %d, %d and %d rows", a, b, c, d))
	}
}

func logLikelihood(p Params, x, tx, t float64) float64 {
	rising, _ := math.Lgamma(p.R + x)
	base, _ := math.Lgamma(p.R)
	// α^r (α+tx)^-(r+x) and β^s (β+tx)^-s, with what cancels cancelled.
	l := rising - base - p.R*math.Log1p(tx/p.Alpha) - x*math.Log(p.Alpha+tx)
	if p.S == 0 {
		return l + logStay(p, x, tx, t)
	}
	l -= p.S * math.Log1p(tx/p.Beta)
	return l + math.Log(math.Exp(logStay(p, x, tx, t))+loss(p, x, tx, t))
}

// logStay is the log of the chance, given the history to a, of neither buying
// nor being lost in (a, b]: ((α+a)/(α+b))^(r+x) ((β+a)/(β+b))^s.
func logStay(p Params, x, a, b float64) float64 {
	l := -(p.R + x) * math.Log1p((b-a)/(p.Alpha+a))
	if p.S > 0 {
		l -= p.S * math.Log1p((b-a)/(p.Beta+a))
	}
	return l
}

func pAlive(p Params, x, tx, t float64) float64 {
	if p.S == 0 {
		return 1
	}
	// stay / (stay + loss); stay may underflow for heavy buyers long silent.
	return 1 / (1 + loss(p, x, tx, t)*math.Exp(-logStay(p, x, tx, t)))
}

// silentIfAlive is the chance that a customer alive at t buys nothing in
// (t, t+h]: stays silent and alive, or is lost first.
func silentIfAlive(p Params, x, t, h float64) float64 {
	silent := math.Exp(logStay(p, x, t, t+h))
	if p.S > 0 {
		silent += loss(p, x, t, t+h)
	}
	return min(1, silent)
}

// The integrals below are taken in w = log(c+u), panel by panel: with c the
// smaller of α and β the integrand is analytic for |Im w| < π, so Gauss's rule
// on panels no wider than this, over which the integrand falls by no more than
// about e^-10, is exact to rounding.
const (
	panelWidth = 1.25
	panelFall  = 6.0
	farEnough  = 45.0 // e^-45 of the value at the start: below rounding
)

// loss is the chance, given the history to a, of being lost in (a, b] before
// buying: ∫ s (α+u)^-(r+x) (β+u)^-(s+1) du over (a, b], by its value at a
// without s/(β+u).
func loss(p Params, x, a, b float64) float64 {
	// lossMoments without the moments that derivatives need. With w = ln((c+u)/(c+a))
	// the integrand, (α+u)^-(r+x) (β+u)^-(s+1) du by its value at a, is a power of e^w
	// times one of the factor that is farther from its pole.
	near, far, steep, other := p.Alpha+a, p.Beta+a, p.R+x, p.S+1
	if far < near {
		near, far, steep, other = far, near, other, steep
	}
	end := math.Log1p((b - a) / near)
	var sum, from, fallen float64
	for from < end && fallen < farEnough {
		u := near * math.Exp(from)
		rate := steep + other*u/(far-near+u)
		width := min(panelWidth, panelFall/rate, end-from)
		for k, node := range gauss16.at {
			w := from + width*node
			sum += gauss16.weight[k] * width * math.Exp((1-steep)*w-other*math.Log1p(near*math.Expm1(w)/far))
		}
		from += width
		fallen += max(0, rate-1) * width
	}
	return sum * p.S * near / (p.Beta + a)
}

// logs are ln(α+u), ln(β+u) and their derivatives 1/(α+u), 1/(β+u) at one time u.
type logs struct{ a, perA, b, perB float64 }

func logsAt(p Params, u float64) logs {
	return logs{math.Log(p.Alpha + u), 1 / (p.Alpha + u), math.Log(p.Beta + u), 1 / (p.Beta + u)}
}

// minus returns how far l is from the logs at another time.
func (l logs) minus(c logs) logs {
	return logs{l.a - c.a, l.perA - c.perA, l.b - c.b, l.perB - c.perB}
}

// moments are integrals of f(u), the integrand of loss, and of what the derivatives
// of the likelihood need: of f times each of the logs at u, then of f times the
// products of two of them. Logs are counted from those at some time, the centre, so
// that variances lose no digits.
type moments [15]float64

// The places of the moments. Those up to simple are the ones of first derivatives.
const (
	mA = 1 + iota
	mPerA
	mB
	mPerB
	mAA
	mAPerA
	mAB
	mAPerB
	mPerAPerA
	mPerAB
	mPerAPerB
	mBB
	mBPerB
	mPerBPerB
	simple = mAA
)

// add adds f at a time of logs l, from the centre.
func (m *moments) add(f float64, l logs) {
	a, perA, b, perB := f*l.a, f*l.perA, f*l.b, f*l.perB
	m[0] += f
	m[mA] += a
	m[mPerA] += perA
	m[mB] += b
	m[mPerB] += perB
	m[mAA] += a * l.a
	m[mAPerA] += a * l.perA
	m[mAB] += a * l.b
	m[mAPerB] += a * l.perB
	m[mPerAPerA] += perA * l.perA
	m[mPerAB] += perA * l.b
	m[mPerAPerB] += perA * l.perB
	m[mBB] += b * l.b
	m[mBPerB] += b * l.perB
	m[mPerBPerB] += perB * l.perB
}

// lossMoments are those of (a, b]. It also returns the number of panels.
func lossMoments(p Params, x, a, b float64, centre logs) (m moments, panels int) {
	c := min(p.Alpha, p.Beta)
	end := math.Log1p((b - a) / (c + a))
	start := logs{a: math.Log(p.Alpha + a), b: math.Log(p.Beta + a)}.minus(centre)
	var from, fallen float64
	for from < end && fallen < farEnough {
		u := (c + a) * math.Exp(from) // c+u at the panel's start
		rate := (p.R+x)*u/(p.Alpha-c+u) + (p.S+1)*u/(p.Beta-c+u)
		width := min(panelWidth, panelFall/rate, end-from)
		for k, node := range gauss16.at {
			du := (c + a) * math.Expm1(from+width*node) // u - a
			alpha, beta := p.Alpha+a+du, p.Beta+a+du
			la, lb := math.Log1p(du/(p.Alpha+a)), math.Log1p(du/(p.Beta+a))
			f := gauss16.weight[k] * width * (c + a + du) * p.S / beta * math.Exp(-(p.R+x)*la-p.S*lb)
			m.add(f, logs{start.a + la, 1/alpha - centre.perA, start.b + lb, 1/beta - centre.perB})
		}
		from += width
		fallen += max(0, rate-1) * width
		panels++
	}
	return m, panels
}

// survival is ∫ e^(-rate v) ((β+t)/(β+t+v))^s dv over v in (0, h]: the weeks,
// discounted, that a customer alive at t is expected to live in (t, t+h].
func survival(p Params, t, h, rate float64) float64 {
	if p.S == 0 {
		return stat.Growth(-rate, h)
	}
	b := p.Beta + t
	if rate == 0 {
		if math.IsInf(h, 1) && p.S > 1 {
			return b / (p.S - 1)
		}
		return b * stat.Growth(1-p.S, math.Log1p(h/b))
	}
	end := math.Log1p(h / b)
	var sum float64
	for from := 0.0; from < end; {
		v := b * math.Exp(from)
		if rate*(v-b) > 60 {
			break
		}
		width := min(panelWidth, panelFall/(math.Abs(1-p.S)+rate*v), end-from)
		for k, node := range gauss16.at {
			w := from + width*node
			sum += gauss16.weight[k] * width * b * math.Exp((1-p.S)*w-rate*b*math.Expm1(w))
		}
		from += width
	}
	return sum
}

// purchasesTo is PurchasesTo for a customer of known P(alive). Given that the
// customer is alive at t, purchases are negative binomial over the time lived:
// to the end of (t, t+h], or to the loss at u, which has the density
// s (β+t)^s (β+t+u)^-(s+1).
func purchasesTo(dst []float64, p Params, alive, x, t, h float64) (rest float64) {
	clear(dst)
	a, b, c := p.R+x, p.Alpha+t, p.Beta+t
	if !recurred(dst, alive, p.S, a, b, c, h) {
		integrated(dst, alive, p.S, a, b, c, h)
	}
	if len(dst) > 0 {
		dst[0] += 1 - alive
	}
	rest = 1
	for n := range dst {
		rest -= dst[n]
	}
	return max(0, rest)
}

// integrated adds alive times the probabilities of purchasesTo for one who is alive, by
// the integral over the time of loss.
func integrated(dst []float64, alive, s, a, b, c, h float64) {
	for from := 0.0; from < h && s > 0 && s*math.Log1p(from/c) < farEnough; {
		// The integrand's poles are at -b and -c; the peak of n purchases at u,
		// of which there is one near every u, is √(u(b+u)/a) wide or wider.
		width := min(panelWidth*(min(b, c)+from), panelFall*(c+from)/(s+1), max(6*math.Sqrt(from*(b+from)/a), 5*b/a), h-from)
		var at, weight [nodes16]float64
		for k, node := range gauss16.at {
			u := from + width*node
			at[k], weight[k] = u, alive*gauss16.weight[k]*width*s/(c+u)*math.Exp(-s*math.Log1p(u/c))
		}
		addNegativeBinomials(dst, &weight, a, b, &at)
		from += width
	}
	addNegativeBinomial(dst, alive*math.Exp(-s*math.Log1p(h/c)), a, b, h)
}

// recurred is integrated by a recursion, in a third of the time; false, and nothing done,
// where it would lose digits or take long.
//
// Let v(n) be the probability of n purchases and no loss, and g(n) that of n purchases and
// then loss. With q = u/(b+u),
//
//	g(n) = C(n) s b/c ∫ q^n (1-q)^(a+s-1) (1-κq)^-(s+1) dq, q = 0..h/(b+h)
//
// where C(n) = Γ(a+n)/(Γ(a) n!) and κ = 1 - b/c. The derivative of q^(n+1) (1-q)^(a+s)
// (1-κq)^-s ties three of these in a row:
//
//	(a+n) g(n) = ((n+1)(1+κ) + a + s(1-κ)) g(n+1) - κ (n+2) g(n+2) + (a+n) s b/c h/(b+h) v(n)/(n+1).
//
// Taken from above, what is wrong at the start stays as small a part as it is there of the
// same integral up to 1, which falls no faster than n^-(s+1), while κ >= -1. So it starts
// with nothing where v(n) is next to nothing even then.
func recurred(dst []float64, alive, s, a, b, c, h float64) bool {
	q, start := h/(b+h), -a*math.Log1p(h/b)-s*math.Log1p(h/c)
	if b > 2*c || s > steepLoss || !(start > underflow) || !(q > 0) {
		return false
	}
	v, n, most := alive*math.Exp(start), 0, 4*len(dst)+400
	for end := 0.0; ; n++ {
		if float64(n) > end && q*(a+float64(n)) < float64(n+1) {
			grown := math.Pow((float64(n)+a+s)/(a+s), s+1)
			if v*grown < 1e-22*alive*min(1, s) {
				break
			}
			end = 1.1*float64(n) + 8 // where it is worth to look again
		}
		if n > most {
			return false
		}
		v *= q * (a + float64(n)) / float64(n+1)
	}
	kappa, edge := (c-b)/c, s*b/c*q
	constant, perStep := a+s*(1-kappa), 1+kappa
	var last, more float64 // g(n+1), g(n+2)
	for n--; n >= 0; n-- {
		m := float64(n)
		per, next := 1/(a+m), m+1
		v *= next * per / q
		last, more = (next*perStep+constant)*per*last-kappa*(m+2)*per*more+edge/next*v, last
		if n < len(dst) {
			dst[n] = v + last
		}
	}
	return true
}

// steepLoss is the shape of loss from which a recursion that starts with nothing would
// have to start too far out.
const steepLoss = 6

// underflow is the log of a probability that is as good as zero, yet above what
// a float64 can hold.
const underflow = -650

// addNegativeBinomial adds w times the probability of n purchases in a time u to
// dst[n], where the rate is Gamma(a, b).
func addNegativeBinomial(dst []float64, w, a, b, u float64) {
	q := u / (b + u)
	l, n := -a*math.Log1p(u/b), 0
	for logQ := math.Log(q); l < underflow && n < len(dst); n++ {
		l += logQ + math.Log((a+float64(n))/float64(n+1))
	}
	v := w * math.Exp(l)
	for ; n < len(dst); n++ {
		dst[n] += v
		ratio := q * (a + float64(n)) / float64(n+1)
		if v *= ratio; ratio < 1 && v < 1e-22 {
			return // what follows falls ever faster
		}
	}
}

// nodes16 are the nodes of gauss16.
const nodes16 = 16

// addNegativeBinomials is addNegativeBinomial for the times u of a panel with weights w,
// side by side: what goes from n to n+1 but for the time is found once for all.
func addNegativeBinomials(dst []float64, w *[nodes16]float64, a, b float64, u *[nodes16]float64) {
	var v, q [nodes16]float64
	for k, at := range u {
		l := -a * math.Log1p(at/b)
		if l < underflow { // the last of the panel is the least
			for k, at := range u {
				addNegativeBinomial(dst, w[k], a, b, at)
			}
			return
		}
		v[k], q[k] = w[k]*math.Exp(l), at/(b+at)
	}
	for n := range dst {
		ratio := (a + float64(n)) / float64(n+1)
		var even, odd float64
		for k := 0; k < nodes16; k += 2 {
			even += v[k]
			odd += v[k+1]
			v[k] *= q[k] * ratio
			v[k+1] *= q[k+1] * ratio
		}
		sum := even + odd
		dst[n] += sum
		if sum < 1e-22 && ratio*q[nodes16-1] < 1 {
			return // what follows falls ever faster
		}
	}
}

// rule is Gauss's quadrature on [0, 1].
type rule struct{ at, weight []float64 }

func gauss(n int) rule {
	r := rule{at: make([]float64, n), weight: make([]float64, n)}
	quad.Legendre{}.FixedLocations(r.at, r.weight, 0, 1)
	return r
}

var gauss2, gauss3, gauss4, gauss8, gauss16 = gauss(2), gauss(3), gauss(4), gauss(8), gauss(16)
