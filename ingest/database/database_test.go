package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"modernc.org/sqlite"

	"clientele/ingest"
	"clientele/ingest/ingesttest"
)

const absent = ingesttest.Absent

// engine is a database to test with.
type engine struct {
	name     string
	do       func(t testing.TB, statements ...string)
	settings func(t testing.TB, table string) Settings
	instant  string // types of an instant and of a local time, with microseconds
	local    string
	text     string
}

// engines are all three; a test of one whose server is not installed is skipped.
func engines(t testing.TB) []engine {
	file := filepath.Join(t.TempDir(), "a shop 店?.db")
	doSQLite(t, file, "PRAGMA user_version = 1")
	return []engine{
		{"postgres", doPostgres, postgresSettings, "timestamptz", "timestamp", "text"},
		{"mysql", doMySQL, mysqlSettings, "timestamp(6) NULL", "datetime(6)", "varchar(500)"},
		{"sqlite", func(t testing.TB, statements ...string) { doSQLite(t, file, statements...) },
			func(t testing.TB, table string) Settings { return Settings{Connect: "sqlite://" + file, Table: table} }, "text", "text", "text"},
	}
}

func each(t *testing.T, test func(t *testing.T, e engine)) {
	t.Helper()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) { test(t, e) })
	}
}

func doSQLite(t testing.TB, file string, statements ...string) {
	t.Helper()
	conn, err := new(sqlite.Driver).Open(file2uri(file))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, sql := range statements {
		if _, err := conn.(driver.ExecerContext).ExecContext(t.Context(), sql, nil); err != nil {
			t.Fatalf("%v in %s", err, sql)
		}
	}
}

func file2uri(file string) string {
	return "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23", " ", "%20").Replace(file)
}

// result is everything that a reader gave.
type result struct {
	header []string
	rows   [][]string
	raw    []string
	last   string
	notes  []string
}

func read(t testing.TB, s Settings) result {
	t.Helper()
	r, err := Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	out, err := drain(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// drain reads to the end and closes.
func drain(r *Reader) (result, error) {
	defer r.Close()
	out := result{header: r.Header()}
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, err
		}
		b, err := p.Parse()
		if err != nil {
			return out, err
		}
		for row := range b.Rows() {
			out.rows = append(out.rows, cellsOf(b, row))
			out.raw = append(out.raw, b.Raw(row))
		}
		b.Release()
	}
	out.last, out.notes = r.Last(), r.Notes()
	return out, nil
}

func cellsOf(b *ingest.Block, row int) []string {
	cells := make([]string, b.Columns)
	for i := range cells {
		v, ok := b.Cell(row, i)
		cells[i] = string(v)
		if !ok {
			cells[i] = absent
		}
	}
	return cells
}

// failure is the error of opening or of reading to the end, of which every one
// is a line that names what is read and holds no password.
func failure(t *testing.T, s Settings) string {
	t.Helper()
	r, err := Open(t.Context(), s)
	if err == nil {
		_, err = drain(r)
	}
	if err == nil {
		t.Fatal("no error")
	}
	text := err.Error()
	if strings.ContainsAny(text, "\r\n") {
		t.Errorf("more than one line: %q", text)
	}
	if name := Name(s.Connect, s.Table, s.Query); !strings.HasPrefix(text, name+": ") {
		t.Errorf("%q does not begin with %s", text, name)
	}
	if s.Password != "" && strings.Contains(text, s.Password) {
		t.Errorf("the password stands in %q", text)
	}
	return text
}

func TestPromises(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		e.do(t, "DROP TABLE IF EXISTS promises", "CREATE TABLE promises (id int, name "+e.text+", n numeric(10,2))",
			"INSERT INTO promises VALUES (1, '客户 \"一\", a', 1.5), (2, NULL, NULL), (3, '', -0.01)")
		want := ingesttest.Want{
			Header: []string{"id", "name", "n"},
			Rows:   [][]string{{"1", `客户 "一", a`, "1.50"}, {"2", absent, absent}, {"3", "", "-0.01"}},
			Lines:  []int64{1, 2, 3},
			Read:   3,
		}
		if e.name == "sqlite" { // which keeps no scale
			want.Rows[0][2] = "1.5"
		}
		ingesttest.Reader(t, func(size int) (ingest.Reader, error) {
			if size == 0 {
				size = pieceBytes
			}
			s := e.settings(t, "promises")
			return open(t.Context(), s, size)
		}, want)
		raw := read(t, e.settings(t, "promises")).raw
		if want := []string{`1,"客户 ""一"", a",` + want.Rows[0][2], "2,,", `3,"",-0.01`}; !slices.Equal(raw, want) {
			t.Errorf("raw rows are %q, want %q", raw, want)
		}
	})
}

