package engine

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/engine/list"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models/rfm"
	"clientele/queries"
)

// Query runs read-only SQL over the store and all runs.
func (e *Engine) Query(ctx context.Context, query string) (t *table.Table, err error) {
	err = e.ask(ctx, query, func(db *duck.DB) error {
		t, err = answer(ctx, db, query)
		return err
	})
	return t, err
}

// answer runs a text that somebody wrote.
func answer(ctx context.Context, db *duck.DB, query string) (*table.Table, error) {
	if err := db.Reads(ctx, query); err != nil {
		return nil, err
	}
	return db.Query(ctx, query)
}

// ask opens the store with the views over runs and lists, for the length of fn, so
// that nothing but their files can be opened. What of the runs a query names is
// compared first.
func (e *Engine) ask(ctx context.Context, query string, fn func(*duck.DB) error) error {
	runs, err := workspace.Runs(e.Dir)
	if err != nil {
		return err
	}
	named := func(file string) bool {
		return isView(file) && strings.Contains(strings.ToLower(query), strings.TrimSuffix(file, ".parquet"))
	}
	if err := compareRuns(runs, named); err != nil {
		return err
	}
	lists, err := list.All(e.lists())
	if err != nil {
		return err
	}
	var files []string
	for name := range emptyViews() {
		files = append(files, runPaths(runs, name+".parquet")...)
	}
	for _, l := range lists {
		files = append(files, l.File(list.MembersName))
	}
	return e.readBeside(ctx, nil, files, func(db *duck.DB) error {
		for name := range emptyViews() {
			if err := viewFiles(ctx, db, name, runs); err != nil {
				return cmp.Or(compareRuns(runs, isView), err) // one that the query does not name may be damaged
			}
		}
		if err := viewGiven(ctx, db, lists); err != nil {
			return err
		}
		return fn(db)
	})
}

// isTable tells the data files of runs.
func isTable(file string) bool { return strings.HasSuffix(file, ".parquet") }

// isView tells the files of runs that are views.
func isView(file string) bool {
	name, isTable := strings.CutSuffix(file, ".parquet")
	return isTable && emptyViews()[name] != ""
}

// emptyViews are the columns of the views over runs, so that they exist, empty,
// before there is any.
func emptyViews() map[string]string {
	return map[string]string{
		"scores": `as_of DATE, customer_id VARCHAR, first_order_on DATE, last_order_on DATE, orders BIGINT, recency_days BIGINT, tenure_days BIGINT,
  net_revenue DOUBLE, average_order_value DOUBLE, r_score INTEGER, f_score INTEGER, m_score INTEGER, rfm_code VARCHAR, rfm_segment VARCHAR, rfm_cell VARCHAR,
  p_alive DOUBLE, churn_risk DOUBLE, churn_band VARCHAR, next_order_on DATE, expected_orders DOUBLE, expected_spend DOUBLE,
  clv DOUBLE, clv_low DOUBLE, clv_high DOUBLE, lifecycle_stage VARCHAR, cluster VARCHAR,
  expected_orders_low DOUBLE, expected_orders_high DOUBLE`,
		"segment_members": "as_of DATE, segment VARCHAR, customer_id VARCHAR, scheme VARCHAR",
		"totals": `as_of DATE, scheme VARCHAR, segment VARCHAR, customers BIGINT, expected_orders DOUBLE, expected_orders_low DOUBLE, expected_orders_high DOUBLE,
  clv DOUBLE, clv_low DOUBLE, clv_high DOUBLE`,
		"reasons": `as_of DATE, customer_id VARCHAR, base DOUBLE, silence DOUBLE, purchases DOUBLE, tenure DOUBLE, refunds DOUBLE, interactions DOUBLE,
  responses DOUBLE, calibration DOUBLE, no_purchase DOUBLE`,
		"models": "as_of DATE, model VARCHAR, status VARCHAR, method VARCHAR, parameters VARCHAR, log_likelihood DOUBLE, rows BIGINT, iterations BIGINT, warnings VARCHAR",
	}
}

// viewRuns makes the temporary views scores, segment_members and models over
// all runs, and those over lists.
func (e *Engine) viewRuns(ctx context.Context, db *duck.DB) error {
	runs, err := workspace.Runs(e.Dir)
	if err != nil {
		return err
	}
	if err := compareRuns(runs, isView); err != nil {
		return err
	}
	for name := range emptyViews() {
		if err := viewFiles(ctx, db, name, runs); err != nil {
			return err
		}
	}
	return e.viewLists(ctx, db)
}

// viewFiles makes a temporary view of the files of that name of runs.
func viewFiles(ctx context.Context, db *duck.DB, name string, runs []workspace.Run) error {
	view := fmt.Sprintf("CREATE OR REPLACE TEMP VIEW %s AS SELECT %s WHERE false", name, nothing(emptyViews()[name]))
	if files := runFiles(runs, name+".parquet"); len(files) > 0 {
		view += " UNION ALL BY NAME SELECT * FROM read_parquet([" + strings.Join(files, ", ") + "], union_by_name=true)"
	}
	if err := db.Exec(ctx, view); err != nil {
		return fmt.Errorf("view %s: %w", name, err)
	}
	return nil
}

