package stat

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"
)

// printed compares a value with one printed to so many digits after the point.
func printed(t *testing.T, what string, got, want float64, digits int) {
	t.Helper()
	if !(math.Abs(got-want) <= 0.5000001*math.Pow(10, -float64(digits))) {
		t.Errorf("%s: %.*f, want %.*f", what, digits+3, got, digits, want)
	}
}

// The counts of Hillstrom's e-mail experiment and what section B of the
// reference values says of them.
func TestHillstromCounts(t *testing.T) {
	const mens, womens, none = 21307, 21387, 21306
	for _, c := range []struct {
		name                                 string
		a, b                                 Proportion
		lift, relative, pooled, p, unpooled  float64
		waldLow, waldHigh, newLow, newHigh   float64
		chi, yates                           float64
		pDigits                              float64 // relative precision of the printed p
		liftDigits, zDigits, chiDigits, rest int
	}{
		{"men's visit", Proportion{3894, mens}, Proportion{2262, none}, 0.07658956, 0.721405, 22.486041, 5.68517e-112, 22.620762,
			0.06995350, 0.08322563, 0.06995331, 0.08322674, 505.622032, 505.002532, 1e-6, 8, 6, 6, 8},
		{"men's conversion", Proportion{267, mens}, Proportion{122, none}, 0.00680501, 1.188422, 7.385114, 1.52322e-13, 7.389909,
			0.00500017, 0.00860984, 0.00501434, 0.00864072, 54.539915, 53.790187, 1e-5, 8, 6, 6, 8},
		{"women's visit", Proportion{3238, womens}, Proportion{2262, none}, 0.04523311, 0.426055, 13.949181, 3.1824e-44, 13.985066,
			0.03889383, 0.05157239, 0.03889410, 0.05157434, 194.579641, 194.176812, 2e-6, 8, 6, 6, 8},
		{"women's conversion", Proportion{189, womens}, Proportion{122, none}, 0.00311106, 0.543313, 3.779561, 0.000157105, 3.781715,
			0.00149868, 0.00472344, 0.00150166, 0.00474547, 14.285081, 13.858111, 4e-6, 8, 6, 6, 8},
	} {
		r := CompareProportions(c.a, c.b, 0.95)
		printed(t, c.name+" lift", r.Difference.Value, c.lift, c.liftDigits)
		printed(t, c.name+" relative", r.Ratio.Value-1, c.relative, 6)
		printed(t, c.name+" z", r.Pooled.Statistic, c.pooled, c.zDigits)
		printed(t, c.name+" z unpooled", r.Unpooled.Statistic, c.unpooled, c.zDigits)
		printed(t, c.name+" chi-square", r.ChiSquare.Statistic, c.chi, c.chiDigits)
		printed(t, c.name+" Yates", r.Yates.Statistic, c.yates, c.chiDigits)
		printed(t, c.name+" Wald", r.Wald.Low, c.waldLow, c.rest)
		printed(t, c.name+" Wald", r.Wald.High, c.waldHigh, c.rest)
		printed(t, c.name+" Newcombe", r.Difference.Low, c.newLow, c.rest)
		printed(t, c.name+" Newcombe", r.Difference.High, c.newHigh, c.rest)
		relative(t, c.name+" p", r.Pooled.P, c.p, c.pDigits)
		relative(t, c.name+" p of chi-square", r.ChiSquare.P, c.p, c.pDigits)
	}
	far := CompareProportions(Proportion{267, mens}, Proportion{122, none}, 0.95)
	check(t, "men's conversion, all digits", far.Pooled.Statistic, far.Pooled.P)(7.3851144109257714, 1.5232235005955551e-13) // R 4.2.2

	visit := Independence([][]int{{3894, mens - 3894}, {3238, womens - 3238}, {2262, none - 2262}})
	check(t, "visit, three arms", visit.Statistic, visit.P, visit.DF)(504.46066903563496, 2.869178384267155e-110, 2)
	conversion := Independence([][]int{{267, mens - 267}, {189, womens - 189}, {122, none - 122}})
	check(t, "conversion, three arms", conversion.Statistic, conversion.P, conversion.DF)(55.258039933229625, 1.0020031529493264e-12, 2)
	srm, mismatch := SampleRatio([]int{mens, womens, none}, nil)
	check(t, "sample ratio", srm.Statistic, srm.P)(0.20253125000000002, 0.9036929575604196)
	if mismatch {
		t.Error("a mismatch of arms that match")
	}

	// Spend, from number, mean and variance as printed, to ten digits.
	men, women, control := MomentsFrom(mens, 1.422616511, 315.2117989), MomentsFrom(womens, 1.077201571, 228.4966748), MomentsFrom(none, 0.6527893551, 134.2863719)
	w := Welch(men, control, 0.95)
	printed(t, "men's spend, t", w.Statistic, 5.300140, 6)
	printed(t, "men's spend, df", w.DF, 36671.1580, 4)
	relative(t, "men's spend, p", w.P, 1.16381e-07, 5e-6)
	printed(t, "men's spend, low", w.Low, 0.485140, 6)
	printed(t, "men's spend, high", w.High, 1.054515, 6)
	w = Welch(women, control, 0.95)
	printed(t, "women's spend, t", w.Statistic, 3.256372, 6)
	printed(t, "women's spend, df", w.DF, 40064.8844, 4)
	relative(t, "women's spend, p", w.P, 0.0011294, 4e-5)
	printed(t, "women's spend, low", w.Low, 0.168957, 6)
	printed(t, "women's spend, high", w.High, 0.679868, 6)
	printed(t, "ANOVA from moments", ANOVA(men, women, control).Statistic, 14.0168216, 6)
}

