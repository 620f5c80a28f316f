package ingest

import (
	"bytes"
	"unicode"
	"unicode/utf8"
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

func blank(r rune) bool {
	return unicode.IsSpace(r) || r == 0 || r == '\ufeff' || r == '\u200b' || r == '\u200e' || r == '\u200f'
}

// Reasons of rejects of ids and texts.
const (
	reasonSpoiltID = "id spoilt by a spreadsheet; export the column as text"
	reasonNotUTF8  = "not valid UTF-8; set the encoding of the file"
)

// cleanID removes what exports wrap around ids: blanks, tabs, a leading
// apostrophe, ="...". The result is a view of b, nil when there is no id. An
// id that a spreadsheet turned into a rounded number, 1.23E+17, is refused:
// its digits are lost.
//
// valid says that b is known to be UTF-8.
func cleanID(b []byte, valid bool) (id []byte, reason string) {
	b = trim(b)
	if len(b) > 0 && (b[0] == '=' || b[0] == '\'' || b[0] == '"') {
		if len(b) >= 3 && b[0] == '=' && b[1] == '"' && b[len(b)-1] == '"' {
			b = b[2 : len(b)-1]
		} else if len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"' {
			b = b[1 : len(b)-1]
		}
		if len(b) > 0 && b[0] == '\'' {
			b = b[1:]
		}
		b = trim(b)
	}
	if absentWord(b) {
		return nil, ""
	}
	if spoilt(b) {
		return nil, reasonSpoiltID
	}
	if !valid && !utf8.Valid(b) {
		return b, reasonNotUTF8
	}
	return b, ""
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

// appendEmail appends the canonical form of an e-mail address, trimmed and in
// lower case, and reports whether there is one. Masked, encrypted and obviously
// wrong addresses are no addresses, so that nobody is known by them.
func appendEmail(dst, b []byte) ([]byte, bool) {
	b = trim(b)
	if len(b) > 7 && bytes.EqualFold(b[:7], []byte("mailto:")) {
		b = b[7:]
	}
	at := bytes.IndexByte(b, '@')
	if at < 1 || len(b) > 254 || bytes.IndexByte(b[at+1:], '@') >= 0 {
		return dst, false
	}
	domain := b[at+1:]
	dot := bytes.LastIndexByte(domain, '.')
	if dot < 1 || dot == len(domain)-1 || bytes.Contains(b, []byte("..")) || !utf8.Valid(b) {
		return dst, false
	}
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
		return append(dst, bytes.ToLower(b)...), true
	}
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst, true
}

// appendPhone appends the canonical form of a telephone number, its digits with
// a leading + where it has one (00 counts as +), and reports whether there is
// one: 5 to 15 digits (E.164 has at most 15) and nothing but blanks, brackets,
// - . / between them. Masked numbers, 186****05, are no numbers. A Chinese mobile
// number gets its country code, so that it is one key however it was written.
func appendPhone(dst, b []byte) ([]byte, bool) {
	b = trim(b)
	if len(b) > 0 && b[0] == '\'' {
		b = b[1:]
	}
	if len(b) > 4 && bytes.EqualFold(b[:4], []byte("tel:")) {
		b = b[4:]
	}
	start := len(dst)
	for i := 0; i < len(b); {
		r, size := rune(b[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(b[i:])
			r = plain(r)
		}
		i += size
		switch {
		case r >= '0' && r <= '9':
			dst = append(dst, byte(r))
		case r == '+' && len(dst) == start:
			dst = append(dst, '+')
		case r == ' ', r == '-', r == '(', r == ')', r == '.', r == '/', r == '\t':
		default:
			return dst[:start], false
		}
	}
	if len(dst)-start > 2 && dst[start] == '0' && dst[start+1] == '0' {
		dst[start] = '+'
		dst = append(dst[:start+1], dst[start+2:]...)
	}
	digits := len(dst) - start
	if digits > 0 && dst[start] == '+' {
		digits--
	}
	if digits < 5 || digits > 15 {
		return dst[:start], false
	}
	return chinaMobile(dst, start), true
}

// chinaMobile writes a Chinese mobile number, dst[start:], as +86 and eleven
// digits, however much of its country code was written.
func chinaMobile(dst []byte, start int) []byte {
	number := bytes.TrimPrefix(dst[start:], []byte("+"))
	if len(number) == 13 {
		number = bytes.TrimPrefix(number, []byte("86"))
	}
	abroad := dst[start] == '+' && len(dst)-start == 12 // +1 415 ... has a country code of its own
	if len(number) != 11 || number[0] != '1' || number[1] < '3' || abroad {
		return dst
	}
	var mobile [14]byte
	copy(mobile[:], "+86")
	copy(mobile[3:], number)
	return append(dst[:start], mobile[:]...)
}

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
