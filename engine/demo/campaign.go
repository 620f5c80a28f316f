package demo

import (
	"fmt"
	"time"
)

// maxCampaigns is how many an order's flags can name.
const maxCampaigns = 8

// campaign is one mailing with a control group and a known effect.
type campaign struct {
	id, zh, en string
	channel    string // email or sms
	objective  string
	coupon     string
	start, end int     // days since the period's first
	effect     float64 // chance that it makes a living customer order once more
	winBack    bool    // only to customers silent for 90 days
	cost       int64   // cents for each message
}

const (
	campaignWindow = 14   // days in which an order is a conversion
	controlShare   = 0.25 // of those chosen
	chosenShare    = 0.70 // of those who may be written to
	youngFactor    = 1.6  // of effect, under 35 years
	otherFactor    = 0.7
	winBackSilence = 90
)

// planned are the yearly occasions: month, day, and what is sent.
var planned = []struct {
	month    time.Month
	day      int
	campaign campaign
}{
	{time.January, 6, campaign{zh: "年货节", en: "New Year gifts", channel: "sms", objective: "revenue", coupon: "NIANHUO20", effect: 0.14, cost: 5}},
	{time.April, 2, campaign{zh: "明前春茶上新", en: "First spring teas", channel: "email", objective: "launch", coupon: "SPRING15", effect: 0.12, cost: 1}},
	{time.July, 20, campaign{zh: "老友回归", en: "We miss you", channel: "sms", objective: "win back", coupon: "BACK30", effect: 0.10, winBack: true, cost: 5}},
	{time.September, 1, campaign{zh: "中秋礼盒预售", en: "Mid-Autumn gift boxes", channel: "email", objective: "revenue", coupon: "MOON10", effect: 0.09, cost: 1}},
	{time.October, 18, campaign{zh: "双十一预热", en: "Double 11 warm-up", channel: "email", objective: "revenue", coupon: "DOUBLE11", effect: 0.02, cost: 1}},
}

// planCampaigns lists those whose window lies in the period, the newest last and
// at most maxCampaigns of them; the first sixty days have too few customers.
func planCampaigns(cal *calendar) []campaign {
	var all []campaign
	for year := dayDate(cal.from).Year(); year <= dayDate(cal.from+cal.days).Year(); year++ {
		for _, p := range planned {
			c := p.campaign
			c.start = epochDay(time.Date(year, p.month, p.day, 0, 0, 0, 0, time.UTC)) - cal.from
			c.end = c.start + campaignWindow
			if c.start < 60 || c.end > cal.days {
				continue
			}
			c.id = fmt.Sprintf("CMP-%d-%02d%02d", year, int(p.month), p.day)
			c.zh = fmt.Sprintf("%d %s", year, c.zh)
			c.en = fmt.Sprintf("%s %d", c.en, year)
			all = append(all, c)
		}
	}
	return all[max(0, len(all)-maxCampaigns):]
}

// promote walks a customer through the campaigns. Who is chosen, and into which
// arm, is drawn before anything depends on what the customer does.
func (c *customer) promote() {
	email, sms := c.traits.emailConsent, c.traits.smsConsent
	st := keyed(c.w.seed, tagCampaign, uint64(c.number))
	for k := range c.w.campaigns {
		cp := &c.w.campaigns[k]
		own := st.sub(uint64(k))
		from := float64(cp.start) + 9.0/24
		allowed := email && cp.channel == "email" || sms && cp.channel == "sms"
		if !allowed || c.begin >= from-1 || !own.chance(chosenShare) {
			continue
		}
		if cp.winBack && boughtWithin(c.out.times, from-winBackSilence, from) {
			continue
		}
		if c.send(k, &own, from) {
			email = email && cp.channel != "email"
			sms = sms && cp.channel != "sms"
		}
	}
	c.w.left[c.number] = leftBits(c.traits.emailConsent && !email, c.traits.smsConsent && !sms)
}

// Bits of world.left: the customer took a consent back.
const (
	leftEmail = 1 << iota
	leftSMS
)

func leftBits(email, sms bool) (b uint8) {
	if email {
		b |= leftEmail
	}
	if sms {
		b |= leftSMS
	}
	return b
}

