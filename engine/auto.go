package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/bmatcuk/doublestar/v4"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/workspace"
	"clientele/ingest"
	"clientele/ingest/formats"
)

// Discovered is what files and folders hold.
type Discovered struct {
	Files    []Found   // in the order of their paths
	Loadings []Loading // one for each source and kind, in the order of their first files
}

// Found is one file, or one folder of partitions, and what it was taken for. One with
// a Reason is not loaded: with a Kind its header tells what it is, and something
// else is wrong with it; without, nobody recognises it.
type Found struct {
	Path     string `json:"path"`
	Kind     string `json:"kind,omitempty"`
	Source   string `json:"source,omitempty"`
	Platform string `json:"platform,omitempty"` // the export that it was recognised as; "": none, its columns told the kind
	Title    string `json:"title,omitempty"`
	TitleZH  string `json:"title_zh,omitempty"`
	Reason   string `json:"reason,omitempty"` // why it cannot be loaded; "" for others
	Err      error  `json:"-"`                // the same as an error that names the file
	// Notes are what its first rows tell of how it is read.
	Notes []string `json:"-"`

	place   candidate
	shopIDs bool   // its customer ids are the shop's, whatever platform it is an export of
	orders  string // export whose orders these lines are of
	hash    string
	fed     map[string]string // canonical column: header
}

// Unrecognised are the files that cannot be loaded, be it that nobody recognises
// them or that they are damaged.
func (d Discovered) Unrecognised() []Found {
	return slices.DeleteFunc(slices.Clone(d.Files), func(f Found) bool { return f.Reason == "" })
}

// ErrUnrecognised says that files are not loaded because nobody knows what they are.
var ErrUnrecognised = fmt.Errorf("%w: not recognised", ErrRefused)

// candidate is a file to be looked at, or a folder of partitions by one of its files.
type candidate struct {
	pattern string // what a source names: the file, the folder, or a glob
	file    string
	root    string // folder that the file must be in, and whose partitions are columns; "": none
	refused string // why it is not looked at
}

// Discover finds out what the files are that paths name, in the current folder;
// in folders, those of all folders below them but hidden ones, and a folder of
// partitions KEY=VALUE is one source. base says how they are read; its Name, when
// it has one, is the source of all of them.
//
// Without one, a file belongs to the source of clientele.yaml that names it, else to
// the source whose earlier files are of the same export or have the same columns,
// else to one that is named after its export or its kind. Customer ids of an export
// are in a space of its platform. Files of one kind with columns in other places are
// of two sources: else the second would be taken for a changed form of the first.
func (e *Engine) Discover(ctx context.Context, paths []string, base config.Source, allowRejects bool) (Discovered, error) {
	places, err := e.candidates(paths)
	if err != nil {
		return Discovered{}, err
	}
	if len(places) == 0 {
		return Discovered{}, fmt.Errorf("%s: no files in there", strings.Join(paths, ", "))
	}
	known, err := e.knownLayouts(ctx)
	if err != nil {
		return Discovered{}, err
	}
	found := slices.ContainsFunc(paths, func(path string) bool { // not named themselves
		info, err := os.Stat(path)
		return err != nil || info.IsDir()
	})
	base.Path = nil
	n := &naming{Engine: e, base: base, known: known, configured: e.configuredFiles()}
	var d Discovered
	for _, place := range places {
		f := e.recognise(ctx, place, n.sourceOf(place), len(known) > 0)
		if err := ended(ctx); err != nil {
			return Discovered{}, err
		}
		d.Files = append(d.Files, f)
	}
	for _, f := range byDepth(d.Files) {
		s := n.name(f)
		f.Source = s.Name
		at := slices.IndexFunc(d.Loadings, func(l Loading) bool { return l.Source.Name == s.Name && l.Source.Kind == s.Kind })
		if at < 0 {
			at = len(d.Loadings)
			d.Loadings = append(d.Loadings, Loading{Source: s, AllowRejects: allowRejects, FromHere: true, Found: found})
		}
		l := &d.Loadings[at]
		l.Source.Path = append(l.Source.Path, f.place.pattern)
	}
	return d, nil
}

// byDepth are the recognised files in the order in which they are named: what lies
// at the top of a folder has the plain names.
func byDepth(files []Found) []*Found {
	var out []*Found
	for i := range files {
		if files[i].Reason == "" {
			out = append(out, &files[i])
		}
	}
	depth := func(f *Found) int { return strings.Count(f.place.file, string(filepath.Separator)) }
	slices.SortStableFunc(out, func(a, b *Found) int { return depth(a) - depth(b) })
	return out
}

