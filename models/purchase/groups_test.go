package purchase

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/modelstest"
)

// addCategory adds a Category column; "" is a missing value.
func addCategory(in *table.Table, name string, values []string) {
	c := &table.Column{Field: table.Field{Name: name, Kind: table.Category}}
	for _, v := range values {
		code := slices.Index(c.Labels, v)
		if code < 0 && v != "" {
			code = len(c.Labels)
			c.Labels = append(c.Labels, v)
		}
		c.Codes = append(c.Codes, int32(code))
	}
	in.Add(c)
}

// where are the rows with a value.
func where(in *table.Table, column, value string) (rows []int) {
	c := in.Column(column)
	for i, code := range c.Codes {
		if code < 0 && value == "" || code >= 0 && c.Labels[code] == value {
			rows = append(rows, i)
		}
	}
	return rows
}

func columnNames(in *table.Table) []string {
	var names []string
	for _, c := range in.Columns() {
		names = append(names, c.Name)
	}
	return names
}

// mixedShop has a large group a, a group b that buys a third as often, 40 customers
// of c, and 300 of no group who buy as those of b.
func mixedShop(seed uint64) *table.Table {
	groups := slices.Concat(slices.Repeat([]string{"b"}, 2000), slices.Repeat([]string{""}, 300), slices.Repeat([]string{"a"}, 3000), slices.Repeat([]string{"c"}, 40))
	in := columns(simulate(1.1, 8, len(groups), 700, seed, func(i int) float64 {
		return map[string]float64{"a": 1, "b": 1. / 3, "c": 2, "": 1. / 3}[groups[i]]
	}))
	addCategory(in, "by", groups)
	return in
}

func TestFitsByGroup(t *testing.T) {
	in := mixedShop(4)
	f := fitted(t, &Model{Family: NBD{}, By: "by", Workers: 1}, in)
	g := f.Groups()
	if len(g.Own) != 2 || g.Own[0].Name != "a" || g.Own[1].Name != "b" || g.Rest == nil || g.RestRows != 340 ||
		len(g.Others) != 1 || g.Others[0].Name != "c" || g.Others[0].Why != "few_customers" || g.Others[0].Rows != 40 {
		t.Fatalf("%+v", g)
	}
	// Each part is the fit of its own rows, and scores them so.
	dst := scored(t, f, in)
	var sum float64
	for _, c := range []struct {
		rows []int
		got  *Fitted
		rate float64
	}{
		{where(in, "by", "a"), g.Own[0].Model, 1}, {where(in, "by", "b"), g.Own[1].Model, 1. / 3},
		{append(where(in, "by", ""), where(in, "by", "c")...), g.Rest.Model, math.NaN()},
	} {
		slices.Sort(c.rows)
		part := in.Take(c.rows, columnNames(in)...)
		alone := fitted(t, &Model{Family: NBD{}, Workers: 1}, part)
		sum += alone.Report().LogLikelihood
		if !slices.Equal(alone.Params(), c.got.Params()) {
			t.Errorf("%v, alone %v", c.got.Params(), alone.Params())
		}
		want := scored(t, alone, part)
		for k, i := range c.rows {
			if got := dst.Floats("expected_orders")[i]; got != want.Floats("expected_orders")[k] {
				t.Fatalf("row %d: %v, alone %v", i, got, want.Floats("expected_orders")[k])
			}
		}
		if math.IsNaN(c.rate) { // a mixture
			continue
		}
		for k, want := range []float64{1.1, 8 / c.rate} {
			if se := alone.StandardErrors()[k].Value; math.Abs(alone.Params()[k]-want) > 4*se+0.02*want {
				t.Errorf("%v, want %v (standard error %v)", alone.Params()[k], want, se)
			}
		}
	}
	// What grouping gains is far beyond what four parameters explain.
	c := g.Comparison
	close(t, "log-likelihood", c.LogLikelihood, sum, 1e-14)
	close(t, "log-likelihood of all", f.LogLikelihood(), sum, 1e-14)
	one := fitted(t, &Model{Family: NBD{}, Workers: 1}, in)
	close(t, "log-likelihood of one", c.One, one.Report().LogLikelihood, 1e-14)
	if c.Degrees() != 4 || c.Ratio() < 100 || c.P() > 1e-10 || math.Abs(c.AIC()-(c.Ratio()-8)) > 1e-9 {
		t.Errorf("%+v: ratio %v, p %v, AIC %v", c, c.Ratio(), c.P(), c.AIC())
	}
	var rows []string
	for _, r := range f.Reports() {
		rows = append(rows, fmt.Sprintf("%s %s %s %d", r.Model, r.Status, r.Method, r.Rows))
	}
	want := []string{"nbd converged nbd 5340", "nbd/(groups) converged by by 5340", "nbd/a converged nbd 3000", "nbd/b converged nbd 2000",
		"nbd/(pooled) converged nbd 340", "nbd/c fallback pooled 40"}
	if !slices.Equal(rows, want) {
		t.Errorf("%q", rows)
	}
	note := f.Reports()[1].Notes[0]
	if !strings.Contains(note.En, "worth its parameters") || strings.Contains(note.En, "not worth") || !strings.Contains(note.Zh, "值得") {
		t.Errorf("%+v", note)
	}
}

