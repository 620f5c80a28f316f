package purchase

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"clientele/models"
	"clientele/models/groups"
	"clientele/models/stat"
)

// Fitted is what a fit learned. It is safe for concurrent use.
type Fitted struct {
	settings   Model // with the covariates that are used
	report     models.Report
	method     string
	family     Family        // that gives the scores; nil where none was fitted
	estimates  []float64     // its parameters where covariates are zero, then the coefficients
	covariance *mat.SymDense // of the estimates' logs, coefficients as they are; nil where the maximum is not inside
	rate       float64       // of MethodPooled: purchases a week of the whole base
	longest    int           // greatest T of the fit, days: how far the tables of a Law reach
	profiles   int           // distinct rows of covariates of the fit
	variants   []Variant
	groups     *groups.Fits[*Fitted] // nil without Model.By
	soon       bool                  // Settings.Near

	laws laws
}

// Variant is one of the families that a Varied one chose from.
type Variant struct {
	Name          string  `json:"name"`
	LogLikelihood float64 `json:"log_likelihood"` // at its maximum
}

// leastGain is the gain in log-likelihood over the model without churn below
// which the maximum is the one without churn: the search ends a little short
// of an edge that it can only approach.
const leastGain = 0.01

// clearGain is the gain below which the likelihood ratio test at 5 % does not
// reject the model without churn: it has one degree of freedom, and one more for
// each covariate of churn.
func clearGain(covariates int) float64 {
	return distuv.ChiSquared{K: float64(1 + covariates)}.Quantile(0.95) / 2
}

// Report implements models.Fitted.
func (f *Fitted) Report() models.Report { return f.report }

// Model returns the settings of the fit, with the covariates that are used: its
// Histories groups rows as Refit needs them.
func (f *Fitted) Model() *Model {
	m := f.settings
	return &m
}

// Family returns the family that gives the scores, the one without churn where
// no churn was identified; nil where no model was fitted.
func (f *Fitted) Family() Family { return f.family }

// Variants returns what a Varied family chose from, in its order; else nil.
func (f *Fitted) Variants() []Variant { return f.variants }

// Estimates returns the parameters that give the scores, in natural units, for
// a customer whose covariates are zero, then the coefficients of covariates
// (trans.<column> on buying, life.<column> on churn). Nil where no model was fitted.
// Unlike Report.Parameters, they are there where the data do not identify them.
func (f *Fitted) Estimates() []models.Parameter {
	if f.family == nil {
		return nil
	}
	list := make([]models.Parameter, len(f.estimates))
	for i, name := range f.names() {
		list[i] = models.Parameter{Name: name, Value: f.estimates[i]}
	}
	return list
}

// names of the estimates.
func (f *Fitted) names() []string {
	names := slices.Clone(f.family.Names())
	for _, c := range f.settings.Buying {
		names = append(names, "trans."+c)
	}
	if _, churn := f.family.Effects(); churn != nil {
		for _, c := range f.settings.Churn {
			names = append(names, "life."+c)
		}
	}
	return names
}

// positive is how many of the estimates are parameters, which are above zero.
func (f *Fitted) positive() int { return len(f.family.Names()) }

// logs of the parameters, and the coefficients as they are.
func (f *Fitted) logs() []float64 {
	logs := slices.Clone(f.estimates)
	for i := range f.positive() {
		logs[i] = math.Log(logs[i])
	}
	return logs
}

// setLogs is the way back.
func (f *Fitted) setLogs(logs []float64) {
	f.estimates = slices.Clone(logs)
	for i := range f.positive() {
		f.estimates[i] = math.Exp(logs[i])
	}
}

// Params returns the values of Estimates alone; nil where no model was fitted.
func (f *Fitted) Params() []float64 { return slices.Clone(f.estimates) }

// Covariance returns the covariance matrix of the logs of the parameters, then
// of the coefficients as they are, in the order of Estimates: the inverse of
// the negative Hessian at the maximum. Nil where the maximum is not inside the
// parameters' range. It must not be changed.
func (f *Fitted) Covariance() *mat.SymDense { return f.covariance }

