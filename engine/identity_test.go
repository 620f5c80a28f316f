package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"clientele/engine"
	"clientele/engine/config"
)

// named is a source under a name of its own, in an id space.
func named(name, space, kind, path string) config.Source {
	s := source(kind, path)
	s.Name, s.IDSpace = name, space
	return s
}

// resettle works identities out again without a new file.
func resettle(t testing.TB, e *engine.Engine) {
	t.Helper()
	if _, err := e.Load(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
}

// A guest who orders with the address of an account is its customer, whatever
// comes first; the reasons are told, and no address is outside contacts.
func TestGuestsJoinAccounts(t *testing.T) {
	customers := "customer_id,email,phone\nC001,Ann@Example.com,13800138000\nC002,bob@example.com,\n"
	orders := `order_id,customer_id,email,phone,date,amount
o1,,ann@example.com,,2026-01-01,10
o2,,,138 0013 8000,2026-01-02,20
o3,C002,,,2026-01-03,5
o4,,zoe@example.com,,2026-01-04,7
`
	for _, accountsFirst := range []bool{true, false} {
		t.Run(fmt.Sprint("accounts first ", accountsFirst), func(t *testing.T) {
			e := workspace(t)
			write(t, e, "customers.csv", customers)
			write(t, e, "orders.csv", orders)
			if accountsFirst {
				load(t, e, source("customers", "customers.csv"))
				load(t, e, source("orders", "orders.csv"))
			} else {
				load(t, e, source("orders", "orders.csv"))
				load(t, e, source("customers", "customers.csv"))
			}
			expect(t, e, "SELECT order_id, CASE WHEN contains(customer_id, ':') THEN 'a guest' ELSE customer_id END FROM orders ORDER BY order_id",
				"o1|C001", "o2|C001", "o3|C002", "o4|a guest")
			expect(t, e, "SELECT customer_id, id_space, other_id, kind, shown FROM merges ORDER BY kind",
				"C001|email|C001|e-mail|a***@example.com", "C001|phone|C001|phone|***8000")
			expect(t, e, "SELECT id_space, reason FROM identities WHERE customer_id = 'C001' ORDER BY id_space", "|id", "email|e-mail", "phone|phone")
			expect(t, e, "SELECT count(*), count(customer_id) FROM customers", "3|3")
			expect(t, e, "SELECT name, email, phone FROM contacts WHERE customer_id = 'C001'", "NULL|ann@example.com|+8613800138000")
			for _, table := range []string{"merges", "shared_keys", "identities", "identity_links", "customers", "facts.merges"} {
				for _, row := range rows(t, e, "SELECT * FROM "+table) {
					if strings.Contains(row, "ann@") || strings.Contains(row, "13800138000") {
						t.Errorf("%s holds an address: %s", table, row)
					}
				}
			}
			sections, err := e.Show(context.Background(), "C001", "en")
			if err != nil {
				t.Fatal(err)
			}
			var reasons []string
			for _, s := range sections {
				if s.Title == "identities" {
					for i := range s.Table.Rows() {
						reasons = append(reasons, cell(s.Table.Column("reason"), i))
					}
				}
			}
			if want := []string{"id", "same e-mail a***@example.com as C001", "same phone ***8000 as C001"}; !slices.Equal(reasons, want) {
				t.Errorf("show says %q, want %q", reasons, want)
			}
		})
	}
}

// An address of too many people, or of nobody, is no contact, however new it is: one's
// own older one is, and else there is none.
func TestContactsAreOnesOwn(t *testing.T) {
	e := workspace(t)
	e.Config.Identity.SharedLimit = 2
	loadText(t, e, "customers", "crm.csv", "customer_id,email,phone,updated_at\n"+
		"C1,ann@example.com,13900000001,2024-01-01 08:00:00\nC1,noreply@example.com,13800138000,2024-02-01 08:00:00\n"+
		"C2,noreply@example.com,13800138000,2024-02-01 08:00:00\nC3,cai@example.com,13800138000,2024-02-01 08:00:00\nC4,dan@example.com,13900000004,2024-02-01 08:00:00\n")
	loadText(t, e, "orders", "orders.csv", "order_id,customer_id,email,phone,date,amount\no1,C1,ann@example.com,13900000001,2024-01-01,1\no2,C1,noreply@example.com,13800138000,2024-03-01,1\n")
	contacts := "SELECT * EXCLUDE (name, address) FROM contacts ORDER BY 1"
	expect(t, e, contacts, "C1|ann@example.com|+8613900000001", "C2|NULL|NULL", "C3|cai@example.com|NULL", "C4|dan@example.com|+8613900000004")
	e.Config.Identity.Ignore = []string{"dan@*", "138 0013 8000"}
	resettle(t, e)
	expect(t, e, contacts, "C1|ann@example.com|+8613900000001", "C2|NULL|NULL", "C3|cai@example.com|NULL", "C4|NULL|+8613900000004")
	e.Config.Identity.SharedLimit, e.Config.Identity.Ignore = 5, nil
	resettle(t, e)
	expect(t, e, contacts, "C1|cai@example.com|+8613800138000", "C4|dan@example.com|+8613900000004") // all three have the telephone
}

// Undoing a merge is a re-run: another configuration, another link file or the
// load's undoing takes it back, and nothing is left of it.
func TestMergesAreTakenBack(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "orders.csv", "order_id,customer_id,email,date,amount\no1,C1,a@example.com,2026-01-01,1\no2,C2,b@example.com,2026-01-02,2\n")
	guest := loadText(t, e, "orders", "guest.csv", "order_id,customer_id,email,date,amount\no3,,a@example.com,2026-01-03,3\no4,C3,b@example.com,2026-01-04,4\n")
	merged := []string{"o1|C1", "o2|C2", "o3|C1", "o4|C2"}
	owners := "SELECT order_id, left(customer_id, 6) FROM orders ORDER BY order_id"
	expect(t, e, owners, merged...)

	e.Config.Identity.Match = nil
	resettle(t, e)
	expect(t, e, owners, "o1|C1", "o2|C2", "o3|email:", "o4|C3")
	expect(t, e, "SELECT count(*) FROM merges", "0")
	expect(t, e, "SELECT count(*) FROM identities WHERE reason <> 'id' OR person <> member", "0")
	e.Config.Identity.Match = config.Default().Identity.Match
	resettle(t, e)
	expect(t, e, owners, merged...)

	e.Config.Identity.Links = []string{"links.csv"}
	write(t, e, "links.csv", "left,right,action\nC2,C3,forbid\nC1,C9,merge\n")
	resettle(t, e)
	expect(t, e, owners, "o1|C1", "o2|C2", "o3|C1", "o4|C3")
	expect(t, e, "SELECT kind, shown, people, reason FROM shared_keys", "e-mail|b***@example.com|2|kept apart by links.csv:2")
	expect(t, e, "SELECT left_id, right_id, action, place, known FROM identity_links ORDER BY place", "C2|C3|forbid|links.csv:2|true", "C1|C9|merge|links.csv:3|false")
	write(t, e, "links.csv", "left,right,action\nC3,C1,merge\n")
	resettle(t, e)
	expect(t, e, owners, "o1|C1", "o2|C1", "o3|C1", "o4|C1")
	expect(t, e, "SELECT source_customer_id, other_id, kind, shown FROM merges WHERE id_space = '' ORDER BY 1", "C2|C3|e-mail|b***@example.com", "C3|C1|link|links.csv:2")
	expect(t, e, "SELECT count(*) FROM shared_keys", "0")
	e.Config.Identity.Links = nil

	if _, err := e.Rollback(context.Background(), guest.Batch); err != nil {
		t.Fatal(err)
	}
	expect(t, e, owners, "o1|C1", "o2|C2")
	expect(t, e, "SELECT count(*), count(*) FILTER (reason <> 'id') FROM identities", "2|0")
	expect(t, e, "SELECT count(*) FROM merges", "0")
}

