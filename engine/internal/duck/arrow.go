//go:build duckdb_arrow

package duck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/duckdb/duckdb-go/v2"

	"clientele/engine/table"
)

// Query returns the rows of a query as columns. Integers of every width become
// Int, decimals of up to four places Decimal, TIMESTAMP(TZ) Timestamp; types
// without a kind of their own become Text.
func (d *DB) Query(ctx context.Context, query string, args ...any) (*table.Table, error) {
	a, err := duckdb.NewArrowFromConn(d.conn)
	if err != nil {
		return nil, err
	}
	reader, err := a.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, clean(err)
	}
	defer reader.Release()
	return collect(reader)
}

func collect(reader array.RecordReader) (*table.Table, error) {
	columns := columnsOf(reader.Schema())
	for reader.Next() {
		if err := appendRecord(columns, reader.RecordBatch()); err != nil {
			return nil, err
		}
	}
	if err := reader.Err(); err != nil {
		return nil, err
	}
	return table.New(columns...), nil
}

// Chunks hands the rows of a query to fn in parts of a few thousand, with the columns of
// Query. The memory of a part is used again for the next one.
func (d *DB) Chunks(ctx context.Context, query string, fn func(*table.Table) error, args ...any) error {
	a, err := duckdb.NewArrowFromConn(d.conn)
	if err != nil {
		return err
	}
	reader, err := a.QueryContext(ctx, query, args...)
	if err != nil {
		return clean(err)
	}
	defer reader.Release()
	columns := columnsOf(reader.Schema())
	for reader.Next() {
		for _, c := range columns {
			empty(c)
		}
		if err := appendRecord(columns, reader.RecordBatch()); err != nil {
			return err
		}
		if err := fn(table.New(columns...)); err != nil {
			return err
		}
	}
	return reader.Err()
}

// columnsOf are columns without rows, as a schema has them.
func columnsOf(schema *arrow.Schema) []*table.Column {
	columns := make([]*table.Column, schema.NumFields())
	taken := map[string]bool{}
	for i, f := range schema.Fields() {
		f.Name = unique(taken, f.Name)
		columns[i] = &table.Column{Field: table.Field{Name: f.Name, Kind: kindOf(f.Type)}}
		empty(columns[i])
	}
	return columns
}

// empty takes the rows out of a column and keeps their memory.
func empty(c *table.Column) {
	c.Floats, c.Ints, c.Dates, c.Bools, c.Codes, c.Null = c.Floats[:0], c.Ints[:0], c.Dates[:0], c.Bools[:0], c.Codes[:0], nil
	if c.Kind == table.Text {
		c.Texts.Offsets, c.Texts.Bytes = append(c.Texts.Offsets[:0], 0), c.Texts.Bytes[:0]
	}
}

