package engine_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/demo/exports"
)

// small is a store of two sources with every fault that a configured check can
// find: written for these tests, so each expected row can be read off it.
func small(t *testing.T) *engine.Engine {
	t.Helper()
	e := workspace(t)
	of := func(kind, name, path string) config.Source {
		s := source(kind, path)
		s.Name = name
		return s
	}
	write(t, e, "web.csv", `order_id,customer,date,amount,channel,coupon
w1,ann,2026-06-01,10,web,SALE10
w2,bob,2026-06-02,20,,SALE10
w3,ann,2026-06-03,15,app,VIP-AB
w4,cai,2026-06-20,50000,kiosk,oops
`)
	write(t, e, "till.csv", "order_id,customer,date,amount,channel\nt1,dan,2026-05-01,7,store\n")
	write(t, e, "lines.csv", "order_id,product_id,quantity,amount\nw1,p1,1,10\nw2,p9,1,20\n")
	write(t, e, "products.csv", "product_id,name\np1,Tea\n")
	load(t, e, of("orders", "web", "web.csv"), of("orders", "till", "till.csv"), of("order-lines", "web", "lines.csv"), source("products", "products.csv"))
	return e
}

// only are the results of the configured checks.
func only(t *testing.T, e *engine.Engine, want error) engine.Checked {
	t.Helper()
	own := len(e.Config.Checks)
	checked, err := e.Check(context.Background())
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Fatalf("error %v, want %v", err, want)
	}
	return checked[len(checked)-own:]
}

func number(v float64) *float64 { return &v }
func days(n int) *int           { return &n }

func TestOwnChecks(t *testing.T) {
	t.Parallel()
	e := small(t)
	web := map[string][]string{"source": {"web"}}
	for _, c := range []struct {
		name    string
		check   config.Check
		failed  int64
		example string
	}{
		{"a value is missing", config.Check{Table: "orders", Column: "channel", NotNull: true},
			1, "source=web, order_id=w2, customer_id=bob, ordered_on=2026-06-02, batch_id=1, line=3, channel="},
		{"missing in another source", config.Check{Table: "orders", Column: "channel", NotNull: true, Where: map[string][]string{"source": {"till"}}}, 0, ""},
		{"where of two columns", config.Check{Table: "orders", Column: "channel", NotNull: true, Where: map[string][]string{"source": {"web", "till"}, "order_id": {"w1", "w2"}}},
			1, "source=web, order_id=w2, customer_id=bob, ordered_on=2026-06-02, batch_id=1, line=3, channel="},
		{"a customer twice", config.Check{Table: "orders", Column: "customer_id", Unique: true}, 1, "customer_id=ann, rows=2"},
		{"unique", config.Check{Table: "products", Column: "product_id", Unique: true}, 0, ""},
		{"in a list", config.Check{Table: "orders", Column: "channel", In: []string{"web", "app", "store"}},
			1, "source=web, order_id=w4, customer_id=cai, ordered_on=2026-06-20, batch_id=1, line=5, channel=kiosk"},
		{"a list of what looks like SQL", config.Check{Table: "orders", Column: "channel", In: []string{"web') OR (1=1", "app", "store", "kiosk"}},
			1, "source=web, order_id=w1, customer_id=ann, ordered_on=2026-06-01, batch_id=1, line=2, channel=web"},
		{"above", config.Check{Table: "orders", Column: "net", Max: number(1000)},
			1, "source=web, order_id=w4, customer_id=cai, ordered_on=2026-06-20, batch_id=1, line=5, net=50000"},
		{"between", config.Check{Table: "orders", Column: "net", Min: number(10), Max: number(20)},
			2, "source=till, order_id=t1, customer_id=dan, ordered_on=2026-05-01, batch_id=2, line=2, net=7"},
		{"at both ends", config.Check{Table: "orders", Column: "net", Min: number(7), Max: number(50000)}, 0, ""},
		{"a pattern", config.Check{Table: "orders", Column: "coupon", Matches: []string{"SALE*", "VIP-??"}},
			1, "source=web, order_id=w4, customer_id=cai, ordered_on=2026-06-20, batch_id=1, line=5, coupon=oops"},
		{"another table", config.Check{Table: "order_lines", Column: "product_id", References: "products.name"},
			2, "source=web, order_id=w1, line=1, product_id=p1, batch_id=3, file_line=2"},
		{"another table, met", config.Check{Table: "orders", Column: "customer_id", References: "identities.customer_id"}, 0, ""},
		// the newest order is of 20 June and today is 1 July
		{"stale", config.Check{Table: "orders", Column: "ordered_on", FreshDays: days(10)}, 1, "newest=2026-06-20, needed=2026-06-21"},
		{"fresh", config.Check{Table: "orders", Column: "ordered_on", FreshDays: days(11)}, 0, ""},
		{"a stale source", config.Check{Table: "orders", Column: "ordered_at", FreshDays: days(11), Where: map[string][]string{"source": {"till"}}}, 1, "newest=2026-05-01, needed=2026-06-20"},
		{"nothing is never fresh", config.Check{Table: "refunds", Column: "refunded_on", FreshDays: days(9999)}, 1, "newest=, needed=1999-02-14"},
		{"too few loads for a usual size", config.Check{Table: "orders", Volume: number(0), Where: web}, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.check.Name, c.check.Severity = c.name, "error"
			e.Config.Checks = []config.Check{c.check}
			want := engine.ErrChecks
			if c.failed == 0 {
				want = nil
			}
			got := only(t, e, want)[0]
			if got.Failed != c.failed || got.Example != c.example {
				t.Errorf("%d rows, %q; want %d, %q", got.Failed, got.Example, c.failed, c.example)
			}
			details, err := e.CheckDetails(context.Background(), c.name, 0)
			if err != nil || int64(details.Rows()) != c.failed {
				t.Errorf("details: %v, %v", details, err)
			}
		})
	}
}

