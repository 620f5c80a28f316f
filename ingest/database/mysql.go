package database

import (
	"bytes"
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// mysqlRows is an open result of MySQL or MariaDB. Statements are prepared, which
// lets no second one in and gives floats as they are, where a plain query rounds
// them to six digits.
type mysqlRows struct {
	at     address
	from   selection
	conn   mysqlConn
	stmt   driver.Stmt
	result driver.Rows
	cancel context.CancelFunc
	cols   []column
	values []driver.Value
	zeros  []int64 // zero dates by column
}

// mysqlConn is what we use of the driver's connection.
type mysqlConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ExecerContext
}

func openMySQL(ctx context.Context, at address, s Settings, from selection) (_ rows, err error) {
	m := &mysqlRows{at: at, from: from}
	ctx, m.cancel = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	if err := m.connect(ctx, s.Password); err != nil {
		return nil, m.explain(err)
	}
	sql, values := from.all(), []driver.NamedValue(nil)
	if s.After != "" {
		c, err := m.column(ctx, s.Watermark)
		if err != nil {
			return nil, err
		}
		after, err := bound(c, s.After, s.Zone)
		if err != nil {
			return nil, err
		}
		place, value := mysqlValue(c, after)
		sql, values = from.since(c.name, place), []driver.NamedValue{{Ordinal: 1, Value: value}}
	}
	if m.result, err = m.query(ctx, sql, values); err != nil {
		return nil, m.opening(ctx, err)
	}
	m.cols = mysqlColumns(m.result)
	if len(m.cols) == 0 {
		return nil, errors.New(from.what() + " has no columns")
	}
	m.values, m.zeros = make([]driver.Value, len(m.cols)), make([]int64, len(m.cols))
	return m, nil
}

func (m *mysqlRows) connect(ctx context.Context, password string) error {
	config := mysql.NewConfig()
	config.User, config.Passwd, config.DBName = m.at.user, password, m.at.database
	config.Net, config.Addr = "tcp", net.JoinHostPort(m.at.host, strconv.Itoa(m.at.port))
	if m.at.socket() {
		config.Net, config.Addr = "unix", m.at.host
	}
	config.Timeout, config.Logger = m.at.timeout, &mysql.NopLogger{}
	switch mode := m.at.options["tls"]; mode {
	case "", "preferred":
		if !m.at.socket() {
			config.TLS, config.AllowFallbackToPlaintext = &tls.Config{InsecureSkipVerify: true}, true
		}
	case "true":
		config.TLS = &tls.Config{ServerName: m.at.host}
	case "skip-verify":
		config.TLS = &tls.Config{InsecureSkipVerify: true}
	case "false":
	default:
		return say("tls=%s in connect is none of true, false, preferred, skip-verify", mode)
	}
	if err := config.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		return err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return err
	}
	var ok bool
	if m.conn, ok = conn.(mysqlConn); !ok {
		conn.Close()
		return say("the driver of MySQL cannot prepare statements")
	}
	return m.begin(ctx)
}

// begin starts the transaction in which everything is read. The server would drop
// a client that does not take rows for a minute, and storing them may need that.
func (m *mysqlRows) begin(ctx context.Context) error {
	for _, sql := range []string{
		"SET SESSION time_zone = '+00:00', net_write_timeout = 3600",
		"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
		"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
	} {
		if _, err := m.conn.ExecContext(ctx, sql, nil); err != nil {
			return err
		}
	}
	return nil
}

func (m *mysqlRows) query(ctx context.Context, sql string, values []driver.NamedValue) (driver.Rows, error) {
	stmt, err := m.conn.PrepareContext(ctx, sql)
	if err != nil {
		return nil, err
	}
	m.stmt = stmt
	if stmt.NumInput() != len(values) {
		return nil, say("the query has a place for a value, ?, and none is given")
	}
	q, ok := stmt.(driver.StmtQueryContext)
	if !ok {
		return nil, say("the driver of MySQL cannot read rows")
	}
	return q.QueryContext(ctx, values)
}

