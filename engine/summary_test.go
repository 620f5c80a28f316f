package engine

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/queries"
)

// summarize makes the temporary table summary.
func summarize(t testing.TB, db *duck.DB, cfg config.Config, asOf Day) {
	t.Helper()
	ctx := context.Background()
	s, err := makeSummary(ctx, db, cfg, asOf, 0, func(int, int) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := db.LoadTable(ctx, "summary", s.table); err != nil {
		t.Fatal(err)
	}
}

// drawShop fills a store with some customers, many of whom have two ids, and with what
// may be told of them from one day on, some of it by members whom nobody knows: orders of
// guests, that do not count, are free, below zero or on the same day, refunds, contacts,
// responses and rows of files of customers. Any of it may be missing.
func drawShop(t testing.TB, db *duck.DB, rng *rand.Rand, first Day) {
	t.Helper()
	part := func(most int) int { return rng.IntN(3) / 2 * rng.IntN(most) } // none in two of three
	people, span := 1+rng.IntN(400), 1+rng.IntN(1200)
	days := fmt.Sprintf("CAST(%d + hash(i, $seed, 'day') %% %d AS INTEGER)", first, span)
	member := fmt.Sprintf("CASE WHEN hash(i, $seed, 'guest') %% 20 > 0 THEN 1 + CAST(hash(hash(i, $seed, 'member') %% %d, $seed) >> 1 AS BIGINT) END", people+people/20+1)
	text := fmt.Sprintf(`DELETE FROM facts.order_rows;
DELETE FROM batches;
`+batchOf(1, "s")+`
DELETE FROM facts.settled_refunds;
DELETE FROM facts.interactions;
DELETE FROM facts.responses;
DELETE FROM facts.customers;
DELETE FROM identities;
CREATE OR REPLACE TEMP TABLE drawn AS SELECT i, 1 + CAST(hash(i, $seed) >> 1 AS BIGINT) AS member, CASE WHEN i %% %[1]d = 1 THEN i - 1 ELSE i END AS of FROM range(%[2]d) AS r(i);
INSERT INTO identities SELECT '', 'c' || d.i, d.member, 'c' || d.of, p.member, '' FROM drawn AS d INNER JOIN drawn AS p ON d.of = p.i;
CREATE OR REPLACE TEMP TABLE events AS SELECT i, $member AS member, $days AS day FROM range(%[3]d) AS r(i);
INSERT INTO facts.order_rows (order_id, member, ordered_at, ordered_day, counted, net, content, batch_id, line)
SELECT 'o' || i, member, TIMESTAMPTZ '2020-01-01 00:00:00+00', day, hash(i, $seed, 'counted') %% 10 > 0,
  CASE hash(i, $seed, 'kind') %% 8 WHEN 0 THEN 0 WHEN 1 THEN -CAST(hash(i, $seed, 'net') %% 5000000 / 10000.0 AS DECIMAL(18,4)) WHEN 2 THEN 99999999999.9999 ELSE CAST(hash(i, $seed, 'net') %% 30000000 / 10000.0 AS DECIMAL(18,4)) END, 0, 1, i
FROM events;
INSERT INTO facts.settled_refunds (source, refund_id, member, refunded_at, refunded_on, refunded_day, amount, told_amount, told_by, counted, batch_id, line)
SELECT 's', 'r' || i, $member, TIMESTAMPTZ '2020-01-01 00:00:00+00', DATE '2020-01-01', $days, CAST(hash(i, $seed, 'amount') %% 90000000 / 10000.0 AS DECIMAL(18,4)), 0, 'row', hash(i, $seed, 'counted') %% 10 > 0, 1, i FROM range(%[4]d) AS r(i);
INSERT INTO facts.interactions (source, interaction_id, member, occurred_at, occurred_on, occurred_day, content, batch_id, line)
SELECT 's', 'n' || i, $member, TIMESTAMPTZ '2020-01-01 00:00:00+00', DATE '2020-01-01', $days, 0, 1, i FROM range(%[5]d) AS r(i);
INSERT INTO facts.responses (source, response_id, campaign_id, member, occurred_at, occurred_on, occurred_day, event, content, batch_id, line)
SELECT 's', 'a' || i, 'k', $member, TIMESTAMPTZ '2020-01-01 00:00:00+00', DATE '2020-01-01', $days, 'clicked', 0, 1, i FROM range(%[6]d) AS r(i);
INSERT INTO facts.customers (source, member, acquired_on, updated_at, content, batch_id, line)
SELECT 's', member, CASE hash(i, $seed, 'dated') %% 3 WHEN 0 THEN DATE '1970-01-01' + day END, CASE hash(i, $seed, 'dated') %% 3 WHEN 1 THEN CAST(DATE '1970-01-01' + day AS TIMESTAMPTZ) END, 0, 1, i
FROM (SELECT i, $member AS member, $days AS day FROM range(%[7]d) AS r(i)) WHERE member IS NOT NULL;`,
		2+rng.IntN(6), people, rng.IntN(6*people), part(500), part(900), part(900), part(300))
	text = strings.NewReplacer("$member", member, "$days", days).Replace(text)
	text = strings.ReplaceAll(text, "$seed", fmt.Sprint(rng.Uint32()))
	if err := db.Statements(context.Background(), text); err != nil {
		t.Fatal(err)
	}
}

// In Go and in SQL the summary is the same, to the last bit: of all customers, and of
// those of a sample who had bought by an earlier day; and so are purchase days and the
// counts of days and periods, however few orders a page has.
func TestSummaryIsWhatSQLSays(t *testing.T) {
	db := rulesStore(t)
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(1, 2))
	tried := map[string]int{}
	for shop := range 24 {
		const first = Day(18000)
		drawShop(t, db, rng, first)
		cfg := config.Default()
		cfg.Resources.Threads = 1 + shop%3
		if shop%4 == 1 {
			cfg.Purchases = "positive"
		}
		if shop%3 == 2 {
			cfg.Exclude = []config.Exclusion{{Name: "dear", Orders: map[string][]string{"net_above": {"2500"}}}, {Name: "few", Customers: map[string][]string{"customer_id": {"c3", "*7"}}}}
		}
		asOf := first + Day(rng.IntN(1300)) - 20
		most := []int{0, 20, 100}[rng.IntN(3)]
		what := fmt.Sprintf("shop %d", shop)

		if err := ready(ctx, db, cfg, asOf); err != nil {
			t.Fatal(err)
		}
		r, err := newOrderReader(ctx, db, cfg, asOf)
		if err != nil {
			t.Fatal(err)
		}
		if shop%2 == 0 {
			r.share(1 + rng.IntN(100))
			r.slots = rng.IntN(6)
		}
		tried["pages"] += len(r.pages)
		told := 0
		s, err := r.summary(most, func(customers, lookedBack int) error {
			told = lookedBack
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		sameAsSQL(t, db, what, s.table, "")
		tried["customers"] += s.table.Rows()
		tried["prospects"] += len(s.table.Column("orders").Null)
		tried["with refunds"] += notZero(s.table.Floats("refunds"))
		tried["contacted"] += notZero(s.table.Ints("interactions_365"))
		tried["answered"] += notZero(s.table.Ints("responses_90"))

		n := 0
		for _, c := range s.sample.count {
			n += min(1, int(c))
		}
		if most > 0 && n > 2*most+20 || n > told && most > 0 && s.every == 1 {
			t.Errorf("%s: %d are looked back on, one of %d: %d at most were asked for, %d announced", what, n, s.every, most, told)
		}
		sameDays(t, db, what, s.sample, s.every)
		sameRows(t, db, what+", days", "SELECT * FROM days_bought", queries.Get("summary/days").SQL)
		sameRows(t, db, what+", periods", "SELECT * FROM periods_bought", queries.Get("summary/periods").SQL)

		p, err := (&Engine{Config: cfg}).newPast(ctx, db, asOf, s.sample, s.every)
		if err != nil {
			t.Fatal(err)
		}
		earlier := asOf - Day(rng.IntN(200))
		then, err := p.at(earlier, 0)
		if err != nil {
			t.Fatal(err)
		}
		sameAsSQL(t, db, fmt.Sprintf("%s, %d days before", what, asOf-earlier), then.table, "WHERE s.x IS NOT NULL")
		tried["looked back on"] += then.table.Rows()
		if err := p.close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, some := range []string{"pages", "customers", "prospects", "with refunds", "contacted", "answered", "looked back on"} {
		if tried[some] < 40 {
			t.Errorf("%s: only %d were tried", some, tried[some])
		}
	}
	for _, name := range []string{"daily", "purchases", "days", "periods", "customers", "returned", "contacted", "answered", "seen"} {
		toldTruly(t, db, []queries.Query{queries.Get("summary/" + name)})
	}
}

func notZero[T int64 | float64](values []T) (n int) {
	for _, v := range values {
		if v > 0 {
			n++
		}
	}
	return n
}

// sameAsSQL holds the columns of a summary to those of the query, as of the day of bounds.
func sameAsSQL(t *testing.T, db *duck.DB, what string, got *table.Table, where string) {
	t.Helper()
	ctx := context.Background()
	for _, name := range []string{"daily", "purchases"} {
		if err := db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE "+name+" AS "+queries.Get("summary/"+name).SQL); err != nil {
			t.Fatal(err)
		}
	}
	want, err := db.Query(ctx, "SELECT s.* FROM ("+queries.Get("summary/customers").SQL+") AS s "+where+" ORDER BY s.customer_id")
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows() != want.Rows() {
		t.Fatalf("%s: %d customers, SQL says %d", what, got.Rows(), want.Rows())
	}
	for k, w := range want.Columns() {
		g := got.Columns()[k]
		if g.Name != w.Name || g.Kind != w.Kind {
			t.Fatalf("%s: column %d is %s %v, SQL says %s %v", what, k, g.Name, g.Kind, w.Name, w.Kind)
		}
		for i := range want.Rows() {
			same := g.Missing(i) == w.Missing(i)
			switch w.Kind {
			case table.Text:
				same = same && string(g.Texts.At(i)) == string(w.Texts.At(i))
			case table.Int:
				same = same && g.Int(i) == w.Ints[i]
			case table.Float:
				same = same && (w.Missing(i) || math.Float64bits(g.Floats[i]) == math.Float64bits(w.Floats[i]))
			default:
				t.Fatalf("%s: column %s is %v", what, w.Name, w.Kind)
			}
			if !same {
				t.Fatalf("%s: %s of customer %s: %+v, SQL says %+v", what, w.Name, want.Columns()[0].Texts.At(i), g.Slice(i, i+1), w.Slice(i, i+1))
			}
		}
	}
}

// sameDays holds the purchase days of one customer of so many to those of the query.
func sameDays(t *testing.T, db *duck.DB, what string, got *buying, every int64) {
	t.Helper()
	var person, day, orders, net []int64
	for i := range got.count {
		from, to := got.of(i)
		for k := from; k < to; k++ {
			person, day, orders, net = append(person, got.who.person[i]), append(day, int64(got.days[k])), append(orders, int64(got.orders[k])), append(net, got.net[k])
		}
	}
	whole := func(name string, values []int64) *table.Column {
		return &table.Column{Field: table.Field{Name: name, Kind: table.Int}, Ints: values}
	}
	if err := db.LoadTable(context.Background(), "days_of_some", table.New(whole("person", person), whole("day", day), whole("orders", orders), whole("net", net))); err != nil {
		t.Fatal(err)
	}
	sameRows(t, db, what+", purchase days", "SELECT * FROM days_of_some", fmt.Sprintf("SELECT person, day, orders, CAST(net * 10000 AS BIGINT) FROM daily WHERE person %% %d = 0", every))
}

// sameRows holds the rows of one query to those of another.
func sameRows(t *testing.T, db *duck.DB, what, made, query string) {
	t.Helper()
	for _, q := range []string{"(" + made + ") EXCEPT ALL (" + query + ")", "(" + query + ") EXCEPT ALL (" + made + ")"} {
		if rows := asText(t, db, q); rows != "" {
			t.Errorf("%s: not in both:\n%.300s", what, rows)
		}
	}
}

// Members find their customers, whatever the members are, and others nobody.
func TestMemberNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 2, 3, 1000, 1 << 14} {
		m := newMemberNumbers(n)
		want := map[int64]int32{}
		for i := range int32(n) {
			member := rng.Int64()
			if i%3 == 0 {
				member = int64(i) * 7919
			}
			want[member] = i / 2
			m.add(member, i/2)
		}
		for member, number := range want {
			if got := m.of(member); got != number {
				t.Fatalf("of %d members: %d is of %d, want %d", n, member, got, number)
			}
		}
		for range 1000 {
			member := rng.Int64()
			if _, known := want[member]; !known && m.of(member) != -1 {
				t.Fatalf("of %d members: %d is of somebody", n, member)
			}
		}
		if free := slices.IndexFunc(m.slots, func(s memberSlot) bool { return s.after == 0 }); free < 0 {
			t.Errorf("%d members leave no slot free", n)
		}
	}
}

