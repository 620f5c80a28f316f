package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/queries"
)

// Of a store in which the checks find nothing, and into which rows come in all the ways
// in which loading brings them, what is looked at by itself is wrong exactly where the
// whole check finds something.
func TestRecheck(t *testing.T) {
	t.Parallel()
	found, clean := map[string]int{}, map[string]int{}
	db, err := openSchema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	shop := &recheckShop{t: t, r: rand.New(rand.NewPCG(10, 10)), db: db}
	shop.before()
	for name, failed := range shop.failed() {
		if failed > 0 {
			t.Fatalf("%s fails before anything is loaded", name)
		}
	}
	for range 80 {
		insert(t, db, "BEGIN")
		shop.did = nil
		news := shop.loads()
		for name, failed := range shop.failed() {
			known := &recheck{proven: rechecked(), since: news}
			is, err := known.clean(t.Context(), db, name)
			if err != nil {
				t.Fatal(err)
			}
			if doubts := name == "line_sums" || name == "orphan_lines"; is && failed > 0 || !is && failed == 0 && !doubts {
				t.Errorf("%s: clean %v, and %d are wrong: %s", name, is, failed, strings.Join(shop.did, "; "))
			}
			if failed > 0 {
				found[name]++
			} else if is {
				clean[name]++
			}
		}
		insert(t, db, "ROLLBACK")
	}
	for _, name := range rechecked() {
		if found[name] < 4 || clean[name] < 4 {
			t.Errorf("%s: %d stores with a fault and %d without are no test", name, found[name], clean[name])
		}
	}
}

// recheckShop is a store that is filled row by row.
type recheckShop struct {
	t   *testing.T
	r   *rand.Rand
	db  *duck.DB
	did []string
}

func (s *recheckShop) do(format string, args ...any) {
	s.t.Helper()
	statement := fmt.Sprintf(format, args...)
	insert(s.t, s.db, statement)
	s.did = append(s.did, statement)
}

func (s *recheckShop) order(id string, member, net, batch int) {
	s.do("INSERT INTO facts.order_rows (order_id, member, ordered_at, ordered_day, counted, net, content, batch_id, line) VALUES ('%s', %d, TIMESTAMPTZ '2026-01-01', 20454, true, %d, 0, %d, 1)", id, member, net, batch)
}

func (s *recheckShop) line(id string, line, net, batch int) {
	s.do("INSERT INTO facts.order_lines (source, order_id, line, net, told_by, version, batch_id, file_line) SELECT source, '%s', %d, %d, 'lines', 0, %d, 1 FROM batches WHERE batch_id = %d", id, line, net, batch, batch)
}

func (s *recheckShop) identity(member, person int, customer string) {
	s.do("INSERT INTO identities VALUES ('', 'c%d', %d, '%s', %d, 'id')", member, member, customer, person)
}

// fact is a row of another table that is of a member.
func (s *recheckShop) fact(table, id string, member, batch int) {
	columns := map[string][2]string{
		"facts.refunds":         {"source, refund_id, member, refunded_at, refunded_on, amount, content, batch_id, line", "TIMESTAMPTZ '2026-01-02', DATE '2026-01-02', 1, 0"},
		"facts.interactions":    {"source, interaction_id, member, occurred_at, occurred_on, occurred_day, content, batch_id, line", "TIMESTAMPTZ '2026-01-02', DATE '2026-01-02', 20455, 0"},
		"facts.responses":       {"source, response_id, member, campaign_id, occurred_at, occurred_on, occurred_day, event, content, batch_id, line", "'mail', TIMESTAMPTZ '2026-01-02', DATE '2026-01-02', 20455, 'open', 0"},
		"facts.settled_refunds": {"source, refund_id, member, refunded_at, refunded_on, refunded_day, amount, told_amount, told_by, counted, batch_id, line", "TIMESTAMPTZ '2026-01-02', DATE '2026-01-02', 20455, 1, 1, 'row', true"},
	}[table]
	s.do("INSERT INTO %s (%s) SELECT source, '%s', %d, %s, %d, 1 FROM batches WHERE batch_id = %d", table, columns[0], id, member, columns[1], batch, batch)
}

