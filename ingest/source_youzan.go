package ingest

// youzanOrders has one row an order. 订单实付金额 is what the buyer paid, 运费 in it,
// after the shop's discounts (店铺优惠合计) and those of the means of payment
// (支付优惠合计), and before refunds, which stand in 订单已退款金额. So goods are
// 订单实付金额 - 运费, or, as long as nothing was paid, 应收订单金额 - 运费. Buyers are known
// by their number; that of a receiver may be somebody else's.
func youzanOrders() *Source {
	const goods, back, status = "(订单实付金额 less 运费)", "(refunded goods)", "(status with refunds)"
	return &Source{
		Name: "youzan_orders", Title: "Youzan orders export", TitleZH: "有赞订单导出", Kind: "orders",
		Signature: []string{"订单号", "归属店铺", "订单实付金额", "订单已退款金额"},
		Adds:      []string{goods, back, status, yuan},
		From: map[string]string{
			goods: "订单实付金额|应收订单金额|运费|买家付款时间", back: "订单已退款金额", status: "订单状态|订单已退款金额",
		},
		Only: true, // 全部商品名称 is of all goods of an order together
		Map: map[string]string{
			"order_id": "订单号", "phone": "买家手机号", "name": "收货人/提货人", "address": "详细收货地址/提货地址",
			"region": "收货人省份", "city": "收货人城市", "ordered_at": "订单创建时间", "status": status,
			"shop": "归属店铺", "channel": "销售渠道", "gross": "商品金额合计", "discount": "店铺优惠合计", "shipping": "运费",
			"net": goods, "refunded": back, "currency": yuan,
		},
		Status: map[string]string{"待接单": "paid"},
		Zone:   beijing(),
		Notes:  []string{"an order's amount is 订单实付金额 less 运费: goods after discounts, before refunds; buyers are known by 买家手机号"},
		Mend: func(h *Header) func(*Cells) {
			y := youzanColumns{
				paid: h.Column("订单实付金额"), due: h.Column("应收订单金额"), freight: h.Column("运费"), refund: h.Column("订单已退款金额"),
				paidAt: h.Column("买家付款时间"), state: h.Column("订单状态"),
			}
			y.goods, y.back, y.status, y.currency = h.Column(goods), h.Column(back), h.Column(status), h.Column(yuan)
			return y.mend
		},
	}
}

type youzanColumns struct {
	paid, due, freight, refund, paidAt, state int
	goods, back, status, currency             int
}

func (y youzanColumns) mend(c *Cells) {
	for r := range c.Rows() {
		c.SetString(r, y.currency, "CNY")
		c.Copy(r, y.status, y.state)
		y.setAmounts(c, r)
	}
}

func (y youzanColumns) setAmounts(c *Cells, r int) {
	amount := y.paid
	if paid, _, ok := c.Money(r, y.paid); ok && paid == 0 && y.paidAt >= 0 && absentWord(c.Get(r, y.paidAt)) {
		amount = y.due
	}
	c.SetDifference(r, y.goods, amount, y.freight)
	goods, told, ok := c.Money(r, y.goods)
	if !told || !ok {
		return
	}
	if goods < 0 { // a voucher paid for the postage
		goods = 0
		c.SetMoney(r, y.goods, goods)
	}
	refund, _, ok := c.Money(r, y.refund)
	if !ok {
		c.Copy(r, y.back, y.refund)
		return
	}
	givenBack(c, r, y.back, refund, goods, false)
	if refund > 0 && fold(string(c.Get(r, y.state))) == "交易关闭" { // paid, and closed by giving everything back
		c.SetString(r, y.status, "退款成功")
	}
}

// youzanCustomers are people known by their number. A row that hides it, and names
// nobody in another way, is rejected.
func youzanCustomers() *Source {
	return &Source{
		Name: "youzan_customers", Title: "Youzan customers export", TitleZH: "有赞客户导出", Kind: "customers",
		Signature: []string{"客户手机号", "消费次数", "上次消费时间"},
		Only:      true,
		Map: map[string]string{
			"phone": "客户手机号", "name": "客户姓名|客户昵称", "gender": "客户性别", "birth_date": "客户生日", "tags": "标签",
			"acquired_on": "成为客户时间|成为会员时间", "acquired_channel": "来源渠道|来源方式",
		},
		From: map[string]string{"客户姓名": "客户姓名|客户昵称"},
		Zone: beijing(),
		Mend: func(h *Header) func(*Cells) {
			name, nickname := h.Column("客户姓名"), h.Column("客户昵称")
			return func(c *Cells) {
				for r := range c.Rows() {
					if v := c.Get(r, name); len(c.Get(r, nickname)) > 0 && (len(v) == 0 || hidden(v)) {
						c.Copy(r, name, nickname)
					}
				}
			}
		},
	}
}
