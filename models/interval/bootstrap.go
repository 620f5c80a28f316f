package interval

import (
	"context"
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"clientele/models/purchase"
	own "clientele/models/stat"
)

// Bootstrap refits the model to so many weighted resamples of the histories of
// its fit and returns the covariance of the estimates' logs (coefficients of
// covariates as they are) over them, to be set beside Fitted.Covariance. It asks
// the data where that one asks the curvature of the likelihood, which the model
// has to be right for. Resamples in which a refit finds no maximum are left
// out; failed says how many.
func Bootstrap(ctx context.Context, f *purchase.Fitted, h *purchase.Histories, draws int, seed uint64, workers int) (covariance *mat.SymDense, failed int, err error) {
	if f.Family() == nil {
		return nil, 0, errors.New("bootstrap: no model was fitted")
	}
	rows := make([][]float64, draws)
	own.Each(workers, draws, func(k int) {
		if ctx.Err() != nil {
			return
		}
		r, err := f.Refit(ctx, h.Resampled(seed+uint64(k)))
		if err != nil {
			return
		}
		rows[k] = r.Params()
		for i := range f.Family().Names() {
			rows[k][i] = math.Log(rows[k][i])
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	var values []float64
	for _, r := range rows {
		if r == nil {
			failed++
		}
		values = append(values, r...)
	}
	if draws-failed < 2 {
		return nil, failed, errors.New("bootstrap: fewer than two resamples could be fitted")
	}
	covariance = &mat.SymDense{}
	stat.CovarianceMatrix(covariance, mat.NewDense(draws-failed, len(f.Params()), values), nil)
	return covariance, failed, nil
}