// A warning is told and fails nothing.
func TestCheckSeverity(t *testing.T) {
	e := small(t)
	e.Config.Checks = []config.Check{{Name: "channels", Table: "orders", Column: "channel", NotNull: true, Severity: "warning"}}
	if got := only(t, e, nil)[0]; got.Failed != 1 || got.Severity != engine.SeverityWarning {
		t.Errorf("%+v", got)
	}
}

// Six loads of 10 rows and one of 4: 60 % fewer than usual.
func TestVolume(t *testing.T) {
	e := workspace(t)
	rows := func(month, n int) {
		text := "order_id,customer,date,amount\n"
		for i := range n {
			text += fmt.Sprintf("%d-%d,c%d,2026-%02d-01,5\n", month, i, i, month)
		}
		loadText(t, e, "orders", fmt.Sprintf("%d.csv", month), text)
	}
	check := func(share float64, failed int64) {
		t.Helper()
		e.Config.Checks = []config.Check{{Name: "size", Table: "orders", Volume: &share, Severity: "warning"}}
		if got := only(t, e, nil)[0]; got.Failed != failed {
			t.Errorf("a share of %v: %+v", share, got)
		}
	}
	rows(1, 1)
	rows(2, 10)
	rows(3, 10)
	check(0.5, 0) // 10 beside two loads: no usual size yet
	rows(4, 10)
	check(0.5, 0)
	rows(5, 4)
	check(0.5, 1) // 4 beside a median of 10: the load of 1 does not matter
	check(0.6, 0)
	e.Config.Checks[0].Where = map[string][]string{"source": {"others"}}
	if got := only(t, e, nil)[0]; got.Failed != 0 {
		t.Errorf("another source: %+v", got)
	}
}

// What a check names is looked up before anything runs.
func TestOwnCheckMistakes(t *testing.T) {
	e := small(t)
	for want, c := range map[string]config.Check{
		`checks[0].column: "chanel": orders has no such column: did you mean "channel"?`:                        {Table: "orders", Column: "chanel", NotNull: true},
		`checks[0].column: "x\" IS NULL; --": orders has no such column: there are`:                             {Table: "orders", Column: `x" IS NULL; --`, NotNull: true},
		`checks[0].references: "product": products has no such column: did you mean "product_id"?`:              {Table: "order_lines", Column: "product_id", References: "products.product"},
		`checks[0].where: "sources": orders has no such column: did you mean "source"?`:                         {Table: "orders", Column: "net", NotNull: true, Where: map[string][]string{"sources": {"web"}}},
		`checks[0].column: "channel": min and max are for numbers, and this is VARCHAR`:                         {Table: "orders", Column: "channel", Min: number(1)},
		`checks[0].column: "net": fresh_days is for days and times, and this is DECIMAL(18,4)`:                  {Table: "orders", Column: "net", FreshDays: days(1)},
		`checks[0].table: "identities": no files are loaded into it by themselves: volume is for orders, order`: {Table: "identities", Volume: number(1)},
		`checks[0].where: "channel": a load has no such column: there are source`:                               {Table: "orders", Volume: number(1), Where: map[string][]string{"channel": {"web"}}},
		`checks[0].name: "order_keys": a check of the program has this name`:                                    {Name: "order_keys", Table: "orders", Column: "net", NotNull: true},
	} {
		if c.Name == "" {
			c.Name = "mine"
		}
		e.Config.Checks = []config.Check{c}
		if _, err := e.Check(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v\nwant %s", err, want)
		}
		if _, err := e.Run(context.Background(), "latest", false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("run: error %v\nwant %s", err, want)
		}
	}
	e.Config.Checks = nil
	if _, err := e.CheckDetails(context.Background(), "order_key", 0); err == nil || err.Error() != `no check "order_key": did you mean "order_keys"?` {
		t.Errorf("error %v", err)
	}
}

