package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"clientele/ingest"
	"clientele/ingest/internal/charset"
)

// dialect is how a file is written.
type dialect struct {
	encoding   encoding
	name       string // of the encoding, as package charset has it
	delim, eol byte
	backslash  bool // \" in a quoted cell is a quote
	anyEnd     bool // \r alone ends lines as well as \n
	notes      []string
}

// textEncoding is what a file's bytes are.
type textEncoding struct {
	kind      encoding
	name      string // as package charset has it
	transform bool   // comes out of package charset
	found     bool   // not asked for
}

// encodingOf is the encoding asked for, or UTF-16 where the bytes leave no
// doubt of it. Whether other bytes are UTF-8 or GB18030 is found out later.
func encodingOf(sample []byte, asked string) (textEncoding, error) {
	name, err := charset.Find(asked)
	if err != nil {
		return textEncoding{}, err
	}
	mark := charset.Mark(sample)
	switch utf8Mark := bytes.HasPrefix(sample, []byte("\xEF\xBB\xBF")); {
	case mark != "" && name != "" && name != "utf-16" && name != mark && name != charset.UTF16LE && name != charset.UTF16BE:
		return textEncoding{}, errors.New("begins with the UTF-16 byte order mark, so it is not " + asked)
	case utf8Mark && name != "" && name != charset.UTF8:
		return textEncoding{}, errors.New("begins with the UTF-8 byte order mark, so it is not " + asked)
	case mark != "":
		name = mark
	case name == "" || name == "utf-16":
		wide := charset.Guess(sample[:min(len(sample), 1<<16)])
		if wide == "" && name == "utf-16" {
			return textEncoding{}, errors.New("does not look like UTF-16 text: leave its encoding to be found out, or name another")
		}
		name = wide
	}
	switch name {
	case "":
		return textEncoding{kind: unknown, name: charset.UTF8, found: true}, nil
	case charset.UTF8:
		return textEncoding{kind: utf8Enc, name: name}, nil
	case charset.GB18030:
		return textEncoding{kind: gb18030, name: name}, nil
	case charset.UTF16LE, charset.UTF16BE:
		return textEncoding{kind: utf8Enc, name: name, transform: true}, nil
	}
	return textEncoding{kind: decoded, name: name, transform: true}, nil
}

// detect finds the dialect of a file from its first bytes, and how many of them
// come before the header's line: a byte order mark, a line that says sep=;
func detect(sample []byte, whole bool, enc textEncoding, opt ingest.Options) (dialect, int, error) {
	d := dialect{encoding: enc.kind, name: enc.name}
	skip := 0
	switch {
	case bytes.HasPrefix(sample, []byte("\xEF\xBB\xBF")): // that of UTF-16 as well, once decoded
		skip = 3
		if enc.found {
			d.encoding = utf8Enc
		}
	case bytes.HasPrefix(sample, []byte("\x84\x31\x95\x33")) && (enc.found || enc.kind == gb18030):
		skip = 4
		d.encoding = gb18030
	}
	if d.encoding == unknown {
		if d.encoding = guessEncoding(sample, !whole); d.encoding == unknown {
			return d, 0, errEncoding
		}
	}
	text := sample[skip:]
	if d.encoding == gb18030 {
		text, _ = decodeGB18030(nil, text)
	}
	d.eol = lineEndOf(text)
	if d.eol == '\r' {
		d.notes = append(d.notes, "lines end with a carriage return alone")
	}

	if line, rest, ok := bytes.Cut(text, []byte{d.eol}); ok && len(line) >= 5 && strings.EqualFold(string(line[:4]), "sep=") {
		// Excel's way of naming the delimiter. All of the line is ASCII.
		if line = bytes.TrimRight(line[4:], "\r"); len(line) == 1 && opt.Delimiter == "" {
			opt.Delimiter = string(line)
		}
		skip += len(text) - len(rest)
		if d.encoding == gb18030 {
			skip = bytes.IndexByte(sample, d.eol) + 1
		}
		text = rest
		d.notes = append(d.notes, "the line that names the delimiter (sep=) was skipped")
	}
	var err error
	if d.delim, err = delimiterOf(text, whole, &d, opt); err != nil {
		return d, skip, err
	}
	return d.otherReading(text, whole, opt), skip, nil
}

// otherReading returns the dialect, or where it cannot make sense of some rows of
// the sample the one that makes sense of the most: with \" for a quote, with \r
// for a line end, or both.
func (d dialect) otherReading(text []byte, whole bool, opt ingest.Options) dialect {
	best := d
	slashes, returns := bytes.Contains(text, []byte(`\"`)), d.eol == '\n' && loneReturn(text)
	if !slashes && !returns {
		return d
	}
	most := d.sense(text, whole)
	for _, c := range []struct{ backslash, anyEnd bool }{{true, false}, {false, true}, {true, true}} {
		if most == 1 || c.backslash && !slashes || c.anyEnd && !returns {
			continue
		}
		other, read := d, text
		if other.backslash, other.anyEnd = c.backslash, c.anyEnd; c.anyEnd {
			read = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
		}
		delim, err := delimiterOf(read, whole, &other, opt)
		if err != nil {
			continue
		}
		other.delim = delim
		if share := other.sense(read, whole); share > most {
			best, most = other, share
		}
	}
	best.notes = slices.Clone(d.notes)
	if best.backslash {
		best.notes = append(best.notes, `\" in a quoted cell is read as a quote`)
	}
	if best.anyEnd {
		best.notes = append(best.notes, "lines end in more than one way; a carriage return alone is read as a line end too")
	}
	return best
}

