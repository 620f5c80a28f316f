// Package segment is the language in which people say who belongs to a segment:
//
//	clv > 500 and last_order_on < as_of - 90 days
//	spend on category '茶叶' in 365 days > 500 and no interaction of kind 'complaint' in 30 days
//
// Parse makes a tree of a text, Check compares its names and types with a
// Catalogue, and Compile makes an SQL condition of it in which everything that was
// typed is a bound parameter, and every name is the catalogue's or the package's
// own. The package knows no database.
//
// A condition is true or false, never unknown: whatever is compared with a missing
// value is false, so city <> 'Hangzhou' leaves out those whose city is missing, and
// not city = 'Hangzhou' keeps them. is missing asks. What is counted or summed over
// facts is 0 where there are none; an average of none is missing.
package segment

import (
	"strings"
	"unicode/utf8"
)

// What a rule may hold at most, so that no text makes work out of proportion.
const (
	maxBytes      = 64 << 10 // of the text
	maxDepth      = 100      // of parentheses and nots
	maxConditions = 200
	maxValues     = 5000 // in all its lists
)

// Rule is a parsed rule.
type Rule struct {
	Root Node
	text string // as it was typed
}

// Error is what is wrong with a rule, and where.
type Error struct {
	Text   string // the rule
	At     int    // byte of Text at which the mistake is
	Reason string
	Zh     string // Reason in Chinese
}

func (e *Error) Error() string { return e.In("en") }

// around is how many characters of a long rule a caret line shows on either side.
const around = 60

// Caret shows the place of the mistake: a line of the rule, and below it a line
// with a mark.
func (e *Error) Caret() string {
	before, after := []rune(e.Text[:e.At]), []rune(e.Text[e.At:])
	before, after = before[max(0, len(before)-around):], after[:min(len(after), around)]
	line := strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, string(before)+string(after))
	return line + "\n" + strings.Repeat(" ", columns(before)) + "^"
}

// columns is how wide a terminal shows a text: Chinese letters and full-width
// marks take two columns.
func columns(text []rune) int {
	n := 0
	for _, r := range text {
		n++
		if r >= 0x1100 && r <= 0x115F || r >= 0x2E80 && r <= 0xA4CF || r >= 0xAC00 && r <= 0xD7A3 ||
			r >= 0xF900 && r <= 0xFAFF || r >= 0xFE30 && r <= 0xFE6F || r >= 0xFF00 && r <= 0xFF60 ||
			r >= 0xFFE0 && r <= 0xFFE6 || r >= 0x1F300 && r <= 0x1FAFF || r >= 0x20000 && r <= 0x3FFFD {
			n++
		}
	}
	return n
}

// Parse reads a rule. An error is an *Error. Names are not looked at: see Check.
func Parse(text string) (*Rule, error) {
	if e := readable(text); e != nil {
		return nil, e
	}
	tokens, e := lex(text)
	if e != nil {
		return nil, e
	}
	p := &parser{text: text, tokens: tokens}
	root, e := p.rule()
	if e != nil {
		return nil, e
	}
	return &Rule{Root: root, text: text}, nil
}

// readable refuses what is no text, or too much of it.
func readable(text string) *Error {
	if len(text) > maxBytes {
		return mistake("", 0, phrase{"a rule has at most %d bytes, this one has %d", "规则最多 %d 字节，这一条有 %d 字节"}.with(maxBytes, len(text)))
	}
	for at, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[at:]); size == 1 {
				return mistake(text[:at], at, phrase{"not UTF-8 text", "不是 UTF-8 文字"})
			}
		}
		if (r < ' ' || r == 0x7F) && !strings.ContainsRune("\t\n\r", r) {
			return mistake(text[:at], at, phrase{"the control character %U", "含有控制字符 %U"}.with(r))
		}
	}
	if strings.TrimSpace(text) == "" {
		return mistake(text, 0, phrase{"the rule is empty: a rule is such as clv > 500", "规则为空：规则例如 clv > 500"})
	}
	return nil
}

// String prints the rule in its one canonical form, which parses to the same tree.
func (r *Rule) String() string {
	var b strings.Builder
	r.Root.print(&b, false)
	return b.String()
}

// Parts are the conditions that a rule joins by and; the rule itself where it is one
// condition.
func (r *Rule) Parts() []*Rule {
	and, ok := r.Root.(And)
	if !ok {
		return []*Rule{r}
	}
	var out []*Rule
	for _, n := range and.Of {
		out = append(out, &Rule{Root: n, text: r.text})
	}
	return out
}
