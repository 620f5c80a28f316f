package engine

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/queries"
)

// shopOfRules is a small shop as of 2024-06-30:
//
//	C1 Ann   vip; a wholesale customer since June, and of July on a staff member
//	C2 李雷   tags 员工,VIP; e-mail at the shop, told by an order only
//	C3 Cy    an address at the shop in the customers file; no orders
//	C4 Dee   nothing is known but a test order and its refund
//	C5 Eve   merged with crm:77; an order below zero and one that never counts
const shopOfRules = `
INSERT INTO identities VALUES ('', 'C1', 1, 'C1', 1, 'id'), ('', 'C2', 2, 'C2', 2, 'id'), ('', 'C3', 3, 'C3', 3, 'id'),
  ('', 'C4', 4, 'C4', 4, 'id'), ('', 'C5', 5, 'C5', 5, 'id'), ('crm', '77', 77, 'C5', 5, 'e-mail');
INSERT INTO batches (batch_id, kind, source, path, content_hash, mapping, read, accepted, duplicates, rejected, state, loaded_at, allow_rejects, header, platform)
  VALUES (1, 'orders', 'web', 'o.csv', 'h', '', 0, 0, 0, 0, 'loaded', TIMESTAMPTZ '2024-07-15 00:00:00+00', false, '[]', '');
ALTER TABLE facts.order_rows ADD COLUMN card BIGINT;
INSERT INTO facts.cards (card, name, email, phone) VALUES (10, 'Ann', 'ann@example.com', '+8613800000001'), (20, '李雷', 'LiLei@Shop.example', NULL);
INSERT INTO facts.customers (source, member, name, email, gender, city, acquired_on, acquired_channel, tags, attributes, updated_at, content, batch_id, line)
VALUES
  ('crm', 1, 'Ann', NULL, 'female', 'Berlin', DATE '2024-01-01', 'Search', 'vip', '{"level":"retail"}', TIMESTAMPTZ '2024-01-01 00:00:00+00', 1, 1, 2),
  ('crm', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"level":"ＷＨＯＬＥＳＡＬＥ","a/b~c":"x"}', TIMESTAMPTZ '2024-06-01 00:00:00+00', 2, 1, 3),
  ('crm', 1, NULL, NULL, NULL, NULL, NULL, NULL, 'staff', NULL, TIMESTAMPTZ '2024-07-02 00:00:00+00', 3, 1, 4),
  ('crm', 2, '李雷', NULL, 'male', '北京', DATE '2024-01-01', NULL, '员工，VIP', NULL, NULL, 4, 1, 5),
  ('crm', 3, 'Cy', 'cy@shop.example', NULL, NULL, DATE '2024-01-01', NULL, NULL, NULL, NULL, 5, 1, 6);
CREATE TEMP TABLE placed AS SELECT *, CAST(hash(shop, channel, coupon, campaign) >> 1 AS BIGINT) AS terms
  FROM (VALUES
    ('web', 'A1', 1, 10, DATE '2024-02-01', 'paid', true, 'Main', 'web', NULL, 'spring', 100.00),
    ('web', 'A2', 1, 10, DATE '2024-03-01', 'paid', true, 'Main', 'app', 'VIP-2024', NULL, 60000),
    ('web', 'B1', 2, 20, DATE '2024-03-01', 'paid', true, '旗舰店', 'web', 'VIP-99', NULL, 30),
    ('web', 'test-1', 4, NULL, DATE '2024-04-01', 'paid', true, '旗舰店', 'web', NULL, NULL, 7),
    ('pos', 'ＴＥＳＴ２', NULL, NULL, DATE '2024-04-02', 'paid', true, 'Main', 'Store', NULL, NULL, 0),
    ('web', 'E1', 77, NULL, DATE '2024-05-01', 'paid', true, 'Main', 'web', NULL, NULL, 20),
    ('web', 'E2', 5, NULL, DATE '2024-05-02', 'unpaid', false, 'Main', 'web', NULL, NULL, 40),
    ('web', 'TESTX', 5, NULL, DATE '2024-05-03', 'refunded', true, 'Main', 'web', NULL, NULL, -5),
    ('web', 'TEST9', 5, NULL, DATE '2024-07-01', 'paid', true, 'Main', 'web', NULL, NULL, 9)
  ) AS o(source, id, member, card, day, status, counted, shop, channel, coupon, campaign, net);
INSERT INTO facts.terms SELECT DISTINCT terms, shop, channel, NULL, coupon, campaign FROM placed;
INSERT INTO facts.order_rows (order_id, member, card, ordered_at, ordered_day, status, counted, terms, net, content, batch_id, line)
  SELECT id, member, card, CAST(day AS TIMESTAMPTZ), day - DATE '1970-01-01', status, counted, terms, net, 1, CASE source WHEN 'web' THEN 1 ELSE 2 END, 1 FROM placed;
INSERT INTO facts.settled_refunds (source, refund_id, order_id, member, refunded_at, refunded_on, refunded_day, amount, told_amount, told_by, counted, batch_id, line)
  SELECT source, id, order_id, member, CAST(day AS TIMESTAMPTZ), day, day - DATE '1970-01-01', amount, amount, 'row', true, 1, 1
  FROM (VALUES
    ('web', 'r1', 'test-1', 4, DATE '2024-04-03', 7.00), ('desk', 'r2', 'test-1', 4, DATE '2024-04-03', 1), ('web', 'TESTX', NULL, 5, DATE '2024-05-03', 5),
    ('web', 'r3', 'E1', 5, DATE '2024-05-04', 2), ('pos', 'r4', 'test-1', 4, DATE '2024-04-03', 3)
  ) AS r(source, id, order_id, member, day, amount);
INSERT INTO batches (batch_id, kind, source, path, content_hash, mapping, read, accepted, duplicates, rejected, state, loaded_at, allow_rejects, header, platform)
  VALUES (2, 'orders', 'pos', 'p.csv', 'h', '', 0, 0, 0, 0, 'loaded', TIMESTAMPTZ '2024-07-15 00:00:00+00', false, '[]', '');
`

