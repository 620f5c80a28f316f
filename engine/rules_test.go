package engine

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/segment"
	"clientele/engine/table"
)

// A small world, in which the rules of these tests are evaluated twice: by DuckDB,
// from compiled rules, and here, fact by fact.
type world struct {
	asOf      Day
	positive  bool // only orders above zero are purchases
	people    []person
	orders    []order
	lines     []line
	refunds   []refund
	contacts  []contact
	responses []response
}

type person struct {
	id                 string
	members            []int64
	first, last, birth *int
	orders             *float64
	clv, churn         *float64
	segment, city      *string
	consent            *bool
	tags               *string
	level, points      *string // attributes; since is a date
	since              *string
}

type order struct {
	id                    int
	member                int64
	day                   int
	counted               bool
	net                   float64
	channel, shop, coupon *string
}

type line struct {
	order   int
	product int // of goods()
	net     float64
}

type refund struct {
	member  int64
	day     int
	counted bool
	amount  float64
}

type contact struct {
	member                          int64
	day                             int
	kind, channel, topic, direction *string
	satisfaction, nps               *float64
}

type response struct {
	member   int64
	day      int
	event    string
	campaign int // of mailings()
	machine  *bool
}

// goods are id, name, category and brand.
func goods() [][4]string {
	return [][4]string{{"SKU-1", "龙井", "绿茶", "Mist"}, {"SKU-2", "Sencha 50%", "绿茶", "Other_One"}, {"sku-3", "Cup", "teaware", "Mist"}, {"X", "龙井", "Gift", ""}}
}

// mailings are id and name; the last has no name.
func mailings() [][2]string {
	return [][2]string{{"spring", "Spring sale"}, {"C-2", "双十一"}, {"C-3", "spring"}, {"C-4", ""}}
}

func makeWorld(seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 7))
	w := &world{asOf: Day(20_454 + r.IntN(500)), positive: seed%2 == 1} // from 2026-01-01 on
	switch seed {
	case 1:
		w.asOf = day(2027, 2, 26) // a year without 29 February
	case 2:
		w.asOf = day(2027, 12, 28)
	case 3:
		w.asOf = day(2028, 2, 28) // a year with one
	}
	when := func() int {
		if r.IntN(2) == 0 { // at the ends of windows
			return int(w.asOf) + 1 - 30*r.IntN(7) - r.IntN(3)
		}
		return int(w.asOf) + 10 - r.IntN(1+r.IntN(900)) // some after the day
	}
	for i := range 60 {
		p := person{id: fmt.Sprintf("C%02d", i), members: []int64{int64(i + 1)}}
		if r.IntN(4) == 0 {
			p.members = append(p.members, int64(1000+i))
		}
		if r.IntN(5) > 0 {
			last := int(w.asOf) - r.IntN(400)
			p.last, p.first = &last, some(last-r.IntN(3)*r.IntN(300))
			p.orders = some(float64(1 + r.IntN(5)))
			p.clv, p.churn = maybe(r, float64(r.IntN(12))*100), some(float64(r.IntN(5))/4)
			p.segment = some([]string{"At Risk", "Lost", "Champions"}[r.IntN(3)])
		}
		p.city = maybe(r, []string{"杭州", "上海", "Hangzhou", "HANGZHOU", "100%", "a_b", ""}[r.IntN(7)])
		p.birth = maybe(r, w.birth(r))
		p.consent = maybe(r, r.IntN(2) == 0)
		p.tags = maybe(r, []string{"VIP", "vip，Gold", "gold; 送礼", "a|b、VIP 2", "", "(x)", "V,IP"}[r.IntN(7)])
		p.level, p.points = maybe(r, []string{"gold", "Gold", "silver", "5"}[r.IntN(4)]), maybe(r, []string{"5", "12.5", "many", "-3", "NaN"}[r.IntN(5)])
		p.since = maybe(r, []string{"2025-06-01", "2026-02-28", "soon"}[r.IntN(3)])
		w.people = append(w.people, p)
	}
	member := func() int64 {
		p := w.people[r.IntN(50)] // ten have no facts
		return p.members[r.IntN(len(p.members))]
	}
	word := func(words ...string) *string { return maybe(r, words[r.IntN(len(words))]) }
	for i := range 300 {
		w.orders = append(w.orders, order{i, member(), when(), r.IntN(6) > 0, float64(r.IntN(8)-1) * 50, word("web", "Store"), word("旗舰店", "main"), word("VIP-1", "x")})
		for range r.IntN(3) {
			w.lines = append(w.lines, line{i, r.IntN(len(goods()) + 1), float64(r.IntN(5)) * 25})
		}
	}
	for range 80 {
		w.refunds = append(w.refunds, refund{member(), when(), r.IntN(6) > 0, float64(r.IntN(4)) * 25})
		w.contacts = append(w.contacts, contact{member(), when(), word("complaint", "Call"), word("phone", "店"), word("tea", "发货"), word("in", "out"),
			maybe(r, float64(1+r.IntN(5))), maybe(r, float64(r.IntN(11)))})
	}
	events := []string{"assigned", "sent", "delivered", "opened", "clicked", "converted", "unsubscribed", "bounced", "complained"}
	for range 300 {
		w.responses = append(w.responses, response{member(), when(), events[r.IntN(len(events))], r.IntN(len(mailings())), maybe(r, r.IntN(2) == 0)})
	}
	return w
}

func some[T any](v T) *T { return &v }

func maybe[T any](r *rand.Rand, v T) *T {
	if r.IntN(4) == 0 {
		return nil
	}
	return &v
}

