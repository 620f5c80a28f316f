package engine_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/list"
	"clientele/engine/table"
)

// fixedKey is the key of the workspaces of these tests.
func fixedKey() []byte { return []byte(strings.Repeat("\x01\x23\x45\x67\x89\xab\xcd\xef", 4)) }

// whyOf is at which step a customer of a list fell and why; empty for one who did not.
func whyOf(t testing.TB, e *engine.Engine, list, customer string) string {
	t.Helper()
	removed, err := e.ListRemoved(context.Background(), list, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range removed.Rows() {
		if string(removed.Column("customer_id").Texts.At(i)) == customer {
			return string(removed.Column("step").Texts.At(i)) + " " + string(removed.Column("reason").Texts.At(i))
		}
	}
	return ""
}

// heldOut is the one of some customers whom the least share of a universal control
// group takes, and that share.
func heldOut(ids ...string) (who string, share float64) {
	share = math.Inf(1)
	for _, id := range ids {
		if h := math.Ldexp(float64(list.Hash(fixedKey(), "universal control", "", []byte(id))), -64); h < share {
			who, share = id, h
		}
	}
	return who, share + 1e-9
}

// Who was held out by a list stays out under the id that theirs was merged into, in
// new lists and in files of old ones, as long as the share takes the old id; and the
// list says what the group comes to.
func TestHeldOutStayOutWhenMerged(t *testing.T) {
	e := smallShop(t)
	held, share := heldOut("b", "c", "d")
	if _, least := heldOut("a", "b", "c", "d"); least != share {
		t.Fatal("a is drawn first: these ids are of no use")
	}
	e.Config.Contact.Universal = share
	first := target(t, e, nil)
	if got := whyOf(t, e, first.ID, held); got != "universal "+held || *first.Held != (list.Held{Looked: 4, Own: 1}) {
		t.Fatalf("%s, %+v", got, first.Held)
	}
	loadText(t, e, "customers", "link.csv", "customer_id,email,updated_at\n"+held+",ann@shop.example,2024-07-01\n")
	expect(t, e, "SELECT count(*) FROM customers WHERE customer_id = '"+held+"'", "0")

	second := target(t, e, nil)
	if got := whyOf(t, e, second.ID, "a"); got != "universal "+held || *second.Held != (list.Held{Looked: 3, Former: 1}) {
		t.Errorf("%s, %+v", got, second.Held)
	}
	var said list.Note
	for _, n := range second.Notes {
		if n.Code == "universal_share" {
			said = n
		}
	}
	if !strings.HasPrefix(said.En, "The universal control group takes 33.3 % of the 3") || !strings.Contains(said.En, ": 1 of them were held out by an earlier list") || !strings.Contains(said.Zh, "33.3%") {
		t.Errorf("%+v", said)
	}
	out := filepath.Join(e.Dir, "again.csv")
	if _, err := e.ExportList(context.Background(), first.ID, engine.ListFile{To: out, Columns: []string{"customer_id"}}); err != nil || slices.Contains(fileIDs(t, out), "a") {
		t.Errorf("%v, %v", fileIDs(t, out), err)
	}
	e.Config.Contact.Universal = share / 2 // the group is smaller now, without that id
	if third := target(t, e, nil); !slices.Contains(fileIDs(t, third.File), "a") || third.Held.All() != 0 {
		t.Errorf("%+v, %v", third.Held, fileIDs(t, third.File))
	}
}

// Who was in the control group of a campaign is so under the id that theirs was merged
// into too.
func TestControlStaysControlWhenMerged(t *testing.T) {
	e := smallShop(t)
	half := 0.5
	in := func(c *engine.Cut) { c.Campaign, c.Control = "autumn", &half }
	members := membersOf(t, e, target(t, e, in).ID)
	kept := ""
	for _, id := range []string{"b", "c", "d"} {
		if members[id] == list.Control {
			kept = id
		}
	}
	if members["a"] != list.Treated || kept == "" {
		t.Fatalf("a is to be treated and somebody else kept back: %v", members)
	}
	loadText(t, e, "customers", "link.csv", "customer_id,email,updated_at\n"+kept+",ann@shop.example,2024-07-01\n")
	again := target(t, e, in)
	if got := membersOf(t, e, again.ID)["a"]; got != list.Control {
		t.Errorf("a is %s by now and %q", kept, got)
	}
}

// A bounce counts until a later message of the channel has arrived, and for the address
// that it tells; who unsubscribed has, whatever was opened later.
func TestBounces(t *testing.T) {
	e := smallShop(t)
	loadText(t, e, "campaigns", "campaigns.csv", "campaign_id,name,channel\nTEXT,t,sms\nMAIL,m,email\nODD,o,\n")
	loadText(t, e, "responses", "responses.csv", `response_id,campaign_id,customer_id,event,occurred_at,email
1,TEXT,a,bounced,2024-03-01,
2,TEXT,a,delivered,2024-04-01,
3,TEXT,b,bounced,2024-03-01,
4,MAIL,b,delivered,2024-04-01,
5,ODD,b,opened,2024-04-01,
6,TEXT,b,sent,2024-04-01,
7,TEXT,c,delivered,2024-03-01,
8,ODD,c,bounced,2024-03-01,
9,TEXT,d,unsubscribed,2024-03-01,
10,TEXT,d,clicked,2024-04-01,
11,MAIL,a,bounced,2024-03-01,old@shop.example
12,MAIL,a,delivered,2024-04-01,ann@shop.example
13,MAIL,c,bounced,2024-03-01,cai@shop.example
14,MAIL,c,opened,2024-04-01,cai@shop.example
`)
	if got := fileIDs(t, target(t, e, nil).File); !slices.Equal(got, []string{"a"}) {
		t.Errorf("text messages to %v", got)
	}
	done := target(t, e, func(c *engine.Cut) { c.Channel = "email"; c.File.Columns = []string{"customer_id", "email"} })
	if got := fileIDs(t, done.File); !slices.Equal(got, []string{"a", "b", "d"}) {
		t.Errorf("e-mails to %v; b: %s, a: %s, c: %s", got, whyOf(t, e, done.ID, "b"), whyOf(t, e, done.ID, "a"), whyOf(t, e, done.ID, "c"))
	}
}

// A segment of contact.exclude keeps a customer out of the file of a list that was cut
// before the customer came into it.
func TestExportLeavesOutExcluded(t *testing.T) {
	e := smallShop(t)
	done := target(t, e, nil)
	loadText(t, e, "orders", "more.csv", "customer,date,amount\nb,2024-07-01,5000\n")
	e.Config.Segments = append(e.Config.Segments, config.Own{Name: "rich", Rule: "net_revenue > 1000"})
	score(t, e, "2024-07-02")
	e.Config.Contact.Exclude = []string{"rich"}
	exported, err := e.ExportList(context.Background(), done.ID, engine.ListFile{To: done.File})
	if err != nil {
		t.Fatal(err)
	}
	if got := fileIDs(t, done.File); !slices.Equal(got, []string{"a", "c", "d"}) {
		t.Errorf("%v, %+v", got, exported.Steps)
	}
	if last := exported.Steps[len(exported.Steps)-1]; last.Step != list.StepExclude || last.Fell != 1 {
		t.Errorf("%+v", exported.Steps)
	}
	e.Config.Contact.Exclude = []string{"poor"}
	if _, err := e.ExportList(context.Background(), done.ID, engine.ListFile{To: done.File}); err == nil || !strings.HasPrefix(err.Error(), `contact.exclude: no segment "poor" as of 2024-07-02`) {
		t.Error(err)
	}
}

// The base rate of a list is what the same selection did after an earlier run; without
// one what the model expects; and of those whom no model knows what they did before.
func TestBaseRate(t *testing.T) {
	t.Parallel()
	s := newTargetShop(t, 5, 240)
	share := 0.3
	cut := engine.Cut{Where: "recency_days > 30", Channel: "post", Control: &share, DryRun: true}
	rate := func(cut engine.Cut) list.Power {
		t.Helper()
		var told engine.Cutting
		if _, err := s.Target(context.Background(), cut, func(c engine.Cutting) error { told = c; return nil }); err != nil || told.Power == nil {
			t.Fatalf("%+v, %v", told, err)
		}
		return *told.Power
	}
	p := rate(cut)
	if p.Source != list.BaseModel || p.Day != targetDay || !(p.Base > 0.01 && p.Base < 0.9) || p.Buyers != 0 {
		t.Errorf("of the model: %+v", p)
	}
	never := cut
	never.Where = "orders = 0"
	if p := rate(never); p.Source != list.BaseBefore || p.Base != 0 {
		t.Errorf("of those who never ordered: %+v", p)
	}

	// By hand: who was silent then and ordered in the 30 days after.
	score(t, s.Engine, "2024-04-30")
	score(t, s.Engine, "2024-06-15") // its days are not over
	cut.AsOf = targetDay
	hand := rows(t, s.Engine, `SELECT count(*), count(*) FILTER (c.customer_id IN (
  SELECT o.customer_id FROM orders AS o WHERE o.counted AND o.ordered_on > DATE '2024-04-30' AND o.ordered_on <= DATE '2024-04-30' + 30))
FROM scores AS c WHERE c.as_of = DATE '2024-04-30' AND c.recency_days > 30`)[0]
	p = rate(cut)
	if got := fmt.Sprintf("%d|%d", p.Of, p.Buyers); got != hand || p.Source != list.BaseEarlier || p.Day != "2024-04-30" || p.Of < 100 || p.Base != float64(p.Buyers)/float64(p.Of) {
		t.Errorf("%+v, by hand %s", p, hand)
	}
	// With a limit it is of those who ranked as high.
	top := cut
	top.Limit, top.Rank = 20, "-recency_days"
	if best := rate(top); best.Of >= p.Of || best.Of < 100 && best.Source == list.BaseEarlier {
		t.Errorf("%+v of %d", best, p.Of)
	}
	if s.Config.Campaigns.Window != 30 {
		t.Errorf("the window is %d days: the test counts 30", s.Config.Campaigns.Window)
	}
	// The file is written of this run, and not of the one that was looked at.
	out := filepath.Join(s.Dir, "out.csv")
	cut.DryRun, cut.File = false, engine.ListFile{To: out, Layout: "plain", Columns: []string{"customer_id", "recency_days"}}
	if _, err := s.Target(context.Background(), cut, nil); err != nil {
		t.Fatal(err)
	}
	id, days, _ := strings.Cut(strings.Split(content(t, out), "\r\n")[1], ",")
	expect(t, s.Engine, "SELECT recency_days FROM scores WHERE as_of = DATE '"+targetDay+"' AND customer_id = '"+id+"'", days)
}

// When a list was cut is noted, and changes nothing of it.
func TestCutAt(t *testing.T) {
	e := smallShop(t)
	e.Now = time.Date(2024, 7, 1, 9, 30, 0, 0, time.FixedZone("", 8*3600))
	first := target(t, e, nil)
	e.Now = e.Now.Add(time.Hour)
	second := target(t, e, nil)
	if first.CutAt != "2024-07-01T01:30:00Z" || second.CutAt != "2024-07-01T02:30:00Z" {
		t.Errorf("%s, %s", first.CutAt, second.CutAt)
	}
	a, errA := os.ReadFile(filepath.Join(e.Dir, "lists", first.ID, list.RemovedName))
	b, errB := os.ReadFile(filepath.Join(e.Dir, "lists", second.ID, list.RemovedName))
	if errA != nil || errB != nil || string(a) != string(b) || !maps.Equal(membersOf(t, e, first.ID), membersOf(t, e, second.ID)) {
		t.Errorf("the lists differ, %v, %v", errA, errB)
	}
}

// Reasons are in words of the language of who reads them, whatever they name.
func TestRemovedInWords(t *testing.T) {
	steps, reasons := table.NewColumn(table.Field{Name: "step", Kind: table.Text}, 0), table.NewColumn(table.Field{Name: "reason", Kind: table.Text}, 0)
	ids := table.NewColumn(table.Field{Name: "customer_id", Kind: table.Text}, 0)
	want := [][3]string{}
	add := func(step, reason, en, zh string) {
		ids.Texts.AppendString(fmt.Sprint(len(want)))
		steps.Texts.AppendString(step)
		reasons.Texts.AppendString(reason)
		want = append(want, [3]string{step, en, zh})
	}
	add(list.StepUnknown, "", "not in the store any more", "库中已不存在")
	add(list.StepUnknown, "a$1", "is customer a$1 by now", "已并入客户 a$1")
	add(list.StepReach, "", "", "")
	add(list.StepConsent, "not asked", "never asked", "未征询过")
	add(list.StepConsent, "refused", "refused", "已拒绝")
	add(list.StepConsent, "refused (web:7)", "refused by customer web:7 with the same contact", "联系方式相同的客户 web:7 已拒绝")
	add(list.StepSuppress, "stop.csv:12", "stop.csv:12", "stop.csv:12")
	add(list.StepOptOut, "bounced 2024-05-01 spring sale", "bounced on 2024-05-01, campaign spring sale", "2024-05-01 退信，活动 spring sale")
	add(list.StepOptOut, "unsubscribed 2024-05-01 茶", "unsubscribed on 2024-05-01, campaign 茶", "2024-05-01 退订，活动 茶")
	add(list.StepComplaint, "2024-05-01 (b)", "on 2024-05-01, customer b with the same contact", "联系方式相同的客户 b 于 2024-05-01 投诉")
	add(list.StepCap, "3 in 30 days", "3 contacts within 30 days", "30 天内触达 3 次")
	add(list.StepExclude, "lifecycle/lost", "lifecycle/lost", "lifecycle/lost")
	add(list.StepDuplicate, "b", "customer b", "客户 b")
	add(list.StepUniversal, "b", "customer b is held out", "客户 b 属于全局对照组")
	add(list.StepCap, "some other form", "some other form", "some other form")
	in := table.New(ids, steps, reasons)
	for k, lang := range []string{"en", "zh"} {
		out := engine.RemovedInWords(in, lang)
		for i, w := range want {
			step, zh := list.StepWords(w[0])
			if lang == "zh" {
				step = zh
			}
			if got := string(out.Column("step").Texts.At(i)); got != step {
				t.Errorf("%s, %s: %q", w[0], lang, got)
			}
			if got := string(out.Column("reason").Texts.At(i)); got != w[1+k] {
				t.Errorf("%s, %s: %q, want %q", w[0], lang, got, w[1+k])
			}
		}
	}
}

// What a list is cut from is compared with what was published: a run, and the lists
// that say who was contacted.
func TestDamagedInputsAreRefused(t *testing.T) {
	e := smallShop(t)
	e.Config.Contact.Caps = []config.Cap{{Contacts: 1, Days: 7}}
	first := target(t, e, func(c *engine.Cut) { c.Limit = 2 })
	cut := engine.Cut{Segment: "lifecycle/active", Channel: "sms", DryRun: true}
	l, err := e.List(first.ID)
	if err != nil {
		t.Fatal(err)
	}
	scores := filepath.Join(e.Dir, "exports", "as_of=2024-06-30", "scores.parquet")
	for path, want := range map[string]string{
		scores:                    "not as it was published",
		l.File(list.MembersName):  "members.parquet was changed since it was cut",
		l.File(list.ManifestName): "manifest.json: not as it was written",
	} {
		whole := content(t, path)
		damaged := []byte(whole)
		damaged[len(damaged)/2] ^= 1
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Target(context.Background(), cut, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
		if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Target(context.Background(), cut, nil); err != nil {
		t.Error(err)
	}
}
