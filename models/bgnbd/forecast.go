package bgnbd

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// Forecasts of one customer. All of them are sums or integrals of terms above
// zero: the published forms hold differences that cancel, have a pole at a = 1
// and series whose first terms change sign.

// enough is the part of a sum that may be left out.
const enough = 1e-14

// expected is the number of purchases expected in (T, T+h] of a customer who
// is not lost at T. h is finite.
func (c *customer) expected(h float64) float64 {
	var sum float64
	for j, w := range c.ticked[:c.k] {
		if w > 0 {
			sum += w * c.expectedOf(j, h)
		}
	}
	return sum
}

// expectedOf is expected given that the clock has ticked j times since the last purchase.
func (c *customer) expectedOf(j int, h float64) float64 {
	switch {
	case h <= 0:
		return 0
	case c.k == 1:
		return c.expectedPlain(h)
	}
	return c.expectedAfter(j, h)
}

// expectedPlain is expected for one tick to a purchase. The number of ticks in
// (T, T+h] is negative binomial with shape ρ and z = h/(α+T+h); the n-th
// purchase is made if there are n ticks and the customer stayed after n-1. With
// c = a + stays the sum over n is, rearranged in powers of z,
//
//	ρ (1-z)^(p-1) Σ z^(N+1) (p)_N/(N+1)! Σ (q)_n/(c)_n over n <= N,  p = ρ+1, q = stays,
//
// and, by Euler's transformation of the 2F1 behind it, the same with p = a and
// q = c-1-ρ. Terms are above zero where q is; the second converges sooner.
func (c *customer) expectedPlain(h float64) float64 {
	if c.a == 0 {
		return c.rho * h / c.beta
	}
	if h > farAhead*c.beta {
		return c.expectedFar(h / c.beta)
	}
	total := c.a + c.stays
	p, q := c.a, total-1-c.rho
	if q < 0 || p > c.rho+1 {
		p, q = c.rho+1, c.stays
	}
	return c.rho * series(p, q, total, h/c.beta)
}

// farAhead is the horizon, in units of α+T, from which series needs so many
// terms that a mean over p is cheaper. It matters for customers of today.
const farAhead = 500

// expectedFar is the mean over p of (1 - (1 + p u)^-ρ)/p, u = h/(α+T).
func (c *customer) expectedFar(u float64) float64 {
	l := c.losses(1 / (c.rho * u))
	sum := l.never*c.rho*u - l.once*math.Expm1(-c.rho*math.Log1p(u))
	for i, p := range l.p[:l.n] {
		sum -= l.weight[i] * math.Expm1(-c.rho*math.Log1p(p*u)) / p
	}
	return sum
}

// series is the sum in expectedPlain at z = u/(1+u).
func series(p, q, c, u float64) float64 {
	z := u / (1 + u)
	term := newTerm(math.Log(z) - (p-1)*math.Log1p(u)) // (1-z)^(p-1) z^(N+1) (p)_N/(N+1)!
	part, inner := 1.0, 1.0
	var sum float64
	for n := 0.0; ; n++ {
		sum += term.value * inner
		ratio := z * (p + n) / (n + 2)
		part *= (q + n) / (c + n)
		term.times(ratio)
		// Further ratios are no greater than most, further parts than this one.
		if most := max(ratio, z); most < 1 && term.value*(inner*(1-most)+part) <= enough*sum*(1-most)*(1-most) {
			return sum
		}
		inner += part
	}
}

// term is a term of a sum, each the one before times some ratio, that may begin
// where no float64 reaches: below e^lowest it is shown as 0, and hidden is term
// times 2^(fold times deep). Logs in its place would gather a rounding of their own
// size with every ratio, a thousand times that of a product.
type term struct {
	value, hidden float64
	deep          int
}

const (
	lowest = -700
	fold   = 800
)

func newTerm(log float64) term {
	if log >= lowest {
		return term{value: math.Exp(log)}
	}
	deep := math.Floor(-log / (fold * math.Ln2))
	return term{hidden: math.Exp(log + deep*(fold*math.Ln2)), deep: int(deep)}
}

func (t *term) times(ratio float64) {
	if t.deep > 0 {
		t.rise(ratio)
		return
	}
	t.value *= ratio
}

// rise is times while the term is hidden.
func (t *term) rise(ratio float64) {
	t.hidden *= ratio
	if t.hidden <= 1 {
		return
	}
	t.hidden = math.Ldexp(t.hidden, -fold)
	if t.deep--; t.deep == 0 {
		t.value = t.hidden
	}
}

// ticking runs through the numbers of ticks of a clock of rate Gamma(shape, β)
// in h: n is negative binomial, p its probability.
type ticking struct {
	shape, z, n float64
	p           term
}

// newTicking starts at n = 0. u is h/β.
func newTicking(shape, u float64) ticking {
	return ticking{shape: shape, z: u / (1 + u), p: newTerm(-shape * math.Log1p(u))}
}

func (t *ticking) next() {
	t.p.times(t.z * (t.shape + t.n) / (t.n + 1))
	t.n++
}

