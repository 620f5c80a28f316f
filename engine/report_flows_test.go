package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"clientele/engine/config"
	"clientele/engine/parquet"
	"clientele/engine/table"
	"clientele/engine/workspace"
)

// tracedRun is a run as far as its flows go: of each id the stage of life and the segment
// of the RFM scheme, "" for none.
type tracedRun struct {
	asOf, scheme string
	of           map[string][2]string
}

// write writes members, and scores but for a column.
func (r tracedRun) write(t interface{ Fatal(...any) }, dir, without string) workspace.Run {
	folder := filepath.Join(dir, r.asOf)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	scores := r.table()
	var columns []*table.Column
	for _, c := range scores.Columns() {
		if c.Name != without {
			columns = append(columns, c)
		}
	}
	members := table.New(textColumn("segment"), textColumn("customer_id"), textColumn("scheme"))
	for k, scheme := range []string{"lifecycle", "rfm " + r.scheme} {
		for _, id := range sortedKeys(r.of) {
			if in := r.of[id][k]; in != "" {
				for c, text := range []string{in, id, scheme} {
					members.Columns()[c].Texts.AppendString(text)
				}
			}
		}
	}
	run := workspace.Run{AsOf: r.asOf, Dir: folder, Manifest: workspace.Manifest{Settings: map[string]string{"rfm.scheme": r.scheme}}}
	for name, part := range map[string]*table.Table{"scores.parquet": table.New(columns...), "segment_members.parquet": table.New(members.Columns()...)} {
		var out bytes.Buffer
		w, err := parquet.NewWriter(&out, fromGo("", fieldsOf(part), nil).columns, nil, 1)
		if err == nil {
			err = errors.Join(w.Write(part), w.Close(), os.WriteFile(filepath.Join(folder, name), out.Bytes(), 0o666))
		}
		if err != nil {
			t.Fatal(err)
		}
		run.Manifest.Files = append(run.Manifest.Files, workspace.File{Name: name})
	}
	return run
}

// table is the run while it is under way. One label stands twice among those there may be.
func (r tracedRun) table() *table.Table {
	id := textColumn("customer_id")
	labels := []string{"never", "lost", "new", "lost", "active", "prospect"}
	stage := &table.Column{Field: table.Field{Name: "lifecycle_stage", Kind: table.Category, Labels: labels}}
	segment := &table.Column{Field: table.Field{Name: "rfm_segment", Kind: table.Category, Labels: labels}}
	for i, name := range sortedKeys(r.of) {
		id.Texts.AppendString(name)
		for k, c := range []*table.Column{stage, segment} {
			code := slices.Index(labels, r.of[name][k])
			if code == 1 && i%2 > 0 {
				code = 3
			}
			c.Codes = append(c.Codes, int32(code))
		}
	}
	return table.New(id, stage, segment)
}

// plainFlows are flows with moves in one order, of customers alone.
func plainFlows(f *Flows) Flows {
	out := *f
	out.Steps = nil
	for _, moves := range f.Steps {
		moves = slices.Clone(moves)
		for i := range moves {
			moves[i].CLVBefore, moves[i].CLVNow = 0, 0
		}
		slices.SortFunc(moves, func(a, b Move) int { return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To)) })
		out.Steps = append(out.Steps, moves)
	}
	return out
}

// What one pass over the scores of runs finds is what the queries find: with ids that
// were joined since, to one that is in the run too or not, with customers without a
// segment and such as come and go, over runs of two schemes. Where a run lacks a column,
// or its scores have another order, the queries are what is left.
func TestTraceIsFlows(t *testing.T) {
	t.Parallel()
	db := identitiesStore(t)
	ids := []string{"A", "B", "C", "crm:1", "D", "crm:2", "E", "F", "G", "H", "é", "客"}
	dir, n, traced, joined := t.TempDir(), 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		folder := filepath.Join(dir, fmt.Sprint(n))
		drawIdentities(t, db, ids)
		segments := []string{"", "new", "active", "lost", "prospect"}
		without := rapid.SampledFrom([]string{"", "", "", "lifecycle_stage", "rfm_segment"}).Draw(t, "without")
		var runs []workspace.Run
		var last tracedRun
		for i, asOf := range []string{"2026-04-30", "2026-05-31", "2026-06-30"}[:rapid.IntRange(1, 3).Draw(t, "runs")] {
			last = tracedRun{asOf, rapid.SampledFrom([]string{"grid125", "cn8"}).Draw(t, "scheme"), map[string][2]string{}}
			for _, id := range ids {
				if rapid.IntRange(0, 4).Draw(t, "there") > 0 {
					last.of[id] = [2]string{rapid.SampledFrom(segments).Draw(t, "stage"), rapid.SampledFrom(segments).Draw(t, "segment")}
				}
			}
			lacks := ""
			if i == 0 {
				lacks = without
			}
			runs = append(runs, last.write(t, folder, lacks))
		}
		e := &Engine{Config: config.Default()}
		e.Config.RFM.Scheme = last.scheme
		r := &run{Engine: e, ctx: context.Background(), db: db, table: last.table()}
		earlier, now := runs[:len(runs)-1], runs[len(runs)-1]
		list := r.reportSchemes(earlier)
		got, err := r.followFlows(list, earlier, now)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(list) {
			t.Fatalf("%d flows of %d schemes", len(got), len(list))
		}
		_, err = r.trace(&historian{Engine: e, ctx: r.ctx, db: db}, list, earlier, now, r.table)
		if err == nil {
			traced += len(list)
		} else if without == "" {
			t.Fatal(err)
		}
		for k, f := range list {
			var kept []workspace.Run
			for _, at := range f.runs {
				kept = append(kept, earlier[at])
			}
			want, err := e.flows(context.Background(), db, f.scheme, append(kept, now))
			if err != nil {
				t.Fatal(err)
			}
			joined += len(want.Warnings)
			if !reflect.DeepEqual(plainFlows(got[k]), plainFlows(want)) {
				t.Fatalf("%s:\n%+v\nwant\n%+v", f.scheme, plainFlows(got[k]), plainFlows(want))
			}
		}
	})
	if traced == 0 || joined == 0 {
		t.Errorf("%d flows were traced, %d had ids that were joined", traced, joined)
	}
}

// Scores that are not in the order of their customers are not gone through side by side.
func TestTraceWantsOrder(t *testing.T) {
	t.Parallel()
	c := textColumn("customer_id")
	for _, id := range []string{"A", "C", "B"} {
		c.Texts.AppendString(id)
	}
	tr := &tracer{read: map[int]*traced{}, away: make([]int64, 1)}
	if err := tr.keep(0, table.New(c)); err == nil {
		t.Error("they are")
	}
}

// Where Go has no more memory than it needs for the run under way, earlier ones are left
// to the store.
func TestTraceFits(t *testing.T) {
	t.Parallel()
	c := textColumn("customer_id")
	c.Texts.Offsets = make([]int32, 2_000_001)
	r := &run{Engine: &Engine{Config: config.Default()}, table: table.New(c)}
	for memory, want := range map[config.Size]bool{1 << 20: false, 1 << 29: false, 8 << 30: true} {
		r.Config.Resources.Memory = memory
		if r.fits() != want {
			t.Errorf("in %d bytes: %v", memory, !want)
		}
	}
}
