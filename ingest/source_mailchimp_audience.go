package ingest

import (
	"bytes"
	"strings"
	"time"
)

// mailchimpAudience comes as one file for each state of consent, named by it. The
// columns between the names and MEMBER_RATING are the shop's own: those with a
// name that says what they are are read.
func mailchimpAudience() *Source {
	const consent = "(consent by the name of the file)"
	return &Source{
		Name: "mailchimp_audience", Title: "Mailchimp audience export", TitleZH: "Mailchimp 受众导出", Kind: "customers",
		Signature: []string{"Email Address", "MEMBER_RATING", "LEID", "EUID"},
		Adds:      []string{consent},
		Map: map[string]string{
			"email": "Email Address", "first_name": "First Name", "last_name": "Last Name",
			"acquired_on": "OPTIN_TIME|CONFIRM_TIME", "updated_at": "LAST_CHANGED", "country": "CC", "region": "REGION",
			"tags": "TAGS", "email_consent": consent,
		},
		Zone: time.UTC,
		Mend: func(h *Header) func(*Cells) {
			state := mailchimpState(h.File)
			if state == "" {
				h.Note("the file's name does not begin with subscribed, unsubscribed, nonsubscribed or cleaned: consent is not known")
			} else {
				h.Note("consent by the name of the file: " + state)
			}
			to, birthday := h.Column(consent), h.Column("Birthday", "Birth Date", "Birthdate", "Date of Birth", "生日", "出生日期")
			return func(c *Cells) {
				for r := range c.Rows() {
					c.SetString(r, to, state)
					if v := c.Get(r, birthday); yearless(v) {
						c.Clear(r, birthday)
					}
				}
			}
		},
	}
}

// mailchimpState is the state that a file's name tells of.
func mailchimpState(file string) string {
	name := strings.ReplaceAll(strings.ToLower(file), "-", "")
	for _, state := range [...]string{"unsubscribed", "nonsubscribed", "cleaned", "subscribed"} {
		if strings.Contains(name, state) {
			return state
		}
	}
	return ""
}

// yearless reports a day of a year, 03/14, which is how a birthday is kept there.
func yearless(v []byte) bool {
	if len(v) > 5 {
		return false
	}
	month, day, ok := bytes.Cut(v, []byte("/"))
	return ok && numeric(month) && numeric(day)
}

func numeric(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}
