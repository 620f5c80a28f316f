package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/ingest"
	"clientele/ingest/formats"
)

// Inspected is what loading one file would do.
type Inspected struct {
	Path      string   `json:"path"`
	Kind      string   `json:"kind"`
	Source    string   `json:"source"`
	State     string   `json:"state"`              // loaded, refused, known: what the file would be
	Batch     int      `json:"batch_id,omitempty"` // known: as which batch the store has it
	Platform  string   `json:"platform,omitempty"` // name of the export that it was recognised as
	Title     string   `json:"title,omitempty"`    // of that export, for people
	TitleZH   string   `json:"title_zh,omitempty"`
	Format    string   `json:"format"`
	Encoding  string   `json:"encoding,omitempty"`
	Delimiter string   `json:"delimiter,omitempty"`
	Zone      string   `json:"times_zone,omitempty"` // of times of day: an IANA name, or the offsets that they name; "": the business zone
	Days      string   `json:"business_zone"`        // whose days are counted
	Columns   []Fed    `json:"columns"`
	Unused    []string `json:"unused"` // columns of the file that feed nothing
	Notes     []string `json:"notes"`
	Refused   string   `json:"refused,omitempty"` // why the file would not be loaded
	Read      int64    `json:"read"`
	Accepted  int64    `json:"accepted"`
	// Duplicates are rows that stand in the file, or in another one of the same
	// inspection, before. Rows that files of the store brought are not known here.
	Duplicates int64   `json:"duplicates"`
	Rejected   int64   `json:"rejected"`
	Faults     []Fault `json:"rejects"` // most rows first

	First  *table.Table `json:"-"` // the first rows as they would be stored: line, then the columns that have values
	Brings *table.Table `json:"-"` // one row that sums up the facts; nil for a file that is not loaded
	// Err is the error of a file that cannot be opened as a table; Refused has its text.
	Err error `json:"-"`

	loaded *Loaded
}

// Fed is a canonical column and the column of the file that feeds it.
type Fed struct {
	Column string   `json:"column"`
	Header string   `json:"header"`
	How    string   `json:"how"`            // name: by its name; source: by what the export is; map: configured
	From   []string `json:"from,omitempty"` // columns of the file that Header is made from; none: it stands there
}

// Fault is one reason for which rows would be rejected.
type Fault struct {
	Reason string `json:"reason"`
	Column string `json:"column,omitempty"` // header of the column at fault; "" where the row as a whole is
	Rows   int64  `json:"rows"`
	Line   int64  `json:"line"`            // of the first such row
	Value  string `json:"value,omitempty"` // its value
}

// inspectionKey makes ids of customers known by an address while a file is
// inspected. They are not shown, since those of the workspace are others.
const inspectionKey = "inspection"

// Inspect finds out what loading files would do: how each is read, its first rows,
// up to so many, and what becomes of all its rows. It reads the files whole and loads
// them into a store in memory, beside the list of what the workspace's store holds;
// nothing is written, and no lock is taken. A file that cannot be read is no error
// but has Err. Databases are left out.
func (e *Engine) Inspect(ctx context.Context, loadings []Loading, rows int) ([]Inspected, error) {
	var all []Inspected
	err := e.rehearse(ctx, func(w *writer) error {
		for _, l := range loadings {
			if l.Source.Connect != "" {
				continue
			}
			paths, err := w.files(l)
			if err != nil {
				return err
			}
			for _, path := range paths {
				all = append(all, w.inspect(ctx, l, path, rows))
				if err := ended(ctx); err != nil {
					return err
				}
			}
		}
		return w.sumUp(ctx, all)
	})
	return all, err
}

// rehearse runs fn on an empty store in memory that knows which files the store of
// the workspace holds and with which settings they were loaded.
func (e *Engine) rehearse(ctx context.Context, fn func(*writer) error) error {
	spill, err := e.spillFolder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(spill)
	opt := e.options(false, spill)
	opt.Files = []string{e.path(workspace.StoreName), e.path(workspace.StoreName + ".wal")} // DuckDB looks for the second
	db, err := duck.Open(ctx, "", opt)
	if err != nil {
		return err
	}
	defer db.Close()
	w := &writer{Engine: e, settlement: newSettlement(), db: db, key: []byte(inspectionKey)}
	if err := e.createStore(ctx, db); err != nil {
		return err
	}
	if err := w.recall(ctx); err != nil {
		return err
	}
	if _, err := w.loadAll(ctx, nil); err != nil { // which prepares the store
		return err
	}
	return fn(w)
}

