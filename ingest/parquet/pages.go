package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// groupLimit is how many bytes the pages may take that are in memory at once:
// the largest of each column of a row group.
const groupLimit = 2 << 30

// checkPages reads the headers of a row group's pages and refuses the group
// when its pages would not fit: parquet-go takes the memory that a header asks
// for before it looks at what is there. A run of equal values within a page may
// still be longer than the header says; only a forged file has such.
func (r *Reader) checkPages(chunks []format.ColumnChunk) error {
	total := int64(0)
	for _, c := range r.columns {
		if c.leaf >= len(chunks) {
			return errors.New("a row group has fewer columns than the schema")
		}
		n, err := r.largestPage(&chunks[c.leaf].MetaData)
		if err != nil {
			return fmt.Errorf("column %q: %w", c.name, err)
		}
		if total += n; total > groupLimit {
			return fmt.Errorf("column %q: its pages and those of the columns before take more than %d MB of memory at once: write the file with smaller pages", c.name, groupLimit>>20)
		}
	}
	return nil
}

// checkPacking refuses columns that are packed in a way that nobody here unpacks.
func (r *Reader) checkPacking(chunks []format.ColumnChunk) error {
	for _, c := range r.columns {
		if codec := chunks[c.leaf].MetaData.Codec; pq.LookupCompressionCodec(codec).String() == "UNSUPPORTED" {
			return fmt.Errorf("column %q is packed with %v, which is not known here: write the file with zstd or snappy", c.name, codec)
		}
	}
	return nil
}

// largestPage is how many bytes the largest page of a column takes, with the
// dictionary: its values, and for each of them its place in the dictionary and
// whether it is there.
func (r *Reader) largestPage(column *format.ColumnMetaData) (int64, error) {
	at := column.DataPageOffset
	if d := column.DictionaryPageOffset; d > 0 && d < at {
		at = d
	}
	end := at + column.TotalCompressedSize
	if at < 4 || end > r.size || end < at {
		return 0, errors.New("its pages are not in the file")
	}
	dictionary, largest := int64(0), int64(0)
	for at < end {
		header, n, err := r.pageHeader(at, end)
		if err != nil {
			return 0, err
		}
		values := int64(0)
		switch header.Type {
		case format.DictionaryPage:
			values = int64(header.DictionaryPageHeader.V.NumValues)
		case format.DataPage:
			values = int64(header.DataPageHeader.V.NumValues)
		case format.DataPageV2:
			values = int64(header.DataPageHeaderV2.V.NumValues)
		}
		if at += n + int64(header.CompressedPageSize); header.CompressedPageSize < 0 || header.UncompressedPageSize < 0 || values < 0 || at > end {
			return 0, errors.New("a page is longer than the column")
		}
		size := int64(header.UncompressedPageSize) + 5*values
		if header.Type == format.DictionaryPage {
			dictionary = max(dictionary, size)
		} else {
			largest = max(largest, size)
		}
	}
	return dictionary + largest, nil
}

// pageHeader reads the header of the page at a place in the file, and tells its length.
func (r *Reader) pageHeader(at, end int64) (*format.PageHeader, int64, error) {
	const short, long = 512, 1 << 20 // statistics hold texts of the data
	for _, size := range []int64{short, long} {
		buf := make([]byte, min(size, end-at))
		if _, err := r.file.ReadAt(buf, at); err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, unreadable("a page cannot be read", err)
		}
		in := bytes.NewReader(buf)
		header := new(format.PageHeader)
		err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(in)).Decode(header)
		if err == nil {
			return header, int64(len(buf) - in.Len()), nil
		}
		if size == long || int64(len(buf)) < size {
			return nil, 0, unreadable("the header of a page cannot be read", err)
		}
	}
	return nil, 0, nil
}
