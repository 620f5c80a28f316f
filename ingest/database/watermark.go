package database

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// class says how the values of a column are ordered, where they can be a watermark.
type class uint8

const (
	classOther   class = iota // no watermark
	classBytes                // no watermark, written as hexadecimal digits
	classNumber               // integers, decimals, floats
	classInstant              // 2024-01-31T09:30:00Z
	classLocal                // 2024-01-31 09:30:00
	classDate                 // 2024-01-31
	classText                 // byte by byte
	classDynamic              // numbers or texts, known by the values only
)

// bound checks a value from which to read and writes it as cells of the column
// are written. Times without a zone are in zone.
func bound(c column, after string, zone *time.Location) (string, error) {
	if zone == nil {
		zone = time.UTC
	}
	wrong := func(what string) (string, error) {
		return "", fmt.Errorf("the watermark column %s holds %s, and %q is none: read from another value, or from the beginning", c.name, what, after)
	}
	switch c.class {
	case classNumber:
		if !isNumber([]byte(after)) {
			return wrong("numbers")
		}
	case classInstant:
		t, zoned, ok := parseTime(after)
		if !ok {
			return wrong("times")
		}
		if !zoned {
			t = first(t, zone)
		}
		return t.UTC().Format("2006-01-02T15:04:05.999999Z"), nil
	case classLocal, classDate:
		t, zoned, ok := parseTime(after)
		if !ok {
			return wrong("dates")
		}
		if zoned {
			t = t.In(zone)
		}
		if c.class == classDate {
			return t.Format(time.DateOnly), nil
		}
		return t.Format("2006-01-02 15:04:05.999999"), nil
	case classText, classDynamic:
	default:
		return "", noWatermark(c)
	}
	return after, nil
}

func noWatermark(c column) error {
	return fmt.Errorf("the watermark column %s is of type %s, whose values have no order to read on from: name a column of times, dates, numbers or texts", c.name, c.typ)
}

// parseTime reads a date with or without time and zone; without a zone it is as in UTC.
func parseTime(s string) (t time.Time, zoned, ok bool) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true, true
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, false, true
		}
	}
	return t, false, false
}

// first is the instant at which clocks in zone showed t, the first of two where
// clocks were put back.
func first(t time.Time, zone *time.Location) time.Time {
	at := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
	if before := at.Add(-time.Hour); before.Format(time.DateTime) == at.Format(time.DateTime) {
		return before
	}
	return at
}

// watermark follows one column through the rows.
type watermark struct {
	column  int
	name    string
	class   class
	after   string // as it was given
	from    []byte // the same as cells are written
	best    []byte
	some    bool  // best was in a row
	nulls   int64 // rows without a value
	beyond  int64 // rows with a value that is no number and no day of a calendar
	texts   bool  // of classDynamic: a value was a text, or a number
	numbers bool
}

func newWatermark(i int, c column, after string, zone *time.Location) (*watermark, error) {
	w := &watermark{column: i, name: c.name, class: c.class, after: after}
	if c.class == classOther || c.class == classBytes {
		return nil, noWatermark(c)
	}
	if after == "" {
		return w, nil
	}
	from, err := bound(c, after, zone)
	w.from = []byte(from)
	return w, err
}

// see looks at the row whose first cell is at index first. A nil watermark does nothing.
func (w *watermark) see(c *cells, first int) error {
	if w == nil {
		return nil
	}
	start, end := c.start[first+w.column], c.end[first+w.column]
	if start > end {
		w.nulls++
		return nil
	}
	value := c.data[start:end]
	if w.class == classDynamic {
		number := isNumber(value)
		w.numbers, w.texts = w.numbers || number, w.texts || !number
		if w.numbers && w.texts {
			return fmt.Errorf("the watermark column %s holds numbers and texts, such as %q, which have no order to read on from: leave the watermark out, or make one in a query", w.name, value)
		}
	}
	if !w.countable(value) {
		w.beyond++
		return nil
	}
	if !w.some || w.compare(value, w.best) > 0 {
		w.best, w.some = append(w.best[:0], value...), true
	}
	return nil
}

