package engine

import (
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
	"clientele/models/gammagamma"
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
	fitted, err := fittedDays(run.Dir)
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
		var estimates, errs models.Parameters
		err := json.Unmarshal(text("parameters", i), &estimates)
		if t.Lookup("standard_errors") != nil { // runs of earlier versions have none
			err = errors.Join(err, json.Unmarshal(text("standard_errors", i), &errs))
		}
		if err = errors.Join(err, json.Unmarshal(text("warnings", i), &f.warnings)); err != nil {
			return nil, fmt.Errorf("models of the run as of %s: %s: %w", run.AsOf, f.model, err)
		}
		f.parameters, f.fitted = withErrors(estimates, errs), fitted[f.model]
		out[i] = f
	}
	return out, nil
}

// fittedDays are the as-of days of the fits that a run has saved, in any layout, by model.
func fittedDays(dir string) (map[string]string, error) {
	files, err := savedIn(dir)
	if err != nil {
		return nil, err
	}
	days := map[string]string{}
	for _, file := range files {
		head, _, err := headOf(file)
		if err != nil {
			return nil, err
		}
		days[head.Model] = head.AsOf
	}
	return days, nil
}

// savedParameter is an estimate with its standard error, NaN where it has none.
type savedParameter struct {
	name          string
	value, stdErr float64
}

// withErrors puts standard errors beside the parameters that they are of.
func withErrors(list, errs []models.Parameter) []savedParameter {
	out := make([]savedParameter, len(list))
	for i, p := range list {
		out[i] = savedParameter{p.Name, p.Value, math.NaN()}
		if k := slices.IndexFunc(errs, func(e models.Parameter) bool { return e.Name == p.Name }); k >= 0 {
			out[i].stdErr = finite(errs[k].Value)
		}
	}
	return out
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
				parameters.add(f.model, p.name, p.value, p.stdErr)
			}
			for _, w := range f.warnings {
				warnings.add(f.model, w.Code, w.En, w.Zh)
			}
		}
		return err
	})
	return []Section{fitted.section("models"), parameters.section("parameters"), warnings.section("warnings")}, err
}

// apart gives a connection to no store, for reading the files of runs, and others that are named.
func (e *Engine) apart(ctx context.Context, f func(*duck.DB) error, files ...string) error {
	opt := e.options(false, "")
	opt.Files = append(opt.Files, files...)
	db, err := duck.Open(ctx, "", opt)
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
	Notes       []models.Warning // how to read it
}

