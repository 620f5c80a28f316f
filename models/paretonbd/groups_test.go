package paretonbd

import (
	"math"
	"slices"
	"testing"

	"clientele/engine/table"
	"clientele/models/modelstest/shopdata"
	"clientele/models/purchase"
)

// Groups made from different parameters are told apart: each group's are inside their
// intervals, and its future is what its own fit promised.
func TestGroupsAreRecovered(t *testing.T) {
	truths := []Params{{R: 0.8, Alpha: 14, S: 0.7, Beta: 30}, {R: 1.4, Alpha: 10, S: 1, Beta: 20}}
	all := &shopdata.Base{}
	var codes []int32
	for k, p := range truths {
		one := simulate(p, 4000, 900, 400, 180, uint64(40+k))
		all.Take(one, 0, len(one.X))
		codes = append(codes, slices.Repeat([]int32{int32(k)}, 4000)...)
	}
	in := all.Table()
	in.Add(&table.Column{Field: table.Field{Name: "group", Kind: table.Category, Labels: []string{"a", "b"}}, Codes: codes})
	f := mustFit(t, model(purchase.Model{By: "group", Horizon: 180}), in)
	g := f.Groups()
	if len(g.Own) != 2 || g.Rest != nil || g.Comparison.Degrees() != 4 || g.Comparison.AIC() < 100 {
		t.Fatalf("%+v", g)
	}
	for k, p := range truths {
		m := g.Own[k].Model
		for i, want := range p.Values() {
			// Purchases of one day are merged: a little room beyond chance.
			if e, se := m.Estimates()[i], m.StandardErrors()[i].Value; math.Abs(e.Value-want) > 3.5*se+0.03*want {
				t.Errorf("group %d: %s %.4f, want %.4f (standard error %.4f)", k, e.Name, e.Value, want, se)
			}
		}
	}
	dst := mustScore(t, f, in)
	one := mustScore(t, mustFit(t, model(purchase.Model{Horizon: 180}), in), in)
	var promised, bought, together [2]float64
	for i, v := range dst.Floats("expected_orders") {
		k := codes[i]
		promised[k], bought[k], together[k] = promised[k]+v, bought[k]+all.Later[i], together[k]+one.Floats("expected_orders")[i]
	}
	for k := range truths {
		t.Logf("group %d: %.0f promised by its own fit, %.0f by one of all, %.0f came", k, promised[k], together[k], bought[k])
		close(t, "orders of a group", promised[k], bought[k], 0.05)
	}
}
