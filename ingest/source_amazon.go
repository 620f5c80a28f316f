package ingest

// amazonAllOrders is the report of all orders, one row an item, which does not say
// who bought.
func amazonAllOrders() *Source {
	return &Source{
		Name: "amazon_all_orders", Title: "Amazon all orders report", TitleZH: "亚马逊全部订单报告", Kind: "orders",
		Signature: []string{"amazon-order-id", "purchase-date", "item-price", "sales-channel"},
		Without:   []string{"shipment-id"}, // the report of shipments has these columns as well
		Adds:      []string{amazonNet},
		From:      map[string]string{amazonNet: amazonFrom},
		Map:       amazonMap(),
		Amount:    "line", NoBuyer: true,
		Notes: []string{amazonNote},
		Mend:  amazonMend,
	}
}

// amazonFBAShipped is the report of shipments that Amazon made, one row an item of a
// shipment. buyer-email is an address of Amazon's that stays the same for one buyer
// and one seller.
func amazonFBAShipped() *Source {
	m := amazonMap()
	m["email"], m["phone"], m["name"] = "buyer-email", "buyer-phone-number|ship-phone-number", "buyer-name|recipient-name"
	m["address"], m["quantity"] = "ship-address-1|bill-address-1", "quantity-shipped"
	return &Source{
		Name: "amazon_fba_shipped", Title: "Amazon fulfilled shipments report", TitleZH: "亚马逊已完成配送货件报告", Kind: "orders",
		Signature: []string{"amazon-order-id", "shipment-id", "buyer-email", "quantity-shipped"},
		Adds:      []string{amazonNet},
		From:      map[string]string{amazonNet: amazonFrom},
		Map:       m,
		Amount:    "line",
		Notes:     []string{amazonNote},
		Mend:      amazonMend,
	}
}

const (
	amazonNet  = "(item-price less item-promotion-discount)"
	amazonFrom = "item-price|item-promotion-discount"
	amazonNote = "a line's amount is item-price, which is of all its pieces, less item-promotion-discount; tax and shipping are not read"
)

// amazonMap is what both reports share. Tax and shipping stand on each item, and are
// of no order as a whole.
func amazonMap() map[string]string {
	return map[string]string{
		"order_id": "amazon-order-id", "ordered_at": "purchase-date", "ordered_time": "-", "updated_at": "last-updated-date",
		"status": "order-status", "channel": "sales-channel", "shop": "-", "currency": "currency",
		"product_id": "sku|asin", "product_name": "product-name", "quantity": "quantity", "line_net": amazonNet,
		"unit_price": "-", "line_discount": "item-promotion-discount", "net": "-", "gross": "-", "discount": "-", "shipping": "-", "tax": "-",
		"coupon":  "promotion-ids",
		"country": "ship-country|bill-country", "region": "ship-state|bill-state", "city": "ship-city|bill-city", "postcode": "ship-postal-code|bill-postal-code",
	}
}

// amazonMend works out what an item cost after its promotion, which one of the
// reports writes as a negative number.
func amazonMend(h *Header) func(*Cells) {
	price, discount, net := h.Column("item-price"), h.Column("item-promotion-discount"), h.Column(amazonNet)
	return func(c *Cells) {
		for r := range c.Rows() {
			if off, told, ok := c.Money(r, discount); told && ok && off < 0 {
				c.SetMoney(r, discount, -off)
			}
			c.SetDifference(r, net, price, discount)
		}
	}
}
