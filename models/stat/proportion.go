package stat

import (
	"fmt"
	"math"
	"sort"
)

// Proportion is K successes out of N, such as customers who bought out of
// those who were written to. Its methods panic where K is not in [0, N].
type Proportion struct{ K, N int }

// Rate returns K/N; 0 where N is 0.
func (p Proportion) Rate() float64 {
	p.check()
	if p.N == 0 {
		return 0
	}
	return float64(p.K) / float64(p.N)
}

func (p Proportion) check() {
	if p.K < 0 || p.K > p.N {
		panic(fmt.Sprintf("stat: %d successes of %d", p.K, p.N))
	}
}

// estimate puts an interval around p's rate, cut to [0, 1]. Without anything
// counted that is all there is to say.
func (p Proportion) estimate(level float64, interval func(k, n float64) (low, high float64)) Estimate {
	p.check()
	tail(level)
	if p.N == 0 {
		return Estimate{High: 1, Flags: NoValues}
	}
	low, high := interval(float64(p.K), float64(p.N))
	return Estimate{Value: p.Rate(), Low: max(low, 0), High: min(high, 1)}
}

// Wilson returns the score interval (Wilson 1927): the rates that a z test at
// this level does not reject. It is the one to use unless there is a reason.
func (p Proportion) Wilson(level float64) Estimate {
	return p.estimate(level, func(k, n float64) (low, high float64) {
		z := critical(level)
		middle := (k + z*z/2) / (n + z*z)
		half := z / (n + z*z) * math.Sqrt(k*(n-k)/n+z*z/4)
		low, high = middle-half, middle+half
		if k == 0 {
			low = 0
		}
		if k == n {
			high = 1
		}
		return low, high
	})
}

// Wald returns the textbook interval, rate +- z standard errors. It is too
// short where there are few successes or failures, and nothing at all at none:
// for comparison with other programs.
func (p Proportion) Wald(level float64) Estimate {
	e := p.estimate(level, func(k, n float64) (low, high float64) {
		half := critical(level) * math.Sqrt(k*(n-k)/n) / n
		return k/n - half, k/n + half
	})
	if min(p.K, p.N-p.K) < 5 {
		e.Flags |= SmallCounts
	}
	return e
}

// AgrestiCoull returns the interval of Agresti and Coull (1998): Wald's around
// the middle of Wilson's.
func (p Proportion) AgrestiCoull(level float64) Estimate {
	return p.estimate(level, func(k, n float64) (low, high float64) {
		z := critical(level)
		middle := (k + z*z/2) / (n + z*z)
		half := z * math.Sqrt(middle*(1-middle)/(n+z*z))
		return middle - half, middle + half
	})
}

// ClopperPearson returns the exact interval (Clopper & Pearson 1934), by the
// beta law: covered at least as often as level says, at any rate.
func (p Proportion) ClopperPearson(level float64) Estimate {
	return p.estimate(level, func(k, n float64) (low, high float64) {
		q := tail(level)
		high = 1
		if k > 0 {
			low = BetaQuantile(q, k, n-k+1)
		}
		if k < n {
			high = upperBeta(q, k+1, n-k)
		}
		return low, high
	})
}

// Jeffreys returns the equal-tailed interval of the Beta(k+½, n-k+½) law (Brown,
// Cai & DasGupta 2001), from 0 at no success and to 1 at no failure.
func (p Proportion) Jeffreys(level float64) Estimate {
	return p.estimate(level, func(k, n float64) (low, high float64) {
		q := tail(level)
		high = 1
		if k > 0 {
			low = BetaQuantile(q, k+0.5, n-k+0.5)
		}
		if k < n {
			high = upperBeta(q, k+0.5, n-k+0.5)
		}
		return low, high
	})
}

// upperBeta is the value above which a Beta(a, b) one lies with probability q,
// precise near 1 as well as near 0.
func upperBeta(q, a, b float64) float64 { return 1 - BetaQuantile(q, b, a) }

