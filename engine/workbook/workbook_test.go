package workbook

import (
	"bytes"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"clientele/engine/table"
)

// read opens what was written.
func read(t interface {
	Helper()
	Fatal(...any)
}, b *bytes.Buffer) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func values(t *testing.T, f *excelize.File, sheet string, raw bool) [][]string {
	t.Helper()
	rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: raw})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func texts(name string, list ...string) *table.Column {
	c := &table.Column{Field: table.Field{Name: name, Kind: table.Text}}
	for _, s := range list {
		c.Texts.AppendString(s)
	}
	return c
}

// One of each kind, and what a spreadsheet would spoil.
func TestCells(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 6, 30, 4, 0, 0, 0, time.UTC)
	rows := table.New(
		texts("customer_id", "007", "=1+1", "+86 138", "\x01bad\x00"),
		&table.Column{Field: table.Field{Name: "member", Kind: table.Int}, Ints: []int64{3429887432247516324, 12, -5, 999_999_999_999_999}, Null: []bool{false, false, true, false}},
		&table.Column{Field: table.Field{Name: "clv", Kind: table.Float}, Floats: []float64{12.5, math.NaN(), math.Inf(1), -0.25}},
		&table.Column{Field: table.Field{Name: "net", Kind: table.Decimal}, Ints: []int64{123400, 0, -1, 10000}},
		&table.Column{Field: table.Field{Name: "on", Kind: table.Date}, Dates: []int32{int32(noon.Unix() / 86400), -25569, 0, -25508}},
		&table.Column{Field: table.Field{Name: "at", Kind: table.Timestamp}, Ints: []int64{noon.UnixMicro(), 0, 0, -3e15}, Null: []bool{false, true, false, false}},
		&table.Column{Field: table.Field{Name: "yes", Kind: table.Bool}, Bools: []bool{true, false, true, false}},
		&table.Column{Field: table.Field{Name: "band", Kind: table.Category, Labels: []string{"low", "high"}}, Codes: []int32{1, 0, -1, 1}},
	)
	var out bytes.Buffer
	b, err := New(&out, Options{Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	columns := make([]Column, len(rows.Columns()))
	for i, c := range rows.Columns() {
		columns[i] = Column{Name: c.Name}
	}
	columns[2].Format, columns[3].Format = Share, Money
	if err := b.Sheet("scores", columns); err != nil {
		t.Fatal(err)
	}
	if err := b.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	f := read(t, &out)
	shown, raw := values(t, f, "scores", false), values(t, f, "scores", true)
	for i, want := range [][]string{
		{"customer_id", "member", "clv", "net", "on", "at", "yes", "band"},
		{"007", "3429887432247516324", "1250.00%", "12.34", "2026-06-30", "2026-06-30 12:00:00", "TRUE", "high"},
		{"=1+1", "12", "", "0.00", "1899-12-30", "", "FALSE", "low"},
		{"+86 138", "", "", "-0.00", "1970-01-01", "1970-01-01 08:00:00", "TRUE"},
		{"bad", "999999999999999", "-25.00%", "1.00", "1900-03-01", "1874-12-08 10:45:43", "FALSE", "high"},
	} {
		if i == 4 {
			want[5] = shown[4][5] // before 1900: a text, whatever offset the zone had then
			if !strings.HasPrefix(want[5], "1874-12-") {
				t.Errorf("an instant before 1900 is %q", want[5])
			}
		}
		if !slices.Equal(shown[i], want) {
			t.Errorf("row %d is %q, want %q", i, shown[i], want)
		}
	}
	if raw[1][2] != "12.5" || raw[1][4] != "46203" {
		t.Errorf("values below the formats: %v", raw[1])
	}
	for _, cell := range []string{"A2", "A3", "A4", "B2"} {
		formula, _ := f.GetCellFormula("scores", cell)
		kind, err := f.GetCellType("scores", cell)
		if err != nil || formula != "" || kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
			t.Errorf("%s is of type %v with formula %q, not a text: %v", cell, kind, formula, err)
		}
	}
}

