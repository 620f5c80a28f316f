package purchase

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/modelstest"
)

func close(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s: %.12g, want %.12g", what, got, want)
	}
}

// columns makes the table that Model reads.
func columns(rows []History) *table.Table {
	in := table.Make(len(rows), (&Model{Family: NBD{}}).Spec().In...)
	for i, h := range rows {
		in.Ints("x")[i], in.Ints("t_x")[i], in.Ints("T")[i] = int64(h.X), int64(h.Tx), int64(h.T)
		in.Ints("last_day")[i] = 10_000 + int64(h.Tx)
	}
	return in
}

func addFloats(in *table.Table, name string, v []float64) {
	in.Add(&table.Column{Field: table.Field{Name: name, Kind: table.Float}, Floats: v})
}

// simulate draws n customers who buy at rates from Gamma(r, alpha), a week, for
// ever, each seen for up to `length` days; scale multiplies the rate of a
// customer and may be nil.
func simulate(r, alpha float64, n, length int, seed uint64, scale func(i int) float64) []History {
	rng := rand.New(rand.NewPCG(seed, 11))
	gamma := distuv.Gamma{Alpha: r, Beta: alpha, Src: rng}
	rows := make([]History, n)
	for i := range rows {
		rate := gamma.Rand() / 7
		if scale != nil {
			rate *= scale(i)
		}
		h := History{T: length/3 + rng.IntN(length-length/3)}
		for at := rng.ExpFloat64() / rate; at < float64(h.T); at += rng.ExpFloat64() / rate {
			if day := int(at) + 1; day > h.Tx {
				h.X, h.Tx = h.X+1, day
			}
		}
		rows[i] = h
	}
	return rows
}

func fitted(t testing.TB, m *Model, in *table.Table) *Fitted {
	t.Helper()
	f, err := m.Fit(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return f.(*Fitted)
}

func scored(t testing.TB, f *Fitted, in *table.Table) *table.Table {
	t.Helper()
	dst := f.Model().Spec().Make(in.Rows())
	if err := f.Score(t.Context(), dst, in); err != nil {
		t.Fatal(err)
	}
	return dst
}

// drawHistories draws a small base in which histories repeat.
func drawHistories(t *rapid.T) []History {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) History {
		h := History{T: rapid.IntRange(0, 5).Draw(t, "T")}
		if h.T > 0 && rapid.Bool().Draw(t, "repeat") {
			h.Tx = rapid.IntRange(1, h.T).Draw(t, "t_x")
			h.X = rapid.IntRange(1, h.Tx).Draw(t, "x")
		}
		return h
	}), 0, 60).Draw(t, "histories")
}

