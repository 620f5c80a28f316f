// Package ingest turns files of any dialect into typed columns and rejects.
//
// A Reader (one package per format below this one) cuts a file into pieces, a
// Piece parses itself into a Block of text cells, and one set of converters
// turns cells into the canonical columns of a kind (columns.tsv). Pieces are
// parsed and converted in parallel and delivered in the order of the file.
package ingest

import (
	"fmt"
)

// Reader is an open file of one format. It is used by one goroutine. One that
// also has a method Notes() []string is asked for its notes again after its end.
type Reader interface {
	// Header is the names of the columns, as the file has them.
	Header() []string
	// Next returns the next piece of the file, or io.EOF. It is cheap: what can
	// run in parallel belongs in Piece.Parse.
	Next() (Piece, error)
	Close() error
}

// Piece is a run of whole rows. Parse may run on any goroutine, once.
type Piece interface {
	Parse() (*Block, error)
}

// Block is the rows of one piece as text cells, row by row.
type Block struct {
	Columns int
	Lines   []int64 // line in the file (1 is the first) on which each row starts; a record number where the format has no lines
	Data    []byte  // what the cells point into
	// Cell (row r, column c) is Data[Start[r*Columns+c]:End[r*Columns+c]];
	// Start > End marks a cell that is absent (null), as opposed to empty.
	Start, End []uint32
	// ByColumn says that cells lie column by column instead: at c*Rows()+r.
	ByColumn bool
	// Typed are columns whose values are there besides their texts, by column: nil where
	// there are none, as its entries for other columns are. Their cells are absent until
	// Cell, when it is first asked for one of them, has the texts of the column written.
	// Who looks at Start and End calls Texts before.
	Typed []*Typed
	// Raw returns row r as the file has it, for rejects.
	Raw func(r int) string
	// Bad are rows that could not be cut into cells (ragged, unterminated
	// quote, not an object). They are not among Lines.
	Bad []Reject
	// Release, when not nil, gives the block's memory back to its reader for the
	// next blocks. Calling it is optional, at most once; nothing of the block
	// except Bad may be used afterwards.
	Release func()
}

// Rows is the number of good rows.
func (b *Block) Rows() int { return len(b.Lines) }

// Cell returns a view of one cell and whether it is present.
func (b *Block) Cell(r, c int) ([]byte, bool) {
	i := r*b.Columns + c
	if b.ByColumn {
		i = c*len(b.Lines) + r
	}
	if b.Start[i] > b.End[i] && !(c < len(b.Typed) && b.texts(c) && b.Start[i] <= b.End[i]) {
		return nil, false
	}
	return b.Data[b.Start[i]:b.End[i]], true
}

// Reject is a row that was not stored, and why.
type Reject struct {
	Line   int64
	Column string // header name of the column at fault, "" for the whole row
	Value  string
	Reason string // lower case, no full stop: "not a date", "not a number"
	Raw    string // the row as the file has it
}

// RowError is a Reject as an error that names its file.
type RowError struct {
	Path string
	Reject
}

// Error reads like orders.csv:4: column amount: "oops": not a number.
func (e *RowError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Reason)
	}
	return fmt.Sprintf("%s:%d: column %s: %q: %s", e.Path, e.Line, e.Column, e.Value, e.Reason)
}
