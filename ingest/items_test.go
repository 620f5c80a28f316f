package ingest

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// spelled shows an items text with | and ; for its separators.
func spelled(b []byte) string {
	return strings.NewReplacer(string(fieldEnd), "|", string(itemEnd), ";").Replace(string(b))
}

func TestItems(t *testing.T) {
	for _, c := range []struct{ name, cell, want, reason string }{
		{"nothing", "", "", ""},
		{"how many there are", "3", "", ""},
		{"names", "Mug, Plate", "", ""},
		{"WooCommerce", "name:Mug|product_id:9|sku:M1|quantity:2|total:18.00|sub_total:20.00", "M1|Mug|2||18", ""},
		{"several in one cell", "name:Mug|quantity:2;name:Cup|sku:C1|total:1,50", "|Mug|2||;C1|Cup|||1.5", ""},
		{"a name with separators", "name:Mug | big; blue|sku:M1" + string(itemEnd), "M1|Mug | big; blue|||", ""},
		{"product id where there is no sku", "name:Mug|product_id:9|sku:|quantity:1", "9|Mug|1||", ""},
		{"unknown keys", "name:Mug|tax:1|_reduced_stock:2|meta:a|b|quantity:1", "|Mug|1||", ""},
		{"an item without product", "quantity:1|total:5", "", ""},
		{"a bad quantity", "name:Mug|quantity:many", "", reasonNotNumber},
		{"a spoilt id", "sku:1.23E+17|quantity:1", "", reasonSpoiltID},
		{"JSON", `[{"sku":"M1","name":"Mug","quantity":2,"price":"10.00","total":18.5},{"id":77,"title":"Cup","qty":"1"}]`, "M1|Mug|2|10|18.5;77|Cup|1||", ""},
		{"JSON of Chinese keys", `[{"商品编码":"M1","商品名称":"杯子","数量":2,"单价":"¥10.00","金额":20}]`, "M1|杯子|2|10|20", ""},
		{"one object", `{"product_id":"M1","quantity":1.5}`, "M1||1.5||", ""},
		{"in an object", `{"order":1,"line_items":[{"sku":"M1"},{"sku":"P1"}]}`, "M1||||;P1||||", ""},
		{"sku goes before id", `[{"id":1,"product_id":2,"sku":"M1"}]`, "M1||||", ""},
		{"blank sku", `[{"id":1,"product_id":2,"sku":" "}]`, "2||||", ""},
		{"money with its currency", `[{"sku":"M1","price":{"amount":"9.00","currency":"EUR"}}]`, "M1|||9|", ""},
		{"null and nested", `[{"sku":"M1","quantity":null,"options":[1,2],"name":{"en":"Mug"}}]`, "M1||||", ""},
		{"separators in a text", "[{\"name\":\"a\\u001fb\\u001ec\"}]", "|a b c|||", ""},
		{"an empty array", "[]", "", ""},
		{"an array of names", `["Mug","Cup"]`, "", ""},
		{"broken JSON", `[{"sku":"M1"`, "", reasonNoItems},
		{"more after JSON", `[] []`, "", reasonNoItems},
		{"a bracket after JSON", `[]]`, "", reasonNoItems},
		{"a better key later", "product_id:9|x|sku:M1|y|product_id:8|z|name:Mug", "M1|y|Mug|||", ""},
		{"small and negative numbers", `[{"sku":"M1","quantity":-2,"total":-0.0001}]`, "M1||-2||-0.0001", ""},
	} {
		got, reason := appendItems([]byte("before"), []byte(c.cell))
		if spelled(got) != "before"+c.want || reason != c.reason {
			t.Errorf("%s: %q, %q; want %q, %q", c.name, spelled(got), reason, c.want, c.reason)
		}
	}
}

