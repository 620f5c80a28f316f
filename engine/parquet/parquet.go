// Package parquet writes tables as Parquet files, column by column as they stand in
// memory, and reads texts of such files, by the columns of Apache Arrow.
package parquet

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"clientele/engine/table"
	"clientele/models/stat"
)

// Column is a column of a file: of the kinds Float, Int, Date, Bool, Text and Category,
// which become DOUBLE, INT64, DATE, BOOLEAN and STRING.
type Column struct {
	Name   string
	Kind   table.Kind
	Narrow bool // Int only: of 32 bits
}

// SQLType is the type that a database sees.
func (c Column) SQLType() string {
	switch {
	case c.Kind == table.Float:
		return "DOUBLE"
	case c.Kind == table.Date:
		return "DATE"
	case c.Kind == table.Int && c.Narrow:
		return "INTEGER"
	case c.Kind == table.Int:
		return "BIGINT"
	case c.Kind == table.Bool:
		return "BOOLEAN"
	}
	return "VARCHAR"
}

// node is the column in the schema. Every column may lack values, so that files of one
// kind have one schema.
func (c Column) node() (schema.Node, error) {
	const any, undefined = -1, -1 // field id and length
	switch {
	case c.Kind == table.Float:
		return schema.NewFloat64Node(c.Name, pq.Repetitions.Optional, undefined), nil
	case c.Kind == table.Int && c.Narrow:
		return schema.NewInt32Node(c.Name, pq.Repetitions.Optional, undefined), nil
	case c.Kind == table.Int:
		return schema.NewInt64Node(c.Name, pq.Repetitions.Optional, undefined), nil
	case c.Kind == table.Bool:
		return schema.NewBooleanNode(c.Name, pq.Repetitions.Optional, undefined), nil
	case c.Kind == table.Date:
		return schema.NewPrimitiveNodeLogical(c.Name, pq.Repetitions.Optional, schema.DateLogicalType{}, pq.Types.Int32, any, undefined)
	case c.Kind == table.Text, c.Kind == table.Category:
		return schema.NewPrimitiveNodeLogical(c.Name, pq.Repetitions.Optional, schema.StringLogicalType{}, pq.Types.ByteArray, any, undefined)
	}
	return nil, fmt.Errorf("parquet: column %s: %v columns are not written", c.Name, c.Kind)
}

// A column begins with a dictionary, which it leaves once that has grown beyond so many
// bytes: where there are more values, nearly all are different.
const mostDictionary = 8 << 10

// Writer writes one file. Its bytes do not depend on the number of workers.
type Writer struct {
	to      *file.Writer
	columns []Column
	free    chan *scratch // one for each worker
	rows    int64
}

// NewWriter begins a file of the columns given, which so many workers make. What is said
// about the file is kept in it, by its keys.
func NewWriter(to io.Writer, columns []Column, about map[string]string, workers int) (*Writer, error) {
	nodes := make(schema.FieldList, len(columns))
	for i, c := range columns {
		var err error
		if nodes[i], err = c.node(); err != nil {
			return nil, err
		}
	}
	root, err := schema.NewGroupNode("schema", pq.Repetitions.Required, nodes, -1)
	if err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	told := metadata.NewKeyValueMetadata()
	for _, key := range slices.Sorted(maps.Keys(about)) {
		if err := told.Append(key, about[key]); err != nil {
			return nil, fmt.Errorf("parquet: %w", err)
		}
	}
	// Better levels take twice the time for two hundredths of the size. A page is as large
	// as a row group. Values are plain or by a dictionary, as every reader knows them: with
	// what ids have in common left out, they would take half the room and a third less time,
	// but tools such as Power BI do not read that.
	properties := pq.NewWriterProperties(pq.WithCreatedBy("clientele"), pq.WithCompression(compress.Codecs.Zstd), pq.WithCompressionLevel(1),
		pq.WithDictionaryPageSizeLimit(mostDictionary), pq.WithDataPageSize(math.MaxInt32), pq.WithAllocator(memory.DefaultAllocator))
	f, err := file.NewParquetWriterWithError(to, root, file.WithWriterProps(properties), file.WithWriteMetadata(told))
	if err != nil {
		return nil, err
	}
	w := &Writer{to: f, columns: columns, free: make(chan *scratch, workers)}
	for range workers {
		w.free <- new(scratch)
	}
	return w, nil
}

// Write adds row groups, one for each table. They have the columns of the file, in their
// order.
func (w *Writer) Write(groups ...*table.Table) error {
	for _, t := range groups {
		if err := w.fits(t); err != nil {
			return err
		}
	}
	for _, t := range groups {
		if t.Rows() == 0 {
			continue
		}
		if err := w.add(t); err != nil {
			return err
		}
		w.rows += int64(t.Rows())
	}
	return nil
}

// fits checks that a table has the columns of the file, before anything of it is written.
func (w *Writer) fits(t *table.Table) error {
	columns := t.Columns()
	if len(columns) != len(w.columns) {
		return fmt.Errorf("parquet: %d columns for a file of %d", len(columns), len(w.columns))
	}
	for i, c := range columns {
		as := w.columns[i]
		if as.Name != c.Name || as.Kind != c.Kind {
			return fmt.Errorf("parquet: column %s (%v) where %s (%v) is due", c.Name, c.Kind, as.Name, as.Kind)
		}
		if !as.Narrow || c.Shorts != nil {
			continue
		}
		for r, v := range c.Ints {
			if v != int64(int32(v)) && !c.Missing(r) {
				return fmt.Errorf("parquet: column %s: %d takes more than 32 bits", c.Name, v)
			}
		}
	}
	return nil
}

// add writes a row group. Workers share its columns.
func (w *Writer) add(t *table.Table) error {
	group, err := w.to.AppendBufferedRowGroupChecked()
	if err != nil {
		return err
	}
	errs := make([]error, len(w.columns))
	stat.Each(cap(w.free), len(errs), func(i int) {
		s := <-w.free
		defer func() { w.free <- s }()
		to, err := group.Column(i)
		if err == nil {
			err = s.write(to, t.Columns()[i])
		}
		if page, ok := to.(interface{ FlushCurrentPage() error }); ok && err == nil {
			err = page.FlushCurrentPage() // packed here, not one after the other when the group ends
		}
		errs[i] = err
	})
	return errors.Join(append(errs, group.Close())...)
}

// Rows is how many rows are written.
func (w *Writer) Rows() int64 { return w.rows }

// Close ends the file; what it is written to stays open.
func (w *Writer) Close() error { return w.to.FlushWithFooter() }
