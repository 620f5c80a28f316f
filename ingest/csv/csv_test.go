package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"clientele/ingest"
)

// result is everything a reader says about a file.
type result struct {
	header []string
	rows   [][]string
	lines  []int64
	raw    []string
	bad    []ingest.Reject
}

func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readAll reads a file in pieces of the given size, releasing every block at once.
func readAll(path string, opt ingest.Options, piece, limit int) (res result, err error) {
	r, err := open(path, opt, piece, limit)
	if err != nil {
		return res, err
	}
	defer r.Close()
	res.header = r.Header()
	for {
		p, err := r.Next()
		if err == io.EOF {
			return res, nil
		}
		if err != nil {
			return res, err
		}
		b, err := p.Parse()
		if err != nil {
			return res, err
		}
		for i := range b.Rows() {
			row := make([]string, b.Columns)
			for c := range row {
				cell, ok := b.Cell(i, c)
				if !ok {
					return res, fmt.Errorf("line %d: a cell of CSV is absent", b.Lines[i])
				}
				row[c] = string(cell)
			}
			res.rows = append(res.rows, row)
			res.raw = append(res.raw, b.Raw(i))
		}
		res.lines = append(res.lines, b.Lines...)
		res.bad = append(res.bad, b.Bad...)
		b.Release()
	}
}

