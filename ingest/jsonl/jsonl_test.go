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
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"pgregory.net/rapid"

	"clientele/ingest"
	"clientele/ingest/internal/charset"
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
	return readAs(path, ingest.Options{}, sizes{piece, limit, columnBytes})
}

func readAs(path string, opt ingest.Options, limits sizes) (res result, err error) {
	r, err := open(path, opt, limits)
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
			[]string{"id", "address.city", "address.geo.lat", "tags"}, [][]string{{"1", "上海", "31.2", `["a",{"b":1}]`}, {"2", absent, absent, absent}}, []int64{1, 2}, nil},
		{"object or text", `{"a":{"b":1}}` + "\n" + `{"a":"x"}`, []string{"a.b", "a"}, [][]string{{"1", absent}, {absent, "x"}}, []int64{1, 2}, nil},
		{"escapes", `{"a":"x\"y\\\/\b\f\n\r\t\u5ba2\ud83d\ude00\ud83d!","k\u0065y":1e5}`, []string{"a", "key"},
			[][]string{{"x\"y\\/\b\f\n\r\t客😀\ufffd!", "1e5"}}, []int64{1}, nil},
		{"numbers as they stand", `{"a":-0.10,"b":1E+2,"c":12345678901234567890}`, []string{"a", "b", "c"}, [][]string{{"-0.10", "1E+2", "12345678901234567890"}}, []int64{1}, nil},
		{"space and empty lines", "\ufeff\n  { \"a\" : 1 , \"b\" : [ ] }\r\n\n \t\n{}\n", []string{"a", "b"}, [][]string{{"1", absent}, {absent, absent}}, []int64{2, 5}, nil},
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
		"":                          "is empty",
		"\n \n":                     "is empty",
		"{\n \"a\": 1,\n":           "is not JSON lines: line 1: not JSON: the line ends too early",
		"[]":                        "holds no objects",
		"[[1]]":                     "is a JSON array of something else than objects: each row must be an object with the names of its columns",
		"[{},{}]":                   "its objects have no keys",
		"[{\"a\":1},{\"a\":2}":      "record 3: the JSON is not closed where the file ends: it is cut off, or a bracket or a quote is missing",
		"[{\"a\":1},{\"a\":2},{\"b": "record 3: the JSON is not closed where the file ends: it is cut off, or a bracket or a quote is missing",
		"{\"rows\":[{\"a\":1}]":     "record 2: the JSON is not closed where the file ends: it is cut off, or a bracket or a quote is missing",
		"[{\"a\":1}] x":             "has 'x' behind the end of its JSON",
		"{\"r\":[{\"a\":1}],\"s\":{\"t\":[ {\"b\":1}]}}": `holds 2 arrays of objects ("r", "s.t"): put the one to be loaded into a file of its own`,
		"{}\n{}\n":                    "its objects have no keys",
		"1\n2\n":                      "is not JSON lines: line 1: is not a JSON object",
		deep:                          "is not JSON lines: line 1: values are nested too deep",
		strings.Repeat("\n", 9) + "x": "is not JSON lines: line 10: not JSON: unexpected 'x' where a value should begin",
	} {
		path := write(t, []byte(in))
		if _, err := Open(path, ingest.Options{}); err == nil || err.Error() != path+": "+want {
			t.Errorf("%.40q: got %v, want %s", in, err, want)
		}
	}
	if _, err := Open(write(t, []byte(`{"a":1}`)), ingest.Options{Encoding: "gb18030"}); err == nil || !strings.HasSuffix(err.Error(), "JSON is UTF-8 or UTF-16, not gb18030") {
		t.Errorf("encoding: %v", err)
	}
	_, err := readAll(write(t, []byte("{\"a\":1}\n{\"a\":\""+strings.Repeat("x", 5000)+"\"}\n")), 64, 1024)
	var row *ingest.RowError
	if !errors.As(err, &row) || row.Line != 2 {
		t.Errorf("long line: %v", err)
	}
}

