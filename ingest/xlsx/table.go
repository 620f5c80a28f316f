package xlsx

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"clientele/ingest"
)

// table is where the table of a sheet begins.
type table struct {
	row   int // of the header
	first int // column of its first name
	names []string
	below int // rows with something in them that were seen below it
}

// wide reports a table of two columns or more with rows.
func (t *table) wide() bool { return t != nil && len(t.names) > 1 && t.below > 0 }

// choose finds the sheet to read and its table.
func (r *Reader) choose(opt ingest.Options) (sheetRef, *table, error) {
	if len(r.book.sheets) == 0 {
		return sheetRef{}, nil, errors.New("has no sheet of cells")
	}
	if opt.Sheet != "" {
		ref, err := r.named(opt.Sheet)
		if err != nil {
			return ref, nil, err
		}
		t, err := r.look(ref, opt)
		if err == nil && t == nil {
			err = fmt.Errorf("sheet %q holds no table: put a row of column names first", ref.name)
		}
		return ref, t, err
	}
	tables := make([]*table, len(r.book.sheets))
	chosen := -1
	for i, ref := range r.book.sheets {
		var err error
		if tables[i], err = r.look(ref, opt); err != nil {
			return ref, nil, err
		}
		if better(tables[i], ref, tables, chosen, r.book.sheets) {
			chosen = i
		}
	}
	if chosen < 0 {
		return sheetRef{}, nil, errors.New("holds no table: put a row of column names first in a sheet")
	}
	if len(r.book.sheets) > 1 {
		r.notes = append(r.notes, fmt.Sprintf("sheet %q was read", r.book.sheets[chosen].name))
	}
	var others []string
	for i, t := range tables {
		if i != chosen && t.wide() {
			others = append(others, strconv.Quote(r.book.sheets[i].name))
		}
	}
	switch len(others) {
	case 0:
	case 1:
		r.notes = append(r.notes, fmt.Sprintf("sheet %s looks like a table too and was not read", others[0]))
	default:
		r.notes = append(r.notes, fmt.Sprintf("sheets %s look like tables too and were not read", strings.Join(others, ", ")))
	}
	return r.book.sheets[chosen], tables[chosen], nil
}

// better reports a table that is to be read rather than the one chosen so far:
// one with columns and rows before one without, a visible one before a hidden
// one, the first among equals.
func better(t *table, ref sheetRef, tables []*table, chosen int, sheets []sheetRef) bool {
	if t == nil || chosen < 0 {
		return t != nil
	}
	rank := func(t *table, hidden bool) int {
		n := 0
		if !hidden {
			n++
		}
		if t.below > 0 {
			n += 2
		}
		if t.wide() {
			n += 4
		}
		return n
	}
	return rank(t, ref.hidden) > rank(tables[chosen], sheets[chosen].hidden)
}

// named finds a sheet by its name, as it is written or in other letters, or by its number.
func (r *Reader) named(name string) (sheetRef, error) {
	var names []string
	for _, s := range r.book.sheets {
		if s.name == name {
			return s, nil
		}
		names = append(names, strconv.Quote(s.name))
	}
	for _, s := range r.book.sheets {
		if strings.EqualFold(s.name, strings.TrimSpace(name)) {
			return s, nil
		}
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(names) {
		return r.book.sheets[n-1], nil
	}
	return sheetRef{}, fmt.Errorf("has no sheet %q: it has %s", name, strings.Join(names, ", "))
}

// look reads the first rows of a sheet for its header; nil: it has none.
func (r *Reader) look(ref sheetRef, opt ingest.Options) (*table, error) {
	s, err := r.book.sheet(ref)
	if err != nil {
		return nil, err
	}
	defer s.close()
	var rows []probe
	for size := 0; len(rows) < probeRows && size < rowBytes; {
		err := s.next(&r.row)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if p := probeOf(&r.row, opt.Map); p.filled > 0 {
			rows = append(rows, p)
			size += len(r.row.data)
		}
	}
	r.row.number = 0
	return headerOf(rows), nil
}

// probe is a row as far as it matters for finding the header.
type probe struct {
	number int
	filled int
	texts  int  // of these, how many are texts
	mapped bool // one of them is a name that the configuration maps
	first  int
	names  []string
}

func probeOf(r *row, mapped map[string]string) probe {
	p := probe{number: r.number, first: maxColumns}
	last := -1
	for _, c := range r.cells {
		if c.kind == blank {
			continue
		}
		p.filled++
		if c.kind == text {
			p.texts++
		}
		p.first, last = min(p.first, c.column), max(last, c.column)
	}
	if last < 0 {
		return p
	}
	p.names = make([]string, last-p.first+1)
	for _, c := range r.cells {
		if c.kind == blank {
			continue
		}
		name := string(r.text(c))
		p.names[c.column-p.first] = name
		for _, m := range mapped {
			p.mapped = p.mapped || m == name && name != ""
		}
	}
	return p
}

// headerOf finds the header among the first rows that are not blank: the one
// with a mapped name, else the first row of texts, above the first row of data,
// that is about as wide as the widest of them. Data is what holds something else
// than texts and is at least half as wide as the widest row of all.
func headerOf(rows []probe) *table {
	widest := 0
	for _, p := range rows {
		widest = max(widest, p.filled)
	}
	most, found := 0, -1
	var above []int
	for i, p := range rows {
		if p.mapped {
			found = i
			break
		}
		if p.texts == p.filled {
			above = append(above, i)
			most = max(most, p.filled)
		} else if 2*p.filled >= widest {
			break
		}
	}
	for _, i := range above {
		if n := rows[i].filled; found < 0 && n >= most-most/4 && 2*n >= widest {
			found = i
		}
	}
	if found < 0 {
		return nil
	}
	p := rows[found]
	return &table{row: p.number, first: p.first, names: p.names, below: len(rows) - found - 1}
}
