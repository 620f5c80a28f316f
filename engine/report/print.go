package report

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// printer writes words and numbers in one language.
type printer struct {
	zh       bool
	currency string // ISO 4217, or empty
}

// t picks the text of the printer's language.
func (p printer) t(en, zh string) string {
	if p.zh {
		return zh
	}
	return en
}

func (p printer) text(t Text) string {
	if p.zh && t.Zh != "" || t.En == "" {
		return t.Zh
	}
	return t.En
}

// f formats with the format of the printer's language; the Chinese one may
// pick its arguments by number.
func (p printer) f(en, zh string, args ...any) string { return fmt.Sprintf(p.t(en, zh), args...) }

const dash = "–" // a figure that is not there

// n is a whole number with its digits in groups of three.
func (p printer) n(v int64) string {
	digits := strconv.FormatInt(v, 10)
	sign := ""
	if v < 0 {
		sign, digits = "−", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// of is a number and what it counts: 1 customer, 2 customers; 2 位客户.
func (p printer) of(v int64, one, many, zh string) string {
	switch {
	case p.zh:
		return p.n(v) + " " + zh
	case v == 1:
		return "1 " + one
	}
	return p.n(v) + " " + many
}

func (p printer) customers(v int64) string { return p.of(v, "customer", "customers", "位客户") }

// short is a number of at most three digits and its magnitude: 1.23M, 123万.
func (p printer) short(v float64) string {
	if math.IsNaN(v) {
		return dash
	}
	if math.IsInf(v, 0) {
		return strings.Replace(strconv.FormatFloat(v, 'f', -1, 64), "Inf", "∞", 1)
	}
	sign := ""
	if v < 0 {
		sign, v = "−", -v
	}
	if v == 0 {
		return "0"
	}
	if p.zh && v >= 1000 && v < 9999.5 {
		return sign + p.n(int64(math.Round(v))) // below 万 there is nothing to shorten
	}
	v = rounded(v)
	type unit struct {
		size float64
		name string
	}
	units := []unit{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "K"}}
	if p.zh {
		units = []unit{{1e12, "万亿"}, {1e8, "亿"}, {1e4, "万"}}
	}
	if v >= 1e16 {
		return sign + strconv.FormatFloat(v, 'g', 3, 64)
	}
	for _, u := range units {
		if v >= u.size {
			return sign + digits(v/u.size) + u.name
		}
	}
	return sign + digits(v)
}

// rounded keeps three digits.
func rounded(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64)
	return r
}

