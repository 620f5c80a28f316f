package exports

import (
	"fmt"
	"strings"
	"time"
)

// zoned is a time as Shopify writes it, in New York.
func zoned(t time.Time) string {
	offset := " -0500"
	if m := t.Month(); m > time.March && m < time.November {
		offset = " -0400"
	}
	return t.Format(dateTime) + offset
}

// shopifySales are the orders of both Shopify exports. Goods after discounts
// without tax and shipping are the column Subtotal, which is Total - Shipping -
// Taxes as well.
func shopifySales(g *generator) []*order {
	r := &generator{Rand: streamOf("shopify", g.seed), people: g.people}
	const orders = 120
	var all []*order
	for n := range orders {
		o := r.order(n, orders, &r.people[n*7%(abroadPeople+8)], pattern(n, completed, completed, paid, partlyBack, completed, unpaid, completed, refunded, cancelledDay, paid, completed, completed))
		if n%4 == 1 {
			o.discount = part(o.subtotal()) / 2
		}
		if n%5 != 0 {
			o.shipping = 595
		}
		o.tax = o.goods() * 8 / 100
		switch o.outcome {
		case partlyBack:
			o.back = part(o.goods())
		case refunded:
			o.back = o.total()
		}
		all = append(all, o)
	}
	return all
}

// shopifyWho says how an order of Shopify names its buyer: by both addresses, by
// one, or, over the counter, not at all.
func shopifyWho(o *order) (email, phone string) {
	switch {
	case o.n%24 == 23:
		return "", ""
	case o.n%12 == 11:
		return "", o.who.phone
	case o.n%2 == 0:
		return o.who.email, o.who.phone
	}
	return o.who.email, ""
}

func keysOf(email, phone string) []string {
	var keys []string
	if email != "" {
		keys = append(keys, "email:"+strings.ToLower(email))
	}
	if phone != "" {
		keys = append(keys, "phone:"+phone)
	}
	return keys
}

func shopifyStatus(o *order) string {
	switch o.outcome {
	case partlyBack:
		return "partially_refunded"
	case refunded:
		return "refunded"
	case cancelledDay:
		return "voided"
	case unpaid:
		return []string{"pending", "authorized"}[o.n/12%2]
	case paid:
		if o.n%24 == 9 {
			return "partially_paid"
		}
	}
	return "paid"
}

func shopifyOrders(g *generator) {
	s := g.sheet()
	d := g.file(Data, "orders_export_1.csv", "USD")
	for _, o := range shopifySales(g) {
		status := shopifyStatus(o)
		email, phone := shopifyWho(o)
		for i, it := range o.items {
			row := cells{"Name": fmt.Sprintf("#%d", 1001+o.n), "Email": email, "Created at": zoned(o.at), "Vendor": "Mingshan",
				"Lineitem quantity": fmt.Sprint(it.quantity), "Lineitem name": it.name, "Lineitem price": it.price.String(), "Lineitem sku": it.sku,
				"Lineitem requires shipping": "true", "Lineitem taxable": "true", "Lineitem fulfillment status": "fulfilled", "Lineitem discount": "0.00"}
			if it.price > 9000 {
				row["Lineitem compare at price"] = (it.price + 1000).String()
			}
			if i == 0 {
				shopifyFirst(row, o, status, phone)
			}
			s.add(row)
			d.Lines++
		}
		d.known(keysOf(email, phone)...)
		d.count(o, o.goods(), status)
	}
	d.fill(s, dialect{})
}

