package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models/stat"
	"clientele/queries"
)

// Move is how many customers went from one place to another, or stayed where From and
// To are the same.
type Move struct {
	From, To  string // keys of nodes
	Customers int64
	CLVBefore float64 // of all of them together, on the first day; NaN: not known
	CLVNow    float64 // on the second day
}

// Kept is what became of one segment between two days: Stayed + Left is Before, and
// Stayed + Entered is Now.
type Kept struct {
	Segment string
	Before  int64
	Stayed  int64
	Left    int64
	Gone    int64 // of Left: not scored any more
	Entered int64
	New     int64 // of Entered: not scored before
	Now     int64
}

// Moves is what became of the customers of a scheme between two runs.
type Moves struct {
	Scheme   string
	From, To Day
	Overlaps bool            // segments of the scheme may share customers: there are no moves from one to another
	Nodes    []Node          // segments in the order of the scheme, then places outside that somebody was at
	Moves    []Move          // where somebody went; empty where segments overlap
	Kept     []Kept          // of each segment
	Test     *stat.TableTest // whether the segment before tells of the one after, among those who had one both times; nil: not asked
	Verdict  Sentence
	Words    []Sentence // the greatest moves or changes, a sentence each
	Warnings []Sentence
	Sections []Section
}

// Section returns the table of that title; nil where there is none.
func (m *Moves) Section(title string) *table.Table { return sectionOf(m.Sections, title) }

func sectionOf(list []Section, title string) *table.Table {
	for _, s := range list {
		if s.Title == title {
			return s.Table
		}
	}
	return nil
}

// MovesSections are the titles that sections of Moves may have: segments (Kept), matrix
// (customers, a row for each place they were at), shares (of each row of it), moves (the
// same as a list), test.
func MovesSections() []string { return []string{"segments", "matrix", "shares", "moves", "test"} }

// Moves compares a scheme between two runs. Without to it is the current run, without
// from the one before to. Segments of scheme own may overlap; of all others a customer
// is in one at most.
func (e *Engine) Moves(ctx context.Context, scheme, from, to string) (*Moves, error) {
	first, second, err := e.runPair(from, to)
	if err != nil {
		return nil, err
	}
	var out *Moves
	err = e.read(ctx, func(db *duck.DB) error {
		defer e.stage("compare runs", 0)()
		all, err := segmentsOf(ctx, db, second)
		if err != nil {
			return err
		}
		earlier, err := segmentsOf(ctx, db, first)
		if err != nil {
			return err
		}
		name, err := e.findScheme(all, scheme, second.AsOf)
		if err != nil {
			return err
		}
		if _, err := e.findScheme(earlier, name, first.AsOf); err != nil {
			return err
		}
		out, err = e.moves(ctx, db, name, first, second)
		return err
	})
	return out, err
}

// runPair are two runs by their days.
func (e *Engine) runPair(from, to string) (first, second workspace.Run, err error) {
	if second, err = e.current(to); err != nil {
		return first, second, err
	}
	if from != "" {
		if first, err = e.current(from); err == nil && first.AsOf >= second.AsOf {
			err = fmt.Errorf("from %s to %s: the first day must be before the second", first.AsOf, second.AsOf)
		}
		return first, second, err
	}
	runs, err := workspace.Runs(e.Dir)
	if err != nil {
		return first, second, err
	}
	for _, r := range runs {
		if r.AsOf < second.AsOf {
			first = r
		}
	}
	if first.AsOf == "" {
		return first, second, fmt.Errorf("no run is before that as of %s: clientele score --as-of DATE makes one", second.AsOf)
	}
	return first, second, compareRuns([]workspace.Run{first}, isTable)
}

