package engine_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/demo"
	"clientele/engine/internal/duck"
)

// The size of BenchmarkWholeRun: small, so that go test -bench stays quick.
// make bench asks for 10,000,000 orders of 1,000,000 customers.
var (
	wholeOrders    = flag.Int("whole.orders", 100_000, "BenchmarkWholeRun: orders of the generated shop, about")
	wholeCustomers = flag.Int("whole.customers", 10_000, "BenchmarkWholeRun: customers of the generated shop")
	wholeMemory    = flag.String("whole.memory", "4GiB", "BenchmarkWholeRun: what a process may use; more fails it")
	wholeShops     = flag.String("whole.shops", "", "BenchmarkWholeRun: `folder` that keeps generated shops for the next time (default one that is removed)")
	wholeProfile   = flag.String("whole.profile", "", "BenchmarkWholeRun: `file` for a processor profile of the engine's last process")
)

// BenchmarkWholeRun times clientele run, from a folder of order files to the
// published report, stage by stage, beside a floor: DuckDB alone reading the
// same files into a table with the same threads and memory, grouping once per
// customer, and writing a Parquet file like scores.parquet. Floor and engine
// take turns in processes of their own, whose processor time and peak memory
// the system counts. It prints a table for each format; -benchtime 3x takes
// three rounds. ns/op is the engine's middle run, ratio that over the floor's.
func BenchmarkWholeRun(b *testing.B) {
	memory, err := config.ParseSize(*wholeMemory)
	if err != nil {
		b.Fatal(err)
	}
	for _, format := range []string{"csv", "parquet"} {
		all := rounds{format: format, memory: int64(memory)}
		b.Run(format, func(b *testing.B) {
			before := len(all.engines)
			s := openShop(b, format)
			all.shop, all.threads = s, runtime.GOMAXPROCS(0)
			for b.Loop() {
				all.measure(b)
			}
			rounds{engines: all.engines[before:], floors: all.floors[before:], shop: s}.report(b)
		})
		if len(all.engines) == 0 {
			continue
		}
		all.print(os.Stdout)
		if *wholeResults != "" {
			if err := all.outcome().keep(os.Stdout, *wholeResults); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkLoad times loading alone: plain CSV orders, with all the accounting, into
// a published store, beside DuckDB's own typed read_csv into a table followed by a
// checkpoint. The shop's orders are one file here, as a floor reads them best; files
// of a month each are timed beside it.
func BenchmarkLoad(b *testing.B) {
	memory, err := config.ParseSize(*wholeMemory)
	if err != nil {
		b.Fatal(err)
	}
	s := openShop(b, "csv")
	one := s
	one.files = []string{s.joined(b)}
	for _, of := range []struct {
		name string
		shop shop
	}{{"one-file", one}, {"monthly-files", s}} {
		all := rounds{shop: of.shop, format: "csv", memory: int64(memory), threads: runtime.GOMAXPROCS(0), floor: "read", engine: "load"}
		b.Run(of.name, func(b *testing.B) {
			before := len(all.engines)
			for b.Loop() {
				all.measure(b)
			}
			rounds{engines: all.engines[before:], floors: all.floors[before:], shop: of.shop}.report(b)
		})
	}
}

// joined is the order files of a shop as one file beside them, made once.
func (s shop) joined(b *testing.B) string {
	b.Helper()
	path := filepath.Join(s.dir, "orders.csv")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	out, err := os.Create(path + ".part")
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	for i, name := range s.files {
		text, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		if i > 0 {
			_, text, _ = bytes.Cut(text, []byte("\n"))
		}
		if _, err := out.Write(text); err != nil {
			b.Fatal(err)
		}
	}
	if err := errors.Join(out.Close(), os.Rename(path+".part", path)); err != nil {
		b.Fatal(err)
	}
	return path
}

// shop is a generated shop, of which only the order files are kept.
type shop struct {
	dir   string
	files []string
	bytes int64
	rows  int64
}

// openShop generates the shop of a format, or takes one that is there.
func openShop(b *testing.B, format string) shop {
	b.Helper()
	dir := filepath.Join(*wholeShops, fmt.Sprintf("%s-%d-%d", format, *wholeOrders, *wholeCustomers))
	if *wholeShops == "" {
		dir = b.TempDir()
	}
	s, err := readShop(dir)
	if errors.Is(err, os.ErrNotExist) {
		b.Logf("generate %d orders of %d customers as %s in %s", *wholeOrders, *wholeCustomers, format, dir)
		// In a process of its own: the memory that it takes is not to be counted
		// against the processes that are measured.
		start(b, task{Job: "shop", Dir: dir, Format: format, Orders: *wholeOrders, Customers: *wholeCustomers})
		s, err = readShop(dir)
	}
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// readShop reads what truth.json, which is written last, says of the order
// files. A shop that is not complete does not exist.
func readShop(dir string) (shop, error) {
	text, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		return shop{}, err
	}
	var truth demo.Summary
	if err := json.Unmarshal(text, &truth); err != nil {
		return shop{}, fmt.Errorf("%s: %w", dir, err)
	}
	s := shop{dir: dir}
	for _, f := range truth.Files {
		if f.Kind != "orders" {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		info, err := os.Stat(path)
		if err != nil {
			return shop{}, err
		}
		if info.Size() != f.Bytes {
			return shop{}, fmt.Errorf("%s: has %d bytes, was written with %d: remove %s", path, info.Size(), f.Bytes, dir)
		}
		s.files = append(s.files, path)
		s.bytes += f.Bytes
		s.rows += f.Rows
	}
	return s, nil
}

// warm reads the files once, so that neither side waits for the disk.
func (s shop) warm(b *testing.B) {
	for _, path := range s.files {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		_, err = io.Copy(io.Discard, f)
		if err := errors.Join(err, f.Close()); err != nil {
			b.Fatal(err)
		}
	}
}

// rounds are runs of the engine and of the floor on one shop, in turns.
type rounds struct {
	shop
	format  string
	threads int
	memory  int64
	engines []process
	floors  []process

	engine, floor string // jobs; "": engine and floor
}

// measure adds one round.
func (r *rounds) measure(b *testing.B) {
	b.Helper()
	floor, engine := cmp.Or(r.floor, "floor"), cmp.Or(r.engine, "engine")
	for _, job := range []string{floor, engine} {
		dir, err := os.MkdirTemp(b.TempDir(), job)
		if err != nil {
			b.Fatal(err)
		}
		r.warm(b)
		p := start(b, task{Job: job, Dir: dir, Format: r.format, Files: r.files, Threads: r.threads, Memory: r.memory, Profile: *wholeProfile})
		if err := os.RemoveAll(dir); err != nil { // before the next one, for the disk's sake
			b.Fatal(err)
		}
		if p.Rows != r.rows {
			b.Fatalf("%s: read %d rows, the shop has %d", job, p.Rows, r.rows)
		}
		if job == floor {
			r.floors = append(r.floors, p)
			continue
		}
		r.engines = append(r.engines, p)
		if p.peak > r.memory {
			b.Errorf("peak memory %d MiB is over the limit of %s", p.peak>>20, *wholeMemory)
		}
	}
	n := len(r.engines) - 1
	b.Logf("round %d: floor %.2f s, engine %.2f s", n+1, r.floors[n].wall.Seconds(), r.engines[n].wall.Seconds())
}

// middle is the run whose time is the median, the lower one of two.
func middle(list []process) process {
	sorted := slices.SortedFunc(slices.Values(list), func(a, b process) int { return cmp.Compare(a.wall, b.wall) })
	return sorted[(len(sorted)-1)/2]
}

func (r rounds) report(b *testing.B) {
	e, f := middle(r.engines), middle(r.floors)
	b.ReportMetric(float64(e.wall), "ns/op")
	b.ReportMetric(float64(f.wall), "floor-ns/op")
	b.ReportMetric(e.wall.Seconds()/f.wall.Seconds(), "ratio")
	b.ReportMetric(float64(e.peak)/1e6, "peak-MB")
	b.ReportMetric(float64(f.peak)/1e6, "floor-peak-MB")
	b.ReportMetric(float64(r.rows)/e.wall.Seconds(), "rows/s")
}

// print writes the table: the middle run of the engine beside that of the floor.
func (r rounds) print(w io.Writer) {
	e, f := middle(r.engines), middle(r.floors)
	fmt.Fprintf(w, "\nA whole run from %s: %s orders, %s customers scored; %d files, %s\n",
		map[string]string{"csv": "CSV", "parquet": "Parquet"}[r.format], grouped(r.rows), grouped(e.Customers), len(r.files), megabytes(r.bytes))
	fmt.Fprintf(w, "%s; each process has %d threads and %s\n", machine(), r.threads, *wholeMemory)
	fmt.Fprintf(w, "The middle run of the engine's %s, and of the floor's %s\n\n", spread(r.engines), spread(r.floors))

	line := func(cells ...any) {
		text := fmt.Sprintf("%-34s %8s %7s %8s %7s   %-24s %8s %8s %6s", cells...)
		fmt.Fprintln(w, strings.TrimRight(text, " "))
	}
	rule := func() {
		line(strings.Repeat("-", 34), "--------", "-------", "--------", "-------", strings.Repeat("-", 24), "--------", "--------", "------")
	}
	line("engine", "seconds", "share", "cpu s", "MiB", "floor: DuckDB alone", "seconds", "cpu s", "ratio")
	rule()
	seconds := func(v float64) string { return fmt.Sprintf("%.2f", v) }
	steps := f.stages()
	for _, s := range e.stages() {
		step, wall, cpu, ratio := "", "", "", ""
		if i := slices.IndexFunc(steps, func(t spent) bool { return t.Stage == beside(s.Stage) }); i >= 0 {
			step, wall, cpu, ratio = steps[i].Stage, seconds(steps[i].Seconds), seconds(steps[i].CPU), times(s.Seconds, steps[i].Seconds)
		}
		line(s.Stage, seconds(s.Seconds), fmt.Sprintf("%.1f %%", 100*s.Seconds/e.wall.Seconds()), seconds(s.CPU), fmt.Sprint(s.Peak>>20), step, wall, cpu, ratio)
	}
	rule()
	both := func(name string, engine, floor float64, format string) {
		line(name, fmt.Sprintf(format, engine), "", "", "", "", fmt.Sprintf(format, floor), "", times(engine, floor))
	}
	both("total, seconds", e.wall.Seconds(), f.wall.Seconds(), "%.2f")
	both("processor time, seconds", e.cpu.Seconds(), f.cpu.Seconds(), "%.2f")
	both("peak memory, MiB", float64(e.peak)/(1<<20), float64(f.peak)/(1<<20), "%.0f")
	both("store, MB", float64(e.Store)/1e6, float64(f.Store)/1e6, "%.1f")
	both("scores.parquet, MB", float64(e.Parquet)/1e6, float64(f.Parquet)/1e6, "%.1f")
	line("orders a second", grouped(int64(float64(r.rows)/e.wall.Seconds())), "", "", "", "", grouped(int64(float64(r.rows)/f.wall.Seconds())), "", "")
	fmt.Fprintln(w)
}

func times(a, b float64) string { return fmt.Sprintf("%.2f", a/b) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// spread says how far the runs lie apart.
func spread(list []process) string {
	sorted := slices.SortedFunc(slices.Values(list), func(a, b process) int { return cmp.Compare(a.wall, b.wall) })
	return fmt.Sprintf("%d (%.1f to %.1f s)", len(list), sorted[0].wall.Seconds(), sorted[len(sorted)-1].wall.Seconds())
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// machine says what the figures were measured on.
func machine() string {
	text := fmt.Sprintf("%d cores, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	if value := systemFile("/proc/meminfo", "MemTotal"); value != "" {
		var kib float64
		if _, err := fmt.Sscan(value, &kib); err == nil {
			text += fmt.Sprintf(", %.1f GiB of memory", kib/(1<<20))
		}
	}
	if value := systemFile("/proc/cpuinfo", "model name"); value != "" {
		text += ", " + value
	}
	return text
}

// systemFile is the first value of a key in a file of Linux, empty elsewhere.
func systemFile(path, key string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// result is what a process tells at its end.
type result struct {
	Spent     []spent
	Rows      int64 // read
	Customers int64 // with an order
	Store     int64 // bytes of the database
	Parquet   int64 // bytes of the Parquet file
}

// process is a finished process.
type process struct {
	result
	wall time.Duration // from its start to its end
	cpu  time.Duration // user and system
	peak int64         // bytes resident at most
}

// task is what a process of its own does: this binary again, with the task in
// its environment.
type task struct {
	Job               string // shop, engine or floor
	Dir               string // where to
	Format            string
	Orders, Customers int      // of the shop
	Files             []string // of orders
	Threads           int
	Memory            int64  // bytes
	Profile           string // file for a processor profile; "": none is taken
	Clock             bool   // by the clock, not at the moment of the tests
}

const taskKey = "CLIENTELE_BENCH_TASK"

func TestMain(m *testing.M) {
	text, ok := os.LookupEnv(taskKey)
	if !ok {
		os.Exit(m.Run())
	}
	if err := work(text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// start runs a task in a process of its own and waits for its end.
func start(b *testing.B, t task) process {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	text, err := json.Marshal(t)
	if err != nil {
		b.Fatal(err)
	}
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(b.Context(), self)
	cmd.Env = append(os.Environ(), taskKey+"="+string(text))
	cmd.Stdout, cmd.Stderr = &out, &errOut
	began := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v\n%s", t.Job, err, errOut.String())
	}
	p := process{wall: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		p.peak = int64(usage.Maxrss)
		if runtime.GOOS != "darwin" {
			p.peak <<= 10 // others count in KiB
		}
	}
	if err := json.Unmarshal(out.Bytes(), &p.result); err != nil {
		b.Fatalf("%s: %v in %q", t.Job, err, out.String())
	}
	for _, s := range p.Spent { // counting by stage makes Linux forget
		p.peak = max(p.peak, s.Peak)
	}
	return p
}

// work does a task and prints its result.
func work(text string) error {
	var t task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return err
	}
	var r result
	var err error
	switch t.Job {
	case "shop":
		err = t.makeShop()
	case "engine":
		r, err = t.runEngine()
	case "floor":
		r, err = t.runFloor(floorRead, floorStore, floorGroup, floorWrite)
	case "load":
		r, err = t.runLoad()
	case "read":
		r, err = t.runFloor(floorRead, floorStore)
	default:
		err = fmt.Errorf("unknown job %q", t.Job)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// makeShop generates the shop and removes what is not orders.
func (t task) makeShop() error {
	s, err := demo.Write(context.Background(), t.Dir, demo.Options{Customers: t.Customers, Orders: t.Orders, Seed: 1, Dialect: t.Format})
	if err != nil {
		return err
	}
	for _, f := range s.Files {
		if f.Kind == "orders" {
			continue
		}
		if err := os.Remove(filepath.Join(t.Dir, filepath.FromSlash(f.Path))); err != nil {
			return err
		}
	}
	return nil
}

// runEngine is clientele run in a new workspace whose one source is the files.
func (t task) runEngine() (result, error) {
	var r result
	text := fmt.Sprintf("timezone: Asia/Shanghai\ncurrency: CNY\nsources:\n  - {name: shop, kind: orders, path: %q}\n", filepath.Dir(t.Files[0]))
	if err := os.WriteFile(filepath.Join(t.Dir, "clientele.yaml"), []byte(text), 0o666); err != nil {
		return r, err
	}
	moment := now()
	if t.Clock {
		moment = time.Now()
	}
	e, err := engine.Open(t.Dir, moment, "bench")
	if err != nil {
		return r, err
	}
	e.Config.Resources = config.Resources{Memory: config.Size(t.Memory), Threads: t.Threads}
	e.Limit = func(share int64) { debug.SetMemoryLimit(share) } // as the command does
	e.Limit(e.GoShare(0, 0))
	if t.Profile != "" {
		out, err := os.Create(t.Profile)
		if err != nil {
			return r, err
		}
		defer out.Close()
		if err := pprof.StartCPUProfile(out); err != nil {
			return r, err
		}
		defer pprof.StopCPUProfile()
	}
	c := newClock()
	e.Watch = c.watch
	ran, err := e.Run(context.Background(), "latest", false)
	if err != nil {
		return r, err
	}
	c.turn()
	r.Spent = c.list
	for _, l := range ran.Loaded {
		r.Rows += l.Read
	}
	r.Customers = int64(ran.Scored.Customers)
	return r, r.sizes(filepath.Join(t.Dir, "clientele.duckdb"), filepath.Join(e.Exports(), "current", "scores.parquet"))
}

// runLoad loads the files into a new workspace.
func (t task) runLoad() (result, error) {
	var r result
	e, err := engine.Open(t.Dir, now(), "bench")
	if err != nil {
		return r, err
	}
	e.Config.Currency = "CNY"
	e.Config.Resources = config.Resources{Memory: config.Size(t.Memory), Threads: t.Threads}
	e.Limit = func(share int64) { debug.SetMemoryLimit(share) } // as the command does
	e.Limit(e.GoShare(0, 0))
	s := config.DefaultSource()
	s.Name, s.Kind, s.Path = "shop", "orders", t.Files
	loaded, err := e.Load(context.Background(), []engine.Loading{{Source: s}})
	for _, l := range loaded {
		r.Rows += l.Read
	}
	return r, err
}

func (r *result) sizes(store, parquet string) error {
	for path, to := range map[string]*int64{store: &r.Store, parquet: &r.Parquet} {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		*to = info.Size()
	}
	return nil
}

// runFloor is the least that DuckDB needs for a store and a file of that size.
// Nothing is checked, joined or sorted.
func (t task) runFloor(steps ...string) (result, error) {
	var r result
	ctx := context.Background()
	store, parquet := filepath.Join(t.Dir, "floor.duckdb"), filepath.Join(t.Dir, "floor.parquet")
	db, err := duck.Open(ctx, store, duck.Options{Threads: t.Threads, Memory: t.Memory, TempDir: filepath.Join(t.Dir, "spill"), Folders: []string{t.Dir}, Files: t.Files})
	if err != nil {
		return r, err
	}
	c := newClock()
	for _, step := range steps {
		if err := db.Exec(ctx, t.floorSQL(step, parquet)); err != nil {
			return r, fmt.Errorf("%s: %w", step, err)
		}
		c.give(step)
	}
	r.Spent = c.list
	if !slices.Contains(steps, floorGroup) {
		err = db.Row(ctx, []any{&r.Rows}, "SELECT count(*) FROM orders")
		return r, errors.Join(err, db.Close())
	}
	err = db.Row(ctx, []any{&r.Rows, &r.Customers}, "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM customers)")
	return r, errors.Join(err, db.Close(), r.sizes(store, parquet))
}

func (t task) floorSQL(step, parquet string) string {
	switch step {
	case floorRead:
		quoted := make([]string, len(t.Files))
		for i, path := range t.Files {
			quoted[i] = duck.Literal(path)
		}
		files := "[" + strings.Join(quoted, ", ") + "]"
		if t.Format == "parquet" {
			return "CREATE TABLE orders AS SELECT * FROM read_parquet(" + files + ")"
		}
		return "CREATE TABLE orders AS SELECT * FROM read_csv(" + files + `, auto_detect = false, header = true, delim = ',', quote = '"', columns = {
  order_id: 'VARCHAR', customer_id: 'VARCHAR', ordered_at: 'TIMESTAMP', amount: 'DECIMAL(18,4)',
  channel: 'VARCHAR', status: 'VARCHAR', coupon: 'VARCHAR', currency: 'VARCHAR'})`
	case floorStore:
		return "CHECKPOINT " + duck.Catalog
	case floorGroup:
		return `CREATE TEMP TABLE customers AS
SELECT customer_id, CAST(min(ordered_at) AS DATE) AS first_on, CAST(max(ordered_at) AS DATE) AS last_on, count(*) AS orders, sum(amount) AS net
FROM orders WHERE customer_id <> '' GROUP BY customer_id`
	}
	return "COPY (" + floorScores + ") TO " + duck.Literal(parquet) + " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
}

// floorScores gives the columns of scores.parquet with the same types. What
// they say is made up from the grouped row, but they vary about as much as the
// real ones: the table shows the bytes of both files.
const floorScores = `WITH spans AS (
  SELECT *, CAST(net AS DOUBLE) AS revenue, max(last_on) OVER () AS as_of FROM customers
),
days AS (
  SELECT *, as_of - last_on AS recency, as_of - first_on AS tenure FROM spans
),
rates AS (
  SELECT *, revenue / orders AS average, exp(-recency / (90.0 + tenure)) AS alive, orders / (30.0 + tenure) AS pace FROM days
)
SELECT as_of, customer_id, first_on AS first_order_on, last_on AS last_order_on, orders, recency AS recency_days, tenure AS tenure_days,
  revenue AS net_revenue, average AS average_order_value,
  CAST(5 - least(recency // 120, 4) AS INTEGER) AS r_score, CAST(least(orders, 5) AS INTEGER) AS f_score,
  CAST(least(1 + revenue // 300, 5) AS INTEGER) AS m_score,
  concat(5 - least(recency // 120, 4), least(orders, 5), CAST(least(1 + revenue // 300, 5) AS INTEGER)) AS rfm_code,
  CASE WHEN recency < 60 THEN 'Champions' WHEN orders > 5 THEN 'Loyal customers' WHEN recency > 400 THEN 'Lost' ELSE 'About to sleep' END AS rfm_segment,
  CASE WHEN recency < 90 THEN 'key value' WHEN orders > 3 THEN 'key retain' ELSE 'ordinary' END AS rfm_cell,
  alive AS p_alive, 1 - alive * (1 - exp(-90 * pace)) AS churn_risk,
  CASE WHEN recency < 60 THEN 'low' WHEN recency < 200 THEN 'medium' ELSE 'high' END AS churn_band,
  CASE WHEN recency < 300 THEN as_of + CAST(1 / pace AS INTEGER) END AS next_order_on,
  365 * alive * pace AS expected_orders, (250 + revenue) / (2 + orders) AS expected_spend,
  365 * alive * pace * (250 + revenue) / (2 + orders) AS clv, CAST(NULL AS DOUBLE) AS clv_low, CAST(NULL AS DOUBLE) AS clv_high,
  CASE WHEN tenure < 30 THEN 'new' WHEN recency < 90 THEN 'active' WHEN recency < 180 THEN 'at risk' ELSE 'lapsed' END AS lifecycle_stage,
  CAST(NULL AS VARCHAR) AS cluster
FROM rates`
