package ingest

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed statuses.tsv
var statusesTSV string

//go:embed words.tsv
var wordsTSV string

// Statuses returns the canonical states of an order, in the order of the codes
// of the status column.
func Statuses() []string {
	return []string{"completed", "paid", "shipped", "unpaid", "cancelled", "refunded"}
}

// Events returns the canonical events of a response, in the order of the codes
// of the event column. other is what platforms report beside them: it is kept, so
// that every row is accounted for, and counts for nothing.
func Events() []string {
	return []string{"assigned", "sent", "delivered", "opened", "clicked", "converted", "unsubscribed", "bounced", "complained", "other"}
}

// Genders returns the labels of the gender column.
func Genders() []string { return []string{"female", "male", "other"} }

// lexicon maps folded words to canonical values; "" is a word for no value.
type lexicon map[string]string

// words returns the table of one list of words.tsv, or of statuses.tsv.
func words(list string) lexicon { return parseWords()[list] }

var parseWords = sync.OnceValue(func() map[string]lexicon {
	out := map[string]lexicon{"status": {}}
	add := func(list, value, names string) {
		if value == "-" {
			value = ""
		}
		if out[list] == nil {
			out[list] = lexicon{}
		}
		for _, name := range strings.Split(names, "|") {
			if was, ok := out[list][fold(name)]; ok && was != value {
				panic(fmt.Sprintf("ingest: %s: %q is both %q and %q", list, name, was, value))
			}
			out[list][fold(name)] = value
		}
	}
	for _, f := range tsv(statusesTSV, 2) {
		add("status", f[0], f[1])
	}
	for _, f := range tsv(wordsTSV, 3) {
		add(f[0], f[1], f[2])
	}
	return out
})

// withStatuses adds a shop's own words to the table of statuses.
func withStatuses(own map[string]string) (lexicon, error) {
	all := maps.Clone(words("status"))
	for _, word := range slices.Sorted(maps.Keys(own)) {
		value := own[word]
		if !slices.Contains(Statuses(), value) {
			return nil, fmt.Errorf("status %q is mapped to %q, which is none of %s", word, value, strings.Join(Statuses(), ", "))
		}
		all[fold(word)] = value
	}
	return all, nil
}

// codes turns cells of few different words into codes. It remembers the cells
// it has seen as they are, so that folding is paid once for each spelling.
type codes struct {
	lex    lexicon
	labels []string
	seen   map[string]int32
}

const (
	codeNone    = -1 // no value
	codeUnknown = -2 // a word that the table does not have
	maxSeen     = 4096
)

func newCodes(lex lexicon, labels []string) *codes {
	return &codes{lex: lex, labels: labels, seen: map[string]int32{}}
}

// of returns the code of a cell, codeNone or codeUnknown.
func (c *codes) of(b []byte) int32 {
	if code, ok := c.seen[string(b)]; ok {
		return code
	}
	code := int32(codeUnknown)
	f := fold(string(b))
	if v, ok := c.lex[f]; ok {
		code = int32(slices.Index(c.labels, v)) // "" is not among the labels: codeNone
	} else if _, ok := words("absent")[f]; ok || f == "" {
		code = codeNone
	}
	if len(c.seen) < maxSeen {
		c.seen[string(b)] = code
	}
	return code
}

// absentWord reports whether a trimmed cell of a typed column or an id holds no
// value: empty, NULL, NaN, N/A, \N, - and the like.
func absentWord(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	if len(b) > 15 {
		return false
	}
	// Most cells end in a digit or begin with one and are done here.
	if c := b[len(b)-1]; c >= '0' && c <= '9' {
		return false
	}
	switch b[0] {
	case 'n', 'N', 'u', 'U', '\\', '#', '-', '.', '_':
		// n.., u.., \N, #N/A, -: plain letters are folded here, without allocating.
		var low [15]byte
		m := 0
		for _, c := range b {
			switch {
			case c >= utf8.RuneSelf: // -无
				return absentFolded(b)
			case c == '-', c == '.', c == '_', c == ' ':
				continue
			case c >= 'A' && c <= 'Z':
				c |= 0x20
			}
			low[m] = c
			m++
		}
		if m == 0 {
			return true
		}
		_, ok := words("absent")[string(low[:m])]
		return ok
	case 0xE2, 0xE6, 0xE7, 0xEF: // –, 无 未 暂, 空, full-width forms
	default:
		return false
	}
	return absentFolded(b)
}

// absentFolded is absentWord for cells that are not plain letters.
func absentFolded(b []byte) bool {
	f := fold(string(b))
	if f == "" || f == "–" || f == "—" {
		return true
	}
	_, ok := words("absent")[f]
	return ok
}