func rulesStore(t testing.TB) *duck.DB {
	t.Helper()
	db, err := duck.Open(context.Background(), "", duck.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, q := range queries.List("schema") {
		if err := db.Statements(context.Background(), q.SQL); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Statements(context.Background(), shopOfRules); err != nil {
		t.Fatal(err)
	}
	return db
}

func customersRule(conditions map[string][]string) config.Exclusion {
	return config.Exclusion{Name: "rule", Customers: conditions}
}

func ordersRule(conditions map[string][]string) config.Exclusion {
	return config.Exclusion{Name: "rule", Orders: conditions}
}

// words are the texts of a column of a query, in its order.
func words(t testing.TB, db *duck.DB, query string) []string {
	t.Helper()
	result, err := db.Query(context.Background(), query)
	if err != nil {
		t.Fatalf("%v in %s", err, query)
	}
	var out []string
	for i := range result.Rows() {
		out = append(out, string(result.Columns()[0].Texts.At(i)))
	}
	return out
}

// Who is left out was told by hand from the comment on shopOfRules.
func TestExclusions(t *testing.T) {
	t.Parallel()
	db := rulesStore(t)
	type when = map[string][]string
	for _, tc := range []struct {
		name string
		rule config.Exclusion
		want string // ids of customers, or of orders
	}{
		{"one tag of several", customersRule(when{"tags": {"员工"}}), "C2"},
		{"a tag in capitals", customersRule(when{"tags": {"Vip"}}), "C1 C2"},
		{"a glob over all tags", customersRule(when{"tags": {"*员工*"}}), "C2"},
		{"a tag told after the day", customersRule(when{"tags": {"staff"}}), ""},
		{"an attribute as of the day, in full width", customersRule(when{"attribute.level": {"wholesale"}}), "C1"},
		{"an attribute that was replaced", customersRule(when{"attribute.level": {"retail"}}), ""},
		{"an attribute with a slash and a tilde", customersRule(when{"attribute.a/b~c": {"X"}}), "C1"},
		{"no such attribute", customersRule(when{"attribute.colour": {"*"}}), ""},
		{"addresses of orders and of the file", customersRule(when{"email": {"*@shop.example"}}), "C2 C3"},
		{"a full-width pattern", customersRule(when{"email": {"＊＠ＳＨＯＰ.example"}}), "C2 C3"},
		{"two patterns are any of them", customersRule(when{"email": {"ann@example.com", "cy@*"}}), "C1 C3"},
		{"two conditions are both of them", customersRule(when{"email": {"*@shop.example"}, "gender": {"male"}}), "C2"},
		{"conditions that never meet", customersRule(when{"email": {"*@shop.example"}, "tags": {"nobody"}}), ""},
		{"one character", customersRule(when{"name": {"李?"}}), "C2"},
		{"not two characters", customersRule(when{"name": {"李??"}}), ""},
		{"a telephone number", customersRule(when{"phone": {"+86138*"}}), "C1"},
		{"a city", customersRule(when{"city": {"北京", "BERLIN"}}), "C1 C2"},
		{"a channel", customersRule(when{"acquired_channel": {"search"}}), "C1"},
		{"ids, also of another source", customersRule(when{"customer_id": {"c1", "crm:77"}}), "C1 C5"},
		{"an id that is a wildcard elsewhere", customersRule(when{"customer_id": {"C_", "C%"}}), ""},
		{"everybody", customersRule(when{"customer_id": {"*"}}), "C1 C2 C3 C4 C5"},

		{"order ids, also in full width, up to the day", ordersRule(when{"order_id": {"TEST*"}}), "TESTX test-1 ＴＥＳＴ２"},
		{"one order id", ordersRule(when{"order_id": {"TEST2"}}), "ＴＥＳＴ２"},
		{"dots and brackets are themselves", ordersRule(when{"order_id": {"test.1", "[at]*", "test-1$"}}), ""},
		{"a shop in Chinese", ordersRule(when{"shop": {"旗舰*"}}), "B1 test-1"},
		{"a source", ordersRule(when{"source": {"POS"}}), "ＴＥＳＴ２"},
		{"a coupon and a channel", ordersRule(when{"coupon": {"vip-*"}, "channel": {"web"}}), "B1"},
		{"four characters of a coupon", ordersRule(when{"coupon": {"VIP-????"}}), "A2"},
		{"a campaign", ordersRule(when{"campaign_id": {"spring", "autumn"}}), "A1"},
		{"a status", ordersRule(when{"status": {"unpaid"}}), "E2"},
		{"above an amount", ordersRule(when{"net_above": {"100"}}), "A2"},
		{"between two amounts", ordersRule(when{"net_above": {"6.9999"}, "net_below": {"20"}}), "test-1"},
		{"an amount and a channel", ordersRule(when{"net_below": {"0.0001"}, "channel": {"store"}}), "ＴＥＳＴ２"},
		{"a quote does no harm", ordersRule(when{"shop": {"'; DROP TABLE facts.orders; --"}}), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := config.Default()
			c.Exclude = []config.Exclusion{tc.rule}
			if err := c.Check(); err != nil {
				t.Fatal(err)
			}
			summarize(t, db, c, day(2024, 6, 30))
			query := "SELECT order_id FROM excluded_orders ORDER BY order_id"
			if len(tc.rule.Customers) > 0 {
				query = "SELECT DISTINCT customer_id FROM excluded_people JOIN identities USING (person) ORDER BY customer_id"
			}
			if got := strings.Join(words(t, db, query), " "); got != tc.want {
				t.Errorf("left out %q, want %q", got, tc.want)
			}
			for _, kept := range words(t, db, "SELECT customer_id FROM summary") {
				if len(tc.rule.Customers) > 0 && slices.Contains(strings.Fields(tc.want), kept) {
					t.Errorf("%s is left out and in the summary", kept)
				}
			}
		})
	}
}

// Money and people that are left, worked out by hand: as of the day C1 bought for
// 60,100, C2 for 30, C4 for 7, C5 for 20.
func TestExclusionsLeaveTheRest(t *testing.T) {
	db := rulesStore(t)
	for _, tc := range []struct {
		name  string
		rules []config.Exclusion
		want  string // customer: orders, net sales, refunds; - without an order
		told  string // rule: kind, customers, orders, net
	}{
		{"no rules", nil,
			"C1:2,60100,0 C2:1,30,0 C3:- C4:1,7,11 C5:1,20,7", ""},
		{"a test order goes with its refunds, and who has nothing else",
			[]config.Exclusion{{Name: "tests", Orders: map[string][]string{"order_id": {"test*"}}}},
			// of the refunds of test-1 r4 is of pos, which has orders of its own
			"C1:2,60100,0 C2:1,30,0 C3:- C4:- C5:1,20,2", "tests:orders,1,2,7"},
		{"customers, and orders of others",
			[]config.Exclusion{
				{Name: "staff", Customers: map[string][]string{"email": {"*@shop.example"}}},
				{Name: "big", Orders: map[string][]string{"net_above": {"50000"}}},
				{Name: "none", Customers: map[string][]string{"tags": {"nobody"}}},
			},
			"C1:1,100,0 C4:1,7,11 C5:1,20,7", "staff:customers,2,1,30 big:orders,1,1,60000 none:customers,0,0,0"},
		{"orders that never count have no money",
			[]config.Exclusion{{Name: "five", Customers: map[string][]string{"customer_id": {"C5"}}}},
			"C1:2,60100,0 C2:1,30,0 C3:- C4:1,7,11", "five:customers,1,2,20"},
		{"an order left out by two rules is in both",
			[]config.Exclusion{
				{Name: "a", Orders: map[string][]string{"order_id": {"A1"}}},
				{Name: "b", Orders: map[string][]string{"campaign_id": {"spring"}}},
			},
			"C1:1,60000,0 C2:1,30,0 C3:- C4:1,7,11 C5:1,20,7", "a:orders,1,1,100 b:orders,1,1,100"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := config.Default()
			c.Exclude = tc.rules
			summarize(t, db, c, day(2024, 6, 30))
			got := words(t, db, `SELECT customer_id || ':' || CASE WHEN orders IS NULL THEN '-' ELSE concat_ws(',', orders, CAST(net_sales AS BIGINT), CAST(refunds AS BIGINT)) END
FROM summary ORDER BY customer_id`)
			if strings.Join(got, " ") != tc.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " "), tc.want)
			}
			list, err := excluded(context.Background(), db)
			if err != nil {
				t.Fatal(err)
			}
			var told []string
			for _, x := range list {
				told = append(told, fmt.Sprintf("%s:%s,%d,%d,%g", x.Rule, x.Kind, x.Customers, x.Orders, x.Net))
			}
			if strings.Join(told, " ") != tc.told {
				t.Errorf("got  %s\nwant %s", strings.Join(told, " "), tc.told)
			}
			for i, w := range exclusionWarnings(list) {
				if (w.Code == "rule_leaves_out_nothing") != (list[i].Customers == 0) || !strings.Contains(w.En, list[i].Rule) || !strings.Contains(w.Zh, list[i].Rule) {
					t.Errorf("%v is told as %v", list[i], w)
				}
			}
		})
	}
}

