package paretonbd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"clientele/engine/table"
	"clientele/models/modelstest/shopdata"
	"clientele/models/purchase"
)

// covered simulates three years of customers whose rate and life depend on a
// covariate: one of so many values, or, with 0, one of each customer's own.
func covered(p Params, trans, life float64, n, values int, seed uint64) *table.Table {
	rng := rand.New(rand.NewPCG(seed, 20))
	out := &shopdata.Base{}
	z := make([]float64, n)
	for i := range z {
		z[i] = rng.NormFloat64()
		if values > 0 {
			z[i] = 4*float64(rng.IntN(values))/float64(values) - 2
		}
		rate := distuv.Gamma{Alpha: p.R, Beta: p.Alpha * math.Exp(-trans*z[i]), Src: rng}.Rand() / 7
		end := rng.ExpFloat64() / (distuv.Gamma{Alpha: p.S, Beta: p.Beta * math.Exp(-life*z[i]), Src: rng}.Rand() / 7)
		t := 1 + rng.IntN(1095)
		days := []int{0}
		for at := rng.ExpFloat64() / rate; at < min(end, float64(t)); at += rng.ExpFloat64() / rate {
			if day := int(at) + 1; day != days[len(days)-1] && day <= t {
				days = append(days, day)
			}
		}
		out.Add(days, t, t)
	}
	in := out.Table()
	in.Add(&table.Column{Field: table.Field{Name: "z", Kind: table.Float}, Floats: z})
	return in
}

// A covariate of which every customer has a value of their own is estimated as one of
// few values is: each customer is then a profile, computed by the formulas.
func TestContinuousCovariate(t *testing.T) {
	p := Params{R: 0.8, Alpha: 20, S: 0.7, Beta: 25}
	for _, values := range []int{0, 40} {
		in := covered(p, 0.3, 0.25, 5000, values, 3)
		m := model(purchase.Model{Buying: []string{"z"}, Churn: []string{"z"}})
		f := mustFit(t, m, in)
		if r := f.Report(); r.Status != "converged" {
			t.Fatalf("%d values: %+v", values, r)
		}
		errors := f.StandardErrors()
		for i, want := range append(p.Values(), 0.3, 0.25) {
			e := f.Estimates()[i]
			// Purchases of one day are merged: a little room beyond chance.
			if math.Abs(e.Value-want) > 3.5*errors[i].Value+0.03*want {
				t.Errorf("%d values: %s %.4f, want %.4f (standard error %.4f)", values, e.Name, e.Value, want, errors[i].Value)
			}
		}
	}
}

// A fit with a covariate on buying and on leaving: values of each customer's own, some
// four hundred that share no tables worth the while, and a hundred of many customers.
func BenchmarkFitCovariates(b *testing.B) {
	for _, c := range []struct{ customers, values int }{{100_000, 0}, {100_000, 400}, {1_000_000, 100}} {
		in := covered(Params{R: 0.6, Alpha: 9.5, S: 0.6, Beta: 13}, 0.3, 0.2, c.customers, c.values, 1)
		b.Run(fmt.Sprintf("customers=%d/values=%d", c.customers, c.values), func(b *testing.B) {
			for range b.N {
				f := mustFit(b, model(purchase.Model{Workers: 1, Buying: []string{"z"}, Churn: []string{"z"}}), in)
				if r := f.Report(); r.Status != "converged" {
					b.Fatalf("%+v", r)
				}
			}
			b.ReportMetric(float64(in.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
