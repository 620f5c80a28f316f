package metrics

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func night() Night {
	return Night{
		Version: "v1.2.3", Outcome: "published", Outcomes: []string{"published", "held", "failed"}, Success: true,
		Ended: time.Unix(1_780_000_000, 500_000_000), Took: 90 * time.Second, LastSuccess: time.Unix(1_780_000_000, 0), AsOf: time.Unix(1_779_926_400, 0),
		Stages: []Stage{{"load in/a.csv", time.Second}, {"load in/b@c.csv", 2 * time.Second}, {"fit pareto_nbd", 4 * time.Second}},
		Rows:   []Count{{"read", 10}, {"accepted", 7}, {"duplicates", 2}, {"rejected", 1}}, Files: []Count{{"loaded", 2}},
		Failed: []Count{{"error", 1}, {"warning", 0}}, Customers: 5, Prospects: 3, Warnings: 2, PeakMemory: 1 << 30, StoreBytes: 1 << 20,
	}
}

// What is written is what the reader of Prometheus's own library reads back.
func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clientele.prom")
	for range 2 { // again over what is there
		if err := Write(path, night()); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(f)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for name, family := range families {
		if family.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
		for _, m := range family.Metric {
			key := name
			for _, l := range m.Label {
				key += " " + l.GetValue()
			}
			got[key] = m.GetGauge().GetValue()
		}
	}
	for key, want := range map[string]float64{
		"clientele_build_info v1.2.3": 1, "clientele_last_run_success": 1, "clientele_last_run_outcome published": 1, "clientele_last_run_outcome held": 0,
		"clientele_last_run_timestamp_seconds": 1_780_000_000.5, "clientele_last_success_timestamp_seconds": 1_780_000_000,
		"clientele_last_run_stage_duration_seconds load": 3, "clientele_last_run_stage_duration_seconds fit": 4,
		"clientele_last_run_rows read": 10, "clientele_last_run_rows rejected": 1, "clientele_last_run_checks_failed error": 1,
		"clientele_last_run_customers": 5, "clientele_last_run_peak_memory_bytes": 1 << 30, "clientele_store_bytes": 1 << 20,
	} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s: %v (there: %v), want %v", key, v, ok, want)
		}
	}
	info, err := f.Stat()
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v: the collector is another user", info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A run that never succeeded has no time of success and no customers, and a path that cannot be
// written is named.
func TestWriteFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clientele.prom")
	n := night()
	n.LastSuccess, n.AsOf, n.Success, n.Outcome = time.Time{}, time.Time{}, false, "failed"
	if err := Write(path, n); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), "last_success") || strings.Contains(string(text), "last_run_customers") || !strings.Contains(string(text), "\nclientele_last_run_success 0\n") {
		t.Errorf("%v: %s", err, text)
	}
	if err := Write(filepath.Join(path, "x.prom"), n); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
}

// The values of the label are a short list, and no name that somebody chose.
func TestLabel(t *testing.T) {
	for stage, want := range map[string]string{
		"load in/web/ann@shop.example.csv": "load", "publish the run": "publish_run", "fit pareto_nbd": "fit", "score churn": "score",
		"forecast as of 2026-01-31": "look_back", "summarize as of 2026-01-31": "look_back", "summarize customers": "summarize",
		"intervals": "intervals", "intervals from 2026-01-31": "look_back", "write scores.parquet": "write", "write the report": "report", "13812345678": "other",
	} {
		if got := Label(stage); got != want {
			t.Errorf("%s: %s, want %s", stage, got, want)
		}
	}
}

// A collector that reads at any instant reads one night or the other, whole.
func TestReadWhileWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clientele.prom")
	other := night()
	other.Success, other.Customers, other.Outcome = false, 12345, "failed"
	var whole [2]string
	for i, n := range []Night{night(), other} {
		if err := Write(path, n); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		whole[i] = string(text)
	}
	ended := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < 200 && err == nil; i++ {
			err = Write(path, []Night{night(), other}[i%2])
		}
		ended <- err
	}()
	seen := map[string]int{}
	for {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(text)]++; string(text) != whole[0] && string(text) != whole[1] {
			t.Fatalf("half-written: %d bytes, whole are %d and %d", len(text), len(whole[0]), len(whole[1]))
		}
		select {
		case err := <-ended:
			if err != nil || len(seen) != 2 {
				t.Errorf("%v; %d versions were seen", err, len(seen))
			}
			return
		default:
		}
	}
}
