// Package churn puts customers into bands by the probability that they do not
// buy again within the configured window, which the process model fitted to
// their purchases has written as churn_risk.
package churn

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"clientele/engine/table"
	"clientele/models"
)

// Model holds the thresholds of the bands, probabilities in [0,1].
//
// The defaults are read from what the number means and not from quantiles, so
// that a band means the same in each shop and each month: from 0.5 a customer is
// more likely to stay away than to come (medium), from 0.8 four of five like
// this customer stay away (high). Shops whose customers seldom buy within the
// window have most customers in high; a longer window says more there.
type Model struct {
	// Medium and High are the risks at which the bands medium and high begin.
	// Both zero: 0.5 and 0.8. Otherwise they count as they stand.
	Medium, High float64
}

// The codes of churn_band.
const (
	Low int32 = iota
	Medium
	High
)

// Name is how a band is shown. Key is its label in churn_band.
type Name struct{ Key, En, Zh string }

// Names returns the display names of the bands, in the order of their codes.
func Names() []Name {
	return []Name{{"low", "Low risk", "低风险"}, {"medium", "Medium risk", "中风险"}, {"high", "High risk", "高风险"}}
}

func (m *Model) thresholds() (medium, high float64) {
	if m.Medium == 0 && m.High == 0 {
		return 0.5, 0.8
	}
	return m.Medium, m.High
}

// Validate reports thresholds that cannot be.
func (m *Model) Validate() error {
	medium, high := m.thresholds()
	if !(medium >= 0 && medium <= high && high <= 1) { // so written that NaN fails
		return fmt.Errorf("churn: thresholds medium %v and high %v are not 0 <= medium <= high <= 1", medium, high)
	}
	return nil
}

// Spec reads churn_risk and writes churn_band.
func (m *Model) Spec() models.Spec {
	medium, high := m.thresholds()
	var labels []string
	for _, n := range Names() {
		labels = append(labels, n.Key)
	}
	return models.Spec{
		Name: "churn",
		Doc:  "Bands of the risk that a customer does not buy within the window.",
		In: []table.Field{{Name: "churn_risk", Kind: table.Float, Unit: "probability",
			Doc: "probability of no purchase in the configured window after the as-of date", DocZh: "统计日之后的设定期内不再购买的概率"}},
		Out: []table.Field{{Name: "churn_band", Kind: table.Category, Unit: "name", Labels: labels,
			Doc:   fmt.Sprintf("band of churn_risk: high from %g, medium from %g, else low", high, medium),
			DocZh: fmt.Sprintf("流失风险等级：churn_risk 不低于 %g 为 high（高），不低于 %g 为 medium（中），其余为 low（低）", high, medium)}},
	}
}

// Fitted is the thresholds and how many customers were in each band.
type Fitted struct {
	learned
	spec models.Spec
}

type learned struct {
	Model     string  `json:"model"`
	Medium    float64 `json:"medium"`
	High      float64 `json:"high"`
	Customers [3]int  `json:"customers"` // by band
}

// Fit counts the customers of each band; nothing is estimated.
func (m *Model) Fit(ctx context.Context, in *table.Table) (models.Fitted, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	f := &Fitted{spec: m.Spec()}
	if err := f.spec.Check(in); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.Model = f.spec.Name
	f.Medium, f.High = m.thresholds()
	for _, p := range in.Floats("churn_risk") {
		if band := Band(p, f.Medium, f.High); band >= 0 {
			f.Customers[band]++
		}
	}
	return f, nil
}

// Band returns the code of the band of risk p: High from high, Medium from
// medium, else Low; -1 when p is NaN.
func Band(p, medium, high float64) int32 {
	switch {
	case math.IsNaN(p):
		return -1
	case p >= high:
		return High
	case p >= medium:
		return Medium
	}
	return Low
}

// Score writes churn_band.
func (f *Fitted) Score(ctx context.Context, dst, src *table.Table) error {
	if err := f.spec.Check(src); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	band := dst.Codes("churn_band")
	for i, p := range src.Floats("churn_risk") {
		band[i] = Band(p, f.Medium, f.High)
	}
	return nil
}

// Report gives the thresholds, and warns when they tell no customers apart.
func (f *Fitted) Report() models.Report {
	r := models.Report{
		Model: f.spec.Name, Status: models.Fixed, Method: "thresholds on churn_risk", LogLikelihood: math.NaN(),
		Rows:       f.Customers[Low] + f.Customers[Medium] + f.Customers[High],
		Parameters: []models.Parameter{{Name: "medium", Value: f.Medium}, {Name: "high", Value: f.High}},
	}
	if r.Rows == 0 {
		r.Status = models.Skipped
		return r
	}
	for band, n := range f.Customers {
		if n == r.Rows && n > 1 {
			name := Names()[band]
			r.Warnings = append(r.Warnings, models.Warning{
				Code: "one_band",
				En:   fmt.Sprintf("Every customer with a churn risk is in band %s: the thresholds (%g and %g) tell nobody apart.", name.Key, f.Medium, f.High),
				Zh:   fmt.Sprintf("所有有流失概率的客户都属于“%s”：阈值（%g 和 %g）未能区分客户。", name.Zh, f.Medium, f.High),
			})
		}
	}
	return r
}

// MarshalJSON writes the thresholds and the counts.
func (f *Fitted) MarshalJSON() ([]byte, error) { return json.Marshal(f.learned) }

// Load restores a fit from its JSON, with the thresholds of the JSON.
func (m *Model) Load(data []byte) (models.Fitted, error) {
	var l learned
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return nil, fmt.Errorf("churn: saved fit: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("churn: saved fit: text after its end")
	}
	saved := &Model{Medium: l.Medium, High: l.High}
	if l.Model != "churn" || l.High == 0 && l.Medium == 0 {
		return nil, fmt.Errorf("churn: saved fit is of model %q, or has no thresholds", l.Model)
	}
	if err := saved.Validate(); err != nil {
		return nil, err
	}
	return &Fitted{learned: l, spec: saved.Spec()}, nil
}
