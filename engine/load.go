package engine

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/ingest"
	"clientele/ingest/formats"
	"clientele/queries"
)

// Loading is what to load: files of one source.
type Loading struct {
	Source       config.Source // Name and Kind must be set; Path is where its files are
	AllowRejects bool          // load what is good however much is not
	FromHere     bool          // paths are relative to the current folder, not to the workspace
}

// Loaded is what became of one file: a row of the table batches.
type Loaded struct {
	Batch      int      `json:"batch_id"`
	Kind       string   `json:"kind"`
	Source     string   `json:"source"`
	Path       string   `json:"path"`
	State      string   `json:"state"` // loaded, refused, known
	Read       int64    `json:"read"`
	Accepted   int64    `json:"accepted"`
	Duplicates int64    `json:"duplicates"`
	Rejected   int64    `json:"rejected"`
	Notes      []string `json:"notes,omitempty"`
	// Examples are the first few rejects.
	Examples  []ingest.RowError `json:"-"`
	unchanged bool              // the store has this batch already
}

// The states of a batch.
const (
	StateLoaded  = "loaded"
	StateRefused = "refused" // too many rejects: its facts were not stored
	StateKnown   = "known"   // the same bytes are loaded already: nothing was done
)

// ErrRefused says that at least one file held too many bad rows.
var ErrRefused = errors.New("files were refused")

// maxRejects is how many rejects of one file are kept in memory; a file that
// has more and is over its limit by then is refused without reading on.
const maxRejects = 1_000_000

// Load loads files, each whole or not at all, and publishes the store once. A
// file with too many bad rows is refused, the others go on, and the error is
// ErrRefused; any other error leaves the store as it was.
func (e *Engine) Load(ctx context.Context, loadings []Loading) ([]Loaded, error) {
	var all []Loaded
	err := e.locked(func(lock *workspace.Lock) error {
		var err error
		all, err = e.loadLocked(ctx, lock, false, loadings)
		return err
	})
	if err == nil && slices.ContainsFunc(all, func(l Loaded) bool { return l.State == StateRefused }) {
		err = ErrRefused
	}
	return all, err
}

func (e *Engine) loadLocked(ctx context.Context, lock *workspace.Lock, fresh bool, loadings []Loading) (all []Loaded, err error) {
	err = e.update(ctx, lock, fresh, func(w *writer) (bool, error) {
		if all, err = w.loadAll(ctx, loadings); err != nil {
			return false, err
		}
		if slices.ContainsFunc(all, func(l Loaded) bool { return l.State == StateLoaded }) {
			err = w.settle(ctx)
		}
		return fresh || slices.ContainsFunc(all, func(l Loaded) bool { return l.State != StateKnown && !l.unchanged }), err
	})
	return all, err
}

