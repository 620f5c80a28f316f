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
	"clientele/engine/table"
	"clientele/ingest"
	"clientele/queries"
)

// settlement is what the files that are loaded together leave to be settled once
// all are in: which rows are the current versions of their facts, which are older
// ones and which are copies; what refunds mean; who is one customer.
type settlement struct {
	first    int                        // the batches from here on are new
	last     int                        // batch that has a number
	undone   bool                       // a batch was taken out: the room of its rows is given back
	unused   bool                       // customers may stand in identities who did nothing: their file was refused
	kinds    map[string]bool            // kinds of the new batches
	folds    map[foldKey]*ingest.Fold   // by source and kind
	repeated map[foldKey]*table.Strings // ids that stand in several rows of the new files
	lines    bool                       // orders came with their lines
	remark   string                     // about all files
	found    string                     // currency of the first file that names one, where none is reported in yet
	numbered map[foldKey]bool           // ids were made from content and numbered after the reader saw them
}

type foldKey struct{ source, kind string }

func newSettlement() *settlement {
	return &settlement{kinds: map[string]bool{}, folds: map[foldKey]*ingest.Fold{}, repeated: map[foldKey]*table.Strings{}, numbered: map[foldKey]bool{}}
}

// repeat notes ids that the reader saw before.
func (s *settlement) repeat(source config.Source, ids *table.Strings) {
	key := foldKey{source.Name, source.Kind}
	if s.repeated[key] == nil {
		s.repeated[key] = &table.Strings{}
	}
	for i := range ids.Len() {
		s.repeated[key].Append(ids.At(i))
	}
}

// shape is where the facts of a kind are.
type shape struct {
	kind, table, old, id string // old is "" where all versions stay
}

const ordersTable, oldOrdersTable = "facts.order_rows", "facts.superseded_order_rows"

// rowsOf is a table of facts with their source and, as row, the place of each. It is no
// view: through the one of orders, DuckDB would not look for a few ids in the table but
// unpack them all.
func (w *writer) rowsOf(ctx context.Context, table string) (string, error) {
	if table != ordersTable && table != oldOrdersTable {
		return "(SELECT rowid AS \"row\", * FROM " + table + ")", nil
	}
	columns, err := w.columnsOfOrders(ctx)
	if err != nil {
		return "", err
	}
	updated := ""
	if !slices.Contains(columns.has, "updated_at") {
		updated = ", CAST(NULL AS TIMESTAMPTZ) AS updated_at"
	}
	return "(SELECT o.rowid AS \"row\", b.source, o.*" + updated + " FROM " + table + " AS o JOIN batches AS b ON o.batch_id = b.batch_id)", nil
}

// shapes are the kinds whose facts have versions of their own, in the order in
// which they are settled.
func shapes() []shape {
	return []shape{
		{"orders", ordersTable, oldOrdersTable, "order_id"},
		{"refunds", "facts.refunds", "facts.superseded_refunds", "refund_id"},
		{"interactions", "facts.interactions", "facts.superseded_interactions", "interaction_id"},
		{"responses", "facts.responses", "facts.superseded_responses", "response_id"},
		{"customers", "facts.customers", "", "member"},
		{"products", "facts.products", "", "product_id"},
		{"campaigns", "facts.campaigns", "", "campaign_id"},
	}
}

// tablesOf are the tables that a file of a kind appends to.
func tablesOf(kind string) []string {
	switch kind {
	case "orders":
		return []string{ordersTable, "facts.order_lines"}
	case "order-lines":
		return []string{"facts.order_lines"}
	}
	return []string{"facts." + kind}
}

