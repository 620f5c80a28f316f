package purchase

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/modelstest"
)

// A level multiplies numbers of purchases and nothing else, survives JSON, and
// the model with it keeps every promise.
func TestLevel(t *testing.T) {
	in := columns(simulate(.8, 6, 400, 500, 3, nil))
	plain := scored(t, fitted(t, &Model{Family: NBD{}, DiscountRate: .1}, in), in)
	m := &Model{Family: NBD{}, DiscountRate: .1, Level: 1.5}
	f := fitted(t, m, in)
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.(*Fitted).Level(); got != 1.5 {
		t.Fatalf("level %v after JSON", got)
	}
	raised := scored(t, again.(*Fitted), in)
	for _, c := range plain.Columns() {
		d := raised.Column(c.Name)
		times := 1.0
		if c.Name == "expected_orders" || c.Name == "discounted_orders" {
			times = 1.5
		}
		for i, v := range c.Floats {
			if got := d.Floats[i]; got != v*times && !(math.IsNaN(got) && math.IsNaN(v)) {
				t.Fatalf("%s of row %d: %v, want %v times %v", c.Name, i, got, v, times)
			}
		}
		if !slices.Equal(c.Dates, d.Dates) {
			t.Errorf("%s differs", c.Name)
		}
	}
	modelstest.Run(t, m, in, modelstest.Valid)          // without churn p_alive is missing for everybody
	pooled := columns(simulate(.8, 6, 30, 500, 3, nil)) // too few for a fit
	once, raised := scored(t, fitted(t, &Model{Family: NBD{}}, pooled), pooled), scored(t, fitted(t, &Model{Family: NBD{}, Level: 2}, pooled), pooled)
	if a, b := once.Floats("expected_orders")[0], raised.Floats("expected_orders")[0]; b != 2*a {
		t.Errorf("the plainer method expects %v and, at twice the level, %v", a, b)
	}
	for _, level := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := (&Model{Family: NBD{}, Level: level}).Fit(t.Context(), in); err == nil {
			t.Errorf("fitted at level %v", level)
		}
	}
}

// A fit that forecasts something else scores as a fit made for that does; older
// customers than it saw have scores too.
func TestForecasting(t *testing.T) {
	in := columns(simulate(.8, 6, 400, 500, 3, nil))
	f := fitted(t, &Model{Family: NBD{}}, in)
	other := Model{Horizon: 30, DiscountRate: .2, Window: 14, AsOf: 12_345}
	moved, err := f.Forecasting(other)
	if err != nil {
		t.Fatal(err)
	}
	other.Family = NBD{}
	want, got := scored(t, fitted(t, &other, in), in), scored(t, moved, in)
	for _, c := range want.Columns() {
		d := got.Column(c.Name)
		for i, v := range c.Floats {
			if w := d.Floats[i]; w != v && !(math.IsNaN(v) && math.IsNaN(w)) {
				t.Fatalf("%s of row %d: %v, want %v", c.Name, i, w, v)
			}
		}
		if !slices.Equal(c.Dates, d.Dates) || !slices.Equal(c.Null, d.Null) {
			t.Errorf("%s differs", c.Name)
		}
	}
	if f.Model().Horizon != 365 {
		t.Errorf("the fit itself looks %d days ahead now", f.Model().Horizon)
	}
	if r := moved.Report(); r.Status != models.Converged || !slices.Equal(moved.Params(), f.Params()) {
		t.Errorf("%+v", r)
	}
	old := columns([]History{{X: 4, Tx: 9_000, T: 15_000}})
	if v := scored(t, moved, old).Floats("expected_orders")[0]; !(v > 0 && v < 1) {
		t.Errorf("a customer of 41 years has %v orders to come in a month", v)
	}
	if _, err := f.Forecasting(Model{Horizon: -1}); err == nil {
		t.Error("forecasts -1 days")
	}
}

// What is forecast alone is what Score writes, by whatever gives the scores.
func TestForecastAlone(t *testing.T) {
	many, few := columns(simulate(.8, 6, 9000, 500, 3, nil)), columns(simulate(.8, 6, 30, 500, 3, nil))
	many.Column("x").Null = make([]bool, many.Rows())
	many.Column("x").Null[8500] = true // without an order
	for _, in := range []*table.Table{many, few} {
		f := fitted(t, &Model{Family: NBD{}, Level: 1.5, Workers: 2}, in)
		want := scored(t, f, in)
		expected, silent := make([]float64, in.Rows()), make([]float64, in.Rows())
		if err := f.ForecastTo(t.Context(), expected, silent, in); err != nil {
			t.Fatal(err)
		}
		alone := make([]float64, in.Rows())
		if err := f.ForecastTo(t.Context(), nil, alone, in); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name      string
			got, want []float64
		}{{"expected_orders", expected, want.Floats("expected_orders")}, {"no_purchase", silent, want.Floats("no_purchase")}, {"no_purchase alone", alone, silent}} {
			for i, v := range c.want {
				if got := c.got[i]; !(math.Abs(got-v) <= 1e-12*math.Abs(v)) && !(math.IsNaN(got) && math.IsNaN(v)) {
					t.Fatalf("%s of row %d: %v, want %v", c.name, i, got, v)
				}
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := fitted(t, &Model{Family: NBD{}}, many).ForecastTo(ctx, nil, make([]float64, many.Rows()), many); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
