package stat

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// R 4.2.2, where section A of the reference values has no figure: ties, far
// tails, ends.
func TestAgainstR(t *testing.T) {
	x := []float64{0, 0, 0, 2, 3, 3, 5, 8, 8, 13}
	y := []float64{0, 0, 0, 0, 0, 1, 2, 3, 3, 4, 5, 21}
	a := []float64{1, 2, 2, 3, 3, 3, 4, 5, 5, 6, 7}
	b := []float64{2, 1, 2, 2, 5, 3, 3, 6, 6, 4, 9}
	mw := MannWhitney(TallyOf(x), TallyOf(y))
	check(t, "tied Mann-Whitney", mw.Statistic, mw.P, mw.Uncorrected.P, mw.Greater, mw.Less)(
		73.5, 0.37794988089973808, 0.35988157609112087, 0.18897494044986904, 0.8288172043073847)
	kw := KruskalWallis(TallyOf(x), TallyOf(y), TallyOf([]float64{1, 1, 2, 9}))
	check(t, "tied Kruskal-Wallis", kw.Statistic, kw.DF, kw.P)(0.91722793335696784, 2, 0.63215923233101046)
	ks := KolmogorovSmirnov(TallyOf(x), TallyOf(y))
	check(t, "tied Kolmogorov-Smirnov", ks.Statistic, ks.P)(0.23333333333333325, 0.60315226569096214)
	k := Kendall(a, b)
	check(t, "tied Kendall", k.Statistic, k.P)(0.72, 0.0037342028026370469)
	s := Spearman(a, b, 0.95)
	check(t, "tied Spearman", s.Statistic, s.P)(0.84579439252336441, 0.0010354135423398059)
	p := Pearson(a, b, 0.95)
	check(t, "Pearson", p.Statistic, p.P, p.Low, p.High)(0.83272245527110977, 0.0014638224792429338, 0.46525697806990779, 0.95536471270844325)
	w := WilcoxonSigned([]float64{1, 5, 2, 8, 3, 9, 4, 4, 6, 7, 2, 10}, []float64{2, 3, 2, 5, 5, 4, 1, 3, 8, 9, 1, 3})
	check(t, "tied Wilcoxon", w.Plus, w.Corrected.P, w.Uncorrected.P)(47.5, 0.20981271050464928, 0.19398882330843428)
	if !w.Exact || w.Used != 11 {
		t.Errorf("Wilcoxon: exact %v with %d pairs", w.Exact, w.Used)
	}

	relative(t, "Fisher, men's visits", FisherExact(Proportion{3894, 21307}, Proportion{2262, 21306}).P, 5.4373590279519354e-113, 1e-9)
	relative(t, "Fisher, men's conversions", FisherExact(Proportion{267, 21307}, Proportion{122, 21306}).P, 1.1674253274831582e-13, 1e-10)
	f := FisherExact(Proportion{120, 1000}, Proportion{90, 1000})
	for _, c := range [][2]float64{{f.P, 0.03420250970696867}, {f.Greater, 0.017101254853484356}, {f.Less, 0.98821874589337944}} {
		relative(t, "Fisher", c[0], c[1], 1e-11)
	}
	relative(t, "Fisher, a million each", FisherExact(Proportion{52_000, 1_000_000}, Proportion{51_500, 1_000_000}).P, 0.11119833177196857, 1e-9)
	relative(t, "Fisher, none of a million", FisherExact(Proportion{0, 1_000_000}, Proportion{9, 1_000_000}).P, 0.0039061796878339834, 1e-9)

	for _, c := range []struct {
		p        Proportion
		rate, p0 float64
	}{
		{Proportion{30_500, 1_000_000}, 0.03, 0.003442319170101028}, {Proportion{36_000, 1_000_000}, 0.03, 3.363530956960861e-255},
		{Proportion{0, 40}, 0.1, 0.030276188355879082}, {Proportion{7, 10}, 0.5, 0.34375000000000011},
	} {
		relative(t, "binomial test", c.p.Test(c.rate).P, c.p0, 1e-9)
	}
	relative(t, "binomial test, greater", Proportion{30_500, 1_000_000}.Test(0.03).Greater, 0.0017433351902302601, 1e-9)
	none, all := Proportion{0, 40}.ClopperPearson(0.95), Proportion{40, 40}.ClopperPearson(0.95)
	check(t, "Clopper-Pearson at the ends", none.Low, none.High, all.Low, all.High)(0, 0.088097302878802353, 0.91190269712119765, 1)

	mx, my, ma := MomentsOf(x), MomentsOf(y), MomentsOf(a)
	bartlett := Bartlett(mx, my, ma)
	check(t, "Bartlett", bartlett.Statistic, bartlett.P)(10.846308133418271, 0.0044132051297697981)
	welch := WelchANOVA(mx, my, ma)
	check(t, "Welch ANOVA", welch.Statistic, welch.DF, welch.DF2, welch.P)(0.094911187265946703, 2, 16.190747228373507, 0.90995591776615459)
	anova := ANOVA(mx, my, ma)
	check(t, "ANOVA", anova.Statistic, anova.DF, anova.DF2, anova.P)(0.12769675644753037, 2, 30, 0.88059604843413941)
	ratio := VarianceRatio(mx, my)
	check(t, "F", ratio.Statistic, ratio.P)(0.54155834618491605, 0.36631092747083277)
	fit := GoodnessOfFit([]int{30, 50, 40}, []float64{2, 5, 3})
	check(t, "goodness of fit", fit.Statistic, fit.P)(3.6111111111111112, 0.16438310725621735)
	m := McNemar(121, 59)
	check(t, "McNemar without correction", m.Uncorrected.Statistic, m.Uncorrected.P)(21.355555555555554, 3.8151358651125996e-06)

	relative(t, "power of t", TTestPower(0.4, 50, 50, 0.05), 0.50818573531487043, 1e-10)
	relative(t, "power of t, small", TTestPower(0.1, 6, 6, 0.05), 0.052837747392600054, 1e-10)
	relative(t, "size, R", SizePooled(0.05, 0.07, 1, 0.05, 0.9), 2961.0156614760735, 1e-9)
	relative(t, "power, R", ProportionPower(0.05, 0.07, 2000, 2000, 0.05), 0.75921461127710554, 1e-5) // R leaves out findings the wrong way round

	// A large two-sample test, by the limit law.
	long, longer := make([]float64, 3000), make([]float64, 3000)
	for i := range long {
		long[i], longer[i] = float64(i+1), float64(i+1)*1.05
	}
	limit := KolmogorovSmirnov(TallyOf(long), TallyOf(longer))
	relative(t, "D", limit.Statistic, 0.047666666666666663, 1e-12)
	relative(t, "Kolmogorov's limit", limit.P, 0.0021914624906430591, 1e-9)
	if limit.Exact {
		t.Error("9 million paths were counted")
	}
}

