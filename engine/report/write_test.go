package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"clientele/engine/table"
)

func texts(name string, values ...string) *table.Column {
	c := &table.Column{Field: table.Field{Name: name, Kind: table.Text}}
	for _, v := range values {
		c.Texts.AppendString(v)
	}
	if len(values) == 0 {
		c.Texts.Offsets = []int32{0}
	}
	return c
}

// everyKind has one column of each kind and a row of missing values.
func everyKind() *table.Table {
	name := texts("name", "王小明", "=1+1", "", "a,\"b\"\nc")
	name.Null = []bool{false, false, true, false}
	null := []bool{false, false, true, false}
	return table.New(
		&table.Column{Field: table.Field{Name: "id", Kind: table.Int}, Ints: []int64{1, -20, 0, 9007199254740993}, Null: null},
		name,
		&table.Column{Field: table.Field{Name: "clv", Kind: table.Float, Unit: "money"}, Floats: []float64{1234.5, math.Nextafter(0.3, 1), math.NaN(), math.Inf(-1)}},
		&table.Column{Field: table.Field{Name: "net", Kind: table.Decimal}, Ints: []int64{123_4500, -1, 0, math.MinInt64}, Null: null},
		&table.Column{Field: table.Field{Name: "at", Kind: table.Timestamp}, Ints: []int64{1_700_000_000_000_000, 1, 0, 0}, Null: null},
		&table.Column{Field: table.Field{Name: "on", Kind: table.Date}, Dates: []int32{19675, -1, 0, 0}, Null: null},
		&table.Column{Field: table.Field{Name: "ok", Kind: table.Bool}, Bools: []bool{true, false, false, true}, Null: null},
		&table.Column{Field: table.Field{Name: "band", Kind: table.Category, Labels: []string{"low", "high"}}, Codes: []int32{1, 0, -1, 0}},
	)
}

