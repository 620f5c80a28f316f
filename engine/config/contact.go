package config

import (
	"fmt"
	"strings"
	"time"
)

// checkOwn leaves the language of rules to whoever evaluates them, who knows the columns.
func checkOwn(segments []Own) *Error {
	seen := map[string]bool{}
	for i, s := range segments {
		key := fmt.Sprintf("segments[%d]", i)
		if e := checkTitle(key, s.Name, seen); e != nil {
			return e
		}
		if strings.TrimSpace(s.Rule) == "" {
			return &Error{Key: key, Reason: "rule is missing"}
		}
		if strings.ContainsAny(s.About, "\n\r") {
			return bad(key+".about", s.About, "more than one line")
		}
	}
	return nil
}

// mostClusters is more than anybody can tell apart.
const mostClusters = 50

func (c Clusters) check() *Error {
	if e := checkWord("clusters.method", c.Method, ClusterMethods()...); e != nil {
		return e
	}
	if c.K != 0 && (c.K < 2 || c.K > mostClusters) {
		return bad("clusters.k", fmt.Sprint(c.K), fmt.Sprintf("not between 2 and %d, and not 0, which has it chosen", mostClusters))
	}
	if e := checkGiven("clusters.columns", c.Columns); e != nil {
		return e
	}
	if e := checkRange("clusters.min_share", c.MinShare, 0, 0.5); e != nil {
		return e
	}
	if c.Match == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, c.Match); err != nil {
		return bad("clusters.match", c.Match, "not the date of a run, such as 2024-12-31")
	}
	return nil
}

func (c Contact) check() *Error {
	if e := checkWord("contact.consent", c.Consent, "required", "unless_refused"); e != nil {
		return e
	}
	if e := checkGiven("contact.suppress", c.Suppress); e != nil {
		return e
	}
	if e := checkLeast("contact.complaint_days", c.Complaint, 0); e != nil {
		return e
	}
	for i, limit := range c.Caps {
		if e := limit.check(fmt.Sprintf("contact.caps[%d]", i)); e != nil {
			return e
		}
	}
	if e := checkGiven("contact.exclude", c.Exclude); e != nil {
		return e
	}
	if e := checkRange("contact.universal", c.Universal, 0, 0.5); e != nil {
		return e
	}
	if e := checkRange("contact.control", c.Control, 0, 0.9); e != nil {
		return e
	}
	return checkGiven("contact.stratified", c.Stratified)
}

func (c Cap) check(key string) *Error {
	if e := checkLeast(key+".contacts", c.Contacts, 1); e != nil {
		return e
	}
	if e := checkDays(key+".days", c.Days); e != nil {
		return e
	}
	if c.Channel == "" {
		return nil
	}
	return checkWord(key+".channel", c.Channel, ContactChannels()...)
}

func (c Campaigns) check() *Error {
	if e := checkDays("campaigns.window_days", c.Window); e != nil {
		return e
	}
	return checkWord("campaigns.outcome", c.Outcome, append([]string{"orders"}, OutcomeEvents()...)...)
}
