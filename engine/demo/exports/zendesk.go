package exports

import (
	"fmt"
	"time"
)

// zendeskTickets is two exports: one with dates as 2024-03-05, one of another
// account with 05-03-2024. Columns of an account's own end in their type.
func zendeskTickets(g *generator) {
	const tickets = 45
	for part, f := range []struct{ name, layout, variant string }{
		{"tickets-2024.csv", minute, ""},
		{"tickets-2025.csv", "02-01-2006 15:04", "dates as dd-mm-yyyy"},
	} {
		s := g.sheet("Product [list]", "Order number [txt]", "Items [int]", "Refund wanted [flag]")
		d := g.file(Data, f.name, "")
		d.Variant = f.variant
		for n := range tickets {
			p := &g.people[(n*7+part*11)%72]
			at := firstDay.AddDate(0, 0, part*200+n*4).Add(time.Duration(8*60+g.IntN(600)) * time.Minute)
			reply := 5 + g.IntN(300)
			solve := reply + 60 + g.IntN(4000)
			status := []string{"New", "Open", "Pending", "On-hold", "Solved", "Closed"}[n%6]
			row := cells{"Summation column": "1", "Id": fmt.Sprint(20_000 + part*1000 + n), "Requester": p.name(), "Requester id": fmt.Sprint(361_000_000_000 + p.n),
				"Requester email": p.email, "Requester domain": p.email[len(p.email)-len("mail.example"):], "Submitter": p.name(), "Assignee": "Kim Lee", "Group": "Support",
				"Subject": []string{"Where is my order?", "Broken cup, \"again\"", "退货，怎么办", "Invoice"}[n%4], "Tags": "order, delivery", "Status": status, "Priority": []string{"Normal", "High", "Low", "-"}[n%4],
				"Via": []string{"Web form", "Mail", "Chat", "Phone"}[n%4], "Ticket type": []string{"Question", "Incident", "Problem", "Task"}[n%4], "Created at": at.Format(f.layout),
				"Updated at": at.Add(time.Duration(solve+10) * time.Minute).Format(f.layout), "Assigned at": at.Add(3 * time.Minute).Format(f.layout), "Initially assigned at": at.Add(3 * time.Minute).Format(f.layout),
				"Satisfaction Score": []string{"Offered", "Good", "Not Offered", "Bad"}[n%4], "Group stations": "1", "Assignee stations": "1", "Reopens": fmt.Sprint(n % 3), "Replies": fmt.Sprint(1 + n%5),
				"First reply time in minutes": fmt.Sprint(reply), "First reply time in minutes within business hours": fmt.Sprint(reply / 2), "Agent wait time in minutes": "12", "Requester wait time in minutes": "30",
				"On hold time in minutes": "0", "Product [list]": "Teaware::Cups", "Order number [txt]": fmt.Sprintf("#%d", 1001+n), "Items [int]": fmt.Sprint(1 + n%3), "Refund wanted [flag]": fmt.Sprint(n % 2)}
			keys := []string{byEmail(p)}
			if p.n%2 == 0 {
				row["Requester external id"] = fmt.Sprintf("C%05d", p.n)
				keys = append(keys, "zendesk:"+row["Requester external id"])
			}
			if status == "Solved" || status == "Closed" {
				row["Solved at"] = at.Add(time.Duration(solve) * time.Minute).Format(f.layout)
				row["Resolution time"] = fmt.Sprint(solve / 60)
				row["First resolution time in minutes"], row["Full resolution time in minutes"] = fmt.Sprint(solve), fmt.Sprint(solve)
				row["First resolution time in minutes within business hours"], row["Full resolution time in minutes within business hours"] = fmt.Sprint(solve/3), fmt.Sprint(solve/3)
			}
			s.add(row)
			d.known(keys...)
			d.Statuses[status]++
		}
		d.fill(s, dialect{})
	}
}

// onlineRetail is in the form of the data set of the UCI: one row a line, without
// amounts of the order. Invoices that start with C give back; some lines cost
// nothing; about a fifth of the invoices name nobody.
func onlineRetail(g *generator) {
	const invoices = 90
	s := g.sheet()
	d := g.file(Data, "online_retail_2024.csv", "GBP")
	line := func(invoice string, it item, quantity int, price Cents, at time.Time, customer, country string) {
		s.add(cells{"InvoiceNo": invoice, "StockCode": it.sku, "Description": it.name, "Quantity": fmt.Sprint(quantity), "InvoiceDate": at.Format("1/2/2006 15:04"),
			"UnitPrice": price.String(), "CustomerID": customer, "Country": country})
		d.Lines++
	}
	for n := range invoices {
		o := g.order(n, invoices, &g.people[(n*3)%28], completed)
		customer := ""
		if n%5 != 4 {
			customer = fmt.Sprint(12_347 + o.who.n*13)
			d.known("online_retail:" + customer)
		} else {
			d.known()
		}
		country := map[string]string{"US": "USA", "GB": "United Kingdom", "DE": "Germany", "CA": "Canada"}[o.who.cc]
		var net Cents
		for _, it := range o.items {
			line(fmt.Sprint(536_365+n), it, it.quantity, it.price, o.at, customer, country)
			net += it.gross()
		}
		if n%8 == 3 { // postage is a line like others, and a gift costs nothing
			line(fmt.Sprint(536_365+n), item{product: &product{sku: "POST", name: "POSTAGE"}}, 1, 1800, o.at, customer, country)
			line(fmt.Sprint(536_365+n), item{product: &product{sku: "M", name: "Manual, \"gift\""}}, 1, 0, o.at, customer, country)
			net += 1800
		}
		d.Orders++
		d.Counted++
		d.Net += net
		if n%9 == 2 {
			it := o.items[0]
			line(fmt.Sprintf("C%d", 537_000+n), it, -it.quantity, it.price, o.at.AddDate(0, 0, 4), customer, country)
			d.Refunds++
			d.Refunded += it.gross()
			d.RefundedGoods += it.gross()
		}
	}
	d.fill(s, dialect{})
}