// before is what the store holds at first: two sources with the same ids, people of one or
// two members, and rows below zero that stand beside others of their key.
func (s *recheckShop) before() {
	for batch := 1; batch <= 5; batch++ {
		insert(s.t, s.db, batchOf(batch, []string{"s", "s", "other", "s", "other"}[batch-1]))
	}
	insert(s.t, s.db, batchOf(0, "late"))
	insert(s.t, s.db, "UPDATE batches SET accepted = 9, kind = CASE batch_id WHEN 0 THEN 'order-lines' ELSE kind END")
	s.line("x", 1, 1, 0)
	for member := 1; member <= 12; member++ {
		person := member - member%3%2 // 1 and 4 are themselves, and so are 0, 3: some have another's
		if person == 0 {
			person = member
		}
		s.identity(member, person, fmt.Sprintf("c%d", person))
	}
	for i := range 20 {
		id := fmt.Sprintf("o%d", i)
		s.order(id, 1+i%12, 5, 1+i%2)
		s.order(id, 1+i%12, 5, 3)
		s.line(id, 1, 5, 1+i%2)
		s.line(id, 2, 5, 3)
		if i%4 == 0 {
			s.order(id, 1+i%12, -5, 1)
		}
	}
	for i, table := range []string{"facts.refunds", "facts.interactions", "facts.responses", "facts.settled_refunds"} {
		s.fact(table, "f1", 1+i, 1)
	}
}

// loads brings rows in, of which about half make a fault, and says what loading would.
func (s *recheckShop) loads() *since {
	news := &since{published: true, first: 4, settled: map[string]*table.Strings{}}
	settled := func(kind, id string) {
		if news.settled[kind] == nil {
			news.settled[kind] = &table.Strings{}
		}
		news.settled[kind].AppendString(id)
	}
	for range 2 + s.r.IntN(3) {
		old, fresh := fmt.Sprintf("o%d", s.r.IntN(20)), fmt.Sprintf("n%d", s.r.IntN(20))
		member := 1 + s.r.IntN(14) // 13 and 14 are nobody
		batch := 4 + s.r.IntN(2)
		switch s.r.IntN(14) {
		case 0:
			s.order(fresh, member, 7, batch)
		case 1: // the version that it takes the place of is not set aside
			s.order(old, 1, 7, batch)
		case 2: // a version that was set aside comes back
			settled("orders", old)
			if s.r.IntN(2) == 0 {
				s.order(old, member, 3, 1)
			}
		case 3:
			s.line(fresh, 1+s.r.IntN(2), 7, batch)
			if s.r.IntN(2) == 0 {
				s.order(fresh, 1, 7, batch)
			}
		case 4:
			settled("order-lines", old)
			if s.r.IntN(2) == 0 {
				s.line(old, 1, 0, 1)
			}
		case 5: // a line makes an order worth more than nothing
			s.line(old, 9, 1, batch)
			s.do("UPDATE facts.order_rows SET net = 0 WHERE order_id = '%s' AND net < 0", old)
		case 6:
			kind := s.r.IntN(3)
			s.fact([]string{"facts.refunds", "facts.interactions", "facts.responses"}[kind], fresh, member, batch)
		case 7:
			kind := s.r.IntN(3)
			settled([]string{"refunds", "interactions", "responses"}[kind], "f1")
			s.fact([]string{"facts.refunds", "facts.interactions", "facts.responses"}[kind], "f1", member, 1)
		case 8:
			s.fact("facts.settled_refunds", fresh, member, 1)
		case 9:
			s.do("INSERT INTO facts.customers (source, member, content, batch_id, line) VALUES ('s', %d, 0, %d, 1)", member, batch)
		case 10: // the first orders of a source that has lines
			if len(s.did) == 0 {
				insert(s.t, s.db, batchOf(6, "late"))
				s.order(fresh, 1, 7, 6)
			}
		default:
			who := s.r.IntN(15) + 1
			switch s.r.IntN(4) {
			case 0: // it may be known already
				s.identity(who, who, fmt.Sprintf("c%d", who))
			case 1: // of a customer id that another person may have
				who += 20
				s.identity(who, who, fmt.Sprintf("c%d", 1+s.r.IntN(30)))
			case 2: // of a person who may have another customer id, or be nobody
				who += 40
				s.identity(who, 1+s.r.IntN(14), fmt.Sprintf("c%d", 1+s.r.IntN(14)))
			default:
				who += 60
				s.identity(who, who, fmt.Sprintf("c%d", who))
			}
			news.people = append(news.people, int64(who))
		}
	}
	return news
}

