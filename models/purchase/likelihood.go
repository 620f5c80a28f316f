package purchase

import (
	"context"
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

func (q *problem) search() stat.Search {
	low, high := q.family.Box()
	var s stat.Search
	for j := range low {
		s.Lower, s.Upper = append(s.Lower, math.Log(low[j])), append(s.Upper, math.Log(high[j]))
	}
	for range q.coefficients() {
		s.Lower, s.Upper = append(s.Lower, -widest), append(s.Upper, widest)
	}
	return s
}

// value implements stat.Objective.
func (q *problem) value(theta, gradient []float64) float64 {
	if len(q.z) == 0 {
		p := make([]float64, q.parameters)
		for j := range p {
			p[j] = math.Exp(theta[j])
		}
		v := q.family.LogLikelihood(q.h, p, gradient, q.workers)
		for j := range p {
			gradient[j] *= p[j]
		}
		return v
	}
	sums := make([]float64, 1+len(theta))
	if profiles := q.h.profiles; len(profiles) <= fewProfiles {
		part := make([]float64, len(sums))
		for i := range profiles {
			clear(part)
			q.profileTo(part, i, theta, q.workers)
			for k, v := range part {
				sums[k] += v
			}
		}
	} else {
		chunks := (len(profiles) + profileChunk - 1) / profileChunk
		stat.SumTo(sums, q.workers, chunks, func(c int, dst []float64) {
			for i := c * profileChunk; i < min((c+1)*profileChunk, len(profiles)); i++ {
				q.profileTo(dst, i, theta, 1)
			}
		})
	}
	copy(gradient, sums[1:])
	return sums[0]
}

// Few profiles are taken one after the other, each by all workers; many are
// shared out.
const (
	fewProfiles  = 32
	profileChunk = 64
)

// profileTo adds the value and the derivatives of profile i to dst.
func (q *problem) profileTo(dst []float64, i int, theta []float64, workers int) {
	p, slope := make([]float64, q.parameters), make([]float64, q.parameters)
	for j := range p {
		l := theta[j]
		for k, z := range q.z[i] {
			l += q.effect(k)[j] * theta[q.parameters+k] * z
		}
		p[j] = math.Exp(l)
	}
	dst[0] += q.family.LogLikelihood(q.h.profiles[i].h, p, slope, workers)
	for j := range p {
		slope[j] *= p[j]
		dst[1+j] += slope[j]
	}
	for k, z := range q.z[i] {
		for j, e := range q.effect(k) {
			dst[1+q.parameters+k] += e * z * slope[j]
		}
	}
}

// partSize is the number of histories on which starts are tried.
const partSize = 15_000

// maximise looks for the maximum from several starts, on a part of the
// histories where there are many, and ends on all of them. without is the
// optimum of the family without churn, nil where there is none. With covariates
// it starts where the family ends without them, which costs a tenth.
func (q *problem) maximise(ctx context.Context, without *stat.Maximum) (*stat.Maximum, error) {
	search := q.search()
	starts := q.starts(without)
	part := q.h.thin(partSize)
	if q.coefficients() > 0 {
		all := *part
		all.profiles = nil
		m, err := newProblem(q.family, &all, scale{}, q.workers).maximise(ctx, without)
		if err != nil {
			return nil, err
		}
		starts = [][]float64{append(m.At, make([]float64, q.coefficients())...)}
	}
	for _, start := range starts {
		if without != nil { // the coefficients of buying; those of churn start at none
			copy(start[q.parameters:], without.At[2:])
		}
		search.Starts = append(search.Starts, start)
	}
	m, err := stat.Maximise(ctx, newProblem(q.family, part, q.scale, q.workers).value, search)
	if err != nil || part == q.h {
		return m, err
	}
	at := m.At
	if q.coefficients() > 0 && m.Covariance != nil {
		// A pass over many tables costs more than a step that is a little off.
		var scaled mat.SymDense
		scaled.ScaleSym(part.Customers/q.h.Customers, m.Covariance)
		end, _, _, err := q.chord(ctx, m.At, &scaled)
		if err != nil {
			return nil, err
		}
		if end != nil {
			at = end
		}
	}
	whole, err := stat.Polish(ctx, q.value, at, search)
	if err != nil {
		return nil, err
	}
	if whole.Outcome == stat.Failed {
		search.Starts = append(search.Starts, whole.At)
		if whole, err = stat.Maximise(ctx, q.value, search); err != nil {
			return nil, err
		}
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
	within := q.covariance(m)
	var product, turned mat.Dense
	product.Mul(turn, within)
	turned.Mul(&product, turn.T())
	e.covariance = mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			e.covariance.SetSym(i, j, (turned.At(i, j)+turned.At(j, i))/2)
		}
	}
	return e
}