func render(t *testing.T, tb *table.Table, format string, opt Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, tb, format, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteCSV(t *testing.T) {
	want := "id,name,clv,net,at,on,ok,band\n" +
		"1,王小明,1234.5,123.45,2023-11-14T22:13:20Z,2023-11-14,true,high\n" +
		"-20,=1+1,0.30000000000000004,-0.0001,1970-01-01T00:00:00.000001Z,1969-12-31,false,low\n" +
		",,,,,,,\n" +
		"9007199254740993,\"a,\"\"b\"\"\nc\",-Inf,-922337203685477.5808,1970-01-01T00:00:00Z,1970-01-01,true,low\n"
	if got := render(t, everyKind(), "csv", Options{Raw: true}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWriteCSVSpreadsheet(t *testing.T) {
	in := table.New(texts("t", "=A1", "+1", "-1", "@x", "\tx", "+x", "ok", "=a,b"),
		&table.Column{Field: table.Field{Name: "n", Kind: table.Int}, Ints: []int64{-1, 2, 3, 4, 5, 6, 7, 8}})
	want := "t,n\n'=A1,-1\n+1,2\n-1,3\n'@x,4\n'\tx,5\n'+x,6\nok,7\n\"'=a,b\",8\n"
	if got := render(t, in, "csv", Options{}); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	want = "\ufeff" + want
	if got := render(t, in, "csv", Options{Spreadsheet: true}); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestWriteJSON(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	want := `[
{"id":1,"name":"王小明","clv":1234.5,"net":123.45,"at":"2023-11-15T06:13:20+08:00","on":"2023-11-14","ok":true,"band":"high"},
{"id":-20,"name":"=1+1","clv":0.30000000000000004,"net":-0.0001,"at":"1970-01-01T08:00:00.000001+08:00","on":"1969-12-31","ok":false,"band":"low"},
{"id":null,"name":null,"clv":null,"net":null,"at":null,"on":null,"ok":null,"band":null},
{"id":9007199254740993,"name":"a,\"b\"\nc","clv":"-Inf","net":-922337203685477.5808,"at":"1970-01-01T08:00:00+08:00","on":"1970-01-01","ok":true,"band":"low"}
]
`
	got := render(t, everyKind(), "json", Options{Zone: shanghai})
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !json.Valid([]byte(got)) {
		t.Error("not JSON")
	}
}

func TestWriteTable(t *testing.T) {
	want := strings.TrimPrefix(`
              id name         clv                 net at                  on         ok    band
---------------- -------- ------- ------------------- ------------------- ---------- ----- ----
               1 王小明   1234.50              123.45 2023-11-14 22:13:20 2023-11-14 true  high
             -20 =1+1        0.30             -0.0001 1970-01-01 00:00:00 1969-12-31 false low

9007199254740993 a,"b"\nc    -Inf -922337203685477.58 1970-01-01 00:00:00 1970-01-01 true  low
`, "\n")
	got := render(t, everyKind(), "table", Options{})
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableRounding(t *testing.T) {
	in := table.New(
		&table.Column{Field: table.Field{Name: "p", Kind: table.Float}, Floats: []float64{0.123456, 1, 1e-9}},
		&table.Column{Field: table.Field{Name: "ll", Kind: table.Float}, Floats: []float64{-95415.119, 2, 3}},
		&table.Column{Field: table.Field{Name: "whole", Kind: table.Float}, Floats: []float64{1e6, 2, 3}},
		texts("esc", "\x1b[31mred", "a\u202eb", "\xff"),
	)
	want := "     p        ll   whole esc\n" +
		"------ --------- ------- ------------\n" +
		"0.1235 -95415.12 1000000 \\u001b[31mred\n" +
		"1.0000      2.00       2 a\\u202eb\n" +
		" 1e-09      3.00       3 \ufffd\n"
	want = strings.Replace(want, "------- ------------\n", "------- -------------\n", 1)
	if got := render(t, in, "table", Options{}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Money has two digits, other numbers as few as tell their values, and none has
// the noise of binary fractions. CSV keeps every digit.
func TestTableDigits(t *testing.T) {
	noise := math.Nextafter(0.3, 1) // 0.30000000000000004
	float := func(name string, v ...float64) *table.Column {
		return &table.Column{Field: table.Field{Name: name, Kind: table.Float}, Floats: v}
	}
	for _, c := range []struct {
		column *table.Column
		want   []string
	}{
		{float("average_order_value", 11.333333333333334, 99.9), []string{"11.33", "99.90"}},
		{float("net_revenue", 22, 12), []string{"22.00", "12.00"}},
		{float("clv", 62.981, 0), []string{"62.98", "0.00"}},
		{float("expected_spend", 99.9, 1000), []string{"99.90", "1000.00"}},
		{float("revenue_share", 0.12345, 0.5), []string{"0.1235", "0.5000"}},
		{float("medium", 0.5, 0.25), []string{"0.50", "0.25"}},
		{float("noise", noise, 174.34799999999998), []string{"0.30", "174.35"}},
		{float("tenth", noise, 1), []string{"0.3", "1.0"}},
		{float("whole", 31, 2), []string{"31", "2"}},
		{float("expected_orders", 19.5432, 5.3931), []string{"19.543", "5.393"}},
		{float("value", 1e-7, -5), []string{"1e-07", "-5.00"}},
		{&table.Column{Field: table.Field{Name: "rating", Kind: table.Float, Unit: "points"}, Floats: []float64{4.5, 3}}, []string{"4.5", "3.0"}},
		{&table.Column{Field: table.Field{Name: "net", Kind: table.Decimal}, Ints: []int64{999_000, 120_000}}, []string{"99.90", "12.00"}},
		{&table.Column{Field: table.Field{Name: "weight", Kind: table.Decimal}, Ints: []int64{12_3456, 120_000}}, []string{"12.3456", "12.0000"}},
		{texts("cut_points", "174.34799999999998 | 1 | 0.30000000000000004", "none"), []string{"174.348 | 1 | 0.3", "none"}},
		{texts("note", "174.34799999999998", "1 | 2"), []string{"174.34799999999998", "1 | 2"}},
	} {
		lines := strings.Split(render(t, table.New(c.column), "table", Options{}), "\n")
		for i, want := range c.want {
			if got := strings.TrimSpace(lines[2+i]); got != want {
				t.Errorf("%s: got %q, want %q", c.column.Name, got, want)
			}
		}
	}
	if got := render(t, table.New(float("net_revenue", noise)), "csv", Options{}); got != "net_revenue\n0.30000000000000004\n" {
		t.Errorf("CSV lost digits: %q", got)
	}
}

func TestWriteEmpty(t *testing.T) {
	in := table.New(texts("a"), &table.Column{Field: table.Field{Name: "b", Kind: table.Int}})
	for format, want := range map[string]string{"csv": "a,b\n", "json": "[]\n", "table": "a b\n- -\n"} {
		if got := render(t, in, format, Options{}); got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
		render(t, table.New(), format, Options{}) // no columns: nothing to see, no panic
	}
}

func TestWriteUnknownFormat(t *testing.T) {
	err := Write(&bytes.Buffer{}, everyKind(), "xml", Options{})
	if err == nil || err.Error() != `unknown format "xml": want table, csv, json` {
		t.Errorf("error %v", err)
	}
}

type full struct{ error }

func (f full) Write([]byte) (int, error) { return 0, f.error }

func TestWriteReportsFailure(t *testing.T) {
	for _, f := range Formats() {
		if err := Write(full{strconv.ErrRange}, everyKind(), f.Name, Options{}); err == nil {
			t.Errorf("%s: a full disk goes unnoticed", f.Name)
		}
	}
}

// Whatever the texts and numbers, CSV and JSON read back as they were.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		names := rapid.SliceOfN(rapid.String(), 1, 20).Draw(r, "names")
		numbers := rapid.SliceOfN(rapid.Float64(), len(names), len(names)).Draw(r, "numbers")
		units := rapid.SliceOfN(rapid.Int64(), len(names), len(names)).Draw(r, "units")
		in := table.New(texts("name", names...),
			&table.Column{Field: table.Field{Name: "v", Kind: table.Float}, Floats: numbers},
			&table.Column{Field: table.Field{Name: "d", Kind: table.Decimal}, Ints: units})
		var b bytes.Buffer
		if err := Write(&b, in, "csv", Options{Raw: true}); err != nil {
			r.Fatal(err)
		}
		// encoding/csv reads \r\n inside quotes as \n; so does the expectation.
		records, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			r.Fatal(err)
		}
		for i, rec := range records[1:] {
			if rec[0] != strings.ReplaceAll(names[i], "\r\n", "\n") {
				r.Fatalf("text %q came back as %q", names[i], rec[0])
			}
			if v, err := strconv.ParseFloat(rec[1], 64); err != nil || v != numbers[i] {
				r.Fatalf("number %v came back as %q", numbers[i], rec[1])
			}
		}
		b.Reset()
		if err := Write(&b, in, "json", Options{}); err != nil {
			r.Fatal(err)
		}
		var objects []struct {
			Name string
			V    float64
			D    json.Number
		}
		if err := json.Unmarshal(b.Bytes(), &objects); err != nil {
			r.Fatal(err)
		}
		for i, o := range objects {
			if o.Name != strings.ToValidUTF8(names[i], "\ufffd") || o.V != numbers[i] {
				r.Fatalf("row %d came back as %+v", i, o)
			}
			if back := parseUnits(o.D.String()); back != units[i] {
				r.Fatalf("decimal %d came back as %d from %s", units[i], back, o.D)
			}
		}
	})
}

// parseUnits reads a decimal text as units of 1/10,000, the slow way.
func parseUnits(s string) int64 {
	whole, fraction, _ := strings.Cut(s, ".")
	for len(fraction) < 4 {
		fraction += "0"
	}
	v, _ := strconv.ParseInt(whole+fraction, 10, 64)
	return v
}

func TestFormatsHaveNames(t *testing.T) {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	if !slices.Equal(names, []string{"table", "csv", "json"}) {
		t.Errorf("formats %v", names)
	}
}

func BenchmarkWrite(b *testing.B) {
	n := 10_000
	in := table.Make(n, table.Field{Name: "id", Kind: table.Int}, table.Field{Name: "v", Kind: table.Float}, table.Field{Name: "d", Kind: table.Date})
	for i := range n {
		in.Column("v").Floats[i] = float64(i) / 7
	}
	for _, format := range []string{"csv", "json"} {
		b.Run(format, func(b *testing.B) {
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				if err := Write(&out, in, format, Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// What people write is read as they wrote it: JSON need not escape what only HTML has
// to.
func TestJSONIsPlain(t *testing.T) {
	c := table.NewColumn(table.Field{Name: "rule", Kind: table.Text}, 0)
	c.Texts.AppendString(`clv > 500 & "a" <b>` + " 客\x01")
	var out bytes.Buffer
	if err := Write(&out, table.New(c), "json", Options{}); err != nil {
		t.Fatal(err)
	}
	if want := "[\n" + `{"rule":"clv > 500 & \"a\" <b> 客\u0001"}` + "\n]\n"; out.String() != want {
		t.Errorf("got %s, want %s", &out, want)
	}
	var back []struct{ Rule string }
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || len(back) != 1 || back[0].Rule != string(c.Texts.At(0)) {
		t.Errorf("%v: %+v", err, back)
	}
}
