package cluster

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// partition draws codes of k clusters for n rows.
func partition(t *rapid.T, n int, name string) labels {
	l := labels{k: rapid.IntRange(1, 5).Draw(t, name+" k"), code: make([]uint8, n)}
	for i := range l.code {
		l.code[i] = uint8(rapid.IntRange(0, l.k-1).Draw(t, name))
	}
	return l
}

// silhouetteOf is the definition, written out for one partition.
func silhouetteOf(p points, l labels) float64 {
	sum := 0.0
	for i := range p.n {
		far, sizes := make([]float64, l.k), l.sizes()
		for j := range p.n {
			far[l.code[j]] += math.Sqrt(squared(p.row(i), p.row(j)))
		}
		own := l.code[i]
		a, b := far[own]/float64(sizes[own]-1), math.Inf(1)
		for c := range far {
			if c != int(own) && sizes[c] > 0 {
				b = min(b, far[c]/float64(sizes[c]))
			}
		}
		if sizes[own] > 1 && !math.IsInf(b, 1) && max(a, b) > 0 {
			sum += (b - a) / max(a, b)
		}
	}
	return sum / float64(p.n)
}

func TestSilhouettes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(2, 150).Draw(t, "n"), rapid.IntRange(1, 7).Draw(t, "d")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		p := points{n: n, d: d, x: make([]float64, n*d)}
		for i := range p.x {
			p.x[i] = random.NormFloat64()
		}
		of := []labels{partition(t, n, "a"), partition(t, n, "b"), partition(t, n, "c")}
		for s, got := range silhouettes(p, of, 3) {
			if of[s].k == 1 {
				if !math.IsNaN(got) {
					t.Fatalf("one cluster has silhouette %v", got)
				}
				continue
			}
			if want := silhouetteOf(p, of[s]); math.Abs(got-want) > 1e-12 {
				t.Fatalf("silhouette %v, by the definition %v", got, want)
			}
		}
	})
}

// The index by counting pairs of rows: together or apart in both, and by chance.
func TestRandIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		a, b := partition(t, n, "a"), partition(t, n, "b")
		var both, inA, inB, all float64
		for i := range n {
			for j := range i {
				all++
				together := a.code[i] == a.code[j]
				if together {
					inA++
				}
				if b.code[i] == b.code[j] {
					inB++
					if together {
						both++
					}
				}
			}
		}
		want := (both - inA*inB/all) / ((inA+inB)/2 - inA*inB/all)
		if math.IsNaN(want) || math.IsInf(want, 0) {
			want = 1 // both have one cluster, or as many as rows
		}
		if got := randIndex(a, b); math.Abs(got-want) > 1e-12 || got != randIndex(b, a) {
			t.Fatalf("index %v, by pairs %v", got, want)
		}
	})
}
