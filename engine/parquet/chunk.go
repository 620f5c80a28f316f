package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"clientele/engine/table"
)

// chunk is one column of a row group: a page of its values, and before it, where there
// is one, the page of the dictionary that they point into.
type chunk struct {
	pages      []byte // packed, with their headers
	dictionary int    // bytes of pages that are of the dictionary; 0: there is none
	unpacked   int    // bytes that the pages have when they are not packed
	rows       int
	statistics format.Statistics
}

// scratch is the memory in which one worker makes pages.
type scratch struct {
	body    []byte // of the page of values
	entries []byte // of the dictionary
	count   int    // of the entries; 0: the values stand in the page themselves
	codes   []int32
	places  []int32
	packed  []byte
	kept    bool // the page may be that of another file
}

// make makes the pages of a column.
func (k *chunk) make(as Column, c *table.Column, s *scratch, packer packer) error {
	if as.Name != c.Name || as.Kind != c.Kind {
		return fmt.Errorf("parquet: column %s (%v) where %s (%v) is due", c.Name, c.Kind, as.Name, as.Kind)
	}
	*k = chunk{pages: k.pages[:0], rows: c.Len()}
	s.body, s.entries, s.codes, s.count, s.kept = s.body[:0], s.entries[:0], s.codes[:0], 0, c.Kind == table.Text
	k.statistics.NullCount = s.levels(c)
	width := 8
	if c.Kind != table.Int || as.Narrow {
		width = 4
	}
	var err error
	switch c.Kind {
	case table.Float:
		s.floats(c.Floats, &k.statistics)
	case table.Int:
		if c.Shorts != nil {
			err = integers(s, c, c.Shorts, width, &k.statistics)
		} else {
			err = integers(s, c, c.Ints, width, &k.statistics)
		}
	case table.Date:
		err = integers(s, c, c.Dates, width, &k.statistics)
	case table.Bool:
		s.bools(c)
	case table.Text:
		s.texts(c, &k.statistics)
	case table.Category:
		s.labels(c, &k.statistics)
	}
	if err != nil {
		return err
	}
	return k.finish(as.Name, s, packer)
}

// finish packs the pages.
func (k *chunk) finish(name string, s *scratch, packer packer) error {
	encoding := format.Plain
	if s.count > 0 {
		encoding = format.RLEDictionary
		header := format.PageHeader{Type: format.DictionaryPage, DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(s.count), Encoding: format.Plain})}
		if err := k.add(header, s.entries, s, packer); err != nil {
			return err
		}
		k.dictionary = len(k.pages)
		bits := bitsFor(s.count)
		s.body = appendPacked(append(s.body, byte(bits)), s.codes, bits)
	}
	if len(s.body) > math.MaxInt32 {
		return fmt.Errorf("parquet: column %s: the texts of a row group take more than 2 GiB", name)
	}
	return k.add(format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.New(format.DataPageHeader{
		NumValues: int32(k.rows), Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
		Statistics: format.Statistics{NullCount: k.statistics.NullCount},
	})}, s.body, s, packer)
}

// add packs a page.
func (k *chunk) add(header format.PageHeader, body []byte, s *scratch, packer packer) error {
	s.packed = packer.pack(s.packed[:0], body, s.kept)
	header.UncompressedPageSize, header.CompressedPageSize = int32(len(body)), int32(len(s.packed))
	head, err := thrift.Marshal(new(thrift.CompactProtocol), &header)
	if err != nil {
		return err
	}
	k.pages = append(append(k.pages, head...), s.packed...)
	k.unpacked += len(head) + len(body)
	return nil
}

