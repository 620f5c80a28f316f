package engine

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"clientele/models"
	"clientele/models/evaluate"
	"clientele/models/groups"
	"clientele/models/purchase"
)

// What parametersJSON writes to the models table is read back.
func TestParametersOfTheTable(t *testing.T) {
	list := models.Parameters{{Name: "s", Value: 2.5}, {Name: `a "b"`, Value: math.NaN()}, {Name: "a", Value: -1e-9}}
	var got models.Parameters
	if err := json.Unmarshal([]byte(parametersJSON(list)), &got); err != nil || fmt.Sprint(got) != fmt.Sprint(list) {
		t.Errorf("%v, want %v, %v", got, list, err)
	}
}

func TestReadings(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		before, now  float64
		seWas, seNow float64
		nested       bool
		want         string
	}{
		{1, 1, .1, .1, true, "equal"}, {1, 2, nan, nan, true, ""}, {1, 1.19, .1, .1, false, "no clear move"}, {1, 1.3, .1, .1, false, "moved"},
		{nan, 1, nan, nan, false, "not in the older run"}, {1, nan, nan, nan, false, "not in the newer run"}, {1, 1.6, .1, .1, false, "moved far"},
		{1, 1.1, .1, .08, true, "within its error"}, {1, 1.2, .1, .08, true, "may have moved"}, {1, 1.05, .1, .12, true, "may have moved"},
		{1, 1.3, .1, .08, true, "moved"}, {1, 1.6, .1, .08, true, "moved far"}, {-1, -.9, .1, .08, true, "within its error"},
	} {
		m := move{before: savedParameter{"p", c.before, c.seWas}, now: savedParameter{"p", c.now, c.seNow}, nested: c.nested}
		if got := m.reading(); got.en != c.want || (got.zh == "") != (c.want == "") {
			t.Errorf("%+v: %q, want %q", m, got, c.want)
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
		if got := stabilityReading(c.s); got.en != c.want || got.zh == "" {
			t.Errorf("%+v: %q, want %q", c.s, got, c.want)
		}
	}
}

// The error of a change between two days of shops that do not change covers it: of
// parameters two errors in about 95 of 100, where those of two shops without a common
// customer would be three times too wide.
func TestErrorOfAChange(t *testing.T) {
	var all, over, known int
	var apart float64
	for seed := range uint64(80) {
		before, now := twoDays(t, seed)
		for k, p := range before {
			m := move{before: p, now: now[k], nested: true, logs: true}
			same, other := m.errors()
			z := (m.now.value - m.before.value) / other
			apart += z * z
			if all++; math.IsNaN(same) {
				continue
			}
			if known++; math.Abs(m.now.value-m.before.value) > 2*same {
				over++
			}
		}
	}
	if share := float64(over) / float64(known); known < all*9/10 || share > 0.1 {
		t.Errorf("%d of %d changes have an error, %.3f of them are beyond two", known, all, share)
	}
	if size := math.Sqrt(apart / float64(all)); size > 0.5 {
		t.Errorf("changes are %.2f errors of two shops without a common customer", size)
	}
}

// What is counted are the estimates of the fits that score.
func TestEstimatesByGroup(t *testing.T) {
	fit := func(parameters int) *groupFit { return &groupFit{parameters: parameters} }
	own := []groups.Fit[*groupFit]{{Name: "a", Model: fit(4)}, {Name: "b", Model: fit(3)}}
	for _, c := range []struct {
		fits groups.Fits[*groupFit]
		want int
	}{
		{groups.Fits[*groupFit]{All: fit(2), RestRows: 9, Unworthy: 5, Comparison: groups.Comparison{Parameters: 40}}, 2},
		{groups.Fits[*groupFit]{All: fit(2), Own: own}, 7}, {groups.Fits[*groupFit]{All: fit(2), Own: own, RestRows: 3}, 9},
		{groups.Fits[*groupFit]{All: fit(2), Own: own, RestRows: 3, Rest: &groups.Fit[*groupFit]{Name: groups.Pooled, Model: fit(1)}}, 8},
	} {
		if got := estimatesByGroup(&c.fits); got != c.want {
			t.Errorf("%+v: %d estimates, want %d", c.fits, got, c.want)
		}
	}
}

// groupFit has some parameters and no scores.
type groupFit struct {
	models.Fitted
	parameters int
}

func (f *groupFit) Report() models.Report {
	return models.Report{Parameters: make([]models.Parameter, f.parameters)}
}

// twoDays are the estimates of NBD for one shop, on a day and three months later.
func twoDays(t *testing.T, seed uint64) (before, now []savedParameter) {
	rng := rand.New(rand.NewPCG(seed, 3))
	rates := distuv.Gamma{Alpha: 1.2, Beta: 6, Src: rng}
	const first, last = 300, 390
	var rows [2][]purchase.History
	for range 1500 {
		rate, start := rates.Rand()/7, rng.IntN(first-30)
		was, is := purchase.History{T: first - start}, purchase.History{T: last - start}
		for at := rng.ExpFloat64() / rate; at < float64(is.T); at += rng.ExpFloat64() / rate {
			day := int(at) + 1
			if day > is.Tx {
				is.X, is.Tx = is.X+1, day
			}
			if day <= was.T {
				was.X, was.Tx = is.X, is.Tx
			}
		}
		rows[0], rows[1] = append(rows[0], was), append(rows[1], is)
	}
	var out [2][]savedParameter
	for k := range out {
		h, err := purchase.Group(rows[k], nil)
		if err != nil {
			t.Fatal(err)
		}
		f, err := (&purchase.Model{Family: purchase.NBD{}}).FitHistories(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		out[k] = withErrors(f.Report().Parameters, f.Report().Errors)
	}
	return out[0], out[1]
}
