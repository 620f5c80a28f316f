package sbg

import "math"

// ResidualLifetime returns the expected number of payments still to come of a
// customer who comes to renewal n, 1 or more, having renewed n-1 times, each
// discounted at rate per period: the payment at renewal n itself counts in full, the one
// after it 1/(1+rate), and so on for ever. It is the DERL of Fader & Hardie (2010, "Customer-base
// valuation in a contractual setting"),
//
//	(β+n-1)/(α+β+n-1) 2F1(1, β+n; α+β+n; 1/(1+rate)),
//
// to be multiplied by the margin of a payment. rate is not below zero; at rate 0
// it is infinite where α <= 1 or nobody leaves. A customer who has just paid for the first time is
// worth one payment more than ResidualLifetime(1, rate)/(1+rate).
func (p Params) ResidualLifetime(n int, rate float64) float64 {
	z := 1 / (1 + rate)
	b, c := p.Beta+float64(n), p.Alpha+p.Beta+float64(n)
	switch {
	case p.Mean == 0 && rate == 0:
		return math.Inf(1)
	case p.Spread == 0: // everybody leaves at the same rate
		return (1 - p.Mean) / (1 - (1-p.Mean)*z)
	case rate == 0 && p.Alpha <= 1:
		return math.Inf(1)
	case rate == 0: // Gauss's sum
		return p.Retention(n) * (c - 1) / (p.Alpha - 1)
	}
	return p.Retention(n) * hyper1(b, c, z)
}

// ResidualLifetimeWithin is ResidualLifetime with payments at the next periods
// renewals only: renewals n to n+periods-1.
func (p Params) ResidualLifetimeWithin(n, periods int, rate float64) float64 {
	var sum float64
	share, discount := 1.0, 1.0
	for k := range periods {
		share *= p.Retention(n + k)
		sum += share * discount
		discount /= 1 + rate
	}
	return sum
}

// hyper1 returns 2F1(1, b; c; z) for 0 < b < c and 0 <= z < 1 by the continued
// fraction of Gauss (DLMF 15.7.5 with a = 0), whose error shrinks by
// ((1-√(1-z))/(1+√(1-z)))² a pair of terms, evaluated forward (Lentz 1976): a plain
// series needs hundreds of thousands of terms for a daily rate.
func hyper1(b, c, z float64) float64 {
	const tiny = 1e-300
	f, upper, lower := 1.0, 1.0, 0.0
	for k := range 1_000_000 {
		m := float64(k / 2)
		var a float64 // 1 - a1 z/(1 - a2 z/(1 - ...))
		if k%2 == 0 {
			a = (b + m) * (c - 1 + m) / ((c + 2*m - 1) * (c + 2*m))
		} else {
			a = (m + 1) * (c - b + m) / ((c + 2*m) * (c + 2*m + 1))
		}
		lower = 1 - a*z*lower
		if math.Abs(lower) < tiny {
			lower = tiny
		}
		upper = 1 - a*z/upper
		if math.Abs(upper) < tiny {
			upper = tiny
		}
		lower = 1 / lower
		change := upper * lower
		f *= change
		if math.Abs(change-1) < 1e-15 {
			break
		}
	}
	return 1 / f
}

// SurvivalInterval returns the interval of Survival(t) from the uncertainty of
// the parameters, symmetric on the scale ln(-ln S), at a level such as 0.95. It
// is the value itself at t = 0, and NaN where Alpha and Beta are no estimates.
func (f *Fitted) SurvivalInterval(t int, level float64) (lower, upper float64) {
	if t == 0 {
		return 1, 1
	}
	if f.Status != Interior || !(level > 0 && level < 1) {
		return math.NaN(), math.NaN()
	}
	var byMean, bySpread, log float64 // derivatives of ln S, and ln S
	for k := range t {
		d := f.Spread * float64(k)
		byMean -= 1 / (1 - f.Mean + d)
		bySpread += float64(k) * f.Mean / ((1 - f.Mean + d) * (1 + d))
		log += math.Log(1-f.Mean+d) - math.Log1p(d)
	}
	se := f.spreadOf(byMean*f.Mean*(1-f.Mean), bySpread*f.Spread)
	factor := math.Exp(math.Sqrt2 * math.Erfinv(level) * se / -log)
	return math.Exp(log * factor), math.Exp(log / factor)
}
