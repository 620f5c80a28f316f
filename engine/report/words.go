package report

import "strings"

// The names that the tables of the store use, in words. A key that is not
// listed is shown as it is.

func stages() []Label {
	return []Label{
		{"prospect", Text{"Prospect", "潜在客户"}},
		{"new", Text{"New", "新客户"}},
		{"active", Text{"Active", "活跃"}},
		{"won_back", Text{"Won back", "已赢回"}},
		{"at_risk", Text{"At risk", "有流失风险"}},
		{"lapsed", Text{"Lapsed", "沉睡"}},
		{"lost", Text{"Lost", "已流失"}},
	}
}

// stageKeys orders the stages, in both spellings of the two-word ones.
func stageKeys() []string {
	var list []string
	for _, l := range stages() {
		list = append(list, l.Key)
		if spaced := strings.ReplaceAll(l.Key, "_", " "); spaced != l.Key {
			list = append(list, spaced)
		}
	}
	return list
}

func bands() []Label {
	return []Label{
		{"low", Text{"Low", "低"}},
		{"medium", Text{"Medium", "中"}},
		{"high", Text{"High", "高"}},
	}
}

func statuses() []Label {
	return []Label{
		{"converged", Text{"converged", "已收敛"}},
		{"boundary", Text{"boundary solution", "边界解"}},
		{"fallback", Text{"plainer method used", "改用简单方法"}},
		{"skipped", Text{"skipped", "未拟合"}},
		{"fixed", Text{"fixed rules", "固定规则"}},
	}
}

func kinds() []Label {
	return []Label{
		{"orders", Text{"orders", "订单"}},
		{"order-lines", Text{"order lines", "订单明细"}},
		{"customers", Text{"customers", "客户"}},
		{"products", Text{"products", "商品"}},
		{"refunds", Text{"refunds", "退款"}},
		{"interactions", Text{"interactions", "互动"}},
		{"campaigns", Text{"campaigns", "营销活动"}},
		{"responses", Text{"responses", "营销响应"}},
	}
}

func states() []Label {
	return []Label{
		{"loaded", Text{"loaded", "已载入"}},
		{"refused", Text{"refused", "已拒收"}},
		{"rolled_back", Text{"rolled back", "已撤回"}},
	}
}

// name is the label of a key.
func (p printer) name(labels []Label, key string) string {
	if key == OthersKey {
		return p.t("Others", "其他")
	}
	spelled := strings.ReplaceAll(key, " ", "_")
	for _, l := range labels {
		if l.Key == key || l.Key == spelled {
			if s := p.text(l.Text); s != "" {
				return s
			}
		}
	}
	return key
}