func TestWhatIsSelected(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		quote := `"`
		if e.name == "mysql" {
			quote = "`"
		}
		odd := quote + "odd name; -- 客户" + quote
		e.do(t, "DROP TABLE IF EXISTS "+odd, "CREATE TABLE "+odd+" ("+quote+"select"+quote+" int, "+quote+"B x"+quote+" int)", "INSERT INTO "+odd+" VALUES (1, 2), (3, 4)")
		s := e.settings(t, "odd name; -- 客户")
		for _, c := range []struct {
			name    string
			settled func(s *Settings)
			want    string
		}{
			{"a table", func(s *Settings) {}, "[select B x] [[1 2] [3 4]]"},
			{"a quoted table", func(s *Settings) { s.Table = odd }, "[select B x] [[1 2] [3 4]]"},
			{"a watermark", func(s *Settings) { s.Watermark, s.After = "B x", "3" }, "[select B x] [[3 4]]"},
			{"a watermark in other letters", func(s *Settings) { s.Watermark, s.After = "b X", "3" }, "[select B x] [[3 4]]"},
			{"a query", func(s *Settings) { s.Table, s.Query = "", "SELECT 1 AS a, 'x' AS b;\n" }, "[a b] [[1 x]]"},
			{"a query that begins and ends with comments", func(s *Settings) {
				s.Table, s.Query = "", "/* all */ -- of it\n (SELECT 5 AS a, 'x' AS b) -- no more"
				if e.name == "sqlite" { // which knows no brackets around a SELECT
					s.Query = "/* all */ -- of it\n SELECT 5 AS a, 'x' AS b -- no more"
				}
				s.Watermark, s.After = "a", "2"
			}, "[a b] [[5 x]]"},
			{"a query with WITH", func(s *Settings) {
				s.Table, s.Query = "", "WITH v AS (SELECT 1 AS a UNION ALL SELECT 2) SELECT * FROM v"
				s.Watermark, s.After = "a", "2"
			}, "[a] [[2]]"},
			{"no rows", func(s *Settings) { s.Watermark, s.After = "B x", "5" }, "[select B x] []"},
		} {
			t.Run(c.name, func(t *testing.T) {
				s := s
				c.settled(&s)
				got := read(t, s)
				if text := fmt.Sprint(got.header, " ", got.rows); text != c.want {
					t.Errorf("read %s, want %s", text, c.want)
				}
			})
		}
	})
}

// What is there stays as it is, whatever the query says.
func TestOnlyReads(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		e.do(t, "DROP TABLE IF EXISTS kept", "CREATE TABLE kept (id int, x int)", "INSERT INTO kept VALUES (1, 1), (2, 2)")
		queries := []string{
			"UPDATE kept SET x = 0 RETURNING id",
			"DELETE FROM kept RETURNING id",
			"INSERT INTO kept VALUES (3, 3) RETURNING id",
			"DROP TABLE kept",
			"SELECT id FROM kept; DELETE FROM kept",
			"SELECT id FROM kept; COMMIT; DELETE FROM kept",
			"/* SELECT */ DELETE FROM kept",
			"",
		}
		switch e.name {
		case "postgres":
			e.do(t, "DROP SEQUENCE IF EXISTS counter", "CREATE SEQUENCE counter")
			queries = append(queries,
				"WITH gone AS (DELETE FROM kept RETURNING *) SELECT * FROM gone",
				"WITH more AS (UPDATE kept SET x = 0 RETURNING *) SELECT * FROM more",
				"SELECT nextval('counter')",
				"SELECT id INTO other FROM kept",
				"SELECT * FROM kept FOR UPDATE",
				"SELECT $1::int")
		case "mysql":
			queries = append(queries,
				"SELECT * FROM kept INTO OUTFILE '"+filepath.Join(mysqlServer.folder, "out")+"'",
				"SELECT * FROM kept WHERE id = ?")
		case "sqlite":
			queries = append(queries, "WITH v AS (SELECT 1) DELETE FROM kept RETURNING id", "SELECT 1) AS q; DELETE FROM kept; --")
		}
		for _, q := range queries {
			s := e.settings(t, "")
			s.Query = q
			text := failure(t, s)
			if got := fmt.Sprint(read(t, e.settings(t, "kept")).rows); got != "[[1 1] [2 2]]" {
				t.Fatalf("after %q there are %s", q, got)
			}
			t.Log(text)
		}
	})
}

