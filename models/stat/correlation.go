package stat

import (
	"math"
	"slices"
	"sort"
)

// CorrelationTest is a correlation and the test that there is none.
type CorrelationTest struct {
	SidedTest         // Statistic is the coefficient itself, -1 to 1
	N         int     // pairs used
	Low, High float64 // interval by Fisher's z; -1 and 1 where there is none
	Exact     bool    // the p is exact (Kendall, small and without ties)
}

// Pearson returns the linear correlation of a and b, of equal length, with the
// t test and the interval by Fisher's z. Pairs with a value that is no finite
// number are left out.
func Pearson(a, b []float64, level float64) CorrelationTest {
	a, b, f := finitePairs(a, b)
	return correlated(a, b, level, f)
}

// Spearman returns Pearson's correlation of the middle ranks. The p is by
// Student's t; the interval's standard error is that of Bonett and Wright (2000).
func Spearman(a, b []float64, level float64) CorrelationTest {
	a, b, f := finitePairs(a, b)
	a, b = ranks(a), ranks(b)
	r := correlated(a, b, level, f)
	if r.Flags == f {
		widen := math.Sqrt(1 + r.Statistic*r.Statistic/2)
		r.Low, r.High = fisherZ(r.Statistic, r.N, level, widen)
	}
	return r
}

func correlated(a, b []float64, level float64, f Flags) CorrelationTest {
	tail(level)
	r := CorrelationTest{N: len(a), Low: -1, High: 1}
	if len(a) < 3 {
		if len(a) == 0 {
			f |= NoValues
		}
		r.SidedTest = noTest(f | TooFew)
		return r
	}
	c := Correlation(a, b)
	if math.IsNaN(c) {
		r.SidedTest = noTest(f | NoVariation)
		return r
	}
	c = min(max(c, -1), 1)
	df := float64(len(a) - 2)
	t := c * math.Sqrt(df/((1-c)*(1+c)))
	greater, less := StudentTail(t, df), StudentTail(-t, df)
	r.SidedTest = SidedTest{
		Test:    Test{Statistic: c, DF: df, P: min(1, 2*min(greater, less)), Flags: f},
		Greater: greater, Less: less,
	}
	r.Low, r.High = fisherZ(c, len(a), level, 1)
	return r
}

// fisherZ returns the interval of a correlation r of n pairs; widen multiplies
// the standard error 1/sqrt(n-3).
func fisherZ(r float64, n int, level, widen float64) (low, high float64) {
	if n < 4 {
		return -1, 1
	}
	z, half := math.Atanh(r), critical(level)*widen/math.Sqrt(float64(n-3))
	return math.Tanh(z - half), math.Tanh(z + half)
}

// finitePairs returns the pairs of finite numbers.
func finitePairs(a, b []float64) (_, _ []float64, f Flags) {
	if len(a) != len(b) {
		panic("stat: correlation of slices of different lengths")
	}
	for i := range a {
		if a[i]-a[i] != 0 || b[i]-b[i] != 0 {
			f = LeftOut
		}
	}
	if f == 0 {
		return a, b, 0
	}
	var x, y []float64
	for i := range a {
		if a[i]-a[i] == 0 && b[i]-b[i] == 0 {
			x, y = append(x, a[i]), append(y, b[i])
		}
	}
	return x, y, f
}

// ranks returns the middle rank of each value, from 1.
func ranks(values []float64) []float64 {
	order := ascending(values)
	out := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, row := range order[from:to] {
			out[row] = float64(from+to+1) / 2
		}
		from = to
	}
	return out
}

// ascending returns the rows in the order of their values.
func ascending(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool { return values[order[i]] < values[order[j]] })
	return order
}

