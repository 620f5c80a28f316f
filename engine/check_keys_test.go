package engine

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"clientele/engine/internal/duck"
	"clientele/queries"

	"pgregory.net/rapid"
)

// Whether a number stands twice is what sorting all of them says, of numbers that are
// spread like hashes, of few different ones, and of those that differ in one place.
func TestRepeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		n := rapid.IntRange(0, 5000).Draw(t, "numbers")
		mask := rapid.SampledFrom([]int64{1<<63 - 1, 1<<24 - 1, 255, 255 << 55, 1<<63 - 256}).Draw(t, "mask")
		seen, list := map[int64]bool{}, []int64(nil)
		for len(list) < n && (mask > 255 && mask != 255<<55 || len(list) < 200) {
			if v := random.Int64() & mask; !seen[v] {
				seen[v] = true
				list = append(list, v)
			}
		}
		if repeats(slices.Clone(list), 55) {
			t.Fatal("different numbers are said to repeat")
		}
		if len(list) == 0 {
			return
		}
		list = append(list, list[random.IntN(len(list))])
		random.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
		if !repeats(list, 55) {
			t.Fatal("a number that stands twice is not found")
		}
	})
}

// An order and a line that stand twice are found, though the checks look at hashes
// first; an order below zero, which is a refund, may have the id of an order.
func TestKeyChecks(t *testing.T) {
	ctx := context.Background()
	db, err := openSchema(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	most := int64(1 << 24)
	found := func(name string) int64 {
		t.Helper()
		c := &check{query: queries.Get("check/" + name).SQL, keys: keyHashes()[name]}
		if c.keys == "" {
			t.Fatalf("%s: no hashes", name)
		}
		if err := c.run(ctx, db, most); err != nil {
			t.Fatal(err)
		}
		return c.Failed
	}
	insert(t, db, `INSERT INTO facts.orders (source, order_id, ordered_at, ordered_on, ordered_day, counted, net, content, batch_id, line)
		SELECT 's', CAST(i AS VARCHAR), TIMESTAMPTZ '2026-01-01', DATE '2026-01-01', 20454, true, 1, 0, 1, i FROM range(3000) AS r(i)
		UNION ALL SELECT 'other', '7', TIMESTAMPTZ '2026-01-01', DATE '2026-01-01', 20454, true, 1, 0, 1, 1
		UNION ALL SELECT 's', '7', TIMESTAMPTZ '2026-01-01', DATE '2026-01-01', 20454, true, -1, 0, 1, 1`)
	insert(t, db, "INSERT INTO facts.order_lines (source, order_id, line, told_by, version, batch_id, file_line) SELECT 's', CAST(i // 3 AS VARCHAR), i % 3, 'lines', 0, 1, i FROM range(3000) AS r(i)")
	if orders, lines := found("order_keys"), found("line_keys"); orders != 0 || lines != 0 {
		t.Fatalf("%d orders and %d lines are found where all differ", orders, lines)
	}
	insert(t, db, "INSERT INTO facts.orders SELECT * FROM facts.orders WHERE order_id = '2999'")
	insert(t, db, "INSERT INTO facts.order_lines SELECT * FROM facts.order_lines WHERE order_id = '5' AND line < 2")
	if orders, lines := found("order_keys"), found("line_keys"); orders != 1 || lines != 2 {
		t.Fatalf("%d orders and %d lines are found, want 1 and 2", orders, lines)
	}
	most = 100 // too few for these
	if orders, lines := found("order_keys"), found("line_keys"); orders != 1 || lines != 2 {
		t.Fatalf("%d orders and %d lines are found by the store alone, want 1 and 2", orders, lines)
	}
}

func insert(t *testing.T, db *duck.DB, statement string) {
	t.Helper()
	if err := db.Exec(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}
