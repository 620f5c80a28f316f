package report

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Campaign is the result of one campaign as of the report's day, by assignment.
type Campaign struct {
	ID, Name, Channel string
	From, To          int32 // first assignment, last day that counts; zero without assignments
	Window            int   // days from each customer's assignment on
	Outcome           string
	Open              bool // windows have not closed
	Verdict           Warning
	Warnings          []Warning
	Funnel            []FunnelRow
	Arms              []Arm
	Effects           []Effect // none without a control group, or where arms cannot be compared
	Money             []MoneyRow
	Groups            []GroupEffect
}

// FunnelRow is how many customers of an arm something happened to. Arm is empty for
// events of customers who were not assigned.
type FunnelRow struct {
	Arm, Step   string
	Customers   int64
	Events      int64
	OfAssigned  float64 // NaN: nobody was assigned
	OfDelivered float64 // NaN: nothing was delivered
}

// Arm is what the customers of one arm did.
type Arm struct {
	Name                 string
	Customers, Responded int64
	Rate                 Range
	Spend                float64 // of a customer, on average
}

// Effect is an arm less control, by one method; of rates as a share, of spend for a
// customer.
type Effect struct {
	Arm, Metric, Method string // Metric: rate or spend
	Difference          Range  // NaN where the method gives none
	P                   float64
}

// MoneyRow is one figure of what an arm brought.
type MoneyRow struct {
	Arm, Figure string
	Value       Range // ends NaN: it has no interval
}

// GroupEffect is an arm less control within one group.
type GroupEffect struct {
	By, Group, Arm   string
	Treated, Control int64
	Rate, Spend      Range
	P                float64 // of the rates, corrected for all groups
}

func campaignSteps() []Label {
	return []Label{
		{"assigned", Text{"Assigned", "已分组"}},
		{"sent", Text{"Sent", "已发送"}},
		{"bounced", Text{"Bounced", "退信（未送达）"}},
		{"delivered", Text{"Delivered", "已送达"}},
		{"opened", Text{"Opened", "已打开"}},
		{"opened by machine", Text{"Opened by machines", "机器打开"}},
		{"clicked", Text{"Clicked", "已点击"}},
		{"converted", Text{"Converted, as reported", "已转化（上报）"}},
		{"unsubscribed", Text{"Unsubscribed", "已退订"}},
		{"complained", Text{"Complained", "已举报"}},
	}
}

func moneyFigures() []Label {
	return []Label{
		{"incremental customers", Text{"Customers who responded and would not have", "增量响应客户"}},
		{"incremental revenue", Text{"Revenue gained", "增量收入"}},
		{"incremental margin", Text{"Margin gained", "增量毛利"}},
		{"cost", Text{"Cost", "成本"}},
		{"profit", Text{"Margin gained less cost", "扣除成本后的利润"}},
		{"iROAS", Text{"Revenue gained for each unit of cost (iROAS)", "每单位成本的增量收入（iROAS）"}},
		{"break-even difference in rate", Text{"Difference in response that pays the cost, points", "保本所需的响应率差（百分点）"}},
	}
}

func groupings() []Label {
	return []Label{
		{"rfm_segment", Text{"RFM segment", "RFM 客户分层"}},
		{"rfm_cell", Text{"RFM cell", "RFM 八类"}},
		{"acquired_channel", Text{"Acquired through", "获客渠道"}},
		{"list_id", Text{"Target list", "营销名单"}},
	}
}

// ownControl stands before the arm whose lists a control group was kept back from.
const ownControl = "control of "

// arm names an arm.
func (p printer) arm(key string) string {
	switch key {
	case "control":
		return p.t("control group", "对照组")
	case "treated":
		return p.t("treated", "实验组")
	case "":
		return p.t("not assigned", "未分组")
	}
	if of, found := strings.CutPrefix(key, ownControl); found {
		return p.f("control group of %s", "%s 的对照组", p.arm(of))
	}
	return key
}

