package stat

import "math"

// Posterior is what two rates are after the data, each from a beta law.
type Posterior struct {
	BGreater float64 // probability that the rate of B is greater than that of A
	AGreater float64
	A, B     Estimate // means of the rates, with equal-tailed intervals
}

// BetaBinomial returns the probability that the rate of b is greater than that of
// a, where both come from a Beta(alpha, beta) law before the data (1, 1: every
// rate alike; both must be above zero). Both probabilities keep their relative
// precision, however small.
func BetaBinomial(a, b Proportion, alpha, beta, level float64) Posterior {
	a.check()
	b.check()
	q := tail(level)
	var p Posterior
	a1, b1 := float64(a.K)+alpha, float64(a.N-a.K)+beta
	a2, b2 := float64(b.K)+alpha, float64(b.N-b.K)+beta
	p.BGreater = betaBelow(a1, b1, a2, b2)
	p.AGreater = betaBelow(a2, b2, a1, b1)
	posterior := func(a, b float64) Estimate {
		return Estimate{Value: a / (a + b), Low: BetaQuantile(q, a, b), High: upperBeta(q, a, b)}
	}
	p.A, p.B = posterior(a1, b1), posterior(a2, b2)
	return p
}

// betaBelow returns the probability that a Beta(a1, b1) value is below a Beta(a2,
// b2) one: the law of the first up to x, over the density of the second at x. In
// the logit of x both are log-concave and fall off exponentially, so the trapezoid
// rule around the peak of their product converges at the speed of the rounding.
// The narrower law is the one that gives the density: the other is smooth at its scale.
func betaBelow(a1, b1, a2, b2 float64) float64 {
	if 1/a1+1/b1 < 1/a2+1/b2 {
		return betaBelow(b2, a2, b1, a1) // one less each value: the order turns
	}
	logTerm := func(u float64) float64 {
		x, y := logistic(u)
		below, _ := logBetaTails(x, y, a1, b1)
		// x^a y^b/B(a,b), the density of the logit.
		return below + logBinomialTerm(a2, b2, x, y) + math.Log(a2) + math.Log(b2) - math.Log(a2+b2)
	}
	peak := summit(logTerm, math.Log(a2/b2))
	top := logTerm(peak)
	// The width of the summit: where the term has fallen to e^-1/2 of it, or less.
	width := 1.0 // of the logistic curve itself
	for _, side := range []float64{1, -1} {
		fallen := func(logStep float64) float64 { return top - logTerm(peak+side*math.Exp(logStep)) - 0.5 }
		low, high := bracket(fallen, -0.5*math.Log(a1+b1+a2+b2), 1)
		width = min(width, math.Exp(root(fallen, low, high)))
	}
	step := width / 4
	sum := 1.0
	for _, side := range []float64{1, -1} {
		for k := 1.0; ; k++ {
			t := logTerm(peak+side*k*step) - top
			if t < -40 {
				break
			}
			sum += math.Exp(t)
		}
	}
	return min(1, math.Exp(top)*step*sum)
}

// summit returns where the log-concave f is greatest, near enough to start from:
// by widening from start and then by golden sections.
func summit(f func(float64) float64, start float64) float64 {
	const golden = 0.6180339887498949
	low, high := start, start
	s := 1.0
	for ; f(low-s) > f(low) && s < 1e6; s *= 2 {
		low -= s
	}
	low -= s
	for s = 1; f(high+s) > f(high) && s < 1e6; s *= 2 {
		high += s
	}
	high += s
	a, b := high-golden*(high-low), low+golden*(high-low)
	fa, fb := f(a), f(b)
	for high-low > 1e-8*(1+math.Abs(low)) {
		if fa > fb {
			high, b, fb = b, a, fa
			a = high - golden*(high-low)
			fa = f(a)
		} else {
			low, a, fa = a, b, fb
			b = low + golden*(high-low)
			fb = f(b)
		}
	}
	return (low + high) / 2
}
