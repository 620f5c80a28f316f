package interval

import (
	"math"
	"slices"
	"testing"

	"clientele/engine/table"
	"clientele/models/gammagamma"
	"clientele/models/paretonbd"
	"clientele/models/purchase"
)

// twoKinds is a shop of customers of two kinds, of whom the second buy more often and
// pay three times as much, and what followed.
func twoKinds(n int, seed uint64) *shop {
	quick := truth{paretonbd.Params{R: 0.9, Alpha: 15, S: 0.6, Beta: 60}, usual.spend}
	a, b := simulate(usual, n, seed), simulate(quick, n, seed+1_000_000)
	for i := range b.value {
		b.value[i] *= 3
	}
	for i := range b.table.Floats("repeat_spend") {
		b.table.Floats("repeat_spend")[i] *= 3
	}
	s := &shop{orders: slices.Concat(a.orders, b.orders), value: slices.Concat(a.value, b.value), table: table.New()}
	for _, c := range a.table.Columns() {
		d := b.table.Column(c.Name)
		s.table.Add(&table.Column{Field: c.Field, Ints: slices.Concat(c.Ints, d.Ints), Floats: slices.Concat(c.Floats, d.Floats)})
	}
	kind := table.NewColumn(table.Field{Name: "kind", Kind: table.Category, Labels: []string{"slow", "quick"}}, 2*n)
	for i := n; i < 2*n; i++ {
		kind.Codes[i] = 1
	}
	s.table.Add(kind)
	return s
}

func byKind(t *testing.T, in *table.Table, by string) Inputs {
	t.Helper()
	orders, err := (&purchase.Model{Family: paretonbd.Family{}, Horizon: horizon, DiscountRate: discount, By: by, Workers: 1}).Fit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	spend, err := (&gammagamma.Model{By: by, Workers: 1}).Fit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return Inputs{Orders: orders.(*purchase.Fitted), Spend: spend.(*gammagamma.Fitted), Workers: 1}
}

func forecasts(t *testing.T, in Inputs, s *shop) *Base {
	t.Helper()
	f, err := New(in)
	if err != nil {
		t.Fatal(err)
	}
	return base(t, f, s.table)
}

