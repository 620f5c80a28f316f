package exports

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

//go:embed headers.txt
var headersText string

// headers returns the columns of an export, and those that only some have.
func headers(platform string) (columns, optional []string) {
	inside := false
	for line := range strings.Lines(headersText) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "["):
			inside = line == "["+platform+"]"
		case !inside || line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "+"):
			optional = append(optional, line[1:])
		default:
			columns = append(columns, line)
		}
	}
	if columns == nil {
		panic("exports: no headers of " + platform)
	}
	return columns, optional
}

// cells are the values of a row by the name of their column. Where a name stands
// twice in the header, "name#2" is the second one.
type cells map[string]string

// sheet is a table of text.
type sheet struct {
	header []string
	place  map[string]int
	rows   [][]string
}

func newSheet(header []string) *sheet {
	s := &sheet{header: header, place: map[string]int{}}
	for i, h := range header {
		for n := 2; ; n++ {
			if _, ok := s.place[h]; !ok {
				break
			}
			h = fmt.Sprintf("%s#%d", header[i], n)
		}
		s.place[h] = i
	}
	return s
}

// add appends a row; what is not named is empty.
func (s *sheet) add(row cells) {
	r := make([]string, len(s.header))
	for name, value := range row {
		i, ok := s.place[name]
		if !ok {
			panic("exports: no column " + name)
		}
		r[i] = value
	}
	s.rows = append(s.rows, r)
}

// repeat appends a row again.
func (s *sheet) repeat(row int) { s.rows = append(s.rows, slices.Clone(s.rows[row])) }

// dialect is how a platform writes a table as text.
type dialect struct {
	delimiter string // "" is a comma
	encoding  string // "" is utf-8
	quoted    bool   // every cell in quotes
	raw       bool   // no quotes around any cell: a quote is a character like others
	crlf      bool
}

func (s *sheet) text(d dialect) []byte {
	var b bytes.Buffer
	s.line(&b, s.header, d)
	for _, r := range s.rows {
		s.line(&b, r, d)
	}
	return encode(b.String(), d.encoding)
}

func (s *sheet) line(b *bytes.Buffer, row []string, d dialect) {
	for i, c := range row {
		if i > 0 {
			b.WriteString(d.comma())
		}
		switch {
		case d.raw && strings.ContainsAny(c, "\t\r\n"):
			panic("exports: a cell with a break in a file without quotes: " + c)
		case !d.raw && (d.quoted || strings.ContainsAny(c, "\"\t\r\n"+d.comma())):
			b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
		default:
			b.WriteString(c)
		}
	}
	if d.crlf {
		b.WriteByte('\r')
	}
	b.WriteByte('\n')
}

func (d dialect) comma() string {
	if d.delimiter == "" {
		return ","
	}
	return d.delimiter
}

const (
	utf8Plain = "utf-8"
	utf8BOM   = "utf-8-bom"
	gb18030   = "gb18030"
)

func encode(text, encoding string) []byte {
	switch encoding {
	case utf8BOM:
		return []byte("\ufeff" + text)
	case gb18030:
		t, err := simplifiedchinese.GB18030.NewEncoder().String(text)
		if err != nil {
			panic("exports: text that GB18030 cannot hold") // it holds all of Unicode
		}
		return []byte(t)
	}
	return []byte(text)
}
