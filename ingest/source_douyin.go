package ingest

// douyinOrders has one row a part of an order (子订单), with the amounts of that part,
// and does not say who bought: receivers are encrypted, ##..##.
//
// 订单应付金额 is what the buyer pays for the part, 运费 in it, after the discounts of
// the platform, the shop and the host (平台/商家/达人实际承担优惠金额). So goods are
// 订单应付金额 - 运费, added up over the rows of a 主订单. A 售后状态 of 退款成功 says that the
// part was given back, not how much of it: all is taken.
func douyinOrders() *Source {
	const goods, back, status, discount = "(订单应付金额 less 运费)", "(refunded goods)", "(status with 售后状态)", "(all discounts)"
	return &Source{
		Name: "douyin_orders", Title: "Douyin shop orders export", TitleZH: "抖店订单导出", Kind: "orders",
		Signature: []string{"主订单编号", "选购商品", "达人实际承担优惠金额|达人优惠"},
		Adds:      []string{goods, back, status, discount, yuan},
		From: map[string]string{
			goods: "订单应付金额|运费", back: "订单应付金额|运费|售后状态", status: "订单状态|售后状态",
			discount: "平台实际承担优惠金额|平台优惠|商家实际承担优惠金额|商家优惠|达人实际承担优惠金额|达人优惠",
		},
		Only: true,
		Map: map[string]string{
			"order_id": "主订单编号", "ordered_at": "订单提交时间", "status": status, "refunded": back, "currency": yuan,
			"product_id": "商品ID|商家编码", "product_name": "选购商品", "quantity": "商品数量", "line_discount": discount, "line_net": goods,
			"channel": "APP渠道", "region": "省", "city": "市",
		},
		Amount: "line", NoBuyer: true,
		Zone:  beijing(),
		Notes: []string{"a line's amount is 订单应付金额 less 运费: what customers pay for goods after all discounts; a line with 售后状态 退款成功 counts as given back whole"},
		Mend: func(h *Header) func(*Cells) {
			d := douyinColumns{
				due: h.Column("订单应付金额"), freight: h.Column("运费"), state: h.Column("订单状态"), after: h.Column("售后状态"),
				discounts: []int{h.Column("平台实际承担优惠金额", "平台优惠"), h.Column("商家实际承担优惠金额", "商家优惠"), h.Column("达人实际承担优惠金额", "达人优惠")},
			}
			d.goods, d.back, d.status = h.Column(goods), h.Column(back), h.Column(status)
			d.discount, d.currency = h.Column(discount), h.Column(yuan)
			return d.mend
		},
	}
}

type douyinColumns struct {
	due, freight, state, after              int
	discounts                               []int
	goods, back, status, discount, currency int
}

func (d douyinColumns) mend(c *Cells) {
	for r := range c.Rows() {
		c.SetString(r, d.currency, "CNY")
		setSum(c, r, d.discount, d.discounts)
		c.SetDifference(r, d.goods, d.due, d.freight)
		c.Copy(r, d.status, d.state)
		if !wentBack(c.Get(r, d.after)) {
			continue
		}
		// A part may go back while the order stays what it is. One that was closed
		// was paid before.
		if fold(string(c.Get(r, d.state))) == "已关闭" {
			c.SetString(r, d.status, "退款成功")
		}
		if goods, told, ok := c.Money(r, d.goods); told && ok {
			givenBack(c, r, d.back, 0, goods, true)
		}
	}
}
