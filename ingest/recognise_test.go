package ingest

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bound renders bindings as target=header, in the order of columns.tsv.
func bound(bindings []Binding) map[string]string {
	m := map[string]string{}
	for _, b := range bindings {
		m[b.Target] = b.Header
	}
	return m
}

func TestTables(t *testing.T) {
	for _, k := range kinds() {
		targets := targetsOf(k.name)
		names := map[string]bool{}
		for _, target := range targets {
			if len(target.names) == 0 || target.names[0] != fold(target.name) && target.typ != typeClock && !strings.HasPrefix(target.names[0], "requester") && target.name != "amount" && target.name != "name" {
				t.Errorf("%s.%s is not recognised by its own name first: %v", k.name, target.name, target.names)
			}
			names[target.name] = true
		}
		for _, need := range append(k.need, k.insist, []string{k.id, k.date}) {
			for _, n := range need {
				if n != "" && !names[n] {
					t.Errorf("%s has no column %s", k.name, n)
				}
			}
		}
	}
	for kind := range parseColumns() {
		if _, err := kindOf(kind); err != nil {
			t.Error(err)
		}
	}
	for list, want := range map[string][]string{"status": Statuses(), "event": Events(), "gender": Genders()} {
		values := slices.Sorted(maps.Values(words(list)))
		for _, v := range slices.Compact(values) {
			if v != "" && !slices.Contains(want, v) {
				t.Errorf("%s has words for %q", list, v)
			}
		}
		for _, w := range want {
			if words(list)[fold(w)] != w {
				t.Errorf("%s %q does not stand for itself", list, w)
			}
		}
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Customer_ID": "customerid", " customer-id ": "customerid", "\ufeffOrder No.": "orderno", "ｏｒｄｅｒ　ＩＤ": "orderid",
		"金额（元）": "金额(元)", "订单 编号": "订单编号", "E-mail": "email",
	} {
		if got := fold(in); got != want {
			t.Errorf("%q folds to %q, want %q", in, got, want)
		}
	}
}

