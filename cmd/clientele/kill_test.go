package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// child is clientele as a process of its own: this binary under that name.
func child(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = append([]string{"clientele"}, args...)
	cmd.Env = []string{"HOME=/no-home", "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}
	return cmd
}

// must runs clientele, which must succeed, and returns its standard output.
func must(t *testing.T, args ...string) string {
	t.Helper()
	var errOut bytes.Buffer
	cmd := child(t, args...)
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("clientele %s: %v\n%s%s", strings.Join(args, " "), err, out, &errOut)
	}
	return string(out)
}

// duration is how long run takes in a copy of a workspace. The first time is
// longer, since files are not yet in memory.
func duration(t *testing.T, from string) time.Duration {
	t.Helper()
	shop := filepath.Join(t.TempDir(), "shop")
	copyFolder(t, shop, from)
	began := time.Now()
	must(t, "-C", shop, "run", "-q")
	return time.Since(began)
}

func copyFolder(t *testing.T, to, from string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, elements ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// wholeRun checks the files of exports/current against the hashes of its
// manifest, and returns the as-of date, or "" when there is no run.
func wholeRun(shop string) (string, error) {
	current := filepath.Join(shop, "exports", "current")
	if _, err := os.Lstat(current); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	text, err := os.ReadFile(filepath.Join(current, "manifest.json"))
	if err != nil {
		return "", err
	}
	var manifest struct {
		AsOf  string `json:"as_of"`
		Files []struct{ Name, SHA256 string }
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return "", err
	}
	for _, f := range manifest.Files {
		data, err := os.ReadFile(filepath.Join(current, f.Name))
		if err != nil {
			return "", err
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f.SHA256 {
			return "", fmt.Errorf("%s: not what the manifest says", f.Name)
		}
	}
	entries, err := os.ReadDir(current)
	if err != nil {
		return "", err
	}
	if len(manifest.Files) < 7 || len(entries) != len(manifest.Files)+1 {
		return "", fmt.Errorf("%d files, and %d in the manifest", len(entries), len(manifest.Files))
	}
	return manifest.AsOf, nil
}

// freshShop makes a workspace of files that are not loaded yet.
func freshShop(t *testing.T) string {
	t.Helper()
	shop := filepath.Join(t.TempDir(), "fresh")
	must(t, "demo", shop, "-q", "--customers", "2000", "--from", "2026-05-16", "--to", "2026-06-30")
	return shop
}

// earlierShop is a workspace with the files of a fresh one, and with a store
// and a run from before June's were there. The fresh one gets its key.
func earlierShop(t *testing.T, fresh string) string {
	t.Helper()
	earlier := filepath.Join(t.TempDir(), "earlier")
	copyFolder(t, earlier, fresh)
	later, err := filepath.Glob(filepath.Join(earlier, "data", "*", "*2026-06*"))
	if err != nil || len(later) == 0 {
		t.Fatalf("no file of June: %v", err)
	}
	for _, path := range later {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "-C", earlier, "run", "-q")
	if err := os.WriteFile(filepath.Join(fresh, "clientele.key"), read(t, earlier, "clientele.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range later {
		relative, err := filepath.Rel(earlier, path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, read(t, fresh, relative), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return earlier
}

// instants are n instants of a span, at random, one in each n-th of it.
func instants(seeded *rand.Rand, n int, span time.Duration) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = time.Duration((float64(i) + seeded.Float64()) / float64(n) * float64(span))
	}
	return out
}

// TestKill kills run at random instants. After each, the store and current
// are whole, whichever state they are of, and the next run gives what an
// uninterrupted one gives, to the byte.
func TestKill(t *testing.T) {
	kills := 20
	if testing.Short() {
		kills = 5
	}
	fresh := freshShop(t)
	earlier := earlierShop(t, fresh)
	seeded := rand.New(rand.NewPCG(2026, 11))
	for _, c := range []struct {
		name, from string
		kills      int
	}{{"from nothing", fresh, (kills + 1) / 2}, {"over an earlier state", earlier, kills / 2}} {
		t.Run(c.name, func(t *testing.T) {
			whole := filepath.Join(t.TempDir(), "shop")
			copyFolder(t, whole, c.from)
			must(t, "-C", whole, "run", "-q")
			wanted := read(t, whole, "exports", "current", "scores.parquet")
			span := duration(t, c.from)
			found := map[string]int{}
			for _, instant := range instants(seeded, c.kills, span) {
				shop := filepath.Join(t.TempDir(), "shop")
				copyFolder(t, shop, c.from)
				found[killRun(t, shop, c.from, instant)]++
				must(t, "-C", shop, "run", "-q")
				if got := read(t, shop, "exports", "current", "scores.parquet"); !bytes.Equal(got, wanted) {
					t.Errorf("killed after %v: the scores of the next run are others", instant)
				}
				if left, err := leftovers(shop); err != nil || len(left) > 0 {
					t.Errorf("killed after %v: the next run leaves %v, %v", instant, left, err)
				}
			}
			if found["it had ended"] > c.kills/2 {
				t.Errorf("most kills came too late: %v", found)
			}
			t.Logf("%d kills within %v: %v", c.kills, span, found)
		})
	}
}

// killRun kills run and checks what it left; it returns how far run had come.
func killRun(t *testing.T, shop, from string, instant time.Duration) string {
	t.Helper()
	cmd := child(t, "-C", shop, "run", "-q")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(instant)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	switch err := cmd.Wait(); {
	case err == nil:
		return "it had ended"
	case !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL:
		t.Fatalf("run ended with %v before it was killed", err)
	}
	before, hadStore := os.ReadFile(filepath.Join(from, "clientele.duckdb"))
	store, err := os.ReadFile(filepath.Join(shop, "clientele.duckdb"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) || err != nil && hadStore == nil {
		t.Fatalf("killed after %v: the store: %v", instant, err)
	}
	if err == nil {
		must(t, "-C", shop, "check")
	}
	asOf, err := wholeRun(shop)
	if err != nil {
		t.Fatalf("killed after %v: current: %v", instant, err)
	}
	if asOf != "" {
		must(t, "-C", shop, "segment", "list")
	}
	if bytes.Equal(store, before) {
		return "the store was not published"
	}
	return "the store was published"
}

// TestInterrupt stops run as Ctrl-C does: within two seconds, with its own exit
// status and one line, with nothing left behind.
func TestInterrupt(t *testing.T) {
	stops := 6
	if testing.Short() {
		stops = 2
	}
	fresh := freshShop(t)
	stopped := 0
	for i, instant := range instants(rand.New(rand.NewPCG(3, 4)), stops, duration(t, fresh)) {
		shop := filepath.Join(t.TempDir(), "shop")
		copyFolder(t, shop, fresh)
		var errOut bytes.Buffer
		cmd := child(t, "-C", shop, "run", "-q")
		cmd.Stderr = &errOut
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(max(instant, 50*time.Millisecond)) // before, it is Go's start that is stopped
		signal := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[i%2]
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err := cmd.Wait()
		took := time.Since(began)
		if err == nil {
			continue // it had done all there is
		}
		stopped++
		if code := cmd.ProcessState.ExitCode(); code != 130 || errOut.String() != "clientele: stopped; nothing half-written\n" {
			t.Errorf("%v after %v: exit status %d, %q", signal, instant, code, &errOut)
		}
		if took > 2*time.Second {
			t.Errorf("%v after %v: took %v to stop", signal, instant, took)
		}
		if left, err := leftovers(shop); err != nil || len(left) > 0 {
			t.Errorf("%v after %v: left behind %v, %v", signal, instant, left, err)
		}
		if _, err := wholeRun(shop); err != nil {
			t.Errorf("%v after %v: current: %v", signal, instant, err)
		}
		if _, err := os.Stat(filepath.Join(shop, "clientele.duckdb")); err == nil {
			must(t, "-C", shop, "check")
		}
	}
	if stopped == 0 {
		t.Error("every signal came too late")
	}
}

// TestReaders reads without a pause while the store and the run of one day are
// published again and again: no reader sees an error, nor less than before.
func TestReaders(t *testing.T) {
	runs := 8
	if testing.Short() {
		runs = 3
	}
	shop := t.TempDir()
	write := func(n int) {
		var b strings.Builder
		fmt.Fprintln(&b, "order_id,customer,date,amount")
		for i := range 300 {
			fmt.Fprintf(&b, "%d-%d,c%d,2024-%02d-%02d,%d\n", n, i, (i*7+n)%200, 1+(i+n)%6, 1+i%28, 1+i%90)
		}
		if err := os.WriteFile(filepath.Join(shop, fmt.Sprintf("%02d.csv", n)), []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yaml := "sources:\n  - {name: web, kind: orders, path: '*.csv'}\n"
	if err := os.WriteFile(filepath.Join(shop, "clientele.yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	write(0)
	must(t, "-C", shop, "run", "-q")

	questions := [][]string{
		{"query", "--format", "csv", "SELECT (SELECT count(*) FROM orders) AS orders, count(*) AS scored, count(DISTINCT as_of) AS days FROM scores"},
		{"segment", "list"},
		{"show", "c7", "--format", "json"},
	}
	var done atomic.Bool
	finished := make(chan error, 2)
	var asked atomic.Int64
	for range 2 {
		go func() {
			last := 0
			for i := 0; !done.Load(); i++ {
				q := questions[i%len(questions)]
				var errOut bytes.Buffer
				cmd := child(t, append([]string{"-C", shop}, q...)...)
				cmd.Stderr = &errOut
				out, err := cmd.Output()
				if err != nil {
					finished <- fmt.Errorf("%v: %w: %s%s", q, err, out, &errOut)
					return
				}
				asked.Add(1)
				if q[0] != "query" {
					continue
				}
				answer := strings.Split(strings.TrimSpace(string(out)), "\n")[1]
				var orders, scored, days int
				_, err = fmt.Sscanf(answer, "%d,%d,%d", &orders, &scored, &days)
				if err != nil || orders < last || scored != 200 || days != 1 { // every customer, of one day
					finished <- fmt.Errorf("%q after %d orders: %v", answer, last, err)
					return
				}
				last = orders
			}
			finished <- nil
		}()
	}
	for n := 1; n <= runs; n++ {
		write(n)
		must(t, "-C", shop, "run", "-q")
	}
	done.Store(true)
	for range 2 {
		if err := <-finished; err != nil {
			t.Error(err)
		}
	}
	if asked.Load() < int64(runs) {
		t.Errorf("only %d questions in %d runs", asked.Load(), runs)
	}
	t.Logf("%d questions during %d runs", asked.Load(), runs)
	if _, err := wholeRun(shop); err != nil {
		t.Errorf("current: %v", err)
	}
	if days, err := filepath.Glob(filepath.Join(shop, "exports", "as_of=*")); err != nil || len(days) != 1 {
		t.Errorf("runs of %v, %v", days, err)
	}
	if left, err := leftovers(shop); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
