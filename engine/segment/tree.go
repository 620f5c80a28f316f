package segment

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Node is a condition: And, Or, Not, Test, InSegment or Birthday.
type Node interface {
	// print writes the canonical form; within says that a condition of several
	// parts needs parentheses.
	print(b *strings.Builder, within bool)
}

// And holds where all of its conditions do. None of them is an And.
type And struct{ Of []Node }

// Or holds where any of its conditions does. None of them is an Or.
type Or struct{ Of []Node }

// Not holds where its condition does not.
type Not struct{ Of Node }

// Test asks something of one quantity.
type Test struct {
	Of     Operand
	Op     Op
	Values []Value // one; of In any number; of Between two; of Missing, Known and Holds none
	At     int     // byte of the rule at which it begins
}

// InSegment holds for the members of any of some segments.
type InSegment struct {
	Names  []string
	Scheme string // in which they are looked for; empty: in all
	At     int
}

// Birthday holds for whom a birthday comes within so many days after the as-of day.
// Of those born on 29 February it is the 28th in years without one.
type Birthday struct {
	Days int // at least 1
	At   int
}

// Op is what a test asks.
type Op string

// The operators of tests. Their texts are those of the language.
const (
	Equal      Op = "="
	Unequal    Op = "!="
	Less       Op = "<"
	AtMost     Op = "<="
	More       Op = ">"
	AtLeast    Op = ">="
	In         Op = "in"
	NotIn      Op = "not in"
	Between    Op = "between" // both ends belong to it
	NotBetween Op = "not between"
	Like       Op = "like" // * is any text, ? one character
	NotLike    Op = "not like"
	Missing    Op = "is missing"
	Known      Op = "is known"
	Holds      Op = "" // the quantity itself: a yes, or a count above zero
)

// Operand is a quantity that a test looks at: Column, Attribute, Tag or Window.
type Operand interface{ printOperand(b *strings.Builder) }

// Column is a column of the catalogue.
type Column struct{ Name string }

// Attribute is an attribute of customers that the sources give a name of their own.
type Attribute struct{ Name string }

// Tag is each of a customer's tags: a test on it holds where it does for any.
type Tag struct{}

// Window is a measure of the facts of some days.
type Window struct {
	Measure string // one of measures()
	Filters []Filter
	Span    Span
}

// Filter keeps the facts of which something is so.
type Filter struct {
	Noun   string // category, kind, campaign, ...
	Op     Op     // Equal, In or Like
	Values []string
}

// Span is a stretch of days up to the as-of day: the last N of a unit, or the days
// From to To, of which either may be open; all days without any of them.
type Span struct {
	N        int
	Unit     Unit
	From, To *Value // Day or AsOf; nil: open
}

// Unit is a length of time.
type Unit string

// The units.
const (
	Days   Unit = "days"
	Weeks  Unit = "weeks"
	Months Unit = "months"
	Years  Unit = "years"
)

// ValueKind is what a value is.
type ValueKind int

// The kinds of values.
const (
	NumberValue ValueKind = iota
	TextValue
	DayValue    // Day
	AsOfValue   // the as-of day plus N of Unit
	LengthValue // N of Unit
	TruthValue
	ColumnValue // what a column, Text, has
)

// Value is what a quantity is compared with.
type Value struct {
	Kind   ValueKind
	Number float64
	Text   string // of TextValue and ColumnValue
	Day    int    // days since 1970-01-01
	N      int    // of AsOfValue (may be below zero, 0 without an offset) and LengthValue
	Unit   Unit
	Truth  bool
	At     int // byte of the rule
}

func (n And) print(b *strings.Builder, within bool) { printAll(b, n.Of, " and ", within) }
func (n Or) print(b *strings.Builder, within bool)  { printAll(b, n.Of, " or ", within) }

func printAll(b *strings.Builder, list []Node, word string, within bool) {
	if within {
		b.WriteByte('(')
	}
	for i, n := range list {
		if i > 0 {
			b.WriteString(word)
		}
		n.print(b, true)
	}
	if within {
		b.WriteByte(')')
	}
}