// about is what the footer says of the chunk that begins at a place of the file.
func (k *chunk) about(as Column, at int64) format.ColumnMetaData {
	out := format.ColumnMetaData{
		Type: as.physical(), Encoding: []format.Encoding{format.Plain, format.RLE}, PathInSchema: []string{as.Name}, Codec: format.Zstd,
		NumValues: int64(k.rows), TotalUncompressedSize: int64(k.unpacked), TotalCompressedSize: int64(len(k.pages)),
		DataPageOffset: at, Statistics: k.statistics,
	}
	if k.dictionary > 0 {
		out.Encoding = append(out.Encoding, format.RLEDictionary)
		out.DictionaryPageOffset, out.DataPageOffset = at, at+int64(k.dictionary)
	}
	return out
}

// levels begins the page of values with which rows have one, and counts those that have
// none.
func (s *scratch) levels(c *table.Column) (missing int64) {
	n := c.Len()
	missing = countMissing(c)
	s.body = append(s.body, 0, 0, 0, 0)
	if missing == 0 {
		s.body = appendRun(s.body, 1, n, 1)
	} else {
		s.codes = slices.Grow(s.codes, n)[:n]
		for i := range s.codes {
			s.codes[i] = 1
			if c.Missing(i) {
				s.codes[i] = 0
			}
		}
		s.body = appendPacked(s.body, s.codes, 1)
		s.codes = s.codes[:0]
	}
	binary.LittleEndian.PutUint32(s.body, uint32(len(s.body)-4))
	return missing
}

func countMissing(c *table.Column) (n int64) {
	switch c.Kind {
	case table.Float:
		for _, v := range c.Floats {
			if v != v {
				n++
			}
		}
	case table.Category:
		for _, code := range c.Codes {
			if code < 0 {
				n++
			}
		}
	default:
		for _, missing := range c.Null {
			if missing {
				n++
			}
		}
	}
	return n
}

// floats puts numbers as numbers of a dictionary where they are few.
func (s *scratch) floats(values []float64, about *format.Statistics) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values { // NaN is neither below nor above
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	if about.NullCount == int64(len(values)) {
		return
	}
	if low == 0 { // zero has two signs, and either may stand in the page
		low = math.Copysign(0, -1)
	}
	if high == 0 {
		high = 0
	}
	about.MinValue = binary.LittleEndian.AppendUint64(nil, math.Float64bits(low))
	about.MaxValue = binary.LittleEndian.AppendUint64(nil, math.Float64bits(high))
	if s.few(values) {
		return
	}
	from := len(s.body)
	s.body = slices.Grow(s.body, 8*len(values))[:from+8*(len(values)-int(about.NullCount))]
	to := s.body[from:]
	for _, v := range values {
		if v == v {
			binary.LittleEndian.PutUint64(to, math.Float64bits(v))
			to = to[8:]
		}
	}
}

// mostFew is how many different numbers a dictionary may have. Where there are more,
// that is found out soon, as nearly all are different.
const mostFew = 1024

// few makes a dictionary of numbers, unless there are too many.
func (s *scratch) few(values []float64) bool {
	const slots = 4 * mostFew
	s.clearPlaces(slots)
	for _, v := range values {
		if v != v {
			continue
		}
		key := math.Float64bits(v)
		at := key * 0x9E3779B97F4A7C15 >> 52 // 4096 places
		for s.places[at] != 0 && binary.LittleEndian.Uint64(s.entries[8*(s.places[at]-1):]) != key {
			at = (at + 1) % slots
		}
		if s.places[at] == 0 {
			if s.count == mostFew {
				s.entries, s.codes, s.count = s.entries[:0], s.codes[:0], 0
				return false
			}
			s.count++
			s.places[at] = int32(s.count)
			s.entries = binary.LittleEndian.AppendUint64(s.entries, key)
		}
		s.codes = append(s.codes, s.places[at]-1)
	}
	return true
}

// mostApart is how far whole numbers of a row group may be apart to be written as
// numbers of a dictionary. Counts and days are not, in years.
const mostApart = 1 << 16

