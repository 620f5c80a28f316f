package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"clientele/ingest"
)

// FuzzCSV reads any bytes. It must end without a panic, say the same whatever
// the size of the pieces, account for every line, and agree with encoding/csv
// where that has nothing to complain about.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,2\n", "a;b\r\n\"1\";2\r\n", "a\tb\n\"x\ny\"\t\"\"\"\"\n", "a,b\n\"1\"x,2\n3,\"4\n5,6",
		"\xef\xbb\xbfa|b\n\n1|2|\n", "sep=;\na;b\n1;2\n", "\xb5\xa5\xba\xc5,\xbd\xf0\xb6\xee\n1|\xb5|,2\n", "a,b\r1,\"\r\"\r2,3\r", "a,b\n\x00,1\n",
		"a,b\n\"1\"\r", "a,b\n\"x\\\"y\",1\n2,\"\\\\\"\n", "a,b\r1,2\n3,4\r\n", "\xff\xfea\x00,\x00b\x00\n\x001\x00,\x002\x00\n\x00",
		"\x00a\x00,\x00b\x00\n\x00\x31\x00,\x002", "a,\xe9\n\x81,2\n",
		"a,b\n1,\"2\"\r\n\"\",\"\"\"", "a,a,\n,,\n", "x\n\n\n1",
	} {
		f.Add([]byte(seed), uint8(3), uint8(0))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, in []byte, piece, choice uint8) {
		path := filepath.Join(dir, "x.csv")
		if err := os.WriteFile(path, in, 0o600); err != nil {
			t.Fatal(err)
		}
		opt := ingest.Options{
			Encoding:  []string{"auto", "utf-8", "gb18030", "utf-16le", "windows-1252", "shift_jis"}[choice%6],
			Delimiter: []string{"auto", ",", ";", "|", "\t"}[choice/6%5],
		}
		whole, err := readAll(path, opt, 1<<20, 1<<21)
		if err != nil {
			return
		}
		if opt.Encoding != "auto" && (opt.Encoding != "gb18030" || len(whole.bad) == 0) {
			// A found encoding may differ where the pieces differ, and a broken character may hide a pipe.
			cut, err := readAll(path, opt, 1+int(piece), 1<<21)
			if err != nil {
				t.Fatalf("in pieces of %d: %v", 1+int(piece), err)
			}
			if !reflect.DeepEqual(cut, whole) {
				t.Fatalf("pieces of %d:\n%+v\nwhole:\n%+v", 1+int(piece), cut, whole)
			}
		}
		last := int64(0)
		for i, line := range whole.lines {
			if line <= last {
				t.Fatalf("line %d after line %d", line, last)
			}
			last = line
			for _, bad := range whole.bad {
				if bad.Line == line {
					t.Fatalf("line %d is both a row %q and a reject", line, whole.rows[i])
				}
			}
		}
		for _, bad := range whole.bad {
			if bad.Reason == "" || strings.ContainsRune(bad.Raw, 0) || !validUTF8([]byte(bad.Raw)) {
				t.Fatalf("reject %+v", bad)
			}
		}
		compareStandard(t, in, opt, whole)
	})
}

// compareStandard compares with encoding/csv, an independent reader, where the
// two follow the same rules: UTF-8, no \r (it makes "\r\n" in quotes "\n").
func compareStandard(t *testing.T, in []byte, opt ingest.Options, got result) {
	if opt.Encoding != "utf-8" || opt.Delimiter == "auto" || bytes.ContainsAny(in, "\r\x00") || !validUTF8(in) ||
		len(got.bad) > 0 || len(in) > 3 && strings.EqualFold(string(in[:4]), "sep=") {
		return
	}
	if bytes.Contains(in, []byte(`\"`)) {
		return // may be read as a quote
	}
	std := stdcsv.NewReader(bytes.NewReader(bytes.TrimPrefix(in, []byte("\ufeff"))))
	std.Comma = rune(opt.Delimiter[0])
	std.FieldsPerRecord = -1
	want, err := std.ReadAll()
	if err != nil || len(want) == 0 || len(want) != len(got.rows)+1 && len(want[0]) == 0 {
		return
	}
	for i, row := range want {
		mine := got.header
		if i > 0 {
			if i > len(got.rows) {
				t.Fatalf("%d rows, encoding/csv has %d", len(got.rows), len(want)-1)
			}
			mine = got.rows[i-1]
		}
		if len(row) == len(mine)+1 && row[len(mine)] == "" { // a delimiter at the end of every row, or of the header
			row = row[:len(mine)]
		}
		if !reflect.DeepEqual(row, mine) {
			t.Fatalf("row %d: %q, encoding/csv has %q", i, mine, row)
		}
	}
	if len(want) != len(got.rows)+1 {
		t.Fatalf("%d rows, encoding/csv has %d", len(got.rows), len(want)-1)
	}
}
