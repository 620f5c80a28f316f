package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"

	"clientele/engine/table"
)

// writeJSON writes an array with one object a line. Numbers are numbers with
// all their digits, dates and timestamps are ISO texts, a missing value is
// null. JSON has no infinity: it is written as the text "+Inf" or "-Inf".
func writeJSON(w *bufio.Writer, t *table.Table, opt Options) error {
	columns := t.Columns()
	keys := make([][]byte, len(columns))
	for i, c := range columns {
		keys[i] = append(appendJSONText(nil, []byte(c.Name)), ':')
	}
	var line, cell []byte
	line = append(line, '[')
	for row := range t.Rows() {
		if row > 0 {
			line = append(line, ',')
		}
		line = append(line, '\n', '{')
		for i, c := range columns {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(line, keys[i]...)
			if c.Missing(row) {
				line = append(line, "null"...)
				continue
			}
			cell = appendExact(cell[:0], c, row, opt.Zone)
			if quoted(c, row) {
				line = appendJSONText(line, cell)
			} else {
				line = append(line, cell...)
			}
		}
		line = append(line, '}')
		if _, err := w.Write(line); err != nil {
			return err
		}
		line = line[:0]
	}
	if t.Rows() > 0 {
		line = append(line, '\n')
	}
	line = append(line, ']', '\n')
	_, err := w.Write(line)
	return err
}

// quoted says whether a value is a JSON string.
func quoted(c *table.Column, row int) bool {
	switch c.Kind {
	case table.Float:
		return math.IsInf(c.Floats[row], 0)
	case table.Int, table.Decimal, table.Bool:
		return false
	}
	return true
}

// appendJSONText appends a quoted string; bytes that are not UTF-8 become U+FFFD.
func appendJSONText(dst, text []byte) []byte {
	for _, b := range text {
		if b < ' ' || b >= 0x7f || b == '"' || b == '\\' {
			var quoted bytes.Buffer
			enc := json.NewEncoder(&quoted)
			enc.SetEscapeHTML(false)     // a rule such as clv > 500 is read by people too
			_ = enc.Encode(string(text)) // a string always can be
			return append(dst, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}
