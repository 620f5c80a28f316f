// Package duck is the only code that knows DuckDB: it opens the store, runs
// the query files, moves columns in and out, and closes what it opened.
package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"clientele/engine/table"
)

// Catalog is the name under which a store is attached, always the same because
// DuckDB writes it into the views of the store.
const Catalog = "clientele"

// Options limit a connection. Zero values leave DuckDB's own defaults.
type Options struct {
	ReadOnly bool
	Threads  int
	Memory   int64  // bytes that DuckDB may hold; it runs 9 to 21 % over
	TempDir  string // where it spills; empty: nowhere
	Zone     string // time zone in which instants become dates and hours; empty: UTC

	// What statements may read and write besides the store and TempDir: files in
	// these folders, which need not be there yet, and these files. Nothing else can
	// be opened, attached or listed, whatever a statement says.
	Folders, Files []string
}

// DB is one connection to one store. It is used by one goroutine at a time.
type DB struct {
	connector *duckdb.Connector
	conn      driver.Conn
	db        *sql.DB
	sqlConn   *sql.Conn
	attached  bool  // a store is the default catalog
	threshold int64 // bytes of changes after which DuckDB checkpoints
}

// Open attaches the store at path, or none when path is empty, to a new
// in-memory instance and makes it the default catalog.
func Open(ctx context.Context, path string, opt Options) (*DB, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	d := &DB{connector: connector, db: sql.OpenDB(connector)}
	if d.sqlConn, err = d.db.Conn(ctx); err != nil {
		d.Close()
		return nil, err
	}
	err = d.sqlConn.Raw(func(c any) error { d.conn = c.(driver.Conn); return nil })
	if err != nil {
		d.Close()
		return nil, err
	}
	if err := d.configure(ctx, path, opt); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *DB) configure(ctx context.Context, path string, opt Options) error {
	zone := opt.Zone
	if zone == "" {
		zone = "UTC"
	}
	settings := []string{
		"SET autoinstall_known_extensions=false",
		"SET autoload_known_extensions=false",
		"SET TimeZone=" + Literal(zone),
		"SET allow_community_extensions=false",
		"SET allow_persistent_secrets=false", // of the person's other programs
		"SET arrow_output_version='1.5'",     // in which amounts are handed out in 64 bits, not 128
		// A checkpoint would merge the row groups that files end with into their
		// neighbours and write nearly all facts again.
		"SET max_vacuum_tasks=0",
	}
	// Files smaller than a row group stay in memory until a checkpoint: one for
	// each 16 MB, the default, is many.
	threshold := int64(512 << 20)
	if opt.Memory > 0 {
		threshold = min(threshold, opt.Memory/4)
	}
	d.threshold = threshold
	settings = append(settings, fmt.Sprintf("SET checkpoint_threshold='%dB'", threshold))
	if opt.Threads > 0 {
		settings = append(settings, fmt.Sprintf("SET threads=%d", opt.Threads))
	}
	if opt.Memory > 0 {
		settings = append(settings, fmt.Sprintf("SET memory_limit='%dB'", opt.Memory))
	}
	settings = append(settings, "SET temp_directory="+Literal(opt.TempDir))
	for _, s := range settings {
		if err := d.Exec(ctx, s); err != nil {
			return err
		}
	}
	if err := d.open(ctx, path, opt.ReadOnly); err != nil {
		return err
	}
	return d.confine(ctx, opt)
}

// open attaches the store at path, if any.
func (d *DB) open(ctx context.Context, path string, readOnly bool) error {
	switch {
	case path == "":
		return nil
	case readOnly:
		return d.use(ctx, path, " (READ_ONLY)")
	}
	return d.attach(ctx, path)
}

// attach makes a store that is written the default catalog. It is a private copy,
// whole only once it is sealed: a write-ahead log would be written for nobody.
func (d *DB) attach(ctx context.Context, path string) error {
	return d.use(ctx, path, " (RECOVERY_MODE no_wal_writes, STORAGE_VERSION 'v1.5.0')")
}

func (d *DB) use(ctx context.Context, path, mode string) error {
	if err := d.Exec(ctx, "ATTACH "+Literal(path)+" AS "+Catalog+mode); err != nil {
		return err
	}
	d.attached = true
	return d.Exec(ctx, "USE "+Catalog)
}

// Literal quotes a text as an SQL literal, for the few statements that take no
// parameters (ATTACH, SET, COPY).
func Literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Identifier quotes a name.
func Identifier(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// Exec runs statements that return no rows.
func (d *DB) Exec(ctx context.Context, query string, args ...any) error {
	_, err := d.sqlConn.ExecContext(ctx, query, args...)
	return clean(err)
}

// Affected runs one statement and returns how many rows it changed.
func (d *DB) Affected(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := d.sqlConn.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, clean(err)
	}
	return r.RowsAffected()
}

// Row scans the one row of a query into dest; sql.ErrNoRows when there is none.
func (d *DB) Row(ctx context.Context, dest []any, query string, args ...any) error {
	return clean(d.sqlConn.QueryRowContext(ctx, query, args...).Scan(dest...))
}

