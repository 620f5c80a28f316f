package engine

import (
	"math"
	"testing"

	"clientele/models"
	"clientele/models/evaluate"
)

func TestParametersOf(t *testing.T) {
	list := []models.Parameter{{Name: "s", Value: 2.5}, {Name: `a "b"`, Value: math.NaN()}, {Name: "a", Value: -1e-9}}
	got, err := parametersOf([]byte(parametersJSON(list)))
	if err != nil || len(got) != len(list) {
		t.Fatalf("%v, %v", got, err)
	}
	for i, p := range list {
		if got[i].Name != p.Name || got[i].Value != p.Value && !math.IsNaN(p.Value) {
			t.Errorf("%v, want %v", got[i], p)
		}
	}
	if _, err := parametersOf([]byte(`{"a": "b"}`)); err == nil {
		t.Error("a parameter that is no number was read")
	}
}

func TestReadings(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		before, now, se float64
		want            string
	}{
		{1, 1, .1, "equal"}, {1, 1.19, .1, "within its error"}, {1, .7, .1, "moved"}, {1, 1.5, .1, "moved far"},
		{nan, 1, nan, "not in the older run"}, {1, nan, nan, "not in the newer run"}, {1, 2, nan, ""},
	} {
		if got := parameterReading(c.before, c.now, c.se); got != c.want {
			t.Errorf("from %v to %v with an error of %v: %q, want %q", c.before, c.now, c.se, got, c.want)
		}
	}
	for _, c := range []struct {
		s    evaluate.Stable
		want string
	}{
		{evaluate.Stable{PSI: nan}, "nobody to compare"}, {evaluate.Stable{PSI: .0999, Empty: 1}, "stable"}, {evaluate.Stable{PSI: .1}, "some change"},
		{evaluate.Stable{PSI: .249}, "some change"}, {evaluate.Stable{PSI: .25}, "large change"}, {evaluate.Stable{PSI: .3, Chance: .4}, "too few customers to tell from chance"},
		{evaluate.Stable{PSI: .3, Empty: 2}, "large change, with classes that are empty in one run"},
	} {
		if got := stabilityReading(c.s); got != c.want {
			t.Errorf("%+v: %q, want %q", c.s, got, c.want)
		}
	}
}
