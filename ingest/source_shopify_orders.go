package ingest

import "bytes"

// shopifyOrders has one row per line item. What belongs to the order stands on its
// first row only, and the order's number is Name: Id is of the shop's database, and
// younger exports only have it.
func shopifyOrders() *Source {
	return &Source{
		Name: "shopify_orders", Title: "Shopify orders export", TitleZH: "Shopify 订单导出", Kind: "orders",
		Signature: []string{"Name", "Financial Status", "Lineitem name", "Lineitem price", "Created at"},
		Map: map[string]string{
			"order_id": "Name", "customer_id": "-", "member_id": "-", "email": "Email", "phone": "Phone|Billing Phone",
			"name": "Billing Name|Shipping Name", "address": "Shipping Address1|Shipping Street|Billing Address1|Billing Street",
			"country": "Shipping Country|Billing Country", "region": "Shipping Province Name|Shipping Province|Billing Province Name|Billing Province",
			"city": "Shipping City|Billing City", "postcode": "Shipping Zip|Billing Zip",
			"ordered_at": "Created at", "ordered_time": "-", "cancelled_at": "Cancelled at", "updated_at": "-",
			"status": "Financial Status", "currency": "Currency", "channel": "Source", "shop": "Location",
			"net": "Subtotal|Total", "gross": "-", "discount": "Discount Amount", "shipping": "Shipping", "tax": "Taxes", "cost": "-",
			"refunded": "Refunded Amount", "refunded_at": "-", "coupon": "Discount Code", "email_consent": "Accepts Marketing",
			"product_id": "Lineitem sku", "product_name": "Lineitem name", "brand": "Vendor", "quantity": "Lineitem quantity",
			"unit_price": "Lineitem price", "line_discount": "Lineitem discount", "line_net": "-", "items": "-",
		},
		Amount: "order",
		Fill:   []string{"Created at", "Currency"}, FillBy: "Name",
		Mend: func(h *Header) func(*Cells) {
			if h.Column("Subtotal") >= 0 {
				h.Note("an order's amount is Subtotal: goods after discounts, without tax and shipping; Total is not read")
			} else {
				h.Note("an order's amount is Total, with tax and shipping: the file has no Subtotal")
			}
			return withoutApostrophe(h, "Shipping Zip", "Billing Zip")
		},
	}
}

// withoutApostrophe takes the apostrophe off that exports put before texts which
// spreadsheets would take for numbers. It is nil when the file has none of the columns.
func withoutApostrophe(h *Header, names ...string) func(*Cells) {
	var columns []int
	for _, n := range names {
		if i := h.Column(n); i >= 0 {
			columns = append(columns, i)
		}
	}
	if columns == nil {
		return nil
	}
	return func(c *Cells) {
		for r := range c.Rows() {
			for _, i := range columns {
				if v := c.Get(r, i); bytes.HasPrefix(v, []byte("'")) {
					c.Set(r, i, v[1:])
				}
			}
		}
	}
}
