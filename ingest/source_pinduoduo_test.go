package ingest

import "testing"

func TestPinduoduoOrders(t *testing.T) {
	const header = "订单成交时间|商品|订单号|订单状态|商品总价(元)|邮费(元)|店铺优惠折扣(元)|平台优惠折扣(元)|多多支付立减金额(元)|用户实付金额(元)|商家实收金额(元)|商品数量(件)|商品id|商品规格|样式ID|商家编码-规格维度|售后状态"
	row := func(id, day, status, net string, more ...string) map[string]string {
		m := map[string]string{"order_id": id, "ordered_at": day + "T02:00:00Z", "ordered_on": day, "status": status, "net": net, "currency": "CNY",
			"gross": "20.0000", "shipping": "5.0000", "discount": "4.0000", "product_id": "672015548901", "product_name": "龙井，罐装", "quantity": "2.0000"}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	const goods, article = "|20.00|5.00|2.00|1.50|0.50|21.00|23.00|2|", "672015548901\t|大|13001\t|TEA|"
	got := export(t, options("auto"), "pdd.csv", "|", header,
		"2024-03-05 10:00:00\t|龙井，罐装|240305-111111111111111\t|已收货"+goods+article+"无售后或售后取消",
		"2024-03-06 10:00:00|龙井，罐装|240306-111111111111111|未发货，退款成功"+goods+article+"退款成功",
		"2024-03-07 10:00:00|龙井，罐装|240307-111111111111111|已收货"+goods+article+"退款成功",
		"|龙井，罐装|240308-111111111111111|已取消"+goods+article,
		"2024-03-09 10:00:00|龙井，罐装|240309-111111111111111|已发货，待签收"+goods+article+"售后处理中")
	if got.file.Source.Name != "pinduoduo_orders" {
		t.Fatalf("source %v", got.file.Source)
	}
	hasNote(t, got, "no buyer id")
	cancelled := row("240308-111111111111111", "2024-03-08", "cancelled", "16.0000")
	cancelled["ordered_at"] = "2024-03-08T00:00:00Z" // a day is a day of the business
	rowsOf(t, got,
		row("240305-111111111111111", "2024-03-05", "completed", "16.0000"),
		row("240306-111111111111111", "2024-03-06", "refunded", "16.0000", "refunded", "16.0000"),
		row("240307-111111111111111", "2024-03-07", "refunded", "16.0000", "refunded", "16.0000"),
		cancelled,
		row("240309-111111111111111", "2024-03-09", "shipped", "16.0000"))
}

func TestPinduoduoRejects(t *testing.T) {
	got := export(t, options("orders"), "p.csv", "|", "订单号|用户实付金额(元)|商家实收金额(元)|订单成交时间|店铺优惠折扣(元)|邮费(元)",
		"abc|5|5|||0", "240305-1|5|5||多|0", "240305-2|很多|5||0|0", "240305-3|5|5||0|")
	if len(got.rejects) != 3 || got.rejects[0].Reason != reasonMissing || got.rejects[1].Value != "多" || got.rejects[2].Value != "很多" || len(got.rows) != 1 {
		t.Errorf("rows %v, rejects %+v", got.rows, got.rejects)
	}
}

func TestDayInNumber(t *testing.T) {
	for id, want := range map[string]string{"240305-123": "2024-03-05", "240230-1": "", "24030-1": "", "2403055-1": "", "240305": "", "": "", "ab0305-1": ""} {
		if got := dayInNumber([]byte(id)); got != want {
			t.Errorf("%q begins with %q, want %q", id, got, want)
		}
	}
}
