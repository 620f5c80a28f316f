package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"pgregory.net/rapid"

	"clientele/ingest"
)

const absent = "<absent>"

// result is everything a reader says about a file.
type result struct {
	header []string
	rows   [][]string
	lines  []int64
	bad    []ingest.Reject
	notes  []string
}

func readAll(path string, limit int) (res result, err error) {
	r, err := open(path, ingest.Options{}, limit)
	if err != nil {
		return res, err
	}
	defer r.Close()
	res.header, res.notes = r.Header(), r.Notes()
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
				row[c] = absent
				if cell, ok := b.Cell(i, c); ok {
					row[c] = string(cell)
				}
			}
			if raw := b.Raw(i); raw == "" {
				return res, fmt.Errorf("row %d has no raw text", b.Lines[i])
			}
			res.rows = append(res.rows, row)
		}
		res.lines = append(res.lines, b.Lines...)
		res.bad = append(res.bad, b.Bad...)
		b.Release()
	}
}

func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "orders.parquet")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Known values of every type, the texts worked out by hand.
func TestTypes(t *testing.T) {
	decimal := func(unscaled int64, bytes int) string {
		b := make([]byte, bytes)
		for i := range b {
			if unscaled < 0 {
				b[i] = 0xFF
			}
		}
		var low [8]byte
		binary.BigEndian.PutUint64(low[:], uint64(unscaled))
		copy(b[max(0, bytes-8):], low[max(0, 8-bytes):])
		return string(b)
	}
	huge, _ := new(big.Int).SetString("-12345678901234567890123456789", 10)
	hugeBytes := new(big.Int).Add(huge, new(big.Int).Lsh(big.NewInt(1), 128)).FillBytes(make([]byte, 16))
	noon := time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)
	type c struct {
		name  string
		node  pq.Node
		value any
		want  string
	}
	cases := []c{
		{"bool", pq.Leaf(pq.BooleanType), true, "true"},
		{"bool no", pq.Leaf(pq.BooleanType), false, "false"},
		{"int32", pq.Leaf(pq.Int32Type), int32(math.MinInt32), "-2147483648"},
		{"int64", pq.Leaf(pq.Int64Type), int64(math.MaxInt64), "9223372036854775807"},
		{"int8", pq.Int(8), int32(-5), "-5"},
		{"uint32", pq.Uint(32), uint32(math.MaxUint32), "4294967295"},
		{"uint64", pq.Uint(64), uint64(math.MaxUint64), "18446744073709551615"},
		{"float", pq.Leaf(pq.FloatType), float32(0.1), "0.1"},
		{"double", pq.Leaf(pq.DoubleType), 1234567.89, "1234567.89"},
		{"double whole", pq.Leaf(pq.DoubleType), 17850.0, "17850"},
		{"double large", pq.Leaf(pq.DoubleType), 1e20, "100000000000000000000"},
		{"double huge", pq.Leaf(pq.DoubleType), 1e300, "1e+300"},
		{"double NaN", pq.Leaf(pq.DoubleType), math.NaN(), absent},
		{"text", pq.String(), "客户 \"x\"", "客户 \"x\""},
		{"empty text", pq.String(), "", ""},
		{"bytes", pq.Leaf(pq.ByteArrayType), "plain", "plain"},
		{"enum", pq.Enum(), "PAID", "PAID"},
		{"json", pq.JSON(), `{"a":1}`, `{"a":1}`},
		{"uuid", pq.UUID(), "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef", "01234567-89ab-cdef-0123-456789abcdef"},
		{"date", pq.Date(), int32(19_782), "2024-02-29"},
		{"date before 1970", pq.Date(), int32(-1), "1969-12-31"},
		{"millis utc", pq.TimestampAdjusted(pq.Millisecond, true), noon.UnixMilli() + 120, "2024-02-29T12:34:56.120Z"},
		{"micros local", pq.TimestampAdjusted(pq.Microsecond, false), noon.UnixMicro(), "2024-02-29T12:34:56"},
		{"micros utc", pq.TimestampAdjusted(pq.Microsecond, true), noon.UnixMicro() + 7, "2024-02-29T12:34:56.000007Z"},
		{"nanos local", pq.TimestampAdjusted(pq.Nanosecond, false), noon.UnixNano() + 1, "2024-02-29T12:34:56.000000001"},
		{"micros before 1970", pq.TimestampAdjusted(pq.Microsecond, true), int64(-1), "1969-12-31T23:59:59.999999Z"},
		{"time millis", pq.TimeAdjusted(pq.Millisecond, false), int32(3_723_004), "01:02:03.004"},
		{"time micros", pq.TimeAdjusted(pq.Microsecond, false), int64(86_399_000_000), "23:59:59"},
		{"decimal int32", pq.Decimal(2, 9, pq.Int32Type), int32(-5), "-0.05"},
		{"decimal int64", pq.Decimal(4, 18, pq.Int64Type), int64(123_456_700), "12345.6700"},
		{"decimal no scale", pq.Decimal(0, 9, pq.Int32Type), int32(42), "42"},
		{"decimal fixed", pq.Decimal(2, 9, pq.FixedLenByteArrayType(5)), decimal(-123, 5), "-1.23"},
		{"decimal fixed 16", pq.Decimal(10, 38, pq.FixedLenByteArrayType(16)), string(hugeBytes), "-1234567890123456789.0123456789"},
		{"decimal bytes", pq.Decimal(3, 9, pq.ByteArrayType), decimal(1, 2), "0.001"},
	}
	for _, c := range cases {
		for _, optional := range []bool{false, true} {
			for _, dictionary := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/optional=%v/dictionary=%v", c.name, optional, dictionary), func(t *testing.T) {
					node, definition := c.node, 0
					if dictionary {
						if c.node.Type().Kind() == pq.Boolean || c.name == "uuid" || c.name == "decimal fixed 16" {
							t.Skip("the writer has no dictionary of booleans and of 16 bytes")
						}
						node = pq.Encoded(node, &pq.RLEDictionary)
					}
					if optional {
						node, definition = pq.Optional(node), 1
					}
					var out bytes.Buffer
					w := pq.NewWriter(&out, pq.NewSchema("t", pq.Group{"v": node}))
					value := pq.ValueOf(c.value).Level(0, definition, 0)
					rows := []pq.Row{{value}, {value}}
					want := [][]string{{c.want}, {c.want}}
					if optional {
						rows = append(rows, pq.Row{pq.NullValue().Level(0, 0, 0)}, pq.Row{value})
						want = append(want, []string{absent}, []string{c.want})
					}
					if _, err := w.WriteRows(rows); err != nil {
						t.Fatal(err)
					}
					if err := w.Close(); err != nil {
						t.Fatal(err)
					}
					got, err := readAll(write(t, out.Bytes()), 3)
					if err != nil || !reflect.DeepEqual(got.rows, want) || len(got.bad) > 0 {
						t.Fatalf("got %q, want %q; %v %v", got.rows, want, got.bad, err)
					}
				})
			}
		}
	}
}

