package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"clientele/engine/table"
	"clientele/models/survival"
)

// term is a column of the regression: a number, or a category of which each level
// but the first is 0 or 1.
type term struct {
	name    string
	levels  []string // of a category; nil: a number
	codes   []int32
	numbers []float64
	at      []int // its columns of the design
	mean    float64
}

// design are the rows and columns of a regression.
type design struct {
	terms   []*term
	rows    []int // complete ones
	data    survival.Data
	columns [][]float64
	names   []string // of the columns
}

// regress fits Cox's regression.
func (a *analysis) regress(ctx context.Context) error {
	d, err := a.design()
	if err != nil {
		return err
	}
	level := a.level()
	c, err := survival.FitCox(ctx, d.data, d.columns, survival.Settings{Ties: survival.Ties(a.s.Ties), Level: level, Names: d.names})
	if errors.Is(err, survival.ErrNoEvents) {
		a.out.doubt("cox", "no_events", "Nobody left: no regression is fitted.", "无人流失：未拟合回归。")
		return nil
	}
	if err != nil {
		return atRow(err, d.rows)
	}
	for _, w := range c.Warnings {
		a.out.Warnings = append(a.out.Warnings, Doubt{"cox", w})
	}
	a.effects(d, c)
	fit := newGrid("customers float", "left float", "ties text", "status text", "log_likelihood float", "without_columns float", "concordance float", "concordance_se float", "iterations int")
	fit.add(c.Customers, c.Left, string(c.Ties), string(c.Status), c.LogLikelihood, c.Null, c.Concordance, c.ConcordanceStdErr, c.Iterations)
	a.out.Cox = table.New(fit.columns...)
	a.test("cox_likelihood_ratio", allColumns, c.LikelihoodRatio)
	a.test("cox_wald", allColumns, c.Wald)
	a.test("cox_score", allColumns, c.Score)
	if err := a.proportional(d, c); err != nil {
		return err
	}
	return a.predict(d, c)
}

// allColumns stands where a test is of all columns.
const allColumns = "(all)"

// design reads the columns and leaves out the rows that are not complete.
func (a *analysis) design() (*design, error) {
	d := &design{}
	seen := map[string]bool{a.s.Time: true}
	for _, name := range a.s.Cox {
		if seen[name] {
			return nil, fmt.Errorf("column %s stands twice in what explains who leaves, or is the time", name)
		}
		seen[name] = true
		t := &term{name: name}
		var err error
		if t.numbers, err = a.in.numbersOrNil(name); err != nil {
			return nil, err
		}
		if t.numbers == nil {
			if t.levels, t.codes, err = a.in.categories(a.in.column(name), mostLevels); err != nil {
				return nil, err
			}
		}
		d.terms = append(d.terms, t)
	}
	missing := 0
	for i, time := range a.data.Time {
		if math.IsNaN(time) {
			continue
		}
		complete := true
		for _, t := range d.terms {
			complete = complete && (t.levels != nil && t.codes[i] >= 0 || t.levels == nil && !math.IsNaN(t.numbers[i]))
		}
		if !complete {
			missing++
			continue
		}
		d.rows = append(d.rows, i)
	}
	if len(d.rows) == 0 {
		return nil, fmt.Errorf("%s: no row has a value in each of %s", a.in.name, strings.Join(a.s.Cox, ", "))
	}
	a.leftOut(missing, "cox", "the regression", "回归")
	d.data = pick(a.data, d.rows)
	for _, t := range d.terms {
		d.add(t)
	}
	return d, nil
}

// add lays out the columns of a term.
func (d *design) add(t *term) {
	if t.levels == nil {
		column := make([]float64, len(d.rows))
		for to, from := range d.rows {
			column[to] = t.numbers[from]
			t.mean += t.numbers[from] / float64(len(d.rows))
		}
		t.at = []int{len(d.columns)}
		d.columns, d.names = append(d.columns, column), append(d.names, t.name)
		return
	}
	for k := 1; k < len(t.levels); k++ {
		column := make([]float64, len(d.rows))
		for to, from := range d.rows {
			if t.codes[from] == int32(k) {
				column[to] = 1
			}
		}
		t.at = append(t.at, len(d.columns))
		d.columns, d.names = append(d.columns, column), append(d.names, t.name+"="+t.levels[k])
	}
}

