// Package ingesttest states the promises that every reader of a format keeps,
// so that each format's tests check them in one call.
package ingesttest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"clientele/ingest"
)

// Absent stands in Want.Rows for a cell that is absent (null), as opposed to empty.
const Absent = "\x00absent"

// Want is what a file holds, told independently of the reader under test.
type Want struct {
	Header []string
	Rows   [][]string // good rows in the order of the file; Absent for a null cell; nil: not compared
	Lines  []int64    // line of each good row; nil: not compared
	Bad    []int64    // lines of rows that cannot be cut into cells, in order
	Read   int        // good and bad rows together; 0: not compared
}

// Reader checks the promises of ingest.Reader, Piece and Block on one file.
//
// open opens the file from its beginning; pieceBytes is a hint of how large
// pieces should be (0: the reader's default, 1: as small as it can make them),
// which a reader that cannot choose may ignore. Checked for several sizes:
// header as wanted; the pieces together are the whole, whatever their size;
// lines increase; good and bad rows add up; cells lie inside the data; pieces
// parsed late, in any order and at the same time give the same rows; after the
// last piece Next keeps returning io.EOF; Close succeeds.
func Reader(t *testing.T, open func(pieceBytes int) (ingest.Reader, error), want Want) {
	t.Helper()
	var whole []Row
	for i, size := range []int{0, 1, 7, 64, 1000, 65536} {
		got, err := read(open, size, want.Header, 1)
		if err != nil {
			t.Fatalf("pieces of %d bytes: %v", size, err)
		}
		if i == 0 {
			whole = got
			against(t, whole, want)
			continue
		}
		if d := differ(whole, got); d != "" {
			t.Fatalf("pieces of %d bytes differ from pieces of default size: %s", size, d)
		}
	}
	for _, workers := range []int{2, 7} {
		got, err := read(open, 64, want.Header, workers)
		if err != nil {
			t.Fatalf("%d workers: %v", workers, err)
		}
		if d := differ(whole, got); d != "" {
			t.Fatalf("%d workers differ from one: %s", workers, d)
		}
	}
}

// Row is one row as read: the cells of a good one, Absent for a null, or the reason of a bad one.
type Row struct {
	Line   int64
	Cells  []string
	Reason string
	Raw    string
}

// read reads a file. With more than one worker all pieces are held and then
// parsed at the same time in shuffled order, which shows buffers used twice.
func read(open func(int) (ingest.Reader, error), size int, header []string, workers int) (rows []Row, err error) {
	r, err := open(size)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	defer func() {
		if e := r.Close(); e != nil && err == nil {
			err = fmt.Errorf("close: %w", e)
		}
	}()
	if !slices.Equal(r.Header(), header) {
		return nil, fmt.Errorf("header is %q, want %q", r.Header(), header)
	}
	var pieces []ingest.Piece
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("next: %w", err)
		}
		pieces = append(pieces, p)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("next after the end: %v, want io.EOF", err)
	}
	blocks := make([]*ingest.Block, len(pieces))
	errs := make([]error, len(pieces))
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(pieces))
	if workers == 1 {
		slices.Sort(order)
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for k := w; k < len(order); k += workers {
				blocks[order[k]], errs[order[k]] = pieces[order[k]].Parse()
			}
		})
	}
	wg.Wait()
	last := int64(0)
	for i, b := range blocks {
		if errs[i] != nil {
			return nil, fmt.Errorf("parse piece %d: %w", i, errs[i])
		}
		got, err := rowsOf(b, len(header))
		if err != nil {
			return nil, fmt.Errorf("piece %d: %w", i, err)
		}
		for _, g := range got {
			if g.Line <= last {
				return nil, fmt.Errorf("piece %d: line %d comes after line %d", i, g.Line, last)
			}
			last = g.Line
		}
		rows = append(rows, got...)
	}
	return rows, nil
}

// rowsOf returns the good and bad rows of a block in the order of their lines.
func rowsOf(b *ingest.Block, columns int) ([]Row, error) {
	if b.Rows() > 0 && b.Columns != columns {
		return nil, fmt.Errorf("block has %d columns, header %d", b.Columns, columns)
	}
	if n := b.Rows() * b.Columns; len(b.Start) != n || len(b.End) != n {
		return nil, fmt.Errorf("%d rows of %d columns have %d starts and %d ends", b.Rows(), b.Columns, len(b.Start), len(b.End))
	}
	b.Texts()
	var rows []Row
	for r := range b.Rows() {
		cells := make([]string, b.Columns)
		for c := range cells {
			i := r*b.Columns + c
			if b.Start[i] <= b.End[i] && int(b.End[i]) > len(b.Data) {
				return nil, fmt.Errorf("line %d: cell %d ends at %d of %d bytes", b.Lines[r], c, b.End[i], len(b.Data))
			}
			v, ok := b.Cell(r, c)
			cells[c] = string(v)
			if !ok {
				cells[c] = Absent
			}
		}
		rows = append(rows, Row{Line: b.Lines[r], Cells: cells, Raw: strings.Clone(b.Raw(r))})
	}
	for _, bad := range b.Bad {
		if bad.Reason == "" {
			return nil, fmt.Errorf("line %d: a bad row without a reason", bad.Line)
		}
		rows = append(rows, Row{Line: bad.Line, Reason: bad.Reason, Raw: bad.Raw})
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return int(a.Line - b.Line) })
	return rows, nil
}

// against compares what was read with what the file is known to hold.
func against(t *testing.T, rows []Row, want Want) {
	t.Helper()
	var good [][]string
	var lines, bad []int64
	for _, r := range rows {
		if r.Reason != "" {
			bad = append(bad, r.Line)
			continue
		}
		good, lines = append(good, r.Cells), append(lines, r.Line)
	}
	if want.Rows != nil {
		if len(good) != len(want.Rows) {
			t.Fatalf("%d good rows, want %d", len(good), len(want.Rows))
		}
		for i := range good {
			if !slices.Equal(good[i], want.Rows[i]) {
				t.Errorf("row %d (line %d) is %q, want %q", i, lines[i], good[i], want.Rows[i])
			}
		}
	}
	if want.Lines != nil && !slices.Equal(lines, want.Lines) {
		t.Errorf("good rows are on lines %v, want %v", lines, want.Lines)
	}
	if !slices.Equal(bad, want.Bad) && len(bad)+len(want.Bad) > 0 {
		t.Errorf("bad rows are on lines %v, want %v", bad, want.Bad)
	}
	if want.Read > 0 && len(rows) != want.Read {
		t.Errorf("%d rows read, want %d", len(rows), want.Read)
	}
}

// differ describes the first difference of two readings, "" when there is none.
func differ(a, b []Row) string {
	for i := range min(len(a), len(b)) {
		if a[i].Line != b[i].Line || a[i].Reason != b[i].Reason || a[i].Raw != b[i].Raw || !slices.Equal(a[i].Cells, b[i].Cells) {
			return fmt.Sprintf("row %d is %+v and %+v", i, a[i], b[i])
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("%d and %d rows", len(a), len(b))
	}
	return ""
}
