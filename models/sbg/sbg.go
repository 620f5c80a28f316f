// Package sbg is the shifted-beta-geometric model of customers with contracts that
// come up for renewal (Fader & Hardie 2007, "How to project customer retention"):
// at each renewal a customer leaves with a probability of its own, the same each
// time, and these probabilities are Beta(α, β) distributed over customers. So
// those who are left are the more loyal ones, and the retention rate rises with
// age without anybody changing.
//
// Renewals are counted from 1: a customer that leaves at renewal t has paid t
// times. Everything the likelihood needs is how many customers came to each
// renewal and how many left there.
package sbg

import (
	"context"
	"errors"
	"fmt"
	"math"

	"clientele/models"
	"clientele/models/stat"
)

// Renewals are the data: entry t-1 of each slice is renewal t.
type Renewals struct {
	Came []float64 // customers, or the sum of their weights, that came to the renewal
	Left []float64 // of these, those that left there
}

// FromSurvivors returns the renewals of one cohort: survivors[0] customers began,
// survivors[t] were there after renewal t. The counts must not rise.
func FromSurvivors(survivors []float64) (Renewals, error) {
	var r Renewals
	for t, n := range survivors {
		if !(n >= 0) || math.IsInf(n, 0) {
			return Renewals{}, fmt.Errorf("sbg: survivors of renewal %d: %v is no count", t, n)
		}
		if t == 0 {
			continue
		}
		before := survivors[t-1]
		if n > before {
			return Renewals{}, fmt.Errorf("sbg: %v survivors after renewal %d, %v before it: they cannot become more", n, t, before)
		}
		if before > 0 {
			r.Came, r.Left = append(r.Came, before), append(r.Left, before-n)
		}
	}
	return r, nil
}

// RowError says which row is unfit, counted from 0.
type RowError struct {
	Row    int
	Reason string
}

// Error reads like sbg: row 4: is no whole number of renewals up to 100000.
func (e *RowError) Error() string { return fmt.Sprintf("sbg: row %d: %s", e.Row, e.Reason) }

// mostRenewals bounds how many renewals one customer may have come to.
const mostRenewals = 100_000

// FromDurations returns the renewals of single customers. One that left did so
// at renewal time[i], which is 1 or more; any other one had renewed time[i] times, 0 or
// more, when watching ended. weight is how many customers a row stands for; nil:
// one each. The error is a *RowError.
func FromDurations(time []float64, left []bool, weight []float64) (Renewals, error) {
	if len(left) != len(time) || weight != nil && len(weight) != len(time) {
		panic(fmt.Sprintf("sbg: slices of %d, %d and %d rows", len(time), len(left), len(weight)))
	}
	last := 0
	for i, t := range time {
		switch {
		case t != math.Trunc(t) || t < 0 || t > mostRenewals:
			return Renewals{}, &RowError{i, fmt.Sprintf("is no whole number of renewals up to %d", mostRenewals)}
		case left[i] && t == 0:
			return Renewals{}, &RowError{i, "left at renewal 0, and the first is 1"}
		case weight != nil && !(weight[i] > 0 && weight[i] <= math.MaxFloat64):
			return Renewals{}, &RowError{i, "weight is not above zero and finite"}
		}
		last = max(last, int(t))
	}
	r := Renewals{Came: make([]float64, last), Left: make([]float64, last)}
	for i, t := range time {
		if t == 0 {
			continue
		}
		w := 1.0
		if weight != nil {
			w = weight[i]
		}
		r.Came[int(t)-1] += w
		if left[i] {
			r.Left[int(t)-1] += w
		}
	}
	for t := last - 2; t >= 0; t-- { // who came to a renewal came to those before it
		r.Came[t] += r.Came[t+1]
	}
	return r, nil
}

// check panics on slices that are not of renewals.
func (r Renewals) check() {
	if len(r.Came) != len(r.Left) {
		panic(fmt.Sprintf("sbg: %d renewals came to, %d left at", len(r.Came), len(r.Left)))
	}
	for t, n := range r.Came {
		if !(r.Left[t] >= 0 && r.Left[t] <= n && n <= math.MaxFloat64) {
			panic(fmt.Sprintf("sbg: %v of %v left at renewal %d", r.Left[t], n, t+1))
		}
	}
}

// Params are the model's parameters under the names of the paper. Mean and
// Spread say the same in other words and hold where Alpha and Beta are infinite.
type Params struct {
	Alpha float64 // infinite where Spread is 0; NaN where nobody left
	Beta  float64 // infinite where Spread is 0; NaN where nobody stayed
	Mean  float64 // α/(α+β): the share that leaves at the first renewal
	// Spread is 1/(α+β): 0 when all customers leave with the same probability, greater
	// the more they differ.
	Spread float64
}

