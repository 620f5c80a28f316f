package gammagamma

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/modelstest"
	"clientele/models/modelstest/shopdata"
	"clientele/models/stat"
)

func customers(x []int64, spend []float64) *table.Table {
	return table.New(
		&table.Column{Field: table.Field{Name: "x", Kind: table.Int}, Ints: x},
		&table.Column{Field: table.Field{Name: "repeat_spend", Kind: table.Float}, Floats: spend},
	)
}

// shared reads a public data set: repeat purchase days to the calibration's
// end and the money spent on them, by customer.
func shared(t testing.TB, name, end string) *table.Table {
	t.Helper()
	days := map[string]map[int]float64{}
	var order []string
	for _, o := range shopdata.Purchases(t, name) {
		if o.Day > shopdata.Day(t, end) {
			continue
		}
		if days[o.Customer] == nil {
			days[o.Customer] = map[int]float64{}
			order = append(order, o.Customer)
		}
		days[o.Customer][o.Day] += o.Amount
	}
	var x []int64
	var spend []float64
	for _, c := range order {
		first := math.MaxInt
		for d := range days[c] {
			first = min(first, d)
		}
		var cents int64
		for d, v := range days[c] {
			if d != first {
				cents += int64(math.Round(v * 100))
			}
		}
		x, spend = append(x, int64(len(days[c])-1)), append(spend, float64(cents)/100)
	}
	return customers(x, spend)
}

func mustFit(t testing.TB, m *Model, in *table.Table) *Fitted {
	t.Helper()
	f, err := m.Fit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return f.(*Fitted)
}

func scores(t testing.TB, f *Fitted, in *table.Table) []float64 {
	t.Helper()
	dst := (&Model{}).Spec().Make(in.Rows())
	if err := f.Score(t.Context(), dst, in); err != nil {
		t.Fatal(err)
	}
	return dst.Floats("expected_spend")
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s: %.10g, want %.10g", what, got, want)
	}
}

func codes(r models.Report) string {
	var all []string
	for _, w := range r.Warnings {
		all = append(all, w.Code)
	}
	return strings.Join(all, " ")
}

// The table of reference/clv.md: log-likelihood at the printed parameters and
// after a fit of one's own, and the mean spend.
func TestPublished(t *testing.T) {
	for _, c := range []struct {
		set, end string
		n        int
		p        Params
		ll, mean float64
		codes    string
	}{
		{"cdnow_sample.csv", "1997-09-30", 946, Params{6.249576, 3.744224, 15.443509}, -4055.91769, 35.17037, ""},
		{"cdnow.csv", "1997-09-30", 9450, Params{6.275360, 3.624450, 14.983684}, -40763.47626, 35.82770, ""},
		{"online_retail.csv", "2011-06-30", 1556, Params{2.852185, 3.197788, 321.154767}, -10666.67607, 416.77936, ""},
	} {
		t.Run(c.set, func(t *testing.T) {
			in := shared(t, c.set, c.end)
			var x, m []float64
			for i, v := range in.Floats("repeat_spend") {
				if v > 0 {
					x = append(x, float64(in.Ints("x")[i]))
					m = append(m, v/x[len(x)-1])
				}
			}
			if ll := LogLikelihood(c.p, x, m); math.Abs(ll-c.ll) > 1e-4 {
				t.Errorf("log-likelihood %.6f, want %.5f", ll, c.ll)
			}
			near(t, "mean spend", c.p.MeanSpend(), c.mean, 1e-6)
			f := mustFit(t, &Model{}, in)
			r := f.Report()
			if r.Status != models.Converged || r.Rows != c.n || codes(r) != c.codes {
				t.Fatalf("%+v", r)
			}
			if math.Abs(r.LogLikelihood-c.ll) > 1e-4 {
				t.Errorf("log-likelihood of the fit %.6f, want %.5f", r.LogLikelihood, c.ll)
			}
			near(t, "p", r.Parameters[0].Value, c.p.P, 1e-4)
			near(t, "q", r.Parameters[1].Value, c.p.Q, 1e-4)
			near(t, "v", r.Parameters[2].Value, c.p.V, 1e-4)
			near(t, "mean spend of the fit", f.MeanSpend(), c.mean, 1e-5)
		})
	}
}

