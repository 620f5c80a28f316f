package paretonbd

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"

	"clientele/models"
	"clientele/models/stat"
)

// Fitted is what a fit learned. It is safe for concurrent use.
type Fitted struct {
	settings Model
	report   models.Report
	method   string
	params   Params
	errors   []models.Parameter // standard errors; nil where there are none
	rate     float64            // of MethodPooled: purchases a week of the whole base
	longest  int                // greatest T of the fit, days: how far the tables of a scorer reach

	once  sync.Once
	table *scorer // made by the first Score
}

// Report implements models.Fitted.
func (f *Fitted) Report() models.Report { return f.report }

// Params returns the parameters that give the scores; S is zero where no churn
// was identified. ok is false where no model was fitted.
func (f *Fitted) Params() (p Params, ok bool) {
	return f.params, f.method == MethodParetoNBD || f.method == MethodNBD
}

// StandardErrors returns the standard errors of the reported parameters, from
// the curvature of the log-likelihood at its maximum; nil where the maximum is
// not inside the parameters' range.
func (f *Fitted) StandardErrors() []models.Parameter { return f.errors }

func (f *Fitted) warn(code, en, zh string) {
	f.report.Warnings = append(f.report.Warnings, models.Warning{Code: code, En: en, Zh: zh})
}

// pooled makes f score by the plainer method.
func (f *Fitted) pooled(h *histories) *Fitted {
	f.method = MethodPooled
	// Half a purchase more keeps a base without any repeat from promising none for ever.
	f.rate = (h.purchases + 0.5) / h.exposure
	f.report.Status, f.report.Method = models.Fallback, f.method
	if h.exposure == 0 {
		f.method, f.rate = MethodNone, 0
		f.report.Method = f.method
		f.warn("no_history",
			"Nobody's first order lies before the as-of date: expected orders are missing.",
			"没有客户的首单早于统计日：预计订单数为空。")
		return f
	}
	f.warn(MethodPooled,
		"Expected orders are instead each customer's own purchase rate, shrunk to the rate of all customers as if everyone had made one more purchase at that rate. "+
			"This knows nothing of churn: the probability of being active, churn risk and next order date are missing, and expected orders are too high for customers long silent.",
		"预计订单数改用各客户自己的购买频率，并向全体客户的平均频率收缩（相当于按平均频率再多一次购买）。"+
			"该方法不考虑流失：活跃概率、流失风险和下次购买日期为空；对久未购买的客户，预计订单数偏高。")
	return f
}

// zeroChurn makes f score by the model without churn.
func (f *Fitted) zeroChurn(m *stat.Maximum) {
	f.method = MethodNBD
	f.params = Params{R: math.Exp(m.At[0]), Alpha: math.Exp(m.At[1])}
	f.report.Status, f.report.Method, f.report.LogLikelihood = models.Boundary, f.method, m.Value
	f.warn("zero_churn",
		"No churn is identifiable in this data: the likelihood is greatest where nobody is ever lost. Purchases are modelled without churn (NBD); "+
			"s and beta are not estimated, the probability of being active is missing for everybody, and churn risk is only the probability of a pause in buying.",
		"此数据中无法识别流失：似然在“无人流失”处最大。改用不含流失的 NBD 模型；"+
			"不给出 s 和 beta 的估计，所有客户的活跃概率为空，流失风险仅表示窗口期内暂时不购买的概率。")
	f.describe([]string{"r", "alpha"}, []float64{f.params.R, f.params.Alpha}, m)
}

// fitted makes f score by the Pareto/NBD model.
func (f *Fitted) fitted(m *stat.Maximum, gain float64) {
	f.method, f.params = MethodParetoNBD, fromLogs(m.At)
	f.report.Status, f.report.Method, f.report.LogLikelihood = models.Converged, f.method, m.Value
	if m.Outcome != stat.Interior {
		f.report.Status = models.Boundary
	}
	if gain < clearGain {
		f.warn("weak_churn",
			fmt.Sprintf("Churn is hardly identifiable in this data: allowing for it raises the log-likelihood by only %.2f. Read the probability of being active with care.", gain),
			fmt.Sprintf("此数据中的流失几乎无法识别：引入流失仅使对数似然提高 %.2f。请谨慎解读活跃概率。", gain))
	}
	p := f.params
	f.describe([]string{"r", "alpha", "s", "beta"}, []float64{p.R, p.Alpha, p.S, p.Beta}, m)
}

