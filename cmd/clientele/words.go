package main

import (
	"cmp"
	"slices"
	"strings"

	"clientele/engine"
	"clientele/engine/table"
)

// translated is a table with other heads and other texts: numbers stay as they are.
func translated(t *table.Table, heads map[string]string, word func(column, text string) string) *table.Table {
	var columns []*table.Column
	for _, c := range t.Columns() {
		out := *c
		out.Unit = cmp.Or(out.Unit, unitOf(c)) // which its head tells no longer
		out.Name = cmp.Or(heads[c.Name], c.Name)
		if c.Kind == table.Text {
			out.Texts = table.Strings{Offsets: []int32{0}}
			for row := range t.Rows() {
				out.Texts.AppendString(word(c.Name, string(c.Texts.At(row))))
			}
		}
		columns = append(columns, &out)
	}
	return table.New(columns...)
}

// unitOf is the unit that numbers are known to have by the name of their column.
func unitOf(c *table.Column) string {
	switch c.Name {
	case "p":
		return "p"
	case "churn_risk":
		return "probability"
	case "net_revenue", "average_order_value", "clv", "cost", "value", "spend", "spend_mean", "spend_difference", "spend_low", "spend_high":
		if c.Kind == table.Float || c.Kind == table.Decimal {
			return "money"
		}
	}
	return ""
}

// titlesZh are titles of sections in Chinese.
func titlesZh() map[string]string {
	return map[string]string{
		"campaign": "活动", "funnel": "触达漏斗", "arms": "各组响应", "lift": "增量", "money": "增量收益", "groups": "分组比较", "attribution": "归因",
		"effects": "效应大小", "numbers": "数值", "words": "取值",
		"counts": "共有客户数", "shares": "占比", "jaccard": "Jaccard 系数", "pairs": "客群对", "segments": "客群", "matrix": "转移矩阵", "test": "检验",
		"customer": "客户", "identities": "身份", "left_out": "排除规则", "shared_keys": "共用标识", "scores": "评分", "outlook": "购买预期", "reasons": "流失风险的原因",
		"why": "评分依据", "orders": "订单", "refunds": "退款", "interactions": "互动", "responses": "活动响应",
	}
}

// headsZh are the heads of the tables of campaigns, lists and segments in Chinese.
func headsZh() map[string]string {
	return map[string]string{
		"arm": "组", "step": "环节", "customers": "客户数", "of_assigned": "占已分配", "of_delivered": "占已送达", "events": "次数", "value": "金额",
		"responded": "响应人数", "rate": "响应率", "rate_low": "响应率下限", "rate_high": "响应率上限", "spend": "消费额", "spend_mean": "人均消费", "before_mean": "此前人均消费",
		"metric": "指标", "method": "方法", "treated": "触达组", "control": "对照组", "difference": "差值", "low": "下限", "high": "上限",
		"relative": "相对提升", "relative_low": "相对下限", "relative_high": "相对上限", "statistic": "统计量", "df": "自由度", "p_holm": "p（Holm 校正）", "p_bh": "p（BH 校正）",
		"figure": "项目", "by": "分组依据", "group": "分组", "control_rate": "对照组响应率", "spend_difference": "人均消费差值", "spend_low": "消费差值下限", "spend_high": "消费差值上限",
		"rule": "规则", "orders": "订单数", "share": "占比", "touches": "触达次数",
		"campaign_id": "活动编号", "name": "名称", "channel": "渠道", "started_on": "开始日期", "ended_on": "结束日期", "cost": "成本", "assigned": "已分配",
		"sent": "已发送", "delivered": "已送达", "opened": "已打开", "clicked": "已点击", "converted": "已转化", "unsubscribed": "已退订",
		"list_id": "名单编号", "on": "日期", "segment": "客群", "state": "状态", "scheme": "分群方案",
		"net_revenue": "净销售额", "average_order_value": "客单价", "recency_days": "距上次购买天数", "churn_risk": "流失风险", "clv": "客户终身价值",
		"size": "人数", "other_scheme": "另一方案", "other_segment": "另一客群", "other_size": "另一客群人数", "other_share": "占另一客群", "jaccard": "Jaccard 系数", "lift": "提升倍数",
	}
}