// birth is a day of birth, often near the as-of day or at the end of February.
func (w *world) birth(r *rand.Rand) int {
	year := 1950 + r.IntN(60)
	switch t := w.asOf.Time(); r.IntN(4) {
	case 0:
		return int(DayOf(time.Date(1952+4*r.IntN(12), 2, 29, 0, 0, 0, 0, time.UTC)))
	case 1:
		return int(DayOf(time.Date(year, t.Month(), t.Day()+r.IntN(20)-9, 0, 0, 0, 0, time.UTC)))
	case 2:
		return int(DayOf(time.Date(year, 2, 28+r.IntN(2), 0, 0, 0, 0, time.UTC)))
	}
	return int(DayOf(time.Date(year, 1, 1+r.IntN(365), 0, 0, 0, 0, time.UTC)))
}

// sqlOf is a value as SQL; nil is NULL.
func sqlOf(v any) string {
	switch v := v.(type) {
	case *string:
		if v != nil {
			return duck.Literal(*v)
		}
	case *float64:
		if v != nil {
			return fmt.Sprintf("CAST(%v AS DOUBLE)", *v)
		}
	case *bool:
		if v != nil {
			return fmt.Sprint(*v)
		}
	case *int:
		if v != nil {
			return "DATE " + duck.Literal(Day(*v).String())
		}
	case string:
		return duck.Literal(v)
	default:
		return fmt.Sprint(v)
	}
	return "NULL"
}

func valuesOfRows[T any](list []T, row func(T) []any) string {
	parts := make([]string, len(list))
	for i, x := range list {
		var cells []string
		for _, v := range row(x) {
			cells = append(cells, sqlOf(v))
		}
		parts[i] = "(" + strings.Join(cells, ", ") + ")"
	}
	return strings.Join(parts, ", ")
}

