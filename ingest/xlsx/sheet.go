package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"clientele/ingest/internal/stream"
)

// What a sheet may have.
const (
	maxRows    = 1_048_576
	maxColumns = 16_384
	rowBytes   = 64 << 20
	maxMerged  = 1 << 20 // merged areas that span rows
)

// cellKind says what a cell holds.
type cellKind uint8

const (
	blank      cellKind = iota
	text                // a text
	number              // a number, a date, a time, a truth value
	spoilt              // an error, such as #N/A
	unresolved          // a formula whose result is not stored
)

// cell is a cell of a row; its text is data[start:end] of the row.
type cell struct {
	column     int // from 0
	kind       cellKind
	start, end int
}

// valueKind is how the value of a cell is written.
type valueKind uint8

const (
	numeric  valueKind = iota
	shared             // the place of a text among those of the workbook
	inline             // a text
	computed           // a text that a formula gave
	truth
	failure
	isoDate
)

// kindOf reads the attribute that says so.
func kindOf(t []byte) valueKind {
	switch string(t) {
	case "s":
		return shared
	case "inlineStr":
		return inline
	case "str":
		return computed
	case "b":
		return truth
	case "e":
		return failure
	case "d":
		return isoDate
	}
	return numeric
}

// whole reads a number of at most nine digits.
func whole(v []byte) (int, bool) {
	n := 0
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(v) > 0 && len(v) < 10
}

// row is a row of a sheet. It is used again for the next.
type row struct {
	number int // from 1
	hidden bool
	cells  []cell // those that the file has, blank ones too, in any order
	data   []byte
}

// text returns the text of a cell.
func (r *row) text(c cell) []byte { return r.data[c.start:c.end] }

// filled is how many cells are not blank.
func (r *row) filled() int {
	n := 0
	for _, c := range r.cells {
		if c.kind != blank {
			n++
		}
	}
	return n
}

// sheet reads the rows of a sheet from front to back.
type sheet struct {
	book   *book
	ref    sheetRef
	in     io.ReadCloser
	xml    *scanner
	inside bool  // among the rows
	last   int   // number of the last row
	size   int64 // bytes of all texts of its cells
	value  []byte
	seen   []int // by column: the row in which it stood last
}

func (b *book) sheet(ref sheetRef) (*sheet, error) {
	in, err := b.open(ref.part, b.limit)
	if err != nil {
		return nil, err
	}
	return &sheet{book: b, ref: ref, in: in, xml: newScanner(in), seen: make([]int, maxColumns)}, nil
}

// close closes the part.
func (s *sheet) close() error { return s.in.Close() }

// wrong says what is wrong with the sheet.
func (s *sheet) wrong(err error) error {
	if stream.Expands(err) {
		return err
	}
	return fmt.Errorf("sheet %q, after row %d: the workbook is damaged: %w", s.ref.name, s.last, plainError(err))
}

// next reads the next row, io.EOF behind the last. The part is then read to its
// end, so that its checksum is compared.
func (s *sheet) next(r *row) error {
	for {
		k, err := s.xml.next()
		switch {
		case errors.Is(err, io.EOF):
			return io.EOF
		case err != nil:
			return s.wrong(err)
		case k == charData:
			continue
		}
		switch {
		case string(s.xml.name) == "sheetData":
			s.inside = k == startTag
		case k == startTag && s.inside && string(s.xml.name) == "row":
			return s.row(r)
		}
	}
}

// row reads the row whose tag has just been read.
func (s *sheet) row(r *row) error {
	*r = row{number: s.last + 1, hidden: isTrue(s.xml.attr("hidden")), cells: r.cells[:0], data: r.data[:0]}
	if at := s.xml.attr("r"); at != nil {
		n, ok := whole(at)
		if !ok || n <= s.last || n > maxRows {
			return s.wrong(fmt.Errorf("row %.20q is out of order", at))
		}
		r.number = n
	}
	s.last = r.number
	column := 0
	for depth := s.xml.depth; ; {
		k, err := s.xml.next()
		switch {
		case err != nil:
			return s.wrong(err)
		case k == endTag && s.xml.depth < depth:
			if s.size += int64(len(r.data)); s.size > s.book.limit { // few texts, but in many cells
				return stream.Over(s.book.limit, s.book.size)
			}
			return nil
		case k == startTag && string(s.xml.name) == "c":
			if column, err = s.cell(r, column); err != nil {
				return err
			}
		}
	}
}

