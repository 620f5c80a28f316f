package risk

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"clientele/models"
	"clientele/models/stat"
)

// Sample is what a score learns from: columns of one length and, for each row,
// whether the event came.
type Sample struct {
	Columns [][]float64 // one slice for each feature; finite
	Events  []float64   // 1 the event came (the customer stayed away), 0 it did not
	Weights []float64   // of the rows, at least zero; nil: one each
	Offset  []float64   // log odds that are known beforehand and get no coefficient; nil: zero
	// Cluster says whose each row is: rows of one number are not independent, and
	// standard errors are robust to that; nil: every row is another's.
	Cluster []int64
}

// ErrOneOutcome is returned where every row has the same outcome, or there are
// no rows: nothing can be told apart.
var ErrOneOutcome = errors.New("the event came to all rows or to none")

// ErrCollinear is returned where a column is a combination of others, so that
// its coefficient is not determined; a ridge above zero removes the doubt.
var ErrCollinear = errors.New("a column is constant or follows from the others")

func (s *Sample) weight(i int) float64 {
	if s.Weights == nil {
		return 1
	}
	return s.Weights[i]
}

func (s *Sample) offset(i int) float64 {
	if s.Offset == nil {
		return 0
	}
	return s.Offset[i]
}

// check reports values that cannot be; lengths that differ are the program's mistake.
func (s *Sample) check() error {
	n := len(s.Events)
	for j, c := range s.Columns {
		if len(c) != n {
			panic(fmt.Sprintf("risk: column %d has %d rows, not %d", j, len(c), n))
		}
	}
	if s.Weights != nil && len(s.Weights) != n || s.Offset != nil && len(s.Offset) != n || s.Cluster != nil && len(s.Cluster) != n {
		panic("risk: weights, offsets or clusters of another length")
	}
	var came, total float64
	for i, y := range s.Events {
		if y != 0 && y != 1 {
			return fmt.Errorf("row %d: event is %v, not 0 or 1", i, y)
		}
		w := s.weight(i)
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("row %d: weight is %v", i, w)
		}
		came += w * y
		total += w
	}
	if !(came > 0 && came < total) {
		return ErrOneOutcome
	}
	return nil
}

func (s *Sample) checkFinite() error {
	for j, c := range s.Columns {
		for i, v := range c {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("column %d, row %d: %v", j, i, v)
			}
		}
	}
	return nil
}

// LogitSettings say how a logistic regression is fitted.
type LogitSettings struct {
	// Ridge is subtracted from the log-likelihood times half the sum of squared
	// coefficients, the intercept's excepted; zero gives the maximum likelihood.
	Ridge         float64  `json:"ridge"`
	MaxIterations int      `json:"max_iterations"` // zero: 50
	Names         []string `json:"-"`              // of the columns, for warnings; nil: their numbers
	Workers       int      `json:"-"`              // goroutines; zero: one for each processor. Results do not depend on it
}

// Logit is a fitted logistic regression: the log odds of the event are
// Intercept + Offset + the sum of Coefficients times columns.
type Logit struct {
	Intercept    float64   `json:"intercept"`
	Coefficients []float64 `json:"coefficients"`
	// StandardErrors are the roots of the diagonal of the inverse of the
	// negative Hessian, ridge and all, the intercept's first; with Sample.Cluster
	// those of the sandwich (see FitLogit). Nil where the maximum does not exist, or
	// there are no more clusters than coefficients, which determine no sandwich.
	StandardErrors    []float64        `json:"standard_errors,omitempty"`
	Clusters          int              `json:"clusters,omitempty"`  // distinct ones of the rows; 0: errors take every row as independent
	LogLikelihood     float64          `json:"log_likelihood"`      // without the ridge's part
	NullLogLikelihood float64          `json:"null_log_likelihood"` // of the intercept (and the offset) alone
	Rows              int              `json:"rows"`
	Iterations        int              `json:"iterations"` // over all rows
	Status            models.Status    `json:"status"`
	Warnings          []models.Warning `json:"warnings,omitempty"`
}

