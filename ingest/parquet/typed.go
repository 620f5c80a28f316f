package parquet

import (
	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"clientele/ingest"
)

// typedOf says what the values of a type are, where they can be delivered as they are:
// whole numbers and decimals of one or two places, days, and times in milliseconds or
// microseconds. Those of three places and more are rounded or doubtful as texts are,
// and what floats are depends on how they are written.
func typedOf(t pq.Type) *ingest.Typed {
	kind := t.Kind()
	if kind != pq.Int32 && kind != pq.Int64 {
		return nil
	}
	logical := t.LogicalType()
	if logical == nil {
		return &ingest.Typed{Kind: ingest.TypedNumber}
	}
	switch l := logical.Value.(type) {
	case nil:
		return &ingest.Typed{Kind: ingest.TypedNumber}
	case *format.IntType:
		if l.IsSigned {
			return &ingest.Typed{Kind: ingest.TypedNumber}
		}
	case *format.DecimalType:
		if l.Scale >= 0 && l.Scale <= 2 {
			return &ingest.Typed{Kind: ingest.TypedNumber, Places: int(l.Scale)}
		}
	case *format.DateType:
		if kind == pq.Int32 {
			return &ingest.Typed{Kind: ingest.TypedDay}
		}
	case *format.TimestampType:
		return typedTime(kind, l)
	}
	return nil
}

func typedTime(kind pq.Kind, l *format.TimestampType) *ingest.Typed {
	if l.Unit.Value == nil || kind != pq.Int64 {
		return nil
	}
	t := &ingest.Typed{Kind: ingest.TypedClock, PerSecond: int64(1_000_000_000 / l.Unit.Value.Duration())}
	if l.IsAdjustedToUTC {
		t.Kind = ingest.TypedInstant
	}
	if t.PerSecond > 1_000_000 {
		return nil // a text has every digit
	}
	return t
}

// typed delivers a column's values as they are, in ints, and their texts when they are
// asked for.
func (w *cells) typed(p *piece, c int, ints []int64) {
	col, b := p.reader.columns[c], w.block
	t := *col.typed
	t.Ints = ints
	narrow, row := false, 0
	for _, part := range p.parts[c] {
		narrow = w.ints(col, part, &t, row) || narrow
		row += part.to - part.from
		pq.Release(part.page)
	}
	t.Write = func() {
		v := values{int64s: t.Ints}
		if narrow {
			v.int32s = make([]int32, len(t.Ints))
			for i, x := range t.Ints {
				v.int32s[i] = int32(x)
			}
		}
		for r := range ints {
			if t.Absent == nil || !t.Absent[r] {
				from := len(b.Data)
				b.Data, _ = col.write(b.Data, &v, r)
				b.Start[c*p.rows+r], b.End[c*p.rows+r] = uint32(from), uint32(len(b.Data))
			}
		}
	}
	for at := c * p.rows; at < (c+1)*p.rows; at++ {
		b.Start[at], b.End[at] = 1, 0
	}
	if b.Typed == nil {
		b.Typed = make([]*ingest.Typed, b.Columns)
	}
	b.Typed[c] = &t
}

// ints copies the values of a part, whose first row is row of the block, and reports
// whether they have 32 bits.
func (w *cells) ints(col column, p part, t *ingest.Typed, row int) (narrow bool) {
	levels := p.page.DefinitionLevels()
	var indexes []int32
	var source values
	if dict := p.page.Dictionary(); dict != nil {
		data := p.page.Data()
		indexes = data.Int32()
		source = valuesOf(dict.Page().Data(), dict.Type())
	} else {
		source = valuesOf(p.page.Data(), p.page.Type())
	}
	out := t.Ints[row : row+p.to-p.from]
	if narrow = source.int64s == nil; !narrow && indexes == nil && len(levels) == 0 {
		if n := copy(out, source.int64s[p.value:]); n < len(out) {
			panic("a page has fewer values than rows") // as an index beyond its end would
		}
		return false
	}
	v := p.value
	for r := range out {
		if len(levels) > 0 && levels[p.from+r] != col.present {
			if t.Absent == nil {
				t.Absent = make([]bool, len(t.Ints))
			}
			t.Absent[row+r], out[r] = true, 0
			continue
		}
		i := v
		v++
		if indexes != nil {
			i = int(indexes[i])
		}
		if narrow {
			out[r] = int64(source.int32s[i])
		} else {
			out[r] = source.int64s[i]
		}
	}
	return narrow
}