// ends reports whether what is left of a sum of p times values is below enough
// of sum: values are no greater than value now and rise by no more than one a tick.
func (t *ticking) ends(value, sum float64) bool {
	most := max(t.z, t.z*(t.shape+t.n)/(t.n+1))
	return most < 1 && t.p.value*(value*(1-most)+1) <= enough*sum*(1-most)*(1-most) && t.p.deep == 0
}

// expectedAfter is expectedOf for several ticks to a purchase: every k-th tick
// is one, and is made if the customer stayed until then. The probabilities are
// summed too, to 1 but for the rounding that they share: that of the log of the
// first, which is in the thousands for those who bought often.
func (c *customer) expectedAfter(j int, h float64) float64 {
	t := newTicking(c.rho+float64(j), h/c.beta)
	var sum, all, made float64
	stayed := 1.0
	left := c.k - j // ticks to the next purchase
	for m := 0.0; ; {
		all += t.p.value
		sum += t.p.value * made
		t.next()
		if left--; left == 0 {
			left = c.k
			made += stayed
			stayed *= c.stay(m)
			m++
		}
		if t.ends(made, sum) {
			return sum / all
		}
	}
}

// stay is the probability of staying after the m-th next purchase (from 0),
// given all before it.
func (c *customer) stay(m float64) float64 {
	if c.a == 0 {
		return 1
	}
	return (c.stays + m) / (c.a + c.stays + m)
}

// silent is the probability of no purchase in (T, T+h].
func (c *customer) silent(h float64) float64 {
	alive := c.alive()
	return min(1, 1-alive+alive*c.silentIfAlive(h))
}

func (c *customer) silentIfAlive(h float64) float64 {
	u := h / c.beta
	if math.IsInf(u, 1) {
		return 0
	}
	l := math.Log1p(u)
	if c.k == 1 {
		return math.Exp(-c.rho * l)
	}
	z, none := u/(1+u), math.Exp(-c.rho*l)
	var sum float64
	for j, w := range c.ticked[:c.k] {
		term := w * none
		for n := range c.k - j { // so many ticks are no purchase yet
			sum += term
			term *= z * (c.rho + float64(j+n)) / float64(n+1)
		}
		none /= 1 + u
	}
	return min(1, sum)
}

// purchases is PurchasesTo.
func (c *customer) purchases(dst []float64, h float64) (rest float64) {
	alive := c.alive()
	rest = c.living(dst, h)
	for n := range dst {
		dst[n] *= alive
	}
	if len(dst) > 0 {
		dst[0] += 1 - alive
	}
	return alive * rest
}

// living is purchases of a customer who is not lost at T. N >= n has probability
// stayed(n-1) P(M >= n), with M the purchases of a customer who is never lost.
func (c *customer) living(dst []float64, h float64) (rest float64) {
	var clocks [MostK]ticking
	var atLeast [MostK]float64 // of M >= n, by ticks since t_x
	for j := range c.k {
		clocks[j] = newTicking(c.rho+float64(j), h/c.beta)
		atLeast[j] = 1
	}
	reached, stayed := 1.0, 1.0 // P(N >= n | alive), and the chance of staying through n-1 purchases
	for n := range dst {
		var more float64 // P(M >= n+1)
		for j := range c.k {
			ticks := c.k
			if n == 0 {
				ticks -= j
			}
			for range ticks {
				atLeast[j] -= clocks[j].p.value
				clocks[j].next()
			}
			atLeast[j] = max(atLeast[j], 0)
			more += c.ticked[j] * atLeast[j]
		}
		further := stayed * more
		dst[n] = max(reached-further, 0)
		reached = further
		stayed *= c.stay(float64(n))
	}
	return reached
}

// discounted is the number of purchases expected in (T, T+h], discounted, of a
// customer who is not lost at T:
//
//	∫ e^(-rate u) dM(u) = e^(-rate h) M(h) + rate ∫ e^(-rate u) M(u) du,  M = expected,
//
// in panels of w = ln(1 + u/β) that double from the scale of the first purchases.
func (c *customer) discounted(h, rate float64) float64 {
	var sum float64
	for j, w := range c.ticked[:c.k] {
		if w > 0 {
			sum += w * c.discountedOf(j, h, rate)
		}
	}
	return sum
}

// discountedOf is discounted given that the clock has ticked j times since the last purchase.
func (c *customer) discountedOf(j int, h, rate float64) float64 {
	switch {
	case rate == 0 && math.IsInf(h, 1):
		return c.forever()
	case rate == 0:
		return c.expectedOf(j, h)
	case rate*h > 60:
		return c.discountedForever(j, rate)
	}
	end := math.Log1p(h / c.beta)
	lost := 0.0
	if c.a > 0 {
		lost = c.a / (c.a + c.stays)
	}
	if c.k > 1 {
		lost = 1 // the clock's beat, which is as fast
	}
	width := min(panelWidth, 2/(1+c.rho*lost))
	var sum float64
	for from := 0.0; from < end; from += width {
		if from > 0 {
			width = min(panelWidth, 2*width)
		}
		width = min(width, end-from)
		for i, at := range gauss8.at {
			w := from + width*at
			u := c.beta * math.Expm1(w)
			sum += gauss8.weight[i] * width * (c.beta + u) * math.Exp(-rate*u) * c.expectedOf(j, u)
		}
	}
	return math.Exp(-rate*h)*c.expectedOf(j, h) + rate*sum
}

