package ingest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// trim removes blanks, tabs, no-break and ideographic blanks and byte order
// marks from both ends. It returns a view of b.
func trim(b []byte) []byte {
	if len(b) > 0 && (edge(b[0]) || edge(b[len(b)-1])) {
		return bytes.TrimFunc(b, blank)
	}
	return b
}

// edge reports a byte that may be part of a blank.
func edge(c byte) bool { return c <= ' ' || c >= utf8.RuneSelf }

// blank reports what nobody sees: blanks of all kinds, signs of zero width, marks
// of the direction of writing and of the order of bytes.
func blank(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r == ' ' || r >= '\t' && r <= '\r' || r == 0
	case r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u2069', r == '\ufeff', r == '\u180e':
		return true
	}
	return unicode.IsSpace(r)
}

// Reasons of rejects of ids and texts.
const (
	reasonSpoiltID = "id spoilt by a spreadsheet; export the column as text"
	reasonNotUTF8  = "not valid UTF-8; set the encoding of the file"
)

// cleanID removes what exports wrap around ids: blanks, tabs, signs of zero width,
// an apostrophe, quotes, ="...". Full-width and other forms of the same characters
// are folded (NFKC), and digits that end in .0, how pandas writes a column of
// numbers with gaps, lose it. The result is nil when there is no id, and a view of
// b unless it was folded. An id that a spreadsheet turned into a rounded number,
// 1.23E+17, is refused: its digits are lost.
//
// valid says that b is known to be UTF-8.
func cleanID(b []byte, valid bool) (id []byte, reason string) {
	b = unwrap(trim(b))
	if absentWord(b) {
		return nil, ""
	}
	if !valid && !utf8.Valid(b) {
		return b, reasonNotUTF8
	}
	if wide(b) && !norm.NFKC.IsNormal(b) {
		if b = unwrap(trim(norm.NFKC.Bytes(b))); absentWord(b) {
			return nil, ""
		}
	}
	if spoilt(b) {
		return nil, reasonSpoiltID
	}
	return wholeID(b), ""
}

// unwrap removes one layer of quotes and what spreadsheets need to keep a text a text.
func unwrap(b []byte) []byte {
	if len(b) == 0 || b[0] != '=' && b[0] != '\'' && b[0] != '"' {
		return b
	}
	if len(b) >= 3 && b[0] == '=' && b[1] == '"' && b[len(b)-1] == '"' {
		b = b[2 : len(b)-1]
	} else if len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"' {
		b = b[1 : len(b)-1]
	}
	if len(b) > 0 && b[0] == '\'' {
		if b = b[1:]; len(b) > 0 && b[len(b)-1] == '\'' {
			b = b[:len(b)-1]
		}
	}
	return trim(b)
}

// wholeID removes .0 behind digits.
func wholeID(b []byte) []byte {
	n := len(b) - 2
	if n < 1 || b[n] != '.' || b[n+1] != '0' {
		return b
	}
	for _, c := range b[:n] {
		if c-'0' > 9 {
			return b
		}
	}
	return b[:n]
}

// spoiltIDs notes where a file has order ids that a spreadsheet rounded. Different
// orders may have become one, so nothing of such a file should be stored. It is
// shared by the converters of a file.
type spoiltIDs struct {
	mu     sync.Mutex
	column string
	value  string
	lines  []int64 // the first ones, in order
	more   bool
}

// shownLines is how many lines an error lists.
const shownLines = 10

func (s *spoiltIDs) add(column, value string, line int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, _ := slices.BinarySearch(s.lines, line)
	if i == shownLines {
		s.more = true
		return
	}
	s.lines = slices.Insert(s.lines, i, line)
	if i == 0 {
		s.column, s.value = column, value
	}
	if len(s.lines) > shownLines {
		s.lines, s.more = s.lines[:shownLines], true
	}
}

