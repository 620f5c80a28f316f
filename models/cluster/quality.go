package cluster

import (
	"math"
	"slices"

	"clientele/models/stat"
)

// labels say in which cluster each row is: codes from 0 to k-1.
type labels struct {
	k    int
	code []uint8
}

// sizes are the numbers of rows of the clusters.
func (l labels) sizes() []int {
	n := make([]int, l.k)
	for _, c := range l.code {
		n[c]++
	}
	return n
}

// silhouettes is the mean silhouette (Rousseeuw 1987, "Silhouettes", eq. 2-4) of the
// rows of p under each of several partitions of them: (b-a)/max(a,b) of a row whose
// mean distance to the others of its cluster is a, and to those of the next cluster
// b; zero for a row that is a cluster by itself. NaN for fewer than two clusters.
//
// Every pair of rows costs one distance, whatever the number of partitions: rows that
// are together in all of them are put side by side, and distances to them summed once.
func silhouettes(p points, of []labels, workers int) []float64 {
	sorted, blocks := together(p, of)
	sizes := make([][]int, len(of))
	for s, l := range of {
		sizes[s] = l.sizes()
	}
	const atOnce = 64
	sums := make([]float64, len(of))
	stat.SumTo(sums, workers, (p.n+atOnce-1)/atOnce, func(c int, dst []float64) {
		var far [mostClusters]float64
		apart := make([]float64, len(blocks))
		for i := c * atOnce; i < min((c+1)*atOnce, p.n); i++ {
			x, home := sorted.row(i), 0
			for b, block := range blocks {
				apart[b] = distances(x, sorted.x[block.from*p.d:block.to*p.d])
				if block.from <= i {
					home = b
				}
			}
			for s, l := range of {
				clear(far[:l.k])
				for b, block := range blocks {
					far[block.code[s]] += apart[b]
				}
				dst[s] += silhouette(far[:l.k], sizes[s], int(blocks[home].code[s]))
			}
		}
	})
	for s, l := range of {
		if sums[s] /= float64(p.n); l.k < 2 {
			sums[s] = math.NaN()
		}
	}
	return sums
}

// silhouette is that of a row of cluster own, far being the sum of its distances to
// the rows of each cluster.
func silhouette(far []float64, sizes []int, own int) float64 {
	if sizes[own] < 2 {
		return 0
	}
	a, b := far[own]/float64(sizes[own]-1), math.Inf(1)
	for j, sum := range far {
		if j != own && sizes[j] > 0 {
			b = min(b, sum/float64(sizes[j]))
		}
	}
	if most := max(a, b); most > 0 && !math.IsInf(b, 1) {
		return (b - a) / most
	}
	return 0
}

// block are rows, from and to but not with, that have the same code in each partition.
type block struct {
	from, to int
	code     []uint8 // by partition
}

// together sorts rows by their codes in all partitions.
func together(p points, of []labels) (points, []block) {
	order := make([]int, p.n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		for _, l := range of {
			if l.code[i] != l.code[j] {
				return int(l.code[i]) - int(l.code[j])
			}
		}
		return 0
	})
	sorted := points{n: p.n, d: p.d, x: make([]float64, 0, len(p.x))}
	var blocks []block
	for at, i := range order {
		sorted.x = append(sorted.x, p.row(i)...)
		code := make([]uint8, len(of))
		for s, l := range of {
			code[s] = l.code[i]
		}
		if last := len(blocks) - 1; last >= 0 && slices.Equal(blocks[last].code, code) {
			blocks[last].to = at + 1
		} else {
			blocks = append(blocks, block{at, at + 1, code})
		}
	}
	return sorted, blocks
}

// randIndex is the adjusted Rand index of two partitions of the same rows (Hubert &
// Arabie 1985, "Comparing partitions", eq. 5): 1 when they are the same, 0 on average
// when they have nothing to do with each other.
func randIndex(a, b labels) float64 {
	both := make([]int, a.k*b.k)
	for i, c := range a.code {
		both[int(c)*b.k+int(b.code[i])]++
	}
	pairs := func(sizes []int) (sum float64) {
		for _, n := range sizes {
			sum += float64(n) * float64(n-1) / 2
		}
		return sum
	}
	same, inA, inB := pairs(both), pairs(a.sizes()), pairs(b.sizes())
	all := float64(len(a.code)) * float64(len(a.code)-1) / 2
	if all == 0 || inA == inB && (inA == all || inA == 0) {
		return 1
	}
	chance := inA * inB / all
	return (same - chance) / ((inA+inB)/2 - chance)
}

// spread is what Caliński & Harabasz (1974, "A dendrite method for cluster analysis")
// and Davies & Bouldin (1979, "A cluster separation measure") made of a partition:
// the first is the greater, the second the less, the better clusters part. NaN for
// fewer than two clusters, and where one of them is empty or has no rows around it.
func spread(p points, l labels) (calinskiHarabasz, daviesBouldin float64) {
	center, size := means(p, l)
	if l.k < 2 || slices.Contains(size, 0) {
		return math.NaN(), math.NaN()
	}
	middle, _ := means(p, labels{1, make([]uint8, p.n)})
	within, between := 0.0, 0.0
	around := make([]float64, l.k) // mean distance to the centre
	for i, c := range l.code {
		s := squared(p.row(i), center[c])
		within += s
		around[c] += math.Sqrt(s) / float64(size[c])
	}
	sum := 0.0
	for j := range l.k {
		between += float64(size[j]) * squared(center[j], middle[0])
		worst := 0.0
		for other := range l.k {
			if other != j {
				worst = max(worst, (around[j]+around[other])/math.Sqrt(squared(center[j], center[other])))
			}
		}
		sum += worst
	}
	return finiteOrNaN(between / float64(l.k-1) / (within / float64(p.n-l.k))), finiteOrNaN(sum / float64(l.k))
}

func finiteOrNaN(v float64) float64 {
	if math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// means are the centres of the clusters and their numbers of rows.
func means(p points, l labels) (centers [][]float64, sizes []int) {
	centers, sizes = make([][]float64, l.k), l.sizes()
	for j := range centers {
		centers[j] = make([]float64, p.d)
	}
	for i, c := range l.code {
		for m, v := range p.row(i) {
			centers[c][m] += v
		}
	}
	for j, center := range centers {
		for m := range center {
			center[m] /= float64(max(sizes[j], 1))
		}
	}
	return centers, sizes
}