// rowsAtOnce is how many rows one piece of work has. It is fixed, so that sums
// are the same on any number of cores.
const rowsAtOnce = 2048

func pieces(rows int) int { return (rows + rowsAtOnce - 1) / rowsAtOnce }

// softplus is ln(1 + e^a), without overflow.
func softplus(a float64) float64 {
	if a > 0 {
		return a + math.Log1p(math.Exp(-a))
	}
	return math.Log1p(math.Exp(a))
}

// Probability is the inverse of LogOdds: 1 / (1 + e^-a).
func Probability(a float64) float64 {
	if a >= 0 {
		return 1 / (1 + math.Exp(-a))
	}
	e := math.Exp(a)
	return e / (1 + e)
}

// LogOdds is ln(p / (1-p)); infinite at 0 and 1, NaN outside [0,1].
func LogOdds(p float64) float64 { return math.Log(p / (1 - p)) }

// FitLogit maximises the log-likelihood, less the ridge, by Newton's method,
// which for this likelihood is iteratively reweighted least squares (McCullagh &
// Nelder 1989, section 4.4): steps are halved while they lose. Without a ridge,
// data that some combination of columns separates have no maximum: then the
// Status is Boundary and a warning names the columns. It returns ErrOneOutcome,
// ErrCollinear, ctx's error, or one that names a value that cannot be.
//
// With Sample.Cluster the covariance is the sandwich of Liang & Zeger (1986,
// section 2) with independence as working correlation: H^-1 (sum of s s') H^-1
// times G/(G-1), where H is the negative Hessian, s the sum of the scores
// w (y - p) x of one cluster's rows, and G the number of clusters.
func FitLogit(ctx context.Context, s *Sample, set LogitSettings) (*Logit, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := s.checkFinite(); err != nil {
		return nil, err
	}
	if set.MaxIterations == 0 {
		set.MaxIterations = 50
	}
	r := &irls{sample: s, set: set, size: len(s.Columns) + 1}
	null, err := nullIntercept(s, set.Workers)
	if err != nil {
		return nil, err
	}
	theta := r.start(ctx, null)
	l := &Logit{Rows: len(s.Events), Status: models.Fallback, NullLogLikelihood: s.constant(null, set.Workers)}
	at := r.eval(theta)
	step := make([]float64, r.size)
	for l.Iterations = 1; l.Iterations <= set.MaxIterations; l.Iterations++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		// Where the curvature is lost after some steps, step is the one before.
		_, ok := at.newton(step)
		if late := l.Iterations > 8 || !ok && l.Iterations > 1; late && set.Ridge == 0 {
			if moved := r.along(step); moved.separates() {
				return r.separated(l, theta, at, moved), nil
			}
		}
		if !ok {
			return nil, ErrCollinear
		}
		gain := dot(at.gradient, step)
		at, theta = r.line(at, theta, step)
		if gain <= 1e-11*(1+math.Abs(at.value)) {
			l.Status = models.Converged
			if f, ok := at.newton(step); ok {
				l.StandardErrors, l.Clusters = r.standardErrors(f, theta)
			}
			break
		}
	}
	l.Iterations = min(l.Iterations, set.MaxIterations)
	l.set(theta, at)
	if l.Status != models.Converged {
		l.warn("not_converged",
			fmt.Sprintf("The logistic regression did not settle in %d iterations: its coefficients are the best point seen.", l.Iterations),
			fmt.Sprintf("逻辑回归在 %d 次迭代内未收敛：所给系数为已找到的最佳点。", l.Iterations))
	}
	if r.tellsAllApart(theta) {
		l.warn("perfect_separation",
			"The columns foretell every outcome of the training data without a mistake: look for a column that knows the answer.",
			"各特征对训练数据的结果预测毫无差错：请检查是否有特征泄露了答案。")
	}
	return l, nil
}

func (l *Logit) set(theta []float64, at *point) {
	l.Intercept, l.Coefficients = theta[0], slices.Clone(theta[1:])
	l.LogLikelihood = at.logLikelihood
}

