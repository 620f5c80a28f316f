package purchase

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"clientele/models"
	"clientele/models/groups"
)

// definitions says in a saved model what its numbers mean.
const definitions = "x: purchase days after the first; t_x, T: days from the first purchase to the last and to the as-of day; parameters: weeks"

// saved is the JSON of a Fitted. JSON has no NaN: a missing log-likelihood is null.
type saved struct {
	Model         string             `json:"model"`
	Definitions   string             `json:"definitions"`
	Settings      Model              `json:"settings"`
	Method        string             `json:"method"`
	Estimates     []models.Parameter `json:"estimates,omitempty"`
	Covariance    []float64          `json:"covariance_of_logs,omitempty"` // lower triangle, row by row; coefficients as they are
	Rate          float64            `json:"rate,omitempty"`
	Longest       int                `json:"longest_days"`
	Profiles      int                `json:"profiles,omitempty"`
	Variants      []Variant          `json:"variants,omitempty"`
	Status        models.Status      `json:"status"`
	Parameters    []models.Parameter `json:"parameters,omitempty"`
	LogLikelihood *float64           `json:"log_likelihood"`
	Rows          int                `json:"rows"`
	Iterations    int                `json:"iterations"`
	Warnings      []models.Warning   `json:"warnings,omitempty"`
	Groups        json.RawMessage    `json:"groups,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (f *Fitted) MarshalJSON() ([]byte, error) {
	r := f.report
	s := saved{Model: r.Model, Definitions: definitions, Settings: f.settings, Method: f.method, Estimates: f.Estimates(),
		Rate: f.rate, Longest: f.longest, Profiles: f.profiles, Variants: f.variants,
		Status: r.Status, Rows: r.Rows, Iterations: r.Iterations, Warnings: r.Warnings}
	if !slices.Equal(r.Parameters, s.Estimates) {
		s.Parameters = r.Parameters
	}
	if f.covariance != nil {
		for i := range f.estimates {
			for j := range i + 1 {
				s.Covariance = append(s.Covariance, f.covariance.At(i, j))
			}
		}
	}
	if !math.IsNaN(r.LogLikelihood) {
		s.LogLikelihood = &r.LogLikelihood
	}
	if f.groups != nil {
		var err error
		if s.Groups, err = json.Marshal(f.groups); err != nil {
			return nil, err
		}
	}
	return json.Marshal(s)
}

// Load returns the Fitted whose JSON is given; it scores with the settings it
// was fitted with. m's Family is that of the fit.
func (m *Model) Load(data []byte) (models.Fitted, error) {
	f, err := m.load(data)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", m.Family.Name(), err)
	}
	return f, nil
}

func (m *Model) load(data []byte) (*Fitted, error) {
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, err
	}
	if s.Model != m.Family.Name() {
		return nil, fmt.Errorf("the file holds a model %q", s.Model)
	}
	s.Settings.Family = m.Family
	settings, err := s.Settings.settings()
	if err != nil {
		return nil, err
	}
	f := &Fitted{settings: settings, method: s.Method, rate: s.Rate, longest: s.Longest, profiles: s.Profiles, variants: s.Variants}
	if s.Longest < 0 || s.Longest > MostDays {
		return nil, fmt.Errorf("longest history of %d days", s.Longest)
	}
	if err := f.restore(s); err != nil {
		return nil, err
	}
	f.report = models.Report{Model: s.Model, Status: s.Status, Method: s.Method, Parameters: s.Parameters,
		LogLikelihood: math.NaN(), Rows: s.Rows, Iterations: s.Iterations, Warnings: s.Warnings}
	if s.Parameters == nil {
		f.report.Parameters = s.Estimates
	}
	if s.LogLikelihood != nil {
		f.report.LogLikelihood = *s.LogLikelihood
	}
	if f.family != nil {
		f.report.Errors, f.report.Notes = f.listedErrors(), f.meanings()
	}
	if (s.Groups == nil) != (f.settings.By == "") {
		return nil, fmt.Errorf("fits by %q, and %d bytes of them", f.settings.By, len(s.Groups))
	}
	if s.Groups == nil {
		return f, nil
	}
	return m.loadGroups(f, s.Groups)
}

// loadGroups adds the fits by group to that of all customers.
func (m *Model) loadGroups(f *Fitted, data []byte) (*Fitted, error) {
	by := f.settings.By
	f.settings.By = ""
	fits, err := groups.Load(data, by, f, m.load)
	if err != nil {
		return nil, err
	}
	return grouped(fits), nil
}

// restore sets what gives the scores, and checks it, so that a damaged file is
// an error and not a score.
func (f *Fitted) restore(s saved) error {
	switch {
	case f.method == MethodNone, f.method == MethodPooled && f.rate > 0 && !math.IsInf(f.rate, 1):
		return nil
	}
	if f.family = named(f.settings.Family, f.method); f.family == nil {
		return fmt.Errorf("method %q without its parameters", f.method)
	}
	names := f.names()
	if len(s.Estimates) != len(names) {
		return fmt.Errorf("method %q with %d estimates", f.method, len(s.Estimates))
	}
	for i, e := range s.Estimates {
		if e.Name != names[i] || math.IsInf(e.Value, 0) || i < f.positive() && !(e.Value > 0) {
			return fmt.Errorf("estimate %s %v where %s should be", e.Name, e.Value, names[i])
		}
		f.estimates = append(f.estimates, e.Value)
	}
	return f.restoreCovariance(s.Covariance)
}

func (f *Fitted) restoreCovariance(lower []float64) error {
	n := len(f.estimates)
	if len(lower) == 0 {
		return nil
	}
	if len(lower) != n*(n+1)/2 {
		return fmt.Errorf("covariance of %d numbers for %d estimates", len(lower), n)
	}
	f.covariance = mat.NewSymDense(n, nil)
	for i, k := 0, 0; i < n; i++ {
		for j := 0; j <= i; j++ {
			f.covariance.SetSym(i, j, lower[k])
			k++
		}
	}
	return nil
}

// named returns the family of that name: f, one of its variants, or one of those without
// churn; nil where there is none.
func named(f Family, name string) Family {
	list := []Family{f}
	if v, ok := f.(Varied); ok {
		list = append(list, v.Variants(nil)...)
	}
	for _, f := range list {
		if f.Name() == name {
			return f
		}
		if plain := f.WithoutChurn(); plain != nil && plain.Name() == name {
			return plain
		}
	}
	return nil
}
