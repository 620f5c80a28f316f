package jsonl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"clientele/ingest"
	"clientele/ingest/ingesttest"
	"clientele/ingest/internal/charset"
	"clientele/ingest/internal/stream"
)

// seeds are files of each shape.
func seeds() [][]byte {
	var lines, array, wrapped strings.Builder
	array.WriteString("[\n")
	wrapped.WriteString("{\"total\":40,\"data\":{\"orders\":[")
	for i := range 40 {
		row := fmt.Sprintf(`{"id":%d,"c":{"name":"客户\n%d","tags":["a","b %d"]},"items":[{"sku":"S%d","n":1.50}],"x":null}`, i, i, i, i)
		lines.WriteString(row + "\n")
		array.WriteString(row + ",\n")
		wrapped.WriteString(row + ",")
	}
	array.WriteString("{}]\n")
	wrapped.WriteString("{}]},\"next\":\"]}\"}")
	return [][]byte{[]byte(lines.String()), []byte(array.String()), []byte(wrapped.String())}
}

// Damaged files are read or refused, whatever their shape.
func TestDamaged(t *testing.T) {
	ingesttest.Damaged(t, seeds(), nil, func(path string) (ingest.Reader, error) {
		return open(path, ingest.Options{}, sizes{1 << 9, rowLimit, 1 << 11})
	}, nil)
}

// Of damaged lines each is a row or a reject.
func TestDamagedLines(t *testing.T) {
	ingesttest.Damaged(t, seeds()[:1], nil, func(path string) (ingest.Reader, error) {
		return open(path, ingest.Options{Format: "jsonl", Encoding: "utf-8"}, sizes{1 << 9, rowLimit, columnBytes})
	}, func(file []byte, _ []string, rows []ingesttest.Row) error {
		if text := bytes.TrimLeft(file, " \t\r\n"); len(text) > 0 && text[0] == '[' {
			return nil // an array
		}
		i := 0
		for n, line := range bytes.Split(file, []byte("\n")) {
			if len(bytes.Trim(line, " \t\r")) == 0 {
				continue
			}
			if i == len(rows) || rows[i].Line != int64(n+1) || rows[i].Raw != stream.Printable(bytes.TrimRight(line, "\r")) {
				return fmt.Errorf("line %d is not accounted for", n+1)
			}
			i++
		}
		if i != len(rows) {
			return fmt.Errorf("%d rows of %d lines", len(rows), i)
		}
		return nil
	})
}

// FuzzDocument reads any bytes whatever they are: no panic, and of an array that
// encoding/json can read every element is a row or a reject, with the same values.
func FuzzDocument(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s[:min(len(s), 400)], uint16(3))
	}
	for _, s := range []string{`[{"a":[1,{"b":2}]},3,"x",null,[{}]]`, `{"a":{"b":[ {"c":"]"} ]},"d":[]}`, "{\"a\":\n1}{\"a\":2}", `[{"a":"\\"},{"a":"\""}] [{"b":1}]`, "[]", "[[", `{"":[{`} {
		f.Add([]byte(s), uint16(1))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, in []byte, piece uint16) {
		path := filepath.Join(dir, "x.json")
		if err := os.WriteFile(path, in, 0o600); err != nil {
			t.Fatal(err)
		}
		var whole result
		for i, size := range []int{1 << 20, 1 + int(piece)} {
			got, err := readAs(path, ingest.Options{Format: "json"}, sizes{size, 1 << 20, columnBytes})
			if err != nil {
				if !strings.HasPrefix(err.Error(), path+":") || strings.Contains(err.Error(), "\n") {
					t.Fatal(err)
				}
				return
			}
			if i == 0 {
				whole = got
			} else if fmt.Sprint(got) != fmt.Sprint(whole) {
				t.Fatalf("pieces of %d:\n%+v\n%+v", size, got, whole)
			}
		}
		var elements []json.RawMessage
		if charset.Guess(in) != "" || !utf8.Valid(in) || json.Unmarshal(bytes.TrimPrefix(in, []byte("\ufeff")), &elements) != nil {
			return
		}
		if n := len(whole.rows) + len(whole.bad); n != len(elements) {
			t.Fatalf("%d rows of %d elements", n, len(elements))
		}
		for i, line := range whole.lines {
			values := map[string]string{}
			if ok, err := flatten(elements[line-1], "", values); err != nil || !ok {
				continue
			}
			for c, name := range whole.header {
				want, ok := values[name]
				if !ok {
					want = absent
				}
				if whole.rows[i][c] != want {
					t.Fatalf("element %d: %s is %q, want %q", line, name, whole.rows[i][c], want)
				}
			}
		}
	})
}
