package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/sbg"
	"clientele/models/survival"
)

// Surviving asks how long customers with contracts stay: of the rows of a file
// or of a query, one customer each.
type Surviving struct {
	Path string // a file of any format that ingest reads; or
	SQL  string // read-only SQL over the workspace
	Read Reading

	Time   string   // column: how long the customer has been or was one; 0 or more
	Event  string   // column that says who left: 1/0, true/false, yes/no, 是/否; or COLUMN=VALUE
	Weight string   // column: how many customers a row stands for; "": one each
	By     string   // column of groups to compare; "": none
	Cox    []string // columns of a Cox regression: numbers, or texts as categories; none: no regression
	Ties   string   // efron or breslow; "": efron
	// Profiles are customers whose survival the regression predicts: COLUMN=VALUE,
	// separated by commas. What is not named is at its mean, or the first category.
	Profiles []string
	At       []float64 // times of interest; none: every time of the data
	SBG      bool      // fit the shifted-beta-geometric model: times are numbers of renewals
	Discount float64   // rate per renewal for the residual lifetime; NaN: it is not computed
	Level    float64   // of all intervals; 0: 0.95
}

// Survived is what came of it. A table is nil where it was not asked for.
type Survived struct {
	Groups   *table.Table // one row a group: customers, who left, median, mean
	Curve    *table.Table // Kaplan-Meier curve by group and time
	Effects  *table.Table // of the Cox regression, one row a column or category
	Cox      *table.Table // one row: how the regression went
	Profiles *table.Table // predicted survival
	Tests    *table.Table // log-rank, of the regression, of its assumption
	SBG      *table.Table // one row a group: parameters of the model and its fit
	Renewals *table.Table // by group and renewal: what was seen, and what the model says
	Warnings []Doubt
}

// Doubt is a warning about one part of a result.
type Doubt struct {
	About string // a group, a column, a section: what it is about
	models.Warning
}

// Sections are the tables that were asked for, and the warnings, under their names.
func (s *Survived) Sections() []Section {
	var out []Section
	for _, x := range []Section{{"groups", s.Groups}, {"curve", s.Curve}, {"effects", s.Effects}, {"cox", s.Cox}, {"profiles", s.Profiles},
		{"tests", s.Tests}, {"sbg", s.SBG}, {"renewals", s.Renewals}, {"warnings", s.warnings()}} {
		if x.Table != nil {
			out = append(out, x)
		}
	}
	return out
}

// SurvivalSections are the names that Sections may have.
func SurvivalSections() []string {
	return []string{"groups", "curve", "effects", "cox", "profiles", "tests", "sbg", "renewals", "warnings"}
}

func (s *Survived) warnings() *table.Table {
	t := newGrid("about text", "code text", "en text", "zh text")
	for _, w := range s.Warnings {
		t.add(w.About, w.Code, w.En, w.Zh)
	}
	return table.New(t.columns...)
}

func (s *Survived) doubt(about, code, en, zh string) {
	s.Warnings = append(s.Warnings, Doubt{about, models.Warning{Code: code, En: en, Zh: zh}})
}

// mostGroups is how many groups are compared, and mostLevels how many categories
// a column of a regression may have: more is an id, or a number that is none.
const (
	mostGroups = 100
	mostLevels = 50
)

// Survival answers what Surviving asks. Rows without a value in a column that a
// part needs are left out of that part, and counted in a warning. Errors in the
// data name file, line, column and value.
func (e *Engine) Survival(ctx context.Context, s Surviving) (*Survived, error) {
	event, value, valued := s.Event, "", false
	names := slices.Concat([]string{s.Time, s.Weight, s.By}, s.Cox)
	in, err := e.survivalRows(ctx, s, func(has func(string) bool) []string {
		if !has(event) { // a column may have = in its name
			event, value, valued = strings.Cut(s.Event, "=")
		}
		return append(names, event)
	})
	if err != nil {
		return nil, err
	}
	out := &Survived{}
	in.notes(out)
	a := &analysis{in: in, s: s, out: out}
	if err := a.read(event, value, valued); err != nil {
		return nil, err
	}
	parts := []struct {
		name   string
		wanted bool
		do     func(context.Context) error
	}{
		{"survival curves", true, func(context.Context) error { return a.curves() }},
		{"fit cox", len(s.Cox) > 0, a.regress},
		{"fit sbg", s.SBG, a.renewals},
	}
	for _, part := range parts {
		if !part.wanted {
			continue
		}
		done := e.stage(part.name, int64(in.rows))
		if err := part.do(ctx); err != nil {
			return nil, in.place(s.Time, err)
		}
		done()
	}
	if t := table.New(a.tests.columns...); t.Rows() > 0 {
		out.Tests = t
	}
	return out, nil
}

