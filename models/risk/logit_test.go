package risk

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"clientele/models"
)

// simulated rows: three columns of different units, two of them related, and
// events of known coefficients.
func simulated(n int, seed uint64, beta []float64) *Sample {
	r := rand.New(rand.NewPCG(seed, 7))
	s := &Sample{Columns: [][]float64{make([]float64, n), make([]float64, n), make([]float64, n)}, Events: make([]float64, n)}
	for i := range n {
		a, b := r.NormFloat64(), r.NormFloat64()
		x := []float64{a, 100 * (0.6*a + 0.8*b), indicator(r.Float64() < 0.3)}
		eta := beta[0]
		for j := range x {
			s.Columns[j][i] = x[j]
			eta += beta[j+1] * x[j]
		}
		s.Events[i] = indicator(r.Float64() < Probability(eta))
	}
	return s
}

// The maximum-likelihood figures of statistics.md, section 1 (d), to the digits printed there.
func TestLogitOfTelco(t *testing.T) {
	names, columns, churned := telco(t)
	s := &Sample{Events: churned}
	for _, name := range []string{"tenure", "MonthlyCharges", "Month-to-month", "InternetService=Fiber optic",
		"PaymentMethod=Electronic check", "SeniorCitizen"} {
		s.Columns = append(s.Columns, columns[slices.Index(names, name)])
	}
	l, err := FitLogit(t.Context(), s, LogitSettings{})
	if err != nil {
		t.Fatal(err)
	}
	if l.Status != models.Converged || len(l.Warnings) > 0 || l.Rows != 7043 {
		t.Errorf("status %s, warnings %v, rows %d", l.Status, l.Warnings, l.Rows)
	}
	want := []float64{-2.43276058, -0.03544519, 0.01446406, 1.06065740, 0.67312042, 0.52077226, 0.38221779}
	errs := []float64{.14053084, .00206383, .00229026, .09783757, .11851441, .06749857, .08204885}
	for k, got := range append([]float64{l.Intercept}, l.Coefficients...) {
		near(t, "coefficient", got, want[k], 5.1e-9)
		near(t, "standard error", l.StandardErrors[k], errs[k], 5.1e-9)
	}
	near(t, "log-likelihood", l.LogLikelihood, -3023.255150, 5.1e-7)
	near(t, "null log-likelihood", l.NullLogLikelihood, -4075.072950, 5.1e-7)
	p := make([]float64, len(churned))
	l.MarginTo(p, s.Columns)
	for i := range p {
		p[i] = Probability(p[i])
	}
	near(t, "AUC", auc(p, churned), 0.834252, 5.1e-7)
	near(t, "Brier", brier(p, churned), 0.139842, 5.1e-7)
	near(t, "mean p", sum(p), sum(churned), 1e-8)
}

// penalised is the objective in plain words.
func penalised(s *Sample, ridge float64, theta []float64) float64 {
	var v float64
	for i, y := range s.Events {
		eta := theta[0] + s.offset(i)
		for j, c := range s.Columns {
			eta += theta[j+1] * c[i]
		}
		p := 1 / (1 + math.Exp(-eta))
		v += s.weight(i) * (y*math.Log(p) + (1-y)*math.Log(1-p))
	}
	for _, b := range theta[1:] {
		v -= ridge / 2 * b * b
	}
	return v
}

// At the maximum no coordinate can gain, and the curvature there, by
// differences, gives the standard errors.
func TestLogitIsAMaximum(t *testing.T) {
	for _, ridge := range []float64{0, 3} {
		s := simulated(3000, 1, []float64{-0.5, 0.8, -0.01, 1})
		s.Weights, s.Offset = make([]float64, 3000), make([]float64, 3000)
		for i := range s.Weights {
			s.Weights[i], s.Offset[i] = float64(i%4), 0.2*float64(i%3)
		}
		l, err := FitLogit(t.Context(), s, LogitSettings{Ridge: ridge})
		if err != nil {
			t.Fatal(err)
		}
		theta := append([]float64{l.Intercept}, l.Coefficients...)
		top := penalised(s, ridge, theta)
		near(t, "log-likelihood", l.LogLikelihood, penalised(s, 0, theta), 1e-8)
		for k := range theta {
			h := l.StandardErrors[k] / 100
			move := func(d float64) float64 {
				other := slices.Clone(theta)
				other[k] += d
				return penalised(s, ridge, other)
			}
			if slope := (move(h) - move(-h)) / (2 * h) * l.StandardErrors[k]; math.Abs(slope) > 1e-6 {
				t.Errorf("ridge %g: coordinate %d still climbs by %g a standard error", ridge, k, slope)
			}
			if move(h) >= top || move(-h) >= top {
				t.Errorf("ridge %g: coordinate %d gains", ridge, k)
			}
		}
	}
}

