package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/queries"
)

// Reconciling is what to reconcile.
type Reconciling struct {
	Source    string    // empty: every source, and all of them together
	By        string    // month or year
	Totals    []Total   // what the figures should be
	Tolerance Tolerance // how far from that they may be
}

// Reconciled is what the store has beside what was expected.
type Reconciled struct {
	// Figures has a row for each source and period and for the totals. Where
	// totals were given it also has, of each measure in them, what was expected
	// and the difference, what is stored less what was expected.
	Figures    *table.Table
	NotCounted *table.Table // orders that are kept and never count, by source and status
	Compared   int          // figures compared
	Differing  int          // figures further apart than the tolerance
}

// ErrDiffers says that figures differ from the totals given.
var ErrDiffers = errors.New("figures differ from the totals given")

// AllSources and AllTime stand where a row is of all sources or of all time.
// Neither can be the name of a source.
const (
	AllSources = "(all)"
	AllTime    = "(all)"
)

// Reconcile adds up orders, customers and money by source and period and
// compares them with totals. The error is ErrDiffers when a figure is further
// from its total than the tolerance.
func (e *Engine) Reconcile(ctx context.Context, r Reconciling) (Reconciled, error) {
	var out Reconciled
	if r.By != "month" && r.By != "year" {
		return out, fmt.Errorf("by %q: not month or year", r.By)
	}
	if err := checkTotals(r.Totals, r.Source); err != nil {
		return out, err
	}
	err := e.read(ctx, func(db *duck.DB) error {
		if err := knownSources(ctx, db, r); err != nil {
			return err
		}
		source := sql.Named("source", r.Source)
		sums, err := db.Query(ctx, queries.Get("reconcile/totals").SQL, source)
		if err != nil {
			return err
		}
		if out.NotCounted, err = db.Query(ctx, queries.Get("reconcile/not_counted").SQL, source); err != nil {
			return err
		}
		c := comparison{Reconciling: r, sums: sums}
		c.choose()
		out.Figures = c.table()
		out.Compared, out.Differing = c.compared, c.differing
		return nil
	})
	if err == nil && out.Differing > 0 {
		err = ErrDiffers
	}
	return out, err
}

// checkTotals finds two totals of one thing, and totals that --source leaves out.
func checkTotals(totals []Total, source string) error {
	seen := map[[2]string]string{}
	for _, t := range totals {
		key := [2]string{t.Source, t.Period}
		if first, twice := seen[key]; twice {
			return fmt.Errorf("%s: the source and month of %s once more", t.Place, first)
		}
		seen[key] = t.Place
		if source != "" && t.Source != source {
			return fmt.Errorf("%s: a total of %s, and only source %s is asked for", t.Place, shownSource(t.Source), source)
		}
	}
	return nil
}

func shownSource(name string) string {
	if name == "" {
		return "all sources"
	}
	return "source " + name
}

// knownSources finds a source of which nothing was ever loaded: a slip of the
// pen, not a difference.
func knownSources(ctx context.Context, db *duck.DB, r Reconciling) error {
	t, err := db.Query(ctx, "SELECT DISTINCT source FROM batches ORDER BY source")
	if err != nil {
		return err
	}
	known := texts(t.Column("source"))
	if err := knownSource(ctx, db, known, "", r.Source); err != nil {
		return err
	}
	for _, total := range r.Totals {
		if err := knownSource(ctx, db, known, total.Place+": ", total.Source); err != nil {
			return err
		}
	}
	return nil
}

func knownSource(ctx context.Context, db *duck.DB, known []string, place, name string) error {
	if name == "" || slices.Contains(known, name) {
		return nil
	}
	hint, err := nearest(ctx, db, name, known)
	if err != nil {
		return err
	}
	return fmt.Errorf("%ssource %q: nothing was loaded of it: %s", place, name, hint)
}

// comparison chooses and fills the rows of a reconciliation.
type comparison struct {
	Reconciling
	sums                *table.Table // of every source and period
	rows                []compared
	compared, differing int
}

// compared is one row: a row of the sums, or none, and a total, or none.
type compared struct {
	source, period string
	sum            int // row of the sums, -1: nothing is stored
	total          *Total
}

// choose takes the periods that were asked for, the totals of each source, and
// whatever there is a total to compare with.
func (c *comparison) choose() {
	sources, periods := c.sums.Column("source"), c.sums.Column("period")
	at := map[[2]string]int{}
	for i := range c.sums.Rows() {
		key := [2]string{textAt(sources, i), textAt(periods, i)}
		if key[0] == "" && c.Source != "" {
			continue // all of one source: its own total says it
		}
		at[key] = len(c.rows)
		c.rows = append(c.rows, compared{source: key[0], period: key[1], sum: i})
	}
	for i, t := range c.Totals {
		key := [2]string{t.Source, t.Period}
		row, ok := at[key]
		if !ok {
			row = len(c.rows)
			c.rows = append(c.rows, compared{source: t.Source, period: t.Period, sum: -1})
		}
		c.rows[row].total = &c.Totals[i]
	}
	length := map[string]int{"month": len("2024-01"), "year": len("2024")}[c.By]
	c.rows = slices.DeleteFunc(c.rows, func(r compared) bool {
		return r.total == nil && r.period != "" && (r.source == "" || len(r.period) != length)
	})
	slices.SortFunc(c.rows, func(a, b compared) int {
		if d := compareLast(a.source, b.source); d != 0 {
			return d
		}
		return compareLast(a.period, b.period)
	})
}

