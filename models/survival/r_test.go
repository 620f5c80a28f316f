package survival

import (
	"context"
	"math"
	"testing"
)

// The figures of this file are those of R 4.2.2 with survival 3.5.3. Above each
// test stand the commands that print them, after
//
//	library(survival); options(digits = 17)
//	d <- read.csv("telco_churn.csv"); d$ev <- d$Churn == "Yes"
//	r <- read.csv("survival_rossi.csv"); w <- read.csv("survival_waltons.csv")
//	tight <- coxph.control(eps = 1e-15, toler.chol = 1e-16, iter.max = 50) # R's own stops at seven digits of some

var nan = math.NaN()

// f <- survfit(Surv(tenure, ev) ~ 1, d)
// summary(f, times = c(1, 6, 12, 24, 36, 48, 60, 72))
// summary(f, rmean = 72)$table; summary(f, rmean = 24)$table; quantile(f, c(.1, .25))
func TestKaplanMeierOfTelcoIsRs(t *testing.T) {
	d, _, _, _ := telco(t)
	c, err := KaplanMeier(d, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	times := []float64{1, 6, 12, 24, 36, 48, 60, 72}
	want := [][]float64{
		{7032, 5672, 4974, 3927, 3051, 2303, 1483, 362},
		{0.94596131968145625, 0.88482623893327272, 0.84319955381583134, 0.78873639837059883, 0.74854541487637294, 0.70884018434607843, 0.66440391437474255, 0.5927901520522304},
		{0.0026961846106099726, 0.0038762085404208256, 0.0044921602548410617, 0.0052089636905011411, 0.0057440584319981454, 0.0063207120234757075, 0.0071253146149474469, 0.0099187668707627612},
		{0.94069162769613857, 0.87726153203234036, 0.83444088894320867, 0.7785928079381198, 0.73737150583406164, 0.69655944398427827, 0.65058430300466907, 0.5736650422052828},
		{0.95126053213108186, 0.89245617699778346, 0.85205015355330471, 0.79901214058487302, 0.75988865002133132, 0.72133744116621745, 0.67851707979697773, 0.6125528636349431},
	}
	for i, time := range times {
		p := c.At(time)
		near(t, "at risk", p.AtRisk, want[0][i])
		near(t, "survival", p.Survival, want[1][i])
		near(t, "standard error", p.StdErr, want[2][i])
		near(t, "lower", p.Lower, want[3][i])
		near(t, "upper", p.Upper, want[4][i])
	}
	near(t, "customers", c.Customers, 7043)
	near(t, "left", c.Left, 1869)
	mean, se := c.RestrictedMean(72)
	near(t, "mean in 72", mean, 54.492387106728351)
	near(t, "its error", se, 0.34775001564270641)
	mean, se = c.RestrictedMean(24)
	near(t, "mean in 24", mean, 20.567393609535522)
	near(t, "its error", se, 0.090394846765714895)
	quantiles(t, c, 0.1, 5, 4, 5)
	quantiles(t, c, 0.25, 36, 32, 39)
	quantiles(t, c, 0.5, nan, nan, nan)
}

func quantiles(t *testing.T, c *Curve, p, time, lower, upper float64) {
	t.Helper()
	a, b, e := c.Quantile(p)
	near(t, "quantile", a, time)
	near(t, "its lower end", b, lower)
	near(t, "its upper end", e, upper)
}

// fc <- survfit(Surv(tenure, ev) ~ Contract, d)
// summary(fc, times = c(12, 24, 48, 72)); summary(fc, rmean = 72)$table
// s <- survdiff(Surv(tenure, ev) ~ Contract, d); s$obs; s$exp; s$chisq
func TestTelcoByContractIsRs(t *testing.T) {
	d, contract, _, _ := telco(t)
	survival := []float64{0.70309663634886599, 0.58591547390466736, 0.39726377900972809, 0.12895190061439435, 0.99080820407486558, 0.97827237642791509, 0.91654680415899092, 0.56814568202867211, 1, 1, 0.99571893097204511, 0.93573858064672644}
	se := []float64{0.0079193691253316642, 0.0092454083772174189, 0.011858729775926977, 0.030982237875277166, 0.0025385009643608403, 0.0039987358919652766, 0.0089796897327591753, 0.058060208335309789, 0, 0, 0.0017472750593776779, 0.0098630023800846175}
	lower := []float64{0.68774503381911301, 0.56807214982957965, 0.37468795626311191, 0.080522339907713528, 0.98584530470597243, 0.97046630880020401, 0.89911483883051957, 0.46502181352118815, 1, 1, 0.99230021718017769, 0.91660576111308512}
	upper := []float64{0.71879091194587885, 0.60431926237524436, 0.42119984770011504, 0.20650905936318573, 0.99579608745497039, 0.98614123314088953, 0.93431673901269918, 0.69413843957906618, 1, 1, 0.99914942305821131, 0.9552707701154447}
	mean := [][]float64{{36.297899901895406, 0.560005205785306437}, {66.417471981129282, 0.400060588426619401}, {71.540328450348980, 0.082374929455422338}}
	median := [][]float64{{35, 32, 38}, {nan, 72, nan}, {nan, nan, nan}}
	for g := range 3 {
		c, err := KaplanMeier(d.of(contract, g), 0.95)
		if err != nil {
			t.Fatal(err)
		}
		for i, time := range []float64{12, 24, 48, 72} {
			p := c.At(time)
			near(t, "survival", p.Survival, survival[4*g+i])
			near(t, "standard error", p.StdErr, se[4*g+i])
			near(t, "lower", p.Lower, lower[4*g+i])
			near(t, "upper", p.Upper, upper[4*g+i])
		}
		m, e := c.RestrictedMean(72)
		near(t, "mean", m, mean[g][0])
		near(t, "its error", e, mean[g][1])
		quantiles(t, c, 0.5, median[g][0], median[g][1], median[g][2])
	}
	lr, err := LogRank(d, contract, 3)
	if err != nil {
		t.Fatal(err)
	}
	for g, want := range [][]float64{{1655, 708.44559550787301}, {166, 470.72782609581952}, {48, 689.82657839630724}} {
		near(t, "observed", lr.Observed[g], want[0])
		near(t, "expected", lr.Expected[g], want[1])
	}
	near(t, "chi-square", lr.ChiSquare, 2352.8725382593384)
	if lr.DF != 2 || lr.P != 0 { // e^-1176
		t.Errorf("%d degrees of freedom, P %g", lr.DF, lr.P)
	}
}

// summary(survfit(Surv(week, arrest) ~ 1, r), times = c(1, 20, 52)); summary(..., rmean = 52)$table
// survdiff(Surv(week, arrest) ~ fin, r); survdiff(Surv(week, arrest) ~ prio, r)
// summary(survfit(Surv(T, E) ~ group, w), rmean = 75)$table; survdiff(Surv(T, E) ~ group, w)
func TestCurvesAndLogRankOfRossiAndWaltonsAreRs(t *testing.T) {
	d, columns, _ := rossi(t)
	c, err := KaplanMeier(d, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	for i, time := range []float64{1, 20, 52} {
		p := c.At(time)
		near(t, "survival", p.Survival, []float64{0.99768518518518523, 0.90740740740740722, 0.73611111111111083}[i])
		near(t, "standard error", p.StdErr, []float64{0.0023121340787506692, 0.01394592768696086, 0.02120510198095878}[i])
		near(t, "lower", p.Lower, []float64{0.99316376207259471, 0.88048146770339819, 0.69570138676606919}[i])
		near(t, "upper", p.Upper, []float64{1, 0.9351567673144956, 0.77886802902613073}[i])
	}
	mean, se := c.RestrictedMean(52)
	near(t, "mean", mean, 45.854166666666657)
	near(t, "its error", se, 0.60850935226536174)
	lr, err := LogRank(d, levels(columns[0]), 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "chi-square of fin", lr.ChiSquare, 3.837569576549055)
	near(t, "expected", lr.Expected[0], 55.574442768409554)
	if lr, err = LogRank(d, levels(columns[6]), 19); err != nil {
		t.Fatal(err)
	}
	near(t, "chi-square of prio", lr.ChiSquare, 41.801018733128714) // 17 groups, and two numbers that nobody has
	near(t, "its P", lr.P, 0.00042247029680066639)
	if lr.DF != 16 {
		t.Errorf("%d degrees of freedom, want 16", lr.DF)
	}

	d, group := waltons(t)
	want := [][]float64{{56.628058230192067, 0.95413876306904399, 58, 56, 60}, {25.705882352941174, 2.25706480696623135, 26, 22, 29}}
	for g := range 2 {
		c, err := KaplanMeier(d.of(group, g), 0.95)
		if err != nil {
			t.Fatal(err)
		}
		mean, se := c.RestrictedMean(75)
		near(t, "mean", mean, want[g][0])
		near(t, "its error", se, want[g][1])
		quantiles(t, c, 0.5, want[g][2], want[g][3], want[g][4])
	}
	if lr, err = LogRank(d, group, 2); err != nil {
		t.Fatal(err)
	}
	near(t, "chi-square", lr.ChiSquare, 122.2491255730062)
	within(t, "its P", lr.P, 2.0359832222854995e-28, 1e-8)
}

func levels(column []float64) []int {
	out := make([]int, len(column))
	for i, v := range column {
		out[i] = int(v)
	}
	return out
}

// regressed is what R prints of one fit m:
//
//	coef(m); sqrt(diag(vcov(m))); summary(m)$coefficients[, 5]; summary(m)$conf.int[, 3:4]; m$loglik
//	m$concordance; summary(m)$logtest; m$wald.test; m$score
//	basehaz(m, centered = FALSE); summary(survfit(m, newdata = profile), times = times)
//	cox.zph(m, transform = "km"), "identity", "log": table
type regressed struct {
	coef, se, p, lower, upper                                   []float64
	null, value, concordance, concordanceSE, ratio, wald, score float64
	hazardAt, hazard                                            []float64
	profile, times                                              []float64
	survival, error, low, high                                  []float64
	terms                                                       [][]int
	change                                                      map[Scale][]float64 // chi-squares by term, then the global one
}

func compare(t *testing.T, d Data, columns [][]float64, ties Ties, want regressed) {
	t.Helper()
	c, err := FitCox(context.Background(), d, columns, Settings{Ties: ties})
	if err != nil {
		t.Fatal(err)
	}
	if c.Status != "converged" || len(c.Warnings) > 0 {
		t.Errorf("%s, warnings %v", c.Status, c.Warnings)
	}
	for j, k := range c.Coefficients {
		near(t, k.Name, k.Estimate, want.coef[j])
		near(t, k.Name+" standard error", k.StdErr, want.se[j])
		within(t, k.Name+" P", k.P, want.p[j], 1e-7)
		near(t, k.Name+" hazard ratio", k.HazardRatio, math.Exp(want.coef[j]))
		near(t, k.Name+" lower", k.Lower, want.lower[j])
		near(t, k.Name+" upper", k.Upper, want.upper[j])
	}
	near(t, "null log-likelihood", c.Null, want.null)
	near(t, "log-likelihood", c.LogLikelihood, want.value)
	near(t, "likelihood ratio", c.LikelihoodRatio.ChiSquare, want.ratio)
	near(t, "wald", c.Wald.ChiSquare, want.wald)
	near(t, "score", c.Score.ChiSquare, want.score)
	near(t, "concordance", c.Concordance, want.concordance)
	near(t, "its error", c.ConcordanceStdErr, want.concordanceSE)
	for i, time := range want.hazardAt {
		near(t, "baseline", c.CumulativeHazard(time), want.hazard[i])
	}
	for i, time := range want.times {
		p := c.Predict(want.profile, time)
		near(t, "predicted", p.Survival, want.survival[i])
		near(t, "its error", p.StdErr, want.error[i])
		near(t, "its lower end", p.Lower, want.low[i])
		near(t, "its upper end", p.Upper, want.high[i])
	}
	for scale, chi := range want.change {
		z, err := CheckProportional(d, columns, c, scale, want.terms)
		if err != nil {
			t.Fatal(err)
		}
		for i, term := range append(z.Terms, z.Global) {
			within(t, string(scale), term.ChiSquare, chi[i], 1e-7)
		}
	}
}

// m <- coxph(Surv(tenure, ev) ~ Contract + InternetService + MonthlyCharges + SeniorCitizen + Partner +
//
//	PaperlessBilling, d, ties = "efron", control = tight)
//
// profile <- data.frame(Contract = "One year", InternetService = "Fiber optic", MonthlyCharges = 80,
//
//	SeniorCitizen = 0, Partner = "Yes", PaperlessBilling = "No"); times <- c(1, 12, 24, 72)
func TestTelcoWithEfronIsRs(t *testing.T) {
	d, _, columns, _ := telco(t)
	compare(t, d, columns, Efron, regressed{
		coef:  []float64{-1.836461412108338, -3.6154918502140401, 1.4586377438262779, -1.1847356473994064, -0.029834593022712571, -0.041883943697688227, -0.58648404792218201, 0.18918451564207933},
		se:    []float64{0.086649336177480787, 0.16233763844953711, 0.09959870378287547, 0.12308276649194567, 0.0021092594682086442, 0.054814920540572395, 0.050059594231433774, 0.055867174440803177},
		p:     []float64{1.0807035082733168e-99, 6.9928797329861222e-110, 1.446861574460392e-48, 6.2390467345090792e-22, 2.0171228538679166e-45, 0.44480914255542486, 1.0589135079923069e-31, 0.00070834948627659456},
		lower: []float64{0.1344865627278175, 0.019571755951302425, 3.5375269152971227, 0.24027445732309433, 0.96660179203620911, 0.86129413406257571, 0.50429238522985176, 1.0829479065716516},
		upper: []float64{0.18888218200889464, 0.036982297546522901, 5.227052878778097, 0.38926386156012499, 0.97462692675892348, 1.0677475395201168, 0.61362637480137627, 1.3480810886477284},
		null:  -15653.039635111487, value: -14122.521539329955, concordance: 0.84102101796990003, concordanceSE: 0.0037785531397832384,
		ratio: 3061.0361915630638, wald: 1666.290309752055, score: 2757.9417118120055,
		hazardAt: []float64{1, 12, 72}, hazard: []float64{0.36900607554258619, 1.3164246075402131, 19.11800740916614},
		profile: []float64{1, 0, 1, 0, 80, 0, 1, 0}, times: []float64{1, 12, 24, 72},
		survival: []float64{0.98715083658355107, 0.95491182117307771, 0.93040601004384527, 0.51169723101485043},
		error:    []float64{0.001474666027154215, 0.0047266122147678518, 0.0070888821964917728, 0.049198872576395609},
		low:      []float64{0.98426477141752067, 0.94569262337252047, 0.91661528248173718, 0.42381019156151217},
		high:     []float64{0.99004536428159973, 0.96422089342753814, 0.94440422287302994, 0.61780972105353993},
		terms:    [][]int{{0, 1}, {2, 3}, {4}, {5}, {6}, {7}},
		change: map[Scale][]float64{
			ScaleKM:   {92.229789285274322, 40.312655614063885, 109.94303724638112, 0.52609077169416119, 24.022331872543692, 3.8117655253574303, 248.66866350283482},
			ScaleTime: {99.051258938329596, 24.501786357388831, 79.274112476060907, 0.021963903199358842, 17.79328259199983, 1.3788585884323208, 220.34435937470553},
			ScaleLog:  {79.431657107221341, 44.476303414482146, 116.63631124387832, 1.408997478296425, 26.36509211130657, 5.6132106805953779, 240.52128957218051},
		},
	})
}

// m <- coxph(Surv(tenure, ev) ~ Contract + InternetService + MonthlyCharges + SeniorCitizen + Partner +
//
//	PaperlessBilling, d, ties = "breslow", control = tight)
//
// profile <- data.frame(Contract = "One year", InternetService = "Fiber optic", MonthlyCharges = 80,
//
//	SeniorCitizen = 0, Partner = "Yes", PaperlessBilling = "No"); times <- c(1, 12, 24, 72)
func TestTelcoWithBreslowIsRs(t *testing.T) {
	d, _, columns, _ := telco(t)
	compare(t, d, columns, Breslow, regressed{
		coef:  []float64{-1.8282674521777436, -3.6067164492371258, 1.4200546517763977, -1.1563045283693396, -0.028951396853846539, -0.042020510224907687, -0.57578871401430054, 0.18504885023553613},
		se:    []float64{0.08668256126084499, 0.16215414481372328, 0.099411600896758837, 0.12308664989279633, 0.0021081062069103359, 0.054810713727044227, 0.050123246308721531, 0.055865173857038666},
		p:     []float64{9.51435680222525e-99, 1.3326484871749522e-109, 2.7298423212131385e-46, 5.7636831609973273e-21, 6.4084465508018856e-43, 0.44329097852246341, 1.5253351888263231e-30, 0.00092492982925066955},
		lower: []float64{0.1355842378418379, 0.019751363875817458, 3.4048861209023626, 0.24720188472467458, 0.96745805493054038, 0.86118361874964189, 0.50965132091262777, 1.0784826736469051},
		upper: []float64{0.19044863486666752, 0.037294845006653449, 5.0273741457286736, 0.40049294520335377, 0.97548588881781528, 1.0675929283465022, 0.62030191706622018, 1.3425121249569689},
		null:  -15669.70531760337, value: -14165.427967182419, concordance: 0.84093503812447501, concordanceSE: 0.0037809778272582762,
		ratio: 3008.5547008419016, wald: 1635.4079531889215, score: 2697.1570678181106,
		hazardAt: []float64{1, 12, 72}, hazard: []float64{0.33268704114564013, 1.229733102878485, 17.760225463210229},
		profile: []float64{1, 0, 1, 0, 80, 0, 1, 0}, times: []float64{1, 12, 24, 72},
		survival: []float64{0.98780579718034112, 0.95566168457803302, 0.93113606389529224, 0.51945287752683145},
		error:    []float64{0.0014010954919583722, 0.0046530218627869767, 0.0070211271223613175, 0.04863448230226014},
		low:      []float64{0.98506351401218462, 0.94658530553985087, 0.91747609580709277, 0.43236572024938319},
		high:     []float64{0.9905557144927607, 0.96482509291612362, 0.94499941028296286, 0.62408114088061839},
		terms:    [][]int{{0, 1}, {2, 3}, {4}, {5}, {6}, {7}},
		change: map[Scale][]float64{
			ScaleKM:   {91.667020442687971, 40.070832474739881, 105.00893726962309, 0.48908684161442056, 21.758845551247653, 3.8774210442961556, 237.76502920054875},
			ScaleTime: {98.631934911444489, 24.169375170407012, 75.898234754412314, 0.015297465161033879, 16.351711455087571, 1.3893663614406178, 213.04591327912757},
			ScaleLog:  {78.616797883411095, 44.31145587297155, 111.32465503149669, 1.3549142879717906, 23.805998509596108, 5.7144524120496794, 228.43337193905518},
		},
	})
}

// m <- coxph(Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio, r, ties = "efron", control = tight)
// profile <- data.frame(fin = 1, age = 20, race = 1, wexp = 0, mar = 0, paro = 1, prio = 5); times <- c(1, 12, 24, 52)
func TestRossiWithEfronIsRs(t *testing.T) {
	d, columns, _ := rossi(t)
	compare(t, d, columns, Efron, regressed{
		coef:  []float64{-0.37942216687120983, -0.057437743013761172, 0.31389978594929535, -0.14979569722278846, -0.43370387669025084, -0.084871082990836788, 0.091497079351120669},
		se:    []float64{0.19137948071280911, 0.021999470627953776, 0.30799277639293859, 0.21222429615816357, 0.38186805746492192, 0.19575667192092325, 0.028648550073470613},
		p:     []float64{0.047416094639832367, 0.0090312395941396905, 0.30811796963662696, 0.48028969512237052, 0.25606424449393483, 0.6646123638825765, 0.0014042456183277882},
		lower: []float64{0.4702367176719438, 0.90433454682994396, 0.74844694209516482, 0.56793535728343336, 0.30661833411723355, 0.62591098799765721, 1.0359790825014856},
		upper: []float64{0.99568406324604808, 0.98578246455513996, 2.5031615055993095, 1.3049389784742986, 1.3699082445105011, 1.3482466138371609, 1.1591038989776945},
		null:  -675.38063234687093, value: -658.74765944608589, concordance: 0.64032924709971351, concordanceSE: 0.026658122772647543,
		ratio: 33.265945801570069, wald: 32.112610191936859, score: 33.52868889970771,
		hazardAt: []float64{1, 12, 52}, hazard: []float64{0.0068032391050110814, 0.13291409332975593, 0.95649923388502411},
		profile: []float64{1, 20, 1, 0, 0, 1, 5}, times: []float64{1, 12, 24, 52},
		survival: []float64{0.99707214464698901, 0.94432482982551225, 0.85805299821146142, 0.66216223730123658},
		error:    []float64{0.0029660032070947481, 0.015463642564493219, 0.029423485978674741, 0.053527427394548112},
		low:      []float64{0.99127579890624729, 0.91449785722823917, 0.80227926942687877, 0.56513935211600441},
		high:     []float64{1, 0.97512462951831824, 0.91770406614847955, 0.77584197042038239},
		terms:    nil,
		change: map[Scale][]float64{
			ScaleKM:   {0.062429750089376228, 5.9739816611518979, 2.0682653833546394, 4.224595638698613, 1.0110215645544611, 0.018383299135840511, 0.52058426700614613, 17.694415296027923},
			ScaleTime: {0.0089505582655462212, 6.6159437979083151, 2.1444262526062468, 3.8767551298427034, 1.0313483188442016, 0.028176598686422513, 0.42479841110757444, 18.182687081388895},
			ScaleLog:  {0.1375994351790949, 8.2314983504442161, 1.6170849367857956, 2.0858548451545764, 1.1259733149640629, 0.21920281035174555, 0.013479071364257971, 17.661570593722814},
		},
	})
}

// m <- coxph(Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio, r, ties = "breslow", control = tight)
// profile <- data.frame(fin = 1, age = 20, race = 1, wexp = 0, mar = 0, paro = 1, prio = 5); times <- c(1, 12, 24, 52)
func TestRossiWithBreslowIsRs(t *testing.T) {
	d, columns, _ := rossi(t)
	compare(t, d, columns, Breslow, regressed{
		coef:  []float64{-0.37902188779502671, -0.05724592536355709, 0.31412976506824525, -0.15111459962745721, -0.43278257254905145, -0.084982835751605493, 0.091111540500465618},
		se:    []float64{0.19136442585901942, 0.02198318575147137, 0.30801727957875735, 0.2121231607963196, 0.38179493506430984, 0.19574820732321199, 0.028631253066824829},
		p:     []float64{0.047632919875844552, 0.009212185028377208, 0.30780215829131374, 0.47622277764350174, 0.2569845394020695, 0.66418415003992315, 0.0014614027990257406},
		lower: []float64{0.47043886228853227, 0.90453690113711749, 0.74858313721860437, 0.5672992395771651, 0.30694494038647629, 0.62585142760598578, 1.0356148576132975},
		upper: []float64{0.99605330356983168, 0.9859401036546519, 2.503857492452934, 1.3029607251455986, 1.3709744298225099, 1.3480735868347395, 1.15861782596664},
		null:  -675.68338941749698, value: -659.1206056773284, concordance: 0.64042318350476723, concordanceSE: 0.026647656223568884,
		ratio: 33.125567480337168, wald: 31.981016985855426, score: 33.38282042409066,
		hazardAt: []float64{1, 12, 52}, hazard: []float64{0.0067864037975389011, 0.13229957983031215, 0.95072739489451386},
		profile: []float64{1, 20, 1, 0, 0, 1, 5}, times: []float64{1, 12, 24, 52},
		survival: []float64{0.99707229229635363, 0.94444409200045432, 0.85841995670213911, 0.66315083310131162},
		error:    []float64{0.0029658253153024361, 0.015426958409514241, 0.029343298701903404, 0.053401994668208233},
		low:      []float64{0.9912762931877821, 0.914686690853313, 0.80279240180312539, 0.56632670146092956},
		high:     []float64{1, 0.97516958739438719, 0.91790208827264652, 0.77652885924062853},
		terms:    nil,
		change: map[Scale][]float64{
			ScaleKM:   {0.061384635354113211, 5.9408467355187407, 2.0553715270059252, 4.1907146351826388, 1.005006782908223, 0.018993177778412768, 0.5100188552193492, 17.573278814855218},
			ScaleTime: {0.0085918063769640438, 6.5791038572940819, 2.1308056207346864, 3.8457721264954934, 1.0251279111283429, 0.028913810356262486, 0.41545274167327989, 18.059743298695675},
			ScaleLog:  {0.13932367592613962, 8.1907168768864302, 1.606619824612556, 2.0709851259451684, 1.1209381666679394, 0.22083981965856422, 0.014424592696083394, 17.572525995342119},
		},
	})
}
