package purchase

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"clientele/engine/table"
	"clientele/models"
)

// The most frequent value is the reference, names decide between equals, rare values
// and missing ones are a class.
func TestNewCode(t *testing.T) {
	shop := func(counts map[string]int, order ...string) *table.Table {
		var values []string
		for _, v := range order {
			values = append(values, slices.Repeat([]string{v}, counts[v])...)
		}
		in := columns(slices.Repeat([]History{{X: 2, Tx: 30, T: 90}}, len(values)))
		addCategory(in, "c", values)
		return in
	}
	code := func(in *table.Table) Code { return newCode(in, in.Column("c"), nil) }

	counts := map[string]int{"b": 200, "a": 200, "z": 300, "few": 20, "": 40}
	for _, order := range [][]string{{"b", "a", "z", "few", ""}, {"", "z", "few", "a", "b"}} {
		got := code(shop(counts, order...))
		if got.Reference != "z" || !slices.Equal(got.Values, []string{"a", "b"}) || !got.Other {
			t.Errorf("%+v", got)
		}
	}
	if got := code(shop(map[string]int{"a": 100, "b": 60, "": 49}, "a", "b", "")); got.Other || !slices.Equal(got.Values, []string{"b"}) {
		t.Errorf("49 without a value: %+v", got)
	}
	if got := code(shop(map[string]int{"a": 300}, "a")); len(got.names()) != 0 {
		t.Errorf("one value: %+v", got)
	}
	if got := code(shop(map[string]int{"": 300}, "")); len(got.names()) != 0 {
		t.Errorf("no value: %+v", got)
	}
	many, order := map[string]int{}, []string{}
	for k := range 12 {
		v := string(rune('a' + k))
		many[v] = 200 - k
		order = append(order, v)
	}
	if got := code(shop(many, order...)); len(got.Values) != mostValues || got.Values[7] != "i" || !got.Other {
		t.Errorf("twelve values: %+v", got)
	}
	// Customers of whom none came back tell nothing of how often they do.
	in := shop(map[string]int{"a": 300, "b": 200}, "a", "b")
	for i := 300; i < 500; i++ {
		in.Ints("x")[i], in.Ints("t_x")[i] = 0, 0
	}
	if got := code(in); len(got.names()) != 0 {
		t.Errorf("nobody of b bought again: %+v", got)
	}
	// A label nobody told of, in another table.
	c := Code{Column: "c", Reference: "z", Values: []string{"a"}, Other: true}
	other := columns(make([]History, 4))
	addCategory(other, "c", []string{"new", "a", "z", ""})
	if got := c.values(other); !slices.Equal(got[0], []float64{0, 1, 0, 0}) || !slices.Equal(got[1], []float64{1, 0, 0, 1}) {
		t.Errorf("%v", got)
	}
	c.Other = false
	if got := c.values(other); len(got) != 1 || !slices.Equal(got[0], []float64{0, 1, 0, 0}) {
		t.Errorf("%v", got)
	}
}

// covariateShop has channels and ages that act on buying as told.
func covariateShop(n int, seed uint64) *table.Table {
	rng := rand.New(rand.NewPCG(seed, 5))
	channel, age := make([]string, n), make([]float64, n)
	for i := range channel {
		channel[i] = []string{"web", "web", "web", "search", "search", "shop", "", "rare1", "rare2"}[rng.IntN(9)]
		if age[i] = float64(rng.IntN(12))/2 - 2; rng.IntN(5) == 0 {
			age[i] = math.NaN()
		}
	}
	in := columns(simulate(1.2, 9, n, 700, seed, func(i int) float64 {
		l := map[string]float64{"search": .5, "shop": -.7, "": .2}[channel[i]]
		if math.IsNaN(age[i]) {
			l -= .4
		} else {
			l += .15 * age[i]
		}
		return math.Exp(l)
	}))
	addCategory(in, "channel", channel)
	addFloats(in, "age", age)
	return in
}

