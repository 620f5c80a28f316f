package ingest

import (
	"slices"
	"strings"
	"testing"
)

// Columns of nested data are known by the words of their paths that matter.
func TestPaths(t *testing.T) {
	for _, c := range []struct {
		header string
		want   map[string]string
	}{
		{"id|customer.id|created_at|totals.amount|totals.tax|items", map[string]string{"net": "totals.amount", "tax": "totals.tax", "customer_id": "customer.id"}},
		{"order.id|order.placed.at|customer.profile.id|customer.profile.email|payment.total.value|payment.total.currency|payment.fee.amount|shipping.amount",
			map[string]string{"order_id": "order.id", "ordered_at": "order.placed.at", "customer_id": "customer.profile.id", "email": "customer.profile.email",
				"net": "payment.total.value", "currency": "payment.total.currency", "shipping": "shipping.amount"}},
		{"id|customer_id|date|order.discount.amount|payment.refund.amount|tax.value", map[string]string{"discount": "order.discount.amount", "refunded": "payment.refund.amount", "tax": "tax.value"}},
		{"id|customer_id|date|customer.address.city|shipping.address.postcode", map[string]string{"city": "customer.address.city", "postcode": "shipping.address.postcode"}},
		// A whole name goes before a path, and of two paths the better name is taken.
		{"id|customer_id|date|totals.amount|amount", map[string]string{"net": "amount"}},
		{"id|customer_id|date|totals.value|totals.net", map[string]string{"net": "totals.net"}},
		// What a word says is not left out.
		{"id|customer_id|date|fees.amount|loyalty.points.amount|customer.total|seller.email|store.address.city|customer.title", map[string]string{"net": "", "email": "", "city": "", "product_name": ""}},
		{"id|customer_id|date|x..amount|a.|x.y.z.payment.total.order.amount", map[string]string{"net": ""}},
	} {
		header := strings.Split(c.header, "|")
		k, err := kindOf("orders")
		if err != nil {
			t.Fatal(err)
		}
		bindings, notes, err := recognise(k, header, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, b := range bindings {
			got[b.Target] = b.Header
		}
		for target, want := range c.want {
			if got[target] != want {
				t.Errorf("%s: %s is read from %q, want %q", c.header, target, got[target], want)
			}
		}
		if h := "totals.net"; got["net"] == h && !slices.ContainsFunc(notes, func(n string) bool {
			return strings.Contains(n, `net is read from column "totals.net", not from "totals.value"`)
		}) {
			t.Errorf("notes %q", notes)
		}
	}
}

// Ten thousand paths take no time.
func TestManyPaths(t *testing.T) {
	var header []string
	for range 10_000 {
		header = append(header, "order.payment.total.money.amount.odd")
	}
	k, err := kindOf("orders")
	if err != nil {
		t.Fatal(err)
	}
	bindings, _, err := recognise(k, header, nil)
	if err != nil || len(bindings) > 0 {
		t.Errorf("%v, %v", bindings, err)
	}
}

// The note on amounts is of what there is.
func TestNoteOfAmounts(t *testing.T) {
	got := load(t, options("orders"), 2, "id|customer_id|date|items", "1|a|2024-01-31|name:Mug")
	hasNote(t, got, "no column of amounts of orders: an order is worth its items")
	got = load(t, options("orders"), 2, "id|customer_id|date", "1|a|2024-01-31")
	hasNote(t, got, "no column of amounts: orders are counted, their money is not known")
}
