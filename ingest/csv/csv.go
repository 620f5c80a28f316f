// Package csv reads comma-separated files and their kin (tab, semicolon,
// pipe), plain, gzip or zstd, into blocks of cells. UTF-8, UTF-16 and GB18030
// are found out; every encoding that package charset knows can be named.
//
// What counts as a row:
//
//   - Rows end at \n or \r\n, mixed as they come, and at \r alone in a file that
//     has no other line end outside quotes (old Mac), or where only that makes the
//     rows of the first megabyte as long as the header (files joined together): then
//     every line end, in quotes too, becomes \n. A \r elsewhere is data.
//   - A cell whose first byte is " runs to the closing "; "" in it is one ".
//     A quote further on in a cell is an ordinary character.
//   - Where only that makes sense of the rows of the first megabyte, \" in a quoted
//     cell is one " and \\ one \ (MySQL, Spark).
//   - Empty lines are skipped and not counted as rows.
//   - A row has as many cells as the header. When every row of the sample has one
//     empty cell more (a delimiter ends each line), that cell is expected and
//     dropped; when only the header ends with a delimiter, its last, empty name
//     is dropped. One row alone with a cell too many is rejected: it may be an
//     unquoted delimiter that shifted the others.
//   - A row with a quote that is not closed, or with text after a closing quote,
//     is rejected, one reject for each line it spans, because a stray quote
//     swallows lines that were rows. A quote that stays open for 64 MB is an error.
//   - A row with a NUL byte, or with bytes that are not of the file's encoding, is
//     rejected.
//   - Line numbers count line ends, also those inside quotes.
//
// The file is cut into pieces of about 4 MB at line ends outside quotes; which
// line ends those are is found by walking from quote to quote, which is cheap.
// Pieces are then decoded and cut into cells in parallel.
package csv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"clientele/ingest"
	"clientele/ingest/internal/charset"
	"clientele/ingest/internal/stream"
)

const (
	pieceBytes  = 4 << 20
	rowLimit    = 64 << 20
	sampleBytes = 1 << 20 // what dialect and header are found from
)

// Reader reads one file. It implements ingest.Reader.
type Reader struct {
	file   *stream.File
	blocks stream.Blocks
	scan   scanner
	data   stream.Free[[]byte]
	cells  stream.Free[*buffers]

	header   []string
	dialect  dialect
	want     int // cells that a row must have; one more than the header in a trailing file
	line     int64
	rowLimit int
	notes    []string
}

// buffers are the slices of one block, reused once the block is released.
type buffers struct {
	text       []byte // decoded
	start, end []uint32
	lines      []int64
	rows       []uint32
}

// Open opens the file at path and finds its dialect and header from its first
// megabyte. Options.Format, Encoding and Delimiter override what is found;
// Options.Map naming a cell of the first row settles that it is a header.
func Open(path string, opt ingest.Options) (*Reader, error) {
	return open(path, opt, pieceBytes, rowLimit)
}

func open(path string, opt ingest.Options, piece, limit int) (*Reader, error) {
	file, err := stream.Open(path, sampleBytes, opt.Expand)
	if err != nil {
		return nil, err
	}
	r := &Reader{file: file, line: 1, rowLimit: limit, data: stream.MakeFree[[]byte](), cells: stream.MakeFree[*buffers]()}
	if err := r.start(opt); err != nil {
		file.Close()
		return nil, err
	}
	r.scan.dialect = &r.dialect
	r.blocks = stream.Blocks{From: file, Size: piece, Limit: limit, LastEnd: r.scan.lastEnd, Free: r.data}
	return r, nil
}

