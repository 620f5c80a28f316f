package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"clientele/engine"
)

// A shop that exports everything each night: most rows are as they were, a few are
// new or changed, some are gone. Whatever nights are undone, in whatever order, the
// store is what it would be without them, row by row and file by file.
func TestNightlyExports(t *testing.T) {
	t.Parallel()
	for round := range max(splitsRounds()/20, 3) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			testNights(t, rand.New(rand.NewPCG(uint64(round), 12)))
		})
	}
}

// attributed is what a store holds, with the file and the line that brought each row,
// and the accounts of the files.
func attributed(t *testing.T, e *engine.Engine) map[string]string {
	t.Helper()
	out := publicTables(t, e)
	for name, query := range map[string]string{
		"accounts": "SELECT path, read, accepted, duplicates, rejected FROM batches WHERE state = 'loaded' ORDER BY ALL",
		"rows":     "SELECT b.path, o.line, o.order_id, o.content FROM facts.orders AS o JOIN batches AS b USING (batch_id) ORDER BY ALL",
		"older":    "SELECT b.path, o.line, o.order_id, o.content FROM facts.superseded_order_versions AS o JOIN batches AS b USING (batch_id) ORDER BY ALL",
		"people":   "SELECT b.path, c.line, c.member, c.content FROM facts.customers AS c JOIN batches AS b USING (batch_id) ORDER BY ALL",
		"lines":    "SELECT b.path, l.file_line, l.order_id, l.line, l.net FROM facts.order_lines AS l JOIN batches AS b USING (batch_id) ORDER BY ALL",
	} {
		out[name] = fmt.Sprint(rows(t, e, query))
	}
	return out
}

func testNights(t *testing.T, r *rand.Rand) {
	const orders, people, items = "order_id,customer_id,order_date,status,amount", "customer_id,email,city", "order_id,customer_id,order_date,product_id,quantity,unit_price"
	dated := r.IntN(2) == 0
	shuffled, clock := r.IntN(3) == 0, r.IntN(2) == 0
	store := workspace(t)
	var loadings []engine.Loading
	var times []time.Time
	row := func(kind string, i int, n int) []string {
		when := ""
		if dated && kind != "items" {
			when = fmt.Sprintf(",2024-06-%02d 10:00:00", 1+n)
		}
		switch kind {
		case "orders":
			return []string{fmt.Sprintf("o%d,c%d,2024-01-%02d,%s,%d.00%s", i, i%7, 1+i%28, []string{"paid", "shipped", "completed"}[n%3], 10+n, when)}
		case "customers":
			return []string{fmt.Sprintf("c%d,c%d@shop.example,%s%s", i, i, []string{"杭州", "上海"}[n%2], when)}
		}
		return []string{fmt.Sprintf("i%d,c%d,2024-01-05,P1,1,%d.00", i, i%7, 5+n), fmt.Sprintf("i%d,c%d,2024-01-05,P2,2,3.00", i, i%7)}
	}
	type fact struct {
		key  int
		text []string
	}
	kinds := []string{"orders", "customers", "items"}
	r.Shuffle(3, func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	for _, kind := range kinds[:1+r.IntN(2)] {
		header := map[string]string{"orders": orders, "customers": people, "items": items}[kind]
		if dated && kind != "items" {
			header += ",updated_at"
		}
		var facts []fact
		next := 0
		grow := func(n, night int) {
			for range n {
				facts = append(facts, fact{next, row(kind, next, night)})
				next++
			}
		}
		grow(12, 0)
		for night := range 3 + r.IntN(2) {
			if night > 0 {
				for range 1 + r.IntN(3) {
					i := r.IntN(len(facts))
					facts[i].text = row(kind, facts[i].key, r.IntN(night+1)) // a new version, or an old one again
				}
				if r.IntN(3) == 0 {
					facts = slices.Delete(facts, 3, 5)
				}
				grow(r.IntN(3), night)
			}
			if shuffled {
				r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
			}
			text := header + "\n"
			for _, f := range facts {
				for _, line := range f.text {
					text += line + "\n"
				}
			}
			from := source(kind, write(t, store, fmt.Sprintf("%s-%d.csv", kind, night), text))
			if kind == "items" {
				from.Kind, from.Name = "orders", "items"
			}
			loadings = append(loadings, engine.Loading{Source: from})
		}
	}
	r.Shuffle(len(loadings), func(i, j int) { loadings[i], loadings[j] = loadings[j], loadings[i] })
	now := store.Now
	for range loadings {
		if clock {
			now = now.AddDate(0, 0, 1)
		}
		times = append(times, now)
	}
	batch := make([]int, len(loadings))
	for i := range loadings {
		store.Now = times[i]
		loaded := mustLoad(t, store, loadings[i:i+1])
		if batch[i] = loaded[0].Batch; loaded[0].State != engine.StateLoaded {
			batch[i] = 0 // the same bytes as of another night
		}
	}
	gone := map[int]bool{}
	for range 2 {
		victim := r.IntN(len(loadings))
		if gone[victim] || batch[victim] == 0 {
			continue
		}
		gone[victim] = true
		if _, err := store.Rollback(context.Background(), batch[victim]); err != nil {
			t.Fatal(err)
		}
		without := workspace(t)
		for i, l := range loadings {
			if gone[i] || batch[i] == 0 {
				continue
			}
			text, err := os.ReadFile(filepath.Join(store.Dir, l.Source.Path[0]))
			if err != nil {
				t.Fatal(err)
			}
			write(t, without, l.Source.Path[0], string(text))
			without.Now = times[i]
			mustLoad(t, without, loadings[i:i+1])
		}
		compareTables(t, fmt.Sprintf("without %v (dated %v, shuffled %v)", gone, dated, shuffled), attributed(t, store), attributed(t, without))
		if t.Failed() {
			return
		}
	}
}

// A full export of the same rows in the same order adds one record a night, and one
// in another order no text: what is known of copies does not grow with the shop.
func TestRepeatsAreRuns(t *testing.T) {
	e := workspace(t)
	text := "order_id,customer,date,amount\n"
	for i := range 500 {
		text += fmt.Sprintf("o%d,c%d,2024-01-05,%d\n", i, i%9, i)
	}
	for night := range 3 {
		text += fmt.Sprintf("new%d,c1,2024-01-06,1\n", night)
		loaded := load(t, e, source("orders", write(t, e, fmt.Sprintf("%d.csv", night), text)))[0]
		if night > 0 && loaded.Duplicates != int64(500+night) {
			t.Fatalf("%+v", loaded)
		}
	}
	expect(t, e, "SELECT batch_id, line, of_batch, of_line, \"rows\" FROM facts.repeated_runs ORDER BY ALL",
		"2|2|1|2|501", "3|2|1|2|501", "3|503|2|503|1")
	expect(t, e, "SELECT count(*) FROM facts.repeats", "0")
	if _, err := e.Rollback(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	expect(t, e, "SELECT batch_id, line, of_batch, of_line, \"rows\" FROM facts.repeated_runs ORDER BY ALL", "3|2|2|2|501", "3|503|2|503|1")
	expect(t, e, "SELECT count(*) FROM facts.repeats", "0")
	expect(t, e, "SELECT path, accepted, duplicates FROM batches WHERE state = 'loaded' ORDER BY batch_id", "1.csv|502|0", "2.csv|1|502")
	if _, err := e.Rollback(context.Background(), 3); err != nil {
		t.Fatal(err)
	}
	expect(t, e, "SELECT count(*) FROM facts.repeated_runs", "0")
}