// NewParams returns parameters of alpha and beta, both above zero.
func NewParams(alpha, beta float64) Params {
	return Params{alpha, beta, alpha / (alpha + beta), 1 / (alpha + beta)}
}

// fromMean returns parameters by mean and spread; a spread of 0 has infinite
// alpha and beta.
func fromMean(mean, spread float64) Params {
	return Params{mean / spread, (1 - mean) / spread, mean, spread}
}

// LeaveRate returns the share that leaves at renewal t, 1 or more, of those who
// come to it: α/(α+β+t-1).
func (p Params) LeaveRate(t int) float64 { return p.Mean / (1 + p.Spread*float64(t-1)) }

// Retention returns the share that renews at renewal t of those who come to it:
// (β+t-1)/(α+β+t-1) (eq. 8 of the paper).
func (p Params) Retention(t int) float64 {
	d := p.Spread * float64(t-1)
	return (1 - p.Mean + d) / (1 + d)
}

// Survival returns the share of customers still there after renewal t, 0 or more:
// the product of the retention rates, B(α, β+t)/B(α, β) (eq. 6).
func (p Params) Survival(t int) float64 {
	if p.Spread == 0 {
		return math.Pow(1-p.Mean, float64(t))
	}
	if t < 1000 {
		s := 1.0
		for k := 1; k <= t; k++ {
			s *= p.Retention(k)
		}
		return s
	}
	// B(α, β+t)/B(α, β)
	return math.Exp(lgamma(p.Beta+float64(t)) - lgamma(p.Beta) + lgamma(p.Alpha+p.Beta) - lgamma(p.Alpha+p.Beta+float64(t)))
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// Status says where the likelihood is greatest.
type Status string

// The ends of a fit.
const (
	Interior Status = "interior" // inside: α and β are estimates
	// Homogeneous: α and β grow for ever: customers do not differ, retention does
	// not rise with age. The model is the geometric one, and only Mean is known.
	Homogeneous Status = "homogeneous"
	// Polarised: α and β shrink to zero: those who stay at the first renewal stay for
	// ever. Only Mean is known.
	Polarised Status = "polarised"
	// OneRenewal: customers came to one renewal only, where nothing tells loyal ones
	// from others: only Mean is known, and the model taken is the geometric one.
	OneRenewal Status = "one_renewal"
	// NobodyLeft or NobodyStayed: no rate can be estimated beyond 0 or 1.
	NobodyLeft   Status = "nobody_left"
	NobodyStayed Status = "nobody_stayed"
)

// Fitted is what was learned.
type Fitted struct {
	Params
	Status        Status
	AlphaSE       float64 // standard errors; NaN unless Interior
	BetaSE        float64
	MeanSE        float64 // NaN for NobodyLeft and NobodyStayed
	LogLikelihood float64
	Geometric     float64 // log-likelihood were all customers alike: at most LogLikelihood
	Customers     float64 // that came to the first renewal
	Renewals      int     // the last renewal that somebody came to
	Iterations    int
	Warnings      []models.Warning

	// How well the model describes the renewals seen: a chi-square test of how many left
	// at each, neighbours pooled until five are expected (P is NaN where that leaves
	// nothing to test), and the greatest distance of its curve from the plain one as
	// far as one in twenty customers came.
	ChiSquare float64
	DF        int
	P         float64
	Gap       float64
	GapAt     int // the renewal

	covariance [4]float64 // of logit(Mean) and ln(Spread); 0 where not estimated
}

// ErrNoRenewals is returned where nobody came to a renewal.
var ErrNoRenewals = errors.New("sbg: nobody has come to a renewal yet")

// LogLikelihood returns the log-likelihood of parameters with finite, or infinite,
// alpha and beta (appendix B of the paper, regrouped by renewal: at each, those
// who left did so at LeaveRate and the others stayed at Retention).
func LogLikelihood(p Params, r Renewals) float64 {
	r.check()
	var sum float64
	for t := range r.Came {
		d := p.Spread * float64(t)
		sum += xlogy(r.Left[t], p.Mean) + xlogy(r.Came[t]-r.Left[t], 1-p.Mean+d) - r.Came[t]*math.Log1p(d)
	}
	return sum
}

// xlogy is x ln y, and 0 where x is.
func xlogy(x, y float64) float64 {
	if x == 0 {
		return 0
	}
	return x * math.Log(y)
}

// The box of the search. Beyond it customers cannot be told from equal ones, or
// from two kinds of them.
const (
	leastSpread, greatestSpread = -14, 14 // of ln spread
	greatestLogit               = 25      // of logit mean
)

// Fit returns the maximum-likelihood estimate. The error is ErrNoRenewals or ctx's.
func Fit(ctx context.Context, r Renewals) (*Fitted, error) {
	r.check()
	f := &Fitted{AlphaSE: math.NaN(), BetaSE: math.NaN(), MeanSE: math.NaN()}
	var came, left float64
	for t, n := range r.Came {
		came, left = came+n, left+r.Left[t]
		if n > 0 {
			f.Renewals = t + 1
		}
	}
	if came == 0 {
		return nil, ErrNoRenewals
	}
	f.Customers = r.Came[0]
	f.Params = fromMean(left/came, 0)
	f.Geometric = LogLikelihood(f.Params, r)
	f.LogLikelihood = f.Geometric
	switch {
	case left == 0:
		f.settle(NobodyLeft)
	case left == came:
		f.settle(NobodyStayed)
	case f.Renewals == 1:
		f.MeanSE = math.Sqrt(f.Mean * (1 - f.Mean) / came)
		f.settle(OneRenewal)
	case left == r.Left[0]: // however great the spread, a greater one is likelier
		f.Params = fromMean(left/r.Came[0], math.Exp(greatestSpread))
		f.LogLikelihood = xlogy(left, f.Mean) + xlogy(r.Came[0]-left, 1-f.Mean)
		f.MeanSE = math.Sqrt(f.Mean * (1 - f.Mean) / r.Came[0])
		f.settle(Polarised)
	default:
		if err := f.search(ctx, r, left/came, came); err != nil {
			return nil, fmt.Errorf("fit sbg: %w", err)
		}
	}
	f.judge(r)
	return f, nil
}

// search maximises over logit(mean) and ln(spread), in which both edges that
// matter, spread 0 and infinite, are straight.
func (f *Fitted) search(ctx context.Context, r Renewals, mean, came float64) error {
	first := r.Left[0] / r.Came[0]
	first = min(max(first, 1e-4), 1-1e-4)
	search := stat.Search{
		Lower: []float64{-greatestLogit, leastSpread},
		Upper: []float64{greatestLogit, greatestSpread},
		Starts: [][]float64{
			{logit(first), -1}, {logit(first), 2}, {logit(mean), -5},
		},
	}
	m, err := stat.Maximise(ctx, func(theta, gradient []float64) float64 { return objective(r, theta, gradient) }, search)
	if err != nil {
		return err
	}
	f.Iterations = m.Iterations
	if m.Value <= f.Geometric+1e-7 || m.At[1] < leastSpread+1 { // equal customers explain as much
		f.MeanSE = math.Sqrt(f.Mean * (1 - f.Mean) / came)
		f.settle(Homogeneous)
		return nil
	}
	at, covariance, ok := polish(r, m.At)
	f.Params = fromMean(sigmoid(at[0]), math.Exp(at[1]))
	if !ok {
		return fmt.Errorf("the search ended %s at alpha %g, beta %g", m.Outcome, f.Alpha, f.Beta)
	}
	f.LogLikelihood, f.covariance = LogLikelihood(f.Params, r), covariance
	f.errors()
	f.settle(Interior)
	return nil
}

// polish takes Newton steps with the exact curvature from near the maximum, and
// returns the inverse of the negative curvature there. ok is false where it does
// not bend down in all directions or steps do not end.
func polish(r Renewals, start []float64) (at [2]float64, inverse [4]float64, ok bool) {
	at[0], at[1] = start[0], start[1]
	for range 50 {
		g, h := curvature(r, at[0], at[1])
		det := h[0]*h[2] - h[1]*h[1]
		if !(h[0] < 0 && det > 0) {
			return at, inverse, false
		}
		inverse = [4]float64{-h[2] / det, h[1] / det, h[1] / det, -h[0] / det}
		one, two := inverse[0]*g[0]+inverse[1]*g[1], inverse[2]*g[0]+inverse[3]*g[1]
		// A step that moves no estimate by a billionth of its standard error is rounding.
		if one*g[0]+two*g[1] < 1e-18 {
			return at, inverse, true
		}
		shorten := min(1, 1/max(math.Abs(one), math.Abs(two)))
		at[0] += shorten * one
		at[1] += shorten * two
	}
	return at, inverse, false
}

// curvature returns the derivatives of the log-likelihood by u = logit(mean) and
// v = ln(spread): first ones, and second ones by uu, uv, vv.
func curvature(r Renewals, u, v float64) (first [2]float64, second [3]float64) {
	mean, stay, spread := sigmoid(u), sigmoid(-u), math.Exp(v)
	var m, s, mm, ms, ss float64 // by mean and spread
	for i, came := range r.Came {
		t, left := float64(i), r.Left[i]
		renewed := (came - left) / (stay + spread*t)
		all := came / (1 + spread*t)
		m += left/mean - renewed
		s += t * (renewed - all)
		renewed, all = renewed/(stay+spread*t), all/(1+spread*t)
		mm -= left/mean/mean + renewed
		ms += t * renewed
		ss += t * t * (all - renewed)
	}
	slope := mean * stay
	return [2]float64{slope * m, spread * s},
		[3]float64{slope*slope*mm + slope*(stay-mean)*m, slope * spread * ms, spread*spread*ss + spread*s}
}

// errors carries the standard errors over: ln α = ln mean - ln spread and
// ln β = ln(1-mean) - ln spread.
func (f *Fitted) errors() {
	f.AlphaSE = f.Alpha * f.spreadOf(1-f.Mean, -1)
	f.BetaSE = f.Beta * f.spreadOf(-f.Mean, -1)
	f.MeanSE = f.Mean * (1 - f.Mean) * f.spreadOf(1, 0)
}

// spreadOf is the standard error of a function with these derivatives by
// logit(mean) and ln(spread).
func (f *Fitted) spreadOf(byMean, bySpread float64) float64 {
	c := f.covariance
	return math.Sqrt(byMean*byMean*c[0] + byMean*bySpread*(c[1]+c[2]) + bySpread*bySpread*c[3])
}

func logit(p float64) float64 { return math.Log(p) - math.Log1p(-p) }

// sigmoid is 1/(1+e^-x).
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// objective is the log-likelihood with its gradient by logit(mean) and ln(spread).
func objective(r Renewals, theta, gradient []float64) float64 {
	logMean, stay, spread := -math.Log1p(math.Exp(-theta[0])), sigmoid(-theta[0]), math.Exp(theta[1])
	var value float64
	for t, came := range r.Came {
		d := spread * float64(t)
		value += r.Left[t]*logMean + (came-r.Left[t])*math.Log(stay+d) - came*math.Log1p(d)
	}
	first, _ := curvature(r, theta[0], theta[1])
	gradient[0], gradient[1] = first[0], first[1]
	return value
}

// doubtful is the likelihood-ratio statistic below which equal customers are not
// rejected at 5 %: that of half a chi-square, since spread 0 is an edge (Self & Liang 1987).
const doubtful = 2.7055

// settle records the end and what is doubtful about it.
func (f *Fitted) settle(s Status) {
	f.Status = s
	warn := func(en, zh string) { f.Warnings = append(f.Warnings, models.Warning{Code: string(s), En: en, Zh: zh}) }
	switch s {
	case Interior:
		if 2*(f.LogLikelihood-f.Geometric) < doubtful {
			f.Warnings = append(f.Warnings, models.Warning{Code: "weak_heterogeneity",
				En: "The data hardly show that customers differ: a model in which all are alike explains them about as well. Retention may rise less with age than forecast.",
				Zh: "数据几乎看不出客户之间有差异：假定客户相同的模型解释力相当。续约率随客龄的上升可能小于预测。"})
		}
	case Homogeneous:
		warn(fmt.Sprintf("The data do not show that customers differ: retention does not rise with age. Alpha and beta grow without end and are no estimates; all customers leave with probability %.4g at each renewal.", f.Mean),
			fmt.Sprintf("数据没有显示客户之间有差异：续约率不随客龄上升。α 和 β 趋于无穷，不是估计值；所有客户每次续约时均以 %.4g 的概率流失。", f.Mean))
	case Polarised:
		warn("All who stay at the first renewal seem to stay for ever: alpha and beta shrink to zero and are no estimates. Forecasts beyond the data are not to be trusted.",
			"首次续约留下的客户似乎永远不会流失：α 和 β 趋于零，不是估计值。超出数据范围的预测不可信。")
	case OneRenewal:
		warn("Customers have come to one renewal only: nothing shows whether they differ. Forecasts take them as alike and are the lowest possible.",
			"客户只经历过一次续约，无法判断他们之间是否有差异。预测按客户相同处理，是可能的最低值。")
	case NobodyLeft:
		warn("Nobody has left: no rate of leaving can be estimated.", "无人流失：无法估计流失率。")
	case NobodyStayed:
		warn("Nobody has renewed: no retention can be estimated.", "无人续约：无法估计续约率。")
	}
}
