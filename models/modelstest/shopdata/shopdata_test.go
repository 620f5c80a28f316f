package shopdata

import (
	"math"
	"slices"
	"testing"

	"clientele/models/purchase"
)

func TestSummarize(t *testing.T) {
	orders := []Order{
		{"b", 30, 1, false}, {"a", 12, 5, false}, {"a", 5, 7, false}, {"a", 12, 2, false}, {"late", 21, 1, false},
		{"a", 20, 1, false}, {"a", 24, 1, false}, {"a", 41, 1, false}, {"b", 2, 9, false},
	}
	b := Summarize(orders, 20, 40)
	want := []purchase.History{{X: 0, Tx: 0, T: 18}, {X: 2, Tx: 15, T: 15}}
	if !slices.Equal(b.Histories(), want) || !slices.Equal(b.Last, []int64{2, 20}) || !slices.Equal(b.Later, []float64{1, 1}) {
		t.Errorf("%+v", b)
	}
	if got := b.Gaps[1]; math.Abs(got-math.Log(1)-math.Log(8.0/7)) > 1e-15 {
		t.Errorf("logs of gaps of 7 and 8 days: %v", got)
	}
	var turned Base
	turned.Take(b, 1, 2)
	turned.Take(b, 0, 1)
	if !slices.Equal(turned.Histories(), []purchase.History{want[1], want[0]}) || turned.Table().Rows() != 2 {
		t.Errorf("%+v", turned)
	}
	x, tx, T := turned.Weeks()
	if x[0] != 2 || math.Abs(tx[0]-15.0/7) > 1e-14 || math.Abs(T[1]-18.0/7) > 1e-14 {
		t.Errorf("%v %v %v", x, tx, T)
	}
}

func TestHoldout(t *testing.T) {
	b := &Base{Later: []float64{0, 1, 2, 5}}
	forecast, pAlive := []float64{1, 1, 3, 3}, []float64{0.1, 0.2, 0.3, 0.4}
	row := Holdout{8, 1, 1, math.Sqrt(1.5), 6 / math.Sqrt(4*14), 0.25}
	if d := row.Differs(b, forecast, pAlive, 1e-9, 1); d != "" {
		t.Error(d)
	}
	for i := range row {
		wrong := row
		wrong[i] *= 1.001
		if wrong.Differs(b, forecast, pAlive, 1e-9, 1) == "" {
			t.Errorf("figure %d is not compared", i)
		}
	}
}
