package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/engine/workspace"
	"clientele/models"
	"clientele/models/evaluate"
)

// fit is one row of the models table.
type fit struct {
	model, status, method string
	fitted                string // as-of day of the fit, empty where nothing is saved
	rows                  int
	loglik                float64
	parameters            []savedParameter
	warnings              []models.Warning
}

// fits are the models of a run in the order of their names.
func (e *Engine) fits(ctx context.Context, db *duck.DB, run workspace.Run) ([]fit, error) {
	saved, err := savedOf(run.Dir)
	if err != nil {
		return nil, err
	}
	t, err := db.Query(ctx, "SELECT * FROM read_parquet("+duck.Literal(filepath.Join(run.Dir, "models.parquet"))+") ORDER BY model")
	if err != nil {
		return nil, fmt.Errorf("models of the run as of %s: %w", run.AsOf, err)
	}
	text := func(column string, i int) []byte { return t.Column(column).Texts.At(i) }
	out := make([]fit, t.Rows())
	for i := range out {
		f := fit{model: string(text("model", i)), status: string(text("status", i)), method: string(text("method", i)),
			rows: int(t.Ints("rows")[i]), loglik: t.Floats("log_likelihood")[i]}
		estimates, err := parametersOf(text("parameters", i))
		var errs []models.Parameter
		if t.Lookup("standard_errors") != nil && err == nil { // runs of earlier versions have none
			errs, err = parametersOf(text("standard_errors", i))
		}
		if err = errors.Join(err, json.Unmarshal(text("warnings", i), &f.warnings)); err != nil {
			return nil, fmt.Errorf("models of the run as of %s: %s: %w", run.AsOf, f.model, err)
		}
		f.parameters = withErrors(estimates, errs)
		if k := slices.IndexFunc(saved, func(s *savedModel) bool { return s.Model == f.model }); k >= 0 {
			f.fitted = saved[k].AsOf
		}
		out[i] = f
	}
	return out, nil
}

// parametersOf reads what parametersJSON wrote, in its order.
func parametersOf(text []byte) ([]models.Parameter, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	var out []models.Parameter
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value *float64
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		p := models.Parameter{Name: fmt.Sprint(name), Value: math.NaN()}
		if value != nil {
			p.Value = *value
		}
		out = append(out, p)
	}
	return out, nil
}

// FittedModels lists the models of a run: what was fitted, the estimates with their
// standard errors, and the doubts about them.
func (e *Engine) FittedModels(ctx context.Context, asOf string) ([]Section, error) {
	run, err := e.current(asOf)
	if err != nil {
		return nil, err
	}
	fitted := newGrid("model text", "status text", "method text", "fitted_as_of text", "rows int", "log_likelihood float", "warnings int")
	parameters := newGrid("model text", "parameter text", "value float estimate", "standard_error float")
	warnings := newGrid("model text", "code text", "warning text", "zh text")
	err = e.apart(ctx, func(db *duck.DB) error {
		list, err := e.fits(ctx, db, run)
		for _, f := range list {
			fitted.add(f.model, f.status, f.method, f.fitted, f.rows, f.loglik, len(f.warnings))
			for _, p := range f.parameters {
				parameters.add(f.model, p.Name, p.Value, p.standardError())
			}
			for _, w := range f.warnings {
				warnings.add(f.model, w.Code, w.En, w.Zh)
			}
		}
		return err
	})
	return []Section{fitted.section("models"), parameters.section("parameters"), warnings.section("warnings")}, err
}

func (p savedParameter) standardError() float64 {
	if p.Error == nil {
		return math.NaN()
	}
	return *p.Error
}

// apart gives a connection to no store, for reading the files of runs.
func (e *Engine) apart(ctx context.Context, f func(*duck.DB) error) error {
	db, err := duck.Open(ctx, "", e.options(false, ""))
	if err != nil {
		return err
	}
	defer db.Close()
	return f(db)
}

// Drift is how far the models of two runs, their inputs and their scores are apart.
type Drift struct {
	Before, Now string // as-of days
	Sections    []Section
}

