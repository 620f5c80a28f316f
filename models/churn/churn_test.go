package churn

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/modelstest"
)

func risks(p ...float64) *table.Table {
	return table.New(&table.Column{Field: table.Field{Name: "churn_risk", Kind: table.Float}, Floats: p})
}

func someRisks(n int) *table.Table {
	random := rand.New(rand.NewPCG(3, 3))
	p := make([]float64, n)
	for i := range p {
		p[i] = random.Float64()
		if i%13 == 5 {
			p[i] = math.NaN()
		}
	}
	return risks(p...)
}

func TestPromises(t *testing.T) {
	t.Run("defaults", func(t *testing.T) { modelstest.Run(t, &Model{}, someRisks(500)) })
	t.Run("own", func(t *testing.T) { modelstest.Run(t, &Model{Medium: 0, High: 0.9}, someRisks(500)) })
}

// The bands as the settings define them, thresholds included.
func TestBands(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		m    Model
		p    float64
		want string
	}{
		{Model{}, 0, "low"}, {Model{}, math.Nextafter(0.5, 0), "low"}, {Model{}, 0.5, "medium"},
		{Model{}, math.Nextafter(0.8, 0), "medium"}, {Model{}, 0.8, "high"}, {Model{}, 1, "high"}, {Model{}, nan, ""},
		{Model{Medium: 0.2, High: 0.2}, 0.2, "high"}, {Model{Medium: 0.2, High: 0.2}, 0.1, "low"},
		{Model{Medium: 0, High: 0.5}, 0, "medium"}, {Model{Medium: 1, High: 1}, 0.999, "low"},
	} {
		in := risks(c.p)
		f, err := c.m.Fit(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		dst := c.m.Spec().Make(1)
		if err := f.Score(context.Background(), dst, in); err != nil {
			t.Fatal(err)
		}
		got := ""
		if band := dst.Column("churn_band"); band.Codes[0] >= 0 {
			got = band.Labels[band.Codes[0]]
		}
		if got != c.want {
			t.Errorf("%+v: risk %v is %q, want %q", c.m, c.p, got, c.want)
		}
	}
}

func TestReport(t *testing.T) {
	fit := func(p ...float64) models.Report {
		f, err := (&Model{}).Fit(context.Background(), risks(p...))
		if err != nil {
			t.Fatal(err)
		}
		return f.Report()
	}
	if r := fit(0.1, 0.6, 0.9, math.NaN()); r.Rows != 3 || r.Status != models.Fixed || len(r.Warnings) != 0 {
		t.Errorf("%+v", r)
	}
	if r := fit(0.9, 0.95, 1); len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0].En, "band high") {
		t.Errorf("everyone in one band: %+v", r)
	}
	if r := fit(math.NaN()); r.Status != models.Skipped {
		t.Errorf("nobody has a risk: %+v", r)
	}
}

func TestWrongSettings(t *testing.T) {
	for _, m := range []Model{{Medium: 0.9, High: 0.5}, {Medium: -0.1, High: 0.5}, {Medium: 0.5, High: 1.1}, {Medium: math.NaN(), High: 0.5}, {Medium: 0.5}} {
		if _, err := m.Fit(context.Background(), risks(0.5)); err == nil {
			t.Errorf("%+v is no error", m)
		}
	}
	for _, text := range []string{`{}`, `{"model":"churn","medium":0.9,"high":0.1}`, `{"model":"rfm","medium":0.1,"high":0.2}`, `{"model":"churn","high":0.2}x`} {
		if f, err := (&Model{}).Load([]byte(text)); err == nil {
			t.Errorf("Load of %s gave %+v", text, f)
		}
	}
}

func TestNames(t *testing.T) {
	labels := (&Model{}).Spec().Out[0].Labels
	for code, want := range map[int32]string{Low: "low", Medium: "medium", High: "high"} {
		n := Names()[code]
		if n.Key != want || labels[code] != want || n.En == "" || n.Zh == "" {
			t.Errorf("code %d: %+v, label %q", code, n, labels[code])
		}
	}
}
