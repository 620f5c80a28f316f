package exports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// written writes every export and returns the folder and what is true of it.
func written(t *testing.T, seed uint64) (string, Truth) {
	t.Helper()
	dir := t.TempDir()
	truth, err := Write(dir, seed)
	if err != nil {
		t.Fatal(err)
	}
	return dir, truth
}

// tree are the bytes of all files below a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// text is a file without its encoding, decoded by the library and not by us.
func text(t *testing.T, dir string, f File) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, f.Path))
	if err != nil {
		t.Fatal(err)
	}
	if f.Encoding == gb18030 {
		if b, err = simplifiedchinese.GB18030.NewDecoder().Bytes(b); err != nil {
			t.Fatal(err)
		}
	}
	return strings.TrimPrefix(string(b), "\ufeff")
}

// table reads a file of text with the standard library: header, then rows.
func table(t *testing.T, dir string, f File) (header []string, rows [][]string) {
	t.Helper()
	body := text(t, dir, f)
	if f.Delimiter == "\t" { // no quoting at all
		for _, line := range strings.Split(strings.TrimSuffix(body, "\n"), "\n") {
			rows = append(rows, strings.Split(line, "\t"))
		}
	} else {
		var err error
		if rows, err = csv.NewReader(strings.NewReader(body)).ReadAll(); err != nil {
			t.Fatalf("%s: %v", f.Path, err)
		}
	}
	for i, r := range rows {
		if len(r) != len(rows[0]) {
			t.Fatalf("%s: row %d has %d cells, the header %d", f.Path, i, len(r), len(rows[0]))
		}
	}
	return rows[0], rows[1:]
}

func TestHeadersAreThoseOfThePlatforms(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "reference", "export_headers.json"))
	if err != nil {
		t.Skipf("the list of headers is not here: %v", err)
	}
	var want map[string]struct{ Columns, Optional, Statuses, Events []string }
	if err := json.Unmarshal(body, &want); err != nil {
		t.Fatal(err)
	}
	if names := slices.Sorted(maps.Keys(want)); !slices.Equal(names, slices.Sorted(slices.Values(Platforms()))) {
		t.Errorf("the list has %q", names)
	}
	_, truth := written(t, 1)
	for name, w := range want {
		columns, optional := headers(name)
		if !slices.Equal(columns, w.Columns) || !slices.Equal(optional, w.Optional) {
			t.Errorf("%s has columns %q and %q, want %q and %q", name, columns, optional, w.Columns, w.Optional)
		}
		for _, status := range slices.Concat(w.Statuses, w.Events) {
			if !slices.ContainsFunc(truth.Files, func(f File) bool { return f.Platform == name && f.Statuses[status] > 0 }) {
				t.Errorf("%s: no row says %q", name, status)
			}
		}
	}
}