func proportion(t *rapid.T, most int, name string) Proportion {
	n := rapid.IntRange(1, most).Draw(t, name+" n")
	return Proportion{K: rapid.IntRange(0, n).Draw(t, name+" k"), N: n}
}

func TestIntervalsOfProportions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := proportion(t, 1_000_000, "p")
		level := rapid.Float64Range(0.5, 0.999).Draw(t, "level")
		mirrored := Proportion{p.N - p.K, p.N}
		for name, of := range map[string][2]func(float64) Estimate{
			"Wilson": {p.Wilson, mirrored.Wilson}, "Wald": {p.Wald, mirrored.Wald}, "Agresti-Coull": {p.AgrestiCoull, mirrored.AgrestiCoull},
			"Clopper-Pearson": {p.ClopperPearson, mirrored.ClopperPearson}, "Jeffreys": {p.Jeffreys, mirrored.Jeffreys},
		} {
			e, m := of[0](level), of[1](level)
			if !(0 <= e.Low && e.Low <= e.Value && e.Value <= e.High && e.High <= 1) {
				t.Fatalf("%s of %v: %v", name, p, e)
			}
			if math.Abs(e.Low-(1-m.High)) > 1e-9 || math.Abs(e.High-(1-m.Low)) > 1e-9 {
				t.Fatalf("%s of %v is not the mirror of %v: %v, %v", name, p, mirrored, e, m)
			}
			if wider := of[0](level + (1-level)/2); wider.Low > e.Low+1e-12 || wider.High < e.High-1e-12 {
				t.Fatalf("%s of %v: a higher level is shorter", name, p)
			}
		}
		// Wilson's ends are the rates that a z test just does not reject.
		if w := p.Wilson(level); p.K > 0 && p.K < p.N {
			z := (p.Rate() - w.Low) / math.Sqrt(w.Low*(1-w.Low)/float64(p.N))
			if math.Abs(z-critical(level)) > 1e-6 {
				t.Fatalf("Wilson's low end of %v has z %g", p, z)
			}
		}
		// The ends of the exact interval have a tail of exactly what is allowed.
		if c := p.ClopperPearson(level); p.K > 0 && c.Low > 1e-12 && p.N < 10_000 {
			if got := p.Test(c.Low).Greater; math.Abs(got-tail(level)) > 1e-6 {
				t.Fatalf("the tail at the low end of %v is %g", p, got)
			}
		}
	})
	for _, p := range []Proportion{{0, 0}, {0, 1}, {1, 1}, {0, 1_000_000}} {
		for _, of := range []func(float64) Estimate{p.Wilson, p.Wald, p.AgrestiCoull, p.ClopperPearson, p.Jeffreys} {
			e := of(0.95)
			if !(0 <= e.Low && e.Low <= e.Value && e.Value <= e.High && e.High <= 1) || e.Flags.Has(NoValues) != (p.N == 0) {
				t.Errorf("%v: %+v", p, e)
			}
		}
	}
	mustPanic(t, "more successes than tries", func() { Proportion{3, 2}.Rate() })
	mustPanic(t, "a level of 1", func() { Proportion{1, 2}.Wilson(1) })
	mustPanic(t, "a level of 95", func() { Proportion{1, 2}.Jeffreys(95) })
	mustPanic(t, "a rate of 2", func() { Proportion{1, 2}.Test(2) })
}

