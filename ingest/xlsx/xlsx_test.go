package xlsx

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"clientele/ingest"
	"clientele/ingest/ingesttest"
)

const absent = "<absent>"

// result is everything a reader says about a workbook.
type result struct {
	header []string
	rows   [][]string
	lines  []int64
	bad    []string // line: reason: raw
	notes  []string
}

func readAll(path string, opt ingest.Options, rows int) (res result, err error) {
	r, err := open(path, opt, rows)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
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
				row[c] = absent
				if cell, ok := b.Cell(i, c); ok {
					row[c] = string(cell)
				}
			}
			res.rows = append(res.rows, row)
		}
		res.lines = append(res.lines, b.Lines...)
		for _, bad := range b.Bad {
			res.bad = append(res.bad, fmt.Sprintf("%d: %s: %s", bad.Line, bad.Reason, bad.Raw))
		}
		b.Release()
	}
}

func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "orders.xlsx")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// excel writes a workbook with excelize, an independent program.
func excel(t testing.TB, fill func(f *excelize.File) error) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	if err := fill(f); err != nil {
		t.Fatal(err)
	}
	out, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// rows fills a sheet from A1 on.
func rows(f *excelize.File, sheet string, rows ...[]any) error {
	for i, r := range rows {
		if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &r); err != nil {
			return err
		}
	}
	return nil
}