// Statements runs the statements of a query file one by one with the named
// parameters given, of which each statement takes those it mentions.
func (d *DB) Statements(ctx context.Context, script string, args ...sql.NamedArg) error {
	for _, statement := range Split(script) {
		if _, err := d.sqlConn.ExecContext(ctx, statement, mentioned(statement, args)...); err != nil {
			return fmt.Errorf("%w in: %s", clean(err), firstLine(statement))
		}
	}
	return nil
}

// Load makes a temporary table of chunks: SELECT selection FROM their columns. See
// Stream.
func (d *DB) Load(ctx context.Context, name, selection string, fields []table.Field, next func() (*table.Table, error)) error {
	return d.Stream(ctx, name+"_incoming", fields, next, func() error {
		return d.Exec(ctx, "CREATE OR REPLACE TEMP TABLE "+Identifier(name)+" AS SELECT "+selection+" FROM "+Identifier(name+"_incoming"))
	})
}

// LoadTable makes a temporary table of the columns of t.
func (d *DB) LoadTable(ctx context.Context, name string, t *table.Table) error {
	fields := make([]table.Field, len(t.Columns()))
	for i, c := range t.Columns() {
		fields[i] = c.Field
	}
	tables := []*table.Table{t}
	return d.Load(ctx, name, "*", fields, Each(tables))
}

// Each hands out tables one by one, leaving out empty ones.
func Each(tables []*table.Table) func() (*table.Table, error) {
	return func() (*table.Table, error) {
		for len(tables) > 0 {
			t := tables[0]
			tables = tables[1:]
			if t != nil && t.Rows() > 0 {
				return t, nil
			}
		}
		return nil, io.EOF
	}
}

// Split cuts a script at the semicolons that end lines outside of comments,
// which is how the query files are written.
func Split(script string) []string {
	var statements []string
	var current strings.Builder
	for line := range strings.Lines(script) {
		code := line
		if i := strings.Index(code, "--"); i >= 0 {
			code = code[:i] + "\n"
		}
		current.WriteString(code)
		if strings.HasSuffix(strings.TrimSpace(code), ";") {
			if s := strings.TrimSpace(current.String()); s != ";" {
				statements = append(statements, strings.TrimSuffix(s, ";"))
			}
			current.Reset()
		}
	}
	if s := strings.TrimSpace(current.String()); s != "" {
		statements = append(statements, s)
	}
	return statements
}

func mentioned(statement string, args []sql.NamedArg) []any {
	var used []any
	for _, a := range args {
		if mentions(statement, a.Name) {
			used = append(used, a)
		}
	}
	return used
}

func mentions(statement, name string) bool {
	for rest := statement; ; {
		i := strings.Index(rest, "$"+name)
		if i < 0 {
			return false
		}
		rest = rest[i+1+len(name):]
		if rest == "" || !isWord(rest[0]) {
			return true
		}
	}
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// unique is name, or name_2 and so on when a result has it already: SELECT a.x, b.x.
func unique(taken map[string]bool, name string) string {
	fresh := name
	for n := 2; taken[fresh]; n++ {
		fresh = fmt.Sprintf("%s_%d", name, n)
	}
	taken[fresh] = true
	return fresh
}

// HoldCheckpoints puts checkpoints off until FreeCheckpoints: one by itself may drop
// emptied row groups and so give the rows after them other rowids.
func (d *DB) HoldCheckpoints(ctx context.Context) error {
	return d.Exec(ctx, "SET checkpoint_threshold='1TB'")
}

// FreeCheckpoints ends HoldCheckpoints.
func (d *DB) FreeCheckpoints(ctx context.Context) error {
	return d.Exec(ctx, fmt.Sprintf("SET checkpoint_threshold='%dB'", d.threshold))
}

// Vacuum lets the next checkpoint write anew what rows that were deleted have
// left behind, which takes longer.
func (d *DB) Vacuum(ctx context.Context) error { return d.Exec(ctx, "RESET max_vacuum_tasks") }

// LimitMemory changes Options.Memory. Where DuckDB holds more than that and cannot let
// go of it, the limit stays as it was.
func (d *DB) LimitMemory(ctx context.Context, bytes int64) error {
	err := d.Exec(ctx, fmt.Sprintf("SET memory_limit='%dB'", bytes))
	var e *duckdb.Error
	if errors.As(err, &e) && e.Type == duckdb.ErrorTypeOutOfMemory {
		return nil
	}
	return err
}

// Seal checkpoints the attached store and detaches it, so that the file is
// whole and has no .wal; the connection stays open without a store.
func (d *DB) Seal(ctx context.Context) error {
	for _, s := range []string{"CHECKPOINT " + Catalog, "USE memory", "DETACH " + Catalog} {
		if err := d.Exec(ctx, s); err != nil {
			return err
		}
	}
	d.attached = false
	return nil
}

// Close ends the connection and the instance.
func (d *DB) Close() error {
	var errs []error
	if d.sqlConn != nil {
		errs = append(errs, d.sqlConn.Close())
	}
	errs = append(errs, d.db.Close(), d.connector.Close())
	return errors.Join(errs...)
}

// clean takes DuckDB's prefix off an error that people read.
func clean(err error) error {
	var e *duckdb.Error
	if errors.As(err, &e) {
		return e
	}
	return err
}
