package survival

import (
	"context"
	"fmt"
	"math"
)

// regression are the rows of a Cox regression as the likelihood reads them:
// by time, with columns of mean 0 and spread 1.
type regression struct {
	n, p            int
	ties            Ties
	time            []float64
	event           []bool
	weight          []float64
	z               []float64 // row by row
	mean, scale     []float64 // of the columns: z = (x - mean) / scale
	span            []float64 // greatest z less the smallest
	customers, left float64
	logRate         []float64 // scratch: z b, by row
}

func newRegression(d Data, columns [][]float64, ties Ties) *regression {
	n, p := len(d.Time), len(columns)
	r := &regression{n: n, p: p, ties: ties, time: make([]float64, n), event: make([]bool, n), weight: make([]float64, n),
		z: make([]float64, n*p), mean: make([]float64, p), scale: make([]float64, p), span: make([]float64, p), logRate: make([]float64, n)}
	rows := d.order()
	for to, i := range rows {
		w := d.weight(int(i))
		r.time[to], r.event[to], r.weight[to] = d.Time[i], d.Event[i], w
		r.customers += w
		if r.event[to] {
			r.left += w
		}
	}
	for j, column := range columns {
		r.standardise(j, column, rows)
	}
	return r
}

// standardise writes one column. One that does not vary keeps a scale of 1.
func (r *regression) standardise(j int, column []float64, rows []int32) {
	low, high := column[0], column[0]
	for _, v := range column {
		low, high = min(low, v), max(high, v)
	}
	half := high/2 - low/2 // whose square, unlike the values', is in range
	middle := low + half
	var sum, squares float64
	for to, i := range rows {
		if half > 0 {
			v := (column[i] - middle) / half
			sum += r.weight[to] * v
			squares += r.weight[to] * v * v
		}
	}
	mean := sum / r.customers
	r.mean[j], r.scale[j] = middle+mean*half, 1
	if variance := squares/r.customers - mean*mean; variance > 0 && half > 0 {
		r.scale[j] = math.Sqrt(variance) * half
	}
	for to, i := range rows {
		r.z[to*r.p+j] = (column[i] - r.mean[j]) / r.scale[j]
	}
	r.span[j] = 2 * half / r.scale[j]
}

// rates sets logRate for coefficients b of the standardised columns.
func (r *regression) rates(b []float64) {
	for i := range r.n {
		var lp float64
		for j, v := range r.z[i*r.p : (i+1)*r.p] {
			lp += v * b[j]
		}
		r.logRate[i] = lp
	}
}

// sums are those over customers at risk at a time, and over those of them that
// leave at it: of the rates, of rate x z, and of rate x z z' (lower triangle).
// Rates are in units of e^highest, so that they stay in range however far apart
// they are.
type sums struct {
	time            float64
	highest         float64 // greatest z b of those at risk
	risk, leaving   float64
	riskZ, leaveZ   []float64
	riskZZ, leaveZZ []float64
	events          float64   // weight of those who leave
	z               []float64 // sum of weight x z over them
	logRate         float64   // sum of weight x z b over them
}

// each calls f for each time at which somebody leaves, the last first, with the
// sums there. second says whether the sums of z z' are wanted. rates must be set.
func (r *regression) each(second bool, f func(*sums)) {
	p := r.p
	s := &sums{highest: math.Inf(-1), riskZ: make([]float64, p), leaveZ: make([]float64, p), z: make([]float64, p),
		riskZZ: make([]float64, p*p), leaveZZ: make([]float64, p*p)}
	for to := r.n; to > 0; {
		s.time = r.time[to-1]
		s.leaving, s.events, s.logRate = 0, 0, 0
		clear(s.leaveZ)
		clear(s.leaveZZ)
		clear(s.z)
		from := to
		for ; from > 0 && r.time[from-1] == s.time; from-- {
			i := from - 1
			if r.logRate[i] > s.highest {
				s.rescale(r.logRate[i])
			}
			z := r.z[i*p : (i+1)*p]
			w := r.weight[i]
			rate := w * math.Exp(r.logRate[i]-s.highest)
			s.risk += rate
			add(s.riskZ, s.riskZZ, z, rate, second)
			if !r.event[i] {
				continue
			}
			s.leaving += rate
			s.events += w
			s.logRate += w * r.logRate[i]
			for j, v := range z {
				s.z[j] += w * v
			}
			if r.ties == Efron {
				add(s.leaveZ, s.leaveZZ, z, rate, second)
			}
		}
		to = from
		if s.events > 0 {
			f(s)
		}
	}
}

