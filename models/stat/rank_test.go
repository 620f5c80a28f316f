package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// arrangements calls f with every choice of k of n places.
func arrangements(n, k int, f func(chosen []bool)) {
	chosen := make([]bool, n)
	var place func(from, left int)
	place = func(from, left int) {
		if left == 0 {
			f(chosen)
			return
		}
		for i := from; i <= n-left; i++ {
			chosen[i] = true
			place(i+1, left-1)
			chosen[i] = false
		}
	}
	place(0, k)
}

func split(values []float64, chosen []bool) (a, b []float64) {
	for i, v := range values {
		if chosen[i] {
			a = append(a, v)
		} else {
			b = append(b, v)
		}
	}
	return a, b
}

// slowU counts pairs.
func slowU(a, b []float64) float64 {
	u := 0.0
	for _, x := range a {
		for _, y := range b {
			switch {
			case x > y:
				u++
			case x == y:
				u += 0.5
			}
		}
	}
	return u
}

// Exact laws agree with counting every arrangement of the values.
func TestExactRanksAgainstArrangements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nA, nB := rapid.IntRange(1, 6).Draw(t, "nA"), rapid.IntRange(1, 6).Draw(t, "nB")
		a := rapid.SliceOfNDistinct(rapid.Float64Range(-9, 9), nA+nB, nA+nB, rapid.ID).Draw(t, "values")
		x, y := a[:nA], a[nA:]
		u := slowU(x, y)
		var all, less, greater float64
		arrangements(nA+nB, nA, func(chosen []bool) {
			s, r := split(a, chosen)
			other := slowU(s, r)
			all++
			if other <= u {
				less++
			}
			if other >= u {
				greater++
			}
		})
		m := MannWhitney(TallyOf(x), TallyOf(y))
		if !m.Exact || m.Statistic != u || math.Abs(m.Less-less/all) > 1e-12 || math.Abs(m.Greater-greater/all) > 1e-12 ||
			math.Abs(m.P-min(1, 2*min(less, greater)/all)) > 1e-12 || math.Abs(m.Superiority-u/float64(nA*nB)) > 1e-12 {
			t.Fatalf("%+v, want U %g, less %g, greater %g", m, u, less/all, greater/all)
		}
	})
}

// slowD is the greatest difference of the shares at or below any value.
func slowD(a, b []float64) float64 {
	share := func(values []float64, v float64) float64 {
		k := 0.0
		for _, w := range values {
			if w <= v {
				k++
			}
		}
		return k / float64(len(values))
	}
	d := 0.0
	for _, v := range append(slices.Clone(a), b...) {
		d = max(d, math.Abs(share(a, v)-share(b, v)))
	}
	return d
}

func TestKolmogorovAgainstArrangements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nA, nB := rapid.IntRange(1, 6).Draw(t, "nA"), rapid.IntRange(1, 6).Draw(t, "nB")
		values := make([]float64, nA+nB)
		for i := range values {
			values[i] = float64(rapid.IntRange(0, 7).Draw(t, "value")) // with ties
		}
		d := slowD(values[:nA], values[nA:])
		var all, reached float64
		arrangements(nA+nB, nA, func(chosen []bool) {
			a, b := split(values, chosen)
			all++
			if slowD(a, b) >= d-1e-9 {
				reached++
			}
		})
		k := KolmogorovSmirnov(TallyOf(values[:nA]), TallyOf(values[nA:]))
		if math.Abs(k.Statistic-d) > 1e-12 || math.Abs(k.P-reached/all) > 1e-12 {
			t.Fatalf("%v, %v: %+v, want D %g p %g", values[:nA], values[nA:], k, d, reached/all)
		}
	})
	near(t, "the limit's two series", kolmogorovTail(0.9999999999), kolmogorovTail(1), 1e-9)
	if kolmogorovTail(0.1) != 1 || kolmogorovTail(8) > 1e-55 {
		t.Error("ends of Kolmogorov's law")
	}
}

