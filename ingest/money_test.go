package ingest

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		in    string
		style decimalStyle
		want  string // units as decimal, or a reason
	}{
		{"12", stylePoint, "12.0000"},
		{"0", stylePoint, "0.0000"},
		{"-0.00", stylePoint, "0.0000"},
		{"11.77", stylePoint, "11.7700"},
		{"+3.5", stylePoint, "3.5000"},
		{"-74215", stylePoint, "-74215.0000"},
		{"1,234.50", stylePoint, "1234.5000"},
		{"¥1,234.50", stylePoint, "1234.5000"},
		{"￥1,234.50", stylePoint, "1234.5000"},
		{"￥１，２３４．５０", stylePoint, "1234.5000"},
		{"1.234,50", styleComma, "1234.5000"},
		{"1.234,50 €", styleComma, "1234.5000"},
		{"12,50", styleComma, "12.5000"},
		{"1 234,50", styleComma, "1234.5000"},
		{"1 234,50", styleComma, "1234.5000"}, // no-break blank
		{"1 234 567,5", styleComma, "1234567.5000"},
		{"1'234.50", stylePoint, "1234.5000"},
		{"1’234.50 CHF", stylePoint, "1234.5000"},
		{"1,00,000.00", stylePoint, "100000.0000"}, // India
		{"₹1,00,000", stylePoint, "100000.0000"},
		{"$12.00", stylePoint, "12.0000"},
		{"-$12.00", stylePoint, "-12.0000"},
		{"$-12.00", stylePoint, "-12.0000"},
		{"US$ 12", stylePoint, "12.0000"},
		{"HK$12", stylePoint, "12.0000"},
		{"CNY 12", stylePoint, "12.0000"},
		{"12 EUR", stylePoint, "12.0000"},
		{"12.50元", stylePoint, "12.5000"},
		{"人民币 12.5", stylePoint, "12.5000"},
		{"12.00-", stylePoint, "-12.0000"},
		{"(12.00)", stylePoint, "-12.0000"},
		{"（12.00）", stylePoint, "-12.0000"},
		{"($1,234.5)", stylePoint, "-1234.5000"},
		{"$(12)", stylePoint, "-12.0000"},
		{"−12", stylePoint, "-12.0000"}, // U+2212
		{".5", stylePoint, "0.5000"},
		{"5.", stylePoint, "5.0000"},
		{"1e+05", stylePoint, "100000.0000"}, // R writes 100000 like this
		{"1.5E-3", stylePoint, "0.0015"},
		{"7.105427357601e-15", stylePoint, "0.0000"}, // Python's idea of zero
		{"0.00005", stylePoint, "0.0001"},            // half away from zero
		{"-0.00005", stylePoint, "-0.0001"},
		{"0.000049999999", stylePoint, "0.0000"},
		{"2.67495", stylePoint, "2.6750"}, // a float64 would say 2.6749
		{"99999999999999.9999", stylePoint, "99999999999999.9999"},
		{"99999999999999.99995", stylePoint, reasonTooLarge},
		{"100000000000000", stylePoint, reasonTooLarge},
		{"1E+20", stylePoint, reasonTooLarge},
		{"12,50", stylePoint, reasonPoint},
		{"12.50", styleComma, reasonComma},
		{"oops", stylePoint, reasonNotNumber},
		{"", stylePoint, reasonNotNumber},
		{"1.2.3", stylePoint, reasonNotNumber},
		{"1,23,4", stylePoint, reasonNotNumber},
		{"1,,234", stylePoint, reasonNotNumber},
		{"12 34", stylePoint, reasonNotNumber},
		{"1234,567", stylePoint, reasonPoint},
		{"--5", stylePoint, reasonNotNumber},
		{"-5-", stylePoint, reasonNotNumber},
		{"(-5)", stylePoint, reasonNotNumber},
		{"(5", stylePoint, reasonNotNumber},
		{"5)", stylePoint, reasonNotNumber},
		{"12 apples", stylePoint, reasonNotNumber},
		{"499.00（系统计算中，该值仅供参考）", stylePoint, "499.0000"}, // JD's 商家应收
		{"50%", stylePoint, reasonPercent},
		{"12.5 ％", stylePoint, reasonPercent},
		{"3‰", stylePoint, reasonPercent},
		{"1.2万", stylePoint, "12000.0000"},
		{"¥1.2万元", stylePoint, "12000.0000"},
		{"3.5 亿", stylePoint, "350000000.0000"},
		{"0.00001万", stylePoint, "0.1000"},
		{"1万2", stylePoint, reasonNotNumber},
		{"12圆", stylePoint, "12.0000"},
		{"1,23,456.78", stylePoint, "123456.7800"}, // India
		{"1\u202f234.50", stylePoint, "1234.5000"}, // narrow no-break blank
		{"1\u00a0234,50\u00a0€", styleComma, "1234.5000"},
		{"１２．５０元", stylePoint, "12.5000"},
		{"１２．００－", stylePoint, "-12.0000"},
		{"(¥12.00)", stylePoint, "-12.0000"},
		{"1.2E+3", stylePoint, "1200.0000"},
		{"1.23456E+3", stylePoint, "1234.5600"},
		{"$12.00 CAD", stylePoint, "12.0000"}, // Shopify
		{"¥12 €", stylePoint, reasonNotNumber},
		{"12.50 各", stylePoint, reasonNotNumber},
	} {
		units, reason := parseMoney([]byte(c.in), c.style)
		got := reason
		if reason == "" {
			got = renderMoney(units)
		}
		if got != c.want {
			t.Errorf("%q with decimal sign %s is %s, want %s", c.in, c.style, got, c.want)
		}
	}
}