// How often an interval covers the true rate, added up over all counts: no
// simulation is needed. Wilson's mean over rates is near its level, the exact
// one's is never below.
func TestCoverageOfProportions(t *testing.T) {
	const n = 60
	var wilson, jeffreys float64
	rates := 0
	for rate := 0.02; rate < 0.99; rate += 0.0193 {
		var w, j, c float64
		for k := range n + 1 {
			p := math.Exp(logBinomialTerm(float64(k), float64(n-k), rate, 1-rate))
			covers := func(e Estimate) float64 {
				if e.Low <= rate && rate <= e.High {
					return p
				}
				return 0
			}
			w += covers(Proportion{k, n}.Wilson(0.95))
			j += covers(Proportion{k, n}.Jeffreys(0.95))
			c += covers(Proportion{k, n}.ClopperPearson(0.95))
		}
		if c < 0.95 {
			t.Errorf("the exact interval covers %g in %g of cases", rate, c)
		}
		wilson += w
		jeffreys += j
		rates++
	}
	near(t, "Wilson's mean coverage", wilson/float64(rates), 0.95, 0.006)
	near(t, "Jeffreys' mean coverage", jeffreys/float64(rates), 0.95, 0.006)
}

// The same for Newcombe's interval, over all pairs of counts.
func TestCoverageOfNewcombe(t *testing.T) {
	const nA, nB = 80, 50
	total, cases := 0.0, 0
	for _, rates := range [][2]float64{{0.05, 0.05}, {0.1, 0.05}, {0.3, 0.2}, {0.5, 0.5}, {0.9, 0.6}, {0.02, 0.1}} {
		covered := 0.0
		for i := range nA + 1 {
			pI := math.Exp(logBinomialTerm(float64(i), float64(nA-i), rates[0], 1-rates[0]))
			if pI < 1e-7 {
				continue
			}
			for j := range nB + 1 {
				p := pI * math.Exp(logBinomialTerm(float64(j), float64(nB-j), rates[1], 1-rates[1]))
				d := CompareProportions(Proportion{i, nA}, Proportion{j, nB}, 0.95).Difference
				if real := rates[0] - rates[1]; d.Low <= real && real <= d.High {
					covered += p
				}
			}
		}
		if covered < 0.92 || covered > 0.99 {
			t.Errorf("%v: covered in %g of cases", rates, covered)
		}
		total += covered
		cases++
	}
	near(t, "mean coverage", total/float64(cases), 0.955, 0.012)
}

