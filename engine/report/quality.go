package report

import (
	"math"
	"slices"
	"strings"
)

// Check is a check of the data that found wrong rows.
type Check struct {
	Name, Table, Column string
	Severity            string // error or warning
	Failed              int64  // rows
}

// Joined is how many customer ids became one customer with others for a reason.
type Joined struct {
	Reason         string // e-mail, phone, member id, link
	Customers, IDs int64
}

// SharedKey is a key that joins nobody although several have it. Shown is masked.
type SharedKey struct {
	Kind, Shown, Reason string
	People              int64
}

// Unknown is how many facts do not say something.
type Unknown struct {
	Kind, Item     string
	Facts, Missing int64
}

// Fresh is how far the facts of a source reach.
type Fresh struct {
	Kind, Source    string
	Dated           bool // FirstOn and LastOn are known
	FirstOn, LastOn int32
	LoadedOn        int32 // the day of its newest load
}

// Exclusion is what one rule of who counts leaves out of scoring.
type Exclusion struct {
	Rule, Kind        string // kind: customers or orders
	Customers, Orders int64
	Net               float64
}

// Supply is the orders of one source over time.
type Supply struct {
	Source          string
	Orders          int64
	FirstOn, LastOn int32
	Periods         []int64 // orders by period from Supplies.From on
	Usual           int32   // a gap of so many days is nothing unusual
	Gaps            []Gap   // longer than that, oldest first
}

// Gap is days in a row without an order: the first and the last of them.
type Gap struct {
	From, To int32
}

// Days is how many days the gap has.
func (g Gap) Days() int32 { return g.To - g.From + 1 }

// Supplies are the sources of orders, those with most orders first.
type Supplies struct {
	From    int32 // first day of the first period
	Step    int32 // days of a period
	Partial bool  // the as-of day cuts the last period
	Sources []Supply
}

// maxSupplyPeriods is how many columns the picture of days has at most.
const maxSupplyPeriods = 160

// maxGaps is how many gaps of all sources are listed, the longest.
const maxGaps = 12

// maxSupplies is how many sources are shown, those with most orders.
const maxSupplies = 10

// leastGap is how many days in a row without an order are never unusual.
const leastGap = 3

// supplies reads the orders by source and day.
func (b *builder) supplies(asOf int32) Supplies {
	r := b.rows("quality_days")
	type day struct {
		on     int32
		orders int64
	}
	bySource := map[string][]day{}
	var names []string
	first := asOf
	for i := range r.len() {
		on, ok := r.day("day", i)
		if !ok || on > asOf {
			continue
		}
		name := r.text("source", i)
		if bySource[name] == nil {
			names = append(names, name)
		}
		bySource[name] = append(bySource[name], day{on, r.count("orders", i)})
		first = min(first, on)
	}
	if len(names) == 0 {
		return Supplies{Step: 1}
	}
	s := Supplies{Step: 1}
	for span := asOf - first + 1; (span+s.Step-1)/s.Step > maxSupplyPeriods; {
		if s.Step *= 2; s.Step == 2 {
			s.Step = 7
		}
	}
	s.From = first
	if s.Step > 1 {
		s.From -= (first + 3) % 7 // weeks begin on Monday; 1970-01-01 was a Thursday
	}
	periods := (asOf-s.From)/s.Step + 1
	s.Partial = (asOf-s.From+1)%s.Step != 0
	for _, name := range names {
		list := bySource[name]
		slices.SortFunc(list, func(a, b day) int { return int(a.on - b.on) })
		supply := Supply{Source: name, FirstOn: list[0].on, LastOn: list[len(list)-1].on, Periods: make([]int64, periods)}
		var on []int32
		for _, d := range list {
			supply.Periods[(d.on-s.From)/s.Step] += d.orders
			supply.Orders += d.orders
			on = append(on, d.on)
		}
		supply.Usual, supply.Gaps = gaps(on)
		s.Sources = append(s.Sources, supply)
	}
	slices.SortStableFunc(s.Sources, func(a, b Supply) int {
		switch {
		case a.Orders > b.Orders:
			return -1
		case a.Orders < b.Orders:
			return 1
		}
		return strings.Compare(a.Source, b.Source)
	})
	return s
}