// moves compares two runs in a database that is open.
func (e *Engine) moves(ctx context.Context, db *duck.DB, scheme string, first, second workspace.Run) (*Moves, error) {
	m := &Moves{Scheme: scheme, Overlaps: scheme == OwnScheme}
	h, err := e.follow(ctx, db, scheme)
	if m.Overlaps {
		h, err = e.historian(ctx, db, scheme, "")
	}
	if err != nil {
		return nil, err
	}
	for _, run := range []workspace.Run{first, second} {
		if err := h.next(run); err != nil {
			return nil, err
		}
	}
	if m.From, err = ParseDay(first.AsOf); err != nil {
		return nil, err
	}
	if m.To, err = ParseDay(second.AsOf); err != nil {
		return nil, err
	}
	if m.Overlaps {
		err = h.kept(m)
	} else {
		err = h.moved(m)
	}
	if err != nil {
		return nil, err
	}
	m.Warnings = append(m.Warnings, h.warnings()...)
	doubts, err := h.alike(scheme, first, second)
	m.Warnings = append(m.Warnings, doubts...)
	return m, err
}

// kept compares the segments one by one.
func (h *historian) kept(m *Moves) error {
	t, err := h.db.Query(h.ctx, queries.Get("segment/history").SQL)
	if err != nil {
		return fmt.Errorf("segment/history: %w", err)
	}
	of := map[string]Kept{}
	var segments []string
	for i := range t.Rows() {
		k := Kept{
			Segment: string(t.Column("segment").Texts.At(i)), Before: t.Ints("before")[i], Stayed: t.Ints("stayed")[i],
			Gone: t.Ints("gone")[i], New: t.Ints("new")[i], Now: t.Ints("customers")[i],
		}
		k.Left, k.Entered = k.Before-k.Stayed, k.Now-k.Stayed
		of[k.Segment] = k
		segments = append(segments, k.Segment)
	}
	m.Nodes = h.nodes(m.Scheme, segments, h.runs...)
	for _, n := range m.Nodes {
		m.Kept = append(m.Kept, of[n.Key])
	}
	m.Sections = []Section{m.keptSection()}
	m.sayKept()
	return nil
}

// moved finds who went where.
func (h *historian) moved(m *Moves) error {
	var err error
	if m.Moves, err = h.pairs(); err != nil {
		return err
	}
	m.Nodes = h.nodesOf(m.Scheme, m.Moves)
	of := map[string]*Kept{}
	for _, n := range m.segments() {
		of[n.Key] = &Kept{Segment: n.Key}
	}
	for _, v := range m.Moves {
		from, to := of[v.From], of[v.To]
		if from != nil {
			from.Before += v.Customers
		}
		if to != nil {
			to.Now += v.Customers
		}
		switch {
		case from != nil && from == to:
			from.Stayed += v.Customers
		case v.To == NodeGone:
			from.Gone += v.Customers
		case v.From == NodeNew:
			to.New += v.Customers
		}
	}
	for _, n := range m.segments() {
		k := of[n.Key]
		k.Left, k.Entered = k.Before-k.Stayed, k.Now-k.Stayed
		m.Kept = append(m.Kept, *k)
	}
	test := stat.Independence(m.core())
	m.Test = &test
	m.Sections = []Section{m.keptSection(), m.wide("matrix", false), m.wide("shares", true), m.movesSection(), m.testSection()}
	m.sayMoved()
	return nil
}

// pairs are the moves between the two runs read last.
func (h *historian) pairs() ([]Move, error) {
	t, err := h.db.Query(h.ctx, queries.Get("segment/moves").SQL)
	if err != nil {
		return nil, fmt.Errorf("segment/moves: %w", err)
	}
	place := func(column string, i int, scored bool, absent string) string {
		if c := t.Column(column); !c.Missing(i) {
			return string(c.Texts.At(i))
		}
		if scored {
			return NodeNone
		}
		return absent
	}
	out := make([]Move, t.Rows())
	for i := range out {
		out[i] = Move{
			From:      place("from_segment", i, t.Column("scored_before").Bools[i], NodeNew),
			To:        place("to_segment", i, t.Column("scored_now").Bools[i], NodeGone),
			Customers: t.Ints("customers")[i], CLVBefore: floatAt(t, "clv_before", i), CLVNow: floatAt(t, "clv_now", i),
		}
	}
	return out, nil
}

