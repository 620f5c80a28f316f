package workspace

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Runs that are let go are no longer listed, readers who have one open keep it
// for a while, and the rest is untouched.
func TestRemoveRuns(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	lock, err := Acquire(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, date := range []string{"2026-01-31", "2026-02-28", "2026-03-31"} {
		r, err := lock.NewRun(date)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(r.File("scores.csv"), []byte(date), 0o600); err != nil {
			t.Fatal(err)
		}
		run, err := r.Publish(Manifest{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		folders = append(folders, run.Dir)
	}
	for _, wrong := range []string{"2026-03-31", "current", "../x"} {
		if err := lock.RemoveRuns([]string{wrong}); err == nil {
			t.Errorf("%s was removed", wrong)
		}
	}
	if err := lock.RemoveRuns([]string{"2026-01-31", "2025-01-01"}); err != nil {
		t.Fatal(err)
	}
	runs, err := Runs(dir)
	if err != nil || len(runs) != 2 || runs[0].AsOf != "2026-02-28" || runs[1].AsOf != "2026-03-31" {
		t.Fatalf("%v, %v", runs, err)
	}
	if text, err := os.ReadFile(filepath.Join(folders[0], "scores.csv")); err != nil || string(text) != "2026-01-31" {
		t.Errorf("who reads it: %q, %v", text, err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if lock, err = Acquire(dir, now.Add(2*Grace)); err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	if _, err := os.Stat(folders[0]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is there after the time of grace: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(dir, ExportsName, runsFolder))
	if err != nil || len(left) != 2 {
		t.Errorf("%v, %v", left, err)
	}
	for _, f := range left {
		if strings.HasSuffix(f.Name(), supersededSuffix) {
			t.Errorf("%s is left", f.Name())
		}
	}
}
