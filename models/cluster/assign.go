package cluster

import "math"

// assignment pairs rows with columns of a cost matrix at the least total cost, as
// many pairs as the shorter side has: the Hungarian method with potentials (Kuhn
// 1955; the shortest augmenting paths of Jonker & Volgenant 1987), O(n^2 m). It
// returns for each row its column, or -1. Costs are finite; rows are of one length.
func assignment(cost [][]float64) []int {
	if len(cost) == 0 || len(cost[0]) == 0 {
		return unpaired(len(cost))
	}
	if len(cost) > len(cost[0]) {
		out := unpaired(len(cost))
		for column, row := range assignment(transposed(cost)) {
			out[row] = column
		}
		return out
	}
	n, m := len(cost), len(cost[0])
	// Row and column 0 stand for nobody.
	rowPotential, columnPotential := make([]float64, n+1), make([]float64, m+1)
	owner := make([]int, m+1) // row of each column
	for row := 1; row <= n; row++ {
		owner[0] = row
		least, from, done := make([]float64, m+1), make([]int, m+1), make([]bool, m+1)
		for j := range least {
			least[j] = math.Inf(1)
		}
		at := 0
		for owner[at] != 0 {
			done[at] = true
			i, next, step := owner[at], 0, math.Inf(1)
			for j := 1; j <= m; j++ {
				if done[j] {
					continue
				}
				if c := cost[i-1][j-1] - rowPotential[i] - columnPotential[j]; c < least[j] {
					least[j], from[j] = c, at
				}
				if least[j] < step {
					next, step = j, least[j]
				}
			}
			for j := range done {
				if done[j] {
					rowPotential[owner[j]] += step
					columnPotential[j] -= step
				} else {
					least[j] -= step
				}
			}
			at = next
		}
		for at != 0 { // along the path, each column goes to the row before
			owner[at] = owner[from[at]]
			at = from[at]
		}
	}
	out := unpaired(n)
	for j := 1; j <= m; j++ {
		if owner[j] > 0 {
			out[owner[j]-1] = j - 1
		}
	}
	return out
}

func unpaired(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = -1
	}
	return out
}

func transposed(cost [][]float64) [][]float64 {
	out := make([][]float64, len(cost[0]))
	for j := range out {
		out[j] = make([]float64, len(cost))
		for i, row := range cost {
			out[j][i] = row[j]
		}
	}
	return out
}
