package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/table"
)

// now is the moment of every command in these tests.
func now() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) }

// workspace is an empty workspace with a fixed key, so that ids made from
// addresses are the same in all tests.
func workspace(t testing.TB) *engine.Engine {
	t.Helper()
	dir := t.TempDir()
	key := strings.Repeat("0123456789abcdef", 4) + "\n"
	if err := os.WriteFile(filepath.Join(dir, "clientele.key"), []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(dir, now(), "test")
	if err != nil {
		t.Fatal(err)
	}
	e.Config.Output.Reports = nil // the report has its own tests
	return e
}

// write puts a file into the workspace and returns its name.
func write(t testing.TB, e *engine.Engine, name, text string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(e.Dir, name), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// source is a source of one kind with the paths given.
func source(kind string, paths ...string) config.Source {
	s := config.DefaultSource()
	s.Name, s.Kind, s.Path = kind, kind, paths
	return s
}

// load loads files and fails the test when one is not loaded.
func load(t testing.TB, e *engine.Engine, sources ...config.Source) []engine.Loaded {
	t.Helper()
	var loadings []engine.Loading
	for _, s := range sources {
		loadings = append(loadings, engine.Loading{Source: s})
	}
	loaded, err := e.Load(context.Background(), loadings)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range loaded {
		if l.Read != l.Accepted+l.Duplicates+l.Rejected {
			t.Fatalf("%s: %d read, %d accepted, %d duplicates, %d rejected", l.Path, l.Read, l.Accepted, l.Duplicates, l.Rejected)
		}
	}
	return loaded
}

// loadText loads one file of the text given.
func loadText(t testing.TB, e *engine.Engine, kind, name, text string) engine.Loaded {
	t.Helper()
	return load(t, e, source(kind, write(t, e, name, text)))[0]
}

// rows runs a query and returns its rows as texts joined by |.
func rows(t testing.TB, e *engine.Engine, query string) []string {
	t.Helper()
	result, err := e.Query(context.Background(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var out []string
	for i := range result.Rows() {
		var cells []string
		for _, c := range result.Columns() {
			cells = append(cells, cell(c, i))
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

func cell(c *table.Column, i int) string {
	if c.Missing(i) {
		return "NULL"
	}
	switch c.Kind {
	case table.Float:
		return fmt.Sprint(c.Floats[i])
	case table.Decimal:
		return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.4f", float64(c.Ints[i])/table.DecimalScale), "0"), ".")
	case table.Date:
		return engine.Day(c.Dates[i]).String()
	case table.Timestamp:
		return time.UnixMicro(c.Ints[i]).UTC().Format("2006-01-02T15:04:05Z")
	case table.Text:
		return string(c.Texts.At(i))
	case table.Bool:
		return fmt.Sprint(c.Bools[i])
	}
	return fmt.Sprint(c.Ints[i])
}

func expect(t testing.TB, e *engine.Engine, query string, want ...string) {
	t.Helper()
	got := rows(t, e, query)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\n got %s\nwant %s", query, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func score(t testing.TB, e *engine.Engine, asOf string) engine.Scored {
	t.Helper()
	s, err := e.Score(context.Background(), asOf)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shared is the path of a public data set, or skips the test.
func shared(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "shared", "data", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the public data set %s is not there", name)
	}
	return path
}

// The least that counts as orders: customer, date, amount.
func TestLeastOrders(t *testing.T) {
	e := workspace(t)
	l := loadText(t, e, "orders", "orders.csv", "customer,date,amount\na,2024-01-01,10.50\nb,2024-01-02,20\na,2024-02-01,5\n")
	if l.Accepted != 3 {
		t.Fatalf("%+v", l)
	}
	expect(t, e, "SELECT customer_id, ordered_on, net, counted FROM orders ORDER BY ordered_on",
		"a|2024-01-01|10.5|true", "b|2024-01-02|20|true", "a|2024-02-01|5|true")
	s := score(t, e, "latest")
	if s.AsOf != "2024-02-01" || s.Customers != 2 {
		t.Errorf("scored %+v", s)
	}
	expect(t, e, "SELECT customer_id, orders, recency_days, tenure_days, net_revenue, first_order_on, last_order_on FROM scores ORDER BY 1",
		"a|2|0|31|15.5|2024-01-01|2024-02-01", "b|1|30|30|20|2024-01-02|2024-01-02")
}

// Loading the same bytes again adds nothing, whatever the file's name.
func TestLoadTwice(t *testing.T) {
	e := workspace(t)
	text := "customer,date,amount\na,2024-01-01,10\na,2024-01-01,10\n"
	loadText(t, e, "orders", "one.csv", text)
	before, err := os.ReadFile(filepath.Join(e.Dir, "clientele.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	l := loadText(t, e, "orders", "again.csv", text)
	if l.State != engine.StateKnown || l.Batch != 1 {
		t.Errorf("%+v", l)
	}
	after, err := os.ReadFile(filepath.Join(e.Dir, "clientele.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("the store changed")
	}
	expect(t, e, "SELECT count(*) FROM batches", "1")
}

// Two equal purchases in one file stay two; an overlapping export adds only
// what is new: facts without ids are known by content and occurrence.
func TestOverlapWithoutIDs(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "one.csv", "customer,date,amount\na,2024-01-01,10\na,2024-01-01,10\nb,2024-01-02,7\n")
	l := loadText(t, e, "orders", "two.csv", "customer,date,amount\na,2024-01-01,10\na,2024-01-01,10\na,2024-01-01,10\nc,2024-01-03,1\n")
	if l.Accepted != 2 || l.Duplicates != 2 {
		t.Errorf("%+v", l)
	}
	expect(t, e, "SELECT customer_id, count(*) FROM orders GROUP BY 1 ORDER BY 1", "a|3", "b|1", "c|1")
	expect(t, e, "SELECT count(DISTINCT order_id) FROM orders", "5")
}

// A newer version of an order replaces it and its lines; the old one is kept
// aside; an older one never wins; the same one is a duplicate.
func TestVersions(t *testing.T) {
	e := workspace(t)
	header := "order_id,customer_id,ordered_at,amount,status,updated_at\n"
	loadText(t, e, "orders", "1.csv", header+
		"o1,a,2024-01-01 10:00:00,10,paid,2024-01-01 10:00:00\no2,b,2024-01-02 10:00:00,20,paid,2024-01-02 10:00:00\n")
	l := loadText(t, e, "orders", "2.csv", header+
		"o1,a,2024-01-01 10:00:00,8,paid,2024-01-05 00:00:00\no2,b,2024-01-02 10:00:00,20,paid,2024-01-02 10:00:00\n")
	if l.Accepted != 1 || l.Duplicates != 1 {
		t.Errorf("second file: %+v", l)
	}
	l = loadText(t, e, "orders", "3.csv", header+"o1,a,2024-01-01 10:00:00,9,paid,2024-01-03 00:00:00\n")
	if l.Accepted != 1 {
		t.Errorf("an older version is stored aside: %+v", l)
	}
	expect(t, e, "SELECT order_id, net FROM orders ORDER BY 1", "o1|8", "o2|20")
	expect(t, e, "SELECT order_id, net, batch_id FROM facts.superseded_order_versions ORDER BY net", "o1|9|3", "o1|10|1")
}

// Versions of one order in one file: the newest wins, equal rows are duplicates.
func TestVersionsInOneFile(t *testing.T) {
	e := workspace(t)
	l := loadText(t, e, "orders", "1.csv", "order_id,customer_id,date,amount\no1,a,2024-01-01,10\no1,a,2024-01-01,11\no1,a,2024-01-01,11\no2,a,2024-01-01,1\n")
	if l.Accepted != 3 || l.Duplicates != 1 {
		t.Errorf("%+v", l)
	}
	expect(t, e, "SELECT order_id, net FROM orders ORDER BY 1", "o1|11", "o2|1")
}

// One row per line item: rows of one order are one order with lines and
// products; the amount is quantity times price, or the order's own.
func TestLineItems(t *testing.T) {
	e := workspace(t)
	l := loadText(t, e, "orders", "lines.csv", "order_id,customer_id,date,sku,product name,quantity,unit price\n"+
		"1,a,2024-01-01,S1,Tea,2,3.50\n1,a,2024-01-01,S2,Pot,1,20\n2,b,2024-01-02,S1,Tea,1,3.50\n2,b,2024-01-02,S1,Tea,1,3.50\n")
	if l.Accepted != 4 || l.Duplicates != 0 {
		t.Errorf("%+v", l)
	}
	expect(t, e, "SELECT order_id, customer_id, net FROM orders ORDER BY 1", "1|a|27", "2|b|7")
	expect(t, e, "SELECT order_id, line, product_id, quantity, net FROM order_lines ORDER BY 1, 2", "1|1|S1|2|7", "1|2|S2|1|20", "2|1|S1|1|3.5", "2|2|S1|1|3.5")
	expect(t, e, "SELECT product_id, name, price FROM products ORDER BY 1", "S1|Tea|3.5", "S2|Pot|20")
	again := loadText(t, e, "orders", "more.csv", "order_id,customer_id,date,sku,product name,quantity,unit price\n"+
		"2,b,2024-01-02,S1,Tea,1,3.50\n2,b,2024-01-02,S1,Tea,1,3.50\n3,b,2024-01-05,S2,Pot,1,20\n")
	if again.Accepted != 1 || again.Duplicates != 2 {
		t.Errorf("overlap: %+v", again)
	}
}

// Amounts of the order on its first row only (Shopify), or on each row (JD).
func TestLineItemsWithOrderAmounts(t *testing.T) {
	for name, text := range map[string]string{
		"first row":   "order_id,customer_id,date,total,sku,quantity,unit price\n1,a,2024-01-01,25,S1,2,3.50\n1,,2024-01-01,,S2,1,20\n2,b,2024-01-02,7,S1,2,3.50\n",
		"every row":   "order_id,customer_id,date,total,sku,quantity,unit price\n1,a,2024-01-01,25,S1,2,3.50\n1,a,2024-01-01,25,S2,1,20\n2,b,2024-01-02,7,S1,2,3.50\n",
		"single rows": "order_id,customer_id,date,total,sku,quantity,unit price\n1,a,2024-01-01,25,S1,2,13\n2,b,2024-01-02,7,S1,2,3.50\n",
	} {
		t.Run(name, func(t *testing.T) {
			e := workspace(t)
			loadText(t, e, "orders", "o.csv", text)
			expect(t, e, "SELECT order_id, customer_id, net FROM orders ORDER BY 1", "1|a|25", "2|b|7")
		})
	}
}

// A file that names products and has one row per order: equal rows are
// repeats, not lines.
func TestOrdersOfOneProduct(t *testing.T) {
	e := workspace(t)
	l := loadText(t, e, "orders", "o.csv", "order_id,customer_id,date,amount,product name,quantity\n"+
		"1,a,2024-01-01,25,Tea,2\n2,b,2024-01-02,7,Pot,1\n1,a,2024-01-01,25,Tea,2\n")
	if l.Accepted != 2 || l.Duplicates != 1 {
		t.Errorf("%+v", l)
	}
	expect(t, e, "SELECT order_id, net FROM orders ORDER BY 1", "1|25", "2|7")
	expect(t, e, "SELECT count(*) FROM products", "0") // a title alone is no product
	l = loadText(t, e, "orders", "p.csv", "order_id,customer_id,date,amount,sku,product name,quantity\n3,a,2024-01-01,25,S1,Tea,2\n3,a,2024-01-01,25,S1,Tea,2\n")
	if l.Accepted != 1 || l.Duplicates != 1 {
		t.Errorf("%+v", l)
	}
	expect(t, e, "SELECT order_id, product_id, quantity, net FROM order_lines ORDER BY 1", "3|S1|2|25")
	expect(t, e, "SELECT product_id, name FROM products", "S1|Tea")
}

// A typo in the date does not become the current run.
func TestAsOfInTheFuture(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "o.csv", "customer,date,amount\na,2024-01-01,10\n")
	for _, asOf := range []string{"2062-06-30", "2023-12-31", "soon"} {
		if _, err := e.Score(context.Background(), asOf); err == nil {
			t.Errorf("scored as of %s", asOf)
		}
	}
}

// Without a clientele.yaml the store's own settings hold.
func TestSettingsOfTheStore(t *testing.T) {
	e := workspace(t)
	e.Config.Timezone = "Asia/Shanghai"
	loadText(t, e, "orders", "o.csv", "customer,date,amount\na,2024-01-01 23:30:00Z,10\n")
	again, err := engine.Open(e.Dir, now(), "test")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, again, "SELECT ordered_on FROM orders", "2024-01-02")
	write(t, e, "clientele.yaml", "timezone: UTC\n")
	stated, err := engine.Open(e.Dir, now(), "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stated.Query(context.Background(), "SELECT 1"); err == nil {
		t.Error("a changed time zone went unnoticed")
	}
}

// Another key would turn customers known by an address into others.
func TestLostKey(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "o.csv", "email,date,amount\na@example.com,2024-01-01,10\n")
	write(t, e, "clientele.key", strings.Repeat("fedcba9876543210", 4)+"\n")
	write(t, e, "p.csv", "email,date,amount\na@example.com,2024-01-02,10\n")
	_, err := e.Load(context.Background(), []engine.Loading{{Source: source("orders", "p.csv")}})
	if err == nil || !strings.Contains(err.Error(), "clientele.key") {
		t.Errorf("error %v", err)
	}
}

// Negative orders and C numbers are refunds; a dated cancellation is a refund
// of the whole order on that day; undated ones and unpaid orders never count.
func TestRefunds(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "o.csv", "order_id,customer_id,date,amount,status,cancelled_at,refunded_amount\n"+
		"1,a,2024-01-01,100,paid,,\n"+
		"C1,a,2024-01-03,-30,,,\n"+
		"2,a,2024-01-05,50,cancelled,2024-01-09,\n"+
		"3,a,2024-01-06,60,cancelled,,\n"+
		"4,a,2024-01-07,70,unpaid,,\n"+
		"5,b,2024-01-08,80,paid,,15\n")
	expect(t, e, "SELECT order_id, net, counted FROM orders ORDER BY 1", "1|100|true", "2|50|true", "3|60|false", "4|70|false", "5|80|true")
	expect(t, e, "SELECT refund_id, order_id, customer_id, refunded_on, amount FROM refunds ORDER BY refunded_on, 1",
		"C1|NULL|a|2024-01-03|30", "5:refund|5|b|2024-01-08|15", "2:refund|2|a|2024-01-09|50")
	score(t, e, "2024-01-08")
	expect(t, e, "SELECT customer_id, orders, net_revenue FROM scores ORDER BY 1", "a|2|120", "b|1|65")
	score(t, e, "2024-01-09")
	expect(t, e, "SELECT customer_id, orders, net_revenue FROM scores WHERE as_of = DATE '2024-01-09' ORDER BY 1", "a|2|70", "b|1|65")
}

// An order and a refund of one source may have the same number.
func TestOrderAndRefundOfOneNumber(t *testing.T) {
	e := workspace(t)
	orders := "order_id,customer_id,date,amount\n1,a,2024-01-01,10\n2,a,2024-01-02,20\n"
	for i, f := range []struct{ kind, text string }{
		{"orders", orders}, {"refunds", "refund_id,order_id,date,amount\n1,2,2024-02-01,5\n"}, {"orders", orders + "3,a,2024-01-03,1\n"},
	} {
		s := source(f.kind, write(t, e, fmt.Sprintf("%d.csv", i), f.text))
		s.Name = "shop"
		load(t, e, s)
	}
	expect(t, e, "SELECT order_id, net FROM orders ORDER BY 1", "1|10", "2|20", "3|1")
	expect(t, e, "SELECT refund_id, customer_id, amount FROM refunds", "1|a|5")
}

// Lines of a file of their own stay when the order changes, are replaced by
// lines that come with the order, and are worth what an order without an amount
// is worth; both files may have one source.
func TestLinesOfTheirOwn(t *testing.T) {
	of := func(kind, path string) config.Source {
		s := source(kind, path)
		s.Name = "shop"
		return s
	}
	e := workspace(t)
	write(t, e, "o1.csv", "order_id,customer_id,date,status\n1,a,2024-01-01,unpaid\n2,b,2024-01-02,paid\n")
	write(t, e, "l.csv", "order_id,product_id,quantity,unit_price\n1,S1,2,5\n1,S2,1,15\n2,S1,1,5\n")
	write(t, e, "o2.csv", "order_id,customer_id,date,status\n1,a,2024-01-01,paid\n")
	load(t, e, of("orders", "o1.csv"), of("order-lines", "l.csv"), of("orders", "o2.csv"))
	expect(t, e, "SELECT order_id, net, counted FROM orders ORDER BY 1", "1|25|true", "2|5|true")
	expect(t, e, "SELECT order_id, line, net FROM order_lines ORDER BY 1, 2", "1|1|10", "1|2|15", "2|1|5")
	write(t, e, "o3.csv", "order_id,customer_id,date,status,sku,quantity,unit_price\n1,a,2024-01-01,paid,S1,3,5\n1,a,2024-01-01,paid,S3,1,1\n")
	l := load(t, e, of("orders", "o3.csv"))[0]
	expect(t, e, "SELECT order_id, line, product_id, net FROM order_lines ORDER BY 1, 2", "1|1|S1|15", "1|2|S3|1", "2|1|S1|5")
	expect(t, e, "SELECT order_id, net FROM orders ORDER BY 1", "1|16", "2|5")
	if !strings.Contains(strings.Join(l.Notes, " "), "net 25.00 before, 16.00 now") {
		t.Errorf("notes %q", l.Notes)
	}
}

// A refund is counted once: what an order tells of yields to refund rows of
// that order, and nothing is given back of an order that never counted.
func TestRefundToldTwice(t *testing.T) {
	orders := "order_id,customer_id,date,amount,status,cancelled_at,refunded_amount\n" +
		"1,a,2024-01-01,100,cancelled,2024-01-05,\n2,a,2024-01-02,50,paid,,30\n3,b,2024-01-02,70,cancelled,,\n4,b,2024-01-03,10,paid,,\n"
	refunds := "refund_id,order_id,date,amount\nR1,1,2024-01-06,100\nR2,2,2024-01-06,20\nR3,3,2024-01-06,70\n"
	for _, first := range []string{"orders", "refunds"} {
		e := workspace(t)
		texts := map[string]string{"orders": orders, "refunds": refunds}
		loadText(t, e, first, "1.csv", texts[first])
		second := map[string]string{"orders": "refunds", "refunds": "orders"}[first]
		loadText(t, e, second, "2.csv", texts[second])
		score(t, e, "2024-01-31")
		expect(t, e, "SELECT customer_id, orders, net_revenue FROM scores ORDER BY 1", "a|2|20", "b|1|10")
	}
}

// Whose a refund is, and its day under refunds: order, do not depend on the
// order of loading or on versions.
func TestRefundsSettleInAnyOrder(t *testing.T) {
	files := []struct{ kind, text string }{
		{"orders", "order_id,customer_id,date,amount,updated_at\n1,a,2024-01-01,100,2024-01-01 00:00:00\n"},
		{"refunds", "refund_id,order_id,date,amount\nR1,1,2024-02-06,40\n"},
		{"orders", "order_id,customer_id,date,amount,updated_at\n1,b,2024-01-01,100,2024-01-09 00:00:00\n"},
	}
	for _, order := range [][]int{{0, 1, 2}, {1, 0, 2}, {2, 1, 0}, {1, 2, 0}} {
		e := workspace(t)
		e.Config.Refunds = "order"
		for _, i := range order {
			loadText(t, e, files[i].kind, fmt.Sprintf("%d.csv", i), files[i].text)
		}
		expect(t, e, "SELECT refund_id, customer_id, refunded_on, amount FROM refunds", "R1|b|2024-01-01|40")
	}
}

// A file with fewer columns takes nothing away, and the newest value wins.
func TestCustomersKeepAttributes(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "customers", "c1.csv", "customer_id,name,email,gender\na,Ann,ann@example.com,F\n")
	loadText(t, e, "customers", "c2.csv", "customer_id,city\na,Paris\n")
	expect(t, e, "SELECT gender, city FROM customers", "female|Paris")
	expect(t, e, "SELECT name, email FROM contacts", "Ann|ann@example.com")
	loadText(t, e, "orders", "o.csv", "order_id,customer_id,date,amount,city\n9,b,2024-06-01,10,New\n1,b,2020-01-01,10,Old\n")
	expect(t, e, "SELECT city FROM customers WHERE customer_id = 'b'", "New")
}

// Sums beyond an amount: a line is refused with its number, a day adds up.
func TestHugeAmounts(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "o.csv", "order_id,customer_id,date,product_id,quantity,unit_price\n1,a,2024-01-01,p,10,1000000000\n")
	expect(t, e, "SELECT net FROM orders", "10000000000")
	write(t, e, "p.csv", "order_id,customer_id,date,product_id,quantity,unit_price\n2,a,2024-01-01,p,10000000000,1000000000\n")
	loaded, err := e.Load(context.Background(), []engine.Loading{{Source: source("orders", "p.csv")}})
	if err != engine.ErrRefused || !strings.Contains(strings.Join(loaded[0].Notes, " "), "line 2") {
		t.Errorf("%+v, %v", loaded, err)
	}
	loadText(t, e, "orders", "q.csv", "order_id,customer_id,date,amount\n3,a,2024-02-01,99999999999999\n4,a,2024-02-01,99999999999999\n")
	score(t, e, "latest")
}

// A shop whose orders name nobody is loaded for product analysis and scored for nobody.
func TestNobodyToScore(t *testing.T) {
	e := workspace(t)
	e.Config.Output.Reports = []string{"en", "zh"}
	loadText(t, e, "orders", "o.csv", "order_id,customer_id,date,amount\n1,,2024-01-01,10\n")
	s := score(t, e, "latest")
	if s.Customers != 0 || len(s.Warnings) == 0 {
		t.Errorf("%+v", s)
	}
}

// Rebuild loses no file: one gone from its folder, or loaded by hand, is named
// and the store stays; bad rows once allowed are allowed again.
func TestRebuildKeepsAll(t *testing.T) {
	e := workspace(t)
	if err := os.Mkdir(filepath.Join(e.Dir, "in"), 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, e, "in/a.csv", "order_id,customer,date,amount\n1,a,2024-01-01,10\n2,a,2024-02-31,10\n")
	write(t, e, "in/b.csv", "order_id,customer,date,amount\n5,b,2024-01-01,10\n")
	e.Config.Sources = []config.Source{source("orders", "in/*.csv")}
	if _, err := e.Run(context.Background(), "latest", true); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Rebuild(context.Background(), false, false); err != nil {
		t.Fatal(err)
	}
	expect(t, e, "SELECT order_id FROM orders ORDER BY 1", "1", "5")
	if err := os.Remove(filepath.Join(e.Dir, "in", "b.csv")); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Rebuild(context.Background(), false, false); err == nil || !strings.Contains(err.Error(), "b.csv") {
		t.Errorf("error %v", err)
	}
	expect(t, e, "SELECT order_id FROM orders ORDER BY 1", "1", "5")
}

// A date of cancellation is enough, whatever the status column says or lacks.
func TestCancelledWithoutStatus(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "o.csv", "order_id,customer_id,date,amount,cancelled_at\n1,a,2024-01-01,100,\n2,a,2024-01-02,40,2024-01-04\n")
	expect(t, e, "SELECT refund_id, refunded_on, amount FROM refunds", "2:refund|2024-01-04|40")
}

// A refund that names an order only belongs to the order's customer, also when
// it arrives first.
func TestRefundFile(t *testing.T) {
	for _, order := range [][]string{{"orders", "refunds"}, {"refunds", "orders"}} {
		t.Run(order[0]+" first", func(t *testing.T) {
			e := workspace(t)
			files := map[string]string{
				"orders":  "order_id,customer_id,date,amount\n1,a,2024-01-01,100\n2,b,2024-01-01,100\n",
				"refunds": "refund_id,order_id,refunded_at,amount,reason\nr1,1,2024-01-10,40,late\nr2,9,2024-01-10,5,\n",
			}
			for _, kind := range order {
				loadText(t, e, kind, kind+".csv", files[kind])
			}
			expect(t, e, "SELECT refund_id, customer_id, amount FROM refunds ORDER BY 1", "r1|a|40", "r2|NULL|5")
		})
	}
}

// More bad rows than the limit refuse a file: the batch and its rejects are
// stored, its facts are not, other files go on.
func TestRefused(t *testing.T) {
	e := workspace(t)
	write(t, e, "bad.csv", "customer,date,amount\na,2024-01-01,10\nb,2024-02-30,10\nc,2024-01-03,ten\n")
	write(t, e, "good.csv", "customer,date,amount\nd,2024-01-01,10\n")
	loaded, err := e.Load(context.Background(), []engine.Loading{{Source: source("orders", "bad.csv", "good.csv")}})
	if err != engine.ErrRefused {
		t.Fatalf("error %v", err)
	}
	if loaded[0].State != engine.StateRefused || loaded[0].Read != 3 || loaded[0].Rejected != 3 || loaded[1].State != engine.StateLoaded {
		t.Errorf("%+v", loaded)
	}
	expect(t, e, "SELECT customer_id FROM orders", "d")
	expect(t, e, `SELECT batch_id, line, "column", value FROM rejects ORDER BY line`, "1|3|date|2024-02-30", "1|4|amount|ten")
	expect(t, e, "SELECT raw FROM rejects ORDER BY line", "b,2024-02-30,10", "c,2024-01-03,ten")
	// A nightly job that meets the same file again adds nothing.
	if again, err := e.Load(context.Background(), []engine.Loading{{Source: source("orders", "bad.csv")}}); err != engine.ErrRefused || again[0].Batch != 1 {
		t.Errorf("again: %+v, %v", again, err)
	}
	expect(t, e, "SELECT count(*) FROM batches", "2")
	expect(t, e, "SELECT count(*) FROM rejects", "2")
	again, err := e.Load(context.Background(), []engine.Loading{{Source: source("orders", "bad.csv"), AllowRejects: true}})
	if err != nil || again[0].State != engine.StateLoaded || again[0].Accepted != 1 || again[0].Rejected != 2 {
		t.Errorf("allowed: %+v, %v", again, err)
	}
	expect(t, e, "SELECT customer_id FROM orders ORDER BY 1", "a", "d")
}

// An empty or foreign file in a folder is refused by itself; the others load.
func TestFolderWithStrangeFiles(t *testing.T) {
	e := workspace(t)
	if err := os.Mkdir(filepath.Join(e.Dir, "in"), 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, e, "in/a.csv", "customer,date,amount\na,2024-01-01,10\n")
	write(t, e, "in/b.csv", "")
	write(t, e, "in/_SUCCESS", "")
	write(t, e, "in/z.csv", "customer,date,amount\nb,2024-01-01,10\n")
	for range 2 {
		loaded, err := e.Load(context.Background(), []engine.Loading{{Source: source("orders", "in")}})
		if err != engine.ErrRefused || len(loaded) != 3 || loaded[1].State != engine.StateRefused || !strings.Contains(loaded[1].Notes[0], "empty") {
			t.Errorf("%+v, %v", loaded, err)
		}
	}
	expect(t, e, "SELECT customer_id FROM orders ORDER BY 1", "a", "b")
	expect(t, e, "SELECT path, state FROM batches ORDER BY path", "in/a.csv|loaded", "in/b.csv|refused", "in/z.csv|loaded")
	for _, named := range []string{"in/b.csv", "./in/b.csv", filepath.Join(e.Dir, "in", "b.csv")} {
		if _, err := e.Load(context.Background(), []engine.Loading{{Source: source("orders", named)}}); err == nil || err == engine.ErrRefused {
			t.Errorf("%s, which is named itself: %v", named, err)
		}
	}
}

// Facts of other kinds load, and their customers are the same people.
func TestOtherKinds(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "o.csv", "order_id,customer_id,date,amount\n1,a,2024-01-01,100\n")
	loadText(t, e, "customers", "c.csv", "customer_id,name,email,gender,city,sms_consent,acquired_on\na,Ann Lee,Ann@Example.com,F,杭州,yes,2023-12-01\nz,Zoe,,,,no,2023-12-05\n")
	loadText(t, e, "customers", "c2.csv", "customer_id,name,email,gender,city,sms_consent,acquired_on\na,Ann Lee,ann@example.com,F,上海,yes,2023-12-01\n")
	loadText(t, e, "products", "p.csv", "product_id,name,category,price,cost\nS1,Tea,茶叶,10,4\n")
	loadText(t, e, "interactions", "i.csv", "interaction_id,customer_id,occurred_at,kind,channel,body\nt1,a,2024-01-02 09:00:00,complaint,phone,it broke\n")
	loadText(t, e, "campaigns", "k.csv", "campaign_id,name,channel,started_on,ended_on,cost\nspring,Spring,sms,2024-01-01,2024-01-10,100\n")
	loadText(t, e, "responses", "r.csv", "response_id,campaign_id,customer_id,occurred_at,event,arm\nx1,spring,a,2024-01-03 08:00:00,assigned,control\n")
	loadText(t, e, "order-lines", "l.csv", "order_id,line,product_id,quantity,unit_price\n1,1,S1,10,10\n")
	expect(t, e, "SELECT customer_id, city, sms_consent, acquired_on FROM customers ORDER BY 1", "a|上海|true|2023-12-01", "z|NULL|false|2023-12-05")
	expect(t, e, "SELECT customer_id, name, email FROM contacts ORDER BY 1", "a|Ann Lee|ann@example.com", "z|Zoe|NULL")
	expect(t, e, "SELECT customer_id, kind FROM interactions", "a|complaint")
	expect(t, e, "SELECT body FROM texts", "it broke")
	expect(t, e, "SELECT campaign_id, customer_id, event, arm FROM responses", "spring|a|assigned|control")
	expect(t, e, "SELECT campaign_id, cost FROM campaigns", "spring|100")
	expect(t, e, "SELECT product_id, cost FROM products", "S1|4")
	expect(t, e, "SELECT product_id, net FROM order_lines", "S1|100")
	score(t, e, "latest")
	expect(t, e, "SELECT customer_id, orders, lifecycle_stage FROM scores ORDER BY 1", "a|1|new", "z|NULL|prospect")
}

// A customer known by an address only gets an opaque id, the same in every
// source, and the address stands in contacts only.
func TestAddressOnly(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "o.csv", "order_id,email,date,amount\n1,Ann.Lee@Harbour.example,2024-01-01,100\n2,ann.lee@harbour.example ,2024-01-05,50\n3,,2024-01-06,1\n")
	expect(t, e, "SELECT count(DISTINCT customer_id), count(customer_id), count(*) FROM orders", "1|2|3")
	for _, id := range rows(t, e, "SELECT DISTINCT customer_id FROM orders WHERE customer_id IS NOT NULL") {
		if !strings.HasPrefix(id, "email:") || strings.Contains(id, "ann") {
			t.Errorf("customer id %q", id)
		}
	}
	expect(t, e, "SELECT email FROM contacts", "ann.lee@harbour.example")
}

