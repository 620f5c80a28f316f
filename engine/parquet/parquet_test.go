package parquet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"clientele/engine/table"
)

// reporter is what a test and a property have in common.
type reporter interface {
	Fatal(...any)
	Fatalf(string, ...any)
}

// written is a file of some tables.
func written(t reporter, columns []Column, workers int, groups ...*table.Table) []byte {
	var out bytes.Buffer
	w, err := NewWriter(&out, columns, map[string]string{"dictionary": "什么意思", "a": "b"}, workers, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(groups...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func columnsOf(t *table.Table) []Column {
	var out []Column
	for _, c := range t.Columns() {
		out = append(out, Column{Name: c.Name, Kind: c.Kind, Narrow: c.Name == "narrow"})
	}
	return out
}

// cell is a value as text, of a table.
func cell(c *table.Column, i int) string {
	if c.Missing(i) {
		return "missing"
	}
	switch c.Kind {
	case table.Float:
		return fmt.Sprint(math.Float64bits(c.Floats[i]))
	case table.Int:
		return fmt.Sprint(c.Int(i))
	case table.Date:
		return fmt.Sprint(c.Dates[i])
	case table.Bool:
		return fmt.Sprint(c.Bools[i])
	case table.Text:
		return string(c.Texts.At(i))
	}
	return c.Labels[c.Codes[i]]
}

// valueText is a value as text, of a file.
func valueText(v pq.Value) string {
	switch {
	case v.IsNull():
		return "missing"
	case v.Kind() == pq.Double:
		return fmt.Sprint(math.Float64bits(v.Double()))
	case v.Kind() == pq.Boolean:
		return fmt.Sprint(v.Boolean())
	case v.Kind() == pq.ByteArray:
		return string(v.ByteArray())
	}
	return fmt.Sprint(number(v))
}

func number(v pq.Value) int64 {
	if v.Kind() == pq.Int32 {
		return int64(v.Int32())
	}
	return v.Int64()
}

// checkRead reads a file by a library that shares nothing with the writer but the names
// of the format's parts, and holds it to the tables.
func checkRead(t reporter, text []byte, groups []*table.Table) {
	f, err := pq.OpenFile(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := f.Lookup("dictionary"); !ok || v != "什么意思" {
		t.Fatalf("what is said of the file: %q, %v", v, ok)
	}
	groups = slices.DeleteFunc(slices.Clone(groups), func(g *table.Table) bool { return g.Rows() == 0 })
	if len(f.RowGroups()) != len(groups) {
		t.Fatalf("%d row groups, want %d", len(f.RowGroups()), len(groups))
	}
	for g, group := range f.RowGroups() {
		for k, chunk := range group.ColumnChunks() {
			c := groups[g].Columns()[k]
			var values []pq.Value
			pages := chunk.Pages()
			for {
				p, err := pages.ReadPage()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("column %s: %v", c.Name, err)
				}
				part := make([]pq.Value, p.NumValues())
				if n, err := p.Values().ReadValues(part); n != len(part) || err != nil && err != io.EOF {
					t.Fatalf("column %s: %d of %d values, %v", c.Name, n, len(part), err)
				}
				for _, v := range part {
					values = append(values, v.Clone())
				}
			}
			if err := pages.Close(); err != nil {
				t.Fatal(err)
			}
			if len(values) != c.Len() {
				t.Fatalf("column %s: %d values, want %d", c.Name, len(values), c.Len())
			}
			for i, v := range values {
				if got, want := valueText(v), cell(c, i); got != want {
					t.Fatalf("column %s, row %d: %s, want %s", c.Name, i, got, want)
				}
			}
			checkStatistics(t, f, g, k, c)
		}
	}
}

// checkStatistics holds what the footer says of a chunk to its values: readers leave out
// groups of rows by it.
func checkStatistics(t reporter, f *pq.File, g, k int, c *table.Column) {
	about := f.Metadata().RowGroups[g].Columns[k].MetaData
	missing := int64(0)
	low, high := about.Statistics.MinValue, about.Statistics.MaxValue
	for i := range c.Len() {
		if c.Missing(i) {
			missing++
			continue
		}
		if len(low) == 0 {
			continue
		}
		of := func(b []byte) int {
			switch c.Kind {
			case table.Float:
				return cmp.Compare(c.Floats[i], pq.Double.Value(b).Double())
			case table.Int:
				return cmp.Compare(c.Int(i), number(pq.Kind(about.Type).Value(b)))
			case table.Date:
				return cmp.Compare(int64(c.Dates[i]), number(pq.Kind(about.Type).Value(b)))
			}
			return strings.Compare(cell(c, i), string(b))
		}
		if of(low) < 0 || of(high) > 0 {
			t.Fatalf("column %s, row %d: %s is not within %x to %x", c.Name, i, cell(c, i), low, high)
		}
	}
	if about.Statistics.NullCount != missing || about.NumValues != int64(c.Len()) {
		t.Fatalf("column %s: %d of %d missing, want %d of %d", c.Name, about.Statistics.NullCount, about.NumValues, missing, c.Len())
	}
	if c.Kind == table.Int && missing < int64(c.Len()) && len(low) == 0 {
		t.Fatalf("column %s: nothing is said of its values", c.Name)
	}
}

// drawn is a table of every kind of column, with runs of equal values, few and many
// different ones, close and far apart.
func drawn(t *rapid.T, rows int) *table.Table {
	missing := func(name string) []bool {
		share := rapid.SampledFrom([]int{-1, 0, 2, 10}).Draw(t, name)
		if share < 0 {
			return nil
		}
		out := make([]bool, rows)
		for i := range out {
			out[i] = rapid.IntRange(0, share).Draw(t, "") == 0
		}
		return out
	}
	ints := func(name string) []int64 {
		far := rapid.SampledFrom([]int64{1, 5, 300, 70_000, math.MaxInt32, math.MaxInt64}).Draw(t, name+" far")
		from := rapid.SampledFrom([]int64{0, -3, math.MinInt32 / 2}).Draw(t, name+" from")
		out := make([]int64, rows)
		for i := range out {
			if i == 0 || rapid.IntRange(0, 3).Draw(t, "") > 0 {
				out[i] = rapid.Int64Range(from, max(from, far-1)).Draw(t, "")
			} else {
				out[i] = out[i-1]
			}
		}
		return out
	}
	short := func(list []int64) []int32 {
		out := make([]int32, len(list))
		for i, v := range list {
			out[i] = int32(v)
		}
		return out
	}
	float, text := table.NewColumn(table.Field{Name: "float", Kind: table.Float}, rows), &table.Column{Field: table.Field{Name: "text", Kind: table.Text}}
	few := rapid.Bool().Draw(t, "few")
	text.Texts.Offsets = []int32{0}
	for i := range rows {
		if float.Floats[i] = rapid.Float64().Draw(t, ""); few {
			float.Floats[i] = rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, math.NaN(), math.Inf(1)}).Draw(t, "")
		}
		text.Texts.AppendString(rapid.StringN(0, 3, -1).Draw(t, "") + strings.Repeat("客", rapid.SampledFrom([]int{0, 0, 0, 200}).Draw(t, "")))
	}
	text.Null = missing("text")
	label := &table.Column{Field: table.Field{Name: "label", Kind: table.Category, Labels: []string{"b", "a", "", "b", "never"}}, Codes: make([]int32, rows)}
	for i := range label.Codes {
		label.Codes[i] = int32(rapid.IntRange(-1, 3).Draw(t, ""))
	}
	return table.New(float, text, label,
		&table.Column{Field: table.Field{Name: "int", Kind: table.Int}, Ints: ints("int"), Null: missing("int")},
		&table.Column{Field: table.Field{Name: "narrow", Kind: table.Int}, Shorts: short(ints("narrow")), Null: missing("narrow")},
		&table.Column{Field: table.Field{Name: "short", Kind: table.Int}, Shorts: short(ints("short"))},
		&table.Column{Field: table.Field{Name: "date", Kind: table.Date}, Dates: short(ints("date")), Null: missing("date")},
		&table.Column{Field: table.Field{Name: "bool", Kind: table.Bool}, Bools: slices.Repeat([]bool{true, false, true}, rows)[:rows], Null: missing("bool")},
	)
}

// What is written is what is read, and the bytes are the same on any number of workers
// and whether groups come together or one by one.
func TestReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		groups := []*table.Table{drawn(t, rapid.IntRange(1, 40).Draw(t, "rows"))}
		for range rapid.IntRange(0, 2).Draw(t, "more groups") {
			groups = append(groups, drawn(t, rapid.IntRange(0, 9).Draw(t, "rows")))
		}
		columns := columnsOf(groups[0])
		text := written(t, columns, 1, groups...)
		checkRead(t, text, groups)
		if !bytes.Equal(text, written(t, columns, 3, groups...)) {
			t.Fatal("other bytes on three workers")
		}
		pages := new(Pages)
		for range 2 { // the second time there are pages
			var out bytes.Buffer
			w, err := NewWriter(&out, columns, map[string]string{"dictionary": "什么意思", "a": "b"}, 2, pages)
			for _, g := range groups {
				err = errors.Join(err, w.Write(g))
			}
			if err = errors.Join(err, w.Close()); err != nil || !bytes.Equal(text, out.Bytes()) {
				t.Fatalf("other bytes one by one, %v", err)
			}
		}
	})
}

