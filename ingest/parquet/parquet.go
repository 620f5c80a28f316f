// Package parquet reads Parquet files, plain or packed as a whole (gzip, zstd), into blocks
// of cells.
//
// Columns are the leaves of the schema, nested ones by their dotted names;
// lists, maps and types without a plain text are left out, which Notes says.
// Values become the text that the converters of package ingest take: dates and
// times in ISO form, an instant (adjusted to UTC, and int96, which Spark writes
// so) with a Z, a local time without; decimals with their exact digits; floats
// with the fewest digits that give them back; a null and a NaN as an absent cell.
// Texts that are not UTF-8, or hold NUL, reject their row. Rows are numbered from
// 1 through the file, as if they were lines.
//
// Next reads and unpacks the pages of the next 65,536 rows or so, each page
// once; Parse, which may run in parallel, makes text of them.
package parquet

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"clientele/ingest"
	"clientele/ingest/internal/stream"
)

const (
	pieceRows  = 65_536
	pieceCells = 1 << 20
	pieceBytes = 32 << 20 // of values, as the file counts them
)

// Reader reads one file. It implements ingest.Reader.
type Reader struct {
	path    string
	file    stream.Source
	size    int64
	limit   int64        // bytes that the cells of the file may take
	taken   atomic.Int64 // of them, those of the blocks so far
	groups  []group
	columns []column
	header  []string
	notes   []string

	cells   stream.Free[*buffers]
	cursors []cursor // in the present row group, one for each column
	left    int64    // rows of it that are still to come
	piece   int      // of these, rows of a piece
	row     int64    // rows handed out
}

// buffers are the slices of one block, reused once the block is released.
type buffers struct {
	lines      []int64
	start, end []uint32
	data       []byte
	ints       []int64 // of the typed columns, one after the other
}

// group is a row group and how many of its rows make a piece.
type group struct {
	pq.RowGroup
	piece  int
	chunks []format.ColumnChunk
}

// column is a leaf of the schema.
type column struct {
	name    string
	leaf    int  // index among the leaves
	present byte // definition level of a value that is not null
	write   writer
	text    bool          // cells are bytes of the file as they are, to be checked
	typed   *ingest.Typed // of a type that is delivered as it is; nil: as text only
}

// Open opens the file at path.
func Open(path string, opt ingest.Options) (*Reader, error) { return open(path, opt, pieceRows) }

// columnar is how many times better columns of few values pack than the same rows do
// as text.
const columnar = 5

func open(path string, opt ingest.Options, limit int) (r *Reader, err error) {
	file, size, unpacked, err := stream.OpenAt(path, opt.Expand, checkHead)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	defer recovered(path, &err)
	if err := checkEnds(file, size); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f, err := pq.OpenFile(file, size, pq.SkipPageIndex(true), pq.SkipBloomFilters(true), pq.ReadBufferSize(1<<18))
	if err != nil {
		return nil, damaged(path, unreadable("its footer cannot be read", err))
	}
	r = &Reader{path: path, file: file, size: size, limit: stream.Limit(columnar*size, opt.Expand), cells: stream.MakeFree[*buffers]()}
	if unpacked {
		r.notes = append(r.notes, "unpacked to a temporary file")
	}
	r.leaves(f.Root())
	if len(r.columns) == 0 {
		return nil, fmt.Errorf("%s: has no column that can be read", path)
	}
	limit = min(limit, max(pieceCells/len(r.columns), 64))
	for i, g := range f.RowGroups() {
		rows := limit
		if size := f.Metadata().RowGroups[i].TotalByteSize; size > pieceBytes {
			rows = int(min(int64(rows), max(64, g.NumRows()/(size/pieceBytes+1))))
		}
		r.groups = append(r.groups, group{g, rows, f.Metadata().RowGroups[i].Columns})
	}
	return r, nil
}

// checkHead looks at what a packed file begins with once unpacked.
func checkHead(head []byte) error {
	switch {
	case len(head) == 0:
		return errors.New("is empty")
	case string(head) != "PAR1" && string(head) != "PARE":
		return errors.New("is not a Parquet file")
	}
	return nil
}

// checkEnds looks at the marks at both ends and the length of the footer, which
// parquet-go would believe.
func checkEnds(file io.ReaderAt, size int64) error {
	head, tail := make([]byte, 4), make([]byte, 8)
	if size == 0 {
		return errors.New("is empty")
	}
	if size < 12 {
		return errors.New("is too short for a Parquet file")
	}
	if _, err := file.ReadAt(head, 0); err != nil {
		return err
	}
	if _, err := file.ReadAt(tail, size-8); err != nil {
		return err
	}
	switch {
	case string(head) == "PARE" || string(tail[4:]) == "PARE":
		return errors.New("is an encrypted Parquet file: decrypt it first")
	case string(head) != "PAR1":
		return errors.New("is not a Parquet file")
	case string(tail[4:]) != "PAR1":
		return errors.New("the Parquet file is cut off before its end")
	case int64(binary.LittleEndian.Uint32(tail)) > size-12:
		return errors.New("the Parquet file is damaged: its footer is longer than itself")
	}
	return nil
}

