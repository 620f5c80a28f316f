package engine

import (
	"bytes"
	"database/sql"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"

	"clientele/engine/internal/duck"
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

// scoreSelection casts what the columns of Go are wider than.
func scoreSelection(fields []table.Field) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = duck.Identifier(f.Name)
		switch f.Name {
		case "r_score", "f_score", "m_score":
			parts[i] = "CAST(" + parts[i] + " AS INTEGER) AS " + parts[i]
		}
	}
	return strings.Join(parts, ", ")
}

// output is a Parquet file of a run and the query that fills it, in an order that does
// not depend on how the work was divided: what comes from Go is in the order of
// customers.
type output struct {
	name, query string
	next        func() (*table.Table, error) // where the query reads NAME_incoming
	fields      []table.Field
}

// day is the as-of day as SQL.
func (r *run) day() string { return "DATE " + duck.Literal(r.asOf.String()) }

// scoresOutput hands out scores as they stand in Go.
func (r *run) scoresOutput() output {
	t := r.scores()
	fields := make([]table.Field, len(t.Columns()))
	for i, c := range t.Columns() {
		fields[i] = c.Field
	}
	return output{name: "scores", query: "SELECT " + r.day() + " AS as_of, " + scoreSelection(fields) + " FROM scores_incoming", next: inChunks(t), fields: fields}
}

// outputs are the files beside scores, which they may read.
func (r *run) outputs() ([]output, error) {
	customers, err := r.customersQuery()
	return []output{
		{name: "customers", query: customers},
		{name: "segment_members", query: "SELECT " + r.day() + " AS as_of, segment, customer_id, scheme FROM segment_members_incoming", next: r.memberRows().next, fields: memberFields()},
		{name: "totals", query: "SELECT * FROM expected_totals ORDER BY scheme, segment"},
		{name: "reasons", query: "SELECT " + r.day() + " AS as_of, * FROM reasons_incoming", next: r.reasons(), fields: reasonFields()},
		{name: "models", query: "SELECT * FROM fitted_models ORDER BY model"},
	}, err
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
	rows := map[string]int64{}
	var dictionary []entry
	write := func(o output) error {
		file := o.name + ".parquet"
		defer r.stage("write "+file, 0)()
		described, n, err := r.write(o, folder.File(file), meanings)
		if err != nil {
			return fmt.Errorf("write %s: %w", file, err)
		}
		dictionary = append(dictionary, described...)
		rows[file] = n
		return nil
	}
	if err := write(r.scoresOutput()); err != nil {
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
	for _, o := range outputs {
		if err := write(o); err != nil {
			return nil, err
		}
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
// numbers of its values. Days and counts are fewer; scores and amounts are nearly all
// different, and it takes long to find that out of a hundred thousand of them.
const mostDistinct = 4096

// write writes one file, and tells what its columns mean and how many rows it has.
func (r *run) write(o output, path string, meanings map[[2]string]entry) (described []entry, n int64, err error) {
	write := func() error {
		if described, err = r.describe(o.name, o.query, meanings); err != nil {
			return err
		}
		n, err = r.db.Affected(r.ctx, fmt.Sprintf("COPY (%s) TO %s (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d, DICTIONARY_SIZE_LIMIT %d, KV_METADATA {dictionary: %s})",
			o.query, duck.Literal(path), groupRows, mostDistinct, duck.Literal(jsonText(described))))
		return err
	}
	if o.next == nil {
		err = write()
	} else {
		err = r.inOrder(o.name, o.fields, o.next, write)
	}
	return described, n, err
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

// describe lists the columns of a file with their types and meanings; a column
// without a meaning is a mistake of the program.
func (r *run) describe(file, query string, meanings map[[2]string]entry) ([]entry, error) {
	t, err := r.db.Query(r.ctx, "SELECT column_name, column_type FROM (DESCRIBE "+query+")")
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", file, err)
	}
	out := make([]entry, t.Rows())
	for i := range out {
		name := string(t.Column("column_name").Texts.At(i))
		meaning, ok := meanings[[2]string{file, name}]
		if !ok {
			return nil, fmt.Errorf("dictionary: no meaning for column %s of %s", name, file)
		}
		meaning.File, meaning.Column, meaning.Type = file+".parquet", name, string(t.Column("column_type").Texts.At(i))
		out[i] = meaning
	}
	return out, nil
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