func TestComparisonsOfProportions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := proportion(t, 100_000, "a"), proportion(t, 100_000, "b")
		level := rapid.Float64Range(0.5, 0.999).Draw(t, "level")
		c, d := CompareProportions(a, b, level), CompareProportions(b, a, level)
		if e := c.Difference; !(-1 <= e.Low && e.Low <= e.Value && e.Value <= e.High && e.High <= 1) {
			t.Fatalf("Newcombe: %v", e)
		}
		if e := c.Ratio; !(0 <= e.Low && e.Low <= e.Value && e.Value <= e.High) {
			t.Fatalf("ratio: %v", e)
		}
		if math.Abs(c.Difference.Low+d.Difference.High) > 1e-12 || math.Abs(c.Difference.Value+d.Difference.Value) > 1e-15 {
			t.Fatalf("the other way round: %v, %v", c.Difference, d.Difference)
		}
		for _, p := range []float64{c.Pooled.P, c.Pooled.Greater, c.Pooled.Less, c.Unpooled.P, c.ChiSquare.P, c.Yates.P} {
			if !(p >= 0 && p <= 1) {
				t.Fatalf("p %g of %+v", p, c)
			}
		}
		if c.Flags.Has(NoVariation) {
			return
		}
		if math.Abs(c.Pooled.P-c.ChiSquare.P) > 1e-10*c.ChiSquare.P+1e-300 || c.Yates.P < c.ChiSquare.P {
			t.Fatalf("z %g, chi-square %g, Yates %g", c.Pooled.P, c.ChiSquare.P, c.Yates.P)
		}
		if math.Abs(c.Pooled.Greater-d.Pooled.Less) > 1e-15 {
			t.Fatalf("greater %g, the other way round %g", c.Pooled.Greater, d.Pooled.Less)
		}
		table := Independence([][]int{{a.K, a.N - a.K}, {b.K, b.N - b.K}})
		if math.Abs(table.Statistic-c.ChiSquare.Statistic) > 1e-9*(1+table.Statistic) {
			t.Fatalf("as a table %g, as two rates %g", table.Statistic, c.ChiSquare.Statistic)
		}
	})
}

func TestProportionsAtTheEnds(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name             string
		a, b             Proportion
		flags            Flags
		ratio, low, high float64
	}{
		{"an empty arm", Proportion{3, 10}, Proportion{}, NoValues, 1, 0, inf},
		{"nobody in both", Proportion{0, 10}, Proportion{0, 20}, NoVariation, 1, 0, inf},
		{"everyone in both", Proportion{10, 10}, Proportion{20, 20}, NoVariation, 1, 0, inf},
		{"nobody in a", Proportion{0, 100}, Proportion{20, 100}, 0, 0, 0, inf},
		{"nobody in b", Proportion{20, 100}, Proportion{0, 100}, 0, inf, 0, inf},
		{"few", Proportion{2, 10}, Proportion{1, 10}, SmallCounts, 2, 0.2140, 18.6874},
	} {
		r := CompareProportions(c.a, c.b, 0.95)
		if r.Flags != c.flags {
			t.Errorf("%s: flags %v", c.name, r.Flags.Remarks())
		}
		if r.Ratio.Value != c.ratio || math.Abs(r.Ratio.Low-c.low) > 1e-3 || r.Ratio.High != c.high && math.Abs(r.Ratio.High-c.high) > 1e-3 {
			t.Errorf("%s: ratio %+v", c.name, r.Ratio)
		}
		if noTest := c.flags&(NoValues|NoVariation) != 0; noTest && (r.Pooled.P != 1 || r.Unpooled.P != 1 || r.ChiSquare.P != 1 || r.Yates.P != 1) {
			t.Errorf("%s: %+v", c.name, r)
		}
		if f := FisherExact(c.a, c.b); !(f.P > 0 && f.P <= 1) || math.IsNaN(f.OddsRatio) {
			t.Errorf("%s: Fisher %+v", c.name, f)
		}
	}
	all := CompareProportions(Proportion{100, 100}, Proportion{0, 100}, 0.95)
	if !all.Unpooled.Flags.Has(NoVariation) || all.Unpooled.P != 1 || all.Pooled.P > 1e-40 || all.Difference.High != 1 {
		t.Errorf("everyone against nobody: %+v", all)
	}
	if b := (Proportion{}).Test(0.5); b.P != 1 || !b.Flags.Has(NoValues) {
		t.Errorf("a test of nothing: %+v", b)
	}
	if b := (Proportion{0, 5}).Test(0); b.P != 1 {
		t.Errorf("none of a rate of none: %+v", b)
	}
	if b := (Proportion{1, 5}).Test(0); b.P != 0 {
		t.Errorf("one of a rate of none: %+v", b)
	}
}