// recognise opens a file to find out what it is, and whether its bytes were loaded
// where hashed is set.
func (e *Engine) recognise(ctx context.Context, place candidate, s config.Source, hashed bool) Found {
	f := Found{Path: e.shown(place.file), place: place, Reason: place.refused}
	if f.Reason != "" {
		f.Err = fmt.Errorf("%s: %s", f.Path, f.Reason)
		return f
	}
	w := &writer{Engine: e, key: []byte(inspectionKey)}
	opt, err := w.options(s, place.root)
	if err == nil {
		err = sourceFile{place.file, place.root}.inside()
	}
	if err != nil {
		f.refuse(err)
		return f
	}
	opt.HashLate = !hashed
	file, err := ingest.Open(ctx, place.file, opt, formats.Open)
	if err != nil {
		f.refuse(err)
		f.Kind = headerKind(place.file, opt)
		if _, no := ingest.ReadRates(place.file); no == nil {
			f.Reason = "a file of exchange rates: name it under rates in clientele.yaml"
		}
		return f
	}
	defer file.Close()
	f.Kind, f.Notes, f.hash, f.fed = file.Kind, file.Notes, file.Hash, map[string]string{}
	if place.file != place.pattern {
		f.Path, f.hash = e.shown(place.pattern), ""
	}
	if p := file.Source; p != nil {
		f.Platform, f.Title, f.TitleZH, f.shopIDs, f.orders = p.Name, p.Title, p.TitleZH, p.ShopIDs, p.Orders
	}
	for _, b := range file.Bindings {
		f.fed[b.Target] = b.Header
	}
	return f
}

func (f *Found) refuse(err error) {
	f.Err, f.Reason = err, Scrub(strings.TrimPrefix(err.Error(), f.place.file+": "))
}

// headerKind is the kind of a file that cannot be read, as far as its header tells,
// or "".
func headerKind(path string, opt ingest.Options) string {
	r, _, err := formats.Open(path, opt)
	if err != nil {
		return ""
	}
	defer r.Close()
	kind, _, _, err := ingest.Guess(r.Header())
	if err != nil {
		return ""
	}
	return kind
}

// candidates lists the files to look at.
func (e *Engine) candidates(paths []string) ([]candidate, error) {
	var all []candidate
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			found, err := e.folder(filepath.Clean(path), filepath.Clean(path))
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		case err == nil:
			all = append(all, candidate{pattern: filepath.Clean(path), file: filepath.Clean(path)})
		case strings.ContainsAny(path, "*?[{"):
			matches, err := doublestar.FilepathGlob(path, doublestar.WithFilesOnly())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			if len(matches) == 0 {
				return nil, fmt.Errorf("%s: no file matches", path)
			}
			slices.Sort(matches)
			for _, m := range matches {
				all = append(all, candidate{pattern: m, file: m})
			}
		default:
			return nil, fmt.Errorf("%s: %w", path, underlying(err))
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(c candidate) bool {
		twice := seen[c.pattern]
		seen[c.pattern] = true
		return twice
	}), nil
}

// folder lists the files of a folder and of those below it. Hidden ones, those
// that begin with _ and those of the workspace itself are left out.
func (e *Engine) folder(dir, root string) ([]candidate, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, underlying(err))
	}
	var all []candidate
	partitioned, loose := false, false
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_") || e.ownFile(path) {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case err != nil:
			all = append(all, candidate{pattern: path, file: path, refused: underlying(err).Error()})
		case info.IsDir() && entry.Type()&fs.ModeSymlink != 0:
			all = append(all, candidate{pattern: path, file: path, refused: "a link to a folder: name the folder itself"})
		case info.IsDir() && strings.Contains(entry.Name(), "="):
			partitioned = true
		case info.IsDir():
			found, err := e.folder(path, root)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		default:
			loose = true
			all = append(all, candidate{pattern: path, file: path, root: root})
		}
	}
	if partitioned {
		all = append(all, partitions(dir, loose)...)
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return strings.Compare(a.pattern, b.pattern) })
	return all, nil
}

// partitions is the one source in the folders KEY=VALUE of a folder, which is named
// as a whole unless it has files of its own.
func partitions(dir string, loose bool) []candidate {
	files, err := folderFiles(dir)
	if err != nil {
		return []candidate{{pattern: dir, file: dir, refused: underlying(err).Error()}}
	}
	files = slices.DeleteFunc(files, func(f string) bool { return filepath.Dir(f) == dir })
	if len(files) == 0 {
		return nil
	}
	pattern := dir
	if loose {
		pattern = filepath.Join(globEscape(dir), "*=*", "**", "[^._]*")
	}
	return []candidate{{pattern: pattern, file: files[0], root: dir}}
}

