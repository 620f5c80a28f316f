package formats

import (
	"archive/zip"
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	pq "github.com/parquet-go/parquet-go"
	"golang.org/x/text/encoding/simplifiedchinese"

	"clientele/ingest"
)

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func packed(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func parquetFile(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := pq.Write(&out, []struct {
		ID  string `parquet:"id"`
		Net int64  `parquet:"net"`
	}{{"C1", 1}}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The content decides, not the name.
func TestOpen(t *testing.T) {
	table := parquetFile(t)
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("客户编号;金额\nC1;5\nC2;7\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		in     []byte
		opt    ingest.Options
		want   ingest.Detected
		header string
	}{
		{"a.csv", []byte("id,net\nC1,5\n"), ingest.Options{}, ingest.Detected{Format: "csv", Encoding: "utf-8", Delimiter: ","}, "id net"},
		{"a.txt", []byte("id\tnet\nC1\t5\n"), ingest.Options{}, ingest.Detected{Format: "csv", Encoding: "utf-8", Delimiter: "\t"}, "id net"},
		{"a.tsv", []byte("id\tnet,x\nC1\t5\n"), ingest.Options{Format: "tsv"}, ingest.Detected{Format: "csv", Encoding: "utf-8", Delimiter: "\t"}, "id net,x"},
		{"a.csv", gb, ingest.Options{Format: "auto", Encoding: "auto", Delimiter: "auto"}, ingest.Detected{Format: "csv", Encoding: "gb18030", Delimiter: ";"}, "客户编号 金额"},
		{"a.csv.gz", packed(t, gb), ingest.Options{}, ingest.Detected{Format: "csv", Encoding: "gb18030", Delimiter: ";"}, "客户编号 金额"},
		{"a.csv", []byte(" \n{\"id\":1,\"net\":2}\n"), ingest.Options{}, ingest.Detected{Format: "jsonl", Encoding: "utf-8"}, "id net"},
		{"a.jsonl.gz", packed(t, []byte("\ufeff{\"id\":1,\"net\":2}")), ingest.Options{}, ingest.Detected{Format: "jsonl", Encoding: "utf-8"}, "id net"},
		{"a", []byte("{\"id\":1,\"net\":2}\n"), ingest.Options{Format: "jsonl"}, ingest.Detected{Format: "jsonl", Encoding: "utf-8"}, "id net"},
		{"a.csv", []byte("{id},net\nC1,5\n"), ingest.Options{}, ingest.Detected{Format: "csv", Encoding: "utf-8", Delimiter: ","}, "{id} net"},
		{"a.csv", table, ingest.Options{}, ingest.Detected{Format: "parquet"}, "id net"},
		{"a.parquet", table, ingest.Options{Format: "parquet"}, ingest.Detected{Format: "parquet"}, "id net"},
		{"a.csv.gz", packed(t, table), ingest.Options{}, ingest.Detected{Format: "parquet", Notes: []string{"unpacked to a temporary file"}}, "id net"},
		{"a.parquet.gz", packed(t, table), ingest.Options{Format: "parquet"}, ingest.Detected{Format: "parquet", Notes: []string{"unpacked to a temporary file"}}, "id net"},
		{"a.csv", []byte("id,net\nC\x001,5\nC2,7\nlonger row of text to make one NUL a small part of it all,7\n"), ingest.Options{}, ingest.Detected{Format: "csv", Encoding: "utf-8", Delimiter: ","}, "id net"},
	} {
		r, got, err := Open(write(t, c.name, c.in), c.opt)
		if err != nil {
			t.Errorf("%s %.20q: %v", c.name, c.in, err)
			continue
		}
		if got.Format != c.want.Format || got.Encoding != c.want.Encoding || got.Delimiter != c.want.Delimiter || !slices.Equal(got.Notes, c.want.Notes) {
			t.Errorf("%s %.20q: found %+v, want %+v", c.name, c.in, got, c.want)
		}
		if header := strings.Join(r.Header(), " "); header != c.header {
			t.Errorf("%s: header %q", c.name, header)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func utf16le(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// Files of other kinds: one clear line that begins with the path.
func TestForeign(t *testing.T) {
	var workbook, archive bytes.Buffer
	for out, name := range map[*bytes.Buffer]string{&workbook: "xl/workbook.xml", &archive: "orders.csv"} {
		w := zip.NewWriter(out)
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte("id,net\n")); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	long := make([]byte, 200_000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range long {
		long[i] = byte(random.Uint32())
	}
	noise := bytes.Clone(long[:5000])
	noise[0] = 1
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "linux" {
		self = []byte("\x7FELF\x02\x01\x01\x00")
	}
	table := parquetFile(t)
	for _, c := range []struct {
		name, want string
		in         []byte
		opt        ingest.Options
	}{
		{"empty", "is empty", nil, ingest.Options{}},
		{"empty inside", "is empty", packed(t, nil), ingest.Options{}},
		{"workbook", "is an Excel workbook", workbook.Bytes(), ingest.Options{}},
		{"workbook called csv", "is an Excel workbook", workbook.Bytes(), ingest.Options{Format: "csv"}},
		{"zip", "is a ZIP archive: unpack it first", archive.Bytes(), ingest.Options{}},
		{"xls", "is an old Excel workbook", []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest"), ingest.Options{}},
		{"html", "is an HTML page", []byte("<html><table><tr><td>id</td></tr></table></html>"), ingest.Options{}},
		{"xml", "is an XML file", []byte("<?xml version=\"1.0\"?><a/>"), ingest.Options{}},
		{"png", "is a picture", []byte("\x89PNG\r\n\x1a\n0000"), ingest.Options{}},
		{"jpeg", "is a picture", []byte("\xFF\xD8\xFF\xE000"), ingest.Options{}},
		{"pdf", "is a PDF document", []byte("%PDF-1.7\n"), ingest.Options{}},
		{"program", "is a program", self, ingest.Options{}},
		{"sqlite", "is an SQLite database", []byte("SQLite format 3\x00rest"), ingest.Options{}},
		{"duckdb", "is a DuckDB database", []byte("12345678DUCK0000"), ingest.Options{}},
		{"utf-16", "is UTF-16 text: save it as UTF-8", append([]byte("\xFF\xFE"), utf16le("id,net\n1,2\n")...), ingest.Options{}},
		{"utf-16 bare", "is UTF-16 text without a mark", utf16le("id,net\n1,2\n"), ingest.Options{}},
		{"zstd", "is a zstd file", []byte("\x28\xB5\x2F\xFDxxxx"), ingest.Options{}},
		{"gzip twice", "is gzip inside gzip", packed(t, packed(t, []byte("id,net\n1,2\n"))), ingest.Options{}},
		{"noise", "is not text", noise, ingest.Options{}},
		{"packed parquet as csv", "is a Parquet file, not csv", packed(t, table), ingest.Options{Format: "csv"}},
		{"packed csv as parquet", "is not a Parquet file", packed(t, []byte("id,net\nC1,5\n")), ingest.Options{Format: "parquet"}},
		{"cut packed parquet", "the gzip file is cut off before its end", packed(t, table)[:200], ingest.Options{}},
		{"cut packed parquet, called so", "the gzip file is cut off before its end", packed(t, table)[:200], ingest.Options{Format: "parquet"}},
		{"long cut packed parquet", "the gzip file is cut off before its end", packed(t, append([]byte("PAR1"), long...))[:150_000], ingest.Options{}},
		{"packed cut parquet", "the Parquet file is cut off before its end", packed(t, table[:len(table)-5]), ingest.Options{}},
		{"parquet as csv", "is a Parquet file, not csv", table, ingest.Options{Format: "csv"}},
		{"csv as parquet", "is not a Parquet file", []byte("id,net\nC1,5\nC2,5\n"), ingest.Options{Format: "parquet"}},
		{"cut parquet", "the Parquet file is cut off before its end", table[:len(table)-5], ingest.Options{}},
		{"json array", "is not JSON lines: it is a JSON array", []byte("[\n {\"id\":1}\n]\n"), ingest.Options{}},
		{"cut gzip", "the gzip file is cut off before its end", packed(t, noise)[:300], ingest.Options{}},
		{"half a gzip header", "the gzip file is cut off before its end", []byte("\x1f\x8b\x08"), ingest.Options{}},
	} {
		path := write(t, "x.csv", c.in)
		r, _, err := Open(path, c.opt)
		if err == nil {
			r.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), path+": "+c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	hidden := write(t, "hidden.csv", []byte("a,b\n"))
	if err := os.Chmod(hidden, 0); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.csv"): "no such file",
		dir:                            "is a folder, not a file",
		os.DevNull:                     "is not a regular file",
		hidden:                         "permission denied",
	} {
		if path == hidden && os.Getuid() == 0 {
			continue // root may read everything
		}
		for _, format := range []string{"", "csv", "parquet"} {
			if _, _, err := Open(path, ingest.Options{Format: format}); err == nil || err.Error() != path+": "+want {
				t.Errorf("%s as %q: %v, want %s", path, format, err, want)
			}
		}
	}
	if _, _, err := Open(hidden, ingest.Options{Format: "xlsx"}); err == nil || !strings.Contains(err.Error(), `format "xlsx" is not known`) {
		t.Errorf("unknown format: %v", err)
	}
}

// The public data sets open, whole: no row is bad.
func TestPublicFiles(t *testing.T) {
	files, err := filepath.Glob("../../../shared/data/*.csv*")
	if err != nil || len(files) == 0 {
		t.Skip("the public data sets are not here")
	}
	for _, path := range files {
		r, got, err := Open(path, ingest.Options{})
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if got.Format != "csv" || got.Encoding != "utf-8" || got.Delimiter != "," || len(got.Notes) > 0 {
			t.Errorf("%s: %+v", path, got)
		}
		for {
			p, err := r.Next()
			if err != nil {
				break
			}
			b, err := p.Parse()
			if err != nil || len(b.Bad) > 0 {
				t.Fatalf("%s: %v %+v", path, err, b.Bad)
			}
			b.Release()
		}
		r.Close()
	}
}

// A key that comes after the lines that make the columns is noted after loading.
func TestLateKeysAreNoted(t *testing.T) {
	line := []byte(`{"customer_id":"C1","date":"2024-01-31","net":1}` + "\n")
	in := append(bytes.Repeat(line, 1001), `{"customer_id":"C2","date":"2024-02-01","net":2,"coupon":"X"}`...)
	f, err := ingest.Open(t.Context(), write(t, "orders.jsonl", in), ingest.Options{Kind: "orders"}, Open)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	if err := f.Load(t.Context(), func(c *ingest.Chunk) error { rows += c.Table.Rows(); return nil }); err != nil {
		t.Fatal(err)
	}
	want := []string{`key "coupon" is not in the first 1000 lines and was left out of 1 lines`}
	if rows != 1002 || !slices.Equal(f.Notes, want) {
		t.Errorf("%d rows, notes %q, want %q", rows, f.Notes, want)
	}
}

// A gzipped Parquet file loads like any other.
func TestLoadPackedParquet(t *testing.T) {
	var out bytes.Buffer
	type order struct {
		Customer string `parquet:"customer_id"`
		Date     string `parquet:"date"`
		Net      int64  `parquet:"net"`
	}
	if err := pq.Write(&out, []order{{"C1", "1/22/2024", 1}, {"C2", "1/2/2024", 2}}); err != nil { // dates that are looked at twice
		t.Fatal(err)
	}
	f, err := ingest.Open(t.Context(), write(t, "orders.parquet.gz", packed(t, out.Bytes())), ingest.Options{Kind: "orders"}, Open)
	if err != nil {
		t.Fatal(err)
	}
	var days []int32
	if err := f.Load(t.Context(), func(c *ingest.Chunk) error {
		days = append(days, c.Table.Dates("ordered_on")...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []int32{19744, 19724}; !slices.Equal(days, want) { // date -d 2024-01-22 +%s, divided by 86400
		t.Errorf("days are %v, want %v", days, want)
	}
	if want := []string{"unpacked to a temporary file", `column "date": dates read as month/day/year`}; f.Format != "parquet" || !slices.Equal(f.Notes, want) {
		t.Errorf("%s, notes %q, want %q", f.Format, f.Notes, want)
	}
}
