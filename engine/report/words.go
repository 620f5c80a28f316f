package report

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

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

// modelNames are models, plain rules and scores, as they stand within a sentence.
func modelNames() []Label {
	return []Label{
		{"rfm", Text{"RFM", "RFM 评分"}},
		{"pareto_nbd", Text{"Pareto/NBD", "Pareto/NBD"}},
		{"bg_nbd", Text{"BG/NBD", "BG/NBD"}},
		{"mbg_nbd", Text{"MBG/NBD", "MBG/NBD"}},
		{"bg_cnbd_k", Text{"BG/CNBD-k", "BG/CNBD-k"}},
		{"mbg_cnbd_k", Text{"MBG/CNBD-k", "MBG/CNBD-k"}},
		{"nbd", Text{"NBD, without churn", "NBD（不含流失）"}},
		{"gamma_gamma", Text{"Gamma-Gamma", "Gamma-Gamma"}},
		{"clv", Text{"lifetime value", "客户价值"}},
		{"recalibration", Text{"recalibration", "总量校准"}},
		{"churn_risk", Text{"churn risk", "流失风险"}},
		{"churn", Text{"churn bands", "流失风险等级"}},
		{"lifecycle", Text{"lifecycle", "生命周期"}},
		{"cluster", Text{"clusters", "聚类"}},
		{"purchase_model", Text{"purchase model", "复购模型"}},
		{"logistic_regression", Text{"logistic regression", "逻辑回归"}},
		{"boosted_trees", Text{"boosted trees", "梯度提升树"}},
		{"naive_rate", Text{"own rate so far", "客户自身历史频率"}},
		{"recency", Text{"recency alone", "仅按最近购买时间"}},
		{"frequency_recency", Text{"frequency, then recency", "先按购买频次、再按最近购买时间"}},
		{"base_rate", Text{"base rate", "总体流失率"}},
	}
}

// purchaseModels are the keys of the models of repeat buying.
func purchaseModels() []string {
	return []string{"pareto_nbd", "bg_nbd", "mbg_nbd", "bg_cnbd_k", "mbg_cnbd_k"}
}

// model is the name of a model, a plain rule or a score in words; one of
// CNBD-k whose k is chosen has it in its name, and one of a group the group.
func (p printer) model(key string) string {
	if name, group, ok := strings.Cut(key, "/"); ok {
		return p.model(name) + p.group(group)
	}
	if words, ok := p.phrased(regular(), key); ok {
		return words
	}
	return p.name(modelNames(), key)
}

// titled is model with a capital at its head.
func (p printer) titled(key string) string {
	name, group, grouped := strings.Cut(key, "/")
	if grouped {
		return p.titled(name) + p.group(group)
	}
	_, regular := p.phrased(regular(), key)
	if regular || slices.ContainsFunc(modelNames(), func(l Label) bool { return l.Key == key }) {
		return p.upper(p.model(key))
	}
	return key // without words it stays as it is
}

// group is what follows the name of a model that is fitted by group: the group, all
// of them together, or the customers of those that have no fit.
func (p printer) group(key string) string {
	switch key {
	case "(groups)":
		return p.t(", groups together", "，各组合计")
	case "(pooled)":
		return p.t(", other groups pooled", "，其余各组合并")
	}
	return p.f(", %s", "，%s", key)
}

// parameter is the name of an estimate; papers' letters stay as they are.
func (p printer) parameter(key string) string {
	kind, covariate, _ := strings.Cut(key, ".")
	switch kind {
	case "trans":
		return p.f("buying (%s)", "购买频率（%s）", p.covariate(covariate))
	case "life":
		return p.f("leaving (%s)", "流失（%s）", p.covariate(covariate))
	}
	if words, ok := p.phrased(estimates(), key); ok {
		return words
	}
	return key
}

