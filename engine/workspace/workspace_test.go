package workspace

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// The kill tests run this binary again as the process to be killed.
const (
	helperKey = "CLIENTELE_TEST_HELPER"
	dirKey    = "CLIENTELE_TEST_DIR"
)

func TestMain(m *testing.M) {
	switch os.Getenv(helperKey) {
	case "":
		os.Exit(m.Run())
	case "hold":
		helper(func(dir string) error {
			_, err := Acquire(dir, time.Unix(0, 0))
			if err != nil {
				return err
			}
			fmt.Println("ready")
			time.Sleep(time.Minute)
			return nil
		})
	case "store":
		helper(publishStores)
	case "runs":
		helper(publishRuns)
	}
}

func helper(f func(string) error) {
	if err := f(os.Getenv(dirKey)); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// start runs a helper and returns when it says that it is ready.
func start(t *testing.T, name, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), helperKey+"="+name, dirKey+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	word := make([]byte, 500)
	n, _ := out.Read(word)
	if string(word[:n]) != "ready\n" {
		t.Fatalf("helper %s: %s", name, word[:n])
	}
	return cmd
}

// kill is kill -9.
func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Fatalf("the helper ended by itself: %v", err)
	}
}

// later lists the run folders after commands that come when Grace has passed,
// the first of which may be the first to see that a run has no link.
func later(t *testing.T, dir string) []string {
	t.Helper()
	for i := range 2 {
		l, err := Acquire(dir, time.Now().Add(time.Duration(i+1)*2*Grace))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}
	return names(t, filepath.Join(dir, ExportsName, runsFolder))
}

func acquire(t *testing.T, dir string) *Lock {
	t.Helper()
	l, err := Acquire(dir, time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// names lists a folder, hidden files too.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// wantError checks that an error is one line that holds every part.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error; want one with %q", parts)
		return
	}
	for _, part := range append(parts, "") {
		if !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q does not say %q in one line", err, part)
		}
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	_, err := Acquire(dir, time.Now())
	var held *HeldError
	if !errors.As(err, &held) || held.PID != os.Getpid() {
		t.Errorf("a second lock in this process: %v", err)
	}
	wantError(t, err, filepath.Join(dir, LockName), fmt.Sprintf("process %d since 2024-02-29T12:00:00Z", os.Getpid()))
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	again := acquire(t, dir)
	if err := l.Release(); err != nil {
		t.Errorf("a second release: %v", err)
	}
	if _, err := Acquire(dir, time.Now()); !errors.As(err, &held) {
		t.Errorf("a second release took the lock of another: %v", err)
	}
	if err := again.Release(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); !cmp.Equal(got, []string{LockName}) {
		t.Errorf("the lock leaves %v", got)
	}
}

func TestLockOfAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	cmd := start(t, "hold", dir)
	began := time.Now()
	_, err := Acquire(dir, time.Now())
	if took := time.Since(began); took > 20*time.Second { // a third of how long it is held
		t.Errorf("took %v to say no", took)
	}
	var held *HeldError
	if !errors.As(err, &held) || held.PID != cmd.Process.Pid {
		t.Errorf("held by process %d: %v", cmd.Process.Pid, err)
	}
	kill(t, cmd)
	if text := read(t, filepath.Join(dir, LockName)); !strings.HasPrefix(text, fmt.Sprint(cmd.Process.Pid)) {
		t.Errorf("the killed process should have left its lock file, which holds %q", text)
	}
	acquire(t, dir)
}

func TestLockOfWhatIsNoWorkspace(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "shop")
	_, err := Acquire(missing, time.Now())
	wantError(t, err, missing, "no such folder")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("not fs.ErrNotExist: %v", err)
	}
	if _, err := Runs(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("runs of a missing folder: %v", err)
	}
	write(t, missing, "a file")
	_, err = Acquire(missing, time.Now())
	wantError(t, err, missing, "not a folder")
}

func TestReadOnlyFolder(t *testing.T) {
	dir := readOnly(t)
	_, err := Acquire(dir, time.Now())
	wantError(t, err, "lock workspace", filepath.Join(dir, LockName))
}

