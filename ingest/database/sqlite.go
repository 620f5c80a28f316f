package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteRows is an open result of SQLite.
type sqliteRows struct {
	ctx    context.Context // the driver watches it up to the first row only
	at     address
	from   selection
	conn   sqliteConn
	result driver.Rows
	cols   []column
	values []driver.Value
	bytes  []int64 // values of bytes by column
}

// sqliteConn is what we use of the driver's connection.
type sqliteConn interface {
	driver.Conn
	driver.QueryerContext
	driver.ExecerContext
}

func openSQLite(ctx context.Context, at address, s Settings, from selection) (_ rows, err error) {
	q := &sqliteRows{ctx: ctx, at: at, from: from}
	defer func() {
		if err != nil {
			q.close()
		}
	}()
	if err := q.connect(s.Dir); err != nil {
		return nil, q.explain(err)
	}
	if q.cols, err = q.describe(ctx); err != nil {
		return nil, q.opening(ctx, err)
	}
	sql, values := q.plainly(), []driver.NamedValue(nil)
	if s.After != "" {
		i, err := find(q.cols, s.Watermark)
		if err != nil {
			return nil, err
		}
		after, err := bound(q.cols[i], s.After, s.Zone)
		if err != nil {
			return nil, err
		}
		sql += " WHERE " + from.name(q.cols[i].name) + " >= ?1"
		values = []driver.NamedValue{{Ordinal: 1, Value: sqliteValue(q.cols[i], after)}}
	}
	if q.result, err = q.conn.QueryContext(ctx, sql, values); err != nil {
		return nil, q.explain(err)
	}
	q.values, q.bytes = make([]driver.Value, len(q.cols)), make([]int64, len(q.cols))
	return q, nil
}

// connect opens the file so that nothing can change it, and begins to read.
func (q *sqliteRows) connect(dir string) error {
	path := q.at.file
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if err := isSQLite(path); err != nil {
		return err
	}
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: "mode=ro&_pragma=busy_timeout(10000)&_pragma=query_only(1)&_pragma=trusted_schema(0)"}
	conn, err := new(sqlite.Driver).Open(uri.String())
	if err != nil {
		return err
	}
	var ok bool
	if q.conn, ok = conn.(sqliteConn); !ok {
		conn.Close()
		return errors.New("the driver of SQLite cannot run queries")
	}
	_, err = q.conn.ExecContext(q.ctx, "BEGIN", nil)
	return err
}

// isSQLite refuses what is no database of SQLite, which the driver would make or
// fail to read with words about something else.
func isSQLite(path string) error {
	f, err := os.Open(path)
	if err != nil {
		var pe *fs.PathError
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return because(err, "there is no such file")
		case errors.As(err, &pe):
			return pe.Err
		}
		return err
	}
	defer f.Close()
	head := make([]byte, 16)
	switch n, err := io.ReadFull(f, head); {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("not a file")
	case n == 0:
		return errors.New("the file is empty")
	case string(head[:n]) != "SQLite format 3\x00":
		return errors.New("not a database of SQLite, or an encrypted one")
	}
	return nil
}

// describe finds out names and declared types of the columns, without reading a row.
func (q *sqliteRows) describe(ctx context.Context) ([]column, error) {
	result, err := q.conn.QueryContext(ctx, "SELECT * FROM "+q.from.from()+" LIMIT 0", nil)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	types, ok := result.(driver.RowsColumnTypeDatabaseTypeName)
	if !ok {
		return nil, errors.New("the driver of SQLite does not tell types")
	}
	var cols []column
	for i, name := range result.Columns() {
		c := column{name: name, typ: types.ColumnTypeDatabaseTypeName(i), class: classDynamic}
		if affinity(c.typ) == "TEXT" {
			c.class = classText
		}
		cols = append(cols, c)
	}
	return cols, nil
}

// affinity is the class that SQLite prefers for values of a column, by rules 1
// to 3 of section 3.1 of its document on types; "" for the others.
func affinity(declared string) string {
	switch {
	case strings.Contains(declared, "INT"):
		return "INTEGER"
	case strings.Contains(declared, "CHAR"), strings.Contains(declared, "CLOB"), strings.Contains(declared, "TEXT"):
		return "TEXT"
	case strings.Contains(declared, "BLOB"):
		return "BLOB"
	}
	return ""
}

