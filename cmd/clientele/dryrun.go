package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"
	"golang.org/x/text/width"

	"clientele/engine"
	"clientele/engine/report"
	"clientele/engine/table"
)

// inspect shows what loading files would do.
func (a *app) inspect(ctx context.Context, e *engine.Engine, found engine.Discovered, opt *ingestFlags) error {
	all, err := e.Inspect(ctx, found.Loadings, opt.rows)
	if err != nil {
		return err
	}
	missing := found.Unrecognised()
	if len(all) == 1 && len(missing) == 0 && all[0].Err != nil {
		return all[0].Err
	}
	for _, in := range all {
		if in.State == engine.StateRefused {
			err = engine.ErrRefused
		}
	}
	if len(missing) > 0 && (opt.strict || len(all) == 0) || slices.ContainsFunc(missing, damaged) {
		err = engine.ErrUnrecognised
	}
	if len(all) > 1 {
		a.remarkLoaded(a.surprises(found, noted(all)))
	}
	return errors.Join(a.inspected(all, missing), err)
}

// noted are files with what is noted of them.
func noted(all []engine.Inspected) (out []engine.Loaded) {
	for _, in := range all {
		out = append(out, engine.Loaded{Batch: in.Batch, Source: in.Source, Path: in.Path, State: in.State, Notes: in.Notes})
	}
	return out
}

// inspected prints all of one file, or a row for each of several.
func (a *app) inspected(all []engine.Inspected, missing []engine.Found) error {
	if a.format == "json" {
		return a.inspectedJSON(all, missing)
	}
	if len(all) == 1 && len(missing) == 0 && a.format == "table" {
		return a.inspection(all[0])
	}
	if len(all) > 0 || a.format == "csv" {
		if err := a.rows(inspectedTable(all, missing, a.format == "csv")); err != nil || a.format == "csv" {
			return err
		}
		fmt.Fprintln(a.out)
	}
	for _, in := range all {
		if in.Refused != "" {
			fmt.Fprintf(a.out, "%s would be refused: %s\n", in.Path, in.Refused)
		}
	}
	return a.missing(missing)
}

func inspectedTable(all []engine.Inspected, missing []engine.Found, every bool) *table.Table {
	var rows []fileRow
	for _, in := range all {
		rows = append(rows, fileRow{in.Path, title(in), in.Kind, in.Source, wouldBe(in.State), []int64{in.Read, in.Accepted, in.Duplicates, in.Rejected}})
	}
	for _, f := range missing {
		if every {
			rows = append(rows, missingRow(f))
		}
	}
	return filesTable(rows)
}

func title(in engine.Inspected) string {
	if in.Title == "" {
		return "by its columns"
	}
	return in.Title
}

// wouldBe words the state that a file would have.
func wouldBe(state string) string {
	switch state {
	case engine.StateLoaded:
		return "would load"
	case engine.StateRefused:
		return "would be refused"
	}
	return state
}

// inspectedJSON writes everything as one object.
func (a *app) inspectedJSON(all []engine.Inspected, missing []engine.Found) error {
	type file struct {
		engine.Inspected
		First  rawRows `json:"first_rows"`
		Brings rawRows `json:"brings"`
	}
	files := make([]file, len(all))
	for i, in := range all {
		files[i] = file{in, rawRows{in.First}, rawRows{in.Brings}}
	}
	return writeJSON(a.out, struct {
		Files        []file         `json:"files"`
		Unrecognised []engine.Found `json:"unrecognised"`
	}{files, append([]engine.Found{}, missing...)})
}

// rawRows is a table as a JSON array of objects.
type rawRows struct{ *table.Table }

// MarshalJSON writes the rows.
func (r rawRows) MarshalJSON() ([]byte, error) {
	if r.Table == nil || r.Rows() == 0 {
		return []byte("[]"), nil
	}
	var b strings.Builder
	err := report.Write(&b, r.Table, "json", report.Options{})
	return []byte(b.String()), err
}

// inspection prints all that is known of one file.
func (a *app) inspection(in engine.Inspected) error {
	what := "not an export that is known: taken for " + in.Kind + " by its columns"
	if in.Title != "" {
		what = in.Title + "  " + in.TitleZH
	}
	fmt.Fprintf(a.out, "%s\n%s\n%s\n%s\n\n%s\n", in.Path, what, dialect(in), zones(in), a.outcome(in))
	if in.Brings != nil && in.Brings.Rows() > 0 {
		fmt.Fprintln(a.out, "\nWhat it holds:")
		if err := a.rows(in.Brings); err != nil {
			return err
		}
	}
	fed := newRows("column", "from", "known_by")
	for _, c := range in.Columns {
		fed.add(c.Column, from(c), knownBy(c.How))
	}
	fmt.Fprintf(a.out, "\nColumns (%d):\n", len(in.Columns))
	if err := a.rows(fed.table()); err != nil {
		return err
	}
	if len(in.Unused) > 0 {
		fmt.Fprintf(a.out, "\nNot used (%d): %s\n", len(in.Unused), strings.Join(in.Unused, ", "))
	}
	notes := slices.DeleteFunc(slices.Clone(in.Notes), func(n string) bool { return in.Title != "" && strings.HasSuffix(n, in.Title) }) // said above
	if len(notes) > 0 {
		fmt.Fprintln(a.out, "\nNotes:")
		for _, n := range notes {
			fmt.Fprintf(a.out, "  %s\n", n)
		}
	}
	if err := a.firstRows(in.First); err != nil {
		return err
	}
	return a.faults(in)
}

