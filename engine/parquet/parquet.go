// Package parquet writes tables as Parquet files, column by column as they stand in
// memory: nothing is turned into rows, hashed or copied on the way. The pages are of the
// first version of the format, plain or by a dictionary, and packed with Zstandard, which
// every reader knows.
package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

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

func (c Column) physical() format.Type {
	switch {
	case c.Kind == table.Float:
		return format.Double
	case c.Kind == table.Date, c.Kind == table.Int && c.Narrow:
		return format.Int32
	case c.Kind == table.Int:
		return format.Int64
	case c.Kind == table.Bool:
		return format.Boolean
	}
	return format.ByteArray
}

// element is the column in the schema. Every column may lack values, so that files of
// one kind have one schema.
func (c Column) element() format.SchemaElement {
	e := format.SchemaElement{Name: c.Name, Type: thrift.New(c.physical()), RepetitionType: thrift.New(format.Optional)}
	switch c.Kind {
	case table.Date:
		e.ConvertedType, e.LogicalType.Value = thrift.New(deprecated.Date), &format.DateType{}
	case table.Text, table.Category:
		e.ConvertedType, e.LogicalType.Value = thrift.New(deprecated.UTF8), &format.StringType{}
	}
	return e
}

// Writer writes one file. Its bytes do not depend on the number of workers.
type Writer struct {
	to      io.Writer
	at      int64 // bytes written
	workers int
	packer  packer
	columns []Column
	made    []chunk       // of the row groups under way
	free    chan *scratch // one for each worker
	footer  format.FileMetaData
}

const magic = "PAR1"

// NewWriter begins a file of the columns given, which so many workers make. What is said
// about the file is kept in it, by its keys. Pages may be nil.
func NewWriter(to io.Writer, columns []Column, about map[string]string, workers int, pages *Pages) (*Writer, error) {
	for _, c := range columns {
		switch c.Kind {
		case table.Float, table.Int, table.Date, table.Bool, table.Text, table.Category:
		default:
			return nil, fmt.Errorf("parquet: column %s: %v columns are not written", c.Name, c.Kind)
		}
	}
	// Better levels take twice the time for two hundredths of the size.
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(true),
		zstd.WithEncoderConcurrency(workers), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	w := &Writer{to: to, workers: workers, packer: packer{encoder, pages}, columns: columns, made: make([]chunk, len(columns)), free: make(chan *scratch, workers)}
	for range workers {
		w.free <- new(scratch)
	}
	w.footer = format.FileMetaData{Version: 1, CreatedBy: "clientele"}
	for _, key := range slices.Sorted(maps.Keys(about)) {
		w.footer.KeyValueMetadata = append(w.footer.KeyValueMetadata, format.KeyValue{Key: key, Value: about[key]})
	}
	w.footer.Schema = append(w.footer.Schema, format.SchemaElement{Name: "schema", NumChildren: thrift.New(int32(len(columns)))})
	for _, c := range columns {
		w.footer.Schema = append(w.footer.Schema, c.element())
		w.footer.ColumnOrders = append(w.footer.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
	}
	return w, w.put([]byte(magic))
}

func (w *Writer) put(b []byte) error {
	n, err := w.to.Write(b)
	w.at += int64(n)
	return err
}

// Write adds row groups, one for each table. They have the columns of the file, in their
// order. Workers share the columns of all of them: a file of few columns takes several
// groups at a time to keep them busy.
func (w *Writer) Write(groups ...*table.Table) error {
	groups = slices.DeleteFunc(slices.Clone(groups), func(t *table.Table) bool { return t.Rows() == 0 })
	n := len(w.columns)
	for _, t := range groups {
		if len(t.Columns()) != n {
			return fmt.Errorf("parquet: %d columns for a file of %d", len(t.Columns()), n)
		}
	}
	for len(w.made) < n*len(groups) {
		w.made = append(w.made, chunk{})
	}
	errs := make([]error, n*len(groups))
	stat.Each(w.workers, len(errs), func(i int) {
		s := <-w.free
		errs[i] = w.made[i].make(w.columns[i%n], groups[i/n].Columns()[i%n], s, w.packer)
		w.free <- s
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for g := range groups {
		if err := w.add(w.made[g*n : (g+1)*n]); err != nil {
			return err
		}
	}
	return nil
}

// add writes the chunks of a row group.
func (w *Writer) add(chunks []chunk) error {
	group := format.RowGroup{NumRows: int64(chunks[0].rows), FileOffset: w.at, Ordinal: int16(len(w.footer.RowGroups))}
	for i := range chunks {
		about := chunks[i].about(w.columns[i], w.at)
		group.Columns = append(group.Columns, format.ColumnChunk{MetaData: about})
		group.TotalByteSize += about.TotalUncompressedSize
		group.TotalCompressedSize += about.TotalCompressedSize
		if err := w.put(chunks[i].pages); err != nil {
			return err
		}
	}
	w.footer.NumRows += group.NumRows
	w.footer.RowGroups = append(w.footer.RowGroups, group)
	return nil
}

// Rows is how many rows are written.
func (w *Writer) Rows() int64 { return w.footer.NumRows }

// Close ends the file; what it is written to stays open.
func (w *Writer) Close() error {
	end, err := thrift.Marshal(new(thrift.CompactProtocol), &w.footer)
	if err != nil {
		return err
	}
	end = binary.LittleEndian.AppendUint32(end, uint32(len(end)))
	return errors.Join(w.put(append(end, magic...)), w.packer.encoder.Close())
}
