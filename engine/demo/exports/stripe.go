package exports

import "fmt"

// stripePayments: a payment has no goods and shipping apart; its net is
// Converted Amount, as long as no Tax is told of. A payment that failed or was
// never captured counts for nothing. A lost dispute gives the amount back on its
// day.
func stripePayments(g *generator) {
	d := g.file(Data, "unified_payments.csv", "USD")
	d.fill(stripeSheet(g, d, "usd", 0, func(c Cents) string { return c.String() }), dialect{})
	eu := g.file(Variants, "unified_payments_eu.csv", "EUR")
	eu.Variant = "decimal comma"
	eu.fill(stripeSheet(g, eu, "eur", 500, decimalComma), dialect{})
}

// decimalComma writes 1.234,50.
func decimalComma(c Cents) string {
	text := fmt.Sprintf("%02d,%02d", c/100%1000, c%100)
	if c >= 100_000 {
		return fmt.Sprintf("%d.%03d,%02d", c/100_000, c/100%1000, c%100)
	}
	if c < 1000 {
		return fmt.Sprintf("%d,%02d", c/100, c%100)
	}
	return text
}

func stripeSheet(g *generator, d *document, currency string, from int, money func(Cents) string) *sheet {
	const orders = 80
	s := g.sheet("order_id (metadata)", "channel (metadata)")
	for n := range orders {
		o := g.order(n, orders, &g.people[(n*5+from)%36], pattern(n, paid, paid, unpaid, paid, partlyBack, paid, refunded, paid, unpaid, paid))
		if n%16 == 3 { // large enough for a sign of thousands
			o.items = append(o.items, item{product: &products[2], quantity: 6})
		}
		amount, status, captured := o.goods(), "Paid", "true"
		dispute, reason, disputed, on, due := "", "", Cents(0), "", ""
		switch o.outcome {
		case unpaid:
			status, captured = "Failed", "false"
			if n%20 == 2 {
				status = "Uncaptured"
			}
		case partlyBack:
			o.back = part(amount)
		case refunded:
			status, o.back = "Refunded", amount
		case paid:
			if n%10 == 7 {
				dispute, reason, disputed = []string{"lost", "won", "needs_response"}[n/10%3], "fraudulent", amount
				on, due = o.at.AddDate(0, 0, 12).Format(minute), o.at.AddDate(0, 0, 21).Format(minute)
			}
		}
		// A fifth was paid in another currency: only the converted amounts add up.
		told, in := amount, currency
		if n%5 == 1 {
			told, in = amount*90/100, "gbp"
		}
		row := cells{"id": fmt.Sprintf("ch_3N%07dLkdIwHu7ix", from*100_000+n*7919), "Description": "Payment for order", "Seller Message": "Payment complete.",
			"Created (UTC)": o.at.Format(minute), "Amount": money(told), "Amount Refunded": money(told * o.back / max(amount, 1)), "Currency": in,
			"Converted Amount": money(amount), "Converted Amount Refunded": money(o.back), "Fee": money(amount*29/1000 + 30), "Tax": money(0),
			"Converted Currency": currency, "Mode": "Live", "Status": status, "Statement Descriptor": "MINGSHAN", "Captured": captured,
			"Card ID": fmt.Sprintf("card_%08d", n), "Card Last4": "4242", "Card Brand": "Visa", "Card Funding": "credit", "Card Exp Month": "8", "Card Exp Year": "2027",
			"Card Name": o.who.name(), "Card Address Country": o.who.cc, "Card Address Zip": o.who.postcode, "Card Issue Country": o.who.cc, "Card CVC Status": "pass",
			"Disputed Amount": money(disputed), "Dispute Status": dispute, "Dispute Reason": reason, "Dispute Date (UTC)": on, "Dispute Evidence Due (UTC)": due,
			"Payment Source Type": "card", "PaymentIntent ID": fmt.Sprintf("pi_3N%07dLkdIwHu7ix", from*100_000+n*7919),
			"order_id (metadata)": fmt.Sprintf("W-%d", from+n), "channel (metadata)": "web, app"}
		var keys []string
		if n%11 != 10 { // a payment in the shop names nobody
			row["Customer Email"] = o.who.email
			keys = append(keys, byEmail(o.who))
			if n%2 == 0 {
				row["Customer ID"], row["Customer Description"] = fmt.Sprintf("cus_N%06d", 1000+o.who.n), o.who.name()
				keys = append(keys, "stripe:"+row["Customer ID"])
			}
		}
		s.add(row)
		d.known(keys...)
		if dispute == "lost" {
			o.back = disputed
		}
		d.count(o, amount, status)
	}
	return s
}
