package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestPowerAndSizesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p1 := rapid.Float64Range(0.01, 0.9).Draw(t, "p1")
		p2 := min(0.99, p1+rapid.Float64Range(0.02, 0.3).Draw(t, "d"))
		ratio := math.Exp(rapid.Float64Range(-2, 2).Draw(t, "log ratio"))
		alpha := rapid.SampledFrom([]float64{0.01, 0.05, 0.1}).Draw(t, "alpha")
		power := rapid.Float64Range(0.6, 0.99).Draw(t, "power")
		n := SizePooled(p1, p2, ratio, alpha, power)
		// The formula for the size leaves out findings the wrong way round.
		pooled := (p1 + ratio*p2) / (1 + ratio)
		wrong := NormalTail((-NormalQuantile(alpha/2)*math.Sqrt(pooled*(1-pooled)*(1+1/ratio)/n) + p2 - p1) / math.Sqrt((p1*(1-p1)+p2*(1-p2)/ratio)/n))
		if got := ProportionPower(p1, p2, n, n*ratio, alpha); math.Abs(got-wrong-power) > 1e-11 {
			t.Fatalf("power %g at the size for %g", got-wrong, power)
		}
		if a, u := SizeArcsine(p1, p2, ratio, alpha, power), SizeUnpooled(p1, p2, ratio, alpha, power); ratio > 0.8 && ratio < 1.25 && (a > 1.5*n || u > 1.5*n || a < n/1.5 || u < n/1.5) {
			t.Fatalf("sizes far apart: pooled %g, arcsine %g, unpooled %g", n, a, u)
		}
		d := rapid.Float64Range(0.1, 2).Draw(t, "effect")
		size := TTestSize(d, ratio, alpha, power)
		if got := TTestPower(d, size, ratio*size, alpha); math.Abs(got-power) > 1e-9 {
			t.Fatalf("power %g of the t test at the size for %g", got, power)
		}
		// The smallest difference is the one that has the power, and more customers find less.
		n1, n2 := rapid.IntRange(50, 100_000).Draw(t, "n1"), rapid.IntRange(50, 100_000).Draw(t, "n2")
		found, more := DetectableRate(p1, n1, n2, alpha, power), DetectableRate(p1, 2*n1, 2*n2, alpha, power)
		if found.Up > 0 {
			if got := ProportionPower(p1+found.Up, p1, float64(n1), float64(n2), alpha); math.Abs(got-power) > 1e-9 {
				t.Fatalf("power %g at the smallest rise %g", got, found.Up)
			}
			if more.Up >= found.Up {
				t.Fatalf("twice the customers find %g, not %g", more.Up, found.Up)
			}
		} else if !found.Flags.Has(OutOfReach) || ProportionPower(1, p1, float64(n1), float64(n2), alpha) > power {
			t.Fatalf("out of reach: %+v", found)
		}
		if found.Down > 0 {
			if got := ProportionPower(p1-found.Down, p1, float64(n1), float64(n2), alpha); math.Abs(got-power) > 1e-9 {
				t.Fatalf("power %g at the smallest fall %g", got, found.Down)
			}
		}
		m := DetectableMean(40, n1, n2, alpha, power)
		if got := TTestPower(m.Up/40, float64(n1), float64(n2), alpha); math.Abs(got-power) > 1e-9 || m.Up != m.Down {
			t.Fatalf("power %g at the smallest mean difference %+v", got, m)
		}
	})
}

