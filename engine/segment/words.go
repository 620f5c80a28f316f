package segment

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// phrase is a text in English and Chinese, or the format of one. Both formats take the same
// arguments; one may pick them by number.
type phrase struct{ en, zh string }

// worded is an argument of a phrase that the two languages name differently.
type worded interface{ words() phrase }

func (f phrase) words() phrase { return f }

// ending is the end of a rule in Chinese.
const ending = "规则的结尾"

// with fills in a format.
func (f phrase) with(args ...any) phrase {
	en, zh := make([]any, len(args)), make([]any, len(args))
	for i, a := range args {
		en[i], zh[i] = a, a
		if w, ok := a.(worded); ok {
			en[i], zh[i] = w.words().en, w.words().zh
		}
	}
	return phrase{fmt.Sprintf(f.en, en...), strings.ReplaceAll(fmt.Sprintf(f.zh, zh...), " "+ending, ending)} // a blank goes before what was typed alone
}

// mistake is an error at a place of a rule.
func mistake(rule string, at int, why phrase) *Error {
	return &Error{Text: rule, At: at, Reason: why.en, Zh: why.zh}
}

// In is the error in English (en) or Chinese (zh).
func (e *Error) In(lang string) string {
	at := utf8.RuneCountInString(e.Text[:e.At]) + 1
	if lang == "zh" {
		return fmt.Sprintf("第 %d 个字符：%s", at, e.Zh)
	}
	return fmt.Sprintf("character %d: %s", at, e.Reason)
}

// Hint says that nothing is equal to a text of a rule, and what there is instead: values that are
// like it, else the first of those that there are, which come the most frequent first.
func (a Asked) Hint(values []string, most int) (en, zh string) {
	said := phrase{"no %s is %s", "没有%s为 %s"}.with(nounPhrase(a.Name), single(a.Text))
	switch near := nearest(a.Text, values); {
	case len(near) > 0:
		said = phrase{"%s: did you mean %s?", "%s：是否指 %s？"}.with(said, choices(near))
	case len(values) == 0:
		said = phrase{"%s: there is none at all", "%s：完全没有这类数据"}.with(said)
	default:
		said = phrase{"%s: there are %s", "%s：现有 %s"}.with(said, choices(values[:min(len(values), most)]))
	}
	return said.en, said.zh
}

// single is a text as a hint quotes it.
func single(s string) string { return "'" + s + "'" }

// choices are some texts, quoted.
func choices(list []string) phrase {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = single(v)
	}
	return phrase{strings.Join(out, ", "), strings.Join(out, "、")}
}

// either is some texts as a choice.
func either(list []string) phrase {
	return phrase{strings.Join(list, " or "), strings.Join(list, " 或 ")}
}

// nounPhrase is what a filter or an operand of the language is called.
func nounPhrase(noun string) phrase {
	for _, w := range []phrase{
		{"category", "品类"}, {"product", "商品"}, {"brand", "品牌"}, {"channel", "渠道"}, {"shop", "店铺"}, {"coupon", "优惠券"},
		{"kind", "类型"}, {"topic", "主题"}, {"direction", "方向"}, {"campaign", "活动"}, {"tag", "标签"}, {"cluster", "聚类"},
	} {
		if w.en == noun {
			return w
		}
	}
	return phrase{noun, " " + noun + " "}
}

// words is how a mistake names a token.
func (t token) words() phrase {
	if t.kind == end {
		return phrase{"the end", ending}
	}
	return phrase{t.String(), t.String()}
}

// words is how a mistake names a unit of time.
func (u Unit) words() phrase {
	switch u {
	case Weeks:
		return phrase{string(u), "周"}
	case Months:
		return phrase{string(u), "个月"}
	case Years:
		return phrase{string(u), "年"}
	}
	return phrase{string(u), "天"}
}
