package segment

import (
	"database/sql"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shop is a catalogue like that of a run, with little of everything.
func shop() Catalogue {
	return Catalogue{
		Columns: []ColumnInfo{
			{Name: "customer_id", Kind: Text}, {Name: "first_order_on", Kind: Date}, {Name: "last_order_on", Kind: Date},
			{Name: "orders", Kind: Number, Zero: true}, {Name: "recency_days", Kind: Number, Unit: "days"},
			{Name: "net_revenue", Kind: Number, Unit: "money"}, {Name: "clv", Kind: Number, Unit: "money"},
			{Name: "churn_risk", Kind: Number, Unit: "probability"}, {Name: "rfm_segment", Kind: Text}, {Name: "churn_band", Kind: Text},
			{Name: "lifecycle_stage", Kind: Text}, {Name: "next_order_on", Kind: Date},
			{Name: "birth_date", Kind: Date, Table: Customers}, {Name: "city", Kind: Text, Table: Customers},
			{Name: "acquired_on", Kind: Date, Table: Customers}, {Name: "acquired_channel", Kind: Text, Table: Customers},
			{Name: "email_consent", Kind: Truth, Table: Customers},
		},
		Segments: []Named{
			{Scheme: "rfm grid125", Name: "At Risk", Column: "rfm_segment", Also: []string{"需挽回客户"}}, {Scheme: "rfm grid125", Name: "Lost", Column: "rfm_segment"},
			{Scheme: "lifecycle", Name: "lost", Column: "lifecycle_stage"}, {Scheme: "lifecycle", Name: "active", Column: "lifecycle_stage"},
			{Scheme: "churn band", Name: "high", Column: "churn_band"}, {Scheme: "own", Name: "老客户"},
		},
		Attributes: []string{"level", "VIP 等级"},
		Open:       []Named{{Scheme: "cluster", Column: "cluster"}},
	}
}

// Whatever way a rule is written, it prints in one form, which is its own.
func TestCanonicalForm(t *testing.T) {
	for text, want := range map[string]string{
		`clv>500`:                             "clv > 500",
		`CLV > 500 AND NOT churn_risk >= 50%`: "clv > 500 and not churn_risk >= 0.5",
		"clv ＞ 5万\n  and （orders ≥ 2 or orders <> 7）":        "clv > 50000 and (orders >= 2 or orders != 7)",
		`(clv > 1 and (orders = 2)) and clv != -3`:           "clv > 1 and orders = 2 and clv != -3",
		`(clv > 1 or orders = 2) or clv < 3 and orders == 4`: "clv > 1 or orders = 2 or (clv < 3 and orders = 4)",
		`not not (clv > 1 and orders = 2)`:                   "not not (clv > 1 and orders = 2)",
		`city in (‘杭州’，“上海”、「北京」)`:                           "city in ('杭州', '上海', '北京')",
		`city = "O'Brien"`:                                     "city = 'O''Brien'",
		`city = 'O''Brien' or city = ‘O'Brien’`:                "city = 'O''Brien' or city = 'O''Brien'",
		`city = ‘杭州'`:                                          "city = '杭州'",
		`city = ‘杭州' and city != ‘上海'`:                         "city = '杭州' and city != '上海'",
		`city not like 'H?ng*'`:                                "city not like 'H?ng*'",
		`city is not known or clv is not missing`:              "city is missing or clv is known",
		`clv between 1 and 2k and clv not between 3 and 4`:     "clv between 1 and 2000 and clv not between 3 and 4",
		`last_order_on < as_of - 3 months`:                     "last_order_on < as_of - 3 months",
		`next_order_on <= as_of + 2 weeks`:                     "next_order_on <= as_of + 2 weeks",
		`last_order_on = as_of or last_order_on >= ２０２６-０１-３１`: "last_order_on = as_of or last_order_on >= 2026-01-31",
		`recency_days > 90天`:                                   "recency_days > 90 days",
		`orders in 180 days >= 2`:                              "orders in 180 days >= 2",
		`orders in (1, 2)`:                                     "orders in (1, 2)",
		`order within the last 6 months`:                       "orders in 6 months",
		`orders = 0`:                                           "orders = 0",
		`no orders in 90 days`:                                 "orders in 90 days = 0",
		`spend in 365 days on category "茶叶" > 500`:             "spend on category '茶叶' in 365 days > 500",
		`spend on category in ('茶叶', '茶具') since 2026-01-01 between 1 and 2`:                    "spend on category in ('茶叶', '茶具') since 2026-01-01 between 1 and 2",
		`orders of channel = 'web' with coupon like 'x*' from 2025-11-01 to as_of - 1 day >= 1`: "orders with channel 'web' with coupon like 'x*' from 2025-11-01 to as_of - 1 days >= 1",
		`bought product 'SKU' in 90 days`:                                                       "bought product 'SKU' in 90 days",
		`refunds in 365 days`:                                                                   "refunds in 365 days",
		`refunded > 100`:                                                                        "refunded > 100",
		`opened campaign 'spring'`:                                                              "opened campaign 'spring'",
		`clicked campaign like 'spring*' in 30 d`:                                               "clicked campaign like 'spring*' in 30 days",
		`received in 7 days > 2 or not sent`:                                                    "received in 7 days > 2 or not sent",
		`no interaction of kind 'complaint' in 30 days`:                                         "interactions of kind 'complaint' in 30 days = 0",
		`interactions of kind 'call' in 30 days >= 2`:                                           "interactions of kind 'call' in 30 days >= 2",
		`satisfaction in 90 days < 3`:                                                           "satisfaction in 90 days < 3",
		`nps is missing`:                                                                        "nps is missing",
		`birthday in the next 2 weeks`:                                                          "birthday in 14 days",
		`first order within 30 days`:                                                            "first_order_on > as_of - 30 days",
		`last order from 2025-11-01 to 2025-11-11`:                                              "last_order_on between 2025-11-01 and 2025-11-11",
		`first order since 2026-01-01`:                                                          "first_order_on >= 2026-01-01",
		`tag 'VIP' or tag = 'x' or tag in ('a','b') or tag like 'V*' or tag is missing`:         "tag 'VIP' or tag 'x' or tag in ('a', 'b') or tag like 'V*' or tag is missing",
		`attribute.level = 'gold' and attribute.'VIP 等级' > 3 and attribute "level" is known`:    "attribute.level = 'gold' and attribute.'VIP 等级' > 3 and attribute.level is known",
		`attribute.a.b = 'x'`:                                                                   "attribute.'a.b' = 'x'",
		`segment 'At Risk' and segment in ('a', 'b') of lifecycle and segment 'high' of churn band`: "segment 'At Risk' and segment in ('a', 'b') of 'lifecycle' and segment 'high' of 'churn band'",
		`email_consent and email_consent = yes`:                                                     "email_consent and email_consent = true",
		`clv > 1e3 or clv > 1e300`:                                                                  "clv > 1000 or clv > 1e+300",
	} {
		r, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if r.String() != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, r, want)
		}
		again, err := Parse(want)
		if err != nil || again.String() != want {
			t.Errorf("%s: printed again as %v, %v", want, again, err)
		}
	}
}

