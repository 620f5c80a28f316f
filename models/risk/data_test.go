package risk

import (
	"flag"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"clientele/engine/table"
	"clientele/models/modelstest/shopdata"
)

// long runs longer forms of tests and benchmarks.
var long = flag.Bool("long", false, "longer forms of tests and benchmarks")

// purchase is one order: of whom, on which day since 1970-01-01, for how much.
type purchase struct {
	customer string
	day      int
	amount   float64
}

// readPurchases reads the rows with an amount above zero: statistics.md, section 1 (d).
func readPurchases(t testing.TB, name string) []purchase {
	t.Helper()
	var out []purchase
	for _, o := range shopdata.Orders(t, name) {
		if o.Amount > 0 {
			out = append(out, purchase{o.Customer, o.Day, o.Amount})
		}
	}
	return out
}

// fields are the columns that purchases alone give.
func fields() []table.Field {
	return slices.DeleteFunc(Columns(), func(f table.Field) bool {
		return f.Name == PurchaseModelColumn || f.Name == "refunds" ||
			strings.HasPrefix(f.Name, "interactions_") || strings.HasPrefix(f.Name, "responses_")
	})
}

// snapshotOf makes the customer summary of all purchases before day cut, in
// plain Go, and the outcome: no purchase in [cut, cut+window).
func snapshotOf(purchases []purchase, cut, window int) Snapshot {
	type history struct {
		days   map[int]float64
		orders map[int]int
		back   bool
	}
	all := map[string]*history{}
	for _, p := range purchases {
		h := all[p.customer]
		if h == nil {
			h = &history{days: map[int]float64{}, orders: map[int]int{}}
			all[p.customer] = h
		}
		if p.day < cut {
			h.days[p.day] += p.amount
			h.orders[p.day]++
		} else if p.day < cut+window {
			h.back = true
		}
	}
	var ids []string
	for id, h := range all {
		if len(h.days) > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	in := table.Make(len(ids), fields()...)
	in.Add(table.NewColumn(table.Field{Name: "last_day", Kind: table.Int}, len(ids)))
	s := Snapshot{Cut: cut, Window: window, Table: in, Churned: make([]bool, len(ids))}
	asOf := cut - 1
	for i, id := range ids {
		h := all[id]
		var days []int
		for d := range h.days {
			days = append(days, d)
		}
		slices.Sort(days)
		set := func(name string, v int) { in.Ints(name)[i] = int64(v) }
		first, last := days[0], days[len(days)-1]
		set("purchase_days", len(days))
		set("t_x", last-first)
		set("T", asOf-first)
		set("recency_days", asOf-last)
		set("last_day", last)
		longest, squares := 0, 0
		for k := range days[1:] {
			gap := days[k+1] - days[k]
			longest, squares = max(longest, gap), squares+gap*gap
		}
		set("longest_gap", longest)
		set("gap_squares", squares)
		for _, c := range []string{"longest_gap", "gap_squares"} {
			column := in.Column(c)
			if column.Null == nil {
				column.Null = make([]bool, len(ids))
			}
			column.Null[i] = len(days) == 1
		}
		var money float64
		orders := 0
		recent := map[int]int{}
		for _, d := range days {
			money += h.days[d]
			orders += h.orders[d]
			for _, w := range []int{30, 60, 90, 365} {
				if d > asOf-w {
					recent[w] += h.orders[d]
				}
			}
		}
		set("orders", orders)
		in.Floats("net_sales")[i] = math.Round(money*10_000) / 10_000
		for w, n := range recent {
			set("orders_"+strconv.Itoa(w), n)
		}
		s.Churned[i] = !h.back
	}
	return s
}

// telco returns columns of the telco file by name, with dummies for every
// label but the first of its texts, and the outcome.
func telco(t testing.TB) (names []string, columns [][]float64, churned []float64) {
	t.Helper()
	file := shopdata.Columns(t, "telco_churn.csv")
	add := func(name, column string, value func(text string) float64) {
		c := make([]float64, len(file[column]))
		for i, text := range file[column] {
			c[i] = value(text)
		}
		names, columns = append(names, name), append(columns, c)
	}
	is := func(label string) func(text string) float64 {
		return func(text string) float64 {
			if text == label {
				return 1
			}
			return 0
		}
	}
	for _, name := range []string{"SeniorCitizen", "tenure", "MonthlyCharges", "TotalCharges"} {
		add(name, name, func(text string) float64 {
			if text = strings.TrimSpace(text); text == "" { // eleven customers of no month yet
				return 0
			}
			return shopdata.Number(t, text)
		})
	}
	for _, name := range []string{"gender", "Partner", "Dependents", "PhoneService", "MultipleLines", "InternetService",
		"OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport", "StreamingTV", "StreamingMovies", "Contract",
		"PaperlessBilling", "PaymentMethod"} {
		labels := slices.Clone(file[name])
		slices.Sort(labels)
		for _, label := range slices.Compact(labels)[1:] {
			add(name+"="+label, name, is(label))
		}
	}
	// Month-to-month is the first label of Contract, wanted by the exact figures only.
	add("Month-to-month", "Contract", is("Month-to-month"))
	for _, text := range file["Churn"] {
		churned = append(churned, is("Yes")(text))
	}
	return names, columns, churned
}

// auc is the chance that a row with the event has the higher score, ties
// counting half: ranks, apart from the code under test.
func auc(score, events []float64) float64 {
	order := make([]int, len(score))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if score[a] < score[b] {
			return -1
		}
		if score[a] > score[b] {
			return 1
		}
		return 0
	})
	var ranks, came float64
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && score[order[to]] == score[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks += events[i] * float64(from+1+to) / 2
			came += events[i]
		}
		from = to
	}
	stayed := float64(len(score)) - came
	return (ranks - came*(came+1)/2) / (came * stayed)
}

func brier(p, events []float64) float64 {
	var s float64
	for i := range p {
		s += (p[i] - events[i]) * (p[i] - events[i])
	}
	return s / float64(len(p))
}

func near(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.12g, not %.12g (tolerance %g)", what, got, want, tolerance)
	}
}
