package purchase

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"clientele/engine/table"
	"clientele/models"
)

// Model is the estimator of any Family. Its zero value but for the Family has
// the defaults.
//
// Static covariates are columns that do not change over a customer's life: numbers
// (Float), whose scale does not matter to the fit, and categories, which the fit
// turns into numbers of 0 and 1 (Code). The coefficient γ of a buying covariate
// multiplies a customer's purchase rate by e^(γ z); that of a churn covariate
// shortens lives as Family.Effects says.
//
// With By, each group of customers has a fit of its own where it can: see Groups.
type Model struct {
	Family       Family   `json:"-"`
	Horizon      int      `json:"horizon_days"`                // of expected_orders and discounted_orders, days; zero: 365
	DiscountRate float64  `json:"discount_rate"`               // a year, 0.1 is 10 %; zero: no discount
	Window       int      `json:"window_days"`                 // no purchase in so many days is no_purchase's event; zero: 90
	AsOf         int32    `json:"as_of"`                       // days since 1970-01-01, the day next_order_on counts from; zero: each row's last_day + T - t_x, which is the day it was summarized for
	MinCustomers int      `json:"min_customers"`               // customers with an order that a fit needs; zero: 100
	MinRepeaters int      `json:"min_repeaters"`               // customers with a repeat purchase that a fit needs; zero: 50
	Weight       string   `json:"weight,omitempty"`            // Float column read by Fit: how often each customer counts; empty: once
	Buying       []string `json:"buying_covariates,omitempty"` // columns that act on how often customers buy
	Churn        []string `json:"churn_covariates,omitempty"`  // columns that act on how soon they are lost
	Categories   []string `json:"categories,omitempty"`        // those of them that are Category columns; the others are Float
	Optional     []string `json:"optional,omitempty"`          // those of the Float ones that customers may lack: 0, and a covariate of its own, stand for a missing value
	Codes        []Code   `json:"codes,omitempty"`             // what became of Categories and Optional: Fit decides it, and Buying and Churn then name what was made
	By           string   `json:"by,omitempty"`                // Category column: each group of customers is fitted by itself; empty: all together
	Level        float64  `json:"level,omitempty"`             // expected_orders and discounted_orders are those of the parameters times this; zero: 1. Probabilities and laws know nothing of it
	Workers      int      `json:"-"`                           // goroutines of a fit; zero: one for each processor. Results do not depend on it
	// Start is an earlier fit, of much the same customers some weeks before or of some
	// of them, near which the maximum is looked for first; nil, of another family or of
	// other covariates: none. Where that ends in no maximum that is clear, the search is the
	// one without it. Fits of groups do not use it.
	Start *Fitted `json:"-"`
}

// Methods that give the scores, as Report.Method names them, beside the names
// of families.
const (
	MethodPooled = "pooled_rate" // each customer's rate, shrunk to that of the base
	MethodNone   = "none"        // nothing to score from
)

// Spec implements models.Model.
func (m *Model) Spec() models.Spec {
	var once, onceZh string // what BG/NBD and BG/CNBD-k cannot know: customers are lost after repeat purchases only
	if strings.HasPrefix(m.Family.Name(), "bg_") {
		once = " By this model it is 1 for everybody who has bought once, however long ago: no measure of churn risk."
		onceZh = "按此模型，只买过一次的客户无论多久以前购买均为 1，不能用作流失风险。"
	}
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
				Doc:   "Probability that the customer has not been lost for good by the as-of date (" + title + "). Missing where no churn could be identified or no model could be fitted." + once,
				DocZh: "截至统计日客户尚未永久流失的概率（" + title + " 模型）。数据无法识别流失或无法拟合模型时为空。" + onceZh},
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
	seen := map[string]bool{}
	read := func(name string, kind table.Kind) {
		if !seen[name] {
			seen[name] = true
			s.In = append(s.In, table.Field{Name: name, Kind: kind})
		}
	}
	if m.By != "" {
		read(m.By, table.Category)
	}
	for _, name := range m.covariates() {
		if c, coded := m.code(name); coded {
			read(c.Column, c.kind())
		} else if slices.Contains(m.Categories, name) {
			read(name, table.Category)
		} else {
			read(name, table.Float)
		}
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
	for _, c := range slices.Concat(m.Categories, m.Optional) {
		if m.Codes == nil && !slices.Contains(m.Buying, c) && !slices.Contains(m.Churn, c) {
			return s, fmt.Errorf("%s: column %s is no covariate", name, c)
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
	coded, warnings, err := m.coded(in)
	if err != nil {
		return nil, fmt.Errorf("fit %s: %w", m.Family.Name(), err)
	}
	if coded.By != "" {
		if err := coded.Spec().Check(in); err != nil {
			return nil, err
		}
		return coded.fitGroups(ctx, in, warnings)
	}
	return coded.fitTable(ctx, in, warnings)
}

// fitTable fits all rows together.
func (m *Model) fitTable(ctx context.Context, in *table.Table, warnings []models.Warning) (*Fitted, error) {
	h, err := m.Histories(in)
	if err != nil {
		return nil, err
	}
	f, err := m.FitHistories(ctx, h)
	if err == nil {
		f.report.Warnings = slices.Concat(warnings, f.report.Warnings)
	}
	return f, err
}

// Histories groups the rows of in as Fit does, by weight and covariates too. Those of
// a model with Categories or Optional need its Codes: Fitted.Model has them.
func (m *Model) Histories(in *table.Table) (*Histories, error) {
	columns, err := m.Covariates(in)
	if err != nil {
		return nil, err
	}
	name := m.Family.Name()
	weights, err := m.weights(in)
	if err != nil {
		return nil, fmt.Errorf("fit %s: %w", name, err)
	}
	h, err := newHistories(in, weights, columns)
	if err != nil {
		return nil, fmt.Errorf("fit %s: %w", name, err)
	}
	return h, nil
}

// weights returns how often each row counts; nil: once.
func (m *Model) weights(in *table.Table) ([]float64, error) {
	if m.Weight == "" {
		return nil, nil
	}
	c := in.Lookup(m.Weight)
	if c == nil || c.Kind != table.Float {
		return nil, fmt.Errorf("no column %s of weights", m.Weight)
	}
	return c.Floats, nil
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
	f.settings.Start = nil
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
	return f, f.estimate(ctx, f.varying(h), s.Start)
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