// Keys that appear first behind the part that makes the columns feed nothing and are told.
func TestLateKeys(t *testing.T) {
	var in strings.Builder
	for i := range 1500 {
		switch {
		case i < 1000:
			fmt.Fprintf(&in, "{\"a\":%d,\"o\":{\"x\":1}}\n", i)
		case i%2 == 0:
			fmt.Fprintf(&in, "{\"late\":1,\"a\":%d,\"late\":2}\n", i)
		default:
			fmt.Fprintf(&in, "{\"a\":%d,\"o\":{\"y\":[1],\"x\":2},\"null\":null,\"none\":[ ]}\n", i)
		}
	}
	path := write(t, []byte(in.String()))
	got, err := readAs(path, ingest.Options{}, sizes{500, rowLimit, 10_000})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`key "late" is not in the first 10000 bytes and was left out of 250 rows`, `key "o.y" is not in the first 10000 bytes and was left out of 250 rows`}
	if !reflect.DeepEqual(got.notes, want) || len(got.rows) != 1500 || !reflect.DeepEqual(got.header, []string{"a", "o.x"}) || !reflect.DeepEqual(got.rows[1499], []string{"1499", "2"}) {
		t.Fatalf("%q, %d rows, %q", got.notes, len(got.rows), got.header)
	}
	// In the part that is looked at they are columns, however late.
	if got, err = readAll(path, 500, rowLimit); err != nil || !reflect.DeepEqual(got.header, []string{"a", "o.x", "late", "o.y", "null", "none"}) || len(got.notes) > 0 {
		t.Fatalf("%q, %q, %v", got.header, got.notes, err)
	}
	// There may be any number of them.
	in.Reset()
	in.WriteString(`{"a":1}` + "\n{")
	for i := range 100_000 {
		fmt.Fprintf(&in, "\"k%d\":1,", i)
	}
	in.WriteString("\"a\":2}\n")
	got, err = readAs(write(t, []byte(in.String())), ingest.Options{}, sizes{4, rowLimit, 8})
	if err != nil || len(got.notes) != lateKeys+1 || got.notes[lateKeys] != "more keys that are not in the first 8 bytes were left out of 1 rows" || len(got.rows) != 2 {
		t.Fatalf("%d notes, %d rows, %v", len(got.notes), len(got.rows), err)
	}
}

// Too many keys are an error, and not a heap of columns.
func TestTooManyKeys(t *testing.T) {
	var in strings.Builder
	in.WriteString("{")
	for i := range maxColumns + 1 {
		fmt.Fprintf(&in, "\"C%d\":1,", i)
	}
	in.WriteString("\"a\":2}\n{\"b\":1}\n")
	path := write(t, []byte(in.String()))
	if _, err := Open(path, ingest.Options{}); err == nil || !strings.HasPrefix(err.Error(), path+": has more than 16384 different keys, such as \"C1") {
		t.Error(err)
	}
	long := strings.Repeat("k", 1<<20) // and names whose sum is long, each with those around it
	in.Reset()
	in.WriteString(`{"` + long + `":{`)
	for i := range 1000 {
		fmt.Fprintf(&in, "\"C%d\":1,", i)
	}
	in.WriteString("\"a\":2}}\n{\"b\":1}\n")
	path = write(t, []byte(in.String()))
	if _, err := Open(path, ingest.Options{}); err == nil || !strings.HasPrefix(err.Error(), path+": has more than 16384 different keys, such as \"kkk") || len(err.Error()) > 1000 {
		t.Error(err)
	}
	// 10,000 are well, and rows that have few of them are cut into small pieces.
	in.Reset()
	in.WriteString("{")
	for i := range 10_000 {
		fmt.Fprintf(&in, "\"C%d\":1,", i)
	}
	in.WriteString("\"a\":2}\n" + strings.Repeat("{}\n", 20_000))
	got := 0
	r, err := Open(write(t, []byte(in.String())), ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		p, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := p.Parse()
		if err != nil {
			t.Fatal(err)
		}
		if n := b.Rows(); n*b.Columns > 4*pieceCells {
			t.Fatalf("%d rows of %d columns at once", n, b.Columns)
		}
		got += b.Rows()
		b.Release()
	}
	if got != 20_001 {
		t.Errorf("%d rows", got)
	}
}

