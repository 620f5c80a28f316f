package evaluate

import (
	"math"
	"slices"

	"clientele/models/stat"
)

// Calibrated says how well probabilities did: their ranking, and whether
// they are the rates that they say.
type Calibrated struct {
	Ranked
	MeanP   float64 // mean probability, to set beside Rate
	Brier   float64 // mean squared distance of probability and event
	LogLoss float64
	ECE     float64 // expected calibration error over ten quantile bins
}

// Probability measures probabilities, in [0, 1], of an event.
func Probability(p []float64, event []bool) Calibrated {
	return Calibrated{
		Ranked:  Ranking(p, event),
		MeanP:   mean(p),
		Brier:   Brier(p, event),
		LogLoss: LogLoss(p, event),
		ECE:     ECE(Reliability(p, event, 10)),
	}
}

func mean(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// Brier is the mean squared distance of probability and event.
func Brier(p []float64, event []bool) float64 {
	same(len(p), len(event))
	var sum float64
	for i := range p {
		sum += squared(p[i], event[i])
	}
	return sum / float64(len(p))
}

func squared(p float64, event bool) float64 {
	if event {
		p--
	}
	return p * p
}

// LogLoss is the mean of -ln of the probability of what happened. Probabilities
// are kept 1e-15 away from 0 and 1, so that one impossible event costs 34.5 and
// not everything.
func LogLoss(p []float64, event []bool) float64 {
	same(len(p), len(event))
	var sum float64
	for i := range p {
		sum += surprise(p[i], event[i])
	}
	return sum / float64(len(p))
}

func surprise(p float64, event bool) float64 {
	p = min(max(p, 1e-15), 1-1e-15)
	if event {
		return -math.Log(p)
	}
	return -math.Log1p(-p)
}

// Bin is one point of a reliability curve.
type Bin struct {
	MeanP  float64 // mean probability of its customers
	Rate   float64 // share to whom the event happened
	N      int
	Events int
	Low    float64 // 95 % interval of the rate (Wilson)
	High   float64
}

// Reliability groups customers by probability into bins of about equal number:
// the edges are the type-7 quantiles at k/bins, a bin has what is above its
// lower edge and not above its upper one. Customers of one probability so share
// a bin, and bins that nobody is in are left out. Nil where a probability is missing.
func Reliability(p []float64, event []bool, bins int) []Bin {
	same(len(p), len(event))
	sorted := slices.Clone(p)
	slices.Sort(sorted)
	if len(sorted) == 0 || math.IsNaN(sorted[0]) { // NaN sorts first
		return nil
	}
	edges := make([]float64, bins-1)
	for k := range edges {
		edges[k] = stat.Quantile(sorted, float64(k+1)/float64(bins))
	}
	all := make([]Bin, bins)
	for i, v := range p {
		k, _ := slices.BinarySearch(edges, v)
		b := &all[k]
		b.N++
		b.MeanP += v
		if event[i] {
			b.Events++
		}
	}
	out := all[:0]
	for _, b := range all {
		if b.N == 0 {
			continue
		}
		n := float64(b.N)
		b.MeanP /= n
		b.Rate = float64(b.Events) / n
		b.Low, b.High = Wilson(b.Events, b.N, 0.95)
		out = append(out, b)
	}
	return out
}

// ECE is the expected calibration error of a reliability curve: the distance of
// mean probability and rate, averaged over customers.
func ECE(curve []Bin) float64 {
	var sum, n float64
	for _, b := range curve {
		sum += float64(b.N) * math.Abs(b.MeanP-b.Rate)
		n += float64(b.N)
	}
	return sum / n
}

// Wilson returns the score interval of a rate of which events of n were seen
// (Wilson 1927), at a level in (0, 1); 0 and 1 where n is zero.
func Wilson(events, n int, level float64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	z := math.Sqrt2 * math.Erfinv(level)
	m := float64(n)
	p := float64(events) / m
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	low, high = max(0, centre-half), min(1, centre+half)
	if events == 0 {
		low = 0
	}
	if events == n {
		high = 1
	}
	return low, high
}