// Ids of a space of its own do not meet those of the shared space.
func TestIDSpaces(t *testing.T) {
	e := workspace(t)
	write(t, e, "a.csv", "customer,date,amount\n1,2024-01-01,10\n")
	write(t, e, "b.csv", "customer,date,amount\n1,2024-01-02,20\n")
	b := source("orders", "b.csv")
	b.Name, b.IDSpace = "till", "till"
	load(t, e, source("orders", "a.csv"), b)
	expect(t, e, "SELECT customer_id, net FROM orders ORDER BY 1", "1|10", "till:1|20")
}

// Two currencies are never added: without a rate the file is refused.
func TestCurrencies(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "a.csv", "customer,date,amount,currency\na,2024-01-01,10,CNY\n")
	write(t, e, "b.csv", "customer,date,amount,currency\na,2024-01-02,10,USD\n")
	loaded, err := e.Load(context.Background(), []engine.Loading{{Source: source("orders", "b.csv")}})
	if err != engine.ErrRefused || !strings.Contains(strings.Join(loaded[0].Notes, " "), "USD") {
		t.Errorf("%+v, %v", loaded, err)
	}
	expect(t, e, "SELECT sum(net) FROM orders", "10")
	expect(t, e, "SELECT value FROM meta WHERE key = 'frozen.currency'", "CNY")
}

