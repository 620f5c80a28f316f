package purchase

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"clientele/models/modelstest"
	"clientele/models/stat"
)

// Second derivatives of NBD are those of its gradient, few customers or many.
func TestSecondDerivativesOfNBD(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := drawHistories(t)
		rows = append(rows, rapid.SampledFrom([]History{{}, {T: 3000}, {X: 1000, Tx: 1000, T: 1000}, {X: 1, Tx: 1, T: 1500}}).Draw(t, "extreme"))
		h, err := Group(rows, nil)
		if err != nil {
			t.Fatal(err)
		}
		log := func(low, high float64, name string) float64 {
			return math.Exp(rapid.Float64Range(math.Log(low), math.Log(high)).Draw(t, name))
		}
		p := []float64{log(1e-3, 100, "r"), log(1e-3, 1e4, "alpha")}
		err = modelstest.SecondDerivatives(func(p, gradient, hessian []float64) float64 {
			return NBD{}.LogLikelihood(h, p, gradient, hessian, 1)
		}, p, 1e-6, h.Customers)
		if err != nil {
			t.Fatal(err)
		}
		if second := Hessian(NBD{}, h, p, 1); second.At(0, 1) != second.At(1, 0) || !(second.At(0, 0) <= 0) {
			t.Fatalf("%v", second)
		}
	})
}

// bowl is a family of four parameters of which all second derivatives differ, with
// covariates on several of them: the sum over customers of Σ w ln p - p'Ap (1 + T).
type bowl struct{ NBD }

func (bowl) Names() []string { return []string{"r", "alpha", "a", "b"} }

func (bowl) Box() (lowest, highest []float64) {
	return []float64{1e-3, 1e-3, 1e-3, 1e-3}, []float64{1e3, 1e3, 1e3, 1e3}
}

func (bowl) Effects() (buying, churn []float64) {
	return []float64{0, -1, 0, 0}, []float64{0, 0, 1, 0.5}
}

func (bowl) LogLikelihood(h *Histories, p, gradient, hessian []float64, _ int) float64 {
	var customers, times float64
	for i, c := range h.Count {
		customers += c
		times += c * (1 + float64(h.T[i]))
	}
	var value float64
	slope, second := make([]float64, 4), make([]float64, 16)
	for i := range p {
		value += customers * float64(i+1) * math.Log(p[i])
		slope[i] += customers * float64(i+1) / p[i]
		second[i*4+i] -= customers * float64(i+1) / (p[i] * p[i])
		for j := range p {
			a := 1 / float64(1+i+j) * times
			value -= a * p[i] * p[j]
			slope[i] -= 2 * a * p[j]
			second[i*4+j] -= 2 * a
		}
	}
	copy(gradient, slope)
	copy(hessian, second)
	return value
}

// With covariates, derivatives by the coefficients too are those by differences,
// with few profiles and with many, on any number of workers.
func TestSecondDerivativesWithCovariates(t *testing.T) {
	for _, profiles := range []int{3, 2 * fewProfiles} {
		rows := make([]History, 0, 400)
		covariates := make([][]float64, 3)
		for i := range cap(rows) {
			rows = append(rows, History{T: i % 7})
			for k := range covariates {
				covariates[k] = append(covariates[k], math.Sin(float64((i%profiles)*(k+1))))
			}
		}
		h, err := newHistories(columns(rows), nil, covariates)
		if err != nil {
			t.Fatal(err)
		}
		if len(h.profiles) != profiles {
			t.Fatalf("%d profiles, want %d", len(h.profiles), profiles)
		}
		q := newProblem(bowl{}, h, newScale(h, 2), 1)
		theta := []float64{-0.2, 0.4, -1, 0.3, 0.2, -0.1, 0.5}
		n := len(theta)
		gradient, hessian := make([]float64, n), make([]float64, n*n)
		value := q.curved(theta, gradient, hessian)
		// SecondDerivatives goes by logs of what is above zero: theta are those logs.
		p := make([]float64, n)
		for i := range p {
			p[i] = math.Exp(theta[i])
		}
		err = modelstest.SecondDerivatives(func(p, gradient, hessian []float64) float64 {
			logs := make([]float64, n)
			for i := range p {
				logs[i] = math.Log(p[i])
			}
			v := q.curved(logs, gradient, hessian)
			if hessian != nil {
				for i := range n {
					hessian[i*n+i] -= gradient[i]
				}
				for i := range hessian {
					hessian[i] /= p[i/n] * p[i%n]
				}
				stat.SymmetricTo(hessian, upper(hessian, n)) // divided the same way on both sides
			}
			for i := range gradient {
				gradient[i] /= p[i]
			}
			return v
		}, p, 1e-8, 100)
		if err != nil {
			t.Error(fmt.Errorf("%d profiles: %w", profiles, err))
		}
		q.workers = 5
		again, second := make([]float64, n), make([]float64, n*n)
		if v := q.curved(theta, again, second); v != value || !slices.Equal(again, gradient) || !slices.Equal(second, hessian) {
			t.Errorf("%d profiles: five workers add up to something else", profiles)
		}
	}
}

func upper(matrix []float64, n int) (out []float64) {
	for i := range n {
		out = append(out, matrix[i*n+i:(i+1)*n]...)
	}
	return out
}