// send assigns the customer to an arm of campaign k and plays it; it tells
// whether the customer unsubscribed.
func (c *customer) send(k int, st *stream, from float64) (left bool) {
	cp, l := &c.w.campaigns[k], &c.out.lift[k]
	treated := !st.chance(controlShare)
	r := response{at: uint32(from * secondsPerDay), customer: c.number, campaign: uint8(k), treated: treated}
	c.respond(r, assigned, 0)
	anyway := c.baseOrder(from)
	if !treated {
		l.control++
		if anyway != nil {
			l.controlConverted++
			c.convert(r, anyway)
		}
		return false
	}
	young := c.traits.age < 35
	effect := cp.effect * otherFactor
	if young {
		effect = cp.effect * youngFactor
	}
	l.treated++
	reached := !st.chance(0.02)
	respondAt := from + 0.02 + min(st.exp()*0.7, 8)
	buys := reached && st.chance(effect) && respondAt < c.end
	left = c.message(r, cp, st, reached, buys, respondAt)
	made := anyway
	if buys {
		at := len(c.out.orders)
		c.buy(respondAt, c.amount(), k)
		extra := &c.out.orders[at]
		for extra.status() != done { // a failed attempt may stand before it
			at++
			extra = &c.out.orders[at]
		}
		l.extraOrders++
		l.extraRevenue += Cents(extra.amount)
		if made == nil || extra.at < made.at {
			made = extra
		}
	}
	c.count(l, young, anyway != nil, made != nil)
	if made != nil {
		c.convert(r, made)
	}
	return left
}

func (c *customer) count(l *lift, young, anyway, did bool) {
	one := func(yes bool) int64 {
		if yes {
			return 1
		}
		return 0
	}
	l.treatedWithout += one(anyway)
	l.treatedConverted += one(did)
	l.younger += one(young)
	l.withoutYounger += one(young && anyway)
	l.convertedYounger += one(young && did)
}

// baseOrder is the customer's first counted order in the window, or nil.
func (c *customer) baseOrder(from float64) *order {
	lo, hi := uint32(from*secondsPerDay), uint32((from+campaignWindow)*secondsPerDay)
	var best *order
	for i := c.base; i < len(c.out.orders); i++ {
		o := &c.out.orders[i]
		if o.at >= lo && o.at < hi && o.counted() && (best == nil || o.at < best.at) {
			best = o
		}
	}
	return best
}

// message writes what happened to one message.
func (c *customer) message(r response, cp *campaign, st *stream, reached, buys bool, at float64) (left bool) {
	r.at += uint32(60 + st.intn(3600))
	c.respond(r, sent, 0)
	r.at += uint32(1 + st.intn(90))
	if !reached {
		c.respond(r, bounced, 0)
		return false
	}
	c.respond(r, delivered, 0)
	read := uint32(at * secondsPerDay)
	read = max(read, r.at+30)
	if cp.channel == "email" {
		if st.chance(0.06) { // a mail server that looks at every link
			m := r
			m.at, m.machine = r.at+2, true
			c.respond(m, opened, 0)
		}
		if !buys && !st.chance(0.33) {
			return false
		}
		r.at = read - min(600, read-r.at)
		c.respond(r, opened, 0)
	}
	if buys || st.chance(0.13) {
		r.at = max(r.at, read-min(300, read))
		c.respond(r, clicked, 0)
	}
	if !buys && st.chance(0.006) {
		r.at += uint32(20 + st.intn(200))
		c.respond(r, unsubscribed, 0)
		return true
	}
	if !buys && st.chance(0.0008) {
		r.at += 60
		c.respond(r, complained, 0)
		return true
	}
	return false
}

func (c *customer) respond(r response, e event, value uint32) {
	r.event, r.value = e, value
	if e != opened {
		r.machine = false
	}
	if int(r.at) < c.w.cal.days*secondsPerDay {
		c.out.responses = append(c.out.responses, r)
	}
}

func (c *customer) convert(r response, o *order) {
	r.at = o.at
	c.respond(r, converted, o.amount)
}
