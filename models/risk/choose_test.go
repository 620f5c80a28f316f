package risk

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/evaluate"
	"clientele/models/modelstest/shopdata"
)

// shop is one of the two data sets of statistics.md, section 1 (d).
type shop struct {
	file             string
	window           int
	test             string
	train            []string
	n                int
	base, auc, brier float64
}

func shops() []shop {
	return []shop{
		{"cdnow.csv", 91, "1998-01-01", []string{"1997-07-01", "1997-09-01", "1997-10-01"}, 23_502, 0.836993, 0.807, 0.105},
		{"online_retail.csv", 90, "2011-09-01", []string{"2011-04-01", "2011-05-01", "2011-06-01"}, 3_317, 0.438046, 0.742, 0.2075},
	}
}

func (s shop) snapshots(t testing.TB) []Snapshot {
	purchases := readPurchases(t, s.file)
	var out []Snapshot
	for _, cut := range append(s.train, s.test) {
		out = append(out, snapshotOf(purchases, shopdata.Day(t, cut), s.window))
	}
	return out
}

// What must be true at the end of the issue: the logistic regression's figures on
// both data sets, and those of recency alone as statistics.md has them.
func TestChurnOfRealShops(t *testing.T) {
	for k, s := range shops() {
		snapshots := s.snapshots(t)
		c, err := Choose(t.Context(), snapshots, Settings{Resamples: 200, Trees: &TreeSettings{}})
		if err != nil {
			t.Fatal(err)
		}
		logit, recency, often := c.Figure(LogisticRegression), c.Figure(RecencyRule), c.Figure(FrequencyRule)
		t.Logf("%s: logit AUC %.4f, AP %.4f, Brier %.4f, log loss %.4f, lift %.3f; other level's log loss %.4f", s.file,
			logit.AUC, logit.AveragePrecision, logit.Brier, logit.LogLoss, logit.Lift10, logit.Otherwise)
		if logit.N != s.n || math.Abs(logit.Rate-s.base) > 5e-7 {
			t.Errorf("%s: %d customers, churn %.6f, not %d and %.6f", s.file, logit.N, logit.Rate, s.n, s.base)
		}
		if logit.AUC < s.auc || logit.Brier > s.brier {
			t.Errorf("%s: AUC %.5f, Brier %.5f", s.file, logit.AUC, logit.Brier)
		}
		near(t, s.file+": AUC of recency", recency.AUC, []float64{0.7928, 0.6838}[k], 5e-5)
		if often.AUC <= recency.AUC || often.LogLoss >= recency.LogLoss {
			t.Errorf("%s: frequency, then recency, is not the better rule", s.file)
		}
		if c.Score.Method != LogisticRegression || !c.Contests[0].Won || c.Verdict.Code != "model_used" {
			t.Errorf("%s: %s is used: %s", s.file, c.Score.Method, c.Verdict.En)
		}
		// The score in use has learned from the last snapshot too.
		rows := 0
		for _, snap := range snapshots {
			rows += snap.Table.Rows()
		}
		if c.Score.Rows != rows || c.Score.Logit.Rows != rows {
			t.Errorf("%s: fitted on %d rows of %d", s.file, c.Score.Rows, rows)
		}
	}
}

// renewal simulates a shop in which each customer has a rate of buying and a
// chance to go away after each purchase.
func renewal(customers int, vary, leave float64, seed uint64) []purchase {
	r := rand.New(rand.NewPCG(seed, 21))
	var out []purchase
	for i := range customers {
		rate := math.Exp(vary*r.NormFloat64()) / 60
		day := float64(r.IntN(300))
		for day < 1100 {
			out = append(out, purchase{string([]rune{rune(0x4e00 + i/500), rune(0x4e00 + i%500)}), int(day), 10 * r.ExpFloat64()})
			if r.Float64() < leave {
				break
			}
			day += 1 + r.ExpFloat64()/rate
		}
	}
	return out
}

func snapshotsOf(purchases []purchase, cuts ...int) []Snapshot {
	var out []Snapshot
	for _, cut := range cuts {
		out = append(out, snapshotOf(purchases, cut, 60))
	}
	return out
}

