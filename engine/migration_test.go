package engine

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models/stat"
	"clientele/queries"
)

// identitiesStore is a store in memory that knows of customers and of nothing else.
func identitiesStore(t testing.TB) *duck.DB {
	t.Helper()
	db, err := duck.Open(context.Background(), "", duck.Options{TempDir: t.TempDir(), Folders: []string{filepath.Dir(t.TempDir())}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, q := range queries.List("schema") {
		if err := db.Statements(context.Background(), q.SQL); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// scoredRun is a run as far as its history goes: ids with their worth, and of each id
// the segments of scheme lifecycle (one or none) and own.
type scoredRun struct {
	asOf string
	of   map[string]scoredCustomer
}

type scoredCustomer struct {
	stage   string // "": none
	own     []string
	clv     float64
	revenue float64
}

// write writes the files of the run that histories read.
func (r scoredRun) write(t interface{ Fatal(...any) }, db *duck.DB, dir string) workspace.Run {
	folder := filepath.Join(dir, r.asOf)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	var scores, members []string
	for _, id := range sortedKeys(r.of) {
		c := r.of[id]
		scores = append(scores, fmt.Sprintf("(%s, %g, %g)", duck.Literal(id), c.revenue, c.clv))
		if c.stage != "" {
			members = append(members, fmt.Sprintf("(%s, %s, 'lifecycle')", duck.Literal(c.stage), duck.Literal(id)))
		}
		for _, name := range c.own {
			members = append(members, fmt.Sprintf("(%s, %s, 'own')", duck.Literal(name), duck.Literal(id)))
		}
	}
	for file, query := range map[string]string{
		"scores": "SELECT DATE '" + r.asOf + "' AS as_of, id AS customer_id, CAST(revenue AS DOUBLE) AS net_revenue, CAST(clv AS DOUBLE) AS clv FROM (VALUES " +
			strings.Join(append(scores, "(NULL, NULL, NULL)"), ", ") + ") AS v(id, revenue, clv) WHERE id IS NOT NULL",
		"segment_members": "SELECT DATE '" + r.asOf + "' AS as_of, segment, id AS customer_id, scheme FROM (VALUES " +
			strings.Join(append(members, "(NULL, NULL, NULL)"), ", ") + ") AS v(segment, id, scheme) WHERE id IS NOT NULL",
	} {
		path := filepath.Join(folder, file+".parquet")
		if err := db.Exec(context.Background(), "COPY ("+query+") TO "+duck.Literal(path)+" (FORMAT parquet)"); err != nil {
			t.Fatal(err)
		}
	}
	return workspace.Run{AsOf: r.asOf, Dir: folder}
}

// today are the customers of a run by the ids that they have today, worked out id by id.
func (r scoredRun) today(of map[string]string) map[string]scoredCustomer {
	out := map[string]scoredCustomer{}
	stands := map[string]string{} // today's id: that of the run that counts
	for _, id := range sortedKeys(r.of) {
		now, moved := of[id]
		if !moved {
			now = id
		}
		if _, own := r.of[now]; own && id != now {
			continue
		}
		if _, taken := stands[now]; taken {
			continue // ids come in their order: the smallest one was first
		}
		stands[now], out[now] = id, r.of[id]
	}
	return out
}

func drawRun(t *rapid.T, asOf string, ids []string) scoredRun {
	r := scoredRun{asOf: asOf, of: map[string]scoredCustomer{}}
	for _, id := range ids {
		if rapid.IntRange(0, 4).Draw(t, "there") == 0 {
			continue
		}
		c := scoredCustomer{
			stage:   rapid.SampledFrom([]string{"", "new", "active", "lost"}).Draw(t, "stage"),
			clv:     float64(rapid.IntRange(0, 400).Draw(t, "clv")) / 4,
			revenue: float64(rapid.IntRange(-40, 400).Draw(t, "revenue")) / 4,
		}
		for _, name := range []string{"vip", "tea"} {
			if rapid.Bool().Draw(t, name) {
				c.own = append(c.own, name)
			}
		}
		r.of[id] = c
	}
	return r
}

// drawIdentities joins some ids to others, and returns of whom an id is today where
// that is not the id itself.
func drawIdentities(t *rapid.T, db *duck.DB, ids []string) map[string]string {
	of := map[string]string{}
	var rows []string
	for i, id := range ids {
		person := i
		if i > 0 && rapid.IntRange(0, 3).Draw(t, "joined") == 0 {
			person = rapid.IntRange(0, i-1).Draw(t, "person")
			for of[ids[person]] != "" {
				person = slices.Index(ids, of[ids[person]])
			}
			of[id] = ids[person]
		}
		space, own, _ := strings.Cut(id, ":")
		if own == "" {
			space, own = "", id
		}
		rows = append(rows, fmt.Sprintf("(%s, %s, %d, %s, %d, '')", duck.Literal(space), duck.Literal(own), i, duck.Literal(ids[person]), person))
	}
	if err := db.Statements(context.Background(), "DELETE FROM identities; INSERT INTO identities VALUES "+strings.Join(rows, ", ")+";"); err != nil {
		t.Fatal(err)
	}
	return of
}

// Moves, changes, the history and the flows of any runs are those counted customer by
// customer, and their sums hold.
func TestMovesCountCustomers(t *testing.T) {
	t.Parallel()
	db := identitiesStore(t)
	e := &Engine{Config: config.Default()}
	ids := []string{"A", "B", "C", "crm:1", "D", "crm:2", "E", "F", "G", "H"}
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		folder := filepath.Join(dir, fmt.Sprint(n))
		of := drawIdentities(t, db, ids)
		var list []scoredRun
		var runs []workspace.Run
		what, days := rapid.SampledFrom([]string{"moves", "changes", "history", "flows"}).Draw(t, "what"), []string{"2026-05-31", "2026-06-30"}
		if what == "history" || what == "flows" {
			days = append(days, "2026-07-31")
		}
		for _, asOf := range days {
			r := drawRun(t, asOf, ids)
			list, runs = append(list, r), append(runs, r.write(t, db, folder))
		}
		before, now := list[len(list)-2].today(of), list[len(list)-1].today(of)
		switch what {
		case "moves":
			m, err := e.moves(context.Background(), db, "lifecycle", runs[0], runs[1])
			if err != nil {
				t.Fatal(err)
			}
			wantMoves(t, m, before, now)
		case "changes":
			m, err := e.moves(context.Background(), db, OwnScheme, runs[0], runs[1])
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Moves) > 0 || !m.Overlaps {
				t.Fatalf("moves between segments that overlap: %+v", m.Moves)
			}
			for _, k := range m.Kept {
				wantKept(t, k, before, now, func(c scoredCustomer) bool { return slices.Contains(c.own, k.Segment) })
			}
		case "history":
			h, err := e.history(context.Background(), db, "", "", runs)
			if err != nil {
				t.Fatal(err)
			}
			wantHistory(t, h, list, of)
		case "flows":
			f, err := e.flows(context.Background(), db, "lifecycle", runs)
			if err != nil {
				t.Fatal(err)
			}
			wantFlows(t, f, list, of)
		}
	})
}

// stageOf is where a customer is.
func stageOf(of map[string]scoredCustomer, id, absent string) string {
	c, scored := of[id]
	switch {
	case !scored:
		return absent
	case c.stage == "":
		return NodeNone
	}
	return c.stage
}

// both are the ids of two days.
func both(a, b map[string]scoredCustomer) []string {
	return slices.Compact(slices.Sorted(slices.Values(append(sortedKeys(a), sortedKeys(b)...))))
}

func wantMoves(t *rapid.T, m *Moves, before, now map[string]scoredCustomer) {
	type move struct{ from, to string }
	want, worth := map[move]int64{}, map[move][2]float64{}
	for _, id := range both(before, now) {
		at := move{stageOf(before, id, NodeNew), stageOf(now, id, NodeGone)}
		if before[id].stage == "" && now[id].stage == "" {
			continue
		}
		want[at]++
		worth[at] = [2]float64{worth[at][0] + before[id].clv, worth[at][1] + now[id].clv}
	}
	got := map[move]int64{}
	for _, v := range m.Moves {
		at := move{v.From, v.To}
		got[at] = v.Customers
		if v.From != NodeNew && math.Abs(v.CLVBefore-worth[at][0]) > 1e-9 || v.To != NodeGone && math.Abs(v.CLVNow-worth[at][1]) > 1e-9 {
			t.Fatalf("%v: CLV %g and %g, want %v", at, v.CLVBefore, v.CLVNow, worth[at])
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("moves %v, want %v", got, want)
	}
	for _, k := range m.Kept {
		wantKept(t, k, before, now, func(c scoredCustomer) bool { return c.stage == k.Segment })
	}
	wantMatrix(t, m)
}

// wantMatrix checks that rows and columns of the matrix add up to the sizes.
func wantMatrix(t *rapid.T, m *Moves) {
	matrix, shares := m.Section("matrix"), m.Section("shares")
	for i, from := range texts(matrix.Column("from")) {
		var sum int64
		part := 0.0
		for _, c := range matrix.Columns()[2:] {
			sum += c.Ints[i]
			part += shares.Column(c.Name).Floats[i]
		}
		if sum != matrix.Ints("total")[i] || sum > 0 && math.Abs(part-1) > 1e-12 {
			t.Fatalf("row %s adds up to %d of %d, in shares %g", from, sum, matrix.Ints("total")[i], part)
		}
		for _, k := range m.Kept {
			if k.Segment == from && k.Before != sum {
				t.Fatalf("row %s has %d, and %d were in the segment", from, sum, k.Before)
			}
		}
	}
	for _, k := range m.Kept {
		if k.Stayed+k.Left != k.Before || k.Stayed+k.Entered != k.Now {
			t.Fatalf("%+v does not add up", k)
		}
		var sum int64
		for _, n := range matrix.Ints(k.Segment) {
			sum += n
		}
		if sum != k.Now {
			t.Fatalf("column %s has %d of %d", k.Segment, sum, k.Now)
		}
	}
}

func wantKept(t *rapid.T, got Kept, before, now map[string]scoredCustomer, in func(scoredCustomer) bool) {
	want := Kept{Segment: got.Segment}
	for _, id := range both(before, now) {
		was, scoredBefore := before[id]
		is, scoredNow := now[id]
		there, here := scoredBefore && in(was), scoredNow && in(is)
		count := func(n *int64, yes bool) {
			if yes {
				*n++
			}
		}
		count(&want.Before, there)
		count(&want.Now, here)
		count(&want.Stayed, there && here)
		count(&want.Left, there && !here)
		count(&want.Gone, there && !scoredNow)
		count(&want.Entered, here && !there)
		count(&want.New, here && !scoredBefore)
	}
	if got != want {
		t.Fatalf("%+v, want %+v", got, want)
	}
}

func wantHistory(t *rapid.T, h *History, list []scoredRun, of map[string]string) {
	seen := map[string]bool{}
	for _, d := range h.Days {
		i := slices.IndexFunc(list, func(r scoredRun) bool { return r.asOf == d.AsOf.String() })
		now := list[i].today(of)
		in := func(c scoredCustomer) bool {
			return d.Scheme == "lifecycle" && c.stage == d.Segment || d.Scheme == OwnScheme && slices.Contains(c.own, d.Segment)
		}
		seen[d.Scheme+d.Segment+d.AsOf.String()] = true
		size, revenue, clv := int64(0), 0.0, 0.0
		for _, c := range now {
			if in(c) {
				size, revenue, clv = size+1, revenue+c.revenue, clv+c.clv
			}
		}
		if d.Customers != size || size > 0 && (d.NetRevenue != revenue || d.CLV != clv || math.Abs(d.Share-float64(size)/float64(len(now))) > 1e-12) {
			t.Fatalf("%+v: want %d customers, revenue %g, CLV %g of %d", d, size, revenue, clv, len(now))
		}
		if i == 0 {
			if d.Stayed != -1 || d.Entered != -1 {
				t.Fatalf("%+v: nothing stands before the first run", d)
			}
			continue
		}
		before := list[i-1].today(of)
		k := Kept{d.Segment, d.Stayed + d.Left, d.Stayed, d.Left, d.Gone, d.Entered, d.New, d.Customers}
		wantKept(t, k, before, now, in)
	}
	for i, r := range list {
		for id, c := range r.today(of) {
			if c.stage != "" && !seen["lifecycle"+c.stage+r.asOf] {
				t.Fatalf("%s: no day of %s, where %s is, in run %d", r.asOf, c.stage, id, i)
			}
		}
	}
}

func wantFlows(t *rapid.T, f *Flows, list []scoredRun, of map[string]string) {
	if len(f.Days) != len(list) || len(f.Steps) != len(list)-1 {
		t.Fatalf("%d days, %d steps", len(f.Days), len(f.Steps))
	}
	for i, n := range f.Nodes {
		if strings.HasPrefix(n.Key, "(") {
			continue
		}
		for d, r := range list {
			size := int64(0)
			for _, c := range r.today(of) {
				if c.stage == n.Key {
					size++
				}
			}
			if f.Sizes[d][i] != size {
				t.Fatalf("%s has %d on %v, want %d", n.Key, f.Sizes[d][i], f.Days[d], size)
			}
		}
	}
}

// A matrix by hand: the test of independence is that of the published example of two
// rows and columns, and the sentences have its numbers.
func TestMovesByHand(t *testing.T) {
	db := identitiesStore(t)
	e := &Engine{Config: config.Default()}
	one, other := scoredRun{"2026-05-31", map[string]scoredCustomer{}}, scoredRun{"2026-06-30", map[string]scoredCustomer{}}
	add := func(n int, from, to string) {
		for range n {
			id := fmt.Sprintf("c%04d", len(one.of)+len(other.of))
			if from != "-" {
				one.of[id] = scoredCustomer{stage: from, clv: 1}
			}
			if to != "-" {
				other.of[id] = scoredCustomer{stage: to, clv: 2}
			}
		}
	}
	add(40, "active", "active")
	add(10, "active", "lost")
	add(20, "lost", "active")
	add(30, "lost", "lost")
	add(5, "-", "new")
	add(3, "lost", "-")
	add(1, "active", "")
	dir := t.TempDir()
	m, err := e.moves(context.Background(), db, "lifecycle", one.write(t, db, dir), other.write(t, db, dir))
	if err != nil {
		t.Fatal(err)
	}
	// 40 10 20 30: expected 30 20 30 20, so chi-square is 100/30+100/20+100/30+100/20 and V its root over 100.
	if math.Abs(m.Test.Statistic-50.0/3) > 1e-9 || m.Test.DF != 1 || m.Test.N != 100 || math.Abs(m.Test.CramersV-math.Sqrt(1.0/6)) > 1e-9 {
		t.Errorf("%+v", m.Test)
	}
	want := "Of 104 customers in a segment of lifecycle on 2026-05-31, 70 (67.3 %) were in the same one on 2026-06-30 and 30 (28.8 %) in another; " +
		"4 had none or were not scored any more; 5 new customers came. How firmly the segment before tells the one after: Cramer's V 0.41 of 1 (chi-square 16.7 with 1 degree of freedom)."
	if m.Verdict.En != want {
		t.Errorf("%s", m.Verdict.En)
	}
	var told []string
	for _, w := range m.Words {
		told = append(told, w.En)
	}
	if got, want := strings.Join(told, "\n"), strings.Join([]string{
		`20 customers went from "Lost" to "Active": 37.7 % of all that were in "Lost".`,
		`10 customers went from "Active" to "Lost": 19.6 % of all that were in "Active".`,
		`3 customers of "Lost" are not scored any more: 5.7 % of all that were in it.`,
	}, "\n"); got != want {
		t.Errorf("%s", got)
	}
	if got := fmt.Sprint(texts(m.Section("matrix").Column("from"))); got != "[new active lost (new)]" {
		t.Errorf("rows %s", got)
	}
	if len(m.Warnings) > 0 {
		t.Errorf("%+v", m.Warnings)
	}
}

// A run from before there were segments has none, and is no error.
func TestMovesOfBareRuns(t *testing.T) {
	db := identitiesStore(t)
	e := &Engine{Config: config.Default()}
	dir := t.TempDir()
	now := scoredRun{"2026-06-30", map[string]scoredCustomer{"A": {stage: "new"}, "B": {}}}.write(t, db, dir)
	m, err := e.moves(context.Background(), db, "lifecycle", workspace.Run{AsOf: "2026-05-31", Dir: filepath.Join(dir, "none")}, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Moves) != 1 || m.Moves[0].From != NodeNew || m.Test.DF != 0 || m.Verdict.En != "Nobody was in a segment of lifecycle on 2026-05-31; 1 new customer came until 2026-06-30." {
		t.Errorf("%+v", m)
	}
}

// Segments called as columns of the matrix are do no harm.
func TestOddNames(t *testing.T) {
	db := identitiesStore(t)
	e := &Engine{Config: config.Default()}
	dir := t.TempDir()
	at := func(day string) workspace.Run {
		return scoredRun{day, map[string]scoredCustomer{"A": {stage: "from"}, "B": {stage: "total"}, "C": {stage: "it's"}}}.write(t, db, dir)
	}
	m, err := e.moves(context.Background(), db, "lifecycle", at("2026-05-31"), at("2026-06-30"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range m.Section("matrix").Columns() {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, ", "); got != "from, total, segment from, it's, segment total" {
		t.Errorf("columns %s", got)
	}
}

func TestSpan(t *testing.T) {
	var runs []workspace.Run
	for _, day := range []string{"2025-12-28", "2025-12-29", "2026-01-04", "2026-01-05", "2026-01-31", "2026-02-01"} {
		runs = append(runs, workspace.Run{AsOf: day})
	}
	for _, tc := range []struct {
		span Span
		want string
	}{
		{Span{}, "2025-12-28 2025-12-29 2026-01-04 2026-01-05 2026-01-31 2026-02-01"},
		{Span{Every: "month"}, "2025-12-29 2026-01-31 2026-02-01"},
		{Span{Every: "week"}, "2025-12-28 2026-01-04 2026-01-05 2026-02-01"}, // weeks begin on Mondays, and do not end with the year
		{Span{From: "2025-12-29", To: "2026-01-31"}, "2025-12-29 2026-01-04 2026-01-05 2026-01-31"},
		{Span{Last: 2, To: "2026-01-05"}, "2026-01-04 2026-01-05"},
		{Span{Every: "month", Last: 2}, "2026-01-31 2026-02-01"},
		{Span{From: "2026-03-01"}, ""},
	} {
		got, err := tc.span.pick(runs)
		if err != nil {
			t.Fatal(err)
		}
		var days []string
		for _, r := range got {
			days = append(days, r.AsOf)
		}
		if strings.Join(days, " ") != tc.want {
			t.Errorf("%+v: %v", tc.span, days)
		}
	}
	for _, wrong := range []Span{{From: "2026-02-01", To: "2026-01-01"}, {Every: "year"}, {From: "soon"}} {
		if _, err := wrong.pick(runs); err == nil {
			t.Errorf("%+v: no error", wrong)
		}
	}
}

// Effects of a profile are those worked out by pairs and by the formula.
func TestTraits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.SliceOfN(rapid.IntRange(-3, 3), 1, 12)
		a, b := draw.Draw(t, "inside"), draw.Draw(t, "outside")
		got := numberTrait("x", counts(a, b))
		more, sum, rest := 0, 0.0, 0.0
		for _, x := range a {
			sum += float64(x)
			for _, y := range b {
				switch {
				case x > y:
					more++
				case x < y:
					more--
				}
			}
		}
		for _, y := range b {
			rest += float64(y)
		}
		n := got.Numbers
		if math.Abs(got.Effect-float64(more)/float64(len(a)*len(b))) > 1e-12 {
			t.Fatalf("effect %g, by pairs %d of %d", got.Effect, more, len(a)*len(b))
		}
		if math.Abs(n.Mean-sum/float64(len(a))) > 1e-12 || math.Abs(n.RestMean-rest/float64(len(b))) > 1e-12 || n.Median != middle(a) || n.RestMedian != middle(b) {
			t.Fatalf("%+v of %v and %v", n, a, b)
		}
	})
}

func middle(values []int) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return float64(sorted[(len(sorted)-1)/2]+sorted[len(sorted)/2]) / 2
}