// Nothing dated after the as-of day may change a run of that day: the run is
// the same, byte for byte, with and without later facts of every kind.
func TestNothingAfterAsOf(t *testing.T) {
	early := "order_id,customer_id,date,amount\n"
	late := early
	for i := range 400 {
		early += fmt.Sprintf("e%d,c%d,2024-%02d-%02d,%d\n", i, i%150, 1+i%6, 1+i%28, 5+i%90)
		late += fmt.Sprintf("l%d,c%d,2024-%02d-%02d,%d\n", i, i%220, 7+i%6, 1+i%28, 7+i%50)
	}
	base, more := workspace(t), workspace(t)
	for _, e := range []*engine.Engine{base, more} {
		loadText(t, e, "orders", "early.csv", early)
		loadText(t, e, "interactions", "i.csv", "interaction_id,customer_id,occurred_at,kind\n1,c1,2024-03-01,visit\n")
	}
	loadText(t, more, "orders", "late.csv", late)
	loadText(t, more, "refunds", "r.csv", "refund_id,order_id,refunded_at,amount\n1,e1,2024-07-01,3\n2,e2,2024-06-30,4\n")
	loadText(t, base, "refunds", "r.csv", "refund_id,order_id,refunded_at,amount\n2,e2,2024-06-30,4\n")
	loadText(t, more, "interactions", "i2.csv", "interaction_id,customer_id,occurred_at,kind\n2,c2,2024-07-01,visit\n3,new1,2024-08-01,visit\n")
	loadText(t, more, "responses", "k.csv", "response_id,campaign_id,customer_id,occurred_at,event\n2,k,new2,2024-07-01,opened\n")
	loadText(t, more, "customers", "c.csv", "customer_id,acquired_on\nnew3,2024-07-02\n")
	loadText(t, more, "customers", "c2.csv", "customer_id,city,updated_at\nc1,Later,2024-07-01 00:00:00\nnew4,Later,2024-07-03 00:00:00\n")
	score(t, base, "2024-06-30")
	score(t, more, "2024-06-30")
	for _, name := range []string{"scores.parquet", "customers.parquet", "segment_members.parquet", "models.parquet"} {
		if !bytes.Equal(runFile(t, base, "2024-06-30", name), runFile(t, more, "2024-06-30", name)) {
			t.Errorf("%s differs", name)
		}
	}
	score(t, more, "2024-07-01")
	if bytes.Equal(runFile(t, base, "2024-06-30", "scores.parquet"), runFile(t, more, "2024-07-01", "scores.parquet")) {
		t.Error("a later day gives the same scores: the test proves nothing")
	}
}