// Sums beyond 64 bits are told, and those of floats are the store's.
func TestBuyingSums(t *testing.T) {
	ok := true
	if addUnits(math.MaxInt64-1, 1, &ok) != math.MaxInt64 || !ok {
		t.Error("the largest sum is refused")
	}
	if addUnits(math.MaxInt64, 1, &ok); ok {
		t.Error("more than the largest sum is not refused")
	}
	who := &people{ids: textColumn("customer_id"), person: []int64{1}}
	who.ids.Texts.AppendString("c1")
	days := &buying{who: who, from: []int{0}, count: []int32{2}, days: []int32{1, 2}, orders: []int32{1, 1}, net: []int64{math.MaxInt64, 1}}
	if _, err := days.bought(2, make([]int64, 3)).summary(who, &others{}, nil); err != errTooMuch {
		t.Errorf("a customer whose orders come to too much: %v", err)
	}
	days.net[0]--
	if s, err := days.bought(2, make([]int64, 3)).summary(who, &others{}, nil); err != nil || s.Floats("net_sales")[0] != math.MaxInt64/1e4 {
		t.Errorf("a customer whose orders come to just as much as can be: %v", err)
	}
	if _, err := days.bought(2, make([]int64, 3)).summary(who, &others{refunded: []int64{-1}}, nil); err != errTooMuch {
		t.Errorf("a customer whose orders and refunds come to too much: %v", err)
	}
	db := rulesStore(t)
	for _, units := range []int64{0, 1, -1, 12_345, 333_333_333, 1<<53 - 1, 1 << 53, 1<<53 + 1, -(1<<53 + 3), math.MaxInt64, -math.MaxInt64, 123_456_789_012_345_678} {
		var want float64
		text := fmt.Sprintf("SELECT CAST(CAST('%s' AS DECIMAL(38,4)) AS DOUBLE)", decimalText(units))
		if err := db.Row(context.Background(), []any{&want}, text); err != nil {
			t.Fatal(err)
		}
		if got := moneyFloat(units); got != want {
			t.Errorf("%d units: %v, the store says %v", units, got, want)
		}
	}
}

// decimalText is an amount with its four decimals.
func decimalText(units int64) string {
	sign := ""
	if units < 0 {
		sign, units = "-", -units
	}
	return fmt.Sprintf("%s%d.%04d", sign, units/table.DecimalScale, units%table.DecimalScale)
}
