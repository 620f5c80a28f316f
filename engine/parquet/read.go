package parquet

import (
	"errors"
	"fmt"
	"math"
	"os"

	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"clientele/engine/table"
	"clientele/models/stat"
)

// ReadTexts reads columns of texts of a file, of the kinds Text and Category, all their
// rows in their order. So many workers share the columns. A column that is not there, or
// not of texts, is an error, and so is a file that is damaged where that shows.
func ReadTexts(path string, columns []Column, workers int) (*table.Table, error) {
	from, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer from.Close() // it was only read
	f, err := open(from)
	if err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	out, errs := make([]*table.Column, len(columns)), make([]error, len(columns))
	stat.Each(workers, len(columns), func(i int) {
		if out[i], errs[i] = readTexts(f, columns[i]); errs[i] != nil {
			errs[i] = fmt.Errorf("parquet: column %s: %w", columns[i].Name, errs[i])
		}
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, c := range out {
		if int64(c.Len()) != f.NumRows() {
			return nil, fmt.Errorf("parquet: column %s: %d rows of %d", c.Name, c.Len(), f.NumRows())
		}
	}
	return table.New(out...), nil
}

// open reads what a file says of itself.
func open(from *os.File) (f *file.Reader, err error) {
	defer damaged(&err)
	return file.NewParquetReader(from)
}

// damaged makes an error of a panic: the library may panic where bytes are not what they
// should be.
func damaged(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("damaged: %v", r)
	}
}

// readTexts reads one column.
func readTexts(f *file.Reader, as Column) (c *table.Column, err error) {
	defer damaged(&err)
	at := f.MetaData().Schema.ColumnIndexByName(as.Name)
	if at < 0 {
		return nil, errors.New("not in the file")
	}
	room := min(max(f.NumRows(), 0), mostRoom)
	to := appender{Column: &table.Column{Field: table.Field{Name: as.Name, Kind: as.Kind}}, codes: map[string]int32{}}
	switch as.Kind {
	case table.Text:
		to.Texts.Offsets = append(make([]int32, 0, room+1), 0)
	case table.Category:
		to.Codes = make([]int32, 0, room)
	default:
		return nil, fmt.Errorf("%v columns are not read", as.Kind)
	}
	values, levels := make([]pq.ByteArray, readRows), make([]int16, readRows)
	for g := range f.NumRowGroups() {
		chunk, err := f.RowGroup(g).Column(at)
		if err != nil {
			return nil, err
		}
		from, ok := chunk.(*file.ByteArrayColumnChunkReader)
		if !ok || from.Descriptor().MaxDefinitionLevel() > 1 || from.Descriptor().MaxRepetitionLevel() > 0 {
			return nil, errors.New("not of plain texts")
		}
		for from.HasNext() {
			n, some, err := from.ReadBatchInPage(readRows, values, levels, nil)
			if err != nil {
				return nil, err
			}
			if n == 0 {
				return nil, errors.New("a page ends early")
			}
			if from.Descriptor().MaxDefinitionLevel() == 0 {
				for i := range levels[:n] {
					levels[i] = 1
				}
			}
			if err := to.add(values[:some], levels[:n]); err != nil {
				return nil, err
			}
		}
		if err := from.Err(); err != nil {
			return nil, err
		}
	}
	return to.Column, nil
}

const (
	readRows = 4096    // rows that are read at once
	mostRoom = 1 << 20 // rows that room is made for before they are read: a damaged file may claim any number
)

// appender is a column of texts that grows.
type appender struct {
	*table.Column
	codes map[string]int32 // of labels
}

// add adds rows: a value where the level is 1.
func (a *appender) add(values []pq.ByteArray, levels []int16) error {
	if a.Kind == table.Category {
		for _, level := range levels {
			code := int32(-1)
			if level > 0 {
				code, values = a.code(values[0]), values[1:]
			}
			a.Codes = append(a.Codes, code)
		}
		return nil
	}
	bytes := len(a.Texts.Bytes)
	for _, v := range values {
		bytes += len(v)
	}
	if bytes > math.MaxInt32 {
		return errors.New("more texts than memory is laid out for")
	}
	for _, level := range levels {
		if level == 0 && a.Null == nil {
			a.Null = make([]bool, a.Texts.Len(), cap(a.Texts.Offsets))
		}
		if a.Null != nil {
			a.Null = append(a.Null, level == 0)
		}
		var v []byte
		if level > 0 {
			v, values = values[0], values[1:]
		}
		a.Texts.Append(v)
	}
	return nil
}

// code is the code of a label.
func (a *appender) code(label []byte) int32 {
	code, known := a.codes[string(label)]
	if !known {
		code = int32(len(a.Labels))
		a.Labels = append(a.Labels, string(label))
		a.codes[string(label)] = code
	}
	return code
}
