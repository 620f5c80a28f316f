package interval

import (
	"fmt"
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/mathext"

	"clientele/models/evaluate"
)

func TestExploreBeta(t *testing.T) {
	worst := 0.0
	for _, a := range []float64{1, 1.3, 2, 5, 20, 100, 1000} {
		for _, b := range []float64{1, 1.2, 1.7, 3, 10, 100, 1000} {
			for l := -12.0; l < 12; l += .01 {
				w := math.Exp(l)
				x := w / (1 + w)
				var m mixture
				m.set(&distribution{probability: []float64{0, 1}}, a, b)
				if d := math.Abs(m.below(w) - mathext.RegIncBeta(a, b, x)); d > worst {
					worst = d
					fmt.Println(a, b, w, d)
				}
			}
		}
	}
}

func TestExplore(t *testing.T) {
	for _, tr := range []truth{usual, heavy} {
		start := time.Now()
		s := simulate(tr, 2000, 400, 300, 1)
		t0 := time.Now()
		f := forecaster(t, s.table)
		t1 := time.Now()
		b := base(t, f, s.table)
		t2 := time.Now()
		tot, err := b.Total(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t3 := time.Now()
		var o, v float64
		for i := range s.orders {
			o += s.orders[i]
			v += s.value[i]
		}
		fmt.Println("mixed", f.mixed, len(b.keys), tot, o, v, t0.Sub(start), t1.Sub(t0), t2.Sub(t1), t3.Sub(t2))
		lo, hi, vl, vh := make([]float64, 2000), make([]float64, 2000), make([]float64, 2000), make([]float64, 2000)
		for i := range lo {
			lo[i], hi[i] = b.Orders(i)
			vl[i], vh[i] = b.Value(i)
		}
		fmt.Printf("%+v\n%+v\n", evaluate.Coverage(lo, hi, s.orders), evaluate.Coverage(vl, vh, s.value))
		u, w := make([]float64, 2000), make([]float64, 2000)
		b.PITTo(u, w, s.orders)
		evaluate.RandomisedPITTo(u, u, w, 1)
		fmt.Printf("%+v\n", evaluate.Uniform(u))
	}
}