// rescale changes the unit of the rates.
func (s *sums) rescale(highest float64) {
	factor := math.Exp(s.highest - highest)
	s.highest = highest
	s.risk *= factor
	s.leaving *= factor
	for _, v := range [][]float64{s.riskZ, s.leaveZ, s.riskZZ, s.leaveZZ} {
		for i := range v {
			v[i] *= factor
		}
	}
}

func add(first, second, z []float64, rate float64, both bool) {
	p := len(z)
	for j, v := range z {
		v *= rate
		first[j] += v
		if both {
			row := second[j*p : j*p+j+1]
			for k := range row {
				row[k] += v * z[k]
			}
		}
	}
}

// steps are sums over the customers that leave at one time, taken one after the
// other from a risk set of which, before the k-th, a share of those leaving is
// gone: c = k/events with Efron's rule, 0 with Breslow's. With the part
// q = 1 - c leaving/risk of the risk that is left, and m = 1 for each but a last
// part of one:
type steps struct {
	log        float64 // of m ln(q risk)
	a0, a1     float64 // of m/q, m c/q
	b0, b1, b2 float64 // of m/q², m c/q², m c²/q²
}

func (s *sums) steps(ties Ties) (t steps) {
	t.log = s.events * (math.Log(s.risk) + s.highest)
	if ties == Breslow || s.events <= 1 {
		t.a0, t.b0 = s.events, s.events
		return t
	}
	for k := 0.0; k < s.events; k++ {
		m := min(s.events-k, 1)
		c := k / s.events
		q := 1 - c*(s.leaving/s.risk)
		t.log += m * math.Log(q)
		a := m / q
		b := a / q
		t.a0 += a
		t.a1 += c * a
		t.b0 += b
		t.b1 += c * b
		t.b2 += c * c * b
	}
	return t
}

// score adds the time's part of the gradient to dst.
func (s *sums) score(dst []float64, t steps) {
	for j := range dst {
		dst[j] += s.z[j] - (s.riskZ[j]*t.a0-s.leaveZ[j]*t.a1)/s.risk
	}
}

// information adds factor times the time's part of the negative Hessian to dst,
// lower triangle.
func (s *sums) information(dst []float64, t steps, factor float64) {
	p := len(s.z)
	for j := range p {
		all, gone := s.riskZ[j]/s.risk, s.leaveZ[j]/s.risk
		one, two := all*t.b0-gone*t.b1, gone*t.b2-all*t.b1
		for k := range j + 1 {
			i := j*p + k
			v := s.riskZZ[i]*t.a0 - s.leaveZZ[i]*t.a1 - s.riskZ[k]*one - s.leaveZ[k]*two
			dst[i] += factor * (v / s.risk)
		}
	}
}

// evaluate returns the partial log-likelihood at b and writes its gradient and
// the information matrix, both triangles.
func (r *regression) evaluate(b, gradient, information []float64) float64 {
	r.rates(b)
	clear(gradient)
	clear(information)
	var value float64
	r.each(true, func(s *sums) {
		t := s.steps(r.ties)
		value += s.logRate - t.log
		s.score(gradient, t)
		s.information(information, t, 1)
	})
	mirror(information, r.p)
	return value
}

func mirror(m []float64, p int) {
	for j := range p {
		for k := range j {
			m[k*p+j] = m[j*p+k]
		}
	}
}

// maximum is where the search ended, for standardised columns.
type maximum struct {
	at          []float64
	value, null float64
	score       float64 // chi-square of the score test at 0
	information []float64
	determined  []Determined
	rank        int // columns that are not Collinear
	iterations  int
}

