// Package gammagamma says what a customer's purchases will be worth: the
// Gamma-Gamma model of Fader & Hardie (2013), by maximum likelihood on repeat
// purchases. The formulas are exported functions over slices; Model wraps them
// for columns.
//
// # What counts
//
// A purchase is a day with at least one order, worth what its orders came to:
// after discounts, before refunds, which are another column and dated when they
// were made. An order that was refunded in full is therefore a purchase at its
// price; a business that wants it gone excludes such orders before the summary.
//
// The first purchase is left out unless Model.IncludeFirst says otherwise: it is
// often not like the later ones (a welcome discount, a trial size), and the
// purchase models count the later ones only.
//
// A purchase worth nothing counts as one of x: a free order between two of 20
// makes a mean spend of 13.33. A customer whose purchases add up to nothing, or
// to less, has no mean spend that the model could hold (its density is that of
// sums above zero): such customers teach the fit nothing and are expected to
// spend what all do on average.
//
// # Without a fit
//
// Where the model is refused or cannot be fitted, each customer is expected to
// spend the mean of the own purchases and of one more at the median of customers'
// mean spends; who has no purchase that counts, that median. A mean would not do:
// the model is refused where a few customers spend so much more than the rest that
// the mean of all is theirs alone (q <= 1), and in small shops one of them is
// enough. The median says what a customer is likely to spend, not what many spend
// together: totals leave out big spenders who are still to come, and the
// warning of the method says that they may be too low.
package gammagamma

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/groups"
	"clientele/models/stat"
)

// Model is the estimator. Its zero value has the defaults.
type Model struct {
	IncludeFirst bool   `json:"include_first"` // the first purchase counts too: spend is net_sales over x+1 purchase days, not repeat_spend over x
	MinRepeaters int    `json:"min_repeaters"` // customers with spend above zero that a fit needs; zero: 50
	By           string `json:"by,omitempty"`  // Category column: each group of customers is fitted by itself (package groups); empty: all together
	Workers      int    `json:"-"`             // goroutines of a fit; zero: one for each processor. Results do not depend on it
}

// Name is the model's name in the models table.
const Name = "gamma_gamma"

// Methods that give the scores, as Report.Method names them.
const (
	MethodGammaGamma = Name
	MethodShrunkMean = "shrunk_mean" // each customer's mean spend, shrunk to the median of all customers' means
	MethodNone       = "none"        // no repeat spend to go by
)

// Spec implements models.Model.
func (m *Model) Spec() models.Spec {
	spend, doc, docZh := "repeat_spend",
		"Money expected of the customer's next purchase day, if there is one, before refunds (Gamma-Gamma): the own repeat spend, shrunk to the mean of all customers; that mean for customers who have bought once.",
		"客户若再次购买，预计一个购买日的金额，未扣除退款（Gamma-Gamma 模型）：由客户自己的复购金额向全体均值收缩；只买过一次的客户取全体均值。"
	if m.IncludeFirst {
		spend, doc, docZh = "net_sales",
			"Money expected of the customer's next purchase day, if there is one, before refunds (Gamma-Gamma): the own spend on all purchase days, the first included, shrunk to the mean of all customers.",
			"客户若再次购买，预计一个购买日的金额，未扣除退款（Gamma-Gamma 模型）：由客户自己全部购买日（含首次）的金额向全体均值收缩。"
	}
	s := models.Spec{
		Name: Name,
		Doc:  "Gamma-Gamma: what a customer's next purchases will be worth, before refunds.",
		In: []table.Field{
			{Name: "x", Kind: table.Int, Unit: "purchase days"},
			{Name: spend, Kind: table.Float, Unit: "money"},
		},
		Out: []table.Field{{Name: "expected_spend", Kind: table.Float, Unit: "money", Doc: doc, DocZh: docZh}},
	}
	if m.By != "" {
		s.In = append(s.In, table.Field{Name: m.By, Kind: table.Category})
	}
	return s
}

// Fitted is what a fit learned. It is safe for concurrent use.
type Fitted struct {
	report       models.Report
	method       string
	includeFirst bool
	params       Params
	mean         float64               // of all customers, for one purchase day; without a fit the median of their means
	covariance   Covariance            // of the logs of params
	errors       []models.Parameter    // standard errors; nil where there are none
	groups       *groups.Fits[*Fitted] // nil without Model.By
}