// E[M] of reference/clv.md at the sample's parameters. Customer 1 spent 22.345
// on average (cdnow_sample_summary.csv), the others' sums are theirs in the data.
func TestSpotValues(t *testing.T) {
	in := shared(t, "cdnow_sample.csv", "1997-09-30")
	// Rows are in the order of sample_id, which are the ids of the reference.
	p := Params{6.249576, 3.744224, 15.443509}
	for id, want := range map[int]float64{1: 24.653917, 2: 18.910015, 6: 71.464707, 19: 26.365433, 1516: 39.890287} {
		x := float64(in.Ints("x")[id-1])
		dst := []float64{0}
		ConditionalSpendTo(dst, p, []float64{x}, []float64{in.Floats("repeat_spend")[id-1] / x})
		if math.Abs(dst[0]-want) > 1e-6*want {
			t.Errorf("customer %d: %.7f, want %.6f", id, dst[0], want)
		}
	}
}

func simulate(p Params, n int, seed uint64) *table.Table {
	rng := rand.New(rand.NewPCG(seed, 8))
	nu := distuv.Gamma{Alpha: p.Q, Beta: p.V, Src: rng}
	x, spend := make([]int64, n), make([]float64, n)
	for i := range x {
		if x[i] = int64(rng.ExpFloat64() * 2); x[i] > 0 {
			// A sum of x Gamma(p, ν) is Gamma(px, ν).
			spend[i] = distuv.Gamma{Alpha: p.P * float64(x[i]), Beta: nu.Rand(), Src: rng}.Rand()
		}
	}
	return customers(x, spend)
}

func TestFitRecoversTruth(t *testing.T) {
	for _, p := range []Params{{6.25, 3.74, 15.4}, {1.3, 6, 900}, {20, 2.2, 0.001}} {
		f := mustFit(t, &Model{}, simulate(p, 20_000, 3))
		r := f.Report()
		if r.Status != models.Converged || codes(r) != "" {
			t.Fatalf("%+v", r)
		}
		for i, want := range []float64{p.P, p.Q, p.V} {
			if d := math.Abs(r.Parameters[i].Value - want); d > 4*f.StandardErrors()[i].Value {
				t.Errorf("%v: %s %v, want %v, standard error %v", p, r.Parameters[i].Name, r.Parameters[i].Value, want, f.StandardErrors()[i].Value)
			}
		}
	}
}

