package csv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"

	"clientele/ingest"
)

// tokens cuts one piece of text into cells.
type tokens struct {
	*buffers
	text       []byte // the piece, decoded
	out        []byte // text and behind it the cells that were rewritten
	delim, eol byte
	columns    int  // cells kept of each row
	want       int  // cells that a row must have
	quotes     bool // text holds a quote
	backslash  bool // \" in a quoted cell is a quote
	valid      bool // text is valid in its encoding and has no NUL
	encoding   encoding
	name       string // of the encoding, where it is not GB18030

	line int64 // line on which the row at rowAt starts
	bad  []ingest.Reject

	// The row being cut.
	rowAt  int    // where it starts
	at     int    // index of its first cell in start and end
	cells  int    // cells seen so far
	breaks int64  // line ends inside its quotes
	broken string // what is wrong with its quotes
	quoted bool   // its last cell was quoted
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// hits marks with its high bit every byte of w that is zero, and no other.
func hits(w uint64) uint64 {
	return ^((w&^highs + ^uint64(highs)) | w | ^uint64(highs))
}

// cut returns the block. Outside quotes it looks at eight bytes at a time: the
// delimiters and line ends among them come out as set bits.
func (t *tokens) cut() *ingest.Block {
	text := t.text
	delims, eols := ones*uint64(t.delim), ones*uint64(t.eol)
	t.out, t.start, t.end, t.lines, t.rows = text, t.start[:0], t.end[:0], t.lines[:0], t.rows[:0]
	t.reserve()

	cell, i := 0, 0
	for cell < len(text) {
		if t.quotes && text[cell] == '"' {
			i = t.quotedCell(cell)
			if i == len(text) {
				t.endRow(i)
				cell = i
				break
			}
			if text[i] == t.eol {
				t.endRow(i)
			}
			i++
			cell = i
			continue
		}
	words:
		for {
			var found uint64
			at := i
			if i+8 <= len(text) {
				w := binary.LittleEndian.Uint64(text[i:])
				found = hits(w^delims) | hits(w^eols)
				i += 8
			} else {
				for k := i; k < len(text); k++ {
					if c := text[k]; c == t.delim || c == t.eol {
						found |= 0x80 << (8 * (k - i))
					}
				}
				i = len(text)
			}
			for found != 0 {
				k := at + bits.TrailingZeros64(found)>>3
				found &= found - 1
				if text[k] == t.eol {
					t.plainCell(cell, t.lineEnd(cell, k))
					t.endRow(k)
				} else {
					if t.cells < t.want {
						t.start[t.at+t.cells], t.end[t.at+t.cells] = uint32(cell), uint32(k)
					}
					t.cells++
				}
				cell = k + 1
				if t.quotes && cell < len(text) && text[cell] == '"' {
					i = cell
					break words
				}
			}
			if i == len(text) {
				if cell < len(text) || t.cells > 0 { // the last row has no line end
					t.plainCell(cell, t.lineEnd(cell, i))
					t.endRow(i)
				}
				cell = i
				break words
			}
		}
	}
	if t.cells > 0 { // the piece ended right behind a delimiter
		t.plainCell(cell, cell)
		t.endRow(cell)
	}
	t.start, t.end = t.start[:t.at], t.end[:t.at]
	return &ingest.Block{
		Columns: t.columns, Lines: t.lines, Data: t.out,
		Start: t.start, End: t.end, Bad: t.bad,
		Raw: rawOf(text, t.rows, t.delim, t.eol, t.backslash),
	}
}

// reserve makes room for the cells of the row that begins.
func (t *tokens) reserve() {
	need := t.at + t.want
	if need <= len(t.start) {
		return
	}
	if need > cap(t.start) {
		// From the rows so far, how many cells the whole piece has; at first a guess.
		n := len(t.text)/10 + t.want
		if t.rowAt > 0 {
			n = int(float64(t.at)*float64(len(t.text))/float64(t.rowAt)*1.05) + t.want
		}
		n = max(n, need, 2*cap(t.start))
		start, end := make([]uint32, n), make([]uint32, n) // equal capacity, here and below
		copy(start, t.start[:t.at])
		copy(end, t.end[:t.at])
		t.start, t.end = start, end
	}
	t.start, t.end = t.start[:cap(t.start)], t.end[:cap(t.start)]
}

// lineEnd returns where a cell ends that a line end at k ends.
func (t *tokens) lineEnd(cell, k int) int {
	if t.eol == '\n' && k > cell && t.text[k-1] == '\r' {
		return k - 1
	}
	return k
}

func (t *tokens) plainCell(from, to int) {
	if t.cells < t.want {
		t.start[t.at+t.cells], t.end[t.at+t.cells] = uint32(from), uint32(to)
	}
	t.cells++
	t.quoted = false
}

// quotedCell cuts the cell whose quote opens at q and returns where the
// delimiter or line end behind it stands, or the length of the text.
func (t *tokens) quotedCell(q int) int {
	text := t.text
	closing, rewrite := q+1, false
	for {
		closing = nextQuote(text, closing)
		if closing == len(text) {
			t.broken = "never closed"
			t.breaks += int64(bytes.Count(text[q:], []byte{t.eol}))
			t.plainCell(q, len(text))
			t.quoted = true
			return len(text)
		}
		if t.backslash && escaped(text, closing) {
			closing++
			continue
		}
		if closing+1 == len(text) || text[closing+1] != '"' {
			break
		}
		closing += 2
		rewrite = true
	}
	if t.lineInside(q, closing) {
		t.breaks += int64(bytes.Count(text[q:closing], []byte{t.eol}))
	}
	inside := text[q+1 : closing]
	switch from := len(t.out); {
	case t.backslash && bytes.IndexByte(inside, '\\') >= 0:
		t.out = appendUnescaped(t.out, inside)
		t.plainCell(from, len(t.out))
	case rewrite:
		t.unescape(inside)
		t.plainCell(from, len(t.out))
	default:
		t.plainCell(q+1, closing)
	}
	t.quoted = true

	k := closing + 1
	switch {
	case k == len(text) || text[k] == t.delim || text[k] == t.eol:
		return k
	case text[k] == '\r' && t.eol == '\n' && (k+1 == len(text) || text[k+1] == '\n'):
		return k + 1
	}
	t.broken = "text after"
	for k < len(text) && text[k] != t.delim && text[k] != t.eol {
		k++
	}
	return k
}

// escaped reports whether the quote at i has an odd number of backslashes before it.
func escaped(text []byte, i int) bool {
	n := 0
	for n < i && text[i-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// appendUnescaped appends the inside of a quoted cell with \" and "" as ", and
// \\ as \. Another character after a backslash keeps it.
func appendUnescaped(dst, in []byte) []byte {
	for i := 0; i < len(in); i++ {
		c := in[i]
		if i+1 < len(in) && (c == '\\' && (in[i+1] == '"' || in[i+1] == '\\') || c == '"' && in[i+1] == '"') {
			i++
			c = in[i]
		}
		dst = append(dst, c)
	}
	return dst
}

// nextQuote is the place of the first quote from i on, or the text's length.
// Most quoted cells are shorter than a search function takes to start.
func nextQuote(text []byte, i int) int {
	const quotes = ones * '"'
	for limit := i + 64; i < limit; i += 8 {
		if i+8 > len(text) {
			break
		}
		if found := hits(binary.LittleEndian.Uint64(text[i:]) ^ quotes); found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
	}
	if k := bytes.IndexByte(text[i:], '"'); k >= 0 {
		return i + k
	}
	return len(text)
}

// lineInside reports whether text[i:j] may hold a line end: short cells are
// looked at eight bytes at a time, of long ones it is always said.
func (t *tokens) lineInside(i, j int) bool {
	if j-i > 64 || j+8 > len(t.text) {
		return true
	}
	eols := ones * uint64(t.eol)
	for ; i < j; i += 8 {
		if hits(binary.LittleEndian.Uint64(t.text[i:])^eols) != 0 {
			return true
		}
	}
	return false
}

// unescape appends the inside of a quoted cell with "" as ". The text itself
// stays as it is, for rejects.
func (t *tokens) unescape(in []byte) {
	for {
		i := bytes.IndexByte(in, '"')
		if i < 0 {
			t.out = append(t.out, in...)
			return
		}
		t.out = append(t.out, in[:i+1]...)
		in = in[i+2:]
	}
}

// endRow keeps or rejects the row that ends at k and begins the next behind it.
func (t *tokens) endRow(k int) {
	row := t.text[t.rowAt:k]
	switch {
	case t.cells == 1 && !t.quoted && (len(row) == 0 || len(row) == 1 && row[0] == '\r' && t.eol == '\n'):
		// an empty line
	case t.broken != "":
		t.rejectLines(row)
	case t.cells != t.want:
		t.reject(t.line, fmt.Sprintf("row has %s, %s", count(t.cells), t.expected()), row)
	case t.want > t.columns && t.start[t.at+t.columns] != t.end[t.at+t.columns]:
		t.reject(t.line, fmt.Sprintf("row has %s, header has %d", count(t.cells), t.columns), row)
	case !t.valid && bytes.IndexByte(row, 0) >= 0:
		t.reject(t.line, "row holds a NUL byte", row)
	case !t.valid && !t.encoding.valid(row):
		t.reject(t.line, "row is not valid "+t.encodingName(), row)
	default:
		t.lines = append(t.lines, t.line)
		t.rows = append(t.rows, uint32(t.rowAt))
		t.at += t.columns
	}
	t.line += 1 + t.breaks
	t.rowAt, t.cells, t.breaks, t.broken = k+1, 0, 0, ""
	t.reserve()
}

func (t *tokens) encodingName() string {
	switch {
	case t.encoding == gb18030:
		return "GB18030"
	case strings.HasPrefix(t.name, "utf-"): // utf-8, utf-16le, utf-16be
		return strings.TrimRight(strings.ToUpper(t.name), "LBE")
	}
	return t.name
}

func count(cells int) string {
	if cells == 1 {
		return "1 cell"
	}
	return fmt.Sprintf("%d cells", cells)
}

func (t *tokens) expected() string {
	if t.want > t.columns {
		return fmt.Sprintf("header has %d and the other rows end with one empty cell more", t.columns)
	}
	return fmt.Sprintf("header has %d", t.columns)
}

func (t *tokens) reject(line int64, reason string, row []byte) {
	t.bad = append(t.bad, ingest.Reject{Line: line, Reason: reason, Raw: rawRow(row)})
}

// rejectLines rejects every line of a row whose quotes are broken: the quote at
// fault may have swallowed rows.
func (t *tokens) rejectLines(row []byte) {
	first := "text after a closing quote"
	if t.broken == "never closed" {
		first = "a quote is opened and never closed"
	}
	for n := int64(0); ; n++ {
		text, rest, more := bytes.Cut(row, []byte{t.eol})
		reason := first
		if n > 0 {
			reason = fmt.Sprintf("belongs to the row of line %d: %s", t.line, first)
		}
		if len(bytes.TrimRight(text, "\r")) > 0 {
			t.reject(t.line+n, reason, text)
		}
		if !more {
			return
		}
		row = rest
	}
}

// rawOf returns a block's Raw: row r is looked up when it is asked for.
func rawOf(text []byte, rows []uint32, delim, eol byte, backslash bool) func(int) string {
	return func(r int) string {
		row := text[rows[r]:]
		return rawRow(row[:rowLength(row, delim, eol, backslash)])
	}
}

// rowLength is the length of the first row of text, without its line end.
func rowLength(text []byte, delim, eol byte, backslash bool) int {
	begins, open := true, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case open && backslash && c == '\\':
			i++
		case open:
			if c == '"' {
				open = i+1 < len(text) && text[i+1] == '"'
				if open {
					i++
				}
			}
		case c == '"' && begins:
			open, begins = true, false
		case c == eol:
			return i
		default:
			begins = c == delim
		}
	}
	return len(text)
}
