package engine

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/engine/workspace"
	"clientele/models"
	"clientele/models/churn"
	"clientele/models/cluster"
	"clientele/models/rfm"
	"clientele/queries"
)

// Span says which runs a look at the history takes. Its zero value is all of them.
type Span struct {
	From, To string // days that runs lie between, both included, YYYY-MM-DD; empty: no bound
	Every    string // run (when empty), week or month: of each the last run alone
	Last     int    // so many of the last ones at most; 0: all
}

// Intervals are what Span.Every may be.
func Intervals() []string { return []string{"run", "week", "month"} }

// pick returns those of runs, which are in the order of their days, that the span takes.
func (s Span) pick(runs []workspace.Run) ([]workspace.Run, error) {
	for _, text := range []string{s.From, s.To} {
		if _, err := ParseDay(text); text != "" && err != nil {
			return nil, err
		}
	}
	if s.From != "" && s.To != "" && s.From > s.To {
		return nil, fmt.Errorf("from %s to %s: the first day is after the last", s.From, s.To)
	}
	if s.Every != "" && !slices.Contains(Intervals(), s.Every) {
		return nil, fmt.Errorf("every %q: not one of %s", s.Every, strings.Join(Intervals(), ", "))
	}
	var out []workspace.Run
	for _, r := range runs {
		if s.From != "" && r.AsOf < s.From || s.To != "" && r.AsOf > s.To {
			continue
		}
		if n := len(out); n > 0 && s.samePeriod(out[n-1].AsOf, r.AsOf) {
			out[n-1] = r
			continue
		}
		out = append(out, r)
	}
	if s.Last > 0 && len(out) > s.Last {
		out = out[len(out)-s.Last:]
	}
	return out, nil
}

// samePeriod reports whether one run stands for both days.
func (s Span) samePeriod(a, b string) bool {
	switch s.Every {
	case "month":
		return a[:len("2026-01")] == b[:len("2026-01")]
	case "week":
		x, errX := ParseDay(a)
		y, errY := ParseDay(b)
		if errX != nil || errY != nil {
			return false
		}
		yearX, weekX := x.Time().ISOWeek()
		yearY, weekY := y.Time().ISOWeek()
		return yearX == yearY && weekX == weekY
	}
	return false
}

// spanned are the runs of a span, which must be so many at least.
func (e *Engine) spanned(s Span, least int) ([]workspace.Run, error) {
	all, err := workspace.Runs(e.Dir)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: %w", e.Dir, errNoRun)
	}
	runs, err := s.pick(all)
	if err != nil {
		return nil, err
	}
	if len(runs) >= least {
		return runs, compareRuns(runs, isTable)
	}
	return nil, fmt.Errorf("%s, and %d are needed: clientele score --from DATE --every month fills in earlier ones", counted(len(runs), "run lies in the span", "runs lie in the span"), least)
}

// counted is a number with its noun.
func counted[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return digits(int64(n)) + " " + many
}

// digits writes a whole number with commas.
func digits(n int64) string {
	s := fmt.Sprint(max(n, -n))
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if n < 0 {
		return "-" + s
	}
	return s
}

// percentOf is a share in per cent; of nothing it is empty.
func percentOf(n, of int64) string {
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", 100*float64(n)/float64(of))
}

// viewOne makes the views one_scores, one_members and one_customers of a run. Runs of
// earlier versions have fewer columns, or lack a file: what is missing is NULL, or nobody.
func viewOne(ctx context.Context, db *duck.DB, run workspace.Run) error {
	for _, v := range []struct{ view, file, columns string }{
		{"one_scores", "scores", emptyViews()["scores"]},
		{"one_members", "segment_members", emptyViews()["segment_members"]},
		{"one_customers", "customers", "customer_id VARCHAR, " + customerColumns},
	} {
		text := "CREATE OR REPLACE TEMP VIEW " + v.view + " AS SELECT " + nothing(v.columns) + " WHERE false"
		if files := runFiles([]workspace.Run{run}, v.file+".parquet"); len(files) > 0 {
			text += " UNION ALL BY NAME FROM read_parquet([" + strings.Join(files, ", ") + "])"
		}
		if err := db.Exec(ctx, text); err != nil {
			return fmt.Errorf("the run as of %s: %w", run.AsOf, err)
		}
	}
	return nil
}

