package database

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// postgres is an open result of PostgreSQL. Most types come as the server writes
// them, which is exact and knows every type; instants and bytes in
// binary, which no setting of the session can change.
type postgres struct {
	at      address
	from    selection
	conn    *pgconn.PgConn
	result  *pgconn.ResultReader
	cancel  context.CancelFunc
	cols    []column
	writers []func(dst, value []byte) ([]byte, bool) // nil: the bytes as they are
	said    []string
}

const binaryFormat = 1

func openPostgres(ctx context.Context, at address, s Settings, from selection) (_ rows, err error) {
	p := &postgres{at: at, from: from}
	ctx, p.cancel = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	config, err := postgresConfig(at, s.Password)
	if err != nil {
		return nil, err
	}
	if p.conn, err = pgconn.ConnectConfig(ctx, config); err != nil {
		return nil, p.explain(err)
	}
	if err := p.begin(ctx, s.Zone); err != nil {
		return nil, p.explain(err)
	}
	formats, err := p.describe(ctx)
	if err != nil {
		return nil, p.opening(ctx, err)
	}
	sql, values := from.all(), [][]byte(nil)
	if s.Watermark != "" && s.After != "" {
		i, err := find(p.cols, s.Watermark)
		if err != nil {
			return nil, err
		}
		after, err := bound(p.cols[i], s.After, s.Zone)
		if err != nil {
			return nil, err
		}
		sql, values = from.since(p.cols[i].name, "$1"), [][]byte{[]byte(after)}
	}
	p.result = p.conn.ExecParams(ctx, sql, values, nil, nil, formats)
	return p, nil
}

// postgresConfig says everything that the driver would else look up in the
// environment or in files of the user's folder.
func postgresConfig(at address, password string) (*pgconn.Config, error) {
	values := url.Values{}
	for key, value := range map[string]string{
		"host": at.host, "port": strconv.Itoa(at.port), "user": at.user, "dbname": at.database,
		"passfile": "", "sslmode": "prefer", "sslrootcert": "", "sslcert": "", "sslkey": "", "sslnegotiation": "postgres",
		"connect_timeout": "0", "target_session_attrs": "any", "channel_binding": "prefer", "require_auth": "",
		"min_protocol_version": "3.0", "max_protocol_version": "3.0",
	} {
		values.Set(key, value)
	}
	for key, value := range at.options {
		if key != "host" && key != "connect_timeout" {
			values.Set(key, value)
		}
	}
	if mode := values.Get("sslmode"); !slices.Contains([]string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}, mode) {
		return nil, fmt.Errorf("sslmode %q in connect is none of disable, allow, prefer, require, verify-ca, verify-full", mode)
	}
	config, err := pgconn.ParseConfig("postgres:///?" + values.Encode())
	if err != nil {
		if inner := errors.Unwrap(err); inner != nil { // without the text of the settings
			err = inner
		}
		return nil, fmt.Errorf("the settings in connect cannot be used: %w", err)
	}
	config.Password = password
	config.RuntimeParams = map[string]string{"application_name": "clientele", "client_encoding": "UTF8"}
	config.ConnectTimeout = at.timeout
	config.DialFunc = (&net.Dialer{Timeout: at.timeout, KeepAlive: time.Minute}).DialContext
	config.MaxProtocolMessageBodyLen = rowLimit + 1<<20
	return config, nil
}

// begin starts the transaction in which everything is read.
func (p *postgres) begin(ctx context.Context, zone *time.Location) error {
	_, err := p.conn.Exec(ctx, `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
		SET LOCAL datestyle = 'ISO, YMD';
		SET LOCAL intervalstyle = 'postgres';
		SET LOCAL extra_float_digits = 3;
		SET LOCAL timezone = 'UTC';
		SAVEPOINT zone`).ReadAll()
	if err != nil || zone == nil || zone == time.UTC {
		return err
	}
	set := p.conn.ExecParams(ctx, "SELECT set_config('timezone', $1, true)", [][]byte{[]byte(zone.String())}, nil, nil, nil).Read()
	if set.Err == nil {
		return nil
	}
	p.said = append(p.said, fmt.Sprintf("the server does not know the time zone %s: functions in a query work in UTC", zone))
	_, err = p.conn.Exec(ctx, "ROLLBACK TO SAVEPOINT zone").ReadAll()
	return err
}

// describe asks for the columns of the result and returns the format for each.
func (p *postgres) describe(ctx context.Context) ([]int16, error) {
	statement, err := p.conn.Prepare(ctx, "", p.from.all(), nil)
	if err != nil {
		return nil, err
	}
	if len(statement.ParamOIDs) > 0 {
		return nil, say("the query has a place for a value, such as $1, and none is given")
	}
	if len(statement.Fields) == 0 {
		return nil, say("%s has no columns", p.from.what())
	}
	fields := slices.Clone(statement.Fields)
	types, err := p.types(ctx, fields)
	if err != nil {
		return nil, err
	}
	formats := make([]int16, len(fields))
	for i, f := range fields {
		t := types[f.DataTypeOID]
		c := column{name: f.Name, typ: t.name, class: t.class()}
		write := t.writer()
		if t.binary() {
			formats[i] = binaryFormat
		}
		p.cols, p.writers = append(p.cols, c), append(p.writers, write)
	}
	return formats, nil
}

