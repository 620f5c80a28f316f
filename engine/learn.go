package engine

import (
	"context"
	"errors"
	"fmt"
	"math"

	"clientele/engine/config"
	"clientele/engine/table"
	"clientele/models"
	"clientele/models/bgnbd"
	"clientele/models/cluster"
	"clientele/models/paretonbd"
	"clientele/models/purchase"
	"clientele/models/risk"
)

// Families are the models of repeat buying, by their names in the configuration.
// The first is the default; of models that forecast equally well, auto takes the
// first.
func Families() []purchase.Family {
	modified := bgnbd.Family{Clock: bgnbd.Clock{Modified: true}}
	return []purchase.Family{paretonbd.Family{}, modified, bgnbd.Family{}, bgnbd.Regular{Modified: true}, bgnbd.Regular{}}
}

// family is the model of that name.
func family(name string) purchase.Family {
	for _, f := range Families() {
		if f.Name() == name {
			return f
		}
	}
	return Families()[0]
}

// purchaseModel is the estimator of a family as of a day.
func purchaseModel(cfg config.Config, f purchase.Family, asOf Day) *purchase.Model {
	m := &purchase.Model{
		Family: f, Horizon: cfg.Horizon, DiscountRate: cfg.Discount, Window: cfg.Churn.Window, AsOf: int32(asOf),
		MinCustomers: cfg.Models.MinCustomers, MinRepeaters: cfg.Models.MinRepeaters, Workers: cfg.Resources.Cores(),
	}
	covariates(m, cfg.Models)
	return m
}

// learned is what earlier states of the shop taught a run.
type learned struct {
	family   purchase.Family
	choice   *Choice          // of the family; nil where it is configured
	margin   float64          // share of net revenue that clv counts
	risk     *risk.Choice     // of the churn score; nil where there is too little history, or none is asked for
	noRisk   models.Warning   // why there is none
	origin   *origin          // the last closed window: what would have been said, and what came
	weeks    []week           // of it, by the model in use
	every    int64            // one customer of so many was looked at
	level    *recalibration   // of the purchase model; nil where none is asked for
	start    *purchase.Fitted // the family on the last state that was fitted, near which the run's fit starts; nil: none
	clusters *cluster.Fitted  // of an earlier run, whose names are kept; nil where none is named
	warnings []models.Warning
}

// learn looks at earlier states of the shop.
func (r *run) learn() (l learned, err error) {
	l.family = family(r.Config.Models.Purchase)
	if l.margin, err = r.margin(&l); err != nil {
		return l, err
	}
	p, err := r.newPast(r.ctx, r.db, r.asOf, r.sample, r.every)
	if err != nil {
		return l, err
	}
	p.frozen, l.every = r.frozen, p.every
	defer func() { err = errors.Join(err, p.close()) }()
	switch {
	case r.frozen.family() != nil:
		l.family = r.frozen.family()
	case r.Config.Models.Purchase == config.Auto:
		if l.choice, err = p.choose(); err != nil {
			return l, fmt.Errorf("choose a purchase model: %w", err)
		}
		l.family = family(l.choice.Winner)
	}
	if l.risk, err = r.churnScore(p, l.family); err != nil {
		return l, fmt.Errorf("churn risk: %w", err)
	}
	l.noRisk = p.noRisk
	day := r.asOf - Day(p.holdout())
	if first, _ := p.span(); day >= first {
		if l.origin, err = p.lookBack(day, p.holdout(), []purchase.Family{l.family}); err != nil {
			return l, err
		}
		done := r.stage("intervals from "+day.String(), 0)
		if err = p.addIntervals(l.origin); err != nil {
			return l, err
		}
		done()
		if l.weeks, err = p.weeks(l.origin, l.origin.get(l.family.Name())); err != nil {
			return l, err
		}
		l.warnings = append(l.warnings, r.frozen.known(day)...)
	}
	l.start = p.fits[fitKey(purchaseModel(r.Config, l.family, r.asOf))]
	if r.Config.Models.Recalibrate {
		r.recalibrate(&l)
	}
	return l, nil
}

// churnScore is the saved churn score, or the one that earlier states of the shop
// choose; nil where there is neither.
func (r *run) churnScore(p *past, f purchase.Family) (*risk.Choice, error) {
	s := r.frozen.of(risk.Name)
	if s == nil {
		return p.learnRisk(r.asOf, f)
	}
	if was := s.Settings.Purchase; was != "" && was != f.Name() {
		return nil, fmt.Errorf("%s was trained with the probabilities of %s, and here the purchase model is %s: set models.purchase alike, or fit anew", s.path, was, f.Name())
	}
	score, ok := r.frozen.churn.(*risk.Score)
	if !ok {
		return nil, nil
	}
	return &risk.Choice{Score: score, Verdict: s.warning()}, nil
}