func damaged(path string, err error) error {
	return fmt.Errorf("%s: the Parquet file is damaged: %w", path, err)
}

// broken is a part of a file that cannot be read. What the library says of it is about
// its bytes, and is kept for programs.
type broken struct {
	part  string
	cause error
}

func (b *broken) Error() string { return b.part }
func (b *broken) Unwrap() error { return b.cause }

// unreadable says which part of a file cannot be read; what the system says goes before.
func unreadable(part string, err error) error {
	if disk := (*fs.PathError)(nil); errors.As(err, &disk) {
		return disk.Err
	}
	return &broken{part, err}
}

// recovered turns a panic into an error. parquet-go checks much of what it
// reads, but not all: a damaged file can still make it index out of range.
// Nothing is shared with other readers, so the damage ends with this file.
func recovered(path string, err *error) {
	if p := recover(); p != nil {
		*err = damaged(path, unreadable("a page cannot be read", fmt.Errorf("%v", p)))
	}
}

// leaves collects the columns that can be read.
func (r *Reader) leaves(c *pq.Column) {
	if !c.Leaf() {
		for _, child := range c.Columns() {
			r.leaves(child)
		}
		return
	}
	name := strings.Join(c.Path(), ".")
	if c.MaxRepetitionLevel() > 0 {
		r.notes = append(r.notes, fmt.Sprintf("column %q is a list or a map and was left out", name))
		return
	}
	col := column{name: name, leaf: c.Index(), present: byte(c.MaxDefinitionLevel()), typed: typedOf(c.Type())}
	if col.write, col.text = writerOf(c.Type()); col.write == nil {
		r.notes = append(r.notes, fmt.Sprintf("column %q (%v) has no plain text and was left out", name, c.Type()))
		return
	}
	if c.Type().Kind() == pq.Int96 {
		r.notes = append(r.notes, fmt.Sprintf("column %q: int96 timestamps are read as UTC", name))
	}
	r.columns = append(r.columns, col)
	r.header = append(r.header, name)
}

// Header is the dotted names of the columns.
func (r *Reader) Header() []string { return r.header }

// Notes says which columns were left out, how times were understood, and that
// the file was unpacked.
func (r *Reader) Notes() []string { return r.notes }

// Close closes the file, and removes it where it is a temporary one. Pieces already returned stay valid.
func (r *Reader) Close() error {
	r.closePages()
	return r.file.Close()
}

// typed is how many columns are typed.
func (r *Reader) typed() (n int) {
	for _, c := range r.columns {
		if c.typed != nil {
			n++
		}
	}
	return n
}

func (r *Reader) closePages() {
	for i := range r.cursors {
		r.cursors[i].drop()
		r.cursors[i].pages.Close()
	}
	r.cursors = nil
}

// Next reads the pages of the next rows.
func (r *Reader) Next() (p ingest.Piece, err error) {
	defer recovered(r.path, &err)
	for r.left == 0 {
		r.closePages()
		if len(r.groups) == 0 {
			return nil, io.EOF
		}
		g := r.groups[0]
		r.groups = r.groups[1:]
		r.left, r.piece = g.NumRows(), g.piece
		if r.left < 0 {
			return nil, damaged(r.path, fmt.Errorf("a row group of %d rows", r.left))
		}
		if err := r.checkPages(g.chunks); err != nil {
			return nil, damaged(r.path, err)
		}
		if err := r.checkPacking(g.chunks); err != nil {
			return nil, fmt.Errorf("%s: %w", r.path, err)
		}
		chunks := g.ColumnChunks()
		for _, c := range r.columns {
			r.cursors = append(r.cursors, cursor{pages: chunks[c.leaf].Pages(), present: c.present})
		}
	}
	next := &piece{reader: r, first: r.row + 1, rows: int(min(r.left, int64(r.piece)))}
	for i := range r.cursors {
		parts, err := r.cursors[i].take(next.rows)
		if err == io.EOF {
			err = errors.New("it has fewer rows than its row group")
		} else if err != nil {
			err = unreadable("a page cannot be read", err)
		}
		if err != nil {
			return nil, damaged(r.path, fmt.Errorf("column %q: %w", r.columns[i].name, err))
		}
		next.parts = append(next.parts, parts)
	}
	r.left -= int64(next.rows)
	r.row += int64(next.rows)
	return next, nil
}

// cursor walks through the pages of a column.
type cursor struct {
	pages   pq.Pages
	page    pq.Page
	present byte
	row     int // rows of page handed out
	value   int // values of page handed out: its rows less the nulls among them
}

// part is a run of rows of one page.
type part struct {
	page     pq.Page
	from, to int // rows
	value    int // place of the first value among those of the page
}