func choose(n, k int) *big.Int { return new(big.Int).Binomial(int64(n), int64(k)) }

// slowFisher adds up whole numbers of tables.
func slowFisher(a, b Proportion) (two, greater, less float64) {
	s, n := a.K+b.K, a.N+b.N
	all := new(big.Float).SetInt(choose(n, s))
	here := new(big.Int).Mul(choose(a.N, a.K), choose(b.N, s-a.K))
	add := func(keep func(k int, ways *big.Int) bool) float64 {
		sum := new(big.Int)
		for k := max(0, s-b.N); k <= min(a.N, s); k++ {
			if ways := new(big.Int).Mul(choose(a.N, k), choose(b.N, s-k)); keep(k, ways) {
				sum.Add(sum, ways)
			}
		}
		p, _ := new(big.Float).Quo(new(big.Float).SetInt(sum), all).Float64()
		return p
	}
	return add(func(_ int, ways *big.Int) bool { return ways.Cmp(here) <= 0 }),
		add(func(k int, _ *big.Int) bool { return k >= a.K }),
		add(func(k int, _ *big.Int) bool { return k <= a.K })
}

func TestExactTestsAgainstWholeNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := proportion(t, 60, "a"), proportion(t, 60, "b")
		two, greater, less := slowFisher(a, b)
		f := FisherExact(a, b)
		for _, c := range [][2]float64{{f.P, two}, {f.Greater, greater}, {f.Less, less}} {
			if math.Abs(c[0]-c[1]) > 1e-11*c[1] {
				t.Fatalf("%v against %v: %v, want %g %g %g", a, b, f, two, greater, less)
			}
		}
		if turned := FisherExact(b, a); math.Abs(turned.P-f.P) > 1e-11*f.P {
			t.Fatalf("the other way round: %g, %g", turned.P, f.P)
		}
		// The binomial test at one in two, and at one in three.
		for _, failures := range []int{1, 2} {
			weight := func(k int) *big.Int {
				return new(big.Int).Mul(choose(a.N, k), new(big.Int).Exp(big.NewInt(int64(failures)), big.NewInt(int64(a.N-k)), nil))
			}
			sum := new(big.Int)
			for k := range a.N + 1 {
				if weight(k).Cmp(weight(a.K)) <= 0 {
					sum.Add(sum, weight(k))
				}
			}
			all := new(big.Int).Exp(big.NewInt(int64(failures+1)), big.NewInt(int64(a.N)), nil)
			want, _ := new(big.Rat).SetFrac(sum, all).Float64()
			if got := a.Test(1 / float64(failures+1)).P; math.Abs(got-want) > 1e-11*want {
				t.Fatalf("%v at 1 in %d: %g, want %g", a, failures+1, got, want)
			}
		}
	})
}

// With large counts the exact test and the corrected chi-square say the same.
func TestFisherNearsChiSquare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(500_000, 2_000_000).Draw(t, "n")
		k := rapid.IntRange(n/5, n/2).Draw(t, "k")
		more := rapid.IntRange(0, 3000).Draw(t, "more")
		a, b := Proportion{k + more, n}, Proportion{k, n}
		f, y := FisherExact(a, b).P, CompareProportions(a, b, 0.95).Yates.P
		if math.Abs(math.Log(f)-math.Log(y)) > 0.01 {
			t.Fatalf("%v, %v: Fisher %g, Yates %g", a, b, f, y)
		}
	})
}

