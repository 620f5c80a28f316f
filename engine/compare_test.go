package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"clientele/engine"
	workspacefiles "clientele/engine/workspace"
)

// A byte of a run that changed is found by whatever shows figures of it, before it
// shows any, and so is a file of an earlier run that is gone or cut short.
func TestFiguresOfADamagedRun(t *testing.T) {
	t.Parallel()
	e := settled(t, "2026-03-31")
	night(t, e, engine.Night{AsOf: "2026-02-28"})
	night(t, e, engine.Night{})
	customer := rows(t, e, "SELECT min(customer_id) AS id FROM customers")[0]
	query := func(text string) func() error {
		return func() error { _, err := e.Query(t.Context(), text); return err }
	}
	show := func() error { _, err := e.Show(t.Context(), customer, "en"); return err }
	readers := map[string]map[string]func() error{
		"scores.parquet": {
			"show": show, "query": query(`SELECT max(clv) AS c FROM "Scores"`),
			"segment list": func() error { _, err := e.Segments(t.Context(), ""); return err },
			"preview":      func() error { _, err := e.Preview(t.Context(), "", "orders > 1", 0); return err },
			"profile":      func() error { _, err := e.Profile(t.Context(), "", "Lost"); return err },
			"overlap":      func() error { _, err := e.Overlap(t.Context(), "", nil); return err },
		},
		"segment_members.parquet": {
			"members": func() error { _, err := e.SegmentMembers(t.Context(), "", "Lost", 1); return err },
			"query":   query("FROM segment_members"),
		},
		"models.parquet":        {"models": func() error { _, err := e.FittedModels(t.Context(), ""); return err }},
		"model.pareto_nbd.json": {"preview": func() error { _, err := e.Preview(t.Context(), "", "orders > 1", 0); return err }},
	}
	damaged := func(what string, read func() error) {
		t.Helper()
		var damage *workspacefiles.DamageError
		if err := read(); !errors.As(err, &damage) || damage.Advice == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	for file, all := range readers {
		path := filepath.Join(e.Dir, "exports", "current", file)
		whole := runFile(t, e, "2026-03-31", file)
		flipped := append([]byte{}, whole...)
		flipped[len(flipped)/2] ^= 4
		if err := os.WriteFile(path, flipped, 0o666); err != nil {
			t.Fatal(err)
		}
		for name, read := range all {
			damaged(file+" flipped, "+name, read)
		}
		// What names no run need not look at any, but opening so small a file may meet the byte.
		if err := query("SELECT count(*) AS n FROM orders")(); err != nil {
			damaged("what names no run", func() error { return err })
		}
		if err := os.WriteFile(path, whole, 0o666); err != nil {
			t.Fatal(err)
		}
		for name, read := range all {
			if err := read(); err != nil {
				t.Errorf("%s whole, %s: %v", file, name, err)
			}
		}
	}
	earlier := filepath.Join(e.Dir, "exports", "as_of=2026-02-28", "scores.parquet")
	if err := os.Truncate(earlier, 100); err != nil {
		t.Fatal(err)
	}
	history := func() error { _, err := e.History(t.Context(), engine.HistoryReading{}); return err }
	moves := func() error { _, err := e.Moves(t.Context(), "lifecycle", "", ""); return err }
	damaged("earlier run cut short, history", history)
	damaged("earlier run cut short, moves", moves)
	damaged("earlier run cut short, query", query("SELECT count(*) AS n FROM scores"))
	if err := os.Remove(earlier); err != nil {
		t.Fatal(err)
	}
	damaged("earlier run without scores, query", query("SELECT count(*) AS n FROM scores"))
	damaged("earlier run without scores, show", show)
}
