package ingest

import (
	"testing"

	"pgregory.net/rapid"
)

// A set answers like a map until it is full.
func TestSetIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, want := newSet(1<<20), map[uint64]bool{}
		for range rapid.IntRange(1, 20).Draw(t, "chunks") {
			hashes := rapid.SliceOfN(rapid.Uint64Range(1, 5000), 1, 3000).Draw(t, "hashes")
			fresh := make([]bool, len(hashes))
			s.addAll(hashes, nil, fresh)
			for i, h := range hashes {
				if fresh[i] == want[h] {
					t.Fatalf("hash %d: fresh %v, seen before %v", h, fresh[i], want[h])
				}
				want[h] = true
			}
		}
		if s.n != len(want) || s.full {
			t.Fatalf("%d hashes in the set, full %v; want %d", s.n, s.full, len(want))
		}
	})
}

func TestSetThatIsFullSaysSo(t *testing.T) {
	s := newSet(2)
	fresh := make([]bool, 4)
	s.addAll([]uint64{7, 8, 9, 7}, nil, fresh)
	if !s.full || !fresh[2] || fresh[3] {
		t.Fatalf("full %v, fresh %v", s.full, fresh)
	}
}
