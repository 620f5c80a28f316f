package ingest

import (
	"fmt"
)

// dateEvidence counts what the cells of a column say about the order of day and
// month. Cells with the year first say nothing and cost next to nothing.
type dateEvidence struct {
	cells    int // all that are not blank
	dmy, mdy int // cells that have one reading only: 31/01/2024, 01/31/2024
	unclear  int // 03/04/2024
	dotted   int // of the unclear cells, those with dots, which nobody writes month first
	long     int // cells with a year of four digits at the end
	short    int // cells with a year of two digits, perhaps in front
	// Ranges of the first and last part of short cells: years vary less than days.
	minA, maxA, minC, maxC int
	example                string // of an unclear cell, or of any

	written int            // cells that are neither numbers nor words for nothing
	counts  [countings]int // plain numbers by what they count if they are dates; 0: nothing known
}

// look adds one trimmed cell.
func (e *dateEvidence) look(b []byte) {
	e.cells++
	if yearFirst(b) {
		e.written++
		return
	}
	if absentWord(b) || zeroDate(b) {
		return
	}
	if unit, ok := unitOf(b); ok {
		e.counts[unit]++
		return
	}
	e.written++
	if len(b) < 6 {
		return
	}
	var buf [64]byte
	p, ok := foldDate(buf[:0], b)
	if !ok {
		return
	}
	d, _, ok := splitDate(p)
	if !ok || d.form != formEnd {
		return
	}
	if d.short {
		if e.short == 0 {
			e.minA, e.maxA, e.minC, e.maxC = d.a, d.a, d.c, d.c
		}
		e.minA, e.maxA = min(e.minA, d.a), max(e.maxA, d.a)
		e.minC, e.maxC = min(e.minC, d.c), max(e.maxC, d.c)
		e.short++
	} else {
		e.long++
	}
	switch {
	case d.a > 12 && d.b <= 12:
		e.dmy++
	case d.b > 12 && d.a <= 12:
		e.mdy++
	case d.a <= 12 && d.b <= 12 && d.a != d.b:
		e.unclear++
		if d.dotted {
			e.dotted++
		}
		if e.unclear == 1 {
			e.example = string(b)
		}
	}
	if e.example == "" {
		e.example = string(b)
	}
}

// yearFirst reports a cell that begins like 2024-1-3. In 1/22/2024 and 22.1.2024
// a separator stands at the same place behind other characters than four digits.
func yearFirst(b []byte) bool {
	if len(b) < 8 || b[4] != '-' && b[4] != '/' && b[4] != '.' {
		return false
	}
	_, ok := four(b)
	return ok
}

func (e *dateEvidence) add(o dateEvidence) {
	if o.short > 0 {
		if e.short == 0 {
			e.minA, e.maxA, e.minC, e.maxC = o.minA, o.maxA, o.minC, o.maxC
		}
		e.minA, e.maxA = min(e.minA, o.minA), max(e.maxA, o.maxA)
		e.minC, e.maxC = min(e.minC, o.minC), max(e.maxC, o.maxC)
	}
	if e.unclear == 0 && o.unclear > 0 || e.example == "" {
		e.example = o.example
	}
	e.cells += o.cells
	e.dmy, e.mdy = e.dmy+o.dmy, e.mdy+o.mdy
	e.unclear, e.dotted = e.unclear+o.unclear, e.dotted+o.dotted
	e.long, e.short = e.long+o.long, e.short+o.short
	e.written += o.written
	for unit, n := range o.counts {
		e.counts[unit] += n
	}
}

// ordered reports cells that need an order.
func (e *dateEvidence) ordered() bool { return e.long+e.short > 0 }

// silent reports that no cell asks for more of the column to be seen.
func (e *dateEvidence) silent() bool {
	kinds := 0
	for _, n := range e.counts {
		kinds += min(n, 1)
	}
	return !e.ordered() && kinds < 2 && e.counts[countDays] == 0
}

