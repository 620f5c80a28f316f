package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The page is 1000 pixels wide between its margins; half of it less the gap.
const (
	fullWidth = 1000
	halfWidth = 480
)

// maxMonths is how many months the charts show, the latest.
const maxMonths = 60

// maxPeriods is how many periods of repeat purchases are shown, the latest:
// five years of weeks.
const maxPeriods = 260

func ratio(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}

func share(part, whole int64) float64 { return ratio(float64(part), float64(whole)) }

// band is the churn band of a key; empty when nobody is in it.
func (d *Data) band(key string) Group {
	for _, g := range d.Bands {
		if g.Key == key {
			return g
		}
	}
	return Group{Key: key}
}

func (d *Data) curve(measure string) (Curve, bool) {
	for _, c := range d.Curves {
		if c.Measure == measure && c.Reached > 0 {
			return c, true
		}
	}
	return Curve{}, false
}

func sum(groups []Group, of func(Group) float64) float64 {
	total := 0.0
	for _, g := range groups {
		total += known(of(g))
	}
	return total
}

func netRevenue(g Group) float64 { return g.NetRevenue }
func spend365(g Group) float64   { return g.Spend365 }

func heads(groups []Group) int64 {
	var n int64
	for _, g := range groups {
		n += g.Customers
	}
	return n
}

func (p printer) tiles(d *Data) []tile {
	h, c := d.Headline, d.Coverage
	none := p.t("no model, see below", "无模型结果，见下文")
	list := []tile{
		{p.t("Customers with orders", "有订单客户"), p.n(h.Customers), p.f("and %s without", "另有 %s 位从未下单", p.n(h.Prospects))},
		{p.t("Active in 90 days", "近 90 天活跃客户"), p.n(h.Active90), p.ofAll(share(h.Active90, h.Customers))},
		{p.t("Active in 365 days", "近 365 天活跃客户"), p.n(h.Active365), p.ofAll(share(h.Active365, h.Customers))},
		{p.t("Repeat purchase rate", "复购率"), p.pct(share(h.Repeaters, h.Customers)), p.t("have more than one order", "下单两次及以上的客户占比")},
		{p.t("Net revenue, 365 days", "近 365 天净收入"), p.money(h.NetRevenue365), p.against(h)},
		{p.t("Net revenue in all", "累计净收入"), p.money(h.NetRevenue), p.f("after refunds of %s", "已扣除退款 %s", p.money(h.Refunds))},
		{p.t("Orders in all", "累计订单"), p.n(h.Orders), p.f("%s in 365 days", "近 365 天 %s", p.n(h.Orders365))},
		{p.t("Average order value", "平均订单金额"), p.money(ratio(h.NetRevenue, float64(h.Orders))), p.lately(ratio(h.NetRevenue365, float64(h.Orders365)))},
	}
	expected := tile{p.f("Expected orders, %d days", "未来 %d 天预计订单", d.Horizon), dash, none}
	all, ranged := d.total("all", "all")
	used, _ := d.Past.forecastOf()
	if c.Expected > 0 {
		expected.Value = p.about(c.ExpectedOrdersSum)
		expected.Note = p.f("%s per customer", "人均 %s", p.short(ratio(c.ExpectedOrdersSum, float64(c.Expected))))
		if ranged {
			expected.Note = p.certain(all.Orders, p.about) + p.stood(used.Total, d.Past.Orders) + p.t("; ", "；") + expected.Note
		}
	}
	clv := tile{p.f("Lifetime value, %d days", "未来 %d 天客户价值", d.Horizon), dash, none}
	if c.CLV > 0 {
		clv.Value = p.money(c.CLVSum)
		clv.Note = p.f("%s per customer", "人均 %s", p.money(ratio(c.CLVSum, float64(c.CLV))))
		if ranged && !math.IsNaN(all.Value.Low) {
			clv.Note = p.certain(all.Value, p.money) + p.stood(used.SpendTotal, d.Past.Spend) + p.t("; ", "；") + clv.Note
		}
		clv.Note += p.t("; before refunds", "；未扣退款")
	}
	alive := tile{p.t("Probably still customers", "预计仍活跃的客户"), dash, none}
	if c.Alive > 0 {
		alive.Value = p.about(c.AliveSum)
		alive.Note = p.ofAll(c.AliveSum / float64(c.Alive))
	}
	risk := tile{p.t("Revenue at risk", "面临流失风险的收入"), dash, none}
	if c.Churn > 0 {
		high := d.band("high")
		risk.Value = p.money(known(high.Spend365))
		risk.Note = p.f("spent in 365 days by %s at high risk", "%s 位高风险客户近 365 天的消费", p.n(high.Customers))
	}
	return append(list, expected, clv, alive, risk)
}

// ofAll is a share of all customers; nothing when there is none.
func (p printer) ofAll(share float64) string {
	if math.IsNaN(share) {
		return ""
	}
	return p.f("%s of customers", "占全部客户 %s", p.pct(share))
}

// lately is an amount of the last 365 days; nothing when there is none.
func (p printer) lately(amount float64) string {
	if math.IsNaN(amount) {
		return ""
	}
	return p.f("%s in 365 days", "近 365 天 %s", p.money(amount))
}

// against compares the revenue of a year with that of the year before.
func (p printer) against(h Headline) string {
	if math.IsNaN(h.NetRevenueBefore) {
		return p.t("no full year before to compare", "此前不足一年，无法对比")
	}
	return p.f("%s on the 365 days before", "较此前 365 天%s", p.change(h.NetRevenue365, h.NetRevenueBefore))
}

