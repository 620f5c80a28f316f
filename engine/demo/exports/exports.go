// Package exports writes small export files as the platforms make them from
// which people bring their data: shops, market places, mail tools, a help desk.
// The people, orders and messages are made up; the columns, encodings and odd
// habits are those of the platforms, and all of them are in every file, whatever
// the seed. truth.json says what loading each file should give.
//
// The same seed gives the same bytes. The people are the same ones on all
// platforms, so a buyer of one shop is found in the mailing list, the mail
// events and the tickets by the same address or number.
package exports

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// platform is one export: what its files are loaded as, and who writes them.
type platform struct {
	name  string
	kind  string
	write func(*generator)
}

// platforms is the list of exports, in the order of headers.txt.
func platforms() []platform {
	return []platform{
		{"shopify_orders", "orders", shopifyOrders},
		{"shopify_customers", "customers", shopifyCustomers},
		{"woocommerce_webtoffee_orders", "orders", wooOrders},
		{"magento_orders_grid", "orders", magentoOrders},
		{"stripe_payments", "orders", stripePayments},
		{"amazon_all_orders", "orders", amazonOrders},
		{"amazon_fba_shipped", "orders", amazonShipped},
		{"taobao_orders", "orders", taobaoOrders},
		{"taobao_order_items", "order-lines", taobaoItems},
		{"youzan_orders", "orders", youzanOrders},
		{"youzan_customers", "customers", youzanCustomers},
		{"jd_orders", "orders", jdOrders},
		{"pinduoduo_orders", "orders", pinduoduoOrders},
		{"douyin_orders", "orders", douyinOrders},
		{"klaviyo_campaigns", "campaigns", klaviyoCampaigns},
		{"mailchimp_audience", "customers", mailchimpAudience},
		{"sendgrid_events", "responses", sendgridEvents},
		{"zendesk_tickets", "interactions", zendeskTickets},
		{"online_retail_uci", "orders", onlineRetail},
	}
}

// Platforms returns the names of the exports.
func Platforms() []string {
	var names []string
	for _, p := range platforms() {
		names = append(names, p.name)
	}
	return names
}

// Folders below the one that is written to. Data holds what a business would
// have all at once. Variants holds other forms of the same exports: they repeat
// facts of data, are in another currency, or are spoilt.
const (
	Data     = "data"
	Variants = "variants"
)

// Write writes the exports of every platform below dir, which it makes, and
// truth.json. Files of these names that are there already are replaced.
func Write(dir string, seed uint64) (Truth, error) {
	t, err := write(dir, seed, Platforms())
	if err != nil {
		return Truth{}, fmt.Errorf("exports: %w", err)
	}
	return t, nil
}

// WritePlatform is Write for one platform only. The files are the same bytes
// that Write gives.
func WritePlatform(dir, platform string, seed uint64) (Truth, error) {
	if !slices.Contains(Platforms(), platform) {
		return Truth{}, fmt.Errorf("no export %q; there are %s", platform, strings.Join(Platforms(), ", "))
	}
	t, err := write(dir, seed, []string{platform})
	if err != nil {
		return Truth{}, fmt.Errorf("exports: %w", err)
	}
	return t, nil
}

func write(dir string, seed uint64, names []string) (Truth, error) {
	var docs []*document
	for _, p := range platforms() {
		if slices.Contains(names, p.name) {
			g := newGenerator(p, seed)
			p.write(g)
			docs = append(docs, g.docs...)
		}
	}
	t := truthOf(docs)
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return Truth{}, err
	}
	for _, d := range docs {
		if err := put(dir, d.Path, d.bytes); err != nil {
			return Truth{}, err
		}
	}
	return t, put(dir, "truth.json", append(text, '\n'))
}

// put writes a file under a hidden name and gives it its name when it is whole.
func put(dir, name string, text []byte) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	part := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".part")
	if err := os.WriteFile(part, text, 0o644); err != nil {
		return err
	}
	return os.Rename(part, path)
}
