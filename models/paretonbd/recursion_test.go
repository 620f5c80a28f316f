package paretonbd

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The recursion gives what the integral over the time of loss gives.
func TestRecurred(t *testing.T) {
	worst, taken, all := 0.0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := Params{R: math.Exp(rapid.Float64Range(-4, 5).Draw(t, "ln r")), Alpha: math.Exp(rapid.Float64Range(-5, 7).Draw(t, "ln alpha")),
			S: math.Exp(rapid.Float64Range(-7, 4).Draw(t, "ln s")), Beta: math.Exp(rapid.Float64Range(-5, 8).Draw(t, "ln beta"))}
		x, age := float64(rapid.IntRange(0, 400).Draw(t, "x")), rapid.Float64Range(0, 500).Draw(t, "age")
		h := math.Exp(rapid.Float64Range(-2, 6.5).Draw(t, "ln h"))
		dst := make([]float64, rapid.IntRange(1, 400).Draw(t, "n"))
		want := make([]float64, len(dst))
		a, b, c := p.R+x, p.Alpha+age, p.Beta+age
		if all++; !recurred(dst, 0.5, p.S, a, b, c, h) {
			for n, v := range dst {
				if v != 0 {
					t.Fatalf("%d: %v", n, v)
				}
			}
			return
		}
		taken++
		integrated(want, 0.5, p.S, a, b, c, h)
		for n, v := range want {
			off := math.Abs(dst[n]-v) / max(v, 1e-9)
			if worst = max(worst, off); !(off <= 1e-10) {
				t.Fatalf("%+v, x %v, age %v, within %v: %d purchases %v, not %v", p, x, age, h, n, dst[n], v)
			}
		}
	})
	if t.Logf("within %.2g, %d of %d", worst, taken, all); 5*taken < all {
		t.Errorf("only %d of %d are taken by recursion", taken, all)
	}
}

// In no time nobody buys.
func TestNoTime(t *testing.T) {
	dst := make([]float64, 4)
	rest := PurchasesTo(dst, Params{R: .6, Alpha: 10, S: .6, Beta: 11}, 0, 3, 20, 30)
	if math.Abs(dst[0]-1) > 1e-12 || dst[1] != 0 || rest > 1e-12 {
		t.Errorf("no time: %v and %v for more", dst, rest)
	}
}
