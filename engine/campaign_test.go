package engine_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"clientele/engine"
	"clientele/engine/table"
	"clientele/models/stat"
)

// hillstrom is Kevin Hillstrom's test of 64,000 customers as a workspace: customers
// with attributes, one campaign, and responses: a visit is a click, a conversion
// has its spend as value.
func hillstrom(t *testing.T) *engine.Engine {
	t.Helper()
	const path = "../../shared/data/hillstrom.csv"
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("the public data are not here: %v", err)
	}
	defer f.Close()
	var customers, responses strings.Builder
	customers.WriteString("customer_id,channel,history,mens,womens\n")
	responses.WriteString("campaign_id,customer_id,event,arm,occurred_at,value\n")
	arms := map[string]string{"Mens E-Mail": "mens", "Womens E-Mail": "womens", "No E-Mail": "control"}
	r := csv.NewReader(f)
	for n := 0; ; n++ {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			continue
		}
		// recency,history_segment,history,mens,womens,zip_code,newbie,channel,segment,visit,conversion,spend
		fmt.Fprintf(&customers, "H%05d,%s,%s,%s,%s\n", n, row[7], row[2], row[3], row[4])
		event := func(event, day, value string) {
			fmt.Fprintf(&responses, "mine,H%05d,%s,%s,2026-01-%s 09:00:00,%s\n", n, event, arms[row[8]], day, value)
		}
		event("assigned", "05", "")
		if row[9] == "1" {
			event("clicked", "06", "")
		}
		if row[10] == "1" {
			event("converted", "07", row[11])
		}
	}
	e := workspace(t)
	c := source("customers", write(t, e, "customers.csv", customers.String()))
	c.Map = map[string]string{"acquired_channel": "channel", "attribute.history": "history", "attribute.mens": "mens", "attribute.womens": "womens"}
	load(t, e, c, source("responses", write(t, e, "responses.csv", responses.String())),
		source("campaigns", write(t, e, "campaigns.csv", "campaign_id,name,channel,started_on,cost\nmine,Two e-mails,email,2026-01-05,1000\n")))
	return e
}

func campaignResult(t *testing.T, e *engine.Engine, r engine.CampaignReading) *engine.CampaignResult {
	t.Helper()
	out, err := e.CampaignResult(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// cells finds the row whose first columns have the texts given.
func cells(t *testing.T, section *table.Table, first ...string) map[string]float64 {
	t.Helper()
rows:
	for i := range section.Rows() {
		for k, want := range first {
			if got := string(section.Columns()[k].Texts.At(i)); !strings.HasPrefix(got, want) {
				continue rows
			}
		}
		out := map[string]float64{}
		for _, c := range section.Columns() {
			switch c.Kind {
			case table.Float:
				out[c.Name] = c.Floats[i]
			case table.Int:
				out[c.Name] = float64(c.Ints[i])
			}
		}
		return out
	}
	t.Fatalf("no row %v", first)
	return nil
}

// near asks for agreement to the digits that a figure is printed with.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %.10g, reference %.10g", what, got, want)
	}
}

