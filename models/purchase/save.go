package purchase

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"

	"gonum.org/v1/gonum/mat"

	"clientele/models"
	"clientele/models/groups"
)

// saved is the JSON of a Fitted: each number once, with as many digits as bring it
// back. What follows from others (standard errors, what they mean) is not in it.
type saved struct {
	Method        string             `json:"method"`
	Status        models.Status      `json:"status"`
	Rows          int                `json:"rows"`
	Iterations    int                `json:"iterations,omitempty"`
	LogLikelihood *float64           `json:"log_likelihood,omitempty"`
	Parameters    models.Parameters  `json:"parameters,omitempty"`         // Estimates
	Identified    *models.Parameters `json:"identified,omitempty"`         // those of the report, where they are not the Estimates
	Covariance    []float64          `json:"covariance_of_logs,omitempty"` // lower triangle, row by row; coefficients as they are
	Rate          float64            `json:"rate,omitempty"`               // of MethodPooled
	Longest       int                `json:"longest_days"`
	Profiles      int                `json:"profiles,omitempty"`
	Variants      models.Parameters  `json:"variants,omitempty"` // their log-likelihoods
	Settings      *settings          `json:"settings,omitempty"` // nil in the fit of a group: those of all customers
	Warnings      []models.Warning   `json:"warnings,omitempty"`
	Groups        json.RawMessage    `json:"groups,omitempty"`
}

// settings are those of a Model that are not its defaults.
type settings struct {
	Model
	Horizon      int     `json:"horizon_days,omitempty"` // these stand for the Model's, which are written always
	DiscountRate float64 `json:"discount_rate,omitempty"`
	Window       int     `json:"window_days,omitempty"`
	AsOf         int32   `json:"as_of,omitempty"`
	MinCustomers int     `json:"min_customers,omitempty"`
	MinRepeaters int     `json:"min_repeaters,omitempty"`
}

// settingsOf leaves out what Model.settings puts in.
func settingsOf(m Model) *settings {
	plain, _ := (&Model{Family: m.Family}).settings()
	return &settings{Model: m, Horizon: unless(plain.Horizon, m.Horizon), DiscountRate: m.DiscountRate, Window: unless(plain.Window, m.Window),
		AsOf: m.AsOf, MinCustomers: unless(plain.MinCustomers, m.MinCustomers), MinRepeaters: unless(plain.MinRepeaters, m.MinRepeaters)}
}

// unless is v, or zero, which stands for the standard, where it is that.
func unless(standard, v int) int {
	if v == standard {
		return 0
	}
	return v
}

// model is the way back.
func (s *settings) model(f Family) (Model, error) {
	m := s.Model
	m.Family, m.Horizon, m.DiscountRate, m.Window, m.AsOf = f, s.Horizon, s.DiscountRate, s.Window, s.AsOf
	m.MinCustomers, m.MinRepeaters = s.MinCustomers, s.MinRepeaters
	return m.settings()
}

// MarshalJSON implements json.Marshaler.
func (f *Fitted) MarshalJSON() ([]byte, error) {
	s := f.saved()
	s.Settings = settingsOf(f.settings)
	if f.groups == nil {
		return json.Marshal(s)
	}
	all := f.groups.All.settings
	var err error
	s.Groups, err = f.groups.Save(func(part *Fitted) ([]byte, error) {
		s := part.saved()
		if !reflect.DeepEqual(part.settings, all) { // a covariate that is the same for all of the group is left out
			s.Settings = settingsOf(part.settings)
		}
		return json.Marshal(s)
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

// saved is f without its settings and groups.
func (f *Fitted) saved() saved {
	r := f.report
	s := saved{Method: f.method, Status: r.Status, Rows: r.Rows, Iterations: r.Iterations, LogLikelihood: models.Known(r.LogLikelihood),
		Parameters: f.Estimates(), Rate: f.rate, Longest: f.longest, Profiles: f.profiles, Warnings: r.Warnings}
	if !slices.Equal(r.Parameters, s.Parameters) {
		listed := models.Parameters(r.Parameters)
		s.Identified = &listed
	}
	for _, v := range f.variants {
		s.Variants = append(s.Variants, models.Parameter{Name: v.Name, Value: v.LogLikelihood})
	}
	if f.covariance != nil {
		for i := range f.estimates {
			for j := range i + 1 {
				s.Covariance = append(s.Covariance, f.covariance.At(i, j))
			}
		}
	}
	return s
}

// Load returns the Fitted whose JSON is given; it scores with the settings it
// was fitted with. m's Family is that of the fit.
func (m *Model) Load(data []byte) (models.Fitted, error) {
	f, err := m.load(data, nil)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", m.Family.Name(), err)
	}
	return f, nil
}

// load reads a fit; all are the settings of that of all customers where it is the fit
// of a group.
func (m *Model) load(data []byte, all *Model) (*Fitted, error) {
	var s saved
	if err := models.Decode(data, &s); err != nil {
		return nil, err
	}
	f := &Fitted{method: s.Method, rate: s.Rate, longest: s.Longest, profiles: s.Profiles}
	switch {
	case s.Settings != nil:
		var err error
		if f.settings, err = s.Settings.model(m.Family); err != nil {
			return nil, err
		}
	case all != nil:
		f.settings = *all
	default:
		return nil, fmt.Errorf("method %q without its settings", s.Method)
	}
	if s.Longest < 0 || s.Longest > MostDays {
		return nil, fmt.Errorf("longest history of %d days", s.Longest)
	}
	if err := f.restore(s); err != nil {
		return nil, err
	}
	for _, v := range s.Variants {
		f.variants = append(f.variants, Variant{v.Name, v.Value})
	}
	f.report = models.Report{Model: m.Family.Name(), Status: s.Status, Method: s.Method, Parameters: f.Estimates(),
		LogLikelihood: models.OrNaN(s.LogLikelihood), Rows: s.Rows, Iterations: s.Iterations, Warnings: s.Warnings}
	if s.Identified != nil {
		f.report.Parameters = *s.Identified
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
	fits, err := groups.Load(data, by, f, func(part []byte) (*Fitted, error) { return m.load(part, &f.settings) })
	if err != nil {
		return nil, err
	}
	return grouped(fits), nil
}

// rounding is how far beside the Box an estimate at its border may be saved, which is
// e to the power of a logarithm.
const rounding = 1e-9

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
	if len(s.Parameters) != len(names) {
		return fmt.Errorf("method %q with %d estimates", f.method, len(s.Parameters))
	}
	low, high := f.family.Box()
	for i, e := range s.Parameters {
		if e.Name != names[i] || math.IsInf(e.Value, 0) {
			return fmt.Errorf("estimate %s %v where %s should be", e.Name, e.Value, names[i])
		}
		if i < f.positive() && !(e.Value >= low[i]*(1-rounding) && e.Value <= high[i]*(1+rounding)) {
			return fmt.Errorf("estimate %s %v is not between %v and %v", e.Name, e.Value, low[i], high[i])
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