func TestDesignsAtTheEnds(t *testing.T) {
	for name, n := range map[string]float64{
		"equal rates": SizePooled(0.1, 0.1, 1, 0.05, 0.8), "equal rates, arcsine": SizeArcsine(0.1, 0.1, 1, 0.05, 0.8), "no effect": TTestSize(0, 1, 0.05, 0.8),
	} {
		if !math.IsInf(n, 1) {
			t.Errorf("%s: %g customers", name, n)
		}
	}
	for name, p := range map[string]float64{
		"nobody": ProportionPower(0.1, 0.2, 0, 10, 0.05), "no difference, no variance": ProportionPower(0, 0, 10, 10, 0.05), "two customers": TTestPower(1, 1, 1, 0.05),
	} {
		if p != 0 {
			t.Errorf("%s: power %g", name, p)
		}
	}
	if p := ProportionPower(1, 0, 10, 10, 0.05); p != 1 {
		t.Errorf("all against none: power %g", p)
	}
	near(t, "no difference is found as often as allowed", ProportionPower(0.3, 0.3, 500, 70, 0.05), 0.05, 1e-12)
	near(t, "no difference of means", TTestPower(0, 20, 70, 0.05), 0.05, 1e-12)
	if d := DetectableRate(0.1, 2, 2, 0.05, 0.8); d.Flags != OutOfReach || d.Up != 0 {
		t.Errorf("two customers: %+v", d)
	}
	if d := DetectableRate(0, 1000, 1000, 0.05, 0.8); d.Up <= 0 || d.Down != 0 || d.Flags != 0 {
		t.Errorf("a base of none: %+v", d)
	}
	if d := DetectableRate(0.1, 0, 1000, 0.05, 0.8); d.Flags != OutOfReach {
		t.Errorf("no treated: %+v", d)
	}
	if d := DetectableMean(3, 1, 1, 0.05, 0.8); d.Flags != OutOfReach {
		t.Errorf("one and one: %+v", d)
	}
	if d := DetectableMean(0, 100, 100, 0.05, 0.8); d.Up != 0 || d.Flags != 0 {
		t.Errorf("no spread: %+v", d)
	}
	if d := DetectableRate(0.1, 100, 100, 0.05, 0.04); d != (Detectable{}) {
		t.Errorf("less power than chance: %+v", d)
	}
	mustPanic(t, "power 1", func() { SizePooled(0.1, 0.2, 1, 0.05, 1) })
	mustPanic(t, "alpha 0", func() { TTestPower(1, 5, 5, 0) })
	mustPanic(t, "a rate of 2", func() { ProportionPower(2, 0.1, 5, 5, 0.05) })
	mustPanic(t, "no second arm", func() { TTestSize(1, 0, 0.05, 0.8) })
	mustPanic(t, "no deviation", func() { DetectableMean(math.NaN(), 5, 5, 0.05, 0.8) })
}

// The pooled test finds the smallest detectable rise as often as the formula
// says, and raises false alarms as often as allowed.
func TestPowerBySimulation(t *testing.T) {
	const n1, n2, base, runs = 9000, 1000, 0.08, 4000
	d := DetectableRate(base, n1, n2, 0.05, 0.8)
	rng := rand.NewPCG(11, 3)
	found, alarms := 0, 0
	for range runs {
		control := Proportion{int(binomial(rng, n2, base)), n2}
		if CompareProportions(Proportion{int(binomial(rng, n1, base+d.Up)), n1}, control, 0.95).Pooled.P < 0.05 {
			found++
		}
		if CompareProportions(Proportion{int(binomial(rng, n1, base)), n1}, control, 0.95).Pooled.P < 0.05 {
			alarms++
		}
	}
	near(t, "power", float64(found)/runs, 0.8, 0.025)
	near(t, "false alarms", float64(alarms)/runs, 0.05, 0.012)
}

