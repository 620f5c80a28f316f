package ingest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// taobaoHeader is what the tests of orders use of the report's forty columns.
const taobaoHeader = "订单编号|买家会员名|买家应付货款|买家应付邮费|总金额|买家实际支付金额|订单状态|收货人姓名|收货地址|联系电话|联系手机|订单创建时间|订单付款时间|宝贝标题|宝贝总数量|店铺名称|修改后的收货地址|退款金额"

func TestTaobaoOrders(t *testing.T) {
	base := func(id, phone, day string, more map[string]string) map[string]string {
		row := map[string]string{"order_id": id, "customer_via": "id", "ordered_at": day + "T07:05:00Z", "ordered_on": day, "currency": "CNY", "shop": "茗山", "gross": "100.0000", "shipping": "8.0000"}
		if phone != "" {
			row["phone"] = phone
		}
		for k, v := range more {
			row[k] = v
		}
		return row
	}
	got := export(t, options("auto"), "ExportOrderList.csv", "|", taobaoHeader,
		// paid in full, postage in it; the landline is none
		`="2100123456789012345"|tb_li|100.00|8.00|108.00|108.00|交易成功|李*|浙江省 杭州市 西湖区，文三路1号|'null|'13812345678|2024-03-05 15:05:00|2024-03-05 15:06:00|茶，两罐|2|茗山||无退款申请`,
		// 30 of 108 went back: what is left stands as paid
		`'2100123456789012346|tb_li|100.00|8.00|108.00|78.00|卖家已发货，等待买家确认|李芳|浙江省 杭州市 西湖区 文三路1号||'138****5678|2024-03-06 15:05:00|2024-03-06 15:06:00||1|茗山||30.00`,
		// all of it went back, the postage as well: goods of 100 did
		"2100123456789012347\t|小**|100.00|8.00|108.00|0.00|交易关闭|王*|上海 上海市 浦东新区 1号||13912345678|2024-03-07 15:05:00|2024-03-07 15:06:00||1|茗山||108.00",
		// never paid: what is due
		"2100123456789012348|tb_li|100.00|8.00|108.00|0.00|等待买家付款|##a1b2##|地址不详||##c3==##|2024-03-08 15:05:00|||1|茗山||没有申请退款",
		// closed before it was paid
		"2100123456789012349|tb_li|100.00|8.00|108.00|0.00|交易关闭|||||2024-03-09 15:05:00|||1|茗山||0.00",
		// a voucher of 3 was taken off, then 30 went back: 105 - 8
		"2100123456789012350|tb_li|100.00|8.00|108.00|75.00|买家已付款,等待卖家发货|||||2024-03-10 15:05:00|2024-03-10 15:06:00||1|茗山||30.00",
		// this export has the amount before refunds: 108 and 30 are more than 108
		"2100123456789012351|tb_li|100.00|8.00|108.00|108.00|交易成功||浙江省 宁波市 江北区 1号|+86 571 8888 8888||2024-03-11 15:05:00|2024-03-11 15:06:00||1|茗山|江苏省 苏州市 姑苏区 2号|30.00",
		// bought with points: nothing is left to pay
		"2100123456789012352|tb_li|100.00|8.00|108.00|0.00|交易成功|||||2024-03-12 15:05:00|2024-03-12 15:06:00||1|茗山||")
	rowsOf(t, got,
		// The comma of the first address stands where the town ends, so it has three words.
		base("2100123456789012345", "+8613812345678", "2024-03-05", map[string]string{"customer_key": "tb_li", "status": "completed", "net": "100.0000", "address": "浙江省 杭州市 西湖区，文三路1号", "region": "浙江省", "city": "杭州市"}),
		base("2100123456789012346", "", "2024-03-06", map[string]string{"customer_key": "tb_li", "name": "李芳", "status": "shipped", "net": "100.0000", "refunded": "30.0000", "address": "浙江省 杭州市 西湖区 文三路1号", "region": "浙江省", "city": "杭州市"}),
		base("2100123456789012347", "+8613912345678", "2024-03-07", map[string]string{"customer_via": "phone", "status": "refunded", "net": "100.0000", "refunded": "100.0000", "address": "上海 上海市 浦东新区 1号", "region": "上海", "city": "上海市"}),
		base("2100123456789012348", "", "2024-03-08", map[string]string{"customer_key": "tb_li", "status": "unpaid", "net": "100.0000", "address": "地址不详"}),
		base("2100123456789012349", "", "2024-03-09", map[string]string{"customer_key": "tb_li", "status": "cancelled", "net": "100.0000"}),
		base("2100123456789012350", "", "2024-03-10", map[string]string{"customer_key": "tb_li", "status": "paid", "net": "97.0000", "refunded": "30.0000"}),
		base("2100123456789012351", "+8657188888888", "2024-03-11", map[string]string{"customer_key": "tb_li", "status": "completed", "net": "100.0000", "refunded": "30.0000", "address": "江苏省 苏州市 姑苏区 2号", "region": "江苏省", "city": "苏州市"}),
		base("2100123456789012352", "", "2024-03-12", map[string]string{"customer_key": "tb_li", "status": "completed", "net": "0.0000"}))
	hasNote(t, got, "recognised as Taobao/Tmall orders report")
	hasNote(t, got, "times without a zone read as Asia/Shanghai")
}

