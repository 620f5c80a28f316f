package ingest

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Source is one export of one platform, recognised by columns that it always
// has. It says what its columns mean where their names alone do not, and how its
// rows are mended before they are converted. A Source is not changed once made.
type Source struct {
	Name    string // shopify_orders
	Title   string // for people: "Shopify orders export"
	TitleZH string // the same in Chinese
	Kind    string // of its rows: orders, customers ...
	Orders  string // of order-lines: the export that has their orders, whose source they share; empty: none

	// Signature are columns that every such export has, whatever else comes and
	// goes. Where a column has had several names, they are separated by |. Names
	// are compared as everywhere: without case, blanks, _ - . and in NFKC form.
	Signature []string
	// Without are columns that tell this export from another one whose signature
	// it has as well: with any of them it is not this one.
	Without []string

	// Map says from which column a canonical one is read: header names separated
	// by |, the first one that the file has; "-" for none. A canonical column that is
	// not in Map is recognised by name among the columns that Map does not use.
	Map map[string]string
	// Only says that no column is recognised by name: what Map leaves out is not read.
	Only bool
	// Status are words for the state of an order that statuses.tsv does not have, or
	// has with another meaning.
	Status map[string]string
	Zone   *time.Location // of times that name none; nil: the business zone
	Dates  string         // order of day and month where the cells leave it open: dmy, mdy; "": found out
	// Amount says what the amount in a row is of, in files with one row per line
	// item: "order" (it is repeated, or on one row of the order) or "line"; "" where
	// it is found out, or rows are orders.
	Amount  string
	NoBuyer bool     // the export does not say who bought
	ShopIDs bool     // its customer ids are those of the shop, not of a platform
	Notes   []string // for people, with every file: what its amounts mean ...

	// Fill are columns that stand only on the first row of an order. Rows below it
	// with the same value in the column FillBy take them over where they are blank.
	Fill   []string
	FillBy string

	// Adds are columns that the export does not have and Mend fills. Map names them
	// like columns of the file; so that nobody mistakes them for one, the names are in
	// brackets: "(consent by file name)".
	Adds []string
	// From says of a column that Mend fills, or fills up, from which columns of the file
	// it is made: names separated by |, that whose value it mostly is first; NAME* stands
	// for all that begin with NAME.
	From map[string]string
	// Mend returns a function that puts the cells of a run of rows right before they
	// are converted, or nil when the file needs none. It is called once for each pass
	// over the file; what it returns is called from several goroutines at once, with
	// different rows, and must not keep anything between calls.
	Mend func(h *Header) func(*Cells)
}

// Header is what a Source sees of a file before its rows: the names of the columns,
// those of Adds at the end, and the name of the file.
type Header struct {
	Names []string
	File  string // base name: subscribed_members_export_1a2b.csv
	dates string // what is known of the order of day and month: Options.Dates
	notes []string
	asked map[int]bool // columns that somebody asked for
}

// Column finds a column by the first of the names that the file has, compared like
// signatures. It is -1 when there is none, which Cells takes for a column without
// values.
func (h *Header) Column(names ...string) int {
	for _, n := range names {
		if i := findHeader(h.Names, n); i >= 0 {
			h.asked[i] = true
			return i
		}
	}
	return -1
}

// Columns returns the columns whose name begins with a prefix, compared like
// signatures, in the order of the file.
func (h *Header) Columns(prefix string) []int {
	var found []int
	for i, n := range h.Names {
		if strings.HasPrefix(fold(n), fold(prefix)) {
			found = append(found, i)
			h.asked[i] = true
		}
	}
	return found
}

// order is how dates are read that could be read in two ways, as far as it is known
// before the rows are: day first unless the user says otherwise.
func (h *Header) order() dateOrder {
	if h.dates == "mdy" {
		return orderMDY
	}
	return orderDMY
}

// Note adds a note for people about this file.
func (h *Header) Note(text string) { h.notes = append(h.notes, text) }

// Cells are the cells of a run of whole rows, to be read and changed by row and
// column. Columns come from Header.Column.
type Cells struct {
	block   *Block
	decimal string // auto or "", "." or ","
}

// Rows is the number of rows.
func (c *Cells) Rows() int { return c.block.Rows() }

// Get returns a trimmed cell, empty when it is blank, absent, or of column -1. It
// must not be written to.
func (c *Cells) Get(row, column int) []byte {
	if column < 0 {
		return nil
	}
	return cell(c.block, row, column)
}

// Set puts a text into a cell; an empty one makes it absent.
func (c *Cells) Set(row, column int, text []byte) {
	if column < 0 {
		return
	}
	if len(text) == 0 {
		c.Clear(row, column)
		return
	}
	b := c.block
	i := row*b.Columns + column
	b.Start[i] = uint32(len(b.Data))
	b.Data = append(b.Data, text...)
	b.End[i] = uint32(len(b.Data))
}

