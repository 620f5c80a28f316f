// Package stream reads the bytes of a file, plain or packed with gzip or
// zstd, from front to back, and cuts them into blocks that end where rows end.
// The readers of text formats are built on it.
//
// Files are read, not mapped into memory: a map of a file that another program
// shortens kills the process with a signal, and a copy out of the page cache
// costs a tenth of what cutting the bytes into cells costs.
package stream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// File is a file read from front to back, unpacked when it is gzip or zstd.
// Several gzip members or zstd frames one after the other are one file.
type File struct {
	Path    string
	Packing string // gzip, zstd; "": not packed
	file    *os.File
	buf     *bufio.Reader
	peek    int
	zstd    *zstd.Decoder
}

// Open opens a file and can then Peek at up to peek bytes of it. A missing
// file, a folder and a file without permission are errors of one line; so is,
// later, a packed file that holds more than Limit(size, expand) bytes.
func Open(path string, peek int, expand int64) (*File, error) {
	file, size, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path, file: file, peek: peek}
	if f.Packing, err = packing(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, plain(err))
	}
	from, err := f.unpacked()
	if err != nil {
		file.Close()
		return nil, f.name(err)
	}
	if f.Packing != "" {
		from = Limited(from, Limit(size, expand), size)
	}
	f.buf = bufio.NewReaderSize(from, peek)
	return f, nil
}

// packing tells by a file's first bytes how it is packed.
func packing(file io.ReaderAt) (string, error) {
	magic := make([]byte, 4)
	n, err := file.ReadAt(magic, 0)
	if err != nil && err != io.EOF {
		return "", err
	}
	switch magic = magic[:n]; {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		return "gzip", nil
	case string(magic) == "\x28\xb5\x2f\xfd":
		return "zstd", nil
	}
	return "", nil
}

// maxWindow is how far back a zstd frame may refer: what the zstd program takes
// without being told otherwise.
const maxWindow = 128 << 20

// unpacked returns the bytes of the file as they were before they were packed.
func (f *File) unpacked() (io.Reader, error) {
	switch f.Packing {
	case "gzip":
		return gzip.NewReader(bufio.NewReaderSize(f.file, 1<<18))
	case "zstd":
		d, err := zstd.NewReader(bufio.NewReaderSize(f.file, 1<<18), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		f.zstd = d
		return d, err
	}
	return f.file, nil
}

// Limit is how many bytes a packed file of the given size may hold: expand, or
// where that is 0 200 times its size, at least 1 GiB and at most 64 GiB. Rows of facts
// pack ten or twenty to one; gzip packs a thousand to one at most, so a limit beyond
// that would never be met, and only what says nothing comes near it.
func Limit(size, expand int64) int64 {
	if expand > 0 {
		return expand
	}
	return min(max(1<<30, 200*min(size, 1<<30)), 64<<30)
}

// errExpands says that a packed file holds more than it may.
type errExpands struct{ limit, size int64 }

func (e *errExpands) Error() string {
	return fmt.Sprintf("holds more than %s in %s packed: unpack it first if it is meant to", Size(e.limit), Size(e.size))
}

// Over is the error of a file of the given size that holds more than limit bytes.
func Over(limit, size int64) error { return &errExpands{limit, size} }

// Expands reports the error of a file that holds more than it may.
func Expands(err error) bool {
	var e *errExpands
	return errors.As(err, &e)
}

// Size writes a number of bytes for people.
func Size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// Limited reads what a file of the given size holds: more than limit bytes are
// an error that says so.
func Limited(from io.Reader, limit, size int64) io.Reader {
	return &limited{from: from, limit: limit, size: size}
}

// limited reads at most limit bytes; more are an error.
type limited struct {
	from  io.Reader
	read  int64
	limit int64
	size  int64 // of the packed file
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	if l.read += int64(n); l.read > l.limit {
		return 0, Over(l.limit, l.size)
	}
	return n, err
}

// Decode makes what is read next come through another reader, that of an
// encoding. What was peeked at and not discarded goes through it too.
func (f *File) Decode(through func(io.Reader) (io.Reader, error)) error {
	from, err := through(f.buf)
	if err == nil {
		f.buf = bufio.NewReaderSize(from, f.peek)
	}
	return err
}

// OpenFile opens a regular file as it is and tells its size.
func OpenFile(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0, fmt.Errorf("%s: no such file", path)
	case err != nil:
		return nil, 0, fmt.Errorf("%s: %w", path, plain(err))
	case info.IsDir():
		return nil, 0, fmt.Errorf("%s: is a folder, not a file", path)
	case !info.Mode().IsRegular():
		return nil, 0, fmt.Errorf("%s: is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, plain(err))
	}
	return file, info.Size(), nil
}

// plain takes the path out of an error of package os: messages here name it once.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// name says what went wrong while reading, and in which file.
func (f *File) name(err error) error {
	packed := f.Packing != ""
	switch {
	case err == nil || err == io.EOF && !packed:
		return err
	case Expands(err):
		return fmt.Errorf("%s: %w", f.Path, err)
	case packed && (errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF):
		return fmt.Errorf("%s: the %s file is cut off before its end", f.Path, f.Packing)
	case packed:
		return fmt.Errorf("%s: the %s file is damaged: %w", f.Path, f.Packing, plain(err))
	}
	return fmt.Errorf("%s: %w", f.Path, plain(err))
}

// Peek returns up to n of the next bytes without consuming them; fewer only at
// the end of the file. n must not exceed the peek given to Open.
func (f *File) Peek(n int) ([]byte, error) {
	b, err := f.buf.Peek(n)
	if err == io.EOF {
		err = nil
	}
	return b, f.name(err)
}

// Discard skips n bytes that Peek has shown.
func (f *File) Discard(n int) error {
	_, err := f.buf.Discard(n)
	return f.name(err)
}

// Read reads as io.Reader says; its errors name the file.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.buf.Read(p)
	if err == io.EOF {
		return n, io.EOF
	}
	return n, f.name(err)
}

