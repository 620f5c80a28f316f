package workspace

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kills is how many processes each test kills.
func kills(t *testing.T) int {
	if testing.Short() {
		return 15
	}
	return 40
}

// goOn reports whether there is an i-th kill: there are as many as there should be, and
// more, up to ten times that, while they have proved nothing, as they may where the
// machine is busier than when its rhythm was taken.
func goOn(t *testing.T, i int, proved bool) bool {
	t.Helper()
	return i < kills(t) || !proved && i < 10*kills(t)
}

// wider is the span of the i-th kill, of those beyond the usual ones twice as wide.
func wider(t *testing.T, i int, span time.Duration) time.Duration {
	t.Helper()
	if i > 0 && i%kills(t) == 0 {
		return 2 * span
	}
	return span
}

// rhythm is the span in which to kill: a few times what the helper takes to
// publish once on this machine, which is when path appears.
func rhythm(t *testing.T, name string, dir, path string) time.Duration {
	t.Helper()
	cmd := start(t, name, dir)
	defer kill(t, cmd)
	began := time.Now()
	for time.Since(began) < 30*time.Second {
		if _, err := os.Stat(path); err == nil {
			return 4 * time.Since(began)
		}
		time.Sleep(100 * time.Microsecond)
	}
	t.Fatalf("%s did not appear", path)
	return 0
}

// storeText is the content of version i of the store: a number and a filling
// that depends on it, so that a mixture of two versions is noticed.
func storeText(i int) []byte {
	return append(fmt.Appendf(nil, "%d\n", i), bytes.Repeat([]byte{byte('a' + i%26)}, 300_000+i%7)...)
}

// publishStores publishes one version of the store after another until killed.
func publishStores(dir string) error {
	fmt.Println("ready")
	for {
		l, err := Acquire(dir, time.Unix(0, 0))
		if err != nil {
			return err
		}
		version := 0
		p, err := l.Private(StoreName, 0)
		if err != nil {
			return err
		}
		if text, err := os.ReadFile(p.Path); err == nil {
			if version, err = wholeStore(text); err != nil {
				return err
			}
		}
		if err := os.WriteFile(p.Path, storeText(version+1), 0o666); err != nil {
			return err
		}
		if err := errors.Join(p.Publish(), l.Release()); err != nil {
			return err
		}
	}
}

// wholeStore returns the version of a store that is exactly as published.
func wholeStore(text []byte) (int, error) {
	line, _, _ := strings.Cut(string(text[:min(len(text), 20)]), "\n")
	version, err := strconv.Atoi(line)
	if err != nil || !bytes.Equal(text, storeText(version)) {
		return 0, fmt.Errorf("the store is not whole: %d bytes, begins %q", len(text), line)
	}
	return version, nil
}

