package contactfile

import (
	"io"

	"clientele/engine/workbook"
)

// book is a sink of XLSX.
type book struct {
	file  *workbook.Workbook
	lang  string
	cells []workbook.Cell // of the row being written
}

func newBook(w io.Writer, opt Options, most int) (*book, error) {
	file, err := workbook.New(w, workbook.Options{TempDir: opt.TempDir, MostRows: most})
	return &book{file: file, lang: opt.Lang}, err
}

func (b *book) header(headings []string, columns []column) error {
	name := "List"
	if b.lang == "zh" {
		name = "名单"
	}
	b.cells = make([]workbook.Cell, len(headings))
	list := make([]workbook.Column, len(headings))
	for k, h := range headings {
		list[k] = workbook.Column{Name: h, Width: width(columns[k].key)}
	}
	return b.file.Sheet(name, list)
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

func (b *book) row(cells []cell) error {
	for k, c := range cells {
		switch c.kind {
		case missing:
			b.cells[k] = workbook.Cell{}
		case textual:
			b.cells[k] = workbook.Text(c.text)
		case numeric:
			b.cells[k] = workbook.Number(c.number)
		case dated:
			b.cells[k] = workbook.Day(int32(c.number))
		}
	}
	return b.file.Row(b.cells)
}

func (b *book) close() error { return b.file.Close() }
