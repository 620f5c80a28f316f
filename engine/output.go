package engine

import (
	"bytes"
	"database/sql"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"clientele/engine/internal/duck"
	"clientele/engine/parquet"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models"
)

//go:embed dictionary.tsv
var dictionaryText string

// scoreColumns is the contract with BI tools: the columns of scores, in order.
// Columns are only ever added.
func scoreColumns() []string {
	return []string{
		"as_of", "customer_id", "first_order_on", "last_order_on", "orders", "recency_days", "tenure_days",
		"net_revenue", "average_order_value", "r_score", "f_score", "m_score", "rfm_code", "rfm_segment", "rfm_cell",
		"p_alive", "churn_risk", "churn_band", "next_order_on", "expected_orders", "expected_spend",
		"clv", "clv_low", "clv_high", "lifecycle_stage", "cluster", "expected_orders_low", "expected_orders_high",
	}
}

// scores is the run's result with the columns of scoreColumns but as_of, which is one
// value.
func (r *run) scores() *table.Table {
	out := table.New()
	for _, name := range scoreColumns()[1:] {
		switch name {
		case "first_order_on":
			out.Add(dateColumn(name, r.table.Column("first_day")))
		case "last_order_on":
			out.Add(dateColumn(name, r.table.Column("last_day")))
		case "tenure_days":
			c := *r.table.Column("T")
			c.Name = name
			out.Add(&c)
		case "cluster":
			out.Add(r.clusterColumn())
		default:
			out.Add(r.table.Column(name))
		}
	}
	return out
}

// dateColumn is a column of days as one of dates.
func dateColumn(name string, days *table.Column) *table.Column {
	if days.Shorts != nil {
		return &table.Column{Field: table.Field{Name: name, Kind: table.Date}, Dates: days.Shorts, Null: days.Null}
	}
	c := table.NewColumn(table.Field{Name: name, Kind: table.Date}, days.Len())
	c.Null = days.Null
	for i := range c.Dates {
		c.Dates[i] = int32(days.Int(i))
	}
	return c
}

// output is a Parquet file of a run: what a query gives, or what stands in Go, in parts
// that are row groups. Its order does not depend on how the work was divided: what comes
// from Go is in the order of customers.
type output struct {
	name, query string
	columns     []parquet.Column // of what comes from Go
	next        func() (*table.Table, error)
}

// fromGo is an output of columns in Go; those that are narrow have 32 bits.
func fromGo(name string, fields []table.Field, next func() (*table.Table, error), narrow ...string) output {
	o := output{name: name, next: next}
	for _, f := range fields {
		o.columns = append(o.columns, parquet.Column{Name: f.Name, Kind: f.Kind, Narrow: slices.Contains(narrow, f.Name)})
	}
	return o
}

// asOfField is the first column of most files.
func asOfField() table.Field { return table.Field{Name: "as_of", Kind: table.Date} }

// dated puts the as-of day before the columns of each part.
func (r *run) dated(fields []table.Field, next func() (*table.Table, error)) ([]table.Field, func() (*table.Table, error)) {
	var days []int32
	return append([]table.Field{asOfField()}, fields...), func() (*table.Table, error) {
		t, err := next()
		if err != nil {
			return nil, err
		}
		for len(days) < t.Rows() {
			days = append(days, int32(r.asOf))
		}
		day := &table.Column{Field: asOfField(), Dates: days[:t.Rows()]}
		return table.New(append([]*table.Column{day}, t.Columns()...)...), nil
	}
}

// scoresOutput hands out scores as they stand in Go.
func (r *run) scoresOutput() output {
	t := r.scores()
	fields, next := r.dated(fieldsOf(t), inChunks(t))
	return fromGo("scores", fields, next, "r_score", "f_score", "m_score")
}

