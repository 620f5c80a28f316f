package cluster

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Figures of scikit-learn 1.2.1 for three components with diagonal covariances on the
// raw columns, and of one component by its formula.
func TestMixtureIris(t *testing.T) {
	p, _ := iris(t)
	runs, err := best(t.Context(), p, []int{3}, starts, 0)
	if err != nil {
		t.Fatal(err)
	}
	m := newMixture(p, labels{3, runs[0].code}, 1)
	if err := m.run(t.Context(), p, 2, mostRounds, leastGrowth); err != nil {
		t.Fatal(err)
	}
	close(t, "log-likelihood", m.logLikelihood, -307.1776, 5e-5)
	close(t, "BIC", m.bic(p.n), 744.6317, 1e-4)
	if !m.settled || m.singular() {
		t.Errorf("settled %v, singular %v after %d rounds", m.settled, m.singular(), m.iterations)
	}

	one := newMixture(p, labels{1, make([]uint8, p.n)}, 1)
	if err := one.run(t.Context(), p, 1, 3, 0); err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for f := range p.d {
		want -= float64(p.n) / 2 * (math.Log(2*math.Pi*one.variance[f]) + 1)
	}
	close(t, "log-likelihood of one component", one.logLikelihood, want, 1e-9)
}

// No round of EM lowers the likelihood, floors and empty components included.
func TestLikelihoodNeverFalls(t *testing.T) {
	floors := 0
	rapid.Check(t, func(t *rapid.T) {
		n, d, k := rapid.IntRange(2, 200).Draw(t, "n"), rapid.IntRange(1, 5).Draw(t, "d"), rapid.IntRange(1, 6).Draw(t, "k")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		values := rapid.IntRange(1, 8).Draw(t, "values") // few: components collapse onto one value
		p := points{n: n, d: d, x: make([]float64, n*d)}
		for i := range p.x {
			if p.x[i] = random.NormFloat64(); values < 6 {
				p.x[i] = float64(random.IntN(values))
			}
		}
		start := labels{k, make([]uint8, n)}
		for i := range start.code {
			start.code[i] = uint8(random.IntN(k))
		}
		m := newMixture(p, start, 1)
		sums, before := make([]float64, k*(2*d+1)+1), math.Inf(-1)
		for round := range 60 {
			m.expect(sums, p, 1)
			got := sums[len(sums)-1]
			if !(got >= before-1e-8*(1+math.Abs(before))) {
				t.Fatalf("round %d: %v after %v", round, got, before)
			}
			before = got
			m.update(sums[:len(sums)-1], float64(n))
		}
		if m.singular() {
			floors++
		}
	})
	if floors < 5 {
		t.Errorf("a floor held in %d cases only", floors)
	}
}

// Two normal samples far apart are found again, and the number of cores changes no bit.
func TestMixtureRecovers(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	p := points{n: 20_000, d: 2}
	truth := labels{2, make([]uint8, p.n)}
	for i := range p.n {
		if random.Float64() < 0.3 {
			truth.code[i] = 1
			p.x = append(p.x, 5+2*random.NormFloat64(), -3+0.5*random.NormFloat64())
		} else {
			p.x = append(p.x, random.NormFloat64(), random.NormFloat64())
		}
	}
	var first *mixture
	for _, workers := range []int{1, 3} {
		runs, err := best(t.Context(), p, []int{2}, 2, workers)
		if err != nil {
			t.Fatal(err)
		}
		m := newMixture(p, labels{2, runs[0].code}, workers)
		if err := m.run(t.Context(), p, workers, mostRounds, leastGrowth); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = m
		}
		if !slices.Equal(m.mean, first.mean) || !slices.Equal(m.variance, first.variance) {
			t.Errorf("%d workers: means %v, one: %v", workers, m.mean, first.mean)
		}
	}
	far := 0 // the component around (5, -3)
	if first.mean[2] > first.mean[0] {
		far = 1
	}
	for i, want := range []float64{0.3, 5, -3, 4, 0.25} {
		got := []float64{first.weight[far], first.mean[far*2], first.mean[far*2+1], first.variance[far*2], first.variance[far*2+1]}[i]
		close(t, "estimate", got, want, 0.12)
	}
	if index := randIndex(first.labels(p, 1), truth); index < 0.97 {
		t.Errorf("adjusted Rand index against the truth %v", index)
	}
}