func TestBinomialDraws(t *testing.T) {
	for _, c := range []struct{ n, p float64 }{{20, 0.3}, {1000, 0.004}, {300, 0.5}, {5000, 0.93}, {1e6, 2e-5}, {1e6, 0.25}} {
		rng := rand.NewPCG(5, uint64(c.n))
		const draws = 40_000
		sd := math.Sqrt(c.n * c.p * (1 - c.p))
		// Classes of about half a standard deviation around the mean, open at the ends.
		width := max(1, math.Round(sd/2))
		low := math.Floor(c.n*c.p - 4*width)
		counts, weights := make([]int, 10), make([]float64, 10)
		class := func(k float64) int { return int(min(max(math.Floor((k-low)/width), -1), 8)) + 1 }
		for range draws {
			counts[class(binomial(rng, c.n, c.p))]++
		}
		for k := max(0, math.Floor(c.n*c.p-12*sd)); k <= min(c.n, c.n*c.p+12*sd+10); k++ {
			weights[class(k)] += math.Exp(logBinomialTerm(k, c.n-k, c.p, 1-c.p))
		}
		var kept []int
		var expected []float64
		for i, w := range weights {
			if w*draws >= 5 {
				kept, expected = append(kept, counts[i]), append(expected, w)
			}
		}
		if fit := GoodnessOfFit(kept, expected); fit.P < 1e-3 {
			t.Errorf("binomial(%g, %g): chi-square %g of %g, p %g", c.n, c.p, fit.Statistic, fit.DF, fit.P)
		}
	}
	rng := rand.NewPCG(1, 1)
	if binomial(rng, 0, 0.5) != 0 || binomial(rng, 7, 0) != 0 || binomial(rng, 7, 1) != 7 {
		t.Error("draws at the ends")
	}
}

// Read at every one of 60 looks, the fixed test raises false alarms far more
// often than 5 %, the always-valid p does not; and its intervals together cover the
// truth.
func TestPeeking(t *testing.T) {
	const runs, looks, batch, rate = 600, 60, 400, 0.1
	rng := rand.NewPCG(3, 9)
	for _, lift := range []float64{0, 0.01} {
		m := Mixture{Tau: TauFor(2*rate*(1-rate)/(looks*batch), 0.05)}
		fixed, valid, missed := 0, 0, 0
		for range runs {
			var s Sequence
			a, b := Proportion{}, Proportion{}
			early := false
			for range looks {
				a.K, a.N = a.K+int(binomial(rng, batch, rate+lift)), a.N+batch
				b.K, b.N = b.K+int(binomial(rng, batch, rate)), b.N+batch
				before := s
				s.Add(m.Proportions(a, b))
				if before.Looks > 0 && (s.P > before.P || s.Difference.Low < before.Difference.Low || s.Difference.High > before.Difference.High) {
					t.Fatalf("%+v after %+v", s, before)
				}
				early = early || CompareProportions(a, b, 0.95).Pooled.P < 0.05
			}
			if early {
				fixed++
			}
			if s.P < 0.05 {
				valid++
			}
			if s.Difference.Low > lift || s.Difference.High < lift {
				missed++
			}
		}
		if missed > runs*0.05*1.4 {
			t.Errorf("lift %g: the sequence misses it in %d of %d", lift, missed, runs)
		}
		if lift == 0 && (valid > runs*0.05*1.4 || fixed < runs*0.2) {
			t.Errorf("false alarms: always valid %d, fixed %d, of %d", valid, fixed, runs)
		}
		if lift > 0 && valid < runs/2 {
			t.Errorf("a lift of %g is found in %d of %d", lift, valid, runs)
		}
	}
}

func TestSequentialLooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.Float64Range(-5, 5).Draw(t, "difference")
		v := math.Exp(rapid.Float64Range(-12, 2).Draw(t, "log variance"))
		tau := math.Exp(rapid.Float64Range(-6, 2).Draw(t, "log tau"))
		l, turned := Mixture{Tau: tau}.At(d, v), Mixture{Tau: tau}.At(-d, v)
		if l.P != turned.P || !(l.P >= 0 && l.P <= 1) {
			t.Fatalf("%+v, turned %+v", l, turned)
		}
		// Zero is in the interval when the p is not below alpha.
		if inside := math.Abs(d) <= l.HalfWidth; inside != (l.P >= 0.05) && math.Abs(l.P-0.05) > 1e-9 {
			t.Fatalf("%+v", l)
		}
		scaled := Mixture{Tau: 10 * tau}.At(10*d, 100*v)
		if math.Abs(scaled.P-l.P) > 1e-9 || math.Abs(scaled.HalfWidth-10*l.HalfWidth) > 1e-8*l.HalfWidth {
			t.Fatalf("in other units: %+v, %+v", l, scaled)
		}
		best := TauFor(v, 0.05)
		at := func(times float64) float64 { return Mixture{Tau: best * times}.At(0, v).HalfWidth }
		if at(1) > at(1.05) || at(1) > at(1/1.05) {
			t.Fatalf("tau %g is not the best: %g, beside %g and %g", best, at(1), at(1.05), at(1/1.05))
		}
	})
	m := Mixture{Tau: 0.1}
	for name, l := range map[string]Look{
		"no customers": m.Proportions(Proportion{}, Proportion{1, 2}), "nobody buys": m.Proportions(Proportion{0, 50}, Proportion{0, 50}),
		"one value": m.Means(MomentsOf([]float64{1}), MomentsOf([]float64{1, 2})), "no spread": m.At(3, 0),
	} {
		if l.P != 1 || l.Flags == 0 || l.Difference.Low > -1 || l.Difference.High < 1 {
			t.Errorf("%s: %+v", name, l)
		}
	}
	if l := m.Proportions(Proportion{3, 50}, Proportion{30, 50}); !l.Flags.Has(SmallCounts) || l.Flags != l.Difference.Flags {
		t.Errorf("three of fifty: %+v", l)
	}
	if far := (Mixture{Tau: 1}).At(50, 1); far.P > 1e-260 || !(far.P > 0) {
		t.Errorf("far out: %+v", far)
	}
	if far := (Mixture{Tau: 1}).At(500, 1); far.P != 0 || math.IsInf(far.Lambda, 1) {
		t.Errorf("farther than numbers go: %+v", far)
	}
	a, b := MomentsOf([]float64{1, 2, 6}), MomentsOf([]float64{0, 1, 1, 2})
	if got, want := m.Means(a, b), m.At(2, a.Variance()/3+b.Variance()/4); got != want {
		t.Errorf("means: %+v, want %+v", got, want)
	}
	mustPanic(t, "no tau", func() { Mixture{}.At(1, 1) })
	mustPanic(t, "no variance", func() { TauFor(0, 0.05) })
	var s Sequence
	s.Add(Look{P: 0.3, Difference: Estimate{Value: 1, Low: -2, High: 4}})
	s.Add(Look{P: 0.7, Difference: Estimate{Value: 0.5, Low: -1, High: 5}})
	if s.P != 0.3 || s.Looks != 2 || s.Difference != (Estimate{Value: 0.5, Low: -1, High: 4}) {
		t.Errorf("two looks: %+v", s)
	}
}