func TestErrors(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		e.do(t, "DROP TABLE IF EXISTS orders_of_shop", "DROP TABLE IF EXISTS ordres", "CREATE TABLE orders_of_shop (id int, at "+e.instant+", n numeric(10,2))", "CREATE TABLE ordres (a int)")
		server := e.name != "sqlite"
		for _, c := range []struct {
			name string
			set  func(s *Settings)
			want []string
			skip bool
		}{
			{"no such table", func(s *Settings) { s.Table = "orders" }, []string{"there is no table orders; the nearest are ", "ordres, "}, false},
			{"no such schema", func(s *Settings) { s.Table = "nowhere.orders_of_shop" }, []string{"there is no table nowhere.orders_of_shop; the nearest are "}, e.name == "mysql"},
			{"no table", func(s *Settings) { s.Table = " " }, []string{"neither a table nor a query"}, false},
			{"both", func(s *Settings) { s.Query = "SELECT 1" }, []string{"a table and a query are given"}, false},
			{"three parts", func(s *Settings) { s.Table = "a.b.c" }, []string{`"a.b.c" is not the name of a table`}, false},
			{"an error in the query", func(s *Settings) { s.Table, s.Query = "", "SELECT id FROM orders_of_shop WHERE id ==== 'x'" }, []string{""}, false},
			{"no such column", func(s *Settings) { s.Table, s.Query = "", "SELECT idd FROM orders_of_shop" }, []string{"idd"}, false},
			{"no such watermark", func(s *Settings) { s.Watermark = "att" }, []string{`there is no column "att" for the watermark; the nearest are at, id, n`}, false},
			{"no such watermark to read on", func(s *Settings) { s.Watermark, s.After = "att", "1" }, []string{`there is no column "att" for the watermark`}, false},
			{"a value without a watermark", func(s *Settings) { s.After = "1" }, []string{"no watermark column"}, false},
			{"a value of another kind", func(s *Settings) { s.Watermark, s.After = "at", "yesterday" }, []string{`the watermark column at holds times, and "yesterday" is none`}, !server},
			{"a value that is no number", func(s *Settings) { s.Watermark, s.After = "n", "ten" }, []string{`the watermark column n holds numbers, and "ten" is none`}, !server},
			{"a wrong password", func(s *Settings) { s.Password = "secret-guess" }, []string{"the server refuses user shop", "password_env"}, !server},
			{"no password", func(s *Settings) { s.Password = "" }, []string{"the server refuses user shop"}, !server},
			{"no such user", func(s *Settings) { s.Connect = strings.Replace(s.Connect, "shop@", "nobody@", 1) }, []string{"the server refuses user nobody"}, !server},
			{"no such database", func(s *Settings) { s.Connect += "pe" }, []string{"in connect"}, !server},
			{"nobody listens", func(s *Settings) { s.Connect = closedPort(t, s.Connect) }, []string{"cannot reach 127.0.0.1:", "connection refused"}, !server},
			{"no TLS", func(s *Settings) { s.Connect += "?sslmode=require" }, []string{"TLS"}, e.name != "postgres"},
			{"no such file", func(s *Settings) { s.Connect += ".gone" }, []string{"there is no such file"}, server},
			{"a folder", func(s *Settings) { s.Connect = "sqlite:" + t.TempDir() }, []string{"not a file"}, server},
		} {
			if c.skip {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				s := e.settings(t, "orders_of_shop")
				c.set(&s)
				text := failure(t, s)
				for _, want := range c.want {
					if !strings.Contains(text, want) {
						t.Errorf("%q lacks %q", text, want)
					}
				}
				t.Log(text)
			})
		}
	})
}

