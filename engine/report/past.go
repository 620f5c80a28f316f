package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Range is an estimate with its 95 % interval; NaN where there is none.
type Range struct {
	Mean, Low, High float64
}

// limited says that an estimate has an interval.
func (r Range) limited() bool {
	return r != (Range{}) && !math.IsNaN(r.Low+r.High) && !math.IsInf(r.Low+r.High, 0)
}

func (r Range) holds(v float64) bool { return r.Low <= v && v <= r.High }

// Total is what the models expect of a group of customers together within the
// horizon.
type Total struct {
	Scheme    string // what divides the customers: all, "rfm " and the scheme, churn band, lifecycle
	Segment   string // the group's key
	Customers int
	Orders    Range
	Value     Range
}

// Backtest is what the models would have said, on a past day, of the days after
// it, and what came: those days are over. Without customers there is nothing to
// look back on.
type Backtest struct {
	Origin    int32   // the last day of which facts were known
	Days      int     // that were forecast
	Customers int     // with a purchase by then
	Every     int64   // one customer of so many was looked at; 0 and 1: all
	Orders    float64 // purchases that came
	Spend     float64 // and what they came to
	Buyers    int     // customers with one at least
	Forecasts []Forecast
	Weeks     []Week // repeat purchases of the customers known at the origin, by the model in use
	Buying    Buying
	Choice    *ModelChoice // of the purchase model; nil: it is configured
	Level     Level
}

// Forecast is what one model, or one plain rule, said of orders and money.
type Forecast struct {
	Name        string // a purchase model, or naive_rate
	Used, Rule  bool
	Orders      float64
	MAE         float64 // mean absolute error of a customer's orders
	Inside      float64 // share of customers whose orders lie in their 95 % intervals; NaN: there are none
	Spend       float64 // before refunds; NaN: it says nothing of money
	SpendInside float64
	Total       Range // 95 % interval of the orders of all customers together; without limits there is none
	SpendTotal  Range
	Method      string // what gave the forecast; empty: what Name says
}

// Week is one week of repeat purchases.
type Week struct {
	Start            int32
	Actual, Modelled float64 // Modelled is NaN where no model was fitted
	Forecast         bool    // it begins after the origin
}

// Buying is how well scores told who would buy, in a window of its own.
type Buying struct {
	Origin    int32
	Days      int
	Customers int
	Buyers    int
	Scores    []Judged
	Verdict   Text // which churn score is used and why; empty: it was not chosen
	Untrained Text // why no churn score was trained; empty: one was, or nobody knows
	Refitted  bool // what scores was fitted again on newer windows than those of Scores
	Asked     string
	Contests  []Contest
}

// Judged is how one score did. Rankings put likely buyers first.
type Judged struct {
	Name                               string // logistic_regression, pareto_nbd, recency ...
	Used, Rule                         bool
	AUC, Brier, ECE, Lift10, Capture10 float64  // NaN: it has none
	Stated                             []Stated // probabilities of buying nothing, against what happened
	Found                              []float64
	Rates                              []float64 // share of each tenth who bought; Found adds up their shares of all buyers
}

// Stated is a group of customers with about the same stated probability of
// buying nothing.
type Stated struct {
	P         float64 // mean
	Rate      float64 // share who bought nothing, and its 95 % interval
	Low, High float64
	Customers int
}

// Contest is one decision between two churn scores by their log loss: below
// zero the challenger did better.
type Contest struct {
	Challenger, Champion string
	Won                  bool
	LogLoss              Range
}

// ModelChoice is how the purchase model was chosen.
type ModelChoice struct {
	Winner     string
	Reason     Text
	Candidates []Candidate
}

// Candidate is how one purchase model did over all past windows.
type Candidate struct {
	Name, Method  string
	LogLikelihood float64
	Surprise      float64 // mean of −ln of the probability given to the number of purchases that came
	Worse         Range   // than the best candidate
	Bias, MAE     float64 // Bias is forecast over actual
}

// Level is the recalibration of what is expected: Factor is what came in the last
// closed window over what would have been expected of it.
type Level struct {
	Factor  float64 // NaN: it is not known
	Applied bool
}

// total is that of a segment.
func (d *Data) total(scheme, segment string) (Total, bool) {
	for _, t := range d.Totals {
		if (t.Scheme == scheme || strings.HasPrefix(t.Scheme, scheme+" ")) && t.Segment == segment && !math.IsNaN(t.Orders.Low+t.Orders.High) {
			return t, true
		}
	}
	return Total{}, false
}

// between is an interval in words; a dash where there is none.
func (p printer) between(r Range, write func(float64) string) string {
	if math.IsNaN(r.Low + r.High) {
		return dash
	}
	return p.f("%s to %s", "%s 至 %s", write(r.Low), write(r.High))
}

