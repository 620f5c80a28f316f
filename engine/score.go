package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/segment"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models"
	"clientele/models/cluster"
)

// Scored is one finished run.
type Scored struct {
	AsOf      string           `json:"as_of"`
	Path      string           `json:"path"`      // exports/as_of=DATE
	Customers int              `json:"customers"` // with an order
	Prospects int              `json:"prospects"` // known, without an order
	Models    []models.Report  `json:"-"`
	Excluded  []Excluded       `json:"excluded,omitempty"` // what rules of the configuration left out
	Warnings  []models.Warning `json:"warnings"`
	Hash      string           `json:"manifest_sha256"` // of the names and hashes of the run's files
}

// Score summarizes every customer as of a day (YYYY-MM-DD, today, yesterday or
// latest), fits and scores the models, and publishes the run.
func (e *Engine) Score(ctx context.Context, asOf string) (Scored, error) {
	var scored Scored
	err := e.locked(func(lock *workspace.Lock) error {
		var err error
		scored, err = e.scoreLocked(ctx, lock, asOf, nil)
		return err
	})
	return scored, err
}

// Backfill scores the days from, from + step, ... up to the last day that has
// facts: history exists on the first day. every is day, week, month, quarter
// or year; months keep the day of the month as far as they have it.
func (e *Engine) Backfill(ctx context.Context, from, every string) ([]Scored, error) {
	var all []Scored
	err := e.locked(func(lock *workspace.Lock) error {
		days, err := e.days(ctx, from, every)
		if err != nil {
			return err
		}
		for _, day := range days {
			scored, err := e.scoreLocked(ctx, lock, day.String(), nil)
			if err != nil {
				return fmt.Errorf("as of %v: %w", day, err)
			}
			all = append(all, scored)
		}
		return nil
	})
	return all, err
}

