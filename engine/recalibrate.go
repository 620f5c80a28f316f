package engine

import (
	"context"
	"fmt"
	"math"

	"clientele/engine/table"
	"clientele/models"
)

// recalibration is the level at which the purchase model expects orders
// (purchase.Model.Level): what came in the last closed window over what would have
// been expected of it. The ranking of customers and all probabilities stay as they
// are. As a Model it scores nothing and only reports.
type recalibration struct {
	factor           float64 // 1 where there is nothing to go by
	forecast, actual float64 // orders of the window
	customers        int
}

// recalibrate sets the level by the last closed window. A saved purchase model keeps
// the level that it was saved with.
func (r *run) recalibrate(l *learned) {
	if r.frozen.family() != nil {
		l.warnings = append(l.warnings, models.Warning{Code: "recalibrate_frozen",
			En: "models.recalibrate has no effect on a saved purchase model, which keeps the level that it was saved with.",
			Zh: "models.recalibrate 对已保存的复购模型无效：其水平保持保存时的取值。"})
		return
	}
	l.level = &recalibration{factor: 1}
	if l.origin != nil {
		l.level.learn(l.origin.get(l.family.Name()), l.origin.orders)
	}
	if l.level.customers == 0 {
		l.warnings = append(l.warnings, models.Warning{Code: "recalibrate_nothing",
			En: fmt.Sprintf("Expected orders are not recalibrated: there is no past day with a closed window after it on which %s could be fitted, and orders came.", l.family.Title()),
			Zh: fmt.Sprintf("预计订单数未做总量校准：没有这样的历史统计日，其窗口已结束、可拟合 %s 且窗口内有订单。", l.family.Title())})
	}
}

// learn takes the factor from the forecast of a window and the orders that came in it.
// A plainer method that stood in for the model says nothing of the model's level.
func (m *recalibration) learn(f *forecast, came []float64) {
	if f.fitted == nil || !f.fitted.Modelled() {
		return
	}
	var forecast, actual float64
	customers := 0
	for i, v := range f.orders {
		if math.IsNaN(v) {
			continue
		}
		forecast, actual, customers = forecast+v, actual+came[i], customers+1
	}
	if forecast > 0 && actual > 0 {
		*m = recalibration{factor: actual / forecast, forecast: forecast, actual: actual, customers: customers}
	}
}

// Spec implements models.Model.
func (m *recalibration) Spec() models.Spec {
	return models.Spec{Name: "recalibration", Doc: "The level of expected orders, by the last closed window."}
}

// Fit implements models.Model: the level is known from looking back.
func (m *recalibration) Fit(ctx context.Context, _ *table.Table) (models.Fitted, error) {
	return m, ctx.Err()
}

// Score implements models.Fitted: it has no columns.
func (m *recalibration) Score(ctx context.Context, _, _ *table.Table) error { return ctx.Err() }

// Report implements models.Fitted.
func (m *recalibration) Report() models.Report {
	return models.Report{Model: "recalibration", Status: models.Fixed, Method: "last_window", LogLikelihood: math.NaN(), Rows: m.customers,
		Parameters: []models.Parameter{{Name: "factor", Value: m.factor}, {Name: "forecast", Value: m.forecast}, {Name: "actual", Value: m.actual}}}
}