// globEscape makes a path a glob that matches it alone.
func globEscape(path string) string {
	return regexp.MustCompile(`[*?\[\]{}\\]`).ReplaceAllString(path, `\$0`)
}

// ownFile reports what clientele keeps in the workspace itself, and the files that
// its configuration names for something else than a source.
func (e *Engine) ownFile(path string) bool {
	own := []string{workspace.StoreName, workspace.ConfigName, workspace.KeyName, workspace.LockName, workspace.ListsName,
		filepath.Join(workspace.ExportsName, workspace.CurrentName)}
	own = append(own, e.Config.Rates)
	own = append(own, e.Config.Identity.Links...)
	for _, name := range own {
		if name != "" && samePath(e.place(Loading{}, name), path) {
			return true
		}
	}
	return strings.HasPrefix(filepath.Base(path), "as_of=") && samePath(e.Exports(), filepath.Dir(path))
}

// samePath compares paths that may be relative to the current folder.
func samePath(a, b string) bool { return fullPath(a) == fullPath(b) }

func fullPath(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return filepath.Clean(path)
}

// configuredFiles are the files that sources of clientele.yaml name, by their
// absolute path.
func (e *Engine) configuredFiles() map[string]config.Source {
	out := map[string]config.Source{}
	for _, s := range e.Config.Sources {
		if s.Connect != "" {
			continue
		}
		files, err := e.files(Loading{Source: s})
		if err != nil {
			continue // a source whose files have yet to come
		}
		for _, f := range files {
			if _, taken := out[fullPath(f.file)]; !taken {
				out[fullPath(f.file)] = s
			}
		}
	}
	return out
}

// layout is how the files of a source look.
type layout struct {
	kind, source, platform, path string
	fed                          map[string]string
	hash                         string
	bytes                        int64
	space                        string // id space of the source
	recorded                     bool   // the store has the source
}

// knownLayouts are those of the files in the store, the newest first.
func (e *Engine) knownLayouts(ctx context.Context) ([]layout, error) {
	var all []layout
	err := e.read(ctx, func(db *duck.DB) error {
		t, err := db.Query(ctx, `SELECT b.kind, b.source, b.platform, b.path, b.mapping, b.content_hash, coalesce(b.bytes, 0) AS bytes, coalesce(m.value, '') AS space
FROM batches AS b LEFT JOIN meta AS m ON m.key = 'frozen.id_space.' || b.source
WHERE b.state = 'loaded' ORDER BY b.batch_id DESC`)
		if err != nil {
			return err
		}
		text := func(name string, i int) string { return string(t.Column(name).Texts.At(i)) }
		for i := range t.Rows() {
			all = append(all, layout{kind: text("kind", i), source: text("source", i), platform: text("platform", i), path: text("path", i),
				fed: bindingsOf(text("mapping", i)), hash: text("content_hash", i), bytes: t.Ints("bytes")[i], space: text("space", i), recorded: true})
		}
		return nil
	})
	if errors.Is(err, ErrNoStore) {
		return nil, nil
	}
	return all, err
}

// naming gives files their sources.
type naming struct {
	*Engine
	base       config.Source
	known      []layout
	configured map[string]config.Source
}

// sourceOf says how a file is read that is not recognised yet.
func (n *naming) sourceOf(place candidate) config.Source {
	if s, ok := n.configured[fullPath(place.file)]; ok && n.base.Name == "" {
		return s
	}
	s := n.base
	s.Kind = config.Auto
	return s
}

// name gives a file its source, which files after it may share.
func (n *naming) name(f *Found) config.Source {
	s, configured := n.configured[fullPath(f.place.file)]
	if configured && n.base.Name == "" {
		s.Path, s.Kind = nil, f.Kind
		n.known = append(n.known, layout{kind: f.Kind, source: s.Name, platform: f.Platform, path: f.Path, fed: f.fed, space: s.IDSpace})
		return s
	}
	s = n.base
	s.Kind = f.Kind
	earlier := n.earlier(f)
	switch {
	case s.Name != "":
	case earlier != nil:
		s.Name = earlier.source
	case f.orders != "": // lines join the orders of their source
		s.Name = f.orders
	case f.Platform != "":
		s.Name = f.Platform
	default:
		s.Name = n.fresh(f)
	}
	if s.IDSpace == "" {
		s.IDSpace = n.space(f, s.Name)
	}
	n.known = append(n.known, layout{kind: f.Kind, source: s.Name, platform: f.Platform, path: f.Path, fed: f.fed, space: s.IDSpace})
	return s
}

