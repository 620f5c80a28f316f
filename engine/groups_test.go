package engine_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"clientele/engine"
	"clientele/engine/table"
)

// groupedShop is orders and customers of a shop whose customers from search buy
// e^0.7 times as often as those from the web, and pay three times as much for it; ten
// years more make e^0.2; gender acts on nothing. A fifth of them say nothing.
func groupedShop(customers int, seed uint64) (orders, people string) {
	rng := rand.New(rand.NewPCG(seed, 3))
	rates := distuv.Gamma{Alpha: 1, Beta: 9, Src: rng}
	deaths := distuv.Gamma{Alpha: 1, Beta: 60, Src: rng}
	start := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	const days = 900
	var o, p strings.Builder
	o.WriteString("customer,date,amount\n")
	p.WriteString("customer_id,gender,birth_date,acquired_channel\n")
	for i := range customers {
		channel, known, age := "web", rng.IntN(5) > 0, 20+rng.IntN(50)
		l := 0.2 * float64(age-40) / 10
		if rng.IntN(3) == 0 {
			channel = "search"
			l += 0.7
		}
		if !known {
			channel, l = "web", 0
		}
		rate := rates.Rand() / 7 * math.Exp(l)
		life := rng.ExpFloat64() / (deaths.Rand() / 7)
		first := rng.IntN(600)
		price := distuv.Gamma{Alpha: 6, Beta: distuv.Gamma{Alpha: 5, Beta: 60, Src: rng}.Rand(), Src: rng}
		for at := 0.0; at < min(life, float64(days-first)); at += rng.ExpFloat64() / rate {
			amount := price.Rand()
			if channel == "search" {
				amount *= 3
			}
			fmt.Fprintf(&o, "c%d,%s,%.2f\n", i, start.AddDate(0, 0, first+int(at)).Format(time.DateOnly), amount)
		}
		if known {
			born := start.AddDate(-age, 0, days-rng.IntN(365))
			fmt.Fprintf(&p, "c%d,%s,%s,%s\n", i, []string{"female", "male"}[rng.IntN(2)], born.Format(time.DateOnly), channel)
		}
	}
	return o.String(), p.String()
}

// fit is a row of the models table.
type fit struct {
	status             string
	likelihood         float64
	parameters, errors map[string]float64
}

func fits(t *testing.T, e *engine.Engine) map[string]fit {
	t.Helper()
	in, err := e.Query(t.Context(), "SELECT model, status, coalesce(log_likelihood, 'nan') AS likelihood, parameters, standard_errors FROM models")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]fit{}
	for i := range in.Rows() {
		text := func(name string) []byte { return in.Column(name).Texts.At(i) }
		f := fit{status: string(text("status")), likelihood: in.Floats("likelihood")[i]}
		if json.Unmarshal(text("parameters"), &f.parameters) != nil || json.Unmarshal(text("standard_errors"), &f.errors) != nil {
			t.Fatalf("%s, %s", text("parameters"), text("standard_errors"))
		}
		out[string(text("model"))] = f
	}
	return out
}