// dialect says how the file is written and as what it is loaded.
func dialect(in engine.Inspected) string {
	parts := []string{in.Format}
	if in.Encoding != "" {
		parts = append(parts, in.Encoding)
	}
	if in.Delimiter != "" {
		parts = append(parts, "delimiter "+strconv.Quote(in.Delimiter))
	}
	return strings.Join(append(parts, "kind "+in.Kind, "source "+in.Source), ", ")
}

// zones says whose times the file has and whose days are counted.
func zones(in engine.Inspected) string {
	if in.Zone == "" || in.Zone == in.Days {
		return "times and days of " + in.Days
	}
	return fmt.Sprintf("times of %s, days of %s", in.Zone, in.Days)
}

// outcome says what becomes of the file.
func (a *app) outcome(in engine.Inspected) string {
	word := "rows"
	if in.Read == 1 {
		word = "row"
	}
	rows := fmt.Sprintf("%s %s: %s accepted, %s duplicates, %s rejected",
		grouped(in.Read), word, grouped(in.Accepted), grouped(in.Duplicates), grouped(in.Rejected))
	switch in.State {
	case engine.StateKnown:
		return fmt.Sprintf("Is loaded already as batch %d, with %s. Nothing would be done.", in.Batch, rows)
	case engine.StateRefused:
		return fmt.Sprintf("Would be refused, status 3: %s. Nothing is written.", in.Refused)
	}
	return fmt.Sprintf("Would be loaded: %s. Nothing is written.", rows)
}

// from is the column of the file, or what is made of which columns.
func from(c engine.Fed) string {
	if len(c.From) == 0 {
		return c.Header
	}
	made := strings.Join(c.From, ", ")
	if slices.Contains(c.From, c.Header) {
		return made
	}
	return strings.Trim(c.Header, "()") + ": " + made
}

func knownBy(how string) string {
	switch how {
	case "source":
		return "the export"
	case "map":
		return "--map"
	}
	return "its name"
}

// cellWidth is how wide a value is shown where no terminal says how wide it is.
const cellWidth = 22

// firstRows shows rows side by side, a line for each column: files have many
// columns, and values of one meaning are compared most easily next to each other.
func (a *app) firstRows(t *table.Table) error {
	if t == nil || t.Rows() == 0 {
		return nil
	}
	fmt.Fprintln(a.out, "\nFirst rows, as they would be stored:")
	room := a.room(t)
	const block = 5
	for from := 0; from < t.Rows(); from += block {
		part := t.Slice(from, min(from+block, t.Rows()))
		names := []string{"column"}
		for _, line := range part.Ints("line") {
			names = append(names, fmt.Sprintf("line %d", line))
		}
		if from > 0 {
			fmt.Fprintln(a.out)
		}
		rows := newRows(names...)
		for _, c := range part.Columns() {
			if c.Name == "line" {
				continue
			}
			cells := []string{c.Name}
			for i := range part.Rows() {
				cells = append(cells, shorten(a.value(c, i), room))
			}
			rows.add(cells...)
		}
		if err := a.rows(rows.table()); err != nil {
			return err
		}
	}
	return nil
}

// room is how wide a value may be.
func (a *app) room(t *table.Table) int {
	f, ok := a.out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return cellWidth
	}
	total, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return cellWidth
	}
	longest := 0
	for _, c := range t.Columns() {
		longest = max(longest, len(c.Name))
	}
	return max(10, (total-longest)/min(5, t.Rows())-1)
}

// value is a cell for people: instants by the clock of the shop.
func (a *app) value(c *table.Column, row int) string {
	if c.Kind == table.Timestamp && !c.Missing(row) {
		return time.UnixMicro(c.Ints[row]).In(a.zone).Format(time.DateTime)
	}
	if c.Name == "items" && !c.Missing(row) {
		return strings.NewReplacer("\x1f", " ", "\x1e", "; ").Replace(string(c.Texts.At(row)))
	}
	return report.Exact(c, row, a.zone)
}

// shorten cuts a text to a width on the terminal, where a Chinese character takes
// two places.
func shorten(s string, room int) string {
	used, fits := 0, 0
	for i, r := range s {
		wide := 1
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			wide = 2
		}
		if used+wide > room {
			return s[:fits] + "…"
		}
		if used += wide; used < room { // one place stays for the mark
			fits = i + len(string(r))
		}
	}
	return s
}

// faults shows the rows that would be rejected: how many for each reason, and the
// first of them.
func (a *app) faults(in engine.Inspected) error {
	if len(in.Faults) == 0 {
		return nil
	}
	fmt.Fprintf(a.out, "\nRows that would be rejected (%s):\n", grouped(total(in.Faults)))
	texts := newRows("reason", "column", "value")
	rows := table.NewColumn(table.Field{Name: "rows", Kind: table.Int}, len(in.Faults))
	lines := table.NewColumn(table.Field{Name: "first_line", Kind: table.Int}, len(in.Faults))
	for i, f := range in.Faults {
		texts.add(f.Reason, f.Column, shorten(f.Value, 2*cellWidth))
		rows.Ints[i], lines.Ints[i] = f.Rows, f.Line
	}
	c := texts.table().Columns()
	return a.rows(table.New(c[0], c[1], rows, lines, c[2]))
}

func total(faults []engine.Fault) (n int64) {
	for _, f := range faults {
		n += f.Rows
	}
	return n
}
