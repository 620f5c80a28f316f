package evaluate

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// ClusteredMean returns the mean of values with an interval for rows that come in
// clusters: the windows of one customer, say, who is good or bad to forecast in all
// of them. Rows of one cluster may depend on each other in any way, clusters do not.
// The variance is the sum over clusters of the square of their sum of deviations
// (Liang & Zeger 1986, "Longitudinal data analysis using generalized linear models",
// eq. 2, for a mean; the number of rows is as random as their values), times G/(G-1),
// and the interval is Student's with G-1 degrees of freedom, G clusters. It does not
// depend on the order of the rows. The ends are infinite with one cluster, and all
// is NaN without rows.
func ClusteredMean(values []float64, cluster []int64, level float64) Estimate {
	same(len(values), len(cluster))
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(cluster[a], cluster[b]), cmp.Compare(values[a], values[b]))
	})
	n := float64(len(values))
	var mean float64
	for _, i := range order {
		mean += values[i] / n
	}
	if len(values) == 0 {
		mean = math.NaN()
	}
	var squares, sum, clusters float64
	for k, i := range order {
		sum += values[i] - mean
		if k+1 == len(order) || cluster[order[k+1]] != cluster[i] {
			squares, clusters, sum = squares+sum*sum, clusters+1, 0
		}
	}
	if clusters < 2 {
		return Estimate{Value: mean, Low: mean + math.Inf(-1), High: mean + math.Inf(1)}
	}
	t := distuv.StudentsT{Sigma: 1, Nu: clusters - 1}.Quantile((1 + level) / 2)
	half := t * math.Sqrt(clusters/(clusters-1)*squares) / n
	return Estimate{Value: mean, Low: mean - half, High: mean + half}
}
