// Package metrics writes what the last nightly job did as a Prometheus text file,
// for the textfile collector of node_exporter: a batch job is gone when somebody
// asks, so that it leaves its numbers in a file.
//
// No value of the data, no path and no name that somebody chose goes into it.
package metrics

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Night is one run of the nightly job.
type Night struct {
	Version     string
	Outcome     string   // one of Outcomes
	Outcomes    []string // all there are
	Success     bool     // the run that stands is that of this night's facts
	Ended       time.Time
	Took        time.Duration
	LastSuccess time.Time // zero: there was none
	AsOf        time.Time // of the run that stands, midnight UTC; zero: there is none, nor its counts
	Stages      []Stage
	Rows        []Count // by result: read, accepted, duplicates, rejected
	Files       []Count // by state: loaded, known, refused
	Failed      []Count // checks that failed, by severity
	Customers   int     // with an order, of the run that stands
	Prospects   int
	Warnings    int
	GatesHeld   int
	Removed     int   // runs let go
	PeakMemory  int64 // of the process, bytes
	StoreBytes  int64
}

// Stage is a part of the night.
type Stage struct {
	Name string // as Label gives it
	Took time.Duration
}

// Count is a number under a name from a fixed list.
type Count struct {
	Name string
	N    int64
}

// Write puts the file at path at one instant, readable by everybody, as the
// collector is another user.
func Write(path string, n Night) error {
	r := prometheus.NewRegistry()
	for _, g := range n.gauges() {
		if err := r.Register(g); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	if err := prometheus.WriteToTextfile(path, r); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

func (n Night) gauges() []prometheus.Collector {
	one := func(name, help string, v float64) prometheus.Collector {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "clientele", Name: name, Help: help})
		g.Set(v)
		return g
	}
	several := func(name, help, label string, counts []Count) prometheus.Collector {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "clientele", Name: name, Help: help}, []string{label})
		for _, c := range counts {
			g.WithLabelValues(c.Name).Set(float64(c.N))
		}
		return g
	}
	stages := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "clientele", Name: "last_run_stage_duration_seconds",
		Help: "How long the stages of the last run took, summed where they ran beside each other."}, []string{"stage"})
	for _, s := range n.Stages {
		stages.WithLabelValues(Label(s.Name)).Add(s.Took.Seconds())
	}
	outcomes := make([]Count, len(n.Outcomes))
	for i, o := range n.Outcomes {
		outcomes[i] = Count{o, number(o == n.Outcome)}
	}
	all := []prometheus.Collector{
		several("build_info", "Version of the program.", "version", []Count{{n.Version, 1}}),
		one("last_run_success", "1 when the last run published, or found that nothing has changed; else 0.", float64(number(n.Success))),
		several("last_run_outcome", "What the last run came to.", "outcome", outcomes),
		one("last_run_timestamp_seconds", "When the last run ended.", seconds(n.Ended)),
		one("last_run_duration_seconds", "How long the last run took.", n.Took.Seconds()),
		several("last_run_rows", "Rows of files that the last run loaded or refused, by what became of them: read = accepted + duplicates + rejected.", "result", n.Rows),
		several("last_run_files", "Files that the last run found, by what became of them.", "state", n.Files),
		several("last_run_checks_failed", "Checks of the data that failed in the last run.", "severity", n.Failed),
		one("last_run_gates_held", "Gates that the facts did not pass in the last run.", float64(n.GatesHeld)),
		one("last_run_removed_runs", "Runs that keep let go in the last run.", float64(n.Removed)),
		one("last_run_peak_memory_bytes", "Most memory that the last run had resident.", float64(n.PeakMemory)),
		one("store_bytes", "Size of the store.", float64(n.StoreBytes)),
		stages,
	}
	if !n.LastSuccess.IsZero() {
		all = append(all, one("last_success_timestamp_seconds", "When a run last succeeded.", seconds(n.LastSuccess)))
	}
	if !n.AsOf.IsZero() {
		all = append(all,
			one("last_run_as_of_timestamp_seconds", "Midnight (UTC) of the day as of which the run that stands is.", seconds(n.AsOf)),
			one("last_run_customers", "Scored customers with an order, of the run that stands.", float64(n.Customers)),
			one("last_run_prospects", "Customers without an order, of the run that stands.", float64(n.Prospects)),
			one("last_run_warnings", "Warnings of the run that stands.", float64(n.Warnings)))
	}
	return all
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Label is the name of a stage for a label: one of a short list, whatever files
// and models the stage is of, since each value of a label is a series of its own.
func Label(stage string) string {
	for _, whole := range []struct{ name, label string }{
		{"publish the store", "publish_store"}, {"publish the run", "publish_run"}, {"write the report", "report"}, {"check the facts", "check"},
		{"settle identities", "identities"}, {"summarize customers", "summarize"}, {"evaluate segments", "segments"},
		{"write the store anew", "shrink"}, {"intervals", "intervals"},
	} {
		if stage == whole.name {
			return whole.label
		}
	}
	first, _, _ := strings.Cut(stage, " ")
	switch {
	case slices.Contains([]string{"load", "settle", "fit", "score", "write"}, first):
		return first
	case slices.Contains([]string{"summarize", "forecast", "choose", "intervals"}, first): // as of a past day
		return "look_back"
	}
	return "other"
}
