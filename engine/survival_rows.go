package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"clientele/engine/report"
	"clientele/engine/table"
	"clientele/ingest"
	"clientele/ingest/formats"
)

// Reading says how a file is read where that cannot be found out.
type Reading struct {
	Format, Encoding, Delimiter, Sheet string
}

// survivalRows are the columns that an analysis reads.
type survivalRows struct {
	name    string // of the file, or "the query"
	file    bool
	rows    int
	columns map[string]*table.Column // by the name asked for
	lines   []int64                  // of a file, by row
	bad     int                      // rows that could not be cut into cells
	first   ingest.Reject            // of these
}

// tolerated is the share of rows that may be no rows.
const tolerated = 0.01

// survivalRows reads the columns that wanted names, being told which there are.
func (e *Engine) survivalRows(ctx context.Context, s Surviving, wanted func(has func(string) bool) []string) (*survivalRows, error) {
	if s.SQL != "" {
		return e.queryRows(ctx, s.SQL, wanted)
	}
	in := &survivalRows{name: s.Path, file: true, columns: map[string]*table.Column{}}
	done := e.stage("read "+s.Path, 0)
	defer done()
	r, _, err := formats.Open(s.Path, ingest.Options{Format: s.Read.Format, Encoding: s.Read.Encoding, Delimiter: s.Read.Delimiter, Sheet: s.Read.Sheet})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	header := r.Header()
	at, err := in.bind(header, wanted)
	if err != nil {
		return nil, err
	}
	for {
		if err := ended(ctx); err != nil {
			return nil, err
		}
		piece, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		b, err := piece.Parse()
		if err != nil {
			return nil, err
		}
		in.take(b, at)
	}
	if in.rows == 0 {
		return nil, fmt.Errorf("%s: no rows below the header", s.Path)
	}
	if float64(in.bad) > tolerated*float64(in.bad+in.rows) {
		return nil, fmt.Errorf("%d of %d rows cannot be read, the first: %w", in.bad, in.bad+in.rows, &ingest.RowError{Path: in.name, Reject: in.first})
	}
	return in, nil
}

// bind finds the columns and returns the places of their cells.
func (in *survivalRows) bind(header []string, wanted func(has func(string) bool) []string) (map[string]int, error) {
	at := map[string]int{}
	for _, name := range wanted(func(name string) bool { i, err := findColumn(header, name); return err == nil && i >= 0 }) {
		if name == "" {
			continue
		}
		i, err := findColumn(header, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", in.name, err)
		}
		if i < 0 {
			return nil, fmt.Errorf("%s: no column %q: there are %s", in.name, name, listNames(header))
		}
		at[name] = i
		in.columns[name] = &table.Column{Field: table.Field{Name: name, Kind: table.Text}, Texts: table.Strings{Offsets: []int32{0}}}
	}
	return at, nil
}