// Groups hold what the rows held, ascending, in units of one x; in any order of
// the rows, with weights and with covariates.
func TestGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := drawHistories(t)
		weights, z := make([]float64, len(rows)), make([]float64, len(rows))
		for i := range rows {
			weights[i] = float64(rapid.IntRange(0, 3).Draw(t, "weight")) / 2
			z[i] = []float64{0, 1.5, -2, math.NaN()}[rapid.IntRange(0, 3).Draw(t, "z")]
		}
		for name, c := range map[string]struct {
			weights    []float64
			covariates [][]float64
		}{"plain": {}, "weights": {weights, nil}, "covariates": {nil, [][]float64{z}}, "both": {weights, [][]float64{z}}} {
			h, err := newHistories(columns(rows), c.weights, c.covariates)
			if err != nil {
				t.Fatal(err)
			}
			type key struct {
				h History
				z float64
			}
			want := map[key]float64{}
			total, customers, purchases, repeaters, exposure := 0, 0.0, 0.0, 0.0, 0.0
			for i, r := range rows {
				k, w := key{h: r}, 1.0
				if c.weights != nil {
					w = weights[i]
				}
				if c.covariates != nil {
					if k.z = z[i]; math.IsNaN(z[i]) {
						continue
					}
				}
				if w == 0 {
					continue
				}
				want[k] += w
				total, customers, purchases, exposure = total+1, customers+w, purchases+w*float64(r.X), exposure+w*float64(r.T)/7
				if r.X > 0 {
					repeaters += w
				}
			}
			if h.Rows != total || h.Len() != len(want) || math.Abs(h.Customers-customers)+math.Abs(h.Purchases-purchases)+math.Abs(h.Repeaters-repeaters)+math.Abs(h.Exposure-exposure) > 1e-9 {
				t.Fatalf("%s: %d rows, %d distinct, %v customers, want %d, %d, %v", name, h.Rows, h.Len(), h.Customers, total, len(want), customers)
			}
			parts := []profile{{z: []float64{0}, h: h}}
			if c.covariates != nil {
				parts = h.profiles
			}
			n := 0
			for k, p := range parts {
				if k > 0 && p.z[0] <= parts[k-1].z[0] {
					t.Fatalf("%s: profiles %v after %v", name, p.z, parts[k-1].z)
				}
				for i := range p.h.Len() {
					if want[key{p.h.At(i), p.z[0]}] != p.h.Count[i] {
						t.Fatalf("%s: %+v at %v counts %v", name, p.h.At(i), p.z, p.h.Count[i])
					}
					if i > 0 && slices.Compare(flat(p.h.At(i-1)), flat(p.h.At(i))) >= 0 {
						t.Fatalf("%s: %+v after %+v", name, p.h.At(i), p.h.At(i-1))
					}
				}
				n += p.h.Len()
			}
			if n != h.Len() {
				t.Fatalf("%s: %d histories in the profiles, %d in all", name, n, h.Len())
			}
			next, most, longest := 0, 0, 0
			for _, u := range h.Units {
				if u.From != next || u.To <= u.From {
					t.Fatalf("%s: units %v", name, h.Units)
				}
				for i := u.From; i < u.To; i++ {
					if h.X[i] != h.X[u.From] {
						t.Fatalf("%s: a unit of several x", name)
					}
					most, longest = max(most, int(h.X[i])), max(longest, int(h.T[i]))
				}
				next = u.To
			}
			if next != h.Len() || h.MostX() != most || h.Longest() != longest {
				t.Fatalf("%s: units end at %d of %d; most x %d, longest %d", name, next, h.Len(), h.MostX(), h.Longest())
			}
		}
	})
}

func flat(h History) []int { return []int{h.X, h.Tx, h.T} }

// The order of rows changes no bit.
func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	rows := simulate(.7, 5, 400, 200, 1, nil)
	rng := rand.New(rand.NewPCG(1, 1))
	weights, z := make([]float64, len(rows)), make([]float64, len(rows))
	for i := range rows {
		weights[i], z[i] = rng.Float64(), float64(rng.IntN(3))
	}
	order := rng.Perm(len(rows))
	pick := func(v []float64) []float64 {
		out := make([]float64, len(v))
		for k, i := range order {
			out[k] = v[i]
		}
		return out
	}
	shuffled := make([]History, len(rows))
	for k, i := range order {
		shuffled[k] = rows[i]
	}
	a, err := newHistories(columns(rows), weights, [][]float64{z})
	if err != nil {
		t.Fatal(err)
	}
	b, err := newHistories(columns(shuffled), pick(weights), [][]float64{pick(z)})
	if err != nil {
		t.Fatal(err)
	}
	a.LogGaps, b.LogGaps = 0, 0 // NaN equals nothing
	if !slices.Equal(a.Count, b.Count) || !slices.Equal(a.X, b.X) || !slices.Equal(a.T, b.T) || !slices.Equal(a.Units, b.Units) {
		t.Error("shuffled rows group otherwise")
	}
}