// integers puts whole numbers as such of so many bytes.
func integers[T int32 | int64](s *scratch, c *table.Column, values []T, width int, about *format.Statistics) error {
	if about.NullCount > 0 {
		values = present(values, c.Null)
	}
	if len(values) == 0 {
		return nil
	}
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	if width == 4 && (int64(low) < math.MinInt32 || int64(high) > math.MaxInt32) {
		return fmt.Errorf("parquet: column %s: %d to %d are no whole numbers of 32 bits", c.Name, low, high)
	}
	about.MinValue, about.MaxValue = appendInteger(nil, int64(low), width), appendInteger(nil, int64(high), width)
	if uint64(high)-uint64(low) >= mostApart {
		for _, v := range values {
			s.body = appendInteger(s.body, int64(v), width)
		}
		return nil
	}
	s.clearPlaces(int(high-low) + 1)
	for _, v := range values {
		s.places[v-low] = 1
	}
	for at, there := range s.places {
		if there == 1 {
			s.places[at] = int32(s.count)
			s.count++
			s.entries = appendInteger(s.entries, int64(low)+int64(at), width)
		}
	}
	s.codes = slices.Grow(s.codes, len(values))[:len(values)]
	for i, v := range values {
		s.codes[i] = s.places[v-low]
	}
	return nil
}

// present are the values that there are.
func present[T any](values []T, null []bool) []T {
	out := make([]T, 0, len(values))
	for i, v := range values {
		if !null[i] {
			out = append(out, v)
		}
	}
	return out
}

// clearPlaces makes n places of zero.
func (s *scratch) clearPlaces(n int) {
	s.places = slices.Grow(s.places[:0], n)[:n]
	clear(s.places)
}

func appendInteger(b []byte, v int64, width int) []byte {
	if width == 4 {
		return binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(b, uint64(v))
}

func (s *scratch) bools(c *table.Column) {
	for i, v := range c.Bools {
		switch {
		case c.Null != nil && c.Null[i]:
		case v:
			s.codes = append(s.codes, 1)
		default:
			s.codes = append(s.codes, 0)
		}
	}
	s.body = appendBits(s.body, s.codes, 1)
}

// mostShown is how long a text may be to be named as the first or the last of a chunk.
const mostShown = 256

func (s *scratch) texts(c *table.Column, about *format.Statistics) {
	var low, high []byte
	for i := range c.Len() {
		if c.Null != nil && c.Null[i] {
			continue
		}
		v := c.Texts.At(i)
		s.body = appendText(s.body, v)
		if low == nil {
			low, high = v, v
		} else if bytes.Compare(v, high) > 0 { // in most columns texts are in order
			high = v
		} else if bytes.Compare(v, low) < 0 {
			low = v
		}
	}
	between(low, high, about)
}

// between notes the first and the last text, where both can be told.
func between(low, high []byte, about *format.Statistics) {
	if len(low) > 0 && len(low) <= mostShown && len(high) <= mostShown {
		about.MinValue, about.MaxValue = bytes.Clone(low), bytes.Clone(high)
	}
}

func appendText[T string | []byte](b []byte, v T) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(v))), v...)
}

// labels makes a dictionary of the labels that occur.
func (s *scratch) labels(c *table.Column, about *format.Statistics) {
	s.clearPlaces(len(c.Labels))
	for _, code := range c.Codes {
		if code >= 0 {
			s.places[code] = 1
		}
	}
	var low, high string
	numbers := map[string]int32{}
	for code, l := range c.Labels {
		if s.places[code] == 0 {
			continue
		}
		number, known := numbers[l]
		if !known {
			number = int32(s.count)
			numbers[l] = number
			s.count++
			s.entries = appendText(s.entries, l)
			if number == 0 {
				low, high = l, l
			}
			low, high = min(low, l), max(high, l)
		}
		s.places[code] = number
	}
	between([]byte(low), []byte(high), about)
	for _, code := range c.Codes {
		if code >= 0 {
			s.codes = append(s.codes, s.places[code])
		}
	}
}
