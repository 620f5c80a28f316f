package gammagamma

import (
	"context"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/groups"
)

// fitGroups fits all customers, then each group of By. A group of unstable mean spend
// does not keep its own fit: few customers would set what all of it is worth.
func (m *Model) fitGroups(ctx context.Context, in *table.Table) (*Fitted, error) {
	one := *m
	one.By = ""
	var columns []string
	for _, f := range one.Spec().In {
		columns = append(columns, f.Name)
	}
	fits, err := groups.New(ctx, in, m.By, groups.Estimator[*Fitted]{
		Fit: one.fitTable, Columns: columns,
		Doubtful: []string{"unstable_mean", "weakly_identified"}, ByAll: true,
	})
	if err != nil {
		return nil, err
	}
	return grouped(fits), nil
}

// grouped is the fit of all customers that scores by the fits of their groups.
func grouped(fits *groups.Fits[*Fitted]) *Fitted {
	f := *fits.All
	f.groups, f.report = fits, fits.Reports()[0]
	return &f
}

// Groups returns the fits by group; nil where the model has no By.
func (f *Fitted) Groups() *groups.Fits[*Fitted] { return f.groups }

// Parts returns the fits that score, f itself where the model has no By, and which of
// them scores each row of src. What f says of itself (Params, MeanSpend ...) is of the
// fit of all customers.
func (f *Fitted) Parts(src *table.Table) (parts []*Fitted, of []int32) {
	if f.groups == nil {
		return []*Fitted{f}, make([]int32, src.Rows())
	}
	return f.groups.Parts(), f.groups.Of(src)
}

// Reports implements models.Reporter.
func (f *Fitted) Reports() []models.Report {
	if f.groups == nil {
		return []models.Report{f.report}
	}
	return f.groups.Reports()
}
