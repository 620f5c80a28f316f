package workspace

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ManifestName is the file that describes a run.
const ManifestName = "manifest.json"

// CurrentName is the link to the run with the greatest as-of date.
const CurrentName = "current"

const (
	runPrefix  = "as_of="       // exports/as_of=DATE, a link
	runsFolder = ".runs"        // what the links point into
	workPrefix = ".unfinished-" // runs being written
	linkPrefix = ".link-"       // links about to be renamed
)

// Manifest describes a run. It holds no clock and no random value: the same
// facts, date, settings and program give the same bytes.
type Manifest struct {
	Format     int               `json:"format"` // of this file: 1
	AsOf       string            `json:"as_of"`
	Program    string            `json:"program"`          // version of the program
	ConfigHash string            `json:"config_hash"`      // SHA-256, hex
	InputHash  string            `json:"input_hash"`       // SHA-256 of what was scored, whatever files it came in, hex
	Models     []Model           `json:"models,omitempty"` // saved models that scored in place of new fits, or whose names clusters keep; InputHash is of them too
	Shown      []Shown           `json:"shown,omitempty"`  // what of the workspace's history the report shows; InputHash is of it too
	Settings   map[string]string `json:"settings"`         // those that ConfigHash is made of
	Warnings   []Warning         `json:"warnings"`
	Files      []File            `json:"files"` // by name; without the manifest itself
}

// Warning is one doubt about a run, in a sentence of each language.
type Warning struct {
	Code string `json:"code"`
	En   string `json:"en"`
	Zh   string `json:"zh"`
}

// Model is a saved model of an earlier run that a run depends on.
type Model struct {
	Model  string `json:"model"`
	AsOf   string `json:"as_of"`  // of the run that fitted it
	SHA256 string `json:"sha256"` // of its file, hex
}

// Shown is a part of the workspace's history: an earlier run, or a target list.
type Shown struct {
	Kind   string `json:"kind"`   // run, list, or settings
	Name   string `json:"name"`   // as-of date and file, list_id, or section of the configuration
	SHA256 string `json:"sha256"` // hex
}

// File is one file of a run.
type File struct {
	Name   string `json:"name"`
	Rows   *int64 `json:"rows,omitempty"` // nil for what has no rows, such as a report
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hex
}

// Run is a finished run.
type Run struct {
	AsOf     string // YYYY-MM-DD
	Link     string // exports/as_of=DATE: what to show people
	Dir      string // the folder itself: what to read, since the link may be swapped meanwhile
	Manifest Manifest
}

// RunDir is a run being written, in a hidden folder. It is void after Publish
// or Discard.
type RunDir struct {
	AsOf string // YYYY-MM-DD
	Dir  string // write the files here, without subfolders
	lock *Lock
}

// NewRun begins the run of the date asOf (YYYY-MM-DD).
func (l *Lock) NewRun(asOf string) (*RunDir, error) {
	if !isDate(asOf) {
		return nil, fmt.Errorf("new run: %q is not a date such as 2024-12-31", asOf)
	}
	r := &RunDir{AsOf: asOf, Dir: filepath.Join(l.exports(), workPrefix+runPrefix+asOf), lock: l}
	if err := os.MkdirAll(filepath.Join(l.exports(), runsFolder), 0o777); err != nil {
		return nil, fmt.Errorf("new run: %w", err)
	}
	if err := os.Mkdir(r.Dir, 0o777); err != nil {
		return nil, fmt.Errorf("new run: %w", err)
	}
	if err := errors.Join(syncFolder(l.dir), syncFolder(l.exports())); err != nil {
		return nil, errors.Join(fmt.Errorf("new run: %w", err), r.Discard())
	}
	return r, nil
}

func (l *Lock) exports() string { return filepath.Join(l.dir, ExportsName) }

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// File is the path of the file name in the run being written.
func (r *RunDir) File(name string) string { return filepath.Join(r.Dir, name) }

