package report

import (
	"math"
	"strings"
	"testing"

	"clientele/engine/table"
)

func TestBuildMissingResult(t *testing.T) {
	m := empty(t)
	delete(m, "cohorts")
	if _, err := Build(m, Meta{}); err == nil || err.Error() != "build report: no result of query cohorts" {
		t.Errorf("error %v", err)
	}
	m = empty(t)
	m["sales"] = table.New(&table.Column{Field: table.Field{Name: "orders", Kind: table.Int}, Ints: []int64{1}})
	if _, err := Build(m, Meta{}); err == nil || !strings.Contains(err.Error(), "query sales: no column") {
		t.Errorf("error %v", err)
	}
	m = empty(t)
	m["monthly"] = result(t, "segments") // another query's columns
	m["monthly"].Add(&table.Column{Field: table.Field{Name: "month", Kind: table.Int}})
	m["segments"] = m["monthly"]
	if _, err := Build(m, Meta{}); err != nil {
		t.Errorf("no rows, no fault: %v", err)
	}
}

// Months without a fact are there, up to the as-of day, and the last is
// marked when the as-of day cuts it.
func TestMonths(t *testing.T) {
	m := empty(t)
	m["monthly"] = result(t, "monthly",
		[]any{dayOf("2024-11-01"), 3, 2, 2, 30.0, 0.0, 30.0},
		[]any{dayOf("2025-01-01"), 1, 1, 0, 10.0, 2.5, 7.5})
	for _, c := range []struct {
		asOf    string
		months  int
		partial bool
	}{{"2025-01-31", 3, false}, {"2025-01-30", 3, true}, {"2025-03-01", 5, true}, {"2025-03-31", 5, false}} {
		d := build(t, m, Meta{AsOf: dayOf(c.asOf)})
		last := d.Months[len(d.Months)-1]
		if len(d.Months) != c.months || last.Partial != c.partial {
			t.Errorf("as of %s: %d months, partial %v", c.asOf, len(d.Months), last.Partial)
		}
		if d.Months[1].Start != dayOf("2024-12-01") || d.Months[1].Orders != 0 || d.Months[2].NetRevenue != 7.5 {
			t.Errorf("as of %s: %+v", c.asOf, d.Months)
		}
	}
}

// The year before is compared only when history covers all of it.
func TestYearBefore(t *testing.T) {
	m := empty(t)
	for first, known := range map[string]bool{"2023-01-02": true, "2023-01-03": false} {
		m["sales"] = result(t, "sales", []any{5, 2, 2, 0, 0.0, 50.0, 20.0, 25.0, 0.0, dayOf(first), dayOf("2024-12-31")})
		// 2024-12-31 less 729 days is 2023-01-02: 730 days with both ends.
		h := build(t, m, Meta{AsOf: dayOf("2024-12-31")}).Headline
		if math.IsNaN(h.NetRevenueBefore) == known {
			t.Errorf("first order %s: revenue of the year before %v", first, h.NetRevenueBefore)
		}
	}
}

func TestCohorts(t *testing.T) {
	m := empty(t)
	q1, q2 := dayOf("2024-01-01"), dayOf("2024-04-01")
	m["cohorts"] = result(t, "cohorts", []any{q1, 0, 10, 3}, []any{q1, 2, 4, 3}, []any{q2, 0, 20, 3})
	c := build(t, m, Meta{AsOf: dayOf("2024-12-30")}).Cohorts
	if c.Step != 3 || len(c.Rows) != 2 {
		t.Fatalf("%+v", c)
	}
	// Four quarters of 2024, of which the last is a day short.
	if got := c.Rows[0]; len(got.Active) != 4 || got.Active[1] != 0 || got.Active[2] != 4 || got.Open != 3 || got.Size != 10 {
		t.Errorf("first cohort %+v", got)
	}
	if got := c.Rows[1]; len(got.Active) != 3 || got.Open != 2 {
		t.Errorf("second cohort %+v", got)
	}
	if got := c.average(1); got != 0 { // 0 of 10 and 0 of 20
		t.Errorf("average at age 1: %v", got)
	}
	if got := c.average(2); got != 0.4 { // the second cohort's is not over
		t.Errorf("average at age 2: %v", got)
	}
	c = build(t, m, Meta{AsOf: dayOf("2024-12-31")}).Cohorts
	if c.Rows[0].Open != -1 || c.average(2) != 4.0/30 {
		t.Errorf("on the last day of the quarter: %+v", c.Rows[0])
	}
}

