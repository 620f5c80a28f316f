package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/queries"
)

// HistoryReading says what of the history of segments is read. Its zero value is all of
// them over all runs.
type HistoryReading struct {
	Segment string // NAME, or SCHEME/NAME where several schemes have the name; empty: all
	Scheme  string // empty: all; not beside Segment
	Span    Span
}

// SegmentDay is a segment on the day of a run. Of the first run of a history who
// entered, left and stayed is not known: -1.
type SegmentDay struct {
	Scheme, Segment string
	AsOf            Day
	Customers       int64
	Share           float64 // of all customers that were scored
	Entered         int64   // not in it in the run before
	New             int64   // of Entered: not scored in the run before
	Left            int64   // in it in the run before and not any more
	Gone            int64   // of Left: not scored any more
	Stayed          int64
	NetRevenue      float64 // of all members together; NaN: not known
	CLV             float64 // of all members together; NaN: not known
}

// History is the history of segments.
type History struct {
	Days     []SegmentDay // by scheme, segment and day
	Warnings []Sentence
}

// Table is the history as rows.
func (h *History) Table() *table.Table {
	g := newGrid("scheme text", "segment text", "as_of date", "customers int", "share float share", "entered int", "new int", "left int", "gone int", "stayed int", "net_revenue float money", "clv float money")
	for _, d := range h.Days {
		g.add(d.Scheme, d.Segment, d.AsOf, int(d.Customers), d.Share, int(d.Entered), int(d.New), int(d.Left), int(d.Gone), int(d.Stayed), d.NetRevenue, d.CLV)
	}
	t := g.section("history").Table
	for _, name := range []string{"entered", "new", "left", "gone", "stayed"} {
		c := t.Column(name)
		c.Null = make([]bool, t.Rows())
		for i, n := range c.Ints {
			c.Null[i] = n < 0
		}
	}
	return t
}

// History reads how segments changed over runs: each run beside the one of the reading
// before it. A segment that is empty in a run stands there with nobody, from the run on
// in which it first had somebody.
func (e *Engine) History(ctx context.Context, r HistoryReading) (*History, error) {
	runs, err := e.spanned(r.Span, 1)
	if err != nil {
		return nil, err
	}
	var out *History
	err = e.read(ctx, func(db *duck.DB) error {
		scheme, segment, err := e.meant(ctx, db, r, runs)
		if err != nil {
			return err
		}
		out, err = e.history(ctx, db, scheme, segment, runs)
		return err
	})
	return out, err
}

// meant finds the scheme and the segment of a reading in the last of the runs that has them.
func (e *Engine) meant(ctx context.Context, db *duck.DB, r HistoryReading, runs []workspace.Run) (scheme, segment string, err error) {
	if r.Segment == "" && r.Scheme == "" {
		return "", "", nil
	}
	var first error
	for _, run := range slices.Backward(runs) {
		all, err := segmentsOf(ctx, db, run)
		if err != nil {
			return "", "", err
		}
		if r.Segment != "" {
			var s segmentName
			if s, err = findSegment(all, r.Segment, run.AsOf); err == nil {
				return s.scheme, s.name, nil
			}
		} else if scheme, err = e.findScheme(all, r.Scheme, run.AsOf); err == nil {
			return scheme, "", nil
		}
		first = cmp.Or(first, err)
	}
	return "", "", first
}

// history reads runs in a database that is open. Of a run under way only the day and
// the folder are needed.
func (e *Engine) history(ctx context.Context, db *duck.DB, scheme, segment string, runs []workspace.Run) (*History, error) {
	const stage = "read the history"
	defer e.stage(stage, int64(len(runs)))()
	h, err := e.historian(ctx, db, scheme, segment)
	if err != nil {
		return nil, err
	}
	out := &History{}
	seen := map[segmentName]bool{}
	for i, run := range runs {
		if err := h.next(run); err != nil {
			return nil, err
		}
		days, err := h.day(run, i == 0, seen)
		if err != nil {
			return nil, err
		}
		out.Days = append(out.Days, days...)
		e.advance(stage, int64(i+1), int64(len(runs)))
	}
	place := map[segmentName]int{}
	for i, s := range e.inOrder(slices.Collect(maps.Keys(seen)), runs...) {
		place[s] = i
	}
	slices.SortStableFunc(out.Days, func(a, b SegmentDay) int {
		return cmp.Compare(place[segmentName{a.Scheme, a.Segment}], place[segmentName{b.Scheme, b.Segment}])
	})
	out.Warnings = h.warnings()
	return out, nil
}

// inOrder sorts segments by scheme, and in the order of each scheme.
func (e *Engine) inOrder(all []segmentName, runs ...workspace.Run) []segmentName {
	of := map[string][]string{}
	for _, s := range all {
		of[s.scheme] = append(of[s.scheme], s.name)
	}
	var out []segmentName
	for _, scheme := range sortedKeys(of) {
		for _, n := range e.nodes(scheme, of[scheme], runs...) {
			out = append(out, segmentName{scheme, n.Key})
		}
	}
	return out
}

