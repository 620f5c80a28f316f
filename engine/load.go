package engine

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"

	"clientele/engine/config"
	"clientele/engine/workspace"
	"clientele/ingest"
	"clientele/queries"
)

// Loading is what to load: files of one source.
type Loading struct {
	Source       config.Source // Name and Kind must be set; Path is where its files are
	AllowRejects bool          // load what is good however much is not
	FromHere     bool          // paths are relative to the current folder, not to the workspace
	Found        bool          // the files were found in a folder: one that cannot be read is set aside
	Unnamed      bool          // nobody named the source: an export of a platform is of the source that ingest auto gives it
	seen         *seenFiles    // what the night before knew of its files; nil: nothing
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
	Examples     []ingest.RowError `json:"-"`
	unchanged    bool              // the store has this batch already
	seen         *seenFile         // the file as it was before it was read; nil: it cannot be told by that
	fromDatabase bool
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
		all, err = e.loadLocked(ctx, lock, loadings, nil)
		return err
	})
	if err == nil && slices.ContainsFunc(all, func(l Loaded) bool { return l.State == StateRefused }) {
		err = ErrRefused
	}
	return all, err
}

// loadLocked is Load under the lock. s, where it is not nil, is told what is new.
func (e *Engine) loadLocked(ctx context.Context, lock *workspace.Lock, loadings []Loading, s *since) (all []Loaded, err error) {
	changed := false
	err = e.update(ctx, lock, false, func(w *writer) (bool, error) {
		w.since = s
		if err := s.begin(ctx, w); err != nil {
			return false, err
		}
		if all, err = w.loadAll(ctx, loadings); err != nil {
			return false, err
		}
		merged, err := w.resolve(ctx)
		if err != nil {
			return false, err
		}
		changed = merged > 0 || w.remark != "" || slices.ContainsFunc(all, func(l Loaded) bool { return l.State != StateKnown && !l.unchanged })
		return changed, s.end(ctx, w, merged)
	})
	if s != nil {
		s.published = changed
	}
	return all, err
}

// stageSources is the loading of all files, what is done between them too.
const stageSources = "load sources"

// loadAll loads files and settles what they mean beside each other and beside what
// was there.
func (w *writer) loadAll(ctx context.Context, loadings []Loading) ([]Loaded, error) {
	if err := w.db.Row(ctx, []any{&w.last}, "SELECT coalesce(max(batch_id), 0) FROM batches"); err != nil {
		return nil, err
	}
	w.first = w.last + 1
	if err := w.db.Statements(ctx, queries.Get("merge/macros").SQL); err != nil {
		return nil, err
	}
	if err := w.readRates(ctx); err != nil {
		return nil, err
	}
	loaded := w.stage(stageSources, 0)
	for _, l := range loadings {
		if err := w.loadSource(ctx, l); err != nil {
			return nil, err
		}
	}
	loaded()
	if err := w.settle(ctx); err != nil {
		return nil, err
	}
	if err := w.recount(ctx); err != nil {
		return nil, err
	}
	if err := w.dropIdle(ctx); err != nil {
		return nil, err
	}
	if w.unused {
		if err := w.settleScript(ctx, "unused", shape{}); err != nil {
			return nil, err
		}
	}
	if err := w.noteRemark(ctx); err != nil {
		return nil, err
	}
	all := make([]Loaded, len(w.loading))
	for i, l := range w.loading {
		all[i] = *l
	}
	return all, nil
}

