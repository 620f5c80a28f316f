package engine_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"clientele/engine"
	"clientele/engine/report"
	"clientele/engine/table"
	"clientele/models/risk"
)

// habits are the orders of a shop whose customers buy in rhythms of their own, some of
// a week, some of a quarter, until they are lost: recency alone cannot tell who is.
func habits(customers int) string {
	rng := rand.New(rand.NewPCG(4, 2))
	var b strings.Builder
	b.WriteString("customer,date,amount\n")
	first, last := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)
	for c := range customers {
		gap := 7 * math.Exp(2.6*rng.Float64())
		at := first.AddDate(0, 0, rng.IntN(700))
		for lost := false; !lost && !at.After(last); lost = rng.Float64() < 0.09 {
			fmt.Fprintf(&b, "K%04d,%s,%d\n", c, at.Format(time.DateOnly), 10+rng.IntN(90))
			at = at.AddDate(0, 0, 1+int(gap*(0.7+0.6*rng.Float64())))
		}
	}
	return b.String()
}

// shown is one section of what show says of a customer.
func shown(t *testing.T, e *engine.Engine, customer, lang, title string) *table.Table {
	t.Helper()
	sections, err := e.Show(t.Context(), customer, lang)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sections {
		if s.Title == title {
			return s.Table
		}
	}
	t.Fatalf("show has no section %s", title)
	return nil
}

const logit = "base + silence + purchases + tenure + refunds + interactions + responses + calibration"

func TestReasons(t *testing.T) {
	t.Parallel()
	e := workspace(t)
	e.Config.Output.Reports = []string{"en", "zh"}
	loadText(t, e, "orders", "orders.csv", habits(900))
	loadText(t, e, "customers", "customers.csv", "customer_id\nnewcomer\n") // without an order: no reasons
	s := score(t, e, "2026-06-30")
	for _, m := range s.Models {
		if m.Model == risk.Name && m.Method != string(risk.LogisticRegression) {
			t.Fatalf("%s is used: this test is of logistic regression", m.Method)
		}
	}
	expect(t, e, "SELECT count(*), count(DISTINCT customer_id), count(*) FILTER (isnan(base) OR base IS NULL) FROM reasons", "900|900|0")
	expect(t, e, "SELECT max(abs(1 / (1 + exp(-("+logit+"))) - churn_risk)) < 1e-12 FROM reasons JOIN scores USING (as_of, customer_id)", "true")
	expect(t, e, "SELECT count(DISTINCT as_of), count(DISTINCT base) FROM reasons", "1|1")
	expect(t, e, "SELECT count(*) > 800 FROM reasons WHERE silence <> 0", "true")
	expect(t, e, "SELECT count(*) FROM reasons WHERE refunds <> 0 OR interactions <> 0 OR responses <> 0", "0") // there are none

	// The customer at the highest risk, in words that hold what the facts say.
	who := rows(t, e, "SELECT customer_id, recency_days, tenure_days, churn_risk FROM scores WHERE orders > 3 ORDER BY churn_risk DESC, customer_id LIMIT 1")[0]
	part := strings.Split(who, "|")
	en, zh := shown(t, e, part[0], "en", "reasons"), shown(t, e, part[0], "zh", "reasons")
	var sum float64
	var all, allZh []string
	for i := range en.Rows() {
		sum += en.Floats("effect")[i]
		all, allZh = append(all, cell(en.Column("reason"), i)), append(allZh, cell(zh.Column("reason"), i))
		if i > 1 && math.Abs(en.Floats("effect")[i]) > math.Abs(en.Floats("effect")[i-1]) {
			t.Errorf("%s comes after %s", all[i], all[i-1])
		}
		if times := en.Floats("odds_times")[i]; i > 0 && math.Abs(times-math.Exp(en.Floats("effect")[i])) > 1e-12 {
			t.Errorf("%s: %v times the odds for %v", all[i], times, en.Floats("effect")[i])
		}
		if cell(zh.Column("effect"), i) != cell(en.Column("effect"), i) {
			t.Errorf("row %d has another effect in Chinese", i)
		}
	}
	if got := fmt.Sprintf("%.9f", risk.Probability(sum)); got != fmt.Sprintf("%.9f", atof(t, part[3])) {
		t.Errorf("the effects that are shown add up to %s, churn_risk is %s", got, part[3])
	}
	text, textZh := strings.Join(all, "\n"), strings.Join(allZh, "\n")
	for _, want := range []string{"^the average customer: a risk of (over )?[0-9.]+ %\n", `no order for ` + part[1] + ` days \((bought on \d+ days, )?usual gap \d+ days, longest \d+\), .+; the purchase model gives (over |under )?\d+ % for no order in 90 days\n`, `first order ` + part[2] + ` days ago`} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, want := range []string{"^平均客户：风险( |超过 )[0-9.]+%\n", "已 " + part[1] + " 天未下单", "复购模型估计 90 天内不下单的概率(为|超过|低于) \\d+%\n", "首次下单在 " + part[2] + " 天前"} {
		if !regexp.MustCompile(want).MatchString(textZh) {
			t.Errorf("no %q in\n%s", want, textZh)
		}
	}

	// A fact that came later makes the values others than those that were scored:
	// the effects stay as they were published, and words only name what they are of.
	loadText(t, e, "orders", "late.csv", "customer,date,amount\n"+part[0]+",2026-06-29,5\n")
	late := shown(t, e, part[0], "en", "reasons")
	var again []string
	for i := range late.Rows() {
		again = append(again, cell(late.Column("reason"), i))
		if late.Floats("effect")[i] != en.Floats("effect")[i] {
			t.Errorf("%s: %v, published was %v", again[i], late.Floats("effect")[i], en.Floats("effect")[i])
		}
	}
	if text := "\n" + strings.Join(again, "\n"); !strings.Contains(text, "\nhow long silent") || strings.Contains(text, "no order for") {
		t.Errorf("after a late fact:\n%s", text)
	}

	pastInReport(t, e)
}