// adjusted says of a method what it does that the plain one does not; "" for the plain
// one.
func (p printer) adjusted(method string) string {
	kind, rest, _ := strings.Cut(method, " (")
	rest = strings.TrimSuffix(rest, ")")
	switch kind {
	case "pooled z, Newcombe", "Welch":
		return ""
	case "bootstrap":
		return p.t("by resampling", "自助法")
	case "CUPED":
		cut := strings.Replace(strings.TrimPrefix(rest, "variance "), "-", "−", 1)
		return p.f("CUPED (variance %s)", "CUPED（方差 %s）", cut)
	case "always valid":
		return p.t("allowing for looking early", "允许提前查看")
	case "all arms together":
		return p.t("for all arms together", "各组同时校正")
	}
	return method
}

// several says that more than one arm was treated.
func (c Campaign) several() bool {
	n := 0
	for _, a := range c.Arms {
		if a.Name != "control" && !strings.HasPrefix(a.Name, ownControl) {
			n++
		}
	}
	return n > 1
}

// controlled says that the campaign has an effect to show.
func (c Campaign) controlled() bool {
	return slices.ContainsFunc(c.Effects, func(e Effect) bool { return !math.IsNaN(e.Difference.Mean) })
}

// title is the name of a campaign, its id where it has none.
func (c Campaign) title() string {
	if c.Name != "" {
		return c.Name
	}
	return c.ID
}

// campaigns is the chapter on all campaigns, then one for each.
func (p printer) campaigns(d *Data) []section {
	s := section{ID: "campaigns", Title: p.t("Campaigns", "营销活动")}
	if len(d.Campaigns) == 0 {
		s.Missing = p.noCampaigns(d)
		return []section{s}
	}
	s.Intro = p.t("Results are read by assignment: all who were to be contacted, whether or not the message reached or moved them, against those who were kept back at random. Only then can a difference be called an effect.",
		"结果按分组计算：比较全部应触达的客户（无论是否收到、是否打开）与随机保留的对照组。只有这样，差异才能视为效果。")
	if chart, words, ok := p.allEffects(d); ok {
		s.Blocks = append(s.Blocks, p.block("campaigns-all", p.t("Response, arm less control, in percentage points", "响应率之差（实验组减对照组，百分点）"), words, fullWidth, chart.draw))
	}
	s.Blocks = append(s.Blocks, p.campaignTable(d))
	if d.MoreCampaigns > 0 {
		s.Notes = append(s.Notes, note{Text: p.f("%s older ones are not shown: clientele campaign list names all.", "另有 %s 个更早的活动未列出：clientele campaign list 可查看全部。", p.n(int64(d.MoreCampaigns)))})
	}
	list := []section{s}
	for i, c := range d.Campaigns {
		list = append(list, p.campaign(d, i, c))
	}
	return list
}

// noCampaigns says why no campaign is shown.
func (p printer) noCampaigns(d *Data) string {
	if d.Unassigned > 0 {
		return p.f("Of %s of the last year nothing says who was assigned, so what they caused cannot be told: clientele target --campaign cuts lists with a control group, and clientele campaign show has the funnel.",
			"近一年有 %s没有分组记录，无法判断其效果：clientele target --campaign 可生成带对照组的名单，clientele campaign show 可查看漏斗。", p.of(int64(d.Unassigned), "campaign", "campaigns", "个活动"))
	}
	if d.MoreCampaigns > 0 {
		return p.f("No campaign with customers assigned to it began within the last year. What %s did, clientele campaign show tells.",
			"近一年没有带分组记录的营销活动；更早的 %s可用 clientele campaign show 查看。", p.of(int64(d.MoreCampaigns), "older one", "older ones", "个活动"))
	}
	return p.t("No campaign is known of the last year.", "近一年没有营销活动的记录。")
}