// column finds out the type of one column, without reading a row.
func (m *mysqlRows) column(ctx context.Context, name string) (column, error) {
	result, err := m.query(ctx, "SELECT * FROM "+m.from.from()+" LIMIT 0", nil)
	if err != nil {
		return column{}, m.opening(ctx, err)
	}
	cols := mysqlColumns(result)
	if err := errors.Join(result.Close(), m.stmt.Close()); err != nil {
		return column{}, m.explain(err)
	}
	i, err := find(cols, name)
	if err != nil {
		return column{}, err
	}
	return cols[i], nil
}

func mysqlColumns(result driver.Rows) []column {
	types, ok := result.(driver.RowsColumnTypeDatabaseTypeName)
	var cols []column
	for i, name := range result.Columns() {
		c := column{name: name}
		if ok {
			c.typ = types.ColumnTypeDatabaseTypeName(i)
		}
		c.class = mysqlClass(c.typ)
		cols = append(cols, c)
	}
	return cols
}

func mysqlClass(typ string) class {
	switch strings.TrimPrefix(typ, "UNSIGNED ") {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "YEAR", "DECIMAL", "FLOAT", "DOUBLE":
		return classNumber
	case "TIMESTAMP":
		return classInstant
	case "DATETIME":
		return classLocal
	case "DATE":
		return classDate
	case "CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT":
		return classText
	case "BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "GEOMETRY", "VECTOR":
		return classBytes
	}
	return classOther
}

// mysqlValue is the place of a value in a statement and the value, of the type of
// the column: compared with a text, numbers would be compared as floats.
func mysqlValue(c column, after string) (place string, value driver.Value) {
	switch c.class {
	case classInstant:
		return "CAST(? AS DATETIME(6))", strings.NewReplacer("T", " ", "Z", "").Replace(after)
	case classLocal:
		return "CAST(? AS DATETIME(6))", after
	case classDate:
		return "CAST(? AS DATE)", after
	case classNumber:
		if c.typ == "FLOAT" || c.typ == "DOUBLE" {
			bits := 64
			if c.typ == "FLOAT" {
				bits = 32
			}
			x, _ := strconv.ParseFloat(after, bits) // bound has checked it
			return "?", x
		}
		if n, err := strconv.ParseInt(after, 10, 64); err == nil {
			return "?", n
		}
		if n, err := strconv.ParseUint(after, 10, 64); err == nil {
			return "?", n
		}
		_, fraction, _ := strings.Cut(after, ".")
		return fmt.Sprintf("CAST(? AS DECIMAL(65, %d))", min(len(fraction), 30)), after
	}
	return "?", after
}

func (m *mysqlRows) columns() []column { return m.cols }

func (m *mysqlRows) notes() []string {
	var notes []string
	for i, n := range m.zeros {
		if n > 0 {
			notes = append(notes, fmt.Sprintf("column %q: %s of 0000-00-00, which is no date, taken as absent", m.cols[i].name, counted(n, "date")))
		}
	}
	return notes
}

func (m *mysqlRows) next(c *cells) error {
	if err := m.result.Next(m.values); err != nil {
		return err
	}
	for i, value := range m.values {
		from := len(c.data)
		switch v := value.(type) {
		case nil:
			c.absent()
			continue
		case []byte:
			m.bytes(c, i, v)
			continue
		case string:
			m.bytes(c, i, []byte(v))
			continue
		case int64:
			c.data = strconv.AppendInt(c.data, v, 10)
		case uint64:
			c.data = strconv.AppendUint(c.data, v, 10)
		case float32:
			c.data = appendFloat(c.data, float64(v), 32)
		case float64:
			c.data = appendFloat(c.data, v, 64)
		default:
			return say("column %s: the driver gives a %T, which is not known", m.cols[i].name, v)
		}
		c.text(from)
	}
	return nil
}

