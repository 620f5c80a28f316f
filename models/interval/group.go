package interval

import (
	"encoding/binary"
	"math"

	"clientele/models/gammagamma"
	"clientele/models/purchase"
)

// profiles number the distinct rows of covariates.
type profiles struct {
	b       *Base
	columns [][]float64
	known   map[string]int32
	z       []float64
	bytes   []byte
}

func newProfiles(b *Base, columns [][]float64) *profiles {
	return &profiles{b: b, columns: columns, known: map[string]int32{}, z: make([]float64, len(columns))}
}

// of returns the number of row i's; -1 where one is missing.
func (p *profiles) of(i int) int32 {
	p.bytes = p.bytes[:0]
	for k, c := range p.columns {
		p.z[k] = c[i] + 0 // no -0
		if math.IsNaN(p.z[k]) || math.IsInf(p.z[k], 0) {
			return -1
		}
		p.bytes = binary.LittleEndian.AppendUint64(p.bytes, math.Float64bits(p.z[k]))
	}
	number, ok := p.known[string(p.bytes)]
	if !ok {
		number = int32(len(p.known))
		p.known[string(p.bytes)] = number
		p.b.profiles = append(p.b.profiles, p.b.f.lawsAt(p.z))
	}
	return number
}

// distribution is that of a customer's orders at one set of parameters.
type distribution struct {
	weight      float64 // of all distributions used, together 1
	orders      int     // number of the parameters
	probability []float64
	rest        float64 // probability of more
}

// scratch is reused from group to group.
type scratch struct {
	all   []distribution
	used  []distribution // those of this group
	parts []part
	mixed []float64
}

// part is what a point adds to the distribution of value.
type part struct {
	weight, scale float64
	mixture
}

func newScratch() *scratch { return &scratch{} }

// mostOrders bounds a distribution: beyond it, its rest is at the bound.
const mostOrders = 1 << 17

// distribute sets used to the distributions of a group's orders: that of the
// estimates, or those of the points around. least is how many numbers they
// have at least.
func (s *scratch) distribute(b *Base, k key, least int) {
	laws := b.profiles[k.profile]
	h := k.history()
	days := b.f.days(laws[0], h)
	_, expected := laws[0].Quick(h)
	size := max(least, min(16+int(2*expected), mostOrders))
	if s.all == nil {
		s.all = make([]distribution, len(laws))
	}
	if !b.f.mixed {
		s.all[0].weight = 1
		s.used = s.all[:1]
	} else {
		for i := range s.all {
			s.all[i].weight = 0
		}
		for _, p := range b.f.around {
			s.all[p.orders].weight += 1 / float64(len(b.f.around))
		}
		s.used = s.all
	}
	for i := range s.used {
		d := &s.used[i]
		d.orders = i
		d.of(laws[i], h, days, size)
	}
}

// of computes the distribution of a law, to where little is left.
func (d *distribution) of(law purchase.Law, h purchase.History, days, size int) {
	for ; ; size *= 2 {
		d.grow(size)
		d.rest = law.PurchasesTo(d.probability, h, days)
		if d.rest <= 1e-4 || size >= mostOrders {
			return
		}
	}
}

// grow makes room for so many probabilities.
func (d *distribution) grow(size int) {
	if cap(d.probability) < size {
		d.probability = make([]float64, size)
	}
	d.probability = d.probability[:size]
}

// relativeVariance is the variance of a customer's orders over the square of
// their mean.
func (s *scratch) relativeVariance(f *Forecaster, law purchase.Law, h purchase.History) float64 {
	var d distribution
	d.of(law, h, f.settings.Horizon, 16)
	n1, n2, _ := d.moments()
	if n1 == 0 {
		return math.Inf(1)
	}
	return n2/(n1*n1) - 1
}

// moments about zero; the rest is put at the first number not listed.
func (d *distribution) moments() (n1, n2, n3 float64) {
	add := func(n, p float64) {
		n1 += p * n
		n2 += p * n * n
		n3 += p * n * n * n
	}
	for n, p := range d.probability {
		add(float64(n), p)
	}
	add(float64(len(d.probability)), d.rest)
	return n1, n2, n3
}

// compute is all that the customers of a group have in common.
func (b *Base) compute(s *scratch, k key) result {
	law := b.profiles[k.profile][0]
	scores := law.Score(k.history())
	r := result{expected: b.f.level * scores.Expected, discount: b.f.margin}
	if scores.Expected > 0 {
		r.discount *= scores.Discounted / scores.Expected
	}
	s.distribute(b, k, 0)
	r.low, r.high = s.span()
	n1, n2, n3 := s.used[0].moments()
	r.orders = fromMoments(n1, n2, n3)
	r.orders.mean = r.expected
	if !b.f.hasSpend {
		return r
	}
	q := b.f.spend.Q + b.f.spend.P*float64(k.spent)
	if q > lightTail {
		r.value = worth(b.f.spend.P, q, n1, n2, n3)
		r.value.mean = b.f.spend.P * r.expected / (q - 1)
	}
	low, high := s.valueSpan(b.f, k)
	r.valueLow, r.valueHigh = low*r.discount, high*r.discount
	return r
}

// span is the interval of the orders: the greatest number with at most 2.5 %
// below it, and the least that brings 95 % inside.
func (s *scratch) span() (low, high float64) {
	longest := 0
	for _, d := range s.used {
		longest = max(longest, len(d.probability))
	}
	s.mixed = append(s.mixed[:0], make([]float64, longest)...)
	for _, d := range s.used {
		for n, p := range d.probability {
			s.mixed[n] += d.weight * p
		}
	}
	var sum, below float64
	found := false
	for n, p := range s.mixed {
		if !found && sum+p > tail {
			low, below, found = float64(n), sum, true
		}
		if sum += p; found && sum-below >= Level {
			return low, float64(n)
		}
	}
	return low, float64(longest)
}

// valueSpan is the interval of what the orders are worth, per unit of scale.
func (s *scratch) valueSpan(f *Forecaster, k key) (low, high float64) {
	s.value(f, k)
	below := func(w float64) float64 {
		var sum float64
		for i := range s.parts {
			p := &s.parts[i]
			sum += p.weight * p.below(w/p.scale)
		}
		return sum
	}
	var none float64
	for i := range s.parts {
		none += s.parts[i].weight * s.parts[i].none
	}
	guess := s.parts[0].middle()
	if none >= tail {
		if none >= Level {
			return 0, 0
		}
		return 0, quantile(below, Level, guess)
	}
	return quantile(below, tail, guess), quantile(below, 1-tail, guess)
}

// value sets parts to the distributions of the worth of a group's orders.
func (s *scratch) value(f *Forecaster, k key) {
	points := f.around
	if !f.mixed {
		points = []point{{0, f.spend}}
	}
	s.parts = s.parts[:min(len(s.parts), len(points))]
	for len(s.parts) < len(points) {
		s.parts = append(s.parts, part{})
	}
	known := float64(k.spent)
	for i, p := range points {
		d := &s.used[p.orders]
		t := &s.parts[i]
		t.weight, t.scale = 1/float64(len(points)), f.relativeScale(p.spend, known)
		t.set(d, p.spend.P, p.spend.Q+p.spend.P*known)
	}
}

// relativeScale is v' at a point over v' at the estimates, for a customer whose
// known purchases were of mean worth: what v changes of v' depends on the own
// spend, and groups are of customers with different ones.
func (f *Forecaster) relativeScale(p gammagamma.Params, known float64) float64 {
	own := known * f.spend.MeanSpend()
	return (p.V + own) / (f.spend.V + own)
}