// findings are the sentences that a reader with one minute needs.
func (p printer) findings(d *Data) []string {
	h := d.Headline
	if h.Customers == 0 {
		return []string{p.t("There is no customer with an order up to this day.", "截至当日没有任何有订单的客户。")}
	}
	var list []string
	if !math.IsNaN(h.NetRevenueBefore) {
		list = append(list, p.f("Net revenue of the last 365 days was %s, %s on the 365 days before.", "近 365 天净收入为 %s，较此前 365 天%s。",
			p.money(h.NetRevenue365), p.change(h.NetRevenue365, h.NetRevenueBefore)))
	}
	list = append(list, p.f("%s of %s bought in the last 90 days; %s of all have ordered more than once.", "%[2]s中，%[1]s 位在近 90 天内有购买；%[3]s 的客户下单两次及以上。",
		p.n(h.Active90), p.customers(h.Customers), p.pct(share(h.Repeaters, h.Customers))))
	if c, ok := d.curve("net_revenue"); ok {
		list = append(list, p.f("%s of customers made 80%% of net revenue so far.", "%s 的客户贡献了迄今 80%% 的净收入。", p.pct(share(c.Reached, c.Customers))))
	}
	if c := d.Coverage; c.CLV > 0 && c.Expected > 0 {
		text := p.f("Over the next %d days the models expect about %s orders from today's customers, worth %s before refunds", "模型预计现有客户在未来 %d 天内下单约 %s 笔，价值 %s（未扣退款）",
			d.Horizon, p.about(c.ExpectedOrdersSum), p.money(c.CLVSum))
		if all, ok := d.total("all", "all"); ok && !math.IsNaN(all.Value.Low) {
			text += p.f(" (95%%: %s orders, %s; %s)", "，95%% 区间：订单 %s，价值 %s（%s）", p.between(all.Orders, p.about), p.between(all.Value, p.money), p.record(d.Past))
		}
		list = append(list, text+p.t(".", "。"))
	}
	list = append(list, p.tested(d)...)
	if high := d.band("high"); d.Coverage.Churn > 0 && high.Customers > 0 {
		list = append(list, p.f("%s (%s) are at high risk of not buying in the next %d days; they spent %s in the last 365 days.",
			"%s（%s）在未来 %d 天内不再购买的风险高，其近 365 天消费 %s。",
			p.customers(high.Customers), p.pct(share(high.Customers, d.Coverage.Churn)), d.Window, p.money(known(high.Spend365))))
	}
	return list
}

// certain is an interval with its level.
func (p printer) certain(r Range, write func(float64) string) string {
	return p.f("95%%: %s", "95%% 区间 %s", p.between(r, write))
}

// stood says of an interval how one of its kind did in the last closed window.
func (p printer) stood(r Range, came float64) string {
	switch {
	case !r.limited():
		return p.t(" (not tested)", "（未经检验）")
	case r.holds(came):
		return p.t(" (held when looking back)", "（回测命中）")
	}
	return p.t(" (missed when looking back)", "（回测未命中）")
}

// tested says how the model in use would have done in the last closed window.
func (p printer) tested(d *Data) []string {
	b := d.Past
	used, _ := b.forecastOf()
	if math.IsNaN(used.Orders) || b.Customers < leastJudged {
		return nil
	}
	var asides []string
	if off := p.off(used.Orders, b.Orders); off != dash {
		asides = append(asides, off)
	}
	if b.Every > 1 {
		asides = append(asides, p.f("of one customer in %d", "每 %d 位客户抽取 1 位", b.Every))
	}
	aside := ""
	if len(asides) > 0 {
		aside = p.f(" (%s)", "（%s）", strings.Join(asides, p.t(", ", "，")))
	}
	text := p.f("Tested on the %d days after %s, which the model had not seen, it expected %s where %s came%s",
		"以%[2]s之后模型未见过的 %[1]d 天检验：预计 %[3]s，实际 %[4]s 笔%[5]s", b.Days, p.date(b.Origin), p.ordersOf(used.Orders), p.about(b.Orders), aside)
	if used.Total.limited() {
		text += p.f("; the interval of the total was %s: %s", "；合计的区间为 %s，%s", p.between(used.Total, p.about), p.outcome(used.Total, b.Orders))
	}
	if used.SpendTotal.limited() {
		text += p.f("; that of the money was %s where %s came: %s", "；金额合计的区间为 %s，实际 %s，%s", p.between(used.SpendTotal, p.money), p.money(b.Spend), p.outcome(used.SpendTotal, b.Spend))
	}
	return []string{text + p.t(".", "。")}
}

func (p printer) revenue(d *Data) section {
	s := section{ID: "revenue", Title: p.t("Revenue and active customers", "收入与活跃客户")}
	months := d.Months
	if len(months) == 0 {
		s.Missing = p.t("There is no order and no refund up to this day.", "截至当日没有订单或退款。")
		return s
	}
	if len(months) > maxMonths {
		months = months[len(months)-maxMonths:]
	}
	var starts []int32
	var revenue, returning, newcomers []float64
	var faint []bool
	partial := false
	for _, m := range months {
		starts = append(starts, m.Start)
		revenue = append(revenue, m.NetRevenue)
		returning = append(returning, float64(max(m.Customers-m.Newcomers, 0)))
		newcomers = append(newcomers, float64(m.Newcomers))
		faint = append(faint, m.Partial)
		partial = partial || m.Partial
	}
	note := ""
	if partial {
		note = p.t(" The last month, in a paler tone, is not over.", "最后一个月（浅色）尚未结束。")
	}
	money := columnChart{
		series: []series{{color: blue, values: revenue}}, marks: p.monthMarks(starts), faint: faint,
		tick: p.scaleMoney, height: 250, gap: 0.24,
		tip: func(i int) string { return p.month(starts[i]) + ": " + p.money(revenue[i]) },
	}
	people := columnChart{
		series: []series{
			{name: p.t("Bought before", "老客户"), color: blue, values: returning},
			{name: p.t("First order in the month", "当月首次下单"), color: paleBlue, values: newcomers},
		},
		marks: p.monthMarks(starts), faint: faint, tick: p.short, whole: true, height: 240, gap: 0.24,
		tip: func(i int) string {
			return p.f("%s: %s, %s new", "%s：%s，其中新客 %s 位", p.month(starts[i]), p.customers(months[i].Customers), p.n(months[i].Newcomers))
		},
	}
	s.Blocks = []block{
		p.block("revenue-months", p.t("Net revenue by month", "月度净收入"), p.revenueWords(months)+note, fullWidth, money.draw),
		p.block("active-months", p.t("Customers who bought, by month", "月度购买客户"), p.buyerWords(months)+note, fullWidth, people.draw),
	}
	return s
}

func (p printer) block(id, title, caption string, width float64, draw picture) block {
	f := draw.figure(id, title, caption, width)
	return block{Title: title, Half: width < fullWidth, Figure: &f, Caption: caption}
}

// lastFull is the last month that is over, or the last of all.
func lastFull(months []Month) int {
	i := len(months) - 1
	if i > 0 && months[i].Partial {
		i--
	}
	return i
}

func (p printer) revenueWords(months []Month) string {
	i := lastFull(months)
	m := months[i]
	text := p.f("Net revenue was %s in %s", "%[2]s净收入为 %[1]s", p.money(m.NetRevenue), p.month(m.Start))
	if i >= 12 && months[i-12].NetRevenue > 0 {
		text += p.f(", %s on %s", "，较 %[2]s%[1]s", p.change(m.NetRevenue, months[i-12].NetRevenue), p.month(months[i-12].Start))
	}
	best := slices.MaxFunc(months, func(a, b Month) int {
		switch {
		case a.NetRevenue < b.NetRevenue:
			return -1
		case a.NetRevenue > b.NetRevenue:
			return 1
		}
		return 0
	})
	switch {
	case len(months) < 2:
		return text + p.t(".", "。")
	case best.Start == m.Start:
		return text + p.t("; it is the best month shown.", "，为所示月份中最高。")
	}
	return text + p.f("; the best month shown is %s with %s.", "；所示月份中最高的是 %s，为 %s。", p.month(best.Start), p.money(best.NetRevenue))
}

