package list

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Addresses turn addresses into the form in which the store has them.
type Addresses interface {
	Email(text string) (string, bool)
	Phone(text string) (string, bool)
}

// Entry is somebody who is not to be contacted: whoever has the id, or the e-mail
// address, or the telephone number. Empty texts are nobody's.
type Entry struct {
	ID, Email, Phone string
	Line             int // of the file
}

// Suppression is what a suppression file says.
type Suppression struct {
	Entries    []Entry
	Unreadable []int // lines that say nothing that could be understood
}

// maxSuppressLine is more bytes than a line of a suppression file has.
const maxSuppressLine = 1 << 20

// ReadSuppression reads a suppression file, UTF-8 text: one customer id, e-mail
// address or telephone number a line, or CSV (commas, semicolons or tabs) with a
// header that names one of the columns customer_id, email and phone, in English or
// Chinese; other columns are not looked at. A number without a header may be an id
// or a telephone number: it is both.
//
// name is the file's in messages. A file that is no such text is an error, which
// names the line; a line that holds no address where the header promises one is
// among Unreadable.
func ReadSuppression(name string, r io.Reader, to Addresses) (Suppression, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if start, _ := buffered.Peek(3); bytes.Equal(start, []byte("\ufeff")) {
		buffered.Discard(3) // it is in the buffer
	}
	lines := &textLines{name: name, from: buffered}
	first, err := lines.next()
	for err == nil && strings.TrimSpace(first) == "" {
		first, err = lines.next()
	}
	if err == io.EOF {
		return Suppression{}, nil
	}
	if err != nil {
		return Suppression{}, err
	}
	comma := delimiter(first)
	header, err := oneRow(first, comma)
	if err == nil && slices.ContainsFunc(header, func(h string) bool { return addressColumn(h) != "" }) {
		return readColumns(lines, header, comma, to)
	}
	return readLines(lines, first, to)
}

// textLines hands out lines of UTF-8 text.
type textLines struct {
	name string
	from *bufio.Reader
	line int
}

// next is the next line without its end; io.EOF after the last one.
func (t *textLines) next() (string, error) {
	var long []byte
	for {
		part, err := t.from.ReadSlice('\n')
		long = append(long, part...)
		if err == bufio.ErrBufferFull && len(long) < maxSuppressLine {
			continue
		}
		t.line++
		if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
			return "", fmt.Errorf("%s: %w", t.name, err)
		}
		if err == io.EOF && len(long) == 0 {
			return "", io.EOF
		}
		if err == bufio.ErrBufferFull || !utf8.Valid(long) || bytes.IndexByte(long, 0) >= 0 {
			return "", t.fault("not UTF-8 text: save the file as text or CSV in UTF-8")
		}
		return strings.TrimRight(string(long), "\r\n"), nil
	}
}

func (t *textLines) fault(reason string) error {
	return fmt.Errorf("%s:%d: %s", t.name, t.line, reason)
}

// Read hands out the lines that are left, for a reader of CSV.
func (t *textLines) Read(p []byte) (int, error) { return t.from.Read(p) }

// delimiter is the mark that stands most often in a header.
func delimiter(line string) rune {
	best, most := ',', 0
	for _, mark := range []rune{',', ';', '\t'} {
		if n := strings.Count(line, string(mark)); n > most {
			best, most = mark, n
		}
	}
	return best
}

func oneRow(line string, comma rune) ([]string, error) {
	c := csv.NewReader(strings.NewReader(line))
	c.Comma, c.TrimLeadingSpace = comma, true
	return c.Read()
}

