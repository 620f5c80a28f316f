package stat

import (
	"fmt"
	"math"
)

// Sizes and power of two-sided tests at level alpha. Sizes are those of the
// first arm and not rounded; the second is ratio times as large. They are infinite
// where there is no difference to find.

// ProportionPower returns the probability that the pooled z test of arms of n1
// and n2 customers finds the difference of rates p1 and p2 (Fleiss, Levin & Paik
// 2003, section 4.5), in either direction.
func ProportionPower(p1, p2, n1, n2, alpha float64) float64 {
	checkDesign(alpha, 0.5, p1, p2)
	if !(n1 > 0 && n2 > 0) {
		return 0
	}
	pooled := (n1*p1 + n2*p2) / (n1 + n2)
	critical := -NormalQuantile(alpha/2) * math.Sqrt(pooled*(1-pooled)*(1/n1+1/n2))
	se := math.Sqrt(p1*(1-p1)/n1 + p2*(1-p2)/n2)
	d := math.Abs(p1 - p2)
	if se == 0 { // none of the one, every one of the other; or no difference at all
		if d > critical {
			return 1
		}
		return 0
	}
	return NormalTail((critical-d)/se) + NormalTail((critical+d)/se)
}

// SizePooled returns the size at which the pooled z test has this power: the
// classical formula (Fleiss, Levin & Paik 2003, eq. 4.14 without correction).
func SizePooled(p1, p2, ratio, alpha, power float64) float64 {
	checkRatio(ratio)
	pooled := (p1 + ratio*p2) / (1 + ratio)
	return size(p1, p2, alpha, power, math.Sqrt(pooled*(1-pooled)*(1+1/ratio)), math.Sqrt(p1*(1-p1)+p2*(1-p2)/ratio))
}

// SizeUnpooled is SizePooled for the unpooled z test.
func SizeUnpooled(p1, p2, ratio, alpha, power float64) float64 {
	checkRatio(ratio)
	sd := math.Sqrt(p1*(1-p1) + p2*(1-p2)/ratio)
	return size(p1, p2, alpha, power, sd, sd)
}

// size is the size of the first arm where the difference has a standard
// deviation of null under no difference and of real as it is, for one customer.
func size(p1, p2, alpha, power, null, real float64) float64 {
	checkDesign(alpha, power, p1, p2)
	if p1 == p2 {
		return math.Inf(1)
	}
	root := (-NormalQuantile(alpha/2)*null + NormalQuantile(power)*real) / (p1 - p2)
	return root * root
}

// SizeArcsine returns the size for the arcsine-transformed rates (Cohen 1988,
// chapter 6), findings in the wrong direction counted as found.
func SizeArcsine(p1, p2, ratio, alpha, power float64) float64 {
	checkDesign(alpha, power, p1, p2)
	checkRatio(ratio)
	h := math.Abs(CohenH(p1, p2))
	z := -NormalQuantile(alpha / 2)
	return least(h, alpha, power, func(n float64) float64 {
		shift := h * math.Sqrt(n*ratio/(1+ratio))
		return NormalTail(z-shift) + NormalTail(z+shift)
	})
}

// TTestPower returns the probability that Student's t test finds a difference of
// d standard deviations between arms of n1 and n2 customers, by the noncentral t law.
func TTestPower(d, n1, n2, alpha float64) float64 {
	checkDesign(alpha, 0.5)
	if !(n1 > 0 && n2 > 0 && n1+n2 > 2) {
		return 0
	}
	df, shift := n1+n2-2, math.Abs(d)*math.Sqrt(n1/(n1+n2)*n2)
	t := -StudentQuantile(alpha/2, df)
	return noncentralTail(t, df, shift) + noncentralTail(t, df, -shift)
}

// TTestSize returns the size at which Student's t test finds a difference of d
// standard deviations with this power.
func TTestSize(d, ratio, alpha, power float64) float64 {
	checkDesign(alpha, power)
	checkRatio(ratio)
	return least(d, alpha, power, func(n float64) float64 { return TTestPower(d, n, ratio*n, alpha) })
}

// least solves for the size at which an increasing power reaches the target.
func least(effect, alpha, power float64, of func(n float64) float64) float64 {
	if effect == 0 {
		return math.Inf(1)
	}
	if power <= alpha {
		return 0 // found by chance as often
	}
	gap := func(logN float64) float64 { return of(math.Exp(logN)) - power }
	low, high := bracket(gap, 2*math.Log(3/math.Abs(effect)), 1)
	return math.Exp(root(gap, low, high))
}

// Detectable is the smallest difference that a comparison finds with a given power.
type Detectable struct {
	Up, Down float64 // as distances above zero; 0 where none that is possible is found
	Flags    Flags   // OutOfReach: no rise is found
}

// DetectableRate returns the smallest rise and fall of the rate of a treated arm
// of n1 customers, against a control arm of n2 at the rate base, that the pooled z
// test finds with this power: absolute, so 0.01 is one percentage point.
func DetectableRate(base float64, n1, n2 int, alpha, power float64) Detectable {
	checkDesign(alpha, power, base)
	if power <= alpha {
		return Detectable{} // any: chance finds it as often
	}
	gap := func(d float64) float64 {
		return ProportionPower(min(max(base+d, 0), 1), base, float64(n1), float64(n2), alpha) - power
	}
	reach := func(most, sign float64) float64 {
		if most == 0 || gap(sign*most) < 0 {
			return 0
		}
		return root(func(d float64) float64 { return gap(sign * d) }, 0, most)
	}
	found := Detectable{Up: reach(1-base, 1), Down: reach(base, -1)}
	if found.Up == 0 {
		found.Flags = OutOfReach
	}
	return found
}

// DetectableMean returns the smallest difference of means that Student's t test
// of arms of n1 and n2 customers finds with this power, where values have the standard
// deviation sd. Up and Down are alike.
func DetectableMean(sd float64, n1, n2 int, alpha, power float64) Detectable {
	checkDesign(alpha, power)
	if !(sd >= 0) || math.IsInf(sd, 1) {
		panic(fmt.Sprintf("stat: a standard deviation of %g", sd))
	}
	if n1 < 1 || n2 < 1 || n1+n2 < 3 {
		return Detectable{Flags: OutOfReach}
	}
	if power <= alpha {
		return Detectable{} // any: chance finds it as often
	}
	gap := func(logD float64) float64 {
		return TTestPower(math.Exp(logD), float64(n1), float64(n2), alpha) - power
	}
	start := math.Log(3 * math.Sqrt(1/float64(n1)+1/float64(n2)))
	low, high := bracket(gap, start, 0.5)
	d := sd * math.Exp(root(gap, low, high))
	return Detectable{Up: d, Down: d}
}

func checkDesign(alpha, power float64, rates ...float64) {
	if !(alpha > 0 && alpha < 1 && power > 0 && power < 1) {
		panic(fmt.Sprintf("stat: a test of level %g and power %g: both must be between 0 and 1", alpha, power))
	}
	for _, p := range rates {
		if !(p >= 0 && p <= 1) {
			panic(fmt.Sprintf("stat: a rate of %g", p))
		}
	}
}

func checkRatio(ratio float64) {
	if !(ratio > 0) || math.IsInf(ratio, 1) {
		panic(fmt.Sprintf("stat: arms in the ratio %g", ratio))
	}
}
