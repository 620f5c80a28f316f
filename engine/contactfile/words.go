package contactfile

import (
	"strings"
	"unicode"
)

// known are the columns with headings of their own.
type known struct {
	key, en, zh                  string
	mailchimp, klaviyo, sendgrid string // empty: en, or the key for sendgrid
}

// knownColumns are the columns that lists are often written with. Mailchimp's and
// SendGrid's headings are those of their guides to the format of an import file;
// Klaviyo maps the names of its own profile properties by itself.
func knownColumns() []known {
	return []known{
		{"customer_id", "Customer ID", "客户编号", "", "", "external_id"},
		{"name", "Name", "姓名", "", "", ""},
		{"first_name", "First name", "名", "First Name", "First Name", "first_name"},
		{"last_name", "Last name", "姓", "Last Name", "Last Name", "last_name"},
		{"email", "Email", "邮箱", "Email Address", "Email", "email"},
		{"phone", "Phone", "手机号", "Phone Number", "Phone Number", "phone_number_id"},
		{"address", "Address", "地址", "Address", "Address", "address_line_1"},
		{"country", "Country", "国家", "Country", "Country", "country"},
		{"region", "Region", "省份", "State", "Region", "state_province_region"},
		{"city", "City", "城市", "City", "City", "city"},
		{"postcode", "Postcode", "邮编", "Zip Code", "Zip Code", "postal_code"},
		{"birth_date", "Birth date", "出生日期", "Birthday", "Birthday", "birthday"},
		{"gender", "Gender", "性别", "", "", ""},
		{"acquired_on", "Acquired on", "获客日期", "", "", ""},
		{"acquired_channel", "Acquired through", "获客渠道", "", "", ""},
		{"tags", "Tags", "标签", "", "Tags", ""},
		{"list_id", "List", "名单编号", "", "", ""},
		{"arm", "Arm", "分组", "", "", ""},
		{"rank", "Rank", "排名", "", "", ""},
		{"value", "Value", "排序值", "", "", ""},
		{"step", "Step", "步骤", "", "", ""},
		{"reason", "Why", "原因", "", "", ""},
		{"as_of", "As of", "评分日期", "", "", ""},
		{"first_order_on", "First order", "首单日期", "", "", ""},
		{"last_order_on", "Last order", "最近下单日期", "", "", ""},
		{"orders", "Orders", "订单数", "", "", ""},
		{"recency_days", "Days since last order", "距上次购买天数", "", "", ""},
		{"tenure_days", "Days since first order", "距首单天数", "", "", ""},
		{"net_revenue", "Net revenue", "净消费额", "", "", ""},
		{"average_order_value", "Average order value", "客单价", "", "", ""},
		{"r_score", "R score", "R 分", "", "", ""},
		{"f_score", "F score", "F 分", "", "", ""},
		{"m_score", "M score", "M 分", "", "", ""},
		{"rfm_code", "RFM code", "RFM 编码", "", "", ""},
		{"rfm_segment", "RFM segment", "RFM 客群", "", "", ""},
		{"rfm_cell", "RFM cell", "RFM 八分类", "", "", ""},
		{"p_alive", "Probability of being active", "活跃概率", "", "", ""},
		{"churn_risk", "Churn risk", "流失风险", "", "", ""},
		{"churn_band", "Churn band", "流失风险等级", "", "", ""},
		{"next_order_on", "Next order expected on", "预计下次购买日期", "", "", ""},
		{"expected_orders", "Expected orders", "预计订单数", "", "", ""},
		{"expected_spend", "Expected spend per order", "预计单次消费", "", "", ""},
		{"clv", "Customer lifetime value", "客户生命周期价值", "", "", ""},
		{"clv_low", "Lifetime value, low", "生命周期价值下限", "", "", ""},
		{"clv_high", "Lifetime value, high", "生命周期价值上限", "", "", ""},
		{"lifecycle_stage", "Lifecycle stage", "生命周期阶段", "", "", ""},
		{"cluster", "Cluster", "聚类", "", "", ""},
	}
}

// heading is the heading of a column. One without words of its own keeps its name,
// attribute.NAME without what stands before the name.
func heading(opt Options, key string) string {
	k := known{key: key, en: strings.TrimPrefix(key, "attribute.")}
	k.zh = k.en
	for _, c := range knownColumns() {
		if c.key == key {
			k = c
		}
	}
	switch opt.Layout {
	case "plain":
		return key
	case "mailchimp":
		if key == "phone" && addressOf(opt.Channel) == "phone" {
			return "SMS Phone Number"
		}
		return either(k.mailchimp, k.en)
	case "klaviyo":
		return either(k.klaviyo, k.en)
	case "sendgrid":
		return either(k.sendgrid, plainName(strings.TrimPrefix(key, "attribute.")))
	}
	if opt.Lang == "zh" {
		return k.zh
	}
	return k.en
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// plainName is a name of letters, digits and underscores, as SendGrid wants it.
func plainName(name string) string {
	out := strings.Map(func(r rune) rune {
		if r == '_' || r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, name)
	if out == "" || unicode.IsDigit(rune(out[0])) {
		out = "_" + out
	}
	return out
}

// Names takes a name apart: the last word of a name in words is the family name; of
// a Chinese one, without blanks, it is the first character, or the first two where
// these are one of the compound family names.
func Names(name string) (given, family string) {
	name = strings.TrimSpace(name)
	if i := strings.LastIndexFunc(name, unicode.IsSpace); i > 0 {
		return strings.TrimSpace(name[:i]), strings.TrimSpace(name[i:])
	}
	runes := []rune(name)
	if len(runes) < 2 || len(runes) > 5 || !chinese(runes) {
		return name, ""
	}
	n := 1
	if len(runes) > 2 && strings.Contains(compound, string(runes[:2])+" ") {
		n = 2
	}
	return string(runes[n:]), string(runes[:n])
}

func chinese(runes []rune) bool {
	for _, r := range runes {
		if !unicode.Is(unicode.Han, r) {
			return false
		}
	}
	return true
}

// compound are the family names of two characters that are in use.
const compound = "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 夏侯 司徒 司空 长孙 宇文 闻人 轩辕 端木 百里 东郭 南宫 呼延 独孤 淳于 单于 申屠 公羊 澹台 赫连 钟离 濮阳 太史 歐陽 司馬 諸葛 東方 尉遲 公孫 長孫 "