// Objects in arrays, in objects around them and one after the other.
func TestShapes(t *testing.T) {
	for _, c := range []struct {
		name, in string
		opt      ingest.Options
		header   []string
		rows     [][]string
		bad      []string
		notes    []string
	}{
		{name: "array", in: "[{\"id\":1,\"n\":\"]}\\\"\"},\n {\"id\" : 2}]\n", header: []string{"id", "n"}, rows: [][]string{{"1", `]}"`}, {"2", absent}},
			notes: []string{"rows are the objects of the file, numbered from 1"}},
		{name: "array of lines", in: "[\n{\"id\":1},\n{\"id\":2},\n{\"id\":3}\n]", header: []string{"id"}, rows: [][]string{{"1"}, {"2"}, {"3"}},
			notes: []string{"rows are the objects of the file, numbered from 1"}},
		{name: "arrays one after the other", in: "[{\"id\":1}]\n[{\"id\":2}]", header: []string{"id"}, rows: [][]string{{"1"}, {"2"}},
			notes: []string{"rows are the objects of the file, numbered from 1"}},
		{name: "elements that are none", in: `[{"id":1}, 5, "x", null, {"id":01}, {"id":[1}, {"id":2}, [3] {"id":3}4, }, {"id":4}]`, header: []string{"id"}, rows: [][]string{{"1"}, {"4"}},
			bad: []string{`2: is not a JSON object: 5`, `3: is not a JSON object: "x"`, `4: is not a JSON object: null`, `5: not JSON: unexpected '1' after a value: {"id":01}`,
				`6: not JSON: unexpected '}' after a value: {"id":[1}, {"id":2}, [3] {"id":3}4, }`}, notes: []string{"rows are the objects of the file, numbered from 1"}},
		{name: "commas", in: `[{"id":1},,{"id":2}{"id":3}true,}[3]"x"{"id":4},]`, header: []string{"id"}, rows: [][]string{{"1"}, {"2"}, {"3"}, {"4"}},
			bad:   []string{`4: is not a JSON object: true`, `5: not JSON: unexpected '}' where a value should begin: }`, `6: is not a JSON object: [3]`, `7: is not a JSON object: "x"`},
			notes: []string{"rows are the objects of the file, numbered from 1"}},
		{name: "wrapped", in: `{"count":2,"orders":[{"id":1,"c":{"e":"a@b"}},{"id":2}],"next":null}`, header: []string{"id", "c.e"}, rows: [][]string{{"1", "a@b"}, {"2", absent}},
			notes: []string{`rows are the elements of "orders", numbered from 1`}},
		{name: "wrapped deep", in: "{\n \"request_id\":\"7\",\"data\": { \"tags\":[1,\"{\"], \"order_list\": [ {\"id\":1} ] }\n}\n", header: []string{"id"}, rows: [][]string{{"1"}},
			notes: []string{`rows are the elements of "data.order_list", numbered from 1`}},
		{name: "one order with items", in: "{\n\"order_id\": 7,\n\"items\": [ {\"sku\": \"A b\"},\n {\"sku\": 2} ]\n}\n", header: []string{"order_id", "items"}, rows: [][]string{{"7", `[{"sku":"A b"},{"sku":2}]`}},
			notes: []string{"rows are the objects of the file, numbered from 1"}},
		{name: "one line with items", in: `{"order_id":7,"items":[{"sku":1}]}`, header: []string{"order_id", "items"}, rows: [][]string{{"7", `[{"sku":1}]`}}},
		{name: "called lines", in: `{"customer":7,"items":[{"sku":1}]}`, opt: ingest.Options{Format: "jsonl"}, header: []string{"customer", "items"}, rows: [][]string{{"7", `[{"sku":1}]`}}},
		{name: "pretty", in: "{\n\"id\": 1\n}\n{\n\"id\": 2\n}\n", header: []string{"id"}, rows: [][]string{{"1"}, {"2"}}, notes: []string{"rows are the objects of the file, numbered from 1"}},
		{name: "pretty, the last cut to a word", in: "{\n\"id\": 1\n}\n{\n\"id\": 2\n}\nnul", header: []string{"id"}, rows: [][]string{{"1"}, {"2"}},
			bad: []string{"3: not JSON: unexpected 'n' where a value should begin: nul"}, notes: []string{"rows are the objects of the file, numbered from 1"}},
		{name: "lines, the first broken", in: "{\"id\":1,\"items\":[{\"a\":1}\n{\"id\":2}\n{\"id\":3}\n{\"id\":4}\n", header: []string{"id"}, rows: [][]string{{"2"}, {"3"}, {"4"}},
			bad: []string{`1: not JSON: the line ends too early: {"id":1,"items":[{"a":1}`}},
		{name: "arrays in cells", in: `{"a":["x","y\"z",null,3,true],"b":[],"c":[null],"d":[[1, 2]]}` + "\n" + `{"a":[ "q" ],"d":{"e":1}}`, header: []string{"a", "b", "c", "d", "d.e"},
			rows: [][]string{{`x, y"z, 3, true`, absent, "", "[[1,2]]", absent}, {"q", absent, absent, absent, "1"}}},
		{name: "an empty array for an object", in: `{"c":[]}` + "\n" + `{"c":{"e":1}}`, header: []string{"c.e"}, rows: [][]string{{absent}, {"1"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, piece := range []int{1, 2, 3, 7, 64, 1 << 20} {
				got, err := readAs(write(t, []byte(c.in)), c.opt, sizes{piece, rowLimit, columnBytes})
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got.header, c.header) || !reflect.DeepEqual(got.rows, c.rows) || !reflect.DeepEqual(got.bad, c.bad) || !reflect.DeepEqual(got.notes, c.notes) {
					t.Fatalf("pieces of %d:\n got %q %q %q %q\nwant %q %q %q %q", piece, got.header, got.rows, got.bad, got.notes, c.header, c.rows, c.bad, c.notes)
				}
			}
		})
	}
	got, err := readAll(write(t, []byte(`{"orders":[{"id":1}],"users":[{"id":7}]`+strings.Repeat(" ", 10)+"}")), 64, rowLimit)
	if err == nil || !strings.Contains(err.Error(), "holds 2 arrays of objects") {
		t.Errorf("two arrays: %v, %q", err, got.rows)
	}
	far := `{"orders":[` + strings.Repeat(`{"id":1},`, 200_000) + `{"id":2}],"users":[{"id":7}]}` // behind what the shape is found from
	if got, err = readAll(write(t, []byte(far)), 1<<16, rowLimit); err != nil || len(got.rows) != 200_001 ||
		!slices.Contains(got.notes, `another array of objects stands behind "orders" and was not read`) {
		t.Errorf("a second array far behind: %d rows, %q, %v", len(got.rows), got.notes, err)
	}
}

