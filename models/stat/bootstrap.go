package stat

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Bootstrap resamples customers to find an interval of a difference of means
// that allows for skewed values. Its zero value has the defaults. The result
// depends on the samples, Resamples, Seed and Level only.
type Bootstrap struct {
	Resamples int     // zero: 2,000
	Seed      uint64  //
	Level     float64 // zero: 0.95
	Workers   int     // goroutines; zero: one for each processor
}

// Resampled is a bootstrap interval.
type Resampled struct {
	Estimate
	SE       float64 // standard deviation of the resampled differences
	Critical float64 // what Welch's standard error is multiplied by: 1.96 for values that are not skewed
}

// MeanDifference returns the mean of a less that of b with the symmetric
// studentised interval (Hall 1988): each arm is resampled for itself, each resample's
// difference is measured by its own standard error, and the interval is as many
// standard errors wide as that takes. The work depends on how many values differ from
// the commonest ones, not on the number of customers; see sampler for where it is an
// approximation. Where resamples without any spread are common, as with a single
// spender, there is no interval and the flag is TooFew.
//
// On simulated spend (12 % buy, long-tailed amounts, 900 customers beside 600) 4 % of a
// thousand intervals missed a difference of nothing, Welch's 5 %, percentile ones 6 to
// 7 %, and those that also take the skewness from the same few great values (BCa,
// studentised with two ends) 8 %.
func (s Bootstrap) MeanDifference(a, b Tally) Resampled {
	if s.Resamples == 0 {
		s.Resamples = 2000
	}
	if s.Level == 0 {
		s.Level = 0.95
	}
	a.check()
	b.check()
	mA, mB := a.Moments(), b.Moments()
	r := Resampled{Estimate: Estimate{Value: mA.Mean - mB.Mean, Low: math.Inf(-1), High: math.Inf(1), Flags: sampleFlags(2, mA, mB)}}
	tail(s.Level)
	if r.Flags.Has(TooFew) {
		return r
	}
	if len(a.Values) == 1 && len(b.Values) == 1 {
		r.Flags |= NoVariation
		return r
	}
	drawn, far := s.draw(newSampler(a, mA), newSampler(b, mB), r.Value)
	r.SE = MomentsOf(drawn).SD()
	slices.Sort(far)
	r.Critical = far[min(len(far)-1, int(math.Ceil(s.Level*float64(len(far)+1)))-1)]
	if math.IsInf(r.Critical, 1) {
		r.Flags |= TooFew
		return r
	}
	half := r.Critical * math.Sqrt(mA.Variance()/float64(mA.N)+mB.Variance()/float64(mB.N))
	r.Low, r.High = r.Value-half, r.Value+half
	return r
}

// resamplesTogether is how many resamples one stream of random numbers makes.
const resamplesTogether = 25

// draw returns the resampled differences, and how far each is from the difference in
// its own standard errors: infinitely where it has none.
func (s Bootstrap) draw(a, b *sampler, difference float64) (drawn, far []float64) {
	drawn, far = make([]float64, s.Resamples), make([]float64, s.Resamples)
	chunks := (s.Resamples + resamplesTogether - 1) / resamplesTogether
	Each(s.Workers, chunks, func(chunk int) {
		rng := rand.NewPCG(s.Seed, uint64(chunk))
		for k := chunk * resamplesTogether; k < min((chunk+1)*resamplesTogether, s.Resamples); k++ {
			meanA, varianceA := a.mean(rng)
			meanB, varianceB := b.mean(rng)
			drawn[k] = meanA - meanB
			far[k] = math.Inf(1)
			if v := varianceA + varianceB; v > 0 {
				far[k] = math.Abs(drawn[k]-difference) / math.Sqrt(v)
			}
		}
	})
	return drawn, far
}

// sampler draws the mean of a resample, and that mean's variance, of as many customers as the sample has.
// A value that is common is drawn as a binomial count; the rare ones are drawn one by
// one. Where there are very many rare values, all but the greatest and the least
// are taken together in groups of neighbours, whose sum, given how many come from a
// group, is drawn from the normal law with the group's mean and variance: mean
// and variance of a resample stay exact, its skewness is that between the groups.
type sampler struct {
	n, center float64
	common    []group   // drawn as counts
	rare      []float64 // each with probability 1/n, less the center
}

type group struct {
	share          float64 // of the customers that are not in the groups before it
	mean, variance float64 // less the center
}

