package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/engine"
	"clientele/engine/workspace"
)

// How much the tests of faults try. The numbers here are those of make test.
var (
	faultKills  = flag.Int("kills", 6, "random instants at which processes are killed, over all commands")
	faultCalls  = flag.Int("calls", 4, "writes, syncs and renames of all that are made to fail, and at which processes are killed; 0: every one")
	faultSeries = flag.Int("series", 3, "of the first fifty fsyncs, writes and renames of each command, how many are made to fail; 0: every one")
	faultSizes  = flag.Int("sizes", 2, "sizes of a full disk")
	faultStops  = flag.Int("stops", 2, "random instants at which processes are stopped by a signal")
	faultRuns   = flag.Int("runs", 2, "runs beside readers")
	faultClocks = flag.Int("clocks", 1, "business time zones in which days are scored by several clocks")
	faultFlips  = flag.Int("flips", 4, "bytes of the store that are changed before a run")
	quiet       = flag.Bool("quiet", false, "nothing else is done on this machine: hold commands to the very times that are promised")
)

// within is how long something may take of which promise is promised. Beside other
// tests, on a machine of which nothing is known, only what hangs is told from what does not.
func within(promise time.Duration) time.Duration {
	if *quiet {
		return promise
	}
	return 20 * promise
}

// child is clientele as a process of its own: this binary under that name.
func child(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = append([]string{"clientele"}, args...)
	cmd.Env = childEnv()
	return cmd
}

