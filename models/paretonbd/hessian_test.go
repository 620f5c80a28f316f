package paretonbd

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"clientele/models/modelstest"
	"clientele/models/modelstest/shopdata"
	"clientele/models/purchase"
)

// Second derivatives are those of the gradient, at any parameters and for any
// customers: few, which are taken one by one.
func TestSecondDerivatives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyParams().Draw(t, "params")
		var rows []purchase.History
		for range rapid.IntRange(1, 3).Draw(t, "customers") {
			x, tx, T := drawHistory(t)
			rows = append(rows, purchase.History{X: x, Tx: tx, T: T})
		}
		if rapid.Bool().Draw(t, "extreme") {
			rows = append(rows, rapid.SampledFrom(shopdata.Extremes()).Draw(t, "customer"))
		}
		check(t, shopdata.Group(t, rows, nil), p)
	})
}

func check(t interface{ Fatal(...any) }, h *purchase.Histories, p Params) {
	err := modelstest.SecondDerivatives(func(p, gradient, hessian []float64) float64 {
		return Family{}.LogLikelihood(h, p, gradient, hessian, 1)
	}, p.Values(), 1e-6, h.Customers*(1+1e-3*(p.R+p.S)))
	if err != nil {
		t.Fatal(fmt.Errorf("%+v: %w", p, err))
	}
}

// Grouped and tabled, second derivatives are those of the customers one by one,
// whatever the number of workers.
func TestGroupedSecondDerivatives(t *testing.T) {
	rows := simulate(Params{R: 1, Alpha: 5, S: .6, Beta: 8}, 1500, 500, 300, 0, 9).Histories()
	for k := range 40 { // heavy buyers: few of them, so by panels
		rows = append(rows, purchase.History{X: 900, Tx: 1200, T: 1300 + k})
	}
	rows = append(rows, shopdata.Extremes()...)
	counts := make([]float64, len(rows))
	for i := range counts {
		counts[i] = []float64{1, 2, 0.7, 3}[i%4]
	}
	h := shopdata.Group(t, rows, counts)
	if h.Len() <= few {
		t.Fatalf("%d histories: no tables", h.Len())
	}
	for _, p := range []Params{truth, {2, 1, 3, .05}, {.1, .1, 1e-4, 900}, {30, 200, 20, 90}, {1, 7, 1, 7}, {1, 7, 1e-5, 1e6}, {300, 1e6, .3, 5}} {
		got, gradient := make([]float64, 16), make([]float64, 4)
		value := Family{}.LogLikelihood(h, p.Values(), gradient, got, 1)
		want, size, one := make([]float64, 16), make([]float64, 16), make([]float64, 16)
		for i, r := range rows {
			Family{}.LogLikelihood(shopdata.Group(t, []purchase.History{r}, nil), p.Values(), nil, one, 1)
			for j, v := range one {
				want[j] += counts[i] * v
				size[j] += counts[i] * math.Abs(v)
			}
		}
		for j := range want {
			if d := math.Abs(got[j] - want[j]); !(d <= 1e-8*size[j]) {
				t.Errorf("%+v: second derivative %d, %d is %.12g, one by one %.12g", p, j/4, j%4, got[j], want[j])
			}
		}
		for _, workers := range []int{2, 7} {
			again, slopes := make([]float64, 16), make([]float64, 4)
			if v := (Family{}).LogLikelihood(h, p.Values(), slopes, again, workers); v != value || !slices.Equal(slopes, gradient) || !slices.Equal(again, got) {
				t.Errorf("%+v: %d workers: %v, not %v", p, workers, again, got)
			}
		}
	}
	check(t, h, truth)
}
