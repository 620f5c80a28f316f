package stat

import (
	"math"
	"testing"
)

// The arrays and tables of section A of the reference values (scipy 1.10.1 and
// statsmodels 0.13.5, printed with all their digits).
var (
	sampleA = []float64{12.1, 14.3, 11.8, 15.2, 13.5, 12.9, 16.1, 14.8}
	sampleB = []float64{10.2, 11.5, 9.8, 12.4, 11.1, 10.9, 13.0}
	sampleC = []float64{13.0, 15.9, 14.4, 17.2, 16.5, 15.1}
	pairsA  = []float64{1, 2, 3, 4, 5, 6, 7, 8}
	pairsB  = []float64{2, 1, 4, 3, 7, 5, 8, 6}
	pList   = []float64{0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216}
)

func check(t *testing.T, what string, got ...float64) func(want ...float64) {
	return func(want ...float64) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
		}
		for i := range got {
			relative(t, what, got[i], want[i], 1e-12)
		}
	}
}

func TestReferenceMeans(t *testing.T) {
	a, b, c := MomentsOf(sampleA), MomentsOf(sampleB), MomentsOf(sampleC)
	one := OneSample(a, 12, 0.95)
	check(t, "one sample", one.Statistic, one.P)(3.408088269554547, 0.011317216515733532)
	student := Student(a, b, 0.95)
	check(t, "Student", student.Statistic, student.P, student.CohenD)(3.643538569294488, 0.0029738021720437237, 1.8857103606042314)
	welch := Welch(a, b, 0.95)
	check(t, "Welch", welch.Statistic, welch.P, welch.Greater, welch.CohenD)(
		3.7182795560130484, 0.002665398744335832, 0.001332699372167916, 1.8857103606042314)
	check(t, "Welch's interval", welch.Low, welch.High)(1.0719928199626898, 4.0601500371801666) // R 4.2.2
	near(t, "scipy's", welch.Low, 1.0719928199641837, 2e-12)
	near(t, "scipy's", welch.High, 4.060150037178673, 2e-12)
	paired := Paired(sampleA[:7], sampleB, 0.95)
	check(t, "paired", paired.Statistic, paired.P)(13.42570222556273, 1.0576357838782255e-05)
	x := MomentsOf([]float64{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9})
	mean := OneSample(x, 0, 0.95)
	check(t, "x", float64(x.N), x.Mean, x.Variance(), x.SD(), mean.SE, mean.Low, mean.High)(
		15, 5.133333333333334, 7.98095238095238, 2.8250579429371676, 0.7294268243377755, 3.5688683906841536, 6.697798275982514)
	f := VarianceRatio(a, b)
	check(t, "F", f.Statistic, f.P)(1.790185117302053, 0.4952786866823672)
	levene := Levene(sampleA, sampleB, sampleC)
	check(t, "Levene", levene.Statistic, levene.P)(0.5822806832659569, 0.5688039357425694)
	brown := BrownForsythe(sampleA, sampleB, sampleC)
	check(t, "Brown-Forsythe", brown.Statistic, brown.P)(0.6182918958787921, 0.549921891785036)
	bartlett := Bartlett(a, b, c)
	check(t, "Bartlett", bartlett.Statistic, bartlett.P)(0.5786310992795378, 0.7487758921573124)
	anova := ANOVA(a, b, c)
	check(t, "ANOVA", anova.Statistic, anova.P)(14.16868684335899, 0.00020140479659031658)
	several := WelchANOVA(a, b, c)
	check(t, "Welch ANOVA", several.Statistic, several.DF, several.DF2, several.P)(
		15.51926392057581, 2, 11.31396253098761, 0.0005715511045526102)
}

