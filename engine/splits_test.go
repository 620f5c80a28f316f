package engine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"clientele/engine"
)

// shop is a small shop's rows, each with an id and an update time, in several
// versions: what a source with both delivers over the months.
type shopRows struct {
	header string
	rows   []string
}

// shopOf draws a shop: orders of customers who are known by id, e-mail or phone,
// their refunds, customers, products and contacts with the help desk, each of them
// updated now and then.
func shopOf(r *rand.Rand) map[string]shopRows {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	day := func() string {
		return fmt.Sprintf("2024-%02d-%02d %02d:%02d:%02d", 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
	}
	out := map[string]shopRows{
		"orders":       {header: "order_id,customer_id,email,phone,name,city,country,order_date,status,amount,currency,refunded_amount,cancelled_at,updated_at"},
		"refunds":      {header: "refund_id,order_id,customer_id,refund_date,amount,updated_at"},
		"customers":    {header: "customer_id,email,phone,name,gender,city,acquired_on,email_consent,updated_at"},
		"products":     {header: "product_id,name,category,price,updated_at"},
		"interactions": {header: "ticket_id,customer_id,email,opened_at,kind,satisfaction,body,updated_at"},
		"responses":    {header: "response_id,campaign_id,email,occurred_at,event,updated_at"},
		"campaigns":    {header: "campaign_id,name,start_date,cost,updated_at"},
		"lines":        {header: "order_id,product_id,product_name,quantity,unit_price,line_no,updated_at"},
	}
	add := func(kind, format string, args ...any) {
		s := out[kind]
		s.rows = append(s.rows, fmt.Sprintf(format, args...))
		out[kind] = s
	}
	who := func() (id, email, phone string) {
		n := r.IntN(12)
		id, email, phone = fmt.Sprintf("C%02d", n), fmt.Sprintf("c%d@shop.example", n), fmt.Sprintf("1380013%04d", n)
		switch r.IntN(4) {
		case 0:
			return "", email, phone
		case 1:
			return "", "", phone
		case 2:
			return id, "", ""
		}
		return id, email, ""
	}
	for i := range 40 {
		when := day()
		for range 1 + r.IntN(3) {
			id, email, phone := who()
			cancelled := ""
			if r.IntN(8) == 0 {
				cancelled = day()
			}
			add("orders", "o%d,%s,%s,%s,%s,%s,%s,%s,%s,%d.%02d,CNY,%s,%s,%s", i, id, email, phone, pick("Li", "王芳", ""), pick("杭州", "上海", ""), pick("CN", ""), when,
				pick("paid", "paid", "unpaid", "cancelled", "refunded"), r.IntN(400)-20, r.IntN(100), pick("", "", "5.00"), cancelled, day())
		}
	}
	for i := range 12 {
		for range 1 + r.IntN(2) {
			id, _, _ := who()
			add("refunds", "r%d,o%d,%s,%s,%d.50,%s", i, r.IntN(50), id, day(), 1+r.IntN(9), day())
		}
	}
	for i := range 12 {
		for range 1 + r.IntN(3) {
			add("customers", "C%02d,%s,%s,%s,%s,%s,%s,%s,%s", i, pick("", fmt.Sprintf("c%d@shop.example", i)), pick("", fmt.Sprintf("1380013%04d", i)),
				pick("Li", "李雷", ""), pick("f", "m", ""), pick("杭州", "上海", ""), pick("2023-05-01", "2023-06-01", ""), pick("yes", "no", ""), day())
		}
	}
	for i := range 6 {
		for range 1 + r.IntN(2) {
			add("products", "P%d,%s,%s,%d.00,%s", i, pick("Tea", "茶"), pick("drinks", ""), 5+r.IntN(20), day())
		}
	}
	for i := range 15 {
		for range 1 + r.IntN(2) {
			id, email, _ := who()
			if id == "" && email == "" {
				id = "C01"
			}
			add("interactions", "t%d,%s,%s,%s,%s,%s,%s,%s", i, id, email, day(), pick("complaint", "question"), pick("good", "bad", ""), pick("hello", ""), day())
		}
	}
	for i := range 15 {
		add("responses", "e%d,spring,c%d@shop.example,%s,%s,%s", i, r.IntN(14), day(), pick("sent", "opened", "clicked"), day())
	}
	for range 3 {
		add("campaigns", "spring,%s,2024-03-01,%d,%s", pick("Spring", "春季"), 100+r.IntN(9), day())
	}
	for i := range 30 {
		when := day()
		for n := range 1 + r.IntN(3) {
			add("lines", "o%d,P%d,%s,%d,%d.00,%d,%s", i, r.IntN(8), pick("Tea", "茶", ""), 1+r.IntN(3), 2+r.IntN(30), n+1, when)
		}
	}
	return out
}

// publicTables are what a store holds, without what depends on which file brought it.
func publicTables(t testing.TB, e *engine.Engine) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, query := range map[string]string{
		"identities":   "SELECT * FROM identities",
		"orders":       "SELECT * EXCLUDE (batch_id, line) FROM orders",
		"order_lines":  "SELECT * EXCLUDE (batch_id, file_line) FROM order_lines",
		"refunds":      "SELECT * EXCLUDE (batch_id, line) FROM refunds",
		"interactions": "SELECT * EXCLUDE (batch_id, line) FROM interactions",
		"texts":        "SELECT * EXCLUDE (batch_id) FROM texts",
		"responses":    "SELECT * EXCLUDE (batch_id, line) FROM responses",
		"campaigns":    "SELECT * EXCLUDE (batch_id) FROM campaigns",
		"products":     "SELECT * FROM products",
		"customers":    "SELECT * FROM customers",
		"contacts":     "SELECT * FROM contacts",
	} {
		lines := rows(t, e, query)
		slices.Sort(lines)
		out[name] = strings.Join(lines, "\n")
	}
	return out
}

