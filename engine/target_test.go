package engine_test

import (
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/list"
	"clientele/engine/table"
)

// The shop of these tests is scored as of targetDay; some facts come later.
const targetDay = "2024-06-30"

// mail is a customer as the generator of the test knows it, beside the store.
type mail struct {
	id, email, phone, address, city string
	agreed, newest                  map[string]string // by column of consent: "", true or false
	clv                             float64           // NaN: none
	risk                            float64
	stage                           string
}

// happening is an event of a campaign, or a complaint.
type happening struct {
	id, campaign, event string
	day                 int
}

// targetShop is a shop with everything that may keep somebody off a list.
type targetShop struct {
	*engine.Engine
	people   map[string]*mail
	events   []happening
	troubles []happening         // complaints in interactions
	channel  map[string]string   // of campaigns: "" unknown
	segments map[string][]string // SCHEME/NAME: its members
}

func dayOf(t testing.TB, text string) int {
	t.Helper()
	d, err := engine.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return int(d)
}

// newTargetShop makes and scores a shop of so many customers.
func newTargetShop(t testing.TB, seed uint64, n int) *targetShop {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	s := &targetShop{Engine: workspace(t), people: map[string]*mail{}, segments: map[string][]string{},
		channel: map[string]string{"MAIL": "email", "TEXT": "sms", "CALL": "phone", "CARD": "post", "CHAT": list.ElsewhereChannel, "ODD": "", "LATE": ""}}
	s.Config.Identity.Match = nil // who shares an address stays a customer of their own
	last := dayOf(t, targetDay)
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	var customers, later, orders, responses, interactions strings.Builder
	customers.WriteString("customer_id,name,email,phone,address,city,postcode,email_consent,sms_consent,updated_at,茶\n")
	later.WriteString("customer_id,email_consent,sms_consent,updated_at\n")
	orders.WriteString("customer,date,amount\n")
	responses.WriteString("response_id,campaign_id,customer_id,event,occurred_at\n")
	interactions.WriteString("interaction_id,customer_id,kind,occurred_at\n")
	for i := range n {
		p := &mail{id: fmt.Sprintf("C%04d", i), agreed: map[string]string{}, newest: map[string]string{}, clv: math.NaN(), risk: math.NaN()}
		shared := r.IntN(n / 2) // some addresses are of several
		if r.IntN(8) > 0 {
			p.email = fmt.Sprintf("c%d@shop.example", i)
			if r.IntN(6) == 0 {
				p.email = fmt.Sprintf("c%d@shop.example", shared)
			}
		}
		if r.IntN(8) > 0 {
			p.phone = fmt.Sprintf("+8613%09d", 800_138_000+i)
			switch r.IntN(8) {
			case 0:
				p.phone = fmt.Sprintf("+8613%09d", 800_138_000+shared)
			case 1:
				p.phone = fmt.Sprintf("+8657188%06d", 212_345+i) // a landline
			}
		}
		if r.IntN(4) > 0 {
			p.address, p.city = fmt.Sprintf("Tea Road %d", r.IntN(n)), pick("杭州", "上海")
		}
		for _, column := range []string{"email_consent", "sms_consent"} {
			p.agreed[column] = pick("true", "true", "true", "false", "")
			p.newest[column] = p.agreed[column]
			if r.IntN(12) == 0 {
				p.newest[column] = pick("true", "false")
			}
		}
		s.people[p.id] = p
		fmt.Fprintf(&customers, "%s,Name %d,%s,%s,%s,%s,,%s,%s,2023-01-01,%d\n", p.id, i, strings.ToUpper(p.email), p.phone, p.address, p.city, p.agreed["email_consent"], p.agreed["sms_consent"], i%3)
		fmt.Fprintf(&later, "%s,%s,%s,2024-07-04\n", p.id, p.newest["email_consent"], p.newest["sms_consent"])
		for range r.IntN(6) {
			fmt.Fprintf(&orders, "%s,%s,%d\n", p.id, engine.Day(last-r.IntN(500)), 5+r.IntN(200))
		}
		for k := range r.IntN(3) {
			h := happening{p.id, pick("MAIL", "TEXT", "CALL", "CARD", "CHAT", "ODD", "LATE"), pick("sent", "sent", "delivered", "opened", "unsubscribed", "bounced", "complained"), last + 20 - r.IntN(150)}
			if r.IntN(3) > 0 && !slices.Contains([]string{"sent", "delivered"}, h.event) {
				h.event = "clicked"
			}
			s.events = append(s.events, h)
			fmt.Fprintf(&responses, "r%d-%d,%s,%s,%s,%s\n", i, k, h.campaign, h.id, h.event, engine.Day(h.day))
		}
		if r.IntN(10) == 0 {
			h := happening{id: p.id, event: pick("complaint", "Complaints", "客户投诉", "question"), day: last + 10 - r.IntN(200)}
			fmt.Fprintf(&interactions, "t%d,%s,%s,%s\n", i, h.id, h.event, engine.Day(h.day))
			if h.event != "question" {
				s.troubles = append(s.troubles, h)
			}
		}
	}
	loadText(t, s.Engine, "customers", "customers.csv", customers.String())
	loadText(t, s.Engine, "customers", "later.csv", later.String())
	loadText(t, s.Engine, "orders", "orders.csv", orders.String())
	loadText(t, s.Engine, "responses", "responses.csv", responses.String())
	loadText(t, s.Engine, "interactions", "interactions.csv", interactions.String())
	loadText(t, s.Engine, "campaigns", "campaigns.csv", "campaign_id,name,channel\nMAIL,m,E-Mail\nTEXT,t,短信\nCALL,c,外呼\nCARD,d,Direct mail\nCHAT,w,微信\nODD,o,spring sale\n")
	score(t, s.Engine, targetDay)
	s.readScores(t)
	return s
}

