package ingest

import "encoding/json"

// sendgridEvents are the events of mails to persons, as the event webhook sends
// them. What they belong to is the marketing campaign, else the category.
func sendgridEvents() *Source {
	const campaign = "(campaign or category)"
	return &Source{
		Name: "sendgrid_events", Title: "SendGrid events", TitleZH: "SendGrid 事件", Kind: "responses",
		Signature: []string{"sg_event_id", "sg_message_id", "event", "timestamp"},
		Adds:      []string{campaign},
		From:      map[string]string{campaign: "marketing_campaign_id|singlesend_id|category"},
		Map: map[string]string{
			"response_id": "sg_event_id", "campaign_id": campaign, "email": "email", "occurred_at": "timestamp",
			"event": "event", "machine": "sg_machine_open", "arm": "-", "value": "-", "updated_at": "-",
		},
		Notes: []string{`events of mails that belong to no campaign and no category stand under the campaign "uncategorized"`},
		Mend: func(h *Header) func(*Cells) {
			to, category := h.Column(campaign), h.Column("category")
			ids := []int{h.Column("marketing_campaign_id"), h.Column("singlesend_id")}
			return func(c *Cells) {
				for r := range c.Rows() {
					c.Set(r, to, sendgridCampaign(c, r, ids, category))
				}
			}
		},
	}
}

func sendgridCampaign(c *Cells, r int, ids []int, category int) []byte {
	for _, i := range ids {
		if v := c.Get(r, i); !absentWord(v) {
			return v
		}
	}
	v := c.Get(r, category)
	if len(v) > 0 && v[0] == '[' { // several categories: the first
		var all []string
		if json.Unmarshal(v, &all) == nil {
			v = nil
			if len(all) > 0 {
				v = trim([]byte(all[0]))
			}
		}
	}
	if absentWord(v) {
		return []byte("uncategorized")
	}
	return v
}
