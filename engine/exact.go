package engine

import (
	"math"
	"math/big"
	"math/bits"
)

// wide is a whole number of 128 bits.
type wide struct {
	hi int64
	lo uint64
}

func wideOf(v int64) wide { return wide{v >> 63, uint64(v)} }

func (w *wide) add(v wide) {
	lo, carry := bits.Add64(w.lo, v.lo, 0)
	w.hi, w.lo = w.hi+v.hi+int64(carry), lo
}

func (w wide) less(v wide) bool { return w.hi < v.hi || w.hi == v.hi && w.lo < v.lo }

func (w wide) big() *big.Int {
	b := new(big.Int).Lsh(big.NewInt(w.hi), 64)
	return b.Add(b, new(big.Int).SetUint64(w.lo))
}

// over is w divided by a scale, as the store divides: parts that floats have exactly
// at once, larger ones apart from what they leave.
func (w wide) over(scale int64) float64 {
	const exactly = 1 << 53
	if v := int64(w.lo); w.hi == v>>63 && -exactly <= v && v <= exactly {
		return float64(v) / float64(scale)
	}
	whole, rest := new(big.Int).QuoRem(w.big(), big.NewInt(scale), new(big.Int))
	f, _ := new(big.Float).SetInt(whole).Float64()
	return f + float64(rest.Int64())/float64(scale)
}

// exact adds numbers up in whole units of one over its scale, so that the sum is the
// same in every order. It rounds as the store casts to DECIMAL.
type exact struct {
	sum wide
	n   int64 // of those that are no NaN
}

// Units of the sums of reports.
const (
	moneyScale       = 10_000
	orderScale       = 1_000_000
	probabilityScale = 1_000_000_000
)

// add adds a number unless it is missing.
func (e *exact) add(v, scale float64) {
	if v != v {
		return
	}
	e.n++
	v = math.Round(v * scale)
	if -1<<62 < v && v < 1<<62 {
		e.sum.add(wideOf(int64(v)))
		return
	}
	hi := math.Floor(v / (1 << 64))
	e.sum.add(wide{int64(hi), uint64(v - hi*(1<<64))})
}

func (e *exact) join(o exact) {
	e.sum.add(o.sum)
	e.n += o.n
}

// total is the sum; NaN of nothing.
func (e exact) total(scale int64) float64 {
	if e.n == 0 {
		return math.NaN()
	}
	return e.sum.over(scale)
}

// mean is that of the numbers; NaN of nothing.
func (e exact) mean(scale int64) float64 { return e.total(scale) / float64(e.n) }
