package workspace

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newRun(t *testing.T, l *Lock, asOf, text string) *RunDir {
	t.Helper()
	r, err := l.NewRun(asOf)
	if err != nil {
		t.Fatal(err)
	}
	write(t, r.File("scores.parquet"), text)
	return r
}

func publish(t *testing.T, l *Lock, asOf, text string) Run {
	t.Helper()
	run, err := newRun(t, l, asOf, text).Publish(Manifest{InputHash: "i"}, map[string]int64{"scores.parquet": int64(len(text))})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestManifest(t *testing.T) {
	l := acquire(t, t.TempDir())
	r := newRun(t, l, "2024-01-31", "abc")
	write(t, r.File("report.en.html"), "")
	run, err := r.Publish(Manifest{
		Program:    "v1.2.3",
		ConfigHash: "c0",
		InputHash:  "f1",
		Settings:   map[string]string{"timezone": "UTC", "margin": "1"},
		Warnings:   []Warning{{"zero_churn", "no < churn", "无流失"}},
	}, map[string]int64{"scores.parquet": 0})
	if err != nil {
		t.Fatal(err)
	}
	// The two digests are SHA-256 of nothing and of "abc" (FIPS 180-2, appendix B.1).
	const want = `{
  "format": 1,
  "as_of": "2024-01-31",
  "program": "v1.2.3",
  "config_hash": "c0",
  "input_hash": "f1",
  "settings": {
    "margin": "1",
    "timezone": "UTC"
  },
  "warnings": [
    {
      "code": "zero_churn",
      "en": "no < churn",
      "zh": "无流失"
    }
  ],
  "files": [
    {
      "name": "report.en.html",
      "bytes": 0,
      "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    },
    {
      "name": "scores.parquet",
      "rows": 0,
      "bytes": 3,
      "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    }
  ]
}
`
	if diff := cmp.Diff(want, read(t, filepath.Join(run.Link, ManifestName))); diff != "" {
		t.Error(diff)
	}
	opened, err := OpenRun(l.Dir(), "2024-01-31")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(run, opened); diff != "" {
		t.Errorf("read back:\n%s", diff)
	}
}

func TestRunLinks(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	if runs, err := Runs(dir); len(runs) != 0 || err != nil {
		t.Errorf("a new workspace has runs %v, %v", runs, err)
	}
	if _, err := OpenRun(dir, CurrentName); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("current of a new workspace: %v", err)
	}
	current := func() string {
		t.Helper()
		run, err := OpenRun(dir, CurrentName)
		if err != nil {
			t.Fatal(err)
		}
		return run.AsOf + " " + read(t, filepath.Join(dir, ExportsName, CurrentName, "scores.parquet"))
	}
	february := publish(t, l, "2024-02-29", "feb")
	if got := current(); got != "2024-02-29 feb" {
		t.Error(got)
	}
	publish(t, l, "2024-01-31", "jan") // history filled in later
	if got := current(); got != "2024-02-29 feb" {
		t.Errorf("an earlier date became current: %s", got)
	}
	publish(t, l, "2024-03-31", "mar")
	if got := current(); got != "2024-03-31 mar" {
		t.Error(got)
	}
	publish(t, l, "2024-03-31", "mar again")
	if got := current(); got != "2024-03-31 mar again" {
		t.Error(got)
	}
	runs, err := Runs(dir)
	if err != nil {
		t.Fatal(err)
	}
	var dates []string
	for _, run := range runs {
		dates = append(dates, run.AsOf)
		if err := Verify(run); err != nil {
			t.Error(err)
		}
		if run.Link != filepath.Join(dir, ExportsName, "as_of="+run.AsOf) {
			t.Errorf("link %s", run.Link)
		}
	}
	if !cmp.Equal(dates, []string{"2024-01-31", "2024-02-29", "2024-03-31"}) {
		t.Errorf("runs %v", dates)
	}
	if got := names(t, filepath.Join(dir, ExportsName)); !cmp.Equal(got, []string{runsFolder, "as_of=2024-01-31", "as_of=2024-02-29", "as_of=2024-03-31", CurrentName}) {
		t.Errorf("exports hold %v", got)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Join(dir, ExportsName, runsFolder)); len(got) != 5 {
		t.Errorf("who is reading the superseded run has lost it: %v", got)
	}
	if got := later(t, dir); len(got) != 3 {
		t.Errorf("the superseded run is still there: %v", got)
	}

	// A workspace can be moved: the links are relative.
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if run, err := OpenRun(moved, "2024-02-29"); err != nil || !cmp.Equal(run.Manifest, february.Manifest) || Verify(run) != nil {
		t.Errorf("after moving: %v", err)
	}

	// Who removes a link removes the run; current follows.
	if err := os.Remove(filepath.Join(moved, ExportsName, "as_of=2024-03-31")); err != nil {
		t.Fatal(err)
	}
	dir = moved
	gone := later(t, moved)
	if got := current(); got != "2024-02-29 feb" {
		t.Error(got)
	}
	if got := gone; len(got) != 2 {
		t.Errorf("the removed run is still there: %v", got)
	}
}

