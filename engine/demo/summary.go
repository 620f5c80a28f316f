package demo

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cents is money in hundredths; JSON has it as a number with two decimals.
type Cents int64

func (c Cents) String() string { return string(appendCents(nil, int64(c))) }

// MarshalJSON writes 1234.50.
func (c Cents) MarshalJSON() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalJSON reads 1234.50 exactly.
func (c *Cents) UnmarshalJSON(b []byte) error {
	whole, frac, _ := strings.Cut(string(b), ".")
	if len(frac) > 2 {
		return fmt.Errorf("%q has parts of a cent", b)
	}
	n, err := strconv.ParseInt(whole+(frac + "00")[:2], 10, 64)
	*c = Cents(n)
	return err
}

// File says what one data file holds and what loading it should give.
type File struct {
	Path   string `json:"path"`
	Kind   string `json:"kind"`
	Format string `json:"format"`
	Bytes  int64  `json:"bytes"`
	// Rows = Accepted + Duplicates + Rejected, header not counted. Duplicates
	// are rows whose fact an earlier row or file has; files of a source are
	// loaded in the order of their names.
	Rows       int64 `json:"rows"`
	Accepted   int64 `json:"accepted"`
	Duplicates int64 `json:"duplicates"`
	Rejected   int64 `json:"rejected"`
	Orders     int64 `json:"orders,omitempty"` // different orders first seen here
	Net        Cents `json:"net"`              // of the counted ones among them
}

// Totals are facts once everything is loaded.
type Totals struct {
	Customers         int64 `json:"customers"`           // members: rows of customers.csv
	Prospects         int64 `json:"prospects"`           // members who never ordered
	MembersWithOrders int64 `json:"members_with_orders"` // members with at least one counted order
	GuestsByEmail     int64 `json:"guests_by_email"`     // different e-mail addresses on orders without a member
	GuestsByPhone     int64 `json:"guests_by_phone"`
	GuestsAreMembers  int64 `json:"guests_are_members"` // of the e-mail addresses: also a member's
	// CustomersWithOrders counts members, e-mail addresses and phones with at
	// least one counted order, before any two are recognised as one person.
	CustomersWithOrders int64 `json:"customers_with_orders"`
	Orders              int64 `json:"orders"` // different ones
	CountedOrders       int64 `json:"counted_orders"`
	UnpaidOrders        int64 `json:"unpaid_orders"`
	CancelledOrders     int64 `json:"cancelled_orders"` // without a date: never count
	CancelledDated      int64 `json:"cancelled_dated"`  // with a date: count, and are refunded that day
	MemberOrders        int64 `json:"member_orders"`    // counted, by members
	GuestOrders         int64 `json:"guest_orders"`
	AnonymousOrders     int64 `json:"anonymous_orders"`
	OrderLines          int64 `json:"order_lines"`   // in files, web shop only
	GrossRevenue        Cents `json:"gross_revenue"` // net of counted orders before refunds
	RefundsCount        int64 `json:"refunds_count"`
	Refunds             Cents `json:"refunds"`
	NetRevenue          Cents `json:"net_revenue"`
	Interactions        int64 `json:"interactions"`
	Complaints          int64 `json:"complaints"`
	Responses           int64 `json:"responses"`
	Products            int64 `json:"products"`
}

// CampaignTruth is what one campaign did, with what would have happened without
// it, which only a generator can know.
type CampaignTruth struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	NameZh     string `json:"name_zh"`
	Channel    string `json:"channel"`
	Start      string `json:"start"`
	WindowDays int    `json:"window_days"` // from assignment at 09:00; an order inside is a conversion
	Treated    int64  `json:"treated"`
	Control    int64  `json:"control"`
	// Shares of customers with a counted order in the window.
	TreatedRate float64 `json:"treated_rate"`
	ControlRate float64 `json:"control_rate"`
	WithoutRate float64 `json:"treated_rate_without_campaign"`
	// TrueLift is treated_rate - treated_rate_without_campaign: exact for these
	// customers, no estimate. Lift by age group likewise.
	TrueLift      float64 `json:"true_lift"`
	TrueLiftYoung float64 `json:"true_lift_under_35"`
	TrueLiftOther float64 `json:"true_lift_35_and_over"`
	EffectYoung   float64 `json:"effect_under_35"` // chance of one more order of a living customer who got the message
	EffectOther   float64 `json:"effect_35_and_over"`
	ExtraOrders   int64   `json:"extra_orders"`
	ExtraRevenue  Cents   `json:"extra_revenue"`
}