func TestCUPED(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	arm := func(n int, lift float64) (y, x, z []float64) {
		for range n {
			u, v := rng.NormFloat64(), rng.NormFloat64()
			x, z = append(x, u+50), append(z, 3*v-u)
			y = append(y, 2*u+v+lift+2*rng.NormFloat64())
		}
		return y, x, z
	}
	y1, x1, z1 := arm(3000, 0.5)
	y2, x2, z2 := arm(2000, 0)
	a, b := ComomentsOf(y1, x1, z1), ComomentsOf(y2, x2, z2)
	r := CUPED(a, b, 0.95)
	// y is 7/3 u + (3v - u)/3 + noise of variance 4 of 9.
	near(t, "theta of x", r.Theta[0], 7.0/3, 0.12)
	near(t, "theta of z", r.Theta[1], 1.0/3, 0.05)
	near(t, "reduction", r.Reduction, 5.0/9, 0.03)
	if ratio := (r.High - r.Low) / (r.Raw.High - r.Raw.Low); math.Abs(ratio-math.Sqrt(1-r.Reduction)) > 0.02 || r.Flags != 0 {
		t.Errorf("the interval shrinks by %g, reduction %g, %v", ratio, r.Reduction, r.Flags.Remarks())
	}
	// By hand: Welch on adjusted rows.
	all := a.clone()
	all.Merge(b)
	byRow := func(y, x, z []float64) Moments {
		out := make([]float64, len(y))
		for i := range y {
			out[i] = y[i] - r.Theta[0]*(x[i]-all.Means[1]) - r.Theta[1]*(z[i]-all.Means[2])
		}
		return MomentsOf(out)
	}
	hand := Welch(byRow(y1, x1, z1), byRow(y2, x2, z2), 0.95)
	for _, c := range [][2]float64{{r.Difference, hand.Difference}, {r.Low, hand.Low}, {r.Statistic, hand.Statistic}, {r.DF, hand.DF}} {
		near(t, "by rows", c[0], c[1], 1e-9)
	}
	raw := Welch(MomentsOf(y1), MomentsOf(y2), 0.95)
	near(t, "raw", r.Raw.Statistic, raw.Statistic, 1e-9)

	// Covariates in other units, in other order, twice, and one that is constant.
	scaled := func(x []float64) []float64 {
		out := slices.Clone(x)
		for i := range out {
			out[i] = 1e6 - 1000*out[i]
		}
		return out
	}
	other := CUPED(ComomentsOf(y1, z1, scaled(x1)), ComomentsOf(y2, z2, scaled(x2)), 0.95)
	near(t, "in other units", other.Statistic, r.Statistic, 1e-8)
	near(t, "in other units", other.Reduction, r.Reduction, 1e-9)
	ones1, ones2 := slices.Repeat([]float64{7}, 3000), slices.Repeat([]float64{7}, 2000)
	twice := CUPED(ComomentsOf(y1, ones1, x1, scaled(x1), z1), ComomentsOf(y2, ones2, x2, scaled(x2), z2), 0.95)
	near(t, "with useless ones", twice.Statistic, r.Statistic, 1e-8)
	if !twice.Flags.Has(Collinear) || twice.Theta[0] != 0 || twice.Theta[2] != 0 {
		t.Errorf("theta %v, %v", twice.Theta, twice.Flags.Remarks())
	}
	// A covariate that tells everything leaves nothing to compare.
	if same := CUPED(ComomentsOf(y1, y1), ComomentsOf(y2, y2), 0.95); same.Flags != NoVariation || same.P != 1 || same.Reduction != 1 {
		t.Errorf("the outcome as its covariate: %+v", same)
	}
	if none := CUPED(ComomentsOf(y1), ComomentsOf(y2), 0.95); math.Abs(none.Statistic-raw.Statistic) > 1e-9 || none.Reduction != 0 {
		t.Errorf("no covariate: %+v", none)
	}
	if empty := CUPED(NewComoments(1), ComomentsOf(y2, x2), 0.95); empty.P != 1 || !empty.Flags.Has(NoValues|TooFew) {
		t.Errorf("an empty arm: %+v", empty)
	}
	mustPanic(t, "different covariates", func() { CUPED(ComomentsOf(y1), ComomentsOf(y2, x2), 0.95) })
	mustPanic(t, "different lengths", func() { ComomentsOf(y1, x2) })
	mustPanic(t, "a short row", func() { NewComoments(2).Add([]float64{1}) })
}

func TestComomentsMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SliceOfN(rapid.Float64Range(-100, 100), 0, 60).Draw(t, "y")
		x := make([]float64, len(y))
		for i := range x {
			x[i] = rapid.Float64Range(-10, 1000).Draw(t, "x")
		}
		cut := rapid.IntRange(0, len(y)).Draw(t, "cut")
		whole, merged := ComomentsOf(y, x), ComomentsOf(y[:cut], x[:cut])
		merged.Merge(ComomentsOf(y[cut:], x[cut:]))
		for i := range whole.Products {
			if math.Abs(whole.Products[i]-merged.Products[i]) > 1e-6 {
				t.Fatalf("%v, whole %v", merged, whole)
			}
		}
		m, n := whole.Outcome(), MomentsOf(y)
		if m.N != n.N || math.Abs(m.Mean-n.Mean) > 1e-9 || math.Abs(m.Squares-n.Squares) > 1e-6 {
			t.Fatalf("%v, alone %v", m, n)
		}
	})
	odd := ComomentsOf([]float64{1, 2, math.NaN()}, []float64{1, math.Inf(1), 3})
	if odd.N != 1 || odd.Left != 2 || odd.Means[0] != 1 {
		t.Errorf("rows without numbers: %+v", odd)
	}
}

