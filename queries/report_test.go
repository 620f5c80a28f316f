package queries_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"clientele/queries"
)

// store opens DuckDB in memory with the schema's tables and views.
func store(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, q := range queries.List("schema") {
		run(t, db, q.SQL)
	}
	return db
}

func run(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.Exec(text); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// derived makes what the engine hands to report queries, in the plainest way.
var derived = `
CREATE VIEW profiles AS SELECT * FROM customers;
CREATE TABLE exclusions (position INTEGER, rule VARCHAR, kind VARCHAR);
CREATE TABLE excluded_orders (source VARCHAR, order_id VARCHAR, below_zero BOOLEAN, rule VARCHAR);
CREATE TABLE excluded_people (person BIGINT, rule VARCHAR);
INSERT INTO exclusions VALUES (0, 'staff', 'customers'), (1, 'tests', 'orders'), (2, 'ten', 'orders');
INSERT INTO excluded_orders SELECT source, order_id, net < 0, CASE WHEN net = 99 THEN 'tests' ELSE 'ten' END FROM facts.orders WHERE net IN (99, 8, 9, -1);
CREATE VIEW kept_orders AS SELECT o.* FROM facts.orders AS o ANTI JOIN excluded_orders AS x ON o.source = x.source AND o.order_id = x.order_id;
CREATE VIEW kept_refunds AS SELECT * FROM facts.settled_refunds WHERE amount < 1000;
CREATE TABLE daily AS
  SELECT i.person, o.ordered_day AS day, count(*) AS orders, CAST(sum(o.net) AS DECIMAL(18,4)) AS net
  FROM kept_orders AS o JOIN identities AS i ON o.member = i.member CROSS JOIN bounds AS b
  WHERE o.counted AND o.net >= 0 AND o.ordered_day <= b.as_of_day GROUP BY i.person, o.ordered_day;
CREATE TABLE summary AS
  SELECT i.customer_id, i.person,
    CASE WHEN count(d.day) = 0 THEN NULL ELSE CAST(sum(d.orders) AS BIGINT) END AS orders,
    min(d.day) AS first_day, max(d.day) AS last_day, max(b.as_of_day) - max(d.day) AS recency_days,
    CAST(sum(d.net) AS DOUBLE) - COALESCE((SELECT CAST(sum(amount) AS DOUBLE) FROM kept_refunds AS r
      WHERE r.member = i.person AND r.refunded_day <= max(b.as_of_day)), 0) AS net_revenue,
    sum(CASE WHEN d.day > b.day_30 THEN d.orders END) AS orders_30,
    sum(CASE WHEN d.day > b.day_90 THEN d.orders END) AS orders_90,
    sum(CASE WHEN d.day > b.day_365 THEN d.orders END) AS orders_365,
    CAST(sum(CASE WHEN d.day > b.day_365 THEN d.net END) AS DOUBLE) AS spend_365
  FROM identities AS i CROSS JOIN bounds AS b LEFT JOIN daily AS d ON i.person = d.person
  GROUP BY i.customer_id, i.person;
` + counted + told

// told makes what is added up of orders.
var told = "CREATE TABLE orders_told AS " + queries.Get("told/orders").SQL + ";\nCREATE TABLE guests_bought AS " + queries.Get("told/guests").SQL + ";\n"

// grouped makes what reports read of customers by their groups.
var grouped = "CREATE TABLE groups_scored AS " + queries.Get("summary/groups").SQL

// counted makes what reports read of purchase days.
var counted = "CREATE TABLE days_bought AS " + queries.Get("summary/days").SQL + ";\nCREATE TABLE periods_bought AS " + queries.Get("summary/periods").SQL + ";\n"

// Three customers who bought, one who never did, a guest, an order that does
// not count, an order and a refund after the day; and of B and of nobody what
// rules leave out: orders of 9 and 8, one below zero, and a refund of 1,000.
const small = `
CREATE TABLE bounds AS SELECT day AS as_of_day, day - 30 AS day_30, day - 60 AS day_60, day - 90 AS day_90, day - 365 AS day_365, CAST(0 AS DECIMAL(18,4)) AS smallest_net
  FROM (SELECT CAST(DATE '2024-03-31' - DATE '1970-01-01' AS INTEGER) AS day);
INSERT INTO identities VALUES ('', 'A', 1, 'A', 1, ''), ('', 'B', 2, 'B', 2, ''), ('', 'C', 3, 'C', 3, ''), ('', 'D', 4, 'D', 4, '');
INSERT INTO facts.order_rows (order_id, member, ordered_at, ordered_day, counted, net, content, batch_id, line)
  SELECT id, member, CAST("on" AS TIMESTAMPTZ), "on" - DATE '1970-01-01', counted, net, 0, 1, 0
  FROM (VALUES ('1', 1, DATE '2023-01-10', true, 100.00), ('2', 1, DATE '2023-03-05', true, 50.50), ('3', 1, DATE '2024-02-01', true, 20),
    ('4', 2, DATE '2024-01-15', true, 30), ('5', 2, DATE '2024-01-15', true, 5), ('6', 3, DATE '2023-06-30', true, 10),
    ('7', 3, DATE '2023-07-01', false, 99), ('8', NULL, DATE '2024-03-31', true, 7), ('9', 1, DATE '2024-04-01', true, 1000),
    ('t1', 2, DATE '2024-01-15', true, 9), ('t2', NULL, DATE '2024-01-20', true, 8), ('t3', 2, DATE '2024-01-20', true, -1)) AS o(id, member, "on", counted, net);
INSERT INTO facts.settled_refunds (source, refund_id, member, refunded_at, refunded_on, refunded_day, amount, told_amount, told_by, counted, batch_id, line)
  SELECT 's', id, member, CAST("on" AS TIMESTAMPTZ), "on", "on" - DATE '1970-01-01', amount, amount, 'row', true, 1, 0
  FROM (VALUES ('r1', 1, DATE '2024-03-02', 20.50), ('r2', 1, DATE '2024-04-02', 5), ('r3', 2, DATE '2024-03-05', 1000)) AS r(id, member, "on", amount);
INSERT INTO batches VALUES (1, 'orders', 'shop', 'in/orders.csv', 'h1', '', 12, 9, 1, 2, 'loaded', TIMESTAMPTZ '2024-04-03', NULL, false, '[]', '', NULL, NULL),
  (2, 'orders', 'shop', 'in/more.csv', 'h2', '', 3, 0, 0, 3, 'refused', TIMESTAMPTZ '2024-04-03', NULL, false, '[]', '', NULL, NULL);
INSERT INTO rejects VALUES (1, 9, 'amount', 'x', 'not a number', 'raw'), (1, 4, 'amount', 'y', 'not a number', 'raw'),
  (2, 2, NULL, NULL, 'ragged row', 'raw');
CREATE TABLE reasons AS SELECT *, 0.0::DOUBLE AS refunds, 0.0::DOUBLE AS interactions, 0.0::DOUBLE AS calibration FROM (VALUES
  ('A', 0.5::DOUBLE, 3.0::DOUBLE, 1.0::DOUBLE, 0.0::DOUBLE, 0.2::DOUBLE), ('B', 0.5, 0.25, 1.5, -1.0, 1.5), ('C', 0.5, 0.5, -2.0, 0.0, 2.5)) AS r(customer_id, base, silence, purchases, tenure, responses);
CREATE TABLE scores AS SELECT * FROM (VALUES
  ('A', 3, 150.0, 5, 5, 'Champions', 0.9, 0.25, 'low', 2.0, 400.0, 'active', 'Regulars'),
  ('B', 2, 35.0, 5, 3, 'Loyal', 0.8, 0.95, 'high', 0.5, 60.0, 'new', 'Others'),
  ('C', 1, 10.0, 2, 1, 'Lost', 0.1, 1.0, 'high', 0.1, 3.0, 'lapsed', 'Others'),
  ('D', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'prospect', NULL))
  AS s(customer_id, orders, net_revenue, r_score, f_score, rfm_segment, p_alive, churn_risk, churn_band, expected_orders, clv, lifecycle_stage, cluster);
CREATE TABLE own_members AS SELECT * FROM (VALUES ('vip', 'A'), ('tea', 'A'), ('tea', 'D')) AS m(segment, customer_id);
`

// Guests are the same from the rows that tell of all orders, where nothing is left out.
func TestGuests(t *testing.T) {
	db := store(t)
	run(t, db, small)
	run(t, db, "INSERT INTO facts.order_rows SELECT * REPLACE (NULL AS member, order_id || 'g' AS order_id) FROM facts.order_rows")
	run(t, db, "CREATE VIEW kept_orders AS SELECT * FROM facts.orders; CREATE TABLE orders_told AS "+queries.Get("told/orders").SQL)
	got, want := rows(t, db, queries.Get("told/guests_of_all")), rows(t, db, queries.Get("told/guests"))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || len(got) < 5 {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// Every expected row below is worked out by hand from the rows above.
func TestReportQueries(t *testing.T) {
	db := store(t)
	run(t, db, small)
	run(t, db, derived)
	run(t, db, grouped)
	for name, want := range map[string][]string{
		"customers": {"3 1 0 2 3 2 6"},
		// 100 + 50.5 + 20 + 35 + 10 + 7 - 20.5 = 202; of the last 365 days 20 + 35 + 10 + 7 - 20.5 = 51.5
		"sales":    {"7 5 2 1 7 202 51.5 150.5 20.5 2023-01-10 2024-03-31"},
		"coverage": {"3 3 3 3 3 3 4 1.8 2.6 463"},
		"monthly": {
			"2023-01-01 1 1 1 100 0 100",
			"2023-03-01 1 1 0 50.5 0 50.5",
			"2023-06-01 1 1 1 10 0 10",
			"2024-01-01 2 1 1 35 0 35",
			"2024-02-01 1 1 0 20 0 20",
			"2024-03-01 1 0 0 7 20.5 -13.5",
		},
		"rfm_grid": {"2 1 1 10", "5 3 1 35", "5 5 1 150"},
		"segments": {
			"Champions 1 3 150 20 59 0.25 2 400",
			"Lost 1 1 10 10 275 1 0.1 3",
			"Loyal 1 2 35 35 76 0.95 0.5 60",
		},
		"lifecycle": {
			"active 1 3 150 20 59 0.25 2 400",
			"lapsed 1 1 10 10 275 1 0.1 3",
			"new 1 2 35 35 76 0.95 0.5 60",
			"prospect 1 0 NULL NULL NULL NULL NULL NULL",
		},
		"clusters":     {"Others 2 3 45 45 175.5 0.975 0.6 63", "Regulars 1 3 150 20 59 0.25 2 400"},
		"own_segments": {"tea 2 3 150 20 59 0.25 2 400", "vip 1 3 150 20 59 0.25 2 400"},
		// mean recency of B and C is (76 + 275) / 2
		"churn_bands":  {"high 2 3 45 45 175.5 0.975 0.6 63", "low 1 3 150 20 59 0.25 2 400"},
		"churn_tenths": {"2 1 20 400", "9 2 45 63"},
		// A is not at high risk; B's two greatest are equal, and the first leads
		"churn_reasons": {"purchases 1 1.5", "responses 1 2.5"},
		"clv_bins":      {"2 5 1 3", "50 100 1 60", "200 500 1 400"},
		"concentration": {
			"clv 34 1 400 463 1", "clv 67 2 460 463 2", "clv 100 3 463 463 3",
			"net_revenue 34 1 150 195 NULL", "net_revenue 67 2 185 195 2", "net_revenue 100 3 195 195 3",
		},
		// 15 months of history: periods are months
		"cohorts": {
			"2023-01-01 0 1 1", "2023-01-01 2 1 1", "2023-01-01 13 1 1",
			"2023-06-01 0 1 1", "2024-01-01 0 1 1",
		},
		"repeat_days": {"2023-01-10 0", "2023-03-05 1", "2023-06-30 0", "2024-01-15 0", "2024-02-01 1"},
		"quality":     {"orders shop loaded 1 12 9 1 2", "orders shop refused 1 3 0 0 3"},
		// t1 of B and t2 of nobody are 9 + 8; the order of 99 does not count
		"exclusions": {"staff customers 0 0 0", "tests orders 1 1 0", "ten orders 1 2 17"},
		"rejects":    {"shop amount not a number 2 in/orders.csv 4 x", "shop  ragged row 1 in/more.csv 2 NULL"},
		"facts": {
			"campaigns 0 0 0 0 NULL NULL", "customers 0 0 0 0 NULL NULL", "interactions 0 0 0 0 NULL NULL",
			"order-lines 0 0 0 0 NULL NULL", "orders 11 2 1 1 2023-01-10 2024-04-01", "products 0 0 0 0 NULL NULL",
			"refunds 3 0 0 1 2024-03-02 2024-04-02", "responses 0 0 0 0 NULL NULL",
		},
	} {
		if got := rows(t, db, queries.Get("report/"+name)); !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

// Longer history has longer periods.
func TestCohortPeriods(t *testing.T) {
	for _, c := range []struct {
		last string
		step string
	}{{"2021-06-30", "1"}, {"2021-07-01", "3"}, {"2024-06-30", "3"}, {"2024-07-01", "12"}} {
		db := store(t)
		run(t, db, strings.Replace(`
			CREATE TABLE bounds AS SELECT CAST(DATE 'LAST' - DATE '1970-01-01' AS INTEGER) AS as_of_day;
			CREATE TABLE daily AS SELECT 1 AS person, CAST(day AS INTEGER) AS day FROM (VALUES (DATE '2020-01-31' - DATE '1970-01-01'), (DATE 'LAST' - DATE '1970-01-01')) AS d(day);
			CREATE TABLE periods_bought AS `, "LAST", c.last, 2)+queries.Get("summary/periods").SQL)
		for _, row := range rows(t, db, queries.Get("report/cohorts")) {
			if !strings.HasPrefix(row, "2020-01-01") || !strings.HasSuffix(row, " "+c.step) {
				t.Errorf("history to %s: %s, want periods of %s months", c.last, row, c.step)
			}
		}
	}
}

// An empty store answers every query, and every header tells the truth about
// the columns.
func TestReportQueriesEmpty(t *testing.T) {
	db := store(t)
	run(t, db, strings.SplitAfter(small, ";")[0])
	run(t, db, derived)
	run(t, db, `CREATE TABLE scores (customer_id VARCHAR, orders BIGINT, net_revenue DOUBLE, r_score BIGINT, f_score BIGINT, rfm_segment VARCHAR,
		p_alive DOUBLE, churn_risk DOUBLE, churn_band VARCHAR, expected_orders DOUBLE, clv DOUBLE, lifecycle_stage VARCHAR, cluster VARCHAR)`)
	run(t, db, grouped)
	run(t, db, `CREATE TABLE own_members (segment VARCHAR, customer_id VARCHAR)`)
	run(t, db, `CREATE TABLE reasons (customer_id VARCHAR, base DOUBLE, silence DOUBLE, purchases DOUBLE, tenure DOUBLE, refunds DOUBLE, interactions DOUBLE,
		responses DOUBLE, calibration DOUBLE)`)
	for _, q := range queries.List("report") {
		got := rows(t, db, q)
		if len(q.Grain) == 0 && len(got) != 1 {
			t.Errorf("%s: %d rows of an empty store, want 1", q.Name, len(got))
		}
		described, err := db.Query("DESCRIBE " + q.SQL)
		if err != nil {
			t.Fatalf("%s: %v", q.Name, err)
		}
		var columns []queries.Column
		for described.Next() {
			var c queries.Column
			var rest [4]sql.NullString
			if err := described.Scan(&c.Name, &c.Type, &rest[0], &rest[1], &rest[2], &rest[3]); err != nil {
				t.Fatal(err)
			}
			columns = append(columns, c)
		}
		if err := described.Err(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(columns, q.Gives) {
			t.Errorf("%s gives\n%v\nits header says\n%v", q.Name, columns, q.Gives)
		}
	}
}

// rows runs a query and writes each row with spaces between values.
func rows(t *testing.T, db *sql.DB, q queries.Query, args ...any) []string {
	t.Helper()
	result, err := db.Query(q.SQL, args...)
	if err != nil {
		t.Fatalf("%s: %v", q.Name, err)
	}
	defer result.Close()
	names, err := result.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for result.Next() {
		values := make([]any, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := result.Scan(into...); err != nil {
			t.Fatal(err)
		}
		words := make([]string, len(values))
		for i, v := range values {
			switch v := v.(type) {
			case nil:
				words[i] = "NULL"
			case time.Time:
				words[i] = v.Format(time.DateOnly)
			default:
				words[i] = fmt.Sprint(v)
			}
		}
		list = append(list, strings.Join(words, " "))
	}
	if err := result.Err(); err != nil {
		t.Fatalf("%s: %v", q.Name, err)
	}
	return list
}
