// Package lifecycle says at what stage a customer's own history stands, by rules
// that a reader can check by hand. Nothing is estimated.
//
// Silence is the days from the last purchase to the as-of date. The first rule
// that holds gives the stage:
//
//	prospect   no order
//	new        one purchase day, at most New days ago
//	won_back   silence <= Active, and the last two purchase days are more than WonBack days apart
//	active     silence <= Active
//	at_risk    silence <= AtRisk
//	lapsed     silence <= Lapsed
//	lost       longer
//
// So a customer who bought once is new, then active as long as the silence is
// short, then follows everyone else; one who returned stays won back until the
// next purchase, which closes the gap, or until silence makes the customer at risk.
// Thresholds are the same for everybody. Silence over the customer's own mean gap
// foretold churn worse than silence itself (AUC .745 against .793 on CDNOW, .672
// against .684 on Online Retail), and half of CDNOW's customers bought on one day
// only and have no gap; a customer's own rhythm belongs to the churn models.
package lifecycle

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"clientele/engine/table"
	"clientele/models"
)

// Model holds the as-of date and the thresholds, in days. When all five
// thresholds are zero the defaults hold: 30, 90, 180, 365 and 180; otherwise
// they count as they stand.
type Model struct {
	AsOf    int32 // the as-of date, days since 1970-01-01
	New     int   // first purchase at most so long ago, and no second purchase day: new
	Active  int   // last purchase at most so long ago: active
	AtRisk  int   // at most so long: at risk
	Lapsed  int   // at most so long: lapsed; longer: lost
	WonBack int   // active again after more days than this without a purchase: won back
}

// The codes of lifecycle_stage.
const (
	Prospect int32 = iota
	New
	Active
	AtRisk
	Lapsed
	Lost
	WonBack
	stages
)

// Name is how a stage is shown. Key is its label in lifecycle_stage.
type Name struct{ Key, En, Zh string }

// Names returns the display names of the stages, in the order of their codes.
func Names() []Name {
	return []Name{
		{"prospect", "Prospect", "潜在客户"},
		{"new", "New", "新客户"},
		{"active", "Active", "活跃客户"},
		{"at_risk", "At risk", "有流失风险"},
		{"lapsed", "Lapsed", "沉睡客户"},
		{"lost", "Lost", "已流失"},
		{"won_back", "Won back", "已挽回"},
	}
}

// thresholds are those of the settings, in days.
type thresholds struct {
	New     int64 `json:"new_days"`
	Active  int64 `json:"active_days"`
	AtRisk  int64 `json:"at_risk_days"`
	Lapsed  int64 `json:"lapsed_days"`
	WonBack int64 `json:"won_back_gap_days"`
}

func (m *Model) thresholds() thresholds {
	if m.New == 0 && m.Active == 0 && m.AtRisk == 0 && m.Lapsed == 0 && m.WonBack == 0 {
		return thresholds{New: 30, Active: 90, AtRisk: 180, Lapsed: 365, WonBack: 180}
	}
	return thresholds{int64(m.New), int64(m.Active), int64(m.AtRisk), int64(m.Lapsed), int64(m.WonBack)}
}

func (t thresholds) validate() error {
	if t.New < 0 || t.WonBack < 0 || t.Active < 0 || t.Active > t.AtRisk || t.AtRisk > t.Lapsed {
		return fmt.Errorf("lifecycle: thresholds new %d, active %d, at risk %d, lapsed %d, won back %d: none is negative, and active <= at risk <= lapsed",
			t.New, t.Active, t.AtRisk, t.Lapsed, t.WonBack)
	}
	return nil
}

// Validate reports thresholds that cannot be.
func (m *Model) Validate() error { return m.thresholds().validate() }

// Spec reads the customer's first, last and last but one purchase day.
func (m *Model) Spec() models.Spec { return spec(m.thresholds()) }

func spec(t thresholds) models.Spec {
	var labels []string
	for _, n := range Names() {
		labels = append(labels, n.Key)
	}
	date := func(name, doc, docZh string) table.Field {
		return table.Field{Name: name, Kind: table.Int, Unit: "days since 1970-01-01", Doc: doc, DocZh: docZh}
	}
	return models.Spec{
		Name: "lifecycle",
		Doc:  "Stage of the customer's history, by rules on days.",
		In: []table.Field{
			{Name: "orders", Kind: table.Int, Unit: "orders", Doc: "number of orders", DocZh: "订单数"},
			date("first_day", "first purchase day", "首次购买日"),
			date("last_day", "last purchase day", "最近购买日"),
			{Name: "purchase_days", Kind: table.Int, Unit: "days", Doc: "number of days with a purchase", DocZh: "有购买的天数"},
			date("previous_day", "the purchase day before the last", "最近购买日之前的一个购买日"),
		},
		Out: []table.Field{{Name: "lifecycle_stage", Kind: table.Category, Unit: "name", Labels: labels,
			Doc: fmt.Sprintf("stage by days since the last purchase: active to %d, at_risk to %d, lapsed to %d, then lost; new: one purchase day, at most %d days ago; "+
				"won_back: active after a gap of more than %d days; prospect: no order", t.Active, t.AtRisk, t.Lapsed, t.New, t.WonBack),
			DocZh: fmt.Sprintf("按距最近购买的天数划分：%d 天内 active（活跃），%d 天内 at_risk（有流失风险），%d 天内 lapsed（沉睡），更久为 lost（已流失）；"+
				"仅有一个购买日且在 %d 天内为 new（新客户）；间隔超过 %d 天后再次购买且仍活跃为 won_back（已挽回）；没有订单为 prospect（潜在客户）",
				t.Active, t.AtRisk, t.Lapsed, t.New, t.WonBack)}},
	}
}

