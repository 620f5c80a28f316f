package stat

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mathext"
	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s: %.15g, want %.15g", what, got, want)
	}
}

func TestLogSpace(t *testing.T) {
	near(t, "ln(1-e^-1)", Log1mExp(-1), math.Log(1-math.Exp(-1)), 1e-15)
	near(t, "ln(1-e^-1e-20)", Log1mExp(-1e-20), -20*math.Ln10, 1e-15)
	near(t, "ln(1-e^-800)", Log1mExp(-50), -math.Exp(-50), 1e-30)
	if !math.IsInf(Log1mExp(0), -1) || !math.IsNaN(Log1mExp(1)) {
		t.Error("Log1mExp at and above zero")
	}
	near(t, "ln(2 e^1000)", LogAddExp(1000, 1000), 1000+math.Ln2, 1e-15)
	near(t, "ln(e^3 + 0)", LogAddExp(math.Inf(-1), 3), 3, 0)
	if !math.IsInf(LogAddExp(math.Inf(-1), math.Inf(-1)), -1) {
		t.Error("ln(0+0)")
	}
	near(t, "ln(e^-800 + e^-801)", LogAddExp(-801, -800), -800+math.Log1p(math.Exp(-1)), 1e-15)
}

func TestRising(t *testing.T) {
	logs, slopes := make([]float64, 3000), make([]float64, 3000)
	for _, r := range []float64{1e-3, 0.55, 7, 900} {
		LogRisingTo(logs, r)
		DigammaRisingTo(slopes, r)
		base, _ := math.Lgamma(r)
		for _, k := range []int{0, 1, 2, 30, 2999} {
			top, _ := math.Lgamma(r + float64(k))
			near(t, "ln (r)_k", logs[k], top-base, 1e-12)
			near(t, "ψ(r+k)-ψ(r)", slopes[k], mathext.Digamma(r+float64(k))-mathext.Digamma(r), 1e-9) // gonum is good to 1e-10
		}
	}
	TrigammaRisingTo(slopes, 0.55)
	for _, k := range []int{0, 1, 2, 30, 2999} {
		near(t, "ψ'(r+k)-ψ'(r)", slopes[k], mathext.Zeta(2, 0.55+float64(k))-mathext.Zeta(2, 0.55), 1e-13)
	}
}

func TestLog1p(t *testing.T) {
	for _, v := range []float64{0, 1, 2, 365, 4095, 4096, 1e9, 0.5, 1 - 1e-16, -0.25, math.NaN(), math.Inf(1)} {
		got, want := Log1p(v), math.Log1p(v)
		if same := math.Float64bits(got) == math.Float64bits(want); !same && !(v >= logged && math.Abs(got/want-1) <= 4e-16) {
			t.Errorf("ln(1+%v): %v, not %v", v, got, want)
		}
	}
}

func TestSymmetricTo(t *testing.T) {
	dst := make([]float64, 9)
	SymmetricTo(dst, []float64{1, 2, 3, 4, 5, 6})
	if !slices.Equal(dst, []float64{1, 2, 3, 2, 4, 5, 3, 5, 6}) {
		t.Errorf("%v", dst)
	}
	for _, upper := range []int{2, 4} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d elements are half of four", upper)
				}
			}()
			SymmetricTo(dst[:4], make([]float64, upper))
		}()
	}
}

// x² y at (3, 5): by logs every derivative is it times 2, 1, 4, 2, 2, 1.
func TestByLogs(t *testing.T) {
	gradient, hessian := []float64{30, 9}, []float64{10, 6, 6, 0}
	ByLogs(gradient, hessian, []float64{3, 5})
	if !slices.Equal(gradient, []float64{90, 45}) || !slices.Equal(hessian, []float64{180, 90, 90, 45}) {
		t.Errorf("%v, %v", gradient, hessian)
	}
	gradient = []float64{30, 9}
	if ByLogs(gradient, nil, []float64{3, 5}); !slices.Equal(gradient, []float64{90, 45}) {
		t.Errorf("without second derivatives %v", gradient)
	}
}

