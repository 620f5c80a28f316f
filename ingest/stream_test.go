package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const streamName = "postgres://host/db/orders"

// once opens a reader over rows, and fails the test when it is opened again.
func once(t *testing.T, size int, lines ...string) func() (Reader, Detected, error) {
	t.Helper()
	_, open := sheet(t, size, lines...)
	opened := false
	return func() (Reader, Detected, error) {
		if opened {
			t.Error("opened a second time")
		}
		opened = true
		return open("", Options{})
	}
}

func openStreamed(t *testing.T, opt Options, size int, lines ...string) *File {
	t.Helper()
	f, err := OpenStream(context.Background(), streamName, opt, once(t, size, lines...))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A stream gives what a file of the same rows gives, however it is cut.
func TestStreamIsAFile(t *testing.T) {
	lines := []string{"order_id|customer_id|date|amount"}
	for i := range 100 {
		lines = append(lines, fmt.Sprintf("%d|%d|%02d/%02d/2024|%d,50", i, i%7, i%28+1, i%12+1, i))
	}
	want := load(t, options("orders"), 10, lines...)
	hash := ""
	for _, size := range []int{1, 3, 30, 1000} {
		f := openStreamed(t, options("orders"), size, lines...)
		if f.Hash != "" {
			t.Errorf("a hash before any row was loaded: %s", f.Hash)
		}
		got := loadFile(t, f)
		if !reflect.DeepEqual(got.rows, want.rows) || !reflect.DeepEqual(got.rejects, want.rejects) {
			t.Errorf("pieces of %d rows: %d rows and %d rejects differ from those of the file", size, len(got.rows), len(got.rejects))
		}
		if hash == "" {
			hash = f.Hash
		}
		if len(f.Hash) != 64 || f.Hash != hash {
			t.Errorf("pieces of %d rows: hash %q, of others %q", size, f.Hash, hash)
		}
	}
}

func TestStreamHash(t *testing.T) {
	base := []string{"order_id|customer_id|date|note", "1|7|2024-01-31|x", "2|7|2024-01-31|"}
	hash := func(lines ...string) string {
		f := openStreamed(t, options("orders"), 10, lines...)
		loadFile(t, f)
		return f.Hash
	}
	want := hash(base...)
	if again := hash(base...); again != want {
		t.Errorf("the same rows have two hashes: %s and %s", want, again)
	}
	for _, c := range []struct {
		name  string
		lines []string
	}{
		{"another value", []string{base[0], base[1], "3|7|2024-01-31|"}},
		{"another order", []string{base[0], base[2], base[1]}},
		{"a row less", base[:2]},
		{"absent for empty", []string{base[0], base[1], "2|7|2024-01-31|" + null}},
		{"a character in the next cell", []string{base[0], base[1], "27||2024-01-31|"}},
		{"another header", []string{"order_id|customer_id|date|text", base[1], base[2]}},
	} {
		if got := hash(c.lines...); got == want {
			t.Errorf("%s: the hash is the same", c.name)
		}
	}
}

// The first pieces decide, without reading the rest.
func TestStreamLooksAtTheFirstPieces(t *testing.T) {
	rows := func(n int, cell func(i int) string) []string {
		lines := []string{"order_id|customer_id|date"}
		for i := range n {
			lines = append(lines, fmt.Sprintf("%d|7|%s", i, cell(i)))
		}
		return lines
	}
	after := func(n int, first, later string) func(int) string {
		return func(i int) string {
			if i < n {
				return first
			}
			return later
		}
	}
	for _, c := range []struct {
		name    string
		rows    []string
		note    string
		rejects int
		err     string
	}{
		{"a day over 12 in the ninth piece", rows(40, after(9, "03/04/2024", "31/01/2024")), "dates read as day/month/year", 0, ""},
		{"in the 17th, too late", rows(40, after(16, "03/04/2024", "31/01/2024")), "", 0, "say which with --dates"},
		{"dates from the 20th row on", rows(40, after(20, "", "2024-01-31")), "no dates in the first 16 rows", 20, ""}, // an order needs its date
		{"day first from the 20th row on", rows(40, after(20, "", "31/01/2024")), "no dates in the first 16 rows", 40, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := OpenStream(context.Background(), streamName, options("orders"), once(t, 1, c.rows...))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || !strings.HasPrefix(err.Error(), streamName+": ") {
					t.Fatalf("error %v, want one with %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if held := len(f.input.held); held > 16 {
				t.Errorf("%d pieces are held", held)
			}
			got := loadFile(t, f)
			if len(got.rejects) != c.rejects || got.read != 40 {
				t.Errorf("%d rejects of %d read, want %d of 40", len(got.rejects), got.read, c.rejects)
			}
			if !slices.ContainsFunc(f.Notes, func(n string) bool { return strings.Contains(n, c.note) }) {
				t.Errorf("notes %q lack %q", f.Notes, c.note)
			}
		})
	}
}

func TestStreamWithoutRows(t *testing.T) {
	f := openStreamed(t, options("orders"), 10, "order_id|customer_id|date")
	if got := loadFile(t, f); got.read != 0 || len(f.Hash) != 64 {
		t.Errorf("%d rows read, hash %q", got.read, f.Hash)
	}
}

// broken ends with an error after some pieces.
type broken struct {
	memory
	err    error
	closed int
}

func (b *broken) Next() (Piece, error) {
	p, err := b.memory.Next()
	if errors.Is(err, io.EOF) {
		return nil, b.err
	}
	return p, err
}

func (b *broken) Close() error { b.closed++; return nil }

// What goes wrong in a stream is an error that names it once, and has no hash.
func TestStreamBreaks(t *testing.T) {
	rows := [][]string{{"1", "7", "2024-01-31"}, {"2", "7", "2024-01-31"}}
	header := []string{"order_id", "customer_id", "date"}
	lost := errors.New("the connection was lost")
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"a bare error", lost, streamName + ": the connection was lost"},
		{"one with the name", fmt.Errorf("%s: %w", streamName, lost), streamName + ": the connection was lost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &broken{memory: memory{header: header, rows: rows, size: 1}, err: c.err}
			f, err := OpenStream(context.Background(), streamName, options("orders"), func() (Reader, Detected, error) { return b, Detected{}, nil })
			if err != nil {
				t.Fatal(err)
			}
			err = f.Load(context.Background(), func(*Chunk) error { return nil })
			if err == nil || err.Error() != c.want || !errors.Is(err, lost) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if f.Hash != "" || b.closed != 1 {
				t.Errorf("hash %q, closed %d times", f.Hash, b.closed)
			}
		})
	}
	t.Run("not opened", func(t *testing.T) {
		_, err := OpenStream(context.Background(), streamName, options("orders"), func() (Reader, Detected, error) { return nil, Detected{}, lost })
		if err == nil || err.Error() != streamName+": the connection was lost" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("not recognised", func(t *testing.T) {
		b := &broken{memory: memory{header: []string{"colour"}, rows: [][]string{{"red"}}, size: 1}, err: io.EOF}
		_, err := OpenStream(context.Background(), streamName, options("orders"), func() (Reader, Detected, error) { return b, Detected{}, nil })
		if err == nil || b.closed != 1 {
			t.Errorf("error %v, closed %d times", err, b.closed)
		}
	})
}
