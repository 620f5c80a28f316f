package engine

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models/purchase"
)

// mostCounted is the number of orders from which on their probabilities are one.
const mostCounted = 3

// outlook is what a purchase model says of one customer.
type outlook struct {
	horizon  int       // days
	counts   []float64 // probabilities of exactly 0, 1, 2 ... purchases within the horizon
	more     float64   // and of more than those
	expected float64   // purchases within the horizon
	residual float64   // of all time to come, discounted; +Inf where they have no bound
	discount float64   // a year
	level    float64   // that expected and residual are multiplied by
	lasting  bool      // the model knows no churn: nobody is ever lost in it
}

// shownOutlook is what the purchase model of the customer's latest run says beyond
// the columns of scores: how probable each number of orders within the horizon is, and
// how many are to come in all. Words are in a language, en or zh. Without a model that
// has probabilities it has no rows.
func (e *Engine) shownOutlook(ctx context.Context, db *duck.DB, customer, lang string) (*table.Table, error) {
	g := newGrid("as_of date", "measure text", "value float outlook", "meaning text")
	t, err := db.Query(ctx, "SELECT as_of, expected_orders, p_alive FROM scores WHERE customer_id = $customer ORDER BY as_of DESC LIMIT 1", sql.Named("customer", customer))
	if err != nil || t.Rows() == 0 || t.Column("expected_orders").Missing(0) {
		return g.section("").Table, err
	}
	day, published := Day(t.Column("as_of").Dates[0]), t.Floats("expected_orders")[0]
	text := func(en, zh string) string {
		if lang == "zh" {
			return zh
		}
		return en
	}
	f, settings, err := e.purchaseOf(day)
	if err != nil { // files of another version, or damaged ones, hide nothing else of the customer
		g.add(day, "", math.NaN(), text("not known: ", "无法给出：")+err.Error())
		return g.section("").Table, nil
	}
	o, err := e.outlook(ctx, db, f, settings, day, customer)
	if err != nil || o == nil {
		return g.section("").Table, err
	}
	if !(math.Abs(o.expected-published) <= 1e-6*(1+published)) {
		g.add(day, "", math.NaN(), text("not known: facts of those days, or settings, have changed since that run; score again", "无法给出：该次运行之后，数据或配置已变；请重新评分"))
		return g.section("").Table, nil
	}
	o.lasting = t.Column("p_alive").Missing(0)
	for _, line := range o.lines() {
		g.add(day, line.measure, line.value, text(line.en, line.zh))
	}
	return g.section("").Table, nil
}

// outlookLine is one figure and what it is.
type outlookLine struct {
	measure string
	value   float64
	en, zh  string
}

func (o *outlook) lines() []outlookLine {
	var out []outlookLine
	for n, p := range o.counts {
		en, zh := fmt.Sprintf("probability of %d orders in %d days", n, o.horizon), fmt.Sprintf("%d 天内恰有 %d 笔订单的概率", o.horizon, n)
		switch n {
		case 0:
			en, zh = fmt.Sprintf("probability of no order in %d days", o.horizon), fmt.Sprintf("%d 天内没有订单的概率", o.horizon)
		case 1:
			en = fmt.Sprintf("probability of one order in %d days", o.horizon)
		}
		out = append(out, outlookLine{"p_" + strconv.Itoa(n), p, en, zh})
	}
	n := len(o.counts)
	out = append(out, outlookLine{fmt.Sprintf("p_%d_or_more", n), o.more, fmt.Sprintf("probability of %d orders or more in %d days", n, o.horizon),
		fmt.Sprintf("%d 天内有 %d 笔及以上订单的概率", o.horizon, n)})
	scaledEn, scaledZh := "", ""
	if o.level != 1 {
		scaledEn, scaledZh = ", recalibrated; the probabilities are not", "（已做总量校准，以上概率未校准）"
	}
	out = append(out, outlookLine{"expected_orders", o.expected, fmt.Sprintf("orders expected in %d days%s", o.horizon, scaledEn),
		fmt.Sprintf("%d 天内预计订单数%s", o.horizon, scaledZh)})
	dert := outlookLine{measure: "residual_orders", value: o.residual}
	switch {
	case math.IsInf(o.residual, 0):
		dert.value = math.NaN()
		dert.en, dert.zh = "orders expected for all time to come: without a discount there is no bound", "此后全部时间的预计订单数：不折现则无上限"
	case o.discount == 0:
		dert.en, dert.zh = "orders expected for all time to come, not discounted", "此后全部时间的预计订单数，未折现"
	default:
		rate := strconv.FormatFloat(100*o.discount, 'g', 4, 64)
		dert.en = fmt.Sprintf("orders expected for all time to come, discounted at %s %% a year (DERT)", rate)
		dert.zh = fmt.Sprintf("此后全部时间的预计订单数，按年折现率 %s%% 折现（DERT）", rate)
	}
	if o.lasting {
		dert.en, dert.zh = dert.en+"; the model knows no churn, so this is too much", dert.zh+"；模型不含流失，因此偏高"
	}
	return append(out, dert)
}

// outlook asks the purchase model of a run, nil where none was saved; nil where it has
// no probabilities. The horizon and the discount are those of the configuration.
func (e *Engine) outlook(ctx context.Context, db *duck.DB, f *purchase.Fitted, settings config.Models, day Day, customer string) (*outlook, error) {
	if f == nil {
		return nil, nil
	}
	t, err := e.summaryOf(ctx, db, day, customer)
	if err != nil || t.Rows() != 1 {
		return nil, err
	}
	if err := addAttributes(ctx, db, settings, t); err != nil {
		return nil, err
	}
	laws, of, err := f.Laws(t)
	if err != nil || of[0] < 0 {
		return nil, err
	}
	law, horizon := laws[of[0]], f.Settings().Horizon
	h := purchase.History{X: int(t.Ints("x")[0]), Tx: int(t.Ints("t_x")[0]), T: int(t.Ints("T")[0])}
	o := &outlook{horizon: horizon, counts: make([]float64, mostCounted), discount: e.Config.Discount, level: f.Level()}
	o.more = law.PurchasesTo(o.counts, h, horizon)
	expected := make([]float64, 1)
	law.ExpectedTo(expected, h, []int{horizon})
	o.expected = expected[0] * o.level
	o.residual = law.Discounted(h, purchase.Forever, f.Settings().Rate) * o.level
	return o, nil
}

// purchaseOf is the purchase model that the run of a day saved, looking ahead as the
// configuration says, and the columns of customers that it reads; nil where there is none.
func (e *Engine) purchaseOf(day Day) (*purchase.Fitted, config.Models, error) {
	run, err := workspace.OpenRun(e.Dir, day.String())
	if err != nil {
		return nil, config.Models{}, err
	}
	list, err := savedOf(run.Dir)
	at := slices.IndexFunc(list, func(s *savedModel) bool { return s.purchaseFamily() != nil })
	if err != nil || at < 0 {
		return nil, config.Models{}, err
	}
	s := list[at]
	settings := config.Models{By: s.Settings.By, Buying: s.Settings.Buying, Leaving: s.Settings.Leaving}
	loaded, err := (&purchase.Model{Family: s.purchaseFamily()}).Load(s.Fitted)
	if err != nil {
		return nil, settings, err
	}
	f, err := loaded.(*purchase.Fitted).Forecasting(*purchaseModel(e.Config, s.purchaseFamily(), day))
	return f, settings, err
}
