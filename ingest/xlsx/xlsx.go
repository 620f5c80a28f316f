// Package xlsx reads sheets of Excel workbooks (.xlsx, .xlsm) as a stream, into
// blocks of cells.
//
// The sheet is the one asked for by name or number, else the first visible one
// that holds a table; Notes names the others that do. The header is the widest row
// of texts before the first row of data, so that titles and blank rows may stand
// above it. Rows are numbered as the sheet numbers them; blank ones are skipped.
//
// Cells become the text that the converters of package ingest take: dates and
// times in ISO form, by the style of the cell and the workbook's first day (1900
// or 1904); numbers with all their digits; those of more than 15 digits, which
// have lost some, as 1.23E+17, which no id may be; truth values as true and
// false; formulas by their stored result. Blank cells, errors (#N/A) and formulas
// without a result are absent, which Notes counts. A merged cell's value stands
// in every row that it spans. Hidden rows and columns are read like others. A row
// with a cell beside the table is rejected.
//
// The parts of a workbook are read here and not by a library: the ones that
// stream (excelize v2.11) drop the type and the style of cells and end a damaged
// sheet without an error, so that neither dates nor the count of rows can be
// trusted. They write the workbooks of the tests.
package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"clientele/ingest"
	"clientele/ingest/internal/stream"
)

const (
	pieceRows  = 8192
	pieceCells = 1 << 20
	pieceBytes = 8 << 20
	probeRows  = 100 // rows that are looked at for the header
)

// Reader reads one sheet. It implements ingest.Reader.
type Reader struct {
	book   *book
	sheet  *sheet
	header []string
	first  int // column of the first name
	rows   int // of a piece
	merged []merged
	active []fill
	row    row
	notes  []string
	counts counts
	free   stream.Free[*buffers]
}

// counts are what Notes tells of the rows.
type counts struct {
	hidden, errors, unresolved, filled int
	firstUnresolved                    string
}

// fill is a merged area that the present row is in.
type fill struct {
	merged
	kind cellKind
	text []byte
}

// buffers are the slices of one block, reused once the block is released.
type buffers struct {
	start, end []uint32
	lines      []int64
	data       []byte
}

// Open opens the workbook at path and finds its table. Options.Sheet names the sheet.
func Open(path string, opt ingest.Options) (*Reader, error) { return open(path, opt, pieceRows) }

func open(path string, opt ingest.Options, rows int) (*Reader, error) {
	b, err := openBook(path, opt.Expand)
	if err != nil {
		return nil, err
	}
	r := &Reader{book: b, rows: rows, free: stream.MakeFree[*buffers]()}
	if err := r.start(opt); err != nil {
		r.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// start chooses the sheet and goes to the row below its header.
func (r *Reader) start(opt ingest.Options) error {
	ref, t, err := r.choose(opt)
	if err != nil {
		return err
	}
	r.header, r.first = t.names, t.first
	r.rows = max(1, min(r.rows, pieceCells/len(r.header)))
	if r.book.unpacked {
		r.notes = append([]string{"unpacked to a temporary file"}, r.notes...)
	}
	if t.row > 1 {
		r.notes = append(r.notes, fmt.Sprintf("the header was found in row %d", t.row))
	}
	if r.merged, err = r.book.readMerged(ref); err != nil {
		return err
	}
	slices.SortFunc(r.merged, func(a, b merged) int { return a.from - b.from })
	if r.sheet, err = r.book.sheet(ref); err != nil {
		return err
	}
	for r.row.number < t.row {
		if err := r.sheet.next(&r.row); err != nil {
			return err
		}
	}
	r.spread() // areas that begin in the header
	return nil
}

// Header is the names of the columns.
func (r *Reader) Header() []string { return r.header }

// Notes says which sheet is read and where its header stands and, once it has
// been read, what of it is not as it looks.
func (r *Reader) Notes() []string {
	notes := slices.Clone(r.notes)
	c := r.counts
	if c.hidden > 0 {
		notes = append(notes, fmt.Sprintf("%d hidden rows were read like the others", c.hidden))
	}
	if c.errors > 0 {
		notes = append(notes, fmt.Sprintf("%d cells hold an error, such as #N/A, and were read as blank", c.errors))
	}
	if c.unresolved > 0 {
		notes = append(notes, fmt.Sprintf("%d cells hold a formula without a stored result, the first %s, and were read as blank: open the workbook in a spreadsheet and save it", c.unresolved, c.firstUnresolved))
	}
	if c.filled > 0 {
		notes = append(notes, fmt.Sprintf("%d cells got the value of the merged cell that they are part of", c.filled))
	}
	return notes
}

// Close closes the workbook.
func (r *Reader) Close() error {
	var err error
	if r.sheet != nil {
		err = r.sheet.close()
	}
	return errors.Join(err, r.book.file.Close())
}

// piece is a block that Next has read: a sheet can only be read from front to
// back, and the work that can be shared comes after. It implements ingest.Piece.
type piece struct{ block *ingest.Block }

func (p piece) Parse() (*ingest.Block, error) { return p.block, nil }

// Next reads the next rows.
func (r *Reader) Next() (ingest.Piece, error) {
	buf := r.free.Get()
	if buf == nil {
		buf = new(buffers)
	}
	columns := len(r.header)
	b := &ingest.Block{Columns: columns, Lines: buf.lines[:0], Start: buf.start[:0], End: buf.end[:0], Data: buf.data[:0]}
	for len(b.Lines)+len(b.Bad) < r.rows && len(b.Data) < pieceBytes {
		err := r.sheet.next(&r.row)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.book.path, err)
		}
		r.add(b)
	}
	if len(b.Lines)+len(b.Bad) == 0 {
		return nil, io.EOF
	}
	buf.lines, buf.start, buf.end, buf.data = b.Lines, b.Start, b.End, b.Data
	b.Raw = func(n int) string { return rawRow(b, n) }
	b.Release = func() { r.free.Put(buf) }
	return piece{b}, nil
}

