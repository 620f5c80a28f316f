package interval

import (
	"sort"

	"clientele/models/purchase"
)

// kind is what customers share, given that they are not lost, where the purchase law
// does not look at t_x: number of purchases, age, covariates, and spend known.
type kind struct{ x, t, profile, spent int32 }

func (k key) kind() kind { return kind{k.x, k.t, k.profile, k.spent} }

// families returns where the groups of each kind begin, and where the last ones end.
func (b *Base) families() []int32 {
	var starts []int32
	for g, k := range b.keys {
		if g == 0 || k.kind() != b.keys[g-1].kind() {
			starts = append(starts, int32(g))
		}
	}
	return append(starts, int32(len(b.keys)))
}

// family is what customers of a kind share: the distribution of their orders and that
// of the worth of these, given that they are not lost.
type family struct {
	orders     distribution
	upTo       []float64 // probability of no more than n orders
	n1, n2, n3 float64   // moments of orders about zero
	discount   float64   // mean discount of an order, times margin
	mixture
	curve
}

// set replaces the family by that of a key; ok is false where the law looks at t_x.
func (s *family) set(b *Base, k key) (ok bool) {
	law, ok := b.profiles[k.profile][0].(purchase.Living)
	if !ok || b.f.mixed {
		return false
	}
	h := k.history()
	h.Tx = 0 // the same whichever of the family comes first
	if h.X > 0 {
		h.Tx = h.T
	}
	days := b.f.days(law, h)
	scores := law.Score(h)
	s.discount = b.f.margin
	if scores.Expected > 0 {
		s.discount *= scores.Discounted / scores.Expected
	}
	size := 16
	if scores.Alive > 0 {
		size = min(16+int(2*scores.Expected/scores.Alive), mostOrders)
	}
	if !s.orders.living(law, h, days, size) {
		return false
	}
	s.upTo = s.upTo[:0]
	var sum float64
	for _, p := range s.orders.probability {
		sum += p
		s.upTo = append(s.upTo, sum)
	}
	s.n1, s.n2, s.n3 = s.orders.moments()
	if b.f.hasSpend {
		s.mixture.set(&s.orders, b.f.spend.P, b.f.spend.Q+b.f.spend.P*float64(k.spent))
		s.curve.reset(s.mixture.below, s.middle())
	}
	return true
}

// living is of for those who are not lost.
func (d *distribution) living(law purchase.Living, h purchase.History, days, size int) (ok bool) {
	for ; ; size *= 2 {
		d.grow(size)
		if d.rest, ok = law.LivingTo(d.probability, h, days); !ok {
			return false
		}
		if d.rest <= 1e-4 || size >= mostOrders {
			return true
		}
	}
}

// of is compute for one of the family.
func (s *family) of(b *Base, k key) result {
	alive, expected := b.profiles[k.profile][0].Quick(k.history())
	r := result{expected: b.f.level * expected, discount: s.discount}
	r.low, r.high = s.span(alive)
	n1, n2, n3 := alive*s.n1, alive*s.n2, alive*s.n3
	r.orders = fromMoments(n1, n2, n3)
	r.orders.mean = r.expected
	if !b.f.hasSpend {
		return r
	}
	if q := s.q; q > lightTail {
		r.value = worth(b.f.spend.P, q, n1, n2, n3)
		r.value.mean = b.f.spend.P * r.expected / (q - 1)
	}
	low, high := s.valueSpan(alive)
	r.valueLow, r.valueHigh = low*r.discount, high*r.discount
	return r
}

// span is scratch.span.
func (s *family) span(alive float64) (low, high float64) {
	sum := func(n int) float64 { return 1 - alive + alive*s.upTo[n] }
	first := sort.Search(len(s.upTo), func(n int) bool { return sum(n) > tail })
	if first == len(s.upTo) {
		return 0, float64(first)
	}
	var below float64
	if first > 0 {
		below = sum(first - 1)
	}
	last := first + sort.Search(len(s.upTo)-first, func(n int) bool { return sum(first+n)-below >= Level })
	return float64(first), float64(last)
}

// valueSpan is scratch.valueSpan.
func (s *family) valueSpan(alive float64) (low, high float64) {
	none := 1 - alive + alive*s.none
	at := func(level float64) float64 { return s.quantile((level - (1 - alive)) / alive) }
	switch {
	case none >= Level:
		return 0, 0
	case none >= tail:
		return 0, at(Level)
	}
	return at(tail), at(1 - tail)
}