// historian reads runs one after another, with customers as they are known today. Of
// each run it makes tables whose names begin with now_; those of the run before it are
// called before_ from then on. Of a scheme that parts customers that is state, a row
// for each customer; else people, and members with a row for each segment of each.
type historian struct {
	*Engine
	ctx             context.Context
	db              *duck.DB
	scheme, segment string // of which members are read; empty: all
	tables          []string
	runs            []workspace.Run // that were read
	merged          bool            // ids were joined to others
	joined          int64           // ids of runs that are another customer's today, counted once for each run
}

// follow begins a reading of a scheme that parts customers.
func (e *Engine) follow(ctx context.Context, db *duck.DB, scheme string) (*historian, error) {
	h := &historian{Engine: e, ctx: ctx, db: db, scheme: scheme, tables: []string{"state"}}
	return h, h.begin()
}

// historian begins a reading of segments that may overlap.
func (e *Engine) historian(ctx context.Context, db *duck.DB, scheme, segment string) (*historian, error) {
	h := &historian{Engine: e, ctx: ctx, db: db, scheme: scheme, segment: segment, tables: []string{"people", "members"}}
	return h, h.begin()
}

// begin finds out which ids were joined to others.
func (h *historian) begin() error {
	if err := h.db.Row(h.ctx, []any{&h.merged}, "SELECT EXISTS (SELECT 1 FROM identities WHERE member <> person)"); err != nil {
		return err
	}
	if !h.merged {
		return h.db.Exec(h.ctx, "CREATE OR REPLACE TEMP TABLE history_ids (run_id VARCHAR, customer_id VARCHAR)")
	}
	if err := h.db.Statements(h.ctx, queries.Get("identity/own").SQL); err != nil {
		return fmt.Errorf("identity/own: %w", err)
	}
	return h.make("history_joined", "history_joined")
}

// make makes a temporary table of a query of queries/segment.
func (h *historian) make(name, query string) error {
	q := queries.Get("segment/" + query)
	err := h.db.Statements(h.ctx, "CREATE OR REPLACE TEMP TABLE "+name+" AS "+q.SQL, named("scheme", h.scheme), named("segment", h.segment))
	if err != nil {
		return fmt.Errorf("%s: %w", q.Name, err)
	}
	return nil
}

// next reads a run. Before the first one nobody was there.
func (h *historian) next(run workspace.Run) error {
	if err := viewOne(h.ctx, h.db, run); err != nil {
		return err
	}
	if err := h.join(); err != nil {
		return err
	}
	for _, name := range h.tables {
		if len(h.runs) > 0 {
			err := h.db.Exec(h.ctx, "DROP TABLE before_"+name+"; ALTER TABLE now_"+name+" RENAME TO before_"+name)
			if err != nil {
				return err
			}
		}
		if err := h.make("now_"+name, "history_"+name); err != nil {
			return err
		}
		if len(h.runs) == 0 {
			if err := h.db.Exec(h.ctx, "CREATE OR REPLACE TEMP TABLE before_"+name+" AS FROM now_"+name+" WHERE false"); err != nil {
				return err
			}
		}
	}
	h.runs = append(h.runs, run)
	return nil
}

// join makes history_ids of the run.
func (h *historian) join() error {
	if !h.merged {
		return nil
	}
	if err := h.make("history_ids", "history_ids"); err != nil {
		return err
	}
	var joined int64
	err := h.db.Row(h.ctx, []any{&joined}, "SELECT count(*) FROM history_ids")
	h.joined += joined
	return err
}

// end frees what was read: a run under way has more to do.
func (h *historian) end() error {
	for _, name := range h.tables {
		if err := h.db.Exec(h.ctx, "DROP TABLE IF EXISTS now_"+name+"; DROP TABLE IF EXISTS before_"+name); err != nil {
			return err
		}
	}
	return nil
}