func (l *Logit) warn(code, en, zh string) {
	l.Warnings = append(l.Warnings, models.Warning{Code: code, En: en, Zh: zh})
}

// MarginTo writes the log odds of every row of columns, without any offset.
func (l *Logit) MarginTo(dst []float64, columns [][]float64) {
	if len(columns) != len(l.Coefficients) {
		panic(fmt.Sprintf("risk: %d columns, not %d", len(columns), len(l.Coefficients)))
	}
	for i := range dst {
		dst[i] = l.Intercept
	}
	for j, c := range columns {
		b := l.Coefficients[j]
		for i, v := range c[:len(dst)] {
			dst[i] += b * v
		}
	}
}

// nullIntercept is the intercept of the model without columns.
func nullIntercept(s *Sample, workers int) (float64, error) {
	if s.Offset != nil {
		return Shift(s.Offset, s.Events, s.Weights, workers)
	}
	var came, total float64
	for i, y := range s.Events {
		came += s.weight(i) * y
		total += s.weight(i)
	}
	return LogOdds(came / total), nil
}

// constant is the log-likelihood of the model without columns.
func (s *Sample) constant(intercept float64, workers int) float64 {
	var out [1]float64
	stat.SumTo(out[:], workers, pieces(len(s.Events)), func(c int, dst []float64) {
		for i := c * rowsAtOnce; i < min((c+1)*rowsAtOnce, len(s.Events)); i++ {
			dst[0] -= s.weight(i) * softplus((1-2*s.Events[i])*(intercept+s.offset(i)))
		}
	})
	return out[0]
}

// Of so many rows the search begins where every eighth of them has its maximum, which is
// near that of all: steps on few rows take the place of most of those on all.
const (
	manyRows = 1 << 15
	thinning = 8
)

// start is where the search begins; null is the intercept of the model without columns.
func (r *irls) start(ctx context.Context, null float64) []float64 {
	theta := make([]float64, r.size)
	theta[0] = null
	if len(r.sample.Events) < manyRows {
		return theta
	}
	set := r.set
	set.Ridge /= thinning
	l, err := FitLogit(ctx, r.sample.thinned(), set)
	if err != nil || l.Status != models.Converged {
		return theta
	}
	return append(append(theta[:0], l.Intercept), l.Coefficients...)
}

// thinned is every eighth row, each as if it were another customer's.
func (s *Sample) thinned() *Sample {
	some := func(all []float64) []float64 {
		var out []float64
		for i := 0; i < len(all); i += thinning {
			out = append(out, all[i])
		}
		return out
	}
	out := &Sample{Events: some(s.Events), Weights: some(s.Weights), Offset: some(s.Offset)}
	for _, c := range s.Columns {
		out.Columns = append(out.Columns, some(c))
	}
	return out
}

// Shift returns what to add to every margin (log odds) so that the expected
// number of events equals the number that came: the maximum likelihood of an
// intercept with the margins as offset. A fit of one season is set right for the
// next by it (recalibration in the large; Steyerberg 2019, section 15.3.1). It
// returns ErrOneOutcome where no finite shift does.
func Shift(margin, events, weights []float64, workers int) (float64, error) {
	s := &Sample{Events: events, Weights: weights, Offset: margin}
	if err := s.check(); err != nil {
		return 0, err
	}
	// Newton inside a bracket: the sum is monotone, so the root stays between.
	low, high := math.Inf(1), math.Inf(-1)
	var came, total float64
	for i, m := range margin {
		if math.IsNaN(m) || math.IsInf(m, 0) {
			return 0, fmt.Errorf("row %d: margin is %v", i, m)
		}
		low, high = min(low, m), max(high, m)
		came += s.weight(i) * events[i]
		total += s.weight(i)
	}
	goal := LogOdds(came / total)
	low, high = goal-high, goal-low
	shift := (low + high) / 2
	sums := make([]float64, 2)
	for range 200 {
		stat.SumTo(sums, workers, pieces(len(margin)), func(c int, dst []float64) {
			for i := c * rowsAtOnce; i < min((c+1)*rowsAtOnce, len(margin)); i++ {
				p := Probability(margin[i] + shift)
				dst[0] += s.weight(i) * (p - events[i])
				dst[1] += s.weight(i) * p * (1 - p)
			}
		})
		if sums[0] > 0 {
			high = shift
		} else {
			low = shift
		}
		next := shift - sums[0]/sums[1]
		if !(next > low && next < high) {
			next = (low + high) / 2
		}
		if done := math.Abs(next-shift) <= 1e-14*(1+math.Abs(shift)); done {
			return next, nil
		}
		shift = next
	}
	return shift, nil
}

