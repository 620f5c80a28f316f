// Package stat holds the statistics that models and reports share: sums on
// several cores that do not depend on their number, special functions in
// logs, quantiles, concentration, and the search for a greatest likelihood.
// Pure functions over slices; no state, no database.
package stat

import (
	"fmt"
	"math"
)

// Log1mExp returns ln(1 - e^a) for a <= 0 without cancellation (Mächler 2012,
// "Accurately computing log(1 - exp(-|a|))"). It is -Inf at 0 and NaN above.
func Log1mExp(a float64) float64 {
	if a > -math.Ln2 {
		return math.Log(-math.Expm1(a))
	}
	return math.Log1p(-math.Exp(a))
}

// LogAddExp returns ln(e^a + e^b) without overflow. Either may be -Inf.
func LogAddExp(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) || math.IsInf(a, 1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// LogRisingTo writes ln(Γ(r+k)/Γ(r)), the log of the rising factorial r (r+1)
// ... (r+k-1), into dst[k], for all k below len(dst). r must be above zero.
// A sum of logs keeps the small values exact where two lgammas would cancel.
func LogRisingTo(dst []float64, r float64) {
	var sum float64
	for k := range dst {
		dst[k] = sum
		sum += math.Log(r + float64(k))
	}
}

// DigammaRisingTo writes ψ(r+k) - ψ(r), the derivative of LogRisingTo in r,
// into dst[k], for all k below len(dst).
func DigammaRisingTo(dst []float64, r float64) {
	var sum float64
	for k := range dst {
		dst[k] = sum
		sum += 1 / (r + float64(k))
	}
}

// TrigammaRisingTo writes ψ'(r+k) - ψ'(r), the second derivative of LogRisingTo in
// r, into dst[k], for all k below len(dst). It is not above zero.
func TrigammaRisingTo(dst []float64, r float64) {
	var sum float64
	for k := range dst {
		dst[k] = -sum
		sum += 1 / ((r + float64(k)) * (r + float64(k)))
	}
}

// Log1p is math.Log1p to the last digit but one: from a table for the small whole numbers
// that most columns are made of, counts and days, and by the plain logarithm, in a third of
// the time, where adding one loses nothing.
func Log1p(v float64) float64 {
	if v >= 0 && v < logged {
		if k := int(v); float64(k) == v {
			return wholeLogs[k]
		}
	}
	if v >= 1 && v <= math.MaxFloat64 {
		return log(1 + v)
	}
	return math.Log1p(v)
}

const logged = 4096

var wholeLogs = func() (table [logged]float64) {
	for k := range table {
		table[k] = math.Log1p(float64(k))
	}
	return table
}()

// SymmetricTo writes a symmetric matrix to dst, all of it row by row, of which
// upper holds the elements on and above the diagonal, row by row. It panics where
// the lengths are not those of one matrix.
func SymmetricTo(dst, upper []float64) {
	n := int(math.Round(math.Sqrt(float64(len(dst)))))
	if n*n != len(dst) || n*(n+1)/2 != len(upper) {
		panic(fmt.Sprintf("stat: a matrix of %d elements, %d on and above its diagonal", len(dst), len(upper)))
	}
	k := 0
	for i := range n {
		for j := i; j < n; j++ {
			dst[i*n+j], dst[j*n+i] = upper[k], upper[k]
			k++
		}
	}
}

// Growth returns the integral of e^(a u) over u in [0, l]: l where a is 0,
// (e^(a l) - 1)/a elsewhere, without cancellation in between.
func Growth(a, l float64) float64 {
	y := a * l
	if math.Abs(y) < 1e-5 {
		return l * (1 + y/2*(1+y/3))
	}
	return math.Expm1(y) / a
}
