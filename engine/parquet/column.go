package parquet

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"clientele/engine/table"
)

// scratch is the memory in which one worker puts the values of a column that there are.
type scratch struct {
	levels []int16 // 1 for a value, 0 where it is missing
	floats []float64
	longs  []int64
	shorts []int32
	bools  []bool
	texts  []pq.ByteArray
	bits   []byte
}

// write writes a column of a row group.
func (s *scratch) write(to file.ColumnChunkWriter, c *table.Column) (err error) {
	if c.Kind == table.Category {
		return s.writeLabels(to, c)
	}
	some := s.mark(c)
	if !some && constant(c) {
		to.FallbackToPlain() // packs to as little as numbers of one value, without looking each one up
	}
	switch to := to.(type) {
	case *file.Float64ColumnChunkWriter:
		_, err = to.WriteBatch(present(&s.floats, c.Floats, s.levels, some), s.levels, nil)
	case *file.Int64ColumnChunkWriter:
		values := c.Ints
		if c.Shorts != nil {
			values = converted(&s.longs, c.Shorts)
		}
		_, err = to.WriteBatch(present(&s.longs, values, s.levels, some), s.levels, nil)
	case *file.Int32ColumnChunkWriter:
		values := c.Shorts
		if c.Kind == table.Date {
			values = c.Dates
		} else if values == nil {
			values = converted(&s.shorts, c.Ints)
		}
		_, err = to.WriteBatch(present(&s.shorts, values, s.levels, some), s.levels, nil)
	case *file.BooleanColumnChunkWriter:
		_, err = to.WriteBatch(present(&s.bools, c.Bools, s.levels, some), s.levels, nil)
	case *file.ByteArrayColumnChunkWriter:
		_, err = to.WriteBatch(s.strings(c), s.levels, nil)
	default:
		err = fmt.Errorf("parquet: column %s: %T is not written", c.Name, to)
	}
	return err
}

// constant reports whether all values of a column of dates are one.
func constant(c *table.Column) bool {
	if c.Kind != table.Date {
		return false
	}
	for _, v := range c.Dates {
		if v != c.Dates[0] {
			return false
		}
	}
	return true
}

// mark sets which values there are, and reports whether some are missing.
func (s *scratch) mark(c *table.Column) (some bool) {
	s.levels = slices.Grow(s.levels[:0], c.Len())[:c.Len()]
	for i := range s.levels {
		s.levels[i] = 1
	}
	if c.Kind == table.Float {
		for i, v := range c.Floats {
			if v != v {
				s.levels[i], some = 0, true
			}
		}
		return some
	}
	for i, missing := range c.Null {
		if missing {
			s.levels[i], some = 0, true
		}
	}
	return some
}

// present are the values that are not missing, one after the other; room may hold the
// values themselves.
func present[V any](room *[]V, values []V, levels []int16, some bool) []V {
	if !some {
		return values
	}
	out := slices.Grow((*room)[:0], len(values))
	for i, v := range values {
		if levels[i] > 0 {
			out = append(out, v)
		}
	}
	*room = out
	return out
}

func converted[From, To int32 | int64](room *[]To, values []From) []To {
	out := slices.Grow((*room)[:0], len(values))
	for _, v := range values {
		out = append(out, To(v))
	}
	*room = out
	return out
}

// strings are the texts that are not missing.
func (s *scratch) strings(c *table.Column) []pq.ByteArray {
	s.texts = slices.Grow(s.texts[:0], len(s.levels))
	for i, level := range s.levels {
		if level > 0 {
			s.texts = append(s.texts, c.Texts.At(i))
		}
	}
	return s.texts
}

// writeLabels writes a column of labels: those that rows have are its dictionary, and
// their codes need not be looked up by what they say.
func (s *scratch) writeLabels(chunk file.ColumnChunkWriter, c *table.Column) error {
	to, ok := chunk.(*file.ByteArrayColumnChunkWriter)
	if !ok {
		return fmt.Errorf("parquet: column %s: %T is not written", c.Name, chunk)
	}
	place, labels := dictionaryOf(c)
	missing := s.number(c.Codes, place)
	if len(labels) == 0 {
		_, err := to.WriteBatch(nil, s.levels, nil)
		return err
	}
	words := array.NewStringBuilder(memory.DefaultAllocator)
	defer words.Release()
	words.AppendValues(labels, nil)
	dictionary := words.NewArray()
	defer dictionary.Release()
	encoder, ok := to.CurrentEncoder().(interface{ PutDictionary(arrow.Array) error })
	if !ok {
		return fmt.Errorf("parquet: column %s has no dictionary", c.Name)
	}
	if err := encoder.PutDictionary(dictionary); err != nil {
		return fmt.Errorf("parquet: column %s: %w", c.Name, err)
	}
	if about, ok := to.PageStatistics().(*metadata.ByteArrayStatistics); ok {
		s.texts = s.texts[:0]
		for _, l := range labels {
			s.texts = append(s.texts, pq.ByteArray(l))
		}
		about.Update(s.texts, int64(missing))
		about.IncNumValues(int64(len(c.Codes) - len(labels) - missing))
	}
	var there *memory.Buffer
	if missing > 0 {
		there = memory.NewBufferBytes(s.bits)
	}
	values := memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(s.shorts))
	data := array.NewData(arrow.PrimitiveTypes.Int32, len(s.shorts), []*memory.Buffer{there, values}, nil, missing, 0)
	defer data.Release()
	indices := array.NewInt32Data(data)
	defer indices.Release()
	return to.WriteDictIndices(indices, s.levels, nil)
}

// number sets the places of codes in the dictionary, with the levels, and the bits where
// some are missing, and returns how many are.
func (s *scratch) number(codes, place []int32) (missing int) {
	n := len(codes)
	s.levels, s.shorts = slices.Grow(s.levels[:0], n)[:n], slices.Grow(s.shorts[:0], n)[:n]
	for i, code := range codes {
		if code < 0 {
			s.levels[i], s.shorts[i] = 0, 0
			missing++
			continue
		}
		s.levels[i], s.shorts[i] = 1, place[code]
	}
	if missing == 0 {
		return 0
	}
	s.bits = slices.Grow(s.bits[:0], n/8+1)[:n/8+1]
	clear(s.bits)
	for i, level := range s.levels {
		s.bits[i/8] |= byte(level) << (i % 8)
	}
	return missing
}

// dictionaryOf are the labels that rows have, each once, and by code where its label is
// among them.
func dictionaryOf(c *table.Column) (place []int32, labels []string) {
	used := make([]bool, len(c.Labels))
	for _, code := range c.Codes {
		if code >= 0 {
			used[code] = true
		}
	}
	place = make([]int32, len(c.Labels))
	at := map[string]int32{}
	for code, label := range c.Labels {
		if !used[code] {
			continue
		}
		n, known := at[label]
		if !known {
			n = int32(len(labels))
			at[label], labels = n, append(labels, label)
		}
		place[code] = n
	}
	return place, labels
}