func (n Not) print(b *strings.Builder, _ bool) {
	b.WriteString("not ")
	n.Of.print(b, true)
}

func (n Test) print(b *strings.Builder, _ bool) {
	if _, ok := n.Of.(Tag); ok && n.Op == Equal { // tag 'VIP'
		b.WriteString("tag " + quoted(n.Values[0].Text))
		return
	}
	n.Of.printOperand(b)
	if n.Op == Holds {
		return
	}
	b.WriteString(" " + string(n.Op))
	switch n.Op {
	case Missing, Known:
	case In, NotIn:
		b.WriteString(" (" + joined(n.Values, ", ") + ")")
	default:
		b.WriteString(" " + joined(n.Values, " and "))
	}
}

func joined(values []Value, between string) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = v.String()
	}
	return strings.Join(parts, between)
}

func (n InSegment) print(b *strings.Builder, _ bool) {
	b.WriteString("segment " + matching(opOf(n.Names), n.Names))
	if n.Scheme != "" {
		b.WriteString(" of " + quoted(n.Scheme))
	}
}

func (n Birthday) print(b *strings.Builder, _ bool) {
	b.WriteString("birthday in " + strconv.Itoa(n.Days) + " days")
}

func opOf(values []string) Op {
	if len(values) == 1 {
		return Equal
	}
	return In
}

func (c Column) printOperand(b *strings.Builder) { b.WriteString(c.Name) }

func (a Attribute) printOperand(b *strings.Builder) {
	b.WriteString("attribute.")
	if isName(a.Name) {
		b.WriteString(a.Name)
		return
	}
	b.WriteString(quoted(a.Name))
}

func (Tag) printOperand(b *strings.Builder) { b.WriteString("tag") }

func (w Window) printOperand(b *strings.Builder) {
	b.WriteString(w.Measure)
	for _, f := range w.Filters {
		if word := prepositionOf(w.Measure, f.Noun); word != "" {
			b.WriteString(" " + word)
		}
		b.WriteString(" " + f.Noun + " " + matching(f.Op, f.Values))
	}
	b.WriteString(w.Span.String())
}

// matching prints 'a', in ('a', 'b') or like 'a*'.
func matching(op Op, values []string) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = quoted(v)
	}
	switch op {
	case In:
		return "in (" + strings.Join(parts, ", ") + ")"
	case Like:
		return "like " + parts[0]
	}
	return parts[0]
}

// String is the span with a blank before it; empty for all days.
func (s Span) String() string {
	switch {
	case s.N > 0:
		return " in " + length(s.N, s.Unit)
	case s.From != nil && s.To != nil:
		return " from " + s.From.String() + " to " + s.To.String()
	case s.From != nil:
		return " since " + s.From.String()
	}
	return ""
}

func length(n int, unit Unit) string { return strconv.Itoa(n) + " " + string(unit) }

// String prints the value as the language has it.
func (v Value) String() string {
	switch v.Kind {
	case NumberValue:
		return formatted(v.Number)
	case TextValue:
		return quoted(v.Text)
	case DayValue:
		return timeOf(v.Day).Format(time.DateOnly)
	case LengthValue:
		return length(v.N, v.Unit)
	case TruthValue:
		return strconv.FormatBool(v.Truth)
	case ColumnValue:
		return v.Text
	}
	switch {
	case v.N > 0:
		return "as_of + " + length(v.N, v.Unit)
	case v.N < 0:
		return "as_of - " + length(-v.N, v.Unit)
	}
	return "as_of"
}

// formatted writes a number out, but for very large and very small ones.
func formatted(v float64) string {
	if size := math.Abs(v); size >= 1e21 || size > 0 && size < 1e-9 {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// quoted is a text between straight quotes.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// isName reports whether a text is one word of the language as it stands.
func isName(s string) bool {
	got, next := take(s, 0, isWord)
	return s != "" && len(s) <= wordLength && next == len(s) && got == s && isLetter([]rune(s)[0])
}

// isWhole reports whether a number has no fraction, and is small enough to count with.
func isWhole(v float64) bool { return v == math.Trunc(v) && math.Abs(v) <= 1<<53 }