// estimates are what models estimate or go by, beside the letters of papers. Without
// an English form they are shown as they are.
func estimates() []phrase {
	return []phrase{
		{form: `fits`, zh: "拟合数"},
		{form: `log_likelihood_of_one`, en: "log-likelihood of one fit", zh: "单一拟合的对数似然"},
		{form: `likelihood_ratio`, en: "likelihood ratio", zh: "似然比"},
		{form: `degrees_of_freedom`, en: "degrees of freedom", zh: "自由度"},
		{form: `p_value`, en: "p", zh: "p"},
		{form: `aic_gain`, en: "AIC lower by", zh: "AIC 降低"},
		{form: `([rfm])_(\d)`, zh: "${1} 切点 ${2}"},
		{form: `([rfm])_mean`, zh: "${1} 均值"},
		{form: `margin`, zh: "计入价值的比例"},
		{form: `medium`, zh: "中风险起点"},
		{form: `high`, zh: "高风险起点"},
		{form: `new_days`, zh: "新客户天数"},
		{form: `active_days`, zh: "活跃天数"},
		{form: `at_risk_days`, zh: "有流失风险天数"},
		{form: `lapsed_days`, zh: "沉睡天数"},
		{form: `won_back_gap_days`, zh: "挽回前沉寂天数"},
		{form: `factor`, zh: "倍数"},
		{form: `forecast`, zh: "预计"},
		{form: `actual`, zh: "实际"},
		{form: `silhouette`, zh: "轮廓系数"},
		{form: `stability`, zh: "稳定性"},
		{form: `inertia`, zh: "类内离差"},
		{form: `bic`, en: "BIC", zh: "BIC"},
		{form: `share_(\d+)`, zh: "第 ${1} 类占比"},
		{form: `intercept`, zh: "截距"},
		{form: `recency`, zh: "距上次天数"},
		{form: `recency_gap`, zh: "距上次天数/自身间隔"},
		{form: `purchase_days`, zh: "购买日数"},
		{form: `own_gap`, zh: "自身间隔"},
		{form: `longest_gap`, zh: "最长间隔"},
		{form: `gap_sd`, zh: "间隔标准差"},
		{form: `bought_once`, zh: "仅购一次"},
		{form: `bought_twice`, zh: "购买两次"},
		{form: `tenure`, zh: "客户年限"},
		{form: `money`, zh: "消费总额"},
		{form: `order_value`, zh: "单均金额"},
		{form: `refund_share`, zh: "退款占比"},
		{form: `orders_(\d+)`, zh: "近 ${1} 天订单"},
		{form: `interactions_(\d+)`, zh: "近 ${1} 天联系"},
		{form: `responses_(\d+)`, zh: "近 ${1} 天响应"},
		{form: `no_purchase`, zh: "复购模型的不购买概率"},
	}
}

// covariate is what tells customers apart: a column, or a column and a value of it.
func (p printer) covariate(key string) string {
	column, value, ok := strings.Cut(key, "=")
	switch {
	case !ok:
		return p.name(attributes(), column)
	case value == "(other)":
		value = p.t("rare or unknown", "较少见或未知")
	case value == "(unknown)":
		value = p.t("unknown", "未知")
	}
	return p.name(attributes(), column) + " " + value
}

// attributes are the columns of customers that models tell them apart by.
func attributes() []Label {
	return []Label{
		{"cohort", Text{"year of the first purchase", "首购年份"}},
		{"gender", Text{"gender", "性别"}},
		{"age", Text{"age", "年龄"}},
		{"country", Text{"country", "国家或地区"}},
		{"region", Text{"region", "省份"}},
		{"city", Text{"city", "城市"}},
		{"acquired_channel", Text{"acquisition channel", "获客渠道"}},
	}
}