// Starts tried on a part of many customers end at the maximum of all; the part is of all
// numbers of purchases; and the correlation by units is that of the customers.
func TestManyCustomers(t *testing.T) {
	s := newSpends(newReader(simulate(Params{6, 4, 15}, 90_000, 7), false), 2)
	part := s.thin(partSize, 2)
	if len(part.total) != partSize || part == s {
		t.Fatalf("a part of %d of %d customers", len(part.total), len(s.total))
	}
	at := 0
	for _, u := range part.units {
		if u.from != at || u.to < u.from || u.to-u.from > unitSize {
			t.Fatalf("a unit from %d to %d after %d", u.from, u.to, at)
		}
		at = u.to
	}
	if ratio := part.purchases / partSize / (s.purchases / float64(len(s.total))); at != partSize || math.Abs(ratio-1) > 0.01 {
		t.Errorf("units end at %d; the part buys %v times as often", at, ratio)
	}
	best, err := fit(t.Context(), s, 2)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := stat.Maximise(t.Context(), func(theta, gradient []float64) float64 {
		p := fromLogs(theta)
		v := s.logLikelihood(p, gradient, nil, 2)
		stat.ByLogs(gradient, nil, []float64{p.P, p.Q, p.V})
		return v
	}, stat.Search{Lower: []float64{-9, -9, -9}, Upper: []float64{9, 9, 9}, Starts: [][]float64{{1, 1, 3}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range plain.At {
		if math.Abs(best.At[i]-v) > 1e-5 {
			t.Errorf("log of parameter %d: %v, without a part %v", i, best.At[i], v)
		}
	}
	var x, m []float64
	for _, u := range s.units {
		for _, total := range s.total[u.from:u.to] {
			x, m = append(x, math.Log(u.x)), append(m, math.Log(total/u.x))
		}
	}
	near(t, "correlation", s.correlation(), stat.Correlation(x, m), 1e-9)
}

// The grouped likelihood is the formula's, its derivatives those of differences.
func TestGroupedLikelihood(t *testing.T) {
	in := simulate(Params{6, 4, 15}, 3000, 1)
	s := newSpends(newReader(in, false), 1)
	x, m := make([]float64, len(s.total)), make([]float64, len(s.total))
	for _, u := range s.units {
		for i := u.from; i < u.to; i++ {
			x[i], m[i] = u.x, s.total[i]/u.x
		}
	}
	for _, p := range []Params{{6, 4, 15}, {0.2, 0.7, 300}, {90, 30, 0.5}} {
		gradient, hessian := make([]float64, 3), make([]float64, 9)
		value := s.logLikelihood(p, gradient, hessian, 1)
		near(t, "log-likelihood", value, LogLikelihood(p, x, m), 1e-12)
		for i := range gradient {
			f := func(d float64) float64 {
				q := [3]float64{p.P, p.Q, p.V}
				q[i] *= 1 + d
				return LogLikelihood(Params{q[0], q[1], q[2]}, x, m)
			}
			const d = 1e-3
			slope := (8*(f(d)-f(-d)) - (f(2*d) - f(-2*d))) / (12 * d * [3]float64{p.P, p.Q, p.V}[i])
			if math.Abs(slope-gradient[i]) > 1e-7*math.Abs(slope)+1e-9*math.Abs(value) {
				t.Errorf("%+v: derivative %d is %v, by differences %v", p, i, gradient[i], slope)
			}
		}
		g, h := make([]float64, 3), make([]float64, 9)
		if v := s.logLikelihood(p, g, h, 5); v != value || !slices.Equal(g, gradient) || !slices.Equal(h, hessian) {
			t.Error("five workers add up to something else")
		}
		err := modelstest.SecondDerivatives(func(p, gradient, hessian []float64) float64 {
			return s.logLikelihood(Params{p[0], p[1], p[2]}, gradient, hessian, 1)
		}, []float64{p.P, p.Q, p.V}, 1e-6, 3000)
		if err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

// The density of the mean integrates to one.
func TestDensity(t *testing.T) {
	for _, p := range []Params{{6.25, 3.74, 15.4}, {1.5, 2, 4}} {
		var sum float64
		const n, low, high = 20_000, -12.0, 14.0 // of ln m
		for k := range n + 1 {
			l := low + (high-low)*float64(k)/n
			sum += math.Exp(LogLikelihood(p, []float64{3}, []float64{math.Exp(l)})+l) * (high - low) / n
		}
		near(t, "total probability", sum, 1, 1e-6)
	}
}

func TestShrinkage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Params{rapid.Float64Range(.1, 50).Draw(t, "p"), rapid.Float64Range(1.01, 50).Draw(t, "q"), rapid.Float64Range(.01, 1e4).Draw(t, "v")}
		x, m := float64(rapid.IntRange(1, 5000).Draw(t, "x")), rapid.Float64Range(.01, 1e5).Draw(t, "m")
		dst := make([]float64, 2)
		ConditionalSpendTo(dst, p, []float64{x, 0}, []float64{m, 0})
		low, high := min(m, p.MeanSpend()), max(m, p.MeanSpend())
		if dst[0] < low*(1-1e-12) || dst[0] > high*(1+1e-12) {
			t.Fatalf("%v is not between the own mean %v and all's %v", dst[0], m, p.MeanSpend())
		}
		if math.Abs(dst[1]-p.MeanSpend()) > 1e-12*dst[1] {
			t.Fatalf("without purchases %v, all's mean %v", dst[1], p.MeanSpend())
		}
	})
}

func TestGates(t *testing.T) {
	heavy := simulate(Params{5, 0.6, 10}, 20_000, 1) // q below 1: no mean
	constant := customers(make([]int64, 500), make([]float64, 500))
	for i := range 500 {
		constant.Ints("x")[i] = int64(1 + i%4)
		constant.Floats("repeat_spend")[i] = 20 * float64(1+i%4)
	}
	missing := customers([]int64{3, 1}, []float64{math.NaN(), math.NaN()})
	for _, c := range []struct {
		name   string
		in     *table.Table
		status models.Status
		method string
		codes  string
	}{
		{"nobody", customers(nil, nil), models.Skipped, MethodNone, "no_repeat_spend"},
		{"no money", missing, models.Skipped, MethodNone, "no_repeat_spend"},
		{"all free", customers([]int64{3, 1}, []float64{0, 0}), models.Skipped, MethodNone, "no_repeat_spend"},
		{"few", simulate(Params{6, 4, 15}, 50, 1), models.Fallback, MethodShrunkMean, "few_repeaters shrunk_mean"},
		{"infinite mean", heavy, models.Fallback, MethodShrunkMean, "infinite_mean shrunk_mean"},
		{"everybody spends the same", constant, models.Fallback, MethodShrunkMean, "not_identified shrunk_mean"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := mustFit(t, &Model{}, c.in)
			r := f.Report()
			if r.Status != c.status || r.Method != c.method || codes(r) != c.codes || len(r.Parameters) > 0 || !math.IsNaN(r.LogLikelihood) {
				t.Fatalf("%+v", r)
			}
			for i, v := range scores(t, f, c.in) {
				if math.IsInf(v, 0) || v < 0 || math.IsNaN(v) != (c.method == MethodNone) {
					t.Fatalf("row %d: %v", i, v)
				}
			}
			data, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := (&Model{}).Load(data); err != nil {
				t.Error(err)
			}
		})
	}
	// By hand: means of 20 and 10, the median 15; the own 60 on 3 days and one such.
	in := customers([]int64{3, 1, 0}, []float64{60, 10, 0})
	got := scores(t, mustFit(t, &Model{}, in), in)
	for i, want := range []float64{(60 + 15.) / 4, (10 + 15.) / 2, 15} {
		near(t, "shrunk mean", got[i], want, 1e-15)
	}
}

// A few customers who spend millions of times what the others do make no one else
// worth more: neither a shop with one of them, nor one whose spends have no mean.
func TestFallbackOfWhales(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 1))
	shop := func(n int, amount func() float64) (x []int64, spend []float64) {
		for range n {
			days, sum := int64(rng.IntN(6)), 0.0
			for range days {
				sum += amount()
			}
			x, spend = append(x, days), append(spend, sum)
		}
		return x, spend
	}
	ordinary := func() float64 { return math.Exp(3 + 0.7*rng.NormFloat64()) }
	pareto := func() float64 { return min(math.Pow(rng.Float64(), -2), 1e9) } // shape 1/2
	for _, c := range []struct {
		name   string
		amount func() float64
		x      []int64 // of the customers beside the others
		spend  []float64
		median float64 // of one purchase
		codes  string
	}{
		{"one spends 1e9 a day", ordinary, []int64{699, 699}, []float64{699 * 50, 699 * 3e9}, math.Exp(3), "not_identified shrunk_mean"},
		{"no mean", pareto, []int64{699}, []float64{699 * 50}, 4, "infinite_mean shrunk_mean"},
	} {
		x, spend := shop(1500, c.amount)
		x, spend = append(x, c.x...), append(spend, c.spend...)
		in := customers(x, spend)
		f := mustFit(t, &Model{}, in)
		if got := codes(f.Report()); f.method != MethodShrunkMean || got != c.codes {
			t.Errorf("%s: %s, %q", c.name, f.method, got)
			continue
		}
		// The median of means lies near that of purchases, above it by a small factor.
		if f.mean < c.median || f.mean > 4*c.median {
			t.Errorf("%s: the centre is %v", c.name, f.mean)
		}
		got := scores(t, f, in)
		for i, v := range got {
			own := f.mean
			if x[i] > 0 {
				own = spend[i] / float64(x[i])
			}
			if v < min(own, f.mean)*(1-1e-12) || v > max(own, f.mean)*(1+1e-12) {
				t.Fatalf("%s: row %d: %v is not between the own mean %v and %v", c.name, i, v, own, f.mean)
			}
		}
		// 699 purchases of 50 make the next one 50.
		if near := got[1500]; math.Abs(near-50) > 0.1 {
			t.Errorf("%s: who has spent 50 on each of 699 days is expected to spend %v", c.name, near)
		}
		said := f.Report().Warnings[1]
		if median := fmt.Sprintf("%.2f", f.mean); !strings.Contains(said.En, median) || !strings.Contains(said.Zh, median) || !strings.Contains(said.En, "median") || !strings.Contains(said.Zh, "中位数") {
			t.Errorf("%s: %q, %q", c.name, said.En, said.Zh)
		}
	}
}