// readOnly is a folder in which nothing can be made, also by root where
// mounting is allowed.
func readOnly(t *testing.T) string {
	dir := t.TempDir()
	if os.Geteuid() != 0 {
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(dir, 0o755) })
		return dir
	}
	mount(t, dir, "size=1m,ro")
	return dir
}

func TestPrivateCopy(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	final := filepath.Join(dir, StoreName)

	if _, err := Store(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is no store yet: %v", err)
	}
	p, err := l.Private(StoreName, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(p.Path) != StoreName {
		t.Errorf("the private copy is called %s", p.Path)
	}
	write(t, p.Path, "one")
	if err := os.Chmod(p.Path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Private(StoreName, 0); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second private copy: %v", err)
	}
	if err := p.Publish(); err != nil {
		t.Fatal(err)
	}
	path, err := Store(dir)
	if err != nil || path != final || read(t, path) != "one" {
		t.Fatalf("the store: %s, %v", path, err)
	}

	reader, err := os.Open(final)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	p, err = l.Private(StoreName, 0)
	if err != nil {
		t.Fatal(err)
	}
	if read(t, p.Path) != "one" {
		t.Error("the copy is not a copy")
	}
	write(t, p.Path, "two")
	if read(t, final) != "one" {
		t.Error("work on the copy shows in the original")
	}
	if err := p.Publish(); err != nil {
		t.Fatal(err)
	}
	old := make([]byte, 10)
	if n, _ := reader.Read(old); string(old[:n]) != "one" || read(t, final) != "two" {
		t.Errorf("an open reader sees %q, a new one %q", old[:n], read(t, final))
	}
	if info, err := os.Stat(final); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("permissions are %v, %v", info.Mode(), err)
	}

	p, err = l.Private(StoreName, 0)
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.Path, "three")
	if err := p.Discard(); err != nil {
		t.Fatal(err)
	}
	if read(t, final) != "two" || !cmp.Equal(names(t, dir), []string{StoreName, HashName, LockName}) {
		t.Errorf("a discarded copy leaves %q and %v", read(t, final), names(t, dir))
	}
}

func TestPrivateCopyOfALargeFile(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	random := make([]byte, 5<<20+17)
	seeded := rand.NewChaCha8([32]byte{1})
	seeded.Read(random)
	write(t, filepath.Join(dir, StoreName), string(random))
	p, err := l.Private(StoreName, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal([]byte(read(t, p.Path)), random) {
		t.Error("the copy differs")
	}
}

func TestWriteAheadLogs(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	final := filepath.Join(dir, StoreName)
	write(t, final, "old")

	p, err := l.Private(StoreName, 0)
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.Path, "new")
	write(t, p.Path+".wal", "log")
	wantError(t, p.Publish(), p.Path+".wal")
	if read(t, final) != "old" {
		t.Error("a file with a log was published")
	}
	if err := os.Remove(p.Path + ".wal"); err != nil {
		t.Fatal(err)
	}

	write(t, final+".wal", "stray")
	var stray *LogError
	if err := p.Publish(); !errors.As(err, &stray) || stray.Path != final+".wal" {
		t.Errorf("published beside a stray log: %v", err)
	}
	wantError(t, p.Publish(), final+".wal", "move it away")
	if _, err := l.Private(StoreName, 0); !errors.As(err, &stray) {
		t.Errorf("copied beside a stray log: %v", err)
	}
	if _, err := Store(dir); !errors.As(err, &stray) {
		t.Errorf("read beside a stray log: %v", err)
	}
	if read(t, final) != "old" {
		t.Error("the store was changed")
	}
	if err := os.Remove(final + ".wal"); err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(); err != nil || read(t, final) != "new" {
		t.Errorf("without the log: %v", err)
	}
}