// forever is the number of purchases expected in all the time to come: the
// mean of 1/p over Beta(a, stays).
func (c *customer) forever() float64 {
	if c.a <= 1 {
		return math.Inf(1)
	}
	return (c.a + c.stays - 1) / (c.a - 1)
}

// discountedForever is discountedOf without end. A discount at a rate δ is the
// chance of outliving an exponential clock of rate δ: with f = 1 + δ/λ a
// purchase k ticks away counts f^-k, and all that follow, each made if the
// customer stays,
//
//	Σ f^-(k-j) ((1-p) f^-k)^n over n >= 0  =  f^j / (p + f^k - 1),
//
// of which the mean over p and λ is taken in logs of both.
func (c *customer) discountedForever(j int, rate float64) float64 {
	shape, scaled := c.rho+float64(j), rate*c.beta
	// y = ln λβ, of which the density is e^(shape y - e^y)/Γ(shape), in trapezoids:
	// their error falls as e^(-π²/step). The mean over p rises with λ and is
	// e^(y-knee) times that at the peak, or less.
	step := min(0.2, 0.5/math.Sqrt(shape))
	peak := math.Log(shape)
	knee := math.Log(shape * scaled / (shape + scaled))
	high, low := peak, peak
	for shape*(high-peak)-math.Exp(high)+shape > -farEnough {
		high += step
	}
	for shape*(low-peak)-math.Exp(low)+shape+min(0, low-knee) > -farEnough {
		low -= step
	}
	losses := c.losses(math.Expm1(float64(c.k) * math.Log1p(scaled*math.Exp(-high))))
	gamma, _ := math.Lgamma(shape)
	var sum float64
	for y := low; y <= high; y += step {
		f := math.Log1p(scaled * math.Exp(-y))
		sum += math.Exp(shape*y-math.Exp(y)-gamma+float64(j)*f) * losses.mean(math.Expm1(float64(c.k)*f))
	}
	return sum * step
}

// farEnough is the fall in logs after which an integrand is left out.
const farEnough = 40.0

// losses are nodes and weights for means over p of Beta(a, stays).
type losses struct {
	n           int
	p, weight   [mostNodes]float64
	never, once float64 // weight at p = 0 and at p = 1
}

const mostNodes = 80 * 8

// mean is the mean of 1/(p + κ).
func (l *losses) mean(kappa float64) float64 {
	sum := l.never/kappa + l.once/(1+kappa)
	for i, p := range l.p[:l.n] {
		sum += l.weight[i] / (p + kappa)
	}
	return sum
}

// losses returns the nodes: Gauss's in panels of y = ln p/(1-p). κ is the
// least one that mean will be asked for: any p far below it may as well be 0.
func (c *customer) losses(kappa float64) (l losses) {
	if c.a == 0 {
		l.never = 1
		return l
	}
	peak := math.Log(c.a / c.stays)
	density := func(y float64) float64 { // in logs, with the p(1-p) of dp = p(1-p) dy
		return -c.a*math.Log1p(math.Exp(-y)) - c.stays*math.Log1p(math.Exp(y))
	}
	top := density(peak)
	// 1/(p+κ) rises to the left, by no more than gain in logs.
	gain := math.Log1p(math.Exp(peak) / kappa)
	least := min(math.Log(kappa)-farEnough, peak-1)
	low, high := peak, peak
	step := min(0.5, 0.5*math.Sqrt(1/c.a+1/c.stays))
	for low > least && density(low)-top+min(peak-low, gain) > -farEnough {
		low -= step
	}
	for high < farEnough && density(high)-top > -farEnough {
		high += step
	}
	if low <= least { // what is below: ∫ p^(a-1) dp
		l.never = math.Exp(density(low)-top) / c.a
	}
	if high >= farEnough {
		l.once = math.Exp(density(high)-top) / c.stays
	}
	panels := min(max(12, int(math.Ceil((high-low)/panelWidth))), mostNodes/8)
	width := (high - low) / float64(panels)
	sum := l.never + l.once
	for k := range panels {
		for i, at := range gauss8.at {
			y := low + width*(float64(k)+at)
			w := width * gauss8.weight[i] * math.Exp(density(y)-top)
			l.p[l.n], l.weight[l.n] = 1/(1+math.Exp(-y)), w
			l.n++
			sum += w
		}
	}
	l.never /= sum
	l.once /= sum
	for i := range l.weight[:l.n] {
		l.weight[i] /= sum
	}
	return l
}

const panelWidth = 1.25

// rule is Gauss's quadrature on [0, 1].
type rule struct{ at, weight []float64 }

func gauss(n int) rule {
	r := rule{at: make([]float64, n), weight: make([]float64, n)}
	quad.Legendre{}.FixedLocations(r.at, r.weight, 0, 1)
	return r
}

var gauss8 = gauss(8)