// Numbers that are nearly all different, and those that are just as many as a dictionary
// holds, come back.
func TestManyNumbers(t *testing.T) {
	t.Parallel()
	for _, different := range []int{1, 2, mostFew - 1, mostFew, mostFew + 1, 5000} {
		c := table.NewColumn(table.Field{Name: "v", Kind: table.Float}, 9000)
		days := table.NewColumn(table.Field{Name: "d", Kind: table.Date}, 9000)
		for i := range c.Floats {
			c.Floats[i], days.Dates[i] = math.Sqrt(float64(i*7919%different)), int32(i*7919%different*13)
		}
		in := table.New(c, days)
		checkRead(t, written(t, columnsOf(in), 2, in), []*table.Table{in})
	}
}

// A reader of eight values and less a time undoes the packing.
func TestPacked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 24).Draw(t, "width")
		var values []int32
		for range rapid.IntRange(1, 20).Draw(t, "runs") {
			v := int32(rapid.IntRange(0, 1<<width-1).Draw(t, "v"))
			values = append(values, slices.Repeat([]int32{v}, rapid.IntRange(1, 30).Draw(t, "times"))...)
		}
		got, err := unpacked(appendPacked(nil, values, width), len(values), width)
		if err != nil || !slices.Equal(got, values) {
			t.Fatalf("got %v (%v)\nwant %v", got, err, values)
		}
	})
}

