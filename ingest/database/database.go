// Package database reads a table or one SELECT of PostgreSQL, MySQL, MariaDB or
// SQLite into blocks of cells, as a stream.
//
// Everything is read inside one read-only transaction, so that the rows are those
// of one moment and nothing is ever changed. Values are written as text in one
// canonical form:
//
//   - numbers as exact decimals, in as many digits as give them back;
//   - dates as 2024-01-31; instants with a zone in UTC, 2024-01-31T09:30:00.123456Z;
//     those without one as they stand, 2024-01-31 09:30:00.123456. The fraction is
//     left out where it is zero;
//   - truth as true and false, where the database knows the type;
//   - JSON as its text, arrays of PostgreSQL as JSON;
//   - bytes as hexadecimal digits, with a note;
//   - NULL, and the zero dates of MySQL, as absent cells.
//
// SQLite has types by value, not by column: its integers, numbers and texts come as they
// are, whatever the column says it holds.
//
// In a session with PostgreSQL the time zone is Settings.Zone, so that a query
// that makes a date of an instant makes it of the shop's day. MySQL and MariaDB
// often lack the tables of zones, so there it is UTC: a query converts with
// CONVERT_TZ.
package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"clientele/ingest"
	"clientele/ingest/internal/stream"
)

const (
	pieceBytes = 1 << 20  // a piece is ended by the row that reaches this many bytes
	pieceRows  = 8192     // or by this many rows
	rowLimit   = 64 << 20 // bytes of text that a row may have
)

// Settings say what to read from a database.
type Settings struct {
	// Connect names the server and the database, without a password:
	//
	//	postgres://USER@HOST:5432/DATABASE     host=/FOLDER for a unix socket, sslmode, sslrootcert, sslcert, sslkey, connect_timeout
	//	mysql://USER@HOST:3306/DATABASE        also mariadb://; socket=/FILE, tls=true, false, preferred or skip-verify, connect_timeout
	//	sqlite:///ABSOLUTE/FILE                also sqlite:RELATIVE/FILE
	//
	// What stands after the blanks is given as in a URL, ?sslmode=verify-full.
	// Without them, a connection is encrypted where the server offers it.
	Connect   string
	Table     string         // table or schema.table, in the letters that the database has; "quoted" where a dot is part of a name
	Query     string         // instead of Table: one SELECT
	Watermark string         // column; rows with a value of at least After are read; "": all rows
	After     string         // the last value seen, as Last returned it, or written by a person; "": all rows
	Password  string         // "": none
	Zone      *time.Location // zone of what After and a query write without one; nil: UTC
	Dir       string         // folder from which a relative SQLite file is looked for; "": the current one
}

// Reader reads the rows of one table or query. It implements ingest.Reader.
type Reader struct {
	name   string
	rows   rows
	header []string
	mark   *watermark // nil without Settings.Watermark
	notes  []string   // known from the beginning
	format string

	free  stream.Free[*buffers]
	piece int // bytes
	line  int64
	err   error // what ended the rows; io.EOF included
}

// rows are the rows of a database as text.
type rows interface {
	// columns are known when the rows are opened.
	columns() []column
	// next appends the cells of the next row, or returns io.EOF.
	next(c *cells) error
	// notes says what was met in the rows so far.
	notes() []string
	// explain says what an error of the database means and what to do about it.
	explain(err error) error
	close() error
}

// column is a column of a result.
type column struct {
	name  string
	class class // as a watermark
	typ   string
}

// Open connects, begins the transaction and starts to read. ctx is that of the
// whole reading: when it ends, so does the connection. Every error is one line that
// names the database and the table, and says what to do.
func Open(ctx context.Context, s Settings) (*Reader, error) {
	return open(ctx, s, pieceBytes)
}

func open(ctx context.Context, s Settings, piece int) (*Reader, error) {
	r := &Reader{name: Name(s.Connect, s.Table, s.Query), piece: piece, free: stream.MakeFree[*buffers]()}
	if err := r.open(ctx, s); err != nil {
		return nil, fmt.Errorf("%s: %w", r.name, oneLine(err))
	}
	return r, nil
}

func (r *Reader) open(ctx context.Context, s Settings) error {
	at, err := parseConnect(s.Connect)
	if err != nil {
		return err
	}
	from, err := newSelection(at, s)
	if err != nil {
		return err
	}
	r.format = at.engine
	switch at.engine {
	case postgresEngine:
		r.rows, err = openPostgres(ctx, at, s, from)
	case sqliteEngine:
		r.rows, err = openSQLite(ctx, at, s, from)
	default:
		r.rows, err = openMySQL(ctx, at, s, from)
	}
	if err != nil {
		return err
	}
	columns := r.rows.columns()
	for _, c := range columns {
		r.header = append(r.header, c.name)
		if c.class == classBytes {
			r.notes = append(r.notes, fmt.Sprintf("column %q holds bytes: written as hexadecimal digits; where they are a text, convert them in a query", c.name))
		}
	}
	if s.Watermark == "" {
		return nil
	}
	i, err := find(columns, s.Watermark)
	if err != nil {
		r.rows.close()
		return err
	}
	if r.mark, err = newWatermark(i, columns[i], s.After, s.Zone); err != nil {
		r.rows.close()
		return err
	}
	if s.After != "" {
		r.notes = append(r.notes, fmt.Sprintf("rows with %s from %s on; rows without a value there are not read", columns[i].name, s.After))
	}
	return nil
}

// Header is the names of the columns.
func (r *Reader) Header() []string { return r.header }

