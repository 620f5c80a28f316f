package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/queries"
)

// pastDays are the purchase days of a shop:
//
//	1 buys on days 100, 110 and 130, two orders on the last
//	2 buys on day 105 for the first time, and on 130
//	3 buys on day 120 for the first time
func pastDays() *buying {
	who := &people{ids: textColumn("customer_id"), person: []int64{1, 2, 3}}
	for _, id := range []string{"c1", "c2", "c3"} {
		who.ids.Texts.AppendString(id)
	}
	return &buying{who: who, from: []int{0, 3, 5}, count: []int32{3, 2, 1}, days: []int32{100, 110, 130, 105, 130, 120},
		orders: []int32{1, 1, 2, 1, 1, 1}, net: []int64{100_000, 205_000, 70_000, 30_000, 40_000, 50_000}}
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
func TestPastDays(t *testing.T) {
	p := &past{days: pastDays()}
	if first, last := p.span(); first != 100 || last != 130 {
		t.Errorf("from %d to %d, want 100 to 130", first, last)
	}
	known := p.days.bought(110, make([]int64, 200))
	told := ""
	for _, b := range known.ever {
		told += fmt.Sprintln(b.days, b.last)
	}
	if got, want := told+fmt.Sprint(p.buyers(known)), "2 110\n1 105\n0 0\n[0 1]"; got != want {
		t.Errorf("known on day 110: %s, want %s", got, want)
	}
	for window, want := range map[int]string{9: "0 0, 0 0, 0 0", 10: "0 0, 0 0, 1 5", 19: "0 0, 0 0, 1 5", 20: "1 7, 1 4, 1 5"} {
		var got []string
		for i := range p.days.count {
			days, net, err := p.days.came(i, 110, window)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(days, " ", net))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("the %d days after day 110: %q, want %q", window, got, want)
		}
	}
	if got, want := fmt.Sprint(p.repeats(110, 100, 130)), repeatsOn(map[Day]float64{110: 1, 130: 2}, 100, 130); got != want {
		t.Errorf("repeats of those known on day 110: %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(p.repeats(104, 100, 129)), repeatsOn(map[Day]float64{110: 1}, 100, 129); got != want {
		t.Errorf("repeats of those known on day 104: %s, want %s", got, want)
	}
}

// repeatsOn are repeats of days from first to last.
func repeatsOn(days map[Day]float64, first, last Day) string {
	var out []float64
	for day := first; day <= last; day++ {
		out = append(out, days[day])
	}
	return fmt.Sprint(out)
}

// Costs are those of orders, else of all lines of an order, else of their products.
func TestMarginQueries(t *testing.T) {
	db := rulesStore(t)
	ctx := context.Background()
	summarize(t, db, config.Default(), day(2024, 6, 30))
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

// The headers of queries/margin tell the truth.
func TestMarginHeaders(t *testing.T) {
	db := rulesStore(t)
	summarize(t, db, config.Default(), 140)
	toldTruly(t, db, queries.List("margin"))
}

// toldTruly checks what queries say they give.
func toldTruly(t *testing.T, db *duck.DB, list []queries.Query) {
	t.Helper()
	for _, q := range list {
		described, err := db.Query(context.Background(), "SELECT column_name, column_type FROM (DESCRIBE "+q.SQL+")")
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