// addressColumn says which kind of entry a column holds by its header: id, email,
// phone, or "" for none.
func addressColumn(header string) string {
	folded := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '_' || r == '-' || r == '.' {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(header))
	switch folded {
	case "customerid", "customer", "id", "userid", "memberid", "客户id", "客户编号", "客户", "会员id", "会员编号", "用户id", "编号":
		return "id"
	case "email", "emailaddress", "mail", "customeremail", "邮箱", "电子邮箱", "邮箱地址", "电子邮件":
		return "email"
	case "phone", "phonenumber", "mobile", "mobilenumber", "telephone", "tel", "sms", "smsphonenumber", "cellphone", "手机", "手机号", "手机号码", "电话", "电话号码", "联系电话":
		return "phone"
	}
	return ""
}

// readLines reads one entry a line, first among them.
func readLines(lines *textLines, first string, to Addresses) (Suppression, error) {
	var s Suppression
	for text, err := first, error(nil); ; text, err = lines.next() {
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		if text = unwrapped(unquoted(text)); text == "" {
			continue
		}
		if strings.ContainsAny(text, ",;\t") {
			return s, lines.fault("several columns, and the first line names none of them: it should have customer_id, email or phone")
		}
		e := Entry{Line: lines.line}
		if strings.Contains(text, "@") {
			email, ok := to.Email(text)
			if !ok {
				s.Unreadable = append(s.Unreadable, lines.line)
				continue
			}
			e.Email = email
		} else {
			e.ID = text
			if phone, ok := to.Phone(text); ok {
				e.Phone = phone
			}
		}
		s.Entries = append(s.Entries, e)
	}
}

func unquoted(text string) string {
	text = strings.TrimSpace(text)
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		text = strings.TrimSpace(strings.ReplaceAll(text[1:len(text)-1], `""`, `"`))
	}
	return text
}

// unwrapped is a text without what keeps it one in a spreadsheet: ="..." around it, or
// an apostrophe in front.
func unwrapped(text string) string {
	if inner, ok := strings.CutPrefix(text, `="`); ok && strings.HasSuffix(inner, `"`) {
		return strings.TrimSpace(strings.TrimSuffix(inner, `"`))
	}
	return strings.TrimPrefix(text, "'")
}

// readColumns reads CSV after its header.
func readColumns(lines *textLines, header []string, comma rune, to Addresses) (Suppression, error) {
	var s Suppression
	c := csv.NewReader(lines)
	c.Comma, c.FieldsPerRecord, c.ReuseRecord, c.TrimLeadingSpace = comma, -1, true, true
	began := lines.line
	for {
		row, err := c.Read()
		if err == io.EOF {
			return s, nil
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			lines.line = began + parse.Line
			return s, lines.fault("a quotation mark that does not fit: " + parse.Err.Error())
		}
		if err != nil {
			return s, fmt.Errorf("%s: %w", lines.name, err)
		}
		at, _ := c.FieldPos(0)
		lines.line = began + at
		e, readable, err := entry(lines, header, row, to)
		if err != nil {
			return s, err
		}
		if !readable {
			s.Unreadable = append(s.Unreadable, lines.line)
		}
		if e.ID != "" || e.Email != "" || e.Phone != "" {
			s.Entries = append(s.Entries, e)
		}
	}
}

// entry reads one row. It is not readable where a cell holds something else than
// its column promises, and where no column of the header holds anything.
func entry(lines *textLines, header, row []string, to Addresses) (e Entry, readable bool, err error) {
	e.Line, readable = lines.line, true
	found := false
	for i, h := range header {
		if i >= len(row) {
			break
		}
		cell := unwrapped(strings.TrimSpace(row[i]))
		if !utf8.ValidString(cell) || strings.IndexByte(cell, 0) >= 0 {
			return e, false, lines.fault("not UTF-8 text: save the file as text or CSV in UTF-8")
		}
		kind := addressColumn(h)
		if kind == "" || cell == "" {
			continue
		}
		found = true
		if kind == "id" {
			e.ID = cell
		} else if email, ok := to.Email(cell); kind == "email" && ok {
			e.Email = email
		} else if phone, ok := to.Phone(cell); kind == "phone" && ok {
			e.Phone = phone
		} else {
			readable = false
		}
	}
	return e, readable && found, nil
}
