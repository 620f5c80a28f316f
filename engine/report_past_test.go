package engine

import (
	"math"
	"testing"

	"clientele/engine/report"
	"clientele/models/interval"
)

// What a forecast says of all customers together stands beside what came; rules say
// nothing of that.
func TestReportForecast(t *testing.T) {
	o := &origin{snapshot: &snapshot{orders: []float64{1, 0, 3}, spend: []float64{10, 0, 45}}}
	f := &forecast{name: "pareto_nbd", orders: []float64{1, 0.5, 1.5}, spend: []float64{12, 6, 18},
		total: interval.Total{Customers: 3, Orders: interval.Range{Mean: 3, Low: 1, High: 6}, Value: interval.Range{Mean: 36, Low: 9, High: 80}}}
	got := o.reportForecast(f, "pareto_nbd")
	if got.Total != (report.Range{Mean: 3, Low: 1, High: 6}) || got.SpendTotal != (report.Range{Mean: 36, Low: 9, High: 80}) {
		t.Errorf("totals %v, %v", got.Total, got.SpendTotal)
	}
	if got.Orders != 3 || got.Spend != 36 || !got.Used {
		t.Errorf("%+v", got)
	}
	f.total, f.spend = interval.Total{}, []float64{12, math.NaN(), 18}
	got = o.reportForecast(f, "bg_nbd")
	if got.Total != (report.Range{}) || !math.IsNaN(got.Spend) || got.Used {
		t.Errorf("without a total: %+v", got)
	}
}