func TestCategoriesAreRecovered(t *testing.T) {
	in := covariateShop(6000, 3)
	m := &Model{Family: NBD{}, Buying: []string{"channel", "age"}, Categories: []string{"channel"}, Optional: []string{"age"}, Workers: 1}
	f := fitted(t, m, in)
	want := map[string]float64{"r": 1.2, "alpha": 9, "trans.channel=search": .5, "trans.channel=shop": -.7, "trans.channel=rare1": 0, "trans.channel=rare2": 0,
		"trans.channel=(other)": .2, "trans.age": .15, "trans.age=(unknown)": -.4}
	r := f.Report()
	if len(r.Parameters) != len(want) || len(r.Errors) != len(want) || len(r.Warnings) > 0 {
		t.Fatalf("%+v", r)
	}
	for k, p := range r.Parameters {
		w, known := want[p.Name]
		if se := r.Errors[k].Value; !known || r.Errors[k].Name != p.Name || math.Abs(p.Value-w) > 4*se+0.02*math.Abs(w) || se > 1.2 {
			t.Errorf("%s %.4f, want %.4f (standard error %.4f)", p.Name, p.Value, w, se)
		}
	}
	// The law of a row is the one that scores it.
	laws, of, err := f.Laws(in)
	if err != nil {
		t.Fatal(err)
	}
	dst := scored(t, f, in)
	rows := newReader(in)
	for i := range 200 {
		h, _, _ := rows.at(i)
		close(t, "expected", laws[of[i]].Score(h).Expected, dst.Floats("expected_orders")[i], 1e-12)
	}
	if len(laws) > 6*13 {
		t.Errorf("%d laws", len(laws))
	}
}

// Two columns that are missing for the same customers tell it once.
func TestDependentCovariates(t *testing.T) {
	in := covariateShop(3000, 8)
	channel := in.Column("channel")
	twin := make([]string, in.Rows())
	for i, code := range channel.Codes {
		if code >= 0 {
			twin[i] = []string{"m", "f"}[i%2]
		}
	}
	addCategory(in, "gender", twin)
	m := &Model{Family: NBD{}, Buying: []string{"channel", "gender"}, Categories: []string{"channel", "gender"}, Workers: 1}
	for i, code := range channel.Codes { // rare values would be of the class too
		if code >= 0 && strings.HasPrefix(channel.Labels[code], "rare") {
			channel.Codes[i] = int32(slices.Index(channel.Labels, "web"))
		}
	}
	f := fitted(t, m, in)
	r := f.Report()
	if len(r.Warnings) != 1 || r.Warnings[0].Code != "dependent_covariate" || !strings.Contains(r.Warnings[0].En, "gender=(other)") || f.Covariance() == nil {
		t.Errorf("%+v", r)
	}
	if slices.ContainsFunc(r.Parameters, func(p models.Parameter) bool { return p.Name == "trans.gender=(other)" }) {
		t.Error("a covariate that follows from others has a coefficient")
	}
}

// Columns that combine in too many ways are left out, the one that multiplies most.
func TestManyCombinations(t *testing.T) {
	in := covariateShop(4000, 5)
	exact := make([]float64, in.Rows())
	for i := range exact {
		exact[i] = float64(i) / 1000
	}
	addFloats(in, "exact", exact)
	m := &Model{Family: NBD{}, Buying: []string{"channel", "exact"}, Categories: []string{"channel"}, Optional: []string{"exact"}, Workers: 1}
	f := fitted(t, m, in)
	w := f.Report().Warnings
	if len(w) != 1 || w[0].Code != "many_combinations" || !strings.Contains(w[0].En, "4,000 ways") || !strings.Contains(w[0].En, "left out: exact.") || !strings.Contains(w[0].Zh, "已忽略：exact") {
		t.Errorf("%+v", w)
	}
	if len(f.Params()) != 2+5 {
		t.Errorf("%+v", f.Estimates())
	}
	if err := f.Score(t.Context(), f.Model().Spec().Make(in.Rows()), in.Take(where(in, "channel", ""), "x", "t_x", "T", "last_day")); err == nil {
		t.Error("scored without the column of a category")
	}
}