func childEnv() []string {
	return []string{"HOME=/no-home", "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}
}

// must runs clientele, which must succeed, and returns its standard output.
func must(t testing.TB, args ...string) string {
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

func read(t testing.TB, elements ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ordersFile is a file of numbered orders of 60 customers in some months of 2024.
func ordersFile(from, to int, months ...int) string {
	var b strings.Builder
	fmt.Fprintln(&b, "order_id,customer,date,amount")
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "o%d,c%d,2024-%02d-%02d,%d.%02d\n", i, (i*i+i/7)%60, months[i%len(months)], 1+i*11%28, 5+i*37%90, i%100)
	}
	return b.String()
}

// faultShop makes a small workspace: a store, a run and a list of a month ago, and
// files that came since.
func faultShop(t testing.TB) string {
	t.Helper()
	shop := filepath.Join(t.TempDir(), "shop")
	put(t, filepath.Join(shop, "data", "a.csv"), ordersFile(0, 160, 1, 2, 3))
	put(t, filepath.Join(shop, "data", "b.csv"), ordersFile(160, 300, 3, 4, 5))
	var people strings.Builder
	fmt.Fprintln(&people, "customer_id,name,email,email_consent")
	for i := range 60 {
		fmt.Fprintf(&people, "c%d,N%d,c%d@example.com,yes\n", i, i, i)
	}
	put(t, filepath.Join(shop, "people.csv"), people.String())
	put(t, filepath.Join(shop, "clientele.yaml"), `sources:
  - {name: web, kind: orders, path: 'data/*.csv'}
  - {name: people, kind: customers, path: people.csv}
`)
	must(t, "-C", shop, "run", "-q", "--as-of", "2024-04-30")
	must(t, "-C", shop, "target", "--where", "orders > 2", "--channel", "email", "--to", filepath.Join(shop, "first.csv"), "-q")
	put(t, filepath.Join(shop, "data", "c.csv"), ordersFile(300, 380, 5, 6))
	put(t, filepath.Join(shop, "later.csv"), ordersFile(380, 440, 5, 6))
	return shop
}

// deed is a command whose faults are tried, without -C DIR. {shop} stands for the
// workspace.
type deed struct {
	name string
	args []string
}

func (d deed) in(shop string) []string {
	out := []string{"-C", shop}
	for _, a := range d.args {
		out = append(out, strings.ReplaceAll(a, "{shop}", shop))
	}
	return append(out, "-q")
}

// deeds are the commands that change something.
func deeds() []deed {
	return []deed{
		{"run", []string{"run"}},
		{"list", []string{"target", "--where", "orders > 3", "--channel", "email", "--control", "0.3", "--to", "{shop}/second.csv"}},
		{"rebuild", []string{"rebuild"}},
		{"export", []string{"export", "--to", "{shop}/out", "--format", "parquet,csv,xlsx"}},
		{"ingest", []string{"ingest", "orders", "{shop}/later.csv"}},
		{"score", []string{"score", "--as-of", "2024-05-28"}},
	}
}

// digests are the hashes of what a workspace holds, by name:
//
//   - exports/as_of=DATE/FILE, exports/current/FILE: every byte of every run that a link
//     names, its manifest too;
//   - lists/ID/FILE: every byte of every list, but the moment in its manifest;
//   - out/FILE, second.csv: every byte of what was handed out;
//   - store/TABLE: of every table of the store the number of rows and the sum of the
//     hashes of all their values, but the moments of loading. The bytes of the store's
//     file are not compared: they have those moments in them.
func digests(shop string) (map[string]string, error) {
	out := map[string]string{}
	err := hashBelow(out, shop, "exports", "lists", "out")
	if err != nil {
		return nil, err
	}
	if text, err := os.ReadFile(filepath.Join(shop, "second.csv")); err == nil {
		out["second.csv"] = hashOf(text)
	}
	if _, err := os.Stat(filepath.Join(shop, "clientele.duckdb")); errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	return out, hashTables(out, shop)
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func hashFile(path string) (string, error) {
	text, err := os.ReadFile(path)
	return hashOf(text), err
}

// hashBelow hashes the files of folders, through links, but hidden ones.
func hashBelow(out map[string]string, shop string, folders ...string) error {
	for len(folders) > 0 {
		folder := folders[0]
		folders = folders[1:]
		entries, err := os.ReadDir(filepath.Join(shop, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			name := filepath.Join(folder, e.Name())
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			if info, err := os.Stat(filepath.Join(shop, name)); err != nil {
				return err
			} else if info.IsDir() {
				folders = append(folders, name)
				continue
			}
			if out[name], err = hashFile(filepath.Join(shop, name)); err != nil {
				return err
			}
			if strings.HasPrefix(name, "lists") && strings.HasPrefix(e.Name(), "manifest.") {
				text, err := os.ReadFile(filepath.Join(shop, name))
				if err != nil {
					return err
				}
				out[name] = hashOf(withoutMoment(text))
			}
		}
	}
	return nil
}

// withoutMoment takes from the manifest of a list when it was cut; the hash of a
// manifest, which has that in it, becomes empty.
func withoutMoment(text []byte) []byte {
	var kept []string
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, `"cut_at"`) && strings.ContainsAny(line, `"{}[]`) {
			kept = append(kept, line)
		}
	}
	return []byte(strings.Join(kept, ""))
}

// hashTables hashes the content of every table of the store.
func hashTables(out map[string]string, shop string) error {
	e, err := engine.Open(shop, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), "test")
	if err != nil {
		return err
	}
	names, err := e.Query(context.Background(), `SELECT schema_name || '.' || table_name AS name,
  'CAST(ROW(' || string_agg('"' || column_name || '"', ', ' ORDER BY column_index) || ') AS VARCHAR)' AS content
FROM duckdb_columns() WHERE database_name = 'clientele' AND NOT internal AND column_name NOT IN ('loaded_at')
  AND (schema_name, table_name) IN (SELECT (schema_name, table_name) FROM duckdb_tables() WHERE database_name = 'clientele')
GROUP BY ALL ORDER BY name`)
	if err != nil {
		return err
	}
	var parts []string
	for i := range names.Rows() {
		name, content := string(names.Column("name").Texts.At(i)), string(names.Column("content").Texts.At(i))
		parts = append(parts, fmt.Sprintf("SELECT '%s' AS name, count(*) || ' rows ' || coalesce(sum(CAST(hash(%s) AS HUGEINT)), 0) AS content FROM clientele.%s", name, content, name))
	}
	if len(parts) < 10 {
		return fmt.Errorf("only %d tables are in the store", len(parts))
	}
	sums, err := e.Query(context.Background(), strings.Join(parts, "\nUNION ALL "))
	if err != nil {
		return err
	}
	for i := range sums.Rows() {
		out["store/"+string(sums.Column("name").Texts.At(i))] = string(sums.Column("content").Texts.At(i))
	}
	return nil
}

// differences are the names under which two states differ, of those that begin so.
func differences(a, b map[string]string, prefixes ...string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(merged(a, b))) {
		if a[name] != b[name] && (len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })) {
			out = append(out, name)
		}
	}
	return out
}