// sense is the share of the sample's rows that are whole and as long as the first.
func (d *dialect) sense(text []byte, whole bool) float64 {
	rows := readRows(text, whole, d, sampleRows)
	if len(rows) == 0 {
		return 0
	}
	n, alike := len(rows[0].cells), 0
	for _, row := range rows {
		if k := len(row.cells); !row.broken && (k == n || k == n+1 && row.cells[n] == "" || k == n-1 && rows[0].cells[k] == "") {
			alike++
		}
	}
	return float64(alike) / float64(len(rows))
}

// loneReturn reports whether a \r of the text has no \n behind it.
func loneReturn(text []byte) bool {
	for i, c := range text {
		if c == '\r' && i+1 < len(text) && text[i+1] != '\n' {
			return true
		}
	}
	return false
}

// lineEnds reads text with \n for every \r and every \r\n.
type lineEnds struct {
	from  io.Reader
	after bool // the last byte was \r
}

func (l *lineEnds) Read(p []byte) (int, error) {
	for {
		n, err := l.from.Read(p)
		out := p[:0]
		for _, c := range p[:n] {
			if c == '\n' && l.after {
				l.after = false
				continue
			}
			if l.after = c == '\r'; l.after {
				c = '\n'
			}
			out = append(out, c)
		}
		if len(out) > 0 || len(p) == 0 || err != nil {
			return len(out), err
		}
	}
}

// lineEndOf is '\n', or '\r' when only that ends lines outside quotes.
func lineEndOf(text []byte) byte {
	inQuote, alone := false, false
	for i, c := range text {
		switch {
		case c == '"':
			inQuote = !inQuote
		case c == '\n' && !inQuote:
			return '\n'
		case c == '\r' && !inQuote && i+1 < len(text) && text[i+1] != '\n':
			alone = true
		}
	}
	if alone {
		return '\r'
	}
	return '\n'
}

// candidates are the delimiters tried, the likelier first.
const candidates = ",\t;|"

// sampleRows is how many rows are looked at for the delimiter and for empty
// cells at the end of rows.
const sampleRows = 500

// delimiterOf is the delimiter asked for, or the one that cuts most rows into
// as many cells as the first row, which must be two or more; among equals the
// one that makes the most cells.
func delimiterOf(text []byte, whole bool, d *dialect, opt ingest.Options) (byte, error) {
	switch name := opt.Delimiter; {
	case name == `\t` || strings.EqualFold(name, "tab"):
		return '\t', nil
	case len(name) == 1 && !strings.ContainsAny(name, "\"\r\n") && name[0] < 0x80 && name[0] > 0:
		return name[0], nil
	case name != "" && name != "auto":
		return 0, fmt.Errorf("delimiter %q is not one ASCII character other than quote and line end", name)
	}
	if opt.Format == "tsv" {
		return '\t', nil
	}
	best, bestShare, bestCells := byte(','), 0.0, 1
	for _, delim := range []byte(candidates) {
		try := *d
		try.delim = delim
		rows := readRows(text, whole, &try, sampleRows)
		if len(rows) == 0 || len(rows[0].cells) < 2 {
			continue
		}
		n, alike := len(rows[0].cells), 0
		for _, row := range rows {
			if k := len(row.cells); k == n || k == n+1 && row.cells[n] == "" || k == n-1 && rows[0].cells[k] == "" {
				alike++
			}
		}
		if share := float64(alike) / float64(len(rows)); share > bestShare || share == bestShare && n > bestCells {
			best, bestShare, bestCells = delim, share, n
		}
	}
	return best, nil
}

// sampleRow is one row of the sample, read without hurry.
type sampleRow struct {
	cells  []string
	broken bool // a quote is not closed, or text follows one
	lines  int  // line ends it spans, counted from the end of the row before
}

// readRows reads up to limit rows. A last row that the sample may have cut is
// left out unless it is the only one.
func readRows(text []byte, whole bool, d *dialect, limit int) []sampleRow {
	var rows []sampleRow
	lines := 0
	for len(text) > 0 && len(rows) < limit {
		n := rowLength(text, d.delim, d.eol, d.backslash)
		line := text[:n]
		ended := n < len(text)
		if !ended && !whole && len(rows) > 0 {
			break
		}
		text = text[min(n+1, len(text)):]
		lines += 1 + bytes.Count(line, []byte{d.eol})
		if d.eol == '\n' {
			line = bytes.TrimSuffix(line, []byte("\r"))
		}
		if len(line) == 0 {
			continue
		}
		row := splitRow(line, d.delim, d.backslash)
		row.lines = lines
		rows = append(rows, row)
		lines = 0
	}
	return rows
}

