package formats

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"
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

func zstdPacked(t *testing.T, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

// workbook is a sheet with a header and a row of numbers.
func workbook(t *testing.T, header ...string) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	row := make([]any, len(header))
	for i := range row {
		row[i] = i + 1
	}
	if err := errors.Join(f.SetSheetRow("Sheet1", "A1", &header), f.SetSheetRow("Sheet1", "A2", &row)); err != nil {
		t.Fatal(err)
	}
	out, err := f.WriteToBuffer()
	if err != nil {
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
	table, book := parquetFile(t), workbook(t, "id", "net")
	objects := []string{"rows are the objects of the file, numbered from 1"}
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
		{"a.csv.zst", zstdPacked(t, gb), ingest.Options{}, ingest.Detected{Format: "csv", Encoding: "gb18030", Delimiter: ";"}, "客户编号 金额"},
		{"a.zst", zstdPacked(t, []byte("{\"id\":1,\"net\":2}\n{\"id\":2}\n")), ingest.Options{}, ingest.Detected{Format: "jsonl", Encoding: "utf-8"}, "id net"},
		{"a.parquet.zst", zstdPacked(t, table), ingest.Options{}, ingest.Detected{Format: "parquet", Notes: []string{"unpacked to a temporary file"}}, "id net"},
		{"a.csv", book, ingest.Options{}, ingest.Detected{Format: "xlsx"}, "id net"},
		{"a.xlsx", book, ingest.Options{Format: "xlsx"}, ingest.Detected{Format: "xlsx"}, "id net"},
		{"a.xlsx.gz", packed(t, book), ingest.Options{}, ingest.Detected{Format: "xlsx", Notes: []string{"unpacked to a temporary file"}}, "id net"},
		{"a.xlsx.zst", zstdPacked(t, book), ingest.Options{Format: "xlsx"}, ingest.Detected{Format: "xlsx", Notes: []string{"unpacked to a temporary file"}}, "id net"},
		{"a.txt", append([]byte("\xFF\xFE"), utf16le("编号;net\r\n1;2\r\n")...), ingest.Options{}, ingest.Detected{Format: "csv", Encoding: "utf-16le", Delimiter: ";"}, "编号 net"},
		{"a.txt", utf16le("id,net\n1,2\n"), ingest.Options{}, ingest.Detected{Format: "csv", Encoding: "utf-16le", Delimiter: ","}, "id net"},
		{"a.txt.gz", packed(t, utf16le("id,net\n1,2\n")), ingest.Options{Encoding: "utf-16"}, ingest.Detected{Format: "csv", Encoding: "utf-16le", Delimiter: ","}, "id net"},
		{"a.txt", utf16le("id,net"), ingest.Options{Encoding: "utf-16le"}, ingest.Detected{Format: "csv", Encoding: "utf-16le", Delimiter: ","}, "id net"},
		{"a.json", append([]byte("\xFF\xFE"), utf16le("[{\"id\":1,\n\"net\":2}]")...), ingest.Options{}, ingest.Detected{Format: "json", Encoding: "utf-16le", Notes: objects}, "id net"},
		{"a.json", []byte("[\n {\"id\":1,\"net\":2}\n]\n"), ingest.Options{}, ingest.Detected{Format: "json", Encoding: "utf-8", Notes: objects}, "id net"},
		{"a.json", []byte("{\"orders\":[\n {\"id\":1,\"net\":2}\n]}\n"), ingest.Options{Format: "json"}, ingest.Detected{Format: "json", Encoding: "utf-8", Notes: []string{`rows are the elements of "orders", numbered from 1`}}, "id net"},
		{"a.csv", []byte("n\xe9,net\nZo\xeb,1\n"), ingest.Options{Encoding: "latin-1"}, ingest.Detected{Format: "csv", Encoding: "windows-1252", Delimiter: ","}, "né net"},
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
	var broken, archive bytes.Buffer
	for out, name := range map[*bytes.Buffer]string{&broken: "xl/workbook.xml", &archive: "orders.csv"} {
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
		{"broken workbook", "the workbook is damaged: ", broken.Bytes(), ingest.Options{}},
		{"workbook called csv", "is an Excel workbook or a ZIP archive, not csv", workbook(t, "id"), ingest.Options{Format: "csv"}},
		{"zip", "is a ZIP archive, not a workbook: unpack it first", archive.Bytes(), ingest.Options{}},
		{"csv called xlsx", "is not an Excel workbook (.xlsx)", []byte("id,net\n1,2\n"), ingest.Options{Format: "xlsx"}},
		{"packed csv called xlsx", "is not an Excel workbook (.xlsx)", packed(t, []byte("id,net\n1,2\n")), ingest.Options{Format: "xlsx"}},
		{"xls", "is an old Excel workbook", []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest"), ingest.Options{}},
		{"html", "is an HTML page", []byte("<html><table><tr><td>id</td></tr></table></html>"), ingest.Options{}},
		{"xml", "is an XML file", []byte("<?xml version=\"1.0\"?><a/>"), ingest.Options{}},
		{"png", "is a picture", []byte("\x89PNG\r\n\x1a\n0000"), ingest.Options{}},
		{"jpeg", "is a picture", []byte("\xFF\xD8\xFF\xE000"), ingest.Options{}},
		{"pdf", "is a PDF document", []byte("%PDF-1.7\n"), ingest.Options{}},
		{"program", "is a program", self, ingest.Options{}},
		{"sqlite", "is an SQLite database", []byte("SQLite format 3\x00rest"), ingest.Options{}},
		{"duckdb", "is a DuckDB database", []byte("12345678DUCK0000"), ingest.Options{}},
		{"utf-32", "is UTF-32 text", []byte("\xFF\xFE\x00\x00a\x00\x00\x00"), ingest.Options{}},
		{"utf-16 bare, one line", "looks like UTF-16 text without a mark: name its encoding", utf16le("id,net"), ingest.Options{}},
		{"zstd", "the zstd file is damaged", []byte("\x28\xB5\x2F\xFDxxxx"), ingest.Options{}},
		{"zstd cut", "the zstd file is cut off before its end", zstdPacked(t, noise)[:3000], ingest.Options{}},
		{"zstd of nothing", "is empty", zstdPacked(t, nil), ingest.Options{}},
		{"gzip twice", "is packed twice", packed(t, packed(t, []byte("id,net\n1,2\n"))), ingest.Options{}},
		{"zstd in gzip", "is packed twice", packed(t, zstdPacked(t, []byte("id,net\n1,2\n"))), ingest.Options{}},
		{"password", "is protected by a password: save a copy without one", append([]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), utf16le("EncryptedPackage")...), ingest.Options{}},
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
		{"array of arrays", "is a JSON array of something else than objects", []byte("[\n [1]\n]\n"), ingest.Options{}},
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
	if _, _, err := Open(hidden, ingest.Options{Format: "xls"}); err == nil || !strings.Contains(err.Error(), `format "xls" is not known: use auto, csv, tsv, json, jsonl, parquet or xlsx`) {
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

// A key that comes late is a column as well.
func TestLateKeys(t *testing.T) {
	line := []byte(`{"customer_id":"C1","date":"2024-01-31","net":1}` + "\n")
	in := append(bytes.Repeat(line, 100_001), `{"customer_id":"C2","date":"2024-02-01","net":2,"coupon":"X"}`...)
	f, err := ingest.Open(t.Context(), write(t, "orders.jsonl", in), ingest.Options{Kind: "orders"}, Open)
	if err != nil {
		t.Fatal(err)
	}
	coupons := 0
	if err := f.Load(t.Context(), func(c *ingest.Chunk) error {
		for r := range c.Table.Rows() {
			if coupon := c.Table.Column("coupon"); !coupon.Missing(r) {
				coupons++
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if coupons != 1 || len(f.Notes) > 0 {
		t.Errorf("%d coupons, notes %q", coupons, f.Notes)
	}
}

// A bomb of any packing and format stops at what the file may hold.
func TestBombs(t *testing.T) {
	long := bytes.Repeat([]byte("C1,5\n"), 1<<18)
	csv := append([]byte("id,net\n"), long...)
	json := append([]byte("[{\"id\":1,\"net\":1}"), bytes.Repeat([]byte(",{\"id\":2}"), 1<<17)...)
	for name, in := range map[string][]byte{
		"csv.gz": packed(t, csv), "csv.zst": zstdPacked(t, csv), "json.gz": packed(t, json), "json.zst": zstdPacked(t, json),
		"utf-16.gz": packed(t, utf16le(string(csv))), "parquet.zst": zstdPacked(t, append(parquetFile(t)[:100], make([]byte, 1<<20)...)),
	} {
		path := write(t, name, in)
		r, _, err := Open(path, ingest.Options{Expand: 1 << 20})
		for err == nil {
			var p ingest.Piece
			if p, err = r.Next(); err == nil {
				_, err = p.Parse()
			}
		}
		if r != nil {
			r.Close()
		}
		if !strings.HasPrefix(err.Error(), path+": holds more than 1024 KB in ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Without being told, a packed file may hold a gigabyte, and a large one 200 times its
// size, which gzip can exceed: it is read up to there and refused, and what is held in
// memory does not grow.
func TestBombToItsEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("reads gigabytes")
	}
	row := []byte("C1,2024-01-31,5.00," + strings.Repeat("x", 100) + "\n")
	member := packed(t, bytes.Repeat(row, 1<<20/len(row)))
	bytesOf := int64(1 << 20 / len(row) * len(row))
	header := packed(t, []byte("id,date,net,note\n"))
	n := 6<<20/int64(len(member)) + 1
	path := write(t, "bomb.csv.gz", append(slices.Clone(header), bytes.Repeat(member, int(n))...))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	limit := max(1<<30, 200*info.Size())
	if n*bytesOf < limit+limit/20 {
		t.Fatalf("%d bytes in %d are no bomb", n*bytesOf, info.Size())
	}
	r, _, err := Open(path, ingest.Options{})
	rows, most := int64(0), uint64(0)
	for i := 0; err == nil; i++ {
		var p ingest.Piece
		if p, err = r.Next(); err != nil {
			break
		}
		b, e := p.Parse()
		if e != nil {
			t.Fatal(e)
		}
		rows += int64(b.Rows())
		if b.Release != nil {
			b.Release()
		}
		if i%64 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
	}
	r.Close()
	if err == io.EOF || !strings.HasPrefix(err.Error(), path+": holds more than ") {
		t.Errorf("%v", err)
	}
	if read := rows * int64(len(row)); read > limit || read < limit-limit/20 {
		t.Errorf("%d bytes of rows were read, the limit is %d", read, limit)
	}
	if most > 256<<20 {
		t.Errorf("%d MB in memory", most>>20)
	}
}

// A sheet loads like any other file: dates by their style, an id that has lost
// digits refused with its row.
func TestLoadWorkbook(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	err = errors.Join(err,
		f.SetSheetRow("Sheet1", "A1", &[]any{"Orders of the shop"}),
		f.SetSheetRow("Sheet1", "A3", &[]any{"order_id", "customer_id", "date", "amount"}),
		f.SetSheetRow("Sheet1", "A4", &[]any{1001, "C1", 45292, 12.5}),
		f.SetSheetRow("Sheet1", "A5", &[]any{123456789012345678, "C1", 45293, 1}),
		f.SetSheetRow("Sheet1", "A6", &[]any{"123456789012345678", "C2", "2024-01-03", 1}),
		f.SetCellStyle("Sheet1", "C4", "C5", day))
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, "orders.xlsx", out.Bytes())
	r, found, err := Open(path, ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"the header was found in row 3"}; found.Format != "xlsx" || !slices.Equal(found.Notes, want) {
		t.Errorf("%+v", found)
	}
	p, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Parse()
	if err != nil {
		t.Fatal(err)
	}
	var cells []string
	for i := range b.Rows() {
		for c := range b.Columns {
			cell, _ := b.Cell(i, c)
			cells = append(cells, string(cell))
		}
	}
	want := "1001 C1 2024-01-01 12.5 1.2345678901234568E+17 C1 2024-01-02 1 123456789012345678 C2 2024-01-03 1"
	if got := strings.Join(cells, " "); got != want || !slices.Equal(b.Lines, []int64{4, 5, 6}) {
		t.Errorf("%v %s", b.Lines, got)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	orders, err := ingest.Open(t.Context(), path, ingest.Options{Kind: "orders"}, Open)
	if err != nil {
		t.Fatal(err)
	}
	err = orders.Load(t.Context(), func(*ingest.Chunk) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "are numbers in the workbook and have lost digits (rows 5): export again with the column as text") {
		t.Errorf("%v", err)
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