// floatAt is a number of a table; NaN: missing.
func floatAt(t *table.Table, column string, i int) float64 {
	if c := t.Column(column); !c.Missing(i) {
		return c.Floats[i]
	}
	return math.NaN()
}

// nodesOf are the places of moves: the segments of the scheme, then those outside.
func (h *historian) nodesOf(scheme string, moves []Move) []Node {
	var segments []string
	used := map[string]bool{}
	for _, m := range moves {
		for _, key := range []string{m.From, m.To} {
			if used[key] = true; !slices.ContainsFunc(outside(), func(n Node) bool { return n.Key == key }) {
				segments = append(segments, key)
			}
		}
	}
	out := h.nodes(scheme, segments, h.runs...)
	for _, n := range outside() {
		if used[n.Key] {
			out = append(out, n)
		}
	}
	return out
}

// segments are the nodes that are segments.
func (m *Moves) segments() []Node {
	for i, n := range m.Nodes {
		if slices.ContainsFunc(outside(), func(o Node) bool { return o.Key == n.Key }) {
			return m.Nodes[:i]
		}
	}
	return m.Nodes
}

// core is the table of those who had a segment both times.
func (m *Moves) core() [][]int {
	segments := m.segments()
	at := map[string]int{}
	out := make([][]int, len(segments))
	for i, n := range segments {
		at[n.Key], out[i] = i, make([]int, len(segments))
	}
	for _, v := range m.Moves {
		i, known := at[v.From]
		j, also := at[v.To]
		if known && also {
			out[i][j] += int(v.Customers)
		}
	}
	return out
}

// at is how many customers went from one place to another.
func (m *Moves) at(from, to string) (n int64) {
	for _, v := range m.Moves {
		if v.From == from && v.To == to {
			n += v.Customers
		}
	}
	return n
}

func (m *Moves) keptSection() Section {
	g := newGrid("segment text", "before int", "stayed int", "left int", "gone int", "entered int", "new int", "now int", "change int", "stayed_share float share")
	for _, k := range m.Kept {
		share := math.NaN()
		if k.Before > 0 {
			share = float64(k.Stayed) / float64(k.Before)
		}
		g.add(k.Segment, int(k.Before), int(k.Stayed), int(k.Left), int(k.Gone), int(k.Entered), int(k.New), int(k.Now), int(k.Now-k.Before), share)
	}
	return g.section("segments")
}

// wide is the matrix: a row for each place that customers were at, a column for each
// where they are, in customers or in shares of the row.
func (m *Moves) wide(title string, shares bool) Section {
	rows, columns := slices.Clone(m.segments()), slices.Clone(m.segments())
	for _, n := range m.Nodes[len(rows):] {
		if slices.ContainsFunc(m.Moves, func(v Move) bool { return v.From == n.Key }) {
			rows = append(rows, n)
		}
		if slices.ContainsFunc(m.Moves, func(v Move) bool { return v.To == n.Key }) {
			columns = append(columns, n)
		}
	}
	from := textColumn("from")
	total := table.NewColumn(table.Field{Name: "total", Kind: table.Int}, len(rows))
	for i, row := range rows {
		from.Texts.AppendString(row.Key)
		for _, to := range columns {
			total.Ints[i] += m.at(row.Key, to.Key)
		}
	}
	t := table.New(from, total)
	for _, to := range columns {
		field := table.Field{Name: freeName(t, to.Key), Kind: table.Int, Unit: "customers"}
		if shares {
			field.Kind, field.Unit = table.Float, "share"
		}
		c := table.NewColumn(field, len(rows))
		for i, row := range rows {
			switch n := m.at(row.Key, to.Key); {
			case !shares:
				c.Ints[i] = n
			case total.Ints[i] == 0:
				c.Floats[i] = math.NaN()
			default:
				c.Floats[i] = float64(n) / float64(total.Ints[i])
			}
		}
		t.Add(c)
	}
	return Section{title, t}
}

