package exports_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clientele/engine/demo/exports"
	"clientele/engine/table"
	"clientele/ingest"
	"clientele/ingest/formats"
)

// order is what the rows of one order come to.
type order struct {
	status              string
	net, refunded       int64 // units of 1/10,000
	hasNet, told, dated bool
}

// counted is the rule of which orders count, and back what of them went back.
func (o *order) counted() bool {
	switch o.status {
	case "unpaid":
		return false
	case "cancelled":
		return o.dated
	case "refunded":
		return o.dated || o.refunded > 0
	}
	return true
}

func (o *order) back() int64 {
	if o.refunded == 0 && o.dated {
		return o.net
	}
	return min(o.refunded, o.net)
}

// reading is a file as ingest delivers it, put together in the plainest way.
type reading struct {
	file       *ingest.File
	read       int
	rejects    []ingest.Reject
	orders     map[string]*order
	seen       map[string]bool // id and content of rows
	repeated   int             // rows that stood before
	lines      int
	known      map[string]bool   // ids of rows that name somebody
	parent     map[string]string // of keys of customers
	currencies map[string]bool
}

// read loads a file; the error is that of the loading.
func read(t *testing.T, path string) (*reading, error) {
	t.Helper()
	opt := ingest.Options{Kind: "auto", Zone: time.UTC, Now: time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC), Key: []byte("key"), Workers: 2}
	f, err := ingest.Open(context.Background(), path, opt, formats.Open)
	if err != nil {
		t.Fatal(err)
	}
	r := &reading{file: f, orders: map[string]*order{}, seen: map[string]bool{}, known: map[string]bool{}, parent: map[string]string{}, currencies: map[string]bool{}}
	err = f.Load(context.Background(), func(c *ingest.Chunk) error {
		r.read += c.Read
		r.rejects = append(r.rejects, c.Rejects...)
		for row := range c.Table.Rows() {
			r.add(c.Table, row)
		}
		return nil
	})
	return r, err
}

// cell returns a value as text, "" when there is none.
func cell(t *table.Table, name string, row int) string {
	c := t.Lookup(name)
	if c == nil || c.Missing(row) {
		return ""
	}
	switch c.Kind {
	case table.Text:
		return string(c.Texts.At(row))
	case table.Category:
		return c.Labels[c.Codes[row]]
	case table.Date:
		return fmt.Sprint(c.Dates[row])
	}
	return fmt.Sprint(c.Ints[row])
}

// money returns an amount and whether there is one.
func money(t *table.Table, name string, row int) (int64, bool) {
	c := t.Lookup(name)
	if c == nil || c.Missing(row) {
		return 0, false
	}
	return c.Ints[row], true
}

func (r *reading) root(key string) string {
	for r.parent[key] != "" && r.parent[key] != key {
		key = r.parent[key]
	}
	if r.parent[key] == "" {
		r.parent[key] = key
	}
	return key
}

func (r *reading) customers() int {
	n := 0
	for k, p := range r.parent {
		if k == p {
			n++
		}
	}
	return n
}

func (r *reading) add(t *table.Table, row int) {
	id := ""
	for _, name := range []string{"order_id", "interaction_id", "campaign_id", "response_id"} {
		if v := cell(t, name, row); v != "" {
			id = v
		}
	}
	this := id + "|" + cell(t, "content", row)
	if r.seen[this] {
		r.repeated++
		if r.file.Amount == "" {
			return
		}
	}
	r.seen[this] = true
	r.lines++
	r.currencies[cell(t, "currency", row)] = true
	who := cell(t, "customer_key", row)
	if who != "" {
		r.known[id] = true
	}
	for _, key := range []string{"e:" + cell(t, "email", row), "p:" + cell(t, "phone", row)} {
		if who != "" && len(key) > 2 {
			a, b := r.root("k:"+who), r.root(key)
			r.parent[a] = b
		}
	}
	if who != "" {
		r.root("k:" + who)
	}
	if t.Lookup("ordered_at") != nil {
		r.order(t, row, id)
	}
}