// loadSource loads what one source brings.
func (w *writer) loadSource(ctx context.Context, l Loading) error {
	if l.Source.Connect != "" {
		loaded, err := w.loadDatabase(ctx, l)
		if err == nil && loaded != nil {
			w.loading = append(w.loading, loaded)
		}
		return err
	}
	paths, err := w.files(l)
	if err != nil && !l.FromHere { // the configuration names the source, the command its files
		err = fmt.Errorf("source %s: %w", l.Source.Name, err)
	}
	if err != nil {
		return err
	}
	files, err := w.openAhead(ctx, l, paths)
	if err != nil {
		return err
	}
	defer files.close()
	g := &group{writer: w, ctx: ctx}
	var opened []opening
	for _, path := range paths {
		if g.has(path) { // it may be one of them again: what they bring has to be known
			if err := g.load(); err != nil {
				return err
			}
			g = &group{writer: w, ctx: ctx}
		}
		m, loaded, err := w.open(ctx, l, path, files)
		if m != nil {
			defer m.file.Close() // loading has closed it already where all went well
		}
		if err != nil && (!errors.As(err, new(*unreadable)) || w.named(l, path.file)) {
			return err // the files that follow need not be read for it
		}
		opened = append(opened, opening{path, m, loaded, err})
		if m == nil {
			continue
		}
		if !m.direct() || !g.fits(m) {
			if err := g.load(); err != nil {
				return err
			}
			g = &group{writer: w, ctx: ctx}
		}
		if m.direct() {
			g.files = append(g.files, m)
		} else if err := m.load(); err != nil {
			return fmt.Errorf("load %s: %w", m.loaded.Path, err)
		}
	}
	if err := g.load(); err != nil {
		return err
	}
	for _, o := range opened {
		if err := w.conclude(ctx, l, o); err != nil {
			return err
		}
	}
	return nil
}

// opening is what became of opening a file, and of loading it.
type opening struct {
	path   sourceFile
	merge  *merge // nil: nothing to load
	loaded *Loaded
	err    error
}

// conclude adds a file to what was loaded. One that cannot be read is an error when
// it is named, and set aside when a folder holds it.
func (w *writer) conclude(ctx context.Context, l Loading, o opening) error {
	err := o.err
	if o.merge != nil && o.merge.unfit != nil {
		err = o.merge.unfit
	}
	if unread := (*unreadable)(nil); errors.As(err, &unread) && !w.named(l, o.path.file) {
		o.loaded, err = w.setAside(ctx, l, o.path.file, unread)
	}
	if err != nil {
		return err
	}
	if o.merge != nil && o.loaded.seen != nil {
		o.loaded.seen.Hash = o.merge.file.Hash
	}
	w.loading = append(w.loading, o.loaded)
	return nil
}

// readRates reads the file of exchange rates into the store, for the conversion of
// what is loaded now and for people to look at.
func (w *writer) readRates(ctx context.Context) error {
	if w.Config.Rates == "" {
		return nil
	}
	var err error
	if w.rates, err = ingest.ReadRates(w.path(w.Config.Rates)); err != nil {
		return err
	}
	if err := w.db.LoadTable(ctx, "rates_read", w.rates.Table()); err != nil {
		return err
	}
	var same bool
	err = w.db.Row(ctx, []any{&same}, "SELECT NOT EXISTS (FROM rates EXCEPT FROM rates_read) AND NOT EXISTS (FROM rates_read EXCEPT FROM rates)")
	if err != nil || same {
		return err
	}
	if err := w.db.Statements(ctx, "DELETE FROM rates;\nINSERT INTO rates SELECT \"on\", \"from\", \"to\", rate FROM rates_read;"); err != nil {
		return err
	}
	return w.noteRates(ctx)
}

// named reports whether a source names the file itself, not a folder or a glob
// that holds it.
func (e *Engine) named(l Loading, path string) bool {
	return !l.Found && slices.ContainsFunc(l.Source.Path, func(pattern string) bool { return e.place(l, pattern) == filepath.Clean(path) })
}

// place is where a path of a source is: in the workspace, or for a command's own
// files in the current folder.
func (e *Engine) place(l Loading, pattern string) string {
	if l.FromHere || filepath.IsAbs(pattern) {
		return filepath.Clean(pattern)
	}
	return e.path(pattern)
}

// sourceFile is where a file is, and the folder of the source that holds it.
type sourceFile struct{ file, root string }