func TestGrowth(t *testing.T) {
	near(t, "a 0", Growth(0, 3), 3, 0)
	near(t, "a 1", Growth(1, 2), math.Exp(2)-1, 1e-15)
	near(t, "a -1, no end", Growth(-1, math.Inf(1)), 1, 1e-15)
	for _, a := range []float64{1e-4, 9.9e-6, 1e-7, -1e-9} { // about the change of formula
		near(t, "small a", Growth(a, 1), 1+a/2+a*a/6+a*a*a/24, 1e-15)
	}
}

// x is the list of reference/statistics.md, section 8; its quantiles there are
// DuckDB's quantile_cont, which is type 7.
func TestQuantile(t *testing.T) {
	x := []float64{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, math.NaN()}
	before := slices.Clone(x)
	q := Quantiles(x, 0.1, 0.75, 0, 1, 0.5)
	for i, want := range []float64{1.4000000000000001, 7.5, 1, 9, 5} {
		near(t, "quantile", q[i], want, 1e-15)
	}
	if !slices.Equal(before[:15], x[:15]) {
		t.Error("Quantiles changed its input")
	}
	if !math.IsNaN(Quantile(nil, 0.5)) || !math.IsNaN(Quantile([]float64{1}, math.NaN())) || Quantile([]float64{7}, 0.3) != 7 {
		t.Error("quantiles of nothing and of one")
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 50).Draw(t, "values")
		p, r := rapid.Float64Range(0, 1).Draw(t, "p"), rapid.Float64Range(0, 1).Draw(t, "r")
		q := Quantiles(v, min(p, r), max(p, r))
		if q[0] > q[1] || q[0] < slices.Min(v) || q[1] > slices.Max(v) {
			t.Fatalf("quantiles %v", q)
		}
	})
}

func TestConcentration(t *testing.T) {
	// By hand: mean absolute difference 1.25 over twice the mean 2.5.
	near(t, "Gini of 1..4", Gini([]float64{4, 2, 1, 3}), 0.25, 1e-15)
	near(t, "Gini of equals", Gini([]float64{5, 5, 5}), 0, 1e-15)
	near(t, "Gini, one has all", Gini([]float64{0, 0, 0, 9, -3}), 0.8, 1e-15)
	near(t, "80 % of revenue", ParetoShare([]float64{10, 70, 10, 5, 5, math.NaN()}, 0.8), 0.4, 0)
	near(t, "80 % of revenue, just", ParetoShare([]float64{0.1, 0.7, 0.1, 0.1}, 0.8), 0.5, 0)
	near(t, "all", ParetoShare([]float64{1, 1, 1, 0}, 1), 0.75, 0)
	near(t, "nothing", ParetoShare([]float64{1, 2}, 0), 0, 0)
	for _, v := range [][]float64{nil, {0, 0}, {-1, math.NaN()}} {
		if !math.IsNaN(Gini(v)) || !math.IsNaN(ParetoShare(v, 0.8)) {
			t.Errorf("concentration of %v", v)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 1, 40).Draw(t, "values")
		v = append(v, 1)
		// The definition: mean absolute difference over twice the mean.
		var apart, sum float64
		for _, a := range v {
			sum += a
			for _, b := range v {
				apart += math.Abs(a - b)
			}
		}
		want := apart / (2 * float64(len(v)) * sum)
		if got := Gini(v); math.Abs(got-want) > 1e-12 {
			t.Fatalf("Gini %v, by definition %v", got, want)
		}
		if s := ParetoShare(v, 0.8); s <= 0 || s > 0.8+1/float64(len(v)) {
			t.Fatalf("share %v: the greatest values make 80 %% no later than equal ones", s)
		}
	})
}

// a and b of reference/statistics.md, section 8: corr .8333333333333334.
func TestCorrelation(t *testing.T) {
	a := []float64{1, 2, 3, 4, 5, 6, 7, 8}
	near(t, "corr", Correlation(a, []float64{2, 1, 4, 3, 7, 5, 8, 6}), 0.8333333333333334, 1e-15)
	if !math.IsNaN(Correlation(a, make([]float64, 8))) {
		t.Error("correlation with a constant")
	}
}

