package stat

import (
	"math"
	"slices"
)

// Moments are the number, mean and spread of a sample, added up as values
// come. Samples of parts merge into that of the whole. The zero value is empty.
type Moments struct {
	N       int
	Mean    float64
	Squares float64 // sum of squared deviations from the mean
	Left    int     // values left out, as they are no finite numbers
}

// MomentsOf returns the moments of values.
func MomentsOf(values []float64) Moments {
	// Blocks of two passes each are quicker than a division for each value, and
	// lose nothing where values are large beside their spread.
	const block = 1024
	var m Moments
	for len(values) > 0 {
		part := values[:min(block, len(values))]
		values = values[len(part):]
		m.Merge(momentsOfBlock(part))
	}
	return m
}

func momentsOfBlock(values []float64) Moments {
	var m Moments
	var sum float64
	for _, v := range values {
		if v-v != 0 { // NaN or an infinity
			m.Left++
			continue
		}
		m.N++
		sum += v
	}
	if m.N == 0 {
		return m
	}
	mean := sum / float64(m.N)
	var rest, squares float64
	for _, v := range values {
		if v-v != 0 {
			continue
		}
		d := v - mean
		rest += d
		squares += d * d
	}
	// What rounding of the mean left over (the corrected two passes of Chan, Golub & LeVeque 1983).
	m.Mean = mean + rest/float64(m.N)
	m.Squares = max(0, squares-rest*rest/float64(m.N))
	return m
}

// MomentsFrom returns the moments of n values with this mean and this variance
// (of n-1, not negative; anything where n is below 2).
func MomentsFrom(n int, mean, variance float64) Moments {
	if n < 0 {
		panic("stat: fewer values than none")
	}
	m := Moments{N: n, Mean: mean}
	if n > 1 {
		m.Squares = max(0, variance) * float64(n-1)
	}
	if n == 0 {
		m.Mean = 0
	}
	return m
}

// Add adds one value (Welford 1962).
func (m *Moments) Add(v float64) { m.AddRepeated(v, 1) }

// AddRepeated adds times equal values: all the customers who spent nothing, say.
func (m *Moments) AddRepeated(v float64, times int) {
	if times <= 0 {
		return
	}
	if v-v != 0 {
		m.Left += times
		return
	}
	m.Merge(Moments{N: times, Mean: v})
}

// Merge adds the sample o (Chan, Golub & LeVeque 1983).
func (m *Moments) Merge(o Moments) {
	m.Left += o.Left
	if o.N == 0 {
		return
	}
	if m.N == 0 {
		m.N, m.Mean, m.Squares = o.N, o.Mean, o.Squares
		return
	}
	n := float64(m.N) + float64(o.N)
	d := o.Mean - m.Mean
	m.Mean += d * (float64(o.N) / n)
	m.Squares += o.Squares + d*d*(float64(m.N)*float64(o.N)/n)
	m.N += o.N
}

// Variance returns the variance of n-1; 0 of fewer than two values.
func (m Moments) Variance() float64 {
	if m.N < 2 {
		return 0
	}
	return m.Squares / float64(m.N-1)
}

// SD returns the square root of the variance.
func (m Moments) SD() float64 { return math.Sqrt(m.Variance()) }

// Sum returns the sum of the values.
func (m Moments) Sum() float64 { return m.Mean * float64(m.N) }

// flags tell what is wrong with samples of which a method needs so many values.
func sampleFlags(need int, samples ...Moments) Flags {
	var f Flags
	for _, m := range samples {
		if m.N == 0 {
			f |= NoValues
		}
		if m.N < need {
			f |= TooFew
		}
		if m.Left > 0 {
			f |= LeftOut
		}
	}
	return f
}

// flat reports whether a standard error is nothing beside what it belongs to:
// equal values, whose deviations are rounding.
func flat(se float64, values ...float64) bool {
	size := 0.0
	for _, v := range values {
		size = max(size, math.Abs(v))
	}
	return se <= 1e-15*size
}

// MeanTest compares a mean with another, or with a number.
type MeanTest struct {
	SidedTest
	Difference float64 // the first mean less the second
	SE         float64 // its standard error
	Low, High  float64 // its interval; infinite where there is none
	CohenD     float64 // difference in (pooled) standard deviations; 0 where they are zero
}