// One customer more, whatever that one spends, moves the centre by one rank at most.
func TestCentreIsRobust(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "n")
		x, spend := make([]int64, n), make([]float64, n)
		for i := range x {
			x[i], spend[i] = rapid.Int64Range(1, 9).Draw(t, "x"), rapid.Float64Range(.01, 1e5).Draw(t, "spend")
		}
		means := make([]float64, n)
		for i := range means {
			means[i] = spend[i] / float64(x[i])
		}
		slices.Sort(means)
		table := customers(append(x, 1), append(spend, rapid.Float64Range(.01, 1e12).Draw(t, "one more")))
		got := newSpends(newReader(table, false), 1).medianMean()
		if low, high := means[max(n/2-1, 0)], means[min((n+1)/2, n-1)]; got < low || got > high {
			t.Fatalf("%v is outside %v to %v", got, low, high)
		}
	})
}

// Numbers of customers read as a person writes them.
func TestNumbersInWarnings(t *testing.T) {
	one := customers([]int64{3}, []float64{60})
	w := mustFit(t, &Model{MinRepeaters: 1500}, one).Report().Warnings[0]
	if w.En != "Gamma-Gamma was not fitted: 1 customer has repeat spend, the least is 1,500." || w.Zh != "未拟合 Gamma-Gamma：只有 1 位客户有复购金额，至少需要 1,500 位。" {
		t.Errorf("%q, %q", w.En, w.Zh)
	}
}

