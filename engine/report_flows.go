package engine

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"clientele/engine/parquet"
	"clientele/engine/table"
	"clientele/engine/workspace"
)

// The report of a run follows schemes whose segments stand in columns of scores. Scores
// are in the order of the customers, in the files of earlier runs and in the table of the
// run under way, so one pass over two of them finds who went where in all schemes. It
// takes a tenth of what the queries behind Flows take, and a test holds it to them.

// followed is a scheme that is followed over earlier runs, by their places, to the one
// under way.
type followed struct {
	scheme, column string // column of scores
	runs           []int
}

// tracer follows schemes over runs.
type tracer struct {
	*historian
	list   []followed
	joined []joinedID
	away   []int64         // of each run: how many of its ids were joined to others since
	read   map[int]*traced // the runs in memory
}

// trace follows schemes over earlier runs, which are in the order of their days, to the
// one under way, which is scored already. Of the moves it counts the customers alone.
func (e *Engine) trace(h *historian, list []followed, earlier []workspace.Run, now workspace.Run, scored *table.Table) ([]*Flows, error) {
	const stage = "follow segments"
	defer e.stage(stage, int64(len(earlier)))()
	t := &tracer{historian: h, list: list, away: make([]int64, len(earlier)+1), read: map[int]*traced{}}
	h.runs = append(slices.Clone(earlier), now)
	if err := t.begin(); err != nil {
		return nil, err
	}
	if err := t.keep(len(earlier), scored); err != nil {
		return nil, err
	}
	steps := t.steps()
	for i, s := range steps {
		if err := ended(h.ctx); err != nil {
			return nil, err
		}
		if err := t.count(s); err != nil {
			return nil, err
		}
		if i+1 == len(steps) || steps[i+1].from > s.from {
			delete(t.read, s.from)
			e.advance(stage, int64(s.from+1), int64(len(earlier)))
		}
	}
	out := make([]*Flows, len(list))
	for k := range list {
		var err error
		if out[k], err = t.flows(k, steps); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// joinedID is an id that runs may name, and whose it is today.
type joinedID struct{ run, today []byte }

// begin reads which ids were joined to others, in their order.
func (t *tracer) begin() error {
	if err := t.historian.begin(); err != nil || !t.merged {
		return err
	}
	ids, err := t.db.Query(t.ctx, "SELECT run_id, customer_id FROM history_joined ORDER BY run_id")
	if err != nil {
		return err
	}
	for i := range ids.Rows() {
		t.joined = append(t.joined, joinedID{ids.Column("run_id").Texts.At(i), ids.Column("customer_id").Texts.At(i)})
	}
	return nil
}

// step is what is counted between two runs, by their places.
type step struct {
	from, to int
	counts   []*moveCounts // by scheme; nil: not followed here
}

// steps are in the order of the runs that they begin at.
func (t *tracer) steps() []*step {
	var out []*step
	for k, f := range t.list {
		for i, from := range f.runs {
			to := len(t.runs) - 1
			if i+1 < len(f.runs) {
				to = f.runs[i+1]
			}
			at := slices.IndexFunc(out, func(s *step) bool { return s.from == from && s.to == to })
			if at < 0 {
				at, out = len(out), append(out, &step{from: from, to: to, counts: make([]*moveCounts, len(t.list))})
			}
			out[at].counts[k] = &moveCounts{}
		}
	}
	slices.SortFunc(out, func(a, b *step) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	return out
}

// run brings a run into memory, of its scores no more than is followed.
func (t *tracer) run(at int) (*traced, error) {
	if r := t.read[at]; r != nil {
		return r, nil
	}
	fields := []parquet.Column{{Name: "customer_id", Kind: table.Text}}
	for _, f := range t.list {
		if slices.Contains(f.runs, at) {
			fields = append(fields, parquet.Column{Name: f.column, Kind: table.Category})
		}
	}
	scores, err := parquet.ReadTexts(filepath.Join(t.runs[at].Dir, "scores.parquet"), fields, t.Config.Resources.Cores())
	if err == nil {
		err = t.keep(at, scores)
	}
	if err != nil {
		return nil, fmt.Errorf("the run as of %s: %w", t.runs[at].AsOf, err)
	}
	return t.read[at], nil
}

// keep puts the scores of a run in memory.
func (t *tracer) keep(at int, scores *table.Table) error {
	id := scores.Column("customer_id")
	r := &traced{ids: &id.Texts, segments: make([]*table.Column, len(t.list))}
	for i := range scores.Rows() {
		if id.Missing(i) || i > 0 && bytes.Compare(r.ids.At(i-1), r.ids.At(i)) >= 0 {
			return errors.New("scores are not in the order of their customers")
		}
	}
	for k, f := range t.list {
		r.segments[k] = scores.Lookup(f.column)
	}
	t.away[at] = r.join(t.joined)
	t.read[at] = r
	return nil
}

// count goes through the customers of two runs side by side.
func (t *tracer) count(s *step) error {
	from, err := t.run(s.from)
	if err != nil {
		return err
	}
	to, err := t.run(s.to)
	if err != nil {
		return err
	}
	var counts []*moveCounts
	for k, c := range s.counts {
		if c != nil {
			c.begin(from.segments[k], to.segments[k])
			counts = append(counts, c)
		}
	}
	a, b := from.walk(), to.walk()
	for a.row >= 0 || b.row >= 0 {
		i, j := a.row, b.row
		if i >= 0 && j >= 0 {
			switch order := bytes.Compare(a.id, b.id); {
			case order < 0:
				j = -1
			case order > 0:
				i = -1
			}
		}
		for _, c := range counts {
			c.add(i, j)
		}
		if i >= 0 {
			a.next()
		}
		if j >= 0 {
			b.next()
		}
	}
	return nil
}

// flows is what was counted of one scheme.
func (t *tracer) flows(k int, steps []*step) (*Flows, error) {
	f := &Flows{Scheme: t.list[k].scheme}
	t.historian.joined = 0
	for _, at := range append(slices.Clone(t.list[k].runs), len(t.runs)-1) {
		day, err := ParseDay(t.runs[at].AsOf)
		if err != nil {
			return nil, err
		}
		f.Days = append(f.Days, day)
		t.historian.joined += t.away[at]
	}
	var all []Move
	for _, s := range steps {
		if c := s.counts[k]; c != nil {
			f.Steps = append(f.Steps, c.moves())
			all = append(all, f.Steps[len(f.Steps)-1]...)
		}
	}
	f.Nodes = t.nodesOf(f.Scheme, all)
	f.measure()
	f.Warnings = t.warnings()
	return f, nil
}

// moveCounts counts moves between two columns of segments.
type moveCounts struct {
	from, to *table.Column
	n        []int64 // by place and place: 0 not scored, 1 in no segment, then the labels
}

func (c *moveCounts) begin(from, to *table.Column) {
	c.from, c.to = from, to
	c.n = make([]int64, (2+len(from.Labels))*(2+len(to.Labels)))
}

// add counts a customer by the rows before and now; -1: not scored.
func (c *moveCounts) add(i, j int) {
	at := 0
	if i >= 0 {
		at = 2 + int(c.from.Codes[i])
	}
	at *= 2 + len(c.to.Labels)
	if j >= 0 {
		at += 2 + int(c.to.Codes[j])
	}
	c.n[at]++
}

// moves are in the order of their names.
func (c *moveCounts) moves() []Move {
	sums, wide := map[[2]string]int64{}, 2+len(c.to.Labels)
	before, now := append([]string{NodeNew, NodeNone}, c.from.Labels...), append([]string{NodeGone, NodeNone}, c.to.Labels...)
	for at, n := range c.n {
		if i, j := at/wide, at%wide; n > 0 && (i > 1 || j > 1) {
			sums[[2]string{before[i], now[j]}] += n
		}
	}
	var out []Move
	for ends, n := range sums {
		out = append(out, Move{From: ends[0], To: ends[1], Customers: n, CLVBefore: math.NaN(), CLVNow: math.NaN()})
	}
	slices.SortFunc(out, func(a, b Move) int { return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To)) })
	return out
}

// traced is the customers of a run.
type traced struct {
	ids      *table.Strings  // in their order
	segments []*table.Column // by scheme; nil: not followed here
	away     []int           // the rows of ids that were joined to others, in order
	moved    []movedRow      // of these, the ones that count, in the order of the ids of today
}

// movedRow is a row under the id that its customer has today.
type movedRow struct {
	id  []byte
	row int
}

// join puts ids that were joined to others in their places, and returns how many there
// are. As in segment/history_ids, a customer who is in the run anyway, under the own id
// or by a smaller one that was joined, counts once, as that id.
func (t *traced) join(list []joinedID) int64 {
	taken := map[string]bool{}
	for _, j := range list {
		row, there := t.find(j.run)
		if !there {
			continue
		}
		t.away = append(t.away, row)
		if _, there := t.find(j.today); there || taken[string(j.today)] {
			continue
		}
		taken[string(j.today)] = true
		t.moved = append(t.moved, movedRow{j.today, row})
	}
	slices.SortFunc(t.moved, func(a, b movedRow) int { return bytes.Compare(a.id, b.id) })
	return int64(len(t.away))
}

// find is the row of an id.
func (t *traced) find(id []byte) (row int, there bool) {
	return sort.Find(t.ids.Len(), func(i int) int { return bytes.Compare(id, t.ids.At(i)) })
}

// walker goes through a run in the order of the ids of today.
type walker struct {
	*traced
	id                  []byte
	row                 int // -1: at the end
	at, passed, renamed int // what comes next of the rows, of away and of moved
}

func (t *traced) walk() *walker {
	w := &walker{traced: t}
	w.next()
	return w
}

func (w *walker) next() {
	for w.passed < len(w.away) && w.away[w.passed] == w.at {
		w.at++
		w.passed++
	}
	more := w.at < w.ids.Len()
	if w.renamed < len(w.moved) && (!more || bytes.Compare(w.moved[w.renamed].id, w.ids.At(w.at)) < 0) {
		w.id, w.row = w.moved[w.renamed].id, w.moved[w.renamed].row
		w.renamed++
		return
	}
	if !more {
		w.row = -1
		return
	}
	w.id, w.row = w.ids.At(w.at), w.at
	w.at++
}