// counting is what the numbers of the column count: what most of them do. Day
// numbers of a spreadsheet are small, so they must be all that there is.
func (e *dateEvidence) counting() counting {
	most := countSeconds
	for unit := countSeconds; unit < countings; unit++ {
		if e.counts[unit] > e.counts[most] {
			most = unit
		}
	}
	if e.counts[most] == 0 || most == countDays && e.written+e.counts[countNone] > 0 {
		return countNone
	}
	return most
}

// numbers is how many plain numbers there are that may count.
func (e *dateEvidence) numbers() (n int) {
	for _, more := range e.counts {
		n += more
	}
	return n
}

// order decides by majority; false when the cells do not tell.
func (e *dateEvidence) order() (dateOrder, bool) {
	switch {
	case !e.ordered():
		return orderDMY, true // nothing to order
	case e.long == 0 && (e.dmy > 0 || e.minA > 31) && e.maxA-e.minA < e.maxC-e.minC && e.mdy == 0:
		return orderYMD, true // 24/01/31: the first part hardly varies
	case e.dmy > e.mdy:
		return orderDMY, true
	case e.mdy > e.dmy:
		return orderMDY, true
	case e.dmy == 0 && e.unclear == e.dotted:
		return orderDMY, true
	}
	return orderDMY, false
}

// evidence is what a pass over rows says about the columns of a plan, by column.
type evidence struct {
	dates    []dateEvidence
	decimals []decimalEvidence
}

func newEvidence(columns int) *evidence {
	return &evidence{dates: make([]dateEvidence, columns), decimals: make([]decimalEvidence, columns)}
}

func (e *evidence) add(o *evidence) {
	for i := range e.dates {
		e.dates[i].add(o.dates[i])
		e.decimals[i].add(o.decimals[i])
	}
}

// noDates reports that there are columns of dates in question, all of them blank.
func (e *evidence) noDates(dates []bool) bool {
	some := false
	for i, asked := range dates {
		if asked && e.dates[i].cells > 0 {
			return false
		}
		some = some || asked
	}
	return some
}

func (t colType) dated() bool {
	return t == typeInstant || t == typePast || t == typeDate
}

func (t colType) numeric() bool {
	return t == typeMoney || t == typeNumber || t == typeRating || t == typeInt
}

// inspect adds the cells of a block to the evidence of the columns in question.
func (e *evidence) inspect(b *Block, cols []column, dates, decimals []bool) {
	for i := range cols {
		if !dates[i] && !decimals[i] {
			continue
		}
		if e.inspectTyped(b, i, cols[i].index, dates[i]) {
			continue
		}
		for r := range b.Rows() {
			cell, ok := b.Cell(r, cols[i].index)
			if !ok {
				continue
			}
			if cell = trim(cell); len(cell) == 0 {
				continue
			}
			if dates[i] {
				e.dates[i].look(cell)
			} else {
				e.decimals[i].look(cell)
			}
		}
	}
}

