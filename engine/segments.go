package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/segment"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models"
	"clientele/models/lifecycle"
	"clientele/models/rfm"
	"clientele/queries"
)

// OwnScheme is the scheme of the segments that the configuration makes by rules.
const OwnScheme = "own"

// customerColumns are the columns of customers that rules may name.
const customerColumns = `gender VARCHAR, birth_date DATE, country VARCHAR, region VARCHAR, city VARCHAR, postcode VARCHAR, acquired_on DATE,
  acquired_channel VARCHAR, referrer_id VARCHAR, email_consent BOOLEAN, sms_consent BOOLEAN, tags VARCHAR`

// RuleGuide is the language of rules on one page, in English (en) or Chinese (zh).
func RuleGuide(lang string) string { return segment.Guide(lang) }

// RuleNames is what rules of this workspace may name, with its meaning in a
// language, en or zh. Attributes are those of the current run.
func (e *Engine) RuleNames(ctx context.Context, lang string) (*table.Table, error) {
	_, cat, err := e.ownRules()
	if err != nil {
		return nil, err
	}
	run, err := e.current("")
	if errors.Is(err, errNoRun) {
		return cat.Names(lang), nil
	}
	if err != nil {
		return nil, err
	}
	err = e.read(ctx, func(db *duck.DB) error {
		v, err := e.evaluatorOf(ctx, db, run)
		if err != nil {
			return err
		}
		err = v.listAttributes()
		cat = v.cat
		return err
	})
	return cat.Names(lang), err
}

// catalogue is what rules may name, but for own segments.
func (e *Engine) catalogue() (segment.Catalogue, error) {
	specs, err := e.scoreFields()
	if err != nil {
		return segment.Catalogue{}, err
	}
	var cat segment.Catalogue
	for _, name := range strings.Split(emptyViews()["scores"], ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(name), " ")
		if name == "as_of" { // a word of the language
			continue
		}
		f := specs[name]
		cat.Columns = append(cat.Columns, segment.ColumnInfo{
			Name: name, Kind: columnKind(kind), Unit: f.Unit, En: f.Doc, Zh: f.DocZh, Zero: name == "orders",
		})
	}
	meanings, err := dictionaryEntries()
	if err != nil {
		return cat, err
	}
	for _, name := range strings.Split(customerColumns, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(name), " ")
		m := meanings[[2]string{"customers", name}]
		cat.Columns = append(cat.Columns, segment.ColumnInfo{Name: name, Kind: columnKind(kind), Unit: m.Unit, En: m.En, Zh: m.Zh, Table: segment.Customers})
	}
	for _, s := range []struct {
		scheme, column string
		names          []rfm.Name
	}{
		{"rfm " + e.Config.RFM.Scheme, "rfm_segment", RFM(e.Config).Names()},
		{"rfm cn8", "rfm_cell", rfm.Names("cn8")},
		{"lifecycle", "lifecycle_stage", stageNames()},
		{"churn band", "churn_band", nil},
	} {
		if s.column == "rfm_cell" && e.Config.RFM.Scheme == "cn8" {
			continue // the same names as those of rfm_segment
		}
		for _, label := range specs[s.column].Labels {
			cat.Segments = append(cat.Segments, segment.Named{Scheme: s.scheme, Name: label, Column: s.column, Also: alsoKnown(label, s.names)})
		}
	}
	if e.Config.Clusters.Method != "none" {
		cat.Open = []segment.Named{{Scheme: "cluster", Column: "cluster"}}
	}
	return cat, nil
}

// scoreFields are the columns of scores as those who write them describe them.
func (e *Engine) scoreFields() (map[string]table.Field, error) {
	meanings, err := dictionaryEntries()
	if err != nil {
		return nil, err
	}
	out := map[string]table.Field{}
	for _, name := range scoreColumns() {
		m := meanings[[2]string{"scores", name}]
		out[name] = table.Field{Name: name, Unit: m.Unit, Doc: m.En, DocZh: m.Zh}
	}
	for _, m := range Models(e.Config, 0, learned{family: family(e.Config.Models.Purchase)}) {
		for _, f := range m.Spec().Out {
			out[f.Name] = f
		}
	}
	return out, nil
}

