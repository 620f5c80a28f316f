package ingest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// without drops the columns that hold hashes, which are tested apart.
func without(row map[string]string, names ...string) map[string]string {
	row = maps.Clone(row)
	for _, n := range append(names, "content") {
		delete(row, n)
	}
	return row
}

func TestLoadKinds(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  Options
		rows []string
		want []map[string]string
	}{
		{"an order", with(options("orders"), func(o *Options) { o.Zone = shanghai(t) }),
			[]string{"订单号|会员号|下单时间|订单状态|实付金额|运费|币种|店铺", "'1001|=\"A7\"|2024年1月31日 下午3:05|买家已付款,等待卖家发货|¥1,234.50|无|人民币|　一店 "},
			[]map[string]string{{"line": "2", "order_id": "1001", "customer_key": "A7", "ordered_at": "2024-01-31T07:05:00Z", "ordered_on": "2024-01-31",
				"status": "paid", "net": "1234.5000", "currency": "CNY", "shop": "一店"}}},
		{"a zone in the cell, another day in the shop", with(options("orders"), func(o *Options) { o.Zone = shanghai(t) }),
			[]string{"order_id|customer_id|date", "1|7|2024-01-31T20:30:00.25Z"},
			[]map[string]string{{"line": "2", "order_id": "1", "customer_key": "7", "ordered_at": "2024-01-31T20:30:00.25Z", "ordered_on": "2024-02-01"}}},
		{"a zone in the header", with(options("orders"), func(o *Options) { o.Zone = shanghai(t) }),
			[]string{"order_id|customer_id|Created (UTC)", "1|7|2024-01-31 20:30"},
			[]map[string]string{{"line": "2", "order_id": "1", "customer_key": "7", "ordered_at": "2024-01-31T20:30:00Z", "ordered_on": "2024-02-01"}}},
		{"date and time apart", options("orders"),
			[]string{"order_id|customer_id|date|time", "1|7|2024-01-31|9:05 PM", "2|7|2024-01-31|", "3|7|2024-01-31 08:00|09:00", "4|7|2024-01-31|2024-01-31 10:00:01"},
			[]map[string]string{
				{"line": "2", "order_id": "1", "customer_key": "7", "ordered_at": "2024-01-31T21:05:00Z", "ordered_on": "2024-01-31"},
				{"line": "3", "order_id": "2", "customer_key": "7", "ordered_at": "2024-01-31T00:00:00Z", "ordered_on": "2024-01-31"},
				{"line": "4", "order_id": "3", "customer_key": "7", "ordered_at": "2024-01-31T08:00:00Z", "ordered_on": "2024-01-31"},
				{"line": "5", "order_id": "4", "customer_key": "7", "ordered_at": "2024-01-31T10:00:01Z", "ordered_on": "2024-01-31"},
			}},
		{"an order without a customer", options("orders"),
			[]string{"order_id|customer_id|date|amount", "1||2024-01-31|2", "2|NULL|2024-01-31|NaN", "3|" + null + "|2024-01-31|" + null},
			[]map[string]string{
				{"line": "2", "order_id": "1", "ordered_at": "2024-01-31T00:00:00Z", "ordered_on": "2024-01-31", "net": "2.0000"},
				{"line": "3", "order_id": "2", "ordered_at": "2024-01-31T00:00:00Z", "ordered_on": "2024-01-31"},
				{"line": "4", "order_id": "3", "ordered_at": "2024-01-31T00:00:00Z", "ordered_on": "2024-01-31"},
			}},
		{"cancelled and refunded", options("orders"),
			[]string{"order_id|customer_id|date|status|cancelled_at|refunded_amount|refunded_at|updated_at", "1|7|2024-01-31|Voided|2024-02-01 10:00|无退款申请|0000-00-00 00:00:00|2024-02-02"},
			[]map[string]string{{"line": "2", "order_id": "1", "customer_key": "7", "ordered_at": "2024-01-31T00:00:00Z", "ordered_on": "2024-01-31", "status": "cancelled",
				"cancelled_at": "2024-02-01T10:00:00Z", "cancelled_on": "2024-02-01", "updated_at": "2024-02-02T00:00:00Z", "updated_on": "2024-02-02"}}},
		{"a shop's own status", with(options("orders"), func(o *Options) { o.Status = map[string]string{"Fertig!": "completed"} }),
			[]string{"order_id|customer_id|date|status", "1|7|2024-01-31|fertig!"},
			[]map[string]string{{"line": "2", "order_id": "1", "customer_key": "7", "ordered_at": "2024-01-31T00:00:00Z", "ordered_on": "2024-01-31", "status": "completed"}}},
		{"lines", options("order-lines"),
			[]string{"order_id|line|sku|description|category|qty|price|amount", "1|2|85123A|LIGHT HOLDER|Home|6|2.55|15.30"},
			[]map[string]string{{"line": "2", "order_id": "1", "line_number": "2", "product_id": "85123A", "product_name": "LIGHT HOLDER", "category": "Home",
				"quantity": "6.0000", "unit_price": "2.5500", "line_net": "15.3000"}}},
		{"a customer", options("customers"),
			[]string{"id|First Name|Last Name|Email|Phone|sex|dob|joined|newsletter|sms_opt_in|tags|referrer", "7|Ada|Lovelace| ADA@Example.com |+44 (0)20-7946 0018|F|10.12.1985|2024-02-29|Yes|0|vip,new|3"},
			[]map[string]string{{"line": "2", "customer_key": "7", "customer_via": "id", "name": "Ada Lovelace", "email": "ada@example.com", "phone": "+442079460018", "gender": "female",
				"birth_date": "1985-12-10", "acquired_on": "2024-02-29", "email_consent": "true", "sms_consent": "false", "tags": "vip,new", "referrer_id": "3"}}},
		{"names", options("customers"),
			[]string{"id|name|first_name|last_name", "1|Ada L|x|y", "2||小龙|李", "3|||Smith", "4|||"},
			[]map[string]string{{"line": "2", "customer_key": "1", "name": "Ada L"}, {"line": "3", "customer_key": "2", "name": "李小龙"}, {"line": "4", "customer_key": "3", "name": "Smith"}, {"line": "5", "customer_key": "4"}}},
		{"attributes", with(options("customers"), func(o *Options) {
			o.Map = map[string]string{"attribute.size": "s", "attribute.colour": "c"}
		}),
			[]string{"customer_id|s|c", "1|XL|\"red\"\t", "2||", "3||b\\lue"},
			[]map[string]string{{"line": "2", "customer_key": "1", "attributes": `{"colour":"\"red\"","size":"XL"}`}, {"line": "3", "customer_key": "2"}, {"line": "4", "customer_key": "3", "attributes": `{"colour":"b\\lue"}`}}},
		{"a product", options("products"),
			[]string{"sku|title|brand|price|unit_cost", "A-1|Lamp|Lux|1.234,50|,5"},
			[]map[string]string{{"line": "2", "product_id": "A-1", "name": "Lamp", "brand": "Lux", "price": "1234.5000", "cost": "0.5000"}}},
		{"a refund", options("refunds"),
			[]string{"refund_id|order_id|customer_id|refund_date|refund_amount|reason", "r1|1||2024-02-01|(5.00)|broken"},
			[]map[string]string{{"line": "2", "refund_id": "r1", "order_id": "1", "refunded_at": "2024-02-01T00:00:00Z", "refunded_on": "2024-02-01", "amount": "-5.0000", "reason": "broken"}}},
		{"an interaction", options("interactions"),
			[]string{"ticket_id|customer_id|created_at|type|via|first_reply_at|solved_at|replies|csat|nps|comment", "t1|7|2024-02-01 09:00|question|mail|2024-02-01 10:00|2024-02-02 10:00|3|Good|9|Thanks", "t2|7|2024-02-01 09:00||||||Offered||", "t3|7|2024-02-01 09:00||||||4.5||"},
			[]map[string]string{
				{"line": "2", "interaction_id": "t1", "customer_key": "7", "occurred_at": "2024-02-01T09:00:00Z", "occurred_on": "2024-02-01", "kind": "question", "channel": "mail",
					"first_response_at": "2024-02-01T10:00:00Z", "resolved_at": "2024-02-02T10:00:00Z", "contacts": "3", "satisfaction": "5", "nps": "9", "body": "Thanks"},
				{"line": "3", "interaction_id": "t2", "customer_key": "7", "occurred_at": "2024-02-01T09:00:00Z", "occurred_on": "2024-02-01"},
				{"line": "4", "interaction_id": "t3", "customer_key": "7", "occurred_at": "2024-02-01T09:00:00Z", "occurred_on": "2024-02-01", "satisfaction": "4.5"}}},
		{"a campaign ahead", options("campaigns"),
			[]string{"campaign_id|campaign_name|start_date|end_date|budget|goal", "c1|Summer|2026-06-01|9999-12-31|1,000|win back"},
			[]map[string]string{{"line": "2", "campaign_id": "c1", "name": "Summer", "started_on": "2026-06-01", "ended_on": "9999-12-31", "cost": "1000.0000", "objective": "win back"}}},
		{"responses", options("responses"),
			[]string{"sg_event_id|campaign_id|customer_id|timestamp|event|arm|value|sg_machine_open", "e1|c1|7|1706693400|spamreport|control|12.5|true"},
			[]map[string]string{{"line": "2", "response_id": "e1", "campaign_id": "c1", "customer_key": "7", "occurred_at": "2024-01-31T09:30:00Z", "occurred_on": "2024-01-31",
				"event": "complained", "arm": "control", "value": "12.5000", "machine": "true"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := load(t, c.opt, 10, c.rows...)
			for _, r := range got.rejects {
				t.Errorf("rejected: %+v", r)
			}
			if len(got.rows) != len(c.want) {
				t.Fatalf("%d rows, want %d", len(got.rows), len(c.want))
			}
			for i, row := range got.rows {
				if row["content"] == "" {
					t.Error("no content hash")
				}
				if have := without(row); !maps.Equal(have, c.want[i]) {
					t.Errorf("row %d is\n%v, want\n%v", i, have, c.want[i])
				}
			}
		})
	}
}