// analysis is one call of Survival.
type analysis struct {
	in     *survivalRows
	s      Surviving
	out    *Survived
	data   survival.Data // of all rows; Time is NaN where a row has no time, event or weight
	groups []customersOf
	tests  *grid
}

// customersOf are the rows of one group, which are compared with those of others.
type customersOf struct {
	name string
	rows []int // in the input
	data survival.Data
}

// read converts time, event, weight and groups.
func (a *analysis) read(event, value string, valued bool) error {
	a.tests = newGrid("test text", "of text", "chi_square float", "df int", "p float")
	time, err := a.in.numbers(a.s.Time, "is below zero", func(v float64) bool { return v >= 0 })
	if err != nil {
		return err
	}
	left, err := a.in.events(event, value, valued)
	if err != nil {
		return err
	}
	a.data = survival.Data{Time: time, Event: make([]bool, a.in.rows)}
	if a.s.Weight != "" {
		if a.data.Weight, err = a.in.numbers(a.s.Weight, "is not above zero", func(v float64) bool { return v > 0 }); err != nil {
			return err
		}
	}
	missing := 0
	for i, e := range left {
		a.data.Event[i] = e > 0
		if e < 0 || a.data.Weight != nil && math.IsNaN(a.data.Weight[i]) {
			time[i] = math.NaN()
		}
		if math.IsNaN(time[i]) {
			missing++
		}
	}
	if missing == a.in.rows {
		return fmt.Errorf("%s: no row has a time and says who left", a.in.name)
	}
	a.leftOut(missing, a.s.Time, "everything", "所有分析")
	return a.split()
}

// leftOut warns of rows without values.
func (a *analysis) leftOut(rows int, about, of, ofZh string) {
	if rows == 0 {
		return
	}
	a.out.doubt(about, "missing_values",
		fmt.Sprintf("%d of %d rows have no value that is needed and are left out of %s.", rows, a.in.rows, of),
		fmt.Sprintf("%[2]d 行中有 %[1]d 行缺少所需的值，未计入%[3]s。", rows, a.in.rows, ofZh))
}

// allCustomers is the name of the group where there are no others.
const allCustomers = "(all)"

// split divides the rows into groups.
func (a *analysis) split() error {
	if a.s.By == "" {
		g := customersOf{name: allCustomers}
		for i, t := range a.data.Time {
			if !math.IsNaN(t) {
				g.rows = append(g.rows, i)
			}
		}
		g.data = pick(a.data, g.rows)
		a.groups = []customersOf{g}
		return nil
	}
	column := a.in.column(a.s.By)
	levels, codes, err := a.in.categories(column, mostGroups)
	if err != nil {
		return fmt.Errorf("%w: compare by a column of a few groups", err)
	}
	missing := 0
	for _, name := range levels {
		a.groups = append(a.groups, customersOf{name: name})
	}
	for i, code := range codes {
		switch {
		case math.IsNaN(a.data.Time[i]):
		case code < 0:
			missing++
		default:
			a.groups[code].rows = append(a.groups[code].rows, i)
		}
	}
	a.groups = slices.DeleteFunc(a.groups, func(g customersOf) bool { return len(g.rows) == 0 })
	if len(a.groups) == 0 {
		return fmt.Errorf("%s: no row has a value in column %s", a.in.name, a.s.By)
	}
	for i, g := range a.groups {
		a.groups[i].data = pick(a.data, g.rows)
	}
	a.leftOut(missing, a.s.By, "the groups", "分组")
	return nil
}

// pick returns some rows.
func pick(d survival.Data, rows []int) survival.Data {
	out := survival.Data{Time: make([]float64, len(rows)), Event: make([]bool, len(rows))}
	if d.Weight != nil {
		out.Weight = make([]float64, len(rows))
	}
	for to, from := range rows {
		out.Time[to], out.Event[to] = d.Time[from], d.Event[from]
		if d.Weight != nil {
			out.Weight[to] = d.Weight[from]
		}
	}
	return out
}

