package report

import (
	"bufio"
	"bytes"

	"clientele/engine/formula"
	"clientele/engine/table"
)

// writeCSV quotes as RFC 4180 has it and ends lines with a line feed, which is
// what programs on a pipe expect. A missing value is an empty field; an empty
// text is "", so that the two can be told apart. Texts that a spreadsheet would run
// have an apostrophe before them unless Raw.
func writeCSV(w *bufio.Writer, t *table.Table, opt Options) error {
	columns := t.Columns()
	var line []byte
	if opt.Spreadsheet {
		line = append(line, "\ufeff"...)
	}
	for i, c := range columns {
		if i > 0 {
			line = append(line, ',')
		}
		line = appendField(line, []byte(c.Name), opt.Raw)
	}
	line = append(line, '\n')
	var cell []byte
	for row := range t.Rows() {
		for i, c := range columns {
			if i > 0 {
				line = append(line, ',')
			}
			if c.Missing(row) {
				continue
			}
			cell = appendExact(cell[:0], c, row, opt.Zone)
			if c.Kind == table.Text || c.Kind == table.Category {
				line = appendField(line, cell, opt.Raw)
			} else {
				line = append(line, cell...)
			}
		}
		line = append(line, '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
		line = line[:0]
	}
	_, err := w.Write(line) // the header of a table without rows
	return err
}

// appendField appends a text, quoted where its content asks for it.
func appendField(dst, text []byte, raw bool) []byte {
	runs := !raw && formula.Runs(string(text))
	if len(text) > 0 && !bytes.ContainsAny(text, ",\"\r\n") {
		if runs {
			dst = append(dst, '\'')
		}
		return append(dst, text...)
	}
	dst = append(dst, '"')
	if runs {
		dst = append(dst, '\'')
	}
	for _, b := range text {
		if b == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}