// gaps are the days in a row without an order that are unusual for a source,
// given its days with one, ascending: longer than three days and than five times
// what 95 of 100 pairs of neighbouring days have between them (nearest rank).
func gaps(on []int32) (usual int32, list []Gap) {
	if len(on) < 2 {
		return leastGap, nil
	}
	between := make([]int32, 0, len(on)-1)
	for i, d := range on[1:] {
		between = append(between, max(d-on[i]-1, 0))
	}
	ranked := slices.Sorted(slices.Values(between))
	rank := int(math.Ceil(0.95*float64(len(ranked)))) - 1
	usual = max(leastGap, 5*ranked[rank])
	for i, n := range between {
		if n > usual {
			list = append(list, Gap{on[i] + 1, on[i+1] - 1})
		}
	}
	return usual, list
}

func (b *builder) joined() []Joined {
	r := b.rows("quality_merges")
	var list []Joined
	for i := range r.len() {
		list = append(list, Joined{r.text("reason", i), r.count("customers", i), r.count("ids", i)})
	}
	return list
}

func (b *builder) sharedKeys() (list []SharedKey, all int64) {
	r := b.rows("quality_shared")
	for i := range r.len() {
		list = append(list, SharedKey{r.text("kind", i), r.text("shown", i), r.text("reason", i), r.count("people", i)})
		all = r.count("keys", i)
	}
	return list, all
}

// unknowns leaves out what there are no facts of.
func (b *builder) unknowns() []Unknown {
	r := b.rows("quality_unknown")
	var list []Unknown
	for i := range r.len() {
		if facts := r.count("facts", i); facts > 0 {
			list = append(list, Unknown{r.text("kind", i), r.text("item", i), facts, r.count("unknown", i)})
		}
	}
	return list
}

func (b *builder) fresh() []Fresh {
	r := b.rows("quality_fresh")
	var list []Fresh
	for i := range r.len() {
		f := Fresh{Kind: r.text("kind", i), Source: r.text("source", i)}
		f.FirstOn, f.Dated = r.day("first_on", i)
		f.LastOn, _ = r.day("last_on", i)
		f.LoadedOn, _ = r.day("loaded_on", i)
		list = append(list, f)
	}
	return list
}

func (b *builder) exclusions() []Exclusion {
	r := b.rows("exclusions")
	var list []Exclusion
	for i := range r.len() {
		list = append(list, Exclusion{r.text("rule", i), r.text("kind", i), r.count("customers", i), r.count("orders", i), r.float("net", i)})
	}
	return list
}

func (p printer) quality(d *Data) section {
	s := section{ID: "quality", Title: p.t("Data quality", "数据质量")}
	if len(d.Loads) == 0 {
		s.Missing = p.t("No file was loaded.", "未载入任何文件。")
		return s
	}
	s.Blocks = append(s.Blocks, p.loadTable(d))
	if len(d.Checks) > 0 {
		s.Blocks = append(s.Blocks, p.checkTable(d))
	}
	if len(d.Rejects) > 0 {
		s.Blocks = append(s.Blocks, p.rejectTable(d))
	}
	if len(d.Supplies.Sources) > 0 {
		s.Blocks = append(s.Blocks, p.supplyBlock(d))
		if gaps := p.gapTable(d); gaps.Table != nil {
			s.Blocks = append(s.Blocks, gaps)
		}
	}
	if len(d.Fresh) > 0 {
		s.Blocks = append(s.Blocks, p.freshTable(d))
	}
	if len(d.Facts) > 0 {
		s.Blocks = append(s.Blocks, p.factTable(d))
	}
	if len(d.Unknowns) > 0 {
		s.Blocks = append(s.Blocks, p.unknownTable(d))
	}
	s.Blocks = append(s.Blocks, p.joinedTable(d))
	if len(d.SharedKeys) > 0 {
		s.Blocks = append(s.Blocks, p.sharedTable(d))
	}
	if len(d.Exclusions) > 0 {
		s.Blocks = append(s.Blocks, p.exclusionTable(d))
	}
	return s
}

// rowsOf is so many rows in words.
func (p printer) rowsOf(n int64) string { return p.of(n, "row", "rows", "行") }

func (p printer) days(n int64) string { return p.of(n, "day", "days", "天") }

