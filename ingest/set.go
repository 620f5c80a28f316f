package ingest

import "sync"

// set is a set of 64-bit hashes that several goroutines fill. It holds at most
// limit of them; what comes later counts as new and is not remembered.
type set struct {
	mu    sync.Mutex
	slots []uint64 // open addressing, a power of two; 0 is a free slot
	n     int
	limit int
	full  bool // something was not remembered
}

func newSet(limit int) *set { return &set{slots: make([]uint64, 1<<12), limit: limit} }

// within is the limit of a set that takes so many bytes at most, also while it grows
// and the old half of it is still there; a set never takes less than 48 KiB.
func within(bytes int64) int {
	slots := 1 << 12
	for int64(slots)*2*8*3/2 <= bytes {
		slots *= 2
	}
	return slots / 8 * 5
}

// addAll adds hashes and sets fresh[i] where hashes[i] was not there before.
// Rows with skip[i], when skip is not nil, are left out. One lock for a whole
// chunk: the lock costs more than the look.
func (s *set) addAll(hashes []uint64, skip, fresh []bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, h := range hashes {
		fresh[i] = (skip == nil || !skip[i]) && s.add(h)
	}
}

func (s *set) add(h uint64) bool {
	if h == 0 {
		h = 1
	}
	mask := uint64(len(s.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case h:
			return false
		case 0:
			if s.n >= s.limit {
				s.full = true
				return true
			}
			s.slots[i] = h
			if s.n++; s.n > len(s.slots)/8*5 {
				s.grow()
			}
			return true
		}
	}
}

func (s *set) grow() {
	old := s.slots
	s.slots = make([]uint64, 2*len(old))
	mask := uint64(len(s.slots) - 1)
	for _, h := range old {
		if h == 0 {
			continue
		}
		i := h & mask
		for s.slots[i] != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = h
	}
}
