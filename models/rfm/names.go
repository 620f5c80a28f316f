package rfm

// Name is how a segment is shown. Key is the label in rfm_segment or rfm_cell.
type Name struct {
	Key      string
	En, Zh   string
	Action   string // what is usually done for such customers, English
	ActionZh string // the same in Chinese
}

// Names returns the display names of a scheme's segments in its order, with
// Others last where some code is in no segment; nil for an unknown scheme.
// For a custom scheme see Model.Names.
func Names(scheme string) []Name {
	s, err := Lookup(scheme)
	if err != nil {
		return nil
	}
	return s.names()
}

// Names returns the display names of the segments in rfm_segment. A name of a
// custom scheme is shown as the user wrote it in both languages, unless it is
// one of the usual names, which are translated.
func (m *Model) Names() []Name {
	s, err := m.scheme()
	if err != nil {
		return nil
	}
	return s.names()
}

func (s Scheme) names() []Name {
	known := known()
	var names []Name
	for _, label := range s.labels() {
		n, ok := known[label]
		if !ok {
			n = Name{En: label, Zh: label}
		}
		n.Key = label
		names = append(names, n)
	}
	return names
}

// labels returns the names of the segments, and Others where a code is in none.
func (s Scheme) labels() []string {
	var labels []string
	own := false
	for _, g := range s.Segments {
		labels = append(labels, g.Name)
		own = own || g.Name == Others
	}
	if r, err := Check(s); err == nil && len(r.Holes) > 0 && !own {
		labels = append(labels, Others)
	}
	return labels
}

func known() map[string]Name {
	loyal := Name{"", "Loyal", "忠诚客户", "Offer better products; ask for reviews", "推荐升级产品，邀请评价"}
	fresh := Name{"", "New", "新客户", "Welcome; make the second order easy", "迎新关怀，促成第二单"}
	lose := Name{"", "Can't Lose Them", "不可失去客户", "Talk to them; win them back", "专人回访，全力挽回"}
	loyalCustomers, newCustomers, cannotLose := loyal, fresh, lose
	loyalCustomers.En, newCustomers.En, cannotLose.En = "Loyal Customers", "New Customers", "Cannot Lose Them"
	return map[string]Name{
		"Champions":          {"", "Champions", "冠军客户", "Reward; show new products first", "奖励回馈，新品优先"},
		"Loyal":              loyal,
		"Loyal Customers":    loyalCustomers,
		"Potential Loyalist": {"", "Potential Loyalist", "潜在忠诚客户", "Offer membership; recommend more", "邀请入会，推荐更多商品"},
		"New":                fresh,
		"New Customers":      newCustomers,
		"Promising":          {"", "Promising", "潜力客户", "Make the brand known; offer a trial", "培养品牌认知，提供试用"},
		"Need Attention":     {"", "Need Attention", "需关注客户", "Limited offer on what they bought", "按购买偏好限时优惠"},
		"About To Sleep":     {"", "About To Sleep", "即将沉睡客户", "Remind; show popular products", "提醒并推荐热门商品"},
		"At Risk":            {"", "At Risk", "流失风险客户", "Personal message with an offer", "个性化触达并给予优惠"},
		"Can't Lose Them":    lose,
		"Cannot Lose Them":   cannotLose,
		"Hibernating":        {"", "Hibernating", "沉睡客户", "Wake up at low cost", "低成本唤醒"},
		"Lost":               {"", "Lost", "流失客户", "One last try, then leave alone", "最后一次挽回，之后不再投入"},
		Others:               {"", "Others", "其他客户", "", ""},

		"重要价值客户": {"", "Important: Value", "重要价值客户", "VIP care", "VIP 服务"},
		"重要发展客户": {"", "Important: Develop", "重要发展客户", "Raise frequency", "提升购买频次"},
		"重要保持客户": {"", "Important: Keep", "重要保持客户", "Reach out", "主动联系"},
		"重要挽留客户": {"", "Important: Win Back", "重要挽留客户", "Win back", "重点挽回"},
		"一般价值客户": {"", "General: Value", "一般价值客户", "Raise basket value", "提升客单价"},
		"一般发展客户": {"", "General: Develop", "一般发展客户", "Second order", "促成第二单"},
		"一般保持客户": {"", "General: Keep", "一般保持客户", "Light touch", "轻度维护"},
		"一般挽留客户": {"", "General: Win Back", "一般挽留客户", "Low cost", "低成本触达"},
	}
}