func (p printer) loadTable(d *Data) block {
	var read, accepted, duplicates, rejected, refused, refusedRows, lost int64
	loads := &grid{
		Head: []string{p.t("Kind", "类型"), p.t("Source", "来源"), p.t("State", "状态"), p.t("Files", "文件数"), p.t("Rows read", "读取行数"),
			p.t("Rows accepted", "接受行数"), p.t("Duplicate rows", "重复行数"), p.t("Rows rejected", "拒绝行数"), p.t("Rejected of rows read", "拒绝行占读取行")},
		Numbers: []bool{false, false, false, true, true, true, true, true, true},
	}
	for _, l := range d.Loads {
		lost += max(l.Read-l.Accepted-l.Duplicates-l.Rejected, l.Accepted+l.Duplicates+l.Rejected-l.Read)
		switch l.State {
		case "refused":
			refused, refusedRows = refused+l.Files, refusedRows+l.Read
		case "loaded":
			read, accepted, duplicates, rejected = read+l.Read, accepted+l.Accepted, duplicates+l.Duplicates, rejected+l.Rejected
		}
		loads.Rows = append(loads.Rows, []string{p.name(kinds(), l.Kind), l.Source, p.name(states(), l.State), p.n(l.Files), p.n(l.Read),
			p.n(l.Accepted), p.n(l.Duplicates), p.n(l.Rejected), p.pct(share(l.Rejected, l.Read))})
	}
	words := p.f("The files that are loaded have %s: %s accepted, %s duplicates of a row that is stored, %s rejected (%s).", "已载入文件共 %s：接受 %s 行，与已存行重复 %s 行，拒绝 %s 行（%s）。",
		p.rowsOf(read), p.n(accepted), p.n(duplicates), p.n(rejected), p.pct(share(rejected, read)))
	if lost == 0 {
		words += p.t(" Every row is accounted for.", "每一行均有去向。")
	} else {
		words += p.f(" These do not add up: %s rows are unaccounted for.", "合计不符：%s 行去向不明。", p.n(lost))
	}
	if refused > 0 {
		words += p.f(" Refused whole, and in no figure of this report: %s with %s (clientele batches says why).", "另有 %s（%s）被整份拒收，不在本报告内（用 clientele batches 查看原因）。",
			p.of(refused, "file", "files", "个文件"), p.rowsOf(refusedRows))
	}
	return block{Title: p.t("Rows loaded, by source", "各来源载入行数"), Table: loads, Caption: words}
}

func (p printer) checkTable(d *Data) block {
	g := &grid{
		Head:    []string{p.t("Check", "检查"), p.t("Table", "表"), p.t("Column", "列"), p.t("Severity", "级别"), p.t("Wrong rows", "有误行数")},
		Numbers: []bool{false, false, false, false, true},
	}
	errors := int64(0)
	for _, c := range d.Checks {
		if c.Severity == "error" {
			errors++
		}
		g.Rows = append(g.Rows, []string{c.Name, c.Table, c.Column, p.name(severities(), c.Severity), p.n(c.Failed)})
	}
	words := p.t("clientele check --details NAME shows the rows of a check.", "用 clientele check --details 名称 查看某项检查的有误行。")
	if errors > 0 {
		words = p.f("%s of severity error: what builds on these rows cannot be trusted.", "%s属于错误级别：与这些行有关的结果不可信。", p.of(errors, "check is", "checks are", "项检查")) +
			p.t(" ", "") + words
	}
	return block{Title: p.t("Checks that failed", "未通过的检查"), Table: g, Caption: words}
}

func severities() []Label {
	return []Label{{"error", Text{"error", "错误"}}, {"warning", Text{"warning", "警告"}}}
}