// err is nil when every id is whole. A workbook has rounded them itself: what a cell
// shows is not what it holds.
func (s *spoiltIDs) err(format string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lines) == 0 {
		return nil
	}
	var lines strings.Builder
	for i, n := range s.lines {
		if i > 0 {
			lines.WriteString(", ")
		}
		lines.WriteString(strconv.FormatInt(n, 10))
	}
	if s.more {
		lines.WriteString(" and more")
	}
	if format == "xlsx" {
		return &Unfit{fmt.Errorf("column %q: order ids such as %s are numbers in the workbook and have lost digits (rows %s): export again with the column as text, or as CSV that no spreadsheet has opened", s.column, s.value, lines.String())}
	}
	return &Unfit{fmt.Errorf("column %q: order ids such as %s were rounded by a spreadsheet and have lost digits (lines %s): export again as text, and do not open the CSV in a spreadsheet before loading", s.column, s.value, lines.String())}
}

// spoilt reports digits, at most one point, then E+ and digits.
func spoilt(b []byte) bool {
	i := bytes.IndexByte(b, '+')
	if i < 2 || i == len(b)-1 || b[i-1]|0x20 != 'e' {
		return false
	}
	points := 0
	for _, c := range b[:i-1] {
		if c == '.' || c == ',' {
			points++
		} else if c < '0' || c > '9' {
			return false
		}
	}
	for _, c := range b[i+1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return points <= 1
}

// hidden reports a name or id that a platform hides: masked, 张*, J*** D***, or
// encrypted. It tells nothing of anybody and must be nobody's key.
func hidden(b []byte) bool {
	return bytes.IndexByte(b, '*') >= 0 || wide(b) && (bytes.Contains(b, []byte("＊")) || bytes.Contains(b, []byte("●●"))) || encrypted(b)
}

// maskedCells counts the cells that hide who somebody is, by column. It is shared by
// the converters of a file.
type maskedCells struct {
	mu    sync.Mutex
	cells map[string]int64 // by header
}

// add adds what one converter counted in one block.
func (m *maskedCells) add(header string, n int64) {
	if n == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cells == nil {
		m.cells = map[string]int64{}
	}
	m.cells[header] += n
}

// notes says how many cells of each column were taken as absent.
func (m *maskedCells) notes() (notes []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, header := range slices.Sorted(maps.Keys(m.cells)) {
		values := "values"
		if m.cells[header] == 1 {
			values = "value"
		}
		notes = append(notes, fmt.Sprintf("column %q: %d masked %s, taken as absent", header, m.cells[header], values))
	}
	return notes
}

// hiddenAddress is hidden for addresses, where a single * may be somebody's own.
func hiddenAddress(b []byte) bool {
	return bytes.Contains(b, []byte("**")) || bytes.Contains(b, []byte("＊＊")) || encrypted(b)
}

// encrypted reports ##..., $$..., $...$ and ~...~, what Douyin and Pinduoduo give in the
// place of names, numbers and addresses.
func encrypted(b []byte) bool {
	if len(b) < 3 {
		return false
	}
	switch c := b[0]; c {
	case '#':
		return b[1] == '#'
	case '$', '~':
		return b[1] == c || len(b) > 12 && b[len(b)-1] == c && bytes.IndexByte(b, ' ') < 0
	}
	return false
}

// appendEmail appends the canonical form of an e-mail address, trimmed, folded
// (NFKC) and in lower case, and reports whether there is one. mailto:, quotes and
// a name with the address in angle brackets, Ada <ada@example.com>, are removed.
// Masked, encrypted and obviously wrong addresses are no addresses, so that nobody
// is known by them.
func appendEmail(dst, b []byte) ([]byte, bool) {
	b = bareAddress(b)
	ascii := true
	for _, c := range b {
		switch {
		case c <= ' ', c == '*', c == ',', c == ';', c == '<', c == '>', c == '"', c == '(', c == ')', c == 0x7f:
			return dst, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	if !ascii {
		if !utf8.Valid(b) {
			return dst, false
		}
		if !norm.NFKC.IsNormal(b) {
			return appendEmail(dst, norm.NFKC.Bytes(b))
		}
		if low := bytes.ToLower(b); !bytes.Equal(low, b) {
			return appendEmail(dst, low)
		}
	}
	at := bytes.IndexByte(b, '@')
	if at < 1 || len(b) > 254 || bytes.IndexByte(b[at+1:], '@') >= 0 {
		return dst, false
	}
	domain := b[at+1:]
	dot := bytes.LastIndexByte(domain, '.')
	if dot < 1 || dot == len(domain)-1 || bytes.Contains(b, []byte("..")) {
		return dst, false
	}
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst, true
}

// bareAddress removes what stands around an e-mail address.
func bareAddress(b []byte) []byte {
	b = trim(b)
	if len(b) > 0 && b[len(b)-1] == '>' {
		if i := bytes.LastIndexByte(b, '<'); i >= 0 {
			b = trim(b[i+1 : len(b)-1])
		}
	}
	if len(b) > 0 && (b[0] == '"' || b[0] == '\'' || b[0] == '=') {
		b = unwrap(b)
	}
	if len(b) > 7 && bytes.EqualFold(b[:7], []byte("mailto:")) {
		b, _, _ = bytes.Cut(b[7:], []byte("?"))
	}
	return trim(b)
}

// keyEmail reports whether a canonical e-mail address may tell who somebody is.
// no-reply@shop.com, test@test.com, none@none.com, a@a.com and the like are written
// where somebody had to write something: they are contacts that nobody reads, and
// keys of nobody.
func keyEmail(v []byte) bool {
	at := bytes.IndexByte(v, '@')
	if at < 1 {
		return false
	}
	local, domain := v[:at], v[at+1:]
	if label := domain[:max(bytes.IndexByte(domain, '.'), 0)]; bytes.Equal(local, label) && (len(local) < 4 || madeUp(local)) {
		return false
	}
	if uniform(local) && len(local) > 3 || domainOfNobody(domain) {
		return false
	}
	var low [16]byte // without what may stand between the words
	n := 0
	for _, c := range local {
		if c == '-' || c == '_' || c == '.' {
			continue
		}
		if n == len(low) {
			return true
		}
		low[n] = c
		n++
	}
	return !madeUp(low[:n])
}

// madeUp reports words that are no name.
func madeUp(word []byte) bool {
	switch string(word) {
	case "noreply", "donotreply", "noemail", "nomail", "noaddress", "none", "null", "nil", "na", "nan", "no", "nobody", "noone", "unknown", "undefined", "anonymous", "invalid", "empty",
		"test", "tests", "testing", "tester", "test1", "test123", "example", "sample", "fake", "dummy", "asdf", "qwerty", "abc", "xxx", "mail", "email", "guest", "mailerdaemon", "postmaster":
		return true
	}
	return false
}

// domainOfNobody reports domains in which nobody has a mailbox.
func domainOfNobody(domain []byte) bool {
	switch string(domain) {
	case "none.com", "null.com", "test.com", "test.test", "noemail.com", "nomail.com", "no.com", "noreply.com", "fake.com", "invalid.com", "asdf.com", "localhost.localdomain":
		return true
	}
	return bytes.HasSuffix(domain, []byte(".invalid")) || bytes.HasSuffix(domain, []byte(".test"))
}

// uniform reports that all bytes are the same.
func uniform(b []byte) bool { return len(bytes.Trim(b, string(b[:1]))) == 0 }

// plain folds full-width and typographic forms of the characters that numbers,
// dates and telephone numbers are written with.
func plain(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - '！' + '!'
	case r == '\u00a0', r == '\u3000', r == '\u202f', r == '\u2009', r == '\u2007', r == '\u2002', r == '\u2003':
		return ' '
	case r == '−', r == '–', r == '‐', r == '‑':
		return '-'
	case r == '’', r == '‘', r == '`', r == '´':
		return '\''
	}
	return r
}