// readScores takes from the run what lists are ranked and divided by.
func (s *targetShop) readScores(t testing.TB) {
	t.Helper()
	scores, err := s.Query(context.Background(), "SELECT customer_id, clv, churn_risk, lifecycle_stage FROM scores WHERE as_of = DATE '"+targetDay+"'")
	if err != nil {
		t.Fatal(err)
	}
	for i := range scores.Rows() {
		p := s.people[string(scores.Column("customer_id").Texts.At(i))]
		p.clv, p.risk, p.stage = scores.Floats("clv")[i], scores.Floats("churn_risk")[i], string(scores.Column("lifecycle_stage").Texts.At(i))
	}
	for _, row := range rows(t, s.Engine, "SELECT scheme || '/' || segment, customer_id FROM segment_members WHERE as_of = DATE '"+targetDay+"' ORDER BY ALL") {
		name, id, _ := strings.Cut(row, "|")
		s.segments[name] = append(s.segments[name], id)
	}
}

// contact is the address of a customer on a channel, as lists compare them.
func (p *mail) contact(channel string) string {
	switch channel {
	case "email":
		return p.email
	case "post":
		if p.address == "" {
			return ""
		}
		return strings.ToLower(p.address + "|" + p.city)
	case "sms":
		if strings.HasPrefix(p.phone, "+86571") {
			return ""
		}
	}
	return p.phone
}

