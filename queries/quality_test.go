package queries_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"clientele/queries"
)

// untidy is a store with something of everything that the quality page tells:
// two sources of orders, an order that never counts, one and a refund after the
// day, ids that were joined, keys that too many share, files refused and rolled back.
const untidy = `
CREATE TABLE bounds AS SELECT CAST(DATE '2024-03-31' - DATE '1970-01-01' AS INTEGER) AS as_of_day;
INSERT INTO identities VALUES ('', 'A', 1, 'A', 1, 'id'), ('', 'B', 2, 'A', 1, 'e-mail'), ('till', '7', 3, 'A', 1, 'link links.csv:2'),
  ('', 'D', 4, 'D', 4, 'id'), ('email', 'x1', 5, 'D', 4, 'e-mail'), ('email', 'x2', 6, 'D', 4, 'link more.csv:9');
INSERT INTO facts.terms (terms, channel) VALUES (1, 'app');
INSERT INTO facts.order_rows (order_id, member, ordered_at, ordered_day, counted, status, terms, net, content, batch_id, line)
  SELECT id, member, CAST("on" AS TIMESTAMPTZ), "on" - DATE '1970-01-01', status <> 'unpaid', status, CASE channel WHEN 'app' THEN 1 END, net, 0, CASE source WHEN 'web' THEN 1 ELSE 6 END, 0
  FROM (VALUES ('web', '1', 1, DATE '2023-12-10', 'paid', 'app', 100), ('web', '2', 2, DATE '2024-01-05', 'paid', 'app', 50), ('web', '3', 4, DATE '2024-01-05', 'unpaid', NULL, 20),
    ('web', '4', NULL, DATE '2024-01-20', 'paid', 'app', 5), ('till', '4', 3, DATE '2024-01-21', 'paid', NULL, 7), ('web', '9', 1, DATE '2024-04-01', 'paid', NULL, 1000))
    AS o(source, id, member, "on", status, channel, net);
INSERT INTO facts.order_lines (source, order_id, line, product_id, net, told_by, version, batch_id, file_line)
  SELECT source, id, line, product, net, 'lines', 0, 1, 0
  FROM (VALUES ('web', '1', 1, 'p', 60), ('web', '1', 2, NULL, 40), ('web', '2', 1, 'p', 49), ('web', '77', 1, 'q', 1), ('elsewhere', '77', 1, 'q', 1)) AS l(source, id, line, product, net);
INSERT INTO facts.settled_refunds (source, refund_id, order_id, member, refunded_at, refunded_on, refunded_day, amount, told_amount, told_by, counted, batch_id, line)
  SELECT source, id, o, member, CAST("on" AS TIMESTAMPTZ), "on", "on" - DATE '1970-01-01', amount, amount, 'row', counted, 1, 0
  FROM (VALUES ('back', 'r1', '2', 1, DATE '2024-02-01', 30, true), ('back', 'r2', '2', 1, DATE '2024-02-02', 30, true), ('back', 'r3', '4', NULL, DATE '2024-02-03', 2, true),
    ('web', 'r4', NULL, 1, DATE '2024-02-04', 1, true), ('web', 'r5', '3', 4, DATE '2024-02-05', 20, false), ('web', 'r6', '1', 1, DATE '2024-04-02', 8, true)) AS r(source, id, o, member, "on", amount, counted);
INSERT INTO batches SELECT id, kind, source, path, 'h', '', read, accepted, 0, rejected, state, CAST(day AS TIMESTAMPTZ), NULL, false, '[]', '', NULL, NULL
  FROM (VALUES (1, 'orders', 'web', 'a.csv', 5, 5, 0, 'loaded', '2024-04-02'), (2, 'orders', 'web', 'b.csv', 4, 0, 4, 'refused', '2024-04-05'), (3, 'customers', 'crm', 'c.csv', 5, 5, 0, 'loaded', '2024-04-03'),
    (4, 'orders', 'web', 'd.csv', 2, 1, 1, 'rolled back', '2024-04-06'), (5, 'refunds', 'back', 'e.csv', 3, 3, 1, 'loaded', '2024-04-04'),
    (6, 'orders', 'till', 'f.csv', 1, 1, 0, 'loaded', '2024-04-01')) AS b(id, kind, source, path, read, accepted, rejected, state, day);
INSERT INTO rejects VALUES (2, 3, 'phone', '138-0013 王', 'not a number', 'raw'), (2, 2, 'phone', NULL, 'not a number', 'raw'), (2, 4, 'e-mail', 'Zoë+1@exämple.org and what follows', 'too long', 'raw'),
  (2, 5, NULL, NULL, 'ragged row', 'raw'), (4, 2, 'phone', '1', 'not a number', 'raw');
INSERT INTO shared_keys VALUES (1, 'phone', '***0000', 212, 'too many people'), (2, 'e-mail', 'n***@shop.example', 300, 'ignored');
CREATE TABLE profiles AS SELECT * FROM (VALUES ('A', 'CN', NULL, NULL, NULL), ('D', NULL, NULL, 'f', NULL)) AS p(customer_id, country, region, gender, birth_date);
`