// SetString is Set for a string.
func (c *Cells) SetString(row, column int, text string) { c.Set(row, column, []byte(text)) }

// Copy gives the cell of one column the value of another one in the same row.
func (c *Cells) Copy(row, to, from int) {
	if to < 0 {
		return
	}
	if from < 0 {
		c.Clear(row, to)
		return
	}
	b := c.block
	i, j := row*b.Columns+to, row*b.Columns+from
	b.Start[i], b.End[i] = b.Start[j], b.End[j]
}

// Clear makes a cell absent.
func (c *Cells) Clear(row, column int) {
	if column < 0 {
		return
	}
	i := row*c.block.Columns + column
	c.block.Start[i], c.block.End[i] = 1, 0
}

// Money reads a cell as an amount in units of 1/10,000. told says that there is one;
// ok is false when the cell holds something else. As long as the user has not said
// what stands before decimals, each cell is read as it can be: 12.50 and 12,50.
func (c *Cells) Money(row, column int) (units int64, told, ok bool) {
	v := c.Get(row, column)
	if absentAmount(v) {
		return 0, false, true
	}
	style, other := stylePoint, styleComma
	if c.decimal == "," {
		style, other = styleComma, stylePoint
	}
	units, reason := parseMoney(v, style)
	if reason != "" && (c.decimal == "" || c.decimal == "auto") {
		units, reason = parseMoney(v, other)
	}
	return units, reason == "", reason == ""
}

// SetMoney puts an amount in units of 1/10,000 into a cell, so that it is read as
// that amount.
func (c *Cells) SetMoney(row, column int, units int64) {
	text := appendDecimal(nil, units)
	if c.decimal == "," {
		text = bytes.Replace(text, []byte("."), []byte(","), 1)
	}
	c.Set(row, column, text)
}

// SetDifference puts one amount less the others into a cell of a column that Mend
// fills. A blank one leaves it blank; a cell that is no amount is put there itself,
// for its row to be rejected with it.
func (c *Cells) SetDifference(row, to, from int, less ...int) {
	rest, told, ok := c.Money(row, from)
	if !told || !ok {
		c.Copy(row, to, from)
		return
	}
	for _, column := range less {
		units, _, ok := c.Money(row, column)
		if !ok {
			c.Copy(row, to, column)
			return
		}
		rest -= units
	}
	c.SetMoney(row, to, rest)
}

// alternatives are the names of one column in a Source: "A|B".
func alternatives(names string) []string { return strings.Split(names, "|") }

// matches reports whether a header, folded, has the signature.
func (s *Source) matches(folded map[string]bool) bool {
	for _, names := range s.Signature {
		if !slices.ContainsFunc(alternatives(names), func(n string) bool { return folded[fold(n)] }) {
			return false
		}
	}
	return !slices.ContainsFunc(s.Without, func(n string) bool { return folded[fold(n)] })
}

// Recognise returns the source whose signature the columns of a file have, the one
// with the longest signature if there are several, or nil when there is none or two
// are as long.
func Recognise(header []string) *Source {
	folded := make(map[string]bool, len(header))
	for _, h := range header {
		folded[fold(h)] = true
	}
	var best *Source
	tie := false
	for _, s := range Sources() {
		switch {
		case !s.matches(folded), best != nil && len(s.Signature) < len(best.Signature):
		case best != nil && len(s.Signature) == len(best.Signature):
			tie = true
		default:
			best, tie = s, false
		}
	}
	if tie {
		return nil
	}
	return best
}

// options are what the user said about a file, completed by what its source knows.
func (s *Source) options(opt Options) Options {
	if s == nil {
		return opt
	}
	if s.Dates != "" && (opt.Dates == "" || opt.Dates == "auto") {
		opt.Dates = s.Dates
	}
	if opt.Times == nil {
		opt.Times = s.Zone
	}
	if len(s.Status) > 0 {
		all := map[string]string{}
		for word, status := range s.Status {
			all[fold(word)] = status
		}
		for word, status := range opt.Status {
			all[fold(word)] = status
		}
		opt.Status = all
	}
	return opt
}

// adds are the columns that the source adds to those of a file.
func (s *Source) adds() []string {
	if s == nil {
		return nil
	}
	return s.Adds
}

// wrap makes an opener whose readers deliver mended rows.
func (s *Source) wrap(open OpenFunc) OpenFunc {
	if s == nil || s.Mend == nil && len(s.Fill) == 0 {
		return open
	}
	return func(path string, opt Options) (Reader, Detected, error) {
		r, found, err := open(path, opt)
		if err != nil {
			return nil, found, err
		}
		r, h := s.mended(r, path, opt)
		found.Notes = slices.Concat(found.Notes, h.notes)
		return r, found, nil
	}
}