// tTest puts a difference with its standard error through Student's law.
func tTest(difference, se, df, sd, level float64, f Flags, size ...float64) MeanTest {
	q := tail(level)
	m := MeanTest{Difference: difference, Low: math.Inf(-1), High: math.Inf(1)}
	if f.Has(TooFew) || flat(se, size...) {
		if !f.Has(TooFew) {
			f |= NoVariation
		}
		m.SidedTest = noTest(f)
		return m
	}
	t := difference / se
	greater, less := StudentTail(t, df), StudentTail(-t, df)
	m.SidedTest = SidedTest{
		Test:    Test{Statistic: t, DF: df, P: min(1, 2*min(greater, less)), Flags: f},
		Greater: greater, Less: less,
	}
	m.SE = se
	half := -StudentQuantile(q, df) * se
	m.Low, m.High = difference-half, difference+half
	if sd > 0 {
		m.CohenD = difference / sd
	}
	return m
}

// OneSample tests whether the mean of m is mu, by Student's t.
func OneSample(m Moments, mu, level float64) MeanTest {
	return tTest(m.Mean-mu, m.SD()/math.Sqrt(float64(max(m.N, 1))), float64(m.N-1), m.SD(), level, sampleFlags(2, m), m.Mean, mu)
}

// Student compares two means that share one variance, by Student's t.
func Student(a, b Moments, level float64) MeanTest {
	f := sampleFlags(1, a, b)
	if a.N+b.N < 3 {
		f |= TooFew
	}
	nA, nB := float64(a.N), float64(b.N)
	sd := pooledSD(a, b)
	return tTest(a.Mean-b.Mean, sd*math.Sqrt(1/nA+1/nB), nA+nB-2, sd, level, f, a.Mean, b.Mean)
}

// Welch compares two means whose variances may differ, with the degrees of
// freedom of Welch and Satterthwaite: the one to use for money per customer.
func Welch(a, b Moments, level float64) MeanTest {
	f := sampleFlags(2, a, b)
	nA, nB := float64(a.N), float64(b.N)
	vA, vB := a.Variance()/nA, b.Variance()/nB
	df := (vA + vB) * (vA + vB) / (vA*vA/(nA-1) + vB*vB/(nB-1))
	return tTest(a.Mean-b.Mean, math.Sqrt(vA+vB), df, pooledSD(a, b), level, f, a.Mean, b.Mean)
}

func pooledSD(a, b Moments) float64 {
	if a.N+b.N < 3 {
		return 0
	}
	return math.Sqrt((a.Squares + b.Squares) / float64(a.N+b.N-2))
}

// Paired tests whether a and b, of equal length, differ on average, row by row.
// Rows with a value that is no finite number are left out.
func Paired(a, b []float64, level float64) MeanTest {
	if len(a) != len(b) {
		panic("stat: pairs of slices of different lengths")
	}
	d := make([]float64, len(a))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return OneSample(MomentsOf(d), 0, level)
}

// SpreadTest is a test over several groups, with its effect size.
type SpreadTest struct {
	Test
	// EtaSquared is the share of the variance that lies between the groups, 0 to
	// 1; 0 where the test is not one of means.
	EtaSquared float64
}

// ANOVA tests whether all groups have one mean, if they have one variance (F).
// Empty groups are left out and flagged.
func ANOVA(groups ...Moments) SpreadTest {
	groups, f := kept(1, groups)
	var all Moments
	within := 0.0
	for _, g := range groups {
		all.Merge(g)
		within += g.Squares
	}
	between := 0.0
	for _, g := range groups {
		d := g.Mean - all.Mean
		between += float64(g.N) * d * d
	}
	df1, df2 := float64(len(groups)-1), float64(all.N-len(groups))
	if df1 < 1 || df2 < 1 {
		return SpreadTest{Test: noTest(f | TooFew).Test}
	}
	if flat(math.Sqrt(within/df2), all.Mean, math.Sqrt(between)) {
		return SpreadTest{Test: noTest(f | NoVariation).Test}
	}
	x := between / df1 / (within / df2)
	return SpreadTest{
		Test:       Test{Statistic: x, DF: df1, DF2: df2, P: FTail(x, df1, df2), Flags: f},
		EtaSquared: between / (between + within),
	}
}

