package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestGuess(t *testing.T) {
	for _, c := range []struct{ header, kind, err string }{
		{"order_id|customer_id|order_date|total", "orders", ""},
		{"order_id|customer_id|date|amount", "orders", ""}, // would do as refunds, but no name says so
		{"customer_id|date|quantity|amount", "orders", ""},
		{"household_id|store_id|basket_id|product_id|quantity|sales_value|transaction_timestamp", "orders", ""},
		{"customer_id|order_date|total|first_name|last_name|email|gender|birthday|city|country", "orders", ""},
		{"order_id|customer_id|order_date|status|product_id|quantity|amount|currency", "orders", ""},
		{"order_id|line|sku|description|qty|price|amount", "order-lines", ""},
		{"订单号|商品名称|数量|单价", "order-lines", ""},
		{"会员号|下单时间|实付金额", "orders", ""},
		{"customer_id|name|email|phone|gender|birthday|city|email_consent", "customers", ""},
		{"会员号|姓名|手机|生日|注册时间", "customers", ""},
		{"sku|product name|category|price", "products", ""},
		{"id|name|price", "products", ""},
		{"refund_id|order_id|customer|date|amount", "refunds", ""},
		{"order_id|customer_id|return_date|return_amount", "refunds", ""},
		{"ticket_id|customer_id|created_at|type|satisfaction|body", "interactions", ""},
		{"campaign_id|name|channel|start_date|end_date|cost", "campaigns", ""},
		{"campaign_id|customer_id|event|timestamp|group|value", "responses", ""},
		{"campaign_id|recipients|opens|clicks", "campaigns", ""},
		{"a|b|c", "", `no column is one of any kind of file among "a", "b", "c"; say which it is: clientele ingest KIND FILE`},
		{"order_id|total", "", `do not tell what kind of file this is; nearest are`},
		{"customer_id|date", "", `orders, without a column for order_id or net or gross`},
		{"customer_id|total", "", `without a column for ordered_at`},
		{"id|name", "", "this may be a file of customers or of products"},
	} {
		kind, source, why, err := Guess(strings.Split(c.header, "|"))
		switch {
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: %s, %v, want %q", c.header, kind, err, c.err)
		case c.err == "" && (err != nil || kind != c.kind || source != nil || !strings.HasPrefix(why, "taken for a file of "+kind+", by its columns ")):
			t.Errorf("%s: %s %v %q, %v, want %s", c.header, kind, source, why, err, c.kind)
		}
	}
}

// The generated shop and the tests of commands name their files well; so do these.
func TestGuessData(t *testing.T) {
	for file, want := range map[string]string{
		"cdnow.csv": "orders", "rfm_orders.csv": "orders", "online_retail.csv": "orders", "online_retail_lines.csv.gz": "orders",
		"completejourney_transactions_sample.csv": "orders", "completejourney_products.csv.gz": "products", "completejourney_campaign_descriptions.csv": "campaigns",
	} {
		header, err := firstRow("../../shared/data/" + file)
		if err != nil {
			t.Skipf("the public data sets are not here: %v", err)
		}
		if kind, _, _, err := Guess(header); err != nil || kind != want {
			t.Errorf("%s is %q, %v, want %s", file, kind, err, want)
		}
	}
}

func TestOpenWithoutKind(t *testing.T) {
	for _, kind := range []string{"", "auto"} {
		got := load(t, options(kind), 10, "order_id|customer_id|order_date|total", "1|7|2024-01-31|2")
		if got.file.Kind != "orders" || got.file.Source != nil || got.file.Amount != "" || got.rows[0]["net"] != "2.0000" {
			t.Errorf("%+v", got.file)
		}
		hasNote(t, got, `taken for a file of orders, by its columns "order_id", "customer_id", "order_date", "total"`)
		path, open := sheet(t, 10, "a|b", "1|2")
		if _, err := Open(context.Background(), path, options(kind), open); err == nil || !strings.HasPrefix(err.Error(), path+": no column is one of any kind") {
			t.Errorf("%v", err)
		}
	}
}

// Orders without any column of customers are loaded when somebody says that there is
// none.
func TestOrdersWithoutCustomers(t *testing.T) {
	path, open := sheet(t, 10, "order_id|date|amount", "1|2024-01-31|2")
	_, err := Open(context.Background(), path, options("orders"), open)
	if err == nil || !strings.Contains(err.Error(), "name it with --map customer_id=COLUMN; with --map customer_id=- it is loaded without customers") {
		t.Errorf("%v", err)
	}
	opt := options("orders")
	opt.Map = map[string]string{"customer_id": "-"}
	got := load(t, opt, 10, "order_id|date|amount", "1|2024-01-31|2")
	if r := got.rows[0]; r["net"] != "2.0000" || r["customer_key"] != "" {
		t.Errorf("row %v", r)
	}
	hasNote(t, got, "this export has no buyer id")
	opt.Kind = "interactions"
	if _, err := Open(context.Background(), path, opt, open); err == nil || !strings.Contains(err.Error(), "no column for customer_id") {
		t.Errorf("interactions: %v", err)
	}
}