// Fitted is the thresholds, the as-of date, and how many customers are at each stage.
type Fitted struct {
	learned
	spec models.Spec
}

type learned struct {
	Model string `json:"model"`
	AsOf  int32  `json:"as_of_day"`
	thresholds
	Customers [stages]int `json:"customers"` // by stage
}

// Fit counts the customers of each stage; nothing is estimated.
func (m *Model) Fit(ctx context.Context, in *table.Table) (models.Fitted, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	f := &Fitted{spec: m.Spec()}
	f.Model, f.AsOf, f.thresholds = f.spec.Name, m.AsOf, m.thresholds()
	err := f.each(ctx, in, func(_ int, stage int32) { f.Customers[stage]++ })
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Score writes lifecycle_stage. No stage is ever missing: a customer of whom
// nothing is known has no order. A purchase after the as-of date is an error.
func (f *Fitted) Score(ctx context.Context, dst, src *table.Table) error {
	codes := dst.Codes("lifecycle_stage")
	return f.each(ctx, src, func(i int, stage int32) { codes[i] = stage })
}

// each calls visit with the stage of every row.
func (f *Fitted) each(ctx context.Context, in *table.Table, visit func(i int, stage int32)) error {
	if err := f.spec.Check(in); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	orders, first, last := in.Column("orders"), in.Column("first_day"), in.Column("last_day")
	days, previous := in.Column("purchase_days"), in.Column("previous_day")
	for i := range in.Rows() {
		if orders.Missing(i) || orders.Int(i) <= 0 || first.Missing(i) || last.Missing(i) || days.Missing(i) {
			visit(i, Prospect)
			continue
		}
		c := history{first: first.Int(i), last: last.Int(i), days: days.Int(i), gap: -1}
		if c.days > 1 && !previous.Missing(i) {
			c.gap = c.last - previous.Int(i)
		}
		if c.last > int64(f.AsOf) {
			return fmt.Errorf("lifecycle: row %d: last purchase on day %d, after the as-of day %d", i, c.last, f.AsOf)
		}
		visit(i, f.stage(c))
	}
	return nil
}

// history is what the rules look at, for a customer with an order.
type history struct {
	first, last int64 // days since 1970-01-01
	days        int64 // purchase days
	gap         int64 // days between the last two purchase days; -1: one day only
}

// stage is the first rule of the package comment that holds.
func (f *Fitted) stage(c history) int32 {
	silence := int64(f.AsOf) - c.last
	switch {
	case c.days == 1 && int64(f.AsOf)-c.first <= f.New:
		return New
	case silence <= f.Active && c.gap > f.WonBack:
		return WonBack
	case silence <= f.Active:
		return Active
	case silence <= f.AtRisk:
		return AtRisk
	case silence <= f.Lapsed:
		return Lapsed
	}
	return Lost
}

// Report gives the thresholds; rows are the customers with an order.
func (f *Fitted) Report() models.Report {
	r := models.Report{
		Model: f.spec.Name, Status: models.Fixed, Method: "rules on days", LogLikelihood: math.NaN(),
		Parameters: []models.Parameter{
			{Name: "new_days", Value: float64(f.New)}, {Name: "active_days", Value: float64(f.Active)},
			{Name: "at_risk_days", Value: float64(f.AtRisk)}, {Name: "lapsed_days", Value: float64(f.Lapsed)},
			{Name: "won_back_gap_days", Value: float64(f.WonBack)},
		},
	}
	for stage, n := range f.Customers {
		if int32(stage) != Prospect {
			r.Rows += n
		}
	}
	return r
}

// MarshalJSON writes the as-of date, the thresholds and the counts.
func (f *Fitted) MarshalJSON() ([]byte, error) { return json.Marshal(f.learned) }

// Load restores a fit from its JSON, with the as-of date and thresholds of the JSON.
func (m *Model) Load(data []byte) (models.Fitted, error) {
	var l learned
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return nil, fmt.Errorf("lifecycle: saved fit: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("lifecycle: saved fit: text after its end")
	}
	if l.Model != "lifecycle" {
		return nil, fmt.Errorf("lifecycle: saved fit is of model %q", l.Model)
	}
	if err := l.validate(); err != nil {
		return nil, err
	}
	return &Fitted{learned: l, spec: spec(l.thresholds)}, nil
}
