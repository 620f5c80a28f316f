package stat

import "math/bits"

// SortByUint sorts list by a key, ascending, equal keys in their order. It returns the
// sorted list, which is list itself or spare, of its length, and the other of the two,
// where something is left that is of no use. It takes two passes for each eleven bits in which keys differ, which for
// long lists is a small part of what comparing takes.
func SortByUint[E any](list, spare []E, key func(E) uint64) (sorted, other []E) {
	const digit, values = 11, 1 << 11
	if len(list) < 2 {
		return list, spare
	}
	var ones, common uint64 = 0, ^uint64(0)
	for _, e := range list {
		k := key(e)
		ones |= k
		common &= k
	}
	for differ := ones &^ common; differ != 0; {
		shift := bits.TrailingZeros64(differ)
		var next [values]int
		for _, e := range list {
			next[key(e)>>shift%values]++
		}
		at := 0
		for v, n := range next {
			next[v] = at
			at += n
		}
		for _, e := range list {
			v := key(e) >> shift % values
			spare[next[v]] = e
			next[v]++
		}
		list, spare = spare, list
		if shift+digit >= 64 {
			break
		}
		differ = differ >> (shift + digit) << (shift + digit)
	}
	return list, spare
}