// store puts the world into a new store, with its scores and customers as tables.
func (w *world) store(t testing.TB) (*duck.DB, *Engine) {
	t.Helper()
	ctx := context.Background()
	e := &Engine{Config: config.Default()}
	if w.positive {
		e.Config.Purchases = "positive"
	}
	db, err := duck.Open(ctx, "", duck.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := e.createStore(ctx, db); err != nil {
		t.Fatal(err)
	}
	type membership struct {
		member int64
		of     person
	}
	var members []membership
	for _, p := range w.people {
		for _, m := range p.members {
			members = append(members, membership{m, p})
		}
	}
	attributes := func(p person) *string {
		var parts []string
		for name, v := range map[string]*string{"level": p.level, "points": p.points, "since": p.since} {
			if v != nil {
				parts = append(parts, fmt.Sprintf("%q: %q", name, *v))
			}
		}
		if parts == nil {
			return nil
		}
		slices.Sort(parts)
		return some("{" + strings.Join(parts, ", ") + "}")
	}
	for _, s := range []string{
		"INSERT INTO identities VALUES " + valuesOfRows(members, func(m membership) []any {
			return []any{"", fmt.Sprint(m.member), m.member, m.of.id, m.of.members[0], "id"}
		}),
		"CREATE TEMP TABLE scores AS SELECT *, CASE WHEN clv > 300 THEN 'Big' END AS cluster FROM (VALUES " + valuesOfRows(w.people, func(p person) []any {
			return []any{p.id, p.first, p.last, p.orders, p.clv, p.churn, p.segment}
		}) + ") AS s(customer_id, first_order_on, last_order_on, orders, clv, churn_risk, rfm_segment)",
		"CREATE TABLE people AS SELECT * FROM (VALUES " + valuesOfRows(w.people, func(p person) []any {
			return []any{p.id, p.birth, p.city, p.consent, p.tags, attributes(p)}
		}) + ") AS p(customer_id, birth_date, city, email_consent, tags, attributes) WHERE customer_id <> 'C07'", // one of whom nothing is known
		"CREATE TABLE placed AS SELECT *, CAST(hash(channel, shop, coupon) >> 1 AS BIGINT) AS terms FROM (VALUES " + valuesOfRows(w.orders, func(o order) []any {
			return []any{fmt.Sprint("o", o.id), o.member, o.day, o.counted, o.net, o.channel, o.shop, o.coupon}
		}) + ") AS o(id, member, day, counted, net, channel, shop, coupon)",
		"INSERT INTO facts.terms SELECT DISTINCT terms, shop, channel, NULL, coupon, NULL FROM placed",
		`INSERT INTO facts.order_rows (order_id, member, ordered_at, ordered_day, counted, terms, net, content, batch_id, line)
			SELECT id, member, CAST(DATE '1970-01-01' + day AS TIMESTAMPTZ), day, counted, terms, net, 1, 1, 1 FROM placed`,
		`INSERT INTO facts.order_lines (source, order_id, line, product_id, net, told_by, version, batch_id, file_line)
			SELECT 's', 'o' || o, row_number() OVER (), CASE WHEN product <> '' THEN product END, net, 'order', 1, 1, 1 FROM (VALUES ` + valuesOfRows(w.lines, func(l line) []any {
			product := ""
			if l.product < len(goods()) {
				product = goods()[l.product][0]
			}
			return []any{l.order, product, l.net}
		}) + ") AS l(o, product, net)",
		`INSERT INTO batches (batch_id, kind, source, path, content_hash, mapping, read, accepted, duplicates, rejected, state, loaded_at, allow_rejects, header, platform)
			VALUES (1, 'orders', 's', 'o.csv', 'h', '', 0, 0, 0, 0, 'loaded', TIMESTAMPTZ '2024-07-15 00:00:00+00', false, '[]', '')`,
		"INSERT INTO facts.products (source, product_id, name, category, brand, content, batch_id, line) SELECT 's', id, name, category, nullif(brand, ''), 1, 1, 1 FROM (VALUES " +
			valuesOfRows(goods(), func(g [4]string) []any { return []any{g[0], g[1], g[2], g[3]} }) + ") AS g(id, name, category, brand)",
		"INSERT INTO facts.campaigns (source, campaign_id, name, content, batch_id, line) SELECT 's', id, nullif(name, ''), 1, 1, 1 FROM (VALUES " +
			valuesOfRows(mailings(), func(m [2]string) []any { return []any{m[0], m[1]} }) + ") AS m(id, name)",
		`INSERT INTO facts.settled_refunds (source, refund_id, member, refunded_at, refunded_on, refunded_day, amount, told_amount, told_by, counted, batch_id, line)
			SELECT 's', 'r', member, CAST(DATE '1970-01-01' + day AS TIMESTAMPTZ), DATE '1970-01-01' + day, day, amount, amount, 'row', counted, 1, 1 FROM (VALUES ` +
			valuesOfRows(w.refunds, func(r refund) []any { return []any{r.member, r.day, r.counted, r.amount} }) + ") AS r(member, day, counted, amount)",
		`INSERT INTO facts.interactions (source, interaction_id, member, occurred_at, occurred_on, occurred_day, kind, channel, topic, direction, satisfaction, nps, content, batch_id, line)
			SELECT 's', 'i', member, CAST(DATE '1970-01-01' + day AS TIMESTAMPTZ), DATE '1970-01-01' + day, day, kind, channel, topic, direction, satisfaction, nps, 1, 1, 1 FROM (VALUES ` +
			valuesOfRows(w.contacts, func(c contact) []any {
				return []any{c.member, c.day, c.kind, c.channel, c.topic, c.direction, c.satisfaction, c.nps}
			}) + ") AS c(member, day, kind, channel, topic, direction, satisfaction, nps)",
		`INSERT INTO facts.responses (source, response_id, campaign_id, member, occurred_at, occurred_on, occurred_day, event, machine, content, batch_id, line)
			SELECT 's', 'r', campaign, member, CAST(DATE '1970-01-01' + day AS TIMESTAMPTZ), DATE '1970-01-01' + day, day, event, machine, 1, 1, 1 FROM (VALUES ` +
			valuesOfRows(w.responses, func(r response) []any {
				return []any{r.member, r.day, r.event, mailings()[r.campaign][0], r.machine}
			}) + ") AS r(member, day, event, campaign, machine)",
	} {
		if err := db.Exec(ctx, s); err != nil {
			t.Fatalf("%v in %.200s", err, s)
		}
	}
	return db, e
}

// evaluator evaluates rules over the world. Its own segments are young and 熟客.
func (w *world) evaluator(t testing.TB) *evaluator {
	t.Helper()
	db, e := w.store(t)
	e.Config.Segments = []config.Own{{Name: "young", Rule: "age < 40 or birth_date is missing"}, {Name: "熟客", Rule: "orders in 365 days >= 2 and not segment 'young'"}}
	own, cat, err := e.ownRules()
	if err != nil {
		t.Fatal(err)
	}
	v := &evaluator{Engine: e, ctx: context.Background(), db: db, asOf: w.asOf, cat: cat, own: own, customers: "people", made: map[string]bool{}, sizes: map[string]int64{}}
	if err := v.begin(); err != nil {
		t.Fatal(err)
	}
	return v
}

// members are who DuckDB finds.
func (v *evaluator) members(rule *segment.Rule) ([]string, error) {
	c, err := v.compile(rule)
	if err != nil {
		return nil, err
	}
	t, err := v.db.Query(v.ctx, "SELECT c.customer_id FROM scores AS c WHERE "+c.SQL+" ORDER BY c.customer_id", c.Args...)
	if err != nil {
		return nil, fmt.Errorf("%w in %s", err, c.SQL)
	}
	return textsOf(t.Column("customer_id")), nil
}

// slow are who a rule chooses, found by looking at every fact for every condition.
func (w *world) slow(n segment.Node) []string {
	var out []string
	for _, p := range w.people {
		if w.holds(n, p) {
			out = append(out, p.id)
		}
	}
	return out
}

func (w *world) holds(n segment.Node, p person) bool {
	switch n := n.(type) {
	case segment.And:
		for _, of := range n.Of {
			if !w.holds(of, p) {
				return false
			}
		}
		return true
	case segment.Or:
		for _, of := range n.Of {
			if w.holds(of, p) {
				return true
			}
		}
		return false
	case segment.Not:
		return !w.holds(n.Of, p)
	case segment.InSegment:
		return slices.ContainsFunc(n.Names, func(name string) bool {
			switch name {
			case "young":
				return p.id == "C07" || p.birth == nil || w.age(*p.birth) < 40
			case "熟客":
				return w.count(p, "orders", nil, int(w.asOf)-364) >= 2 && p.id != "C07" && p.birth != nil && w.age(*p.birth) >= 40
			}
			return p.segment != nil && *p.segment == name
		})
	case segment.Birthday:
		if p.birth == nil || p.id == "C07" {
			return false
		}
		for i := 1; i <= n.Days; i++ {
			if celebrated(*p.birth, (w.asOf + Day(i)).Time()) {
				return true
			}
		}
		return false
	case segment.Test:
		return w.test(n, p)
	}
	panic(fmt.Sprintf("%T", n))
}

// celebrated reports whether the day is a birthday.
func celebrated(birth int, day time.Time) bool {
	b := Day(birth).Time()
	if b.Month() == 2 && b.Day() == 29 && day.AddDate(0, 0, 1).Day() == 1 && day.Month() == 2 {
		return true
	}
	return b.Month() == day.Month() && b.Day() == day.Day()
}

// age counts birthdays.
func (w *world) age(birth int) float64 {
	n, at := 0, Day(birth)
	for year := at.Time().Year() + 1; year <= w.asOf.Time().Year(); year++ {
		for d := DayOf(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)); d.Time().Year() == year && d <= w.asOf; d++ {
			if celebrated(birth, d.Time()) {
				n++
				break
			}
		}
	}
	return float64(n)
}