// Amounts written in any of the usual ways are read as they were.
func TestMoneyIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.Int64Range(-maxUnits, maxUnits).Draw(t, "units")
		if rapid.Bool().Draw(t, "small") {
			units %= 1_000_000_000
		}
		style := rapid.SampledFrom([]decimalStyle{stylePoint, styleComma}).Draw(t, "style")
		decimal, group := style.signs()
		plain := renderMoney(max(units, -units))
		whole, frac, _ := strings.Cut(plain, ".")
		switch rapid.SampledFrom([]string{"none", "sign", "blank", "apostrophe"}).Draw(t, "groups") {
		case "sign":
			whole = grouped(whole, string(group))
		case "blank":
			whole = grouped(whole, " ")
		case "apostrophe":
			whole = grouped(whole, "'")
		}
		text := whole + string(decimal) + frac
		if rapid.Bool().Draw(t, "short") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), string(decimal))
			if text == "" || strings.HasSuffix(text, " ") || text[len(text)-1]-'0' > 9 {
				text = whole
			}
			if frac == "0000" {
				text = whole
			}
		}
		before := rapid.SampledFrom([]string{"", "¥", "$", "CNY ", "€"}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", "元", " EUR"}).Draw(t, "after")
		if before != "" {
			after = ""
		}
		text = before + text + after
		if units < 0 {
			switch rapid.SampledFrom([]string{"before", "after", "brackets"}).Draw(t, "minus") {
			case "before":
				text = "-" + text
			case "after":
				text += "-"
			default:
				text = "(" + text + ")"
			}
		}
		if rapid.Bool().Draw(t, "wide") {
			text = widen(text)
		}
		if len(text) > 48*3 || len([]byte(text)) > 48 {
			return // longer than any amount; refused
		}
		got, reason := parseMoney([]byte(text), style)
		if reason != "" || got != units {
			t.Fatalf("%q is %s %s, want %s", text, renderMoney(got), reason, renderMoney(units))
		}
	})
}

func grouped(whole, sign string) string {
	var out []byte
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			out = append(out, sign...)
		}
		out = append(out, whole[i])
	}
	return string(out)
}

func widen(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' && r != '\'' && (r < 'A' || r > 'Z') {
			return r - '!' + '！'
		}
		return r
	}, s)
}

