package stat

import (
	"math"
	"slices"
)

// exactRanks is the size of the greater sample up to which exact laws of ranks
// are worked out; beyond, the normal one is as good as exact.
const exactRanks = 50

// RankTest compares two samples by the ranks of their values.
type RankTest struct {
	// The test to quote: exact where the samples are small and without ties, else
	// Corrected. Its Statistic is U of the first sample, or the lesser of the
	// signed sums of Wilcoxon's test.
	SidedTest
	Exact       bool
	Corrected   SidedTest // normal, with correction for ties and continuity
	Uncorrected SidedTest // normal, with correction for ties only
	// Superiority is the probability that a random value of the first sample is
	// greater than one of the second, ties counted half: 0.5 where neither leads.
	// In the signed test, the share of the rank sum that is above zero.
	Superiority float64
}

// MannWhitney tests whether values of a tend to be greater, or less, than those
// of b (Mann & Whitney 1947). It says nothing of means: where most customers spend
// nothing it tests who spends at all, before it tests how much.
func MannWhitney(a, b Tally) RankTest {
	j := join(a, b)
	if j.flags.Has(NoValues) {
		return noRankTest(j.flags)
	}
	sums, ties := j.rankSums()
	nA, nB, n := float64(j.sizes[0]), float64(j.sizes[1]), float64(j.n)
	u := sums[0] - nA*(nA+1)/2
	variance := 0.0
	if len(j.values) > 1 {
		variance = nA * nB / 12 * (n + 1 - ties/n/(n-1))
	}
	r := normalRanks(u, nA*nB/2, variance, j.flags&^Ties)
	r.Superiority = u / (nA * nB)
	exact := !j.flags.Has(Ties) && max(j.sizes[0], j.sizes[1]) <= exactRanks
	r.settle(exact, u, j.flags, func() []float64 { return rankSumLaw(j.sizes[0], j.sizes[1]) })
	r.Statistic = u
	return r
}

func noRankTest(f Flags) RankTest {
	none := noTest(f)
	return RankTest{SidedTest: none, Corrected: none, Uncorrected: none, Superiority: 0.5}
}

// normalRanks is the normal approximation to a rank statistic.
func normalRanks(statistic, mean, variance float64, f Flags) RankTest {
	if variance <= 0 {
		none := noRankTest(f | NoVariation)
		none.Corrected.Statistic, none.Uncorrected.Statistic = statistic, statistic
		return none
	}
	sd := math.Sqrt(variance)
	d := statistic - mean
	r := RankTest{Uncorrected: zTest(d / sd), Corrected: zTest(math.Copysign(max(0, math.Abs(d)-0.5), d) / sd)}
	r.Corrected.Greater, r.Corrected.Less = NormalTail((d-0.5)/sd), NormalTail((-d-0.5)/sd)
	r.Corrected.Statistic, r.Uncorrected.Statistic = statistic, statistic
	r.Corrected.Flags, r.Uncorrected.Flags = f, f
	return r
}

// settle chooses the test to quote. law holds the probabilities of whole
// statistics from 0.
func (r *RankTest) settle(exact bool, statistic float64, f Flags, law func() []float64) {
	r.SidedTest = r.Corrected
	if r.Corrected.Flags.Has(NoVariation) {
		r.Flags |= f &^ Ties
		return
	}
	if !exact {
		r.Flags |= f
		return
	}
	p := law()
	at := int(math.Round(statistic))
	r.Exact = true
	r.Less, r.Greater = min(1, sum(p[:at+1])), min(1, sum(p[at:]))
	r.P = min(1, 2*min(r.Less, r.Greater))
}

func sum(values []float64) float64 {
	s := 0.0
	for _, v := range values {
		s += v
	}
	return s
}

// scale divides counts by their sum.
func scale(counts []float64) []float64 {
	all := sum(counts)
	for i := range counts {
		counts[i] /= all
	}
	return counts
}