// verdicts works out by hand, one customer after another, at which step each
// customer of a segment falls; members are in the order of the ranking, with "" as
// their step. lists are those that count.
func (s *targetShop) verdicts(t *rapid.T, cut engine.Cut, on int, lists []engine.Cutting, members func(id string) map[string]string, stop map[string]bool) (fell map[string]string, ranked []string) {
	contact := s.Config.Contact
	channelOf := func(campaign string) string {
		if c := s.channel[campaign]; c != "" {
			return c
		}
		c := ""
		for _, l := range lists {
			if l.Campaign == campaign {
				c = l.Channel
			}
		}
		return c
	}
	same := map[string][]*mail{} // by address
	for _, id := range slices.Sorted(maps.Keys(s.people)) {
		if p := s.people[id]; p.contact(cut.Channel) != "" {
			same[p.contact(cut.Channel)] = append(same[p.contact(cut.Channel)], p)
		}
	}
	blocked := func(p *mail, place int) bool {
		for _, q := range same[p.contact(cut.Channel)] {
			switch place {
			case 1:
				if stop[q.id] || stop[q.email] && q.email != "" || stop[q.phone] && q.phone != "" {
					return true
				}
			case 2, 3:
				for _, h := range s.events {
					if h.id != q.id {
						continue
					}
					channel := channelOf(h.campaign)
					if place == 2 && slices.Contains([]string{"unsubscribed", "bounced", "complained"}, h.event) && (channel == "" || channel == cut.Channel) {
						return true
					}
					if place == 3 && contact.Complaint > 0 && h.event == "complained" && h.day >= on-contact.Complaint {
						return true
					}
				}
				for _, h := range s.troubles {
					if place == 3 && contact.Complaint > 0 && h.id == q.id && h.day >= on-contact.Complaint {
						return true
					}
				}
			}
		}
		return false
	}
	capped := func(p *mail) bool {
		widest := 0
		for _, limit := range contact.Caps {
			if limit.Channel == "" || limit.Channel == cut.Channel {
				widest = max(widest, limit.Days)
			}
		}
		near := func(day, days int) bool { return day-on < days && on-day < days }
		for _, limit := range contact.Caps {
			if limit.Channel != "" && limit.Channel != cut.Channel {
				continue
			}
			touches := map[string]bool{}
			for _, q := range same[p.contact(cut.Channel)] {
				for _, l := range lists {
					day := dayOf(t0(t), l.On)
					if arm := members(l.ID)[q.id]; arm != "" && arm != "control" && near(day, limit.Days) && (limit.Channel == "" || l.Channel == limit.Channel) {
						touches["list "+l.ID] = true
					}
				}
				for _, h := range s.events {
					if h.id != q.id || h.event != "sent" && h.event != "delivered" || !near(h.day, limit.Days) {
						continue
					}
					if c := channelOf(h.campaign); limit.Channel != "" && c != "" && c != limit.Channel {
						continue
					}
					touch, from := "campaign "+h.campaign, math.MinInt
					for _, l := range lists { // a message of a campaign that the customer is on a list of
						day := dayOf(t0(t), l.On)
						if arm := members(l.ID)[q.id]; arm != "" && arm != "control" && l.Campaign == h.campaign && near(day, widest) && day <= h.day && day > from {
							touch, from = "list "+l.ID, day
						}
					}
					touches[touch] = true
				}
			}
			if len(touches) >= limit.Contacts {
				return true
			}
		}
		return false
	}
	consent := map[string]string{"email": "email_consent", "sms": "sms_consent", "phone": "sms_consent"}[cut.Channel]
	fell = map[string]string{}
	var left []*mail
	for _, id := range s.segments[cut.Segment] {
		p := s.people[id]
		agreed, newest := p.agreed[consent], p.newest[consent]
		if newest == "" {
			newest = agreed
		}
		excluded := slices.ContainsFunc(contact.Exclude, func(name string) bool { return slices.Contains(s.segments[name], id) })
		switch {
		case p.contact(cut.Channel) == "":
			fell[id] = list.StepReach
		case cut.Channel != "post" && (contact.Consent == "required" && agreed != "true" || agreed == "false" || newest == "false"):
			fell[id] = list.StepConsent
		case blocked(p, 1):
			fell[id] = list.StepSuppress
		case blocked(p, 2):
			fell[id] = list.StepOptOut
		case blocked(p, 3):
			fell[id] = list.StepComplaint
		case capped(p):
			fell[id] = list.StepCap
		case excluded:
			fell[id] = list.StepExclude
		default:
			left = append(left, p)
		}
	}
	worth := func(p *mail) float64 {
		if cut.Rank == "risk" {
			return p.risk * p.clv
		}
		return p.clv
	}
	slices.SortFunc(left, func(a, b *mail) int {
		wa, wb := worth(a), worth(b)
		switch {
		case wa > wb || !math.IsNaN(wa) && math.IsNaN(wb):
			return -1
		case wa < wb || math.IsNaN(wa) && !math.IsNaN(wb):
			return 1
		}
		return strings.Compare(a.id, b.id)
	})
	key := []byte(strings.Repeat("\x01\x23\x45\x67\x89\xab\xcd\xef", 4)) // the fixed key of these workspaces
	taken := map[string]bool{}
	for _, p := range left {
		switch at := p.contact(cut.Channel); {
		case taken[at]:
			fell[p.id] = list.StepDuplicate
		case slices.ContainsFunc(same[at], func(q *mail) bool {
			return list.Below(list.Hash(key, "universal control", "", []byte(q.id)), contact.Universal)
		}):
			taken[at], fell[p.id] = true, list.StepUniversal
		default:
			taken[at] = true
			ranked = append(ranked, p.id)
		}
	}
	return fell, ranked
}