// plainly selects every column by name, those that are declared as dates behind a
// plus sign: it changes no value and takes the declaration away, by which the
// driver would rewrite texts that look like times.
func (q *sqliteRows) plainly() string {
	list := make([]string, len(q.cols))
	for i, c := range q.cols {
		list[i] = q.from.name(c.name)
		switch c.typ {
		case "DATE", "DATETIME", "TIMESTAMP", "TIME":
			list[i] = "+" + list[i] + " AS " + list[i]
		}
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + q.from.from()
}

// sqliteValue is a value as the column would have it. A column without an affinity
// may hold what looks like a number as a text: compared with a number, texts
// are greater, so that more rows are read rather than fewer.
func sqliteValue(c column, after string) driver.Value {
	if c.class == classText {
		return after
	}
	if n, err := strconv.ParseInt(after, 10, 64); err == nil {
		return n
	}
	if isNumber([]byte(after)) {
		if x, err := strconv.ParseFloat(after, 64); err == nil {
			return x
		}
	}
	return after
}

func (q *sqliteRows) columns() []column { return q.cols }

func (q *sqliteRows) notes() []string {
	var notes []string
	for i, n := range q.bytes {
		if n > 0 {
			notes = append(notes, fmt.Sprintf("column %q: %s of bytes, written as hexadecimal digits; where they are a text, convert them in a query", q.cols[i].name, counted(n, "value")))
		}
	}
	return notes
}

func (q *sqliteRows) next(c *cells) error {
	if err := q.ctx.Err(); err != nil {
		return err
	}
	if err := q.result.Next(q.values); err != nil {
		return err
	}
	for i, value := range q.values {
		from := len(c.data)
		switch v := value.(type) {
		case nil:
			c.absent()
			continue
		case string:
			c.data = append(c.data, v...)
		case int64:
			c.data = strconv.AppendInt(c.data, v, 10)
		case float64:
			c.data = appendFloat(c.data, v, 64)
		case []byte:
			q.bytes[i]++
			c.write(writeHex, v)
			continue
		default:
			return fmt.Errorf("column %s: the driver gives a %T, which is not known", q.cols[i].name, v)
		}
		c.text(from)
	}
	return nil
}

func (q *sqliteRows) close() error {
	if q.conn == nil {
		return nil
	}
	if q.result != nil {
		q.result.Close()
	}
	conn := q.conn
	q.conn = nil
	return conn.Close()
}

// opening explains an error of the first look at the table.
func (q *sqliteRows) opening(ctx context.Context, err error) error {
	if q.from.query != "" || !strings.Contains(err.Error(), "no such table") {
		return q.explain(err)
	}
	found, e := q.conn.QueryContext(ctx, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' LIMIT 10000", nil)
	if e != nil {
		return q.explain(err)
	}
	defer found.Close()
	var names []string
	for row := make([]driver.Value, 1); found.Next(row) == nil; {
		names = append(names, fmt.Sprint(row[0]))
	}
	return q.from.missing(names, err)
}

func (q *sqliteRows) explain(err error) error {
	var said *sqlite.Error
	if !errors.As(err, &said) {
		return err
	}
	text := strings.TrimSuffix(strings.TrimPrefix(said.Error(), "SQL logic error: "), fmt.Sprintf(" (%d)", said.Code()))
	switch said.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return because(err, "another program is changing the file (%s): try again when it is done", text)
	case sqlite3.SQLITE_CANTOPEN:
		return because(err, "the file cannot be opened (%s): where it is in WAL mode, the folder must be writable, or read a copy of it", text)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return because(err, "the file is damaged or encrypted: %s", text)
	case sqlite3.SQLITE_READONLY:
		return because(err, "only reading is allowed: %s; give one SELECT that changes nothing", text)
	case sqlite3.SQLITE_INTERRUPT:
		if e := q.ctx.Err(); e != nil {
			return e
		}
	}
	return because(err, "%s", text)
}
