package report

import (
	"html"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// withHistory adds to a meta what only a shop with a history has: earlier runs,
// campaigns, lists, segments of its own and clusters.
func withHistory(meta Meta) Meta {
	nan := math.NaN()
	stage := func(key string) Node {
		return Node{Label: Label{key, Text{printer{}.name(stages(), key), printer{zh: true}.name(stages(), key)}}}
	}
	meta.Flows = []Flow{
		{
			Scheme: "lifecycle", Days: []int32{dayOf("2025-04-18"), dayOf("2025-05-18"), dayOf("2025-06-18")},
			Nodes: []Node{stage("new"), stage("active"), stage("won_back"), stage("at_risk"), stage("lapsed"), stage("lost"),
				{Label: Label{"(new)", Text{"new customers", "新增客户"}}, Outside: true}, {Label: Label{"(gone)", Text{"not scored any more", "不再评分"}}, Outside: true}},
			Steps: [][]Link{
				{{0, 0, 20}, {0, 1, 150}, {0, 3, 110}, {1, 1, 900}, {1, 3, 260}, {2, 2, 30}, {2, 3, 12}, {3, 1, 90}, {3, 3, 410}, {3, 4, 240}, {4, 4, 700}, {4, 2, 25}, {4, 5, 160}, {5, 5, 1100}, {5, 2, 18}, {6, 0, 230}, {5, 7, 4}},
				{{0, 0, 15}, {0, 1, 140}, {0, 3, 95}, {1, 1, 880}, {1, 3, 260}, {2, 2, 50}, {2, 3, 23}, {3, 1, 90}, {3, 3, 430}, {3, 4, 262}, {4, 4, 720}, {4, 2, 30}, {4, 5, 190}, {5, 5, 1230}, {5, 2, 30}, {6, 0, 260}},
			},
			Warnings: []Warning{{"settings_changed", Text{"Settings changed between the two runs (lifecycle.active_days).", "两次运行之间设置有变（lifecycle.active_days）。"}}},
		},
		{
			Scheme: "rfm grid125", Days: []int32{dayOf("2025-05-18"), dayOf("2025-06-18")},
			Nodes: []Node{{Label: meta.Segments[0]}, {Label: meta.Segments[1]}, {Label: meta.Segments[10]}},
			Steps: [][]Link{{{0, 0, 500}, {0, 1, 40}, {1, 0, 35}, {1, 1, 800}, {1, 2, 90}, {2, 1, 12}, {2, 2, 900}}},
		},
	}
	meta.OwnWords = []Described{
		{Label: Label{"vip", Text{}}, About: Text{"orders >= 5 and net_revenue > 1000", "orders >= 5 and net_revenue > 1000"}},
		{Label: Label{"nobody", Text{}}, About: Text{"orders > 999", "orders > 999"}},
	}
	meta.ClusterWords = []Described{
		{Label{"Regulars", Text{"Regulars", "常客"}}, Text{"They buy often and lately.", "购买频繁且近期活跃。"}},
		{Label{"Others", Text{"Others who came once", "仅购一次"}}, Text{"They bought once, long ago.", "仅购买一次，且时间较久。"}},
	}
	spring := Campaign{
		ID: "SPRING", Name: "First spring teas", Channel: "email", From: dayOf("2025-04-02"), To: dayOf("2025-05-01"), Window: 30, Outcome: "orders",
		Verdict:  Warning{"effect", Text{"SPRING15: +4.58 points more of those assigned responded than of control (95%: +1.36 to +7.53).", "SPRING15：响应率比对照组高 +4.58 个百分点（95%：+1.36 至 +7.53）。"}},
		Warnings: []Warning{{"margin_unknown", Text{"No margin is known.", "毛利率未知。"}}},
		Funnel: []FunnelRow{
			{"SPRING15", "assigned", 2130, 2130, 1, nan}, {"SPRING15", "sent", 2130, 2130, 1, nan}, {"SPRING15", "delivered", 2078, 2078, .9756, 1},
			{"SPRING15", "opened", 754, 801, .354, .3628}, {"SPRING15", "opened by machine", 132, 132, .062, .0635}, {"SPRING15", "clicked", 202, 202, .0948, .0972},
			{"control", "assigned", 695, 695, 1, nan}, {"", "clicked", 0, 3, nan, nan},
		},
		Arms: []Arm{{"SPRING15", 2130, 401, Range{.1883, .1722, .2054}, 41.37}, {"control", 695, 99, Range{.1424, .1184, .1704}, 27.07}},
		Effects: []Effect{
			{"SPRING15", "rate", "pooled z, Newcombe", Range{.0458, .0136, .0753}, .006}, {"SPRING15", "rate", "CUPED (variance -9.6%)", Range{.0442, .0145, .074}, .0036},
			{"SPRING15", "spend", "Welch", Range{14.297, 5.835, 22.758}, .0009}, {"SPRING15", "spend", "bootstrap", Range{14.297, 5.84, 22.947}, nan},
			{"SPRING15", "spend", "ranks (Mann-Whitney)", Range{nan, nan, nan}, .0054}, {"SPRING15", "spend", "CUPED (variance -25%)", Range{13.52, 5.6, 21.44}, .0008},
		},
		Money: []MoneyRow{
			{"SPRING15", "incremental customers", Range{97.6, 28.95, 160.5}}, {"SPRING15", "incremental revenue", Range{30451.9, 12428, 48475}},
			{"SPRING15", "cost", Range{821.3, nan, nan}}, {"SPRING15", "profit", Range{29630, 11607, 47654}}, {"SPRING15", "iROAS", Range{37.08, 15.13, 59.02}},
			{"SPRING15", "break-even difference in rate", Range{.0018, nan, nan}},
		},
		Groups: []GroupEffect{
			{"rfm_segment", "Champions", "SPRING15", 244, 90, Range{.0271, -.0754, .1125}, Range{19.3, -2.3, 40.9}, .774},
			{"rfm_segment", "Loyal", "SPRING15", 440, 120, Range{.112, .02, .19}, Range{13.8, -19, 46.5}, .03},
			{"acquired_channel", "小红书", "SPRING15", 248, 69, Range{-.0132, -.1036, -.0057}, Range{-24, -55, -7.4}, .8},
			{"acquired_channel", "(not known)", "SPRING15", 48, 39, Range{.0132, -.1036, .2057}, Range{nan, nan, nan}, .8},
		},
	}
	early := spring
	early.ID, early.Name, early.Channel, early.Open = "SUMMER", "", "sms", true
	early.From, early.To = dayOf("2025-06-10"), dayOf("2025-07-09")
	early.Effects = append(append([]Effect{}, spring.Effects[:1]...), Effect{"SPRING15", "rate", "always valid (mSPRT)", Range{.0458, -.01, .1}, .2}, spring.Effects[2])
	early.Groups, early.Money = nil, spring.Money[:1]
	apart := Campaign{
		ID: "PRICE", Name: "New prices", Channel: "post", From: dayOf("2025-03-01"), To: dayOf("2025-03-30"), Window: 30, Outcome: "clicked",
		Verdict: Warning{"no_control", Text{"Nobody was kept back as a control group, so nothing can be said about what the campaign caused.", "没有对照组，无法判断活动带来的因果效果。"}},
		Funnel:  spring.Funnel[:2], Arms: []Arm{{"treated", 100, 7, Range{.07, .03, .14}, 12}},
	}
	meta.Campaigns, meta.MoreCampaigns = []Campaign{early, spring, apart}, 4
	steps := []Step{{Text{"in the segment", "客群人数"}, 0, 1840}, {Text{"no consent for the channel", "无该渠道营销许可"}, 512, 1328}, {Text{"in a suppression file", "在禁发名单中"}, 0, 1328},
		{Text{"below the limit", "超出数量上限"}, 228, 1100}, {Text{"control group of this list", "本名单对照组"}, 100, 1000}}
	meta.Lists = []List{
		{ID: "2025-05-31-1", AsOf: dayOf("2025-05-31"), On: dayOf("2025-06-01"), Segment: "At Risk", Rule: "city = '杭州'", Channel: "sms", Campaign: "SUMMER", Treated: 1000, Control: 100, Steps: steps, Smallest: .0312, Base: .11, Window: 30},
		{ID: "2025-04-30-1", AsOf: dayOf("2025-04-30"), On: dayOf("2025-05-01"), Rule: "orders >= 3 and last_order_on < as_of - 90 days and city in ('杭州', '上海')", Channel: "email", Treated: 900, Steps: steps[:2], Smallest: nan},
	}
	meta.MoreLists = 1
	return meta
}

// A report of a shop with a history says what was done and what came of it.
func TestHistoryInReport(t *testing.T) {
	m, meta := shop(t, 60)
	m["clusters"] = result(t, "clusters", []any{"Others", 40, 44, 900.0, 200.0, 300.0, 0.9, 4.0, 120.0}, []any{"Regulars", 20, 130, 8000.0, 3000.0, 25.0, 0.2, 80.0, 2400.0})
	d := build(t, m, withHistory(meta))
	en, zh := html.UnescapeString(words(written(t, d, "en"))), words(written(t, d, "zh"))
	for _, want := range []string{
		"Segments over time", "Of 4,445 customers on 18 May 2025, 75% were where they had been by 18 June 2025",
		"The most went from At risk to Lapsed, 262 (34% of At risk); from Active to At risk, 260", "nobody | 0 | 0%",
		"SUMMER · SPRING15, not over", "Nobody was kept back as a control group", "Corrected for 4 comparisons, 1 differ from zero for certain.",
		"CUPED (variance −25%)", "Customers who responded and would not have | +98 | +29 to +161", "Opened by machines | 132 (6.2%)", "New prices | 1 Mar 2025 | 100 | 0 | no control", "First spring teas | 2 Apr 2025 | 2,130 | 695 | +4.58 (+1.36 to +7.53)",
		"2025-05-31-1 · At Risk · text message", "to be contacted | 1,000", "A difference of 3.12 points or more", "1 more are not shown",
	} {
		if !strings.Contains(strings.ReplaceAll(en, "\n", " | "), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, want := range []string{"客群变化", "“有流失风险”转入“沉睡客户” 262 位（占原“有流失风险”的 34%）", "没有对照组，无法判断活动带来的因果效果。", "CUPED（方差 −25%）", "最终触达", "常客"} {
		if !strings.Contains(zh, want) {
			t.Errorf("the Chinese page does not say %q", want)
		}
	}
	if n := checkPictures(t, written(t, d, "zh")); n != 2*(17+2+1+4+2+1) { // flows, all campaigns, rate and spend of two, lists, clusters
		t.Errorf("%d pictures", n)
	}
}

// Bands leave and enter nodes exactly: nothing of a day is lost between columns.
func TestFlowColumns(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		nodes := rapid.IntRange(1, 6).Draw(r, "nodes")
		f := Flow{Nodes: make([]Node, nodes), Days: []int32{1, 2, 3}, Steps: make([][]Link, 2)}
		var sums [2]int64
		for s := range f.Steps {
			for range rapid.IntRange(0, 12).Draw(r, "links") {
				l := Link{rapid.IntRange(-1, nodes).Draw(r, "from"), rapid.IntRange(0, nodes).Draw(r, "to"), int64(rapid.IntRange(-2, 50).Draw(r, "customers"))}
				f.Steps[s] = append(f.Steps[s], l)
				if f.valid(l) {
					sums[s] += l.Customers
				}
			}
		}
		var out, in [3]int64
		for j, column := range flowColumns(f) {
			for _, n := range column {
				out[j], in[j] = out[j]+n.out, in[j]+n.in
				if n.customers < n.in || n.customers < n.out {
					r.Fatal("a node is smaller than its bands")
				}
			}
		}
		if out != [3]int64{sums[0], sums[1], 0} || in != [3]int64{0, sums[0], sums[1]} {
			r.Fatalf("out %v, in %v, links %v", out, in, sums)
		}
		for _, width := range []float64{fullWidth, narrowWidth} {
			checkPictures(r, string(flowChart{f, printer{}}.draw(width).svg("x", "", "")))
		}
	})
}

// Stages are shown in the order of a customer's life, whatever the order they come in.
func TestStagesArranged(t *testing.T) {
	node := func(key string, outside bool) Node { return Node{Label{Key: key}, outside} }
	f := Flow{Scheme: "lifecycle", Nodes: []Node{node("first", true), node("lost", false), node("won back", false), node("new", false), node("last", true)},
		Steps: [][]Link{{{0, 3, 7}, {1, 2, 5}, {2, 4, 3}, {9, 1, 1}}}}
	got := f.arranged()
	var keys []string
	for _, n := range got.Nodes {
		keys = append(keys, n.Key)
	}
	if strings.Join(keys, " ") != "first new won back lost last" {
		t.Errorf("places %v", keys)
	}
	if want := []Link{{0, 1, 7}, {3, 2, 5}, {2, 4, 3}}; !slices.Equal(got.Steps[0], want) {
		t.Errorf("links %v, want %v", got.Steps[0], want)
	}
}

// wildHistory is a history with any figures at all.
func wildHistory(r *rapid.T, meta Meta) Meta {
	meta = withHistory(meta)
	number := rapid.SampledFrom([]float64{0, 0.3, 1, -1, 5, 1e15, -1e300, 1e300, math.NaN(), math.Inf(1), math.Inf(-1)})
	span := func() Range { return Range{number.Draw(r, "mean"), number.Draw(r, "low"), number.Draw(r, "high")} }
	count := func() int64 { return int64(rapid.IntRange(-5, 5000).Draw(r, "count")) }
	for i := range meta.Campaigns {
		c := &meta.Campaigns[i]
		c.Effects = append([]Effect{}, c.Effects...)
		for j := range c.Effects {
			c.Effects[j].Difference = span()
		}
		c.Groups = append([]GroupEffect{}, c.Groups...)
		for j := range c.Groups {
			c.Groups[j].Rate, c.Groups[j].Spend, c.Groups[j].Treated, c.Groups[j].P = span(), span(), count(), number.Draw(r, "p")
		}
		c.Money = append([]MoneyRow{}, c.Money...)
		for j := range c.Money {
			c.Money[j].Value = span()
		}
		c.Outcome = rapid.SampledFrom([]string{"orders", "clicked", "", "其他"}).Draw(r, "outcome")
	}
	for i := range meta.Lists {
		l := &meta.Lists[i]
		l.Steps = append([]Step{}, l.Steps...)
		for j := range l.Steps {
			l.Steps[j].Fell, l.Steps[j].Left = count(), count()
		}
		l.Rule, l.Smallest, l.Base = rapid.String().Draw(r, "rule"), number.Draw(r, "smallest"), number.Draw(r, "base")
	}
	for i := range meta.Flows {
		for s := range meta.Flows[i].Steps {
			links := append([]Link{}, meta.Flows[i].Steps[s]...)
			for j := range links {
				links[j].Customers = count()
			}
			meta.Flows[i].Steps[s] = links
		}
	}
	return meta
}

func TestWildHistory(t *testing.T) {
	m, plain := shop(t, 30)
	rapid.Check(t, func(r *rapid.T) {
		d, err := Build(m, wildHistory(r, plain))
		if err != nil {
			r.Fatal(err)
		}
		checkPictures(r, written(t, d, rapid.SampledFrom([]string{"en", "zh"}).Draw(r, "lang")))
	})
}

// A chapter without campaigns says what is known, and nothing of a year that was not looked at.
func TestNoCampaigns(t *testing.T) {
	for _, c := range []struct {
		meta   Meta
		en, zh string
	}{
		{Meta{}, "No campaign is known of the last year.", "近一年没有营销活动的记录。"},
		{Meta{Unassigned: 2, MoreCampaigns: 1}, "Of 2 campaigns of the last year nothing says who was assigned", "近一年有 2 个活动没有分组记录"},
		{Meta{MoreCampaigns: 1}, "What 1 older one did, clientele campaign show tells.", "更早的 1 个活动可用"},
	} {
		d := &Data{Meta: c.meta}
		en, zh := (printer{}).campaigns(d)[0].Missing, (printer{zh: true}).campaigns(d)[0].Missing
		if !strings.Contains(en, c.en) || !strings.Contains(zh, c.zh) {
			t.Errorf("%q and %q, want %q and %q", en, zh, c.en, c.zh)
		}
	}
}

// Of several arms the pictures of all campaigns have the intervals that hold for all of them, of
// windows that are open those that allow for looking; each arm's first row has its name.
func TestChosenEffects(t *testing.T) {
	at := func(low, high float64) Range { return Range{0.02, low, high} }
	c := Campaign{ID: "c", Effects: []Effect{
		{"coupon", "rate", "pooled z, Newcombe", at(0.01, 0.03), 0.01},
		{"coupon", "rate", "all arms together (Bonferroni)", at(-0.01, 0.05), 0.01},
		{"gift", "rate", "pooled z, Newcombe", at(0.01, 0.03), 0.01},
		{"gift", "rate", "all arms together (Bonferroni)", at(0.005, 0.035), 0.01},
	}}
	best := c.best("rate")
	if len(best) != 2 || best[0].Difference.Low != -0.01 || best[1].Difference.Low != 0.005 {
		t.Errorf("shown are %+v", best)
	}
	if _, words, _ := (printer{}).allEffects(&Data{Meta: Meta{Campaigns: []Campaign{c}}}); !strings.Contains(words, "Of 2 arms compared with a control group, 1 raised") {
		t.Error(words)
	}
	chart := (printer{zh: true}).effects(&Data{}, c, "rate")
	if len(chart.rows) != 4 || chart.rows[2].name != "gift" || chart.rows[1].name != "各组同时校正" || chart.rows[1].strong {
		t.Errorf("rows %+v", chart.rows)
	}
	c.Arms = []Arm{{Name: "coupon", Customers: 10}, {Name: "control", Customers: 8}, {Name: "control of coupon", Customers: 5}}
	if c.several() || (printer{zh: true}).arm("control of coupon") != "coupon 的对照组" {
		t.Errorf("a control group of its own is taken for an arm")
	}
	c.Arms = append(c.Arms[:1:1], Arm{Name: "gift", Customers: 20}, Arm{Name: "control", Customers: 8}, Arm{Name: "control of coupon", Customers: 5}, Arm{Name: "control of gift", Customers: 3})
	rows := (printer{}).campaignTable(&Data{Meta: Meta{Campaigns: []Campaign{c, {ID: "d", Arms: c.Arms}}}}).Table.Rows
	for i, want := range [][]string{{"c · coupon", "10", "5"}, {"c · gift", "20", "3"}, {"d", "30", "8"}} {
		if row := rows[i]; row[0] != want[0] || row[2] != want[1] || row[3] != want[2] {
			t.Errorf("treated and kept back: %v, want %v", row, want)
		}
	}
	open := Campaign{Open: true, Effects: []Effect{{"coupon", "rate", "always valid (mSPRT)", at(-1, 1), 1}}}
	if rows := (printer{}).effects(&Data{}, open, "rate").rows; len(rows) != 1 || rows[0].name != "coupon" || rows[0].sub != "allowing for looking early" {
		t.Errorf("rows %+v", rows)
	}
}

// What a list's campaign starts from is said with where it is from.
func TestBaseOfLists(t *testing.T) {
	for _, c := range []struct{ from, en, zh string }{
		{"earlier_run", "Of those whom the same choice took on 31 March 2025, 11% ordered within the next 30 days. A difference of 3.12 points", "按同样条件于2025年3月31日选出的客户中，有 11% 在此后 30 天内下单。若差异达到 3.12 个百分点"},
		{"model", "By the purchase model 11% of them order within 30 days though nobody contacts them.", "按复购模型预计，即使不触达，也有 11% 会在 30 天内下单。"},
		{"before", "11% of them ordered within 30 days before.", "此前 30 天内有 11% 下单。"},
		{"", "11% of them ordered within 30 days before.", "此前 30 天内有 11% 下单。"},
	} {
		l := List{Smallest: .0312, Base: .11, Window: 30, BaseFrom: c.from, BaseDay: dayOf("2025-03-31")}
		if en, zh := (printer{}).listWords(l), (printer{zh: true}).listWords(l); !strings.Contains(en, c.en) || !strings.Contains(zh, c.zh) {
			t.Errorf("%q:\n%s\n%s", c.from, en, zh)
		}
	}
}
