package engine

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"clientele/engine/config"
	"clientele/engine/lineage"
	"clientele/engine/metrics"
	"clientele/engine/workspace"
)

// journal tells the world outside what a night did: metrics and lineage. Nothing
// but counts, durations, and names of files, columns and settings goes into it.
type journal struct {
	*Engine
	began time.Time // on the clock that measures
	watch func(Event)

	mu     sync.Mutex
	stages []Stage
	run    lineage.Run
}

// begin starts the journal of a night. From here on it is told of stages, until
// restore.
func (e *Engine) begin() (*journal, error) {
	j := &journal{Engine: e, began: time.Now(), watch: e.Watch}
	e.Watch = j.event
	if e.Config.Lineage == "" {
		return j, nil
	}
	dir, err := filepath.Abs(e.Dir)
	if err != nil {
		return j, err
	}
	j.run = lineage.Run{ID: lineage.ID(dir, e.Now.UTC().Format(time.RFC3339Nano)), Job: jobName(dir), Version: e.Version, Began: e.Now}
	return j, lineage.Append(e.place(Loading{}, e.Config.Lineage), lineage.Event(lineage.Started, e.Now, j.run, j.inputs(nil), nil, ""))
}

// jobName tells the workspace's job from that of every other folder of its name.
func jobName(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return fmt.Sprintf("%s.%x.run", filepath.Base(dir), sum[:4])
}

// dataPath is the name of a file, or of a pattern of files, among all of its machine.
func (j *journal) dataPath(path string) string { return absolutePath(j.place(Loading{}, path)) }

// absolutePath is a path from the root, where that can be told.
func absolutePath(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

func (j *journal) restore() { j.Watch = j.watch }

// event notes the end of a stage and passes the event on. Stages of single files are
// parts of stageSources.
func (j *journal) event(e Event) {
	if e.Ended && (e.Stage == stageSources || !strings.HasPrefix(e.Stage, "load ")) {
		j.mu.Lock()
		j.stages = append(j.stages, Stage{e.Stage, e.Took})
		j.mu.Unlock()
	}
	if j.watch != nil {
		j.watch(e)
	}
}

// end writes what the night came to. failure is its error, nil where it went well,
// and noted what is known at its end: of itself where it succeeded, else of the last
// one that did.
func (j *journal) end(ran *Ran, noted state, failure error) error {
	ran.Stages = j.stages
	return errors.Join(j.writeMetrics(*ran, noted), j.writeLineage(*ran, failure))
}

// succeeded reports whether the run that stands is that of the night's facts.
func (r Ran) succeeded() bool {
	return r.Outcome == OutcomePublished || r.Outcome == OutcomeUnchanged
}

func (j *journal) writeMetrics(ran Ran, noted state) error {
	if j.Config.Metrics == "" {
		return nil
	}
	took := time.Since(j.began)
	counts := ran.Counts()
	stands := ran.Scored
	if stands.AsOf == "" { // nothing was scored: the run of before stands
		stands = noted.Ran.Scored
	}
	n := metrics.Night{
		Version: j.Version, Outcome: ran.Outcome, Outcomes: []string{OutcomePublished, OutcomeUnchanged, OutcomeHeld, OutcomeNothing, OutcomeFailed},
		Success: ran.succeeded(), Ended: j.Now.Add(took), Took: took, LastSuccess: noted.LastSuccess,
		Rows:      []metrics.Count{{Name: "read", N: counts.Read}, {Name: "accepted", N: counts.Accepted}, {Name: "duplicates", N: counts.Duplicates}, {Name: "rejected", N: counts.Rejected}},
		Files:     []metrics.Count{{Name: StateLoaded, N: int64(counts.Loaded)}, {Name: StateKnown, N: int64(counts.Known)}, {Name: StateRefused, N: int64(counts.Refused)}},
		Failed:    []metrics.Count{{Name: SeverityError, N: ran.Checked.failed(SeverityError)}, {Name: SeverityWarning, N: ran.Checked.failed(SeverityWarning)}},
		Customers: stands.Customers, Prospects: stands.Prospects, Warnings: len(stands.Warnings), GatesHeld: len(ran.Held), Removed: len(ran.Removed),
		PeakMemory: PeakMemory(),
	}
	if day, err := ParseDay(stands.AsOf); err == nil {
		n.AsOf = day.Time()
	}
	if info, err := os.Stat(j.path(workspace.StoreName)); err == nil {
		n.StoreBytes = info.Size()
	}
	for _, s := range ran.Stages {
		n.Stages = append(n.Stages, metrics.Stage{Name: s.Name, Took: s.Took})
	}
	return metrics.Write(j.place(Loading{}, j.Config.Metrics), n)
}

// failed counts the checks of a severity that found wrong rows.
func (c Checked) failed(severity string) (n int64) {
	for _, r := range c.Failed() {
		if r.Severity == severity {
			n++
		}
	}
	return n
}

// PeakMemory is the most memory that this process has had resident, in bytes.
func PeakMemory() int64 {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" { // bytes there, KiB on Linux
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) << 10
}

