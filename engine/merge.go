package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/ingest"
	"clientele/queries"
)

// refusal is a file whose facts are not stored.
type refusal struct{ reason string }

func (r *refusal) Error() string { return r.reason }

// merge is the loading of one file. Its rows are appended to the store under the
// number of its batch; what they mean beside earlier ones is settled once all
// files are in (settle.go).
type merge struct {
	*writer
	ctx     context.Context
	source  config.Source
	file    *ingest.File
	fold    *ingest.Fold
	mapping string
	loaded  *Loaded
	rejects []ingest.Reject
	staged  bool // stage_rejects is there

	watermark    func() string // of a database: the greatest value read; nil: none
	allowRejects bool
	items        bool // an orders file with one row per line item

	refused  *refusal // found while its rows were read
	unfit    error    // an unreadable, likewise
	inserted bool     // rows of the batch are in the store
}

// load reads a file of its own into the store.
func (m *merge) load() error {
	g := &group{writer: m.writer, ctx: m.ctx, files: []*merge{m}}
	if m.direct() {
		return g.load()
	}
	if err := m.describe(); !errors.As(err, &m.refused) && err != nil {
		return err
	}
	if err := m.stage(g); err != nil {
		return err
	}
	if m.refused == nil && m.unfit == nil {
		if err := m.widen(); err != nil {
			return err
		}
		if err := m.transaction(m.ctx, m.insertStaged); !errors.As(err, &m.refused) && err != nil {
			return err
		}
	}
	return g.finish()
}

// direct reports whether each row is a fact of its own, so that the rows can go
// into their table as they are read. Others are staged: lines are put together
// to orders, and facts without ids are numbered.
func (m *merge) direct() bool {
	switch m.source.Kind {
	case "order-lines":
		return false
	case "orders":
		return m.file.HasID && !m.names("product_id", "article", "items", "quantity")
	case "customers":
		return true
	}
	return m.file.HasID
}

// late are the notes that the file has at its end only.
func (m *merge) late() []string {
	return slices.DeleteFunc(slices.Clone(m.file.Notes), func(n string) bool { return slices.Contains(m.loaded.Notes, n) })
}

// tooManyRejects refuses a file with more bad rows than the limit.
func (m *merge) tooManyRejects() *refusal {
	limit, n := m.Config.Rejects.Limit, len(m.rejects)
	if m.file.Source != nil { // a platform that conceals who they are is not a bad file
		nobody := 0
		for _, r := range m.rejects {
			if r.Reason == ingest.ReasonNobody {
				nobody++
			}
		}
		if n -= nobody; nobody > 0 {
			m.loaded.Notes = append(m.loaded.Notes, fmt.Sprintf("rows that name nobody, which are rejects and do not count against the limit: %d", nobody))
		}
	}
	share := float64(n) / float64(max(m.loaded.Read, 1))
	if share <= limit || m.allowRejects {
		return nil
	}
	return &refusal{fmt.Sprintf("%d of %d rows (%.3g %%) are bad, more than the limit of %.3g %%%s, so none of them is loaded: see clientele rejects %d, or load the rest with --allow-rejects",
		n, m.loaded.Read, share*100, limit*100, m.mostly(), m.loaded.Batch)}
}

// mostly names the column and the reason of most rejects: a column whose type
// changed shows here.
func (m *merge) mostly() string {
	type fault struct{ column, reason string }
	count := map[fault]int{}
	var most fault
	for _, r := range m.rejects {
		f := fault{r.Column, r.Reason}
		if count[f]++; count[f] > count[most] {
			most = f
		}
	}
	if most.column == "" || count[most]*2 < len(m.rejects) {
		return ""
	}
	return fmt.Sprintf(" (column %s: %s, %d times)", most.column, most.reason, count[most])
}

