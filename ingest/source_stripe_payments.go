package ingest

import (
	"math/big"
	"strings"
	"time"
)

// stripePayments are payments, each an order. Amounts are those converted to the
// account's currency where there are any. A lost dispute takes money back on the
// day of the dispute.
func stripePayments() *Source {
	const amount, currency, status = "(Converted Amount or Amount)", "(Converted Currency or Currency)", "(Status, if captured)"
	const back, backOn = "(refunded or lost in a dispute)", "(date of a lost dispute)"
	return &Source{
		Name: "stripe_payments", Title: "Stripe payments export", TitleZH: "Stripe 付款导出", Kind: "orders",
		Signature: []string{"Created (UTC)", "Amount Refunded", "Converted Amount", "PaymentIntent ID"},
		Adds:      []string{amount, currency, status, back, backOn},
		From: map[string]string{
			amount: "Converted Amount|Amount", currency: "Converted Currency|Currency", status: "Status|Captured",
			back: "Converted Amount Refunded|Amount Refunded|Dispute Status|Disputed Amount", backOn: "Dispute Date (UTC)|Dispute Status",
		},
		Only: true, // columns named by the shop, "order_id (metadata)", follow
		Map: map[string]string{
			"order_id": "id", "customer_id": "Customer ID", "email": "Customer Email", "name": "Card Name",
			"address": "Card Address Line1", "city": "Card Address City", "region": "Card Address State",
			"country": "Card Address Country", "postcode": "Card Address Zip",
			"ordered_at": "Created (UTC)", "status": status, "net": amount, "currency": currency,
			"refunded": back, "refunded_at": backOn,
		},
		Status: map[string]string{
			"Paid": "paid", "Succeeded": "paid", "Refunded": "refunded", "Partial refund": "paid", "Partially refunded": "paid",
			"Disputed": "paid", "Needs response": "paid", "Under review": "paid", "Dispute won": "paid", "Dispute lost": "paid",
			"Failed": "unpaid", "Blocked": "unpaid", "Pending": "unpaid", "Processing": "unpaid", "Incomplete": "unpaid", "Uncaptured": "unpaid",
			"Requires payment method": "unpaid", "Requires confirmation": "unpaid", "Requires action": "unpaid", "Requires capture": "unpaid",
			"Canceled": "cancelled",
		},
		Zone:  time.UTC,
		Notes: []string{"a payment's amount is Converted Amount where there is one, else Amount, with tax: payments do not say what goods cost"},
		Mend: func(h *Header) func(*Cells) {
			s := stripeColumns{
				own:       stripeMoney{h.Column("Amount"), h.Column("Amount Refunded"), h.Column("Currency")},
				converted: stripeMoney{h.Column("Converted Amount"), h.Column("Converted Amount Refunded"), h.Column("Converted Currency")},
				state:     h.Column("Status"), captured: h.Column("Captured"),
				disputed: h.Column("Disputed Amount"), dispute: h.Column("Dispute Status"), disputedOn: h.Column("Dispute Date (UTC)"),
			}
			s.amount, s.currency, s.status = h.Column(amount), h.Column(currency), h.Column(status)
			s.back, s.backOn = h.Column(back), h.Column(backOn)
			return s.mend
		},
	}
}

type stripeMoney struct{ amount, refunded, currency int }

type stripeColumns struct {
	own, converted                                 stripeMoney
	state, captured, disputed, dispute, disputedOn int
	amount, currency, status, back, backOn         int
}

func (s stripeColumns) mend(c *Cells) {
	for r := range c.Rows() {
		money := s.own
		if len(c.Get(r, s.converted.amount)) > 0 {
			money = s.converted
		}
		c.SetDifference(r, s.amount, money.amount)
		c.SetDifference(r, s.back, money.refunded)
		c.Copy(r, s.currency, money.currency)
		c.Copy(r, s.status, s.state)
		if fold(string(c.Get(r, s.captured))) == "false" {
			c.SetString(r, s.status, "uncaptured")
		}
		if strings.HasSuffix(fold(string(c.Get(r, s.dispute))), "lost") {
			s.lose(c, r)
		}
	}
}

// lose adds what a dispute took to what was refunded, up to the whole payment. The
// amount in dispute is in the currency of the payment, so of a converted one the
// same part is taken.
func (s stripeColumns) lose(c *Cells, r int) {
	all, _, ok := c.Money(r, s.amount)
	back, _, ok2 := c.Money(r, s.back)
	if !ok || !ok2 {
		return
	}
	lost := all
	disputed, told, ok := c.Money(r, s.disputed)
	paid, _, ok2 := c.Money(r, s.own.amount)
	if told && ok && ok2 && all > 0 && disputed >= 0 && disputed < paid {
		lost = share(all, disputed, paid)
	}
	c.SetMoney(r, s.back, min(back+lost, all))
	c.Copy(r, s.backOn, s.disputedOn)
}

// share is all * part / whole for positive numbers, rounded half up to a hundredth.
func share(all, part, whole int64) int64 {
	const cent = 100 // units of 1/10,000
	twice := new(big.Int).Mul(big.NewInt(2*all), big.NewInt(part))
	divisor := new(big.Int).Mul(big.NewInt(2*cent), big.NewInt(whole))
	half := new(big.Int).Mul(big.NewInt(cent), big.NewInt(whole))
	return new(big.Int).Div(twice.Add(twice, half), divisor).Int64() * cent
}