// mended wraps one reader. The Header has what was noted and asked for.
func (s *Source) mended(r Reader, path string, opt Options) (Reader, *Header) {
	h := &Header{Names: slices.Concat(r.Header(), s.adds()), File: filepath.Base(path), dates: opt.Dates, asked: map[int]bool{}}
	if s == nil || s.Mend == nil && len(s.Fill) == 0 {
		return r, h
	}
	m := &mendedReader{Reader: r, columns: len(h.Names), decimal: opt.Decimal}
	if s.Mend != nil {
		m.mend = s.Mend(h)
	}
	if key := h.Column(s.FillBy); s.FillBy != "" && key >= 0 {
		m.key = key
		for _, name := range s.Fill {
			if i := h.Column(name); i >= 0 {
				m.fill = append(m.fill, i)
			}
		}
	}
	return m, h
}

// madeOf are the columns of the file from which the source makes one, as far as its
// Mend asked for them; nil where the column is what the file has.
func (s *Source) madeOf(column string, h *Header) []int {
	if s == nil {
		return nil
	}
	var from []int
	for _, name := range alternatives(s.From[column]) {
		prefix, many := strings.CutSuffix(name, "*")
		for i, n := range h.Names {
			if h.asked[i] && !slices.Contains(from, i) && (fold(n) == fold(name) || many && strings.HasPrefix(fold(n), fold(prefix))) {
				from = append(from, i)
			}
		}
	}
	if len(from) == 1 && h.Names[from[0]] == column {
		return nil
	}
	return from
}

// mendedReader is a reader whose blocks have the columns of a source and are
// mended. Its Header stays that of the file.
type mendedReader struct {
	Reader
	columns int
	decimal string       // what the user said of decimal signs
	mend    func(*Cells) // nil: none
	fill    []int        // columns to fill from the row above
	key     int          // column that says which rows belong together
	above   []string     // key, then the columns of fill, of the row before
}

// Notes are those of the reader.
func (m *mendedReader) Notes() []string {
	if n, ok := m.Reader.(interface{ Notes() []string }); ok {
		return n.Notes()
	}
	return nil
}

// Next returns the next piece. Where rows take over what stands above them, it is
// parsed here, one after the other, because the row above may be in the piece before.
func (m *mendedReader) Next() (Piece, error) {
	p, err := m.Reader.Next()
	if err != nil {
		return nil, err
	}
	p = mendedPiece{p, m}
	if len(m.fill) == 0 {
		return p, nil
	}
	b, err := p.Parse()
	if err != nil {
		return nil, err
	}
	m.takeOver(&Cells{block: b})
	return parsed{b}, nil
}

// takeOver fills blank cells from the row above that has the same key.
func (m *mendedReader) takeOver(c *Cells) {
	if m.above == nil {
		m.above = make([]string, 1+len(m.fill))
	}
	for r := range c.Rows() {
		key := c.Get(r, m.key)
		same := len(key) > 0 && string(key) == m.above[0]
		if !same {
			m.above[0] = string(key)
		}
		for i, column := range m.fill {
			v := c.Get(r, column)
			switch above := &m.above[i+1]; {
			case len(v) > 0:
				if string(v) != *above {
					*above = string(v)
				}
			case same:
				c.SetString(r, column, *above)
			default:
				*above = ""
			}
		}
	}
}

type mendedPiece struct {
	piece  Piece
	reader *mendedReader
}

// Parse parses the piece and mends a copy of its block: the piece's own stays as it
// is, because the rows of rejects are shown from it.
func (p mendedPiece) Parse() (*Block, error) {
	b, err := p.piece.Parse()
	if err != nil {
		return nil, err
	}
	b.Texts()
	m := *b
	m.Columns = p.reader.columns
	rows := m.Rows()
	m.Start, m.End = make([]uint32, rows*m.Columns), make([]uint32, rows*m.Columns)
	for r := range rows {
		to, from := r*m.Columns, r*b.Columns
		copy(m.Start[to:], b.Start[from:from+b.Columns])
		copy(m.End[to:], b.End[from:from+b.Columns])
		for i := to + b.Columns; i < to+m.Columns; i++ {
			m.Start[i] = 1 // absent
		}
	}
	if p.reader.mend != nil {
		p.reader.mend(&Cells{block: &m, decimal: p.reader.decimal})
	}
	return &m, nil
}

// recognised is what is noted of a file of a source.
func (s *Source) recognised() string { return fmt.Sprintf("recognised as %s", s.Title) }