func columnKind(sqlType string) segment.Kind {
	switch sqlType {
	case "VARCHAR":
		return segment.Text
	case "DATE":
		return segment.Date
	case "BOOLEAN":
		return segment.Truth
	}
	return segment.Number
}

func stageNames() []rfm.Name {
	var out []rfm.Name
	for _, n := range lifecycle.Names() {
		out = append(out, rfm.Name{Key: n.Key, En: n.En, Zh: n.Zh})
	}
	return out
}

// alsoKnown are the names under which people see the segment of a label.
func alsoKnown(label string, names []rfm.Name) []string {
	i := slices.IndexFunc(names, func(n rfm.Name) bool { return n.Key == label })
	if i < 0 {
		return nil
	}
	return []string{names[i].En, names[i].Zh}
}

// ownRule is a segment of the configuration with its rule read.
type ownRule struct {
	config.Own
	rule *segment.Rule
}

// ownRules reads and checks the rules of the configuration, and returns what rules
// may name: a rule may name segments that stand before it.
func (e *Engine) ownRules() ([]ownRule, segment.Catalogue, error) {
	cat, err := e.catalogue()
	if err != nil {
		return nil, cat, err
	}
	var list []ownRule
	for i, own := range e.Config.Segments {
		at := fmt.Sprintf("%s: segments[%d]", workspace.ConfigName, i)
		for _, s := range cat.Segments {
			if strings.EqualFold(s.Name, own.Name) && s.Scheme != OwnScheme {
				return nil, cat, fmt.Errorf("%s.name: %q: is a segment of %s already", at, own.Name, s.Scheme)
			}
		}
		rule, err := segment.Parse(own.Rule)
		if err == nil {
			err = rule.Check(cat)
		}
		if err != nil {
			return nil, cat, fmt.Errorf("%s.rule (%s): %w", at, own.Name, err)
		}
		list = append(list, ownRule{own, rule})
		cat.Segments = append(cat.Segments, segment.Named{Scheme: OwnScheme, Name: own.Name})
	}
	return list, cat, nil
}

// evaluator runs compiled rules over the scores of one day. What they read beside
// them is made when the first rule needs it.
type evaluator struct {
	*Engine
	ctx       context.Context
	db        *duck.DB
	asOf      Day
	cat       segment.Catalogue
	own       []ownRule
	customers string          // SQL of what is known of customers as of the day
	made      map[string]bool // what is there
	sizes     map[string]int64
}

// Parts that an evaluator makes.
const (
	madeCustomers = "customers"
	madeFacts     = "facts" // the bounds of the day, and the facts that rules of the configuration keep
)

// evaluator is one for a run under way: scores, bounds and kept facts are there.
func (r *run) evaluator(own []ownRule, cat segment.Catalogue) (*evaluator, error) {
	v := &evaluator{
		Engine: r.Engine, ctx: r.ctx, db: r.db, asOf: r.asOf, cat: cat, own: own, sizes: map[string]int64{},
		customers: "customers_as_of(DATE " + duck.Literal(r.asOf.String()) + ")", made: map[string]bool{madeFacts: true},
	}
	return v, v.begin()
}

// evaluatorOf is one for a finished run: it makes scores a view of that run alone.
func (e *Engine) evaluatorOf(ctx context.Context, db *duck.DB, run workspace.Run) (*evaluator, error) {
	day, err := ParseDay(run.AsOf)
	if err != nil {
		return nil, err
	}
	own, cat, err := e.ownRules()
	if err != nil {
		return nil, err
	}
	v := &evaluator{
		Engine: e, ctx: ctx, db: db, asOf: day, cat: cat, own: own, sizes: map[string]int64{}, made: map[string]bool{},
		customers: "read_parquet(" + duck.Literal(filepath.Join(run.Dir, "customers.parquet")) + ")",
	}
	if err := v.viewScores(filepath.Join(run.Dir, "scores.parquet")); err != nil {
		return nil, fmt.Errorf("scores as of %s: %w", run.AsOf, err)
	}
	return v, v.begin()
}

func (v *evaluator) begin() error {
	return v.db.Exec(v.ctx, "CREATE OR REPLACE TEMP TABLE "+segment.MembersTable+" (segment VARCHAR NOT NULL, customer_id VARCHAR NOT NULL)")
}

