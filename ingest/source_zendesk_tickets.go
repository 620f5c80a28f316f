package ingest

import "time"

// zendeskTickets are tickets, whoever wrote them known by the shop's own id where the
// help desk has it, else by e-mail. Columns of the shop's own end in [list], [txt],
// [int] or [flag], and no canonical column is named like that.
func zendeskTickets() *Source {
	const kind, reply, customer = "(Ticket type, else ticket)", "(Created at and First reply time)", "(Requester external id)"
	return &Source{
		Name: "zendesk_tickets", Title: "Zendesk tickets export", TitleZH: "Zendesk 工单导出", Kind: "interactions",
		Signature: []string{"Summation column", "Requester id", "Satisfaction Score", "Replies"},
		Adds:      []string{kind, reply, customer},
		From: map[string]string{
			kind: "Ticket type", reply: "Created at|First reply time in minutes", customer: "Requester external id|Requester id",
		},
		Map: map[string]string{
			"interaction_id": "Id", "customer_id": customer, "member_id": "-", "email": "Requester email", "phone": "Requester phone",
			"occurred_at": "Created at", "updated_at": "Updated at", "first_response_at": reply, "resolved_at": "Solved at",
			"kind": kind, "channel": "Via", "agent": "Assignee", "topic": "Subject", "contacts": "Replies",
			"satisfaction": "Satisfaction Score", "direction": "-", "nps": "-", "cost": "-", "body": "-", "currency": "-",
		},
		Dates: "dmy",
		Mend: func(h *Header) func(*Cells) {
			z := zendeskColumns{
				kind: h.Column("Ticket type"), created: h.Column("Created at"), minutes: h.Column("First reply time in minutes"),
				customer: h.Column("Requester external id"), order: h.order(),
				toKind: h.Column(kind), toReply: h.Column(reply), toCustomer: h.Column(customer),
			}
			if z.customer < 0 && h.Column("Requester email") < 0 {
				z.customer = h.Column("Requester id")
				h.Note("neither Requester external id nor Requester email is there: customers are known by Requester id, which only the help desk knows")
			}
			return z.mend
		},
	}
}

type zendeskColumns struct {
	kind, created, minutes, customer, toKind, toReply, toCustomer int
	order                                                         dateOrder
}

func (z zendeskColumns) mend(c *Cells) {
	for r := range c.Rows() {
		if v := c.Get(r, z.kind); absentWord(v) {
			c.SetString(r, z.toKind, "ticket")
		} else {
			c.Copy(r, z.toKind, z.kind)
		}
		c.Copy(r, z.toCustomer, z.customer)
		c.SetString(r, z.toReply, later(c.Get(r, z.created), c.Get(r, z.minutes), z.order))
	}
}

// later is the moment some minutes after another one, written so that every order of
// dates reads it the same, and with a zone where that one has it; "" when one of the
// two is not there or not readable.
func later(created, minutes []byte, order dateOrder) string {
	var m moment
	units, reason := parseMoney(minutes, stylePoint)
	if reason != "" || units < 0 || units > 1e13 || parseMoment(created, order, &m) != "" {
		return ""
	}
	const layout = "2006-01-02 15:04:05"
	t := time.Unix(int64(m.day)*daySecs, 0).UTC().Add(time.Duration(m.micros) * time.Microsecond)
	if m.zoned {
		t = t.Add(-time.Duration(m.offset) * time.Second)
	}
	t = t.Add(time.Duration(units*60/10_000) * time.Second)
	if m.zoned {
		return t.Format(layout) + "Z"
	}
	return t.Format(layout)
}