// quantity is what a test looks at: nil where it is missing; a float64, a string, an
// int for a day, a bool, or a []string of tags.
func (w *world) quantity(of segment.Operand, p person, n segment.Test) any {
	known := p.id != "C07"
	switch of := of.(type) {
	case segment.Column:
		switch of.Name {
		case "first_order_on":
			return deref(p.first)
		case "last_order_on":
			return deref(p.last)
		case "orders":
			if p.orders == nil && n.Op != segment.Missing && n.Op != segment.Known {
				return 0.0
			}
			return deref(p.orders)
		case "clv":
			return deref(p.clv)
		case "churn_risk":
			return deref(p.churn)
		case "rfm_segment":
			return deref(p.segment)
		}
		if !known {
			return nil
		}
		switch of.Name {
		case "city":
			return deref(p.city)
		case "email_consent":
			return deref(p.consent)
		case "birth_date":
			return deref(p.birth)
		case "age":
			if p.birth == nil {
				return nil
			}
			return w.age(*p.birth)
		}
	case segment.Attribute:
		v := map[string]*string{"level": p.level, "points": p.points, "since": p.since}[of.Name]
		if v == nil || !known {
			return nil
		}
		if len(n.Values) == 0 || n.Values[0].Kind == segment.TextValue {
			return *v
		}
		if n.Values[0].Kind == segment.NumberValue {
			var x float64
			if _, err := fmt.Sscanf(*v, "%g", &x); err != nil || *v == "NaN" {
				return nil
			}
			return x
		}
		d, err := ParseDay(*v)
		if err != nil {
			return nil
		}
		return int(d)
	case segment.Tag:
		if p.tags == nil || *p.tags == "" || !known {
			return nil
		}
		return splitTags(*p.tags)
	case segment.Window:
		return w.window(of, p)
	}
	panic(fmt.Sprintf("%T", of))
}

func deref[T any](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}

func (w *world) test(n segment.Test, p person) bool {
	q := w.quantity(n.Of, p, n)
	switch n.Op {
	case segment.Missing:
		return q == nil
	case segment.Known:
		return q != nil
	}
	if q == nil {
		return false
	}
	if tags, ok := q.([]string); ok {
		return slices.ContainsFunc(tags, func(tag string) bool { return w.compares(n, tag, p) })
	}
	return w.compares(n, q, p)
}

func (w *world) compares(n segment.Test, q any, p person) bool {
	if n.Op == segment.Holds {
		if truth, ok := q.(bool); ok {
			return truth
		}
		return q.(float64) > 0
	}
	var sides []int
	for _, v := range n.Values {
		side, ok := w.against(q, v, n.Op, p)
		if !ok {
			return false // the other side is missing
		}
		sides = append(sides, side)
	}
	switch n.Op {
	case segment.Equal, segment.Like:
		return sides[0] == 0
	case segment.Unequal, segment.NotLike:
		return sides[0] != 0
	case segment.Less:
		return sides[0] < 0
	case segment.AtMost:
		return sides[0] <= 0
	case segment.More:
		return sides[0] > 0
	case segment.AtLeast:
		return sides[0] >= 0
	case segment.In:
		return slices.Contains(sides, 0)
	case segment.NotIn:
		return !slices.Contains(sides, 0)
	case segment.Between:
		return sides[0] >= 0 && sides[1] <= 0
	case segment.NotBetween:
		return sides[0] < 0 || sides[1] > 0
	}
	panic(n.Op)
}

// against is below, at or above zero as a quantity is below, at or above a value.
func (w *world) against(q any, v segment.Value, op segment.Op, p person) (int, bool) {
	sign := func(d float64) int {
		switch {
		case d < 0:
			return -1
		case d > 0:
			return 1
		}
		return 0
	}
	switch q := q.(type) {
	case float64:
		return sign(q - v.Number), true
	case bool:
		if q == v.Truth {
			return 0, true
		}
		return 1, true
	case string:
		if op == segment.Like || op == segment.NotLike {
			pattern := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(v.Text))
			if regexp.MustCompile(`(?is)^` + pattern + `$`).MatchString(q) {
				return 0, true
			}
			return 1, true
		}
		return strings.Compare(strings.ToLower(q), strings.ToLower(v.Text)), true
	case int:
		if v.Kind == segment.ColumnValue {
			other := map[string]*int{"first_order_on": p.first, "last_order_on": p.last}[v.Text]
			if other == nil {
				return 0, false
			}
			return q - *other, true
		}
		return q - w.dayOf(v), true
	}
	panic(fmt.Sprintf("%T", q))
}

