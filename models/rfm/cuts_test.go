package rfm

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"clientele/models/stat"
)

// Cut points against the plain definition on a sorted copy, and against models/stat.
func TestCutPointsProperty(t *testing.T) {
	value := rapid.OneOf(
		rapid.Map(rapid.IntRange(1, 6), func(n int) float64 { return float64(n) }),
		rapid.Map(rapid.IntRange(-100000, 100000), func(n int) float64 { return float64(n) / 100 }),
		rapid.Float64Range(-1e12, 1e12), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 5e-324, -5e-324, 1e300, -1e300}))
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(value, 1, 200).Draw(t, "values")
		got := CutPoints(values)
		other := stat.Quantiles(values, 0.2, 0.4, 0.6, 0.8)
		for k, q := range got {
			if w := other[k]; math.Abs(q-w) > 1e-12*max(1, math.Abs(w)) && !nearInterpolation(values, q, w) {
				t.Fatalf("cut point %d of %v is %v, by models/stat %v", k+1, values, q, w)
			}
			want := slowQuantile(values, float64(k+1)/5)
			if math.Abs(q-want) > 1e-12*max(1, math.Abs(want), math.Abs(q)) && !nearInterpolation(values, q, want) {
				t.Fatalf("cut point %d of %v is %v, sorted %v", k+1, values, q, want)
			}
			if k > 0 && q < got[k-1] {
				t.Fatalf("cut points %v descend", got)
			}
		}
		// Quantiles of minus the values are minus the quantiles.
		minus := make([]float64, len(values))
		for i, v := range values {
			minus[i] = -v
		}
		for k, q := range CutPoints(minus) {
			if w := -got[3-k]; math.Abs(q-w) > 1e-12*max(1, math.Abs(w)) && !nearInterpolation(values, q, w) {
				t.Fatalf("cut point %d of minus the values is %v, want %v", k+1, q, w)
			}
		}
	})
}

// nearInterpolation allows for rounding where neighbours of huge and opposite size are interpolated.
func nearInterpolation(values []float64, a, b float64) bool {
	size := 0.0
	for _, v := range values {
		size = max(size, math.Abs(v))
	}
	return math.Abs(a-b) <= 1e-14*size
}

// Equal values score equally, larger values never lower, and scores stay in 1..5.
func TestScoreProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 30), func(n int) float64 { return float64(n) / 2 }), 1, 60).Draw(t, "values")
		c := CutPoints(values)
		rule := rapid.SampledFrom([]Rule{Above, From}).Draw(t, "rule")
		v := rapid.Float64Range(-1, 20).Draw(t, "v")
		w := rapid.Float64Range(v, 21).Draw(t, "w")
		a, b := c.score(v, rule), c.score(w, rule)
		if a < 1 || b > 5 || a > b {
			t.Fatalf("%v scores %d, %v scores %d", v, a, w, b)
		}
		if a, b := c.scoreRecency(v), c.scoreRecency(w); b < 1 || a > 5 || a < b {
			t.Fatalf("%v days score %d, %v days score %d", v, a, w, b)
		}
		// Minus the days under Above, with the cut points of minus the days.
		minus := make([]float64, len(values))
		for i, x := range values {
			minus[i] = -x
		}
		m := CutPoints(minus)
		for _, x := range values {
			if m.score(-x, Above) != c.scoreRecency(x) {
				t.Fatalf("%v days: score %d by minus the days, %d by the days", x, m.score(-x, Above), c.scoreRecency(x))
			}
		}
	})
}

func TestMean(t *testing.T) {
	if m := mean([]float64{0.1, 0.1, 0.1}); m != 0.1 {
		t.Errorf("mean of equal values is %v", m)
	}
	if m := mean([]float64{1e16, 1, -1e16, 1}); m != 0.5 { // a plain sum gives 0.25
		t.Errorf("mean %v, want 0.5", m)
	}
}