// Every expected row is worked out by hand from the rows above.
func TestQualityQueries(t *testing.T) {
	db := store(t)
	run(t, db, untidy)
	run(t, db, "CREATE TABLE orders_told AS "+queries.Get("told/orders").SQL)
	for name, want := range map[string][]string{
		"report/rejects": { // the first value that there is; letters of any script and digits are masked
			"web phone not a number 2 b.csv 2 999-9999 x",
			"web  ragged row 1 b.csv 5 NULL",
			"web e-mail too long 1 b.csv 4 xxx+9@xxxxxxx.xxx xxx xx",
		},
		"report/quality_merges": {"e-mail 2 2", "link 2 2"},
		"report/quality_shared": {"e-mail n***@shop.example ignored 300 1 2", "phone ***0000 too many people 212 2 2"},
		"report/quality_days":   {"till 2024-01-21 1", "web 2023-12-10 1", "web 2024-01-05 2", "web 2024-01-20 1"},
		"report/quality_fresh":  {"customers crm NULL NULL 2024-04-03", "orders till 2024-01-21 2024-01-21 2024-04-01", "orders web 2023-12-10 2024-01-20 2024-04-02", "refunds back 2024-02-01 2024-02-03 2024-04-04"},
		"report/quality_unknown": {
			"orders customer 5 1", "orders product 5 3", "orders channel 5 2", "orders shop 5 5", "order-lines product 5 1", "refunds order 5 1", "refunds customer 5 1",
			"interactions customer 0 0", "responses customer 0 0", "customers country 2 1", "customers region 2 2", "customers gender 2 1", "customers birth_date 2 2",
		},
		"check/accounting":   {"5 e.csv 3 3 0 1"},
		"check/order_keys":   nil,
		"check/line_keys":    nil,
		"check/line_sums":    {"web 2 50 49"},
		"check/orphan_lines": {"web 77 1 1"},
		"check/refund_sums":  {"web 2 50 60"}, // of 4 nothing is said: two sources have it
	} {
		if got := rows(t, db, queries.Get(name)); !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

// What stands twice is found, in tables that hold it.
func TestKeyChecks(t *testing.T) {
	db := store(t)
	run(t, db, untidy)
	run(t, db, "INSERT INTO facts.order_rows SELECT * FROM facts.order_rows WHERE order_id = '9'; INSERT INTO facts.order_lines SELECT * FROM facts.order_lines WHERE line = 2")
	for name, want := range map[string]string{"check/order_keys": "web 9 2", "check/line_keys": "web 1 2 2"} {
		if got := rows(t, db, queries.Get(name)); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %s", name, got, want)
		}
	}
}

// Lines add up to what the order costs, or to what it cost before discounts where
// that is told: a wrong sum is one that is neither.
func TestLineSums(t *testing.T) {
	db := store(t)
	run(t, db, untidy) // of order 2 the lines are 49 and net is 50
	run(t, db, "ALTER TABLE facts.order_rows ADD COLUMN gross DECIMAL(18,4)")
	for gross, want := range map[string]int{"NULL": 1, "50": 1, "48.98": 1, "48.99": 0, "49": 0, "60": 1} { // a cent is rounding
		run(t, db, "UPDATE facts.order_rows SET gross = "+gross+" WHERE order_id = '2'")
		if got := rows(t, db, queries.Get("check/line_sums")); len(got) != want {
			t.Errorf("gross of %s: %q", gross, got)
		}
	}
}

// 60 were given back of an order of 50: too much, unless tax and shipping make up for it.
func TestRefundSums(t *testing.T) {
	db := store(t)
	run(t, db, untidy)
	run(t, db, "ALTER TABLE facts.order_rows ADD COLUMN tax DECIMAL(18,4); ALTER TABLE facts.order_rows ADD COLUMN shipping DECIMAL(18,4)")
	for shipping, want := range map[string]int{"0.98": 1, "0.99": 0, "3": 0} { // a cent is rounding
		run(t, db, "UPDATE facts.order_rows SET tax = 9, shipping = "+shipping+" WHERE order_id = '2'")
		if got := rows(t, db, queries.Get("check/refund_sums")); len(got) != want {
			t.Errorf("shipping of %s: %q", shipping, got)
		}
	}
}

// Refunds r1 and r2 are of an order of web, since their own source has no orders;
// r3 is of an order id that two sources have, so it stays with its own.
func TestReconcileQueries(t *testing.T) {
	db := store(t)
	run(t, db, untidy)
	all := sql.Named("source", "")
	want := []string{ // source, period, orders, customers, gross, refunds, net, not counted
		"back 2024 0 0 0 2 -2 0", "back 2024-02 0 0 0 2 -2 0", "back  0 0 0 2 -2 0",
		"till 2024 1 1 7 0 7 0", "till 2024-01 1 1 7 0 7 0", "till  1 1 7 0 7 0",
		"web 2023 1 1 100 0 100 0", "web 2023-12 1 1 100 0 100 0",
		"web 2024 3 1 1055 69 986 1", "web 2024-01 2 1 55 0 55 1", "web 2024-02 0 0 0 61 -61 0", "web 2024-04 1 1 1000 8 992 0",
		"web  4 1 1155 69 1086 1",
		"NULL 2023 1 1 100 0 100 0", "NULL 2023-12 1 1 100 0 100 0",
		"NULL 2024 4 1 1062 71 991 1", "NULL 2024-01 3 1 62 0 62 1", "NULL 2024-02 0 0 0 63 -63 0", "NULL 2024-04 1 1 1000 8 992 0",
		"NULL  5 1 1162 71 1091 1",
	}
	if got := rows(t, db, queries.Get("reconcile/totals"), all); !slices.Equal(got, want) {
		t.Errorf("totals:\ngot  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	if got := rows(t, db, queries.Get("reconcile/totals"), sql.Named("source", "till")); !slices.Equal(got, []string{
		want[3], want[4], want[5], "NULL 2024 1 1 7 0 7 0", "NULL 2024-01 1 1 7 0 7 0", "NULL  1 1 7 0 7 0"}) {
		t.Errorf("totals of the till: %q", got)
	}
	if got := rows(t, db, queries.Get("reconcile/not_counted"), all); !slices.Equal(got, []string{"web unpaid 1 20"}) {
		t.Errorf("not counted: %q", got)
	}
	if got := rows(t, db, queries.Get("reconcile/not_counted"), sql.Named("source", "till")); len(got) > 0 {
		t.Errorf("not counted at the till: %q", got)
	}
}

// The headers of checks, rules and reconciliations tell the truth about the columns.
func TestColumnsOfChecks(t *testing.T) {
	db := store(t)
	arguments := map[string][]any{
		"reconcile/totals":      {sql.Named("source", "")},
		"reconcile/not_counted": {sql.Named("source", "")},
		"rule/volume":           {sql.Named("kind", "orders"), sql.Named("share", 0.5)},
	}
	for _, folder := range []string{"check", "reconcile", "rule"} {
		for _, q := range queries.List(folder) {
			result, err := db.Query(q.SQL, arguments[q.Name]...)
			if err != nil {
				t.Fatalf("%s: %v", q.Name, err)
			}
			types, err := result.ColumnTypes()
			if err != nil {
				t.Fatal(err)
			}
			var columns []queries.Column
			for _, c := range types {
				columns = append(columns, queries.Column{Name: c.Name(), Type: c.DatabaseTypeName()})
			}
			if !slices.Equal(columns, q.Gives) {
				t.Errorf("%s gives\n%v\nits header says\n%v", q.Name, columns, q.Gives)
			}
			if err := result.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
