package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// NormalTail returns the probability that a standard normal value is greater
// than z, with full relative precision down to 1e-300.
func NormalTail(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

// NormalQuantile returns the value below which a standard normal one lies with
// probability p: -Inf at 0, +Inf at 1. It panics outside [0, 1].
func NormalQuantile(p float64) float64 { return mathext.NormalQuantile(p) }

// ChiSquareTail returns the probability that a chi-square value of df > 0
// degrees of freedom is greater than x.
func ChiSquareTail(x, df float64) float64 {
	switch {
	case x <= 0:
		return 1
	case math.IsInf(x, 1):
		return 0
	case df == 1:
		return math.Erfc(math.Sqrt(x / 2))
	case df == 2:
		return math.Exp(-x / 2)
	}
	return mathext.GammaIncRegComp(df/2, x/2)
}

// StudentTail returns the probability that Student's t of df > 0 degrees of
// freedom, which need not be a whole number, is greater than t.
func StudentTail(t, df float64) float64 {
	if math.IsInf(df, 1) {
		return NormalTail(t)
	}
	if t < 0 {
		return 1 - StudentTail(-t, df)
	}
	if math.IsInf(t, 1) {
		return 0
	}
	below, _ := logBetaTails(1/(1+t/df*t), 1/(1+df/t/t), df/2, 0.5)
	return math.Exp(below) / 2
}

// StudentQuantile returns the value below which Student's t of df > 0 degrees
// of freedom lies with probability p in (0, 1). It panics outside.
func StudentQuantile(p, df float64) float64 {
	if !(p > 0 && p < 1) {
		panic("stat: quantile of a probability outside (0, 1)")
	}
	if math.IsInf(df, 1) {
		return NormalQuantile(p)
	}
	switch {
	case p == 0.5:
		return 0
	case p > 0.5:
		return -StudentQuantile(1-p, df)
	}
	// The tail is smooth in the log of t; from Cauchy's (df 1) to the normal law.
	logP := math.Log(p)
	gap := func(u float64) float64 {
		t := math.Exp(u)
		below, _ := logBetaTails(1/(1+t/df*t), 1/(1+df/t/t), df/2, 0.5)
		return logP - (below - math.Ln2)
	}
	low, high := bracket(gap, math.Log(-NormalQuantile(p)), 0.5)
	return -math.Exp(root(gap, low, high))
}

// FTail returns the probability that F of df1 and df2 degrees of freedom, both
// above zero, is greater than f. df2 may be infinite.
func FTail(f, df1, df2 float64) float64 {
	switch {
	case f <= 0:
		return 1
	case math.IsInf(f, 1):
		return 0
	case math.IsInf(df2, 1):
		return ChiSquareTail(f*df1, df1)
	}
	below, _ := logBetaTails(1/(1+df1/df2*f), 1/(1+df2/df1/f), df2/2, df1/2)
	return math.Exp(below)
}

// BetaTails returns the probabilities that a Beta(a, b) value, a and b above
// zero, is below and above x in [0, 1]. Both keep their relative precision
// however small they are.
func BetaTails(x, a, b float64) (below, above float64) {
	below, above = logBetaTails(x, 1-x, a, b)
	return math.Exp(below), math.Exp(above)
}

// BetaQuantile returns the value below which a Beta(a, b) one, a and b above
// zero, lies with probability p in [0, 1].
func BetaQuantile(p, a, b float64) float64 {
	switch {
	case !(p >= 0 && p <= 1):
		panic("stat: quantile of a probability outside [0, 1]")
	case p == 0 || p == 1:
		return p
	}
	logP, logRest := math.Log(p), math.Log1p(-p)
	gap := func(logit float64) float64 {
		x, y := logistic(logit)
		below, above := logBetaTails(x, y, a, b)
		if p < 0.5 {
			return below - logP
		}
		return logRest - above
	}
	low, high := bracket(gap, math.Log(a/b), 1)
	x, _ := logistic(root(gap, low, high))
	return x
}

// logistic returns 1/(1+e^-u) and what it lacks to one.
func logistic(u float64) (x, y float64) {
	e := math.Exp(-math.Abs(u))
	if u < 0 {
		return e / (1 + e), 1 / (1 + e)
	}
	return 1 / (1 + e), e / (1 + e)
}

// logBetaTails returns the logs of the probabilities that a Beta(a, b) value is
// below x and above it; y is 1-x, given apart so that it may be tiny. The
// continued fraction is used on the side of the mean on which it
// converges, in about sqrt(a+b) steps.
func logBetaTails(x, y, a, b float64) (below, above float64) {
	switch {
	case !(a > 0 && b > 0):
		panic("stat: parameters of a beta law must be above zero")
	case x <= 0:
		return math.Inf(-1), 0
	case y <= 0:
		return 0, math.Inf(-1)
	}
	// x^a y^b / B(a,b), by way of the binomial term of a in a+b.
	front := logBinomialTerm(a, b, x, y) + math.Log(a) + math.Log(b) - math.Log(a+b)
	if x*(a+b+2) < a+1 {
		below = min(front-math.Log(betaFraction(x, y, a, b)), 0)
		return below, Log1mExp(below)
	}
	above = min(front-math.Log(betaFraction(y, x, b, a)), 0)
	return Log1mExp(above), above
}

// betaFraction evaluates the continued fraction whose reciprocal, times x^a y^b
// /B(a,b), is the probability below x, by Lentz's rule. It is the even part of DLMF
// 8.17.22 (Didonato & Morris 1992, eq. 9), which has nothing that cancels as long as
// y is given.
func betaFraction(x, y, a, b float64) float64 {
	const tiny = 1e-300
	notZero := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	lead := a*y - b*x + 1
	h := notZero(a * lead / (a + 1))
	c, d := h, 0.0
	for m := 1.0; m < 1e7; m++ {
		odd := a + 2*m - 1
		up := (a + m - 1) / odd * ((a + b + m - 1) / odd) * m * (b - m) * x * x
		down := m + m*(b-m)*x/odd + (a+m)*(lead+m*(1+y))/(odd+2)
		d = 1 / notZero(down+up*d)
		c = notZero(down + up/c)
		h *= c * d
		if math.Abs(c*d-1) < 1e-16 {
			break
		}
	}
	return h
}

// logBinomialTerm returns the log of Γ(k+m+1)/(Γ(k+1)Γ(m+1)) p^k q^m, the
// probability of k successes and m failures, which need not be whole. The
// saddle-point form (Loader 2000, "Fast and accurate computation of binomial
// probabilities") keeps its precision where sums of lgammas lose theirs.
func logBinomialTerm(k, m, p, q float64) float64 {
	n := k + m
	switch {
	case k == 0 && m == 0:
		return 0
	case k == 0:
		return logPower(n, q, p)
	case m == 0:
		return logPower(n, p, q)
	}
	return stirlingError(n) - stirlingError(k) - stirlingError(m) -
		deviance(k, n*p) - deviance(m, n*q) +
		0.5*(math.Log(n)-math.Log(k)-math.Log(m)-math.Log(2*math.Pi))
}

// logPower is n ln(q), where q + p = 1.
func logPower(n, q, p float64) float64 {
	if n == 0 {
		return 0
	}
	if p < 0.5 {
		return n * math.Log1p(-p)
	}
	return n * math.Log(q)
}

// stirlingError is ln Γ(z+1) less Stirling's formula for it (z+½) ln z - z + ½ ln 2π.
func stirlingError(z float64) float64 {
	if z < 16 {
		g, _ := math.Lgamma(z + 1)
		return g - (z+0.5)*math.Log(z) + z - 0.5*math.Log(2*math.Pi)
	}
	w := 1 / (z * z)
	return (1.0/12 - w*(1.0/360-w*(1.0/1260-w*(1.0/1680-w*(1.0/1188-w*691.0/360360))))) / z
}

// deviance is x ln(x/m) + m - x for x and m not below zero (Loader's bd0), by a
// series where the two nearly cancel.
func deviance(x, m float64) float64 {
	switch {
	case m == 0:
		return math.Inf(1)
	case x == 0:
		return m
	}
	d := x - m
	if math.Abs(d) >= 0.1*(x+m) {
		return x*math.Log(x/m) + m - x
	}
	v := d / (x + m)
	sum := d * v
	term := 2 * x * v
	for j := 3.0; ; j += 2 {
		term *= v * v
		next := sum + term/j
		if next == sum {
			return sum
		}
		sum = next
	}
}

// noncentralTail returns the probability that Student's t of df degrees of
// freedom and noncentrality delta is greater than t: the normal tail beyond
// t s - delta, averaged over the law of s = chi/sqrt(df). In ln s that law falls
// off exponentially on both sides, so the trapezoid rule converges at the speed
// of the rounding.
func noncentralTail(t, df, delta float64) float64 {
	half := df / 2
	// Density of v = ln s at 0, its mode: 2 half^half e^-half / Γ(half), by Stirling.
	scale := math.Sqrt(half/(2*math.Pi)) * math.Exp(-stirlingError(half)) * 2
	step := 1 / math.Sqrt(2*df) / 8
	term := func(v float64) float64 {
		grown := math.Expm1(2 * v)
		return math.Exp(df*v-half*grown) * NormalTail(t*math.Exp(v)-delta)
	}
	sum := term(0)
	for _, side := range []float64{1, -1} {
		for k := 1.0; ; k++ {
			v := side * k * step
			if df*v-half*math.Expm1(2*v) < -45 {
				break
			}
			sum += term(v)
		}
	}
	return min(scale*step*sum, 1)
}

// bracket widens an interval around start, by twice the last step, until the
// increasing function f changes its sign in it.
func bracket(f func(float64) float64, start, step float64) (low, high float64) {
	low, high = start, start
	for s := step; f(low) > 0 && low > -1e6; s *= 2 {
		low -= s
	}
	for s := step; f(high) < 0 && high < 1e6; s *= 2 {
		high += s
	}
	return low, high
}

// root returns where f, of different signs at a and b, is zero: Chandrupatla's
// method (1997), which bisects where interpolation does not help. The end at which
// f is nearest to zero is returned where the signs do not differ.
func root(f func(float64) float64, a, b float64) float64 {
	fa, fb := f(a), f(b)
	if fa == 0 {
		return a
	}
	if fb == 0 {
		return b
	}
	if fa > 0 == (fb > 0) {
		if math.Abs(fa) < math.Abs(fb) {
			return a
		}
		return b
	}
	c, fc := a, fa
	t := 0.5
	for range 200 {
		x := a + t*(b-a)
		fx := f(x)
		if fx > 0 == (fa > 0) {
			c, fc = a, fa
		} else {
			c, b = b, a
			fc, fb = fb, fa
		}
		a, fa = x, fx
		best := a
		if math.Abs(fb) < math.Abs(fa) {
			best = b
		}
		tolerance := 2e-16*math.Abs(best) + 1e-300
		limit := tolerance / math.Abs(b-a)
		if fa == 0 || fb == 0 || limit > 0.5 {
			return best
		}
		t = 0.5
		xi, phi := (a-b)/(c-b), (fa-fb)/(fc-fb)
		if phi*phi < xi && (1-phi)*(1-phi) < 1-xi {
			t = fa/(fb-fa)*fc/(fb-fc) + (c-a)/(b-a)*fa/(fc-fa)*fb/(fc-fb)
		}
		t = min(max(t, limit), 1-limit)
	}
	if math.Abs(fb) < math.Abs(fa) {
		return b
	}
	return a
}
