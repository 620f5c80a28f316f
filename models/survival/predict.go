package survival

import (
	"fmt"
	"math"
	"slices"

	"clientele/models"
)

// baseline is what all customers share: sums up to each time at which somebody
// left, ascending, for a customer whose columns are all at their means.
type baseline struct {
	time     []float64
	hazard   []float64 // the cumulative hazard
	variance []float64 // of it, as if the coefficients were known
	z        []float64 // what the mean columns of those at risk add to it, row by row, times the scale of the columns
	last     float64   // time of the data
}

func (r *regression) baseline(b []float64) baseline {
	p := r.p
	var base baseline
	base.last = r.time[r.n-1]
	r.rates(b)
	r.each(false, func(s *sums) {
		t := s.steps(r.ties)
		unit := math.Exp(-s.highest) / s.risk
		base.time = append(base.time, s.time)
		base.hazard = append(base.hazard, t.a0*unit)
		base.variance = append(base.variance, t.b0*unit*unit)
		for j := range p {
			base.z = append(base.z, (s.riskZ[j]*t.b0-s.leaveZ[j]*t.b1)/s.risk*unit*r.scale[j])
		}
	})
	m := len(base.time)
	for i, k := 0, m-1; i < k; i, k = i+1, k-1 { // the last time came first
		for j := range p {
			base.z[i*p+j], base.z[k*p+j] = base.z[k*p+j], base.z[i*p+j]
		}
	}
	slices.Reverse(base.time)
	slices.Reverse(base.hazard)
	slices.Reverse(base.variance)
	for i := 1; i < m; i++ {
		base.hazard[i] += base.hazard[i-1]
		base.variance[i] += base.variance[i-1]
		for j := range p {
			base.z[i*p+j] += base.z[(i-1)*p+j]
		}
	}
	return base
}

// LogRate returns by how much the log of the rate of leaving of a customer with
// these columns lies above that of one whose columns are all at their means.
// Columns that are Collinear do not count; one that is Infinite counts with the
// value where the search ended.
func (c *Cox) LogRate(columns []float64) float64 {
	if len(columns) != len(c.beta) {
		panic(fmt.Sprintf("survival: %d values of %d columns", len(columns), len(c.beta)))
	}
	var lp float64
	for j, b := range c.beta {
		lp += b * (columns[j] - c.mean[j])
	}
	return lp
}

// CumulativeHazard returns the baseline at a time: the cumulative hazard of a
// customer whose columns are all 0, as R's basehaz with centered = FALSE. NaN
// beyond the last time of the data.
func (c *Cox) CumulativeHazard(time float64) float64 {
	i := search(c.base.time, time, true)
	switch {
	case !(time <= c.base.last):
		return math.NaN()
	case i == 0:
		return 0
	}
	return c.base.hazard[i-1] * math.Exp(c.LogRate(make([]float64, len(c.beta))))
}

// Predict returns the share of customers with these columns that are still
// there after a time, with standard error and interval from the uncertainty of
// baseline and coefficients (Tsiatis 1981; ties as in the fit). AtRisk is not
// set. Beyond the last time of the data all is NaN; StdErr and the interval are
// where a coefficient is Infinite.
func (c *Cox) Predict(columns []float64, time float64) Point {
	lp := c.LogRate(columns)
	i := search(c.base.time, time, true)
	nan := math.NaN()
	switch {
	case !(time <= c.base.last):
		return Point{Time: time, Survival: nan, StdErr: nan, Lower: nan, Upper: nan}
	case i == 0:
		return Point{Time: time, Survival: 1, Lower: 1, Upper: 1}
	}
	rate := math.Exp(lp)
	hazard := c.base.hazard[i-1]
	point := Point{Time: time, Survival: math.Exp(-hazard * rate), StdErr: nan, Lower: nan, Upper: nan}
	if c.Status == models.Boundary {
		return point
	}
	p := len(c.beta)
	q := make([]float64, p)
	for j := range q {
		q[j] = (columns[j]-c.mean[j])*hazard - c.base.z[(i-1)*p+j]
	}
	variance := c.base.variance[i-1]
	for j := range q {
		for k := range q {
			variance += q[j] * c.covariance[j*p+k] * q[k]
		}
	}
	se := rate * math.Sqrt(variance)
	z := normal(c.Level)
	point.StdErr = point.Survival * se
	point.Lower, point.Upper = point.Survival*math.Exp(-z*se), min(point.Survival*math.Exp(z*se), 1)
	return point
}