// The figures of statistics.md, section 3, and of test_values.txt, B, from files
// to the table that people read.
func TestHillstrom(t *testing.T) {
	t.Parallel()
	e := hillstrom(t)
	at := engine.CampaignReading{Campaign: "mine", Outcome: "clicked", Covariate: "attribute.history", Ratio: []float64{1, 1, 1}, By: []string{"acquired_channel", "attribute.mens"}, AsOf: "2026-06-30"}
	visits := campaignResult(t, e, at)
	at.Outcome = "converted"
	sales := campaignResult(t, e, at)

	for _, arm := range []struct {
		name                  string
		n, visits, sales      float64
		spend, mean, variance float64
	}{
		{"mens", 21307, 3894, 267, 30311.69, 1.422616511, 315.2117989},
		{"womens", 21387, 3238, 189, 23038.11, 1.077201571, 228.4966748},
		{"control", 21306, 2262, 122, 13908.33, .6527893551, 134.2863719},
	} {
		v, s := cells(t, visits.Section("arms"), arm.name), cells(t, sales.Section("arms"), arm.name)
		near(t, arm.name+" customers", v["customers"], arm.n, 0)
		near(t, arm.name+" visits", v["responded"], arm.visits, 0)
		near(t, arm.name+" sales", s["responded"], arm.sales, 0)
		near(t, arm.name+" spend", s["spend"], arm.spend, .005)
		near(t, arm.name+" mean", s["spend_mean"], arm.mean, 5e-10)
	}
	for _, want := range []struct {
		of                *engine.CampaignResult
		arm               string
		lift, relative, z float64
		low, high         float64
		p, pTolerance     float64
		cuped, cupedT     float64
	}{
		{of: visits, arm: "mens", lift: .07658956, relative: .721405, z: 22.486041, low: .06995331, high: .08322674, p: 5.68517e-112, pTolerance: 1e-117, cuped: .07641115, cupedT: 22.617819},
		{of: sales, arm: "mens", lift: .00680501, relative: 1.188422, z: 7.385114, low: .00501434, high: .00864072, p: 1.52322e-13, pTolerance: 1e-18},
		{of: visits, arm: "womens", lift: .04523311, relative: .426055, z: 13.949181, low: .03889410, high: .05157434, p: 3.1824e-44, pTolerance: 1e-48, cuped: .04509494, cupedT: 13.970015},
		{of: sales, arm: "womens", lift: .00311106, relative: .543313, z: 3.779561, low: .00150166, high: .00474547, p: .000157105, pTolerance: 1e-9},
	} {
		got := cells(t, want.of.Section("lift"), want.arm, "rate", "pooled z")
		near(t, want.arm+" lift", got["difference"], want.lift, 5e-9)
		near(t, want.arm+" relative", got["relative"], want.relative, 5e-7)
		near(t, want.arm+" z", got["statistic"], want.z, 5e-7)
		near(t, want.arm+" low", got["low"], want.low, 5e-9)
		near(t, want.arm+" high", got["high"], want.high, 5e-9)
		near(t, want.arm+" p", got["p"], want.p, want.pTolerance)
		if want.cuped != 0 {
			got := cells(t, want.of.Section("lift"), want.arm, "rate", "CUPED")
			// The reference takes theta from the two arms it compares.
			near(t, want.arm+" CUPED", got["difference"], want.cuped, 5e-9)
			near(t, want.arm+" CUPED t", got["statistic"], want.cupedT, 5e-7)
		}
	}
	for _, want := range []struct {
		arm                                        string
		diff, t, df, p, low, high, sum, u, uP, uTo float64
		cuped, cupedT                              float64
	}{
		{"mens", .76982716, 5.300140, 36671.1580, 1.16381e-07, .485140, 1.054515, 16402.71, 228527081, 1.582e-13, 1e-16, .76743850, 5.284842},
		{"womens", .42441222, 3.256372, 40064.8844, .0011294, .168957, .679868, 9076.90, 228545030, .000155452, 1e-9, .42270092, 3.243855},
	} {
		got := cells(t, sales.Section("lift"), want.arm, "spend", "Welch")
		near(t, want.arm+" spend", got["difference"], want.diff, 5e-9)
		near(t, want.arm+" t", got["statistic"], want.t, 5e-7)
		near(t, want.arm+" df", got["df"], want.df, 5e-5)
		near(t, want.arm+" p", got["p"], want.p, 5e-6*want.p)
		near(t, want.arm+" low", got["low"], want.low, 5e-7)
		near(t, want.arm+" high", got["high"], want.high, 5e-7)
		ranks := cells(t, sales.Section("lift"), want.arm, "spend", "ranks")
		near(t, want.arm+" U", ranks["statistic"], want.u, 0)
		near(t, want.arm+" U's p", ranks["p"], want.uP, want.uTo)
		cuped := cells(t, sales.Section("lift"), want.arm, "spend", "CUPED")
		near(t, want.arm+" CUPED", cuped["difference"], want.cuped, 5e-9)
		near(t, want.arm+" CUPED t", cuped["statistic"], want.cupedT, 5e-7)
		near(t, want.arm+" incremental", cells(t, sales.Section("money"), want.arm, "incremental revenue")["value"], want.sum, .005)
	}
	told := ""
	for _, w := range sales.Warnings {
		told += w.Code + ": " + w.En + "\n"
	}
	if !strings.Contains(told, "0.2025") || !strings.Contains(told, "several_arms: There are 2 arms beside control") {
		t.Errorf("the chi-square of the sizes, .20253125, or the number of arms is not told:\n%s", told)
	}
	// Both arms at once: Newcombe's interval at 97.5 %, in the sentence, the rows and the money.
	mens := stat.CompareProportions(stat.Proportion{K: 267, N: 21307}, stat.Proportion{K: 122, N: 21306}, 0.975).Difference
	joint := cells(t, sales.Section("lift"), "mens", "rate", "all arms together")
	near(t, "mens low, together", joint["low"], mens.Low, 1e-12)
	near(t, "mens high, together", joint["high"], mens.High, 1e-12)
	near(t, "customers, together", cells(t, sales.Section("money"), "mens", "incremental customers")["high"], 21307*mens.High, 1e-9)
	sentence := fmt.Sprintf("mens: 0.68 points more of those assigned responded than of control (95%%: %+.2f to %+.2f).", 100*mens.Low, 100*mens.High)
	if !strings.HasPrefix(sales.Verdict.En, sentence) || !strings.Contains(sales.Verdict.En, " womens: 0.31 points more") {
		t.Errorf("%q is not in %q", sentence, sales.Verdict.En)
	}
	if strings.Contains(sales.Verdict.En, "No event sent") {
		t.Errorf("clicks show that messages were sent: %s", sales.Verdict.En)
	}
	web := cells(t, visits.Section("groups"), "acquired_channel", "Web", "mens")
	near(t, "web", web["rate"], .19441517, 5e-9)
	near(t, "web control", web["control_rate"], .11885202, 5e-9)
	if sales.Verdict.Code != "effect" || sales.Open {
		t.Errorf("%+v", sales.Verdict)
	}
}