// StandardErrors returns the standard errors of Estimates, in natural units
// (delta method); nil where there is no Covariance.
func (f *Fitted) StandardErrors() []models.Parameter {
	if f.covariance == nil {
		return nil
	}
	list := f.Estimates()
	for i := range list {
		se := math.Sqrt(f.covariance.At(i, i))
		if i < f.positive() {
			se *= list[i].Value
		}
		list[i].Value = se
	}
	return list
}

// Draws returns n draws of Estimates from the normal distribution of their
// logs, kept inside the family's Box: parameter uncertainty as an interval
// needs it. The same seed gives the same draws; the first k of n are those of
// k. Nil where there is no Covariance.
func (f *Fitted) Draws(n int, seed uint64) [][]float64 {
	var chol mat.Cholesky
	if f.covariance == nil || !chol.Factorize(f.covariance) {
		return nil
	}
	var lower mat.TriDense
	chol.LTo(&lower)
	low, high := f.family.Box()
	rng := rand.New(rand.NewPCG(seed, 0xd1a5))
	logs, size := f.logs(), len(f.estimates)
	normal, draws := make([]float64, size), make([][]float64, n)
	for k := range draws {
		for i := range normal {
			normal[i] = rng.NormFloat64()
		}
		p := make([]float64, size)
		for i := range p {
			p[i] = logs[i]
			for j := range i + 1 {
				p[i] += lower.At(i, j) * normal[j]
			}
			if i < len(low) {
				p[i] = min(max(math.Exp(p[i]), low[i]), high[i])
			}
		}
		draws[k] = p
	}
	return draws
}

func (f *Fitted) warn(code, en, zh string) {
	f.report.Warnings = append(f.report.Warnings, models.Warning{Code: code, En: en, Zh: zh})
}

// varying leaves out the covariates whose coefficients no data can tell, those that
// are the same for everybody and those that others tell already, and returns h
// without them.
func (f *Fitted) varying(h *Histories) *Histories {
	if h.profiles == nil {
		return h
	}
	f.profiles = len(h.profiles)
	all := slices.Concat(f.settings.Buying, f.settings.Churn)
	split := len(f.settings.Buying)
	s := newScale(h, split)
	constant, dependent := redundant(h, s, 0, split)
	constantChurn, dependentChurn := redundant(h, s, split, len(all))
	maps.Copy(constant, constantChurn)
	maps.Copy(dependent, dependentChurn)
	if len(constant)+len(dependent) == 0 {
		return h
	}
	f.leftOut(all, constant, dependent)
	var keep []int
	var buying, churn []string
	for k, name := range all {
		switch {
		case constant[k] || dependent[k]:
			continue
		case k < split:
			buying = append(buying, name)
		default:
			churn = append(churn, name)
		}
		keep = append(keep, k)
	}
	f.settings.Buying, f.settings.Churn = buying, churn
	v := *h
	v.profiles = nil
	for _, p := range h.profiles {
		if len(keep) == 0 {
			break
		}
		z := make([]float64, len(keep))
		for i, k := range keep {
			z[i] = p.z[k]
		}
		v.profiles = append(v.profiles, profile{z, p.h})
	}
	return &v
}

// leftOut names the covariates that are left out.
func (f *Fitted) leftOut(all []string, constant, dependent map[int]bool) {
	list := func(of map[int]bool) (names []string) {
		for _, k := range slices.Sorted(maps.Keys(of)) {
			if !slices.Contains(names, all[k]) {
				names = append(names, all[k])
			}
		}
		return names
	}
	if len(constant) > 0 {
		f.report.Warnings = append(f.report.Warnings, constantCovariates(list(constant)))
	}
	if len(dependent) > 0 {
		names := strings.Join(list(dependent), ", ")
		f.warn("dependent_covariate",
			fmt.Sprintf("Covariates that follow from others were left out: %s.", names),
			fmt.Sprintf("以下协变量可由其他协变量推出，已忽略：%s。", names))
	}
}

// candidate is a family with and without churn at their maxima.
type candidate struct {
	with, without *stat.Maximum // without is nil for a family that knows no churn
	q, q0         *problem
}

