package bgnbd

import (
	"math"
	"testing"

	"clientele/models/purchase"
)

// What those who are not lost buy is the same for every t_x, and with P(alive) makes
// what everybody buys; where a purchase takes several ticks of the clock, t_x matters.
func TestLiving(t *testing.T) {
	living, all := make([]float64, 8), make([]float64, 8)
	for _, p := range []Params{sampleBG, sampleMBG} {
		var l purchase.Living = newLaw(p, purchase.Settings{})
		for _, tx := range []int{2, 30, 200} {
			h := purchase.History{X: 2, Tx: tx, T: 200}
			rest, ok := l.LivingTo(living, purchase.History{X: 2, Tx: 200, T: 200}, 365)
			if !ok {
				t.Fatalf("%+v looks at t_x", p)
			}
			alive := l.PAlive(h)
			if got, want := l.PurchasesTo(all, h, 365), alive*rest; math.Abs(got-want) > 1e-13 {
				t.Errorf("%+v %+v: rest %v, want %v", p, h, got, want)
			}
			for n, share := range living {
				if share *= alive; n == 0 {
					share += 1 - alive
				}
				if math.Abs(all[n]-share) > 1e-13 {
					t.Errorf("%+v %+v: %d purchases with probability %v, want %v", p, h, n, all[n], share)
				}
			}
		}
	}
	ticking := newLaw(Params{R: .7, Alpha: 3, A: .7, B: 2.2, Clock: Clock{K: 2}}, purchase.Settings{})
	if _, ok := ticking.LivingTo(living, purchase.History{X: 2, Tx: 30, T: 200}, 365); ok {
		t.Error("two ticks a purchase, and t_x does not matter")
	}
}