// parts writes a workbook by hand: the sheet's XML and, by path, other parts.
func parts(t testing.TB, sheetXML string, others map[string]string) []byte {
	t.Helper()
	all := map[string]string{
		"_rels/.rels":                `<Relationships><Relationship Id="rId1" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://x/sharedStrings" Target="/xl/sharedStrings.xml"/><Relationship Id="rId3" Type="http://x/styles" Target="styles.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   sheetXML,
		"xl/sharedStrings.xml":       `<sst><si><t>id</t></si><si><t>net</t></si></sst>`,
		"xl/styles.xml":              `<styleSheet><cellStyleXfs><xf numFmtId="22"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot; hh:mm"/></numFmts></styleSheet>`,
	}
	for name, text := range others {
		if all[name] = text; text == "" {
			delete(all, name)
		}
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, all[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const head = `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>`

func sheetOf(rows string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="m"><sheetData>` + head + rows + `</sheetData></worksheet>`
}

// What excelize writes is read: every type, with sheets, titles, blank and hidden rows.
func TestExcelize(t *testing.T) {
	in := excel(t, func(f *excelize.File) error {
		if err := rows(f, "Sheet1", []any{"About this file"}, []any{"It was made", time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)}); err != nil {
			return err
		}
		if _, err := f.NewSheet("Orders"); err != nil {
			return err
		}
		day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
		if err != nil {
			return err
		}
		own := "yyyy/m/d h:mm:ss"
		moment, err := f.NewStyle(&excelize.Style{CustomNumFmt: &own})
		if err != nil {
			return err
		}
		if err := rows(f, "Orders",
			[]any{"Orders of 2024"}, nil,
			[]any{"order_id", "day", "at", "amount", "paid", "note", "share", "wide id"},
			[]any{1001, 45292, 45292.60416666666, 12.5, true, "a \"b\"\n客户 <&>", 0.15, 1234567890123456},
			nil,
			[]any{"1002", "2024-01-05", 45293, -0.1 - 0.2, false, "", 1e-7, 123456789012345},
			[]any{"1003"},
			[]any{"1004", nil, nil, nil, nil, nil, nil, nil, "too far"},
		); err != nil {
			return err
		}
		for _, c := range []struct {
			from, to string
			style    int
		}{{"B4", "B6", day}, {"C4", "C6", moment}} {
			if err := f.SetCellStyle("Orders", c.from, c.to, c.style); err != nil {
				return err
			}
		}
		if err := f.SetCellFormula("Orders", "D7", "SUM(D4:D6)"); err != nil {
			return err
		}
		return f.SetRowVisible("Orders", 6, false)
	})
	want := result{
		header: []string{"order_id", "day", "at", "amount", "paid", "note", "share", "wide id"},
		rows: [][]string{
			{"1001", "2024-01-01", "2024-01-01T14:30:00", "12.5", "true", "a \"b\"\n客户 <&>", "0.15", "1.234567890123456E+15"},
			{"1002", "2024-01-05", "2024-01-02", "-0.3", "false", absent, "0.0000001", "123456789012345"},
			{"1003", absent, absent, absent, absent, absent, absent, absent},
		},
		lines: []int64{4, 6, 7},
		bad:   []string{"8: row has 9 cells, header has 8: 1004,,,,,,,,too far"},
		notes: []string{`sheet "Orders" was read`, "the header was found in row 3", "1 hidden rows were read like the others",
			"1 cells hold a formula without a stored result, the first D7, and were read as blank: open the workbook in a spreadsheet and save it"},
	}
	for _, size := range []int{1, 2, pieceRows} {
		got, err := readAll(write(t, in), ingest.Options{}, size)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%d rows at a time:\n got %+v\nwant %+v", size, got, want)
		}
	}
}

// Sheets are found by name and number; without either the first that holds a table is read.
func TestSheets(t *testing.T) {
	in := excel(t, func(f *excelize.File) error {
		for _, name := range []string{"Hidden", "Orders", "客户"} {
			if _, err := f.NewSheet(name); err != nil {
				return err
			}
			if err := rows(f, name, []any{"id", name}, []any{1, 2}); err != nil {
				return err
			}
		}
		if err := f.SetSheetVisible("Hidden", false); err != nil {
			return err
		}
		return rows(f, "Sheet1", []any{"just a word"})
	})
	path := write(t, in)
	others := `sheet "Orders" was read; sheets "Hidden", "客户" look like tables too and were not read`
	for sheet, want := range map[string]string{"": "Orders", "客户": "客户", "orders": "Orders", "3": "Orders", "2": "Hidden"} {
		got, err := readAll(path, ingest.Options{Sheet: sheet}, 10)
		if err != nil || got.header[1] != want || len(got.rows) != 1 {
			t.Errorf("sheet %q: %q, %v", sheet, got.header, err)
		}
		if notes := strings.Join(got.notes, "; "); sheet == "" && notes != others {
			t.Errorf("notes are %q", notes)
		}
	}
	for sheet, want := range map[string]string{
		"None": `has no sheet "None": it has "Sheet1", "Hidden", "Orders", "客户"`,
		"9":    `has no sheet "9": it has`,
	} {
		if _, err := readAll(path, ingest.Options{Sheet: sheet}, 10); err == nil || !strings.HasPrefix(err.Error(), path+": "+want) {
			t.Errorf("sheet %q: %v", sheet, err)
		}
	}
}

func TestHeader(t *testing.T) {
	for _, c := range []struct {
		name string
		rows [][]any
		opt  ingest.Options
		want string // header; "": none
		line int64  // of the first row
	}{
		{"first row", [][]any{{"id", "net"}, {1, 2}}, ingest.Options{}, "id net", 2},
		{"below titles", [][]any{{"Report"}, {"Shop", "Lux"}, nil, {"id", "day", "net", "x"}, {1, 2, 3, 4}}, ingest.Options{}, "id day net x", 5},
		{"a date among the titles", [][]any{{"Made on", 45292}, {"id", "day", "net", "x", "y"}, {1, 2, 3, 4, 5}}, ingest.Options{}, "id day net x y", 3},
		{"all texts", [][]any{{"id", "name", "city"}, {"a", "b", "c"}, {"d", "e", "f"}}, ingest.Options{}, "id name city", 2},
		{"a name missing, all texts", [][]any{{nil, "id", "name", "city"}, {"0", "a", "b", "c"}, {"1", "d", "e", "f"}}, ingest.Options{}, "", 0},
		{"one column", [][]any{{"id"}, {1}, {2}}, ingest.Options{}, "id", 2},
		{"mapped number", [][]any{{"id", 2024}, {1, 2}}, ingest.Options{Map: map[string]string{"amount": "2024"}}, "id 2024", 2},
		{"numbers only", [][]any{{1, 2}, {3, 4}}, ingest.Options{}, "", 0},
		{"from another column on", [][]any{{nil, nil, "id", nil, "net"}, {nil, nil, 1, 2, 3}}, ingest.Options{}, "id  net", 2},
		{"names twice", [][]any{{"id", "id"}, {1, 2}}, ingest.Options{}, "id id", 2},
	} {
		in := excel(t, func(f *excelize.File) error { return rows(f, "Sheet1", c.rows...) })
		got, err := readAll(write(t, in), c.opt, 10)
		switch {
		case c.name == "a name missing, all texts":
			if err != nil || len(got.rows) != 0 || len(got.bad) != 2 || !strings.HasPrefix(got.bad[0], "2: row has 4 cells, header has 3") {
				t.Errorf("%s: %+v, %v", c.name, got, err)
			}
		case c.want == "" && (err == nil || !strings.HasSuffix(err.Error(), ": holds no table: put a row of column names first in a sheet")):
			t.Errorf("%s: %q, %v", c.name, got.header, err)
		case c.want != "" && (err != nil || strings.Join(got.header, " ") != c.want || got.lines[0] != c.line || len(got.bad) > 0):
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

// Merged cells: the value stands in every row of the area, in its first column.
func TestMerged(t *testing.T) {
	in := excel(t, func(f *excelize.File) error {
		if err := rows(f, "Sheet1", []any{"order", "item", "n", "note"}, []any{"A1", "x", 1, "wide"}, []any{nil, "y", 2}, []any{nil, "z", 3}, []any{"A2", "w", 4}, nil, []any{nil, nil, nil, "last"}); err != nil {
			return err
		}
		for _, m := range [][2]string{{"A2", "A4"}, {"D2", "E3"}, {"A5", "A6"}, {"B7", "C7"}} {
			if err := f.MergeCell("Sheet1", m[0], m[1]); err != nil {
				return err
			}
		}
		return nil
	})
	want := [][]string{{"A1", "x", "1", "wide"}, {"A1", "y", "2", "wide"}, {"A1", "z", "3", absent}, {"A2", "w", "4", absent}, {absent, absent, absent, "last"}}
	for _, size := range []int{1, 100} {
		got, err := readAll(write(t, in), ingest.Options{}, size)
		if err != nil || !reflect.DeepEqual(got.rows, want) || !slices.Equal(got.lines, []int64{2, 3, 4, 5, 7}) ||
			!slices.Contains(got.notes, "3 cells got the value of the merged cell that they are part of") {
			t.Errorf("%q, lines %v, notes %q, bad %q, %v", got.rows, got.lines, got.notes, got.bad, err)
		}
	}
}

// Workbooks written by hand hold what excelize does not write.
func TestByHand(t *testing.T) {
	for _, c := range []struct {
		name, rows string
		others     map[string]string
		want       [][]string
		lines      []int64
		bad        []string
		notes      []string
	}{
		{name: "without names of rows and cells", rows: `<row><c><v>1</v></c><c t="str"><f>A1&amp;""</f><v>x &lt;</v></c></row><row/><row><c/><c><v>2</v></c></row>`,
			want: [][]string{{"1", "x <"}, {absent, "2"}}, lines: []int64{2, 4}},
		{name: "prefixed", rows: `<x:row r="2"><x:c r="A2"><x:v>1</x:v></x:c><x:c r="B2" t="inlineStr"><x:is><x:r><x:t>a</x:t></x:r><x:r><x:t xml:space="preserve"> b</x:t></x:r><x:rPh><x:t>reading</x:t></x:rPh></x:is></x:c></x:row>`,
			want: [][]string{{"1", "a b"}}, lines: []int64{2}},
		{name: "errors and truth", rows: `<row r="2"><c r="A2" t="e"><v>#N/A</v></c><c r="B2" t="b"><v>1</v></c></row><row r="3"><c r="A3" t="b"><v>0</v></c><c r="B3" t="d"><v>2024-01-05T00:00:00</v></c></row>`,
			want: [][]string{{absent, "true"}, {"false", "2024-01-05T00:00:00"}}, lines: []int64{2, 3}, notes: []string{"1 cells hold an error, such as #N/A, and were read as blank"}},
		{name: "controls", rows: `<row r="2"><c r="A2" t="inlineStr"><is><t>a_x000D_` + "\r\n" + `b_x005F_x000D_ &#x5ba2;<![CDATA[<&]]>&quot;</t></is></c><c r="B2" t="inlineStr"><is><t>_x0000_</t></is></c></row>`,
			want: nil, bad: []string{"2: row holds a NUL character: \"a\r\nb_x000D_ 客<&\"\"\",\\x00"}},
		{name: "not UTF-8", rows: `<row r="2"><c r="A2" t="inlineStr"><is><t>` + "\xff" + `</t></is></c></row><row r="3"><c r="A3"><v>1</v></c></row>`,
			want: [][]string{{"1", absent}}, lines: []int64{3}, bad: []string{`2: row is not valid UTF-8: \xff`}},
		{name: "dates", rows: `<row r="2"><c r="A2" s="1"><v>60</v></c><c r="B2" s="2"><v>45292.999988426</v></c></row>`,
			want: [][]string{{"60", "2024-01-01T23:59:59"}}, lines: []int64{2}},
		{name: "since 1904", rows: `<row r="2"><c r="A2" s="1"><v>0</v></c><c r="B2" s="2"><v>43830.5</v></c></row>`,
			others: map[string]string{"xl/workbook.xml": `<workbook><workbookPr date1904="1"/><sheets><sheet name="S" r:id="rId1"/></sheets></workbook>`},
			want:   [][]string{{"1904-01-01", "2024-01-01T12:00:00"}}, lines: []int64{2}},
		{name: "blank rows and blanks", rows: `<row r="2" spans="1:2"/><row r="5"><c r="A5" s="1"/><c r="B5" t="s"/></row><row r="9" hidden="1"><c r="B9"><v> 7 </v></c></row><!-- c --><?p?>`,
			want: [][]string{{absent, "7"}}, lines: []int64{9}, notes: []string{"1 hidden rows were read like the others"}},
		{name: "cells out of order", rows: `<row r="2"><c r="B2"><v>2</v></c><c r="A2"><v>1</v></c></row>`, want: [][]string{{"1", "2"}}, lines: []int64{2}},
		{name: "no number", rows: `<row r="2"><c r="A2"><v>abc</v></c><c r="B2"><v>1e999</v></c></row>`, want: [][]string{{"abc", "1e999"}}, lines: []int64{2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(write(t, parts(t, sheetOf(c.rows), c.others)), ingest.Options{}, 2)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.rows, c.want) || !slices.Equal(got.lines, c.lines) || !slices.Equal(got.bad, c.bad) || !slices.Equal(got.notes, c.notes) {
				t.Errorf("got %q %v %q %q", got.rows, got.lines, got.bad, got.notes)
			}
		})
	}
}