// plainBootstrap draws rows, one by one.
func plainBootstrap(a, b []float64, resamples int, rng *rand.Rand) []float64 {
	mean := func(values []float64) float64 {
		total := 0.0
		for range values {
			total += values[rng.IntN(len(values))]
		}
		return total / float64(len(values))
	}
	out := make([]float64, resamples)
	for i := range out {
		out[i] = mean(a) - mean(b)
	}
	return out
}

func skewness(values []float64) float64 {
	m := MomentsOf(values)
	cubes := 0.0
	for _, v := range values {
		cubes += math.Pow((v-m.Mean)/m.SD(), 3)
	}
	return cubes / float64(m.N)
}

func TestBootstrap(t *testing.T) {
	a, b := spending(4000, 0.1, 1.3, 1), spending(1500, 0.1, 1, 2)
	x, y := TallyOf(a), TallyOf(b)
	set := Bootstrap{Resamples: 4000, Seed: 9}
	r := set.MeanDifference(x, y)
	for _, workers := range []int{1, 2, 7} {
		set.Workers = workers
		if again := set.MeanDifference(x, y); again != r {
			t.Errorf("%d workers: %+v, want %+v", workers, again, r)
		}
	}
	other := Bootstrap{Resamples: 4000, Seed: 10}.MeanDifference(x, y)
	if other == r || math.Abs(other.Low-r.Low) > 0.2*r.SE || math.Abs(other.High-r.High) > 0.2*r.SE {
		t.Errorf("another seed: %+v, %+v", other, r)
	}
	plain := plainBootstrap(a, b, 4000, rand.New(rand.NewPCG(4, 4)))
	slices.Sort(plain)
	near(t, "standard error beside rows drawn one by one", r.SE/MomentsOf(plain).SD(), 1, 0.04)
	drawn, _ := set.draw(newSampler(x, x.Moments()), newSampler(y, y.Moments()), r.Value)
	if ks := KolmogorovSmirnov(TallyOf(drawn), TallyOf(plain)); ks.P < 0.001 {
		t.Errorf("resamples beside rows drawn one by one: D %g, p %g", ks.Statistic, ks.P)
	}
	near(t, "skewness", skewness(drawn), skewness(plain), 0.12)
}

// Where values are taken together, mean, variance and skewness of the resamples
// are those of the theory: of the mean of n, the sample's over 1, n and sqrt(n).
func TestBootstrapOfManyValues(t *testing.T) {
	for name, values := range map[string][]float64{
		"many values": spending(300_000, 1, 1, 3), "many common ones": spending(300_000, 0.3, 0.05, 4), "few": spending(300_000, 0.02, 1, 5),
	} {
		x := TallyOf(values)
		m := x.Moments()
		s := newSampler(x, m)
		if grouped := len(s.common) >= neighbours; grouped != (name == "many values") || len(s.common) == 0 {
			t.Errorf("%s: %d groups, %d rare", name, len(s.common), len(s.rare))
		}
		rng := rand.NewPCG(8, 8)
		drawn, squares := make([]float64, 3000), make([]float64, 3000)
		for i := range drawn {
			drawn[i], squares[i] = s.mean(rng)
		}
		got := MomentsOf(drawn)
		sd := math.Sqrt(m.Squares / float64(m.N) / float64(m.N))
		near(t, name+", mean in standard errors", (got.Mean-m.Mean)/sd*math.Sqrt(float64(got.N)), 0, 3.5)
		near(t, name+", standard deviation", got.SD()/sd, 1, 0.045)
		near(t, name+", squared standard errors", MomentsOf(squares).Mean/(sd*sd), 1, 0.02)
		near(t, name+", skewness", skewness(drawn), skewness(values)/math.Sqrt(float64(m.N)), 0.17)
	}
}