func merged(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// rehearsal is a deed with the states before and after it when nothing interrupts it.
type rehearsal struct {
	deed
	from          string // the workspace before it, of which copies are made
	before, after map[string]string
	took          time.Duration
}

// faults is a workspace on copies of which faults are tried.
type faults struct {
	from      string
	rehearsed map[string]func(*testing.T) *rehearsal
}

// TestFaults tries what happens to a nightly job: it is killed, the disk is full or
// fails, bytes change, others read and write meanwhile.
func TestFaults(t *testing.T) {
	f := &faults{from: faultShop(t), rehearsed: map[string]func(*testing.T) *rehearsal{}}
	for _, d := range deeds() {
		var once sync.Once
		var r *rehearsal
		f.rehearsed[d.name] = func(t *testing.T) *rehearsal {
			t.Helper()
			once.Do(func() { r = rehearse(t, f.from, d) })
			if r == nil {
				t.Fatalf("%s could not be rehearsed", d.name)
			}
			return r
		}
	}
	for _, part := range []struct {
		name string
		try  func(*testing.T)
	}{
		{"Kill", f.kill}, {"Stop", f.stop}, {"Calls", f.calls}, {"Series", f.series}, {"FullDisk", f.fullDisk}, {"FileSize", f.fileSize},
		{"SecondWriter", f.secondWriter}, {"FlippedByte", f.flippedByte}, {"VerifyJSON", f.verifyJSON},
	} {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			part.try(t)
		})
	}
}

// copy is a new copy of the workspace.
func (f *faults) copy(t *testing.T) string {
	t.Helper()
	shop := filepath.Join(t.TempDir(), "shop")
	copyShop(t, shop, f.from)
	return shop
}

// rehearse does a deed in a copy of a workspace, twice: the second time tells how long
// it takes.
func rehearse(t *testing.T, from string, d deed) *rehearsal {
	t.Helper()
	r := &rehearsal{deed: d, from: from}
	var err error
	if r.before, err = digests(from); err != nil {
		t.Fatal(err)
	}
	shop := r.copy(t)
	must(t, d.in(shop)...)
	if r.after, err = digests(shop); err != nil {
		t.Fatal(err)
	}
	again := r.copy(t)
	began := time.Now()
	must(t, d.in(again)...)
	r.took = time.Since(began)
	state, err := digests(again)
	if err != nil {
		t.Fatal(err)
	}
	if other := differences(r.after, state); len(other) > 0 {
		t.Fatalf("%s gives something else the second time: %v", d.name, other)
	}
	if len(differences(r.before, r.after)) == 0 {
		t.Fatalf("%s changes nothing", d.name)
	}
	return r
}

// copy is a new copy of the workspace before the deed.
func (r *rehearsal) copy(t *testing.T) string {
	t.Helper()
	shop := filepath.Join(t.TempDir(), "shop")
	copyShop(t, shop, r.from)
	return shop
}

// copyShop copies a workspace; links stay links.
func copyShop(t *testing.T, to, from string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// interrupted checks what an interrupted deed has left: store, runs and lists are
// each as before it or as after it, whole, and the deed done again gives what it gives
// when nothing interrupts it.
func (r *rehearsal) interrupted(t *testing.T, shop, how string) {
	t.Helper()
	if err := wholeFolder(shop, r.after); err != nil {
		t.Errorf("%s, %s: %v", r.name, how, err)
	}
	state, err := digests(shop)
	if err != nil {
		t.Errorf("%s, %s: %v", r.name, how, err)
		return
	}
	r.beforeOrAfter(t, state, how)
	r.finish(t, shop, how)
}

func (r *rehearsal) beforeOrAfter(t *testing.T, state map[string]string, how string) {
	t.Helper()
	for _, part := range []string{"store/", "exports/as_of=2024-04-30/", "exports/as_of=2024-05", "exports/as_of=2024-06", "lists/", "second.csv"} {
		if a, b := differences(r.before, state, part), differences(r.after, state, part); len(a) > 0 && len(b) > 0 {
			t.Errorf("%s, %s: %s is neither as before it (differs: %v) nor as after it (%v)", r.name, how, part, a, b)
		}
	}
}

// finish does the deed again, which must end as it does when nothing interrupts it.
func (r *rehearsal) finish(t *testing.T, shop, how string) {
	t.Helper()
	if r.name == "list" { // one that was cut stays cut: a second cut is a second list
		state, err := digests(shop)
		if err != nil {
			t.Fatal(err)
		}
		if len(differences(r.after, state, "lists/")) == 0 {
			return
		}
	}
	var errOut bytes.Buffer
	cmd := child(t, r.in(shop)...)
	cmd.Stderr = &errOut
	if err := cmd.Run(); err != nil {
		t.Errorf("%s, %s, and done again: %v: %s", r.name, how, err, &errOut)
		return
	}
	state, err := digests(shop)
	if err != nil {
		t.Errorf("%s, %s, and done again: %v", r.name, how, err)
		return
	}
	if other := differences(r.after, state); len(other) > 0 {
		t.Errorf("%s, %s, and done again: other than when nothing interrupts it: %v", r.name, how, other)
	}
	if left, err := leftovers(shop); err != nil || len(left) > 0 {
		t.Errorf("%s, %s, and done again: left behind %v, %v", r.name, how, left, err)
	}
	if _, err := verified(shop); err != nil {
		t.Errorf("%s, %s, and done again: %v", r.name, how, err)
	}
}

// verified is clientele verify.
func verified(shop string) ([]engine.Verified, error) {
	e, err := engine.Open(shop, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), "test")
	if err != nil {
		return nil, err
	}
	return e.Verify(context.Background())
}