// allEffects sets the campaigns beside each other.
func (p printer) allEffects(d *Data) (effectChart, string, bool) {
	chart := effectChart{p: p, write: p.signedPoints, tick: p.tickPoints, axis: p.t("percentage points", "百分点")}
	var up, down, all int
	for _, c := range d.Campaigns {
		for _, e := range c.best("rate") {
			row := effectRow{name: c.title(), sub: p.arm(e.Arm), of: e.Difference, tip: p.day(c.From)}
			if c.Open {
				row.sub += p.t(", not over", "，未结束")
			}
			chart.rows = append(chart.rows, row)
			all++
			switch {
			case e.Difference.Low > 0:
				up++
			case e.Difference.High < 0:
				down++
			}
		}
	}
	words := p.f("Of %s compared with a control group, %d raised response beyond chance, and %d lowered it. Lines are 95%% intervals, of several arms such as hold for all of them together; a line that crosses zero shows no effect.",
		"与对照组比较的 %s中，%d 个显著提高了响应率，%d 个显著降低。横线为 95%% 区间（多个实验组时为同时成立的区间），跨过零线即未显示出效果。", p.of(int64(all), "arm", "arms", "个实验组"), up, down)
	return chart, words, all > 0
}

// best is one effect of each arm on a metric: of a campaign that is not over the one
// that allows for looking, of several arms the one that holds for all together, else the plain one.
func (c Campaign) best(metric string) []Effect {
	var out []Effect
	for _, e := range c.Effects {
		if e.Metric != metric || math.IsNaN(e.Difference.Mean) {
			continue
		}
		at := slices.IndexFunc(out, func(x Effect) bool { return x.Arm == e.Arm })
		if at < 0 {
			out = append(out, e)
		} else if c.Open && strings.HasPrefix(e.Method, "always valid") || strings.HasPrefix(e.Method, "all arms together") {
			out[at] = e
		}
	}
	return out
}

// sizes are how many customers an arm has and how many it is compared with; "" is all arms.
func (c Campaign) sizes(arm string) (treated, control int64) {
	for _, a := range c.Arms {
		switch {
		case a.Name == "control":
			control = a.Customers
		case arm != "" && a.Name == ownControl+arm:
			return treated, a.Customers // they come after all others
		case arm == "" && !strings.HasPrefix(a.Name, ownControl), a.Name == arm:
			treated += a.Customers
		}
	}
	return treated, control
}

func (p printer) campaignTable(d *Data) block {
	g := &grid{
		Head:    []string{p.t("Campaign", "活动"), p.t("From", "开始"), p.t("Treated", "实验组"), p.t("Control", "对照组"), p.t("Difference (95%), points", "响应率差（95% 区间），百分点")},
		Numbers: []bool{false, true, true, true, true},
	}
	for _, c := range d.Campaigns {
		best := c.best("rate")
		if len(best) == 0 {
			treated, control := c.sizes("")
			g.Rows = append(g.Rows, []string{c.title(), p.day(c.From), p.n(treated), p.n(control), p.unread(c)})
		}
		for _, e := range best {
			treated, control := c.sizes(e.Arm)
			name := c.title()
			if len(best) > 1 {
				name += " · " + p.arm(e.Arm)
			}
			d := e.Difference
			g.Rows = append(g.Rows, append([]string{name, p.day(c.From), p.n(treated), p.n(control)}, p.f("%s (%s to %s)", "%s（%s 至 %s）", p.signedPoints(d.Mean), p.signedPoints(d.Low), p.signedPoints(d.High))))
		}
	}
	return block{Title: p.t("What each campaign did", "各活动的结果"), Table: g}
}

// unread says in a word or two why a campaign has no effect to show.
func (p printer) unread(c Campaign) string {
	switch c.Verdict.Code {
	case "no_control":
		return p.t("no control", "无对照组")
	case "sample_ratio":
		return p.t("sizes do not fit", "人数比例不符")
	case "too_early":
		return p.t("too early", "尚早")
	case "unlike_shares":
		return p.t("lists unlike", "名单比例不同")
	}
	return dash
}