func (r *reading) order(t *table.Table, row int, id string) {
	o := r.orders[id]
	if o == nil {
		o = &order{}
		r.orders[id] = o
	}
	if o.status == "" {
		o.status = cell(t, "status", row)
	}
	o.dated = o.dated || cell(t, "cancelled_on", row) != "" || cell(t, "refunded_on", row) != ""
	net, ok := money(t, "net", row)
	if line, isLine := money(t, "line_net", row); isLine {
		net, ok = line, true
	} else if price, priced := money(t, "unit_price", row); priced && !ok && r.file.Amount == "line" {
		quantity, _ := money(t, "quantity", row)
		net, ok = quantity/table.DecimalScale*price, true
	}
	back, told := money(t, "refunded", row)
	perLine := r.file.Amount == "line"
	if ok && (perLine || !o.hasNet) {
		o.net, o.hasNet = o.net+net, true
	}
	if told && (perLine || !o.told) {
		o.refunded, o.told = o.refunded+back, true
	}
}

// Every export is recognised by itself, and comes to the orders, the money and
// the people that its writer put into it.
func TestExportsAreRead(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		dir := t.TempDir()
		truth, err := exports.Write(dir, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range truth.Files {
			t.Run(fmt.Sprintf("%s/%d", strings.TrimPrefix(f.Path, exports.Data+"/"), seed), func(t *testing.T) {
				r, err := read(t, filepath.Join(dir, f.Path))
				switch {
				case f.Refused != "" && (err == nil || !strings.Contains(err.Error(), f.Refused)):
					t.Errorf("error %v, want one that says %q", err, f.Refused)
				case f.Refused == "" && err != nil:
					t.Error(err)
				case f.Refused == "":
					check(t, f, r)
				}
			})
		}
	}
}

func check(t *testing.T, f exports.File, r *reading) {
	if r.file.Source == nil || r.file.Source.Name != f.Platform || r.file.Kind != f.Kind {
		t.Fatalf("taken for %v, a file of %s; want %s, %s", r.file.Source, r.file.Kind, f.Platform, f.Kind)
	}
	for _, j := range r.rejects {
		if f.Why == "" || !strings.Contains(j.Reason, f.Why) {
			t.Errorf("line %d, column %q, %q: %s", j.Line, j.Column, j.Value, j.Reason)
		}
	}
	if r.read != f.Rows || len(r.rejects) != f.Rejected {
		t.Errorf("%d rows read, %d rejected; want %d, %d", r.read, len(r.rejects), f.Rows, f.Rejected)
	}
	if r.file.Amount == "" && r.repeated != f.Duplicates {
		t.Errorf("%d rows stood before, want %d", r.repeated, f.Duplicates)
	}
	if f.Kind != "orders" {
		if f.Customers > 0 && r.customers() != f.Customers {
			t.Errorf("%d customers, want %d", r.customers(), f.Customers)
		}
		return
	}
	var orders, counted, refunds, nobody int
	var net, back int64
	for id, o := range r.orders {
		if o.net < 0 { // gives back, as invoices of Online Retail do
			refunds, back = refunds+1, back-o.net
			continue
		}
		orders++
		if !r.known[id] {
			nobody++
		}
		if !o.counted() {
			continue
		}
		counted++
		net += o.net
		if b := o.back(); b > 0 {
			refunds, back = refunds+1, back+b
		}
	}
	if r.customers() != f.Customers || nobody != f.Nobody {
		t.Errorf("%d customers, %d orders of nobody; want %d, %d", r.customers(), nobody, f.Customers, f.Nobody)
	}
	if orders != f.Orders || counted != f.Counted || net != f.Net.Units() {
		t.Errorf("%d orders, %d of them count, %d units; want %d, %d, %d", orders, counted, net, f.Orders, f.Counted, f.Net.Units())
	}
	if refunds != f.Refunds || back != f.RefundedGoods.Units() {
		t.Errorf("%d refunds, %d units; want %d, %d", refunds, back, f.Refunds, f.RefundedGoods.Units())
	}
	if f.Lines > 0 && r.file.Amount != "" && r.lines != f.Lines {
		t.Errorf("%d lines, want %d", r.lines, f.Lines)
	}
	// Two exports do not say what currency they are in, and lines without amounts
	// do not either.
	for currency := range r.currencies {
		if currency != "" && currency != f.Currency {
			t.Errorf("amounts in %s, want %s", currency, f.Currency)
		}
	}
}