// start finds the encoding, the dialect and the header.
func (r *Reader) start(opt ingest.Options) error {
	sample, whole, err := r.peek()
	if err != nil {
		return err
	}
	enc, err := encodingOf(sample, opt.Encoding)
	if err != nil {
		return fmt.Errorf("%s: %w", r.file.Path, err)
	}
	if enc.transform {
		if err := r.file.Decode(func(from io.Reader) (io.Reader, error) { return charset.Reader(from, enc.name) }); err != nil {
			return fmt.Errorf("%s: %w", r.file.Path, err)
		}
		if sample, whole, err = r.peek(); err != nil {
			return err
		}
	}
	d, skip, err := detect(sample, whole, enc, opt)
	if err != nil {
		return fmt.Errorf("%s: %w", r.file.Path, err)
	}
	if d.anyEnd {
		if err := r.file.Decode(func(from io.Reader) (io.Reader, error) { return &lineEnds{from: from}, nil }); err != nil {
			return fmt.Errorf("%s: %w", r.file.Path, err)
		}
		if sample, whole, err = r.peek(); err != nil {
			return err
		}
		notes := d.notes
		if d, skip, err = detect(sample, whole, enc, opt); err != nil {
			return fmt.Errorf("%s: %w", r.file.Path, err)
		}
		d.notes = notes
	}
	r.dialect = d
	text := sample[skip:]
	if d.encoding == gb18030 {
		text, _ = decodeGB18030(nil, text)
	}
	head, err := readHeader(text, whole, &d, opt.Map)
	if err != nil {
		return fmt.Errorf("%s: %w", r.file.Path, err)
	}
	r.header, r.want, r.notes = head.names, head.want, append(d.notes, head.notes...)
	r.line += int64(bytes.Count(sample[:skip], []byte{d.eol}) + head.lines)
	for range head.lines { // the header's end in the file's own bytes
		i := bytes.IndexByte(sample[skip:], d.eol)
		if i < 0 {
			skip = len(sample) // a header and nothing else
			break
		}
		skip += i + 1
	}
	return r.file.Discard(skip)
}

// peek returns the first megabyte, and whether that is the whole file.
func (r *Reader) peek() (sample []byte, whole bool, err error) {
	sample, err = r.file.Peek(sampleBytes)
	if err == nil && len(bytes.TrimSpace(sample)) == 0 {
		err = fmt.Errorf("%s: is empty", r.file.Path)
	}
	return sample, len(sample) < sampleBytes, err
}

// Header is the names of the columns, unquoted, otherwise as the file has
// them: they may be empty or occur twice.
func (r *Reader) Header() []string { return r.header }

// Encoding is "utf-8", "gb18030", "utf-16le", "utf-16be", or the name that
// package charset has for the one asked for. A file that begins with more than a
// megabyte of ASCII is settled when the first other byte is read; until then,
// and in a file of ASCII alone, it is "utf-8".
func (r *Reader) Encoding() string {
	if r.dialect.encoding == gb18030 {
		return charset.GB18030
	}
	return r.dialect.name
}

// Delimiter is the character between cells.
func (r *Reader) Delimiter() string { return string(rune(r.dialect.delim)) }

// Notes says what was inferred about the file, for people.
func (r *Reader) Notes() []string { return r.notes }

// Close closes the file. Pieces and blocks stay valid.
func (r *Reader) Close() error { return r.file.Close() }

// Next returns the next piece: the next 4 MB or so, read and cut off after a
// whole row. What remains to be done with them is Parse's work.
func (r *Reader) Next() (ingest.Piece, error) {
	block, err := r.blocks.Next()
	if errors.Is(err, stream.ErrLong) {
		return nil, &ingest.RowError{Path: r.file.Path, Reject: ingest.Reject{Line: r.line, Reason: r.tooLong()}}
	}
	if err != nil {
		return nil, err
	}
	p := &piece{reader: r, data: block, line: r.line, quotes: r.scan.quotes > 0}
	r.scan.reset()
	r.line += int64(bytes.Count(block, []byte{r.dialect.eol}))
	if r.dialect.encoding == ascii {
		if p.ascii = isASCII(block); !p.ascii {
			if r.dialect.encoding = guessEncoding(block, true); r.dialect.encoding == unknown {
				return nil, fmt.Errorf("%s: %w", r.file.Path, errEncoding)
			}
		}
	}
	p.encoding = r.dialect.encoding
	return p, nil
}

func (r *Reader) tooLong() string {
	size := fmt.Sprintf("%d MB", r.rowLimit>>20)
	if r.scan.inQuote {
		return "a quote opened in the row that begins here is not closed within " + size
	}
	return "the row that begins here is longer than " + size
}

// scanner walks from quote to quote to find where whole rows end. It sees
// quotes as the tokeniser does: one opens a cell only at the cell's beginning.
type scanner struct {
	dialect *dialect
	pos     int // bytes looked at
	skip    int // quotes before this place are dealt with
	outside int // where the present stretch outside quotes begins
	end     int // end of the last whole row found
	inQuote bool
	quotes  int
}

func (s *scanner) reset() { *s = scanner{dialect: s.dialect} }