// settleScript runs a script of queries/settle over the tables of a kind.
func (w *writer) settleScript(ctx context.Context, name string, s shape, args ...sql.NamedArg) error {
	rows, err := w.rowsOf(ctx, s.table)
	if err != nil {
		return err
	}
	old, err := w.rowsOf(ctx, s.old)
	if err != nil {
		return err
	}
	current := s.table // the version of each fact that was the last one said
	if s.old == "" {
		current = "newest" // settle/newest makes it
	}
	text := strings.NewReplacer("{table}", s.table, "{rows}", rows, "{old}", s.old, "{old_rows}", old, "{id}", s.id, "{current}", current).Replace(queries.Get("settle/" + name).SQL)
	args = append(args, sql.Named("kind", s.kind), sql.Named("by_order", w.Config.Refunds == "order"))
	if err := w.db.Statements(ctx, text, args...); err != nil {
		return fmt.Errorf("settle %s: %s: %w", s.kind, name, err)
	}
	return nil
}

// settle works out what the facts of new batches mean beside each other and beside
// the earlier ones.
func (w *writer) settle(ctx context.Context) error {
	if len(w.kinds) == 0 {
		return nil
	}
	defer w.stage("settle", 0)()
	if err := w.db.HoldCheckpoints(ctx); err != nil { // one would renumber the rows
		return err
	}
	first := sql.Named("first", w.first)
	if err := w.db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE changed_orders (source VARCHAR, id VARCHAR)"); err != nil {
		return err
	}
	for _, s := range shapes() {
		if !w.kinds[s.kind] {
			continue
		}
		if err := w.contest(ctx, s, first); err != nil {
			return err
		}
		if err := w.rank(ctx, s, first); err != nil {
			return err
		}
	}
	lines, err := w.linesChange(ctx)
	if err != nil {
		return err
	}
	if lines {
		if err := w.settleScript(ctx, "lines_contested", shape{}, first); err != nil {
			return err
		}
		if err := w.since.settle(ctx, w, "order-lines", "contested_orders"); err != nil {
			return err
		}
	}
	if err := w.settleRest(ctx, lines); err != nil {
		return err
	}
	if lines {
		if err := w.noteLines(ctx, first); err != nil {
			return err
		}
	}
	if err := w.settleScript(ctx, "counts", shape{}, first, sql.Named("all", false)); err != nil {
		return err
	}
	return w.db.FreeCheckpoints(ctx)
}

// linesChange reports whether new rows can change which lines count.
func (w *writer) linesChange(ctx context.Context) (bool, error) {
	if w.lines || w.kinds["order-lines"] {
		return true, nil
	}
	changed, err := w.some(ctx, "changed_orders")
	if err != nil || !changed {
		return false, err
	}
	return w.some(ctx, "facts.order_lines")
}

// contest takes out the rows that are plainly as they were, and finds the facts of
// the others that stand several times.
func (w *writer) contest(ctx context.Context, s shape, first sql.NamedArg) error {
	look := s.id == "member" // members are not seen by the reader's ids
	keys := slices.SortedFunc(maps.Keys(w.folds), func(a, b foldKey) int { return strings.Compare(a.source, b.source) })
	keys = slices.DeleteFunc(keys, func(key foldKey) bool { return key.kind != s.kind })
	repeated := false
	for _, key := range keys {
		look = look || w.folds[key].Overflow() || w.numbered[key]
		repeated = repeated || w.repeated[key] != nil
	}
	if !look && !repeated {
		met, err := w.metBefore(ctx, s, first)
		if err != nil || !met {
			return errors.Join(err, w.db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE contested (source VARCHAR, id VARCHAR)"))
		}
	}
	if err := w.loadRepeated(ctx, keys); err != nil {
		return err
	}
	if err := w.settleScript(ctx, "several", s, first, sql.Named("look", look)); err != nil {
		return err
	}
	if err := w.takeSame(ctx, s, first); err != nil {
		return err
	}
	return w.settleScript(ctx, "arrived", s, first)
}

// loadRepeated makes the temporary table repeated of the ids that the readers saw before,
// and lets go of these: of a file that repeats another there are as many as rows.
func (w *writer) loadRepeated(ctx context.Context, keys []foldKey) error {
	if err := w.db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE repeated (source VARCHAR, id VARCHAR)"); err != nil {
		return err
	}
	for _, key := range keys {
		ids := w.repeated[key]
		if ids == nil {
			continue
		}
		column := &table.Column{Field: table.Field{Name: "id", Kind: table.Text}, Texts: *ids}
		err := w.db.Stream(ctx, "repeated_ids", []table.Field{column.Field}, duck.Each([]*table.Table{table.New(column)}), func() error {
			return w.db.Exec(ctx, "INSERT INTO repeated SELECT $source, id FROM repeated_ids", sql.Named("source", key.source))
		})
		if err != nil {
			return err
		}
		delete(w.repeated, key)
	}
	return nil
}

