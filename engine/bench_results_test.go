package engine_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// What was measured is kept by commit, so that the next commit's figures have something
// to stand beside.
var (
	wholeResults = flag.String("whole.results", "", "BenchmarkWholeRun: `file` of results by commit, of which the last is shown and to which this one is added")
	wholeCommit  = flag.String("whole.commit", "", "BenchmarkWholeRun: `name` of the commit that is measured")
)

// outcome is what is kept of one measurement: seconds, and what they are relative to
// the floor that was measured beside them.
type outcome struct {
	commit, machine, format             string
	orders                              int64
	seconds, ratio, cpu, cpuRatio, peak float64 // peak in MiB
}

const outcomeHead = "commit\tmachine\tformat\torders\tseconds\tratio\tcpu_seconds\tcpu_ratio\tpeak_mib"

func (o outcome) line() string {
	return fmt.Sprintf("%s\t%s\t%s\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t%.0f", o.commit, o.machine, o.format, o.orders, o.seconds, o.ratio, o.cpu, o.cpuRatio, o.peak)
}

func parseOutcome(line string) (o outcome, err error) {
	f := strings.Split(line, "\t")
	if len(f) != 9 {
		return o, fmt.Errorf("%q: has %d columns, not 9", line, len(f))
	}
	o.commit, o.machine, o.format = f[0], f[1], f[2]
	_, err = fmt.Sscan(strings.Join(f[3:], " "), &o.orders, &o.seconds, &o.ratio, &o.cpu, &o.cpuRatio, &o.peak)
	return o, err
}

// rival reports whether both measured the same on machines of one size, in two commits.
func (o outcome) rival(other outcome) bool {
	return o.machine == other.machine && o.format == other.format && o.orders == other.orders && o.commit != other.commit
}

// grown reports whether o is the same commit on a machine of that size with more orders.
func (o outcome) grown(other outcome) bool {
	return o.machine == other.machine && o.format == other.format && o.orders > other.orders && o.commit == other.commit
}

// outcome is the middle run.
func (r rounds) outcome() outcome {
	e, f := middle(r.engines), middle(r.floors)
	size := fmt.Sprintf("%d cores", runtime.NumCPU())
	var kib float64
	if _, err := fmt.Sscan(systemFile("/proc/meminfo", "MemTotal"), &kib); err == nil {
		size += fmt.Sprintf(", %.0f GiB", kib/(1<<20))
	}
	return outcome{commit: *wholeCommit, machine: size, format: r.format, orders: r.rows,
		seconds: e.wall.Seconds(), ratio: e.wall.Seconds() / f.wall.Seconds(),
		cpu: e.cpu.Seconds(), cpuRatio: e.cpu.Seconds() / f.cpu.Seconds(), peak: float64(e.peak) / (1 << 20)}
}

// keep shows the last outcome of another commit beside this one, and puts this one into
// the file, in the place of an earlier one of the same commit.
func (o outcome) keep(w io.Writer, path string) error {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var kept []string
	var before, smaller outcome
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if line == outcomeHead || line == "" {
			continue
		}
		was, err := parseOutcome(line)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if o.rival(was) {
			before = was
		}
		if o.grown(was) && was.orders > smaller.orders {
			smaller = was
		}
		if was.commit != o.commit || was.machine != o.machine || was.format != o.format || was.orders != o.orders {
			kept = append(kept, line)
		}
	}
	if before.commit != "" {
		fmt.Fprintf(w, "Before (%s): %.2f s, %.2f times the floor, %.2f in processor time, %.0f MiB; now %.2f s, %.2f times, %.2f, %.0f MiB\n\n",
			before.commit, before.seconds, before.ratio, before.cpuRatio, before.peak, o.seconds, o.ratio, o.cpuRatio, o.peak)
	}
	if smaller.orders > 0 {
		fmt.Fprintf(w, "Growth: %.2f times the orders of the measurement with %d take %.2f times as long, %.2f in processor time, and %.2f times the memory\n\n",
			float64(o.orders)/float64(smaller.orders), smaller.orders, o.seconds/smaller.seconds, o.cpu/smaller.cpu, o.peak/smaller.peak)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	all := slices.Concat([]string{outcomeHead}, kept, []string{o.line()})
	return os.WriteFile(path, []byte(strings.Join(all, "\n")+"\n"), 0o666)
}

// Results are kept by commit; what is shown is the last one of another commit that
// measured the same.
func TestBenchResults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench", "results.tsv")
	keep := func(commit, format string, seconds float64) string {
		t.Helper()
		var told strings.Builder
		if err := (outcome{commit: commit, machine: "2 cores, 24 GiB", format: format, orders: 1000, seconds: seconds, ratio: seconds / 2, cpu: 3, cpuRatio: 1.5, peak: 700}).keep(&told, path); err != nil {
			t.Fatal(err)
		}
		return told.String()
	}
	if told := keep("a", "csv", 4); told != "" {
		t.Errorf("the first result stands beside %q", told)
	}
	keep("a", "csv", 5)
	keep("a", "parquet", 9)
	if told := keep("b", "csv", 3); !strings.HasPrefix(told, "Before (a): 5.00 s, 2.50 times the floor") {
		t.Errorf("beside the second commit stands %q", told)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	more := outcome{commit: "b", machine: "2 cores, 24 GiB", format: "csv", orders: 5000, seconds: 12, ratio: 2, cpu: 15, cpuRatio: 2, peak: 1400}
	if err := more.keep(&told, path); err != nil {
		t.Fatal(err)
	}
	if want := "Growth: 5.00 times the orders of the measurement with 1000 take 4.00 times as long, 5.00 in processor time, and 2.00 times the memory"; !strings.Contains(told.String(), want) {
		t.Errorf("beside a larger shop stands %q", told.String())
	}
	if lines := strings.Count(string(text), "\n"); lines != 4 {
		t.Errorf("the file has %d lines, want a head and three results:\n%s", lines, text)
	}
}