// consistent checks what every run promises: an interval for each customer who
// bought, and totals that are the sums of the customers.
func consistent(t *testing.T, e *engine.Engine) {
	t.Helper()
	bad := rows(t, e, `SELECT customer_id FROM scores WHERE orders > 0 AND NOT coalesce(
  expected_orders_low <= expected_orders_high AND clv_low <= clv_high AND p_alive BETWEEN 0 AND 1 AND churn_risk BETWEEN 0 AND 1 AND clv >= 0, false)`)
	if len(bad) > 0 {
		t.Errorf("%d customers without a whole score, first %s", len(bad), bad[0])
	}
	off := rows(t, e, `WITH s AS (
  SELECT 'all' AS scheme, 'all' AS segment, sum(expected_orders) AS orders, sum(clv) AS clv FROM scores WHERE orders > 0
  UNION ALL SELECT 'lifecycle', lifecycle_stage, sum(expected_orders), sum(clv) FROM scores WHERE orders > 0 GROUP BY ALL
)
SELECT t.segment, t.expected_orders, s.orders, t.clv, s.clv FROM totals AS t JOIN s USING (scheme, segment)
WHERE abs(t.expected_orders - s.orders) > 1e-6 * s.orders OR abs(t.clv - s.clv) > 1e-6 * s.clv
  OR NOT (t.expected_orders_low <= t.expected_orders AND t.expected_orders <= t.expected_orders_high)`)
	if len(off) > 0 {
		t.Errorf("totals are not those of their customers: %q", off)
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	e := workspace(t)
	orders, people := groupedShop(2500, 5)
	loadText(t, e, "orders", "orders.csv", orders)
	loadText(t, e, "customers", "people.csv", people)

	e.Config.Models.By = "acquired_channel"
	if _, err := e.Score(t.Context(), "latest"); err != nil {
		t.Fatal(err)
	}
	consistent(t, e)
	got := fits(t, e)
	web, search, pooled, both := got["pareto_nbd/web"], got["pareto_nbd/search"], got["pareto_nbd/(pooled)"], got["pareto_nbd/(groups)"]
	if web.status != "converged" || search.status != "converged" || both.parameters["fits"] != 2 {
		t.Fatalf("%+v", got)
	}
	if sum := web.likelihood + search.likelihood + pooled.likelihood; pooled.status == "converged" && math.Abs(both.likelihood-sum) > 1e-6 {
		t.Errorf("log-likelihood together %v, sum %v", both.likelihood, sum)
	}
	if one := got["pareto_nbd"].likelihood; math.Abs(both.parameters["likelihood_ratio"]-2*(both.likelihood-one)) > 1e-6 || both.parameters["aic_gain"] < 10 || both.parameters["p_value"] > 1e-4 {
		t.Errorf("groups that differ: %+v, one fit %v", both, one)
	}
	rate := func(f fit) float64 { return f.parameters["r"] / f.parameters["alpha"] }
	// e^0.7 is 2.01; ages make both rates a little higher.
	if ratio := rate(search) / rate(web); ratio < 1.5 || ratio > 2.7 {
		t.Errorf("search buys %.2f times as often as web", ratio)
	}
	spend := func(f fit) float64 { return f.parameters["p"] * f.parameters["v"] / (f.parameters["q"] - 1) }
	if ratio := spend(got["gamma_gamma/search"]) / spend(got["gamma_gamma/web"]); ratio < 2.6 || ratio > 3.4 {
		t.Errorf("search pays %.2f times as much as web", ratio)
	}
	b, err := e.Backtest(t.Context(), engine.Backtesting{Origins: 1, Models: []string{"pareto_nbd"}})
	if err != nil {
		t.Fatal(err)
	}
	// Beside it stands the model of all customers together.
	o := section(t, b, "orders")
	i, k := row(t, o, "model", "pareto_nbd"), row(t, o, "model", "plain_pareto_nbd")
	for _, c := range []string{"surprise", "inside_95", "pit_ks"} {
		t.Logf("%s: %.4f by group, %.4f together", c, o.Floats(c)[i], o.Floats(c)[k])
	}
	if !(o.Floats("surprise")[i] < o.Floats("surprise")[k]) || !(o.Floats("inside_95")[i] > 0.93) || !(o.Floats("log_likelihood")[i] > o.Floats("log_likelihood")[k]) {
		t.Error("fits by group are not better where groups differ")
	}
	weeks := section(t, b, "weeks")
	if n := weeks.Rows(); n == 0 || math.IsNaN(weeks.Floats("modelled")[n-1]) {
		t.Error("no weeks are tracked")
	}
}

func TestCovariates(t *testing.T) {
	t.Parallel()
	e := workspace(t)
	orders, people := groupedShop(2000, 6)
	loadText(t, e, "orders", "orders.csv", orders)
	loadText(t, e, "customers", "people.csv", people)
	e.Config.Models.Buying = []string{"acquired_channel", "gender", "age"}
	e.Config.Models.Leaving = []string{"gender"}
	e.Config.Churn.Model = "purchase" // eight fits less
	if _, err := e.Score(t.Context(), "latest"); err != nil {
		t.Fatal(err)
	}
	consistent(t, e)
	f := fits(t, e)["pareto_nbd"]
	if f.status != "converged" {
		t.Fatalf("%+v", f)
	}
	// Who says nothing of gender says nothing of age or channel either: told once. No
	// effect of gender on anything.
	for name, want := range map[string]float64{"trans.acquired_channel=search": 0.7, "trans.age": 0.2, "trans.gender=male": 0, "life.gender=male": 0, "trans.acquired_channel=(other)": 0} {
		got, known := f.parameters[name]
		se := f.errors[name]
		if !known || !(se > 0) || math.Abs(got-want) > 4*se {
			t.Errorf("%s %.3f, want %.3f (standard error %.3f)", name, got, want, se)
		}
	}
	if f.errors["trans.acquired_channel=search"] > 0.15 || len(f.errors) != len(f.parameters) {
		t.Errorf("%+v", f)
	}
	notes := rows(t, e, "SELECT unnest(json_extract_string(notes, '$[*].en')) FROM models WHERE model = 'pareto_nbd'")
	if !slices.ContainsFunc(notes, func(s string) bool {
		return strings.HasPrefix(s, "Customers of acquired_channel search buy ") && strings.Contains(s, " times as often as those of web (95 % interval ")
	}) {
		t.Errorf("%q", notes)
	}
	warnings := rows(t, e, "SELECT json_extract_string(warnings, '$[0].code') FROM models WHERE model = 'pareto_nbd'")
	if !slices.Equal(warnings, []string{"dependent_covariate"}) {
		t.Errorf("%q", warnings)
	}
	b, err := e.Backtest(t.Context(), engine.Backtesting{Origins: 1, Models: []string{"pareto_nbd", "bg_nbd"}})
	if err != nil {
		t.Fatal(err)
	}
	o := section(t, b, "orders")
	for _, model := range []string{"pareto_nbd", "bg_nbd"} {
		i := row(t, o, "model", model)
		if math.IsNaN(o.Floats("surprise")[i]) || math.IsNaN(o.Floats("inside_95")[i]) || math.IsNaN(o.Floats("pit_ks")[i]) {
			t.Errorf("%s: %v", model, o)
		}
	}
	// Without covariates, what came is a greater surprise: a little, since a customer's
	// own purchases tell most of it.
	c := section(t, b, "choice")
	if i := row(t, c, "model", "plain_pareto_nbd"); !(c.Floats("worse")[i] > 0) || !(c.Floats("worse_low")[i] < c.Floats("worse")[i]) || c.Rows() != 3 {
		t.Errorf("plain: worse by %v, at least %v", c.Floats("worse")[i], c.Floats("worse_low")[i])
	}
}

// Guests who say nothing are not known when they come again: no model can be fitted to
// them, and everything is there all the same.
func TestGroupsBesideGuests(t *testing.T) {
	t.Parallel()
	e := workspace(t)
	orders, people := groupedShop(1400, 7)
	var all strings.Builder
	for i, line := range strings.SplitAfter(orders, "\n") {
		customer, rest, _ := strings.Cut(line, ",")
		if i > 0 && line != "" && !strings.Contains(people, "\n"+customer+",") {
			line = fmt.Sprintf("guest%d,%s", i, rest)
		}
		all.WriteString(line)
	}
	loadText(t, e, "orders", "orders.csv", all.String())
	loadText(t, e, "customers", "people.csv", people)
	e.Config.Models.By = "acquired_channel"
	if _, err := e.Score(t.Context(), "latest"); err != nil {
		t.Fatal(err)
	}
	got := fits(t, e)
	if got["pareto_nbd/(pooled)"].status != "fallback" || got["pareto_nbd/web"].status != "converged" {
		t.Fatalf("%+v", got)
	}
	want := "true|true|true"
	if s := rows(t, e, `SELECT abs(sum(s.expected_orders) / any_value(t.expected_orders) - 1) < 1e-6, bool_and(s.expected_orders_low <= s.expected_orders_high AND s.clv_low <= s.clv_high AND s.churn_risk BETWEEN 0 AND 1),
  avg(s.expected_orders) FILTER (c.acquired_channel IS NULL) < 0.2 * avg(s.expected_orders) FILTER (c.acquired_channel = 'web')
FROM scores AS s JOIN customers AS c USING (customer_id) CROSS JOIN (FROM totals WHERE scheme = 'all') AS t WHERE s.orders > 0`); len(s) != 1 || s[0] != want {
		t.Errorf("%q", s)
	}
	b, err := e.Backtest(t.Context(), engine.Backtesting{Origins: 1, Models: []string{"pareto_nbd"}})
	if err != nil {
		t.Fatal(err)
	}
	o, y, w := section(t, b, "orders"), section(t, b, "buying"), section(t, b, "weeks")
	if i := row(t, o, "model", "pareto_nbd"); math.IsNaN(o.Floats("surprise")[i]+o.Floats("inside_95")[i]+o.Floats("pit_ks")[i]) || math.IsNaN(w.Floats("modelled")[0]) {
		t.Error("a backtest without figures")
	}
	if i := row(t, y, "score", "pareto_nbd"); math.IsNaN(y.Floats("brier")[i]) || !(y.Floats("auc")[i] > 0.6) {
		t.Errorf("Brier %v, AUC %v", y.Floats("brier")[i], y.Floats("auc")[i])
	}
}

// What is told of a customer later changes nothing that models read of an earlier day,
// and does change what they read of a later one.
func TestAttributesOfThePast(t *testing.T) {
	var orders, people, later strings.Builder
	orders.WriteString("customer,date,amount\n")
	people.WriteString("customer_id,gender,birth_date,city,acquired_channel,updated_at\n")
	later.WriteString("customer_id,gender,birth_date,city,acquired_channel,updated_at\n")
	for i := range 60 {
		fmt.Fprintf(&orders, "c%d,2024-%02d-%02d,5\nc%d,2024-09-%02d,7\n", i, i%5+1, i%28+1, i, i%28+1)
		if i%2 == 0 {
			fmt.Fprintf(&people, "c%d,female,19%02d-03-01,Lyon,web,2024-01-0%d\n", i, 50+i%40, i%9+1)
		}
		fmt.Fprintf(&later, "c%d,male,1999-09-09,Paris,shop,2024-07-0%d\n", i, i%9+1)
	}
	day := func(text string) engine.Day {
		d, err := engine.ParseDay(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	summaries := map[string][]*table.Table{}
	for _, files := range [][]string{{people.String()}, {people.String(), later.String()}} {
		e := workspace(t)
		e.Config.Models.By, e.Config.Models.Buying, e.Config.Models.Leaving = "cohort", []string{"gender", "age", "city"}, []string{"acquired_channel"}
		loadText(t, e, "orders", "orders.csv", orders.String())
		for k, text := range files {
			loadText(t, e, "customers", fmt.Sprintf("people%d.csv", k), text)
		}
		for _, cut := range []string{"2024-06-30", "2024-07-31"} {
			summary, _, err := engine.PastSummary(e, day(cut)+60, day(cut), 60)
			if err != nil {
				t.Fatal(err)
			}
			summaries[cut] = append(summaries[cut], summary)
		}
	}
	for _, name := range []string{"gender", "age", "city", "acquired_channel", "cohort"} {
		is := func(cut string) bool {
			a, b := summaries[cut][0].Column(name), summaries[cut][1].Column(name)
			if a.Kind == table.Float { // NaN is not itself
				return fmt.Sprint(a.Floats) == fmt.Sprint(b.Floats)
			}
			return reflect.DeepEqual(a, b)
		}
		if !is("2024-06-30") {
			t.Errorf("%s of 2024-06-30 knows what was told in July", name)
		}
		if name != "cohort" && is("2024-07-31") {
			t.Errorf("%s of 2024-07-31 does not know what was told in July", name)
		}
	}
	first := summaries["2024-06-30"][0]
	if labels := first.Column("gender").Labels; !slices.Equal(labels, []string{"female"}) || first.Column("cohort").Labels[0] != "2024" {
		t.Errorf("%v, %v", labels, first.Column("cohort").Labels)
	}
	age := first.Floats("age")
	if i := slices.IndexFunc(age, math.IsNaN); i < 0 || !math.IsNaN(age[i]) || first.Codes("gender")[i] != -1 {
		t.Errorf("ages %v", age)
	}
}