// Kendall returns tau-b of a and b, of equal length (Kendall 1945), exact
// without ties up to 50 pairs and normal beyond, without continuity correction.
// n log n steps (Knight 1966). There is no interval: Low is -1, High 1.
func Kendall(a, b []float64) CorrelationTest {
	a, b, f := finitePairs(a, b)
	r := CorrelationTest{N: len(a), Low: -1, High: 1}
	if len(a) < 2 {
		if len(a) == 0 {
			f |= NoValues
		}
		r.SidedTest = noTest(f | TooFew)
		return r
	}
	order := make([]int, len(a))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool {
		x, y := order[i], order[j]
		return a[x] < a[y] || a[x] == a[y] && b[x] < b[y]
	})
	sorted := make([]float64, len(b))
	both := 0.0 // pairs equal in both
	run := 1.0
	for i, row := range order {
		sorted[i] = b[row]
		if i > 0 && a[row] == a[order[i-1]] && b[row] == b[order[i-1]] {
			both += run
			run++
		} else {
			run = 1
		}
	}
	discordant := inversions(sorted, make([]float64, len(sorted)))
	tiesA, tiesB := tiesOf(a), tiesOf(b)
	n := float64(len(a))
	pairs := n * (n - 1) / 2
	if tiesA.pairs == pairs || tiesB.pairs == pairs {
		r.SidedTest = noTest(f | NoVariation)
		return r
	}
	// Concordant less discordant pairs.
	s := pairs - tiesA.pairs - tiesB.pairs + both - 2*discordant
	tau := s / math.Sqrt(pairs-tiesA.pairs) / math.Sqrt(pairs-tiesB.pairs)
	tau = min(max(tau, -1), 1)
	if tiesA.pairs == 0 && tiesB.pairs == 0 && len(a) <= exactRanks {
		law := inversionLaw(len(a))
		at := int(discordant)
		greater, less := min(1, sum(law[:at+1])), min(1, sum(law[at:]))
		r.Exact = true
		r.SidedTest = SidedTest{Test: Test{Statistic: tau, P: min(1, 2*min(greater, less)), Flags: f}, Greater: greater, Less: less}
		return r
	}
	variance := (n*(n-1)*(2*n+5)-tiesA.cubes-tiesB.cubes)/18 + 2*tiesA.pairs*tiesB.pairs/(n*(n-1))
	if n > 2 {
		variance += tiesA.triples * tiesB.triples / (9 * n * (n - 1) * (n - 2))
	}
	r.SidedTest = zTest(s / math.Sqrt(variance))
	r.Statistic = tau
	r.Flags = f
	if tiesA.pairs > 0 || tiesB.pairs > 0 {
		r.Flags |= Ties
	}
	return r
}

// tied counts, over groups of t equal values: pairs t(t-1)/2, triples
// t(t-1)(t-2), cubes t(t-1)(2t+5).
type tied struct{ pairs, triples, cubes float64 }

func tiesOf(values []float64) tied {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	var ties tied
	for from := 0; from < len(sorted); {
		to := from
		for to < len(sorted) && sorted[to] == sorted[from] {
			to++
		}
		t := float64(to - from)
		ties.pairs += t * (t - 1) / 2
		ties.triples += t * (t - 1) * (t - 2)
		ties.cubes += t * (t - 1) * (2*t + 5)
		from = to
	}
	return ties
}

// inversions sorts values by merging and returns how many pairs stood in the
// wrong order. spare has the length of values.
func inversions(values, spare []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	half := len(values) / 2
	count := inversions(values[:half], spare[:half]) + inversions(values[half:], spare[half:])
	copy(spare, values)
	i, j := 0, half
	for k := range values {
		if j == len(values) || i < half && spare[i] <= spare[j] {
			values[k] = spare[i]
			i++
			continue
		}
		values[k] = spare[j]
		j++
		count += float64(half - i)
	}
	return count
}

// inversionLaw returns the probabilities of 0 ... n(n-1)/2 inversions of a
// random order of n values.
func inversionLaw(n int) []float64 {
	law := []float64{1}
	for size := 2; size <= n; size++ {
		next := make([]float64, size*(size-1)/2+1)
		for k, c := range law {
			for more := range size {
				next[k+more] += c
			}
		}
		law = next
	}
	return scale(law)
}