// unpacked reads runs bit by bit.
func unpacked(b []byte, n, width int) ([]int32, error) {
	var out []int32
	for len(out) < n {
		head, shift := 0, 0
		for {
			if len(b) == 0 {
				return nil, errors.New("too short")
			}
			head |= int(b[0]&0x7f) << shift
			more := b[0] >= 0x80
			b, shift = b[1:], shift+7
			if !more {
				break
			}
		}
		if head&1 == 0 {
			v, size := int32(0), (width+7)/8
			for k := range size {
				v |= int32(b[k]) << (8 * k)
			}
			out, b = append(out, slices.Repeat([]int32{v}, head>>1)...), b[size:]
			continue
		}
		for i := range head >> 1 * 8 {
			v := int32(0)
			for k := range width {
				bit := i*width + k
				v |= int32(b[bit/8]>>(bit%8)&1) << k
			}
			out = append(out, v)
		}
		b = b[head>>1*width:]
	}
	if len(b) > 0 || len(out)-n >= 8 {
		return nil, fmt.Errorf("%d bytes and %d values too many", len(b), len(out)-n)
	}
	return out[:n], nil
}

func TestRefused(t *testing.T) {
	t.Parallel()
	if _, err := NewWriter(io.Discard, []Column{{Name: "m", Kind: table.Decimal}}, nil, 1, nil); err == nil {
		t.Error("a column of amounts is taken")
	}
	w, err := NewWriter(io.Discard, []Column{{Name: "n", Kind: table.Int, Narrow: true}}, nil, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]*table.Table{
		"too large":    table.New(&table.Column{Field: table.Field{Name: "n", Kind: table.Int}, Ints: []int64{1 << 31}}),
		"another name": table.New(&table.Column{Field: table.Field{Name: "m", Kind: table.Int}, Ints: []int64{1}}),
		"another kind": table.New(&table.Column{Field: table.Field{Name: "n"}, Floats: []float64{1}}),
		"two columns":  table.Make(1, table.Field{Name: "n", Kind: table.Int}, table.Field{Name: "m"}),
	} {
		if err := w.Write(in); err == nil {
			t.Errorf("%s is written", name)
		}
	}
	if w.Rows() != 0 {
		t.Errorf("%d rows", w.Rows())
	}
}