func (p printer) rejectTable(d *Data) block {
	g := &grid{
		Head: []string{p.t("Source", "来源"), p.t("Column", "列"), p.t("Reason", "原因"), p.t("Rows rejected", "拒绝行数"), p.t("Form of the first value", "首例值的形式"),
			p.t("Where the first is", "首例位置")},
		Numbers: []bool{false, false, false, true, false, false},
	}
	for _, r := range d.Rejects {
		g.Rows = append(g.Rows, []string{r.Source, r.Column, p.reason(r.Reason), p.n(r.Rows), r.Form, p.f("%s, line %s", "%s 第 %s 行", r.File, p.n(r.Line))})
	}
	first := d.Rejects[0]
	words := p.f("The most frequent reason is “%s” (%s).", "最常见的原因是“%s”（%s）。", p.reason(first.Reason), p.rowsOf(first.Rows))
	if d.OtherFault > 0 {
		words += p.f(" Not listed: the reasons of %s.", "另有 %s的原因未列出。", p.rowsOf(d.OtherFault))
	}
	words += p.t(" Of values only the form is shown: x is a letter, 9 a digit.", "数值只显示形式：x 代表文字，9 代表数字。")
	return block{Title: p.t("Why rows were rejected", "拒绝原因"), Table: g, Caption: words}
}

// supplyBlock is the picture of the days on which orders came.
func (p printer) supplyBlock(d *Data) block {
	s := d.Supplies
	shown := s.Sources[:min(len(s.Sources), maxSupplies)]
	chart := supplyChart{from: s.From, step: s.Step, partial: s.Partial, sources: shown, marks: p.supplyMarks(s, d.AsOf), tip: func(i, slot int) string {
		from := s.From + int32(slot)*s.Step
		span := p.date(from)
		if s.Step > 1 {
			span = p.f("%s to %s", "%s 至 %s", span, p.date(min(from+s.Step-1, d.AsOf)))
		}
		return shown[i].Source + ", " + span + ": " + p.of(shown[i].Periods[slot], "order", "orders", "笔订单")
	}, gapTip: func(i int, g Gap) string {
		return p.f("%s: %s without an order, from %s to %s", "%s：%[3]s 至 %[4]s 连续 %[2]s无订单", shown[i].Source, p.days(int64(g.Days())), p.date(g.From), p.date(g.To))
	}}
	words := p.f("Each column is %s of orders, every source on its own scale.", "每柱为 %s的订单数，各来源比例尺不同。", p.days(int64(s.Step)))
	if s.Step == 1 {
		words = p.t("Each column is the orders of a day, every source on its own scale.", "每柱为一天的订单数，各来源比例尺不同。")
	}
	count, total := int64(0), int64(0)
	for _, supply := range s.Sources {
		for _, g := range supply.Gaps {
			count, total = count+1, total+int64(g.Days())
		}
	}
	if count == 0 {
		words += p.t(" No source has an unusual gap: days in a row without any order, more than three and than five times what is usual for it.",
			"各来源均无异常间断（连续无订单天数超过 3 天且超过该来源常见间隔的 5 倍）。")
	} else {
		words += p.f(" In orange %s, %s in all: days in a row without any order, more than three and than five times what is usual for the source. A file may be missing.",
			"橙色为 %s，共 %s：连续无订单天数超过 3 天且超过该来源常见间隔的 5 倍，可能缺少文件。", p.of(count, "unusual gap", "unusual gaps", "处异常间断"), p.days(total))
	}
	if more := len(s.Sources) - len(shown); more > 0 {
		words += p.f(" Not shown: %s with fewer orders.", "另有 %s订单较少，未显示。", p.of(int64(more), "source", "sources", "个来源"))
	}
	return p.block("supply", p.t("Orders over time, by source", "各来源订单的时间分布"), words, fullWidth, chart.draw)
}

// supplyMarks labels the time below the picture: days where it spans weeks,
// months where it spans more.
func (p printer) supplyMarks(s Supplies, asOf int32) func(slot float64) []mark {
	if s.Step == 1 {
		var starts []int32
		for d := s.From; d <= asOf; d++ {
			starts = append(starts, d)
		}
		return p.dayMarks(starts)
	}
	var months []int32
	for m := shiftMonths(s.From, 1); m <= asOf; m = shiftMonths(m, 1) {
		months = append(months, m)
	}
	return func(slot float64) []mark {
		if len(months) == 0 {
			return nil
		}
		marks := p.monthMarks(months)(slot * 30.4 / float64(s.Step))
		for i, m := range marks {
			marks[i].at = float64(months[int(m.at)]-s.From) / float64(s.Step)
		}
		return marks
	}
}

// supplyChart draws the orders of sources one below the other over the same time.
type supplyChart struct {
	from, step int32
	partial    bool
	sources    []Supply
	marks      func(slot float64) []mark
	tip        func(source, slot int) string
	gapTip     func(source int, g Gap) string
}