// files lists the files of a source in the order of their names. A folder stands
// for its files and for those of its folders that are partitions, KEY=VALUE.
func (e *Engine) files(l Loading) ([]sourceFile, error) {
	var all []sourceFile
	for _, pattern := range l.Source.Path {
		full := e.place(l, pattern)
		info, err := os.Stat(full)
		switch {
		case err == nil && info.IsDir():
			found, err := folderFiles(full)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", pattern, underlying(err))
			}
			if len(found) == 0 {
				return nil, fmt.Errorf("%s: the folder holds no files", pattern)
			}
			for _, path := range found {
				all = append(all, sourceFile{path, full})
			}
		case err == nil:
			all = append(all, sourceFile{file: full})
		case strings.ContainsAny(pattern, "*?[{"):
			matches, err := doublestar.FilepathGlob(full, doublestar.WithFilesOnly())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", pattern, err)
			}
			if len(matches) == 0 {
				return nil, fmt.Errorf("%s: no file matches", pattern)
			}
			slices.Sort(matches)
			base, _ := doublestar.SplitPattern(filepath.ToSlash(full))
			for _, path := range matches {
				all = append(all, sourceFile{path, filepath.FromSlash(base)})
			}
		default:
			return nil, fmt.Errorf("%s: %w", pattern, underlying(err))
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("source %s: no files are named", l.Source.Name)
	}
	return all, nil
}

// folderFiles are the files of a folder and of its partitions, in the order of
// their paths. Hidden ones and those that begin with _ (_SUCCESS) are no data.
func folderFiles(root string) ([]string, error) {
	var all []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name := d.Name()
		switch {
		case strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_"):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir():
			if !strings.Contains(name, "=") {
				return fs.SkipDir
			}
		default:
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				return nil // a link to a folder
			}
			all = append(all, path)
		}
		return nil
	})
	return all, err
}

// inside refuses a link that leads out of the folder of its source.
func (f sourceFile) inside() error {
	if f.root == "" {
		return nil
	}
	root, err := filepath.EvalSymlinks(f.root)
	if err != nil {
		return underlying(err)
	}
	target, err := filepath.EvalSymlinks(f.file)
	if err != nil {
		return fmt.Errorf("%s: %w", f.file, underlying(err))
	}
	if relative, err := filepath.Rel(root, target); err != nil || relative == ".." || strings.HasPrefix(relative, ".."+string(filepath.Separator)) {
		return fmt.Errorf("%s: is a link that leads out of the folder of the source: name the file itself", f.file)
	}
	return nil
}

// options say how the files of a source are read.
func (w *writer) options(s config.Source, root string) (ingest.Options, error) {
	zone, err := w.zone()
	if err != nil {
		return ingest.Options{}, err
	}
	opt := ingest.Options{
		Kind: kindOf(s), Format: s.Format, Encoding: s.Encoding, Delimiter: s.Delimiter, Sheet: s.Sheet, Expand: int64(s.Expand),
		Dates: s.Dates, Decimal: s.Decimal, Map: s.Map, Status: s.Status, Root: root, PhoneRegion: w.Config.PhoneRegion,
		Zone: zone, Now: w.Now, Key: w.key, Workers: w.Config.Resources.Cores(), Fold: &ingest.Fold{Memory: w.Memory() / 6},
	}
	if s.Zone != "" {
		if opt.Times, err = time.LoadLocation(s.Zone); err != nil {
			return opt, fmt.Errorf("zone %q of source %s: not a known time zone", s.Zone, s.Name)
		}
	}
	return opt, nil
}

// kindOf is the kind of a source, "" where its files are to tell.
func kindOf(s config.Source) string {
	if s.Kind == config.Auto {
		return ""
	}
	return s.Kind
}