// decide sets the order of dates and the decimal sign of each column, and
// returns notes for people. A column that does not tell follows the others of
// its file that do; dates that nobody can tell are an error.
func (e *evidence) decide(cols []column, opt Options) (notes []string, err error) {
	say := opt.advice()
	dates, decimals := opt.Dates == "" || opt.Dates == "auto", opt.Decimal == "" || opt.Decimal == "auto"
	var sure map[dateOrder]int
	if dates {
		sure = map[dateOrder]int{}
		for i := range cols {
			if o, ok := e.dates[i].order(); ok && e.dates[i].ordered() {
				sure[o]++
			}
		}
	}
	commas, points := 0, 0
	for i := range cols {
		if d := &e.decimals[i]; d.comma > d.point {
			commas++
		} else if d.point > d.comma {
			points++
		}
	}
	if opt.Dates != "excel" {
		notes = e.decideCounting(cols)
	}
	for i := range cols {
		c := &cols[i]
		if c.priced {
			var others int
			if c.currency, others = e.decimals[i].signs.most(); others > 0 {
				notes = append(notes, fmt.Sprintf("column %q: %d amounts are not in %s, as the others are", c.header, others, c.currency))
			}
		}
		if dates && c.typ.dated() && e.dates[i].ordered() {
			d := &e.dates[i]
			order, ok := d.order()
			if !ok && len(sure) == 1 {
				for o := range sure {
					order, ok = o, true
				}
			}
			if !ok {
				return nil, fmt.Errorf("column %q: %q may be day/month or month/day, and the column does not tell; say which with %s or %s", c.header, d.example, say.set("dates", "dmy"), say.set("dates", "mdy")+say.where())
			}
			c.order = order
			notes = append(notes, fmt.Sprintf("column %q: dates read as %s", c.header, order))
			if against := min(d.dmy, d.mdy); against > 0 {
				notes = append(notes, fmt.Sprintf("column %q: %d dates are not in %s order", c.header, against, order))
			}
		}
		if decimals && c.typ.numeric() {
			d := &e.decimals[i]
			switch {
			case !d.told() && d.unclear+d.unclearPoint == 0 && commas > points:
				c.style = styleComma // whole numbers, which may have decimals further down
			case d.comma > d.point, d.comma == d.point && d.unclear+d.unclearPoint > 0 && commas > points:
				c.style = styleComma
				notes = append(notes, fmt.Sprintf("column %q: numbers read with a decimal comma", c.header))
			case d.comma == d.point && d.comma > 0:
				return nil, fmt.Errorf("column %q: as many numbers with a decimal point as with a decimal comma; say which with %s or %s", c.header, say.set("decimal", "."), say.set("decimal", ",")+say.where())
			case d.comma == d.point && d.unclear > 0:
				notes = append(notes, fmt.Sprintf("column %q: the comma in %q read as a group of thousands", c.header, d.example))
			}
			if against := min(d.comma, d.point); against > 0 {
				notes = append(notes, fmt.Sprintf("column %q: %d numbers are not written with decimal sign %s", c.header, against, c.style))
			}
		}
	}
	return notes, nil
}

// decideCounting says what the numbers in columns of dates count. Numbers that do
// not tell, those of dates of birth, follow another column of the file.
func (e *evidence) decideCounting(cols []column) (notes []string) {
	sure := map[counting]bool{}
	for i := range cols {
		c := &cols[i]
		if c.typ.dated() {
			if c.count = e.dates[i].counting(); c.count != countNone {
				sure[c.count] = true
			}
		}
	}
	for i := range cols {
		c, d := &cols[i], &e.dates[i]
		if c.count == countNone && c.typ.dated() && c.typ != typeInstant && d.written == 0 && d.counts[countNone] > 0 && len(sure) == 1 {
			for unit := range sure {
				c.count = unit
			}
		}
		if c.count == countNone {
			continue
		}
		notes = append(notes, fmt.Sprintf("column %q: numbers read as %s", c.header, c.count))
		if against := d.numbers() - d.counts[c.count]; against > 0 && c.typ == typeInstant {
			notes = append(notes, fmt.Sprintf("column %q: %d numbers are no %s", c.header, against, c.count))
		}
	}
	return notes
}

// configured sets what the options say about dates and decimals.
func configured(cols []column, opt Options) error {
	order, style, count := orderYMD, stylePoint, countNone
	switch opt.Dates {
	case "", "auto", "ymd":
	case "excel":
		count = countDays
	case "dmy":
		order = orderDMY
	case "mdy":
		order = orderMDY
	default:
		return fmt.Errorf("order of dates %q is none of auto, ymd, dmy, mdy, excel", opt.Dates)
	}
	switch opt.Decimal {
	case "", "auto", ".":
	case ",":
		style = styleComma
	default:
		return fmt.Errorf("decimal sign %q is none of auto . ,", opt.Decimal)
	}
	for i := range cols {
		cols[i].order, cols[i].style, cols[i].count = order, style, count
	}
	return nil
}