// effects lists the coefficients, and the level that others are compared with.
func (a *analysis) effects(d *design, c *survival.Cox) {
	g := newGrid("column text", "level text", "known text", "coefficient float", "hazard_ratio float", "low float", "high float", "std_error float", "z float", "p float")
	add := func(name, level string, k survival.Coefficient) {
		g.add(name, level, string(k.Determined), k.Estimate, k.HazardRatio, k.Lower, k.Upper, k.StdErr, k.Z, possible(k.P))
	}
	nan := math.NaN()
	for _, t := range d.terms {
		if t.levels == nil {
			add(t.name, "", c.Coefficients[t.at[0]])
			continue
		}
		g.add(t.name, t.levels[0], "reference", 0.0, 1.0, nan, nan, nan, nan, nan)
		for k, j := range t.at {
			add(t.name, t.levels[k+1], c.Coefficients[j])
		}
	}
	a.out.Effects = table.New(g.columns...)
}

// proportional tests whether effects stay the same over time, and names those
// that do not.
func (a *analysis) proportional(d *design, c *survival.Cox) error {
	var at [][]int
	for _, t := range d.terms {
		at = append(at, t.at)
	}
	z, err := survival.CheckProportional(d.data, d.columns, c, survival.ScaleKM, at)
	if err != nil {
		return err
	}
	var changing []string
	for k, t := range d.terms {
		a.test("proportional_hazards", t.name, z.Terms[k])
		if z.Terms[k].P < 0.05 {
			changing = append(changing, t.name)
		}
	}
	a.test("proportional_hazards", allColumns, z.Global)
	if len(changing) > 0 && z.Global.P < 0.05 {
		list := strings.Join(changing, ", ")
		a.out.doubt("cox", "changing_effects",
			fmt.Sprintf("The effect of %s changes with time, and its hazard ratio is an average over time: compare groups by --by, or shorter spans, to see how.", list),
			fmt.Sprintf("%s 的影响随时间变化，其风险比只是各时期的平均：可用 --by 分组或缩短时段比较其变化。", list))
	}
	return nil
}

// predict lists the survival of the profiles at the times asked for, or at ten
// times of the data.
func (a *analysis) predict(d *design, c *survival.Cox) error {
	if len(a.s.Profiles) == 0 {
		return nil
	}
	times := a.s.At
	if len(times) == 0 {
		last := 0.0
		for _, t := range d.data.Time {
			last = max(last, t)
		}
		for k := 1; k <= 10; k++ {
			times = append(times, last*float64(k)/10)
		}
	}
	g := newGrid("profile text", "time float", "survival float", "std_error float", "low float", "high float")
	for _, text := range a.s.Profiles {
		values, shown, err := d.profile(text)
		if err != nil {
			return err
		}
		for _, time := range times {
			p := c.Predict(values, time)
			g.add(shown, time, p.Survival, p.StdErr, p.Lower, p.Upper)
		}
	}
	a.out.Profiles = table.New(g.columns...)
	return nil
}

// profile reads COLUMN=VALUE,COLUMN=VALUE and says in full what it stands for.
func (d *design) profile(text string) (values []float64, shown string, err error) {
	given := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok {
			return nil, "", fmt.Errorf("profile %q: write it as COLUMN=VALUE,COLUMN=VALUE", text)
		}
		if _, twice := given[name]; twice {
			return nil, "", fmt.Errorf("profile %q: %s stands twice", text, name)
		}
		given[name] = value
	}
	values = make([]float64, len(d.columns))
	var parts []string
	for _, t := range d.terms {
		value, ok := given[t.name]
		delete(given, t.name)
		if t.levels == nil {
			v := t.mean
			if ok {
				if v, ok = parseNumber(value); !ok {
					return nil, "", fmt.Errorf("profile %q: column %s: %q: not a number", text, t.name, value)
				}
			}
			values[t.at[0]] = v
			parts = append(parts, t.name+"="+number(v))
			continue
		}
		if !ok {
			value = t.levels[0]
		}
		k := indexOf(t.levels, value)
		if k < 0 {
			return nil, "", fmt.Errorf("profile %q: column %s has no value %q: there are %s", text, t.name, value, strings.Join(t.levels, ", "))
		}
		if k > 0 {
			values[t.at[k-1]] = 1
		}
		parts = append(parts, t.name+"="+t.levels[k])
	}
	for name := range given {
		return nil, "", fmt.Errorf("profile %q: %s is not among the columns of the regression", text, name)
	}
	return values, strings.Join(parts, ", "), nil
}
