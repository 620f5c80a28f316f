package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestReaders has eight readers who read without a pause while runs are published one
// after another, and a second writer who is told at once who is first.
func TestReaders(t *testing.T) {
	t.Parallel()
	shop := t.TempDir()
	bring := func(n int) {
		var b strings.Builder
		fmt.Fprintln(&b, "order_id,customer,date,amount")
		for i := range 300 {
			fmt.Fprintf(&b, "%d-%d,c%d,2024-%02d-%02d,%d\n", n, i, (i*7+n)%200, 1+(i+n)%6, 1+i%28, 1+i%90)
		}
		put(t, filepath.Join(shop, fmt.Sprintf("%03d.csv", n)), b.String())
	}
	put(t, filepath.Join(shop, "clientele.yaml"), "sources:\n  - {name: web, kind: orders, path: '*.csv'}\n")
	bring(0)
	must(t, "-C", shop, "run", "-q")

	var done atomic.Bool
	var asked, files atomic.Int64
	finished := make(chan error, 8)
	for i := range 8 {
		if i < 5 {
			go func() { finished <- askUntil(t, shop, i, &done, &asked) }()
		} else {
			go func() { finished <- lookUntil(shop, &done, &files) }()
		}
	}
	for n := 1; n <= *faultRuns; n++ {
		bring(n)
		must(t, "-C", shop, "run", "-q")
	}
	done.Store(true)
	for range 8 {
		if err := <-finished; err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d runs, %d questions and %d looks at the files meanwhile", *faultRuns, asked.Load(), files.Load())
	if asked.Load() < int64(*faultRuns) || files.Load() < int64(*faultRuns) {
		t.Error("the test proves nothing")
	}
	if days, err := filepath.Glob(filepath.Join(shop, "exports", "as_of=*")); err != nil || len(days) != 1 {
		t.Errorf("runs of %v, %v", days, err)
	}
	if left, err := leftovers(shop); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := verified(shop); err != nil {
		t.Error(err)
	}
}

// askUntil asks one thing after another, each in a process of its own. No answer may
// have fewer orders than one before, or less than one whole run.
func askUntil(t *testing.T, shop string, i int, done *atomic.Bool, asked *atomic.Int64) error {
	questions := [][]string{
		{"query", "--format", "csv", "SELECT (SELECT count(*) FROM orders) AS orders, count(*) AS scored, count(DISTINCT as_of) AS days FROM scores"},
		{"segment", "list"},
		{"query", "--format", "csv", "SELECT (SELECT count(*) FROM orders) AS orders, count(*) AS scored, count(DISTINCT as_of) AS days FROM scores"},
		{"show", "c7", "--format", "json"},
	}
	for last := 0; !done.Load(); i++ {
		q := questions[i%len(questions)]
		var errOut bytes.Buffer
		cmd := child(t, append([]string{"-C", shop}, q...)...)
		cmd.Stderr = &errOut
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%v: %w: %s%s", q, err, out, &errOut)
		}
		asked.Add(1)
		time.Sleep(10 * time.Millisecond) // the machine is for the runs too
		if q[0] != "query" {
			continue
		}
		_, answer, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		var orders, scored, days int
		_, err = fmt.Sscanf(answer, "%d,%d,%d", &orders, &scored, &days)
		if err != nil || orders < last || scored != 200 || days != 1 { // every customer, of one day
			return fmt.Errorf("%q after %d orders: %w", answer, last, err)
		}
		last = orders
	}
	return nil
}

// lookUntil reads the files themselves through current, as a BI tool does.
func lookUntil(shop string, done *atomic.Bool, looks *atomic.Int64) error {
	for !done.Load() {
		if err := wholeRun(filepath.Join(shop, "exports", "current")); err != nil {
			return err
		}
		looks.Add(1)
		time.Sleep(2 * time.Millisecond)
	}
	return nil
}

// secondWriter: who comes second leaves within a second and names the first, whose
// lock ends with it however it ends.
func (f *faults) secondWriter(t *testing.T) {
	shop := f.copy(t)
	first := child(t, "-C", shop, "run", "-q")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(shop, "clientele.lock")
	holds := fmt.Sprintf("%d ", first.Process.Pid)
	for began := time.Now(); !strings.HasPrefix(string(read(t, lock)), holds); time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("the first has not taken the lock")
		}
	}
	if err := first.Process.Signal(syscall.SIGSTOP); err != nil { // so that it holds the lock for as long as it takes
		t.Fatal(err)
	}
	for _, d := range deeds() {
		if d.name == "export" {
			continue // reads
		}
		var errOut bytes.Buffer
		second := child(t, d.in(shop)...)
		second.Stderr = &errOut
		began := time.Now()
		second.Run()
		took := time.Since(began)
		if second.ProcessState.ExitCode() != exitLocked || !strings.Contains(errOut.String(), fmt.Sprintf("process %d since", first.Process.Pid)) || strings.Count(errOut.String(), "\n") != 1 {
			t.Errorf("%s: exit status %d, %q", d.name, second.ProcessState.ExitCode(), &errOut)
		}
		if took > within(time.Second) {
			t.Errorf("%s: took %v to say no", d.name, took)
		}
	}
	must(t, "-C", shop, "query", "SELECT count(*) FROM scores", "-q")
	must(t, "-C", shop, "verify", "-q")
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.Wait() // killed
	if !strings.HasPrefix(string(read(t, lock)), holds) {
		t.Error("the killed process should have left its lock file")
	}
	must(t, "-C", shop, "run", "-q")
	if _, err := verified(shop); err != nil {
		t.Error(err)
	}
}
