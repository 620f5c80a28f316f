package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Ten values in five classes of two, against ten that fall 4, 2, 2, 1, 1:
//
//	(.4-.2) ln 2 + 0 + 0 + (.1-.2) ln(1/2) + (.1-.2) ln(1/2) = .4 ln 2 = .277259
func TestStabilityByHand(t *testing.T) {
	before := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	now := []float64{2, 1, 0, -5, 3.5, 4, 5, 6, 8, 99}
	s := Stability(before, now, 5)
	if want := .4 * math.Ln2; math.Abs(s.PSI-want) > 1e-12 {
		t.Errorf("psi %v, want %v", s.PSI, want)
	}
	want := []Class{{2, 2, 4}, {4, 2, 2}, {6, 2, 2}, {8, 2, 1}, {math.Inf(1), 2, 1}}
	if !slices.Equal(s.Classes, want) {
		t.Errorf("classes %v, want %v", s.Classes, want)
	}
	// The 95 % point of chi-squared with 4 degrees of freedom is 9.48773; sizes are 10 and 10.
	if math.Abs(s.Chance-9.48773*.2) > 1e-4 || s.Empty != 0 {
		t.Errorf("chance %v, empty %d", s.Chance, s.Empty)
	}
}

// Equal values stay together; a class that one group leaves empty counts half a
// customer there and is told; missing values are a class.
func TestStabilityOfTiesAndGaps(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		before, now []float64
		classes     []Class
		empty       int
	}{
		"most are zero":     {[]float64{0, 0, 0, 0, 0, 0, 0, 1, 2, 3}, []float64{0, 0, 1, 9}, []Class{{0, 7, 2}, {1, 1, 1}, {2, 1, 0}, {inf, 1, 1}}, 1},
		"most are greatest": {[]float64{0, 1, 1, 1, 1, 1, 1, 1, 1, 1}, []float64{0, 0, 1, 1}, []Class{{0, 1, 2}, {inf, 9, 2}}, 0},
		"all were equal":    {[]float64{5, 5, 5}, []float64{4, 5, 6, 7}, []Class{{math.Nextafter(5, 0), 0, 1}, {5, 3, 1}, {inf, 0, 2}}, 2},
		"all are equal":     {[]float64{5, 5, 5}, []float64{5, 5}, []Class{{5, 3, 2}}, 0},
		"some are missing":  {[]float64{1, 2, nan, nan}, []float64{1, 2, 2, 2}, []Class{{1, 1, 1}, {inf, 1, 3}, {nan, 2, 0}}, 1},
		"all were missing":  {[]float64{nan, nan}, []float64{1, 2}, []Class{{inf, 0, 2}, {nan, 2, 0}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := Stability(c.before, c.now, 10)
			equal := slices.EqualFunc(s.Classes, c.classes, func(a, b Class) bool {
				return (a.Upper == b.Upper || math.IsNaN(a.Upper) && math.IsNaN(b.Upper)) && a.Before == b.Before && a.Now == b.Now
			})
			if !equal || s.Empty != c.empty || !(s.PSI >= 0) || math.IsInf(s.PSI, 0) {
				t.Errorf("%+v, want %v, %d empty", s, c.classes, c.empty)
			}
		})
	}
	if s := Stability(nil, []float64{1}, 10); !math.IsNaN(s.PSI) {
		t.Errorf("of nobody: %+v", s)
	}
}

// Nobody is lost, order does not matter, an increasing change of scale neither,
// and a group is stable against itself.
func TestStabilityProperties(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) float64 {
		v := rapid.IntRange(-1, 30).Draw(t, "value")
		if v < 0 {
			return math.NaN()
		}
		return float64(v)
	})
	rapid.Check(t, func(t *rapid.T) {
		before, now := rapid.SliceOfN(value, 1, 80).Draw(t, "before"), rapid.SliceOfN(value, 1, 80).Draw(t, "now")
		s := Stability(before, now, 10)
		var a, b int
		for _, c := range s.Classes {
			a, b = a+c.Before, b+c.Now
		}
		if a != len(before) || b != len(now) || len(s.Classes) > 11 || s.PSI < 0 {
			t.Fatalf("%d of %d and %d of %d customers: %+v", a, len(before), b, len(now), s)
		}
		if self := Stability(before, before, 10); self.PSI != 0 || self.Empty != 0 {
			t.Fatalf("against itself: %+v", self)
		}
		scaled := func(v []float64) []float64 {
			out := make([]float64, len(v))
			for i := range v {
				out[len(v)-1-i] = 3*v[i] + 7
			}
			return out
		}
		if other := Stability(scaled(before), scaled(now), 10); math.Abs(other.PSI-s.PSI) > 1e-12 {
			t.Fatalf("turned round, on another scale: %v, was %v", other.PSI, s.PSI)
		}
	})
}

// Samples of one distribution exceed Chance five times in a hundred.
func TestStabilityByChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	draw := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = rng.ExpFloat64()
		}
		return v
	}
	const rounds = 2000
	beyond := 0
	for range rounds {
		if s := Stability(draw(800), draw(1200), 10); s.PSI > s.Chance {
			beyond++
		}
	}
	if share := float64(beyond) / rounds; math.Abs(share-.05) > .015 { // three standard errors
		t.Errorf("%.3f of the indices are beyond chance, want .05", share)
	}
}
