package interval

import (
	"fmt"
	"math"
	"testing"

	"clientele/models/paretonbd"
)

func TestAlpha(t *testing.T) {
	for _, c := range []struct {
		tr             truth
		n, length, spr int
	}{
		{usual, 1500, 400, 300},
		{truth{paretonbd.Params{R: 0.7, Alpha: 40, S: 0.6, Beta: 60}, usual.spend}, 1500, 2000, 1500},
		{usual, 5000, 400, 300},
	} {
		const shops = 300
		params := make([]int, 4)
		low := make([]int, 4)
		bias := make([]float64, 4)
		n := 0
		for k := range shops {
			s := simulate(c.tr, c.n, c.length, c.spr, uint64(k+5000))
			fo := fitOrders(t, s.table)
			if fo.Covariance() == nil {
				continue
			}
			n++
			for i, p := range c.tr.orders.Values() {
				d := math.Log(fo.Params()[i]/p) / math.Sqrt(fo.Covariance().At(i, i))
				bias[i] += d
				if math.Abs(d) < 1.96 {
					params[i]++
				} else if d < 0 {
					low[i]++
				}
			}
		}
		fmt.Println(c.tr.orders, c.n, n, params, low, bias)
	}
}
