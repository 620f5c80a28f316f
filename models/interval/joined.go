package interval

import (
	"context"
	"slices"

	"clientele/engine/table"
	"clientele/models/gammagamma"
	"clientele/models/purchase"
)

// joined is a base whose customers are forecast by several fits, each of a group of
// them: every pair of a fit of orders and one of spend is a base of its own.
type joined struct {
	bases []*Base
	rows  [][]int // of each base
	part  []int32 // of each row: its base
	at    []int   // and its place there
}

// join divides the rows of src by the fits that score them.
func (f *Forecaster) join(ctx context.Context, src *table.Table) (*joined, error) {
	orders, ordersOf := f.inputs.Orders.Parts(src)
	spends, spendsOf := []*gammagamma.Fitted{nil}, make([]int32, src.Rows())
	if f.inputs.Spend != nil {
		spends, spendsOf = f.inputs.Spend.Parts(src)
	}
	var pairs [][2]int32
	for i := range ordersOf {
		pair := [2]int32{ordersOf[i], spendsOf[i]}
		if k, known := slices.BinarySearchFunc(pairs, pair, compare); !known {
			pairs = slices.Insert(pairs, k, pair)
		}
	}
	j := &joined{rows: make([][]int, len(pairs)), part: make([]int32, src.Rows()), at: make([]int, src.Rows())}
	for i := range j.part {
		k, _ := slices.BinarySearchFunc(pairs, [2]int32{ordersOf[i], spendsOf[i]}, compare)
		j.part[i], j.at[i] = int32(k), len(j.rows[k])
		j.rows[k] = append(j.rows[k], i)
	}
	names := []string{"repeat_spend", "net_sales"}
	for _, field := range f.inputs.Orders.Model().Spec().In {
		names = append(names, field.Name)
	}
	standIns := make([]*purchase.Fitted, len(orders))
	for k, o := range orders {
		standIns[k] = o.StandIn()
	}
	for k, pair := range pairs {
		one, err := New(Inputs{Orders: standIns[pair[0]], Spend: spends[pair[1]], Margin: f.inputs.Margin, Workers: f.workers})
		if err != nil {
			return nil, err
		}
		b, err := one.Base(ctx, src.Take(j.rows[k], names...))
		if err != nil {
			return nil, err
		}
		j.bases = append(j.bases, b)
	}
	return j, nil
}

func compare(a, b [2]int32) int { return slices.Compare(a[:], b[:]) }

// of is the base of row i.
func (j *joined) of(i int) *Base { return j.bases[j.part[i]] }

// pitTo is Base.PITTo.
func (j *joined) pitTo(before, upTo, actual []float64) {
	for k, b := range j.bases {
		n := len(j.rows[k])
		low, high, came := make([]float64, n), make([]float64, n), make([]float64, n)
		for at, i := range j.rows[k] {
			came[at] = actual[i]
		}
		b.PITTo(low, high, came)
		for at, i := range j.rows[k] {
			before[i], upTo[i] = low[at], high[at]
		}
	}
}
