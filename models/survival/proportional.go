package survival

import (
	"fmt"
	"math"
)

// Scale is a function of time along which effects are tested for change.
type Scale string

// The scales of time.
const (
	ScaleKM   Scale = "km"       // share that has left until then; R's default
	ScaleTime Scale = "identity" // time itself
	ScaleLog  Scale = "log"      // its logarithm; needs events after time 0
)

// Proportional are tests of whether effects stay the same over time, which Cox's
// regression assumes: a small P says that one does not.
type Proportional struct {
	Terms  []Test // in the order of the terms asked for
	Global Test   // of all columns
}

// CheckProportional tests the assumption of proportional hazards of a fit on the
// rows and columns it was made from: the score test of a coefficient for column
// x scale(time) beside the column itself (Grambsch & Therneau 1994, in the exact
// form of R's cox.zph since survival 3.0). terms are the columns of each test, such as all levels of
// one category; nil: each column by itself. Columns that are not Estimated are
// left out, and a term of nothing else has no degree of freedom.
func CheckProportional(d Data, columns [][]float64, fit *Cox, scale Scale, terms [][]int) (*Proportional, error) {
	if len(columns) != len(fit.beta) || len(d.Time) != fit.Rows {
		panic(fmt.Sprintf("survival: a fit of %d rows and %d columns tested on %d and %d", fit.Rows, len(fit.beta), len(d.Time), len(columns)))
	}
	if err := checkColumns(d, columns, &Settings{}); err != nil {
		return nil, err
	}
	r := newRegression(d, columns, fit.Ties)
	at, known := make([]float64, r.p), []int(nil)
	for j, k := range fit.Coefficients {
		at[j] = fit.beta[j] * r.scale[j]
		if k.Determined == Estimated {
			known = append(known, j)
		}
	}
	times, err := r.scaled(scale)
	if err != nil {
		return nil, err
	}
	c := r.change(at, times)
	if terms == nil {
		for j := range r.p {
			terms = append(terms, []int{j})
		}
	}
	out := &Proportional{Global: c.test(known, known)}
	for _, term := range terms {
		var some []int
		for _, j := range known {
			for _, k := range term {
				if j == k {
					some = append(some, j)
				}
			}
		}
		out.Terms = append(out.Terms, c.test(known, some))
	}
	return out, nil
}

// scaled returns the scale of time at each time at which somebody leaves, the
// last first, less its mean over those who leave.
func (r *regression) scaled(scale Scale) ([]float64, error) {
	var out, events []float64
	share, atRisk := 1.0, r.customers
	r.times(false, func(from, to int) {
		var left, all float64
		for i := from; i < to; i++ {
			all += r.weight[i]
			if r.event[i] {
				left += r.weight[i]
			}
		}
		if left > 0 {
			v := r.time[from]
			switch scale {
			case ScaleKM:
				v = 1 - share // before the time, as R has it
			case ScaleLog:
				v = math.Log(v)
			}
			out, events = append(out, v), append(events, left)
			share *= max(atRisk-left, 0) / atRisk
		}
		atRisk -= all
	})
	switch scale {
	case ScaleKM, ScaleTime:
	case ScaleLog:
		if math.IsInf(out[0], -1) {
			return nil, fmt.Errorf("survival: scale log: somebody left at time 0")
		}
	default:
		return nil, fmt.Errorf("survival: scale %q: not km, identity or log", scale)
	}
	var mean float64
	for i, v := range out {
		mean += v * events[i] / r.left
	}
	descending := make([]float64, len(out))
	for i, v := range out {
		descending[len(out)-1-i] = v - mean
	}
	return descending, nil
}

// change are gradient and information of coefficients for columns x scale(time)
// where these are 0: u, and i[a] the sum of scale^a x information.
type change struct {
	p int
	u []float64
	i [3][]float64
}

func (r *regression) change(b, times []float64) *change {
	p := r.p
	c := &change{p: p, u: make([]float64, p), i: [3][]float64{make([]float64, p*p), make([]float64, p*p), make([]float64, p*p)}}
	part := make([]float64, p)
	r.rates(b)
	next := 0
	r.each(true, func(s *sums) {
		t, g := s.steps(r.ties), times[next]
		next++
		clear(part)
		s.score(part, t)
		for j, v := range part {
			c.u[j] += g * v
		}
		s.information(c.i[0], t, 1)
		s.information(c.i[1], t, g)
		s.information(c.i[2], t, g*g)
	})
	for a := range c.i {
		mirror(c.i[a], p)
	}
	return c
}

// test is the score test of some columns beside those that are known.
func (c *change) test(known, some []int) Test {
	n, k := len(known), len(some)
	block := make([]float64, n*n)
	for a, j := range known {
		for b, l := range known {
			block[a*n+b] = c.i[0][j*c.p+l]
		}
	}
	f := factor(block, n)
	across := make([][]float64, k) // known x some
	for a, j := range some {
		across[a] = make([]float64, n)
		for b, l := range known {
			across[a][b] = c.i[1][l*c.p+j]
		}
	}
	rest, u := make([]float64, k*k), make([]float64, k)
	for a, j := range some {
		u[a] = c.u[j]
		solved := f.solve(across[a])
		for b, l := range some {
			rest[a*k+b] = c.i[2][j*c.p+l]
			for i, v := range solved {
				rest[a*k+b] -= v * across[b][i]
			}
		}
	}
	g := factor(rest, k)
	return newTest(g.quadratic(u), g.rank)
}