// threeArms is a workspace with one campaign of two arms of 40 and 40 kept back, who order at day 10 or
// not; sent says of which arms sent events are loaded.
func threeArms(t *testing.T, responded map[string]int, sent ...string) *engine.Engine {
	t.Helper()
	var orders, responses strings.Builder
	orders.WriteString("order_id,customer_id,ordered_at,net\n")
	responses.WriteString("campaign_id,customer_id,event,arm,occurred_at\n")
	for a, arm := range []string{"coupon", "gift", "control"} {
		for i := range 40 {
			id := fmt.Sprintf("%s%02d", arm, i)
			fmt.Fprintf(&orders, "B%d%02d,%s,2025-12-%02d,%d\n", a, i, id, 1+i%20, 20+i)
			fmt.Fprintf(&responses, "spring,%s,assigned,%s,2026-03-02 09:00:00\n", id, arm)
			if slices.Contains(sent, arm) {
				fmt.Fprintf(&responses, "spring,%s,sent,,2026-03-02 10:00:00\n", id)
				fmt.Fprintf(&responses, "spring,%s,delivered,,2026-03-02 10:01:00\n", id)
			}
			if i < responded[arm] {
				fmt.Fprintf(&orders, "A%d%02d,%s,2026-03-12,%d\n", a, i, id, 30+i)
			}
		}
	}
	orders.WriteString("last,coupon00,2026-05-01,10\n")
	e := workspace(t)
	load(t, e, source("orders", write(t, e, "orders.csv", orders.String())), source("responses", write(t, e, "responses.csv", responses.String())))
	return e
}

