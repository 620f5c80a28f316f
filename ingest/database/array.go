package database

import (
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"
)

// writeArray writes an array of PostgreSQL, {1,NULL,"a b"}, as JSON. element is
// the type of its elements, category theirs in pg_type: numbers (N) and truth (B)
// are written as such, elements of JSON as they are, others as texts. What is
// not written like an array stays as it is.
func writeArray(dst, value []byte, element, category string) ([]byte, bool) {
	a := arrayText{rest: value, json: element == "json" || element == "jsonb", number: category == "N", truth: category == "B"}
	if element == "box" {
		a.comma = ';'
	} else {
		a.comma = ','
	}
	from := len(dst)
	a.bounds()
	out, err := a.list(dst, 0)
	if err != nil || len(a.rest) > 0 {
		return append(dst[:from], value...), true
	}
	return out, true
}

var errArray = errors.New("not an array")

// arrayDepth is more than PostgreSQL's six dimensions.
const arrayDepth = 16

type arrayText struct {
	rest                []byte
	comma               byte
	json, number, truth bool
	text                []byte
}

// bounds skips [0:2]= before an array that does not begin at 1.
func (a *arrayText) bounds() {
	if len(a.rest) > 0 && a.rest[0] == '[' {
		if i := slices.Index(a.rest, '='); i > 0 {
			a.rest = a.rest[i+1:]
		}
	}
}

func (a *arrayText) list(dst []byte, depth int) ([]byte, error) {
	if depth == arrayDepth || !a.take('{') {
		return nil, errArray
	}
	dst = append(dst, '[')
	if a.take('}') {
		return append(dst, ']'), nil
	}
	for {
		var err error
		if len(a.rest) > 0 && a.rest[0] == '{' {
			dst, err = a.list(dst, depth+1)
		} else {
			dst, err = a.element(dst)
		}
		switch {
		case err != nil:
			return nil, err
		case a.take('}'):
			return append(dst, ']'), nil
		case !a.take(a.comma):
			return nil, errArray
		}
		dst = append(dst, ',')
	}
}

func (a *arrayText) take(c byte) bool {
	if len(a.rest) == 0 || a.rest[0] != c {
		return false
	}
	a.rest = a.rest[1:]
	return true
}

// element reads one element, in quotation marks or bare, with backslashes before
// characters that would mean something.
func (a *arrayText) element(dst []byte) ([]byte, error) {
	a.text = a.text[:0]
	quoted := a.take('"')
	for {
		if len(a.rest) == 0 {
			return nil, errArray
		}
		c := a.rest[0]
		if quoted && c == '"' {
			a.rest = a.rest[1:]
			break
		}
		if !quoted && (c == a.comma || c == '}') {
			break
		}
		if c == '\\' {
			if a.rest = a.rest[1:]; len(a.rest) == 0 {
				return nil, errArray
			}
			c = a.rest[0]
		}
		a.text, a.rest = append(a.text, c), a.rest[1:]
	}
	if !quoted && len(a.text) == 0 {
		return nil, errArray
	}
	return a.write(dst, quoted)
}

func (a *arrayText) write(dst []byte, quoted bool) ([]byte, error) {
	switch {
	case !quoted && string(a.text) == "NULL":
		return append(dst, "null"...), nil
	case a.truth && string(a.text) == "t":
		return append(dst, "true"...), nil
	case a.truth && string(a.text) == "f":
		return append(dst, "false"...), nil
	case (a.number || a.json) && json.Valid(a.text): // NaN is none
		return append(dst, a.text...), nil
	}
	if !utf8.Valid(a.text) {
		return nil, errArray
	}
	text, err := json.Marshal(string(a.text))
	return append(dst, text...), err
}