// CompareModels compares two runs. days names none (the two latest), one (that and
// the latest other), or both.
func (e *Engine) CompareModels(ctx context.Context, days []string) (Drift, error) {
	before, now, err := e.pair(days)
	if err != nil {
		return Drift{}, err
	}
	d := Drift{Before: before.AsOf, Now: now.AsOf}
	err = e.apart(ctx, func(db *duck.DB) error {
		old, err := e.fits(ctx, db, before)
		if err != nil {
			return err
		}
		fresh, err := e.fits(ctx, db, now)
		if err != nil {
			return err
		}
		d.Sections = append(d.Sections, fitsSection(old, fresh), parametersSection(old, fresh))
		stability, err := stabilitySections(ctx, db, before, now)
		d.Sections = append(d.Sections, stability...)
		return err
	})
	return d, err
}

// pair are the runs to compare, the older first.
func (e *Engine) pair(days []string) (before, now workspace.Run, err error) {
	runs, err := workspace.Runs(e.Dir)
	if err != nil {
		return before, now, err
	}
	if len(runs) < 2 {
		return before, now, fmt.Errorf("a comparison takes two runs, and here is %d: clientele score --from DATE --every month makes earlier ones", len(runs))
	}
	var chosen []workspace.Run
	for _, day := range days {
		k := slices.IndexFunc(runs, func(r workspace.Run) bool { return r.AsOf == day })
		if k < 0 {
			return before, now, fmt.Errorf("%s: no run as of %s is published", e.Dir, day)
		}
		chosen = append(chosen, runs[k])
		runs = slices.Delete(runs, k, k+1)
	}
	for len(chosen) < 2 {
		chosen, runs = append(chosen, runs[len(runs)-1]), runs[:len(runs)-1]
	}
	if chosen[0].AsOf > chosen[1].AsOf {
		chosen[0], chosen[1] = chosen[1], chosen[0]
	}
	return chosen[0], chosen[1], nil
}

// fitOf is the fit of a model; nil where there is none.
func fitOf(list []fit, model string) *fit {
	if k := slices.IndexFunc(list, func(f fit) bool { return f.model == model }); k >= 0 {
		return &list[k]
	}
	return nil
}