// counts is the result of segment/profile_numbers.
func counts(inside, outside []int) *table.Table {
	t := table.Make(7, table.Field{Name: "value", Kind: table.Float}, table.Field{Name: "inside", Kind: table.Int}, table.Field{Name: "outside", Kind: table.Int})
	for i := range 7 {
		t.Floats("value")[i] = float64(i - 3)
	}
	for _, v := range inside {
		t.Ints("inside")[v+3]++
	}
	for _, v := range outside {
		t.Ints("outside")[v+3]++
	}
	var rows []int
	for i := range 7 {
		if t.Ints("inside")[i]+t.Ints("outside")[i] > 0 {
			rows = append(rows, i)
		}
	}
	return t.Take(rows, "value", "inside", "outside")
}

// Chance alone makes no effect, however many words a column has, and a column that
// decides makes the whole one.
func TestCorrectedV(t *testing.T) {
	table := make([][]int, 20)
	for i := range table {
		table[i] = []int{5 + i%2, 5 + (i+1)%2} // chi-square is about what 19 degrees of freedom expect, or less
	}
	test := stat.Independence(table)
	if got := corrected(test); got != 0 || test.CramersV < 0.05 {
		t.Errorf("V %g, corrected %g", test.CramersV, got)
	}
	if got := corrected(stat.Independence([][]int{{500, 0}, {0, 500}})); math.Abs(got-1) > 1e-6 {
		t.Errorf("V of a column that decides is %g", got)
	}
	// By hand: 30 20 / 20 30: chi-square 4, n 100: phi 0.04 - 1/99, narrow 1 - 1/99.
	want := math.Sqrt((0.04 - 1.0/99) / (1 - 1.0/99))
	if got := corrected(stat.Independence([][]int{{30, 20}, {20, 30}})); math.Abs(got-want) > 1e-12 {
		t.Errorf("V %g, want %g", got, want)
	}
}

