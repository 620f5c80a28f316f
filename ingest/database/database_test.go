package database

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"clientele/ingest"
)

const absent = "\x00absent"

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

func TestTry(t *testing.T) {
	doPostgres(t, "CREATE TABLE try (id int, at timestamptz, n numeric, x text)", "INSERT INTO try VALUES (1, '2024-01-31 09:30+08', 1.50, '客户'), (2, null, 'NaN', '')", "GRANT SELECT ON try TO shop")
	s := postgresSettings(t, "try")
	s.Watermark = "at"
	t.Logf("%+v", read(t, s))
	doMySQL(t, "CREATE TABLE try (id int, at timestamp(6) null, n decimal(10,2), x text, f float)", "INSERT INTO try VALUES (1, '2024-01-31 09:30:00.25', 1.50, '客户', 1.1), (2, '0000-00-00', 7, '', null)")
	s = mysqlSettings(t, "try")
	s.Watermark = "at"
	t.Logf("%+v", read(t, s))
	_ = slices.Max([]int{1})
	_ = context.Background()
}