// recall takes over what the store of the workspace says of its files and settings.
func (w *writer) recall(ctx context.Context) error {
	path, err := workspace.Store(w.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := w.db.Exec(ctx, "ATTACH "+duck.Literal(path)+" AS published (READ_ONLY)"); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	if err := w.db.Statements(ctx, "DELETE FROM meta;\nINSERT INTO meta SELECT key, value FROM published.meta;"); err != nil {
		return fmt.Errorf("%s: is no store of clientele, or is damaged (%w)", path, err)
	}
	if err := w.checkStore(ctx, w.db); err != nil {
		return err
	}
	return w.db.Statements(ctx, "INSERT INTO batches BY NAME SELECT * FROM published.batches;\nDETACH published;")
}

// inspect looks at one file and loads it.
func (w *writer) inspect(ctx context.Context, l Loading, path sourceFile, rows int) Inspected {
	in, err := w.look(ctx, l, path, rows)
	if err != nil {
		in.Err = err
		in.refuse(path.file, err)
		return in
	}
	loaded, err := w.loadFile(ctx, l, path)
	if err != nil {
		w.takeBack(ctx, loaded)
		in.refuse(path.file, err)
		return in
	}
	in.loaded = loaded
	w.loading = append(w.loading, loaded)
	return in
}

// refuse says why a file cannot be loaded, without its name.
func (in *Inspected) refuse(path string, err error) {
	in.State, in.Refused = StateRefused, strings.TrimPrefix(err.Error(), "load ")
	for _, name := range []string{in.Path, path} {
		in.Refused = strings.TrimPrefix(in.Refused, name+": ")
	}
}

// takeBack removes what a file left behind whose loading failed half-way.
func (w *writer) takeBack(ctx context.Context, l *Loaded) {
	if l == nil || l.Batch == 0 || !slices.Contains(ingest.Kinds(), l.Kind) {
		return
	}
	for _, t := range tablesOf(l.Kind) {
		// Where this fails, so does the settling that follows, which says why.
		_ = w.db.Exec(ctx, "DELETE FROM "+t+" WHERE batch_id = $batch", sql.Named("batch", l.Batch))
	}
}

// errEnough ends the reading of a file whose first rows are known.
var errEnough = errors.New("enough rows")

// look opens a file and reads its first rows.
func (w *writer) look(ctx context.Context, l Loading, path sourceFile, rows int) (Inspected, error) {
	in := Inspected{Path: w.shown(path.file), Kind: l.Source.Kind, Source: l.Source.Name, Days: w.Config.Timezone, Columns: []Fed{}, Unused: []string{}, Notes: []string{}, Faults: []Fault{}}
	if err := path.inside(); err != nil {
		return in, err
	}
	opt, err := w.options(l.Source, path.root)
	if err != nil {
		return in, err
	}
	opt.Fold, opt.HashLate, opt.Configured = nil, true, !l.FromHere
	file, err := ingest.Open(ctx, path.file, opt, func(path string, opt ingest.Options) (ingest.Reader, ingest.Detected, error) {
		r, found, err := formats.Open(path, opt)
		in.Delimiter = found.Delimiter
		return r, found, err
	})
	if err != nil {
		return in, err
	}
	defer file.Close()
	in.Kind, in.Format, in.Encoding, in.Zone = file.Kind, file.Format, file.Encoding, file.Zone
	in.Unused = append(in.Unused, file.Unused...)
	if s := file.Source; s != nil {
		in.Platform, in.Title, in.TitleZH = s.Name, s.Title, s.TitleZH
	}
	for _, b := range file.Bindings {
		fed := Fed{Column: b.Target, Header: b.Header, How: b.How}
		for _, i := range b.From {
			fed.From = append(fed.From, file.Header[i])
		}
		in.Columns = append(in.Columns, fed)
	}
	var chunks []*table.Table
	seen := 0
	// What is wrong further down is found when the file is loaded.
	_ = file.Load(ctx, func(c *ingest.Chunk) error {
		if n := min(c.Table.Rows(), rows-seen); n > 0 {
			chunks, seen = append(chunks, c.Table.Slice(0, n)), seen+n
		}
		if seen >= rows {
			return errEnough
		}
		return nil
	})
	in.First = firstRows(chunks, file.HasID)
	return in, nil
}

// sumUp settles the files and fills in what they come to.
func (w *writer) sumUp(ctx context.Context, all []Inspected) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	if _, err := w.resolve(ctx); err != nil {
		return err
	}
	if err := w.recount(ctx); err != nil {
		return err
	}
	for i := range all {
		if all[i].loaded == nil {
			continue
		}
		if err := w.fill(ctx, &all[i]); err != nil {
			return err
		}
	}
	return nil
}

// fill says what became of a file that was loaded or refused.
func (w *writer) fill(ctx context.Context, in *Inspected) error {
	l := in.loaded
	in.Source = l.Source
	in.State, in.Read, in.Accepted, in.Duplicates, in.Rejected = l.State, l.Read, l.Accepted, l.Duplicates, l.Rejected
	for _, n := range l.Notes {
		reason, refused := strings.CutPrefix(n, "refused: ")
		if !refused {
			in.Notes = append(in.Notes, n)
			continue
		}
		// The rejects that the reason refers to are not stored.
		in.Refused = strings.Replace(reason, fmt.Sprintf("see clientele rejects %d, or ", l.Batch), "", 1)
	}
	if l.State == StateKnown {
		in.Batch = l.Batch
		return nil
	}
	if err := w.faults(ctx, in); err != nil || l.State == StateRefused {
		return err
	}
	var err error
	in.Brings, err = w.db.Query(ctx, bringsQuery(in.Kind), sql.Named("batch", l.Batch))
	return err
}