// open recognises a file, unless it is among those that are opened already. There is
// nothing to merge when its bytes are known.
func (w *writer) open(ctx context.Context, l Loading, path sourceFile, files *ahead) (*merge, *Loaded, error) {
	defer files.drop(path) // where it is not taken
	if err := path.inside(); err != nil {
		return nil, nil, &unreadable{err}
	}
	known, err := w.knownBefore(ctx, l, path, w.sight(l, path))
	if known != nil || err != nil {
		return nil, known, err
	}
	o := files.take(path)
	if o == nil {
		if o, err = w.opened(l, path); err != nil {
			return nil, nil, err
		}
		o.open(ctx, path)
	}
	seen := o.seen
	if o.err != nil {
		return nil, nil, &unreadable{o.err}
	}
	file := o.file
	l.Source.Kind = file.Kind
	if err := w.nameExport(ctx, &l, path, file); err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	loaded := &Loaded{Kind: file.Kind, Source: l.Source.Name, Path: w.shown(path.file), Notes: slices.Clone(file.Notes), seen: seen}
	mapping := mappingOf(file, l.Source)
	again, err := w.known(ctx, loaded, l, file, mapping)
	if again && seen != nil {
		seen.Hash = file.Hash
	}
	if err != nil || again {
		return nil, loaded, errors.Join(err, file.Close())
	}
	m := &merge{writer: w, ctx: ctx, source: l.Source, file: file, mapping: mapping, loaded: loaded, allowRejects: l.AllowRejects}
	if err := m.begin(o.opt.Fold); err != nil {
		return m, loaded, err
	}
	return m, loaded, m.advise()
}

// loadFile loads one file by itself.
func (w *writer) loadFile(ctx context.Context, l Loading, path sourceFile) (*Loaded, error) {
	m, loaded, err := w.open(ctx, l, path, nil)
	if m == nil || err != nil {
		return loaded, err
	}
	defer m.file.Close()
	if err := m.load(); err != nil {
		return loaded, err
	}
	return loaded, m.unfit
}

// begin numbers the batch and makes the file one of its source.
func (m *merge) begin(opened *ingest.Fold) error {
	currency, err := m.reporting(m.ctx, m.file)
	if err != nil {
		return err
	}
	if err := m.readTerms(); err != nil {
		return err
	}
	m.fold = m.foldOf(m.source, opened, currency)
	if !m.file.HasID {
		m.numbered[foldKey{m.source.Name, m.source.Kind}] = true
	}
	m.file.Use(m.fold)
	m.loaded.Batch = m.number()
	return nil
}

// readTerms begins to number the terms of orders, with those that the store has.
func (m *merge) readTerms() error {
	if m.terms != nil || m.source.Kind != "orders" {
		return nil
	}
	known, err := m.db.Query(m.ctx, "SELECT terms, shop, channel, currency, coupon, campaign_id FROM facts.terms LIMIT $most", sql.Named("most", ingest.MostTerms))
	if err == nil {
		m.terms = ingest.NewTerms(known)
	}
	return err
}

// number is the number of the next batch.
func (w *writer) number() int {
	w.last++
	return w.last
}

// foldOf is the Fold of the source's files of a kind: the one that was made for the
// first of them.
func (w *writer) foldOf(s config.Source, opened *ingest.Fold, currency string) *ingest.Fold {
	key := foldKey{s.Name, s.Kind}
	if w.folds[key] == nil {
		w.folds[key] = opened
	}
	fold := w.folds[key]
	fold.IDSpace, fold.Currency, fold.Rates, fold.Terms = s.IDSpace, currency, w.rates, w.terms
	return fold
}

