package jsonl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"pgregory.net/rapid"

	"clientele/ingest"
)

const absent = "<absent>"

// result is everything a reader says about a file.
type result struct {
	header []string
	rows   [][]string
	lines  []int64
	raw    []string
	bad    []string // line: reason: raw
	notes  []string
}

func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "orders.jsonl")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readAll(path string, piece, limit int) (res result, err error) {
	r, err := open(path, ingest.Options{}, piece, limit)
	if err != nil {
		return res, err
	}
	defer r.Close()
	res.header = r.Header()
	for {
		p, err := r.Next()
		if err == io.EOF {
			res.notes = r.Notes()
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
				if cell, ok := b.Cell(i, c); ok {
					row[c] = string(cell)
				} else {
					row[c] = absent
				}
			}
			res.rows = append(res.rows, row)
			res.raw = append(res.raw, b.Raw(i))
		}
		res.lines = append(res.lines, b.Lines...)
		for _, bad := range b.Bad {
			res.bad = append(res.bad, fmt.Sprintf("%d: %s: %s", bad.Line, bad.Reason, bad.Raw))
		}
		b.Release()
	}
}

func TestRead(t *testing.T) {
	cases := []struct {
		name, in string
		header   []string
		rows     [][]string
		lines    []int64
		bad      []string
	}{
		{"plain", `{"id":"C1","amount":12.50,"paid":true,"note":null}` + "\n" + `{"id":2,"paid":false}`,
			[]string{"id", "amount", "paid", "note"}, [][]string{{"C1", "12.50", "true", absent}, {"2", absent, "false", absent}}, []int64{1, 2}, nil},
		{"other order, other keys", "{\"a\":1,\"b\":2}\n{\"b\":3,\"c\":4,\"a\":5}\n", []string{"a", "b", "c"}, [][]string{{"1", "2", absent}, {"5", "3", "4"}}, []int64{1, 2}, nil},
		{"inside", `{"id":1,"address":{"city":"上海","geo":{"lat":31.2}},"tags":["a", {"b":1}],"none":{}}` + "\n" + `{"id":2,"address":null}`,
			[]string{"id", "address.city", "address.geo.lat", "tags"}, [][]string{{"1", "上海", "31.2", `["a", {"b":1}]`}, {"2", absent, absent, absent}}, []int64{1, 2}, nil},
		{"object or text", `{"a":{"b":1}}` + "\n" + `{"a":"x"}`, []string{"a.b", "a"}, [][]string{{"1", absent}, {absent, "x"}}, []int64{1, 2}, nil},
		{"escapes", `{"a":"x\"y\\\/\b\f\n\r\t\u5ba2\ud83d\ude00\ud83d!","k\u0065y":1e5}`, []string{"a", "key"},
			[][]string{{"x\"y\\/\b\f\n\r\t客😀\ufffd!", "1e5"}}, []int64{1}, nil},
		{"numbers as they stand", `{"a":-0.10,"b":1E+2,"c":12345678901234567890}`, []string{"a", "b", "c"}, [][]string{{"-0.10", "1E+2", "12345678901234567890"}}, []int64{1}, nil},
		{"space and empty lines", "\ufeff\n  { \"a\" : 1 , \"b\" : [ ] }\r\n\n \t\n{}\n", []string{"a", "b"}, [][]string{{"1", "[ ]"}, {absent, absent}}, []int64{2, 5}, nil},
		{"the last of two", `{"a":1,"a":2,"b":3,"b":null}`, []string{"a", "b"}, [][]string{{"2", absent}}, []int64{1}, nil},
		{"empty text is not absent", `{"a":""}`, []string{"a"}, [][]string{{""}}, []int64{1}, nil},
		{"bad lines", "{\"a\":1}\n{\"a\":1\n[1]\n{\"a\":01}\n{\"a\":tru}\n{a:1}\n{\"a\":1}x\n{\"a\" 1}\n{\"a\":\"\\q\"}\n{\"a\":\"\\u12\"}\n{\"a\":NaN}\n{\"a\":1,}\n{\"a\":\"\\u0000\"}\n\"x\"\n{\"a\":\"\xff\"}\n{\"a\":\"\t\"}\n{\"a\":1.}\n{\"a\":[1}\n",
			[]string{"a"}, [][]string{{"1"}}, []int64{1}, []string{
				`2: not JSON: the line ends too early: {"a":1`,
				`3: is not a JSON object: [1]`,
				`4: not JSON: unexpected '1' after a value: {"a":01}`,
				`5: not JSON: unexpected 't' where a value should begin: {"a":tru}`,
				`6: not JSON: unexpected 'a' where a key should begin: {a:1}`,
				`7: not JSON: unexpected 'x' after the object: {"a":1}x`,
				`8: not JSON: unexpected '1' after a key: {"a" 1}`,
				`9: not JSON: unexpected 'q' after a backslash: {"a":"\q"}`,
				`10: not JSON: \u without four hexadecimal digits: {"a":"\u12"}`,
				`11: not JSON: unexpected 'N' where a value should begin: {"a":NaN}`,
				`12: not JSON: unexpected '}' where a key should begin: {"a":1,}`,
				`13: row holds a NUL character: {"a":"\u0000"}`,
				`14: is not a JSON object: "x"`,
				`15: row is not valid UTF-8: {"a":"\xff"}`,
				"16: not JSON: unexpected '\\t' in a string: {\"a\":\"\t\"}",
				`17: not JSON: unexpected '}' in a number: {"a":1.}`,
				`18: not JSON: unexpected '}' after a value: {"a":[1}`,
			}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, piece := range []int{1, 2, 7, 40, 1 << 20} {
				got, err := readAll(write(t, []byte(c.in)), piece, rowLimit)
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got.header, c.header) || !reflect.DeepEqual(got.rows, c.rows) || !reflect.DeepEqual(got.lines, c.lines) || !reflect.DeepEqual(got.bad, c.bad) {
					t.Fatalf("pieces of %d:\n got %q %q %v %q\nwant %q %q %v %q", piece, got.header, got.rows, got.lines, got.bad, c.header, c.rows, c.lines, c.bad)
				}
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	deep := `{"a":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + "}"
	for in, want := range map[string]string{
		"":                            "is empty",
		"\n \n":                       "is empty",
		"[{\"a\":1}]":                 "is not JSON lines: it is a JSON array: write one object per line (jq -c '.[]')",
		"{\n \"a\": 1\n}\n":           "is not JSON lines: line 1: not JSON: the line ends too early",
		"{}\n{}\n":                    "is not JSON lines: its objects have no keys",
		"1\n2\n":                      "is not JSON lines: line 1: is not a JSON object",
		deep:                          "is not JSON lines: line 1: values are nested too deep",
		strings.Repeat("\n", 9) + "x": "is not JSON lines: line 10: not JSON: unexpected 'x' where a value should begin",
	} {
		path := write(t, []byte(in))
		if _, err := Open(path, ingest.Options{}); err == nil || err.Error() != path+": "+want {
			t.Errorf("%.40q: got %v, want %s", in, err, want)
		}
	}
	if _, err := Open(write(t, []byte(`{"a":1}`)), ingest.Options{Encoding: "gb18030"}); err == nil || !strings.HasSuffix(err.Error(), "JSON lines are UTF-8, not gb18030") {
		t.Errorf("encoding: %v", err)
	}
	_, err := readAll(write(t, []byte("{\"a\":1}\n{\"a\":\""+strings.Repeat("x", 5000)+"\"}\n")), 64, 1024)
	var row *ingest.RowError
	if !errors.As(err, &row) || row.Line != 2 {
		t.Errorf("long line: %v", err)
	}
}

// Keys that appear first after the sample feed nothing and are told.
func TestLateKeys(t *testing.T) {
	var in strings.Builder
	for i := range 1500 {
		switch {
		case i < sampleLines:
			fmt.Fprintf(&in, "{\"a\":%d,\"o\":{\"x\":1}}\n", i)
		case i%2 == 0:
			fmt.Fprintf(&in, "{\"late\":1,\"a\":%d,\"late\":2}\n", i)
		default:
			fmt.Fprintf(&in, "{\"a\":%d,\"o\":{\"y\":[1],\"x\":2},\"null\":null}\n", i)
		}
	}
	got, err := readAll(write(t, []byte(in.String())), 500, rowLimit)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`key "late" is not in the first 1000 lines and was left out of 250 lines`, `key "o.y" is not in the first 1000 lines and was left out of 250 lines`}
	if !reflect.DeepEqual(got.notes, want) || len(got.rows) != 1500 || !reflect.DeepEqual(got.header, []string{"a", "o.x"}) || !reflect.DeepEqual(got.rows[1499], []string{"1499", "2"}) {
		t.Fatalf("%q, %d rows, %q", got.notes, len(got.rows), got.header)
	}
}

func TestGzip(t *testing.T) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	for i := range 30_000 {
		fmt.Fprintf(w, "{\"i\":%d,\"v\":\"%x\"}\n", i, i*i)
	}
	w.Close()
	got, err := readAll(write(t, out.Bytes()), 1<<14, rowLimit)
	if err != nil || len(got.rows) != 30_000 || got.rows[29_999][0] != "29999" || got.lines[29_999] != 30_000 {
		t.Fatalf("%d rows, %v", len(got.rows), err)
	}
	path := write(t, out.Bytes()[:out.Len()-9])
	if _, err := readAll(path, 1<<14, rowLimit); err == nil || err.Error() != path+": the gzip file is cut off before its end" {
		t.Fatal(err)
	}
}

// flatten is the plain version: encoding/json and a map. ok is false where the
// two differ on purpose: keys given twice, or with dots of their own.
func flatten(line []byte, prefix string, into map[string]string) (ok bool, err error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil {
		return true, err
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	keys := 0
	for depth := 0; ; {
		token, err := dec.Token()
		if err != nil {
			break
		}
		switch d, _ := token.(json.Delim); d {
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		}
		if depth == 1 {
			keys++ // a key, a value, or the end of one
		}
	}
	if keys != 2*len(object) {
		return false, nil
	}
	for key, value := range object {
		if strings.Contains(key, ".") {
			return false, nil
		}
		switch value[0] {
		case '{':
			if ok, err := flatten(value, prefix+key+".", into); !ok || err != nil {
				return ok, err
			}
		case '"':
			var s string
			if err := json.Unmarshal(value, &s); err != nil {
				return true, err
			}
			into[prefix+key] = s
		case 'n':
		default:
			into[prefix+key] = string(value)
		}
	}
	return true, nil
}

// check compares a reading with encoding/json, line by line.
func check(t interface{ Fatalf(string, ...any) }, in []byte, got result) {
	rows := map[int64][]string{}
	for i, line := range got.lines {
		rows[line] = got.rows[i]
	}
	bad := map[int64]string{}
	for _, b := range got.bad {
		var line int64
		if _, err := fmt.Sscanf(b, "%d:", &line); err != nil {
			t.Fatalf("%v", err)
		}
		bad[line] = b
	}
	for i, line := range bytes.Split(bytes.TrimPrefix(in, []byte("\ufeff")), []byte("\n")) {
		n := int64(i + 1)
		row, good := rows[n]
		reject, rejected := bad[n]
		if len(bytes.Trim(line, " \t\r")) == 0 {
			if good || rejected {
				t.Fatalf("line %d is empty, yet %q %q", n, row, reject)
			}
			continue
		}
		if good == rejected {
			t.Fatalf("line %d: a row %v, a reject %v", n, good, rejected)
		}
		values := map[string]string{}
		valid := json.Valid(line) && utf8.Valid(line) && bytes.TrimLeft(line, " \t\r")[0] == '{'
		if !valid {
			if good {
				t.Fatalf("line %d: %q is not a JSON object", n, line)
			}
			continue
		}
		if rejected {
			if !strings.Contains(reject, "NUL") && !strings.Contains(reject, "too deep") {
				t.Fatalf("line %d: %q is valid, yet rejected: %s", n, line, reject)
			}
			continue
		}
		if ok, err := flatten(line, "", values); err != nil || !ok {
			continue
		}
		for c, name := range got.header {
			want, ok := values[name]
			if !ok {
				want = absent
			}
			if row[c] != want {
				t.Fatalf("line %d: %s is %q, want %q (%q)", n, name, row[c], want, line)
			}
			delete(values, name)
		}
		if len(values) > 0 && i < sampleLines && len(in) < sampleBytes {
			t.Fatalf("line %d: %v have no column among %q", n, values, got.header)
		}
	}
}

// Objects written by encoding/json come back, whatever the size of the pieces.
func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	text := rapid.OneOf(rapid.StringMatching(`[a-z0-9 ]{0,20}`), rapid.StringOfN(rapid.RuneFrom([]rune("ab\"\\/\n\t\u2028客户😀<&")), 0, 12, -1))
	value := rapid.Custom(func(t *rapid.T) any {
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return rapid.Int64().Draw(t, "int")
		case 1:
			return rapid.Float64Range(-1e9, 1e9).Draw(t, "float")
		case 2:
			return rapid.Bool().Draw(t, "bool")
		case 3:
			return nil
		case 4:
			return []any{text.Draw(t, "item"), map[string]any{"x": 1}}
		}
		return text.Draw(t, "text")
	})
	keys := rapid.SampledFrom([]string{"id", "客户", "a b", "q\"q", "amount", "at"})
	object := rapid.Custom(func(t *rapid.T) map[string]any {
		o := rapid.MapOfN(keys, value, 0, 6).Draw(t, "object")
		if rapid.Bool().Draw(t, "nested") {
			o["in"] = rapid.MapOfN(keys, value, 0, 3).Draw(t, "inner")
		}
		return o
	})
	rapid.Check(t, func(t *rapid.T) {
		in := []byte("{\"first\":1}\n")
		for _, o := range rapid.SliceOfN(object, 0, 30).Draw(t, "objects") {
			line, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			in = append(append(in, line...), rapid.SampledFrom([]string{"\n", "\r\n", "\n\n"}).Draw(t, "line end")...)
		}
		path := filepath.Join(dir, "x.jsonl")
		if err := os.WriteFile(path, in, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(path, rapid.IntRange(1, 400).Draw(t, "piece"), rowLimit)
		if err != nil || len(got.bad) > 0 {
			t.Fatalf("%v %q", err, got.bad)
		}
		check(t, in, got)
	})
}

// FuzzJSONL reads any bytes: no panic, every line accounted for, and the same
// as encoding/json.
func FuzzJSONL(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"b":"x"}`, "{\"a\":{\"b\":[1,{\"c\":null}]},\"d\":-1.5e+3}\n{\"d\":true}\n", `{"a":"\ud83d\ude00\u00e9\n"}`, "\ufeff{}\n{\"a\":\"\\u0000\"}\n",
		"{\"a\":1}\n{\"a\":tru\n[]\n\"\"\n1\n{\"a\":0.}\n{\"\":\"\"}", `{"a":"x","a":null,"a":{"b":1}}`, "{\"a\":1} x\n{\"a\"\n{\"b\":\"\xff\"}",
	} {
		f.Add([]byte(seed), uint16(3))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, in []byte, piece uint16) {
		path := filepath.Join(dir, "x.jsonl")
		if err := os.WriteFile(path, in, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(path, 1+int(piece), 1<<20)
		if err != nil {
			return
		}
		check(t, in, got)
	})
}

func BenchmarkRead(b *testing.B) {
	var in bytes.Buffer
	const rows = 500_000
	for i := range rows {
		fmt.Fprintf(&in, "{\"order_id\":%d,\"customer_id\":\"C%07d\",\"ordered_at\":\"2024-%02d-%02d %02d:%02d:00\",\"status\":\"paid\",\"channel\":\"web\",\"currency\":\"CNY\",\"net\":%d.%02d,\"discount\":0}\n",
			1_000_000+i, i*7919%1_000_000, i%12+1, i%28+1, i%24, i%60, i%900, i%100)
	}
	path := write(b, in.Bytes())
	b.SetBytes(int64(in.Len()))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		r, err := Open(path, ingest.Options{})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for { // one goroutine: the rate of a core
			p, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			block, err := p.Parse()
			if err != nil {
				b.Fatal(err)
			}
			n += block.Rows()
			block.Release()
		}
		r.Close()
		if n != rows {
			b.Fatalf("%d rows", n)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
