package engine

import (
	"fmt"
	"os"
	"path/filepath"

	"clientele/engine/internal/duck"
	"clientele/engine/report"
	"clientele/engine/workspace"
	"clientele/models"
	"clientele/models/purchase"
	"clientele/models/risk"
	"clientele/queries"
)

// writeReports writes report.LANG.html in the configured languages.
func (r *run) writeReports(folder *workspace.RunDir) error {
	if len(r.Config.Output.Reports) == 0 {
		return nil
	}
	defer r.stage("write the report", 0)()
	// The run has just written what is known of its customers: the report counts
	// there instead of working it out again.
	err := r.db.Exec(r.ctx, "CREATE OR REPLACE TEMP VIEW profiles AS SELECT * FROM read_parquet("+duck.Literal(folder.File("customers.parquet"))+")")
	if err != nil {
		return err
	}
	results := r.scoredTables()
	results["churn_reasons"] = r.led.table()
	for _, name := range report.Queries() {
		if results[name] != nil {
			continue
		}
		t, err := r.db.Query(r.ctx, queries.Get("report/"+name).SQL)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		results[name] = t
	}
	meta := r.reportMeta()
	if meta.Expected, err = r.expectedByMonth(); err != nil {
		return err
	}
	if err := r.reportHistory(folder, &meta); err != nil {
		return err
	}
	data, err := report.Build(results, meta)
	if err != nil {
		return err
	}
	for _, lang := range r.Config.Output.Reports {
		path := folder.File("report." + lang + ".html")
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := report.HTML(f, data, lang); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) reportMeta() report.Meta {
	c := r.Config
	meta := report.Meta{
		AsOf: int32(r.asOf), Shop: r.shop(), Currency: r.currency, Version: r.Version, Zone: c.Timezone,
		Horizon: c.Horizon, Window: c.Churn.Window, Discount: c.Discount, Margin: c.Margin,
		Medium: c.Churn.Medium, High: c.Churn.High, Scheme: c.RFM.Scheme, Monetary: c.RFM.Monetary,
		Lifecycle: report.Stages{New: c.Lifecycle.New, Active: c.Lifecycle.Active, AtRisk: c.Lifecycle.AtRisk, Lapsed: c.Lifecycle.Lapsed, WonBack: c.Lifecycle.WonBack},
		Totals:    r.reportTotals(), Past: r.reportPast(),
	}
	for _, n := range RFM(c).Names() {
		meta.Segments = append(meta.Segments, report.Label{Key: n.Key, Text: report.Text{En: n.En, Zh: n.Zh}})
	}
	for _, f := range risk.Families() {
		en, zh := f.Names()
		meta.Reasons = append(meta.Reasons, report.Label{Key: f.Key(), Text: report.Text{En: en, Zh: zh}})
	}
	fromModels := 0
	for _, m := range r.reports {
		fromModels += len(m.Warnings)
		meta.Models = append(meta.Models, modelReport(m))
	}
	for _, c := range r.checked.Failed() {
		meta.Checks = append(meta.Checks, report.Check{Name: c.Name, Table: c.Table, Column: c.Column, Severity: c.Severity, Failed: c.Failed})
	}
	meta.Warnings = reportWarnings(r.warnings[:len(r.warnings)-fromModels])
	return meta
}

// shop is the name of the workspace folder.
func (r *run) shop() string {
	if path, err := filepath.Abs(r.Dir); err == nil {
		return filepath.Base(path)
	}
	return r.Dir
}

func modelReport(m models.Report) report.ModelReport {
	out := report.ModelReport{
		Model: m.Model, Status: string(m.Status), Method: m.Method, LogLikelihood: m.LogLikelihood,
		Rows: m.Rows, Iterations: m.Iterations, Warnings: reportWarnings(m.Warnings), Notes: reportWarnings(m.Notes),
	}
	for _, p := range m.Parameters {
		out.Parameters = append(out.Parameters, report.Parameter{Name: p.Name, Value: p.Value})
	}
	return out
}

func reportWarnings(list []models.Warning) []report.Warning {
	out := make([]report.Warning, len(list))
	for i, w := range list {
		out[i] = report.Warning{Code: w.Code, Text: report.Text{En: w.En, Zh: w.Zh}}
	}
	return out
}

// expectedByMonth is how many repeat purchases the fitted process expects in
// each month from the first purchase on, given only when customers first
// bought. Nothing when no process was fitted.
func (r *run) expectedByMonth() ([]report.Expected, error) {
	fitted, ok := r.fitted[r.learned.family.Name()].(*purchase.Fitted)
	if !ok {
		return nil, nil
	}
	days := r.table.Column("first_day")
	first := r.asOf
	for i := range days.Len() {
		d := days.Int(i)
		if !days.Missing(i) {
			first = min(first, Day(d))
		}
	}
	var starts []int32
	var ends []int
	for start := first.Time().AddDate(0, 0, 1-first.Time().Day()); DayOf(start) <= r.asOf; start = start.AddDate(0, 1, 0) {
		starts = append(starts, int32(DayOf(start)))
		ends = append(ends, int(min(DayOf(start.AddDate(0, 1, 0))-1, r.asOf)-first))
	}
	expected, err := tracked(fitted, r.table, first, ends)
	if err != nil || expected == nil {
		return nil, err
	}
	out := make([]report.Expected, len(starts))
	for i, start := range starts {
		out[i] = report.Expected{From: start, Purchases: expected[i]}
	}
	return out, nil
}
