package bgnbd

import (
	"fmt"
	"math"

	"clientele/models/stat"
)

// Params are the parameters of one model of the family, in weeks, under the
// names of Fader, Hardie & Lee (2005): purchases come at a rate drawn from
// Gamma(R, Alpha), and after a purchase the customer is lost with a
// probability drawn from Beta(A, B).
//
// A zero is the model without churn, the NBD; B then has no meaning.
type Params struct {
	R     float64 `json:"r"`
	Alpha float64 `json:"alpha"`
	A     float64 `json:"a,omitempty"`
	B     float64 `json:"b,omitempty"`
	Clock
}

// Clock is what tells one model of the family from another.
type Clock struct {
	// Modified says that the first purchase too may be the last (MBG/NBD).
	Modified bool `json:"modified,omitempty"`
	// K is the number of ticks of the customer's Poisson clock to a purchase, 1
	// to MostK: the gaps between purchases are Erlang-K (CNBD-k), the more
	// regular the greater. Zero is 1.
	K int `json:"k,omitempty"`
}

// MostK is the greatest number of ticks to a purchase.
const MostK = 12

func (c Clock) ticks() int { return max(c.K, 1) }

// risks is the number of purchases of a customer with x repeat purchases after
// which the model lets customers be lost.
func (c Clock) risks(x float64) float64 {
	if c.Modified {
		return x + 1
	}
	return x
}

// shape is ρ, the shape of the purchase rate's distribution, Gamma(ρ, α+t_x),
// after x repeat purchases.
func (p Params) shape(x float64) float64 { return p.R + float64(p.ticks())*x }

// The functions below take one customer per row: x repeat purchases, the last
// of them at tx, seen for t, all counted from the first purchase, in weeks,
// x >= 0 and whole, 0 <= tx <= t. They panic when lengths differ, write dst
// where they have one, and allocate nothing. h is a time after t, in weeks.

// LogLikelihood returns the sum over customers of the log of the likelihood
// (Fader, Hardie & Lee 2005, eq. 6; Batislam et al. 2007; Platzer & Reutterer
// 2017 for K ticks), without a constant x! and without GapConstant. With ρ =
// R + K x and n the purchases at risk (x, or x+1 where Modified),
//
//	L = Γ(ρ)/Γ(r) α^r (α+t_x)^-ρ  B(a,b+n)/B(a,b)  { S + Q }
//	S = (1-q)^ρ Σ (ρ)_j/j! q^j over j < K, q = (T-t_x)/(α+T):  not lost, and no purchase since t_x
//	Q = a/(b+n-1), or 0 where n = 0:  lost at t_x
//
// which stays finite for any number of purchases, where the published form,
// scaled by (α+T)^-ρ, holds a ratio that overflows.
func LogLikelihood(p Params, x, tx, t []float64) float64 {
	sameLength(len(x), len(tx), len(t), len(x))
	var sum float64
	for i := range x {
		c := p.customer(x[i], tx[i], t[i])
		sum += p.logPrior(x[i], tx[i]) + c.logBraces()
	}
	return sum
}

// LogLikelihoodGradient is LogLikelihood with its exact derivatives by R,
// Alpha, A and B. Those by A and B are zero where A is.
func LogLikelihoodGradient(p Params, x, tx, t []float64) (value float64, gradient [4]float64) {
	value, gradient, _ = LogLikelihoodHessian(p, x, tx, t)
	return value, gradient
}