// Each file has all columns of its platform in their order, what is added by an
// account between or behind them, and as many rows as it says.
func TestFilesHaveTheColumns(t *testing.T) {
	dir, truth := written(t, 1)
	for _, f := range truth.Files {
		if f.Format != "csv" {
			continue
		}
		header, rows := table(t, dir, f)
		if len(rows) != f.Rows {
			t.Errorf("%s has %d rows, and says %d", f.Path, len(rows), f.Rows)
		}
		columns, _ := headers(f.Platform)
		at := 0
		for _, h := range header {
			if at < len(columns) && h == columns[at] {
				at++
			}
		}
		if at < len(columns) {
			t.Errorf("%s has no column %q behind those before it", f.Path, columns[at])
		}
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	one, truth := written(t, 7)
	again, _ := written(t, 7)
	other, _ := written(t, 8)
	want := tree(t, one)
	if !maps.Equal(want, tree(t, again)) {
		t.Error("the same seed gives other bytes")
	}
	if len(want) != len(truth.Files)+1 {
		t.Errorf("%d files, want those of the truth and truth.json", len(want))
	}
	for name, body := range tree(t, other) {
		if want[name] == body && !strings.HasPrefix(name, Data+"/cleaned") {
			t.Errorf("%s is the same for another seed", name)
		}
	}
	for _, p := range Platforms() {
		dir := t.TempDir()
		if _, err := WritePlatform(dir, p, 7); err != nil {
			t.Fatal(err)
		}
		for name, body := range tree(t, dir) {
			if name != "truth.json" && want[name] != body {
				t.Errorf("%s by itself has another %s", p, name)
			}
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	if _, err := WritePlatform(t.TempDir(), "ebay", 1); err == nil || !strings.Contains(err.Error(), `no export "ebay"; there are shopify_orders, `) {
		t.Errorf("error %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(file, 1); err == nil {
		t.Error("a file is no folder to write to")
	}
}

func TestEncodings(t *testing.T) {
	dir, truth := written(t, 1)
	seen := map[string]int{}
	for _, f := range truth.Files {
		b, err := os.ReadFile(filepath.Join(dir, f.Path))
		if err != nil {
			t.Fatal(err)
		}
		seen[f.Encoding]++
		bom := bytes.HasPrefix(b, []byte("\ufeff"))
		switch f.Encoding {
		case utf8Plain, utf8BOM:
			if !utf8.Valid(b) || bom != (f.Encoding == utf8BOM) {
				t.Errorf("%s: valid UTF-8 %v, byte order mark %v", f.Path, utf8.Valid(b), bom)
			}
		case gb18030:
			body, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
			if err != nil || utf8.Valid(b) || bytes.ContainsRune(body, utf8.RuneError) {
				t.Errorf("%s is no GB18030: %v", f.Path, err)
			}
		default:
			t.Errorf("%s: encoding %q", f.Path, f.Encoding)
		}
	}
	if len(seen) != 3 {
		t.Errorf("encodings %v, want three", seen)
	}
}

// The habits of each platform, as texts that must stand in its file.
func TestQuirks(t *testing.T) {
	dir, truth := written(t, 3)
	for _, c := range []struct{ name, file, pattern string }{
		{"order fields on the first row only", "orders_export_1.csv", `(?m)^#1002,[^,]*,paid,.*\n#1002,[^,]*,,,,,,,,,,,,,,`},
		{"an apostrophe before the postcode", "orders_export_1.csv", `,'94103,`},
		{"a note over two lines with quotes", "orders_export_1.csv", `"Please ring ""twice"",\nthen`},
		{"guests by number", "orders_export_1.csv", `(?m)^#1012,,paid,.*\+\d+`},
		{"nobody", "orders_export_1.csv", `(?m)^#1024,,paid`},
		{"a cancellation with its time", "orders_export_1.csv", `,voided,.*,2024-\d\d-\d\d \d\d:\d\d:\d\d -0[45]00,Shopify Payments`},
		{"an apostrophe before a number", "customers_export.csv", `,'\+1\d{10},`},
		{"nobody at all", "customers_export_pos.csv", `(?m)^Walk-in,Customer,,no,`},
		{"a guest is customer 0", "order_export_2025-06-01-10-15-32.csv", `,0,0,[A-Z][^@]*@`},
		{"items in one cell", "order_export_2025-06-01-10-15-32.csv", `name:[^|]*\|product_id:\d+\|sku:[^|]*\|quantity:\d\|total:[\d.]+`},
		{"another currency was seen", "export.csv", `"(\d+\.\d{4})","\d+\.\d{4}","Complete"`},
		{"a name over lines", "export.csv", `"Main Website\n   Main Website Store`},
		{"a lost dispute", "unified_payments.csv", `,\d+\.\d\d,lost,fraudulent,20\d\d-`},
		{"never captured", "unified_payments.csv", `,Uncaptured,[^,]*,.*,false,`},
		{"a decimal comma", "unified_payments_eu.csv", `,"\d+,\d\d",`},
		{"a thousand with a point", "unified_payments_eu.csv", `"\d\.\d{3},\d\d"`},
		{"a quote that means inches", "28105019871.txt", "\tCast-iron Teapot 12\" Black\t"},
		{"nothing left of a cancelled line", "28105019871.txt", "\tCancelled\t0\t\t\t\t\t"},
		{"a relay address", "FBA_shipments_28105019880.txt", `\tr\d+x\d+@marketplace`},
		{"discounts below zero", "FBA_shipments_28105019880.txt", `\t-\d+\.\d\d\t-3\.99\t`},
		{`ids in ="..."`, "ExportOrderList202506011030.csv", `(?m)^"=""21\d{17}""",`},
		{"ids behind an apostrophe", "ExportOrderList202506011030.csv", `(?m)^'21\d{17},`},
		{"ids before a TAB", "ExportOrderList202506011030.csv", `(?m)^"21\d{17}\t",`},
		{"a masked number", "ExportOrderList202506011030.csv", `,'\d{3}\*{4}\d{4},`},
		{"a masked name", "ExportOrderList202506011030.csv", `,\p{Han}\*+,`},
		{"a masked buyer", "ExportOrderList202506011030.csv", `(?m)^[^,]*,.\*\*,1`},
		{"words for no refund", "ExportOrderList202506011030.csv", `,无退款申请,`},
		{"other words for no refund", "ExportOrderList202506011030.csv", `,没有申请退款,`},
		{"a full-width comma in a status", "ExportOrderList202506011030.csv", `,买家已付款，等待卖家发货,`},
		{"a plain comma in a status", "ExportOrderList202506011030.csv", `"买家已付款,等待卖家发货"`},
		{"a full-width comma in an address", "ExportOrderList202506011030.csv", `号，3单元（放门口）`},
		{"a spoilt id", "ExportOrderList202506011030_excel.csv", `(?m)^2\.\d{5}E\+18,`},
		{"a refund under way", "ExportOrderDetailList202506011031.csv", `买家已经申请退款，等待卖家同意,无退款申请`},
		{"a header name twice", "youzan_orders_20250601.csv", `,分销员,.*,分销员,`},
		{"a masked number of six stars", "youzan_orders_20250601.csv", `,\d{3}\*{6}\d\d,,,李敏`},
		{"masked customers", "youzan_customers_20250602.csv", `(?m)^\p{Han}+,茶友\d+,\d{3}\*{6}\d\d,`},
		{"text beside an amount", "jd_orders_20250601.csv", `\d+\.\d\d（系统计算中，该值仅供参考）`},
		{"a masked number of JD", "jd_orders_20250601.csv", `,1\*{6}\d{4},`},
		{"amounts on each row", "jd_orders_20250601.csv", `(?m)^(297\d{9}),.*\n297\d{9},`},
		{"a TAB behind an order number", "orders_export_pdd_2025-06-01.csv", `"\d{6}-\d{15}\t"`},
		{"no time of what was not paid", "orders_export_pdd_2025-06-01.csv", `(?m)^,[^\n]*,已取消,`},
		{"a TAB in ids", "douyin_orders_20250601.csv", `"\t69\d{17}","\t69\d{17}",`},
		{"encrypted receivers", "douyin_orders_20250601.csv", `,##[A-Za-z0-9+/]+##,\$\$`},
		{"percent", "klaviyo_campaigns.csv", `,\d+\.\d\d%,`},
		{"tags in a cell", "subscribed_email_audience_export_5d1b2c77aa.csv", `"""vip"",""wholesale, tea"""`},
		{"when somebody left", "unsubscribed_email_audience_export_5d1b2c77aa.csv", `UNSUB_TIME.*LEID`},
		{"when an address was given up", "cleaned_email_audience_export_5d1b2c77aa.csv", `CLEAN_TIME`},
		{"a category", "sendgrid_events.jsonl", `"category":"newsletter"`},
		{"a list of categories", "sendgrid_events.jsonl", `"category":\["newsletter","season \d"\]`},
		{"a machine that opens", "sendgrid_events.jsonl", `"event":"open".*"sg_machine_open":true`},
		{"a person who opens", "sendgrid_events.jsonl", `"event":"open".*"sg_machine_open":false`},
		{"a delay", "sendgrid_events.jsonl", `"event":"deferred"`},
		{"seconds since 1970", "sendgrid_events.jsonl", `"timestamp":17\d{8},`},
		{"one list", "sendgrid_events.json", `^\[\{.*\},\n`},
		{"columns of an account", "tickets-2024.csv", `,Product \[list\],Order number \[txt\],Items \[int\],Refund wanted \[flag\]`},
		{"days as in ISO 8601", "tickets-2024.csv", `,2024-\d\d-\d\d \d\d:\d\d,`},
		{"days first", "tickets-2025.csv", `,(1[3-9]|2\d)-\d\d-202\d \d\d:\d\d,`},
		{"no rating", "tickets-2024.csv", `,Offered,`},
		{"invoices that give back", "online_retail_2024.csv", `(?m)^C\d+,[^,]*,.*,-\d+,`},
		{"an invoice of nobody", "online_retail_2024.csv", `(?m),\d+\.\d\d,,[A-Z]`},
	} {
		i := slices.IndexFunc(truth.Files, func(f File) bool { return strings.HasSuffix(f.Path, "/"+c.file) })
		if i < 0 {
			t.Errorf("%s: no file %s", c.name, c.file)
			continue
		}
		if !regexp.MustCompile(c.pattern).MatchString(text(t, dir, truth.Files[i])) {
			t.Errorf("%s: nothing in %s is like %s", c.name, c.file, c.pattern)
		}
	}
	// Only bases are of one currency: some orders differ in the two totals.
	i := slices.IndexFunc(truth.Files, func(f File) bool { return f.Platform == "magento_orders_grid" })
	header, rows := table(t, dir, truth.Files[i])
	base, seen := slices.Index(header, "Grand Total (Base)"), slices.Index(header, "Grand Total (Purchased)")
	if !slices.ContainsFunc(rows, func(r []string) bool { return r[base] != r[seen] }) {
		t.Error("magento: no order was seen in another currency")
	}
}

// sums are what a file comes to when it is read cell by cell.
type sums struct {
	orders, counted, lines int
	net, back              Cents
}

// row gives the cells of one row by name.
type row func(name string) string

func cents(t *testing.T, text string) Cents {
	t.Helper()
	if text == "" {
		return 0
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	if f < 0 {
		return Cents(f*100 - 0.5)
	}
	return Cents(f*100 + 0.5)
}

// What the truth says of orders is what the columns of the files say, read in
// the plainest way: each platform's rows, its id of an order, and formulas over
// names of columns.
func TestTruthIsInTheFiles(t *testing.T) {
	in := func(status string, of ...string) bool { return slices.Contains(of, status) }
	for _, c := range []struct {
		platform string
		id       string
		line     bool // rows are lines
		// each says of a row whether its order counts, and what it adds to net
		// and to what went back; first is true on the first row of an order.
		each func(t *testing.T, r row, first bool) (counted bool, net, back Cents)
	}{
		{"shopify_orders", "Name", true, func(t *testing.T, r row, first bool) (bool, Cents, Cents) {
			if !first || in(r("Financial Status"), "pending", "authorized") {
				return false, 0, 0
			}
			net := cents(t, r("Total")) - cents(t, r("Shipping")) - cents(t, r("Taxes"))
			if r("Cancelled at") != "" && r("Refunded Amount") == "0.00" {
				return true, net, net
			}
			return true, net, cents(t, r("Refunded Amount"))
		}},
		{"woocommerce_webtoffee_orders", "order_id", false, func(t *testing.T, r row, first bool) (bool, Cents, Cents) {
			if !in(r("status"), "completed", "processing", "refunded") {
				return false, 0, 0
			}
			back := Cents(0)
			if after, ok := strings.CutPrefix(r("refund_items"), "amount:"); ok {
				amount, _, _ := strings.Cut(after, "|")
				back = cents(t, amount)
			}
			return true, cents(t, r("order_total")) - cents(t, r("shipping_total")) - cents(t, r("tax_total")), back
		}},
		{"magento_orders_grid", "ID", false, func(t *testing.T, r row, first bool) (bool, Cents, Cents) {
			return in(r("Status"), "Complete", "Processing", "Closed"), cents(t, r("Grand Total (Base)")) - cents(t, r("Shipping and Handling")), cents(t, r("Total Refunded"))
		}},
		{"stripe_payments", "id", false, func(t *testing.T, r row, first bool) (bool, Cents, Cents) {
			back := cents(t, r("Converted Amount Refunded"))
			if r("Dispute Status") == "lost" {
				back = cents(t, r("Disputed Amount"))
			}
			return in(r("Status"), "Paid", "Refunded") && r("Captured") == "true", cents(t, r("Converted Amount")), back
		}},
		{"amazon_all_orders", "amazon-order-id", true, func(t *testing.T, r row, first bool) (bool, Cents, Cents) {
			net := cents(t, r("item-price")) - cents(t, r("item-promotion-discount"))
			return !in(r("order-status"), "Cancelled", "Pending", "Shipped - Returned to Seller"), net, 0
		}},
		{"amazon_fba_shipped", "amazon-order-id", true, func(t *testing.T, r row, first bool) (bool, Cents, Cents) {
			return true, cents(t, r("item-price")) + cents(t, r("item-promotion-discount")), 0
		}},
		{"taobao_orders", "订单编号", false, func(t *testing.T, r row, first bool) (bool, Cents, Cents) {
			if r("订单付款时间") == "" {
				return false, 0, 0
			}
			back := Cents(0)
			if text := r("退款金额"); text != "无退款申请" && text != "没有申请退款" {
				back = cents(t, text)
			}
			net := cents(t, r("买家实际支付金额")) - cents(t, r("买家应付邮费"))
			if net+back <= cents(t, r("买家应付货款")) {
				net += back
			}
			return true, net, back
		}},
		{"youzan_orders", "订单号", false, func(t *testing.T, r row, first bool) (bool, Cents, Cents) {
			return r("买家付款时间") != "", cents(t, r("订单实付金额")) - cents(t, r("运费")), cents(t, r("订单已退款金额"))
		}},
		{"jd_orders", "订单号", true, func(t *testing.T, r row, first bool) (bool, Cents, Cents) {
			if !first {
				return false, 0, 0
			}
			return r("付款确认时间") != "", cents(t, r("应付金额")) + cents(t, r("余额支付")) - cents(t, r("运费金额")), 0
		}},
		{"pinduoduo_orders", "订单号", true, func(t *testing.T, r row, first bool) (bool, Cents, Cents) {
			net := cents(t, r("商品总价(元)")) - cents(t, r("店铺优惠折扣(元)")) - cents(t, r("平台优惠折扣(元)")) - cents(t, r("多多支付立减金额(元)"))
			if r("售后状态") == "退款成功" {
				return true, net, net
			}
			return r("订单成交时间") != "", net, 0
		}},
		{"douyin_orders", "主订单编号", true, func(t *testing.T, r row, first bool) (bool, Cents, Cents) {
			net := cents(t, r("订单应付金额")) - cents(t, r("运费"))
			if r("售后状态") == "退款成功" {
				return true, net, net
			}
			return !in(r("订单状态"), "待支付", "已关闭"), net, 0
		}},
		{"online_retail_uci", "InvoiceNo", true, func(t *testing.T, r row, first bool) (bool, Cents, Cents) {
			quantity, err := strconv.Atoi(r("Quantity"))
			if err != nil {
				t.Fatal(err)
			}
			amount := cents(t, r("UnitPrice")) * Cents(quantity)
			if amount < 0 {
				return false, 0, -amount
			}
			return true, amount, 0
		}},
	} {
		t.Run(c.platform, func(t *testing.T) {
			for seed := range uint64(3) {
				dir, truth := written(t, seed)
				for _, f := range truth.Files {
					if f.Platform != c.platform || f.Variant == "decimal comma" || f.Rejected > 0 {
						continue
					}
					header, rows := table(t, dir, f)
					var got sums
					orders, counted, lines := map[string]bool{}, map[string]bool{}, map[string]bool{}
					for _, cells := range rows {
						r := func(name string) string {
							i := slices.Index(header, name)
							if i < 0 {
								t.Fatalf("no column %q", name)
							}
							return cells[i]
						}
						id := r(c.id)
						if lines[strings.Join(cells, "|")] && f.Duplicates > 0 {
							continue
						}
						lines[strings.Join(cells, "|")] = true
						ok, net, back := c.each(t, r, !orders[id])
						if c.platform != "online_retail_uci" || net > 0 || back == 0 {
							orders[id] = true
						}
						got.lines++
						if ok {
							counted[id] = true
							got.net += net
						}
						if ok || c.platform == "online_retail_uci" {
							got.back += back
						}
					}
					got.orders, got.counted = len(orders), len(counted)
					want := sums{f.Orders, f.Counted, f.Lines, f.Net, f.Refunded}
					if !c.line {
						got.lines = f.Lines
					}
					if got != want {
						t.Errorf("%s, seed %d: reading gives %+v, the truth is %+v", f.Path, seed, got, want)
					}
				}
			}
		})
	}
}

// Each platform that has orders has enough of them, and of all that can become
// of one.
func TestOrdersAreMany(t *testing.T) {
	_, truth := written(t, 1)
	for _, f := range truth.Files {
		if f.Kind != "orders" || strings.HasPrefix(f.Path, Variants) {
			continue
		}
		if f.Orders < 60 || f.Orders > 200 || f.Counted > f.Orders || f.Net <= 0 || f.RefundedGoods > f.Refunded {
			t.Errorf("%s: %+v", f.Path, f)
		}
		if f.Refunds == 0 && !slices.Contains([]string{"amazon_all_orders", "amazon_fba_shipped", "jd_orders"}, f.Platform) { // which tell of none
			t.Errorf("%s: nothing is given back", f.Path)
		}
		if nobody := slices.Contains([]string{"amazon_all_orders", "pinduoduo_orders", "douyin_orders"}, f.Platform); nobody != (f.Customers == 0) || nobody != (f.Nobody == f.Orders) {
			t.Errorf("%s: %d customers, %d orders of nobody", f.Path, f.Customers, f.Nobody)
		}
	}
}

// A buyer of the web shop is in the mailing list, the mail events and the tickets
// by the same address, and buyers of one Chinese shop are in the other by number.
func TestPeopleAreShared(t *testing.T) {
	_, truth := written(t, 1)
	both := func(platforms ...string) (n int) {
		for _, s := range truth.Shared {
			in := map[string]bool{}
			for _, path := range s.Files {
				i := slices.IndexFunc(truth.Files, func(f File) bool { return f.Path == path })
				in[truth.Files[i].Platform] = true
			}
			if !slices.ContainsFunc(platforms, func(p string) bool { return !in[p] }) {
				n++
			}
		}
		return n
	}
	for _, platforms := range [][]string{
		{"shopify_orders", "mailchimp_audience", "sendgrid_events", "zendesk_tickets"},
		{"shopify_orders", "woocommerce_webtoffee_orders", "stripe_payments"},
		{"taobao_orders", "youzan_orders", "youzan_customers"},
		{"taobao_orders", "shopify_orders"},
	} {
		if n := both(platforms...); n < 3 {
			t.Errorf("%d people are in all of %q", n, platforms)
		}
	}
}

func TestTruthIsWrittenAndRead(t *testing.T) {
	dir, truth := written(t, 5)
	body, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadTruth(body)
	if err != nil {
		t.Fatal(err)
	}
	for i := range truth.Files {
		truth.Files[i].keys = nil
	}
	if a, b := fmt.Sprintf("%+v", truth), fmt.Sprintf("%+v", read); a != b {
		t.Errorf("written %s\nread %s", a, b)
	}
	for _, c := range []struct {
		text string
		want Cents
	}{{"0.00", 0}, {"12.50", 1250}, {"-12.05", -1205}, {"-0.05", -5}} {
		var got Cents
		if err := got.UnmarshalText([]byte(c.text)); err != nil || got != c.want || got.String() != c.text {
			t.Errorf("%s is %d, %s, %v", c.text, got, got, err)
		}
	}
	var none Cents
	for _, text := range []string{"", "12", "12.5", "x.50"} {
		if err := none.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is no amount", text)
		}
	}
}

// Keys join people through one another.
func TestUnion(t *testing.T) {
	u := newUnion()
	for _, keys := range [][]string{{"a", "b"}, {"c"}, {"d", "e"}, {"e", "b"}, {"f"}} {
		u.join(keys)
	}
	if got := fmt.Sprint(u.members()); got != "[[a b d e] [c] [f]]" {
		t.Errorf("people are %s", got)
	}
}
