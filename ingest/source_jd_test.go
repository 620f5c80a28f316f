package ingest

import "testing"

func TestJDOrders(t *testing.T) {
	const header = "订单号|商品ID|商品名称|订购数量|下单时间|京东价|订单金额|结算金额|余额支付|应付金额|订单状态|下单帐号|客户姓名|客户地址|联系电话|商家备注等级（等级1-5为由高到低）|运费金额|货号|订单渠道|商家应收"
	got := export(t, options("auto"), "jd.csv", "|", header,
		"297000000001|1001|龙井，罐装|2|2024-03-05 10:00:00|128.00|344.00|330.00|30.00|306.00|完成|jd_li|李*|浙江杭州西湖区，1号|1******6198|5|6.00|TEA-1|京东|330.00（系统计算中，该值仅供参考）",
		"297000000001||茶杯|1|2024-03-05 10:00:00|88.00|344.00|330.00|30.00|306.00|完成|jd_li|李*|浙江杭州西湖区，1号|1******6198|5|6.00|CUP|京东|330.00（系统计算中，该值仅供参考）",
		"297000000002|1001|龙井|1|2024-03-06 10:00:00|128.00|128.00||0|128.00|(删除)等待出库|jd_w***|王伟||13812345678|5|0||京东|",
		"297000000003|1001|龙井|1|2024-03-07 10:00:00|128.00|128.00|128.00|0|128.00|（删除）完成|jd_w|||||0||京东|",
		"297000000004|1001|龙井|1|2024-03-08 10:00:00|128.00|128.00|128.00|0|128.00|锁定|jd_w|||||0||京东|")
	if got.file.Source.Name != "jd_orders" || got.file.Amount != "order" {
		t.Fatalf("source %v, amount %s", got.file.Source, got.file.Amount)
	}
	first := map[string]string{"order_id": "297000000001", "customer_key": "jd_li", "customer_via": "id", "address": "浙江杭州西湖区，1号", "ordered_at": "2024-03-05T02:00:00Z", "ordered_on": "2024-03-05",
		"status": "completed", "channel": "京东", "gross": "344.0000", "shipping": "6.0000", "net": "330.0000", "currency": "CNY"}
	line := func(of map[string]string, more ...string) map[string]string {
		m := map[string]string{}
		for k, v := range of {
			m[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	other := map[string]string{"product_id": "1001", "product_name": "龙井", "quantity": "1.0000", "unit_price": "128.0000", "gross": "128.0000", "net": "128.0000", "shipping": "0.0000", "currency": "CNY", "channel": "京东"}
	rowsOf(t, got,
		line(first, "product_id", "1001", "product_name", "龙井，罐装", "quantity", "2.0000", "unit_price", "128.0000"),
		line(first, "product_name", "茶杯", "quantity", "1.0000", "unit_price", "88.0000"),
		line(other, "order_id", "297000000002", "customer_via", "phone", "phone", "+8613812345678", "name", "王伟", "status", "cancelled", "ordered_at", "2024-03-06T02:00:00Z", "ordered_on", "2024-03-06"),
		line(other, "order_id", "297000000003", "customer_key", "jd_w", "customer_via", "id", "status", "completed", "ordered_at", "2024-03-07T02:00:00Z", "ordered_on", "2024-03-07"),
		line(other, "order_id", "297000000004", "customer_key", "jd_w", "customer_via", "id", "status", "unpaid", "ordered_at", "2024-03-08T02:00:00Z", "ordered_on", "2024-03-08"))
}