func TestRejects(t *testing.T) {
	for _, c := range []struct {
		kind, header, row     string
		column, value, reason string
	}{
		{"orders", "order_id|customer_id|date|amount", "1|7|2024-01-31|oops", "amount", "oops", reasonNotNumber},
		{"orders", "order_id|customer_id|date|amount", "1|7|2024-02-30|oops", "date", "2024-02-30", reasonNoDay}, // the leftmost fault
		{"orders", "order_id|customer_id|amount|date", "1|7|oops|2024-02-30", "amount", "oops", reasonNotNumber},
		{"orders", "order_id|customer_id|date|amount", "1|7||1", "date", "", reasonMissing},
		{"orders", "order_id|customer_id|date|amount", "1|7|N/A|1", "date", "N/A", reasonMissing},
		{"orders", "order_id|customer_id|date|amount", "|7|2024-01-31|1", "order_id", "", reasonMissing},
		{"orders", "order_id|customer_id|date|amount", "1|1.23e+17|2024-01-31|1", "customer_id", "1.23e+17", reasonSpoiltID},
		{"orders", "order_id|customer_id|date|amount", "1|7|2025-07-02|1", "date", "2025-07-02", reasonFuture},
		{"orders", "order_id|customer_id|date|updated_at", "1|7|2024-01-31|2052-01-31", "updated_at", "2052-01-31", reasonFuture},
		{"orders", "order_id|customer_id|date|currency", "1|7|2024-01-31|dosh1", "currency", "dosh1", "not a currency"},
		{"orders", "order_id|customer_id|date|time", "1|7|2024-01-31|25:00", "time", "25:00", reasonNoTime},
		{"orders", "order_id|customer_id|date|time", "1|7|2024-01-31|noonish", "time", "noonish", "not a time of day"},
		{"orders", "order_id|customer_id|date|shop", "1|7|2024-01-31|caf\xe9", "shop", "caf\ufffd", reasonNotUTF8},
		{"orders", "order_id|customer_id|date|shop", "1|7", "", "", "wrong number of cells"},
		{"customers", "customer_id|email|gender", "|nobody|f", "", "", "no customer id, e-mail address or telephone number"},
		{"customers", "customer_id|gender", "1|blue", "gender", "blue", "unknown gender"},
		{"customers", "customer_id|newsletter", "1|maybe", "newsletter", "maybe", "neither yes nor no"},
		{"customers", "customer_id|birthday", "1|2031-01-01", "birthday", "2031-01-01", reasonFuture},
		{"order-lines", "order_id|sku|line", "1||1", "", "", "no product"},
		{"order-lines", "order_id|sku|line", "1|A|1.5", "line", "1.5", reasonNotWhole},
		{"refunds", "refund_id|order_id|customer_id|date|amount", "1|||2024-01-31|5", "", "", "neither an order nor a customer"},
		{"refunds", "refund_id|order_id|date|amount", "1|2|2024-01-31|", "amount", "", reasonMissing},
		{"responses", "id|campaign_id|customer_id|date|event", "1|c|7|2024-01-31|danced", "event", "danced", "unknown event"},
		{"responses", "id|campaign_id|customer_id|date|event", "1|c|7|2024-01-31|", "event", "", reasonMissing},
		{"interactions", "id|customer_id|date|csat", "1|7|2024-01-31|purple", "csat", "purple", reasonNotNumber},
	} {
		got := load(t, options(c.kind), 1, c.header, c.row)
		want := Reject{Line: 2, Column: c.column, Value: c.value, Reason: c.reason, Raw: strings.ToValidUTF8(strings.ReplaceAll(c.row, "|", ","), "\ufffd")}
		if len(got.rows) != 0 || len(got.rejects) != 1 || got.rejects[0] != want {
			t.Errorf("%s %s: %v %+v, want %+v", c.header, c.row, got.rows, got.rejects, want)
		}
	}
}

