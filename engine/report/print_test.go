package report

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNumbers(t *testing.T) {
	en, zh := printer{currency: "USD"}, printer{zh: true, currency: "CNY"}
	for _, c := range []struct {
		v      float64
		en, zh string
	}{
		{0, "$0", "¥0"}, {0.05, "$0.05", "¥0.05"}, {12.345, "$12.3", "¥12.3"}, {999, "$999", "¥999"},
		{999.6, "$1K", "¥1,000"}, {1234, "$1.23K", "¥1,234"}, {9999, "$10K", "¥9,999"}, {12345, "$12.3K", "¥1.23万"},
		{1_234_567, "$1.23M", "¥123万"}, {999_999, "$1M", "¥100万"}, {123_456_789, "$123M", "¥1.23亿"},
		{-1_234_567, "−$1.23M", "−¥123万"}, {2.5e12, "$2.5T", "¥2.5万亿"}, {1e300, "$1e+300", "¥1e+300"},
		{math.NaN(), "–", "–"}, {math.Inf(1), "$+∞", "¥+∞"},
	} {
		if got := en.money(c.v); got != c.en {
			t.Errorf("%v: %s, want %s", c.v, got, c.en)
		}
		if got := zh.money(c.v); got != c.zh {
			t.Errorf("%v: %s, want %s", c.v, got, c.zh)
		}
	}
	if got := (printer{currency: "CHF"}).money(1500); got != "CHF\u00a01.5K" {
		t.Errorf("francs %s", got)
	}
	if got := (printer{}).money(1500); got != "1.5K" {
		t.Errorf("no currency %s", got)
	}
}

func TestPercent(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0%", 0.00001: "<0.01%", 0.00123: "0.12%", 0.05: "5%", 0.0512: "5.1%", 0.5: "50%", 0.125: "12%", 0.9949: "99.5%", 0.9999: ">99.9%",
		1: "100%", 1.5: "150%", -0.2: "−20%", 42: "4.2K%",
	} {
		if got := (printer{}).pct(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	if got := (printer{}).pct(math.NaN()); got != dash {
		t.Errorf("NaN: %s", got)
	}
}

func TestWords(t *testing.T) {
	en, zh := printer{}, printer{zh: true}
	for got, want := range map[string]string{
		en.customers(1): "1 customer", en.customers(1234): "1,234 customers", zh.customers(1): "1 位客户",
		en.n(-1234567): "−1,234,567", en.n(999): "999", en.n(math.MinInt64): "−9,223,372,036,854,775,808",
		en.change(110, 100): "up 10%", zh.change(90, 100): "下降 10%", en.change(100, 100): "unchanged", en.change(5, 0): "not comparable",
		en.period(dayOf("2024-04-01"), 3): "Q2 2024", zh.period(dayOf("2024-04-01"), 3): "2024年2季度", zh.period(dayOf("2024-04-01"), 1): "2024年4月",
		en.brief(dayOf("2024-04-01"), 3): "24Q2", en.period(dayOf("2024-01-01"), 12): "2024",
		en.date(dayOf("2024-03-31")): "31 March 2024", zh.date(dayOf("2024-03-31")): "2024年3月31日",
		en.logLikelihood(-95415.1194): "−95,415.119", en.logLikelihood(math.NaN()): dash,
		en.number(0.55340): "0.5534", en.number(1e-9): "1.000e−09", en.number(-12345.6): "−12345.60",
		en.nth(1): "1st", en.nth(6): "6th",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// An axis covers its values with round ticks that rise evenly.
func TestAxis(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		values := rapid.SliceOf(rapid.Float64Range(-1e12, 1e12)).Draw(r, "values")
		a := newAxis(values, 5, rapid.Bool().Draw(r, "whole"))
		if n := len(a.ticks); n < 2 || n > 9 {
			r.Fatalf("%d ticks", n)
		}
		if a.lo > 0 || a.hi < 0 {
			r.Fatalf("zero is outside [%v, %v]", a.lo, a.hi)
		}
		for _, v := range values {
			if slack := (a.hi - a.lo) * 1e-9; v < a.lo-slack || v > a.hi+slack {
				r.Fatalf("%v is outside [%v, %v]", v, a.lo, a.hi)
			}
		}
	})
	a := newAxis([]float64{465_000}, 5, false)
	if len(a.ticks) != 6 || a.hi != 500_000 {
		t.Errorf("%+v", a)
	}
	if whole := newAxis([]float64{2}, 5, true); len(whole.ticks) != 3 {
		t.Errorf("counts up to 2: %+v", whole)
	}
}

func TestClip(t *testing.T) {
	if got := clip("Cannot Lose Them", 12, 60); textWidth(got, 12) > 62 || got == "Cannot Lose Them" {
		t.Errorf("%q", got)
	}
	if got := clip("短", 12, 1000); got != "短" {
		t.Errorf("%q", got)
	}
}

// Amounts below any coin are not written out; those of an axis are.
func TestSmallMoney(t *testing.T) {
	p := printer{currency: "USD"}
	for v, want := range map[float64]string{0.00000654: "<$0.01", -0.004: ">−$0.01", 0.005: "$0.005", 0.012: "$0.012", 0: "$0"} {
		if got := p.money(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	for got, want := range map[string]string{
		p.scaleMoney(0.002): "$0.002", p.signedMoney(0.001): "<$0.01", p.signedMoney(3): "+$3", p.tickMoney(0.001): "+$0.001", (printer{}).money(1e-9): "<0.01",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Sentences of the engine have the minus sign of tables; days, ids, ranges and flags stay.
func TestMinus(t *testing.T) {
	for text, want := range map[string]string{
		"-2.33 to +13 (95%: -2.33 to -1)": "−2.33 to +13 (95%: −2.33 to −1)",
		"差异 -5（95%：-7 至 3）":               "差异 −5（95%：−7 至 3）",
		"2026-07-31, CMP-2026, 24-36, --limit 5, r-rfm-0.2, well-kept, as_of - 90 days, 1e-05": "2026-07-31, CMP-2026, 24-36, --limit 5, r-rfm-0.2, well-kept, as_of - 90 days, 1e-05",
	} {
		if got := minus(text); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	m, meta := shop(t, 30)
	meta = withHistory(meta)
	meta.Campaigns[0].Verdict.Text = Text{"No effect is shown: -1.50 points.", "未显示出效果：-1.50 个百分点。"}
	for _, lang := range []string{"en", "zh"} {
		page := written(t, build(t, m, meta), lang)
		if strings.Contains(page, "-1.50") || !strings.Contains(page, "−1.50") {
			t.Errorf("%s: the sentence of a campaign keeps a hyphen", lang)
		}
	}
}

// Cells of several numbers may be broken on a telephone, and no others.
func TestNumberClass(t *testing.T) {
	for cell, want := range map[string]string{"1.2 (−3 to 4)": "number span", "2026-07-01": "number", "CHF\u00a01.5K": "number"} {
		if got := numberClass(cell); got != want {
			t.Errorf("%s: %s", cell, got)
		}
	}
	m, meta := shop(t, 30)
	page := written(t, build(t, m, withHistory(meta)), "zh")
	_, phone, _ := strings.Cut(page, "@media (max-width:640px)")
	phone, _, _ = strings.Cut(phone, "@media print")
	if !strings.Contains(phone, "td.span{white-space:normal}") || !strings.Contains(page, `<td class="number span">`) || !strings.Contains(page, `<td class="number">`) {
		t.Error("intervals are kept on one line where the page is narrow")
	}
}
