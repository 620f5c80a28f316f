package stat

import (
	"fmt"
	"math"
	"slices"
)

// Adjustments of p-values for being many. Each returns adjusted values in the
// order of p, to be compared with the level as if there were one. p must lie in
// [0, 1], or the functions panic.

// Bonferroni controls the probability of any false alarm, whatever the tests
// have to do with each other; Holm does so too and finds more.
func Bonferroni(p []float64) []float64 {
	n := float64(len(p))
	return adjust(p, func(p float64) float64 { return n * p })
}

// Sidak is Bonferroni for independent tests: 1 - (1-p)^n.
func Sidak(p []float64) []float64 {
	n := float64(len(p))
	return adjust(p, func(p float64) float64 { return -math.Expm1(n * math.Log1p(-p)) })
}

func adjust(p []float64, f func(float64) float64) []float64 {
	ascendingP(p)
	out := make([]float64, len(p))
	for i, v := range p {
		out[i] = min(1, f(v))
	}
	return out
}

// ascendingP returns the positions of p, smallest first.
func ascendingP(p []float64) []int {
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			panic(fmt.Sprintf("stat: p-value %d is %g", i, v))
		}
	}
	return ascending(p)
}

// Holm controls the probability of any false alarm, whatever the tests have to
// do with each other (Holm 1979).
func Holm(p []float64) []float64 {
	order := ascendingP(p)
	out := make([]float64, len(p))
	most := 0.0
	for i, row := range order {
		most = max(most, min(1, float64(len(p)-i)*p[row]))
		out[row] = most
	}
	return out
}

// Hommel controls the probability of any false alarm, for tests that are
// independent or go together (Hommel 1988, by way of Wright 1992). It finds
// at least what Holm finds; n² steps.
func Hommel(p []float64) []float64 {
	order := ascendingP(p)
	n := len(p)
	out := make([]float64, n)
	if n == 0 {
		return out
	}
	sorted := make([]float64, n)
	for i, row := range order {
		sorted[i] = p[row]
	}
	least := math.Inf(1)
	for i, v := range sorted {
		least = min(least, float64(n)*v/float64(i+1))
	}
	adjusted := slices.Repeat([]float64{least}, n)
	bound := slices.Clone(adjusted)
	for m := n - 1; m > 1; m-- {
		top := n - m // the first of the m-1 greatest is top+1
		c := math.Inf(1)
		for k := 2; k <= m; k++ {
			c = min(c, float64(m)*sorted[top+k-1]/float64(k))
		}
		for i := 0; i <= top; i++ {
			bound[i] = min(c, float64(m)*sorted[i])
		}
		for i := top + 1; i < n; i++ {
			bound[i] = bound[top]
		}
		for i := range adjusted {
			adjusted[i] = max(adjusted[i], bound[i])
		}
	}
	for i, row := range order {
		out[row] = min(1, max(adjusted[i], sorted[i]))
	}
	return out
}

// BenjaminiHochberg controls the share of false alarms among what is found, for
// tests that are independent or go together (Benjamini & Hochberg 1995).
func BenjaminiHochberg(p []float64) []float64 { return stepUp(p, 1) }

// BenjaminiYekutieli controls the same whatever the tests have to do with each
// other (Benjamini & Yekutieli 2001).
func BenjaminiYekutieli(p []float64) []float64 {
	harmonic := 0.0
	for i := range p {
		harmonic += 1 / float64(i+1)
	}
	return stepUp(p, harmonic)
}

func stepUp(p []float64, factor float64) []float64 {
	order := ascendingP(p)
	out := make([]float64, len(p))
	least := 1.0
	for i := len(order) - 1; i >= 0; i-- {
		row := order[i]
		least = min(least, factor*float64(len(p))/float64(i+1)*p[row])
		out[row] = least
	}
	return out
}