// enough is the rise of the log-likelihood that a step must promise to be taken:
// one that promises less moves no estimate by a billionth of its standard error.
const enough = 1e-19

// maximise takes Newton steps from 0, halved until the likelihood, which has one
// maximum only, rises.
func (r *regression) maximise(ctx context.Context) (*maximum, error) {
	p := r.p
	m := &maximum{at: make([]float64, p), information: make([]float64, p*p), determined: make([]Determined, p)}
	gradient := make([]float64, p)
	m.value = r.evaluate(m.at, gradient, m.information)
	m.null = m.value
	for j := range p {
		m.determined[j] = Estimated
		if m.information[j*p+j] < 1e-12*r.left { // the columns vary by about 1, among all
			m.determined[j] = Collinear
		}
	}
	r.leaveOut(m, gradient)
	for j, pivot := range factor(m.information, p).pivot {
		if pivot == 0 {
			m.determined[j] = Collinear
			continue
		}
		m.rank++
	}
	r.leaveOut(m, gradient)
	m.score = factor(m.information, p).quadratic(gradient)
	to, toGradient, toInformation := make([]float64, p), make([]float64, p), make([]float64, p*p)
	varied := func(column int) bool { return m.determined[column] != Collinear }
	rest := math.Inf(1)
	for {
		step := factorKeeping(m.information, p, rounded, varied).solve(gradient)
		rise := dot(step, gradient)
		r.endless(m, step, rise/2 < 1e-6)
		before := rest
		rest = r.rest(m, step, gradient)
		if rise/2 < 1e-9 && (rest < enough || rest < 1e-12 && rest > before/2) { // or what is left is rounding
			break
		}
		if m.iterations++; m.iterations > 200 {
			return nil, fmt.Errorf("%w: log-likelihood %g after %d steps, to rise by %g", ErrNoConvergence, m.value, m.iterations-1, rise/2)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !r.advance(m, step, rise, to, toGradient, toInformation) {
			if rise/2 > 1e-9*(1+math.Abs(m.value)) {
				return nil, fmt.Errorf("%w: log-likelihood %g after %d steps, to rise by %g", ErrNoConvergence, m.value, m.iterations, rise/2)
			}
			break // the rounding of long sums
		}
		copy(gradient, toGradient)
		r.leaveOut(m, gradient)
	}
	return m, nil
}

// leaveOut takes the columns that are Collinear out of gradient and information.
func (r *regression) leaveOut(m *maximum, gradient []float64) {
	for j, d := range m.determined {
		if d != Collinear {
			continue
		}
		gradient[j] = 0
		for k := range r.p {
			m.information[j*r.p+k], m.information[k*r.p+j] = 0, 0
		}
	}
}

// endless marks the coefficients that still move far where little is left to
// gain: a step that would shift customers by half a unit in the log of their rate
// and promises next to nothing is one of an endless series of such steps.
func (r *regression) endless(m *maximum, step []float64, little bool) {
	for j, d := range step {
		if little && math.Abs(d)*r.span[j] > 0.5 {
			m.determined[j] = Infinite
		}
	}
}

// rest is the rise that a step promises from the coefficients that have an end.
func (r *regression) rest(m *maximum, step, gradient []float64) float64 {
	var rise float64
	for j := range step {
		if m.determined[j] == Estimated {
			rise += math.Abs(step[j] * gradient[j])
		}
	}
	return rise / 2
}

func dot(a, b []float64) float64 {
	var sum float64
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// advance moves m along a step, halved until the likelihood rises.
func (r *regression) advance(m *maximum, step []float64, rise float64, to, gradient, information []float64) bool {
	slack := 1e-14 * math.Abs(m.value)
	for scale := 1.0; scale > 1e-10; scale /= 2 {
		for j := range to {
			to[j] = m.at[j] + scale*step[j]
		}
		value := r.evaluate(to, gradient, information)
		if value >= m.value+1e-4*scale*rise-slack {
			m.value = value
			copy(m.at, to)
			copy(m.information, information)
			return true
		}
	}
	return false
}