// faults counts the rejects of a file by reason and column.
func (w *writer) faults(ctx context.Context, in *Inspected) error {
	t, err := w.db.Query(ctx, `SELECT reason, coalesce("column", '') AS "column", count(*) AS n, min(line) AS line, coalesce(arg_min(value, line), '') AS value
FROM rejects WHERE batch_id = $batch GROUP BY ALL ORDER BY n DESC, line, "column"`, sql.Named("batch", in.loaded.Batch))
	if err != nil {
		return err
	}
	text := func(name string, i int) string { return string(t.Column(name).Texts.At(i)) }
	for i := range t.Rows() {
		in.Faults = append(in.Faults, Fault{text("reason", i), text("column", i), t.Ints("n")[i], t.Ints("line")[i], text("value", i)})
	}
	return nil
}

// bringsQuery sums up the facts of one batch.
func bringsQuery(kind string) string {
	const people = "count(DISTINCT customer_id) AS customers, count(*) FILTER (customer_id IS NULL) AS of_nobody"
	switch kind {
	case "orders":
		return `SELECT count(*) AS orders, count(*) FILTER (counted) AS counted, coalesce(sum(net) FILTER (counted), 0) AS net,
  (SELECT coalesce(sum(amount), 0) FROM refunds AS r WHERE r.batch_id = $batch AND r.counted) AS refunded,
  (SELECT currency FROM facts.reporting) AS currency,
  (SELECT count(*) FROM order_lines AS l WHERE l.batch_id = $batch) AS lines, ` + people + `, min(ordered_on) AS first_on, max(ordered_on) AS last_on
FROM orders WHERE batch_id = $batch`
	case "order-lines":
		return "SELECT count(*) AS lines, count(DISTINCT order_id) AS orders, count(DISTINCT product_id) AS products, sum(net) AS net FROM order_lines WHERE batch_id = $batch"
	case "refunds":
		return "SELECT count(*) AS refunds, sum(amount) AS amount, (SELECT currency FROM facts.reporting) AS currency, " + people + ", min(refunded_on) AS first_on, max(refunded_on) AS last_on FROM refunds WHERE batch_id = $batch"
	case "interactions", "responses":
		return "SELECT count(*) AS " + kind + ", " + people + ", min(occurred_on) AS first_on, max(occurred_on) AS last_on FROM " + kind + " WHERE batch_id = $batch"
	case "customers":
		return "SELECT count(DISTINCT i.customer_id) AS customers FROM facts.customers AS c JOIN identities AS i ON c.member = i.member WHERE c.batch_id = $batch"
	}
	return "SELECT count(DISTINCT " + idColumn(kind) + ") AS " + kind + " FROM facts." + kind + " WHERE batch_id = $batch"
}

// firstRows puts pieces of wide chunks together for people: a customer known by an
// address is one without an id, ids made from content are left out, and so are
// columns without a value.
func firstRows(chunks []*table.Table, hasID bool) *table.Table {
	out := table.New()
	if len(chunks) == 0 {
		return out
	}
	for _, c := range chunks[0].Columns() {
		name := c.Name
		if name == "content" || name == "customer_via" || !hasID && strings.HasSuffix(name, "_id") && madeID(c) {
			continue
		}
		column := &table.Column{Field: table.Field{Name: name, Kind: c.Kind, Labels: c.Labels}}
		some := false
		for _, t := range chunks {
			some = appendColumn(column, t, name) || some
		}
		if name == "customer_key" {
			column.Name = "customer_id"
		}
		if some {
			out.Add(column)
		}
	}
	return out
}

// madeID reports ids that were made from the content of their rows.
func madeID(c *table.Column) bool {
	return c.Kind == table.Text && strings.HasPrefix(string(c.Texts.At(0)), "~")
}

// appendColumn appends the column of a chunk and reports whether it has a value.
func appendColumn(to *table.Column, t *table.Table, name string) (some bool) {
	from := t.Column(name)
	via := t.Lookup("customer_via")
	for i := range t.Rows() {
		missing := from.Missing(i) || name == "customer_key" && via != nil && via.Codes[i] > 0
		some = some || !missing
		to.Null = append(to.Null, missing)
		switch from.Kind {
		case table.Float:
			to.Floats = append(to.Floats, from.Floats[i])
		case table.Int, table.Decimal, table.Timestamp:
			to.Ints = append(to.Ints, from.Ints[i])
		case table.Date:
			to.Dates = append(to.Dates, from.Dates[i])
		case table.Text:
			to.Texts.Append(from.Texts.At(i))
		case table.Bool:
			to.Bools = append(to.Bools, from.Bools[i])
		case table.Category:
			to.Codes = append(to.Codes, from.Codes[i])
		}
	}
	return some
}