// The outcome is a coin: no model can beat a rule by more than chance, which is
// one shop in forty at most, so a rule is used, and the choice says so.
func TestChooseFallsBackToThePlainRule(t *testing.T) {
	snapshots := snapshotsOf(renewal(600, 1, 0.1, 1), 500, 600, 700, 800)
	shops, won := 20, 0
	switch {
	case *long:
		shops = 400
	case testing.Short():
		shops = 3
	}
	for shop := range shops {
		r := rand.New(rand.NewPCG(4, uint64(shop)))
		for k := range snapshots {
			for i := range snapshots[k].Churned {
				snapshots[k].Churned[i] = r.Float64() < 0.3
			}
		}
		c, err := Choose(t.Context(), snapshots, Settings{Resamples: 200, Trees: &TreeSettings{}})
		if err != nil {
			t.Fatal(err)
		}
		if m := c.Score.Method; m != RecencyRule && m != FrequencyRule {
			won++
			continue
		}
		if c.Verdict.Code != "plain_rule" || c.Verdict.Zh == "" || !strings.Contains(c.Verdict.En, "logistic regression") {
			t.Errorf("%+v", c.Verdict)
		}
		if !slices.Contains(c.Score.Report().Warnings, c.Verdict) {
			t.Error("the report does not say that a plain rule is used")
		}
		// Its probabilities are about the base rate.
		in := snapshots[3].Table
		p := make([]float64, in.Rows())
		if err := c.Score.ProbabilityTo(p, in, 0); err != nil {
			t.Fatal(err)
		}
		near(t, "mean risk", sum(p)/float64(len(p)), 0.3, 0.07)
	}
	if won > shops/20 {
		t.Errorf("a model won in %d of %d shops in which there is nothing to know", won, shops)
	}
}

