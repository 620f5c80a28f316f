package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientele/engine"
	"clientele/engine/config"
	workspacefiles "clientele/engine/workspace"
)

// settled is a workspace whose files changed long before the command began, and
// with one order each day of 2026 up to the day given.
func settled(t *testing.T, last string) *engine.Engine {
	t.Helper()
	e := workspace(t)
	e.Now = time.Now().Add(time.Hour)
	write(t, e, "o.csv", daily("2026-01-01", last, 1))
	e.Config.Sources = []config.Source{source("orders", "o.csv")}
	plain(e)
	return e
}

// plain leaves out what takes long and makes no difference here.
func plain(e *engine.Engine) {
	e.Config.Clusters.Method = "none"
	e.Config.Churn.Model = "purchase"
}

// daily is a file with so many orders for each day of a span.
func daily(from, to string, orders int) string {
	var b strings.Builder
	b.WriteString("order_id,customer,date,amount\n")
	first, _ := engine.ParseDay(from)
	last, _ := engine.ParseDay(to)
	for day := first; day <= last; day++ {
		for i := range orders {
			fmt.Fprintf(&b, "%v-%d,c%d,%v,10\n", day, i, (int(day)+i)%7, day)
		}
	}
	return b.String()
}

func night(t *testing.T, e *engine.Engine, n engine.Night) engine.Ran {
	t.Helper()
	e.Now = e.Now.Add(time.Minute)
	ran, err := e.RunNight(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return ran
}

// stages are the names of what a night did.
func stages(ran engine.Ran) string {
	var names []string
	for _, s := range ran.Stages {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// A night in which nothing has changed is known as one without reading anything;
// whatever run looks at ends that, and the result is the same to the byte.
func TestUnchangedNight(t *testing.T) {
	e := settled(t, "2026-03-31")
	first := night(t, e, engine.Night{})
	if first.Outcome != engine.OutcomePublished || !strings.Contains(stages(first), "load sources") {
		t.Fatalf("first: %s, %s", first.Outcome, stages(first))
	}
	manifest := runFile(t, e, "2026-03-31", "manifest.json")
	store, err := os.ReadFile(filepath.Join(e.Dir, "clientele.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, options engine.Night, outcome string, loads, scores bool) {
		t.Helper()
		ran := night(t, e, options)
		if ran.Outcome != outcome || strings.Contains(stages(ran), "check the facts") != loads || strings.Contains(stages(ran), "summarize customers") != scores {
			t.Errorf("%s: %s, stages %s", what, ran.Outcome, stages(ran))
		}
		if ran.Scored.Hash != first.Scored.Hash || ran.Scored.Customers != first.Scored.Customers || ran.Scored.AsOf != "2026-03-31" {
			t.Errorf("%s: scored %+v, first %+v", what, ran.Scored, first.Scored)
		}
		if !bytes.Equal(manifest, runFile(t, e, "2026-03-31", "manifest.json")) {
			t.Errorf("%s: another manifest", what)
		}
	}
	same("again", engine.Night{}, engine.OutcomeUnchanged, false, false)
	same("the day by its name", engine.Night{AsOf: "2026-03-31"}, engine.OutcomeUnchanged, false, false)
	same("asked to", engine.Night{Again: true}, engine.OutcomePublished, true, true)
	if now, err := os.ReadFile(filepath.Join(e.Dir, "clientele.duckdb")); err != nil || !bytes.Equal(now, store) {
		t.Errorf("the store was changed: %v", err)
	}

	// A file that was touched is read, and found to be known.
	if err := os.Chtimes(filepath.Join(e.Dir, "o.csv"), time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	same("touched", engine.Night{}, engine.OutcomeUnchanged, true, false)
	same("after it", engine.Night{}, engine.OutcomeUnchanged, false, false)

	// A damaged run is made again.
	scores := filepath.Join(e.Dir, "exports", "current", "scores.parquet")
	if err := os.Truncate(scores, 10); err != nil {
		t.Fatal(err)
	}
	same("damaged", engine.Night{}, engine.OutcomePublished, true, true)

	// The note is no fact: without it, or with nonsense in it, all is done again.
	for _, nonsense := range []string{"[1]", `{"format":1,"inputs":"x","ran":{}}`} {
		write(t, e, engine.StateName, nonsense)
		same("nonsense "+nonsense, engine.Night{}, engine.OutcomePublished, true, true)
	}

	// What changes results does.
	e.Config.Horizon = 100
	if ran := night(t, e, engine.Night{}); ran.Outcome != engine.OutcomePublished || ran.Scored.Hash == first.Scored.Hash {
		t.Errorf("another horizon: %s", ran.Outcome)
	}
	e.Config.Horizon = 365
	e.Config.Output.CSV = true
	if ran := night(t, e, engine.Night{}); ran.Outcome != engine.OutcomePublished {
		t.Errorf("another output: %s", ran.Outcome)
	}
	e.Config.Output.CSV = false
	write(t, e, "o.csv", daily("2026-01-01", "2026-04-01", 1))
	ran := night(t, e, engine.Night{})
	if ran.Outcome != engine.OutcomePublished || ran.Scored.AsOf != "2026-04-01" || ran.Counts().Accepted != 1 {
		t.Errorf("a new day: %s as of %s, %+v", ran.Outcome, ran.Scored.AsOf, ran.Counts())
	}
}

// What tells others of a night, and which runs stay, changes no run.
func TestSettingsBesideTheScores(t *testing.T) {
	e := settled(t, "2026-01-31")
	night(t, e, engine.Night{})
	for what, set := range map[string]func(){
		"metrics": func() { e.Config.Metrics = "m.prom" }, "lineage": func() { e.Config.Lineage = "l.jsonl" },
		"keep": func() { e.Config.Keep.Runs = 3 }, "gates": func() { e.Config.Gates.MinOrders = 1 },
	} {
		set()
		if ran := night(t, e, engine.Night{}); ran.Outcome != engine.OutcomeUnchanged || strings.Contains(stages(ran), "summarize customers") || strings.Contains(stages(ran), "load") {
			t.Errorf("%s: %s, %s", what, ran.Outcome, stages(ran))
		}
	}
}

// A file that changed as the run began may change again without looking so.
func TestFreshFilesAreReadAgain(t *testing.T) {
	e := settled(t, "2026-01-31")
	e.Now = time.Now()
	for i := range 2 {
		ran, err := e.RunNight(t.Context(), engine.Night{})
		if err != nil || !strings.Contains(stages(ran), "check the facts") {
			t.Errorf("run %d: %v, %s", i, err, stages(ran))
		}
	}
}

// A night that failed at scoring is gone on with: no file is loaded again.
func TestResume(t *testing.T) {
	e := settled(t, "2026-02-28")
	e.Config.Models.Frozen = []string{"model.pareto_nbd.json"}
	ran, err := e.RunNight(t.Context(), engine.Night{})
	if err == nil || ran.Outcome != engine.OutcomeFailed || len(ran.Loaded) != 1 || ran.Loaded[0].State != engine.StateLoaded {
		t.Fatalf("%v, %+v", err, ran)
	}
	if _, err := os.Stat(filepath.Join(e.Dir, "exports", "current")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is published: %v", err)
	}
	store := expectStore(t, e)
	e.Config.Models.Frozen = nil
	ran = night(t, e, engine.Night{})
	if ran.Outcome != engine.OutcomePublished || ran.Loaded[0].State != engine.StateKnown || strings.Contains(stages(ran), "publish the store") {
		t.Errorf("%s, %+v, %s", ran.Outcome, ran.Loaded, stages(ran))
	}
	if !bytes.Equal(store, expectStore(t, e)) {
		t.Error("the store was written again")
	}
	expect(t, e, "SELECT count(*) FROM batches", "1")
	if ran = night(t, e, engine.Night{}); ran.Outcome != engine.OutcomeUnchanged {
		t.Errorf("after it: %s", ran.Outcome)
	}
}

func expectStore(t *testing.T, e *engine.Engine) []byte {
	t.Helper()
	store, err := os.ReadFile(filepath.Join(e.Dir, "clientele.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func share(v float64) *float64 { return &v }

// Every gate lets pass what it should and holds what it should, with a sentence
// that says what and how much.
func TestGates(t *testing.T) {
	e := workspace(t)
	e.Now = time.Date(2026, 4, 2, 3, 0, 0, 0, time.UTC)
	// 30 orders a day, and on the last one 12.
	write(t, e, "o.csv", daily("2026-01-01", "2026-03-31", 30)+strings.Join(strings.SplitAfter(daily("2026-04-01", "2026-04-01", 12), "\n")[1:], ""))
	write(t, e, "bad.csv", "order_id,customer,date,amount\nx1,a,2026-02-01,10\nx2,a,soon,10\n")
	bad := source("orders", "bad.csv")
	bad.Name = "bad"
	e.Config.Sources = []config.Source{source("orders", "o.csv"), bad}
	e.Config.Rejects.Limit = 0.5
	plain(e)
	e.Config.Checks = []config.Check{{Name: "amounts", Table: "orders", Column: "net", Max: share(5), Severity: "error"}}
	for _, c := range []struct {
		name  string
		gates config.Gates
		asOf  string
		want  string // "": passes
	}{
		{"just enough", config.Gates{FreshDays: days(1), MinOrders: 192, MinVolume: share(0.4)}, "latest", ""},
		{"old", config.Gates{FreshDays: days(0)}, "latest", "the newest order is of 2026-04-01, 1 days before 2026-04-02, and gates.fresh_days is 0"},
		{"few", config.Gates{MinOrders: 193}, "latest", "there are 192 orders in the seven days up to 2026-04-01, and gates.min_orders is 193"},
		{"a bad day", config.Gates{MinVolume: share(0.5)}, "latest", "the day up to 2026-04-01 has 12 orders, 40 % of the usual 30, and gates.min_volume is 50 %"},
		{"a usual day, fresh on its day", config.Gates{FreshDays: days(0), MinVolume: share(1)}, "2026-03-31", ""},
		{"too early to tell", config.Gates{MinVolume: share(1)}, "2026-01-20", ""},
		{"failed checks", config.Gates{Checks: true}, "latest", `these checks of severity error failed: "amounts"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			e.Config.Gates = c.gates
			ran, err := e.RunNight(t.Context(), engine.Night{AsOf: c.asOf})
			var held *engine.HoldError
			if c.want == "" {
				if errors.As(err, &held) || len(ran.Held) > 0 || ran.Scored.AsOf == "" {
					t.Errorf("%v, %+v", err, ran.Held)
				}
				return
			}
			if !errors.As(err, &held) || !errors.Is(err, engine.ErrHeld) || !strings.Contains(err.Error(), c.want) || len(ran.Held) != 1 || ran.Held[0].Zh == "" || ran.Outcome != engine.OutcomeHeld {
				t.Errorf("%v\nwant %s\n%+v", err, c.want, ran.Held)
			}
		})
	}
}

// A gate that holds leaves the facts loaded and the run of before current; rows that
// were rejected in a night that was held count until something is published.
func TestHeldNight(t *testing.T) {
	e := settled(t, "2026-02-28")
	night(t, e, engine.Night{})
	before := runFile(t, e, "2026-02-28", "manifest.json")
	e.Config.Gates.MaxRejects = share(0.1)
	e.Config.Rejects.Limit = 0.9
	write(t, e, "o.csv", "order_id,customer,date,amount\nn1,a,2026-03-01,10\nn2,a,soon,10\n")
	for i := range 2 { // the second loads nothing, and is held for the same rows
		e.Now = e.Now.Add(time.Minute)
		ran, err := e.RunNight(t.Context(), engine.Night{})
		if !errors.Is(err, engine.ErrHeld) || !strings.Contains(err.Error(), "1 of the 2 rows read since the last publication were rejected, 50 %") {
			t.Fatalf("night %d: %v, %+v", i, err, ran)
		}
	}
	expect(t, e, "SELECT count(*) FROM orders WHERE order_id = 'n1'", "1")
	if link, err := os.Readlink(filepath.Join(e.Dir, "exports", "current")); err != nil || link != "as_of=2026-02-28" || !bytes.Equal(before, runFile(t, e, "2026-02-28", "manifest.json")) {
		t.Errorf("current is %s, %v", link, err)
	}
	if ran := night(t, e, engine.Night{PublishAnyway: true}); ran.Outcome != engine.OutcomePublished || ran.Scored.AsOf != "2026-03-01" {
		t.Errorf("published anyway: %+v", ran)
	}
	if ran := night(t, e, engine.Night{}); ran.Outcome != engine.OutcomeUnchanged || len(ran.Held) != 0 {
		t.Errorf("after it: %s, %v", ran.Outcome, ran.Held)
	}
}

// That a source has dried up is noticed on a night in which nothing changes.
func TestFreshnessOfAnUnchangedNight(t *testing.T) {
	e := settled(t, "2026-02-28")
	last, _ := engine.ParseDay("2026-02-28")
	age := int(engine.DayOf(e.Now.UTC()) - last)
	e.Config.Gates.FreshDays = days(age)
	night(t, e, engine.Night{})
	if ran := night(t, e, engine.Night{}); ran.Outcome != engine.OutcomeUnchanged {
		t.Errorf("%s", ran.Outcome)
	}
	e.Now = e.Now.Add(48 * time.Hour)
	if ran, err := e.RunNight(t.Context(), engine.Night{}); !errors.Is(err, engine.ErrHeld) || strings.Contains(stages(ran), "load") {
		t.Errorf("%v, %s", err, stages(ran))
	}
}

// Runs beyond keep go once a run is published, and the current one never.
func TestRetention(t *testing.T) {
	e := settled(t, "2026-03-31")
	for _, day := range []string{"2026-01-30", "2026-01-31", "2026-02-15", "2026-02-28", "2026-03-29", "2026-03-30"} {
		night(t, e, engine.Night{AsOf: day})
	}
	e.Config.Keep = config.Keep{Runs: 2, Months: 2}
	if gone, err := e.Prune(t.Context(), true); err != nil || !slices.Equal(gone, []string{"2026-01-30", "2026-01-31", "2026-02-15"}) {
		t.Errorf("dry: %v, %v", gone, err)
	}
	listed := func() (out []string) {
		t.Helper()
		table, err := e.Runs()
		if err != nil {
			t.Fatal(err)
		}
		for i := range table.Rows() {
			out = append(out, string(table.Column("as_of").Texts.At(i))+" "+string(table.Column("kept").Texts.At(i)))
		}
		return out
	}
	if got := listed(); !slices.Equal(got, []string{"2026-01-30 ", "2026-01-31 ", "2026-02-15 ", "2026-02-28 months", "2026-03-29 runs", "2026-03-30 current"}) {
		t.Errorf("%q", got)
	}
	ran := night(t, e, engine.Night{})
	if ran.Scored.AsOf != "2026-03-31" || !slices.Equal(ran.Removed, []string{"2026-01-30", "2026-01-31", "2026-02-15", "2026-03-29"}) {
		t.Errorf("%+v", ran.Removed)
	}
	if got := listed(); !slices.Equal(got, []string{"2026-02-28 months", "2026-03-30 runs", "2026-03-31 current"}) {
		t.Errorf("%q", got)
	}
	expect(t, e, "SELECT DISTINCT CAST(as_of AS VARCHAR) AS d FROM scores ORDER BY 1", "2026-02-28", "2026-03-30", "2026-03-31")
	if ran := night(t, e, engine.Night{}); ran.Outcome != engine.OutcomeUnchanged {
		t.Errorf("after it: %s", ran.Outcome)
	}
	// A stricter rule is applied on a night in which nothing else happens.
	e.Config.Keep = config.Keep{Runs: 1}
	if ran := night(t, e, engine.Night{}); ran.Outcome != engine.OutcomeUnchanged || !slices.Equal(ran.Removed, []string{"2026-02-28", "2026-03-30"}) {
		t.Errorf("%s, %v", ran.Outcome, ran.Removed)
	}
	if ran := night(t, e, engine.Night{}); ran.Outcome != engine.OutcomeUnchanged || strings.Contains(stages(ran), "check") {
		t.Errorf("after it: %s, %s", ran.Outcome, stages(ran))
	}
}

// Metrics and lineage tell of every end that a night can come to.
func TestJournal(t *testing.T) {
	e := settled(t, "2026-02-28")
	e.Config.Metrics, e.Config.Lineage = "clientele.prom", "lineage.jsonl"
	metric := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(e.Dir, "clientele.prom"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(line, name+" "); ok {
				return strings.TrimSpace(value)
			}
		}
		return ""
	}
	night(t, e, engine.Night{})
	success := metric("clientele_last_success_timestamp_seconds")
	if metric("clientele_last_run_success") != "1" || success == "" || metric(`clientele_last_run_rows{result="accepted"}`) != "59" ||
		metric("clientele_last_run_customers") != "7" || metric(`clientele_last_run_outcome{outcome="published"}`) != "1" || metric(`clientele_last_run_stage_duration_seconds{stage="load"}`) == "" {
		t.Errorf("published: %s, %s", metric("clientele_last_run_success"), success)
	}
	e.Now = e.Now.Add(time.Minute)
	moment := func(text string) float64 {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if other := metric("clientele_last_run_timestamp_seconds"); moment(other) < moment(success) {
		t.Errorf("the last success was at %s, the end of that run at %s", success, other)
	}
	e.Config.Gates.MinOrders = 1000
	if _, err := e.RunNight(t.Context(), engine.Night{}); !errors.Is(err, engine.ErrHeld) {
		t.Fatal(err)
	}
	if metric("clientele_last_run_success") != "0" || metric(`clientele_last_run_outcome{outcome="held"}`) != "1" || metric("clientele_last_run_gates_held") != "1" || metric("clientele_last_success_timestamp_seconds") != success {
		t.Errorf("held: %s", metric("clientele_last_run_success"))
	}
	e.Now = e.Now.Add(time.Minute)
	e.Config.Gates.MinOrders = 0
	store := expectStore(t, e)
	write(t, e, "clientele.duckdb", string(store[:len(store)-1])+"?")
	if _, err := e.RunNight(t.Context(), engine.Night{}); err == nil {
		t.Fatal("a damaged store is no error")
	}
	if metric(`clientele_last_run_outcome{outcome="failed"}`) != "1" {
		t.Error("of a damaged store the metrics tell nothing")
	}
	write(t, e, "clientele.duckdb", string(store))
	e.Now = e.Now.Add(time.Minute)
	e.Config.Sources = []config.Source{source("orders", "gone.csv")}
	if _, err := e.RunNight(t.Context(), engine.Night{}); err == nil {
		t.Fatal("a missing file is no error")
	}
	if metric("clientele_last_run_success") != "0" || metric(`clientele_last_run_outcome{outcome="failed"}`) != "1" || metric("clientele_last_success_timestamp_seconds") != success {
		t.Errorf("failed: %s", metric("clientele_last_run_success"))
	}
	if metric("clientele_last_run_customers") != "7" || metric("clientele_last_run_as_of_timestamp_seconds") == "" {
		t.Errorf("failed: of the run that stands: %s customers", metric("clientele_last_run_customers"))
	}
	e.Now = e.Now.Add(time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e.Config.Sources = []config.Source{source("orders", "o.csv")}
	write(t, e, "o.csv", daily("2026-01-01", "2026-03-01", 1))
	if _, err := e.RunNight(ctx, engine.Night{}); err == nil {
		t.Fatal("a stopped run is no error")
	}
	var kinds []string
	ids := map[string]int{}
	text, err := os.ReadFile(filepath.Join(e.Dir, "lineage.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var event struct {
			EventType string
			Run       struct{ RunID string }
			Job       struct{ Name string }
			Inputs    []struct{ Namespace, Name string }
			Outputs   []struct {
				Name   string
				Facets struct {
					Schema struct{ Fields []struct{ Name, Type string } }
				}
				OutputFacets struct{ OutputStatistics struct{ RowCount int } }
			}
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		kinds = append(kinds, event.EventType)
		ids[event.Run.RunID]++
		if len(event.Inputs) != 1 || event.Inputs[0].Namespace != "file" || filepath.Dir(event.Inputs[0].Name) != e.Dir || !regexp.MustCompile(`^`+filepath.Base(e.Dir)+`\.[0-9a-f]{8}\.run$`).MatchString(event.Job.Name) {
			t.Errorf("job %+v, inputs %+v", event.Job, event.Inputs)
		}
		if event.EventType == "COMPLETE" {
			at := slices.IndexFunc(event.Outputs, func(o struct {
				Name   string
				Facets struct {
					Schema struct{ Fields []struct{ Name, Type string } }
				}
				OutputFacets struct{ OutputStatistics struct{ RowCount int } }
			}) bool {
				return o.Name == filepath.Join(e.Dir, "exports/as_of=2026-02-28/scores.parquet")
			})
			if at < 0 || event.Outputs[at].OutputFacets.OutputStatistics.RowCount != 7 || len(event.Outputs[at].Facets.Schema.Fields) < 20 || event.Outputs[at].Facets.Schema.Fields[0].Name != "as_of" {
				t.Errorf("outputs %+v", event.Outputs)
			}
		}
	}
	if got := strings.Join(kinds, " "); got != "START COMPLETE START FAIL START FAIL START FAIL START ABORT" {
		t.Errorf("events %s", got)
	}
	for id, n := range ids {
		if n != 2 {
			t.Errorf("run %s has %d events", id, n)
		}
	}
}

// Who cannot have the lock leaves the numbers of who has it alone.
func TestJournalOfALockedWorkspace(t *testing.T) {
	e := settled(t, "2026-01-31")
	e.Config.Metrics = "clientele.prom"
	lock, err := workspacefiles.Acquire(e.Dir, e.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	if _, err := e.RunNight(t.Context(), engine.Night{}); !engine.Locked(err) {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(e.Dir, "clientele.prom")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("metrics were written: %v", err)
	}
}
