package engine_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/demo/exports"
	"clientele/engine/table"
)

// discovered loads files of which nobody says what they are, as clientele ingest
// auto does.
func discovered(t testing.TB, e *engine.Engine, allowRejects bool, paths ...string) ([]engine.Loaded, error) {
	t.Helper()
	found, err := e.Discover(context.Background(), paths, config.DefaultSource(), allowRejects)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found.Unrecognised() {
		t.Errorf("%s is not recognised: %s", f.Path, f.Reason)
	}
	loaded, err := e.Load(context.Background(), found.Loadings)
	for _, l := range loaded {
		if l.Read != l.Accepted+l.Duplicates+l.Rejected {
			t.Errorf("%s: %d read, %d accepted, %d duplicates, %d rejected", l.Path, l.Read, l.Accepted, l.Duplicates, l.Rejected)
		}
	}
	return loaded, err
}

// Every export of every platform, loaded alone and without a word about it, comes to
// the orders, the money, the refunds and the people that its writer put into it. The
// expected figures are those of the generator (exports.Truth), which its own tests
// derive from the cells of the files a second time.
func TestExportsLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	truth, err := exports.Write(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	platforms := map[string]bool{}
	for _, f := range truth.Files {
		platforms[f.Platform] = true
		t.Run(strings.TrimPrefix(f.Path, exports.Data+"/"), func(t *testing.T) {
			path := filepath.Join(dir, filepath.FromSlash(f.Path))
			if f.Refused != "" {
				refusedExport(t, path, f)
				return
			}
			e := workspace(t)
			overLimit := float64(f.Rejected) > e.Config.Rejects.Limit*float64(f.Rows)
			loaded, err := discovered(t, e, overLimit, path)
			if err != nil {
				t.Fatal(err)
			}
			checkExport(t, e, f, loaded[0])
		})
	}
	if len(platforms) != 19 {
		t.Errorf("%d platforms, want 19", len(platforms))
	}
}

// refusedExport holds that a file is refused for the reason given, with nothing of
// it in the store, and that a dry run says the same.
func refusedExport(t *testing.T, path string, f exports.File) {
	e := workspace(t)
	found, err := e.Discover(context.Background(), []string{path}, config.DefaultSource(), false)
	if err != nil {
		t.Fatal(err)
	}
	all, err := e.Inspect(context.Background(), found.Loadings, 2)
	if err != nil || len(all) != 1 || all[0].State != engine.StateRefused || !strings.Contains(all[0].Refused, f.Refused) {
		t.Errorf("a dry run says %+v, %v; want refused for %q", all, err, f.Refused)
	}
	loaded, err := e.Load(context.Background(), found.Loadings)
	if err == nil {
		t.Fatal("is loaded")
	}
	if notes := fmt.Sprint(err, loaded); !strings.Contains(notes, f.Refused) {
		t.Errorf("refused with %s, want %q", notes, f.Refused)
	}
	if errors.Is(err, engine.ErrRefused) {
		expect(t, e, "SELECT count(*) FROM orders", "0")
	}
}

func checkExport(t *testing.T, e *engine.Engine, f exports.File, l engine.Loaded) {
	t.Helper()
	source := f.Platform
	if source == "taobao_order_items" { // lines of the orders of another export
		source = "taobao_orders"
	}
	if l.Kind != f.Kind || l.Source != source || l.State != engine.StateLoaded {
		t.Errorf("%s of %s, %s; want %s of %s", l.Kind, l.Source, l.State, f.Kind, source)
	}
	if l.Read != int64(f.Rows) || l.Duplicates != int64(f.Duplicates) || l.Rejected != int64(f.Rejected) {
		t.Errorf("%d rows read, %d duplicates, %d rejected; want %d, %d, %d", l.Read, l.Duplicates, l.Rejected, f.Rows, f.Duplicates, f.Rejected)
	}
	if f.Why != "" {
		expect(t, e, fmt.Sprintf("SELECT count(*) FILTER (contains(reason, '%s')) FROM rejects", f.Why), fmt.Sprint(f.Rejected))
	}
	expect(t, e, "SELECT count(*) FROM customers", fmt.Sprint(f.Customers))
	switch f.Kind {
	case "orders":
		expect(t, e, "SELECT count(*), count(*) FILTER (counted), sum(net) FILTER (counted), count(*) FILTER (customer_id IS NULL) FROM orders",
			fmt.Sprintf("%d|%d|%s|%d", f.Orders, f.Counted, amount(f.Net), f.Nobody))
		expect(t, e, "SELECT count(DISTINCT coalesce(order_id, refund_id)), coalesce(sum(amount), 0) FROM refunds WHERE counted",
			fmt.Sprintf("%d|%s", f.Refunds, amount(f.RefundedGoods)))
		expect(t, e, "SELECT count(*) FROM order_lines", fmt.Sprint(f.Lines))
		expect(t, e, "SELECT count(*) FROM orders WHERE currency <> '"+f.Currency+"'", "0")
	case "order-lines":
		expect(t, e, "SELECT count(*), count(DISTINCT order_id), sum(net) FROM order_lines", fmt.Sprintf("%d|%d|%s", f.Lines, f.Orders, amount(f.Net)))
	case "interactions", "responses":
		expect(t, e, "SELECT count(*), count(*) FILTER (customer_id IS NULL) FROM "+f.Kind, fmt.Sprintf("%d|%d", f.Rows-f.Duplicates, f.Nobody))
	case "campaigns":
		expect(t, e, "SELECT count(*), min(recipients) > 0 FROM campaigns", fmt.Sprintf("%d|true", f.Rows-f.Duplicates))
	}
}

