package segment

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// quantity is what a test looks at, as SQL.
type quantity struct {
	name      string
	sql       string
	kind      Kind
	unit      string
	table     Table
	column    bool // it may be compared with other columns
	attribute bool
}

// is says of what kind the quantity is.
func (q quantity) is() phrase {
	switch q.kind {
	case Number:
		return phrase{q.name + " is a number", q.name + " 是数字"}
	case Date:
		return phrase{q.name + " is a date", q.name + " 是日期"}
	case Truth:
		return phrase{q.name + " is yes or no", q.name + " 是“是否”类"}
	}
	return phrase{q.name + " is text", q.name + " 是文字"}
}

// compare is a test of a quantity as SQL, unknown where the quantity is.
func (c *compiler) compare(q quantity, n Test) (string, *Error) {
	switch n.Op {
	case Holds:
		if q.kind != Truth {
			return "", c.wrong(n.At, phrase{"%s: compare it, such as %s", "%s，需要比较，例如 %s"}, q.is(), q.example())
		}
		return q.sql, nil
	case Missing:
		return q.sql + " IS NULL", nil
	case Known:
		return q.sql + " IS NOT NULL", nil
	}
	if ordered := slices.Contains([]Op{Less, AtMost, More, AtLeast, Between, NotBetween}, n.Op); ordered && (q.kind == Text || q.kind == Truth) {
		return "", c.wrong(n.At, phrase{"%s, and %s compares numbers and dates: use %s", "%s，而 %s 用于数字和日期：请用 %s"}, q.is(), n.Op, q.example())
	}
	if (n.Op == Like || n.Op == NotLike) && q.kind != Text {
		return "", c.wrong(n.At, phrase{"%s, and like is for text: use %s", "%s，而 like 用于文字：请用 %s"}, q.is(), q.example())
	}
	values := make([]string, len(n.Values))
	for i, v := range n.Values {
		var e *Error
		if values[i], e = c.value(q, v); e != nil {
			return "", e
		}
	}
	expression := q.sql
	if q.kind == Text {
		expression = "lower(" + q.sql + ")"
	}
	switch n.Op {
	case In:
		return expression + " IN (" + strings.Join(values, ", ") + ")", nil
	case NotIn:
		return expression + " NOT IN (" + strings.Join(values, ", ") + ")", nil
	case Between, NotBetween:
		if e := c.ends(n); e != nil {
			return "", e
		}
		word := " BETWEEN "
		if n.Op == NotBetween {
			word = " NOT BETWEEN "
		}
		return expression + word + values[0] + " AND " + values[1], nil
	case Like, NotLike:
		word := " LIKE "
		if n.Op == NotLike {
			word = " NOT LIKE "
		}
		return expression + word + "lower(" + c.bind(glob(n.Values[0].Text)) + ") ESCAPE '\\'", nil
	case Unequal:
		return expression + " <> " + values[0], nil
	}
	return expression + " " + string(n.Op) + " " + values[0], nil
}

func (q quantity) example() phrase {
	same := func(text string) phrase { return phrase{q.name + text, q.name + text} }
	switch {
	case q.kind == Number && q.unit == "probability":
		return same(" > 50%")
	case q.kind == Number:
		return same(" > 10")
	case q.kind == Date:
		return same(" < as_of - 90 days")
	case q.kind == Truth:
		return phrase{q.name + " or not " + q.name, q.name + " 或 not " + q.name}
	}
	return phrase{q.name + " = 'a', in ('a', 'b') or like 'a*'", q.name + " = 'a'、in ('a', 'b') 或 like 'a*'"}
}