// irls is a search: the data and the settings.
type irls struct {
	sample *Sample
	set    LogitSettings
	size   int // coefficients, the intercept's among them
}

// point is the objective at one place: value less the ridge, its gradient and
// its negative Hessian.
type point struct {
	logLikelihood, value float64
	gradient             []float64
	curvature            []float64 // size x size, upper triangle, row by row
}

// eval sums value, gradient and curvature over the rows, in chunks of fixed size.
func (r *irls) eval(theta []float64) *point {
	s, m := r.sample, r.size
	sums := make([]float64, 1+m+m*(m+1)/2)
	stat.SumTo(sums, r.set.Workers, pieces(len(s.Events)), func(c int, dst []float64) {
		from, to := c*rowsAtOnce, min((c+1)*rowsAtOnce, len(s.Events))
		var block [4][rowsAtOnce]float64
		eta, residual, weight, scaled := block[0][:to-from], block[1][:to-from], block[2][:to-from], block[3][:to-from]
		r.margins(eta, theta, from)
		for k := range eta {
			i := from + k
			y, w := s.Events[i], s.weight(i)
			e := math.Exp(-math.Abs(eta[k])) // of softplus and of Probability
			p := 1 / (1 + e)
			if eta[k] < 0 {
				p *= e
			}
			dst[0] -= w * (max(0, (1-2*y)*eta[k]) + math.Log1p(e))
			residual[k] = w * (y - p)
			weight[k] = w * p * (1 - p)
		}
		at := 1 + m
		for j := range m {
			if j == 0 {
				copy(scaled, weight)
				dst[1] = sum(residual)
			} else {
				column := s.Columns[j-1][from:to]
				dst[1+j] = dot(residual, column)
				for k, v := range column {
					scaled[k] = weight[k] * v
				}
			}
			for l := j; l < m; l++ {
				if l == 0 {
					dst[at] = sum(scaled)
				} else {
					dst[at] = dot(scaled, s.Columns[l-1][from:to])
				}
				at++
			}
		}
	})
	p := &point{logLikelihood: sums[0], value: sums[0], gradient: sums[1 : 1+m], curvature: sums[1+m:]}
	at := 0
	for j := range m {
		if j > 0 {
			p.value -= r.set.Ridge / 2 * theta[j] * theta[j]
			p.gradient[j] -= r.set.Ridge * theta[j]
			p.curvature[at] += r.set.Ridge
		}
		at += m - j
	}
	return p
}

// margins writes the log odds of the rows from there on.
func (r *irls) margins(eta, theta []float64, from int) {
	for k := range eta {
		eta[k] = theta[0] + r.sample.offset(from+k)
	}
	for j, b := range theta[1:] {
		for k, v := range r.sample.Columns[j][from : from+len(eta)] {
			eta[k] += b * v
		}
	}
}

// factor is the Cholesky factor of the curvature, scaled to a unit diagonal so
// that columns of different units do no harm.
type factor struct {
	chol  mat.Cholesky
	scale []float64
}

