package interval

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"

	"clientele/models/stat"
)

// draws is how often a segment is drawn: enough for the 95 % of an interval to
// be 95 give or take a half.
const (
	draws     = 2000
	drawBatch = 50
	drawSeed  = 0x1a7e
)

// drawn is what drawing a customer of a group needs.
type drawn struct {
	upTo []float64 // probability of no more than n orders
	q    float64   // q' of spend
}

// customer to be drawn: the place of the group, and what W is worth; p is that of
// Gamma-Gamma, 0 without it.
type customer struct {
	group   int
	unit, p float64
}

// draw returns the intervals of a total, by drawing the customers of its portions.
func draw(portions []*portion, ordersOpen, valueOpen float64) (orders, value Range) {
	var list []drawn
	var customers []customer
	workers := 1
	for _, p := range portions {
		from := len(list)
		workers = p.b.f.workers
		list = append(list, make([]drawn, len(p.groups))...)
		stat.Each(workers, len(p.groups), func(k int) { list[from+k] = p.b.drawnGroup(p.groups[k]) })
		for k, g := range p.groups {
			for _, place := range p.places[p.starts[k]:p.starts[k+1]] {
				one := customer{group: from + k, unit: p.b.results[g].discount * p.b.scales[place]}
				if p.b.f.hasSpend {
					one.p = p.b.f.spend.P
				}
				customers = append(customers, one)
			}
		}
	}
	// So that the order of the rows does not matter.
	slices.SortFunc(customers, func(a, b customer) int { return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.unit, b.unit)) })
	totals := [2][]float64{make([]float64, draws), make([]float64, draws)}
	stat.Each(workers, draws/drawBatch, func(c int) {
		rng := rand.New(rand.NewPCG(drawSeed, uint64(c)))
		for k := c * drawBatch; k < (c+1)*drawBatch; k++ {
			var n, v float64
			for _, one := range customers {
				d := &list[one.group]
				orders := d.orders(rng.Float64())
				n += orders
				if orders > 0 && one.p > 0 {
					v += one.unit * ratio(rng, one.p*orders, d.q)
				}
			}
			z := rng.NormFloat64() // both hang on the same parameters, mostly
			totals[0][k], totals[1][k] = n*factor(ordersOpen, z), v*factor(valueOpen, z)
		}
	})
	return quantiles(totals[0]), quantiles(totals[1])
}

func (b *Base) drawnGroup(g int32) drawn {
	k := b.keys[g]
	var d distribution
	law, h := b.profiles[k.profile][0], k.history()
	d.of(law, h, b.f.days(law, h), 16)
	var sum float64
	for n, p := range d.probability {
		sum += p
		d.probability[n] = sum
	}
	return drawn{upTo: d.probability, q: b.f.spend.Q + b.f.spend.P*float64(k.spent)}
}

// orders is the number of orders whose share of probability u, in [0, 1), is in.
func (d *drawn) orders(u float64) float64 {
	if u < d.upTo[0] {
		return 0
	}
	return float64(sort.Search(len(d.upTo), func(n int) bool { return u < d.upTo[n] }))
}

// ratio draws W = Gamma(shape)/Gamma(q).
func ratio(rng *rand.Rand, shape, q float64) float64 {
	return distuv.Gamma{Alpha: shape, Beta: 1, Src: rng}.Rand() / distuv.Gamma{Alpha: q, Beta: 1, Src: rng}.Rand()
}

// factor is a log-normal of mean 1 and the relative variance open, from a normal z.
func factor(open, z float64) float64 {
	s := math.Log1p(open)
	return math.Exp(math.Sqrt(s)*z - s/2)
}

func quantiles(totals []float64) Range {
	q := stat.Quantiles(totals, tail, 1-tail)
	return Range{Low: q[0], High: q[1]}
}
