package cluster

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"clientele/engine/table"
)

// Sums by cluster are those of unlimited digits, and the same to the last bit in any
// order of the rows.
func TestSums(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	n := 20_000
	shuffled := func(order []int, money []float64) (*table.Table, []feature) {
		orders, net := table.NewColumn(table.Field{Name: "orders", Kind: table.Int}, n), table.NewColumn(table.Field{Name: "net_revenue", Kind: table.Float}, n)
		for to, from := range order {
			orders.Ints[to], net.Floats[to] = int64(from%7), money[from]
		}
		list, err := featuresOf([]string{"orders", "net_revenue"})
		if err != nil {
			t.Fatal(err)
		}
		return table.New(orders, net), list
	}
	for name, value := range map[string]func() float64{
		"money":    func() float64 { return math.Round(math.Exp(5+2*random.NormFloat64())*100)/100 - 50 },
		"far":      func() float64 { return math.Copysign(math.Exp(30*random.Float64()), random.Float64()-0.1) },
		"greatest": func() float64 { return (random.Float64() - 0.4) * 1e300 },
		"least":    func() float64 { return random.Float64() * 1e-200 },
		"nothing":  func() float64 { return 0 },
	} {
		money := make([]float64, n)
		for i := range money {
			money[i] = value()
		}
		var first []float64
		for range 3 {
			in, list := shuffled(random.Perm(n), money)
			c := gathered(in, list, 2)
			l := labels{3, make([]uint8, c.n)}
			var want [6]big.Float
			sizes := 0.0
			for i, at := range c.place {
				if at == 0 {
					continue
				}
				code := int(in.Ints("orders")[i]) % 3
				l.code[at-1] = uint8(code)
				for k, v := range []float64{float64(in.Ints("orders")[i]), in.Floats("net_revenue")[i]} {
					want[2*code+k].SetPrec(2000).Add(&want[2*code+k], big.NewFloat(v))
				}
				sizes = max(sizes, math.Abs(in.Floats("net_revenue")[i]))
			}
			got := c.sums(in, list, l, 2)
			for k := range got {
				exactly, _ := want[k].Float64()
				if !(math.Abs(got[k]-exactly) <= 4e-16*math.Abs(exactly)+1e-17*sizes) {
					t.Errorf("%s: sum %d is %v, not %v", name, k, got[k], exactly)
				}
				if first != nil && got[k] != first[k] {
					t.Errorf("%s: sum %d is %v, in another order %v", name, k, got[k], first[k])
				}
			}
			first = got
		}
	}
}
