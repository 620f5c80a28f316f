package ingest

import (
	"strings"
	"testing"
)

func TestDouyinOrders(t *testing.T) {
	const header = "主订单编号|子订单编号|选购商品|商品规格|商品数量|商家编码|订单应付金额|运费|收件人|收件人手机号|详细地址|订单提交时间|商家备注|订单完成时间|订单状态|售后状态|取消原因|发货时间|平台实际承担优惠金额|商家实际承担优惠金额|达人实际承担优惠金额"
	row := func(id, status, net string, more ...string) map[string]string {
		m := map[string]string{"order_id": id, "ordered_at": "2024-03-05T02:00:00Z", "ordered_on": "2024-03-05", "status": status, "line_net": net, "line_discount": "6.0000",
			"product_id": "TEA", "product_name": "龙井", "quantity": "2.0000", "currency": "CNY"}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	line := func(id, part, due, freight, status, after string) string {
		return "\t" + id + "|\t" + part + "|\t龙井|\t大|2|\tTEA|" + due + "|" + freight + "|##Ab3=##|$$Cd4=$$|##Ef5=##|2024-03-05 10:00:00|||" + status + "|" + after + "|||1.00|5.00|0.00"
	}
	got := export(t, options("auto"), "douyin.csv", "|", header,
		line("6917926768823643751", "6917926768823643751", "26.00", "6.00", "已完成", "-"),
		line("6917926768823643751", "6917926768823643752", "15.00", "0.00", "已完成", "退款成功"),
		line("6917926768823643753", "6917926768823643753", "26.00", "6.00", "已关闭", "退款成功"),
		line("6917926768823643754", "6917926768823643754", "26.00", "6.00", "已关闭", ""),
		line("6917926768823643755", "6917926768823643755", "26.00", "6.00", "待支付", ""),
		line("6917926768823643756", "6917926768823643756", "26.00", "6.00", "部分发货", "售后关闭"),
		line("6917926768823643757", "6917926768823643757", "26.00", "6.00", "备货中", "退款中"))
	if got.file.Source.Name != "douyin_orders" || got.file.Amount != "line" {
		t.Fatalf("source %v, amount %s", got.file.Source, got.file.Amount)
	}
	hasNote(t, got, "no buyer id")
	rowsOf(t, got,
		row("6917926768823643751", "completed", "20.0000"),
		row("6917926768823643751", "completed", "15.0000", "refunded", "15.0000"),
		row("6917926768823643753", "refunded", "20.0000", "refunded", "20.0000"),
		row("6917926768823643754", "cancelled", "20.0000"),
		row("6917926768823643755", "unpaid", "20.0000"),
		row("6917926768823643756", "shipped", "20.0000"),
		row("6917926768823643757", "paid", "20.0000"))
}

// Orders of Douyin have the two numbers that tell lines of Taobao as well.
func TestDouyinIsNotTaobao(t *testing.T) {
	for header, want := range map[string]string{
		"主订单编号|子订单编号|选购商品|订单应付金额|达人优惠": "douyin_orders",
		"主订单编号|子订单编号|选购商品|订单应付金额":      "",
		"主订单编号|子订单编号|商品标题|购买数量":        "taobao_order_items",
	} {
		got := ""
		if s := Recognise(strings.Split(header, "|")); s != nil {
			got = s.Name
		}
		if got != want {
			t.Errorf("%s is recognised as %q, want %q", header, got, want)
		}
	}
}