// stage streams the file's rows into the temporary table stage_rows.
func (m *merge) stage(g *group) error {
	first := true
	return g.stream(func() error {
		statement := "INSERT INTO stage_rows SELECT " + m.selection() + " FROM incoming_rows"
		if first {
			statement = "CREATE OR REPLACE TEMP TABLE stage_rows AS SELECT " + m.selection() + " FROM incoming_rows"
		}
		first = false
		return m.db.Exec(m.ctx, statement)
	})
}

// selection is every column, the id of the kind under the name id.
func (m *merge) selection() string {
	if id := idColumn(m.source.Kind); id != "" && m.names(id) {
		return "* RENAME (" + duck.Identifier(id) + " AS id)"
	}
	return "*"
}

// rows makes stage, a view of the rows given with every canonical column of the kind.
func (m *merge) rows(selection, from string) error {
	if err := m.db.Exec(m.ctx, "CREATE OR REPLACE TEMP VIEW identified AS SELECT "+selection+" FROM "+from); err != nil {
		return err
	}
	return m.script("rows_" + strings.ReplaceAll(m.source.Kind, "-", "_"))
}

// insert puts rows that are facts of their own into their table.
func (m *merge) insert() error {
	if err := m.rows(m.selection(), "incoming_rows"); err != nil {
		return err
	}
	if m.source.Kind == "orders" {
		return m.appendOrders()
	}
	return m.script(m.source.Kind)
}

// insertStaged puts staged rows into their tables.
func (m *merge) insertStaged() error {
	if !m.file.HasID && m.source.Kind != "order-lines" {
		if err := m.script("occurrences"); err != nil {
			return err
		}
	}
	if err := m.rows("*", "stage_rows"); err != nil {
		return err
	}
	if err := m.refuseHugeLines(); err != nil {
		return err
	}
	switch m.source.Kind {
	case "order-lines":
		return m.script("line_sets")
	case "orders":
		return m.orders()
	}
	return m.script(m.source.Kind)
}

// idColumn is the column by which facts of a kind are told apart; a customer is
// told apart by the member.
func idColumn(kind string) string {
	switch kind {
	case "orders", "order-lines":
		return "order_id"
	case "customers":
		return ""
	case "products":
		return "product_id"
	case "refunds":
		return "refund_id"
	case "interactions":
		return "interaction_id"
	case "campaigns":
		return "campaign_id"
	case "responses":
		return "response_id"
	}
	panic("engine: unknown kind " + kind)
}

func (m *merge) script(name string, args ...sql.NamedArg) error {
	return m.run(name, queries.Get("merge/"+name).SQL, args...)
}

