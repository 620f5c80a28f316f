// Package jsonl reads JSON, plain, gzip or zstd, UTF-8 or UTF-16, into blocks
// of cells: JSON lines (an object on each line), an array of objects, an object
// that holds one such array ({"orders":[...]}, {"data":{"list":[...]}}), and
// objects one after the other. All are read as a stream.
//
// The columns are the keys found in the first 64 MB, in order of first
// appearance. Keys of objects inside objects are joined by dots (address.city),
// at any depth. An array of texts and numbers becomes those, joined by ", ";
// another array stays JSON, without blanks. Strings are unescaped, numbers keep
// their literal text, true and false are those words, and null and an empty array,
// like a key that is not there, are an absent cell. Of a key given twice the last
// counts. A key that appears first behind the first 64 MB feeds no column: Notes
// tells how many rows had it. More than 16,384 keys are an error.
//
// A line, or an element, that is not a JSON object (RFC 8259, strictly) is
// rejected with its reason; empty lines are skipped and not counted. Rows of an
// array are numbered from 1, as if they were lines. An array that is not closed
// before the file ends refuses the file.
package jsonl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"

	"clientele/ingest"
	"clientele/ingest/internal/charset"
	"clientele/ingest/internal/stream"
)

const (
	pieceBytes  = 4 << 20
	pieceCells  = 2 << 20
	rowLimit    = 64 << 20
	sampleBytes = 1 << 20  // what the shape is found from
	columnBytes = 64 << 20 // what the columns are found from
	maxColumns  = 16_384
	maxNames    = 16 << 20 // bytes of the names of all columns
)

// Reader reads one file. It implements ingest.Reader.
type Reader struct {
	source *source
	data   stream.Free[[]byte]
	cells  stream.Free[*buffers]
	header []string
	keys   *node
	sizes  sizes

	mu   sync.Mutex
	late map[string]int64 // keys without a column: rows that have them
	lost int64            // rows with keys that are too many to remember
}

// sizes are limits, smaller in tests.
type sizes struct {
	piece   int // bytes of a piece
	row     int // of the longest row
	columns int // of the part in which columns are looked for
}

// buffers are the slices of one block, reused once the block is released.
type buffers struct {
	start, end []uint32
	lines      []int64
	rows       []span
}

// Open opens the file at path and finds its columns. Options.Format jsonl says
// that objects stand on lines of their own, where that is not plain.
func Open(path string, opt ingest.Options) (*Reader, error) {
	return open(path, opt, sizes{pieceBytes, rowLimit, columnBytes})
}

func open(path string, opt ingest.Options, limits sizes) (*Reader, error) {
	r := &Reader{keys: new(node), late: map[string]int64{}, sizes: limits,
		data: stream.MakeFree[[]byte](), cells: stream.MakeFree[*buffers]()}
	if err := r.columns(path, opt); err != nil {
		return nil, err
	}
	source, err := openSource(path, opt, limits.row)
	if err != nil {
		return nil, err
	}
	// An object may have few of the keys, so that rows are many and cells more.
	most := max(64, pieceCells/len(r.header))
	source.sized(min(limits.piece, max(1<<13, limits.piece/(1+len(r.header)/128))), most, r.data)
	r.source = source
	return r, nil
}

// columns reads the beginning of the file for its keys.
func (r *Reader) columns(path string, opt ingest.Options) error {
	source, err := openSource(path, opt, r.sizes.row)
	if err != nil {
		return err
	}
	defer source.Close()
	source.sized(min(r.sizes.piece, sampleBytes), 0, r.data)
	l := learner{parser: parser{keys: r.keys, grow: true, byName: map[string]int{}}, probe: parser{keys: r.keys, probe: true}}
	for read := 0; read < r.sizes.columns; {
		p, err := source.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		read += len(p.data)
		for n, row := range p.all() {
			l.learn(n, row)
		}
		r.data.Put(p.data)
		if l.full() {
			return fmt.Errorf("%s: has more than %d different keys, such as %q: if keys hold data, such as ids, make them values", path, maxColumns, l.short([]byte(l.names[len(l.names)-1])))
		}
	}
	l.settle()
	r.header = l.names
	if len(r.header) > 0 {
		return nil
	}
	what, row := source.shape.what()
	switch {
	case l.first != nil:
		return fmt.Errorf("%s: is not %s: %s %d: %w", path, what, row, l.number, l.first)
	case l.rows == 0:
		return fmt.Errorf("%s: holds no objects", path)
	}
	return fmt.Errorf("%s: its objects have no keys", path)
}

// learner collects columns. They come from good rows only, so each row that
// shows a new key is tried before its keys are taken.
type learner struct {
	parser
	probe  parser
	rows   int
	number int64 // of the first bad row
	first  error // and what is wrong with it
}

func (l *learner) learn(number int64, row []byte) {
	l.rows++
	l.probe.news = false
	err := l.probe.object(row)
	if err == nil && l.probe.news {
		l.out = l.out[:0]
		err = l.object(row)
	}
	if err != nil && l.first == nil {
		l.number, l.first = number, err
	}
}