// outlook is a table of what is expected of groups, with intervals; false where
// no total has one.
func (p printer) outlook(d *Data, scheme, head string, groups []Group, label func(Group) string) (block, bool) {
	g := &grid{
		Head:    []string{head, p.t("Customers", "客户数"), p.t("Expected orders", "预计订单"), p.t("95% interval", "95% 区间"), p.t("Expected value", "预期价值"), p.t("95% interval", "95% 区间")},
		Numbers: []bool{false, true, true, true, true, true},
	}
	some := false
	for _, x := range groups {
		if math.IsNaN(x.ExpectedOrders) {
			continue // prospects
		}
		row := []string{label(x), p.n(x.Customers), p.few(x.ExpectedOrders), dash, p.money(x.CLV), dash}
		if t, ok := d.total(scheme, x.Key); ok {
			row[3], row[5] = p.between(t.Orders, p.few), p.between(t.Value, p.money)
			some = true
		}
		g.Rows = append(g.Rows, row)
	}
	words := p.f("What is expected of each group together in the next %d days.", "各组客户未来 %d 天的预计合计。", d.Horizon)
	if scheme == "rfm" { // said once
		words += p.gap() + p.t("The 95% intervals allow for chance and for what the data leave open about the parameters, not for seasons, a change of prices or a model that is wrong.",
			"95% 区间只反映随机波动与参数不确定性，不含季节性、价格变化以及模型本身的偏差。")
		words += p.gap() + p.totalsTested(d.Past)
	}
	return block{Title: p.t("Expected orders and value, with intervals", "预计订单与价值（含区间）"), Table: g, Caption: words}, some
}

// few is an estimate of a count, with decimals where it is small.
func (p printer) few(v float64) string {
	if math.Abs(v) < 10 {
		return p.short(v)
	}
	return p.about(v)
}

// leastJudged is how many customers a backtest needs to say more than chance.
const leastJudged = 200

func (p printer) past(d *Data) section {
	s := section{ID: "backtest", Title: p.t("What the models would have said", "回到过去：模型会怎么说")}
	b := d.Past
	if b.Customers == 0 {
		s.Missing = p.t("There is too little history to look back on.", "历史太短，无法回测。")
		if b.Days > 0 {
			s.Missing = p.f("There is too little history to look back on: the models are judged by the last %d days, and nobody had bought before those.",
				"历史太短，无法回测：模型以最近 %d 天检验，而此前没有任何购买。", b.Days)
		}
		return s
	}
	s.Intro = p.lookedBack(b)
	s.Blocks = append(s.Blocks, p.forecastTable(b))
	if len(b.Weeks) > 1 {
		s.Blocks = append(s.Blocks, p.tracking(d))
	}
	if len(b.Buying.Scores) > 0 {
		s.Blocks = append(s.Blocks, p.buyingTable(d))
		s.Blocks = append(s.Blocks, p.buyingPictures(b.Buying)...)
	}
	if len(b.Buying.Contests) > 0 {
		s.Blocks = append(s.Blocks, p.contests(b.Buying))
	}
	if b.Choice != nil {
		s.Blocks = append(s.Blocks, p.choiceTable(*b.Choice))
	}
	if b.Level.Applied {
		s.Blocks = append(s.Blocks, p.levelTable(d))
	}
	s.Terms = p.measures(b)
	return s
}

func (p printer) lookedBack(b Backtest) string {
	text := p.f("On %s nothing was known of the %d days that followed. The models were fitted on what was known that day and asked about those days, which are over: of %s known then, %s bought, on %s purchase days in all.",
		"在%s，其后 %d 天的情况尚不可知。模型只用当日已知的数据拟合，并预测这段现已结束的时期：当时已知的 %s中，%s 位有购买，共 %s 个购买日。",
		p.date(b.Origin), b.Days, p.customers(int64(b.Customers)), p.n(int64(b.Buyers)), p.about(b.Orders))
	if b.Every > 1 {
		text += p.f(" One customer of %d was looked at.", "每 %d 位客户抽取 1 位参与回测。", b.Every)
	}
	switch {
	case b.Customers < leastJudged:
		text += p.t(" So few customers judge no model: most differences below are chance.", "客户过少，不足以评判模型：下列差异多属偶然。")
	case b.Buyers < leastJudged/20:
		text += p.t(" So few buyers judge no model: most differences below are chance.", "买家过少，不足以评判模型：下列差异多属偶然。")
	}
	return text
}

func (p printer) forecastTable(b Backtest) block {
	g := &grid{
		Head: []string{p.t("Forecast", "预测"), p.t("Orders (95%)", "订单（95% 区间）"), p.t("Against actual", "与实际相比"), p.t("Off by, per customer (MAE)", "每客户平均偏差（MAE）"), p.t("Inside 95%", "95% 区间命中"),
			p.t("Spend before refunds (95%)", "消费，未扣退款（95% 区间）"), p.t("Against actual", "与实际相比"), p.t("Inside 95%", "95% 区间命中")},
		Numbers: []bool{false, true, true, true, true, true, true, true},
	}
	for _, f := range b.Forecasts {
		g.Rows = append(g.Rows, []string{p.marked(f.Name, f.Used, f.Rule) + p.instead(f), p.ranged(f.Orders, f.Total, p.about), p.off(f.Orders, b.Orders), p.fixed(f.MAE), p.pct(f.Inside),
			p.ranged(f.Spend, f.SpendTotal, p.money), p.off(f.Spend, b.Spend), p.pct(f.SpendInside)})
	}
	g.Rows = append(g.Rows, []string{p.t("What came", "实际"), p.about(b.Orders), "", "", "", p.money(b.Spend), "", ""})
	return block{Title: p.t("How many orders, how much money", "订单数与金额"), Table: g, Caption: p.forecastWords(b)}
}