// campaign is the chapter on one campaign.
func (p printer) campaign(d *Data, i int, c Campaign) section {
	id := "campaign-" + strconv.Itoa(i)
	s := section{ID: id, Title: p.f("Campaign: %s", "活动：%s", c.title()), Intro: p.text(c.Verdict.Text) + p.t(" ", "") + p.campaignFacts(c), Sub: true}
	effects := c.controlled()
	if effects {
		if chart := p.effects(d, c, "rate"); len(chart.rows) > 0 {
			s.Blocks = append(s.Blocks, p.block(id+"-rate", p.t("Response, arm less control, in percentage points", "响应率之差（百分点）"), p.groupWords(c), halfWidth, chart.draw))
		}
		if chart := p.effects(d, c, "spend"); len(chart.rows) > 0 {
			s.Blocks = append(s.Blocks, p.block(id+"-spend", p.t("Spend of a customer, arm less control", "人均消费之差（实验组减对照组）"),
				p.t("What a customer spent in the window, less refunds, with those who bought nothing counted as zero. Intervals of groups are not corrected for their number.", "窗口期内人均消费（扣除退款），未购买者计为零。各组区间未作多重比较校正。"), halfWidth, chart.draw))
		}
	}
	if len(c.Arms) > 0 {
		s.Blocks = append(s.Blocks, p.armTable(c, effects))
	}
	if len(c.Money) > 0 {
		s.Blocks = append(s.Blocks, p.moneyTable(c))
	}
	if len(c.Funnel) > 0 {
		s.Blocks = append(s.Blocks, p.funnelTable(c, effects))
	}
	for _, w := range c.Warnings {
		s.Notes = append(s.Notes, note{Text: p.text(w.Text)})
	}
	return s
}

// campaignFacts says when and how the campaign was read.
func (p printer) campaignFacts(c Campaign) string {
	words := p.t("Campaign ", "活动编号 ") + c.ID
	if c.Channel != "" {
		words += p.t(" by ", "，渠道：") + p.channel(c.Channel)
	}
	if c.To > c.From {
		words += p.f(", customers assigned from %s on; what they did in the %s from then on counts, until %s.", "，自%s起分组；统计分组后 %s内的行为，至%s。",
			p.date(c.From), p.of(int64(c.Window), "day", "days", "天"), p.date(c.To))
	} else {
		words += p.t(".", "。")
	}
	switch c.Outcome {
	case "", "orders":
		return words + p.t(" A response is an order.", "“响应”指下单。")
	}
	return words + p.f(" A response is the event %s.", "“响应”指事件“%s”。", p.lower(p.name(campaignSteps(), c.Outcome)))
}

// lower is a text without a capital at its head.
func (p printer) lower(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if first == utf8.RuneError {
		return text
	}
	return string(unicode.ToLower(first)) + text[size:]
}

// shownGroups is how many groups of one kind a picture shows, the largest.
const shownGroups = 12

// effects is the picture of an outcome: the arms by each method that gives an
// interval, then the groups.
func (p printer) effects(d *Data, c Campaign, metric string) effectChart {
	chart := effectChart{p: p, write: p.signedPoints, tick: p.tickPoints, axis: p.t("percentage points", "百分点")}
	if metric == "spend" {
		chart.write, chart.tick, chart.axis = p.signedMoney, p.tickMoney, p.t("for each customer", "每位客户")
	}
	arm := "" // of the row before
	for _, e := range c.Effects {
		if e.Metric != metric || math.IsNaN(e.Difference.Mean) {
			continue
		}
		how := p.adjusted(e.Method)
		row := effectRow{name: p.arm(e.Arm), sub: how, of: e.Difference, strong: true}
		if e.Arm == arm && how != "" {
			row.name, row.sub, row.strong = how, "", false
		}
		arm = e.Arm
		chart.rows = append(chart.rows, row)
	}
	var kinds []string
	for _, g := range c.Groups {
		if !slices.Contains(kinds, g.By) && g.By != "rfm_cell" {
			kinds = append(kinds, g.By)
		}
	}
	arms := c.several()
	for _, by := range kinds {
		var list []GroupEffect
		for _, g := range c.Groups {
			if g.By == by {
				list = append(list, g)
			}
		}
		slices.SortStableFunc(list, func(a, b GroupEffect) int { return int(b.Treated + b.Control - a.Treated - a.Control) })
		chart.rows = append(chart.rows, effectRow{name: p.grouping(by), head: true})
		for _, g := range list[:min(len(list), shownGroups)] {
			row := effectRow{name: p.groupName(d, by, g.Group), of: g.Rate, faint: !(g.P < 0.05), tip: p.f("%s treated, %s control", "实验组 %s，对照组 %s", p.n(g.Treated), p.n(g.Control))}
			if metric == "spend" {
				row.of, row.faint = g.Spend, true // whose intervals nobody corrected
			}
			if arms {
				row.sub = p.arm(g.Arm)
			}
			chart.rows = append(chart.rows, row)
		}
	}
	return chart
}

