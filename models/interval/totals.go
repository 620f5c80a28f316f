package interval

import (
	"context"
	"math"

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
	if len(segment) != b.rows() {
		panic("interval: segments of other rows")
	}
	parts := []*Base{b}
	if b.joined != nil {
		parts = b.joined.bases
	}
	rows := make([][][]int32, segments) // by segment and part
	for s := range rows {
		rows[s] = make([][]int32, len(parts))
	}
	for i, s := range segment {
		k, at := b.place(i)
		if s >= 0 && parts[k].group[at] >= 0 {
			rows[s][k] = append(rows[s][k], int32(at))
		}
	}
	out := make([]Total, segments)
	for s := range out {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out[s] = total(parts, rows[s])
	}
	return out, nil
}

// rows is how many the base has.
func (b *Base) rows() int {
	if b.joined != nil {
		return len(b.joined.part)
	}
	return len(b.group)
}

// place is the part that row i belongs to, and which of its rows it is.
func (b *Base) place(i int) (part, row int) {
	if b.joined != nil {
		return int(b.joined.part[i]), b.joined.at[i]
	}
	return 0, i
}

// Total is Totals of all rows together.
func (b *Base) Total(ctx context.Context) (Total, error) {
	t, err := b.Totals(ctx, make([]int32, b.rows()), 1)
	if err != nil {
		return Total{}, err
	}
	return t[0], nil
}

// portion is the customers of a total that one fit is of.
type portion struct {
	b            *Base
	rows, groups []int32
	orders       float64 // mean
	value        float64 // mean
	ordersOpen   float64 // what the data leave open: relative variance
	valueOpen    float64
}

// total is that of some rows of each part.
func total(parts []*Base, rows [][]int32) Total {
	var t Total
	for _, r := range rows {
		t.Customers += len(r)
	}
	none := Range{math.NaN(), math.NaN(), math.NaN()}
	t.Orders, t.Value = none, none
	var orders, value cumulants
	var list []*portion
	spend := true
	for k, b := range parts {
		if len(rows[k]) == 0 && len(parts) > 1 {
			continue
		}
		if b.f.orders == nil {
			return t
		}
		p := &portion{b: b, rows: rows[k], groups: b.distinct(rows[k])}
		p.add(&orders, &value, t.Customers)
		list = append(list, p)
		spend = spend && b.f.hasSpend
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
	b := p.b
	heavy := b.heavy(p.groups, customers)
	before := orders.mean
	for _, i := range p.rows {
		g := b.group[i]
		r := &b.results[g]
		orders.add(r.orders, 1)
		v, ok := heavy[g]
		if !ok {
			v = r.value
		}
		value.add(v, r.discount*b.scale[i])
	}
	p.orders, p.value = orders.mean-before, b.expectedValue(p.rows)
	p.ordersOpen, p.valueOpen = b.open(p.rows, p.groups)
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

// distinct returns the groups of the rows, ascending.
func (b *Base) distinct(rows []int32) []int32 {
	seen := make([]bool, len(b.keys))
	for _, i := range rows {
		seen[b.group[i]] = true
	}
	var groups []int32
	for g, is := range seen {
		if is {
			groups = append(groups, int32(g))
		}
	}
	return groups
}

// expectedValue is the sum of discounted orders times expected spend times margin.
func (b *Base) expectedValue(rows []int32) float64 {
	p := b.f.spend
	var sum float64
	for _, i := range rows {
		g := b.group[i]
		sum += b.results[g].expected * b.results[g].discount * p.P * b.scale[i] / (p.Q + p.P*float64(b.keys[g].spent) - 1)
	}
	return sum
}

// heavy returns the cumulants of the value of the groups with heavy tails, cut off.
func (b *Base) heavy(groups []int32, customers int) map[int32]cumulants {
	found := map[int32]cumulants{}
	if !b.f.hasSpend {
		return found
	}
	var list []int32
	for _, g := range groups {
		if b.f.spend.Q+b.f.spend.P*float64(b.keys[g].spent) <= lightTail {
			list = append(list, g)
		}
	}
	values := make([]cumulants, len(list))
	const chunk = 32
	stat.Each(b.f.workers, (len(list)+chunk-1)/chunk, func(c int) {
		var d distribution
		var m mixture
		for k := c * chunk; k < min((c+1)*chunk, len(list)); k++ {
			at := b.keys[list[k]]
			law, h := b.profiles[at.profile][0], at.history()
			d.of(law, h, b.f.days(law, h), 16)
			m.set(&d, b.f.spend.P, b.f.spend.Q+b.f.spend.P*float64(at.spent))
			values[k] = m.capped(0.005 / float64(customers))
		}
	})
	for k, g := range list {
		found[g] = values[k]
	}
	return found
}

// open is what the data leave open about the total of the rows: the variance
// over the points around the estimates, over the square of the mean.
func (b *Base) open(rows, groups []int32) (orders, value float64) {
	f := b.f
	if len(f.around) == 0 {
		return 0, 0
	}
	step := (len(groups) + mostSampled - 1) / mostSampled
	expected := map[int32][]float64{} // of sampled groups, at each set of purchase parameters
	var sampled []int32
	for k := 0; k < len(groups); k += step {
		sampled = append(sampled, groups[k])
	}
	all := make([][]float64, len(sampled))
	stat.Each(f.workers, len(sampled), func(k int) {
		at := b.keys[sampled[k]]
		laws := b.profiles[at.profile]
		all[k] = make([]float64, len(laws))
		for j, law := range laws {
			law.ExpectedTo(all[k][j:j+1], at.history(), []int{f.settings.Horizon})
		}
	})
	for k, g := range sampled {
		expected[g] = all[k]
	}
	byOrders, byPoint := make([]float64, len(f.estimates)), make([]float64, len(f.around))
	for _, i := range rows {
		e := expected[b.group[i]]
		if e == nil {
			continue
		}
		for j, v := range e {
			byOrders[j] += v
		}
		if !f.hasSpend {
			continue
		}
		known, discount := float64(b.keys[b.group[i]].spent), b.results[b.group[i]].discount
		own := b.scale[i] - f.spend.V
		for k, p := range f.around {
			byPoint[k] += e[p.orders] * discount * p.spend.P * (p.spend.V + own) / (p.spend.Q + p.spend.P*known - 1)
		}
	}
	ordersByPoint := make([]float64, len(f.around))
	for k, p := range f.around {
		ordersByPoint[k] = byOrders[p.orders]
	}
	return relativeVariance(ordersByPoint), relativeVariance(byPoint)
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