func TestReferenceRanks(t *testing.T) {
	a, b, c := TallyOf(sampleA), TallyOf(sampleB), TallyOf(sampleC)
	mw := MannWhitney(a, b)
	check(t, "Mann-Whitney", mw.Statistic, mw.P, mw.Corrected.P, mw.Uncorrected.P)(
		51, 0.005905205905205905, 0.009217797347054926, 0.007773956552267307)
	if !mw.Exact || mw.Flags != 0 {
		t.Errorf("Mann-Whitney: exact %v, flags %v", mw.Exact, mw.Flags.Remarks())
	}
	signed := WilcoxonSigned(sampleA[:7], sampleB)
	check(t, "Wilcoxon", signed.Statistic, signed.P)(0, 0.015625)
	ks := KolmogorovSmirnov(a, b)
	check(t, "Kolmogorov-Smirnov", ks.Statistic, ks.P)(0.7142857142857143, 0.03263403263403263)
	kw := KruskalWallis(a, b, c)
	check(t, "Kruskal-Wallis", kw.Statistic, kw.P)(12.212166218014177, 0.002229265524422198)
}

func TestReferenceTables(t *testing.T) {
	chi := Independence([][]int{{30, 20, 10}, {15, 25, 35}})
	check(t, "chi-square", chi.Statistic, chi.P, chi.DF, chi.CramersV)(18, 0.00012340980408667962, 2, 0.3651483716701107)
	g := GTest([][]int{{30, 20, 10}, {15, 25, 35}})
	check(t, "G", g.Statistic, g.P, g.DF)(18.693250725796133, 8.725939157049234e-05, 2)
	first, second := Proportion{8, 10}, Proportion{1, 6}
	fisher := FisherExact(first, second)
	check(t, "Fisher", fisher.OddsRatio, fisher.P)(20, 0.034965034965034975)
	c := CompareProportions(first, second, 0.95)
	check(t, "2x2 with Yates", c.Yates.Statistic, c.Yates.P, c.Yates.DF)(3.8095238095238093, 0.050961936967763424, 1)
	check(t, "2x2", c.ChiSquare.Statistic, c.ChiSquare.P)(6.112169312169312, 0.013425424881491248)
	whole := Independence([][]int{{8, 2}, {1, 5}})
	check(t, "2x2 as a table", whole.Statistic, whole.P)(6.112169312169312, 0.013425424881491248)
	fit := GoodnessOfFit([]int{16, 18, 16, 14, 12, 12}, nil)
	check(t, "goodness of fit", fit.Statistic, fit.P)(2, 0.8491450360846096)
	m := McNemar(121, 59)
	check(t, "McNemar", m.Statistic, m.P, m.Exact.Statistic, m.Exact.P)(
		20.67222222222222, 5.450094825427117e-06, 59, 4.4344492637551645e-06)
}

func TestReferenceCorrelation(t *testing.T) {
	p, s, k := Pearson(pairsA, pairsB, 0.95), Spearman(pairsA, pairsB, 0.95), Kendall(pairsA, pairsB)
	check(t, "Pearson", p.Statistic, p.P)(0.8333333333333331, 0.01017554012345684)
	check(t, "Spearman", s.Statistic, s.P)(0.8333333333333335, 0.01017554012345675)
	check(t, "Kendall", k.Statistic, k.P)(0.6428571428571428, 0.03115079365079365)
}

