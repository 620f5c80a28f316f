package engine_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/demo"
)

// own sets rules as segments of the configuration, named by their place: r0, r1, ...
func own(e *engine.Engine, rules ...string) {
	e.Config.Segments = nil
	for i, rule := range rules {
		e.Config.Segments = append(e.Config.Segments, config.Own{Name: "r" + string(rune('0'+i)), Rule: rule})
	}
}

func preview(t testing.TB, e *engine.Engine, asOf, rule string) []string {
	t.Helper()
	p, err := e.Preview(context.Background(), asOf, rule, 0)
	if err != nil {
		t.Fatalf("%s: %v", rule, err)
	}
	var out []string
	for i := range p.Customers.Rows() {
		out = append(out, cell(p.Customers.Column("customer_id"), i))
	}
	if n := p.Totals.Ints("customers")[0]; n != int64(len(out)) {
		t.Errorf("%s: %d customers in all, %d listed", rule, n, len(out))
	}
	slices.Sort(out)
	return out
}

func ownMembers(t testing.TB, e *engine.Engine, asOf, name string) []string {
	t.Helper()
	return rows(t, e, "SELECT customer_id FROM segment_members WHERE scheme = 'own' AND segment = '"+name+"' AND as_of = DATE '"+asOf+"' ORDER BY 1")
}

// A run and a preview of that run agree on who is in a segment, on every day of
// history, and facts of later days change neither.
func TestPreviewIsTheRun(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "shop")
	if _, err := demo.Write(context.Background(), dir, demo.Options{Customers: 150, Seed: 5}); err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(dir, now(), "test")
	if err != nil {
		t.Fatal(err)
	}
	e.Config.Output.Reports = nil
	rules := []string{
		"clv > 100 or orders in 90 days >= 2", "city in ('杭州市', '上海市') and age > 30", "tag like '*' or birthday in 30 days",
		"spend on category '绿茶' in 365 days > 100 and not opened in 180 days", "no interaction in 365 days and not email_consent",
		"refunds or refunded in 365 days > 0", "segment 'r0' and not segment in ('Lost', 'r1')", "satisfaction in 2 years >= 4",
		"acquired_on < 2025-06-01 and last_order_on > as_of - 6 months", "segment 'high' of churn or lifecycle_stage = 'Active'",
	}
	own(e, rules...)
	history := map[string][]string{}
	for _, asOf := range []string{"2025-06-30", "2025-12-31"} {
		if _, err := e.Run(context.Background(), asOf, true); err != nil {
			t.Fatal(err)
		}
		for i, rule := range rules {
			name := "r" + string(rune('0'+i))
			got, want := preview(t, e, asOf, rule), ownMembers(t, e, asOf, name)
			if !slices.Equal(got, want) {
				t.Errorf("as of %s, %s: a preview chooses %d, the run %d", asOf, rule, len(got), len(want))
			}
			if strings.HasPrefix(rule, "clv") && len(got) == 0 {
				t.Errorf("as of %s, %s: nobody", asOf, rule)
			}
			history[asOf+rule] = got
		}
	}
	if slices.Equal(history["2025-06-30"+rules[0]], history["2025-12-31"+rules[0]]) {
		t.Error("half a year changed no segment: the test hardly tests")
	}
	for i, rule := range rules { // the later run left the earlier one as it was
		if got := ownMembers(t, e, "2025-06-30", "r"+string(rune('0'+i))); !slices.Equal(got, history["2025-06-30"+rule]) {
			t.Errorf("%s: members as of 2025-06-30 changed", rule)
		}
	}
}

