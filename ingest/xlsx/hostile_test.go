package xlsx

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"clientele/ingest"
	"clientele/ingest/ingesttest"
)

func sampleSheet() string {
	var rows strings.Builder
	for i := range 40 {
		fmt.Fprintf(&rows, "<row r=\"%d\"><c r=\"A%d\"><v>%d</v></c>\n<c r=\"B%d\" t=\"inlineStr\"><is><t>客户 &amp; %d</t></is></c></row>\n", i+2, i+2, i, i+2, i)
	}
	return strings.Replace(sheetOf(rows.String()), "</worksheet>", `<mergeCells count="1"><mergeCell ref="A3:A5"/></mergeCells></worksheet>`, 1)
}

// Damaged workbooks, and workbooks whose sheet is damaged inside a sound
// archive, are read or refused.
func TestDamaged(t *testing.T) {
	open := func(path string) (ingest.Reader, error) { return open(path, ingest.Options{}, 7) }
	written := excel(t, func(f *excelize.File) error {
		return rows(f, "Sheet1", []any{"id", "name"}, []any{1, "a"}, []any{2, "b"})
	})
	t.Run("archive", func(t *testing.T) {
		// Most damage is found by the archive's checksums.
		ingesttest.Damaged(t, [][]byte{written, parts(t, sampleSheet(), nil)}, nil, open, nil)
	})
	t.Run("sheet", func(t *testing.T) {
		ingesttest.Damaged(t, [][]byte{[]byte(sampleSheet())}, func(part []byte) []byte { return parts(t, string(part), nil) }, open, nil)
	})
	t.Run("styles", func(t *testing.T) {
		styles := `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[h]:mm;@"/></numFmts><cellXfs><xf numFmtId="164"/><xf numFmtId="14"/></cellXfs></styleSheet>`
		ingesttest.Damaged(t, [][]byte{[]byte(styles)}, func(part []byte) []byte {
			return parts(t, sampleSheet(), map[string]string{"xl/styles.xml": string(part)})
		}, open, nil)
	})
	t.Run("texts", func(t *testing.T) {
		texts := `<sst><si><t>id</t></si><si><r><t>ne</t></r><r><t>t</t></r></si></sst>`
		ingesttest.Damaged(t, [][]byte{[]byte(texts)}, func(part []byte) []byte {
			return parts(t, sampleSheet(), map[string]string{"xl/sharedStrings.xml": string(part)})
		}, open, nil)
	})
}

// FuzzSheet reads any bytes as a sheet: no panic, the same rows whatever the
// size of the pieces, errors of one line.
func FuzzSheet(f *testing.F) {
	f.Add([]byte(sampleSheet())[:700])
	for _, rows := range []string{
		`<row r="2"><c r="A2" s="1"><v>45292.5</v></c><c t="s"><v>1</v></c></row>`, `<row><c t="b"><v>1</v></c><c t="e"><v>x</v></c><c><f>1</f></c></row>`,
		`<row r="9" hidden="true"><c t="inlineStr"><is><r><t>a</t></r><rPh><t>b</t></rPh></is></c></row><x/>`, `<row r="2"><c r="XFD2"><v>1E+300</v></c></row>`,
	} {
		f.Add([]byte(sheetOf(rows)))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, in []byte) {
		path := filepath.Join(dir, "x.xlsx")
		if err := os.WriteFile(path, parts(t, string(in), nil), 0o600); err != nil {
			t.Fatal(err)
		}
		whole, err := readAll(path, ingest.Options{}, pieceRows)
		cut, cutErr := readAll(path, ingest.Options{}, 1)
		if (err == nil) != (cutErr == nil) {
			t.Fatalf("%v, in pieces %v", err, cutErr)
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), path+": ") || strings.Contains(err.Error(), "\n") {
				t.Fatal(err)
			}
			return
		}
		if fmt.Sprint(whole) != fmt.Sprint(cut) {
			t.Fatalf("%+v\n%+v", whole, cut)
		}
		if !slices.IsSorted(whole.lines) || len(slices.Compact(slices.Clone(whole.lines))) != len(whole.lines) {
			t.Fatalf("lines %v", whole.lines)
		}
		for _, row := range whole.rows {
			for _, cell := range row {
				if !utf8.ValidString(cell) || strings.ContainsRune(cell, 0) {
					t.Fatalf("cell %q", cell)
				}
			}
		}
	})
}

