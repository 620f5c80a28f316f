package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Logarithms and exponentials of slices are those of package math.
func TestElementary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var powers, numbers, small []float64
	for range 200_000 {
		powers = append(powers, (random.Float64()-0.5)*1380)
		numbers = append(numbers, math.Exp((random.Float64()-0.5)*1380))
		small = append(small, math.Exp((random.Float64()-0.5)*8))
	}
	inf := math.Inf(1)
	edges := []float64{0, math.Copysign(0, -1), 1, -1, 0.5, 2, 709.7, 709.79, -708.3, -745, -746, inf, -inf, math.NaN(),
		math.MaxFloat64, 0x1p-1022, 0x1p-1023, 5e-324, 4095, 4096, 4095.5, 1 - 0x1p-53, 1 + 0x1p-52, -0.5, 1e-20}
	for _, c := range []struct {
		name  string
		to    func(dst, src []float64)
		plain func(float64) float64
		least float64 // below which the error is not relative
		near  float64
		src   []float64
	}{
		{"ExpTo", ExpTo, math.Exp, 0, 5e-16, append(powers, edges...)},
		{"LogTo", LogTo, math.Log, 1, 5e-16, append(numbers, edges...)},
		{"LogTo near one", LogTo, math.Log, 1, 5e-16, small},
		{"Log1pTo", Log1pTo, math.Log1p, 0, 8e-16, append(numbers, edges...)},
		{"Log1pTo of small ones", Log1pTo, math.Log1p, 0, 8e-16, small},
	} {
		dst := make([]float64, len(c.src))
		c.to(dst, c.src)
		worst := 0.0
		for i, x := range c.src {
			want := c.plain(x)
			if dst[i] == want || math.IsNaN(want) && math.IsNaN(dst[i]) {
				continue
			}
			off := math.Abs(dst[i]-want) / max(math.Abs(want), c.least)
			if worst = max(worst, off); !(off <= c.near) {
				t.Fatalf("%s(%v) is %v, not %v: off by %.2g", c.name, x, dst[i], want, off)
			}
		}
		t.Logf("%s: within %.2g", c.name, worst)
		same := append([]float64(nil), c.src...)
		c.to(same, same)
		for i := range same {
			if math.Float64bits(same[i]) != math.Float64bits(dst[i]) && !math.IsNaN(dst[i]) {
				t.Fatalf("%s in place: %v and %v", c.name, same[i], dst[i])
			}
		}
	}
}

func BenchmarkElementary(b *testing.B) {
	src, dst := make([]float64, 1024), make([]float64, 1024)
	for i := range src {
		src[i] = 1.1 + float64(i)*0.0137
	}
	for _, c := range []struct {
		name string
		to   func(dst, src []float64)
	}{{"Log", LogTo}, {"Log1p", Log1pTo}, {"Exp", ExpTo}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.to(dst, src)
			}
		})
	}
}