// Intervals of the skewed spend of a shop cover its true difference about as
// often as they say.
func TestCoverageOfMeans(t *testing.T) {
	const runs, n1, n2, share = 400, 3000, 1000, 0.15
	mean := func(lift float64) float64 { return share * lift * math.Exp(4) }
	truth := mean(1.3) - mean(1)
	covered, welch, alarms := 0, 0, 0
	for i := range uint64(runs) {
		a, b := TallyOf(spending(n1, share, 1.3, 1000+i)), TallyOf(spending(n2, share, 1, 9000+i))
		r := Bootstrap{Resamples: 500, Seed: i}.MeanDifference(a, b)
		w := Welch(a.Moments(), b.Moments(), 0.95)
		if r.Low <= truth && truth <= r.High {
			covered++
		}
		if w.Low <= truth && truth <= w.High {
			welch++
		}
		same := TallyOf(spending(n1, share, 1, 20_000+i))
		if Welch(same.Moments(), b.Moments(), 0.95).P < 0.05 {
			alarms++
		}
	}
	near(t, "the bootstrap's coverage", float64(covered)/runs, 0.95, 0.03)
	near(t, "Welch's coverage", float64(welch)/runs, 0.95, 0.03)
	near(t, "Welch's false alarms", float64(alarms)/runs, 0.05, 0.03)
}