// movesSection is the matrix as a list, the most frequent moves first.
func (m *Moves) movesSection() Section {
	left, came, both := map[string]int64{}, map[string]int64{}, map[string]int64{}
	var all int64
	inside := m.segments()
	within := func(v Move) bool {
		is := func(key string) bool { return slices.ContainsFunc(inside, func(n Node) bool { return n.Key == key }) }
		return is(v.From) && is(v.To)
	}
	for _, v := range m.Moves {
		left[v.From] += v.Customers
		came[v.To] += v.Customers
		if within(v) {
			both["from "+v.From] += v.Customers
			both["to "+v.To] += v.Customers
			all += v.Customers
		}
	}
	g := newGrid("from text", "to text", "customers int", "share_of_from float share", "share_of_to float share", "expected float customers", "clv_before float money", "clv_now float money")
	for _, v := range m.sorted() {
		expected := math.NaN()
		if within(v) {
			expected = float64(both["from "+v.From]) / float64(all) * float64(both["to "+v.To])
		}
		g.add(v.From, v.To, int(v.Customers), float64(v.Customers)/float64(left[v.From]), float64(v.Customers)/float64(came[v.To]), expected, v.CLVBefore, v.CLVNow)
	}
	return g.section("moves")
}

// sorted are the moves, the most frequent first.
func (m *Moves) sorted() []Move {
	place := func(key string) int { return slices.IndexFunc(m.Nodes, func(n Node) bool { return n.Key == key }) }
	out := slices.Clone(m.Moves)
	slices.SortFunc(out, func(a, b Move) int {
		return cmp.Or(cmp.Compare(b.Customers, a.Customers), cmp.Compare(place(a.From), place(b.From)), cmp.Compare(place(a.To), place(b.To)))
	})
	return out
}

func (m *Moves) testSection() Section {
	g := newGrid("customers int", "chi_square float", "df float", "p float", "cramers_v float", "few_expected float share")
	if t := m.Test; t.DF > 0 {
		g.add(t.N, t.Statistic, t.DF, t.P, t.CramersV, t.FewExpected)
	} else {
		g.add(t.N, math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN())
	}
	return g.section("test")
}

// named is a node as sentences call it.
func (m *Moves) named(key string) Node {
	for _, n := range m.Nodes {
		if n.Key == key {
			return n
		}
	}
	return Node{key, key, key}
}

// mostWords is how many moves or changes are told in words.
const mostWords = 5