// failed are the rows that the whole checks find.
func (s *recheckShop) failed() map[string]int64 {
	s.t.Helper()
	out := map[string]int64{}
	for _, name := range rechecked() {
		c := &check{query: queries.Get("check/" + name).SQL, CheckResult: CheckResult{Name: name}}
		if err := c.run(s.t.Context(), s.db, 1<<20); err != nil {
			s.t.Fatal(err)
		}
		out[name] = c.Failed
	}
	return out
}

// knownShop is a workspace with a series of nights that end with their checks.
type knownShop struct {
	*Engine
	t       *testing.T
	r       *rand.Rand
	files   int
	orders  int
	kind    map[string]string // columns of the sources
	batches []int             // loaded and not rolled back
	did     []string
	counted map[string]int // nights by what they knew
}

func newKnownShop(t *testing.T, seed uint64, counted map[string]int) *knownShop {
	t.Helper()
	e, err := Open(t.TempDir(), time.Now().Add(time.Hour), "test")
	if err != nil {
		t.Fatal(err)
	}
	s := &knownShop{Engine: e, t: t, r: rand.New(rand.NewPCG(seed, 7)), counted: counted, kind: map[string]string{
		"orders":      "order_id,customer_id,order_date,amount,updated_at",
		"unpriced":    "order_id,customer_id,order_date,amount,updated_at",
		"customers":   "customer_id,email,updated_at",
		"order-lines": "order_id,product_id,quantity,amount,updated_at",
		"refunds":     "refund_id,order_id,customer_id,refund_date,amount,updated_at",
	}}
	for _, name := range sortedKeys(s.kind) {
		from := config.DefaultSource()
		from.Name, from.Kind, from.Path = name, name, []string{name + "/*.csv"}
		if name == "order-lines" {
			from.Name = "unpriced"
		}
		if name == "unpriced" {
			from.Kind = "orders"
		}
		if err := os.MkdirAll(filepath.Join(e.Dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
		e.Config.Sources = append(e.Config.Sources, from)
	}
	for name := range s.kind { // each folder has a file
		s.bring(name, 6)
	}
	return s
}

// when is a moment of telling: later files mostly tell of later ones.
func (s *knownShop) when() string {
	return time.Date(2026, 1, 1+s.files/5, s.r.IntN(24), s.r.IntN(60), 0, 0, time.UTC).Format(time.DateTime)
}

// bring adds a file with rows of facts that are new, known, changed, or as they were.
func (s *knownShop) bring(name string, n int) {
	s.t.Helper()
	text := s.kind[name] + "\n"
	for range n {
		s.orders++
		id, who := s.r.IntN(s.orders+1), s.r.IntN(s.orders/2+2)
		switch name {
		case "orders":
			text += fmt.Sprintf("o%d,c%d,2026-01-0%d,%d,%s\n", id, who, 1+id%9, s.r.IntN(3)-s.r.IntN(40)/39*5+10, s.when())
		case "unpriced": // worth what its lines are
			text += fmt.Sprintf("u%d,c%d,2026-01-0%d,,%s\n", id%30, who, 1+id%9, s.when())
		case "customers":
			text += fmt.Sprintf("c%d,p%d@shop.example,%s\n", who, who/(1+s.r.IntN(30)/29), s.when())
		case "order-lines":
			text += fmt.Sprintf("u%d,p%d,1,%d,%s\n", id%30, id%4, s.r.IntN(9)+1, s.when())
		case "refunds":
			text += fmt.Sprintf("r%d,o%d,c%d,2026-01-09,1,%s\n", id%20, id, who, s.when())
		}
	}
	s.files++
	if err := os.WriteFile(filepath.Join(s.Dir, name, fmt.Sprintf("%03d.csv", s.files)), []byte(text), 0o666); err != nil {
		s.t.Fatal(err)
	}
	s.did = append(s.did, "bring "+name)
}

// night is what a night does up to its checks, beside checks of the whole store.
func (s *knownShop) night() {
	s.t.Helper()
	s.Now = s.Now.Add(time.Minute)
	err := s.locked(func(lock *workspace.Lock) error {
		n := &night{Engine: s.Engine, ctx: s.t.Context(), lock: lock, state: s.readState(), ran: &Ran{}}
		n.check = n.known()
		if err := n.load(); err != nil {
			return err
		}
		var err error
		if n.ran.Checked, err = n.checkAgain(n.ctx, n.check); err != nil && !errors.Is(err, ErrChecks) {
			return err
		}
		for _, l := range n.ran.Loaded {
			if l.State == StateLoaded {
				s.batches = append(s.batches, l.Batch)
			}
		}
		s.compare(n)
		n.state.Proven = n.prove()
		return writeState(lock, n.state)
	})
	if err != nil {
		s.t.Fatalf("%v after %s", err, strings.Join(s.did, "; "))
	}
	s.did = append(s.did, "night")
}

func (s *knownShop) compare(n *night) {
	s.t.Helper()
	whole, err := s.Check(s.t.Context())
	if err != nil && !errors.Is(err, ErrChecks) {
		s.t.Fatal(err)
	}
	if !slices.Equal(whole, n.ran.Checked) {
		s.t.Fatalf("the night found %+v\nin all there are %+v\nafter %s", n.ran.Checked.Failed(), whole.Failed(), strings.Join(s.did, "; "))
	}
	what := "nothing"
	switch {
	case n.check == nil:
	case !n.check.since.published:
		what = "the same store"
	case n.check.since.others:
		what = "but people"
	default:
		what = "what is new"
	}
	s.counted["knew "+what]++
	for _, c := range whole.Failed() {
		if n.check != nil && c.Severity == SeverityError {
			s.counted["found "+c.Name]++
		}
	}
}

// found is how many faults nights found that did not look at everything.
func (s *knownShop) found() (n int) {
	for what, times := range s.counted {
		if strings.HasPrefix(what, "found ") {
			n += times
		}
	}
	return n
}

// byHand changes the store beside the program. With a hash it is published as one that
// the program made; else what is recorded of it is removed, as people do who know.
func (s *knownShop) byHand(hashed bool, statement string) {
	s.t.Helper()
	edit := func(path string) {
		db, err := duck.Open(s.t.Context(), path, duck.Options{Threads: 1})
		if err != nil {
			s.t.Fatal(err)
		}
		if err := errors.Join(db.Exec(s.t.Context(), statement), db.Seal(s.t.Context()), db.Close()); err != nil {
			s.t.Fatal(err)
		}
	}
	s.did = append(s.did, fmt.Sprintf("by hand (hashed %v): %s", hashed, statement))
	if !hashed {
		edit(filepath.Join(s.Dir, workspace.StoreName))
		if err := os.Remove(filepath.Join(s.Dir, workspace.HashName)); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	err := s.locked(func(lock *workspace.Lock) error {
		private, err := lock.Private(workspace.StoreName, 0)
		if err != nil {
			return err
		}
		edit(private.Path)
		return private.Publish()
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// step is one of the things that happen to a store between nights.
func (s *knownShop) step() {
	s.t.Helper()
	switch s.r.IntN(9) {
	case 0, 1:
		s.bring("orders", 1+s.r.IntN(6))
	case 2:
		s.bring("customers", 1+s.r.IntN(3))
	case 3:
		s.bring([]string{"unpriced", "order-lines", "refunds"}[s.r.IntN(3)], 1+s.r.IntN(4))
	case 4:
		i := s.r.IntN(len(s.batches))
		s.did = append(s.did, fmt.Sprintf("roll back %d", s.batches[i]))
		if _, err := s.Rollback(s.t.Context(), s.batches[i]); err != nil {
			s.t.Fatal(err)
		}
		s.batches = slices.Delete(s.batches, i, i+1)
	case 5: // a file by hand
		s.bring("orders", 2)
		loaded, err := s.Load(s.t.Context(), []Loading{{Source: s.Config.Sources[slices.IndexFunc(s.Config.Sources, func(c config.Source) bool { return c.Name == "orders" })]}})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, l := range loaded {
			if l.State == StateLoaded {
				s.batches = append(s.batches, l.Batch)
			}
		}
	case 6:
		s.Config.Identity.Match = [][]string{{"email"}, {"email", "phone"}}[s.r.IntN(2)]
	}
}

// brokenBy are statements that break what the checks look at.
func brokenBy() []string {
	return []string{
		"INSERT INTO facts.order_rows SELECT * FROM facts.order_rows WHERE net >= 0 LIMIT 1",
		"INSERT INTO facts.order_lines SELECT * FROM facts.order_lines LIMIT 1",
		"UPDATE facts.order_rows SET member = 5 WHERE rowid = (SELECT min(rowid) FROM facts.order_rows)",
		"INSERT INTO identities SELECT * FROM identities LIMIT 1",
		"UPDATE identities SET customer_id = (SELECT max(customer_id) FROM identities) WHERE rowid = (SELECT min(rowid) FROM identities)",
		"DELETE FROM identities WHERE member = (SELECT min(member) FROM facts.order_rows)",
	}
}

// Whatever happens between nights, a night tells of its checks what they find in the
// whole store.
func TestKnownNights(t *testing.T) {
	t.Parallel()
	counted := map[string]int{}
	for round := range 2 {
		s := newKnownShop(t, uint64(round), counted)
		s.night()
		for range 9 {
			for range s.r.IntN(3) {
				s.step()
			}
			s.night()
		}
		s.byHand(round%2 == 0, brokenBy()[round%len(brokenBy())])
		for range 2 {
			s.bring("orders", 2)
			s.night()
		}
	}
	t.Log(counted)
	for _, what := range []string{"nothing", "the same store", "but people", "what is new"} {
		if counted["knew "+what] == 0 {
			t.Errorf("nights that knew %s: %d", what, counted["knew "+what])
		}
	}
}

// What makes no fault while it lies in the store, and one when a later row comes beside
// it, is found by the night that brings the row and looks at little more than that.
func TestFaultsThatLoadingBrings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		byHand     string
		file, text string
		finds      string // the check; "": none
		plain      bool   // orders have no lines
	}{
		"a version that comes back is of nobody": {plain: true,
			byHand: "INSERT INTO facts.superseded_order_rows SELECT * REPLACE (5 AS member, 99 AS content, TIMESTAMPTZ '2027-01-01' AS updated_at) FROM facts.order_rows WHERE order_id = 'a1'",
			file:   "orders/2.csv", text: "order_id,customer_id,order_date,amount,updated_at\na1,c1,2026-01-01,12,2026-02-02 10:00:00\n", finds: "members"},
		"lines that come back stand twice": {
			byHand: "INSERT INTO facts.superseded_order_lines SELECT l.* REPLACE (TIMESTAMPTZ '2027-01-01' AS updated_at, 99 AS version) FROM facts.order_lines AS l, range(2) WHERE order_id = 'a1'",
			file:   "order-lines/2.csv", text: "order_id,product_id,quantity,amount,updated_at\na1,p7,1,9,2026-02-02 10:00:00\n", finds: "line_keys"},
		"an order is worth more than nothing by its lines": {
			byHand: "INSERT INTO facts.order_rows SELECT * REPLACE (-1 AS net, NULL AS original_net) FROM facts.order_rows WHERE order_id = 'a3'",
			file:   "order-lines/2.csv", text: "order_id,product_id,quantity,amount,updated_at\na3,p7,1,9,2026-02-02 10:00:00\n", finds: "order_keys"},
		"a customer id that somebody has comes": {
			byHand: "INSERT INTO identities VALUES ('', 'x', 77, 'c9', 77, 'id')",
			file:   "orders/2.csv", text: "order_id,customer_id,order_date,amount,updated_at\na9,c9,2026-01-01,12,2026-02-02 10:00:00\n", finds: "customer_ids"},
		"a customer is another's who has somebody's id": {
			byHand: "UPDATE identities SET customer_id = 'other' WHERE source_customer_id = 'c1'; INSERT INTO identities VALUES ('', 'x', 77, 'c1', 77, 'id')",
			file:   "customers/2.csv", text: "customer_id,email\nc1,p@shop.example\nc2,p@shop.example\n", finds: "customer_ids"},
		"nothing": {
			byHand: "INSERT INTO identities VALUES ('', 'x', 77, 'c8', 77, 'id')",
			file:   "orders/2.csv", text: "order_id,customer_id,order_date,amount,updated_at\na9,c9,2026-01-01,12,2026-02-02 10:00:00\n"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := Open(t.TempDir(), time.Now().Add(time.Hour), "test")
			if err != nil {
				t.Fatal(err)
			}
			s := &knownShop{Engine: e, t: t, counted: map[string]int{}}
			for _, kind := range []string{"orders", "order-lines", "customers"} {
				if c.plain && kind == "order-lines" {
					continue
				}
				from := config.DefaultSource()
				from.Name, from.Kind, from.Path = "shop", kind, []string{kind + "/*.csv"}
				e.Config.Sources = append(e.Config.Sources, from)
				if err := os.MkdirAll(filepath.Join(e.Dir, kind), 0o777); err != nil {
					t.Fatal(err)
				}
			}
			put := func(name, text string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(e.Dir, name), []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			put("orders/1.csv", "order_id,customer_id,order_date,amount,updated_at\na1,c1,2026-01-01,10,2026-01-01 10:00:00\na2,c2,2026-01-02,20,2026-01-02 10:00:00\na3,c2,2026-01-02,20,2026-01-02 10:00:00\n")
			if !c.plain {
				put("order-lines/1.csv", "order_id,product_id,quantity,amount,updated_at\na1,p1,1,10,2026-01-01 10:00:00\na2,p1,1,20,2026-01-02 10:00:00\n")
			}
			put("customers/1.csv", "customer_id,email\nc1,p1@shop.example\n")
			s.night()
			s.byHand(true, c.byHand)
			s.night() // which looks at everything and finds nothing
			put(c.file, c.text)
			s.night()
			if s.counted["knew what is new"]+s.counted["knew but people"] != 1 || s.counted["knew nothing"] != 2 {
				t.Fatalf("nights: %v", s.counted)
			}
			if c.finds != "" && s.counted["found "+c.finds] != 1 || c.finds == "" && s.found() > 0 {
				t.Errorf("found %v, want %q", s.counted, c.finds)
			}
		})
	}
}

// Only a proof of this store is one: a false note of the whole is gone by, until somebody
// asks to look at everything.
func TestKnownStoreIsTheSame(t *testing.T) {
	t.Parallel()
	s := newKnownShop(t, 1, map[string]int{})
	s.night()
	s.byHand(true, brokenBy()[0])
	under := func(fn func(n *night) error) {
		t.Helper()
		err := s.locked(func(lock *workspace.Lock) error {
			return fn(&night{Engine: s.Engine, ctx: context.Background(), lock: lock, state: s.readState(), ran: &Ran{}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	under(func(n *night) error {
		if n.known() != nil {
			t.Error("another store is known")
		}
		n.state.Proven.Store = n.lock.StoreHash()
		return writeState(n.lock, n.state)
	})
	under(func(n *night) error {
		checked, err := n.checkAgain(n.ctx, n.known())
		if err != nil || len(checked) != len(queries.List("check")) {
			t.Errorf("with a note that says that nothing is wrong: %v, %+v", err, checked.Failed())
		}
		n.Again = true
		if n.known() != nil {
			t.Error("asked to look at everything, something is known")
		}
		n.Again, n.Version = false, "another"
		if n.known() != nil {
			t.Error("what another program found is known")
		}
		return nil
	})
	if _, err := s.Check(t.Context()); !errors.Is(err, ErrChecks) {
		t.Errorf("by hand: %v", err)
	}
}
