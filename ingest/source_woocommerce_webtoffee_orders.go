package ingest

import (
	"bytes"
	"slices"
)

// woocommerceWebToffeeOrders has one row per order, its lines in columns
// line_item_1 to n, its refunds and coupons in a cell each.
func woocommerceWebToffeeOrders() *Source {
	const net, customer, email = "(order_total less tax, shipping and fees)", "(customer, without guests)", "(customer_email or billing_email)"
	const lines, back, backOn, coupon = "(line items)", "(refund_items: amount)", "(refund_items: last date)", "(coupon_items: code)"
	return &Source{
		Name: "woocommerce_webtoffee_orders", Title: "WooCommerce orders export (WebToffee)", TitleZH: "WooCommerce 订单导出（WebToffee 插件）", Kind: "orders",
		Signature: []string{"order_id", "order_date", "order_total", "order_currency", "billing_email"},
		Adds:      []string{net, customer, email, lines, back, backOn, coupon},
		From: map[string]string{
			net:      "order_total|tax_total|shipping_total|fee_total|shipping_tax_total|fee_tax_total|order_subtotal|discount_total|cart_discount|order_discount",
			customer: "customer_id|customer_user", email: "customer_email|billing_email", lines: "line_item_*",
			back: "refund_items", backOn: "refund_items", coupon: "coupon_items",
		},
		Map: map[string]string{
			"order_id": "order_id", "customer_id": customer, "email": email, "phone": "billing_phone|shipping_phone",
			"name": "-", "first_name": "billing_first_name", "last_name": "billing_last_name",
			"ordered_at": "order_date", "status": "status", "currency": "order_currency",
			"gross": "order_subtotal", "discount": "discount_total|cart_discount|order_discount",
			"shipping": "shipping_total", "tax": "tax_total", "net": net,
			"refunded": back, "refunded_at": backOn, "coupon": coupon, "items": lines,
		},
		Notes: []string{"an order's amount is order_total less tax, shipping and fees"},
		Mend: func(h *Header) func(*Cells) {
			w := wooColumns{
				total: h.Column("order_total"), subtotal: h.Column("order_subtotal"), discount: h.Column("discount_total", "cart_discount", "order_discount"),
				parts:   []int{h.Column("tax_total"), h.Column("shipping_total"), h.Column("fee_total")},
				partTax: []int{h.Column("shipping_tax_total"), h.Column("fee_tax_total")},
				users:   []int{h.Column("customer_id"), h.Column("customer_user")},
				emails:  []int{h.Column("customer_email"), h.Column("billing_email")},
				lines:   h.Columns("line_item_"), refunds: h.Column("refund_items"), coupons: h.Column("coupon_items"),
			}
			w.net, w.customer, w.email = h.Column(net), h.Column(customer), h.Column(email)
			w.allLines, w.back, w.backOn, w.coupon = h.Column(lines), h.Column(back), h.Column(backOn), h.Column(coupon)
			return w.mend
		},
	}
}

// wooColumns are the columns of a file that are read, and those that are filled.
type wooColumns struct {
	total, subtotal, discount, refunds, coupons int
	parts                                       []int // of the total that are not goods
	partTax                                     []int // tax on those parts: within tax_total, unless the sums say otherwise
	users, emails, lines                        []int

	net, customer, email, allLines, back, backOn, coupon int
}

func (w wooColumns) mend(c *Cells) {
	var buf []byte
	for r := range c.Rows() {
		w.setNet(c, r)
		for _, i := range w.users {
			if v := c.Get(r, i); len(v) > 0 && string(v) != "0" { // 0 is a guest
				c.Copy(r, w.customer, i)
				break
			}
		}
		for _, i := range w.emails {
			if len(c.Get(r, i)) > 0 {
				c.Copy(r, w.email, i)
				break
			}
		}
		buf = buf[:0]
		for _, i := range w.lines {
			if v := c.Get(r, i); len(v) > 0 {
				buf = append(append(buf, v...), itemEnd)
			}
		}
		c.Set(r, w.allLines, buf)
		w.setRefund(c, r)
		c.Set(r, w.coupon, wooPart(c.Get(r, w.coupons), "code"))
	}
}

// setNet sets the price of the goods. Where goods after discounts, which are there
// without any tax, show that tax_total does not hold the tax on shipping and fees,
// that is taken off as well.
func (w wooColumns) setNet(c *Cells, r int) {
	c.SetDifference(r, w.net, w.total, w.parts...)
	goods, told, ok := c.Money(r, w.subtotal)
	discount, _, ok2 := c.Money(r, w.discount)
	net, _, ok3 := c.Money(r, w.net)
	if !told || !ok || !ok2 || !ok3 || goods-discount == net {
		return
	}
	rest := net
	for _, i := range w.partTax {
		tax, _, ok := c.Money(r, i)
		if !ok {
			return
		}
		rest -= tax
	}
	if rest == goods-discount {
		c.SetMoney(r, w.net, rest)
	}
}

// setRefund adds up amount:5.00|reason:broken|date:2024-02-01 10:00:00;amount:...
// The money is back on the last of the days.
func (w wooColumns) setRefund(c *Cells, r int) {
	v := c.Get(r, w.refunds)
	if len(v) == 0 {
		return
	}
	sum, last := int64(0), []byte(nil)
	for _, record := range bytes.Split(v, []byte(";")) {
		amount, told, _ := itemNumber(trim(wooPart(record, "amount")))
		if !told {
			continue
		}
		sum += max(amount, -amount)
		if day := wooPart(record, "date"); bytes.Compare(day, last) > 0 {
			last = day
		}
	}
	if sum > 0 {
		c.SetMoney(r, w.back, sum)
		c.Set(r, w.backOn, last)
	}
}

// wooPart is the value of a key in key:value|key:value, nil when it is not there.
func wooPart(record []byte, key string) []byte {
	for _, part := range bytes.Split(record, []byte("|")) {
		if k, value, ok := bytes.Cut(part, []byte(":")); ok && string(bytes.ToLower(trim(k))) == key {
			return slices.Clip(trim(value))
		}
	}
	return nil
}
