// Package formula keeps texts of a CSV from being run by the spreadsheet that opens
// it: a customer's name may be =HYPERLINK(...).
package formula

import (
	"strings"
	"unicode/utf8"
)

// Harmless is a text that no spreadsheet takes for a formula: where one would, an
// apostrophe is put before it, which spreadsheets know as the sign of a text.
func Harmless(text string) string {
	if Runs(text) {
		return "'" + text
	}
	return text
}

// Runs reports whether a spreadsheet may take a text for a formula: it begins with
// = @ + - after blanks, or with a control character, which some programs pass over. A
// number with its sign, as telephone numbers are, is none. Full-width signs count as
// well: some programs take them for the plain ones.
func Runs(text string) bool {
	if text == "" {
		return false
	}
	if text[0] < ' ' {
		return true
	}
	text = strings.TrimLeft(text, " ")
	r, n := utf8.DecodeRuneInString(text)
	switch r {
	case '=', '@', '＝', '＋', '－', '＠':
		return true
	case '+', '-':
		return len(text) > n && !isNumber(text[n:])
	}
	return false
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

// SQL is Harmless of an expression of DuckDB that is a text.
func SQL(expression string) string {
	return `CASE WHEN regexp_matches(` + expression + `, '^(?:[\x00-\x1f]| *[=@＝＋－＠]| *[+-][\s\S])')
  AND NOT regexp_full_match(` + expression + `, ' *[+-](?:[0-9]+\.?[0-9]*|\.[0-9]+)') THEN '''' || ` + expression + ` ELSE ` + expression + ` END`
}
