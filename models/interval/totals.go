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
	rows := b.divide(parts, segment, segments)
	marks := make([][]int32, len(parts))
	for k, p := range parts {
		marks[k] = make([]int32, len(p.keys))
	}
	out := make([]Total, segments)
	for s := range out {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out[s] = total(parts, rows[s], marks)
	}
	return out, nil
}

// divide returns the rows that have a group, by segment and part.
func (b *Base) divide(parts []*Base, segment []int32, segments int) [][][]int32 {
	each := func(f func(s int32, part, at int)) {
		for i, s := range segment {
			if k, at := b.place(i); s >= 0 && parts[k].group[at] >= 0 {
				f(s, k, at)
			}
		}
	}
	sizes := make([]int, segments*len(parts))
	each(func(s int32, part, _ int) { sizes[int(s)*len(parts)+part]++ })
	rows := make([][][]int32, segments)
	for s := range rows {
		rows[s] = make([][]int32, len(parts))
		for k := range parts {
			rows[s][k] = make([]int32, 0, sizes[s*len(parts)+k])
		}
	}
	each(func(s int32, part, at int) { rows[s][part] = append(rows[s][part], int32(at)) })
	return rows
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
	marks        []int32 // of all groups of the base; zero but for those of the portion
	orders       float64 // mean
	value        float64 // mean
	ordersOpen   float64 // what the data leave open: relative variance
	valueOpen    float64
}

// The marks of a portion's groups: marked, or, of those by which its dependence on the
// parameters is judged, sampled and their number.
const (
	marked  = 1
	sampled = 2
)

// newPortion finds the groups of the rows, which it marks.
func newPortion(b *Base, rows, marks []int32) *portion {
	p := &portion{b: b, rows: rows, marks: marks}
	n := 0
	for _, i := range rows {
		if g := b.group[i]; marks[g] == 0 {
			marks[g] = marked
			n++
		}
	}
	p.groups = make([]int32, 0, n)
	for g, mark := range marks {
		if mark != 0 {
			p.groups = append(p.groups, int32(g))
		}
	}
	return p
}

// clear takes the marks away.
func (p *portion) clear() {
	for _, g := range p.groups {
		p.marks[g] = 0
	}
}

// total is that of some rows of each part.
func total(parts []*Base, rows, marks [][]int32) Total {
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
		p := newPortion(b, rows[k], marks[k])
		p.add(&orders, &value, t.Customers)
		p.clear()
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
	open := newOpenness(p)
	spend := b.f.spend
	before := orders.mean
	for _, i := range p.rows {
		g := b.group[i]
		r := &b.results[g]
		unit := r.discount * b.scale[i]
		orders.add(r.orders, 1)
		if v, cut := cutOff(heavy, r, g); cut {
			value.add(v, unit)
			p.value += r.expected * unit * spend.P / (spend.Q + spend.P*float64(b.keys[g].spent) - 1)
		} else {
			value.add(r.value, unit)
			p.value += r.value.mean * unit
		}
		if mark := p.marks[g]; mark >= sampled {
			open.add(b, g, open.expected[mark-sampled], b.scale[i])
		}
	}
	p.orders = orders.mean - before
	p.ordersOpen, p.valueOpen = open.relative(b.f)
}

// cutOff looks a group with heavy tails up, which has no cumulants of its own.
func cutOff(heavy map[int32]cumulants, r *result, g int32) (v cumulants, cut bool) {
	if r.value.mean != 0 {
		return v, false
	}
	v, cut = heavy[g]
	return v, cut
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

// openness is what the data leave open about a total: its variance over the points
// around the estimates, over the square of its mean, by some groups of its customers.
type openness struct {
	expected          [][]float64 // of the groups, at each set of purchase parameters
	byOrders, byPoint []float64   // sums over their customers
}

// newOpenness takes some of a portion's groups, evenly spread, and marks them.
func newOpenness(p *portion) *openness {
	f := p.b.f
	o := &openness{byOrders: make([]float64, len(f.estimates)), byPoint: make([]float64, len(f.around))}
	if len(f.around) == 0 {
		return o
	}
	var some []int32
	step := (len(p.groups) + mostSampled - 1) / mostSampled
	for k := 0; k < len(p.groups); k += step {
		p.marks[p.groups[k]] = int32(sampled + len(some))
		some = append(some, p.groups[k])
	}
	o.expected = make([][]float64, len(some))
	stat.Each(f.workers, len(some), func(k int) {
		at := p.b.keys[some[k]]
		laws := p.b.profiles[at.profile]
		o.expected[k] = make([]float64, len(laws))
		for j, law := range laws {
			law.ExpectedTo(o.expected[k][j:j+1], at.history(), []int{f.settings.Horizon})
		}
	})
	return o
}

// add adds a customer of a group, of that scale.
func (o *openness) add(b *Base, g int32, expected []float64, scale float64) {
	f := b.f
	for j, v := range expected {
		o.byOrders[j] += v
	}
	if !f.hasSpend {
		return
	}
	known, discount := float64(b.keys[g].spent), b.results[g].discount
	own := scale - f.spend.V
	for k, p := range f.around {
		o.byPoint[k] += expected[p.orders] * discount * p.spend.P * (p.spend.V + own) / (p.spend.Q + p.spend.P*known - 1)
	}
}

// relative are the variances of orders and of value.
func (o *openness) relative(f *Forecaster) (orders, value float64) {
	if len(f.around) == 0 {
		return 0, 0
	}
	byPoint := make([]float64, len(f.around))
	for k, p := range f.around {
		byPoint[k] = o.byOrders[p.orders]
	}
	return relativeVariance(byPoint), relativeVariance(o.byPoint)
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