// day is what the run that was read last says of each segment that anybody was in.
func (h *historian) day(run workspace.Run, first bool, seen map[segmentName]bool) ([]SegmentDay, error) {
	asOf, err := ParseDay(run.AsOf)
	if err != nil {
		return nil, err
	}
	var all int64
	if err := h.db.Row(h.ctx, []any{&all}, "SELECT count(*) FROM now_people"); err != nil {
		return nil, err
	}
	t, err := h.db.Query(h.ctx, queries.Get("segment/history").SQL)
	if err != nil {
		return nil, fmt.Errorf("segment/history: %w", err)
	}
	there := map[segmentName]SegmentDay{}
	for i := range t.Rows() {
		d := SegmentDay{
			Scheme: string(t.Column("scheme").Texts.At(i)), Segment: string(t.Column("segment").Texts.At(i)), AsOf: asOf,
			Customers: t.Ints("customers")[i], Share: float64(t.Ints("customers")[i]) / float64(all),
			New: t.Ints("new")[i], Gone: t.Ints("gone")[i], Stayed: t.Ints("stayed")[i],
			NetRevenue: floatAt(t, "net_revenue", i), CLV: floatAt(t, "clv", i),
		}
		d.Entered, d.Left = d.Customers-d.Stayed, t.Ints("before")[i]-d.Stayed
		there[segmentName{d.Scheme, d.Segment}] = d
		seen[segmentName{d.Scheme, d.Segment}] = true
	}
	var out []SegmentDay
	for name := range seen {
		d, known := there[name]
		if !known {
			d = SegmentDay{Scheme: name.scheme, Segment: name.name, AsOf: asOf, NetRevenue: math.NaN(), CLV: math.NaN()}
		}
		if first {
			d.Entered, d.New, d.Left, d.Gone, d.Stayed = -1, -1, -1, -1, -1
		}
		out = append(out, d)
	}
	return out, nil
}

// Overlap is what two segments of a run have in common.
type Overlap struct {
	Scheme, Segment           string
	OtherScheme, OtherSegment string
	Size, OtherSize           int64
	Customers                 int64   // in both
	Jaccard                   float64 // of those who are in either: the share who are in both
	// Lift is how many times as many are in both as if one said nothing of the other:
	// customers in both times all customers, over the product of the sizes.
	Lift float64
}

// Overlaps is what the segments of a run have in common.
type Overlaps struct {
	AsOf      Day
	Customers int64 // all of the run
	Segments  []Node
	Counts    [][]int64 // by segment and segment; in the diagonal the sizes
	Pairs     []Overlap // pairs in which segments of one scheme cannot meet are left out unless they were asked for; those most alike first
	Sections  []Section
}

// Section returns the table of that title; nil where there is none.
func (o *Overlaps) Section(title string) *table.Table { return sectionOf(o.Sections, title) }

// OverlapSections are the titles that sections of Overlaps may have: counts, shares (of
// the row's segment), jaccard and lift, a row and a column for each segment, and pairs
// (the same as a list).
func OverlapSections() []string { return []string{"counts", "shares", "jaccard", "lift", "pairs"} }

// Overlap finds how many customers segments of a run have in common: those named (NAME
// or SCHEME/NAME, two at least), or all.
func (e *Engine) Overlap(ctx context.Context, asOf string, segments []string) (*Overlaps, error) {
	run, err := e.current(asOf)
	if err != nil {
		return nil, err
	}
	out := &Overlaps{}
	if out.AsOf, err = ParseDay(run.AsOf); err != nil {
		return nil, err
	}
	err = e.read(ctx, func(db *duck.DB) error {
		defer e.stage("overlap", 0)()
		names, err := segmentsOf(ctx, db, run)
		if err != nil {
			return err
		}
		if len(segments) > 0 {
			if names, err = chosenSegments(names, segments, run.AsOf); err != nil {
				return err
			}
		} else {
			names = e.inOrder(names, run)
		}
		if err := out.count(ctx, db, names); err != nil {
			return err
		}
		out.compare(names, len(segments) == 0)
		return nil
	})
	return out, err
}

// chosenSegments are the segments meant by some words.
func chosenSegments(all []segmentName, words []string, asOf string) ([]segmentName, error) {
	var out []segmentName
	for _, word := range words {
		s, err := findSegment(all, word, asOf)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, s) {
			return nil, fmt.Errorf("segment %q stands twice", word)
		}
		out = append(out, s)
	}
	if len(out) < 2 {
		return nil, fmt.Errorf("segment %q has nothing to overlap with: name two, or none for all", out[0].name)
	}
	return out, nil
}