func (w *world) dayOf(v segment.Value) int {
	if v.Kind == segment.DayValue {
		return v.Day
	}
	return w.back(-v.N, v.Unit)
}

// back is the day so many units before the as-of day.
func (w *world) back(n int, unit segment.Unit) int {
	t := w.asOf.Time()
	switch unit {
	case segment.Weeks:
		return int(w.asOf) - 7*n
	case segment.Years:
		n *= 12
		fallthrough
	case segment.Months:
		for d := t.Day(); ; d-- { // the last day that the month has
			month := int(t.Month()) - n
			got := time.Date(t.Year(), time.Month(month), d, 0, 0, 0, 0, time.UTC)
			if got.Day() == d {
				return int(DayOf(got))
			}
		}
	}
	return int(w.asOf) - n
}

// window measures the facts of a person.
func (w *world) window(of segment.Window, p person) any {
	low, high := -1<<30, int(w.asOf)
	switch s := of.Span; {
	case s.N > 0:
		low = w.back(s.N, s.Unit) + 1
	case s.From != nil:
		low = w.dayOf(*s.From)
		if s.To != nil {
			high = min(high, w.dayOf(*s.To))
		}
	}
	in := func(member int64, day int) bool {
		return slices.Contains(p.members, member) && day >= low && day <= high
	}
	var sum float64
	var n int
	switch of.Measure {
	case "orders", "bought":
		return w.count(p, "orders", of.Filters, low, high)
	case "spend":
		return w.count(p, "spend", of.Filters, low, high)
	case "refunds", "refunded":
		for _, r := range w.refunds {
			if in(r.member, r.day) && r.counted {
				n++
				sum += r.amount
			}
		}
		if of.Measure == "refunded" {
			return sum
		}
		return float64(n)
	case "interactions", "satisfaction", "nps":
		for _, c := range w.contacts {
			if !in(c.member, c.day) || !all(of.Filters, map[string][]*string{"kind": {c.kind}, "channel": {c.channel}, "topic": {c.topic}, "direction": {c.direction}}) {
				continue
			}
			v := map[string]*float64{"interactions": some(0.0), "satisfaction": c.satisfaction, "nps": c.nps}[of.Measure]
			if v != nil {
				n++
				sum += *v
			}
		}
		switch {
		case of.Measure == "interactions":
			return float64(n)
		case n == 0:
			return nil
		}
		return sum / float64(n)
	}
	campaigns := map[int]bool{}
	for _, r := range w.responses {
		m := mailings()[r.campaign]
		if !in(r.member, r.day) || !all(of.Filters, map[string][]*string{"campaign": {&m[0], &m[1]}}) {
			continue
		}
		if of.Measure == "responses" {
			n++
			continue
		}
		byMachine := r.machine != nil && *r.machine
		switch of.Measure {
		case "opened", "clicked":
			if r.event == of.Measure && !byMachine {
				campaigns[r.campaign] = true
			}
		case "received":
			if r.event == "sent" || r.event == "delivered" {
				campaigns[r.campaign] = true
			}
		case r.event:
			campaigns[r.campaign] = true
		}
	}
	return float64(n + len(campaigns))
}

// count counts orders, or adds up what was spent.
func (w *world) count(p person, what string, filters []segment.Filter, days ...int) float64 {
	low, high := days[0], int(w.asOf)
	if len(days) > 1 {
		high = days[1]
	}
	ofLines := slices.ContainsFunc(filters, func(f segment.Filter) bool { return slices.Contains([]string{"category", "product", "brand"}, f.Noun) })
	total := 0.0
	for _, o := range w.orders {
		least := 0.0
		if w.positive {
			least = 0.0001
		}
		if !slices.Contains(p.members, o.member) || o.day < low || o.day > high || !o.counted || o.net < least {
			continue
		}
		told := map[string][]*string{"channel": {o.channel}, "shop": {o.shop}, "coupon": {o.coupon}}
		value, there := o.net, all(filters, told)
		if ofLines {
			value, there = 0, false
			for _, l := range w.lines {
				if l.order != o.id || l.product == len(goods()) {
					continue
				}
				g := goods()[l.product]
				told["product"], told["category"], told["brand"] = []*string{&g[0], &g[1]}, []*string{&g[2]}, []*string{&g[3]}
				if all(filters, told) {
					there = true
					value += l.net
				}
			}
		}
		switch {
		case !there:
		case what == "spend":
			total += value
		default:
			total++
		}
	}
	return total
}

// all reports whether all filters hold for what is told of a fact.
func all(filters []segment.Filter, told map[string][]*string) bool {
	for _, f := range filters {
		values, ok := told[f.Noun]
		if !ok {
			continue // of lines
		}
		if !slices.ContainsFunc(values, func(v *string) bool { return v != nil && *v != "" && matches(f, *v) }) {
			return false
		}
	}
	return true
}

func matches(f segment.Filter, v string) bool {
	if f.Op == segment.Like {
		pattern := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(f.Values[0]))
		return regexp.MustCompile(`(?is)^` + pattern + `$`).MatchString(v)
	}
	return slices.ContainsFunc(f.Values, func(s string) bool { return strings.EqualFold(s, v) })
}

// drawn makes random rules about the world.
type drawn struct {
	*rapid.T
	w *world
}

func (d drawn) one(of ...string) string { return rapid.SampledFrom(of).Draw(d.T, "word") }

func (d drawn) number(of ...float64) segment.Value {
	return segment.Value{Kind: segment.NumberValue, Number: rapid.SampledFrom(of).Draw(d.T, "number")}
}

