package ingest

// klaviyoCampaigns are totals of campaigns. Nothing in them is about a person, and
// rates follow from the totals.
func klaviyoCampaigns() *Source {
	return &Source{
		Name: "klaviyo_campaigns", Title: "Klaviyo campaigns export", TitleZH: "Klaviyo 营销活动导出", Kind: "campaigns",
		Signature: []string{"Campaign Name", "Total Recipients", "Unique Opens", "Successful Deliveries"},
		Map: map[string]string{
			"campaign_id": "Campaign ID|Campaign Name", "name": "Campaign Name", "channel": "Campaign Channel", "started_on": "Send Time",
			"recipients": "Total Recipients", "delivered": "Successful Deliveries", "opened": "Unique Opens|Total Opens",
			"clicked": "Unique Clicks|Total Clicks", "converted": "Unique Placed Order|Total Placed Order", "unsubscribed": "Unsubscribes",
			"bounced": "Bounces", "complained": "Spam Complaints", "revenue": "Revenue", "ended_on": "-", "objective": "-",
		},
		Notes: []string{"campaign totals: they name no person, so no lift follows from them"},
	}
}