// loadingsOf writes rows as files and returns them as loadings, one for each piece.
func loadingsOf(t testing.TB, e *engine.Engine, kind string, s shopRows, pieces [][]string) []engine.Loading {
	t.Helper()
	var out []engine.Loading
	for i, piece := range pieces {
		if len(piece) == 0 {
			continue
		}
		from := source(kind)
		from.Name = "shop"
		if kind == "lines" {
			from.Kind = "order-lines"
		}
		from.Path = []string{write(t, e, fmt.Sprintf("%s-%d.csv", kind, i), s.header+"\n"+strings.Join(piece, "\n")+"\n")}
		out = append(out, engine.Loading{Source: from, AllowRejects: true})
	}
	return out
}

// splitRows deals rows into pieces. Lines of one order stay together: a set of lines
// is one fact.
func splitRows(r *rand.Rand, kind string, rows []string, pieces int) [][]string {
	out := make([][]string, pieces)
	home := map[string]int{}
	for _, row := range rows {
		i := r.IntN(pieces)
		if kind == "lines" {
			id, _, _ := strings.Cut(row, ",")
			if at, ok := home[id]; ok {
				i = at
			}
			home[id] = i
		}
		out[i] = append(out[i], row)
	}
	if kind != "lines" {
		for _, piece := range out {
			r.Shuffle(len(piece), func(i, j int) { piece[i], piece[j] = piece[j], piece[i] })
		}
	}
	return out
}

func compareTables(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: table %s differs:\n%s\nwant\n%s", what, name, onlyIn(got[name], want[name]), onlyIn(want[name], got[name]))
		}
	}
}

// onlyIn are the lines of a that b lacks.
func onlyIn(a, b string) string {
	var out []string
	has := strings.Split(b, "\n")
	for _, line := range strings.Split(a, "\n") {
		if !slices.Contains(has, line) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

var splits = flag.Int("splits", 20, "TestAnySplitAnyOrder: random splits and orders; a twentieth of them, four at least, for TestRollbackIsExact")

func splitsRounds() int {
	if testing.Short() {
		return 10
	}
	return *splits
}

// Any split of a source's files, loaded in any order and in any groups, ends in the
// same tables as loading all at once; copies of rows change nothing.
func TestAnySplitAnyOrder(t *testing.T) {
	for block := range splitsRounds() / 10 {
		t.Run(fmt.Sprint(block), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(block), 7))
			shop := someKinds(r, shopOf(r))
			e := workspace(t)
			mustLoad(t, e, wholeFiles(t, e, shop))
			whole := publicTables(t, e)
			for round := 0; round < 10 && !t.Failed(); round++ {
				e := workspace(t)
				all := randomFiles(t, r, e, shop)
				if n := r.IntN(2 * len(all)); n > 0 && n < len(all) { // in one command or in two
					mustLoad(t, e, all[:n])
					all = all[n:]
				}
				mustLoad(t, e, all)
				compareTables(t, fmt.Sprintf("round %d", round), publicTables(t, e), whole)
			}
		})
	}
}

