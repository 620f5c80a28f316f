package parquet

import (
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"

	"clientele/ingest"
)

// values are the values of a page or a dictionary; only the slice of their
// kind is set.
type values struct {
	int32s  []int32
	int64s  []int64
	int96s  []deprecated.Int96
	floats  []float32
	doubles []float64
	bytes   []byte   // of byte arrays, of booleans (as bits)
	offsets []uint32 // byte array i is bytes[offsets[i]:offsets[i+1]]; nil when all are of one size
	size    int
}

func valuesOf(v encoding.Values, t pq.Type) values {
	switch v.Kind() {
	case encoding.Int32:
		return values{int32s: v.Int32()}
	case encoding.Int64:
		return values{int64s: v.Int64()}
	case encoding.Int96:
		return values{int96s: v.Int96()}
	case encoding.Float:
		return values{floats: v.Float()}
	case encoding.Double:
		return values{doubles: v.Double()}
	}
	data, offsets := v.Data()
	return values{bytes: data, offsets: offsets, size: t.Length()}
}

// array returns byte array i.
func (v *values) array(i int) []byte {
	if v.offsets != nil {
		return v.bytes[v.offsets[i]:v.offsets[i+1]]
	}
	return v.bytes[i*v.size : (i+1)*v.size]
}

// writer appends value i as text and says whether there is one.
type writer func(dst []byte, v *values, i int) ([]byte, bool)

// writerOf chooses how values of a type are written, nil for types without a
// plain text. text says that bytes of the file are copied as they are.
func writerOf(t pq.Type) (w writer, text bool) {
	kind := t.Kind()
	if logical := t.LogicalType(); logical != nil {
		switch l := logical.Value.(type) {
		case *format.StringType, *format.EnumType, *format.JsonType:
			return writeBytes, true
		case *format.DecimalType:
			return decimalWriter(kind, int(l.Scale)), false
		case *format.DateType:
			return writeDate, false
		case *format.TimestampType:
			return timestampWriter(l), false
		case *format.TimeType:
			return timeWriter(kind, l), false
		case *format.IntType:
			if !l.IsSigned {
				return unsignedWriter(kind), false
			}
		case *format.NullType:
			return writeNothing, false
		case *format.UUIDType:
			return writeUUID, false
		case nil:
		default:
			return nil, false
		}
	}
	switch kind {
	case pq.Boolean:
		return writeBool, false
	case pq.Int32:
		return writeInt32, false
	case pq.Int64:
		return writeInt64, false
	case pq.Int96:
		return writeInt96, false
	case pq.Float:
		return writeFloat, false
	case pq.Double:
		return writeDouble, false
	case pq.ByteArray:
		return writeBytes, true // Spark and Impala write texts so when told to be old
	}
	return nil, false
}

func writeNothing(dst []byte, _ *values, _ int) ([]byte, bool) { return dst, false }

func writeBytes(dst []byte, v *values, i int) ([]byte, bool) { return append(dst, v.array(i)...), true }

func writeBool(dst []byte, v *values, i int) ([]byte, bool) {
	return strconv.AppendBool(dst, v.bytes[i/8]>>(i%8)&1 == 1), true
}

func writeInt32(dst []byte, v *values, i int) ([]byte, bool) {
	return strconv.AppendInt(dst, int64(v.int32s[i]), 10), true
}

func writeInt64(dst []byte, v *values, i int) ([]byte, bool) {
	return strconv.AppendInt(dst, v.int64s[i], 10), true
}

func unsignedWriter(kind pq.Kind) writer {
	if kind == pq.Int32 {
		return func(dst []byte, v *values, i int) ([]byte, bool) {
			return strconv.AppendUint(dst, uint64(uint32(v.int32s[i])), 10), true
		}
	}
	return func(dst []byte, v *values, i int) ([]byte, bool) {
		return strconv.AppendUint(dst, uint64(v.int64s[i]), 10), true
	}
}

func writeFloat(dst []byte, v *values, i int) ([]byte, bool) {
	return appendFloat(dst, float64(v.floats[i]), 32)
}

func writeDouble(dst []byte, v *values, i int) ([]byte, bool) {
	return appendFloat(dst, v.doubles[i], 64)
}

