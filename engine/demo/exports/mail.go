package exports

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// campaign is one mailing, of Klaviyo and of SendGrid.
type campaign struct {
	id, number, name string
	at               time.Time
}

func campaigns() []campaign {
	var all []campaign
	for i, name := range []string{"New Year Tea", "Spring Harvest, first pick", "Mid-summer \"Cold Brew\"", "Mid-autumn Mooncakes", "双十一大促", "Win back"} {
		all = append(all, campaign{fmt.Sprintf("01HMK%03dQ7ZV", i), fmt.Sprint(4_410_000 + i*17), name, firstDay.AddDate(0, i*2+1, 9).Add(9 * time.Hour)})
	}
	return all
}

// klaviyoCampaigns has totals only: nobody is named.
func klaviyoCampaigns(g *generator) {
	s := g.sheet()
	d := g.file(Data, "klaviyo_campaigns.csv", "")
	for i, c := range campaigns() {
		for k, channel := range []string{"email", "sms"} {
			sent := 4000 + g.IntN(2000)
			arrived := sent - g.IntN(80) - 1
			opens, clicks, bought := arrived*(20+g.IntN(20))/100, arrived*(2+g.IntN(4))/100, arrived/(90+g.IntN(40))
			share := func(n int) string { return fmt.Sprintf("%.2f%%", float64(n)/float64(arrived)*100) }
			s.add(cells{"Campaign Name": c.name, "Tags": "seasonal, tea", "Subject": "Fresh, and \"in stock\"", "List": "Newsletter", "Send Time": c.at.AddDate(0, 0, k).Format(dateTime),
				"Send Weekday": c.at.AddDate(0, 0, k).Weekday().String(), "Total Recipients": fmt.Sprint(sent), "Unique Placed Order": fmt.Sprint(bought), "Placed Order Rate": share(bought),
				"Revenue": (Cents(bought) * 4_555).String(), "Unique Opens": fmt.Sprint(opens), "Open Rate": share(opens), "Total Opens": fmt.Sprint(opens + opens/3), "Unique Clicks": fmt.Sprint(clicks),
				"Click Rate": share(clicks), "Total Clicks": fmt.Sprint(clicks + clicks/2), "Unsubscribes": fmt.Sprint(i + k), "Spam Complaints": fmt.Sprint(i % 3), "Spam Complaints Rate": "0.02%",
				"Successful Deliveries": fmt.Sprint(arrived), "Bounces": fmt.Sprint(sent - arrived), "Bounce Rate": "0.90%", "Campaign ID": fmt.Sprintf("%s%d", c.id, k), "Campaign Channel": channel})
		}
	}
	d.fill(s, dialect{})
}

// mailchimpAudience is three files, as Mailchimp packs them: the state of consent
// is in the name of the file and in no column.
func mailchimpAudience(g *generator) {
	for _, f := range []struct {
		name, tail string
		from, to   int
		more       []string
	}{
		{"subscribed_email_audience_export_5d1b2c77aa.csv", "", 0, 40, nil},
		{"unsubscribed_email_audience_export_5d1b2c77aa.csv", "UNSUB", 40, 62, []string{"UNSUB_TIME", "UNSUB_CAMPAIGN_TITLE", "UNSUB_CAMPAIGN_ID", "UNSUB_REASON", "UNSUB_REASON_OTHER"}},
		{"cleaned_email_audience_export_5d1b2c77aa.csv", "CLEAN", 62, 70, []string{"CLEAN_TIME", "CLEAN_CAMPAIGN_TITLE", "CLEAN_CAMPAIGN_ID"}},
	} {
		columns, _ := headers(g.platform.name)
		// Merge fields stand between Last Name and MEMBER_RATING; what a state
		// adds stands before LEID.
		header := append([]string{}, columns[:3]...)
		header = append(header, "Address", "Phone Number", "Birthday")
		for _, c := range columns[3:] {
			if c == "LEID" {
				header = append(header, f.more...)
			}
			header = append(header, c)
		}
		s := newSheet(header)
		d := g.file(Data, f.name, "")
		for n := f.from; n < f.to; n++ {
			p := &g.people[n]
			joined := firstDay.AddDate(0, 0, n*4).Add(8 * time.Hour)
			row := cells{"Email Address": p.email, "First Name": p.first, "Last Name": p.last, "Address": p.street + "  " + p.city, "Birthday": p.birthday[5:7] + "/" + p.birthday[8:],
				"MEMBER_RATING": fmt.Sprint(1 + n%5), "OPTIN_TIME": joined.Format(dateTime), "OPTIN_IP": "192.0.2.7", "CONFIRM_TIME": joined.Add(time.Minute).Format(dateTime), "CONFIRM_IP": "192.0.2.7",
				"LATITUDE": "51.5", "LONGITUDE": "-0.12", "GMTOFF": "0", "DSTOFF": "1", "TIMEZONE": "Europe/London", "CC": p.cc, "REGION": p.code,
				"LAST_CHANGED": joined.AddDate(0, 1, 0).Format(dateTime), "LEID": fmt.Sprint(310_000_000 + n), "EUID": fmt.Sprintf("%010x", 0xa1b2c3*(n+1))}
			keys := []string{byEmail(p)}
			if n%2 == 0 {
				row["Phone Number"] = p.phone
				keys = append(keys, byPhone(p))
			}
			if n%6 == 1 {
				row["NOTES"], row["TAGS"] = "Met at the fair;\nlikes \"green\" tea", `"vip","wholesale, tea"`
			}
			if f.tail != "" {
				row[f.tail+"_TIME"] = joined.AddDate(0, 2, 0).Format(dateTime)
				row[f.tail+"_CAMPAIGN_TITLE"] = "Spring Harvest, first pick"
			}
			s.add(row)
			d.known(keys...)
		}
		d.fill(s, dialect{})
	}
}

