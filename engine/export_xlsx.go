package engine

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workbook"
	"clientele/engine/workspace"
)

// sheetOrder are the files of a run as sheets of its workbook; others follow.
func sheetOrder() []string {
	return []string{"scores", "customers", "segment_members", "totals", "reasons", "models"}
}

// pageRows is how many rows of a file are held in memory at once.
const pageRows = 100_000

// toXLSX writes the files of a run as one workbook. A file with more rows than a sheet
// may have takes several.
func (e *Engine) toXLSX(ctx context.Context, run workspace.Run, to string) error {
	zone, err := e.Config.Zone()
	if err != nil {
		return err
	}
	return inPlace(to, func(fresh string) error {
		f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return err
		}
		err = e.writeWorkbook(ctx, run, f, workbook.Options{TempDir: filepath.Dir(fresh), Zone: zone})
		return errors.Join(err, f.Close())
	})
}

func (e *Engine) writeWorkbook(ctx context.Context, run workspace.Run, w io.Writer, opt workbook.Options) error {
	meanings, err := readDictionary(filepath.Join(run.Dir, "dictionary.csv"))
	if err != nil {
		return err
	}
	b, err := workbook.New(w, opt)
	if err != nil {
		return err
	}
	err = e.apart(ctx, func(db *duck.DB) error {
		for _, name := range sheets(run) {
			if err := e.writeSheet(ctx, db, b, run, name, meanings); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
	if err == nil {
		err = writeDictionary(b, meanings)
	}
	if err != nil {
		return errors.Join(err, b.Discard())
	}
	return b.Close()
}

// sheets are the data files of a run, without .parquet.
func sheets(run workspace.Run) []string {
	there := map[string]bool{}
	var others []string
	for _, f := range run.Manifest.Files {
		if name, ok := strings.CutSuffix(f.Name, ".parquet"); ok {
			there[name] = true
		}
	}
	var out []string
	for _, name := range sheetOrder() {
		if there[name] {
			out = append(out, name)
			delete(there, name)
		}
	}
	for _, f := range run.Manifest.Files {
		if name := strings.TrimSuffix(f.Name, ".parquet"); there[name] {
			others = append(others, name)
		}
	}
	return append(out, others...)
}

// writeSheet writes one file, some rows at a time.
func (e *Engine) writeSheet(ctx context.Context, db *duck.DB, b *workbook.Workbook, run workspace.Run, name string, meanings [][]string) error {
	defer e.stage("write the sheet "+name, 0)()
	source := "read_parquet(" + duck.Literal(filepath.Join(run.Dir, name+".parquet")) + ", file_row_number=true)"
	var rows int64
	if err := db.Row(ctx, []any{&rows}, "SELECT count(*) FROM "+source); err != nil {
		return err
	}
	for from := int64(0); from == 0 || from < rows; from += pageRows {
		t, err := db.Query(ctx, "SELECT * EXCLUDE (file_row_number) FROM "+source+" WHERE file_row_number >= $from AND file_row_number < $to ORDER BY file_row_number",
			named("from", from), named("to", from+pageRows))
		if err != nil {
			return err
		}
		if from == 0 {
			if err := b.Sheet(name, sheetColumns(t, name, meanings)); err != nil {
				return err
			}
		}
		if err := b.Write(t); err != nil {
			return err
		}
	}
	return nil
}

// Columns of the dictionary.
const (
	dictionaryFile   = 0
	dictionaryColumn = 1
	dictionaryUnit   = 3
)

// sheetColumns are the columns of a sheet: money and shares are shown as such.
func sheetColumns(t *table.Table, file string, meanings [][]string) []workbook.Column {
	columns := make([]workbook.Column, len(t.Columns()))
	for i, c := range t.Columns() {
		columns[i].Name = c.Name
		if c.Kind == table.Timestamp {
			columns[i].Width = 20
		}
		for _, m := range meanings {
			if m[dictionaryFile] != file+".parquet" || m[dictionaryColumn] != c.Name {
				continue
			}
			switch m[dictionaryUnit] {
			case "money":
				columns[i].Format = workbook.Money
			case "probability", "share":
				columns[i].Format = workbook.Share
			}
		}
	}
	return columns
}

// readDictionary reads the rows of a run's dictionary, without the heading.
func readDictionary(path string) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = len(dictionaryHeads())
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("%s: not as it was written", path)
	}
	return rows[1:], nil
}

// dictionaryHeads are the columns of the dictionary.
func dictionaryHeads() []string {
	return []string{"file", "column", "type", "unit", "meaning_en", "meaning_zh"}
}

// writeDictionary writes what every column means; files are sheets there.
func writeDictionary(b *workbook.Workbook, meanings [][]string) error {
	columns := make([]workbook.Column, len(dictionaryHeads()))
	for i, name := range dictionaryHeads() {
		columns[i] = workbook.Column{Name: name, Width: []float64{18, 24, 16, 12, 60, 60}[i]}
	}
	columns[dictionaryFile].Name = "sheet"
	if err := b.Sheet("dictionary", columns); err != nil {
		return err
	}
	for _, m := range meanings {
		cells := make([]workbook.Cell, len(m))
		for k, text := range m {
			if k == dictionaryFile {
				text = strings.TrimSuffix(text, ".parquet")
			}
			cells[k] = workbook.Text(text)
		}
		if err := b.Row(cells); err != nil {
			return err
		}
	}
	return nil
}

// WriteWorkbook writes a table as a workbook of one sheet. Instants are as the clocks
// of a zone show them; nil is UTC.
func WriteWorkbook(w io.Writer, name string, t *table.Table, zone *time.Location) error {
	b, err := workbook.New(w, workbook.Options{Zone: zone})
	if err != nil {
		return err
	}
	if err = b.Sheet(name, sheetColumns(t, "", nil)); err == nil {
		err = b.Write(t)
	}
	if err != nil {
		return errors.Join(err, b.Discard())
	}
	return b.Close()
}