func TestRunPublishedTwice(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	first := publish(t, l, "2024-01-31", "same")
	before, err := os.Stat(filepath.Join(first.Dir, "scores.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	second := publish(t, l, "2024-01-31", "same")
	after, err := os.Stat(filepath.Join(second.Dir, "scores.parquet"))
	if err != nil || !os.SameFile(before, after) || first.Dir != second.Dir {
		t.Errorf("the same content was put in place again: %s, %s, %v", first.Dir, second.Dir, err)
	}
	// The same run in another workspace has the same bytes and the same name.
	other := publish(t, acquire(t, t.TempDir()), "2024-01-31", "same")
	if filepath.Base(other.Dir) != filepath.Base(first.Dir) || read(t, filepath.Join(other.Dir, ManifestName)) != read(t, filepath.Join(first.Dir, ManifestName)) {
		t.Error("the manifests differ")
	}

	// A damaged run is replaced by the same content.
	write(t, filepath.Join(first.Dir, "scores.parquet"), "damn")
	third := publish(t, l, "2024-01-31", "same")
	if read(t, filepath.Join(third.Link, "scores.parquet")) != "same" || Verify(third) != nil {
		t.Error("the damage stayed")
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if got := later(t, dir); len(got) != 1 {
		t.Errorf("runs: %v", got)
	}
}

func TestReaderKeepsASupersededRun(t *testing.T) {
	l := acquire(t, t.TempDir())
	run := publish(t, l, "2024-01-31", "old")
	f, err := os.Open(filepath.Join(run.Link, "scores.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	publish(t, l, "2024-01-31", "new")
	text := make([]byte, 10)
	if n, _ := f.Read(text); string(text[:n]) != "old" {
		t.Errorf("the open file reads %q", text[:n])
	}
	if got := read(t, filepath.Join(run.Link, "scores.parquet")); got != "new" {
		t.Errorf("the link gives %q", got)
	}
}

func TestVerify(t *testing.T) {
	for name, tc := range map[string]struct {
		harm func(dir string) error
		want string
	}{
		"nothing": {func(string) error { return nil }, ""},
		"one bit": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "scores.parquet"), []byte("scorer"), 0o666)
		}, "scores.parquet: not as it was published"},
		"shorter": {func(dir string) error { return os.Truncate(filepath.Join(dir, "scores.parquet"), 3) }, "scores.parquet: not as it was published"},
		"missing": {func(dir string) error { return os.Remove(filepath.Join(dir, "scores.parquet")) }, "scores.parquet: missing"},
		"added":   {func(dir string) error { return os.WriteFile(filepath.Join(dir, "x"), nil, 0o666) }, "x: not in the manifest"},
		"folder":  {func(dir string) error { return os.RemoveAll(dir) }, "no such file"},
	} {
		run := publish(t, acquire(t, t.TempDir()), "2024-01-31", "scores")
		if err := tc.harm(run.Dir); err != nil {
			t.Fatal(err)
		}
		err := Verify(run)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.HasSuffix(err.Error(), tc.want) && !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

func TestDamagedRun(t *testing.T) {
	for name, harm := range map[string]func(Run) error{
		"no manifest": func(r Run) error { return os.Remove(filepath.Join(r.Dir, ManifestName)) },
		"no folder":   func(r Run) error { return os.RemoveAll(r.Dir) },
		"half a file": func(r Run) error { return os.Truncate(filepath.Join(r.Dir, ManifestName), 20) },
		"another format": func(r Run) error {
			return os.WriteFile(filepath.Join(r.Dir, ManifestName), []byte(`{"format":2}`), 0o666)
		},
	} {
		l := acquire(t, t.TempDir())
		publish(t, l, "2024-01-31", "good")
		run := publish(t, l, "2024-02-29", "bad")
		if err := harm(run); err != nil {
			t.Fatal(err)
		}
		_, err := Runs(l.Dir())
		wantError(t, err, run.Link)
		if _, err := OpenRun(l.Dir(), "2024-01-31"); err != nil {
			t.Errorf("%s: the other run: %v", name, err)
		}
		again := publish(t, l, "2024-02-29", "bad") // scoring again repairs it
		if runs, err := Runs(l.Dir()); err != nil || len(runs) != 2 || Verify(again) != nil {
			t.Errorf("%s: after scoring again: %v", name, err)
		}
	}
}

func TestRunsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	for _, date := range []string{"", "today", "2024-02-30", "2024-1-1", "../../x"} {
		_, err := l.NewRun(date)
		wantError(t, err, "not a date")
	}
	r := newRun(t, l, "2024-01-31", "x")
	_, err := r.Publish(Manifest{}, map[string]int64{"score.parquet": 1})
	wantError(t, err, "publish run of 2024-01-31", "rows are given for 1 files, of which 0 exist")
	if err := os.Mkdir(r.File("sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	_, err = r.Publish(Manifest{}, nil)
	wantError(t, err, r.File("sub"), "not a plain file")
	if err := r.Discard(); err != nil {
		t.Fatal(err)
	}

	// A folder in the place of a link, as a copy that follows links makes it.
	for _, name := range []string{"as_of=2024-01-31", CurrentName} {
		folder := filepath.Join(dir, ExportsName, name)
		if err := os.MkdirAll(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		r := newRun(t, l, "2024-01-31", "x")
		_, err := r.Publish(Manifest{}, nil)
		wantError(t, err, folder, "not a link")
		if err := errors.Join(r.Discard(), os.Remove(folder), l.Sweep()); err != nil {
			t.Error(err)
		}
	}
}

// Two dates may be written at once; publishing one must not touch the other.
func TestTwoUnfinishedRuns(t *testing.T) {
	l := acquire(t, t.TempDir())
	a, b := newRun(t, l, "2024-01-31", "a"), newRun(t, l, "2024-02-29", "b")
	for _, r := range []*RunDir{b, a} {
		if _, err := r.Publish(Manifest{}, nil); err != nil {
			t.Error(err)
		}
	}
	if runs, err := Runs(l.Dir()); len(runs) != 2 || err != nil {
		t.Errorf("%v, %v", runs, err)
	}
}
