package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/queries"

	"pgregory.net/rapid"
)

// Whether a number stands twice is what a set of them says: of numbers that are spread
// like hashes, of those whose low bits are few, so that many share a place, and of so
// many that they are not held but read again.
func TestKeysDiffer(t *testing.T) {
	ctx := context.Background()
	db, err := openSchema(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		n := rapid.IntRange(0, 5000).Draw(t, "numbers")
		mask := rapid.SampledFrom([]int64{1<<63 - 1, 1<<24 - 1, 255 << 55, 1<<63 - 1<<20}).Draw(t, "mask")
		seen, list := map[int64]bool{}, []int64(nil)
		for len(list) < n && (mask != 255<<55 || len(list) < 200) {
			if v := random.Int64() & mask; !seen[v] {
				seen[v] = true
				list = append(list, v)
			}
		}
		most := rapid.SampledFrom([]int64{1 << 24, int64(n), int64(n/8 + 1), int64(n/30 + 1)}).Draw(t, "most")
		differ := func() bool {
			t.Helper()
			column := &table.Column{Field: table.Field{Name: "h", Kind: table.Int}, Ints: list}
			if err := db.LoadTable(ctx, "numbers", table.New(column)); err != nil {
				t.Fatal(err)
			}
			is, err := keysDiffer(ctx, db, "SELECT rowid AS place, h FROM numbers", most)
			if err != nil {
				t.Fatal(err)
			}
			return is
		}
		if !differ() && most >= int64(len(list)) {
			t.Fatal("different numbers are said to repeat")
		}
		if len(list) == 0 {
			return
		}
		list = append(list, list[random.IntN(len(list))])
		random.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
		if differ() {
			t.Fatal("a number that stands twice is not found")
		}
	})
}

// Places are enough for the shop that the program promises to hold in its memory:
// 100 million orders in 4 GiB.
func TestKeysDifferOfMany(t *testing.T) {
	most := int64(1 << 24)
	if n := int64(100_000_000); n > 8*most {
		t.Fatalf("%d hashes are looked at in parts", n)
	}
	p := newMarks(100_000_000, most)
	if size := int64(len(p.bits)) * 8; size > 128<<20 {
		t.Fatalf("their places take %d bytes", size)
	}
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
		c := &check{query: queries.Get("check/" + name).SQL, keys: keyHashes()[name], CheckResult: CheckResult{Name: name}}
		if c.keys == "" {
			t.Fatalf("%s: no hashes", name)
		}
		if err := c.run(ctx, db, most); err != nil {
			t.Fatal(err)
		}
		return c.Failed
	}
	insert(t, db, batchOf(1, "s"))
	insert(t, db, batchOf(2, "other"))
	insert(t, db, `INSERT INTO facts.order_rows (order_id, ordered_at, ordered_day, counted, net, content, batch_id, line)
		SELECT CAST(i AS VARCHAR), TIMESTAMPTZ '2026-01-01', 20454, true, 1, 0, 1, i FROM range(3000) AS r(i)
		UNION ALL SELECT '7', TIMESTAMPTZ '2026-01-01', 20454, true, 1, 0, 2, 1
		UNION ALL SELECT '7', TIMESTAMPTZ '2026-01-01', 20454, true, -1, 0, 1, 1`)
	insert(t, db, "INSERT INTO facts.order_lines (source, order_id, line, told_by, version, batch_id, file_line) SELECT 's', CAST(i // 3 AS VARCHAR), i % 3, 'lines', 0, 1, i FROM range(3000) AS r(i)")
	if orders, lines := found("order_keys"), found("line_keys"); orders != 0 || lines != 0 {
		t.Fatalf("%d orders and %d lines are found where all differ", orders, lines)
	}
	insert(t, db, "INSERT INTO facts.order_rows SELECT * FROM facts.order_rows WHERE order_id = '2999'")
	insert(t, db, "INSERT INTO facts.order_lines SELECT * FROM facts.order_lines WHERE order_id = '5' AND line < 2")
	if orders, lines := found("order_keys"), found("line_keys"); orders != 1 || lines != 2 {
		t.Fatalf("%d orders and %d lines are found, want 1 and 2", orders, lines)
	}
	most = 500 // so that they are not held but read again
	if orders, lines := found("order_keys"), found("line_keys"); orders != 1 || lines != 2 {
		t.Fatalf("%d orders and %d lines are found when hashes are read again, want 1 and 2", orders, lines)
	}
	most = 100 // so that they are looked at in parts
	if orders, lines := found("order_keys"), found("line_keys"); orders != 1 || lines != 2 {
		t.Fatalf("%d orders and %d lines are found in parts, want 1 and 2", orders, lines)
	}
}