func TestBootstrapAtTheEnds(t *testing.T) {
	some := TallyOf([]float64{0, 0, 5})
	for name, c := range map[string]struct {
		a, b Tally
		want Flags
	}{
		"an empty arm": {Tally{}, some, NoValues | TooFew}, "one value": {TallyOf([]float64{3}), some, TooFew},
		"nobody spends": {TallyOf(make([]float64, 50)), TallyOf(make([]float64, 60)), NoVariation},
	} {
		r := Bootstrap{}.MeanDifference(c.a, c.b)
		if r.Flags != c.want || !math.IsInf(r.Low, -1) || !math.IsInf(r.High, 1) || math.IsNaN(r.Value) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	// One spender in one arm: resamples without one, and with two.
	one := append(make([]float64, 999), 500)
	r := Bootstrap{}.MeanDifference(TallyOf(one), TallyOf(make([]float64, 1000)))
	if r.Flags != TooFew || r.Value != 0.5 || !math.IsInf(r.Low, -1) || !math.IsInf(r.High, 1) {
		t.Errorf("one spender: %+v", r)
	}
}

func TestOutliers(t *testing.T) {
	a, b := spending(5000, 0.05, 1, 1), spending(5000, 0.05, 1, 2)
	a[1234] = 60_000
	o := Outliers(a, b, 3, 0, 0.95)
	first := o.Largest[0]
	if len(o.Largest) != 3 || first.Arm != 0 || first.Row != 1234 || first.Value != 60_000 || first.Share < 0.5 {
		t.Errorf("the largest: %+v", o.Largest)
	}
	// Without that row the difference is what Shift says.
	rest := slices.Delete(slices.Clone(a), 1234, 1235)
	without := Welch(MomentsOf(rest), MomentsOf(b), 0.95)
	near(t, "without the largest", o.All.Difference+first.Shift, without.Difference, 1e-9)
	if o.TrimmedOff != [2]int{5, 5} || o.Cap >= 60_000 || math.Abs(o.Trimmed.Difference) > 3 || math.Abs(o.Winsorised.Difference) > 3 {
		t.Errorf("%+v", o)
	}
	// A whole arm lifted a little by everyone, but one row of the other hides it.
	c, d := make([]float64, 1000), make([]float64, 1000)
	for i := range c {
		c[i], d[i] = float64(i%10)+2, float64(i%10)
	}
	d[5] = 5_000
	hidden := Outliers(c, d, 1, 0.001, 0.95)
	if !hidden.Carried || hidden.All.P < 0.05 || hidden.Trimmed.P > 1e-6 || hidden.Largest[0].Arm != 1 || hidden.Largest[0].Shift < 0 {
		t.Errorf("one row hides a lift: %+v", hidden)
	}
	if even := Outliers(c, c, 0, 0.01, 0.95); even.Carried || len(even.Largest) != 0 || even.TrimmedOff != [2]int{10, 10} {
		t.Errorf("twice the same: %+v", even)
	}
	if empty := Outliers(nil, []float64{1}, 5, 0, 0.95); empty.Carried || len(empty.Largest) != 0 || empty.Cap != 1 || empty.All.P != 1 {
		t.Errorf("nothing: %+v", empty)
	}
	if none := Outliers([]float64{math.NaN()}, nil, 5, 0, 0.95); none.Cap != 0 || !none.All.Flags.Has(LeftOut) {
		t.Errorf("no numbers: %+v", none)
	}
	mustPanic(t, "the whole as a part", func() { Outliers(a, b, 1, 1, 0.95) })
}

// slowGreater adds up the closed form for whole parameters (Miller 2015): the
// probability that Beta(a2, b2) is greater than Beta(a1, b1).
func slowGreater(a1, b1, a2, b2 int) float64 {
	lbeta := func(a, b float64) float64 {
		x, _ := math.Lgamma(a)
		y, _ := math.Lgamma(b)
		z, _ := math.Lgamma(a + b)
		return x + y - z
	}
	sum := 0.0
	for i := range a2 {
		sum += math.Exp(lbeta(float64(a1+i), float64(b1+b2)) - math.Log(float64(b2+i)) - lbeta(float64(1+i), float64(b2)) - lbeta(float64(a1), float64(b1)))
	}
	return sum
}

func TestBetaBinomial(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := proportion(t, 3000, "a"), proportion(t, 3000, "b")
		p := BetaBinomial(a, b, 1, 1, 0.9)
		if math.Abs(p.AGreater+p.BGreater-1) > 1e-11 {
			t.Fatalf("%v, %v: %g and %g", a, b, p.AGreater, p.BGreater)
		}
		if want := slowGreater(a.K+1, a.N-a.K+1, b.K+1, b.N-b.K+1); math.Abs(p.BGreater-want) > 1e-9*want+1e-300 {
			t.Fatalf("%v, %v: %g, by the sum %g", a, b, p.BGreater, want)
		}
		for _, e := range []Estimate{p.A, p.B} {
			if !(0 < e.Low && e.Low < e.Value && e.Value < e.High && e.High < 1) {
				t.Fatalf("posterior %+v", e)
			}
		}
		prior := rapid.Float64Range(0.1, 3).Draw(t, "prior")
		if q, turned := BetaBinomial(a, b, prior, 0.5, 0.9), BetaBinomial(b, a, prior, 0.5, 0.9); math.Abs(q.AGreater+q.BGreater-1) > 1e-10 || q.AGreater != turned.BGreater {
			t.Fatalf("%v, %v with another prior: %+v, turned %+v", a, b, q, turned)
		}
	})
	same := BetaBinomial(Proportion{5, 100}, Proportion{5, 100}, 1, 1, 0.95)
	near(t, "equal arms", same.BGreater, 0.5, 1e-12)
	near(t, "no data", BetaBinomial(Proportion{}, Proportion{}, 0.5, 0.5, 0.95).BGreater, 0.5, 1e-11)
	// A million in each arm: where the normal law is as good.
	big := BetaBinomial(Proportion{52_000, 1_000_000}, Proportion{51_500, 1_000_000}, 1, 1, 0.95)
	near(t, "a million each", big.BGreater, NormalTail(CompareProportions(Proportion{52_000, 1_000_000}, Proportion{51_500, 1_000_000}, 0.95).Unpooled.Statistic), 1e-4)
	far := BetaBinomial(Proportion{600, 1000}, Proportion{100, 1000}, 1, 1, 0.95)
	relative(t, "far apart", far.BGreater, slowGreater(601, 401, 101, 901), 1e-9)
	if far.BGreater > 1e-100 {
		t.Errorf("600 against 100 of 1000: %g", far.BGreater)
	}
}
