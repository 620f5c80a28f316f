package engine_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/engine"
	"clientele/engine/config"
)

// growing is a shop whose systems hand out what is new each night: files by name, in
// the order in which they come. Each row has an id and the moment of its last change,
// as exports of what changed since yesterday have.
type growing struct {
	seeded *rand.Rand
	nights []map[string][]string // rows of each night by kind; the first night brings all of before
	day    time.Time             // of the last night
	orders []grownOrder
	people int
}

type grownOrder struct {
	id, customer, when, amount string
}

// grownHeaders are the columns of each kind.
var grownHeaders = map[string]string{
	"orders":    "order_id,customer_id,order_date,status,amount,cancelled_at,updated_at",
	"customers": "customer_id,email,city,email_consent,updated_at",
	"refunds":   "refund_id,order_id,refund_date,amount,updated_at",
}

// grow makes a shop of a number of customers with five orders each on average, and a
// number of nights of which each brings a thousandth more, in all the ways in which
// facts change.
func grow(customers, nights int) *growing {
	g := &growing{seeded: rand.New(rand.NewPCG(21, 5)), day: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	first := map[string][]string{}
	for range customers {
		g.person(first)
	}
	for range 5 * customers {
		g.order(first, g.seeded.IntN(g.people*7/8), g.day.AddDate(0, 0, -g.seeded.IntN(700)))
	}
	for range customers / 20 {
		g.refund(first)
	}
	g.nights = append(g.nights, first)
	for range nights {
		g.day = g.day.AddDate(0, 0, 1)
		g.nights = append(g.nights, g.night(max(5*customers/1000, 4)))
	}
	return g
}

// night is what one night brings: some orders of customers who are known and of new
// ones, one that comes late, a cancellation, a refund, a customer who has moved.
func (g *growing) night(orders int) map[string][]string {
	out := map[string][]string{}
	for i := range orders {
		who := g.seeded.IntN(g.people)
		if i%4 == 0 {
			who = g.person(out)
		}
		g.order(out, who, g.day)
	}
	g.order(out, g.seeded.IntN(g.people), g.day.AddDate(0, 0, -40-g.seeded.IntN(300)))
	o := g.orders[g.seeded.IntN(len(g.orders))]
	out["orders"] = append(out["orders"], fmt.Sprintf("%s,%s,%s,cancelled,%s,%s,%s", o.id, o.customer, o.when, o.amount, g.clock(g.day), g.clock(g.day)))
	g.refund(out)
	moved := g.seeded.IntN(g.people)
	out["customers"] = append(out["customers"], fmt.Sprintf("c%d,c%d@shop.example,南京,no,%s", moved, moved, g.clock(g.day)))
	return out
}

// clock is a moment of a day.
func (g *growing) clock(day time.Time) string {
	return day.Add(time.Duration(g.seeded.IntN(24*3600)) * time.Second).Format(time.DateTime)
}

func (g *growing) person(out map[string][]string) int {
	n := g.people
	g.people++
	city := []string{"杭州", "上海", ""}[g.seeded.IntN(3)]
	out["customers"] = append(out["customers"], fmt.Sprintf("c%d,c%d@shop.example,%s,yes,%s", n, n, city, g.clock(g.day.AddDate(0, 0, -1))))
	return n
}

func (g *growing) order(out map[string][]string, who int, day time.Time) {
	o := grownOrder{fmt.Sprintf("o%d", len(g.orders)), fmt.Sprintf("c%d", who), g.clock(day), fmt.Sprintf("%d.%02d", 5+g.seeded.IntN(200), g.seeded.IntN(100))}
	g.orders = append(g.orders, o)
	out["orders"] = append(out["orders"], fmt.Sprintf("%s,%s,%s,paid,%s,,%s", o.id, o.customer, o.when, o.amount, o.when))
}

func (g *growing) refund(out map[string][]string) {
	o := g.orders[g.seeded.IntN(len(g.orders))]
	when := g.clock(g.day)
	out["refunds"] = append(out["refunds"], fmt.Sprintf("r%s-%s,%s,%s,3.50,%s", o.id, when, o.id, when, when))
}

// shop is an empty workspace with the sources of a growing shop. All of them have the
// same folder's name, which the report shows.
func (g *growing) shop(t *testing.T) *engine.Engine {
	t.Helper()
	e := workspace(t)
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.Rename(e.Dir, dir); err != nil {
		t.Fatal(err)
	}
	e.Dir = dir
	e.Now = time.Now().Add(time.Hour) // long after its files were written
	e.Config.Output.Reports = []string{"en"}
	e.Config.Churn.Model = "purchase"
	for _, kind := range slices.Sorted(maps.Keys(grownHeaders)) {
		e.Config.Sources = append(e.Config.Sources, source(kind, kind+"/*.csv"))
		if err := os.MkdirAll(filepath.Join(dir, kind), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// bring writes rows as files of the sources, of a name each.
func bring(t *testing.T, e *engine.Engine, name string, rows map[string][]string) {
	t.Helper()
	for kind, list := range rows {
		write(t, e, filepath.Join(kind, name+".csv"), grownHeaders[kind]+"\n"+strings.Join(list, "\n")+"\n")
	}
}

// exported are the SHA-256 of the files of the current run.
func exported(t *testing.T, e *engine.Engine) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(e.Dir, "exports", "current", "*"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		out[filepath.Base(path)] = hex.EncodeToString(sum[:])
	}
	if len(out) < 12 {
		t.Fatalf("only %d files are exported: %v", len(out), slices.Sorted(maps.Keys(out)))
	}
	return out
}

// copied is a copy of a workspace.
func copied(t *testing.T, e *engine.Engine) *engine.Engine {
	t.Helper()
	other := *e
	other.Dir = filepath.Join(t.TempDir(), "shop")
	if err := os.CopyFS(other.Dir, os.DirFS(e.Dir)); err != nil {
		t.Fatal(err)
	}
	other.Config.Sources = slices.Clone(e.Config.Sources)
	return &other
}

func sameExports(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("%s: %s differs", what, name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d files, want %d", what, len(got), len(want))
	}
}

// After nights of which each brings a thousandth more, the exported files are to the
// byte those of a workspace that was built from all the files at once, whatever files
// the rows came in and in whatever order.
func TestNightsEqualAllAtOnce(t *testing.T) {
	t.Parallel()
	customers := 2000
	if testing.Short() {
		customers = 400
	}
	g := grow(customers, 4)
	nightly := g.shop(t)
	for i, rows := range g.nights {
		bring(t, nightly, fmt.Sprintf("%02d", i), rows)
		ran := night(t, nightly, engine.Night{})
		if want := g.day.AddDate(0, 0, i+1-len(g.nights)).Format(time.DateOnly); i > 0 && (ran.Scored.AsOf != want || ran.Outcome != engine.OutcomePublished) {
			t.Fatalf("night %d: %s as of %s, want %s", i, ran.Outcome, ran.Scored.AsOf, want)
		}
		if i > 0 && ran.Counts().Known != 3*i {
			t.Errorf("night %d: %d files are known, want %d", i, ran.Counts().Known, 3*i)
		}
	}
	withHistory := exported(t, nightly)

	rebuilt := copied(t, nightly)
	if _, err := rebuilt.Rebuild(t.Context(), false, false); err != nil {
		t.Fatal(err)
	}
	night(t, rebuilt, engine.Night{Again: true})
	sameExports(t, "rebuilt from its sources", exported(t, rebuilt), withHistory)

	// A workspace without the runs of the nights before has no history to report.
	forgetful := copied(t, nightly)
	if err := os.RemoveAll(filepath.Join(forgetful.Dir, "exports")); err != nil {
		t.Fatal(err)
	}
	night(t, forgetful, engine.Night{})
	want := exported(t, forgetful)
	same := 0
	for name, hash := range want {
		if withHistory[name] == hash {
			same++
		} else if strings.HasSuffix(name, ".parquet") {
			t.Errorf("%s depends on the runs of before", name)
		}
	}
	if same < 8 {
		t.Errorf("only %d files are the same without history", same)
	}

	atOnce := g.shop(t)
	for i, rows := range g.nights {
		bring(t, atOnce, fmt.Sprintf("%02d", i), rows)
	}
	night(t, atOnce, engine.Night{})
	sameExports(t, "all files at once", exported(t, atOnce), want)

	backwards := g.shop(t)
	for i := range g.nights {
		bring(t, backwards, fmt.Sprintf("%02d", i), g.nights[len(g.nights)-1-i])
		if _, err := backwards.Load(t.Context(), backwardsLoadings(backwards.Config.Sources)); err != nil {
			t.Fatal(err)
		}
	}
	night(t, backwards, engine.Night{})
	sameExports(t, "the last night first", exported(t, backwards), want)

	dealt := g.shop(t)
	for i, piece := range g.deal(5) {
		bring(t, dealt, fmt.Sprintf("piece-%d", i), piece)
		if i == 2 {
			if _, err := dealt.Load(t.Context(), backwardsLoadings(dealt.Config.Sources)); err != nil {
				t.Fatal(err)
			}
		}
	}
	night(t, dealt, engine.Night{})
	sameExports(t, "the rows in other files", exported(t, dealt), want)
}

// backwardsLoadings are sources to load, the last first.
func backwardsLoadings(sources []config.Source) []engine.Loading {
	var out []engine.Loading
	for _, s := range slices.Backward(sources) {
		out = append(out, engine.Loading{Source: s})
	}
	return out
}

// deal deals all rows of all nights out into pieces at random, in random order.
func (g *growing) deal(pieces int) []map[string][]string {
	out := make([]map[string][]string, pieces)
	for i := range out {
		out[i] = map[string][]string{}
	}
	for kind := range grownHeaders {
		var all []string
		for _, rows := range g.nights {
			all = append(all, rows[kind]...)
		}
		g.seeded.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for i, row := range all {
			piece := out[i%pieces]
			piece[kind] = append(piece[kind], row)
		}
	}
	return out
}

// What identifies the facts tells facts apart that are counted alike.
func TestInputHash(t *testing.T) {
	t.Parallel()
	hash := func(files ...string) string {
		t.Helper()
		e := workspace(t)
		plain(e)
		for i, text := range files {
			kind, rows, _ := strings.Cut(text, " ")
			write(t, e, fmt.Sprintf("%d.csv", i), strings.ReplaceAll(rows, ";", "\n")+"\n")
			load(t, e, source(kind, fmt.Sprintf("%d.csv", i)))
		}
		score(t, e, "2026-03-01")
		text := string(runFile(t, e, "2026-03-01", "manifest.json"))
		_, after, _ := strings.Cut(text, `"input_hash": "`)
		found, _, ok := strings.Cut(after, `"`)
		if !ok || len(found) != 64 {
			t.Fatalf("no hash in %s", text)
		}
		return found
	}
	const a, b = "orders order_id,customer,date,amount;1,a,2026-01-05,10", "orders order_id,customer,date,amount;2,b,2026-01-06,20"
	both := hash(a, b)
	for what, files := range map[string][]string{"in another order": {b, a}, "in one file": {a + ";2,b,2026-01-06,20"}, "told twice": {a, b, b + "\n"}} {
		if hash(files...) != both {
			t.Errorf("%s the facts are others", what)
		}
	}
	for what, files := range map[string][]string{
		"one less": {a}, "another amount": {a, b + "1"}, "another customer": {a, strings.Replace(b, ",b,", ",a,", 1)},
		"more about a customer": {a, b, "customers customer_id,city;a,Paris"},
	} {
		if hash(files...) == both {
			t.Errorf("%s: the facts are said to be the same", what)
		}
	}
	const p, q = "customers customer_id,city;a,Paris", "customers customer_id,city;a,Rome"
	if hash(a, p, q) == hash(a, q, p) {
		t.Error("rows without a moment of change are the same in any order")
	}
}
