package stat

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// relative compares with relative precision, however small the values are.
func relative(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if got != want && !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s: %.17g, want %.17g (off by %.1e)", what, got, want, math.Abs(got/want-1))
	}
}

// The figures are R 4.2.2's, most of them as logs, so that a tail of 1e-190 is
// compared with its relative precision: a log off by 1e-12 is a tail off by as much.
func TestTails(t *testing.T) {
	for _, c := range []struct{ x, a, b, below, above float64 }{
		{1e-5, 2, 3, -21.234104794084622, -5.9999200020999627e-10},
		{0.3, 2, 3, -1.0546911016101819, -0.4281709456438022},
		{0.5, 5000, 5100, -0.17417141464070987, -1.8335373630503671},
		{0.4, 5000, 5100, -190.24443453221801, -2.3872168423772286e-83},
		{0.3, 5000, 5100, -843.203118279823, 0},
		{0.001, 0.5, 0.5, -3.9052936169690375, -0.020340514397558011},
		{0.999, 0.01, 3, -3.3860142501680817e-12, -26.411367623672902},
		{0.0012, 1200, 1e6, -0.6531388169574821, -0.73482316374593437},
		{0.00119, 1200.5, 1e6, -0.91597865052115646, -0.51103373212266623},
		{0.5, 5e6, 5e6, -math.Ln2, -math.Ln2},
		{0.5003, 5e6, 5e6, -0.029315302641758852, -3.5442674686211362},
		{0.49, 5e6, 5e6, -2005.46631982095, 0},
		{0.02, 20, 2, -75.215169032767392, -2.160066559999987e-33},
		{0.7, 0.001, 1000, 0, -1217.4249404068626},
	} {
		below, above := logBetaTails(c.x, 1-c.x, c.a, c.b)
		near(t, "ln beta below", below, c.below, 1e-12)
		near(t, "ln beta above", above, c.above, 1e-12)
		if math.Abs(c.below) < 1e-5 && c.below != 0 {
			relative(t, "beta below, near one", below, c.below, 1e-9)
		}
	}
	for _, c := range []struct{ t, df, log float64 }{
		{2, 5, -2.9765231671618126}, {12, 30.5, -29.145382781565569}, {40, 3, -10.971162936870325},
		{22, 36671.158, -244.42239711372437}, {1e-3, 2, -0.69385453728214375},
		{30, 1e6, -454.1184158245656}, {1.5, 0.7, -1.5132983107424092},
	} {
		near(t, "ln t tail", math.Log(StudentTail(c.t, c.df)), c.log, 2e-12)
		near(t, "t below", StudentTail(-c.t, c.df), -math.Expm1(c.log), 1e-13)
	}
	for _, c := range []struct{ f, df1, df2, log float64 }{
		{14.0168216, 2, 63997, -14.013752488464446}, {500, 3, 80.5, -117.88179435169334},
		{0.3, 4, 9, -0.13835094932776115}, {1e4, 2, 40, -124.33212202169729},
	} {
		near(t, "ln F tail", math.Log(FTail(c.f, c.df1, c.df2)), c.log, 1e-12)
	}
	for _, c := range []struct{ x, df, log float64 }{
		{504.46066903563496, 2, -252.23033451781748}, {1000, 7, -485.65945087460852},
		{1200, 800, -41.050230387020392}, {450, 1, -228.28262515380641}, {0.2, 5, -0.00088653164188767341},
	} {
		near(t, "ln chi-square tail", math.Log(ChiSquareTail(c.x, c.df)), c.log, 1e-12)
	}
	for z, log := range map[float64]float64{5: -15.064998393988725, 20: -203.91715537109727, 35: -616.97510126192253} {
		near(t, "ln normal tail", math.Log(NormalTail(z)), log, 1e-13)
	}
	for _, c := range []struct{ k, n, p, log float64 }{
		{3, 10, 0.1, -2.8577871458048758}, {30000, 1e6, 0.03, -6.0581880401395622}, {0, 50, 0.2, -11.157177565710485},
		{50, 50, 0.9, -5.2680257828913142}, {31000, 1e6, 0.03, -23.07421578920367},
	} {
		near(t, "ln binomial term", logBinomialTerm(c.k, c.n-c.k, c.p, 1-c.p), c.log, 1e-12)
	}
}

// At the ends the laws are what their limits are.
func TestTailsAtTheEnds(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ got, want float64 }{
		{StudentTail(inf, 3), 0}, {StudentTail(-inf, 3), 1}, {StudentTail(0, 3), 0.5}, {StudentTail(1.5, inf), NormalTail(1.5)},
		{FTail(0, 2, 3), 1}, {FTail(inf, 2, 3), 0}, {ChiSquareTail(0, 4), 1}, {ChiSquareTail(inf, 4), 0}, {ChiSquareTail(-1, 4), 1},
		{BetaQuantile(0, 2, 3), 0}, {BetaQuantile(1, 2, 3), 1}, {StudentQuantile(0.5, 2), 0}, {StudentQuantile(0.1, inf), NormalQuantile(0.1)},
	} {
		relative(t, "limit", c.got, c.want, 1e-14)
	}
	near(t, "F with endless degrees of freedom", FTail(2.5, 3, inf), ChiSquareTail(7.5, 3), 1e-15)
	below, above := BetaTails(0, 2, 3)
	if below != 0 || above != 1 {
		t.Errorf("below 0: %g, %g", below, above)
	}
	for name, f := range map[string]func(){
		"t at 1": func() { StudentQuantile(1, 3) }, "beta at 2": func() { BetaQuantile(2, 1, 1) }, "beta of 0": func() { BetaTails(0.5, 0, 1) },
	} {
		mustPanic(t, name, f)
	}
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	f()
}

