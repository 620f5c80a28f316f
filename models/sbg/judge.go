package sbg

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"

	"clientele/models"
)

// The bounds from which a poor fit is named: of the test, and of the distance of
// the curves, since with many customers a test finds every trifle. The distance is
// taken at renewals to which some share of the customers came: beyond, the plain
// curve is that of a handful.
const (
	poorP   = 0.01
	poorGap = 0.01
	handful = 0.05
)

// judge compares the model with what was seen.
func (f *Fitted) judge(r Renewals) {
	var left, expected, variance, stayed float64 // of neighbours
	cells := 0
	model, plain := 1.0, 1.0
	for t, came := range r.Came {
		if came == 0 {
			break
		}
		rate := f.LeaveRate(t + 1)
		left += r.Left[t]
		expected += came * rate
		stayed += came * (1 - rate)
		variance += came * rate * (1 - rate)
		if expected >= 5 && stayed >= 5 {
			f.ChiSquare += (left - expected) * (left - expected) / variance
			cells++
			left, expected, variance, stayed = 0, 0, 0, 0
		}
		model *= 1 - rate
		plain *= 1 - r.Left[t]/came
		if gap := math.Abs(model - plain); gap > f.Gap && came >= handful*r.Came[0] {
			f.Gap, f.GapAt = gap, t+1
		}
	}
	estimated := 1
	if f.Status == Interior {
		estimated = 2
	}
	f.DF, f.P = max(cells-estimated, 0), math.NaN()
	if f.DF > 0 {
		f.P = mathext.GammaIncRegComp(float64(f.DF)/2, f.ChiSquare/2)
	}
	if f.P < poorP && f.Gap > poorGap {
		f.Warnings = append(f.Warnings, models.Warning{Code: "poor_fit",
			En: fmt.Sprintf("The model describes these renewals poorly: after renewal %d its share of customers is %.1f points off the observed one (chi-square test: p = %.2g). Several kinds of contract in one, or periods in which nobody can leave, are reasons: fit each kind by itself, and count its own renewals. Forecasts are that uncertain at least.", f.GapAt, 100*f.Gap, f.P),
			Zh: fmt.Sprintf("模型对这些续约数据的拟合不佳：第 %d 次续约后，留存比例与实际相差 %.1f 个百分点（卡方检验 p = %.2g）。可能的原因是混合了多种合同，或存在不能退出的期间：请按合同分别拟合，并按各自的续约次数计数。预测至少有这么大的不确定性。", f.GapAt, 100*f.Gap, f.P)})
	}
}