// outputs are the files beside scores, which they may read.
func (r *run) outputs() ([]output, error) {
	customers, err := r.customersQuery()
	if err != nil {
		return nil, err
	}
	members, nextMembers := r.dated(memberFields(), r.memberRows().next)
	reasons, nextReasons := r.dated(reasonFields(), r.reasons())
	return []output{
		{name: "customers", query: customers},
		fromGo("segment_members", members, nextMembers),
		{name: "totals", query: "SELECT * FROM expected_totals ORDER BY scheme, segment"},
		fromGo("reasons", reasons, nextReasons),
		{name: "models", query: "SELECT * FROM fitted_models ORDER BY model"},
	}, nil
}

// customersQuery is what is known of the customers with scores, in their order. Where
// no file has told anything of anybody, and shops of orders alone are many, it is their
// ids and nothing else, which need not be brought together and sorted.
func (r *run) customersQuery() (string, error) {
	known := "customers_as_of(DATE '" + r.asOf.String() + "')"
	var told bool
	if err := r.db.Row(r.ctx, []any{&told}, "SELECT EXISTS (FROM facts.customers) OR EXISTS (FROM facts.cards)"); err != nil {
		return "", err
	}
	if told {
		return "SELECT c.* FROM " + known + " AS c JOIN scores AS s ON c.customer_id = s.customer_id ORDER BY c.customer_id", nil
	}
	t, err := r.db.Query(r.ctx, "SELECT column_name, column_type FROM (DESCRIBE FROM "+known+")")
	if err != nil {
		return "", err
	}
	columns := make([]string, t.Rows())
	for i := range columns {
		name := textAt(t.Column("column_name"), i)
		columns[i] = "CAST(NULL AS " + textAt(t.Column("column_type"), i) + ") AS " + duck.Identifier(name)
		if name == "customer_id" {
			columns[i] = name
		}
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM scores", nil
}

// writeFiles writes the data files of the run and returns their rows.
func (r *run) writeFiles(folder *workspace.RunDir) (map[string]int64, error) {
	if err := r.stageModels(); err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	if err := r.stageTotals(); err != nil {
		return nil, fmt.Errorf("totals: %w", err)
	}
	meanings, err := r.dictionary()
	if err != nil {
		return nil, err
	}
	scores := r.written(folder, meanings, r.scoresOutput())
	if err := scores[0].err; err != nil {
		return nil, err
	}
	// What else reads scores reads the file: a few of its columns at a time.
	if err := r.db.Exec(r.ctx, "CREATE OR REPLACE TEMP VIEW scores AS SELECT * FROM read_parquet("+duck.Literal(folder.File("scores.parquet"))+")"); err != nil {
		return nil, err
	}
	if err := r.stageOwn(); err != nil {
		return nil, err
	}
	outputs, err := r.outputs()
	if err != nil {
		return nil, err
	}
	rows := map[string]int64{}
	var dictionary []entry
	for _, w := range append(scores, r.written(folder, meanings, outputs...)...) {
		if w.err != nil {
			return nil, w.err
		}
		rows[w.file] = w.rows
		dictionary = append(dictionary, w.columns...)
	}
	if r.Config.Output.CSV {
		selection, err := harmless(r.ctx, r.db, "FROM scores")
		if err != nil {
			return nil, err
		}
		n, err := r.db.Affected(r.ctx, fmt.Sprintf("COPY (SELECT %s FROM scores ORDER BY scores.customer_id) TO %s (FORMAT csv, HEADER)", selection, duck.Literal(folder.File("scores.csv"))))
		if err != nil {
			return nil, fmt.Errorf("write scores.csv: %w", err)
		}
		rows["scores.csv"] = n
	}
	text, err := dictionaryCSV(dictionary)
	if err != nil {
		return nil, err
	}
	rows["dictionary.csv"] = int64(len(dictionary))
	return rows, os.WriteFile(folder.File("dictionary.csv"), text, 0o666)
}

// mostDistinct is how many values a column of a group of rows may have to be written as
// numbers of its values. Days and words are fewer; of names and codes nearly all are
// different, and it takes long to find that out of a hundred thousand of them.
const mostDistinct = 4096

// written is a file with what its columns mean.
type written struct {
	file    string
	columns []entry
	rows    int64
	took    time.Duration // beside others; 0: it was a stage of its own
	err     error
}

// written writes files. Where there are several cores, those that queries give are
// written beside those from Go, which leave the store alone.
func (r *run) written(folder *workspace.RunDir, meanings map[[2]string]entry, outputs ...output) []written {
	out := make([]written, len(outputs))
	write := func(i int) {
		w := &out[i]
		w.file = outputs[i].name + ".parquet"
		if w.columns, w.rows, w.err = r.write(outputs[i], folder.File(w.file), meanings); w.err != nil {
			w.err = fmt.Errorf("write %s: %w", w.file, w.err)
		}
	}
	aside := r.Config.Resources.Cores() > 1
	var queries sync.WaitGroup
	if aside {
		queries.Go(func() {
			for i, o := range outputs {
				if o.next == nil {
					began := time.Now()
					write(i)
					out[i].took = time.Since(began)
				}
			}
		})
	}
	for i, o := range outputs {
		if o.next != nil || !aside {
			done := r.stage("write "+o.name+".parquet", 0)
			write(i)
			done()
		}
	}
	queries.Wait()
	for i, o := range outputs {
		if o.next == nil && aside {
			r.staged("write "+o.name+".parquet", out[i].took)
		}
	}
	return out
}

// write writes one file, and tells what its columns mean and how many rows it has.
func (r *run) write(o output, path string, meanings map[[2]string]entry) (described []entry, n int64, err error) {
	if o.next != nil {
		if described, err = describeColumns(o, meanings); err != nil {
			return nil, 0, err
		}
		n, err = r.writeColumns(o, path, described)
		return described, n, err
	}
	if described, err = r.describe(o.name, o.query, meanings); err != nil {
		return nil, 0, err
	}
	n, err = r.db.Affected(r.ctx, fmt.Sprintf("COPY (%s) TO %s (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d, DICTIONARY_SIZE_LIMIT %d, KV_METADATA {dictionary: %s})",
		o.query, duck.Literal(path), groupRows, mostDistinct, duck.Literal(jsonText(described))))
	return described, n, err
}

// writeColumns writes a file of what stands in Go, part by part.
func (r *run) writeColumns(o output, path string, described []entry) (rows int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w, err := parquet.NewWriter(f, o.columns, map[string]string{"dictionary": jsonText(described)}, r.Config.Resources.Cores())
	if err != nil {
		return 0, err
	}
	next, end := o.next, func() {}
	if r.Config.Resources.Cores() > 1 {
		next, end = oneAhead(o.next)
	}
	defer end()
	for {
		if err := ended(r.ctx); err != nil {
			return 0, err
		}
		part, err := next()
		if err == io.EOF {
			return w.Rows(), w.Close()
		}
		if err != nil {
			return 0, err
		}
		if err := w.Write(part); err != nil {
			return 0, err
		}
	}
}

// oneAhead makes each part while the one before it is in use. It does nothing more once it
// is told to end.
func oneAhead(build func() (*table.Table, error)) (next func() (*table.Table, error), end func()) {
	type made struct {
		part *table.Table
		err  error
	}
	parts, over := make(chan made), make(chan struct{})
	go func() {
		defer close(parts)
		for {
			select {
			case <-over:
				return
			default:
			}
			part, err := build()
			select {
			case parts <- made{part, err}:
			case <-over:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	next = func() (*table.Table, error) {
		m := <-parts
		return m.part, m.err
	}
	end = func() {
		close(over)
		for range parts { // the part that is being made is its last
		}
	}
	return next, end
}

// entry is one line of the data dictionary.
type entry struct {
	File   string `json:"-"`
	Column string `json:"column"`
	Type   string `json:"type"`
	Unit   string `json:"unit,omitempty"`
	En     string `json:"en"`
	Zh     string `json:"zh"`
}

// dictionary is the meaning of every column that a run may write, by file and
// column: from dictionary.tsv, and for scores from the models that wrote them.
func (r *run) dictionary() (map[[2]string]entry, error) {
	out, err := dictionaryEntries()
	if err != nil {
		return nil, err
	}
	for _, c := range r.table.Columns() {
		if c.Doc != "" {
			out[[2]string{"scores", c.Name}] = entry{Column: c.Name, Unit: c.Unit, En: c.Doc, Zh: c.DocZh}
		}
	}
	return out, nil
}

// dictionaryEntries is what dictionary.tsv says.
func dictionaryEntries() (map[[2]string]entry, error) {
	out := map[[2]string]entry{}
	for line := range strings.Lines(dictionaryText) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		part := strings.Split(line, "\t")
		if len(part) != 5 {
			return nil, fmt.Errorf("dictionary: %q has %d fields", line, len(part))
		}
		out[[2]string{part[0], part[1]}] = entry{Column: part[1], Unit: part[2], En: part[3], Zh: part[4]}
	}
	return out, nil
}

// describe lists the columns of a query with their types and meanings.
func (r *run) describe(file, query string, meanings map[[2]string]entry) ([]entry, error) {
	t, err := r.db.Query(r.ctx, "SELECT column_name, column_type FROM (DESCRIBE "+query+")")
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", file, err)
	}
	out := make([]entry, t.Rows())
	for i := range out {
		if out[i], err = meant(meanings, file, textAt(t.Column("column_name"), i), textAt(t.Column("column_type"), i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// describeColumns is describe of what comes from Go.
func describeColumns(o output, meanings map[[2]string]entry) (out []entry, err error) {
	out = make([]entry, len(o.columns))
	for i, c := range o.columns {
		if out[i], err = meant(meanings, o.name, c.Name, c.SQLType()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// meant is what a column means; one without a meaning is a mistake of the program.
func meant(meanings map[[2]string]entry, file, column, kind string) (entry, error) {
	e, ok := meanings[[2]string{file, column}]
	if !ok {
		return entry{}, fmt.Errorf("dictionary: no meaning for column %s of %s", column, file)
	}
	e.File, e.Column, e.Type = file+".parquet", column, kind
	return e, nil
}

func dictionaryCSV(entries []entry) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	err := w.Write(dictionaryHeads())
	for _, e := range entries {
		err = errors.Join(err, w.Write([]string{e.File, e.Column, e.Type, e.Unit, e.En, e.Zh}))
	}
	w.Flush()
	return b.Bytes(), errors.Join(err, w.Error())
}

// stageModels makes the temporary table fitted_models.
func (r *run) stageModels() error {
	err := r.db.Exec(r.ctx, `CREATE OR REPLACE TEMP TABLE fitted_models (as_of DATE, model VARCHAR, status VARCHAR, method VARCHAR,
  parameters VARCHAR, log_likelihood DOUBLE, rows BIGINT, iterations BIGINT, warnings VARCHAR, standard_errors VARCHAR, notes VARCHAR)`)
	if err != nil {
		return err
	}
	for _, m := range r.reports {
		likelihood := sql.NullFloat64{Float64: m.LogLikelihood, Valid: !math.IsNaN(m.LogLikelihood)}
		err := r.db.Exec(r.ctx, "INSERT INTO fitted_models SELECT as_of, $model, $status, $method, $parameters, $likelihood, $rows, $iterations, $warnings, $errors, $notes FROM bounds",
			sql.Named("model", m.Model), sql.Named("status", string(m.Status)), sql.Named("method", m.Method),
			sql.Named("parameters", parametersJSON(m.Parameters)), sql.Named("likelihood", likelihood),
			sql.Named("rows", m.Rows), sql.Named("iterations", m.Iterations), sql.Named("warnings", sentencesJSON(m.Warnings)),
			sql.Named("errors", parametersJSON(m.Errors)), sql.Named("notes", sentencesJSON(m.Notes)))
		if err != nil {
			return err
		}
	}
	return nil
}

// sentencesJSON is an array, empty without any.
func sentencesJSON(list []models.Warning) string {
	if list == nil {
		list = []models.Warning{}
	}
	return jsonText(list)
}

// parametersJSON is an object in the order of the parameters.
func parametersJSON(list []models.Parameter) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, p := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		value := "null"
		if !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0) {
			value = jsonText(p.Value)
		}
		b.WriteString(jsonText(p.Name) + ": " + value)
	}
	b.WriteByte('}')
	return b.String()
}
