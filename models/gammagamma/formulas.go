package gammagamma

import (
	"fmt"
	"math"
)

// Params are the parameters of the Gamma-Gamma model under the names of Fader
// & Hardie (2013): a purchase of a customer is worth Gamma(P, ν), and ν is drawn
// from Gamma(Q, V). V is money.
type Params struct {
	P float64 `json:"p"`
	Q float64 `json:"q"`
	V float64 `json:"v"`
}

// MeanSpend returns the mean worth of a purchase over all customers, p v/(q-1);
// infinite where q <= 1.
func (p Params) MeanSpend() float64 {
	if p.Q <= 1 {
		return math.Inf(1)
	}
	return p.P * p.V / (p.Q - 1)
}

// LogLikelihood returns the sum over customers of the log of the density of
// their mean spend m over x purchases (Fader & Hardie 2013, eq. 1a). x and m
// are above zero and of equal length; it panics where lengths differ.
func LogLikelihood(p Params, x, m []float64) float64 {
	sameLength(len(x), len(m), len(x))
	var sum float64
	for i := range x {
		px := p.P * x[i]
		all, _ := math.Lgamma(px + p.Q)
		own, _ := math.Lgamma(px)
		base, _ := math.Lgamma(p.Q)
		// q ln v - (px+q) ln(xm+v) = -q ln(1 + xm/v) - px ln(xm+v)
		xm := x[i] * m[i]
		sum += all - own - base - p.Q*math.Log1p(xm/p.V) + px*math.Log(xm/(xm+p.V)) - math.Log(m[i])
	}
	return sum
}

// ConditionalSpendTo writes E[M | x, m] = p (v + m x)/(p x + q - 1), the worth
// expected of a purchase of a customer whose x purchases were worth m on
// average (Fader & Hardie 2013, eq. 5): the mean of all customers where x is
// zero. Q must be above 1.
func ConditionalSpendTo(dst []float64, p Params, x, m []float64) {
	sameLength(len(dst), len(x), len(m))
	for i := range dst {
		dst[i] = conditional(p, x[i], m[i]*x[i])
	}
}

// conditional takes the sum of spend in place of its mean.
func conditional(p Params, x, sum float64) float64 {
	return p.P * (p.V + sum) / (p.P*x + p.Q - 1)
}

func sameLength(a, b, c int) {
	if a != b || a != c {
		panic(fmt.Sprintf("gammagamma: slices of %d, %d and %d rows", a, b, c))
	}
}