func TestSumToIsTheSameOnAnyNumberOfWorkers(t *testing.T) {
	sum := func(workers int) [2]float64 {
		dst := [2]float64{99, 99}
		SumTo(dst[:], workers, 1000, func(c int, dst []float64) {
			for i := range 50 {
				v := math.Sin(float64(c*50+i)) * math.Exp(float64(c%40))
				dst[0] += v
				dst[1] += v * v
			}
		})
		return dst
	}
	one := sum(1)
	for _, workers := range []int{0, 2, 3, 16, 5000} {
		if got := sum(workers); got != one {
			t.Errorf("%d workers: %v, not %v", workers, got, one)
		}
	}
	var none [1]float64
	SumTo(none[:], 4, 0, func(int, []float64) { t.Error("called") })
	if none[0] != 0 {
		t.Errorf("sum of nothing: %v", none[0])
	}
}

func box(n int, low, high float64) Search {
	s := Search{}
	for range n {
		s.Lower, s.Upper = append(s.Lower, low), append(s.Upper, high)
	}
	return s
}

// rosenbrock's valley has its bottom, 0, at (1, 1).
func rosenbrock(x, g []float64) float64 {
	a, b := 1-x[0], x[1]-x[0]*x[0]
	g[0] = 2*a + 400*x[0]*b
	g[1] = -200 * b
	return -a*a - 100*b*b
}

func rosenbrockCurved(x, g, h []float64) float64 {
	h[0], h[1] = -2-1200*x[0]*x[0]+400*x[1], 400*x[0]
	h[2], h[3] = h[1], -200
	return rosenbrock(x, g)
}

// With exact second derivatives a search ends where it ends without them, in one
// evaluation for each step, and the covariance is exact.
func TestMaximiseCurved(t *testing.T) {
	s := box(2, -10, 10)
	plain, err := Polish(t.Context(), rosenbrock, []float64{1.1, 1.2}, s)
	if err != nil {
		t.Fatal(err)
	}
	s.Tolerance = 1e-18
	calls := 0
	s.Curved = func(x, g, h []float64) float64 {
		calls++
		return rosenbrockCurved(x, g, h)
	}
	m, err := Polish(t.Context(), func(_, _ []float64) float64 { panic("differences") }, []float64{1.1, 1.2}, s)
	if err != nil || m.Outcome != Interior || m.Evaluations != calls || calls >= plain.Evaluations {
		t.Fatalf("%+v after %d calls, %d by differences: %v", m, calls, plain.Evaluations, err)
	}
	for i, want := range []float64{0.5, 1, 1, 2.005} {
		near(t, "covariance", m.Covariance.At(i/2, i%2), want, 1e-8)
		near(t, "by differences", plain.Covariance.At(i/2, i%2), want, 1e-3)
	}
	s.Starts = [][]float64{{-1.2, 1}}
	if m, err = Maximise(t.Context(), rosenbrock, s); err != nil || m.Outcome != Interior {
		t.Fatal(m, err)
	}
	near(t, "x", m.At[0], 1, 1e-8)

	// At the edge, only what is free counts; y is best at x² = 0.25.
	s.Upper = []float64{0.5, 10}
	if m, err = Maximise(t.Context(), rosenbrock, s); err != nil || m.Outcome != Edge {
		t.Fatal(m, err)
	}
	near(t, "y at the edge", m.At[1], 0.25, 1e-8)

	s.Curved = func(x, g, h []float64) float64 {
		v := rosenbrockCurved(x, g, h)
		h[3] = math.NaN()
		return v
	}
	if m, err = Polish(t.Context(), rosenbrock, []float64{-1.1, 1.2}, s); err != nil || m.Outcome != Failed {
		t.Errorf("no curvature: %+v, %v", m, err)
	}
}