func (k supplyChart) draw(width float64) *canvas {
	narrow := width < 600
	nameWidth, bar, pitch, top := 0.0, 30.0, 42.0, 6.0
	for _, s := range k.sources {
		nameWidth = max(nameWidth, textWidth(s.Source, 13))
	}
	nameWidth = min(nameWidth+14, width*0.2)
	if narrow {
		nameWidth, pitch = 0, 56
	}
	c := &canvas{width: width, height: top + pitch*float64(len(k.sources)) + 36}
	periods := len(k.sources[0].Periods)
	slot := (width - nameWidth) / float64(max(periods, 1))
	gap := 0.0
	if slot >= 3 {
		gap = 1
	}
	place := func(day int32) float64 { return nameWidth + slot*float64(day-k.from)/float64(k.step) }
	for i, s := range k.sources {
		base := top + pitch*float64(i) + bar + 4
		if narrow {
			base += 14
			c.text(0, base-bar-6, "start", "name", clip(s.Source, 13, width))
		} else {
			c.text(nameWidth-12, base-bar/2+4, "end", "name", clip(s.Source, 13, nameWidth-12))
		}
		for _, g := range s.Gaps {
			c.rect(place(g.From), base-bar, max(place(g.To+1)-place(g.From), 1.5), bar, gapColor, "", k.gapTip(i, g))
		}
		k.columns(c, i, base, bar, nameWidth, slot, gap)
		c.line(nameWidth, base, width, base, "axis")
	}
	c.marks(k.marks(slot), nameWidth, slot, top+pitch*float64(len(k.sources)))
	return c
}

// columns draws the orders of one source.
func (k supplyChart) columns(c *canvas, i int, base, bar, left, slot, gap float64) {
	s := k.sources[i]
	most := slices.Max(s.Periods)
	for j, n := range s.Periods {
		if n <= 0 || most <= 0 {
			continue
		}
		extra := ""
		if k.partial && j == len(s.Periods)-1 {
			extra = ` opacity=".45"`
		}
		h := max(bar*float64(n)/float64(most), 1)
		c.rect(left+slot*float64(j), base-h, max(slot-gap, 0.5), h, blue, extra, k.tip(i, j))
	}
}

// gapTable lists the longest gaps; without a table when there is none.
func (p printer) gapTable(d *Data) block {
	type row struct {
		source string
		usual  int32
		Gap
	}
	var all []row
	for _, s := range d.Supplies.Sources {
		for _, g := range s.Gaps {
			all = append(all, row{s.Source, s.Usual, g})
		}
	}
	if len(all) == 0 {
		return block{}
	}
	slices.SortStableFunc(all, func(a, b row) int { return int(b.Days() - a.Days()) })
	words := ""
	if more := len(all) - maxGaps; more > 0 {
		words = p.f("The %d longest; %d more are shorter.", "仅列最长的 %d 处，另有 %d 处较短。", maxGaps, more)
		all = all[:maxGaps]
	}
	g := &grid{
		Head: []string{p.t("Source", "来源"), p.t("First day without an order", "首个无订单日"), p.t("Last day without an order", "末个无订单日"), p.t("Days without an order", "无订单天数"),
			p.t("Usual at most, days", "不算异常的天数上限")},
		Numbers: []bool{false, true, true, true, true},
	}
	for _, r := range all {
		g.Rows = append(g.Rows, []string{r.source, isoDay(r.From), isoDay(r.To), p.n(int64(r.Days())), p.n(int64(r.usual))})
	}
	return block{Title: p.t("Unusual gaps between orders", "异常间断"), Table: g, Caption: words}
}

func isoDay(d int32) string { return day(d).Format("2006-01-02") }

