package parquet

import (
	"fmt"
	"slices"

	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

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
}

// write writes a column of a row group.
func (s *scratch) write(to file.ColumnChunkWriter, c *table.Column) (err error) {
	some := s.mark(c)
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

// mark sets which values there are, and reports whether some are missing.
func (s *scratch) mark(c *table.Column) (some bool) {
	n := c.Len()
	s.levels = slices.Grow(s.levels[:0], n)[:n]
	for i := range s.levels {
		s.levels[i] = 1
	}
	if c.Null == nil && c.Kind != table.Float && c.Kind != table.Category {
		return false
	}
	for i := range s.levels {
		if c.Missing(i) {
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

// strings are the texts, or the labels, that are not missing.
func (s *scratch) strings(c *table.Column) []pq.ByteArray {
	s.texts = slices.Grow(s.texts[:0], len(s.levels))
	if c.Kind == table.Text {
		for i, level := range s.levels {
			if level > 0 {
				s.texts = append(s.texts, c.Texts.At(i))
			}
		}
		return s.texts
	}
	labels := make([]pq.ByteArray, len(c.Labels))
	for i, l := range c.Labels {
		labels[i] = pq.ByteArray(l)
	}
	for i, level := range s.levels {
		if level > 0 {
			s.texts = append(s.texts, labels[c.Codes[i]])
		}
	}
	return s.texts
}
