package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/table"
)

// lines writes the rows of a table as texts joined by |.
func lines(t *table.Table) []string {
	var out []string
	for i := range t.Rows() {
		var cells []string
		for _, c := range t.Columns() {
			cells = append(cells, cell(c, i))
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// books is a store of two sources, one of which has its refunds in a file of
// another source's name.
func books(t *testing.T) *engine.Engine {
	t.Helper()
	e := workspace(t)
	of := func(kind, name, text string) config.Source {
		s := source(kind, write(t, e, name+"-"+kind+".csv", text))
		s.Name = name
		return s
	}
	load(t, e,
		of("orders", "web", `order_id,customer,date,amount,status
w1,ann,2025-12-31,10.10,paid
w2,bob,2026-01-01,20.20,paid
w3,ann,2026-01-15,30,paid
w4,cai,2026-02-01,99,unpaid
w5,cai,2026-02-02,50,cancelled
w6,,2026-02-03,5,paid
`),
		of("orders", "till", "order_id,customer,date,amount\nt1,ann,2026-01-02,7\n"),
		of("refunds", "returns", "refund_id,order_id,date,amount\nr1,w3,2026-02-10,12.5\nr2,t1,2026-01-20,7\nr3,w4,2026-02-11,99\n"))
	return e
}

// By hand: w4 and w5 never count, so neither does r3; ann bought at both sources.
func TestReconcile(t *testing.T) {
	e := books(t)
	out, err := e.Reconcile(context.Background(), engine.Reconciling{By: "month", Tolerance: engine.DefaultTolerance()})
	if err != nil {
		t.Fatal(err)
	}
	same(t, lines(out.Figures), // source, period, orders, customers, gross, refunds, net, not counted
		"till|2026-01|1|1|7|7|0|0",
		"till|(all)|1|1|7|7|0|0",
		"web|2025-12|1|1|10.1|0|10.1|0",
		"web|2026-01|2|2|50.2|0|50.2|0",
		"web|2026-02|1|0|5|12.5|-7.5|2",
		"web|(all)|4|2|65.3|12.5|52.8|2",
		"(all)|(all)|5|2|72.3|19.5|52.8|2")
	same(t, lines(out.NotCounted), "web|cancelled|1|50", "web|unpaid|1|99")

	out, err = e.Reconcile(context.Background(), engine.Reconciling{By: "year", Source: "web"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, lines(out.Figures), "web|2025|1|1|10.1|0|10.1|0", "web|2026|3|2|55.2|12.5|42.7|2", "web|(all)|4|2|65.3|12.5|52.8|2")
}

func TestReconcileWithTotals(t *testing.T) {
	e := books(t)
	compare := func(text string, tolerance engine.Tolerance) (engine.Reconciled, error) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "totals.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		totals, err := engine.ReadTotals(path)
		if err != nil {
			t.Fatal(err)
		}
		return e.Reconcile(context.Background(), engine.Reconciling{By: "year", Totals: totals, Tolerance: tolerance})
	}
	out, err := compare(`source,month,orders,net
web,2026-01,2,50.20
web,2026-03,0,
web,,4,60.00
,2026-01,3,50.205
`, engine.DefaultTolerance())
	if err != engine.ErrDiffers || out.Compared != 7 || out.Differing != 1 {
		t.Errorf("error %v, %d of %d differ", err, out.Differing, out.Compared)
	}
	same(t, lines(out.Figures), // ..., expected_orders, orders_difference, expected_net, net_difference, agrees
		"till|2026|1|1|7|7|0|0|NULL|NULL|NULL|NULL|NULL",
		"till|(all)|1|1|7|7|0|0|NULL|NULL|NULL|NULL|NULL",
		"web|2025|1|1|10.1|0|10.1|0|NULL|NULL|NULL|NULL|NULL",
		"web|2026|3|2|55.2|12.5|42.7|2|NULL|NULL|NULL|NULL|NULL",
		"web|2026-01|2|2|50.2|0|50.2|0|2|0|50.2|0|true",
		"web|2026-03|0|0|0|0|0|0|0|0|NULL|NULL|true",
		"web|(all)|4|2|65.3|12.5|52.8|2|4|0|60|-7.2|false",
		"(all)|2026-01|3|2|57.2|7|50.2|0|3|0|50.205|-0.005|true",
		"(all)|(all)|5|2|72.3|19.5|52.8|2|NULL|NULL|NULL|NULL|NULL")

	for tolerance, want := range map[engine.Tolerance]error{
		{Money: 7_2000}: nil, {Money: 7_1999}: engine.ErrDiffers, // 7.2 apart
		{Share: 0.12}: nil, {Share: 0.119}: engine.ErrDiffers, // of 60
	} {
		if _, err := compare("source,net\nweb,60\n", tolerance); err != want {
			t.Errorf("tolerance %+v: error %v", tolerance, err)
		}
	}
	// Money may be apart by the tolerance, a count may not.
	if _, err := compare("source,customers\nweb,3\n", engine.Tolerance{Money: 9_0000}); err != engine.ErrDiffers {
		t.Errorf("a customer less: error %v", err)
	}
}

func TestReconcileMistakes(t *testing.T) {
	e := books(t)
	total := func(source, period string) engine.Total {
		return engine.Total{Source: source, Period: period, Figures: map[string]int64{"orders": 1}, Place: "totals.csv:2"}
	}
	for want, r := range map[string]engine.Reconciling{
		`source "webb": nothing was loaded of it: did you mean "web"?`:       {By: "month", Source: "webb"},
		`totals.csv:2: source "shop": nothing was loaded of it: there are`:   {By: "month", Totals: []engine.Total{total("shop", "")}},
		`totals.csv:2: the source and month of totals.csv:2 once more`:       {By: "month", Totals: []engine.Total{total("web", "2026"), total("web", "2026")}},
		`totals.csv:2: a total of source till, and only source web is asked`: {By: "month", Source: "web", Totals: []engine.Total{total("till", "")}},
		`totals.csv:2: a total of all sources, and only source web is asked`: {By: "month", Source: "web", Totals: []engine.Total{total("", "")}},
		`by "week": not month or year`:                                       {By: "week"},
	} {
		if _, err := e.Reconcile(context.Background(), r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// The same totals in every form that they may be written in.
func TestReadTotals(t *testing.T) {
	want := "web 2026-01 orders=1200 net=345678900|web 2026 gross=-5000|  customers=3"
	for name, text := range map[string]string{
		"a.csv":  "source,month,orders,customers,gross,net\nweb,2026-01,\"1,200\",,,\"34,567.89\"\nweb,2026,,,-0.5,\n,,,3,,\n",
		"b.csv":  "\ufeffsource;month;orders;net;gross;customers\r\nweb;2026/1;1200;34567.8900000;;\r\nweb;2026年;;;-.50;\r\n;;;;;3\r\n",
		"c.csv":  "Net\tOrders\tMONTH\tSource\tgross\tcustomers\n34567.89\t1200\t2026-01-01\tweb\t\t\n\t\t2026\tweb\t-0.5\t\n\t\t\t\t\t3\n",
		"d.csv":  "来源,月份,订单数,净额,退款前金额,客户数\nweb,2026年1月,1200,34567.89,,\nweb,2026,,,-0.5,\n,,,,,3\n",
		"e.yaml": "- source: web\n  month: 2026-01\n  orders: 1200\n  net: 34567.89\n- {source: web, month: 2026, gross: -0.5}\n- customers: 3\n  net:\n",
		"f.YML":  "- {source: web, month: '202601', orders: '1,200', net: \"34567.8900\"}\n- {source: \"web\", year: 2026, gross: -0.5000}\n- {source: '', customers: 3}\n",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		totals, err := engine.ReadTotals(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, total := range totals {
			text := total.Source + " " + total.Period
			for _, m := range []string{"orders", "customers", "gross", "refunds", "net"} {
				if v, ok := total.Figures[m]; ok {
					text += fmt.Sprintf(" %s=%d", m, v)
				}
			}
			got = append(got, text)
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s: %s\nwant %s", name, strings.Join(got, "|"), want)
		}
	}
}

func TestReadTotalsMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "the file is empty",
		"source,net\n":                "no rows below the header",
		"source,nett\nweb,1\n":        `:2: unknown column "nett": there are source, month, orders, customers, gross, refunds, net`,
		"net,NET\n1,1\n":              ":2: net stands twice",
		"source,net\nweb\n":           "line 2: not as many cells as the header has",
		"source,net\n\"web,1\n":       "line 2: a quote stands where none may",
		"source,net\nweb,\n":          ":2: no figure to compare: give one of orders",
		"source,net\n\nweb,1,000\n":   "line 3: not as many cells",
		"net\n12.34567\n":             `:2: net: "12.34567": more than four decimals`,
		"net\n\"1.234,50\"\n":         `:2: net: "1.234,50": not an amount such as 34567.89`,
		"net\n-+5\n":                  `:2: net: "-+5": not an amount`,
		"net\n--5\n":                  `:2: net: "--5": not an amount`,
		"net\n99999999999999999999\n": `: not an amount that the store can hold`,
		"orders\n1.5\n":               `:2: orders: "1.5": not a whole number`,
		"month,net\n2026-13,1\n":      `:2: month: "2026-13": not a month such as 2024-01, nor a year such as 2024`,
		"month,net\n2026-01-31,1\n":   `:2: month: "2026-01-31": not a month`,
		"net\n\xff\n":                 "not UTF-8 text",
	} {
		path := filepath.Join(t.TempDir(), "totals.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := engine.ReadTotals(path); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"net: 1\n":        `not a list: begin each total with "- "`,
		"- 5\n":           ":1: not a total: write it as key: value lines",
		"- net: [1\n":     "not valid YAML: ",
		"- {net: 1x}\n":   `:1: net: "1x": not an amount`,
		"\n- source: a\n": ":2: no figure to compare",
	} {
		path := filepath.Join(t.TempDir(), "totals.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := engine.ReadTotals(path); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
	if _, err := engine.ReadTotals(filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	for _, text := range []string{"", "orders", "orders=", "orders=1,orders=2", "source=web"} {
		if _, err := engine.ParseTotal(text); err == nil {
			t.Errorf("total %q: no error", text)
		}
	}
	for _, text := range []string{"", "%", "-1", "-1%", "101%", "x", "1,5", "NaN%", "5.00001"} {
		if _, err := engine.ParseTolerance(text); err == nil {
			t.Errorf("tolerance %q: no error", text)
		}
	}
}

// Whatever an amount is, it is read as it is written, or refused.
func TestAmountsOfTotals(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		units := rapid.Int64Range(-9e17, 9e17).Draw(r, "units")
		sign, size := "", units
		if units < 0 {
			sign, size = "-", -units
		}
		whole := fmt.Sprint(size / 10_000)
		if rapid.Bool().Draw(r, "grouped") {
			for at := len(whole) - 3; at > 0; at -= 3 {
				whole = whole[:at] + "," + whole[at:]
			}
		}
		// In a flag a comma divides, so a file is the place for groups.
		path := filepath.Join(t.TempDir(), "t.csv")
		if err := os.WriteFile(path, fmt.Appendf(nil, "net\n\"%s%s.%04d\"\n", sign, whole, size%10_000), 0o600); err != nil {
			r.Fatal(err)
		}
		totals, err := engine.ReadTotals(path)
		if err != nil || totals[0].Figures["net"] != units {
			r.Fatalf("%d units: %v, %v", units, totals, err)
		}
	})
}

// FuzzTotals holds the readers of totals to one clear line: no panic, no text of
// several lines, and nothing read that says nothing.
func FuzzTotals(f *testing.F) {
	f.Add("source,month,orders\nweb,2026-01,5\n", false)
	f.Add("- {source: web, net: 5}\n- a", true)
	f.Add("- &a [*a]\n", true)
	f.Fuzz(func(t *testing.T, text string, yaml bool) {
		path := filepath.Join(t.TempDir(), map[bool]string{false: "t.csv", true: "t.yaml"}[yaml])
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		totals, err := engine.ReadTotals(path)
		if err != nil {
			if !utf8.ValidString(err.Error()) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: error %q", text, err)
			}
			return
		}
		for _, total := range totals {
			if len(total.Figures) == 0 || total.Place == "" {
				t.Errorf("%q: %+v", text, total)
			}
		}
	})
}