func runFile(t testing.TB, e *engine.Engine, asOf, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(e.Dir, "exports", "as_of="+asOf, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The same facts and date give the same bytes on any number of threads, and
// when the file is read in another order of chunks.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("order_id,customer_id,date,amount,city\n")
	day := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 200_000 {
		fmt.Fprintf(&text, "o%d,客户%d,%s,%d.%02d,城市%d\n", i, (i*7919)%130_000, day.AddDate(0, 0, (i*31)%700).Format(time.DateOnly), i%300, i%100, i%300)
	}
	var want map[string][]byte
	for _, threads := range []int{1, 2, 4} {
		e := workspace(t)
		e.Config.Resources.Threads = threads
		e.Config.Output.Reports = []string{"en", "zh"}
		renamed := filepath.Join(filepath.Dir(e.Dir), fmt.Sprintf("w%d", threads), "shop") // the report names the folder
		if err := os.MkdirAll(filepath.Dir(renamed), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(e.Dir, renamed); err != nil {
			t.Fatal(err)
		}
		e.Dir = renamed
		loadText(t, e, "orders", "o.csv", text.String())
		score(t, e, "latest")
		got := map[string][]byte{}
		files, err := os.ReadDir(filepath.Join(e.Dir, "exports", "current") + "/")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if got[f.Name()], err = os.ReadFile(filepath.Join(e.Dir, "exports", "current", f.Name())); err != nil {
				t.Fatal(err)
			}
		}
		if want == nil {
			want = got
			continue
		}
		if len(got) != len(want) || len(got) < 8 {
			t.Errorf("%d threads: %d files, want %d", threads, len(got), len(want))
		}
		for name := range want {
			if !bytes.Equal(got[name], want[name]) {
				t.Errorf("%d threads: %s differs", threads, name)
			}
		}
	}
}

// Settings that give facts their meaning are frozen; rebuild loads the sources
// with new ones.
func TestFrozen(t *testing.T) {
	e := workspace(t)
	write(t, e, "o.csv", "customer,date,amount\na,2024-01-01 23:30:00Z,10\n")
	e.Config.Sources = []config.Source{source("orders", "o.csv")}
	if _, err := e.Run(context.Background(), "latest", false); err != nil {
		t.Fatal(err)
	}
	expect(t, e, "SELECT ordered_on FROM orders", "2024-01-01")
	e.Config.Timezone = "Asia/Shanghai"
	_, err := e.Query(context.Background(), "SELECT 1")
	if err == nil || !strings.Contains(err.Error(), "clientele rebuild") || !strings.Contains(err.Error(), "timezone") {
		t.Errorf("error %v", err)
	}
	if _, err := e.Rebuild(context.Background(), false, false); err != nil {
		t.Fatal(err)
	}
	expect(t, e, "SELECT ordered_on FROM orders", "2024-01-02")
	write(t, e, "hand.csv", "customer,date,amount\nb,2024-01-05,10\n")
	by := source("orders", "hand.csv")
	by.Name = "by-hand"
	load(t, e, by)
	if _, err := e.Rebuild(context.Background(), false, false); err == nil || !strings.Contains(err.Error(), "hand.csv") {
		t.Errorf("rebuild would lose a file that was loaded by hand: %v", err)
	}
	if _, err := e.Rebuild(context.Background(), true, false); err != nil {
		t.Fatal(err)
	}
	expect(t, e, "SELECT count(*) FROM orders", "1")
}

// A second run with nothing new changes nothing.
func TestRunAgain(t *testing.T) {
	e := workspace(t)
	write(t, e, "o.csv", "customer,date,amount\na,2024-01-01,10\nb,2024-01-05,11\n")
	e.Config.Sources = []config.Source{source("orders", "o.csv")}
	first, err := e.Run(context.Background(), "latest", false)
	if err != nil {
		t.Fatal(err)
	}
	e.Now = e.Now.Add(24 * time.Hour)
	again, err := e.Run(context.Background(), "latest", false)
	if err != nil {
		t.Fatal(err)
	}
	if again.Loaded[0].State != engine.StateKnown || again.Scored.Hash != first.Scored.Hash {
		t.Errorf("first %+v, again %+v", first, again)
	}
}

// History is filled in month by month, by the day of the month as far as there is one.
func TestBackfill(t *testing.T) {
	e := workspace(t)
	text := "customer,date,amount\n"
	for i := range 100 {
		text += fmt.Sprintf("c%d,%s,10\n", i%40, time.Date(2024, 1, 1+i*2, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	}
	loadText(t, e, "orders", "o.csv", text)
	all, err := e.Backfill(context.Background(), "2024-01-31", "month")
	if err != nil {
		t.Fatal(err)
	}
	var days []string
	for _, s := range all {
		days = append(days, s.AsOf)
	}
	if got := strings.Join(days, " "); got != "2024-01-31 2024-02-29 2024-03-31 2024-04-30 2024-05-31 2024-06-30" {
		t.Errorf("days %s", got)
	}
	expect(t, e, "SELECT as_of, count(*) FROM scores GROUP BY 1 ORDER BY 1", "2024-01-31|16", "2024-02-29|30", "2024-03-31|40", "2024-04-30|40", "2024-05-31|40", "2024-06-30|40")
	if link, err := os.Readlink(filepath.Join(e.Dir, "exports", "current")); err != nil || link != "as_of=2024-06-30" {
		t.Errorf("current is %s, %v", link, err)
	}
}

// CDNOW as of the end of calibration: reference/clv.md, table "Estimates".
func TestCDNOW(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file      string
		customers int
		pareto    float64
		spend     float64
		adjust    func(*config.Source)
	}{
		{"cdnow.csv", 23570, -95415.11862, -40763.47626, nil},
		{"cdnow_sample.csv", 2357, -9594.97618, -4055.91769, nil},
	} {
		t.Run(c.file, func(t *testing.T) {
			path := shared(t, c.file)
			e := workspace(t)
			load(t, e, source("orders", path))
			s := score(t, e, "1997-09-30")
			if s.Customers != c.customers {
				t.Errorf("%d customers, want %d", s.Customers, c.customers)
			}
			for _, m := range s.Models {
				want, ok := map[string]float64{"pareto_nbd": c.pareto, "gamma_gamma": c.spend}[m.Model]
				if ok && !(math.Abs(m.LogLikelihood-want) < 0.01) {
					t.Errorf("%s: log-likelihood %v, want %v", m.Model, m.LogLikelihood, want)
				}
			}
			expect(t, e, "SELECT count(*) FROM scores WHERE p_alive BETWEEN 0 AND 1 AND churn_risk BETWEEN 0 AND 1 AND clv >= 0 AND expected_orders >= 0",
				fmt.Sprint(c.customers))
		})
	}
}

// Online Retail by lines: every row accounted for (data/README.md), and no
// churn to be identified (reference/clv.md).
func TestOnlineRetail(t *testing.T) {
	t.Parallel()
	path := shared(t, "online_retail_lines.csv.gz")
	e := workspace(t)
	l := load(t, e, source("orders", path))[0]
	if l.Read != 541_909 || l.Accepted != 541_909 {
		t.Errorf("%+v", l)
	}
	expect(t, e, `SELECT count(*), count(DISTINCT o.customer_id), count(DISTINCT l.order_id), round(sum(l.net), 2)
FROM order_lines AS l JOIN orders AS o ON l.source = o.source AND l.order_id = o.order_id
WHERE o.customer_id IS NOT NULL AND l.order_id NOT LIKE 'C%' AND l.quantity > 0 AND l.unit_price > 0`, "397884|4338|18532|8911407.9")
	expect(t, e, "SELECT count(*) FROM order_lines", "541909")
	s := score(t, e, "latest")
	var codes []string
	for _, w := range s.Warnings {
		codes = append(codes, w.Code)
	}
	if got := strings.Join(codes, " "); !strings.Contains(got, "zero_churn") || !strings.Contains(got, "orders_without_customer") {
		t.Errorf("warnings %s", got)
	}
	expect(t, e, "SELECT count(p_alive), count(churn_risk) > 4000, count(DISTINCT churn_risk) > 20 FROM scores", "0|true|true")
}

// rfm_orders.csv: counts of reference/rfm.md.
func TestRFMOrders(t *testing.T) {
	t.Parallel()
	path := shared(t, "rfm_orders.csv")
	e := workspace(t)
	load(t, e, source("orders", path))
	e.Config.RFM.Scheme = "r-rfm-0.2"
	score(t, e, "2006-12-31")
	expect(t, e, "SELECT rfm_segment, count(*), sum(orders), sum(net_revenue) FROM scores GROUP BY 1 ORDER BY 2 DESC, 1",
		"Loyal Customers|278|1708|166712", "Potential Loyalist|229|801|65873", "Champions|158|1234|120178", "Lost|111|244|20955",
		"At Risk|86|438|44178", "About To Sleep|50|127|10914", "Others|48|210|22061", "Need Attention|35|144|13287")
	e.Config.RFM.Scheme = "cn8"
	score(t, e, "2006-12-31")
	expect(t, e, "SELECT rfm_segment, count(*) FROM scores GROUP BY 1 ORDER BY 2 DESC",
		"重要价值客户|274", "一般挽留客户|222", "一般发展客户|185", "重要保持客户|125", "一般价值客户|102", "一般保持客户|39", "重要挽留客户|28", "重要发展客户|20")
}

// A later program's store is refused, and so is a file that is no store.
func TestStoresOfOthers(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "o.csv", "customer,date,amount\na,2024-01-01,10\n")
	if err := engine.SetMeta(e, "schema_version", "99"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Query(context.Background(), "SELECT 1"); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("error %v", err)
	}
	write(t, e, "clientele.duckdb", strings.Repeat("this is no store ", 1000))
	if _, err := e.Query(context.Background(), "SELECT 1"); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
}

// Every column of every file of a run is in the dictionary, in both languages.
func TestDictionary(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "o.csv", "customer,date,amount\na,2024-01-01,10\nb,2024-01-05,11\n")
	score(t, e, "latest")
	text := string(runFile(t, e, "2024-01-05", "dictionary.csv"))
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) < 50 {
		t.Errorf("%d lines", len(lines))
	}
	for _, name := range []string{"scores.parquet,clv,DOUBLE,money", "models.parquet,log_likelihood", "customers.parquet,city", "segment_members.parquet,segment"} {
		if !strings.Contains(text, name) {
			t.Errorf("no %s", name)
		}
	}
	for _, l := range lines[1:] {
		if strings.HasSuffix(l, ",") || strings.Contains(l, ",,,") {
			t.Errorf("a meaning is missing: %s", l)
		}
	}
	for _, leaked := range []string{"email", "phone", "address"} {
		if strings.Contains(text, "customers.parquet,"+leaked+",") {
			t.Errorf("customers.parquet holds %s", leaked)
		}
	}
}
