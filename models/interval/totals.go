package interval

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"clientele/models/stat"
)

// Range is a forecast with its 95 % interval.
type Range struct{ Mean, Low, High float64 }

// Total is the forecast of a group of customers.
type Total struct {
	Customers int   // with an order
	Orders    Range // repeat purchases within the horizon; NaN where no model was fitted
	Value     Range // what they bring, discounted, on margin; NaN without a model of spend
}

// mostSampled bounds the groups by which a segment's dependence on the
// parameters is judged.
const mostSampled = 2048

// Totals returns the total of each segment: segment[i] is row i's, below
// segments; rows with one below zero are in none. Means are the sums of the
// customers' expected orders and values.
//
// The interval takes customers as independent given the parameters. The
// cumulants of a total are the sums of the customers' (chance), plus those of
// the total over the points around the estimates (parameters); its
// distribution is then Pearson's type III, which is the normal one where there
// is no skew. Where skew is left, in small segments and with heavy tails of
// spend, the customers are drawn instead, with a fixed seed. In segments too
// large for that, heavy tails, whose variance is infinite or hangs on one
// customer in thousands, are cut off where one segment in two hundred has a customer beyond.
func (b *Base) Totals(ctx context.Context, segment []int32, segments int) ([]Total, error) {
	if len(segment) != b.size() {
		panic("interval: segments of other rows")
	}
	parts := []*Base{b}
	if b.joined != nil {
		parts = b.joined.bases
	}
	portions := b.divide(parts, segment, segments)
	out := make([]Total, segments)
	for s := range out {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out[s] = total(portions[s])
	}
	return out, nil
}

// divide returns the portions of each segment, one of every part.
func (b *Base) divide(parts []*Base, segment []int32, segments int) [][]*portion {
	each := func(f func(k int, group, place int32)) {
		for part, p := range parts {
			for g := range p.keys {
				for place := p.starts[g]; place < p.starts[g+1]; place++ {
					if s := segment[b.row(part, p.rows[place])]; s >= 0 {
						f(int(s)*len(parts)+part, int32(g), place)
					}
				}
			}
		}
	}
	type size struct {
		customers, groups int
		last              int32 // group
	}
	sizes := make([]size, segments*len(parts))
	for k := range sizes {
		sizes[k].last = -1
	}
	each(func(k int, group, _ int32) {
		one := &sizes[k]
		if one.customers++; one.last != group {
			one.last = group
			one.groups++
		}
	})
	all, out := make([]*portion, len(sizes)), make([][]*portion, segments)
	for k, s := range sizes {
		all[k] = &portion{b: parts[k%len(parts)], places: make([]int32, 0, s.customers), groups: make([]int32, 0, s.groups), starts: make([]int32, 0, s.groups+1)}
		out[k/len(parts)] = append(out[k/len(parts)], all[k])
	}
	each(func(k int, group, place int32) { all[k].join(group, place) })
	for _, p := range all {
		p.starts = append(p.starts, int32(len(p.places)))
	}
	return out
}

// size is how many rows the base has.
func (b *Base) size() int {
	if b.joined != nil {
		return len(b.joined.part)
	}
	return len(b.group)
}

// row is which row of the base a part's row is.
func (b *Base) row(part int, at int32) int {
	if b.joined != nil {
		return b.joined.rows[part][at]
	}
	return int(at)
}

// Total is Totals of all rows together.
func (b *Base) Total(ctx context.Context) (Total, error) {
	t, err := b.Totals(ctx, make([]int32, b.size()), 1)
	if err != nil {
		return Total{}, err
	}
	return t[0], nil
}

// portion is the customers of a total that one fit is of.
type portion struct {
	b          *Base
	places     []int32 // in the rows of b, ascending: in the order of their groups
	groups     []int32
	starts     []int32 // where the places of each group begin, and where those of the last end
	value      float64 // mean
	orders     float64 // mean
	ordersOpen float64 // what the data leave open: relative variance
	valueOpen  float64
}

// join adds the customer at a place, of a group that is the last so far or comes after it.
func (p *portion) join(group, place int32) {
	if last := len(p.groups) - 1; last < 0 || p.groups[last] != group {
		p.groups, p.starts = append(p.groups, group), append(p.starts, int32(len(p.places)))
	}
	p.places = append(p.places, place)
}