// LogLikelihoodHessian is LogLikelihoodGradient with the exact second derivatives.
// With P(alive) = S/(S+Q) and the chance Q/(S+Q) of having been lost, those of the
// log of the braces are
//
//	P(alive) ∂²ln S + (1 - P(alive)) ∂²ln Q + P(alive) (1 - P(alive)) ∂(ln S - ln Q) ∂(ln S - ln Q)'.
func LogLikelihoodHessian(p Params, x, tx, t []float64) (value float64, gradient [4]float64, hessian [4][4]float64) {
	sameLength(len(x), len(tx), len(t), len(x))
	var sums, one derivatives
	for i := range x {
		p.rowTo(&one, x[i], tx[i], t[i])
		for j, v := range one {
			sums[j] += v
		}
	}
	k := 5
	for i := range hessian {
		for j := i; j < 4; j++ {
			hessian[i][j], hessian[j][i] = sums[k], sums[k]
			k++
		}
	}
	return sums[0], [4]float64(sums[1:5]), hessian
}

// derivatives are a value, the derivatives by r, α, a and b, and the second
// derivatives on and above the diagonal, row by row.
type derivatives [15]float64

// The places of the second derivatives.
const (
	rr = 5 + iota
	rAlpha
	ra
	rb
	alphaAlpha
	alphaA
	alphaB
	aa
	ab
	bb
)

// GapConstant is what the log-likelihood of K ticks has beside LogLikelihood
// when every gap between purchases is known: (K-1) logGaps - purchases ln Γ(K),
// with logGaps the sum over all customers of the logs of their gaps, in weeks,
// and purchases the sum of x. It is 0 for K = 1 and no function of the
// parameters: it makes different K comparable.
func GapConstant(k int, purchases, logGaps float64) float64 {
	if k <= 1 {
		return 0
	}
	gamma, _ := math.Lgamma(float64(k))
	return float64(k-1)*logGaps - purchases*gamma
}

// SpanConstant is GapConstant where of the gaps of a customer only their sum
// t_x is known, less what is the same for every K: (K-1) x ln t_x - ln Γ(K x)
// + ln Γ(x). Zero for x = 0.
func SpanConstant(k int, x, tx float64) float64 {
	if k <= 1 || x == 0 {
		return 0
	}
	all, _ := math.Lgamma(float64(k) * x)
	one, _ := math.Lgamma(x)
	return float64(k-1)*x*math.Log(tx) - all + one
}

// PAliveTo writes the probability that the customer is not lost at t. Beware
// of it in BG/NBD (not Modified): it is 1 for everybody who bought once, since
// that model lets nobody go before a repeat purchase, so customers who never
// came back look best. It is no churn score; NoPurchaseTo is.
func PAliveTo(dst []float64, p Params, x, tx, t []float64) {
	sameLength(len(dst), len(x), len(tx), len(t))
	for i := range dst {
		c := p.customer(x[i], tx[i], t[i])
		dst[i] = c.alive()
	}
}

// ExpectedOrdersTo writes the number of purchases expected in (t, t+h]: the
// conditional expected transactions (Fader, Hardie & Lee 2005, eq. 10). It is
// exact for K ticks too, where Platzer & Reutterer approximate.
func ExpectedOrdersTo(dst []float64, p Params, h float64, x, tx, t []float64) {
	sameLength(len(dst), len(x), len(tx), len(t))
	for i := range dst {
		c := p.customer(x[i], tx[i], t[i])
		dst[i] = c.alive() * c.expected(h)
	}
}

// ExpectedOrdersAtTo writes ExpectedOrdersTo for several horizons, row by row:
// dst[i*len(h)+j] is customer i's number at h[j].
func ExpectedOrdersAtTo(dst []float64, p Params, h []float64, x, tx, t []float64) {
	sameLength(len(dst), len(h)*len(x), len(h)*len(tx), len(h)*len(t))
	for i := range x {
		c := p.customer(x[i], tx[i], t[i])
		alive := c.alive()
		for j, h := range h {
			dst[i*len(dst)/len(x)+j] = alive * c.expected(h)
		}
	}
}

