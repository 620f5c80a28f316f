package lifecycle

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/modelstest"
)

const asOf = 20000

// bought is one customer's purchase days, counted back from the as-of day, oldest first.
type bought []int

// shop makes the summary of customers; orders are one a day.
func shop(customers ...bought) *table.Table {
	var fields []table.Field
	for _, name := range []string{"orders", "first_day", "last_day", "purchase_days", "previous_day"} {
		fields = append(fields, table.Field{Name: name, Kind: table.Int})
	}
	in := table.Make(len(customers), fields...)
	for _, c := range in.Columns() {
		c.Null = make([]bool, len(customers))
	}
	for i, days := range customers {
		n := len(days)
		in.Ints("orders")[i], in.Ints("purchase_days")[i] = int64(n), int64(n)
		for _, name := range []string{"first_day", "last_day", "previous_day"} {
			in.Column(name).Null[i] = n == 0
		}
		in.Column("previous_day").Null[i] = n < 2
		if n > 0 {
			in.Ints("first_day")[i], in.Ints("last_day")[i] = int64(asOf-days[0]), int64(asOf-days[n-1])
		}
		if n > 1 {
			in.Ints("previous_day")[i] = int64(asOf - days[n-2])
		}
	}
	return in
}

func score(t rapid.TB, m *Model, in *table.Table) []string {
	t.Helper()
	f, err := m.Fit(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	dst := m.Spec().Make(in.Rows())
	if err := f.Score(context.Background(), dst, in); err != nil {
		t.Fatal(err)
	}
	stage := dst.Column("lifecycle_stage")
	var labels []string
	for _, code := range stage.Codes {
		labels = append(labels, stage.Labels[code])
	}
	return labels
}

func randomShop(n int) *table.Table {
	random := rand.New(rand.NewPCG(5, 5))
	customers := make([]bought, n)
	for i := range customers {
		day := random.IntN(900)
		for range random.IntN(5) {
			customers[i] = append(customers[i], day)
			if day -= 1 + random.IntN(300); day < 0 {
				break
			}
		}
	}
	return shop(customers...)
}

// modelstest.Missing is the one promise not kept: of a customer without an order
// the stage is known, prospect. TestProspects holds that.
func TestPromises(t *testing.T) {
	t.Run("defaults", func(t *testing.T) { modelstest.Run(t, &Model{AsOf: asOf}, randomShop(800), modelstest.Missing) })
	t.Run("own", func(t *testing.T) {
		modelstest.Run(t, &Model{AsOf: asOf, New: 10, Active: 20, AtRisk: 40, Lapsed: 60, WonBack: 100}, randomShop(800), modelstest.Missing)
	})
}

func TestProspects(t *testing.T) {
	in := shop(bought{5}, nil, bought{100, 5})
	in.Column("orders").Null[0] = true
	if got := strings.Join(score(t, &Model{AsOf: asOf}, in), " "); got != "prospect prospect active" {
		t.Error(got)
	}
	f, err := (&Model{AsOf: asOf}).Fit(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if r := f.Report(); r.Rows != 1 || r.Status != models.Fixed {
		t.Errorf("%+v: one customer has an order", r)
	}
}

// Each threshold on both of its sides, with the defaults 30, 90, 180, 365, gap 180.
func TestStages(t *testing.T) {
	for _, c := range []struct {
		days bought
		want string
	}{
		{nil, "prospect"},
		{bought{0}, "new"}, {bought{30}, "new"}, {bought{31}, "active"},
		{bought{10, 5}, "active"}, // two purchase days: no longer new
		{bought{90}, "active"}, {bought{91}, "at_risk"}, {bought{180}, "at_risk"}, {bought{181}, "lapsed"},
		{bought{365}, "lapsed"}, {bought{366}, "lost"}, {bought{5000}, "lost"},
		{bought{181, 0}, "won_back"}, {bought{180, 0}, "active"}, // a gap of 181, and of 180
		{bought{900, 400, 90}, "won_back"}, {bought{900, 400, 91}, "at_risk"}, // won back until silence grows
		{bought{900, 400, 20, 10}, "active"}, // bought again: the gap is closed
	} {
		if got := score(t, &Model{AsOf: asOf}, shop(c.days)); got[0] != c.want {
			t.Errorf("purchases %v days ago: %s, want %s", c.days, got[0], c.want)
		}
	}
}

// The stages written as conditions that stand alone, each with everything it
// excludes: exactly one holds for any customer and any thresholds, and it is the one scored.
func TestStagesPartitionAllCustomers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.IntRange(0, 60)
		cuts := rapid.SliceOfN(day, 3, 3).Draw(t, "cuts")
		slices.Sort(cuts)
		m := &Model{AsOf: asOf, New: day.Draw(t, "new"), Active: cuts[0], AtRisk: cuts[1], Lapsed: cuts[2], WonBack: day.Draw(t, "won back")}
		th := m.thresholds()
		var days bought
		at := rapid.IntRange(0, 150).Draw(t, "first")
		for range rapid.IntRange(0, 4).Draw(t, "purchases") {
			days = append(days, at)
			if at -= rapid.IntRange(1, 70).Draw(t, "gap"); at < 0 {
				break
			}
		}
		n := len(days)
		silence, gap := int64(0), int64(0)
		if n > 0 {
			silence = int64(days[n-1])
		}
		if n > 1 {
			gap = int64(days[n-2] - days[n-1])
		}
		isNew := n == 1 && silence <= th.New
		holds := map[string]bool{
			"prospect": n == 0,
			"new":      isNew,
			"won_back": n > 1 && silence <= th.Active && gap > th.WonBack,
			"active":   n > 0 && !isNew && silence <= th.Active && (n == 1 || gap <= th.WonBack),
			"at_risk":  n > 0 && !isNew && silence > th.Active && silence <= th.AtRisk,
			"lapsed":   n > 0 && !isNew && silence > th.AtRisk && silence <= th.Lapsed,
			"lost":     n > 0 && !isNew && silence > th.Lapsed,
		}
		var which []string
		for stage, ok := range holds {
			if ok {
				which = append(which, stage)
			}
		}
		got := score(t, m, shop(days))
		if len(which) != 1 || got[0] != which[0] {
			t.Fatalf("purchases %v days ago, %+v: %v hold, scored %s", days, th, which, got[0])
		}
	})
}

