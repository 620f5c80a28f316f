package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/report"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/queries"
)

// CheckResult is what one check found.
type CheckResult struct {
	Name     string `json:"name"`
	Table    string `json:"table"`    // what it looks at
	Column   string `json:"column"`   // empty where it looks at more than one
	Severity string `json:"severity"` // SeverityError or SeverityWarning
	Failed   int64  `json:"failed"`   // rows that are wrong
	Example  string `json:"example"`  // the first of them: column=value, column=value
}

// What a failed check means: an error that the results cannot be trusted, a
// warning that somebody should look.
const (
	SeverityError   = "error"
	SeverityWarning = "warning"
)

// Checked is what all checks found, those of the program first.
type Checked []CheckResult

// Failed are the checks that found wrong rows.
func (c Checked) Failed() Checked {
	var failed Checked
	for _, r := range c {
		if r.Failed > 0 {
			failed = append(failed, r)
		}
	}
	return failed
}

// Err is ErrChecks when a check of severity error found wrong rows.
func (c Checked) Err() error {
	if slices.ContainsFunc(c, func(r CheckResult) bool { return r.Failed > 0 && r.Severity == SeverityError }) {
		return ErrChecks
	}
	return nil
}

// ErrChecks says that checks of severity error found wrong rows.
var ErrChecks = errors.New("checks failed")

// Check runs the checks of the program and those of the configuration over the
// whole store. The error is ErrChecks when one of severity error found rows.
func (e *Engine) Check(ctx context.Context) (Checked, error) { return e.checkAgain(ctx, nil) }