// Reader returns what reads, of the columns that Score reads, the purchases
// that count; an error where src has not got them.
func (f *Fitted) Reader(src *table.Table) (Reader, error) {
	if err := (&Model{IncludeFirst: f.includeFirst}).Spec().Check(src); err != nil {
		return Reader{}, err
	}
	return newReader(src, f.includeFirst), nil
}

// IncludeFirst reports whether the first purchase counted in the fit.
func (f *Fitted) IncludeFirst() bool { return f.includeFirst }

// Covariance is that of the logs of P, Q and V, in this order, in rows.
type Covariance [3][3]float64

// Report implements models.Fitted.
func (f *Fitted) Report() models.Report { return f.report }

// Params returns the parameters that give the scores; ok is false where no
// model was fitted.
func (f *Fitted) Params() (p Params, ok bool) { return f.params, f.method == MethodGammaGamma }

// Covariance returns the covariance of the logs of the parameters, from the
// curvature of the likelihood at its maximum; ok is false where no model was fitted.
func (f *Fitted) Covariance() (c Covariance, ok bool) {
	return f.covariance, f.method == MethodGammaGamma
}

// MeanSpend returns the mean worth of a purchase day over all customers, money;
// where no model was fitted the median of customers' mean spends; NaN where nobody
// has bought again.
func (f *Fitted) MeanSpend() float64 {
	if f.method == MethodNone {
		return math.NaN()
	}
	return f.mean
}

// StandardErrors returns the standard errors of the parameters; nil where
// there are none.
func (f *Fitted) StandardErrors() []models.Parameter { return f.errors }

func (f *Fitted) warn(code, en, zh string) {
	f.report.Warnings = append(f.report.Warnings, models.Warning{Code: code, En: en, Zh: zh})
}

// warnAbout is warn with the word for the purchases that count put where %s stands.
func (f *Fitted) warnAbout(code, en, zh string) {
	word, wordZh := "repeat ", "复购"
	if f.includeFirst {
		word, wordZh = "", "购买"
	}
	f.warn(code, fmt.Sprintf(en, word), fmt.Sprintf(zh, wordZh))
}

// Fit implements models.Model. It learns from customers with purchases that
// count and spend above zero on them.
func (m *Model) Fit(ctx context.Context, in *table.Table) (models.Fitted, error) {
	if err := m.Spec().Check(in); err != nil {
		return nil, err
	}
	if m.By != "" {
		return m.fitGroups(ctx, in)
	}
	return m.fitTable(ctx, in)
}

