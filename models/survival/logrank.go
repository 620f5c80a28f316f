package survival

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Test is the outcome of a chi-square test. P is below what a float can hold,
// and then 0, for very great values.
type Test struct {
	ChiSquare float64
	DF        int     // degrees of freedom; 0: nothing could be tested, and P is NaN
	P         float64 // probability of such a value or a greater one by chance
}

func newTest(chiSquare float64, df int) Test {
	if df == 0 || math.IsNaN(chiSquare) {
		return Test{ChiSquare: chiSquare, DF: df, P: math.NaN()}
	}
	return Test{chiSquare, df, mathext.GammaIncRegComp(float64(df)/2, max(chiSquare, 0)/2)}
}

// Comparison is the outcome of a log-rank test. The slices have an entry per group.
type Comparison struct {
	Test
	Customers []float64 // sum of the weights
	Observed  []float64 // customers that left
	Expected  []float64 // that would have left did the groups not differ
}

// LogRank tests whether customers of several groups leave at the same rate over
// time (Mantel 1966; Peto & Peto 1972). group is the group of each row, 0 to
// groups-1. A group that is never at risk when somebody leaves adds no degree of
// freedom. The error is ErrNoRows, ErrNoEvents or a *RowError.
func LogRank(d Data, group []int, groups int) (*Comparison, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	if len(group) != len(d.Time) {
		panic(fmt.Sprintf("survival: groups of %d of %d rows", len(group), len(d.Time)))
	}
	c := &Comparison{Customers: make([]float64, groups), Observed: make([]float64, groups), Expected: make([]float64, groups)}
	for i, g := range group {
		if g < 0 || g >= groups {
			return nil, &RowError{i, fmt.Sprintf("group %d of %d", g, groups)}
		}
		c.Customers[g] += d.weight(i)
	}
	covariance := make([]float64, groups*groups)
	atRisk, left := make([]float64, groups), make([]float64, groups)
	total := 0.0
	rows := d.order()
	for to := len(rows); to > 0; { // from the last time, so that sums only grow
		time := d.Time[rows[to-1]]
		clear(left)
		events := 0.0
		from := to
		for ; from > 0 && d.Time[rows[from-1]] == time; from-- {
			i := int(rows[from-1])
			w := d.weight(i)
			atRisk[group[i]] += w
			total += w
			if d.Event[i] {
				left[group[i]] += w
				events += w
			}
		}
		to = from
		if events > 0 {
			c.compare(covariance, atRisk, left, total, events)
		}
	}
	if !(sum(c.Observed) > 0) {
		return nil, ErrNoEvents
	}
	c.Test = c.test(covariance)
	return c, nil
}

// compare adds one time: the hypergeometric mean and covariance of who leaves.
func (c *Comparison) compare(covariance, atRisk, left []float64, total, events float64) {
	k := len(atRisk)
	spread := 0.0
	if total > 1 {
		spread = events * max(total-events, 0) / (total - 1)
	}
	for g, n := range atRisk {
		c.Observed[g] += left[g]
		if n == 0 {
			continue
		}
		share := n / total
		c.Expected[g] += events * share
		covariance[g*k+g] += spread * share
		for h, m := range atRisk {
			covariance[g*k+h] -= spread * share * m / total
		}
	}
}

// test weighs the differences of all groups but one, which follows from the
// others, by the inverse of their covariance.
func (c *Comparison) test(covariance []float64) Test {
	k := len(c.Observed)
	var some []int
	for g, e := range c.Expected {
		if e > 0 {
			some = append(some, g)
		}
	}
	some = some[1:]
	n := len(some)
	m, difference := make([]float64, n*n), make([]float64, n)
	for a, g := range some {
		difference[a] = c.Observed[g] - c.Expected[g]
		for b, h := range some {
			m[a*n+b] = covariance[g*k+h]
		}
	}
	f := factor(m, n)
	return newTest(f.quadratic(difference), f.rank)
}

func sum(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x
	}
	return s
}