// True coefficients lie within 1.96 standard errors in about 95 of 100 samples:
// 600 intervals (20,000 with -long), whose rate has a standard error of 0.9 % (0.15 %).
func TestLogitIntervalsCover(t *testing.T) {
	beta := []float64{-0.5, 0.8, -0.01, 1}
	inside, all, samples, off := 0, 0, 150, 0.025
	if *long {
		samples, off = 5000, 0.006
	}
	for seed := range uint64(samples) {
		l, err := FitLogit(t.Context(), simulated(800, seed, beta), LogitSettings{})
		if err != nil {
			t.Fatal(err)
		}
		for k, b := range append([]float64{l.Intercept}, l.Coefficients...) {
			all++
			if math.Abs(b-beta[k]) < 1.96*l.StandardErrors[k] {
				inside++
			}
		}
	}
	if rate := float64(inside) / float64(all); math.Abs(rate-0.95) > off {
		t.Errorf("%d of %d intervals hold the truth", inside, all)
	}
}

func TestLogitWeightsOrderUnitsAndWorkers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(200, 3000).Draw(t, "n")
		s := simulated(n, rapid.Uint64().Draw(t, "seed"), []float64{0.3, 0.5, 0.005, -0.7})
		ridge := rapid.SampledFrom([]float64{0, 1}).Draw(t, "ridge")
		fit := func(s *Sample, workers int) *Logit {
			l, err := FitLogit(t.Context(), s, LogitSettings{Ridge: ridge, Workers: workers})
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		one := fit(s, 1)
		if several := fit(s, 3); several.Intercept != one.Intercept || !slices.Equal(several.Coefficients, one.Coefficients) {
			t.Errorf("another number of workers gives %v, not %v", several.Coefficients, one.Coefficients)
		}
		// Every row twice is every row with weight two, in any order.
		twice, heavy := &Sample{}, &Sample{Columns: s.Columns, Events: s.Events, Weights: slices.Repeat([]float64{2}, n)}
		for _, c := range s.Columns {
			both := append(slices.Clone(c), c...)
			slices.Reverse(both)
			twice.Columns = append(twice.Columns, both)
		}
		twice.Events = append(slices.Clone(s.Events), s.Events...)
		slices.Reverse(twice.Events)
		a, b := fit(twice, 0), fit(heavy, 0)
		for j := range a.Coefficients {
			if math.Abs(a.Coefficients[j]-b.Coefficients[j]) > 1e-9*(1+math.Abs(b.Coefficients[j])) {
				t.Errorf("weight two is not two rows: %v, %v", a.Coefficients, b.Coefficients)
			}
		}
		if ridge > 0 {
			return
		}
		// A column in other units has a coefficient in inverse units.
		scaled := &Sample{Columns: slices.Clone(s.Columns), Events: s.Events}
		scaled.Columns[1] = make([]float64, n)
		for i, v := range s.Columns[1] {
			scaled.Columns[1][i] = v*1e6 + 5e7
		}
		if c := fit(scaled, 0); math.Abs(c.Coefficients[1]*1e6-one.Coefficients[1]) > 1e-6*math.Abs(one.Coefficients[1])+1e-9 {
			t.Errorf("in other units: %v, %v", c.Coefficients[1]*1e6, one.Coefficients[1])
		}
	})
}

// sandwich is the covariance by cluster in plain words: the negative Hessian with the
// ridge, inverted; the clusters' scores one by one; and the product written out.
func sandwich(s *Sample, ridge float64, theta []float64) *mat.Dense {
	m := len(theta)
	hessian := mat.NewDense(m, m, nil)
	scores := map[int64][]float64{}
	for i, y := range s.Events {
		x, eta := []float64{1}, theta[0]+s.offset(i)
		for j, c := range s.Columns {
			x = append(x, c[i])
			eta += theta[j+1] * c[i]
		}
		p := 1 / (1 + math.Exp(-eta))
		if scores[s.Cluster[i]] == nil {
			scores[s.Cluster[i]] = make([]float64, m)
		}
		for j := range m {
			scores[s.Cluster[i]][j] += s.weight(i) * (y - p) * x[j]
			for l := range m {
				hessian.Set(j, l, hessian.At(j, l)+s.weight(i)*p*(1-p)*x[j]*x[l])
			}
		}
	}
	for j := 1; j < m; j++ {
		hessian.Set(j, j, hessian.At(j, j)+ridge)
	}
	middle := mat.NewDense(m, m, nil)
	for _, score := range scores {
		for j := range m {
			for l := range m {
				middle.Set(j, l, middle.At(j, l)+score[j]*score[l])
			}
		}
	}
	var inverse, out mat.Dense
	if err := inverse.Inverse(hessian); err != nil {
		panic(err)
	}
	out.Mul(&inverse, middle)
	out.Mul(&out, &inverse)
	out.Scale(float64(len(scores))/float64(len(scores)-1), &out)
	return &out
}

