package report

import (
	"math"
	"strings"
	"testing"
)

// pastPage is what the chapter of the backtest says, from its title on.
func pastPage(t *testing.T, lang string, change func(*Meta)) string {
	t.Helper()
	m, meta := shop(t, 300)
	change(&meta)
	page := words(written(t, build(t, m, meta), lang))
	title := map[string]string{"en": "\nWhat the models would have said\n", "zh": "\n回到过去：模型会怎么说\n"}[lang]
	_, rest, ok := strings.Cut(page, title)
	if !ok {
		t.Fatalf("the page has no chapter %q", title)
	}
	return rest
}

func wants(t *testing.T, page string, list ...string) {
	t.Helper()
	for _, want := range list {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestPastTooShort(t *testing.T) {
	short := func(m *Meta) { m.Past = Backtest{Days: 90} }
	wants(t, pastPage(t, "en", short), "There is too little history to look back on: the models are judged by the last 90 days, and nobody had bought before those.\nModels\n")
	wants(t, pastPage(t, "zh", short), "历史太短，无法回测：模型以最近 90 天检验，而此前没有任何购买。\n模型\n")
	m, meta := shop(t, 300)
	meta.Past = Backtest{Days: 90}
	if page := written(t, build(t, m, meta), "en"); strings.Contains(page, "Tested on the") {
		t.Error("what was not looked back on is a finding")
	}
}

// The figures of a backtest decide what is said of it.
func TestPastSays(t *testing.T) {
	page := pastPage(t, "en", func(m *Meta) {})
	wants(t, page,
		"of 270 customers known then, 75 bought",
		"with recalibrate: true under models in clientele.yaml, what is expected is ",
		"multiplied by 1.220. Do so only where something has changed for good: ",
		"In five windows of two public data sets (CDNOW, Online Retail) the total so multiplied was each time further from what came than the one left alone.",
		"the 95% interval of all orders together was 80 to 127: 134 came, it missed; that of the money was ",
		"it held. Totals of the days to come can lie outside theirs in the same way.",
		"Sorted by logistic regression, the first fifth holds 84% of all buyers; by the better plain rule, “frequency, then recency”, 75%.",
		"Pareto/NBD alone has AUC 0.801 and Brier 0.104, logistic regression 0.808 and 0.104.",
		"no later window has judged it.",
		"Boosted trees | Logistic regression | &#43;0.0002 | −0.0011 to &#43;0.0015 | not better by more than chance",
		"MBG/CNBD-k | MBG/CNBD-2 | 0.4118 | best |")
	worse := pastPage(t, "en", func(m *Meta) { m.Past.Buying.Contests[1].LogLoss = Range{0.0087, 0.0029, 0.0145} })
	wants(t, worse, "Boosted trees | Logistic regression | &#43;0.0087 | &#43;0.0029 to &#43;0.0145 | worse")
	for _, never := range []string{"chance.\nHow many", "here the rule was nearer", "Recalibration of the total"} {
		if strings.Contains(page, never) {
			t.Errorf("the page says %q", never)
		}
	}
	page = pastPage(t, "en", func(m *Meta) {
		m.Past.Customers, m.Past.Every = 40, 7
		m.Past.Forecasts[1].MAE = 0.1
		m.Past.Forecasts[0].Method = "nbd"
		m.Past.Level = Level{Factor: 1.25, Applied: true}
	})
	wants(t, page, "Pareto/NBD (used): NBD, without churn | ", "One customer of 7 was looked at. So few customers judge no model", "that of the plain rule (own rate so far) by 0.100: here the rule was nearer.", "That was before recalibration.",
		"Recalibration of the total\nNext 365 days | Before | After\n", "Everything that is expected is multiplied by 1.250")
	if strings.Contains(page, "recalibrate: true") {
		t.Error("what is on is recommended")
	}
}

// What was tested on a sample says so among the findings too.
func TestTestedOnASample(t *testing.T) {
	m, meta := shop(t, 300)
	meta.Past.Every = 4
	d := build(t, m, meta)
	if got := (printer{}).tested(d); len(got) != 1 || !strings.Contains(got[0], " came (−18%, of one customer in 4); the interval of the total was 80 to 127: it missed; that of the money was ") {
		t.Errorf("%q", got)
	}
	d.Past.Every = 1
	if got := (printer{zh: true}).tested(d); len(got) != 1 || !strings.Contains(got[0], "笔（−18%）；合计的区间为 80 至 127，未命中；金额合计的区间为 ") {
		t.Errorf("%q", got)
	}
}

// Without a trained score the purchase model is judged, and the page says why.
func TestPastWithoutChurnScore(t *testing.T) {
	change := func(asked string) func(m *Meta) {
		return func(m *Meta) {
			b := &m.Past.Buying
			b.Asked, b.Verdict, b.Contests, b.Refitted = asked, Text{}, nil, false
			model := judgedBy("pareto_nbd", 0.8, 0.5, true, false)
			rule := judgedBy("recency", 0.7, 0.4, false, true)
			rule.Brier, rule.ECE, rule.Stated = math.NaN(), math.NaN(), nil
			b.Scores = []Judged{model, rule}
		}
	}
	page := pastPage(t, "en", change("auto"))
	wants(t, page, "No churn score was trained. Churn risk is the purchase model&#39;s probability of no purchase.\nWere the risks true?",
		"Pareto/NBD (used) | 0.800", "Recency alone (plain rule) | 0.700 | – | – | 4.00×", "Of 10 groups by Pareto/NBD, the stated risk of 10 lies within it.")
	known := func(m *Meta) {
		change("auto")(m)
		m.Past.Buying.Untrained = Text{"No churn score was trained: history is too short", "未训练流失评分：历史太短"}
	}
	wants(t, pastPage(t, "en", known), "No churn score was trained: history is too short. Churn risk is")
	stopped := func(m *Meta) {
		change("auto")(m)
		m.Past.Buying.Buyers = 0
	}
	wants(t, pastPage(t, "zh", stopped), "未训练流失评分：用于检验的窗口内没有任何客户购买。流失风险取复购模型给出的不购买概率。")
	wants(t, pastPage(t, "zh", change("purchase")), "按配置，流失风险取复购模型给出的不购买概率。\n概率是否可信")
}

// Recalibration shows what it does to the totals.
func TestLevelTable(t *testing.T) {
	d := &Data{Meta: Meta{Horizon: 365, Past: Backtest{Days: 90, Level: Level{Factor: 1.25, Applied: true}}}, Coverage: Coverage{ExpectedOrdersSum: 1000, CLVSum: 50_000}}
	got := printer{}.levelTable(d).Table.Rows
	if got[0][1] != "800" || got[0][2] != "1,000" || got[1][1] != "40K" || got[1][2] != "50K" {
		t.Errorf("%v", got)
	}
}

// An interval is that of the group's own scheme.
func TestTotals(t *testing.T) {
	d := &Data{Meta: Meta{Totals: []Total{
		{"all", "all", 3, Range{5, 4, 6}, Range{50, 40, 60}},
		{"churn band", "new", 1, Range{1, 0, 2}, Range{}},
		{"lifecycle", "new", 2, Range{4, 3, 5}, Range{math.NaN(), math.NaN(), math.NaN()}},
		{"rfm cn8", "lost", 2, Range{math.NaN(), math.NaN(), math.NaN()}, Range{}},
	}}}
	for _, c := range []struct {
		scheme, segment string
		low             float64
		ok              bool
	}{{"all", "all", 4, true}, {"lifecycle", "new", 3, true}, {"churn band", "new", 0, true}, {"churn", "new", 0, true}, {"rfm", "new", 0, false}, {"rfm", "lost", 0, false}} {
		got, ok := d.total(c.scheme, c.segment)
		if ok != c.ok || ok && got.Orders.Low != c.low {
			t.Errorf("%s %s: %+v, %v", c.scheme, c.segment, got, ok)
		}
	}
	b, some := printer{}.outlook(d, "lifecycle", "Stage", []Group{{Key: "new", Customers: 2, ExpectedOrders: 4, CLV: math.NaN()}, {Key: "prospect", ExpectedOrders: math.NaN()}}, func(g Group) string { return g.Key })
	if !some || len(b.Table.Rows) != 1 || strings.Join(b.Table.Rows[0], "|") != "new|2|4|3 to 5|–|–" {
		t.Errorf("%v %v", some, b.Table.Rows)
	}
}

func TestModelNames(t *testing.T) {
	for key, want := range map[string][2]string{
		"pareto_nbd":          {"Pareto/NBD", "Pareto/NBD"},
		"bg_nbd":              {"BG/NBD", "BG/NBD"},
		"mbg_nbd":             {"MBG/NBD", "MBG/NBD"},
		"bg_cnbd_k":           {"BG/CNBD-k", "BG/CNBD-k"},
		"mbg_cnbd_2":          {"MBG/CNBD-2", "MBG/CNBD-2"},
		"cnbd_3":              {"CNBD-3, without churn", "CNBD-3（不含流失）"},
		"nbd":                 {"NBD, without churn", "NBD（不含流失）"},
		"recalibration":       {"Recalibration", "总量校准"},
		"churn_risk":          {"Churn risk", "流失风险"},
		"logistic_regression": {"Logistic regression", "逻辑回归"},
		"boosted_trees":       {"Boosted trees", "梯度提升树"},
		"frequency_recency":   {"Frequency, then recency", "先按购买频次、再按最近购买时间"},
		"naive_rate":          {"Own rate so far", "客户自身历史频率"},
		"nobody's model":      {"nobody's model", "nobody's model"},
		"":                    {"", ""},
	} {
		if en, zh := (printer{}).titled(key), (printer{zh: true}).titled(key); en != want[0] || zh != want[1] {
			t.Errorf("%q: %q, %q", key, en, zh)
		}
	}
	if got := (printer{}).model("logistic_regression"); got != "logistic regression" {
		t.Errorf("within a sentence: %q", got)
	}
}

// Where the better plain rule is the score, it is held against the model that did
// not beat it, never against a worse rule.
func TestPastUsesRule(t *testing.T) {
	ruled := func(m *Meta) {
		b := &m.Past.Buying
		b.Contests = []Contest{{"logistic_regression", "frequency_recency", false, Range{0.0003, -0.0002, 0.0008}}}
		b.Scores = []Judged{
			judgedBy("frequency_recency", 0.738, 0.3, true, true), judgedBy("pareto_nbd", 0.731, 0.2, false, false),
			judgedBy("logistic_regression", 0.743, 0.25, false, false), judgedBy("recency", 0.684, 0.1, false, true),
		}
	}
	page := pastPage(t, "en", ruled)
	wants(t, page, "Sorted by “frequency, then recency”, the first fifth holds 51% of all buyers; by logistic regression 44%. What is used is a plain rule: no model that was tried beat it by more than chance.",
		"Of 10 groups by “frequency, then recency”, the stated risk of 10 lies within it.")
	for _, never := range []string{"the better plain rule", " alone has AUC"} {
		if strings.Contains(page, never) {
			t.Errorf("the page says %q", never)
		}
	}
	wants(t, pastPage(t, "zh", ruled), "以“先按购买频次、再按最近购买时间”排序，前五分之一客户包含 51% 的买家；以逻辑回归排序为 44%。所用的正是简单规则")
}

// Where nothing came, no total is infinitely off and nothing is to be multiplied by zero.
func TestPastNothingCame(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		page := pastPage(t, lang, func(m *Meta) {
			b := &m.Past
			b.Orders, b.Spend, b.Buyers, b.Level.Factor = 0, 0, 0, 0
			b.Forecasts[0].Orders = 1.2
		})
		for _, never := range []string{"∞", "recalibrate", "1 orders"} {
			if strings.Contains(page, never) {
				t.Errorf("%s: the page says %q", lang, never)
			}
		}
	}
}

// How an interval of a total did in the last closed window stands beside the next one.
func TestIntervalsOfTotals(t *testing.T) {
	none := Range{math.NaN(), math.NaN(), math.NaN()}
	for _, c := range []struct {
		orders, money Range
		record, stood string
	}{
		{Range{10, 8, 12}, Range{100, 90, 110}, "such intervals held", " (held when looking back)"},
		{Range{10, 8, 12}, none, "such intervals held", " (held when looking back)"},
		{Range{7, 6, 8}, Range{100, 90, 110}, "missed for orders and held for money", " (missed when looking back)"},
		{Range{7, 6, 8}, none, "such intervals missed", " (missed when looking back)"},
		{Range{10, 8, 12}, Range{80, 70, 90}, "held for orders and missed for money", " (held when looking back)"},
		{Range{}, Range{}, "no closed window has tested these intervals", " (not tested)"},
	} {
		b := Backtest{Days: 90, Orders: 10, Spend: 100, Forecasts: []Forecast{{Name: "pareto_nbd", Used: true, Orders: 10, Total: c.orders, SpendTotal: c.money}}}
		if got := (printer{}).record(b); !strings.HasSuffix(got, c.record) {
			t.Errorf("%v %v: %q", c.orders, c.money, got)
		}
		if got := (printer{}).stood(c.orders, b.Orders); got != c.stood {
			t.Errorf("%v: %q", c.orders, got)
		}
	}
}
