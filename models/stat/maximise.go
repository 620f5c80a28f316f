package stat

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Objective returns a function's value at theta and writes its exact gradient
// there into gradient, which has theta's length. It must not keep either
// slice. A value that is not finite says that theta is out of reach.
type Objective func(theta, gradient []float64) float64

// Curved is an Objective that also writes its exact second derivatives: that by
// theta[i] and theta[j] to hessian[i*len(theta)+j]. It must not keep any of the slices.
type Curved func(theta, gradient, hessian []float64) float64

// ByLogs makes derivatives by the logs of p of those by p, in place: p_i f_i of f_i,
// and p_i p_j f_ij, with p_i f_i on the diagonal, of f_ij. hessian, row by row, may be
// nil.
func ByLogs(gradient, hessian, p []float64) {
	for i := range p {
		gradient[i] *= p[i]
	}
	if hessian == nil {
		return
	}
	for i := range p {
		for j := range p {
			hessian[i*len(p)+j] *= p[i] * p[j]
		}
		hessian[i*len(p)+i] += gradient[i]
	}
}

// Search says where Maximise looks. Parameters are meant to be logs of
// positive ones: steps are absolute, a step of one is a factor e.
type Search struct {
	Lower, Upper []float64   // the box searched, of theta's length
	Starts       [][]float64 // Maximise tries each of them; at least one
	Evaluations  int         // of the objective in BFGS, for each start; zero: 300
	Tolerance    float64     // a maximum is found when a Newton step promises less gain than this; zero: 1e-8
	Curved       Curved      // the objective with its second derivatives, for Newton steps and the covariance; nil: differences of the gradient, two passes for each parameter
}

// Outcome is how a search ended.
type Outcome string

// The ways in which a search ends.
const (
	Interior Outcome = "interior" // gradient zero, curvature negative in all directions
	Edge     Outcome = "edge"     // the best point is at the edge of the box
	Flat     Outcome = "flat"     // gradient zero, but no curvature in some direction
	Failed   Outcome = "failed"   // steps ended before the gradient vanished
)

// Maximum is the best point of a search.
type Maximum struct {
	Outcome     Outcome
	At          []float64
	Value       float64
	Gradient    []float64
	Gain        float64       // what a further Newton step promises; not below zero
	Covariance  *mat.SymDense // inverse of the negative Hessian; nil unless Interior
	Evaluations int
	Iterations  int // BFGS and Newton steps
}

// StandardErrors returns the square roots of the covariance's diagonal, or nil
// where there is no covariance.
func (m *Maximum) StandardErrors() []float64 {
	if m.Covariance == nil {
		return nil
	}
	se := make([]float64, len(m.At))
	for i := range se {
		se[i] = math.Sqrt(m.Covariance.At(i, i))
	}
	return se
}

// ErrNoStart is returned when the objective is finite at no start.
var ErrNoStart = errors.New("no start has a finite value")

// Maximise looks for the greatest value of f in a box: BFGS from every start,
// then Newton steps from the best end. The result says what was found; the error is
// ErrNoStart or ctx's.
func Maximise(ctx context.Context, f Objective, s Search) (*Maximum, error) {
	r := newSearcher(ctx, f, s)
	var best []float64
	value := math.Inf(-1)
	for _, start := range s.Starts {
		r.forget()
		r.climb(start)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if r.bestValue > value {
			value = r.bestValue
			best = append(best[:0], r.best...)
		}
	}
	if best == nil {
		return nil, ErrNoStart
	}
	return r.polish(best)
}

// Polish takes Newton steps from one start, which should be near the maximum:
// the end of a search on a part of the data, say. Same results as Maximise.
func Polish(ctx context.Context, f Objective, start []float64, s Search) (*Maximum, error) {
	return newSearcher(ctx, f, s).polish(start)
}

type searcher struct {
	ctx         context.Context // of one call, never kept beyond it
	f           Objective
	Search      Search
	best        []float64
	bestValue   float64
	evaluations int
	iterations  int
}

