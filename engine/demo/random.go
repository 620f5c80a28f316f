package demo

import (
	"math"
	"math/bits"
)

// stream is a SplitMix64 sequence (Steele, Lea and Flood 2014). It is 8 bytes
// without a constructor's cost, so every customer, order and text can have one
// of its own; that is what makes the shop the same on any number of cores.
type stream struct{ state uint64 }

// The uses of random numbers. Each has its own streams, so that drawing one
// number more for a person's name changes no order.
const (
	tagProcess = iota + 1 // purchasing and spend of a customer
	tagPerson             // name, city, consents
	tagOrder              // channel, failures and what follows an order
	tagBasket             // order lines
	tagRefund
	tagTouch // one interaction's words
	tagGuest
	tagWalkIn
	tagCampaign
	tagRow // repeated and bad rows
	tagProduct
	tagAnswer // what a customer does after a list was sent
)

const golden = 0x9e3779b97f4a7c15

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// keyed returns the stream of one thing: number index of the kind tag.
func keyed(seed uint64, tag, index uint64) stream {
	return stream{mix(mix(seed+tag*golden) + index*golden)}
}

// sub returns the stream of part n of what key stands for.
func (s stream) sub(n uint64) stream { return stream{mix(s.state + (n+1)*golden)} }

func (s *stream) next() uint64 {
	s.state += golden
	return mix(s.state)
}

// float is uniform in (0, 1), never 0.
func (s *stream) float() float64 { return (float64(s.next()>>12) + 0.5) * 0x1p-52 }

// intn is uniform in 0 .. n-1; the bias for n below a million is below 1e-13.
func (s *stream) intn(n int) int {
	hi, _ := bits.Mul64(s.next(), uint64(n))
	return int(hi)
}

func (s *stream) chance(p float64) bool { return s.float() < p }

// exp is exponential with mean 1.
func (s *stream) exp() float64 { return -math.Log(s.float()) }

// normal is standard normal, by the polar method.
func (s *stream) normal() float64 {
	for {
		u, v := 2*s.float()-1, 2*s.float()-1
		if q := u*u + v*v; q < 1 && q > 0 {
			return u * math.Sqrt(-2*math.Log(q)/q)
		}
	}
}

// gamma has the given shape and rate 1 (Marsaglia and Tsang 2000).
func (s *stream) gamma(shape float64) float64 {
	if shape < 1 {
		return s.gamma(shape+1) * math.Pow(s.float(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := s.normal()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(s.float()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// pick draws an index with the given cumulative weights, the last of which is 1.
func (s *stream) pick(cumulative []float64) int {
	u := s.float()
	for i, c := range cumulative {
		if u < c {
			return i
		}
	}
	return len(cumulative) - 1
}
