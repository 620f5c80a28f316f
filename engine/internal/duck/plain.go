//go:build !duckdb_arrow

package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"clientele/engine/table"
)

// Without the build tag duckdb_arrow columns go in and out row by row: the
// same answers, several times slower, so that a plain go test works.

// Query returns the rows of a query as columns; see the Arrow form.
func (d *DB) Query(ctx context.Context, query string, args ...any) (all *table.Table, err error) {
	err = d.parts(ctx, query, math.MaxInt, func(t *table.Table) error {
		all = t
		return nil
	}, args)
	return all, err
}

// Chunks calls f with the rows of a query in parts; see the Arrow form.
func (d *DB) Chunks(ctx context.Context, query string, f func(*table.Table) error, args ...any) error {
	return d.parts(ctx, query, 2048, func(t *table.Table) error {
		if t.Rows() == 0 {
			return nil
		}
		return f(t)
	}, args)
}

// parts calls f with the rows of a query, so many at a time; at the end with those that
// are left, which may be none.
func (d *DB) parts(ctx context.Context, query string, most int, f func(*table.Table) error, args []any) error {
	rows, err := d.sqlConn.QueryContext(ctx, query, args...)
	if err != nil {
		return clean(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	dest := make([]any, len(types))
	for i := range dest {
		dest[i] = new(any)
	}
	columns := columnsOf(types)
	for n := 0; rows.Next(); n++ {
		if n == most {
			if err := f(table.New(columns...)); err != nil {
				return err
			}
			columns, n = columnsOf(types), 0
		}
		if err := rows.Scan(dest...); err != nil {
			return clean(err)
		}
		for i, c := range columns {
			if err := appendValue(c, *dest[i].(*any)); err != nil {
				return fmt.Errorf("column %s: %w", c.Name, err)
			}
		}
	}
	if err := rows.Err(); err != nil {
		return clean(err)
	}
	return f(table.New(columns...))
}

// columnsOf are empty columns of the types of a query.
func columnsOf(types []*sql.ColumnType) []*table.Column {
	columns := make([]*table.Column, len(types))
	taken := map[string]bool{}
	for i, t := range types {
		kind := kindOf(t)
		columns[i] = &table.Column{Field: table.Field{Name: unique(taken, t.Name()), Kind: kind}}
		if kind == table.Text {
			columns[i].Texts.Offsets = []int32{0}
		}
	}
	return columns
}

func kindOf(t *sql.ColumnType) table.Kind {
	name := t.DatabaseTypeName()
	switch {
	case strings.HasPrefix(name, "DECIMAL"):
		var width, scale int
		if _, err := fmt.Sscanf(name, "DECIMAL(%d,%d)", &width, &scale); err != nil || scale > 4 {
			return table.Text // every digit is kept
		}
		if scale == 0 {
			return table.Int
		}
		return table.Decimal
	case strings.HasSuffix(name, "INT"), strings.HasSuffix(name, "INTEGER"):
		return table.Int
	case name == "TIMESTAMPTZ" || name == "TIMESTAMP WITH TIME ZONE":
		return table.Timestamp
	}
	switch name {
	case "DOUBLE", "FLOAT":
		return table.Float
	case "DATE":
		return table.Date
	case "BOOLEAN":
		return table.Bool
	}
	return table.Text
}

func appendValue(c *table.Column, v any) error {
	if c.Null != nil || v == nil && c.Kind != table.Float {
		if c.Null == nil {
			c.Null = make([]bool, c.Len())
		}
		c.Null = append(c.Null, v == nil)
	}
	switch c.Kind {
	case table.Float:
		switch v := v.(type) {
		case nil:
			c.Floats = append(c.Floats, math.NaN())
		case float64:
			c.Floats = append(c.Floats, v)
		case float32:
			c.Floats = append(c.Floats, float64(v))
		}
	case table.Int:
		n, err := integer(v)
		if err != nil {
			return err
		}
		c.Ints = append(c.Ints, n)
	case table.Decimal:
		if v == nil {
			c.Ints = append(c.Ints, 0)
			break
		}
		m := v.(duckdb.Decimal)
		scaled := new(big.Int).Mul(m.Value, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(4-m.Scale)), nil))
		if !scaled.IsInt64() {
			return fmt.Errorf("%v is too large for DECIMAL(18,4)", v)
		}
		c.Ints = append(c.Ints, scaled.Int64())
	case table.Timestamp:
		t, _ := v.(time.Time)
		if v == nil {
			t = time.Unix(0, 0)
		}
		c.Ints = append(c.Ints, t.UnixMicro())
	case table.Date:
		t, _ := v.(time.Time)
		if v == nil {
			t = time.Unix(0, 0)
		}
		c.Dates = append(c.Dates, int32(math.Floor(float64(t.Unix())/86_400)))
	case table.Text:
		switch v := v.(type) {
		case nil:
			c.Texts.AppendString("")
		case string:
			c.Texts.AppendString(v)
		case time.Time: // a timestamp without a zone
			c.Texts.AppendString(v.Format("2006-01-02 15:04:05.999999"))
		default:
			c.Texts.AppendString(fmt.Sprint(v))
		}
	case table.Bool:
		b, _ := v.(bool)
		c.Bools = append(c.Bools, b)
	}
	return nil
}