// pgType is a type of PostgreSQL by its name and category, and for an array
// those of its elements.
type pgType struct{ name, category, element, elements string }

func (p *postgres) types(ctx context.Context, fields []pgconn.FieldDescription) (map[uint32]pgType, error) {
	oids := map[uint32]bool{}
	for _, f := range fields {
		oids[f.DataTypeOID] = true
	}
	var list []string
	for _, oid := range slices.Sorted(maps.Keys(oids)) {
		list = append(list, strconv.FormatUint(uint64(oid), 10))
	}
	const sql = `SELECT t.oid, t.typname, t.typcategory, coalesce(e.typname, ''), coalesce(e.typcategory, '')
		FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
		WHERE t.oid = ANY ($1::oid[])`
	found := p.conn.ExecParams(ctx, sql, [][]byte{[]byte("{" + strings.Join(list, ",") + "}")}, nil, nil, nil).Read()
	types := map[uint32]pgType{}
	for _, r := range found.Rows {
		oid, err := strconv.ParseUint(string(r[0]), 10, 32)
		if err != nil {
			return nil, err
		}
		types[uint32(oid)] = pgType{string(r[1]), string(r[2]), string(r[3]), string(r[4])}
	}
	return types, found.Err
}

func (t pgType) class() class {
	switch t.name {
	case "timestamptz":
		return classInstant
	case "timestamp":
		return classLocal
	case "date":
		return classDate
	case "bytea":
		return classBytes
	case "int2", "int4", "int8", "oid", "numeric", "float4", "float8":
		return classNumber
	case "uuid":
		return classText
	}
	if t.category == "S" {
		return classText
	}
	return classOther
}

// binary says that values are asked for in the binary format.
func (t pgType) binary() bool { return t.name == "timestamptz" || t.name == "bytea" }

func (t pgType) writer() func(dst, value []byte) ([]byte, bool) {
	switch t.name {
	case "bool":
		return writePgBool
	case "timestamptz":
		return writePgInstant
	case "bytea":
		return writeHex
	case "float4":
		return func(dst, value []byte) ([]byte, bool) { return writePgFloat(dst, value, 32) }
	case "float8":
		return func(dst, value []byte) ([]byte, bool) { return writePgFloat(dst, value, 64) }
	}
	if t.category == "A" && t.name != "int2vector" && t.name != "oidvector" {
		return func(dst, value []byte) ([]byte, bool) { return writeArray(dst, value, t.element, t.elements) }
	}
	return nil
}

func writePgBool(dst, value []byte) ([]byte, bool) {
	return strconv.AppendBool(dst, string(value) == "t"), true
}

func writeHex(dst, value []byte) ([]byte, bool) { return hex.AppendEncode(dst, value), true }

// writePgFloat spells out what the server writes with an exponent.
func writePgFloat(dst, value []byte, bits int) ([]byte, bool) {
	if slices.Contains(value, 'e') {
		if x, err := strconv.ParseFloat(string(value), bits); err == nil {
			return appendFloat(dst, x, bits), true
		}
	}
	return append(dst, value...), true
}

// appendFloat writes the fewest digits that give x back, with an exponent only
// where there would be more than 21 digits.
func appendFloat(dst []byte, x float64, bits int) []byte {
	form := byte('f')
	if a := math.Abs(x); a >= 1e21 || a != 0 && a < 1e-9 {
		form = 'g'
	}
	return strconv.AppendFloat(dst, x, form, -1, bits)
}

// pgEpoch is 2000-01-01 in microseconds since 1970-01-01.
const pgEpoch = 946_684_800_000_000

// writePgInstant writes microseconds since 2000-01-01 UTC.
func writePgInstant(dst, value []byte) ([]byte, bool) {
	if len(value) != 8 {
		return append(dst, "not a timestamp"...), true
	}
	switch micros := int64(binary.BigEndian.Uint64(value)); micros {
	case math.MaxInt64:
		return append(dst, "infinity"...), true
	case math.MinInt64:
		return append(dst, "-infinity"...), true
	default:
		return appendInstant(dst, micros+pgEpoch), true
	}
}

// appendInstant writes microseconds since 1970-01-01 as 2024-01-31T09:30:00.123456Z.
func appendInstant(dst []byte, micros int64) []byte {
	t := time.UnixMicro(micros).UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(dst, "2006-01-02T15:04:05.999999Z")
	}
	hour, minute, second := t.Clock()
	dst = append(dst, byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-')
	dst = append(appendTwo(dst, int(month)), '-')
	dst = append(appendTwo(dst, day), 'T')
	dst = append(appendTwo(dst, hour), ':')
	dst = append(appendTwo(dst, minute), ':')
	dst = appendTwo(dst, second)
	if rest := t.Nanosecond() / 1000; rest > 0 {
		dst = append(dst, '.')
		for unit := 100_000; unit > 0; unit /= 10 {
			dst = append(dst, byte('0'+rest/unit%10))
		}
	}
	return append(dst, 'Z')
}

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