func (p printer) grouping(by string) string {
	if name, found := strings.CutPrefix(by, "attribute."); found {
		return name
	}
	return p.name(groupings(), by)
}

func (p printer) groupName(d *Data, by, key string) string {
	switch {
	case key == "(not known)":
		return p.t("not known", "未知")
	case by == "rfm_segment":
		return p.name(d.Meta.Segments, key)
	}
	return key
}

// groupWords says how far the groups may be read.
func (p printer) groupWords(c Campaign) string {
	words := p.t("Points are estimates, lines 95% intervals.", "圆点为估计值，横线为 95% 区间。")
	if slices.ContainsFunc(c.Effects, func(e Effect) bool { return strings.HasPrefix(e.Method, "CUPED") }) {
		words += p.t(" CUPED takes away what customers spent before the campaign explains, and so leaves less to chance.", "CUPED 剔除活动前消费所能解释的部分，从而减小偶然误差。")
	}
	if len(c.Groups) == 0 {
		return words
	}
	clear := 0
	for _, g := range c.Groups {
		if g.P < 0.05 {
			clear++
		}
	}
	n := int64(len(c.Groups))
	if clear == 0 {
		return words + p.f(" Groups were formed before the campaign. Corrected for %s, none differs from zero for certain: they are ideas for a next test, no results.",
			"客群按活动之前的情况划分。对 %s校正后，没有一组明确不为零：只宜作为下次测试的线索。", p.of(n, "comparison", "comparisons", "次比较"))
	}
	return words + p.f(" Groups were formed before the campaign. Corrected for %s, %d differ from zero for certain.",
		"客群按活动之前的情况划分。对 %s校正后，%d 组明确不为零。", p.of(n, "comparison", "comparisons", "次比较"), clear)
}

func (p printer) armTable(c Campaign, half bool) block {
	g := &grid{
		Head:    []string{p.t("Arm", "组别"), p.t("Customers", "客户数"), p.t("Responded", "响应人数"), p.t("Rate (95%), in percent", "响应率（95% 区间），%"), p.t("Spend each", "人均消费")},
		Numbers: []bool{false, true, true, true, true},
	}
	for _, a := range c.Arms {
		rate := p.f("%s (%s–%s)", "%s（%s–%s）", p.percent(a.Rate.Mean), p.percent(a.Rate.Low), p.percent(a.Rate.High))
		g.Rows = append(g.Rows, []string{p.arm(a.Name), p.n(a.Customers), p.n(a.Responded), rate, p.money(a.Spend)})
	}
	return block{Title: p.t("Response by arm", "各组响应"), Half: half, Table: g}
}

// percent is a share in percent, without the sign, with two digits after the point, so
// that rates that are close can be told apart.
func (p printer) percent(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dash
	}
	if math.Abs(v) >= 10 {
		return p.short(100 * v)
	}
	return strings.Replace(strconv.FormatFloat(100*v, 'f', 2, 64), "-", "−", 1)
}