// pastInReport compares the report's chapter with the backtest of the same days.
func pastInReport(t *testing.T, e *engine.Engine) {
	t.Helper()
	en, zh := reportText(t, e, "en"), reportText(t, e, "zh")
	for _, want := range []string{"On 1 April 2026 nothing was known of the 90 days that followed", "Logistic regression (used)", "Why they are at high risk",
		"In the high band the commonest leading reason is ", "95% interval"} {
		if !strings.Contains(en, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	for _, want := range []string{"在2026年4月1日，其后 90 天的情况尚不可知", "逻辑回归（采用）", "高风险的原因"} {
		if !strings.Contains(zh, want) {
			t.Errorf("the Chinese report does not say %q", want)
		}
	}
	for _, never := range []string{"pareto_nbd", "frequency_recency", "NaN"} {
		if strings.Contains(en, never) {
			t.Errorf("the report says %s", never)
		}
	}
	if !regexp.MustCompile(`Tested on the 90 days after 1 April 2026, which the model had not seen, it expected [\d,]+ orders where [\d,]+ came`).MatchString(en) {
		t.Error("the findings have no test")
	}
	expect(t, e, "SELECT count(*) FROM totals WHERE scheme = 'all' AND expected_orders_low < expected_orders AND expected_orders < expected_orders_high", "1")
}

// What the purchase model says of a customer's orders to come adds up, agrees with the
// scores, also where groups have fits of their own, and is withheld where the facts
// are others than those that were scored.
func TestOutlook(t *testing.T) {
	t.Parallel()
	e := workspace(t)
	e.Config.Models.By = "cohort"
	loadText(t, e, "orders", "orders.csv", habits(600))
	score(t, e, "2026-06-30")
	for _, line := range rows(t, e, "SELECT customer_id, p_alive, expected_orders FROM scores ORDER BY hash(customer_id) LIMIT 12") {
		part := strings.Split(line, "|")
		got := shown(t, e, part[0], "en", "outlook")
		value := map[string]float64{}
		for i := range got.Rows() {
			value[cell(got.Column("measure"), i)] = got.Floats("value")[i]
		}
		if sum := value["p_0"] + value["p_1"] + value["p_2"] + value["p_3_or_more"]; math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s: probabilities add up to %v", part[0], sum)
		}
		least := value["p_1"] + 2*value["p_2"] + 3*value["p_3_or_more"]
		if expected := atof(t, part[2]); math.Abs(value["expected_orders"]-expected) > 1e-9*(1+expected) || expected < least {
			t.Errorf("%s: %v orders expected, scores say %v, and the probabilities make %v at least", part[0], value["expected_orders"], expected, least)
		}
		// Within a year a purchase is worth 1/1.1 at least, and others come later.
		if value["residual_orders"] < value["expected_orders"]/1.1 || value["p_0"] < 1-atof(t, part[1])-1e-9 {
			t.Errorf("%s: %v", part[0], value)
		}
	}
	// A saved model that cannot be read hides nothing else of the customer.
	path := filepath.Join(e.Dir, "exports", "current", "model.pareto_nbd.json")
	saved, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := shown(t, e, "K0001", "zh", "outlook"); got.Rows() != 1 || !strings.HasPrefix(cell(got.Column("meaning"), 0), "无法给出：model ") {
		t.Errorf("of a damaged model: %q", cell(got.Column("meaning"), 0))
	}
	if got := shown(t, e, "K0001", "en", "reasons"); got.Rows() < 2 {
		t.Errorf("%d reasons beside a damaged model", got.Rows())
	}
	if err := os.WriteFile(path, saved, 0o666); err != nil {
		t.Fatal(err)
	}
	e.Config.Discount = 0
	if got := shown(t, e, "K0001", "zh", "outlook"); got.Rows() != 6 || !regexp.MustCompile("^此后全部时间的预计订单数(，未折现|：不折现则无上限)$").MatchString(cell(got.Column("meaning"), 5)) {
		t.Errorf("without a discount: %q", cell(got.Column("meaning"), got.Rows()-1))
	}
	loadText(t, e, "orders", "late.csv", "customer,date,amount\nK0001,2026-06-29,5\n")
	if got := shown(t, e, "K0001", "en", "outlook"); got.Rows() != 1 || !math.IsNaN(got.Floats("value")[0]) || !strings.HasPrefix(cell(got.Column("meaning"), 0), "not known: ") {
		t.Errorf("after a late fact there are %d rows: %q", got.Rows(), cell(got.Column("meaning"), 0))
	}
	e = workspace(t)
	loadText(t, e, "orders", "orders.csv", "customer,date,amount\nann,2024-03-01,10\n")
	if got := shown(t, e, "ann", "en", "outlook"); got.Rows() != 0 {
		t.Errorf("%d rows without a run", got.Rows())
	}
	score(t, e, "latest")
	if got := shown(t, e, "ann", "en", "outlook"); got.Rows() != 0 {
		t.Errorf("%d rows without a model", got.Rows())
	}
}

func reportText(t *testing.T, e *engine.Engine, lang string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(e.Dir, "exports", "current", "report."+lang+".html"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func atof(t *testing.T, text string) float64 {
	t.Helper()
	var v float64
	if _, err := fmt.Sscan(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Without enough history nothing is trained: reasons has its columns and no rows, and
// the report says that there is nothing to look back on.
func TestReasonsTooShort(t *testing.T) {
	e := workspace(t)
	e.Config.Output.Reports = []string{"en"}
	loadText(t, e, "orders", "orders.csv", "customer,date,amount\nann,2024-03-01,10\nbob,2024-03-05,20\n")
	score(t, e, "latest")
	expect(t, e, "SELECT count(*) FROM reasons", "0")
	if columns := rows(t, e, "SELECT column_name, column_type FROM (DESCRIBE reasons)"); len(columns) != 11 || columns[0] != "as_of|DATE" || columns[10] != "no_purchase|DOUBLE" {
		t.Errorf("columns %q", columns)
	}
	if n := shown(t, e, "ann", "en", "reasons").Rows(); n != 0 {
		t.Errorf("%d reasons", n)
	}
	if text := reportText(t, e, "en"); !strings.Contains(text, "There is too little history to look back on: the models are judged by the last 90 days") {
		t.Error("the report does not say that there is too little history")
	}
}

// Every model, rule and method that a run may name has words in the report.
func TestWordsOfModels(t *testing.T) {
	var keys []string
	for _, f := range engine.Families() {
		keys = append(keys, f.Name())
	}
	for _, m := range []risk.Method{risk.LogisticRegression, risk.BoostedTrees, risk.RecencyRule, risk.FrequencyRule, risk.BaseRate, risk.PurchaseModel} {
		keys = append(keys, string(m))
	}
	keys = append(keys, risk.Name, "gamma_gamma", "recalibration", "naive_rate", "cluster")
	for _, key := range keys {
		d := &report.Data{Meta: report.Meta{Models: []report.ModelReport{{Model: key, LogLikelihood: math.NaN()}}}}
		for _, lang := range []string{"en", "zh"} {
			var page bytes.Buffer
			if err := report.HTML(&page, d, lang); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(page.String(), "<td>"+key+"</td>") {
				t.Errorf("%s has no words in %s", key, lang)
			}
		}
	}
}
