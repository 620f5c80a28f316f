package csv

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"clientele/ingest"
)

// dialect is how a file is written.
type dialect struct {
	encoding   encoding
	delim, eol byte
	notes      []string
}

// detect finds the dialect of a file from its first bytes, and how many of them
// come before the header's line: a byte order mark, a line that says sep=;
func detect(sample []byte, whole bool, opt ingest.Options) (dialect, int, error) {
	var d dialect
	skip := 0
	utf8Mark := bytes.HasPrefix(sample, []byte("\xEF\xBB\xBF"))
	gbMark := bytes.HasPrefix(sample, []byte("\x84\x31\x95\x33"))
	switch {
	case bytes.HasPrefix(sample, []byte("\xFF\xFE")), bytes.HasPrefix(sample, []byte("\xFE\xFF")):
		return d, 0, errors.New("is UTF-16 text: save it as UTF-8")
	case utf8Mark:
		skip = 3
	case gbMark:
		skip = 4
	}
	switch name := strings.ToLower(opt.Encoding); {
	case name == "utf-8" || name == "utf8":
		d.encoding = utf8Enc
	case name == "gb18030" || name == "gbk" || name == "gb2312":
		d.encoding = gb18030
		if utf8Mark {
			return d, 0, errors.New("begins with the UTF-8 byte order mark, so it is not " + opt.Encoding)
		}
	case name != "" && name != "auto":
		return d, 0, fmt.Errorf("encoding %q is not known: use auto, utf-8 or gb18030", opt.Encoding)
	case utf8Mark:
		d.encoding = utf8Enc
	case gbMark:
		d.encoding = gb18030
	default:
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
	d.delim, err = delimiterOf(text, whole, d.eol, opt)
	return d, skip, err
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
func delimiterOf(text []byte, whole bool, eol byte, opt ingest.Options) (byte, error) {
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
		rows := readRows(text, whole, delim, eol, sampleRows)
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
	cells []string
	lines int // line ends it spans, counted from the end of the row before
}

// readRows reads up to limit rows. A last row that the sample may have cut is
// left out unless it is the only one.
func readRows(text []byte, whole bool, delim, eol byte, limit int) []sampleRow {
	var rows []sampleRow
	lines := 0
	for len(text) > 0 && len(rows) < limit {
		n := rowLength(text, delim, eol)
		line := text[:n]
		ended := n < len(text)
		if !ended && !whole && len(rows) > 0 {
			break
		}
		text = text[min(n+1, len(text)):]
		lines += 1 + bytes.Count(line, []byte{eol})
		if eol == '\n' {
			line = bytes.TrimSuffix(line, []byte("\r"))
		}
		if len(line) == 0 {
			continue
		}
		rows = append(rows, sampleRow{cells: splitRow(line, delim), lines: lines})
		lines = 0
	}
	return rows
}

// splitRow cuts one row into cells.
func splitRow(row []byte, delim byte) []string {
	var cells []string
	for {
		if len(row) == 0 || row[0] != '"' {
			cell, rest, more := bytes.Cut(row, []byte{delim})
			cells = append(cells, string(cell))
			if !more {
				return cells
			}
			row = rest
			continue
		}
		var cell []byte
		row = row[1:]
		for {
			i := bytes.IndexByte(row, '"')
			if i < 0 { // never closed
				cell, row = append(cell, row...), nil
				break
			}
			cell, row = append(cell, row[:i]...), row[i+1:]
			if len(row) == 0 || row[0] != '"' {
				break
			}
			cell, row = append(cell, '"'), row[1:]
		}
		after, rest, more := bytes.Cut(row, []byte{delim})
		cells = append(cells, string(append(cell, after...)))
		if !more {
			return cells
		}
		row = rest
	}
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
	rows := readRows(text, whole, d.delim, d.eol, sampleRows)
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
	if !validUTF8(text[:n]) || bytes.IndexByte(text[:n], 0) >= 0 {
		return head{}, fmt.Errorf("its header is not valid %v text", d.encoding)
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