// covariance is the inverse of the negative Hessian at an interior maximum. With
// covariates, plain differences do: they are good to four digits or more.
func (q *problem) covariance(m *stat.Maximum) *mat.SymDense {
	if q.coefficients() > 0 {
		return m.Covariance
	}
	var chol mat.Cholesky
	var inverse mat.SymDense
	if chol.Factorize(negativeHessian(q.value, m.At)) && chol.InverseTo(&inverse) == nil {
		return &inverse
	}
	return m.Covariance // of the search: plain differences
}

// negativeHessian takes central differences of the exact gradient at two steps
// and extrapolates (Richardson): the error falls with the fourth power of the
// step, 1e-3 of a log, and rounding adds about 1e-12 of a diagonal element.
func negativeHessian(f stat.Objective, at []float64) *mat.SymDense {
	const h = 1e-3
	n := len(at)
	theta, up, down := append([]float64(nil), at...), make([]float64, n), make([]float64, n)
	difference := func(i int, h float64) []float64 {
		theta[i] = at[i] + h
		f(theta, up)
		theta[i] = at[i] - h
		f(theta, down)
		theta[i] = at[i]
		d := make([]float64, n)
		for j := range d {
			d[j] = (down[j] - up[j]) / (2 * h)
		}
		return d
	}
	rows := make([][]float64, n)
	for i := range rows {
		near, far := difference(i, h), difference(i, 2*h)
		rows[i] = make([]float64, n)
		for j := range near {
			rows[i][j] = (4*near[j] - far[j]) / 3
		}
	}
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, (rows[i][j]+rows[j][i])/2)
		}
	}
	return s
}

// Hessian returns the matrix of second derivatives of a family's log-likelihood
// of h by the natural parameters at p, by differences of the exact gradient
// extrapolated, good to about 1e-8 of its diagonal. Covariates are left out.
func Hessian(f Family, h *Histories, p []float64, workers int) *mat.SymDense {
	logs := make([]float64, len(p))
	for j, v := range p {
		logs[j] = math.Log(v)
	}
	whole := *h
	whole.profiles = nil
	q := newProblem(f, &whole, scale{}, workers)
	gradient := make([]float64, len(p))
	f.LogLikelihood(h, p, gradient, workers)
	n := negativeHessian(q.value, logs)
	// d²/dp_i dp_j from d²/dlog_i dlog_j: p_i p_j f_ij + (i = j) p_i f_i.
	out := mat.NewSymDense(len(p), nil)
	for i := range p {
		for j := i; j < len(p); j++ {
			v := -n.At(i, j)
			if i == j {
				v -= p[i] * gradient[i]
			}
			out.SetSym(i, j, v/(p[i]*p[j]))
		}
	}
	return out
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

// restart searches from estimates of other histories.
func (q *problem) restart(ctx context.Context, logs []float64) (*stat.Maximum, error) {
	start := append([]float64(nil), logs...)
	for k := range q.coefficients() {
		i := q.parameters + k
		for j, effect := range q.effect(k) {
			start[j] += effect * q.scale.mean[k] * logs[i]
		}
		start[i] = logs[i] * q.scale.deviation[k]
	}
	search := q.search()
	m, err := stat.Polish(ctx, q.value, start, search)
	if err != nil || m.Outcome != stat.Failed {
		return m, err
	}
	search.Starts = [][]float64{start, m.At}
	return stat.Maximise(ctx, q.value, search)
}