// R 4.2.2; t quantiles for 1.2 degrees of freedom by the tail itself.
func TestDistributionQuantiles(t *testing.T) {
	for _, c := range []struct{ p, df, want float64 }{
		{0.975, 5, 2.5705818356363137}, {0.975, 36671.158, 1.9600286770212676}, {0.999999, 3.3, 73.790759716954881},
		{0.6, 1e6, 0.25334717053784167}, {0.975, 0.8, 23.327935796003743}, {0.025, 5, -2.5705818356363137},
	} {
		relative(t, "t quantile", StudentQuantile(c.p, c.df), c.want, 1e-10)
	}
	for _, c := range []struct{ p, a, b, want float64 }{
		{0.025, 37.5, 213.5, 0.10812827374005678}, {0.975, 0.5, 100.5, 0.024745270015269938}, {1e-10, 3, 2e6, 4.2180507025090386e-10},
		{0.025, 1, 1e6, 2.5317807663794191e-08}, {0.975, 1e6, 1, 0.99999997468219237}, {0.2, 0.01, 5, 1.5896217480463775e-71},
		{0.5, 2e6, 3e6, 0.39999998666666564},
	} {
		relative(t, "beta quantile", BetaQuantile(c.p, c.a, c.b), c.want, 1e-11)
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.Float64Range(1e-8, 1-1e-8).Draw(t, "p")
		df := math.Exp(rapid.Float64Range(-1, 14).Draw(t, "log df"))
		if q := StudentQuantile(p, df); math.Abs(StudentTail(-q, df)-p) > 1e-11*p+1e-15 {
			t.Fatalf("t of %g at %g: %g comes back as %g", df, p, q, StudentTail(-q, df))
		}
		a, b := math.Exp(rapid.Float64Range(-2, 14).Draw(t, "log a")), math.Exp(rapid.Float64Range(-2, 14).Draw(t, "log b"))
		below, above := BetaTails(BetaQuantile(p, a, b), a, b)
		// Where the law sits at one, neighbouring numbers lie far apart in probability.
		if q := BetaQuantile(p, a, b); q < 0.999 && math.Abs(below-p) > 1e-8*p {
			t.Fatalf("beta(%g, %g) at %g comes back as %g", a, b, p, below)
		}
		if math.Abs(below+above-1) > 1e-12 {
			t.Fatalf("beta(%g, %g): %g and %g are not one", a, b, below, above)
		}
	})
}

func TestNoncentralT(t *testing.T) {
	for _, c := range []struct{ t, df, delta, want float64 }{ // R 4.2.2
		{2, 10, 1, 0.19238843746968892}, {2, 124, 2.5, 0.69147508831428073}, {-2, 5, 1, 0.99410353770996074},
		{3, 3, 0, 0.028834442811218657}, {5, 1, 2, 0.30646258251219372},
	} {
		relative(t, "noncentral t", noncentralTail(c.t, c.df, c.delta), c.want, 1e-11)
	}
	rapid.Check(t, func(t *rapid.T) {
		df := rapid.Float64Range(1, 300).Draw(t, "df")
		delta := rapid.Float64Range(-4, 4).Draw(t, "delta")
		x := rapid.Float64Range(-6, 6).Draw(t, "t")
		want := 1 - distuv.NoncentralT{Nu: df, Mu: delta}.CDF(x)
		if got := noncentralTail(x, df, delta); math.Abs(got-want) > 1e-9 {
			t.Fatalf("t %g, df %g, delta %g: %.12g, gonum's series %.12g", x, df, delta, got, want)
		}
		if got := noncentralTail(x, df, 0); math.Abs(got-StudentTail(x, df)) > 1e-12 {
			t.Fatalf("without noncentrality: %.15g, want %.15g", got, StudentTail(x, df))
		}
	})
}

func TestRoot(t *testing.T) {
	near(t, "cosine", root(math.Cos, 0, 3), math.Pi/2, 1e-15)
	near(t, "flat at its root", root(func(x float64) float64 { return math.Pow(x-0.3, 9) }, -4, 7), 0.3, 1e-6)
	if got := root(func(x float64) float64 { return x }, 2, 5); got != 2 {
		t.Errorf("no change of sign: %g, want the nearer end", got)
	}
	if got := root(func(x float64) float64 { return x - 5 }, 2, 5); got != 5 {
		t.Errorf("root at the end: %g", got)
	}
}
