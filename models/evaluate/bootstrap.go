package evaluate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"clientele/models/stat"
)

// Measure names what is compared.
type Measure string

// The measures that a Bootstrap compares.
const (
	MeasureAUC              Measure = "auc"
	MeasureAveragePrecision Measure = "average_precision"
	MeasureLift10           Measure = "lift_10"
	MeasureBrier            Measure = "brier"
	MeasureLogLoss          Measure = "log_loss"
	MeasureMAE              Measure = "mae"
	MeasureRMSE             Measure = "rmse"
	MeasureBias             Measure = "bias"
)

// Estimate is a value on all customers with its bootstrap interval.
type Estimate struct{ Value, Low, High float64 }

// Comparison sets two forecasts of the same customers side by side.
type Comparison struct {
	Measure Measure
	A, B    Estimate
	// Difference is A - B, its interval from the same resamples. It holds zero
	// where the customers do not tell which of the two is better.
	Difference Estimate
}

// Bootstrap resamples customers with replacement (Efron 1979; percentile
// intervals): both forecasts see the same resamples. Each row is a customer of its
// own; where customers have several rows, ClusteredMean knows. Its zero value has the
// defaults. The result depends on the values, Resamples, Seed and Level, not on
// the order of rows or the number of workers.
type Bootstrap struct {
	Resamples int     // zero: 1,000
	Seed      uint64  //
	Level     float64 // zero: 0.95
	Workers   int     // goroutines; zero: one for each processor
}

// Ranking compares scores, of which the highest should have the events, by AUC,
// average precision and lift at 10 %.
func (b Bootstrap) Ranking(scoreA, scoreB []float64, event []bool) []Comparison {
	scoreA, scoreB, event = canonicalEvents(scoreA, scoreB, event)
	return b.compare(len(event), newPair(scoreA, scoreB, event))
}

// Probability compares probabilities of an event by the measures of Ranking,
// Brier score and log loss.
func (b Bootstrap) Probability(pA, pB []float64, event []bool) []Comparison {
	pA, pB, event = canonicalEvents(pA, pB, event)
	losses := make([][4]float64, len(event))
	for i, e := range event {
		losses[i] = [4]float64{squared(pA[i], e), squared(pB[i], e), surprise(pA[i], e), surprise(pB[i], e)}
	}
	return b.compare(len(event), newPair(pA, pB, event), &means{
		losses:   losses,
		measures: []Measure{MeasureBrier, MeasureLogLoss},
		finish: func(dst []float64, s [4]float64, n float64) {
			dst[0], dst[1], dst[2], dst[3] = s[0]/n, s[1]/n, s[2]/n, s[3]/n
		},
	})
}

// Contest is Probability by AUC and log loss alone, in half the time.
func (b Bootstrap) Contest(pA, pB []float64, event []bool) []Comparison {
	pA, pB, event = canonicalEvents(pA, pB, event)
	losses := make([][2]float64, len(event))
	for i, e := range event {
		losses[i] = [2]float64{surprise(pA[i], e), surprise(pB[i], e)}
	}
	return b.compare(len(event), areas(newPair(pA, pB, event)), surprises(losses))
}

// areas is a pair of which only the AUC is asked for.
type areas pair

func (p areas) names() []Measure { return []Measure{MeasureAUC} }

func (p areas) measure(dst []float64, weight []uint8) {
	dst[0], dst[1] = p.a.area(weight), p.b.area(weight)
}

// surprises are the log losses of two forecasts, by customer.
type surprises [][2]float64

func (s surprises) names() []Measure { return []Measure{MeasureLogLoss} }

func (s surprises) measure(dst []float64, weight []uint8) {
	var a, b float64
	for i := range s {
		w := float64(weight[i])
		a += w * s[i][0]
		b += w * s[i][1]
	}
	dst[0], dst[1] = a/float64(len(s)), b/float64(len(s))
}

// Forecast compares forecasts of counts or of money by MAE, RMSE and bias
// (total forecast over total actual).
func (b Bootstrap) Forecast(a, c, actual []float64) []Comparison {
	a, c, actual = canonical(a, c, actual)
	errors, totals := make([][4]float64, len(actual)), make([][4]float64, len(actual))
	for i, v := range actual {
		dA, dC := a[i]-v, c[i]-v
		errors[i] = [4]float64{math.Abs(dA), math.Abs(dC), dA * dA, dC * dC}
		totals[i] = [4]float64{a[i], c[i], v}
	}
	return b.compare(len(actual), &means{
		losses:   errors,
		measures: []Measure{MeasureMAE, MeasureRMSE},
		finish: func(dst []float64, s [4]float64, n float64) {
			dst[0], dst[1], dst[2], dst[3] = s[0]/n, s[1]/n, math.Sqrt(s[2]/n), math.Sqrt(s[3]/n)
		},
	}, &means{
		losses:   totals,
		measures: []Measure{MeasureBias},
		finish: func(dst []float64, s [4]float64, _ float64) {
			dst[0], dst[1] = s[0]/s[2], s[1]/s[2]
		},
	})
}

