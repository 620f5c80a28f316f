package paretonbd

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientele/engine/table"
	"clientele/models/purchase"
)

// shared is the folder of public data sets; tests that need it skip without it.
const shared = "../../../shared/data"

// order is one of a customer's: calendar days, days since 1970-01-01, and money.
type order struct {
	customer string
	day      int
	amount   float64
}

// readPurchases reads columns customer_id, date and amount of a shared file.
func readPurchases(t testing.TB, name string) []order {
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
	at := map[string]int{}
	for i, h := range rows[0] {
		at[h] = i
	}
	var out []order
	for _, row := range rows[1:] {
		amount, err := strconv.ParseFloat(row[at["amount"]], 64)
		if err != nil {
			t.Fatal(err)
		}
		// Online Retail: cancellations and invoices of nothing are no purchases (reference/clv.md).
		if i, ok := at["invoice"]; ok && (strings.HasPrefix(row[i], "C") || amount <= 0) {
			continue
		}
		out = append(out, order{row[at["customer_id"]], dayOf(t, row[at["date"]]), amount})
	}
	return out
}

func dayOf(t testing.TB, date string) int {
	t.Helper()
	d, err := time.Parse("2006-01-02", date)
	if err != nil {
		t.Fatal(err)
	}
	return int(d.Unix() / 86400)
}

// summary is the calibration history of each customer, in days, and what
// followed: purchase days after the calibration's end up to the holdout's.
type summary struct {
	x, tx, t, last []int64
	later          []float64
	index          map[string]int
}

func summarize(purchases []order, end, holdout int) *summary {
	type span struct {
		first, last int
		days        map[int]bool
		later       map[int]bool
	}
	spans := map[string]*span{}
	var order []string
	for _, p := range purchases {
		s := spans[p.customer]
		if s == nil {
			s = &span{first: 1 << 30, last: -1 << 30, days: map[int]bool{}, later: map[int]bool{}}
			spans[p.customer] = s
			order = append(order, p.customer)
		}
		if p.day <= end {
			s.first, s.last = min(s.first, p.day), max(s.last, p.day)
			s.days[p.day] = true
		} else if p.day <= holdout {
			s.later[p.day] = true
		}
	}
	out := &summary{index: map[string]int{}}
	for _, c := range order {
		s := spans[c]
		if len(s.days) == 0 {
			continue
		}
		out.index[c] = len(out.x)
		out.x = append(out.x, int64(len(s.days)-1))
		out.tx = append(out.tx, int64(s.last-s.first))
		out.t = append(out.t, int64(end-s.first))
		out.last = append(out.last, int64(s.last))
		out.later = append(out.later, float64(len(s.later)))
	}
	return out
}

// table returns the columns that the model reads.
func (s *summary) table() *table.Table {
	column := func(name string, v []int64) *table.Column {
		return &table.Column{Field: table.Field{Name: name, Kind: table.Int}, Ints: v}
	}
	return table.New(column("x", s.x), column("t_x", s.tx), column("T", s.t), column("last_day", s.last))
}

// histories returns them as the models have them.
func (s *summary) histories() []purchase.History {
	h := make([]purchase.History, len(s.x))
	for i := range h {
		h[i] = purchase.History{X: int(s.x[i]), Tx: int(s.tx[i]), T: int(s.t[i])}
	}
	return h
}

// weeks returns the histories as the formulas take them.
func (s *summary) weeks() (x, tx, t []float64) {
	for i := range s.x {
		x = append(x, float64(s.x[i]))
		tx = append(tx, float64(s.tx[i])/7)
		t = append(t, float64(s.t[i])/7)
	}
	return x, tx, t
}

func cdnow(t testing.TB, name string) *summary {
	return summarize(readPurchases(t, name), dayOf(t, "1997-09-30"), dayOf(t, "1998-06-30"))
}

func onlineRetail(t testing.TB) *summary {
	return summarize(readPurchases(t, "online_retail.csv"), dayOf(t, "2011-06-30"), dayOf(t, "2011-12-09"))
}