// The nightly run loads, scores and publishes whatever the checks find, and says
// so in its status, its answer and its manifest, without a value of the data.
func TestRunWithFailedChecks(t *testing.T) {
	e := workspace(t)
	e.Config.Sources = []config.Source{source("orders", write(t, e, "orders.csv", "order_id,customer,date,amount\n1,ann,2026-06-01,10\n2,bob,2026-06-02,-3\n3,cai,2026-06-03,4\n"))}
	e.Config.Checks = []config.Check{{Name: "amounts", Table: "orders", Column: "net", Min: number(5), Severity: "error"}}
	ran, err := e.Run(context.Background(), "latest", false)
	if err != engine.ErrChecks {
		t.Fatalf("error %v", err)
	}
	if ran.Scored.AsOf != "2026-06-03" || len(ran.Checked.Failed()) != 1 || ran.Checked.Failed()[0].Failed != 1 {
		t.Errorf("%+v", ran)
	}
	manifest := string(runFile(t, e, "2026-06-03", "manifest.json"))
	if !strings.Contains(manifest, "Check amounts (error) failed, wrong rows: 1") || strings.Contains(manifest, "cai") {
		t.Errorf("manifest %s", manifest)
	}

	// A refused file beside it: both errors.
	write(t, e, "orders.csv", "order_id,customer,date,amount\n1,ann,soon,10\n")
	if _, err = e.Run(context.Background(), "latest", false); !errors.Is(err, engine.ErrChecks) || !errors.Is(err, engine.ErrRefused) {
		t.Errorf("error %v", err)
	}

	// The check met, the run is as if there were none.
	e.Config.Checks[0].Min = number(-10)
	write(t, e, "orders.csv", "order_id,customer,date,amount\n1,ann,2026-06-01,10\n")
	if ran, err = e.Run(context.Background(), "latest", false); err != nil || strings.Contains(string(runFile(t, e, "2026-06-03", "manifest.json")), "check_failed") {
		t.Errorf("%v, %+v", err, ran.Checked)
	}
}

// The checks of the program find what they are for, in stores that nobody but a
// program with a mistake would make, or that a business does make: an order
// refunded beyond its amount, lines that are not of its orders or do not add up.
func TestProgramChecks(t *testing.T) {
	e := workspace(t)
	of := func(kind, path string) config.Source {
		s := source(kind, path)
		s.Name = "shop"
		return s
	}
	write(t, e, "orders.csv", "order_id,customer,date,amount\n1,ann,2026-06-01,10\n2,bob,2026-06-02,20\n")
	write(t, e, "lines.csv", "order_id,product_id,quantity,amount\n1,p1,1,7\n1,p2,1,1\n9,p1,1,5\n")
	write(t, e, "refunds.csv", "refund_id,order_id,date,amount\nr1,2,2026-06-03,15\nr2,2,2026-06-04,15\n")
	load(t, e, of("orders", "orders.csv"), of("order-lines", "lines.csv"), of("refunds", "refunds.csv"))
	checked, err := e.Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range checked.Failed() {
		got[c.Name] = fmt.Sprintf("%s %d %s", c.Severity, c.Failed, c.Example)
	}
	want := map[string]string{
		"line_sums":    "warning 1 source=shop, order_id=1, net=10, lines=8",
		"orphan_lines": "warning 1 source=shop, order_id=9, lines=1, net=5",
		"refund_sums":  "warning 1 source=shop, order_id=2, net=20, refunded=30",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// What platforms export is sound: of their habits no check makes a fault. JD tells
// what an order cost before and after discounts, and lines at list prices.
func TestChecksOfExports(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := exports.Write(dir, 1); err != nil {
		t.Fatal(err)
	}
	e := workspace(t)
	write(t, e, "rates.csv", exportRates)
	e.Config.Currency, e.Config.Rates = "CNY", "rates.csv"
	if loaded, err := discovered(t, e, false, filepath.Join(dir, exports.Data)); err != nil {
		t.Fatalf("%v: %+v", err, loaded)
	}
	expect(t, e, "SELECT count(*) > 0 FROM orders WHERE source = 'jd_orders' AND discount IS NULL AND gross > net", "true")
	checked, err := e.Check(context.Background())
	if err != nil || len(checked.Failed()) > 0 {
		t.Errorf("%v, %+v", err, checked.Failed())
	}
	expect(t, e, "SELECT DISTINCT reason FROM refunds ORDER BY reason", "cancelled", "negative order", "partial refund", "refund")
}

// Freshness is counted in the business zone: at 16:30 UTC it is the next day in Shanghai.
func TestFreshZone(t *testing.T) {
	e := workspace(t)
	e.Config.Timezone = "Asia/Shanghai"
	loadText(t, e, "orders", "orders.csv", "order_id,customer,date,amount\n1,ann,2026-06-30,10\n")
	e.Config.Checks = []config.Check{{Name: "fresh", Table: "orders", Column: "ordered_on", FreshDays: days(1), Severity: "warning"}}
	for hour, failed := range map[int]int64{15: 0, 16: 1} {
		e.Now = time.Date(2026, 7, 1, hour, 30, 0, 0, time.UTC)
		if got := only(t, e, nil)[0]; got.Failed != failed {
			t.Errorf("at %v: %+v", e.Now, got)
		}
	}
}
