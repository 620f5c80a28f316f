// Package jsonl reads JSON lines (one JSON object per line, UTF-8), plain or
// gzip, into blocks of cells.
//
// The columns are the keys found in the first 1000 lines, in order of first
// appearance. Keys of objects inside objects are joined by dots (address.city),
// at any depth; arrays stay as their JSON text. Strings are unescaped, numbers
// keep their literal text, true and false are those words, and null, like a key
// that is not there, is an absent cell. Of a key given twice the last counts.
//
// A line that is not a JSON object (RFC 8259, strictly) is rejected with its
// reason; empty lines are skipped and not counted. A key that appears first after
// line 1000 feeds no column: Notes tells how many lines had it.
package jsonl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"clientele/ingest"
	"clientele/ingest/internal/stream"
)

const (
	pieceBytes  = 4 << 20
	rowLimit    = 64 << 20
	sampleBytes = 4 << 20
	sampleLines = 1000
)

// Reader reads one file. It implements ingest.Reader.
type Reader struct {
	file   *stream.File
	blocks stream.Blocks
	data   stream.Free[[]byte]
	cells  stream.Free[*buffers]
	header []string
	keys   *node
	line   int64
	limit  int
	notes  []string

	mu   sync.Mutex
	late map[string]int64 // keys without a column: lines that have them
}

// buffers are the slices of one block, reused once the block is released.
type buffers struct {
	start, end []uint32
	lines      []int64
	rows       []uint32
}

// Open opens the file at path and finds its columns.
func Open(path string, opt ingest.Options) (*Reader, error) {
	return open(path, opt, pieceBytes, rowLimit)
}

func open(path string, opt ingest.Options, piece, limit int) (*Reader, error) {
	switch strings.ToLower(opt.Encoding) {
	case "", "auto", "utf-8", "utf8":
	default:
		return nil, fmt.Errorf("%s: JSON lines are UTF-8, not %s", path, opt.Encoding)
	}
	file, err := stream.Open(path, sampleBytes, opt.Expand)
	if err != nil {
		return nil, err
	}
	r := &Reader{file: file, line: 1, limit: limit, keys: new(node), late: map[string]int64{},
		data: stream.MakeFree[[]byte](), cells: stream.MakeFree[*buffers]()}
	if err := r.start(); err != nil {
		file.Close()
		return nil, err
	}
	r.blocks = stream.Blocks{From: file, Size: piece, Limit: limit, LastEnd: stream.LastLineEnd, Free: r.data}
	return r, nil
}

// start skips the byte order mark and collects the columns.
func (r *Reader) start() error {
	sample, err := r.file.Peek(sampleBytes)
	if err != nil {
		return err
	}
	whole := len(sample) < sampleBytes
	if mark := []byte("\ufeff"); bytes.HasPrefix(sample, mark) {
		sample = sample[len(mark):]
		if err := r.file.Discard(len(mark)); err != nil {
			return err
		}
	}
	if len(bytes.TrimSpace(sample)) == 0 {
		return fmt.Errorf("%s: is empty", r.file.Path)
	}
	if bytes.HasPrefix(bytes.TrimSpace(sample), []byte("[")) {
		return fmt.Errorf("%s: is not JSON lines: it is a JSON array: write one object per line (jq -c '.[]')", r.file.Path)
	}
	check := new(parser) // columns come from good lines only, so each is tried first
	p := parser{keys: r.keys, grow: true, byName: map[string]int{}}
	var first error
	text := bytes.Clone(sample) // Peek's bytes are overwritten by the next read
	for n := 1; n <= sampleLines && len(text) > 0; n++ {
		line, rest, ended := bytes.Cut(text, []byte("\n"))
		if !ended && !whole {
			break
		}
		text = rest
		if len(bytes.Trim(line, " \t\r")) == 0 {
			continue
		}
		err := check.object(line)
		if err == nil {
			p.out = p.out[:0]
			err = p.object(line)
		}
		if err != nil && first == nil {
			first = fmt.Errorf("line %d: %w", n, err)
		}
	}
	p.settle()
	r.header = p.names
	if len(r.header) > 0 {
		return nil
	}
	if first == nil {
		first = errors.New("its objects have no keys")
	}
	return fmt.Errorf("%s: is not JSON lines: %w", r.file.Path, first)
}

