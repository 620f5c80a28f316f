package engine_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"clientele/engine"
	"clientele/engine/demo"
	"clientele/models/gammagamma"
	"clientele/models/paretonbd"
)

// On the plain demo shop fits recover the parameters that it was generated
// from. For Pareto/NBD by the likelihood-ratio test: twice the gain of the fit
// over the truth is chi-squared with four degrees of freedom, above 18.47 once
// in a thousand; the shop's whole days and its one order a day cost a little more.
func TestPlainShopRecoversTruth(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "shop")
	truth, err := demo.Write(context.Background(), dir, demo.Options{Customers: 20_000, Seed: 11, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(dir, now(), "test")
	if err != nil {
		t.Fatal(err)
	}
	e.Config.Output.Reports = nil
	if _, err := e.Run(context.Background(), "latest", false); err != nil {
		t.Fatal(err)
	}
	scores, err := e.Query(context.Background(), "SELECT orders, recency_days, tenure_days FROM scores WHERE orders > 0 ORDER BY customer_id")
	if err != nil {
		t.Fatal(err)
	}
	n := scores.Rows()
	if int64(n) != truth.Totals.CustomersWithOrders {
		t.Errorf("%d customers with orders, truth.json says %d", n, truth.Totals.CustomersWithOrders)
	}
	x, tx, age := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		x[i] = float64(scores.Ints("orders")[i] - 1)
		age[i] = float64(scores.Ints("tenure_days")[i]) / 7
		tx[i] = age[i] - float64(scores.Ints("recency_days")[i])/7
	}
	want := paretonbd.Params{R: truth.Process.R, Alpha: truth.Process.Alpha, S: truth.Process.S, Beta: truth.Process.Beta}
	fit := parameters(t, e, "pareto_nbd")
	got := paretonbd.Params{R: fit["r"], Alpha: fit["alpha"], S: fit["s"], Beta: fit["beta"]}
	gain := 2 * (paretonbd.LogLikelihood(got, x, tx, age) - paretonbd.LogLikelihood(want, x, tx, age))
	t.Logf("Pareto/NBD %+v, truth %+v, likelihood ratio %.2f", got, want, gain)
	if !(gain >= 0 && gain < 25) {
		t.Errorf("the truth is out of reach of the fit: likelihood ratio %.2f", gain)
	}
	fit = parameters(t, e, "gamma_gamma")
	spend := gammagamma.Params{P: fit["p"], Q: fit["q"], V: fit["v"]}
	mean := truth.Spend.P * truth.Spend.V / (truth.Spend.Q - 1)
	t.Logf("Gamma-Gamma %+v, mean %.2f, truth %+v, mean %.2f", spend, spend.MeanSpend(), truth.Spend, mean)
	if math.Abs(spend.MeanSpend()/mean-1) > 0.03 || math.Abs(spend.Q/truth.Spend.Q-1) > 0.15 || math.Abs(spend.P/truth.Spend.P-1) > 0.25 {
		t.Errorf("Gamma-Gamma %+v, truth %+v", spend, truth.Spend)
	}
}

// parameters reads the parameters of a model of the current run.
func parameters(t *testing.T, e *engine.Engine, model string) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for _, r := range rows(t, e, "SELECT unnest(json_keys(parameters)) AS k, json_extract_string(parameters, '$.' || k) FROM models WHERE model = '"+model+"'") {
		name, value, _ := strings.Cut(r, "|")
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = v
	}
	if len(out) == 0 {
		t.Fatalf("no parameters of %s", model)
	}
	return out
}

// The full demo shop, dirt and all, loads to the cent of what truth.json says.
func TestDemoShopLoadsToTheCent(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "shop")
	truth, err := demo.Write(context.Background(), dir, demo.Options{Customers: 2_000, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(dir, now(), "test")
	if err != nil {
		t.Fatal(err)
	}
	ran, err := e.Run(context.Background(), "latest", false)
	if err != nil {
		t.Fatal(err)
	}
	byPath := map[string]engine.Loaded{}
	for _, l := range ran.Loaded {
		byPath[l.Path] = l
	}
	for _, f := range truth.Files {
		l, ok := byPath[f.Path]
		if !ok {
			t.Errorf("%s was not loaded", f.Path)
			continue
		}
		if l.Read != int64(f.Rows) || l.Accepted != int64(f.Accepted) || l.Duplicates != int64(f.Duplicates) || l.Rejected != int64(f.Rejected) {
			t.Errorf("%s: read %d, accepted %d, duplicates %d, rejected %d; truth %+v", f.Path, l.Read, l.Accepted, l.Duplicates, l.Rejected, f)
		}
	}
	total := truth.Totals
	expect(t, e, `SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM orders WHERE counted), (SELECT sum(net) FROM orders WHERE counted),
  (SELECT sum(amount) FROM refunds), (SELECT count(*) FROM refunds), (SELECT count(DISTINCT member) FROM orders WHERE counted),
  (SELECT count(*) FROM order_lines), (SELECT count(*) FROM interactions), (SELECT count(*) FROM responses), (SELECT count(*) FROM products)`,
		fmt.Sprintf("%d|%d|%s|%s|%d|%d|%d|%d|%d|%d", total.Orders, total.CountedOrders, money(total.GrossRevenue), money(total.Refunds),
			total.RefundsCount, total.CustomersWithOrders, total.OrderLines, total.Interactions, total.Responses, total.Products))
	// Guests who wrote a member's address are that member.
	expect(t, e, "SELECT count(*) FROM identities WHERE id_space = 'email' AND customer_id NOT LIKE 'email:%'", fmt.Sprint(total.GuestsAreMembers))
	checks, err := e.Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks.Failed() {
		t.Errorf("check %s: %d rows are wrong, such as %s", c.Name, c.Failed, c.Example)
	}
	if _, err := os.Stat(filepath.Join(dir, "exports", "current", "report.zh.html")); err != nil {
		t.Error(err)
	}
}

// money is cents as the tests' cells have decimals: without zeros at the end.
func money(c demo.Cents) string {
	return strings.TrimSuffix(strings.TrimRight(c.String(), "0"), ".")
}
