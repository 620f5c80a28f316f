package ingest

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clientele/engine/table"
)

// memory is a reader of rows that stand in the test, cut into pieces of size
// rows. A row of another length than the header is bad.
type memory struct {
	header []string
	rows   [][]string
	size   int
	at     int
}

func (m *memory) Header() []string { return m.header }
func (m *memory) Close() error     { return nil }

func (m *memory) Next() (Piece, error) {
	if m.at >= len(m.rows) {
		return nil, io.EOF
	}
	p := memoryPiece{memory: m, from: m.at, to: min(m.at+m.size, len(m.rows))}
	m.at = p.to
	return p, nil
}

type memoryPiece struct {
	*memory
	from, to int
}

func (p memoryPiece) Parse() (*Block, error) {
	b := &Block{Columns: len(p.header)}
	var good [][]string
	for i, row := range p.rows[p.from:p.to] {
		line := int64(p.from + i + 2)
		if len(row) != len(p.header) {
			b.Bad = append(b.Bad, Reject{Line: line, Reason: "wrong number of cells", Raw: strings.Join(row, ",")})
			continue
		}
		good = append(good, row)
		b.Lines = append(b.Lines, line)
		for _, v := range row {
			if v == null {
				b.Start, b.End = append(b.Start, 1), append(b.End, 0)
				continue
			}
			b.Start = append(b.Start, uint32(len(b.Data)))
			b.Data = append(b.Data, v...)
			b.End = append(b.End, uint32(len(b.Data)))
		}
	}
	b.Raw = func(r int) string { return strings.Join(good[r], ",") }
	// Whoever uses a block after its release sees rubbish.
	b.Release = func() {
		for i := range b.Data {
			b.Data[i] = 0xff
		}
	}
	return b, nil
}

// null is an absent cell, as opposed to an empty one.
const null = "\x00null"

// sheet writes a file with some bytes in it and returns an opener that reads
// the rows given instead: header first, cells separated by |.
func sheet(t testing.TB, size int, lines ...string) (path string, open OpenFunc) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(strings.Join(lines, "\n"), null, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, l := range lines {
		rows = append(rows, strings.Split(l, "|"))
	}
	return path, func(string, Options) (Reader, Detected, error) {
		return &memory{header: rows[0], rows: rows[1:], size: size}, Detected{Format: "csv"}, nil
	}
}

// now is the moment of loading in these tests.
func now() time.Time { return time.Date(2025, 6, 30, 12, 0, 0, 0, time.UTC) }

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func options(kind string) Options {
	return Options{Kind: kind, Now: now(), Key: []byte("key"), Workers: 2}
}

// loaded is everything that a file gave.
type loaded struct {
	file    *File
	rows    []map[string]string // values as text; missing values left out
	rejects []Reject
	read    int
}

func load(t testing.TB, opt Options, size int, lines ...string) loaded {
	t.Helper()
	path, open := sheet(t, size, lines...)
	f, err := Open(context.Background(), path, opt, open)
	if err != nil {
		t.Fatal(err)
	}
	return loadFile(t, f)
}

func loadFile(t testing.TB, f *File) loaded {
	t.Helper()
	all := loaded{file: f}
	err := f.Load(context.Background(), func(c *Chunk) error {
		if c.Table.Rows()+len(c.Rejects) != c.Read {
			t.Errorf("%d rows and %d rejects of %d read", c.Table.Rows(), len(c.Rejects), c.Read)
		}
		for i, f := range f.Fields() {
			if got := c.Table.Columns()[i].Field; got.Name != f.Name || got.Kind != f.Kind {
				t.Errorf("column %d is %s %v, the file said %s %v", i, got.Name, got.Kind, f.Name, f.Kind)
			}
		}
		for r := range c.Table.Rows() {
			all.rows = append(all.rows, texts(c.Table, r))
		}
		all.rejects = append(all.rejects, c.Rejects...)
		all.read += c.Read
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// texts renders a row.
func texts(t *table.Table, r int) map[string]string {
	out := map[string]string{}
	for _, c := range t.Columns() {
		if c.Missing(r) {
			continue
		}
		switch c.Kind {
		case table.Float:
			out[c.Name] = fmt.Sprint(c.Floats[r])
		case table.Int:
			out[c.Name] = fmt.Sprint(c.Ints[r])
		case table.Decimal:
			out[c.Name] = renderMoney(c.Ints[r])
		case table.Timestamp:
			out[c.Name] = time.UnixMicro(c.Ints[r]).UTC().Format("2006-01-02T15:04:05.999999Z")
		case table.Date:
			out[c.Name] = renderDay(c.Dates[r])
		case table.Text:
			out[c.Name] = string(c.Texts.At(r))
		case table.Bool:
			out[c.Name] = fmt.Sprint(c.Bools[r])
		case table.Category:
			out[c.Name] = c.Labels[c.Codes[r]]
		}
	}
	return out
}

// renderMoney writes units of 1/10,000 with four decimals, without using the
// code under test.
func renderMoney(units int64) string {
	sign := ""
	if units < 0 {
		sign, units = "-", -units
	}
	return fmt.Sprintf("%s%d.%04d", sign, units/10_000, units%10_000)
}

func renderDay(day int32) string {
	return time.Unix(int64(day)*86400, 0).UTC().Format("2006-01-02")
}
