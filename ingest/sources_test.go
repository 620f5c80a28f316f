package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// reference is what is known of the headers of an export.
type reference struct {
	Kind      string              `json:"kind"`
	Columns   []string            `json:"columns"`
	Optional  []string            `json:"optional"`
	Signature []string            `json:"signature"`
	Statuses  []string            `json:"statuses"`
	Events    []string            `json:"events"`
	Aliases   map[string][]string `json:"aliases"`
}

func references(t testing.TB) map[string]reference {
	t.Helper()
	text, err := os.ReadFile("../../shared/reference/export_headers.json")
	if err != nil {
		t.Skipf("the reference of export headers is not here: %v", err)
	}
	var all map[string]reference
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func sourceOf(name string) *Source {
	for _, s := range Sources() {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Every source is well formed whatever files there are.
func TestSources(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Sources() {
		if seen[s.Name] || s.Name == "" || s.Title == "" || s.TitleZH == "" {
			t.Errorf("source %q: no name, no titles, or the name twice", s.Name)
		}
		seen[s.Name] = true
		if _, err := kindOf(s.Kind); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		targets := targetsOf(s.Kind)
		for name := range s.Map {
			if !slices.ContainsFunc(targets, func(c target) bool { return c.name == name }) {
				t.Errorf("%s: %s have no column %s", s.Name, s.Kind, name)
			}
		}
		if len(s.Signature) < 2 {
			t.Errorf("%s: a signature of %d columns", s.Name, len(s.Signature))
		}
		if _, err := withStatuses(s.Status); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		if s.Amount != "" && s.Amount != "order" && s.Amount != "line" {
			t.Errorf("%s: amounts of %q", s.Name, s.Amount)
		}
		for _, add := range s.Adds {
			if !slices.Contains(slices.Collect(maps.Values(s.Map)), add) || !strings.HasPrefix(add, "(") {
				t.Errorf("%s: the column %q is read by nothing, or not in brackets", s.Name, add)
			}
		}
	}
}

// Each export's own header is recognised as itself, and its columns exist. A target
// may stand in Map for columns that only some shops have.
func TestSourcesOfReference(t *testing.T) {
	some := map[string][]string{
		"amazon_fba_shipped": {"status", "updated_at", "coupon"},
		"zendesk_tickets":    {"phone"},
		"douyin_orders":      {"channel", "region", "city"},
	}
	for name, e := range references(t) {
		s := sourceOf(name)
		if s == nil {
			t.Errorf("%s is no source", name)
			continue
		}
		if got := Recognise(e.Columns); got == nil || got.Name != name {
			t.Errorf("%s is recognised as %v", name, got)
		}
		if got := Recognise(slices.Concat(e.Columns, e.Optional)); got == nil || got.Name != name {
			t.Errorf("%s with its optional columns is recognised as %v", name, got)
		}
		if len(s.Signature) >= len(e.Columns) {
			t.Errorf("%s: the signature is the whole header", name)
		}
		header := slices.Concat(e.Columns, e.Optional, s.Adds)
		for target, names := range s.Map {
			found := names == "-" || slices.ContainsFunc(alternatives(names), func(n string) bool { return findHeader(header, n) >= 0 })
			if !found && !slices.Contains(some[name], target) {
				t.Errorf("%s: %s is read from %q, which the export does not have", name, target, names)
			}
		}
		words, err := withStatuses(s.Status)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range e.Statuses {
			if _, ok := words[fold(w)]; !ok {
				t.Errorf("%s: the status %q is not known", name, w)
			}
		}
	}
}

// Columns come and go, in any order: without a third of those that are not in the
// signature each export is still itself.
func TestRecogniseWithoutColumns(t *testing.T) {
	all := references(t)
	names := slices.Sorted(maps.Keys(all))
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(names).Draw(rt, "export")
		if sourceOf(name) == nil {
			return // TestSourcesOfReference says so
		}
		e := all[name]
		header := slices.Clone(e.Signature)
		rest := rapid.Permutation(slices.DeleteFunc(slices.Clone(e.Columns), func(c string) bool { return slices.Contains(e.Signature, c) })).Draw(rt, "columns")
		header = append(header, rest[len(rest)/3:]...)
		header = rapid.Permutation(header).Draw(rt, "header")
		got := Recognise(header)
		if got == nil || got.Name != name {
			rt.Fatalf("%s with %q is recognised as %+v", name, header, got)
		}
		kind, source, why, err := Guess(header)
		if err != nil || source != got && source.Name != name || kind != got.Kind || why == "" {
			rt.Fatalf("%s: guessed %s %v %q, %v", name, kind, source, why, err)
		}
		k, err := kindOf(kind)
		if err != nil {
			rt.Fatal(err)
		}
		if _, _, err := bind(k, slices.Concat(header, got.Adds), nil, got); err != nil {
			rt.Fatal(err)
		}
	})
}

func TestRecogniseAliasesAndTies(t *testing.T) {
	for header, want := range map[string]string{
		"Invoice|StockCode|Description|Quantity|InvoiceDate|Price|Customer ID|Country":                    "online_retail_uci",
		"\ufeffname|EMAIL|financial_status|Lineitem Name|lineitem price|created at":                       "shopify_orders",
		"Name|Email|Financial Status|Lineitem name|Created at":                                            "",
		"amazon-order-id|purchase-date|item-price|sales-channel":                                          "amazon_all_orders",
		"amazon-order-id|shipment-id|buyer-email|quantity-shipped|purchase-date|item-price|sales-channel": "amazon_fba_shipped",
		"order_id|customer_id|order_date|total":                                                           "",
	} {
		got := ""
		if s := Recognise(strings.Split(header, "|")); s != nil {
			got = s.Name
		}
		if got != want {
			t.Errorf("%s is recognised as %q, want %q", header, got, want)
		}
	}
}

// export loads rows of cells separated by sep as a file of a name, in pieces of one
// row on several workers and in one piece on one, which must be the same.
func export(t *testing.T, opt Options, file, sep string, lines ...string) loaded {
	t.Helper()
	path := filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, l := range lines {
		rows = append(rows, strings.Split(l, sep))
	}
	var all [2]loaded
	for i, size := range []int{1, 1000} {
		opt.Workers = 1 + 3*(1-i)
		f, err := Open(context.Background(), path, opt, func(string, Options) (Reader, Detected, error) {
			return &memory{header: rows[0], rows: rows[1:], size: size}, Detected{Format: "csv"}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		all[i] = loadFile(t, f)
	}
	if a, b := all[0], all[1]; !slices.EqualFunc(a.rows, b.rows, maps.Equal[map[string]string, map[string]string]) || !slices.Equal(a.rejects, b.rejects) {
		t.Fatalf("in pieces of one row\n%v %v\nin one piece\n%v %v", a.rows, a.rejects, b.rows, b.rejects)
	}
	return all[1]
}

// rowsOf checks every row of what was loaded; hashes and the line in the file are
// left out, and so are keys made from addresses unless they are asked for.
func rowsOf(t *testing.T, got loaded, want ...map[string]string) {
	t.Helper()
	for _, r := range got.rejects {
		t.Errorf("rejected: %+v", r)
	}
	if len(got.rows) != len(want) {
		t.Fatalf("%d rows, want %d", len(got.rows), len(want))
	}
	for i, row := range got.rows {
		have := without(row, "line")
		if have["customer_via"] == "email" || have["customer_via"] == "phone" {
			if len(have["customer_key"]) != 26 {
				t.Errorf("row %d has the key %q", i, have["customer_key"])
			}
			delete(have, "customer_key")
		}
		if !maps.Equal(have, want[i]) {
			t.Errorf("row %d is\n%v, want\n%v", i, have, want[i])
		}
	}
}

func hasNote(t *testing.T, got loaded, text string) {
	t.Helper()
	if !slices.ContainsFunc(got.file.Notes, func(n string) bool { return strings.Contains(n, text) }) {
		t.Errorf("no note says %q: %q", text, got.file.Notes)
	}
}

// Order fields stand on the first row only, in real exports with blank cells below.
func TestShopifyOrders(t *testing.T) {
	got := export(t, options("auto"), "orders_export_1.csv", "|",
		"Name|Email|Financial Status|Accepts Marketing|Currency|Subtotal|Shipping|Taxes|Total|Discount Code|Discount Amount|Created at|Lineitem quantity|Lineitem name|Lineitem price|Lineitem sku|Billing Name|Shipping Zip|Shipping Country|Cancelled at|Refunded Amount|Vendor|Id|Source|Lineitem discount",
		"#1001|Ann@Example.com|partially_refunded|yes|EUR|25.00|5.00|4.75|34.75|TEN|2.00|2024-03-31 01:30:00 +0100|2|Mug|10.00|M1|Ann Lee|'01234|DE||5.00|Kiln|99001|web|0.00",
		"#1001|Ann@Example.com||||||||||2024-03-31 01:30:00 +0100|1|Plate|7.00|P1||||||Kiln|||2.00",
		"#1001|||||||||||| 1|Fork|0.00|F1||||||Kiln|||0.00",
		"#1002|bob@example.com|voided|no|EUR|7.00|0|0|7.00||0|2024-04-01 10:00:00 +0200|1|Plate|7.00|P1|Bob|'99|FR|2024-04-02 09:00:00 +0200|0||99002|pos|0")
	if got.file.Kind != "orders" || got.file.Source.Name != "shopify_orders" || got.file.Amount != "order" {
		t.Errorf("kind %s, source %v, amount %s", got.file.Kind, got.file.Source, got.file.Amount)
	}
	hasNote(t, got, "recognised as Shopify orders export")
	hasNote(t, got, "Total is not read")
	for _, n := range got.file.Notes {
		if strings.Contains(n, "is read from column") {
			t.Errorf("a note about a known column: %q", n)
		}
	}
	rowsOf(t, got,
		map[string]string{"order_id": "#1001", "customer_via": "email", "email": "ann@example.com", "name": "Ann Lee", "ordered_at": "2024-03-31T00:30:00Z", "ordered_on": "2024-03-31",
			"status": "paid", "currency": "EUR", "net": "25.0000", "shipping": "5.0000", "tax": "4.7500", "coupon": "TEN", "discount": "2.0000", "email_consent": "true",
			"product_id": "M1", "product_name": "Mug", "brand": "Kiln", "quantity": "2.0000", "unit_price": "10.0000", "line_discount": "0.0000",
			"refunded": "5.0000", "channel": "web", "country": "DE", "postcode": "01234"},
		map[string]string{"order_id": "#1001", "customer_via": "email", "email": "ann@example.com", "ordered_at": "2024-03-31T00:30:00Z", "ordered_on": "2024-03-31", "currency": "EUR",
			"product_id": "P1", "product_name": "Plate", "brand": "Kiln", "quantity": "1.0000", "unit_price": "7.0000", "line_discount": "2.0000"},
		map[string]string{"order_id": "#1001", "ordered_at": "2024-03-31T00:30:00Z", "ordered_on": "2024-03-31", "currency": "EUR",
			"product_id": "F1", "product_name": "Fork", "brand": "Kiln", "quantity": "1.0000", "unit_price": "0.0000", "line_discount": "0.0000"},
		map[string]string{"order_id": "#1002", "customer_via": "email", "email": "bob@example.com", "name": "Bob", "ordered_at": "2024-04-01T08:00:00Z", "ordered_on": "2024-04-01",
			"status": "cancelled", "currency": "EUR", "net": "7.0000", "shipping": "0.0000", "tax": "0.0000", "discount": "0.0000", "email_consent": "false",
			"cancelled_at": "2024-04-02T07:00:00Z", "cancelled_on": "2024-04-02", "refunded": "0.0000",
			"product_id": "P1", "product_name": "Plate", "quantity": "1.0000", "unit_price": "7.0000", "line_discount": "0.0000", "channel": "pos", "country": "FR", "postcode": "99"})
}

// What the row above does not belong to is not taken over.
func TestFillKeepsToItsOrder(t *testing.T) {
	got := export(t, options("orders"), "o.csv", "|", "Name|Email|Financial Status|Lineitem name|Lineitem price|Created at",
		"#1|a@b.cd|paid|Mug|1|2024-01-31", "#2|a@b.cd||Mug|1|", "#2|a@b.cd||Mug|1|2024-02-01", "#2|||Cup|1|", "|||Cup|1|")
	var lines []int64
	for _, r := range got.rejects {
		lines = append(lines, r.Line)
	}
	if len(got.rows) != 3 || !slices.Equal(lines, []int64{3, 6}) || got.rows[2]["ordered_on"] != "2024-02-01" {
		t.Errorf("rows %v, rejects %+v", got.rows, got.rejects)
	}
}

func TestShopifyCustomers(t *testing.T) {
	got := export(t, options("customers"), "customers_export.csv", "|",
		"Customer ID|First Name|Last Name|Email|Accepts Email Marketing|Default Address Address1|City|Province|Country Code|Zip|Phone|Accepts SMS Marketing|Total Spent|Total Orders|Tags",
		"'6001|Ann|Lee|ann@example.com|yes|1 High St|Paris|IDF|FR|'01234|'+33 1 42 68 53 00|no|100.00|2|vip")
	rowsOf(t, got, map[string]string{"customer_via": "email", "name": "Ann Lee", "email": "ann@example.com", "phone": "+33142685300", "email_consent": "true", "sms_consent": "false",
		"address": "1 High St", "city": "Paris", "region": "IDF", "country": "FR", "postcode": "01234", "tags": "vip"})
}

func TestWooCommerceOrders(t *testing.T) {
	const header = "order_id~order_number~order_date~status~shipping_total~shipping_tax_total~fee_total~fee_tax_total~tax_total~discount_total~order_total~order_subtotal~order_currency~customer_id~customer_email~billing_first_name~billing_last_name~billing_email~billing_phone~coupon_items~refund_items~line_item_1~line_item_2"
	got := export(t, options("orders"), "woo.csv", "~", header,
		// 2 mugs of 10 and a plate of 7, less 2: 25; 5 shipping, 1 fee; 20 % tax on all 31: 6.20
		"101~101~2024-01-31 10:00:00~wc-completed~5.00~1.00~1.00~0.20~6.20~2.00~37.20~27.00~GBP~0~~Ann~Lee~Ann@Example.com~~code:TEN|amount:2.00~amount:3.50|reason:chipped|date:2024-02-03 09:00:00;amount:1.00|reason:|date:2024-02-01 09:00:00~name:Mug | big|product_id:9|sku:M1|quantity:2|total:18.00|sub_total:20.00|tax_data:x~name:Plate; blue|sku:P1|quantity:1|total:7.00",
		// the same where tax_total is that of the goods alone
		"102~102~2024-02-01 10:00:00~processing~5.00~1.00~1.00~0.20~5.00~2.00~37.20~27.00~GBP~7~bob@example.com~Bob~~bob@example.com~~~~name:Mug|sku:M1|quantity:1|total:18.00~")
	rowsOf(t, got,
		map[string]string{"order_id": "101", "customer_via": "email", "email": "ann@example.com", "name": "Ann Lee", "ordered_at": "2024-01-31T10:00:00Z", "ordered_on": "2024-01-31", "status": "completed",
			"currency": "GBP", "gross": "27.0000", "discount": "2.0000", "shipping": "5.0000", "tax": "6.2000", "net": "25.0000", "coupon": "TEN",
			"refunded": "4.5000", "refunded_at": "2024-02-03T09:00:00Z", "refunded_on": "2024-02-03",
			"items": "M1\x1fMug | big\x1f2\x1f\x1f18\x1eP1\x1fPlate; blue\x1f1\x1f\x1f7"},
		map[string]string{"order_id": "102", "customer_key": "7", "customer_via": "id", "email": "bob@example.com", "name": "Bob", "ordered_at": "2024-02-01T10:00:00Z", "ordered_on": "2024-02-01", "status": "paid",
			"currency": "GBP", "gross": "27.0000", "discount": "2.0000", "shipping": "5.0000", "tax": "5.0000", "net": "25.0000", "items": "M1\x1fMug\x1f1\x1f\x1f18"})
}

// A total that is no amount is rejected as what it is.
func TestWooCommerceBadTotal(t *testing.T) {
	got := export(t, options("orders"), "woo.csv", "|", "order_id|order_date|order_total|order_currency|billing_email|tax_total",
		"1|2024-01-31|lots|EUR|a@b.cd|1", "2|2024-01-31|10|EUR|a@b.cd|some", "3|2024-01-31|10.50|EUR|a@b.cd|0.25", "4|2024-01-31||EUR|a@b.cd|1")
	if len(got.rejects) != 2 || got.rejects[0].Value != "lots" || got.rejects[0].Reason != reasonNotNumber || got.rejects[1].Line != 3 {
		t.Errorf("rejects %+v", got.rejects)
	}
	if len(got.rows) != 2 || got.rows[0]["net"] != "10.2500" || got.rows[1]["net"] != "" {
		t.Errorf("rows %v", got.rows)
	}
}

// A decimal comma is read in amounts that are worked out as in any other, also where
// the user says that it is one.
func TestWooCommerceDecimalComma(t *testing.T) {
	opt := options("orders")
	for _, decimal := range []string{"", "auto", ","} {
		opt.Decimal = decimal
		got := export(t, opt, "woo.csv", "|", "order_id|order_date|order_total|order_currency|billing_email|tax_total",
			"1|2024-01-31|1.010,50|EUR|a@b.cd|0,25", "2|2024-01-31|1,5|EUR|a@b.cd|0,25")
		if got.rows[0]["net"] != "1010.2500" || got.rows[1]["net"] != "1.2500" || len(got.rejects) > 0 {
			t.Errorf("with %q: rows %v, rejects %+v", decimal, got.rows, got.rejects)
		}
	}
}

func TestMagentoOrders(t *testing.T) {
	got := export(t, options("orders"), "magento.csv", "|",
		"ID|Purchase Point|Purchase Date|Bill-to Name|Grand Total (Base)|Grand Total (Purchased)|Status|Customer Email|Subtotal|Total Refunded|Shipping and Handling",
		"000000001|Main Website|Jan 31, 2024 3:05:09 PM|Ann Lee|$1,234.50|€1,100.00|Closed|ann@example.com|$1,200.00|$1,234.50|$34.50",
		"000000002|Main Website|Feb 1, 2024 9:00:00 AM|Bob|$10.00|$10.00|Suspected Fraud|bob@example.com|$10.00|$0.00|")
	rowsOf(t, got,
		map[string]string{"order_id": "000000001", "customer_via": "email", "email": "ann@example.com", "name": "Ann Lee", "ordered_at": "2024-01-31T15:05:09Z", "ordered_on": "2024-01-31",
			"status": "refunded", "shop": "Main Website", "net": "1200.0000", "shipping": "34.5000", "refunded": "1234.5000"},
		map[string]string{"order_id": "000000002", "customer_via": "email", "email": "bob@example.com", "name": "Bob", "ordered_at": "2024-02-01T09:00:00Z", "ordered_on": "2024-02-01",
			"status": "unpaid", "shop": "Main Website", "net": "10.0000", "refunded": "0.0000"})
}

func TestStripePayments(t *testing.T) {
	opt := options("auto")
	opt.Zone = shanghai(t)
	const header = "id|Created (UTC)|Amount|Amount Refunded|Currency|Converted Amount|Converted Amount Refunded|Converted Currency|Status|Customer ID|Customer Email|Captured|Disputed Amount|Dispute Status|Dispute Date (UTC)|PaymentIntent ID|order_id (metadata)|email (metadata)"
	got := export(t, opt, "payments.csv", "|", header,
		"ch_1|2024-01-31 20:30|20,00|5,00|usd|18,50|4,63|eur|Refunded|cus_1|a@b.cd|true||||pi_1|77|x@y.zz",
		"ch_2|2024-02-01 08:00|1.100,00|0,00|eur||||Paid||Bo@b.cd|true|1.100,00|lost|2024-02-20 10:00|pi_2|78|",
		"ch_3|2024-02-01 09:00|30,00|10,00|usd|27,00|9,00|eur|Paid||c@b.cd|true|10,00|lost|2024-02-21 10:00|pi_3||",
		"ch_4|2024-02-01 09:00|30,00|0,00|eur|30,00|0,00|eur|Paid||c@b.cd|false||||pi_4||",
		"ch_5|2024-02-01 09:00|30,00|0,00|eur|30,00|0,00|eur|Failed||c@b.cd|false||||pi_5||",
		"ch_6|2024-02-01 09:00|30,00|0,00|eur|30,00|0,00|eur|Paid||c@b.cd|true|30,00|won|2024-02-21 10:00|pi_6||")
	payment := func(id string, more map[string]string) map[string]string {
		m := map[string]string{"order_id": id, "customer_via": "email", "email": "c@b.cd", "ordered_at": "2024-02-01T09:00:00Z", "ordered_on": "2024-02-01", "currency": "EUR", "net": "30.0000", "refunded": "0.0000"}
		maps.Copy(m, more)
		return m
	}
	rowsOf(t, got,
		map[string]string{"order_id": "ch_1", "customer_key": "cus_1", "customer_via": "id", "email": "a@b.cd", "ordered_at": "2024-01-31T20:30:00Z", "ordered_on": "2024-02-01", "status": "refunded", "currency": "EUR", "net": "18.5000", "refunded": "4.6300"},
		map[string]string{"order_id": "ch_2", "customer_via": "email", "email": "bo@b.cd", "ordered_at": "2024-02-01T08:00:00Z", "ordered_on": "2024-02-01", "status": "paid", "currency": "EUR", "net": "1100.0000",
			"refunded": "1100.0000", "refunded_at": "2024-02-20T10:00:00Z", "refunded_on": "2024-02-20"},
		// 9 refunded, and a third of 27 lost
		payment("ch_3", map[string]string{"status": "paid", "net": "27.0000", "refunded": "18.0000", "refunded_at": "2024-02-21T10:00:00Z", "refunded_on": "2024-02-21"}),
		payment("ch_4", map[string]string{"status": "unpaid"}), payment("ch_5", map[string]string{"status": "unpaid"}), payment("ch_6", map[string]string{"status": "paid"}))
}

func TestShare(t *testing.T) {
	for _, c := range []struct{ all, part, whole, want int64 }{
		{270_000, 100_000, 300_000, 90_000}, {100_000, 10_000, 30_000, 33_300}, {100_000, 20_000, 30_000, 66_700},
		{900_000_000_000_000_000, 1, 3, 300_000_000_000_000_000}, {50, 10_000, 20_000, 0}, {150, 10_000, 10_001, 100},
	} {
		if got := share(c.all, c.part, c.whole); got != c.want {
			t.Errorf("%d of %d in %d is %d, want %d", c.part, c.whole, c.all, got, c.want)
		}
	}
}

func TestAmazonAllOrders(t *testing.T) {
	got := export(t, options("orders"), "amazon.txt", "|",
		"amazon-order-id|purchase-date|last-updated-date|order-status|sales-channel|product-name|sku|quantity|currency|item-price|item-tax|shipping-price|item-promotion-discount|ship-city|ship-country|promotion-ids",
		"026-1|2024-01-31T20:30:00+00:00|2024-02-01T00:00:00+00:00|Shipped|Amazon.co.uk|Mug|M1|2|GBP|20.00|3.33|2.99|1.50|Leeds|GB|PAWS",
		"026-2|2024-01-31T20:30:00+00:00|2024-02-01T00:00:00+00:00|Cancelled|Amazon.co.uk|Mug|M1|0||||||Leeds|GB|")
	hasNote(t, got, "this export has no buyer id: loaded for product and sales analysis, nobody is scored by it")
	rowsOf(t, got,
		map[string]string{"order_id": "026-1", "ordered_at": "2024-01-31T20:30:00Z", "ordered_on": "2024-01-31", "updated_at": "2024-02-01T00:00:00Z", "updated_on": "2024-02-01", "status": "shipped", "channel": "Amazon.co.uk",
			"currency": "GBP", "product_id": "M1", "product_name": "Mug", "quantity": "2.0000", "line_net": "18.5000", "line_discount": "1.5000", "city": "Leeds", "country": "GB", "coupon": "PAWS"},
		map[string]string{"order_id": "026-2", "ordered_at": "2024-01-31T20:30:00Z", "ordered_on": "2024-01-31", "updated_at": "2024-02-01T00:00:00Z", "updated_on": "2024-02-01", "status": "cancelled", "channel": "Amazon.co.uk",
			"product_id": "M1", "product_name": "Mug", "quantity": "0.0000", "city": "Leeds", "country": "GB"})
}

func TestAmazonFBAShipped(t *testing.T) {
	got := export(t, options("orders"), "shipped.txt", "|",
		"amazon-order-id|shipment-id|amazon-order-item-id|purchase-date|buyer-email|buyer-name|buyer-phone-number|sku|product-name|quantity-shipped|currency|item-price|item-promotion-discount|ship-address-1|ship-city|ship-state|ship-postal-code|ship-country|sales-channel",
		"026-1|D1|9|2024-01-31T20:30:00+00:00|abc123@marketplace.amazon.co.uk|Ann|+44 113 496 0000|M1|Mug|2|GBP|20.00|-1.50|1 High St|Leeds||LS1|GB|Amazon.co.uk")
	rowsOf(t, got, map[string]string{"order_id": "026-1", "customer_via": "email", "email": "abc123@marketplace.amazon.co.uk", "phone": "+441134960000", "name": "Ann",
		"ordered_at": "2024-01-31T20:30:00Z", "ordered_on": "2024-01-31", "channel": "Amazon.co.uk", "currency": "GBP", "product_id": "M1", "product_name": "Mug",
		"quantity": "2.0000", "line_net": "18.5000", "line_discount": "1.5000", "address": "1 High St", "city": "Leeds", "postcode": "LS1", "country": "GB"})
	if got.file.Amount != "line" || got.file.Source.Name != "amazon_fba_shipped" {
		t.Errorf("%s of %s", got.file.Amount, got.file.Source.Name)
	}
}

func TestOnlineRetail(t *testing.T) {
	got := export(t, options("auto"), "retail.csv", "|", "Invoice|StockCode|Description|Quantity|InvoiceDate|Price|Customer ID|Country",
		"C489449|22087|PAPER BUNTING|-12|2009-12-01 10:33:00|2.95|16321.0|Australia")
	rowsOf(t, got, map[string]string{"order_id": "C489449", "customer_key": "16321", "ordered_at": "2009-12-01T10:33:00Z", "ordered_on": "2009-12-01", "product_id": "22087", "product_name": "PAPER BUNTING",
		"quantity": "-12.0000", "unit_price": "2.9500", "country": "Australia"})
}

func TestKlaviyoCampaigns(t *testing.T) {
	const header = "Campaign Name|Tags|Subject|Send Time|Total Recipients|Unique Placed Order|Placed Order Rate|Revenue|Unique Opens|Open Rate|Total Opens|Unique Clicks|Unsubscribes|Spam Complaints|Successful Deliveries|Bounces|Campaign Channel"
	const row = "Spring|a|Hello|2024-03-01 09:00:00|1,000|12|1.2%|$345.60|400|40%|600|50|3|1|990|10|email"
	want := map[string]string{"campaign_id": "Spring", "name": "Spring", "channel": "email", "started_on": "2024-03-01", "recipients": "1000", "delivered": "990", "opened": "400", "clicked": "50",
		"converted": "12", "unsubscribed": "3", "bounced": "10", "complained": "1", "revenue": "345.6000"}
	rowsOf(t, export(t, options("auto"), "k.csv", "|", header, row), want)
	want["campaign_id"] = "01HX"
	rowsOf(t, export(t, options("auto"), "k.csv", "|", header+"|Campaign ID", row+"|01HX"), want)
}

func TestMailchimpAudience(t *testing.T) {
	const header = "Email Address|First Name|Last Name|Address|Phone Number|Birthday|MEMBER_RATING|OPTIN_TIME|CONFIRM_TIME|CC|REGION|LAST_CHANGED|LEID|EUID|NOTES|TAGS"
	const row = `ann@example.com|Ann|Lee|1 High St  Paris  75001|+33 1 42 68 53 00|03/14|2|2024-01-31 20:30:00|2024-01-31 20:31:00|FR|IDF|2024-05-01 23:00:00|1|e1||"vip","new"`
	opt := options("auto")
	opt.Zone = shanghai(t)
	want := map[string]string{"customer_via": "email", "email": "ann@example.com", "name": "Ann Lee", "phone": "+33142685300", "address": "1 High St  Paris  75001", "acquired_on": "2024-02-01", // 20:30 UTC is the next day in Shanghai
		"country": "FR", "region": "IDF", "updated_at": "2024-05-01T23:00:00Z", "updated_on": "2024-05-02", "tags": `"vip","new"`}
	for file, consent := range map[string]string{
		"subscribed_members_export_1a2b.csv": "true", "unsubscribed_members_export_1a2b.csv": "false", "cleaned_email_audience_export_1.csv": "false",
		"non-subscribed_email_audience_export_1.csv": "false", "audience.csv": "",
	} {
		w := maps.Clone(want)
		if consent != "" {
			w["email_consent"] = consent
		}
		got := export(t, opt, file, "|", header, row)
		rowsOf(t, got, w)
		if consent == "" {
			hasNote(t, got, "consent is not known")
		}
	}
}

func TestSendGridEvents(t *testing.T) {
	const header = "email|timestamp|event|category|sg_event_id|sg_message_id|sg_machine_open|marketing_campaign_id|type|reason"
	got := export(t, options("auto"), "events.json", "|", header,
		"ann@example.com|1706693400|processed|news|e1|m1|||"+null+"|",
		`ann@example.com|1706693401|open|["spring","vip"]|e2|m1|true|||`,
		"ann@example.com|1706693402|deferred|news|e3|m1||c9||try later",
		"ann@example.com|1706693403|group_resubscribe||e4|m1||||",
		"bob@example.com|1706693404|bounce|[]|e5|m2|||blocked|550",
		"bob@example.com|1706693405|spamreport|news|e6|m2|false|||")
	event := func(id, campaign, event, email, at string, more ...string) map[string]string {
		m := map[string]string{"response_id": id, "campaign_id": campaign, "event": event, "email": email, "customer_via": "email", "occurred_at": "2024-01-31T09:30:0" + at + "Z", "occurred_on": "2024-01-31"}
		if len(more) > 0 {
			m["machine"] = more[0]
		}
		return m
	}
	rowsOf(t, got,
		event("e1", "news", "sent", "ann@example.com", "0"), event("e2", "spring", "opened", "ann@example.com", "1", "true"),
		event("e3", "c9", "other", "ann@example.com", "2"), event("e4", "uncategorized", "other", "ann@example.com", "3"),
		event("e5", "uncategorized", "bounced", "bob@example.com", "4"), event("e6", "news", "complained", "bob@example.com", "5", "false"))
}

// The events that the export has are all known.
func TestSendGridEventWords(t *testing.T) {
	for _, e := range references(t)["sendgrid_events"].Events {
		if words("event")[fold(e)] == "" {
			t.Errorf("event %q is not known", e)
		}
	}
}

func TestZendeskTickets(t *testing.T) {
	const header = "Summation column|Id|Requester|Requester id|Requester external id|Requester email|Assignee|Subject|Status|Via|Ticket type|Created at|Updated at|Solved at|Satisfaction Score|Replies|First reply time in minutes|Channel [list]|Rating [int]"
	got := export(t, options("auto"), "z.csv", "|", header,
		"1|501|Ann|9001|c7|ann@example.com|Bea|Broken mug|Solved|Mail|Question|2024-01-31 09:00|2024-02-01 10:00|2024-02-01 09:30|Good|3|90|shop|1",
		"1|502|Bob|9002||bob@example.com|Bea|Where is it|Open|Web|-|03-02-2024 23:30|04-02-2024 10:00||Offered|0|45.5||")
	rowsOf(t, got,
		map[string]string{"interaction_id": "501", "customer_key": "c7", "customer_via": "id", "email": "ann@example.com", "agent": "Bea", "topic": "Broken mug", "channel": "Mail", "kind": "Question",
			"occurred_at": "2024-01-31T09:00:00Z", "occurred_on": "2024-01-31", "first_response_at": "2024-01-31T10:30:00Z", "resolved_at": "2024-02-01T09:30:00Z",
			"updated_at": "2024-02-01T10:00:00Z", "updated_on": "2024-02-01", "satisfaction": "5", "contacts": "3"},
		map[string]string{"interaction_id": "502", "customer_via": "email", "email": "bob@example.com", "agent": "Bea", "topic": "Where is it", "channel": "Web", "kind": "ticket",
			"occurred_at": "2024-02-03T23:30:00Z", "occurred_on": "2024-02-03", "first_response_at": "2024-02-04T00:15:30Z",
			"updated_at": "2024-02-04T10:00:00Z", "updated_on": "2024-02-04", "contacts": "0"})
}

func TestLater(t *testing.T) {
	for _, c := range []struct {
		created, minutes string
		order            dateOrder
		want             string
	}{
		{"2024-01-31 23:59:30", "1", orderDMY, "2024-02-01 00:00:30"},
		{"03-02-2024", "60", orderDMY, "2024-02-03 01:00:00"},
		{"03-02-2024", "60", orderMDY, "2024-03-02 01:00:00"},
		{"2024-01-31T08:00:00+08:00", "0.5", orderDMY, "2024-01-31 00:00:30Z"},
		{"2024-01-31", "", orderDMY, ""}, {"", "1", orderDMY, ""}, {"2024-01-31", "-1", orderDMY, ""}, {"2024-01-31", "999999999999999", orderDMY, ""},
	} {
		if got := later([]byte(c.created), []byte(c.minutes), c.order); got != c.want {
			t.Errorf("%s minutes after %s is %q, want %q", c.minutes, c.created, got, c.want)
		}
	}
}

// What the user says goes before what the source knows, and another amount column
// has another meaning.
func TestMapGoesBeforeSource(t *testing.T) {
	opt := options("orders")
	opt.Map = map[string]string{"net": "Total", "customer_id": "Note", "shop": "-"}
	got := export(t, opt, "o.csv", "|", "Name|Email|Financial Status|Lineitem name|Lineitem price|Created at|Subtotal|Total|Note|Location",
		"#1|a@b.cd|paid|Mug|1|2024-01-31|10|12|k9|Paris")
	if r := got.rows[0]; r["net"] != "12.0000" || r["customer_key"] != "k9" || r["shop"] != "" || got.file.Amount != "" {
		t.Errorf("row %v, amounts of %q", r, got.file.Amount)
	}
	for _, b := range got.file.Bindings {
		if want := map[string]string{"net": "map", "customer_id": "map", "email": "source"}[b.Target]; want != "" && b.How != want {
			t.Errorf("%+v, want %s", b, want)
		}
	}
}

// The zone of a source is that of times that name none, unless the user names one.
func TestZoneOfSource(t *testing.T) {
	const header = "Email Address|MEMBER_RATING|LEID|EUID|LAST_CHANGED"
	opt := options("customers")
	opt.Zone = shanghai(t)
	got := export(t, opt, "a.csv", "|", header, "a@b.cd|1|1|1|2024-01-31 20:30:00")
	if r := got.rows[0]; r["updated_at"] != "2024-01-31T20:30:00Z" || r["updated_on"] != "2024-02-01" {
		t.Errorf("row %v", r)
	}
	hasNote(t, got, `column "LAST_CHANGED": times without a zone read as UTC`)
	opt.Times = time.FixedZone("UTC-5", -5*3600)
	got = export(t, opt, "a.csv", "|", header, "a@b.cd|1|1|1|2024-01-31 20:30:00")
	if r := got.rows[0]; r["updated_at"] != "2024-02-01T01:30:00Z" {
		t.Errorf("row %v", r)
	}
	hasNote(t, got, "read as UTC-5")
}

// A file given as another kind is refused, unless the mapping says that it is known.
func TestSourceOfAnotherKind(t *testing.T) {
	const header = "Name|Email|Financial Status|Lineitem name|Lineitem price|Created at|Lineitem sku"
	path, open := sheet(t, 10, header, "#1|a@b.cd|paid|Mug|1|2024-01-31|M1")
	_, err := Open(context.Background(), path, options("customers"), open)
	want := "this looks like the Shopify orders export, a file of orders, not of customers: load it as orders, or name the columns with --map"
	if err == nil || err.Error() != path+": "+want {
		t.Errorf("%v", err)
	}
	opt := options("customers")
	opt.Map = map[string]string{"name": "Name"}
	if got := load(t, opt, 10, header, "#1|a@b.cd|paid|Mug|1|2024-01-31|M1"); got.file.Source != nil || got.rows[0]["name"] != "#1" {
		t.Errorf("loaded %v as %v", got.rows, got.file.Source)
	}
	got := load(t, options("order-lines"), 10, header, "#1|a@b.cd|paid|Mug|1|2024-01-31|M1")
	if r := got.rows[0]; r["order_id"] != "#1" || r["product_id"] != "M1" || r["unit_price"] != "1.0000" {
		t.Errorf("lines %v", r)
	}
}

// Rejects show a row as the file has it, however it was mended.
func TestRawOfMendedRows(t *testing.T) {
	got := export(t, options("orders"), "o.csv", "|", "Name|Email|Financial Status|Lineitem name|Lineitem price|Created at|Shipping Zip",
		"#1|a@b.cd|paid|Mug|1|2024-01-31|'01", "#1|||Cup|much||'02")
	if len(got.rejects) != 1 || got.rejects[0].Raw != "#1,,,Cup,much,,'02" {
		t.Errorf("rejects %+v", got.rejects)
	}
}

// Whatever stands in the cells, no source panics, and every row is a row or a reject.
func TestSourcesTakeAnything(t *testing.T) {
	all := references(t)
	cells := []string{"", " ", null, "0", "1", "-5", "1,234.50", "1.234,50", "12", "1e9", "99999999999999999999", "NaN", "￥12", "x", "\xff\xfe", "'", `="1"`, "1.23E+17", "|;:", "a:b|c:d;", "amount:|date:",
		"amount:-3|date:2024-01-31", "name:x|quantity:1", "[", "[]", "{}", `["a"]`, `[{"sku":1}]`, "true", "false", "lost", "2024-01-31", "31-01-2024 10:00", "2024-01-31 10:00:00 +0800", "1706693400",
		"a@b.cd", "13800138000", "1******6198", "##enc##", "交易成功", "无退款申请", "499.00（系统计算中，该值仅供参考）", "paid", "open", "03/14", "03/14/1990", strings.Repeat("长", 300), "\t", "\x00", "\x1e\x1f"}
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.SampledFrom(Sources()).Draw(rt, "source")
		e := all[s.Name]
		header := slices.Clone(e.Signature)
		for _, c := range slices.Concat(e.Columns, e.Optional) {
			if !slices.Contains(header, c) && rapid.Bool().Draw(rt, c) {
				header = append(header, c)
			}
		}
		m := &memory{header: header, size: rapid.IntRange(1, 5).Draw(rt, "piece")}
		for range rapid.IntRange(1, 8).Draw(rt, "rows") {
			m.rows = append(m.rows, rapid.SliceOfN(rapid.SampledFrom(cells), len(header), len(header)).Draw(rt, "row"))
		}
		path := filepath.Join(t.TempDir(), "subscribed.csv")
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			rt.Fatal(err)
		}
		opt := options("auto")
		opt.Dates, opt.Decimal = "dmy", rapid.SampledFrom([]string{".", ","}).Draw(rt, "decimal")
		f, err := Open(context.Background(), path, opt, func(string, Options) (Reader, Detected, error) { return m, Detected{Format: "csv"}, nil })
		if err != nil {
			if !strings.Contains(err.Error(), "no column for") {
				rt.Fatal(err)
			}
			return // the columns that say who bought were left out
		}
		read := 0
		err = f.Load(context.Background(), func(c *Chunk) error {
			read += c.Read
			if c.Table.Rows()+len(c.Rejects) != c.Read {
				rt.Fatalf("%d rows and %d rejects of %d", c.Table.Rows(), len(c.Rejects), c.Read)
			}
			for _, r := range c.Rejects {
				if want := strings.ToValidUTF8(strings.Join(m.rows[r.Line-2], ","), "\ufffd"); r.Raw != want {
					rt.Fatalf("the reject of line %d shows %q, the file has %q", r.Line, r.Raw, want)
				}
			}
			return nil
		})
		if err != nil && strings.Contains(err.Error(), "were rounded by a spreadsheet") {
			return // reading stops where it is plain that the file is of no use
		}
		var unknown *UnknownStatus
		if err != nil && !errors.As(err, &unknown) {
			rt.Fatal(err)
		}
		if read != len(m.rows) {
			rt.Fatalf("%d of %d rows were read", read, len(m.rows))
		}
	})
}
