package clv

import (
	"math"
	"testing"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/modelstest"
)

func columns(orders, spend []float64) *table.Table {
	column := func(name string, v []float64) *table.Column {
		return &table.Column{Field: table.Field{Name: name, Kind: table.Float}, Floats: v}
	}
	return table.New(column("discounted_orders", orders), column("expected_spend", spend))
}

// DERT, E[M] and their product from the spot values of reference/clv.md.
func TestPublished(t *testing.T) {
	in := columns(
		[]float64{8.156292, .959082, 20.805958, 10.554972, 107.738385, math.NaN(), 2},
		[]float64{24.653917, 18.910015, 71.464707, 26.365433, 39.890287, 5, math.NaN()})
	for _, margin := range []float64{0, 0.25} {
		f, err := (&Model{Margin: margin}).Fit(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		dst := (&Model{}).Spec().Make(in.Rows())
		if err := f.Score(t.Context(), dst, in); err != nil {
			t.Fatal(err)
		}
		share := margin
		if margin == 0 {
			share = 1
		}
		for i, want := range []float64{201.084546, 18.136260, 1486.8917, 278.286398, 4297.7151, math.NaN(), math.NaN()} {
			got := dst.Floats("clv")[i]
			if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want*share) > 1e-6*want*share {
				t.Errorf("margin %v, customer %d: %v, want %v", margin, i, got, want*share)
			}
		}
		if r := f.Report(); r.Rows != 5 || r.Status != models.Fixed || r.Parameters[0].Value != share {
			t.Errorf("%+v", r)
		}
	}
}

// Nobody has both inputs: there is no value, and the report says so.
func TestNothingToCompute(t *testing.T) {
	nan := math.NaN()
	for _, in := range []*table.Table{columns(nil, nil), columns([]float64{nan, 1}, []float64{5, nan})} {
		f, err := (&Model{}).Fit(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if r := f.Report(); r.Rows != 0 || r.Status != models.Skipped {
			t.Errorf("%+v", r)
		}
	}
}

func TestPromises(t *testing.T) {
	orders, spend := make([]float64, 200), make([]float64, 200)
	for i := range orders {
		orders[i], spend[i] = 0.1*float64(i%37), 3+float64(i%11)
	}
	// Valid is left out: the interval is missing for everybody, as its Doc says.
	modelstest.Run(t, &Model{Margin: 0.4}, columns(orders, spend), modelstest.Valid)
}

func TestBadMargin(t *testing.T) {
	for _, margin := range []float64{-0.1, 1.5, math.NaN()} {
		if _, err := (&Model{Margin: margin}).Fit(t.Context(), columns(nil, nil)); err == nil {
			t.Errorf("margin %v accepted", margin)
		}
	}
	if _, err := (&Model{}).Load([]byte(`{"margin":0}`)); err == nil {
		t.Error("loaded without a margin")
	}
}
