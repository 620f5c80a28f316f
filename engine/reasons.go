package engine

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models/risk"
	"clientele/queries"
)

// reasonFields are the columns of reasons but as_of: base and what follows, up to
// calibration, add up to the log odds of churn_risk.
func reasonFields() []table.Field {
	fields := []table.Field{{Name: "customer_id", Kind: table.Text}, {Name: "base", Kind: table.Float, Unit: "log odds"}}
	for _, f := range risk.Families() {
		fields = append(fields, table.Field{Name: f.Key(), Kind: table.Float, Unit: "log odds"})
	}
	return append(fields, table.Field{Name: risk.PurchaseModelColumn, Kind: table.Float, Unit: "probability"})
}

// reasons hands out the rows of reasons: of every customer with an order where a churn
// score was trained, else none. What leads in the high churn band is counted on the way.
func (r *run) reasons() func() (*table.Table, error) {
	score, trained := r.fitted[risk.Name].(*risk.Score)
	r.led = newLeading()
	from := 0
	return func() (*table.Table, error) {
		if !trained || from >= r.table.Rows() {
			return nil, io.EOF
		}
		begin := from
		from = min(from+groupRows, r.table.Rows())
		return reasonsOf(score, r.table.Slice(begin, from), r.led, r.Config.Resources.Cores())
	}
}

// reasonsOf are the rows of reasons of those customers in t who have an order; led
// takes note of them.
func reasonsOf(score *risk.Score, t *table.Table, led leading, workers int) (*table.Table, error) {
	effects := make([][]float64, len(risk.Families()))
	for f := range effects {
		effects[f] = make([]float64, t.Rows())
	}
	if err := score.EffectsTo(effects, t, workers); err != nil {
		return nil, err
	}
	rows := make([]int, 0, t.Rows())
	for i, v := range effects[0] {
		if v == v {
			rows = append(rows, i)
		}
	}
	led.add(effects, t.Column("churn_band"), rows)
	start := make([]float64, len(rows))
	for k := range start {
		start[k] = score.Start()
	}
	values := append([][]float64{start}, effects...)
	if values = append(values, t.Floats(risk.PurchaseModelColumn)); len(rows) < t.Rows() {
		for k := range values[1:] {
			values[1+k] = chosen(values[1+k], rows)
		}
		t = t.Take(rows, "customer_id")
	}
	out := table.New(t.Column("customer_id"))
	for k, f := range reasonFields()[1:] {
		out.Add(&table.Column{Field: f, Floats: values[k]})
	}
	return out, nil
}

func chosen(values []float64, rows []int) []float64 {
	out := make([]float64, len(rows))
	for k, i := range rows {
		out[k] = values[i]
	}
	return out
}

// leading counts the families of facts that raise the risk of customers in the high
// churn band most; the last is none, of those whose risk nothing raises.
type leading []groupSums

func newLeading() leading {
	out := make(leading, risk.Adjustment+1)
	for f := range risk.Adjustment {
		out[f].name = f.Key()
	}
	out[risk.Adjustment].name = "none"
	return out
}

// add notes those of rows that are in the high band.
func (l leading) add(effects [][]float64, band *table.Column, rows []int) {
	high := slices.Index(band.Labels, "high")
	for _, i := range rows {
		if int(band.Codes[i]) != high {
			continue
		}
		lead := risk.Family(0)
		for f := range risk.Adjustment {
			if effects[f][i] > effects[lead][i] {
				lead = f
			}
		}
		most := effects[lead][i]
		if most <= 0 {
			lead = risk.Adjustment
		}
		l[lead].customers++
		l[lead].risk.add(most, probabilityScale)
	}
}

// table is the result of the query report/churn_reasons.
func (l leading) table() *table.Table {
	list := slices.DeleteFunc(slices.Clone(l), func(g groupSums) bool { return g.customers == 0 })
	slices.SortFunc(list, func(a, b groupSums) int { return strings.Compare(a.name, b.name) })
	t := table.Make(0, table.Field{Name: "reason", Kind: table.Text}, table.Field{Name: "customers", Kind: table.Int}, table.Field{Name: "effect"})
	c := t.Columns()
	for _, g := range list {
		c[0].Texts.AppendString(g.name)
		c[1].Ints, c[2].Floats = append(c[1].Ints, g.customers), append(c[2].Floats, g.risk.mean(probabilityScale))
	}
	return table.New(c...)
}