func TestChooseTakesAModelThatEarnsIt(t *testing.T) {
	// Two kinds of customers that only recency against their own gap tells apart.
	purchases := renewal(3000, 1.2, 0.12, 2)
	snapshots := snapshotsOf(purchases, 500, 600, 700, 800)
	c, err := Choose(t.Context(), snapshots, Settings{Trees: &TreeSettings{}})
	if err != nil {
		t.Fatal(err)
	}
	if m := c.Score.Method; m != LogisticRegression && m != BoostedTrees {
		t.Errorf("%s is used: %+v", m, c.Contests)
	}
	// The figures are of the test snapshot, not of training.
	if c.Cut != 800 || c.Figures[0].N != snapshots[3].Table.Rows() || len(c.Contests) != 2 {
		t.Errorf("cut %d, %d customers, %d contests", c.Cut, c.Figures[0].N, len(c.Contests))
	}
	// So are their curves, which have every customer and every event.
	for _, f := range c.Figures {
		near(t, "ECE of the curve of "+string(f.Method), evaluate.ECE(f.Reliability), f.ECE, 1e-15)
		var customers, came float64
		for _, d := range f.Deciles {
			customers, came = customers+d.N, came+d.Events
		}
		near(t, "customers in the tenths of "+string(f.Method), customers, float64(f.N), 1e-9)
		near(t, "events in the tenths of "+string(f.Method), came, float64(f.Events), 1e-6)
	}
	// Order of snapshots and number of workers make no difference, to the last bit.
	shuffled := []Snapshot{snapshots[2], snapshots[3], snapshots[0], snapshots[1]}
	again, err := Choose(t.Context(), shuffled, Settings{Trees: &TreeSettings{}, Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := json.Marshal(again); err != nil || string(other) != string(text) {
		t.Errorf("in another order, on other workers: %v\n%s\n%s", err, text, other)
	}
	var back Choice
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back.Figures, c.Figures) || !reflect.DeepEqual(back.Contests, c.Contests) {
		t.Errorf("from JSON: %v, %+v", err, back)
	}
}

// Trees are used where they must be: the event is in the middle of a range.
func TestChooseTakesTreesWhereLinesFail(t *testing.T) {
	snapshots := snapshotsOf(renewal(3000, 1, 0.1, 3), 500, 600, 700, 800)
	r := rand.New(rand.NewPCG(6, 6))
	for k, s := range snapshots {
		for i, v := range s.Table.Ints("T") {
			// Yearly subscribers leave in the middle of their year.
			snapshots[k].Churned[i] = r.Float64() < 0.1+0.8*indicator(v%365 > 150 && v%365 < 220)
		}
	}
	c, err := Choose(t.Context(), snapshots, Settings{Trees: &TreeSettings{}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Score.Method != BoostedTrees {
		t.Errorf("%s is used: %+v", c.Score.Method, c.Contests)
	}
	if f := c.Figure(BoostedTrees); math.Abs(f.MeanP-f.Rate) > 0.05 {
		t.Errorf("trees expect %.3f, %.3f came", f.MeanP, f.Rate)
	}
}

// The level of the latest window is used where it is asked for and did better on the backtest:
// here churn doubles half-way and stays so.
func TestChooseSetsTheLevel(t *testing.T) {
	snapshots := snapshotsOf(renewal(1500, 1, 0.05, 5), 400, 500, 600, 700, 800)
	r := rand.New(rand.NewPCG(8, 8))
	for k, s := range snapshots {
		for i, v := range s.Table.Ints("recency_days") {
			snapshots[k].Churned[i] = r.Float64() < Probability(0.02*float64(v)-2+indicator(k > 2))
		}
	}
	c, err := Choose(t.Context(), snapshots, Settings{Resamples: 100, Level: true})
	if err != nil {
		t.Fatal(err)
	}
	f := c.Figure(LogisticRegression)
	if !f.Levelled || f.Otherwise <= f.LogLoss || math.Abs(f.MeanP-f.Rate) > 0.03 {
		t.Errorf("%+v", f)
	}
	if c.Score.Method == LogisticRegression && c.Score.Shift <= 0 {
		t.Errorf("shift %v", c.Score.Shift)
	}
}

// The purchase model's probability is a feature and a line in the figures.
func TestChooseUsesThePurchaseModel(t *testing.T) {
	purchases := renewal(2000, 1, 0.1, 7)
	snapshots := snapshotsOf(purchases, 500, 600, 700, 800)
	r := rand.New(rand.NewPCG(9, 9))
	for _, s := range snapshots {
		column := table.NewColumn(table.Field{Name: PurchaseModelColumn, Kind: table.Float}, s.Table.Rows())
		for i := range column.Floats { // it knows more than the columns do
			column.Floats[i] = Probability(2*(indicator(s.Churned[i])-0.5) + 1.5*r.NormFloat64())
		}
		s.Table.Add(column)
	}
	c, err := Choose(t.Context(), snapshots, Settings{Resamples: 100})
	if err != nil {
		t.Fatal(err)
	}
	model, logit := c.Figure(PurchaseModel), c.Figure(LogisticRegression)
	if model.N == 0 || logit.LogLoss >= model.LogLoss || logit.LogLoss >= c.Figure(FrequencyRule).LogLoss {
		t.Errorf("log loss of the purchase model %v, of the regression that reads it %v", model.LogLoss, logit.LogLoss)
	}
}

func TestChooseRefuses(t *testing.T) {
	purchases := renewal(300, 1, 0.1, 8)
	late := snapshotOf(purchases, 800, 60)
	same := snapshotOf(purchases, 800, 60)
	for i := range same.Churned {
		same.Churned[i] = true
	}
	for name, c := range map[string]struct {
		snapshots []Snapshot
		want      error
	}{
		"none":                      {nil, ErrTooLittle},
		"one":                       {[]Snapshot{late}, ErrTooLittle},
		"nobody had bought":         {[]Snapshot{snapshotOf(purchases, 0, 60), late}, ErrTooLittle},
		"one outcome on the last":   {[]Snapshot{snapshotOf(purchases, 600, 60), same}, ErrTooLittle},
		"a window that is not over": {[]Snapshot{snapshotOf(purchases, 600, 60), snapshotOf(purchases, 741, 60), late}, nil},
		"the same day twice":        {[]Snapshot{late, late}, nil},
		"another window":            {[]Snapshot{snapshotOf(purchases, 600, 61), late}, nil},
	} {
		if got, err := Choose(t.Context(), c.snapshots, Settings{}); err == nil || c.want != nil && !errors.Is(err, c.want) || c.want == nil && errors.Is(err, ErrTooLittle) {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
	}
	if _, err := Choose(t.Context(), snapshotsOf(purchases, 600, 740, 800), Settings{}); err != nil {
		t.Errorf("a window that ends the day before: %v", err)
	}
}

// With few customers, or one outcome so far, there is still a score, and a word on why it is plain.
func TestChooseOnVeryLittle(t *testing.T) {
	snapshots := snapshotsOf(renewal(12, 1, 0.1, 9), 600, 700)
	for i := range snapshots[0].Churned {
		snapshots[0].Churned[i] = false
	}
	snapshots[1].Churned[0], snapshots[1].Churned[1] = true, false
	c, err := Choose(t.Context(), snapshots, Settings{Trees: &TreeSettings{}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Verdict.Code != "plain_rule" || len(c.Contests) != 0 {
		t.Errorf("%+v", c)
	}
	codes := map[string]int{}
	for _, w := range c.Warnings {
		codes[w.Code]++
		if w.En == "" || w.Zh == "" {
			t.Errorf("%+v", w)
		}
	}
	if codes["not_fitted"] != 2 || codes["plain_rule"] != 1 {
		t.Errorf("warnings %v", codes)
	}
	if r := c.Score.Report(); r.Status != models.Fixed || len(r.Warnings) != 3 {
		t.Errorf("%+v", r)
	}
	if _, err := json.Marshal(c); err != nil {
		t.Error(err)
	}
}

// Of more rows than a fit takes, every second or third gives nearly the same score.
func TestChooseOfManyRows(t *testing.T) {
	snapshots := snapshotsOf(renewal(4000, 1, 0.1, 10), 500, 600, 700, 800)
	all, err := Choose(t.Context(), snapshots, Settings{Resamples: 50})
	if err != nil {
		t.Fatal(err)
	}
	some, err := Choose(t.Context(), snapshots, Settings{Resamples: 50, MostRows: 5000})
	if err != nil {
		t.Fatal(err)
	}
	if n := some.Score.Logit.Rows; n > 5000 || n < 2500 {
		t.Errorf("fitted on %d rows", n)
	}
	near(t, "AUC", some.Figure(LogisticRegression).AUC, all.Figure(LogisticRegression).AUC, 0.01)
	if some.Figures[0].N != all.Figures[0].N {
		t.Error("figures are not of all customers")
	}
}

// Snapshots that say who is who give errors by customer and count each customer once;
// those that do not say so.
func TestChooseKnowsItsCustomers(t *testing.T) {
	purchases := renewal(900, 1, 0.15, 3)
	number := map[string]int64{}
	for _, p := range purchases {
		if _, ok := number[p.customer]; !ok {
			number[p.customer] = int64(7*len(number)) - 900
		}
	}
	unnamed := snapshotsOf(purchases, 700, 710, 720, 800)
	named := snapshotsOf(purchases, 700, 710, 720, 800)
	people := map[int64]bool{}
	for _, s := range named {
		column := table.NewColumn(table.Field{Name: PersonColumn, Kind: table.Int}, s.Table.Rows())
		for i, id := range idsOf(purchases, s.Cut) {
			column.Ints[i] = number[id]
			people[number[id]] = true
		}
		s.Table.Add(column)
	}
	set := Settings{Resamples: 50}
	a, err := Choose(t.Context(), unnamed, set)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Choose(t.Context(), named, set)
	if err != nil {
		t.Fatal(err)
	}
	if a.Score.Method != LogisticRegression || b.Score.Method != LogisticRegression {
		t.Fatalf("%s and %s are used: this test is of logistic regression", a.Score.Method, b.Score.Method)
	}
	if !slices.Equal(a.Score.Logit.Coefficients, b.Score.Logit.Coefficients) {
		t.Error("who is who has changed the coefficients")
	}
	if n := b.Score.Report().Rows; n != len(people) || b.Score.Logit.Clusters != n || b.Score.Snapshots != 4 || b.Score.Rows != a.Score.Rows || b.Score.Rows <= 2*n {
		t.Errorf("%d customers, %d clusters, %d snapshots, %d rows; there are %d customers", n, b.Score.Logit.Clusters, b.Score.Snapshots, b.Score.Rows, len(people))
	}
	if n := a.Score.Report().Rows; n != a.Score.Rows || a.Score.Customers != 0 || a.Score.Logit.Clusters != 0 {
		t.Errorf("%d customers where nothing says who is who", n)
	}
	said := func(c *Choice) bool {
		return slices.ContainsFunc(c.Score.Warnings, func(w models.Warning) bool { return w.Code == "rows_as_customers" && w.En != "" && w.Zh != "" })
	}
	if !said(a) || said(b) {
		t.Errorf("warnings %v and %v", a.Score.Warnings, b.Score.Warnings)
	}
	larger := 0
	for k, e := range b.Score.Logit.StandardErrors {
		larger += int(indicator(e > a.Score.Logit.StandardErrors[k]))
	}
	if all := len(b.Score.Logit.StandardErrors); 2*larger <= all {
		t.Errorf("only %d of %d errors are larger by customer", larger, all)
	}
	// A row without a number leaves it open who is who.
	person := named[1].Table.Column(PersonColumn)
	person.Null = make([]bool, len(person.Ints))
	person.Null[5] = true
	if c, err := Choose(t.Context(), named, set); err != nil || c.Score.Customers != 0 || !said(c) {
		t.Errorf("a row without a number: %v", err)
	}
}

// idsOf are the customers of a snapshot in the order of its rows.
func idsOf(purchases []purchase, cut int) []string {
	var ids []string
	for _, p := range purchases {
		if p.day < cut {
			ids = append(ids, p.customer)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func BenchmarkScore(b *testing.B) {
	snapshots := snapshotsOf(renewal(4000, 1, 0.1, 10), 500, 600, 700, 800)
	c, err := Choose(b.Context(), snapshots, Settings{Resamples: 50})
	if err != nil {
		b.Fatal(err)
	}
	in := snapshots[3].Table
	p := make([]float64, in.Rows())
	for b.Loop() {
		if err := c.Score.ProbabilityTo(p, in, 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(p))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