// int96 as Spark writes it: nanoseconds of the day, Julian day.
func TestInt96(t *testing.T) {
	type row struct {
		At deprecated.Int96 `parquet:"at"`
	}
	nanos := uint64(45_296_000_000_000) // 12:34:56
	at := deprecated.Int96{uint32(nanos), uint32(nanos >> 32), 2_440_588 + 19_782}
	got, err := readAll(write(t, encode(t, []row{{at}})), 10)
	if err != nil || !reflect.DeepEqual(got.rows, [][]string{{"2024-02-29T12:34:56Z"}}) || len(got.notes) != 1 {
		t.Fatalf("%q %q %v", got.rows, got.notes, err)
	}
}

func encode[T any](t testing.TB, rows []T, options ...pq.WriterOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w := pq.NewGenericWriter[T](&out, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestNestedAndBadTexts(t *testing.T) {
	type address struct {
		City string  `parquet:"city"`
		Zip  *string `parquet:"zip,optional"`
	}
	type row struct {
		ID      string   `parquet:"id"`
		Address *address `parquet:"address,optional"`
		Tags    []string `parquet:"tags,list"`
	}
	zip := "200000"
	rows := []row{
		{"1", &address{"上海", &zip}, []string{"a", "b"}}, {"2", nil, nil}, {"3\xff", &address{"x", nil}, nil},
		{"4", &address{"", nil}, []string{"c"}}, {"5", &address{"a\x00b", nil}, nil},
		{"\xe5", nil, nil}, {"\xae\xa2", nil, nil}, // together valid, each by itself not
	}
	for limit := 1; limit <= len(rows); limit++ {
		got, err := readAll(write(t, encode(t, rows)), limit)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"id", "address.city", "address.zip"}; !reflect.DeepEqual(got.header, want) {
			t.Fatalf("header %q", got.header)
		}
		want := [][]string{{"1", "上海", "200000"}, {"2", absent, absent}, {"4", "", absent}}
		if !reflect.DeepEqual(got.rows, want) || !reflect.DeepEqual(got.lines, []int64{1, 2, 4}) {
			t.Fatalf("rows %q of lines %v", got.rows, got.lines)
		}
		bad := []ingest.Reject{
			{Line: 3, Column: "id", Value: `3\xff`, Reason: "not valid UTF-8", Raw: `{"id":"3\\xff","address.city":"x","address.zip":null}`},
			{Line: 5, Column: "address.city", Value: `a\x00b`, Reason: "holds a NUL character", Raw: `{"id":"5","address.city":"a\\x00b","address.zip":null}`},
			{Line: 6, Column: "id", Value: `\xe5`, Reason: "not valid UTF-8", Raw: `{"id":"\\xe5","address.city":null,"address.zip":null}`},
			{Line: 7, Column: "id", Value: `\xae\xa2`, Reason: "not valid UTF-8", Raw: `{"id":"\\xae\\xa2","address.city":null,"address.zip":null}`},
		}
		if !reflect.DeepEqual(got.bad, bad) {
			t.Fatalf("rejects %+v", got.bad)
		}
		if len(got.notes) != 1 || !strings.Contains(got.notes[0], `"tags.list.element" is a list`) {
			t.Fatalf("notes %q", got.notes)
		}
	}
}

// order has the types that exports of shops have.
type order struct {
	ID      int64     `parquet:"id"`
	Name    string    `parquet:"name,dict"`
	Note    *string   `parquet:"note,optional"`
	At      time.Time `parquet:"at,timestamp(microsecond)"`
	Day     int32     `parquet:"day,date"`
	Net     int64     `parquet:"net,decimal(4:18)"`
	Rate    float64   `parquet:"rate"`
	Paid    bool      `parquet:"paid"`
	Qty     *int32    `parquet:"qty,optional"`
	Channel *string   `parquet:"channel,optional,dict"`
}

// texts is the independent version: package time, math/big and fmt.
func (o order) texts() []string {
	text := func(s *string) string {
		if s == nil {
			return absent
		}
		return *s
	}
	qty := absent
	if o.Qty != nil {
		qty = fmt.Sprint(*o.Qty)
	}
	rate := strconv.FormatFloat(o.Rate, 'f', -1, 64)
	// Go drops a fraction's zeros one by one, the reader in threes.
	at := o.At.UTC().Format("2006-01-02T15:04:05")
	if us := o.At.Nanosecond() / 1000; us%1000 != 0 {
		at += fmt.Sprintf(".%06d", us)
	} else if us != 0 {
		at += fmt.Sprintf(".%03d", us/1000)
	}
	return []string{
		fmt.Sprint(o.ID), o.Name, text(o.Note), at + "Z", time.Unix(0, 0).UTC().AddDate(0, 0, int(o.Day)).Format("2006-01-02"),
		big.NewRat(o.Net, 10_000).FloatString(4), rate, fmt.Sprint(o.Paid), qty, text(o.Channel),
	}
}

func drawOrder(t *rapid.T) order {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("ab客户\n\"")), 0, 6, -1)
	maybe := func(label string, g *rapid.Generator[string]) *string {
		if rapid.IntRange(0, 2).Draw(t, label+" null") == 0 {
			return nil
		}
		s := g.Draw(t, label)
		return &s
	}
	o := order{
		ID: rapid.Int64().Draw(t, "id"), Name: text.Draw(t, "name"), Note: maybe("note", text),
		At:   time.UnixMicro(rapid.Int64Range(-1e15, 4e15).Draw(t, "at") / 500 * 500),
		Day:  rapid.Int32Range(-50_000, 50_000).Draw(t, "day"),
		Net:  rapid.Int64().Draw(t, "net"),
		Rate: float64(rapid.Int64Range(-1e9, 1e9).Draw(t, "rate")) / 64, Paid: rapid.Bool().Draw(t, "paid"),
		Channel: maybe("channel", rapid.SampledFrom([]string{"web", "app", "店"})),
	}
	if rapid.Bool().Draw(t, "has qty") {
		q := rapid.Int32().Draw(t, "qty")
		o.Qty = &q
	}
	return o
}