func day(year, month, of int) Day {
	d, err := ParseDay(fmt.Sprintf("%04d-%02d-%02d", year, month, of))
	if err != nil {
		panic(err)
	}
	return d
}

// What show says of a customer: rule, kind, orders, net.
func TestShowLeftOut(t *testing.T) {
	db := rulesStore(t)
	c := config.Default()
	c.Exclude = []config.Exclusion{
		{Name: "tests", Orders: map[string][]string{"order_id": {"test*"}}},
		{Name: "web", Orders: map[string][]string{"channel": {"web"}}},
		{Name: "five", Customers: map[string][]string{"customer_id": {"crm:77"}}},
	}
	if err := makeBounds(context.Background(), db, c, day(2024, 6, 30)); err != nil {
		t.Fatal(err)
	}
	if err := makeExclusions(context.Background(), db, c.Exclude); err != nil {
		t.Fatal(err)
	}
	for customer, want := range map[string]string{
		"C1": "web,orders,1,100.0000", "C3": "", "C4": "tests,orders,1,7.0000 web,orders,1,7.0000",
		"C5": "web,orders,2,60.0000 five,customers", // E2 is unpaid and an order all the same; TESTX is a refund
	} {
		query := strings.ReplaceAll(queries.Get("show/2_left_out").SQL, "$customer", duck.Literal(customer))
		got := words(t, db, "SELECT concat_ws(',', rule, kind, orders, net) FROM ("+query+")")
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", customer, got, want)
		}
	}
}

