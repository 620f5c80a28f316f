package segment

import (
	"cmp"
	"slices"
	"strings"
)

// Kind is the type of a column.
type Kind int

// The kinds of columns.
const (
	Number Kind = iota
	Text
	Date
	Truth
)

// Table is where a column is.
type Table int

// The tables of columns. Names of Customers are those of CustomersTable.
const (
	Scores Table = iota
	Customers
)

// Tables that whoever runs a compiled rule provides: what is known of customers as
// of the day, and members of own segments (segment, customer_id).
const (
	CustomersTable = "rule_customers"
	MembersTable   = "own_members"
)

// Age is the name of a number that rules know beside the columns of customers: the
// years since birth_date.
const Age = "age"

// ColumnInfo is a column that rules may name.
type ColumnInfo struct {
	Name   string
	Kind   Kind
	Unit   string // "days" and "probability" bound what it is compared with
	En, Zh string // its meaning
	Table  Table
	Zero   bool // a missing value counts as 0
}

// Named is a segment that rules may name.
type Named struct {
	Scheme string
	Name   string
	Column string   // of scores, that holds the name; empty: its members are in MembersTable
	Also   []string // other names that people know it by
	open   bool     // of a scheme whose names only a run knows: they are compared without regard to capitals
}

// Catalogue is what rules may name.
type Catalogue struct {
	Columns    []ColumnInfo
	Segments   []Named
	Attributes []string // nil: not known, any name will do
	// Open are schemes whose names a run makes: with of SCHEME any name will do.
	Open []Named
}

func (c Catalogue) column(name string) (ColumnInfo, bool) {
	i := slices.IndexFunc(c.Columns, func(d ColumnInfo) bool { return d.Name == name })
	if i < 0 {
		return ColumnInfo{}, false
	}
	return c.Columns[i], true
}

// quotedName is an identifier of SQL.
func quotedName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// sql is the column as an expression.
func (c ColumnInfo) sql() string {
	name := "k." + quotedName(c.Name)
	if c.Table == Scores {
		name = "c." + quotedName(c.Name)
	}
	if c.Zero {
		return "COALESCE(" + name + ", 0)"
	}
	return name
}

// inScheme reports whether a scheme is meant by a text: its name, or the first word
// of it.
func inScheme(scheme, asked string) bool {
	word, _, _ := strings.Cut(scheme, " ")
	return asked == "" || strings.EqualFold(scheme, asked) || strings.EqualFold(word, asked)
}

// find are the segments that a name means: those written exactly so; else those that
// differ in capitals; else those that people know by it.
func (c Catalogue) find(name, scheme string) []Named {
	for _, same := range []func(Named) bool{
		func(s Named) bool { return s.Name == name },
		func(s Named) bool { return strings.EqualFold(s.Name, name) },
		func(s Named) bool {
			return slices.ContainsFunc(s.Also, func(also string) bool { return strings.EqualFold(also, name) })
		},
	} {
		var found []Named
		for _, s := range c.Segments {
			if inScheme(s.Scheme, scheme) && same(s) {
				found = append(found, s)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	if scheme == "" {
		return nil
	}
	for _, o := range c.Open {
		if inScheme(o.Scheme, scheme) {
			return []Named{{Scheme: o.Scheme, Name: name, Column: o.Column, open: true}}
		}
	}
	return nil
}

// schemes are the schemes there are, in order of their segments.
func (c Catalogue) schemes() []string {
	var out []string
	for _, s := range slices.Concat(c.Segments, c.Open) {
		if !slices.Contains(out, s.Scheme) {
			out = append(out, s.Scheme)
		}
	}
	return out
}

// nearest are at most three of some words that are spelled most like one.
func nearest(name string, words []string) []string {
	type guess struct {
		word     string
		distance int
	}
	var list []guess
	lower := []rune(strings.ToLower(name))
	for _, w := range words {
		other := []rune(strings.ToLower(w))
		d := edits(lower, other)
		if d > max(1, min(len(lower), len(other))/3) {
			if !isPart(lower, other) && !isPart(other, lower) {
				continue
			}
			d += 100 // a part of it, after those that look alike
		}
		list = append(list, guess{w, d})
	}
	slices.SortStableFunc(list, func(a, b guess) int { return cmp.Compare(a.distance, b.distance) })
	var out []string
	for _, g := range list {
		if len(out) < 3 && !slices.Contains(out, g.word) {
			out = append(out, g.word)
		}
	}
	return out
}

// isPart reports whether a text is a part of another, and long enough to tell
// something: two Chinese letters are.
func isPart(part, whole []rune) bool {
	return len(string(part)) >= 3 && len(part) >= 2 && strings.Contains(string(whole), string(part))
}

// edits is the number of letters to insert, remove, replace or swap with their
// neighbour between two texts (restricted Damerau-Levenshtein distance).
func edits(a, b []rune) int {
	const most = 64
	a, b = a[:min(len(a), most)], b[:min(len(b), most)]
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := range a {
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d := min(rows[i][j]+cost, rows[i][j+1]+1, rows[i+1][j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(a)][len(b)]
}

// didYouMean is the words nearest to a name as the end of a message; empty where there are none.
func didYouMean(near []string) phrase {
	if len(near) == 0 {
		return phrase{}
	}
	return phrase{": did you mean %s?", "：是否指 %s？"}.with(either(near))
}