func newSearcher(ctx context.Context, f Objective, s Search) *searcher {
	if len(s.Lower) != len(s.Upper) {
		panic(fmt.Sprintf("stat: %d lower and %d upper bounds", len(s.Lower), len(s.Upper)))
	}
	if s.Evaluations == 0 {
		s.Evaluations = 300
	}
	if s.Tolerance == 0 {
		s.Tolerance = 1e-8
	}
	r := &searcher{ctx: ctx, f: f, Search: s, best: make([]float64, len(s.Lower))}
	r.forget()
	return r
}

func (r *searcher) forget() { r.bestValue = math.Inf(-1) }

// eval evaluates f inside the box, notes the best point, and turns everything
// that is not finite into -Inf.
func (r *searcher) eval(theta, gradient []float64) float64 {
	return r.note(r.f(theta, gradient), theta, gradient)
}

// evalCurved is eval with the second derivatives, where the search has them.
func (r *searcher) evalCurved(theta, gradient, hessian []float64) float64 {
	if r.Search.Curved == nil {
		return r.eval(theta, gradient)
	}
	return r.note(r.Search.Curved(theta, gradient, hessian), theta, gradient)
}

func (r *searcher) note(v float64, theta, gradient []float64) float64 {
	r.evaluations++
	if math.IsNaN(v) || math.IsInf(v, 0) || !finite(gradient) {
		clear(gradient)
		return math.Inf(-1)
	}
	if v > r.bestValue {
		r.bestValue = v
		copy(r.best, theta)
	}
	return v
}