func TestKillWhilePublishing(t *testing.T) {
	dir := t.TempDir()
	seeded := rand.New(rand.NewPCG(1, 2))
	elsewhere := t.TempDir()
	span := rhythm(t, "store", elsewhere, filepath.Join(elsewhere, StoreName))
	last, i := 0, 0
	for ; goOn(t, i, last >= 2); i++ {
		span = wider(t, i, span)
		cmd := start(t, "store", dir)
		time.Sleep(time.Duration(seeded.Int64N(int64(span))))
		kill(t, cmd)
		text, err := os.ReadFile(filepath.Join(dir, StoreName))
		if errors.Is(err, fs.ErrNotExist) && last == 0 {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		version, err := wholeStore(text)
		if err != nil || version < last {
			t.Fatalf("kill %d: version %d after %d, %v", i, version, last, err)
		}
		if hashed, err := VerifyStore(dir, nil); !hashed || err != nil {
			t.Fatalf("kill %d: the store against its hash: %v, %v", i, hashed, err)
		}
		last = version
	}
	if last < 2 {
		t.Fatalf("only %d versions were published: the test proves nothing", last)
	}
	acquire(t, dir)
	if got := names(t, dir); len(got) != 3 {
		t.Errorf("left behind: %v", got)
	}
	t.Logf("%d kills within %v, %d versions", i, span, last)
}

// publishRuns publishes runs of three dates with ever new content until killed.
func publishRuns(dir string) error {
	fmt.Println("ready")
	for i := os.Getpid() * 1000; ; i++ {
		l, err := Acquire(dir, time.Unix(0, 0))
		if err != nil {
			return err
		}
		r, err := l.NewRun(fmt.Sprintf("2024-01-%02d", 1+i%3))
		if err != nil {
			return err
		}
		for _, name := range []string{"scores.parquet", "models.parquet"} {
			if err := os.WriteFile(r.File(name), storeText(i), 0o666); err != nil {
				return err
			}
		}
		_, err = r.Publish(Manifest{InputHash: fmt.Sprint(i)}, nil)
		if err := errors.Join(err, l.Release()); err != nil {
			return err
		}
	}
}

func TestKillWhilePublishingRuns(t *testing.T) {
	dir := t.TempDir()
	seeded := rand.New(rand.NewPCG(3, 4))
	elsewhere := t.TempDir()
	span := rhythm(t, "runs", elsewhere, filepath.Join(elsewhere, ExportsName, CurrentName))
	published, i := map[string]bool{}, 0
	for ; goOn(t, i, len(published) >= kills(t)/4); i++ {
		span = wider(t, i, span)
		cmd := start(t, "runs", dir)
		time.Sleep(time.Duration(seeded.Int64N(int64(span))))
		kill(t, cmd)
		latest := checkRuns(t, dir, published)
		current, err := OpenRun(dir, CurrentName)
		if latest == "" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		// Between the two links, current may be a run behind, or not there before the first run.
		if err != nil && len(published) > 1 || err == nil && current.AsOf > latest {
			t.Fatalf("kill %d: current is %s of %s, %v", i, current.AsOf, latest, err)
		}
		// The next run succeeds and puts current right.
		l := acquire(t, dir)
		run := publish(t, l, latest, fmt.Sprint("after kill ", i))
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
		if current, err := OpenRun(dir, CurrentName); err != nil || current.Dir != run.Dir {
			t.Fatalf("kill %d: the next run: %s is not %s, %v", i, current.Dir, run.Dir, err)
		}
	}
	if len(published) < kills(t)/4 {
		t.Fatalf("only %d runs were seen: the test proves nothing", len(published))
	}
	if got := later(t, dir); len(got) != 3 {
		t.Errorf("left behind: %v", got)
	}
	t.Logf("%d kills within %v, %d runs seen", i, span, len(published))
}

// checkRuns verifies every run and returns the latest date.
func checkRuns(t *testing.T, dir string, seen map[string]bool) string {
	t.Helper()
	runs, err := Runs(dir)
	if err != nil {
		t.Fatal(err)
	}
	latest := ""
	for _, run := range runs {
		if err := Verify(run); err != nil {
			t.Fatal(err)
		}
		latest = run.AsOf
		seen[run.Dir] = true
	}
	return latest
}

// Whoever reads while runs are published sees a whole run every time.
func TestReadWhilePublishing(t *testing.T) {
	dir := t.TempDir()
	cmd := start(t, "runs", dir)
	defer kill(t, cmd)
	seen := map[string]bool{}
	const enough = 3
	least, most := time.Now().Add(time.Second), time.Now().Add(time.Minute)
	for time.Now().Before(least) || len(seen) < enough && time.Now().Before(most) {
		run, err := OpenRun(dir, CurrentName)
		if errors.Is(err, fs.ErrNotExist) && len(seen) == 0 {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		seen[run.Dir] = true
		text, err := os.ReadFile(filepath.Join(run.Dir, "scores.parquet"))
		if errors.Is(err, fs.ErrNotExist) {
			continue // superseded since the manifest was read
		}
		if err != nil {
			t.Fatal(err)
		}
		if version, err := wholeStore(text); err != nil || fmt.Sprint(version) != run.Manifest.InputHash {
			t.Fatalf("version %d of run %s, %v", version, run.Manifest.InputHash, err)
		}
	}
	if len(seen) < enough {
		t.Errorf("only %d runs were seen: the test proves nothing", len(seen))
	}
}
