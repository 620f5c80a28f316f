package report

import "strings"

// Described is a group of customers with what sets it apart.
type Described struct {
	Label
	About Text
}

// own is the chapter on the segments of the configuration and on clusters.
func (p printer) own(d *Data) []section {
	var list []section
	if len(d.Own) > 0 {
		s := section{ID: "own", Title: p.t("Own segments", "自定义客群"),
			Intro: p.t("Segments that clientele.yaml makes by rules, in its order. They may overlap.", "由 clientele.yaml 中的规则定义的客群，按其顺序列出，可相互重叠。")}
		s.Blocks = append(s.Blocks, p.describedTable(d, d.Own, d.OwnWords, p.t("Segment", "客群"), d.Headline.Customers+d.Headline.Prospects))
		s.Terms = p.described(d.OwnWords)
		list = append(list, s)
	}
	if len(d.Clusters) > 0 {
		s := section{ID: "clusters", Title: p.t("Clusters", "聚类分群"),
			Intro: p.t("Groups that customers fall into by themselves, by how they buy; nobody set their bounds.", "按购买行为自动形成的客户群，界限并非人为设定。")}
		label := func(g Group) string { return p.describedName(d.ClusterWords, g.Key) }
		chart := p.groupBars(d.Clusters, label, netRevenue, p.t("Net revenue to date", "累计净收入"), nil)
		s.Blocks = append(s.Blocks, p.block("clusters", p.t("Clusters by customers and revenue", "各群的客户数与收入"), p.clusterWords(d, label), fullWidth, chart.draw))
		s.Blocks = append(s.Blocks, p.describedTable(d, d.Clusters, d.ClusterWords, p.t("Cluster", "分群"), heads(d.Clusters)))
		s.Terms = p.described(d.ClusterWords)
		list = append(list, s)
	}
	return list
}

func (p printer) clusterWords(d *Data, label func(Group) string) string {
	rich := most(d.Clusters, netRevenue)
	return p.f("%s brought the most revenue, %s (%s of all), with %s of customers.", "“%s”贡献收入最多，为 %s（占 %s），其客户占 %s。",
		label(rich), p.money(rich.NetRevenue), p.pct(ratio(rich.NetRevenue, sum(d.Clusters, netRevenue))), p.pct(share(rich.Customers, heads(d.Clusters))))
}

func (p printer) describedName(words []Described, key string) string {
	for _, w := range words {
		if w.Key == key {
			if name := p.text(w.Text); name != "" {
				return name
			}
		}
	}
	return key
}

// described says of each group what it is.
func (p printer) described(words []Described) []term {
	list := make([]term, len(words))
	for i, w := range words {
		list[i] = term{p.describedName(words, w.Key), strings.TrimSpace(p.text(w.About))}
	}
	return list
}

// describedTable has a row for each group, with its share of all customers there are.
func (p printer) describedTable(d *Data, groups []Group, words []Described, head string, all int64) block {
	g := &grid{
		Head:    []string{head, p.t("Customers", "客户数"), p.t("Share", "占比"), p.t("Net revenue", "净收入"), p.t("Churn risk", "流失风险")},
		Numbers: []bool{false, true, true, true, true},
	}
	outlook := d.Coverage.CLV > 0
	if outlook {
		g.Head, g.Numbers = append(g.Head, p.t("CLV each", "人均 CLV")), append(g.Numbers, true)
	}
	for _, x := range groups {
		row := []string{p.describedName(words, x.Key), p.n(x.Customers), p.pct(share(x.Customers, all)), p.money(known(x.NetRevenue)), p.pct(x.ChurnRisk)}
		if outlook {
			row = append(row, p.money(ratio(x.CLV, float64(x.Customers))))
		}
		g.Rows = append(g.Rows, row)
	}
	return block{Table: g}
}
