package gammagamma

import (
	"encoding/json"
	"fmt"
	"math"

	"clientele/models"
	"clientele/models/groups"
)

// saved is the JSON of a Fitted. What follows from its numbers (the mean of all
// customers, standard errors) is not in it.
type saved struct {
	Method        string           `json:"method"`
	Status        models.Status    `json:"status"`
	Rows          int              `json:"rows"`
	Iterations    int              `json:"iterations,omitempty"`
	LogLikelihood *float64         `json:"log_likelihood,omitempty"`
	IncludeFirst  bool             `json:"include_first,omitempty"`
	Parameters    *Params          `json:"parameters,omitempty"`
	Covariance    []float64        `json:"covariance_of_logs,omitempty"` // lower triangle, row by row
	Mean          float64          `json:"mean,omitempty"`               // of MethodShrunkMean
	Warnings      []models.Warning `json:"warnings,omitempty"`
	By            string           `json:"by,omitempty"`
	Groups        json.RawMessage  `json:"groups,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (f *Fitted) MarshalJSON() ([]byte, error) {
	r := f.report
	s := saved{Method: f.method, Status: r.Status, Rows: r.Rows, Iterations: r.Iterations, LogLikelihood: models.Known(r.LogLikelihood),
		IncludeFirst: f.includeFirst, Warnings: r.Warnings}
	switch f.method {
	case MethodGammaGamma:
		s.Parameters = &f.params
		for i, row := range f.covariance {
			s.Covariance = append(s.Covariance, row[:i+1]...)
		}
	case MethodShrunkMean:
		s.Mean = f.mean
	}
	if f.groups != nil {
		var err error
		s.By = f.groups.By
		if s.Groups, err = f.groups.Save((*Fitted).MarshalJSON); err != nil {
			return nil, err
		}
	}
	return json.Marshal(s)
}

// Load returns the Fitted whose JSON is given.
func (m *Model) Load(data []byte) (models.Fitted, error) {
	f, err := load(data)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", Name, err)
	}
	return f, nil
}

func load(data []byte) (*Fitted, error) {
	var s saved
	if err := models.Decode(data, &s); err != nil {
		return nil, err
	}
	f := &Fitted{method: s.Method, includeFirst: s.IncludeFirst}
	f.report = models.Report{Model: Name, Status: s.Status, Method: s.Method,
		LogLikelihood: models.OrNaN(s.LogLikelihood), Rows: s.Rows, Iterations: s.Iterations, Warnings: s.Warnings}
	if err := f.restore(s); err != nil {
		return nil, err
	}
	if s.Groups == nil {
		return f, nil
	}
	fits, err := groups.Load(s.Groups, s.By, f, load)
	if err != nil {
		return nil, err
	}
	return grouped(fits), nil
}

// restore sets what gives the scores, and checks it.
func (f *Fitted) restore(s saved) error {
	switch {
	case f.method == MethodNone:
		return nil
	case f.method == MethodShrunkMean && s.Mean >= 0:
		f.mean = s.Mean
		return nil
	case f.method != MethodGammaGamma || s.Parameters == nil || len(s.Covariance) != 6:
		return fmt.Errorf("method %q without its parameters", f.method)
	}
	if p := *s.Parameters; !(p.P > 0 && p.Q > 1 && p.V > 0) {
		return fmt.Errorf("parameters p %v, q %v, v %v", p.P, p.Q, p.V)
	}
	f.params, f.mean = *s.Parameters, s.Parameters.MeanSpend()
	f.report.Parameters = []models.Parameter{{Name: "p", Value: f.params.P}, {Name: "q", Value: f.params.Q}, {Name: "v", Value: f.params.V}}
	at := 0
	for i := range f.covariance {
		for j := range i + 1 {
			f.covariance[i][j], f.covariance[j][i] = s.Covariance[at], s.Covariance[at]
			at++
		}
		e := f.report.Parameters[i]
		f.errors = append(f.errors, models.Parameter{Name: e.Name, Value: e.Value * math.Sqrt(f.covariance[i][i])})
	}
	f.report.Errors = f.errors
	return nil
}