// transaction runs fn between BEGIN and COMMIT, or ROLLBACK when it fails.
func (w *writer) transaction(ctx context.Context, fn func() error) error {
	if err := w.db.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := fn(); err != nil {
		w.settings = nil // what was recorded meanwhile is not
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
func (w *writer) setAside(ctx context.Context, l Loading, path string, cause *unreadable) (*Loaded, error) {
	if err := ended(ctx); err != nil {
		return nil, err
	}
	sum := sha256.New()
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		io.WriteString(sum, cause.Error()) // a link leads elsewhere, and a pipe waits
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, cause.error
		}
		defer f.Close()
		if _, err := io.Copy(sum, f); err != nil {
			return nil, cause.error
		}
	}
	loaded := &Loaded{Kind: l.Source.Kind, Source: l.Source.Name, Path: w.shown(path), State: StateRefused,
		Notes: []string{"refused: " + strings.TrimPrefix(cause.Error(), path+": ")}}
	m := &merge{writer: w, ctx: ctx, source: l.Source, file: &ingest.File{Hash: hex.EncodeToString(sum.Sum(nil)), Header: []string{}}, loaded: loaded}
	loaded.Batch = m.number()
	return loaded, m.record()
}

// shown is a path as people and the store see it: relative to the workspace
// when it is inside.
func (e *Engine) shown(path string) string {
	if relative, err := filepath.Rel(e.Dir, path); err == nil && !strings.HasPrefix(relative, "..") {
		path = relative
	}
	return readablePath(path)
}

// readablePath is a path as text: bytes that are none, as in names of another encoding,
// are written as \xNN, so that different names stay different.
func readablePath(path string) string {
	if utf8.ValidString(path) {
		return path
	}
	var out strings.Builder
	for i, r := range path {
		if _, size := utf8.DecodeRuneInString(path[i:]); r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&out, "\\x%02X", path[i])
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// known finds out whether the same bytes were loaded into the same source.
// What was rolled back is not loaded again unless its file is named.
func (w *writer) known(ctx context.Context, l *Loaded, from Loading, file *ingest.File, mapping string) (bool, error) {
	args := []any{sql.Named("kind", l.Kind), sql.Named("source", l.Source), sql.Named("bytes", file.Size())}
	var alike bool // without a file of its size, the hash can be computed beside the loading
	err := w.db.Row(ctx, []any{&alike}, "SELECT EXISTS (SELECT 1 FROM batches WHERE kind = $kind AND source = $source AND bytes = $bytes AND state <> 'refused')", args...)
	if err != nil || !alike {
		return false, err
	}
	if err := file.Sum(); err != nil {
		return false, err
	}
	var was, state string
	err = w.db.Row(ctx, []any{&l.Batch, &was, &state, &l.Read, &l.Accepted, &l.Duplicates, &l.Rejected},
		"SELECT batch_id, mapping, state, read, accepted, duplicates, rejected FROM batches "+
			"WHERE kind = $kind AND source = $source AND content_hash = $hash AND state IN ('loaded', 'rolled back') ORDER BY state, batch_id DESC LIMIT 1",
		args[0], args[1], sql.Named("hash", file.Hash))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if state == StateRolledBack {
		if from.FromHere {
			*l = Loaded{Kind: l.Kind, Source: l.Source, Path: l.Path, Notes: l.Notes}
			return false, nil
		}
		l.State = StateKnown
		l.Notes = append(l.Notes, fmt.Sprintf("was rolled back as batch %d: not loaded again, unless with clientele ingest %s %s", l.Batch, l.Kind, l.Path))
		return true, nil
	}
	if was != mapping {
		return false, fmt.Errorf("%s: is loaded already as batch %d, read otherwise (%s; now %s): clientele rebuild loads everything as it is to be read now",
			l.Path, l.Batch, was, mapping)
	}
	l.State = StateKnown
	l.Notes = nil
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

// bindingsOf is which column fed what, of a mapping as mappingOf writes it.
func bindingsOf(mapping string) map[string]string {
	out := map[string]string{}
	last := ""
	for _, part := range strings.Split(mapping, ", ") {
		target, header, ok := strings.Cut(part, "=")
		switch {
		case ok && strings.HasPrefix(target, "--"):
			last = ""
		case ok && strings.Trim(target, "abcdefghijklmnopqrstuvwxyz_") == "" || strings.HasPrefix(target, "attribute."):
			out[target], last = header, target
		case last != "": // a comma within a name
			out[last] += ", " + part
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
