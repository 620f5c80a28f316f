// Package groups fits one model to groups of customers, where there are enough, and
// to the others together: customers who came in different years, or by different
// channels, may buy differently, and a model of all of them mixes them.
//
// A group keeps its own fit where that converged inside the model's parameters. The
// customers of all other groups, and those of no group, are fitted together, which
// is called the pooled fit; where that did not converge either, its plainer method
// scores them, or, with Estimator.ByAll, the fit of all customers. Whether grouping is worth its parameters is said by the likelihood
// (Comparison); where it is not, the fit of all customers scores everybody.
package groups

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"clientele/engine/table"
	"clientele/models"
)

// Most is how many groups are fitted by themselves at most: the largest.
const Most = 50

// Names of what is no group, as they follow the model's in the models table.
const (
	Pooled   = "(pooled)" // the customers without a fit of their own group, fitted together
	Together = "(groups)" // all fits by group beside the one of all customers
)

// Estimator is how a model is fitted to some rows.
type Estimator[F models.Fitted] struct {
	Fit      func(ctx context.Context, in *table.Table) (F, error)
	Doubtful []string // codes of warnings for which a group does not keep its own fit
	ByAll    bool     // where the other customers have no fit of the model together, that of all scores them, not their plainer method
	Columns  []string // that Fit reads, those that are optional too
}

// Fit is one fit and whom it is of.
type Fit[F models.Fitted] struct {
	Name  string // of the group
	Model F
}

// Other is a group without a fit of its own.
type Other struct {
	Name string `json:"group"`
	Rows int    `json:"rows"` // customers that the fit would have used
	Why  string `json:"why"`  // code of what spoke against it: few_customers, zero_churn ...; too_many_groups
}

// Fits are those of all groups.
type Fits[F models.Fitted] struct {
	By         string
	All        F          // of all customers together
	Own        []Fit[F]   // of groups, by name
	Rest       *Fit[F]    // the pooled one; nil: there is nobody without a group of Own, or All scores them
	Unworthy   int        // groups that could have fits of their own and are not worth their parameters: All scores everybody
	Others     []Other    // groups without one, by name
	RestRows   int        // customers that Rest, or All in its place, scores
	Comparison Comparison // of the fits by group with one of the same customers
}

// Comparison sets the fits of the groups, together, beside the one of all customers.
type Comparison struct {
	LogLikelihood float64 // of all groups together; NaN where there is nothing to compare
	One           float64 // of the one fit
	Parameters    int     // of all groups together
	OneParameters int
}

// Ratio is the likelihood ratio: twice the gain in log-likelihood.
func (c Comparison) Ratio() float64 { return 2 * (c.LogLikelihood - c.One) }

// Degrees are the degrees of freedom of the ratio.
func (c Comparison) Degrees() int { return c.Parameters - c.OneParameters }

// P is the probability of a ratio as large where the groups do not differ:
// chi-squared (Wilks 1938).
func (c Comparison) P() float64 {
	if c.Degrees() < 1 || math.IsNaN(c.Ratio()) {
		return math.NaN()
	}
	return distuv.ChiSquared{K: float64(c.Degrees())}.Survival(max(0, c.Ratio()))
}

// AIC is how much lower Akaike's criterion of the groups is than that of the one fit:
// above zero where grouping is worth its parameters.
func (c Comparison) AIC() float64 { return c.Ratio() - 2*float64(c.Degrees()) }

// group is the rows of one value.
type group struct {
	name string
	rows []int
}

// divide lists the groups of a Category column by name, and the rows of none.
func divide(c *table.Column) (list []group, none []int) {
	rows := make([][]int, len(c.Labels))
	for i, code := range c.Codes {
		if code < 0 {
			none = append(none, i)
			continue
		}
		rows[code] = append(rows[code], i)
	}
	for code, label := range c.Labels {
		if len(rows[code]) > 0 {
			list = append(list, group{label, rows[code]})
		}
	}
	slices.SortFunc(list, func(a, b group) int { return strings.Compare(a.name, b.name) })
	return list, none
}

// New fits e to the groups of the Category column by.
func New[F models.Fitted](ctx context.Context, in *table.Table, by string, e Estimator[F]) (*Fits[F], error) {
	f := &Fits[F]{By: by}
	var err error
	if f.All, err = e.Fit(ctx, in); err != nil {
		return nil, err
	}
	list, rest := divide(in.Column(by))
	var own []int
	large := largest(list)
	for _, g := range list {
		part := in.Take(g.rows, e.Columns...)
		other := Other{Name: g.name, Rows: len(g.rows), Why: "too_many_groups"}
		if large[g.name] {
			m, err := e.Fit(ctx, part)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", by, g.name, err)
			}
			r := m.Report()
			if other.Rows, other.Why = r.Rows, e.against(r); other.Why == "" {
				f.Own = append(f.Own, Fit[F]{g.name, m})
				own = append(own, g.rows...)
				continue
			}
		}
		f.Others = append(f.Others, other)
		rest = append(rest, g.rows...)
	}
	slices.Sort(rest)
	slices.Sort(own)
	if err := f.pool(ctx, in.Take(rest, e.Columns...), in.Take(own, e.Columns...), e); err != nil {
		return nil, err
	}
	if f.Comparison.AIC() <= 0 || e.ByAll && len(f.Own) == 1 && f.Rest == nil && f.RestRows > 0 {
		f.Unworthy, f.Own, f.Rest, f.RestRows = len(f.Own), nil, nil, f.All.Report().Rows
	}
	return f, nil
}