// countable leaves out values after which no other can come, and those that are
// written in another form: infinity, NaN, years before 1 or after 9999.
func (w *watermark) countable(value []byte) bool {
	switch w.class {
	case classNumber:
		return isNumber(value)
	case classInstant, classLocal:
		return len(value) >= 19 && value[4] == '-' && value[10] != '-' && digits(value[:4]) && !bytes.HasSuffix(value, []byte("BC"))
	case classDate:
		return len(value) == 10 && digits(value[:4])
	}
	return true
}

func (w *watermark) compare(a, b []byte) int {
	switch {
	case w.class == classNumber, w.class == classDynamic && w.numbers:
		return compareNumbers(a, b)
	case w.class == classInstant, w.class == classLocal:
		return compareTimes(a, b)
	}
	return bytes.Compare(a, b)
}

// last is the greatest value of a row, or that from which was read, as it was
// written, where that is greater.
func (w *watermark) last() string {
	switch {
	case w == nil:
		return ""
	case !w.some, w.after != "" && w.compare(w.best, w.from) < 0:
		return w.after
	}
	return string(w.best)
}

func (w *watermark) notes() []string {
	if w == nil {
		return nil
	}
	var notes []string
	if w.nulls > 0 {
		notes = append(notes, fmt.Sprintf("column %q: %s without a value, read now and not when only later rows are read", w.name, counted(w.nulls, "row")))
	}
	if w.beyond > 0 {
		notes = append(notes, fmt.Sprintf("column %q: %s beyond all others, such as infinity, which will be read every time", w.name, counted(w.beyond, "value")))
	}
	return notes
}

// digits reports that all bytes are digits.
func digits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return len(b) > 0
}

// decimal cuts a number written without an exponent into its digits before and
// after the point, without zeros at the ends.
func decimal(b []byte) (negative bool, whole, fraction []byte, ok bool) {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative, b = b[0] == '-', b[1:]
	}
	whole, fraction, point := bytes.Cut(b, []byte("."))
	if len(whole)+len(fraction) == 0 || len(whole) > 0 && !digits(whole) || len(fraction) > 0 && !digits(fraction) || point && len(fraction) == 0 {
		return false, nil, nil, false
	}
	return negative, bytes.TrimLeft(whole, "0"), bytes.TrimRight(fraction, "0"), true
}

func isNumber(b []byte) bool {
	if _, _, _, ok := decimal(b); ok {
		return true
	}
	x, err := strconv.ParseFloat(string(b), 64)
	return err == nil && !math.IsInf(x, 0) && !math.IsNaN(x) && !bytes.ContainsAny(b, "xXpP_")
}

// compareNumbers compares decimals exactly, and numbers with an exponent as floats.
func compareNumbers(a, b []byte) int {
	an, aw, af, ok1 := decimal(a)
	bn, bw, bf, ok2 := decimal(b)
	if !ok1 || !ok2 {
		x, err1 := strconv.ParseFloat(string(a), 64)
		y, err2 := strconv.ParseFloat(string(b), 64)
		switch {
		case errors.Join(err1, err2) != nil || x == y:
			return 0
		case x < y:
			return -1
		}
		return 1
	}
	if len(aw)+len(af) == 0 { // -0 is 0
		an = false
	}
	if len(bw)+len(bf) == 0 {
		bn = false
	}
	if an != bn {
		if an {
			return -1
		}
		return 1
	}
	order := len(aw) - len(bw)
	if order == 0 {
		order = bytes.Compare(aw, bw)
	}
	if order == 0 {
		order = bytes.Compare(af, bf)
	}
	if an {
		order = -order
	}
	return max(-1, min(1, order))
}

// compareTimes compares times in one of the two forms: the part up to the
// seconds, then the fraction.
func compareTimes(a, b []byte) int {
	if order := bytes.Compare(a[:19], b[:19]); order != 0 {
		return order
	}
	return bytes.Compare(secondsFraction(a), secondsFraction(b))
}

func secondsFraction(b []byte) []byte {
	return bytes.TrimRight(bytes.TrimRight(bytes.TrimSuffix(b[19:], []byte("Z")), "0"), ".")
}

// counted writes 1 row, 2 rows.
func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