// A day past the moment of loading is still a fact, a second more is not.
func TestFuture(t *testing.T) {
	got := load(t, options("orders"), 10, "order_id|customer_id|date", "1|7|2025-07-01 12:00:00", "2|7|2025-07-01 12:00:01")
	if len(got.rows) != 1 || got.rows[0]["order_id"] != "1" || len(got.rejects) != 1 || got.rejects[0].Line != 3 {
		t.Errorf("rows %v, rejects %+v", got.rows, got.rejects)
	}
}

// The whole column decides, also where the first piece says nothing.
func TestInference(t *testing.T) {
	long := func(header, filler string, n int, last ...string) []string {
		rows := []string{header}
		for range n {
			rows = append(rows, filler)
		}
		return append(rows, last...)
	}
	for _, c := range []struct {
		name    string
		opt     Options
		rows    []string
		column  string
		want    string // of the first row
		rejects int
		notes   string
	}{
		{"day first, seen at the end", options("orders"), long("customer|date", "7|03/04/2024", 50, "7|31/01/2024"), "ordered_on", "2024-04-03", 0, `column "date": dates read as day/month/year`},
		{"month first, seen at the end", options("orders"), long("customer|date", "7|03/04/2024", 50, "7|01/31/2024"), "ordered_on", "2024-03-04", 0, `column "date": dates read as month/day/year`},
		{"the majority", options("orders"), long("customer|date", "7|13/04/2024", 5, "7|01/31/2024"), "ordered_on", "2024-04-13", 1,
			`column "date": dates read as day/month/year; column "date": 1 dates are not in day/month/year order`},
		{"another column tells", options("orders"), long("customer|date|updated_at", "7|03/04/2024|13/04/2024", 5), "ordered_on", "2024-04-03", 0,
			`column "date": dates read as day/month/year; column "updated_at": dates read as day/month/year`},
		{"a column that is blank for long", options("orders"), long("customer|date|cancelled_at", "7|13/04/2024|", 50, "7|14/04/2024|1/5/2024"), "ordered_on", "2024-04-13", 0,
			`column "date": dates read as day/month/year; column "cancelled_at": dates read as day/month/year`},
		{"no date for long", options("customers"), long("customer_id|birthday|amount", "7||", 50, "7|1/22/1990|", "7|1/2/1990|"), "customer_key", "7", 0,
			`column "birthday": dates read as month/day/year`},
		{"configured", with(options("orders"), func(o *Options) { o.Dates = "mdy" }), long("customer|date", "7|03/04/2024", 5), "ordered_on", "2024-03-04", 0, ""},
		{"decimal comma, seen at the end", options("orders"), long("customer|date|amount", "7|2024-01-31|1,234", 50, "7|2024-01-31|2,50"), "net", "1.2340", 0, `column "amount": numbers read with a decimal comma`},
		{"decimal point, seen at the end", options("orders"), long("customer|date|amount", "7|2024-01-31|1,234", 50, "7|2024-01-31|2.50"), "net", "1234.0000", 0, ""},
		{"whole numbers, a decimal comma at the end", options("orders"), long("customer|date|amount", "7|2024-01-31|1200", 50, "7|2024-01-31|1,250", "7|2024-01-31|2,5"), "net", "1200.0000", 0,
			`column "amount": numbers read with a decimal comma`},
		{"whole numbers beside decimal commas", options("orders"), long("customer|date|amount|tax", "7|2024-01-31|1200|0,19", 50, "7|2024-01-31|1,250|0,19"), "net", "1200.0000", 0,
			`column "tax": numbers read with a decimal comma`},
		{"nothing to be seen", options("orders"), long("customer|date|amount", "7|2024-01-31|1,234", 50), "net", "1234.0000", 0, `column "amount": the comma in "1,234" read as a group of thousands`},
		{"another column has commas", options("orders"), long("customer|date|amount|tax", "7|2024-01-31|1,234|0,19", 5), "net", "1.2340", 0,
			`column "amount": numbers read with a decimal comma; column "tax": numbers read with a decimal comma`},
		{"the majority of decimals", options("orders"), []string{"customer|date|amount", "7|2024-01-31|2.50", "7|2024-01-31|2,50", "7|2024-01-31|2,50", "7|2024-01-31|2,50"}, "net", "2.5000", 1,
			`column "amount": numbers read with a decimal comma; column "amount": 1 numbers are not written with decimal sign ,`},
		{"configured decimals", with(options("orders"), func(o *Options) { o.Decimal = "," }), long("customer|date|amount", "7|2024-01-31|1,234", 5), "net", "1.2340", 0, ""},
		{"both in one file", options("orders"), long("customer|date|amount", "7|31.01.2024|1.234,50 €", 5), "net", "1234.5000", 0,
			`column "date": dates read as day/month/year; column "amount": numbers read with a decimal comma`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := load(t, c.opt, 3, c.rows...)
			if got.rows[0][c.column] != c.want || len(got.rejects) != c.rejects {
				t.Errorf("%s is %s with %d rejects %+v, want %s with %d", c.column, got.rows[0][c.column], len(got.rejects), got.rejects, c.want, c.rejects)
			}
			var notes []string
			for _, n := range got.file.Notes {
				if strings.HasPrefix(n, "column") {
					notes = append(notes, n)
				}
			}
			if strings.Join(notes, "; ") != c.notes {
				t.Errorf("notes are %q, want %q", notes, c.notes)
			}
		})
	}
}

