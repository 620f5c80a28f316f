package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"clientele/engine/internal/duck"
	"clientele/engine/list"
	"clientele/engine/workspace"
)

// Verified is one thing that was compared with what it was when it was published: the
// store, a run, a list, the key; or one file of a run or a list that differs.
type Verified struct {
	Part     string `json:"part"` // store, run, list, key
	Path     string `json:"path"`
	Files    int    `json:"files"` // compared
	Bytes    int64  `json:"bytes"`
	State    string `json:"state"`    // StateWhole, StateUnhashed, StateUnread, or what is wrong
	Expected string `json:"expected"` // hash, hex; of what differs
	Found    string `json:"found"`
}

// States of what is not damaged.
const (
	StateWhole    = "whole"
	StateUnhashed = "no hash recorded" // a store of an earlier version; the next load records one
	StateUnread   = "not compared"     // the key, where the store cannot say what it was
)

// Damaged reports whether it is not as it was published.
func (v Verified) Damaged() bool {
	return v.State != StateWhole && v.State != StateUnhashed && v.State != StateUnread
}

// DamagedError says that something is not as it was published.
type DamagedError struct{ Damaged []Verified }

// Error names the first.
func (e *DamagedError) Error() string {
	text := e.Damaged[0].Path + ": " + e.Damaged[0].State
	if more := len(e.Damaged) - 1; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text + ": restore from a backup what is named; a day can be scored again (clientele score --as-of), the store made anew (clientele rebuild)"
}

// Verify reads the store, every run and every list whole, and compares them with the
// hashes that were recorded when they were published. What differs is in the result,
// and the error is a *DamagedError. It needs no lock.
func (e *Engine) Verify(ctx context.Context) ([]Verified, error) {
	v := &verifier{Engine: e, ctx: ctx}
	if err := v.measure(); err != nil {
		return nil, err
	}
	done := e.stage(verifyStage, v.total)
	for _, part := range []func() error{v.store, v.runs, v.lists} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	done()
	var damaged []Verified
	for _, x := range v.out {
		if x.Damaged() {
			damaged = append(damaged, x)
		}
	}
	if len(damaged) > 0 {
		return v.out, &DamagedError{damaged}
	}
	return v.out, nil
}

const verifyStage = "verify"

type verifier struct {
	*Engine
	ctx   context.Context
	total int64 // bytes to read
	read  atomic.Int64
	out   []Verified
}

// measure finds out how much there is to read, or that there is nothing.
func (v *verifier) measure() error {
	store, err := os.Stat(v.path(workspace.StoreName))
	if err == nil {
		v.total = store.Size()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("verify: %w", err)
	}
	runs, err := v.runDays()
	if err != nil {
		return err
	}
	lists, err := v.listIDs()
	if err != nil {
		return err
	}
	if store == nil && len(runs)+len(lists) == 0 {
		return fmt.Errorf("%s: %w", v.Dir, ErrNoStore)
	}
	for _, day := range runs {
		if run, err := workspace.OpenRun(v.Dir, day); err == nil {
			for _, f := range run.Manifest.Files {
				v.total += f.Bytes
			}
		}
	}
	return nil
}

// advance counts bytes that are done.
func (v *verifier) advance(n int64) error {
	v.Engine.advance(verifyStage, min(v.read.Add(n), v.total), v.total)
	return ended(v.ctx)
}

func (v *verifier) add(x Verified) { v.out = append(v.out, x) }

// damage adds what is wrong with a file.
func (v *verifier) damage(part string, d *workspace.DamageError) {
	v.add(Verified{Part: part, Path: d.Path, Files: 1, Bytes: bytesAt(d.Path), State: d.Reason, Expected: d.Expected, Found: d.Found})
}

// bytesAt is how many bytes a file has, 0 where it cannot be had.
func bytesAt(path string) int64 {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}

// store compares the store with its hash, and the key with what the store knows of it.
func (v *verifier) store() error {
	path := v.path(workspace.StoreName)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		v.add(Verified{Part: "store", Path: path, State: workspace.Missing})
		return nil
	}
	if err != nil {
		v.add(Verified{Part: "store", Path: path, State: underlying(err).Error()})
		return nil
	}
	hashed, err := workspace.VerifyStore(v.Dir, v.advance)
	if over := ended(v.ctx); over != nil {
		return over
	}
	whole := Verified{Part: "store", Path: path, Files: 1, Bytes: info.Size(), State: StateWhole}
	var damage *workspace.DamageError
	var log *workspace.LogError
	switch {
	case errors.As(err, &damage):
		v.damage("store", damage)
		return v.keyUnread()
	case errors.As(err, &log):
		v.add(Verified{Part: "store", Path: log.Path, Bytes: bytesAt(log.Path), State: "lies beside the store"})
		return v.keyUnread()
	case err != nil:
		whole.State = reasonOf(err)
		v.add(whole)
		return v.keyUnread()
	case !hashed:
		whole.State = StateUnhashed
	}
	v.add(whole)
	return v.key()
}