// DiscountedOrdersTo writes the purchases expected in (t, t+h], each worth
// e^(-rate (its time - t)); rate is continuous, a week, 0 or more. h may be
// infinite: discounted expected residual transactions. They are +Inf for rate
// zero and A <= 1, where too many customers never leave.
func DiscountedOrdersTo(dst []float64, p Params, h, rate float64, x, tx, t []float64) {
	sameLength(len(dst), len(x), len(tx), len(t))
	for i := range dst {
		c := p.customer(x[i], tx[i], t[i])
		dst[i] = c.alive() * c.discounted(h, rate)
	}
}

// NoPurchaseTo writes the probability of no purchase in (t, t+h]: the customer
// is lost by now, or is not and buys nothing.
func NoPurchaseTo(dst []float64, p Params, h float64, x, tx, t []float64) {
	sameLength(len(dst), len(x), len(tx), len(t))
	for i := range dst {
		c := p.customer(x[i], tx[i], t[i])
		dst[i] = c.silent(h)
	}
}

// PurchasesTo writes the probability that one customer makes exactly n
// purchases in (t, t+h] to dst[n], for all n below len(dst), and returns that
// of more. Each is good to 1e-13 of all, and the sum is 1.
func PurchasesTo(dst []float64, p Params, h, x, tx, t float64) (rest float64) {
	c := p.customer(x, tx, t)
	return c.purchases(dst, h)
}

// ExpectedPurchases returns the number of repeat purchases expected from a new
// customer in the first t weeks (Fader, Hardie & Lee 2005, eq. 9).
func ExpectedPurchases(p Params, t float64) float64 {
	c := p.customer(0, 0, 0)
	return c.alive() * c.expected(t)
}

func sameLength(a, b, c, d int) {
	if a != b || a != c || a != d {
		panic(fmt.Sprintf("bgnbd: slices of %d, %d, %d and %d rows", a, b, c, d))
	}
}

// logPrior is the log of the likelihood's factors before the braces.
func (p Params) logPrior(x, tx float64) float64 {
	all, _ := math.Lgamma(p.shape(x))
	base, _ := math.Lgamma(p.R)
	l := all - base - p.R*math.Log1p(tx/p.Alpha) - float64(p.ticks())*x*math.Log(p.Alpha+tx)
	return l + p.logStayed(p.risks(x))
}

// logStayed is ln B(a, b+n)/B(a, b): the log of the probability of staying after n purchases.
func (p Params) logStayed(n float64) (l float64) {
	if p.A == 0 {
		return 0
	}
	for i := 0.0; i < n; i++ {
		l -= math.Log1p(p.A / (p.B + i))
	}
	return l
}

// rowTo writes the log-likelihood of one customer and its derivatives.
func (p Params) rowTo(d *derivatives, x, tx, t float64) {
	c := p.customer(x, tx, t)
	alive, lost := c.alive(), c.lost()
	s := c.silenceSlopes()
	*d = derivatives{p.logPrior(x, tx) + c.logBraces()}
	per := 1 / (p.Alpha + tx)
	d[1] = alive*s.r - math.Log1p(tx/p.Alpha)
	d[2] = p.R/p.Alpha - c.rho*per + alive*s.alpha
	both := alive * lost
	d[rr] = alive*s.rr + both*s.r*s.r
	d[rAlpha] = 1/p.Alpha - per + alive*s.rAlpha + both*s.r*s.alpha
	d[alphaAlpha] = c.rho*per*per - p.R/(p.Alpha*p.Alpha) + alive*s.alphaAlpha + both*s.alpha*s.alpha
	for i := range p.ticks() * int(x) {
		tick := 1 / (p.R + float64(i))
		d[1] += tick
		d[rr] -= tick * tick
	}
	n := p.risks(x)
	if p.A == 0 || n == 0 {
		return
	}
	for i := 0.0; i < n; i++ {
		stay, left := 1/(p.A+p.B+i), 1/(p.B+i)
		d[3] -= stay
		d[4] += p.A * left * stay
		d[aa] += stay * stay
		d[bb] -= p.A * left * stay * (left + stay)
	}
	d[ab] = d[aa]
	a, b := 1/p.A, -1/(p.B+n-1) // the derivatives of ln Q
	d[3] += lost * a
	d[4] += lost * b
	d[ra] = -both * s.r * a
	d[rb] = -both * s.r * b
	d[alphaA] = -both * s.alpha * a
	d[alphaB] = -both * s.alpha * b
	d[aa] -= lost * lost * a * a
	d[ab] += both * a * b
	d[bb] += (lost + both) * b * b
}