// count fills in the matrix.
func (o *Overlaps) count(ctx context.Context, db *duck.DB, names []segmentName) error {
	if err := db.Row(ctx, []any{&o.Customers}, "SELECT count(*) FROM one_scores"); err != nil {
		return err
	}
	scheme, segment := textColumn("scheme"), textColumn("segment")
	number := table.NewColumn(table.Field{Name: "number", Kind: table.Int}, len(names))
	for i, s := range names {
		scheme.Texts.AppendString(s.scheme)
		segment.Texts.AppendString(s.name)
		number.Ints[i] = int64(i)
		o.Counts = append(o.Counts, make([]int64, len(names)))
	}
	if err := db.LoadTable(ctx, "overlap_wanted", table.New(scheme, segment, number)); err != nil {
		return err
	}
	t, err := db.Query(ctx, queries.Get("segment/overlap").SQL)
	if err != nil {
		return fmt.Errorf("segment/overlap: %w", err)
	}
	for i, n := range t.Ints("customers") {
		a, b := t.Ints("one")[i], t.Ints("other")[i]
		o.Counts[a][b], o.Counts[b][a] = n, n
	}
	return nil
}

// compare works out what the counts say. apart leaves out pairs of segments that cannot
// have customers in common.
func (o *Overlaps) compare(names []segmentName, apart bool) {
	for _, s := range names { // "Lost" and "lost" are two segments, and two schemes may have a name
		key := s.name
		if slices.ContainsFunc(names, func(other segmentName) bool { return other.name == s.name && other != s }) {
			key = s.String()
		}
		o.Segments = append(o.Segments, Node{key, key, key})
	}
	for i, a := range names {
		for j := i + 1; j < len(names); j++ {
			b := names[j]
			if apart && a.scheme == b.scheme && a.scheme != OwnScheme {
				continue
			}
			v := Overlap{Scheme: a.scheme, Segment: a.name, OtherScheme: b.scheme, OtherSegment: b.name, Size: o.Counts[i][i], OtherSize: o.Counts[j][j], Customers: o.Counts[i][j]}
			v.Jaccard, v.Lift = o.jaccard(i, j), o.lift(i, j)
			o.Pairs = append(o.Pairs, v)
		}
	}
	slices.SortStableFunc(o.Pairs, func(a, b Overlap) int {
		return cmp.Or(cmp.Compare(b.Jaccard, a.Jaccard), cmp.Compare(b.Customers, a.Customers))
	})
	counts := func(i, j int) float64 { return float64(o.Counts[i][j]) }
	shares := func(i, j int) float64 { return counts(i, j) / counts(i, i) }
	o.Sections = []Section{o.wide("counts", table.Int, "customers", counts), o.wide("shares", table.Float, "share", shares),
		o.wide("jaccard", table.Float, "share", o.jaccard), o.wide("lift", table.Float, "times", o.lift), o.pairsSection()}
}

func (o *Overlaps) jaccard(i, j int) float64 {
	both := float64(o.Counts[i][j])
	return both / (float64(o.Counts[i][i]) + float64(o.Counts[j][j]) - both)
}

func (o *Overlaps) lift(i, j int) float64 {
	return float64(o.Counts[i][j]) / float64(o.Counts[i][i]) * float64(o.Customers) / float64(o.Counts[j][j])
}

// wide is a table with a row and a column for each segment.
func (o *Overlaps) wide(title string, kind table.Kind, unit string, cell func(i, j int) float64) Section {
	names := textColumn("segment")
	for _, s := range o.Segments {
		names.Texts.AppendString(s.Key)
	}
	t := table.New(names)
	for j, s := range o.Segments {
		c := table.NewColumn(table.Field{Name: freeName(t, s.Key), Kind: kind, Unit: unit}, len(o.Segments))
		for i := range o.Segments {
			if kind == table.Int {
				c.Ints[i] = int64(cell(i, j))
			} else {
				c.Floats[i] = cell(i, j)
			}
		}
		t.Add(c)
	}
	return Section{title, t}
}

// freeName is the name of a column for a segment: its own, unless that is taken.
func freeName(t *table.Table, segment string) string {
	for t.Lookup(segment) != nil {
		segment = "segment " + segment
	}
	return segment
}

func (o *Overlaps) pairsSection() Section {
	g := newGrid("scheme text", "segment text", "size int", "other_scheme text", "other_segment text", "other_size int", "customers int", "share float share", "other_share float share", "jaccard float share", "lift float times")
	for _, v := range o.Pairs {
		g.add(v.Scheme, v.Segment, int(v.Size), v.OtherScheme, v.OtherSegment, int(v.OtherSize), int(v.Customers),
			float64(v.Customers)/float64(v.Size), float64(v.Customers)/float64(v.OtherSize), v.Jaccard, v.Lift)
	}
	return g.section("pairs")
}
