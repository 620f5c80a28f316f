// Package contactfile writes the files that people open and other tools import:
// names, addresses and whatever else was asked for of the customers of a list.
//
// What people open (csv, xlsx) has headings in English or Chinese, and CSV begins
// with a byte order mark, without which spreadsheets take UTF-8 for something else.
// What programs read (plain) has the names of columns, and no mark, which some take for
// a part of the first heading; what tools import (mailchimp, klaviyo, sendgrid, sms)
// has the headings that their import screens look for, and no mark either.
//
// A spreadsheet that opens CSV makes 8613910000002 of +8613910000002, 123 of 00123,
// 110101199003071000 of an id of 18 digits, and a day of 3-4. So the layout csv writes
// texts that it would change as ="+8613910000002": a formula whose result is that
// text. An apostrophe in front would be shown and kept, and a tab in front is dropped
// by some spreadsheets and stays in the text in others. Programs see the formula, so
// no other layout has it.
//
// A text that a spreadsheet would take for a formula, one that begins with = + - @
// or a control character, gets an apostrophe in front in every CSV, apart from plain
// numbers, so that +8613800138001 stays as it is. In XLSX texts are texts, ids and
// telephone numbers too.
package contactfile

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/engine/table"
)

// Layouts are the names of the layouts.
func Layouts() []string {
	return []string{"csv", "plain", "xlsx", "mailchimp", "klaviyo", "sendgrid", "sms"}
}

// Defaults are the columns of a layout when none are asked for: what the channel
// needs, and whom to greet.
func Defaults(layout, channel string) []string {
	address := addressOf(channel)
	switch layout {
	case "mailchimp", "klaviyo", "sendgrid":
		return []string{address, "first_name", "last_name"}
	case "sms":
		return []string{address}
	}
	if address == "address" {
		return []string{"customer_id", "name", "address", "postcode", "city", "region", "country"}
	}
	return []string{"customer_id", "name", address}
}

// addressOf is the column with the address of a channel.
func addressOf(channel string) string {
	switch channel {
	case "email":
		return "email"
	case "post":
		return "address"
	}
	return "phone"
}

// Check says what is wrong with a layout, its columns and the channel of a list, or
// nil.
func Check(layout, channel string, columns []string) error {
	if !slices.Contains(Layouts(), layout) {
		return fmt.Errorf("layout %q: not one of %s", layout, strings.Join(Layouts(), ", "))
	}
	for i, c := range columns {
		if slices.Contains(columns[:i], c) {
			return fmt.Errorf("column %q is asked for twice", c)
		}
	}
	address := addressOf(channel)
	switch layout {
	case "sms":
		if address != "phone" {
			return fmt.Errorf("layout sms holds telephone numbers, and the list is for %s", channel)
		}
	case "mailchimp", "klaviyo", "sendgrid":
		if address == "address" {
			return fmt.Errorf("layout %s holds e-mail addresses or telephone numbers, and the list is for %s", layout, channel)
		}
	default:
		return nil
	}
	if !slices.Contains(columns, address) {
		return fmt.Errorf("layout %s needs the column %s: the tool knows customers by it", layout, address)
	}
	return nil
}

