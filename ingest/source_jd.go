package ingest

import "strings"

// jdOrders has one row an item, with the amounts of the whole order on each of them.
// 订单金额 is goods at 京东价 and 结算金额 the same after the shop's discounts, both
// without 运费金额; 应付金额 is what was left to pay of that with the freight, after
// 余额支付, which is the buyer's own money. So 结算金额 is what goods cost. 商家应收 is a
// sentence and is not read.
func jdOrders() *Source {
	const goods, status = "(结算金额 or 订单金额)", "(status without 删除)"
	return &Source{
		Name: "jd_orders", Title: "JD orders export", TitleZH: "京东订单导出", Kind: "orders",
		Signature: []string{"订单号", "京东价", "下单帐号|下单账号", "订单金额"},
		Adds:      []string{goods, status, yuan},
		From:      map[string]string{goods: "结算金额|订单金额", status: "订单状态"},
		Only:      true,
		Map: map[string]string{
			"order_id": "订单号", "customer_id": "下单帐号|下单账号", "phone": "联系电话", "name": "客户姓名", "address": "客户地址",
			"ordered_at": "下单时间", "status": status, "channel": "订单渠道|订单来源",
			"gross": "订单金额", "shipping": "运费金额", "net": goods, "currency": yuan,
			"product_id": "商品ID|货号", "product_name": "商品名称", "quantity": "订购数量", "unit_price": "京东价",
		},
		Amount: "order",
		Zone:   beijing(),
		Notes:  []string{"an order's amount is 结算金额, once an order: goods after discounts, without freight; the export tells of no refunds"},
		Mend: func(h *Header) func(*Cells) {
			settled, gross, state := h.Column("结算金额"), h.Column("订单金额"), h.Column("订单状态")
			to, stateTo, currency := h.Column(goods), h.Column(status), h.Column(yuan)
			return func(c *Cells) {
				for r := range c.Rows() {
					c.SetString(r, currency, "CNY")
					c.Copy(r, stateTo, state)
					if rest, ok := strings.CutPrefix(fold(string(c.Get(r, state))), "(删除)"); ok {
						c.SetString(r, stateTo, jdDeleted(rest))
					}
					c.Copy(r, to, settled)
					if len(c.Get(r, settled)) == 0 {
						c.Copy(r, to, gross)
					}
				}
			}
		},
	}
}

// jdDeleted is the state of an order that was deleted: one that was done stays a
// sale that nobody looks at any more, any other was given up.
func jdDeleted(state string) string {
	if state == "完成" || state == "已完成" {
		return state
	}
	return "已取消"
}