// Money that is none is rejected.
func TestTaobaoRejects(t *testing.T) {
	got := export(t, options("orders"), "o.csv", "|", "订单编号|买家会员名|买家实际支付金额|订单状态|订单创建时间|买家应付邮费|退款金额",
		"1|a|很多|交易成功|2024-03-05|0|", "2|a|1|交易成功|2024-03-05|x|", "3|a|1|交易成功|2024-03-05|0|待定", "4|a|5|交易成功|2024-03-05||")
	var lines []int64
	var values []string
	for _, r := range got.rejects {
		lines, values = append(lines, r.Line), append(values, r.Value)
	}
	if !slices.Equal(lines, []int64{2, 3, 4}) || !slices.Equal(values, []string{"很多", "x", "待定"}) {
		t.Errorf("rejects %+v", got.rejects)
	}
	if len(got.rows) != 1 || got.rows[0]["net"] != "5.0000" {
		t.Errorf("rows %v", got.rows)
	}
}

// An export without 总金额 and 退款金额, as older ones are.
func TestTaobaoOlderOrders(t *testing.T) {
	got := export(t, options("orders"), "o.csv", "|", "订单编号|买家会员名|买家实际支付金额|订单状态|订单创建时间|买家应付邮费|联系电话",
		"1|a|50.00|交易成功|2024-03-05 00:30:00|10.00|13812345678", "2|a|9.00|退款成功|2024-03-06 00:30:00|10.00|186******05")
	rowsOf(t, got,
		map[string]string{"order_id": "1", "customer_key": "a", "customer_via": "id", "phone": "+8613812345678", "ordered_at": "2024-03-04T16:30:00Z", "ordered_on": "2024-03-04",
			"status": "completed", "net": "40.0000", "shipping": "10.0000", "currency": "CNY"},
		map[string]string{"order_id": "2", "customer_key": "a", "customer_via": "id", "ordered_at": "2024-03-05T16:30:00Z", "ordered_on": "2024-03-05",
			"status": "refunded", "net": "0.0000", "shipping": "10.0000", "currency": "CNY"})
}

func TestTaobaoOrderItems(t *testing.T) {
	for _, names := range []string{"商品标题|商品价格", "标题|价格"} {
		got := export(t, options("auto"), "ExportOrderDetailList.csv", "|", "子订单编号|主订单编号|"+names+"|购买数量|外部系统编号|商品属性|订单状态|商家编码|买家应付货款|买家实付金额|退款状态|退款金额|商品ID|买家会员名",
			`="2100000000000000011"|="2100000000000000001"|龙井，罐装|128.00|2|TEA|规格：大|交易成功|TEA-1|250.00|250.00|没有申请退款|无退款申请|672015548901|tb_li`,
			"'12|'2100000000000000002|铁观音|88.50|1||袋装|交易关闭|TEA-2|88.50|0.00|退款成功|88.50||tb_li")
		if got.file.Kind != "order-lines" || got.file.Source.Name != "taobao_order_items" {
			t.Fatalf("kind %s, source %v", got.file.Kind, got.file.Source)
		}
		rowsOf(t, got,
			map[string]string{"order_id": "2100000000000000001", "product_id": "672015548901", "product_name": "龙井，罐装", "quantity": "2.0000", "unit_price": "128.0000", "line_net": "250.0000", "currency": "CNY"},
			map[string]string{"order_id": "2100000000000000002", "product_name": "铁观音", "quantity": "1.0000", "unit_price": "88.5000", "line_net": "88.5000", "currency": "CNY"})
	}
}

