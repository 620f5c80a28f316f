package ingest

// magentoOrdersGrid is the grid of orders as it is shown. Only the base amounts are
// in one currency: those of the purchase may differ from row to row.
func magentoOrdersGrid() *Source {
	return &Source{
		Name: "magento_orders_grid", Title: "Magento orders grid export", TitleZH: "Magento 订单列表导出", Kind: "orders",
		Signature: []string{"Purchase Point", "Grand Total (Base)", "Grand Total (Purchased)"},
		Map: map[string]string{
			"order_id": "ID", "customer_id": "-", "member_id": "-", "email": "Customer Email", "name": "Customer Name|Bill-to Name",
			"address": "Billing Address|Shipping Address", "ordered_at": "Purchase Date", "ordered_time": "-",
			"status": "Status", "shop": "Purchase Point", "net": "Grand Total (Base)", "refunded": "Total Refunded",
			"gross": "-", "shipping": "-", "tax": "-", "currency": "-", "discount": "-",
		},
		Status: map[string]string{
			"Complete": "completed", "Processing": "paid", "Closed": "refunded", "Canceled": "cancelled", "On Hold": "unpaid",
			"Payment Review": "unpaid", "Pending": "unpaid", "Pending Payment": "unpaid", "Suspected Fraud": "unpaid",
			"Pending PayPal": "unpaid", "PayPal Reversed": "refunded", "PayPal Canceled Reversal": "paid",
		},
		Notes: []string{"an order's amount is Grand Total (Base), which holds tax and shipping; Grand Total (Purchased) is not read"},
	}
}