func integer(v any) (int64, error) {
	switch v := v.(type) {
	case nil:
		return 0, nil
	case int64:
		return v, nil
	case int32:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case int8:
		return int64(v), nil
	case uint64:
		return int64(v), nil
	case uint32:
		return int64(v), nil
	case uint16:
		return int64(v), nil
	case uint8:
		return int64(v), nil
	case *big.Int:
		return int64Of(v)
	case duckdb.Decimal:
		return int64Of(v.Value)
	}
	return 0, fmt.Errorf("%T is no integer", v)
}

func int64Of(v *big.Int) (int64, error) {
	if !v.IsInt64() {
		return 0, fmt.Errorf("%v is too large for a 64-bit integer: cast the column to DOUBLE or VARCHAR", v)
	}
	return v.Int64(), nil
}

// Stream makes chunks a temporary view of that name for the length of fn. next
// returns io.EOF at the end; all chunks have the columns of fields, in that order.
func (d *DB) Stream(ctx context.Context, name string, fields []table.Field, next func() (*table.Table, error), fn func() error) error {
	columns := make([]string, len(fields))
	for i, f := range fields {
		columns[i] = Identifier(f.Name) + " " + sqlType(f.Kind)
	}
	if err := d.Exec(ctx, "CREATE OR REPLACE TEMP TABLE incoming ("+strings.Join(columns, ", ")+")"); err != nil {
		return err
	}
	appender, err := duckdb.NewAppender(d.conn, "temp", "main", "incoming")
	if err != nil {
		return err
	}
	for {
		t, err := next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = appendRows(appender, t)
		}
		if err != nil {
			appender.Close()
			return err
		}
	}
	if err := appender.Close(); err != nil {
		return err
	}
	err = d.Exec(ctx, "CREATE OR REPLACE TEMP VIEW "+Identifier(name)+" AS SELECT * FROM temp.incoming")
	if err == nil {
		err = fn()
	}
	return errors.Join(err, d.Exec(context.WithoutCancel(ctx), "DROP VIEW IF EXISTS temp."+Identifier(name)), d.Exec(context.WithoutCancel(ctx), "DROP TABLE temp.incoming"))
}

func sqlType(k table.Kind) string {
	switch k {
	case table.Float:
		return "DOUBLE"
	case table.Int:
		return "BIGINT"
	case table.Decimal:
		return "DECIMAL(18,4)"
	case table.Timestamp:
		return "TIMESTAMPTZ"
	case table.Date:
		return "DATE"
	case table.Bool:
		return "BOOLEAN"
	case table.Text, table.Category:
		return "VARCHAR"
	}
	panic("duck: unknown kind " + k.String())
}

func appendRows(appender *duckdb.Appender, t *table.Table) error {
	row := make([]driver.Value, len(t.Columns()))
	for i := range t.Rows() {
		for j, c := range t.Columns() {
			row[j] = valueOf(c, i)
		}
		if err := appender.AppendRow(row...); err != nil {
			return err
		}
	}
	return nil
}

func valueOf(c *table.Column, i int) driver.Value {
	if c.Missing(i) {
		return nil
	}
	switch c.Kind {
	case table.Float:
		return c.Floats[i]
	case table.Int:
		return c.Ints[i]
	case table.Decimal:
		return duckdb.Decimal{Width: 18, Scale: 4, Value: big.NewInt(c.Ints[i])}
	case table.Timestamp:
		return time.UnixMicro(c.Ints[i]).UTC()
	case table.Date:
		return time.Unix(int64(c.Dates[i])*86_400, 0).UTC()
	case table.Bool:
		return c.Bools[i]
	case table.Text:
		return string(c.Texts.At(i))
	}
	return c.Labels[c.Codes[i]]
}