func (c *candidate) value() float64 {
	if c.without == nil {
		return c.with.Value
	}
	return max(c.with.Value, c.without.Value)
}

// failed reports whether the search ended without a maximum that matters.
func (c *candidate) failed() bool {
	if c.without == nil {
		return c.with.Outcome == stat.Failed
	}
	return c.without.Outcome == stat.Failed || c.with.Outcome == stat.Failed && c.with.Value-c.without.Value > leastGain
}

func (f *Fitted) candidate(ctx context.Context, family Family, h *Histories, start *Fitted) (*candidate, error) {
	s := newScale(h, len(f.settings.Buying))
	c := &candidate{q: newProblem(family, h, s, f.settings.Workers)}
	var err error
	if plain := family.WithoutChurn(); plain != nil {
		c.q0 = newProblem(plain, h, s, f.settings.Workers)
		if c.without, err = c.q0.maximise(ctx, nil); err != nil {
			return nil, err
		}
	}
	if f.near(start, family) {
		if c.with, err = c.q.near(ctx, start.logs(), c.without); err != nil {
			return nil, err
		}
	}
	if c.with == nil {
		if c.with, err = c.q.maximise(ctx, c.without); err != nil {
			return nil, err
		}
	}
	f.report.Iterations += c.with.Iterations
	if c.without != nil {
		f.report.Iterations += c.without.Iterations
	}
	return c, nil
}

// near reports whether the estimates of an earlier fit are of the same parameters.
func (f *Fitted) near(start *Fitted, family Family) bool {
	return start != nil && start.covariance != nil && start.family.Name() == family.Name() &&
		slices.Equal(start.settings.Buying, f.settings.Buying) && slices.Equal(start.settings.Churn, f.settings.Churn)
}

// estimate fits the family, or each of its variants, and makes f score by the best.
func (f *Fitted) estimate(ctx context.Context, h *Histories, start *Fitted) error {
	variants := []Family{f.settings.Family}
	varied, ok := f.settings.Family.(Varied)
	if ok {
		variants = varied.Variants(h)
	}
	var best *candidate
	for _, v := range variants {
		c, err := f.candidate(ctx, v, h, start)
		if err != nil {
			return err
		}
		if ok {
			f.variants = append(f.variants, Variant{v.Name(), c.value()})
		}
		if best == nil || best.failed() && !c.failed() || best.failed() == c.failed() && c.value() > best.value() {
			best = c
		}
	}
	f.conclude(best, h)
	return nil
}

func (f *Fitted) conclude(c *candidate, h *Histories) {
	title := c.q.family.Title()
	if c.failed() {
		f.warn("not_converged",
			fmt.Sprintf("%s was not fitted: the search for its likelihood's maximum ended at a log-likelihood of %.5f without reaching one.", title, c.value()),
			fmt.Sprintf("未拟合 %s：似然最大化未收敛（停在对数似然 %.5f）。", title, c.value()))
		f.pooled(h)
		return
	}
	if c.without == nil {
		f.fitted(c.q.estimate(c.with))
		return
	}
	gain := c.with.Value - c.without.Value
	if gain <= leastGain {
		f.zeroChurn(c)
		return
	}
	if gain < clearGain(c.q.coefficients()-c.q0.coefficients()) {
		f.warn("weak_churn",
			fmt.Sprintf("Churn is hardly identifiable in this data: allowing for it raises the log-likelihood by only %.2f. Read the probability of being active with care.", gain),
			fmt.Sprintf("此数据中的流失几乎无法识别：引入流失仅使对数似然提高 %.2f。请谨慎解读活跃概率。", gain))
	}
	f.fitted(c.q.estimate(c.with))
}