// instead is what gave a forecast where that is not what its name says.
func (p printer) instead(f Forecast) string {
	if f.Method == "" || f.Method == f.Name {
		return ""
	}
	return p.f(": %s", "：%s", p.method(f.Method))
}

// off is a forecast against what came.
func (p printer) off(forecast, actual float64) string {
	ratio := forecast/actual - 1
	switch {
	case math.IsNaN(ratio) || math.IsInf(ratio, 0):
		return dash
	case math.Abs(ratio) < 0.0005:
		return p.t("equal", "一致")
	case ratio > 0:
		return "+" + p.pct(ratio)
	}
	return p.pct(ratio)
}

// fixed is a measure with three decimals.
func (p printer) fixed(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dash
	}
	return strings.Replace(fmt.Sprintf("%.3f", v), "-", "−", 1)
}

// marked is the name of a model or rule, and whether it is used.
func (p printer) marked(name string, used, rule bool) string {
	text := p.titled(name)
	switch {
	case used && rule:
		return text + p.t(" (plain rule, used)", "（简单规则，采用）")
	case used:
		return text + p.t(" (used)", "（采用）")
	case rule:
		return text + p.t(" (plain rule)", "（简单规则）")
	}
	return text
}

// forecastOf is the model in use, and the plain rule beside it.
func (b Backtest) forecastOf() (used, rule Forecast) {
	none := Forecast{Orders: math.NaN(), MAE: math.NaN(), Inside: math.NaN(), Spend: math.NaN(), SpendInside: math.NaN()} // its totals have no limits
	used, rule = none, none
	for _, f := range b.Forecasts {
		switch {
		case f.Used:
			used = f
		case f.Rule:
			rule = f
		}
	}
	return used, rule
}

func (p printer) forecastWords(b Backtest) string {
	used, rule := b.forecastOf()
	if math.IsNaN(used.Orders) {
		return ""
	}
	text := p.f("From what every customer had done by then, %s expected %s where %s came.", "%s 依据每位客户当时的购买历史预计 %s，实际 %s 笔。", p.model(used.Name), p.ordersOf(used.Orders), p.about(b.Orders))
	text += p.gap() + p.totalsTested(b)
	if !math.IsNaN(used.MAE + rule.MAE) {
		text += p.f(" A customer's forecast was off by %s orders on average, that of the plain rule (%[3]s) by %[2]s", "每位客户的预测平均偏差 %s 笔，简单规则（%[3]s）为 %[2]s 笔", p.fixed(used.MAE), p.fixed(rule.MAE), p.model(rule.Name))
		if rule.MAE < used.MAE {
			text += p.t(": here the rule was nearer", "：在这一点上简单规则更接近")
		}
		text += p.t(".", "。")
	}
	if !math.IsNaN(used.Inside) {
		text += p.f(" The 95%% intervals of single customers held what %s of them did.", "单个客户的 95%% 区间命中了 %s 的客户。", p.pct(used.Inside))
	}
	return text + p.levelHint(b)
}

// levelHint offers recalibration where a total is far off. Where nothing came, or
// nothing was expected, there is no level to go by.
func (p printer) levelHint(b Backtest) string {
	l := b.Level
	if off := math.Abs(l.Factor - 1); l.Applied || !(l.Factor > 0) || !(off >= 0.1) || off >= 10 || b.Customers < leastJudged {
		return ""
	}
	return p.f(" The total is %s off: with recalibrate: true under models in clientele.yaml, what is expected is multiplied by %s.",
		"总量偏差 %s：在 clientele.yaml 的 models 下设置 recalibrate: true，可将预计值乘以 %s。", p.pct(math.Abs(1/l.Factor-1)), p.fixed(l.Factor)) + p.gap() + p.levelDoubt()
}

// levelDoubt is what speaks against going by the level of the last window. Measured with
// windows of 91 days of CDNOW from 30 September, 30 December 1997 and 31 March 1998
// (7,361, 6,650 and 5,663 orders came; 6,408, 6,502 and 6,409 were expected, recalibrated
// 6,078, 7,469 and 6,555) and of 90 days of Online Retail from 12 June and 10 September
// 2011 (2,858 and 4,482; 3,038 and 3,326; 3,310 and 3,129).
func (p printer) levelDoubt() string {
	return p.t("Do so only where something has changed for good: the level of one window need not be that of the next. In five windows of two public data sets (CDNOW, Online Retail) the total so multiplied was each time further from what came than the one left alone.",
		"仅在情况确已长期改变时才建议启用：一个时期的水平不一定延续到下一个时期。在两份公开数据（CDNOW、Online Retail）的五个时期中，校准后的合计无一例外地比不校准时偏离实际更远。")
}