// FuzzWorkbook reads any bytes as a workbook.
func FuzzWorkbook(f *testing.F) {
	good := parts(f, sheetOf(`<row><c><v>1</v></c></row>`), nil)
	f.Add(good)
	f.Add(good[:len(good)-30])
	f.Add([]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 old"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, in []byte) {
		path := filepath.Join(dir, "x.xlsx")
		if err := os.WriteFile(path, in, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(path, ingest.Options{Expand: 1 << 22}, 100); err != nil && (!strings.HasPrefix(err.Error(), path+": ") || strings.Contains(err.Error(), "\n")) {
			t.Fatal(err)
		}
	})
}

// FuzzXML compares the scanner with encoding/xml on all that both read.
func FuzzXML(f *testing.F) {
	for _, s := range []string{`<a b="1" c='&lt;'>x&amp;y<!-- c --><d/><![CDATA[<&]]></a>`, "<?xml version=\"1.0\"?>\r\n<x:a x:b = \"2\"\n>\r</x:a >", sampleSheet()[:300], "<a>&#x5ba2;&#10;</a>", "<a><b></a></b>", "<a", "<!DOCTYPE a><a/>"} {
		f.Add([]byte(s), uint8(1))
	}
	f.Fuzz(func(t *testing.T, in []byte, chunk uint8) {
		got, err := tokens(&chunked{in, 1 + int(chunk)})
		want, stdErr := standard(in)
		if stdErr != nil {
			return // which is stricter: names, bytes, the declaration
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if err != nil {
			if !bytes.Contains(in, []byte("<!")) && !strings.Contains(err.Error(), "deep") && !strings.Contains(err.Error(), "name") && !strings.Contains(err.Error(), "character") {
				t.Fatalf("%q: %v", in, err)
			}
			return
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q\n got %q\nwant %q", in, got, want)
		}
	})
}

// chunked reads a few bytes at a time.
type chunked struct {
	rest []byte
	n    int
}

func (c *chunked) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.rest[:min(c.n, len(c.rest))])
	c.rest = c.rest[n:]
	return n, nil
}

// tokens are what the scanner reads: names of tags, and texts put together.
func tokens(from io.Reader) ([]string, error) {
	s := newScanner(from)
	var out []string
	for {
		k, err := s.next()
		if err != nil {
			return out, err
		}
		switch k {
		case startTag:
			out = append(out, "<"+string(s.name)+" b="+string(s.attr("b")))
		case endTag:
			out = append(out, "</"+string(s.name))
		default:
			out = withText(out, string(s.text))
		}
	}
}

func withText(out []string, text string) []string {
	if text == "" {
		return out
	}
	if n := len(out); n > 0 && out[n-1][0] == '=' {
		out[n-1] += text
		return out
	}
	return append(out, "="+text)
}

// standard are the same as encoding/xml reads them.
func standard(in []byte) ([]string, error) {
	d := xml.NewDecoder(bytes.NewReader(in))
	var out []string
	for {
		token, err := d.RawToken()
		if err != nil {
			if errors.Is(err, io.EOF) {
				// RawToken does not compare tags: Token does.
				strict := xml.NewDecoder(bytes.NewReader(in))
				for {
					if _, err := strict.Token(); errors.Is(err, io.EOF) {
						return out, nil
					} else if err != nil {
						return nil, err
					}
				}
			}
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			b := ""
			for _, a := range slices.Backward(token.Attr) {
				if a.Name.Local == "b" {
					b = a.Value // the first one
				}
			}
			out = append(out, "<"+token.Name.Local+" b="+b)
		case xml.EndElement:
			out = append(out, "</"+token.Name.Local)
		case xml.CharData:
			out = withText(out, string(token))
		}
	}
}