// A mistake is told at its place, in words that say what to do.
func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		``:                                     "character 1: the rule is empty: a rule is such as clv > 500",
		`clv >`:                                "character 6: expected a number, a text in quotes, a date or as_of, found the end",
		`clv > > 5`:                            `character 7: expected a number, a text in quotes, a date or as_of, found ">"`,
		`clv 5`:                                `character 5: expected a comparison, such as = 'a', > 5, in (...), like '*a*' or is missing, found "5"`,
		`orders > 2 in 90 days`:                `character 12: expected and, or or the end, found "in": days and filters stand before the comparison, as in orders in 90 days > 2`,
		`5 < clv`:                              `character 1: expected a condition, such as clv > 500, found "5": what is compared stands first`,
		`clv > 5 city = 'x'`:                   `character 9: expected and, or or the end, found "city"`,
		`clv > 1,000`:                          `character 8: expected and, or or the end, found ",": numbers have no thousands separators`,
		`(clv > 5`:                             "character 9: expected and, or or ), found the end",
		`clv > 5 && orders > 1`:                `character 9: '&' has no meaning here: write and`,
		`clv > 5; drop`:                        `character 8: ';' has no meaning here: conditions are joined by and, or`,
		`城市 = '杭州`:                             "character 6: the text that begins here does not end: its closing quote is missing",
		`clv > $5`:                             "character 7: '$' has no meaning here: amounts are in the reporting currency, write the number alone",
		`last_order_on < 2026/1/5`:             `character 17: "2026/1/5": dates are written 2026-01-31`,
		`last_order_on < 2026-02-30`:           `character 17: "2026-02-30": there is no such day`,
		`orders in 90 >= 2`:                    `character 14: expected days, weeks, months or years, found ">="`,
		`orders in 1.5 days`:                   "character 11: 1.5: expected a whole number of at least 1",
		`orders in 0 days`:                     "character 11: 0: expected a whole number of at least 1",
		`orders in 1000 years`:                 "character 11: 1000 years: longer than 100 years",
		`orders in 5 days in 6 days`:           "character 18: the days are named twice",
		`orders from 2026-02-01 to 2026-01-01`: "character 27: the days end, on 2026-01-01, before they begin, on 2026-02-01",
		`spend in 90 days`:                     "character 17: expected a comparison, such as > 500, found the end",
		`spend on '茶叶' > 5`:                    "character 10: expected category, product, brand, channel, shop, coupon after on, found '茶叶'",
		`refunds of kind 'x'`:                  `character 9: refunds cannot be narrowed down by "of"`,
		`bought product in 90 days`:            `character 16: expected the name of the product in quotes, found "in"`,
		`no churn_risk`:                        `character 4: expected orders, refunds, interactions or responses after no, found "churn_risk"`,
		`city in 'x'`:                          "character 9: expected a list, such as ('a', 'b'), found 'x'",
		`city like x`:                          `character 11: expected a text in quotes, such as 'tea*', found "x"`,
		`city in ('a' 'b')`:                    "character 14: expected , or ), found 'b'",
		`clv is 5`:                             `character 8: expected missing or known, found "5": equal is written =`,
		`tag != 'VIP'`:                         "character 5: a customer has many tags: write not tag 'VIP'",
		`birthday in 2 months`:                 "character 13: birthdays are looked for in days or weeks",
		`segment like 'A*'`:                    "character 9: segments are named, not matched: segment 'a' or segment in ('a', 'b')",
		`scores.clv > 5`:                       `character 1: "scores": only attributes have a dot, such as attribute.level`,
		"clv > \x00":                           "character 7: the control character U+0000",
		"clv > \xff":                           "character 7: not UTF-8 text",

		// names and types
		`clw > 5`:                           "character 1: no column 'clw': did you mean clv?",
		`revenue > 5`:                       "character 1: no column 'revenue': did you mean net_revenue?",
		`qqqqq > 5`:                         "character 1: no column 'qqqqq': clientele segment rules lists all names",
		`orders_90 > 5`:                     "character 1: no column orders_90: write orders in 90 days",
		`clv > 5 and last_order_on > today`: "character 29: today: a rule knows no clock, but as_of, the last day whose facts count",
		`clv = 'x'`:                         "character 7: clv is a number, 'x' is text",
		`clv = '5'`:                         "character 7: clv is a number: write 5 without quotes",
		`clv > 2026-01-01`:                  "character 7: clv is a number, 2026-01-01 is a date",
		`city = 5`:                          "character 8: city is text: write '5' in quotes",
		`city = hangzhou`:                   "character 8: hangzhou: a text stands in quotes, such as 'hangzhou'",
		`city > 'a'`:                        "character 1: city is text, and > compares numbers and dates: use city = 'a', in ('a', 'b') or like 'a*'",
		`clv like 'a'`:                      "character 1: clv is a number, and like is for text: use clv > 10",
		`clv`:                               "character 1: clv is a number: compare it, such as clv > 10",
		`last_order_on > 90 days`:           "character 17: last_order_on is a date: the day so long ago is as_of - 90 days",
		`last_order_on > 'soon'`:            "character 17: last_order_on is a date, 'soon' is text: dates are written 2026-01-31, or as_of - 90 days",
		`recency_days > 3 months`:           "character 16: recency_days is a number of days: months have no fixed number of them, write days or weeks",
		`clv > 3 days`:                      "character 7: clv is no length of time: write a number",
		`churn_risk > 50`:                   "character 14: churn_risk is a probability, between 0 and 1 or 0% and 100%",
		`clv between 5 and 1`:               "character 13: nothing is between 5 and 1: the smaller one stands first",
		`email_consent = 'x'`:               "character 17: email_consent is yes or no, 'x' is text",
		`clv > city`:                        "character 7: clv is a number, city is text",
		`acquired_on < first_order_on`:      "character 15: acquired_on and first_order_on stand in different tables: a column of scores is compared with one of scores, one of customers with one of customers",
		`orders in 90 days > clv`:           "character 21: orders is compared with numbers, texts and dates, with no column",
		`orders in 90 days is missing`:      "character 1: orders is never missing: it is 0 where there is nothing",
		`orders in 90 days > 'x'`:           "character 21: orders is a number, 'x' is text",
		`attribute.levl = 'x'`:              "character 1: no customer has an attribute 'levl': did you mean attribute.level?",
		`segment 'At Rsk'`:                  "character 1: no segment 'At Rsk': did you mean 'At Risk'?",
		`segment 'LOST'`:                    "character 1: 'LOST' is in several schemes: write segment 'Lost' of 'rfm grid125' or segment 'lost' of 'lifecycle'",
		`segment 'x' of nothing`:            "character 1: no scheme 'nothing': there are rfm grid125, lifecycle, churn band, own, cluster",
	} {
		r, err := Parse(text)
		if err == nil {
			err = r.Check(shop())
		}
		var mistake *Error
		if !errors.As(err, &mistake) || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", text, err, want)
			continue
		}
		told(t, text, err)
	}
}

