package cluster

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// cheapest tries every way to pair the rows from the first free one on.
func cheapest(cost [][]float64, row int, taken []bool, open int) float64 {
	if row == len(cost) {
		if open > 0 {
			return math.Inf(1)
		}
		return 0
	}
	least := math.Inf(1)
	if len(cost)-row > open { // this row may stay alone
		least = cheapest(cost, row+1, taken, open)
	}
	for j := range taken {
		if !taken[j] && open > 0 {
			taken[j] = true
			least = min(least, cost[row][j]+cheapest(cost, row+1, taken, open-1))
			taken[j] = false
		}
	}
	return least
}

func TestAssignment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.IntRange(0, 6).Draw(t, "rows"), rapid.IntRange(0, 6).Draw(t, "columns")
		cost := make([][]float64, n)
		for i := range cost {
			cost[i] = make([]float64, m)
			for j := range cost[i] {
				cost[i][j] = float64(rapid.IntRange(-20, 20).Draw(t, "cost")) / 4
			}
		}
		seen, sum, pairs := map[int]bool{}, 0.0, 0
		for i, j := range assignment(cost) {
			if j < 0 {
				continue
			}
			if seen[j] {
				t.Fatalf("column %d goes to two rows", j)
			}
			seen[j] = true
			sum += cost[i][j]
			pairs++
		}
		if want := cheapest(cost, 0, make([]bool, m), min(n, m)); pairs != min(n, m) || math.Abs(sum-want) > 1e-9 {
			t.Fatalf("%d pairs at %v, the cheapest are %d at %v", pairs, sum, min(n, m), want)
		}
	})
}
