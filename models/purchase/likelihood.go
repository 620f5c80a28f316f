package purchase

import (
	"context"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"clientele/models/stat"
)

// problem is a likelihood to be maximised: a family on histories with
// covariates. The search goes over theta: the logs of the family's parameters
// for the mean customer, then the coefficients of the buying covariates and of
// those of churn, per standard deviation. So steps of one are of one size
// whatever the covariates' units are.
type problem struct {
	family        Family
	h             *Histories
	parameters    int       // of the family
	buying, churn []float64 // Family.Effects
	z             [][]float64
	scale         scale
	workers       int
}

// scale is the mean and the standard deviation of each covariate, by customers;
// buying says how many of them act on buying, the rest acts on churn.
type scale struct {
	mean, deviation []float64
	buying          int
}

func newScale(h *Histories, buying int) scale {
	if h.profiles == nil {
		return scale{}
	}
	n := len(h.profiles[0].z)
	s := scale{mean: make([]float64, n), deviation: make([]float64, n), buying: buying}
	for k := range n {
		for _, p := range h.profiles {
			s.mean[k] += p.z[k] * p.h.Customers / h.Customers
		}
		for _, p := range h.profiles {
			d := p.z[k] - s.mean[k]
			s.deviation[k] += d * d * p.h.Customers / h.Customers
		}
		s.deviation[k] = math.Sqrt(s.deviation[k])
	}
	return s
}

// newProblem leaves the covariates of churn out where the family knows none.
func newProblem(f Family, h *Histories, s scale, workers int) *problem {
	q := &problem{family: f, h: h, parameters: len(f.Names()), scale: s, workers: workers}
	if h.profiles == nil {
		return q
	}
	q.buying, q.churn = f.Effects()
	used := len(s.mean)
	if q.churn == nil {
		used = s.buying
	}
	q.z = make([][]float64, len(h.profiles))
	for i, p := range h.profiles {
		q.z[i] = make([]float64, used)
		for k := range q.z[i] {
			q.z[i][k] = (p.z[k] - s.mean[k]) / s.deviation[k]
		}
	}
	return q
}

// coefficients is the number of covariates that act.
func (q *problem) coefficients() int {
	if len(q.z) == 0 {
		return 0
	}
	return len(q.z[0])
}

// effect is how coefficient k acts on the parameters.
func (q *problem) effect(k int) []float64 {
	if k < q.scale.buying {
		return q.buying
	}
	return q.churn
}

// widest bounds the coefficients: a factor of e^8 for one standard deviation.
const widest = 8

func (q *problem) search(starts ...[]float64) stat.Search {
	low, high := q.family.Box()
	s := stat.Search{Starts: starts, Curved: q.curved}
	for j := range low {
		s.Lower, s.Upper = append(s.Lower, math.Log(low[j])), append(s.Upper, math.Log(high[j]))
	}
	for range q.coefficients() {
		s.Lower, s.Upper = append(s.Lower, -widest), append(s.Upper, widest)
	}
	return s
}

// value implements stat.Objective.
func (q *problem) value(theta, gradient []float64) float64 { return q.curved(theta, gradient, nil) }

// curved implements stat.Curved; hessian may be nil.
func (q *problem) curved(theta, gradient, hessian []float64) float64 {
	n := len(theta)
	sums := make([]float64, 1+n+len(hessian)) // of the value, the gradient and the Hessian
	if len(q.z) == 0 {
		q.addTo(sums, q.h, nil, theta, q.workers)
	} else if profiles := q.h.profiles; len(profiles) <= fewProfiles {
		for i := range profiles {
			q.addTo(sums, profiles[i].h, q.z[i], theta, q.workers)
		}
	} else {
		chunks := (len(profiles) + profileChunk - 1) / profileChunk
		stat.SumTo(sums, q.workers, chunks, func(c int, dst []float64) {
			for i := c * profileChunk; i < min((c+1)*profileChunk, len(profiles)); i++ {
				q.addTo(dst, profiles[i].h, q.z[i], theta, 1)
			}
		})
	}
	copy(gradient, sums[1:])
	copy(hessian, sums[1+n:])
	return sums[0]
}

// Few profiles are taken one after the other, each by all workers; many are
// shared out.
const (
	fewProfiles  = 32
	profileChunk = 64
)

