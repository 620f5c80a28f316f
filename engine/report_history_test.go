package engine_test

import (
	"context"
	"encoding/json"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clientele/engine"
)

// reported scores a day and returns the English report, the manifest, and what of the
// history the manifest names.
func reported(t testing.TB, e *engine.Engine, day string) (page, manifest string, shown []string) {
	t.Helper()
	e.Config.Output.Reports = []string{"en", "zh"}
	score(t, e, day)
	dir := filepath.Join(e.Dir, "exports", "as_of="+day)
	text, err := os.ReadFile(filepath.Join(dir, "report.en.html"))
	if err != nil {
		t.Fatal(err)
	}
	manifest = content(t, filepath.Join(dir, "manifest.json"))
	var m struct {
		Shown []struct{ Kind, Name string }
	}
	if err := json.Unmarshal([]byte(manifest), &m); err != nil {
		t.Fatal(err)
	}
	for _, s := range m.Shown {
		shown = append(shown, s.Kind+" "+s.Name)
	}
	return html.UnescapeString(string(text)), manifest, shown
}

// A report shows earlier runs and the lists that count by its day, and names them in
// the manifest. What comes later changes no byte of it.
func TestReportShowsTheHistory(t *testing.T) {
	t.Parallel()
	e := smallShop(t)
	half := 0.5
	page, plain, shown := reported(t, e, "2024-06-30")
	if len(shown) != 0 || !strings.Contains(page, "There is no earlier run to compare with") || !strings.Contains(page, "No list counts on or before this day") {
		t.Errorf("a first run shows %v", shown)
	}

	// A list of the next day, and a later run: the run before is the same once more.
	first := target(t, e, func(c *engine.Cut) { c.Campaign, c.Control = "autumn", &half })
	score(t, e, "2024-07-20")
	if _, again, _ := reported(t, e, "2024-06-30"); again != plain {
		t.Error("a later list or run changed the run of an earlier day")
	}

	page, before, shown := reported(t, e, "2024-07-20")
	want := "list 2024-06-30-1, run 2024-06-30 scores.parquet, run 2024-06-30 segment_members.parquet, settings campaigns"
	if strings.Join(shown, ", ") != want {
		t.Errorf("the manifest names %v, want %s", shown, want)
	}
	for _, say := range []string{"Lifecycle stages: who went where", "2024-06-30-1 · Active · text message", "Campaign: autumn", "not over"} {
		if !strings.Contains(page, say) {
			t.Errorf("the report does not say %q", say)
		}
	}

	// Cut anew for a later day: until then the first list counts.
	score(t, e, "2024-07-25")
	again, err := e.RecutList(context.Background(), first.ID, engine.Cut{AsOf: "2024-07-25", File: engine.ListFile{To: filepath.Join(e.Dir, "again.csv")}}, nil)
	if err != nil || again.On != "2024-07-26" {
		t.Fatal(again.On, err)
	}
	if _, same, _ := reported(t, e, "2024-07-20"); same != before {
		t.Error("a list that replaces another from a later day on changed the run of an earlier one")
	}
	page, _, shown = reported(t, e, "2024-07-28")
	if strings.Contains(page, "2024-06-30-1 ·") || !strings.Contains(page, "2024-07-25-1 ·") || !strings.Contains(strings.Join(shown, ", "), "list 2024-06-30-1, list 2024-07-25-1,") {
		t.Errorf("after the new list counts: %v", shown)
	}

	// A list that is cancelled never counted.
	if _, err := e.CancelList(context.Background(), again.ID, "wrong text"); err != nil {
		t.Fatal(err)
	}
	page, _, _ = reported(t, e, "2024-07-28")
	if strings.Contains(page, "2024-07-25-1 ·") || strings.Contains(page, "Campaign: autumn") {
		t.Error("a cancelled list is shown")
	}
}

// Without a report nothing of the history is an input.
func TestNoReportNoHistory(t *testing.T) {
	e := smallShop(t)
	score(t, e, "2024-07-20")
	if text := content(t, filepath.Join(e.Dir, "exports", "as_of=2024-07-20", "manifest.json")); strings.Contains(text, `"shown"`) {
		t.Error("the manifest names what nothing shows")
	}
}
