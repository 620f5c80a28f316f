// Package workbook writes XLSX files for people: rows go to a sheet as they come,
// whatever their number, and what does not fit on one sheet goes on on the next.
//
// Texts are written as texts. A spreadsheet does not calculate them, even where they
// look like a formula, and it does not take ids for numbers.
package workbook

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"clientele/engine/table"
)

// MostRows is how many rows a sheet may have, the heading among them.
const MostRows = excelize.TotalRows

// Options of a workbook. The zero value is right.
type Options struct {
	TempDir  string         // where sheets that do not fit in memory go meanwhile; empty: the system's
	Zone     *time.Location // of instants; nil: UTC
	MostRows int            // of a sheet, the heading among them; 0: MostRows
}

// Column is one column of a sheet.
type Column struct {
	Name   string
	Width  float64 // in characters; 0: by the name
	Format Format
}

// Format is how the numbers of a column are shown.
type Format int

// The formats.
const (
	Plain Format = iota
	Money        // two digits after the point
	Share        // percent
)

// Cell is one value. The zero value is none.
type Cell struct {
	kind   cellKind
	text   string
	number float64
}

type cellKind int

const (
	missing cellKind = iota
	textual
	numeric
	logical
	dated
	timed
)

// Text is a text.
func Text(s string) Cell { return Cell{kind: textual, text: s} }

// Number is a number; one that is not finite is no value.
func Number(v float64) Cell {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Cell{}
	}
	return Cell{kind: numeric, number: v}
}

// Truth is true or false.
func Truth(yes bool) Cell {
	c := Cell{kind: logical}
	if yes {
		c.number = 1
	}
	return c
}

// Days of a spreadsheet count from 1899-12-30; before March 1900 they are a day
// off, since it takes 1900 for a leap year.
const (
	epoch          = 25569 // 1970-01-01
	lastDayInDoubt = 60
)

// Day is a day, counted from 1970-01-01. Days that spreadsheets do not have are texts.
func Day(days int32) Cell {
	if int64(days)+epoch <= lastDayInDoubt {
		return Text(time.Unix(int64(days)*86_400, 0).UTC().Format(time.DateOnly))
	}
	return Cell{kind: dated, number: float64(days) + epoch}
}

// Moment is an instant, in microseconds since 1970-01-01 00:00 UTC, as the clocks of a
// zone show it.
func Moment(micros int64, zone *time.Location) Cell {
	if zone == nil {
		zone = time.UTC
	}
	t := time.UnixMicro(micros).In(zone)
	_, offset := t.Zone()
	v := (float64(micros)/1e6+float64(offset))/86_400 + epoch
	if v <= lastDayInDoubt {
		return Text(t.Format(time.DateTime))
	}
	return Cell{kind: timed, number: v}
}

// exact is the greatest whole number up to which a spreadsheet has all: it keeps 15
// digits.
const exact = 999_999_999_999_999

// Of is the value of a row of a column. Whole numbers with more digits than a
// spreadsheet keeps are texts.
func Of(c *table.Column, i int, zone *time.Location) Cell {
	if c.Missing(i) {
		return Cell{}
	}
	switch c.Kind {
	case table.Float:
		return Number(c.Floats[i])
	case table.Int:
		if v := c.Ints[i]; v > exact || v < -exact {
			return Text(fmt.Sprint(v))
		}
		return Number(float64(c.Ints[i]))
	case table.Decimal:
		return Number(float64(c.Ints[i]) / table.DecimalScale)
	case table.Timestamp:
		return Moment(c.Ints[i], zone)
	case table.Date:
		return Day(c.Dates[i])
	case table.Bool:
		return Truth(c.Bools[i])
	case table.Category:
		return Text(c.Labels[c.Codes[i]])
	}
	return Text(string(c.Texts.At(i)))
}

// Workbook is a file being written. It is not whole before Close.
type Workbook struct {
	w       io.Writer
	opt     Options
	file    *excelize.File
	stream  *excelize.StreamWriter
	styles  map[style]int
	name    string // of the sheet, without a number
	part    int    // of it
	sheets  int
	columns []Column
	at      int // rows on this sheet
	values  []any
}

// style is what a cell looks like.
type style struct {
	kind   cellKind
	format Format
	head   bool
}

// New begins a file.
func New(w io.Writer, opt Options) (*Workbook, error) {
	if opt.MostRows == 0 {
		opt.MostRows = MostRows
	}
	b := &Workbook{w: w, opt: opt, file: excelize.NewFile(excelize.Options{TmpDir: opt.TempDir}), styles: map[style]int{}}
	day, moment := "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
	for _, s := range []struct {
		of   style
		look excelize.Style
	}{
		{style{kind: textual}, excelize.Style{NumFmt: 49}}, // as it stands, whatever it looks like
		{style{kind: textual, head: true}, excelize.Style{NumFmt: 49, Font: &excelize.Font{Bold: true}}},
		{style{kind: dated}, excelize.Style{CustomNumFmt: &day}},
		{style{kind: timed}, excelize.Style{CustomNumFmt: &moment}},
		{style{kind: numeric, format: Money}, excelize.Style{NumFmt: 4}},
		{style{kind: numeric, format: Share}, excelize.Style{NumFmt: 10}},
	} {
		id, err := b.file.NewStyle(&s.look)
		if err != nil {
			return nil, errors.Join(err, b.file.Close())
		}
		b.styles[s.of] = id
	}
	return b, nil
}