func (d drawn) texts(of ...string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 1, min(3, len(of)), rapid.ID).Draw(d.T, "texts")
}

func (d drawn) day() segment.Value {
	if rapid.Bool().Draw(d.T, "as_of") {
		n := rapid.IntRange(-400, 20).Draw(d.T, "n")
		unit := segment.Unit(d.one("days", "weeks", "months", "years"))
		if unit != segment.Days {
			n /= 20
		}
		v := segment.Value{Kind: segment.AsOfValue, N: n, Unit: unit}
		if n == 0 {
			v.Unit = ""
		}
		return v
	}
	return segment.Value{Kind: segment.DayValue, Day: int(d.w.asOf) - rapid.IntRange(-20, 500).Draw(d.T, "ago")}
}

// rule draws a condition of at most so many levels.
func (d drawn) rule(depth int) segment.Node {
	shape := 0
	if depth > 0 {
		shape = rapid.IntRange(0, 4).Draw(d.T, "shape")
	}
	switch shape {
	case 1, 2:
		var list []segment.Node
		for range rapid.IntRange(2, 3).Draw(d.T, "parts") {
			n := d.rule(depth - 1)
			switch inner := n.(type) { // a list of the same sort would be part of this one
			case segment.And:
				if shape == 1 {
					n = inner.Of[0]
				}
			case segment.Or:
				if shape == 2 {
					n = inner.Of[0]
				}
			}
			list = append(list, n)
		}
		if shape == 1 {
			return segment.And{Of: list}
		}
		return segment.Or{Of: list}
	case 3:
		return segment.Not{Of: d.rule(depth - 1)}
	}
	return d.condition()
}

func (d drawn) condition() segment.Node {
	switch rapid.IntRange(0, 12).Draw(d.T, "condition") {
	case 0:
		return d.numbers(segment.Column{Name: d.one("clv", "orders", "age")}, 0, 1, 2, 3, 20, 40, 300, 500, 1100)
	case 1:
		return d.numbers(segment.Column{Name: "churn_risk"}, 0, 0.25, 0.5, 0.75, 1)
	case 2:
		return d.dates(segment.Column{Name: d.one("first_order_on", "last_order_on", "birth_date")})
	case 3:
		return segment.Test{Of: segment.Column{Name: "first_order_on"}, Op: segment.Op(d.one("=", "!=", "<", "<=")), Values: []segment.Value{{Kind: segment.ColumnValue, Text: "last_order_on"}}}
	case 4:
		return d.words(segment.Column{Name: d.one("city", "rfm_segment")}, "杭州", "hangzhou", "Hang*", "*a?k*", "100%", "a_b", "a?b", "Lost", "")
	case 5:
		if rapid.Bool().Draw(d.T, "compared") {
			return segment.Test{Of: segment.Column{Name: "email_consent"}, Op: segment.Op(d.one("=", "!=")), Values: []segment.Value{{Kind: segment.TruthValue, Truth: rapid.Bool().Draw(d.T, "truth")}}}
		}
		return segment.Test{Of: segment.Column{Name: "email_consent"}, Op: segment.Op(d.one("", "is missing", "is known"))}
	case 6:
		switch rapid.IntRange(0, 2).Draw(d.T, "attribute") {
		case 0:
			return d.words(segment.Attribute{Name: "level"}, "gold", "s*", "5", "none")
		case 1:
			return d.numbers(segment.Attribute{Name: "points"}, -3, 5, 12, 12.5)
		}
		return d.dates(segment.Attribute{Name: "since"})
	case 7:
		if op := segment.Op(d.one("=", "in", "like", "is missing", "is known")); op == segment.Missing || op == segment.Known {
			return segment.Test{Of: segment.Tag{}, Op: op}
		} else if values := textValues(d.texts("VIP", "gold", "送礼", "(x)", "V*", "vip ?", "a", "b")); op != segment.In || len(values) == 1 {
			if op == segment.In {
				op = segment.Equal
			}
			return segment.Test{Of: segment.Tag{}, Op: op, Values: values[:1]}
		} else {
			return segment.Test{Of: segment.Tag{}, Op: op, Values: values}
		}
	case 8:
		return segment.InSegment{Names: d.texts("At Risk", "Lost", "young", "熟客")}
	case 9:
		return segment.Birthday{Days: rapid.SampledFrom([]int{1, 2, 3, 7, 14, 60, 364, 365, 366, 500}).Draw(d.T, "days")}
	}
	return d.window()
}

// numbers is a test of a number.
func (d drawn) numbers(of segment.Operand, values ...float64) segment.Node {
	op := segment.Op(d.one("=", "!=", "<", "<=", ">", ">=", "in", "not in", "between", "not between", "is missing", "is known"))
	t := segment.Test{Of: of, Op: op}
	switch op {
	case segment.Missing, segment.Known:
	case segment.In, segment.NotIn:
		t.Values = []segment.Value{d.number(values...), d.number(values...)}
	case segment.Between, segment.NotBetween:
		t.Values = []segment.Value{d.number(values...), d.number(values...)}
		if t.Values[0].Number > t.Values[1].Number {
			t.Values[0], t.Values[1] = t.Values[1], t.Values[0]
		}
	default:
		t.Values = []segment.Value{d.number(values...)}
	}
	return t
}