func TestReferenceProportions(t *testing.T) {
	p := Proportion{37, 250}
	for name, c := range map[string]struct {
		of        func(float64) Estimate
		low, high float64
	}{
		"Wilson":          {p.Wilson, 0.10931982398325643, 0.19733401886153654},
		"normal":          {p.Wald, 0.10398215855113989, 0.19201784144886008},
		"Agresti-Coull":   {p.AgrestiCoull, 0.10900343675611576, 0.1976504060886772},
		"Clopper-Pearson": {p.ClopperPearson, 0.10639523150791043, 0.19818203635915974},
		"Jeffreys":        {p.Jeffreys, 0.1081282737400568, 0.19596364055928886},
	} {
		e := c.of(0.95)
		check(t, name, e.Value, e.Low, e.High)(0.148, c.low, c.high)
	}
	check(t, "binomial test", p.Test(0.1).P)(0.015027935777727517)
	c := CompareProportions(Proportion{120, 1000}, Proportion{90, 1000}, 0.95)
	check(t, "two proportions", c.Pooled.Statistic, c.Pooled.P)(2.1882658846227234, 0.028650240398448473)
	check(t, "Newcombe", c.Difference.Low, c.Difference.High)(0.0030960486785798005, 0.057009571192658454)
	check(t, "ratio", c.Ratio.Low, c.Ratio.High)(1.0292342604166858, 1.7272819669431172)
	check(t, "Poisson rates", PoissonRates(20, 100, 35, 110).P)(0.10563516554856557)
	check(t, "P(B > A)", BetaBinomial(Proportion{90, 1000}, Proportion{120, 1000}, 1, 1, 0.95).BGreater)(0.9855986255853327)
}

func TestReferenceMultiple(t *testing.T) {
	for name, c := range map[string]struct {
		of   func([]float64) []float64
		want []float64 // printed to ten digits
	}{
		"Bonferroni":          {Bonferroni, []float64{0.01, 0.08, 0.39, 0.41, 0.42, 0.6, 0.74, 1.0, 1.0, 1.0}},
		"Holm":                {Holm, []float64{0.01, 0.072, 0.312, 0.312, 0.312, 0.312, 0.312, 0.615, 0.615, 0.615}},
		"Hommel":              {Hommel, []float64{0.01, 0.072, 0.185, 0.185, 0.185, 0.216, 0.216, 0.216, 0.216, 0.216}},
		"Benjamini-Hochberg":  {BenjaminiHochberg, []float64{0.01, 0.04, 0.084, 0.084, 0.084, 0.1, 0.1057142857, 0.216, 0.216, 0.216}},
		"Benjamini-Yekutieli": {BenjaminiYekutieli, []float64{0.0292896825, 0.1171587302, 0.2460333333, 0.2460333333, 0.2460333333, 0.2928968254, 0.3096337868, 0.6326571429, 0.6326571429, 0.6326571429}},
		"Sidak":               {Sidak, []float64{0.0099551198, 0.077180588, 0.3282094712, 0.3420603314, 0.3488889126, 0.4613848859, 0.5364358237, 0.8991510719, 0.9076871467, 0.9122674754}},
	} {
		for i, v := range c.of(pList) {
			if math.Abs(v-c.want[i]) > 5.1e-11 {
				t.Errorf("%s, %d: %.12g, want %.10g", name, i, v, c.want[i])
			}
		}
	}
}

func TestReferencePower(t *testing.T) {
	check(t, "Cohen's h", CohenH(0.12, 0.10))(0.06398210298605855)
	// statsmodels stops its search at a relative 2e-12.
	relative(t, "arcsine", SizeArcsine(0.12, 0.10, 1, 0.05, 0.8), 3834.595739884031, 1e-11)
	check(t, "pooled", SizePooled(0.12, 0.10, 1, 0.05, 0.8))(3840.847482436272)
	check(t, "unpooled", SizeUnpooled(0.12, 0.10, 1, 0.05, 0.8))(3838.1021900967044)
	// Its noncentral t is good to eight digits: R's integrate gives the size below a
	// power of 0.8 to 3e-15, and statsmodels' one of 0.8 + 2.5e-9.
	relative(t, "t test", TTestSize(0.5, 1, 0.05, 0.8), 63.765610587854056, 1e-8)
	relative(t, "t test, by R", TTestSize(0.5, 1, 0.05, 0.8), 63.7656101909419, 1e-11)
}

func TestReferenceSequential(t *testing.T) {
	l := Mixture{Tau: 0.01}.Proportions(Proportion{120, 1000}, Proportion{90, 1000})
	check(t, "mSPRT", l.Lambda, l.P, l.HalfWidth)(1.8609006692116519, 0.537374195487628, 0.05882340432742773)
}
