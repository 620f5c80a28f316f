package stat

import "math/bits"

// The digits that lists are sorted by, and how many elements make a part worth a worker.
const (
	digit      = 11
	digitSize  = 1 << digit
	sortAtOnce = 1 << 16
)

// SortByUint sorts list by a key, ascending, equal keys in their order. It returns the
// sorted list, which is list itself or spare, of its length, and the other of the two,
// where something is left that is of no use. It takes two passes for each eleven bits in
// which keys differ, which for long lists is a small part of what comparing takes, on at
// most workers goroutines (zero: one for each processor Go uses).
func SortByUint[E any](workers int, list, spare []E, key func(E) uint64) (sorted, other []E) {
	if len(list) < 2 {
		return list, spare
	}
	parts := (len(list) + sortAtOnce - 1) / sortAtOnce
	part := func(list []E, p int) []E { return list[p*sortAtOnce : min((p+1)*sortAtOnce, len(list))] }
	ones, common := make([]uint64, parts), make([]uint64, parts)
	Each(workers, parts, func(p int) {
		common[p] = ^uint64(0)
		for _, e := range part(list, p) {
			k := key(e)
			ones[p] |= k
			common[p] &= k
		}
	})
	for p := range parts {
		ones[0] |= ones[p]
		common[0] &= common[p]
	}
	next := make([][digitSize]int32, parts) // where each part puts its next element of a value
	for differ := ones[0] &^ common[0]; differ != 0; {
		shift := bits.TrailingZeros64(differ)
		Each(workers, parts, func(p int) {
			next[p] = [digitSize]int32{}
			for _, e := range part(list, p) {
				next[p][key(e)>>shift%digitSize]++
			}
		})
		at := int32(0)
		for v := range digitSize {
			for p := range next {
				n := next[p][v]
				next[p][v] = at
				at += n
			}
		}
		Each(workers, parts, func(p int) {
			to := &next[p]
			for _, e := range part(list, p) {
				v := key(e) >> shift % digitSize
				spare[to[v]] = e
				to[v]++
			}
		})
		list, spare = spare, list
		if shift+digit >= 64 {
			break
		}
		differ = differ >> (shift + digit) << (shift + digit)
	}
	return list, spare
}
