package cluster

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func close(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// Figures of scikit-learn 1.2.1 on the raw columns: the least inertia known for one to
// six clusters; sizes and quality of three.
func TestIris(t *testing.T) {
	p, species := iris(t)
	want := []float64{681.370600, 152.347952, 78.851441, 57.228473, 46.446182, 39.039987}
	runs, err := best(t.Context(), p, []int{1, 2, 3, 4, 5, 6}, 20, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range runs {
		close(t, "inertia", l.inertia, want[i], 1e-6)
		if !l.settled {
			t.Errorf("%d clusters still move after %d passes", l.k, l.iterations)
		}
	}
	two, three := labels{2, runs[1].code}, labels{3, runs[2].code}
	if sizes := three.sizes(); slices.Sorted(slices.Values(sizes))[0] != 38 || slices.Max(sizes) != 62 || sizes[0]+sizes[1]+sizes[2] != 150 {
		t.Errorf("sizes %v, want 38, 50, 62", sizes)
	}
	s := silhouettes(p, []labels{two, three}, 2)
	close(t, "silhouette of 2", s[0], 0.681046, 5e-7)
	close(t, "silhouette of 3", s[1], 0.55281901, 5e-9)
	calinski, davies := spread(p, three)
	close(t, "Calinski-Harabasz", calinski, 561.627757, 5e-7)
	close(t, "Davies-Bouldin", davies, 0.66197155, 5e-9)
	close(t, "adjusted Rand index", randIndex(three, species), 0.730238, 5e-7)
}

// plain is Lloyd's iteration without bounds and without changes kept: the slow truth.
func plain(p points, centers []float64, most int) ([]float64, labels) {
	centers = slices.Clone(centers)
	k := len(centers) / p.d
	for range most {
		l := labels{k, make([]uint8, p.n)}
		for i := range p.n {
			least := math.Inf(1)
			for j := range k {
				if s := squared(p.row(i), centers[j*p.d:(j+1)*p.d]); s < least {
					l.code[i], least = uint8(j), s
				}
			}
		}
		mean, sizes := means(p, l)
		if slices.Contains(sizes, 0) {
			return nil, labels{}
		}
		next := slices.Concat(mean...)
		if slices.Equal(next, centers) {
			return centers, l
		}
		centers = next
	}
	return nil, labels{}
}

// Bounds skip distances and change nothing: whole numbers, whose sums are exact and
// whose distances are often equal, and numbers with all their digits.
func TestHamerlyIsLloyd(t *testing.T) {
	ended := 0
	rapid.Check(t, func(t *rapid.T) {
		d, k := rapid.IntRange(1, 8).Draw(t, "d"), rapid.IntRange(1, 7).Draw(t, "k")
		n := rapid.IntRange(k, 300).Draw(t, "n")
		whole := rapid.Bool().Draw(t, "whole")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		p := points{n: n, d: d, x: make([]float64, n*d)}
		for i := range p.x {
			if p.x[i] = random.NormFloat64(); whole {
				p.x[i] = float64(random.IntN(6))
			}
		}
		start := seeds(p, k, random)
		centers, want := plain(p, start, 1000)
		if centers == nil {
			return // a centre lost its rows, which the plain iteration has no answer to
		}
		ended++
		l := newLloyd(p, slices.Clone(start))
		if err := l.run(context.Background(), 2, 1000, 0); err != nil {
			t.Fatal(err)
		}
		l.finish(2)
		byDistances := 0.0
		for i, c := range l.code {
			byDistances += squared(p.row(i), l.centers[int(c)*d:(int(c)+1)*d])
		}
		if math.Abs(byDistances-l.inertia) > 1e-9*(1+l.squares) {
			t.Fatalf("inertia %v by sums, %v by distances", l.inertia, byDistances)
		}
		inertia := 0.0
		for i, c := range want.code {
			inertia += squared(p.row(i), centers[int(c)*d:(int(c)+1)*d])
		}
		if !slices.Equal(l.code, want.code) || math.Abs(byDistances-inertia) > 1e-9*(1+inertia) || !l.settled {
			t.Fatalf("codes %v, inertia %v; the plain iteration has %v, %v", l.code, byDistances, want.code, inertia)
		}
		for i, v := range l.centers {
			if math.Abs(v-centers[i]) > 1e-9 {
				t.Fatalf("centres %v, plain %v", l.centers, centers)
			}
		}
	})
	if ended < 20 {
		t.Errorf("only %d iterations came to an end with all centres in use", ended)
	}
}

// The kernels of four and six coordinates are the general one.
func TestKernels(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, d := range []int{1, 4, 5, 6} {
		for range 200 {
			centers, x := make([]float64, d*(1+random.IntN(7))), make([]float64, d)
			for i := range centers {
				centers[i] = random.NormFloat64()
			}
			for i := range x {
				x[i] = random.NormFloat64()
			}
			var all []float64
			sum := 0.0
			for j := 0; j < len(centers); j += d {
				s := 0.0
				for i := range x {
					s += (x[i] - centers[j+i]) * (x[i] - centers[j+i])
				}
				all = append(all, s)
				sum += math.Sqrt(s)
			}
			best, first, second := nearest(x, centers)
			close(t, "sum of distances", distances(x, centers), sum, 1e-12)
			close(t, "nearest", first, slices.Min(all), 1e-12)
			if all[best] != slices.Min(all) && math.Abs(all[best]-first) > 1e-12 {
				t.Fatalf("%d of %v is not the nearest", best, all)
			}
			slices.Sort(all)
			if len(all) > 1 {
				close(t, "second nearest", second, all[1], 1e-12)
			} else if !math.IsInf(second, 1) {
				t.Errorf("one centre, and a second at %v", second)
			}
		}
	}
}

// A centre that loses its rows gets the row that fits worst; with fewer places than
// centres some stay empty.
func TestEmptyCentres(t *testing.T) {
	p := points{n: 7, d: 1, x: []float64{0, 0.1, 10, 10.1, 10.2, 10.3, 17}}
	l := newLloyd(p, []float64{0, 100, 200})
	if err := l.run(t.Context(), 1, 100, 0); err != nil {
		t.Fatal(err)
	}
	close(t, "inertia", l.inertia, 0.005+0.05, 1e-12) // {0, 0.1}, the four around 10.15, and 17
	if slices.Contains(labels{3, l.code}.sizes(), 0) {
		t.Errorf("codes %v leave a centre without rows", l.code)
	}
	same := points{n: 40, d: 2, x: make([]float64, 80)}
	l = newLloyd(same, seeds(same, 3, rand.New(rand.NewPCG(0, 0))))
	if err := l.run(t.Context(), 1, 100, 0); err != nil {
		t.Fatal(err)
	}
	if l.finish(1); l.inertia != 0 || !slices.Contains(labels{3, l.code}.sizes(), 0) {
		t.Errorf("equal rows have inertia %v, codes %v", l.inertia, l.code)
	}
}

// The number of cores changes no bit.
func TestCores(t *testing.T) {
	p := shoppers(60_000)
	start := seeds(p, 5, rand.New(rand.NewPCG(0, 0)))
	var first *lloyd
	for _, workers := range []int{1, 2, 7} {
		l := newLloyd(p, slices.Clone(start))
		if err := l.run(t.Context(), workers, 40, 0); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = l
		}
		if !slices.Equal(l.centers, first.centers) || !slices.Equal(l.code, first.code) || l.inertia != first.inertia {
			t.Errorf("%d workers: inertia %v, one: %v", workers, l.inertia, first.inertia)
		}
	}
}
