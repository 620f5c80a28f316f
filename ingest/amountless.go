package ingest

import (
	"bytes"
	"fmt"

	"clientele/engine/table"
)

// amountless counts the rows of an orders file that have no amount although the
// file has a column of them, and no other columns from which it follows. Such
// orders are of 0, which somebody should know.
//
// In a file with one row per line item the amount may stand on one row of each
// order, for all of them: the other rows lack nothing. Where amounts differ within
// an order, each row of the file has its own, and those without lack it.
type amountless struct {
	items bool // rows that follow each other with one order_id may be one order

	id      []byte // of the present order
	started bool
	blanks  rowCount // its rows without an amount
	amounts int      // its rows with one
	amount  int64    // of the first of them
	differ  bool

	lacking rowCount // rows of orders that are over
	beside  rowCount // the same, beside exactly one row with an amount
	lines   bool     // amounts differ within some order
}

// rowCount is a number of rows and the line of the first.
type rowCount struct{ n, line int64 }

func (c *rowCount) add(o rowCount) {
	if o.n > 0 && (c.n == 0 || o.line < c.line) {
		c.line = o.line
	}
	c.n += o.n
}

// amountless returns a counter for a file whose rows need it, else nil.
func (f *File) amountless() *amountless {
	p := f.plan
	if p.kind.name != "orders" || !p.has("net") || p.has("line_net", "gross") || p.has("quantity") && p.has("unit_price") {
		return nil
	}
	return &amountless{items: f.HasID && p.has("product_id", "product_name")}
}

// look adds the rows of a chunk. Chunks come in the order of the file.
func (a *amountless) look(t *table.Table) {
	if a == nil {
		return
	}
	net := t.Column("net")
	if !a.items && net.Null == nil {
		return
	}
	lines, ids := t.Column("line").Ints, t.Column("order_id").Texts
	for r, line := range lines {
		if id := ids.At(r); !a.items || !a.started || !bytes.Equal(id, a.id) {
			a.end()
			a.id, a.started = append(a.id[:0], id...), true
		}
		if net.Missing(r) {
			a.blanks.add(rowCount{1, line})
			continue
		}
		if a.amounts == 0 {
			a.amount = net.Ints[r]
		}
		a.amounts++
		a.differ = a.differ || net.Ints[r] != a.amount
	}
}

// end closes the present order.
func (a *amountless) end() {
	if a.amounts == 1 {
		a.beside.add(a.blanks)
	} else {
		a.lacking.add(a.blanks)
	}
	a.lines = a.lines || a.differ
	a.blanks, a.amounts, a.differ = rowCount{}, 0, false
}

// note says how many rows there were, in no or one text.
func (a *amountless) note() []string {
	if a == nil {
		return nil
	}
	a.end()
	all := a.lacking
	if a.lines {
		all.add(a.beside)
	}
	switch all.n {
	case 0:
		return nil
	case 1:
		return []string{fmt.Sprintf("1 row has no amount (line %d): taken as 0", all.line)}
	}
	return []string{fmt.Sprintf("%d rows have no amount (first on line %d): taken as 0", all.n, all.line)}
}
