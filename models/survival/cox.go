package survival

import (
	"context"
	"errors"
	"fmt"
	"math"

	"clientele/models"
)

// Ties says how customers that leave at the same time are taken.
type Ties string

// The rules for ties. Without ties they agree.
const (
	Efron   Ties = "efron"   // as if they had left one after the other, averaged (Efron 1977); R's default
	Breslow Ties = "breslow" // as if each had left from among all (Breslow 1974)
)

// Settings of a Cox regression. The zero value is Efron's ties and 95 % intervals.
type Settings struct {
	Ties  Ties
	Level float64  // of the intervals; 0: 0.95
	Names []string // of the columns, for Coefficients and warnings; nil: x1, x2 ...
}

// Determined says what the data know of a coefficient.
type Determined string

// What is known of a coefficient.
const (
	Estimated Determined = "estimated"
	// Infinite: the likelihood rises for ever as it grows, because the column tells
	// without exception who leaves first (a level in which nobody left, say).
	Infinite Determined = "infinite"
	// Collinear: the columns before it make the column up, or it does not vary among
	// those at risk when somebody leaves. It is left out.
	Collinear Determined = "collinear"
)

// Coefficient is the effect of one column: the log of the factor by which the
// rate of leaving grows with one unit of it.
type Coefficient struct {
	Name         string
	Determined   Determined
	Estimate     float64 // NaN: Collinear; ±Inf: Infinite
	StdErr       float64 // NaN unless Estimated, as all that follows but HazardRatio
	Z, P         float64 // Wald's test of no effect, two-sided
	HazardRatio  float64 // e^Estimate
	Lower, Upper float64 // interval of the hazard ratio
}

// Cox is a fitted regression of the rate of leaving on columns: the rate of a
// customer with columns x is a baseline rate, any function of time, times
// e^(x b) (Cox 1972).
type Cox struct {
	Ties         Ties
	Level        float64
	Rows         int
	Customers    float64 // sum of the weights
	Left         float64 // of these, how many left
	Coefficients []Coefficient
	Status       models.Status // Converged; Boundary where a coefficient is Infinite

	Null, LogLikelihood float64 // partial log-likelihoods without and with the columns
	LikelihoodRatio     Test    // of no effect of any column
	Wald                Test    // the same; NaN where a coefficient is Infinite
	Score               Test
	Concordance         float64 // of two customers of whom one is seen to leave first, how often the one with the greater rate does; 0.5 is a coin; NaN: no such pairs
	ConcordanceStdErr   float64
	Covariance          [][]float64 // of the estimates; NaN for columns that are not Estimated
	Iterations          int
	Warnings            []models.Warning

	beta       []float64 // per unit, 0 for Collinear, where the search ended for Infinite
	mean       []float64 // of the columns
	covariance []float64 // row by row, 0 for Collinear
	base       baseline
}

// ErrNoConvergence says that the search for the coefficients ended before its maximum.
var ErrNoConvergence = errors.New("survival: cox regression did not converge")

// FitCox fits a Cox regression by maximum partial likelihood: columns[j][i] is column j of row i, all
// finite. A row of weight w counts as w equal rows, also among ties. Columns
// are centred and scaled inside, so their units do not matter. The error is
// ErrNoRows, ErrNoEvents, a *RowError, ErrNoConvergence or ctx's; whatever else
// is wrong with the columns is in Coefficients and Warnings.
func FitCox(ctx context.Context, d Data, columns [][]float64, s Settings) (*Cox, error) {
	if err := checkColumns(d, columns, &s); err != nil {
		return nil, err
	}
	r := newRegression(d, columns, s.Ties)
	c := &Cox{Ties: s.Ties, Level: s.Level, Rows: len(d.Time), Customers: r.customers, Left: r.left,
		Status: models.Converged, mean: r.mean, beta: make([]float64, r.p)}
	if !(c.Left > 0) {
		return nil, ErrNoEvents
	}
	m, err := r.maximise(ctx)
	if err != nil {
		return nil, err
	}
	c.Null, c.LogLikelihood, c.Iterations = m.null, m.value, m.iterations
	for j := range c.beta {
		c.beta[j] = m.at[j] / r.scale[j]
	}
	c.conclude(r, m, s)
	c.base = r.baseline(m.at)
	c.Concordance, c.ConcordanceStdErr = r.concordance(m.at)
	c.warn(s.Names)
	return c, nil
}

func checkColumns(d Data, columns [][]float64, s *Settings) error {
	if err := d.Check(); err != nil {
		return err
	}
	if s.Ties == "" {
		s.Ties = Efron
	}
	if s.Ties != Efron && s.Ties != Breslow {
		return fmt.Errorf("survival: ties %q: not efron or breslow", s.Ties)
	}
	if !(s.Level > 0 && s.Level < 1) {
		s.Level = 0.95
	}
	if s.Names == nil {
		for j := range columns {
			s.Names = append(s.Names, fmt.Sprintf("x%d", j+1))
		}
	}
	if len(s.Names) != len(columns) {
		panic(fmt.Sprintf("survival: %d names of %d columns", len(s.Names), len(columns)))
	}
	for j, column := range columns {
		if len(column) != len(d.Time) {
			panic(fmt.Sprintf("survival: column %s of %d rows, data of %d", s.Names[j], len(column), len(d.Time)))
		}
		for i, v := range column {
			if v != v || math.IsInf(v, 0) {
				return &RowError{i, s.Names[j] + " is no finite number"}
			}
		}
	}
	return nil
}

// conclude fills in coefficients, covariance and tests.
func (c *Cox) conclude(r *regression, m *maximum, s Settings) {
	p := r.p
	f := factor(m.information, p)
	c.covariance = f.inverse()
	z := normal(s.Level)
	tested := true
	for j := range p {
		for k := range p {
			c.covariance[j*p+k] /= r.scale[j] * r.scale[k]
		}
		k := Coefficient{Name: s.Names[j], Determined: m.determined[j], Estimate: c.beta[j], StdErr: math.NaN(), Z: math.NaN(),
			P: math.NaN(), HazardRatio: math.NaN(), Lower: math.NaN(), Upper: math.NaN()}
		switch k.Determined {
		case Estimated:
			k.StdErr = math.Sqrt(c.covariance[j*p+j])
			k.Z = k.Estimate / k.StdErr
			k.P = math.Erfc(math.Abs(k.Z) / math.Sqrt2)
			k.HazardRatio = math.Exp(k.Estimate)
			k.Lower, k.Upper = math.Exp(k.Estimate-z*k.StdErr), math.Exp(k.Estimate+z*k.StdErr)
		case Infinite:
			k.Estimate = math.Copysign(math.Inf(1), k.Estimate)
			k.HazardRatio = math.Exp(k.Estimate)
			c.Status, tested = models.Boundary, false
		case Collinear:
			k.Estimate = math.NaN()
		}
		c.Coefficients = append(c.Coefficients, k)
	}
	c.LikelihoodRatio = newTest(max(2*(c.LogLikelihood-c.Null), 0), m.rank)
	c.Score = newTest(m.score, m.rank)
	c.Wald = newTest(math.NaN(), m.rank)
	if tested {
		var wald float64
		for j := range p {
			for k := range p {
				wald += m.at[j] * m.information[j*p+k] * m.at[k]
			}
		}
		c.Wald = newTest(wald, m.rank)
	}
	for j := range p {
		row := make([]float64, p)
		for k := range p {
			row[k] = c.covariance[j*p+k]
			if m.determined[j] != Estimated || m.determined[k] != Estimated {
				row[k] = math.NaN()
			}
		}
		c.Covariance = append(c.Covariance, row)
	}
}