// sayMoved tells the matrix in words.
func (m *Moves) sayMoved() {
	var had, stayed, moved, fresh, out int64
	sizes := map[string]int64{}
	for _, k := range m.Kept {
		had += k.Before
		stayed += k.Stayed
		fresh += k.New
		sizes[k.Segment] = k.Before
	}
	for i, row := range m.core() {
		for j, n := range row {
			if i != j {
				moved += int64(n)
			}
		}
	}
	out = had - stayed - moved
	m.Verdict = Sentence{Code: "moves",
		En: fmt.Sprintf("Of %s in a segment of %s on %v, %s (%s %%) were in the same one on %v and %s (%s %%) in another",
			counted(had, "customer", "customers"), m.Scheme, m.From, digits(stayed), percentOf(stayed, had), m.To, digits(moved), percentOf(moved, had)),
		Zh: fmt.Sprintf("%v 属于 %s 各客群的 %s 位客户中，到 %v 有 %s 位（%s%%）仍在原客群，%s 位（%s%%）转入其他客群",
			m.From, m.Scheme, digits(had), m.To, digits(stayed), percentOf(stayed, had), digits(moved), percentOf(moved, had))}
	if out > 0 {
		m.Verdict.En += fmt.Sprintf("; %s had none or %s not scored any more", digits(out), map[bool]string{true: "was", false: "were"}[out == 1])
		m.Verdict.Zh += fmt.Sprintf("，%s 位不在任何客群或不再评分", digits(out))
	}
	m.Verdict.En += fmt.Sprintf("; %s came.", counted(fresh, "new customer", "new customers"))
	m.Verdict.Zh += fmt.Sprintf("；新增客户 %s 位。", digits(fresh))
	if had == 0 {
		m.Verdict.En = fmt.Sprintf("Nobody was in a segment of %s on %v; %s came until %v.", m.Scheme, m.From, counted(fresh, "new customer", "new customers"), m.To)
		m.Verdict.Zh = fmt.Sprintf("%v 没有客户属于 %s 的任何客群；到 %v 新增客户 %s 位。", m.From, m.Scheme, m.To, digits(fresh))
	}
	if t := m.Test; t.DF > 0 {
		m.Verdict.En += fmt.Sprintf(" How firmly the segment before tells the one after: Cramer's V %.2f of 1 (chi-square %.1f with %s).", t.CramersV, t.Statistic, counted(int64(t.DF), "degree of freedom", "degrees of freedom"))
		m.Verdict.Zh += fmt.Sprintf("前后客群的关联强度：Cramér's V %.2f（最大为 1；卡方 %.1f，自由度 %.0f）。", t.CramersV, t.Statistic, t.DF)
		if t.FewExpected > 0.2 {
			m.Warnings = append(m.Warnings, Sentence{Code: "small_counts",
				En: fmt.Sprintf("%.0f %% of the cells have an expected count below 5, so chi-square and its p are rough.", 100*t.FewExpected),
				Zh: fmt.Sprintf("%.0f%% 的单元格期望频数小于 5，卡方值及其 p 值仅供参考。", 100*t.FewExpected)})
		}
	}
	for _, v := range m.sorted() {
		if len(m.Words) == mostWords {
			break
		}
		if v.From == v.To || v.From == NodeNew || v.From == NodeNone || v.To == NodeNone {
			continue
		}
		from, to := m.named(v.From), m.named(v.To)
		w := Sentence{Code: "move",
			En: fmt.Sprintf("%s went from %q to %q: %s %% of all that were in %q.", counted(v.Customers, "customer", "customers"), from.En, to.En, percentOf(v.Customers, sizes[v.From]), from.En),
			Zh: fmt.Sprintf("%s 位客户从“%s”转入“%s”，占原“%s”的 %s%%。", digits(v.Customers), from.Zh, to.Zh, from.Zh, percentOf(v.Customers, sizes[v.From]))}
		if v.To == NodeGone {
			w.En = fmt.Sprintf("%s of %q %s not scored any more: %s %% of all that were in it.", counted(v.Customers, "customer", "customers"), from.En, isAre(v.Customers), percentOf(v.Customers, sizes[v.From]))
			w.Zh = fmt.Sprintf("“%s”中有 %s 位客户不再评分，占原有的 %s%%。", from.Zh, digits(v.Customers), percentOf(v.Customers, sizes[v.From]))
		}
		m.Words = append(m.Words, w)
	}
}

