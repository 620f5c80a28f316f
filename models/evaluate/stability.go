package evaluate

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Stable says how far the distribution of a quantity has moved from one group
// of customers, such as an earlier run, to another.
type Stable struct {
	// PSI is the population stability index, the sum over Classes of (now - before)
	// ln(now / before), where both are shares: 0 for equal distributions. The usual
	// reading is stable below 0.1, some change up to 0.25, a large one above. NaN
	// where either group is empty.
	PSI float64
	// Chance is what the index of two independent random samples of these sizes,
	// from one distribution, stays below 95 times in 100: a scaled chi-squared of as
	// many degrees of freedom as there are classes less one (Yurdakul & Naranjo 2020,
	// "Statistical properties of the population stability index"). Where the groups
	// are mostly the same customers, chance moves it by less.
	Chance  float64
	Empty   int // classes with nobody in one of the groups, who count as half a customer: there the index says little
	Classes []Class
}

// Class is an interval of values that reaches from above the Upper of the class
// before it up to and including its own Upper: +Inf for the last. Missing values
// are a class by themselves, with an Upper of NaN, after the last.
type Class struct {
	Upper       float64
	Before, Now int // customers
}

// Stability compares the values of two groups by classes that each hold an equal
// share of the values before, as nearly as can be with equal values kept together:
// of 10 classes, the deciles. NaN is a missing value. Where all values before
// are equal, those below and those above are classes too.
func Stability(before, now []float64, classes int) Stable {
	if classes < 2 {
		panic("evaluate: stability by fewer than two classes")
	}
	old, fresh := known(before), known(now)
	s := Stable{}
	lower := 0
	for _, upper := range uppers(old, classes) {
		c := Class{Upper: upper}
		c.Before, c.Now = upTo(old, upper)-lower, upTo(fresh, upper)
		lower += c.Before
		for _, p := range s.Classes {
			c.Now -= p.Now
		}
		s.Classes = append(s.Classes, c)
	}
	if missing := (Class{math.NaN(), len(before) - len(old), len(now) - len(fresh)}); missing.Before+missing.Now > 0 {
		s.Classes = append(s.Classes, missing)
	}
	s.Classes = slices.DeleteFunc(s.Classes, func(c Class) bool { return c.Before+c.Now == 0 })
	s.index(float64(len(before)), float64(len(now)))
	return s
}

// index sets PSI, Chance and Empty for groups of so many customers.
func (s *Stable) index(before, now float64) {
	if before == 0 || now == 0 {
		s.PSI, s.Chance = math.NaN(), math.NaN()
		return
	}
	for _, c := range s.Classes {
		if c.Before == 0 || c.Now == 0 {
			s.Empty++
		}
		was, is := max(float64(c.Before), 0.5)/before, max(float64(c.Now), 0.5)/now
		s.PSI += (is - was) * math.Log(is/was)
	}
	if free := float64(len(s.Classes) - 1); free > 0 {
		s.Chance = distuv.ChiSquared{K: free}.Quantile(0.95) * (1/before + 1/now)
	}
}

// known are the values that are not missing, ascending.
func known(values []float64) []float64 {
	out := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(out)
	return out
}

// upTo is how many of the sorted values are at most upper.
func upTo(sorted []float64, upper float64) int {
	n, _ := slices.BinarySearchFunc(sorted, upper, func(v, upper float64) int {
		if v <= upper {
			return -1
		}
		return 1
	})
	return n
}

// uppers are the upper ends of the classes of sorted values; the last is +Inf.
func uppers(sorted []float64, classes int) []float64 {
	n := len(sorted)
	if n == 0 {
		return []float64{math.Inf(1)}
	}
	greatest := sorted[n-1]
	if sorted[0] == greatest {
		return []float64{math.Nextafter(greatest, math.Inf(-1)), greatest, math.Inf(1)}
	}
	var ends []float64
	for k := 1; k < classes; k++ {
		end := sorted[(k*n+classes-1)/classes-1]
		if end == greatest { // the last class is that of the greatest value: it begins above the next smaller one
			first, _ := slices.BinarySearchFunc(sorted, greatest, cmp.Compare[float64])
			end = sorted[first-1]
		}
		if len(ends) == 0 || end > ends[len(ends)-1] {
			ends = append(ends, end)
		}
	}
	return append(ends, math.Inf(1))
}