func TestSignedRanksAgainstSigns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "n")
		d := make([]float64, n)
		for i := range d {
			d[i] = float64(rapid.IntRange(-6, 6).Draw(t, "difference"))
		}
		plus := func(d []float64) float64 {
			sum := 0.0
			for _, v := range d {
				if v <= 0 {
					continue
				}
				rank := 0.5
				for _, w := range d {
					switch {
					case w != 0 && math.Abs(w) < v:
						rank++
					case math.Abs(w) == v:
						rank += 0.5
					}
				}
				sum += rank
			}
			return sum
		}
		w := WilcoxonSigned(d, make([]float64, n))
		if w.Used == 0 {
			if w.Flags != NoVariation || w.P != 1 {
				t.Fatalf("no differences: %+v", w)
			}
			return
		}
		var all, less, greater float64
		for signs := range 1 << n {
			other := make([]float64, n)
			for i, v := range d {
				if other[i] = math.Abs(v); signs>>i&1 == 1 {
					other[i] = -other[i]
				}
			}
			all++
			if plus(other) <= plus(d) {
				less++
			}
			if plus(other) >= plus(d) {
				greater++
			}
		}
		if w.Plus != plus(d) || math.Abs(w.Less-less/all) > 1e-12 || math.Abs(w.Greater-greater/all) > 1e-12 {
			t.Fatalf("%v: %+v, want %g, %g, %g", d, w, plus(d), less/all, greater/all)
		}
	})
	if w := WilcoxonSigned(nil, nil); w.Flags != NoValues || w.P != 1 {
		t.Errorf("no pairs: %+v", w)
	}
	if w := WilcoxonSigned([]float64{math.NaN(), 3}, []float64{1, 1}); w.Used != 1 || w.Flags != LeftOut {
		t.Errorf("what is no number: %+v", w)
	}
	mustPanic(t, "pairs of different lengths", func() { WilcoxonSigned(make([]float64, 1), nil) })
	long, short := make([]float64, 200), make([]float64, 200)
	for i := range long {
		long[i] = float64(i%7) - 2
	}
	if w := WilcoxonSigned(long, short); w.Exact || !w.Flags.Has(Ties) || w.P != w.Corrected.P {
		t.Errorf("many tied pairs: %+v", w)
	}
}

// Ranks know nothing of scale, and two samples share what there is.
func TestRankTestsByOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) []float64 {
			values := rapid.SliceOfN(rapid.IntRange(0, 30), 1, 80).Draw(t, name)
			out := make([]float64, len(values))
			for i, v := range values {
				out[i] = float64(v)
			}
			return out
		}
		x, y := draw("x"), draw("y")
		m, turned := MannWhitney(TallyOf(x), TallyOf(y)), MannWhitney(TallyOf(y), TallyOf(x))
		if m.Statistic != slowU(x, y) || m.Statistic+turned.Statistic != float64(len(x)*len(y)) {
			t.Fatalf("U %g and %g, want %g", m.Statistic, turned.Statistic, slowU(x, y))
		}
		if math.Abs(m.P-turned.P) > 1e-12 || math.Abs(m.Greater-turned.Less) > 1e-12 || !(m.P >= 0 && m.P <= 1) {
			t.Fatalf("the other way round: %+v, %+v", m, turned)
		}
		cubed := func(values []float64) Tally {
			out := slices.Clone(values)
			for i, v := range out {
				out[i] = v*v*v - 5
			}
			return TallyOf(out)
		}
		if other := MannWhitney(cubed(x), cubed(y)); other != m {
			t.Fatalf("on another scale: %+v, %+v", m, other)
		}
		k, j := KolmogorovSmirnov(TallyOf(x), TallyOf(y)), KolmogorovSmirnov(cubed(x), cubed(y))
		if k.P != j.P || !(k.P >= 0 && k.P <= 1) {
			t.Fatalf("Kolmogorov on another scale: %+v, %+v", k, j)
		}
		// Two groups: H is z squared, without continuity correction.
		h := KruskalWallis(TallyOf(x), TallyOf(y))
		if h.Flags == 0 && math.Abs(h.P-m.Uncorrected.P) > 1e-9 {
			t.Fatalf("Kruskal-Wallis %+v, Mann-Whitney %+v", h, m)
		}
	})
	if m := MannWhitney(TallyOf([]float64{2, 2}), TallyOf([]float64{2})); m.P != 1 || m.Flags != NoVariation || m.Superiority != 0.5 {
		t.Errorf("all equal: %+v", m)
	}
	if m := MannWhitney(Tally{}, TallyOf([]float64{2})); m.P != 1 || !m.Flags.Has(NoValues) {
		t.Errorf("an empty arm: %+v", m)
	}
	if k := KolmogorovSmirnov(Tally{}, TallyOf([]float64{2})); k.P != 1 || !k.Flags.Has(NoValues) {
		t.Errorf("an empty arm: %+v", k)
	}
	if k := KolmogorovSmirnov(TallyOf([]float64{2, 2}), TallyOf([]float64{2})); k.P != 1 || k.Flags != NoVariation {
		t.Errorf("all equal: %+v", k)
	}
	if k := KruskalWallis(); k.P != 1 || k.Flags != TooFew {
		t.Errorf("no groups: %+v", k)
	}
}

