package ingest

// magentoOrdersGrid is the grid of orders as it is shown. Only the base amounts are
// in one currency: those of the purchase may differ from row to row. The grid has no
// column of tax, so what goods cost is known up to their tax.
func magentoOrdersGrid() *Source {
	const net = "(Grand Total (Base) less Shipping and Handling)"
	return &Source{
		Name: "magento_orders_grid", Title: "Magento orders grid export", TitleZH: "Magento 订单列表导出", Kind: "orders",
		Signature: []string{"Purchase Point", "Grand Total (Base)", "Grand Total (Purchased)"},
		Map: map[string]string{
			"order_id": "ID", "customer_id": "-", "member_id": "-", "email": "Customer Email", "name": "Bill-to Name|Customer Name",
			"address": "Billing Address|Shipping Address", "ordered_at": "Purchase Date", "ordered_time": "-",
			"status": "Status", "shop": "Purchase Point", "net": net, "refunded": "Total Refunded",
			"gross": "-", "shipping": "Shipping and Handling", "tax": "-", "currency": "-", "discount": "-",
		},
		Status: map[string]string{
			"Complete": "completed", "Processing": "paid", "Closed": "refunded", "Canceled": "cancelled", "On Hold": "unpaid",
			"Payment Review": "unpaid", "Pending": "unpaid", "Pending Payment": "unpaid", "Suspected Fraud": "unpaid",
			"Pending PayPal": "unpaid", "PayPal Reversed": "refunded", "PayPal Canceled Reversal": "paid",
		},
		Adds: []string{net},
		From: map[string]string{net: "Grand Total (Base)|Shipping and Handling"},
		Mend: func(h *Header) func(*Cells) {
			total, shipping, to := h.Column("Grand Total (Base)"), h.Column("Shipping and Handling"), h.Column(net)
			if shipping >= 0 {
				h.Note("an order's amount is Grand Total (Base) less Shipping and Handling, with tax; Grand Total (Purchased) is not read")
			} else {
				h.Note("an order's amount is Grand Total (Base), with tax and shipping; Grand Total (Purchased) is not read")
			}
			return func(c *Cells) {
				for r := range c.Rows() {
					c.SetDifference(r, to, total, shipping)
				}
			}
		},
	}
}
