package exports

import (
	"fmt"
	"time"
)

// amazonOrders: item-price is what the line costs, not the piece; the goods are
// item-price - item-promotion-discount over the lines. Nobody is named. What came
// back to the seller is a refund of an amount that is not told: it does not count.
func amazonOrders(g *generator) {
	d := g.file(Data, "28105019871.txt", "USD")
	d.fill(amazonSheet(g, d, g.optional()), dialect{delimiter: "\t", raw: true})
	short := g.file(Variants, "28105019872.txt", "USD")
	short.Variant = "29 columns"
	short.fill(amazonSheet(g, short, nil), dialect{delimiter: "\t", raw: true})
}

func amazonSheet(g *generator, d *document, more []string) *sheet {
	const orders = 75
	s := g.sheet(more...)
	for n := range orders {
		o := g.order(n, orders, nil, pattern(n, shipped, shipped, completed, shipped, unpaid, paid, cancelled, shipped, completed, cameBack))
		status := map[outcome]string{shipped: "Shipped", completed: "Shipped - Delivered to Buyer", unpaid: "Pending", paid: "Unshipped", cancelled: "Cancelled",
			cameBack: "Shipped - Returned to Seller"}[o.outcome]
		id := fmt.Sprintf("%03d-%07d-%07d", 100+n, 4_000_000+n*7, 1_000_000+g.IntN(8_999_999))
		for i := range o.items {
			it := &o.items[i]
			if n%6 == 2 {
				it.discount = part(it.gross()) / 2
			}
			row := cells{"amazon-order-id": id, "merchant-order-id": id, "purchase-date": o.at.Format("2006-01-02T15:04:05") + "+00:00",
				"last-updated-date": o.at.AddDate(0, 0, 3).Format("2006-01-02T15:04:05") + "+00:00", "order-status": status, "fulfillment-channel": "Merchant",
				"sales-channel": "Amazon.com", "ship-service-level": "Standard", "product-name": it.name, "sku": it.sku, "asin": "B0" + it.id[4:], "item-status": status,
				"quantity": fmt.Sprint(it.quantity), "currency": "USD", "item-price": it.gross().String(), "item-tax": (it.gross() * 8 / 100).String(),
				"shipping-price": "4.99", "shipping-tax": "0.40", "ship-city": "SEATTLE", "ship-state": "WA", "ship-postal-code": "98101-1234", "ship-country": "US"}
			switch {
			case o.outcome == cancelled: // neither amounts nor pieces are left
				row["quantity"] = "0"
				for _, c := range []string{"currency", "item-price", "item-tax", "shipping-price", "shipping-tax"} {
					row[c] = ""
				}
			case o.outcome == unpaid: // prices come with the payment
				for _, c := range []string{"currency", "item-price", "item-tax", "shipping-price", "shipping-tax"} {
					row[c] = ""
				}
			case it.discount > 0:
				row["item-promotion-discount"], row["promotion-ids"] = it.discount.String(), "PAWS-V2-Save 5%,Amazon PLCC Free-Financing"
			}
			for _, c := range more {
				row[c] = ""
				if c == "is-business-order" {
					row[c] = "false"
				}
			}
			s.add(row)
			d.Lines++
		}
		d.known()
		d.count(o, o.goods(), status)
	}
	return s
}

// amazonShipped: buyers are known by an address that Amazon makes for each buyer
// and seller. item-price is the line's; discounts are below zero. An order may
// leave in two parcels.
func amazonShipped(g *generator) {
	const orders = 70
	s := g.sheet()
	d := g.file(Data, "FBA_shipments_28105019880.txt", "USD")
	for n := range orders {
		o := g.order(n, orders, &g.people[(n*13+1)%30], shipped)
		p := o.who
		relay := fmt.Sprintf("r%07dx%03d@marketplace.amazon.example", 7919*(p.n+1), p.n*31)
		id := fmt.Sprintf("%03d-%07d-%07d", 200+n, 5_000_000+n*7, 1_000_000+g.IntN(8_999_999))
		for i := range o.items {
			it := &o.items[i]
			if n%6 == 4 {
				it.discount = part(it.gross()) / 2
			}
			at := func(d time.Duration) string { return o.at.Add(d).Format("2006-01-02T15:04:05") + "+00:00" }
			s.add(cells{"amazon-order-id": id, "shipment-id": fmt.Sprintf("D%07d", n*3+i/2), "shipment-item-id": fmt.Sprintf("D%09d", n*31+i),
				"amazon-order-item-id": fmt.Sprintf("%014d", 60_000_000_000+n*31+i), "purchase-date": at(0), "payments-date": at(time.Hour), "shipment-date": at(30 * time.Hour),
				"reporting-date": at(31 * time.Hour), "buyer-email": relay, "buyer-name": p.name(), "sku": it.sku, "product-name": it.name,
				"quantity-shipped": fmt.Sprint(it.quantity), "currency": "USD", "item-price": it.gross().String(), "item-tax": "0.00", "shipping-price": "3.99", "shipping-tax": "0.00",
				"gift-wrap-price": "0.00", "gift-wrap-tax": "0.00", "ship-service-level": "Expedited", "recipient-name": p.name(), "ship-address-1": p.street,
				"ship-city": p.city, "ship-state": p.code, "ship-postal-code": p.postcode, "ship-country": p.cc, "bill-address-1": p.street, "bill-city": p.city,
				"bill-state": p.code, "bill-postal-code": p.postcode, "bill-country": p.cc, "item-promotion-discount": (-it.discount).String(), "ship-promotion-discount": "-3.99",
				"carrier": "UPS", "tracking-number": fmt.Sprintf("1Z%014d", n*7+i), "estimated-arrival-date": at(96 * time.Hour), "fulfillment-center-id": "SEA8",
				"fulfillment-channel": "AFN", "sales-channel": "amazon.com", "points-granted": "0.00"})
			d.Lines++
		}
		d.known("email:" + relay)
		d.count(o, o.goods(), "")
	}
	d.fill(s, dialect{delimiter: "\t", raw: true})
}
