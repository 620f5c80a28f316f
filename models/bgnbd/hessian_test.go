package bgnbd

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
		h := shopdata.Group(t, rows, nil)
		var family purchase.Family = Family{p.Clock}
		values := p.Values()
		if rapid.IntRange(0, 4).Draw(t, "loyal") == 0 { // a zero
			family, values = loyal{p.ticks()}, values[:2]
		}
		check(t, family, h, values)
	})
}

// check compares by differences. Terms of the gradient by logs are as large as
// ticks and r times a log, and the differences lose what is below their rounding.
func check(t interface{ Fatal(...any) }, family purchase.Family, h *purchase.Histories, p []float64) {
	err := modelstest.SecondDerivatives(func(p, gradient, hessian []float64) float64 {
		return family.LogLikelihood(h, p, gradient, hessian, 1)
	}, p, 1e-6, h.Customers*(1+1e-3*p[0]))
	if err != nil {
		t.Fatal(fmt.Errorf("%s at %v: %w", family.Name(), p, err))
	}
}

// Grouped and tabled, second derivatives are those of the customers one by one,
// whatever the number of workers.
func TestGroupedSecondDerivatives(t *testing.T) {
	rows := simulate(Params{R: 1, Alpha: 3, A: .6, B: 3}, 1500, 500, 300, 0, 9).Histories()
	for k := range 40 { // heavy buyers
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
	for _, p := range []Params{
		truth, {2, 1, 3, .05, Clock{}}, {.1, .1, 1e-4, 900, modified}, {30, 200, 20, 90, modified}, {1, 7, 1e-5, 1e6, Clock{}}, {300, 1e6, .3, 1, Clock{}},
		{.7, 3, .7, 2.2, Clock{K: 2}}, {1.1, 2, .6, 1.2, Clock{Modified: true, K: 3}}, {4, 9, .2, .9, Clock{K: 12}},
		{.8, 9, 0, 0, Clock{K: 1}}, {.8, 9, 0, 0, Clock{K: 2}}, {.8, 9, 0, 0, Clock{K: 12}},
	} {
		var family purchase.Family = Family{p.Clock}
		values := p.Values()
		if p.A == 0 {
			family, values = loyal{p.K}, values[:2]
		}
		n := len(values)
		got, gradient := make([]float64, n*n), make([]float64, n)
		value := family.LogLikelihood(h, values, gradient, got, 1)
		var want, size [4][4]float64
		for i, r := range rows {
			x, tx, T := weeks(r)
			_, _, one := LogLikelihoodHessian(p, []float64{x}, []float64{tx}, []float64{T})
			for j := range one {
				for k, v := range one[j] {
					want[j][k] += counts[i] * v
					size[j][k] += counts[i] * math.Abs(v)
				}
			}
		}
		for j := range n {
			for k := range n {
				if d := math.Abs(got[j*n+k] - want[j][k]); !(d <= 1e-9*size[j][k]) {
					t.Errorf("%+v: second derivative %d, %d is %.12g, one by one %.12g", p, j, k, got[j*n+k], want[j][k])
				}
			}
		}
		for _, workers := range []int{2, 7} {
			again, slopes := make([]float64, n*n), make([]float64, n)
			if v := family.LogLikelihood(h, values, slopes, again, workers); v != value || !slices.Equal(slopes, gradient) || !slices.Equal(again, got) {
				t.Errorf("%+v: %d workers: %v, not %v", p, workers, again, got)
			}
		}
		check(t, family, h, values)
	}
}