// Sources are the columns of the data that columns of a file are made of:
// first_name and last_name are made of name.
func Sources(columns []string) []string {
	var out []string
	for _, c := range columns {
		if c == "first_name" || c == "last_name" {
			c = "name"
		}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// Options of a file.
type Options struct {
	Layout  string
	Channel string   // of the list: email, sms, phone or post
	Lang    string   // of the headings of csv, xlsx and sms: en or zh
	Columns []string // in their order; see Check
	TempDir string   // where a workbook that does not fit in memory goes meanwhile; empty: the system's
}

// Writer writes one file. It is not whole before Close.
type Writer struct {
	opt     Options
	columns []column
	rows    int64
	to      sink
}

// sink is a format.
type sink interface {
	header(headings []string, columns []column) error
	row(cells []cell) error
	close() error
}

// column is one column of the file.
type column struct {
	key    string // what was asked for
	source string // the column of the data
	part   part
}

// part is what is taken of a value.
type part int

const (
	whole    part = iota
	first         // the given name of a name
	last          // the family name
	birthday      // 03/14 of a date
)

// cell is one value: a text, or a number or a day with its text beside it.
type cell struct {
	text   string
	number float64
	kind   cellKind
}

type cellKind int

const (
	missing cellKind = iota
	textual
	numeric
	dated // number is days since 1970-01-01
)

// New begins a file: the heading is written at once where the layout has one.
func New(w io.Writer, opt Options) (*Writer, error) {
	if err := Check(opt.Layout, opt.Channel, opt.Columns); err != nil {
		return nil, err
	}
	f := &Writer{opt: opt}
	for _, key := range expanded(opt) {
		c := column{key: key, source: key}
		switch {
		case key == "first_name":
			c.source, c.part = "name", first
		case key == "last_name":
			c.source, c.part = "name", last
		case key == "birth_date" && opt.Layout == "mailchimp":
			c.part = birthday
		}
		f.columns = append(f.columns, c)
	}
	var headings []string
	for _, c := range f.columns {
		headings = append(headings, heading(opt, c.key))
	}
	switch opt.Layout {
	case "xlsx":
		book, err := newBook(w, opt, 0)
		if err != nil {
			return nil, err
		}
		f.to = book
	default:
		f.to = newCSV(w, opt.Layout == "csv")
	}
	if opt.Layout == "sms" && len(f.columns) == 1 {
		return f, nil // one number a line
	}
	return f, f.to.header(headings, f.columns)
}

// expanded are the columns of a file: tools that have two columns for a name get
// two, and those that know customers by one column get that first.
func expanded(opt Options) []string {
	if opt.Layout == "csv" || opt.Layout == "plain" || opt.Layout == "xlsx" {
		return opt.Columns
	}
	address := addressOf(opt.Channel)
	out := []string{address}
	for _, c := range opt.Columns {
		switch {
		case c == "name" && opt.Layout != "sms":
			for _, half := range []string{"first_name", "last_name"} {
				if !slices.Contains(opt.Columns, half) {
					out = append(out, half)
				}
			}
		case c != address:
			out = append(out, c)
		}
	}
	return out
}

// Write appends rows. The table has the columns of Sources.
func (f *Writer) Write(t *table.Table) error {
	from := make([]*table.Column, len(f.columns))
	for k, c := range f.columns {
		from[k] = t.Column(c.source)
	}
	cells := make([]cell, len(f.columns))
	for i := range t.Rows() {
		for k, c := range f.columns {
			cells[k] = valueOf(from[k], i, c.part)
		}
		if err := f.to.row(cells); err != nil {
			return err
		}
		f.rows++
	}
	return nil
}

// Rows is how many rows were written, without the heading.
func (f *Writer) Rows() int64 { return f.rows }

// Close writes what is left. It does not close the writer below.
func (f *Writer) Close() error {
	if f.to == nil {
		return errors.New("the file is closed already")
	}
	err := f.to.close()
	f.to = nil
	return err
}

// valueOf is the value of a row as a cell.
func valueOf(c *table.Column, i int, p part) cell {
	if c.Missing(i) || c.Kind == table.Float && math.IsInf(c.Floats[i], 0) {
		return cell{}
	}
	switch c.Kind {
	case table.Text:
		text := string(c.Texts.At(i))
		switch p {
		case first:
			text, _ = Names(text)
		case last:
			_, text = Names(text)
		}
		return cell{text: text, kind: textual}
	case table.Category:
		return cell{text: c.Labels[c.Codes[i]], kind: textual}
	case table.Bool:
		return cell{text: strconv.FormatBool(c.Bools[i]), kind: textual}
	case table.Float:
		return cell{strconv.FormatFloat(c.Floats[i], 'f', -1, 64), c.Floats[i], numeric}
	case table.Int:
		return cell{strconv.FormatInt(c.Ints[i], 10), float64(c.Ints[i]), numeric}
	case table.Decimal:
		v := float64(c.Ints[i]) / table.DecimalScale
		return cell{strconv.FormatFloat(v, 'f', -1, 64), v, numeric}
	case table.Timestamp:
		return cell{text: time.UnixMicro(c.Ints[i]).UTC().Format(time.RFC3339), kind: textual}
	}
	day := time.Unix(int64(c.Dates[i])*86_400, 0).UTC()
	if p == birthday {
		return cell{text: day.Format("01/02"), kind: textual}
	}
	return cell{day.Format(time.DateOnly), float64(c.Dates[i]), dated}
}