// holdout is how many days after an origin are forecast.
func (p *past) holdout() int {
	if p.Config.Backtest.Holdout > 0 {
		return p.Config.Backtest.Holdout
	}
	return p.Config.Churn.Window
}

// leastSnapshots is how many earlier snapshots a churn score is trained on, beside
// the one that judges it.
const leastSnapshots = 3

// snapshotDays are the days of the snapshots of a churn score as of a day, ascending:
// the last is that of the last closed window, which judges; the windows of the
// others closed before it opened. Nil where history is too short: on the first of
// them the shop must have sold for at least half a window.
func snapshotDays(first, asOf Day, window int) []Day {
	last := asOf - Day(window)
	latest := last - Day(window)
	room := int(latest-first) - window/2
	step := min(max((window+1)/2, 30), room/(leastSnapshots-1)) // with half a window, the first closes before the last opens: trees ask for that
	if step < 7 {
		return nil
	}
	var days []Day
	for k := leastSnapshots - 1; k >= 0; k-- {
		days = append(days, latest-Day(k*step))
	}
	return append(days, last)
}

// chooseRisk trains churn scores on snapshots before asOf and takes the best; nil
// where the configuration asks for none or history is too short.
func (p *past) chooseRisk(asOf Day, window int, f purchase.Family) (*risk.Choice, error) {
	if p.Config.Churn.Model == "purchase" {
		return nil, nil
	}
	first, _ := p.span()
	snapshots, err := p.riskSnapshots(snapshotDays(first, asOf, window), window, f)
	if err != nil {
		return nil, err
	}
	switch {
	case len(snapshots) == 0:
		p.noRisk = models.Warning{Code: "churn_history",
			En: fmt.Sprintf("No churn score was trained: history from %v is too short for four earlier days with closed windows of %d days.", first, window),
			Zh: fmt.Sprintf("未训练流失评分：自 %v 起的历史不足以提供四个窗口（%d 天）均已结束的更早统计日。", first, window)}
		return nil, nil
	case snapshots[0].Table.Rows() < p.Config.Models.MinCustomers:
		p.noRisk = models.Warning{Code: "churn_history",
			En: fmt.Sprintf("No churn score was trained: on %v only %d customers had an order, the least is %d.", Day(snapshots[0].Cut-1), snapshots[0].Table.Rows(), p.Config.Models.MinCustomers),
			Zh: fmt.Sprintf("未训练流失评分：%v 仅有 %d 位客户有订单，至少需要 %d 位。", Day(snapshots[0].Cut-1), snapshots[0].Table.Rows(), p.Config.Models.MinCustomers)}
		return nil, nil
	}
	recent, err := p.riskSnapshots(recentDays(asOf, window), window, f)
	if err != nil {
		return nil, err
	}
	set := risk.Settings{Recent: recent, Level: p.Config.Models.Recalibrate, Workers: p.Config.Resources.Cores(), Seed: 1}
	if p.Config.Churn.Model == "trees" {
		set.Trees = &risk.TreeSettings{}
	}
	defer p.stage("choose a churn score as of "+asOf.String(), 0)()
	choice, err := risk.Choose(p.ctx, snapshots, set)
	if errors.Is(err, risk.ErrTooLittle) {
		day := Day(snapshots[len(snapshots)-1].Cut - 1)
		p.noRisk = models.Warning{Code: "churn_one_outcome",
			En: fmt.Sprintf("No churn score was trained: in the %d days after %v, by which it would be judged, all customers did the same, buy or stay away.", window, day),
			Zh: fmt.Sprintf("未训练流失评分：用于检验的窗口（%v 之后 %d 天）内，所有客户的结果相同（均购买或均未购买）。", day, window)}
		return nil, nil
	}
	return choice, err
}

// recentDays are the days of the snapshots that the chosen score is refitted on: the
// last four, a month apart, whose windows have closed. What judged it must lie well
// before its window; what it is used with should be as new as can be.
func recentDays(asOf Day, window int) []Day {
	last := asOf - Day(window)
	return []Day{last - 90, last - 60, last - 30, last}
}

// riskSnapshots are the shop on some days, as churn scores learn from it.
func (p *past) riskSnapshots(days []Day, window int, f purchase.Family) ([]risk.Snapshot, error) {
	var out []risk.Snapshot
	for _, day := range days {
		s, err := p.at(day, window)
		if err != nil {
			return nil, err
		}
		if err := p.addNoPurchase(s, f, window); err != nil {
			return nil, err
		}
		out = append(out, risk.Snapshot{Cut: int(day) + 1, Window: window, Table: s.table, Churned: s.stayedAway()})
	}
	return out, nil
}