// Header is the names of the columns: keys, joined by dots.
func (r *Reader) Header() []string { return r.header }

// Lines reports whether each row is a line.
func (r *Reader) Lines() bool { return r.source.shape.lines }

// Encoding is utf-8, utf-16le or utf-16be.
func (r *Reader) Encoding() string { return r.source.encoding }

// Notes says where the rows stand that are not lines, and, once the file has
// been read, which keys came too late to become columns, and in how many rows.
func (r *Reader) Notes() []string {
	var notes []string
	s := r.source
	switch {
	case s.shape.path != "":
		notes = append(notes, fmt.Sprintf("rows are the elements of %q, numbered from 1", s.shape.path))
	case !s.shape.lines:
		notes = append(notes, "rows are the objects of the file, numbered from 1")
	}
	if s.elements.more {
		notes = append(notes, fmt.Sprintf("another array of objects stands behind %q and was not read", s.shape.path))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var late []string
	for name, n := range r.late {
		late = append(late, fmt.Sprintf("key %q is not in the first %s and was left out of %d rows", name, stream.Size(int64(r.sizes.columns)), n))
	}
	slices.Sort(late)
	if notes = append(notes, late...); r.lost > 0 {
		notes = append(notes, fmt.Sprintf("more keys that are not in the first %s were left out of %d rows", stream.Size(int64(r.sizes.columns)), r.lost))
	}
	return notes
}

// Close closes the file. Pieces and blocks stay valid.
func (r *Reader) Close() error { return r.source.Close() }

// Next returns the next piece: the next 4 MB or so of whole rows, fewer where
// there are many columns.
func (r *Reader) Next() (ingest.Piece, error) {
	p, err := r.source.next()
	if err != nil {
		return nil, err
	}
	p.reader = r
	return p, nil
}

// source is the rows of a file as they stand in it.
type source struct {
	file     *stream.File
	encoding string
	shape    shape
	blocks   stream.Blocks
	elements elements // where rows are not lines
	row      int64    // the line, or the number, of the next row
	limit    int      // bytes of a row
	most     int      // rows of a piece; 0: any number
	parts    []*piece // of a block, still to come
}

// openSource opens a file and finds out how its objects stand.
func openSource(path string, opt ingest.Options, limit int) (_ *source, err error) {
	file, err := stream.Open(path, sampleBytes, opt.Expand)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	sample, err := file.Peek(sampleBytes)
	if err != nil {
		return nil, err
	}
	wide, err := encodingOf(sample, opt.Encoding)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if wide != "" {
		if err := file.Decode(func(from io.Reader) (io.Reader, error) { return charset.Reader(from, wide) }); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if sample, err = file.Peek(sampleBytes); err != nil {
			return nil, err
		}
	}
	s := &source{file: file, encoding: charset.UTF8, row: 1, limit: limit}
	if wide != "" {
		s.encoding = wide
	}
	if s.shape, err = shapeOf(sample, len(sample) < sampleBytes, opt.Format); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.elements = elements{shape: s.shape, start: -1}
	return s, file.Discard(s.shape.skip)
}

// sized says how large the blocks are that the file is cut into, how many rows
// they may have, and where memory for them is to be found.
func (s *source) sized(size, most int, free stream.Free[[]byte]) {
	s.most, s.elements.most = most, most
	end := s.lastLines
	if !s.shape.lines {
		end = s.elements.lastEnd
	}
	s.blocks = stream.Blocks{From: s.file, Size: size, Limit: s.limit, LastEnd: end, Free: free}
}

// lastLines is the LastEnd of lines.
func (s *source) lastLines(data []byte) int {
	if s.most == 0 || bytes.Count(data, []byte("\n")) <= s.most {
		return stream.LastLineEnd(data)
	}
	return linesEnd(data, s.most)
}

// next returns the next piece, still without its reader.
func (s *source) next() (*piece, error) {
	if len(s.parts) == 0 {
		p, err := s.block()
		if err != nil {
			return nil, err
		}
		s.parts = p.split(s.most)
	}
	p := s.parts[0]
	s.parts = s.parts[1:]
	return p, nil
}

// split cuts a piece into some of at most the given number of rows. The last of
// a file may have more, because it is all that was left.
func (p *piece) split(most int) []*piece {
	lines := p.rows == nil
	if most == 0 || len(p.rows) <= most && (!lines || bytes.Count(p.data, []byte("\n")) <= most) {
		return []*piece{p}
	}
	var parts []*piece
	for n := int64(0); len(p.data) > 0 && (lines || len(p.rows) > 0); n += int64(most) {
		part := &piece{first: p.first + n}
		if lines {
			end := linesEnd(p.data, most)
			part.data, p.data = bytes.Clone(p.data[:end]), p.data[end:]
		} else {
			rows := p.rows[:min(most, len(p.rows))]
			p.rows = p.rows[len(rows):]
			from := rows[0].start
			part.data = bytes.Clone(p.data[from:rows[len(rows)-1].end])
			for _, r := range rows {
				part.rows = append(part.rows, span{r.start - from, r.end - from})
			}
		}
		parts = append(parts, part)
	}
	return parts
}

// linesEnd returns where the given number of lines ends, or the data.
func linesEnd(data []byte, lines int) int {
	end := 0
	for range lines {
		n := bytes.IndexByte(data[end:], '\n')
		if n < 0 {
			return len(data)
		}
		end += n + 1
	}
	return end
}

// block returns the next block as a piece.
func (s *source) block() (*piece, error) {
	block, err := s.blocks.Next()
	switch {
	case errors.Is(err, stream.ErrLong) && s.shape.lines:
		return nil, &ingest.RowError{Path: s.file.Path, Reject: ingest.Reject{
			Line: s.row, Reason: fmt.Sprintf("the line is longer than %d MB", s.limit>>20),
		}}
	case errors.Is(err, stream.ErrLong):
		return nil, fmt.Errorf("%s: record %d is longer than %s: a bracket or a quote may not be closed", s.file.Path, s.row, stream.Size(int64(s.limit)))
	case errors.Is(err, io.EOF) && !s.shape.lines && s.elements.unfinished(0):
		return nil, s.cut()
	case err != nil:
		return nil, err
	}
	p := &piece{data: block, first: s.row}
	if s.shape.lines {
		s.row += int64(bytes.Count(block, []byte("\n")))
		return p, nil
	}
	if e := &s.elements; len(block) != e.seen { // the last block
		e.most = 0
		if e.scan(block); e.unfinished(len(block)) {
			s.row += int64(len(e.spans))
			return nil, s.cut()
		}
	}
	if c := s.elements.stray; c != 0 {
		return nil, fmt.Errorf("%s: has %q behind the end of its JSON", s.file.Path, c)
	}
	p.rows = s.elements.taken(len(block))
	if p.rows == nil {
		p.rows = []span{}
	}
	s.row += int64(len(p.rows))
	return p, nil
}

// cut says that the file ends where something is still open.
func (s *source) cut() error {
	return fmt.Errorf("%s: record %d: the JSON is not closed where the file ends: it is cut off, or a bracket or a quote is missing", s.file.Path, s.row)
}

// Close closes the file.
func (s *source) Close() error { return s.file.Close() }

// piece is a run of whole rows; it implements ingest.Piece.
type piece struct {
	reader *Reader
	data   []byte
	first  int64  // the line, or the number, of the first row
	rows   []span // where the rows are; nil: each line is one
}

// all returns the rows that are not blank, with their lines or numbers.
func (p *piece) all() iter.Seq2[int64, []byte] {
	return func(yield func(int64, []byte) bool) {
		for n, at := range p.spans() {
			if !yield(n, p.data[at.start:at.end]) {
				return
			}
		}
	}
}

// spans returns where the rows are that are not blank.
func (p *piece) spans() iter.Seq2[int64, span] {
	return func(yield func(int64, span) bool) {
		if p.rows != nil {
			for i, at := range p.rows {
				if !yield(p.first+int64(i), at) {
					return
				}
			}
			return
		}
		number := p.first - 1
		for at, next := 0, 0; at < len(p.data); at = next {
			number++
			n := bytes.IndexByte(p.data[at:], '\n')
			if n < 0 {
				n = len(p.data) - at
			}
			next = at + n + 1
			if len(bytes.Trim(p.data[at:at+n], " \t\r")) > 0 && !yield(number, span{uint32(at), uint32(at + n)}) {
				return
			}
		}
	}
}

// Parse reads every row of the piece. Cells point into the bytes read, except
// strings with escapes and arrays, which are rewritten behind them.
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
	for number, at := range p.spans() {
		row := p.data[at.start:at.end]
		if err := s.row(row, int(at.start)); err != nil {
			bad = append(bad, ingest.Reject{Line: number, Reason: err.Error(), Raw: rawRow(row)})
			continue
		}
		lines = append(lines, number)
		rows = append(rows, at)
	}
	r.addLate(s.late, s.lost)
	b.lines, b.rows, b.start, b.end = lines, rows, s.start, s.end
	text := p.data
	return &ingest.Block{
		Columns: columns, Lines: lines, Data: s.out, Start: s.start, End: s.end, Bad: bad,
		Raw: func(row int) string { return rawRow(text[rows[row].start:rows[row].end]) },
		Release: func() {
			r.data.Put(text)
			r.cells.Put(b)
		},
	}, nil
}

// addLate counts keys without a column.
func (r *Reader) addLate(late map[string]int64, lost int64) {
	if len(late) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost += lost
	for name, n := range late {
		if _, known := r.late[name]; known || len(r.late) < lateKeys {
			r.late[name] += n
		} else {
			r.lost += n
		}
	}
}

// rawRow returns a row for a reject, bytes that text cannot hold as \x00.
func rawRow(row []byte) string { return stream.Printable(bytes.TrimRight(row, "\r")) }

var _ ingest.Reader = (*Reader)(nil)
var _ io.Closer = (*Reader)(nil)
