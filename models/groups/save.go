package groups

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"clientele/models"
)

// saved is the JSON of Fits, but for the fit of all customers, which is its owner's.
type saved struct {
	Own           []savedFit      `json:"own"`
	Rest          json.RawMessage `json:"pooled,omitempty"`
	Others        []Other         `json:"others,omitempty"`
	RestRows      int             `json:"other_customers"`
	LogLikelihood *float64        `json:"log_likelihood"` // of all groups together
	One           *float64        `json:"log_likelihood_of_one"`
	Parameters    int             `json:"parameters"`
	OneParameters int             `json:"parameters_of_one"`
	Unworthy      int             `json:"unworthy,omitempty"`
}

type savedFit struct {
	Group string          `json:"group"`
	Model json.RawMessage `json:"model"`
}

// MarshalJSON implements json.Marshaler. The fit of all customers is left out.
func (f *Fits[F]) MarshalJSON() ([]byte, error) {
	c := f.Comparison
	s := saved{Others: f.Others, RestRows: f.RestRows, LogLikelihood: number(c.LogLikelihood), One: number(c.One),
		Parameters: c.Parameters, OneParameters: c.OneParameters, Unworthy: f.Unworthy}
	for _, g := range f.Own {
		text, err := json.Marshal(g.Model)
		if err != nil {
			return nil, err
		}
		s.Own = append(s.Own, savedFit{g.Name, text})
	}
	if f.Rest != nil {
		text, err := json.Marshal(f.Rest.Model)
		if err != nil {
			return nil, err
		}
		s.Rest = text
	}
	return json.Marshal(s)
}

// Load is the way back; load reads one fit.
func Load[F models.Fitted](data []byte, by string, all F, load func([]byte) (F, error)) (*Fits[F], error) {
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, err
	}
	f := &Fits[F]{By: by, All: all, Others: s.Others, RestRows: s.RestRows, Unworthy: s.Unworthy,
		Comparison: Comparison{LogLikelihood: value(s.LogLikelihood), One: value(s.One), Parameters: s.Parameters, OneParameters: s.OneParameters}}
	for _, g := range s.Own {
		m, err := load(g.Model)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", by, g.Group, err)
		}
		f.Own = append(f.Own, Fit[F]{g.Group, m})
	}
	if !slices.IsSortedFunc(f.Own, func(a, b Fit[F]) int { return strings.Compare(a.Name, b.Name) }) {
		return nil, fmt.Errorf("groups of %s are not in order", by)
	}
	if s.Rest != nil {
		m, err := load(s.Rest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", Pooled, err)
		}
		f.Rest = &Fit[F]{Pooled, m}
	}
	return f, nil
}

// number is nil for NaN, which JSON has not got.
func number(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

func value(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}