// total is that of a segment, of which each part has a portion.
func total(portions []*portion) Total {
	var t Total
	for _, p := range portions {
		t.Customers += len(p.places)
	}
	none := Range{math.NaN(), math.NaN(), math.NaN()}
	t.Orders, t.Value = none, none
	var orders, value cumulants
	var list []*portion
	spend := true
	for _, p := range portions {
		if len(p.places) == 0 && len(portions) > 1 {
			continue
		}
		if p.b.f.orders == nil {
			return t
		}
		p.add(&orders, &value, t.Customers)
		list = append(list, p)
		spend = spend && p.b.f.hasSpend
	}
	ordersOpen, valueOpen := open(list)
	if t.Customers <= mostDrawn && max(orders.skew(), value.skew()) > skewed {
		t.Orders, t.Value = draw(list, ordersOpen, valueOpen)
	} else {
		t.Orders, t.Value = orders.interval(ordersOpen), value.interval(valueOpen)
	}
	t.Orders.Mean, t.Value.Mean = 0, 0
	for _, p := range list {
		t.Orders.Mean, t.Value.Mean = t.Orders.Mean+p.orders, t.Value.Mean+p.value
	}
	if !spend {
		t.Value = none
	}
	return t
}

// add adds the cumulants of a portion's customers to those of a total of so many.
func (p *portion) add(orders, value *cumulants, customers int) {
	tails := p.tails(customers)
	const chunk = 2048
	var sums [7]float64
	stat.SumTo(sums[:], p.b.f.workers, (len(p.groups)+chunk-1)/chunk, func(c int, dst []float64) {
		var s subtotal
		for k := c * chunk; k < min((c+1)*chunk, len(p.groups)); k++ {
			p.addGroup(&s, k, &tails)
		}
		copy(dst, []float64{s.orders.mean, s.orders.variance, s.orders.third, s.value.mean, s.value.variance, s.value.third, s.money})
	})
	orders.add(cumulants{sums[0], sums[1], sums[2]}, 1)
	value.add(cumulants{sums[3], sums[4], sums[5]}, 1)
	p.orders, p.value = sums[0], sums[6]
	p.ordersOpen, p.valueOpen = p.openness()
}

// subtotal is what some groups of a portion add.
type subtotal struct {
	orders, value cumulants
	money         float64 // mean value, heavy tails not cut off
}

// addGroup adds the k-th group.
func (p *portion) addGroup(s *subtotal, k int, heavy *tails) {
	b, g := p.b, p.groups[k]
	r := &b.results[g]
	places := p.places[p.starts[k]:p.starts[k+1]]
	n := float64(len(places))
	var unit, squares, cubes float64
	for _, place := range places {
		u := r.discount * b.scales[place]
		unit += u
		squares += u * u
		cubes += u * u * u
	}
	s.orders.mean += n * r.orders.mean
	s.orders.variance += n * r.orders.variance
	s.orders.third += n * r.orders.third
	v, spend := r.value, b.f.spend
	if cut, ok := heavy.of(b, g); ok {
		v = cut
		s.money += r.expected * unit * spend.P / (spend.Q + spend.P*float64(b.keys[g].spent) - 1)
	} else {
		s.money += v.mean * unit
	}
	s.value.mean += v.mean * unit
	s.value.variance += v.variance * squares
	s.value.third += v.third * cubes
}

// open is what the data leave open about the total of all portions: relative
// variances. Portions of different fits are independent; of two that share one they
// are taken to err together, which is never too narrow.
func open(list []*portion) (orders, value float64) {
	var allOrders, allValue float64
	for _, p := range list {
		allOrders, allValue = allOrders+p.orders, allValue+p.value
		for _, q := range list {
			sameOrders := p.b.f.orders == q.b.f.orders
			if sameOrders {
				orders += p.orders * q.orders * math.Sqrt(p.ordersOpen*q.ordersOpen)
			}
			if sameOrders || p.b.f.spendModel == q.b.f.spendModel {
				value += p.value * q.value * math.Sqrt(p.valueOpen*q.valueOpen)
			}
		}
	}
	return relative(orders, allOrders), relative(value, allValue)
}

// relative is a variance over the square of its mean.
func relative(variance, mean float64) float64 {
	if mean == 0 {
		return 0
	}
	return variance / (mean * mean)
}

// Segments of no more customers than mostDrawn whose total has more skew than
// skewed are drawn.
const (
	mostDrawn = 5000
	skewed    = 0.3
)

func (k cumulants) skew() float64 {
	if k.variance == 0 {
		return 0
	}
	return k.third / (k.variance * math.Sqrt(k.variance))
}

// tails are the groups with heavy tails, which have no cumulants of their own, ascending,
// and the cumulants of their value, cut off.
type tails struct {
	groups []int32
	values []cumulants
}