func (p printer) buyerWords(months []Month) string {
	m := months[lastFull(months)]
	if m.Customers == 0 {
		return p.f("Nobody bought in %s.", "%s没有客户购买。", p.month(m.Start))
	}
	return p.f("In %s, %s bought; for %s of them (%s) it was the first order.", "%s有 %s购买，其中 %s 位（%s）为首次下单。",
		p.month(m.Start), p.customers(m.Customers), p.n(m.Newcomers), p.pct(share(m.Newcomers, m.Customers)))
}

func (p printer) segments(d *Data) section {
	s := section{ID: "rfm", Title: p.t("RFM segments", "RFM 客户分层")}
	if d.Coverage.RFM == 0 {
		s.Missing = p.why(d, p.t("There are no RFM scores.", "没有 RFM 评分。"), "rfm")
		return s
	}
	if len(d.Grid) > 0 {
		s.Blocks = append(s.Blocks, p.block("rfm-grid", p.t("Customers by recency and frequency", "按最近购买与购买频率分布"), p.gridWords(d), halfWidth, p.gridMap(d).draw))
	} else {
		s.Blocks = append(s.Blocks, block{Half: true, Missing: p.t("This scheme gives no recency and frequency scores, so there is no grid.", "该方案不产生 R、F 评分，因此没有分布图。")})
	}
	label := func(g Group) string { return p.name(d.Meta.Segments, g.Key) }
	s.Blocks = append(s.Blocks, block{
		Title: p.t("Segments in figures", "分层数据"), Half: true,
		Table: p.groupTable(d.Segments, p.t("Segment", "分层"), label, d.Coverage.CLV > 0),
	})
	chart := p.groupBars(d.Segments, label, netRevenue, p.t("Net revenue to date", "累计净收入"), nil)
	s.Blocks = append(s.Blocks, p.block("segments", p.t("Segments by customers and revenue", "各分层的客户数与收入"), p.segmentWords(d, label), fullWidth, chart.draw))
	if b, ok := p.outlook(d, "rfm", p.t("Segment", "分层"), d.Segments, label); ok {
		s.Blocks = append(s.Blocks, b)
	}
	return s
}

func (p printer) gridMap(d *Data) heatMap {
	n := int64(5)
	customers, total, most := int64(0), 0.0, 0.0
	for _, c := range d.Grid {
		n = max(n, min(c.R, 9), min(c.F, 9))
		customers += c.Customers
		total += max(known(c.NetRevenue), 0)
		most = max(most, known(c.NetRevenue))
	}
	k := heatMap{
		rowTitle:    p.t("Recency score (R): up is more recent", "最近购买评分 R：越高越近"),
		columnTitle: p.t("Frequency score (F): right is more often", "购买频率评分 F：越右越频繁"),
	}
	for r := n; r >= 1; r-- {
		k.rows = append(k.rows, fmt.Sprint(r))
		row := make([]heatCell, n)
		for f := range row {
			row[f] = heatCell{empty: true, tip: p.f("R %d, F %d: nobody", "R %d，F %d：无客户", r, f+1)}
		}
		for _, c := range d.Grid {
			if c.R != r || c.F < 1 || c.F > n {
				continue
			}
			part := ratio(known(c.NetRevenue), total)
			row[c.F-1] = heatCell{
				main: p.short(float64(c.Customers)), sub: p.pct(part), share: math.Pow(max(ratio(known(c.NetRevenue), most), 0), 0.7), // small shares differ visibly

				tip: p.f("R %d, F %d: %s, %s of net revenue", "R %d，F %d：%s，净收入占 %s", r, c.F, p.customers(c.Customers), p.pct(part)),
			}
		}
		k.cells = append(k.cells, row)
	}
	for f := int64(1); f <= n; f++ {
		k.columns = append(k.columns, fmt.Sprint(f))
	}
	return k
}

func (p printer) gridWords(d *Data) string {
	var customers, top, quiet int64
	var total, topRevenue float64
	for _, c := range d.Grid {
		customers += c.Customers
		total += max(known(c.NetRevenue), 0)
		if c.R >= 4 && c.F >= 4 {
			top += c.Customers
			topRevenue += known(c.NetRevenue)
		}
		if c.R <= 2 && c.F >= 4 {
			quiet += c.Customers
		}
	}
	return p.f("Each cell has its number of customers and its share of net revenue; darker is more revenue. "+
		"Recent and frequent buyers (R and F of 4 or 5) are %s of customers and brought %s of net revenue. %s (%s) bought often and have gone quiet (F of 4 or 5, R of 1 or 2).",
		"每格为客户数和净收入占比，颜色越深收入越高。近期且频繁购买的客户（R、F 均为 4 或 5）占客户的 %s，贡献净收入的 %s。%s（%s）曾频繁购买但已沉寂（F 为 4 或 5，R 为 1 或 2）。",
		p.pct(share(top, customers)), p.pct(ratio(topRevenue, total)), p.customers(quiet), p.pct(share(quiet, customers)))
}

// groupBars shows groups by customers and by an amount.
func (p printer) groupBars(groups []Group, label func(Group) string, amount func(Group) float64, head string, color func(Group) string) barTable {
	k := barTable{heads: [2]string{p.t("Customers", "客户数"), head}}
	people, total := heads(groups), sum(groups, amount)
	for _, g := range groups {
		r := barRow{name: label(g), values: [2]float64{float64(g.Customers), amount(g)}}
		r.labels = [2]string{p.n(g.Customers), p.money(amount(g))}
		r.shares = [2]string{p.pct(share(g.Customers, people)), p.pct(ratio(amount(g), total))}
		if math.IsNaN(amount(g)) {
			r.shares[1] = ""
		}
		if color != nil {
			r.color = color(g)
		}
		k.rows = append(k.rows, r)
	}
	return k
}

