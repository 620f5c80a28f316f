package ingest

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// Whatever the Mend of a source asks for is read as it stands, or is said to be what
// another column is made from; and what is said so exists.
func TestSourcesSayWhatTheyRead(t *testing.T) {
	// Columns that are mended and then read by some files only.
	spare := []string{"Billing Zip", "Shipping Zip", "Zip", "Default Address Zip", "Phone", "Default Address Phone"}
	for name, e := range references(t) {
		s := sourceOf(name)
		if s == nil || s.Mend == nil {
			continue
		}
		var header []string
		for _, column := range slices.Concat(e.Columns, e.Optional) {
			header = append(header, strings.Replace(column, "line_item_n", "line_item_1", 1))
		}
		k, err := kindOf(s.Kind)
		if err != nil {
			t.Fatal(err)
		}
		h := &Header{Names: slices.Concat(header, s.Adds), asked: map[int]bool{}}
		s.Mend(h)
		bindings, _, err := bind(k, h.Names, nil, s)
		if err != nil {
			t.Fatal(err)
		}
		read := headersOf(bindings)
		for _, b := range bindings {
			for _, i := range s.madeOf(b.Header, h) {
				read[i] = true
			}
		}
		for i := range h.asked {
			if !read[i] && !slices.Contains(spare, h.Names[i]) {
				t.Errorf("%s: Mend reads %q, and From does not say so", name, h.Names[i])
			}
		}
		for column, names := range s.From {
			if findHeader(h.Names, column) < 0 && !slices.Contains(strings.Split(s.Map["address"], "|"), column) {
				t.Errorf("%s: From has %q, which is no column", name, column)
			}
			for _, n := range alternatives(names) {
				some := strings.HasSuffix(n, "*") || findHeader(h.Names, n) >= 0
				if other := slices.ContainsFunc(alternatives(names), func(n string) bool { return findHeader(h.Names, n) >= 0 }); !some && !other {
					t.Errorf("%s: %q is made from %q, which is no column", name, column, names)
				}
			}
		}
	}
}

// What a source makes is of columns of the file: they are used, and a fault is in
// one of them.
func TestMadeColumns(t *testing.T) {
	const header = "订单编号,买家会员名,买家实际支付金额,退款金额,买家应付邮费,总金额,订单状态,订单创建时间,收货地址,备注"
	got := export(t, options("orders"), "o.csv", ",", header,
		"1,a,10,无退款申请,2,10,交易成功,2024-01-31 10:00:00,浙江省 杭州市 文三路1号,x",
		"2,a,10,oops,2,10,交易成功,2024-01-31 10:00:00,,x",
		"3,a,10,0,wrong,10,交易成功,2024-01-31 10:00:00,,x")
	if want := []string{"备注"}; !slices.Equal(got.file.Unused, want) {
		t.Errorf("not used are %q, want %q", got.file.Unused, want)
	}
	var at []string
	for _, r := range got.rejects {
		at = append(at, r.Column+" "+r.Value)
	}
	if want := []string{"退款金额 oops", "买家应付邮费 wrong"}; !slices.Equal(at, want) {
		t.Errorf("rejects are %q, want %q", at, want)
	}
	for _, b := range got.file.Bindings {
		if b.Target == "status" && !slices.Equal(b.From, []int{6, 3}) || b.Target == "order_id" && b.From != nil {
			t.Errorf("%+v", b)
		}
	}
	hasNote(t, got, `column "订单创建时间": times without a zone read as Asia/Shanghai`)
}

// The unknown word of a made column is one of the file's own.
func TestUnknownStatusOfMadeColumn(t *testing.T) {
	path, open := sheet(t, 10, "订单编号|买家会员名|买家实际支付金额|订单状态|订单创建时间", "1|a|10|神秘状态|2024-01-31")
	f, err := Open(context.Background(), path, options("orders"), open)
	if err != nil {
		t.Fatal(err)
	}
	err = f.Load(context.Background(), func(*Chunk) error { return nil })
	if err == nil || !strings.Contains(err.Error(), `column "订单状态" has words`) || !strings.Contains(err.Error(), `status: {"神秘状态": CHOOSE}`) {
		t.Errorf("%v", err)
	}
}