func (p printer) moneyTable(c Campaign) block {
	several := c.several()
	g := &grid{Head: []string{p.t("Figure", "指标"), p.t("Estimate", "估计"), p.t("95% interval", "95% 区间")}, Numbers: []bool{false, true, true}}
	if several {
		g.Head, g.Numbers = append([]string{p.t("Arm", "组别")}, g.Head...), append([]bool{false}, g.Numbers...)
	}
	for _, m := range c.Money {
		write := p.signedMoney
		switch m.Figure {
		case "incremental customers":
			write = func(v float64) string { return p.gain(int64(math.Round(known(v)))) }
		case "cost":
			write = p.money
		case "iROAS":
			write = p.short
		case "break-even difference in rate":
			write = p.points
		}
		row := []string{p.name(moneyFigures(), m.Figure), write(m.Value.Mean), p.between(m.Value, write)}
		if several {
			row = append([]string{p.arm(m.Arm)}, row...)
		}
		g.Rows = append(g.Rows, row)
	}
	return block{Title: p.t("What it was worth", "经济效果"), Half: true, Table: g}
}

// funnelTable has a row for each step and a column for each arm.
func (p printer) funnelTable(c Campaign, half bool) block {
	var arms []string
	for _, f := range c.Funnel {
		if !slices.Contains(arms, f.Arm) {
			arms = append(arms, f.Arm)
		}
	}
	last := func(arm string) int { return slices.Index([]string{"control", ""}, arm) }
	slices.SortStableFunc(arms, func(a, b string) int { return last(a) - last(b) })
	g := &grid{Head: []string{p.t("Step", "步骤")}, Numbers: []bool{false}}
	for _, a := range arms {
		head := p.arm(a)
		if head != a { // a name of ours
			head = p.upper(head)
		}
		g.Head, g.Numbers = append(g.Head, head), append(g.Numbers, true)
	}
	for _, step := range campaignSteps() {
		row, some := []string{p.text(step.Text)}, false
		for _, a := range arms {
			at := slices.IndexFunc(c.Funnel, func(f FunnelRow) bool { return f.Arm == a && f.Step == step.Key })
			if at < 0 {
				row = append(row, "")
				continue
			}
			some = true
			row = append(row, p.funnelCell(c.Funnel[at]))
		}
		if some {
			g.Rows = append(g.Rows, row)
		}
	}
	return block{Title: p.t("What became of the messages", "信息送达与互动漏斗"), Half: half && len(arms) < 3, Table: g,
		Caption: p.t("Customers and their share of those assigned. Opens by machines, which fetch the pictures of every message, stand apart.", "客户数及占分组人数的比例。机器打开（自动抓取图片）单独列出。")}
}

// funnelCell is a number of customers and its share; of events of nobody known, that
// of the events.
func (p printer) funnelCell(f FunnelRow) string {
	switch {
	case f.Customers == 0:
		return p.of(f.Events, "event", "events", "条")
	case f.Step == "assigned" || math.IsNaN(f.OfAssigned):
		return p.n(f.Customers)
	}
	return p.f("%s (%s)", "%s（%s）", p.n(f.Customers), p.pct(f.OfAssigned))
}

// signedPoints is a difference of shares in percentage points with its sign, and two
// digits after the point.
func (p printer) signedPoints(v float64) string {
	if v > 0 {
		return "+" + p.percent(v)
	}
	return p.percent(v)
}

// tickPoints is one without digits that say nothing.
func (p printer) tickPoints(v float64) string {
	if v > 0 {
		return "+" + p.points(v)
	}
	return p.points(v)
}

func (p printer) signedMoney(v float64) string {
	if v >= leastMoney/2 {
		return "+" + p.money(v)
	}
	return p.money(v)
}

// tickMoney is an amount on an axis, with its sign.
func (p printer) tickMoney(v float64) string {
	if v > 0 {
		return "+" + p.scaleMoney(v)
	}
	return p.scaleMoney(v)
}

// effectRow is an estimate with its interval; a head has neither.
type effectRow struct {
	name, sub, tip string
	of             Range
	head, strong   bool
	faint          bool // not certain, whatever the interval says
}

