package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/workspace"
)

// Night is how the nightly job is run.
type Night struct {
	AsOf          string // YYYY-MM-DD, today, yesterday or latest
	AllowRejects  bool   // load what is good however many rows are bad
	Again         bool   // look at every file and score, though nothing has changed
	PublishAnyway bool   // past every gate
}

// What became of a night.
const (
	OutcomePublished = "published"
	OutcomeUnchanged = "unchanged" // nothing has changed since the run that stands
	OutcomeHeld      = "held"      // by a gate
	OutcomeNothing   = "nothing"   // no dated facts: all that would be the first was refused
	OutcomeFailed    = "failed"
)

// StateName is the file in which run notes what it has done, so that a night in
// which nothing has changed is known as one. It is a note, not a fact: without
// it, run does everything again and comes to the same.
const StateName = "clientele.state.json"

// state is what run notes at its end.
type state struct {
	Format      int                 `json:"format"` // of this file: 1
	Inputs      string              `json:"inputs"` // mark of all that run looks at; "": it has to look
	Scores      string              `json:"scores"` // mark of all that scores depend on
	Latest      string              `json:"latest"` // the last day that has facts
	LastSuccess time.Time           `json:"last_success"`
	Took        float64             `json:"took"` // the last night that published, seconds
	Pending     unpublished         `json:"pending"`
	Seen        map[string]seenFile `json:"seen,omitempty"`   // files of sources whose bytes the store has, by path
	Taught      *lesson             `json:"taught,omitempty"` // what the last scoring learned of earlier states of the shop
	Proven      *proven             `json:"proven,omitempty"` // which checks found nothing, and in which store
	Ran         Ran                 `json:"ran"`
}

// unpublished are the rows read since the last publication.
type unpublished struct {
	Read     int64 `json:"read"`
	Rejected int64 `json:"rejected"`
}

const stateFormat = 1

// readState is the note of the last run, empty where there is none that can be used.
func (e *Engine) readState() state {
	var s state
	text, err := os.ReadFile(e.path(StateName))
	if err != nil || json.Unmarshal(text, &s) != nil || s.Format != stateFormat {
		return state{Format: stateFormat}
	}
	return s
}

func writeState(lock *workspace.Lock, s state) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	p, err := lock.Private(StateName, int64(len(text)))
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.Path, append(text, '\n'), 0o666); err != nil {
		return errors.Join(err, p.Discard())
	}
	if err := p.Publish(); err != nil {
		return errors.Join(err, p.Discard())
	}
	return nil
}

// night is one nightly job under way.
type night struct {
	*Engine
	Night
	ctx   context.Context
	lock  *workspace.Lock
	state state
	check *recheck // what the checks need not look at; nil: they look at everything
	ran   *Ran
	began time.Time
}

// LastTook is how long the last night that published something took; 0 where that
// is not known.
func (e *Engine) LastTook() time.Duration {
	return time.Duration(e.readState().Took * float64(time.Second))
}

func (n *night) run() error {
	if _, err := n.checks(n.ctx); err != nil { // before the work of loading, not after
		return err
	}
	if _, _, err := n.ownRules(); err != nil {
		return err
	}
	files, settled := n.markFiles()
	if settled && n.stands(files) {
		return n.unchanged(files)
	}
	if err := n.lock.CheckStore(); err != nil {
		return err
	}
	n.check = n.known() // before the store is another
	if err := n.load(); err != nil {
		return err
	}
	var err error
	if n.ran.Checked, err = n.checkAgain(n.ctx, n.check); err != nil && !errors.Is(err, ErrChecks) {
		return err
	}
	day, latest, err := n.pass()
	if errors.Is(err, ErrNoFacts) && anyRefused(n.ran.Loaded) {
		n.ran.Outcome = OutcomeNothing
		return nil // the refusal is why, and is told
	}
	if err != nil {
		return err
	}
	if err := n.score(day); err != nil {
		return err
	}
	if n.ran.Removed, err = n.retain(n.lock, false); err != nil {
		return err
	}
	n.note(day, latest, files, settled)
	return nil
}