// upper is a text with a capital at its head.
func (p printer) upper(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if first == utf8.RuneError {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// regular are the models of regular purchases by their k.
func regular() []phrase {
	return []phrase{
		{form: `bg_cnbd_(\d+)`, en: "BG/CNBD-${1}", zh: "BG/CNBD-${1}"},
		{form: `mbg_cnbd_(\d+)`, en: "MBG/CNBD-${1}", zh: "MBG/CNBD-${1}"},
		{form: `cnbd_(\d+)`, en: "CNBD-${1}, without churn", zh: "CNBD-${1}（不含流失）"},
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

// phrase is a text with parts that vary, as a regular expression of the whole
// of it, and its Chinese with the parts put in. An empty en leaves the English
// as it is.
type phrase struct {
	form, zh, en string
}

// reasons are the reasons of rejects that readers give. In English they are
// shown as they are.
func reasons() []phrase {
	return []phrase{
		{form: `no value, and one is needed`, zh: "缺少必填值"},
		{form: `no customer id, e-mail address or telephone number`, zh: "没有客户编号、邮箱或电话"},
		{form: `neither an order nor a customer`, zh: "既没有订单也没有客户"},
		{form: `no product`, zh: "没有商品"},
		{form: `not a date`, zh: "不是日期"},
		{form: `no such day`, zh: "日期不存在"},
		{form: `no such time of day`, zh: "时间不存在"},
		{form: `not a time of day`, zh: "不是时间"},
		{form: `a year before 1900`, zh: "年份早于 1900 年"},
		{form: `more than a day after the moment of loading`, zh: "日期比载入时刻晚一天以上"},
		{form: `not a date in year-month-day order; say which it is with --dates dmy or --dates mdy`, zh: "不是年-月-日顺序的日期；请用 --dates dmy 或 --dates mdy 指明顺序"},
		{form: `not a date in day/month/year order; where the month stands first, say so with --dates mdy`, zh: "不是日/月/年顺序的日期；若月份在前，请用 --dates mdy 指明"},
		{form: `not a date in month/day/year order; where the day stands first, say so with --dates dmy`, zh: "不是月/日/年顺序的日期；若日期在前，请用 --dates dmy 指明"},
		{form: `a date by week or by day of the year; export it as year-month-day`, zh: "按周或按年内日序书写的日期；请按年-月-日导出"},
		{form: `a zone by letters that have more than one meaning; export times with an offset such as \+08:00`, zh: "时区缩写有多种含义；请导出带偏移量的时间，例如 +08:00"},
		{form: `a number where the rest of the column has dates`, zh: "该列其余为日期，此处为数字"},
		{form: `perhaps a spreadsheet's day number; export dates as text, or say --dates excel`, zh: "可能是电子表格的日期序号；请按文本导出日期，或使用 --dates excel"},
		{form: `no number of seconds since 1970 as the rest of the column is`, zh: "不是 1970 年以来的秒数，与该列其余不同"},
		{form: `no number of milliseconds since 1970 as the rest of the column is`, zh: "不是 1970 年以来的毫秒数，与该列其余不同"},
		{form: `no number of microseconds since 1970 as the rest of the column is`, zh: "不是 1970 年以来的微秒数，与该列其余不同"},
		{form: `no day number of a spreadsheet as the rest of the column is`, zh: "不是电子表格的日期序号，与该列其余不同"},
		{form: `a percentage, not a number`, zh: "是百分比，不是金额"},
		{form: `another currency than the rest of the column, and there is no column of currencies`, zh: "与该列其余币种不同，且没有币种列"},
		{form: `no rate from (\S+) to (\S+) on or before (\S+)`, zh: "没有 ${3} 及之前由 ${1} 到 ${2} 的汇率"},
		{form: `no rate from (\S+) to (\S+) on (\S+)`, zh: "没有 ${3} 由 ${1} 到 ${2} 的汇率"},
		{form: `amounts in (\S+) have no day on which to convert them to (\S+)`, zh: "${1} 金额没有可用于换算为 ${2} 的日期"},
		{form: `not a list of items: .*`, zh: "不是商品明细列表（JSON 数组或以 | 分隔的明细）"},
		{form: `the row is not CSV: .*`, zh: "该行不是有效的 CSV"},
		{form: `the row has another number of cells than the header, which has (\d+)`, zh: "该行单元格数与表头不同，表头有 ${1} 个"},
		{form: `too large a rate: 9,000,000 or more`, zh: "汇率过大（9,000,000 及以上）"},
		{form: `not a number`, zh: "不是数字"},
		{form: `not a number written with a decimal point; set the decimal sign`, zh: "不是以小数点书写的数字；请设定小数符号"},
		{form: `not a number written with a decimal comma; set the decimal sign`, zh: "不是以逗号作小数符号的数字；请设定小数符号"},
		{form: `too large a number`, zh: "数字过大"},
		{form: `not a whole number`, zh: "不是整数"},
		{form: `neither yes nor no`, zh: "既不是“是”也不是“否”"},
		{form: `unknown status; say in the configuration what it means`, zh: "未知的订单状态；请在配置中说明其含义"},
		{form: `unknown event`, zh: "未知的响应类型"},
		{form: `unknown gender`, zh: "未知的性别"},
		{form: `not a currency`, zh: "不是币种代码"},
		{form: `id spoilt by a spreadsheet; export the column as text`, zh: "编号被电子表格改写；请将该列按文本导出"},
		{form: `not valid UTF-8`, zh: "不是有效的 UTF-8"},
		{form: `not valid UTF-8; set the encoding of the file`, zh: "不是有效的 UTF-8；请设定文件编码"},
		{form: `row is not valid (\S+)`, zh: "该行不是有效的 ${1}"},
		{form: `holds a NUL character`, zh: "含有 NUL 字符"},
		{form: `row holds a NUL character`, zh: "该行含有 NUL 字符"},
		{form: `row holds a NUL byte`, zh: "该行含有 NUL 字节"},
		{form: `row has (\d+) cells?, header has (\d+)`, zh: "该行有 ${1} 个单元格，表头有 ${2} 个"},
		{form: `row has (\d+) cells?, header has (\d+) and the other rows end with one empty cell more`, zh: "该行有 ${1} 个单元格，表头有 ${2} 个，其他行末尾多一个空单元格"},
		{form: `a quote is opened and never closed`, zh: "引号未闭合"},
		{form: `text after a closing quote`, zh: "闭引号之后还有文字"},
		{form: `belongs to the row of line (\d+): a quote is opened and never closed`, zh: "属于第 ${1} 行开始的一行：引号未闭合"},
		{form: `belongs to the row of line (\d+): text after a closing quote`, zh: "属于第 ${1} 行开始的一行：闭引号之后还有文字"},
		{form: `a quote opened in the row that begins here is not closed within (\d+) MB`, zh: "由此开始的一行中，引号在 ${1} MB 内未闭合"},
		{form: `the row that begins here is longer than (\d+) MB`, zh: "由此开始的一行超过 ${1} MB"},
		{form: `the line is longer than (\d+) MB`, zh: "该行超过 ${1} MB"},
		{form: `is not a JSON object`, zh: "不是 JSON 对象"},
		{form: `values are nested too deep`, zh: "值的嵌套层数过多"},
		{form: `not JSON: the line ends too early`, zh: "不是 JSON：该行不完整"},
		{form: `not JSON: \\u without four hexadecimal digits`, zh: `不是 JSON：\u 之后没有四位十六进制数字`},
		{form: `not JSON: unexpected ('.*') after the object`, zh: "不是 JSON：对象之后有多余的 ${1}"},
		{form: `not JSON: unexpected ('.*') where a key should begin`, zh: "不是 JSON：应为键的位置出现 ${1}"},
		{form: `not JSON: unexpected ('.*') after a key`, zh: "不是 JSON：键之后出现 ${1}"},
		{form: `not JSON: unexpected ('.*') after a value`, zh: "不是 JSON：值之后出现 ${1}"},
		{form: `not JSON: unexpected ('.*') where a value should begin`, zh: "不是 JSON：应为值的位置出现 ${1}"},
		{form: `not JSON: unexpected ('.*') in a number`, zh: "不是 JSON：数字中出现 ${1}"},
		{form: `not JSON: unexpected ('.*') in a string`, zh: "不是 JSON：字符串中出现 ${1}"},
		{form: `not JSON: unexpected ('.*') after a backslash`, zh: "不是 JSON：反斜杠之后出现 ${1}"},
	}
}

// methods are the parts of what models say in Method. The parts stand in it
// with "; " or ", " between them.
func methods() []phrase {
	return []phrase{
		{form: `pareto_nbd`, en: "Pareto/NBD", zh: "Pareto/NBD 模型"},
		{form: `nbd`, en: "NBD, without churn", zh: "NBD 模型（不含流失）"},
		{form: `pooled_rate`, en: "pooled purchase rate", zh: "购买频率向全体均值收缩"},
		{form: `bg_nbd`, en: "BG/NBD", zh: "BG/NBD 模型"},
		{form: `mbg_nbd`, en: "MBG/NBD", zh: "MBG/NBD 模型"},
		{form: `bg_cnbd_(\d+)`, en: "BG/CNBD-${1}", zh: "BG/CNBD-${1} 模型"},
		{form: `mbg_cnbd_(\d+)`, en: "MBG/CNBD-${1}", zh: "MBG/CNBD-${1} 模型"},
		{form: `cnbd_(\d+)`, en: "CNBD-${1}, without churn", zh: "CNBD-${1} 模型（不含流失）"},
		{form: `purchase_model`, en: "probability of the purchase model", zh: "复购模型给出的概率"},
		{form: `logistic_regression`, en: "logistic regression", zh: "逻辑回归"},
		{form: `boosted_trees`, en: "boosted trees", zh: "梯度提升树"},
		{form: `recency`, en: "plain rule: recency alone", zh: "简单规则：仅按最近购买时间"},
		{form: `frequency_recency`, en: "plain rule: frequency, then recency", zh: "简单规则：先按购买频次、再按最近购买时间"},
		{form: `base_rate`, en: "base rate", zh: "总体流失率"},
		{form: `k-means of log1p`, en: "k-means of logs", zh: "对数值的 k 均值聚类"},
		{form: `diagonal Gaussian mixture of log1p`, en: "diagonal Gaussian mixture of logs", zh: "对数值的高斯混合聚类"},
		{form: `last_window`, en: "what came in the last closed window", zh: "最近一个已结束窗口的实际值"},
		{form: `gamma_gamma`, en: "Gamma-Gamma", zh: "Gamma-Gamma 模型"},
		{form: `shrunk_mean`, en: "shrunk mean spend", zh: "平均消费额向客户中位数收缩"},
		{form: `none`, en: "none", zh: "无"},
		{form: `pooled`, en: "the fit of the other groups", zh: "其余各组的合并拟合"},
		{form: `all_customers`, en: "the fit of all customers", zh: "全体客户的拟合"},
		{form: `discounted_orders_times_spend`, en: "discounted orders times spend", zh: "折现订单数 × 消费额"},
		{form: `thresholds on churn_risk`, en: "thresholds on churn risk", zh: "按流失风险阈值划分"},
		{form: `rules on days`, en: "rules on days", zh: "按天数规则划分"},
		{form: `custom`, en: "own scheme", zh: "自定义方案"},
		{form: `(grid125|rf25|r-rfm-0\.2)`, en: "scheme ${1}", zh: "方案 ${1}"},
		{form: `r-rfm-0\.2 \(own bins: type-7 quantile \+ 1, low <= v < high\)`, en: "scheme r-rfm-0.2 (own bins: type-7 quantile + 1, low ≤ v < high)",
			zh: "方案 r-rfm-0.2（自有分箱：第 7 类分位数 + 1，下限 ≤ 值 < 上限）"},
		{form: `cn8 by mean of values`, en: "cn8 by mean of values", zh: "cn8 八类按数值均值划分"},
		{form: `cn8 by mean of scores`, en: "cn8 by mean of scores", zh: "cn8 八类按得分均值划分"},
		{form: `own cut points of recency`, zh: "自定义最近消费分界点"},
		{form: `own cut points of frequency`, zh: "自定义消费频次分界点"},
		{form: `own cut points of money`, zh: "自定义消费金额分界点"},
		{form: `own cut points of recency, frequency`, zh: "自定义最近消费、消费频次分界点"},
		{form: `own cut points of recency, money`, zh: "自定义最近消费、消费金额分界点"},
		{form: `own cut points of frequency, money`, zh: "自定义消费频次、消费金额分界点"},
		{form: `own cut points of recency, frequency, money`, zh: "自定义最近消费、消费频次、消费金额分界点"},
		{form: `money is average order value`, zh: "金额取平均订单金额"},
	}
}

// phrased is a text in words, and whether list has it.
func (p printer) phrased(list []phrase, text string) (string, bool) {
	for _, f := range list {
		words := f.en
		if p.zh {
			words = f.zh
		}
		whole, err := regexp.Compile("^(?:" + f.form + ")$")
		if err != nil || !whole.MatchString(text) {
			continue
		}
		if words == "" {
			return text, true
		}
		return whole.ReplaceAllString(text, words), true
	}
	return text, false
}

// reason is the reason of a reject in words; one that is not known is shown as it is.
func (p printer) reason(text string) string {
	words, _ := p.phrased(reasons(), text)
	return words
}

// method is what a model says in Method, in words; one that is not known is
// shown as it is.
func (p printer) method(text string) string {
	if column, ok := strings.CutPrefix(text, "by "); ok {
		return p.f("fits by %s", "按%s分组拟合", p.name(attributes(), column))
	}
	words, ok := p.parts(text)
	if !ok {
		return text
	}
	return words
}

// parts words a text from its longest known beginning on.
func (p printer) parts(text string) (string, bool) {
	if words, ok := p.phrased(methods(), text); ok {
		return words, true
	}
	for at := len(text) - 2; at > 0; at-- {
		mark := text[at : at+2]
		if mark != "; " && mark != ", " {
			continue
		}
		first, ok := p.phrased(methods(), text[:at])
		if !ok {
			continue
		}
		if rest, ok := p.parts(text[at+2:]); ok {
			return first + p.t(mark, map[string]string{"; ": "；", ", ": "，"}[mark]) + rest, true
		}
	}
	return text, false
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