// The normal approximation takes over where the exact law ends without a jump.
func TestRankApproximationMeetsTheExactLaw(t *testing.T) {
	a, b := make([]float64, 50), make([]float64, 50)
	for i := range a {
		a[i], b[i] = float64(i)*1.37+0.01, float64(i)*1.21
	}
	m := MannWhitney(TallyOf(a), TallyOf(b))
	if !m.Exact || math.Abs(m.P-m.Corrected.P) > 0.002 {
		t.Errorf("exact %v: p %g, normal %g", m.Exact, m.P, m.Corrected.P)
	}
	if far := MannWhitney(TallyOf([]float64{1, 2, 3}), TallyOf([]float64{4, 5, 6})); math.Abs(far.P-0.1) > 1e-12 {
		t.Errorf("apart: p %g, want 2/20", far.P)
	}
}

func TestTally(t *testing.T) {
	got := TallyOf([]float64{0, 3, -1, math.NaN(), 0, 3, math.Copysign(0, -1), math.Inf(1)})
	if !slices.Equal(got.Values, []float64{-1, 0, 3}) || !slices.Equal(got.Counts, []int{1, 3, 2}) || got.Left != 2 || got.N() != 6 {
		t.Errorf("%+v", got)
	}
	if got := TallyOf([]float64{-2, 0}); !slices.Equal(got.Values, []float64{-2, 0}) {
		t.Errorf("zero last: %+v", got)
	}
	if got := TallyOf(nil); got.N() != 0 || got.Moments() != (Moments{}) {
		t.Errorf("nothing: %+v", got)
	}
	for name, bad := range map[string]Tally{
		"out of order":   {Values: []float64{2, 1}, Counts: []int{1, 1}},
		"twice the same": {Values: []float64{2, 2}, Counts: []int{1, 1}},
		"no count":       {Values: []float64{2}, Counts: []int{0}},
		"no number":      {Values: []float64{math.NaN()}, Counts: []int{1}},
		"a count short":  {Values: []float64{2}},
	} {
		mustPanic(t, name, func() { MannWhitney(bad, TallyOf([]float64{1})) })
	}
}