// Standard errors by cluster are those of the formula written out, whatever the order
// of the rows and the number of workers; the estimates do not change.
func TestLogitErrorsByCluster(t *testing.T) {
	for _, ridge := range []float64{0, 3} {
		const n = 9000
		s := simulated(n, 5, []float64{-0.5, 0.8, -0.01, 1})
		s.Weights, s.Offset = make([]float64, n), make([]float64, n)
		for i := range s.Weights {
			s.Weights[i], s.Offset[i] = float64(1+i%3), 0.1*float64(i%4)
		}
		naive, err := FitLogit(t.Context(), s, LogitSettings{Ridge: ridge})
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(8, 8))
		for range n {
			s.Cluster = append(s.Cluster, int64(r.Uint64N(2900))*(1<<40)-1<<50)
		}
		one, err := FitLogit(t.Context(), s, LogitSettings{Ridge: ridge, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		three, err := FitLogit(t.Context(), s, LogitSettings{Ridge: ridge, Workers: 3})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(one.StandardErrors, three.StandardErrors) || !slices.Equal(one.Coefficients, naive.Coefficients) || naive.Clusters != 0 {
			t.Errorf("ridge %g: %v, with three workers %v", ridge, one, three)
		}
		theta := append([]float64{one.Intercept}, one.Coefficients...)
		want := sandwich(s, ridge, theta)
		for k, got := range one.StandardErrors {
			near(t, "standard error", got/math.Sqrt(want.At(k, k)), 1, 1e-9)
		}
		known := map[int64]bool{}
		for _, c := range s.Cluster {
			known[c] = true
		}
		if one.Clusters != len(known) {
			t.Errorf("%d clusters of %d", one.Clusters, len(known))
		}
	}
}

// Every row four times under one number is one row: errors by cluster do not fall,
// where the naive ones are halved.
func TestLogitErrorsOfCopies(t *testing.T) {
	s := simulated(2000, 6, []float64{-0.5, 0.8, -0.01, 1})
	for i := range s.Events {
		s.Cluster = append(s.Cluster, int64(i))
	}
	copies := &Sample{Events: slices.Repeat(s.Events, 4), Cluster: slices.Repeat(s.Cluster, 4)}
	for _, c := range s.Columns {
		copies.Columns = append(copies.Columns, slices.Repeat(c, 4))
	}
	fit := func(s *Sample) []float64 {
		l, err := FitLogit(t.Context(), s, LogitSettings{})
		if err != nil {
			t.Fatal(err)
		}
		return l.StandardErrors
	}
	once, four := fit(s), fit(copies)
	copies.Cluster = nil
	naive := fit(copies)
	for k := range once {
		near(t, "error of copies", four[k]/once[k], 1, 1e-6)
		near(t, "naive error of copies", naive[k]/once[k], 0.5, 0.05)
	}
	// No more clusters than coefficients determine no errors.
	for i := range s.Cluster {
		s.Cluster[i] = int64(i % 4)
	}
	if errs := fit(s); errs != nil {
		t.Errorf("errors %v of 4 clusters", errs)
	}
}

// Rows of one customer that share what no column says: intervals by cluster hold the
// truth 95 times of 100, naive ones far less often.
func TestLogitErrorsByClusterCover(t *testing.T) {
	const people, each = 400, 4
	inside, naive, samples := 0, 0, 150
	if *long {
		samples = 3000
	}
	for seed := range uint64(samples) {
		r := rand.New(rand.NewPCG(seed, 30))
		s := &Sample{Columns: [][]float64{nil}}
		for person := range people {
			x := r.NormFloat64()
			// The same uniform number for all rows: outcomes are alike, margins exact.
			u := r.Float64()
			for range each {
				s.Columns[0] = append(s.Columns[0], x)
				s.Events = append(s.Events, indicator(u < Probability(0.3+0.7*x)))
				s.Cluster = append(s.Cluster, int64(person))
			}
		}
		l, err := FitLogit(t.Context(), s, LogitSettings{})
		if err != nil {
			t.Fatal(err)
		}
		off := math.Abs(l.Coefficients[0] - 0.7)
		inside += int(indicator(off < 1.96*l.StandardErrors[1]))
		s.Cluster = nil
		if l, err = FitLogit(t.Context(), s, LogitSettings{}); err != nil {
			t.Fatal(err)
		}
		naive += int(indicator(off < 1.96*l.StandardErrors[1]))
	}
	share, share0 := float64(inside)/float64(samples), float64(naive)/float64(samples)
	if math.Abs(share-0.95) > 0.055 || share0 > 0.8 {
		t.Errorf("by cluster %.3f of the intervals hold the truth, naively %.3f", share, share0)
	}
}

// A known part of the log odds that equals a column's share leaves nothing for the column.
func TestLogitOffset(t *testing.T) {
	s := simulated(5000, 3, []float64{-0.5, 0.8, -0.01, 1})
	full, err := FitLogit(t.Context(), s, LogitSettings{})
	if err != nil {
		t.Fatal(err)
	}
	s.Offset = make([]float64, 5000)
	for i, v := range s.Columns[0] {
		s.Offset[i] = full.Coefficients[0] * v
	}
	rest, err := FitLogit(t.Context(), s, LogitSettings{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "coefficient beside its offset", rest.Coefficients[0], 0, 1e-9)
	near(t, "intercept", rest.Intercept, full.Intercept, 1e-9)
	near(t, "log-likelihood", rest.LogLikelihood, full.LogLikelihood, 1e-8)
}

func TestLogitSeparation(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6, 7, 8}
	noise := []float64{0.3, -1, 0.7, 0.2, -0.4, 0.9, -0.2, 0.1}
	for _, c := range []struct {
		name   string
		events []float64
		extra  []float64
	}{
		{"complete", []float64{0, 0, 0, 0, 1, 1, 1, 1}, noise},
		{"quasi-complete: equal x with both outcomes", []float64{0, 0, 0, 0, 1, 1, 1, 1}, []float64{0, 0, 0, 0, 0, 0, 0, 0}},
		{"a label with one outcome", []float64{0, 1, 0, 1, 1, 0, 1, 1}, []float64{0, 0, 0, 0, 0, 0, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &Sample{Columns: [][]float64{x, c.extra}, Events: c.events}
			if c.name[0] == 'q' {
				s.Columns = [][]float64{{1, 2, 3, 4.5, 4.5, 6, 7, 8}}
			}
			l, err := FitLogit(t.Context(), s, LogitSettings{Names: []string{"x", "extra"}})
			if err != nil {
				t.Fatal(err)
			}
			if l.Status != models.Boundary || l.StandardErrors != nil || len(l.Warnings) == 0 || l.Warnings[0].Code != "separation" || l.Warnings[0].Zh == "" {
				t.Errorf("%+v", l)
			}
			// A ridge gives finite coefficients, which do not depend on the number of iterations.
			ridged, err := FitLogit(t.Context(), s, LogitSettings{Ridge: 0.5})
			if err != nil || ridged.Status != models.Converged || ridged.StandardErrors == nil {
				t.Errorf("with a ridge: %v, %+v", err, ridged)
			}
			for _, b := range ridged.Coefficients {
				if math.Abs(b) > 20 {
					t.Errorf("with a ridge: %v", ridged.Coefficients)
				}
			}
		})
	}
	// Data that nothing separates are not said to be, however small.
	s := &Sample{Columns: [][]float64{x}, Events: []float64{0, 0, 1, 0, 1, 0, 1, 1}}
	if l, err := FitLogit(t.Context(), s, LogitSettings{}); err != nil || l.Status != models.Converged || len(l.Warnings) > 0 {
		t.Errorf("%v, %+v", err, l)
	}
	// With a ridge, a column that knows the answer is still named as such.
	s.Events = []float64{0, 0, 0, 0, 1, 1, 1, 1}
	if l, err := FitLogit(t.Context(), s, LogitSettings{Ridge: 1}); err != nil || len(l.Warnings) != 1 || l.Warnings[0].Code != "perfect_separation" {
		t.Errorf("%v, %+v", err, l)
	}
}

// Whatever the data, separation is claimed exactly where a slow search finds a
// direction: one column, where it can be seen by sorting.
func TestLogitSeparationOfOneColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(4, 25).Draw(t, "n")
		s := &Sample{Columns: [][]float64{make([]float64, n)}, Events: make([]float64, n)}
		lows, highs := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
		for i := range n {
			y := rapid.IntRange(0, 1).Draw(t, "y")
			x := float64(rapid.IntRange(0, 6).Draw(t, "x"))
			s.Columns[0][i], s.Events[i] = x, float64(y)
			lows[y], highs[y] = min(lows[y], x), max(highs[y], x)
		}
		l, err := FitLogit(t.Context(), s, LogitSettings{})
		if slices.Max(s.Columns[0]) == slices.Min(s.Columns[0]) || sum(s.Events) == 0 || sum(s.Events) == float64(n) {
			if err == nil {
				t.Fatalf("fitted %+v", l)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		separate := highs[0] <= lows[1] || highs[1] <= lows[0]
		if (l.Status == models.Boundary) != separate {
			t.Errorf("x %v, y %v: status %s after %d iterations", s.Columns[0], s.Events, l.Status, l.Iterations)
		}
	})
}

