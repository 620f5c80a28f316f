// Package paretonbd says how often customers will buy again and whether they
// are still customers: the Pareto/NBD model of Schmittlein, Morrison & Colombo
// (1987), by maximum likelihood. The formulas are exported functions over
// slices, in weeks; Model wraps them for columns in days.
package paretonbd

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/stat"
)

// Model is the estimator. Its zero value has the defaults.
type Model struct {
	Horizon      int     `json:"horizon_days"`  // of expected_orders and discounted_orders, days; zero: 365
	DiscountRate float64 `json:"discount_rate"` // a year, 0.1 is 10 %; zero: no discount
	Window       int     `json:"window_days"`   // no purchase in so many days is churn_risk's event; zero: 90
	AsOf         int32   `json:"as_of"`         // days since 1970-01-01, the day next_order_on counts from; zero: each row's last_day + T - t_x, which is the day it was summarized for
	MinCustomers int     `json:"min_customers"` // customers with an order that a fit needs; zero: 100
	MinRepeaters int     `json:"min_repeaters"` // customers with a repeat purchase that a fit needs; zero: 50
	Workers      int     `json:"-"`             // goroutines of a fit; zero: one for each processor. Results do not depend on it
}

// Name is the model's name in the models table.
const Name = "pareto_nbd"

// Methods that give the scores, as Report.Method names them.
const (
	MethodParetoNBD = Name
	MethodNBD       = "nbd"         // no churn is identifiable: purchases without churn
	MethodPooled    = "pooled_rate" // each customer's rate, shrunk to that of the base
	MethodNone      = "none"        // nothing to score from
)

// farthest is the last day after as_of that next_order_on may name.
const farthest = 3650

// Spec implements models.Model.
func (m *Model) Spec() models.Spec {
	return models.Spec{
		Name: Name,
		Doc:  "Pareto/NBD: who is still a customer, and how many repeat orders to expect.",
		In: []table.Field{
			{Name: "x", Kind: table.Int, Unit: "purchase days"},
			{Name: "t_x", Kind: table.Int, Unit: "days"},
			{Name: "T", Kind: table.Int, Unit: "days"},
			{Name: "last_day", Kind: table.Int, Unit: "days since 1970-01-01"},
		},
		Out: []table.Field{
			{Name: "p_alive", Kind: table.Float, Unit: "probability",
				Doc:   "Probability that the customer has not been lost for good by the as-of date (Pareto/NBD). Missing where no churn could be identified or no model could be fitted.",
				DocZh: "截至统计日客户尚未永久流失的概率（Pareto/NBD 模型）。数据无法识别流失或无法拟合模型时为空。"},
			{Name: "expected_orders", Kind: table.Float, Unit: "orders",
				Doc:   "Repeat purchases expected within the configured horizon after the as-of date; orders of one day count once. Not discounted.",
				DocZh: "统计日之后、设定预测期内预计的再次购买次数；同一天的多笔订单计一次。未折现。"},
			{Name: "discounted_orders", Kind: table.Float, Unit: "orders",
				Doc:   "As expected_orders, each purchase discounted continuously at ln(1 + yearly rate) / 365 a day from its day back to the as-of date.",
				DocZh: "同 expected_orders，但每次购买按每日 ln(1 + 年折现率) / 365 连续折现到统计日。"},
			{Name: "churn_risk", Kind: table.Float, Unit: "probability",
				Doc:   "Probability of no purchase within the configured window after the as-of date. Missing where no model could be fitted.",
				DocZh: "统计日之后、设定窗口期内没有任何购买的概率。无法拟合模型时为空。"},
			{Name: "next_order_on", Kind: table.Date,
				Doc:   "First day by which the probability of at least one more purchase reaches one half; missing when it does not within ten years.",
				DocZh: "至少再购买一次的概率首次达到二分之一的日期；十年内达不到则为空。"},
		},
	}
}