// Files that cannot be read are refused in one line that says what and where.
func TestErrors(t *testing.T) {
	good := parts(t, sheetOf(`<row r="2"><c r="A2"><v>1</v></c></row>`), nil)
	flipped := bytes.Clone(good)
	at := bytes.Index(flipped, []byte("xl/worksheets/sheet1.xml")) + 60 // among the packed bytes of the sheet
	flipped[at] ^= 0x10
	protected := append([]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), make([]byte, 2<<20)...)
	for _, c := range "EncryptedPackage" {
		protected = append(protected, byte(c), 0)
	}
	long := strings.Repeat("x", 1<<20)
	for _, c := range []struct {
		name string
		in   []byte
		opt  ingest.Options
		want string
	}{
		{"empty", nil, ingest.Options{}, "is empty"},
		{"text", []byte("id,net\n"), ingest.Options{}, "is not an Excel workbook (.xlsx)"},
		{"password", protected, ingest.Options{}, "is protected by a password: save a copy without one"},
		{"old", []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 old"), ingest.Options{}, "is an old Excel workbook or another Office file: save it as .xlsx"},
		{"cut", good[:len(good)-100], ingest.Options{}, "the workbook is damaged: it is cut off before its end"},
		{"flipped", flipped, ingest.Options{}, `sheet "S", after row `},
		{"archive", parts(t, "", map[string]string{"_rels/.rels": "", "xl/workbook.xml": "", "xl/_rels/workbook.xml.rels": ""}), ingest.Options{}, "is a ZIP archive, not a workbook: unpack it first"},
		{"OpenDocument", parts(t, "", map[string]string{"_rels/.rels": "", "xl/workbook.xml": "", "mimetype": "x", "content.xml": "<a/>"}), ingest.Options{}, "is an OpenDocument file"},
		{"binary", parts(t, "", map[string]string{"_rels/.rels": `<R><Relationship Id="1" Type="x/officeDocument" Target="xl/workbook.bin"/></R>`, "xl/workbook.bin": "x"}), ingest.Options{}, "is a binary workbook (.xlsb)"},
		{"document", parts(t, "", map[string]string{"_rels/.rels": `<R><Relationship Id="1" Type="x/officeDocument" Target="word/document.xml"/></R>`, "word/document.xml": "<w/>"}), ingest.Options{}, "is an Office file, but not a workbook"},
		{"no sheets", parts(t, sheetOf(""), map[string]string{"xl/workbook.xml": "<workbook/>"}), ingest.Options{}, "has no sheet of cells"},
		{"no texts", parts(t, sheetOf(""), map[string]string{"xl/sharedStrings.xml": ""}), ingest.Options{}, "the workbook is damaged: \"xl/sharedStrings.xml\" is missing in it"},
		{"no sheet part", parts(t, sheetOf(""), map[string]string{"xl/worksheets/sheet1.xml": ""}), ingest.Options{}, "the workbook is damaged: \"xl/worksheets/sheet1.xml\" is missing in it"},
		{"text of none", parts(t, sheetOf(`<row r="2"><c t="s"><v>2</v></c></row>`), nil), ingest.Options{}, `sheet "S", after row 2: the workbook is damaged: row 2 refers to text "2" of 2`},
		{"sheet cut", parts(t, sheetOf(`<row r="2"><c><v>1`)[:130], nil), ingest.Options{}, `sheet "S", after row 1: the workbook is damaged: it is cut off before its end`},
		{"tags crossed", parts(t, sheetOf(`<row r="2"><c></row></c>`), nil), ingest.Options{}, `sheet "S", after row 2: the workbook is damaged: "</row>" closes "<c>"`},
		{"rows back", parts(t, sheetOf(`<row r="5"/><row r="3"/>`), nil), ingest.Options{}, `sheet "S", after row 5: the workbook is damaged: row "3" is out of order`},
		{"a row too many", parts(t, sheetOf(`<row r="1048577"/>`), nil), ingest.Options{}, `sheet "S", after row 1: the workbook is damaged: row "1048577" is out of order`},
		{"a column too many", parts(t, sheetOf(`<row r="2"><c r="XFE2"/></row>`), nil), ingest.Options{}, `sheet "S", after row 2: the workbook is damaged: "XFE2" is no cell`},
		{"a cell twice", parts(t, sheetOf(`<row r="2"><c r="B2"/><c r="B2"/></row>`), nil), ingest.Options{}, `sheet "S", after row 2: the workbook is damaged: cell B2 stands twice`},
		{"entities", parts(t, `<!DOCTYPE a [<!ENTITY b "c">]><worksheet/>`, nil), ingest.Options{}, `sheet "S", after row 0: the workbook is damaged: it has a document type`},
		{"bomb", parts(t, sheetOf(`<row r="2"><c t="inlineStr"><is><t>`+long+`</t></is></c></row>`), nil), ingest.Options{Expand: 1 << 19}, "holds more than 512 KB in "},
		{"bomb of texts", parts(t, sheetOf(strings.Repeat(`<row><c t="s"><v>0</v></c></row>`, 5000)), map[string]string{"xl/sharedStrings.xml": "<sst><si><t>" + strings.Repeat("x", 1000) + "</t></si><si><t>b</t></si></sst>"}),
			ingest.Options{Expand: 1 << 20}, "holds more than 1024 KB in "},
		{"wide row", parts(t, sheetOf(`<row>`+strings.Repeat(`<c t="s"><v>0</v></c>`, 1000)+`</row>`), map[string]string{"xl/sharedStrings.xml": "<sst><si><t>" + strings.Repeat("x", 100_000) + "</t></si><si><t>b</t></si></sst>"}),
			ingest.Options{}, `sheet "S", after row 2: the workbook is damaged: row 2 holds more than 64 MB`},
	} {
		path := write(t, c.in)
		_, err := readAll(path, c.opt, 10)
		if err == nil || !strings.HasPrefix(err.Error(), path+": "+c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestStyles(t *testing.T) {
	for code, want := range map[string]style{
		"General": plain, "0.00": plain, "#,##0.00;[Red]-#,##0.00": plain, "0.00E+00": plain, `0"元"`: plain, "0%": plain, "@": plain, `"day"0`: plain, `\d0`: plain, `_d0_)`: plain, "[$¥-804]#,##0.00": plain,
		"yyyy-mm-dd": date, "m/d/yy h:mm": date, `yyyy"年"m"月"d"日"`: date, "mmm": date, "[$-409]d-mmm-yy;@": date, "ge.m.d": date, "dddd": date, "D/M/YYYY": date,
		"h:mm AM/PM": clock, "hh:mm:ss": clock, "mm:ss.0": clock, `h"时"mm"分"`: clock,
		"[h]:mm:ss": elapsed, "[mm]:ss": elapsed, "[Red]0": plain, `"unclosed`: plain, "[unclosed": plain,
	} {
		if got := styleOf(code); got != want {
			t.Errorf("%s is %d, want %d", code, got, want)
		}
	}
	for id, want := range map[int]style{0: plain, 2: plain, 14: date, 18: clock, 22: date, 31: date, 32: clock, 46: elapsed, 49: plain, 57: date} {
		if got := builtin(id); got != want {
			t.Errorf("%d is %d, want %d", id, got, want)
		}
	}
}

// Serial numbers as Excel shows them (its own documentation of DATE and of the two date systems).
func TestSerials(t *testing.T) {
	for _, c := range []struct {
		in   string
		s    style
		late bool // since 1904
		want string
	}{
		{"1", date, false, "1900-01-01"}, {"59", date, false, "1900-02-28"}, {"60", date, false, ""}, {"61", date, false, "1900-03-01"},
		{"39448", date, false, "2008-01-01"}, {"37986", date, true, "2008-01-01"}, {"2958465", date, false, "9999-12-31"}, {"2958466", date, false, ""},
		{"0", date, false, ""}, {"0", date, true, "1904-01-01"}, {"0.25", date, false, "06:00:00"}, {"-1", date, false, ""}, {"x", date, false, ""}, {"1E+20", date, false, ""}, {"NaN", date, false, ""},
		{"45292.6041666667", date, false, "2024-01-01T14:30:00"}, {"45292.60416667824", clock, false, "2024-01-01T14:30:00.001"}, {"45292.9999999999", date, false, "2024-01-02"},
		{"0.5", clock, false, "12:00:00"}, {"0", clock, false, "00:00:00"}, {"0.999999999", clock, true, "1904-01-02"}, {"1.25", elapsed, false, "30:00:00"}, {"0.0416666666666667", elapsed, false, "01:00:00"},
	} {
		got, ok := appendSerial(nil, []byte(c.in), c.s, c.late)
		if ok != (c.want != "") || ok && string(got) != c.want {
			t.Errorf("%s: %q, %v, want %q", c.in, got, ok, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"1": "1", "-12.50": "-12.50", "0": "0", "123456789012345": "123456789012345", "1234567890123456": "1.234567890123456E+15", "123456789012345678": "1.2345678901234568E+17",
		"1.23E+17": "1.23E+17", "1.23456E+5": "123456", "19.989999999999998": "19.99", "0.30000000000000004": "0.3", "1E-7": "0.0000001", "1e5": "100000", "-1.5E+20": "-1.5E+20",
		"100000000000000000": "1E+17", "0.1234567890123456": "0.123456789012346", "12345678901234.56": "12345678901234.6", "": "", ".5": "0.5", "5.": "5", "1e999": "1e999", "1E-999": "0", "-0": "-0",
		"12,5": "12,5",
	} {
		if got := string(appendNumber(nil, []byte(in))); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// Any table of texts and numbers comes back as excelize wrote it.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		columns := rapid.IntRange(1, 6).Draw(rt, "columns")
		title := rapid.Bool().Draw(rt, "title")
		var table [][]any
		if title {
			table = append(table, []any{"title"}, nil)
		}
		header := make([]any, columns)
		for c := range header {
			header[c] = fmt.Sprintf("列 %d", c)
		}
		table = append(table, header)
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab<&>\"'\n\t_x000D_ 客户😀")), 1, 12, -1)
		var want [][]string
		var lines []int64
		for range rapid.IntRange(1, 30).Draw(rt, "rows") {
			cells, texts, some := make([]any, columns), make([]string, columns), false
			for c := range cells {
				texts[c] = absent
				switch rapid.IntRange(0, 3).Draw(rt, "kind") {
				case 1:
					s := text.Draw(rt, "text")
					cells[c], texts[c], some = s, s, true
				case 2:
					n := rapid.Int64Range(-999_999_999_999_999, 999_999_999_999_999).Draw(rt, "number")
					cells[c], texts[c], some = n, fmt.Sprint(n), true
				case 3:
					n := rapid.Int64Range(-99_999, 99_999).Draw(rt, "cents")
					cells[c], texts[c], some = float64(n)/4, trimmed(n), true
				}
			}
			if table = append(table, cells); some {
				want, lines = append(want, texts), append(lines, int64(len(table)))
			}
		}
		in := excel(t, func(f *excelize.File) error { return rows(f, "Sheet1", table...) })
		path := filepath.Join(t.TempDir(), "x.xlsx")
		if err := os.WriteFile(path, in, 0o600); err != nil {
			rt.Fatal(err)
		}
		// The header is mapped: what stands in the rows must not matter here.
		got, err := readAll(path, ingest.Options{Map: map[string]string{"x": "列 0"}}, rapid.IntRange(1, 40).Draw(rt, "piece"))
		if err != nil || len(got.bad) > 0 || !slices.Equal(got.lines, lines) || !reflect.DeepEqual(got.rows, want) {
			rt.Fatalf("%v\n got %q %v %q\nwant %q %v", err, got.rows, got.lines, got.bad, want, lines)
		}
	})
}

// trimmed writes quarters without zeros at their end.
func trimmed(quarters int64) string {
	s := fmt.Sprintf("%.2f", float64(quarters)/4)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

func TestPromises(t *testing.T) {
	in := excel(t, func(f *excelize.File) error {
		table := [][]any{{"id", "name", "net"}}
		for i := range 300 {
			table = append(table, []any{i, fmt.Sprintf("客户 %d", i), 1.5})
		}
		table[7] = []any{"a", nil, nil, "beside"}
		table[9] = nil
		return rows(f, "Sheet1", table...)
	})
	path := write(t, in)
	ingesttest.Reader(t, func(size int) (ingest.Reader, error) { return open(path, ingest.Options{}, max(1, size/20)) }, ingesttest.Want{
		Header: []string{"id", "name", "net"}, Bad: []int64{8}, Read: 299,
	})
}

// 10,000 columns are a table like any other.
func TestWide(t *testing.T) {
	var rows strings.Builder
	rows.WriteString(`<worksheet><sheetData><row>`)
	for i := range 10_000 {
		fmt.Fprintf(&rows, `<c t="inlineStr"><is><t>c%d</t></is></c>`, i)
	}
	rows.WriteString("</row>")
	for range 500 {
		rows.WriteString(`<row><c><v>1</v></c><c r="NTP1"><v>2</v></c></row>`) // the 10,000th
	}
	rows.WriteString("</sheetData></worksheet>")
	got, err := readAll(write(t, parts(t, rows.String(), nil)), ingest.Options{}, pieceRows)
	if err != nil || len(got.header) != 10_000 || len(got.rows) != 500 || len(got.bad) > 0 || got.rows[499][9_999] != "2" || got.rows[3][1] != absent {
		t.Fatalf("%d columns, %d rows, %d bad, %v", len(got.header), len(got.rows), len(got.bad), err)
	}
}