// ordersOf is an estimate of orders with their name.
func (p printer) ordersOf(v float64) string {
	if math.Round(v) == 1 {
		return p.t("1 order", "1 笔订单")
	}
	return p.f("%s orders", "%s 笔订单", p.about(v))
}

// ranged is an estimate with its interval, where it has one.
func (p printer) ranged(v float64, r Range, write func(float64) string) string {
	if !r.limited() {
		return write(v)
	}
	return p.f("%s (%s)", "%s（%s）", write(v), p.between(r, write))
}

// outcome is what became of an interval.
func (p printer) outcome(r Range, came float64) string {
	if r.holds(came) {
		return p.t("it held", "命中")
	}
	return p.t("it missed", "未命中")
}

// totalsTested says whether the intervals of totals held in the last closed window.
func (p printer) totalsTested(b Backtest) string {
	used, _ := b.forecastOf()
	if !used.Total.limited() {
		return p.t("No closed window could test an interval of a total.", "尚无已结束的时期可检验合计的区间。")
	}
	text := p.f("In the %d days after %s the 95%% interval of all orders together was %s: %s came, %s", "%[2]s之后的 %[1]d 天，全部订单合计的 95%% 区间为 %[3]s 笔，实际 %[4]s 笔，%[5]s",
		b.Days, p.date(b.Origin), p.between(used.Total, p.about), p.about(b.Orders), p.outcome(used.Total, b.Orders))
	if used.SpendTotal.limited() {
		text += p.f("; that of the money was %s: %s came, %s", "；金额合计的区间为 %s，实际 %s，%s", p.between(used.SpendTotal, p.money), p.money(b.Spend), p.outcome(used.SpendTotal, b.Spend))
	}
	text += p.t(".", "。")
	if b.Level.Applied {
		text += p.t(" That was before recalibration.", "此为校准前的结果。")
	}
	if !used.Total.holds(b.Orders) || used.SpendTotal.limited() && !used.SpendTotal.holds(b.Spend) {
		text += p.t(" Totals of the days to come can lie outside theirs in the same way.", "今后的合计同样可能落在区间之外。")
	}
	return text
}

// record is in a few words how the intervals of totals did in the last closed window.
func (p printer) record(b Backtest) string {
	used, _ := b.forecastOf()
	if !used.Total.limited() {
		return p.t("no closed window has tested these intervals", "区间尚未经检验")
	}
	orders := used.Total.holds(b.Orders)
	money := orders
	if used.SpendTotal.limited() {
		money = used.SpendTotal.holds(b.Spend)
	}
	switch {
	case orders && money:
		return p.t("in the last closed window such intervals held", "此类区间在最近一个已结束的时期命中")
	case orders:
		return p.t("in the last closed window such an interval held for orders and missed for money", "此类区间在最近一个已结束的时期订单命中、金额未命中")
	case money && used.SpendTotal.limited():
		return p.t("in the last closed window such an interval missed for orders and held for money", "此类区间在最近一个已结束的时期订单未命中、金额命中")
	}
	return p.t("in the last closed window such intervals missed", "此类区间在最近一个已结束的时期未命中")
}

func (p printer) tracking(d *Data) block {
	b := d.Past
	weeks := b.Weeks
	if len(weeks) > maxPeriods {
		weeks = weeks[len(weeks)-maxPeriods:]
	}
	var actual, modelled []float64
	var starts []int32
	var came, said float64
	from := len(weeks)
	for i, w := range weeks {
		actual, modelled, starts = append(actual, w.Actual), append(modelled, w.Modelled), append(starts, w.Start)
		if w.Forecast {
			from = min(from, i)
			came, said = came+w.Actual, said+w.Modelled
		}
	}
	name := ""
	if used, _ := b.forecastOf(); used.Name != "" {
		name = p.f("%s, from first purchases alone", "%s（仅据首次购买日）", p.titled(used.Name))
	}
	lines := []series{{name: p.t("Actual", "实际"), color: blue, values: actual}}
	if !math.IsNaN(said) {
		lines = append(lines, series{name: name, color: orange, values: modelled, dashed: true})
	}
	chart := lineChart{series: lines, marks: p.weekMarks(starts), tick: p.short, height: 300,
		tip: func(series, slot int) string {
			return p.date(starts[slot]) + ": " + p.short(lines[series].values[slot])
		},
		from: from, before: p.t("known until", "已知至"), after: p.t("not yet seen", "尚未见过"), foot: p.date(b.Origin)}
	words := p.f("Repeat purchases by week of the customers known on %s. To the right of the line the model knew nothing", "%s已知客户的每周回购次数。竖线右侧为模型未见过的时期", p.date(b.Origin))
	if !math.IsNaN(said) {
		words += p.f(": in those full weeks the dashed line comes to %s, %s came.", "：这些整周内虚线合计 %s 次，实际 %s 次。", p.about(said), p.about(came))
		words += p.t(" The dashed line goes only by the day of each customer's first purchase; the forecast above goes by all that each had done by then. They are two figures, and need not agree.",
			"虚线只依据各客户的首次购买日；上表的预测则依据每位客户截至当日的全部购买历史。两者口径不同，不必一致。")
	} else {
		words += p.f("; %s came in those full weeks, and no model was fitted to compare.", "；这些整周内实际 %s 次，没有可供对照的模型。", p.about(came))
	}
	words += p.t(" Weeks rise and fall with seasons and campaigns, of which the model has none.", "模型不含季节与促销，因此不会随之起伏。")
	return p.block("tracking", p.t("Repeat purchases by week", "每周回购次数"), words, fullWidth, chart.draw)
}