// checkAgain is Check, without running what is known to find nothing.
func (e *Engine) checkAgain(ctx context.Context, known *recheck) (Checked, error) {
	all, err := e.checks(ctx)
	if err != nil {
		return nil, err
	}
	var out Checked
	err = e.read(ctx, func(db *duck.DB) error {
		defer e.stage("check the facts", 0)()
		for _, c := range all {
			clean, err := known.clean(ctx, db, c.Name)
			if err == nil && !clean {
				err = c.run(ctx, db, e.mostHashes())
			}
			if err != nil {
				return fmt.Errorf("check %s: %w", c.Name, err)
			}
			out = append(out, c.CheckResult)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, out.Err()
}

// CheckDetails are the rows that a check finds wrong. limit bounds them; 0 is no
// bound.
func (e *Engine) CheckDetails(ctx context.Context, name string, limit int) (t *table.Table, err error) {
	all, err := e.checks(ctx)
	if err != nil {
		return nil, err
	}
	err = e.read(ctx, func(db *duck.DB) error {
		var known []string
		for _, c := range all {
			if c.Name == name {
				t, err = c.rows(ctx, db, limit)
				return err
			}
			known = append(known, c.Name)
		}
		hint, err := nearest(ctx, db, name, known)
		if err != nil {
			return err
		}
		return fmt.Errorf("no check %q: %s", name, hint)
	})
	return t, err
}

// check is one check, ready to run: SQL that gives the rows that are wrong, with
// the values that it names.
type check struct {
	CheckResult
	query string
	args  []any
	keys  string // of a check of keys: a query of the columns place and h, hashes of them that all differ where nothing is wrong
}

// keyHashes are the hashes that checks of the program look at before they compare
// keys as they are written: where all differ, no key stands twice. place is where a row
// is in its table. Customer ids are right where those of the members that stand for a
// person differ, the members too, and every other identity has the id of its person's:
// one that has not is told twice.
func keyHashes() map[string]string {
	return map[string]string{
		"order_keys": "SELECT o.rowid AS place, hash(b.source, o.order_id) >> 1 AS h FROM facts.order_rows AS o JOIN batches AS b ON o.batch_id = b.batch_id WHERE o.net >= 0",
		"line_keys":  "SELECT rowid AS place, hash(source, order_id, line) >> 1 AS h FROM facts.order_lines",
		"customer_ids": `SELECT rowid AS place, hash(customer_id) >> 1 AS h FROM identities WHERE person = member
UNION ALL SELECT rowid, hash(member, 'member') >> 1 FROM identities WHERE person = member
UNION ALL SELECT i.rowid, CAST(0 AS UBIGINT) FROM identities AS i, range(2)
  WHERE i.person <> i.member AND NOT EXISTS (SELECT 1 FROM identities AS p WHERE p.member = i.person AND p.person = p.member AND p.customer_id = i.customer_id)`,
	}
}

// orderIDs are the hashes of the keys of orders where all are of one source: ids that
// differ are keys that differ.
const orderIDs = "SELECT rowid AS place, hash(order_id) >> 1 AS h FROM facts.order_rows WHERE net >= 0"

// hashes are the hashes of the check's keys, as a store needs them.
func (c *check) hashes(ctx context.Context, db *duck.DB) (string, error) {
	if c.Name != "order_keys" {
		return c.keys, nil
	}
	var sources int
	if err := db.Row(ctx, []any{&sources}, "SELECT count(DISTINCT source) FROM batches WHERE kind = 'orders'"); err != nil || sources != 1 {
		return c.keys, err
	}
	return orderIDs, nil
}

// mostHashes are the hashes that are held in memory at once, 8 bytes each: a twentieth of
// the memory. Of eight times as many it can be told whether they differ, as their places
// take twice that and the hashes are read again; of more, in so many parts.
func (e *Engine) mostHashes() int64 {
	const most = 1 << 24
	if m := int64(e.Config.Resources.Memory); m > 0 {
		return min(m/20/8, most)
	}
	return most
}

// keysDiffer reports whether the hashes that a query gives are all different. Without
// a query it does not know, and that is false. Of more than eight times most, which would
// take too much memory, equal ones are looked for in one part of them after the other.
func keysDiffer(ctx context.Context, db *duck.DB, query string, most int64) (bool, error) {
	if query == "" {
		return false, nil
	}
	var n, end int64
	if err := db.Row(ctx, []any{&n, &end}, "SELECT count(*), coalesce(max(place) + 1, 0) FROM ("+query+") AS k"); err != nil {
		return false, err
	}
	most = max(most, 1)
	parts := max(1, (n+8*most-1)/(8*most))
	for part := range parts {
		if differ, err := partDiffers(ctx, db, keyPart{query, part, parts, end}, n/parts, most); !differ || err != nil {
			return false, err
		}
	}
	return true, nil
}

// keyPart is one of so many parts of the hashes that a query gives, of the places before
// end.
type keyPart struct {
	query       string
	part, parts int64
	end         int64
}

// each calls fn with the hashes of the part, some at a time.
func (k keyPart) each(ctx context.Context, db *duck.DB, most int64, fn func(hashes []int64)) error {
	query := "SELECT h FROM (" + k.query + ") AS k WHERE place >= $from AND place < $to"
	if k.parts > 1 { // the lowest bits give the places that hashes take
		query += fmt.Sprintf(" AND (h >> 32) %% %d = %d", k.parts, k.part)
	}
	for from := int64(0); from < k.end; from += most { // what a query gives stays in memory until the last of it is read
		err := db.Chunks(ctx, query, func(t *table.Table) error {
			fn(t.Ints("h"))
			return nil
		}, sql.Named("from", from), sql.Named("to", from+most))
		if err != nil {
			return err
		}
	}
	return nil
}

// partDiffers reports whether about n hashes, of a part, are all different. Each takes one
// of a number of places: those that share theirs with none differ from all others, so that
// only the few that share one are compared.
func partDiffers(ctx context.Context, db *duck.DB, k keyPart, n, most int64) (bool, error) {
	each := func(fn func(hashes []int64)) error { return k.each(ctx, db, most, fn) }
	seen, shared := newMarks(n, most), newMarks(n, most)
	var held, doubtful []int64
	if n <= most {
		held = make([]int64, 0, n)
	}
	err := each(func(hashes []int64) {
		for _, h := range hashes {
			if seen.take(h) {
				shared.take(h)
			}
		}
		if n <= most {
			held = append(held, hashes...)
		}
	})
	if err != nil {
		return false, err
	}
	pick := func(hashes []int64) {
		for _, h := range hashes {
			if shared.taken(h) && int64(len(doubtful)) <= most {
				doubtful = append(doubtful, h)
			}
		}
	}
	if n <= most {
		pick(held)
	} else if err := each(pick); err != nil {
		return false, err
	}
	if int64(len(doubtful)) > most {
		return false, nil
	}
	slices.Sort(doubtful)
	return len(slices.Compact(doubtful)) == len(doubtful), nil
}

// marks are bits that numbers of 63 bits take by their lowest bits.
type marks struct {
	bits []uint64
	mask int64
}

// newMarks makes sixteen places or more for each of n hashes, while that is no more than
// 64 for each of most.
func newMarks(n, most int64) marks {
	size := int64(1 << 10)
	for size < 16*n && 2*size <= 64*most {
		size *= 2
	}
	return marks{make([]uint64, size/64), size - 1}
}

// take takes the place of a number, and reports whether it was taken.
func (p marks) take(h int64) bool {
	word, bit := &p.bits[h&p.mask>>6], uint64(1)<<(h&63)
	was := *word&bit != 0
	*word |= bit
	return was
}

func (p marks) taken(h int64) bool { return p.bits[h&p.mask>>6]>>(h&63)&1 != 0 }

// run counts the rows that are wrong, and shows one; most is mostHashes.
func (c *check) run(ctx context.Context, db *duck.DB, most int64) error {
	keys, err := c.hashes(ctx, db)
	if err != nil {
		return err
	}
	if clean, err := keysDiffer(ctx, db, keys, most); clean || err != nil {
		return err
	}
	if err := db.Row(ctx, []any{&c.Failed}, "SELECT count(*) FROM (\n"+c.query+"\n) AS wrong", c.args...); err != nil || c.Failed == 0 {
		return err
	}
	first, err := c.rows(ctx, db, 1)
	if err != nil {
		return err
	}
	c.Example = example(first)
	return nil
}

func (c *check) rows(ctx context.Context, db *duck.DB, limit int) (*table.Table, error) {
	if limit == 0 {
		return db.Query(ctx, c.query, c.args...)
	}
	return db.Query(ctx, "FROM (\n"+c.query+"\n) AS wrong LIMIT $limit", append(slices.Clone(c.args), sql.Named("limit", limit))...)
}

// maxExample is how many characters of a value an example shows.
const maxExample = 60

// example is the first row of a table as people read it.
func example(t *table.Table) string {
	var parts []string
	for _, c := range t.Columns() {
		value := []rune(report.Exact(c, 0, nil))
		if len(value) > maxExample {
			value = append(value[:maxExample], '…')
		}
		parts = append(parts, c.Name+"="+string(value))
	}
	return strings.Join(parts, ", ")
}

// checks are all checks, in the order in which they run. A configured one that
// names what the store has not is an error.
func (e *Engine) checks(ctx context.Context) ([]*check, error) {
	var all []*check
	hashes := keyHashes()
	for _, q := range queries.List("check") {
		all = append(all, &check{query: q.SQL, keys: hashes[q.Base()], CheckResult: CheckResult{Name: q.Base(), Table: briefly(q.Reads), Severity: q.Severity}})
	}
	if len(e.Config.Checks) == 0 {
		return all, nil
	}
	zone, err := e.zone()
	if err != nil {
		return nil, err
	}
	schema, err := openSchema(ctx)
	if err != nil {
		return nil, err
	}
	defer schema.Close()
	for i, c := range e.Config.Checks {
		own := ownCheck{Check: c, key: fmt.Sprintf("%s: checks[%d]", e.path(workspace.ConfigName), i), db: schema, today: DayOf(e.Now.In(zone))}
		if slices.ContainsFunc(all, func(other *check) bool { return other.Name == c.Name }) {
			return nil, fmt.Errorf("%s.name: %q: a check of the program has this name", own.key, c.Name)
		}
		ready, err := own.compile(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, ready)
	}
	return all, nil
}

// briefly lists the tables that a check reads, by the names that people query; of
// many the first two.
func briefly(tables []string) string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = strings.TrimPrefix(t, "facts.")
	}
	if more := len(names) - 2; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:2], ", "), more)
	}
	return strings.Join(names, ", ")
}

