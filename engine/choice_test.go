package engine

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"clientele/engine/config"
	"clientele/engine/table"
	"clientele/models/purchase"
)

// looked makes origins at which the forecasts of two models were this surprising, the
// same customers at each.
func looked(surprises ...[2][]float64) []*origin {
	var origins []*origin
	for _, s := range surprises {
		people := table.NewColumn(table.Field{Name: "person", Kind: table.Int}, len(s[0]))
		for i := range people.Ints {
			people.Ints[i] = int64(i)
		}
		o := &origin{snapshot: &snapshot{window: 90, table: table.New(people), orders: make([]float64, len(s[0]))}}
		for k, f := range Families()[:2] {
			o.forecasts = append(o.forecasts, &forecast{name: f.Name(), fitted: &purchase.Fitted{}, orders: make([]float64, len(s[k])), came: s[k]})
		}
		origins = append(origins, o)
	}
	return origins
}

// Where a model is no better, and each customer does much the same in all windows, the
// interval of the difference holds zero in 95 of 100 shops. The one that takes the
// windows of a customer for independent customers holds it in 80 or so.
func TestWorseIsByCustomer(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 4))
	const shops, customers = 600, 150
	var held int
	for range shops {
		var windows [3][2][]float64
		for range customers {
			habit := rng.NormFloat64() // by how much the second model is surprised more, always
			for w := range windows {
				base := rng.ExpFloat64()
				windows[w][0] = append(windows[w][0], base)
				windows[w][1] = append(windows[w][1], base+habit+0.2*rng.NormFloat64())
			}
		}
		origins := looked(windows[:]...)
		if _, low, high := worse(origins, Families()[1].Name(), Families()[0].Name()); low <= 0 && 0 <= high {
			held++
		}
	}
	if share := float64(held) / shops; share < 0.925 || share > 0.975 {
		t.Errorf("the interval holds zero in %.3f of the shops", share)
	}
}

// The model first in the list stays where what speaks against it is one customer in
// three windows, and gives way where many customers speak; probabilities that count as
// the least there is are told of.
func TestJudge(t *testing.T) {
	const customers = 200
	p := &past{Engine: &Engine{}}
	p.Config.Backtest.Holdout, p.Config.Models.Purchase = 90, config.Auto
	families := Families()[:2]
	made := func(gap func(i int) float64) []*origin {
		var s [2][]float64
		for i := range customers {
			s[0], s[1] = append(s[0], 1+gap(i)), append(s[1], 1)
		}
		return looked(s, s, s)
	}
	one := p.judge(made(func(i int) float64 { return map[int]float64{7: 8}[i] }), families)
	if one.Winner != families[0].Name() || !(one.Candidates[0].Worse > 0) || one.Candidates[0].Floored != 0 {
		t.Errorf("against one customer: %+v", one)
	}
	if strings.Contains(one.Reason.En, "1e-12") {
		t.Errorf("nothing was below the least chance: %s", one.Reason.En)
	}
	many := p.judge(made(func(i int) float64 { return 0.1 + 0.01*float64(i%7) }), families)
	if many.Winner != families[1].Name() || !(many.Candidates[0].WorseLow > 0) {
		t.Errorf("against all customers: %+v", many)
	}
	if many.Used != many.Winner || !strings.HasPrefix(many.Reason.En, families[1].Title()+" is used: over 3 past windows of 90 days") {
		t.Errorf("with auto: %+v", many)
	}
	p.Config.Models.Purchase = families[0].Name()
	fixed := p.judge(made(func(i int) float64 { return 0.1 + 0.01*float64(i%7) }), families)
	if fixed.Winner != families[1].Name() || fixed.Used != families[0].Name() ||
		!strings.Contains(fixed.Reason.En, "would be used") || !strings.HasSuffix(fixed.Reason.En, "The configuration names "+families[0].Title()+", which is used.") ||
		!strings.Contains(fixed.Reason.Zh, "配置指定了 "+families[0].Title()) {
		t.Errorf("a model that is configured: %+v", fixed)
	}
	p.Config.Models.Purchase = config.Auto
	floored := p.judge(made(func(i int) float64 {
		if i < 2 {
			return -math.Log(leastChance) - 1
		}
		return 0
	}), families)
	if floored.Candidates[0].Floored != 6 || floored.Candidates[1].Floored != 0 ||
		!strings.Contains(floored.Reason.En, "below 1e-12 count as 1e-12: so it was for 6") || !strings.Contains(floored.Reason.Zh, "6 个") {
		t.Errorf("six of the least chance: %+v", floored)
	}
}
