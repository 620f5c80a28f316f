package purchase

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"clientele/engine/table"
	"clientele/models"
)

// Model is the estimator of any Family. Its zero value but for the Family has
// the defaults.
//
// Static covariates are Float columns that do not change over a customer's
// life. A category becomes one column of 0 and 1 for each of its values but
// one, the one that the others are compared with; a number may be given as it
// is, its scale does not matter to the fit. The coefficient γ of a buying
// covariate multiplies a customer's purchase rate by e^(γ z); that of a churn
// covariate shortens lives as Family.Effects says.
type Model struct {
	Family       Family   `json:"-"`
	Horizon      int      `json:"horizon_days"`                // of expected_orders and discounted_orders, days; zero: 365
	DiscountRate float64  `json:"discount_rate"`               // a year, 0.1 is 10 %; zero: no discount
	Window       int      `json:"window_days"`                 // no purchase in so many days is no_purchase's event; zero: 90
	AsOf         int32    `json:"as_of"`                       // days since 1970-01-01, the day next_order_on counts from; zero: each row's last_day + T - t_x, which is the day it was summarized for
	MinCustomers int      `json:"min_customers"`               // customers with an order that a fit needs; zero: 100
	MinRepeaters int      `json:"min_repeaters"`               // customers with a repeat purchase that a fit needs; zero: 50
	Weight       string   `json:"weight,omitempty"`            // Float column read by Fit: how often each customer counts; empty: once
	Buying       []string `json:"buying_covariates,omitempty"` // Float columns that act on how often customers buy
	Churn        []string `json:"churn_covariates,omitempty"`  // Float columns that act on how soon they are lost
	Level        float64  `json:"level,omitempty"`             // expected_orders and discounted_orders are those of the parameters times this; zero: 1. Probabilities and laws know nothing of it
	Workers      int      `json:"-"`                           // goroutines of a fit; zero: one for each processor. Results do not depend on it
}

// Methods that give the scores, as Report.Method names them, beside the names
// of families.
const (
	MethodPooled = "pooled_rate" // each customer's rate, shrunk to that of the base
	MethodNone   = "none"        // nothing to score from
)

// Spec implements models.Model.
func (m *Model) Spec() models.Spec {
	title := m.Family.Title()
	s := models.Spec{
		Name: m.Family.Name(),
		Doc:  title + ": who is still a customer, and how many repeat orders to expect.",
		In: []table.Field{
			{Name: "x", Kind: table.Int, Unit: "purchase days"},
			{Name: "t_x", Kind: table.Int, Unit: "days"},
			{Name: "T", Kind: table.Int, Unit: "days"},
			{Name: "last_day", Kind: table.Int, Unit: "days since 1970-01-01"},
		},
		Out: []table.Field{
			{Name: "p_alive", Kind: table.Float, Unit: "probability",
				Doc:   "Probability that the customer has not been lost for good by the as-of date (" + title + "). Missing where no churn could be identified or no model could be fitted.",
				DocZh: "截至统计日客户尚未永久流失的概率（" + title + " 模型）。数据无法识别流失或无法拟合模型时为空。"},
			{Name: "expected_orders", Kind: table.Float, Unit: "orders",
				Doc:   "Repeat purchases expected within the configured horizon after the as-of date; orders of one day count once. Not discounted.",
				DocZh: "统计日之后、设定预测期内预计的再次购买次数；同一天的多笔订单计一次。未折现。"},
			{Name: "discounted_orders", Kind: table.Float, Unit: "orders",
				Doc:   "As expected_orders, each purchase discounted continuously at ln(1 + yearly rate) / 365 a day from its day back to the as-of date.",
				DocZh: "同 expected_orders，但每次购买按每日 ln(1 + 年折现率) / 365 连续折现到统计日。"},
			{Name: "no_purchase", Kind: table.Float, Unit: "probability",
				Doc:   "Probability of no purchase within the configured window after the as-of date (" + title + "). Missing where no model could be fitted.",
				DocZh: "统计日之后、设定窗口期内没有任何购买的概率（" + title + " 模型）。无法拟合模型时为空。"},
			{Name: "next_order_on", Kind: table.Date,
				Doc:   "First day by which the probability of at least one more purchase reaches one half; missing when it does not within ten years.",
				DocZh: "至少再购买一次的概率首次达到二分之一的日期；十年内达不到则为空。"},
		},
	}
	for _, name := range m.covariates() {
		s.In = append(s.In, table.Field{Name: name, Kind: table.Float})
	}
	return s
}