// Another table numbers the groups otherwise; what counts is their names.
func TestGroupsOfAnotherTable(t *testing.T) {
	in := mixedShop(4)
	f := fitted(t, &Model{Family: NBD{}, By: "by", Workers: 1}, in)
	var back []int
	for i := in.Rows() - 1; i >= 0; i-- {
		back = append(back, i)
	}
	other := in.Take(back, "x", "t_x", "T", "last_day")
	names := make([]string, len(back))
	for k, i := range back {
		if code := in.Codes("by")[i]; code >= 0 {
			names[k] = in.Column("by").Labels[code]
		}
	}
	addCategory(other, "by", names)
	a, b := scored(t, f, in), scored(t, f, other)
	for k, i := range back {
		if a.Floats("no_purchase")[i] != b.Floats("no_purchase")[k] {
			t.Fatalf("row %d", i)
		}
	}
	later, err := f.Forecasting(Model{Horizon: 10, Window: 30})
	if err != nil {
		t.Fatal(err)
	}
	if c := scored(t, later, in); !(c.Floats("expected_orders")[0] < a.Floats("expected_orders")[0]) || c.Floats("expected_orders")[0] == c.Floats("expected_orders")[2500] {
		t.Error("another horizon is not that of every group")
	}
}

// Where groups do not differ, the likelihood ratio says that they do once in twenty.
func TestGroupsThatDoNotDiffer(t *testing.T) {
	significant, worth := 0, 0
	const shops = 60
	for seed := range uint64(shops) {
		in := columns(simulate(1.1, 8, 900, 700, seed, nil))
		rng := rand.New(rand.NewPCG(seed, 77))
		values := make([]string, in.Rows())
		for i := range values {
			values[i] = string(rune('a' + rng.IntN(3)))
		}
		addCategory(in, "by", values)
		c := fitted(t, &Model{Family: NBD{}, By: "by", Workers: 1}, in).Groups().Comparison
		if c.Degrees() != 4 || c.Ratio() < 0 {
			t.Fatalf("%+v", c)
		}
		if c.P() < 0.05 {
			significant++
		}
		if c.AIC() > 0 {
			worth++
		}
	}
	t.Logf("significant %d, AIC for grouping %d of %d", significant, worth, shops)
	// 3 are expected; of chi-squared with 4 degrees 9 % are above 8, which is 5.5.
	if significant > 9 || worth > 14 {
		t.Errorf("significant %d, AIC for grouping %d of %d", significant, worth, shops)
	}
}

// All customers in one group, or none in any, is one fit.
func TestGroupsOfOne(t *testing.T) {
	in := columns(simulate(1.1, 8, 600, 700, 3, nil))
	addCategory(in, "same", slices.Repeat([]string{"a"}, 600))
	addCategory(in, "none", slices.Repeat([]string{""}, 600))
	one := scored(t, fitted(t, &Model{Family: NBD{}, Workers: 1}, in), in)
	for _, by := range []string{"same", "none"} {
		f := fitted(t, &Model{Family: NBD{}, By: by, Workers: 1}, in)
		if got := scored(t, f, in); !slices.Equal(got.Floats("expected_orders"), one.Floats("expected_orders")) {
			t.Errorf("by %s scores otherwise", by)
		}
		if r := f.Reports()[1]; by == "none" && (r.Status != models.Fallback || r.Warnings[0].Code != "no_groups") {
			t.Errorf("%+v", r)
		}
	}
	if _, err := fitted(t, &Model{Family: NBD{}, By: "same", Workers: 1}, in).Refit(t.Context(), nil); err == nil {
		t.Error("a fit by group was refitted as one")
	}
}

func TestPromisesOfGroupsAndCategories(t *testing.T) {
	in := mixedShop(9)
	rng := rand.New(rand.NewPCG(1, 2))
	values, age := make([]string, in.Rows()), make([]float64, in.Rows())
	for i := range values {
		values[i] = []string{"web", "web", "shop", "search", ""}[rng.IntN(5)]
		if age[i] = float64(rng.IntN(6)); rng.IntN(4) == 0 {
			age[i] = math.NaN()
		}
	}
	addCategory(in, "channel", values)
	addFloats(in, "age", age)
	small := in.Take(append(where(in, "by", "a")[:900], where(in, "by", "b")[:600]...), columnNames(in)...)
	t.Run("by", func(t *testing.T) {
		modelstest.Run(t, &Model{Family: NBD{}, By: "by", Workers: 1}, small, modelstest.Valid)
	}) // NBD writes no p_alive
	m := &Model{Family: NBD{}, Buying: []string{"channel", "age"}, Categories: []string{"channel"}, Optional: []string{"age"}, Workers: 1}
	t.Run("categories", func(t *testing.T) { modelstest.Run(t, m, small, modelstest.Valid) })
	m.By = "by"
	t.Run("both", func(t *testing.T) { modelstest.Run(t, m, small, modelstest.Valid) })
}