// kept returns the groups that have at least need values, and flags the others.
func kept(need int, groups []Moments) ([]Moments, Flags) {
	var f Flags
	var enough []Moments
	for _, g := range groups {
		f |= sampleFlags(need, g)
		if g.N >= need {
			enough = append(enough, g)
		}
	}
	return enough, f
}

// WelchANOVA tests whether all groups have one mean, whatever their variances
// (Welch 1951). Groups of fewer than two values, or of equal ones, are left out
// and flagged: they have no weight that could be known.
func WelchANOVA(groups ...Moments) SpreadTest {
	groups, f := kept(2, groups)
	varied := groups[:0]
	for _, g := range groups {
		if flat(g.SD(), g.Mean) {
			f |= NoVariation
			continue
		}
		varied = append(varied, g)
	}
	k := float64(len(varied))
	if k < 2 {
		return SpreadTest{Test: noTest(f | TooFew).Test}
	}
	var weights, weighted float64
	for _, g := range varied {
		w := float64(g.N) / g.Variance()
		weights += w
		weighted += w * g.Mean
	}
	mean := weighted / weights
	var between, lambda float64
	for _, g := range varied {
		w := float64(g.N) / g.Variance()
		between += w * (g.Mean - mean) * (g.Mean - mean)
		lambda += (1 - w/weights) * (1 - w/weights) / float64(g.N-1)
	}
	x := between / (k - 1) / (1 + 2*(k-2)/(k*k-1)*lambda)
	df2 := (k*k - 1) / (3 * lambda)
	return SpreadTest{Test: Test{Statistic: x, DF: k - 1, DF2: df2, P: FTail(x, k-1, df2), Flags: f}}
}

// VarianceRatio is the F test that a and b have one variance, two-sided. It
// takes them to be normal; BrownForsythe does not.
func VarianceRatio(a, b Moments) Test {
	f := sampleFlags(2, a, b)
	if f.Has(TooFew) {
		return noTest(f).Test
	}
	if flat(a.SD(), a.Mean) || flat(b.SD(), b.Mean) {
		return noTest(f | NoVariation).Test
	}
	x := a.Variance() / b.Variance()
	df1, df2 := float64(a.N-1), float64(b.N-1)
	p := 2 * min(FTail(x, df1, df2), FTail(1/x, df2, df1))
	return Test{Statistic: x, DF: df1, DF2: df2, P: min(1, p), Flags: f}
}

// Bartlett tests whether all groups have one variance, if they are normal.
// Groups of fewer than two values, or of equal ones, are left out and flagged.
func Bartlett(groups ...Moments) Test {
	groups, f := kept(2, groups)
	var pooled, df, logs, inverse, k float64
	for _, g := range groups {
		if flat(g.SD(), g.Mean) {
			f |= NoVariation
			continue
		}
		n := float64(g.N - 1)
		pooled += g.Squares
		df += n
		logs += n * math.Log(g.Variance())
		inverse += 1 / n
		k++
	}
	if k < 2 {
		return noTest(f | TooFew).Test
	}
	x := max(0, (df*math.Log(pooled/df)-logs)/(1+(inverse-1/df)/(3*(k-1))))
	return Test{Statistic: x, DF: k - 1, P: ChiSquareTail(x, k-1), Flags: f}
}

// Levene tests whether all groups have one variance: an ANOVA of the distances
// from each group's mean.
func Levene(groups ...[]float64) Test {
	return spread(groups, func(v []float64) float64 { return MomentsOf(v).Mean })
}

// BrownForsythe is Levene's test with distances from the median, which holds
// for skewed values too (scipy's and R's car default).
func BrownForsythe(groups ...[]float64) Test {
	return spread(groups, func(v []float64) float64 { return Quantile(v, 0.5) })
}

func spread(groups [][]float64, middle func(sorted []float64) float64) Test {
	moments := make([]Moments, len(groups))
	for i, g := range groups {
		sorted := finiteOnly(g)
		slices.Sort(sorted)
		m := middle(sorted)
		for j, v := range sorted {
			sorted[j] = math.Abs(v - m)
		}
		moments[i] = MomentsOf(sorted)
		moments[i].Left = len(g) - len(sorted)
	}
	return ANOVA(moments...).Test
}

// finiteOnly returns a copy of values without those that are no finite numbers.
func finiteOnly(values []float64) []float64 {
	out := make([]float64, 0, len(values))
	for _, v := range values {
		if v-v == 0 {
			out = append(out, v)
		}
	}
	return out
}
