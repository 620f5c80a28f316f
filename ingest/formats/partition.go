package formats

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"clientele/ingest"
)

// Partition is a column that a folder's name gives to every row of the files in it.
type Partition struct {
	Name, Value string
	Absent      bool // the value is null
}

// nullPartition is what Hive and Spark name a folder of rows without a value.
const nullPartition = "__HIVE_DEFAULT_PARTITION__"

// Partitions are the columns that the folders between root and the file at path
// give it, the outermost first: year=2024/month=03 gives year and month. %20 and
// its like stand for characters that paths cannot have. Other folders give
// nothing; a root of "" and a file that is not below it give none.
func Partitions(root, path string) []Partition {
	if root == "" {
		return nil
	}
	folder, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil || !filepath.IsLocal(folder) {
		return nil
	}
	var keys []Partition
	for _, segment := range strings.Split(filepath.ToSlash(folder), "/") {
		name, value, ok := strings.Cut(segment, "=")
		if !ok || name == "" {
			continue
		}
		p := Partition{Name: unescaped(name), Value: unescaped(value)}
		if p.Absent = value == nullPartition; p.Absent {
			p.Value = ""
		}
		keys = slices.DeleteFunc(keys, func(k Partition) bool { return k.Name == p.Name })
		keys = append(keys, p)
	}
	return keys
}

func unescaped(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		s = plain
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// partitionedReader adds columns to the rows of a reader.
type partitionedReader struct {
	ingest.Reader
	header []string
	keys   []Partition
	notes  []string
	free   chan *cells
}

// cells are the slices of one block, used again once the block is released.
type cells struct{ start, end []uint32 }

// partitioned adds the columns that the file does not have itself.
func partitioned(r ingest.Reader, keys []Partition) *partitionedReader {
	p := &partitionedReader{Reader: r, header: slices.Clone(r.Header()), free: make(chan *cells, 64)}
	var added []string
	for _, k := range keys {
		if slices.Contains(p.header, k.Name) {
			p.notes = append(p.notes, fmt.Sprintf("column %q is read from the file, not from its folder %s=%s", k.Name, k.Name, k.Value))
			continue
		}
		p.keys = append(p.keys, k)
		p.header = append(p.header, k.Name)
		added = append(added, fmt.Sprintf("%q", k.Name))
	}
	if len(added) > 0 {
		p.notes = append(p.notes, "columns from the names of folders: "+strings.Join(added, ", "))
	}
	return p
}

// Header is the file's, and behind it the names of the folders.
func (p *partitionedReader) Header() []string { return p.header }

// Notes are the reader's own and which columns came from folders.
func (p *partitionedReader) Notes() []string {
	var notes []string
	if own, ok := p.Reader.(interface{ Notes() []string }); ok {
		notes = slices.Clone(own.Notes())
	}
	return append(notes, p.notes...)
}

// Next returns the reader's next piece, to be widened.
func (p *partitionedReader) Next() (ingest.Piece, error) {
	inner, err := p.Reader.Next()
	if err != nil {
		return nil, err
	}
	return partitionedPiece{inner, p}, nil
}

type partitionedPiece struct {
	ingest.Piece
	reader *partitionedReader
}

// Parse widens the rows of the block. All rows point at one copy of each value.
func (p partitionedPiece) Parse() (*ingest.Block, error) {
	b, err := p.Piece.Parse()
	if err != nil || len(p.reader.keys) == 0 {
		return b, err
	}
	b.Texts()
	wide := p.reader.spare(b.Rows() * (b.Columns + len(p.reader.keys)))
	from, to := make([]uint32, len(p.reader.keys)), make([]uint32, len(p.reader.keys))
	for i, k := range p.reader.keys {
		if from[i] = uint32(len(b.Data)); k.Absent {
			from[i] = 1
			continue
		}
		b.Data = append(b.Data, k.Value...)
		to[i] = uint32(len(b.Data))
	}
	for r := range b.Rows() {
		at := r * b.Columns
		wide.start = append(append(wide.start, b.Start[at:at+b.Columns]...), from...)
		wide.end = append(append(wide.end, b.End[at:at+b.Columns]...), to...)
	}
	release := b.Release
	b.Columns, b.Start, b.End = b.Columns+len(p.reader.keys), wide.start, wide.end
	b.Release = func() {
		if release != nil {
			release()
		}
		select {
		case p.reader.free <- wide:
		default:
		}
	}
	return b, nil
}

// spare returns slices for n cells.
func (p *partitionedReader) spare(n int) *cells {
	select {
	case c := <-p.free:
		c.start, c.end = slices.Grow(c.start[:0], n), slices.Grow(c.end[:0], n)
		return c
	default:
		return &cells{make([]uint32, 0, n), make([]uint32, 0, n)}
	}
}