// Every day of years 0 to 9999, as package time has it, and some beyond.
func TestAppendDate(t *testing.T) {
	for day := int64(-719_528 - 400); day <= 2_932_896+400; day++ {
		want := time.Unix(day*86_400, 0).UTC().AppendFormat(nil, time.DateOnly)
		if got := appendDate(nil, day); !bytes.Equal(got, want) {
			t.Fatalf("day %d: %s, want %s", day, got, want)
		}
	}
}

// What is written comes back, whatever the page version, the compression, the
// sizes of pages and row groups, and the size of the pieces.
func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	codecs := []pq.WriterOption{pq.Compression(&pq.Uncompressed), pq.Compression(&pq.Snappy), pq.Compression(&pq.Zstd), pq.Compression(&pq.Gzip), pq.Compression(&pq.Lz4Raw)}
	rapid.Check(t, func(t *rapid.T) {
		orders := rapid.SliceOfN(rapid.Custom(drawOrder), 0, 60).Draw(t, "orders")
		var out bytes.Buffer
		w := pq.NewGenericWriter[order](&out,
			pq.DataPageVersion(rapid.IntRange(1, 2).Draw(t, "page version")),
			rapid.SampledFrom(codecs).Draw(t, "codec"),
			pq.PageBufferSize(rapid.IntRange(16, 400).Draw(t, "page bytes")),
			pq.MaxRowsPerRowGroup(int64(rapid.IntRange(1, 40).Draw(t, "group rows"))))
		if _, err := w.Write(orders); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "x.parquet")
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(path, rapid.IntRange(1, 70).Draw(t, "piece"))
		if err != nil || len(got.bad) > 0 {
			t.Fatalf("%v %v", got.bad, err)
		}
		if len(got.rows) != len(orders) {
			t.Fatalf("%d rows of %d", len(got.rows), len(orders))
		}
		for i, o := range orders {
			if want := o.texts(); !reflect.DeepEqual(got.rows[i], want) || got.lines[i] != int64(i+1) {
				t.Fatalf("row %d: got %q, want %q", i+1, got.rows[i], want)
			}
		}
	})
}