// someKinds keeps the orders and up to two other kinds of a shop.
func someKinds(r *rand.Rand, shop map[string]shopRows) map[string]shopRows {
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(shop)), func(k string) bool { return k == "orders" })
	r.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	out := map[string]shopRows{"orders": shop["orders"]}
	for _, kind := range others[:r.IntN(3)] {
		out[kind] = shop[kind]
	}
	return out
}

// wholeFiles are the files of a shop, one of each kind.
func wholeFiles(t testing.TB, e *engine.Engine, shop map[string]shopRows) []engine.Loading {
	var all []engine.Loading
	for _, kind := range slices.Sorted(maps.Keys(shop)) {
		all = append(all, loadingsOf(t, e, kind, shop[kind], [][]string{shop[kind].rows})...)
	}
	return all
}

// randomFiles are the rows of a shop in random pieces, some of them twice, in random order.
func randomFiles(t testing.TB, r *rand.Rand, e *engine.Engine, shop map[string]shopRows) []engine.Loading {
	var all []engine.Loading
	for _, kind := range slices.Sorted(maps.Keys(shop)) {
		pieces := splitRows(r, kind, shop[kind].rows, 1+r.IntN(3))
		if kind != "lines" && r.IntN(2) == 0 { // the same rows come again, in another file
			pieces = append(pieces, sample(r, shop[kind].rows))
		}
		all = append(all, loadingsOf(t, e, kind, shop[kind], pieces)...)
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// Undoing a batch leaves what would be there if its file had never been loaded,
// whatever was loaded before it and after it.
func TestRollbackIsExact(t *testing.T) {
	t.Parallel()
	for round := range max(splitsRounds()/20, 4) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			testRollback(t, rand.New(rand.NewPCG(uint64(round), 11)))
		})
	}
}

func testRollback(t *testing.T, r *rand.Rand) {
	shop := someKinds(r, shopOf(r))
	dated := r.IntN(3) > 0
	if !dated { // without update times the order of loading decides
		for kind, s := range shop {
			shop[kind] = undated(s)
		}
	}
	kept, undone := workspace(t), workspace(t)
	all := randomFiles(t, r, undone, shop)
	if len(all) == 1 {
		return // nothing would be left to compare with
	}
	victim := r.IntN(len(all))
	name := all[victim].Source.Path[0]
	var loaded []engine.Loaded
	for i, l := range all {
		loaded = append(loaded, mustLoad(t, undone, all[i:i+1])...)
		text, err := os.ReadFile(filepath.Join(undone.Dir, l.Source.Path[0]))
		if err != nil {
			t.Fatal(err)
		}
		write(t, kept, l.Source.Path[0], string(text))
		if i != victim {
			mustLoad(t, kept, all[i:i+1])
		}
	}
	if loaded[victim].State != engine.StateLoaded {
		return // the same bytes as another piece
	}
	if _, err := undone.Rollback(context.Background(), loaded[victim].Batch); err != nil {
		t.Fatalf("roll back %s: %v", name, err)
	}
	compareTables(t, fmt.Sprintf("%s (dated %v)", name, dated), publicTables(t, undone), publicTables(t, kept))
	expect(t, undone, "SELECT batch_id FROM batches WHERE read <> accepted + duplicates + rejected")
	expect(t, undone, "SELECT b.batch_id FROM batches AS b LEFT JOIN (SELECT batch_id, sum(\"rows\") AS n FROM (SELECT batch_id, \"rows\" FROM facts.repeats UNION ALL SELECT batch_id, \"rows\" FROM facts.repeated_runs) GROUP BY batch_id) AS r ON b.batch_id = r.batch_id WHERE b.state = 'loaded' AND b.duplicates <> coalesce(r.n, 0)")
}

func mustLoad(t *testing.T, e *engine.Engine, loadings []engine.Loading) []engine.Loaded {
	t.Helper()
	loaded, err := e.Load(context.Background(), loadings)
	if err != nil && !errors.Is(err, engine.ErrRefused) {
		t.Fatal(err)
	}
	for _, l := range loaded {
		if l.State == engine.StateRefused {
			t.Fatalf("%s: %v", l.Path, l.Notes)
		}
	}
	return loaded
}

// undated is the rows without their last column, the update time.
func undated(s shopRows) shopRows {
	cut := func(row string) string { return row[:strings.LastIndexByte(row, ',')] }
	out := shopRows{header: cut(s.header)}
	for _, row := range s.rows {
		out.rows = append(out.rows, cut(row))
	}
	return out
}

// sample is some of the rows, in another order.
func sample(r *rand.Rand, rows []string) []string {
	out := slices.Clone(rows)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:1+r.IntN(len(out))]
}
