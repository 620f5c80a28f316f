package survival

import "math"

// Curve is a Kaplan-Meier curve: the share of customers still there after a
// time, with those that are no longer watched taken into account (Kaplan & Meier
// 1958). The slices have an entry for each distinct time of the data, ascending.
type Curve struct {
	Rows      int       // rows of data
	Customers float64   // sum of their weights
	Left      float64   // of these, how many left: the events
	Level     float64   // of the intervals: 0.95
	Time      []float64 // in the unit of the data
	AtRisk    []float64 // customers watched until the time at least
	Events    []float64 // customers that left at the time
	Censored  []float64 // customers that were still there and not watched any longer
	Survival  []float64 // share still there after the time, in [0, 1]
	StdErr    []float64 // of Survival (Greenwood 1926); NaN where Survival is 0
	Lower     []float64 // interval of Survival, symmetric in its log and cut at 1; NaN where Survival is 0
	Upper     []float64
	hazard    []float64 // variance of the log of Survival that the time adds
}

// KaplanMeier returns the curve of d with intervals of a level such as 0.95.
// The error is ErrNoRows or a *RowError.
func KaplanMeier(d Data, level float64) (*Curve, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	c := &Curve{Rows: len(d.Time), Level: level}
	rows := d.order()
	for i := range rows {
		c.Customers += d.weight(i)
	}
	atRisk, survival, variance, z := c.Customers, 1.0, 0.0, normal(level)
	for from := 0; from < len(rows); {
		time := d.Time[rows[from]]
		var events, censored float64
		to := from
		for ; to < len(rows) && d.Time[rows[to]] == time; to++ {
			if w := d.weight(int(rows[to])); d.Event[rows[to]] {
				events += w
			} else {
				censored += w
			}
		}
		last := to == len(rows) && censored == 0 // whatever the rounding of weights says
		rest := max(atRisk-events, 0)
		if last {
			rest = 0
		}
		added := 0.0
		if events > 0 {
			survival *= rest / atRisk
			if rest > 0 {
				added = events / (atRisk * rest)
			}
		}
		variance += added
		c.add(time, atRisk, events, censored, survival, added, variance, z)
		c.Left += events
		atRisk = max(rest-censored, 0)
		from = to
	}
	return c, nil
}

func (c *Curve) add(time, atRisk, events, censored, survival, added, variance, z float64) {
	se, lower, upper := math.NaN(), math.NaN(), math.NaN()
	if survival > 0 {
		logSE := math.Sqrt(variance)
		se = survival * logSE
		lower, upper = survival*math.Exp(-z*logSE), min(survival*math.Exp(z*logSE), 1)
	}
	c.Time, c.AtRisk = append(c.Time, time), append(c.AtRisk, atRisk)
	c.Events, c.Censored = append(c.Events, events), append(c.Censored, censored)
	c.Survival, c.StdErr = append(c.Survival, survival), append(c.StdErr, se)
	c.Lower, c.Upper = append(c.Lower, lower), append(c.Upper, upper)
	c.hazard = append(c.hazard, added)
}

// Point is a survival curve at one time. Beyond the last time of the data
// nothing is known and all but Time and AtRisk is NaN, unless nobody was left.
type Point struct {
	Time     float64
	AtRisk   float64 // customers watched until then at least
	Survival float64 // share still there after the time
	StdErr   float64
	Lower    float64
	Upper    float64
}

// At returns the curve at a time not below zero.
func (c *Curve) At(time float64) Point {
	after := search(c.Time, time, true) // first index of a later time
	from := search(c.Time, time, false) // first index of a time not earlier
	p := Point{Time: time, Survival: 1, Lower: 1, Upper: 1}
	if from < len(c.Time) {
		p.AtRisk = c.AtRisk[from]
	}
	switch {
	case after == 0:
	case from == len(c.Time) && c.Survival[after-1] > 0, time != time:
		p.Survival, p.StdErr, p.Lower, p.Upper = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	default:
		p.Survival, p.StdErr, p.Lower, p.Upper = c.Survival[after-1], c.StdErr[after-1], c.Lower[after-1], c.Upper[after-1]
	}
	return p
}

// search returns the first index whose time is at least x, or above it where
// strict.
func search(ascending []float64, x float64, strict bool) int {
	low, high := 0, len(ascending)
	for low < high {
		mid := (low + high) / 2
		if ascending[mid] < x || strict && ascending[mid] == x {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// Last is the last time of the data: the curve says nothing beyond it.
func (c *Curve) Last() float64 { return c.Time[len(c.Time)-1] }

// Quantile returns the time by which a share p of the customers, 0 < p < 1, has
// left, and its interval, found where the interval of the curve crosses the same
// height (Brookmeyer & Crowley 1982). What the curve does not reach is NaN. Where
// the curve runs at that very height it is the middle of the run, as in R.
func (c *Curve) Quantile(p float64) (time, lower, upper float64) {
	return c.crossing(c.Survival, 1-p), c.crossing(c.Lower, 1-p), c.crossing(c.Upper, 1-p)
}

// Median returns the time by which half of the customers have left: Quantile(0.5).
func (c *Curve) Median() (time, lower, upper float64) { return c.Quantile(0.5) }

// crossing is the time at which values, descending with perhaps NaN at their
// end, come down to a height.
func (c *Curve) crossing(values []float64, height float64) float64 {
	const same = 1.5e-8
	for i, v := range values {
		if v > height+same {
			continue
		}
		if v != v {
			break
		}
		if v < height-same {
			return c.Time[i]
		}
		for j := i + 1; j < len(values); j++ { // the run ends with the next step
			if values[j] < v-same {
				return (c.Time[i] + c.Time[j]) / 2
			}
			if values[j] != values[j] {
				break
			}
		}
		return (c.Time[i] + c.Last()) / 2
	}
	return math.NaN()
}

// RestrictedMean returns the mean time that customers stay within the first
// horizon units, which is the area under the curve, and its standard error. Both
// are NaN for a horizon beyond Last while somebody was still there.
func (c *Curve) RestrictedMean(horizon float64) (mean, stdErr float64) {
	if !(horizon >= 0) || horizon > c.Last() && c.Survival[len(c.Survival)-1] > 0 {
		return math.NaN(), math.NaN()
	}
	end := search(c.Time, horizon, false) // times from here on are not before the horizon
	var area, variance float64            // to the right of the time looked at
	right := horizon
	for i := end - 1; i >= 0; i-- {
		area += (right - c.Time[i]) * c.Survival[i]
		variance += area * area * c.hazard[i]
		right = c.Time[i]
	}
	return area + right, math.Sqrt(variance)
}