// curves draws the Kaplan-Meier curve of each group and compares them.
func (a *analysis) curves() error {
	var curves []*survival.Curve
	for _, g := range a.groups {
		c, err := survival.KaplanMeier(g.data, a.s.Level)
		if err != nil {
			return atRow(err, g.rows)
		}
		curves = append(curves, c)
	}
	compared, err := a.compare()
	if err != nil {
		return err
	}
	horizon := common(curves)
	names := []string{"group text", "customers float", "left float", "median float", "median_low float", "median_high float", "mean float", "mean_se float", "mean_within float"}
	if compared != nil {
		names = append(names, "expected_to_leave float")
	}
	groups := newGrid(names...)
	for i, c := range curves {
		median, low, high := c.Median()
		mean, se := c.RestrictedMean(horizon)
		row := []any{a.groups[i].name, c.Customers, c.Left, median, low, high, mean, se, horizon}
		if compared != nil {
			row = append(row, compared.Expected[i])
		}
		groups.add(row...)
	}
	a.out.Groups, a.out.Curve = table.New(groups.columns...), a.curve(curves)
	return nil
}

// common is the longest time until which all curves are known.
func common(curves []*survival.Curve) float64 {
	known, last := math.Inf(1), 0.0
	for _, c := range curves {
		last = max(last, c.Last())
		if c.Survival[len(c.Survival)-1] > 0 {
			known = min(known, c.Last())
		}
	}
	return min(known, last)
}

// compare is the log-rank test; nil where there is nothing to compare.
func (a *analysis) compare() (*survival.Comparison, error) {
	if len(a.groups) < 2 {
		return nil, nil
	}
	var rows, of []int
	for k, g := range a.groups {
		for _, i := range g.rows {
			rows, of = append(rows, i), append(of, k)
		}
	}
	c, err := survival.LogRank(pick(a.data, rows), of, len(a.groups))
	if errors.Is(err, survival.ErrNoEvents) {
		a.out.doubt(a.s.By, "no_events", "Nobody left: groups cannot be compared.", "无人流失：无法比较各组。")
		return nil, nil
	}
	if err != nil {
		return nil, atRow(err, rows)
	}
	a.test("log_rank", a.s.By, c.Test)
	return c, nil
}

func (a *analysis) test(name, of string, t survival.Test) {
	a.tests.add(name, of, t.ChiSquare, t.DF, possible(t.P))
}

// leastP is the least p that is stated: that of a test is never none, however little
// of it a number can hold.
const leastP = 1e-300

// possible is the p of a test, or leastP where it is less; NaN where there is no test.
func possible(p float64) float64 { return max(p, leastP) }

// curve lists the curves at the times asked for, or at all.
func (a *analysis) curve(curves []*survival.Curve) *table.Table {
	t := newGrid("group text", "time float", "at_risk float", "left_so_far float", "survival float", "std_error float", "low float", "high float")
	for g, c := range curves {
		times := a.s.At
		if len(times) == 0 {
			for i, time := range c.Time {
				if c.Events[i] > 0 || i == len(c.Time)-1 {
					times = append(times, time)
				}
			}
		}
		if slices.ContainsFunc(times, func(time float64) bool { return math.IsNaN(c.At(time).Survival) }) {
			a.out.doubt(a.groups[g].name, "beyond_data",
				fmt.Sprintf("Nobody was watched for longer than %s: nothing is known of later times, which stay empty.", number(c.Last())),
				fmt.Sprintf("没有客户的观察时间超过 %s：更晚的情况无从得知，留空。", number(c.Last())))
		}
		left, next := 0.0, 0
		sorted := slices.Sorted(slices.Values(times))
		for _, time := range sorted {
			for ; next < len(c.Time) && c.Time[next] <= time; next++ {
				left += c.Events[next]
			}
			p := c.At(time)
			t.add(a.groups[g].name, time, p.AtRisk, left, p.Survival, p.StdErr, p.Lower, p.Upper)
		}
	}
	return table.New(t.columns...)
}

// rowAt is an error of one row of the input.
type rowAt struct {
	row    int
	reason string
}

func (r *rowAt) Error() string { return fmt.Sprintf("row %d: %s", r.row, r.reason) }