// compareLast orders texts with the empty one, the total, last.
func compareLast(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	}
	return strings.Compare(a, b)
}

// table makes the rows a table; the columns of what was expected follow those
// of what there is.
func (c *comparison) table() *table.Table {
	n := len(c.rows)
	source, period := textColumn("source"), textColumn("period")
	for _, r := range c.rows {
		source.Texts.AppendString(orElse(r.source, AllSources))
		period.Texts.AppendString(orElse(r.period, AllTime))
	}
	out := table.New(source, period)
	for _, name := range append(measures(), "not_counted") {
		out.Add(c.stored(name))
	}
	for i, name := range measures() {
		if slices.ContainsFunc(c.Totals, func(t Total) bool { _, ok := t.Figures[name]; return ok }) {
			expected, difference := c.against(name, i >= firstMoney, out.Column(name))
			out.Add(expected)
			out.Add(difference)
		}
	}
	if len(c.Totals) == 0 {
		return out
	}
	agrees := table.NewColumn(table.Field{Name: "agrees", Kind: table.Bool}, n)
	agrees.Null = make([]bool, n)
	for i, r := range c.rows {
		agrees.Null[i] = r.total == nil
		agrees.Bools[i] = r.total != nil && !c.differs(r, out, i)
	}
	out.Add(agrees)
	return out
}

// stored is a measure of each row, zero where nothing is stored.
func (c *comparison) stored(name string) *table.Column {
	from := c.sums.Column(name)
	to := table.NewColumn(table.Field{Name: name, Kind: from.Kind}, len(c.rows))
	for i, r := range c.rows {
		if r.sum >= 0 {
			to.Ints[i] = from.Ints[r.sum]
		}
	}
	return to
}

// against is what was expected of a measure and how far the stored is from it.
func (c *comparison) against(name string, money bool, stored *table.Column) (expected, difference *table.Column) {
	n := len(c.rows)
	expected = table.NewColumn(table.Field{Name: "expected_" + name, Kind: stored.Kind}, n)
	difference = table.NewColumn(table.Field{Name: name + "_difference", Kind: stored.Kind}, n)
	expected.Null, difference.Null = make([]bool, n), make([]bool, n)
	for i, r := range c.rows {
		v, ok := r.figure(name)
		expected.Null[i], difference.Null[i] = !ok, !ok
		if !ok {
			continue
		}
		expected.Ints[i], difference.Ints[i] = v, stored.Ints[i]-v
		c.compared++
		if !c.Tolerance.holds(difference.Ints[i], v, money) {
			c.differing++
		}
	}
	return expected, difference
}

func (r compared) figure(name string) (int64, bool) {
	if r.total == nil {
		return 0, false
	}
	v, ok := r.total.Figures[name]
	return v, ok
}

// differs reports whether a figure of row i is beyond the tolerance.
func (c *comparison) differs(r compared, out *table.Table, i int) bool {
	for m, name := range measures() {
		if v, ok := r.figure(name); ok && !c.Tolerance.holds(out.Column(name).Ints[i]-v, v, m >= firstMoney) {
			return true
		}
	}
	return false
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func textColumn(name string) *table.Column {
	return &table.Column{Field: table.Field{Name: name, Kind: table.Text}, Texts: table.Strings{Offsets: []int32{0}}}
}

// textAt is a text, empty where it is missing.
func textAt(c *table.Column, i int) string {
	if c.Missing(i) {
		return ""
	}
	return string(c.Texts.At(i))
}

func texts(c *table.Column) []string {
	out := make([]string, c.Len())
	for i := range out {
		out[i] = textAt(c, i)
	}
	return out
}

// nearest is a hint for a name that is not known: the nearest that is, or all of
// them when none is near.
func nearest(ctx context.Context, db *duck.DB, name string, known []string) (string, error) {
	best, distance := "", int64(len(name))
	for _, k := range known {
		var d int64
		if err := db.Row(ctx, []any{&d}, "SELECT damerau_levenshtein(lower($name), lower($known))", sql.Named("name", name), sql.Named("known", k)); err != nil {
			return "", err
		}
		if d < distance {
			best, distance = k, d
		}
	}
	switch {
	case best != "" && distance <= int64(max(1, len(best)/3)):
		return fmt.Sprintf("did you mean %q?", best), nil
	case len(known) == 0:
		return "there is none", nil
	}
	return "there are " + strings.Join(known, ", "), nil
}