// weekMarks labels weeks by the month in which they begin.
func (p printer) weekMarks(starts []int32) func(slot float64) []mark {
	return func(slot float64) []mark {
		var months []int32 // first day of the month of each label, and where it stands
		var at []int
		for i, d := range starts {
			if m := shiftMonths(d, 0); i > 0 && (len(months) == 0 || m != months[len(months)-1]) && m != shiftMonths(starts[i-1], 0) {
				months, at = append(months, m), append(at, i)
			}
		}
		step := 12
		for _, s := range []int{1, 2, 3, 6} {
			if 4.345*float64(s)*slot >= 38 {
				step = s
				break
			}
		}
		var list []mark
		year := 0
		for k, d := range months {
			t := day(d)
			if (int(t.Month())-1)%step != 0 {
				continue
			}
			m := mark{at: float64(at[k]) + 0.5, text: t.Format(p.t("Jan", "1月"))}
			if t.Year() != year {
				m.sub, year = t.Format("2006"), t.Year()
			}
			list = append(list, m)
		}
		return list
	}
}

func (p printer) buyingTable(d *Data) block {
	b := d.Past.Buying
	g := &grid{
		Head:    []string{p.t("Score", "评分"), "AUC", "Brier", "ECE", p.t("Lift, first tenth", "首个十分位提升"), p.t("Buyers in the first tenth", "首个十分位命中买家")},
		Numbers: []bool{false, true, true, true, true, true},
	}
	for _, s := range b.Scores {
		g.Rows = append(g.Rows, []string{p.marked(s.Name, s.Used, s.Rule), p.fixed(s.AUC), p.fixed(s.Brier), p.fixed(s.ECE), p.times(s.Lift10), p.pct(s.Capture10)})
	}
	words := p.text(b.Verdict)
	switch {
	case b.Asked == "purchase":
		words = p.t("Churn risk is the purchase model's probability of no purchase, as configured.", "按配置，流失风险取复购模型给出的不购买概率。")
	case words == "":
		words = p.untrained(b) + p.gap() + p.t("Churn risk is the purchase model's probability of no purchase.", "流失风险取复购模型给出的不购买概率。")
	}
	words = p.sentence(words) + p.ownProbability(b)
	if b.Origin != d.Past.Origin || b.Days != d.Past.Days {
		words += p.gap() + p.f("Judged by the %d days after %s.", "以 %[2]s 之后 %[1]d 天检验。", b.Days, p.date(b.Origin))
	}
	if slices.ContainsFunc(b.Scores, func(s Judged) bool { return s.Rule && !math.IsNaN(s.Brier) }) {
		words += p.gap() + p.t("Plain rules have no probabilities of their own: theirs are the shares that came about at each of their ranks on earlier days. The base rate is the same for everybody.",
			"简单规则本身没有概率：其概率取自更早统计日同一位次客户的实际比例。总体流失率对所有人相同。")
	}
	if b.Refitted {
		words += p.gap() + p.t("These figures are of scores trained on earlier days and judged on this window. What scores today is the same method fitted again on newer windows, this one among them: no later window has judged it.",
			"以上指标来自以更早数据训练、并以此窗口检验的评分。实际用于评分的是同一方法在更新的窗口（含此窗口）上重新拟合的结果，尚无更晚的窗口可检验它。")
	}
	return block{Title: p.t("Who buys", "谁会购买"), Table: g, Caption: words}
}

// untrained says why there is no churn score.
func (p printer) untrained(b Buying) string {
	switch text := p.text(b.Untrained); {
	case text != "":
		return p.sentence(text)
	case b.Customers > 0 && b.Buyers == 0:
		return p.t("No churn score was trained: nobody bought in the window that would have judged it.", "未训练流失评分：用于检验的窗口内没有任何客户购买。")
	}
	return p.t("No churn score was trained.", "未训练流失评分。")
}

// ownProbability is how well the purchase model did by itself, where what is used
// was built on it.
func (p printer) ownProbability(b Buying) string {
	used := usedScore(b)
	at := slices.IndexFunc(b.Scores, purchaseScore)
	if used.Name == "" || used.Rule || purchaseScore(used) || at < 0 || math.IsNaN(b.Scores[at].AUC+b.Scores[at].Brier+used.AUC+used.Brier) {
		return ""
	}
	own := b.Scores[at]
	text := p.f("%s alone has AUC %s and Brier %s, %s %s and %s", "单用 %s 时 AUC 为 %s、Brier 为 %s，%s为 %s 与 %s",
		p.titled(own.Name), p.fixed(own.AUC), p.fixed(own.Brier), p.model(used.Name), p.fixed(used.AUC), p.fixed(used.Brier))
	switch {
	case math.Abs(own.AUC-used.AUC) < 0.005 && math.Abs(own.Brier-used.Brier) < 0.001:
		text += p.t(": about as good", "，两者相当")
	case own.Brier < used.Brier:
		text += p.t(": here the purchase model's own probability was the better one", "：此处复购模型自身的概率更好")
	}
	return p.gap() + text + p.t(".", "。")
}

