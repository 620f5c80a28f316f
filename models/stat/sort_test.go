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
		got, _ := SortByUint(list, make([]entry, len(list)), func(e entry) uint64 { return e.key })
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
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
		SortByUint(list, spare, func(k uint64) uint64 { return k })
	}
}
