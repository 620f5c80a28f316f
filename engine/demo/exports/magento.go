package exports

import "fmt"

// magentoOrders: the goods are Grand Total (Base) - Shipping and Handling, which
// is Subtotal as nothing is taxed or discounted here. Only Base is of one
// currency; Purchased is what the buyer saw.
func magentoOrders(g *generator) {
	const orders = 90
	s := g.sheet(g.optional()...)
	d := g.file(Data, "export.csv", "USD")
	for n := range orders {
		o := g.order(n, orders, &g.people[(n*11+5)%abroadPeople], pattern(n, completed, completed, paid, completed, refunded, completed, unpaid, partlyBack, completed, cancelled, unpaid, completed, unpaid))
		o.shipping = []Cents{0, 750, 1200}[n%3]
		status := magentoStatus(o)
		switch o.outcome {
		case refunded:
			o.back = o.total()
		case partlyBack:
			o.back = part(o.goods())
		}
		p := o.who
		address := fmt.Sprintf("%s,%s,%s,%s", p.street, p.city, p.region, p.postcode)
		purchased := o.total()
		if n%5 == 3 { // seen in another currency
			purchased = purchased * 92 / 100
		}
		name, group := p.name(), "General"
		if n%4 == 1 {
			name, group = "", "NOT LOGGED IN"
		}
		s.add(cells{"ID": fmt.Sprintf("%09d", 41+n), "Purchase Point": "Main Website\n   Main Website Store\n      Default Store View",
			"Purchase Date": o.at.Format("Jan 2, 2006 3:04:05 PM"), "Bill-to Name": p.name(), "Ship-to Name": p.name(),
			"Grand Total (Base)": o.total().String() + "00", "Grand Total (Purchased)": purchased.String() + "00", "Status": status,
			"Billing Address": address, "Shipping Address": address, "Shipping Information": "Flat Rate - Fixed", "Customer Email": p.email,
			"Customer Group": group, "Subtotal": o.goods().String() + "00", "Shipping and Handling": o.shipping.String() + "00", "Customer Name": name,
			"Payment Method": "checkmo", "Total Refunded": o.back.String() + "00", "Allocated sources": "Default Source"})
		d.known(byEmail(p))
		d.count(o, o.goods(), status)
	}
	d.fill(s, dialect{quoted: true})
}

func magentoStatus(o *order) string {
	switch o.outcome {
	case paid:
		return "Processing"
	case unpaid:
		return []string{"Pending", "Pending Payment", "Payment Review", "On Hold", "Suspected Fraud"}[(o.n/3+o.n)%5]
	case cancelled:
		return "Canceled"
	case refunded:
		return "Closed"
	}
	return "Complete"
}