// addTo adds to dst the value of histories whose covariates are z, its derivatives
// by theta and, where dst has room for them, its second derivatives. The logs of
// the parameters are turn theta: the derivatives by them are turned back.
func (q *problem) addTo(dst []float64, h *Histories, z, theta []float64, workers int) {
	m, n := q.parameters, len(theta)
	turn := q.turn(z)
	p, slope := make([]float64, m), make([]float64, m)
	for j := range p {
		p[j] = math.Exp(dot(turn[j*n:(j+1)*n], theta))
	}
	var curve []float64
	if len(dst) > 1+n {
		curve = make([]float64, m*m)
	}
	dst[0] += q.family.LogLikelihood(h, p, slope, curve, workers)
	stat.ByLogs(slope, curve, p)
	gradient, hessian := dst[1:1+n], dst[1+n:]
	for j, s := range slope {
		for i, t := range turn[j*n : (j+1)*n] {
			gradient[i] += t * s
		}
	}
	if curve == nil {
		return
	}
	half := make([]float64, n) // a row of curve turn
	for j := range m {
		clear(half)
		for l := range m {
			for i, t := range turn[l*n : (l+1)*n] {
				half[i] += curve[j*m+l] * t
			}
		}
		for i, t := range turn[j*n : (j+1)*n] {
			if t == 0 {
				continue
			}
			for k, v := range half {
				hessian[i*n+k] += t * v
			}
		}
	}
}

// turn is the matrix, row by row, that makes the logs of the parameters of
// customers with covariates z of theta.
func (q *problem) turn(z []float64) []float64 {
	n := q.parameters + len(z)
	turn := make([]float64, q.parameters*n)
	for j := range q.parameters {
		turn[j*n+j] = 1
		for k, v := range z {
			turn[j*n+q.parameters+k] = q.effect(k)[j] * v
		}
	}
	return turn
}

// partSize is the number of histories on which starts are tried.
const partSize = 15_000

// maximise looks for the maximum from several starts, on a part of the
// histories where there are many, and ends in Newton steps on all of them. without
// is the optimum of the family without churn, nil where there is none. With covariates
// it starts where the family ends without them, which costs a tenth.
func (q *problem) maximise(ctx context.Context, without *stat.Maximum) (*stat.Maximum, error) {
	starts := q.starts(without)
	thin := q.h.thin(partSize)
	if q.coefficients() > 0 {
		all := *thin
		all.profiles = nil
		m, err := newProblem(q.family, &all, scale{}, q.workers).maximise(ctx, without)
		if err != nil {
			return nil, err
		}
		starts = [][]float64{append(m.At, make([]float64, q.coefficients())...)}
	}
	if without != nil { // the coefficients of buying; those of churn start at none
		for _, start := range starts {
			copy(start[q.parameters:], without.At[2:])
		}
	}
	part := newProblem(q.family, thin, q.scale, q.workers)
	m, err := stat.Maximise(ctx, part.value, part.search(starts...))
	if err != nil || thin == q.h {
		return m, err
	}
	whole, err := stat.Polish(ctx, q.value, m.At, q.search())
	if err == nil && whole.Outcome == stat.Failed {
		whole, err = stat.Maximise(ctx, q.value, q.search(append(starts, whole.At)...))
	}
	if err != nil {
		return nil, err
	}
	whole.Evaluations += m.Evaluations
	whole.Iterations += m.Iterations
	return whole, nil
}

// estimate is the maximum in the units of a reader: the logs of the parameters
// at covariates of zero, then the coefficients per unit of each covariate.
type estimate struct {
	family     Family
	maximum    *stat.Maximum
	edge       []bool    // by parameter of the family: at the edge of the search
	far        []bool    // by coefficient: the same
	logs       []float64 // of the parameters, then the coefficients
	covariance *mat.SymDense
}