// pooled makes f score by the plainer method.
func (f *Fitted) pooled(h *Histories) *Fitted {
	f.method = MethodPooled
	// Half a purchase more keeps a base without any repeat from promising none for ever.
	f.rate = (h.Purchases + 0.5) / h.Exposure
	f.report.Status, f.report.Method = models.Fallback, f.method
	if h.Exposure == 0 {
		f.method, f.rate = MethodNone, 0
		f.report.Method = f.method
		f.warn("no_history",
			"Nobody's first order lies before the as-of date: expected orders are missing.",
			"没有客户的首单早于统计日：预计订单数为空。")
		return f
	}
	f.warn(MethodPooled,
		"Expected orders are instead each customer's own purchase rate, shrunk to the rate of all customers as if everyone had made one more purchase at that rate. "+
			"This knows nothing of churn: the probabilities of being active and of no purchase and the next order date are missing, and expected orders are too high for customers long silent.",
		"预计订单数改用各客户自己的购买频率，并向全体客户的平均频率收缩（相当于按平均频率再多一次购买）。"+
			"该方法不考虑流失：活跃概率、不再购买概率和下次购买日期为空；对久未购买的客户，预计订单数偏高。")
	return f
}

// zeroChurn makes f score by the model without churn.
func (f *Fitted) zeroChurn(c *candidate) {
	names := c.q.family.Names()[len(c.q0.family.Names()):]
	f.warn("zero_churn",
		fmt.Sprintf("No churn is identifiable in this data: the likelihood is greatest where nobody is ever lost. Purchases are modelled without churn (%s); "+
			"%s are not estimated, the probability of being active is missing for everybody, and that of no purchase within the window is only that of a pause in buying.",
			c.q0.family.Title(), strings.Join(names, " and ")),
		fmt.Sprintf("此数据中无法识别流失：似然在“无人流失”处最大。改用不含流失的 %s 模型；"+
			"不给出 %s 的估计，所有客户的活跃概率为空，窗口期内不购买的概率仅表示暂时未购买。",
			c.q0.family.Title(), strings.Join(names, " 和 ")))
	f.fitted(c.q0.estimate(c.without))
	f.report.Status = models.Boundary
}

// fitted makes f score by the family of e and says what is doubtful about it.
func (f *Fitted) fitted(e *estimate) {
	f.method, f.family, f.covariance = e.family.Name(), e.family, e.covariance
	f.setLogs(e.logs)
	f.report.Status, f.report.Method, f.report.LogLikelihood = models.Converged, f.method, e.maximum.Value
	if e.maximum.Outcome != stat.Interior {
		f.report.Status = models.Boundary
	}
	f.list(e)
	if e.maximum.Outcome == stat.Flat {
		f.warn("flat_likelihood",
			"The likelihood does not change in some direction of its parameters: they are not identified one by one. Scores use one of the equally likely points.",
			"似然在参数的某个方向上不变：参数无法逐一识别。评分取其中一个等可能的点。")
	}
	f.doubt()
}

// list reports the parameters that are estimates: of a pair, buying's or
// churn's, at the edge of the search, only the ratio is.
func (f *Fitted) list(e *estimate) {
	all := f.Estimates()
	var listed []models.Parameter
	for i := 0; i < len(e.edge); i += 2 {
		if !e.edge[i] && !e.edge[i+1] {
			listed = append(listed, all[i], all[i+1])
			continue
		}
		a, b := all[i], all[i+1]
		listed = append(listed, models.Parameter{Name: a.Name + "/" + b.Name, Value: a.Value / b.Value})
		code, en, zh := "edge_rate", "purchase rates", "购买频率"
		if i > 0 {
			code, en, zh = "edge_churn", "churn rates", "流失率"
		}
		f.warn(code,
			fmt.Sprintf("The differences between customers' %s are at the edge of what the model can express: %s and %s are not identified, only their ratio.", en, a.Name, b.Name),
			fmt.Sprintf("客户间%s的差异处于模型可表达范围的边缘：%s 与 %s 无法分别识别，只能识别其比值。", zh, a.Name, b.Name))
	}
	var far []string
	for i, at := range e.far {
		if c := all[len(e.edge)+i]; at {
			far = append(far, c.Name)
		} else {
			listed = append(listed, c)
		}
	}
	f.report.Parameters = listed
	f.report.Errors = f.listedErrors()
	f.report.Notes = f.meanings()
	if len(far) > 0 {
		list := strings.Join(far, ", ")
		f.warn("edge_covariate",
			fmt.Sprintf("The effect of a covariate is at the edge of what can be told apart, so it is no estimate: %s.", list),
			fmt.Sprintf("以下协变量的影响处于可识别范围的边缘，不作为估计值：%s。", list))
	}
}

