package parquet

import (
	"encoding/binary"
	"math/bits"
)

// bitsFor is how many bits the numbers below n take, one at least: some readers know no
// numbers of none.
func bitsFor(n int) int { return max(1, bits.Len(uint(n-1))) }

// appendPacked appends numbers of so many bits, at most 24, as the format's mixture of
// runs: eight equal ones and more are written as one with how often it comes, others bit
// by bit in groups of eight, of which the last may be filled up.
func appendPacked(b []byte, values []int32, width int) []byte {
	for at := 0; at < len(values); {
		if n := repeats(values[at:]); n >= 8 || at+n == len(values) {
			b = appendRun(b, values[at], n, width)
			at += n
			continue
		}
		from := at
		for at < len(values) && (at == from || !same8(values[at:])) {
			at = min(at+8, len(values))
		}
		groups := (at - from + 7) / 8
		b = appendBits(binary.AppendUvarint(b, uint64(groups)<<1|1), values[from:at], width)
		b = append(b, make([]byte, (groups*8-(at-from))*width/8)...)
	}
	return b
}

// appendRun appends a number that comes so many times.
func appendRun(b []byte, value int32, times, width int) []byte {
	b = binary.AppendUvarint(b, uint64(times)<<1)
	for k := 0; k < width; k += 8 {
		b = append(b, byte(value>>k))
	}
	return b
}

// repeats counts how many values from the first on are like it.
func repeats(values []int32) int {
	n := 1
	for n < len(values) && values[n] == values[0] {
		n++
	}
	return n
}

// same8 reports whether eight values follow that are alike.
func same8(values []int32) bool {
	if len(values) < 8 {
		return false
	}
	v := values[0]
	return values[1] == v && values[2] == v && values[3] == v && values[4] == v && values[5] == v && values[6] == v && values[7] == v
}

// appendBits appends numbers bit by bit, up to a whole byte.
func appendBits(b []byte, values []int32, width int) []byte {
	var held uint64
	have := 0
	for _, v := range values {
		held |= uint64(v) << have
		if have += width; have >= 32 {
			b = binary.LittleEndian.AppendUint32(b, uint32(held))
			held >>= 32
			have -= 32
		}
	}
	for ; have > 0; have -= 8 {
		b = append(b, byte(held))
		held >>= 8
	}
	return b
}