// digits writes a rounded number; thousands have commas.
func digits(v float64) string {
	if v >= 1000 {
		return printer{}.n(int64(math.Round(v)))
	}
	places := max(0, 2-int(math.Floor(math.Log10(v))))
	s := strconv.FormatFloat(v, 'f', min(places, 8), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// about is an estimate of a count: whole below a million, short above.
func (p printer) about(v float64) string {
	if math.Abs(v) < 1e6 {
		return p.n(int64(math.Round(v)))
	}
	return p.short(v)
}

// nth is 4th; in Chinese the number alone.
func (p printer) nth(n int) string {
	if p.zh {
		return strconv.Itoa(n)
	}
	ending := "th"
	if n < 4 {
		ending = []string{"th", "st", "nd", "rd"}[n]
	}
	return strconv.Itoa(n) + ending
}

// leastMoney is the least amount that is written out: below half of it there are no coins.
const leastMoney = 0.01

// money is short with the currency: $1.23M, ¥123万, CHF 1.23M; <$0.01 for something that is
// less than any coin.
func (p printer) money(v float64) string {
	switch {
	case v > 0 && v < leastMoney/2:
		return "<" + p.scaleMoney(leastMoney)
	case v < 0 && v > -leastMoney/2:
		return ">" + p.scaleMoney(-leastMoney)
	}
	return p.scaleMoney(v)
}

// scaleMoney is money where amounts stand beside each other, as on an axis, however small.
func (p printer) scaleMoney(v float64) string {
	s := p.short(v)
	if s == dash {
		return s
	}
	sign, rest := "", s
	if r, ok := strings.CutPrefix(s, "−"); ok {
		sign, rest = "−", r
	}
	if symbol, ok := symbols()[p.currency]; ok {
		return sign + symbol + rest
	}
	if p.currency == "" {
		return s
	}
	return sign + p.currency + "\u00a0" + rest
}

func symbols() map[string]string {
	return map[string]string{"CNY": "¥", "JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "KRW": "₩", "INR": "₹", "HKD": "HK$", "TWD": "NT$", "SGD": "S$"}
}

// pct is a share in percent: two digits, three where there are fewer before
// the point; never 0% for something nor 100% for nearly all.
func (p printer) pct(share float64) string {
	v := 100 * share
	sign := ""
	if v < 0 {
		sign, v = "−", -v
	}
	switch {
	case math.IsNaN(v):
		return dash
	case math.IsInf(v, 0):
		return sign + "∞"
	case v == 0:
		return "0%"
	case v < 0.01:
		return "<" + sign + "0.01%"
	case v < 1:
		return sign + trimmed(v, 2) + "%"
	case v > 99.9 && v < 100:
		return sign + ">99.9%"
	case v < 10 || v > 99 && v < 100:
		return sign + trimmed(v, 1) + "%"
	case v < 1000:
		return sign + trimmed(v, 0) + "%"
	}
	return sign + p.short(v) + "%"
}

func trimmed(v float64, places int) string {
	s := strconv.FormatFloat(v, 'f', places, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// change is a relative change with its direction in words.
func (p printer) change(now, before float64) string {
	ratio := now/before - 1
	switch {
	case !(before > 0) || math.IsNaN(ratio) || math.IsInf(ratio, 0):
		return p.t("not comparable", "无可比数据")
	case math.Abs(ratio) < 0.0005:
		return p.t("unchanged", "持平")
	case ratio > 0:
		return p.f("up %s", "增长 %s", p.pct(ratio))
	}
	return p.f("down %s", "下降 %s", p.pct(-ratio))
}

// number is an estimate with about five digits.
func (p printer) number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v):
		return dash
	case math.IsInf(v, 0):
		return p.short(v)
	case a != 0 && (a < 1e-3 || a >= 1e7):
		return strings.Replace(strconv.FormatFloat(v, 'e', 3, 64), "-", "−", 1)
	case a >= 1000:
		return strings.Replace(strconv.FormatFloat(v, 'f', 2, 64), "-", "−", 1)
	}
	return strings.Replace(trimmed(v, 4), "-", "−", 1)
}

// date is a day in words: 31 March 2024, 2024年3月31日.
func (p printer) date(d int32) string {
	if p.zh {
		return day(d).Format("2006年1月2日")
	}
	return day(d).Format("2 January 2006")
}

// month is Mar 2024, 2024年3月.
func (p printer) month(d int32) string {
	if p.zh {
		return day(d).Format("2006年1月")
	}
	return day(d).Format("Jan 2006")
}

// period names a period of one, three or twelve months.
func (p printer) period(start int32, step int) string {
	t := day(start)
	switch step {
	case 1:
		return p.month(start)
	case 3:
		return p.f("Q%[2]d %[1]d", "%d年%d季度", t.Year(), (int(t.Month())+2)/3)
	}
	return p.f("%d", "%d年", t.Year())
}

// brief names a period where there is little room: 24-03, 24Q1, 2024.
func (p printer) brief(start int32, step int) string {
	t := day(start)
	switch step {
	case 1:
		return t.Format("06-01")
	case 3:
		return fmt.Sprintf("%02dQ%d", t.Year()%100, (int(t.Month())+2)/3)
	}
	return t.Format("2006")
}

// hyphens are those that stand for a minus: before a digit, and behind nothing that a word, a
// number or a day could end with.
var hyphens = regexp.MustCompile(`(^|[\s(（\[：:，,；;、“"'])-(\d)`)

// minus writes the minus signs of a sentence as tables and pictures have them.
func minus(text string) string { return hyphens.ReplaceAllString(text, "${1}−${2}") }