// A member number is read beside a customer id only.
func TestMemberID(t *testing.T) {
	for _, c := range []struct{ header, customer, member string }{
		{"customer_id|member_id|date", "customer_id", "member_id"},
		{"会员号|买家ID|date", "会员号", ""},
		{"customer_id|loyalty_card|date", "customer_id", "loyalty_card"},
		{"member_id|email|date", "member_id", ""},
		{"email|date|vip_no", "", ""},
	} {
		k, _ := kindOf("orders")
		bindings, _, err := recognise(k, strings.Split(c.header, "|"), nil)
		if err != nil {
			t.Fatal(err)
		}
		got := bound(bindings)
		if got["customer_id"] != c.customer || got["member_id"] != c.member {
			t.Errorf("%s is read as %v", c.header, got)
		}
	}
	got := load(t, options("orders"), 10, "customer_id|member_id|date", "7|'M-9|2024-01-31")
	if r := got.rows[0]; r["customer_key"] != "7" || r["member_id"] != "M-9" {
		t.Errorf("row %v", r)
	}
}

// A header that stands twice feeds nothing twice, and the second one is left alone.
func TestHeaderTwice(t *testing.T) {
	got := load(t, options("orders"), 10, "订单号|会员号|分销员|下单时间|实付金额（元）|分销员", "1|7|a|2024-01-31|2|b")
	if r := got.rows[0]; r["net"] != "2.0000" || len(got.file.Unused) != 2 {
		t.Errorf("row %v, unused %q", r, got.file.Unused)
	}
}

// Words that nobody knows refuse the file as a whole, and all of them are named.
func TestUnknownStatus(t *testing.T) {
	rows := []string{"order_id|customer_id|date|status"}
	for i := range 7 {
		rows = append(rows, fmt.Sprintf("%d|7|2024-01-31|%s", i, []string{"wobbly", "paid", "锁 住", "Wobbly", "wobbly", "", "wobbly"}[i]))
	}
	want := `column "status" has words for the state of an order that are not known: "Wobbly" (1 row), "wobbly" (3 rows), "锁 住" (1 row); ` +
		`say what each means, one of completed, paid, shipped, unpaid, cancelled, refunded in the place of CHOOSE: ` +
		`in clientele.yaml, status: {"Wobbly": CHOOSE, "wobbly": CHOOSE, "锁 住": CHOOSE}, or with --status 'Wobbly=CHOOSE,wobbly=CHOOSE,锁 住=CHOOSE'`
	for _, size := range []int{1, 3, 100} {
		path, open := sheet(t, size, rows...)
		f, err := Open(context.Background(), path, options("orders"), open)
		if err != nil {
			t.Fatal(err)
		}
		read := 0
		err = f.Load(context.Background(), func(c *Chunk) error {
			read += c.Read
			return nil
		})
		var unknown *UnknownStatus
		if !errors.As(err, &unknown) || unknown.Rows != 5 || err.Error() != path+": "+want {
			t.Errorf("%v\nwant %s", err, want)
		}
		if read != 7 {
			t.Errorf("%d rows were read", read)
		}
	}
	opt := options("orders")
	opt.Status = map[string]string{"WOBBLY": "paid", "锁住": "unpaid"}
	if got := load(t, opt, 10, rows...); len(got.rows) != 7 || got.rows[2]["status"] != "unpaid" {
		t.Errorf("rows %v", got.rows)
	}
}

func TestUnknownStatusOfAnotherColumn(t *testing.T) {
	rows := []string{"order_id|customer_id|date|status"}
	for i := range 1500 {
		rows = append(rows, fmt.Sprintf("%d|7|2024-01-31|note %04d", i, i))
	}
	for n, want := range map[int]string{
		30:   `has 30 different words that are no status, "note 0000", "note 0001", "note 0002" among them: it is likely none; name another column with --map status=COLUMN, or none with --map status=-`,
		1500: `has more than 1000 different words`,
	} {
		path, open := sheet(t, 1000, rows[:n+1]...)
		f, err := Open(context.Background(), path, options("orders"), open)
		if err != nil {
			t.Fatal(err)
		}
		err = f.Load(context.Background(), func(*Chunk) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
