package ingest

import (
	"bytes"
	"time"
	"unicode/utf8"
)

// beijing is the zone of the times in exports of Chinese platforms, which name none,
// wherever the business is. (The clocks there have not been changed since 1991.)
func beijing() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

// yuan is the column of the currency that exports of Chinese platforms leave unsaid.
const yuan = "(currency of the platform)"

// givenBack sets what an order itself says was given back of its goods: the amount
// told, postage not among it, or all when only the status says that it went back. It
// leaves the cell blank when nothing did.
func givenBack(c *Cells, r, to int, told, goods int64, whole bool) {
	if whole && told == 0 {
		told = goods
	}
	if told = min(told, goods); told > 0 {
		c.SetMoney(r, to, told)
	}
}

// taobaoOrders is the report of orders (订单报表), one row an order.
//
// 买家实际支付金额 has the postage in it, and is what is left after refunds: in a public
// export of a Tmall shop, paid rows have 买家实际支付金额 + 退款金额 = 总金额, and those that
// went back whole have nothing paid. So goods before refunds are 买家实际支付金额 + 退款金额 - 买家应付邮费. Where that
// sum is more than 总金额 the export has the amount before refunds, and nothing is
// added. What was not paid yet is what is due: 买家应付货款.
func taobaoOrders() *Source {
	const goods, back, status = "(goods before refunds)", "(refunded goods)", "(status with refunds)"
	const province, city = "(province in 收货地址)", "(city in 收货地址)"
	return &Source{
		Name: "taobao_orders", Title: "Taobao/Tmall orders report", TitleZH: "淘宝/天猫订单报表", Kind: "orders",
		Signature: []string{"订单编号", "买家会员名", "买家实际支付金额", "订单状态"},
		Adds:      []string{goods, back, status, province, city, yuan},
		From: map[string]string{
			goods: "买家实际支付金额|退款金额|买家应付邮费|总金额|买家应付货款|订单付款时间", back: "退款金额|订单状态", status: "订单状态|退款金额",
			province: "修改后的收货地址|收货地址", city: "修改后的收货地址|收货地址",
			"修改后的收货地址": "修改后的收货地址|收货地址", "联系手机": "联系手机|联系电话",
		},
		Only: true, // 宝贝标题 is of all goods of an order together: their lines are in a report of their own
		Map: map[string]string{
			"order_id": "订单编号", "customer_id": "买家会员名", "phone": "联系手机|联系电话", "name": "收货人姓名", "address": "修改后的收货地址|收货地址",
			"region": province, "city": city, "ordered_at": "订单创建时间", "status": status, "shop": "店铺名称|店铺Id",
			"gross": "买家应付货款", "shipping": "买家应付邮费", "net": goods, "refunded": back, "currency": yuan,
		},
		Zone:  beijing(),
		Notes: []string{"an order's amount is 买家实际支付金额 less 买家应付邮费, with 退款金额 added where it was taken off: goods after discounts, before refunds"},
		Mend: func(h *Header) func(*Cells) {
			t := taobaoColumns{
				paid: h.Column("买家实际支付金额"), paidAt: h.Column("订单付款时间"), refund: h.Column("退款金额"), postage: h.Column("买家应付邮费"),
				total: h.Column("总金额"), due: h.Column("买家应付货款"), state: h.Column("订单状态"),
				address: h.Column("收货地址"), changed: h.Column("修改后的收货地址"),
				mobile: h.Column("联系手机"), landline: h.Column("联系电话"),
			}
			t.goods, t.back, t.status = h.Column(goods), h.Column(back), h.Column(status)
			t.province, t.city, t.currency = h.Column(province), h.Column(city), h.Column(yuan)
			return t.mend
		},
	}
}

type taobaoColumns struct {
	paid, paidAt, refund, postage, total, due     int
	state, address, changed, mobile, landline     int
	goods, back, status, province, city, currency int
}