// unpadded writes days of January 2024 as people do: parts without zeros, in an
// order, with a separator and what follows the date.
func unpadded(order, separator, clock string, day int) string {
	parts := []string{fmt.Sprint(day), "1", "2024"}
	if order == "mdy" {
		parts[0], parts[1] = parts[1], parts[0]
	}
	return strings.Join(parts, separator) + clock
}

// Dates without leading zeros tell their order like padded ones, wherever in
// the file the cell stands that tells. The filler, the 2nd, has two readings.
func TestInferenceOfUnpaddedDates(t *testing.T) {
	clocks := map[string]string{"": "T00:00:00Z", " 3:04 PM": "T15:04:00Z", " 15:04": "T15:04:00Z", " 5:04:09": "T05:04:09Z"}
	for _, order := range []string{"dmy", "mdy"} {
		for _, separator := range []string{"/", "-", "."} {
			for clock, at := range clocks {
				for _, tell := range []int{13, 22, 31} {
					filler, telling := unpadded(order, separator, clock, 2), unpadded(order, separator, clock, tell)
					rows := []string{"customer|date|amount"}
					for range 20 {
						rows = append(rows, "7|"+filler+"|1")
					}
					first, last := append([]string{rows[0], "7|" + telling + "|1"}, rows[1:]...), append(slices.Clone(rows), "7|"+telling+"|1")
					for name, rows := range map[string][]string{"first": first, "last": last, "alone": {rows[0], "7|" + telling + "|1"}} {
						got := load(t, options("orders"), 3, rows...)
						if len(got.rejects) > 0 || len(got.rows) != len(rows)-1 {
							t.Errorf("%q %s: %d rows, rejects %+v", telling, name, len(got.rows), got.rejects)
							continue
						}
						want := map[string]int{fmt.Sprintf("2024-01-%02d%s", tell, at): 1, "2024-01-02" + at: len(rows) - 2}
						for _, row := range got.rows {
							want[row["ordered_at"]]--
						}
						for instant, n := range want {
							if n != 0 {
								t.Errorf("%q %s: %d rows fewer than written are of %s", telling, name, n, instant)
							}
						}
					}
				}
			}
		}
	}
}