// stands reports whether everything is as the last run left it.
func (n *night) stands(files string) bool {
	if n.Again || n.state.Inputs == "" {
		return false
	}
	latest, err := ParseDay(n.state.Latest)
	if err != nil {
		return false
	}
	day, err := n.namedDay(n.AsOf, latest)
	return err == nil && n.state.Inputs == n.markInputs(day, files) && n.whole(n.state.Ran.Scored.AsOf)
}

// unchanged answers as the last run did. The gates are asked again: that nothing
// comes any more is what the freshness gate is for.
func (n *night) unchanged(files string) error {
	before := n.state.Ran
	*n.ran = Ran{Loaded: before.Loaded, Checked: before.Checked, Scored: before.Scored}
	if n.Config.Gates.Set() {
		if err := n.lock.CheckStore(); err != nil {
			return err
		}
		if _, _, err := n.pass(); err != nil {
			return err
		}
	}
	n.ran.Outcome = OutcomeUnchanged
	removed, err := n.retain(n.lock, false)
	if err != nil {
		return err
	}
	n.ran.Removed = removed
	n.state.LastSuccess = n.ended()
	if len(removed) > 0 { // they are part of what run looks at
		day, err := ParseDay(before.Scored.AsOf)
		if err != nil {
			return err
		}
		n.state.Inputs, n.state.Scores = n.markInputs(day, files), n.markScores(day, n.ran.Checked)
	}
	if err := writeState(n.lock, n.state); err != nil {
		n.doubt(err)
	}
	return nil
}

// load loads what is new, and counts it towards the gate of rejects.
func (n *night) load() error {
	stale, err := n.identityStale(n.ctx)
	if err != nil {
		return err
	}
	if len(n.Config.Sources) == 0 && !stale {
		return nil
	}
	sources, seen := n.sources(n.AllowRejects), n.seen()
	for i := range sources {
		sources[i].seen = seen
	}
	var news *since
	if n.check != nil {
		news = n.check.since
	}
	loaded, err := n.loadLocked(n.ctx, n.lock, sources, news)
	if err != nil {
		return err // the store is as it was: nothing is loaded
	}
	n.ran.Loaded, n.state.Seen = loaded, seenIn(loaded)
	fresh := false
	for _, l := range n.ran.Loaded {
		if l.State != StateKnown && !l.unchanged {
			n.state.Pending.Read += l.Read
			n.state.Pending.Rejected += l.Rejected
			fresh = true
		}
	}
	if fresh && n.Config.Gates.MaxRejects != nil { // what comes after may fail, and these rows are not read again
		return writeState(n.lock, n.state)
	}
	return nil
}

// pass asks the gates. day is that to be scored, latest the last that has facts.
func (n *night) pass() (day, latest Day, err error) {
	err = n.read(n.ctx, func(db *duck.DB) error {
		if _, latest, err = factDays(n.ctx, db); err != nil {
			return err
		}
		if day, err = n.resolveAsOf(n.ctx, db, n.AsOf); err != nil {
			return err
		}
		if !n.Config.Gates.Set() {
			return nil
		}
		zone, err := n.zone()
		if err != nil {
			return err
		}
		today := DayOf(n.Now.In(zone))
		g := gate{Gates: n.Config.Gates, ctx: n.ctx, db: db, day: day, due: day, today: today,
			read: n.state.Pending.Read, reject: n.state.Pending.Rejected, checked: n.ran.Checked}
		if n.AsOf == "" || n.AsOf == "latest" {
			g.due = today
		}
		n.ran.Held, err = g.pass()
		return err
	})
	if err == nil && len(n.ran.Held) > 0 && !n.PublishAnyway {
		n.ran.Outcome = OutcomeHeld
		err = &HoldError{n.ran.Held}
	}
	return day, latest, err
}