func TestTables(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, c := rapid.IntRange(2, 5).Draw(t, "rows"), rapid.IntRange(2, 5).Draw(t, "columns")
		table, turned := make([][]int, r), make([][]int, c)
		for j := range turned {
			turned[j] = make([]int, r)
		}
		for i := range table {
			table[i] = make([]int, c)
			for j := range table[i] {
				table[i][j] = rapid.IntRange(0, 40).Draw(t, "count")
				turned[j][i] = table[i][j]
			}
		}
		for name, test := range map[string]func([][]int) TableTest{"chi-square": Independence, "G": GTest} {
			x, y := test(table), test(turned)
			if !(x.P >= 0 && x.P <= 1) || !(x.CramersV >= 0 && x.CramersV <= 1) || math.IsNaN(x.Statistic) {
				t.Fatalf("%s: %+v", name, x)
			}
			if math.Abs(x.Statistic-y.Statistic) > 1e-9*(1+x.Statistic) || x.DF != y.DF || x.Flags != y.Flags {
				t.Fatalf("%s turned: %+v, %+v", name, x, y)
			}
			// An empty row says nothing, but is mentioned.
			more := test(append(slices.Clone(table), make([]int, c)))
			if more.Statistic != x.Statistic || more.DF != x.DF || !more.Flags.Has(EmptyMargin) {
				t.Fatalf("%s with an empty row: %+v, %+v", name, x, more)
			}
		}
	})
	same := Independence([][]int{{10, 20}, {20, 40}})
	if same.Statistic != 0 || same.P != 1 || same.CramersV != 0 || same.MinExpected != 10 || same.Flags != 0 {
		t.Errorf("in proportion: %+v", same)
	}
	if one := Independence([][]int{{50, 0}, {0, 50}}); one.CramersV != 1 {
		t.Errorf("one determines the other: %+v", one)
	}
	if few := Independence([][]int{{2, 20}, {1, 30}}); few.Flags != SmallCounts || few.FewExpected != 0.5 {
		t.Errorf("few: %+v", few)
	}
	for name, c := range map[string]struct {
		table [][]int
		want  Flags
	}{
		"nothing":    {nil, NoValues},
		"only zeros": {[][]int{{0, 0}, {0, 0}}, NoValues | EmptyMargin},
		"one row":    {[][]int{{3, 4}}, NoVariation},
		"one in use": {[][]int{{3, 4}, {0, 0}}, NoVariation | EmptyMargin},
	} {
		if got := Independence(c.table); got.Flags != c.want || got.P != 1 || got.CramersV != 0 {
			t.Errorf("%s: %+v (%v)", name, got, got.Flags.Remarks())
		}
	}
	mustPanic(t, "ragged", func() { Independence([][]int{{1, 2}, {1}}) })
	mustPanic(t, "below zero", func() { GTest([][]int{{1, 2}, {1, -1}}) })

	if got := GoodnessOfFit(nil, nil); got.Flags != NoValues || got.P != 1 {
		t.Errorf("no counts: %+v", got)
	}
	if got := GoodnessOfFit([]int{7}, nil); got.Flags != NoVariation || got.P != 1 {
		t.Errorf("one count: %+v", got)
	}
	if got := GoodnessOfFit([]int{3, 2}, []float64{0.5, 0.5}); got.Flags != SmallCounts {
		t.Errorf("few: %+v", got)
	}
	mustPanic(t, "a weight of none", func() { GoodnessOfFit([]int{3, 2}, []float64{1, 0}) })
	mustPanic(t, "a weight too few", func() { GoodnessOfFit([]int{3, 2}, []float64{1}) })
	if _, mismatch := SampleRatio([]int{50_500, 49_100}, nil); !mismatch {
		t.Error("50,500 to 49,100 of one to one is no mismatch")
	}
	if _, mismatch := SampleRatio([]int{90_300, 9_700}, []float64{9, 1}); mismatch {
		t.Error("90,300 to 9,700 of nine to one is a mismatch")
	}

	if m := McNemar(0, 0); m.P != 1 || m.Exact.P != 1 || m.Flags != NoVariation {
		t.Errorf("nobody changed: %+v", m)
	}
	if m := McNemar(3, 1); m.Flags != SmallCounts || math.Abs(m.Exact.P-0.625) > 1e-12 {
		t.Errorf("three one way: %+v", m)
	}
	mustPanic(t, "fewer than none", func() { McNemar(-1, 3) })
}

// slowKendall looks at every pair.
func slowKendall(a, b []float64) float64 {
	var s, inA, inB float64
	for i := range a {
		for j := range i {
			x, y := a[i]-a[j], b[i]-b[j]
			switch {
			case x*y > 0:
				s++
			case x*y < 0:
				s--
			}
			if x != 0 {
				inA++
			}
			if y != 0 {
				inB++
			}
		}
	}
	return s / math.Sqrt(inA*inB)
}