func TestRepeats(t *testing.T) {
	m := empty(t)
	m["repeat_days"] = result(t, "repeat_days",
		[]any{dayOf("2024-01-07"), 1}, []any{dayOf("2024-01-08"), 2}, []any{dayOf("2024-01-14"), 3}, []any{dayOf("2024-03-02"), 5})
	meta := Meta{AsOf: dayOf("2024-01-16"), Expected: []Expected{{dayOf("2024-01-01"), 1.5}, {dayOf("2024-01-08"), 4.5}, {dayOf("2024-01-15"), 1}}}
	d := build(t, m, meta)
	want := []Repeat{
		{dayOf("2024-01-01"), dayOf("2024-01-07"), 1, 1.5, false},
		{dayOf("2024-01-08"), dayOf("2024-01-14"), 5, 4.5, false},
		{dayOf("2024-01-15"), dayOf("2024-01-16"), 0, 1, true},
	}
	for i, r := range d.Repeats {
		if r != want[i] {
			t.Errorf("period %d: %+v, want %+v", i, r, want[i])
		}
	}
	// Without a model: months, without gaps.
	d = build(t, m, Meta{AsOf: dayOf("2024-03-31")})
	var actual []int64
	for _, r := range d.Repeats {
		actual = append(actual, r.Actual)
		if !math.IsNaN(r.Expected) {
			t.Errorf("expected %v without a model", r.Expected)
		}
	}
	if len(actual) != 3 || actual[0] != 6 || actual[1] != 0 || actual[2] != 5 {
		t.Errorf("by month %v", actual)
	}
}

// Folding the smallest segments loses nobody.
func TestFoldGroups(t *testing.T) {
	var groups []Group
	var people int64
	money := 0.0
	for i := range 40 {
		groups = append(groups, Group{Key: string(rune('A' + i)), Customers: int64(1 + i*7%40), NetRevenue: float64(i), CLV: math.NaN()})
		people += groups[i].Customers
		money += groups[i].NetRevenue
	}
	folded := foldGroups(groups)
	if len(folded) != maxGroups || heads(folded) != people || sum(folded, netRevenue) != money {
		t.Errorf("%d groups, %d customers, %v money", len(folded), heads(folded), sum(folded, netRevenue))
	}
	if folded[len(folded)-1].Key != OthersKey {
		t.Error("the others are not last")
	}
}

func TestOrdered(t *testing.T) {
	got := ordered([]Group{{Key: "x", Customers: 1}, {Key: "lost"}, {Key: "y", Customers: 9}, {Key: "at risk"}, {Key: "new"}}, stageKeys())
	var names []string
	for _, g := range got {
		names = append(names, g.Key)
	}
	if s := strings.Join(names, ","); s != "new,at risk,lost,y,x" {
		t.Errorf("order %s", s)
	}
}

// Four customers worth 50, 30, 15 and 5: two of them hold 80 of 100.
func TestCurve(t *testing.T) {
	m := empty(t)
	m["concentration"] = result(t, "concentration",
		[]any{"clv", 25, 1, 50.0, 100.0, nil}, []any{"clv", 50, 2, 80.0, 100.0, 2}, []any{"clv", 75, 3, 95.0, 100.0, 3}, []any{"clv", 100, 4, 100.0, 100.0, 4})
	c, ok := build(t, m, Meta{}).curve("clv")
	if !ok || c.Reached != 2 || c.Customers != 4 || c.Total != 100 {
		t.Fatalf("%+v", c)
	}
	for share, want := range map[float64]float64{0: 0, 0.1: 0.2, 0.25: 0.5, 0.5: 0.8, 0.6: 0.86, 1: 1} {
		if got := c.Top(share); math.Abs(got-want) > 1e-12 {
			t.Errorf("the top %v hold %v, want %v", share, got, want)
		}
	}
}

// The bins of the CLV chart follow each other without gaps.
func TestBins(t *testing.T) {
	m := empty(t)
	m["clv_bins"] = result(t, "clv_bins", []any{0.0, 0.01, 4, 0.0}, []any{5.0, 10.0, 2, 14.0}, []any{200.0, 500.0, 1, 300.0}, []any{5000.0, 10000.0, 1, 6000.0})
	bins := build(t, m, Meta{}).Values
	var people int64
	for i, b := range bins {
		people += b.Customers
		if i > 0 && math.Abs(bins[i-1].High-b.Low) > 1e-9*b.Low {
			t.Errorf("a gap between %v and %v", bins[i-1].High, b.Low)
		}
	}
	if people != 8 || len(bins) != maxBins {
		t.Errorf("%d bins with %d customers", len(bins), people)
	}
}

func TestRejectsHideFolders(t *testing.T) {
	m := empty(t)
	m["quality"] = result(t, "quality", []any{"orders", "shop", "loaded", 1, 20, 10, 0, 10})
	m["rejects"] = result(t, "rejects", []any{"shop", "amount", "not a number", 7, "/home/someone/exports/a.csv", 3, "xx"})
	d := build(t, m, Meta{})
	if d.Rejects[0].File != "a.csv" || d.OtherFault != 3 {
		t.Errorf("%+v, %d others", d.Rejects, d.OtherFault)
	}
}