func TestRead(t *testing.T) {
	cases := []struct {
		name, in string
		opt      ingest.Options
		header   []string
		rows     [][]string
		lines    []int64
		bad      []string // line: reason: raw
	}{
		{name: "plain", in: "a,b\n1,2\n3,4\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {"3", "4"}}, lines: []int64{2, 3}},
		{name: "no last line end", in: "a,b\n1,2\n3,", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {"3", ""}}, lines: []int64{2, 3}},
		{name: "crlf and lf mixed", in: "a,b\r\n1,2\n3,4\r\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {"3", "4"}}, lines: []int64{2, 3}},
		{name: "carriage return at the end", in: "a,b\n1,2\r", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}, lines: []int64{2}},
		{name: "carriage return inside", in: "a,b\n1,x\ry\n", header: []string{"a", "b"}, rows: [][]string{{"1", "x\ry"}}, lines: []int64{2}},
		{name: "old Mac", in: "a,b\r1,2\r\r3,\"x\ny\"\r5,6", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {"3", "x\ny"}, {"5", "6"}}, lines: []int64{2, 4, 5}},
		{name: "byte order mark", in: "\ufeffa,b\n1,2\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}, lines: []int64{2}},
		{name: "quotes", in: "a,b\n\"1,\"\"x\"\"\",\"\"\n\"p\nq\r\nr\",2\n5,6\n", header: []string{"a", "b"},
			rows: [][]string{{`1,"x"`, ""}, {"p\nq\r\nr", "2"}, {"5", "6"}}, lines: []int64{2, 3, 6}},
		{name: "quote inside a cell", in: "a,b\n5\" pipe,2\nx\"\"y,\"z\"\n", header: []string{"a", "b"}, rows: [][]string{{`5" pipe`, "2"}, {`x""y`, "z"}}, lines: []int64{2, 3}},
		{name: "quoted crlf", in: "a,b\r\n\"1\",\"2\"\r\n\"3\",\"4\"\r", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {"3", "4"}}, lines: []int64{2, 3}},
		{name: "quoted header with line end", in: "\"a\nx\",b\n1,2\n", header: []string{"a\nx", "b"}, rows: [][]string{{"1", "2"}}, lines: []int64{3}},
		{name: "empty lines", in: "\n\na,b\n\n1,2\n\r\n\n3,4\n\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {"3", "4"}}, lines: []int64{5, 8}},
		{name: "one column", in: "a\n1\n\n\"\"\n2", header: []string{"a"}, rows: [][]string{{"1"}, {""}, {"2"}}, lines: []int64{2, 4, 5}},
		{name: "header only", in: "a,b\n", header: []string{"a", "b"}},
		{name: "names twice and empty", in: "a,,a\n1,2,3\n", header: []string{"a", "", "a"}, rows: [][]string{{"1", "2", "3"}}, lines: []int64{2}},
		{name: "tabs", in: "a\tb,c\n1\t2,5\n", header: []string{"a", "b,c"}, opt: ingest.Options{Format: "tsv"}, rows: [][]string{{"1", "2,5"}}, lines: []int64{2}},
		{name: "tabs found", in: "a\tb\n1,5\t2\n", header: []string{"a", "b"}, rows: [][]string{{"1,5", "2"}}, lines: []int64{2}},
		{name: "semicolons", in: "a;b\n1,5;2,5\n3,0;4,0\n", header: []string{"a", "b"}, rows: [][]string{{"1,5", "2,5"}, {"3,0", "4,0"}}, lines: []int64{2, 3}},
		{name: "pipes", in: "a|b|c\n1|2|3\n", header: []string{"a", "b", "c"}, rows: [][]string{{"1", "2", "3"}}, lines: []int64{2}},
		{name: "delimiter given", in: "a^b,c\n1^2,3\n", opt: ingest.Options{Delimiter: "^"}, header: []string{"a", "b,c"}, rows: [][]string{{"1", "2,3"}}, lines: []int64{2}},
		{name: "sep line", in: "sep=;\na;b\n1;2\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}, lines: []int64{3}},
		{name: "delimiter at the end of rows", in: "a,b\n1,2,\n3,4,\n5,6\n7,8,9\n", header: []string{"a", "b"}, rows: nil, lines: nil,
			bad: []string{"2: row has 3 cells, header has 2: 1,2,", "3: row has 3 cells, header has 2: 3,4,", "5: row has 3 cells, header has 2: 7,8,9"}},
		{name: "delimiter at the end of every row", in: "a,b\n1,2,\n3,4,\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {"3", "4"}}, lines: []int64{2, 3}},
		{name: "delimiter at the end of the header", in: "a,b,\n1,2\n3,4\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {"3", "4"}}, lines: []int64{2, 3}},
		{name: "delimiter at the end of all lines", in: "a,b,\n1,2,\n", header: []string{"a", "b", ""}, rows: [][]string{{"1", "2", ""}}, lines: []int64{2}},
		{name: "ragged", in: "a,b\n1\n1,2,3\n1,2\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}, lines: []int64{4},
			bad: []string{"2: row has 1 cell, header has 2: 1", "3: row has 3 cells, header has 2: 1,2,3"}},
		{name: "never closed", in: "a,b\n1,2\n3,\"x\n4,5\n\n6,7\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}, lines: []int64{2},
			bad: []string{"3: a quote is opened and never closed: 3,\"x", "4: belongs to the row of line 3: a quote is opened and never closed: 4,5",
				"6: belongs to the row of line 3: a quote is opened and never closed: 6,7"}},
		{name: "text after a quote", in: "a,b\n\"1\" x,2\n\"p\n3\"4,5\n6,7\n", header: []string{"a", "b"}, rows: [][]string{{"6", "7"}}, lines: []int64{5},
			bad: []string{"2: text after a closing quote: \"1\" x,2", "3: text after a closing quote: \"p",
				"4: belongs to the row of line 3: text after a closing quote: 3\"4,5"}},
		{name: "not utf-8", in: "a,b\n客户,2\n\xff,3\n商店,4\n店,5\n商品,6\n订单,7\n名字,8\n", header: []string{"a", "b"},
			rows: [][]string{{"客户", "2"}, {"商店", "4"}, {"店", "5"}, {"商品", "6"}, {"订单", "7"}, {"名字", "8"}}, lines: []int64{2, 4, 5, 6, 7, 8},
			bad: []string{`3: row is not valid UTF-8: \xff,3`}},
		{name: "NUL", in: "a,b\n1,2\n1\x00,3\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}, lines: []int64{2}, bad: []string{`3: row holds a NUL byte: 1\x00,3`}},
		{name: "one row of another encoding", in: "a,b\n1,2\nZo\xeb,3\n4,5\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {"4", "5"}}, lines: []int64{2, 4},
			bad: []string{`3: row is not valid UTF-8: Zo\xeb,3`}},
		{name: "windows-1252", in: "n\xe9,b\r\nZo\xeb,\"5 \x80\r\n\"\r\n\x81,1\r\n", opt: ingest.Options{Encoding: "latin-1"}, header: []string{"né", "b"},
			rows: [][]string{{"Zoë", "5 €\r\n"}}, lines: []int64{2}, bad: []string{"4: row is not valid windows-1252: \ufffd,1"}},
		{name: "shift_jis", in: "\x96\xbc,b\n\x93\xfa|\xb1,2\n\x93,3\n", opt: ingest.Options{Encoding: "sjis"}, header: []string{"名", "b"},
			rows: [][]string{{"日|ｱ", "2"}}, lines: []int64{2}, bad: []string{"3: row is not valid shift_jis: \ufffd,3"}},
		{name: "utf-16", in: "\xff\xfea\x00;\x00b\x00\r\x00\n\x00\x2d\x4e;\x002\x00\r\x00\n\x00\x00\xd8;\x003\x00", header: []string{"a", "b"},
			rows: [][]string{{"中", "2"}}, lines: []int64{2}, bad: []string{`3: row is not valid UTF-16: \xed\xa0\x80;3`}},
		{name: "utf-16 without a mark", in: "\x00a\x00,\x00b\x00\n\x4e\x2d\x00,\x002\x00\n", header: []string{"a", "b"}, rows: [][]string{{"中", "2"}}, lines: []int64{2}},
		{name: "backslash before a quote", in: "a,b\n\"x \\\"y\\\", z\",2\n\"C:\\\\\",\"\\n \"\"q\"\"\"\n3,\\\n", header: []string{"a", "b"},
			rows: [][]string{{`x "y", z`, "2"}, {`C:\`, `\n "q"`}, {"3", `\`}}, lines: []int64{2, 3, 4}},
		{name: "backslash at the end of a cell", in: "a,b\n\"C:\\\",2\n\"D:\\\",3\n", header: []string{"a", "b"}, rows: [][]string{{`C:\`, "2"}, {`D:\`, "3"}}, lines: []int64{2, 3}},
		{name: "every line end", in: "a,b\r1,2\n3,\"x\ry\"\r\n5,6\r\r7,8\n", header: []string{"a", "b"},
			rows: [][]string{{"1", "2"}, {"3", "x\ny"}, {"5", "6"}, {"7", "8"}}, lines: []int64{2, 3, 5, 7}},
		{name: "every line end, and a line for the delimiter", in: "sep=;\r\na;b\r1;2\n3;4\r\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {"3", "4"}}, lines: []int64{3, 4}},
		{name: "mapped number as a name", in: "2019,2020\n1,2\n", opt: ingest.Options{Map: map[string]string{"amount": "2020"}}, header: []string{"2019", "2020"}, rows: [][]string{{"1", "2"}}, lines: []int64{2}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			// "delimiter at the end of rows" has one row that keeps it from being the rule.
			if c.name == "delimiter at the end of rows" {
				c.rows, c.lines = [][]string{{"5", "6"}}, []int64{4}
			}
			for _, piece := range []int{1, 2, 3, 5, 8, 13, 1 << 20} {
				got, err := readAll(write(t, []byte(c.in)), c.opt, piece, rowLimit)
				if err != nil {
					t.Fatalf("pieces of %d: %v", piece, err)
				}
				var bad []string
				for _, r := range got.bad {
					bad = append(bad, fmt.Sprintf("%d: %s: %s", r.Line, r.Reason, r.Raw))
				}
				if !reflect.DeepEqual(got.header, c.header) || !reflect.DeepEqual(got.rows, c.rows) ||
					!reflect.DeepEqual(got.lines, c.lines) || !reflect.DeepEqual(bad, c.bad) {
					t.Fatalf("pieces of %d:\n got %q %q %v %q\nwant %q %q %v %q", piece, got.header, got.rows, got.lines, bad, c.header, c.rows, c.lines, c.bad)
				}
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	latin := []byte("name,city\n")
	for range 20 {
		latin = append(latin, "Andr\xe9,M\xfcnchen\nZo\xe9,K\xf6ln\n"...)
	}
	cases := []struct {
		name string
		in   []byte
		opt  ingest.Options
		want string
	}{
		{"empty", nil, ingest.Options{}, "is empty"},
		{"blank", []byte("\n \n\n"), ingest.Options{}, "is empty"},
		{"no header, dates", []byte("C1,2024-01-05,9\nC2,2024-01-06,8\n"), ingest.Options{}, `has no header: its first row holds data ("2024-01-05"); put a row of column names first`},
		{"no header, numbers", []byte("1,2,x\n3,4,y\n"), ingest.Options{}, "has no header"},
		{"latin-1", latin, ingest.Options{}, "is neither UTF-8 nor GB18030 text: save it as UTF-8, or name its encoding: windows-1252 (Western Europe)"},
		{"latin-1 header", []byte("n\xe9,b\n1,2\n3,4\n"), ingest.Options{}, "its header is not valid utf-8 text: save it as UTF-8, or name its encoding"},
		{"encoding", []byte("a,b\n"), ingest.Options{Encoding: "ebcdic"}, `encoding "ebcdic" is not known: use auto, utf-8, gb18030, utf-16`},
		{"not utf-16", []byte("a,b\n1,2\n"), ingest.Options{Encoding: "utf-16"}, "does not look like UTF-16 text"},
		{"utf-16, called utf-8", []byte("\xff\xfea\x00,\x00b\x00\n\x00"), ingest.Options{Encoding: "utf-8"}, "begins with the UTF-16 byte order mark, so it is not utf-8"},
		{"latin-1 and a mark", []byte("\ufeffa,b\n"), ingest.Options{Encoding: "latin1"}, "begins with the UTF-8 byte order mark, so it is not latin1"},
		{"delimiter", []byte("a,b\n"), ingest.Options{Delimiter: "，"}, `delimiter "，" is not one ASCII character other than quote and line end`},
		{"delimiter quote", []byte("a,b\n"), ingest.Options{Delimiter: `"`}, "is not one ASCII character"},
		{"gb18030 and a mark", []byte("\ufeffa,b\n"), ingest.Options{Encoding: "gb18030"}, "begins with the UTF-8 byte order mark, so it is not gb18030"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, c.in)
			_, err := Open(path, c.opt)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path+": ") || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v, want %s: ...%s", err, path, c.want)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.csv"), ingest.Options{}); err == nil || !strings.HasSuffix(err.Error(), "none.csv: no such file") {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Open(t.TempDir(), ingest.Options{}); err == nil || !strings.HasSuffix(err.Error(), "is a folder, not a file") {
		t.Errorf("folder: %v", err)
	}
}

// A quote that stays open longer than the limit of a row stops the file with
// the line it stands on.
func TestRowLimit(t *testing.T) {
	in := "a,b\n1,2\n3,\"x\n" + strings.Repeat("4,5\n", 1000)
	_, err := readAll(write(t, []byte(in)), ingest.Options{}, 16, 1024)
	var row *ingest.RowError
	if !errors.As(err, &row) || row.Line != 3 || !strings.Contains(row.Reason, "quote") {
		t.Fatalf("got %v", err)
	}
	in = "a,b\n1,2\n3," + strings.Repeat("x", 5000)
	if _, err = readAll(write(t, []byte(in)), ingest.Options{}, 16, 1024); !errors.As(err, &row) || row.Line != 3 || !strings.Contains(row.Reason, "longer") {
		t.Fatalf("got %v", err)
	}
}

func TestWideAndLong(t *testing.T) {
	var in strings.Builder
	header := make([]string, 10_000)
	for i := range header {
		header[i] = fmt.Sprintf("c%d", i)
	}
	in.WriteString(strings.Join(header, ",") + "\n")
	for range 3 {
		in.WriteString(strings.Repeat("v,", 9_999) + "w\n")
	}
	got, err := readAll(write(t, []byte(in.String())), ingest.Options{}, 1<<16, rowLimit)
	if err != nil || len(got.rows) != 3 || len(got.header) != 10_000 || got.rows[2][9_999] != "w" || len(got.bad) != 0 {
		t.Fatalf("10,000 columns: %d rows, %d bad, %v", len(got.rows), len(got.bad), err)
	}
	long := strings.Repeat("x\n\"\"", 1<<20)
	got, err = readAll(write(t, []byte("a,b\n1,\""+long+"\"\n2,3\n")), ingest.Options{}, 1<<16, rowLimit)
	if err != nil || len(got.rows) != 2 || got.rows[0][1] != strings.ReplaceAll(long, `""`, `"`) || got.lines[1] != 3+1<<20 {
		t.Fatalf("cell of 4 MB: %d rows, lines %v, %v", len(got.rows), got.lines, err)
	}
}

// table draws a table of texts that are unkind to readers of CSV.
func table(t *rapid.T, cell *rapid.Generator[string]) [][]string {
	columns := rapid.IntRange(2, 6).Draw(t, "columns")
	rows := rapid.IntRange(0, 40).Draw(t, "rows")
	out := make([][]string, rows+1)
	for c := range columns {
		out[0] = append(out[0], fmt.Sprintf("列%d", c))
	}
	for r := range rows {
		for range columns {
			out[r+1] = append(out[r+1], cell.Draw(t, "cell"))
		}
	}
	return out
}

// encode writes a table; quotes are set where needed and here and there besides.
func encode(t *rapid.T, rows [][]string, delim byte, eol string) (text []byte, lines []int64) {
	var out bytes.Buffer
	line := int64(1)
	for _, row := range rows {
		if rapid.IntRange(0, 9).Draw(t, "blank") == 0 {
			out.WriteString(eol)
			line++
		}
		lines = append(lines, line)
		for c, cell := range row {
			if c > 0 {
				out.WriteByte(delim)
			}
			if strings.ContainsAny(cell, "\r\n"+string(rune(delim))) || strings.HasPrefix(cell, `"`) || rapid.IntRange(0, 3).Draw(t, "quote") == 0 {
				out.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
			} else {
				out.WriteString(cell)
			}
			line += int64(strings.Count(cell, eol[len(eol)-1:]))
		}
		out.WriteString(eol)
		line++
	}
	return out.Bytes(), lines
}

// What is written comes back, whatever the dialect and the size of the pieces,
// packed or not.
func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	cell := rapid.OneOf(
		rapid.StringMatching(`[a-z0-9 .\-]{0,12}`),
		rapid.StringMatching(`[a",;|\t\r\n 客户]{0,8}`),
		rapid.StringOfN(rapid.RuneFrom([]rune("客户订单，。中文字符€ñ𠀀ab|\"")), 0, 10, -1),
	)
	rapid.Check(t, func(t *rapid.T) {
		rows := table(t, cell)
		delim := rapid.SampledFrom([]byte(candidates)).Draw(t, "delimiter")
		eol := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
		text, lines := encode(t, rows, delim, eol)
		opt := ingest.Options{Delimiter: string(rune(delim))}
		switch rapid.IntRange(0, 2).Draw(t, "encoding") {
		case 1:
			opt.Encoding = "gb18030"
			text, _ = simplifiedchinese.GB18030.NewEncoder().Bytes(text)
		case 2:
			text = append([]byte("\ufeff"), text...)
		}
		if rapid.Bool().Draw(t, "packed") {
			var out bytes.Buffer
			cut := rapid.IntRange(0, len(text)).Draw(t, "members cut at")
			for _, part := range [][]byte{text[:cut], text[cut:]} {
				w := gzip.NewWriter(&out)
				w.Write(part)
				w.Close()
			}
			text = out.Bytes()
		}
		path := filepath.Join(dir, "x.csv")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(path, opt, rapid.IntRange(1, 300).Draw(t, "piece"), rowLimit)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.bad) != 0 {
			t.Fatalf("rejects: %+v", got.bad)
		}
		if !reflect.DeepEqual(append([][]string{got.header}, got.rows...), rows) {
			t.Fatalf("got %q %q, want %q", got.header, got.rows, rows)
		}
		if len(got.lines) > 0 && !reflect.DeepEqual(got.lines, lines[1:]) {
			t.Fatalf("lines %v, want %v", got.lines, lines[1:])
		}
	})
}

// The encoding is found without being told, in files long enough to tell.
func TestEncodingFound(t *testing.T) {
	text := "订单编号,客户编号,下单时间,金额\n" + strings.Repeat("DD1001,张三丰,2024年1月5日,1,234\n", 5)
	text = strings.ReplaceAll(text, "1,234", "1234")
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	ahead := "id,name\n" + strings.Repeat("1,plain\n", 200_000) // more ASCII than the sample
	late, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("2,客户订单\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in       []byte
		encoding string
		last     string
	}{
		"utf-8":        {[]byte(text), "utf-8", "张三丰"},
		"gb18030":      {gb, "gb18030", "张三丰"},
		"utf-8 late":   {[]byte(ahead + "2,客户订单\n"), "utf-8", "客户订单"},
		"gb18030 late": {append([]byte(ahead), late...), "gb18030", "客户订单"},
	} {
		r, err := Open(write(t, c.in), ingest.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var last string
		for {
			p, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			b, err := p.Parse()
			if err != nil || len(b.Bad) > 0 {
				t.Fatalf("%s: %v %v", name, b.Bad, err)
			}
			cell, _ := b.Cell(b.Rows()-1, 1)
			last = string(cell)
		}
		if r.Encoding() != c.encoding || last != c.last {
			t.Errorf("%s: found %s, last cell %q", name, r.Encoding(), last)
		}
	}
}

// Every character of GB18030 comes out as golang.org/x/text has it.
func TestDecodeGB18030(t *testing.T) {
	var all []byte
	for a := 0x81; a < 0xFF; a++ {
		for b := 0x40; b < 0xFF; b++ {
			all = append(all, byte(a), byte(b), ',')
		}
	}
	for _, r := range "ab€ñ𠀀😀\uffee\u0080" {
		c, err := simplifiedchinese.GB18030.NewEncoder().String(string(r))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c...)
	}
	want, err := simplifiedchinese.GB18030.NewDecoder().Bytes(all)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := decodeGB18030(nil, all)
	// Where there is no character of two bytes, x/text drops both and this
	// decoder the first: compare what is left without them.
	clean := func(b []byte) string {
		var out []string
		for _, cell := range strings.Split(string(b), ",") {
			if !strings.Contains(cell, "\ufffd") {
				out = append(out, cell)
			}
		}
		return strings.Join(out, ",")
	}
	if clean(got) != clean(want) {
		t.Fatal("decoded characters differ from golang.org/x/text")
	}
	if n := strings.Count(clean(got), ","); n < 21_000 { // GBK has 21,886
		t.Fatalf("only %d characters were compared", n)
	}
}

func TestGzip(t *testing.T) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	for i := range 50_000 {
		if i == 0 {
			fmt.Fprintln(w, "a,b")
		}
		fmt.Fprintf(w, "%d,%x\n", i, i*i)
	}
	w.Close()
	got, err := readAll(write(t, out.Bytes()), ingest.Options{}, 1<<14, rowLimit)
	if err != nil || len(got.rows) != 50_000 || got.lines[49_999] != 50_001 {
		t.Fatalf("%d rows, %v", len(got.rows), err)
	}
	for name, in := range map[string][]byte{"cut off": out.Bytes()[:out.Len()/2], "damaged": flip(out.Bytes(), out.Len()-6)} {
		path := write(t, in)
		_, err := readAll(path, ingest.Options{}, 1<<14, rowLimit)
		if err == nil || !strings.HasPrefix(err.Error(), path+": the gzip file is "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func flip(in []byte, at int) []byte {
	out := bytes.Clone(in)
	out[at] ^= 0x55
	return out
}

// The public Online Retail lines: every row is read (reference: 541,909 lines),
// by encoding/csv and by this reader alike, with pieces parsed in parallel.
func TestOnlineRetail(t *testing.T) {
	path := "../../../shared/data/online_retail_lines.csv.gz"
	file, err := os.Open(path)
	if err != nil {
		t.Skipf("the public data set is not here: %v", err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	want := stdcsv.NewReader(unpacked)
	want.ReuseRecord = true
	header, err := want.Read()
	if err != nil {
		t.Fatal(err)
	}
	r, err := open(path, ingest.Options{}, 1<<20, rowLimit)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if strings.Join(header, ",") != strings.Join(r.Header(), ",") {
		t.Fatalf("header %q", r.Header())
	}
	rows := 0
	for _, b := range parallel(t, r) {
		if len(b.Bad) > 0 {
			t.Fatalf("rejects: %+v", b.Bad[:1])
		}
		for i := range b.Rows() {
			row, err := want.Read()
			if err != nil {
				t.Fatal(err)
			}
			line, _ := want.FieldPos(0)
			if int64(line) != b.Lines[i] {
				t.Fatalf("row %d is on line %d, not %d", rows, line, b.Lines[i])
			}
			for c := range row {
				if cell, _ := b.Cell(i, c); string(cell) != row[c] {
					t.Fatalf("line %d: %q, want %q", line, cell, row[c])
				}
			}
			rows++
		}
	}
	if rows != 541_909 {
		t.Fatalf("%d rows", rows)
	}
}

// parallel parses all pieces on two goroutines and returns the blocks in order.
func parallel(t testing.TB, r *Reader) []*ingest.Block {
	var pieces []ingest.Piece
	for {
		p, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, p)
	}
	blocks := make([]*ingest.Block, len(pieces))
	var wait sync.WaitGroup
	for w := range 2 {
		wait.Go(func() {
			for i := w; i < len(pieces); i += 2 {
				b, err := pieces[i].Parse()
				if err != nil {
					t.Error(err)
				}
				blocks[i] = b
			}
		})
	}
	wait.Wait()
	return blocks
}