// Any number of decimals is rounded half away from zero; math/big knows how.
func TestMoneyRounding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,9}\.[0-9]{1,20}`).Draw(t, "text")
		units, reason := parseMoney([]byte(text), stylePoint)
		if reason != "" {
			t.Fatalf("%q: %s", text, reason)
		}
		exact, _ := new(big.Rat).SetString(text)
		want := exact.FloatString(4) // rounds half away from zero
		if got := renderMoney(units); got != want && want != "-"+got {
			t.Fatalf("%q is %s, want %s", text, got, want)
		}
	})
}

func TestDecimalEvidence(t *testing.T) {
	for _, c := range []struct {
		cells string
		want  string // point, comma, unclear
	}{
		{"1 2 300 11.77 12.5", "2 0 0 0"},
		{"12,50 3,99 1.234,50", "0 3 0 0"},
		{"1,234 2,500", "0 0 2 0"},
		{"1.234", "0 0 0 1"},
		{"0.125 0,125", "1 1 0 0"},
		{"1,234,567", "1 0 0 0"},
		{"1.234.567", "0 1 0 0"},
		{"1,234.50", "1 0 0 0"},
		{"1234.567", "1 0 0 0"},
		{"¥12.50 oops", "1 0 0 0"},
		{"１２，５０", "0 1 0 0"},
	} {
		var e decimalEvidence
		for _, cell := range strings.Fields(c.cells) {
			e.look([]byte(cell))
		}
		if got := fmt.Sprint(e.point, e.comma, e.unclear, e.unclearPoint); got != c.want {
			t.Errorf("%s: point, comma, unclear comma, unclear point are %s, want %s", c.cells, got, c.want)
		}
	}
}

// What stands beside an amount is a currency, a code before a sign.
func TestCurrencyOfAmount(t *testing.T) {
	for in, want := range map[string]string{
		"12": "", "¥12": "CNY", "￥１２": "CNY", "12元": "CNY", "12圆": "CNY", "RMB 12": "CNY", "人民币 12": "CNY", "1.2万元": "CNY", "$12": "USD", "-$12": "USD", "US$12": "USD",
		"$12 CAD": "CAD", "CAD $12": "CAD", "HK$12": "HKD", "12 EUR": "EUR", "12€": "EUR", "(£12)": "GBP", "₹12": "INR", "12 円": "JPY", "NTD 12": "TWD", "¥12元": "CNY",
	} {
		_, by, reason := parseAmount([]byte(in), stylePoint)
		if got := strings.Trim(by.String(), "\x00"); got != want || reason != "" {
			t.Errorf("%s is in %q %s, want %q", in, got, reason, want)
		}
	}
}

// Two currencies in one column are never taken for one.
func TestMixedCurrencies(t *testing.T) {
	header := "order_id|customer_id|date|amount|quantity"
	rows := func(amounts ...string) []string {
		out := []string{header}
		for i, a := range amounts {
			out = append(out, fmt.Sprintf("%d|7|2024-01-31|%s|%d PCS", i, a, i))
		}
		return out
	}
	bare := slices.Repeat([]string{"5.50"}, 30)
	for _, c := range []struct {
		name    string
		rows    []string
		size    int
		rejects string // values
		notes   string
		err     string
	}{
		{"one currency", rows("¥5.50", "5.50", "￥6", "7元"), 10, "", "amounts are written in CNY, and are taken for that", ""},
		{"a sign of several", rows("¥5.50", "5.50", "￥6"), 10, "", "", ""},
		{"most are in one", rows("$5.50", "¥1", "¥2", "3", "12 CNY"), 10, "$5.50", `column "amount": 1 amounts are not in CNY, as the others are; amounts are written in CNY, and are taken for that`, ""},
		{"most of the file are in one", rows("$5.50", "¥1", "$1", "¥2", "¥2", "3"), 2, "$5.50 $1", `column "amount": 2 amounts are not in CNY, as the others are`, ""},
		{"another one later", rows(append([]string{"¥5.50", "¥1"}, append(bare, "$1", "€1", "¥1")...)...), 2, "$1 €1", "", ""},
		{"two after numbers without", rows(append(bare, "$1", "€1", "€1", "¥1")...), 2, "", "",
			`column "amount": amounts in USD (line 32) and in EUR (line 33), and there is no column of currencies: map one, or load them as files of their own`},
		{"one after numbers without", rows(append(bare, "$1", "$2")...), 2, "", "", ""},
		{"a column of currencies", []string{header + "|currency", "1|7|2024-01-31|$5.50|1|USD", "2|7|2024-01-31|¥5.50|1|CNY"}, 10, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, open := sheet(t, c.size, c.rows...)
			f, err := Open(context.Background(), path, options("orders"), open)
			if err != nil {
				t.Fatal(err)
			}
			var rejected []string
			err = f.Load(context.Background(), func(chunk *Chunk) error {
				for _, r := range chunk.Rejects {
					if r.Column != "amount" || r.Reason != reasonOther {
						t.Errorf("rejected: %+v", r)
					}
					rejected = append(rejected, r.Value)
				}
				return nil
			})
			if c.err != "" {
				if err == nil || err.Error() != path+": "+c.err {
					t.Fatalf("%v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(rejected, " "); got != c.rejects {
				t.Errorf("rejected %s, want %s", got, c.rejects)
			}
			var notes []string
			for _, n := range f.Notes {
				if strings.Contains(n, "amounts are") {
					notes = append(notes, n)
				}
			}
			if got := strings.Join(notes, "; "); got != c.notes {
				t.Errorf("notes %q, want %q", got, c.notes)
			}
		})
	}
}

// Amounts written with their currency are of that currency as if a column said so,
// and what a sign leaves open the reporting currency settles, if it can.
func TestWrittenCurrency(t *testing.T) {
	header := "order_id|customer_id|date|amount"
	rows := func(amounts ...string) []string {
		out := []string{header}
		for i, a := range amounts {
			out = append(out, fmt.Sprintf("%d|7|2024-01-31|%s", i, a))
		}
		return out
	}
	rates, err := readRates(t, "date,from,to,rate\n2024-01-01,USD,CNY,7\n2024-01-01,JPY,CNY,0.05\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, reporting string
		rows            []string
		main, want      string // currency of the file; currency and rate of its rows
		missing, err    string
	}{
		{"a code", "CNY", rows("12.00 USD", "13"), "USD", "USD 7, USD 7", "", ""},
		{"a code of its own", "USD", rows("12.00 USD"), "USD", "USD ", "", ""},
		{"no reporting currency yet", "", rows("€12"), "EUR", "EUR ", "", ""},
		{"a dollar is a dollar", "CAD", rows("$12", "$13"), "", "-", "", ""},
		{"and no yuan", "CNY", rows("$12", "$13"), "", "USD 7, USD 7", "", ""},
		{"yuan or yen", "JPY", rows("¥12"), "", "-", "", ""},
		{"a dollar that nothing settles", "", rows("$12"), "", "-", "", ""},
		{"no rate", "CNY", rows("12 EUR"), "EUR", "EUR", "no rate from EUR to CNY", ""},
		{"a column says so", "CNY", []string{header + "|currency", "1|7|2024-01-31|$12|JPY"}, "JPY", "JPY 0.05", "", ""},
		{"found too late", "CNY", rows(append(slices.Repeat([]string{"5.50"}, 10), "12 USD")...), "", "", "", `column "amount": amounts in USD (line 12), and the others are taken for CNY, and there is no column of currencies`},
		{"late, and the same", "CNY", rows(append(slices.Repeat([]string{"5.50"}, 10), "12 CNY")...), "", "-", "", ""},
	} {
		opt := options("orders")
		fold := &Fold{}
		opt.Fold = fold
		path, open := sheet(t, 3, c.rows...)
		f, err := Open(context.Background(), path, opt, open)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.MainCurrency(); got != c.main {
			t.Errorf("%s: the file is in %q, want %q", c.name, got, c.main)
		}
		fold.Currency, fold.Rates = c.reporting, rates
		if c.reporting == "" {
			fold.Currency = c.main
		}
		f.Use(fold)
		var got []string
		currency := "-" // stands once, with the first row
		err = f.Load(context.Background(), func(chunk *Chunk) error {
			rate := chunk.Table.Lookup("rate")
			if t := chunk.Terms; t != nil && t.Rows() > 0 && !t.Column("currency").Missing(0) {
				currency = string(t.Column("currency").Texts.At(0))
			}
			for r := range chunk.Table.Rows() {
				said := currency
				if rate != nil {
					said += " "
					if !rate.Missing(r) {
						said += string(rate.Texts.At(r))
					}
				}
				got = append(got, said)
			}
			return nil
		})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(slices.Compact(got), ", "); all != strings.Join(slices.Compact(strings.Split(c.want, ", ")), ", ") && c.missing == "" {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if reason := fold.MissingRates(); !strings.HasPrefix(reason, c.missing) || c.missing == "" && reason != "" {
			t.Errorf("%s: %s", c.name, reason)
		}
	}
}

func TestMoneyAllocatesNothing(t *testing.T) {
	for _, s := range []string{"12.50", "¥1,234.50", "US$ 12", "HK$12", "人民币 12.5", "12.50 CAD", "1.2万元", "(12.00)", "12 zł", "１２．５０"} {
		cell := []byte(s)
		if n := testing.AllocsPerRun(100, func() { parseMoney(cell, stylePoint) }); n != 0 {
			t.Errorf("%s allocates %g times", s, n)
		}
	}
}

func FuzzMoney(f *testing.F) {
	for _, s := range []string{"12", "¥1,234.50", "1.234,50", "(12.00)", "12.50元", "1E+3", "-", "１２"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, style := range []decimalStyle{stylePoint, styleComma} {
			units, reason := parseMoney([]byte(s), style)
			if reason != "" {
				continue
			}
			if units > maxUnits || units < -maxUnits {
				t.Fatalf("%q is %d units", s, units)
			}
			again, reason := parseMoney([]byte(renderMoney(units)), stylePoint)
			if reason != "" || again != units {
				t.Fatalf("%q is %d, rendered and read again %d %s", s, units, again, reason)
			}
		}
		new(decimalEvidence).look([]byte(s))
	})
}

// What stands beside an amount and says nothing of how much it is is left out, in any
// column of amounts, and said; what may change the amount is a reject.
func TestAmountsWithWords(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"499.00（系统计算中，该值仅供参考）", "499.0000"}, {"￥1,234.50元", "1234.5000"}, {"CNY 12.00", "12.0000"}, {"12.00 CNY", "12.0000"},
		{"12.00 (estimated)", "12.0000"}, {"-12.00元（含税）", "-12.0000"}, {"12元整", "12.0000"}, {"实付：12.00元", "12.0000"}, {"共12.00元", "12.0000"},
		{"合计: ¥1,200", "1200.0000"}, {"Total: CNY 12.00", "12.0000"}, {"（12.00）【冲销】", "-12.0000"}, {"12.00 [net]", "12.0000"},
		{"1.2万（约）", "12000.0000"},
		{"待定", ""}, {"面议（待定）", ""}, {"12.00（含运费5.00）", ""}, {"12.00（2件）", ""}, {"12.00（二件）", "12.0000"}, {"12.00/件", ""}, {"12-15", ""}, {"12.00起", ""},
		{"≈12", ""}, {"退款：12.00", ""}, {"未付 12.00", ""}, {"12.00()", ""}, {"12.00 元 13.00 元（约）", ""}, {"共", ""}, {"（约）", ""}, {"12%（约）", ""},
	} {
		got := load(t, options("orders"), 2, "order_id|customer_id|date|amount", "1|a|2024-01-31|5", "2|a|2024-01-31|"+c.in)
		text, reason := "", ""
		if len(got.rows) == 2 {
			text = got.rows[1]["net"]
		} else if reason = got.rejects[0].Reason; reason != reasonNotNumber && reason != reasonPercent {
			t.Errorf("%s: %s", c.in, reason)
		}
		if text != c.want {
			t.Errorf("%s is read as %q, want %q", c.in, text, c.want)
		}
	}
	got := load(t, options("orders"), 2, "order_id|customer_id|date|amount", "1|a|2024-01-31|5.00（约）", "2|a|2024-01-31|6,5（约）", "3|a|2024-01-31|7.10（约）", "4|a|2024-01-31|8")
	hasNote(t, got, `column "amount": amounts with words beside them, which are left out: 2, first in line 2: 5.00（约）`)
	// The decimal sign and the currency are found out from them as well.
	got = load(t, options("orders"), 2, "order_id|customer_id|date|amount", "1|a|2024-01-31|1.234,50 €（约）", "2|a|2024-01-31|6,50 €（该值仅供参考该值仅供参考该值仅供参考）", "3|a|2024-01-31|$7（约）")
	if len(got.rows) != 2 || got.rows[0]["net"] != "1234.5000" || got.rows[1]["net"] != "6.5000" || got.rejects[0].Reason != reasonOther {
		t.Errorf("rows %v, rejects %v", got.rows, got.rejects)
	}
}