func TestErrors(t *testing.T) {
	in := shop(bought{10, 5}, bought{3, -1})
	if _, err := (&Model{AsOf: asOf}).Fit(context.Background(), in); err == nil || !strings.Contains(err.Error(), "row 1") {
		t.Errorf("a purchase after the as-of day: %v", err)
	}
	for _, m := range []Model{{New: -1, Active: 1, AtRisk: 2, Lapsed: 3}, {Active: 5, AtRisk: 4, Lapsed: 9}, {Active: 5, AtRisk: 9, Lapsed: 8},
		{Active: -1}, {WonBack: -1}} {
		if _, err := m.Fit(context.Background(), shop(bought{1})); err == nil {
			t.Errorf("%+v is no error", m)
		}
	}
	for _, text := range []string{`{}`, `{"model":"lifecycle","active_days":5,"at_risk_days":2}`, `{"model":"lifecycle"} 1`} {
		if f, err := (&Model{}).Load([]byte(text)); err == nil {
			t.Errorf("Load of %s gave %+v", text, f)
		}
	}
}

func TestNames(t *testing.T) {
	want := map[int32]string{Prospect: "prospect", New: "new", Active: "active", AtRisk: "at_risk", Lapsed: "lapsed", Lost: "lost", WonBack: "won_back"}
	if len(Names()) != len(want) {
		t.Fatalf("%d names", len(Names()))
	}
	for code, key := range want {
		if n := Names()[code]; n.Key != key || n.En == "" || n.Zh == "" {
			t.Errorf("code %d: %+v", code, n)
		}
	}
}