// Whatever stands in the cells, every row of these exports is stored or rejected,
// nothing is given back of an order but what it was, and nobody is known by a mask.
func TestChineseExportsHoldAnything(t *testing.T) {
	names := []string{"taobao_orders", "taobao_order_items", "youzan_orders", "youzan_customers", "jd_orders", "pinduoduo_orders", "douyin_orders"}
	values := []string{"", "0", "1.50", "100", "-3", "1,234.50", "一些", "无退款申请", "张*", "186******05", "##ab##", "退款成功", "交易关闭", "交易成功", "已关闭", "完成", "2024-03-05", "2024-03-05 10:00:00",
		"240305-123", "'138", `="1"`, "\t", "13812345678", "浙江省 杭州市 西湖区", "\xff", "NULL"}
	rapid.Check(t, func(rt *rapid.T) {
		s := sourceOf(rapid.SampledFrom(names).Draw(rt, "export"))
		header := slices.Clone(s.Signature)
		for i, names := range header {
			header[i] = alternatives(names)[0]
		}
		for _, target := range targetsOf(s.Kind) {
			for _, column := range alternatives(s.Map[target.name]) {
				if column != "" && column != "-" && !slices.Contains(s.Adds, column) && !slices.Contains(header, column) {
					header = append(header, column)
				}
			}
		}
		for _, column := range []string{"退款金额", "订单付款时间", "总金额", "运费", "售后状态", "平台优惠折扣(元)", "应收订单金额", "订单已退款金额"} {
			if !slices.Contains(header, column) && rapid.Bool().Draw(rt, column) {
				header = append(header, column)
			}
		}
		rows := make([][]string, rapid.IntRange(1, 6).Draw(rt, "rows"))
		for i := range rows {
			for _, column := range header {
				v := rapid.SampledFrom(values).Draw(rt, column)
				if column == "订单状态" && v != "" { // other words refuse the file
					v = rapid.SampledFrom([]string{"交易成功", "交易关闭", "已关闭", "等待买家付款", "退款成功"}).Draw(rt, column)
				}
				rows[i] = append(rows[i], v)
			}
		}
		path := filepath.Join(t.TempDir(), "f.csv")
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			rt.Fatal(err)
		}
		opt := options(s.Kind)
		opt.Dates, opt.Decimal = "ymd", "."
		f, err := Open(context.Background(), path, opt, func(string, Options) (Reader, Detected, error) {
			return &memory{header: header, rows: rows, size: 2}, Detected{Format: "csv"}, nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		read := 0
		err = f.Load(context.Background(), func(c *Chunk) error {
			read += c.Table.Rows() + len(c.Rejects)
			for r := range c.Table.Rows() {
				row := texts(c.Table, r)
				if strings.ContainsAny(row["customer_key"]+row["phone"]+row["name"], "*#") {
					return fmt.Errorf("known by a mask: %v", row)
				}
				net := row["net"] + row["line_net"]
				if back := row["refunded"]; back != "" && (back[0] == '-' || len(back) > len(net) || len(back) == len(net) && back > net) {
					return fmt.Errorf("more is given back than there was: %v", row)
				}
			}
			return nil
		})
		if err != nil && strings.Contains(err.Error(), "were rounded by a spreadsheet") {
			return
		}
		if err != nil || read != len(rows) {
			rt.Fatalf("%d of %d rows accounted for: %v", read, len(rows), err)
		}
	})
}

// Times of these exports are Beijing's wherever the business is, unless the user
// says otherwise.
func TestBeijing(t *testing.T) {
	z := newZone(beijing())
	cur := z.cursor()
	if got := cur.utc(time.Date(2024, 3, 5, 8, 0, 0, 0, time.UTC).Unix()); got != time.Date(2024, 3, 5, 0, 0, 0, 0, time.UTC).Unix() {
		t.Errorf("08:00 in Beijing is %v", time.Unix(got, 0).UTC())
	}
	opt := options("orders")
	opt.Times = time.UTC
	got := export(t, opt, "o.csv", "|", "订单编号|买家会员名|买家实际支付金额|订单状态|订单创建时间", "1|a|1|交易成功|2024-03-05 01:00:00")
	if got.rows[0]["ordered_at"] != "2024-03-05T01:00:00Z" {
		t.Errorf("ordered at %s", got.rows[0]["ordered_at"])
	}
}