// The headers of the queries tell the truth about their columns.
func TestColumnsOfMembership(t *testing.T) {
	db := identitiesStore(t)
	ctx, dir := context.Background(), t.TempDir()
	if err := db.Statements(ctx, "INSERT INTO identities VALUES ('', 'A', 1, 'A', 1, 'id'), ('', 'B', 2, 'A', 1, 'email');"); err != nil {
		t.Fatal(err)
	}
	e := &Engine{Config: config.Default()}
	parted, err := e.follow(ctx, db, "lifecycle")
	if err != nil {
		t.Fatal(err)
	}
	all, err := e.historian(ctx, db, "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []*historian{parted, all} {
		for _, asOf := range []string{"2026-05-31", "2026-06-30"} {
			if err := h.next(scoredRun{asOf, map[string]scoredCustomer{"A": {stage: "new"}, "B": {stage: "new"}}}.write(t, db, dir)); err != nil {
				t.Fatal(err)
			}
		}
		if h.joined != 2 {
			t.Errorf("%d ids were joined, not B on both days", h.joined)
		}
	}
	for _, made := range []string{
		"TABLE overlap_wanted AS SELECT 'own' AS scheme, 'x' AS segment, CAST(0 AS BIGINT) AS number",
		"VIEW profile_numbers AS SELECT true AS inside, CAST(1 AS DOUBLE) AS value",
		"VIEW profile_words AS SELECT true AS inside, 'x' AS value",
	} {
		if err := db.Exec(ctx, "CREATE TEMP "+made); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{
		"history_joined", "history_ids", "history_state", "history_people", "history_members", "history", "moves", "overlap", "profile", "profile_numbers", "profile_words",
	} {
		q := queries.Get("segment/" + name)
		text := strings.NewReplacer("$scheme", "''", "$segment", "''").Replace(q.SQL)
		described, err := db.Query(ctx, "SELECT column_name, column_type FROM (DESCRIBE "+text+")")
		if err != nil {
			t.Fatalf("%s: %v", q.Name, err)
		}
		var got []queries.Column
		for i, column := range texts(described.Columns()[0]) {
			got = append(got, queries.Column{Name: column, Type: textAt(described.Columns()[1], i)})
		}
		if !slices.Equal(got, q.Gives) {
			t.Errorf("%s gives\n%v\nits header says\n%v", q.Name, got, q.Gives)
		}
	}
}

// bigRuns writes two runs of so many customers each, in four schemes that part them and
// with an own segment of a tenth.
func bigRuns(b *testing.B, db *duck.DB, customers int) []workspace.Run {
	b.Helper()
	var runs []workspace.Run
	for i, asOf := range []string{"2026-05-31", "2026-06-30"} {
		dir := filepath.Join(b.TempDir(), asOf)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			b.Fatal(err)
		}
		begin := i * customers / 50 // some left, and as many came
		all := fmt.Sprintf(`SELECT DATE '%s' AS as_of, 'C' || lpad(CAST(i AS VARCHAR), 8, '0') AS customer_id, CAST(hash(i * 2 + 1) %% 900 AS BIGINT) AS recency_days,
  CAST(hash(i * 2) %% 30 AS BIGINT) AS orders, (hash(i * 3 + %d) %% 100000) / 7.0 AS clv, (hash(i * 5) %% 50000) / 3.0 AS net_revenue,
  'segment ' || (hash(i) + CASE WHEN hash(i + %d) %% 10 < 3 THEN %d ELSE 0 END) %% 10 AS rfm_segment, 'cell ' || hash(i * 7) %% 8 AS rfm_cell,
  'stage ' || hash(i * 11) %% 6 AS lifecycle_stage, 'band ' || hash(i * 13 + %d) %% 3 AS churn_band
FROM range(%d, %d) AS r(i)`, asOf, i, i*7, i, i, begin, begin+customers)
		for file, query := range map[string]string{
			"scores": all + " ORDER BY customer_id",
			"segment_members": "WITH s AS (" + all + `) SELECT as_of, segment, customer_id, scheme FROM (
  SELECT as_of, rfm_segment AS segment, customer_id, 'rfm grid125' AS scheme FROM s UNION ALL SELECT as_of, rfm_cell, customer_id, 'rfm cn8' FROM s
  UNION ALL SELECT as_of, lifecycle_stage, customer_id, 'lifecycle' FROM s UNION ALL SELECT as_of, churn_band, customer_id, 'churn band' FROM s
  UNION ALL SELECT as_of, 'dear', customer_id, 'own' FROM s WHERE clv > 12857) ORDER BY scheme, segment, customer_id`,
		} {
			path := filepath.Join(dir, file+".parquet")
			if err := db.Exec(context.Background(), "COPY ("+query+") TO "+duck.Literal(path)+" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"); err != nil {
				b.Fatal(err)
			}
		}
		runs = append(runs, workspace.Run{AsOf: asOf, Dir: dir})
	}
	return runs
}