func TestThinAndReweighted(t *testing.T) {
	rows := simulate(.7, 5, 60_000, 700, 1, nil)
	z := make([]float64, len(rows))
	for i := range z {
		z[i] = float64(i % 3)
	}
	for _, covariates := range [][][]float64{nil, {z}} {
		h, err := newHistories(columns(rows), nil, covariates)
		if err != nil {
			t.Fatal(err)
		}
		if h.thin(h.Len()/2+1) != h {
			t.Error("a part that saves little is taken")
		}
		part := h.thin(2000)
		if d := part.Len() - 2000; d < -3 || d > 3 || len(part.profiles) != len(h.profiles) {
			t.Errorf("%d of the histories, %d profiles", part.Len(), len(part.profiles))
		}
		close(t, "rate of the part", part.Purchases/part.Exposure, h.Purchases/h.Exposure, 0.25)
		counts := make([]float64, h.Len())
		for i := range counts {
			counts[i] = h.Count[i] * 3
		}
		r := h.Reweighted(counts)
		close(t, "customers", r.Customers, 3*h.Customers, 1e-12)
		var inProfiles float64
		for k, p := range r.profiles {
			inProfiles += p.h.Customers
			close(t, "exposure of a profile", p.h.Exposure, 3*h.profiles[k].h.Exposure, 1e-12)
		}
		if covariates != nil {
			close(t, "customers in profiles", inProfiles, r.Customers, 1e-12)
		}
		again, other := h.Resampled(5), h.Resampled(6)
		if !slices.Equal(h.Resampled(5).Count, again.Count) || slices.Equal(again.Count, other.Count) {
			t.Error("resampling does not follow its seed")
		}
		// 60,000 Poisson customers, to five standard deviations.
		close(t, "customers drawn", again.Customers, h.Customers, 5/math.Sqrt(h.Customers))
	}
}

func TestLogGaps(t *testing.T) {
	rows := []History{{}, {X: 2, Tx: 5, T: 9}, {X: 1, Tx: 3, T: 3}}
	in := columns(rows)
	h, err := NewHistories(in, nil)
	if err != nil || !math.IsNaN(h.LogGaps) {
		t.Fatalf("%v, %v", h.LogGaps, err)
	}
	addFloats(in, "log_gaps", []float64{math.NaN(), -1.5, .25})
	if h, err = NewHistories(in, []float64{1, 2, 1}); err != nil || h.LogGaps != -2.75 {
		t.Errorf("%v, %v", h.LogGaps, err)
	}
}

func TestImpossibleRows(t *testing.T) {
	for name, c := range map[string]struct {
		h History
		w float64
	}{
		"t_x beyond T": {History{1, 5, 4}, 1}, "more days than days": {History{9, 8, 10}, 1}, "no repeat but a t_x": {History{0, 3, 10}, 1},
		"before the first": {History{0, 0, -1}, 1}, "too long": {History{0, 0, 1 << 20}, 1}, "weight below zero": {History{}, -1},
		"weight no number": {History{}, math.NaN()}, "weight infinite": {History{}, math.Inf(1)},
	} {
		if _, err := Group([]History{c.h}, []float64{c.w}); err == nil || !strings.Contains(err.Error(), "row 0") {
			t.Errorf("%s: grouped, %v", name, err)
		}
		if _, err := NewHistories(columns([]History{c.h}), []float64{c.w}); err == nil || !strings.Contains(err.Error(), "row 0") {
			t.Errorf("%s: read, %v", name, err)
		}
	}
	if _, err := Group(make([]History, 2), make([]float64, 1)); err == nil {
		t.Error("one weight for two histories")
	}
}

// The NBD has closed forms.
func TestNBD(t *testing.T) {
	const r, alpha = 0.8, 9.0
	s := Settings{Horizon: 365, Rate: math.Log(1.1) / 365 * 7, Window: 60}
	l := NBD{}.At([]float64{r, alpha}, s)
	for _, h := range []History{{T: 40}, {5, 100, 300}, {700, 800, 900}, {12, 14, 9000}, {}} {
		T := float64(h.T) / 7
		rate := (r + float64(h.X)) / (alpha + T)
		delta := math.Log(1.1) / 365
		got := l.Score(h)
		close(t, "orders", got.Expected, rate*365/7, 1e-12)
		close(t, "discounted", got.Discounted, rate/7*(1-math.Exp(-delta*365))/delta, 1e-12)
		close(t, "silence", got.Silent, math.Pow((alpha+T)/(alpha+T+60.0/7), r+float64(h.X)), 1e-9)
		close(t, "silence", l.NoPurchase(h, 60), got.Silent, 1e-14)
		close(t, "for ever", l.Discounted(h, Forever, s.Rate), rate/s.Rate, 1e-12)
		close(t, "discounted", l.Discounted(h, 365, s.Rate), got.Discounted, 1e-12)
		if !math.IsInf(l.Discounted(h, Forever, 0), 1) {
			t.Error("without discount or churn, orders for ever have a bound")
		}
		// (α+T)/(α+T+d) to the r+x is a half.
		close(t, "next order", float64(got.Next), math.Ceil(7*(alpha+T)*(math.Exp2(1/(r+float64(h.X)))-1)), 0)
		ahead := make([]float64, 2)
		l.ExpectedTo(ahead, h, []int{0, 365})
		if alive, expected := l.Quick(h); alive != 1 || l.PAlive(h) != 1 || expected != got.Expected || math.Abs(ahead[1]-expected) > 1e-14*expected || ahead[0] != 0 {
			t.Errorf("%v alive, %v expected, %v", alive, expected, ahead)
		}
		one, err := Group([]History{h}, nil)
		if err != nil {
			t.Fatal(err)
		}
		close(t, "log-likelihood", NBD{}.LogLikelihood(one, []float64{r, alpha}, nil, nil, 1), l.LogLikelihood(h), 1e-12)
	}
	close(t, "new customer", l.NewCustomer(70), r/alpha*10, 1e-14)
	if d := (NBD{}).At([]float64{.01, 1e5}, s).Score(History{T: 10}).Next; d != 0 {
		t.Errorf("an order within %d days of somebody who hardly buys", d)
	}
}