// takeSame takes out the new rows that say what the last version of their fact says,
// and records them: in a file that is exported anew each night, nearly all of them.
func (w *writer) takeSame(ctx context.Context, s shape, first sql.NamedArg) error {
	if s.old == "" {
		if err := w.settleScript(ctx, "newest", s, first); err != nil {
			return err
		}
	}
	if err := w.settleScript(ctx, "same", s, first); err != nil {
		return err
	}
	some, err := w.some(ctx, "same")
	if err != nil {
		return err
	}
	if some {
		w.replaced = true
		for _, name := range []string{"runs", "take_same"} {
			if err := w.settleScript(ctx, name, s); err != nil {
				return err
			}
		}
	}
	if some, err = w.some(ctx, "copies"); err != nil || !some {
		return err
	}
	return w.setCopies(ctx, s)
}

// metBefore reports whether a source with new facts of a kind had some before: else
// there is nothing that they could stand beside.
func (w *writer) metBefore(ctx context.Context, s shape, first sql.NamedArg) (met bool, err error) {
	rows, err := w.rowsOf(ctx, s.table)
	if err != nil {
		return false, err
	}
	err = w.db.Row(ctx, []any{&met}, "SELECT EXISTS (SELECT 1 FROM "+rows+" WHERE batch_id < $first AND source IN (SELECT source FROM batches WHERE batch_id >= $first AND kind = $kind))",
		first, sql.Named("kind", s.kind))
	return met, err
}

func (w *writer) some(ctx context.Context, table string) (some bool, err error) {
	err = w.db.Row(ctx, []any{&some}, "SELECT EXISTS (SELECT 1 FROM "+table+")")
	return some, err
}

// setCopies takes the rows in copies out and records them.
func (w *writer) setCopies(ctx context.Context, s shape) error {
	w.replaced = true
	if err := w.settleScript(ctx, "copies", s); err != nil {
		return err
	}
	if s.kind != "orders" {
		return nil
	}
	lines, err := w.some(ctx, "facts.order_lines")
	if err != nil || !lines {
		return err
	}
	return w.settleScript(ctx, "order_copies", s)
}

// rank puts the versions of the contested facts in order and leaves the current
// ones in their table.
func (w *writer) rank(ctx context.Context, s shape, first sql.NamedArg) error {
	some, err := w.some(ctx, "contested")
	if err != nil || !some {
		return err
	}
	if s.old != "" {
		if err := w.since.settle(ctx, w, s.kind, "contested"); err != nil {
			return err
		}
		if err := w.settleScript(ctx, "gather", s); err != nil {
			return err
		}
	}
	if err := w.settleScript(ctx, "rank", s); err != nil {
		return err
	}
	if s.kind == "orders" {
		if err := w.db.Exec(ctx, "INSERT INTO changed_orders SELECT source, id FROM contested"); err != nil {
			return err
		}
		if err := w.noteVersions(ctx, first); err != nil {
			return err
		}
	}
	if some, err = w.some(ctx, "copies"); err != nil {
		return err
	}
	if some {
		if err := w.setCopies(ctx, s); err != nil {
			return err
		}
	}
	if s.old == "" {
		return nil
	}
	w.replaced = true
	return w.settleScript(ctx, "supersede", s)
}