func (e *Engine) days(ctx context.Context, from, every string) (days []Day, err error) {
	start, err := ParseDay(from)
	if err != nil {
		return nil, err
	}
	var last Day
	err = e.read(ctx, func(db *duck.DB) error {
		first, l, err := factDays(ctx, db)
		last = l
		if err == nil && start < first {
			return fmt.Errorf("from %v: the first fact is of %v", start, first)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for n := 0; ; n++ {
		day, err := stepped(start, every, n)
		if err != nil {
			return nil, err
		}
		if day > last {
			break
		}
		days = append(days, day)
	}
	if len(days) == 0 {
		return nil, fmt.Errorf("from %v: the last fact is of %v", start, last)
	}
	return days, nil
}

// stepped is start plus n steps.
func stepped(start Day, every string, n int) (Day, error) {
	months := 0
	switch every {
	case "day":
		return start + Day(n), nil
	case "week":
		return start + Day(7*n), nil
	case "month":
		months = n
	case "quarter":
		months = 3 * n
	case "year":
		months = 12 * n
	default:
		return 0, fmt.Errorf("every %q: not day, week, month, quarter or year", every)
	}
	t := start.Time()
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	length := first.AddDate(0, 1, -1).Day()
	return DayOf(first.AddDate(0, 0, min(t.Day(), length)-1)), nil
}

// scoreLocked scores one day; checked is what the checks before it found, if they
// were run.
func (e *Engine) scoreLocked(ctx context.Context, lock *workspace.Lock, asOf string, checked Checked) (scored Scored, err error) {
	err = e.read(ctx, func(db *duck.DB) error {
		day, err := e.resolveAsOf(ctx, db, asOf)
		if err != nil {
			return err
		}
		r := &run{Engine: e, ctx: ctx, db: db, asOf: day, checked: checked}
		scored, err = r.score(lock)
		return err
	})
	return scored, err
}

// run is one scoring under way.
type run struct {
	*Engine
	ctx      context.Context
	db       *duck.DB
	asOf     Day
	checked  Checked
	sample   *buying // purchase days of those who are looked back on, one of every customers
	every    int64
	currency string
	table    *table.Table // the summary, then the models' columns too
	frozen   *frozen      // saved models that score in place of new fits; nil: none
	prior    *savedModel  // clusters whose numbers and names are kept; nil: none
	learned  learned
	totals   []total
	fitted   map[string]models.Fitted
	reports  []models.Report
	excluded []Excluded
	own      []ownRule         // segments of the configuration
	names    segment.Catalogue // what their rules may name
	members  []ownMembers      // of segments of the configuration, by their names
	led      leading           // what is behind the risk of those at high risk
	warnings []models.Warning
	shown    []workspace.Shown // what of the workspace's history the report shows
}

func (r *run) score(lock *workspace.Lock) (Scored, error) {
	var err error
	if r.own, r.names, err = r.ownRules(); err != nil {
		return Scored{}, err
	}
	if err := r.checkClusters(); err != nil {
		return Scored{}, err
	}
	if err := r.summarize(); err != nil {
		return Scored{}, fmt.Errorf("summarize: %w", err)
	}
	if r.frozen, err = r.frozenModels(r.currency); err != nil {
		return Scored{}, err
	}
	if r.prior, err = r.priorClusters(); err != nil {
		return Scored{}, err
	}
	if r.learned, err = r.learn(); err != nil {
		return Scored{}, fmt.Errorf("look back: %w", err)
	}
	stays := len(r.sample.count) / 2 // about half of what was looked back on is held for the report
	r.sample = nil
	if err := r.share(r.table.Rows(), stays); err != nil {
		return Scored{}, err
	}
	if r.prior != nil {
		r.learned.clusters = r.prior.fitted.(*cluster.Fitted)
	}
	list, err := r.frozen.apply(Models(r.Config, r.asOf, r.learned), purchaseModel(r.Config, r.learned.family, r.asOf))
	if err != nil {
		return Scored{}, err
	}
	r.fitted, r.reports, err = r.fitAndScore(r.ctx, list, r.table)
	if err != nil {
		return Scored{}, err
	}
	r.table.Drop("log_gaps", "previous_day")
	if err := r.addIntervals(); err != nil {
		return Scored{}, fmt.Errorf("intervals: %w", err)
	}
	r.table.Drop("repeat_spend")
	if r.Limit != nil {
		r.Limit(r.scoredShare(r.table.Rows()))
	}
	if err := r.warn(); err != nil {
		return Scored{}, err
	}
	return r.publish(lock)
}

func (r *run) summarize() error {
	defer r.stage("summarize customers", 0)()
	var err error
	if r.currency, err = currencyOf(r.ctx, r.db); err != nil {
		return err
	}
	s, err := makeSummary(r.ctx, r.db, r.Config, r.asOf, r.Config.Backtest.Sample, r.share)
	if err != nil {
		return err
	}
	r.table, r.sample, r.every = s.table, s.sample, s.every
	if r.excluded, err = excluded(r.ctx, r.db); err != nil {
		return err
	}
	addAverage(r.table)
	addLogGaps(r.table)
	err = addAttributes(r.ctx, r.db, r.Config.Models, r.table)
	r.table.Drop("person", "gap_logs", "spend_30", "spend_90") // which nothing reads from here on
	return err
}

// share divides the memory between Go and the store by how many customers are held, and
// how many are looked back on.
func (r *run) share(customers, lookedBack int) error {
	share := r.GoShare(customers, lookedBack)
	if r.Limit != nil {
		r.Limit(share)
	}
	return r.db.LimitMemory(r.ctx, r.storeShare(share))
}

// currencyOf is the reporting currency, empty while nothing has settled it.
func currencyOf(ctx context.Context, db *duck.DB) (string, error) {
	recorded, err := meta(ctx, db)
	currency := recorded["frozen.currency"]
	if currency == config.Auto {
		currency = ""
	}
	return currency, err
}

// addAverage adds average_order_value: net revenue per order, missing without one.
func addAverage(t *table.Table) {
	average := table.NewColumn(table.Field{Name: "average_order_value", Kind: table.Float}, t.Rows())
	revenue, orders := t.Floats("net_revenue"), t.Column("orders")
	for i := range average.Floats {
		average.Floats[i] = math.NaN()
		if !orders.Missing(i) {
			average.Floats[i] = revenue[i] / float64(orders.Int(i))
		}
	}
	t.Add(average)
}

// warn collects the doubts about the run, first those about the facts.
func (r *run) warn() error {
	if err := r.tell(); err != nil {
		return err
	}
	var orders, guests, uncounted int64
	var paid bool
	err := r.db.Row(r.ctx, []any{&orders, &guests, &uncounted, &paid}, `SELECT CAST(coalesce(sum(orders), 0) AS BIGINT), CAST(coalesce(sum(orders) FILTER (guest), 0) AS BIGINT), CAST(coalesce(sum(orders) FILTER (NOT counted), 0) AS BIGINT),
  coalesce(bool_or(counted AND net > 0), false) FROM orders_told CROSS JOIN bounds WHERE day <= as_of_day`)
	if err != nil {
		return err
	}
	if guests > 0 {
		r.warnings = append(r.warnings, models.Warning{Code: "orders_without_customer",
			En: fmt.Sprintf("%d of %d orders name no customer: they are kept, and scored for nobody.", guests, orders),
			Zh: fmt.Sprintf("%[2]d 笔订单中有 %[1]d 笔没有客户信息：订单保留，但不计入任何客户的评分。", guests, orders)})
	}
	if orders > 0 && !paid {
		r.warnings = append(r.warnings, models.Warning{Code: "no_amounts",
			En: "No order has an amount: money is 0 in every figure, and what is said of spend and value means nothing.",
			Zh: "没有任何订单带有金额：所有金额均为 0，与消费和价值有关的结果没有意义。"})
	}
	if uncounted > 0 {
		r.warnings = append(r.warnings, models.Warning{Code: "orders_not_counted",
			En: fmt.Sprintf("%d orders are unpaid, or cancelled without a date: they are kept and never count.", uncounted),
			Zh: fmt.Sprintf("%d 笔订单未付款或已取消但无取消日期：订单保留，但不计入统计。", uncounted)})
	}
	refused, err := r.db.Query(r.ctx, `WITH latest AS (
  SELECT batch_id, path, state FROM batches QUALIFY row_number() OVER (PARTITION BY source, kind, path ORDER BY batch_id DESC) = 1
)
SELECT batch_id, path FROM latest WHERE state = 'refused' ORDER BY batch_id`)
	if err != nil {
		return err
	}
	for i := range refused.Rows() {
		path, batch := string(refused.Column("path").Texts.At(i)), refused.Ints("batch_id")[i]
		r.warnings = append(r.warnings, models.Warning{Code: "file_refused",
			En: fmt.Sprintf("%s was refused and is not in these figures: clientele batches says why (batch %d).", path, batch),
			Zh: fmt.Sprintf("文件 %s 被拒绝，未计入本报告：原因见 clientele batches（批次 %d）。", path, batch)})
	}
	r.warnings = append(r.warnings, exclusionWarnings(r.excluded)...)
	r.warnings = append(r.warnings, checkWarnings(r.checked)...)
	r.warnings = append(r.warnings, r.learned.warnings...)
	r.warnBeyond()
	for _, report := range r.reports {
		r.warnings = append(r.warnings, report.Warnings...)
	}
	return nil
}

// warnBeyond says where the horizon is longer than anybody has been a customer.
func (r *run) warnBeyond() {
	age, longest := r.table.Column("T"), int64(-1)
	for i := range age.Len() {
		if !age.Missing(i) {
			longest = max(longest, age.Int(i))
		}
	}
	if longest < 0 || longest >= int64(r.Config.Horizon) {
		return
	}
	r.warnings = append(r.warnings, models.Warning{Code: "beyond_history",
		En: fmt.Sprintf("Nobody has been a customer for more than %d days, and expected orders and values look %d days ahead: what lies beyond is the model's word alone, and intervals know nothing of how wrong it may be. A shorter horizon_days is safer.", longest, r.Config.Horizon),
		Zh: fmt.Sprintf("客户最长的历史只有 %d 天，而预计订单与价值向前看 %d 天：超出历史的部分仅凭模型推断，区间并未计入其可能的偏差。建议缩短 horizon_days。", longest, r.Config.Horizon)})
}

// checkWarnings are the failed checks as doubts, without any value of the data.
func checkWarnings(checked Checked) []models.Warning {
	var out []models.Warning
	for _, c := range checked.Failed() {
		out = append(out, models.Warning{Code: "check_failed",
			En: fmt.Sprintf("Check %s (%s) failed, wrong rows: %d; see clientele check --details %q.", c.Name, c.Severity, c.Failed, c.Name),
			Zh: fmt.Sprintf("检查 %s（%s）未通过，有误行数：%d；见 clientele check --details %q。", c.Name, severityZh(c.Severity), c.Failed, c.Name)})
	}
	return out
}

func severityZh(severity string) string {
	if severity == SeverityError {
		return "错误"
	}
	return "警告"
}

// inChunks hands a table out in parts that are groups of rows of a file.
func inChunks(t *table.Table) func() (*table.Table, error) {
	from := 0
	return func() (*table.Table, error) {
		if from >= t.Rows() {
			return nil, io.EOF
		}
		begin := from
		from = min(from+groupRows, t.Rows())
		return t.Slice(begin, from), nil
	}
}

// publish writes the run's files and puts the run in place.
func (r *run) publish(lock *workspace.Lock) (Scored, error) {
	folder, err := lock.NewRun(r.asOf.String())
	if err != nil {
		return Scored{}, err
	}
	published := false
	defer func() {
		if !published {
			folder.Discard() // what was published before stays; the next command clears leftovers too
		}
	}()
	rows, err := r.writeFiles(folder)
	if err != nil {
		return Scored{}, err
	}
	reported := r.writeReports(folder)
	if err := r.checkShown(); err != nil { // it may be why there is no report
		return Scored{}, err
	}
	if reported != nil {
		return Scored{}, fmt.Errorf("report: %w", reported)
	}
	input, err := inputHash(r.ctx, r.db)
	if err != nil {
		return Scored{}, err
	}
	if err := r.writeSaved(folder, input); err != nil {
		return Scored{}, fmt.Errorf("models: %w", err)
	}
	done := r.stage("publish the run", 0)
	finished, err := folder.Publish(workspace.Manifest{
		Program: r.Version, ConfigHash: config.Hash(r.Config), InputHash: shownHash(inputOf(input, r.inputs()), r.shown), Models: r.inputs(), Shown: r.shown,
		Settings: config.Settings(r.Config), Warnings: manifestWarnings(r.warnings),
	}, rows)
	if err != nil {
		return Scored{}, err
	}
	published = true
	done()
	buyers := 0
	for i := range r.table.Rows() {
		if !r.table.Column("orders").Missing(i) {
			buyers++
		}
	}
	return Scored{
		AsOf: r.asOf.String(), Path: finished.Link, Customers: buyers, Prospects: r.table.Rows() - buyers,
		Models: r.reports, Excluded: r.excluded, Warnings: r.warnings, Hash: filesHash(finished.Manifest.Files),
	}, nil
}

func manifestWarnings(list []models.Warning) []workspace.Warning {
	out := make([]workspace.Warning, len(list))
	for i, w := range list {
		out[i] = workspace.Warning{Code: w.Code, En: w.En, Zh: w.Zh}
	}
	return out
}

func filesHash(files []workspace.File) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%s %s\n", f.Name, f.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// jsonText is a value as JSON text; values made of plain structs cannot fail.
func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

var errNoRun = errors.New("no run is published yet: clientele run or clientele score makes one")