// shopifyFirst adds what stands on the first row of an order only.
func shopifyFirst(row cells, o *order, status, phone string) {
	p := o.who
	row["Financial Status"] = status
	row["Fulfillment Status"] = "fulfilled"
	row["Accepts Marketing"] = []string{"yes", "no"}[p.n%2]
	row["Currency"] = "USD"
	row["Subtotal"], row["Shipping"], row["Taxes"], row["Total"] = o.goods().String(), o.shipping.String(), o.tax.String(), o.total().String()
	row["Discount Amount"] = o.discount.String()
	if o.discount > 0 {
		row["Discount Code"] = "WELCOME10"
	}
	row["Shipping Method"] = "Standard"
	row["Refunded Amount"], row["Outstanding Balance"] = o.back.String(), "0.00"
	if o.outcome != unpaid {
		row["Paid at"] = zoned(o.at.Add(time.Minute))
		row["Fulfilled at"] = zoned(o.at.Add(26 * time.Hour))
	} else {
		row["Fulfillment Status"], row["Outstanding Balance"] = "unfulfilled", o.total().String()
	}
	if status == "partially_paid" {
		row["Outstanding Balance"] = (o.total() / 2).String()
	}
	if o.outcome == cancelledDay || o.outcome == refunded && o.n%24 == 7 {
		row["Cancelled at"] = zoned(o.at.Add(20 * time.Hour))
	}
	for _, side := range []string{"Billing ", "Shipping "} {
		row[side+"Name"], row[side+"Street"], row[side+"Address1"] = p.name(), p.street, p.street
		row[side+"City"], row[side+"Zip"], row[side+"Province"] = p.city, "'"+p.postcode, p.code
		row[side+"Country"], row[side+"Province Name"] = p.cc, p.region
	}
	row["Billing Phone"], row["Shipping Phone"], row["Phone"] = phone, phone, phone
	row["Payment Method"] = "Shopify Payments"
	row["Payment Reference"] = fmt.Sprintf("c%d.1", 25_000_000+o.n)
	row["Payment References"], row["Payment ID"] = row["Payment Reference"], row["Payment Reference"]
	row["Id"] = digits("57", 13, 10_000_019*o.n)
	row["Tags"], row["Risk Level"] = []string{"", "gift, vip"}[o.n%2], "Low"
	row["Source"] = []string{"web", "pos", "iphone", "shopify_draft_order"}[o.n%4]
	row["Tax 1 Name"], row["Tax 1 Value"] = "State Tax 8%", o.tax.String()
	if o.n%10 == 4 {
		row["Notes"] = "Please ring \"twice\",\nthen leave it at the door."
		row["Note Attributes"] = "gift: yes\ncard: Happy birthday, Mum"
	}
	if row["Source"] == "pos" {
		row["Location"], row["Employee"] = "Market Street Shop", "Kim Lee"
	}
}

// shopifyCustomers has everybody who bought and some who did not. In another shop
// somebody at the counter left no address at all: nobody to load.
func shopifyCustomers(g *generator) {
	d := g.file(Data, "customers_export.csv", "")
	d.fill(shopifyPeople(g, d), dialect{})
	counter := g.file(Variants, "customers_export_pos.csv", "")
	counter.Variant, counter.Rejected, counter.Why = "somebody without any address", 1, "no customer id, e-mail address or telephone number"
	s := shopifyPeople(g, counter)
	s.add(cells{"First Name": "Walk-in", "Last Name": "Customer", "Accepts Email Marketing": "no", "Accepts SMS Marketing": "no",
		"Total Spent": "12.00", "Total Orders": "1", "Tax Exempt": "no"})
	counter.fill(s, dialect{})
}

func shopifyPeople(g *generator, d *document) *sheet {
	s := g.sheet()
	spent, bought := map[int]Cents{}, map[int]int{}
	for _, o := range shopifySales(g) {
		if o.outcome.counted() && o.n%24 != 23 {
			spent[o.who.n] += o.total() - o.back
			bought[o.who.n]++
		}
	}
	for n := range abroadPeople + 12 {
		p := &g.people[n]
		email, phone := p.email, p.phone
		switch n % 9 {
		case 4:
			phone = ""
		case 7:
			email = ""
		}
		row := cells{"First Name": p.first, "Last Name": p.last, "Email": email, "Accepts Email Marketing": []string{"yes", "no"}[n%2],
			"Accepts SMS Marketing": []string{"no", "yes", "no"}[n%3], "Address1": p.street, "City": p.city, "Province": p.region, "Province Code": p.code,
			"Country": p.country, "Country Code": p.cc, "Zip": "'" + p.postcode, "Total Spent": spent[n].String(), "Total Orders": fmt.Sprint(bought[n]),
			"Tax Exempt": "no"}
		if phone != "" {
			row["Phone"] = "'" + phone
		}
		if n%8 == 2 {
			row["Tags"], row["Note"] = "vip, newsletter", "Prefers calls after 6 pm;\n\"no substitutes\""
		}
		s.add(row)
		d.known(keysOf(email, phone)...)
	}
	return s
}
