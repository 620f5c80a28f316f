package contactfile

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// sheetRows is how many rows a sheet may have, the heading among them.
const sheetRows = excelize.TotalRows

// workbook is a sink of XLSX. What does not fit on one sheet goes on on the next.
type workbook struct {
	w        io.Writer
	file     *excelize.File
	stream   *excelize.StreamWriter
	opt      Options
	most     int // rows of a sheet
	at       int // rows on this sheet
	sheets   int
	headings []string
	widths   []float64
	text     int // style of texts
	day      int
	bold     int
	values   []any // of the row being written
}

func newWorkbook(w io.Writer, opt Options, most int) (*workbook, error) {
	b := &workbook{w: w, file: excelize.NewFile(excelize.Options{TmpDir: opt.TempDir}), opt: opt, most: most}
	var errs [3]error
	b.text, errs[0] = b.file.NewStyle(&excelize.Style{NumFmt: 49}) // as it stands, whatever it looks like
	pattern := "yyyy-mm-dd"
	b.day, errs[1] = b.file.NewStyle(&excelize.Style{CustomNumFmt: &pattern})
	b.bold, errs[2] = b.file.NewStyle(&excelize.Style{NumFmt: 49, Font: &excelize.Font{Bold: true}})
	return b, errors.Join(errs[:]...)
}

func (b *workbook) header(headings []string, columns []column) error {
	b.headings = headings
	for _, c := range columns {
		b.widths = append(b.widths, width(c.key))
	}
	b.values = make([]any, len(headings))
	return b.begin()
}

// width is how wide a column is, in characters.
func width(key string) float64 {
	switch key {
	case "email", "address":
		return 30
	case "phone", "name", "customer_id", "list_id":
		return 18
	}
	return 14
}

// begin begins a sheet.
func (b *workbook) begin() error {
	name := "List"
	if b.opt.Lang == "zh" {
		name = "名单"
	}
	b.sheets++
	var err error
	if b.sheets == 1 {
		err = b.file.SetSheetName(b.file.GetSheetName(0), name)
	} else {
		name = fmt.Sprintf("%s %d", name, b.sheets)
		_, err = b.file.NewSheet(name)
	}
	if err != nil {
		return err
	}
	if b.stream, err = b.file.NewStreamWriter(name); err != nil {
		return err
	}
	for k, w := range b.widths {
		if err := b.stream.SetColWidth(k+1, k+1, w); err != nil {
			return err
		}
	}
	if err := b.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	for k, h := range b.headings {
		b.values[k] = excelize.Cell{StyleID: b.bold, Value: h}
	}
	b.at = 1
	return b.stream.SetRow("A1", b.values)
}

func (b *workbook) row(cells []cell) error {
	if b.at == b.most {
		if err := b.stream.Flush(); err != nil {
			return err
		}
		if err := b.begin(); err != nil {
			return err
		}
	}
	for k, c := range cells {
		switch c.kind {
		case missing:
			b.values[k] = nil
		case textual:
			b.values[k] = excelize.Cell{StyleID: b.text, Value: fitting(c.text)}
		case numeric:
			b.values[k] = c.number
		case dated:
			b.values[k] = excelize.Cell{StyleID: b.text, Value: c.text}
			if serial := c.number + excelEpoch; serial > lastDayInDoubt {
				b.values[k] = excelize.Cell{StyleID: b.day, Value: serial}
			}
		}
	}
	b.at++
	return b.stream.SetRow(fmt.Sprint("A", b.at), b.values)
}

// Days of a spreadsheet count from 1899-12-30; before March 1900 they are a day
// off, since it takes 1900 for a leap year.
const (
	excelEpoch     = 25569 // 1970-01-01
	lastDayInDoubt = 60
)

// fitting is a text without what a cell cannot hold: control characters, and more
// than 32,767 characters.
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
	runes := []rune(text)
	return string(runes[:min(len(runes), excelize.TotalCellChars)])
}

func (b *workbook) close() error {
	err := b.stream.Flush()
	if err == nil {
		_, err = b.file.WriteTo(b.w)
	}
	return errors.Join(err, b.file.Close())
}