// run runs the text of a script.
func (m *merge) run(name, text string, args ...sql.NamedArg) error {
	net := m.Config.Net
	args = append(args,
		sql.Named("source", m.source.Name), sql.Named("batch", m.loaded.Batch),
		sql.Named("with_tax", slices.Contains(net, "tax")), sql.Named("with_shipping", slices.Contains(net, "shipping")))
	if err := m.db.Statements(m.ctx, text, args...); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// describe checks that what gives the facts of the source their meaning is as it was:
// id space, zone, what its amounts are of, and its columns.
func (m *merge) describe() error {
	recorded, err := m.recorded(m.ctx)
	if err != nil {
		return err
	}
	frozen := config.FrozenSource(m.source)
	for _, key := range sortedKeys(frozen) {
		was, known := recorded["frozen."+key]
		switch {
		case known && was != frozen[key]:
			setting, _, _ := strings.Cut(key, ".")
			return fmt.Errorf("%s of source %s is %q now and was %q when it was first loaded: set it back, or run clientele rebuild", setting, m.source.Name, frozen[key], was)
		}
	}
	return m.drift()
}

// fix records what gives the facts of the source their meaning: from its first file
// on it is not to change.
func (m *merge) fix() error {
	frozen := config.FrozenSource(m.source)
	recorded, err := m.recorded(m.ctx)
	if err != nil {
		return err
	}
	for _, key := range sortedKeys(frozen) {
		if _, known := recorded["frozen."+key]; known {
			continue
		}
		if err := m.recordMeta(m.ctx, "frozen."+key, frozen[key]); err != nil {
			return err
		}
	}
	if was := recorded["frozen.currency"]; m.found == "" || was != config.Auto && was != "" {
		return nil
	}
	return m.recordMeta(m.ctx, "frozen.currency", m.found)
}

// reporting is the reporting currency, which the first file that names one settles
// when the configuration does not.
func (w *writer) reporting(ctx context.Context, file *ingest.File) (string, error) {
	recorded, err := w.recorded(ctx)
	if err != nil {
		return "", err
	}
	if currency := recorded["frozen.currency"]; currency != config.Auto && currency != "" {
		return currency, nil
	}
	if w.found == "" {
		w.found = file.MainCurrency()
	}
	return w.found, nil
}

// drift compares the columns of the file with those of the one before it of the
// source: what is gone, new, or read from another column. A column that money,
// customers or statuses were read from and that is gone without another in its
// place is no file to load silently.
func (m *merge) drift() error {
	var header, mapping string
	err := m.db.Row(m.ctx, []any{&header, &mapping}, "SELECT header, mapping FROM batches WHERE kind = $kind AND source = $source AND state = 'loaded' ORDER BY batch_id DESC LIMIT 1",
		sql.Named("kind", m.source.Kind), sql.Named("source", m.source.Name))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var before []string
	if err := json.Unmarshal([]byte(header), &before); err != nil {
		return fmt.Errorf("header of an earlier batch: %w", err)
	}
	return m.compare(before, bindingsOf(mapping))
}

func (m *merge) compare(before []string, fed map[string]string) error {
	note := func(format string, args ...any) {
		m.loaded.Notes = append(m.loaded.Notes, fmt.Sprintf(format, args...))
	}
	now := map[string]string{}
	for _, b := range m.file.Bindings {
		now[b.Target] = b.Header
	}
	var gone, added []string
	for _, column := range before {
		if !slices.Contains(m.file.Header, column) && !slices.Contains(gone, column) {
			gone = append(gone, column)
		}
	}
	for _, column := range m.file.Header {
		if !slices.Contains(before, column) && !slices.Contains(added, column) {
			added = append(added, column)
		}
	}
	for _, target := range sortedKeys(fed) {
		if header, there := now[target]; there && header != fed[target] {
			note("%s is read from %q; earlier files of the source had it in %q", target, header, fed[target])
		}
	}
	for _, group := range essential(m.source.Kind) {
		had, has := feeds(fed, group), feeds(now, group)
		if had == "" || has != "" || m.source.Map[had] == "-" {
			continue
		}
		return &refusal{fmt.Sprintf("column %q, from which earlier files of the source gave %s, is gone, and no other has its name: name one with %s, or say that there is none with %s",
			fed[had], had, m.file.MapAdvice(had, "COLUMN"), m.file.MapAdvice(had, "-"))}
	}
	if len(gone) > 0 {
		note("columns of earlier files that this one lacks: %s", strings.Join(gone, ", "))
	}
	if len(added) > 0 {
		note("columns that earlier files lacked: %s", strings.Join(added, ", "))
	}
	return nil
}

// feeds is the first of the targets that a column feeds, or "".
func feeds(bindings map[string]string, targets []string) string {
	for _, t := range targets {
		if bindings[t] != "" {
			return t
		}
	}
	return ""
}

// essential are groups of columns; when a file has none of a group that earlier ones
// had, what its facts are worth, whose they are or whether they count has changed.
func essential(kind string) [][]string {
	money := []string{"net", "line_net", "gross", "unit_price", "items"}
	switch kind {
	case "orders":
		return [][]string{money, {"customer_id", "email", "phone"}, {"status"}, {"currency"}}
	case "order-lines":
		return [][]string{money}
	}
	return nil
}

// names reports whether the file delivers one of the columns.
func (m *merge) names(columns ...string) bool {
	return slices.ContainsFunc(m.file.Fields(), func(f table.Field) bool { return slices.Contains(columns, f.Name) })
}

// reads reports whether the file has a column for one of the targets.
func (m *merge) reads(targets ...string) bool {
	return slices.ContainsFunc(m.file.Bindings, func(b ingest.Binding) bool { return slices.Contains(targets, b.Target) })
}

// orders puts staged orders into the store, with their lines.
func (m *merge) orders() error {
	lines, err := m.hasLines()
	if err != nil {
		return err
	}
	if m.items && m.source.Watermark != "" {
		return &refusal{"one row per line item, read by a watermark: an order would keep the rows beyond it only; leave the watermark out, or select one row per order in the query (its items, where they are wanted, as a JSON array in a column named items)"}
	}
	single := m.names("items")
	if lines || single {
		if err := m.dropRepeats(); err != nil {
			return err
		}
	}
	if single {
		err = m.script("order_items")
	} else if lines {
		err = m.putTogether()
	}
	if err != nil {
		return err
	}
	if err := m.script("order_terms"); err != nil {
		return err
	}
	if err := m.appendOrders(); err != nil || !lines && !single {
		return err
	}
	m.lines = true
	return m.script("order_lines", sql.Named("single", single))
}

// putTogether makes orders of rows that are their lines.
func (m *merge) putTogether() error {
	ofOrder, err := m.amountOfOrder()
	if err != nil {
		return err
	}
	return m.script("order_rows", sql.Named("amount_of_order", ofOrder), sql.Named("amount_of_line", cmpOr(m.source.Amount, m.file.Amount) == "line"))
}

// refuseHugeLines refuses a file whose quantity times price no amount can hold.
func (m *merge) refuseHugeLines() error {
	if !m.names("quantity") || !m.names("unit_price") {
		return nil
	}
	t, err := m.db.Query(m.ctx, `SELECT min(line) AS line, count(*) AS n FROM stage
WHERE quantity IS NOT NULL AND unit_price IS NOT NULL AND TRY_CAST(CAST(quantity AS DECIMAL(38,4)) * unit_price AS DECIMAL(18,4)) IS NULL`)
	if err != nil || t.Ints("n")[0] == 0 {
		return err
	}
	return &refusal{fmt.Sprintf("line %d: quantity times unit price is more than an amount can be (100,000,000,000,000), as on %d lines in all", t.Ints("line")[0], t.Ints("n")[0])}
}

// hasLines decides whether the rows of an orders file are, or hold, order lines.
// It has one row per line item when some order has rows that differ, in this
// file or in an earlier one of the source; such a file must name products. A
// file with one row per order holds lines when it has ids of products; a title
// alone is no product.
func (m *merge) hasLines() (bool, error) {
	if !m.names("article") || m.names("items") {
		return false, nil
	}
	if cmpOr(m.source.Amount, m.file.Amount) != "" { // who says what an amount is of says that there are several rows
		m.items = true
		return true, nil
	}
	err := m.db.Row(m.ctx, []any{&m.items}, `SELECT EXISTS (SELECT 1 FROM facts.order_lines WHERE source = $source AND told_by = 'order' AND line > 1)
  OR EXISTS (SELECT 1 FROM stage_rows GROUP BY id HAVING min(content) <> max(content))`, sql.Named("source", m.source.Name))
	return m.items || m.reads("product_id"), err
}

// dropRepeats takes out equal rows of one order in a file with one row per order:
// they are repeats. Among line items they are two equal lines.
func (m *merge) dropRepeats() error {
	if m.items {
		m.loaded.Notes = append(m.loaded.Notes, "one row per line item: rows of one order id are one order")
		return nil
	}
	return m.script("drop_repeats")
}

// amountOfOrder decides what the amount column of a file with one row per line
// item means: the order's amount, on its first row or repeated on every row,
// or the line's.
func (m *merge) amountOfOrder() (bool, error) {
	if !m.names("net") {
		return false, nil
	}
	if told := cmpOr(m.source.Amount, m.file.Amount); told != "" {
		return told == "order", nil
	}
	lines := m.names("line_net") || m.names("unit_price") && m.names("quantity")
	var several, first, repeated, filled int64
	err := m.db.Row(m.ctx, []any{&several, &first, &repeated, &filled}, `WITH orders_seen AS (
  SELECT id, count(*) AS n, count(net) AS filled, count(DISTINCT net) AS amounts FROM stage GROUP BY id HAVING count(*) > 1
)
SELECT count(*), count(*) FILTER (filled = 1), count(*) FILTER (filled = n AND amounts = 1), count(*) FILTER (filled = n) FROM orders_seen`)
	if err != nil || several == 0 {
		return lines || !m.items, err
	}
	key := "amount." + m.source.Name
	recorded, err := m.recorded(m.ctx)
	if err != nil {
		return false, err
	}
	decided := recorded[key]
	switch {
	case first == several:
		m.loaded.Notes = append(m.loaded.Notes, "the amount stands on each order's first row: taken as the order's")
		return true, nil
	case decided != "": // the columns of a source mean the same in every file
	case first+repeated == several:
		decided = "order"
	default:
		decided = "line"
	}
	if recorded[key] == "" {
		if err := m.recordMeta(m.ctx, key, decided); err != nil {
			return false, err
		}
	}
	if decided == "order" {
		m.loaded.Notes = append(m.loaded.Notes, "the amount is the same on every row of an order: taken as the order's, once (amount: line in the source says otherwise)")
		return true, nil
	}
	m.loaded.Notes = append(m.loaded.Notes, "the amount differs between the rows of an order: taken as the line's (amount: order in the source says otherwise)")
	return false, nil
}

// cmpOr is the amount that the configuration gives, else the export's own.
func cmpOr(configured, recognised string) string {
	if configured != "" && configured != config.Auto {
		return configured
	}
	return recognised
}

// takeOut removes what the file stored before it turned out to be unfit.
func (m *merge) takeOut() error {
	m.unused = true // customers that only it named
	if !m.inserted {
		return nil
	}
	m.replaced = true
	for _, t := range tablesOf(m.source.Kind) {
		if err := m.db.Exec(m.ctx, "DELETE FROM "+t+" WHERE batch_id = $batch", sql.Named("batch", m.loaded.Batch)); err != nil {
			return err
		}
	}
	return nil
}

// refuse records that the file was not loaded, with the rows that were at fault.
func (m *merge) refuse(r *refusal) error {
	if err := errors.Join(m.takeOut(), m.file.Sum()); err != nil {
		return err
	}
	l := m.loaded
	l.State, l.Accepted, l.Duplicates, l.Rejected = StateRefused, 0, 0, l.Read
	l.Notes = append(l.Notes, "refused: "+r.reason)
	return m.record()
}

// record stores a refused batch, unless the store has it already.
func (m *merge) record() error {
	if !m.staged { // reading stopped before its end
		if err := m.stageRejects(); err != nil {
			return err
		}
	}
	again, err := m.refusedBefore()
	if err != nil || again {
		return err
	}
	return m.account()
}

// refusedBefore finds the batch under which the same bytes were refused for as
// many bad rows before: a nightly job that meets a bad file adds it once.
func (m *merge) refusedBefore() (bool, error) {
	var batch int
	err := m.db.Row(m.ctx, []any{&batch}, `SELECT b.batch_id FROM batches AS b
WHERE b.kind = $kind AND b.source = $source AND b.content_hash = $hash AND b.mapping = $mapping AND b.state = 'refused' AND b.read = $read
  AND (SELECT count(*) FROM rejects AS r WHERE r.batch_id = b.batch_id) = $rejects
ORDER BY b.batch_id DESC LIMIT 1`,
		sql.Named("kind", m.loaded.Kind), sql.Named("source", m.loaded.Source), sql.Named("hash", m.file.Hash),
		sql.Named("mapping", m.mapping), sql.Named("read", m.loaded.Read), sql.Named("rejects", len(m.rejects)))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	note := &m.loaded.Notes[len(m.loaded.Notes)-1]
	*note = strings.ReplaceAll(*note, fmt.Sprintf("clientele rejects %d,", m.loaded.Batch), fmt.Sprintf("clientele rejects %d,", batch))
	m.loaded.Batch = batch
	n, err := m.db.Affected(m.ctx, "UPDATE batches SET notes = $notes WHERE batch_id = $batch AND notes <> $notes",
		sql.Named("notes", strings.Join(m.loaded.Notes, "; ")), sql.Named("batch", batch))
	m.loaded.unchanged = n == 0
	return true, err
}

// stageRejects puts the rejects, if any, into the temporary table stage_rejects.
func (m *merge) stageRejects() error {
	m.staged = true
	for _, r := range m.rejects[:min(len(m.rejects), 3)] {
		m.loaded.Examples = append(m.loaded.Examples, ingest.RowError{Path: m.loaded.Path, Reject: r})
	}
	if len(m.rejects) == 0 {
		return nil
	}
	return m.db.LoadTable(m.ctx, "stage_rejects", rejectTable(m.rejects))
}

// account writes the batch and its rejects. How many of its rows are duplicates
// is known once all files are in.
func (m *merge) account() error {
	l := m.loaded
	if l.Read != l.Accepted+l.Duplicates+l.Rejected {
		return fmt.Errorf("rows do not add up: %d read, %d accepted, %d duplicates, %d rejected", l.Read, l.Accepted, l.Duplicates, l.Rejected)
	}
	header, err := json.Marshal(m.file.Header)
	if err != nil {
		return err
	}
	platform := ""
	if m.file.Source != nil {
		platform = m.file.Source.Name
	}
	var watermark any
	if m.watermark != nil && m.watermark() != "" {
		watermark = m.watermark()
	}
	err = m.db.Exec(m.ctx, "INSERT INTO batches VALUES ($batch, $kind, $source, $path, $hash, $mapping, $read, $accepted, $duplicates, $rejected, $state, $at, $notes, $allow, $header, $platform, $watermark, $bytes)",
		sql.Named("batch", l.Batch), sql.Named("kind", l.Kind), sql.Named("source", l.Source), sql.Named("path", l.Path),
		sql.Named("hash", m.file.Hash), sql.Named("mapping", m.mapping), sql.Named("read", l.Read), sql.Named("accepted", l.Accepted),
		sql.Named("duplicates", l.Duplicates), sql.Named("rejected", l.Rejected), sql.Named("state", l.State),
		sql.Named("at", m.Now.UTC()), sql.Named("notes", strings.Join(l.Notes, "; ")), sql.Named("allow", m.allowRejects),
		sql.Named("header", string(header)), sql.Named("platform", platform), sql.Named("watermark", watermark), sql.Named("bytes", m.file.Size()))
	if err != nil || len(m.rejects) == 0 {
		return err
	}
	return m.db.Exec(m.ctx, `INSERT INTO rejects SELECT $batch, line, "column", value, reason, raw FROM stage_rejects ORDER BY line`, sql.Named("batch", l.Batch))
}

// rejectTable is rejects as columns.
func rejectTable(rejects []ingest.Reject) *table.Table {
	text := func(name string) *table.Column {
		return &table.Column{Field: table.Field{Name: name, Kind: table.Text}, Texts: table.Strings{Offsets: []int32{0}}}
	}
	lines := table.NewColumn(table.Field{Name: "line", Kind: table.Int}, len(rejects))
	column, value, reason, raw := text("column"), text("value"), text("reason"), text("raw")
	column.Null = make([]bool, len(rejects))
	value.Null = make([]bool, len(rejects))
	for i, r := range rejects {
		lines.Ints[i] = r.Line
		column.Texts.AppendString(r.Column)
		value.Texts.AppendString(r.Value)
		reason.Texts.AppendString(r.Reason)
		raw.Texts.AppendString(r.Raw)
		column.Null[i], value.Null[i] = r.Column == "", r.Column == ""
	}
	return table.New(lines, column, value, reason, raw)
}