func TestCorrelations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(3, 70).Draw(t, "n")
		a, b := make([]float64, n), make([]float64, n)
		for i := range a {
			a[i], b[i] = float64(rapid.IntRange(0, 12).Draw(t, "a")), float64(rapid.IntRange(0, 9).Draw(t, "b"))
		}
		k := Kendall(a, b)
		if k.Flags.Has(NoVariation) {
			return
		}
		if math.Abs(k.Statistic-slowKendall(a, b)) > 1e-12 || !(k.P >= 0 && k.P <= 1) {
			t.Fatalf("tau %g, by pairs %g", k.Statistic, slowKendall(a, b))
		}
		negative := make([]float64, n)
		for i, v := range b {
			negative[i] = -v
		}
		for name, of := range map[string]func(a, b []float64) CorrelationTest{
			"Kendall":  Kendall,
			"Pearson":  func(a, b []float64) CorrelationTest { return Pearson(a, b, 0.95) },
			"Spearman": func(a, b []float64) CorrelationTest { return Spearman(a, b, 0.95) },
		} {
			r, turned, mirrored := of(a, b), of(b, a), of(a, negative)
			if !(-1 <= r.Low && r.Low <= r.Statistic && r.Statistic <= r.High && r.High <= 1) || !(r.P >= 0 && r.P <= 1) {
				t.Fatalf("%s: %+v", name, r)
			}
			if math.Abs(r.P-turned.P) > 1e-9 || math.Abs(r.Statistic+mirrored.Statistic) > 1e-9 || math.Abs(r.Greater-mirrored.Less) > 1e-9 {
				t.Fatalf("%s: %+v, turned %+v, mirrored %+v", name, r, turned, mirrored)
			}
		}
	})
	up, down := []float64{1, 2, 3, 4}, []float64{8, 6, 4, 2}
	for name, r := range map[string]CorrelationTest{"Pearson": Pearson(up, down, 0.9), "Spearman": Spearman(up, down, 0.9), "Kendall": Kendall(up, down)} {
		if r.Statistic != -1 || r.P > 0.1 || r.Flags != 0 {
			t.Errorf("%s of a falling line: %+v", name, r)
		}
	}
	if k := Kendall(up, down); !k.Exact || math.Abs(k.Less-1.0/24) > 1e-12 || k.Greater != 1 {
		t.Errorf("one order of 24: %+v", k)
	}
	nan := math.NaN()
	for name, c := range map[string]struct {
		got  CorrelationTest
		want Flags
	}{
		"nothing":        {Pearson(nil, nil, 0.9), NoValues | TooFew},
		"two pairs":      {Spearman([]float64{1, 2}, []float64{1, 2}, 0.9), TooFew},
		"constant":       {Pearson(up, []float64{1, 1, 1, 1}, 0.9), NoVariation},
		"constant ranks": {Spearman(up, []float64{1, 1, 1, 1}, 0.9), NoVariation},
		"constant tau":   {Kendall(up, []float64{1, 1, 1, 1}), NoVariation},
		"one pair":       {Kendall([]float64{1}, []float64{2}), TooFew},
		"no pair":        {Kendall([]float64{nan}, []float64{2}), NoValues | TooFew | LeftOut},
	} {
		if c.got.Flags != c.want || c.got.P != 1 || c.got.Statistic != 0 || c.got.Low != -1 || c.got.High != 1 {
			t.Errorf("%s: %+v (%v)", name, c.got, c.got.Flags.Remarks())
		}
	}
	if r := Pearson([]float64{1, nan, 3, 4, 5}, []float64{2, 9, 3, math.Inf(1), 9}, 0.9); r.N != 3 || r.Flags != LeftOut {
		t.Errorf("pairs without numbers: %+v", r)
	}
	mustPanic(t, "different lengths", func() { Kendall(up, up[:2]) })
}

// Adjusted p-values as the closure of all subsets: a hypothesis falls when
// every set that has it falls, by Simes' test (Hommel) or Bonferroni's (Holm).
func closure(p []float64, subset func(sorted []float64) float64) []float64 {
	out := make([]float64, len(p))
	for set := 1; set < 1<<len(p); set++ {
		var chosen []float64
		for i, v := range p {
			if set>>i&1 == 1 {
				chosen = append(chosen, v)
			}
		}
		slices.Sort(chosen)
		all := min(1, subset(chosen))
		for i := range p {
			if set>>i&1 == 1 {
				out[i] = max(out[i], all)
			}
		}
	}
	return out
}