// Nothing new, nothing done: the store stays the file that it was.
func TestNothingNewLeavesTheStore(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "orders", "orders.csv", "order_id,customer_id,email,date,amount\no1,C1,a@example.com,2026-01-01,1\no2,,a@example.com,2026-01-02,2\n")
	path := filepath.Join(e.Dir, "clientele.duckdb")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	load(t, e, source("orders", "orders.csv"))
	resettle(t, e)
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) {
		t.Error("the store was written again although nothing is new")
	}
}

func TestLinkFileErrors(t *testing.T) {
	e := workspace(t)
	loadText(t, e, "customers", "customers.csv", "customer_id\nC1\nC2\n")
	e.Config.Identity.Links = []string{"links.csv"}
	for _, c := range []struct{ name, text, want string }{
		{"missing", "", "identity.links: links.csv: no such file or directory"},
		{"a bad row", "left,right,action\nC1,C2,split\n", `links.csv:2: column action: "split": not merge or forbid`},
		{"a contradiction", "left,right,action\nC1,C2,\nC2,C1,forbid\n", "links.csv:3: forbids to join two ids that links.csv:2 merges: take one of these lines out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.text != "" {
				write(t, e, "links.csv", c.text)
			}
			_, err := e.Load(context.Background(), nil)
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
	expect(t, e, "SELECT customer_id FROM identities ORDER BY 1", "C1", "C2")
}

// What many have in common joins nobody, and is listed with how many.
func TestSharedAddresses(t *testing.T) {
	e := workspace(t)
	e.Config.Identity.SharedLimit = 3
	e.Config.Identity.Ignore = []string{"Counter@*", "400 820 8820"}
	var b strings.Builder
	b.WriteString("order_id,customer_id,email,phone,date,amount\n")
	for i := range 4 { // a shop's telephone in the place of the customer's
		fmt.Fprintf(&b, "s%d,S%d,,021-55551234,2026-01-01,1\n", i, i)
	}
	for i := range 3 { // a family
		fmt.Fprintf(&b, "f%d,F%d,family@example.com,,2026-01-01,1\n", i, i)
	}
	for i := range 2 {
		fmt.Fprintf(&b, "n%d,N%d,counter@example.com,,2026-01-01,1\nh%d,H%d,,4008208820,2026-01-01,1\nz%d,H%d,no-reply@example.com,,2026-01-01,1\n", i, i, i, i, i, i)
	}
	// A guest with the address of the counter gives the telephone of N0: so do others.
	b.WriteString("g1,,counter@example.com,13900139000,2026-01-01,1\ng2,N0,,13900139000,2026-01-01,1\n")
	loadText(t, e, "orders", "orders.csv", b.String())
	expect(t, e, "SELECT kind, shown, people, reason FROM shared_keys ORDER BY ALL",
		"e-mail|c***@example.com|2|ignored", "e-mail|n***@example.com|2|nobody's address", "phone|***1234|4|too many people", "phone|***8820|2|ignored")
	expect(t, e, "SELECT source_customer_id, other_id, shown FROM merges ORDER BY 1", "F1|F0|f***@example.com", "F2|F0|f***@example.com")
	expect(t, e, "SELECT count(DISTINCT customer_id) FROM orders", "10") // 4 S, 1 F, 2 N, 2 H, the guest
	sections, err := e.Show(context.Background(), "S2", "en")
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(sections, func(s engine.Section) bool { return s.Title == "shared_keys" })
	if at < 0 || sections[at].Table.Rows() != 1 || cell(sections[at].Table.Column("shown"), 0) != "***1234" {
		t.Errorf("show does not say what S2 has in common with others: %+v", sections)
	}
}

// The id of the shared space survives, then of a named one, then the one that was
// seen first, then the smallest.
func TestWhoSurvives(t *testing.T) {
	e := workspace(t)
	write(t, e, "crm.csv", "customer_id,email,acquired_on\n5,a@example.com,2020-01-01\n6,b@example.com,2024-05-05\n7,b@example.com,2020-06-06\n8,e@example.com,\n9,e@example.com,\n")
	write(t, e, "orders.csv", `order_id,customer_id,email,date,amount
o1,Z,a@example.com,2024-01-01,1
o2,Y,c@example.com,2024-03-01,1
o3,X,c@example.com,2024-02-01,1
o4,,c@example.com,2023-01-01,1
o5,,b@example.com,2019-01-01,1
`)
	load(t, e, named("crm", "crm", "customers", "crm.csv"), source("orders", "orders.csv"))
	expect(t, e, "SELECT id_space, CASE id_space WHEN 'email' THEN '' ELSE source_customer_id END, customer_id FROM identities ORDER BY 3, 1, 2",
		"|X|X", "|Y|X", "email||X", // Y and X: X bought first, the guest is no account
		"|Z|Z", "crm|5|Z", // the shared space, although crm saw a@ first
		"crm|6|crm:7", "crm|7|crm:7", "email||crm:7", // acquired first
		"crm|8|crm:8", "crm|9|crm:8") // nothing is dated: the smaller id
}

// An id of the shared space that reads like one of another space keeps its name,
// whichever came first.
func TestIDsThatReadAlike(t *testing.T) {
	for _, sharedFirst := range []bool{true, false} {
		e := workspace(t)
		write(t, e, "shop.csv", "customer_id\ncrm:5\ncrm::6\nC1\n")
		write(t, e, "crm.csv", "customer_id\n5\n6\n:6\n")
		loads := []config.Source{named("shop", "", "customers", "shop.csv"), named("crm", "crm", "customers", "crm.csv")}
		if !sharedFirst {
			slices.Reverse(loads)
		}
		for _, s := range loads {
			load(t, e, s)
		}
		expect(t, e, "SELECT id_space, source_customer_id, customer_id FROM identities ORDER BY ALL",
			"|C1|C1", "|crm:5|crm:5", "|crm::6|crm::6", "crm|5|crm:::5", "crm|6|crm:6", "crm|:6|crm::::6")
		if checked, err := e.Check(context.Background()); err != nil {
			t.Errorf("%v: %+v", err, checked)
		}
		// When the id that it was told apart from is gone, it has its own name again.
		if !sharedFirst {
			if _, err := e.Rollback(context.Background(), 2); err != nil {
				t.Fatal(err)
			}
			expect(t, e, "SELECT customer_id FROM identities ORDER BY ALL", "crm:5", "crm:6", "crm::6")
		}
	}
}

// Of each attribute the value of the source of the highest priority counts, then
// the newest; orders tell of customers too.
func TestWhichValueCounts(t *testing.T) {
	e := workspace(t)
	write(t, e, "crm.csv", `customer_id,name,city,gender,acquired_on,acquired_channel,updated_at
C1,Ann,Paris,,2024-05-01,ads,2025-01-01T00:00:00Z
C1,Anna,,f,,,2024-01-01T00:00:00Z
C2,Bo,Rome,,2024-01-01,,2025-01-01T00:00:00Z
C2,,,,2024-02-01,shop,2025-01-02T00:00:00Z
`)
	write(t, e, "web.csv", `order_id,customer_id,customer_name,city,address,date,amount,updated_at
o1,C1,A. Lee,Lyon,1 Rue A,2026-01-01T00:00:00Z,1,
o2,C1,,Nice,,2025-06-01T00:00:00Z,1,2026-02-01T00:00:00Z
o3,C2,B. Old,Bari,,2020-01-01T00:00:00Z,1,
`)
	load(t, e, named("crm", "", "customers", "crm.csv"), named("web", "", "orders", "web.csv"))
	who := "SELECT customer_id, name, city, address, gender, acquired_on, acquired_channel FROM customers JOIN contacts USING (customer_id) ORDER BY 1"
	newest := []string{"C1|A. Lee|Nice|1 Rue A|female|2024-05-01|ads", "C2|Bo|Rome|NULL|NULL|2024-01-01|NULL"}
	expect(t, e, who, newest...)
	e.Config.Priority = []string{"crm"}
	resettle(t, e)
	expect(t, e, who, "C1|Ann|Paris|1 Rue A|female|2024-05-01|ads", newest[1])
	e.Config.Priority = []string{"web", "crm"}
	resettle(t, e)
	expect(t, e, who, newest[0], "C2|B. Old|Bari|NULL|NULL|2024-01-01|NULL")
	e.Config.Priority = nil
	resettle(t, e)
	expect(t, e, who, newest...)
	expect(t, e, "SELECT customer_id, city, acquired_on FROM customers_as_of(DATE '2025-12-31') ORDER BY 1", "C1|Paris|2024-05-01", "C2|Rome|2024-01-01")
	expect(t, e, "SELECT customer_id, city, gender, acquired_on FROM customers_as_of(DATE '2024-04-01') ORDER BY 1", "C1|NULL|female|NULL", "C2|Bari|NULL|NULL")
}

// A row without a time is of the moment of its loading: what is loaded later, or
// stands further down, is newer.
func TestRowsWithoutATime(t *testing.T) {
	e := workspace(t)
	load(t, e, source("customers", write(t, e, "a.csv", "customer_id,city\nC1,Rome\nC1,Paris\nC2,Zagreb\n"), write(t, e, "b.csv", "customer_id,city\nC2,Bonn\n")))
	expect(t, e, "SELECT customer_id, city FROM customers ORDER BY 1", "C1|Paris", "C2|Bonn")
}

// The order of loading does not matter, nor does what was merged before: facts and
// rules alone decide.
func TestIdentitiesAnyOrder(t *testing.T) {
	t.Parallel()
	for round := range max(splitsRounds()/5, 4) {
		random := rand.New(rand.NewPCG(uint64(round), 3))
		texts := make([]string, 4)
		for f := range texts {
			texts[f] = tangled(random, f)
		}
		limit := 1 + round%4
		plain := everybody(t, limit, texts, []int{0, 1, 2, 3}, false)
		order := random.Perm(len(texts))
		if mixed := everybody(t, limit, texts, order, true); mixed != plain {
			t.Fatalf("round %d, loaded in order %v, with other rules at first:\n%s\nin their own order:\n%s", round, order, mixed, plain)
		}
	}
}

// tangled is a file of orders whose customers have ids and addresses in common.
func tangled(random *rand.Rand, file int) string {
	var b strings.Builder
	b.WriteString("order_id,customer_id,email,phone,city,date,amount,updated_at\n")
	for i := range 8 {
		id, email, phone := "", "", ""
		if random.IntN(2) == 0 {
			id = fmt.Sprintf("C%d", random.IntN(6))
		}
		if random.IntN(3) > 0 {
			email = fmt.Sprintf("user%d@example.com", random.IntN(6))
		}
		if random.IntN(3) > 0 || id+email == "" {
			phone = fmt.Sprintf("1380013800%d", random.IntN(6))
		}
		day := 1 + random.IntN(28)
		fmt.Fprintf(&b, "o%d,%s,%s,%s,city%d,2026-01-%02d,1,2026-02-%02dT00:00:00Z\n", file*8+i, id, email, phone, random.IntN(4), day, day)
	}
	return b.String()
}

// everybody loads files in an order and writes down all that follows from
// identities; detour: with other rules first.
func everybody(t *testing.T, limit int, texts []string, order []int, detour bool) string {
	t.Helper()
	e := workspace(t)
	write(t, e, "links.csv", "left,right,action\nC0,C1,forbid\nC2,C3,merge\n")
	rules := config.Identity{Match: config.Default().Identity.Match, SharedLimit: limit, Links: []string{"links.csv"}}
	e.Config.Identity = rules
	if detour {
		e.Config.Identity.SharedLimit, e.Config.Identity.Links = 100, nil
	}
	var sources []config.Source
	for _, f := range order {
		sources = append(sources, named("web", "", "orders", write(t, e, fmt.Sprintf("f%d.csv", f), texts[f])))
	}
	load(t, e, sources[:len(sources)/2]...)
	load(t, e, sources[len(sources)/2:]...)
	e.Config.Identity = rules
	resettle(t, e)
	if checked, err := e.Check(context.Background()); err != nil {
		t.Fatalf("%v: %+v", err, checked)
	}
	var all []string
	for _, table := range []string{"identities", "merges", "shared_keys", "facts.shared_key_members", "facts.addresses_of_nobody", "identity_links", "customers", "contacts"} {
		all = append(all, table)
		all = append(all, rows(t, e, "SELECT * FROM "+table+" ORDER BY ALL")...)
	}
	return strings.Join(all, "\n")
}
