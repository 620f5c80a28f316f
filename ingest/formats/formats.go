// Package formats finds out what a file is and opens it with the reader that
// can read it. A file of a folder whose names say key=value, as Hive and Spark
// write them, gets those as columns.
package formats

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"clientele/ingest"
	"clientele/ingest/csv"
	"clientele/ingest/jsonl"
	"clientele/ingest/parquet"
	"clientele/ingest/xlsx"
)

var _ ingest.OpenFunc = Open

// sampleBytes is how much of a file is looked at.
const sampleBytes = 64 << 10

// Open opens the file at path: by Options.Format when that is set, else by what
// its first bytes are, unpacked when it is gzip or zstd; a name says nothing that
// the bytes do not say better. A file of another kind is an error of one line that
// names the kind and says what to do. Below Options.Root, folders named key=value
// add columns: see Partitions.
func Open(path string, opt ingest.Options) (ingest.Reader, ingest.Detected, error) {
	r, found, err := open(path, opt)
	if err != nil {
		return nil, ingest.Detected{}, err
	}
	keys := Partitions(opt.Root, path)
	if len(keys) == 0 {
		return r, found, nil
	}
	p := partitioned(r, keys)
	found.Notes = p.Notes()
	return p, found, nil
}

func open(path string, opt ingest.Options) (ingest.Reader, ingest.Detected, error) {
	format, err := formatOf(path, opt)
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
	case "xlsx":
		r, err := xlsx.Open(path, opt)
		if err != nil {
			return nil, ingest.Detected{}, err
		}
		return r, ingest.Detected{Format: format, Notes: r.Notes()}, nil
	case "json":
		r, err := jsonl.Open(path, opt)
		if err != nil {
			return nil, ingest.Detected{}, err
		}
		if r.Lines() {
			format = "jsonl"
		}
		return r, ingest.Detected{Format: format, Encoding: r.Encoding(), Notes: r.Notes()}, nil
	}
	r, err := csv.Open(path, opt)
	if err != nil {
		return nil, ingest.Detected{}, err
	}
	return r, ingest.Detected{Format: "csv", Encoding: r.Encoding(), Delimiter: r.Delimiter(), Notes: r.Notes()}, nil
}

// formatOf is the format asked for, or the one found: csv, json, parquet or xlsx.
func formatOf(path string, opt ingest.Options) (string, error) {
	asked := opt.Format
	switch asked {
	case "parquet", "xlsx":
		return asked, nil
	case "auto":
		asked = ""
	case "", "csv", "tsv", "json", "jsonl":
	default:
		return "", fmt.Errorf("format %q is not known: use auto, csv, tsv, json, jsonl, parquet or xlsx", asked)
	}
	sample, err := peek(path)
	if err != nil {
		sample = nil // the reader meets the same error and says in its own words what it is
	}
	for _, binary := range []struct{ magic, format, what string }{
		{"PAR1", "parquet", "a Parquet file"}, {"PARE", "parquet", "a Parquet file"},
		{"PK\x03\x04", "xlsx", "an Excel workbook or a ZIP archive"}, {"PK\x05\x06", "xlsx", "an empty ZIP archive"},
		{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "xlsx", "an Excel workbook or another Office file"},
	} {
		switch {
		case !bytes.HasPrefix(sample, []byte(binary.magic)):
		case asked == "":
			return binary.format, nil
		default:
			return "", fmt.Errorf("%s: is %s, not %s", path, binary.what, asked)
		}
	}
	if what := foreign(sample, opt.Encoding); what != "" {
		return "", fmt.Errorf("%s: %s", path, what)
	}
	switch {
	case asked == "json" || asked == "jsonl":
		return "json", nil
	case asked == "" && isJSON(csv.Text(sample)):
		return "json", nil
	}
	return "csv", nil
}

// peek returns the first bytes of a regular file, unpacked when it is gzip or zstd.
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
	switch magic, _ := from.Peek(4); {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		if text, err = gzip.NewReader(from); err != nil {
			return nil, err
		}
	case string(magic) == "\x28\xb5\x2f\xfd":
		d, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer d.Close()
		text = d
	}
	return io.ReadAll(io.LimitReader(text, sampleBytes))
}

// isJSON reports whether the text begins as JSON does: with an object, or with
// an array of objects.
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
		return len(rest) > 0 && (rest[0] == '{' || rest[0] == ']' || rest[0] == '[')
	}
	return false
}

// signatures are the first bytes of files that people mistake for tables.
func signatures() []struct {
	at          int
	magic, what string
} {
	const picture = "is a picture, not a table"
	const packed = ": unpack it first, or pack it with gzip or zstd"
	return []struct {
		at          int
		magic, what string
	}{
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
		{0, "\x28\xB5\x2F\xFD", "is packed twice: unpack it once"},
		{0, "\xFD7zXZ\x00", "is an xz file" + packed},
		{0, "7z\xBC\xAF\x27\x1C", "is a 7z archive" + packed},
		{0, "Rar!\x1a\x07", "is a RAR archive" + packed},
		{4, "1AY&SY", "is a bzip2 file" + packed},
		{0, "\x1f\x8b", "is packed twice: unpack it once"},
		{0, "Obj\x01", "is an Avro file: convert it to Parquet or CSV"},
		{0, "ARROW1\x00\x00", "is an Arrow file: convert it to Parquet or CSV"},
		{257, "ustar", "is a tar archive: unpack it first"},
	}
}

// foreign says what a file is that is not a table of text, "" when it may be one.
func foreign(sample []byte, encoding string) string {
	for _, s := range signatures() {
		if len(sample) > s.at && bytes.HasPrefix(sample[s.at:], []byte(s.magic)) {
			return s.what
		}
	}
	text := csv.Text(sample)
	head := strings.ToLower(string(bytes.TrimSpace(bytes.TrimPrefix(text[:min(len(text), 200)], []byte("\ufeff")))))
	switch {
	case strings.HasPrefix(head, "<!doctype html"), strings.HasPrefix(head, "<html"), strings.HasPrefix(head, "<table"):
		return "is an HTML page (some shops name it .xls): open it in a spreadsheet and save it as CSV (UTF-8)"
	case strings.HasPrefix(head, "<?xml"):
		return "is an XML file: save it as CSV"
	}
	if strings.HasPrefix(strings.ToLower(encoding), "utf-16") {
		return "" // whose half is zeros
	}
	return binary(text)
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
		return "looks like UTF-16 text without a mark: name its encoding, utf-16le or utf-16be, or save it as UTF-8"
	case 20*(zeros+control) > len(sample):
		return "is not text: it may be a program, a picture or an archive"
	}
	return ""
}