// atRow carries an error of one of some rows over to its place in the input.
func atRow(err error, rows []int) error {
	var s *survival.RowError
	var b *sbg.RowError
	switch {
	case errors.As(err, &s):
		return &rowAt{rows[s.Row], s.Reason}
	case errors.As(err, &b):
		return &rowAt{rows[b.Row], b.Reason}
	}
	return err
}

// renewals fits the shifted-beta-geometric model of each group.
func (a *analysis) renewals(ctx context.Context) error {
	fits := newGrid("group text", "customers float", "renewals int", "status text", "alpha float", "alpha_se float", "beta float", "beta_se float",
		"leave_first float", "leave_first_se float", "log_likelihood float", "without_differences float", "chi_square float", "df int", "p float", "greatest_gap float")
	names := []string{"group text", "renewal int", "came float", "left float", "retention float", "retention_model float", "survival float", "survival_model float", "low float", "high float"}
	if !math.IsNaN(a.s.Discount) {
		names = append(names, "residual_lifetime float")
	}
	listed := newGrid(names...)
	for _, g := range a.groups {
		r, err := sbg.FromDurations(g.data.Time, g.data.Event, g.data.Weight)
		if err != nil {
			return atRow(err, g.rows)
		}
		f, err := sbg.Fit(ctx, r)
		if errors.Is(err, sbg.ErrNoRenewals) {
			a.out.doubt(g.name, "no_renewals", "Nobody has come to a renewal yet: no model is fitted.", "尚无客户经历续约：未拟合模型。")
			continue
		}
		if err != nil {
			return err
		}
		for _, w := range f.Warnings {
			a.out.Warnings = append(a.out.Warnings, Doubt{g.name, w})
		}
		alpha, beta := f.Alpha, f.Beta
		if f.Status != sbg.Interior { // what is no estimate is not shown as one
			alpha, beta = math.NaN(), math.NaN()
		}
		if f.Status == sbg.NobodyLeft { // nor is a model that says that nobody ever leaves
			f.Mean, f.LogLikelihood, f.Geometric, f.ChiSquare, f.P, f.Gap = math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()
		}
		fits.add(g.name, f.Customers, f.Renewals, string(f.Status), alpha, f.AlphaSE, beta, f.BetaSE,
			f.Mean, f.MeanSE, f.LogLikelihood, f.Geometric, f.ChiSquare, f.DF, possible(f.P), f.Gap)
		if err := a.listRenewals(listed, g.name, r, f); err != nil {
			return err
		}
	}
	a.out.SBG, a.out.Renewals = table.New(fits.columns...), table.New(listed.columns...)
	return nil
}

// listRenewals lists what was seen beside what the model says.
func (a *analysis) listRenewals(t *grid, name string, r sbg.Renewals, f *sbg.Fitted) error {
	wanted := map[int]bool{}
	last := f.Renewals
	for _, at := range a.s.At {
		if at != math.Trunc(at) || at < 1 || at > longestForecast {
			return fmt.Errorf("at %v: no number of a renewal, which are 1, 2, 3 ... %d", at, longestForecast)
		}
		wanted[int(at)] = true
		last = max(last, int(at))
	}
	seen, model := 1.0, 1.0
	for n := 1; n <= last; n++ {
		came, left, retention := 0.0, 0.0, math.NaN()
		if n <= f.Renewals && r.Came[n-1] > 0 {
			came, left = r.Came[n-1], r.Left[n-1]
			retention = 1 - left/came
		}
		seen *= retention
		stay := f.Retention(n)
		if f.Status == sbg.NobodyLeft {
			stay = math.NaN()
		}
		model *= stay
		if len(wanted) > 0 && !wanted[n] {
			continue
		}
		low, high := f.SurvivalInterval(n, a.level())
		row := []any{name, n, came, left, retention, stay, seen, model, low, high}
		if !math.IsNaN(a.s.Discount) {
			residual := f.ResidualLifetime(n, a.s.Discount)
			if math.IsNaN(stay) {
				residual = stay
			}
			row = append(row, residual)
		}
		t.add(row...)
	}
	return nil
}

// longestForecast is the last renewal that can be asked for.
const longestForecast = 10_000

func (a *analysis) level() float64 {
	if a.s.Level == 0 {
		return 0.95
	}
	return a.s.Level
}

// number writes a value as people do.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