func sample(t testing.TB, n int) []byte {
	orders := make([]order, n)
	for i := range orders {
		note, qty := fmt.Sprint("n", i%7), int32(i%5)
		orders[i] = order{
			ID: int64(i), Name: fmt.Sprint("客户", i%11), Day: int32(19_000 + i%300), Net: int64(i * 12_345), Rate: float64(i) / 4,
			Paid: i%3 == 0, At: time.Unix(int64(i)*9_999, 0),
		}
		if i%4 != 0 {
			orders[i].Note, orders[i].Qty, orders[i].Channel = &note, &qty, &note
		}
	}
	return encode(t, orders, pq.MaxRowsPerRowGroup(int64(n/2+1)), pq.PageBufferSize(2000))
}

func TestDamaged(t *testing.T) {
	whole := sample(t, 500)
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"empty":          {nil, "is empty"},
		"short":          {[]byte("PAR1PAR1"), "is too short for a Parquet file"},
		"other":          {[]byte("hello, this is no parquet"), "is not a Parquet file"},
		"cut off":        {whole[:len(whole)-100], "the Parquet file is cut off before its end"},
		"encrypted":      {append([]byte("PARE"), whole[4:]...), "is an encrypted Parquet file: decrypt it first"},
		"long footer":    {append(bytes.Clone(whole[:len(whole)-8]), "\xff\xff\xff\x7fPAR1"...), "the Parquet file is damaged: its footer is longer than itself"},
		"broken footer":  {append(bytes.Clone(whole[:len(whole)-8]), "\x10\x00\x00\x00PAR1"...), "the Parquet file is damaged: its footer cannot be read"},
		"nothing inside": {[]byte("PAR1\x00\x00\x00\x00\x00\x00\x00\x00PAR1"), "the Parquet file is damaged: its footer cannot be read"},
	} {
		path := write(t, c.in)
		_, err := readAll(path, 100)
		if err == nil || !strings.HasPrefix(err.Error(), path+": "+c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Every byte of the pages zeroed, in turns of 50: an error or 500 rows, never a panic.
	failed := 0
	for at := 4; at+50 < len(whole); at += 50 {
		in := bytes.Clone(whole)
		clear(in[at : at+50])
		got, err := readAll(write(t, in), 100)
		if err != nil {
			failed++
			for _, word := range []string{"thrift", "EOF", "decod", "reading", "runtime error", "parquet-go"} { // the library's
				if strings.Contains(err.Error(), word) {
					t.Errorf("zeros at %d: %v", at, err)
				}
			}
		} else if n := len(got.rows) + len(got.bad); n != 500 {
			t.Fatalf("zeros at %d: %d rows and no error", at, n)
		}
	}
	if failed == 0 {
		t.Error("no damage was noticed")
	}
}

// FuzzParquet reads damaged files: an error, or as many rows as the footer says.
func FuzzParquet(f *testing.F) {
	f.Add(sample(f, 20), uint8(7))
	f.Add(sample(f, 3), uint8(1))
	type nested struct {
		A *struct {
			B *int32 `parquet:"b,optional"`
		} `parquet:"a,optional"`
		L []string         `parquet:"l,list"`
		T deprecated.Int96 `parquet:"t"`
	}
	f.Add(encode(f, []nested{{}, {L: []string{"x"}}}), uint8(2))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, in []byte, limit uint8) {
		path := filepath.Join(dir, "x.parquet")
		if err := os.WriteFile(path, in, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(path, 1+int(limit))
		if err != nil {
			if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), path) {
				t.Fatalf("%q", err)
			}
			return
		}
		file, err := pq.OpenFile(bytes.NewReader(in), int64(len(in)), pq.SkipPageIndex(true), pq.SkipBloomFilters(true))
		if err != nil {
			t.Fatal(err)
		}
		rows := int64(0)
		for _, g := range file.RowGroups() {
			rows += g.NumRows()
		}
		if int64(len(got.rows)+len(got.bad)) != rows {
			t.Fatalf("%d rows and %d rejects of %d", len(got.rows), len(got.bad), rows)
		}
	})
}