// Test is the exact binomial test that the rate is p0: two-sided, the
// probability of all counts that are no likelier than K (as R's binom.test and
// scipy's binomtest have it). Statistic is K.
func (p Proportion) Test(p0 float64) SidedTest {
	p.check()
	if !(p0 >= 0 && p0 <= 1) {
		panic(fmt.Sprintf("stat: a rate of %g", p0))
	}
	if p.N == 0 {
		return noTest(NoValues)
	}
	k, n := float64(p.K), float64(p.N)
	atMost := func(k float64) float64 {
		if k < 0 {
			return 0
		}
		if k >= n {
			return 1
		}
		below, _ := logBetaTails(1-p0, p0, n-k, k+1)
		return math.Exp(below)
	}
	atLeast := func(k float64) float64 {
		if k <= 0 {
			return 1
		}
		if k > n {
			return 0
		}
		below, _ := logBetaTails(p0, 1-p0, k, n-k+1)
		return math.Exp(below)
	}
	t := SidedTest{Test: Test{Statistic: k}, Greater: atLeast(k), Less: atMost(k)}
	low, high := asUnlikely(p.K, 0, p.N, int((n+1)*p0), func(k int) float64 {
		return logBinomialTerm(float64(k), n-float64(k), p0, 1-p0)
	})
	t.P = min(1, atMost(float64(low))+atLeast(float64(high)))
	return t
}

// asUnlikely returns the greatest count at or below the mode and the least above it
// that are no likelier than k, of a law on [first, last] that rises to its mode
// and falls from there. Counts that are as likely as k but for rounding count as
// no likelier. Where one side has none, it lies outside [first, last]; where every
// count is no likelier than k, low and high are neighbours.
func asUnlikely(k, first, last, mode int, logP func(int) float64) (low, high int) {
	mode = min(max(mode, first), last)
	limit := logP(k) + 1e-7
	rising := sort.Search(mode-first+1, func(i int) bool { return logP(first+i) > limit })
	falling := sort.Search(last-mode, func(i int) bool { return logP(mode+1+i) <= limit })
	return first + rising - 1, mode + 1 + falling
}

// ProportionComparison sets one rate beside another: treated against control.
type ProportionComparison struct {
	A, B       Proportion
	Difference Estimate // rate of A less that of B, with Newcombe's interval
	Wald       Estimate // the same with the textbook's interval
	Ratio      Estimate // rate of A over that of B, with the log interval; see CompareProportions
	Pooled     SidedTest
	Unpooled   SidedTest
	ChiSquare  Test    // equals Pooled squared
	Yates      Test    // with the continuity correction
	CohenH     float64 // difference of the arcsine-transformed rates: 0.2 small, 0.5 middling, 0.8 large
	Flags      Flags   // of the whole; the intervals and tests have their own
}

// CompareProportions compares the rate of a with that of b by everything that
// has a closed form; FisherExact is the exact test.
//
// The interval of the difference is Newcombe's (1998, method 10, from Wilson's
// intervals without continuity correction). That of the ratio is the log interval of
// Katz et al. (1978). Without successes in an arm, or without failures in both, it
// is 0 to infinity; the ratio is then 1 where the rates are equal, and infinite where
// only b has none.
func CompareProportions(a, b Proportion, level float64) ProportionComparison {
	pA, pB := a.Rate(), b.Rate()
	z := critical(level)
	c := ProportionComparison{A: a, B: b}
	if a.N == 0 || b.N == 0 {
		c.Flags = NoValues
		c.Difference = Estimate{Low: -1, High: 1, Flags: NoValues}
		c.Wald = c.Difference
		c.Ratio = Estimate{Value: 1, High: math.Inf(1), Flags: NoValues}
		c.Pooled, c.Unpooled = noTest(NoValues), noTest(NoValues)
		c.ChiSquare, c.Yates = c.Pooled.Test, c.Pooled.Test
		return c
	}
	c.CohenH = CohenH(pA, pB)
	wA, wB := a.Wilson(level), b.Wilson(level)
	d := pA - pB
	c.Difference = Estimate{
		Value: d,
		Low:   max(-1, d-math.Hypot(pA-wA.Low, wB.High-pB)),
		High:  min(1, d+math.Hypot(wA.High-pA, pB-wB.Low)),
	}
	nA, nB := float64(a.N), float64(b.N)
	se := math.Sqrt(pA*(1-pA)/nA + pB*(1-pB)/nB)
	c.Wald = Estimate{Value: d, Low: max(-1, d-z*se), High: min(1, d+z*se)}
	c.Ratio = riskRatio(a, b, z)
	c.test(se)
	return c
}

