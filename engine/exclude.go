package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/models"
	"clientele/queries"
)

// Excluded is what one rule of the configuration leaves out of a run.
type Excluded struct {
	Rule      string  `json:"rule"`
	Kind      string  `json:"kind"`      // customers or orders
	Customers int64   `json:"customers"` // left out; of a rule on orders, those who placed them
	Orders    int64   `json:"orders"`
	Net       float64 `json:"net"` // of the orders that would count, in the reporting currency
}

// makeExclusions makes the temporary tables exclusions, excluded_orders,
// excluded_refunds and excluded_people from the rules, as of the day of bounds,
// and the views kept_orders, kept_order_rows (what purchases are made of) and
// kept_refunds of what is left. Without rules the
// views are the facts themselves, so that nobody pays for what is not used.
func makeExclusions(ctx context.Context, db *duck.DB, rules []config.Exclusion) error {
	if err := db.Statements(ctx, exclusionsSQL); err != nil {
		return err
	}
	if len(rules) == 0 {
		return db.Statements(ctx, keepAllSQL)
	}
	x := excluder{ctx, db}
	var orders, customers []config.Exclusion
	for i, rule := range rules {
		kind := "customers"
		if len(rule.Orders) > 0 {
			kind = "orders"
			orders = append(orders, rule)
		} else {
			customers = append(customers, rule)
		}
		err := db.Exec(ctx, "INSERT INTO exclusions VALUES ($position, $rule, $kind)",
			sql.Named("position", i), sql.Named("rule", rule.Name), sql.Named("kind", kind))
		if err != nil {
			return err
		}
	}
	if err := x.orders(orders); err != nil {
		return err
	}
	if err := x.customers(customers); err != nil {
		return err
	}
	for _, made := range [][2]string{
		{"TABLE excluded_refunds", "exclude/refunds"}, {"VIEW kept_orders", "exclude/kept_orders"}, {"VIEW kept_refunds", "exclude/kept_refunds"},
	} {
		if err := db.Exec(ctx, "CREATE OR REPLACE TEMP "+made[0]+" AS "+queries.Get(made[1]).SQL); err != nil {
			return err
		}
	}
	return db.Exec(ctx, "CREATE OR REPLACE TEMP VIEW kept_order_rows AS SELECT member, ordered_day, counted, net FROM kept_orders")
}

// leaveOut is makeExclusions as of the last day that has facts.
func (e *Engine) leaveOut(ctx context.Context, db *duck.DB) error {
	day, err := e.resolveAsOf(ctx, db, "latest")
	if err != nil && !errors.Is(err, ErrNoFacts) {
		return err
	}
	if err := makeBounds(ctx, db, e.Config, day); err != nil {
		return err
	}
	return makeExclusions(ctx, db, e.Config.Exclude)
}

const exclusionsSQL = `CREATE OR REPLACE TEMP TABLE exclusions (position INTEGER NOT NULL, rule VARCHAR NOT NULL, kind VARCHAR NOT NULL);
CREATE OR REPLACE TEMP TABLE excluded_orders (source VARCHAR NOT NULL, order_id VARCHAR NOT NULL, below_zero BOOLEAN NOT NULL, rule VARCHAR NOT NULL);
CREATE OR REPLACE TEMP TABLE excluded_people (person BIGINT NOT NULL, rule VARCHAR NOT NULL);`

const keepAllSQL = `CREATE OR REPLACE TEMP VIEW kept_orders AS SELECT * FROM facts.orders;
CREATE OR REPLACE TEMP VIEW kept_order_rows AS SELECT member, ordered_day, counted, net FROM facts.order_rows;
CREATE OR REPLACE TEMP VIEW kept_refunds AS SELECT * FROM facts.settled_refunds;`

// excluder evaluates rules. Conditions are compared with folded texts. SQL can
// fold plain ASCII only, so it finds what may match, and what is not plain ASCII
// comes here.
type excluder struct {
	ctx context.Context
	db  *duck.DB
}

// orders fills excluded_orders.
func (x excluder) orders(rules []config.Exclusion) error {
	if len(rules) == 0 {
		return nil
	}
	if err := x.hold(rules); err != nil {
		return err
	}
	for _, rule := range rules {
		args := []any{sql.Named("rule", rule.Name)}
		for _, column := range append(config.OrderColumns(), "net_above", "net_below") {
			args = append(args, sql.Named(column, orderArgument(column, rule.Orders[column])))
		}
		err := x.db.Exec(x.ctx, "INSERT INTO excluded_orders "+queries.Get("exclude/orders").SQL, args...)
		if err != nil {
			return fmt.Errorf("exclude %s: %w", rule.Name, err)
		}
	}
	return nil
}