// warnings tell what the reading did to the runs.
func (h *historian) warnings() []Sentence {
	if h.joined == 0 {
		return nil
	}
	return []Sentence{{Code: "joined",
		En: fmt.Sprintf("%s since: each such customer counts once, with the segment and the worth of the id that is left.", counted(h.joined, "id of these runs was joined to another customer", "ids of these runs were joined to other customers")),
		Zh: fmt.Sprintf("这些运行中有 %s 个客户编号后来并入其他客户：合并后的客户只计一次，其客群与金额以保留的编号为准。", digits(h.joined))}}
}

// segmentsOf are the segments of a run.
func segmentsOf(ctx context.Context, db *duck.DB, run workspace.Run) ([]segmentName, error) {
	if err := viewOne(ctx, db, run); err != nil {
		return nil, err
	}
	t, err := db.Query(ctx, "SELECT DISTINCT scheme, segment FROM one_members ORDER BY scheme, segment")
	if err != nil {
		return nil, fmt.Errorf("the run as of %s: %w", run.AsOf, err)
	}
	out := make([]segmentName, t.Rows())
	for i := range out {
		out[i] = segmentName{string(t.Column("scheme").Texts.At(i)), string(t.Column("segment").Texts.At(i))}
	}
	return out, nil
}

// someOf lists names of segments, of many the first ones.
func someOf(names []string) string {
	const most = 12
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and others, which clientele segment list names"
}

// findScheme is the scheme that is meant by its name or the first word of it: rfm is
// the configured one of the RFM schemes.
func (e *Engine) findScheme(all []segmentName, text, asOf string) (string, error) {
	var names []string
	for _, s := range all {
		names = append(names, s.scheme)
	}
	names = slices.Compact(names)
	wanted := strings.ToLower(strings.TrimSpace(text))
	if wanted == "rfm" {
		wanted = "rfm " + strings.ToLower(e.Config.RFM.Scheme)
	}
	var found []string
	for _, name := range names {
		lower := strings.ToLower(name)
		if lower == wanted {
			return name, nil
		}
		if first, _, _ := strings.Cut(lower, " "); first == wanted {
			found = append(found, name)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%q", name)
	}
	return "", fmt.Errorf("no scheme %q as of %s: there are %s", text, asOf, strings.Join(names, ", "))
}

// clusterNames are the names of the clusters of some runs, as far as they can be read:
// a run may have none, or be of another version.
func clusterNames(runs []workspace.Run) []rfm.Name {
	var out []rfm.Name
	for _, run := range slices.Backward(runs) {
		s, err := readSaved(filepath.Join(run.Dir, savedPrefix+cluster.Name+savedSuffix))
		if err != nil {
			continue
		}
		f, err := cluster.Load(s.Fitted)
		if err != nil {
			continue
		}
		for _, c := range f.Clusters {
			out = append(out, rfm.Name{Key: c.Name.En, En: c.Name.En, Zh: c.Name.Zh})
		}
	}
	return out
}

// names are how the segments of a scheme are shown, in its order; runs are those that
// they come from. Segments that are not among them are shown as they are called.
func (e *Engine) names(scheme string, runs []workspace.Run) []rfm.Name {
	kind, rest, _ := strings.Cut(scheme, " ")
	switch {
	case scheme == ClusterScheme:
		return clusterNames(runs)
	case scheme == "lifecycle":
		return stageNames()
	case scheme == "churn band":
		var out []rfm.Name
		for _, n := range churn.Names() {
			out = append(out, rfm.Name{Key: n.Key, En: n.En, Zh: n.Zh})
		}
		return out
	case scheme == "rfm "+e.Config.RFM.Scheme:
		return RFM(e.Config).Names()
	case kind == "rfm":
		return rfm.Names(rest)
	case scheme == OwnScheme:
		var out []rfm.Name
		for _, own := range e.Config.Segments {
			out = append(out, rfm.Name{Key: own.Name, En: own.Name, Zh: own.Name})
		}
		return out
	}
	return nil
}

// Sentence is what people are told, in both languages.
type Sentence = models.Warning

// Node is a segment as a place that customers come from and go to, or one of the places
// outside all segments: customers who were not scored before (new), who are not scored
// any more (gone), and who are scored and in no segment of the scheme (none).
type Node struct {
	Key    string // as in segment_members; in parentheses for the places outside
	En, Zh string
}

// The places outside all segments.
const (
	NodeNone = "(none)"
	NodeNew  = "(new)"
	NodeGone = "(gone)"
)

func outside() []Node {
	return []Node{{NodeNone, "no segment", "无客群"}, {NodeNew, "new customers", "新增客户"}, {NodeGone, "not scored any more", "不再评分"}}
}

// nodes are the segments in the order of their scheme.
func (e *Engine) nodes(scheme string, segments []string, runs ...workspace.Run) []Node {
	names := e.names(scheme, runs)
	place := func(key string) int {
		if i := slices.IndexFunc(names, func(n rfm.Name) bool { return n.Key == key }); i >= 0 {
			return i
		}
		return len(names)
	}
	keys := slices.Clone(segments)
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a, b))
	})
	var out []Node
	for _, key := range slices.Compact(keys) {
		n := Node{key, key, key}
		if i := place(key); i < len(names) {
			n.En, n.Zh = names[i].En, names[i].Zh
		}
		out = append(out, n)
	}
	return out
}