// settle works out what facts mean beside each other, once all files are in:
// whose refunds are, and what orders without an amount are worth.
func (w *writer) settle(ctx context.Context) error {
	defer w.stage("settle refunds", 0)()
	return w.transaction(ctx, func() error {
		byOrder := sql.Named("by_order", w.Config.Refunds == "order")
		for _, name := range []string{"settle_lines", "settle_refunds"} {
			if err := w.db.Statements(ctx, queries.Get("merge/"+name).SQL, byOrder); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
}

func (w *writer) loadAll(ctx context.Context, loadings []Loading) ([]Loaded, error) {
	var all []Loaded
	for _, l := range loadings {
		paths, err := w.files(l)
		if err != nil && !l.FromHere { // the configuration names the source, the command its files
			err = fmt.Errorf("source %s: %w", l.Source.Name, err)
		}
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			loaded, err := w.loadFile(ctx, l, path)
			if unread := (*unreadable)(nil); errors.As(err, &unread) && !w.named(l, path) {
				loaded, err = w.setAside(ctx, l, path, unread)
			}
			if err != nil {
				return nil, err
			}
			all = append(all, loaded)
		}
	}
	return all, nil
}

// named reports whether a source names the file itself, not a folder or a glob
// that holds it.
func (e *Engine) named(l Loading, path string) bool {
	return slices.ContainsFunc(l.Source.Path, func(pattern string) bool { return e.place(l, pattern) == filepath.Clean(path) })
}

// place is where a path of a source is: in the workspace, or for a command's own
// files in the current folder.
func (e *Engine) place(l Loading, pattern string) string {
	if l.FromHere || filepath.IsAbs(pattern) {
		return filepath.Clean(pattern)
	}
	return e.path(pattern)
}

// files lists the files of a source in the order of their names.
func (e *Engine) files(l Loading) ([]string, error) {
	var all []string
	for _, pattern := range l.Source.Path {
		full := e.place(l, pattern)
		info, err := os.Stat(full)
		switch {
		case err == nil && info.IsDir():
			entries, err := os.ReadDir(full)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", pattern, underlying(err))
			}
			before := len(all)
			for _, entry := range entries {
				if !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") && !strings.HasPrefix(entry.Name(), "_") { // _SUCCESS is no data
					all = append(all, filepath.Join(full, entry.Name()))
				}
			}
			if len(all) == before {
				return nil, fmt.Errorf("%s: the folder holds no files", pattern)
			}
		case err == nil:
			all = append(all, full)
		case strings.ContainsAny(pattern, "*?[{"):
			matches, err := doublestar.FilepathGlob(full, doublestar.WithFilesOnly())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", pattern, err)
			}
			if len(matches) == 0 {
				return nil, fmt.Errorf("%s: no file matches", pattern)
			}
			slices.Sort(matches)
			all = append(all, matches...)
		default:
			return nil, fmt.Errorf("%s: %w", pattern, underlying(err))
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("source %s: no files are named", l.Source.Name)
	}
	return all, nil
}

// open recognises one file.
func (w *writer) open(ctx context.Context, s config.Source, path string) (*ingest.File, error) {
	zone, err := w.zone()
	if err != nil {
		return nil, err
	}
	return ingest.Open(ctx, path, ingest.Options{
		Kind: s.Kind, Format: s.Format, Encoding: s.Encoding, Delimiter: s.Delimiter,
		Dates: s.Dates, Decimal: s.Decimal, Map: s.Map, Status: s.Status,
		Zone: zone, Now: w.Now, Key: w.key, Workers: w.Config.Resources.Cores(),
	}, formats.Open)
}

func (w *writer) loadFile(ctx context.Context, l Loading, path string) (Loaded, error) {
	shown := w.shown(path)
	done := w.stage("load "+shown, 0)
	defer done()
	file, err := w.open(ctx, l.Source, path)
	if err != nil {
		return Loaded{}, &unreadable{err}
	}
	defer file.Close() // Load has closed it already where all went well
	loaded := Loaded{Kind: l.Source.Kind, Source: l.Source.Name, Path: shown, Notes: file.Notes}
	mapping := mappingOf(file, l.Source)
	known, err := w.known(ctx, &loaded, file.Hash, mapping)
	if err != nil || known {
		return loaded, err
	}
	m := &merge{writer: w, ctx: ctx, source: l.Source, file: file, mapping: mapping, loaded: &loaded, allowRejects: l.AllowRejects}
	err = m.stage()
	if err == nil {
		err = w.transaction(ctx, m.merge)
	}
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		err = m.refuse(refused)
	}
	if err != nil {
		return loaded, fmt.Errorf("load %s: %w", shown, err)
	}
	return loaded, nil
}

// transaction runs fn between BEGIN and COMMIT, or ROLLBACK when it fails.
func (w *writer) transaction(ctx context.Context, fn func() error) error {
	if err := w.db.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := fn(); err != nil {
		return errors.Join(err, w.db.Exec(context.WithoutCancel(ctx), "ROLLBACK"))
	}
	return w.db.Exec(ctx, "COMMIT")
}