// A group's intervals and totals are those of its own fit; the total of both has the
// mean of their sum, and the variance of independent ones.
func TestJoined(t *testing.T) {
	s := twoKinds(2000, 3)
	b := forecasts(t, byKind(t, s.table, "kind"), s)
	n := s.table.Rows() / 2
	totals, err := b.Totals(t.Context(), s.table.Codes("kind"), 2)
	if err != nil {
		t.Fatal(err)
	}
	all, err := b.Total(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before, upTo := make([]float64, 2*n), make([]float64, 2*n)
	b.PITTo(before, upTo, s.orders)
	for k := range 2 {
		part := &shop{table: s.table.Slice(k*n, (k+1)*n), orders: s.orders[k*n : (k+1)*n]}
		alone := forecasts(t, byKind(t, part.table, ""), part)
		total, err := alone.Total(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		near(t, "orders", totals[k].Orders.Mean, total.Orders.Mean, 1e-12)
		near(t, "upper end of orders", totals[k].Orders.High, total.Orders.High, 1e-9)
		near(t, "lower end of value", totals[k].Value.Low, total.Value.Low, 1e-9)
		low, high := make([]float64, n), make([]float64, n)
		alone.PITTo(low, high, part.orders)
		for i := range n {
			wantLow, wantHigh := alone.Value(i)
			gotLow, gotHigh := b.Value(k*n + i)
			if gotLow != wantLow || gotHigh != wantHigh || before[k*n+i] != low[i] || upTo[k*n+i] != high[i] {
				t.Fatalf("row %d: %v to %v, alone %v to %v", k*n+i, gotLow, gotHigh, wantLow, wantHigh)
			}
		}
	}
	near(t, "orders of all", all.Orders.Mean, totals[0].Orders.Mean+totals[1].Orders.Mean, 1e-12)
	near(t, "value of all", all.Value.Mean, totals[0].Value.Mean+totals[1].Value.Mean, 1e-12)
	width := func(r Range) float64 { return r.High - r.Low }
	near(t, "width of all", width(all.Orders), math.Hypot(width(totals[0].Orders), width(totals[1].Orders)), 0.03)
}

// One group of all customers is no group.
func TestJoinedOfOne(t *testing.T) {
	s := simulate(usual, 1500, 5)
	s.table.Add(table.NewColumn(table.Field{Name: "same", Kind: table.Category, Labels: []string{"a"}}, 1500))
	one, err := forecasts(t, byKind(t, s.table, ""), s).Total(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	joined, err := forecasts(t, byKind(t, s.table, "same"), s).Total(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for k, c := range [][2]float64{{one.Orders.Mean, joined.Orders.Mean}, {one.Orders.Low, joined.Orders.Low}, {one.Orders.High, joined.Orders.High},
		{one.Value.Mean, joined.Value.Mean}, {one.Value.Low, joined.Value.Low}, {one.Value.High, joined.Value.High}} {
		if math.Abs(c[0]-c[1]) > 1e-9*c[0] {
			t.Errorf("figure %d: %v, by one group %v", k, c[0], c[1])
		}
	}
}

// Where customers are of two kinds, totals by group hold as often as they say.
func TestJoinedCoverage(t *testing.T) {
	shops := 8 // which would show intervals of half the width
	if *long {
		shops = 400
	}
	var orders, value, mixed tally
	for k := range shops {
		s := twoKinds(600, uint64(100+k))
		in := byKind(t, s.table, "kind")
		if len(in.Orders.Groups().Own) != 2 {
			continue
		}
		b := forecasts(t, in, s)
		all, err := b.Total(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var came, worth float64
		for i := range s.orders {
			came, worth = came+s.orders[i], worth+s.value[i]
		}
		orders.add(all.Orders.Low, all.Orders.High, came)
		value.add(all.Value.Low, all.Value.High, worth)
		if !*long {
			continue
		}
		// The slow ones, as one fit of all would have them.
		one, err := forecasts(t, byKind(t, s.table, ""), s).Totals(t.Context(), s.table.Codes("kind"), 2)
		if err != nil {
			t.Fatal(err)
		}
		came = 0
		for i := range 600 {
			came += s.orders[i]
		}
		mixed.add(one[0].Orders.Low, one[0].Orders.High, came)
	}
	t.Logf("orders %d of %d, value %d of %d; slow customers by one fit %d", orders.held, orders.of, value.held, value.of, mixed.held)
	if slack := 3 * math.Sqrt(.95*.05/float64(orders.of)); orders.of < shops*2/3 || orders.share() < .95-slack || value.share() < .95-slack {
		t.Errorf("orders %.3f, value %.3f of %d", orders.share(), value.share(), orders.of)
	}
	if *long && mixed.share() > .9 {
		t.Errorf("one fit of both kinds holds for one of them too: %.3f", mixed.share())
	}
}

// Customers of no group, of whom too few came back for a model: their totals are there
// too, and all of them add up.
func TestJoinedRest(t *testing.T) {
	s := twoKinds(1000, 9)
	codes, x, tx, spend := s.table.Codes("kind"), s.table.Ints("x"), s.table.Ints("t_x"), s.table.Floats("repeat_spend")
	for i := 0; i < len(codes); i += 7 {
		codes[i], x[i], tx[i], spend[i] = -1, 0, 0, 0
	}
	in := byKind(t, s.table, "kind")
	if g := in.Orders.Groups(); g.Rest == nil || g.Rest.Model.Family() != nil {
		t.Fatalf("%+v", g)
	}
	segment := make([]int32, len(codes))
	for i, c := range codes {
		segment[i] = c + 1
	}
	b := forecasts(t, in, s)
	totals, err := b.Totals(t.Context(), segment, 3)
	if err != nil {
		t.Fatal(err)
	}
	all, err := b.Total(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := in.Orders.Model().Spec().Make(len(codes))
	if err := in.Orders.Score(t.Context(), out, s.table); err != nil {
		t.Fatal(err)
	}
	var sums [3]float64
	for i, v := range out.Floats("expected_orders") {
		sums[segment[i]] += v
	}
	for k := range sums {
		near(t, "orders", totals[k].Orders.Mean, sums[k], 1e-9)
		if !(totals[k].Orders.Low <= sums[k] && sums[k] <= totals[k].Orders.High) || math.IsNaN(totals[k].Value.High) {
			t.Errorf("segment %d: %+v", k, totals[k])
		}
	}
	near(t, "orders of all", all.Orders.Mean, sums[0]+sums[1]+sums[2], 1e-9)
}
