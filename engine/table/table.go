// Package table holds typed columns of equal length: the one data type that
// crosses Clientele's packages. Readers fill tables from files, the store hands
// the customer summary out as a table, models read and write columns of it.
package table

import (
	"fmt"
	"slices"
)

// Kind says which slice of a Column holds its values.
type Kind uint8

// The kinds of column.
const (
	Float     Kind = iota // Floats; NaN is a missing value
	Int                   // Ints
	Decimal               // Ints, in units of 1/10,000 (DECIMAL(18,4))
	Timestamp             // Ints, microseconds since 1970-01-01 00:00 UTC
	Date                  // Dates, days since 1970-01-01
	Text                  // Texts
	Bool                  // Bools
	Category              // Codes into Field.Labels; -1 is a missing value
)

// String returns the kind's name as data dictionaries print it.
func (k Kind) String() string {
	names := [...]string{"float", "int", "decimal", "timestamp", "date", "text", "bool", "category"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// DecimalScale is how many units of a Decimal column make one.
const DecimalScale = 10_000

// Field describes one column: its name, kind, unit and meaning.
type Field struct {
	Name   string
	Kind   Kind
	Unit   string   // "days", "money", "probability", "" where none applies
	Doc    string   // meaning, English
	DocZh  string   // meaning, Chinese
	Labels []string // Category only: the label of each code
}

// Strings is a column of texts in one buffer, laid out as Arrow has it:
// text i is Bytes[Offsets[i]:Offsets[i+1]].
type Strings struct {
	Offsets []int32 // length rows + 1; Offsets[0] may be above zero in a slice
	Bytes   []byte
}

// Len is the number of texts.
func (s *Strings) Len() int {
	if len(s.Offsets) == 0 {
		return 0
	}
	return len(s.Offsets) - 1
}

// At returns text i as a view of the buffer; it must not be written.
func (s *Strings) At(i int) []byte { return s.Bytes[s.Offsets[i]:s.Offsets[i+1]] }

// Append adds one text.
func (s *Strings) Append(b []byte) {
	if len(s.Offsets) == 0 {
		s.Offsets = append(s.Offsets, 0)
	}
	s.Bytes = append(s.Bytes, b...)
	s.Offsets = append(s.Offsets, int32(len(s.Bytes)))
}

// AppendString adds one text.
func (s *Strings) AppendString(v string) {
	if len(s.Offsets) == 0 {
		s.Offsets = append(s.Offsets, 0)
	}
	s.Bytes = append(s.Bytes, v...)
	s.Offsets = append(s.Offsets, int32(len(s.Bytes)))
}

// Column is one named column. Only the slice that belongs to its kind is used.
// What reads an Int column that may be of a summary reads it by Int.
type Column struct {
	Field
	Floats []float64
	Ints   []int64
	Shorts []int32 // Int only, in place of Ints: whole numbers that need no more than 32 bits
	Dates  []int32
	Texts  Strings
	Bools  []bool
	Codes  []int32
	// Null marks missing values of the kinds without a missing value of their
	// own; nil means that none is missing. Float has NaN, Category has code -1.
	Null []bool
}

// Len is the number of rows.
func (c *Column) Len() int {
	switch c.Kind {
	case Float:
		return len(c.Floats)
	case Int, Decimal, Timestamp:
		if c.Shorts != nil {
			return len(c.Shorts)
		}
		return len(c.Ints)
	case Date:
		return len(c.Dates)
	case Text:
		return c.Texts.Len()
	case Bool:
		return len(c.Bools)
	case Category:
		return len(c.Codes)
	}
	panic("table: unknown kind " + c.Kind.String())
}

// Int returns value i of an Int column.
func (c *Column) Int(i int) int64 {
	if c.Shorts != nil {
		return int64(c.Shorts[i])
	}
	return c.Ints[i]
}

// Wide returns the values of an Int column in 64 bits each, as a copy where they are
// held in 32.
func (c *Column) Wide() []int64 {
	if c.Shorts == nil {
		return c.Ints
	}
	out := make([]int64, len(c.Shorts))
	for i, v := range c.Shorts {
		out[i] = int64(v)
	}
	return out
}

// Narrow holds whole numbers in 32 bits where all of them fit, and no mask where nothing
// is missing.
func (c *Column) Narrow() {
	if !slices.Contains(c.Null, true) {
		c.Null = nil
	}
	if c.Kind != Int || c.Shorts != nil || slices.ContainsFunc(c.Ints, func(v int64) bool { return v != int64(int32(v)) }) {
		return
	}
	c.Shorts = make([]int32, len(c.Ints))
	for i, v := range c.Ints {
		c.Shorts[i] = int32(v)
	}
	c.Ints = nil
}

// Missing reports whether row i has no value.
func (c *Column) Missing(i int) bool {
	switch c.Kind {
	case Float:
		return c.Floats[i] != c.Floats[i]
	case Category:
		return c.Codes[i] < 0
	}
	return c.Null != nil && c.Null[i]
}

// Slice returns rows [i, j) as a view: writing to it writes to c.
// Rows of a view are disjoint from rows of another, so views of different
// ranges may be written at the same time (Text columns excepted).
func (c *Column) Slice(i, j int) *Column {
	v := &Column{Field: c.Field}
	switch c.Kind {
	case Float:
		v.Floats = c.Floats[i:j:j]
	case Int, Decimal, Timestamp:
		if c.Shorts != nil {
			v.Shorts = c.Shorts[i:j:j]
		} else {
			v.Ints = c.Ints[i:j:j]
		}
	case Date:
		v.Dates = c.Dates[i:j:j]
	case Text:
		v.Texts = Strings{Offsets: c.Texts.Offsets[i : j+1 : j+1], Bytes: c.Texts.Bytes}
	case Bool:
		v.Bools = c.Bools[i:j:j]
	case Category:
		v.Codes = c.Codes[i:j:j]
	}
	if c.Null != nil {
		v.Null = c.Null[i:j:j]
	}
	return v
}

// NewColumn makes a column of n rows, all of them zero; nullable kinds get a
// Null mask only when the caller makes one.
func NewColumn(f Field, n int) *Column {
	c := &Column{Field: f}
	switch f.Kind {
	case Float:
		c.Floats = make([]float64, n)
	case Int, Decimal, Timestamp:
		c.Ints = make([]int64, n)
	case Date:
		c.Dates = make([]int32, n)
	case Text:
		c.Texts.Offsets = make([]int32, n+1)
	case Bool:
		c.Bools = make([]bool, n)
	case Category:
		c.Codes = make([]int32, n)
	}
	return c
}

// Table is a set of columns of one length.
type Table struct {
	columns []*Column
	byName  map[string]int
	rows    int
}

// New makes a table of the columns given. It panics when their lengths differ
// or a name occurs twice: both are mistakes of the program, not of the data.
func New(columns ...*Column) *Table {
	t := &Table{byName: make(map[string]int, len(columns))}
	for _, c := range columns {
		t.Add(c)
	}
	return t
}

// Make makes a table with one new column of n rows for each field.
func Make(n int, fields ...Field) *Table {
	t := &Table{byName: make(map[string]int, len(fields)), rows: n}
	for _, f := range fields {
		t.Add(NewColumn(f, n))
	}
	return t
}

// Add appends a column; same conditions as New.
func (t *Table) Add(c *Column) {
	if len(t.columns) == 0 {
		t.rows = c.Len()
	} else if c.Len() != t.rows {
		panic(fmt.Sprintf("table: column %q has %d rows, table has %d", c.Name, c.Len(), t.rows))
	}
	if _, ok := t.byName[c.Name]; ok {
		panic(fmt.Sprintf("table: column %q occurs twice", c.Name))
	}
	t.byName[c.Name] = len(t.columns)
	t.columns = append(t.columns, c)
}

// Drop lets columns go that t has.
func (t *Table) Drop(names ...string) {
	columns := t.columns
	t.columns, t.byName = nil, make(map[string]int, len(columns))
	for _, c := range columns {
		if slices.Contains(names, c.Name) {
			continue
		}
		t.byName[c.Name] = len(t.columns)
		t.columns = append(t.columns, c)
	}
}

// Rows is the number of rows.
func (t *Table) Rows() int { return t.rows }

// Columns returns the columns in order.
func (t *Table) Columns() []*Column { return t.columns }

// Lookup returns the named column, or nil.
func (t *Table) Lookup(name string) *Column {
	if i, ok := t.byName[name]; ok {
		return t.columns[i]
	}
	return nil
}

// Column returns the named column and panics when there is none: what a model
// reads is checked against its Spec before it runs.
func (t *Table) Column(name string) *Column {
	c := t.Lookup(name)
	if c == nil {
		panic(fmt.Sprintf("table: no column %q", name))
	}
	return c
}

// Floats returns the values of a Float column.
func (t *Table) Floats(name string) []float64 { return t.of(name, Float).Floats }

// Ints returns the values of an Int column, as a copy where they are held in 32 bits.
func (t *Table) Ints(name string) []int64 { return t.of(name, Int).Wide() }

// Dates returns the values of a Date column, days since 1970-01-01.
func (t *Table) Dates(name string) []int32 { return t.of(name, Date).Dates }

// Codes returns the values of a Category column.
func (t *Table) Codes(name string) []int32 { return t.of(name, Category).Codes }

func (t *Table) of(name string, k Kind) *Column {
	c := t.Column(name)
	if c.Kind != k {
		panic(fmt.Sprintf("table: column %q is %v, not %v", name, c.Kind, k))
	}
	return c
}

// Slice returns rows [i, j) of every column as a view.
func (t *Table) Slice(i, j int) *Table {
	v := &Table{byName: t.byName, rows: j - i, columns: make([]*Column, len(t.columns))}
	for k, c := range t.columns {
		v.columns[k] = c.Slice(i, j)
	}
	return v
}