func (p printer) freshTable(d *Data) block {
	g := &grid{
		Head: []string{p.t("Kind", "类型"), p.t("Source", "来源"), p.t("Day of the first fact", "最早数据日期"), p.t("Day of the last fact", "最新数据日期"),
			p.t("Days from the last fact to the as-of day", "最新数据距截止日天数"), p.t("Day of the last load", "最近载入日期")},
		Numbers: []bool{false, false, true, true, true, true},
	}
	for _, f := range d.Fresh {
		row := []string{p.name(kinds(), f.Kind), f.Source, dash, dash, dash, isoDay(f.LoadedOn)}
		if f.Dated {
			row = []string{row[0], row[1], isoDay(f.FirstOn), isoDay(f.LastOn), p.n(int64(d.AsOf - f.LastOn)), row[5]}
		}
		g.Rows = append(g.Rows, row)
	}
	var quiet []string
	for _, s := range d.Supplies.Sources {
		if n := d.AsOf - s.LastOn; n > s.Usual {
			quiet = append(quiet, p.f("%s (%s)", "%s（%s）", s.Source, p.days(int64(n))))
		}
	}
	words := p.t("No source of orders has been silent for longer than is usual for it.", "没有订单来源出现异常长时间的静默。")
	if len(quiet) > 0 {
		words = p.f("Silent for longer than usual, up to the as-of day: %s.", "截至截止日静默时间异常的来源：%s。", strings.Join(quiet, p.t(", ", "、")))
	}
	return block{Title: p.t("Freshness", "数据新鲜度"), Table: g, Caption: words}
}

func (p printer) factTable(d *Data) block {
	g := &grid{
		Head: []string{p.t("Kind", "类型"), p.t("Facts stored", "已存条数"), p.t("Facts without a customer", "无客户条数"), p.t("Facts that never count", "不计入条数"),
			p.t("Facts after the as-of day", "晚于截止日条数"), p.t("Day of the first", "最早日期"), p.t("Day of the last", "最晚日期")},
		Numbers: []bool{false, true, true, true, true, true, true},
	}
	for _, f := range d.Facts {
		row := []string{p.name(kinds(), f.Kind), p.n(f.Facts), dash, dash, dash, dash, dash}
		if f.Dated {
			row = []string{row[0], row[1], p.n(f.WithoutCustomer), p.n(f.NotCounted), p.n(f.AfterAsOf), isoDay(f.FirstOn), isoDay(f.LastOn)}
		}
		g.Rows = append(g.Rows, row)
	}
	words := p.t("A fact may have had several rows, as an order with its lines has, and several versions: its newest one is counted. Of customers, products and campaigns every row is.",
		"一条数据可能对应文件中的多行（如含明细的订单）和多个版本，此处只计最新版本；客户、商品和营销活动则每行都计。") + p.t(" ", "")
	if h := d.Headline; h.GuestOrders > 0 {
		words += p.f("Of the orders that count up to the as-of day %s without a customer (%s of them, %s): in the revenue, and scored for nobody.", "截至截止日计入的订单中，%s无客户信息（占 %s，金额 %s），计入收入但不参与评分。",
			p.of(h.GuestOrders, "is", "are", "笔"), p.pct(share(h.GuestOrders, h.Orders)), p.money(h.GuestSales))
	} else {
		words += p.t("Every order that counts belongs to a customer.", "所有计入的订单均有对应客户。")
	}
	return block{Title: p.t("What the store holds", "库中数据"), Table: g, Caption: words}
}

func items() []Label {
	return []Label{
		{"customer", Text{"customer", "客户"}},
		{"product", Text{"product", "商品"}},
		{"channel", Text{"channel", "渠道"}},
		{"shop", Text{"shop", "店铺"}},
		{"order", Text{"order", "原订单"}},
		{"country", Text{"country", "国家或地区"}},
		{"region", Text{"province or region", "省份"}},
		{"gender", Text{"gender", "性别"}},
		{"birth_date", Text{"date of birth", "出生日期"}},
	}
}

func (p printer) unknownTable(d *Data) block {
	g := &grid{
		Head:    []string{p.t("Kind", "类型"), p.t("What is not known", "未知项"), p.t("Facts in all", "总条数"), p.t("Facts without it", "未知条数"), p.t("Share without it", "未知占比")},
		Numbers: []bool{false, false, true, true, true},
	}
	for _, u := range d.Unknowns {
		g.Rows = append(g.Rows, []string{p.name(kinds(), u.Kind), p.name(items(), u.Item), p.n(u.Facts), p.n(u.Missing), p.pct(share(u.Missing, u.Facts))})
	}
	words := p.t("Facts up to the as-of day; customers are counted after ids were joined. What facts do not say cannot be segmented by.", "统计截至截止日的数据，客户按合并编号后计。数据中没有的信息无法用于分群。")
	return block{Title: p.t("Values that are not known", "未知值"), Half: true, Table: g, Caption: words}
}