// appendFloat writes the fewest digits that give x back, with an exponent only
// where there would be more than 21 digits. NaN, which data frames use for a
// missing value, is absent.
func appendFloat(dst []byte, x float64, bits int) ([]byte, bool) {
	if x != x {
		return dst, false
	}
	form := byte('f')
	if a := math.Abs(x); a >= 1e21 || a != 0 && a < 1e-9 {
		form = 'g'
	}
	return strconv.AppendFloat(dst, x, form, -1, bits), true
}

func writeUUID(dst []byte, v *values, i int) ([]byte, bool) {
	const digits = "0123456789abcdef"
	for k, b := range v.array(i) {
		if k == 4 || k == 6 || k == 8 || k == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst, true
}

// decimalWriter writes unscaled integers with their point.
func decimalWriter(kind pq.Kind, scale int) writer {
	switch kind {
	case pq.Int32:
		return func(dst []byte, v *values, i int) ([]byte, bool) {
			return appendDecimal(dst, int64(v.int32s[i]), scale), true
		}
	case pq.Int64:
		return func(dst []byte, v *values, i int) ([]byte, bool) {
			return appendDecimal(dst, v.int64s[i], scale), true
		}
	}
	return func(dst []byte, v *values, i int) ([]byte, bool) {
		b := v.array(i) // two's complement, the highest byte first
		if len(b) > 8 {
			return appendPoint(dst, bigInt(b).Append(nil, 10), scale), true
		}
		var x int64
		if len(b) > 0 && b[0] >= 0x80 {
			x = -1
		}
		for _, c := range b {
			x = x<<8 | int64(c)
		}
		return appendDecimal(dst, x, scale), true
	}
}

func bigInt(b []byte) *big.Int {
	x := new(big.Int).SetBytes(b)
	if b[0] >= 0x80 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return x
}

func appendDecimal(dst []byte, x int64, scale int) []byte {
	var digits [20]byte
	return appendPoint(dst, strconv.AppendInt(digits[:0], x, 10), scale)
}

// appendPoint writes an integer's digits with scale of them behind the point.
func appendPoint(dst, digits []byte, scale int) []byte {
	if scale <= 0 {
		dst = append(dst, digits...)
		for range -scale {
			dst = append(dst, '0')
		}
		return dst
	}
	if digits[0] == '-' {
		dst, digits = append(dst, '-'), digits[1:]
	}
	if len(digits) <= scale {
		dst = append(dst, '0', '.')
		for range scale - len(digits) {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	whole := len(digits) - scale
	dst = append(append(dst, digits[:whole]...), '.')
	return append(dst, digits[whole:]...)
}

func writeDate(dst []byte, v *values, i int) ([]byte, bool) {
	return appendDate(dst, int64(v.int32s[i])), true
}

// appendDate writes day 0, 1970-01-01, as YYYY-MM-DD. Years 0 to 9999 are
// counted out by the days of 400, 100, 4 years and 1 from the first of March
// of year 0 (Howard Hinnant, chrono-compatible low-level date algorithms).
func appendDate(dst []byte, day int64) []byte {
	z := day + 719_468 // since 0000-03-01
	if z < 0 || z > 3_652_000 {
		return time.Unix(day*86_400, 0).UTC().AppendFormat(dst, time.DateOnly)
	}
	era, doe := z/146_097, z%146_097
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153 // 0 is March
	year, month, dom := era*400+yoe, mp+3, doy-(153*mp+2)/5+1
	if month > 12 {
		year, month = year+1, month-12
	}
	return append(dst, byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-',
		byte('0'+month/10), byte('0'+month%10), '-', byte('0'+dom/10), byte('0'+dom%10))
}

const dayNanos = 86_400_000_000_000

func timestampWriter(t *format.TimestampType) writer {
	if t.Unit.Value == nil {
		return nil
	}
	perSecond := int64(time.Second / t.Unit.Value.Duration())
	utc := t.IsAdjustedToUTC
	return func(dst []byte, v *values, i int) ([]byte, bool) {
		perDay := 86_400 * perSecond
		day := floorDiv(v.int64s[i], perDay)
		within := (v.int64s[i] - day*perDay) * (1_000_000_000 / perSecond)
		return appendInstant(dst, day, within, utc), true
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// writeInt96 writes nanoseconds of the day and a Julian day, 2,440,588 being
// 1970-01-01.
func writeInt96(dst []byte, v *values, i int) ([]byte, bool) {
	x := v.int96s[i]
	nanos := int64(x[1])<<32 | int64(x[0])
	day := floorDiv(nanos, dayNanos)
	return appendInstant(dst, int64(x[2])-2_440_588+day, nanos-day*dayNanos, true), true
}

// appendInstant writes a day and the nanoseconds since its beginning.
func appendInstant(dst []byte, day, nanos int64, utc bool) []byte {
	dst = append(appendDate(dst, day), 'T')
	dst = appendClock(dst, nanos)
	if utc {
		dst = append(dst, 'Z')
	}
	return dst
}

// appendClock writes hh:mm:ss and as many groups of three digits of the second's
// fraction as are not zero.
func appendClock(dst []byte, nanos int64) []byte {
	seconds, nanos := nanos/1_000_000_000, nanos%1_000_000_000
	for k, n := range [...]int64{seconds / 3600, seconds / 60 % 60, seconds % 60} {
		if k > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, byte('0'+n/10), byte('0'+n%10))
	}
	if nanos == 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit := int64(100_000_000); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+nanos/unit%10))
		if nanos%unit == 0 && (unit == 1_000_000 || unit == 1_000) {
			break
		}
	}
	return dst
}

func timeWriter(kind pq.Kind, t *format.TimeType) writer {
	if t.Unit.Value == nil {
		return nil
	}
	unit := int64(t.Unit.Value.Duration())
	return func(dst []byte, v *values, i int) ([]byte, bool) {
		x := int64(0)
		if kind == pq.Int32 {
			x = int64(v.int32s[i])
		} else {
			x = v.int64s[i]
		}
		if x < 0 || x > dayNanos/unit {
			return strconv.AppendInt(dst, x, 10), true // no time of a day: for a converter to refuse
		}
		return appendClock(dst, x*unit), true
	}
}

// cells writes cells into a block.
type cells struct {
	block      *ingest.Block
	inside     bool     // a text begins with a byte that cannot begin a character
	start, end []uint32 // where the texts of dictionary entries are, plus one; 0: not written yet
}

// page writes the rows of a part, the first into the cell at index, the others behind it.
func (w *cells) page(col column, p part, at int) {
	b, v := w.block, p.value
	levels := p.page.DefinitionLevels()
	var indexes []int32
	var source values
	cached := false
	if dict := p.page.Dictionary(); dict != nil {
		data := p.page.Data()
		indexes = data.Int32()
		source = valuesOf(dict.Page().Data(), dict.Type())
		// An entry that is used again is not written again, unless the dictionary
		// is so large that looking at it costs more.
		if cached = dict.Len() <= 2*(p.to-p.from); cached {
			w.start, w.end = cleared(w.start, dict.Len()), cleared(w.end, dict.Len())
		}
	} else {
		source = valuesOf(p.page.Data(), p.page.Type())
	}
	for row := p.from; row < p.to; row, at = row+1, at+1 {
		if len(levels) > 0 && levels[row] != col.present {
			b.Start[at], b.End[at] = 1, 0 // absent
			continue
		}
		i := v
		v++
		if indexes != nil {
			i = int(indexes[i])
			if cached && w.end[i] != 0 {
				b.Start[at], b.End[at] = w.start[i]-1, w.end[i]-1
				continue
			}
		}
		from, ok := len(b.Data), false
		if b.Data, ok = col.write(b.Data, &source, i); !ok {
			b.Start[at], b.End[at] = 1, 0
			continue
		}
		b.Start[at], b.End[at] = uint32(from), uint32(len(b.Data))
		w.inside = w.inside || col.text && from < len(b.Data) && !utf8.RuneStart(b.Data[from])
		if cached {
			w.start[i], w.end[i] = uint32(from)+1, uint32(len(b.Data))+1
		}
	}
}

func cleared(s []uint32, n int) []uint32 {
	if cap(s) < n {
		return make([]uint32, n)
	}
	s = s[:n]
	clear(s)
	return s
}