// tails cuts off those of a portion of a total of so many customers.
func (p *portion) tails(customers int) tails {
	b, found := p.b, tails{}
	for _, g := range p.groups {
		if b.heavy(g) {
			found.groups = append(found.groups, g)
		}
	}
	found.values = make([]cumulants, len(found.groups))
	const chunk = 32
	stat.Each(b.f.workers, (len(found.groups)+chunk-1)/chunk, func(c int) {
		var d distribution
		var m mixture
		for k := c * chunk; k < min((c+1)*chunk, len(found.groups)); k++ {
			at := b.keys[found.groups[k]]
			law, h := b.profiles[at.profile][0], at.history()
			d.of(law, h, b.f.days(law, h), 16)
			m.set(&d, b.f.spend.P, b.f.spend.Q+b.f.spend.P*float64(at.spent))
			found.values[k] = m.capped(0.005 / float64(customers))
		}
	})
	return found
}

// heavy reports whether a group's tails are heavy.
func (b *Base) heavy(g int32) bool {
	return b.f.hasSpend && b.f.spend.Q+b.f.spend.P*float64(b.keys[g].spent) <= lightTail
}

// of looks a group up.
func (h *tails) of(b *Base, g int32) (v cumulants, cut bool) {
	if !b.heavy(g) {
		return v, false
	}
	k, cut := slices.BinarySearch(h.groups, g)
	return h.values[k], cut
}

// openness is what the data leave open about a portion: the variance of its orders and
// of their value over the points around the estimates, over the square of the mean, by
// some of its groups, evenly spread.
func (p *portion) openness() (orders, value float64) {
	f := p.b.f
	if len(f.around) == 0 || len(p.groups) == 0 {
		return 0, 0
	}
	const chunk = 32
	step := (len(p.groups) + mostSampled - 1) / mostSampled
	some, n := (len(p.groups)+step-1)/step, len(f.around)
	sums := make([]float64, 2*n) // of orders and of value, at the points
	stat.SumTo(sums, f.workers, (some+chunk-1)/chunk, func(c int, dst []float64) {
		expected := make([]float64, len(f.estimates))
		for k := c * chunk; k < min((c+1)*chunk, some); k++ {
			p.addOpen(dst[:n], dst[n:], expected, k*step)
		}
	})
	return relativeVariance(sums[:n]), relativeVariance(sums[n:])
}

// addOpen adds what the customers of the k-th group are expected to order and to bring
// at each of the points; expected is room for the orders at each set of parameters.
func (p *portion) addOpen(orders, value, expected []float64, k int) {
	b, f, g := p.b, p.b.f, p.groups[k]
	key := b.keys[g]
	for j, law := range b.profiles[key.profile] {
		_, expected[j] = law.Quick(key.history())
	}
	places := p.places[p.starts[k]:p.starts[k+1]]
	n, own := float64(len(places)), 0.0
	for _, place := range places {
		own += b.scales[place] - f.spend.V
	}
	for j, at := range f.around {
		orders[j] += n * expected[at.orders]
		if f.hasSpend {
			value[j] += expected[at.orders] * b.results[g].discount * at.spend.P * (n*at.spend.V + own) / (at.spend.Q + at.spend.P*float64(key.spent) - 1)
		}
	}
}

func relativeVariance(v []float64) float64 {
	var sum, squares float64
	for _, x := range v {
		sum += x
	}
	mean := sum / float64(len(v))
	if mean == 0 {
		return 0
	}
	for _, x := range v {
		squares += (x - mean) * (x - mean)
	}
	return squares / float64(len(v)) / (mean * mean)
}

// interval adds what the data leave open, as a log-normal factor of that
// relative variance, and returns the interval.
func (k cumulants) interval(open float64) Range {
	m := k.mean
	k.variance += m * m * open
	k.third += m * m * m * open * open * (3 + open)
	return Range{Low: max(0, k.at(tail)), High: max(0, k.at(1-tail))}
}

// at is the quantile of the type III distribution with these cumulants: a
// gamma, moved and scaled. NaN where they are not finite, as those of money are where
// some customers have no model of spend.
func (k cumulants) at(p float64) float64 {
	sd, skew := math.Sqrt(k.variance), k.skew()
	if math.IsNaN(sd+skew) || math.IsInf(sd, 0) {
		return math.NaN()
	}
	if skew < 1e-3 { // sums of customers are not skewed to the left
		return k.mean + sd*math.Sqrt2*math.Erfinv(2*p-1)
	}
	shape := 4 / (skew * skew)
	return k.mean + sd*(mathext.GammaIncRegInv(shape, p)-shape)/math.Sqrt(shape)
}
