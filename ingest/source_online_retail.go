package ingest

// onlineRetailUCI is the well-known data set of the UCI repository, in either of
// its two spellings. Invoices that start with C are cancellations, with negative
// quantities, which makes their orders refunds.
func onlineRetailUCI() *Source {
	return &Source{
		Name: "online_retail_uci", Title: "Online Retail data set (UCI)", TitleZH: "UCI Online Retail 数据集", Kind: "orders",
		Signature: []string{"StockCode", "Quantity", "InvoiceDate"},
		Map: map[string]string{
			"order_id": "InvoiceNo|Invoice", "customer_id": "CustomerID|Customer ID", "ordered_at": "InvoiceDate",
			"product_id": "StockCode", "product_name": "Description", "quantity": "Quantity", "unit_price": "UnitPrice|Price",
			"country": "Country",
		},
		Amount:  "line",
		ShopIDs: true,
	}
}