func TestNegativeBinomial(t *testing.T) {
	for _, c := range []struct{ shape, rate, span float64 }{{.5, 3, 10}, {2.5, 40, 52}, {1000.4, 120, 52}, {1000, 2, 3000}, {1, 1, 0}, {1e-4, 1e6, 3}} {
		dst := make([]float64, 3000)
		rest := NegativeBinomialTo(dst, c.shape, c.rate, c.span)
		sum, mean := rest, 0.0
		for n, p := range dst {
			a, _ := math.Lgamma(c.shape + float64(n))
			b, _ := math.Lgamma(c.shape)
			d, _ := math.Lgamma(float64(n + 1))
			want := math.Exp(a - b - d - c.shape*math.Log1p(c.span/c.rate) + float64(n)*math.Log(c.span/(c.rate+c.span)))
			if n == 0 {
				want = math.Exp(-c.shape * math.Log1p(c.span/c.rate))
			}
			if math.Abs(p-want) > 1e-10*want+1e-300 {
				t.Fatalf("%+v: P(%d) %v, want %v", c, n, p, want)
			}
			sum, mean = sum+p, mean+float64(n)*p
		}
		if math.Abs(sum-1) > 1e-12 || rest < 1e-13 && math.Abs(mean-c.shape/c.rate*c.span) > 1e-9*mean {
			t.Errorf("%+v: sum %v, mean %v", c, sum, mean)
		}
	}
}

// NBD as a model of its own: an estimate near the truth, and no word of P(alive).
func TestModelOfNBD(t *testing.T) {
	in := columns(simulate(.8, 6, 5000, 500, 3, nil))
	m := &Model{Family: NBD{}}
	f := fitted(t, m, in)
	r := f.Report()
	if r.Status != models.Converged || r.Method != MethodNBD || r.Model != MethodNBD || len(r.Warnings) > 0 {
		t.Fatalf("%+v", r)
	}
	for i, want := range []float64{.8, 6} {
		if se := f.StandardErrors()[i]; math.Abs(r.Parameters[i].Value-want) > 4*se.Value+0.03*want {
			t.Errorf("%s %v, want %v (standard error %v)", se.Name, r.Parameters[i].Value, want, se.Value)
		}
	}
	for _, v := range scored(t, f, in).Floats("p_alive") {
		if !math.IsNaN(v) {
			t.Fatal("p_alive of a family without churn")
		}
	}
	modelstest.Run(t, m, columns(simulate(.8, 6, 300, 500, 3, nil)), modelstest.Valid) // p_alive is missing on purpose
}