func TestCorrelationIsNamed(t *testing.T) {
	in := simulate(Params{6, 4, 15}, 5000, 1)
	for i, x := range in.Ints("x") {
		in.Floats("repeat_spend")[i] *= math.Pow(float64(x), 0.8)
	}
	r := mustFit(t, &Model{}, in).Report()
	if !strings.Contains(codes(r), "spend_frequency_correlation") {
		t.Errorf("%+v", r)
	}
}

func TestUnstableMeanIsNamed(t *testing.T) {
	r := mustFit(t, &Model{}, simulate(Params{5, 1.15, 10}, 400, 4)).Report()
	if r.Status == models.Converged && !strings.Contains(codes(r), "unstable_mean") {
		t.Errorf("%+v", r)
	}
}

// Where customers hardly differ in what they spend, q is huge and so is its error, and
// the mean is as sure as it can be.
func TestMeanOfEqualSpendersIsStable(t *testing.T) {
	r := mustFit(t, &Model{}, simulate(Params{5, 300, 3000}, 2000, 4)).Report()
	if r.Status != models.Converged || strings.Contains(codes(r), "unstable_mean") {
		t.Errorf("%+v", r)
	}
}

func TestPromises(t *testing.T) {
	in := simulate(Params{6, 4, 15}, 1500, 2)
	in.Floats("repeat_spend")[7] = math.NaN()
	modelstest.Run(t, &Model{}, in)
	modelstest.Run(t, &Model{IncludeFirst: true}, withFirst(in, 20))
}

// withFirst puts a first purchase of one price before the repeats.
func withFirst(in *table.Table, price float64) *table.Table {
	sales := make([]float64, in.Rows())
	for i, v := range in.Floats("repeat_spend") {
		sales[i] = v + price
	}
	return table.New(in.Column("x"), &table.Column{Field: table.Field{Name: "net_sales", Kind: table.Float}, Floats: sales})
}

// With the first purchase in, x+1 days and all sales are what x days and their
// sales are without it; those who bought once have a spend of their own.
func TestFirstPurchase(t *testing.T) {
	in := simulate(Params{6, 4, 15}, 3000, 5)
	all := withFirst(in, 20)
	more := make([]int64, in.Rows())
	for i, x := range in.Ints("x") {
		more[i] = x + 1
	}
	same := customers(more, all.Floats("net_sales"))
	first, plain := mustFit(t, &Model{IncludeFirst: true}, all), mustFit(t, &Model{}, same)
	if p, _ := first.Params(); p != plain.params || first.covariance != plain.covariance || first.Report().Rows != in.Rows() {
		t.Errorf("%+v, want %+v", first.Report(), plain.Report())
	}
	want := scores(t, plain, same)
	dst := (&Model{}).Spec().Make(in.Rows())
	if err := first.Score(t.Context(), dst, all); err != nil {
		t.Fatal(err)
	}
	for i, got := range dst.Floats("expected_spend") {
		if got != want[i] {
			t.Fatalf("row %d: %v, want %v", i, got, want[i])
		}
	}
	if err := first.Score(t.Context(), dst, in); err == nil {
		t.Error("scored without net_sales")
	}
	w := mustFit(t, &Model{IncludeFirst: true}, withFirst(customers([]int64{0}, []float64{0}), 20)).Report().Warnings
	if w[0].En != "Gamma-Gamma was not fitted: 1 customer has spend, the least is 50." || w[0].Zh != "未拟合 Gamma-Gamma：只有 1 位客户有购买金额，至少需要 50 位。" {
		t.Errorf("%+v", w)
	}
	if strings.Contains(w[1].En+w[1].Zh, "repeat") || strings.Contains(w[1].En+w[1].Zh, "%") {
		t.Errorf("%+v", w[1])
	}
}