// covariates lists the columns that act on anything, each once.
func (m *Model) covariates() []string {
	var names []string
	seen := map[string]bool{}
	for _, list := range [][]string{m.Buying, m.Churn} {
		for _, name := range list {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// settings returns m with its defaults in place.
func (m *Model) settings() (Model, error) {
	s := *m
	if s.Family == nil {
		return s, errors.New("purchase: a model without a family")
	}
	name := s.Family.Name()
	s.Horizon = orDefault(s.Horizon, 365)
	s.Window = orDefault(s.Window, 90)
	s.MinCustomers = orDefault(s.MinCustomers, 100)
	s.MinRepeaters = orDefault(s.MinRepeaters, 50)
	if s.Horizon < 0 || s.Window < 0 || s.Horizon > MostDays || s.Window > MostDays {
		return s, fmt.Errorf("%s: a horizon of %d and a window of %d days", name, s.Horizon, s.Window)
	}
	if !(s.DiscountRate >= 0) || math.IsInf(s.DiscountRate, 1) {
		return s, fmt.Errorf("%s: discount rate %v is below zero or no number", name, s.DiscountRate)
	}
	if !(s.Level >= 0) || math.IsInf(s.Level, 1) {
		return s, fmt.Errorf("%s: level %v is below zero or no number", name, s.Level)
	}
	for _, list := range [][]string{m.Buying, m.Churn} {
		seen := map[string]bool{}
		for _, c := range list {
			if seen[c] {
				return s, fmt.Errorf("%s: covariate %s twice", name, c)
			}
			seen[c] = true
		}
	}
	buying, churn := s.Family.Effects()
	if buying == nil && len(m.Buying) > 0 || churn == nil && len(m.Churn) > 0 {
		return s, fmt.Errorf("%s: covariates do not apply to this family", name)
	}
	return s, nil
}

func orDefault(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

// rate is the continuous discount a week.
func (m *Model) rate() float64 { return math.Log1p(m.DiscountRate) / 365 * 7 }

// Fit implements models.Model. A row with x, t_x or T missing is a customer
// without an order, and one with a covariate missing teaches nothing. A row
// that can be no history (t_x beyond T, more purchase days than days) is an
// error.
func (m *Model) Fit(ctx context.Context, in *table.Table) (models.Fitted, error) {
	if _, err := m.settings(); err != nil {
		return nil, err
	}
	h, err := m.Histories(in)
	if err != nil {
		return nil, err
	}
	return m.FitHistories(ctx, h)
}

// Histories groups the rows of in as Fit does, by weight and covariates too.
func (m *Model) Histories(in *table.Table) (*Histories, error) {
	spec := m.Spec()
	if err := spec.Check(in); err != nil {
		return nil, err
	}
	var weights []float64
	if m.Weight != "" {
		c := in.Lookup(m.Weight)
		if c == nil || c.Kind != table.Float {
			return nil, fmt.Errorf("fit %s: no column %s of weights", spec.Name, m.Weight)
		}
		weights = c.Floats
	}
	h, err := newHistories(in, weights, floats(in, slices.Concat(m.Buying, m.Churn)))
	if err != nil {
		return nil, fmt.Errorf("fit %s: %w", spec.Name, err)
	}
	return h, nil
}

func floats(in *table.Table, names []string) [][]float64 {
	columns := make([][]float64, len(names))
	for i, name := range names {
		columns[i] = in.Floats(name)
	}
	return columns
}

// FitHistories is Fit on histories that Histories, NewHistories or Group made.
func (m *Model) FitHistories(ctx context.Context, h *Histories) (*Fitted, error) {
	s, err := m.settings()
	if err != nil {
		return nil, err
	}
	f, err := fit(ctx, s, h)
	if err != nil {
		return nil, fmt.Errorf("fit %s: %w", s.Family.Name(), err)
	}
	return f, nil
}

// fit is FitHistories with the defaults in place.
func fit(ctx context.Context, s Model, h *Histories) (*Fitted, error) {
	f := &Fitted{settings: s, method: MethodNone}
	f.report = models.Report{Model: s.Family.Name(), Rows: h.Rows, LogLikelihood: math.NaN()}
	if h.Rows == 0 {
		f.report.Status, f.report.Method = models.Skipped, f.method
		f.warn("no_customers", "No customer has an order: nothing to score.", "没有任何客户有订单，无可评分。")
		return f, nil
	}
	f.longest = h.Longest()
	title := s.Family.Title()
	if h.Customers < float64(s.MinCustomers) {
		f.warn("few_customers",
			fmt.Sprintf("%s was not fitted: %s an order, the least is %s.", title, have(h.Customers), thousands(s.MinCustomers)),
			fmt.Sprintf("未拟合 %s：只有 %s 位客户有订单，至少需要 %s 位。", title, customers(h.Customers), thousands(s.MinCustomers)))
		return f.pooled(h), nil
	}
	if h.Repeaters < float64(s.MinRepeaters) {
		f.warn("few_repeaters",
			fmt.Sprintf("%s was not fitted: %s bought again, the least is %s.", title, have(h.Repeaters), thousands(s.MinRepeaters)),
			fmt.Sprintf("未拟合 %s：只有 %s 位客户再次购买过，至少需要 %s 位。", title, customers(h.Repeaters), thousands(s.MinRepeaters)))
		return f.pooled(h), nil
	}
	return f, f.estimate(ctx, f.varying(h))
}

// customers writes a number of customers, which weights may make a fraction,
// rounded down: one too few is never shown as enough.
func customers(n float64) string { return thousands(int(n)) }

// have words a number of customers and its verb: 1 customer has, 1,200 customers have.
func have(n float64) string {
	if n == 1 {
		return "1 customer has"
	}
	return customers(n) + " customers have"
}

// thousands writes n with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
