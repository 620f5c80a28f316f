// Package models is the contract between the engine and its models: a Model
// carries settings and learns a Fitted from columns; a Fitted scores columns.
package models

import (
	"context"
	"fmt"

	"clientele/engine/table"
)

// Spec is what a model reads and writes. In and Out are the whole dependency
// graph: models meet through columns.
type Spec struct {
	Name string        // as in the models table: rfm, pareto_nbd, gamma_gamma ...
	Doc  string        // one sentence, English
	In   []table.Field // columns read, by Fit and by Score
	Out  []table.Field // columns written; Category fields carry their labels
}

// Check reports whether in has the In columns, each of its kind. Models call it
// first in Fit and in Score, so that a wrong table is an error and no panic.
func (s Spec) Check(in *table.Table) error {
	for _, f := range s.In {
		c := in.Lookup(f.Name)
		if c == nil {
			return fmt.Errorf("%s: no column %s", s.Name, f.Name)
		}
		if c.Kind != f.Kind {
			return fmt.Errorf("%s: column %s is %v, not %v", s.Name, f.Name, c.Kind, f.Kind)
		}
	}
	return nil
}

// Make returns a table of the Out columns, ready for Score to write: every
// kind without a missing value of its own gets a Null mask.
func (s Spec) Make(rows int) *table.Table {
	t := table.Make(rows, s.Out...)
	for _, c := range t.Columns() {
		if c.Kind != table.Float && c.Kind != table.Category {
			c.Null = make([]bool, rows)
		}
	}
	return t
}

// Model is an estimator: settings and nothing learned.
type Model interface {
	Spec() Spec
	// Fit learns from the rows of in and keeps no reference to them. It returns
	// an error only when the columns are not those of the Spec, ctx ends, or
	// something is broken: too little data, a boundary or failed convergence
	// are a Fitted whose Report says so and names what is done instead.
	Fit(ctx context.Context, in *table.Table) (Fitted, error)
}

// Fitted is what a Model learned: parameters and no rows. It is safe for
// concurrent use and marshals to JSON.
type Fitted interface {
	// Score writes the Spec's Out columns of dst from the In columns of src,
	// row by row: scoring in chunks of any size, in any order, on any number
	// of goroutines gives the same values. dst columns exist and have src's
	// length; those of a kind without a missing value have a Null mask, which
	// Score writes too. Customers without an order get missing values.
	Score(ctx context.Context, dst, src *table.Table) error
	// Report tells how the fit went.
	Report() Report
}

// Status is how a fit ended.
type Status string

// The ways in which a fit ends.
const (
	Converged Status = "converged" // an interior maximum, gradient and curvature checked
	Boundary  Status = "boundary"  // the likelihood is greatest at the edge of the parameters
	Fallback  Status = "fallback"  // too little data or no convergence: a plainer method is used
	Skipped   Status = "skipped"   // nothing to score
	Fixed     Status = "fixed"     // rules or thresholds; nothing is estimated
)

// Parameter is one estimate under the name its paper gives it.
type Parameter struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Warning is one doubt about a result, in a sentence of each language.
type Warning struct {
	Code string `json:"code"` // short and stable: zero_churn, few_customers ...
	En   string `json:"en"`
	Zh   string `json:"zh"`
}

// Report is what a fit tells about itself: one row of the models table.
type Report struct {
	Model         string
	Status        Status
	Method        string      // what gave the scores: the model's name, or the plainer method's
	Parameters    []Parameter // empty when nothing could be estimated
	Errors        []Parameter // standard errors of those Parameters that have one
	LogLikelihood float64     // NaN when there is none
	Rows          int         // rows used in the fit
	Iterations    int
	Warnings      []Warning // doubts
	Notes         []Warning // what the figures mean, where that is worth a sentence; no doubts
}

// Reporter is a Fitted that is more than one fit: Reports has one row of the models
// table for each, the first as Report has it.
type Reporter interface{ Reports() []Report }