// addNoPurchase adds the purchase model's probability of no purchase, fitted on
// what was known on the day of the snapshot.
func (p *past) addNoPurchase(s *snapshot, f purchase.Family, window int) error {
	if s.table.Lookup(risk.PurchaseModelColumn) != nil {
		return nil
	}
	defer p.stage("forecast as of "+s.day.String(), 0)()
	m := purchaseModel(p.Config, f, s.day)
	m.Window, m.Horizon = window, window
	fitted, err := p.fit(s, m)
	if err != nil {
		return err
	}
	out := table.NewColumn(table.Field{Name: risk.PurchaseModelColumn, Kind: table.Float, Unit: "probability"}, s.table.Rows())
	if err := fitted.ForecastTo(p.ctx, nil, out.Floats, s.table); err != nil {
		return err
	}
	s.table.Add(out)
	return nil
}

// fitKey tells apart the models that are fitted on snapshots: a family with groups and
// covariates is another than the plain one, which a backtest sets beside it.
func fitKey(m *purchase.Model) string { return fmt.Sprint(m.Family.Name(), m.By, m.Buying, m.Churn) }

// fit fits a model on a snapshot, unless that was done, or takes the saved one. It
// starts near the last fit of the family: the snapshots before, in their order.
func (p *past) fit(s *snapshot, m *purchase.Model) (*purchase.Fitted, error) {
	if f, err := p.frozen.forecasting(m); f != nil || err != nil {
		return f, err
	}
	name := fitKey(m)
	if s.fits[name] == nil {
		m.Start = p.fits[name]
		f, err := m.Fit(p.ctx, s.table)
		if err != nil {
			return nil, fmt.Errorf("as of %v: %w", s.day, err)
		}
		s.fits[name] = f.(*purchase.Fitted)
		if s.fits[name].Covariance() != nil {
			p.fits[name] = s.fits[name]
		}
	}
	return s.fits[name].Forecasting(*m)
}

// riskModel writes churn_risk by the score that was chosen on earlier snapshots,
// or, without one, as the purchase model has it.
type riskModel struct {
	choice *risk.Choice
	asked  string         // churn.model
	why    models.Warning // there is no choice
	window int
}

// Spec implements models.Model.
func (m *riskModel) Spec() models.Spec {
	if m.choice != nil {
		return m.choice.Score.Spec()
	}
	return models.Spec{
		Name: risk.Name,
		Doc:  "Churn risk: the probability that a customer buys nothing within the window.",
		In:   []table.Field{{Name: risk.PurchaseModelColumn, Kind: table.Float, Unit: "probability"}},
		Out: []table.Field{{Name: risk.Name, Kind: table.Float, Unit: "probability",
			Doc:   fmt.Sprintf("Probability of no purchase in the %d days after the as-of date, as the purchase model has it. Missing where no model could be fitted.", m.window),
			DocZh: fmt.Sprintf("统计日之后 %d 天内没有任何购买的概率，取自复购模型。无法拟合模型时为空。", m.window)}},
	}
}

// Fit implements models.Model: everything was learned from earlier states.
func (m *riskModel) Fit(ctx context.Context, in *table.Table) (models.Fitted, error) {
	if m.choice != nil {
		return m.choice.Score, ctx.Err()
	}
	f := &purchaseRisk{Method: purchaseRiskMethod, Window: m.window}
	f.report = models.Report{Model: risk.Name, Status: models.Fixed, Method: f.Method, LogLikelihood: math.NaN()}
	for _, p := range in.Floats(risk.PurchaseModelColumn) {
		if !math.IsNaN(p) {
			f.report.Rows++
		}
	}
	switch {
	case f.report.Rows == 0:
		f.report.Status = models.Skipped
		if in.Rows() > 0 {
			f.report.Warnings = []models.Warning{{Code: "no_churn_risk",
				En: "Nobody has a churn risk: no purchase model could be fitted, and a score of earlier states of the shop reads its probability. recency_days tells who has been silent.",
				Zh: "没有流失风险：复购模型无法拟合，而基于历史状态的评分也需要它的概率。可参考 recency_days（距上次购买天数）。"}}
		}
	case m.asked != "purchase" && m.why.Code != "":
		f.report.Status = models.Fallback
		f.report.Warnings = []models.Warning{{Code: m.why.Code,
			En: m.why.En + " Churn risk is the purchase model's probability of no purchase.",
			Zh: m.why.Zh + "流失风险取复购模型给出的“窗口期内不购买”的概率。"}}
	}
	return f, ctx.Err()
}

// purchaseRiskMethod is the method of purchaseRisk.
const purchaseRiskMethod = string(risk.PurchaseModel)

// purchaseRisk copies the purchase model's probability.
type purchaseRisk struct {
	Method string `json:"method"`
	Window int    `json:"window_days"`
	report models.Report
}

// Score implements models.Fitted.
func (f *purchaseRisk) Score(ctx context.Context, dst, src *table.Table) error {
	copy(dst.Floats(risk.Name), src.Floats(risk.PurchaseModelColumn))
	return ctx.Err()
}

// Report implements models.Fitted.
func (f *purchaseRisk) Report() models.Report { return f.report }