// score publishes the day, unless the run that stands is what would come out.
func (n *night) score(day Day) error {
	if !n.Again && n.state.Scores == n.markScores(day, n.ran.Checked) && n.whole(day.String()) {
		n.ran.Scored, n.ran.Outcome = n.state.Ran.Scored, OutcomeUnchanged // with nothing new among the files, or nothing that counts
		return nil
	}
	n.lessons = &lessons{}
	if !n.Again {
		n.lessons.before = n.state.Taught
	}
	var err error
	n.ran.Scored, err = n.scoreLocked(n.ctx, n.lock, day.String(), n.ran.Checked)
	n.state.Taught, n.lessons = n.lessons.now, nil
	if err == nil {
		n.ran.Outcome = OutcomePublished
	}
	return err
}

// note writes down what was done. That it cannot be written is no failure: the
// run is published, and the next one only does more than it had to.
func (n *night) note(day, latest Day, files string, settled bool) {
	s := state{Format: stateFormat, Scores: n.markScores(day, n.ran.Checked), Latest: latest.String(), LastSuccess: n.ended(), Took: n.state.Took, Seen: n.state.Seen, Taught: n.state.Taught, Proven: n.prove(), Ran: *n.ran}
	if n.ran.Outcome == OutcomePublished {
		s.Took = time.Since(n.began).Seconds()
	}
	s.Ran.Loaded = slices.Clone(n.ran.Loaded)
	for i := range s.Ran.Loaded {
		s.Ran.Loaded[i].State = StateKnown
		s.Ran.Loaded[i].Notes = nil
	}
	s.Ran.Checked = slices.Clone(n.ran.Checked)
	for i := range s.Ran.Checked {
		s.Ran.Checked[i].Example = "" // a row of the data has no place here
	}
	if settled && !anyRefused(n.ran.Loaded) {
		s.Inputs = n.markInputs(day, files)
	}
	n.state = s
	if err := writeState(n.lock, s); err != nil {
		n.doubt(err)
	}
}

// ended is the moment on the clock that the night was given.
func (n *night) ended() time.Time { return n.Now.Add(time.Since(n.began)) }

// doubt notes what went wrong beside the run.
func (n *night) doubt(err error) {
	if failed := StorageFailure(err); failed != nil {
		err = failed
	}
	n.ran.Doubts = append(n.ran.Doubts, err.Error())
}

// whole reports whether the run of a day is there with files of the right sizes.
func (e *Engine) whole(asOf string) bool {
	run, err := workspace.OpenRun(e.Dir, asOf)
	if err != nil {
		return false
	}
	for _, f := range run.Manifest.Files {
		if info, err := os.Stat(filepath.Join(run.Dir, f.Name)); err != nil || info.Size() != f.Bytes {
			return false
		}
	}
	return true
}

// markSettle is how old a change of a file has to be before the file can be told
// by its times: clocks of file systems tick in seconds at worst.
const markSettle = 2 * time.Second

// markFiles identifies all files outside that run reads, without reading them: by
// path, size, the times of the last change of content and of status, and inode.
// settled is false where that is not enough: rows of a database, files that are
// missing, and files that changed a moment ago.
func (e *Engine) markFiles() (mark string, settled bool) {
	var paths []string
	for _, s := range e.Config.Sources {
		if s.Connect != "" {
			return "", false
		}
		files, err := e.files(Loading{Source: s})
		if err != nil {
			return "", false
		}
		for _, f := range files {
			paths = append(paths, f.file)
		}
	}
	for _, path := range append(append([]string{e.Config.Rates}, e.Config.Identity.Links...), e.Config.Models.Frozen...) {
		if path == "" {
			continue
		}
		if !filepath.IsAbs(path) {
			path = e.path(path)
		}
		paths = append(paths, path)
	}
	return e.markPaths(paths)
}

func (e *Engine) markPaths(paths []string) (mark string, settled bool) {
	h := sha256.New()
	settled = true
	for _, path := range paths {
		one, changed, err := markFile(path)
		if err != nil || changed.After(e.Now.Add(-markSettle)) {
			settled = false
		}
		fmt.Fprintln(h, one)
	}
	return hex.EncodeToString(h.Sum(nil)), settled
}

