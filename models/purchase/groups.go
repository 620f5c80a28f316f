package purchase

import (
	"context"
	"errors"
	"math"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/groups"
)

// fitGroups fits all customers, then each group of By; Codes are those of all.
func (m *Model) fitGroups(ctx context.Context, in *table.Table, warnings []models.Warning) (*Fitted, error) {
	one := *m
	one.By = ""
	first := true
	fits, err := groups.New(ctx, in, m.By, groups.Estimator[*Fitted]{
		Fit: func(ctx context.Context, in *table.Table) (*Fitted, error) {
			if first { // all customers: what was decided for all groups is said once
				f, err := one.fitTable(ctx, in, warnings)
				first, one.Start = false, nil
				return f, err
			}
			return one.fitTable(ctx, in, nil)
		},
		Columns: one.columns(),
	})
	if err != nil {
		return nil, err
	}
	return grouped(fits), nil
}

// columns are all that a fit reads.
func (m *Model) columns() []string {
	list := []string{"log_gaps"}
	if m.Weight != "" {
		list = append(list, m.Weight)
	}
	for _, f := range m.Spec().In {
		if f.Name != m.Weight {
			list = append(list, f.Name)
		}
	}
	return list
}

// grouped is the fit of all customers that scores by the fits of their groups.
func grouped(fits *groups.Fits[*Fitted]) *Fitted {
	f := fits.All.clone()
	f.settings.By, f.groups = fits.By, fits
	f.report = fits.Reports()[0]
	return f
}

// clone copies what was learned; laws are made anew.
func (f *Fitted) clone() *Fitted {
	return &Fitted{settings: f.settings, report: f.report, method: f.method, family: f.family, estimates: f.estimates, covariance: f.covariance,
		rate: f.rate, longest: f.longest, profiles: f.profiles, variants: f.variants, groups: f.groups, soon: f.soon}
}

// Groups returns the fits by group; nil where the model has no By.
func (f *Fitted) Groups() *groups.Fits[*Fitted] { return f.groups }

// Parts returns the fits that score, f itself where the model has no By, and which of
// them scores each row of src. What f says of itself (Family, Estimates, Law ...) is
// of the fit of all customers.
func (f *Fitted) Parts(src *table.Table) (parts []*Fitted, of []int32) {
	if f.groups == nil {
		return []*Fitted{f}, make([]int32, src.Rows())
	}
	return f.groups.Parts(), f.groups.Of(src)
}

// Modelled reports whether a model was fitted, to anybody: else the plainer method
// scores everybody.
func (f *Fitted) Modelled() bool {
	return f.family != nil || f.groups != nil && len(f.groups.Own) > 0
}

// LogLikelihood is that of all fits that score together; NaN where there is none.
func (f *Fitted) LogLikelihood() float64 {
	if f.groups == nil || math.IsNaN(f.groups.Comparison.LogLikelihood) {
		return f.report.LogLikelihood
	}
	return f.groups.Comparison.LogLikelihood
}

// Reports implements models.Reporter.
func (f *Fitted) Reports() []models.Report {
	if f.groups == nil {
		return []models.Report{f.report}
	}
	return f.groups.Reports()
}

// Laws returns the different laws of the rows of src, by group and covariates, and
// which of them each row follows: -1 for a row with a covariate missing and where no
// model was fitted.
func (f *Fitted) Laws(src *table.Table) (laws []Law, of []int32, err error) {
	parts, part := f.Parts(src)
	at := make([]lawsOf, len(parts))
	for k, p := range parts {
		if f.groups != nil {
			p = p.StandIn()
		}
		if at[k], err = p.lawsOf(src); err != nil {
			return nil, nil, err
		}
	}
	of = make([]int32, src.Rows())
	for i, k := range part {
		of[i] = at[k].law(i, &laws)
	}
	return laws, of, nil
}

// StandIn is what laws of f's customers can be had from: f itself where a model was
// fitted; where MethodPooled scores, the NBD model that it is, in which rates are from
// Gamma(1, 1/rate of all), with nothing known of how sure that is.
func (f *Fitted) StandIn() *Fitted {
	if f.family != nil || f.method != MethodPooled {
		return f
	}
	s := f.clone()
	s.settings.Buying, s.settings.Churn = nil, nil
	s.family, s.estimates, s.profiles = NBD{}, []float64{1, 1 / f.rate}, 0
	return s
}

// lawsOf finds the law of a row of one part.
type lawsOf struct {
	f        *Fitted
	columns  [][]float64
	grouping *grouping
	number   []int32 // in the list of all, of each profile
}

func (f *Fitted) lawsOf(src *table.Table) (lawsOf, error) {
	if f.family == nil {
		return lawsOf{}, nil
	}
	columns, err := f.settings.Covariates(src)
	return lawsOf{f: f, columns: columns, grouping: newGrouping(0, true, columns)}, err
}

// law returns the number of row i's law among all, where it is put when it is new.
func (l *lawsOf) law(i int, all *[]Law) int32 {
	if l.f == nil {
		return -1
	}
	profile, ok := l.grouping.profile(i)
	if !ok {
		return -1
	}
	if profile == len(l.number) {
		law, _ := l.f.Law(l.grouping.z[profile]...)
		l.number = append(l.number, int32(len(*all)))
		*all = append(*all, law)
	}
	return l.number[profile]
}

// errGrouped is returned where fits by group would have to be one.
var errGrouped = errors.New("the model is fitted by group")
