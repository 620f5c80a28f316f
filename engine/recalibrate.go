package engine

import (
	"context"
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
	if l.origin == nil {
		return
	}
	f := l.origin.get(l.family.Name())
	for i := range f.orders {
		l.level.forecast, l.level.actual = l.level.forecast+f.orders[i], l.level.actual+l.origin.orders[i]
	}
	l.level.customers = len(f.orders)
	if l.level.forecast > 0 && l.level.actual > 0 {
		l.level.factor = l.level.actual / l.level.forecast
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
