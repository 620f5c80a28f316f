package evaluate_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"

	"clientele/models/evaluate"
)

// windows simulates customers, each with one to three rows that have most of their
// value in common; the mean of all is zero.
func windows(rng *rand.Rand, customers int) (values []float64, customer []int64) {
	for c := range customers {
		common := rng.NormFloat64()
		for range 1 + rng.IntN(3) {
			values = append(values, common+0.3*rng.NormFloat64())
			customer = append(customer, int64(c))
		}
	}
	return values, customer
}

// On rows that come in clusters, 95 % intervals by cluster hold the true mean at their
// rate, and those that take rows for independent do not: the test of the test.
func TestClusteredMeanCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 4))
	const shops = 2000
	for _, customers := range []int{20, 300} {
		var clustered, naive int
		for range shops {
			values, customer := windows(rng, customers)
			if e := evaluate.ClusteredMean(values, customer, 0.95); e.Low <= 0 && 0 <= e.High {
				clustered++
			}
			mean, sd := stat.MeanStdDev(values, nil)
			if math.Abs(mean) <= 1.96*sd/math.Sqrt(float64(len(values))) {
				naive++
			}
		}
		t.Logf("%d customers: %.3f by customer, %.3f by row", customers, float64(clustered)/shops, float64(naive)/shops)
		if share := float64(clustered) / shops; share < 0.93 || share > 0.97 {
			t.Errorf("%d customers: %.3f of the intervals hold the mean", customers, share)
		}
		if share := float64(naive) / shops; share > 0.88 {
			t.Errorf("%d customers: rows taken for independent hold it in %.3f: these data would show nothing", customers, share)
		}
	}
}

// With a row to a cluster it is Student's interval of a mean; a cluster that is said
// twice over is no wider or narrower; order and names of clusters do not matter.
func TestClusteredMean(t *testing.T) {
	// The extra sleep of Cushny & Peebles (1905) in Student (1908): mean 1.58, standard
	// deviation 1.229995; R's t.test gives 0.7001142 to 2.4598858.
	sleep := []float64{1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4}
	own := []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	e := evaluate.ClusteredMean(sleep, own, 0.95)
	for what, c := range map[string][2]float64{"mean": {e.Value, 1.58}, "low": {e.Low, 0.7001142}, "high": {e.High, 2.4598858}} {
		if math.Abs(c[0]-c[1]) > 1e-6 {
			t.Errorf("%s %v, want %v", what, c[0], c[1])
		}
	}
	twice := evaluate.ClusteredMean(slices.Concat(sleep, sleep), slices.Concat(own, own), 0.95)
	if math.Abs(twice.Low-e.Low) > 1e-12 || math.Abs(twice.High-e.High) > 1e-12 {
		t.Errorf("every row twice gives %v, want %v", twice, e)
	}
	rapid.Check(t, func(t *rapid.T) {
		values, customer := windows(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)), 20)
		want := evaluate.ClusteredMean(values, customer, 0.95)
		order := rapid.Permutation(indices(len(values))).Draw(t, "order")
		v, c := make([]float64, len(values)), make([]int64, len(values))
		for k, i := range order {
			v[k], c[k] = values[i], customer[i]
		}
		if got := evaluate.ClusteredMean(v, c, 0.95); got != want {
			t.Fatalf("in another order %v, want %v", got, want)
		}
	})
	if e := evaluate.ClusteredMean([]float64{1, 2}, []int64{7, 7}, 0.95); e.Value != 1.5 || !math.IsInf(e.Low, -1) || !math.IsInf(e.High, 1) {
		t.Errorf("one cluster says %v", e)
	}
	if e := evaluate.ClusteredMean(nil, nil, 0.95); !math.IsNaN(e.Value) || !math.IsNaN(e.Low) {
		t.Errorf("nothing says %v", e)
	}
}

func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}
