package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"clientele/engine/demo"
	"clientele/engine/internal/duck"
	"clientele/engine/list"
	"clientele/engine/table"
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
	return c.lift(c.outcomeOf("treated", treated.customers, before), c.outcomeOf(ControlArm, control.customers, before)), rate, spend
}

// A thousand campaigns that do nothing, on a generated shop: one in twenty is
// called an effect, whichever way it is read. A thousand with a known effect: 19 of
// 20 intervals hold it.
func TestThousandCampaigns(t *testing.T) {
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

// Looked at on each of thirty days, campaigns without effect are called an effect
// by the intervals that allow for looking less often than once in twenty, and by the
// others much more often.
func TestLookingAllowsForLooking(t *testing.T) {
	const campaigns, looks, customers, daily = 400, 30, 1500, 0.005
	rng := rand.New(rand.NewPCG(9, 9))
	var fooled, naive int
	for range campaigns {
		a, b := stat.Proportion{N: customers}, stat.Proportion{N: customers}
		p, wrong := 1.0, false
		for day := range looks {
			for _, arm := range []*stat.Proportion{&a, &b} {
				for range arm.N - arm.K { // who has ordered has responded
					if rng.Float64() < daily {
						arm.K++
					}
				}
			}
			l := lift{arm: outcome{converted: a}, control: outcome{converted: b}}
			l.looks(float64(day+1)/looks, stat.Moments{}, stat.Moments{})
			if l.lookRate != nil {
				p = min(p, l.lookRate.P)
			}
			wrong = wrong || stat.CompareProportions(a, b, level).Pooled.P < alpha
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