func TestLogitRefuses(t *testing.T) {
	x := []float64{1, 2, 3, 4}
	y := []float64{0, 1, 0, 1}
	for _, c := range []struct {
		name string
		s    *Sample
		want error
	}{
		{"no rows", &Sample{Columns: [][]float64{{}}}, ErrOneOutcome},
		{"one outcome", &Sample{Columns: [][]float64{x}, Events: []float64{1, 1, 1, 1}}, ErrOneOutcome},
		{"one outcome with weight", &Sample{Columns: [][]float64{x}, Events: y, Weights: []float64{0, 1, 0, 1}}, ErrOneOutcome},
		{"a constant", &Sample{Columns: [][]float64{{5, 5, 5, 5}}, Events: y}, ErrCollinear},
		{"the same column twice", &Sample{Columns: [][]float64{x, x}, Events: []float64{0, 1, 1, 0}}, ErrCollinear},
		{"a missing value", &Sample{Columns: [][]float64{{1, math.NaN(), 3, 4}}, Events: y}, nil},
		{"half an event", &Sample{Columns: [][]float64{x}, Events: []float64{0, 1, 0.5, 1}}, nil},
		{"a negative weight", &Sample{Columns: [][]float64{x}, Events: y, Weights: []float64{1, -1, 1, 1}}, nil},
	} {
		if l, err := FitLogit(t.Context(), c.s, LogitSettings{}); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %+v", c.name, err, l)
		}
	}
	// A ridge determines what collinear columns share.
	l, err := FitLogit(t.Context(), &Sample{Columns: [][]float64{x, x}, Events: y}, LogitSettings{Ridge: 1})
	if err != nil || math.Abs(l.Coefficients[0]-l.Coefficients[1]) > 1e-9 {
		t.Errorf("%v, %+v", err, l)
	}
}

func TestShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 60).Draw(t, "n")
		margin, events, weights := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			margin[i] = rapid.Float64Range(-40, 40).Draw(t, "margin")
			events[i], weights[i] = float64((i+1)%2), rapid.Float64Range(0.1, 3).Draw(t, "weight")
		}
		shift, err := Shift(margin, events, weights, 0)
		if err != nil {
			t.Fatal(err)
		}
		var expected, came, total float64
		for i := range n {
			expected += weights[i] * Probability(margin[i]+shift)
			came += weights[i] * events[i]
			total += weights[i]
		}
		if math.Abs(expected-came) > 1e-9*total {
			t.Errorf("%v events expected, %v came", expected, came)
		}
	})
	if _, err := Shift([]float64{1, 2}, []float64{1, 1}, nil, 0); !errors.Is(err, ErrOneOutcome) {
		t.Error(err)
	}
}

// 200,000 rows of 25 columns.
func BenchmarkFitLogit(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	s := &Sample{Columns: make([][]float64, 25), Events: make([]float64, 200_000)}
	for j := range s.Columns {
		s.Columns[j] = make([]float64, len(s.Events))
	}
	for i := range s.Events {
		eta := 0.0
		for j := range s.Columns {
			s.Columns[j][i] = r.NormFloat64()
			eta += 0.1 * s.Columns[j][i]
		}
		s.Events[i] = indicator(r.Float64() < Probability(eta))
	}
	b.ResetTimer()
	for b.Loop() {
		if _, err := FitLogit(b.Context(), s, LogitSettings{Ridge: 1, Workers: 1}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(s.Events))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