// openSchema opens the tables and views of a store without any facts: columns
// can be looked up before anything is loaded.
func openSchema(ctx context.Context) (*duck.DB, error) {
	db, err := duck.Open(ctx, "", duck.Options{Threads: 1})
	if err != nil {
		return nil, err
	}
	for _, q := range queries.List("schema") {
		if err := db.Statements(ctx, q.SQL); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", q.Name, err), db.Close())
		}
	}
	return db, nil
}

// ownCheck is a check of the configuration on its way to SQL. Names of tables
// and columns are looked up and quoted, values are bound: nothing that somebody
// wrote becomes part of the text.
type ownCheck struct {
	config.Check
	key   string // where it stands, for messages
	db    *duck.DB
	today Day

	columns map[string]string // of the table: their types
	args    []any
}

// identifying are the columns that say which row of a table is meant, and where
// the row came from, as far as the table has them.
func identifying(name string) []string {
	keys := map[string][]string{
		"orders":       {"source", "order_id", "customer_id", "ordered_on", "batch_id", "line"},
		"order_lines":  {"source", "order_id", "line", "product_id", "batch_id", "file_line"},
		"refunds":      {"source", "refund_id", "order_id", "refunded_on", "batch_id", "line"},
		"interactions": {"source", "interaction_id", "customer_id", "occurred_on", "batch_id", "line"},
		"responses":    {"source", "response_id", "campaign_id", "customer_id", "occurred_on", "batch_id", "line"},
		"campaigns":    {"campaign_id", "source"},
		"products":     {"product_id"},
		"identities":   {"id_space", "source_customer_id", "customer_id"},
		"texts":        {"source", "interaction_id"},
	}
	if own, ok := keys[name]; ok {
		return own
	}
	return []string{"customer_id"}
}

