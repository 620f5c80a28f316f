package engine

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/engine/demo"
	"clientele/engine/internal/duck"
	"clientele/engine/list"
	"clientele/engine/table"
	"clientele/models"
	"clientele/models/evaluate"
	"clientele/models/stat"
)

// bought is the purchases of one customer of a generated shop, by day.
type purchaser struct {
	id   string
	days []int32
	net  []float64
}

// purchasers loads a generated shop and returns who bought what.
func purchasers(t *testing.T, customers int) []purchaser {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	if _, err := demo.Write(context.Background(), dir, demo.Options{Customers: customers, Seed: 5, Plain: true}); err != nil {
		t.Fatal(err)
	}
	e, err := Open(dir, time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), "test")
	if err != nil {
		t.Fatal(err)
	}
	var loadings []Loading
	for _, s := range e.Config.Sources {
		loadings = append(loadings, Loading{Source: s})
	}
	if _, err := e.Load(context.Background(), loadings); err != nil {
		t.Fatal(err)
	}
	var rows *table.Table
	err = e.read(context.Background(), func(db *duck.DB) error {
		rows, err = db.Query(context.Background(), "SELECT customer_id, ordered_day, CAST(net AS DOUBLE) AS net FROM orders WHERE counted ORDER BY customer_id, ordered_at")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []purchaser
	for i := range rows.Rows() {
		id := string(rows.Column("customer_id").Texts.At(i))
		if len(out) == 0 || out[len(out)-1].id != id {
			out = append(out, purchaser{id: id})
		}
		last := &out[len(out)-1]
		last.days, last.net = append(last.days, int32(rows.Ints("ordered_day")[i])), append(last.net, rows.Floats("net")[i])
	}
	return out
}

// trial assigns those who had bought by a day as a list does, lets those treated
// order once more with some probability, and reads the result.
type trial struct {
	day    int32
	effect float64 // probability that a treated customer orders although it would not have
	extra  float64 // what such an order is worth
}

// read returns the lift, and what the true ones are.
func (p trial) read(t *testing.T, shop []purchaser, k int) (l lift, rate, spend float64) {
	t.Helper()
	const window = 30
	rng := rand.New(rand.NewPCG(uint64(k), 77))
	var ids table.Strings
	ids.Offsets = []int32{0}
	var orders []int64
	var bought, before []float64
	for _, c := range shop {
		var n int64
		var within, earlier float64
		for i, d := range c.days {
			switch {
			case d < p.day:
				earlier += c.net[i]
			case d < p.day+window:
				n++
				within += c.net[i]
			}
		}
		if c.days[0] >= p.day {
			continue
		}
		ids.AppendString(c.id)
		orders, bought, before = append(orders, n), append(bought, within), append(before, earlier)
	}
	n := len(orders)
	arms := list.Draw{Key: []byte("a key of sixteen"), Seed: fmt.Sprint("campaign ", k), IDs: ids, Share: 0.4, Workers: 1}.Assign()
	treated, control := &arm{name: "treated"}, &arm{name: ControlArm}
	for i, a := range arms {
		persuaded := rng.Float64() < p.effect
		if orders[i] == 0 { // what the effect is on average, over everybody
			rate += p.effect / float64(n)
			spend += p.effect * p.extra / float64(n)
		}
		if a == list.InControl {
			control.customers = append(control.customers, int32(i))
			continue
		}
		treated.customers = append(treated.customers, int32(i))
		if persuaded && orders[i] == 0 {
			orders[i], bought[i] = 1, bought[i]+p.extra
		}
	}
	nothing := make([]float64, n)
	c := &campaignReader{Engine: &Engine{}, r: CampaignReading{Outcome: outcomeOrders}, out: &CampaignResult{}}
	c.people = table.New(
		&table.Column{Field: table.Field{Name: "customer_id", Kind: table.Text}, Texts: ids},
		&table.Column{Field: table.Field{Name: "orders", Kind: table.Int}, Ints: orders},
		&table.Column{Field: table.Field{Name: "events", Kind: table.Int}, Ints: make([]int64, n)},
		&table.Column{Field: table.Field{Name: "bought", Kind: table.Float}, Floats: bought},
		&table.Column{Field: table.Field{Name: "refunded", Kind: table.Float}, Floats: nothing},
		&table.Column{Field: table.Field{Name: "event_value", Kind: table.Float}, Floats: nothing},
	)
	c.Config.Resources.Threads = 1
	return c.lift(c.outcomeOf("treated", treated.customers, before), c.outcomeOf(ControlArm, control.customers, before), 1), rate, spend
}

// A thousand campaigns that do nothing, on a generated shop: one in twenty is
// called an effect, whichever way it is read. A thousand with a known effect: 19 of
// 20 intervals hold it.
func TestThousandCampaigns(t *testing.T) {
	t.Parallel()
	const campaigns = 1000
	shop := purchasers(t, 2500)
	first, last := shop[0].days[0], shop[0].days[0]
	for _, c := range shop {
		first, last = min(first, c.days[0]), max(last, c.days[len(c.days)-1])
	}
	type count map[string]int
	alarms, held := count{}, count{}
	for k := range campaigns {
		day := first + (last-first)/2 + int32(k)*((last-first)/2-30)/campaigns
		l, _, _ := trial{day: day}.read(t, shop, k)
		for name, p := range map[string]float64{"rate": l.rateP(), "spend": l.spend.P, "rate, CUPED": l.cupedRate.P, "spend, CUPED": l.cupedSpend.P, "spend, ranks": l.ranks.P} {
			if p < alpha {
				alarms[name]++
			}
		}
		if l.resampled.Low > 0 || l.resampled.High < 0 {
			alarms["spend, bootstrap"]++
		}
		l, rate, spend := trial{day: day, effect: 0.08, extra: 60}.read(t, shop, campaigns+k)
		for name, in := range map[string]struct{ low, high, truth float64 }{
			"rate": {l.rates.Difference.Low, l.rates.Difference.High, rate}, "spend": {l.spend.Low, l.spend.High, spend},
			"spend, bootstrap": {l.resampled.Low, l.resampled.High, spend},
			"rate, CUPED":      {l.cupedRate.Low, l.cupedRate.High, rate}, "spend, CUPED": {l.cupedSpend.Low, l.cupedSpend.High, spend},
		} {
			if in.low <= in.truth && in.truth <= in.high {
				held[name]++
			}
		}
	}
	for name, n := range alarms {
		t.Logf("false alarms, %s: %d of %d", name, n, campaigns)
		if share := float64(n) / campaigns; share < 0.035 || share > 0.065 {
			t.Errorf("%s: %.1f %% of campaigns without effect are called an effect", name, 100*share)
		}
	}
	for name, n := range held {
		t.Logf("intervals that hold the truth, %s: %d of %d", name, n, campaigns)
		if share := float64(n) / campaigns; share < 0.93 || share > 0.97 {
			t.Errorf("%s: %.1f %% of intervals hold the known lift", name, 100*share)
		}
	}
}

// madeUp is what an arm of a made-up campaign did: who responded, at a rate, and what each who did
// spent, of an exponential law.
func madeUp(rng *rand.Rand, name string, n int, rate float64) outcome {
	o := outcome{name: name, converted: stat.Proportion{N: n}, spend: make([]float64, n)}
	for i := range o.spend {
		if rng.Float64() < rate {
			o.converted.K++
			o.spend[i] = 50 * rng.ExpFloat64()
		}
	}
	return o
}

// The sentence at the head of campaigns of five arms: where none does anything it tells of an
// effect or of harm once in twenty, as seldom as with one arm, although it names whichever is best;
// and its intervals, of rates and of spend, hold the truth of all arms together in 19 of 20.
func TestHeadlineOfSeveralArms(t *testing.T) {
	t.Parallel()
	const campaigns, customers, arms = 2000, 400, 5
	rates := []float64{0.2, 0.24, 0.2, 0.17, 0.2}
	rng := rand.New(rand.NewPCG(3, 14))
	var called, naive, held, heldSpend int
	for range campaigns {
		control := madeUp(rng, ControlArm, customers, 0.2)
		c := &campaignReader{r: CampaignReading{Outcome: outcomeOrders}, out: &CampaignResult{}, people: table.New()}
		var lifts []lift
		wrong := false
		for k := range arms {
			l := plainLift(madeUp(rng, fmt.Sprint("arm ", k), customers, 0.2), control, arms)
			wrong = wrong || l.rates.Difference.Low > 0 || l.rates.Difference.High < 0
			lifts = append(lifts, l)
		}
		correct(lifts)
		if c.verdict(lifts); c.out.Verdict.Code != "no_effect_shown" {
			called++
		}
		if wrong {
			naive++
		}
		all, allSpend := true, true
		for _, rate := range rates {
			l := plainLift(madeUp(rng, "arm", customers, rate), control, arms)
			d, _ := l.rate(false)
			all = all && d.Low <= rate-0.2 && rate-0.2 <= d.High
			s := l.money()
			allSpend = allSpend && s.Low <= 50*(rate-0.2) && 50*(rate-0.2) <= s.High
		}
		if all {
			held++
		}
		if allSpend {
			heldSpend++
		}
	}
	share := func(n int) float64 { return float64(n) / campaigns }
	t.Logf("false alarms: %.3f, of the best arm uncorrected %.3f; intervals hold the truth of all arms: rates %.3f, spend %.3f", share(called), share(naive), share(held), share(heldSpend))
	if share(called) < 0.02 || share(called) > 0.06 {
		t.Errorf("%.1f %% of campaigns of %d arms without effect are called an effect", 100*share(called), arms)
	}
	if share(naive) < 0.1 {
		t.Errorf("uncorrected %.1f %% would be called an effect: this test shows nothing", 100*share(naive))
	}
	for name, n := range map[string]int{"rates": held, "spend": heldSpend} {
		if share(n) < 0.94 || share(n) > 0.985 {
			t.Errorf("%s: %.1f %% of campaigns have intervals that hold the truth of all arms", name, 100*share(n))
		}
	}
}

// The sentence names the arms that harm beside those that help, and what is said of all.
func TestVerdictNamesHarm(t *testing.T) {
	of := func(name string, k int) outcome {
		o := outcome{name: name, converted: stat.Proportion{K: k, N: 1000}, spend: make([]float64, 1000)}
		for i := range k {
			o.spend[i] = 10 + float64(i%3)
		}
		return o
	}
	read := func(open bool, ks map[string]int) models.Warning {
		control := of(ControlArm, 200)
		c := &campaignReader{out: &CampaignResult{Open: open, To: 20_000}, people: table.New()}
		var lifts []lift
		for _, name := range slices.Sorted(maps.Keys(ks)) {
			l := plainLift(of(name, ks[name]), control, len(ks))
			if open {
				l.looks(1, stat.MomentsOf(l.arm.spend), stat.MomentsOf(control.spend), len(ks))
			}
			lifts = append(lifts, l)
		}
		correct(lifts)
		c.verdict(lifts)
		return c.out.Verdict
	}
	v := read(false, map[string]int{"coupon": 280, "gift": 290, "nagging": 120, "plain": 205})
	if v.Code != "effect_and_harm" {
		t.Errorf("%s: %s", v.Code, v.En)
	}
	for _, part := range []string{"gift: 9.00 points more", "coupon: 8.00 points more", "nagging: fewer of those assigned responded than of control, by 8.00 points", "No effect is shown for plain, +0.50 points (95%: "} {
		if !strings.Contains(v.En, part) {
			t.Errorf("%q is not in: %s", part, v.En)
		}
	}
	if strings.Index(v.En, "gift") > strings.Index(v.En, "coupon") {
		t.Errorf("the best arm does not stand first: %s", v.En)
	}
	for _, part := range []string{"gift：响应率比对照组高 9.00 个百分点", "nagging：响应率比对照组低 8.00 个百分点", "未显示出效果：plain：+0.50 个百分点"} {
		if !strings.Contains(v.Zh, part) {
			t.Errorf("%q is not in: %s", part, v.Zh)
		}
	}
	// 24.0 % against 20 % is an effect by itself, and none when it is the best of four.
	alone, best := read(false, map[string]int{"coupon": 240}), read(false, map[string]int{"a": 198, "b": 200, "c": 203, "coupon": 240})
	if alone.Code != "effect" || best.Code != "no_effect_shown" {
		t.Errorf("alone %s, as the best of four %s: %s", alone.Code, best.Code, best.En)
	}
	if !strings.Contains(best.En, "No effect is shown for any of 4 arms: the greatest difference is that of coupon, +4.00 points") {
		t.Error(best.En)
	}
	if v := read(false, map[string]int{"nagging": 120, "plain": 201}); v.Code != "harm" {
		t.Errorf("%s: %s", v.Code, v.En)
	}
	if v := read(true, map[string]int{"nagging": 100, "gift": 400}); v.Code != "effect_and_harm" || !strings.Contains(v.En, "open until") || strings.Contains(v.En, "Revenue") {
		t.Errorf("%s: %s", v.Code, v.En)
	}
	if v := read(true, map[string]int{"gift": 240}); v.Code != "no_effect_shown" {
		t.Errorf("at a look before the end: %s: %s", v.Code, v.En)
	}
}

// Looked at on each of thirty days, campaigns without effect are called an effect
// by the intervals that allow for looking less often than once in twenty, and by the
// others much more often. Three arms are as good as one.
func TestLookingAllowsForLooking(t *testing.T) {
	for _, arms := range []int{1, 3} {
		t.Run(fmt.Sprint(arms), func(t *testing.T) { looking(t, arms) })
	}
}

func looking(t *testing.T, arms int) {
	const campaigns, looks, customers, daily = 400, 30, 1500, 0.005
	rng := rand.New(rand.NewPCG(9, 9))
	var fooled, naive int
	for range campaigns {
		list := make([]stat.Proportion, arms+1) // the last is control
		for i := range list {
			list[i].N = customers
		}
		p, wrong := 1.0, false
		for day := range looks {
			for i := range list {
				arm := &list[i]
				for range arm.N - arm.K { // who has ordered has responded
					if rng.Float64() < daily {
						arm.K++
					}
				}
			}
			b := list[arms]
			for _, a := range list[:arms] {
				l := lift{arm: outcome{converted: a}, control: outcome{converted: b}}
				l.looks(float64(day+1)/looks, stat.Moments{}, stat.Moments{}, arms)
				if l.lookRate != nil && (l.lookRate.Difference.Low > 0 || l.lookRate.Difference.High < 0) {
					p = 0
				}
				wrong = wrong || stat.CompareProportions(a, b, level).Pooled.P < alpha
			}
		}
		if p < alpha {
			fooled++
		}
		if wrong {
			naive++
		}
	}
	t.Logf("of %d: %d by always-valid readings, %d by plain ones", campaigns, fooled, naive)
	if _, high := evaluate.Wilson(fooled, campaigns, 0.999); float64(fooled)/campaigns > 0.05 && high > 0.09 {
		t.Errorf("%d of %d campaigns without effect are called one", fooled, campaigns)
	}
	if naive < 2*campaigns/20 {
		t.Errorf("plain tests were fooled %d of %d times: this test shows nothing", naive, campaigns)
	}
}
