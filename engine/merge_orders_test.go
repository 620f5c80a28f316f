package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/engine"
)

// The table of orders has a column once a file can tell of it. Whatever files came
// before and after, each order is told of in the same way.
func TestOrdersWiden(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"plain.csv": "order_id,customer_id,order_date,amount\na1,c1,2024-01-02,10\na2,c2,2024-01-03,20\n",
		"taxed.csv": "order_id,customer_id,email,order_date,gross,discount,shipping,tax,cost,updated_at\nb1,c1,ann@example.org,2024-01-04,30,3,2,1,15,2024-01-05T10:00:00Z\n",
		"back.csv":  "order_id,customer_id,order_date,amount,status,cancelled_at,refunded_amount\nc1,c3,2024-01-06,40,paid,,7.5\nc2,c3,2024-01-07,50,cancelled,2024-01-09,\n",
		"euro.csv":  "order_id,customer_id,order_date,amount,currency\nd1,c4,2024-01-08,60,EUR\n",
		"again.csv": "order_id,customer_id,order_date,amount\na1,c1,2024-01-02,11\nd2,c2,2024-01-09,12\n",
	}
	added := map[string][]string{
		"plain.csv": nil,
		"taxed.csv": {"card", "gross", "discount", "shipping", "tax", "cost", "updated_at"},
		"back.csv":  {"refunded", "refunded_at", "refunded_on"},
		"euro.csv":  {"rate"},
		"again.csv": nil,
	}
	inOrder := func(names ...string) (*engine.Engine, []string) {
		e := workspace(t)
		e.Now = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		e.Config.Currency, e.Config.Rates = "USD", write(t, e, "rates.csv", "date,from,to,rate\n2024-01-01,EUR,USD,1.1\n")
		want := []string{"order_id", "member", "ordered_at", "ordered_day", "status", "counted", "terms", "net", "original_net", "content", "batch_id", "line"}
		for _, name := range names {
			s := source("orders", write(t, e, name, files[name]))
			if name != "plain.csv" && name != "again.csv" { // whose columns are not those of the others
				s.Name = strings.TrimSuffix(name, ".csv")
			}
			e.Now = e.Now.Add(time.Hour)
			load(t, e, s)
			want = append(want, added[name]...)
			slices.Sort(want)
			expect(t, e, "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'facts' AND table_name = 'order_rows' ORDER BY column_name", want...)
		}
		return e, rows(t, e, "SELECT * EXCLUDE (batch_id, terms) FROM facts.orders ORDER BY ALL")
	}
	_, one := inOrder("plain.csv", "taxed.csv", "back.csv", "euro.csv", "again.csv")
	e, other := inOrder("euro.csv", "plain.csv", "again.csv", "back.csv", "taxed.csv")
	if !slices.Equal(one, other) {
		t.Errorf("orders:\n%s\nloaded otherwise:\n%s", strings.Join(one, "\n"), strings.Join(other, "\n"))
	}
	expect(t, e, "SELECT order_id, source, ordered_on, status, gross, discount, tax, net, original_net, cost, refunded, refunded_on, rate FROM facts.orders ORDER BY order_id",
		"a1|orders|2024-01-02|NULL|NULL|NULL|NULL|11|11|NULL|NULL|NULL|NULL",
		"a2|orders|2024-01-03|NULL|NULL|NULL|NULL|20|20|NULL|NULL|NULL|NULL",
		"b1|taxed|2024-01-04|NULL|30|3|1|27|27|15|NULL|NULL|NULL",
		"c1|back|2024-01-06|paid|NULL|NULL|NULL|40|40|NULL|7.5|2024-01-06|NULL",
		"c2|back|2024-01-07|cancelled|NULL|NULL|NULL|50|50|NULL|NULL|2024-01-09|NULL",
		"d1|euro|2024-01-08|NULL|NULL|NULL|NULL|66|60|NULL|NULL|NULL|1.1",
		"d2|orders|2024-01-09|NULL|NULL|NULL|NULL|12|12|NULL|NULL|NULL|NULL")
	// A row that is set aside, and one that comes back, keep their columns.
	if _, err := e.Rollback(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	expect(t, e, "SELECT net FROM facts.orders WHERE order_id = 'a1'", "10")
}
