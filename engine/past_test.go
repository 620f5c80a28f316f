package engine

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/queries"
)

// pastStore is a shop whose purchase days are at hand:
//
//	1 buys on days 100, 110 and 130, two orders on the last
//	2 buys on day 105 for the first time, and on 130
//	3 buys on day 120 for the first time
func pastStore(t *testing.T) *past {
	t.Helper()
	db := rulesStore(t)
	e := &Engine{Config: config.Default()}
	if err := makeSummary(context.Background(), db, e.Config, 140); err != nil {
		t.Fatal(err)
	}
	err := db.Exec(context.Background(), `CREATE OR REPLACE TEMP TABLE daily AS
		SELECT CAST(person AS BIGINT) AS person, CAST(day AS INTEGER) AS day, CAST(orders AS BIGINT) AS orders, CAST(net AS DECIMAL(28,4)) AS net
		FROM (VALUES (1, 100, 1, 10), (1, 110, 1, 20.5), (1, 130, 2, 7), (2, 105, 1, 3), (2, 130, 1, 4), (3, 120, 1, 5)) AS v(person, day, orders, net)`)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.newPast(context.Background(), db, 140, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	if err := makeBounds(p.ctx, db, e.Config, 110); err != nil {
		t.Fatal(err)
	}
	if err := db.Exec(p.ctx, "CREATE OR REPLACE TEMP VIEW daily AS "+queries.Get("past/known").SQL); err != nil {
		t.Fatal(err)
	}
	return p
}

// asText is a query's result, a row a line, columns apart by a bar.
func asText(t *testing.T, db *duck.DB, query string, args ...any) string {
	t.Helper()
	made, err := db.Query(context.Background(), "SELECT concat_ws('|', *COLUMNS(*)) AS line FROM ("+query+")", args...)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for i := range made.Rows() {
		lines = append(lines, string(made.Columns()[0].Texts.At(i)))
	}
	return strings.Join(lines, " ")
}

// What is known on a day ends with that day, what comes next begins on the one after
// it and ends with the window, and a first purchase is no repeat.
func TestPastQueries(t *testing.T) {
	p := pastStore(t)
	if got, want := asText(t, p.db, "SELECT person, day FROM daily ORDER BY ALL"), "1|100 1|110 2|105"; got != want {
		t.Errorf("known on day 110: %s, want %s", got, want)
	}
	for window, want := range map[int]string{9: "", 10: "3|1|5.0", 19: "3|1|5.0", 20: "1|1|7.0 2|1|4.0 3|1|5.0"} {
		if got := asText(t, p.db, queries.Get("past/next").SQL, sql.Named("window", window)); got != want {
			t.Errorf("the %d days after day 110: %q, want %q", window, got, want)
		}
	}
	repeats := queries.Get("past/repeats").SQL
	if got, want := asText(t, p.db, repeats, sql.Named("origin", 110), sql.Named("last", 130)), "100|0 105|0 110|1 130|2"; got != want {
		t.Errorf("repeats of those known on day 110: %s, want %s", got, want)
	}
	if got, want := asText(t, p.db, repeats, sql.Named("origin", 104), sql.Named("last", 129)), "100|0 110|1"; got != want {
		t.Errorf("repeats of those known on day 104: %s, want %s", got, want)
	}
	if err := p.db.Exec(p.ctx, "DROP VIEW temp.daily; CREATE TEMP VIEW daily AS FROM every_day"); err != nil {
		t.Fatal(err)
	}
	if got, want := asText(t, p.db, queries.Get("past/sample").SQL+" ORDER BY ALL", sql.Named("every", 2)), "2|105|1|3.0000 2|130|1|4.0000"; got != want {
		t.Errorf("one customer of two: %s, want %s", got, want)
	}
}

// Costs are those of orders, else of all lines of an order, else of their products.
func TestMarginQueries(t *testing.T) {
	db := rulesStore(t)
	ctx := context.Background()
	if err := makeSummary(ctx, db, config.Default(), day(2024, 6, 30)); err != nil {
		t.Fatal(err)
	}
	if got, want := asText(t, db, queries.Get("margin/known").SQL), "false"; got != want {
		t.Errorf("nothing has a cost, and known is %s", got)
	}
	orders := asText(t, db, queries.Get("margin/orders").SQL)
	if lines := asText(t, db, queries.Get("margin/lines").SQL); lines != orders || !strings.HasSuffix(orders, "|0.0|0.0") {
		t.Errorf("without costs: %s by orders, %s by lines", orders, lines)
	}
	// A1 has a cost of its own, which goes before that of its line; B1 has one line with
	// a cost and one with that of its product; A2 has a line without one.
	err := db.Statements(ctx, `
		DROP VIEW IF EXISTS temp.kept_orders;
		CREATE TEMP TABLE kept_orders AS SELECT * FROM (VALUES
			('web', 'A1', CAST(100 AS DECIMAL(18,4)), CAST(40 AS DECIMAL(18,4)), true, 100), ('web', 'A2', 50, NULL, true, 100),
			('web', 'B1', 30, NULL, true, 100), ('web', 'C1', 8, 1, false, 100), ('web', 'D1', 9, 1, true, 100000)
		) AS o(source, order_id, net, cost, counted, ordered_day);
		INSERT INTO facts.products (source, product_id, cost, content, batch_id, line) VALUES ('web', 'mug', 2.5, 1, 1, 2);
		INSERT INTO facts.order_lines (source, order_id, line, product_id, quantity, cost, told_by, version, batch_id, file_line) VALUES
			('web', 'A1', 1, 'mug', 1, 99, 'row', 1, 1, 2), ('web', 'A2', 1, 'mug', 1, NULL, 'row', 1, 1, 3), ('web', 'A2', 2, 'cup', 1, NULL, 'row', 1, 1, 4),
			('web', 'B1', 1, 'mug', 4, NULL, 'row', 1, 1, 5), ('web', 'B1', 2, NULL, 1, 1, 'row', 1, 1, 6);`)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"known": "true", "orders": "180.0|100.0|40.0", "lines": "180.0|130.0|51.0"} {
		if got := asText(t, db, queries.Get("margin/"+name).SQL); got != want {
			t.Errorf("margin/%s: %s, want %s", name, got, want)
		}
	}
}

// The headers of queries/past and queries/margin tell the truth.
func TestPastHeaders(t *testing.T) {
	p := pastStore(t)
	parameter := regexp.MustCompile(`\$[a-z_]+`)
	for _, q := range slices.Concat(queries.List("past"), queries.List("margin")) {
		described, err := p.db.Query(p.ctx, fmt.Sprintf("SELECT column_name, column_type FROM (DESCRIBE %s)", parameter.ReplaceAllString(q.SQL, "1")))
		if err != nil {
			t.Fatalf("%s: %v", q.Name, err)
		}
		var got []queries.Column
		for i := range described.Rows() {
			got = append(got, queries.Column{Name: string(described.Columns()[0].Texts.At(i)), Type: string(described.Columns()[1].Texts.At(i))})
		}
		if !slices.Equal(got, q.Gives) {
			t.Errorf("%s gives\n%v\nits header says\n%v", q.Name, got, q.Gives)
		}
	}
}
