package identity

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Pair is a row of a link file: two customer ids as people see them.
type Pair struct {
	Left, Right string
	Forbid      bool   // never one customer; else: one customer
	Place       string // file:line
}

// The limits of a link file.
const (
	maxLinkFile = 256 << 20 // bytes
	maxLinkID   = 1024      // bytes of an id
)

// ReadLinks reads a link file: CSV with a header that names the columns left,
// right and, as one likes, action (merge or forbid; blank is merge) and note. A
// line that begins with # is a comment; an id that begins with it is quoted. name
// is the file's in messages; an error begins with it, and with the line where one
// is at fault.
func ReadLinks(name string, r io.Reader) ([]Pair, error) {
	limited := &io.LimitedReader{R: r, N: maxLinkFile + 1}
	buffered := bufio.NewReader(limited)
	if start, _ := buffered.Peek(3); bytes.Equal(start, []byte("\ufeff")) {
		if _, err := buffered.Discard(3); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	l := &linkReader{name: name, csv: csv.NewReader(buffered)}
	l.csv.Comment, l.csv.FieldsPerRecord, l.csv.ReuseRecord, l.csv.TrimLeadingSpace = '#', -1, true, true
	pairs, err := l.read()
	if limited.N <= 0 { // what else went wrong, it went wrong there
		return nil, fmt.Errorf("%s: is larger than %d MiB, more than a link file may be", name, maxLinkFile>>20)
	}
	return pairs, err
}

type linkReader struct {
	name  string
	csv   *csv.Reader
	width int            // columns of the header
	place map[string]int // of the columns that are there
}

func (l *linkReader) read() ([]Pair, error) {
	header, err := l.csv.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("%s: is empty: its first line must be left,right,action", l.name)
	}
	if err != nil {
		return nil, l.broken(err)
	}
	if err := l.header(header); err != nil {
		return nil, err
	}
	var pairs []Pair
	for {
		record, err := l.csv.Read()
		if err == io.EOF {
			return pairs, nil
		}
		if err != nil {
			return nil, l.broken(err)
		}
		pair, err := l.pair(record)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair)
	}
}

// broken names the place of a fault of the CSV itself.
func (l *linkReader) broken(err error) error {
	if e := (*csv.ParseError)(nil); errors.As(err, &e) {
		if errors.Is(err, csv.ErrQuote) || errors.Is(err, csv.ErrBareQuote) {
			return fmt.Errorf("%s:%d: a quote that does not end, or inside a cell: quote the whole cell and write \"\" for one quote", l.name, e.StartLine)
		}
		return fmt.Errorf("%s:%d: %w", l.name, e.Line, e.Err)
	}
	return fmt.Errorf("%s: %w", l.name, err)
}

func (l *linkReader) header(record []string) error {
	l.place, l.width = map[string]int{}, len(record)
	for i, cell := range record {
		column := strings.ToLower(strings.TrimSpace(cell))
		switch column {
		case "left", "right", "action", "note":
		default:
			return l.fault("column %q is none of left, right, action and note", cell)
		}
		if _, twice := l.place[column]; twice {
			return l.fault("column %s stands twice", column)
		}
		l.place[column] = i
	}
	for _, column := range []string{"left", "right"} {
		if _, ok := l.place[column]; !ok {
			return l.fault("no column %s: the first line must be left,right,action", column)
		}
	}
	return nil
}

func (l *linkReader) pair(record []string) (Pair, error) {
	if len(record) != l.width {
		return Pair{}, l.fault("%d columns where the header has %d", len(record), l.width)
	}
	p := Pair{Place: l.name + ":" + strconv.Itoa(l.line())}
	var err error
	if p.Left, err = l.id(record, "left"); err != nil {
		return Pair{}, err
	}
	if p.Right, err = l.id(record, "right"); err != nil {
		return Pair{}, err
	}
	if p.Left == p.Right {
		return Pair{}, l.fault("left and right are both %q", p.Left)
	}
	if i, ok := l.place["action"]; ok {
		switch action := strings.TrimSpace(record[i]); strings.ToLower(action) {
		case "", "merge":
		case "forbid":
			p.Forbid = true
		default:
			return Pair{}, l.fault("column action: %q: not merge or forbid", action)
		}
	}
	return p, nil
}

func (l *linkReader) id(record []string, column string) (string, error) {
	id := strings.TrimSpace(record[l.place[column]])
	switch {
	case id == "":
		return "", l.fault("column %s: no customer id", column)
	case len(id) > maxLinkID:
		return "", l.fault("column %s: an id of %d bytes: at most %d make sense", column, len(id), maxLinkID)
	case !utf8.ValidString(id):
		return "", l.fault("column %s: %q: not UTF-8 text: save the file as UTF-8", column, id)
	}
	return strings.Clone(id), nil
}

// line is where the record that was read last begins.
func (l *linkReader) line() int {
	line, _ := l.csv.FieldPos(0)
	return line
}

func (l *linkReader) fault(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", l.name, l.line(), fmt.Sprintf(format, args...))
}

// Contradiction is a link that forbids what other links demand.
type Contradiction struct {
	Forbids string   // place of the link that forbids
	Merges  []string // places of those that join the two
}

// Error names the lines.
func (c *Contradiction) Error() string {
	verb := "merges"
	if len(c.Merges) > 1 {
		verb = "merge"
	}
	merges := c.Merges
	more := ""
	if len(merges) > 3 {
		more = fmt.Sprintf(" and %d more", len(merges)-3)
		merges = merges[:3]
	}
	if len(merges) == 0 {
		return fmt.Sprintf("%s: forbids to join an id with itself: both columns name the same customer", c.Forbids)
	}
	return fmt.Sprintf("%s: forbids to join two ids that %s%s %s: take one of these lines out", c.Forbids, strings.Join(merges, ", "), more, verb)
}
