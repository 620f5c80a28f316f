package ingest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// sniff refuses what is plainly no table before a reader is tried: a folder, an
// empty file, a picture, a spreadsheet, a database. A .gz is looked into.
func sniff(path string) (os.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no such file: %w", fs.ErrNotExist)
	case err != nil:
		return nil, bare(err)
	case info.IsDir():
		return nil, errors.New("a folder, not a file")
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() == 0:
		return nil, errors.New("the file is empty")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	in := bufio.NewReader(f)
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		gz, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("a damaged gzip file: %w", err)
		}
		in = bufio.NewReader(gz)
		switch _, err := in.Peek(1); {
		case errors.Is(err, io.EOF):
			return nil, errors.New("the compressed file is empty")
		case err != nil:
			return nil, fmt.Errorf("a damaged gzip file: %w", err)
		}
	}
	head, _ := in.Peek(512)
	if what := binaryKind(head); what != "" {
		return nil, errors.New(what)
	}
	return info, nil
}

// binaryKind says what a file is that holds no table we read, and what to do.
func binaryKind(head []byte) string {
	const export = "; export the table as CSV, JSON lines or Parquet"
	for _, known := range [...]struct{ magic, what string }{
		{"\x89PNG", "a PNG picture" + export},
		{"\xff\xd8\xff", "a JPEG picture" + export},
		{"GIF8", "a GIF picture" + export},
		{"%PDF", "a PDF document" + export},
		{"PK\x03\x04", "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV"},
		{"\xd0\xcf\x11\xe0", "an old Excel or Word file; save the sheet as CSV"},
		{"SQLite format 3", "a SQLite database" + export},
		{"\x28\xb5\x2f\xfd", "a zstd archive; unpack it first"},
		{"BZh", "a bzip2 archive; unpack it first"},
		{"\xfd7zXZ", "an xz archive; unpack it first"},
		{"7z\xbc\xaf", "a 7z archive; unpack it first"},
		{"Rar!", "a rar archive; unpack it first"},
		{"\x7fELF", "a program" + export},
		{"ARROW1", "an Arrow file; save it as Parquet"},
		{"\xff\xfe", "a UTF-16 text; save it as UTF-8"},
		{"\xfe\xff", "a UTF-16 text; save it as UTF-8"},
	} {
		if bytes.HasPrefix(head, []byte(known.magic)) {
			return known.what
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")):
		return ""
	case len(head) >= 12 && string(head[8:12]) == "DUCK":
		return "a DuckDB database" + export
	case bytes.IndexByte(head, 0) >= 0:
		return "a binary file" + export
	}
	return ""
}

// bare is an error of the file system without its path, which the caller names.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// at names the file in an error that does not.
func at(path string, err error) error {
	if err == nil || strings.HasPrefix(err.Error(), path+":") {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}
