// Package clv joins purchases and spend into a customer's lifetime value over
// the configured horizon: discounted orders times spend times margin.
package clv

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"clientele/engine/table"
	"clientele/models"
)

// Model is the estimator; it learns nothing.
type Model struct {
	Margin float64 `json:"margin"` // share of spend that is margin, above zero to 1; zero: 1, values are revenue
}

// Name is the model's name in the models table.
const Name = "clv"

// Method names the formula in Report.Method.
const Method = "discounted_orders_times_spend"

// Spec implements models.Model.
func (m *Model) Spec() models.Spec {
	return models.Spec{
		Name: Name,
		Doc:  "Customer lifetime value: discounted orders times spend times margin, before refunds.",
		In: []table.Field{
			{Name: "discounted_orders", Kind: table.Float, Unit: "orders"},
			{Name: "expected_spend", Kind: table.Float, Unit: "money"},
		},
		Out: []table.Field{
			{Name: "clv", Kind: table.Float, Unit: "money",
				Doc:   "Customer lifetime value: discounted value of the repeat purchases expected within the horizon after the as-of date (discounted_orders times expected_spend times margin), before refunds; sales before refunds where margin is 1.",
				DocZh: "客户终身价值：统计日之后、预测期内预计复购的折现价值（discounted_orders × expected_spend × 毛利率），未扣除退款；毛利率为 1 时为未扣退款的销售额。"},
		},
	}
}

// Fitted multiplies. It is safe for concurrent use.
type Fitted struct {
	Margin float64 `json:"margin"`
	Rows   int     `json:"rows"` // seen by Fit with both columns present
}

// Fit implements models.Model.
func (m *Model) Fit(ctx context.Context, in *table.Table) (models.Fitted, error) {
	margin := m.Margin
	if margin == 0 {
		margin = 1
	}
	if !(margin > 0 && margin <= 1) {
		return nil, fmt.Errorf("%s: margin %v is not in (0, 1]", Name, m.Margin)
	}
	if err := m.Spec().Check(in); err != nil {
		return nil, err
	}
	f := &Fitted{Margin: margin}
	spend := in.Floats("expected_spend")
	for i, orders := range in.Floats("discounted_orders") {
		if !math.IsNaN(orders * spend[i]) {
			f.Rows++
		}
	}
	return f, ctx.Err()
}

// Load returns the Fitted whose JSON is given.
func (m *Model) Load(data []byte) (models.Fitted, error) {
	f := &Fitted{}
	if err := json.Unmarshal(data, f); err != nil {
		return nil, fmt.Errorf("load %s: %w", Name, err)
	}
	if !(f.Margin > 0 && f.Margin <= 1) {
		return nil, fmt.Errorf("load %s: margin %v is not in (0, 1]", Name, f.Margin)
	}
	return f, nil
}

// Report implements models.Fitted. The status is skipped where nobody had both
// inputs.
func (f *Fitted) Report() models.Report {
	r := models.Report{
		Model: Name, Status: models.Fixed, Method: Method,
		Parameters:    []models.Parameter{{Name: "margin", Value: f.Margin}},
		LogLikelihood: math.NaN(), Rows: f.Rows,
	}
	if f.Rows == 0 {
		r.Status = models.Skipped
	}
	return r
}

// Score implements models.Fitted. A customer without either input has no value.
func (f *Fitted) Score(ctx context.Context, dst, src *table.Table) error {
	if err := (&Model{}).Spec().Check(src); err != nil {
		return err
	}
	orders, spend := src.Floats("discounted_orders"), src.Floats("expected_spend")
	value := dst.Floats("clv")
	for i := range value {
		value[i] = orders[i] * spend[i] * f.Margin
	}
	return ctx.Err()
}