// Summary is truth.json: how the shop was made and what is in its files.
type Summary struct {
	Generator string `json:"generator"`
	Shop      string `json:"shop"`
	Seed      uint64 `json:"seed"`
	Customers int    `json:"customers"`
	Orders    int64  `json:"orders"` // different ones, as in Totals
	Asked     int    `json:"orders_asked,omitempty"`
	Plain     bool   `json:"plain"`
	Dialect   string `json:"dialect,omitempty"`
	From      string `json:"from"`
	To        string `json:"to"`
	Timezone  string `json:"timezone"`
	// Process and Spend are the parameters in force; seasons, complaints and
	// campaigns come on top unless plain.
	Process         Process         `json:"pareto_nbd"`
	Spend           Spend           `json:"gamma_gamma"`
	ComplaintHazard float64         `json:"complaint_hazard_ratio,omitempty"` // on the rate of leaving
	Totals          Totals          `json:"totals"`
	Campaigns       []CampaignTruth `json:"campaigns,omitempty"`
	Files           []File          `json:"files"`
}

func (s *Summary) encode() ([]byte, error) {
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

func (w *world) summarize(l *life, files []File, refunds []refund) Summary {
	o := w.opt
	s := Summary{
		Generator: generator, Shop: "茗山 Mingshan", Seed: o.Seed, Customers: o.Customers, Asked: o.Orders, Plain: o.Plain, Dialect: o.Dialect,
		From: o.From.Format(time.DateOnly), To: o.To.Format(time.DateOnly), Timezone: "Asia/Shanghai",
		Process: w.process, Spend: w.spend, Files: files,
	}
	if !o.Plain {
		s.ComplaintHazard = complaintHazard
	}
	t := &s.Totals
	t.Customers, t.MembersWithOrders = int64(o.Customers), l.buyers
	t.Prospects = t.Customers - l.buyers
	for _, x := range l.touches {
		if x.kind == complaint {
			t.Complaints++
		}
	}
	t.addGuests(w, l)
	for _, x := range l.orders {
		t.addOrder(x)
	}
	s.Orders = t.Orders
	for _, r := range refunds {
		t.RefundsCount++
		t.Refunds += Cents(r.amount)
	}
	t.NetRevenue = t.GrossRevenue - t.Refunds
	for _, f := range files {
		switch f.Kind {
		case "interactions":
			t.Interactions += f.Accepted
		case "responses":
			t.Responses += f.Accepted
		case "products":
			t.Products += f.Accepted
		case "orders":
			if strings.HasPrefix(f.Path, "data/web/") {
				t.OrderLines += f.Accepted
			}
		}
	}
	for k, c := range w.campaigns {
		s.Campaigns = append(s.Campaigns, c.truth(w.cal, &l.lift[k]))
	}
	return s
}

func (t *Totals) addGuests(w *world, l *life) {
	if w.opt.Dialect == "" {
		for g := range uint32(l.guests) {
			if guestByPhone(g) {
				t.GuestsByPhone++
				continue
			}
			t.GuestsByEmail++
			if _, is := w.memberOfGuest(g); is {
				t.GuestsAreMembers++
			}
		}
	}
	t.CustomersWithOrders = t.MembersWithOrders + t.GuestsByEmail + t.GuestsByPhone
}

func (t *Totals) addOrder(o order) {
	t.Orders++
	switch o.status() {
	case unpaid:
		t.UnpaidOrders++
		return
	case cancelled:
		t.CancelledOrders++
		return
	case cancelledDated:
		t.CancelledDated++
	}
	t.CountedOrders++
	t.GrossRevenue += Cents(o.amount)
	switch o.who() {
	case member:
		t.MemberOrders++
	case byEmail, byPhone:
		t.GuestOrders++
	default:
		t.AnonymousOrders++
	}
}

func (c campaign) truth(cal *calendar, l *lift) CampaignTruth {
	share := func(a, b int64) float64 {
		if b == 0 {
			return 0
		}
		return float64(a) / float64(b)
	}
	return CampaignTruth{
		ID: c.id, Name: c.en, NameZh: c.zh, Channel: c.channel, Start: dayDate(cal.from + c.start).Format(time.DateOnly), WindowDays: campaignWindow,
		Treated: l.treated, Control: l.control,
		TreatedRate: share(l.treatedConverted, l.treated), ControlRate: share(l.controlConverted, l.control),
		WithoutRate:   share(l.treatedWithout, l.treated),
		TrueLift:      share(l.treatedConverted-l.treatedWithout, l.treated),
		TrueLiftYoung: share(l.convertedYounger-l.withoutYounger, l.younger),
		TrueLiftOther: share((l.treatedConverted-l.convertedYounger)-(l.treatedWithout-l.withoutYounger), l.treated-l.younger),
		EffectYoung:   c.effect * youngFactor, EffectOther: c.effect * otherFactor,
		ExtraOrders: l.extraOrders, ExtraRevenue: l.extraRevenue,
	}
}
