package engine_test

import (
	"context"
	"errors"
	"testing"

	"clientele/engine"
)

// undo takes a batch out of the store.
func undo(t testing.TB, e *engine.Engine, batch int) {
	t.Helper()
	if _, err := e.Rollback(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
}

const (
	linesOfOrders = "SELECT order_id, product_id, net, batch_id, file_line FROM order_lines ORDER BY ALL"
	accounts      = "SELECT batch_id, read, accepted, duplicates, rejected FROM batches WHERE state = 'loaded' ORDER BY 1"
)

// A row that stands twice in a file shares its lines with the other: undoing
// another file must not take them away, nor double them.
func TestRepeatedRowsKeepTheirLines(t *testing.T) {
	t.Parallel()
	const twice = "order_id,customer,date,amount,product_id,quantity,updated_at\n" +
		"1,ann,2024-01-05,10,P1,1,2024-01-05 10:00\n1,ann,2024-01-05,10,P1,1,2024-01-05 10:00\n2,bob,2024-01-05,20,P2,1,2024-01-05 10:00\n"
	const newer = "order_id,customer,date,amount,product_id,quantity,updated_at\n1,ann,2024-01-05,15,P1,1,2024-01-06 10:00\n"

	t.Run("a newer version is undone", func(t *testing.T) {
		e := workspace(t)
		loadText(t, e, "orders", "a.csv", twice)
		loadText(t, e, "orders", "b.csv", newer)
		undo(t, e, 2)
		expect(t, e, linesOfOrders, "1|P1|10|1|2", "2|P2|20|1|4")
		expect(t, e, accounts, "1|3|2|1|0")
	})
	t.Run("the same rows of an earlier file are undone", func(t *testing.T) {
		e := workspace(t)
		loadText(t, e, "orders", "a.csv", twice)
		loadText(t, e, "orders", "b.csv", twice+"3,cai,2024-01-09,7,P1,1,2024-01-05 10:00\n")
		expect(t, e, accounts, "1|3|2|1|0", "2|4|1|3|0")
		loadText(t, e, "orders", "c.csv", newer)
		undo(t, e, 1)
		undo(t, e, 3)
		expect(t, e, linesOfOrders, "1|P1|10|2|2", "2|P2|20|2|4", "3|P1|7|2|5")
		expect(t, e, accounts, "2|4|3|1|0")
	})
}

// An order whose items stand in one cell is one row of its file, also when it is a copy.
func TestCopiedItemsAreOneRow(t *testing.T) {
	const text = "order_id,customer,date,amount,items\n" +
		`1,ann,2024-01-05,60,"[{""sku"":""A"",""quantity"":1,""price"":10},{""sku"":""B"",""quantity"":1,""price"":20},{""sku"":""C"",""quantity"":1,""price"":30}]"` + "\n"
	e := workspace(t)
	loadText(t, e, "orders", "a.csv", text)
	loadText(t, e, "orders", "b.csv", text+"2,bob,2024-01-06,5,\n")
	expect(t, e, accounts, "1|1|1|0|0", "2|2|1|1|0")
	undo(t, e, 1)
	expect(t, e, "SELECT order_id, product_id, net, batch_id FROM order_lines ORDER BY ALL", "1|A|10|2", "1|B|20|2", "1|C|30|2")
	expect(t, e, accounts, "2|2|2|0|0")
}

// A file in the wrong currency, or read with the wrong settings, can be taken out and
// loaded right: nothing of it binds what comes after.
func TestUndoneFileBindsNothing(t *testing.T) {
	e := workspace(t)
	wrong := source("orders", write(t, e, "eur.csv", "order_id,customer,date,amount,currency\n1,ann,2024-01-05 23:30,10,EUR\n"))
	wrong.Zone, wrong.IDSpace = "America/New_York", "other"
	load(t, e, wrong)
	undo(t, e, 1)
	loadText(t, e, "orders", "usd.csv", "order_id,customer,date,amount,currency\n1,ann,2024-01-05 23:30,12,USD\n")
	expect(t, e, "SELECT customer_id, ordered_on, currency, net FROM orders", "ann|2024-01-05|USD|12")

	// While files of the source are left, they bind: two currencies are never added.
	loadText(t, e, "orders", "more.csv", "order_id,customer,date,amount,currency\n2,ann,2024-01-06,1,USD\n")
	undo(t, e, 3)
	eur := write(t, e, "more-eur.csv", "order_id,customer,date,amount,currency\n3,ann,2024-01-05,10,EUR\n")
	loaded, err := e.Load(context.Background(), []engine.Loading{{Source: source("orders", eur)}})
	if !errors.Is(err, engine.ErrRefused) || loaded[0].State != engine.StateRefused {
		t.Errorf("a file in another currency: %v, %v", loaded, err)
	}
}

// The last row of an order without update times counts, also when it says again what
// an earlier one said, and whether or not the rows carry lines.
func TestWhatIsSaidAgainCounts(t *testing.T) {
	for name, text := range map[string]string{
		"plain": "order_id,customer,date,amount\n1,ann,2024-01-05,11\n1,ann,2024-01-05,10\n1,ann,2024-01-05,11\n1,ann,2024-01-05,11\n",
		"lines": "order_id,customer,date,amount,items\n" +
			"1,ann,2024-01-05,11,name:A|quantity:1|total:11\n1,ann,2024-01-05,10,name:A|quantity:1|total:10\n" +
			"1,ann,2024-01-05,11,name:A|quantity:1|total:11\n1,ann,2024-01-05,11,name:A|quantity:1|total:11\n",
	} {
		t.Run(name, func(t *testing.T) {
			e := workspace(t)
			loadText(t, e, "orders", "a.csv", text)
			expect(t, e, "SELECT order_id, net FROM orders", "1|11")
			loadText(t, e, "orders", "b.csv", text[:len(text)-1])
			undo(t, e, 1)
			expect(t, e, "SELECT order_id, net FROM orders", "1|11")
			if name == "lines" {
				expect(t, e, "SELECT order_id, net FROM order_lines", "1|11")
			}
			expect(t, e, "SELECT batch_id FROM batches WHERE read <> accepted + duplicates + rejected OR accepted < 0")
		})
	}
}