func markFile(path string) (mark string, changed time.Time, err error) {
	var s unix.Stat_t
	if err := unix.Stat(path, &s); err != nil {
		return "", time.Time{}, err
	}
	return fmt.Sprintf("%q %d %d.%09d %d.%09d %d", path, s.Size, s.Mtim.Sec, s.Mtim.Nsec, s.Ctim.Sec, s.Ctim.Nsec, s.Ino), time.Unix(s.Ctim.Unix()), nil
}

// markInputs identifies all that run looks at.
func (e *Engine) markInputs(day Day, files string) string {
	return e.mark(day, "inputs", files, e.dated(), fmt.Sprint(e.Config.Rejects, e.Config.Rates), sourcesText(e.Config.Sources))
}

// markScores identifies all that the scores of a day depend on.
func (e *Engine) markScores(day Day, checked Checked) string {
	var frozen []string
	for _, path := range e.Config.Models.Frozen {
		if !filepath.IsAbs(path) {
			path = e.path(path)
		}
		frozen = append(frozen, path)
	}
	models, _ := e.markPaths(frozen)
	return e.mark(day, "scores", jsonText(checked), models)
}

// dated is today, where a check depends on it.
func (e *Engine) dated() string {
	zone, err := e.zone()
	if err != nil || !slices.ContainsFunc(e.Config.Checks, func(c config.Check) bool { return c.FreshDays != nil }) {
		return ""
	}
	return DayOf(e.Now.In(zone)).String()
}

// sourcesText is how sources are read. Passwords are in none of it.
func sourcesText(list []config.Source) string { return jsonText(list) }

// mark identifies the program, its settings, the workspace and the words given.
func (e *Engine) mark(day Day, words ...string) string {
	h := sha256.New()
	fmt.Fprintln(h, e.Version, e.program(), day, config.Hash(e.Config))
	fmt.Fprintln(h, jsonText(e.Config.Checks), jsonText(e.Config.Contact), jsonText(e.Config.Campaigns), jsonText(e.Config.Output), jsonText(e.Config.Models.Frozen))
	for _, w := range words {
		fmt.Fprintf(h, "%q\n", w)
	}
	for _, name := range []string{workspace.StoreName, workspace.KeyName} {
		one, _, err := markFile(e.path(name))
		fmt.Fprintln(h, one, err)
	}
	for _, line := range e.markHistory() {
		fmt.Fprintln(h, line)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// program tells builds of one version apart.
func (e *Engine) program() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	one, _, _ := markFile(path)
	return one
}

// markHistory identifies the runs and the lists, which reports show.
func (e *Engine) markHistory() []string {
	var lines []string
	links, _ := os.ReadDir(e.Exports())
	for _, l := range links {
		if target, err := os.Readlink(filepath.Join(e.Exports(), l.Name())); err == nil {
			lines = append(lines, l.Name()+" "+target)
		}
	}
	_ = filepath.WalkDir(e.path(workspace.ListsName), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // what cannot be read is no part of the mark, and an error of who reads it
		}
		one, _, _ := markFile(path)
		lines = append(lines, one)
		return nil
	})
	return lines
}

// Counts sums what was loaded in a night.
func (r Ran) Counts() (c LoadCounts) {
	for _, l := range r.Loaded {
		switch l.State {
		case StateKnown:
			c.Known++
			continue
		case StateRefused:
			c.Refused++
		default:
			c.Loaded++
		}
		if l.unchanged {
			continue
		}
		c.Read, c.Accepted, c.Duplicates, c.Rejected = c.Read+l.Read, c.Accepted+l.Accepted, c.Duplicates+l.Duplicates, c.Rejected+l.Rejected
	}
	return c
}

// LoadCounts are files by what became of them, and rows of those that were not
// known: read = accepted + duplicates + rejected.
type LoadCounts struct {
	Loaded     int   `json:"files_loaded"`
	Known      int   `json:"files_known"`
	Refused    int   `json:"files_refused"`
	Read       int64 `json:"read"`
	Accepted   int64 `json:"accepted"`
	Duplicates int64 `json:"duplicates"`
	Rejected   int64 `json:"rejected"`
}
