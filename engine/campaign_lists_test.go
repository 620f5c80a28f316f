package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"clientele/engine/table"
)

// drawnCampaign is a campaign whose lists keep back shares of customers who order at other rates.
type drawnCampaign struct {
	list, arm     string
	share         float64
	treated, kept int
	rate          float64 // of all of its customers
}

func (c *campaignReader) of(t *testing.T, lists ...drawnCampaign) {
	t.Helper()
	ids, arms, drawnBy := textColumn("customer_id"), textColumn("arm"), textColumn("list_id")
	var orders []int64
	c.drawn = map[string]drawnList{}
	for _, l := range lists {
		c.drawn[l.list] = drawnList{l.share, l.treated + l.kept}
		for i := range l.treated + l.kept {
			arm, k, n := l.arm, i, l.treated
			if i >= l.treated {
				arm, k, n = ControlArm, i-l.treated, l.kept
			}
			ids.Texts.AppendString(fmt.Sprint(l.list, "-", i))
			arms.Texts.AppendString(arm)
			drawnBy.Texts.AppendString(l.list)
			responded := int64(0)
			if float64(k) < l.rate*float64(n) {
				responded = 1
			}
			orders = append(orders, responded)
		}
	}
	number := func(name string) *table.Column {
		return table.NewColumn(table.Field{Name: name, Kind: table.Float}, len(orders))
	}
	ones := table.NewColumn(table.Field{Name: "arms", Kind: table.Int}, len(orders))
	for i := range ones.Ints {
		ones.Ints[i] = 1
	}
	c.people = table.New(ids, arms, drawnBy, ones, &table.Column{Field: table.Field{Name: "orders", Kind: table.Int}, Ints: orders},
		table.NewColumn(table.Field{Name: "events", Kind: table.Int}, len(orders)), number("bought"), number("refunded"), number("event_value"))
	c.split()
	c.ownControls()
}

// Arms that lists of different customers drew are compared with those kept back from these lists:
// where the message does nothing, nothing is found, although the arms are nothing like each other.
func TestArmsOfDifferentLists(t *testing.T) {
	c := &campaignReader{r: CampaignReading{Outcome: outcomeOrders}, out: &CampaignResult{}}
	c.of(t, drawnCampaign{"1", "coupon", 0.2, 800, 200, 0.3}, drawnCampaign{"2", "gift", 0.2, 800, 200, 0.05}, drawnCampaign{"3", "gift", 0.2, 400, 100, 0.1})
	var lifts []lift
	for _, a := range c.treated() {
		lifts = append(lifts, plainLift(c.outcomeOf(a.name, a.customers, nil), c.outcomeOf(ControlArm, a.control.customers, nil), 2))
	}
	for k, want := range []int{200, 300} {
		if got := lifts[k].control.converted.N; got != want {
			t.Errorf("%s is compared with %d of control, %d were kept back from its lists", lifts[k].arm.name, got, want)
		}
		if d := lifts[k].rates.Difference.Value; d > 1e-9 || d < -1e-9 {
			t.Errorf("%s: a difference of %g where there is none", lifts[k].arm.name, d)
		}
	}
	if c.out.Warnings[0].Code != "own_control" || !strings.Contains(c.out.Warnings[0].En, "(coupon 200, gift 300)") {
		t.Errorf("%+v", c.out.Warnings)
	}
	if c.unlikeShares(nil) {
		t.Errorf("shares are alike: %s", c.out.Verdict.En)
	}
	if got := c.meant(); !slices.Equal(got, []float64{800, 1200, 500}) {
		t.Errorf("sizes meant: %v", got)
	}
}

// Lists of one arm that keep back different shares of different customers are not put together.
func TestListsOfDifferentShares(t *testing.T) {
	c := &campaignReader{r: CampaignReading{Outcome: outcomeOrders}, out: &CampaignResult{}}
	c.of(t, drawnCampaign{"1", "coupon", 0.1, 900, 100, 0.4}, drawnCampaign{"2", "coupon", 0.5, 500, 500, 0.1})
	if !c.unlikeShares(nil) || c.out.Verdict.Code != "unlike_shares" || !strings.Contains(c.out.Verdict.En, "(1 10%, 2 50%)") || c.out.Verdict.Zh == "" {
		t.Fatalf("%+v", c.out.Verdict)
	}
	groups := c.out.Section("groups")
	if groups == nil || groups.Rows() != 2 {
		t.Fatalf("groups by list: %+v", groups)
	}
	for i, d := range groups.Floats("difference") {
		if d > 1e-9 || d < -1e-9 {
			t.Errorf("list %s: a difference of %g where there is none", groups.Column("group").Texts.At(i), d)
		}
	}
	c.out.Open, c.out.To, c.out.Sections = true, 20_000, nil
	if !c.unlikeShares(nil) || !strings.Contains(c.out.Verdict.En, "From 2024-10-04 on") || len(c.out.Sections) > 0 {
		t.Errorf("before the end: %+v, %v", c.out.Verdict, c.out.Sections)
	}
	// Whom no list is known to have assigned has the whole control group, whatever its shares.
	c = &campaignReader{r: CampaignReading{Outcome: outcomeOrders}, out: &CampaignResult{}}
	c.of(t, drawnCampaign{"1", "coupon", 0.1, 900, 100, 0.4}, drawnCampaign{"2", "gift", 0.5, 500, 500, 0.1})
	c.drawn = nil
	c.ownControls()
	if c.treated()[0].control != c.control() || c.unlikeShares(nil) || c.meant() != nil {
		t.Error("lists that are not known are read")
	}
}