// The headers of queries/exclude tell the truth.
func TestExcludeHeaders(t *testing.T) {
	db := rulesStore(t)
	c := config.Default()
	c.Exclude = []config.Exclusion{
		{Name: "a", Orders: map[string][]string{"order_id": {"A1"}}},
		{Name: "b", Customers: map[string][]string{"name": {"A*"}, "city": {"x"}, "customer_id": {"C1"}}},
	}
	summarize(t, db, c, day(2024, 6, 30))
	for _, q := range queries.List("exclude") {
		text := q.SQL
		for _, p := range slices.SortedFunc(slices.Values(regexp.MustCompile(`\$[a-z_]+`).FindAllString(text, -1)), func(a, b string) int { return cmp.Compare(len(b), len(a)) }) {
			text = strings.ReplaceAll(text, p, "NULL")
		}
		described, err := db.Query(context.Background(), "SELECT column_name, column_type FROM (DESCRIBE "+text+")")
		if err != nil {
			t.Fatalf("%s: %v", q.Name, err)
		}
		var got []queries.Column
		for i := range described.Rows() {
			got = append(got, queries.Column{Name: string(described.Columns()[0].Texts.At(i)), Type: string(described.Columns()[1].Texts.At(i))})
		}
		if !slices.Equal(got, q.Gives) {
			t.Errorf("%s gives\n%v\nits header says\n%v", q.Name, got, q.Gives)
		}
	}
}