// bytes writes what the driver gives as bytes: texts, decimals, dates, and bytes.
func (m *mysqlRows) bytes(c *cells, i int, value []byte) {
	col := &m.cols[i]
	switch {
	case col.class == classBytes:
		c.write(writeHex, value)
	case col.typ == "BIT":
		from := len(c.data)
		c.data = new(big.Int).SetBytes(value).Append(c.data, 10)
		c.text(from)
	case col.class == classInstant, col.class == classLocal, col.class == classDate:
		if bytes.HasPrefix(value, []byte("0000-00-00")) {
			m.zeros[i]++
			c.absent()
			return
		}
		c.write(func(dst, value []byte) ([]byte, bool) { return appendMySQLTime(dst, value, col.class), true }, value)
	default:
		c.copy(value)
	}
}

// appendMySQLTime writes a time without a fraction of zeros, and one of a column of
// instants, which the session has in UTC, as such.
func appendMySQLTime(dst, value []byte, class class) []byte {
	if len(value) > 19 {
		if fraction := value[20:]; len(bytes.Trim(fraction, "0")) == 0 {
			value = value[:19]
		}
	}
	from := len(dst)
	dst = append(dst, value...)
	if class == classInstant && len(value) >= 19 {
		dst[from+10] = 'T'
		dst = append(dst, 'Z')
	}
	return dst
}

// close ends the connection, with rows to come or not.
func (m *mysqlRows) close() error {
	if m.cancel == nil {
		return nil
	}
	m.cancel() // the driver closes the connection: rows still to come are not read
	m.cancel = nil
	if m.conn == nil {
		return nil
	}
	return m.conn.Close()
}

// opening explains an error of the first look at the table.
func (m *mysqlRows) opening(ctx context.Context, err error) error {
	var said *mysql.MySQLError
	if !errors.As(err, &said) || said.Number != 1146 || m.from.query != "" {
		return m.explain(err)
	}
	const tables = `SELECT CASE WHEN table_schema = DATABASE() THEN table_name ELSE CONCAT(table_schema, '.', table_name) END
		FROM information_schema.tables WHERE table_schema NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys') LIMIT 10000`
	found, e := m.query(ctx, tables, nil)
	if e != nil {
		return m.explain(err)
	}
	var names []string
	for row := make([]driver.Value, 1); found.Next(row) == nil; {
		names = append(names, fmt.Sprintf("%s", row[0]))
	}
	return m.from.missing(names, err)
}

func (m *mysqlRows) explain(err error) error {
	var said *mysql.MySQLError
	if !errors.As(err, &said) {
		if slices.ContainsFunc([]error{mysql.ErrInvalidConn, driver.ErrBadConn, io.ErrUnexpectedEOF}, func(e error) bool { return errors.Is(err, e) }) {
			return because(err, "the connection was lost: nothing was stored, run it again")
		}
		return lost(err, m.at, m.result != nil)
	}
	text := said.Message
	switch said.Number {
	case 1045, 1698:
		return because(err, "the server refuses user %s: %s; see password_env or password_file", m.at.user, text)
	case 1049:
		return because(err, "%s: see the database in connect", text)
	case 1044:
		return because(err, "%s: see user and database in connect, or ask for GRANT SELECT", text)
	case 1142, 1143:
		return because(err, "user %s may not read this: %s; ask for GRANT SELECT", m.at.user, text)
	case 1792:
		return because(err, "only reading is allowed: %s; give one SELECT that changes nothing", text)
	case 1040, 1203, 1226:
		return because(err, "the server has no connection left (%s): try again later", text)
	case 1969, 3024:
		return because(err, "the server stopped the query: %s; see its limit of time", text)
	case 1060:
		return because(err, "%s: give every column of the query a name of its own", text)
	case 1053, 1927, 1317:
		return because(err, "the server ended the connection (%s): nothing was stored, run it again", text)
	}
	return because(err, "%s", text)
}
