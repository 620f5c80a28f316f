package risk

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// slowIsotonic is the min-max formula (Barlow et al. 1972, section 1.4): the
// value at x is the greatest, over starts at or before x, of the least, over ends
// at or after x, of the mean between.
func slowIsotonic(x, y, w []float64) func(at float64) float64 {
	values := slices.Clone(x)
	slices.Sort(values)
	values = slices.Compact(values)
	mean := func(from, to float64) float64 {
		var total, weight float64
		for i := range x {
			if x[i] >= from && x[i] <= to {
				total += w[i] * y[i]
				weight += w[i]
			}
		}
		return total / weight
	}
	return func(at float64) float64 {
		greatest := math.Inf(-1)
		for _, from := range values {
			if from > at {
				continue
			}
			least := math.Inf(1)
			for _, to := range values {
				if to >= at {
					least = min(least, mean(from, to))
				}
			}
			greatest = max(greatest, least)
		}
		return greatest
	}
}

func TestIsotonicIsTheMinMaxFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 25).Draw(t, "n")
		x, y, w := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			x[i] = float64(rapid.IntRange(0, 12).Draw(t, "x")) // ties
			y[i] = float64(rapid.IntRange(0, 3).Draw(t, "y"))
			w[i] = rapid.SampledFrom([]float64{0.5, 1, 3}).Draw(t, "w")
		}
		f, err := FitIsotonic(x, y, w)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.check(); err != nil {
			t.Fatal(err)
		}
		slow := slowIsotonic(x, y, w)
		var fitted, came float64
		for i := range n {
			if math.Abs(f.At(x[i])-slow(x[i])) > 1e-9 {
				t.Errorf("at %v: %v, not %v", x[i], f.At(x[i]), slow(x[i]))
			}
			fitted += w[i] * f.At(x[i])
			came += w[i] * y[i]
		}
		if math.Abs(fitted-came) > 1e-9*float64(n) {
			t.Errorf("sum %v, not %v", fitted, came)
		}
		// Any order of rows gives the same bits.
		for _, v := range [][]float64{x, y, w} {
			slices.Reverse(v)
		}
		g, err := FitIsotonic(x, y, w)
		if err != nil || !slices.Equal(f.Values, g.Values) || !slices.Equal(f.Low, g.Low) {
			t.Errorf("rows in another order: %v, %v", f, g)
		}
	})
}

func TestIsotonicBetweenAndBeyond(t *testing.T) {
	f, err := FitIsotonic([]float64{1, 2, 3, 4, 6}, []float64{0, 4, 2, 9, 9}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ x, want float64 }{
		{-5, 0}, {1, 0}, {1.5, 1.5}, {2, 3}, {2.5, 3}, {3, 3}, {3.5, 6}, {4, 9}, {5, 9}, {100, 9},
		{math.Inf(1), 9}, {math.Inf(-1), 0},
	} {
		near(t, "value", f.At(c.x), c.want, 1e-12)
	}
	if !math.IsNaN(f.At(math.NaN())) {
		t.Error("a missing score has a value")
	}
	if _, err := FitIsotonic(nil, nil, nil); err == nil {
		t.Error("no rows, no error")
	}
	if _, err := FitIsotonic([]float64{math.Inf(1)}, []float64{1}, nil); err == nil {
		t.Error("an infinite score, no error")
	}
}

// Calibrated probabilities never are 0 or 1 and never fall.
func TestCalibrate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(t, "n")
		score, events := make([]float64, n), make([]float64, n)
		for i := range n {
			score[i] = float64(rapid.IntRange(-3, 40).Draw(t, "score"))
			events[i] = float64(rapid.IntRange(0, 1).Draw(t, "event"))
		}
		f, err := Calibrate(score, events, nil)
		if err != nil {
			t.Fatal(err)
		}
		before := 0.0
		for x := -5.0; x < 45; x += 0.25 {
			p := f.At(x)
			if !(p > 0 && p < 1 && p >= before) {
				t.Fatalf("at %v: %v after %v", x, p, before)
			}
			before = p
		}
	})
	f, err := Calibrate([]float64{1, 2, 3, 4}, []float64{0, 0, 1, 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Groups of two, and one row more at each end with half an event: (0 + 0 + .5)/3
	// at 1.5, (1 + 1 + .5)/3 at 3.5.
	for x, want := range map[float64]float64{0: 1.0 / 6, 1.5: 1.0 / 6, 2.5: 0.5, 3.5: 5.0 / 6, 9: 5.0 / 6} {
		near(t, "calibrated", f.At(x), want, 1e-12)
	}
}

// Groups have the square root of the weight at least, and lose no row.
func TestGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "n")
		points := make([]step, n)
		var total, events float64
		for i := range points {
			points[i] = step{float64(i), rapid.Float64Range(0, 1).Draw(t, "mean"), rapid.Float64Range(0.1, 4).Draw(t, "weight")}
			total += points[i].weight
			events += points[i].weight * points[i].mean
		}
		groups := grouped(points)
		for k, g := range groups {
			if g.weight < math.Sqrt(total)-1e-9 && len(groups) > 1 || k > 0 && g.x <= groups[k-1].x {
				t.Fatalf("of weight %v: %v", total, groups)
			}
			events -= g.weight * g.mean
		}
		if math.Abs(events) > 1e-9 {
			t.Fatalf("%v events are lost", events)
		}
		if len(groups) == 1 && total > 30 {
			t.Fatalf("one group of weight %v", total)
		}
	})
}