// globMatches is what a glob means, one character of it after the other: which
// beginnings of the text can the characters so far stand for?
func globMatches(glob, text []rune) bool {
	reached := make([]bool, len(text)+1)
	reached[0] = true
	for _, g := range glob {
		next := make([]bool, len(text)+1)
		for n, yes := range reached {
			switch {
			case !yes:
			case g == '*':
				for ; n <= len(text); n++ {
					next[n] = true
				}
			case n < len(text) && (g == '?' || g == text[n]):
				next[n+1] = true
			}
		}
		reached = next
	}
	return reached[len(text)]
}

// A pattern means what its globs mean, in Go and in DuckDB.
func TestAnyGlob(t *testing.T) {
	db := rulesStore(t)
	letters := []rune("ab.*?[(\\|^$+{}%_'\n员é")
	rapid.Check(t, func(t *rapid.T) {
		glob := rapid.StringOfN(rapid.SampledFrom(letters), 0, 6, -1)
		globs := rapid.SliceOfN(glob, 1, 3).Draw(t, "globs")
		texts := rapid.SliceOfN(rapid.OneOf(glob, rapid.SampledFrom(globs)), 1, 5).Draw(t, "texts")
		pattern := anyGlob(globs)
		compiled := regexp.MustCompile(pattern)
		for _, text := range texts {
			want := slices.ContainsFunc(globs, func(g string) bool { return globMatches([]rune(g), []rune(text)) })
			if got := compiled.MatchString(text); got != want {
				t.Fatalf("%q for %q: %v", globs, text, got)
			}
			var got bool
			if err := db.Row(context.Background(), []any{&got}, "SELECT regexp_matches(CAST($text AS VARCHAR), CAST($pattern AS VARCHAR))", sql.Named("text", text), sql.Named("pattern", pattern)); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Fatalf("%q for %q in DuckDB: %v", globs, text, got)
			}
		}
	})
}