// The platforms' headers are real ones (reference/export_headers.json); what
// each column means follows that file's maps, and the names themselves.
func TestRecogniseExports(t *testing.T) {
	text, err := os.ReadFile("../../shared/reference/export_headers.json")
	if err != nil {
		t.Skipf("the reference of export headers is not here: %v", err)
	}
	var exports map[string]struct {
		Kind    string   `json:"kind"`
		Columns []string `json:"columns"`
	}
	if err := json.Unmarshal(text, &exports); err != nil {
		t.Fatal(err)
	}
	want := map[string]struct {
		kind    string
		columns map[string]string // "" : must not be bound
		lacks   string            // what the error says, where the export lacks something
	}{
		"shopify_orders": {"orders", map[string]string{"email": "Email", "ordered_at": "Created at", "net": "Total", "status": "Financial Status",
			"currency": "Currency", "refunded": "Refunded Amount", "cancelled_at": "Cancelled at", "discount": "Discount Amount", "product_id": "Lineitem sku",
			"product_name": "Lineitem name", "quantity": "Lineitem quantity", "unit_price": "Lineitem price", "channel": "Source", "shipping": "Shipping", "tax": "Taxes", "gross": "Subtotal", "coupon": "Discount Code"}, ""},
		"shopify_customers": {"customers", map[string]string{"email": "Email", "first_name": "First Name", "last_name": "Last Name", "phone": "Phone",
			"email_consent": "Accepts Email Marketing", "sms_consent": "Accepts SMS Marketing", "city": "City", "region": "Province", "country": "Country", "postcode": "Zip", "tags": "Tags", "address": "Address1"}, ""},
		"woocommerce_webtoffee_orders": {"orders", map[string]string{"order_id": "order_id", "customer_id": "customer_id", "email": "customer_email", "ordered_at": "order_date",
			"net": "order_total", "status": "status", "currency": "order_currency", "tax": "tax_total", "shipping": "shipping_total", "discount": "discount_total", "gross": "order_subtotal"}, ""},
		"magento_orders_grid": {"orders", nil, "customer_id or email or phone"}, // "Customer Email" is an optional column
		"amazon_all_orders":   {"orders", nil, "customer_id or email or phone"}, // no buyer
		"amazon_fba_shipped": {"orders", map[string]string{"order_id": "amazon-order-id", "email": "buyer-email", "phone": "buyer-phone-number", "name": "buyer-name", "ordered_at": "purchase-date",
			"product_id": "sku", "product_name": "product-name", "quantity": "quantity-shipped", "line_net": "item-price", "channel": "sales-channel", "currency": "currency"}, ""},
		"taobao_orders":      {"orders", map[string]string{"order_id": "订单编号", "customer_id": "买家会员名", "ordered_at": "订单创建时间", "net": "买家实际支付金额", "status": "订单状态", "phone": "联系手机", "product_name": "宝贝标题", "quantity": "宝贝总数量", "shop": "店铺名称", "name": "收货人姓名", "address": "收货地址"}, ""},
		"taobao_order_items": {"order-lines", map[string]string{"order_id": "主订单编号", "product_id": "商品ID", "product_name": "商品标题", "quantity": "购买数量", "unit_price": "商品价格", "line_net": "买家实付金额"}, ""},
		"youzan_orders":      {"orders", map[string]string{"order_id": "订单号", "customer_id": "", "phone": "买家手机号", "ordered_at": "订单创建时间", "net": "订单实付金额", "refunded": "订单已退款金额", "status": "订单状态", "channel": "销售渠道", "shop": "归属店铺", "shipping": "运费"}, ""},
		"youzan_customers":   {"customers", map[string]string{"phone": "客户手机号", "name": "客户姓名", "birth_date": "客户生日", "gender": "客户性别", "acquired_on": "成为客户时间", "acquired_channel": "来源渠道", "tags": "标签"}, ""},
		"jd_orders":          {"orders", map[string]string{"order_id": "订单号", "customer_id": "下单帐号", "ordered_at": "下单时间", "net": "结算金额", "status": "订单状态", "product_id": "商品ID", "product_name": "商品名称", "quantity": "订购数量", "unit_price": "京东价", "shipping": "运费金额", "name": "客户姓名", "phone": "联系电话"}, ""},
		"pinduoduo_orders":   {"orders", nil, "customer_id or email or phone"}, // no buyer id in this export
		"douyin_orders":      {"orders", nil, "customer_id or email or phone"}, // the receiver's data is encrypted, the buyer's not there
		"mailchimp_audience": {"customers", map[string]string{"email": "Email Address", "first_name": "First Name", "acquired_on": "OPTIN_TIME", "updated_at": "LAST_CHANGED", "country": "CC", "region": "REGION", "tags": "TAGS"}, ""},
		"sendgrid_events":    {"responses", map[string]string{"response_id": "sg_event_id", "campaign_id": "marketing_campaign_id", "email": "email", "occurred_at": "timestamp", "event": "event", "machine": "sg_machine_open"}, ""},
		"zendesk_tickets": {"interactions", map[string]string{"interaction_id": "Id", "customer_id": "Requester external id", "email": "Requester email", "occurred_at": "Created at", "resolved_at": "Solved at",
			"satisfaction": "Satisfaction Score", "channel": "Via", "contacts": "Replies", "agent": "Assignee", "topic": "Subject", "kind": "Ticket type"}, ""},
		"klaviyo_campaigns": {"campaigns", map[string]string{"campaign_id": "Campaign ID", "name": "Campaign Name", "started_on": "Send Time", "channel": "Campaign Channel"}, ""},
		"online_retail_uci": {"orders", map[string]string{"order_id": "InvoiceNo", "customer_id": "CustomerID", "ordered_at": "InvoiceDate", "product_id": "StockCode", "product_name": "Description", "quantity": "Quantity", "unit_price": "UnitPrice", "country": "Country"}, ""},
	}
	for name, w := range want {
		e, ok := exports[name]
		if !ok {
			t.Errorf("%s is not in the reference", name)
			continue
		}
		k, err := kindOf(w.kind)
		if err != nil {
			t.Fatal(err)
		}
		bindings, _, err := recognise(k, e.Columns, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = check(k, e.Columns, bindings, Options{}, nil)
		if w.lacks != "" {
			if err == nil || !strings.Contains(err.Error(), w.lacks) {
				t.Errorf("%s: %v, want an error with %q", name, err, w.lacks)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := bound(bindings)
		for target, header := range w.columns {
			if got[target] != header {
				t.Errorf("%s: %s is read from %q, want %q", name, target, got[target], header)
			}
		}
	}
	for name, e := range exports {
		if _, ok := want[name]; !ok && name != "stripe_payments" { // payments are no kind of ours
			t.Errorf("%s (%s) is not tested", name, e.Kind)
		}
	}
}

// The public data sets, by what their README says of their columns.
func TestRecogniseData(t *testing.T) {
	const dir = "../../shared/data/"
	for file, w := range map[string]struct {
		kind    string
		columns map[string]string
	}{
		"cdnow.csv":                                 {"orders", map[string]string{"customer_id": "customer_id", "ordered_at": "date", "quantity": "quantity", "net": "amount"}},
		"cdnow_sample.csv":                          {"orders", map[string]string{"customer_id": "customer_id", "ordered_at": "date", "quantity": "quantity", "net": "amount"}},
		"rfm_orders.csv":                            {"orders", map[string]string{"customer_id": "customer_id", "ordered_at": "order_date", "net": "revenue", "first_name": "first_name", "last_name": "last_name", "email": "email"}},
		"online_retail.csv":                         {"orders", map[string]string{"customer_id": "customer_id", "ordered_at": "date", "ordered_time": "time", "order_id": "invoice", "quantity": "quantity", "net": "amount", "country": "country"}},
		"online_retail_lines.csv.gz":                {"orders", map[string]string{"order_id": "InvoiceNo", "customer_id": "CustomerID", "ordered_at": "InvoiceDate", "product_id": "StockCode", "product_name": "Description", "quantity": "Quantity", "unit_price": "UnitPrice", "country": "Country"}},
		"completejourney_transactions_sample.csv":   {"orders", map[string]string{"customer_id": "household_id", "shop": "store_id", "order_id": "basket_id", "product_id": "product_id", "quantity": "quantity", "net": "sales_value", "line_discount": "retail_disc", "ordered_at": "transaction_timestamp"}},
		"completejourney_products.csv.gz":           {"products", map[string]string{"product_id": "product_id", "category": "product_category", "brand": "brand"}},
		"completejourney_campaign_descriptions.csv": {"campaigns", map[string]string{"campaign_id": "campaign_id", "channel": "campaign_type", "started_on": "start_date", "ended_on": "end_date"}},
		"completejourney_demographics.csv":          {"customers", map[string]string{"customer_id": "household_id"}},
	} {
		header, err := firstRow(dir + file)
		if err != nil {
			t.Skipf("the public data sets are not here: %v", err)
		}
		k, _ := kindOf(w.kind)
		bindings, _, err := recognise(k, header, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(k, header, bindings, Options{}, nil); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if got := bound(bindings); !maps.Equal(got, w.columns) {
			t.Errorf("%s is read as %v, want %v", file, got, w.columns)
		}
	}
}

func firstRow(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = f
	if filepath.Ext(path) == ".gz" {
		if in, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	return csv.NewReader(in).Read()
}

func TestRecogniseRanksAndNotes(t *testing.T) {
	for _, c := range []struct {
		name   string
		header string
		want   string // target=header ... in the order of columns.tsv
		note   string
	}{
		{"earlier name wins", "total|customer_id|net_amount|date", "customer_id=customer_id ordered_at=date net=net_amount", `net is read from column "net_amount", not from "total"`},
		{"the leftmost of equal ones", "date|Customer ID|customer_id", "customer_id=Customer ID ordered_at=date", `customer_id is read from column "Customer ID", not from "customer_id"`},
		{"a header twice", "customer_id|date|amount|x|amount", "customer_id=customer_id ordered_at=date net=amount", `net is read from column 3 "amount", not from column 5 "amount"`},
		{"a header twice, and a better one", "customer_id|date|amount|net|amount", "customer_id=customer_id ordered_at=date net=net", `net is read from column 4 "net", not from column 3 "amount", column 5 "amount"`},
		{"one header, one target", "customer|order_time", "customer_id=customer ordered_at=order_time", ""},
		{"date and time apart", "customer|order_date|order_time", "customer_id=customer ordered_at=order_date ordered_time=order_time", ""},
		{"full width, brackets, byte order mark", "\ufeff会员号|下单时间|实付金额（元）", "customer_id=\ufeff会员号 ordered_at=下单时间 net=实付金额（元）", ""},
		{"no name at all", "customer||date", "customer_id=customer ordered_at=date", ""},
	} {
		k, _ := kindOf("orders")
		bindings, notes, err := recognise(k, strings.Split(c.header, "|"), nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range bindings {
			got = append(got, b.Target+"="+b.Header)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
		if c.note != strings.Join(notes, "; ") {
			t.Errorf("%s: notes %q, want %q", c.name, notes, c.note)
		}
	}
}

func TestMap(t *testing.T) {
	k, _ := kindOf("orders")
	header := []string{"who", "when", "amount", "total", "email"}
	bindings, _, err := recognise(k, header, map[string]string{"customer_id": "WHO", "ordered_at": "when", "net": "total", "email": "-"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := bound(bindings), (map[string]string{"customer_id": "who", "ordered_at": "when", "net": "total"}); !maps.Equal(got, want) {
		t.Errorf("bound %v, want %v", got, want)
	}
	for i, b := range bindings {
		if b.How != "map" || header[b.Index] != b.Header {
			t.Errorf("binding %d is %+v", i, b)
		}
	}
}

// A mapped header that stands twice is the first, and a note says so.
func TestMapOfHeaderThatStandsTwice(t *testing.T) {
	k, _ := kindOf("refunds")
	header := []string{"order_id", "when", "money", "shop", "money"}
	bindings, notes, err := recognise(k, header, map[string]string{"refunded_at": "when", "amount": "money"})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(bindings, func(b Binding) bool { return b.Target == "amount" })
	if i < 0 || bindings[i].Index != 2 {
		t.Errorf("bound %+v", bindings)
	}
	if want := []string{`amount is read from column 3 "money", not from column 5 "money"`}; !slices.Equal(notes, want) {
		t.Errorf("notes %q, want %q", notes, want)
	}
}

// What cannot be recognised is one line that says what to do.
func TestOpenErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  Options
		rows []string
		want string
	}{
		{"no customer", options("orders"), []string{"a|date|amount", "1|2024-01-31|2"},
			`no column for customer_id or email or phone among "a", "date", "amount"; name it with --map customer_id=COLUMN`},
		{"nothing", options("orders"), []string{"a|b", "1|2"},
			`no column for customer_id or email or phone, nor for ordered_at among "a", "b"; name it with --map customer_id=COLUMN,ordered_at=COLUMN`},
		{"customers given as orders", options("orders"), []string{"customer_id|name|gender|birthday|created_at", "1|A|f|1990-01-01|2024-01-31"},
			`this looks like a file of customers, not of orders: load it as customers, or name the columns with --map`},
		{"orders given as customers", options("customers"), []string{"customer_id|date|quantity|amount", "1|2024-01-31|1|2"},
			`this looks like a file of orders, not of customers: load it as orders, or name the columns with --map`},
		{"products given as orders", options("orders"), []string{"sku|name|price|cost", "1|A|2|1"},
			`no column for customer_id or email or phone, nor for ordered_at among "sku", "name", "price", "cost"; this looks like a file of products: load it as products, or name it with --map customer_id=COLUMN,ordered_at=COLUMN`},
		{"responses given as orders", options("orders"), []string{"campaign_id|customer_id|date|event|arm", "1|1|2024-01-31|sent|a"},
			`this looks like a file of responses, not of orders: load it as responses, or name the columns with --map`},
		{"orders given as responses", options("responses"), []string{"order_id|customer_id|order_date|total", "1|1|2024-01-31|3"},
			`no column for campaign_id, nor for occurred_at, nor for event among "order_id", "customer_id", "order_date", "total"; this looks like a file of orders: load it as orders, or name it with --map campaign_id=COLUMN,occurred_at=COLUMN,event=COLUMN`},
		{"orders given as lines", options("order-lines"), []string{"order_id|customer|date|amount", "1|1|2024-01-31|3"},
			`no column for product_id or product_name among "order_id", "customer", "date", "amount"; this looks like a file of orders: load it as orders, or name it with --map product_id=COLUMN`},
		{"unknown target", with(options("orders"), func(o *Options) { o.Map = map[string]string{"custmer_id": "a"} }), []string{"a|b", "1|2"},
			`orders have no column "custmer_id"; did you mean "customer_id"? the columns are order_id, customer_id, member_id, email, phone, `},
		{"target of nothing", with(options("campaigns"), func(o *Options) { o.Map = map[string]string{"xyzzy": "a"} }), []string{"a|b", "1|2"},
			`campaigns have no column "xyzzy"; the columns are campaign_id, currency, name, channel, started_on, ended_on, cost, objective, recipients, `},
		{"unknown header", with(options("orders"), func(o *Options) { o.Map = map[string]string{"net": "c"} }), []string{"a|b", "1|2"},
			`no column "c" to map to net; the columns are "a", "b"`},
		{"attributes of orders", with(options("orders"), func(o *Options) { o.Map = map[string]string{"attribute.x": "a"} }), []string{"a|b", "1|2"},
			`orders have no column "attribute.x"; the columns are order_id`},
		{"unknown kind", options("sales"), []string{"a|b", "1|2"}, `no kind of file "sales"; the kinds are orders, order-lines, customers`},
		{"no rows", options("orders"), []string{"customer_id|date"}, `the file has a header and no rows`},
		{"undecidable dates", options("orders"), []string{"customer_id|date", "1|03/04/2024", "2|05/06/2024"},
			`column "date": "03/04/2024" may be day/month or month/day, and the column does not tell; say which with --dates dmy or --dates mdy`},
		{"undecidable dates without zeros", options("orders"), []string{"customer_id|date", "1|1/10/2024", "2|1/11/2024", "2|1/12/2024"},
			`column "date": "1/10/2024" may be day/month or month/day, and the column does not tell; say which with --dates dmy or --dates mdy`},
		{"undecidable dates with times", options("orders"), []string{"customer_id|date", "1|1-2-2024 3:04 PM", "2|11-2-2024 15:04"},
			`column "date": "1-2-2024 3:04 PM" may be day/month or month/day, and the column does not tell; say which with --dates dmy or --dates mdy`},
		{"undecidable decimals", options("orders"), []string{"customer_id|date|amount", "1|2024-01-31|1.50", "2|2024-01-31|1,50"},
			`column "amount": as many numbers with a decimal point as with a decimal comma; say which with --decimal . or --decimal ,`},
		{"unknown order of dates", with(options("orders"), func(o *Options) { o.Dates = "american" }), []string{"customer_id|date", "1|2024-01-31"},
			`order of dates "american" is none of auto, ymd, dmy, mdy`},
		{"unknown decimal sign", with(options("orders"), func(o *Options) { o.Decimal = ";" }), []string{"customer_id|date", "1|2024-01-31"},
			`decimal sign ";" is none of auto . ,`},
		{"status mapped to nothing", with(options("orders"), func(o *Options) { o.Status = map[string]string{"ok": "fine"} }), []string{"customer_id|date", "1|2024-01-31"},
			`status "ok" is mapped to "fine", which is none of completed, paid, shipped, unpaid, cancelled, refunded`},
		{"addresses without a key", with(options("orders"), func(o *Options) { o.Key = nil }), []string{"email|date", "a@b.cd|2024-01-31"},
			`customers known by e-mail or phone need the key`},
	} {
		path, open := sheet(t, 10, c.rows...)
		_, err := Open(context.Background(), path, c.opt, open)
		if err == nil || !strings.HasPrefix(err.Error(), path+": "+c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
		}
	}
}

func with(o Options, set func(*Options)) Options {
	set(&o)
	return o
}

// Files that share columns with another kind are what they were given as.
func TestKindIsNotGuessedAway(t *testing.T) {
	for _, c := range []struct{ kind, header string }{
		{"interactions", "id|customer_id|date|channel|status|location"},
		{"interactions", "customer_id|date"},
		{"orders", "customer_id|date"},
		{"orders", "customer_id|order_date|total|first_name|last_name|email|gender|birthday|city|country"},
		{"orders", "order_id|customer_id|date|amount|campaign_id|channel|refund_date|refund_amount"},
		{"order-lines", "order_id|customer_id|order_date|status|product_id|quantity|amount|currency"}, // lines with their order's columns
		{"refunds", "order_id|customer_id|date|amount|currency"},
		{"customers", "customer_id|total_spent|last_order_date|orders"},
		{"customers", "customer_id|name|created_at|tags"},
		{"products", "product_id|name|price|quantity"},
		{"responses", "campaign_id|customer_id|date|event|value|channel"},
	} {
		k, _ := kindOf(c.kind)
		header := strings.Split(c.header, "|")
		bindings, _, err := recognise(k, header, nil)
		if err == nil {
			err = check(k, header, bindings, Options{}, nil)
		}
		if err != nil {
			t.Errorf("%s with %s: %v", c.kind, c.header, err)
		}
	}
}

// A mapping says that the user knows what the file is.
func TestMapSilencesKind(t *testing.T) {
	opt := options("customers")
	opt.Map = map[string]string{"customer_id": "customer_id"}
	got := load(t, opt, 10, "customer_id|date|quantity|amount", "1|2024-01-31|1|2")
	if len(got.rows) != 1 || got.rows[0]["customer_key"] != "1" {
		t.Errorf("loaded %v", got.rows)
	}
}