func (p printer) groupTable(groups []Group, head string, label func(Group) string, outlook bool) *grid {
	g := &grid{
		Head:    []string{head, p.t("Customers", "客户数"), p.t("Orders each", "人均订单"), p.t("Days since last", "距上次天数"), p.t("Revenue each", "人均收入")},
		Numbers: []bool{false, true, true, true, true},
	}
	if outlook {
		g.Head = append(g.Head, p.t("CLV each", "人均 CLV"))
		g.Numbers = append(g.Numbers, true)
	}
	for _, x := range groups {
		n := float64(x.Customers)
		row := []string{label(x), p.n(x.Customers), p.short(ratio(float64(x.Orders), n)), p.short(x.Recency), p.money(ratio(x.NetRevenue, n))}
		if outlook {
			row = append(row, p.money(ratio(x.CLV, n)))
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

func most(groups []Group, of func(Group) float64) Group {
	best := groups[0]
	for _, g := range groups[1:] {
		if known(of(g)) > known(of(best)) {
			best = g
		}
	}
	return best
}

func (p printer) segmentWords(d *Data, label func(Group) string) string {
	if len(d.Segments) == 0 {
		return ""
	}
	people := heads(d.Segments)
	large := most(d.Segments, func(g Group) float64 { return float64(g.Customers) })
	rich := most(d.Segments, netRevenue)
	if large.Key == rich.Key {
		return p.f("%s is the largest segment with %s (%s) and brought the most revenue, %s (%s of all).",
			"“%s”客户最多，共 %s（%s），收入也最高，为 %s（占 %s）。",
			label(large), p.customers(large.Customers), p.pct(share(large.Customers, people)),
			p.money(rich.NetRevenue), p.pct(ratio(rich.NetRevenue, sum(d.Segments, netRevenue))))
	}
	return p.f("The largest segment is %s with %s (%s); %s brought the most revenue, %s (%s of all).",
		"客户最多的分层是“%s”，共 %s（%s）；收入最高的是“%s”，为 %s（占 %s）。",
		label(large), p.customers(large.Customers), p.pct(share(large.Customers, people)),
		label(rich), p.money(rich.NetRevenue), p.pct(ratio(rich.NetRevenue, sum(d.Segments, netRevenue))))
}

func (p printer) lifecycle(d *Data) section {
	s := section{ID: "lifecycle", Title: p.t("Lifecycle stages", "生命周期阶段")}
	if d.Coverage.Lifecycle == 0 || len(d.Lifecycle) == 0 {
		s.Missing = p.why(d, p.t("There are no lifecycle stages.", "没有生命周期阶段。"), "lifecycle")
		return s
	}
	label := func(g Group) string { return p.name(stages(), g.Key) }
	chart := p.groupBars(d.Lifecycle, label, spend365, p.t("Spend, 365 days", "近 365 天消费"), nil)
	var live, gone, buyers int64
	for _, g := range d.Lifecycle {
		switch strings.ReplaceAll(g.Key, " ", "_") {
		case "new", "active", "won_back":
			live += g.Customers
		case "lapsed", "lost":
			gone += g.Customers
		}
		if g.Key != "prospect" {
			buyers += g.Customers
		}
	}
	words := p.f("%s of customers with an order are new, active or won back; %s are lapsed or lost.", "有订单客户中，%s 为新客户、活跃客户或已挽回客户，%s 已沉睡或流失。",
		p.pct(share(live, buyers)), p.pct(share(gone, buyers)))
	s.Blocks = []block{p.block("stages", p.t("Customers and what they spent, by stage", "各阶段的客户数与消费"), words, fullWidth, chart.draw)}
	if b, ok := p.outlook(d, "lifecycle", p.t("Stage", "阶段"), d.Lifecycle, label); ok {
		s.Blocks = append(s.Blocks, b)
	}
	return s
}

func (p printer) value(d *Data) section {
	s := section{ID: "value", Title: p.t("Customer lifetime value", "客户生命周期价值（CLV）")}
	c := d.Coverage
	if c.CLV > 0 && len(d.Values) > 0 {
		s.Blocks = append(s.Blocks, p.block("clv", p.f("Lifetime value over %d days", "未来 %d 天价值分布", d.Horizon), p.valueWords(d), halfWidth, p.valueChart(d).draw))
	} else {
		s.Blocks = append(s.Blocks, block{Half: true, Title: p.t("Lifetime value", "客户价值"),
			Missing: p.why(d, p.t("There are no lifetime values.", "没有客户价值结果。"), append(purchaseModels(), "clv", "gamma_gamma")...)})
	}
	var chart curveChart
	var words []string
	for i, m := range []string{"net_revenue", "clv"} {
		curve, ok := d.curve(m)
		if !ok {
			continue
		}
		name := p.t("Net revenue to date", "迄今净收入")
		if m == "clv" {
			name = p.f("Expected value, %d days", "未来 %d 天预期价值", d.Horizon)
		}
		part := share(curve.Reached, curve.Customers)
		chart.curves = append(chart.curves, shareCurve{
			name: name, color: []string{blue, orange}[i], points: curve.Points,
			mark: Point{part, 0.8}, label: p.f("%s of customers: 80%%", "%s 的客户：80%%", p.pct(part)),
		})
		if m == "clv" {
			words = append(words, p.f("%s of customers (%s) hold 80%% of the expected value.", "%s 的客户（%s 位）占预期价值的 80%%。", p.pct(part), p.n(curve.Reached)))
		} else {
			words = append(words, p.f("%s of customers (%s) made 80%% of net revenue to date; the top tenth made %s.", "%s 的客户（%s 位）贡献了迄今净收入的 80%%；最高的十分之一贡献了 %s。",
				p.pct(part), p.n(curve.Reached), p.pct(curve.Top(0.1))))
		}
	}
	if len(chart.curves) == 0 {
		s.Blocks = append(s.Blocks, block{Half: true, Missing: p.t("There is no revenue above zero to divide among customers.", "没有可供分析的正收入。")})
		return s
	}
	chart.xTitle = p.t("Share of customers, the most valuable first", "客户占比（价值从高到低）")
	chart.yTitle = p.t("Share of the total", "占总额比例")
	chart.pct = p.pct
	words = append(words, p.t("The dotted line is an even spread.", "虚线表示完全平均。"))
	s.Blocks = append(s.Blocks, p.block("concentration", p.t("Concentration of value", "价值集中度"), strings.Join(words, p.t(" ", "")), halfWidth, chart.draw))
	return s
}

func (p printer) valueChart(d *Data) columnChart {
	var counts []float64
	labels := []string{}
	for _, b := range d.Values {
		counts = append(counts, float64(b.Customers))
		labels = append(labels, p.scaleMoney(b.Low))
	}
	labels = append(labels, p.scaleMoney(d.Values[len(d.Values)-1].High))
	return columnChart{
		right:  textWidth(labels[len(labels)-1], 12)/2 + 2,
		series: []series{{color: blue, values: counts}}, marks: edgeMarks(labels), tick: p.short, whole: true,
		height: 340, gap: 0.08, caption: p.t("Customers", "客户数"),
		tip: func(i int) string {
			b := d.Values[i]
			return p.f("%s to %s: %s, %s together", "%s 至 %s：%s，合计 %s", p.scaleMoney(b.Low), p.scaleMoney(b.High), p.customers(b.Customers), p.money(b.CLV))
		},
	}
}

func (p printer) valueWords(d *Data) string {
	c := d.Coverage
	text := p.f("Over the next %d days, %s are expected to bring %s, %s each on average", "未来 %d 天，%s预计共带来 %s，人均 %s", d.Horizon, p.customers(c.CLV), p.money(c.CLVSum), p.money(c.CLVSum/float64(c.CLV)))
	if curve, ok := d.curve("clv"); ok {
		text += p.f("; the top tenth bring %s of it", "；其中最高的十分之一占 %s", p.pct(curve.Top(0.1)))
	}
	text += p.t(".", "。")
	if d.Margin > 0 && d.Margin < 1 {
		text += p.f(" Values are margin, %s of sales before refunds, discounted at %s a year.", "价值按毛利计（未扣退款销售额的 %s），年折现率 %s。", p.pct(d.Margin), p.pct(d.Discount))
	} else {
		text += p.f(" Values are sales before refunds, discounted at %s a year.", "价值按销售额计，未扣除退款，年折现率 %s。", p.pct(d.Discount))
	}
	if part := ratio(d.Headline.Refunds, d.Headline.NetRevenue+d.Headline.Refunds); part > 0 && part < 1 {
		text += p.f(" So far refunds took %s of sales.", "迄今退款占销售额的 %s。", p.pct(part))
	}
	return text + p.t(" Columns grow in steps of 1, 2, 5, 10.", "各柱区间按 1、2、5、10 递增。")
}

func riskColor(d *Data, risk float64) string {
	switch {
	case d.High > 0 && risk >= d.High:
		return highRisk
	case d.Medium > 0 && risk >= d.Medium:
		return midRisk
	}
	return lowRisk
}

func (p printer) churn(d *Data) section {
	s := section{ID: "churn", Title: p.t("Churn risk", "流失风险")}
	if d.Coverage.Churn == 0 || len(d.Tenths) == 0 {
		s.Missing = p.why(d, p.t("There is no churn risk.", "没有流失风险结果。"), append(purchaseModels(), "churn_risk", "churn")...)
		return s
	}
	var people, money []float64
	var colors, labels []string
	for i, t := range d.Tenths {
		people = append(people, float64(t.Customers))
		money = append(money, t.Spend365)
		colors = append(colors, riskColor(d, (float64(i)+0.5)/10))
		labels = append(labels, p.pct(float64(i)/10))
	}
	labels = append(labels, "100%")
	names := []series{{name: p.t("Low risk", "低风险"), color: lowRisk}, {name: p.t("Medium", "中风险"), color: midRisk}, {name: p.t("High", "高风险"), color: highRisk}}
	right := textWidth("100%", 12)/2 + 2
	span := func(i int) string { return labels[i] + "–" + labels[i+1] }
	chart := columnChart{series: []series{{values: people}}, colors: colors, marks: edgeMarks(labels), tick: p.short, whole: true, height: 264, gap: 0.1, names: names, right: right,
		caption: p.t("Customers", "客户数"),
		tip:     func(i int) string { return span(i) + ": " + p.customers(int64(people[i])) }}
	spend := columnChart{series: []series{{values: money}}, colors: colors, marks: edgeMarks(labels), tick: p.scaleMoney, height: 264, gap: 0.1, names: names, right: right,
		caption: p.t("Spend in the last 365 days", "近 365 天消费"),
		tip:     func(i int) string { return span(i) + ": " + p.money(money[i]) }}
	var total, likely float64
	for i, t := range d.Tenths {
		total += t.Spend365
		if i >= 5 {
			likely += t.Spend365
		}
	}
	var more int64
	for _, t := range d.Tenths[5:] {
		more += t.Customers
	}
	s.Blocks = []block{
		p.block("churn-customers", p.f("Customers by risk of no purchase in %d days", "客户按 %d 天内不购买的概率分布", d.Window),
			p.f("For %s (%s), not buying in the next %d days is more likely than buying.", "%s（%s）在未来 %d 天内不购买的可能性大于购买。", p.customers(more), p.pct(share(more, d.Coverage.Churn)), d.Window),
			halfWidth, chart.draw),
		p.block("churn-revenue", p.t("Revenue at risk", "面临风险的收入"),
			p.f("Customers for whom not buying is more likely spent %s in the last 365 days, %s of what all customers spent.", "更可能不购买的客户近 365 天消费 %s，占全部客户消费的 %s。", p.money(likely), p.pct(ratio(likely, total))),
			halfWidth, spend.draw),
		p.bandTable(d),
	}
	if len(d.Reasons) > 0 {
		s.Blocks = append(s.Blocks, p.leadingReasons(d))
	}
	if b, ok := p.outlook(d, "churn band", p.t("Band", "风险等级"), d.Bands, func(g Group) string { return p.name(bands(), g.Key) }); ok {
		s.Blocks = append(s.Blocks, b)
	}
	return s
}

// leadingReasons says what puts customers into the high band.
func (p printer) leadingReasons(d *Data) block {
	chart := barTable{heads: [2]string{p.t("Customers", "客户数"), p.t("Raises the odds", "几率提高至")}}
	var all int64
	for _, r := range d.Reasons {
		all += r.Customers
	}
	name := func(r Reason) string {
		if r.Key == "none" {
			return p.t("nothing: at the average", "无：处于平均水平")
		}
		return p.name(d.Meta.Reasons, r.Key)
	}
	for _, r := range d.Reasons {
		odds := math.Exp(min(r.Effect, 50))
		row := barRow{name: p.upper(name(r)), values: [2]float64{float64(r.Customers), odds}, labels: [2]string{p.n(r.Customers), p.times(odds)},
			shares: [2]string{p.pct(share(r.Customers, all))}}
		if r.Key == "none" {
			row.values[1], row.labels[1] = math.NaN(), ""
		}
		chart.rows = append(chart.rows, row)
	}
	words := p.f("In the high band the commonest leading reason is %s: %s (%s).", "高风险等级中最常见的首要原因是%s：%s（%s）。",
		name(d.Reasons[0]), p.customers(d.Reasons[0].Customers), p.pct(share(d.Reasons[0].Customers, all)))
	words += p.gap() + p.t("A leading reason is what raises a customer's risk most against the average customer. All reasons of all customers are in reasons.parquet, and clientele show CUSTOMER gives them in words.",
		"首要原因是与平均客户相比最能提高该客户风险的因素。全部客户的全部原因见 reasons.parquet；clientele show 客户编号 --lang zh 以文字说明。")
	return p.block("churn-reasons", p.t("Why they are at high risk", "高风险的原因"), words, fullWidth, chart.draw)
}

func (p printer) bandTable(d *Data) block {
	g := &grid{
		Head: []string{p.t("Band", "风险等级"), p.t("Risk", "概率范围"), p.t("Customers", "客户数"), p.t("Share", "占比"), p.t("Average risk", "平均概率"),
			p.t("Spend, 365 days", "近 365 天消费"), p.t("Share", "占比"), p.f("Expected value, %d days", "未来 %d 天预期价值", d.Horizon)},
		Numbers: []bool{false, false, true, true, true, true, true, true},
	}
	people, spend := heads(d.Bands), sum(d.Bands, spend365)
	for _, b := range d.Bands {
		span := ""
		switch {
		case d.High <= 0 || d.Medium <= 0:
		case b.Key == "low":
			span = p.f("below %s", "低于 %s", p.pct(d.Medium))
		case b.Key == "medium":
			span = p.f("%s to %s", "%s 至 %s", p.pct(d.Medium), p.pct(d.High))
		case b.Key == "high":
			span = p.f("%s and above", "%s 及以上", p.pct(d.High))
		}
		g.Rows = append(g.Rows, []string{p.name(bands(), b.Key), span, p.n(b.Customers), p.pct(share(b.Customers, people)), p.pct(b.ChurnRisk),
			p.money(b.Spend365), p.pct(ratio(b.Spend365, spend)), p.money(b.CLV)})
	}
	high := d.band("high")
	words := p.f("The high band has %s, %s of all; they spent %s in the last 365 days and are expected to bring %s in the next %d.",
		"高风险等级共 %s，占 %s；近 365 天消费 %s，未来 %[5]d 天预计带来 %[4]s。",
		p.customers(high.Customers), p.pct(share(high.Customers, people)), p.money(known(high.Spend365)), p.money(known(high.CLV)), d.Horizon)
	if d.Coverage.CLV == 0 {
		words = p.f("The high band has %s, %s of all; they spent %s in the last 365 days.", "高风险等级共 %s，占 %s；近 365 天消费 %s。",
			p.customers(high.Customers), p.pct(share(high.Customers, people)), p.money(known(high.Spend365)))
	}
	return block{Title: p.t("Churn bands", "流失风险等级"), Table: g, Caption: words}
}

// step names a period of a cohort: month, quarter, year.
func (p printer) step(months int) string {
	switch months {
	case 1:
		return p.t("month", "月")
	case 3:
		return p.t("quarter", "季度")
	}
	return p.t("year", "年")
}

// average is the share of customers who bought at an age, over the cohorts
// for which that period is over; NaN when there is none.
func (c Cohorts) average(age int) float64 {
	var bought, size int64
	for _, r := range c.Rows {
		if age < len(r.Active) && age != r.Open {
			bought += r.Active[age]
			size += r.Size
		}
	}
	return share(bought, size)
}

func (p printer) retention(d *Data) section {
	s := section{ID: "retention", Title: p.t("Cohort retention", "同期群留存")}
	ages := 0
	for _, r := range d.Cohorts.Rows {
		ages = min(max(ages, len(r.Active)-1), maxCohorts)
	}
	if len(d.Cohorts.Rows) == 0 || ages == 0 {
		s.Missing = p.t("There is no second period yet in which customers could have come back.", "尚无可供观察回购的后续周期。")
		return s
	}
	step := d.Cohorts.Step
	name := p.step(step)
	k := triangle{
		head: p.t("First order", "首次下单"), headBrief: p.t("First", "首单"), sizeHead: p.t("Customers", "客户数"), sizeHeadBrief: p.t("Size", "人数"), ages: ages, pct: p.pct,
		ageHead: p.f("%ss after the first order", "首次下单后的%s数", strings.ToUpper(name[:1])+name[1:]),
	}
	if p.zh {
		k.ageHead = fmt.Sprintf("首次下单后第几个%s", map[int]string{1: "月", 3: "季度", 12: "年"}[step])
	}
	open := false
	for _, r := range d.Cohorts.Rows {
		row := triangleRow{name: p.period(r.Start, step), brief: p.brief(r.Start, step), size: p.n(r.Size), sizeBrief: p.short(float64(r.Size)), open: -1}
		for a := 1; a < len(r.Active) && a <= ages; a++ {
			v := share(r.Active[a], r.Size)
			row.shares = append(row.shares, v)
			row.tips = append(row.tips, p.f("%s, period %d: %s of %s", "%s，第 %d 期：%[4]s中 %[3]s 位", row.name, a, p.n(r.Active[a]), p.customers(r.Size)))
			if a == r.Open {
				row.open, open = a-1, true
			} else if !math.IsNaN(v) {
				k.most = max(k.most, v)
			}
		}
		k.rows = append(k.rows, row)
	}
	all := triangleRow{name: p.t("All", "合计"), brief: p.t("All", "合计"), total: true, open: -1}
	for a := 1; a <= ages; a++ {
		all.shares = append(all.shares, d.Cohorts.average(a))
		all.tips = append(all.tips, "")
	}
	k.rows = append(k.rows, all)
	words := p.t("Each cell is the share of a cohort that bought in that period.", "每格为该同期群在对应周期内有购买的客户占比。")
	if first := d.Cohorts.average(1); !math.IsNaN(first) {
		words += p.f(" On average %s of customers bought again in the %s after their first", "平均有 %s 的客户在首次下单后的下一个%s再次购买", p.pct(first), name)
		far := min(ages, map[int]int{1: 6, 3: 4, 12: 2}[step])
		if later := d.Cohorts.average(far); far > 1 && !math.IsNaN(later) {
			words += p.f(", and %s in the %s %s.", "，第 %[2]s 个%[3]s为 %[1]s。", p.pct(later), p.nth(far), name)
		} else {
			words += p.t(".", "。")
		}
	}
	if open {
		words += p.t(" Periods in a dashed frame are not over and are left out of the averages.", "虚线框的周期尚未结束，不计入平均。")
	}
	s.Blocks = []block{p.block("cohorts", p.f("Who came back, by %s of the first order", "按首次下单%s的回购情况", p.t(name, map[int]string{1: "月份", 3: "季度", 12: "年份"}[step])), words, fullWidth, k.draw)}
	return s
}

func (p printer) check(d *Data) section {
	s := section{ID: "check", Title: p.t("Actual against modelled purchases", "实际购买与模型对照")}
	if len(d.Repeats) == 0 {
		s.Missing = p.t("There is no repeat purchase to compare with a model.", "没有可与模型比较的回购。")
		return s
	}
	repeats := d.Repeats
	if len(repeats) > maxPeriods {
		repeats = repeats[len(repeats)-maxPeriods:]
	}
	var actual, expected []float64
	var starts []int32
	var sumActual int64
	var sumExpected float64
	monthly := true
	for _, r := range repeats {
		actual = append(actual, float64(r.Actual))
		expected = append(expected, r.Expected)
		starts = append(starts, r.From)
		sumActual += r.Actual
		sumExpected += r.Expected
		monthly = monthly && day(r.From).Day() == 1
	}
	lines := []series{{name: p.t("Actual", "实际"), color: blue, values: actual}}
	modelled := !math.IsNaN(sumExpected)
	if modelled {
		lines = append(lines, series{name: p.t("Model, from first purchases alone", "模型（仅据首次购买日）"), color: orange, values: expected, dashed: true})
	}
	marks := p.monthMarks(starts)
	if !monthly {
		marks = p.dayMarks(starts)
	}
	chart := lineChart{series: lines, marks: marks, tick: p.short, height: 290, tip: func(series, slot int) string {
		return p.date(starts[slot]) + ": " + p.short(lines[series].values[slot])
	}}
	first, last := repeats[0].From, repeats[len(repeats)-1].To
	title := p.t("Repeat purchases by period", "各周期回购次数")
	if monthly {
		title = p.t("Repeat purchases by month", "月度回购次数")
	}
	if !modelled {
		words := p.f("%s repeat purchases from %s to %s.", "%[2]s 至 %[3]s 共 %[1]s 次回购。", p.n(sumActual), p.date(first), p.date(last))
		b := p.block("check", title, words, fullWidth, chart.draw)
		b.Missing = p.why(d, p.t("No model of purchases, so nothing to compare with.", "没有复购模型，无法对照。"), purchaseModels()...)
		s.Blocks = []block{b}
		return s
	}
	words := p.f("From %s to %s the model, told only when customers first bought, comes to %s repeat purchases in all; %s happened", "%s 至 %s，模型仅据客户的首次购买日推算回购共 %s 次，实际 %s 次",
		p.date(first), p.date(last), p.n(int64(math.Round(sumExpected))), p.n(sumActual))
	if diff := sumExpected/float64(sumActual) - 1; sumActual > 0 && !math.IsInf(diff, 0) {
		words += p.f(": the model is %s %s.", "，模型%[2]s %[1]s。", p.pct(math.Abs(diff)), map[bool]string{true: p.t("above", "偏高"), false: p.t("below", "偏低")}[diff >= 0])
	} else {
		words += p.t(".", "。")
	}
	words += p.t(" The model was fitted to these same days, so this shows how well it describes them, not how well it forecasts; seasons are not in it.",
		"模型以同一时段拟合，因此反映的是拟合程度而非预测能力；模型不含季节性。")
	s.Blocks = []block{p.block("check", title, words, fullWidth, chart.draw)}
	return s
}

// dayMarks labels periods that are not months with the day they begin.
func (p printer) dayMarks(starts []int32) func(slot float64) []mark {
	return func(slot float64) []mark {
		step := 1
		for float64(step)*slot < 44 {
			step++
		}
		var list []mark
		year := 0
		for i := 0; i < len(starts); i += step {
			t := day(starts[i])
			m := mark{at: float64(i) + 0.5, text: t.Format(p.t("2 Jan", "1/2"))}
			if t.Year() != year {
				m.sub, year = t.Format("2006"), t.Year()
			}
			list = append(list, m)
		}
		return list
	}
}

// why says which models would have given what is missing, and what they say.
func (p printer) why(d *Data, missing string, names ...string) string {
	parts := []string{missing}
	for _, m := range d.Models {
		if !slices.Contains(names, m.Model) {
			continue
		}
		text := p.f("%s: %s", "%s：%s", p.titled(m.Model), p.name(statuses(), m.Status))
		var doubts []string
		for _, w := range m.Warnings {
			doubts = append(doubts, p.text(w.Text))
		}
		if len(doubts) > 0 {
			text += p.t("; ", "；") + strings.Join(doubts, " ")
		} else {
			text += p.t(".", "。")
		}
		parts = append(parts, text)
	}
	if len(parts) == 1 {
		parts = append(parts, p.t("No model that gives it was run.", "未运行相应模型。"))
	}
	return strings.Join(parts, p.t(" ", ""))
}

func (p printer) models(d *Data) section {
	s := section{ID: "models", Title: p.t("Models", "模型")}
	if len(d.Models) == 0 {
		s.Missing = p.t("No model was run.", "未运行任何模型。")
		return s
	}
	g := &grid{
		Head:    []string{p.t("Model", "模型"), p.t("Status", "状态"), p.t("Method", "方法"), p.t("Rows", "行数"), p.t("Log-likelihood", "对数似然"), p.t("Parameters", "参数")},
		Numbers: []bool{false, false, false, true, true, false},
	}
	converged, models := 0, 0
	for _, m := range d.Models {
		var parameters []string
		for _, x := range m.Parameters {
			parameters = append(parameters, p.parameter(x.Name)+" = "+p.estimate(x))
		}
		if !strings.Contains(m.Model, "/") { // fits by group are parts of a model
			models++
			if m.Status == "converged" || m.Status == "fixed" {
				converged++
			}
		}
		status, method := p.name(statuses(), m.Status), p.method(m.Method)
		if strings.HasSuffix(m.Model, "/(groups)") && m.Status == "fallback" {
			status, method = p.t("not used", "未采用"), p.f("%s; one fit of all customers scores", "%s；改用全体客户的一个拟合", method)
		}
		g.Rows = append(g.Rows, []string{p.titled(m.Model), status, method, p.n(int64(m.Rows)), p.logLikelihood(m.LogLikelihood), strings.Join(parameters, ", ")})
		for _, w := range m.Notes {
			s.Notes = append(s.Notes, note{p.titled(m.Model), p.text(w.Text)})
		}
	}
	s.Blocks = []block{{Table: g, Caption: p.f("%d of %d models converged or follow fixed rules. Purchase models count time in weeks, thresholds are in days.", "%[2]d 个模型中 %[1]d 个已收敛或为固定规则。复购模型以周为时间单位，阈值以天为单位。", converged, models)}}
	return s
}

// estimate is the value of a parameter; a p is never none.
func (p printer) estimate(x Parameter) string {
	if x.Name == "p_value" && x.Value < 1e-16 {
		return "<1e-16"
	}
	return p.number(x.Value)
}

func (p printer) logLikelihood(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dash
	}
	whole := strings.Replace(fmt.Sprintf("%.3f", math.Abs(v)), ".", " ", 1)
	n, fraction, _ := strings.Cut(whole, " ")
	if len(n) <= 15 {
		var k int64
		fmt.Sscan(n, &k)
		n = p.n(k)
	}
	if v < 0 {
		n = "−" + n
	}
	return n + "." + fraction
}

func (p printer) warnings(d *Data) section {
	s := section{ID: "warnings", Title: p.t("Warnings", "警告")}
	seen := map[string]bool{}
	add := func(source string, w Warning) {
		if text := p.text(w.Text); text != "" && !seen[source+"\x00"+text] {
			seen[source+"\x00"+text] = true
			s.Notes = append(s.Notes, note{source, text})
		}
	}
	for _, w := range d.Warnings {
		add("", w)
	}
	for _, m := range d.Models {
		for _, w := range m.Warnings {
			add(p.titled(m.Model), w)
		}
	}
	if len(s.Notes) == 0 {
		s.Missing = p.t("There is no warning.", "没有警告。")
	}
	return s
}

func (p printer) definitions(d *Data) section {
	s := section{ID: "definitions", Title: p.t("Definitions", "指标定义")}
	add := func(name, text string) { s.Terms = append(s.Terms, term{name, text}) }
	add(p.t("As-of date", "截止日"), p.f("Only facts dated on or before %s count. Last 90 days, last 365 days and next days are counted from it.", "仅计入 %s 及之前的数据。“近 90 天”“近 365 天”“未来”均以此日为准。", p.date(d.AsOf)))
	add(p.t("Net revenue", "净收入"), p.t("What customers paid for goods after discounts, without tax and shipping unless configured, less refunds on the day of the refund.", "客户为商品支付的折后金额（除非配置，不含税和运费），并在退款当日扣除退款。"))
	add(p.t("Spend in 365 days", "近 365 天消费"), p.t("Net amounts of a customer's orders in the 365 days up to the as-of date, before refunds.", "截止日前 365 天内订单净额，未扣退款。"))
	add(p.t("Customer, prospect", "客户、潜在客户"), p.t("A customer has at least one order that counts; a prospect has none. Orders without a customer are in the revenue and in no customer figure.", "客户至少有一笔计入的订单，潜在客户没有。无客户信息的订单计入收入，不计入客户指标。"))
	add(p.t("Active", "活跃"), p.t("At least one order in the stated time.", "在所述时间内至少下单一次。"))
	add(p.t("Average order value", "平均订单金额"), p.t("Net revenue divided by orders.", "净收入除以订单数。"))
	add(p.t("Repeat purchase rate", "复购率"), p.t("Customers with more than one order divided by customers with at least one, over all time.", "下单两次及以上的客户数除以有订单客户数（全部时间）。"))
	monetary := p.t("total net revenue", "累计净收入")
	if d.Monetary == "average" {
		monetary = p.t("average net revenue per order", "单均净收入")
	}
	scheme := ""
	if d.Scheme != "" {
		scheme = p.f(" The scheme is %s.", "采用方案 %s。", d.Scheme)
	}
	add("RFM", p.f("Recency is days since the last order, frequency the number of orders, monetary the %s. Each is scored by quantiles or by configured cut points, the highest score is best, equal values score equally.", "R 为距最近一次下单的天数，F 为订单数，M 为%s；各按分位数或设定的切点评分，分数越高越好，数值相同则评分相同。", monetary)+scheme)
	add(p.t("Probably still customers", "预计仍活跃的客户"), p.t("The sum over customers of P(alive), the fitted model's probability that a customer has not stopped buying for good.", "各客户 P(alive)（模型给出的未永久流失概率）之和。"))
	add(p.t("Expected orders", "预计订单"), p.f("Repeat purchase days that the model expects of today's customers in the %d days after the as-of date.", "模型预计现有客户在截止日后 %d 天内的回购次数（按购买日计）。", d.Horizon))
	add(p.t("Customer lifetime value (CLV)", "客户生命周期价值（CLV）"), p.clvTerm(d))
	add(p.t("Churn risk", "流失风险"), p.f("Probability of no purchase in the %d days after the as-of date.", "截止日后 %d 天内不购买的概率。", d.Window)+p.bandTerm(d))
	add(p.t("Revenue at risk", "面临流失风险的收入"), p.t("What customers who are now in the high churn band spent in the last 365 days.", "当前处于高风险等级的客户近 365 天的消费。"))
	if st := d.Meta.Lifecycle; st.Active > 0 {
		add(p.t("Lifecycle stage", "生命周期阶段"), p.f("By the customer's own history, in days: new, first order at most %d ago and none since; active, last order at most %d ago; at risk, at most %d; lapsed, at most %d; lost, longer; won back, active again after a silence longer than %d; prospect, no order.",
			"依据客户自身历史（天）：新客户，首单不超过 %d 天且此后未再下单；活跃客户，最近下单不超过 %d 天；有流失风险，不超过 %d 天；沉睡客户，不超过 %d 天；已流失，更久；已挽回，沉寂超过 %d 天后重新活跃；潜在客户，无订单。",
			st.New, st.Active, st.AtRisk, st.Lapsed, st.WonBack))
	}
	add(p.t("Cohort", "同期群"), p.t("Customers whose first order was in the same period. Retention is the share of them with an order in a later period; a customer who skips one and comes back counts again.", "首次下单在同一周期的客户。留存为其中在后续周期有订单的占比；中断后回来的客户重新计入。"))
	add(p.t("Repeat purchase", "回购"), p.t("A day with an order of a customer who had ordered on an earlier day. Orders of one day are one purchase.", "客户在首个购买日之后的每个购买日。同一天的订单算一次。"))
	return s
}

func (p printer) clvTerm(d *Data) string {
	text := p.f("Expected sales of repeat purchases in the %d days after the as-of date, net of discounts and before refunds", "截止日后 %d 天内预期回购的销售额（折后，未扣除退款）", d.Horizon)
	if d.Margin > 0 && d.Margin < 1 {
		text = p.f("Expected margin (%[2]s of sales before refunds) of repeat purchases in the %[1]d days after the as-of date", "截止日后 %d 天内预期回购的毛利（未扣退款销售额的 %s）", d.Horizon, p.pct(d.Margin))
	}
	return text + p.f(", discounted at %s a year.", "，年折现率 %s。", p.pct(d.Discount))
}

func (p printer) bandTerm(d *Data) string {
	if d.High <= 0 || d.Medium <= 0 {
		return ""
	}
	return p.f(" Bands: medium from %s, high from %s.", "等级：%s 起为中，%s 起为高。", p.pct(d.Medium), p.pct(d.High))
}