// Units of days and weeks agree: the rate per week is seven times that per day.
func TestWeeks(t *testing.T) {
	h, err := Group([]History{{X: 3, Tx: 50, T: 100}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Per day: Γ(r+x)/Γ(r) α^r (α+T)^-(r+x) with α in days differs by 7^x only.
	r, days := 1.3, 40.0
	rising, _ := math.Lgamma(r + 3)
	base, _ := math.Lgamma(r)
	perDay := rising - base + r*math.Log(days) - (r+3)*math.Log(days+100)
	close(t, "log-likelihood", NBD{}.LogLikelihood(h, []float64{r, days / 7}, nil, nil, 1), perDay+3*math.Log(7), 1e-12)
}

func TestCovariatesOfNBD(t *testing.T) {
	const n = 6000
	z := make([]float64, n)
	for i := range z {
		z[i] = float64(i%5) * 1000 // its scale does not matter
	}
	rows := simulate(1, 8, n, 400, 4, func(i int) float64 { return math.Exp(2e-4 * z[i]) })
	in := columns(rows)
	addFloats(in, "z", z)
	m := &Model{Family: NBD{}, Buying: []string{"z"}}
	f := fitted(t, m, in)
	for i, want := range []float64{1, 8, 2e-4} {
		if se := f.StandardErrors()[i]; math.Abs(f.Params()[i]-want) > 4*se.Value+0.03*want {
			t.Errorf("%s %v, want %v (standard error %v)", se.Name, f.Params()[i], want, se.Value)
		}
	}
	// In other units of z the model is the same.
	small := make([]float64, n)
	for i := range z {
		small[i] = z[i] / 1000
	}
	other := columns(rows)
	addFloats(other, "z", small)
	g := fitted(t, m, other)
	close(t, "coefficient", g.Params()[2], 1000*f.Params()[2], 1e-5)
	close(t, "its standard error", g.StandardErrors()[2].Value, 1000*f.StandardErrors()[2].Value, 1e-5)
	close(t, "log-likelihood", g.Report().LogLikelihood, f.Report().LogLikelihood, 1e-12)
	// Far beyond what was seen: still finite.
	z[0] = 1e9
	if v := scored(t, f, in).Floats("expected_orders")[0]; math.IsNaN(v) || math.IsInf(v, 0) {
		t.Errorf("expected orders %v", v)
	}
	z[0] = math.NaN()
	if v := scored(t, f, in).Floats("expected_orders"); !math.IsNaN(v[0]) || math.IsNaN(v[1]) {
		t.Errorf("a missing covariate: %v, its neighbour %v", v[0], v[1])
	}
	h, err := NewHistories(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Refit(t.Context(), h); err == nil {
		t.Error("refitted without its covariates")
	}
	if h, err = m.Histories(in); err != nil {
		t.Fatal(err)
	}
	refit, err := f.Refit(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	close(t, "coefficient refitted", refit.Params()[2], f.Params()[2], 0.01)
	// From far away a refit has to search.
	f.estimates = []float64{30, .5, 1e-3}
	far, err := f.Refit(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	close(t, "coefficient refitted from afar", far.Params()[2], refit.Params()[2], 1e-4)
}

func TestModelsThatCannotBe(t *testing.T) {
	in := columns(simulate(.8, 6, 300, 500, 3, nil))
	for name, m := range map[string]*Model{
		"no family": {}, "covariates of churn without churn": {Family: NBD{}, Churn: []string{"x"}}, "no such covariate": {Family: NBD{}, Buying: []string{"z"}},
		"no such weight": {Family: NBD{}, Weight: "w"}, "a weight of another kind": {Family: NBD{}, Weight: "x"},
	} {
		if _, err := m.Fit(t.Context(), in); err == nil {
			t.Errorf("%s: fitted", name)
		}
	}
	f := fitted(t, &Model{Family: NBD{}}, columns(nil))
	if _, err := f.Refit(t.Context(), &Histories{}); !errors.Is(err, errNothingFitted) {
		t.Errorf("refitted nothing: %v", err)
	}
}

// shifted is NBD with another constant: a family of a Varied one.
type shifted struct {
	NBD
	name  string
	shift float64
}

func (s shifted) Name() string { return s.name }

func (s shifted) LogLikelihood(h *Histories, p, gradient, hessian []float64, workers int) float64 {
	return s.NBD.LogLikelihood(h, p, gradient, hessian, workers) + s.shift
}

// several chooses among three.
type several struct{ NBD }

func (several) Name() string { return "several" }

func (several) Variants(*Histories) []Family {
	return []Family{shifted{name: "one"}, shifted{name: "two", shift: 5}, shifted{name: "three", shift: 5}}
}

func TestVariants(t *testing.T) {
	in := columns(simulate(.8, 6, 400, 500, 3, nil))
	m := &Model{Family: several{}}
	f := fitted(t, m, in)
	r := f.Report()
	if r.Model != "several" || r.Method != "two" || len(f.Variants()) != 3 || f.Family().Name() != "two" {
		t.Fatalf("%+v, %v", r, f.Variants())
	}
	if d := f.Variants()[1].LogLikelihood - f.Variants()[0].LogLikelihood; math.Abs(d-5) > 1e-6 {
		t.Errorf("two beats one by %v", d)
	}
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	if g := again.(*Fitted); g.Family().Name() != "two" || !slices.Equal(g.Variants(), f.Variants()) || !slices.Equal(g.Params(), f.Params()) {
		t.Errorf("read back: %s, %v", g.Family().Name(), g.Variants())
	}
}

// A saved model is small and complete: what is read back is what was written.
func TestSavedModel(t *testing.T) {
	m := &Model{Family: NBD{}, DiscountRate: .1}
	f := fitted(t, m, columns(simulate(.8, 6, 400, 500, 3, nil)))
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 350 {
		t.Errorf("%d bytes: %s", len(data), data)
	}
	again, err := m.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(again)
	if err != nil || string(twice) != string(data) {
		t.Errorf("read back and written again:\n%s\n%s, %v", data, twice, err)
	}
	for _, damage := range []struct{ from, to string }{
		{`"r":`, `"q":`}, {`"method":"nbd"`, `"method":"magic"`}, {`"r":`, `"r":-`}, {`"method":`, `"model":"nbd","method":`},
		{`"covariance_of_logs":[`, `"covariance_of_logs":[1,`}, {`"discount_rate":0.1`, `"horizon_days":-3`}, {`"longest_days":`, `"longest_days":-`},
		{`"settings":{"discount_rate":0.1}`, `"iterations":7`},
	} {
		bad := strings.Replace(string(data), damage.from, damage.to, 1)
		if bad == string(data) {
			t.Fatalf("nothing to damage: %s", damage.from)
		}
		if _, err := m.Load([]byte(bad)); err == nil {
			t.Errorf("loaded with %s", damage.to)
		}
	}
}

func TestTrackByHand(t *testing.T) {
	l := NBD{}.At([]float64{2, 7}, Settings{}) // 2/49 a day
	cumulative, incremental := Track(l, []float64{10, 0, 5}, []int{0, 2, 30})
	for i, want := range []float64{0, 20, 10*30 + 5*28} {
		close(t, "cumulative", cumulative[i], want*2/49, 1e-14)
	}
	if incremental[0] != 0 || math.Abs(incremental[1]+incremental[2]-cumulative[2]) > 1e-12 {
		t.Errorf("incremental %v of %v", incremental, cumulative)
	}
	if got := fmt.Sprint(Weeks(20), Weeks(21), Weeks(6)); got != "[6 13] [6 13 20] []" {
		t.Error(got)
	}
	if c, i := Track(l, []float64{1}, nil); len(c)+len(i) > 0 {
		t.Error("tracking to no day")
	}
	defer func() {
		if recover() == nil {
			t.Error("days that go back")
		}
	}()
	Track(l, []float64{1}, []int{9, 3})
}

func TestNextOrder(t *testing.T) {
	for _, day := range []int{1, 2, 77, 3649, 3650, 3651, 99999} {
		got := NextOrder(func(d int) float64 {
			if d >= day {
				return 0.5
			}
			return 0.6
		})
		want := day
		if day > Farthest {
			want = 0
		}
		if got != want {
			t.Errorf("day %d: %d", day, got)
		}
	}
}

// From wherever the search starts, the first day is the same.
func TestFirstDayNear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate, floor := rapid.Float64Range(1e-4, 2).Draw(t, "rate"), rapid.Float64Range(0, 0.49).Draw(t, "in the end")
		silent := func(d int) float64 { return floor + (1-floor)*math.Exp(-rate*float64(d)) }
		if silent(Farthest) > 0.5 {
			return
		}
		asked := 0
		near := rapid.IntRange(0, Farthest).Draw(t, "near")
		got := FirstDayNear(near, Farthest, func(d int) float64 {
			asked++
			return silent(d)
		})
		if want := FirstDay(Farthest, silent); got != want || asked > 40 {
			t.Fatalf("day %d after asking for %d, want day %d", got, asked, want)
		}
	})
}
