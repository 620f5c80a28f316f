package ingest

import (
	"strings"
	"time"
)

// pinduoduoOrders has one row an order, of one article, and does not say who bought.
//
// 商品总价 less 店铺优惠折扣, 平台优惠折扣 and 多多支付立减金额, with 邮费, is
// 用户实付金额: what the customer pays. 商家实收金额 is that and what the platform pays in
// the customer's place. Net is what customers pay for goods, so 用户实付金额 - 邮费. How
// much went back is not told: a 售后状态 of 退款成功 is taken as all of it.
//
// An order that was never paid has no 订单成交时间. Its number begins with its day,
// 240305-123456789012345, and that is when it was made.
func pinduoduoOrders() *Source {
	const goods, back, status, at = "(用户实付金额 less 邮费)", "(refunded goods)", "(status with 售后状态)", "(订单成交时间 or the day in 订单号)"
	const discount = "(all discounts)"
	return &Source{
		Name: "pinduoduo_orders", Title: "Pinduoduo orders export", TitleZH: "拼多多订单导出", Kind: "orders",
		Signature: []string{"订单号", "用户实付金额(元)", "商家实收金额(元)"},
		Adds:      []string{goods, back, status, at, discount, yuan},
		From: map[string]string{
			goods: "用户实付金额(元)|邮费(元)", back: "用户实付金额(元)|邮费(元)|售后状态", status: "订单状态|售后状态", at: "订单成交时间|订单号",
			discount: "店铺优惠折扣(元)|平台优惠折扣(元)|多多支付立减金额(元)",
		},
		Only: true,
		Map: map[string]string{
			"order_id": "订单号", "ordered_at": at, "status": status,
			"gross": "商品总价(元)", "discount": discount, "shipping": "邮费(元)", "net": goods, "refunded": back, "currency": yuan,
			"product_id": "商品id|样式ID", "product_name": "商品", "quantity": "商品数量(件)",
		},
		Amount: "order", NoBuyer: true,
		Zone:  beijing(),
		Notes: []string{"an order's amount is 用户实付金额 less 邮费: what customers pay for goods after all discounts; an order with 售后状态 退款成功 counts as given back whole"},
		Mend: func(h *Header) func(*Cells) {
			p := pinduoduoColumns{
				paid: h.Column("用户实付金额(元)"), postage: h.Column("邮费(元)"), state: h.Column("订单状态"), after: h.Column("售后状态"),
				made: h.Column("订单成交时间"), id: h.Column("订单号"),
				discounts: []int{h.Column("店铺优惠折扣(元)"), h.Column("平台优惠折扣(元)"), h.Column("多多支付立减金额(元)")},
			}
			p.goods, p.back, p.status, p.at = h.Column(goods), h.Column(back), h.Column(status), h.Column(at)
			p.discount, p.currency = h.Column(discount), h.Column(yuan)
			return p.mend
		},
	}
}

type pinduoduoColumns struct {
	paid, postage, state, after, made, id       int
	discounts                                   []int
	goods, back, status, at, discount, currency int
}

func (p pinduoduoColumns) mend(c *Cells) {
	for r := range c.Rows() {
		c.SetString(r, p.currency, "CNY")
		c.Copy(r, p.at, p.made)
		if absentWord(c.Get(r, p.made)) {
			c.SetString(r, p.at, dayInNumber(c.Get(r, p.id)))
		}
		setSum(c, r, p.discount, p.discounts)
		c.SetDifference(r, p.goods, p.paid, p.postage)
		c.Copy(r, p.status, p.state)
		if !wentBack(c.Get(r, p.after)) && !wentBack(c.Get(r, p.state)) {
			continue
		}
		c.SetString(r, p.status, "退款成功")
		if goods, told, ok := c.Money(r, p.goods); told && ok {
			givenBack(c, r, p.back, 0, goods, true)
		}
	}
}

// wentBack reports a state of an order or of its after-sales service that says that
// the money was given back.
func wentBack(state []byte) bool {
	s := string(state)
	return strings.Contains(s, "退款成功") || strings.Contains(s, "全额退款")
}

// setSum adds up amounts. A cell that is none is put there itself, for its row to be
// rejected with it.
func setSum(c *Cells, r, to int, columns []int) {
	sum, any := int64(0), false
	for _, i := range columns {
		units, told, ok := c.Money(r, i)
		if !ok {
			c.Copy(r, to, i)
			return
		}
		sum, any = sum+units, any || told
	}
	if any {
		c.SetMoney(r, to, sum)
	}
}

// dayInNumber is the day with which an order's number begins, 240305-... as
// 2024-03-05, or "".
func dayInNumber(id []byte) string {
	day, _, ok := strings.Cut(string(id), "-")
	if !ok || len(day) != 6 {
		return ""
	}
	t, err := time.Parse("060102", day)
	if err != nil {
		return ""
	}
	return t.Format(time.DateOnly)
}
