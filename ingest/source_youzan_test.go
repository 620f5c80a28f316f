package ingest

import "testing"

func TestYouzanOrders(t *testing.T) {
	const header = "订单号|销售渠道|归属店铺|订单状态|订单创建时间|买家付款时间|商品金额合计|运费|店铺优惠合计|应收订单金额|订单实付金额|支付优惠合计|全部商品名称|商品种类数|收货人省份|收货人城市|详细收货地址/提货地址|收货人/提货人|收货人手机号/提货人手机号|买家手机号|分销员|订单退款状态|订单已退款金额|分销员"
	row := func(id, day string, more map[string]string) map[string]string {
		all := map[string]string{"order_id": id, "ordered_at": day + "T02:00:00Z", "ordered_on": day, "channel": "小程序", "shop": "茗山", "gross": "110.0000", "discount": "10.0000", "shipping": "10.0000",
			"currency": "CNY", "region": "浙江省", "city": "杭州市", "address": "文三路1号，2楼"}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	const place = "|茶；杯|2|浙江省|杭州市|文三路1号，2楼|"
	got := export(t, options("auto"), "youzan.csv", "|", header,
		"E1|小程序|茗山|交易完成|2024-03-05 10:00:00|2024-03-05 10:01:00|110|10|10|110|108|2"+place+"李芳|13900000000|13812345678|甲||0.00|乙",
		"E2|小程序|茗山|已发货|2024-03-06 10:00:00|2024-03-06 10:01:00|110|10|10|110|110|0"+place+"李*|139****0000|186******05|甲|退款成功（部分退款）|30.00|乙",
		"E3|小程序|茗山|交易关闭|2024-03-07 10:00:00|2024-03-07 10:01:00|110|10|10|110|110|0"+place+"李*||8613812345678|甲|退款成功（全额退款）|110.00|乙",
		"E4|小程序|茗山|待付款|2024-03-08 10:00:00||110|10|10|110|0.00|0"+place+"李*||13812345678|甲|||乙",
		"E5|小程序|茗山|交易关闭|2024-03-09 10:00:00||110|10|10|110|0.00|0"+place+"李*||13812345678|甲||0|乙",
		// a voucher paid for all but 4, and those are postage
		"E6|小程序|茗山|待接单|2024-03-10 10:00:00|2024-03-10 10:01:00|110|10|10|110|4.00|106"+place+"李*||13812345678|甲||0|乙")
	if got.file.Source.Name != "youzan_orders" {
		t.Fatalf("source %v", got.file.Source)
	}
	phone := map[string]string{"customer_via": "phone", "phone": "+8613812345678"}
	with := func(more ...string) map[string]string {
		m := map[string]string{}
		for k, v := range phone {
			m[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	rowsOf(t, got,
		row("E1", "2024-03-05", with("name", "李芳", "status", "completed", "net", "98.0000")),
		row("E2", "2024-03-06", map[string]string{"status": "shipped", "net": "100.0000", "refunded": "30.0000"}),
		row("E3", "2024-03-07", with("status", "refunded", "net", "100.0000", "refunded", "100.0000")),
		row("E4", "2024-03-08", with("status", "unpaid", "net", "100.0000")),
		row("E5", "2024-03-09", with("status", "cancelled", "net", "100.0000")),
		row("E6", "2024-03-10", with("status", "paid", "net", "0.0000")))
}

func TestYouzanRejects(t *testing.T) {
	got := export(t, options("orders"), "y.csv", "|", "订单号|归属店铺|订单实付金额|订单已退款金额|订单创建时间|运费|买家手机号",
		"1|s|一些|0|2024-03-05|0|13812345678", "2|s|5|全部|2024-03-05|0|13812345678", "3|s|5|0|2024-03-05||13812345678")
	if len(got.rejects) != 2 || got.rejects[0].Value != "一些" || got.rejects[1].Value != "全部" || len(got.rows) != 1 || got.rows[0]["net"] != "5.0000" {
		t.Errorf("rows %v, rejects %+v", got.rows, got.rejects)
	}
}

func TestYouzanCustomers(t *testing.T) {
	got := export(t, options("auto"), "youzan_customers.csv", "|", "客户姓名|客户昵称|客户手机号|客户生日|客户性别|标签|消费次数|消费金额|上次消费时间|来源渠道|成为客户时间",
		"李芳|茶友1|13812345678|1988-04-12|女|老客,爱喝茶|3|297.00|2024-05-01 10:00:00|微信小程序|2024-01-02 10:00:00",
		"李*|茶友2|13912345678||未知||0|0.00|||",
		"张伟|茶友3|186******05|||||||| ")
	if got.file.Kind != "customers" || len(got.rejects) != 1 || got.rejects[0].Line != 4 {
		t.Fatalf("kind %s, rejects %+v", got.file.Kind, got.rejects)
	}
	got.rejects = nil
	rowsOf(t, got,
		map[string]string{"customer_via": "phone", "phone": "+8613812345678", "name": "李芳", "gender": "female", "birth_date": "1988-04-12", "tags": "老客,爱喝茶",
			"acquired_on": "2024-01-02", "acquired_channel": "微信小程序"},
		map[string]string{"customer_via": "phone", "phone": "+8613912345678", "name": "茶友2"})
}