// An array is read as a stream: records as long as the limit stop it, not the array.
func TestArrayIsStreamed(t *testing.T) {
	in := []byte("[" + strings.Repeat("{\"a\":\"0123456789\"},\n", 10_000) + "{\"a\":1}]")
	got, err := readAll(write(t, in), 1<<10, 1<<12)
	if err != nil || len(got.rows) != 10_001 || got.lines[10_000] != 10_001 {
		t.Fatalf("%d rows, %v", len(got.rows), err)
	}
	in = []byte("[{\"a\":1},{\"a\":\"" + strings.Repeat("x", 10_000) + "\"}]")
	path := write(t, in)
	if _, err := readAll(path, 1<<10, 1<<12); err == nil || err.Error() != path+": record 2 is longer than 4096 bytes: a bracket or a quote may not be closed" {
		t.Error(err)
	}
}

// UTF-16 is found out here too.
func TestUTF16(t *testing.T) {
	in := []byte("\xff\xfe")
	for _, u := range utf16.Encode([]rune("{\"客\":\"😀\"}\r\n{\"客\":2}\r\n")) {
		in = append(in, byte(u), byte(u>>8))
	}
	for _, encoding := range []string{"", "utf-16", "utf-16le"} {
		got, err := readAs(write(t, in), ingest.Options{Encoding: encoding}, sizes{8, rowLimit, columnBytes})
		if err != nil || !reflect.DeepEqual(got.rows, [][]string{{"😀"}, {"2"}}) || got.header[0] != "客" {
			t.Errorf("%q: %q %q %v", encoding, got.header, got.rows, err)
		}
	}
	if _, err := Open(write(t, in), ingest.Options{Encoding: "utf-8"}); err == nil || !strings.HasSuffix(err.Error(), "is UTF-16 text, not utf-8") {
		t.Error(err)
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
		case '[':
			var items []json.RawMessage
			if err := json.Unmarshal(value, &items); err != nil {
				return true, err
			}
			if len(items) == 0 {
				continue
			}
			into[prefix+key] = plainArray(items, value)
		default:
			into[prefix+key] = string(value)
		}
	}
	return true, nil
}

// plainArray is what an array becomes, the plain way.
func plainArray(items []json.RawMessage, whole []byte) string {
	var parts []string
	for _, item := range items {
		switch item[0] {
		case '[', '{':
			var compact bytes.Buffer
			if err := json.Compact(&compact, whole); err != nil {
				panic(err)
			}
			return compact.String()
		case '"':
			var s string
			if err := json.Unmarshal(item, &s); err != nil {
				panic(err)
			}
			parts = append(parts, s)
		case 'n':
		default:
			parts = append(parts, string(item))
		}
	}
	return strings.Join(parts, ", ")
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
		if len(values) > 0 {
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
		if text := bytes.TrimLeft(bytes.TrimPrefix(in, []byte("\ufeff")), " \t\r\n"); len(text) == 0 || text[0] == '[' || charset.Guess(in) != "" {
			return
		}
		got, err := readAs(path, ingest.Options{Format: "jsonl"}, sizes{1 + int(piece), 1 << 20, columnBytes})
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