// A megabyte of separators takes no longer than a megabyte of anything.
func TestItemsOfLongCell(t *testing.T) {
	start := time.Now()
	for _, cell := range []string{"name:Mug" + strings.Repeat("|", 1<<20), strings.Repeat(";", 1<<20), strings.Repeat("[", 1<<20), "name:Mug" + strings.Repeat("|a", 1<<19)} {
		if out, reason := appendItems(nil, []byte(cell)); reason != "" && len(out) > 0 {
			t.Errorf("%.20s: %q", cell, reason)
		}
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

// A column of items in a file, beside rows that have none and one that is bad.
func TestItemsColumn(t *testing.T) {
	got := load(t, options("orders"), 2, "order_id|customer_id|date|line_items",
		`1|7|2024-01-31|[{"sku":"M1"}]`, "2|7|2024-01-31|", "3|7|2024-01-31|[", "4|7|2024-01-31|[\"\xff\"]", "5|7|2024-01-31|2")
	if len(got.rows) != 3 || got.rows[0]["items"] != "M1\x1f\x1f\x1f\x1f" || got.rows[1]["items"] != "" || got.rows[2]["items"] != "" {
		t.Errorf("rows %v", got.rows)
	}
	if len(got.rejects) != 2 || got.rejects[0].Reason != reasonNoItems || got.rejects[1].Reason != reasonNotUTF8 {
		t.Errorf("rejects %+v", got.rejects)
	}
}

// Whatever is written as items is read as written.
func TestItemsRoundTrip(t *testing.T) {
	text := rapid.StringMatching(`[A-Za-z杯子][A-Za-z0-9杯子 ]{0,8}[A-Za-z0-9]`)
	amount := rapid.Int64Range(-maxUnits, maxUnits)
	rapid.Check(t, func(rt *rapid.T) {
		var cell, want bytes.Buffer
		for i := range rapid.IntRange(1, 4).Draw(rt, "items") {
			if i > 0 {
				cell.WriteByte(itemEnd)
				want.WriteByte(itemEnd)
			}
			id, name, n := "k"+text.Draw(rt, "id"), text.Draw(rt, "name"), amount.Draw(rt, "quantity")
			number := appendDecimal(nil, n)
			cell.WriteString("name:" + name + "|quantity:" + string(number) + "|sku:" + id)
			want.WriteString(id + "\x1f" + name + "\x1f" + string(number) + "\x1f\x1f")
		}
		got, reason := appendItems(nil, cell.Bytes())
		if reason != "" || !bytes.Equal(got, want.Bytes()) {
			rt.Fatalf("%q gives %q (%s), want %q", cell.Bytes(), got, reason, want.Bytes())
		}
	})
}

// FuzzItems: no cell makes it panic, and what comes out has the form that is promised.
func FuzzItems(f *testing.F) {
	for _, s := range []string{"", "3", "name:Mug|sku:M1|quantity:2|total:18.00;name:x", `[{"sku":"M1","price":{"amount":1}}]`, `{"items":[{"id":1}]}`, "[[[[", "name:a|b:|:", "sku:'|sku:=\"\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, cell []byte) {
		cell = trim(cell)
		if !utf8.Valid(cell) {
			return // the converter rejects the row before
		}
		out, reason := appendItems(nil, cell)
		if reason != "" && len(out) > 0 {
			t.Fatalf("%q gives both %q and %q", cell, out, reason)
		}
		if len(out) == 0 {
			return
		}
		for _, record := range bytes.Split(out, []byte{itemEnd}) {
			fields := bytes.Split(record, []byte{fieldEnd})
			if len(fields) != 5 || len(fields[0])+len(fields[1]) == 0 {
				t.Fatalf("%q gives the record %q", cell, record)
			}
			for _, n := range fields[2:] {
				if len(n) == 0 {
					continue
				}
				units, reason := parseMoney(n, stylePoint)
				if reason != "" || string(appendDecimal(nil, units)) != string(n) {
					t.Fatalf("%q gives the number %q", cell, n)
				}
			}
		}
		if !utf8.Valid(out) {
			t.Fatalf("%q gives %q", cell, out)
		}
	})
}