// wholeFolder looks at a workspace as a reader does, while others change it: the
// store is what was published, every run and every list has every file of its
// manifest, whole, and what lies in out and second.csv is what the deed ends with.
func wholeFolder(shop string, after map[string]string) error {
	if _, err := os.Lstat(filepath.Join(shop, workspace.StoreName)); err == nil {
		if hashed, err := workspace.VerifyStore(shop, nil); err != nil || !hashed {
			return fmt.Errorf("the store: hashed %v, %w", hashed, err)
		}
	}
	links, err := filepath.Glob(filepath.Join(shop, "exports", "[ac]*"))
	if err != nil {
		return err
	}
	for _, link := range links {
		if err := wholeRun(link); err != nil {
			return err
		}
	}
	lists, err := filepath.Glob(filepath.Join(shop, "lists", "2*"))
	if err != nil {
		return err
	}
	for _, dir := range lists {
		if err := wholeFiles(dir, false); err != nil {
			return err
		}
	}
	handed, err := filepath.Glob(filepath.Join(shop, "out", "[a-z]*"))
	if err != nil {
		return err
	}
	for _, path := range append(handed, filepath.Join(shop, "second.csv")) {
		name, _ := filepath.Rel(shop, path)
		hash, err := hashFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if hash != after[name] {
			return fmt.Errorf("%s is not whole", name)
		}
	}
	return nil
}

// wholeRun checks the run that a link leads to.
func wholeRun(link string) error {
	dir, err := filepath.EvalSymlinks(link) // the link may be swapped meanwhile
	if err != nil {
		return err
	}
	return wholeFiles(dir, true)
}

// wholeFiles checks the files of a folder against its manifest; all says that there
// are no others.
func wholeFiles(dir string, all bool) error {
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return err
	}
	var manifest struct {
		Files []struct{ Name, SHA256 string }
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	for _, f := range manifest.Files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil {
			return err
		}
		if hashOf(data) != f.SHA256 {
			return fmt.Errorf("%s of %s: not what the manifest says", f.Name, dir)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(manifest.Files) < 2 || all && (len(manifest.Files) < 7 || len(entries) != len(manifest.Files)+1) {
		return fmt.Errorf("%s: %d files, and %d in the manifest", dir, len(entries), len(manifest.Files))
	}
	return nil
}

// picked picks n of a list, one at random in each n-th of it; all when n is 0.
func picked[T any](seeded *rand.Rand, list []T, n int) []T {
	if n <= 0 || n >= len(list) {
		return list
	}
	var out []T
	for i := range n {
		out = append(out, list[int((float64(i)+seeded.Float64())/float64(n)*float64(len(list)))])
	}
	return out
}

// watch looks at a workspace again and again until the returned function is called,
// which gives the number of looks and the first thing that was not whole.
func watch(shop string, after map[string]string) func() (int, error) {
	done := make(chan struct{})
	var wait sync.WaitGroup
	looks, failed := 0, error(nil)
	wait.Go(func() {
		for failed == nil {
			failed = wholeFolder(shop, after)
			looks++
			select {
			case <-done:
				return
			case <-time.After(3 * time.Millisecond):
			}
		}
	})
	return func() (int, error) {
		close(done)
		wait.Wait()
		return looks, failed
	}
}

// freshShop makes a workspace of files that are not loaded yet.
func freshShop(t *testing.T) string {
	t.Helper()
	shop := filepath.Join(t.TempDir(), "fresh")
	must(t, "demo", shop, "-q", "--customers", "2000", "--from", "2026-05-16", "--to", "2026-06-30")
	return shop
}
