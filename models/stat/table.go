package stat

import (
	"fmt"
	"math"
)

// TableTest is a test of counts against those expected.
type TableTest struct {
	Test
	N           int
	MinExpected float64 // the smallest expected count
	FewExpected float64 // share of the cells with an expected count below 5
	// CramersV is the strength of the association, 0 to 1, of a table; of goodness of
	// fit, Cohen's w, the root of the mean squared relative distance.
	CramersV float64
}

// Independence is the chi-square test that rows and columns of a table of
// counts are independent (Pearson 1900; no continuity correction: see
// CompareProportions for two by two). Rows and columns without any count are left
// out. It panics where rows differ in length or counts are negative.
func Independence(table [][]int) TableTest {
	return tabulate(table, func(observed, expected float64) float64 {
		return (observed - expected) * (observed - expected) / expected
	})
}

// GTest is the likelihood-ratio test of what Independence tests.
func GTest(table [][]int) TableTest {
	return tabulate(table, func(observed, expected float64) float64 {
		return 2 * deviance(observed, expected)
	})
}

func tabulate(table [][]int, distance func(observed, expected float64) float64) TableTest {
	rows, columns, n := margins(table)
	t := TableTest{N: n}
	var f Flags
	r, c := 0, 0
	for _, m := range rows {
		if m > 0 {
			r++
		}
	}
	for _, m := range columns {
		if m > 0 {
			c++
		}
	}
	if r < len(rows) || c < len(columns) {
		f |= EmptyMargin
	}
	if n == 0 || r < 2 || c < 2 {
		if n == 0 {
			f |= NoValues
		} else {
			f |= NoVariation
		}
		t.Test = noTest(f).Test
		return t
	}
	t.MinExpected = math.Inf(1)
	few := 0
	chi := 0.0
	for i, row := range table {
		for j, k := range row {
			if rows[i] == 0 || columns[j] == 0 {
				continue
			}
			expected := float64(rows[i]) / float64(n) * float64(columns[j])
			t.MinExpected = min(t.MinExpected, expected)
			if expected < 5 {
				few++
			}
			chi += distance(float64(k), expected)
		}
	}
	t.FewExpected = float64(few) / float64(r*c)
	if few > 0 {
		f |= SmallCounts
	}
	df := float64((r - 1) * (c - 1))
	t.Test = Test{Statistic: chi, DF: df, P: ChiSquareTail(chi, df), Flags: f}
	t.CramersV = min(1, math.Sqrt(chi/float64(n)/float64(min(r, c)-1)))
	return t
}

func margins(table [][]int) (rows, columns []int, n int) {
	rows = make([]int, len(table))
	if len(table) > 0 {
		columns = make([]int, len(table[0]))
	}
	for i, row := range table {
		if len(row) != len(columns) {
			panic(fmt.Sprintf("stat: row %d of a table has %d columns, not %d", i, len(row), len(columns)))
		}
		for j, k := range row {
			if k < 0 {
				panic(fmt.Sprintf("stat: a count of %d", k))
			}
			rows[i] += k
			columns[j] += k
			n += k
		}
	}
	return rows, columns, n
}

// GoodnessOfFit is the chi-square test that counts come in the proportions of
// weights, which need not sum to one; nil: all alike. It panics where lengths
// differ, a count is negative or a weight is not above zero.
func GoodnessOfFit(counts []int, weights []float64) TableTest {
	if weights == nil {
		weights = make([]float64, len(counts))
		for i := range weights {
			weights[i] = 1
		}
	}
	if len(weights) != len(counts) {
		panic(fmt.Sprintf("stat: %d counts with %d weights", len(counts), len(weights)))
	}
	all := 0.0
	var t TableTest
	for i, k := range counts {
		if k < 0 || !(weights[i] > 0) || math.IsInf(weights[i], 1) {
			panic(fmt.Sprintf("stat: a count of %d of weight %g", k, weights[i]))
		}
		t.N += k
		all += weights[i]
	}
	if t.N == 0 || len(counts) < 2 {
		f := NoVariation
		if t.N == 0 {
			f = NoValues
		}
		t.Test = noTest(f).Test
		return t
	}
	t.MinExpected = math.Inf(1)
	few := 0
	chi := 0.0
	for i, k := range counts {
		expected := float64(t.N) * (weights[i] / all)
		t.MinExpected = min(t.MinExpected, expected)
		if expected < 5 {
			few++
		}
		d := float64(k) - expected
		chi += d * d / expected
	}
	t.FewExpected = float64(few) / float64(len(counts))
	df := float64(len(counts) - 1)
	t.Test = Test{Statistic: chi, DF: df, P: ChiSquareTail(chi, df)}
	if few > 0 {
		t.Flags |= SmallCounts
	}
	t.CramersV = math.Sqrt(chi / float64(t.N))
	return t
}

// SampleRatioAlpha is the p below which SampleRatio speaks of a mismatch: so
// small that a sound assignment is doubted once in a thousand campaigns.
const SampleRatioAlpha = 0.001

// SampleRatio tests whether arms have the sizes that the assignment meant:
// weights as in GoodnessOfFit. A mismatch says that some customers were lost or added
// after the assignment, which makes every comparison of the arms doubtful (Fabijan et
// al. 2019).
func SampleRatio(sizes []int, weights []float64) (t TableTest, mismatch bool) {
	t = GoodnessOfFit(sizes, weights)
	return t, t.P < SampleRatioAlpha
}

// McNemarTest compares two rates of the same customers.
type McNemarTest struct {
	Test        // chi-square with the continuity correction
	Uncorrected Test
	Exact       Test // binomial; Statistic is the smaller of the two counts
}

// McNemar tests whether as many customers changed one way (onlyFirst: yes at the
// first, no at the second) as the other (McNemar 1947). Who did not change says
// nothing. It panics where a count is negative.
func McNemar(onlyFirst, onlySecond int) McNemarTest {
	if onlyFirst < 0 || onlySecond < 0 {
		panic(fmt.Sprintf("stat: counts of %d and %d", onlyFirst, onlySecond))
	}
	n := onlyFirst + onlySecond
	if n == 0 {
		none := noTest(NoVariation).Test
		return McNemarTest{Test: none, Uncorrected: none, Exact: none}
	}
	var f Flags
	if n < 10 { // each way at least 5 expected
		f = SmallCounts
	}
	d := math.Abs(float64(onlyFirst - onlySecond))
	chi := func(d float64) Test {
		x := d * d / float64(n)
		return Test{Statistic: x, DF: 1, P: ChiSquareTail(x, 1), Flags: f}
	}
	m := McNemarTest{Test: chi(max(0, d-1)), Uncorrected: chi(d)}
	m.Exact = Proportion{K: min(onlyFirst, onlySecond), N: n}.Test(0.5).Test
	return m
}