func TestMultipleComparisons(t *testing.T) {
	methods := map[string]func([]float64) []float64{
		"Bonferroni": Bonferroni, "Sidak": Sidak, "Holm": Holm, "Hommel": Hommel, "BH": BenjaminiHochberg, "BY": BenjaminiYekutieli,
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Float64Range(0, 1), 0, 8).Draw(t, "p")
		adjusted := map[string][]float64{}
		for name, of := range methods {
			q := of(p)
			adjusted[name] = q
			for i := range p {
				if !(q[i] >= p[i]*(1-1e-12) && q[i] <= 1) {
					t.Fatalf("%s: %g becomes %g", name, p[i], q[i])
				}
				for j := range p {
					if p[i] < p[j] && q[i] > q[j] {
						t.Fatalf("%s changes the order of %v: %v", name, p, q)
					}
				}
			}
			turned := slices.Clone(p)
			slices.Reverse(turned)
			back := of(turned)
			slices.Reverse(back)
			for i := range q {
				if math.Abs(q[i]-back[i]) > 1e-15 {
					t.Fatalf("%s depends on the order of %v: %v, %v", name, p, q, back)
				}
			}
		}
		for i := range p {
			bonferroni, holm, hommel := adjusted["Bonferroni"][i], adjusted["Holm"][i], adjusted["Hommel"][i]
			if holm > bonferroni+1e-15 || hommel > holm+1e-15 || adjusted["BH"][i] > hommel+1e-15 || adjusted["BH"][i] > adjusted["BY"][i]+1e-15 ||
				adjusted["Sidak"][i] > bonferroni+1e-15 {
				t.Fatalf("%v: %v", p, adjusted)
			}
		}
		for name, want := range map[string][]float64{
			"Hommel": closure(p, func(sorted []float64) float64 {
				least := 1.0
				for i, v := range sorted {
					least = min(least, float64(len(sorted))*v/float64(i+1))
				}
				return least
			}),
			"Holm": closure(p, func(sorted []float64) float64 { return float64(len(sorted)) * sorted[0] }),
		} {
			for i := range p {
				if math.Abs(adjusted[name][i]-want[i]) > 1e-12 {
					t.Fatalf("%s of %v: %v, by closure %v", name, p, adjusted[name], want)
				}
			}
		}
	})
	tiny := Sidak([]float64{1e-200, 0.5})
	relative(t, "a tiny p", tiny[0], 2e-200, 1e-12)
	for name, of := range methods {
		if got := of([]float64{0.03}); len(got) != 1 || math.Abs(got[0]-0.03) > 1e-15 {
			t.Errorf("%s of one: %v", name, got)
		}
		mustPanic(t, name, func() { of([]float64{0.5, math.NaN()}) })
	}
}

// The share of false alarms among hypotheses that hold is what Holm promises,
// and among findings what Benjamini and Hochberg do.
func TestFalseAlarmsOfManyTests(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	const runs, holding, others = 2000, 12, 8
	anyFalse, shareFalse := 0, 0.0
	for range runs {
		p := make([]float64, holding+others)
		for i := range p {
			z := rng.NormFloat64()
			if i >= holding {
				z += 3
			}
			p[i] = NormalTail(z)
		}
		holm, bh := Holm(p), BenjaminiHochberg(p)
		falseHolm, found, wrong := false, 0.0, 0.0
		for i := range p {
			falseHolm = falseHolm || i < holding && holm[i] < 0.05
			if bh[i] < 0.05 {
				found++
				if i < holding {
					wrong++
				}
			}
		}
		if falseHolm {
			anyFalse++
		}
		shareFalse += wrong / max(1, found)
	}
	if share := float64(anyFalse) / runs; share > 0.055 || share < 0.02 {
		t.Errorf("Holm raises a false alarm in %g of runs", share)
	}
	// 0.05 of the share that holds, 0.03.
	near(t, "false among found", shareFalse/runs, 0.03, 0.006)
}