// full has room for so many bytes.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errors.New("full")
	}
	return len(b), nil
}

// Wherever the disk is full, that is an error.
func TestFull(t *testing.T) {
	t.Parallel()
	in := table.Make(100, table.Field{Name: "a"}, table.Field{Name: "b", Kind: table.Int})
	size := len(written(t, columnsOf(in), 1, in, in))
	for room := range size {
		w, err := NewWriter(&full{room}, columnsOf(in), map[string]string{"dictionary": "什么意思", "a": "b"}, 1, nil)
		if err == nil {
			err = w.Write(in, in)
		}
		if err == nil {
			err = w.Close()
		}
		if err == nil {
			t.Fatalf("no error with room for %d of %d bytes", room, size)
		}
	}
}

// pandas reads the file, where Python has it with pyarrow, with the types and the
// missing values that were written.
func TestPandas(t *testing.T) {
	t.Parallel()
	in := table.New(
		&table.Column{Field: table.Field{Name: "day", Kind: table.Date}, Dates: []int32{0, 20_000, 0}, Null: []bool{false, false, true}},
		&table.Column{Field: table.Field{Name: "text", Kind: table.Text}, Texts: table.Strings{Offsets: []int32{0, 3, 3, 4}, Bytes: []byte("客x")}},
		&table.Column{Field: table.Field{Name: "label", Kind: table.Category, Labels: []string{"b", "a"}}, Codes: []int32{1, -1, 0}},
		&table.Column{Field: table.Field{Name: "int", Kind: table.Int}, Ints: []int64{1, math.MaxInt64, math.MinInt64}},
		&table.Column{Field: table.Field{Name: "narrow", Kind: table.Int}, Shorts: []int32{1, 2, 3}},
		&table.Column{Field: table.Field{Name: "float"}, Floats: []float64{0.1, math.NaN(), -2}},
		&table.Column{Field: table.Field{Name: "bool", Kind: table.Bool}, Bools: []bool{true, false, false}, Null: []bool{false, false, true}},
	)
	path := filepath.Join(t.TempDir(), "t.parquet")
	if err := os.WriteFile(path, written(t, columnsOf(in), 2, in, in), 0o666); err != nil {
		t.Fatal(err)
	}
	script := `import sys, json, pandas, pyarrow.parquet as pq
f = pq.ParquetFile(sys.argv[1])
t = f.read()
print(json.dumps([[str(x.type) for x in t.schema], f.schema_arrow.metadata[b"dictionary"].decode(), f.num_row_groups,
  [[None if v is None else str(v) for v in c.to_pylist()[3:]] for c in t.columns], len(pandas.read_parquet(sys.argv[1])),
  [f.metadata.row_group(1).column(i).statistics.null_count for i in range(t.num_columns)]], ensure_ascii=False))`
	out, err := exec.Command("python3", "-c", script, path).Output()
	if err != nil {
		t.Skipf("python3 with pandas and pyarrow is not here: %v", err)
	}
	want := []any{
		[]any{"date32[day]", "string", "string", "int64", "int32", "double", "bool"}, "什么意思", 2.0,
		[]any{[]any{"1970-01-01", "2024-10-04", nil}, []any{"客", "", "x"}, []any{"a", nil, "b"}, []any{"1", "9223372036854775807", "-9223372036854775808"},
			[]any{"1", "2", "3"}, []any{"0.1", nil, "-2.0"}, []any{"True", "False", nil}},
		6.0, []any{1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0},
	}
	var got []any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