// amount writes cents as cell writes money.
func amount(c exports.Cents) string {
	return cell(&table.Column{Field: table.Field{Kind: table.Decimal}, Ints: []int64{c.Units()}}, 0)
}

// Rates of the days of the fixtures, in the currency of most of them.
const exportRates = "date,from,to,rate\n2023-01-01,USD,CNY,7\n2023-01-01,EUR,CNY,8\n"

// A whole folder of all platforms becomes one store, in which a person of several
// exports is one customer: those who share an address, a number or an id of one
// platform. What was loaded alone is loaded the same beside the others.
func TestExportsTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	truth, err := exports.Write(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	e := workspace(t)
	write(t, e, "rates.csv", exportRates)
	e.Config.Currency, e.Config.Rates = "CNY", "rates.csv"
	loaded, err := discovered(t, e, false, filepath.Join(dir, exports.Data))
	if err != nil {
		t.Fatalf("%v: %+v", err, loaded)
	}
	rate := map[string]exports.Cents{"USD": 7, "EUR": 8, "CNY": 1}
	type sum struct{ orders, counted, net exports.Cents }
	want := map[string]sum{}
	files := 0
	for _, f := range truth.Files {
		if !strings.HasPrefix(f.Path, exports.Data+"/") {
			continue
		}
		files++
		factor := rate[f.Currency]
		if f.Platform == "magento_orders_grid" || f.Platform == "online_retail_uci" {
			factor = 1 // the files name no currency: their amounts are taken as they stand
		}
		if f.Kind == "orders" {
			s := want[f.Platform]
			want[f.Platform] = sum{s.orders + exports.Cents(f.Orders), s.counted + exports.Cents(f.Counted), s.net + f.Net*factor}
		}
	}
	if len(loaded) != files {
		t.Errorf("%d files are loaded, want %d", len(loaded), files)
	}
	var sums []string
	for _, platform := range slices.Sorted(maps.Keys(want)) {
		s := want[platform]
		sums = append(sums, fmt.Sprintf("%s|%d|%d|%s", platform, s.orders, s.counted, amount(s.net)))
	}
	expect(t, e, "SELECT source, count(*), count(*) FILTER (counted), sum(net) FILTER (counted) FROM orders GROUP BY source ORDER BY source", sums...)
	expect(t, e, "SELECT count(*), count(DISTINCT customer_id) FROM customers", fmt.Sprintf("%d|%d", truth.Customers, truth.Customers))
	checkShared(t, e, truth.Shared)

	// Again, and by the sources that a configuration would have, nothing is new.
	again, err := discovered(t, e, false, filepath.Join(dir, exports.Data))
	if err != nil || slices.ContainsFunc(again, func(l engine.Loaded) bool { return l.State != engine.StateKnown }) {
		t.Errorf("loading the folder again: %+v, %v", again, err)
	}
	found, err := e.Discover(context.Background(), []string{filepath.Join(dir, exports.Data)}, config.DefaultSource(), false)
	if err != nil {
		t.Fatal(err)
	}
	e.Config.Sources = e.Sources(found)
	if err := e.Config.Check(); err != nil {
		t.Fatal(err)
	}
	ran, err := e.Run(context.Background(), "latest", false)
	if err != nil || len(ran.Loaded) != files || slices.ContainsFunc(ran.Loaded, func(l engine.Loaded) bool { return l.State != engine.StateKnown }) {
		t.Errorf("the nightly run: %+v, %v", ran.Loaded, err)
	}
}

