// Package evaluate says how well forecasts did: errors of counts and money,
// ranking and calibration of probabilities, coverage of intervals, the plain
// rules that every model has to beat, and bootstrap intervals on differences.
// Pure functions over slices of one row for each customer. Slices of different
// lengths panic. A measure that the data do not define (a ranking where nobody
// bought, say) is NaN, and so is one of values that are missing (NaN): leave
// those customers out before.
package evaluate

import (
	"fmt"
	"math"

	"clientele/models/stat"
)

// Errors compares forecasts of counts or of money with what happened.
type Errors struct {
	N           int     // customers
	Forecast    float64 // total forecast
	Actual      float64 // what the total was
	Bias        float64 // Forecast / Actual: 0.9 is ten per cent too low; NaN where Actual is zero
	MAE         float64 // mean absolute error of a customer
	RMSE        float64 // root of the mean squared error
	Correlation float64 // Pearson's; NaN where either does not vary
}

// Forecast measures forecasts against actual values of the same unit. Money is
// measured the same way.
func Forecast(forecast, actual []float64) Errors {
	same(len(forecast), len(actual))
	e := Errors{N: len(actual), Bias: math.NaN(), MAE: math.NaN(), RMSE: math.NaN(), Correlation: math.NaN()}
	if e.N == 0 {
		return e
	}
	var absolute, square float64
	for i, f := range forecast {
		d := f - actual[i]
		e.Forecast += f
		e.Actual += actual[i]
		absolute += math.Abs(d)
		square += d * d
	}
	n := float64(e.N)
	if e.Actual != 0 {
		e.Bias = e.Forecast / e.Actual
	}
	e.MAE, e.RMSE = absolute/n, math.Sqrt(square/n)
	e.Correlation = stat.Correlation(forecast, actual)
	return e
}

func same(a, b int) {
	if a != b {
		panic(fmt.Sprintf("evaluate: slices of %d and %d rows", a, b))
	}
}