// profileHeadsZh are those of profiles: size is there that of an effect, value a word.
func profileHeadsZh() map[string]string {
	return map[string]string{
		"column": "字段", "measure": "度量", "effect": "效应", "size": "大小", "p_bh": "p（BH 校正）", "known": "已知人数", "rest_known": "其余已知人数",
		"mean": "均值", "rest_mean": "其余均值", "median": "中位数", "rest_median": "其余中位数", "cohens_d": "Cohen d", "rank_biserial": "秩二列相关",
		"value": "取值", "customers": "客户数", "rest": "其余客户数", "share": "占比", "rest_share": "其余占比", "lift": "提升倍数", "cramers_v": "Cramér V",
	}
}

// wordsZh are the words that columns of these tables hold, by column.
func wordsZh() map[string]map[string]string {
	return map[string]map[string]string{
		"step": {"assigned": "已分配", "sent": "已发送", "bounced": "退回", "delivered": "已送达", "opened": "已打开", "opened by machine": "机器打开",
			"clicked": "已点击", "converted": "已转化", "unsubscribed": "已退订", "complained": "已投诉"},
		"arm":    {engine.ControlArm: "对照组"},
		"metric": {"rate": "响应率", "spend": "消费额"},
		"method": {"pooled z, Newcombe": "合并 z 检验，Newcombe 区间", "exact (Fisher)": "Fisher 精确检验", "Welch": "Welch 检验", "bootstrap": "自助法",
			"ranks (Mann-Whitney)": "秩检验（Mann-Whitney）", "always valid (mSPRT)": "随时有效（mSPRT）", "always valid (mSPRT), all arms together": "随时有效（mSPRT），各组一并成立",
			"all arms together (Bonferroni)": "各组一并成立（Bonferroni）"},
		"figure": {"incremental customers": "增量客户数", "incremental revenue": "增量收入", "incremental margin": "增量毛利", "cost": "成本", "profit": "利润",
			"iROAS": "增量广告回报率（iROAS）", "break-even difference in rate": "保本所需的响应率差值"},
		"by":    {"rfm_segment": "RFM 客群", "rfm_cell": "RFM 八类", "acquired_channel": "获客渠道", "list_id": "名单"},
		"rule":  {"first": "首次触点", "last": "末次触点", "linear": "平均分配", "position": "位置加权", "time_decay": "时间衰减", "markov": "马尔可夫"},
		"state": {"cut": "已生成"},
	}
}

// wordZh is a text of a column in Chinese, where it is a word of ours.
func wordZh(column, text string) string {
	if word, ok := wordsZh()[column][text]; ok {
		return word
	}
	if reason, ok := strings.CutPrefix(text, "cancelled: "); ok && column == "state" {
		return "已取消：" + reason
	}
	if rest, ok := strings.CutPrefix(text, "CUPED (variance "); ok && column == "method" {
		return "CUPED（方差 " + strings.TrimSuffix(rest, ")") + "）"
	}
	return text
}

// worded is a table as people read it in a language, en or zh; programs read names.
func (a *app) worded(t *table.Table, lang string, heads map[string]string) *table.Table {
	if lang != "zh" || a.format != "table" {
		return t
	}
	words := wordsZh()
	return translated(t, heads, func(column, text string) string {
		if words[column] == nil {
			return text
		}
		return wordZh(column, text)
	})
}

// wordedSections are sections as people read them in a language, their titles too.
func (a *app) wordedSections(list []engine.Section, lang string, heads map[string]string) []engine.Section {
	list = slices.Clone(list)
	for i := range list {
		list[i].Table = a.worded(list[i].Table, lang, heads)
	}
	return a.titled(list, lang)
}

// titled are sections with their titles in a language, where people read them.
func (a *app) titled(list []engine.Section, lang string) []engine.Section {
	if lang != "zh" || a.format != "table" {
		return list
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].Title = cmp.Or(titlesZh()[list[i].Title], list[i].Title)
	}
	return list
}