// mailEvent is one event in the order of SendGrid's fields.
type mailEvent struct {
	Email     string `json:"email"`
	Timestamp int64  `json:"timestamp"`
	SMTP      string `json:"smtp-id"`
	Event     string `json:"event"`
	Category  any    `json:"category"` // a text, or a list of texts
	ID        string `json:"sg_event_id"`
	Message   string `json:"sg_message_id"`
	Agent     string `json:"useragent,omitempty"`
	IP        string `json:"ip,omitempty"`
	URL       string `json:"url,omitempty"`
	Response  string `json:"response,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Status    string `json:"status,omitempty"`
	Attempt   string `json:"attempt,omitempty"`
	Group     int    `json:"asm_group_id,omitempty"`
	Machine   *bool  `json:"sg_machine_open,omitempty"`
	Campaign  int    `json:"marketing_campaign_id,omitempty"`
	Name      string `json:"marketing_campaign_name,omitempty"`
	TLS       *int   `json:"tls,omitempty"`
	Type      string `json:"type,omitempty"`
}

// sendgridEvents are the events of six mailings, as lines of JSON and, the same
// ones, as one list. Each event of a person at a message stands once, but for a
// few that were sent twice.
func sendgridEvents(g *generator) {
	d := g.file(Data, "sendgrid_events.jsonl", "")
	d.Format, d.Delimiter = "jsonl", ""
	list := g.file(Variants, "sendgrid_events.json", "")
	list.Variant, list.Format, list.Delimiter = "one list", "json", ""
	var lines []string
	for i, c := range campaigns() {
		for k := range 20 {
			p := &g.people[(i*13+k*3)%70]
			for _, e := range eventsOf(p, c, i, k) {
				text, err := json.Marshal(e)
				if err != nil {
					panic("exports: " + err.Error()) // texts and numbers only
				}
				lines = append(lines, string(text))
				d.Statuses[e.Event]++
				d.known(byEmail(p))
			}
		}
	}
	for _, n := range []int{5, 50, 150} {
		lines = append(lines, lines[n])
	}
	d.Rows, d.Duplicates = len(lines), 3
	d.bytes = []byte(strings.Join(lines, "\n") + "\n")
	list.bytes = []byte("[" + strings.Join(lines, ",\n") + "]\n")
	list.Rows, list.Duplicates, list.Statuses, list.keys = d.Rows, d.Duplicates, d.Statuses, d.keys
}

// eventsOf is what became of one message: most arrive, some of those are opened
// and clicked, a few come back or make people leave.
func eventsOf(p *person, c campaign, i, k int) []mailEvent {
	at := c.at.Add(time.Duration(k*37) * time.Second)
	message := fmt.Sprintf("14c5d75ce93.dfd.%d%03d.filter0001.16648.5515E0B88.0", i, k)
	var all []mailEvent
	add := func(after time.Duration, event string, more func(*mailEvent)) {
		at = at.Add(after)
		e := mailEvent{Email: p.email, Timestamp: at.Unix(), SMTP: "<14c5d75ce93.dfd." + fmt.Sprint(i*100+k) + "@ismtpd-555>", Event: event, Category: "newsletter",
			ID: fmt.Sprintf("ZGVs%d%03d%02dXVpa", i, k, len(all)), Message: message, Name: c.name}
		fmt.Sscan(c.number, &e.Campaign)
		if k%2 == 1 {
			e.Category = []string{"newsletter", "season " + fmt.Sprint(i)}
		}
		if more != nil {
			more(&e)
		}
		all = append(all, e)
	}
	yes, no, one := true, false, 1
	agent := func(e *mailEvent) { e.Agent, e.IP = "Mozilla/5.0 (Macintosh)", "198.51.100.23" }
	add(0, "processed", nil)
	switch k {
	case 3:
		add(time.Second, "dropped", func(e *mailEvent) { e.Reason, e.Status = "Bounced Address", "5.0.0" })
		return all
	case 6:
		add(2*time.Second, "bounce", func(e *mailEvent) {
			e.Reason, e.Status, e.Type, e.TLS = "550 5.1.1 \"no such user\"", "5.1.1", "bounce", &one
		})
		return all
	case 9:
		add(2*time.Second, "deferred", func(e *mailEvent) { e.Response, e.Attempt = "400 try again later", "3" })
	}
	add(5*time.Second, "delivered", func(e *mailEvent) { e.Response, e.TLS = "250 OK", &one })
	if k%2 == 0 {
		add(3*time.Second, "open", func(e *mailEvent) { agent(e); e.Machine = &yes })
	}
	if k%3 == 0 {
		add(3*time.Hour, "open", func(e *mailEvent) { agent(e); e.Machine = &no })
	}
	if k%6 == 0 {
		add(time.Minute, "click", func(e *mailEvent) { agent(e); e.URL = "https://shop.example/tea?utm_source=mail&n=1" })
	}
	switch k {
	case 12:
		add(time.Hour, "unsubscribe", agent)
	case 14:
		add(time.Hour, "group_unsubscribe", func(e *mailEvent) { agent(e); e.Group = 10 })
	case 15:
		add(time.Hour, "group_resubscribe", func(e *mailEvent) { agent(e); e.Group = 10 })
	case 18:
		add(time.Hour, "spamreport", nil)
	}
	return all
}