func (o *ownCheck) compile(ctx context.Context) (*check, error) {
	var err error
	if o.columns, err = columnsOf(ctx, o.db, o.Table); err != nil {
		return nil, err
	}
	if o.Column != "" {
		if err := o.known(ctx, "column", o.Table, o.columns, o.Column); err != nil {
			return nil, err
		}
	}
	if err := o.checkTypes(); err != nil {
		return nil, err
	}
	query, err := o.query(ctx)
	if err != nil {
		return nil, err
	}
	return &check{query: query, args: o.args, CheckResult: CheckResult{Name: o.Name, Table: o.Table, Column: o.Column, Severity: o.Severity}}, nil
}

// columnsOf are the columns of a table or view and their types.
func columnsOf(ctx context.Context, db *duck.DB, name string) (map[string]string, error) {
	t, err := db.Query(ctx, "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = $name", sql.Named("name", name))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i := range t.Rows() {
		out[textAt(t.Column("column_name"), i)] = textAt(t.Column("data_type"), i)
	}
	return out, nil
}

// known looks a column up and names the nearest when the table has none of the
// name.
func (o *ownCheck) known(ctx context.Context, setting, table string, columns map[string]string, name string) error {
	if _, ok := columns[name]; ok {
		return nil
	}
	hint, err := nearest(ctx, o.db, name, slices.Sorted(maps.Keys(columns)))
	if err != nil {
		return err
	}
	return fmt.Errorf("%s.%s: %q: %s has no such column: %s", o.key, setting, name, table, hint)
}

// checkTypes refuses rules that mean nothing for the type of the column.
func (o *ownCheck) checkTypes() error {
	kind := o.columns[o.Column]
	switch o.Rule() {
	case "min":
		for _, numeric := range []string{"DECIMAL", "DOUBLE", "INTEGER", "BIGINT"} {
			if strings.HasPrefix(kind, numeric) {
				return nil
			}
		}
		return fmt.Errorf("%s.column: %q: min and max are for numbers, and this is %s", o.key, o.Column, kind)
	case "fresh_days":
		if kind != "DATE" && !strings.HasPrefix(kind, "TIMESTAMP") {
			return fmt.Errorf("%s.column: %q: fresh_days is for days and times, and this is %s", o.key, o.Column, kind)
		}
	}
	return nil
}

// bind adds a value and returns what stands for it in the SQL.
func (o *ownCheck) bind(value any) string {
	name := fmt.Sprintf("value_%d", len(o.args)+1)
	o.args = append(o.args, sql.Named(name, value))
	return "$" + name
}

func (o *ownCheck) bindAll(values []string) string {
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = o.bind(v)
	}
	return strings.Join(marks, ", ")
}

