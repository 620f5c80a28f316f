package stat

import (
	"fmt"
	"math"
)

// Comoments are the means of an outcome and of its covariates with their sums of
// products, added up as rows come; those of parts merge into those of the whole.
type Comoments struct {
	N     int
	Means []float64 // of the outcome, then of each covariate
	// Products are the sums of the products of deviations from the means, row by
	// row, square and symmetric, in the order of Means.
	Products []float64
	Left     int // rows left out, as a value of them is no finite number
}

// NewComoments returns an empty one for so many covariates.
func NewComoments(covariates int) *Comoments {
	width := covariates + 1
	return &Comoments{Means: make([]float64, width), Products: make([]float64, width*width)}
}

// ComomentsOf returns those of columns of equal length.
func ComomentsOf(outcome []float64, covariates ...[]float64) *Comoments {
	for _, c := range covariates {
		if len(c) != len(outcome) {
			panic(fmt.Sprintf("stat: %d outcomes with %d values of a covariate", len(outcome), len(c)))
		}
	}
	m := NewComoments(len(covariates))
	row := make([]float64, len(covariates)+1)
	for i, y := range outcome {
		row[0] = y
		for j, c := range covariates {
			row[j+1] = c[i]
		}
		m.Add(row)
	}
	return m
}

// Add adds one row: the outcome, then its covariates. A row with a value that is
// no finite number is left out and counted.
func (m *Comoments) Add(row []float64) {
	if len(row) != len(m.Means) {
		panic(fmt.Sprintf("stat: a row of %d values, not %d", len(row), len(m.Means)))
	}
	for _, v := range row {
		if v-v != 0 {
			m.Left++
			return
		}
	}
	m.N++
	n := float64(m.N)
	share := (n - 1) / n
	for i, v := range row {
		d := (v - m.Means[i]) * share
		for j, u := range row {
			m.Products[i*len(row)+j] += d * (u - m.Means[j])
		}
	}
	for i, v := range row {
		m.Means[i] += (v - m.Means[i]) / n
	}
}

// Merge adds the rows of o, which has as many covariates.
func (m *Comoments) Merge(o *Comoments) {
	w := len(m.Means)
	if len(o.Means) != w {
		panic(fmt.Sprintf("stat: %d covariates with %d", w-1, len(o.Means)-1))
	}
	m.Left += o.Left
	if o.N == 0 {
		return
	}
	n := float64(m.N) + float64(o.N)
	both := float64(m.N) * float64(o.N) / n
	for i := range w {
		for j := range w {
			m.Products[i*w+j] += o.Products[i*w+j] + both*(o.Means[i]-m.Means[i])*(o.Means[j]-m.Means[j])
		}
	}
	for i := range w {
		m.Means[i] += (o.Means[i] - m.Means[i]) * (float64(o.N) / n)
	}
	m.N += o.N
}

func (m *Comoments) clone() *Comoments {
	c := *m
	c.Means = append([]float64(nil), m.Means...)
	c.Products = append([]float64(nil), m.Products...)
	return &c
}

// Outcome returns the moments of the outcome alone.
func (m *Comoments) Outcome() Moments {
	return Moments{N: m.N, Mean: m.Means[0], Squares: m.Products[0], Left: m.Left}
}

// adjusted returns the moments of the outcome less theta times the covariates'
// distances from means.
func (m *Comoments) adjusted(theta, means []float64) Moments {
	w := len(m.Means)
	out := m.Outcome()
	for i, t := range theta {
		out.Mean -= t * (m.Means[i+1] - means[i+1])
		out.Squares -= 2 * t * m.Products[i+1]
		for j, u := range theta {
			out.Squares += t * u * m.Products[(i+1)*w+j+1]
		}
	}
	// What is left of rounding where the covariates explain everything.
	if out.Squares < 1e-13*m.Products[0] {
		out.Squares = 0
	}
	return out
}

// Adjusted is a comparison of means with covariates taken into account.
type Adjusted struct {
	MeanTest           // Welch's, of the adjusted outcome
	Raw       MeanTest // Welch's, of the outcome as it is
	Theta     []float64
	Reduction float64 // share of the outcome's variance, both arms together, that the covariates took away
}

// CUPED compares the means of two arms after taking away what covariates from
// before the experiment explain (Deng, Xu, Kohavi & Walker 2013): theta by least
// squares over both arms together. Covariates must have been known before the arms
// were assigned; then the difference stays unbiased and its interval shrinks by
// about sqrt(1-Reduction). How much that is depends on the data: print it.
func CUPED(a, b *Comoments, level float64) Adjusted {
	all := a.clone()
	all.Merge(b)
	theta, f := leastSquares(all)
	adjusted := Adjusted{
		MeanTest: Welch(a.adjusted(theta, all.Means), b.adjusted(theta, all.Means), level),
		Raw:      Welch(a.Outcome(), b.Outcome(), level),
		Theta:    theta,
	}
	adjusted.Flags |= f
	if before := all.Products[0]; before > 0 {
		adjusted.Reduction = 1 - all.adjusted(theta, all.Means).Squares/before
	}
	return adjusted
}

// leastSquares solves for the outcome's slopes on the covariates. Covariates that
// those before them determine (or that do not vary) get 0 and a flag.
func leastSquares(m *Comoments) (theta []float64, f Flags) {
	w := len(m.Means)
	p := w - 1
	theta = make([]float64, p)
	at := func(i, j int) float64 { return m.Products[(i+1)*w+j+1] }
	var used []int
	var factor [][]float64 // Cholesky's, of the covariates used
	var forward []float64  // factor^-1 times the products with the outcome
	for i := range p {
		row := make([]float64, len(used)+1)
		rest := at(i, i)
		y := m.Products[i+1]
		for k, u := range used {
			v := at(i, u)
			for l := range k {
				v -= row[l] * factor[k][l]
			}
			row[k] = v / factor[k][k]
			rest -= row[k] * row[k]
			y -= row[k] * forward[k]
		}
		if size := math.Abs(m.Means[i+1]) * math.Sqrt(float64(m.N)); rest <= 1e-10*at(i, i) || math.Sqrt(rest) <= 1e-14*size {
			f |= Collinear
			continue
		}
		row[len(used)] = math.Sqrt(rest)
		used = append(used, i)
		factor = append(factor, row)
		forward = append(forward, y/row[len(row)-1])
	}
	for k := len(used) - 1; k >= 0; k-- {
		v := forward[k]
		for l := k + 1; l < len(used); l++ {
			v -= factor[l][k] * theta[used[l]]
		}
		theta[used[k]] = v / factor[k][k]
	}
	return theta, f
}
