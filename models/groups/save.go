package groups

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"clientele/models"
)

// saved is the JSON of Fits, but for the fit of all customers, which is its owner's.
type saved struct {
	Own           map[string]json.RawMessage `json:"own,omitempty"` // by group
	Rest          json.RawMessage            `json:"pooled,omitempty"`
	Others        map[string]map[string]int  `json:"others,omitempty"` // customers by what spoke against a fit, and group
	RestRows      int                        `json:"other_customers"`
	LogLikelihood *float64                   `json:"log_likelihood,omitempty"` // of all groups together
	One           *float64                   `json:"log_likelihood_of_one,omitempty"`
	Parameters    int                        `json:"parameters"`
	OneParameters *int                       `json:"parameters_of_one,omitempty"` // nil: the one is the fit of all customers
	Unworthy      int                        `json:"unworthy,omitempty"`
}

// Save returns the JSON of the groups; save writes one fit. That of all customers is
// left out: who has the groups saves it too.
func (f *Fits[F]) Save(save func(F) ([]byte, error)) ([]byte, error) {
	c := f.Comparison
	s := saved{RestRows: f.RestRows, LogLikelihood: models.Known(c.LogLikelihood), Parameters: c.Parameters, Unworthy: f.Unworthy,
		Own: map[string]json.RawMessage{}, Others: map[string]map[string]int{}}
	if one := f.All.Report(); c.One != one.LogLikelihood || c.OneParameters != len(one.Parameters) {
		s.One, s.OneParameters = models.Known(c.One), &c.OneParameters
	}
	for _, g := range f.Own {
		text, err := save(g.Model)
		if err != nil {
			return nil, err
		}
		s.Own[g.Name] = text
	}
	if f.Rest != nil {
		var err error
		if s.Rest, err = save(f.Rest.Model); err != nil {
			return nil, err
		}
	}
	for _, o := range f.Others {
		if s.Others[o.Why] == nil {
			s.Others[o.Why] = map[string]int{}
		}
		s.Others[o.Why][o.Name] = o.Rows
	}
	return json.Marshal(s)
}

// Load is the way back; load reads one fit.
func Load[F models.Fitted](data []byte, by string, all F, load func([]byte) (F, error)) (*Fits[F], error) {
	var s saved
	if err := models.Decode(data, &s); err != nil {
		return nil, err
	}
	f := &Fits[F]{By: by, All: all, RestRows: s.RestRows, Unworthy: s.Unworthy, Comparison: Comparison{
		LogLikelihood: models.OrNaN(s.LogLikelihood), Parameters: s.Parameters}}
	if s.OneParameters == nil {
		one := all.Report()
		f.Comparison.One, f.Comparison.OneParameters = one.LogLikelihood, len(one.Parameters)
	} else {
		f.Comparison.One, f.Comparison.OneParameters = models.OrNaN(s.One), *s.OneParameters
	}
	for _, name := range slices.Sorted(maps.Keys(s.Own)) {
		m, err := load(s.Own[name])
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", by, name, err)
		}
		f.Own = append(f.Own, Fit[F]{name, m})
	}
	if s.Rest != nil {
		m, err := load(s.Rest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", Pooled, err)
		}
		f.Rest = &Fit[F]{Pooled, m}
	}
	for why, groups := range s.Others {
		for name, rows := range groups {
			f.Others = append(f.Others, Other{Name: name, Rows: rows, Why: why})
		}
	}
	slices.SortFunc(f.Others, func(a, b Other) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Why, b.Why))
	})
	return f, nil
}