// nothing is a selection of typed NULLs: "a DATE" becomes CAST(NULL AS DATE) AS a.
func nothing(columns string) string {
	var parts []string
	for _, c := range strings.Split(columns, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(c), " ")
		parts = append(parts, "CAST(NULL AS "+kind+") AS "+name)
	}
	return strings.Join(parts, ", ")
}

// runFiles are the paths, as SQL literals, of a file in all runs that have it.
func runFiles(runs []workspace.Run, name string) []string {
	out := runPaths(runs, name)
	for i, path := range out {
		out[i] = duck.Literal(path)
	}
	return out
}

// runPaths are the paths of a file in all runs that have it.
func runPaths(runs []workspace.Run, name string) []string {
	var out []string
	for _, r := range runs {
		path := filepath.Join(r.Dir, name)
		if real, err := filepath.EvalSymlinks(path); err == nil {
			if absolute, err := filepath.Abs(real); err == nil {
				out = append(out, absolute)
			}
		}
	}
	return out
}

// mostCompared is how many bytes of runs are hashed before figures of them are shown:
// those of the run of a million customers, in about a fifth of a second.
const mostCompared = 256 << 20

// compareRuns holds files of runs against their manifests before figures of them are
// shown: the sizes of all that are wanted, and the bytes of as many as mostCompared
// allows, the latest runs first. Verify compares every byte, and so does what is
// published or handed out.
func compareRuns(runs []workspace.Run, wanted func(file string) bool) error {
	left := int64(mostCompared)
	for _, run := range slices.Backward(runs) {
		for _, f := range run.Manifest.Files {
			if !wanted(f.Name) {
				continue
			}
			if err := run.CheckSize(f.Name); err != nil {
				return err
			}
			if f.Bytes > left {
				continue
			}
			left -= f.Bytes
			if err := run.CheckFile(f.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// current is the run of a day, or the current one when asOf is empty, its data
// compared with the manifest.
func (e *Engine) current(asOf string) (workspace.Run, error) {
	run, err := e.openCurrent(asOf)
	if err != nil {
		return run, err
	}
	return run, compareRuns([]workspace.Run{run}, func(file string) bool { return !strings.HasSuffix(file, ".html") && !strings.HasSuffix(file, ".csv") })
}

func (e *Engine) openCurrent(asOf string) (workspace.Run, error) {
	if asOf == "" || asOf == "latest" {
		asOf = workspace.CurrentName
	}
	run, err := workspace.OpenRun(e.Dir, asOf)
	if os.IsNotExist(err) || isNotExist(err) {
		if asOf == workspace.CurrentName {
			return run, fmt.Errorf("%s: %w", e.Dir, errNoRun)
		}
		return run, fmt.Errorf("%s: no run as of %s is published", e.Dir, asOf)
	}
	return run, err
}

// Section is one table of an answer with several.
type Section struct {
	Title string
	Table *table.Table
}

// Show gathers what is known of one customer: who, identities, rules that leave
// something out, scores of all runs, what the purchase model expects and why the churn
// risk is what it is, and the latest facts. The last two are in words of a language,
// en or zh.
func (e *Engine) Show(ctx context.Context, customer, lang string) ([]Section, error) {
	var out []Section
	err := e.read(ctx, func(db *duck.DB) error {
		if err := e.viewRuns(ctx, db); err != nil {
			return err
		}
		id := sql.Named("customer", customer)
		var known bool
		if err := db.Row(ctx, []any{&known}, "SELECT count(*) > 0 FROM identities WHERE customer_id = $customer", id); err != nil {
			return err
		}
		if !known { // an id that was joined to another leads to it
			var survivor string
			err := db.Row(ctx, []any{&survivor}, `SELECT min(customer_id) FROM identities
WHERE CASE WHEN id_space = '' THEN source_customer_id ELSE id_space || ':' || source_customer_id END = $customer
HAVING count(DISTINCT customer_id) = 1`, id)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if known = survivor != ""; known {
				id = sql.Named("customer", survivor)
			}
		}
		if !known {
			return fmt.Errorf("no customer %q: clientele query \"SELECT customer_id FROM customers\" lists them", customer)
		}
		if err := e.leaveOut(ctx, db); err != nil {
			return err
		}
		for _, q := range queries.List("show") {
			t, err := db.Query(ctx, q.SQL, id)
			if err != nil {
				return fmt.Errorf("%s: %w", q.Name, err)
			}
			_, title, _ := strings.Cut(q.Base(), "_")
			out = append(out, Section{Title: title, Table: t})
			if title != "scores" {
				continue
			}
			outlook, err := e.shownOutlook(ctx, db, id.Value.(string), lang)
			if err != nil {
				return fmt.Errorf("outlook: %w", err)
			}
			reasons, err := e.shownReasons(ctx, db, id.Value.(string), lang)
			if err != nil {
				return fmt.Errorf("reasons: %w", err)
			}
			out = append(out, Section{Title: "outlook", Table: outlook}, Section{Title: "reasons", Table: reasons})
		}
		return nil
	})
	return out, err
}

// Batches lists what was loaded.
func (e *Engine) Batches(ctx context.Context) (t *table.Table, err error) {
	err = e.read(ctx, func(db *duck.DB) error {
		t, err = db.Query(ctx, "SELECT batch_id, kind, source, path, state, read, accepted, duplicates, rejected, loaded_at, platform, notes FROM batches ORDER BY batch_id")
		return err
	})
	if err != nil {
		return nil, err
	}
	notes := t.Column("notes") // they quote the files
	var scrubbed table.Strings
	for i := range t.Rows() {
		scrubbed.AppendString(Scrub(string(notes.Texts.At(i))))
	}
	notes.Texts = scrubbed
	return t, nil
}

// Rejects lists the rows of a batch that were not stored and why; of every
// batch when batch is 0. limit bounds the rows; 0 is no bound.
func (e *Engine) Rejects(ctx context.Context, batch, limit int) (t *table.Table, err error) {
	err = e.read(ctx, func(db *duck.DB) error {
		if batch != 0 {
			var known bool
			err := db.Row(ctx, []any{&known}, "SELECT count(*) > 0 FROM batches WHERE batch_id = $batch", sql.Named("batch", batch))
			if err != nil {
				return err
			}
			if !known {
				return fmt.Errorf("no batch %d: clientele batches lists them", batch)
			}
		}
		t, err = db.Query(ctx, `SELECT r.batch_id, b.path, r.line, r."column", r.value, r.reason, r.raw
FROM rejects AS r JOIN batches AS b ON r.batch_id = b.batch_id
WHERE $batch = 0 OR r.batch_id = $batch
ORDER BY r.batch_id, r.line LIMIT CASE WHEN $limit = 0 THEN 9223372036854775807 ELSE $limit END`,
			sql.Named("batch", batch), sql.Named("limit", limit))
		return err
	})
	return t, err
}

// Segments lists the segments of a run with their size and worth.
func (e *Engine) Segments(ctx context.Context, asOf string) (t *table.Table, err error) {
	run, err := e.current(asOf)
	if err != nil {
		return nil, err
	}
	err = e.read(ctx, func(db *duck.DB) error {
		if err := e.viewRuns(ctx, db); err != nil {
			return err
		}
		t, err = db.Query(ctx, queries.Get("segment/list").SQL, sql.Named("as_of", run.AsOf))
		return err
	})
	return t, err
}

// SegmentMembers lists the customers of a segment, the most valuable first.
// limit bounds the rows; 0 is no bound.
func (e *Engine) SegmentMembers(ctx context.Context, asOf, segment string, limit int) (t *table.Table, err error) {
	run, err := e.current(asOf)
	if err != nil {
		return nil, err
	}
	err = e.read(ctx, func(db *duck.DB) error {
		if err := e.viewRuns(ctx, db); err != nil {
			return err
		}
		names, err := db.Query(ctx, "SELECT DISTINCT segment FROM segment_members WHERE as_of = CAST($as_of AS DATE) ORDER BY segment", sql.Named("as_of", run.AsOf))
		if err != nil {
			return err
		}
		var all []string
		for i := range names.Rows() {
			all = append(all, string(names.Column("segment").Texts.At(i)))
		}
		at := slices.Index(all, segment)
		if at < 0 { // "Lost" and "lost" are two segments
			at = slices.IndexFunc(all, func(s string) bool { return strings.EqualFold(s, segment) })
		}
		if at < 0 {
			return fmt.Errorf("no segment %q as of %s: there are %s", segment, run.AsOf, strings.Join(all, ", "))
		}
		schemes, err := db.Query(ctx, "SELECT DISTINCT scheme FROM segment_members WHERE as_of = CAST($as_of AS DATE) AND segment = $segment ORDER BY scheme",
			sql.Named("as_of", run.AsOf), sql.Named("segment", all[at]))
		if err != nil {
			return err
		}
		if schemes.Rows() > 1 {
			return fmt.Errorf("segment %q stands in two schemes, %s and %s: rename the custom one", all[at], schemes.Column("scheme").Texts.At(0), schemes.Column("scheme").Texts.At(1))
		}
		t, err = db.Query(ctx, queries.Get("segment/members").SQL,
			sql.Named("as_of", run.AsOf), sql.Named("segment", all[at]), sql.Named("limit", limit))
		return err
	})
	return t, err
}

// CheckSegments proves that an RFM scheme names every code once, or lists
// holes, overlaps and names that are never reached. An empty scheme is the
// configured one.
func (e *Engine) CheckSegments(scheme string) (rfm.Result, error) {
	cfg := e.Config
	if scheme != "" {
		cfg.RFM.Scheme = scheme
	}
	m := RFM(cfg)
	if scheme != "" && scheme != "custom" {
		m.Segments = nil
	}
	return m.Check()
}