func FuzzMatching(f *testing.F) {
	f.Add("TEST*", "ｔｅｓｔ１")
	f.Add("＊员工？", "内部员工1")
	f.Add("ß?", "SSx")
	f.Add(`[\*`, `[\`)
	f.Fuzz(func(t *testing.T, glob, text string) {
		if !utf8.ValidString(glob) || !utf8.ValidString(text) || len(glob) > 200 || len(text) > 200 {
			t.Skip() // what is configured and stored is UTF-8; long texts only take long
		}
		m := matching([]string{glob})
		if got, want := m.match(text), globMatches([]rune(fold(glob)), []rune(fold(text))); got != want {
			t.Errorf("%q for %q: %v, want %v", glob, text, got, want)
		}
		if m.match(text) != m.match(fold(text)) {
			t.Errorf("%q is told apart from its folded form by %q", text, glob)
		}
	})
}

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "Staff": "staff", "ＳＴＡＦＦ１": "staff1", "员工": "员工", "Straße": "straße", "ΣΑΣ": "σασ", "σας": "σασ", "ꭰ": "ꭰ", "Ꭰ": "ꭰ", "ｶﾞ": "ガ", "①㈱": "1(株)", "K": "k",
	} {
		if got := fold(text); got != want {
			t.Errorf("%q is folded to %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if once := fold(text); fold(once) != once {
			t.Fatalf("%q is folded to %q, and that to %q", text, once, fold(once))
		}
		ascii := rapid.StringMatching(`[ -~]*`).Draw(t, "ascii")
		if fold(ascii) != strings.ToLower(ascii) {
			t.Fatalf("%q is folded to %q, in SQL to %q", ascii, fold(ascii), strings.ToLower(ascii))
		}
	})
}

// A list of many ids is no pattern: it would be too large for one.
func TestManyWords(t *testing.T) {
	db := rulesStore(t)
	ids := []string{"A1", "b1"}
	for i := range 20000 {
		ids = append(ids, fmt.Sprintf("nothing-%d", i))
	}
	c := config.Default()
	c.Exclude = []config.Exclusion{ordersRule(map[string][]string{"order_id": ids}), {Name: "ids", Customers: map[string][]string{"customer_id": append(ids, "c2")}}}
	summarize(t, db, c, day(2024, 6, 30))
	if got := strings.Join(words(t, db, "SELECT customer_id FROM summary ORDER BY customer_id"), " "); got != "C1 C3 C4 C5" {
		t.Errorf("left are %s", got)
	}
	if got := strings.Join(words(t, db, "SELECT order_id FROM excluded_orders ORDER BY order_id"), " "); got != "A1 B1" {
		t.Errorf("left out are %s", got)
	}
}

func TestSplitTags(t *testing.T) {
	for text, want := range map[string]string{"": "", "a": "a", "a, b;c|d": "a/b/c/d", "员工，VIP、 老客；新": "员工/VIP/老客/新", ",,": ""} {
		if got := strings.Join(splitTags(text), "/"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