// rankSumLaw returns the probabilities of U = 0 ... nA nB without ties. The
// number of arrangements with a given U is counted by whose value comes last; sums of
// whole numbers above zero keep the smallest tails.
func rankSumLaw(nA, nB int) []float64 {
	rows := make([][]float64, nB+1) // of i values of a and j of b, by j
	for j := range rows {
		rows[j] = []float64{1}
	}
	for i := 1; i <= nA; i++ {
		for j := 1; j <= nB; j++ {
			// Last is one of a, greater than the j of b, or one of b.
			fresh := make([]float64, i*j+1)
			for u, c := range rows[j] {
				fresh[u+j] += c
			}
			for u, c := range rows[j-1] {
				fresh[u] += c
			}
			rows[j] = fresh
		}
	}
	return scale(rows[nB])
}

// Signed is Wilcoxon's signed-rank test.
type Signed struct {
	RankTest
	Plus, Minus float64 // rank sums of the differences above and below zero
	Used        int     // pairs that differ
}

// WilcoxonSigned tests whether the differences a - b of pairs lie evenly around
// zero (Wilcoxon 1945), exactly up to 50 pairs, ties or not. Pairs without a
// difference are left out. a and b have equal length.
func WilcoxonSigned(a, b []float64) Signed {
	if len(a) != len(b) {
		panic("stat: pairs of slices of different lengths")
	}
	var d []float64
	var f Flags
	for i := range a {
		switch v := a[i] - b[i]; {
		case v-v != 0:
			f |= LeftOut
		case v != 0:
			d = append(d, v)
		}
	}
	if len(d) == 0 {
		if len(a) == 0 || f.Has(LeftOut) {
			f |= NoValues
		} else {
			f |= NoVariation
		}
		return Signed{RankTest: noRankTest(f)}
	}
	slices.SortFunc(d, func(x, y float64) int {
		switch x, y = math.Abs(x), math.Abs(y); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	s := Signed{Used: len(d)}
	n := float64(len(d))
	var ties float64
	twice := make([]int, 0, len(d)) // the middle ranks, doubled to be whole
	for from := 0; from < len(d); {
		to := from
		for to < len(d) && math.Abs(d[to]) == math.Abs(d[from]) {
			to++
		}
		rank := float64(from+to+1) / 2
		for _, v := range d[from:to] {
			twice = append(twice, from+to+1)
			if v > 0 {
				s.Plus += rank
			} else {
				s.Minus += rank
			}
		}
		t := float64(to - from)
		ties += t * (t*t - 1)
		from = to
	}
	s.RankTest = normalRanks(s.Plus, n*(n+1)/4, n*(n+1)*(2*n+1)/24-ties/48, f)
	s.Superiority = s.Plus / (s.Plus + s.Minus)
	exact := len(d) <= exactRanks
	if ties > 0 && !exact {
		f |= Ties
	}
	s.settle(exact, 2*s.Plus, f, func() []float64 { return signedLaw(twice) })
	s.Statistic = min(s.Plus, s.Minus)
	return s
}

// signedLaw returns the probabilities that ranks, each with either sign alike
// and given twice as large, sum to 0, 1, 2 ... above zero. It holds with ties too.
func signedLaw(twice []int) []float64 {
	law := []float64{1}
	for _, rank := range twice {
		next := make([]float64, len(law)+rank)
		for s, c := range law {
			next[s] += c
			next[s+rank] += c
		}
		law = next
	}
	return scale(law)
}

// KruskalWallis tests whether values of some group tend to be greater than
// those of another, with the correction for ties. The effect is epsilon squared, H/(n-1).
func KruskalWallis(groups ...Tally) SpreadTest {
	var some []Tally
	var f Flags
	for _, g := range groups {
		if g.N() == 0 {
			f |= NoValues
			continue
		}
		some = append(some, g)
	}
	j := join(some...)
	f |= j.flags &^ Ties
	if len(some) < 2 {
		return SpreadTest{Test: noTest(f | TooFew).Test}
	}
	sums, ties := j.rankSums()
	n := float64(j.n)
	shared := 1 - ties/n/(n*n-1)
	if len(j.values) < 2 {
		return SpreadTest{Test: noTest(f | NoVariation).Test}
	}
	h := 0.0
	for g, s := range sums {
		d := s/float64(j.sizes[g]) - (n+1)/2
		h += float64(j.sizes[g]) * d * d
	}
	h *= 12 / n / (n + 1) / shared
	df := float64(len(some) - 1)
	return SpreadTest{Test: Test{Statistic: h, DF: df, P: ChiSquareTail(h, df), Flags: f}, EtaSquared: h / (n - 1)}
}

// Kolmogorov is the test of Kolmogorov and Smirnov.
type Kolmogorov struct {
	Test
	Exact bool
	At    float64 // the value at which the shares at or below it differ most
}

// exactPaths is the product of sizes up to which KolmogorovSmirnov is exact.
const exactPaths = 1_000_000

// KolmogorovSmirnov tests whether a and b come from one law, by the greatest
// difference of the shares at or below any value, two-sided. Small samples: the exact
// probability given the ties (Schröer & Trenkler 1995), else the limit.
func KolmogorovSmirnov(a, b Tally) Kolmogorov {
	j := join(a, b)
	if j.flags.Has(NoValues) {
		return Kolmogorov{Test: noTest(j.flags).Test}
	}
	nA, nB := j.sizes[0], j.sizes[1]
	// Differences times nA nB are whole numbers.
	var k Kolmogorov
	var upA, upB, most int
	for i, v := range j.values {
		upA += j.counts[0][i]
		upB += j.counts[1][i]
		if d := abs(upA*nB - upB*nA); d > most {
			most, k.At = d, v
		}
	}
	k.Statistic = float64(most) / float64(nA) / float64(nB)
	k.Flags = j.flags &^ Ties
	if len(j.values) < 2 {
		k.P = 1
		k.Flags |= NoVariation
		return k
	}
	if nA <= exactPaths/nB {
		k.Exact = true
		k.P = pathsReaching(most, nA, nB, j.total)
		return k
	}
	k.P = kolmogorovTail(k.Statistic * math.Sqrt(float64(nA)/(float64(nA)+float64(nB))*float64(nB)))
	k.Flags |= j.flags
	return k
}

func abs(i int) int {
	if i < 0 {
		return -i
	}
	return i
}

// pathsReaching returns the probability that a random arrangement of nA and nB
// values somewhere differs by most or more, in units of 1/(nA nB); ties holds how
// many values are equal each time, within which no difference is seen. What is
// added up is the arrangements that do reach it, so that small tails stay precise.
func pathsReaching(most, nA, nB int, ties []int) float64 {
	if most == 0 {
		return 1
	}
	ends := make([]bool, nA+nB+1) // after so many values a difference is seen
	at := 0
	for _, t := range ties {
		at += t
		ends[at] = true
	}
	// inside[i] is the probability of having i of a after the values so far, without
	// a difference of most on the way; p is that of having had one.
	inside := make([]float64, nA+1)
	inside[0] = 1
	p := 0.0
	for n := range nA + nB {
		left := float64(nA + nB - n)
		for i := min(n, nA); i >= max(0, n-nB); i-- {
			here := inside[i]
			if here == 0 {
				continue
			}
			inside[i] = here * float64(nB-(n-i)) / left
			if i < nA {
				inside[i+1] += here * float64(nA-i) / left
			}
		}
		if !ends[n+1] {
			continue
		}
		for i := max(0, n+1-nB); i <= min(n+1, nA); i++ {
			if abs(i*nB-(n+1-i)*nA) >= most {
				p += inside[i]
				inside[i] = 0
			}
		}
	}
	return min(1, p)
}

// kolmogorovTail is the probability that Kolmogorov's limit law is at least x.
func kolmogorovTail(x float64) float64 {
	if x < 0.18 {
		return 1 // all but 1e-16
	}
	if x < 1 {
		below := 0.0
		for k := 1.0; k < 20; k += 2 {
			below += math.Exp(-k * k * math.Pi * math.Pi / (8 * x * x))
		}
		return 1 - math.Sqrt(2*math.Pi)/x*below
	}
	p, sign := 0.0, 2.0
	for k := 1.0; k < 20; k++ {
		p += sign * math.Exp(-2*k*k*x*x)
		sign = -sign
	}
	return p
}