// canonical sorts rows by their values, so that their order does not matter
// and the first forecast is read in order of memory.
func canonical(a, b, actual []float64) (sortedA, sortedB, sortedActual []float64) {
	same(len(a), len(actual))
	same(len(b), len(actual))
	rows := make([][3]float64, len(actual))
	for i := range rows {
		rows[i] = [3]float64{a[i], b[i], actual[i]}
	}
	slices.SortFunc(rows, func(x, y [3]float64) int {
		return cmp.Or(cmp.Compare(y[0], x[0]), cmp.Compare(y[1], x[1]), cmp.Compare(y[2], x[2]))
	})
	sortedA, sortedB, sortedActual = make([]float64, len(rows)), make([]float64, len(rows)), make([]float64, len(rows))
	for i, r := range rows {
		sortedA[i], sortedB[i], sortedActual[i] = r[0], r[1], r[2]
	}
	return sortedA, sortedB, sortedActual
}

// canonicalEvents is canonical where the actual values are events.
func canonicalEvents(a, b []float64, event []bool) (sortedA, sortedB []float64, sortedEvent []bool) {
	happened := make([]float64, len(event))
	for i, e := range event {
		if e {
			happened[i] = 1
		}
	}
	sortedA, sortedB, happened = canonical(a, b, happened)
	sortedEvent = make([]bool, len(event))
	for i, h := range happened {
		sortedEvent[i] = h == 1
	}
	return sortedA, sortedB, sortedEvent
}

// sample measures both forecasts where customer i counts weight[i] times.
type sample interface {
	names() []Measure
	// measure writes the values of A and B of each measure to dst, in turn.
	measure(dst []float64, weight []uint8)
}

// pair is two rankings.
type pair struct{ a, b *ranking }

func newPair(a, b []float64, event []bool) pair {
	return pair{newRanking(a, event), newRanking(b, event)}
}

func (p pair) names() []Measure {
	return []Measure{MeasureAUC, MeasureAveragePrecision, MeasureLift10}
}

func (p pair) measure(dst []float64, weight []uint8) {
	for k, r := range []*ranking{p.a, p.b} {
		t := r.tally(weight)
		dst[k], dst[2+k], dst[4+k] = t.auc, t.precision, r.capture(weight, t, 0.1)/0.1
	}
}

// means is what sums of losses over customers give.
type means struct {
	losses   [][4]float64 // rows of zeros or numbers
	measures []Measure
	finish   func(dst []float64, sums [4]float64, n float64)
}

func (m *means) names() []Measure { return m.measures }

func (m *means) measure(dst []float64, weight []uint8) {
	var s [4]float64
	for i := range m.losses {
		w, l := float64(weight[i]), &m.losses[i]
		s[0] += w * l[0]
		s[1] += w * l[1]
		s[2] += w * l[2]
		s[3] += w * l[3]
	}
	m.finish(dst, s, float64(len(m.losses)))
}

// batch is how many resamples share a buffer of weights.
const batch = 16

func (b Bootstrap) compare(n int, samples ...sample) []Comparison {
	resamples, level := b.Resamples, b.Level
	if resamples == 0 {
		resamples = 1000
	}
	if level == 0 {
		level = 0.95
	}
	var measures []Measure
	for _, s := range samples {
		measures = append(measures, s.names()...)
	}
	width := 2 * len(measures)
	measure := func(dst []float64, weight []uint8) {
		for _, s := range samples {
			s.measure(dst, weight)
			dst = dst[2*len(s.names()):]
		}
	}
	value := make([]float64, width)
	measure(value, slices.Repeat([]uint8{1}, n))
	drawn := make([]float64, resamples*width)
	stat.Each(b.Workers, (resamples+batch-1)/batch, func(chunk int) {
		weight := make([]uint8, n)
		for k := chunk * batch; k < min((chunk+1)*batch, resamples); k++ {
			resample(weight, b.Seed, uint64(k))
			measure(drawn[k*width:(k+1)*width], weight)
		}
	})
	interval := func(value float64, of func(row []float64) float64) Estimate {
		values := make([]float64, resamples)
		for k := range values {
			values[k] = of(drawn[k*width : (k+1)*width])
		}
		q := stat.Quantiles(values, (1-level)/2, (1+level)/2)
		return Estimate{Value: value, Low: q[0], High: q[1]}
	}
	out := make([]Comparison, len(measures))
	for m := range out {
		a, c := 2*m, 2*m+1
		out[m] = Comparison{
			Measure:    measures[m],
			A:          interval(value[a], func(row []float64) float64 { return row[a] }),
			B:          interval(value[c], func(row []float64) float64 { return row[c] }),
			Difference: interval(value[a]-value[c], func(row []float64) float64 { return row[a] - row[c] }),
		}
	}
	return out
}

// resample draws len(weight) customers with replacement and counts how often
// each came up. A byte is enough: the probability that a customer comes up 256
// times is below 1e-500. Two customers of 32 bits come from each draw, which
// favours some of them by n/2^32 at most.
func resample(weight []uint8, seed, number uint64) {
	clear(weight)
	n := uint64(len(weight))
	rng := rand.NewPCG(seed, number)
	for k := uint64(0); k < n; k += 2 {
		r := rng.Uint64()
		weight[(r&0xffffffff)*n>>32]++
		if k+1 < n {
			weight[(r>>32)*n>>32]++
		}
	}
}
