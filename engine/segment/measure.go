package segment

import "slices"

// measure is a quantity of facts.
type measure struct {
	name   string
	words  []string // other words for it
	facts  facts
	value  string // SQL, over the alias f of the facts
	mean   bool   // missing, not 0, where there is nothing
	money  bool   // no count: it is compared, and does not hold by itself
	noun   bool   // no may stand before it
	column string // of scores, that it is without days and filters
	events []string
	en, zh string
}

// counts reports whether the measure by itself is a condition: more than none.
func (m measure) counts() bool { return !m.mean && !m.money }

// nouns are the filters that its facts have.
func (m measure) nouns() []string {
	var out []string
	for _, f := range m.facts.filters() {
		out = append(out, f.noun)
	}
	return out
}

// facts is a table of facts.
type facts int

const (
	orders facts = iota
	refunds
	interactions
	responses
)

// measures are all there are. Satisfaction is added up in units of a ten-thousandth:
// sums of floats differ from run to run.
func measures() []measure {
	list := []measure{
		{name: "orders", words: []string{"order"}, facts: orders, value: "count(*)", noun: true, column: "orders",
			en: "orders that count", zh: "计入统计的订单数"},
		{name: "bought", facts: orders, value: "count(*)",
			en: "the same, to be read with a product: bought product 'SKU'", zh: "同上，用于商品：bought product 'SKU'"},
		{name: "spend", words: []string{"spent"}, facts: orders, value: "CAST(sum(f.net) AS DOUBLE)", money: true,
			en: "their net amount, before refunds", zh: "订单净额，未扣除退款"},
		{name: "refunds", words: []string{"refund"}, facts: refunds, value: "count(*)", noun: true,
			en: "refunds, counted", zh: "退款次数"},
		{name: "refunded", facts: refunds, value: "CAST(sum(f.amount) AS DOUBLE)", money: true,
			en: "refunds, their amount", zh: "退款金额"},
		{name: "interactions", words: []string{"interaction"}, facts: interactions, value: "count(*)", noun: true,
			en: "contacts of customers", zh: "互动次数"},
		{name: "satisfaction", facts: interactions, mean: true,
			value: "CAST(sum(CAST(f.satisfaction AS DECIMAL(18,4))) AS DOUBLE) / count(f.satisfaction)",
			en:    "mean satisfaction of interactions that have one", zh: "互动满意度的平均值"},
		{name: "nps", facts: interactions, mean: true,
			value: "CAST(sum(f.nps) AS DOUBLE) / count(f.nps)",
			en:    "mean answer to the question of recommendation, 0 to 10", zh: "推荐意愿（0 至 10 分）的平均值"},
		{name: "responses", words: []string{"response"}, facts: responses, value: "count(*)", noun: true,
			en: "responses to campaigns, of any kind", zh: "活动响应次数（任何类型）"},
	}
	for _, v := range verbs() {
		v.facts, v.value = responses, "count(DISTINCT f.campaign_id)"
		list = append(list, v)
	}
	return list
}

// verbs are what happens between a campaign and a customer: campaigns are counted,
// each once.
func verbs() []measure {
	return []measure{
		{name: "sent", events: []string{"sent"}, en: "campaigns sent", zh: "已发送的活动数"},
		{name: "received", events: []string{"sent", "delivered"}, en: "campaigns sent or delivered", zh: "已发送或已送达的活动数"},
		{name: "delivered", events: []string{"delivered"}, en: "campaigns delivered", zh: "已送达的活动数"},
		{name: "opened", events: []string{"opened"}, en: "campaigns opened, but for opens by machines", zh: "打开的活动数（不含机器打开）"},
		{name: "clicked", events: []string{"clicked"}, en: "campaigns clicked, but for clicks by machines", zh: "点击的活动数（不含机器点击）"},
		{name: "converted", events: []string{"converted"}, en: "campaigns that converted", zh: "转化的活动数"},
		{name: "unsubscribed", events: []string{"unsubscribed"}, en: "campaigns unsubscribed from", zh: "退订的活动数"},
		{name: "bounced", events: []string{"bounced"}, en: "campaigns that bounced", zh: "退回的活动数"},
		{name: "complained", events: []string{"complained"}, en: "campaigns complained about", zh: "投诉的活动数"},
		{name: "assigned", events: []string{"assigned"}, en: "campaigns assigned to, as responses have it", zh: "被分配的活动数（以响应数据为准）"},
	}
}

// measureOf is the measure of that name.
func measureOf(name string) (measure, bool) {
	list := measures()
	i := slices.IndexFunc(list, func(m measure) bool { return m.name == name || slices.Contains(m.words, name) })
	if i < 0 {
		return measure{}, false
	}
	return list[i], true
}

// filter is something of facts that a rule may ask for.
type filter struct {
	noun        string
	preposition string   // of the canonical form
	columns     []string // SQL; it is so where one of them is
	lines       bool     // of order lines, by their product
	placed      bool     // of orders with the terms on which they were placed
	campaigns   bool     // by the names of campaigns too
}

func (f facts) filters() []filter {
	switch f {
	case orders:
		return []filter{
			{noun: "category", preposition: "on", columns: []string{"p.category"}, lines: true},
			{noun: "product", preposition: "on", columns: []string{"p.product_id", "p.name"}, lines: true},
			{noun: "brand", preposition: "on", columns: []string{"p.brand"}, lines: true},
			{noun: "channel", preposition: "with", columns: []string{"t.channel"}, placed: true},
			{noun: "shop", preposition: "with", columns: []string{"t.shop"}, placed: true},
			{noun: "coupon", preposition: "with", columns: []string{"t.coupon"}, placed: true},
		}
	case interactions:
		return []filter{
			{noun: "kind", preposition: "of", columns: []string{"f.kind"}},
			{noun: "channel", preposition: "of", columns: []string{"f.channel"}},
			{noun: "topic", preposition: "of", columns: []string{"f.topic"}},
			{noun: "direction", preposition: "of", columns: []string{"f.direction"}},
		}
	case responses:
		return []filter{{noun: "campaign", columns: []string{"f.campaign_id"}, campaigns: true}}
	}
	return nil
}

// prepositions may stand before any filter.
func prepositions() []string { return []string{"on", "of", "with", "by", "via"} }

// prepositionOf is the word before a filter in the canonical form, if any.
func prepositionOf(name, noun string) string {
	m, _ := measureOf(name)
	if name == "bought" || len(m.events) > 0 {
		return ""
	}
	for _, f := range m.facts.filters() {
		if f.noun == noun {
			return f.preposition
		}
	}
	return ""
}