// ISO dates and plain decimals are not read twice; the others once more. Whole
// numbers alone do not tell whether decimals have a point.
func TestInferencePaysNothing(t *testing.T) {
	for cell, want := range map[string]int{"2024-01-31|12.50": 1, "20240131|7": 2, "2024年1月31日|¥7.00": 1, "2024/1/3|1.0": 1, "2024.1.31 9:30|1.5": 1, "2024-01-31|12,50": 1, "31/01/2024|1": 2, "2024-01-31|1.50|": 1, "1/31/2024|1": 2, "2024-01-31|1,234": 2} {
		header := "customer|date|amount|cancelled_at" // the last one blank or not there
		header = strings.Join(strings.Split(header, "|")[:strings.Count(cell, "|")+2], "|")
		path, open := sheet(t, 1, header, "7|"+cell, "7|"+cell, "7|"+cell)
		opened := 0
		f, err := Open(context.Background(), path, options("orders"), func(p string, o Options) (Reader, Detected, error) {
			opened++
			return open(p, o)
		})
		if err != nil {
			t.Fatal(err)
		}
		loadFile(t, f)
		if opened != want {
			t.Errorf("%s: opened %d times, want %d", cell, opened, want)
		}
	}
}

// opaqueID is what DESIGN says of customers known by an address only.
func opaqueID(key, text string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(text))
	return strings.ToLower(strings.TrimRight(base32.StdEncoding.EncodeToString(m.Sum(nil)[:16]), "="))
}