func appendRecord(columns []*table.Column, record arrow.RecordBatch) error {
	for i, c := range columns {
		if err := appendArray(c, record.Column(i)); err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	return nil
}

func kindOf(t arrow.DataType) table.Kind {
	switch t := t.(type) {
	case *arrow.Float64Type, *arrow.Float32Type:
		return table.Float
	case *arrow.Int64Type, *arrow.Int32Type, *arrow.Int16Type, *arrow.Int8Type, *arrow.Uint8Type, *arrow.Uint16Type, *arrow.Uint32Type, *arrow.Uint64Type:
		return table.Int
	case arrow.DecimalType:
		switch scale := t.GetScale(); {
		case scale == 0:
			return table.Int
		case scale <= 4:
			return table.Decimal
		}
		return table.Text // every digit is kept
	case *arrow.Date32Type:
		return table.Date
	case *arrow.TimestampType:
		if t.TimeZone == "" {
			return table.Text // a clock that names no zone is no instant
		}
		return table.Timestamp
	case *arrow.StringType:
		return table.Text
	case *arrow.BooleanType:
		return table.Bool
	}
	return table.Text // as DuckDB or Arrow writes it: lists, structs, times of day ...
}

func appendArray(c *table.Column, a arrow.Array) error {
	n := a.Len()
	before := c.Len()
	switch a := a.(type) {
	case *array.Float64:
		c.Floats = append(c.Floats, a.Float64Values()...)
	case *array.Float32:
		for _, v := range a.Float32Values() {
			c.Floats = append(c.Floats, float64(v))
		}
	case *array.Int64:
		c.Ints = append(c.Ints, a.Int64Values()...)
	case *array.Int32:
		c.Ints = appendInts(c.Ints, a.Int32Values())
	case *array.Int16:
		c.Ints = appendInts(c.Ints, a.Int16Values())
	case *array.Int8:
		c.Ints = appendInts(c.Ints, a.Int8Values())
	case *array.Uint8:
		c.Ints = appendInts(c.Ints, a.Uint8Values())
	case *array.Uint16:
		c.Ints = appendInts(c.Ints, a.Uint16Values())
	case *array.Uint32:
		c.Ints = appendInts(c.Ints, a.Uint32Values())
	case *array.Uint64:
		c.Ints = appendInts(c.Ints, a.Uint64Values())
	case *array.Decimal128:
		if c.Kind == table.Text {
			appendTexts(c, a)
			break
		}
		scale := int64(1)
		if c.Kind == table.Decimal {
			scale = decimalScale(a.DataType().(arrow.DecimalType))
		}
		for i, v := range a.Values() {
			n := int64(v.LowBits())
			if !a.IsNull(i) && (v.HighBits() != n>>63 || n*scale/scale != n) {
				if c.Kind == table.Int {
					return fmt.Errorf("%v is too large for a 64-bit integer: cast the column to DOUBLE or VARCHAR", v.BigInt())
				}
				return fmt.Errorf("%s is too large for DECIMAL(18,4): cast the column to DOUBLE or VARCHAR", a.ValueStr(i))
			}
			c.Ints = append(c.Ints, n*scale)
		}
	case *array.Decimal64:
		if err := appendDecimals(c, a, a.Values()); err != nil {
			return err
		}
	case *array.Decimal32:
		if err := appendDecimals(c, a, a.Values()); err != nil {
			return err
		}
	case *array.Date32:
		for _, v := range a.Date32Values() {
			c.Dates = append(c.Dates, int32(v))
		}
	case *array.Timestamp:
		if c.Kind == table.Text {
			appendClocks(c, a)
			break
		}
		unit := a.DataType().(*arrow.TimestampType).Unit
		for _, v := range a.TimestampValues() {
			c.Ints = append(c.Ints, micros(int64(v), unit))
		}
	case *array.String:
		for i := range n {
			c.Texts.AppendString(a.Value(i))
		}
	case *array.Boolean:
		for i := range n {
			c.Bools = append(c.Bools, a.Value(i))
		}
	default:
		appendTexts(c, a)
	}
	if a.NullN() > 0 || c.Null != nil || a.DataType().ID() == arrow.NULL {
		markNulls(c, a, before, n)
	}
	return nil
}

// appendDecimals appends decimals of 64 bits at most.
func appendDecimals[T ~int32 | ~int64](c *table.Column, a arrow.Array, values []T) error {
	if c.Kind == table.Text {
		appendTexts(c, a)
		return nil
	}
	scale := int64(1)
	if c.Kind == table.Decimal {
		scale = decimalScale(a.DataType().(arrow.DecimalType))
	}
	if scale == 1 {
		c.Ints = appendInts(c.Ints, values)
		return nil
	}
	for i, v := range values {
		n := int64(v) * scale
		if n/scale != int64(v) && !a.IsNull(i) {
			return fmt.Errorf("%s is too large for DECIMAL(18,4): cast the column to DOUBLE or VARCHAR", a.ValueStr(i))
		}
		c.Ints = append(c.Ints, n)
	}
	return nil
}

// decimalScale is what values of a decimal type are multiplied by to be units of 1/10,000.
func decimalScale(t arrow.DecimalType) int64 {
	scale := int64(1)
	for s := t.GetScale(); s < 4; s++ {
		scale *= 10
	}
	return scale
}

// appendClocks appends timestamps without a zone as they stand.
func appendClocks(c *table.Column, a *array.Timestamp) {
	unit := a.DataType().(*arrow.TimestampType).Unit
	for i, v := range a.TimestampValues() {
		if a.IsNull(i) {
			c.Texts.AppendString("")
			continue
		}
		c.Texts.AppendString(time.UnixMicro(micros(int64(v), unit)).UTC().Format("2006-01-02 15:04:05.999999"))
	}
}

// appendTexts appends values of a type without a kind of its own.
func appendTexts(c *table.Column, a arrow.Array) {
	for i := range a.Len() {
		if a.IsNull(i) {
			c.Texts.AppendString("")
			continue
		}
		c.Texts.AppendString(a.ValueStr(i))
	}
}

func appendInts[T ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64](dst []int64, src []T) []int64 {
	n := len(dst)
	dst = slices.Grow(dst, len(src))[:n+len(src)]
	for i, v := range src {
		dst[n+i] = int64(v)
	}
	return dst
}

func micros(v int64, unit arrow.TimeUnit) int64 {
	switch unit {
	case arrow.Second:
		return v * 1_000_000
	case arrow.Millisecond:
		return v * 1_000
	case arrow.Nanosecond:
		return v / 1_000
	}
	return v
}

// markNulls notes the missing values of the n rows that begin at before; what
// stands in their place is set to zero so that equal results have equal bytes.
func markNulls(c *table.Column, a arrow.Array, before, n int) {
	if c.Kind == table.Float {
		for i := range n {
			if a.IsNull(i) {
				c.Floats[before+i] = math.NaN()
			}
		}
		return
	}
	if c.Null == nil {
		c.Null = make([]bool, before, before+n)
	}
	for i := range n {
		missing := a.IsNull(i)
		c.Null = append(c.Null, missing)
		if !missing {
			continue
		}
		switch c.Kind {
		case table.Int, table.Decimal, table.Timestamp:
			c.Ints[before+i] = 0
		case table.Date:
			c.Dates[before+i] = 0
		case table.Bool:
			c.Bools[before+i] = false
		}
	}
}

// Stream makes chunks a temporary view of that name for the length of fn, which
// may read it once: what it runs takes the chunks as they come. next returns
// io.EOF at the end; all chunks have the columns of fields, in that order. Memory
// of a chunk is kept until DuckDB has taken it. An error of next ends the
// statement that reads, which then has done nothing, and is returned as it is.
func (d *DB) Stream(ctx context.Context, name string, fields []table.Field, next func() (*table.Table, error), fn func() error) error {
	a, err := duckdb.NewArrowFromConn(d.conn)
	if err != nil {
		return err
	}
	reader := newChunkReader(schemaOf(fields), next)
	defer reader.end()
	// The view is made in the instance's own catalog: it has no place in a store,
	// and a store may be read-only.
	if err := d.Exec(ctx, "USE memory"); err != nil {
		return err
	}
	release, registerErr := a.RegisterView(reader, "incoming")
	if d.attached {
		if err := d.Exec(ctx, "USE "+Catalog); err != nil {
			return errors.Join(registerErr, err)
		}
	}
	if registerErr != nil {
		return registerErr
	}
	defer release()
	// The scan believes that a stream leaves out columns and rows that nobody reads;
	// one that does not would have its columns mistaken for each other. Chunks may
	// change places: to keep their order while storing them costs a quarter of the time.
	err = d.Exec(ctx, "SET disabled_optimizers='unused_columns,filter_pushdown'")
	if err == nil {
		err = d.Exec(ctx, "SET preserve_insertion_order=false")
	}
	if err == nil {
		err = d.Exec(ctx, "CREATE OR REPLACE TEMP VIEW "+Identifier(name)+" AS SELECT * FROM memory.main.incoming")
	}
	if err == nil {
		err = fn()
	}
	err = errors.Join(err, d.Exec(context.WithoutCancel(ctx), "RESET disabled_optimizers"), d.Exec(context.WithoutCancel(ctx), "RESET preserve_insertion_order"), d.Exec(context.WithoutCancel(ctx), "DROP VIEW IF EXISTS temp."+Identifier(name)),
		d.Exec(context.WithoutCancel(ctx), "DROP VIEW memory.main.incoming"))
	if reader.Err() != nil { // the reader's own error says more than DuckDB's wrapping of it
		return reader.Err()
	}
	return err
}

func schemaOf(fields []table.Field) *arrow.Schema {
	out := make([]arrow.Field, len(fields))
	for i, f := range fields {
		out[i] = arrow.Field{Name: f.Name, Type: arrowType(f.Kind), Nullable: true}
	}
	return arrow.NewSchema(out, nil)
}

func arrowType(k table.Kind) arrow.DataType {
	switch k {
	case table.Float:
		return arrow.PrimitiveTypes.Float64
	case table.Int:
		return arrow.PrimitiveTypes.Int64
	case table.Decimal:
		return &arrow.Decimal64Type{Precision: 18, Scale: 4}
	case table.Timestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	case table.Date:
		return arrow.FixedWidthTypes.Date32
	case table.Bool:
		return arrow.FixedWidthTypes.Boolean
	case table.Text:
		return arrow.BinaryTypes.String
	case table.Category:
		return &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	}
	panic("duck: unknown kind " + k.String())
}

// chunkReader is an Arrow stream of table chunks.
type chunkReader struct {
	schema  *arrow.Schema
	ready   chan made // a few records, made while DuckDB is at work on others
	stop    chan struct{}
	current arrow.RecordBatch
	refs    atomic.Int64
	mu      sync.Mutex
	err     error
}

// made is a record, or why there are no more.
type made struct {
	record arrow.RecordBatch
	err    error
}

// newChunkReader begins to make records of chunks.
func newChunkReader(schema *arrow.Schema, next func() (*table.Table, error)) *chunkReader {
	r := &chunkReader{schema: schema, ready: make(chan made, 3), stop: make(chan struct{})}
	r.refs.Store(1)
	go func() {
		defer close(r.ready)
		for {
			select {
			case <-r.stop:
				return
			default:
			}
			t, err := next()
			m := made{err: err}
			if err == nil {
				m.record = recordOf(schema, t)
			}
			select {
			case r.ready <- m:
			case <-r.stop:
				if m.record != nil {
					m.record.Release()
				}
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return r
}

// end stops the making and waits for it.
func (r *chunkReader) end() {
	close(r.stop)
	for m := range r.ready {
		if m.record != nil {
			m.record.Release()
		}
	}
}

func (r *chunkReader) Retain()                        { r.refs.Add(1) }
func (r *chunkReader) Schema() *arrow.Schema          { return r.schema }
func (r *chunkReader) RecordBatch() arrow.RecordBatch { return r.current }
func (r *chunkReader) Record() arrow.RecordBatch      { return r.current }

func (r *chunkReader) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *chunkReader) Release() {
	if r.refs.Add(-1) == 0 && r.current != nil {
		r.current.Release()
		r.current = nil
	}
}

func (r *chunkReader) Next() bool {
	if r.current != nil {
		r.current.Release()
		r.current = nil
	}
	m, ok := <-r.ready
	if !ok || m.err == io.EOF {
		return false
	}
	if m.err != nil {
		r.mu.Lock()
		r.err = m.err
		r.mu.Unlock()
		return false
	}
	r.current = m.record
	return true
}

// pinned keeps the Go memory of one chunk in place while DuckDB reads it. It
// is an arrow allocator only to be told when the last buffer is let go.
type pinned struct {
	pinner  runtime.Pinner
	buffers atomic.Int64
}

func (p *pinned) Allocate(int) []byte           { panic("duck: pinned memory does not grow") }
func (p *pinned) Reallocate(int, []byte) []byte { panic("duck: pinned memory does not grow") }
func (p *pinned) Free([]byte) {
	if p.buffers.Add(-1) == 0 {
		p.pinner.Unpin()
	}
}

func bufferOf[T any](p *pinned, values []T) *memory.Buffer {
	if len(values) == 0 {
		return memory.NewBufferBytes(nil)
	}
	p.pinner.Pin(&values[0])
	p.buffers.Add(1)
	var one T
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(values)*int(unsafe.Sizeof(one)))
	return memory.NewBufferWithAllocator(bytes, p)
}

func recordOf(schema *arrow.Schema, t *table.Table) arrow.RecordBatch {
	p := &pinned{}
	p.buffers.Store(1) // held by this function until every buffer is counted
	arrays := make([]arrow.Array, schema.NumFields())
	for i, c := range t.Columns() {
		arrays[i] = arrayOf(p, c, schema.Field(i).Type)
	}
	record := array.NewRecordBatch(schema, arrays, int64(t.Rows()))
	for _, a := range arrays {
		a.Release()
	}
	p.Free(nil)
	return record
}

func arrayOf(p *pinned, c *table.Column, t arrow.DataType) arrow.Array {
	n := c.Len()
	valid, missing := validity(c)
	buffers := []*memory.Buffer{nil}
	var dictionary *array.Data
	if missing > 0 {
		buffers[0] = bufferOf(p, valid)
	}
	switch c.Kind {
	case table.Float:
		buffers = append(buffers, bufferOf(p, c.Floats))
	case table.Int, table.Decimal, table.Timestamp:
		buffers = append(buffers, bufferOf(p, c.Wide()))
	case table.Date:
		buffers = append(buffers, bufferOf(p, c.Dates))
	case table.Bool:
		buffers = append(buffers, bufferOf(p, bits(c.Bools)))
	case table.Text:
		buffers = append(buffers, bufferOf(p, c.Texts.Offsets), bufferOf(p, c.Texts.Bytes))
	case table.Category:
		buffers = append(buffers, bufferOf(p, c.Codes))
		dictionary = labels(p, c)
		defer dictionary.Release()
	}
	data := array.NewDataWithDictionary(t, n, buffers, missing, 0, dictionary)
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
	defer data.Release()
	return array.MakeFromData(data)
}

func validity(c *table.Column) ([]byte, int) {
	n := c.Len()
	if c.Null == nil && c.Kind != table.Float && c.Kind != table.Category {
		return nil, 0
	}
	valid, missing := make([]byte, (n+7)/8), 0
	for i := range n {
		if c.Missing(i) {
			missing++
		} else {
			valid[i/8] |= 1 << (i % 8)
		}
	}
	return valid, missing
}

func bits(values []bool) []byte {
	out := make([]byte, (len(values)+7)/8)
	for i, v := range values {
		if v {
			out[i/8] |= 1 << (i % 8)
		}
	}
	return out
}

// labels is the dictionary of a Category: never empty, as codes of missing values point
// into it too.
func labels(p *pinned, c *table.Column) *array.Data {
	var texts table.Strings
	for _, l := range c.Labels {
		texts.AppendString(l)
	}
	if len(c.Labels) == 0 {
		texts.AppendString("")
	}
	buffers := []*memory.Buffer{nil, bufferOf(p, texts.Offsets), bufferOf(p, texts.Bytes)}
	data := array.NewData(arrow.BinaryTypes.String, texts.Len(), buffers, nil, 0, 0)
	for _, b := range buffers[1:] {
		b.Release()
	}
	return data
}