// reasonOf is an error without the path, which stands beside it.
func reasonOf(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// keyUnread says that the key could not be compared: what it was stands in the store.
func (v *verifier) keyUnread() error {
	path := v.path(workspace.KeyName)
	if _, err := os.Lstat(path); err == nil {
		v.add(Verified{Part: "key", Path: path, Bytes: bytesAt(path), State: StateUnread})
	}
	return nil
}

func (v *verifier) key() error {
	var expected string
	err := v.Engine.read(v.ctx, func(db *duck.DB) error {
		recorded, err := meta(v.ctx, db)
		expected = recorded["key_fingerprint"]
		return err
	})
	if over := ended(v.ctx); over != nil {
		return over
	}
	if err != nil || expected == "" {
		return v.keyUnread() // every other command says what is wrong with it
	}
	x := Verified{Part: "key", Path: v.path(workspace.KeyName), Files: 1, State: StateWhole}
	text, err := os.ReadFile(x.Path)
	raw, malformed := hex.DecodeString(strings.TrimSpace(string(text)))
	got := sha256.Sum256(raw)
	switch found := hex.EncodeToString(got[:8]); {
	case errors.Is(err, fs.ErrNotExist):
		x.State, x.Expected = workspace.Missing, expected
	case err != nil:
		x.State = reasonOf(err)
	case malformed != nil || found != expected:
		x.State, x.Expected, x.Found = workspace.Changed, expected, found
	}
	x.Bytes = int64(len(text))
	v.add(x)
	return nil
}

// runDays are the days of the runs that links name.
func (e *Engine) runDays() ([]string, error) {
	var out []string
	err := eachName(e.Exports(), func(name string) {
		if day, ok := strings.CutPrefix(name, "as_of="); ok {
			if _, err := ParseDay(day); err == nil {
				out = append(out, day)
			}
		}
	})
	return out, err
}

// listIDs are the names of the folders of lists.
func (e *Engine) listIDs() ([]string, error) {
	var out []string
	err := eachName(e.lists(), func(name string) {
		if !strings.HasPrefix(name, ".") {
			out = append(out, name)
		}
	})
	return out, err
}

// eachName goes through a folder, which need not be there.
func eachName(dir string, fn func(name string)) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("verify: %w", err)
	}
	for _, entry := range entries {
		fn(entry.Name())
	}
	return nil
}

func (v *verifier) runs() error {
	days, err := v.runDays()
	if err != nil {
		return err
	}
	for _, day := range days {
		link := filepath.Join(v.Exports(), "as_of="+day)
		run, err := workspace.OpenRun(v.Dir, day)
		if err != nil {
			v.add(Verified{Part: "run", Path: filepath.Join(link, workspace.ManifestName), State: runState(err)})
			continue
		}
		damaged, err := workspace.VerifyAll(run, v.advance)
		if over := ended(v.ctx); over != nil {
			return over
		}
		if err != nil {
			v.add(Verified{Part: "run", Path: link, State: reasonOf(err)})
			continue
		}
		for _, d := range damaged {
			v.damage("run", d)
		}
		if len(damaged) == 0 {
			v.add(Verified{Part: "run", Path: link, Files: len(run.Manifest.Files), Bytes: bytesOf(run.Manifest.Files), State: StateWhole})
		}
	}
	if len(days) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(v.Exports(), workspace.CurrentName)); err != nil {
		v.add(Verified{Part: "run", Path: filepath.Join(v.Exports(), workspace.CurrentName), State: workspace.Missing})
	}
	return nil
}

// runState says what is wrong with a run whose manifest cannot be read.
func runState(err error) string {
	if isNotExist(err) {
		return workspace.Missing
	}
	return workspace.Changed
}

func bytesOf(files []workspace.File) int64 {
	var n int64
	for _, f := range files {
		n += f.Bytes
	}
	return n
}

func (v *verifier) lists() error {
	ids, err := v.listIDs()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := ended(v.ctx); err != nil {
			return err
		}
		v.list(id)
	}
	return nil
}

// list compares one list with its manifest, and that with the hash beside it.
func (v *verifier) list(id string) {
	l, err := list.OpenFolder(filepath.Join(v.Engine.lists(), id))
	if err != nil {
		v.add(listDamage(l, err))
		return
	}
	whole := Verified{Part: "list", Path: l.Dir, State: StateWhole}
	for _, f := range l.Files {
		x := Verified{Part: "list", Path: l.File(f.Name), Files: 1, Bytes: bytesAt(l.File(f.Name)), Expected: f.SHA256}
		got, err := workspace.HashFile(x.Path)
		x.Found = got.SHA256
		switch {
		case errors.Is(err, fs.ErrNotExist):
			x.State = workspace.Missing
		case err != nil:
			x.State = reasonOf(err)
		case x.Found != f.SHA256:
			x.State = workspace.Changed
		default:
			whole.Files, whole.Bytes = whole.Files+1, whole.Bytes+f.Bytes
			continue
		}
		v.add(x)
		whole.State = ""
	}
	if whole.State != "" {
		v.add(whole)
	}
}

// listDamage is what is wrong with a list that cannot be read.
func listDamage(l list.List, err error) Verified {
	x := Verified{Part: "list", Path: l.File(list.ManifestName), State: workspace.Changed}
	var changed *list.ChangedError
	var path *fs.PathError
	switch {
	case errors.As(err, &changed):
		x.Path = changed.Path
	case isNotExist(err):
		x.State = workspace.Missing
	case errors.As(err, &path):
		x.Path, x.State = path.Path, path.Err.Error()
	}
	return x
}

// checkShown compares the files of earlier runs that the run has read with their
// manifests, before anything that comes of them is published.
func (r *run) checkShown() error {
	defer r.stage("check what was read", 0)()
	for _, s := range slices.Compact(slices.Clone(r.shown)) {
		day, file, ok := strings.Cut(s.Name, " ")
		if s.Kind != "run" || !ok {
			continue
		}
		earlier, err := workspace.OpenRun(r.Dir, day)
		if err != nil {
			return err
		}
		if err := earlier.CheckFile(file); err != nil {
			return err
		}
	}
	return nil
}

// checkSaved compares a saved model with the manifest of the run that it lies in; a
// copy that lies elsewhere passes.
func checkSaved(path string, text []byte) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil // it was read already
	}
	run, err := workspace.RunIn(filepath.Dir(real))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return run.Check(filepath.Base(real), text)
}
