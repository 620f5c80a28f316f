package contactfile

import (
	"bufio"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"clientele/engine/formula"
)

// csvFile is a sink of CSV: commas, lines ended as RFC 4180 has it.
type csvFile struct {
	w      *bufio.Writer
	people bool // they open it in a spreadsheet: begin with a byte order mark, keep texts texts
}

func newCSV(w io.Writer, people bool) *csvFile {
	return &csvFile{bufio.NewWriterSize(w, 1<<16), people}
}

func (f *csvFile) header(headings []string, _ []column) error {
	if f.people {
		f.w.WriteString("\ufeff")
	}
	for k, h := range headings {
		f.cell(k, formula.Harmless(h))
	}
	_, err := f.w.WriteString("\r\n")
	return err
}

func (f *csvFile) row(cells []cell) error {
	for k, c := range cells {
		text := c.text
		switch {
		case c.kind != textual:
		case f.people && changed(text):
			text = `="` + text + `"`
		default:
			text = formula.Harmless(text)
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

// longestFormula is how many bytes of text a formula may hold.
const longestFormula = 255

// changed reports a text that a spreadsheet would take for a number, a day or a time,
// and show as something else: digits, and besides them only the signs and words of
// these. Full-width forms of them count too.
func changed(text string) bool {
	if len(text) > longestFormula {
		return false
	}
	digits, word := 0, 0 // word: where the letters begin that are being read
	plain := norm.NFKC.String(text)
	for i, r := range plain + " " {
		if unicode.IsLetter(r) {
			continue
		}
		if !numberWord(plain[word:i]) {
			return false
		}
		word = i + utf8.RuneLen(r)
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(" +-.,:/%()'$€£¥", r):
			return false
		}
	}
	return digits > 0
}

// numberWord reports letters that stand in numbers, days and times: none, an exponent,
// a month, half a day, the signs of Chinese days and times.
func numberWord(letters string) bool {
	switch word := strings.ToLower(letters); word {
	case "", "e", "am", "pm", "年", "月", "日", "时", "分", "秒", "点", "上午", "下午", "元":
		return true
	default:
		for _, month := range []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"} {
			if len(word) >= 3 && strings.HasPrefix(month, word) {
				return true
			}
		}
		return false
	}
}