// shownReasons are why a customer has the churn risk of the latest run with
// reasons, the strongest first, in words of a language (en or zh). Without such a
// run it has no rows.
func (e *Engine) shownReasons(ctx context.Context, db *duck.DB, customer, lang string) (*table.Table, error) {
	g := newGrid("as_of date", "reason text", "effect float", "odds_times float")
	// Runs of before reasons were given by these families have no purchases.
	t, err := db.Query(ctx, "SELECT * FROM reasons WHERE customer_id = $customer AND purchases IS NOT NULL ORDER BY as_of DESC LIMIT 1", sql.Named("customer", customer))
	if err != nil {
		return nil, err
	}
	if t.Rows() == 0 {
		return g.section("").Table, nil
	}
	p := publishedReasons{Engine: e, ctx: ctx, db: db, row: t, day: Day(t.Column("as_of").Dates[0]), zh: lang == "zh"}
	words, err := p.words(customer)
	if err != nil {
		return nil, err
	}
	en, zh := percent(risk.Probability(p.base()))
	g.add(p.day, p.text("the average customer: a risk of "+en, "平均客户：风险"+zh), p.base(), math.NaN())
	var families []risk.Family
	for _, f := range risk.Families() {
		if p.effect(f) != 0 {
			families = append(families, f)
		}
	}
	slices.SortStableFunc(families, func(a, b risk.Family) int {
		return -compareSize(p.effect(a), p.effect(b))
	})
	for _, f := range families {
		g.add(p.day, words[f], p.effect(f), math.Exp(p.effect(f)))
	}
	return g.section("").Table, nil
}

// compareSize compares how far two numbers are from zero.
func compareSize(a, b float64) int {
	switch a, b = math.Abs(a), math.Abs(b); {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// percent is a probability in words, never certain and never none.
func percent(p float64) (en, zh string) {
	switch {
	case p > 0.999:
		return "over 99.9 %", "超过 99.9%"
	case p < 0.001:
		return "under 0.1 %", "低于 0.1%"
	}
	text := strconv.FormatFloat(100*p, 'f', 1, 64)
	return text + " %", " " + text + "%"
}

// publishedReasons is one customer's row of reasons.
type publishedReasons struct {
	*Engine
	ctx context.Context
	db  *duck.DB
	row *table.Table
	day Day
	zh  bool
}

func (p publishedReasons) base() float64 { return p.row.Floats("base")[0] }

func (p publishedReasons) effect(f risk.Family) float64 { return p.row.Floats(f.Key())[0] }

// words are those of each family. They have the customer's values where the facts
// up to the day still give the effects that were published; else, or without the
// score, they only name what the values are of.
func (p publishedReasons) words(customer string) (map[risk.Family]string, error) {
	out := map[risk.Family]string{}
	for _, f := range risk.Families() {
		out[f] = p.text(f.Names())
	}
	score, err := p.score()
	if score == nil || err != nil { // one that cannot be read is told of by the outlook
		return out, nil
	}
	t, err := p.summary(customer)
	if err != nil || t.Rows() != 1 {
		return out, err
	}
	told, err := score.Explain(t, []int{0}, 0)
	if err != nil {
		return out, err
	}
	const digits = 1e-6 // of log odds
	if !(math.Abs(told[0].Base-p.base()) < digits) {
		return out, nil
	}
	for _, r := range told[0].Reasons {
		if math.Abs(r.Effect-p.effect(r.Family)) < digits {
			out[r.Family] = p.text(withoutEffect(r.En, ": "), withoutEffect(r.Zh, "："))
		}
	}
	return out, nil
}

func (p publishedReasons) text(en, zh string) string {
	if p.zh {
		return zh
	}
	return en
}

// withoutEffect cuts the effect off that stands at the end of a reason.
func withoutEffect(text, before string) string {
	if at := strings.LastIndex(text, before); at >= 0 {
		return text[:at]
	}
	return text
}

// score is the churn score of the run; nil where it was not saved.
func (p publishedReasons) score() (*risk.Score, error) {
	run, err := workspace.OpenRun(p.Dir, p.day.String())
	if err != nil {
		return nil, err
	}
	s, err := readSaved(filepath.Join(run.Dir, savedPrefix+risk.Name+savedSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return risk.Load(s.Fitted)
}

// summary is the customer's row of the summary as of the day, with the purchase
// model's probability as it was published.
func (p publishedReasons) summary(customer string) (*table.Table, error) {
	t, err := p.summaryOf(p.ctx, p.db, p.day, customer)
	if err != nil {
		return nil, err
	}
	silent := table.NewColumn(table.Field{Name: risk.PurchaseModelColumn, Kind: table.Float}, t.Rows())
	for i := range silent.Floats {
		silent.Floats[i] = p.row.Floats(risk.PurchaseModelColumn)[0]
	}
	t.Add(silent)
	return t, nil
}

// summaryOf is the row of the summary as of a day that is of one customer; none for a
// customer without an order.
func (e *Engine) summaryOf(ctx context.Context, db *duck.DB, day Day, customer string) (*table.Table, error) {
	if err := makeBounds(ctx, db, e.Config, day); err != nil {
		return nil, err
	}
	id := sql.Named("customer", customer)
	err := db.Exec(ctx, `CREATE OR REPLACE TEMP TABLE daily AS SELECT d.* FROM (`+queries.Get("summary/daily").SQL+`) AS d
WHERE d.person IN (SELECT person FROM identities WHERE customer_id = $customer)`, id)
	if err != nil {
		return nil, err
	}
	err = db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE purchases AS "+queries.Get("summary/purchases").SQL)
	if err != nil {
		return nil, err
	}
	return db.Query(ctx, "SELECT s.* FROM ("+queries.Get("summary/customers").SQL+") AS s WHERE s.customer_id = $customer AND s.x IS NOT NULL", id)
}