func (j *journal) writeLineage(ran Ran, failure error) error {
	if j.Config.Lineage == "" {
		return nil
	}
	kind, reason := lineage.Completed, ""
	switch {
	case errors.Is(failure, context.Canceled):
		kind, reason = lineage.Aborted, "stopped"
	case failure != nil && !ran.succeeded():
		kind, reason = lineage.FailedRun, Scrub(failure.Error())
	}
	at := j.Now.Add(time.Since(j.began))
	return lineage.Append(j.place(Loading{}, j.Config.Lineage), lineage.Event(kind, at, j.run, j.inputs(ran.Loaded), j.outputs(ran), reason))
}

// inputs are the sources, by their absolute paths (OpenLineage wants them of the
// namespace file; a pattern is one data set), with the rows that were read of them this time.
func (j *journal) inputs(loaded []Loaded) []lineage.Dataset {
	var out []lineage.Dataset
	for _, s := range j.Config.Sources {
		d := lineage.Dataset{Namespace: "file"}
		if len(loaded) > 0 && (s.Connect != "" || len(s.Path) == 1) {
			d.Rows = new(int64)
			for _, l := range loaded {
				if l.Source == s.Name && l.State != StateKnown {
					*d.Rows += l.Read
					d.Files++
				}
			}
		}
		if s.Connect != "" {
			d.Namespace, d.Name, d.Files = databaseName(s), j.databaseTable(s), 0
			out = append(out, d)
			continue
		}
		for _, path := range s.Path {
			d.Name = j.dataPath(path)
			out = append(out, d)
		}
	}
	return out
}

// databaseName is where a database is, without who reads it.
func databaseName(s config.Source) string {
	if strings.HasPrefix(s.Connect, "sqlite:") {
		return "file"
	}
	at, err := url.Parse(s.Connect)
	if err != nil {
		return "database"
	}
	return at.Scheme + "://" + at.Host
}

func (j *journal) databaseTable(s config.Source) string {
	table := s.Table
	if table == "" {
		table = s.Name // a query reads what only it knows
	}
	if file, ok := strings.CutPrefix(s.Connect, "sqlite:"); ok {
		return j.dataPath(file) + "/" + table
	}
	at, err := url.Parse(s.Connect)
	if err != nil {
		return table
	}
	return strings.Trim(at.Path, "/") + "." + table
}

// outputs are the tables of the run that was published, with their columns.
func (j *journal) outputs(ran Ran) []lineage.Dataset {
	if ran.Outcome != OutcomePublished {
		return nil
	}
	run, err := workspace.OpenRun(j.Dir, ran.Scored.AsOf)
	if err != nil {
		return nil
	}
	columns := dictionaryOf(filepath.Join(run.Dir, "dictionary.csv"))
	var out []lineage.Dataset
	for _, f := range run.Manifest.Files {
		name, isTable := strings.CutSuffix(f.Name, ".parquet")
		if !isTable {
			continue
		}
		bytes := f.Bytes
		out = append(out, lineage.Dataset{Namespace: "file", Name: absolutePath(filepath.Join(run.Link, f.Name)), Rows: f.Rows, Bytes: &bytes, Fields: columns[name]})
	}
	return out
}

// dictionaryOf reads the columns of each table from a run's data dictionary.
func dictionaryOf(path string) map[string][]lineage.Field {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil
	}
	out := map[string][]lineage.Field{}
	for _, row := range rows[1:] { // file, column, type, unit, meaning
		if len(row) < 5 {
			return nil
		}
		table := strings.TrimSuffix(row[0], ".parquet")
		out[table] = append(out[table], lineage.Field{Name: row[1], Type: row[2], Description: row[4]})
	}
	return out
}