func TestMaximise(t *testing.T) {
	t.Run("valley", func(t *testing.T) {
		s := box(2, -10, 10)
		s.Starts = [][]float64{{-1.2, 1}}
		m, err := Maximise(t.Context(), rosenbrock, s)
		if err != nil || m.Outcome != Interior {
			t.Fatal(m, err)
		}
		near(t, "x", m.At[0], 1, 1e-4)
		near(t, "y", m.At[1], 1, 1e-4)
		// Inverse of the Hessian (802 -400; -400 200): (.5 1; 1 2.005).
		near(t, "standard error of x", m.StandardErrors()[0], math.Sqrt(0.5), 1e-3)
		near(t, "standard error of y", m.StandardErrors()[1], math.Sqrt(2.005), 1e-3)
	})
	t.Run("best of several starts", func(t *testing.T) {
		two := func(x, g []float64) float64 {
			a, b := math.Exp(-(x[0]+3)*(x[0]+3)), 2*math.Exp(-(x[0]-3)*(x[0]-3))
			g[0] = -2*(x[0]+3)*a - 2*(x[0]-3)*b
			return a + b
		}
		s := box(1, -10, 10)
		s.Starts = [][]float64{{-3.5}, {2}}
		m, err := Maximise(t.Context(), two, s)
		if err != nil || m.Outcome != Interior {
			t.Fatal(m, err)
		}
		near(t, "x", m.At[0], 3, 1e-4)
	})
	t.Run("edge", func(t *testing.T) {
		f := func(x, g []float64) float64 {
			g[0], g[1] = 1-0.5*(x[0]-x[1]), -2*(x[1]-1)+0.5*(x[0]-x[1])
			return x[0] - (x[1]-1)*(x[1]-1) - 0.25*(x[0]-x[1])*(x[0]-x[1])
		}
		s := box(2, -2, 2)
		s.Starts = [][]float64{{0, 0}, {-2, -2}, {5, -7}}
		m, err := Maximise(t.Context(), f, s)
		if err != nil || m.Outcome != Edge || m.Covariance != nil || m.StandardErrors() != nil {
			t.Fatal(m, err)
		}
		if !m.AtEdge(s, 0) || m.AtEdge(s, 1) {
			t.Errorf("at %v", m.At)
		}
		// With x at 2: -2(y-1) + (2-y)/2 = 0, y = 1.2.
		near(t, "x", m.At[0], 2, 0)
		near(t, "y", m.At[1], 1.2, 1e-4)
	})
	t.Run("flat", func(t *testing.T) {
		ridge := func(x, g []float64) float64 {
			d := x[0] + x[1] - 1
			g[0], g[1] = -2*d, -2*d
			return -d * d
		}
		s := box(2, -9, 9)
		s.Starts = [][]float64{{3, 4}}
		m, err := Maximise(t.Context(), ridge, s)
		if err != nil || m.Outcome == Failed || m.Outcome == Edge {
			t.Fatal(m, err)
		}
		if m.Outcome == Interior && m.StandardErrors()[0] < 100 {
			t.Errorf("a ridge with standard errors %v", m.StandardErrors())
		}
		near(t, "on the ridge", m.At[0]+m.At[1], 1, 1e-4)
	})
	t.Run("values that are not finite", func(t *testing.T) {
		hole := func(x, g []float64) float64 {
			g[0] = 1/x[0] - 0.1 // NaN left of zero, where the search must not go
			return math.Log(x[0]) - x[0]/10
		}
		s := box(1, -100, 100)
		s.Starts = [][]float64{{-5}, {0.01}, {math.NaN()}}
		m, err := Maximise(t.Context(), hole, s)
		if err != nil || m.Outcome != Interior {
			t.Fatal(m, err)
		}
		near(t, "x", m.At[0], 10, 1e-2)
		s.Starts = s.Starts[:1]
		if _, err := Maximise(t.Context(), hole, s); !errors.Is(err, ErrNoStart) {
			t.Errorf("no finite start: %v", err)
		}
		if _, err := Polish(t.Context(), hole, []float64{-5}, s); !errors.Is(err, ErrNoStart) {
			t.Errorf("no finite start: %v", err)
		}
	})
	t.Run("canceled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := box(2, -10, 10)
		s.Starts = [][]float64{{-1.2, 1}}
		calls := 0
		_, err := Maximise(ctx, func(x, g []float64) float64 {
			if calls++; calls == 3 {
				cancel()
			}
			return rosenbrock(x, g)
		}, s)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}
