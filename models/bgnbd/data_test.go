package bgnbd

import (
	"encoding/csv"
	"errors"
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

// shared is the folder of public data sets; tests that need it skip without it.
const shared = "../../../shared/data"

// base is customers with what they did, in days, and what followed: purchase
// days after the calibration's end up to the holdout's.
type base struct {
	x, tx, t, last []int64
	gaps           []float64 // sum of the logs of the gaps, in weeks
	later          []float64
}

// add adds a customer who bought on these days, ascending and different.
func (b *base) add(days []int, end, holdout int) {
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
	b.x = append(b.x, int64(x))
	b.tx = append(b.tx, int64(days[x]-days[0]))
	b.t = append(b.t, int64(end-days[0]))
	b.last = append(b.last, int64(days[x]))
	b.gaps, b.later = append(b.gaps, gaps), append(b.later, later)
}

// table returns the columns that the model reads, and log_gaps.
func (b *base) table() *table.Table {
	whole := func(name string, v []int64) *table.Column {
		return &table.Column{Field: table.Field{Name: name, Kind: table.Int}, Ints: v}
	}
	gaps := &table.Column{Field: table.Field{Name: "log_gaps", Kind: table.Float}, Floats: b.gaps}
	return table.New(whole("x", b.x), whole("t_x", b.tx), whole("T", b.t), whole("last_day", b.last), gaps)
}

// weeks returns the histories as the formulas take them.
func (b *base) weeks() (x, tx, t []float64) {
	for _, h := range b.histories() {
		a, c, d := weeks(h)
		x, tx, t = append(x, a), append(tx, c), append(t, d)
	}
	return x, tx, t
}

func (b *base) histories() []purchase.History {
	h := make([]purchase.History, len(b.x))
	for i := range h {
		h[i] = purchase.History{X: int(b.x[i]), Tx: int(b.tx[i]), T: int(b.t[i])}
	}
	return h
}

// read summarizes a shared file under the definitions of reference/clv.md.
func read(t testing.TB, name, end, holdout string) *base {
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
	customer, date := slices.Index(rows[0], "customer_id"), slices.Index(rows[0], "date")
	amount, invoice := slices.Index(rows[0], "amount"), slices.Index(rows[0], "invoice")
	days := map[string][]int{}
	var order []string
	for _, row := range rows[1:] {
		// Online Retail: cancellations and invoices of nothing are no purchases.
		if v, _ := strconv.ParseFloat(row[amount], 64); invoice >= 0 && (strings.HasPrefix(row[invoice], "C") || v <= 0) {
			continue
		}
		if days[row[customer]] == nil {
			order = append(order, row[customer])
		}
		days[row[customer]] = append(days[row[customer]], day(t, row[date]))
	}
	b := &base{}
	for _, c := range order {
		slices.Sort(days[c])
		if all := slices.Compact(days[c]); all[0] <= day(t, end) {
			b.add(all, day(t, end), day(t, holdout))
		}
	}
	return b
}

func day(t testing.TB, date string) int {
	t.Helper()
	d, err := time.Parse("2006-01-02", date)
	if err != nil {
		t.Fatal(err)
	}
	return int(d.Unix() / 86400)
}

func cdnow(t testing.TB, name string) *base { return read(t, name, "1997-09-30", "1998-06-30") }

func onlineRetail(t testing.TB) *base {
	return read(t, "online_retail.csv", "2011-06-30", "2011-12-09")
}