// purchaseScore says that a score is a purchase model's own probability.
func purchaseScore(s Judged) bool {
	return !s.Rule && slices.Contains(purchaseModels(), s.Name)
}

// usedScore is the churn score in use.
func usedScore(b Buying) Judged {
	for _, s := range b.Scores {
		if s.Used {
			return s
		}
	}
	return Judged{AUC: math.NaN(), Brier: math.NaN(), ECE: math.NaN(), Lift10: math.NaN(), Capture10: math.NaN()}
}

// betterRule is the plain rule that sorts best, whether it is used or not.
func betterRule(b Buying) Judged {
	best := Judged{AUC: math.NaN()}
	for _, s := range b.Scores {
		if s.Rule && len(s.Found) > 0 && !(s.AUC <= best.AUC) {
			best = s
		}
	}
	return best
}

// rival is what the used score is held against: the better plain rule, or, where a
// plain rule is used, the model that did not beat it.
func rival(b Buying) Judged {
	if !usedScore(b).Rule {
		return betterRule(b)
	}
	var first Judged
	for _, s := range b.Scores {
		if s.Rule || len(s.Found) == 0 {
			continue
		}
		if s.Name == "logistic_regression" {
			return s
		}
		if first.Name == "" {
			first = s
		}
	}
	return first
}

// times is a factor: 3.2×.
func (p printer) times(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dash
	}
	return fmt.Sprintf("%.2f×", v)
}

// gap stands between two sentences.
func (p printer) gap() string { return p.t(" ", "") }

// sentence ends a text with a stop.
func (p printer) sentence(text string) string {
	if text == "" || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "。") {
		return text
	}
	return text + p.t(".", "。")
}

// compared are the scores that pictures show, the used one first: it, the other
// models and the better plain rule.
func compared(b Buying) []Judged {
	var list []Judged
	if used := usedScore(b); used.Name != "" {
		list = append(list, used)
	}
	for _, s := range b.Scores {
		if !s.Rule && !s.Used {
			list = append(list, s)
		}
	}
	if rule := betterRule(b); rule.Name != "" && !rule.Used {
		list = append(list, rule)
	}
	return list
}

func (p printer) buyingPictures(b Buying) []block {
	colors := []string{blue, orange, midRisk, grey}
	chart := calibrationChart{
		xTitle: p.t("Stated risk of buying nothing", "预测的不购买概率"), yTitle: p.t("Share who bought nothing", "实际不购买的比例"), pct: p.pct,
	}
	found := curveChart{
		xTitle: p.t("Share of customers, likely buyers first", "客户占比（最可能购买者在前）"), yTitle: p.t("Share of all buyers found", "找到的买家占比"), pct: p.pct,
	}
	for i, s := range compared(b) {
		color := colors[min(i, len(colors)-1)]
		if s.Rule && !s.Used {
			color = grey
		}
		if len(s.Found) > 0 {
			c := shareCurve{name: p.titled(s.Name), color: color, points: []Point{{0, 0}}}
			for k, v := range s.Found {
				c.points = append(c.points, Point{float64(k+1) / float64(len(s.Found)), v})
			}
			found.curves = append(found.curves, c)
		}
		if len(s.Stated) > 0 && (!s.Rule || s.Used) {
			chart.curves = append(chart.curves, p.calibrationCurve(s, color))
		}
	}
	var blocks []block
	if len(chart.curves) > 0 {
		blocks = append(blocks, p.block("reliability", p.t("Were the risks true?", "概率是否可信"), p.reliabilityWords(b), halfWidth, chart.draw))
	}
	if len(found.curves) > 0 {
		blocks = append(blocks, p.block("capture", p.t("How soon buyers are found", "多快找到买家"), p.captureWords(b), halfWidth, found.draw))
	}
	if used := usedScore(b); len(used.Rates) > 0 {
		blocks = append(blocks, p.block("lift", p.t("Who bought, by tenth of the score", "各十分位的购买比例"), p.liftWords(b), halfWidth, p.liftChart(b).draw))
	}
	return blocks
}

func (p printer) calibrationCurve(s Judged, color string) calibrationCurve {
	c := calibrationCurve{name: p.titled(s.Name), color: color}
	for _, v := range s.Stated {
		c.points = append(c.points, calibrationPoint{stated: v.P, actual: v.Rate, low: v.Low, high: v.High,
			tip: p.f("%s: stated %s, came %s (%s)", "%s：预测 %s，实际 %s（%s）", p.titled(s.Name), p.pct(v.P), p.pct(v.Rate), p.customers(int64(v.Customers)))})
	}
	return c
}

