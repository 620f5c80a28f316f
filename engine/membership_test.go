package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"clientele/engine"
	"clientele/engine/config"
)

func moves(t testing.TB, e *engine.Engine, scheme, from, to string) *engine.Moves {
	t.Helper()
	m, err := e.Moves(context.Background(), scheme, from, to)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// went are the moves as texts.
func went(m *engine.Moves) []string {
	var out []string
	for _, v := range m.Moves {
		out = append(out, fmt.Sprintf("%s > %s: %d", v.From, v.To, v.Customers))
	}
	slices.Sort(out)
	return out
}

func expectAll(t testing.TB, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\ngot  %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// Five customers over three runs. Bob and Rob turn out to be one after the second: the id
// that survives is bob's, who was lapsed when rob was new.
func TestMembershipOfJoinedCustomers(t *testing.T) {
	e := workspace(t)
	e.Config.Segments = []config.Own{{Name: "many", Rule: "orders >= 2"}}
	loadText(t, e, "orders", "orders.csv", `customer,date,amount,email
ann,2025-12-20,10,ann@shop.example
bob,2025-04-10,20,bob@shop.example
rob,2025-12-15,30,rob@shop.example
ann,2026-01-20,10,ann@shop.example
cai,2026-01-25,40,cai@shop.example
bob,2026-04-20,50,bob@shop.example
`)
	score(t, e, "2025-12-31")
	score(t, e, "2026-01-31")
	if got := went(moves(t, e, "lifecycle", "", "")); !slices.Equal(got, []string{"(new) > new: 1", "lapsed > lapsed: 1", "new > active: 2"}) {
		t.Fatalf("before the ids were joined: %q", got)
	}
	loadText(t, e, "customers", "people.csv", "customer_id,email,updated_at\nbob,bob@shop.example,2026-04-25\nrob,bob@shop.example,2026-04-25\n")
	expect(t, e, "SELECT source_customer_id, customer_id FROM identities WHERE source_customer_id IN ('bob', 'rob') ORDER BY ALL", "bob|bob", "rob|bob")
	score(t, e, "2026-04-30")

	m := moves(t, e, "lifecycle", "2025-12-31", "2026-01-31")
	expectAll(t, "with bob's stage", went(m), []string{"(new) > new: 1", "lapsed > lapsed: 1", "new > active: 1"})
	if !slices.ContainsFunc(m.Warnings, func(w engine.Sentence) bool {
		return w.Code == "joined" && strings.HasPrefix(w.En, "2 ids of these runs were joined to other customers since: ")
	}) {
		t.Errorf("%+v", m.Warnings)
	}
	m = moves(t, e, "lifecycle", "2026-01-31", "")
	if m.To.String() != "2026-04-30" || m.Overlaps {
		t.Errorf("%+v", m)
	}
	// Rob's order of December is bob's now, so his of April comes after no long silence.
	expectAll(t, "to the run in which they are one", went(m), []string{"active > at_risk: 1", "lapsed > active: 1", "new > at_risk: 1"})
	own := moves(t, e, "own", "", "")
	if got, want := fmt.Sprintf("%+v", own.Kept), "[{Segment:many Before:1 Stayed:1 Left:0 Gone:0 Entered:1 New:0 Now:2}]"; got != want {
		t.Errorf("own segments %s, want %s", got, want)
	}
	h, err := e.History(context.Background(), engine.HistoryReading{Segment: "many"})
	if err != nil {
		t.Fatal(err)
	}
	var days []string
	for _, d := range h.Days {
		days = append(days, fmt.Sprintf("%v %d of %.4f: +%d -%d =%d, %g", d.AsOf, d.Customers, d.Share, d.Entered, d.Left, d.Stayed, d.NetRevenue))
	}
	expectAll(t, "history", days, []string{ // nobody had two orders on the first day
		"2026-01-31 1 of 0.3333: +1 -0 =0, 20", "2026-04-30 2 of 0.6667: +1 -0 =1, 120",
	})
	table := h.Table()
	if table.Rows() != 2 || table.Column("entered").Missing(0) {
		t.Errorf("%d rows", table.Rows())
	}
	flows, err := e.Flows(context.Background(), "lifecycle", engine.Span{})
	if err != nil {
		t.Fatal(err)
	}
	if len(flows.Days) != 3 || len(flows.Steps) != 2 || flows.Sizes[2][slices.IndexFunc(flows.Nodes, func(n engine.Node) bool { return n.Key == "at_risk" })] != 2 {
		t.Errorf("%+v", flows)
	}
	if _, err := e.Flows(context.Background(), "own", engine.Span{}); !errors.Is(err, engine.ErrOverlaps) {
		t.Errorf("flows of own segments: %v", err)
	}
}

// A customer who is left out from one run on is gone.
func TestMembershipOfExcluded(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "orders.csv", "customer,date,amount\nann,2026-01-01,10\nstaff1,2026-01-02,10\nbob,2026-01-03,20\n")
	score(t, e, "2026-01-31")
	e.Config.Exclude = []config.Exclusion{{Name: "staff", Customers: map[string][]string{"customer_id": {"staff*"}}}}
	score(t, e, "2026-02-28")
	m := moves(t, e, "lifecycle", "", "")
	expectAll(t, "moves", went(m), []string{"new > (gone): 1", "new > active: 2"})
	if m.Words[1].En != `1 customer of "New" is not scored any more: 33.3 % of all that were in it.` {
		t.Errorf("%+v", m.Words)
	}
}

// tastes is a shop in which who came by the app buys often and who came by shop seldom.
func tastes(t *testing.T) *engine.Engine {
	e := workspace(t)
	e.Config.Segments = []config.Own{{Name: "often", Rule: "orders >= 3"}, {Name: "app people", Rule: "acquired_channel = 'app'"}, {Name: "all", Rule: "orders >= 0 or orders is missing"}}
	var orders, people strings.Builder
	orders.WriteString("customer,date,amount\n")
	people.WriteString("customer_id,channel,gender,birth_date\n")
	for i := range 60 {
		id := fmt.Sprintf("c%02d", i)
		channel, gender := []string{"shop", "shop", "app"}[i%3], []string{"female", "male"}[i%2]
		fmt.Fprintf(&people, "%s,%s,%s,%d-03-01\n", id, channel, gender, 1960+i%40)
		for k := range 1 + i%2 + 3*(i%3/2) { // 1 or 2, with the app 3 more
			fmt.Fprintf(&orders, "%s,2026-%02d-%02d,%d\n", id, 1+k, 1+i%28, 10+i%7*5)
		}
	}
	loadText(t, e, "orders", "orders.csv", orders.String())
	c := source("customers", write(t, e, "people.csv", people.String()))
	c.Map = map[string]string{"acquired_channel": "channel"}
	load(t, e, c)
	score(t, e, "2026-06-30")
	return e
}

// Figures of a profile are those of plain SQL, and the sentence names what was built in.
func TestProfile(t *testing.T) {
	e := tastes(t)
	p, err := e.Profile(context.Background(), "", "often")
	if err != nil {
		t.Fatal(err)
	}
	if p.Customers != 20 || p.Rest != 40 || p.Scheme != "own" {
		t.Fatalf("%+v", p)
	}
	for _, trait := range p.Traits {
		n := trait.Numbers
		if n == nil || trait.Column == "age" {
			continue
		}
		got := fmt.Sprintf("%d %d %.9g %.9g %.9g %.9g", n.Known, n.RestKnown, n.Mean, n.RestMean, n.Median, n.RestMedian)
		want := strings.Join(rows(t, e, fmt.Sprintf(`SELECT printf('%%d %%d %%.9g %%.9g %%.9g %%.9g', count(v) FILTER (i), count(v) FILTER (NOT i), avg(v) FILTER (i), avg(v) FILTER (NOT i),
  CAST(median(v) FILTER (i) AS DOUBLE), CAST(median(v) FILTER (NOT i) AS DOUBLE))
FROM (SELECT CAST(%s AS DOUBLE) AS v, orders >= 3 AS i FROM scores)`, trait.Column)), "")
		if got != want {
			t.Errorf("%s: %s, by SQL %s", trait.Column, got, want)
		}
	}
	orders := p.Traits[slices.IndexFunc(p.Traits, func(x engine.Trait) bool { return x.Column == "orders" })]
	// Means 4.5 and 1.5, variances 5/19 and 10/39: d is 3 in pooled deviations.
	if want := 3 / math.Sqrt(15.0/58); orders.Effect != 1 || math.Abs(orders.Numbers.CohenD-want) > 1e-9 {
		t.Errorf("orders: effect %g, d %g, want 1 and %g", orders.Effect, orders.Numbers.CohenD, want)
	}
	channel := p.Traits[slices.IndexFunc(p.Traits, func(x engine.Trait) bool { return x.Column == "acquired_channel" })]
	if math.Abs(channel.Effect-1) > 1e-9 || len(channel.Words) != 2 || channel.Words[1] != (engine.WordTrait{Value: "app", Customers: 20, Rest: 0, Share: 1, RestShare: 0, Lift: 3}) {
		t.Errorf("%+v", channel)
	}
	for _, part := range []string{`"often": 20 of 60 customers (33.3 %). What sets them apart most: `, "more orders (median 4.5 against 1.5)", `what more of them have: acquisition channel "app" (100 % against 0 %).`} {
		if !strings.Contains(p.Verdict.En, part) {
			t.Errorf("%s: lacks %s", p.Verdict.En, part)
		}
	}
	for _, part := range []string{"“often”共 20 位客户，占全部 60 位的 33.3%。与其余客户差别最大的是：", "订单更多（中位数 4.5 对 1.5）", "更常见的是：获客渠道“app”（100% 对 0%）。"} {
		if !strings.Contains(p.Verdict.Zh, part) {
			t.Errorf("%s: lacks %s", p.Verdict.Zh, part)
		}
	}
	if strings.Contains(p.Verdict.En, "gender") {
		t.Errorf("gender was dealt out evenly: %s", p.Verdict.En)
	}
	all, err := e.Profile(context.Background(), "", "own/all")
	if err != nil || all.Verdict.Code != "everybody" {
		t.Errorf("%+v, %v", all.Verdict, err)
	}
	stage, err := e.Profile(context.Background(), "", "lifecycle/active")
	if err != nil || slices.ContainsFunc(stage.Traits, func(x engine.Trait) bool { return x.Column == "lifecycle_stage" }) {
		t.Errorf("%+v, %v", stage, err)
	}
}

// Overlaps are those of plain SQL.
func TestOverlap(t *testing.T) {
	e := tastes(t)
	o, err := e.Overlap(context.Background(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range o.Pairs {
		if v.Customers > 0 {
			got = append(got, fmt.Sprintf("%s|%s|%s|%s|%d|%.9g|%.9g", v.Scheme, v.Segment, v.OtherScheme, v.OtherSegment, v.Customers, v.Jaccard, v.Lift))
		}
		if v.Scheme == v.OtherScheme && v.Scheme != "own" {
			t.Errorf("%+v cannot meet", v)
		}
	}
	slices.Sort(got)
	want := rows(t, e, `WITH s AS (SELECT scheme, segment, list(customer_id) AS ids FROM segment_members GROUP BY ALL),
pairs AS (SELECT a.scheme AS s1, a.segment AS g1, b.scheme AS s2, b.segment AS g2, len(list_intersect(a.ids, b.ids)) AS n, len(a.ids) AS x, len(b.ids) AS y
  FROM s AS a JOIN s AS b ON (a.scheme, a.segment) <> (b.scheme, b.segment))
SELECT s1, g1, s2, g2, n, printf('%.9g', n / (x + y - n)), printf('%.9g', n * 60 / (x * y)) FROM pairs WHERE n > 0`)
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("%s: not by SQL", line)
		}
	}
	if 2*len(got) != len(want) { // each pair once
		t.Errorf("%d pairs of %d", len(got), len(want)/2)
	}
	two, err := e.Overlap(context.Background(), "", []string{"app people", "often", "lifecycle/active"})
	if err != nil {
		t.Fatal(err)
	}
	if len(two.Pairs) != 3 || two.Counts[0][1] != 20 || two.Counts[0][0] != 20 || two.Pairs[0].Jaccard != 1 || two.Pairs[0].Lift != 3 {
		t.Errorf("%+v", two.Pairs)
	}
	for _, wrong := range [][]string{{"often"}, {"often", "often"}, {"often", "nobody"}} {
		if _, err := e.Overlap(context.Background(), "", wrong); err == nil {
			t.Errorf("%q: no error", wrong)
		}
	}
}
