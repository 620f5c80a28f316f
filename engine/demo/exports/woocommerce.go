package exports

import (
	"fmt"
	"strings"
	"time"
)

// wooOrders: goods after discounts are order_subtotal - discount_total, which is
// order_total - shipping_total - tax_total. Shipping bears no tax here. What went
// back stands in refund_items.
func wooOrders(g *generator) {
	const orders = 110
	s := g.sheet("line_item_2", "line_item_3")
	d := g.file(Data, "order_export_2025-06-01-10-15-32.csv", "EUR")
	for n := range orders {
		o := g.order(n, orders, &g.people[(n*7+3)%40], pattern(n, completed, completed, paid, unpaid, completed, partlyBack, completed, refunded, cancelled, completed, unpaid, paid, unpaid))
		if n%3 == 1 {
			o.discount = part(o.subtotal()) / 2
		}
		if n%4 != 0 {
			o.shipping = 490
		}
		o.tax = o.goods() * 19 / 100
		status := wooStatus(o)
		// A third of the orders are of guests. Some of them have an account as
		// well: the address, in another spelling, says so.
		id, email := fmt.Sprint(200+o.who.n), o.who.email
		keys := []string{"woocommerce:" + id, "email:" + email}
		if n%3 == 2 {
			id, keys = "0", keys[1:]
			email = strings.ToUpper(email[:1]) + email[1:]
		}
		row := wooRow(o, status, id, email)
		switch o.outcome {
		case refunded:
			o.back = o.total()
		case partlyBack:
			o.back = part(o.goods())
		}
		if o.back > 0 {
			row["refund_items"] = fmt.Sprintf("amount:%s|reason:%s|date:%s", o.back, "Changed my mind, sorry", o.at.Add(75*time.Hour).Format(dateTime))
		}
		s.add(row)
		d.Lines += len(o.items)
		d.known(append(keys, "phone:"+o.who.phone)...)
		d.count(o, o.goods(), status)
	}
	s.repeat(4)
	s.repeat(17)
	d.Duplicates = 2
	d.fill(s, dialect{})
}

func wooStatus(o *order) string {
	switch o.outcome {
	case paid:
		return "processing"
	case unpaid:
		return []string{"pending", "on-hold", "failed", "checkout-draft"}[o.n%4]
	case cancelled:
		return "cancelled"
	case refunded:
		return "refunded"
	}
	return "completed"
}

func wooRow(o *order, status, id, email string) cells {
	p := o.who
	row := cells{"order_id": fmt.Sprint(3100 + o.n), "order_number": fmt.Sprint(3100 + o.n), "order_date": o.at.Format(dateTime), "status": status,
		"shipping_total": o.shipping.String(), "shipping_tax_total": "0.00", "fee_total": "0.00", "fee_tax_total": "0.00", "tax_total": o.tax.String(),
		"cart_discount": o.discount.String(), "order_discount": "0.00", "discount_total": o.discount.String(), "order_total": o.total().String(), "order_subtotal": o.subtotal().String(),
		"order_currency": "EUR", "payment_method": "paypal", "payment_method_title": "PayPal", "transaction_id": fmt.Sprintf("8AB%07d", o.n*977),
		"customer_ip_address": "192.0.2.14", "customer_user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "shipping_method": "Flat rate",
		"customer_id": id, "customer_user": id, "customer_email": email,
		"billing_first_name": p.first, "billing_last_name": p.last, "billing_email": email, "billing_phone": p.phone, "billing_address_1": p.street,
		"billing_postcode": p.postcode, "billing_city": p.city, "billing_state": p.code, "billing_country": p.cc,
		"shipping_first_name": p.first, "shipping_last_name": p.last, "shipping_address_1": p.street, "shipping_postcode": p.postcode,
		"shipping_city": p.city, "shipping_state": p.code, "shipping_country": p.cc, "wt_import_key": fmt.Sprint(3100 + o.n),
		"shipping_items": "items:|method_id:flat_rate|taxes:a:0:{}", "tax_items": "rate_id:1|code:VAT|total:" + o.tax.String(), "download_permissions": "1"}
	if o.outcome.counted() {
		row["paid_date"] = o.at.Add(2 * time.Minute).Format(dateTime)
	}
	if o.discount > 0 {
		row["coupon_items"] = "code:spring|amount:" + o.discount.String()
	}
	if o.n%9 == 2 {
		row["customer_note"] = "Second floor,\n\"Tea & Co.\" on the bell"
		row["order_notes"] = "content:Payment received|date:" + o.at.Format(dateTime) + "|customer:0||content:Called, no answer|date:" + o.at.Format(dateTime) + "|customer:0"
	}
	for i, it := range o.items {
		row[fmt.Sprintf("line_item_%d", i+1)] = fmt.Sprintf("name:%s|product_id:%d|sku:%s|quantity:%d|total:%s|sub_total:%s", it.name, 40+i, it.sku, it.quantity, it.net(), it.gross())
	}
	return row
}
