package purchase

import (
	"fmt"
	"math"

	"clientele/engine/table"
)

// LogLikelihoodOf returns the log-likelihood of the rows of in at f's estimates,
// whatever f was fitted to, and how many customers it is of: NaN where no model was
// fitted. With what another Fitted says of the same rows it tells which of the two
// describes them better; values for different rows cannot be compared. in has the
// columns that Fit reads.
func (f *Fitted) LogLikelihoodOf(in *table.Table) (value float64, customers int, err error) {
	parts, of := f.Parts(in)
	rows := make([][]int, len(parts))
	for i, k := range of {
		rows[k] = append(rows[k], i)
	}
	for k, p := range parts {
		if p.family == nil && len(rows[k]) > 0 {
			return math.NaN(), 0, nil
		}
		if p.family == nil {
			continue
		}
		h, err := p.settings.Histories(in.Take(rows[k], p.settings.columns()...))
		if err != nil {
			return math.NaN(), 0, fmt.Errorf("%s: %w", f.report.Model, err)
		}
		q := newProblem(p.family, h, unscaled(h, len(p.settings.Buying)), p.settings.Workers)
		theta := p.logs()
		value += q.value(theta, make([]float64, len(theta)))
		customers += h.Rows
	}
	return value, customers, nil
}
