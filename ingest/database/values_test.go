package database

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	"pgregory.net/rapid"
)

// value is an expression of SQL and the cell that it is to become.
type value struct{ sql, want string }

// checkValues reads all values as the columns of one row.
func checkValues(t *testing.T, s Settings, values []value) {
	t.Helper()
	var list []string
	for i, v := range values {
		list = append(list, fmt.Sprintf("%s AS c%d", v.sql, i))
	}
	s.Query = "SELECT " + strings.Join(list, ", ")
	for i, got := range read(t, s).rows[0] {
		if got != values[i].want {
			t.Errorf("%s is %q, want %q", values[i].sql, got, values[i].want)
		}
	}
}

func TestPostgresValues(t *testing.T) {
	doPostgres(t, "DROP TYPE IF EXISTS mood", "CREATE TYPE mood AS ENUM ('sad', 'glad')", "DROP DOMAIN IF EXISTS money_amount", "CREATE DOMAIN money_amount AS numeric(12,4)")
	s := postgresSettings(t, "")
	s.Zone = shanghai(t)
	checkValues(t, s, []value{
		{"NULL::int", absent},
		{"''", ""},
		{"'客户\t\"x\"'", "客户\t\"x\""},
		{"32767::int2", "32767"},
		{"(-2147483648)::int4", "-2147483648"},
		{"9223372036854775807::int8", "9223372036854775807"},
		{"12345678901234567890.123456789012345678901234567890::numeric", "12345678901234567890.123456789012345678901234567890"},
		{"(-0.10)::numeric(10,2)", "-0.10"},
		{"'NaN'::numeric", "NaN"},
		{"7.5::money_amount", "7.5000"},
		{"0.1::float8", "0.1"},
		{"1.1::float4", "1.1"},
		{"1e20::float8", "100000000000000000000"},
		{"1e300::float8", "1e+300"},
		{"(-1.5e-7)::float8", "-0.00000015"},
		{"'Infinity'::float8", "Infinity"},
		{"true", "true"},
		{"false", "false"},
		{"'2024-02-29'::date", "2024-02-29"},
		{"'infinity'::date", "infinity"},
		{"'2024-02-29 23:59:59.999999'::timestamp", "2024-02-29 23:59:59.999999"},
		{"'2024-02-29 00:00'::timestamp", "2024-02-29 00:00:00"},
		{"'2024-02-29 07:30:00.5+08'::timestamptz", "2024-02-28T23:30:00.500000Z"},
		{"'1969-12-31 23:59:59.999999Z'::timestamptz", "1969-12-31T23:59:59.999999Z"},
		{"'0001-01-01 00:00Z'::timestamptz", "0001-01-01T00:00:00Z"},
		{"'infinity'::timestamptz", "infinity"},
		{"'-infinity'::timestamptz", "-infinity"},
		{"'2024-02-28 23:30Z'::timestamptz::date", "2024-02-29"}, // the day in Shanghai
		{"'2024-02-28 23:30Z'::timestamptz::timestamp", "2024-02-29 07:30:00"},
		{"'09:30:00.25'::time", "09:30:00.25"},
		{"'1 day 2 hours'::interval", "1 day 02:00:00"},
		{`'\x00ff41'::bytea`, "00ff41"},
		{`''::bytea`, ""},
		{"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{`'{"a": [1, 2.50]}'::json`, `{"a": [1, 2.50]}`},
		{`'{"b":1,"a":null}'::jsonb`, `{"a": null, "b": 1}`},
		{"'glad'::mood", "glad"},
		{"'127.0.0.1'::inet", "127.0.0.1"},
		{"ARRAY[1, NULL, -3]", "[1,null,-3]"},
		{"ARRAY[1.50, 'NaN']::numeric[]", `[1.50,"NaN"]`},
		{"ARRAY[true, false, NULL]", "[true,false,null]"},
		{`ARRAY['a b', 'NULL', '', 'q"\\{},', '客户', NULL]`, `["a b","NULL","","q\"\\\\{},","客户",null]`},
		{"ARRAY[[1, 2], [3, 4]]", "[[1,2],[3,4]]"},
		{"'[0:1]={1,2}'::int[]", "[1,2]"},
		{"ARRAY[]::text[]", "[]"},
		{`ARRAY['{"a": 1}', 'null']::jsonb[]`, `[{"a": 1},null]`},
		{"ARRAY['glad', 'sad']::mood[]", `["glad","sad"]`},
		{"ARRAY['2024-02-29']::date[]", `["2024-02-29"]`},
		{"ARRAY['(1,1),(0,0)', '(2,2),(1,1)']::box[]", `["(1,1),(0,0)","(2,2),(1,1)"]`},
	})
}

func TestMySQLValues(t *testing.T) {
	s := mysqlSettings(t, "")
	checkValues(t, s, []value{
		{"NULL", absent},
		{"''", ""},
		{"'客户😀\t\"x\"'", "客户😀\t\"x\""},
		{"-9223372036854775808", "-9223372036854775808"},
		{"18446744073709551615", "18446744073709551615"},
		{"CAST('1234567890123456789012345678901234.567890123456789012345678901234' AS DECIMAL(64,30))", "1234567890123456789012345678901234.567890123456789012345678901234"},
		{"CAST(-0.1 AS DECIMAL(10,2))", "-0.10"},
		{"1e20", "100000000000000000000"},
		{"TRUE", "1"}, // a number to MySQL
		{"CAST('2024-02-29' AS DATE)", "2024-02-29"},
		{"CAST('2024-02-29 23:59:59.999999' AS DATETIME(6))", "2024-02-29 23:59:59.999999"},
		{"CAST('2024-02-29 23:59:59.500' AS DATETIME(3))", "2024-02-29 23:59:59.500"},
		{"CAST('2024-02-29' AS DATETIME(6))", "2024-02-29 00:00:00"},
		{"CAST('-25:30:00' AS TIME)", "-25:30:00"},
		{"CAST(X'00FF41' AS BINARY)", "00ff41"},
		{"JSON_OBJECT('a', 1)", `{"a": 1}`},
	})
	doMySQL(t, "DROP TABLE IF EXISTS kinds",
		`CREATE TABLE kinds (a tinyint unsigned, b mediumint, c float, d double, e bit(10), f year, g enum('sad','glad'), h set('x','y'), i json, j varbinary(9), k blob,
			l timestamp(6) NULL, m date, n datetime, o time(3), p char(4), q longtext CHARACTER SET latin1, r text CHARACTER SET gbk)`,
		"SET time_zone = '+08:00'",
		`INSERT INTO kinds VALUES (255, -8388608, 16777217, 0.1, b'1000000001', 2024, 'glad', 'x,y', '{"a": [1]}', 'bytes', X'ff', '2024-02-29 07:30:00.000001', '0000-00-00', '0000-00-00 00:00:00', '09:30:00.25', 'ab', 'café', '客户')`)
	got := read(t, mysqlSettings(t, "kinds"))
	want := []string{"255", "-8388608", "16777216", "0.1", "513", "2024", "glad", "x,y", `{"a": [1]}`, "6279746573", "ff",
		"2024-02-28T23:30:00.000001Z", absent, absent, "09:30:00.250", "ab", "café", "客户"}
	if !slices.Equal(got.rows[0], want) {
		t.Errorf("read %q, want %q", got.rows[0], want)
	}
	for _, note := range []string{`column "m": 1 date of 0000-00-00, which is no date, taken as absent`, `column "j" holds bytes: written as hexadecimal digits; where they are a text, convert them in a query`} {
		if !slices.Contains(got.notes, note) {
			t.Errorf("notes %q lack %q", got.notes, note)
		}
	}
}

func TestSQLiteValues(t *testing.T) {
	e := engines(t)[2]
	e.do(t, "CREATE TABLE kinds (a, b integer, c datetime, d timestamp, e date, f text, g boolean, h blob, i real, j decimal(10,2))",
		"INSERT INTO kinds VALUES ('x', 9223372036854775807, '2024-02-29 07:30:00+08:00', 1709163000, '2024-02-29', '客户', 1, X'00ff', 0.1, 1.50)",
		"INSERT INTO kinds VALUES (1.5, 'text', 1709163000123, '29/02/2024', 20240229, NULL, 'true', 'text', 1e300, 12345678901234567890.5)",
		"INSERT INTO kinds VALUES (X'41', NULL, '2024-02-29T07:30:00Z', '2024-02-29 07:30:00.123456789', '', '', 0, NULL, 5, 3)")
	got := read(t, e.settings(t, "kinds"))
	want := [][]string{
		{"x", "9223372036854775807", "2024-02-29 07:30:00+08:00", "1709163000", "2024-02-29", "客户", "1", "00ff", "0.1", "1.5"},
		{"1.5", "text", "1709163000123", "29/02/2024", "20240229", absent, "true", "text", "1e+300", "12345678901234567000"}, // SQLite has 64-bit floats only
		{"41", absent, "2024-02-29T07:30:00Z", "2024-02-29 07:30:00.123456789", "", "", "0", absent, "5", "3"},
	}
	if fmt.Sprintf("%q", got.rows) != fmt.Sprintf("%q", want) {
		t.Errorf("read %q\nwant %q", got.rows, want)
	}
	if note := `column "h": 1 value of bytes, written as hexadecimal digits; where they are a text, convert them in a query`; !slices.Contains(got.notes, note) {
		t.Errorf("notes %q lack %q", got.notes, note)
	}
}

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// randomRow is a row of random values, with what the database is to be given and
// the cells that are to come back.
type randomRow struct {
	values []any // nil, string, int64, float64, []byte
	cells  []string
}

// texts have every kind of letter but NUL, which PostgreSQL cannot store.
func anyText() *rapid.Generator[string] {
	return rapid.StringOf(rapid.RuneFrom([]rune("aZ09 ,;\"'\\\n\r\t{}客户😀é\u200b\u00a0%_-?$`")))
}

func drawRow(t *rapid.T) randomRow {
	var r randomRow
	add := func(value any, cell string) {
		if rapid.IntRange(0, 5).Draw(t, "null") == 0 {
			value, cell = nil, absent
		}
		r.values, r.cells = append(r.values, value), append(r.cells, cell)
	}
	n := rapid.Int64().Draw(t, "integer")
	add(n, strconv.FormatInt(n, 10))
	whole, cents := rapid.Int64Range(-999_999_999_999, 999_999_999_999).Draw(t, "whole"), rapid.IntRange(0, 9999).Draw(t, "fraction")
	decimal := fmt.Sprintf("%d.%04d", whole, cents)
	add(decimal, decimal)
	text := anyText().Draw(t, "text")
	add(text, text)
	micros := rapid.Int64Range(1_000_000, 2_147_483_647_000_000).Draw(t, "instant") // what a TIMESTAMP of MySQL can hold
	at := time.UnixMicro(micros).UTC()
	add(at.Format("2006-01-02 15:04:05.000000"), strings.TrimSuffix(at.Format("2006-01-02T15:04:05.000000"), ".000000")+"Z")
	local := time.UnixMicro(rapid.Int64Range(-30_000_000_000_000_000, 250_000_000_000_000_000).Draw(t, "local")).UTC() // the years 1019 to 9892
	add(local.Format("2006-01-02 15:04:05.000000"), local.Format("2006-01-02 15:04:05.000000"))
	add(local.Format(time.DateOnly), local.Format(time.DateOnly))
	x := rapid.Float64().Draw(t, "float")
	add(x, strconv.FormatFloat(x, 'g', -1, 64))
	bytes := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
	add(bytes, hex.EncodeToString(bytes))
	return r
}

// floatColumn is compared as a number: the forms of one float are many. PostgreSQL
// writes the fraction of a local time without zeros at its end.
const (
	localColumn = 4
	floatColumn = 6
)

func sameCell(column int, got, want string) bool {
	switch {
	case column == floatColumn && got != absent && want != absent:
		x, err1 := strconv.ParseFloat(got, 64)
		y, err2 := strconv.ParseFloat(want, 64)
		return err1 == nil && err2 == nil && math.Float64bits(x+0) == math.Float64bits(y+0)
	case column == localColumn && len(want) > 19:
		return len(got) >= 19 && compareTimes([]byte(got), []byte(want)) == 0 && got[:19] == want[:19]
	}
	return got == want
}

// What was stored comes back, whatever it is.
func TestRandomRows(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		types := []string{"bigint", "numeric(20,4)", "text", "timestamptz", "timestamp", "date", "float8", "bytea"}
		switch e.name {
		case "mysql":
			types = []string{"bigint", "decimal(20,4)", "text", "timestamp(6) NULL", "datetime(6)", "date", "double", "blob"}
		case "sqlite":
			types = []string{"", "text", "", "", "datetime", "timestamp", "", ""}
		}
		for i := range types {
			types[i] = fmt.Sprintf("c%d %s", i, types[i])
		}
		e.do(t, "DROP TABLE IF EXISTS random_rows", "CREATE TABLE random_rows (n int, "+strings.Join(types, ", ")+")")
		insert := inserter(t, e)
		rapid.Check(t, func(rt *rapid.T) {
			var rows []randomRow
			for range rapid.IntRange(1, 8).Draw(rt, "rows") {
				rows = append(rows, drawRow(rt))
			}
			insert(rows)
			s := e.settings(t, "")
			s.Query = "SELECT c0, c1, c2, c3, c4, c5, c6, c7 FROM random_rows ORDER BY n"
			got := read(t, s).rows
			if len(got) != len(rows) {
				rt.Fatalf("%d rows, want %d", len(got), len(rows))
			}
			for i, r := range rows {
				for c, want := range r.cells {
					if e.name == "sqlite" && c == 3 && want != absent { // an instant is a text to SQLite
						want = r.values[c].(string)
					}
					if !sameCell(c, got[i][c], want) {
						rt.Errorf("row %d, column %d is %q, want %q", i, c, got[i][c], want)
					}
				}
			}
		})
	})
}

