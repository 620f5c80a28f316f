package cluster

import (
	"context"
	"math"
	"slices"

	"clientele/models/stat"
)

// leastVariance is the smallest variance that a component may have, as a share of the
// variance of the feature. Without a floor the likelihood has no maximum: a component
// that holds nothing but equal values may become ever narrower, and customers with
// one order are many such values. 0.001 is a thirtieth of the standard deviation.
const leastVariance = 1e-3

// mixture is a Gaussian mixture with diagonal covariances, fitted by EM (Dempster,
// Laird & Rubin 1977) in logs.
type mixture struct {
	k, d           int
	weight         []float64 // k
	mean, variance []float64 // k x d
	floor          []float64 // least variance of each feature; 1 where it does not vary at all
	flat           []bool    // which features do not vary
	logLikelihood  float64
	iterations     int
	settled        bool
	stopSingular   bool // run ends where a component has become singular

	constant, half []float64 // of the log densities: k; 1/(2 variance): k x d
}

// newMixture starts from a partition: its shares, means and variances.
func newMixture(p points, l labels, workers int) *mixture {
	m := &mixture{k: l.k, d: p.d, weight: make([]float64, l.k), mean: make([]float64, l.k*p.d), variance: make([]float64, l.k*p.d),
		floor: make([]float64, p.d), flat: make([]bool, p.d), constant: make([]float64, l.k), half: make([]float64, l.k*p.d)}
	whole := moments(p, labels{1, make([]uint8, p.n)}, nil, workers)
	for f := range m.floor {
		mean := whole[f] / float64(p.n)
		m.floor[f] = leastVariance * (whole[p.d+f]/float64(p.n) - mean*mean)
		if m.flat[f] = !(m.floor[f] > 0); m.flat[f] {
			m.floor[f] = 1
		}
		for j := range l.k {
			m.mean[j*p.d+f], m.variance[j*p.d+f] = mean, m.floor[f] // sums are taken around that mean
		}
	}
	m.update(moments(p, l, m.mean, workers), float64(p.n))
	return m
}

// moments are, for each cluster, the sums of its rows and of their squares, both
// around the cluster's row of center (zero where that is nil), and behind them the
// numbers of rows: k x 2d, k.
func moments(p points, l labels, center []float64, workers int) []float64 {
	if center == nil {
		center = make([]float64, l.k*p.d)
	}
	sums := make([]float64, l.k*(2*p.d+1))
	stat.SumTo(sums, workers, p.pieces(), func(c int, dst []float64) {
		from, to := p.piece(c)
		for i := from; i < to; i++ {
			j := int(l.code[i])
			gather(dst[j*2*p.d:(j+1)*2*p.d], p.row(i), center[j*p.d:(j+1)*p.d], 1)
			dst[l.k*2*p.d+j]++
		}
	})
	return sums
}

// gather adds a row's first and second moment around center, times a weight.
func gather(sums, x, center []float64, weight float64) {
	d := len(x)
	first, second := sums[:d:d], sums[d:2*d:2*d]
	for f, v := range x {
		v -= center[f]
		first[f] += weight * v
		second[f] += weight * v * v
	}
}

// update is the M step: sums are moments around the means so far. A variance at its
// floor is the best that the floor leaves, so that the likelihood never falls. A
// component that nobody belongs to any more stays where it is, with weight zero.
func (m *mixture) update(sums []float64, rows float64) {
	for j := range m.k {
		n := sums[m.k*2*m.d+j]
		m.weight[j] = n / rows
		if n <= 0 {
			continue
		}
		for f := range m.d {
			first, second := sums[j*2*m.d+f]/n, sums[j*2*m.d+m.d+f]/n
			m.mean[j*m.d+f] += first
			m.variance[j*m.d+f] = max(second-first*first, m.floor[f])
		}
	}
	m.prepare()
}

// prepare computes what the densities need.
func (m *mixture) prepare() {
	for j := range m.k {
		m.constant[j] = math.Log(m.weight[j])
		for f := range m.d {
			v := m.variance[j*m.d+f]
			m.half[j*m.d+f] = 1 / (2 * v)
			m.constant[j] -= math.Log(2*math.Pi*v) / 2
		}
	}
}

// densities writes the log of weight times density of each component at x, and
// returns the component with the greatest, of equals the first, and that value.
func (m *mixture) densities(dst, x []float64) (best int, most float64) {
	most, d := math.Inf(-1), m.d
	for j, sum := range m.constant {
		mean, half := m.mean[j*d:(j+1)*d:(j+1)*d], m.half[j*d:(j+1)*d:(j+1)*d]
		for f, v := range x {
			v -= mean[f]
			sum -= v * v * half[f]
		}
		dst[j] = sum
		if sum > most {
			best, most = j, sum
		}
	}
	return best, most
}

// chances turns densities into the log of their sum and the probability of each
// component.
func chances(p []float64, most float64) float64 {
	sum := 0.0
	for j, v := range p {
		p[j] = math.Exp(v - most)
		sum += p[j]
	}
	for j := range p {
		p[j] /= sum
	}
	return most + math.Log(sum)
}

// run iterates until the log-likelihood of a row grows by less than still.
func (m *mixture) run(ctx context.Context, p points, workers, most int, still float64) error {
	sums := make([]float64, m.k*(2*m.d+1)+1)
	before := math.Inf(-1)
	for m.iterations = 0; ; m.iterations++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		m.expect(sums, p, workers)
		m.logLikelihood = sums[len(sums)-1]
		m.settled = m.logLikelihood-before <= still*float64(p.n)
		if m.settled || m.iterations == most {
			return nil
		}
		before = m.logLikelihood
		if m.update(sums[:len(sums)-1], float64(p.n)); m.stopSingular && m.singular() {
			return nil
		}
	}
}

// expect is the E step: moments weighted by the probability of each component, and
// behind them the log-likelihood.
func (m *mixture) expect(sums []float64, p points, workers int) {
	stat.SumTo(sums, workers, p.pieces(), func(c int, dst []float64) {
		var chance [mostClusters]float64
		from, to := p.piece(c)
		for i := from; i < to; i++ {
			x := p.row(i)
			_, most := m.densities(chance[:m.k], x)
			dst[len(dst)-1] += chances(chance[:m.k], most)
			for j, w := range chance[:m.k] {
				if w == 0 {
					continue
				}
				gather(dst[j*2*m.d:(j+1)*2*m.d], x, m.mean[j*m.d:(j+1)*m.d], w)
				dst[m.k*2*m.d+j] += w
			}
		}
	})
}

// labels gives each row its most probable component.
func (m *mixture) labels(p points, workers int) labels {
	out := labels{m.k, make([]uint8, p.n)}
	stat.Each(workers, p.pieces(), func(c int) {
		var dst [mostClusters]float64
		from, to := p.piece(c)
		for i := from; i < to; i++ {
			best, _ := m.densities(dst[:m.k], p.row(i))
			out.code[i] = uint8(best)
		}
	})
	return out
}

// bic is the Bayesian information criterion (Schwarz 1978): the less the better.
// The model has k-1 weights, k d means and k d variances.
func (m *mixture) bic(rows int) float64 {
	return -2*m.logLikelihood + float64(m.k*2*m.d+m.k-1)*math.Log(float64(rows))
}

// singular reports whether a component has no spread of its own in some feature, so
// that the likelihood is what the floor makes of it, or nobody at all.
func (m *mixture) singular() bool {
	for j := range m.k {
		for f := range m.d {
			if !m.flat[f] && m.variance[j*m.d+f] <= m.floor[f] {
				return true
			}
		}
	}
	return slices.Contains(m.weight, 0)
}