// cpuTime is what the process used of all cores so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkMembership reads two runs of a million customers each.
func BenchmarkMembership(b *testing.B) {
	db := identitiesStore(b)
	runs := bigRuns(b, db, 1_000_000)
	e := &Engine{Config: config.Default()}
	ctx := context.Background()
	for _, of := range []struct {
		name string
		do   func() error
	}{
		{"moves", func() error { _, err := e.moves(ctx, db, "rfm grid125", runs[0], runs[1]); return err }},
		{"changes", func() error { _, err := e.moves(ctx, db, OwnScheme, runs[0], runs[1]); return err }},
		{"history-of-one", func() error { _, err := e.history(ctx, db, "rfm grid125", "segment 1", runs); return err }},
		{"history-of-all", func() error { _, err := e.history(ctx, db, "", "", runs); return err }},
		{"overlap-of-all", func() error {
			names, err := segmentsOf(ctx, db, runs[1])
			if err == nil {
				err = (&Overlaps{}).count(ctx, db, names)
			}
			return err
		}},
		{"profile", func() error {
			if err := viewOne(ctx, db, runs[1]); err != nil {
				return err
			}
			return e.profile(ctx, db, runs[1], &Profile{Scheme: "rfm grid125", Segment: "segment 1"})
		}},
	} {
		b.Run(of.name, func(b *testing.B) {
			begin, n := cpuTime(b), 0
			for b.Loop() {
				n++
				if err := of.do(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((cpuTime(b)-begin).Seconds()/float64(n), "cpu-s/op")
		})
	}
}