// Discard removes the run; what was published before stays.
func (r *RunDir) Discard() error { return os.RemoveAll(r.Dir) }

// Publish writes the manifest, makes everything durable, and swaps the links
// as_of=DATE and, when no later date has a run, current. rows says how many
// rows the files that have rows hold; the other fields that describe files are
// found by reading them. A run of the same content changes nothing. The run
// that was there before stays for Grace, for who is reading it.
func (r *RunDir) Publish(m Manifest, rows map[string]int64) (Run, error) {
	run, err := r.publish(m, rows)
	if err != nil {
		return Run{}, fmt.Errorf("publish run of %s: %w", r.AsOf, err)
	}
	return run, nil
}

func (r *RunDir) publish(m Manifest, rows map[string]int64) (Run, error) {
	link := filepath.Join(r.lock.exports(), runPrefix+r.AsOf)
	for _, path := range []string{link, filepath.Join(r.lock.exports(), CurrentName)} {
		if err := refuseNonLink(path); err != nil {
			return Run{}, err
		}
	}
	files, err := describe(r.Dir, rows)
	if err != nil {
		return Run{}, err
	}
	m.Format, m.AsOf, m.Files = 1, r.AsOf, files
	if m.Settings == nil {
		m.Settings = map[string]string{}
	}
	if m.Warnings == nil {
		m.Warnings = []Warning{}
	}
	id, err := writeManifest(r.File(ManifestName), m)
	if err != nil {
		return Run{}, err
	}
	if err := syncFolder(r.Dir); err != nil {
		return Run{}, err
	}
	name, err := r.settle(r.AsOf + "-" + id)
	if err != nil {
		return Run{}, err
	}
	if err := swapLink(link, filepath.Join(runsFolder, name)); err != nil {
		return Run{}, err
	}
	if err := r.lock.tidyRuns(); err != nil {
		return Run{}, err
	}
	return Run{AsOf: r.AsOf, Link: link, Dir: filepath.Join(r.lock.exports(), runsFolder, name), Manifest: m}, nil
}

// refuseNonLink protects a folder that somebody has put where a link belongs,
// for example by copying a workspace with a tool that follows links.
func refuseNonLink(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.Mode()&fs.ModeSymlink == 0 {
		err = fmt.Errorf("%s is not a link made by clientele: move it away and try again", path)
	}
	return err
}

// describe hashes and syncs every file of a folder, in the order of names.
func describe(dir string, rows map[string]int64) ([]File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files, counted := []File{}, 0
	for _, e := range entries {
		if e.Name() == ManifestName {
			return nil, fmt.Errorf("%s exists: it is written by Publish", filepath.Join(dir, ManifestName))
		}
		f, err := hashFile(dir, e)
		if err != nil {
			return nil, err
		}
		if err := syncFile(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
		if n, ok := rows[f.Name]; ok {
			f.Rows = &n
			counted++
		}
		files = append(files, f)
	}
	if counted != len(rows) {
		return nil, fmt.Errorf("rows are given for %d files, of which %d exist", len(rows), counted)
	}
	return files, nil
}

func hashFile(dir string, e fs.DirEntry) (File, error) {
	path := filepath.Join(dir, e.Name())
	if !e.Type().IsRegular() {
		return File{}, fmt.Errorf("%s is not a plain file", path)
	}
	return HashFile(path)
}

// HashFile reads a file and describes it by the last part of its path.
func HashFile(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return File{}, err
	}
	return File{Name: filepath.Base(path), Bytes: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// writeManifest returns the first 16 hex digits of the manifest's SHA-256,
// which stand for the content of the whole run.
func writeManifest(path string, m Manifest) (string, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text) // sorts the keys of maps
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return "", err
	}
	if err := os.WriteFile(path, text.Bytes(), 0o666); err != nil {
		return "", err
	}
	sum := sha256.Sum256(text.Bytes())
	return hex.EncodeToString(sum[:8]), syncFile(path)
}