const (
	commonFrom = 24     // customers with equal values, from which they may be drawn as a count
	commonMost = 256    // values drawn as counts
	rareMost   = 32_768 // values that are drawn one by one
	extremes   = 2_048  // kept so at either end where there are more
	neighbours = 512    // groups of the others
)

func newSampler(t Tally, m Moments) *sampler {
	s := &sampler{n: float64(m.N), center: m.Mean}
	var sizes []int
	least := t.leastCommon()
	for i, v := range t.Values {
		if c := t.Counts[i]; c >= least && len(s.common) < commonMost {
			s.common = append(s.common, group{mean: v - s.center})
			sizes = append(sizes, c)
			continue
		}
		for range t.Counts[i] {
			s.rare = append(s.rare, v-s.center)
		}
	}
	if len(s.rare) > rareMost {
		middle := s.rare[extremes : len(s.rare)-extremes]
		for g := range neighbours {
			from, to := g*len(middle)/neighbours, (g+1)*len(middle)/neighbours
			part := MomentsOf(middle[from:to])
			s.common = append(s.common, group{mean: part.Mean, variance: part.Squares / float64(part.N)})
			sizes = append(sizes, part.N)
		}
		s.rare = append(slices.Clone(s.rare[:extremes]), s.rare[len(s.rare)-extremes:]...)
	}
	rest := m.N
	for i, c := range sizes {
		s.common[i].share = float64(c) / float64(rest)
		rest -= c
	}
	return s
}

// leastCommon returns the count from which values are drawn as counts.
func (t Tally) leastCommon() int {
	counts := slices.Clone(t.Counts)
	slices.Sort(counts)
	return max(commonFrom, counts[max(0, len(counts)-commonMost)])
}

// mean also returns the squared standard error of the mean.
func (s *sampler) mean(rng *rand.PCG) (mean, square float64) {
	left := s.n
	var total, variance, squares float64
	for i := range s.common {
		g := &s.common[i]
		count := binomial(rng, left, g.share)
		total += count * g.mean
		variance += count * g.variance
		squares += count * (g.mean*g.mean + g.variance)
		left -= count
	}
	if variance > 0 {
		total += math.Sqrt(variance) * rand.New(rng).NormFloat64()
	}
	// Two customers of 32 bits come from each draw, which favours some of them by
	// len/2^32 at most.
	many := uint64(len(s.rare))
	for left >= 2 {
		r := rng.Uint64()
		u, v := s.rare[(r&0xffffffff)*many>>32], s.rare[(r>>32)*many>>32]
		total += u + v
		squares += u*u + v*v
		left -= 2
	}
	if left > 0 {
		v := s.rare[(rng.Uint64()>>32)*many>>32]
		total += v
		squares += v * v
	}
	return s.center + total/s.n, max(0, squares-total*total/s.n) / (s.n - 1) / s.n
}

// unit returns a random number in (0, 1).
func unit(rng *rand.PCG) float64 { return (float64(rng.Uint64()>>11) + 0.5) / (1 << 53) }

// binomial draws how many of n, a whole number, succeed at the rate p: by
// transformed rejection (Hörmann 1993, algorithm BTRS), one by one where few do.
// (gonum's sampler is exact too and took three to six times as long.)
func binomial(rng *rand.PCG, n, p float64) float64 {
	switch {
	case n == 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	case p > 0.5:
		return n - binomial(rng, n, 1-p)
	}
	if n*p < 10 {
		return fewSucceed(rng, n, p)
	}
	sd := math.Sqrt(n * p * (1 - p))
	b := 1.15 + 2.53*sd
	a := -0.0873 + 0.0248*b + 0.01*p
	center := n*p + 0.5
	quick := 0.92 - 4.2/b
	for {
		v, u := unit(rng), unit(rng)-0.5
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + center)
		if us >= 0.07 && v <= quick {
			return k
		}
		if k < 0 || k > n {
			continue
		}
		mode := math.Floor((n + 1) * p)
		v *= (2.83 + 5.1/b) * sd / (a/(us*us) + b)
		if math.Log(v) <= logBinomialTerm(k, n-k, p, 1-p)-logBinomialTerm(mode, n-mode, p, 1-p) {
			return k
		}
	}
}

// fewSucceed adds up probabilities from none until a random number is reached.
func fewSucceed(rng *rand.PCG, n, p float64) float64 {
	u := unit(rng)
	odds := p / (1 - p)
	term := math.Exp(n * math.Log1p(-p))
	for k := 0.0; ; k++ {
		u -= term
		if u <= 0 || k == n {
			return k
		}
		term *= odds * (n - k) / (k + 1)
		if term == 0 {
			return k
		}
	}
}