func TestMoments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 0, 5000).Draw(t, "values")
		cut := rapid.IntRange(0, len(values)).Draw(t, "cut")
		whole := MomentsOf(values)
		merged := MomentsOf(values[:cut])
		merged.Merge(MomentsOf(values[cut:]))
		var one Moments
		for _, v := range values {
			one.Add(v)
		}
		tallied := TallyOf(values).Moments()
		for name, m := range map[string]Moments{"merged": merged, "one by one": one, "tallied": tallied, "from its moments": MomentsFrom(whole.N, whole.Mean, whole.Variance())} {
			if m.N != whole.N || math.Abs(m.Mean-whole.Mean) > 1e-7 || math.Abs(m.SD()-whole.SD()) > 1e-9*(1+whole.SD()) {
				t.Fatalf("%s: %+v, whole %+v", name, m, whole)
			}
		}
	})
	// A spread of 1 beside a size of 1e9 keeps its digits.
	far := MomentsOf([]float64{1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16})
	check(t, "far from zero", far.Mean, far.Variance())(1e9+10, 30)
	odd := MomentsOf([]float64{1, math.NaN(), 3, math.Inf(1)})
	if odd.N != 2 || odd.Left != 2 || odd.Mean != 2 {
		t.Errorf("what is no number: %+v", odd)
	}
	var m Moments
	m.AddRepeated(0, 5)
	m.AddRepeated(6, 1)
	m.AddRepeated(9, 0)
	m.AddRepeated(math.NaN(), 2)
	check(t, "repeated", float64(m.N), m.Mean, m.Variance(), m.Sum(), float64(m.Left))(6, 1, 6, 6, 2)
	mustPanic(t, "fewer than none", func() { MomentsFrom(-1, 0, 0) })
}

func TestComparisonsOfMeans(t *testing.T) {
	values := func(t *rapid.T, name string) []float64 {
		return rapid.SliceOfN(rapid.Float64Range(-50, 100), 3, 40).Draw(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		x, y := values(t, "x"), values(t, "y")
		a, b := MomentsOf(x), MomentsOf(y)
		if a.SD() < 1e-3 || b.SD() < 1e-3 {
			return
		}
		shift, times := rapid.Float64Range(-1000, 1000).Draw(t, "shift"), rapid.Float64Range(0.01, 100).Draw(t, "times")
		moved := func(values []float64) Moments {
			out := slices.Clone(values)
			for i := range out {
				out[i] = shift + times*out[i]
			}
			return MomentsOf(out)
		}
		for name, test := range map[string]func(a, b Moments, level float64) MeanTest{"Welch": Welch, "Student": Student} {
			r, turned, other := test(a, b, 0.9), test(b, a, 0.9), test(moved(x), moved(y), 0.9)
			if !(r.Low <= r.Difference && r.Difference <= r.High) || !(r.P >= 0 && r.P <= 1) || math.Abs(r.Greater+r.Less-1) > 1e-12 {
				t.Fatalf("%s: %+v", name, r)
			}
			if math.Abs(r.Low+turned.High) > 1e-9 || r.P != turned.P || math.Abs(r.Greater-turned.Less) > 1e-15 {
				t.Fatalf("%s the other way round: %+v, %+v", name, r, turned)
			}
			if math.Abs(other.P-r.P) > 1e-6 || math.Abs(other.CohenD-r.CohenD) > 1e-6*(1+math.Abs(r.CohenD)) || math.Abs(other.Low-times*r.Low) > 1e-6*times*(1+math.Abs(r.Low)) {
				t.Fatalf("%s in other units: %+v, %+v", name, r, other)
			}
			// Zero is in the interval when the test at its level finds nothing.
			if inside := r.Low <= 0 && 0 <= r.High; inside != (r.P >= 0.1) && math.Abs(r.P-0.1) > 1e-9 {
				t.Fatalf("%s: p %g, interval %g to %g", name, r.P, r.Low, r.High)
			}
		}
		// Two groups: F is t squared.
		s, f := Student(a, b, 0.9), ANOVA(a, b)
		if math.Abs(s.P-f.P) > 1e-9 || math.Abs(f.Statistic-s.Statistic*s.Statistic) > 1e-6*(1+f.Statistic) {
			t.Fatalf("Student %+v, ANOVA %+v", s, f)
		}
		w, g := Welch(a, b, 0.9), WelchANOVA(a, b)
		if math.Abs(w.P-g.P) > 1e-9 || math.Abs(w.DF-g.DF2) > 1e-6*w.DF {
			t.Fatalf("Welch %+v, ANOVA %+v", w, g)
		}
	})
}

