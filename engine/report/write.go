// Package report turns query results into what people and other programs read:
// rows as a terminal table, CSV or JSON, and the HTML report with its pictures.
//
// Rows: Write renders one table in one of Formats. The report: the queries of
// Queries are run by the engine, Build makes a Data of their results, and HTML
// writes a Data as one page in English or Chinese.
package report

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"clientele/engine/table"
)

// Options adjust how rows are written. The zero value is right for pipes.
type Options struct {
	// Spreadsheet makes a CSV that people open in a spreadsheet: a byte order
	// mark, so that Chinese is read as UTF-8. Leave it off when another program
	// reads the rows.
	Spreadsheet bool
	// Raw leaves the texts of a CSV as they are. Otherwise those that a spreadsheet
	// would run as a formula have an apostrophe before them, see package formula.
	Raw bool
	// Zone is the zone that timestamps are shown in; nil is UTC.
	Zone *time.Location
}

// Format is one way of writing rows.
type Format struct {
	Name  string
	write func(w *bufio.Writer, t *table.Table, opt Options) error
}

// Formats lists the ways of writing rows.
func Formats() []Format {
	return []Format{
		{"table", writeTable},
		{"csv", writeCSV},
		{"json", writeJSON},
	}
}

// Write writes the rows of t in the named format. A name that is not in Formats
// is an error that lists those that are.
func Write(w io.Writer, t *table.Table, format string, opt Options) error {
	var names []string
	for _, f := range Formats() {
		if f.Name == format {
			buffered := bufio.NewWriterSize(w, 1<<16)
			if err := f.write(buffered, t, opt); err != nil {
				return err
			}
			return buffered.Flush()
		}
		names = append(names, f.Name)
	}
	return fmt.Errorf("unknown format %q: want %s", format, strings.Join(names, ", "))
}

// Exact is the value of a row as it stands, empty when it is missing: what the
// formats for programs write. Instants are in zone, in UTC when it is nil.
func Exact(c *table.Column, row int, zone *time.Location) string {
	return string(appendExact(nil, c, row, zone))
}

// appendExact appends the value of a row as it stands, nothing when it is
// missing: numbers with every digit that tells them apart, dates as
// 2006-01-02, timestamps as RFC 3339.
func appendExact(dst []byte, c *table.Column, row int, zone *time.Location) []byte {
	if c.Missing(row) {
		return dst
	}
	switch c.Kind {
	case table.Float:
		return appendFloat(dst, c.Floats[row])
	case table.Int:
		return strconv.AppendInt(dst, c.Ints[row], 10)
	case table.Decimal:
		return appendDecimal(dst, c.Ints[row])
	case table.Timestamp:
		return stamp(c.Ints[row], zone).AppendFormat(dst, time.RFC3339Nano)
	case table.Date:
		return day(c.Dates[row]).AppendFormat(dst, time.DateOnly)
	case table.Bool:
		return strconv.AppendBool(dst, c.Bools[row])
	case table.Category:
		return append(dst, c.Labels[c.Codes[row]]...)
	}
	return append(dst, c.Texts.At(row)...)
}

// appendFloat writes the shortest digits that read back as v, without an
// exponent where a person would write none.
func appendFloat(dst []byte, v float64) []byte {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

// appendDecimal writes units of 1/10,000 exactly, without trailing zeros.
func appendDecimal(dst []byte, units int64) []byte {
	magnitude := uint64(units)
	if units < 0 {
		dst = append(dst, '-')
		magnitude = -magnitude
	}
	dst = strconv.AppendUint(dst, magnitude/table.DecimalScale, 10)
	if rest := magnitude % table.DecimalScale; rest != 0 {
		digits := strconv.FormatUint(table.DecimalScale+rest, 10)[1:]
		dst = append(dst, '.')
		dst = append(dst, strings.TrimRight(digits, "0")...)
	}
	return dst
}

func stamp(micros int64, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	return time.UnixMicro(micros).In(zone)
}

// day is the date so many days after 1970-01-01.
func day(days int32) time.Time { return time.Unix(int64(days)*86400, 0).UTC() }