// alike says where a segment of one run is not what it is in the other: its settings
// changed, or what the run learned.
func (h *historian) alike(scheme string, first, second workspace.Run) ([]Sentence, error) {
	kind, _, _ := strings.Cut(scheme, " ")
	prefix := map[string]string{"rfm": "rfm.", "churn": "churn.", "lifecycle": "lifecycle.", "cluster": "clusters.", OwnScheme: "segments"}[kind]
	var changed []string
	for name, value := range second.Manifest.Settings {
		if old, known := first.Manifest.Settings[name]; prefix != "" && strings.HasPrefix(name, prefix) && known && old != value {
			changed = append(changed, name)
		}
	}
	if len(changed) > 0 {
		slices.Sort(changed)
		return []Sentence{{Code: "settings_changed",
			En: fmt.Sprintf("Settings changed between the two runs (%s): customers may have moved for that reason alone. Scoring the earlier day again makes the runs alike.", strings.Join(changed, ", ")),
			Zh: fmt.Sprintf("两次运行之间设置有变（%s）：客户可能仅因此而变动。对较早的日期重新评分可使两次运行一致。", strings.Join(changed, "、"))}}, nil
	}
	if kind != "rfm" && kind != ClusterScheme {
		return nil, nil
	}
	one, err := h.learned(first, kind)
	if err != nil {
		return nil, err
	}
	other, err := h.learned(second, kind)
	if err != nil || one == other {
		return nil, err
	}
	if kind == "rfm" {
		return []Sentence{{Code: "cut_points_differ",
			En: "The cut points of RFM were fitted in each run, and differ: customers may have moved because others did. models.frozen in clientele.yaml keeps those of one run.",
			Zh: "RFM 分割点在每次运行中各自计算，两次并不相同：客户可能因他人变化而变动。可在 clientele.yaml 的 models.frozen 中沿用某次运行的分割点。"}}, nil
	}
	if second.Manifest.Settings["clusters.match"] != "" {
		return nil, nil
	}
	return []Sentence{{Code: "clusters_differ",
		En: "Clusters were found anew in each run: those of one name need not be the same group. clusters.match in clientele.yaml keeps the names of an earlier run.",
		Zh: "聚类在每次运行中重新计算，同名的聚类未必是同一群客户。可在 clientele.yaml 的 clusters.match 中沿用较早运行的名称。"}}, nil
}

// learned are the parameters that a run has for a model.
func (h *historian) learned(run workspace.Run, model string) (string, error) {
	files := runFiles([]workspace.Run{run}, "models.parquet")
	if len(files) == 0 {
		return "", nil
	}
	t, err := h.db.Query(h.ctx, "SELECT parameters FROM read_parquet("+files[0]+") WHERE model = $model ORDER BY parameters", named("model", model))
	if err != nil || t.Rows() == 0 || t.Column("parameters").Missing(0) {
		return "", err
	}
	return string(t.Column("parameters").Texts.At(0)), nil
}