// splitRow cuts one row into cells.
func splitRow(line []byte, delim byte, backslash bool) (row sampleRow) {
	for {
		var cell []byte
		if len(line) > 0 && line[0] == '"' {
			inside, rest, closed := cutQuoted(line[1:], backslash)
			cell, line = inside, rest
			row.broken = row.broken || !closed || len(line) > 0 && line[0] != delim
		}
		after, rest, more := bytes.Cut(line, []byte{delim})
		row.cells = append(row.cells, string(cell)+string(after))
		if !more {
			return row
		}
		line = rest
	}
}

// cutQuoted returns what stands in quotes, of which text begins behind the
// first, without them, and what follows.
func cutQuoted(text []byte, backslash bool) (inside, rest []byte, closed bool) {
	if i := bytes.IndexByte(text, '"'); i >= 0 && (i+1 == len(text) || text[i+1] != '"') && !(backslash && bytes.IndexByte(text[:i], '\\') >= 0) {
		return text[:i], text[i+1:], true
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case backslash && c == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
		case c == '"' && i+1 < len(text) && text[i+1] == '"':
			i++
		case c == '"':
			return inside, text[i+1:], true
		}
		inside = append(inside, text[i])
	}
	return inside, nil, false
}

// head is what the first row says.
type head struct {
	names []string
	want  int // cells that rows must have
	lines int // line ends up to the end of the header
	notes []string
}

// readHeader reads the first row of the sample as the header.
func readHeader(text []byte, whole bool, d *dialect, mapped map[string]string) (head, error) {
	rows := readRows(text, whole, d, sampleRows)
	if len(rows) == 0 {
		return head{}, errors.New("is empty")
	}
	n := 0
	for range rows[0].lines {
		i := bytes.IndexByte(text[n:], d.eol)
		if i < 0 {
			n = len(text)
			break
		}
		n += i + 1
	}
	if n == len(text) && !whole {
		return head{}, fmt.Errorf("its first row is longer than %d MB", sampleBytes>>20)
	}
	h := head{names: rows[0].cells, lines: rows[0].lines}
	if !d.encoding.valid(text[:n]) || bytes.IndexByte(text[:n], 0) >= 0 {
		return head{}, fmt.Errorf("its header is not valid %s text: %s", d.name, charset.Advice)
	}
	if cell, ok := looksLikeData(h.names, mapped); ok {
		return head{}, fmt.Errorf("has no header: its first row holds data (%q); put a row of column names first", cell)
	}
	h.want = len(h.names)
	if len(rows) == 1 {
		return h, nil
	}
	trailing, short := true, h.names[h.want-1] == "" && h.want > 1
	for _, row := range rows[1:] {
		trailing = trailing && len(row.cells) == h.want+1 && row.cells[h.want] == ""
		short = short && len(row.cells) == h.want-1
	}
	switch {
	case trailing:
		h.want++
		h.notes = append(h.notes, "every row ends with a delimiter; the empty cell behind it is left out")
	case short:
		h.want--
		h.names = h.names[:h.want]
		h.notes = append(h.notes, "the header ends with a delimiter; the empty name behind it is left out")
	}
	return h, nil
}

// looksLikeData reports whether the first row can hardly be a header: it holds
// a full date, an address or a number with a fraction, or half of its cells are
// numbers. A name that the configuration maps settles that it is one.
func looksLikeData(cells []string, mapped map[string]string) (string, bool) {
	for _, name := range mapped {
		if slices.Contains(cells, name) {
			return "", false
		}
	}
	numbers, filled, number := 0, 0, ""
	for _, cell := range cells {
		cell = strings.TrimSpace(cell)
		if cell == "" {
			continue
		}
		filled++
		switch shape := shapeOf(cell); {
		case shape == "9-9-9" || shape == "9/9/9" || shape == "9.9.9" || shape == "9年9月9日" ||
			strings.HasPrefix(shape, "9-9-9 9:") || strings.HasPrefix(shape, "9/9/9 9:") || strings.HasPrefix(shape, "9-9-9T9:"):
			return cell, true
		case shape == "9.9" || shape == "-9.9":
			return cell, true
		case strings.Contains(cell, "@") && strings.Contains(cell[strings.Index(cell, "@"):], ".") && !strings.Contains(cell, " "):
			return cell, true
		case shape == "9" || shape == "-9":
			numbers++
			number = cell
		}
	}
	return number, numbers > 0 && 2*numbers >= filled
}

// shapeOf writes each run of digits as one 9.
func shapeOf(cell string) string {
	var out strings.Builder
	digits := false
	for _, c := range cell {
		if c >= '0' && c <= '9' {
			if !digits {
				out.WriteByte('9')
			}
			digits = true
			continue
		}
		digits = false
		out.WriteRune(c)
	}
	return out.String()
}
