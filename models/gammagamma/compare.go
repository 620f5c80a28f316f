package gammagamma

import (
	"math"

	"clientele/engine/table"
)

// LogLikelihoodOf returns the log-likelihood of the mean spends of in at f's
// parameters, whatever f was fitted to, and how many customers it is of: NaN where no
// model was fitted. Values for different rows cannot be compared. in has the columns
// that Fit reads.
func (f *Fitted) LogLikelihoodOf(in *table.Table) (value float64, customers int, err error) {
	c, err := f.Reader(in)
	if err != nil {
		return math.NaN(), 0, err
	}
	parts, of := f.Parts(in)
	x, mean := make([][]float64, len(parts)), make([][]float64, len(parts))
	for i, k := range of {
		if n, total, ok := c.At(i); ok {
			x[k], mean[k] = append(x[k], float64(n)), append(mean[k], total/float64(n))
		}
	}
	for k, p := range parts {
		if len(x[k]) == 0 {
			continue
		}
		if p.method != MethodGammaGamma {
			return math.NaN(), 0, nil
		}
		value += LogLikelihood(p.params, x[k], mean[k])
		customers += len(x[k])
	}
	return value, customers, nil
}
