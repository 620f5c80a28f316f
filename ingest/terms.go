package ingest

import (
	"sync"

	"github.com/zeebo/xxh3"

	"clientele/engine/table"
)

// Terms numbers the terms on which orders were placed, from 1 in the order in which
// they are met: a column of small numbers takes a thirteenth of the room of one of
// hashes, and there are few combinations. One serves all Folds that fill a store. Of a
// shop that gives each customer a coupon of their own there are too many to remember:
// those beyond the first 65,536 keep their hashes.
type Terms struct {
	mu      sync.Mutex
	numbers map[uint64]int64 // by hash
	last    int64
}

const mostTerms = 1 << 16

// MostTerms is how many rows of the terms of a store NewTerms looks at: with more than
// these, nothing is numbered.
const MostTerms = mostTerms + 1

// NewTerms begins with the terms that a store has, in columns as TermFields has them.
func NewTerms(known *table.Table) *Terms {
	t := &Terms{numbers: map[uint64]int64{}}
	if known.Rows() > mostTerms {
		t.last = mostTerms
		return t
	}
	columns := make([]*table.Column, len(termColumns()))
	for i, name := range termColumns() {
		columns[i] = known.Column(name)
	}
	tags := tagsOf(termColumns())
	for r, number := range known.Ints("terms") {
		if h, told := sideHash(columns, tags, r, false); told {
			t.numbers[h] = number
		}
		if number <= mostTerms {
			t.last = max(t.last, number)
		}
	}
	return t
}

// number puts numbers in the place of hashes; rows with missing set have none.
func (t *Terms) number(hashes []int64, missing []bool) {
	var lately [256]struct{ hash, number int64 } // most rows are like one a little before
	t.mu.Lock()
	defer t.mu.Unlock()
	for r, h := range hashes {
		if missing[r] {
			continue
		}
		l := &lately[h&255]
		if l.hash != h || l.number == 0 {
			l.hash, l.number = h, t.of(uint64(h))
		}
		hashes[r] = l.number
	}
}

func (t *Terms) of(h uint64) int64 {
	n, ok := t.numbers[h]
	switch {
	case ok:
		return n
	case t.last >= mostTerms:
		return int64(h)
	}
	t.last++
	t.numbers[h] = t.last
	return t.last
}

// tagsOf tell columns apart in the hash of their values.
func tagsOf(names []string) []uint64 {
	tags := make([]uint64, len(names))
	for i, n := range names {
		tags[i] = xxh3.HashString(n)
	}
	return tags
}

// sideHash is the hash of the values of a row, and whether it has any; with first set, a
// row without a value in the first column has none.
func sideHash(columns []*table.Column, tags []uint64, r int, first bool) (h uint64, told bool) {
	for i, c := range columns {
		if c.Missing(r) {
			if first && i == 0 {
				return 0, false
			}
			continue
		}
		told = true
		switch {
		case c.Kind != table.Bool:
			h = xxh3.HashSeed(c.Texts.At(r), h^tags[i])
		case c.Bools[r]:
			h = xxh3.HashStringSeed("true", h^tags[i])
		default:
			h = xxh3.HashStringSeed("false", h^tags[i])
		}
	}
	return h & positive, told
}
