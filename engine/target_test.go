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
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/list"
	"clientele/engine/table"
)

// fewLists is how many random contact rules the property of lists is checked under
// unless somebody says how many: each means up to four lists, by hand and by the engine.
const fewLists = 6

var manyLists = flag.Int("lists", fewLists, "random contact rules under which lists are compared with what one finds by hand")

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
	var sources []config.Source
	for _, file := range [][3]string{
		{"customers", "customers.csv", customers.String()}, {"customers", "later.csv", later.String()}, {"orders", "orders.csv", orders.String()},
		{"responses", "responses.csv", responses.String()}, {"interactions", "interactions.csv", interactions.String()},
		{"campaigns", "campaigns.csv", "campaign_id,name,channel\nMAIL,m,E-Mail\nTEXT,t,短信\nCALL,c,外呼\nCARD,d,Direct mail\nCHAT,w,微信\nODD,o,spring sale\n"},
	} {
		sources = append(sources, source(file[0], write(t, s.Engine, file[1], file[2])))
	}
	load(t, s.Engine, sources...) // at once, which is a load and not six
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
	arrivedSince := func(h happening) bool {
		return h.event == "bounced" && slices.ContainsFunc(s.events, func(o happening) bool {
			return o.id == h.id && o.day > h.day && channelOf(o.campaign) == cut.Channel && slices.Contains([]string{"delivered", "opened", "clicked"}, o.event)
		})
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
					if place == 2 && slices.Contains([]string{"unsubscribed", "bounced", "complained"}, h.event) && (channel == "" || channel == cut.Channel) && !arrivedSince(h) {
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
	refused := func(q *mail) bool { return q.agreed[consent] == "false" || q.newest[consent] == "false" }
	fell = map[string]string{}
	var left []*mail
	for _, id := range s.segments[cut.Segment] {
		p := s.people[id]
		excluded := slices.ContainsFunc(contact.Exclude, func(name string) bool { return slices.Contains(s.segments[name], id) })
		switch {
		case p.contact(cut.Channel) == "":
			fell[id] = list.StepReach
		case cut.Channel != "post" && (contact.Consent == "required" && p.agreed[consent] != "true" || slices.ContainsFunc(same[p.contact(cut.Channel)], refused)):
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
// how often. It is one number for all tests, so the test may not be parallel to others.
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
	fewer(t, strconv.Itoa(*manyLists))
	shops := []*targetShop{newTargetShop(t, 1, 150)}
	if *manyLists > fewLists {
		shops = append(shops, newTargetShop(t, 2, 60), newTargetShop(t, 3, 300))
	}
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
			s.compareFiles(t, done, seen, path, members, fell, ranked, want)
			lists = append(lists, done)
		}
		s.cutAgain(t, lists, members, path)
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
			for _, q := range s.people {
				if q.contact(cut.Channel) != s.people[id].contact(cut.Channel) {
					continue
				}
				switch arm := members(l.ID)[q.id]; {
				case arm == "control":
					d.Prior[i] = list.InControl
				case arm != "" && d.Prior[i] == list.Beyond:
					d.Prior[i] = list.InTreatment
				}
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
func (s *targetShop) compareFiles(t *rapid.T, done, seen engine.Cutting, path string, members func(string) map[string]string, fell map[string]string, ranked []string, want []list.Arm) {
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
	if got := members(done.ID); !maps.Equal(got, arms) {
		t.Fatalf("list %s has %v\nwant %v", done.ID, got, arms)
	}
	removed, err := s.ListRemoved(context.Background(), done.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	words := list.ReasonWords()
	for i := range removed.Rows() {
		id, step := string(removed.Column("customer_id").Texts.At(i)), string(removed.Column("step").Texts.At(i))
		reason := string(removed.Column("reason").Texts.At(i))
		if fell[id] != step {
			t.Fatalf("%s fell at %s, want %q (%s)", id, step, fell[id], reason)
		}
		same := reason == "" || step == list.StepSuppress || step == list.StepExclude // paths and names of segments stay as they are
		if en, zh := words(step, reason); !same && (en == reason && step != list.StepConsent || zh == reason) {
			t.Fatalf("%s fell at %s: %q has no words", id, step, reason)
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
// A list whose campaign has messages from its day on is left as it is.
func (s *targetShop) cutAgain(t *rapid.T, lists []engine.Cutting, members func(string) map[string]string, path string) {
	if len(lists) == 0 {
		return
	}
	last := lists[len(lists)-1]
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.RecutList(context.Background(), last.ID, engine.Cut{On: last.On, File: engine.ListFile{To: path, Columns: []string{"customer_id", "email", "phone"}}}, nil)
	if s.sentFrom(last.Campaign, dayOf(t0(t), last.On)) {
		_, cancelled := s.CancelList(context.Background(), last.ID, "")
		for _, err := range []error{err, cancelled} {
			if err == nil || !strings.Contains(err.Error(), "was sent out") {
				t.Fatalf("list %s was sent out and may be cut anew or cancelled: %v", last.ID, err)
			}
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Fatalf("the second file differs, %v", err)
	}
	if !maps.Equal(members(last.ID), members(again.ID)) {
		t.Fatal("the second list differs")
	}
	l, err := s.List(last.ID)
	if err != nil || l.Cancelled == nil || again.Replaces != last.ID || l.Cancelled.Reason != "replaced by "+again.ID {
		t.Fatalf("%+v, %v", l.Cancelled, err)
	}
}

// sentFrom is whether a message of the campaign went out on the day or later.
func (s *targetShop) sentFrom(campaign string, day int) bool {
	return slices.ContainsFunc(s.events, func(h happening) bool { return h.campaign == campaign && h.day >= day })
}

// smallShop is five customers with orders, consents and telephone numbers.
func smallShop(t testing.TB) *engine.Engine {
	t.Helper()
	e := workspace(t)
	loadText(t, e, "customers", "customers.csv", `customer_id,name,email,phone,sms_consent,email_consent,updated_at
a,Ann,ann@shop.example,13800138123,true,true,2023-01-01
b,Bob,bob@shop.example,13800138124,true,true,2023-01-01
c,Cai,cai@shop.example,13800138125,true,true,2023-01-01
d,Dan,dan@shop.example,13800138126,true,true,2023-01-01
e,Eve,,,false,false,2023-01-01
`)
	loadText(t, e, "orders", "orders.csv", "customer,date,amount\na,2024-06-01,50\na,2024-06-20,50\nb,2024-06-10,40\nc,2024-06-11,30\nd,2024-06-12,20\ne,2024-06-13,10\n")
	e.Config.Contact.Control = 0
	e.Config.Lifecycle.New, e.Config.Lifecycle.Active = 1, 90 // everybody is active
	score(t, e, "2024-06-30")
	return e
}

// target cuts a list of the active customers for text messages, ranked by money.
func target(t testing.TB, e *engine.Engine, change func(*engine.Cut)) engine.Cutting {
	t.Helper()
	cut := engine.Cut{Segment: "lifecycle/active", Channel: "sms", Rank: "net_revenue", File: engine.ListFile{To: filepath.Join(e.Dir, "out.csv"), Columns: []string{"customer_id", "phone"}}}
	if change != nil {
		change(&cut)
	}
	done, err := e.Target(context.Background(), cut, nil)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func content(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTargetSmall(t *testing.T) {
	e := smallShop(t)
	store := content(t, filepath.Join(e.Dir, "clientele.duckdb"))
	half := 0.5
	done := target(t, e, func(c *engine.Cut) { c.Campaign, c.Control = "autumn", &half })
	if done.ID != "2024-06-30-1" || done.On != "2024-07-01" || done.Treated+done.Kept != 4 {
		t.Errorf("%+v", done)
	}
	if content(t, filepath.Join(e.Dir, "clientele.duckdb")) != store {
		t.Error("the store was changed")
	}
	expect(t, e, `SELECT list_id, segment, as_of, "on", channel, campaign_id, treated + control, cancelled, scheme, arm FROM lists`,
		"2024-06-30-1|active|2024-06-30|2024-07-01|sms|autumn|4|false|lifecycle|treated")
	expect(t, e, "SELECT customer_id, rank FROM list_members ORDER BY rank", "a|1", "b|2", "c|3", "d|4")
	expect(t, e, "SELECT source, count(DISTINCT response_id), min(event), min(occurred_on), min(occurred_at), max(occurred_day) FROM responses WHERE campaign_id = 'autumn' GROUP BY ALL",
		fmt.Sprintf("lists|4|assigned|2024-07-01|2024-07-01T00:00:00Z|%d", dayOf(t, "2024-07-01")))
	expect(t, e, fmt.Sprintf("SELECT count(*) FILTER (arm = 'treated') = %d, count(*) FILTER (arm = 'control') = %d FROM responses", done.Treated, done.Kept), "true|true")
	if _, err := e.CancelList(context.Background(), done.ID, "wrong text"); err != nil {
		t.Fatal(err)
	}
	expect(t, e, "SELECT count(*) FROM responses", "0")
	expect(t, e, "SELECT cancelled FROM lists", "true")
	expect(t, e, "SELECT count(*) FROM list_members", "4")

	// A list without a campaign assigns nobody; its treated customers are contacts all the same.
	e.Config.Contact.Caps = []config.Cap{{Contacts: 1, Days: 7}}
	first := target(t, e, func(c *engine.Cut) { c.Limit = 2 })
	expect(t, e, "SELECT count(*) FROM responses", "0")
	second := target(t, e, func(c *engine.Cut) { c.On = "2024-07-07" }) // the seventh day
	if ids := fileIDs(t, second.File); first.Treated != 2 || !slices.Equal(ids, []string{"c", "d"}) {
		t.Errorf("%+v, then %v", first, ids)
	}
	if ids := fileIDs(t, target(t, e, func(c *engine.Cut) { c.On = "2024-07-08" }).File); !slices.Equal(ids, []string{"a", "b"}) { // c and d were a day ago
		t.Errorf("on the eighth day: %v", ids)
	}
}

// A dry run says the same as a cut and leaves nothing.
func TestTargetDryRun(t *testing.T) {
	e := smallShop(t)
	var told engine.Cutting
	cut := engine.Cut{Segment: "active", Channel: "email", DryRun: true}
	done, err := e.Target(context.Background(), cut, func(c engine.Cutting) error { told = c; return nil })
	if err != nil || done.ID != "" || told.Treated != 4 || !told.DryRun {
		t.Errorf("%+v, %v", done, err)
	}
	if _, err := os.Stat(filepath.Join(e.Dir, "lists")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a dry run made a folder")
	}
	cut.DryRun, cut.File.To = false, filepath.Join(e.Dir, "out.csv")
	stop := errors.New("enough")
	if _, err := e.Target(context.Background(), cut, func(engine.Cutting) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if lists, err := e.Lists(); err != nil || lists.Rows() != 0 {
		t.Error("what was stopped was cut")
	}
	done = target(t, e, func(c *engine.Cut) { *c = cut })
	if done.Treated != told.Treated || len(done.Steps) != len(told.Steps) {
		t.Errorf("%+v, announced %+v", done, told)
	}
}

func TestTargetRefuses(t *testing.T) {
	e := smallShop(t)
	out := filepath.Join(e.Dir, "out.csv")
	good := engine.Cut{Segment: "lifecycle/active", Channel: "sms", File: engine.ListFile{To: out}}
	many := 0.95
	for name, c := range map[string]struct {
		change func(*engine.Cut)
		want   string
	}{
		"channel":        {func(c *engine.Cut) { c.Channel = "fax" }, `channel "fax": not one of email, sms, phone, post`},
		"segment":        {func(c *engine.Cut) { c.Segment = "VIP" }, `no segment "VIP" as of 2024-06-30: there are `},
		"no segment":     {func(c *engine.Cut) { c.Segment = "" }, "neither a segment nor a rule"},
		"rule":           {func(c *engine.Cut) { c.Where = "orders >" }, "character 9"},
		"name in a rule": {func(c *engine.Cut) { c.Where = "ordres > 1" }, "did you mean orders"},
		"rank":           {func(c *engine.Cut) { c.Rank = "beauty" }, `rank "beauty": no column of scores: there are value, risk, `},
		"rank by words":  {func(c *engine.Cut) { c.Rank = "-rfm_segment" }, "holds no numbers or days"},
		"strata":         {func(c *engine.Cut) { c.Stratify = []string{"city"} }, `stratify "city": no column of scores`},
		"control":        {func(c *engine.Cut) { c.Control = &many }, "control 0.95: not between 0 and 0.9"},
		"arm":            {func(c *engine.Cut) { c.Arm = "control" }, "is what the control group is called"},
		"limit":          {func(c *engine.Cut) { c.Limit = -1 }, "below zero"},
		"budget alone":   {func(c *engine.Cut) { c.Budget = "5" }, "go together"},
		"budget":         {func(c *engine.Cut) { c.Budget, c.Cost = "much", "1" }, `budget "much": not an amount`},
		"cost":           {func(c *engine.Cut) { c.Budget, c.Cost = "5", "1/2" }, `cost of one contact "1/2": not an amount`},
		"no cost":        {func(c *engine.Cut) { c.Budget, c.Cost = "5", "0.0" }, "is zero"},
		"small budget":   {func(c *engine.Cut) { c.Budget, c.Cost = "5", "5.01" }, "does not pay for one contact"},
		"on":             {func(c *engine.Cut) { c.On = "2024-06-29" }, "is before the day of the run"},
		"day":            {func(c *engine.Cut) { c.On = "soon" }, "not a day"},
		"run":            {func(c *engine.Cut) { c.AsOf = "2024-01-01" }, "no run as of 2024-01-01"},
		"file":           {func(c *engine.Cut) { c.File.To = "" }, "a file is needed"},
		"folder":         {func(c *engine.Cut) { c.File.To = e.Dir }, "is a folder"},
		"no folder":      {func(c *engine.Cut) { c.File.To = filepath.Join(e.Dir, "no", "out.csv") }, "no such file"},
		"layout":         {func(c *engine.Cut) { c.File.Layout = "doc" }, `layout "doc"`},
		"language":       {func(c *engine.Cut) { c.File.Lang = "de" }, `lang "de"`},
		"column":         {func(c *engine.Cut) { c.File.Columns = []string{"phone", "password"} }, `column "password": there are customer_id, rank, value, name, email`},
		"typo":           {func(c *engine.Cut) { c.File.Columns = []string{"phone", "fist_name"} }, `column "fist_name": did you mean "first_name"?`},
		"typo in a rank": {func(c *engine.Cut) { c.Rank = "-recency_day" }, `did you mean "recency_days"?`},
		"attribute":      {func(c *engine.Cut) { c.File.Columns = []string{"phone", "attribute.shoe size"} }, "no customer has that attribute"},
	} {
		cut := good
		c.change(&cut)
		_, err := e.Target(context.Background(), cut, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
	entries, err := os.ReadDir(filepath.Join(e.Dir, "lists"))
	if err != nil && !errors.Is(err, os.ErrNotExist) || len(entries) > 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if left, err := filepath.Glob(filepath.Join(e.Dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := e.ExportList(context.Background(), "2024-06-30-7", good.File); err == nil || !strings.HasPrefix(err.Error(), `there is no list "2024-06-30-7"`) {
		t.Error(err)
	}
}

// One name in two schemes has to be told apart.
func TestTargetAmbiguous(t *testing.T) {
	e := smallShop(t)
	e.Config.RFM = config.RFM{Scheme: "custom", Monetary: "total", Rule: "values", Segments: []config.Segment{{Name: "prospect", Codes: []string{"1**"}}, {Name: "Active", Codes: []string{"***"}}}}
	score(t, e, "2024-06-30")
	_, err := e.Target(context.Background(), engine.Cut{Segment: "ACTIVE", Channel: "sms", DryRun: true}, nil)
	if err == nil || err.Error() != `segment "ACTIVE" is more than one: write "lifecycle/active" or "rfm custom/Active"` {
		t.Error(err)
	}
	e.Config.Contact.Exclude = []string{"aCTIVE"}
	if _, err := e.Target(context.Background(), engine.Cut{Segment: "lifecycle/active", Channel: "sms", DryRun: true}, nil); err == nil || !strings.HasPrefix(err.Error(), "contact.exclude: segment") {
		t.Error(err)
	}
}

func TestBudget(t *testing.T) {
	e := smallShop(t)
	for _, c := range []struct {
		budget, cost string
		limit        int64
		want         []string
	}{{"0.3", "0.1", 0, []string{"a", "b", "c"}}, {"0.29", "0.1", 0, []string{"a", "b"}}, {"100", "1", 2, []string{"a", "b"}}, {"100", "1", 0, []string{"a", "b", "c", "d"}}, {"1", "1", 3, []string{"a"}}} {
		done := target(t, e, func(cut *engine.Cut) { cut.Budget, cut.Cost, cut.Limit = c.budget, c.cost, c.limit })
		if got := fileIDs(t, done.File); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
	done := target(t, e, func(c *engine.Cut) { c.Rank, c.Limit = "-last_order_on", 2 })
	if got := fileIDs(t, done.File); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("the longest silent first: %v", got)
	}
}

// Between cutting and writing the file again things happen: the list stays, and the
// file leaves out whom one may not contact any more.
func TestExportLeavesOutWhoRefusedSince(t *testing.T) {
	e := smallShop(t)
	done := target(t, e, nil)
	if !slices.Equal(fileIDs(t, done.File), []string{"a", "b", "c", "d"}) {
		t.Fatal(content(t, done.File))
	}
	manifest := content(t, filepath.Join(e.Dir, "lists", done.ID, "manifest.json"))
	loadText(t, e, "responses", "responses.csv", "response_id,campaign_id,customer_id,event,occurred_at\n1,old,b,unsubscribed,2024-07-02\n")
	loadText(t, e, "customers", "newer.csv", "customer_id,phone,sms_consent,updated_at\nc,13800138125,false,2024-07-03\nd,13800138199,true,2024-07-03\n")
	write(t, e, "stop.txt", "+86 138-0013-8123\n")
	e.Config.Contact.Suppress = []string{"stop.txt"}
	exported, err := e.ExportList(context.Background(), done.ID, engine.ListFile{To: done.File, Columns: []string{"customer_id", "phone", "list_id", "arm", "rank", "value"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, done.File); got != "\ufeffCustomer ID,Phone,List,Arm,Rank,Value\r\nd,\"=\"\"+8613800138199\"\"\",\"=\"\"2024-06-30-1\"\"\",treated,4,20\r\n" || exported.Written != 1 {
		t.Errorf("%q, %+v", got, exported)
	}
	var steps []string
	for _, s := range exported.Steps {
		steps = append(steps, fmt.Sprint(s.Step, " ", s.Fell, " ", s.Left))
	}
	if got := strings.Join(steps, ", "); got != "segment 0 4, consent 1 3, suppressed 1 2, opted_out 1 1" {
		t.Error(got)
	}
	if content(t, filepath.Join(e.Dir, "lists", done.ID, "manifest.json")) != manifest {
		t.Error("the list was changed")
	}
	if _, err := e.CancelList(context.Background(), done.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := e.ExportList(context.Background(), done.ID, engine.ListFile{To: done.File}); err == nil || !strings.Contains(err.Error(), "is cancelled: by hand") {
		t.Error(err)
	}
	if _, err := e.CancelList(context.Background(), done.ID, ""); err == nil {
		t.Error("cancelled twice")
	}
	if _, err := e.RecutList(context.Background(), done.ID, engine.Cut{DryRun: true}, nil); err == nil {
		t.Error("a cancelled list was cut anew")
	}
}

// On a later run, with others in the segment, customers keep their arms, and the
// caps do not count the list that is replaced.
func TestRecutKeepsArms(t *testing.T) {
	t.Parallel()
	s := newTargetShop(t, 4, 240)
	s.Config.Contact.Caps = []config.Cap{{Contacts: 1, Days: 30, Channel: "email"}, {Contacts: 1, Days: 30, Channel: "sms"}}
	share, ctx := 0.3, context.Background()
	file := engine.ListFile{To: filepath.Join(s.Dir, "out.csv")}
	var firsts []engine.Cutting
	for channel, strata := range map[string][]string{"email": nil, "sms": {"churn_band"}} {
		first, err := s.Target(ctx, engine.Cut{Where: "orders in 90 days >= 1", Channel: channel, Campaign: channel + " in spring", Control: &share, Stratify: strata, File: file}, nil)
		if err != nil {
			t.Fatal(err)
		}
		firsts = append(firsts, first)
	}
	score(t, s.Engine, "2024-07-15")
	for _, first := range firsts {
		again, err := s.RecutList(ctx, first.ID, engine.Cut{File: file}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if again.AsOf != "2024-07-15" || again.On != "2024-07-16" || again.Seed != first.Seed || !slices.Equal(again.Stratified, first.Stratified) {
			t.Errorf("%+v", again)
		}
		before, after, same := membersOf(t, s.Engine, first.ID), membersOf(t, s.Engine, again.ID), 0
		for id, arm := range after {
			if before[id] != "" {
				same++
				if before[id] != arm {
					t.Errorf("%s was %s and is %s", id, before[id], arm)
				}
			}
		}
		if same < 15 || same == len(before) {
			t.Errorf("%d of %d and %d are on both lists: the test proves little", same, len(before), len(after))
		}
	}
}

// Ids of the run that are one customer by now are one contact, and the list counts
// for the customer that they are.
func TestMergedSinceTheRun(t *testing.T) {
	e := smallShop(t)
	loadText(t, e, "customers", "link.csv", "customer_id,email,updated_at\nb,ann@shop.example,2024-07-01\n")
	expect(t, e, "SELECT customer_id FROM customers ORDER BY 1", "a", "c", "d", "e")
	done := target(t, e, func(c *engine.Cut) { c.Campaign = "spring" })
	if ids := fileIDs(t, done.File); !slices.Equal(ids, []string{"a", "c", "d"}) || done.Steps[1].Step != list.StepUnknown || done.Steps[1].Fell != 1 {
		t.Errorf("%v, %+v", ids, done.Steps)
	}
	removed, err := e.ListRemoved(context.Background(), done.ID, 0)
	if err != nil || removed.Rows() != 2 || string(removed.Column("reason").Texts.At(0)) != "a" {
		t.Errorf("%d removed, %v", removed.Rows(), err)
	}
	// And they can be parted again: the list goes on to mean whom it was cut for.
	loadText(t, e, "customers", "link2.csv", "customer_id,email,updated_at\nc,dan@shop.example,2024-07-02\n")
	expect(t, e, "SELECT customer_id, count(*) FROM list_members GROUP BY 1 ORDER BY 1", "a|1", "c|2")
	expect(t, e, "SELECT customer_id, count(*) FROM responses WHERE event = 'assigned' GROUP BY 1 ORDER BY 1", "a|1", "c|2")
}

// A treated customer who turns out to be somebody of the control group is not written
// to a file again.
func TestExportLeavesOutWhoIsKeptBack(t *testing.T) {
	e := smallShop(t)
	half := 0.5
	done := target(t, e, func(c *engine.Cut) { c.Campaign, c.Control = "autumn", &half })
	members := membersOf(t, e, done.ID)
	var treated, kept string
	for _, id := range []string{"a", "b", "c", "d"} {
		if members[id] == "control" {
			kept = id
		} else {
			treated = id
		}
	}
	if treated == "" || kept == "" {
		t.Fatalf("one arm is empty: %v", members)
	}
	mail := map[string]string{"a": "ann", "b": "bob", "c": "cai", "d": "dan"}[kept] + "@shop.example"
	loadText(t, e, "customers", "link.csv", "customer_id,email,updated_at\n"+treated+","+mail+",2024-07-01\n")
	exported, err := e.ExportList(context.Background(), done.ID, engine.ListFile{To: done.File})
	if err != nil {
		t.Fatal(err)
	}
	ids := fileIDs(t, done.File)
	if slices.Contains(ids, treated) || slices.Contains(ids, kept) || exported.Written != done.Treated-1 {
		t.Errorf("%s is %s by now, and the file has %v: %+v", treated, kept, ids, exported)
	}
	if last := exported.Steps[len(exported.Steps)-1]; last.Step != list.StepControl || last.Fell != 1 {
		t.Errorf("%+v", exported.Steps)
	}
}

func TestSuppressionFiles(t *testing.T) {
	e := smallShop(t)
	cut := engine.Cut{Segment: "active", Channel: "sms", DryRun: true}
	e.Config.Contact.Suppress = []string{"stop.csv"}
	if _, err := e.Target(context.Background(), cut, nil); err == nil || !strings.HasPrefix(err.Error(), "contact.suppress: stop.csv: there is no such file") {
		t.Error(err)
	}
	write(t, e, "stop.csv", "customer_id,phone\na,\n\"b\n")
	if _, err := e.Target(context.Background(), cut, nil); err == nil || !strings.HasPrefix(err.Error(), "contact.suppress: stop.csv:3: ") {
		t.Error(err)
	}
	write(t, e, "stop.csv", "客户编号,手机号,note\na,,x\n,138 0013 8124,\nnobody,,\n,???,\n,,\n")
	var told engine.Cutting
	if _, err := e.Target(context.Background(), cut, func(c engine.Cutting) error { told = c; return nil }); err != nil {
		t.Fatal(err)
	}
	if f := told.Suppress[0]; f.Entries != 3 || f.Matched != 2 || f.Unreadable != 2 || told.Treated != 2 {
		t.Errorf("%+v, %+v", f, told.Steps)
	}
	var notes []string
	for _, n := range told.Notes {
		if strings.HasPrefix(n.Code, "suppression") {
			notes = append(notes, n.En, n.Zh)
		}
	}
	if got := strings.Join(notes, "\n"); got != "stop.csv: lines that could not be read as an id, an e-mail address or a telephone number: 2, the first one is stop.csv:5.\nstop.csv：有 2 行无法识别为客户编号、邮箱或电话号码，首行为 stop.csv:5。\nstop.csv: 1 of 3 entries name nobody in the store.\nstop.csv：3 条记录中有 1 条在库中找不到对应客户。" {
		t.Error(got)
	}
}

// With another key, or without the one that there was, control groups would be
// others: nothing is cut.
func TestTargetNeedsItsKey(t *testing.T) {
	e := smallShop(t)
	path := filepath.Join(e.Dir, "clientele.key")
	key := content(t, path)
	cut := engine.Cut{Segment: "active", Channel: "sms", DryRun: true}
	for _, text := range []string{"", strings.Repeat("0", 64)} {
		var err error
		if text == "" {
			err = os.Remove(path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Target(context.Background(), cut, nil); err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
			t.Error(err)
		}
	}
	if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Who fell is written with words for the steps, and a workbook goes its way too.
func TestExportRemoved(t *testing.T) {
	e := smallShop(t)
	done := target(t, e, func(c *engine.Cut) { c.File.To, c.File.Layout = filepath.Join(e.Dir, "out.xlsx"), "" })
	if text := content(t, done.File); !strings.HasPrefix(text, "PK") || done.Written != 4 {
		t.Errorf("%d bytes, %+v", len(text), done)
	}
	path := filepath.Join(e.Dir, "removed.csv")
	n, err := e.ExportRemoved(context.Background(), done.ID, engine.ListFile{To: path, Lang: "zh"})
	if got := content(t, path); err != nil || n != 1 || got != "\ufeff客户编号,步骤,原因\r\ne,无该渠道联系方式,\r\n" {
		t.Errorf("%d, %q, %v", n, got, err)
	}
	if _, err := e.ExportRemoved(context.Background(), done.ID, engine.ListFile{To: path, Layout: "sms"}); err == nil {
		t.Error("removed customers as telephone numbers")
	}
}

// A rule narrows a segment, or stands alone.
func TestTargetByRule(t *testing.T) {
	e := smallShop(t)
	done := target(t, e, func(c *engine.Cut) { c.Where = "orders in 30 days >= 1 and net_revenue < 45" })
	if ids := fileIDs(t, done.File); !slices.Equal(ids, []string{"b", "c", "d"}) || done.Rule != "orders in 30 days >= 1 and net_revenue < 45" {
		t.Errorf("%v, %q", ids, done.Rule)
	}
	done = target(t, e, func(c *engine.Cut) { c.Segment, c.Where = "", "orders  =  2" })
	if ids := fileIDs(t, done.File); !slices.Equal(ids, []string{"a"}) || done.Rule != "orders = 2" || done.Segment != "" {
		t.Errorf("%v, %q", ids, done.Rule)
	}
	again, err := e.RecutList(context.Background(), done.ID, engine.Cut{File: engine.ListFile{To: done.File}}, nil)
	if err != nil || again.Rule != "orders = 2" || again.Treated != 1 {
		t.Errorf("%+v, %v", again, err)
	}
}