// describe reports the parameters that are estimates, their standard errors,
// and what is doubtful about them.
func (f *Fitted) describe(names []string, values []float64, m *stat.Maximum) {
	box := stat.Search{Lower: lowest.logs(), Upper: highest.logs()}
	edge := func(i, j int) bool { return j < len(values) && (m.AtEdge(box, i) || m.AtEdge(box, j)) }
	var listed []models.Parameter
	add := func(i, j int, ratio string) {
		if edge(i, j) {
			listed = append(listed, models.Parameter{Name: ratio, Value: values[i] / values[j]})
			return
		}
		listed = append(listed, models.Parameter{Name: names[i], Value: values[i]}, models.Parameter{Name: names[j], Value: values[j]})
	}
	add(0, 1, "r/alpha")
	if len(values) == 4 {
		add(2, 3, "s/beta")
	}
	f.report.Parameters = listed
	if edge(0, 1) {
		f.warn("edge_rate",
			"The differences between customers' purchase rates are at the edge of what the model can express: r and alpha are not identified, only their ratio.",
			"客户间购买频率的差异处于模型可表达范围的边缘：r 与 alpha 无法分别识别，只能识别其比值。")
	}
	if edge(2, 3) {
		f.warn("edge_churn",
			"The differences between customers' churn rates are at the edge of what the model can express: s and beta are not identified, only their ratio.",
			"客户间流失率的差异处于模型可表达范围的边缘：s 与 beta 无法分别识别，只能识别其比值。")
	}
	if m.Outcome == stat.Flat {
		f.warn("flat_likelihood",
			"The likelihood does not change in some direction of its parameters: they are not identified one by one. Scores use one of the equally likely points.",
			"似然在参数的某个方向上不变：参数无法逐一识别。评分取其中一个等可能的点。")
	}
	f.doubt(names, values, m.StandardErrors())
}

// doubt sets the standard errors and warns of parameters that the data hardly
// determine: those whose 95 % interval spans more than a factor of fifty (a
// standard error of their log above one).
func (f *Fitted) doubt(names []string, values, logErrors []float64) {
	if logErrors == nil {
		return
	}
	var weak []string
	for i, se := range logErrors {
		f.errors = append(f.errors, models.Parameter{Name: names[i], Value: se * values[i]})
		if se > 1 {
			weak = append(weak, names[i])
		}
	}
	if len(weak) > 0 {
		list := strings.Join(weak, ", ")
		f.warn("weakly_identified",
			fmt.Sprintf("The data hardly determine %s: the 95 %% interval spans more than a factor of fifty.", list),
			fmt.Sprintf("数据几乎无法确定参数 %s：其 95%% 区间上下限相差五十倍以上。", list))
	}
}

// saved is the JSON of a Fitted. JSON has no NaN: a missing log-likelihood is null.
type saved struct {
	Settings      Model              `json:"settings"`
	Method        string             `json:"method"`
	Params        Params             `json:"params"`
	Errors        []models.Parameter `json:"standard_errors,omitempty"`
	Rate          float64            `json:"rate,omitempty"`
	Longest       int                `json:"longest_days"`
	Status        models.Status      `json:"status"`
	Parameters    []models.Parameter `json:"parameters,omitempty"`
	LogLikelihood *float64           `json:"log_likelihood"`
	Rows          int                `json:"rows"`
	Iterations    int                `json:"iterations"`
	Warnings      []models.Warning   `json:"warnings,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (f *Fitted) MarshalJSON() ([]byte, error) {
	r := f.report
	s := saved{Settings: f.settings, Method: f.method, Params: f.params, Errors: f.errors, Rate: f.rate, Longest: f.longest,
		Status: r.Status, Parameters: r.Parameters, Rows: r.Rows, Iterations: r.Iterations, Warnings: r.Warnings}
	if !math.IsNaN(r.LogLikelihood) {
		s.LogLikelihood = &r.LogLikelihood
	}
	return json.Marshal(s)
}

// Load returns the Fitted whose JSON is given; it scores with the settings it
// was fitted with.
func (m *Model) Load(data []byte) (models.Fitted, error) {
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("load %s: %w", Name, err)
	}
	f := &Fitted{settings: s.Settings, method: s.Method, params: s.Params, errors: s.Errors, rate: s.Rate, longest: s.Longest}
	if err := f.valid(); err != nil {
		return nil, fmt.Errorf("load %s: %w", Name, err)
	}
	f.report = models.Report{Model: Name, Status: s.Status, Method: s.Method, Parameters: s.Parameters,
		LogLikelihood: math.NaN(), Rows: s.Rows, Iterations: s.Iterations, Warnings: s.Warnings}
	if s.LogLikelihood != nil {
		f.report.LogLikelihood = *s.LogLikelihood
	}
	return f, nil
}

// valid checks what Load read, so that a damaged file is an error and not a score.
func (f *Fitted) valid() error {
	s, err := f.settings.settings()
	if err != nil {
		return err
	}
	f.settings = s
	if f.longest < 0 || f.longest > mostDays {
		return fmt.Errorf("longest history of %d days", f.longest)
	}
	p := f.params
	positive := p.R > 0 && p.Alpha > 0
	switch f.method {
	case MethodNone:
		return nil
	case MethodPooled:
		if f.rate > 0 {
			return nil
		}
	case MethodNBD:
		if positive && p.S == 0 {
			return nil
		}
	case MethodParetoNBD:
		if positive && p.S > 0 && p.Beta > 0 {
			return nil
		}
	}
	return fmt.Errorf("method %q without its parameters", f.method)
}