// orderArgument is a condition as exclude/orders takes it; nil without one.
func orderArgument(column string, values []string) any {
	switch {
	case len(values) == 0:
		return nil
	case column == "net_above" || column == "net_below":
		return values[0]
	}
	return matching(values).pattern
}

// hold makes the temporary table held: the values of orders that a condition
// holds for and that its pattern alone would not find.
func (x excluder) hold(rules []config.Exclusion) error {
	held := []*table.Column{textColumn("rule"), textColumn("name"), textColumn("value")}
	for _, column := range config.OrderColumns() {
		all := valuesOf(rules, column, func(r config.Exclusion) map[string][]string { return r.Orders })
		if len(all) == 0 {
			continue
		}
		candidates, err := x.candidates("exclude/order_values", column, all)
		if err != nil {
			return err
		}
		for _, rule := range rules {
			if len(rule.Orders[column]) == 0 {
				continue
			}
			m := matching(rule.Orders[column])
			for i := range candidates.Rows() {
				value := string(candidates.Column("value").Texts.At(i))
				if m.match(value) {
					for c, word := range []string{rule.Name, column, value} {
						held[c].Texts.AppendString(word)
					}
				}
			}
		}
	}
	return x.db.LoadTable(x.ctx, "held", table.New(held...))
}

// customers fills excluded_people.
func (x excluder) customers(rules []config.Exclusion) error {
	var columns []string
	for _, rule := range rules {
		columns = slices.AppendSeq(columns, maps.Keys(rule.Customers))
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	conditions := make([]map[int64]int, len(rules)) // by person: how many conditions of the rule hold
	for i := range rules {
		conditions[i] = map[int64]int{}
	}
	for _, column := range columns {
		all := valuesOf(rules, column, func(r config.Exclusion) map[string][]string { return r.Customers })
		candidates, err := x.candidates(customerQuery(column), column, all)
		if err != nil {
			return err
		}
		for i, rule := range rules {
			if len(rule.Customers[column]) > 0 {
				countMatches(conditions[i], candidates, matching(rule.Customers[column]), column == "tags")
			}
		}
	}
	person, name := table.NewColumn(table.Field{Name: "person", Kind: table.Int}, 0), textColumn("rule")
	for i, rule := range rules {
		for _, p := range slices.Sorted(maps.Keys(conditions[i])) {
			if conditions[i][p] == len(rule.Customers) {
				person.Ints = append(person.Ints, p)
				name.Texts.AppendString(rule.Name)
			}
		}
	}
	if err := x.db.LoadTable(x.ctx, "excluded", table.New(person, name)); err != nil {
		return err
	}
	return x.db.Exec(x.ctx, "INSERT INTO excluded_people SELECT person, rule FROM excluded")
}

// countMatches counts each person once who has a value that matches.
func countMatches(counts map[int64]int, candidates *table.Table, m matcher, list bool) {
	people, values := candidates.Column("person").Ints, candidates.Column("value").Texts
	known := map[string]bool{} // many people share a city
	counted := map[int64]bool{}
	for i, person := range people {
		value := string(values.At(i))
		matches, seen := known[value]
		if !seen {
			matches = m.match(value) || list && slices.ContainsFunc(splitTags(value), m.match)
			known[value] = matches
		}
		if matches && !counted[person] {
			counted[person] = true
			counts[person]++
		}
	}
}

// splitTags cuts a text of several tags into them.
func splitTags(text string) []string {
	tags := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;|，；、\n", r) })
	for i, tag := range tags {
		tags[i] = strings.TrimSpace(tag)
	}
	return tags
}

// customerQuery is the query that lists customers with the values of a column.
func customerQuery(column string) string {
	switch column {
	case "customer_id":
		return "exclude/customer_ids"
	case "name", "email", "phone":
		return "exclude/contacts"
	}
	return "exclude/attributes"
}

// candidates runs a query for the values of a column that may match one of the
// words and globs.
func (x excluder) candidates(query, column string, values []string) (*table.Table, error) {
	m := matching(values)
	words := textColumn("word")
	for _, word := range slices.Sorted(maps.Keys(m.words)) {
		words.Texts.AppendString(word)
	}
	if err := x.db.LoadTable(x.ctx, "words", table.New(words)); err != nil {
		return nil, err
	}
	attribute := strings.TrimPrefix(column, "attribute.")
	args := map[string]string{
		"column": column, "pattern": m.pattern,
		"pointer": "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(attribute),
	}
	var used []any
	text := queries.Get(query).SQL
	for _, name := range slices.Sorted(maps.Keys(args)) {
		if strings.Contains(text, "$"+name) {
			used = append(used, sql.Named(name, args[name]))
		}
	}
	t, err := x.db.Query(x.ctx, text, used...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	return t, nil
}

// valuesOf are the values that any of the rules names for a column.
func valuesOf(rules []config.Exclusion, column string, conditions func(config.Exclusion) map[string][]string) []string {
	var all []string
	for _, rule := range rules {
		all = append(all, conditions(rule)[column]...)
	}
	return all
}

// matcher tells whether a text is one of some words or matches one of some globs.
type matcher struct {
	words   map[string]bool // folded, without * and ?
	pattern string          // of the globs, for folded texts, in the syntax that Go and DuckDB share
	globs   *regexp.Regexp
}

// matching makes a matcher of words and globs, in which * is any text and ? one
// character. Words are kept apart because a list of them may be long.
func matching(values []string) matcher {
	m := matcher{words: map[string]bool{}}
	var globs []string
	for _, v := range values {
		v = fold(v)
		if strings.ContainsAny(v, "*?") {
			globs = append(globs, v)
		} else {
			m.words[v] = true
		}
	}
	m.pattern = anyGlob(globs)
	m.globs = regexp.MustCompile(m.pattern)
	return m
}

func (m matcher) match(value string) bool {
	value = fold(value)
	return m.words[value] || m.globs.MatchString(value)
}

// anyGlob is a regular expression for the texts that match one of the globs as a
// whole.
func anyGlob(globs []string) string {
	if len(globs) == 0 {
		return `.\A` // matches nothing
	}
	meaning := strings.NewReplacer(`\*`, ".*", `\?`, ".")
	patterns := make([]string, len(globs))
	for i, glob := range globs {
		patterns[i] = meaning.Replace(regexp.QuoteMeta(glob))
	}
	return `(?s)\A(?:` + strings.Join(patterns, "|") + `)\z`
}

// fold makes texts equal that differ in capitals, width or other compatibility
// forms. Of plain ASCII it makes small letters, as lower does in SQL. By way of
// capitals, since some letters have two small forms.
func fold(text string) string {
	return norm.NFKC.String(strings.ToLower(strings.ToUpper(norm.NFKC.String(text))))
}

// excluded are the numbers of each rule; makeExclusions has run.
func excluded(ctx context.Context, db *duck.DB) ([]Excluded, error) {
	t, err := db.Query(ctx, queries.Get("report/exclusions").SQL)
	if err != nil {
		return nil, err
	}
	var list []Excluded
	for i := range t.Rows() {
		list = append(list, Excluded{
			Rule: string(t.Column("rule").Texts.At(i)), Kind: string(t.Column("kind").Texts.At(i)),
			Customers: t.Ints("customers")[i], Orders: t.Ints("orders")[i], Net: float64(t.Column("net").Ints[i]) / 1e4,
		})
	}
	return list, nil
}

// exclusionWarnings say what each rule leaves out, so that nobody wonders where
// a customer is.
func exclusionWarnings(list []Excluded) []models.Warning {
	var out []models.Warning
	for _, x := range list {
		switch {
		case x.Customers == 0 && x.Orders == 0:
			out = append(out, models.Warning{Code: "rule_leaves_out_nothing",
				En: fmt.Sprintf("Rule %q of exclude matches nothing.", x.Rule),
				Zh: fmt.Sprintf("exclude 规则“%s”没有匹配到任何数据。", x.Rule)})
		case x.Kind == "orders":
			out = append(out, models.Warning{Code: "left_out",
				En: fmt.Sprintf("Rule %q of exclude leaves out orders: %d, of %d customers, net %.2f.", x.Rule, x.Orders, x.Customers, x.Net),
				Zh: fmt.Sprintf("exclude 规则“%s”排除了 %d 笔订单（%d 位客户，净额 %.2f）。", x.Rule, x.Orders, x.Customers, x.Net)})
		default:
			out = append(out, models.Warning{Code: "left_out",
				En: fmt.Sprintf("Rule %q of exclude leaves out customers: %d, with %d orders, net %.2f.", x.Rule, x.Customers, x.Orders, x.Net),
				Zh: fmt.Sprintf("exclude 规则“%s”排除了 %d 位客户（%d 笔订单，净额 %.2f）。", x.Rule, x.Customers, x.Orders, x.Net)})
		}
	}
	return out
}
