package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clientele/engine"
)

// seenFiles are what the note of the last night says of files: their hashes, by name.
func seenFiles(t *testing.T, e *engine.Engine) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(e.Dir, engine.StateName))
	if err != nil {
		t.Fatal(err)
	}
	var note struct {
		Seen map[string]struct{ Hash string }
	}
	if err := json.Unmarshal(text, &note); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for path, f := range note.Seen {
		out[filepath.Base(path)] = f.Hash
	}
	return out
}

// Files that look as they did are not read again, unless that is asked for; one whose
// bytes were exchanged is, although its size and the time of its last change are as they
// were.
func TestSeenFiles(t *testing.T) {
	t.Parallel()
	e := settled(t, "2026-01-31")
	e.Config.Sources = append(e.Config.Sources[:0], source("orders", "files/*.csv"))
	bring := func(name, text string) string {
		path := filepath.Join("files", name)
		write(t, e, path, text)
		return filepath.Join(e.Dir, path)
	}
	if err := os.Mkdir(filepath.Join(e.Dir, "files"), 0o777); err != nil {
		t.Fatal(err)
	}
	first := bring("1.csv", "order_id,customer,date,amount\n1,a,2026-01-05,10\n")
	bring("2.csv", "order_id,customer,date,amount\n2,b,2026-01-06,20\n")
	night(t, e, engine.Night{})
	seen := seenFiles(t, e)
	if len(seen) != 2 || len(seen["1.csv"]) != 64 || seen["1.csv"] == seen["2.csv"] {
		t.Fatalf("seen: %v", seen)
	}
	batches := func(options engine.Night) (out []int) {
		t.Helper()
		for _, l := range night(t, e, options).Loaded {
			if l.State != engine.StateKnown {
				t.Errorf("%s: %s", l.Path, l.State)
			}
			out = append(out, l.Batch)
		}
		return out
	}
	// The notes are exchanged: who goes by them takes the one file for the other.
	note := filepath.Join(e.Dir, engine.StateName)
	text, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	swap := strings.NewReplacer(seen["1.csv"], seen["2.csv"], seen["2.csv"], seen["1.csv"], `"inputs":"`, `"inputs":"0`)
	if err := os.WriteFile(note, []byte(swap.Replace(string(text))), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := batches(engine.Night{}); got[0] != 2 || got[1] != 1 {
		t.Errorf("files that look as they did are batches %v: they were read", got)
	}
	if got := batches(engine.Night{Again: true}); got[0] != 1 || got[1] != 2 {
		t.Errorf("asked to look at every file: batches %v", got)
	}

	// Other bytes, as many, with the same time of change.
	info, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	bring("1.csv", "order_id,customer,date,amount\n1,a,2026-01-05,99\n")
	if err := os.Chtimes(first, time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if ran := night(t, e, engine.Night{}); ran.Counts().Loaded != 1 || ran.Counts().Known != 1 {
		t.Errorf("a file of other bytes: %+v", ran.Counts())
	}

	// Another way of reading a known file is found out.
	bring("3.csv", "order_id,customer,date,amount\n3,c,2026-01-07,30\n")
	e.Config.Sources[0].Decimal = ","
	e.Now = e.Now.Add(time.Minute)
	if _, err := e.RunNight(t.Context(), engine.Night{}); err == nil || !strings.Contains(err.Error(), "read otherwise") {
		t.Errorf("another decimal sign: %v", err)
	}
}

// What changed as the night began may change again without looking so, and what was
// rolled back or is gone from a store that was made anew is no longer known.
func TestSeenFilesAreDoubted(t *testing.T) {
	t.Parallel()
	e := settled(t, "2026-01-31")
	e.Now = time.Now()
	if _, err := e.RunNight(t.Context(), engine.Night{}); err != nil {
		t.Fatal(err)
	}
	if seen := seenFiles(t, e); len(seen) != 0 {
		t.Errorf("a file that changed a moment ago is told by its times: %v", seen)
	}
	e.Now = time.Now().Add(time.Hour)
	night(t, e, engine.Night{Again: true})
	if seen := seenFiles(t, e); len(seen) != 1 {
		t.Errorf("seen: %v", seen)
	}
	if err := os.Remove(filepath.Join(e.Dir, "clientele.duckdb")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(e.Dir, "clientele.duckdb.sha256")); err != nil {
		t.Fatal(err)
	}
	if ran := night(t, e, engine.Night{}); ran.Counts().Loaded != 1 {
		t.Errorf("without the store: %+v", ran.Counts())
	}
}
