package report

import "strings"

// The names that the tables of the store use, in words. A key that is not
// listed is shown as it is.

func stages() []Label {
	return []Label{
		{"prospect", Text{"Prospect", "潜在客户"}},
		{"new", Text{"New", "新客户"}},
		{"active", Text{"Active", "活跃客户"}},
		{"won_back", Text{"Won back", "已挽回"}},
		{"at_risk", Text{"At risk", "有流失风险"}},
		{"lapsed", Text{"Lapsed", "沉睡客户"}},
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

// reasons are the reasons of rejects that readers give, in Chinese. In English
// they are shown as they are.
func reasons() []Label {
	var list []Label
	for _, r := range [][2]string{
		{"no value, and one is needed", "缺少必填值"},
		{"no customer id, e-mail address or telephone number", "没有客户编号、邮箱或电话"},
		{"no product", "没有商品"},
		{"not a date", "不是日期"},
		{"no such day", "日期不存在"},
		{"no such time of day", "时间不存在"},
		{"not a time of day", "不是时间"},
		{"a year before 1900", "年份早于 1900 年"},
		{"more than a day after the moment of loading", "日期比载入时刻晚一天以上"},
		{"not a date in year-month-day order; set the order of dates", "不是年-月-日顺序的日期；请设定日期顺序"},
		{"not a date in day/month/year order", "不是日/月/年顺序的日期"},
		{"not a date in month/day/year order", "不是月/日/年顺序的日期"},
		{"not a number", "不是数字"},
		{"not a number written with a decimal point; set the decimal sign", "不是以小数点书写的数字；请设定小数符号"},
		{"not a number written with a decimal comma; set the decimal sign", "不是以逗号作小数符号的数字；请设定小数符号"},
		{"too large a number", "数字过大"},
		{"not a whole number", "不是整数"},
		{"not a currency", "不是币种代码"},
		{"id spoilt by a spreadsheet; export the column as text", "编号被电子表格改写；请将该列按文本导出"},
		{"not valid UTF-8", "不是有效的 UTF-8"},
		{"row is not valid UTF-8", "该行不是有效的 UTF-8"},
		{"holds a NUL character", "含有 NUL 字符"},
		{"row holds a NUL character", "该行含有 NUL 字符"},
		{"a quote is opened and never closed", "引号未闭合"},
		{"text after a closing quote", "闭引号之后还有文字"},
		{"is not a JSON object", "不是 JSON 对象"},
		{"not JSON: the line ends too early", "不是 JSON：该行不完整"},
	} {
		list = append(list, Label{r[0], Text{r[0], r[1]}})
	}
	return list
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