// listNames lists the first names.
func listNames(names []string) string {
	const most = 40
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// findColumn finds a name in a header: as it stands, else without regard to
// case, blanks around it and full-width letters. -1: there is none.
func findColumn(header []string, name string) (int, error) {
	found := -1
	for _, same := range []func(a, b string) bool{
		func(a, b string) bool { return a == b },
		func(a, b string) bool { return strings.EqualFold(plain(a), plain(b)) },
	} {
		for i, h := range header {
			if !same(h, name) {
				continue
			}
			if found >= 0 {
				return -1, fmt.Errorf("column %q stands twice", name)
			}
			found = i
		}
		if found >= 0 {
			break
		}
	}
	return found, nil
}

func plain(s string) string { return strings.TrimSpace(norm.NFKC.String(s)) }

// take appends the cells of a block.
func (in *survivalRows) take(b *ingest.Block, at map[string]int) {
	if len(b.Bad) > 0 {
		if in.bad == 0 {
			in.first = b.Bad[0]
		}
		in.bad += len(b.Bad)
	}
	for name, i := range at {
		c := in.columns[name]
		for r := range b.Rows() {
			v, ok := b.Cell(r, i)
			v = bytes.TrimSpace(v)
			c.Texts.Append(v)
			c.Null = append(c.Null, !ok || len(v) == 0)
		}
	}
	in.lines = append(in.lines, b.Lines...)
	in.rows += b.Rows()
	if b.Release != nil {
		b.Release()
	}
}

// queryRows are the rows of a query.
func (e *Engine) queryRows(ctx context.Context, sql string, wanted func(has func(string) bool) []string) (*survivalRows, error) {
	done := e.stage("query", 0)
	t, err := e.Query(ctx, sql)
	done()
	if err != nil {
		return nil, err
	}
	in := &survivalRows{name: "the query", rows: t.Rows(), columns: map[string]*table.Column{}}
	var header []string
	for _, c := range t.Columns() {
		header = append(header, c.Name)
	}
	at, err := in.bind(header, wanted)
	if err != nil {
		return nil, err
	}
	for name, i := range at {
		in.columns[name] = t.Columns()[i]
	}
	if in.rows == 0 {
		return nil, errors.New("the query has no rows")
	}
	return in, nil
}

// notes warns of rows that could not be read.
func (in *survivalRows) notes(out *Survived) {
	if in.bad == 0 {
		return
	}
	first := (&ingest.RowError{Path: in.name, Reject: in.first}).Error()
	out.doubt(in.name, "unreadable_rows",
		fmt.Sprintf("%d rows cannot be read and are left out, the first: %s", in.bad, first),
		fmt.Sprintf("%d 行无法读取，未计入，第一行为：%s", in.bad, first))
}

func (in *survivalRows) column(name string) *table.Column { return in.columns[name] }

// wrong is an error of a cell.
func (in *survivalRows) wrong(column string, row int, reason string) error {
	value := report.Exact(in.columns[column], row, nil)
	if in.file {
		return &ingest.RowError{Path: in.name, Reject: ingest.Reject{Line: in.lines[row], Column: column, Value: value, Reason: reason}}
	}
	return fmt.Errorf("row %d of the query: column %s: %q: %s", row+1, column, value, reason)
}

// place words an error of a row by where it stands.
func (in *survivalRows) place(column string, err error) error {
	var r *rowAt
	if !errors.As(err, &r) {
		return err
	}
	return in.wrong(column, r.row, r.reason)
}

// parseNumber reads a finite number, full-width digits among them.
func parseNumber(text string) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		v, err = strconv.ParseFloat(plain(text), 64)
	}
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// absent reports what programs write for a number that is missing.
func absent(text string) bool {
	switch strings.ToLower(text) {
	case "", "na", "n/a", "nan", "null", "none", "-":
		return true
	}
	return false
}

// at returns the number in a cell; missing where there is none to be.
func at(c *table.Column, row int) (v float64, missing, ok bool) {
	if c.Missing(row) {
		return math.NaN(), true, true
	}
	switch c.Kind {
	case table.Float:
		v = c.Floats[row]
	case table.Int:
		v = float64(c.Int(row))
	case table.Decimal:
		v = float64(c.Ints[row]) / table.DecimalScale
	case table.Bool:
		if c.Bools[row] {
			v = 1
		}
	case table.Text, table.Category:
		text := report.Exact(c, row, nil)
		if absent(text) {
			return math.NaN(), true, true
		}
		v, ok = parseNumber(text)
		return v, false, ok
	default:
		return math.NaN(), false, false
	}
	return v, false, !math.IsInf(v, 0)
}

// numbers reads a column of numbers that meet a condition; NaN where one is missing.
func (in *survivalRows) numbers(name, reason string, good func(float64) bool) ([]float64, error) {
	c := in.columns[name]
	out := make([]float64, in.rows)
	for i := range out {
		v, missing, ok := at(c, i)
		switch {
		case !ok:
			return nil, in.wrong(name, i, "not a number")
		case !missing && !good(v):
			return nil, in.wrong(name, i, reason)
		}
		out[i] = v
	}
	return out, nil
}

