package engine_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"clientele/engine"
	"clientele/engine/table"
)

// section is a table of a backtest.
func section(t *testing.T, b engine.Backtested, title string) *table.Table {
	t.Helper()
	i := slices.IndexFunc(b.Sections, func(s engine.Section) bool { return s.Title == title })
	if i < 0 {
		t.Fatalf("no section %s", title)
	}
	return b.Sections[i].Table
}

// row is the row of a table with these values in its text columns.
func row(t *testing.T, in *table.Table, column, value string) int {
	t.Helper()
	for i := range in.Rows() {
		if string(in.Column(column).Texts.At(i)) == value {
			return i
		}
	}
	t.Fatalf("no %s %s", column, value)
	return 0
}

// The churn figures that reference/statistics.md (1, "What must be true") asks for,
// by the whole way from files: snapshots by the summary's SQL, the purchase model's
// probability among the features, the score chosen on the last closed window.
func TestBacktestChurn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, asOf     string
		window, n      int
		rate           float64
		auc, brier     float64
		recency, order float64 // AUC of the plain rules: .7928 and .7942 on CDNOW
	}{
		{"cdnow.csv", "1998-04-01", 91, 23502, 1 - .836993, .807, .105, .7928, .80},
		{"online_retail.csv", "2011-11-29", 90, 3317, 1 - .438046, .742, .2075, .6838, .72},
	} {
		t.Run(c.file, func(t *testing.T) {
			e := workspace(t)
			e.Config.Purchases = "positive"
			load(t, e, source("orders", shared(t, c.file)))
			b, err := e.Backtest(t.Context(), engine.Backtesting{AsOf: c.asOf, Origins: 1, Holdout: c.window, Models: []string{"pareto_nbd"}})
			if err != nil {
				t.Fatal(err)
			}
			buying := section(t, b, "buying")
			i := row(t, buying, "score", "churn_risk")
			if n := buying.Ints("customers")[i]; n != int64(c.n) {
				t.Errorf("%d customers, want %d", n, c.n)
			}
			if got := buying.Floats("bought")[i]; math.Abs(got-c.rate) > 5e-7 {
				t.Errorf("bought %v, want %v", got, c.rate)
			}
			t.Logf("AUC %.4f, Brier %.4f", buying.Floats("auc")[i], buying.Floats("brier")[i])
			if got := buying.Floats("auc")[i]; !(got >= c.auc) {
				t.Errorf("AUC %.4f, want at least %v", got, c.auc)
			}
			if got := buying.Floats("brier")[i]; !(got <= c.brier) {
				t.Errorf("Brier %.4f, want at most %v", got, c.brier)
			}
			if got := buying.Floats("auc")[row(t, buying, "score", "recency")]; math.Abs(got-c.recency) > 5e-5 {
				t.Errorf("AUC of recency %.4f, want %v", got, c.recency)
			}
		})
	}
}

// Forecasts of reference/clv.md through the whole way: holdout totals and errors of
// CDNOW from 1997-09-30, 273 days (39 weeks) ahead.
func TestBacktestCDNOW(t *testing.T) {
	t.Parallel()
	e := workspace(t)
	load(t, e, source("orders", shared(t, "cdnow.csv")))
	b, err := e.Backtest(t.Context(), engine.Backtesting{AsOf: "1998-06-30", Origins: 1, Holdout: 273})
	if err != nil {
		t.Fatal(err)
	}
	orders := section(t, b, "orders")
	for _, c := range []struct {
		model                     string
		forecast, mae, rmse, corr float64
	}{
		{"pareto_nbd", 17153.189, .793766, 1.726153, .670779},
		{"bg_nbd", 16873.733, .818742, 1.732911, .668790},
		{"mbg_nbd", 15933.600, .794536, 1.739618, .669649},
		{"naive_rate", 29010.6, 1.03805, math.NaN(), math.NaN()},
	} {
		i := row(t, orders, "model", c.model)
		if got := orders.Floats("actual")[i]; got != 19684 {
			t.Errorf("%v purchases came, want 19684", got)
		}
		for column, want := range map[string]float64{"forecast": c.forecast, "mae": c.mae, "rmse": c.rmse, "correlation": c.corr} {
			if got := orders.Floats(column)[i]; !math.IsNaN(want) && !(math.Abs(got-want) <= 2e-4*want) {
				t.Errorf("%s: %s %v, want %v", c.model, column, got, want)
			}
		}
	}
	spend := section(t, b, "spend")
	if got := spend.Floats("actual")[0]; math.Abs(got-776961.13) > .005 {
		t.Errorf("holdout spend %v, want 776961.13", got)
	}
	if got := spend.Floats("forecast")[row(t, spend, "model", "pareto_nbd")]; math.Abs(got-654010.63) > 2e-4*654010.63 {
		t.Errorf("forecast of spend %v, want 654010.63", got)
	}
}