// Until windows are over nothing is shown that holds for a single look at the end.
func TestLookBeforeTheEnd(t *testing.T) {
	e := threeArms(t, map[string]int{"coupon": 30, "gift": 12, "control": 10}, "coupon", "gift")
	r := engine.CampaignReading{Campaign: "spring", By: []string{"acquired_channel"}}
	over := campaignResult(t, e, r)
	if over.Open || over.Section("money") == nil || over.Section("groups") == nil {
		t.Errorf("after the end: open %t, sections %v", over.Open, over.Sections)
	}
	r.AsOf = "2026-03-20"
	open := campaignResult(t, e, r)
	if !open.Open || open.Section("money") != nil || open.Section("groups") != nil {
		t.Errorf("before the end: open %t, sections %v", open.Open, open.Sections)
	}
	lift := open.Section("lift")
	if lift.Rows() != 4 {
		t.Errorf("%d rows before the end, of two arms and two outcomes", lift.Rows())
	}
	for i := range lift.Rows() {
		if method := string(lift.Column("method").Texts.At(i)); method != "always valid (mSPRT), all arms together" {
			t.Errorf("%s stands before the end", method)
		}
	}
	codes := ""
	for _, w := range open.Warnings {
		codes += w.Code + " "
	}
	if !strings.Contains(codes, "windows_open") || strings.Contains(codes, "outliers") {
		t.Errorf("warnings before the end: %s", codes)
	}
	if v := open.Verdict; v.Code != "effect" || !strings.HasPrefix(v.En, "coupon: 50.00 points more") || !strings.Contains(v.En, "No effect is shown for gift") {
		t.Errorf("%+v", v)
	}
	// On the first days nobody has responded: there is nothing to compare.
	r.AsOf = "2026-03-05"
	first := campaignResult(t, e, r)
	if first.Verdict.Code != "too_early" || first.Section("lift") != nil {
		t.Errorf("%+v, sections %v", first.Verdict, first.Sections)
	}
}

// A comparison of arms to which nothing is known to have been sent says so.
func TestNothingSent(t *testing.T) {
	alike := map[string]int{"coupon": 10, "gift": 11, "control": 10}
	for _, c := range []struct {
		sent   []string
		en, zh string
	}{
		{nil, "No event sent of this campaign is loaded: if nobody was written to, this compares nothing with nothing.", "没有载入任何发送记录"},
		{[]string{"coupon"}, "No event sent of gift is loaded: if nobody of it was written to", "gift 没有载入发送记录"},
		{[]string{"coupon", "gift"}, "", ""},
	} {
		v := campaignResult(t, threeArms(t, alike, c.sent...), engine.CampaignReading{Campaign: "spring"}).Verdict
		if v.Code != "no_effect_shown" {
			t.Errorf("%+v", v)
		}
		if !strings.Contains(v.En, c.en) || !strings.Contains(v.Zh, c.zh) || (c.en == "") == strings.Contains(v.En, "No event sent") {
			t.Errorf("sent to %v: %s / %s", c.sent, v.En, v.Zh)
		}
	}
	// The campaigns file says how many were written to.
	e := threeArms(t, alike)
	load(t, e, source("campaigns", write(t, e, "campaigns.csv", "campaign_id,name,started_on,recipients\nspring,Spring,2026-03-02,80\n")))
	v := campaignResult(t, e, engine.CampaignReading{Campaign: "spring"}).Verdict
	if strings.Contains(v.En, "No event sent") {
		t.Errorf("80 recipients are known: %s", v.En)
	}
}

// Where nobody of control responded there is no ratio, nor an end of one; shares of what was
// delivered stand beside what follows a delivery.
func TestNoRatioToNothing(t *testing.T) {
	out := campaignResult(t, threeArms(t, map[string]int{"coupon": 5, "gift": 3}, "coupon"), engine.CampaignReading{Campaign: "spring"})
	got := cells(t, out.Section("lift"), "coupon", "rate", "pooled z")
	for _, name := range []string{"relative", "relative_low", "relative_high"} {
		if !math.IsNaN(got[name]) {
			t.Errorf("%s is %g, and nobody of control responded", name, got[name])
		}
	}
	funnel := out.Section("funnel")
	for i := range funnel.Rows() {
		step := string(funnel.Column("step").Texts.At(i))
		if of := funnel.Column("of_delivered"); !of.Missing(i) && (step == "assigned" || step == "sent" || step == "bounced" || step == "delivered") {
			t.Errorf("%s has a share of what was delivered, %g", step, of.Floats[i])
		}
	}
}