// Sheet begins a sheet of a name that no other one has.
func (b *Workbook) Sheet(name string, columns []Column) error {
	if err := b.flush(); err != nil {
		return err
	}
	b.name, b.part, b.columns = name, 0, columns
	b.values = make([]any, len(columns))
	return b.begin()
}

func (b *Workbook) flush() error {
	if b.stream == nil {
		return nil
	}
	err := b.stream.Flush()
	b.stream = nil
	return err
}

// begin begins a sheet, or the next one of the same name.
func (b *Workbook) begin() error {
	b.part++
	b.sheets++
	name := b.name
	if b.part > 1 {
		name = fmt.Sprintf("%s (%d)", name, b.part)
	}
	var err error
	if b.sheets == 1 {
		err = b.file.SetSheetName(b.file.GetSheetName(0), name)
	} else {
		_, err = b.file.NewSheet(name)
	}
	if err != nil {
		return err
	}
	if b.stream, err = b.file.NewStreamWriter(name); err != nil {
		return err
	}
	for k, c := range b.columns {
		width := c.Width
		if width == 0 {
			width = max(10, float64(utf8.RuneCountInString(c.Name))+3)
		}
		if err := b.stream.SetColWidth(k+1, k+1, min(width, 60)); err != nil {
			return err
		}
	}
	if err := b.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	for k, c := range b.columns {
		b.values[k] = excelize.Cell{StyleID: b.styles[style{kind: textual, head: true}], Value: fitting(c.Name)}
	}
	b.at = 1
	return b.stream.SetRow("A1", b.values)
}

// Row appends a row; cells are as many as columns.
func (b *Workbook) Row(cells []Cell) error {
	if b.at == b.opt.MostRows {
		if err := b.flush(); err != nil {
			return err
		}
		if err := b.begin(); err != nil {
			return err
		}
	}
	for k, c := range cells {
		b.values[k] = b.value(c, b.columns[k].Format)
	}
	b.at++
	return b.stream.SetRow(fmt.Sprint("A", b.at), b.values)
}

func (b *Workbook) value(c Cell, format Format) any {
	switch c.kind {
	case missing:
		return nil
	case textual:
		return excelize.Cell{StyleID: b.styles[style{kind: textual}], Value: fitting(c.text)}
	case logical:
		return c.number == 1
	case numeric:
		if format == Plain {
			return c.number
		}
		return excelize.Cell{StyleID: b.styles[style{kind: numeric, format: format}], Value: c.number}
	}
	return excelize.Cell{StyleID: b.styles[style{kind: c.kind}], Value: c.number}
}

// Write appends the rows of a table whose columns are those of the sheet.
func (b *Workbook) Write(t *table.Table) error {
	columns := t.Columns()
	if len(columns) != len(b.columns) {
		return fmt.Errorf("sheet %s has %d columns, the rows have %d", b.name, len(b.columns), len(columns))
	}
	cells := make([]Cell, len(columns))
	for i := range t.Rows() {
		for k, c := range columns {
			cells[k] = Of(c, i, b.opt.Zone)
		}
		if err := b.Row(cells); err != nil {
			return err
		}
	}
	return nil
}

// fitting is a text without what a cell cannot hold: control characters, and more
// than 32,767 characters, which spreadsheets count as UTF-16 has them.
func fitting(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == utf8.RuneError || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, text)
	if len(text) <= excelize.TotalCellChars {
		return text
	}
	units := 0
	for i, r := range text {
		units++
		if r > 0xffff {
			units++
		}
		if units > excelize.TotalCellChars {
			return text[:i]
		}
	}
	return text
}

// Close writes the file: the same cells give the same bytes. It does not close the
// writer below. A workbook without a sheet has an empty one.
func (b *Workbook) Close() error {
	err := b.flush()
	if err == nil {
		err = b.write()
	}
	return errors.Join(err, b.file.Close())
}

// write writes the parts of the file by their names. Its library has them in a map, and
// writes them in another order each time, so they are taken from a file of its own,
// compressed as they are.
func (b *Workbook) write() (err error) {
	f, err := os.CreateTemp(b.opt.TempDir, ".workbook-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if _, err := b.file.WriteTo(f); err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	parts, err := zip.NewReader(f, size)
	if err != nil {
		return err
	}
	slices.SortFunc(parts.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	out := zip.NewWriter(b.w)
	for _, part := range parts.File {
		if err := out.Copy(part); err != nil {
			return err
		}
	}
	return out.Close()
}

// Discard ends a file that is not wanted any more and removes what it has set aside.
func (b *Workbook) Discard() error { return b.file.Close() }
