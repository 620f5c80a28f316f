package stat

import (
	"fmt"
	"math"
)

// Mixture is the mixture sequential probability ratio test of a difference of
// two arms (Robbins 1970; Johari, Koomen, Pekelis & Walsh 2022): it may be read at
// any time and as often as one likes, at the price of a wider interval. The true
// difference, if any, is thought to be about Tau in size.
type Mixture struct {
	Tau   float64 // in the unit of the difference; above zero
	Alpha float64 // of the interval; zero: 0.05
}

// TauFor returns the Tau that makes the interval shortest when the variance of
// the difference (squared standard error) has come down to this value, which may be
// that of the planned end. alpha is that of the interval.
func TauFor(variance, alpha float64) float64 {
	checkDesign(alpha, 0.5)
	if !(variance > 0) {
		panic(fmt.Sprintf("stat: a variance of %g", variance))
	}
	// The width falls as long as r = τ²/variance is below -2 ln α + ln(1+r).
	r := 1.0
	for range 100 {
		r = -2*math.Log(alpha) + math.Log1p(r)
	}
	return math.Sqrt(r * variance)
}

// Look is one reading of a running comparison.
type Look struct {
	Difference Estimate // with the interval that holds at all looks together
	Lambda     float64  // likelihood ratio of a difference against none; at most the greatest float64
	P          float64  // always-valid p: min(1, 1/Lambda)
	HalfWidth  float64
	Flags      Flags
}

// At reads a difference whose squared standard error is variance. Where that is
// zero there is nothing to say yet: p is 1 and the interval without ends.
func (m Mixture) At(difference, variance float64) Look {
	alpha := m.alpha()
	l := Look{Difference: Estimate{Value: difference, Low: math.Inf(-1), High: math.Inf(1)}, Lambda: 1, P: 1, HalfWidth: math.Inf(1)}
	if !(variance > 0) {
		l.Flags = NoVariation
		l.Difference.Flags = NoVariation
		return l
	}
	mixing := m.Tau * m.Tau
	both := variance + mixing
	logLambda := math.Log(variance/both)/2 + mixing/both*(difference*difference/variance)/2
	l.Lambda = min(math.Exp(logLambda), math.MaxFloat64)
	l.P = min(1, math.Exp(-logLambda))
	l.HalfWidth = math.Sqrt(variance * (both / mixing) * (math.Log(both/variance) - 2*math.Log(alpha)))
	l.Difference.Low, l.Difference.High = difference-l.HalfWidth, difference+l.HalfWidth
	return l
}

func (m Mixture) alpha() float64 {
	alpha := m.Alpha
	if alpha == 0 {
		alpha = 0.05
	}
	checkDesign(alpha, 0.5)
	if !(m.Tau > 0) || math.IsInf(m.Tau, 1) {
		panic(fmt.Sprintf("stat: a mixture of width %g", m.Tau))
	}
	return alpha
}

// Proportions reads the rate of a against that of b. With fewer than five
// successes or failures in an arm the normal law is a poor guide, and the look is flagged.
func (m Mixture) Proportions(a, b Proportion) Look {
	pA, pB := a.Rate(), b.Rate()
	if a.N == 0 || b.N == 0 {
		l := m.At(0, 0)
		l.Difference = Estimate{Low: -1, High: 1, Flags: NoValues}
		l.Flags = NoValues
		return l
	}
	l := m.At(pA-pB, pA*(1-pA)/float64(a.N)+pB*(1-pB)/float64(b.N))
	l.Difference.Low, l.Difference.High = max(-1, l.Difference.Low), min(1, l.Difference.High)
	if min(a.K, a.N-a.K, b.K, b.N-b.K) < 5 {
		l.Flags |= SmallCounts
		l.Difference.Flags |= SmallCounts
	}
	return l
}

// Means reads the mean of a against that of b.
func (m Mixture) Means(a, b Moments) Look {
	if f := sampleFlags(2, a, b); f.Has(TooFew) {
		l := m.At(a.Mean-b.Mean, 0)
		l.Flags, l.Difference.Flags = f, f
		return l
	}
	return m.At(a.Mean-b.Mean, a.Variance()/float64(a.N)+b.Variance()/float64(b.N))
}

// Sequence keeps what looks, taken one after another, have shown together: the
// p never rises again and the interval never widens. The zero value has seen none.
type Sequence struct {
	Looks int
	P     float64 // least so far; 1 before the first
	// Difference is the last one, with what all intervals have in common. Where they
	// have nothing in common (less often than alpha if the model holds), Low is above High.
	Difference Estimate
}

// Add takes in the next look.
func (s *Sequence) Add(l Look) {
	if s.Looks == 0 {
		s.P = 1
		s.Difference.Low, s.Difference.High = math.Inf(-1), math.Inf(1)
	}
	s.Looks++
	s.P = min(s.P, l.P)
	s.Difference.Value = l.Difference.Value
	s.Difference.Low = max(s.Difference.Low, l.Difference.Low)
	s.Difference.High = min(s.Difference.High, l.Difference.High)
	s.Difference.Flags = l.Flags
}
