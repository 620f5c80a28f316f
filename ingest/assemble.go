package ingest

import (
	"encoding/binary"
	"math"

	"github.com/zeebo/xxh3"

	"clientele/engine/table"
)

// table puts the columns together without the rejected rows, and fills line,
// content and made ids.
func (c *converter) table(b *Block) *table.Table {
	line := c.new("line")
	copy(line.Ints, b.Lines)
	content := c.new("content")
	var id *table.Column
	if c.kind.made && !c.has(c.kind.id) {
		id = c.new(c.kind.id)
	}
	if len(c.rejects) > 0 {
		keep := make([]int, 0, c.rows-len(c.rejects))
		for r := range c.rows {
			if c.fault[r] == 0 {
				keep = append(keep, r)
			}
		}
		for _, col := range c.out {
			if col != id {
				pick(col, keep)
			}
		}
		c.rows = len(keep)
	}
	c.hash(content, id)
	cols := make([]*table.Column, len(c.fields))
	for i, f := range c.fields {
		cols[i] = c.out[f.Name]
	}
	return table.New(cols...)
}

// pick keeps the rows given, in place.
func pick(col *table.Column, keep []int) {
	switch col.Kind {
	case table.Float:
		col.Floats = picked(col.Floats, keep)
	case table.Int, table.Decimal, table.Timestamp:
		col.Ints = picked(col.Ints, keep)
	case table.Date:
		col.Dates = picked(col.Dates, keep)
	case table.Bool:
		col.Bools = picked(col.Bools, keep)
	case table.Category:
		col.Codes = picked(col.Codes, keep)
	case table.Text:
		var t table.Strings
		t.Offsets = append(make([]int32, 0, len(keep)+1), 0)
		t.Bytes = make([]byte, 0, len(col.Texts.Bytes))
		for _, r := range keep {
			t.Append(col.Texts.At(r))
		}
		col.Texts = t
	}
	if col.Null != nil {
		// Not in place: two columns may share a mask.
		null := make([]bool, len(keep))
		for i, r := range keep {
			null[i] = col.Null[r]
		}
		col.Null = null
	}
}

func picked[T any](v []T, keep []int) []T {
	for i, r := range keep {
		v[i] = v[r]
	}
	return v[:len(keep)]
}

// hash fills content and, when the file has no ids, ids from the canonical
// values of each row: for every value present the name of its column and the
// value, in the order of columns.tsv, so that the order of columns in a file
// and columns without a value do not matter.
func (c *converter) hash(content, id *table.Column) {
	type hashed struct {
		*table.Column
		tag    uint32
		labels []uint64
	}
	var cols []hashed
	for i, f := range c.fields {
		if c.tags[i] != 0 {
			cols = append(cols, hashed{c.out[f.Name], c.tags[i], c.labels[i]})
		}
	}
	if id != nil {
		id.Texts.Bytes = make([]byte, 0, c.rows*27)
	}
	buf := c.buf
	le := binary.LittleEndian
	for r := range c.rows {
		buf = buf[:0]
		for k := range cols {
			col := &cols[k]
			if col.Null != nil && col.Null[r] {
				continue
			}
			var v uint64
			switch col.Kind {
			case table.Text:
				text := col.Texts.At(r)
				buf = append(le.AppendUint64(buf, uint64(col.tag)|uint64(len(text))<<32), text...)
				continue
			case table.Category:
				code := col.Codes[r]
				if code < 0 {
					continue
				}
				v = col.labels[code]
			case table.Float:
				if col.Floats[r] != col.Floats[r] {
					continue
				}
				v = math.Float64bits(col.Floats[r])
			case table.Date:
				v = uint64(col.Dates[r])
			case table.Bool:
				if col.Bools[r] {
					v = 1
				}
			default:
				v = uint64(col.Ints[r])
			}
			buf = le.AppendUint64(le.AppendUint32(buf, col.tag), v)
		}
		content.Ints[r] = int64(xxh3.Hash(buf))
		if id != nil {
			h := xxh3.Hash128(buf).Bytes()
			id.Texts.Bytes = append(id.Texts.Bytes, '~')
			id.Texts.Bytes = idEncoding.AppendEncode(id.Texts.Bytes, h[:])
			id.Texts.Offsets = append(id.Texts.Offsets, int32(len(id.Texts.Bytes)))
		}
	}
	c.buf = buf
}
