package ingest

// Sources returns the exports that are recognised by themselves.
func Sources() []*Source {
	return []*Source{
		shopifyOrders(),
		shopifyCustomers(),
		woocommerceWebToffeeOrders(),
		magentoOrdersGrid(),
		stripePayments(),
		amazonAllOrders(),
		amazonFBAShipped(),
		taobaoOrders(),
		taobaoOrderItems(),
		youzanOrders(),
		youzanCustomers(),
		jdOrders(),
		pinduoduoOrders(),
		douyinOrders(),
		klaviyoCampaigns(),
		mailchimpAudience(),
		sendgridEvents(),
		zendeskTickets(),
		onlineRetailUCI(),
	}
}