// settings returns m with its defaults in place.
func (m *Model) settings() (Model, error) {
	s := *m
	s.Horizon = orDefault(s.Horizon, 365)
	s.Window = orDefault(s.Window, 90)
	s.MinCustomers = orDefault(s.MinCustomers, 100)
	s.MinRepeaters = orDefault(s.MinRepeaters, 50)
	if s.Horizon < 0 || s.Window < 0 || s.Horizon > mostDays || s.Window > mostDays {
		return s, fmt.Errorf("%s: a horizon of %d and a window of %d days", Name, s.Horizon, s.Window)
	}
	if !(s.DiscountRate >= 0) || math.IsInf(s.DiscountRate, 1) {
		return s, fmt.Errorf("%s: discount rate %v is below zero or no number", Name, s.DiscountRate)
	}
	return s, nil
}

func orDefault(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

// Fit implements models.Model. A row with x, t_x or T missing is a customer
// without an order. A row that can be
// no history (t_x beyond T, more purchase days than days) is an error.
func (m *Model) Fit(ctx context.Context, in *table.Table) (models.Fitted, error) {
	s, err := m.settings()
	if err != nil {
		return nil, err
	}
	if err := m.Spec().Check(in); err != nil {
		return nil, err
	}
	h, err := newHistories(in)
	if err != nil {
		return nil, fmt.Errorf("fit %s: %w", Name, err)
	}
	f, err := fit(ctx, s, h)
	if err != nil {
		return nil, fmt.Errorf("fit %s: %w", Name, err)
	}
	return f, nil
}

// fit is Fit on grouped histories.
func fit(ctx context.Context, s Model, h *histories) (*Fitted, error) {
	f := &Fitted{settings: s, method: MethodNone}
	f.report = models.Report{Model: Name, Rows: h.customers, LogLikelihood: math.NaN()}
	if h.customers == 0 {
		f.report.Status, f.report.Method = models.Skipped, f.method
		f.warn("no_customers", "No customer has an order: nothing to score.", "没有任何客户有订单，无可评分。")
		return f, nil
	}
	f.longest = h.longest()
	if h.customers < s.MinCustomers {
		f.warn("few_customers",
			fmt.Sprintf("Pareto/NBD was not fitted: %s an order, the least is %s.", have(h.customers), thousands(s.MinCustomers)),
			fmt.Sprintf("未拟合 Pareto/NBD：只有 %s 位客户有订单，至少需要 %s 位。", thousands(h.customers), thousands(s.MinCustomers)))
		return f.pooled(h), nil
	}
	if h.repeaters < s.MinRepeaters {
		f.warn("few_repeaters",
			fmt.Sprintf("Pareto/NBD was not fitted: %s bought again, the least is %s.", have(h.repeaters), thousands(s.MinRepeaters)),
			fmt.Sprintf("未拟合 Pareto/NBD：只有 %s 位客户再次购买过，至少需要 %s 位。", thousands(h.repeaters), thousands(s.MinRepeaters)))
		return f.pooled(h), nil
	}
	without, err := fitNBD(ctx, h, s.Workers)
	if err != nil {
		return nil, err
	}
	with, err := fitPareto(ctx, h, without, s.Workers)
	if err != nil {
		return nil, err
	}
	f.report.Iterations = without.Iterations + with.Iterations
	gain := with.Value - without.Value
	switch {
	case without.Outcome == stat.Failed || with.Outcome == stat.Failed && gain > leastGain:
		f.warn("not_converged",
			fmt.Sprintf("Pareto/NBD was not fitted: the search for its likelihood's maximum ended at a log-likelihood of %.5f without reaching one.", with.Value),
			fmt.Sprintf("未拟合 Pareto/NBD：似然最大化未收敛（停在对数似然 %.5f）。", with.Value))
		return f.pooled(h), nil
	case gain <= leastGain:
		f.zeroChurn(without)
	default:
		f.fitted(with, gain)
	}
	return f, nil
}

// have words a number of customers and its verb: 1 customer has, 1,200 customers have.
func have(n int) string {
	if n == 1 {
		return "1 customer has"
	}
	return thousands(n) + " customers have"
}

// thousands writes n with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// leastGain is the gain in log-likelihood over the model without churn below
// which the maximum is the one without churn: the search ends a little short
// of an edge that it can only approach.
const leastGain = 0.01

// clearGain is the gain below which the likelihood ratio test at 5 % (one
// degree of freedom) does not reject the model without churn.
const clearGain = 1.92

// Limits of the parameters, in weeks, and of s: far beyond what data can tell
// apart. A maximum at one of them is a limit of the model, not an estimate.
var (
	lowest  = Params{R: 1e-4, Alpha: 1e-4, S: 1e-5, Beta: 1e-4}
	highest = Params{R: 1e4, Alpha: 1e6, S: 1e4, Beta: 1e6}
)

func (p Params) logs() []float64 {
	return []float64{math.Log(p.R), math.Log(p.Alpha), math.Log(p.S), math.Log(p.Beta)}
}

func fromLogs(theta []float64) Params {
	return Params{R: math.Exp(theta[0]), Alpha: math.Exp(theta[1]), S: math.Exp(theta[2]), Beta: math.Exp(theta[3])}
}

// fitNBD fits the model without churn: the yardstick, and what remains when no
// churn is identifiable.
func fitNBD(ctx context.Context, h *histories, workers int) (*stat.Maximum, error) {
	objective := func(theta, gradient []float64) float64 {
		r, alpha := math.Exp(theta[0]), math.Exp(theta[1])
		value, g := h.logLikelihoodNBD(r, alpha, workers)
		gradient[0], gradient[1] = g[0]*r, g[1]*alpha
		return value
	}
	rate := h.purchases / h.exposure
	return stat.Maximise(ctx, objective, stat.Search{
		Lower:  lowest.logs()[:2],
		Upper:  highest.logs()[:2],
		Starts: [][]float64{{0, -math.Log(rate)}, {math.Log(0.3), math.Log(0.3 / rate)}},
	})
}

// fitPareto looks for the maximum from several starts, on a part of the
// histories where there are many, and ends on all of them.
func fitPareto(ctx context.Context, h *histories, nbd *stat.Maximum, workers int) (*stat.Maximum, error) {
	objective := func(h *histories) stat.Objective {
		return func(theta, gradient []float64) float64 {
			p := fromLogs(theta)
			value, g := h.logLikelihood(p, workers)
			gradient[0], gradient[1], gradient[2], gradient[3] = g[0]*p.R, g[1]*p.Alpha, g[2]*p.S, g[3]*p.Beta
			return value
		}
	}
	search := stat.Search{Lower: lowest.logs(), Upper: highest.logs()}
	typical := max(h.exposure/float64(h.customers), week)
	for _, start := range []struct{ s, beta float64 }{{0.6, 0.4}, {1.5, 2}, {0.1, 0.1}} {
		search.Starts = append(search.Starts,
			[]float64{nbd.At[0], nbd.At[1], math.Log(start.s), math.Log(start.beta * typical)})
	}
	part := h.thin(partSize)
	m, err := stat.Maximise(ctx, objective(part), search)
	if err != nil || part == h {
		return m, err
	}
	whole, err := stat.Polish(ctx, objective(h), m.At, search)
	if err != nil {
		return nil, err
	}
	if whole.Outcome == stat.Failed {
		search.Starts = append(search.Starts, whole.At)
		if whole, err = stat.Maximise(ctx, objective(h), search); err != nil {
			return nil, err
		}
	}
	whole.Evaluations += m.Evaluations
	whole.Iterations += m.Iterations
	return whole, nil
}

// partSize is the number of histories on which starts are tried.
const partSize = 15_000