// A file as pandas writes it, where Python has pandas and pyarrow.
func TestPandas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pandas.parquet")
	script := `
import sys, datetime, decimal
import pandas as pd
df = pd.DataFrame({
    "id": ["C1", "C2", None],
    "at": pd.to_datetime(["2024-02-29 12:34:56", "1969-12-31 23:59:59", None]),
    "utc": pd.to_datetime(["2024-02-29 12:34:56.5", None, "2024-01-01"], format="ISO8601", utc=True),
    "day": [datetime.date(2024, 2, 29), None, datetime.date(1970, 1, 1)],
    "net": [decimal.Decimal("12.50"), decimal.Decimal("-0.05"), None],
    "qty": [1.0, float("nan"), 3.25],
    "paid": [True, False, True],
})
df.to_parquet(sys.argv[1], engine="pyarrow")
`
	if out, err := exec.Command("python3", "-c", script, path).CombinedOutput(); err != nil {
		t.Skipf("python3 with pandas and pyarrow is not here: %.80s", out)
	}
	got, err := readAll(path, 2)
	want := [][]string{
		{"C1", "2024-02-29T12:34:56", "2024-02-29T12:34:56.500Z", "2024-02-29", "12.50", "1", "true"},
		{"C2", "1969-12-31T23:59:59", absent, absent, "-0.05", absent, "false"},
		{absent, absent, "2024-01-01T00:00:00Z", "1970-01-01", absent, "3.25", "true"},
	}
	if err != nil || !reflect.DeepEqual(got.rows, want) {
		t.Fatalf("%q %v", got.rows, err)
	}
}

type bench struct {
	OrderID    int64     `parquet:"order_id"`
	CustomerID string    `parquet:"customer_id"`
	OrderedAt  time.Time `parquet:"ordered_at,timestamp(microsecond)"`
	Status     string    `parquet:"status,dict"`
	Channel    string    `parquet:"channel,dict"`
	Currency   *string   `parquet:"currency,optional,dict"`
	Net        int64     `parquet:"net,decimal(4:18)"`
	Discount   float64   `parquet:"discount"`
}