// Customer ids that two persons share, and persons with two of them, are found though
// the check looks at hashes first; people that several accounts were joined into are
// no fault.
func TestCustomerIDCheck(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		db, err := openSchema(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		faults, n := rapid.IntRange(0, 2).Draw(t, "faults"), rapid.IntRange(1, 30).Draw(t, "identities")
		for member := range n {
			person := member - member%rapid.IntRange(1, 3).Draw(t, "apart") // itself, or one that may be another's
			id := person
			if faults > 0 && rapid.IntRange(0, 5).Draw(t, "fault") == 0 {
				id, faults = rapid.IntRange(0, n).Draw(t, "id"), faults-1
			}
			if err := db.Exec(ctx, fmt.Sprintf("INSERT INTO identities VALUES ('s', '%d', %d, 'c%d', %d, 'id')", member, member, id, person)); err != nil {
				t.Fatal(err)
			}
		}
		query := queries.Get("check/customer_ids").SQL
		slow, fast := &check{query: query}, &check{query: query, keys: keyHashes()["customer_ids"]}
		if err := errors.Join(slow.run(ctx, db, 1<<20), fast.run(ctx, db, 1<<20)); err != nil {
			t.Fatal(err)
		}
		if slow.Failed != fast.Failed {
			t.Fatalf("%d are found, %d are wrong", fast.Failed, slow.Failed)
		}
	})
}

func insert(t *testing.T, db *duck.DB, statement string) {
	t.Helper()
	if err := db.Exec(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

// batchOf is the statement that makes a batch of orders of a source.
func batchOf(batch int, source string) string {
	return fmt.Sprintf(`INSERT INTO batches (batch_id, kind, source, path, content_hash, mapping, read, accepted, duplicates, rejected, state, loaded_at, allow_rejects, header, platform)
  VALUES (%d, 'orders', '%s', 'o.csv', 'h', '', 0, 0, 0, 0, 'loaded', TIMESTAMPTZ '2024-07-15 00:00:00+00', false, '[]', '');`, batch, source)
}

// Of orders of one source the ids alone are looked at; of those of two, ids that both
// have are no fault.
func TestKeysOfOneSource(t *testing.T) {
	ctx := context.Background()
	db, err := openSchema(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c := &check{query: queries.Get("check/order_keys").SQL, keys: keyHashes()["order_keys"], CheckResult: CheckResult{Name: "order_keys"}}
	want := func(what, keys string, failed int64, clean bool) {
		t.Helper()
		got, err := c.hashes(ctx, db)
		if err != nil || got != keys {
			t.Errorf("%s: %v, hashes by %s", what, err, got)
		}
		if is, err := keysDiffer(ctx, db, got, 1<<24); err != nil || is != clean {
			t.Errorf("%s: %v, all differ: %v", what, err, is)
		}
		if err := c.run(ctx, db, 1<<24); err != nil || c.Failed != failed {
			t.Errorf("%s: %v, %d orders stand twice, want %d", what, err, c.Failed, failed)
		}
	}
	order := func(id string, batch int) {
		t.Helper()
		insert(t, db, fmt.Sprintf(`INSERT INTO facts.order_rows (order_id, ordered_at, ordered_day, counted, net, content, batch_id, line)
			VALUES ('%s', TIMESTAMPTZ '2026-01-01', 20454, true, 1, 0, %d, 1)`, id, batch))
	}
	insert(t, db, batchOf(1, "s"))
	insert(t, db, batchOf(2, "s"))
	order("a", 1)
	order("b", 2)
	want("two files of one source", orderIDs, 0, true)
	insert(t, db, batchOf(3, "other"))
	order("a", 3)
	want("two sources", c.keys, 0, true)
	order("a", 2)
	want("an order twice", c.keys, 1, false)
	insert(t, db, "DELETE FROM batches WHERE batch_id = 3")
	insert(t, db, "DELETE FROM facts.order_rows WHERE batch_id = 3")
	want("an order twice in one source", orderIDs, 1, false)
}