// The covariance is minus the inverse of the Hessian of the exported formula,
// by differences of values in logs, on the published sample.
func TestCovariance(t *testing.T) {
	in := shared(t, "cdnow_sample.csv", "1997-09-30")
	f := mustFit(t, &Model{}, in)
	p, _ := f.Params()
	got, ok := f.Covariance()
	if !ok {
		t.Fatal("no covariance")
	}
	var x, m []float64
	for i, v := range in.Floats("repeat_spend") {
		if v > 0 {
			x = append(x, float64(in.Ints("x")[i]))
			m = append(m, v/x[len(x)-1])
		}
	}
	const h = 2e-3
	at := func(i int, a float64, j int, b float64) float64 {
		step := [3]float64{}
		step[i] += a * h
		step[j] += b * h
		return LogLikelihood(Params{p.P * math.Exp(step[0]), p.Q * math.Exp(step[1]), p.V * math.Exp(step[2])}, x, m)
	}
	negative := mat.NewSymDense(3, nil)
	for i := range 3 {
		for j := i; j < 3; j++ {
			negative.SetSym(i, j, -(at(i, 1, j, 1)-at(i, 1, j, -1)-at(i, -1, j, 1)+at(i, -1, j, -1))/(4*h*h))
		}
	}
	var chol mat.Cholesky
	var want mat.SymDense
	if !chol.Factorize(negative) || chol.InverseTo(&want) != nil {
		t.Fatal("the likelihood is not curved at the fit")
	}
	for i := range 3 {
		for j := range 3 {
			near(t, "covariance", got[i][j], want.At(i, j), 0.01)
		}
		e := f.StandardErrors()[i]
		near(t, e.Name, e.Value, f.Report().Parameters[i].Value*math.Sqrt(want.At(i, i)), 0.005)
	}
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 400 {
		t.Errorf("%d bytes of JSON", len(data))
	}
	again, err := (&Model{}).Load(data)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(again.Report()) != fmt.Sprint(f.Report()) || again.(*Fitted).MeanSpend() != f.MeanSpend() {
		t.Errorf("after JSON %+v\nbefore %+v", again.Report(), f.Report())
	}
	if c, ok := again.(*Fitted).Covariance(); !ok || c != got {
		t.Errorf("covariance %v after JSON, %v before", c, got)
	}
}

func TestBadInput(t *testing.T) {
	if _, err := (&Model{}).Fit(t.Context(), customers([]int64{1}, []float64{math.Inf(1)})); err == nil {
		t.Error("infinite spend fitted")
	}
	for _, data := range []string{"", "{}", `{"method":"gamma_gamma","parameters":{"p":1,"q":2,"v":1}}`, `{"method":"none","params":{}}`,
		`{"method":"gamma_gamma","parameters":{"p":1,"q":1,"v":1},"covariance_of_logs":[1,0,1,0,0,1]}`} {
		if _, err := (&Model{}).Load([]byte(data)); err == nil {
			t.Errorf("loaded %q", data)
		}
	}
}

func BenchmarkFit1M(b *testing.B) {
	in := simulate(Params{6, 4, 15}, 1_000_000, 1)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			for range b.N {
				if _, err := (&Model{Workers: workers}).Fit(b.Context(), in); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(in.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkScore1M(b *testing.B) {
	in := simulate(Params{6, 4, 15}, 1_000_000, 1)
	f := mustFit(b, &Model{}, in)
	dst := (&Model{}).Spec().Make(in.Rows())
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if err := f.Score(b.Context(), dst, in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(in.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