func (p *postgres) columns() []column { return p.cols }
func (p *postgres) notes() []string   { return p.said }

func (p *postgres) next(c *cells) error {
	if !p.result.NextRow() {
		if _, err := p.result.Close(); err != nil {
			return err
		}
		return io.EOF
	}
	for i, value := range p.result.Values() {
		switch write := p.writers[i]; {
		case value == nil:
			c.absent()
		case write == nil:
			c.copy(value)
		default:
			c.write(write, value)
		}
	}
	return nil
}

// close ends the connection; rows still to come are cancelled at the server.
func (p *postgres) close() error {
	if p.cancel == nil {
		return nil
	}
	defer func() { p.cancel = nil }()
	if p.conn == nil {
		p.cancel()
		return nil
	}
	if p.conn.IsBusy() && p.result != nil {
		p.cancel() // wakes the driver, which asks the server to stop
		p.result.Close()
	}
	if !p.conn.IsClosed() {
		ctx, done := context.WithTimeout(context.Background(), time.Second)
		defer done()
		p.conn.Close(ctx)
	}
	p.cancel()
	select {
	case <-p.conn.CleanupDone():
	case <-time.After(2 * time.Second):
	}
	return nil
}

// opening explains an error of the first look at the table.
func (p *postgres) opening(ctx context.Context, err error) error {
	var said *pgconn.PgError
	if !errors.As(err, &said) || said.Code != "42P01" && said.Code != "3F000" || p.from.query != "" {
		return p.explain(err)
	}
	if _, e := p.conn.Exec(ctx, "ROLLBACK").ReadAll(); e != nil {
		return p.explain(err)
	}
	const tables = `SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
		LIMIT 10000`
	found := p.conn.ExecParams(ctx, tables, nil, nil, nil, nil).Read()
	var names []string
	for _, r := range found.Rows {
		names = append(names, string(r[0]))
	}
	return p.from.missing(names, err)
}

func (p *postgres) explain(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return p.server(said, err)
	}
	return lost(err, p.at, p.result != nil)
}

// server explains what the server said.
func (p *postgres) server(said *pgconn.PgError, err error) error {
	text := said.Message
	switch said.Code {
	case "28P01", "28000":
		return because(err, "the server refuses user %s: %s; see password_env or password_file, and the server's pg_hba.conf", p.at.user, text)
	case "3D000":
		return because(err, "%s: see the database in connect", text)
	case "42501":
		return because(err, "user %s may not read this: %s; ask for GRANT SELECT", p.at.user, text)
	case "25006":
		return because(err, "only reading is allowed: %s; give one SELECT that changes nothing", text)
	case "53300":
		return because(err, "the server has no connection left (%s): try again later", text)
	case "57014":
		return because(err, "the server stopped the query: %s; see its statement_timeout", text)
	case "57P01", "57P02", "57P03":
		return because(err, "the server ended the connection (%s): nothing was stored, run it again", text)
	case "40001":
		return because(err, "the server could not keep its rows of one moment (%s): run it again, or read from the primary server", text)
	}
	if said.Position > 0 && p.from.query != "" {
		return because(err, "%s (character %d of the query)", text, said.Position)
	}
	return because(err, "%s", text)
}

// explained is an error in words of our own that keeps its cause for errors.Is.
type explained struct {
	text  string
	cause error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.cause }

// say is an error in words of our own.
func say(format string, values ...any) error { return because(nil, format, values...) }

func because(cause error, format string, values ...any) error {
	return &explained{fmt.Sprintf(format, values...), cause}
}

// lost explains an error of the connection, which was used before or is being made.
func lost(err error, at address, used bool) error {
	var network *net.OpError
	var name *net.DNSError
	var large *pgproto3.ExceededMaxBodyLenErr
	var ours *explained
	switch {
	case errors.Is(err, context.Canceled), errors.As(err, &ours):
		return err
	case errors.As(err, &large):
		return because(err, "a row has more than %d MB", rowLimit>>20)
	case errors.As(err, &name):
		return because(err, "there is no host %s: see connect", at.host)
	case used:
		return because(err, "the connection was lost (%s): nothing was stored, run it again", short(err))
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return because(err, "%s does not answer: see host and port in connect, or allow more with connect_timeout", at.hostPort())
	case errors.As(err, &network):
		return because(err, "cannot reach %s (%s): see whether the server runs there, and host and port in connect", at.hostPort(), short(network.Err))
	}
	return because(err, "cannot connect to %s: %s", at.hostPort(), short(err))
}

// short is the innermost text of an error, without addresses and users.
func short(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
