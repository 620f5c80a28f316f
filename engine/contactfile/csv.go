package contactfile

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"
)

// csvFile is a sink of CSV: commas, lines ended as RFC 4180 has it.
type csvFile struct {
	w    *bufio.Writer
	mark bool // begin with a byte order mark
}

func newCSV(w io.Writer, mark bool) *csvFile {
	return &csvFile{bufio.NewWriterSize(w, 1<<16), mark}
}

func (f *csvFile) header(headings []string, _ []column) error {
	if f.mark {
		f.w.WriteString("\ufeff")
	}
	for k, h := range headings {
		f.cell(k, harmless(h))
	}
	_, err := f.w.WriteString("\r\n")
	return err
}

func (f *csvFile) row(cells []cell) error {
	for k, c := range cells {
		text := c.text
		if c.kind == textual {
			text = harmless(text)
		}
		f.cell(k, text)
	}
	_, err := f.w.WriteString("\r\n") // an earlier error is kept
	return err
}

func (f *csvFile) cell(k int, text string) {
	if k > 0 {
		f.w.WriteByte(',')
	}
	if !strings.ContainsAny(text, "\",\r\n") && text == strings.TrimSpace(text) {
		f.w.WriteString(text)
		return
	}
	f.w.WriteByte('"')
	f.w.WriteString(strings.ReplaceAll(text, `"`, `""`))
	f.w.WriteByte('"')
}

func (f *csvFile) close() error { return f.w.Flush() }

// harmless is a text that no spreadsheet takes for a formula. Full-width signs
// count as well: some programs take them for the plain ones.
func harmless(text string) string {
	r, _ := utf8.DecodeRuneInString(text)
	switch r {
	case '+', '-':
		if isNumber(text[1:]) {
			return text
		}
		return "'" + text
	case '=', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠':
		return "'" + text
	}
	return text
}

// isNumber reports digits with one point at most among them.
func isNumber(text string) bool {
	digits, point := 0, false
	for _, c := range []byte(text) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && !point:
			point = true
		default:
			return false
		}
	}
	return digits > 0
}