// Mistakes in Chinese are whole sentences of Chinese, with the words of the language as they are typed.
func TestMistakesInChinese(t *testing.T) {
	for text, want := range map[string]string{
		``:                        "第 1 个字符：规则为空：规则例如 clv > 500",
		`clv >`:                   "第 6 个字符：此处应为数字、加引号的文字、日期或 as_of，却是规则的结尾",
		`orders > 2 in 90 days`:   `第 12 个字符：此处应为 and、or 或结尾，却是 "in"：天数和筛选写在比较之前，例如 orders in 90 days > 2`,
		`churn_rsk > 50%`:         "第 1 个字符：没有 'churn_rsk' 这一列：是否指 churn_risk？",
		`clv > 100 && orders`:     "第 11 个字符：'&' 在此处没有意义：请写 and",
		`clv > '5'`:               "第 7 个字符：clv 是数字：5 不要加引号",
		`city > '杭州'`:             "第 1 个字符：city 是文字，而 > 用于数字和日期：请用 city = 'a'、in ('a', 'b') 或 like 'a*'",
		`recency_days > 2 months`: "第 16 个字符：recency_days 是天数：“个月”的天数不固定，请用天（days）或周（weeks）",
		`spend on category > 5`:   `第 19 个字符：此处应为加引号的品类名称，却是 ">"`,
		`segment 'LOST'`:          "第 1 个字符：'LOST' 在多个方案中都有：请写 segment 'Lost' of 'rfm grid125' 或 segment 'lost' of 'lifecycle'",
		`segment 'x' of nothing`:  "第 1 个字符：没有方案 'nothing'：现有 rfm grid125, lifecycle, churn band, own, cluster",
	} {
		r, err := Parse(text)
		if err == nil {
			err = r.Check(shop())
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%s: %v", text, err)
		}
		if got := e.In("zh"); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// A hint names what there is in both languages.
func TestHint(t *testing.T) {
	values := []string{"龙井", "碧螺春", "毛峰"}
	for _, c := range []struct {
		asked  Asked
		values []string
		en, zh string
	}{
		{Asked{Name: "product", Text: "龙井茶"}, values, "no product is '龙井茶': did you mean '龙井'?", "没有商品为 '龙井茶'：是否指 '龙井'？"},
		{Asked{Name: "city", Text: "x"}, values, "no city is 'x': there are '龙井', '碧螺春'", "没有 city 为 'x'：现有 '龙井'、'碧螺春'"},
		{Asked{Name: "tag", Text: "x"}, nil, "no tag is 'x': there is none at all", "没有标签为 'x'：完全没有这类数据"},
	} {
		if en, zh := c.asked.Hint(c.values, 2); en != c.en || zh != c.zh {
			t.Errorf("%s\n%s\nwant\n%s\n%s", en, zh, c.en, c.zh)
		}
	}
}

func TestCaret(t *testing.T) {
	for text, want := range map[string]string{
		"clv > > 5":                                    "clv > > 5\n      ^",
		"city = '杭州' and clv\n> '5'":                   "city = '杭州' and clv > '5'\n                        ^",
		strings.Repeat("clv > 5 and ", 20) + "clw > 5": strings.Repeat("clv > 5 and ", 5) + "clw > 5\n" + strings.Repeat(" ", 60) + "^",
	} {
		r, err := Parse(text)
		if err == nil {
			err = r.Check(shop())
		}
		var mistake *Error
		if !errors.As(err, &mistake) || mistake.Caret() != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", text, err, mistake.Caret(), want)
		}
	}
}

// Nothing makes a rule of any size be worked on.
func TestLimits(t *testing.T) {
	for name, text := range map[string]string{
		"bytes":       strings.Repeat(" ", 70_000) + "clv > 5",
		"parentheses": strings.Repeat("(", 30_000),
		"nots":        strings.Repeat("not ", 10_000) + "clv > 5",
		"conditions":  strings.Repeat("clv > 5 or ", 5_000) + "clv > 5",
		"values":      "clv in (" + strings.Repeat("5,", 10_000) + "5)",
		"digits":      "clv > " + strings.Repeat("5", 60_000),
		"quotes":      strings.Repeat("‘", 20_000),
		"filters":     "orders" + strings.Repeat(" on category 'x'", 2_000),
		"dashes":      strings.Repeat("1-", 30_000),
	} {
		if r, err := Parse(text); err == nil {
			t.Errorf("%s: no error, %.60s", name, r)
		}
	}
	deep := strings.Repeat("not (", 50) + "clv > 5" + strings.Repeat(")", 50)
	if _, err := Parse(deep); err != nil {
		t.Errorf("%d deep: %v", maxDepth, err)
	}
	wide := strings.Repeat("clv > 5 or ", maxConditions-1) + "clv > 5"
	if _, err := Parse(wide); err != nil {
		t.Errorf("%d conditions: %v", maxConditions, err)
	}
}

func compiled(t testing.TB, text string, asOf string) Compiled {
	t.Helper()
	r, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	day, _ := parseDay(asOf)
	c, err := r.Compile(shop(), day)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

func values(c Compiled) []any {
	var out []any
	for _, a := range c.Args {
		out = append(out, a.(sql.NamedArg).Value)
	}
	return out
}

// What is asked of the same facts or of customers is asked once, whatever joins it.
func TestOneSetEach(t *testing.T) {
	for text, want := range map[string]int{
		`clv > 5 and not orders = 2`:                                                        0,
		`orders in 90 days >= 2 and orders in 90 days < 5`:                                  1,
		`not (orders in 90 days >= 2 or (orders in 90 days = 0 and clv > 5))`:               2,
		`city = 'a' and clv > 5 and email_consent and not (birthday in 7 days or age > 30)`: 1,
		`orders in 90 days >= 2 and orders in 91 days < 5`:                                  2,
		`segment '老客户' and segment 'At Risk'`:                                               1,
	} {
		c := compiled(t, text, "2026-05-31")
		if got := strings.Count(c.SQL, "c.customer_id"); got != want {
			t.Errorf("%s: %d sets, want %d: %s", text, got, want, c.SQL)
		}
	}
}

// The days of a window are worked out here, by hand for every row.
func TestDaysOfWindows(t *testing.T) {
	for text, want := range map[string][2]string{
		`orders in 90 days`:                         {"2026-03-03", "2026-05-31"},
		`orders in 1 day`:                           {"2026-05-31", "2026-05-31"},
		`orders in 2 weeks`:                         {"2026-05-18", "2026-05-31"},
		`orders in 3 months`:                        {"2026-03-01", "2026-05-31"}, // three months before is 28 February
		`orders in 1 year`:                          {"2025-06-01", "2026-05-31"},
		`orders since 2026-01-01`:                   {"2026-01-01", "2026-05-31"},
		`orders from 2025-11-01 to 2025-11-11`:      {"2025-11-01", "2025-11-11"},
		`orders from as_of - 10 days to 2027-01-01`: {"2026-05-21", "2026-05-31"}, // what comes after the day is not known
	} {
		var days []int
		for _, v := range values(compiled(t, text, "2026-05-31")) {
			if d, ok := v.(int32); ok {
				days = append(days, int(d))
			}
		}
		low, _ := parseDay(want[0])
		high, _ := parseDay(want[1])
		if low == high {
			high = low
			days = append(days, days...)
		}
		if !slices.Equal(days[:2], []int{low, high}) {
			t.Errorf("%s: %v, want %v", text, days, want)
		}
	}
}

// words are all that a compiled rule is made of, beside parameters, numbers of the
// program and quoted names of the catalogue.
var words = regexp.MustCompile(`^(?:\$p\d+|"[a-z_]+"|[a-z]+\.[a-z_]+|[a-z]+\.|[0-9]+|'[a-z]*'|'NaN'|'\\'|[a-z_]+|[(),=<>*+/-]|<>|<=|>=|` +
	`SELECT|FROM|WHERE|AND|OR|NOT|IN|IS|TRUE|NULL|AS|INNER|JOIN|ON|GROUP|BY|BETWEEN|LIKE|ESCAPE|CAST|TRY_CAST|DOUBLE|DATE|DECIMAL|COALESCE|DISTINCT|CASE|WHEN|THEN|ELSE|END)$`)

var cut = regexp.MustCompile(`'[^']*'|"[^"]*"|\$p\d+|[A-Za-z_][A-Za-z_0-9.]*|[0-9]+|<>|<=|>=|\S`)

// foreign are the words of a compiled rule that are neither ours nor the catalogue's,
// and the tables that it does not say it reads.
func foreign(c Compiled) []string {
	var out []string
	before := ""
	for _, w := range cut.FindAllString(c.SQL, -1) {
		switch {
		case !words.MatchString(w):
			out = append(out, w)
		case (before == "FROM" || before == "JOIN") && w != "(" && !slices.Contains(c.Reads, w):
			out = append(out, "table "+w)
		}
		before = w
	}
	for _, table := range c.Reads {
		if !slices.Contains([]string{
			"scores", "identities", "bounds", "kept_orders", "kept_refunds", "products", "campaigns", CustomersTable, MembersTable,
			"facts.order_lines", "facts.placed_orders", "facts.interactions", "facts.responses",
		}, table) {
			out = append(out, "table "+table)
		}
	}
	return out
}

// What was typed is bound, whatever it looks like.
func TestNothingTypedReachesSQL(t *testing.T) {
	const evil = `x'' OR 1=1; DROP TABLE orders --`
	for _, text := range []string{
		`city = '` + evil + `'`, `city like '` + evil + `'`, `city in ('` + evil + `', 'b')`, `tag '` + evil + `'`, `tag like '` + evil + `'`,
		`opened campaign '` + evil + `'`, `bought product like '` + evil + `' in 90 days`, `interactions of kind '` + evil + `' > 2`,
		`segment '老客户'`,
	} {
		c := compiled(t, text, "2026-05-31")
		if strings.Contains(c.SQL, "DROP") || strings.Contains(c.SQL, "1=1") || len(foreign(c)) > 0 {
			t.Errorf("%s: %v in %s", text, foreign(c), c.SQL)
		}
	}
	cat := shop()
	cat.Attributes = nil
	r, err := Parse(`attribute."a'b""c" = 'x' and segment 'y"; DROP' of cluster`)
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.Compile(cat, 0)
	if err != nil || len(foreign(c)) > 0 || strings.Contains(c.SQL, "DROP") {
		t.Errorf("%v, %v in %s", err, foreign(c), c.SQL)
	}
}

// The texts of a rule are known with what they are looked for in; patterns, numbers
// and names of segments are not.
func TestAsked(t *testing.T) {
	r, err := Parse(`city in ('a', 'b') and not (rfm_segment = 'x' or clv > 5 or city like 'c*') and spend on category 'd' on brand like 'e*' > 5
		and (tag 'f' or attribute.level != 'g' or opened campaign 'h') and segment 'At Risk' and segment 'i' of cluster and orders with shop 'j' > 1 and last_order_on > '2026-01-01'`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range r.Asked(shop()) {
		got = append(got, a.Name+" "+a.Text)
		if (a.Table == Customers) != strings.Contains(a.Values, CustomersTable) {
			t.Errorf("%s: table %v, values %s", a.Name, a.Table, a.Values)
		}
	}
	want := []string{"city a", "city b", "rfm_segment x", "category d", "tag f", "attribute level g", "campaign h", "cluster i", "shop j"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNearest(t *testing.T) {
	for text, want := range map[string][]string{
		"churn":      {"churn_risk", "churn_band"},
		"recensy":    {"recency"},
		"杭州":         {"杭州市"},
		"龙井":         {"西湖龙井"},
		"churn_rsik": {"churn_risk"},
		"x":          nil,
	} {
		if got := nearest(text, []string{"recency", "churn_risk", "churn_band", "杭州市", "西湖龙井", "y1"}); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