// closedPort is connect with a port on which nobody listens.
func closedPort(t *testing.T, connect string) string {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	host, rest, _ := strings.Cut(connect, "127.0.0.1:")
	_, database, _ := strings.Cut(rest, "/")
	return fmt.Sprintf("%s127.0.0.1:%d/%s", host, port, database)
}

func TestNotAllowed(t *testing.T) {
	doPostgres(t, "RESET ROLE", "DROP TABLE IF EXISTS private_things", "CREATE TABLE private_things (a int)")
	if text := failure(t, postgresSettings(t, "private_things")); !strings.Contains(text, "permission denied for table private_things") || !strings.Contains(text, "GRANT SELECT") {
		t.Error(text)
	}
	doMySQL(t, "CREATE DATABASE IF NOT EXISTS other", "CREATE TABLE IF NOT EXISTS other.things (a int)")
	if text := failure(t, mysqlSettings(t, "other.things")); !strings.Contains(text, "GRANT SELECT") {
		t.Error(text)
	}
}

// endless are queries whose first row does not come.
func endless(e engine) string {
	switch e.name {
	case "postgres":
		return "SELECT pg_sleep(60)"
	case "mysql":
		return "SELECT SLEEP(60)"
	}
	return "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
}

// many is a query of n rows of about 100 bytes.
func many(e engine, n int) string {
	switch e.name {
	case "postgres":
		return fmt.Sprintf("SELECT id, repeat('x', 90) AS filler, now() AS at FROM (SELECT generate_series(1, %d) AS id) AS g", n)
	case "mysql":
		return fmt.Sprintf("SELECT seq AS id, repeat('x', 90) AS filler, now(6) AS at FROM seq_1_to_%d", n)
	}
	return fmt.Sprintf("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < %d) SELECT x AS id, printf('%%090d', 0) AS filler, 1.5 AS at FROM c", n)
}

func TestCancel(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		for name, query := range map[string]string{"before the first row": endless(e), "among the rows": many(e, 50_000_000)} {
			t.Run(name, func(t *testing.T) {
				s := e.settings(t, "")
				s.Query = query
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				started := time.Now()
				time.AfterFunc(300*time.Millisecond, cancel)
				r, err := Open(ctx, s)
				if err == nil {
					for err == nil {
						_, err = r.Next()
					}
					r.Close()
				}
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
				if d := time.Since(started); d > 30*time.Second {
					t.Errorf("it took %v", d)
				}
				if e.name == "postgres" {
					nobodyReads(t)
				}
			})
		}
	})
}

// nobodyReads waits until the server has no connection of the test's user.
func nobodyReads(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := postgresDo("shop", "SELECT 1 / (CASE count(*) WHEN 0 THEN 1 ELSE 0 END) FROM pg_stat_activity WHERE usename = 'shop'") // or a division by zero
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the server still works for us")
		}
	}
}

// Leaving early does not read what is left.
func TestCloseEarly(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		s := e.settings(t, "")
		s.Query = many(e, 1_000_000_000) // minutes to read
		r, err := Open(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		if err := errors.Join(r.Close(), r.Close()); err != nil {
			t.Error(err)
		}
		if d := time.Since(started); d > 20*time.Second {
			t.Errorf("closing took %v", d)
		}
	})
}

// A connection that is lost in the middle is an error, never an end.
func TestConnectionLost(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		if e.name == "sqlite" {
			return // it has no connection to lose
		}
		const rows = 3_000_000
		s := e.settings(t, "")
		s.Query = many(e, rows)
		r, err := Open(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if e.name == "postgres" {
			err = postgresDo("shop", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop'")
		} else {
			err = mysqlDo("shop", "KILL USER shop")
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := drain(r)
		if err == nil || len(got.rows) >= rows-1 {
			t.Fatalf("%d rows and error %v", len(got.rows), err)
		}
		name := Name(s.Connect, "", s.Query)
		if !strings.HasPrefix(err.Error(), name+": after row ") || !strings.Contains(err.Error(), "run it again") || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("error %q", err)
		}
		t.Log(err)
		if _, again := r.Next(); again == nil || errors.Is(again, io.EOF) {
			t.Errorf("and then %v", again)
		}
	})
}