// CompareModels compares two runs. days names none (the two latest), one (that and
// the latest other), or both.
func (e *Engine) CompareModels(ctx context.Context, days []string) (Drift, error) {
	before, now, err := e.pair(days)
	if err != nil {
		return Drift{}, err
	}
	d := Drift{Before: before.AsOf, Now: now.AsOf}
	likelihoods, note, err := e.likelihoodSection(ctx, before, now)
	if err != nil {
		return Drift{}, err
	}
	err = e.apart(ctx, func(db *duck.DB) error {
		old, err := e.fits(ctx, db, before)
		if err != nil {
			return err
		}
		fresh, err := e.fits(ctx, db, now)
		if err != nil {
			return err
		}
		d.Sections = append(d.Sections, fitsSection(old, fresh), parametersSection(old, fresh), likelihoods)
		stability, err := stabilitySections(ctx, db, before, now)
		d.Sections = append(d.Sections, stability...)
		return err
	})
	d.Notes = []models.Warning{note, {Code: "same_customers",
		En: "Most customers of the older run are in the newer one too, so the two runs' errors go together. se_same_customers is what a change has by chance where the newer facts are the older ones with days added; se_other_customers, which is larger, where the two runs had no customer in common. A change that is beyond two of the first and not of the second may have moved, or not: nobody can tell.",
		Zh: "较早运行的多数客户也在较新的运行中，因此两次运行的误差彼此相关。“标准误（同一批客户）”（se_same_customers）假定较新的数据就是较早的数据加上之后的日子；“标准误（不同客户）”（se_other_customers）假定两次运行没有共同客户，数值较大。按前者超出误差、按后者未超出的变化无法判定，标为“可能有变动”。"}}
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

// fitsSection compares how the fits went. Log-likelihoods are not among it: every
// customer has bought more by a later day, so neither sums nor means of two days can be
// compared (likelihoodSection has what can).
func fitsSection(before, now []fit) Section {
	g := newGrid("model text", "status_before text", "status text", "method_before text", "method text", "fitted_before text", "fitted text", "rows_before int", "rows int")
	for _, name := range names(before, now) {
		was, is := &fit{status: "absent"}, &fit{status: "absent"}
		if f := fitOf(before, name); f != nil {
			was = f
		}
		if f := fitOf(now, name); f != nil {
			is = f
		}
		g.add(name, was.status, is.status, was.method, is.method, was.fitted, is.fitted, was.rows, is.rows)
	}
	return g.section("fits")
}

// parametersSection compares estimates. Those without a standard error that are
// equal are settings, and left out.
func parametersSection(before, now []fit) Section {
	g := newGrid("model text", "parameter text", "before float", "now float", "change float", "se_same_customers float", "se_other_customers float", "reading text", "reading_zh text")
	for _, name := range names(before, now) {
		was, is := &fit{}, &fit{}
		if f := fitOf(before, name); f != nil {
			was = f
		}
		if f := fitOf(now, name); f != nil {
			is = f
		}
		for _, p := range parameterNames(was, is) {
			m := move{before: was.parameter(p), now: is.parameter(p), nested: nests(name) && was.fitted < is.fitted, logs: !strings.Contains(p, ".")}
			same, other := m.errors()
			if m.before.value == m.now.value && math.IsNaN(other) {
				continue
			}
			r := m.reading()
			g.add(name, p, m.before.value, m.now.value, m.now.value-m.before.value, same, other, r.en, r.zh)
		}
	}
	return g.section("parameters")
}

// nests reports whether the facts that a model learns from on one day are all among
// those of a later day. Churn scores learn from the last few windows only.
func nests(model string) bool {
	model, _, _ = strings.Cut(model, "/") // fits by group have its name
	return model == gammagamma.Name || purchaseFamily(model) != nil
}

// parameterNames are those of both fits, in the order of the older, then of the newer.
func parameterNames(was, is *fit) []string {
	var out []string
	for _, p := range slices.Concat(was.parameters, is.parameters) {
		if !slices.Contains(out, p.name) {
			out = append(out, p.name)
		}
	}
	return out
}

// parameter is an estimate with its standard error, NaN where there is none.
func (f *fit) parameter(name string) savedParameter {
	for _, p := range f.parameters {
		if p.name == name {
			return p
		}
	}
	return savedParameter{name, math.NaN(), math.NaN()}
}

// move is how an estimate changed between two runs.
type move struct {
	before, now savedParameter
	nested      bool // the newer run's facts are the older one's and more
	logs        bool // above zero, and nearer to normal in its logs: a parameter, and no coefficient
}

// errors are standard errors of the change where the parameter has not moved. The
// estimate of nested facts that uses all of them is efficient, so its covariance with
// the other is its own variance, and the variance of the change is the difference of
// the two (Hausman 1978): same. It is NaN where that is not known, or not above zero,
// as happens with few added days. Were no customer in both runs, variances would add up:
// other.
func (m move) errors() (same, other float64) {
	a, b := m.before.stdErr, m.now.stdErr
	other = math.Hypot(a, b)
	if !m.nested {
		return math.NaN(), other
	}
	unit := 1.0
	if m.logs && m.before.value > 0 && m.now.value > 0 {
		// The change over unit is that of the logs.
		if unit = m.before.value; m.now.value != m.before.value {
			unit = (m.now.value - m.before.value) / math.Log(m.now.value/m.before.value)
		}
		a, b = a/m.before.value, b/m.now.value
	}
	if !(a > b) {
		return math.NaN(), other
	}
	return unit * math.Sqrt(a*a-b*b), other
}

// reading is a short phrase in both languages.
type reading struct{ en, zh string }

func (m move) reading() reading {
	same, other := m.errors()
	change := math.Abs(m.now.value - m.before.value)
	switch {
	case change == 0:
		return reading{"equal", "相同"}
	case math.IsNaN(m.before.value):
		return reading{"not in the older run", "较早的运行中没有"}
	case math.IsNaN(m.now.value):
		return reading{"not in the newer run", "较新的运行中没有"}
	case math.IsNaN(other):
		return reading{}
	case change >= 4*other:
		return reading{"moved far", "变动很大"}
	case change >= 2*other:
		return reading{"moved", "有变动"}
	case change < 2*same:
		return reading{"within its error", "在误差范围内"}
	case m.nested:
		return reading{"may have moved", "可能有变动"}
	}
	return reading{"no clear move", "无明显变动"}
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
		"psi float", "psi_by_chance float", "classes int", "empty int", "reading text", "reading_zh text")
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
			r := stabilityReading(s)
			g.add(part.kind, column, len(old), len(fresh), meanOfKnown(old), meanOfKnown(fresh), s.PSI, s.Chance, len(s.Classes), s.Empty, r.en, r.zh)
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
func stabilityReading(s evaluate.Stable) reading {
	words := reading{"stable", "稳定"}
	switch {
	case math.IsNaN(s.PSI):
		return reading{"nobody to compare", "没有可比较的客户"}
	case s.PSI >= 0.1 && s.PSI <= s.Chance:
		words = reading{"too few customers to tell from chance", "客户太少，无法与随机波动区分"}
	case s.PSI >= 0.25:
		words = reading{"large change", "变化很大"}
	case s.PSI >= 0.1:
		words = reading{"some change", "有些变化"}
	}
	if s.Empty > 0 && s.PSI >= 0.1 {
		words.en += ", with classes that are empty in one run"
		words.zh += "，有些分组在其中一次运行中没有客户"
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