func (d drawn) dates(of segment.Operand) segment.Node {
	op := segment.Op(d.one("=", "!=", "<", "<=", ">", ">=", "in", "between"))
	t := segment.Test{Of: of, Op: op, Values: []segment.Value{d.day()}}
	switch op {
	case segment.In:
		t.Values = append(t.Values, d.day())
	case segment.Between:
		t.Values[0] = segment.Value{Kind: segment.DayValue, Day: int(d.w.asOf) - 300}
		t.Values = append(t.Values, segment.Value{Kind: segment.AsOfValue})
	}
	return t
}

func (d drawn) words(of segment.Operand, texts ...string) segment.Node {
	op := segment.Op(d.one("=", "!=", "in", "not in", "like", "not like", "is missing", "is known"))
	t := segment.Test{Of: of, Op: op}
	switch op {
	case segment.Missing, segment.Known:
	case segment.In, segment.NotIn:
		t.Values = textValues(d.texts(texts...))
	default:
		t.Values = textValues(d.texts(texts...)[:1])
	}
	return t
}

func textValues(texts []string) []segment.Value {
	var out []segment.Value
	for _, s := range texts {
		out = append(out, segment.Value{Kind: segment.TextValue, Text: s})
	}
	return out
}

func (d drawn) window() segment.Node {
	nouns := map[string][]string{
		"category": {"绿茶", "Teaware", "*茶", "none"}, "product": {"SKU-1", "龙井", "sku-*", "*50%"}, "brand": {"mist", "Other_One", "Other?One", "o*"},
		"channel": {"web", "phone", "s*"}, "shop": {"旗舰店", "MAIN"}, "coupon": {"VIP-*", "x"},
		"kind": {"complaint", "call"}, "topic": {"tea", "发*"}, "direction": {"in"}, "campaign": {"spring", "Spring sale", "C-*", "双十一"},
	}
	measures := map[string][]string{
		"orders": {"category", "product", "brand", "channel", "shop", "coupon"}, "bought": {"category", "product"}, "spend": {"category", "brand", "channel"},
		"refunds": nil, "refunded": nil, "interactions": {"kind", "channel", "topic", "direction"}, "satisfaction": {"kind"}, "nps": {"topic"},
		"responses": {"campaign"}, "sent": {"campaign"}, "received": {"campaign"}, "opened": {"campaign"}, "clicked": {"campaign"}, "converted": {"campaign"}, "complained": {"campaign"},
	}
	var names []string
	for name := range measures {
		names = append(names, name)
	}
	slices.Sort(names)
	w := segment.Window{Measure: d.one(names...)}
	if known := measures[w.Measure]; known != nil {
		for range rapid.IntRange(0, 2).Draw(d.T, "filters") {
			f := segment.Filter{Noun: d.one(known...)}
			f.Values = d.texts(nouns[f.Noun]...)
			switch {
			case rapid.Bool().Draw(d.T, "like"):
				f.Op, f.Values = segment.Like, f.Values[:1]
			case len(f.Values) == 1:
				f.Op = segment.Equal
			default:
				f.Op = segment.In
			}
			w.Filters = append(w.Filters, f)
		}
	}
	spans := 4
	if w.Measure == "orders" && len(w.Filters) == 0 {
		spans = 2 // without days it would be the column
	}
	switch rapid.IntRange(0, spans).Draw(d.T, "span") {
	case 0, 1:
		w.Span.Unit = segment.Unit(d.one("days", "weeks", "months", "years"))
		w.Span.N = map[segment.Unit]int{segment.Days: 30, segment.Weeks: 5, segment.Months: 3, segment.Years: 1}[w.Span.Unit] * rapid.IntRange(1, 5).Draw(d.T, "n")
	case 2, 3:
		from := d.day()
		w.Span.From = &from
		if from.Kind == segment.DayValue && rapid.Bool().Draw(d.T, "until") {
			w.Span.To = &segment.Value{Kind: segment.DayValue, Day: from.Day + rapid.IntRange(0, 200).Draw(d.T, "days")}
		}
	}
	if counts := !slices.Contains([]string{"spend", "refunded", "satisfaction", "nps"}, w.Measure); counts && rapid.Bool().Draw(d.T, "holds") {
		return segment.Test{Of: w, Op: segment.Holds}
	}
	values := []float64{0, 1, 2, 3}
	switch w.Measure {
	case "spend", "refunded":
		values = []float64{0, 25, 50, 100, 300}
	case "satisfaction", "nps":
		values = []float64{0, 2, 3, 3.5, 5}
	}
	n := d.numbers(w, values...).(segment.Test)
	if (n.Op == segment.Missing || n.Op == segment.Known) && w.Measure != "satisfaction" && w.Measure != "nps" {
		n.Op, n.Values = segment.AtLeast, []segment.Value{d.number(values...)}
	}
	return n
}

var (
	worlds = flag.Int("worlds", 4, "worlds in which TestRulesAgainstFacts evaluates rules")
	parsed = flag.Int("parsed", 1000, "rules of which TestTablesOfRules has DuckDB parse the SQL")
)