// take returns the next rows. Each part holds a reference to its page.
func (c *cursor) take(rows int) ([]part, error) {
	var parts []part
	for rows > 0 {
		if c.page == nil || c.row == int(c.page.NumRows()) {
			c.drop()
			page, err := c.pages.ReadPage()
			if err != nil {
				return nil, err
			}
			c.page, c.row, c.value = page, 0, 0
			continue
		}
		to := min(c.row+rows, int(c.page.NumRows()))
		pq.Retain(c.page)
		parts = append(parts, part{page: c.page, from: c.row, to: to, value: c.value})
		rows -= to - c.row
		if levels := c.page.DefinitionLevels(); len(levels) > 0 {
			c.value += bytes.Count(levels[c.row:to], []byte{c.present})
		} else {
			c.value += to - c.row
		}
		c.row = to
	}
	return parts, nil
}

func (c *cursor) drop() {
	if c.page != nil {
		pq.Release(c.page)
		c.page = nil
	}
}

// piece is a run of rows of one row group; it implements ingest.Piece.
type piece struct {
	reader *Reader
	first  int64
	rows   int
	parts  [][]part // of each column
}

// Parse writes the values as text, column by column.
func (p *piece) Parse() (block *ingest.Block, err error) {
	defer recovered(p.reader.path, &err)
	columns := len(p.parts)
	free := p.reader.cells
	reused := free.Get()
	if reused == nil || len(reused.lines) < p.rows {
		n := p.rows * columns
		reused = &buffers{make([]int64, p.rows), make([]uint32, n), make([]uint32, n), make([]byte, 0, 10*n), make([]int64, p.rows*p.reader.typed())}
	}
	b := &ingest.Block{
		Columns: columns, ByColumn: true, Lines: reused.lines[:p.rows],
		Start: reused.start[:p.rows*columns], End: reused.end[:p.rows*columns], Data: reused.data[:0],
	}
	for r := range b.Lines {
		b.Lines[r] = p.first + int64(r)
	}
	w, ints := cells{block: b}, reused.ints
	for c, parts := range p.parts {
		row := 0
		if t := p.reader.columns[c].typed; t != nil {
			w.typed(p, c, ints[:p.rows])
			ints = ints[p.rows:]
			continue
		}
		for _, part := range parts {
			w.page(p.reader.columns[c], part, c*p.rows+row)
			row += part.to - part.from
			pq.Release(part.page)
		}
		if len(b.Data) > math.MaxInt32 {
			return nil, fmt.Errorf("%s: texts are too long: %d rows hold more than 2 GB", p.reader.path, p.rows)
		}
	}
	if r := p.reader; r.taken.Add(int64(len(b.Data)+len(b.Start)+8*(len(reused.ints)-len(ints)))) > r.limit {
		return nil, fmt.Errorf("%s: %w", r.path, stream.Over(r.limit, r.size))
	}
	reused.data = b.Data
	b.Release = func() { free.Put(reused) }
	header := p.reader.header
	b.Raw = func(r int) string { return rawRow(header, b, r) }
	// Cells follow one another in Data; so they are all valid when Data is and none
	// begins inside a character.
	if w.inside || !utf8.Valid(b.Data) || bytes.IndexByte(b.Data, 0) >= 0 {
		p.rejectTexts(b)
	}
	return b, nil
}

// rejectTexts takes out the rows whose texts cannot be stored as text.
func (p *piece) rejectTexts(b *ingest.Block) {
	b.Texts()
	kept := 0
	for r := range b.Lines {
		bad := -1
		for c, col := range p.reader.columns {
			if cell, ok := b.Cell(r, c); ok && col.text && bad < 0 && (!utf8.Valid(cell) || bytes.IndexByte(cell, 0) >= 0) {
				bad = c
			}
		}
		if bad >= 0 {
			cell, _ := b.Cell(r, bad)
			reason := "not valid UTF-8"
			if utf8.Valid(cell) {
				reason = "holds a NUL character"
			}
			b.Bad = append(b.Bad, ingest.Reject{
				Line: b.Lines[r], Column: p.reader.header[bad], Value: stream.Printable(cell), Reason: reason, Raw: b.Raw(r),
			})
			continue
		}
		n := b.Columns
		copy(b.Start[kept*n:(kept+1)*n], b.Start[r*n:(r+1)*n])
		copy(b.End[kept*n:(kept+1)*n], b.End[r*n:(r+1)*n])
		b.Lines[kept] = b.Lines[r]
		kept++
	}
	b.Lines, b.Start, b.End = b.Lines[:kept], b.Start[:kept*b.Columns], b.End[:kept*b.Columns]
}

// rawRow writes a row as a JSON object of texts: Parquet has no rows to show.
func rawRow(header []string, b *ingest.Block, r int) string {
	var out strings.Builder
	encode := json.NewEncoder(&out)
	encode.SetEscapeHTML(false)
	text := func(s string) {
		// Encoding a string cannot fail, and ends with a line end.
		_ = encode.Encode(s)
	}
	var line []string
	for c, name := range header {
		out.Reset()
		text(name)
		key := strings.TrimSuffix(out.String(), "\n")
		value := "null"
		if cell, ok := b.Cell(r, c); ok {
			out.Reset()
			text(stream.Printable(cell))
			value = strings.TrimSuffix(out.String(), "\n")
		}
		line = append(line, key+":"+value)
	}
	return "{" + strings.Join(line, ",") + "}"
}