// Header is the names of the columns: keys, joined by dots.
func (r *Reader) Header() []string { return r.header }

// Notes says, once the file has been read, which keys came too late to become
// columns, and in how many lines.
func (r *Reader) Notes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	notes := slices.Clone(r.notes)
	for name, n := range r.late {
		notes = append(notes, fmt.Sprintf("key %q is not in the first %d lines and was left out of %d lines", name, sampleLines, n))
	}
	slices.Sort(notes)
	return notes
}

// Close closes the file. Pieces and blocks stay valid.
func (r *Reader) Close() error { return r.file.Close() }

// Next returns the next piece: the next 4 MB or so of whole lines.
func (r *Reader) Next() (ingest.Piece, error) {
	block, err := r.blocks.Next()
	if errors.Is(err, stream.ErrLong) {
		return nil, &ingest.RowError{Path: r.file.Path, Reject: ingest.Reject{
			Line: r.line, Reason: fmt.Sprintf("the line is longer than %d MB", r.limit>>20),
		}}
	}
	if err != nil {
		return nil, err
	}
	p := &piece{reader: r, data: block, line: r.line}
	r.line += int64(bytes.Count(block, []byte("\n")))
	return p, nil
}

// piece is a run of whole lines; it implements ingest.Piece.
type piece struct {
	reader *Reader
	data   []byte
	line   int64
}

// Parse reads every line of the piece. Cells point into the bytes read, except
// strings with escapes, which are rewritten behind them.
func (p *piece) Parse() (*ingest.Block, error) {
	r := p.reader
	b := r.cells.Get()
	if b == nil {
		b = new(buffers)
	}
	columns := len(r.header)
	s := parser{keys: r.keys, columns: columns, out: p.data, late: map[string]int64{}}
	lines, rows := b.lines[:0], b.rows[:0]
	s.start, s.end = b.start[:0], b.end[:0]
	var bad []ingest.Reject
	number := p.line - 1
	for at, next := 0, 0; at < len(p.data); at = next {
		number++
		n := bytes.IndexByte(p.data[at:], '\n')
		if n < 0 {
			n = len(p.data) - at
		}
		next = at + n + 1
		line := p.data[at : at+n]
		if len(bytes.Trim(line, " \t\r")) == 0 {
			continue
		}
		if err := s.row(line, at); err != nil {
			bad = append(bad, ingest.Reject{Line: number, Reason: err.Error(), Raw: rawLine(line)})
			continue
		}
		lines = append(lines, number)
		rows = append(rows, uint32(at))
	}
	r.addLate(s.late)
	b.lines, b.rows, b.start, b.end = lines, rows, s.start, s.end
	text := p.data
	return &ingest.Block{
		Columns: columns, Lines: lines, Data: s.out, Start: s.start, End: s.end, Bad: bad,
		Raw: func(row int) string {
			line, _, _ := bytes.Cut(text[rows[row]:], []byte("\n"))
			return rawLine(line)
		},
		Release: func() {
			r.data.Put(text)
			r.cells.Put(b)
		},
	}, nil
}

func (r *Reader) addLate(late map[string]int64) {
	if len(late) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, n := range late {
		r.late[name] += n
	}
}

// rawLine returns a line for a reject, bytes that text cannot hold as \x00.
func rawLine(line []byte) string { return stream.Printable(bytes.TrimRight(line, "\r")) }

var _ ingest.Reader = (*Reader)(nil)
var _ io.Closer = (*Reader)(nil)
