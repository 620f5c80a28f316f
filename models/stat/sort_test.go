package stat

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// SortByUint is a stable sort by the key.
func TestSortByUint(t *testing.T) {
	type entry struct {
		key   uint64
		place int
	}
	rapid.Check(t, func(t *rapid.T) {
		mask := rapid.Uint64().Draw(t, "bits in which keys differ")
		keys := rapid.SliceOf(rapid.Uint64()).Draw(t, "keys")
		list := make([]entry, len(keys))
		for i, k := range keys {
			list[i] = entry{k&mask | 5&^mask, i}
		}
		want := slices.Clone(list)
		slices.SortStableFunc(want, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
		got, _ := SortByUint(1, list, make([]entry, len(list)), func(e entry) uint64 { return e.key })
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

// A list of several parts is sorted alike on one goroutine and on many.
func TestSortByUintInParts(t *testing.T) {
	type entry struct {
		key   uint64
		place int
	}
	r := rand.New(rand.NewPCG(3, 4))
	from := make([]entry, 3*sortAtOnce+17)
	for i := range from {
		from[i] = entry{uint64(r.IntN(50))<<50 | uint64(r.IntN(5000))<<7, i}
	}
	want := slices.Clone(from)
	slices.SortStableFunc(want, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	for _, workers := range []int{1, 2, 5} {
		got, _ := SortByUint(workers, slices.Clone(from), make([]entry, len(from)), func(e entry) uint64 { return e.key })
		if !slices.Equal(got, want) {
			t.Errorf("on %d goroutines the order is another", workers)
		}
	}
}

func BenchmarkSortByUint(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	from := make([]uint64, 1_000_000)
	for i := range from {
		from[i] = uint64(r.IntN(64))<<40 | uint64(r.IntN(1000))<<20 | uint64(r.IntN(1000))
	}
	list, spare := make([]uint64, len(from)), make([]uint64, len(from))
	for b.Loop() {
		copy(list, from)
		SortByUint(1, list, spare, func(k uint64) uint64 { return k })
	}
}