// t0 makes a rapid.T do where a testing.TB is wanted for its failures alone.
func t0(t *rapid.T) testing.TB { return failing{t: t} }

type failing struct {
	testing.TB
	t *rapid.T
}

func (f failing) Helper()           {}
func (f failing) Fatal(args ...any) { f.t.Fatal(args...) }

// fewer lets rapid check a property of real stores less often, unless somebody says
// how often.
func fewer(t *testing.T, checks string) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	if f.Value.String() != f.DefValue {
		return
	}
	if err := f.Value.Set(checks); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Value.Set(f.DefValue) })
}

// fileIDs are the customers of a CSV file whose first column is customer_id.
func fileIDs(t testing.TB, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, row := range all[1:] {
		out = append(out, row[0])
	}
	return out
}

// membersOf are the arms of the members of a list.
func membersOf(t testing.TB, e *engine.Engine, id string) map[string]string {
	t.Helper()
	m, err := e.ListMembers(context.Background(), id, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for i := range m.Rows() {
		out[string(m.Column("customer_id").Texts.At(i))] = string(m.Column("arm").Texts.At(i))
	}
	return out
}

// Whatever segment, channel, caps, consents and suppressions: who is on a list and
// who fell at which step is what one finds by looking at each customer by hand, so
// nobody is in a file who is suppressed, did not agree, has been contacted often
// enough or is kept back; counts on screen, in the list and in the file agree; the
// same cut gives the same list; and later lists keep to the caps.
func TestNobodyIsContactedWhoIsNotToBe(t *testing.T) {
	fewer(t, "12")
	shops := []*targetShop{newTargetShop(t, 1, 240), newTargetShop(t, 2, 60)}
	rapid.Check(t, func(t *rapid.T) {
		s := shops[rapid.IntRange(0, len(shops)-1).Draw(t, "shop")]
		if err := os.RemoveAll(filepath.Join(s.Dir, "lists")); err != nil {
			t.Fatal(err)
		}
		names := slices.Sorted(maps.Keys(s.segments))
		ids := slices.Sorted(maps.Keys(s.people))
		stop := map[string]bool{}
		var entries strings.Builder
		for range rapid.IntRange(0, 20).Draw(t, "suppressed") {
			p := s.people[rapid.SampledFrom(ids).Draw(t, "entry")]
			if entry := []string{p.id, p.email, p.phone}[rapid.IntRange(0, 2).Draw(t, "kind")]; entry != "" {
				stop[entry] = true
				fmt.Fprintln(&entries, strings.ToUpper(entry))
			}
		}
		if err := os.WriteFile(filepath.Join(s.Dir, "stop.csv"), []byte(entries.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		c := &s.Config.Contact
		*c = config.Default().Contact
		c.Suppress = []string{"stop.csv"}
		c.Consent = rapid.SampledFrom([]string{"required", "unless_refused"}).Draw(t, "consent")
		c.Complaint = rapid.SampledFrom([]int{0, 30, 90}).Draw(t, "complaints")
		c.Universal = rapid.SampledFrom([]float64{0, 0.05, 0.3}).Draw(t, "universal")
		c.Exclude = rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 2, rapid.ID[string]).Draw(t, "exclude")
		for range rapid.IntRange(0, 2).Draw(t, "caps") {
			c.Caps = append(c.Caps, config.Cap{
				Contacts: rapid.IntRange(1, 3).Draw(t, "contacts"), Days: rapid.SampledFrom([]int{1, 7, 30, 120}).Draw(t, "days"),
				Channel: rapid.SampledFrom([]string{"", "", "email", "sms"}).Draw(t, "cap channel"),
			})
		}
		path := filepath.Join(s.Dir, "out.csv")
		var lists []engine.Cutting
		known := map[string]map[string]string{}
		members := func(id string) map[string]string {
			if known[id] == nil {
				known[id] = membersOf(t0(t), s.Engine, id)
			}
			return known[id]
		}
		for range rapid.IntRange(1, 3).Draw(t, "lists") {
			share := rapid.SampledFrom([]float64{0, 0.1, 0.5}).Draw(t, "control")
			cut := engine.Cut{
				Segment: rapid.SampledFrom(names).Draw(t, "segment"), Channel: rapid.SampledFrom(config.ContactChannels()).Draw(t, "channel"),
				Campaign: rapid.SampledFrom([]string{"", "MAIL", "ODD", "new"}).Draw(t, "campaign"), Control: &share,
				Limit: rapid.SampledFrom([]int64{0, 0, 5, 40}).Draw(t, "limit"), Rank: rapid.SampledFrom([]string{"value", "risk"}).Draw(t, "rank"),
				On:   engine.Day(dayOf(t0(t), targetDay) + rapid.IntRange(0, 15).Draw(t, "on")).String(),
				File: engine.ListFile{To: path, Columns: []string{"customer_id", "email", "phone"}},
			}
			if rapid.Bool().Draw(t, "stratified") {
				cut.Stratify = []string{"lifecycle_stage"}
			}
			var seen engine.Cutting
			done, err := s.Target(context.Background(), cut, func(c engine.Cutting) error { seen = c; return nil })
			fell, ranked := s.verdicts(t, cut, dayOf(t0(t), cut.On), lists, members, stop)
			want := s.drawn(cut, ranked, lists, members, seen.Seed)
			for i, id := range ranked {
				if want[i] == list.Beyond {
					fell[id] = list.StepLimit
				}
			}
			s.compare(t, seen, fell, ranked, want)
			if seen.Treated == 0 {
				if !errors.Is(err, engine.ErrNobody) {
					t.Fatal(err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			s.compareFiles(t, done, seen, path, fell, ranked, want)
			lists = append(lists, done)
		}
		s.cutAgain(t, lists, path)
	})
}

// drawn are the arms of the ranking, the first of them by the hash alone where there
// are no strata.
func (s *targetShop) drawn(cut engine.Cut, ranked []string, lists []engine.Cutting, members func(string) map[string]string, seed string) []list.Arm {
	key := []byte(strings.Repeat("\x01\x23\x45\x67\x89\xab\xcd\xef", 4))
	d := list.Draw{Key: key, Seed: seed, Share: *cut.Control, Limit: cut.Limit, IDs: table.Strings{Offsets: []int32{0}}}
	d.Prior = make([]list.Arm, len(ranked))
	for i, id := range ranked {
		d.IDs.AppendString(id)
		for _, l := range lists {
			if cut.Campaign == "" || l.Campaign != cut.Campaign {
				continue
			}
			switch arm := members(l.ID)[id]; {
			case arm == "control":
				d.Prior[i] = list.InControl
			case arm != "" && d.Prior[i] == list.Beyond:
				d.Prior[i] = list.InTreatment
			}
		}
		if cut.Stratify != nil {
			stage := s.people[id].stage
			if !slices.Contains(d.Labels, stage) {
				d.Labels = append(d.Labels, stage)
			}
			d.Strata = append(d.Strata, int32(slices.Index(d.Labels, stage)))
		}
	}
	arms := d.Assign()
	if cut.Stratify == nil { // the plain rule, written down once more
		treated := int64(0)
		for i := range arms {
			want := d.Prior[i]
			if want == list.Beyond {
				want = list.InTreatment
				if list.Below(list.Hash(key, "control", seed, []byte(ranked[i])), *cut.Control) {
					want = list.InControl
				}
			}
			if cut.Limit > 0 && treated == cut.Limit {
				want = list.Beyond
			}
			if want == list.InTreatment {
				treated++
			}
			arms[i] = want
		}
	}
	return arms
}

// compare compares the waterfall with what was worked out by hand.
func (s *targetShop) compare(t *rapid.T, seen engine.Cutting, fell map[string]string, ranked []string, want []list.Arm) {
	counts := map[string]int64{}
	for _, step := range fell {
		counts[step]++
	}
	for _, arm := range want {
		if arm == list.InControl {
			counts[list.StepControl]++
		}
	}
	left := seen.Steps[0].Left
	for _, step := range seen.Steps {
		left -= step.Fell
		if step.Fell != counts[step.Step] || step.Left != left {
			t.Fatalf("%s: %d fell, want %d; %d left, want %d\n%+v", step.Step, step.Fell, counts[step.Step], step.Left, left, seen.Steps)
		}
	}
	if left != seen.Treated || counts[list.StepControl] != seen.Kept || int(seen.Treated+seen.Kept)+len(fell) != int(seen.Steps[0].Left) {
		t.Fatalf("%d treated, %d kept back, %d fell\n%+v", seen.Treated, seen.Kept, len(fell), seen.Steps)
	}
}

// compareFiles compares the list as it lies there and the file for people with what
// was worked out by hand.
func (s *targetShop) compareFiles(t *rapid.T, done, seen engine.Cutting, path string, fell map[string]string, ranked []string, want []list.Arm) {
	var treated []string
	arms := map[string]string{}
	for i, id := range ranked {
		switch want[i] {
		case list.InTreatment:
			treated, arms[id] = append(treated, id), "treated"
		case list.InControl:
			arms[id] = "control"
		}
	}
	if got := fileIDs(t0(t), path); !slices.Equal(got, treated) || done.Written != int64(len(got)) || done.Treated != seen.Treated {
		t.Fatalf("the file has %v\nwant %v; %d rows told", got, treated, done.Written)
	}
	if got := membersOf(t0(t), s.Engine, done.ID); !maps.Equal(got, arms) {
		t.Fatalf("list %s has %v\nwant %v", done.ID, got, arms)
	}
	removed, err := s.ListRemoved(context.Background(), done.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range removed.Rows() {
		id, step := string(removed.Column("customer_id").Texts.At(i)), string(removed.Column("step").Texts.At(i))
		if fell[id] != step {
			t.Fatalf("%s fell at %s, want %q (%s)", id, step, fell[id], removed.Column("reason").Texts.At(i))
		}
	}
	if removed.Rows() != len(fell) {
		t.Fatalf("%d removed, want %d", removed.Rows(), len(fell))
	}
	l, err := s.List(done.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.VerifyList(l); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(l.File(list.ManifestName)); err != nil || strings.Contains(string(text), "@") || strings.Contains(string(text), "+86") {
		t.Fatalf("an address in the manifest: %v", err)
	}
}

// cutAgain cuts the last list anew in its own place: it is the same but for its id.
func (s *targetShop) cutAgain(t *rapid.T, lists []engine.Cutting, path string) {
	if len(lists) == 0 {
		return
	}
	last := lists[len(lists)-1]
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.RecutList(context.Background(), last.ID, engine.Cut{On: last.On, File: engine.ListFile{To: path, Columns: []string{"customer_id", "email", "phone"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Fatalf("the second file differs, %v", err)
	}
	if !maps.Equal(membersOf(t0(t), s.Engine, last.ID), membersOf(t0(t), s.Engine, again.ID)) {
		t.Fatal("the second list differs")
	}
	l, err := s.List(last.ID)
	if err != nil || l.Cancelled == nil || again.Replaces != last.ID || l.Cancelled.Reason != "replaced by "+again.ID {
		t.Fatalf("%+v, %v", l.Cancelled, err)
	}
}