// newton writes the step that solves curvature * step = gradient; ok is false
// where the curvature is not positive definite.
func (p *point) newton(step []float64) (*factor, bool) {
	m := len(step)
	f := &factor{scale: make([]float64, m)}
	at := 0
	for j := range m {
		d := p.curvature[at]
		if !(d > 0) || math.IsInf(d, 0) {
			return nil, false
		}
		f.scale[j] = 1 / math.Sqrt(d)
		at += m - j
	}
	sym := mat.NewSymDense(m, nil)
	at = 0
	for j := range m {
		for l := j; l < m; l++ {
			sym.SetSym(j, l, p.curvature[at]*f.scale[j]*f.scale[l])
			at++
		}
	}
	// A condition number above 1e14 leaves no digit of a coefficient.
	if !f.chol.Factorize(sym) || f.chol.Cond() > 1e14 {
		return nil, false
	}
	right := mat.NewVecDense(m, nil)
	for j := range m {
		right.SetVec(j, p.gradient[j]*f.scale[j])
	}
	var out mat.VecDense
	if err := f.chol.SolveVecTo(&out, right); err != nil {
		return nil, false
	}
	for j := range m {
		step[j] = out.AtVec(j) * f.scale[j]
	}
	return f, true
}

// standardErrors are those of theta by cluster, where rows have one, and the number
// of clusters; else those of the curvature alone.
func (r *irls) standardErrors(f *factor, theta []float64) ([]float64, int) {
	var inverse mat.SymDense
	if err := f.chol.InverseTo(&inverse); err != nil {
		return nil, 0
	}
	errors := make([]float64, len(f.scale))
	if r.sample.Cluster == nil {
		for j := range errors {
			errors[j] = math.Sqrt(inverse.At(j, j)) * f.scale[j]
		}
		return errors, 0
	}
	meat, clusters := r.meat(theta, f.scale)
	if clusters <= r.size {
		return nil, clusters
	}
	var half, sandwich mat.Dense
	half.Mul(&inverse, meat)
	sandwich.Mul(&half, &inverse)
	correction := float64(clusters) / float64(clusters-1)
	for j := range errors {
		errors[j] = math.Sqrt(correction*sandwich.At(j, j)) * f.scale[j]
	}
	return errors, clusters
}

// meat sums the outer products of the clusters' scores, each coordinate times its
// scale, and counts the clusters.
func (r *irls) meat(theta, scale []float64) (*mat.SymDense, int) {
	s, m := r.sample, r.size
	residual := r.residuals(theta)
	type owned struct {
		cluster int64
		row     int32
	}
	order := make([]owned, len(s.Events))
	for i, cluster := range s.Cluster {
		order[i] = owned{cluster, int32(i)}
	}
	order, _ = stat.SortByUint(r.set.Workers, order, make([]owned, len(order)), func(o owned) uint64 { return uint64(o.cluster) })
	var starts []int32 // of the clusters in order, and the end
	for k, o := range order {
		if k == 0 || o.cluster != order[k-1].cluster {
			starts = append(starts, int32(k))
		}
	}
	clusters := len(starts)
	starts = append(starts, int32(len(order)))
	sums := make([]float64, m*(m+1)/2)
	stat.SumTo(sums, r.set.Workers, pieces(clusters), func(c int, dst []float64) {
		score := make([]float64, m)
		for g := c * rowsAtOnce; g < min((c+1)*rowsAtOnce, clusters); g++ {
			clear(score)
			for _, o := range order[starts[g]:starts[g+1]] {
				i := o.row
				score[0] += residual[i]
				for j, column := range s.Columns {
					score[j+1] += residual[i] * column[i]
				}
			}
			at := 0
			for j := range m {
				for l := j; l < m; l++ {
					dst[at] += score[j] * score[l]
					at++
				}
			}
		}
	})
	out := mat.NewSymDense(m, nil)
	at := 0
	for j := range m {
		for l := j; l < m; l++ {
			out.SetSym(j, l, sums[at]*scale[j]*scale[l])
			at++
		}
	}
	return out, clusters
}

// residuals are w (y - p) of every row.
func (r *irls) residuals(theta []float64) []float64 {
	s := r.sample
	out := make([]float64, len(s.Events))
	stat.Each(r.set.Workers, pieces(len(out)), func(c int) {
		from := c * rowsAtOnce
		part := out[from:min(from+rowsAtOnce, len(out))]
		r.margins(part, theta, from)
		for k, eta := range part {
			part[k] = s.weight(from+k) * (s.Events[from+k] - Probability(eta))
		}
	})
	return out
}

