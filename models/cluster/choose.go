package cluster

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"

	"clientele/models"
	"clientele/models/stat"
)

// How many rows each step looks at where there are more. More would cost time and
// change little: the silhouette of 5,000 rows has a standard error below 0.005.
const (
	sampleRows   = 50_000 // k-means while k is open: shares and inertia
	judgedRows   = 5_000  // its ten starts, silhouettes, and mixtures while k is open
	resampleRows = 2_500  // resamples, and the BIC beside k-means
)

const (
	starts        = 10
	resamples     = 20
	resampleStill = 1e-3 // standard deviations: resamples end where no centre moves further

	fewestCustomers = 30 // with an order: fewer show nothing
	fewestIn        = 5  // customers of a cluster, whatever the smallest share
	mostTried       = 8  // clusters, where their number is open

	clearSilhouette = 0.25 // below it clusters are slices of one cloud (Kaufman & Rousseeuw 1990, table 2.4)
	stableIndex     = 0.8  // below it another sample of the same customers falls apart otherwise
	sameSilhouette  = 0.01 // so near, silhouettes are taken for equal, and the BIC decides
)

// The settings of EM: rounds at most, and the growth of the log-likelihood of a row
// that ends it; while k is open, and of the fit itself.
const (
	triedRounds, triedGrowth = 100, 1e-4
	mostRounds, leastGrowth  = 500, 1e-8
)

// figure is a number that may be unknown: NaN, in JSON null.
type figure float64

// rounded is v to seven digits: more say nothing of customers.
func rounded(v float64) figure {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return figure(v)
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-6)
	if unit < 1 { // dividing by a whole number leaves the digits short
		per := math.Round(1 / unit)
		return figure(math.Round(v*per) / per)
	}
	return figure(math.Round(v/unit) * unit)
}

// MarshalJSON implements json.Marshaler.
func (f figure) MarshalJSON() ([]byte, error) { return json.Marshal(models.Known(float64(f))) }

// UnmarshalJSON implements json.Unmarshaler.
func (f *figure) UnmarshalJSON(data []byte) error {
	var v *float64
	err := json.Unmarshal(data, &v)
	*f = figure(models.OrNaN(v))
	return err
}

// Verdict is what is wrong with a number of clusters; Sound where nothing is.
type Verdict string

// The verdicts, the gravest first.
const (
	Empty    Verdict = "empty"    // fewer different customers than clusters
	Small    Verdict = "small"    // the smallest cluster is too small
	Unstable Verdict = "unstable" // resamples fall apart otherwise
	Weak     Verdict = "weak"     // no structure: clusters are slices of one cloud
	Sound    Verdict = "sound"
)

// Candidate is a number of clusters that was tried, and how good they are.
type Candidate struct {
	K      int   `json:"k"`
	Chosen bool  `json:"chosen,omitempty"`
	Sizes  []int `json:"sizes"` // customers of the sample in each cluster, the greatest first
	// Inertia is the mean squared distance of a customer to the centre, in standard
	// deviations of the features; of mixtures, of the k-means that they start from.
	Inertia    figure `json:"inertia"`
	Silhouette figure `json:"silhouette"` // mean, in [-1,1]
	// Stability is the mean adjusted Rand index of resamples against the clusters, and
	// the least one; 1 when all fall apart alike.
	Stability        figure  `json:"stability"`
	LeastStable      figure  `json:"stability_least"`
	CalinskiHarabasz figure  `json:"calinski_harabasz"`
	DaviesBouldin    figure  `json:"davies_bouldin"`
	BIC              figure  `json:"bic"`                // of the mixture of so many components
	Singular         bool    `json:"singular,omitempty"` // of the mixture: a component without a spread of its own
	Verdict          Verdict `json:"verdict"`
}

// tried is a candidate with what the fit continues from.
type tried struct {
	Candidate
	centers []float64
	mixture *mixture // of method mixture
}