// What comes after a day changes nothing that models are told of it.
func TestPastIsBlind(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	line := func(day int) string {
		return fmt.Sprintf("c%d,2024-%02d-%02d,%d.50\n", rng.IntN(60), day/28%12+1, day%28+1, rng.IntN(200))
	}
	var before, after strings.Builder
	before.WriteString("customer,date,amount\n")
	after.WriteString("customer,date,amount\n")
	for range 400 {
		before.WriteString(line(rng.IntN(140))) // up to 2024-05-28
	}
	for range 200 {
		after.WriteString(line(140 + rng.IntN(140))) // from 2024-06-01
	}
	after.WriteString("c1,2024-10-28,1\n")
	cut, err := engine.ParseDay("2024-05-31")
	if err != nil {
		t.Fatal(err)
	}
	var tables []*table.Table
	var came [2]float64
	for k, later := range []string{"", after.String()} {
		e := workspace(t)
		loadText(t, e, "orders", "before.csv", before.String())
		if later != "" {
			loadText(t, e, "orders", "after.csv", later)
		}
		summary, orders, err := engine.PastSummary(e, cut+150, cut, 90)
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, summary)
		for _, n := range orders {
			came[k] += n
		}
	}
	if came[0] != 0 || came[1] == 0 {
		t.Errorf("%v purchases came, want none and some", came)
	}
	if tables[0].Rows() < 50 || tables[0].Rows() != tables[1].Rows() {
		t.Fatalf("%d and %d customers", tables[0].Rows(), tables[1].Rows())
	}
	for _, c := range tables[0].Columns() {
		if other := tables[1].Column(c.Name); !reflect.DeepEqual(c, other) {
			t.Errorf("column %s of the past knows what came later", c.Name)
		}
	}
}

// The windows of the snapshots that a score learns from close before the day on
// which it is judged, whose own window closes on the as-of day.
func TestSnapshotDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := engine.Day(rapid.IntRange(0, 20_000).Draw(t, "first"))
		asOf := first + engine.Day(rapid.IntRange(0, 2000).Draw(t, "length"))
		window := rapid.IntRange(1, 400).Draw(t, "window")
		days := engine.SnapshotDays(first, asOf, window)
		if len(days) == 0 {
			if int(asOf-first) > 2*window+window/2+2*max(window/2, 30) {
				t.Fatalf("no snapshots in %d days of history for a window of %d", asOf-first, window)
			}
			return
		}
		last := days[len(days)-1]
		if len(days) < 4 || !slices.IsSorted(days) || days[0] < first || last+engine.Day(window) != asOf {
			t.Fatalf("days %v of %d to %d, window %d", days, first, asOf, window)
		}
		if before := days[len(days)-2]; before+engine.Day(window) > last {
			t.Fatalf("the window of day %d is open on day %d", before, last)
		}
	})
}

// Too little history is a clear error.
func TestBacktestTooShort(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "o.csv", "customer,date,amount\na,2024-01-01,1\nb,2024-03-01,2\n")
	_, err := e.Backtest(t.Context(), engine.Backtesting{})
	if !errors.Is(err, engine.ErrShortHistory) || !strings.Contains(err.Error(), "2024-01-01 to 2024-03-01") {
		t.Errorf("%v", err)
	}
}
