package duck

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"clientele/engine/table"
)

func open(t testing.TB, path string, opt Options) *DB {
	t.Helper()
	d, err := Open(context.Background(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func sample(n int) *table.Table {
	fields := []table.Field{
		{Name: "f", Kind: table.Float}, {Name: "i", Kind: table.Int}, {Name: "m", Kind: table.Decimal},
		{Name: "ts", Kind: table.Timestamp}, {Name: "d", Kind: table.Date}, {Name: "b", Kind: table.Bool},
		{Name: "c", Kind: table.Category, Labels: []string{"low", "高"}},
	}
	t := table.Make(n, fields...)
	texts := &table.Column{Field: table.Field{Name: "s", Kind: table.Text}, Null: make([]bool, n)}
	texts.Texts.Offsets = []int32{0}
	for i := range n {
		t.Column("f").Floats[i] = float64(i) / 8
		if i%7 == 3 {
			t.Column("f").Floats[i] = math.NaN()
		}
		t.Column("i").Ints[i] = int64(i) - 3
		t.Column("m").Ints[i] = int64(i)*10_001 - 5
		t.Column("ts").Ints[i] = int64(i) * 86_400_000_001
		t.Column("d").Dates[i] = int32(i) - 2
		t.Column("b").Bools[i] = i%3 == 0
		t.Column("c").Codes[i] = int32(i%3) - 1
		texts.Texts.AppendString(string(rune('a'+i%26)) + "文")
		texts.Null[i] = i%5 == 0
	}
	t.Add(texts)
	return t
}

// Columns that go in come out the same, whatever the chunks.
func TestLoadAndQuery(t *testing.T) {
	d := open(t, "", Options{})
	ctx := context.Background()
	want := sample(10_000)
	fields := make([]table.Field, 0)
	for _, c := range want.Columns() {
		fields = append(fields, c.Field)
	}
	at := 0
	next := func() (*table.Table, error) {
		if at == want.Rows() {
			return nil, io.EOF
		}
		from := at
		at = min(at+777, want.Rows())
		return want.Slice(from, at), nil
	}
	if err := d.Load(ctx, "stage", "*", fields, next); err != nil {
		t.Fatal(err)
	}
	got, err := d.Query(ctx, "SELECT * FROM stage ORDER BY i")
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows() != want.Rows() {
		t.Fatalf("%d rows, want %d", got.Rows(), want.Rows())
	}
	for _, w := range want.Columns() {
		g := got.Column(w.Name)
		for i := range want.Rows() {
			if g.Missing(i) != w.Missing(i) {
				t.Fatalf("%s row %d: missing %v, want %v", w.Name, i, g.Missing(i), w.Missing(i))
			}
			if w.Missing(i) {
				continue
			}
			same := false
			switch w.Kind {
			case table.Float:
				same = g.Floats[i] == w.Floats[i]
			case table.Int, table.Decimal, table.Timestamp:
				same = g.Kind == w.Kind && g.Ints[i] == w.Ints[i]
			case table.Date:
				same = g.Dates[i] == w.Dates[i]
			case table.Bool:
				same = g.Bools[i] == w.Bools[i]
			case table.Text:
				same = string(g.Texts.At(i)) == string(w.Texts.At(i))
			case table.Category:
				same = string(g.Texts.At(i)) == w.Labels[w.Codes[i]]
			}
			if !same {
				t.Fatalf("column %s (%v, got %v) differs in row %d", w.Name, w.Kind, g.Kind, i)
			}
		}
	}
}

func TestLoadPassesOnTheReadersError(t *testing.T) {
	d := open(t, "", Options{})
	err := d.Load(context.Background(), "stage", "*", []table.Field{{Name: "i", Kind: table.Int}}, func() (*table.Table, error) {
		return nil, os.ErrInvalid
	})
	if err != os.ErrInvalid {
		t.Fatalf("error %v, want the reader's", err)
	}
}

// An integer that Go's columns cannot hold is an error, never another number.
func TestQueryTooLarge(t *testing.T) {
	d := open(t, "", Options{})
	for _, text := range []string{"9223372036854775808::HUGEINT", "-9223372036854775809::HUGEINT", "12345678901234567890::HUGEINT", "99999999999999999.5::DECIMAL(20,1)"} {
		if _, err := d.Query(context.Background(), "SELECT "+text+" AS n"); err == nil {
			t.Errorf("%s came out as a number", text)
		}
	}
	got, err := d.Query(context.Background(), "SELECT -9223372036854775808::HUGEINT AS n, 9223372036854775807::HUGEINT AS m")
	if err != nil || got.Ints("n")[0] != math.MinInt64 || got.Ints("m")[0] != math.MaxInt64 {
		t.Errorf("%v, %v", got, err)
	}
}

// Instants become dates in the zone of the connection; a clock that names no
// zone stays as it stands.
func TestZone(t *testing.T) {
	d := open(t, "", Options{Zone: "Asia/Shanghai"})
	got, err := d.Query(context.Background(), "SELECT TIMESTAMPTZ '2024-01-01 23:30:00Z' AS i, CAST(i AS DATE) AS d, TIMESTAMP '2024-01-01 10:00:00' AS c, NULL::TIMESTAMP AS n")
	if err != nil {
		t.Fatal(err)
	}
	if i := got.Column("i").Ints[0]; i != 1704151800_000_000 {
		t.Errorf("instant %d", i)
	}
	if d := got.Dates("d")[0]; d != 19724 { // 2024-01-02
		t.Errorf("day %d", d)
	}
	if c := string(got.Column("c").Texts.At(0)); c != "2024-01-01 10:00:00" {
		t.Errorf("clock %q", c)
	}
	if !got.Column("n").Missing(0) {
		t.Error("no clock is something")
	}
}

// A store is whole after Seal, its views work when it is attached again, and
// Lock leaves nothing but reading.
func TestSealAndConfine(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "it's.duckdb")
	d := open(t, path, Options{})
	if err := d.Statements(ctx, "CREATE SCHEMA facts; -- a comment; with a semicolon\nCREATE TABLE facts.a AS SELECT $n AS x;\nCREATE VIEW a AS SELECT x FROM facts.a;", sql.Named("n", 41), sql.Named("nothing", 1)); err != nil {
		t.Fatal(err)
	}
	if err := d.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".wal"); !os.IsNotExist(err) {
		t.Fatal("a sealed store has a .wal")
	}
	r := open(t, path, Options{ReadOnly: true})
	var x int
	if err := r.Row(ctx, []any{&x}, "SELECT x FROM a"); err != nil || x != 41 {
		t.Fatalf("x = %d, %v", x, err)
	}
	for _, q := range []string{
		"SELECT * FROM read_csv('/etc/passwd')", "COPY (SELECT 1) TO '/tmp/clientele-x.csv'", "SET threads=1",
		"ATTACH '/tmp/clientele-y.duckdb' AS y", "INSERT INTO facts.a VALUES (1)", "INSTALL httpfs", "LOAD httpfs",
	} {
		if err := r.Exec(ctx, q); err == nil {
			t.Errorf("%s was allowed", q)
		}
	}
}

// What a connection is opened with, and that none of it can be changed.
func TestSettings(t *testing.T) {
	ctx := context.Background()
	d := open(t, "", Options{TempDir: t.TempDir()})
	for name, want := range map[string]string{
		"enable_external_access": "false", "lock_configuration": "true", "allow_persistent_secrets": "false", "allow_community_extensions": "false", "allow_unsigned_extensions": "false",
		"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "allow_unredacted_secrets": "false",
	} {
		var got string
		if err := d.Row(ctx, []any{&got}, "SELECT value FROM duckdb_settings() WHERE name = $1", name); err != nil || got != want {
			t.Errorf("%s is %s, not %s: %v", name, got, want, err)
		}
		if err := d.Exec(ctx, "SET "+name+" = "+want); err == nil {
			t.Errorf("%s can be set", name)
		}
	}
}

// A folder of the options can be read; Reads keeps it from being written.
func TestReads(t *testing.T) {
	ctx := context.Background()
	folder := t.TempDir()
	d := open(t, "", Options{Folders: []string{folder}})
	if err := d.Exec(ctx, "CREATE MACRO ours(n) AS TABLE FROM range(n)"); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		"SELECT 1", "FROM range(3)", "WITH a AS (SELECT 1) SELECT * FROM a", "DESCRIBE SELECT 1", "SHOW TABLES", "EXPLAIN SELECT 1", "VALUES (1)", "-- note\nSELECT 1;",
		"SUMMARIZE SELECT 1", "explain\tFROM range(3)", "EXPLAIN (SELECT 1)", "SELECT * FROM unnest([1, 2])", "FROM duckdb_tables()", "FROM ours(3)",
	} {
		if err := d.Reads(ctx, q); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
	for _, q := range []string{
		"COPY (SELECT 1) TO '" + folder + "/x.parquet'", "ATTACH '" + folder + "/x.duckdb' AS x", "EXPLAIN ANALYZE COPY (SELECT 1) TO '" + folder + "/x.csv'",
		"EXPLAIN (ANALYZE) COPY (SELECT 1) TO '" + folder + "/x.csv'", "EXPLAIN/**/ANALYZE COPY (SELECT 1) TO '" + folder + "/x.csv'",
		"SELECT 1; SELECT 2", "CREATE TEMP TABLE a (b INTEGER)", "DROP VIEW scores", "SET threads=1", "BEGIN", "EXPORT DATABASE '" + folder + "'", "", "nonsense",
		"EXPLAIN (FORMAT json, ANALYZE) COPY (SELECT 1) TO '" + folder + "/x.csv'", "EXPLAIN EXPLAIN ANALYZE SELECT 1", "EXPLAIN SELECT 1; SELECT 2", "PRAGMA show_tables", "CALL range(3)",
		"FROM enable_logging('QueryLog', storage = 'file', storage_path = '" + folder + "/log')", "SELECT (SELECT count(*) FROM enable_profiling())",
		"WITH a AS (SELECT * FROM (FROM glob('" + folder + "/*'))) FROM a", "SELECT 1 WHERE EXISTS (FROM SYSTEM.main.\"Read_CSV\"('" + folder + "/x.csv'))",
		"FROM query('FROM range(3)')", "FROM sql_auto_complete('FROM ''/')", "EXPLAIN FROM read_text('" + folder + "/*')", "FROM force_checkpoint()", "FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
	} {
		if err := d.Reads(ctx, q); err == nil {
			t.Errorf("%s was allowed", q)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	d := open(b, "", Options{})
	chunk := sample(65_536)
	fields := make([]table.Field, 0)
	for _, c := range chunk.Columns() {
		fields = append(fields, c.Field)
	}
	for b.Loop() {
		left := 16
		err := d.Load(context.Background(), "stage", "*", fields, func() (*table.Table, error) {
			if left == 0 {
				return nil, io.EOF
			}
			left--
			return chunk, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*16*65_536/b.Elapsed().Seconds(), "rows/s")
}

// A script that reads some of the columns of a stream, and some of its rows, gets
// those and no others.
func TestStreamKeepsItsColumns(t *testing.T) {
	ctx := context.Background()
	d, err := Open(ctx, "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var fields []table.Field
	for _, name := range []string{"a", "b", "c", "d"} {
		fields = append(fields, table.Field{Name: name, Kind: table.Int})
	}
	in := table.Make(3, fields...)
	for i, f := range fields {
		for r := range 3 {
			in.Column(f.Name).Ints[r] = int64(10*i + r)
		}
	}
	err = d.Stream(ctx, "rows", fields, Each([]*table.Table{in}), func() error {
		return d.Exec(ctx, "CREATE TEMP TABLE out AS SELECT d, b FROM rows WHERE c <> 21")
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Query(ctx, "SELECT b, d FROM out ORDER BY b")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Ints("b"), []int64{10, 12}) || !slices.Equal(got.Ints("d"), []int64{30, 32}) {
		t.Errorf("b %v, d %v", got.Ints("b"), got.Ints("d"))
	}
}

// Rows that come in parts are those of the whole, and what the reader of a part says
// ends it.
func TestChunks(t *testing.T) {
	d := open(t, "", Options{})
	ctx := context.Background()
	if err := d.LoadTable(ctx, "sample", sample(10_000)); err != nil {
		t.Fatal(err)
	}
	const query = "SELECT * FROM sample WHERE i >= $least ORDER BY i"
	least := sql.Named("least", 1200)
	want, err := d.Query(ctx, query, least)
	if err != nil {
		t.Fatal(err)
	}
	var got []*table.Column
	parts := 0
	err = d.Chunks(ctx, query, func(part *table.Table) error {
		parts++
		for i, c := range part.Columns() {
			if parts == 1 {
				got = append(got, c.Reserve(want.Rows()))
				continue
			}
			got[i].Extend(c)
		}
		return nil
	}, least)
	if err != nil || parts < 2 {
		t.Fatalf("%d parts, %v", parts, err)
	}
	for i, c := range want.Columns() {
		if c.Kind == table.Float {
			if !slices.EqualFunc(c.Floats, got[i].Floats, func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }) {
				t.Errorf("column %s differs", c.Name)
			}
			continue
		}
		if !reflect.DeepEqual(c, got[i]) {
			t.Errorf("column %s differs", c.Name)
		}
	}
	if err := d.Chunks(ctx, query, func(*table.Table) error { return io.ErrClosedPipe }, least); err != io.ErrClosedPipe {
		t.Errorf("the reader's error comes out as %v", err)
	}
	if err := d.Chunks(ctx, "SELECT nothing", nil); err == nil {
		t.Error("a wrong query gives no error")
	}
}

// Categories whose chunks number their labels differently, have none, or miss values
// come out as the texts they stand for.
func TestCategories(t *testing.T) {
	ctx := context.Background()
	d := open(t, "", Options{Threads: 3})
	const chunks, rows = 300, 2_500
	rng := rand.New(rand.NewPCG(1, 2))
	at := 0
	next := func() (*table.Table, error) {
		if at == chunks {
			return nil, io.EOF
		}
		at++
		c := table.NewColumn(table.Field{Name: "c", Kind: table.Category}, rows)
		for k := range rng.IntN(5) {
			c.Labels = append(c.Labels, fmt.Sprintf("label %d of chunk %d", k, at))
		}
		want := &table.Column{Field: table.Field{Name: "want", Kind: table.Text}, Null: make([]bool, rows)}
		for i := range c.Codes {
			c.Codes[i] = rng.Int32N(int32(len(c.Labels))+1) - 1
			text := ""
			if want.Null[i] = c.Codes[i] < 0; !want.Null[i] {
				text = c.Labels[c.Codes[i]]
			}
			want.Texts.AppendString(text)
		}
		return table.New(c, want), nil
	}
	fields := []table.Field{{Name: "c", Kind: table.Category}, {Name: "want", Kind: table.Text}}
	if err := d.Load(ctx, "categories", "*", fields, next); err != nil {
		t.Fatal(err)
	}
	var n, wrong int
	if err := d.Row(ctx, []any{&n, &wrong}, "SELECT count(*), count(*) FILTER (c IS DISTINCT FROM want) FROM categories"); err != nil || n != chunks*rows || wrong != 0 {
		t.Errorf("%d of %d rows are wrong, %v", wrong, n, err)
	}
}

// Decimals of every width are whole units of 1/10,000, whole numbers, or texts where they
// have more than four places; what does not fit is an error.
func TestDecimals(t *testing.T) {
	d := open(t, "", Options{})
	ctx := context.Background()
	for width, want := range map[string]int64{"4,1": -15_000, "9,2": -15_000, "9,4": -15_000, "18,3": -15_000, "18,4": -15_000, "38,4": -15_000, "9,0": -2, "18,0": -2, "38,0": -2} {
		got, err := d.Query(ctx, "SELECT CAST(v AS DECIMAL("+width+")) AS v FROM (VALUES (-1.5), (NULL), (0)) AS x(v)")
		if err != nil {
			t.Fatal(err)
		}
		c := got.Column("v")
		if (c.Kind == table.Int) != strings.HasSuffix(width, ",0") || !slices.Equal(c.Ints, []int64{want, 0, 0}) || !slices.Equal(c.Null, []bool{false, true, false}) {
			t.Errorf("DECIMAL(%s): %v %v %v, want %d", width, c.Kind, c.Ints, c.Null, want)
		}
	}
	for _, width := range []string{"9,6", "18,6", "38,6"} {
		got, err := d.Query(ctx, "SELECT CAST(-1.5 AS DECIMAL("+width+")) AS v")
		if err != nil {
			t.Fatal(err)
		}
		if v := string(got.Column("v").Texts.At(0)); v != "-1.5" {
			t.Errorf("DECIMAL(%s): %q", width, v)
		}
	}
	for _, width := range []string{"18,2", "38,4"} {
		if _, err := d.Query(ctx, "SELECT CAST('9999999999999999' AS DECIMAL("+width+")) AS v"); err == nil {
			t.Errorf("DECIMAL(%s): what does not fit is taken", width)
		}
	}
}
