// Package formats finds out what a file is and opens it with the reader that
// can read it.
package formats

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"

	"clientele/ingest"
	"clientele/ingest/csv"
	"clientele/ingest/jsonl"
	"clientele/ingest/parquet"
)

var _ ingest.OpenFunc = Open

// sampleBytes is how much of a file is looked at.
const sampleBytes = 64 << 10

// Open opens the file at path: by Options.Format when that is set, else by what
// its first bytes are, unpacked when it is gzip; a name says nothing that the
// bytes do not say better. A file of another kind is an error of one line that
// names the kind and says what to do.
func Open(path string, opt ingest.Options) (ingest.Reader, ingest.Detected, error) {
	format, err := formatOf(path, opt.Format)
	if err != nil {
		return nil, ingest.Detected{}, err
	}
	switch format {
	case "parquet":
		r, err := parquet.Open(path, opt)
		if err != nil {
			return nil, ingest.Detected{}, err
		}
		return r, ingest.Detected{Format: format, Notes: r.Notes()}, nil
	case "jsonl":
		r, err := jsonl.Open(path, opt)
		if err != nil {
			return nil, ingest.Detected{}, err
		}
		return r, ingest.Detected{Format: format, Encoding: "utf-8", Notes: r.Notes()}, nil
	}
	r, err := csv.Open(path, opt)
	if err != nil {
		return nil, ingest.Detected{}, err
	}
	return r, ingest.Detected{Format: "csv", Encoding: r.Encoding(), Delimiter: r.Delimiter(), Notes: r.Notes()}, nil
}

// formatOf is the format asked for, or the one found: csv, jsonl or parquet.
func formatOf(path, asked string) (string, error) {
	switch asked {
	case "parquet":
		return asked, nil
	case "", "auto", "csv", "tsv", "jsonl":
	default:
		return "", fmt.Errorf("format %q is not known: use auto, csv, tsv, jsonl or parquet", asked)
	}
	sample, err := peek(path)
	if err != nil {
		sample = nil // the reader meets the same error and says in its own words what it is
	}
	isParquet := bytes.HasPrefix(sample, []byte("PAR1")) || bytes.HasPrefix(sample, []byte("PARE"))
	switch {
	case isParquet && (asked == "" || asked == "auto"):
		return "parquet", nil
	case isParquet:
		return "", fmt.Errorf("%s: is a Parquet file, not %s", path, asked)
	}
	if what := foreign(sample); what != "" {
		return "", fmt.Errorf("%s: %s", path, what)
	}
	switch {
	case asked == "jsonl":
		return "jsonl", nil
	case asked == "csv" || asked == "tsv":
		return "csv", nil
	case isJSON(sample):
		return "jsonl", nil
	}
	return "csv", nil
}

// peek returns the first bytes of a regular file, unpacked when it is gzip.
func peek(path string) (sample []byte, err error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	from := bufio.NewReader(file)
	var text io.Reader = from
	if magic, _ := from.Peek(2); string(magic) == "\x1f\x8b" {
		if text, err = gzip.NewReader(from); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(io.LimitReader(text, sampleBytes))
}

// isJSON reports whether the text begins as JSON does: with an object, or with
// an array of objects, which package jsonl then explains.
func isJSON(sample []byte) bool {
	text := bytes.TrimLeft(bytes.TrimPrefix(sample, []byte("\ufeff")), " \t\r\n")
	if len(text) == 0 {
		return false
	}
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	switch text[0] {
	case '{':
		return len(rest) > 0 && (rest[0] == '"' || rest[0] == '}')
	case '[':
		return len(rest) > 0 && rest[0] == '{'
	}
	return false
}

// signatures are the first bytes of files that people mistake for tables.
func signatures() []struct {
	at          int
	magic, what string
} {
	const picture = "is a picture, not a table"
	const packed = ": unpack it first, or pack it with gzip"
	return []struct {
		at          int
		magic, what string
	}{
		{0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "is an old Excel workbook or another Office file: save it as CSV (UTF-8)"},
		{0, "\x89PNG\r\n\x1a\n", picture},
		{0, "\xFF\xD8\xFF", picture},
		{0, "GIF87a", picture},
		{0, "GIF89a", picture},
		{0, "%PDF-", "is a PDF document: export the table as CSV"},
		{0, "\x7FELF", "is a program, not a table"},
		{0, "SQLite format 3\x00", "is an SQLite database: export its tables as CSV"},
		{8, "DUCK", "is a DuckDB database: export its tables as Parquet or CSV (COPY ... TO)"},
		{0, "\xFF\xFE\x00\x00", "is UTF-32 text: save it as UTF-8"},
		{0, "\x00\x00\xFE\xFF", "is UTF-32 text: save it as UTF-8"},
		{0, "\xFF\xFE", "is UTF-16 text: save it as UTF-8"},
		{0, "\xFE\xFF", "is UTF-16 text: save it as UTF-8"},
		{0, "\x28\xB5\x2F\xFD", "is a zstd file" + packed},
		{0, "\xFD7zXZ\x00", "is an xz file" + packed},
		{0, "7z\xBC\xAF\x27\x1C", "is a 7z archive" + packed},
		{0, "Rar!\x1a\x07", "is a RAR archive" + packed},
		{4, "1AY&SY", "is a bzip2 file" + packed},
		{0, "\x1f\x8b", "is gzip inside gzip: unpack it once"},
		{0, "Obj\x01", "is an Avro file: convert it to Parquet or CSV"},
		{0, "ARROW1\x00\x00", "is an Arrow file: convert it to Parquet or CSV"},
		{257, "ustar", "is a tar archive: unpack it first"},
	}
}

// foreign says what a file is that is not a table of text, "" when it may be one.
func foreign(sample []byte) string {
	if bytes.HasPrefix(sample, []byte("PK\x03\x04")) {
		if bytes.Contains(sample, []byte("[Content_Types].xml")) || bytes.Contains(sample, []byte("xl/")) {
			return "is an Excel workbook (or another Office file): save it as CSV (UTF-8)"
		}
		return "is a ZIP archive: unpack it first"
	}
	for _, s := range signatures() {
		if len(sample) > s.at && bytes.HasPrefix(sample[s.at:], []byte(s.magic)) {
			return s.what
		}
	}
	head := strings.ToLower(string(bytes.TrimSpace(bytes.TrimPrefix(sample[:min(len(sample), 200)], []byte("\ufeff")))))
	switch {
	case strings.HasPrefix(head, "<!doctype html"), strings.HasPrefix(head, "<html"), strings.HasPrefix(head, "<table"):
		return "is an HTML page (some shops name it .xls): open it in a spreadsheet and save it as CSV (UTF-8)"
	case strings.HasPrefix(head, "<?xml"):
		return "is an XML file: save it as CSV"
	}
	return binary(sample)
}

// binary says what is wrong with a sample of which much is not text. A few NUL
// bytes are let pass: the reader rejects their rows.
func binary(sample []byte) string {
	zeros, even, control := 0, 0, 0
	for i, c := range sample {
		switch {
		case c == 0:
			zeros++
			even += (i + 1) % 2
		case c < 0x20 && (c < '\t' || c > '\r') && c != 0x1a && c != 0x1b:
			control++
		}
	}
	switch {
	case 3*zeros > len(sample) && (even == 0 || even == zeros):
		return "is UTF-16 text without a mark: save it as UTF-8"
	case 20*(zeros+control) > len(sample):
		return "is not text: it may be a program, a picture or an archive"
	}
	return ""
}
