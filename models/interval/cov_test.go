package interval

import (
	"fmt"
	"math"
	"testing"

	"clientele/models/evaluate"
)

func TestCov(t *testing.T) {
	for name, tr := range map[string]truth{"usual": usual, "heavy": heavy} {
		const shops, n = 300, 1500
		var o, v, ol, vl, n1, n2 int
		var so, sv int
		params := make([]int, 4)
		sp := make([]int, 3)
		var zs, zv float64
		var pit []float64
		for k := range shops {
			s := simulate(tr, n, 400, 300, uint64(k))
			fo := fitOrders(t, s.table)
			if fo.Covariance() == nil {
				fmt.Println(k, fo.Report().Status, fo.Report().Method)
				continue
			}
			fs := fitSpend(t, s.table)
			if _, ok := fs.Params(); !ok {
				fmt.Println(k, fs.Report().Method)
				continue
			}
			for i, p := range tr.orders.Values() {
				if math.Abs(math.Log(fo.Params()[i]/p)) < 1.96*math.Sqrt(fo.Covariance().At(i, i)) {
					params[i]++
				}
			}
			gp, _ := fs.Params()
			c, _ := fs.Covariance()
			for i, d := range []float64{gp.P / tr.spend.P, gp.Q / tr.spend.Q, gp.V / tr.spend.V} {
				if math.Abs(math.Log(d)) < 1.96*math.Sqrt(c[i][i]) {
					sp[i]++
				}
			}
			f, err := New(Inputs{Orders: fo, Spend: fs, Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			b := base(t, f, s.table)
			seg := make([]int32, n)
			for i := range seg {
				seg[i] = 1
				if s.table.Ints("x")[i] == 0 {
					seg[i] = 0
				}
				if i < 60 {
					seg[i] += 2
				}
			}
			tot, _ := b.Totals(t.Context(), seg, 4)
			all, _ := b.Total(t.Context())
			tot = append(tot, all)
			ao, av := make([]float64, 5), make([]float64, 5)
			for i := range s.orders {
				ao[seg[i]] += s.orders[i]
				av[seg[i]] += s.value[i]
				ao[4] += s.orders[i]
				av[4] += s.value[i]
			}
			for j, to := range tot {
				io, iv := to.Orders.Low <= ao[j] && ao[j] <= to.Orders.High, to.Value.Low <= av[j] && av[j] <= to.Value.High
				if j == 4 {
					if io {
						o++
					}
					if iv {
						v++
					}
					zs += (ao[j] - to.Orders.Mean) / to.Orders.Mean
					zv += (av[j] - to.Value.Mean) / to.Value.Mean
				} else if j < 2 {
					n1++
					if io {
						ol++
					}
					if iv {
						vl++
					}
				} else {
					n2++
					if io {
						so++
					}
					if iv {
						sv++
					}
				}
			}
			before, upTo := make([]float64, n), make([]float64, n)
			b.PITTo(before, upTo, s.orders)
			evaluate.RandomisedPITTo(before, before, upTo, uint64(k))
			pit = append(pit, before...)
		}
		fmt.Println(name, "all", o, v, "of", shops, "x=0 or not", ol, vl, "of", n1, "small", so, sv, n2, "params", params, sp, "bias", zs/shops, zv/shops)
		fmt.Println(evaluate.PITHistogram(pit, pit, 20))
	}
}