func (t taobaoColumns) mend(c *Cells) {
	for r := range c.Rows() {
		c.SetString(r, t.currency, "CNY")
		t.setWho(c, r)
		c.Copy(r, t.status, t.state)
		t.setAmounts(c, r)
	}
}

// setWho takes the landline where no mobile number is shown, the address that holds,
// and province and city from the beginning of the address: 浙江省 杭州市 西湖区 文三路1号.
func (t taobaoColumns) setWho(c *Cells, r int) {
	mobile, landline := c.Get(r, t.mobile), c.Get(r, t.landline)
	if (len(mobile) == 0 || hidden(mobile)) && bytes.ContainsAny(landline, "0123456789") && !hidden(landline) { // 'null is none
		c.Copy(r, t.mobile, t.landline)
	}
	address := c.Get(r, t.changed)
	if len(address) == 0 {
		address = c.Get(r, t.address)
		c.Copy(r, t.changed, t.address)
	}
	words := bytes.Fields(address)
	if len(words) >= 3 && place(words[0]) && place(words[1]) {
		c.Set(r, t.province, words[0])
		c.Set(r, t.city, words[1])
	}
}

// place reports a word that may be a province or a city: two to twelve characters,
// none of them of ASCII.
func place(word []byte) bool {
	for _, b := range word {
		if b < utf8.RuneSelf {
			return false
		}
	}
	n := utf8.RuneCount(word)
	return n >= 2 && n <= 12
}

// setAmounts sets goods and what was given back of them. A cell that is no amount
// becomes the amount itself, for the row to be rejected with it.
func (t taobaoColumns) setAmounts(c *Cells, r int) {
	var amounts [5]int64
	for i, column := range [...]int{t.paid, t.refund, t.postage, t.total, t.due} {
		units, _, ok := c.Money(r, column)
		if !ok {
			c.Copy(r, t.goods, column)
			return
		}
		amounts[i] = units
	}
	paid, refund, postage, total, due := amounts[0], amounts[1], amounts[2], amounts[3], amounts[4]
	goods := paid - postage
	if paid+refund <= total || total == 0 {
		goods += refund
	}
	if paid == 0 && refund == 0 && t.paidAt >= 0 && absentWord(c.Get(r, t.paidAt)) {
		goods = due
	}
	goods = max(goods, 0)
	c.SetMoney(r, t.goods, goods)
	state := fold(string(c.Get(r, t.state)))
	givenBack(c, r, t.back, refund, goods, state == "退款成功")
	if refund > 0 && state == "交易关闭" { // paid, and closed by giving everything back
		c.SetString(r, t.status, "退款成功")
	}
}

// taobaoOrderItems is the report of goods sold (宝贝报表, 销售明细), one row a line of
// an order. 买家应付货款 is what a line costs after discounts, without postage and
// before refunds; 买家实付金额 is less what was refunded.
func taobaoOrderItems() *Source {
	return &Source{
		Name: "taobao_order_items", Title: "Taobao/Tmall order items report", TitleZH: "淘宝/天猫宝贝报表（销售明细）", Kind: "order-lines", Orders: "taobao_orders",
		Signature: []string{"子订单编号", "主订单编号"},
		Without:   []string{"选购商品"}, // the orders of Douyin have both numbers as well
		Adds:      []string{yuan},
		Only:      true,
		Map: map[string]string{
			"order_id": "主订单编号", "product_id": "商品ID|商家编码|外部系统编号", "product_name": "商品标题|标题",
			"quantity": "购买数量", "unit_price": "商品价格|价格", "line_net": "买家应付货款|买家实付金额", "currency": yuan,
		},
		Zone: beijing(),
		Mend: func(h *Header) func(*Cells) {
			currency := h.Column(yuan)
			return func(c *Cells) {
				for r := range c.Rows() {
					c.SetString(r, currency, "CNY")
				}
			}
		},
	}
}