// fitTable fits all rows together.
func (m *Model) fitTable(ctx context.Context, in *table.Table) (*Fitted, error) {
	c := newReader(in, m.IncludeFirst)
	for i, v := range c.spend.Floats {
		if math.IsInf(v, 0) {
			return nil, fmt.Errorf("fit %s: row %d: %s is infinite", Name, i, c.spend.Name)
		}
	}
	least := m.MinRepeaters
	if least == 0 {
		least = 50
	}
	s := newSpends(c, m.Workers)
	f := &Fitted{includeFirst: m.IncludeFirst, report: models.Report{Model: Name, Rows: len(s.total), LogLikelihood: math.NaN()}}
	if len(s.total) == 0 {
		f.method = MethodNone
		f.report.Status, f.report.Method = models.Skipped, f.method
		f.warnAbout("no_repeat_spend",
			"Nobody has spent money on a %spurchase: expected spend is missing.",
			"没有客户在%s中产生金额：预计消费额为空。")
		return f, nil
	}
	if len(s.total) < least {
		f.warnAbout("few_repeaters",
			fmt.Sprintf("Gamma-Gamma was not fitted: %s %%sspend, the least is %s.", have(len(s.total)), thousands(least)),
			fmt.Sprintf("未拟合 Gamma-Gamma：只有 %s 位客户有%%s金额，至少需要 %s 位。", thousands(len(s.total)), thousands(least)))
		return f.shrunk(s), nil
	}
	best, err := fit(ctx, s, m.Workers)
	if err != nil {
		return nil, fmt.Errorf("fit %s: %w", Name, err)
	}
	f.report.Iterations = best.Iterations
	f.judge(s, best)
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

// Limits of the parameters; v's are times the mean spend.
var lowest, highest = Params{P: 1e-3, Q: 1e-3, V: 1e-6}, Params{P: 1e5, Q: 1e5, V: 1e6}

// partSize is the number of customers on which starts are tried.
const partSize = 20_000

// fit looks for the maximum from several starts, on a part of the customers where there
// are many, and ends in Newton steps on all of them.
func fit(ctx context.Context, s *spends, workers int) (*stat.Maximum, error) {
	mean := s.money / s.purchases
	logs := func(p, q, v float64) []float64 { return []float64{math.Log(p), math.Log(q), math.Log(v * mean)} }
	starts := [][]float64{logs(2, 3, 1), logs(6, 4, 0.5), logs(1, 1.5, 0.5)}
	search := func(s *spends, starts ...[]float64) (stat.Objective, stat.Search) {
		curved := func(theta, gradient, hessian []float64) float64 {
			p := fromLogs(theta)
			value := s.logLikelihood(p, gradient, hessian, workers)
			stat.ByLogs(gradient, hessian, []float64{p.P, p.Q, p.V})
			return value
		}
		plain := func(theta, gradient []float64) float64 { return curved(theta, gradient, nil) }
		return plain, stat.Search{Lower: logs(lowest.P, lowest.Q, lowest.V), Upper: logs(highest.P, highest.Q, highest.V), Starts: starts, Curved: curved}
	}
	thin := s.thin(partSize, workers)
	f, part := search(thin, starts...)
	m, err := stat.Maximise(ctx, f, part)
	if err != nil || thin == s {
		return m, err
	}
	f, all := search(s, append(starts, m.At)...)
	whole, err := stat.Polish(ctx, f, m.At, all)
	if err == nil && whole.Outcome != stat.Interior {
		return stat.Maximise(ctx, f, all)
	}
	if err != nil {
		return nil, err
	}
	whole.Evaluations += m.Evaluations
	whole.Iterations += m.Iterations
	return whole, nil
}

func fromLogs(theta []float64) Params {
	return Params{P: math.Exp(theta[0]), Q: math.Exp(theta[1]), V: math.Exp(theta[2])}
}

// judge decides whether the maximum is an estimate, and says what is doubtful.
func (f *Fitted) judge(s *spends, best *stat.Maximum) {
	p := fromLogs(best.At)
	switch {
	case best.Outcome != stat.Interior:
		f.warn("not_identified",
			fmt.Sprintf("Gamma-Gamma was not fitted: its likelihood has no maximum inside the parameters' range (p %.4g, q %.4g, v %.4g): spend does not vary as the model has it.", p.P, p.Q, p.V),
			fmt.Sprintf("未拟合 Gamma-Gamma：似然在参数范围内没有最大值（p %.4g，q %.4g，v %.4g），消费额的变化不符合模型。", p.P, p.Q, p.V))
		f.shrunk(s)
		return
	case p.Q <= 1:
		f.warn("infinite_mean",
			fmt.Sprintf("Gamma-Gamma was refused: its q is %.4f, and a mean spend exists only above 1. A few customers spend so much more than the rest that the model's mean is infinite.", p.Q),
			fmt.Sprintf("拒绝使用 Gamma-Gamma：q 为 %.4f，而平均消费额只有在 q 大于 1 时才存在。少数客户的消费远高于其他客户，使模型均值为无穷大。", p.Q))
		f.shrunk(s)
		return
	}
	f.method, f.params, f.mean = MethodGammaGamma, p, p.MeanSpend()
	f.report.Status, f.report.Method, f.report.LogLikelihood = models.Converged, f.method, best.Value
	f.report.Parameters = []models.Parameter{{Name: "p", Value: p.P}, {Name: "q", Value: p.Q}, {Name: "v", Value: p.V}}
	f.doubt(s, best)
}

// doubt sets the standard errors and warns.
func (f *Fitted) doubt(s *spends, best *stat.Maximum) {
	var weak []string
	for i := range f.covariance {
		for j := range f.covariance[i] {
			f.covariance[i][j] = best.Covariance.At(i, j)
		}
	}
	for i, se := range best.StandardErrors() {
		e := f.report.Parameters[i]
		if se > 1 {
			weak = append(weak, e.Name)
		}
		f.errors = append(f.errors, models.Parameter{Name: e.Name, Value: e.Value * se})
	}
	f.report.Errors = f.errors
	if len(weak) > 0 {
		list := strings.Join(weak, ", ")
		f.warn("weakly_identified",
			fmt.Sprintf("The data hardly determine %s: the 95 %% interval spans more than a factor of fifty.", list),
			fmt.Sprintf("数据几乎无法确定参数 %s：其 95%% 区间上下限相差五十倍以上。", list))
	}
	// On the scale of logs: a q of 4,000 that may as well be 400 is far from 1 all the same.
	if q := f.errors[1]; math.Log(f.params.Q) < 2*math.Sqrt(f.covariance[1][1]) {
		f.warn("unstable_mean",
			fmt.Sprintf("The mean spend of all customers is unstable: q is %.3f with a standard error of %.3f, and the mean is infinite at 1.", f.params.Q, q.Value),
			fmt.Sprintf("全体客户的平均消费额不稳定：q 为 %.3f，标准误 %.3f，而 q 为 1 时均值无穷大。", f.params.Q, q.Value))
	}
	if c := s.correlation(); math.Abs(c) > notable {
		f.warn("spend_frequency_correlation",
			fmt.Sprintf("Customers who buy often spend differently on a purchase (correlation of the logs %.2f). The model takes the two as independent: lifetime values of frequent buyers are %s.", c, direction(c, "too low", "too high")),
			fmt.Sprintf("购买频率与单次消费额相关（对数相关系数 %.2f），而模型假定两者独立：高频客户的终身价值会%s。", c, direction(c, "偏低", "偏高")))
	}
}

// notable is the correlation of frequency and spend from which it is named.
const notable = 0.3

func direction(c float64, positive, negative string) string {
	if c > 0 {
		return positive
	}
	return negative
}

// correlation is that of ln x and ln of the mean spend: amounts of money have
// long tails, in which Pearson's correlation of the plain values drowns.
func (s *spends) correlation() float64 {
	var logX, logM float64
	for _, u := range s.units {
		logX += float64(u.to-u.from) * math.Log(u.x)
		logM += u.logs
	}
	n := float64(len(s.total))
	var xx, xm, mm float64
	for _, u := range s.units {
		here := float64(u.to - u.from)
		x, m := math.Log(u.x)-logX/n, (u.logs-logM/n*here)/here
		xx, xm, mm = xx+here*x*x, xm+here*x*m, mm+here*m*m+u.spread
	}
	return xm / math.Sqrt(xx*mm)
}

// shrunk makes f score by the plainer method.
func (f *Fitted) shrunk(s *spends) *Fitted {
	f.method, f.mean = MethodShrunkMean, s.medianMean()
	f.report.Status, f.report.Method = models.Fallback, f.method
	f.warnAbout(MethodShrunkMean,
		fmt.Sprintf("Expected spend is instead the mean of the customer's own %%[1]spurchases and of one more at the median of customers' mean spends, %.2f: the mean of all can be that of the few who spend most. Big spenders still to come are left out, so that totals may be too low.", f.mean),
		fmt.Sprintf("预计消费额改用客户自身各次%%[1]s与额外一次按客户平均消费额的中位数（%.2f）计的购买的平均值：全体均值可能由少数高消费客户决定。未来新出现的高消费客户不在其内，合计可能偏低。", f.mean))
	return f
}

// medianMean is the median of the customers' mean spends, which no few customers
// can move; of an even number the mean of the middle two.
func (s *spends) medianMean() float64 {
	means := slices.Clone(s.total)
	for _, u := range s.units {
		for i := u.from; i < u.to; i++ {
			means[i] /= u.x
		}
	}
	slices.Sort(means)
	n := len(means)
	return means[(n-1)/2] + (means[n/2]-means[(n-1)/2])/2
}

// Score implements models.Fitted. Customers without purchases that count, or
// whose spend on them is missing or not above zero, get MeanSpend.
func (f *Fitted) Score(ctx context.Context, dst, src *table.Table) error {
	c, err := f.Reader(src)
	if err != nil {
		return err
	}
	if f.groups != nil {
		if err := (&Model{IncludeFirst: f.includeFirst, By: f.groups.By}).Spec().Check(src); err != nil {
			return err
		}
	}
	parts, part := f.Parts(src)
	out := dst.Floats("expected_spend")
	for i := range out {
		if i%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		out[i] = parts[part[i]].expected(c, i)
	}
	return nil
}

// expected is the spend expected of row i.
func (f *Fitted) expected(c Reader, i int) float64 {
	x, spend, ok := c.At(i)
	switch {
	case c.x.Missing(i) || f.method == MethodNone:
		return math.NaN()
	case !ok:
		return f.mean
	case f.method == MethodShrunkMean:
		return (f.mean + spend) / (1 + float64(x))
	}
	return conditional(f.params, float64(x), spend)
}