// Whatever a rule is made of, DuckDB finds whom a look at every single fact finds.
func TestRulesAgainstFacts(t *testing.T) {
	t.Parallel()
	for seed := range *worlds {
		w := makeWorld(uint64(seed))
		v := w.evaluator(t)
		found := map[bool]int{}
		rapid.Check(t, func(r *rapid.T) {
			tree := drawn{r, w}.rule(3)
			text := (&segment.Rule{Root: tree}).String()
			rule, err := segment.Parse(text)
			if err != nil {
				r.Fatalf("%s: %v", text, err)
			}
			if rule.String() != text {
				r.Fatalf("%s is read as %s", text, rule)
			}
			got, err := v.members(rule)
			if err != nil {
				r.Fatalf("as of %v, %s: %v", w.asOf, text, err)
			}
			if want := w.slow(tree); !slices.Equal(got, want) {
				c, _ := v.compile(rule)
				r.Fatalf("as of %v, %s:\nfound %v\nnot   %v\n%s\n%v", w.asOf, text, got, want, c.SQL, c.Args)
			}
			found[len(got) > 0 && len(got) < len(w.people)]++
		})
		if found[true] < found[false]/4 {
			t.Errorf("only %d of %d rules tell customers apart: the test hardly tests", found[true], found[true]+found[false])
		}
	}
}

// DuckDB's own parser finds in compiled rules one SELECT each, of tables that rules
// may read, with no function that reads anything.
func TestTablesOfRules(t *testing.T) {
	w := makeWorld(1)
	v := w.evaluator(t)
	rules := rapid.Custom(func(r *rapid.T) segment.Node { return drawn{r, w}.rule(3) })
	const batch = 2000
	for from := 0; from < *parsed; from += batch {
		texts := textColumn("text")
		reads := map[string]bool{}
		for i := from; i < min(from+batch, *parsed); i++ {
			c, err := (&segment.Rule{Root: rules.Example(i)}).Compile(v.cat, int(w.asOf))
			if err != nil {
				t.Fatal(err)
			}
			texts.Texts.AppendString("SELECT c.customer_id FROM scores AS c WHERE " + c.SQL)
			for _, name := range c.Reads {
				reads[name] = true
			}
		}
		if err := v.db.LoadTable(v.ctx, "texts_of_rules", table.New(texts)); err != nil {
			t.Fatal(err)
		}
		found, err := v.db.Query(v.ctx, `WITH trees AS (SELECT json_serialize_sql(text) AS tree FROM texts_of_rules),
selections AS (
  SELECT 'error' AS what, text AS name FROM texts_of_rules WHERE json_extract_string(json_serialize_sql(text), '/error') <> 'false'
  UNION SELECT 'statements', CAST(tree AS VARCHAR) FROM trees WHERE json_array_length(tree, '/statements') <> 1
  UNION SELECT 'table function', CAST(tree AS VARCHAR) FROM trees WHERE list_contains(json_extract_string(tree, '$..type'), 'TABLE_FUNCTION')
  UNION SELECT 'table', unnest(list_transform(list_zip(json_extract_string(tree, '$..schema_name'), json_extract_string(tree, '$..table_name')),
    lambda t: CASE WHEN t[1] = '' THEN t[2] ELSE t[1] || '.' || t[2] END)) FROM trees
)
SELECT what, name FROM selections ORDER BY ALL`)
		if err != nil {
			t.Fatal(err)
		}
		for i := range found.Rows() {
			what, name := string(found.Column("what").Texts.At(i)), string(found.Column("name").Texts.At(i))
			if what != "table" || !reads[name] {
				t.Errorf("%s %s, not among %v", what, name, reads)
			}
		}
		for name := range reads {
			if !slices.Contains([]string{
				"scores", "identities", "bounds", "kept_orders", "kept_refunds", "products", "campaigns", segment.CustomersTable, segment.MembersTable,
				"facts.order_lines", "facts.placed_orders", "facts.interactions", "facts.responses",
			}, name) {
				t.Errorf("rules read %s", name)
			}
		}
	}
}

// Whatever a rule compares with a text, it is told when nothing is equal to it, and
// what there is instead.
func TestHints(t *testing.T) {
	v := makeWorld(1).evaluator(t)
	for text, want := range map[string]string{
		"city = '杭州' or city in ('hangzhou', '上海')": "",
		"city = 'Hangzou'":                                                           "no city is 'Hangzou': did you mean 'HANGZHOU', 'Hangzhou'?",
		"rfm_segment != 'Champion'":                                                  "no rfm_segment is 'Champion': did you mean 'Champions'?",
		"tag 'GOLD' and not tag 'gould'":                                             "no tag is 'gould': did you mean 'gold', 'Gold'?",
		"attribute.level = 'diamond'":                                                "no attribute level is 'diamond': there are 'gold', '5', 'silver', 'Gold'",
		"spend on category '茶' on brand 'mist' > 5":                                  "no category is '茶': did you mean '绿茶'?",
		"bought product '龙井' or bought product 'SKU1'":                               "no product is 'SKU1': did you mean 'SKU-1'?",
		"orders with shop 'mian' with channel 'WEB' with coupon 'X' > 1":             "no shop is 'mian': did you mean 'main'?",
		"interactions of kind 'cal' of topic 'tea' of direction 'IN' of channel '店'": "no kind is 'cal': did you mean 'Call'?",
		"opened campaign 'Spring sal' or sent campaign 'c-4'":                        "no campaign is 'Spring sal': did you mean 'Spring sale', 'spring'?",
		"segment 'BIG' of cluster":                                                   "",
		"segment 'Bgi' of cluster":                                                   "no cluster is 'Bgi': did you mean 'Big'?",
	} {
		rule, err := segment.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.members(rule); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		found, err := v.hints(rule)
		var hints []string
		for _, h := range found {
			hints = append(hints, h.En)
			if !strings.HasPrefix(h.Zh, "没有") {
				t.Errorf("%s: in Chinese %s", text, h.Zh)
			}
		}
		if err != nil || strings.Join(hints, "; ") != want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", text, err, strings.Join(hints, "; "), want)
		}
	}
}
