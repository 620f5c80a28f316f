package survival

// factored is a symmetric matrix, positive semidefinite but for rounding, as
// L D L' with ones on L's diagonal. A row and column that the ones before it
// make up, so that nothing of its pivot is left, is taken out: its pivot is 0.
type factored struct {
	n     int
	lower []float64 // L below the diagonal, row by row
	pivot []float64 // D
	rank  int       // pivots that are not 0
}

// spent is the part of a diagonal element below which what is left of it counts
// as nothing, and rounded the one below which it is rounding.
const (
	spent   = 1e-10
	rounded = 1e-14
)

// factor factors an n x n matrix, row by row, of which the lower triangle is read.
func factor(m []float64, n int) *factored { return factorKeeping(m, n, spent, nil) }

// factorKeeping is factor with another part below which a pivot is nothing, and
// with columns whose pivot is that part of their diagonal at least.
func factorKeeping(m []float64, n int, nothing float64, keep func(column int) bool) *factored {
	f := &factored{n: n, lower: make([]float64, n*n), pivot: make([]float64, n)}
	for j := range n {
		d := m[j*n+j]
		for k := range j {
			d -= f.lower[j*n+k] * f.lower[j*n+k] * f.pivot[k]
		}
		if least := nothing * m[j*n+j]; !(d > least) {
			if keep == nil || !keep(j) || !(least > 0) {
				continue
			}
			d = least
		}
		f.pivot[j] = d
		f.rank++
		for i := j + 1; i < n; i++ {
			v := m[i*n+j]
			for k := range j {
				v -= f.lower[i*n+k] * f.lower[j*n+k] * f.pivot[k]
			}
			f.lower[i*n+j] = v / d
		}
	}
	return f
}

// solve returns x of matrix x = b, with 0 for what was taken out.
func (f *factored) solve(b []float64) []float64 {
	x := make([]float64, f.n)
	for i := range x {
		x[i] = b[i]
		for k := range i {
			x[i] -= f.lower[i*f.n+k] * x[k]
		}
		if f.pivot[i] == 0 {
			x[i] = 0
		}
	}
	for i := f.n - 1; i >= 0; i-- {
		if f.pivot[i] == 0 {
			continue
		}
		x[i] /= f.pivot[i]
		for k := i + 1; k < f.n; k++ {
			x[i] -= f.lower[k*f.n+i] * x[k]
		}
	}
	return x
}

// quadratic returns b' matrix^-1 b.
func (f *factored) quadratic(b []float64) float64 {
	var q float64
	for i, x := range f.solve(b) {
		q += b[i] * x
	}
	return q
}

// inverse returns the inverse, row by row, with 0 for what was taken out.
func (f *factored) inverse() []float64 {
	inv := make([]float64, f.n*f.n)
	e := make([]float64, f.n)
	for j := range f.n {
		if f.pivot[j] == 0 {
			continue
		}
		clear(e)
		e[j] = 1
		copy(inv[j*f.n:], f.solve(e)) // symmetric: a column is a row
	}
	return inv
}
