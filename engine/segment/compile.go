package segment

import (
	"database/sql"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Compiled is a rule as SQL. SQL is a condition on the table scores AS c, of which
// customer_id is used, to be put after WHERE: it is true for the members of the
// segment. Each window over facts is one set of customers, made once. Everything
// that was typed is in Args (sql.NamedArg, $p1 and so on); names are those of the
// catalogue, quoted, or of this package. Reads are the tables and views that it
// needs, scores among them; all are as of a day, or bounded by it here. Own are the
// segments whose members are looked for in MembersTable.
type Compiled struct {
	SQL   string
	Args  []any
	Reads []string
	Own   []string
}

// Check compares a rule's names and types with what there is. An error is an *Error.
func (r *Rule) Check(cat Catalogue) error {
	_, err := r.Compile(cat, 0)
	return err
}

// Compile checks a rule and makes SQL of it, as of a day in days since 1970-01-01.
func (r *Rule) Compile(cat Catalogue, asOf int) (Compiled, error) {
	c := &compiler{cat: cat, asOf: asOf, text: r.text, names: map[any]string{}, reads: map[string]bool{"scores": true}}
	root, e := c.node(r.Root)
	if e != nil {
		return Compiled{}, e
	}
	return Compiled{SQL: emit(root, false), Args: c.args, Reads: slices.Sorted(maps.Keys(c.reads)), Own: c.own}, nil
}

// Attributes are the attributes of customers that a rule names.
func (r *Rule) Attributes() []string { return attributesOf(r.Root) }

func attributesOf(n Node) []string {
	var list []Node
	switch n := n.(type) {
	case And:
		list = n.Of
	case Or:
		list = n.Of
	case Not:
		return attributesOf(n.Of)
	case Test:
		if a, ok := n.Of.(Attribute); ok {
			return []string{a.Name}
		}
	}
	var out []string
	for _, part := range list {
		out = append(out, attributesOf(part)...)
	}
	return out
}

// A bound condition is one of all, some, none and *leaf.
type (
	bound any
	all   []bound
	some  []bound
	none  struct{ of bound }
)

// leaf is a condition as SQL on one row of a set.
type leaf struct {
	from   *set // nil: of scores
	sql    string
	absent bool // what it is for a customer who is not in the set
}

// set is where at most one row of each customer comes from.
type set struct {
	sql string // SELECT customer_id FROM ... WHERE, to be followed by a condition
}

// compiler binds a tree to a catalogue.
type compiler struct {
	cat   Catalogue
	asOf  int
	text  string
	args  []any
	names map[any]string
	reads map[string]bool
	sets  []*set
	own   []string
}

func (c *compiler) wrong(at int, why phrase, args ...any) *Error {
	return mistake(c.text, at, why.with(args...))
}

// bind is the parameter that holds a value; equal values share one, so that equal
// sets are equal as texts.
func (c *compiler) bind(v any) string {
	if name, ok := c.names[v]; ok {
		return name
	}
	name := fmt.Sprintf("p%d", len(c.args)+1)
	c.args = append(c.args, sql.Named(name, v))
	c.names[v] = "$" + name
	return "$" + name
}

func (c *compiler) read(tables ...string) {
	for _, t := range tables {
		c.reads[t] = true
	}
}

// set is the one of that text.
func (c *compiler) set(text string) *set {
	if i := slices.IndexFunc(c.sets, func(s *set) bool { return s.sql == text }); i >= 0 {
		return c.sets[i]
	}
	s := &set{text}
	c.sets = append(c.sets, s)
	return s
}

func (c *compiler) node(n Node) (bound, *Error) {
	switch n := n.(type) {
	case And:
		list, e := c.nodes(n.Of)
		return all(list), e
	case Or:
		list, e := c.nodes(n.Of)
		return some(list), e
	case Not:
		of, e := c.node(n.Of)
		return none{of}, e
	case Test:
		return c.test(n)
	case InSegment:
		return c.inSegment(n)
	case Birthday:
		return c.birthday(n)
	}
	panic(fmt.Sprintf("segment: unknown condition %T", n))
}

func (c *compiler) nodes(list []Node) ([]bound, *Error) {
	out := make([]bound, len(list))
	for i, n := range list {
		var e *Error
		if out[i], e = c.node(n); e != nil {
			return nil, e
		}
	}
	return out, nil
}

func (c *compiler) test(n Test) (bound, *Error) {
	switch of := n.Of.(type) {
	case Column:
		return c.columnTest(of, n)
	case Attribute:
		return c.attributeTest(of, n)
	case Tag:
		return c.tagTest(n), nil
	case Window:
		return c.windowTest(of, n)
	}
	panic(fmt.Sprintf("segment: unknown operand %T", n.Of))
}

// customers is the set of what is known of customers.
func (c *compiler) customers() *set {
	c.read(CustomersTable)
	return c.set("SELECT k.customer_id FROM " + CustomersTable + " AS k WHERE ")
}

func (c *compiler) columnTest(of Column, n Test) (bound, *Error) {
	info, ok := c.cat.column(of.Name)
	if !ok && of.Name == Age {
		return c.ageTest(n)
	}
	if !ok {
		return nil, c.unknown(of.Name, n.At)
	}
	q := quantity{name: info.Name, sql: info.sql(), kind: info.Kind, unit: info.Unit, table: info.Table, column: true}
	if info.Zero && (n.Op == Missing || n.Op == Known) {
		info.Zero = false
		q.sql = info.sql()
	}
	text, e := c.compare(q, n)
	if e != nil {
		return nil, e
	}
	l := &leaf{sql: text, absent: n.Op == Missing}
	if info.Table == Customers {
		l.from = c.customers()
	}
	return l, nil
}

// monthDay is a day of the year as a number: 229 is 29 February.
const monthDay = `(month(k."birth_date") * 100 + day(k."birth_date"))`

// leapless makes of 28 February the 29th in years without one, whose children are
// as old as those of the 28th then.
func leapless(t time.Time) int {
	md := int(t.Month())*100 + t.Day()
	if md == 228 && t.AddDate(0, 0, 1).Month() == time.March {
		return 229
	}
	return md
}

func (c *compiler) ageTest(n Test) (bound, *Error) {
	if _, ok := c.cat.column("birth_date"); !ok {
		return nil, c.unknown(Age, n.At)
	}
	today := timeOf(c.asOf)
	years := fmt.Sprintf(`(%s - year(k."birth_date") - CASE WHEN %s > %s THEN 1 ELSE 0 END)`,
		c.bind(int32(today.Year())), monthDay, c.bind(int32(leapless(today))))
	text, e := c.compare(quantity{name: Age, sql: years, kind: Number, table: Customers}, n)
	return &leaf{from: c.customers(), sql: text, absent: n.Op == Missing}, e
}

func (c *compiler) birthday(n Birthday) (bound, *Error) {
	if _, ok := c.cat.column("birth_date"); !ok {
		return nil, c.wrong(n.At, phrase{"birthday: there is no birth_date", "birthday：没有 birth_date 列"})
	}
	from, to := timeOf(c.asOf+1), timeOf(c.asOf+n.Days)
	first, last := int(from.Month())*100+from.Day(), leapless(to)
	text := fmt.Sprintf("%s BETWEEN %s AND %s", monthDay, c.bind(int32(first)), c.bind(int32(last)))
	switch {
	case n.Days >= 366:
		text = `k."birth_date" IS NOT NULL`
	case from.Year() < to.Year():
		text = fmt.Sprintf("(%s >= %s OR %s <= %s)", monthDay, c.bind(int32(first)), monthDay, c.bind(int32(last)))
	}
	return &leaf{from: c.customers(), sql: text}, nil
}

func (c *compiler) attributeTest(of Attribute, n Test) (bound, *Error) {
	if c.cat.Attributes != nil && !slices.Contains(c.cat.Attributes, of.Name) {
		near := nearest(of.Name, c.cat.Attributes)
		for i := range near {
			near[i] = (&Rule{Root: Test{Of: Attribute{near[i]}}}).String()
		}
		none := phrase{"no customer has an attribute %s%s", "没有客户带有属性 %s%s"}
		return nil, c.wrong(n.At, none, quoted(shortened(of.Name)), didYouMean(near))
	}
	q := quantity{name: "attribute." + of.Name, sql: "json_extract_string(k.attributes, " + c.bind(Pointer(of.Name)) + ")", kind: Text, table: Customers, attribute: true}
	if len(n.Values) > 0 {
		switch n.Values[0].Kind {
		case NumberValue, LengthValue: // what is no number is missing
			q.kind, q.unit = Number, "days"
			q.sql = "nullif(TRY_CAST(" + q.sql + " AS DOUBLE), CAST('NaN' AS DOUBLE))"
		case DayValue, AsOfValue:
			q.kind = Date
			q.sql = "TRY_CAST(" + q.sql + " AS DATE)"
		}
	}
	text, e := c.compare(q, n)
	return &leaf{from: c.customers(), sql: text, absent: n.Op == Missing}, e
}

// Pointer is the JSON pointer of an attribute in the column attributes.
func Pointer(name string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// separators are between the tags of a text.
const separators = `,;|，；、\n`

// tagTest looks for tags with a regular expression in the syntax that Go and DuckDB
// share: from one separator to the next.
func (c *compiler) tagTest(n Test) bound {
	switch n.Op {
	case Missing, Known:
		text, _ := c.compare(quantity{sql: "nullif(trim(k.tags), '')", kind: Text}, n)
		return &leaf{from: c.customers(), sql: text, absent: n.Op == Missing}
	}
	var patterns []string
	for _, v := range n.Values {
		pattern := regexp.QuoteMeta(strings.TrimSpace(v.Text))
		if n.Op == Like {
			pattern = strings.NewReplacer(`\*`, "[^"+separators+"]*", `\?`, "[^"+separators+"]").Replace(pattern)
		}
		patterns = append(patterns, pattern)
	}
	whole := `(?i)(?:^|[` + separators + `])\s*(?:` + strings.Join(patterns, "|") + `)\s*(?:$|[` + separators + `])`
	return &leaf{from: c.customers(), sql: "regexp_matches(k.tags, " + c.bind(whole) + ")"}
}

func (c *compiler) inSegment(n InSegment) (bound, *Error) {
	var list some
	byColumn := map[string][]string{}
	for _, name := range n.Names {
		s, e := c.segment(name, n)
		if e != nil {
			return nil, e
		}
		column := "c." + quotedName(s.Column)
		switch {
		case s.open:
			byColumn["lower("+column+")"] = append(byColumn["lower("+column+")"], "lower("+c.bind(s.Name)+")")
			continue
		case s.Column != "":
			byColumn[column] = append(byColumn[column], c.bind(s.Name))
			continue
		}
		c.read(MembersTable)
		if !slices.Contains(c.own, s.Name) {
			c.own = append(c.own, s.Name)
		}
		list = append(list, &leaf{
			from: c.set("SELECT m.customer_id FROM " + MembersTable + " AS m WHERE m.segment = " + c.bind(s.Name) + " AND "), sql: "true",
		})
	}
	for _, column := range slices.Sorted(maps.Keys(byColumn)) {
		list = append(list, &leaf{sql: column + " IN (" + strings.Join(byColumn[column], ", ") + ")"})
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return list, nil
}

func (c *compiler) segment(name string, n InSegment) (Named, *Error) {
	found := c.cat.find(name, n.Scheme)
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var of []string
		for _, s := range found {
			of = append(of, "segment "+quoted(s.Name)+" of "+quoted(s.Scheme))
		}
		return Named{}, c.wrong(n.At, phrase{"%s is in several schemes: write %s", "%s 在多个方案中都有：请写 %s"}, quoted(shortened(name)), either(of))
	}
	schemes := c.cat.schemes()
	if n.Scheme != "" && !slices.ContainsFunc(schemes, func(s string) bool { return inScheme(s, n.Scheme) }) {
		return Named{}, c.wrong(n.At, phrase{"no scheme %s: there are %s", "没有方案 %s：现有 %s"}, quoted(shortened(n.Scheme)), strings.Join(schemes, ", "))
	}
	var names []string
	for _, s := range c.cat.Segments {
		if inScheme(s.Scheme, n.Scheme) {
			names = append(names, quoted(s.Name))
		}
	}
	none := phrase{"no segment %s", "没有客群 %s"}.with(quoted(shortened(name)))
	if n.Scheme != "" {
		none = phrase{"no segment %s of %s", "方案 %[2]s 中没有客群 %[1]s"}.with(quoted(shortened(name)), n.Scheme)
	}
	near := didYouMean(nearest(quoted(name), names))
	if near == (phrase{}) && len(c.cat.Open) > 0 {
		near = phrase{": one whose name a run makes is written segment %s of %s", "：名称由运行产生的客群写作 segment %s of %s"}.with(quoted(shortened(name)), c.cat.Open[0].Scheme)
	}
	return Named{}, c.wrong(n.At, phrase{"%s%s", "%s%s"}, none, near)
}

// unknown words that there is no such column.
func (c *compiler) unknown(name string, at int) *Error {
	if m := summarised.FindStringSubmatch(name); m != nil {
		return c.wrong(at, phrase{"no column %s: write %s in %s days", "没有 %s 这一列：请写 %s in %s days"}, name, m[1], m[2])
	}
	if name == "today" || name == "now" {
		return c.wrong(at, phrase{"%s: a rule knows no clock, but as_of, the last day whose facts count", "%s：规则不看当前时间，请用统计日 as_of，即计入数据的最后一天"}, name)
	}
	words := []string{Age, "birthday", "tag", "segment", "attribute"}
	for _, d := range c.cat.Columns {
		words = append(words, d.Name)
	}
	for _, m := range measures() {
		words = append(words, m.name)
	}
	near := didYouMean(nearest(name, words))
	if near == (phrase{}) {
		near = phrase{": clientele segment rules lists all names", "：clientele segment rules --lang zh 可查看全部名称"}
	}
	return c.wrong(at, phrase{"no column %s%s", "没有 %s 这一列%s"}, quoted(shortened(name)), near)
}

// summarised are names that the customer summary has.
var summarised = regexp.MustCompile(`^(orders|spend|interactions|responses|refunds)_?(\d{1,4})d?$`)

// emit is a bound condition as SQL; negated, its opposite. Negations are taken down
// to the leaves, where what is unknown becomes false and its opposite true.
func emit(b bound, negated bool) string {
	if from, ok := only(b); ok && from != nil {
		return within(from, b, negated)
	}
	switch b := b.(type) {
	case all:
		return connect(b, !negated, negated)
	case some:
		return connect(b, negated, negated)
	case none:
		return emit(b.of, !negated)
	}
	return b.(*leaf).condition(negated)
}

func (l *leaf) condition(negated bool) string {
	if negated {
		return "(" + l.sql + ") IS NOT TRUE"
	}
	return "(" + l.sql + ")"
}

// connect joins conditions by AND or OR. Those on the same set are asked of it at
// once.
func connect(list []bound, and, negated bool) string {
	together := map[*set][]bound{}
	for _, b := range list {
		if from, ok := only(b); ok && from != nil {
			together[from] = append(together[from], b)
		}
	}
	var parts []string
	for _, b := range list {
		from, ok := only(b)
		if !ok || from == nil {
			parts = append(parts, emit(b, negated))
			continue
		}
		if same := together[from]; same != nil { // at the place of the first
			delete(together, from)
			parts = append(parts, within(from, gathered(same, and != negated), negated))
		}
	}
	word := " OR "
	if and {
		word = " AND "
	}
	return "(" + strings.Join(parts, word) + ")"
}

// gathered is one condition of several.
func gathered(list []bound, and bool) bound {
	switch {
	case len(list) == 1:
		return list[0]
	case and:
		return all(list)
	}
	return some(list)
}

// only is the set that all of a condition is about (nil: scores), and whether there
// is one.
func only(b bound) (from *set, ok bool) {
	var list []bound
	switch b := b.(type) {
	case *leaf:
		return b.from, true
	case none:
		return only(b.of)
	case all:
		list = b
	case some:
		list = b
	}
	for i, part := range list {
		other, ok := only(part)
		if !ok || i > 0 && other != from {
			return nil, false
		}
		from = other
	}
	return from, true
}

// within asks a condition of the rows of a set. Where it holds for who has no row,
// it is asked who is in the opposite.
func within(from *set, b bound, negated bool) string {
	if absent(b) != negated {
		return "c.customer_id NOT IN (" + from.sql + inner(b, !negated) + ")"
	}
	return "c.customer_id IN (" + from.sql + inner(b, negated) + ")"
}

// absent is what a condition is for a customer who has no row.
func absent(b bound) bool {
	switch b := b.(type) {
	case all:
		return !slices.ContainsFunc(b, func(of bound) bool { return !absent(of) })
	case some:
		return slices.ContainsFunc(b, absent)
	case none:
		return !absent(b.of)
	}
	return b.(*leaf).absent
}

// inner is a condition on the rows of one set.
func inner(b bound, negated bool) string {
	var list []bound
	and := !negated
	switch b := b.(type) {
	case *leaf:
		return b.condition(negated)
	case none:
		return inner(b.of, !negated)
	case all:
		list = b
	case some:
		list, and = b, negated
	}
	parts := make([]string, len(list))
	for i, of := range list {
		parts[i] = inner(of, negated)
	}
	word := " OR "
	if and {
		word = " AND "
	}
	return "(" + strings.Join(parts, word) + ")"
}