// customer is one history at one set of parameters, with what its forecasts
// share. Given that the customer is not lost at t, the purchase rate and the
// probability of loss are independent, as in the prior: the rate is
// Gamma(rho + j, beta) where the clock has ticked j times since the last
// purchase, the probability of loss Beta(a, stays).
type customer struct {
	k          int
	rho, alpha float64        // shape of the rate at t_x; α + t_x
	beta       float64        // α + T
	a, stays   float64        // a, and b plus the purchases that were survived; a zero: nobody is lost
	logSilence float64        // ln S of LogLikelihood
	logLost    float64        // ln Q; -Inf where the customer cannot have been lost
	ticked     [MostK]float64 // probability of j ticks since t_x, given S
}

func (p Params) customer(x, tx, t float64) customer {
	c := customer{k: p.ticks(), rho: p.shape(x), alpha: p.Alpha + tx, beta: p.Alpha + t, a: p.A, logLost: math.Inf(-1)}
	n := p.risks(x)
	c.stays = p.B + n
	if p.A > 0 && n > 0 {
		c.logLost = math.Log(p.A / (c.stays - 1))
	}
	c.logSilence = -c.rho * math.Log1p((t-tx)/c.alpha)
	sum := ticksTo(c.ticked[:c.k], c.rho, (t-tx)/c.beta)
	if c.k > 1 {
		c.logSilence += math.Log(sum)
	}
	return c
}

// ticksTo writes the terms (ρ)_j/j! q^j, divided by their sum, and returns it.
func ticksTo(dst []float64, rho, q float64) (sum float64) {
	term := 1.0
	for j := range dst {
		dst[j] = term
		sum += term
		term *= q * (rho + float64(j)) / float64(j+1)
	}
	for j := range dst {
		dst[j] /= sum
	}
	return sum
}

// logBraces is ln(S + Q).
func (c *customer) logBraces() float64 { return stat.LogAddExp(c.logSilence, c.logLost) }

// alive is S/(S+Q).
func (c *customer) alive() float64 {
	return 1 / (1 + math.Exp(c.logLost-c.logSilence))
}

// lost is Q/(S+Q).
func (c *customer) lost() float64 {
	return 1 / (1 + math.Exp(c.logSilence-c.logLost))
}

// slopes are the derivatives of ln S by ρ (that is, by r) and by α, and the second ones.
type slopes struct{ r, alpha, rr, rAlpha, alphaAlpha float64 }

// silenceSlopes are those of ln S: of (1-q)^ρ, and of the sum over the ticks. S
// is the incomplete beta function I_(1-q)(ρ, K), hence those by α.
func (c *customer) silenceSlopes() slopes {
	var first, second, harmonic, bend, ticks float64 // means over ticks; (ρ)_j'/(ρ)_j, (ρ)_j''/(ρ)_j
	for j, w := range c.ticked[:c.k] {
		first += w * harmonic
		second += w * bend
		ticks += w * float64(j)
		tick := 1 / (c.rho + float64(j))
		bend += 2 * harmonic * tick
		harmonic += tick
	}
	k, q := float64(c.k), (c.beta-c.alpha)/c.beta
	s := slopes{r: math.Log(c.alpha/c.beta) + first, rr: second - first*first}
	s.alpha = q / c.alpha * (c.rho + k - 1) * c.ticked[c.k-1]
	s.rAlpha = s.alpha * (harmonic - first)
	s.alphaAlpha = -s.alpha * ((k-ticks)/c.beta + 1/c.alpha)
	return s
}