// unreadable is a file that could not be recognised.
type unreadable struct{ error }

func (u *unreadable) Unwrap() error { return u.error }

// setAside records a file of a folder or a glob that cannot be read as a refused
// batch: one empty file should not stop the night. A file that is named itself
// is an error instead.
func (w *writer) setAside(ctx context.Context, l Loading, path string, cause *unreadable) (Loaded, error) {
	if err := ended(ctx); err != nil {
		return Loaded{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return Loaded{}, cause.error
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return Loaded{}, cause.error
	}
	loaded := Loaded{Kind: l.Source.Kind, Source: l.Source.Name, Path: w.shown(path), State: StateRefused,
		Notes: []string{"refused: " + strings.TrimPrefix(cause.Error(), path+": ")}}
	m := &merge{writer: w, ctx: ctx, source: l.Source, file: &ingest.File{Hash: hex.EncodeToString(sum.Sum(nil))}, loaded: &loaded}
	if err := m.number(); err != nil {
		return loaded, err
	}
	return loaded, m.record()
}

// shown is a path as people and the store see it: relative to the workspace
// when it is inside.
func (e *Engine) shown(path string) string {
	if relative, err := filepath.Rel(e.Dir, path); err == nil && !strings.HasPrefix(relative, "..") {
		return relative
	}
	return path
}

// known finds out whether the same bytes were loaded into the same source.
func (w *writer) known(ctx context.Context, l *Loaded, hash, mapping string) (bool, error) {
	var was string
	err := w.db.Row(ctx, []any{&l.Batch, &was, &l.Read, &l.Accepted, &l.Duplicates, &l.Rejected},
		"SELECT batch_id, mapping, read, accepted, duplicates, rejected FROM batches "+
			"WHERE kind = $kind AND source = $source AND content_hash = $hash AND state = 'loaded' ORDER BY batch_id LIMIT 1",
		sql.Named("kind", l.Kind), sql.Named("source", l.Source), sql.Named("hash", hash))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if was != mapping {
		return false, fmt.Errorf("%s: is loaded already as batch %d, read otherwise (%s; now %s): clientele rebuild loads everything as it is to be read now",
			l.Path, l.Batch, was, mapping)
	}
	l.State = StateKnown
	return true, nil
}

// mappingOf is how a file is read: which column feeds what, and the options
// that were given.
func mappingOf(f *ingest.File, s config.Source) string {
	var parts []string
	for _, b := range f.Bindings {
		parts = append(parts, b.Target+"="+b.Header)
	}
	for _, o := range [][2]string{{"encoding", s.Encoding}, {"delimiter", s.Delimiter}, {"dates", s.Dates}, {"decimal", s.Decimal}} {
		if o[1] != "" && o[1] != config.Auto {
			parts = append(parts, "--"+o[0]+"="+o[1])
		}
	}
	for word, status := range s.Status {
		parts = append(parts, "--status="+word+"="+status)
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// refusal is a file whose facts are not stored.
type refusal struct{ reason string }

func (r *refusal) Error() string { return r.reason }

// merge is the loading of one file into the open transaction.
type merge struct {
	*writer
	ctx     context.Context
	source  config.Source
	file    *ingest.File
	mapping string
	loaded  *Loaded
	rejects []ingest.Reject
	staged  bool // stage_rejects is there

	allowRejects bool
	items        bool // an orders file with one row per line item
}

// merge puts the staged rows into the store.
func (m *merge) merge() error {
	limit := m.Config.Rejects.Limit
	if share := float64(m.loaded.Rejected) / float64(max(m.loaded.Read, 1)); share > limit && !m.allowRejects {
		return &refusal{fmt.Sprintf("%d of %d rows (%.3g %%) are bad, more than the limit of %.3g %%: see clientele rejects %d, or load the rest with --allow-rejects",
			m.loaded.Rejected, m.loaded.Read, share*100, limit*100, m.loaded.Batch)}
	}
	if err := m.prepare(); err != nil {
		return err
	}
	aside, err := m.kind()
	if err != nil {
		return err
	}
	m.loaded.Duplicates = aside
	m.loaded.Accepted = m.loaded.Read - m.loaded.Rejected - aside
	m.loaded.State = StateLoaded
	return m.account()
}

// refuse records that the file was not loaded, with the rows that were at fault.
func (m *merge) refuse(r *refusal) error {
	l := m.loaded
	l.State, l.Accepted, l.Duplicates, l.Rejected = StateRefused, 0, 0, l.Read
	l.Notes = append(l.Notes, "refused: "+r.reason)
	return m.record()
}

// number gives the batch its number.
func (m *merge) number() error {
	return m.db.Row(m.ctx, []any{&m.loaded.Batch}, "SELECT coalesce(max(batch_id), 0) + 1 FROM batches")
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
	return m.transaction(m.ctx, m.account)
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

// stage streams the file's rows into the temporary table stage_rows, and its
// rejects into stage_rejects.
func (m *merge) stage() error {
	if err := m.number(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(m.ctx)
	defer cancel(nil)
	chunks := make(chan *table.Table, 2)
	failed := make(chan error, 1)
	go func() {
		err := m.file.Load(ctx, func(c *ingest.Chunk) error { return m.take(ctx, c, chunks) })
		failed <- err
		close(chunks)
	}()
	next := func() (*table.Table, error) {
		for t := range chunks {
			if t.Rows() > 0 {
				return t, nil
			}
		}
		if err := <-failed; err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	fields, selection := m.selection()
	err := m.db.Load(m.ctx, "stage_rows", selection, fields, next)
	if err != nil {
		cancel(err)
		for range chunks { // let the producer see that nobody reads any more
		}
		if cause := ended(m.ctx); cause != nil {
			return cause
		}
		return err
	}
	m.loaded.Notes = slices.Clone(m.file.Notes) // some are known at the end only
	m.loaded.Rejected = int64(len(m.rejects))
	return m.stageRejects()
}

func (m *merge) take(ctx context.Context, c *ingest.Chunk, chunks chan<- *table.Table) error {
	m.loaded.Read += int64(c.Read)
	m.rejects = append(m.rejects, c.Rejects...)
	m.advance("load "+m.loaded.Path, m.loaded.Read, 0)
	if n := len(m.rejects); n > maxRejects && !m.allowRejects && float64(n) > m.Config.Rejects.Limit*float64(m.loaded.Read) {
		return &refusal{fmt.Sprintf("%d of the first %d rows are bad: reading stopped there", n, m.loaded.Read)}
	}
	select {
	case chunks <- c.Table:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// selection lists the columns that the file delivers, its id renamed to id.
func (m *merge) selection() ([]table.Field, string) {
	fields := m.file.Fields()
	id := idColumn(m.source.Kind)
	parts := make([]string, len(fields))
	for i, f := range fields {
		name := duck.Identifier(f.Name)
		parts[i] = name
		if f.Name == id {
			parts[i] = name + " AS id"
		}
	}
	if id == "customer_key" { // customers: the key is needed under its own name too
		parts = append(parts, duck.Identifier(id))
	}
	return fields, strings.Join(parts, ", ")
}

// idColumn is the column by which facts of a kind are told apart.
func idColumn(kind string) string {
	switch kind {
	case "orders", "order-lines":
		return "order_id"
	case "customers":
		return "customer_key"
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
	args = append(args,
		sql.Named("source", m.source.Name), sql.Named("batch", m.loaded.Batch), sql.Named("id_space", m.source.IDSpace))
	if err := m.db.Statements(m.ctx, queries.Get("merge/"+name).SQL, args...); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// prepare makes the views and tables that the merge of every kind reads.
func (m *merge) prepare() error {
	if !m.file.HasID && m.source.Kind != "customers" && m.source.Kind != "order-lines" {
		if err := m.script("occurrences"); err != nil {
			return err
		}
	}
	if err := m.script("rows_" + strings.ReplaceAll(m.source.Kind, "-", "_")); err != nil {
		return err
	}
	if err := m.describe(); err != nil {
		return err
	}
	if err := m.refuseHugeLines(); err != nil {
		return err
	}
	if m.names("customer_key") {
		return m.script("people")
	}
	return m.db.Exec(m.ctx, "CREATE OR REPLACE TEMP TABLE people (id_space VARCHAR, customer_key VARCHAR, member INTEGER)")
}

// describe fixes the id space of the source and the currency of the store, and
// writes what the merge has to know into the one-row table load.
func (m *merge) describe() error {
	recorded, err := meta(m.ctx, m.db)
	if err != nil {
		return err
	}
	if key := "frozen.id_space." + m.source.Name; recorded[key] != m.source.IDSpace || !has(recorded, key) {
		if has(recorded, key) {
			return fmt.Errorf("id_space of source %s is %q now and was %q when it was first loaded: set it back, or run clientele rebuild", m.source.Name, m.source.IDSpace, recorded[key])
		}
		if err := setMeta(m.ctx, m.db, key, m.source.IDSpace); err != nil {
			return err
		}
	}
	currency, err := m.currency(recorded["frozen.currency"])
	if err != nil {
		return err
	}
	cfg := m.Config
	return m.db.Statements(m.ctx, `CREATE OR REPLACE TEMP TABLE load AS SELECT CAST($source AS VARCHAR) AS source, CAST($batch AS INTEGER) AS batch_id,
  CAST($id_space AS VARCHAR) AS id_space, CAST($currency AS VARCHAR) AS currency,
  CAST($tax AS BOOLEAN) AS with_tax, CAST($shipping AS BOOLEAN) AS with_shipping`,
		sql.Named("source", m.source.Name), sql.Named("batch", m.loaded.Batch), sql.Named("id_space", m.source.IDSpace),
		sql.Named("currency", currency), sql.Named("tax", slices.Contains(cfg.Net, "tax")),
		sql.Named("shipping", slices.Contains(cfg.Net, "shipping")))
}

func has(m map[string]string, key string) bool { _, ok := m[key]; return ok }

// currency checks that the file's amounts are in the reporting currency, which
// the first file that names one settles when the configuration does not.
func (m *merge) currency(recorded string) (string, error) {
	reporting := recorded
	if reporting == config.Auto {
		reporting = ""
	}
	if !m.names("currency") {
		return reporting, nil
	}
	t, err := m.db.Query(m.ctx, "SELECT currency, count(*) AS n FROM stage WHERE currency IS NOT NULL GROUP BY currency ORDER BY n DESC, currency")
	if err != nil || t.Rows() == 0 {
		return reporting, err
	}
	if reporting == "" {
		reporting = string(t.Column("currency").Texts.At(0))
		if err := setMeta(m.ctx, m.db, "frozen.currency", reporting); err != nil {
			return "", err
		}
	}
	for i := range t.Rows() {
		if c := string(t.Column("currency").Texts.At(i)); c != reporting {
			return "", &refusal{fmt.Sprintf("%d rows are in %s, the reporting currency is %s, and there is no rate: two currencies are never added",
				t.Ints("n")[i], c, reporting)}
		}
	}
	return reporting, nil
}

// names reports whether the file delivers one of the columns.
func (m *merge) names(columns ...string) bool {
	return slices.ContainsFunc(m.file.Fields(), func(f table.Field) bool { return slices.Contains(columns, f.Name) })
}

// kind merges the staged rows and returns how many were known already.
func (m *merge) kind() (duplicates int64, err error) {
	switch m.source.Kind {
	case "orders":
		return m.orders()
	case "order-lines":
		for _, name := range []string{"order_lines", "line_products"} {
			if err := m.script(name); err != nil {
				return 0, err
			}
		}
		return m.count("SELECT count(*) FROM stage_lines WHERE order_id IN (SELECT id FROM aside WHERE outcome = 'duplicate')")
	}
	for _, name := range []string{"known_" + m.source.Kind, "fate", m.source.Kind} {
		if err := m.script(name); err != nil {
			return 0, err
		}
	}
	return m.count("SELECT count(*) FROM fate WHERE outcome = 'duplicate'")
}

func (m *merge) count(query string) (n int64, err error) {
	err = m.db.Row(m.ctx, []any{&n}, query)
	return n, err
}

// orders merges an orders file of either grain.
func (m *merge) orders() (duplicates int64, err error) {
	rows, err := m.hasLines()
	if err != nil {
		return 0, err
	}
	if err := m.script("order_single", sql.Named("own_ids", m.file.HasID && !rows)); err != nil {
		return 0, err
	}
	repeated := int64(0)
	if rows {
		if repeated, err = m.dropRepeats(); err != nil {
			return 0, err
		}
		ofOrder, err := m.amountOfOrder()
		if err != nil {
			return 0, err
		}
		if err := m.script("order_rows", sql.Named("amount_of_order", ofOrder)); err != nil {
			return 0, err
		}
	}
	if err := m.orderScripts(rows); err != nil {
		return 0, err
	}
	if rows {
		known, err := m.count("SELECT count(*) FROM stage_lines WHERE order_id IN (SELECT id FROM aside WHERE outcome = 'duplicate')")
		return repeated + known, err
	}
	return m.count("SELECT count(*) FROM aside WHERE outcome = 'duplicate'")
}

// orderScripts runs the steps that the file's rows and columns call for: most
// files need few of them, and each costs its planning.
func (m *merge) orderScripts(lines bool) error {
	if err := m.script("orders"); err != nil {
		return err
	}
	var replaces, late bool
	err := m.db.Row(m.ctx, []any{&replaces, &late},
		"SELECT coalesce(bool_or(outcome = 'replaces'), false), coalesce(bool_or(outcome = 'superseded'), false) FROM aside")
	if err != nil {
		return err
	}
	if replaces || late {
		if err := m.noteVersions(); err != nil {
			return err
		}
	}
	for _, step := range []struct {
		script string
		needed bool
	}{
		{"orders_replaced", replaces},
		{"orders_current", true},
		{"orders_late", late},
		{"orders_lines", lines},
		{"line_products", lines},
		{"orders_negative", true},
		{"orders_refunded", m.names("refunded", "status", "cancelled_at")},
		{"orders_places", m.names("country", "region", "city", "postcode")},
		{"orders_contacts", m.names("name", "email", "phone", "address")},
	} {
		if !step.needed {
			continue
		}
		if err := m.script(step.script); err != nil {
			return err
		}
	}
	return nil
}

// noteVersions says how many orders the file changes, and what that does to
// their worth: nobody should find out later.
func (m *merge) noteVersions() error {
	var replaced, older int64
	var before, after float64
	err := m.db.Row(m.ctx, []any{&replaced, &older, &before, &after}, `SELECT
  (SELECT count(*) FROM aside WHERE outcome = 'replaces'), (SELECT count(*) FROM aside WHERE outcome = 'superseded'),
  (SELECT CAST(coalesce(sum(net), 0) AS DOUBLE) FROM facts.orders WHERE source = $source AND order_id IN (SELECT id FROM aside WHERE outcome = 'replaces')),
  (SELECT CAST(coalesce(sum(amount), 0) AS DOUBLE) FROM versions WHERE line IN (SELECT line FROM aside WHERE outcome = 'replaces'))`,
		sql.Named("source", m.source.Name))
	if err != nil {
		return err
	}
	if replaced > 0 {
		m.replaced = true
		m.loaded.Notes = append(m.loaded.Notes, fmt.Sprintf("orders replaced by another version: %d, net %.2f before, %.2f now", replaced, before, after))
	}
	if older > 0 {
		m.loaded.Notes = append(m.loaded.Notes, fmt.Sprintf("rows that are older versions of orders, kept aside: %d", older))
	}
	return nil
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
	if !m.names("product_id", "product_name") {
		return false, nil
	}
	err := m.db.Row(m.ctx, []any{&m.items}, `SELECT EXISTS (SELECT 1 FROM facts.order_lines WHERE source = $source AND line > 1)
  OR EXISTS (SELECT 1 FROM stage_rows GROUP BY id HAVING min(content) <> max(content))`, sql.Named("source", m.source.Name))
	return m.items || m.names("product_id"), err
}

// dropRepeats takes out and counts equal rows of one order in a file with one
// row per order: they are repeats. Among line items they are two equal lines.
func (m *merge) dropRepeats() (int64, error) {
	if m.items {
		m.loaded.Notes = append(m.loaded.Notes, "one row per line item: rows of one order id are one order")
		return 0, nil
	}
	return m.db.Affected(m.ctx, "DELETE FROM stage_rows WHERE line NOT IN (SELECT min(line) FROM stage_rows GROUP BY id)")
}

// amountOfOrder decides what the amount column of a file with one row per line
// item means: the order's amount, on its first row or repeated on every row,
// or the line's.
func (m *merge) amountOfOrder() (bool, error) {
	if !m.names("net") {
		return false, nil
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
	recorded, err := meta(m.ctx, m.db)
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
		if err := setMeta(m.ctx, m.db, key, decided); err != nil {
			return false, err
		}
	}
	if decided == "order" {
		m.loaded.Notes = append(m.loaded.Notes, "the amount is the same on every row of an order: taken as the order's, once")
		return true, nil
	}
	m.loaded.Notes = append(m.loaded.Notes, "the amount differs between the rows of an order: taken as the line's")
	return false, nil
}

// stageRejects puts the rejects into the temporary table stage_rejects.
func (m *merge) stageRejects() error {
	m.staged = true
	for _, r := range m.rejects[:min(len(m.rejects), 3)] {
		m.loaded.Examples = append(m.loaded.Examples, ingest.RowError{Path: m.loaded.Path, Reject: r})
	}
	t := rejectTable(m.rejects)
	fields := make([]table.Field, len(t.Columns()))
	for i, c := range t.Columns() {
		fields[i] = c.Field
	}
	sent := t.Rows() == 0
	return m.db.Load(m.ctx, "stage_rejects", "*", fields, func() (*table.Table, error) {
		if sent {
			return nil, io.EOF
		}
		sent = true
		return t, nil
	})
}

// account writes the batch and its rejects.
func (m *merge) account() error {
	l := m.loaded
	if l.Read != l.Accepted+l.Duplicates+l.Rejected {
		return fmt.Errorf("rows do not add up: %d read, %d accepted, %d duplicates, %d rejected", l.Read, l.Accepted, l.Duplicates, l.Rejected)
	}
	err := m.db.Exec(m.ctx, "INSERT INTO batches VALUES ($batch, $kind, $source, $path, $hash, $mapping, $read, $accepted, $duplicates, $rejected, $state, $at, $notes, $allow)",
		sql.Named("batch", l.Batch), sql.Named("kind", l.Kind), sql.Named("source", l.Source), sql.Named("path", l.Path),
		sql.Named("hash", m.file.Hash), sql.Named("mapping", m.mapping), sql.Named("read", l.Read), sql.Named("accepted", l.Accepted),
		sql.Named("duplicates", l.Duplicates), sql.Named("rejected", l.Rejected), sql.Named("state", l.State),
		sql.Named("at", m.Now.UTC()), sql.Named("notes", strings.Join(l.Notes, "; ")), sql.Named("allow", m.allowRejects))
	if err != nil {
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
