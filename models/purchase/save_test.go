package purchase

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repeated are the numbers of more than a few digits that a text has more than once.
func repeated(text []byte) (twice []string) {
	seen := map[string]bool{}
	for _, n := range regexp.MustCompile(`\d+\.\d{6,}(e[-+]?\d+)?`).FindAllString(string(text), -1) {
		if seen[n] {
			twice = append(twice, n)
		}
		seen[n] = true
	}
	return twice
}

// Fits by group save what is their own: settings that they share stand once, and one
// group that leaves a covariate out has its own.
func TestSavedGroups(t *testing.T) {
	in := mixedShop(4)
	kind := make([]float64, in.Rows())
	for i := range kind {
		kind[i] = float64(i % 3)
	}
	for _, i := range where(in, "by", "b") {
		kind[i] = 1 // the same for all of b
	}
	addFloats(in, "kind", kind)
	m := &Model{Family: NBD{}, By: "by", Buying: []string{"kind"}, DiscountRate: .1, AsOf: 20000, Workers: 1}
	f := fitted(t, m, in)
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if twice := repeated(text); twice != nil {
		t.Errorf("%v stand twice in %s", twice, text)
	}
	if n := strings.Count(string(text), `"settings":`); n != 2 || len(text) > 2000 {
		t.Errorf("%d settings in %d bytes: %s", n, len(text), text)
	}
	again, err := m.Load(text)
	if err != nil {
		t.Fatal(err)
	}
	g := again.(*Fitted)
	if b := g.Groups().Own[1]; b.Name != "b" || len(b.Model.settings.Buying) != 0 || b.Model.settings.AsOf != 20000 {
		t.Errorf("%+v", b.Model.settings)
	}
	if a := g.Groups().Own[0]; !slices.Equal(a.Model.settings.Buying, []string{"kind"}) || a.Model.settings.DiscountRate != .1 {
		t.Errorf("%+v", a.Model.settings)
	}
	if fmt.Sprint(g.Reports()) != fmt.Sprint(f.Reports()) {
		t.Errorf("other reports:\n%v\n%v", g.Reports(), f.Reports())
	}
	one, other := scored(t, f, in), scored(t, g, in)
	for _, name := range []string{"expected_orders", "no_purchase", "discounted_orders"} {
		if !slices.EqualFunc(one.Floats(name), other.Floats(name), func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }) {
			t.Errorf("%s differs", name)
		}
	}
}

// Where the report lists other parameters than those that score, both are kept.
func TestSavedAtAnEdge(t *testing.T) {
	same := make([]History, 600) // everybody buys at one rate: a Poisson process
	for i := range same {
		same[i] = History{X: 4 + i%2, Tx: 300, T: 350}
	}
	m := &Model{Family: NBD{}}
	f := fitted(t, m, columns(same))
	r := f.Report()
	if len(r.Parameters) != 1 || r.Parameters[0].Name != "r/alpha" {
		t.Fatalf("%+v", r)
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.Load(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Report(); fmt.Sprint(got) != fmt.Sprint(r) || !slices.Equal(again.(*Fitted).Params(), f.Params()) {
		t.Errorf("%+v\n%+v", got, r)
	}
}

// Estimates that no fit can have are an error: they would score, with nonsense.
func TestDamagedEstimates(t *testing.T) {
	m := &Model{Family: NBD{}}
	good, err := json.Marshal(fitted(t, m, mixedShop(4)))
	if err != nil {
		t.Fatal(err)
	}
	estimate := regexp.MustCompile(`"r":[0-9.e+-]+`)
	if !estimate.Match(good) {
		t.Fatalf("no r in %s", good)
	}
	for _, value := range []string{"-1", "0", "null", "1e300", "1e-300"} {
		if _, err := m.Load(estimate.ReplaceAll(good, []byte(`"r":`+value))); err == nil || !strings.Contains(err.Error(), "estimate r") {
			t.Errorf("r %s: %v", value, err)
		}
	}
}

// The likelihood of its own rows is the one that the fit ended at, by groups and
// covariates too; of other rows their own fit's is greater.
func TestLogLikelihoodOf(t *testing.T) {
	mixed := mixedShop(4)
	shop := covariateShop(3000, 3)
	covariates := &Model{Family: NBD{}, Buying: []string{"channel", "age"}, Categories: []string{"channel"}, Optional: []string{"age"}, Workers: 1}
	for name, c := range map[string]*Fitted{
		"plain": fitted(t, &Model{Family: NBD{}}, mixed), "groups": fitted(t, &Model{Family: NBD{}, By: "by"}, mixed), "covariates": fitted(t, covariates, shop),
	} {
		in := mixed
		if name == "covariates" {
			in = shop
		}
		got, customers, err := c.LogLikelihoodOf(in)
		if err != nil || customers != in.Rows() {
			t.Fatalf("%s: %d customers of %d, %v", name, customers, in.Rows(), err)
		}
		close(t, name, got, c.LogLikelihood(), 1e-12)
	}
	slow := columns(simulate(1.1, 16, 3000, 700, 6, nil))
	old, fresh := fitted(t, &Model{Family: NBD{}}, mixed), fitted(t, &Model{Family: NBD{}}, slow)
	was, _, err := old.LogLikelihoodOf(slow)
	if err != nil || !(was < fresh.Report().LogLikelihood-50) {
		t.Errorf("another shop's model reaches %v, its own %v, %v", was, fresh.Report().LogLikelihood, err)
	}
	few := fitted(t, &Model{Family: NBD{}}, columns(simulate(1, 8, 20, 700, 6, nil)))
	if v, n, err := few.LogLikelihoodOf(slow); !math.IsNaN(v) || n != 0 || err != nil {
		t.Errorf("no model: %v of %d, %v", v, n, err)
	}
	if _, _, err := old.LogLikelihoodOf(columns([]History{{X: 9, Tx: 3, T: 2}})); err == nil {
		t.Error("a row that is no history")
	}
}
