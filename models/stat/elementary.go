package stat

import "math"

// Logarithms and exponentials of whole slices, for kernels that take millions of them:
// in less than half the time of package math, in which each waits for the one before, and
// a last digit or two less exact. They are made of tables and short polynomials.

const (
	steps    = 128 // places of the tables between one power of two and the next
	fraction = 1<<52 - 1
	one      = 1023 << 52 // the bits of 1
)

// logPlace is the middle of a step between 1 and 2: one over it, and its logarithm.
type logPlace struct{ inverse, log float64 }

var logPlaces = func() (table [steps]logPlace) {
	for k := range table {
		inverse := steps / (steps + float64(k) + 0.5)
		table[k] = logPlace{inverse, -math.Log(inverse)}
	}
	return table
}()

// log is the natural logarithm of a normal number above zero.
func log(x float64) float64 {
	b := math.Float64bits(x)
	p := &logPlaces[b>>45%steps]
	r := math.Float64frombits(b&fraction|one)*p.inverse - 1 // at most 1/256 from zero
	return float64(int(b>>52)-1023)*math.Ln2 + (p.log + (r - r*r*(0.5-r*(1.0/3-r*(0.25-r*(0.2-r*(1.0/6)))))))
}

// normal reports whether a number is above zero, finite and not among the very least.
func normal(x float64) bool { return x >= 0x1p-1022 && x <= math.MaxFloat64 }

// LogTo writes the natural logarithms of src to dst, of the same length, which may be src
// itself: to 5e-16 of the value, or of 1 where the value is less.
func LogTo(dst, src []float64) {
	dst = dst[:len(src)]
	for i, x := range src {
		if normal(x) {
			dst[i] = log(x)
		} else {
			dst[i] = math.Log(x)
		}
	}
}

// Log1pTo is LogTo of one more than src, to 8e-16 of the value however near zero.
func Log1pTo(dst, src []float64) {
	dst = dst[:len(src)]
	for i, v := range src {
		if v >= 0 && v < logged {
			if k := int(v); float64(k) == v {
				dst[i] = wholeLogs[k]
				continue
			}
		}
		if v >= 0.25 && v <= math.MaxFloat64 {
			u := 1 + v
			dst[i] = log(u) + (v-(u-1))/u // and what adding one lost
		} else {
			dst[i] = math.Log1p(v)
		}
	}
}

var expPlaces = func() (table [steps]float64) {
	for k := range table {
		table[k] = math.Exp2(float64(k) / steps)
	}
	return table
}()

// ExpTo writes e to the powers src to dst, of the same length, which may be src itself:
// to 5e-16 of the value.
func ExpTo(dst, src []float64) {
	const (
		perStep = steps / math.Ln2
		high    = 0x1.62e42fefap-8      // the leading digits of ln 2 / steps: whole multiples are exact
		low     = math.Ln2/steps - high // and the rest
		shifter = 1<<52 + 1<<51         // added to a number, leaves it rounded to a whole one in the last bits
		bound   = 700.0                 // beyond it powers of two may leave the range
	)
	dst = dst[:len(src)]
	for i, x := range src {
		if !(x > -bound && x < bound) {
			dst[i] = math.Exp(x)
			continue
		}
		shifted := x*perStep + shifter
		k := int64(math.Float64bits(shifted)<<12) >> 12
		n := shifted - shifter
		r := (x - n*high) - n*low
		s := expPlaces[k&(steps-1)]
		s += s * (r + r*r*(0.5+r*(1.0/6+r*(1.0/24+r*(1.0/120)))))
		dst[i] = math.Float64frombits(math.Float64bits(s) + uint64(k>>7)<<52)
	}
}