func riskRatio(a, b Proportion, z float64) Estimate {
	switch {
	case a.K == 0 && b.K == 0:
		return Estimate{Value: 1, High: math.Inf(1), Flags: ZeroCell}
	case a.K == 0:
		return Estimate{High: math.Inf(1), Flags: ZeroCell}
	case b.K == 0:
		return Estimate{Value: math.Inf(1), High: math.Inf(1), Flags: ZeroCell}
	case a.K == a.N && b.K == b.N:
		return Estimate{Value: 1, High: math.Inf(1), Flags: NoVariation}
	}
	ratio := a.Rate() / b.Rate()
	se := math.Sqrt(float64(a.N-a.K)/float64(a.K)/float64(a.N) + float64(b.N-b.K)/float64(b.K)/float64(b.N))
	return Estimate{Value: ratio, Low: ratio * math.Exp(-z*se), High: ratio * math.Exp(z*se)}
}

// test fills in the tests; se is the standard error of the difference.
func (c *ProportionComparison) test(se float64) {
	a, b := c.A, c.B
	nA, nB := float64(a.N), float64(b.N)
	n := nA + nB
	successes, failures := float64(a.K)+float64(b.K), float64(a.N-a.K)+float64(b.N-b.K)
	if successes == 0 || failures == 0 {
		c.Flags = NoVariation
		c.Wald.Flags |= NoVariation
		c.Pooled, c.Unpooled = noTest(NoVariation), noTest(NoVariation)
		c.ChiSquare, c.Yates = c.Pooled.Test, c.Pooled.Test
		return
	}
	if min(nA, nB)*min(successes, failures)/n < 5 {
		c.Flags = SmallCounts
	}
	cross := float64(a.K)*nB - float64(b.K)*nA // ad - bc of the two by two table
	c.Unpooled = noTest(NoVariation)           // every one of the one, none of the other: no standard error
	if se > 0 {
		c.Unpooled = zTest(cross / nA / nB / se)
	}
	chi := func(cross float64) Test {
		x := cross / successes * cross / failures * n / nA / nB
		return Test{Statistic: x, DF: 1, P: ChiSquareTail(x, 1), Flags: c.Flags}
	}
	c.ChiSquare, c.Yates = chi(cross), chi(max(0, math.Abs(cross)-n/2))
	c.Pooled = zTest(math.Copysign(math.Sqrt(c.ChiSquare.Statistic), cross))
	c.Pooled.Flags |= c.Flags
	c.Unpooled.Flags |= c.Flags
	c.Wald.Flags = c.Flags
}

// CohenH returns the effect size of two rates in [0, 1]: 2 asin √p1 - 2 asin √p2
// (Cohen 1988).
func CohenH(p1, p2 float64) float64 {
	return 2 * (math.Asin(math.Sqrt(p1)) - math.Asin(math.Sqrt(p2)))
}

// Fisher is what Fisher's exact test found.
type Fisher struct {
	SidedTest
	// OddsRatio is the one of the sample, ad/bc, as Statistic: infinite where
	// only bc is zero, 1 where both products are. R's fisher.test prints another one, the
	// conditional maximum of the likelihood.
	OddsRatio float64
}

