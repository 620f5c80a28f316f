package segment

import (
	"slices"
	"strconv"
	"strings"
)

// parser reads tokens from left to right. A mistake is thrown at once: only the
// first is told.
type parser struct {
	text       string
	tokens     []token
	next       int
	depth      int
	conditions int
	listed     int // values of lists
}

func (p *parser) peek() token { return p.tokens[p.next] }

// after is the token n behind the next one.
func (p *parser) after(n int) token { return p.tokens[min(p.next+n, len(p.tokens)-1)] }

func (p *parser) take() token {
	t := p.peek()
	if t.kind != end {
		p.next++
	}
	return t
}

func (p *parser) wrong(t token, why phrase, args ...any) *Error {
	return mistake(p.text, t.at, why.with(args...))
}

// expected says what should stand where something else does.
func (p *parser) expected(what phrase) *Error {
	return p.wrong(p.peek(), phrase{"expected %s, found %s", "此处应为%s，却是 %s"}, what, p.peek())
}

// isWord reports whether a token is one of some keywords.
func (t token) isWord(words ...string) bool { return t.kind == word && slices.Contains(words, t.lower) }

func (t token) isMark(m string) bool { return t.kind == mark && t.text == m }

// accept takes the next token where it is one of some keywords.
func (p *parser) accept(words ...string) bool {
	if !p.peek().isWord(words...) {
		return false
	}
	p.next++
	return true
}

func (p *parser) acceptMark(m string) bool {
	if !p.peek().isMark(m) {
		return false
	}
	p.next++
	return true
}

func (p *parser) rule() (Node, *Error) {
	root, e := p.or()
	if e != nil {
		return nil, e
	}
	if t := p.peek(); t.kind != end {
		if t.isMark(",") && p.next > 0 && p.tokens[p.next-1].kind == number {
			return nil, p.wrong(t, phrase{"expected and, or or the end, found %s: numbers have no thousands separators", "此处应为 and、or 或结尾，却是 %s：数字不写千位分隔符"}, t)
		}
		if t.isWord("in", "within", "since", "from") || t.isWord(prepositions()...) {
			return nil, p.wrong(t, phrase{"expected and, or or the end, found %s: days and filters stand before the comparison, as in orders in 90 days > 2", "此处应为 and、or 或结尾，却是 %s：天数和筛选写在比较之前，例如 orders in 90 days > 2"}, t)
		}
		return nil, p.expected(phrase{"and, or or the end", " and、or 或结尾"})
	}
	return root, nil
}

func (p *parser) or() (Node, *Error) {
	list, e := p.list("or", p.and)
	if e != nil || len(list) == 1 {
		return first(list), e
	}
	return Or{flat(list, func(n Node) ([]Node, bool) { o, ok := n.(Or); return o.Of, ok })}, nil
}

func (p *parser) and() (Node, *Error) {
	list, e := p.list("and", p.not)
	if e != nil || len(list) == 1 {
		return first(list), e
	}
	return And{flat(list, func(n Node) ([]Node, bool) { a, ok := n.(And); return a.Of, ok })}, nil
}