// nameExport gives a file that is a platform's export, and whose source nobody named,
// the source that ingest auto gives it: so the same export is never two sources.
func (w *writer) nameExport(ctx context.Context, l *Loading, path sourceFile, file *ingest.File) error {
	if !l.Unnamed || file.Source == nil {
		return nil
	}
	if w.names == nil {
		known, err := w.knownLayouts(ctx)
		if err != nil {
			return err
		}
		w.names = &naming{Engine: w.Engine, known: known, configured: w.configuredFiles()}
	}
	w.names.base = l.Source
	w.names.base.Name = ""
	f := Found{Path: w.shown(path.file), Kind: file.Kind, Platform: file.Source.Name, shopIDs: file.Source.ShopIDs, orders: file.Source.Orders, place: candidate{pattern: path.file, file: path.file}, fed: map[string]string{}}
	for _, b := range file.Bindings {
		f.fed[b.Target] = b.Header
	}
	if slices.ContainsFunc(w.names.known, func(l layout) bool { return l.kind == f.Kind && l.bytes == file.Size() }) {
		if err := file.Sum(); err != nil {
			return err
		}
		f.hash = file.Hash
	}
	s := w.names.name(&f)
	l.Source.Name, l.Source.IDSpace = s.Name, s.IDSpace
	return nil
}

// advise notes what people should decide before they trust what a file brings: which
// zone's days are counted, and whether the same bytes are loaded as another source.
func (m *merge) advise() error {
	if zone := m.file.Zone; zone != "" && m.Config.Timezone == config.Default().Timezone && zone != m.Config.Timezone {
		name := zone
		if _, err := time.LoadLocation(zone); err != nil {
			name = "ZONE, such as Asia/Shanghai"
		}
		m.loaded.Notes = append(m.loaded.Notes, fmt.Sprintf("times of day are of %s, and days are counted in %s, which is the business zone as long as nothing else is set: "+
			"set timezone: %s in clientele.yaml before the first load; after it, clientele rebuild counts anew", zone, m.Config.Timezone, name))
	}
	return m.loadedElsewhere()
}

// loadedElsewhere notes that another source has the same bytes.
func (m *merge) loadedElsewhere() error {
	args := []any{sql.Named("kind", m.loaded.Kind), sql.Named("source", m.loaded.Source), sql.Named("bytes", m.file.Size())}
	const same = "FROM batches WHERE kind = $kind AND source <> $source AND bytes = $bytes AND state = 'loaded'"
	var alike bool // else the hash is computed beside the loading
	if err := m.db.Row(m.ctx, []any{&alike}, "SELECT EXISTS (SELECT 1 "+same+")", args...); err != nil || !alike {
		return err
	}
	if err := m.file.Sum(); err != nil {
		return err
	}
	var batch int
	var source string
	err := m.db.Row(m.ctx, []any{&batch, &source}, "SELECT batch_id, source "+same+" AND content_hash = $hash ORDER BY batch_id DESC LIMIT 1", append(args, sql.Named("hash", m.file.Hash))...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		m.loaded.Notes = append(m.loaded.Notes, fmt.Sprintf("the same bytes are loaded as batch %d of source %s, and count twice as source %s: --source %s says that they are the same, clientele rollback undoes one of the two",
			batch, source, m.loaded.Source, source))
	}
	return err
}

// earlier is a file that the file is of one source with: the same bytes; else the
// same export, whose name is like its own if there are several; else the same
// columns. nil: none.
func (n *naming) earlier(f *Found) *layout {
	var same []*layout
	for i := range n.known {
		l := &n.known[i]
		if l.kind != f.Kind {
			continue
		}
		if f.hash != "" && l.hash == f.hash {
			return l
		}
		if l.platform == f.Platform && (f.Platform != "" || alike(l.fed, f.fed)) {
			same = append(same, l)
		}
	}
	for _, l := range same {
		if starred(l.path, "*") == starred(f.Path, "*") {
			return l
		}
	}
	if len(same) == 0 || f.Platform != "" && slices.ContainsFunc(same, func(l *layout) bool { return l.source != same[0].source }) {
		return nil
	}
	return same[0]
}