// against is the code of what speaks against a fit; empty: nothing.
func (e Estimator[F]) against(r models.Report) string {
	for _, w := range r.Warnings {
		if r.Status != models.Converged || slices.Contains(e.Doubtful, w.Code) {
			return w.Code
		}
	}
	if r.Status != models.Converged {
		return string(r.Status)
	}
	return ""
}

// largest are the names of the groups that may be fitted by themselves.
func largest(list []group) map[string]bool {
	bySize := slices.Clone(list)
	slices.SortStableFunc(bySize, func(a, b group) int { return cmp.Compare(len(b.rows), len(a.rows)) })
	out := map[string]bool{}
	for _, g := range bySize[:min(len(bySize), Most)] {
		out[g.name] = true
	}
	return out
}

// pool fits rest, who has no group with a fit of its own, and compares: with the fit of
// all where the rest has a fit of the model's own, else, of the grouped customers alone,
// with one fit of them, so that it is not the rest being left out that looks like a gain.
func (f *Fits[F]) pool(ctx context.Context, rest, grouped *table.Table, e Estimator[F]) error {
	one := f.All.Report()
	f.Comparison = Comparison{LogLikelihood: math.NaN(), One: one.LogLikelihood, OneParameters: len(one.Parameters)}
	if len(f.Own) == 0 {
		f.RestRows = one.Rows
		return nil
	}
	f.Comparison.LogLikelihood = 0
	for _, g := range f.Own {
		f.Comparison.add(g.Model.Report())
	}
	pooled, err := e.Fit(ctx, rest)
	if err != nil {
		return fmt.Errorf("%s: %w", Pooled, err)
	}
	r := pooled.Report()
	if f.RestRows = r.Rows; r.Rows == 0 {
		return nil
	}
	good := e.against(r) == ""
	if good || !e.ByAll {
		f.Rest = &Fit[F]{Pooled, pooled}
	}
	if good {
		f.Comparison.add(r)
		return nil
	}
	if len(f.Own) == 1 { // with itself there is nothing to compare
		f.Comparison = Comparison{LogLikelihood: math.NaN(), One: math.NaN()}
		return nil
	}
	joined, err := e.Fit(ctx, grouped)
	if err != nil {
		return fmt.Errorf("grouped customers together: %w", err)
	}
	one = joined.Report()
	f.Comparison.One, f.Comparison.OneParameters = one.LogLikelihood, len(one.Parameters)
	return nil
}

// add adds one of the fits by group.
func (c *Comparison) add(r models.Report) {
	c.LogLikelihood += r.LogLikelihood
	c.Parameters += len(r.Parameters)
}

// Parts are the fits that score: those of the groups, and last the one for whoever is
// in none of them.
func (f *Fits[F]) Parts() []F {
	var out []F
	for _, g := range f.Own {
		out = append(out, g.Model)
	}
	if f.Rest != nil {
		return append(out, f.Rest.Model)
	}
	return append(out, f.All)
}

// Of returns which of Parts each row of src belongs to, by its group's name.
func (f *Fits[F]) Of(src *table.Table) []int32 {
	c := src.Column(f.By)
	last := int32(len(f.Own))
	part := make([]int32, len(c.Labels))
	for code, label := range c.Labels {
		part[code] = last
		if k, ok := slices.BinarySearchFunc(f.Own, label, func(g Fit[F], name string) int { return strings.Compare(g.Name, name) }); ok {
			part[code] = int32(k)
		}
	}
	out := make([]int32, len(c.Codes))
	for i, code := range c.Codes {
		if out[i] = last; code >= 0 {
			out[i] = part[code]
		}
	}
	return out
}

// With returns the same groups with other fits, those that change makes of each.
func (f *Fits[F]) With(change func(F) (F, error)) (*Fits[F], error) {
	c := *f
	var err error
	if c.All, err = change(f.All); err != nil {
		return nil, err
	}
	c.Own = slices.Clone(f.Own)
	for k := range c.Own {
		if c.Own[k].Model, err = change(c.Own[k].Model); err != nil {
			return nil, err
		}
	}
	if f.Rest != nil {
		m, err := change(f.Rest.Model)
		if err != nil {
			return nil, err
		}
		c.Rest = &Fit[F]{Pooled, m}
	}
	return &c, nil
}