// lastEnd is the LastEnd of the file's blocks. It takes the quotes out of eight
// bytes at a time, as the tokeniser does with delimiters: in a file that
// quotes every cell they are too close together for a search for each.
func (s *scanner) lastEnd(data []byte) int {
	const quotes = ones * '"'
	near := s.pos // of the last quote: far from it, search
	for s.pos < len(data) {
		at := s.pos
		var found uint64
		if at+8 <= len(data) {
			found = hits(binary.LittleEndian.Uint64(data[at:]) ^ quotes)
			s.pos += 8
			if found == 0 {
				if s.pos-near >= 64 {
					if near = bytes.IndexByte(data[s.pos:], '"') + s.pos; near < s.pos {
						near = len(data)
					}
					s.pos = near
				}
				continue
			}
			near = s.pos
		} else {
			for k := at; k < len(data); k++ {
				if data[k] == '"' {
					found |= 0x80 << (8 * (k - at))
				}
			}
			s.pos = len(data)
		}
		for ; found != 0; found &= found - 1 {
			i := at + bits.TrailingZeros64(found)>>3
			switch {
			case i < s.skip: // the second of a pair
			case s.inQuote && s.dialect.backslash && escaped(data, i):
			case !s.inQuote:
				s.quotes++
				if s.opens(data, i) {
					s.rowEnd(data, i)
					s.inQuote = true
				}
			case i+1 == len(data):
				s.pos = i // what follows says whether it closes: wait for it
				return s.end
			case data[i+1] == '"':
				s.skip = i + 2
			default:
				s.inQuote = false
				s.outside = i + 1
			}
		}
	}
	if !s.inQuote {
		s.rowEnd(data, len(data))
	}
	return s.end
}

// rowEnd looks for a row end in the stretch outside quotes that ends at j.
func (s *scanner) rowEnd(data []byte, j int) {
	if j == s.outside+1 && data[s.outside] != s.dialect.eol {
		return // a delimiter between two quoted cells
	}
	if i := bytes.LastIndexByte(data[s.outside:j], s.dialect.eol); i >= 0 {
		s.end = s.outside + i + 1
	}
}

// opens reports whether the quote at i is the first byte of a cell.
func (s *scanner) opens(data []byte, i int) bool {
	if i == 0 || data[i-1] == s.dialect.eol {
		return true
	}
	if data[i-1] != s.dialect.delim {
		return false
	}
	// In GB18030 a pipe may be the second byte of a character: it is when the
	// bytes above 0x80 right before it are odd in number, the last being a first byte.
	high := 0
	if s.dialect.delim == '|' && s.dialect.encoding == gb18030 {
		for k := i - 2; k >= 0 && data[k] >= 0x80; k-- {
			high++
		}
	}
	return high%2 == 0
}

// piece is a run of whole rows; it implements ingest.Piece.
type piece struct {
	reader   *Reader
	data     []byte
	line     int64
	quotes   bool // data holds a quote
	ascii    bool // data is known to be ASCII
	encoding encoding
}

// Parse decodes the piece and cuts it into cells. The block's cells point into
// the bytes read, except those that held "", which are rewritten behind them.
func (p *piece) Parse() (*ingest.Block, error) {
	r := p.reader
	b := r.cells.Get()
	if b == nil {
		b = new(buffers)
	}
	text, valid := p.data, p.ascii
	switch {
	case p.encoding == gb18030:
		if cap(b.text) == 0 {
			b.text = make([]byte, 0, len(p.data)*3/2+1024)
		}
		var wrong int
		text, wrong = decodeGB18030(b.text[:0], p.data)
		b.text, valid = text, wrong == 0
	case !valid:
		valid = p.encoding.valid(text)
	}
	if bytes.IndexByte(text, 0) >= 0 {
		valid = false
	}
	t := tokens{
		buffers: b, text: text, line: p.line, delim: r.dialect.delim, eol: r.dialect.eol,
		columns: len(r.header), want: r.want, quotes: p.quotes, backslash: r.dialect.backslash,
		valid: valid, encoding: p.encoding, name: r.dialect.name,
	}
	block := t.cut()
	block.Release = func() {
		r.data.Put(p.data)
		r.cells.Put(b)
	}
	return block, nil
}

// rawRow returns a row for a reject, without its line end.
func rawRow(row []byte) string { return stream.Printable(bytes.TrimRight(row, "\r\n")) }
