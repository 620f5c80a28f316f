package stat

import (
	"math"
	"slices"
)

// Quantile returns the type-7 quantile (Hyndman & Fan 1996; R's default) of
// ascending values without NaN at p in [0, 1]: linear between the order
// statistics around (n-1) p. NaN when there are no values.
func Quantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 || math.IsNaN(p) {
		return math.NaN()
	}
	h := float64(len(sorted)-1) * min(max(p, 0), 1)
	low := int(h)
	if low == len(sorted)-1 {
		return sorted[low]
	}
	return sorted[low] + (h-float64(low))*(sorted[low+1]-sorted[low])
}

// Quantiles returns the type-7 quantiles of values, in any order, at each of
// p. NaN values are left out; values itself is not changed.
func Quantiles(values []float64, p ...float64) []float64 {
	sorted := sortedCopy(values)
	q := make([]float64, len(p))
	for i := range p {
		q[i] = Quantile(sorted, p[i])
	}
	return q
}

// sortedCopy returns the values that are not NaN, ascending.
func sortedCopy(values []float64) []float64 {
	sorted := make([]float64, 0, len(values))
	for _, v := range values {
		if v == v {
			sorted = append(sorted, v)
		}
	}
	slices.Sort(sorted)
	return sorted
}

// Gini returns the Gini coefficient of values: 0 when all are equal, near 1
// when one has everything. NaN values are left out and values below zero (a
// customer with more refunds than revenue) count as zero, so that the result
// stays in [0, 1). NaN when nothing is above zero.
func Gini(values []float64) float64 {
	sorted := sortedCopy(values)
	var sum, ranked float64
	for i, v := range sorted {
		v = max(v, 0)
		sum += v
		ranked += float64(i+1) * v
	}
	if sum <= 0 {
		return math.NaN()
	}
	n := float64(len(sorted))
	return max(0, 2*ranked/(n*sum)-(n+1)/n)
}

// ParetoShare returns the smallest share of the values, greatest first, that
// together make at least part (0 to 1) of their sum: 0.2 at part 0.8 is the
// proverbial one. NaN values are left out and values below zero count as zero.
// NaN when nothing is above zero.
func ParetoShare(values []float64, part float64) float64 {
	sorted := sortedCopy(values)
	var sum float64
	for i, v := range sorted {
		sorted[i] = max(v, 0)
		sum += sorted[i]
	}
	if sum <= 0 || math.IsNaN(part) {
		return math.NaN()
	}
	// Rounding of the running sum must not ask for one customer more.
	need := part * sum * (1 - 1e-12)
	var have float64
	for i := range sorted {
		if have >= need {
			return float64(i) / float64(len(sorted))
		}
		have += sorted[len(sorted)-1-i]
	}
	return 1
}

// Correlation returns Pearson's correlation of a and b, of equal length (it
// panics otherwise); NaN when either does not vary.
func Correlation(a, b []float64) float64 {
	if len(a) != len(b) {
		panic("stat: correlation of slices of different lengths")
	}
	n := float64(len(a))
	var meanA, meanB float64
	for i := range a {
		meanA += a[i]
		meanB += b[i]
	}
	meanA, meanB = meanA/n, meanB/n
	var aa, bb, ab float64
	for i := range a {
		da, db := a[i]-meanA, b[i]-meanB
		aa += da * da
		bb += db * db
		ab += da * db
	}
	if aa == 0 || bb == 0 {
		return math.NaN()
	}
	return ab / math.Sqrt(aa*bb)
}