func TestStoreThatIsALink(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	write(t, filepath.Join(dir, "elsewhere"), "x")
	if err := os.Symlink("elsewhere", filepath.Join(dir, StoreName)); err != nil {
		t.Fatal(err)
	}
	_, err := l.Private(StoreName, 0)
	wantError(t, err, StoreName, "not a plain file")
	_, err = Store(dir)
	wantError(t, err, StoreName, "not a plain file")
}

func TestNoSpace(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	_, err := l.Private(StoreName, 1<<60)
	var space *SpaceError
	if !errors.As(err, &space) || space.Need != 1<<60 || space.Free <= 0 || space.Free > 1<<50 {
		t.Errorf("an exabyte: %v", err)
	}
	wantError(t, err, dir, "1048576.0 TiB needed", "free")
	if got := names(t, dir); !cmp.Equal(got, []string{LockName}) {
		t.Errorf("left behind: %v", got)
	}
}

// A disk of 2 MiB that is really full.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, "size=2m")
	l := acquire(t, dir)
	final := filepath.Join(dir, StoreName)
	write(t, final, strings.Repeat("x", 1500<<10))

	var space *SpaceError
	if _, err := l.Private(StoreName, 0); !errors.As(err, &space) || space.Need < 1500<<10 || space.Free > 600<<10 {
		t.Errorf("a copy that does not fit: %v", err)
	}
	r := newRun(t, l, "2024-01-31", "first")
	first, err := r.Publish(Manifest{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r = newRun(t, l, "2024-01-31", "second")
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 2<<20), 0o666); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk should be full: %v", err)
	}
	_, err = r.Publish(Manifest{}, nil)
	if !errors.Is(err, unix.ENOSPC) {
		t.Errorf("a run on a full disk: %v", err)
	}
	wantError(t, err, r.File(ManifestName), "no space left on device")
	if now, err := OpenRun(dir, CurrentName); err != nil || now.Dir != first.Dir || Verify(now) != nil {
		t.Errorf("the run before is gone: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(r.File(ManifestName)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Publish(Manifest{}, nil); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if len(read(t, final)) != 1500<<10 {
		t.Error("the store was changed")
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	publish(t, l, "2024-01-31", "kept")
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	exports := filepath.Join(dir, ExportsName)
	for _, path := range []string{
		filepath.Join(dir, privatePrefix+StoreName, StoreName+".tmp"),
		filepath.Join(exports, workPrefix+"as_of=2024-02-29"),
		filepath.Join(exports, runsFolder, "2024-02-29-0123456789abcdef"),
	} {
		if err := os.MkdirAll(path, 0o777); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(path, "scores.parquet"), "half")
	}
	if err := os.Symlink("nowhere", filepath.Join(exports, linkPrefix+CurrentName)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(exports, CurrentName)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(exports, "notes.txt"), "mine")
	gone := later(t, dir)
	if got := names(t, dir); !cmp.Equal(got, []string{LockName, ExportsName}) {
		t.Errorf("in the workspace: %v", got)
	}
	if got := names(t, exports); !cmp.Equal(got, []string{runsFolder, "as_of=2024-01-31", CurrentName, "notes.txt"}) {
		t.Errorf("in exports: %v", got)
	}
	if len(gone) != 1 {
		t.Errorf("runs: %v", gone)
	}
}

func TestKey(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir)
	key, err := l.Key()
	if err != nil || len(key) != 32 || bytes.Equal(key, make([]byte, 32)) {
		t.Fatalf("%x, %v", key, err)
	}
	path := filepath.Join(dir, KeyName)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("permissions: %v, %v", info.Mode(), err)
	}
	again, err := l.Key()
	if err != nil || !bytes.Equal(again, key) {
		t.Errorf("the second time: %x, %v", again, err)
	}
	other, err := acquire(t, t.TempDir()).Key()
	if err != nil || bytes.Equal(other, key) {
		t.Errorf("another workspace: %x, %v", other, err)
	}
	write(t, path, read(t, path)[:40])
	_, err = l.Key()
	wantError(t, err, path, "damaged")
}

func TestAmount(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 3 << 30: "3.0 GiB", 1 << 50: "1024.0 TiB"} {
		if got := amount(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