// add puts the present row into a block, unless it is blank.
func (r *Reader) add(b *ingest.Block) {
	own := r.row.filled() > 0
	r.spread()
	if !own {
		return
	}
	if r.row.hidden {
		r.counts.hidden++
	}
	columns := len(r.header)
	base, data := len(b.Start), len(b.Data)
	for range columns {
		b.Start, b.End = append(b.Start, 1), append(b.End, 0)
	}
	outside := 0 // the outermost column beside the table, from 1
	for _, c := range r.row.cells {
		at := c.column - r.first
		switch {
		case c.kind == blank:
			continue
		case c.kind == spoilt:
			r.counts.errors++
			continue
		case c.kind == unresolved:
			if r.counts.unresolved++; r.counts.unresolved == 1 {
				r.counts.firstUnresolved = columnName(c.column) + strconv.Itoa(r.row.number)
			}
			continue
		case at < 0 || at >= columns:
			outside = max(outside, c.column+1)
			continue
		}
		b.Start[base+at] = uint32(len(b.Data))
		b.Data = append(b.Data, r.row.text(c)...)
		b.End[base+at] = uint32(len(b.Data))
	}
	reason := ""
	switch {
	case outside > 0 && outside <= r.first:
		reason = fmt.Sprintf("row has %d cells, header has %d", columns+r.first-outside+1, columns)
	case outside > 0:
		reason = fmt.Sprintf("row has %d cells, header has %d", outside-r.first, columns)
	case !utf8.Valid(b.Data[data:]):
		reason = "row is not valid UTF-8"
	case bytes.IndexByte(b.Data[data:], 0) >= 0:
		reason = "row holds a NUL character"
	}
	if reason != "" {
		b.Bad = append(b.Bad, ingest.Reject{Line: int64(r.row.number), Reason: reason, Raw: r.row.raw()})
		b.Start, b.End, b.Data = b.Start[:base], b.End[:base], b.Data[:data]
		return
	}
	b.Lines = append(b.Lines, int64(r.row.number))
}

// spread gives blank cells of the present row the value of the merged cell that
// they are part of.
func (r *Reader) spread() {
	for len(r.merged) > 0 && r.merged[0].from <= r.row.number {
		m := r.merged[0]
		r.merged = r.merged[1:]
		for _, c := range r.row.cells {
			if m.from == r.row.number && c.column == m.column && (c.kind == text || c.kind == number) {
				r.active = append(r.active, fill{m, c.kind, bytes.Clone(r.row.text(c))})
			}
		}
	}
	if len(r.active) == 0 {
		return
	}
	r.active = slices.DeleteFunc(r.active, func(f fill) bool { return f.to < r.row.number })
	for _, f := range r.active {
		if f.from == r.row.number {
			continue
		}
		own := slices.IndexFunc(r.row.cells, func(c cell) bool { return c.column == f.column })
		if own >= 0 && r.row.cells[own].kind != blank {
			continue
		}
		c := cell{column: f.column, kind: f.kind, start: len(r.row.data)}
		r.row.data = append(r.row.data, f.text...)
		c.end = len(r.row.data)
		if own >= 0 {
			r.row.cells[own] = c
		} else {
			r.row.cells = append(r.row.cells, c)
		}
		r.counts.filled++
	}
}

// raw returns the row for a reject.
func (r *row) raw() string {
	cells := slices.SortedFunc(slices.Values(r.cells), func(a, b cell) int { return a.column - b.column })
	var out []string
	for _, c := range cells {
		for len(out) < c.column {
			out = append(out, "")
		}
		out = append(out, quoted(r.text(c)))
	}
	return strings.Join(out, ",")
}

// rawRow returns a row of a block for a reject.
func rawRow(b *ingest.Block, n int) string {
	out := make([]string, b.Columns)
	for c := range out {
		v, _ := b.Cell(n, c)
		out[c] = quoted(v)
	}
	return strings.Join(out, ",")
}

// quoted writes a cell as CSV has it.
func quoted(v []byte) string {
	s := stream.Printable(v)
	if strings.ContainsAny(s, ",\"\r\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

var _ ingest.Reader = (*Reader)(nil)