// Where there is nothing to compare, results say so and stay numbers.
func TestMeansAtTheEnds(t *testing.T) {
	some := MomentsOf([]float64{1, 2, 4})
	one := MomentsOf([]float64{5})
	flatHigh, flatLow := MomentsOf([]float64{0.1, 0.1, 0.1}), MomentsOf([]float64{0, 0, 0, 0})
	for _, c := range []struct {
		name string
		got  MeanTest
		want Flags
	}{
		{"nothing", Welch(Moments{}, some, 0.95), NoValues | TooFew},
		{"one value", Welch(some, one, 0.95), TooFew},
		{"all equal", Welch(flatHigh, flatLow, 0.95), NoVariation},
		{"all zero", Welch(flatLow, flatLow, 0.95), NoVariation},
		{"Student of nothing", Student(Moments{}, some, 0.95), NoValues | TooFew},
		{"Student of one and one", Student(one, one, 0.95), TooFew},
		{"one sample of one", OneSample(one, 3, 0.95), TooFew},
		{"one sample of equals", OneSample(flatHigh, 3, 0.95), NoVariation},
		{"pairs that differ alike", Paired([]float64{1, 2, 3}, []float64{0, 1, 2}, 0.95), NoVariation},
		{"pairs without numbers", Paired([]float64{math.NaN(), 2}, []float64{0, 1}, 0.95), TooFew | LeftOut},
	} {
		if c.got.Flags != c.want || c.got.P != 1 || c.got.Greater != 1 || c.got.Less != 1 || c.got.Statistic != 0 ||
			!math.IsInf(c.got.Low, -1) || !math.IsInf(c.got.High, 1) || math.IsNaN(c.got.Difference) {
			t.Errorf("%s: %+v (%v)", c.name, c.got, c.got.Flags.Remarks())
		}
	}
	// One arm without spread is enough for Welch, and one value for Student.
	if r := Welch(some, flatLow, 0.95); r.Flags != 0 || r.DF != 2 {
		t.Errorf("one arm all zero: %+v", r)
	}
	if r := Student(some, one, 0.95); r.Flags != 0 || r.DF != 2 {
		t.Errorf("one value against three: %+v", r)
	}
	for name, f := range map[string]Flags{
		"ANOVA of one group":   ANOVA(some).Flags &^ NoValues,
		"ANOVA of empty ones":  ANOVA(some, Moments{}).Flags &^ NoValues,
		"Welch of one group":   WelchANOVA(some, one).Flags,
		"Bartlett of one":      Bartlett(some, one).Flags,
		"variances of one":     VarianceRatio(some, one).Flags,
		"Levene of few":        Levene([]float64{1}, []float64{2}).Flags,
		"Kruskal of one group": KruskalWallis(TallyOf([]float64{1, 2}), Tally{}).Flags &^ NoValues,
	} {
		if f != TooFew {
			t.Errorf("%s: %v", name, f.Remarks())
		}
	}
	for name, f := range map[string]Flags{
		"ANOVA of equals":     ANOVA(flatHigh, flatLow).Flags,
		"variances of equals": VarianceRatio(some, flatLow).Flags,
		"Kruskal of equals":   KruskalWallis(TallyOf([]float64{2, 2}), TallyOf([]float64{2})).Flags,
	} {
		if f != NoVariation {
			t.Errorf("%s: %v", name, f.Remarks())
		}
	}
	if r := WelchANOVA(some, some, flatLow); r.P != 1 || r.Flags != NoVariation {
		t.Errorf("a group without spread: %+v", r)
	}
	mustPanic(t, "pairs of different lengths", func() { Paired(make([]float64, 2), make([]float64, 3), 0.9) })
}

func TestRemarks(t *testing.T) {
	all := remarks()
	if OutOfReach != 1<<(len(all)-1) {
		t.Fatalf("%d remarks for flags up to %d", len(all), OutOfReach)
	}
	for i, r := range all {
		got := Flags(1 << i).Remarks()
		if len(got) != 1 || got[0] != r || r.Code == "" || r.En == "" || r.Zh == "" {
			t.Errorf("flag %d: %v", i, got)
		}
	}
	if got := (Ties | NoValues).Remarks(); len(got) != 2 || got[0].Code != "no_values" || got[1].Code != "ties" {
		t.Errorf("two flags: %v", got)
	}
}