// settle moves the finished folder among the runs and returns its name there.
// When the same content is there already, that one stays, unless it has been
// damaged: then the new one goes beside it and the link moves over.
func (r *RunDir) settle(name string) (string, error) {
	runs := filepath.Join(r.lock.exports(), runsFolder)
	for i := 1; ; i++ {
		try := name
		if i > 1 {
			try = fmt.Sprintf("%s.%d", name, i)
		}
		path := filepath.Join(runs, try)
		_, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			if err := os.Rename(r.Dir, path); err != nil {
				return "", err
			}
			return try, syncFolder(runs)
		}
		if err != nil {
			return "", err
		}
		if there, err := readRun(path); err == nil && Verify(there) == nil {
			return try, r.Discard()
		}
	}
}

// swapLink points link at target, at one instant and durably.
func swapLink(link, target string) error {
	if now, err := os.Readlink(link); err == nil && now == target {
		return nil
	}
	dir := filepath.Dir(link)
	fresh := filepath.Join(dir, linkPrefix+filepath.Base(link))
	if err := os.Symlink(target, fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, link); err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	return syncFolder(dir)
}

// sweepUnfinished removes runs and links that were never put in place.
func (l *Lock) sweepUnfinished() error {
	entries, err := readFolder(l.exports())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), workPrefix) || strings.HasPrefix(e.Name(), linkPrefix) {
			if err := os.RemoveAll(filepath.Join(l.exports(), e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// tidyRuns points current at the latest run and removes finished runs without
// a link. It removes nothing when it cannot read a link.
func (l *Lock) tidyRuns() error {
	entries, err := readFolder(l.exports())
	if err != nil {
		return err
	}
	latest, linked := "", map[string]bool{}
	for _, e := range entries {
		if !isRunName(e.Name()) {
			continue
		}
		latest = e.Name() // entries are sorted, and dates sort as text
		if e.Type()&fs.ModeSymlink == 0 {
			continue
		}
		target, err := os.Readlink(filepath.Join(l.exports(), e.Name()))
		if err != nil {
			return err
		}
		linked[filepath.Base(target)] = true
	}
	if err := l.pointCurrent(latest); err != nil {
		return err
	}
	return l.removeUnlinked(filepath.Join(l.exports(), runsFolder), linked)
}

// readFolder is os.ReadDir, and nothing for a folder that is not there.
func readFolder(dir string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

// pointCurrent makes current name the run latest, or removes it when there is
// no run any more. What is not a link is left alone; Publish refuses it.
func (l *Lock) pointCurrent(latest string) error {
	current := filepath.Join(l.exports(), CurrentName)
	if refuseNonLink(current) != nil {
		return nil
	}
	if latest != "" {
		return swapLink(current, latest)
	}
	if err := os.Remove(current); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Grace is how long a run that was replaced stays readable: who listed its
// files before may open them later.
const Grace = time.Hour

// supersededSuffix marks, beside a run's folder, since when no link names it.
const supersededSuffix = ".superseded"

func (l *Lock) removeUnlinked(runs string, linked map[string]bool) error {
	entries, err := readFolder(runs)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, e := range entries {
		there[e.Name()] = true
	}
	for _, e := range entries {
		name, isMark := strings.CutSuffix(e.Name(), supersededSuffix)
		mark := filepath.Join(runs, name+supersededSuffix)
		if isMark && (linked[name] || !there[name]) {
			err = os.Remove(mark)
		}
		if !isMark && !linked[name] {
			err = l.removeInTime(filepath.Join(runs, name), mark)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// removeInTime removes a folder that no link names once Grace has passed since
// the first time that this was seen, which the mark keeps.
func (l *Lock) removeInTime(folder, mark string) error {
	text, err := os.ReadFile(mark)
	if errors.Is(err, fs.ErrNotExist) {
		return os.WriteFile(mark, []byte(l.now.UTC().Format(time.RFC3339)+"\n"), 0o666)
	}
	if err != nil {
		return err
	}
	since, err := time.Parse(time.RFC3339, strings.TrimSpace(string(text)))
	if age := l.now.Sub(since); err == nil && age >= 0 && age < Grace {
		return nil
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return os.Remove(mark)
}

func isRunName(name string) bool {
	date, ok := strings.CutPrefix(name, runPrefix)
	return ok && isDate(date)
}

// Runs are the finished runs of the workspace dir, by date. A run that cannot
// be read is an error that names it.
func Runs(dir string) ([]Run, error) {
	entries, err := os.ReadDir(filepath.Join(dir, ExportsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, checkFolder(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var runs []Run
	for _, e := range entries {
		if !isRunName(e.Name()) {
			continue
		}
		run, err := OpenRun(dir, strings.TrimPrefix(e.Name(), runPrefix))
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// OpenRun is the run of the workspace dir with the date asOf, or the current
// one when asOf is "current". The error is fs.ErrNotExist when there is none.
func OpenRun(dir, asOf string) (Run, error) {
	name := runPrefix + asOf
	if asOf == CurrentName {
		name = CurrentName
	}
	link := filepath.Join(dir, ExportsName, name)
	// A run that is published again meanwhile takes the folder away between
	// reading the link and reading the manifest: look again.
	var failed error
	for range 10 {
		folder, err := filepath.EvalSymlinks(link)
		if err == nil {
			var run Run
			if run, err = readRun(folder); err == nil {
				run.Link = filepath.Join(dir, ExportsName, runPrefix+run.AsOf)
				return run, nil
			}
		}
		failed = err
	}
	if _, err := os.Lstat(link); errors.Is(err, fs.ErrNotExist) {
		return Run{}, fmt.Errorf("no such run: %w", err)
	}
	return Run{}, fmt.Errorf("%s is damaged: %w; remove it and score its date again", link, failed)
}

// readRun reads the manifest in a run's folder.
func readRun(dir string) (Run, error) {
	path := filepath.Join(dir, ManifestName)
	text, err := os.ReadFile(path)
	if err != nil {
		return Run{}, err
	}
	var m Manifest
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&m); err != nil {
		return Run{}, fmt.Errorf("%s: %w", path, err)
	}
	if m.Format != 1 || !isDate(m.AsOf) {
		return Run{}, fmt.Errorf("%s: not a manifest of a kind that this program knows", path)
	}
	if !named(filepath.Base(dir), text) {
		return Run{}, fmt.Errorf("%s: not as it was published", path)
	}
	return Run{AsOf: m.AsOf, Dir: dir, Manifest: m}, nil
}

// named reports whether the name of a run's folder has the hash of its manifest. A
// folder of another kind of name, such as a copy, has none.
func named(folder string, manifest []byte) bool {
	at := len("2006-01-02-")
	if len(folder) < at+16 || !isDate(folder[:at-1]) {
		return true
	}
	got := sha256.Sum256(manifest)
	return folder[at:at+16] == hex.EncodeToString(got[:8])
}

// The ways in which what was published is not as it was.
const (
	Missing = "missing"
	Changed = "changed"
	Unknown = "not in the manifest"
)

// DamageError says that a file is not as it was published.
type DamageError struct {
	Path            string // the file
	Reason          string // Missing, Changed or Unknown
	Expected, Found string // hashes, hex; "": there is none
	Advice          string // what to do; may be empty
}

// Error names the file, both hashes and what to do.
func (e *DamageError) Error() string {
	text := e.Path + ": " + e.Reason
	if e.Reason == Changed {
		text = e.Path + ": not as it was published"
	}
	if e.Found != "" {
		text += fmt.Sprintf(" (hash %.12s…, published as %.12s…)", e.Found, e.Expected)
	}
	if e.Advice != "" {
		text += ": " + e.Advice
	}
	return text
}

// Verify reads every file of a run and compares sizes and hashes with the
// manifest. The first difference is a *DamageError.
func Verify(run Run) error {
	damaged, err := VerifyAll(run, nil)
	if err == nil && len(damaged) > 0 {
		err = damaged[0]
	}
	return err
}

// VerifyAll is Verify that goes on, and returns every difference: those of files that
// are there by name, then what is missing. advance, when not nil, is told of bytes
// that are done, and may end it.
func VerifyAll(run Run, advance func(int64) error) ([]*DamageError, error) {
	want := map[string]File{}
	for _, f := range run.Manifest.Files {
		want[f.Name] = f
	}
	entries, err := os.ReadDir(run.Dir)
	if err != nil {
		return nil, fmt.Errorf("verify run: %w", err)
	}
	var out []*DamageError
	for _, e := range entries {
		if e.Name() == ManifestName {
			continue
		}
		f, known := want[e.Name()]
		delete(want, e.Name())
		if damage := verifyFile(run, e, f, known); damage != nil {
			out = append(out, damage)
		}
		if advance != nil {
			if err := advance(f.Bytes); err != nil {
				return nil, err
			}
		}
	}
	for _, f := range run.Manifest.Files { // in order, so that the message is stable
		if _, missing := want[f.Name]; missing {
			out = append(out, run.damage(f, Missing, ""))
		}
	}
	return out, nil
}

func verifyFile(run Run, e fs.DirEntry, f File, known bool) *DamageError {
	if !known {
		return run.damage(File{Name: e.Name()}, Unknown, "")
	}
	got, err := hashFile(run.Dir, e)
	if err != nil {
		damage := run.damage(f, underlying(err).Error(), "")
		damage.Expected = f.SHA256
		return damage
	}
	if got.Bytes != f.Bytes || got.SHA256 != f.SHA256 {
		return run.damage(f, Changed, got.SHA256)
	}
	return nil
}

// underlying takes the operation and the path off an error of package os.
func underlying(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (run Run) damage(f File, reason, found string) *DamageError {
	path := filepath.Join(run.Dir, f.Name)
	if run.Link != "" {
		path = filepath.Join(run.Link, f.Name)
	}
	d := &DamageError{Path: path, Reason: reason, Expected: f.SHA256, Found: found}
	if reason != Unknown {
		d.Advice = "score the day again (clientele score --as-of " + run.AsOf + ")"
	}
	return d
}

// Check compares the content of a file of the run, text, with the manifest; a
// difference is a *DamageError. A file that the manifest does not know passes.
func (run Run) Check(name string, text []byte) error {
	got := sha256.Sum256(text)
	for _, f := range run.Manifest.Files {
		if found := hex.EncodeToString(got[:]); f.Name == name && f.SHA256 != found {
			return run.damage(f, Changed, found)
		}
	}
	return nil
}

// CheckFile is Check of a file that is read for it.
func (run Run) CheckFile(name string) error {
	for _, f := range run.Manifest.Files {
		if f.Name != name {
			continue
		}
		got, err := HashFile(filepath.Join(run.Dir, name))
		if err != nil {
			return fmt.Errorf("check run: %w", err)
		}
		if got.SHA256 != f.SHA256 {
			return run.damage(f, Changed, got.SHA256)
		}
	}
	return nil
}

// CheckSize is CheckFile that looks at no more than the size.
func (run Run) CheckSize(name string) error {
	for _, f := range run.Manifest.Files {
		if f.Name != name {
			continue
		}
		info, err := os.Stat(filepath.Join(run.Dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return run.damage(f, Missing, "")
		}
		if err != nil {
			return fmt.Errorf("check run: %w", err)
		}
		if info.Size() != f.Bytes {
			return run.damage(f, Changed, "")
		}
	}
	return nil
}

// RunIn is the run whose manifest lies in a folder, wherever that is; fs.ErrNotExist
// where there is none.
func RunIn(dir string) (Run, error) { return readRun(dir) }