// names are the models of both runs, sorted.
func names(before, now []fit) []string {
	var out []string
	for _, f := range slices.Concat(before, now) {
		out = append(out, f.model)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// fitsSection compares how the fits went. Log-likelihoods are for each customer of
// the fit, since the runs have different numbers of them.
func fitsSection(before, now []fit) Section {
	g := newGrid("model text", "status_before text", "status text", "method_before text", "method text", "rows_before int", "rows int",
		"loglik_per_row_before float", "loglik_per_row float", "change float")
	for _, name := range names(before, now) {
		was, is := &fit{status: "absent", loglik: math.NaN()}, &fit{status: "absent", loglik: math.NaN()}
		if f := fitOf(before, name); f != nil {
			was = f
		}
		if f := fitOf(now, name); f != nil {
			is = f
		}
		a, b := was.loglik/float64(was.rows), is.loglik/float64(is.rows)
		g.add(name, was.status, is.status, was.method, is.method, was.rows, is.rows, a, b, b-a)
	}
	return g.section("fits")
}

// parametersSection compares estimates. Those without a standard error that are
// equal are settings, and left out.
func parametersSection(before, now []fit) Section {
	g := newGrid("model text", "parameter text", "before float", "now float", "change float", "standard_error float", "in_errors float", "reading text")
	for _, name := range names(before, now) {
		was, is := &fit{}, &fit{}
		if f := fitOf(before, name); f != nil {
			was = f
		}
		if f := fitOf(now, name); f != nil {
			is = f
		}
		for _, p := range parameterNames(was, is) {
			a, seA := was.parameter(p)
			b, seB := is.parameter(p)
			se := math.Hypot(seA, seB)
			if a == b && math.IsNaN(se) {
				continue
			}
			g.add(name, p, a, b, b-a, se, (b-a)/se, parameterReading(a, b, se))
		}
	}
	return g.section("parameters")
}

// parameterNames are those of both fits, in the order of the older, then of the newer.
func parameterNames(was, is *fit) []string {
	var out []string
	for _, p := range slices.Concat(was.parameters, is.parameters) {
		if !slices.Contains(out, p.Name) {
			out = append(out, p.Name)
		}
	}
	return out
}

// parameter is an estimate with its standard error, NaN where there is none.
func (f *fit) parameter(name string) (value, se float64) {
	for _, p := range f.parameters {
		if p.Name == name {
			return p.Value, p.standardError()
		}
	}
	return math.NaN(), math.NaN()
}

func parameterReading(before, now, se float64) string {
	switch moved := math.Abs(now-before) / se; {
	case now == before:
		return "equal"
	case math.IsNaN(before):
		return "not in the older run"
	case math.IsNaN(now):
		return "not in the newer run"
	case math.IsNaN(se):
		return ""
	case moved < 2:
		return "within its error"
	case moved < 4:
		return "moved"
	}
	return "moved far"
}

// Columns of scores whose distribution is compared: what models go by, and what they say.
func comparedInputs() []string {
	return []string{"orders", "recency_days", "tenure_days", "net_revenue", "average_order_value"}
}

func comparedScores() []string {
	return []string{"p_alive", "churn_risk", "expected_orders", "clv"}
}

// stabilitySections compare the distributions of inputs and scores, of customers with
// an order, by deciles of the older run.
func stabilitySections(ctx context.Context, db *duck.DB, before, now workspace.Run) ([]Section, error) {
	g := newGrid("kind text", "column text", "customers_before int", "customers int", "mean_before float", "mean float",
		"psi float", "psi_by_chance float", "classes int", "empty int", "reading text")
	classes := newGrid("column text", "above float", "up_to float", "missing text", "customers_before int", "customers int", "share_before float", "share float")
	for _, part := range []struct {
		kind    string
		columns []string
	}{{"input", comparedInputs()}, {"score", comparedScores()}} {
		for _, column := range part.columns {
			old, err := scoreValues(ctx, db, before, column)
			if err != nil {
				return nil, err
			}
			fresh, err := scoreValues(ctx, db, now, column)
			if err != nil {
				return nil, err
			}
			if old == nil || fresh == nil {
				continue // a run of another version has not got the column
			}
			s := evaluate.Stability(old, fresh, 10)
			g.add(part.kind, column, len(old), len(fresh), meanOfKnown(old), meanOfKnown(fresh), s.PSI, s.Chance, len(s.Classes), s.Empty, stabilityReading(s))
			above := math.Inf(-1)
			for _, c := range s.Classes {
				missing := ""
				if math.IsNaN(c.Upper) {
					above, missing = c.Upper, "yes"
				}
				classes.add(column, finite(above), finite(c.Upper), missing, c.Before, c.Now, float64(c.Before)/float64(len(old)), float64(c.Now)/float64(len(fresh)))
				above = c.Upper
			}
		}
	}
	return []Section{g.section("stability"), classes.section("classes")}, nil
}

// finite is v, or NaN, which is printed as nothing, where it is infinite.
func finite(v float64) float64 {
	if math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// stabilityReading says what an index means, by the usual thresholds.
func stabilityReading(s evaluate.Stable) string {
	words := "stable"
	switch {
	case math.IsNaN(s.PSI):
		return "nobody to compare"
	case s.PSI >= 0.1 && s.PSI <= s.Chance:
		words = "too few customers to tell from chance"
	case s.PSI >= 0.25:
		words = "large change"
	case s.PSI >= 0.1:
		words = "some change"
	}
	if s.Empty > 0 && s.PSI >= 0.1 {
		words += ", with classes that are empty in one run"
	}
	return words
}

// scoreValues are the values of a column of scores, of customers with an order; nil
// where the run has no such column.
func scoreValues(ctx context.Context, db *duck.DB, run workspace.Run, column string) ([]float64, error) {
	file := "read_parquet(" + duck.Literal(filepath.Join(run.Dir, "scores.parquet")) + ")"
	known, err := db.Query(ctx, "SELECT column_name FROM (DESCRIBE SELECT * FROM "+file+")")
	if err != nil {
		return nil, fmt.Errorf("scores of the run as of %s: %w", run.AsOf, err)
	}
	names := known.Column("column_name")
	if !slices.ContainsFunc(texts(names), func(name string) bool { return strings.EqualFold(name, column) }) {
		return nil, nil
	}
	t, err := db.Query(ctx, "SELECT CAST("+duck.Identifier(column)+" AS DOUBLE) AS value FROM "+file+" WHERE orders IS NOT NULL ORDER BY customer_id")
	if err != nil {
		return nil, fmt.Errorf("scores of the run as of %s: %w", run.AsOf, err)
	}
	return slices.Clip(append([]float64{}, t.Floats("value")...)), nil
}

// meanOfKnown is the mean of the values that are not missing, NaN where there are none.
func meanOfKnown(values []float64) float64 {
	var sum, n float64
	for _, v := range values {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / n
}
