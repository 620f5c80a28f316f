package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Covered says how often intervals held what happened.
type Covered struct {
	N      int
	Inside float64 // share of actual values within the interval, ends included
	Below  float64 // share below its lower end
	Above  float64
	Low    float64 // 95 % interval of Inside (Wilson)
	High   float64
	Width  float64 // mean of high - low
}

// Coverage measures intervals against actual values.
func Coverage(low, high, actual []float64) Covered {
	same(len(low), len(actual))
	same(len(high), len(actual))
	c := Covered{N: len(actual)}
	var below, above int
	for i, a := range actual {
		switch {
		case a < low[i]:
			below++
		case a > high[i]:
			above++
		}
		c.Width += high[i] - low[i]
	}
	n := float64(c.N)
	inside := c.N - below - above
	c.Inside, c.Below, c.Above, c.Width = float64(inside)/n, float64(below)/n, float64(above)/n, c.Width/n
	c.Low, c.High = Wilson(inside, c.N, 0.95)
	return c
}

// RandomisedPITTo writes the randomised probability integral transform of
// counts (Smith 1985; Czado, Gneiting & Held 2009): a uniform value between the
// forecast probability of fewer than what happened (before) and that of no more
// (upTo). The values are uniform on [0, 1] when the forecast distributions are
// right. The draw of row i depends on seed and i alone.
func RandomisedPITTo(dst, before, upTo []float64, seed uint64) {
	same(len(dst), len(before))
	same(len(dst), len(upTo))
	rng := rand.New(rand.NewPCG(seed, 0x5049_54))
	for i := range dst {
		dst[i] = before[i] + rng.Float64()*(upTo[i]-before[i])
	}
}

// PITHistogram returns the share of the probability integral transform of
// counts that falls into each of equal bins of [0, 1], with the randomisation
// averaged out (Czado, Gneiting & Held 2009, eq. 2 and 3): all 1/bins when the
// forecasts are right, high at the ends when they are too narrow.
func PITHistogram(before, upTo []float64, bins int) []float64 {
	same(len(before), len(upTo))
	shares := make([]float64, bins)
	for i, a := range before {
		b := upTo[i]
		if !(b > a) {
			shares[min(int(a*float64(bins)), bins-1)]++
			continue
		}
		for k := max(0, int(a*float64(bins))); k < bins; k++ {
			low, high := float64(k)/float64(bins), float64(k+1)/float64(bins)
			if low >= b {
				break
			}
			shares[k] += max(0, min(high, b)-max(low, a)) / (b - a)
		}
	}
	for k := range shares {
		shares[k] /= float64(len(before))
	}
	return shares
}

// Uniformity is the result of a test whether values are uniform on [0, 1].
type Uniformity struct {
	N      int
	KS     float64 // greatest distance of the empirical from the uniform distribution
	PValue float64 // of KS
	Chi2   float64 // of twenty equal bins
	PChi2  float64
}

// Uniform tests values in [0, 1] by Kolmogorov-Smirnov, with the asymptotic
// p-value in Stephens's (1970) form, good from ten values on, and by
// chi-square over twenty bins.
func Uniform(values []float64) Uniformity {
	const bins = 20
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	n := float64(len(sorted))
	u := Uniformity{N: len(sorted)}
	var counts [bins]float64
	for i, v := range sorted {
		u.KS = max(u.KS, float64(i+1)/n-v, v-float64(i)/n)
		counts[min(max(int(v*bins), 0), bins-1)]++
	}
	for _, c := range counts {
		u.Chi2 += (c - n/bins) * (c - n/bins) / (n / bins)
	}
	u.PValue = kolmogorov((math.Sqrt(n) + 0.12 + 0.11/math.Sqrt(n)) * u.KS)
	u.PChi2 = mathext.GammaIncRegComp((bins-1)/2.0, u.Chi2/2)
	return u
}

// kolmogorov is the probability that the limit of sqrt(n) KS exceeds t.
func kolmogorov(t float64) float64 {
	if t < 0.2 { // below, the series needs many terms and is 1 to 1e-12
		return 1
	}
	var sum float64
	for k, sign := 1.0, 1.0; k <= 100; k, sign = k+1, -sign {
		term := math.Exp(-2 * k * k * t * t)
		sum += sign * term
		if term < 1e-17 {
			break
		}
	}
	return min(max(2*sum, 0), 1)
}