// BenchmarkRead reads orders of 8 columns with two goroutines parsing.
func BenchmarkRead(b *testing.B) {
	const rows = 1_000_000
	orders := make([]bench, rows)
	currency := "CNY"
	for i := range orders {
		orders[i] = bench{
			int64(i), fmt.Sprintf("C%07d", i*7919%1_000_000), time.Unix(1_700_000_000+int64(i)*37, 0), "paid", "web", &currency,
			int64(i*12_345) % 10_000_000, float64(i%100) / 4,
		}
	}
	path := write(b, encode(b, orders, pq.Compression(&pq.Zstd), pq.MaxRowsPerRowGroup(122_880)))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		r, err := Open(path, ingest.Options{})
		if err != nil {
			b.Fatal(err)
		}
		pieces, counts := make(chan ingest.Piece, 1), make(chan int)
		for range 2 {
			go func() {
				n := 0
				for p := range pieces {
					block, err := p.Parse()
					if err != nil {
						b.Error(err)
						break
					}
					n += block.Rows()
					block.Release()
				}
				counts <- n
			}()
		}
		for {
			p, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			pieces <- p
		}
		close(pieces)
		if n := <-counts + <-counts; n != rows {
			b.Fatalf("%d rows", n)
		}
		r.Close()
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// A file written by DuckDB 1.5.5; the expected texts are the literals of
//
//	COPY (SELECT 'C'||i AS id, DATE '2024-02-29'+i::int AS d, TIMESTAMP '2024-02-29 12:34:56.789' AS ts,
//	  TIMESTAMPTZ '2024-02-29 12:34:56+00' AS tz, (i*1.25)::DECIMAL(18,4) AS dec,
//	  (i::DECIMAL(38,10)/3)::DECIMAL(38,10) AS big, i::UTINYINT AS u, i*0.1 AS f, i=1 AS b, NULL::INT AS n,
//	  'x'::BLOB AS bl, {'a':1,'b':'q'} AS st, [1,2] AS l, TIME '01:02:03.5' AS tm, uuid() AS uu, i::HUGEINT AS h,
//	  CASE WHEN i%2=0 THEN 'web' END AS ch, TIMESTAMP_NS '2024-02-29 12:34:56.789123456' AS tns,
//	  INTERVAL 3 DAY AS iv, 'm'::ENUM('m','f') AS en FROM range(4) t(i))
//	TO 'duckdb.parquet' (FORMAT parquet, COMPRESSION zstd)
//
// f is a DECIMAL times a BIGINT there and so a decimal; a HUGEINT becomes a DOUBLE.
func TestDuckDB(t *testing.T) {
	got, err := readAll(filepath.Join("testdata", "duckdb.parquet"), 3)
	if err != nil || len(got.bad) > 0 || len(got.rows) != 4 {
		t.Fatalf("%d rows, %v, %v", len(got.rows), got.bad, err)
	}
	if want := strings.Fields("id d ts tz dec big u f b n bl st.a st.b tm uu h ch tns en"); !reflect.DeepEqual(got.header, want) {
		t.Fatalf("header %q", got.header)
	}
	for i, row := range got.rows {
		channel := absent
		if i%2 == 0 {
			channel = "web"
		}
		uuid := row[14]
		if len(uuid) != 36 || strings.Count(uuid, "-") != 4 {
			t.Errorf("uuid %q", uuid)
		}
		want := []string{
			fmt.Sprint("C", i), []string{"2024-02-29", "2024-03-01", "2024-03-02", "2024-03-03"}[i], "2024-02-29T12:34:56.789", "2024-02-29T12:34:56Z",
			[]string{"0.0000", "1.2500", "2.5000", "3.7500"}[i], []string{"0.0000000000", "0.3333333333", "0.6666666667", "1.0000000000"}[i],
			fmt.Sprint(i), fmt.Sprintf("0.%d", i), fmt.Sprint(i == 1), absent, "x", "1", "q", "01:02:03.500", uuid, fmt.Sprint(i), channel,
			"2024-02-29T12:34:56.789123456", "m",
		}
		if !reflect.DeepEqual(row, want) {
			t.Errorf("row %d:\n got %q\nwant %q", i, row, want)
		}
	}
	if len(got.notes) != 2 || !strings.Contains(got.notes[0], `"l.list.element" is a list`) || !strings.Contains(got.notes[1], `"iv" (INTERVAL) has no plain text`) {
		t.Errorf("notes %q", got.notes)
	}
}