// What the configuration leaves out, what does not count and what comes later is in
// no window; a merged customer's facts are together.
func TestWindowsKeepWhatCounts(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "orders.csv", `order_id,customer_id,ordered_at,net,status
1,a,2024-03-01,100,paid
2,a,2024-06-30,50,paid
3,a,2024-07-01,500,paid
4,b,2024-06-01,100,unpaid
5,b,2024-02-01,10,paid
test-6,c,2024-06-02,100,paid
7,c,2024-01-02,100,paid
`)
	loadText(t, e, "refunds", "refunds.csv", "refund_id,order_id,refunded_on,amount\nr1,1,2024-06-30,40\nr2,2,2024-07-01,50\n")
	e.Config.Exclude = []config.Exclusion{{Name: "tests", Orders: map[string][]string{"order_id": {"test-*"}}}}
	own(e, "orders in 365 days >= 2", "orders in 30 days", "spend in 122 days = 150", "spend in 121 days = 50", "refunded = 40", "no orders in 60 days", "orders = 2 and orders is known")
	score(t, e, "2024-06-30")
	for name, want := range map[string]string{
		"r0": "a", "r1": "a", "r2": "a", "r3": "a", "r4": "a", "r5": "b c", "r6": "a",
	} {
		if got := strings.Join(ownMembers(t, e, "2024-06-30", name), " "); got != want {
			t.Errorf("%s: %q, want %q", e.Config.Segments[name[1]-'0'].Rule, got, want)
		}
		if got := strings.Join(preview(t, e, "2024-06-30", e.Config.Segments[name[1]-'0'].Rule), " "); got != want {
			t.Errorf("preview of %s: %q, want %q", e.Config.Segments[name[1]-'0'].Rule, got, want)
		}
	}
}

// A segment of nobody or of everybody is doubted, in both languages.
func TestSegmentsThatTellNothing(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "orders.csv", "customer_id,ordered_at,net\na,2024-03-01,100\nb,2024-06-30,50\n")
	own(e, "clv > 1e9", "orders > 0", "orders in 30 days")
	var codes []string
	for _, w := range score(t, e, "2024-06-30").Warnings {
		if strings.HasPrefix(w.Code, "segment_") {
			codes = append(codes, w.Code)
			if !strings.Contains(w.En, `"r`) || !strings.Contains(w.Zh, "“r") {
				t.Errorf("%+v", w)
			}
		}
	}
	if !slices.Equal(codes, []string{"segment_empty", "segment_everybody"}) {
		t.Errorf("warnings %v", codes)
	}
	sizes, err := e.CheckOwn(context.Background())
	if err != nil || len(sizes) != 3 {
		t.Fatal(sizes, err)
	}
	for i, fault := range []string{"nobody", "everybody", ""} {
		if sizes[i].Fault() != fault || sizes[i].Of != 2 {
			t.Errorf("%+v: fault %q, want %q", sizes[i], sizes[i].Fault(), fault)
		}
	}
}

// A rule that cannot be is found before anything is read or written, by its place.
func TestBrokenRules(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "orders.csv", "customer_id,ordered_at,net\na,2024-03-01,100\n")
	for _, c := range []struct{ rules, want string }{
		{"clv > 5|clv >", "segments[1].rule (r1): character 6: expected a number"},
		{"clw > 5", "segments[0].rule (r0): character 1: no column 'clw': did you mean clv?"},
		{"segment 'r1'|clv > 5", "segments[0].rule (r0): character 1: no segment 'r1'"},
		{"segment 'r0'", "no segment 'r0'"},
	} {
		own(e, strings.Split(c.rules, "|")...)
		for name, run := range map[string]func() error{
			"run":     func() error { _, err := e.Run(context.Background(), "latest", false); return err },
			"score":   func() error { _, err := e.Score(context.Background(), "latest"); return err },
			"check":   func() error { _, err := e.CheckOwn(context.Background()); return err },
			"preview": func() error { _, err := e.Preview(context.Background(), "", "clv > 5", 0); return err },
		} {
			if err := run(); err == nil || !strings.Contains(err.Error(), c.want) && name != "preview" {
				t.Errorf("%s, %s: %v, want %s", c.rules, name, err, c.want)
			}
		}
	}
}