func first(list []Node) Node {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func (p *parser) list(between string, one func() (Node, *Error)) ([]Node, *Error) {
	var list []Node
	for {
		n, e := one()
		if e != nil {
			return nil, e
		}
		if list = append(list, n); !p.accept(between) {
			return list, nil
		}
	}
}

// flat puts the conditions of parts of the same sort in their place.
func flat(list []Node, parts func(Node) ([]Node, bool)) []Node {
	var out []Node
	for _, n := range list {
		if of, ok := parts(n); ok {
			out = append(out, of...)
		} else {
			out = append(out, n)
		}
	}
	return out
}

func (p *parser) not() (Node, *Error) {
	t := p.peek()
	if !t.isWord("not") && !t.isMark("(") {
		return p.condition()
	}
	if p.depth++; p.depth > maxDepth {
		return nil, p.wrong(t, phrase{"parentheses and nots go more than %d deep", "括号与 not 的嵌套超过 %d 层"}, maxDepth)
	}
	defer func() { p.depth-- }()
	p.next++
	if t.kind == word {
		n, e := p.not()
		return Not{n}, e
	}
	n, e := p.or()
	if e == nil && !p.acceptMark(")") {
		e = p.expected(phrase{"and, or or )", " and、or 或右括号"})
	}
	return n, e
}

func conditionExpected() phrase {
	return phrase{"a condition, such as clv > 500", "条件，例如 clv > 500"}
}

// condition reads what stands between and, or, not and parentheses.
func (p *parser) condition() (Node, *Error) {
	t := p.peek()
	if p.conditions++; p.conditions > maxConditions {
		return nil, p.wrong(t, phrase{"a rule has at most %d conditions", "一条规则最多 %d 个条件"}, maxConditions)
	}
	if t.kind != word || t.isWord("and", "or", "in", "between", "like", "is") {
		if t.kind == number || t.kind == text || t.kind == date || t.isMark("-") {
			return nil, p.wrong(t, phrase{"expected %s, found %s: what is compared stands first", "此处应为%s，却是 %s：被比较的列写在前面"}, conditionExpected(), t)
		}
		return nil, p.expected(conditionExpected())
	}
	switch following := p.after(1); {
	case t.isWord("no"):
		return p.none()
	case t.isWord("segment"):
		return p.inSegment()
	case t.isWord("birthday"):
		return p.birthday()
	case t.isWord("first", "last") && following.isWord("order", "orders"):
		return p.endOrder()
	case t.isWord("tag"):
		return p.tag()
	case t.isWord("attribute") && (following.isMark(".") || following.kind == text):
		return p.attribute()
	}
	if m, ok := measureOf(t.lower); ok && (m.column == "" || p.isWindow()) {
		return p.measured(m)
	}
	p.next++
	if following := p.peek(); following.isMark(".") {
		return nil, p.wrong(t, phrase{"%s: only attributes have a dot, such as attribute.level", "%s：只有属性才带点，例如 attribute.level"}, strconv.Quote(t.text))
	}
	return p.test(t, Column{t.lower})
}

// isWindow reports whether the name of a measure that is also a column is followed
// by what makes it a window: orders in 90 days, but orders in (1, 2).
func (p *parser) isWindow() bool {
	t := p.after(1)
	switch {
	case t.isWord("in"):
		return !p.after(2).isMark("(")
	case t.isWord("within", "since", "from"), t.isWord(prepositions()...):
		return true
	}
	m, _ := measureOf(p.peek().lower)
	return t.kind == word && slices.Contains(m.nouns(), t.lower)
}

// none reads no orders in 90 days, which is orders in 90 days = 0.
func (p *parser) none() (Node, *Error) {
	at := p.take()
	m, ok := measureOf(p.peek().lower)
	if !ok || p.peek().kind != word || !m.noun {
		return nil, p.expected(phrase{"orders, refunds, interactions or responses after no", " no 之后的 orders、refunds、interactions 或 responses"})
	}
	w, e := p.window(m)
	if e != nil {
		return nil, e
	}
	return Test{Of: w, Op: Equal, Values: []Value{{Kind: NumberValue, At: at.at}}, At: at.at}, nil
}

func (p *parser) measured(m measure) (Node, *Error) {
	t := p.peek()
	w, e := p.window(m)
	if e != nil {
		return nil, e
	}
	return p.test(t, w)
}

// window reads a measure with its filters and days, in any order.
func (p *parser) window(m measure) (w Window, e *Error) {
	p.next++
	w.Measure = m.name
	spanned := false
	for e == nil {
		t := p.peek()
		switch isSpan := p.isSpan(); {
		case isSpan && spanned:
			return w, p.wrong(t, phrase{"the days are named twice", "天数写了两次"})
		case isSpan:
			spanned = true
			w.Span, e = p.span()
		case t.isWord(prepositions()...), t.kind == word && slices.Contains(m.nouns(), t.lower):
			var f Filter
			if f, e = p.filter(m); len(w.Filters) == maxFilters {
				return w, p.wrong(t, phrase{"%s is narrowed down in at most %d ways", "%s 最多带 %d 个筛选"}, m.name, maxFilters)
			}
			w.Filters = append(w.Filters, f)
		default:
			return w, nil
		}
	}
	return w, e
}

func (p *parser) isSpan() bool {
	t := p.peek()
	return t.isWord("within", "since", "from") || t.isWord("in") && !p.after(1).isMark("(")
}

// span reads in 90 days, since DATE, or from DATE to DATE.
func (p *parser) span() (s Span, e *Error) {
	t := p.take()
	switch t.lower {
	case "in", "within":
		p.accept("the")
		p.accept("last", "past")
		s.N, s.Unit, e = p.length(phrase{"a number of days, weeks, months or years, such as 90 days", "天数、周数、月数或年数，例如 90 days"})
		return s, e
	case "since":
		s.From, e = p.day()
		return s, e
	}
	if s.From, e = p.day(); e != nil {
		return s, e
	}
	if !p.accept("to") {
		return s, p.expected(phrase{"to and a date", " to 和日期"})
	}
	last := p.peek()
	if s.To, e = p.day(); e == nil && s.From.Kind == DayValue && s.To.Kind == DayValue && s.From.Day > s.To.Day {
		e = p.wrong(last, phrase{"the days end, on %v, before they begin, on %v", "结束日 %v 早于开始日 %v"}, s.To, s.From)
	}
	return s, e
}

func (p *parser) day() (*Value, *Error) {
	t := p.peek()
	if t.kind != date && !t.isWord("as_of") {
		return nil, p.expected(phrase{"a date, such as 2026-01-31 or as_of - 90 days", "日期，例如 2026-01-31 或 as_of - 90 days"})
	}
	v, e := p.value()
	return &v, e
}

// maxDays is the longest stretch of time that a rule may name.
const maxDays = 36_600

// units are the words for lengths of time, and how many days each is at most.
func unitOf(t token) (u Unit, days int, ok bool) {
	if t.kind != word {
		return "", 0, false
	}
	switch t.lower {
	case "day", "days", "d", "天", "日":
		return Days, 1, true
	case "week", "weeks", "w", "周", "星期":
		return Weeks, 7, true
	case "month", "months", "月", "个月":
		return Months, 31, true
	case "year", "years", "y", "年":
		return Years, 366, true
	}
	return "", 0, false
}

// length reads a number and a unit of time.
func (p *parser) length(what phrase) (n int, unit Unit, e *Error) {
	t := p.peek()
	if t.kind != number {
		return 0, "", p.expected(what)
	}
	if t.number < 1 || !isWhole(t.number) {
		return 0, "", p.wrong(t, phrase{"%s: expected a whole number of at least 1", "%s：应为不小于 1 的整数"}, t.text)
	}
	p.next++
	unit, days, ok := unitOf(p.peek())
	if !ok {
		return 0, "", p.expected(phrase{"days, weeks, months or years", " days（天）、weeks（周）、months（月）或 years（年）"})
	}
	if t.number > float64(maxDays/days) {
		return 0, "", p.wrong(t, phrase{"%s %s: longer than %d years", "%s %s：超过 %d 年"}, t.text, unit, maxDays/366)
	}
	p.next++
	return int(t.number), unit, nil
}

// maxFilters is how many filters a window has at most.
const maxFilters = 8

// filter reads on category '茶叶', of kind in ('a', 'b'), campaign like 'spring*'.
func (p *parser) filter(m measure) (f Filter, e *Error) {
	preposition := p.peek()
	worded := p.accept(prepositions()...)
	t := p.peek()
	if t.kind != word || !slices.Contains(m.nouns(), t.lower) {
		if len(m.nouns()) == 0 {
			return f, p.wrong(preposition, phrase{"%s cannot be narrowed down by %s", "%s 不能用 %s 筛选"}, m.name, preposition)
		}
		what := phrase{"%s", " %s "}.with(strings.Join(m.nouns(), ", "))
		if worded {
			what = phrase{"%s after %s", " %[2]s 之后的 %[1]s "}.with(strings.Join(m.nouns(), ", "), preposition.lower)
		}
		return f, p.expected(what)
	}
	p.next++
	f.Noun = t.lower
	f.Op, f.Values, e = p.match(phrase{"the name of the %s in quotes", "加引号的%s名称"}.with(nounPhrase(f.Noun)))
	return f, e
}

// match reads 'a', = 'a', in ('a', 'b') or like 'a*'.
func (p *parser) match(what phrase) (Op, []string, *Error) {
	op := Equal
	switch {
	case p.acceptMark("="):
	case p.accept("like"):
		op = Like
	case p.peek().isWord("in") && p.after(1).isMark("("), p.peek().isMark("("):
		p.accept("in")
		values, e := p.values()
		if e != nil {
			return "", nil, e
		}
		texts := make([]string, len(values))
		for i, v := range values {
			if v.Kind != TextValue {
				return "", nil, p.wrong(token{at: v.At}, phrase{"expected %s, found %v", "此处应为%s，却是 %v"}, what, v)
			}
			texts[i] = v.Text
		}
		return opOf(texts), texts, nil
	}
	t := p.peek()
	if t.kind != text {
		return "", nil, p.expected(what)
	}
	p.next++
	return op, []string{t.text}, nil
}

// inSegment reads segment 'At Risk', segment in ('a', 'b') of lifecycle.
func (p *parser) inSegment() (Node, *Error) {
	at := p.take()
	t := p.peek()
	op, names, e := p.match(phrase{"the name of the segment in quotes", "加引号的客群名称"})
	if e != nil {
		return nil, e
	}
	if op == Like {
		return nil, p.wrong(t, phrase{"segments are named, not matched: segment 'a' or segment in ('a', 'b')", "客群按名称指定，不能用通配：segment 'a' 或 segment in ('a', 'b')"})
	}
	n := InSegment{Names: names, At: at.at}
	if !p.accept("of") {
		return n, nil
	}
	if t := p.peek(); t.kind == text {
		p.next++
		n.Scheme = t.text
		return n, nil
	}
	var words []string
	for t := p.peek(); t.kind == word && !t.isWord("and", "or"); t = p.peek() {
		words = append(words, t.lower)
		p.next++
	}
	if n.Scheme = strings.Join(words, " "); n.Scheme == "" {
		return nil, p.expected(phrase{"the name of a scheme, such as lifecycle", "方案名称，例如 lifecycle"})
	}
	return n, nil
}

func (p *parser) birthday() (Node, *Error) {
	at := p.take()
	if !p.accept("in", "within") {
		return nil, p.expected(phrase{"in and a number of days after birthday, such as birthday in 7 days", " birthday 之后的 in 和天数，例如 birthday in 7 days"})
	}
	p.accept("the")
	p.accept("next")
	t := p.peek()
	n, unit, e := p.length(phrase{"a number of days, such as 7 days", "天数，例如 7 days"})
	if e != nil {
		return nil, e
	}
	switch unit {
	case Weeks:
		n *= 7
	case Months, Years:
		return nil, p.wrong(t, phrase{"birthdays are looked for in days or weeks", "生日以天或周计"})
	}
	return Birthday{Days: n, At: at.at}, nil
}

// endOrder reads first order in 30 days, which is first_order_on > as_of - 30 days.
func (p *parser) endOrder() (Node, *Error) {
	at := p.take()
	p.next++
	c := Column{at.lower + "_order_on"}
	if !p.isSpan() {
		return nil, p.expected(phrase{"in and a number of days, since or from and a date", " in 和天数，或 since、from 和日期"})
	}
	s, e := p.span()
	if e != nil {
		return nil, e
	}
	n := Test{Of: c, At: at.at}
	switch {
	case s.N > 0:
		n.Op, n.Values = More, []Value{{Kind: AsOfValue, N: -s.N, Unit: s.Unit, At: at.at}}
	case s.To != nil:
		n.Op, n.Values = Between, []Value{*s.From, *s.To}
	default:
		n.Op, n.Values = AtLeast, []Value{*s.From}
	}
	return n, nil
}

// tag reads tag 'VIP', tag in ('a', 'b'), tag like 'V*', tag is missing.
func (p *parser) tag() (Node, *Error) {
	at := p.take()
	switch t := p.peek(); {
	case t.isWord("is"):
		return p.test(at, Tag{})
	case t.isMark("!="), t.isWord("not"):
		return nil, p.wrong(t, phrase{"a customer has many tags: write not tag 'VIP'", "一位客户可有多个标签：请写 not tag 'VIP'"})
	}
	op, texts, e := p.match(phrase{"the tag in quotes", "加引号的标签"})
	if e != nil {
		return nil, e
	}
	n := Test{Of: Tag{}, Op: op, At: at.at}
	for _, s := range texts {
		n.Values = append(n.Values, Value{Kind: TextValue, Text: s, At: at.at})
	}
	return n, nil
}

func (p *parser) attribute() (Node, *Error) {
	at := p.take()
	p.acceptMark(".")
	t := p.take()
	name := t.text
	switch t.kind {
	case text:
	case word:
		for p.peek().isMark(".") && p.after(1).kind == word { // attribute.address.floor
			p.next++
			name += "." + p.take().text
		}
	default:
		return nil, p.wrong(t, phrase{"expected the name of an attribute, found %s: quote one that is no word, such as attribute.'VIP level'", "此处应为属性名，却是 %s：不是单个词的属性名要加引号，例如 attribute.'VIP level'"}, t)
	}
	if name == "" {
		return nil, p.wrong(t, phrase{"the name of the attribute is empty", "属性名为空"})
	}
	return p.test(at, Attribute{name})
}

// test reads what is asked of an operand.
func (p *parser) test(at token, of Operand) (Node, *Error) {
	n := Test{Of: of, At: at.at}
	t := p.peek()
	switch {
	case t.kind == mark && slices.Contains([]string{"=", "!=", "<", "<=", ">", ">="}, t.text):
		p.next++
		n.Op = Op(t.text)
		return p.valued(n, 1)
	case t.isWord("is"):
		p.next++
		return p.isMissing(n)
	case t.isWord("not"):
		p.next++
		if !p.peek().isWord("in", "between", "like") {
			return nil, p.expected(phrase{"in, between or like after not", " not 之后的 in、between 或 like"})
		}
		return p.set(n, true)
	case t.isWord("in", "between", "like"):
		return p.set(n, false)
	}
	switch o := of.(type) {
	case Attribute:
		return nil, p.expected(phrase{"a comparison, such as = 'gold', in (...) or is known", "比较，例如 = 'gold'、in (...) 或 is known"})
	case Window:
		if m, _ := measureOf(o.Measure); !m.counts() {
			return nil, p.expected(phrase{"a comparison, such as > 500", "比较，例如 > 500"})
		}
	}
	if t.kind != end && !t.isWord("and", "or") && !t.isMark(")") {
		return nil, p.expected(phrase{"a comparison, such as = 'a', > 5, in (...), like '*a*' or is missing", "比较，例如 = 'a'、> 5、in (...)、like '*a*' 或 is missing"})
	}
	return n, nil
}

func (p *parser) isMissing(n Test) (Node, *Error) {
	missing := !p.accept("not")
	switch {
	case p.accept("missing", "null"):
	case p.accept("known"):
		missing = !missing
	default:
		if t := p.peek(); t.kind == text || t.kind == number {
			return nil, p.wrong(t, phrase{"expected missing or known, found %s: equal is written =", "此处应为 missing 或 known，却是 %s：等于写作 ="}, t)
		}
		return nil, p.expected(phrase{"missing or known", " missing 或 known"})
	}
	n.Op = Known
	if missing {
		n.Op = Missing
	}
	return n, nil
}

// set reads in (...), between ... and ..., like '...'.
func (p *parser) set(n Test, negated bool) (Node, *Error) {
	t := p.take()
	n.Op = Op(t.lower)
	if negated {
		n.Op = "not " + n.Op
	}
	switch t.lower {
	case "in":
		if !p.peek().isMark("(") {
			return nil, p.expected(phrase{"a list, such as ('a', 'b')", "列表，例如 ('a', 'b')"})
		}
		var e *Error
		n.Values, e = p.values()
		return n, e
	case "between":
		return p.valued(n, 2)
	}
	if p.peek().kind != text {
		return nil, p.expected(phrase{"a text in quotes, such as 'tea*'", "加引号的文字，例如 'tea*'"})
	}
	return p.valued(n, 1)
}

func (p *parser) valued(n Test, count int) (Node, *Error) {
	for i := range count {
		if i > 0 && !p.accept("and") {
			return nil, p.expected(phrase{"and with the other end", " and 和另一端的值"})
		}
		v, e := p.value()
		if e != nil {
			return nil, e
		}
		n.Values = append(n.Values, v)
	}
	return n, nil
}

// values reads a list in parentheses.
func (p *parser) values() ([]Value, *Error) {
	p.next++
	var list []Value
	for {
		if p.listed++; p.listed > maxValues {
			return nil, p.wrong(p.peek(), phrase{"the lists of a rule have at most %d values", "一条规则的列表合计最多 %d 个值"}, maxValues)
		}
		v, e := p.value()
		if e != nil {
			return nil, e
		}
		list = append(list, v)
		if p.acceptMark(")") {
			return list, nil
		}
		if !p.acceptMark(",") {
			return nil, p.expected(phrase{", or )", "逗号或右括号"})
		}
	}
}

// value reads a number, a text, a date, as_of, a length of time, yes or no, or the
// name of a column.
func (p *parser) value() (Value, *Error) {
	t := p.peek()
	v := Value{At: t.at}
	negative := t.isMark("-")
	if negative {
		p.next++
		if t = p.peek(); t.kind != number {
			return v, p.expected(phrase{"a number after -", "负号之后的数字"})
		}
	}
	switch t.kind {
	case number:
		return p.number(v, negative)
	case text:
		p.next++
		v.Kind, v.Text = TextValue, t.text
		return v, nil
	case date:
		p.next++
		v.Kind, v.Day = DayValue, t.day
		return v, nil
	case word:
		return p.named(v)
	}
	return v, p.expected(phrase{"a number, a text in quotes, a date or as_of", "数字、加引号的文字、日期或 as_of"})
}

func (p *parser) number(v Value, negative bool) (Value, *Error) {
	t := p.peek()
	if _, _, ok := unitOf(p.after(1)); ok && !negative {
		var e *Error
		v.Kind = LengthValue
		v.N, v.Unit, e = p.length(phrase{"a length of time", "时长"})
		return v, e
	}
	p.next++
	v.Number = t.number
	switch following := p.peek(); {
	case following.isMark("%"):
		v.Number /= 100
		p.next++
	case following.isWord("k"):
		v.Number *= 1e3
		p.next++
	case following.isWord("万"):
		v.Number *= 1e4
		p.next++
	case following.isWord("亿"):
		v.Number *= 1e8
		p.next++
	}
	if negative && v.Number != 0 {
		v.Number = -v.Number
	}
	return v, nil
}

// named reads a value that is a word.
func (p *parser) named(v Value) (Value, *Error) {
	t := p.take()
	switch t.lower {
	case "true", "yes":
		v.Kind, v.Truth = TruthValue, true
		return v, nil
	case "false", "no":
		v.Kind = TruthValue
		return v, nil
	case "and", "or", "not", "in", "between", "like", "is":
		p.next--
		return v, p.expected(phrase{"a number, a text in quotes, a date or as_of", "数字、加引号的文字、日期或 as_of"})
	case "as_of":
	default:
		v.Kind, v.Text = ColumnValue, t.lower
		return v, nil
	}
	v.Kind = AsOfValue
	sign := p.peek()
	if !sign.isMark("-") && !sign.isMark("+") {
		return v, nil
	}
	p.next++
	var e *Error
	v.N, v.Unit, e = p.length(phrase{"a length of time, such as 90 days", "时长，例如 90 days"})
	if sign.isMark("-") {
		v.N = -v.N
	}
	return v, e
}