// alike reports files whose columns mean the same: what both have stands in columns
// of one name, and one of them has all that the other has.
func alike(a, b map[string]string) bool {
	common := 0
	for target, header := range a {
		other, both := b[target]
		if both && other != header {
			return false
		}
		if both {
			common++
		}
	}
	return common == min(len(a), len(b))
}

// fresh is the name of a new source for a file that no export has: its kind, or,
// where files with other columns have that, the kind and what its own name or its
// folder says.
func (n *naming) fresh(f *Found) string {
	taken := func(name string) bool {
		return slices.ContainsFunc(n.known, func(l layout) bool { return l.source == name && l.kind == f.Kind })
	}
	if !taken(f.Kind) {
		return f.Kind
	}
	from := []string{f.place.file, filepath.Dir(f.place.file)}
	if f.place.file != f.place.pattern { // partitions
		from = []string{f.place.root}
	}
	for _, from := range from {
		if word := wordOf(from); word != "" && word != f.Kind && !taken(f.Kind+"-"+word) {
			return f.Kind + "-" + word
		}
	}
	for i := 2; ; i++ {
		if name := f.Kind + "-" + strconv.Itoa(i); !taken(name) {
			return name
		}
	}
}

// wordOf is what the name of a file or folder says, without dates and numbers:
// legacy-export of legacy_export_2024-01.csv.gz.
func wordOf(path string) string {
	stem, _, _ := strings.Cut(filepath.Base(path), ".")
	parts := strings.FieldsFunc(stem, func(r rune) bool { return !unicode.IsLetter(r) })
	word := strings.ToLower(strings.Join(parts, "-"))
	return string([]rune(word)[:min(len([]rune(word)), 32)])
}

// space is the id space of a source: that which it was loaded with, else one of the
// platform, whose customer 17 is not another platform's.
func (n *naming) space(f *Found, source string) string {
	switch f.Kind {
	case "order-lines", "products", "campaigns": // which name no customers
		if f.orders == "" { // a source has one space
			return ""
		}
	}
	for _, l := range n.known {
		if l.source == source && (l.recorded || l.kind == f.Kind) {
			return l.space
		}
	}
	if f.shopIDs {
		return ""
	}
	family, _, _ := strings.Cut(f.Platform, "_")
	return family
}

// starred is a path with a glob, * or [0-9]*, for the dates and numbers in the name of
// the file, those of 16 digits among them: orders_*.csv of orders_2024-01-31.csv.
func starred(path, glob string) string {
	dir, name := filepath.Split(path)
	name = regexp.MustCompile(`(^|[^A-Za-z0-9])[0-9a-f]{8,}($|[^A-Za-z0-9])`).ReplaceAllString(globEscape(name), "${1}*$2")
	return globEscape(dir) + regexp.MustCompile(`[0-9*]+([-_ ]?[0-9*]+)*`).ReplaceAllString(name, glob)
}

// Sources are the sources that would load in every run what was discovered, and
// files of like names to come: their paths are globs where no file of another
// source is meant by them. Paths are relative to the workspace where they are below it.
func (e *Engine) Sources(d Discovered) []config.Source {
	var out []config.Source
	for _, l := range d.Loadings {
		s := l.Source
		s.Path = nil
		for _, path := range l.Source.Path {
			if named := e.fromHome(d.glob(path, l)); !slices.Contains(s.Path, named) {
				s.Path = append(s.Path, named)
			}
		}
		out = append(out, s)
	}
	return out
}

// glob is the path of a file with stars for numbers, or the path as it is where
// other files of its folder would be meant too.
func (d Discovered) glob(path string, l Loading) string {
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return path
	}
	for _, star := range []string{"*", "[0-9]*"} {
		pattern := starred(path, star)
		if pattern != globEscape(path) && d.means(pattern, l) {
			return pattern
		}
	}
	return path
}

// means reports whether a pattern matches files of one source only.
func (d Discovered) means(pattern string, l Loading) bool {
	return !slices.ContainsFunc(d.Files, func(f Found) bool {
		match, err := doublestar.PathMatch(pattern, f.place.file)
		ours := f.Reason == "" && f.Source == l.Source.Name && f.Kind == l.Source.Kind
		return err != nil || match && !ours
	})
}

// fromHome is a path of the current folder as clientele.yaml names it.
func (e *Engine) fromHome(path string) string {
	full := fullPath(path)
	relative, err := filepath.Rel(fullPath(e.Dir), full)
	if err != nil || !filepath.IsLocal(relative) {
		return full
	}
	return relative
}