func TestCustomersByAddress(t *testing.T) {
	got := load(t, options("orders"), 2, "order_id|customer_id|email|phone|date",
		"1|7|a@b.cd|13800138000|2024-01-31", "2||A@B.cd|13800138000|2024-01-31", "3||nobody|138 0013 8000|2024-01-31", "4||a***@b.cd|138****8000|2024-01-31")
	want := []map[string]string{
		{"customer_key": "7", "customer_via": "id"},
		{"customer_key": opaqueID("key", "email:a@b.cd"), "customer_via": "email"},
		{"customer_key": opaqueID("key", "phone:+8613800138000"), "customer_via": "phone"},
		{},
	}
	for i, row := range got.rows {
		for _, name := range []string{"customer_key", "customer_via"} {
			if row[name] != want[i][name] {
				t.Errorf("row %d: %s is %q, want %q", i, name, row[name], want[i][name])
			}
		}
	}
	if len(got.rows) != 4 {
		t.Errorf("%d rows", len(got.rows))
	}
}

// Content depends on the values of a row and on nothing else.
func TestContent(t *testing.T) {
	content := func(lines ...string) map[string]string {
		got := load(t, options("orders"), 10, lines...)
		if len(got.rows) != 1 {
			t.Fatalf("%v gave %v %v", lines, got.rows, got.rejects)
		}
		return got.rows[0]
	}
	base := content("customer|date|amount|currency", "7|2024-01-31|1.50|USD")
	for _, same := range [][]string{
		{"amount|currency|customer|date", "1.50|USD|7|2024-01-31"},
		{"customer|date|amount|currency|status|email", "7|2024-01-31|1.50|USD||"},
		{"Customer ID|Order Date|Total|Currency|note", " '7 |2024年1月31日|$1.5|us$|x"},
	} {
		if row := content(same...); row["content"] != base["content"] || row["order_id"] != base["order_id"] {
			t.Errorf("%v has another content", same)
		}
	}
	for _, other := range [][]string{
		{"customer|date|amount|currency", "8|2024-01-31|1.50|USD"},
		{"customer|date|amount|currency", "|2024-01-31|1.50|USD"},
		{"customer|date|amount|currency", "7|2024-01-30|1.50|USD"},
		{"customer|date|amount|currency", "7|2024-01-31|1.51|USD"},
		{"customer|date|amount|currency", "7|2024-01-31|1.50|"},
		{"customer|date|tax|currency", "7|2024-01-31|1.50|USD"},
		{"customer|date|amount|currency|status", "7|2024-01-31|1.50|USD|paid"},
		{"customer|date|amount|shop", "7|2024-01-31|1.50|USD"},
	} {
		if row := content(other...); row["content"] == base["content"] || row["order_id"] == base["order_id"] {
			t.Errorf("%v has the same content", other)
		}
	}
	if id := base["order_id"]; len(id) != 27 || id[0] != '~' || id != strings.ToLower(id) {
		t.Errorf("id made from content is %q", id)
	}
}