// noteVersions says how many orders each new file changed, and what that did to
// their worth: nobody should find out later.
func (w *writer) noteVersions(ctx context.Context, first sql.NamedArg) error {
	t, err := w.db.Query(ctx, queries.Get("settle/changes").SQL, first)
	if err != nil {
		return err
	}
	for i := range t.Rows() {
		batch := t.Ints("batch_id")[i]
		if n := t.Ints("replaced")[i]; n > 0 {
			err = w.note(ctx, batch, fmt.Sprintf("orders replaced by another version: %d, net %s before, %s now", n,
				moneyText(t.Column("net_before").Ints[i]), moneyText(t.Column("net_now").Ints[i])))
		}
		if n := t.Ints("older")[i]; n > 0 && err == nil {
			err = w.note(ctx, batch, fmt.Sprintf("rows that are older versions of orders, kept aside: %d", n))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// noteLines says how many orders have lines of a new file in the place of those of
// another: an order that was cut in two between files has lost some.
func (w *writer) noteLines(ctx context.Context, first sql.NamedArg) error {
	t, err := w.db.Query(ctx, `SELECT n.batch_id, count(*) AS orders FROM line_sets AS n
WHERE n.current AND n.batch_id >= $first AND n.told_by = 'lines'
  AND EXISTS (SELECT 1 FROM line_sets AS o WHERE o.source = n.source AND o.order_id = n.order_id AND o.told_by = 'lines' AND NOT o.current AND NOT o.copy)
GROUP BY n.batch_id ORDER BY n.batch_id`, first)
	if err != nil {
		return err
	}
	for i := range t.Rows() {
		if err := w.note(ctx, t.Ints("batch_id")[i], fmt.Sprintf("orders whose lines came from another file before: %d, replaced by those of this one", t.Ints("orders")[i])); err != nil {
			return err
		}
	}
	return nil
}

// note adds to the notes of a new batch.
func (w *writer) note(ctx context.Context, batch int64, text string) error {
	for _, l := range w.loading {
		if int64(l.Batch) != batch {
			continue
		}
		l.Notes = append(l.Notes, text)
		return w.db.Exec(ctx, "UPDATE batches SET notes = $notes WHERE batch_id = $batch",
			sql.Named("notes", strings.Join(l.Notes, "; ")), sql.Named("batch", batch))
	}
	return nil
}

// noteRates finds out whether orders were converted with rates that are others now.
// They stay as they were; the check of exchange rates says so from now on.
func (w *writer) noteRates(ctx context.Context) error {
	var orders int64
	err := w.db.Row(ctx, []any{&orders}, "SELECT coalesce(sum(orders), 0) FROM (\n"+queries.Get("check/exchange_rates").SQL+"\n) AS stale")
	if err == nil && orders > 0 {
		w.remark = fmt.Sprintf("the file of rates has other rates now for %d orders that are loaded: they stay as they were converted (clientele check --details exchange_rates), clientele rebuild converts them anew", orders)
	}
	return err
}

// noteRemark puts the remark about all files to the first new batch.
func (w *writer) noteRemark(ctx context.Context) error {
	if w.remark == "" {
		return nil
	}
	for _, l := range w.loading {
		if l.State != StateKnown && !l.unchanged {
			return w.note(ctx, int64(l.Batch), w.remark)
		}
	}
	return nil
}

// moneyText is an amount of 1/10,000 units with two decimals.
func moneyText(units int64) string { return fmt.Sprintf("%.2f", float64(units)/table.DecimalScale) }

// settleRest settles what follows from the current versions.
func (w *writer) settleRest(ctx context.Context, lines bool) error {
	if lines {
		if err := w.settleScript(ctx, "lines", shape{}); err != nil {
			return err
		}
	}
	if w.kinds["orders"] || w.kinds["order-lines"] || w.kinds["refunds"] {
		for _, name := range []string{"amounts", "refunds"} {
			if err := w.settleScript(ctx, name, shape{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// recount reads back how many rows of the new batches are duplicates.
func (w *writer) recount(ctx context.Context) error {
	for _, l := range w.loading {
		if l.State != StateLoaded {
			continue
		}
		err := w.db.Row(ctx, []any{&l.Accepted, &l.Duplicates}, "SELECT accepted, duplicates FROM batches WHERE batch_id = $batch", sql.Named("batch", l.Batch))
		if err != nil {
			return err
		}
	}
	return nil
}