func (p printer) reliabilityWords(b Buying) string {
	text := p.t("Each point is a tenth of the customers; on the dotted line, what was stated came about. Whiskers are 95% intervals of the share.",
		"每个点为十分之一的客户；落在虚线上表示预测与实际一致。竖线为比例的 95% 区间。")
	used := usedScore(b)
	within, all := 0, 0
	for _, s := range used.Stated {
		all++
		if s.P >= s.Low && s.P <= s.High {
			within++
		}
	}
	if all > 0 {
		text += p.gap() + p.f("Of %s groups by %s, the stated risk of %s lies within it.", "按%[2]s的概率分为 %[1]s 组，其中 %[3]s 组的预测概率落在该区间内。", p.n(int64(all)), p.quoted(used), p.n(int64(within)))
	}
	return text
}

func (p printer) captureWords(b Buying) string {
	used, other := usedScore(b), rival(b)
	text := p.t("Customers in the order of the score, likely buyers first; the dotted line is an order by lot.", "客户按评分从最可能购买者排起；虚线为随机排序。")
	if len(used.Found) > 1 {
		text += p.gap() + p.f("Sorted by %s, the first fifth holds %s of all buyers", "以%s排序，前五分之一客户包含 %s 的买家", p.quoted(used), p.pct(used.Found[1]))
		switch {
		case len(other.Found) < 2:
		case other.Rule:
			text += p.f("; by the better plain rule, %s, %s", "；以较好的简单规则%s排序为 %s", p.quoted(other), p.pct(other.Found[1]))
		default:
			text += p.f("; by %s %s", "；以%s排序为 %s", p.quoted(other), p.pct(other.Found[1]))
		}
		text += p.t(".", "。")
	}
	if used.Rule && len(b.Contests) > 0 {
		text += p.gap() + p.t("What is used is a plain rule: no model that was tried beat it by more than chance.", "所用的正是简单规则：没有模型以超出偶然的优势胜过它。")
	}
	return text
}

// quoted is the name of a score within a sentence: that of a rule has marks around
// it, as it is a sentence of its own.
func (p printer) quoted(s Judged) string {
	name := p.model(s.Name)
	switch {
	case s.Rule:
		return "“" + name + "”"
	case p.zh && name != "" && name[0] < utf8.RuneSelf: // Latin letters stand apart from Chinese ones
		return " " + name + " "
	}
	return name
}

func (p printer) liftChart(b Buying) liftChart {
	used, other := usedScore(b), rival(b)
	k := liftChart{rates: used.Rates, average: ratio(float64(b.Buyers), float64(b.Customers)), pct: p.pct,
		caption: p.t("Share who bought", "购买比例"), axis: p.t("Tenths by score, likely buyers first", "按评分的十分位（最可能购买者在前）"),
		names: []series{{name: p.titled(used.Name), color: blue}}}
	if len(other.Rates) == len(used.Rates) {
		k.rule = other.Rates
		k.names = append(k.names, series{name: p.titled(other.Name), color: orange})
	}
	k.tip = func(i int) string {
		return p.f("tenth %d: %s bought", "第 %d 个十分位：%s 购买", i+1, p.pct(used.Rates[i]))
	}
	return k
}

func (p printer) liftWords(b Buying) string {
	used := usedScore(b)
	last := len(used.Rates) - 1
	return p.f("Of the first tenth %s bought, of the last %s, of all %s (dotted line): the first tenth bought %s as often as customers on average.",
		"首个十分位有 %s 购买，最后一个为 %s，全体为 %s（虚线）：首个十分位的购买比例是平均的 %s。",
		p.pct(used.Rates[0]), p.pct(used.Rates[last]), p.pct(ratio(float64(b.Buyers), float64(b.Customers))), p.times(used.Lift10))
}

func (p printer) contests(b Buying) block {
	g := &grid{
		Head:    []string{p.t("Challenger", "挑战者"), p.t("Against", "对手"), p.t("Log loss, difference", "对数损失之差"), p.t("95% interval", "95% 区间"), p.t("Outcome", "结果")},
		Numbers: []bool{false, false, true, true, false},
	}
	for _, c := range b.Contests {
		outcome := p.t("not better by more than chance", "优势未超出偶然")
		switch {
		case c.Won:
			outcome = p.t("better", "更优")
		case c.LogLoss.Low > 0:
			outcome = p.t("worse", "更差")
		}
		g.Rows = append(g.Rows, []string{p.titled(c.Challenger), p.titled(c.Champion), p.signed(c.LogLoss.Mean), p.between(c.LogLoss, p.signed), outcome})
	}
	return block{Title: p.t("Does a model beat the plain rule?", "模型是否胜过简单规则"), Half: true, Table: g,
		Caption: p.t("Log loss is the mean of −ln of the probability given to what happened; less is better. A model is used only where all of the interval is below zero.",
			"对数损失为实际结果所得概率的 −ln 的平均值，越小越好。只有当整个区间低于零时才采用模型。")}
}

// signed has four decimals and its sign.
func (p printer) signed(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dash
	}
	return strings.Replace(fmt.Sprintf("%+.4f", v), "-", "−", 1)
}