// numbersOrNil reads a column of a regression: nil where it is one of categories.
// A column of numbers but for a few cells is an error that shows one of these.
func (in *survivalRows) numbersOrNil(name string) ([]float64, error) {
	c := in.columns[name]
	out := make([]float64, in.rows)
	wrong, good, bad := -1, 0, 0
	for i := range out {
		v, missing, ok := at(c, i)
		out[i] = v
		switch {
		case missing:
		case ok:
			good++
		default:
			if bad++; wrong < 0 {
				wrong = i
			}
		}
	}
	switch {
	case c.Kind == table.Date || c.Kind == table.Timestamp:
		return nil, fmt.Errorf("%s: column %s holds dates: make a number of it, such as days since a day", in.name, name)
	case bad > 0 && good > 9*bad && good > mostLevels:
		return nil, in.wrong(name, wrong, "not a number, unlike the others")
	case bad > 0:
		return nil, nil
	}
	return out, nil
}

// categories reads a column of names: the levels, numbers by size and others by
// the alphabet, and the level of each row, -1 where it has none.
func (in *survivalRows) categories(c *table.Column, most int) (levels []string, codes []int32, err error) {
	known := map[string]int32{}
	codes = make([]int32, in.rows)
	for i := range codes {
		if codes[i] = -1; c.Missing(i) {
			continue
		}
		text := report.Exact(c, i, nil)
		code, ok := known[text]
		if !ok {
			if len(levels) == most {
				return nil, nil, fmt.Errorf("%s: column %s has more than %d different values, such as %q", in.name, c.Name, most, text)
			}
			code = int32(len(levels))
			known[text], levels = code, append(levels, text)
		}
		codes[i] = code
	}
	sorted := slices.Clone(levels)
	slices.SortFunc(sorted, byNumber)
	to := make([]int32, len(levels))
	for k, text := range sorted {
		to[known[text]] = int32(k)
	}
	for i, code := range codes {
		if code >= 0 {
			codes[i] = to[code]
		}
	}
	return sorted, codes, nil
}

// byNumber orders numbers by size, before texts.
func byNumber(a, b string) int {
	x, isX := parseNumber(a)
	y, isY := parseNumber(b)
	switch {
	case isX && isY:
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
	case isX:
		return -1
	case isY:
		return 1
	}
	return cmp.Compare(a, b)
}

// events reads who left: 1, 0, or -1 where it is not known.
func (in *survivalRows) events(name, value string, valued bool) ([]int8, error) {
	c := in.columns[name]
	out := make([]int8, in.rows)
	if !valued {
		for i := range out {
			if out[i] = truth(c, i); out[i] == unclear {
				return nil, in.unclear(name, i)
			}
		}
		return out, nil
	}
	found := false
	var others []string
	for i := range out {
		if c.Missing(i) {
			out[i] = -1
			continue
		}
		text := report.Exact(c, i, nil)
		if text == value || strings.EqualFold(plain(text), plain(value)) {
			out[i], found = 1, true
		} else if len(others) < 10 && !slices.Contains(others, text) {
			others = append(others, text)
		}
	}
	if !found {
		return nil, fmt.Errorf("%s: column %s is %q in no row: there are %s", in.name, name, value, listNames(others))
	}
	return out, nil
}

// unclear marks a cell that says neither yes nor no.
const unclear = 2

// truth reads a cell that says whether a customer left.
func truth(c *table.Column, row int) int8 {
	if c.Missing(row) {
		return -1
	}
	switch strings.ToLower(plain(report.Exact(c, row, nil))) {
	case "1", "1.0", "true", "t", "yes", "y", "是":
		return 1
	case "0", "0.0", "false", "f", "no", "n", "否":
		return 0
	case "na", "n/a", "nan", "null", "none", "-":
		return -1
	}
	return unclear
}

// unclear is the error of a cell that says neither yes nor no.
func (in *survivalRows) unclear(name string, row int) error {
	value := report.Exact(in.columns[name], row, nil)
	return in.wrong(name, row, fmt.Sprintf("does not say whether the customer left: name the value that does, such as --event %q", name+"="+value))
}

func indexOf(list []string, text string) int {
	if i := slices.Index(list, text); i >= 0 {
		return i
	}
	return slices.IndexFunc(list, func(s string) bool { return strings.EqualFold(plain(s), plain(text)) })
}