// cell reads the cell whose tag has just been read. It stands in column, unless
// it says otherwise; the next one's column is returned.
func (s *sheet) cell(r *row, column int) (int, error) {
	if at := s.xml.attr("r"); at != nil {
		var ok bool
		if column, ok = columnOf(at); !ok {
			return 0, s.wrong(fmt.Errorf("%.20q is no cell", at))
		}
	}
	switch {
	case column >= maxColumns:
		return 0, s.wrong(fmt.Errorf("row %d has more than %d columns", r.number, maxColumns))
	case s.seen[column] == r.number:
		return 0, s.wrong(fmt.Errorf("cell %s%d stands twice", columnName(column), r.number))
	}
	s.seen[column] = r.number
	kind := kindOf(s.xml.attr("t"))
	look := plain
	if n, ok := whole(s.xml.attr("s")); ok && n < len(s.book.styles) {
		look = s.book.styles[n]
	}
	c := cell{column: column, start: len(r.data)}
	s.value = s.value[:0]
	hasValue, formula, inside := false, false, false
	for depth := s.xml.depth; ; {
		k, err := s.xml.next()
		if err != nil {
			return 0, s.wrong(err)
		}
		if k == endTag && s.xml.depth < depth {
			break
		}
		switch {
		case k == charData && inside:
			s.value = append(s.value, s.xml.text...)
		case k == startTag && string(s.xml.name) == "is":
			if r.data, err = appendRich(r.data, s.xml); err != nil {
				return 0, s.wrong(err)
			}
		case k != charData:
			inside = k == startTag && string(s.xml.name) == "v"
			hasValue = hasValue || inside
			formula = formula || string(s.xml.name) == "f"
		}
	}
	var err error
	if c.kind, err = s.setText(r, kind, look, hasValue); err != nil {
		return 0, err
	}
	if c.end = len(r.data); c.kind == blank && formula && !hasValue {
		c.kind = unresolved
	}
	r.cells = append(r.cells, c)
	if len(r.data) > rowBytes {
		return 0, s.wrong(fmt.Errorf("row %d holds more than %d MB", r.number, rowBytes>>20))
	}
	return column + 1, nil
}

// setText appends the text of a cell to the row's, which has that of an inline one already.
func (s *sheet) setText(r *row, kind valueKind, look style, hasValue bool) (cellKind, error) {
	start := len(r.data)
	v := bytes.TrimSpace(s.value)
	switch kind {
	case inline:
		return text, nil
	case shared:
		if !hasValue {
			return blank, nil
		}
		i, ok := whole(v)
		if !ok || i >= len(s.book.texts.ends) {
			return blank, s.wrong(fmt.Errorf("row %d refers to text %.20q of %d", r.number, v, len(s.book.texts.ends)))
		}
		r.data = append(r.data, s.book.texts.at(i)...)
	case computed:
		r.data = unescapeControls(append(r.data, s.value...), start)
	case failure:
		return spoilt, nil
	case truth:
		if r.data = append(r.data, "false"...); isTrue(v) {
			r.data = append(r.data[:start], "true"...)
		}
		return number, nil
	case isoDate:
		r.data = append(r.data, v...)
		return number, nil
	default:
		if len(v) == 0 {
			return blank, nil
		}
		if look != plain {
			var ok bool
			if r.data, ok = appendSerial(r.data, v, look, s.book.since1904); ok {
				return number, nil
			}
			r.data = r.data[:start]
		}
		r.data = appendNumber(r.data, v)
		return number, nil
	}
	if len(r.data) == start {
		return blank, nil
	}
	return text, nil
}

// columnOf reads the column of a cell's name, AB of AB12.
func columnOf(name []byte) (int, bool) {
	n, i := 0, 0
	for ; i < len(name) && name[i] >= 'A' && name[i] <= 'Z' && i < 4; i++ {
		n = n*26 + int(name[i]-'A') + 1
	}
	return n - 1, i > 0 && n <= maxColumns
}

// columnName is the letters of a column.
func columnName(column int) string {
	var out []byte
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		out = append(out, byte('A'+(n-1)%26))
	}
	slices.Reverse(out)
	return string(out)
}

// merged is an area of cells that are one, by the column that its value stands
// in and the rows that it spans.
type merged struct {
	column, from, to int
}

// readMerged returns the merged areas of a sheet that span rows, in their order.
// They stand behind the rows, which are passed over unread.
func (b *book) readMerged(ref sheetRef) ([]merged, error) {
	in, err := b.open(ref.part, b.limit)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	rest, err := behind(in, "sheetData>")
	if err != nil || rest == nil {
		return nil, err
	}
	var areas []merged
	s := newScanner(io.MultiReader(bytes.NewReader([]byte("<rest>")), rest))
	for {
		k, err := s.next()
		if err != nil {
			return areas, nil // the end; what is wrong with the sheet is said by who reads it
		}
		if k != startTag || string(s.name) != "mergeCell" {
			continue
		}
		if m, ok := mergedOf(s.attr("ref")); ok && m.to > m.from {
			areas = append(areas, m)
		}
		if len(areas) > maxMerged {
			return nil, fmt.Errorf("sheet %q has more than %d merged areas: save it as CSV (UTF-8)", ref.name, maxMerged)
		}
	}
}

// behind reads up to the mark and returns what follows, nil where there is none.
func behind(from io.Reader, mark string) (io.Reader, error) {
	buf, kept := make([]byte, 1<<20), 0
	first := true // the mark stands at the beginning of the rows and at their end
	for {
		n, err := from.Read(buf[kept:])
		have := buf[:kept+n]
		for i := bytes.Index(have, []byte(mark)); i >= 0; i = bytes.Index(have, []byte(mark)) {
			have = have[i+len(mark):]
			if !first {
				return io.MultiReader(bytes.NewReader(have), from), nil
			}
			first = false
		}
		switch {
		case stream.Expands(err):
			return nil, err
		case err != nil:
			return nil, nil
		}
		kept = copy(buf, have[max(0, len(have)-len(mark)+1):])
	}
}

// mergedOf reads an area, A1:B3.
func mergedOf(ref []byte) (merged, bool) {
	from, to, ok := bytes.Cut(ref, []byte(":"))
	if !ok {
		return merged{}, false
	}
	column, ok := columnOf(from)
	first, ok1 := whole(bytes.TrimLeft(from, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	last, ok2 := whole(bytes.TrimLeft(to, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	return merged{column, first, last}, ok && ok1 && ok2 && first > 0
}