func (q *problem) estimate(m *stat.Maximum) *estimate {
	e := &estimate{family: q.family, maximum: m, logs: append([]float64(nil), m.At...)}
	n, box := len(m.At), q.search()
	for i := range n {
		if at := m.AtEdge(box, i); i < q.parameters {
			e.edge = append(e.edge, at)
		} else {
			e.far = append(e.far, at)
		}
	}
	// logs = turn theta: linear, so that the covariance follows.
	turn := mat.NewDense(n, n, nil)
	for i := range n {
		turn.Set(i, i, 1)
	}
	for k := range q.coefficients() {
		i := q.parameters + k
		turn.Set(i, i, 1/q.scale.deviation[k])
		for j, effect := range q.effect(k) {
			turn.Set(j, i, -effect*q.scale.mean[k]/q.scale.deviation[k])
		}
	}
	mat.NewVecDense(n, e.logs).MulVec(turn, mat.NewVecDense(n, append([]float64(nil), m.At...)))
	if m.Covariance == nil {
		return e
	}
	var product, turned mat.Dense
	product.Mul(turn, m.Covariance)
	turned.Mul(&product, turn.T())
	e.covariance = mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			e.covariance.SetSym(i, j, (turned.At(i, j)+turned.At(j, i))/2)
		}
	}
	return e
}

// Hessian returns the exact matrix of second derivatives of a family's
// log-likelihood of h by the natural parameters at p. Covariates are left out.
func Hessian(f Family, h *Histories, p []float64, workers int) *mat.SymDense {
	n := len(p)
	second := make([]float64, n*n)
	f.LogLikelihood(h, p, nil, second, workers)
	return mat.NewSymDense(n, second)
}

// unscaled leaves covariates as they are: theta is then what estimate returns.
func unscaled(h *Histories, buying int) scale {
	s := newScale(h, buying)
	clear(s.mean)
	for k := range s.deviation {
		s.deviation[k] = 1
	}
	return s
}

// chord climbs from a point with a covariance in place of the inverse Hessian. at is
// nil where that does not arrive.
func (q *problem) chord(ctx context.Context, from []float64, covariance *mat.SymDense) (at []float64, value float64, steps int, err error) {
	n := len(from)
	at = slices.Clone(from)
	gradient, step := make([]float64, n), mat.NewVecDense(n, nil)
	value = q.value(at, gradient)
	for ; steps < 15; steps++ {
		if err := ctx.Err(); err != nil {
			return nil, 0, 0, err
		}
		step.MulVec(covariance, mat.NewVecDense(n, gradient))
		rise := mat.Dot(step, mat.NewVecDense(n, gradient))
		if rise/2 < 1e-9 {
			return at, value, steps, nil
		}
		for i := range at {
			at[i] += step.AtVec(i)
		}
		next := q.value(at, gradient)
		if !(next > value-1e-12*math.Abs(value)) {
			return nil, 0, 0, nil
		}
		value = next
	}
	return nil, 0, 0, nil
}

// starts are those of the family, with coefficients of zero.
func (q *problem) starts(without *stat.Maximum) [][]float64 {
	var buying []float64
	if without != nil {
		buying = []float64{math.Exp(without.At[0]), math.Exp(without.At[1])}
	}
	var out [][]float64
	for _, p := range q.family.Starts(q.h, buying) {
		start := make([]float64, q.parameters+q.coefficients())
		for j, v := range p {
			start[j] = math.Log(v)
		}
		out = append(out, start)
	}
	return out
}

// near is the maximum by the estimates of other histories: nil where there is none
// inside, or none that is clearly above the family without churn.
func (q *problem) near(ctx context.Context, logs []float64, without *stat.Maximum) (*stat.Maximum, error) {
	m, err := stat.Polish(ctx, q.value, q.thetaOf(logs), q.search())
	if errors.Is(err, stat.ErrNoStart) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if m.Outcome != stat.Interior || without != nil && m.Value-without.Value < clearGain(q.coefficients()) {
		return nil, nil
	}
	return m, nil
}

// thetaOf is the way back from the logs of estimate.
func (q *problem) thetaOf(logs []float64) []float64 {
	theta := slices.Clone(logs)
	for k := range q.coefficients() {
		i := q.parameters + k
		for j, effect := range q.effect(k) {
			theta[j] += effect * q.scale.mean[k] * logs[i]
		}
		theta[i] = logs[i] * q.scale.deviation[k]
	}
	return theta
}

// restart searches from estimates of other histories.
func (q *problem) restart(ctx context.Context, logs []float64) (*stat.Maximum, error) {
	start := q.thetaOf(logs)
	m, err := stat.Polish(ctx, q.value, start, q.search())
	if err != nil || m.Outcome != stat.Failed {
		return m, err
	}
	return stat.Maximise(ctx, q.value, q.search(start, m.At))
}