func (o *ownCheck) query(ctx context.Context) (string, error) {
	if o.Rule() == "volume" {
		return o.volume(ctx)
	}
	where, err := o.where(ctx, o.Table, o.columns)
	if err != nil {
		return "", err
	}
	column, from := "t."+duck.Identifier(o.Column), " FROM "+duck.Identifier(o.Table)+" AS t"
	text := "CAST(" + column + " AS VARCHAR)"
	given := column + " IS NOT NULL"
	switch o.Rule() {
	case "unique":
		return "SELECT " + column + ", count(*) AS rows" + from + conditions(given, where) + " GROUP BY 1 HAVING count(*) > 1 ORDER BY 1", nil
	case "fresh_days":
		oldest := o.bind((o.today - Day(*o.FreshDays)).String())
		return "SELECT max(CAST(" + column + " AS DATE)) AS newest, CAST(" + oldest + " AS DATE) AS needed" + from + conditions(where) +
			" HAVING newest IS NULL OR newest < needed", nil
	case "references":
		table, referred, _ := strings.Cut(o.References, ".")
		columns, err := columnsOf(ctx, o.db, table)
		if err == nil {
			err = o.known(ctx, "references", table, columns, referred)
		}
		if err != nil {
			return "", err
		}
		return o.selection(from+" ANTI JOIN "+duck.Identifier(table)+" AS r ON "+text+" = CAST(r."+duck.Identifier(referred)+" AS VARCHAR)", given, where), nil
	}
	return o.selection(from, o.wrong(column, text), where), nil
}

// wrong is the condition under which a row is wrong by itself.
func (o *ownCheck) wrong(column, text string) string {
	switch o.Rule() {
	case "in":
		return text + " NOT IN (" + o.bindAll(o.In) + ")"
	case "matches":
		var parts []string
		for _, glob := range o.Matches {
			parts = append(parts, text+" GLOB "+o.bind(glob))
		}
		return "NOT (" + strings.Join(parts, " OR ") + ")"
	case "min":
		var parts []string
		if o.Min != nil {
			parts = append(parts, column+" < "+o.bind(*o.Min))
		}
		if o.Max != nil {
			parts = append(parts, column+" > "+o.bind(*o.Max))
		}
		return "(" + strings.Join(parts, " OR ") + ")"
	}
	return column + " IS NULL"
}

// selection gives of the wrong rows what identifies them and the column.
func (o *ownCheck) selection(from string, where ...string) string {
	var names []string
	for _, name := range identifying(o.Table) {
		if _, ok := o.columns[name]; ok {
			names = append(names, "t."+duck.Identifier(name))
		}
	}
	order := slices.Clone(names)
	if !slices.Contains(identifying(o.Table), o.Column) {
		names = append(names, "t."+duck.Identifier(o.Column))
	}
	return "SELECT " + strings.Join(names, ", ") + from + conditions(where...) + " ORDER BY " + strings.Join(order, ", ")
}

// where is the condition of a check's own where, empty where it has none.
func (o *ownCheck) where(ctx context.Context, table string, columns map[string]string) (string, error) {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(o.Where)) {
		if err := o.known(ctx, "where", table, columns, name); err != nil {
			return "", err
		}
		parts = append(parts, "CAST(t."+duck.Identifier(name)+" AS VARCHAR) IN ("+o.bindAll(o.Where[name])+")")
	}
	return strings.Join(parts, " AND "), nil
}

// conditions joins those that are not empty.
func conditions(list ...string) string {
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" })
	if len(list) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(list, " AND ")
}

// volume compares the newest load of each source with its usual loads.
func (o *ownCheck) volume(ctx context.Context) (string, error) {
	kind := kindOfTable(o.Table)
	if kind == "" {
		return "", fmt.Errorf("%s.table: %q: no files are loaded into it by themselves: volume is for %s", o.key, o.Table, strings.Join(loadedTables(), ", "))
	}
	where, err := o.where(ctx, "a load", map[string]string{"source": "VARCHAR"})
	if err != nil {
		return "", err
	}
	o.args = append(o.args, sql.Named("kind", kind), sql.Named("share", *o.Volume))
	return "SELECT * FROM (\n" + queries.Get("rule/volume").SQL + "\n) AS t" + conditions(where) + " ORDER BY source", nil
}

// kindOfTable is the kind of the files that fill a table, empty where none do.
func kindOfTable(name string) string {
	if !slices.Contains(loadedTables(), name) {
		return ""
	}
	return strings.ReplaceAll(name, "_", "-")
}

// loadedTables are the tables that files are loaded into.
func loadedTables() []string {
	var out []string
	for _, kind := range config.Kinds() {
		out = append(out, strings.ReplaceAll(kind, "-", "_"))
	}
	return out
}