// checkShared holds that every key of a person leads to one customer.
func checkShared(t *testing.T, e *engine.Engine, people []exports.Shared) {
	t.Helper()
	customers := map[string][]string{} // by key
	for _, row := range rows(t, e, `WITH told AS (
  SELECT member, card FROM facts.orders UNION SELECT member, card FROM facts.interactions UNION SELECT member, card FROM facts.responses
), keys AS (
  SELECT t.member, 'email:' || c.email AS key FROM told AS t JOIN facts.cards AS c ON t.card = c.card
  UNION SELECT t.member, 'phone:' || c.phone FROM told AS t JOIN facts.cards AS c ON t.card = c.card
  UNION SELECT member, 'email:' || email FROM facts.customers
  UNION SELECT member, 'phone:' || phone FROM facts.customers
  UNION SELECT member, id_space || ':' || source_customer_id FROM identities
)
SELECT DISTINCT k.key, i.customer_id FROM keys AS k JOIN identities AS i ON k.member = i.member WHERE k.key IS NOT NULL ORDER BY ALL`) {
		key, customer, _ := strings.Cut(row, "|")
		customers[key] = append(customers[key], customer)
	}
	for _, p := range people {
		var ids []string
		for _, key := range p.Keys {
			if len(customers[key]) == 0 {
				t.Errorf("nobody is known by %s", key)
			}
			ids = append(ids, customers[key]...)
		}
		slices.Sort(ids)
		if ids = slices.Compact(ids); len(ids) != 1 {
			t.Errorf("%q are %d customers: %q", p.Keys, len(ids), ids)
		}
	}
}

// A dry run says of each file what loading it then does, and leaves no trace.
func TestInspectionIsWhatLoadingDoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := exports.Write(dir, 2); err != nil {
		t.Fatal(err)
	}
	e := workspace(t)
	write(t, e, "rates.csv", exportRates)
	e.Config.Currency, e.Config.Rates = "CNY", "rates.csv"
	before := folderOf(t, e.Dir)
	found, err := e.Discover(context.Background(), []string{filepath.Join(dir, exports.Data)}, config.DefaultSource(), false)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := e.Inspect(context.Background(), found.Loadings, 3)
	if err != nil {
		t.Fatal(err)
	}
	if after := folderOf(t, e.Dir); !slices.Equal(before, after) {
		t.Errorf("the workspace held %q and holds %q", before, after)
	}
	loaded, err := e.Load(context.Background(), found.Loadings)
	if err != nil || len(loaded) != len(seen) {
		t.Fatalf("%d files loaded, %d inspected: %v", len(loaded), len(seen), err)
	}
	for i, l := range loaded {
		in := seen[i]
		got := fmt.Sprint(in.Path, in.Kind, in.Source, in.State, in.Read, in.Accepted, in.Duplicates, in.Rejected, in.Notes)
		want := fmt.Sprint(l.Path, l.Kind, l.Source, l.State, l.Read, l.Accepted, l.Duplicates, l.Rejected, l.Notes)
		if got != want {
			t.Errorf("inspected %s\nloaded    %s", got, want)
		}
		if in.First.Rows() != 3 || in.Title == "" || in.Brings == nil || in.Brings.Rows() != 1 {
			t.Errorf("%s: %d first rows, title %q, sums %v", in.Path, in.First.Rows(), in.Title, in.Brings)
		}
	}
	for _, in := range seen {
		if in.Kind != "orders" {
			continue
		}
		expect(t, e, "SELECT count(*), count(*) FILTER (counted), sum(net) FILTER (counted) FROM orders WHERE source = '"+in.Source+"'",
			strings.Join([]string{cell(in.Brings.Column("orders"), 0), cell(in.Brings.Column("counted"), 0), cell(in.Brings.Column("net"), 0)}, "|"))
	}
	known, err := e.Inspect(context.Background(), found.Loadings, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, in := range known {
		if in.State != engine.StateKnown || in.Batch != loaded[i].Batch {
			t.Errorf("%s: %s, batch %d; want known, %d", in.Path, in.State, in.Batch, loaded[i].Batch)
		}
	}
}

// folderOf lists the names in a folder.
func folderOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