func (p printer) choiceTable(c ModelChoice) block {
	g := &grid{
		Head: []string{p.t("Purchase model", "复购模型"), p.t("What gave the forecasts", "实际采用的方法"), p.t("Mean −ln p", "平均 −ln p"), p.t("Worse than the best by", "比最优差"), p.t("95% interval", "95% 区间"),
			p.t("Orders against actual", "订单与实际相比"), "MAE", p.t("Log-likelihood", "对数似然")},
		Numbers: []bool{false, false, true, true, true, true, true, true},
	}
	for _, a := range c.Candidates {
		worse, interval := p.signed(a.Worse.Mean), p.between(a.Worse, p.signed)
		if a.Worse == (Range{}) {
			worse, interval = p.t("best", "最优"), ""
		}
		g.Rows = append(g.Rows, []string{p.marked(a.Name, a.Name == c.Winner, false), p.method(a.Method), p.fourth(a.Surprise), worse, interval,
			p.off(a.Bias, 1), p.fixed(a.MAE), p.logLikelihood(a.LogLikelihood)})
	}
	words := p.sentence(p.text(c.Reason)) + p.gap() + p.t("Mean −ln p is the surprise at the numbers of purchases that came: less is better. The likelihood is of the latest past fit.",
		"平均 −ln p 表示模型对实际购买次数的“意外程度”，越小越好。对数似然取自最近一次历史拟合。")
	return block{Title: p.t("Which purchase model, and why", "复购模型的选择与理由"), Table: g, Caption: words}
}

// fourth has four decimals.
func (p printer) fourth(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dash
	}
	return fmt.Sprintf("%.4f", v)
}

func (p printer) levelTable(d *Data) block {
	factor := d.Past.Level.Factor
	orders, value := d.Coverage.ExpectedOrdersSum, d.Coverage.CLVSum
	g := &grid{
		Head:    []string{p.f("Next %d days", "未来 %d 天", d.Horizon), p.t("Before", "校准前"), p.t("After", "校准后")},
		Numbers: []bool{false, true, true},
		Rows: [][]string{
			{p.t("Expected orders", "预计订单"), p.about(orders / factor), p.about(orders)},
			{p.t("Lifetime value", "客户价值"), p.money(value / factor), p.money(value)},
		},
	}
	return block{Title: p.t("Recalibration of the total", "总量校准"), Half: true, Table: g,
		Caption: p.f("Everything that is expected is multiplied by %s: what came in those %d days over what would have been expected of them. It moves the total, not the order of customers.",
			"所有预计值乘以 %s，即这 %d 天的实际值与预计值之比。它调整总量，不改变客户排序。", p.fixed(factor), d.Past.Days) + p.gap() + p.levelDoubt()}
}

// measures explains every measure by the figures of what is used.
func (p printer) measures(b Backtest) []term {
	var list []term
	add := func(name, text string) { list = append(list, term{name, text}) }
	add(p.t("Against actual (bias)", "与实际相比（偏差）"), p.t("The total that was forecast against the total that came. A total can be right while single customers are wrong.", "预测总量与实际总量之比。总量准确并不意味着单个客户准确。"))
	add(p.t("Off by (MAE)", "平均偏差（MAE）"), p.t("By how many orders the forecast of a customer misses, above or below, on average over all. Most customers buy nothing, so it is small; less is better.",
		"每位客户预测与实际订单数之差（不论高低）的平均值。多数客户不购买，因此数值较小；越小越好。"))
	add(p.t("Inside 95%", "95% 区间命中"), p.t("Share of customers of whom what came lies in their 95% interval. 95% or somewhat more is right, as orders are whole numbers; less means intervals that promise too much.",
		"实际值落在其 95% 区间内的客户占比。订单为整数，达到或略高于 95% 为宜；偏低说明区间过窄。"))
	used := usedScore(b.Buying)
	if !math.IsNaN(used.AUC) {
		add("AUC", p.f("Of two customers, one who bought and one who did not, the score in use puts the buyer first %s times of 100; by lot it would be 50.", "任取一位购买者和一位未购买者，所用评分把购买者排在前面的机会为每 100 次中 %s 次；随机为 50 次。", p.n(int64(math.Round(100*used.AUC)))))
	}
	if !math.IsNaN(used.Brier) {
		rate := ratio(float64(b.Buying.Buyers), float64(b.Buying.Customers))
		add("Brier", p.f("The mean square of the distance between the stated probability and what happened, 0 or 1; less is better. Stating the average to everybody would give %s.", "预测概率与实际结果（0 或 1）之差的平方的平均值，越小越好。对所有人都报平均比例时为 %s。", p.fixed(rate*(1-rate))))
		add("ECE", p.f("By how much stated probabilities miss the shares that came about, on average over ten groups: here by %s percentage points.", "十组客户中预测概率与实际比例之差的平均值：此处为 %s 个百分点。", trimmed(100*used.ECE, 1)))
	}
	if !math.IsNaN(used.Lift10) {
		add(p.t("Lift, first tenth", "首个十分位提升"), p.f("The tenth of customers with the best scores bought %s as often as customers on average, and held %s of all buyers.", "评分最高的十分之一客户，其购买比例是平均的 %s，包含 %s 的买家。", p.times(used.Lift10), p.pct(used.Capture10)))
	}
	return list
}