// listedErrors are the standard errors of those estimates that the report lists.
func (f *Fitted) listedErrors() []models.Parameter {
	return slices.DeleteFunc(f.StandardErrors(), func(e models.Parameter) bool {
		return !slices.ContainsFunc(f.report.Parameters, func(p models.Parameter) bool { return p.Name == e.Name })
	})
}

// doubt warns of parameters that the data hardly determine: those whose 95 %
// interval spans more than a factor of fifty (a standard error of their log
// above one).
func (f *Fitted) doubt() {
	if f.covariance == nil {
		return
	}
	var weak []string
	for i, name := range f.family.Names() {
		if f.covariance.At(i, i) > 1 {
			weak = append(weak, name)
		}
	}
	if len(weak) > 0 {
		list := strings.Join(weak, ", ")
		f.warn("weakly_identified",
			fmt.Sprintf("The data hardly determine %s: the 95 %% interval spans more than a factor of fifty.", list),
			fmt.Sprintf("数据几乎无法确定参数 %s：其 95%% 区间上下限相差五十倍以上。", list))
	}
}

// errNothingFitted is returned where a refit has nothing to start from.
var errNothingFitted = errors.New("no model was fitted")

// Refit fits the same family again, from f's own estimates, to other histories
// of much the same customers: a draw of the bootstrap (Histories.Resampled), a
// month more. h is grouped by the covariates of f.Model. Steps use the curvature
// of f's fit, so a refit takes a few passes over h; where they do not arrive, it
// searches. The result scores as f does; its Covariance is f's.
func (f *Fitted) Refit(ctx context.Context, h *Histories) (*Fitted, error) {
	if f.family == nil {
		return nil, errNothingFitted
	}
	name := f.settings.Family.Name()
	if f.groups != nil {
		return nil, fmt.Errorf("refit %s: %w", name, errGrouped)
	}
	if n := len(f.settings.Buying) + len(f.settings.Churn); n > 0 && (h.profiles == nil || len(h.profiles[0].z) != n) {
		return nil, fmt.Errorf("refit %s: histories are not grouped by its %d covariates", name, n)
	}
	r := &Fitted{settings: f.settings, report: f.report, method: f.method, family: f.family, covariance: f.covariance,
		longest: max(f.longest, h.Longest()), profiles: f.profiles, variants: f.variants}
	r.report.Rows = h.Rows
	logs, value, steps, err := f.chord(ctx, h)
	if err != nil {
		return nil, err
	}
	if logs == nil {
		q := newProblem(f.family, h, newScale(h, len(f.settings.Buying)), f.settings.Workers)
		m, err := q.restart(ctx, f.logs())
		if err != nil {
			return nil, fmt.Errorf("refit %s: %w", name, err)
		}
		if m.Outcome == stat.Failed {
			return nil, fmt.Errorf("refit %s: the search ended at a log-likelihood of %.5f without reaching a maximum", name, m.Value)
		}
		logs, value, steps = q.estimate(m).logs, m.Value, m.Iterations
	}
	r.setLogs(logs)
	r.report.LogLikelihood, r.report.Iterations = value, steps
	r.report.Parameters = r.Estimates()
	r.report.Errors, r.report.Notes = r.listedErrors(), r.meanings()
	return r, nil
}

// chord climbs with the covariance of f's fit in place of the inverse Hessian.
// logs is nil where that does not arrive.
func (f *Fitted) chord(ctx context.Context, h *Histories) (logs []float64, value float64, steps int, err error) {
	if f.covariance == nil {
		return nil, 0, 0, nil
	}
	q := newProblem(f.family, h, unscaled(h, len(f.settings.Buying)), f.settings.Workers)
	return q.chord(ctx, f.logs(), f.covariance)
}