func isAre(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// sayKept tells in words what became of segments that may overlap.
func (m *Moves) sayKept() {
	grew, shrank := 0, 0
	for _, k := range m.Kept {
		switch {
		case k.Now > k.Before:
			grew++
		case k.Now < k.Before:
			shrank++
		}
	}
	m.Verdict = Sentence{Code: "changes",
		En: fmt.Sprintf("Of %s of %s, %d grew from %v to %v and %d shrank.", counted(len(m.Kept), "segment", "segments"), m.Scheme, grew, m.From, m.To, shrank),
		Zh: fmt.Sprintf("%s 的 %d 个客群中，从 %v 到 %v 有 %d 个变大，%d 个变小。", m.Scheme, len(m.Kept), m.From, m.To, grew, shrank)}
	list := slices.Clone(m.Kept)
	slices.SortStableFunc(list, func(a, b Kept) int { return cmp.Compare(b.Left+b.Entered, a.Left+a.Entered) })
	for _, k := range list[:min(len(list), mostWords)] {
		n := m.named(k.Segment)
		m.Words = append(m.Words, Sentence{Code: "change",
			En: fmt.Sprintf("%q: from %s to %s; %s entered (%s of them new), %s left (%s of them not scored any more), %s stayed.",
				n.En, digits(k.Before), counted(k.Now, "customer", "customers"), digits(k.Entered), digits(k.New), digits(k.Left), digits(k.Gone), digits(k.Stayed)),
			Zh: fmt.Sprintf("“%s”：由 %s 位变为 %s 位；进入 %s 位（其中新客户 %s 位），离开 %s 位（其中不再评分 %s 位），保留 %s 位。",
				n.Zh, digits(k.Before), digits(k.Now), digits(k.Entered), digits(k.New), digits(k.Left), digits(k.Gone), digits(k.Stayed))})
	}
}

// Flows are the moves over several runs: what a picture of segments over time is made of.
type Flows struct {
	Scheme   string
	Days     []Day
	Nodes    []Node    // segments in the order of the scheme, then places outside that somebody was at
	Sizes    [][]int64 // by day and node: customers; of a place outside, only those who came to it since the day before
	Steps    [][]Move  // between each day and the next
	Warnings []Sentence
}

// Table is the list of all moves of all steps.
func (f *Flows) Table() *table.Table {
	g := newGrid("from_as_of date", "to_as_of date", "from text", "to text", "customers int")
	for i, step := range f.Steps {
		for _, v := range step {
			g.add(f.Days[i], f.Days[i+1], v.From, v.To, int(v.Customers))
		}
	}
	return g.section("flows").Table
}

// ErrOverlaps says that customers are in several segments of a scheme at once, so that
// they do not go from one to another.
var ErrOverlaps = errors.New("segments of scheme own may share customers, so there are no moves from one to another: clientele segment history shows who entered and left")

// Flows follows a scheme over the runs of a span, two at least. Its segments must not
// overlap: ErrOverlaps.
func (e *Engine) Flows(ctx context.Context, scheme string, span Span) (*Flows, error) {
	runs, err := e.spanned(span, 2)
	if err != nil {
		return nil, err
	}
	var out *Flows
	err = e.read(ctx, func(db *duck.DB) error {
		last := runs[len(runs)-1]
		all, err := segmentsOf(ctx, db, last)
		if err != nil {
			return err
		}
		name, err := e.findScheme(all, scheme, last.AsOf)
		if err != nil {
			return err
		}
		out, err = e.flows(ctx, db, name, runs)
		return err
	})
	return out, err
}

// flows follows a scheme over runs in a database that is open. Of a run under way only
// the day and the folder are needed.
func (e *Engine) flows(ctx context.Context, db *duck.DB, scheme string, runs []workspace.Run) (*Flows, error) {
	if scheme == OwnScheme {
		return nil, ErrOverlaps
	}
	const stage = "follow segments"
	defer e.stage(stage, int64(len(runs)))()
	h, err := e.follow(ctx, db, scheme)
	if err != nil {
		return nil, err
	}
	f := &Flows{Scheme: scheme}
	var all []Move
	for i, run := range runs {
		day, err := ParseDay(run.AsOf)
		if err != nil {
			return nil, err
		}
		f.Days = append(f.Days, day)
		if err := h.next(run); err != nil {
			return nil, err
		}
		e.advance(stage, int64(i+1), int64(len(runs)))
		if i == 0 {
			continue
		}
		step, err := h.pairs()
		if err != nil {
			return nil, err
		}
		f.Steps = append(f.Steps, step)
		all = append(all, step...)
	}
	f.Nodes = h.nodesOf(scheme, all)
	f.measure()
	f.Warnings = h.warnings()
	return f, h.end()
}

// measure counts who is where on each day: on the first day those who go somewhere, on
// each other those who came.
func (f *Flows) measure() {
	at := map[string]int{}
	for i, n := range f.Nodes {
		at[n.Key] = i
	}
	f.Sizes = make([][]int64, len(f.Days))
	for i := range f.Sizes {
		f.Sizes[i] = make([]int64, len(f.Nodes))
	}
	for i, step := range f.Steps {
		for _, v := range step {
			if i == 0 && v.From != NodeNew {
				f.Sizes[0][at[v.From]] += v.Customers
			}
			f.Sizes[i+1][at[v.To]] += v.Customers
		}
	}
}