// effectChart draws estimates with their intervals one below the other, and where
// zero is.
type effectChart struct {
	p     printer
	rows  []effectRow
	write func(float64) string // of estimates
	tick  func(float64) string // of the axis
	axis  string
}

func (k effectChart) draw(width float64) *canvas {
	narrow := width < 420
	var all []float64
	names, labels := 0.0, 0.0
	for _, r := range k.rows {
		if r.head {
			continue
		}
		for _, v := range []float64{r.of.Mean, r.of.Low, r.of.High} {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				all = append(all, v)
			}
		}
		names = max(names, textWidth(k.name(r), 12))
		labels = max(labels, textWidth(k.write(r.of.Mean), 12))
	}
	x := newAxis(all, 4, false)
	rowHeight, left := 23.0, min(names+14, width*0.44)
	if narrow {
		rowHeight, left = 36, 8
	}
	right := labels + 12
	x.from, x.to = left+4, width-right
	height := 8.0
	for _, r := range k.rows {
		height += k.height(r, rowHeight)
	}
	c := &canvas{width: width, height: height + 42}
	for _, v := range x.ticks {
		c.line(x.at(v), 4, x.at(v), height, "grid")
		label := k.tick(v)
		half := textWidth(label, 12) / 2
		c.text(min(max(x.at(v), half), width-half), height+15, "middle", "tick", label)
	}
	c.text((x.from+x.to)/2, height+34, "middle", "label", k.axis)
	c.line(x.at(0), 2, x.at(0), height, "axis")
	y := 6.0
	for _, r := range k.rows {
		k.row(c, r, x, y, left, width, narrow)
		y += k.height(r, rowHeight)
	}
	return c
}

func (k effectChart) height(r effectRow, row float64) float64 {
	if r.head {
		return 26
	}
	return row
}

func (k effectChart) name(r effectRow) string {
	if r.sub == "" {
		return r.name
	}
	return r.name + " · " + r.sub
}

// row draws one estimate at y.
func (k effectChart) row(c *canvas, r effectRow, x axis, y, left, width float64, narrow bool) {
	if r.head {
		at, anchor := left-10, "end"
		if narrow {
			at, anchor = 0, "start"
		}
		c.text(at, y+18, anchor, "label strong", clip(r.name, 12, max(at, width)))
		return
	}
	color := grey
	switch {
	case r.faint:
	case r.of.Low > 0:
		color = blue
	case r.of.High < 0:
		color = highRisk
	}
	class := "label"
	if r.strong {
		class = "label strong"
	}
	middle := y + 12
	if narrow {
		c.text(0, y+12, "start", class+" halo", clip(k.name(r), 12, width))
		middle = y + 24
	} else {
		c.text(left-10, y+16, "end", class, clip(k.name(r), 12, left-10))
	}
	if math.IsNaN(r.of.Mean) {
		return
	}
	low, high := r.of.Low, r.of.High
	tip := k.name(r) + ": " + k.write(r.of.Mean)
	if !math.IsNaN(low + high) {
		c.whisker(x.at(low), x.at(high), middle, color)
		tip += k.p.f(" (95%%: %s to %s)", "（95%%：%s 至 %s）", k.write(low), k.write(high))
	}
	if r.tip != "" {
		tip += k.p.t("; ", "；") + r.tip
	}
	radius := 3.8
	if r.strong {
		radius = 5
	}
	c.circle(x.at(r.of.Mean), middle, radius, color, tip)
	c.text(width, middle+4, "end", "value", k.write(r.of.Mean))
}

// whisker draws an interval: a line from x to x with feet.
func (c *canvas) whisker(x0, x1, y float64, color string) {
	c.b.WriteString(`<path d="M` + px(x0) + " " + px(y) + "H" + px(x1) + "M" + px(x0) + " " + px(y-3.5) + "V" + px(y+3.5) + "M" + px(x1) + " " + px(y-3.5) + "V" + px(y+3.5) +
		`" fill="none" stroke="` + color + `" stroke-width="1.6"/>`)
}