// Detected says what is read: postgres, mysql, mariadb or sqlite.
func (r *Reader) Detected() ingest.Detected {
	return ingest.Detected{Format: r.format, Encoding: "utf-8", Notes: r.notes}
}

// Notes says, once the rows have been read, what was found in them.
func (r *Reader) Notes() []string {
	return append(append(append([]string{}, r.notes...), r.rows.notes()...), r.mark.notes()...)
}

// Last is the greatest value of the watermark column among the rows that Next
// has delivered, or Settings.After where there is none. As Settings.After it reads
// every row that has come since, and again those that share the value. Values that no later
// row can exceed, such as infinity, do not count. Texts are
// compared byte by byte, which leaves out nothing whatever the order that
// the database has for them: at worst more rows are read again.
func (r *Reader) Last() string { return r.mark.last() }

// Close ends the transaction and the connection. Blocks stay valid.
func (r *Reader) Close() error {
	r.rows.close() // what was read is whole or was reported; nothing was written
	return nil
}

// buffers are the slices of one block, used again once it is released.
type buffers struct {
	data       []byte
	start, end []uint32
	lines      []int64
}

// Next reads the next rows, about 1 MiB of text of them.
func (r *Reader) Next() (ingest.Piece, error) {
	if r.err != nil {
		return nil, r.err
	}
	b := r.free.Get()
	if b == nil {
		b = new(buffers)
	}
	c := cells{data: b.data[:0], start: b.start[:0], end: b.end[:0]}
	lines := b.lines[:0]
	for len(lines) < pieceRows && len(c.data) < r.piece {
		from, first := len(c.data), len(c.start)
		if r.err = r.row(&c); r.err != nil {
			break
		}
		if len(c.data)-from > rowLimit {
			r.err = fmt.Errorf("%s: row %d has more than %d MB of text", r.name, r.line+1, rowLimit>>20)
			break
		}
		r.line++
		lines = append(lines, r.line)
		if err := r.mark.see(&c, first); err != nil {
			r.err = fmt.Errorf("%s: row %d: %w", r.name, r.line, err)
			break
		}
	}
	if len(lines) == 0 || r.err != nil && !errors.Is(r.err, io.EOF) {
		return nil, r.err
	}
	b.data, b.start, b.end, b.lines = c.data, c.start, c.end, lines
	return &piece{reader: r, buffers: b}, nil
}

// row reads one row; when there is no more, the connection is given back at once.
func (r *Reader) row(c *cells) error {
	err := r.rows.next(c)
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		r.rows.close()
		return io.EOF
	}
	err = r.rows.explain(err)
	if r.line > 0 {
		err = fmt.Errorf("after row %d: %w", r.line, err)
	}
	r.rows.close()
	return fmt.Errorf("%s: %w", r.name, oneLine(err))
}

// piece is a run of rows that are text already; it implements ingest.Piece.
type piece struct {
	reader *Reader
	*buffers
}

func (p *piece) Parse() (*ingest.Block, error) {
	columns := len(p.reader.header)
	b := &ingest.Block{Columns: columns, Lines: p.lines, Data: p.data, Start: p.start, End: p.end}
	b.Raw = func(row int) string { return rawRow(b, row) }
	b.Release = func() { p.reader.free.Put(p.buffers) }
	return b, nil
}

// rawRow writes a row as a line of CSV; an absent cell is empty, an empty text "".
func rawRow(b *ingest.Block, row int) string {
	var out []byte
	for i := range b.Columns {
		if i > 0 {
			out = append(out, ',')
		}
		cell, ok := b.Cell(row, i)
		switch {
		case !ok:
		case len(cell) == 0 || strings.ContainsAny(string(cell), ",\"\r\n"):
			out = append(out, '"')
			out = append(out, strings.ReplaceAll(string(cell), `"`, `""`)...)
			out = append(out, '"')
		default:
			out = append(out, cell...)
		}
	}
	return stream.Printable(out)
}

// cells are the cells of a block that is being filled.
type cells struct {
	data       []byte
	start, end []uint32
}

// absent adds a cell that is NULL.
func (c *cells) absent() {
	c.start, c.end = append(c.start, 1), append(c.end, 0)
}

// text adds a cell that is data[from:].
func (c *cells) text(from int) {
	c.start, c.end = append(c.start, uint32(from)), append(c.end, uint32(len(c.data)))
}

// copy adds a cell of these bytes.
func (c *cells) copy(value []byte) {
	from := len(c.data)
	c.data = append(c.data, value...)
	c.text(from)
}

// write adds a cell, or an absent one, that a writer makes of a value.
func (c *cells) write(w func(dst, value []byte) ([]byte, bool), value []byte) {
	from, ok := len(c.data), false
	if c.data, ok = w(c.data, value); !ok {
		c.absent()
		return
	}
	c.text(from)
}

// find returns the index of the column of that name; letters may be in the other
// case where only one column is meant.
func find(columns []column, name string) (int, error) {
	found, several := -1, 0
	for i, c := range columns {
		if c.name == name {
			return i, nil
		}
		if strings.EqualFold(c.name, name) {
			found, several = i, several+1
		}
	}
	if several == 1 {
		return found, nil
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return 0, fmt.Errorf("there is no column %q for the watermark; the nearest are %s", name, listNear(name, names))
}

// oneLine is an error whose text has no line ends.
func oneLine(err error) error {
	if !strings.ContainsAny(err.Error(), "\r\n") {
		return err
	}
	return flat{err}
}

type flat struct{ error }

func (f flat) Error() string { return strings.Join(strings.Fields(f.error.Error()), " ") }
func (f flat) Unwrap() error { return f.error }

var _ ingest.Reader = (*Reader)(nil)