// FisherExact tests whether a and b have the same rate, given how many
// succeeded altogether. Two-sided, it is the probability of all tables that are no
// likelier than this one. It takes as long as the tails of the law are wide:
// the square root of the counts.
func FisherExact(a, b Proportion) Fisher {
	a.check()
	b.check()
	successes, n := a.K+b.K, a.N+b.N
	f := Fisher{OddsRatio: oddsRatio(a, b)}
	if a.N == 0 || b.N == 0 {
		f.SidedTest = noTest(NoValues)
		f.Statistic = f.OddsRatio
		return f
	}
	first, last := max(0, successes-b.N), min(a.N, successes)
	logP := hypergeometric(a.N, b.N, successes)
	mode := int(float64(a.N+1) / float64(n+2) * float64(successes+1))
	// p(k+1)/p(k) of the law.
	up := func(k int) float64 {
		return float64(successes-k) / float64(k+1) * (float64(a.N-k) / float64(b.N-successes+k+1))
	}
	atMost := func(k int) float64 {
		if k >= last {
			return 1
		}
		return outward(k, first-1, -1, logP, func(k int) float64 { return 1 / up(k-1) })
	}
	atLeast := func(k int) float64 {
		if k <= first {
			return 1
		}
		return outward(k, last+1, 1, logP, up)
	}
	// The nearer tail is added up, the other is the rest: nothing is lost, and
	// the sum is never long.
	here := math.Exp(logP(a.K))
	if a.K <= mode {
		f.Less = atMost(a.K)
		f.Greater = min(1, 1-f.Less+here)
	} else {
		f.Greater = atLeast(a.K)
		f.Less = min(1, 1-f.Greater+here)
	}
	low, high := asUnlikely(a.K, first, last, mode, logP)
	if low+1 >= high {
		f.P = 1
	} else {
		f.P = min(1, atMost(low)+atLeast(high))
	}
	f.Statistic = f.OddsRatio
	if first == last {
		f.Flags |= NoVariation
	}
	return f
}

func oddsRatio(a, b Proportion) float64 {
	up := float64(a.K) * float64(b.N-b.K)
	down := float64(b.K) * float64(a.N-a.K)
	if up == down {
		return 1
	}
	return up / down
}

// hypergeometric returns the log-probability of k successes among nA when
// successes of nA + nB succeed: a quotient of binomial terms, whose rate cancels.
func hypergeometric(nA, nB, successes int) func(k int) float64 {
	n := float64(nA) + float64(nB)
	s := float64(successes)
	p, q := s/n, (n-s)/n
	all := logBinomialTerm(s, n-s, p, q)
	return func(k int) float64 {
		a, b := float64(k), float64(successes-k)
		return logBinomialTerm(a, float64(nA)-a, p, q) + logBinomialTerm(b, float64(nB)-b, p, q) - all
	}
}

// outward adds up the probabilities from k until end, where ratio(k) is the
// next one's quotient to that of k, and stops when they no longer count.
func outward(k, end, step int, logP func(int) float64, ratio func(int) float64) float64 {
	if (end-k)*step <= 0 {
		return 0
	}
	sum, term := 1.0, 1.0
	start := logP(k)
	for k+step != end {
		r := ratio(k)
		term *= r
		sum += term
		k += step
		if r < 1 && term < 1e-17*sum*(1-r) {
			break
		}
	}
	return min(1, math.Exp(start)*sum)
}

// PoissonRates is the exact test that two counts, such as complaints, come from
// the same rate for each unit of exposure, given their sum (Przyborowski &
// Wilenski 1940). Exposures must be above zero.
func PoissonRates(countA int, exposureA float64, countB int, exposureB float64) SidedTest {
	if !(exposureA > 0 && exposureB > 0) {
		panic("stat: rates of no exposure")
	}
	return Proportion{K: countA, N: countA + countB}.Test(exposureA / (exposureA + exposureB))
}