func (p printer) joinedTable(d *Data) block {
	b := block{Title: p.t("Customer ids joined", "合并的客户编号"), Half: true}
	if len(d.Joined) == 0 {
		b.Missing = p.t("Every customer id is a customer of its own: nothing was joined.", "每个客户编号各为一位客户，没有合并。")
		return b
	}
	g := &grid{Head: []string{p.t("Joined by", "合并依据"), p.t("Ids joined to another", "并入他人的编号数"), p.t("Customers they joined", "并入的客户数")}, Numbers: []bool{false, true, true}}
	var ids int64
	for _, j := range d.Joined {
		ids += j.IDs
		g.Rows = append(g.Rows, []string{p.name(joins(), j.Reason), p.n(j.IDs), p.n(j.Customers)})
	}
	b.Table = g
	b.Caption = p.f("%s joined another one's customer; clientele show CUSTOMER says why.", "%s并入了其他客户；用 clientele show 客户 查看原因。",
		p.of(ids, "customer id", "customer ids", "个客户编号"))
	return b
}

func joins() []Label {
	return []Label{
		{"e-mail", Text{"e-mail address", "邮箱"}},
		{"phone", Text{"telephone number", "电话"}},
		{"member id", Text{"member id", "会员号"}},
		{"link", Text{"link file", "关联文件"}},
	}
}

// sharings are the reasons for which a key joins nobody.
func sharings() []phrase {
	return []phrase{
		{form: `too many people`, zh: "持有人过多"},
		{form: `ignored`, zh: "配置中忽略", en: "ignored by the configuration"},
		{form: `kept apart by (.*)`, zh: "被 ${1} 分开"},
		{form: `one id with too many`, zh: "一个编号关联过多", en: "one id that shares too many keys"},
	}
}

func (p printer) sharedTable(d *Data) block {
	g := &grid{Head: []string{p.t("Kind of key", "键的类型"), p.t("Key, masked", "键（脱敏）"), p.t("People who have it", "持有人数"), p.t("Why it joins nobody", "不用于合并的原因")}, Numbers: []bool{false, false, true, false}}
	for _, k := range d.SharedKeys {
		reason, _ := p.phrased(sharings(), k.Reason)
		g.Rows = append(g.Rows, []string{p.name(joins(), k.Kind), k.Shown, p.n(k.People), reason})
	}
	words := p.f("%s left out, so that one shop's telephone number does not make its customers one.", "%s不用于合并，以免店铺电话等共用信息把不同客户并为一人。",
		p.of(d.SharedTotal, "key is", "keys are", "个键"))
	if more := d.SharedTotal - int64(len(d.SharedKeys)); more > 0 {
		words += p.f(" Not listed: %s.", "另有 %s个未列出。", p.n(more))
	}
	return block{Title: p.t("Keys that too many share", "共用的键"), Table: g, Caption: words}
}

func (p printer) exclusionTable(d *Data) block {
	g := &grid{
		Head:    []string{p.t("Rule", "规则"), p.t("Leaves out", "排除对象"), p.t("Customers concerned", "涉及客户数"), p.t("Orders left out", "排除订单数"), p.t("Net amount left out", "排除净额")},
		Numbers: []bool{false, false, true, true, true},
	}
	kinds := []Label{{"customers", Text{"customers", "客户"}}, {"orders", Text{"orders", "订单"}}}
	for _, x := range d.Exclusions {
		g.Rows = append(g.Rows, []string{x.Rule, p.name(kinds, x.Kind), p.n(x.Customers), p.n(x.Orders), p.money(x.Net)})
	}
	return block{Title: p.t("Left out of scoring by rules", "按规则不计入评分"), Table: g,
		Caption: p.t("These are stored, and in no figure of revenue, customers or scores. Of a rule on orders the customers are those who placed them. Amounts are before refunds and of orders that would count. A customer or an order that two rules name stands under both.",
			"这些数据已入库，但不计入收入、客户与评分。订单规则的客户数为下单客户数；净额为本应计入的订单金额，未扣退款。被两条规则同时匹配的客户或订单在两处均列出。")}
}

// gapColor is behind days without orders.
const gapColor = "#f3c9a8"