// What does not fit on one sheet goes on on the next, with the heading.
func TestFurtherSheets(t *testing.T) {
	var out bytes.Buffer
	b, err := New(&out, Options{MostRows: 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		name string
		n    int
	}{{"scores", 7}, {"models", 3}, {"none", 0}} {
		if err := b.Sheet(s.name, []Column{{Name: "n"}}); err != nil {
			t.Fatal(err)
		}
		for i := range s.n {
			if err := b.Row([]Cell{Number(float64(i))}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	f := read(t, &out)
	if want := []string{"scores", "scores (2)", "scores (3)", "models", "none"}; !slices.Equal(f.GetSheetList(), want) {
		t.Fatalf("sheets %v, want %v", f.GetSheetList(), want)
	}
	var all []string
	for _, sheet := range f.GetSheetList() {
		rows := values(t, f, sheet, false)
		if rows[0][0] != "n" || len(rows) > 4 {
			t.Errorf("%s: %v", sheet, rows)
		}
		for _, r := range rows[1:] {
			all = append(all, r[0])
		}
	}
	if got := strings.Join(all, " "); got != "0 1 2 3 4 5 6 0 1 2" {
		t.Errorf("rows %s", got)
	}
}

func TestWrongColumns(t *testing.T) {
	b, err := New(&bytes.Buffer{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Discard()
	if err := b.Sheet("s", []Column{{Name: "a"}, {Name: "b"}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Write(table.New(texts("a", "x"))); err == nil {
		t.Error("no error")
	}
}

// Any text comes back as it was, but for what a cell cannot hold.
func TestTextsComeBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		list := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"=cmd|' /C calc'!A0", "@SUM(1)", "-1", "_x0041_", "a\r\nb", " x ", strings.Repeat("😀", 20_000), "1e5", "TRUE"})), 1, 4).Draw(r, "texts")
		var out bytes.Buffer
		b, err := New(&out, Options{})
		if err != nil {
			r.Fatal(err)
		}
		if err := b.Sheet("s", []Column{{Name: "text"}}); err != nil {
			r.Fatal(err)
		}
		for _, s := range list {
			if err := b.Row([]Cell{Text(s)}); err != nil {
				r.Fatal(err)
			}
		}
		if err := b.Close(); err != nil {
			r.Fatal(err)
		}
		f := read(r, &out)
		for i, s := range list {
			got, err := f.GetCellValue("s", "A"+string(rune('2'+i)))
			if err != nil {
				r.Fatal(err)
			}
			if want := fitting(s); strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(want) != strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(got) {
				r.Errorf("%q came back as %q", s, got)
			}
			if len([]rune(got)) > excelize.TotalCellChars {
				r.Error("too long")
			}
		}
	})
}

func BenchmarkRows(b *testing.B) {
	columns, cells := make([]Column, 27), make([]Cell, 27)
	for i := range columns {
		columns[i].Name = "column"
		if cells[i] = Number(float64(i) + 0.125); i%5 == 0 {
			cells[i] = Text("C0001234")
		}
	}
	w, err := New(&bytes.Buffer{}, Options{TempDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Sheet("s", columns); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := w.Row(cells); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

// The same cells give the same bytes, in whatever order the library has its parts.
func TestSameBytes(t *testing.T) {
	var first []byte
	for i := range 8 {
		var out bytes.Buffer
		dir := t.TempDir()
		b, err := New(&out, Options{TempDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b", "c", "d"} {
			if err := b.Sheet(name, []Column{{Name: "x"}}); err != nil {
				t.Fatal(err)
			}
			if err := b.Write(table.New(texts("x", "one", "two"))); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = out.Bytes()
		}
		if !bytes.Equal(first, out.Bytes()) {
			t.Fatalf("workbook %d has other bytes than the first", i+1)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}