// line goes along step, half as far while the objective falls.
func (r *irls) line(at *point, theta, step []float64) (*point, []float64) {
	trial := make([]float64, len(theta))
	share := 1.0
	for range 40 {
		for j := range trial {
			trial[j] = theta[j] + share*step[j]
		}
		// Sums of many rows carry rounding: a fall within it is no fall.
		if next := r.eval(trial); next.value >= at.value-1e-12*(1+math.Abs(at.value)) {
			return next, trial
		}
		share /= 2
	}
	return at, slices.Clone(theta)
}

// movement is how the margins of all rows move along a step, towards their own
// outcome: the least, the greatest, and the part that each column has.
type movement struct {
	least, greatest float64
	parts           []float64 // for each column: |step| times the column's range
}

func (r *irls) along(step []float64) movement {
	s := r.sample
	m := movement{least: math.Inf(1), greatest: math.Inf(-1), parts: make([]float64, len(s.Columns))}
	for j, c := range s.Columns {
		if len(c) > 0 {
			m.parts[j] = math.Abs(step[j+1]) * (slices.Max(c) - slices.Min(c))
		}
	}
	for i, y := range s.Events {
		if s.weight(i) == 0 {
			continue
		}
		move := step[0]
		for j, c := range s.Columns {
			move += step[j+1] * c[i]
		}
		move *= 2*y - 1
		m.least, m.greatest = min(m.least, move), max(m.greatest, move)
	}
	return m
}

// separates tells that every row moves towards its outcome, or stays: such a
// direction has no end, and the likelihood no maximum (Albert & Anderson 1984).
// Newton's steps turn into one and keep moving the separated rows by about one;
// near a maximum steps are small and move rows both ways.
func (m movement) separates() bool {
	return m.greatest > 0.1 && m.least > -1e-4*m.greatest
}

// separated ends a search that has no end.
func (r *irls) separated(l *Logit, theta []float64, at *point, m movement) *Logit {
	l.set(theta, at)
	l.Status = models.Boundary
	var names []string
	if len(m.parts) > 0 {
		most := slices.Max(m.parts)
		for j, part := range m.parts {
			if part >= 0.1*most && part > 0 {
				names = append(names, r.name(j))
			}
		}
	}
	l.warn("separation",
		fmt.Sprintf("Some outcomes follow without exception from %s: the coefficients have no finite maximum and no standard errors. A ridge above zero gives finite ones.", strings.Join(names, ", ")),
		fmt.Sprintf("部分结果完全由 %s 决定：系数没有有限的最大似然估计，也没有标准误。岭参数大于零时可得有限值。", strings.Join(names, "、")))
	return l
}

func (r *irls) name(j int) string {
	if j < len(r.set.Names) {
		return r.set.Names[j]
	}
	return fmt.Sprintf("column %d", j)
}

// tellsAllApart reports whether every row with the event has higher log odds
// than every row without.
func (r *irls) tellsAllApart(theta []float64) bool {
	s := r.sample
	lowest, highest := math.Inf(1), math.Inf(-1)
	eta := make([]float64, rowsAtOnce)
	for from := 0; from < len(s.Events); from += rowsAtOnce {
		part := eta[:min(rowsAtOnce, len(s.Events)-from)]
		r.margins(part, theta, from)
		for k, e := range part {
			switch {
			case s.weight(from+k) == 0:
			case s.Events[from+k] == 1:
				lowest = min(lowest, e)
			default:
				highest = max(highest, e)
			}
		}
		if lowest <= highest {
			return false
		}
	}
	return lowest > highest
}

func sum(a []float64) float64 {
	var s float64
	for _, v := range a {
		s += v
	}
	return s
}

// dot is the inner product, in four interleaved sums: one sum would wait for
// each addition to end before the next begins.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}