// glob is a pattern of * and ? as one of LIKE.
func glob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`, "*", "%", "?", "_").Replace(s)
}

// ends refuses a range that nothing can be in.
func (c *compiler) ends(n Test) *Error {
	low, high := n.Values[0], n.Values[1]
	if low.Kind == high.Kind && (low.Kind == NumberValue && low.Number > high.Number || low.Kind == DayValue && low.Day > high.Day) {
		return c.wrong(low.At, phrase{"nothing is between %v and %v: the smaller one stands first", "%v 与 %v 之间没有任何值：较小的写在前面"}, low, high)
	}
	return nil
}

// value is a value as SQL, of the kind of the quantity that it is compared with.
func (c *compiler) value(q quantity, v Value) (string, *Error) {
	if v.Kind == ColumnValue {
		return c.columnValue(q, v)
	}
	switch q.kind {
	case Number:
		return c.numberValue(q, v)
	case Date:
		return c.dateValue(q, v)
	case Truth:
		if v.Kind == TruthValue {
			return strconv.FormatBool(v.Truth), nil
		}
	case Text:
		switch v.Kind {
		case TextValue:
			return "lower(" + c.bind(v.Text) + ")", nil
		case TruthValue:
			return "", c.wrong(v.At, phrase{"%s: write '%s' in quotes", "%s：请加引号，写作 '%s'"}, q.is(), v)
		}
		return "", c.wrong(v.At, phrase{"%s: write '%s' in quotes", "%s：请加引号，写作 '%s'"}, q.is(), v)
	}
	return "", c.wrong(v.At, phrase{"%s, %s is %s", "%s，而 %s 是%s"}, q.is(), shortened(v.String()), v.is())
}

// is says of what kind the value is.
func (v Value) is() phrase {
	switch v.Kind {
	case NumberValue:
		return phrase{"a number", "数字"}
	case TextValue:
		return phrase{"text", "文字"}
	case DayValue, AsOfValue:
		return phrase{"a date", "日期"}
	case LengthValue:
		return phrase{"a length of time", "时长"}
	case TruthValue:
		return phrase{"yes or no", "是否"}
	}
	return phrase{"a column", "列"}
}

func (c *compiler) numberValue(q quantity, v Value) (string, *Error) {
	switch v.Kind {
	case NumberValue:
		if q.unit == "probability" && (v.Number < 0 || v.Number > 1) {
			return "", c.wrong(v.At, phrase{"%s is a probability, between 0 and 1 or 0%% and 100%%", "%s 是概率，取值 0 至 1，或 0%% 至 100%%"}, q.name)
		}
		return c.bind(v.Number), nil
	case LengthValue:
		if q.unit != "days" {
			return "", c.wrong(v.At, phrase{"%s is no length of time: write a number", "%s 不是时长：请写数字"}, q.name)
		}
		switch v.Unit {
		case Days:
			return c.bind(float64(v.N)), nil
		case Weeks:
			return c.bind(float64(7 * v.N)), nil
		}
		return "", c.wrong(v.At, phrase{"%s is a number of days: %s have no fixed number of them, write days or weeks", "%s 是天数：“%s”的天数不固定，请用天（days）或周（weeks）"}, q.name, v.Unit)
	case TextValue:
		if _, err := strconv.ParseFloat(v.Text, 64); err == nil && !q.attribute {
			return "", c.wrong(v.At, phrase{"%s: write %s without quotes", "%s：%s 不要加引号"}, q.is(), shortened(v.Text))
		}
	}
	return "", c.wrong(v.At, phrase{"%s, %s is %s", "%s，而 %s 是%s"}, q.is(), shortened(v.String()), v.is())
}

func (c *compiler) dateValue(q quantity, v Value) (string, *Error) {
	switch v.Kind {
	case DayValue, AsOfValue:
		return c.date(c.dayOf(v)), nil
	case TextValue:
		if day, ok := parseDay(strings.TrimSpace(v.Text)); ok {
			return c.date(day), nil
		}
	case LengthValue:
		return "", c.wrong(v.At, phrase{"%s: the day so long ago is as_of - %s", "%s：这么久以前的那一天写作 as_of - %s"}, q.is(), v)
	}
	return "", c.wrong(v.At, phrase{"%s, %s is %s: %s, or as_of - 90 days", "%s，而 %s 是%s：%s，或 as_of - 90 days"}, q.is(), shortened(v.String()), v.is(), dateExpected())
}

func (c *compiler) date(day int) string {
	return "CAST(" + c.bind(timeOf(day).Format(time.DateOnly)) + " AS DATE)"
}

// columnValue is another column of the same table.
func (c *compiler) columnValue(q quantity, v Value) (string, *Error) {
	info, ok := c.cat.column(v.Text)
	if !ok {
		if q.kind == Text {
			return "", c.wrong(v.At, phrase{"%s: a text stands in quotes, such as %s", "%s：文字要加引号，例如 %s"}, shortened(v.Text), quoted(shortened(v.Text)))
		}
		return "", c.unknown(v.Text, v.At)
	}
	other := quantity{name: info.Name, kind: info.Kind}
	switch {
	case !q.column:
		return "", c.wrong(v.At, phrase{"%s is compared with numbers, texts and dates, with no column", "%s 可与数字、文字和日期比较，不能与列比较"}, q.name)
	case info.Kind != q.kind:
		return "", c.wrong(v.At, phrase{"%s, %s", "%s，%s"}, q.is(), other.is())
	case info.Table != q.table:
		return "", c.wrong(v.At, phrase{"%s and %s stand in different tables: a column of scores is compared with one of scores, one of customers with one of customers", "%s 与 %s 不在同一张表：评分表的列只能与评分表的列相比，客户表的列只能与客户表的列相比"}, q.name, info.Name)
	case q.kind == Text:
		return "lower(" + info.sql() + ")", nil
	}
	return info.sql(), nil
}

// dayOf is the day that a date or as_of means.
func (c *compiler) dayOf(v Value) int {
	if v.Kind == DayValue {
		return v.Day
	}
	return shifted(c.asOf, v.N, v.Unit)
}

// shifted is a day and n units. Months and years keep the day of the month as far
// as the month has it.
func shifted(day, n int, unit Unit) int {
	switch unit {
	case Weeks:
		return day + 7*n
	case Months:
		return months(day, n)
	case Years:
		return months(day, 12*n)
	}
	return day + n
}

func months(day, n int) int {
	t := timeOf(day)
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	length := first.AddDate(0, 1, -1).Day()
	return dayOf(first) + min(t.Day(), length) - 1
}

// windowTest is a test of a measure. Customers without facts are not in the set: a
// count or a sum is 0 for them, and a mean is missing.
func (c *compiler) windowTest(w Window, n Test) (bound, *Error) {
	m, _ := measureOf(w.Measure)
	q := quantity{name: w.Measure, sql: "w.v", kind: Number}
	if n.Op == Holds {
		n.Op, n.Values = More, []Value{{Kind: NumberValue}}
	}
	if !m.mean && (n.Op == Missing || n.Op == Known) {
		return nil, c.wrong(n.At, phrase{"%s is never missing: it is 0 where there is nothing", "%s 不会缺失：没有记录时为 0"}, w.Measure)
	}
	text, e := c.compare(q, n)
	if e != nil {
		return nil, e
	}
	counted, e := c.window(m, w)
	if e != nil {
		return nil, e
	}
	from := "SELECT i.customer_id FROM (" + counted + ") AS w INNER JOIN identities AS i ON w.person = i.member WHERE "
	without := n.Op == Missing
	if !m.mean {
		without = holdsFor(0, n)
	}
	return &leaf{from: c.set(from), sql: text, absent: without}, nil
}

// holdsFor reports whether a test of numbers holds for one.
func holdsFor(x float64, n Test) bool {
	among := slices.ContainsFunc(n.Values, func(v Value) bool { return v.Number == x })
	switch v := n.Values; n.Op {
	case Equal, In:
		return among
	case Unequal, NotIn:
		return !among
	case Less:
		return x < v[0].Number
	case AtMost:
		return x <= v[0].Number
	case More:
		return x > v[0].Number
	case AtLeast:
		return x >= v[0].Number
	case Between:
		return x >= v[0].Number && x <= v[1].Number
	case NotBetween:
		return x < v[0].Number || x > v[1].Number
	}
	panic("segment: " + n.Op + " is no test of numbers")
}

// window is the measure of each person who has facts in the days: person, v.
func (c *compiler) window(m measure, w Window) (string, *Error) {
	value := m.value
	var from, day string
	var where []string
	c.read("identities")
	switch m.facts {
	case orders:
		c.read("kept_orders", "bounds")
		from, day = "kept_orders AS f", "f.ordered_day"
		where = append(where, "f.counted = true", "f.net >= (SELECT b.smallest_net FROM bounds AS b)")
	case refunds:
		c.read("kept_refunds")
		from, day = "kept_refunds AS f", "f.refunded_day"
		where = append(where, "f.counted = true")
	case interactions:
		c.read("facts.interactions")
		from, day = "facts.interactions AS f", "f.occurred_day"
	case responses:
		c.read("facts.responses")
		from, day = "facts.responses AS f", "f.occurred_day"
		where = append(where, eventsSQL(m)...)
	}
	if m.mean {
		where = append(where, "f."+m.name+" IS NOT NULL")
	}
	products := ""
	for _, filter := range w.Filters {
		known := filterOf(m.facts, filter.Noun)
		holds := c.filtered(known, filter)
		switch {
		case known.lines:
			products += " AND " + holds
			continue
		case known.placed && !c.placed(from):
			c.read("facts.placed_orders")
			from += placedJoin
		}
		where = append(where, holds)
	}
	if products != "" {
		c.read("facts.order_lines", "products")
		from += " INNER JOIN facts.order_lines AS l ON f.source = l.source AND f.order_id = l.order_id"
		where = append(where, "l.product_id IN (SELECT p.product_id FROM products AS p WHERE p.product_id IS NOT NULL"+products+")")
		value = "count(DISTINCT (f.source, f.order_id))"
		if m.money {
			value = "COALESCE(CAST(sum(l.net) AS DOUBLE), 0)"
		}
	}
	low, high := c.days(w.Span)
	if low != nil {
		where = append(where, day+" >= "+c.bind(int32(*low)))
	}
	where = append(where, day+" <= "+c.bind(int32(high)))
	return "SELECT i.person, " + value + " AS v FROM " + from + " INNER JOIN identities AS i ON f.member = i.member WHERE " +
		strings.Join(where, " AND ") + " GROUP BY i.person", nil
}

const placedJoin = " INNER JOIN facts.placed_orders AS t ON f.source = t.source AND f.order_id = t.order_id"

func (c *compiler) placed(from string) bool { return strings.Contains(from, placedJoin) }

// eventsSQL keeps the responses of a verb. What machines open and click, nobody did.
func eventsSQL(m measure) []string {
	var out []string
	if len(m.events) > 0 {
		out = append(out, "f.event IN ('"+strings.Join(m.events, "', '")+"')")
	}
	if m.name == "opened" || m.name == "clicked" {
		out = append(out, "f.machine IS NOT TRUE")
	}
	return out
}

func filterOf(f facts, noun string) filter {
	list := f.filters()
	return list[slices.IndexFunc(list, func(x filter) bool { return x.noun == noun })]
}

// filtered is a filter as SQL.
func (c *compiler) filtered(known filter, f Filter) string {
	var parts []string
	for _, column := range known.columns {
		parts = append(parts, c.matches(column, f))
	}
	if known.campaigns {
		c.read("campaigns")
		parts = append(parts, "f.campaign_id IN (SELECT g.campaign_id FROM campaigns AS g WHERE "+c.matches("g.name", f)+")")
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

func (c *compiler) matches(column string, f Filter) string {
	if f.Op == Like {
		return "lower(" + column + ") LIKE lower(" + c.bind(glob(f.Values[0])) + ") ESCAPE '\\'"
	}
	values := make([]string, len(f.Values))
	for i, v := range f.Values {
		values[i] = "lower(" + c.bind(v) + ")"
	}
	return "lower(" + column + ") IN (" + strings.Join(values, ", ") + ")"
}

// days are the first and the last day of a span; nil without a first one.
func (c *compiler) days(s Span) (low *int, high int) {
	high = c.asOf
	switch {
	case s.N > 0:
		first := shifted(c.asOf, -s.N, s.Unit) + 1
		return &first, high
	case s.From == nil:
		return nil, high
	}
	first := c.dayOf(*s.From)
	if s.To != nil {
		high = min(high, c.dayOf(*s.To))
	}
	return &first, high
}