// try clusters a sample into each number of ks, and judges them.
func (m *Model) try(ctx context.Context, all points, ks []int) ([]*tried, error) {
	sample := all.take(sampleRows)
	judged := sample.take(judgedRows)
	runs, err := best(ctx, judged, ks, starts, m.Workers)
	if err != nil {
		return nil, err
	}
	list, of := make([]*tried, len(ks)), make([]labels, len(ks))
	errs := make([]error, len(ks))
	stat.Each(m.Workers, len(ks), func(job int) {
		i := len(ks) - 1 - job // the largest first: it takes longest
		list[i], of[i], errs[i] = m.fit(ctx, sample, judged, runs[i])
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	for i, s := range silhouettes(judged, of, m.Workers) {
		list[i].Silhouette = rounded(s)
	}
	return list, m.resample(ctx, judged, list)
}

// fit continues the best start on the sample, and returns it with where the rows
// that are judged belong.
func (m *Model) fit(ctx context.Context, sample, judged points, start *lloyd) (*tried, labels, error) {
	run := start
	if sample.n > judged.n {
		run = newLloyd(sample, start.centers)
		if err := run.run(ctx, 1, mostIterations, 0); err != nil {
			return nil, labels{}, err
		}
	}
	t := &tried{centers: run.centers}
	t.K, t.Inertia, t.BIC = run.k, rounded(run.inertia/float64(sample.n)), figure(math.NaN())
	codes, of := labels{t.K, run.code}, nearestLabels(judged, t.centers)
	on := judged
	if m.method() == KMeans {
		on = judged.take(resampleRows)
	}
	mix := newMixture(on, nearestLabels(on, t.centers), 1)
	// A singular likelihood is none that k-means need wait for.
	mix.stopSingular = m.method() == KMeans
	if err := mix.run(ctx, on, 1, triedRounds, triedGrowth); err != nil {
		return nil, labels{}, err
	}
	if t.Singular = mix.singular(); !t.Singular || m.method() == Mixture {
		t.BIC = rounded(mix.bic(on.n))
	}
	if m.method() == Mixture {
		t.mixture, of, codes = mix, mix.labels(judged, 1), mix.labels(sample, 1)
	}
	t.Sizes = codes.sizes()
	slices.SortFunc(t.Sizes, func(a, b int) int { return b - a })
	calinski, davies := spread(judged, of)
	t.CalinskiHarabasz, t.DaviesBouldin = rounded(calinski), rounded(davies)
	return t, of, nil
}

// Smallest is the share of the smallest cluster.
func (c *Candidate) Smallest() float64 {
	all := 0
	for _, n := range c.Sizes {
		all += n
	}
	return float64(c.Sizes[len(c.Sizes)-1]) / float64(all)
}

// nearestLabels gives each row its nearest centre.
func nearestLabels(p points, centers []float64) labels {
	l := labels{len(centers) / p.d, make([]uint8, p.n)}
	for i := range l.code {
		best, _, _ := nearest(p.row(i), centers)
		l.code[i] = uint8(best)
	}
	return l
}

// resample clusters bootstrap samples anew, and measures how alike all rows fall into
// those clusters and into the ones that are judged.
func (m *Model) resample(ctx context.Context, judged points, list []*tried) error {
	rows := judged.take(resampleRows)
	index := make([]float64, resamples*len(list))
	errs := make([]error, len(index))
	stat.Each(m.Workers, len(index), func(job int) {
		at, b := len(list)-1-job/resamples, job%resamples
		index[at*resamples+b], errs[job] = m.again(ctx, rows, list[at], uint64(b))
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	for at, t := range list {
		part := index[at*resamples : (at+1)*resamples]
		sum := 0.0
		for _, v := range part {
			sum += v
		}
		t.Stability, t.LeastStable = rounded(sum/resamples), rounded(slices.Min(part))
	}
	return nil
}

// again is the adjusted Rand index of one resample. It is clustered from seeds of its
// own and from the centres that are judged, and the better of the two counts: a bad
// start is no sign that the customers fall apart otherwise.
func (m *Model) again(ctx context.Context, rows points, t *tried, stream uint64) (float64, error) {
	random := rand.New(rand.NewPCG(1, stream))
	drawn := points{n: rows.n, d: rows.d, x: make([]float64, 0, len(rows.x))}
	for range rows.n {
		drawn.x = append(drawn.x, rows.row(random.IntN(rows.n))...)
	}
	run := newLloyd(drawn, slices.Clone(t.centers))
	if err := run.run(ctx, 1, mostIterations, resampleStill); err != nil {
		return 0, err
	}
	fresh, err := started(ctx, drawn, t.K, 1<<32+stream, resampleStill)
	if err != nil {
		return 0, err
	}
	if fresh.inertia < run.inertia {
		run = fresh
	}
	if m.method() != Mixture {
		return randIndex(nearestLabels(rows, t.centers), nearestLabels(rows, run.centers)), nil
	}
	mix := newMixture(drawn, labels{t.K, run.code}, 1)
	if err := mix.run(ctx, drawn, 1, triedRounds, triedGrowth); err != nil {
		return 0, err
	}
	return randIndex(t.mixture.labels(rows, 1), mix.labels(rows, 1)), nil
}

// judge says what is wrong with each candidate. rows are the customers of the fit, and
// single the BIC of one component, which is no cluster at all.
func (m *Model) judge(list []*tried, rows int, single float64) {
	for _, t := range list {
		least := t.Smallest()
		switch {
		case least == 0:
			t.Verdict = Empty
		case least < m.MinShare || least*float64(rows) < fewestIn:
			t.Verdict = Small
		case !(t.Stability >= stableIndex):
			t.Verdict = Unstable
		case m.method() == Mixture && !(float64(t.BIC) < single), m.method() == KMeans && !(t.Silhouette >= clearSilhouette):
			t.Verdict = Weak
		default:
			t.Verdict = Sound
		}
	}
}

// choose returns the best of the sound candidates; nil where none is. k-means: that
// with the greatest silhouette, or among those as good as equal to it that with the
// least BIC. Mixtures: that with the least BIC among those whose likelihood is not
// made by the floor of the variances; where there is none, by silhouette.
func (m *Model) choose(list []*tried) *tried {
	sound := slices.DeleteFunc(slices.Clone(list), func(t *tried) bool { return t.Verdict != Sound })
	clearest := -1.0
	for _, t := range sound {
		clearest = max(clearest, float64(t.Silhouette))
	}
	var chosen *tried
	for _, t := range sound {
		if m.method() == Mixture && !t.Singular && (chosen == nil || t.BIC < chosen.BIC) {
			chosen = t
		}
	}
	if chosen != nil {
		return chosen
	}
	for _, t := range sound {
		switch {
		case float64(t.Silhouette) < clearest-sameSilhouette:
		case chosen == nil, t.BIC < chosen.BIC, math.IsNaN(float64(chosen.BIC)) && t.Silhouette > chosen.Silhouette:
			chosen = t
		}
	}
	return chosen
}