// inserter empties the table of random rows and fills it with others.
func inserter(t *testing.T, e engine) func([]randomRow) {
	const places = "INSERT INTO random_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
	ctx := context.Background()
	if e.name == "postgres" {
		conn, err := pgconn.Connect(ctx, fmt.Sprintf("postgres://admin@127.0.0.1:%d/shop?sslmode=disable", postgresServer.port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(ctx) })
		return func(rows []randomRow) {
			if _, err := conn.Exec(ctx, "DELETE FROM random_rows").ReadAll(); err != nil {
				t.Fatal(err)
			}
			for i, r := range rows {
				values := [][]byte{[]byte(strconv.Itoa(i))}
				for c, v := range r.values {
					switch v := v.(type) {
					case nil:
						values = append(values, nil)
					case []byte:
						values = append(values, []byte(`\x`+hex.EncodeToString(v)))
					case string:
						if c == 3 {
							v += "+00"
						}
						values = append(values, []byte(v))
					default:
						values = append(values, []byte(fmt.Sprint(v)))
					}
				}
				if err := conn.ExecParams(ctx, "INSERT INTO random_rows VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", values, nil, nil, nil).Read().Err; err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	conn := driverConn(t, e)
	t.Cleanup(func() { conn.Close() })
	if e.name == "mysql" {
		execute(t, conn, "SET time_zone = '+00:00'")
	} else {
		execute(t, conn, "PRAGMA synchronous = OFF")
	}
	return func(rows []randomRow) {
		execute(t, conn, "DELETE FROM random_rows")
		for i, r := range rows {
			execute(t, conn, places, append([]any{int64(i)}, r.values...)...)
		}
	}
}

func driverConn(t *testing.T, e engine) driver.Conn {
	var conn driver.Conn
	var err error
	if e.name == "sqlite" {
		conn, err = new(sqlite.Driver).Open(file2uri(strings.TrimPrefix(e.settings(t, "").Connect, "sqlite://")))
	} else {
		config := mysql.NewConfig()
		config.User, config.Net, config.Addr, config.DBName = "root", "unix", mysqlServer.socket, "shop"
		var connector driver.Connector
		if connector, err = mysql.NewConnector(config); err == nil {
			conn, err = connector.Connect(t.Context())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func execute(t *testing.T, conn driver.Conn, sql string, values ...any) {
	t.Helper()
	stmt, err := conn.Prepare(sql)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	var named []driver.NamedValue
	for i, v := range values {
		named = append(named, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	if _, err := stmt.(driver.StmtExecContext).ExecContext(context.Background(), named); err != nil {
		t.Fatal(err)
	}
}

// An array of PostgreSQL becomes JSON of the same texts, whatever they are.
func FuzzArray(f *testing.F) {
	for _, s := range []string{`{}`, `{1,NULL,-3.50}`, `{"a b",NULL,"NULL",""}`, `{{1,2},{3,4}}`, `[0:1]={1,2}`, `{"q\"\\{},"}`, `{t,f}`, `{"{\"a\": 1}"}`, `{`, `{,}`, `{a`, `{"`, `{"a\`, `{{{{{{{{{{{{{{{{{{`, "{\xff}"} {
		f.Add([]byte(s), "text", "S")
		f.Add([]byte(s), "numeric", "N")
		f.Add([]byte(s), "jsonb", "U")
		f.Add([]byte(s), "bool", "B")
	}
	f.Fuzz(func(t *testing.T, in []byte, element, category string) {
		out, ok := writeArray([]byte("before "), in, element, category)
		text, found := strings.CutPrefix(string(out), "before ")
		if !ok || !found {
			t.Fatalf("%q, %v", out, ok)
		}
		if text != string(in) && !json.Valid([]byte(text)) {
			t.Errorf("%q becomes %q, which is no JSON", in, text)
		}
	})
}

func TestRandomArrays(t *testing.T) {
	postgresServer.need(t, startPostgres)
	conn, err := pgconn.Connect(t.Context(), fmt.Sprintf("postgres://admin@127.0.0.1:%d/shop?sslmode=disable", postgresServer.port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.SliceOfN(anyText(), 1, 5).Draw(rt, "texts")
		var list []string
		var values [][]byte
		for i, text := range want {
			list, values = append(list, fmt.Sprintf("$%d::text", i+1)), append(values, []byte(text))
		}
		result := conn.ExecParams(context.Background(), "SELECT ARRAY["+strings.Join(list, ", ")+"]", values, nil, nil, nil).Read()
		if result.Err != nil {
			rt.Fatal(result.Err)
		}
		out, _ := writeArray(nil, result.Rows[0][0], "text", "S")
		var got []string
		if err := json.Unmarshal(out, &got); err != nil || !slices.Equal(got, want) {
			rt.Errorf("%s becomes %s, want %q (%v)", result.Rows[0][0], out, want, err)
		}
	})
}
