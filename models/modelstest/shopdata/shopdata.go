// Package shopdata has the customers that tests of models learn from and are judged
// by: public data sets, summarized as reference/clv.md defines them, and customers
// at the edges of what a history can be.
package shopdata

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientele/engine/table"
	"clientele/models/purchase"
)

// shared is the folder of public data sets, as a test of models/<name> sees it.
const shared = "../../../shared/data"

// Columns reads a public data set as texts, by the names of its header. A test
// whose file is absent is skipped.
func Columns(t testing.TB, name string) map[string][]string {
	t.Helper()
	file, err := os.Open(filepath.Join(shared, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no %s in ../shared/data", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string][]string{}
	for k, header := range rows[0] {
		values := make([]string, len(rows)-1)
		for i, row := range rows[1:] {
			values[i] = row[k]
		}
		columns[header] = values
	}
	return columns
}

// Number reads a number of a file.
func Number(t testing.TB, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Day returns the days from 1970-01-01 to a date like 1997-09-30.
func Day(t testing.TB, date string) int {
	t.Helper()
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		t.Fatal(err)
	}
	return int(d.Unix() / 86400)
}

// Order is one of a customer's.
type Order struct {
	Customer string
	Day      int // since 1970-01-01
	Amount   float64
	Void     bool // no purchase: a cancellation of Online Retail, or an invoice of nothing
}

// Orders reads all rows of a file of orders, CDNOW or Online Retail.
func Orders(t testing.TB, name string) []Order {
	t.Helper()
	columns := Columns(t, name)
	invoices := columns["invoice"]
	out := make([]Order, len(columns["date"]))
	for i := range out {
		o := Order{Customer: columns["customer_id"][i], Day: Day(t, columns["date"][i]), Amount: Number(t, columns["amount"][i])}
		o.Void = invoices != nil && (strings.HasPrefix(invoices[i], "C") || o.Amount <= 0)
		out[i] = o
	}
	return out
}

// Purchases are the Orders that are not Void: those of reference/clv.md.
func Purchases(t testing.TB, name string) []Order {
	t.Helper()
	return slices.DeleteFunc(Orders(t, name), func(o Order) bool { return o.Void })
}

// Base is customers with what they did by the end of a calibration, in days as
// purchase.Histories has it, and what followed: purchase days after it, up to the
// end of the holdout.
type Base struct {
	X, Tx, T, Last []int64
	Gaps           []float64 // sum of the logs of the gaps between purchase days, in weeks; may be empty
	Later          []float64
}

// Add adds a customer who bought on these days, ascending, all different and the
// first not after end.
func (b *Base) Add(days []int, end, holdout int) {
	x, gaps, later := 0, 0.0, 0.0
	for i, d := range days {
		switch {
		case d > holdout:
		case d > end:
			later++
		case i > 0:
			x++
			gaps += math.Log(float64(d-days[i-1]) / 7)
		}
	}
	b.X = append(b.X, int64(x))
	b.Tx = append(b.Tx, int64(days[x]-days[0]))
	b.T = append(b.T, int64(end-days[0]))
	b.Last = append(b.Last, int64(days[x]))
	b.Gaps, b.Later = append(b.Gaps, gaps), append(b.Later, later)
}

// Take adds customers from..to-1 of another base.
func (b *Base) Take(o *Base, from, to int) {
	b.X, b.Tx, b.T, b.Last = append(b.X, o.X[from:to]...), append(b.Tx, o.Tx[from:to]...), append(b.T, o.T[from:to]...), append(b.Last, o.Last[from:to]...)
	b.Gaps, b.Later = append(b.Gaps, o.Gaps[from:to]...), append(b.Later, o.Later[from:to]...)
}

// Table returns the columns that a purchase.Model reads, and log_gaps where they are
// known.
func (b *Base) Table() *table.Table {
	whole := func(name string, v []int64) *table.Column {
		return &table.Column{Field: table.Field{Name: name, Kind: table.Int}, Ints: v}
	}
	out := table.New(whole("x", b.X), whole("t_x", b.Tx), whole("T", b.T), whole("last_day", b.Last))
	if b.Gaps != nil {
		out.Add(&table.Column{Field: table.Field{Name: "log_gaps", Kind: table.Float}, Floats: b.Gaps})
	}
	return out
}

// Histories returns them as a purchase.Law takes them.
func (b *Base) Histories() []purchase.History {
	h := make([]purchase.History, len(b.X))
	for i := range h {
		h[i] = purchase.History{X: int(b.X[i]), Tx: int(b.Tx[i]), T: int(b.T[i])}
	}
	return h
}

// Weeks returns the histories as formulas take them.
func (b *Base) Weeks() (x, tx, t []float64) {
	for i := range b.X {
		x, tx, t = append(x, float64(b.X[i])), append(tx, float64(b.Tx[i])*purchase.Week), append(t, float64(b.T[i])*purchase.Week)
	}
	return x, tx, t
}

// Summarize returns the customers who bought by end, in the order in which they
// stand among the orders.
func Summarize(orders []Order, end, holdout int) *Base {
	days := map[string][]int{}
	var customers []string
	for _, o := range orders {
		if days[o.Customer] == nil {
			customers = append(customers, o.Customer)
		}
		days[o.Customer] = append(days[o.Customer], o.Day)
	}
	b := &Base{}
	for _, c := range customers {
		slices.Sort(days[c])
		if all := slices.Compact(days[c]); all[0] <= end {
			b.Add(all, end, holdout)
		}
	}
	return b
}

// CDNOW is the base of cdnow_sample.csv or cdnow.csv: 39 weeks, then 39 more.
func CDNOW(t testing.TB, name string) *Base {
	t.Helper()
	return Summarize(Purchases(t, name), Day(t, "1997-09-30"), Day(t, "1998-06-30"))
}

// OnlineRetail is the base of that set; 23 1/7 weeks follow.
func OnlineRetail(t testing.TB) *Base {
	t.Helper()
	return Summarize(Purchases(t, "online_retail.csv"), Day(t, "2011-06-30"), Day(t, "2011-12-09"))
}

// Holdout is a row of the table in reference/clv.md, how a forecast of the purchases
// that followed did: their number, it over what came, MAE, RMSE, correlation, and the
// mean probability of being active.
type Holdout [6]float64

// Differs says by which figure a forecast of b.Later and the probabilities of being
// active differ from the row; "" where none does. The total may differ by totalWithin,
// relative, the others by two units of the last digit printed, times slack.
func (want Holdout) Differs(b *Base, forecast, pAlive []float64, totalWithin, slack float64) string {
	n := float64(len(forecast))
	var total, actual, abs, square, mean, sff, saa, sfa float64
	for i, f := range forecast {
		a := b.Later[i]
		total, actual = total+f, actual+a
		abs, square, mean = abs+math.Abs(f-a), square+(f-a)*(f-a), mean+pAlive[i]
		sff, saa, sfa = sff+f*f, saa+a*a, sfa+f*a
	}
	corr := (sfa - total*actual/n) / math.Sqrt((sff-total*total/n)*(saa-actual*actual/n))
	got := Holdout{total, total / actual, abs / n, math.Sqrt(square / n), corr, mean / n}
	room := Holdout{totalWithin * want[0], 2e-4 * slack, 2e-6 * slack, 2e-6 * slack, 2e-6 * slack, 2e-6 * slack}
	for i, what := range []string{"forecast", "forecast/actual", "MAE", "RMSE", "correlation", "mean P(alive)"} {
		if !(math.Abs(got[i]-want[i]) <= room[i]) {
			return fmt.Sprintf("%s %.8f, want %.6f", what, got[i], want[i])
		}
	}
	return ""
}

// Extremes are customers at every end of what a history may be.
func Extremes() []purchase.History {
	return []purchase.History{
		{}, {T: 1}, {T: 3650}, {X: 1, Tx: 1, T: 1}, {X: 1, Tx: 1, T: 2000}, {X: 1, Tx: 1500, T: 1500}, {X: 3, Tx: 3, T: 1500}, {X: 5, Tx: 700, T: 700},
		{X: 1000, Tx: 1000, T: 1000}, {X: 1000, Tx: 1095, T: 1095}, {X: 1000, Tx: 1400, T: 1401}, {X: 1000, Tx: 1000, T: 3000}, {X: 300, Tx: 400, T: 1460},
	}
}

// Group is purchase.Group of histories that there may be.
func Group(t interface{ Fatal(...any) }, rows []purchase.History, counts []float64) *purchase.Histories {
	h, err := purchase.Group(rows, counts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