func finite(v []float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// clamp writes theta, moved into the box, to dst.
func (r *searcher) clamp(dst, theta []float64) {
	for i, t := range theta {
		dst[i] = min(max(t, r.Search.Lower[i]), r.Search.Upper[i])
	}
}

// climb runs BFGS from start, inside the box, and leaves the best point in
// r.best. It stops when a step promises little: Newton steps do the rest. Steps
// are halved until the value rises, so a value that is not finite only
// shortens a step. (gonum's optimize knows no box, dies on the first value
// that is not finite and would bring in golang.org/x/tools.)
func (r *searcher) climb(start []float64) {
	n := len(start)
	at, gradient := make([]float64, n), make([]float64, n)
	to, toGradient := make([]float64, n), make([]float64, n)
	direction, change := make([]float64, n), make([]float64, n)
	inverse := make([]float64, n*n) // of the negative Hessian, BFGS's guess
	r.clamp(at, start)
	value := r.eval(at, gradient)
	if math.IsInf(value, -1) {
		return
	}
	fresh := true
	for limit := r.evaluations + r.Search.Evaluations; r.evaluations < limit && r.ctx.Err() == nil; {
		if fresh {
			identity(inverse, n, 0.5/max(norm(gradient), 1e-300))
		}
		rise := r.direct(direction, inverse, at, gradient)
		if rise < 1e-3 {
			return
		}
		moved := false
		var toValue float64
		for t := 1.0; t > 1e-8 && !moved; t /= 2.5 {
			for i := range to {
				to[i] = at[i] + t*direction[i]
			}
			r.clamp(to, to)
			toValue = r.eval(to, toGradient)
			moved = toValue >= value+1e-4*t*rise
		}
		if !moved {
			if fresh {
				return
			}
			fresh = true
			continue
		}
		r.iterations++
		for i := range at {
			direction[i] = to[i] - at[i]
			change[i] = gradient[i] - toGradient[i]
		}
		if fresh {
			rescale(inverse, direction, change)
		}
		update(inverse, direction, change)
		fresh = false
		copy(at, to)
		copy(gradient, toGradient)
		value = toValue
	}
}

// direct writes the step inverse x gradient, without the coordinates in which
// it would leave the box and no longer than 2, and returns the rise it promises.
func (r *searcher) direct(step, inverse, at, gradient []float64) float64 {
	n := len(at)
	longest := 0.0
	for i := range step {
		step[i] = 0
		for j := range n {
			step[i] += inverse[i*n+j] * gradient[j]
		}
		if at[i] <= r.Search.Lower[i] && step[i] < 0 || at[i] >= r.Search.Upper[i] && step[i] > 0 {
			step[i] = 0
		}
		longest = max(longest, math.Abs(step[i]))
	}
	rise := 0.0
	for i := range step {
		if longest > 2 {
			step[i] *= 2 / longest
		}
		rise += step[i] * gradient[i]
	}
	return rise
}

func norm(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}

func identity(m []float64, n int, scale float64) {
	clear(m)
	for i := range n {
		m[i*n+i] = scale
	}
}

// rescale sets the first guess of h to the curvature seen along the first step
// (Nocedal & Wright 2006, eq. 6.20).
func rescale(h, s, y []float64) {
	var sy, yy float64
	for i := range s {
		sy += s[i] * y[i]
		yy += y[i] * y[i]
	}
	if sy > 0 {
		identity(h, len(s), sy/yy)
	}
}

// update is the BFGS formula (Nocedal & Wright 2006, eq. 6.17) for the inverse
// h after step s changed the negative gradient by y. Where the function bends
// the wrong way along s, h stays as it is.
func update(h, s, y []float64) {
	n := len(s)
	var sy float64
	for i := range s {
		sy += s[i] * y[i]
	}
	if sy <= 1e-12*norm(s)*norm(y) {
		return
	}
	hy := make([]float64, n)
	var yhy float64
	for i := range hy {
		for j := range n {
			hy[i] += h[i*n+j] * y[j]
		}
		yhy += y[i] * hy[i]
	}
	for i := range n {
		for j := range n {
			h[i*n+j] += (1+yhy/sy)*s[i]*s[j]/sy - (hy[i]*s[j]+s[i]*hy[j])/sy
		}
	}
}

func equal(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// polish takes damped Newton steps in the coordinates that are free: not at
// the edge with the function still rising beyond it.
func (r *searcher) polish(start []float64) (*Maximum, error) {
	n := len(r.Search.Lower)
	m := &Maximum{Outcome: Failed, Gain: math.Inf(1), At: make([]float64, n), Gradient: make([]float64, n)}
	r.clamp(m.At, start)
	hessian := make([]float64, n*n)
	if m.Value = r.evalCurved(m.At, m.Gradient, hessian); math.IsInf(m.Value, -1) {
		return nil, ErrNoStart
	}
	trial := point{at: make([]float64, n), gradient: make([]float64, n), hessian: make([]float64, n*n)}
	for range 60 {
		if err := r.ctx.Err(); err != nil {
			return nil, err
		}
		free := r.free(m)
		negative := r.curvature(m.At, hessian, free)
		direction, ridge, ok := newtonStep(negative, m.Gradient, free)
		if !ok {
			break
		}
		rise := 0.0
		for k, i := range free {
			rise += direction[k] * m.Gradient[i]
		}
		m.Gain = rise / 2
		if m.Gain < r.Search.Tolerance {
			r.conclude(m, negative, free, ridge)
			break
		}
		if !r.line(m, free, direction, rise, &trial) {
			break
		}
		hessian, trial.hessian = trial.hessian, hessian
		r.iterations++
	}
	if m.Outcome == Failed && m.Gain < 1e-4 {
		m.Outcome = Flat // steps of any use have ended, on a ridge
	}
	m.Evaluations, m.Iterations = r.evaluations, r.iterations
	return m, nil
}

// AtEdge reports whether coordinate i of the maximum is at the edge of the box
// that s searched.
func (m *Maximum) AtEdge(s Search, i int) bool {
	return m.At[i] <= s.Lower[i]+edge || m.At[i] >= s.Upper[i]-edge
}

// edge is how near the box's edge counts as on it; nearer steps get nowhere.
const edge = 1e-5

func (r *searcher) free(m *Maximum) []int {
	var free []int
	for i, t := range m.At {
		outward := t <= r.Search.Lower[i]+edge && m.Gradient[i] < 0 || t >= r.Search.Upper[i]-edge && m.Gradient[i] > 0
		if !outward {
			free = append(free, i)
		}
	}
	return free
}

// curvature returns the negative Hessian in the free coordinates: of the exact
// one at that point where the search has it, else from differences of the gradient.
// It is nil where that is not finite.
func (r *searcher) curvature(at, hessian []float64, free []int) *mat.SymDense {
	switch {
	case len(free) == 0:
		return nil
	case r.Search.Curved == nil:
		return r.differences(at, free)
	case !finite(hessian):
		return nil
	}
	n := len(at)
	negative := mat.NewSymDense(len(free), nil)
	for k, i := range free {
		for l := k; l < len(free); l++ {
			negative.SetSym(k, l, -hessian[i*n+free[l]])
		}
	}
	return negative
}

// differences returns the negative Hessian in the free coordinates, from central
// differences of the exact gradient; nil where that is not finite.
func (r *searcher) differences(at []float64, free []int) *mat.SymDense {
	const h = 1e-4
	n := len(at)
	theta, up, down := append([]float64(nil), at...), make([]float64, n), make([]float64, n)
	rows := make([][]float64, len(free))
	for k, i := range free {
		theta[i] = at[i] + h
		a := r.f(theta, up)
		theta[i] = at[i] - h
		b := r.f(theta, down)
		theta[i] = at[i]
		r.evaluations += 2
		if math.IsNaN(a+b) || !finite(up) || !finite(down) {
			return nil
		}
		rows[k] = make([]float64, len(free))
		for l, j := range free {
			rows[k][l] = (down[j] - up[j]) / (2 * h)
		}
	}
	negative := mat.NewSymDense(len(free), nil)
	for k := range rows {
		for l := k; l < len(rows); l++ {
			negative.SetSym(k, l, (rows[k][l]+rows[l][k])/2)
		}
	}
	return negative
}

// newtonStep solves (negative + ridge I) step = gradient with the smallest
// ridge tried that makes the matrix positive definite, and keeps each
// coordinate of the step within two.
func newtonStep(negative *mat.SymDense, gradient []float64, free []int) (step []float64, ridge float64, ok bool) {
	if len(free) == 0 {
		return nil, 0, true
	}
	if negative == nil {
		return nil, 0, false
	}
	n := len(free)
	g := mat.NewVecDense(n, nil)
	size := 0.0
	for k, i := range free {
		g.SetVec(k, gradient[i])
		size = max(size, math.Abs(negative.At(k, k)), math.Abs(gradient[i]))
	}
	for try := 0; try < 40; try++ {
		damped := mat.NewSymDense(n, nil)
		damped.CopySym(negative)
		for k := range n {
			damped.SetSym(k, k, negative.At(k, k)+ridge)
		}
		var chol mat.Cholesky
		var solution mat.VecDense
		if chol.Factorize(damped) && chol.SolveVecTo(&solution, g) == nil {
			step = solution.RawVector().Data
			longest := 0.0
			for _, d := range step {
				longest = max(longest, math.Abs(d))
			}
			if longest > 2 {
				for k := range step {
					step[k] *= 2 / longest
				}
			}
			return step, ridge, true
		}
		ridge = max(ridge*4, size*1e-9)
	}
	return nil, ridge, false
}

// point is where a step may lead.
type point struct{ at, gradient, hessian []float64 }

// line halves the step until the value rises as it should, and moves m there;
// to.hessian is then that of m.At.
func (r *searcher) line(m *Maximum, free []int, direction []float64, rise float64, to *point) bool {
	// Sums of many logs carry rounding, which must not stop the last steps.
	slack := 1e-14 * math.Abs(m.Value)
	for t := 1.0; t > 1e-9; t /= 2 {
		copy(to.at, m.At)
		for k, i := range free {
			to.at[i] += t * direction[k]
		}
		r.clamp(to.at, to.at)
		if equal(to.at, m.At) {
			return false
		}
		if v := r.evalCurved(to.at, to.gradient, to.hessian); v >= m.Value+1e-4*t*rise-slack {
			m.Value = v
			copy(m.At, to.at)
			copy(m.Gradient, to.gradient)
			return true
		}
	}
	return false
}

func (r *searcher) conclude(m *Maximum, negative *mat.SymDense, free []int, ridge float64) {
	n := len(m.At)
	switch {
	case len(free) < n:
		m.Outcome = Edge
	case ridge > 0:
		m.Outcome = Flat
	default:
		var chol mat.Cholesky
		var inverse mat.SymDense
		if !chol.Factorize(negative) || chol.InverseTo(&inverse) != nil {
			m.Outcome = Flat
			return
		}
		m.Outcome = Interior
		m.Covariance = &inverse
	}
}