// Groups that do not differ are not worth their parameters: the fit of all scores.
func TestGroupsNotWorthIt(t *testing.T) {
	const n = 4000
	in := columns(simulate(1.1, 8, n, 700, 9, func(int) float64 { return 1 }))
	values := make([]string, n)
	for i := range values {
		values[i] = string(rune('a' + i%3))
	}
	addCategory(in, "by", values)
	m := &Model{Family: NBD{}, By: "by"}
	f, err := m.Fit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	g := f.(*Fitted).Groups()
	if len(g.Own) != 0 || g.Rest != nil || g.Unworthy != 3 || !(g.Comparison.AIC() <= 0) {
		t.Fatalf("%d fits by group, %d unworthy, AIC %v", len(g.Own), g.Unworthy, g.Comparison.AIC())
	}
	if notes := g.Reports()[1].Notes; len(notes) != 1 || notes[0].Code != "groups_unworthy" {
		t.Errorf("%+v", notes)
	}
}

// Whoever has no group and can have no fit of their own are scored by a plainer
// method fitted to them, not by the fit of those who are grouped; and leaving them
// out is not counted as a gain of grouping.
func TestRestIsItsOwn(t *testing.T) {
	groups := slices.Concat(slices.Repeat([]string{"a"}, 2000), slices.Repeat([]string{"b"}, 2000), slices.Repeat([]string{""}, 400))
	in := columns(simulate(1.1, 8, len(groups), 700, 6, func(i int) float64 {
		return map[string]float64{"a": 1, "b": 1. / 3, "": 0.001}[groups[i]] // guests: nobody recognises them when they come again
	}))
	addCategory(in, "by", groups)
	f, err := (&Model{Family: NBD{}, By: "by"}).Fit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	g := f.(*Fitted).Groups()
	if len(g.Own) != 2 || g.Rest == nil || g.Rest.Model.Report().Method != MethodPooled {
		t.Fatalf("%d fits by group, rest %+v", len(g.Own), g.Rest)
	}
	joined, err := (&Model{Family: NBD{}}).Fit(t.Context(), in.Take(slices.Concat(where(in, "by", "a"), where(in, "by", "b")), columnNames(in)...))
	if err != nil {
		t.Fatal(err)
	}
	close(t, "log-likelihood of one fit of the grouped", g.Comparison.One, joined.Report().LogLikelihood, 1e-9)
	out := f.(*Fitted).Model().Spec().Make(in.Rows())
	if err := f.Score(t.Context(), out, in); err != nil {
		t.Fatal(err)
	}
	var guests float64
	for _, i := range where(in, "by", "") {
		guests += out.Floats("expected_orders")[i]
	}
	if guests > 10 {
		t.Errorf("%.1f orders expected of 400 who do not come again", guests)
	}
	// Their law is the NBD that the plainer method is.
	laws, of, err := f.(*Fitted).Laws(in)
	if err != nil || len(laws) != 3 {
		t.Fatalf("%d laws, %v", len(laws), err)
	}
	rows := newReader(in)
	for _, i := range where(in, "by", "") {
		h, _, _ := rows.at(i)
		s := laws[of[i]].Score(h)
		close(t, "expected", s.Expected, out.Floats("expected_orders")[i], 1e-12)
		close(t, "discounted", s.Discounted, out.Floats("discounted_orders")[i], 1e-12)
	}
}

// One group, and others of whom nothing can be fitted: there is nothing to compare,
// and the group keeps its fit.
func TestOneGroupAndTheRest(t *testing.T) {
	values := slices.Concat(slices.Repeat([]string{"a"}, 1000), slices.Repeat([]string{""}, 200))
	in := columns(simulate(1.1, 8, len(values), 700, 6, func(i int) float64 { return map[string]float64{"a": 1, "": 0.001}[values[i]] }))
	addCategory(in, "by", values)
	f := fitted(t, &Model{Family: NBD{}, By: "by", Workers: 1}, in)
	g := f.Groups()
	if len(g.Own) != 1 || g.Rest == nil || !math.IsNaN(g.Comparison.AIC()) || f.LogLikelihood() != f.Report().LogLikelihood {
		t.Errorf("%+v", g)
	}
	if r := f.Reports()[1]; r.Status != models.Converged || len(r.Notes) != 1 || strings.Contains(r.Notes[0].En, "NaN") {
		t.Errorf("%+v", r)
	}
}