// dirty are rows of all sorts, good, bad and repeated.
func dirty(n int, seed uint64) []string {
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	rows := []string{"customer_id|email|date|amount|status|shop"}
	for range n {
		row := []string{
			pick("7", "8", "", "1.2E+10", " '9"), pick("", "a@b.cd", "C@D.ef", "x"),
			pick("2024-01-31", "2024-02-29 10:00", "2023-02-29", "", "2024年1月1日", fmt.Sprintf("20%02d-0%d-1%d", r.IntN(25), 1+r.IntN(9), r.IntN(10))),
			pick("1", "2.50", "¥1,234.56", "oops", "", "NaN", fmt.Sprint(r.IntN(10000))), pick("paid", "完成", "", "shipped"), pick("north", "", "south\xff", "南"),
		}
		if r.IntN(20) == 0 {
			row = row[:3]
		}
		rows = append(rows, strings.Join(row, "|"))
	}
	return rows
}

// Pieces of any size on any number of workers give the same rows and rejects,
// and every row read is one or the other.
func TestChunkingChangesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(rt, "rows")
		rows := dirty(n, rapid.Uint64().Draw(rt, "seed"))
		opt := options("orders")
		opt.Workers = 1
		whole := load(t, opt, n, rows...)
		opt.Workers = rapid.IntRange(1, 5).Draw(rt, "workers")
		cut := load(t, opt, rapid.IntRange(1, 10).Draw(rt, "size"), rows...)
		if whole.read != n || len(whole.rows)+len(whole.rejects) != n {
			rt.Fatalf("%d of %d rows read, %d kept, %d rejected", whole.read, n, len(whole.rows), len(whole.rejects))
		}
		if cut.read != whole.read || !reflect.DeepEqual(cut.rows, whole.rows) || !reflect.DeepEqual(cut.rejects, whole.rejects) {
			rt.Fatalf("pieces give %v %v, the whole gave %v %v", cut.rows, cut.rejects, whole.rows, whole.rejects)
		}
		for i := 1; i < len(whole.rejects); i++ {
			if whole.rejects[i].Line <= whole.rejects[i-1].Line {
				rt.Fatalf("rejects out of order: %v", whole.rejects)
			}
		}
	})
}

// A row alone converts as it does among others.
func TestRowsAreIndependent(t *testing.T) {
	rows := dirty(200, 5)
	opt := options("orders")
	all := load(t, opt, 17, rows...)
	byLine := map[string]map[string]string{}
	for _, r := range all.rows {
		byLine[r["line"]] = without(r, "line")
	}
	for i, row := range rows[1:] {
		alone := load(t, opt, 1, rows[0], row)
		want := byLine[fmt.Sprint(i+2)]
		if (want == nil) != (len(alone.rows) == 0) || want != nil && !maps.Equal(without(alone.rows[0], "line"), want) {
			t.Fatalf("row %q alone gives %v, among others %v", row, alone.rows, want)
		}
	}
}