// Close closes the file.
func (f *File) Close() error {
	if f.zstd != nil {
		f.zstd.Close()
	}
	return f.file.Close()
}

// ErrLong says that a row is longer than the limit of Blocks.
var ErrLong = errors.New("row is longer than the limit")

// Blocks cuts what it reads into blocks of whole rows.
type Blocks struct {
	From  io.Reader
	Size  int // bytes of a block, about; a longer row makes a longer block
	Limit int // bytes of the longest row
	// LastEnd returns where the last whole row of data ends (0: there is none).
	// It is called again with the same bytes and more after them as long as it
	// returns 0, and with new bytes after it has returned another number. It sees
	// the bytes of every block before Next returns it.
	LastEnd func(data []byte) int
	// Free holds blocks that are no longer in use; their memory is used again.
	Free Free[[]byte]

	buf  []byte // read and not handed out; begins where a row begins
	done bool
}

// slack is room behind a block's bytes, for cells that must be rewritten.
const slack = 1 << 16

func (b *Blocks) buffer(n int) []byte {
	if buf := b.Free.Get(); cap(buf) >= n {
		return buf[:0]
	}
	return make([]byte, 0, n)
}

// Next returns the next block, which then belongs to the caller, or io.EOF.
// Only the last block may end in the middle of a row.
func (b *Blocks) Next() ([]byte, error) {
	if b.done {
		return nil, io.EOF
	}
	if b.buf == nil {
		b.buf = b.buffer(b.Size + slack)
	}
	for want := b.Size; ; want = 2 * len(b.buf) {
		if err := b.fill(want); err == io.EOF {
			b.done = true
			if len(b.buf) == 0 {
				return nil, io.EOF
			}
			b.LastEnd(b.buf) // may keep count of what it sees; all of it is handed out
			return b.buf, nil
		} else if err != nil {
			return nil, err
		}
		if end := b.LastEnd(b.buf); end > 0 {
			block, rest := b.buf[:end], b.buf[end:]
			b.buf = append(b.buffer(max(b.Size, 2*len(rest))+slack), rest...)
			return block, nil
		}
		if len(b.buf) >= b.Limit {
			return nil, ErrLong
		}
	}
}

// fill reads until the buffer holds want bytes; io.EOF says that the file ended.
func (b *Blocks) fill(want int) error {
	if cap(b.buf) < want {
		b.buf = append(make([]byte, 0, want+slack), b.buf...)
	}
	for len(b.buf) < want {
		n, err := b.From.Read(b.buf[len(b.buf):want])
		b.buf = b.buf[:len(b.buf)+n]
		if err != nil {
			return err
		}
	}
	return nil
}

// LastLineEnd is a LastEnd for rows that end at every line end.
func LastLineEnd(data []byte) int { return bytes.LastIndexByte(data, '\n') + 1 }

// Printable returns b as text that can be stored and shown: bytes that are not
// UTF-8, and NUL, are written as \x and two digits.
func Printable(b []byte) string {
	if utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == 0 || r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&out, `\x%02x`, b[0])
		} else {
			out.Write(b[:n])
		}
		b = b[n:]
	}
	return out.String()
}