// hillstrom is one arm of the experiment, by column.
type hillstrom map[string][]float64

func readHillstrom(t *testing.T) map[string]hillstrom {
	t.Helper()
	file, err := os.Open("../../../shared/data/hillstrom.csv")
	if err != nil {
		t.Skip("the Hillstrom data are not here: " + err.Error())
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	arms := map[string]hillstrom{}
	for _, row := range rows[1:] {
		name := row[column["segment"]]
		if arms[name] == nil {
			arms[name] = hillstrom{}
		}
		for _, field := range []string{"visit", "conversion", "spend", "history", "recency", "mens", "womens", "newbie"} {
			v, err := strconv.ParseFloat(row[column[field]], 64)
			if err != nil {
				t.Fatal(err)
			}
			arms[name][field] = append(arms[name][field], v)
		}
	}
	return arms
}

func TestHillstromData(t *testing.T) {
	arms := readHillstrom(t)
	men, women, none := arms["Mens E-Mail"], arms["Womens E-Mail"], arms["No E-Mail"]
	spend := func(h hillstrom) Moments { return MomentsOf(h["spend"]) }
	tally := func(h hillstrom) Tally { return TallyOf(h["spend"]) }

	w := Welch(spend(men), spend(none), 0.95)
	printed(t, "men's spend", w.Difference, 0.76982716, 8)
	printed(t, "men's t", w.Statistic, 5.300140, 6)
	printed(t, "men's df", w.DF, 36671.1580, 4)
	printed(t, "men's incremental spend", w.Difference*float64(len(men["spend"])), 16402.71, 2)
	w = Welch(spend(women), spend(none), 0.95)
	printed(t, "women's spend", w.Difference, 0.42441222, 8)
	printed(t, "women's t", w.Statistic, 3.256372, 6)
	printed(t, "women's df", w.DF, 40064.8844, 4)
	printed(t, "women's incremental spend", w.Difference*float64(len(women["spend"])), 9076.90, 2)

	mw := MannWhitney(tally(men), tally(none))
	check(t, "men's U", mw.Statistic)(228527081)
	relative(t, "men's Mann-Whitney", mw.Corrected.P, 1.582e-13, 4e-4)
	if mw.Exact || !mw.Flags.Has(Ties) || mw.P != mw.Corrected.P {
		t.Errorf("tied ranks: exact %v, flags %v", mw.Exact, mw.Flags.Remarks())
	}
	mw = MannWhitney(tally(women), tally(none))
	check(t, "women's U", mw.Statistic)(228545030)
	relative(t, "women's Mann-Whitney", mw.Corrected.P, 1.55452e-4, 4e-6)

	anova := ANOVA(spend(men), spend(none), spend(women))
	check(t, "ANOVA of spend", anova.Statistic)(14.016821611592905)
	relative(t, "ANOVA of spend", anova.P, 8.201713951449693e-07, 1e-11)
	kw := KruskalWallis(tally(men), tally(none), tally(women))
	check(t, "Kruskal-Wallis of spend", kw.Statistic)(55.15978374091018) // by fractions of whole numbers
	relative(t, "scipy's Kruskal-Wallis", kw.Statistic, 55.15978374082612, 1e-11)
	relative(t, "scipy's Kruskal-Wallis", kw.P, 1.0524589100875975e-12, 1e-10)

	five := []string{"history", "recency", "mens", "womens", "newbie"}
	comoments := func(h hillstrom, outcome string, covariates []string) *Comoments {
		var columns [][]float64
		for _, c := range covariates {
			columns = append(columns, h[c])
		}
		return ComomentsOf(h[outcome], columns...)
	}
	for _, c := range []struct {
		arm                              hillstrom
		outcome                          string
		covariates                       []string
		theta, difference, reduction, tt float64
		digits                           int
	}{
		{men, "visit", five[:1], 9.134195e-05, 0.07641115, 0.004444, 22.617819, 11},
		{men, "spend", five[:1], 0.0012228965, 0.76743850, 0.000438, 5.284842, 10},
		{men, "visit", five, 0, 0.07647425, 0.024340, 22.869168, 0},
		{men, "spend", five, 0, 0.76845467, 0.001221, 5.293920, 0},
		{women, "visit", five[:1], 8.3534393e-05, 0.04509494, 0.004012, 13.970015, 12},
		{women, "spend", five[:1], 0.0010346513, 0.42270092, 0.000381, 3.243855, 10},
		{women, "visit", five, 0, 0.04537774, 0.021549, 14.184020, 0},
		{women, "spend", five, 0, 0.42437082, 0.000716, 3.257222, 0},
	} {
		r := CUPED(comoments(c.arm, c.outcome, c.covariates), comoments(none, c.outcome, c.covariates), 0.95)
		what := "CUPED " + c.outcome
		if c.digits > 0 {
			printed(t, what+" theta", r.Theta[0], c.theta, c.digits)
		}
		printed(t, what+" difference", r.Difference, c.difference, 8)
		printed(t, what+" reduction", r.Reduction, c.reduction, 6)
		printed(t, what+" t", r.Statistic, c.tt, 6)
		if r.Flags != 0 {
			t.Errorf("%s: flags %v", what, r.Flags.Remarks())
		}
	}

	// The symmetric studentised interval of 20,000 resamples drawn row by row with
	// numpy, whose own ends move by some 0.003 with the seed.
	b := Bootstrap{Resamples: 20_000, Seed: 1}.MeanDifference(tally(men), tally(none))
	printed(t, "bootstrap", b.Value, 0.76982716, 8)
	near(t, "bootstrap, low", b.Low, 0.487412, 0.006)
	near(t, "bootstrap, high", b.High, 1.052243, 0.006)
	near(t, "bootstrap, standard error", b.SE, 0.1451763, 0.002)
	o := Outliers(men["spend"], none["spend"], 5, 0, 0.95)
	if o.Carried || len(o.Largest) != 5 || o.Largest[0].Value != 499 || o.TrimmedOff != [2]int{22, 22} {
		t.Errorf("men's spend rests on few: %+v", o)
	}
	if o.Trimmed.Difference >= o.All.Difference || o.Winsorised.Difference >= o.All.Difference {
		t.Error("without the greatest there is no less of a difference")
	}
}