func TestHashAndFile(t *testing.T) {
	path, open := sheet(t, 10, "customer|date|amount|colour", "7|2024-01-31|1.50|red")
	f, err := Open(context.Background(), path, options("orders"), open)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	if sum := sha256.Sum256(text); f.Hash != hex.EncodeToString(sum[:]) {
		t.Errorf("hash is %s", f.Hash)
	}
	if f.Kind != "orders" || f.Format != "csv" || f.HasID || !reflect.DeepEqual(f.Unused, []string{"colour"}) || f.Path != path {
		t.Errorf("file is %+v", f)
	}
	loadFile(t, f)
	if err := f.Load(context.Background(), nil); err == nil || err.Error() != path+": a file is loaded once" {
		t.Errorf("loaded again: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestFileChangedMeanwhile(t *testing.T) {
	path, open := sheet(t, 10, "customer|date", "7|2024-01-31")
	f, err := Open(context.Background(), path, options("orders"), open)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("something else altogether"), 0o600); err != nil {
		t.Fatal(err)
	}
	err = f.Load(context.Background(), func(*Chunk) error { return nil })
	if err == nil || err.Error() != path+": the file changed while it was read" {
		t.Errorf("loading a changed file: %v", err)
	}
}

// What is no file to be read is refused before a reader is tried.
func TestSniff(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), empty, options("orders"), nil); err == nil || err.Error() != empty+": the file is empty" {
		t.Errorf("empty: %v", err)
	}
	if _, err := Open(context.Background(), os.DevNull, options("orders"), nil); err == nil || err.Error() != os.DevNull+": not a regular file" {
		t.Errorf("a device: %v", err)
	}
	dir := t.TempDir()
	if _, err := Open(context.Background(), dir, options("orders"), nil); err == nil || err.Error() != dir+": a folder, not a file" {
		t.Errorf("folder: %v", err)
	}
	gone := filepath.Join(dir, "gone.csv")
	if _, err := Open(context.Background(), gone, options("orders"), nil); err == nil || !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), gone+": no such file") {
		t.Errorf("missing: %v", err)
	}
}

// watched counts the pieces that are out.
type watched struct {
	Reader
	out, most, total atomic.Int64
	fail             int64 // the piece that fails, from 1
}

func (w *watched) Next() (Piece, error) {
	p, err := w.Reader.Next()
	if err != nil {
		return nil, err
	}
	n := w.out.Add(1)
	for {
		m := w.most.Load()
		if n <= m || w.most.CompareAndSwap(m, n) {
			break
		}
	}
	if w.total.Add(1) == w.fail {
		return failing{}, nil
	}
	return p, nil
}

type failing struct{}

func (failing) Parse() (*Block, error) { return nil, errors.New("unexpected end of data") }

func TestPiecesInFlightAreBounded(t *testing.T) {
	rows := dirty(300, 3)
	path, open := sheet(t, 1, rows...)
	for _, workers := range []int{1, 3} {
		var w *watched
		opt := options("orders")
		opt.Workers = workers
		f, err := Open(context.Background(), path, opt, func(p string, o Options) (Reader, Detected, error) {
			r, d, err := open(p, o)
			w = &watched{Reader: r}
			return w, d, err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.out.Store(0)
		err = f.Load(context.Background(), func(*Chunk) error {
			time.Sleep(10 * time.Microsecond)
			w.out.Add(-1)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		// One more: a piece is counted as out before emit returns for the one before.
		if m := w.most.Load(); m > int64(workers)+3 || m < 2 {
			t.Errorf("%d workers had %d pieces out", workers, m)
		}
	}
}

func TestLoadStops(t *testing.T) {
	rows := dirty(300, 3)
	rows[1] = "7|a@b.cd|2024-01-31|1.50|paid|north" // a date and a decimal sign, so that Open needs the first piece only
	path, open := sheet(t, 1, rows...)
	start := func(fail int64) *File {
		f, err := Open(context.Background(), path, options("orders"), func(p string, o Options) (Reader, Detected, error) {
			r, d, err := open(p, o)
			return &watched{Reader: r, fail: fail}, d, err
		})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	full := errors.New("disk full")
	chunks := 0
	err := start(0).Load(context.Background(), func(*Chunk) error {
		if chunks++; chunks == 5 {
			return full
		}
		return nil
	})
	if err != full || chunks != 5 {
		t.Errorf("emit failed at chunk 5: %v after %d", err, chunks)
	}
	chunks = 0
	err = start(40).Load(context.Background(), func(*Chunk) error { chunks++; return nil })
	if err == nil || err.Error() != path+": unexpected end of data" || chunks != 39 {
		t.Errorf("piece 40 failed: %v after %d chunks", err, chunks)
	}
	ctx, cancel := context.WithCancel(context.Background())
	chunks = 0
	err = start(0).Load(ctx, func(*Chunk) error {
		if chunks++; chunks == 5 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || chunks > 10 {
		t.Errorf("cancelled at chunk 5: %v after %d", err, chunks)
	}
}

func TestAttributesAreJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		var back string
		if err := json.Unmarshal(appendJSON(nil, []byte(s)), &back); err != nil || back != s {
			t.Fatalf("%q became %q: %v", s, back, err)
		}
	})
}
