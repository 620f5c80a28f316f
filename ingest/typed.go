package ingest

import "clientele/engine/table"

// Typed is a column of a block whose type in the file says what its values are, so
// that they need not be read from texts. The texts are what they would be without it,
// and are written when somebody asks for one of them.
type Typed struct {
	Kind      TypedKind
	Ints      []int64 // of each row
	Absent    []bool  // rows without a value; nil: none
	PerSecond int64   // of instants and clocks: 1,000 or 1,000,000
	Places    int     // of numbers: how many of the digits are decimals, at most 2
	// Write puts the texts of the column into its block, once at most.
	Write func()
}

// TypedKind is what the integers of a Typed are.
type TypedKind uint8

// The kinds of typed columns.
const (
	TypedNumber  TypedKind = iota // with so many Places
	TypedDay                      // since 1970-01-01
	TypedInstant                  // since 1970 began in UTC
	TypedClock                    // the same on a clock that names no zone
)

// Texts has all cells written as texts and lie row by row, for those who look at them
// otherwise than by Cell.
func (b *Block) Texts() {
	for c := range b.Typed {
		b.texts(c)
	}
	b.Typed = nil
	if !b.ByColumn {
		return
	}
	b.ByColumn = false
	rows := len(b.Lines)
	start, end := make([]uint32, len(b.Start)), make([]uint32, len(b.End))
	for c := range b.Columns {
		for r := range rows {
			start[r*b.Columns+c], end[r*b.Columns+c] = b.Start[c*rows+r], b.End[c*rows+r]
		}
	}
	b.Start, b.End = start, end
}

// texts has the texts of a column written, and reports whether they were not yet.
func (b *Block) texts(c int) bool {
	t := b.Typed[c]
	if t == nil || t.Write == nil {
		return false
	}
	write := t.Write
	t.Write = nil
	write()
	return true
}

// typed is a column's values, or nil.
func (b *Block) typed(c int) *Typed {
	if c >= len(b.Typed) {
		return nil
	}
	return b.Typed[c]
}

func (t *Typed) absent(r int) bool { return t.Absent != nil && t.Absent[r] }

// typedUnits are the values of a column of amounts, in units of 1/10,000, for those who
// would read them the same from texts: nil where its numbers are not written with style.
func (b *Block) typedUnits(c int, style decimalStyle) *typedUnits {
	t := b.typed(c)
	if t == nil || t.Kind != TypedNumber || t.Places > 0 && style != stylePoint {
		return nil
	}
	u := &typedUnits{Typed: t, scale: table.DecimalScale, most: 10_000_000_000_000}
	for range t.Places {
		u.scale /= 10
		u.most *= 10
	}
	return u
}

type typedUnits struct {
	*Typed
	scale, most int64 // values of most and more are left to who reads texts
}

func (u *typedUnits) of(r int) (units int64, ok bool) {
	v := u.Ints[r]
	return v * u.scale, v < u.most && v > -u.most
}

// The days that are read from the common forms of texts: those of the years 1900 to 9999.
const firstDay, finalDay = -25_567, 2_932_896

// typedMoments is a column of days or times, or nil.
func (b *Block) typedMoments(c int) *Typed {
	if t := b.typed(c); t != nil && t.Kind != TypedNumber {
		return t
	}
	return nil
}

// moment is a value as its text would be read.
func (t *Typed) moment(r int, m *moment) bool {
	v := t.Ints[r]
	if t.Kind == TypedDay {
		if v < firstDay || v > finalDay {
			return false
		}
		*m = moment{day: int32(v)}
		return true
	}
	perDay := daySecs * t.PerSecond
	day := v / perDay
	if v%perDay < 0 {
		day--
	}
	if day < firstDay || day > finalDay {
		return false
	}
	*m = moment{day: int32(day), micros: (v - day*perDay) * (1_000_000 / t.PerSecond), timed: true, zoned: t.Kind == TypedInstant}
	return true
}

// inspectTyped adds the values of a typed column to the evidence, as inspect would add
// their texts, and reports whether it could.
func (e *evidence) inspectTyped(b *Block, i int, c int, dates bool) bool {
	if dates {
		t := b.typedMoments(c)
		if t == nil {
			return false
		}
		var m moment
		for r := range t.Ints {
			switch {
			case t.absent(r):
			case t.moment(r, &m):
				e.dates[i].cells++
				e.dates[i].written++
			default:
				v, _ := b.Cell(r, c)
				e.dates[i].look(v)
			}
		}
		return true
	}
	t := b.typed(c)
	if t == nil || t.Kind != TypedNumber {
		return false
	}
	for r := range t.Ints {
		switch {
		case t.absent(r):
		case t.Places > 0:
			e.decimals[i].point++
		default:
			e.decimals[i].whole++
		}
	}
	return true
}