// viewScores makes scores a view of one file. Runs of earlier versions have fewer
// columns.
func (v *evaluator) viewScores(path string) error {
	source := "read_parquet(" + duck.Literal(path) + ")"
	t, err := v.db.Query(v.ctx, "SELECT column_name FROM (DESCRIBE SELECT * FROM "+source+")")
	if err != nil {
		return err
	}
	var there []string
	for i := range t.Rows() {
		there = append(there, string(t.Column("column_name").Texts.At(i)))
	}
	var columns []string
	for _, c := range strings.Split(emptyViews()["scores"], ",") {
		if name, _, _ := strings.Cut(strings.TrimSpace(c), " "); slices.Contains(there, name) {
			columns = append(columns, duck.Identifier(name))
		} else {
			columns = append(columns, nothing(c))
		}
	}
	return v.db.Exec(v.ctx, "CREATE OR REPLACE TEMP VIEW scores AS SELECT "+strings.Join(columns, ", ")+" FROM "+source)
}

// compile makes SQL of a rule and what the SQL reads.
func (v *evaluator) compile(rule *segment.Rule) (segment.Compiled, error) {
	c, err := rule.Compile(v.cat, int(v.asOf))
	if err != nil {
		return c, err
	}
	if slices.Contains(c.Reads, segment.CustomersTable) {
		if err := v.makeCustomers(); err != nil {
			return c, fmt.Errorf("customers: %w", err)
		}
	}
	if slices.Contains(c.Reads, "bounds") || slices.Contains(c.Reads, "kept_refunds") {
		if err := v.makeFacts(); err != nil {
			return c, err
		}
	}
	for _, name := range c.Own {
		if err := v.evaluate(name); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (v *evaluator) makeCustomers() error {
	if v.made[madeCustomers] {
		return nil
	}
	v.made[madeCustomers] = true
	kind := "VIEW"
	if v.made[madeFacts] { // a run asks for them once for all its rules
		kind = "TABLE"
	}
	return v.db.Exec(v.ctx, "CREATE OR REPLACE TEMP "+kind+" "+segment.CustomersTable+" AS SELECT * FROM "+v.customers)
}

func (v *evaluator) makeFacts() error {
	if v.made[madeFacts] {
		return nil
	}
	v.made[madeFacts] = true
	if err := makeBounds(v.ctx, v.db, v.Config, v.asOf); err != nil {
		return err
	}
	return makeExclusions(v.ctx, v.db, v.Config.Exclude)
}

// evaluate puts the members of an own segment into own_members, once.
func (v *evaluator) evaluate(name string) error {
	if _, ok := v.sizes[name]; ok {
		return nil
	}
	i := slices.IndexFunc(v.own, func(o ownRule) bool { return o.Name == name })
	c, err := v.compile(v.own[i].rule)
	if err != nil {
		return err
	}
	v.sizes[name], err = v.db.Affected(v.ctx, "INSERT INTO "+segment.MembersTable+" SELECT $segment, c.customer_id FROM scores AS c WHERE "+c.SQL,
		append(c.Args, sql.Named("segment", name))...)
	if err != nil {
		return fmt.Errorf("segment %q: %w", name, err)
	}
	return nil
}

// stageOwn makes the temporary table own_members of all segments of the
// configuration, and says which of them are nobody or everybody.
func (r *run) stageOwn() error {
	defer r.stage("evaluate segments", int64(len(r.own)))()
	v, err := r.evaluator(r.own, r.names)
	if err != nil {
		return err
	}
	for _, own := range r.own {
		if err := v.evaluate(own.Name); err != nil {
			return err
		}
		r.warnings = append(r.warnings, sizeWarning(own.Name, v.sizes[own.Name], int64(r.table.Rows()))...)
	}
	return r.readOwn()
}

// sizeWarning says that a segment tells nobody from anybody.
func sizeWarning(name string, size, of int64) []models.Warning {
	switch {
	case of == 0:
	case size == 0:
		return []models.Warning{{Code: "segment_empty",
			En: fmt.Sprintf("Nobody is in segment %q: clientele segment preview shows what its rule chooses.", name),
			Zh: fmt.Sprintf("客群“%s”中没有客户：可用 clientele segment preview 查看其规则选出的客户。", name)}}
	case size == of:
		return []models.Warning{{Code: "segment_everybody",
			En: fmt.Sprintf("Everybody is in segment %q: its rule leaves nobody out.", name),
			Zh: fmt.Sprintf("客群“%s”包含全部客户：其规则没有排除任何人。", name)}}
	}
	return nil
}

// Preview is what a rule would choose.
type Preview struct {
	AsOf      string
	Rule      string       // in its canonical form
	Totals    *table.Table // one row
	Customers *table.Table // the most valuable first
	// Conditions are the parts of a rule that chooses nobody, and how many customers
	// each alone chooses; nil for other rules.
	Conditions *table.Table
	Hints      []Sentence // about texts of the rule that nothing is equal to
}

// Preview says who a rule chooses in a run, of the current one when asOf is empty,
// and what they are worth. Own segments that it names are those of today's
// configuration. limit bounds the customers; 0 is no bound.
func (e *Engine) Preview(ctx context.Context, asOf, text string, limit int) (Preview, error) {
	rule, err := segment.Parse(text)
	if err != nil {
		return Preview{}, err
	}
	run, err := e.current(asOf)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{AsOf: run.AsOf, Rule: rule.String()}
	err = e.read(ctx, func(db *duck.DB) error {
		v, err := e.evaluatorOf(ctx, db, run)
		if err != nil {
			return err
		}
		if err := v.knowAttributes(rule); err != nil {
			return fmt.Errorf("attributes: %w", err)
		}
		with, args, err := v.chosen(rule)
		if err != nil {
			return err
		}
		if p.Totals, err = db.Query(ctx, with+queries.Get("segment/preview").SQL, args...); err != nil {
			return err
		}
		p.Customers, err = db.Query(ctx, with+queries.Get("segment/preview_customers").SQL, append(args, sql.Named("limit", limit))...)
		if err == nil && p.Totals.Ints("customers")[0] == 0 {
			p.Conditions, err = v.conditions(rule)
		}
		if err == nil {
			p.Hints, err = v.hints(rule)
		}
		return err
	})
	return p, err
}

const (
	mostHints  = 20   // texts of a rule that are looked for
	mostValues = 2000 // the most frequent ones, among which something like a text is looked for
	shownOther = 8    // of them, where nothing is like it
)

// hints say which texts of a rule nothing is equal to, and what there is instead.
func (v *evaluator) hints(rule *segment.Rule) ([]Sentence, error) {
	asked := rule.Asked(v.cat)
	var out []Sentence
	for _, a := range asked[:min(len(asked), mostHints)] {
		if a.Table == segment.Customers {
			if err := v.makeCustomers(); err != nil {
				return nil, err
			}
		}
		var known bool
		err := v.db.Row(v.ctx, []any{&known}, "SELECT EXISTS (SELECT 1 FROM ("+a.Values+") WHERE lower(trim(value)) = lower(trim($text)))", append(a.Args, sql.Named("text", a.Text))...)
		if err != nil {
			return nil, fmt.Errorf("values of %s: %w", a.Name, err)
		}
		if known {
			continue
		}
		t, err := v.db.Query(v.ctx, fmt.Sprintf("SELECT value FROM (%s) WHERE value <> '' GROUP BY value ORDER BY count(*) DESC, value LIMIT %d", a.Values, mostValues), a.Args...)
		if err != nil {
			return nil, fmt.Errorf("values of %s: %w", a.Name, err)
		}
		en, zh := a.Hint(textsOf(t.Column("value")), shownOther)
		out = append(out, Sentence{Code: "no_such_value", En: en, Zh: zh})
	}
	return out, nil
}

func textsOf(c *table.Column) []string {
	out := make([]string, c.Len())
	for i := range out {
		out[i] = string(c.Texts.At(i))
	}
	return out
}

// conditions counts whom each condition of a rule that joins several by and chooses
// alone; nil for a rule that does not.
func (v *evaluator) conditions(rule *segment.Rule) (*table.Table, error) {
	parts := rule.Parts()
	if len(parts) < 2 {
		return nil, nil
	}
	condition, customers := textColumn("condition"), table.NewColumn(table.Field{Name: "customers", Kind: table.Int}, 0)
	for _, part := range parts {
		c, err := v.compile(part)
		if err != nil {
			return nil, err
		}
		var n int64
		if err := v.db.Row(v.ctx, []any{&n}, "SELECT count(*) FROM scores AS c WHERE "+c.SQL, c.Args...); err != nil {
			return nil, err
		}
		condition.Texts.AppendString(part.String())
		customers.Ints = append(customers.Ints, n)
	}
	return table.New(condition, customers), nil
}

// chosen is what stands before a query that reads chosen, the rows of scores for
// which a rule holds. A rule that asks for more than scores is evaluated once, into
// a table of the columns that previews show.
func (v *evaluator) chosen(rule *segment.Rule) (with string, args []any, err error) {
	c, err := v.compile(rule)
	if err != nil {
		return "", nil, err
	}
	if len(c.Reads) == 1 {
		return "WITH chosen AS NOT MATERIALIZED (SELECT c.* FROM scores AS c WHERE " + c.SQL + ")\n", c.Args, nil
	}
	var columns []string
	for _, column := range queries.Get("segment/preview_customers").Gives {
		columns = append(columns, "c."+duck.Identifier(column.Name))
	}
	err = v.db.Exec(v.ctx, "CREATE OR REPLACE TEMP TABLE chosen AS SELECT "+strings.Join(columns, ", ")+" FROM scores AS c WHERE "+c.SQL, c.Args...)
	return "", nil, err
}

// knowAttributes lists the attributes that any customer has, where one of those
// that a rule names is not among them: to list them is dear.
func (v *evaluator) knowAttributes(rule *segment.Rule) error {
	for _, name := range rule.Attributes() {
		if err := v.makeCustomers(); err != nil {
			return err
		}
		var known bool
		err := v.db.Row(v.ctx, []any{&known}, "SELECT EXISTS (SELECT 1 FROM "+segment.CustomersTable+" WHERE json_extract_string(attributes, $pointer) IS NOT NULL)",
			sql.Named("pointer", segment.Pointer(name)))
		if err != nil {
			return err
		}
		if !known {
			return v.listAttributes()
		}
	}
	return nil
}

func (v *evaluator) listAttributes() error {
	if err := v.makeCustomers(); err != nil {
		return err
	}
	t, err := v.db.Query(v.ctx, "SELECT DISTINCT unnest(json_keys(attributes)) AS name FROM "+segment.CustomersTable+" WHERE attributes IS NOT NULL ORDER BY name")
	if err != nil {
		return err
	}
	v.cat.Attributes = append([]string{}, textsOf(t.Column("name"))...)
	return nil
}

// OwnSegment is a segment of the configuration and its size in a run.
type OwnSegment struct {
	Name, Rule string
	Customers  int64
	Of         int64 // all customers of the run
}

// Fault is what is odd about the segment's size: nobody, everybody, or nothing.
func (s OwnSegment) Fault() string {
	switch {
	case s.Of == 0:
		return ""
	case s.Customers == 0:
		return "nobody"
	case s.Customers == s.Of:
		return "everybody"
	}
	return ""
}

// CheckOwn reads the rules of the configuration and evaluates them in the current
// run. Where no run is published sizes are 0 of 0.
func (e *Engine) CheckOwn(ctx context.Context) ([]OwnSegment, error) {
	own, _, err := e.ownRules()
	if err != nil || len(own) == 0 {
		return nil, err
	}
	list := make([]OwnSegment, len(own))
	for i, o := range own {
		list[i] = OwnSegment{Name: o.Name, Rule: o.rule.String()}
	}
	run, err := e.current("")
	if errors.Is(err, errNoRun) {
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	err = e.read(ctx, func(db *duck.DB) error {
		v, err := e.evaluatorOf(ctx, db, run)
		if err != nil {
			return err
		}
		var all int64
		if err := db.Row(ctx, []any{&all}, "SELECT count(*) FROM scores"); err != nil {
			return err
		}
		for i, o := range own {
			if err := v.evaluate(o.Name); err != nil {
				return err
			}
			list[i].Customers, list[i].Of = v.sizes[o.Name], all
		}
		return nil
	})
	return list, err
}
