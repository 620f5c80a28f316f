package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/models"
	"clientele/models/evaluate"
	"clientele/models/gammagamma"
	"clientele/models/interval"
	"clientele/models/purchase"
	"clientele/models/risk"
	"clientele/models/stat"
)

// Backtesting says how to look back.
type Backtesting struct {
	AsOf    string   // the last day of which facts are used; empty: latest
	Origins int      // past days from which to forecast; zero: 3
	Holdout int      // days after each that are forecast; zero: backtest.holdout_days, else churn.window_days
	Models  []string // purchase models, one of config.PurchaseModels but auto; empty: all of them
}

// Backtested is what the models would have said on past days, against what
// happened. Sections are its tables, in the order in which they are read.
type Backtested struct {
	AsOf     string
	Holdout  int
	Origins  []string
	Every    int64  // one customer of so many was looked at
	Model    string // the purchase model that Verdicts are of: the one in use, else the winner of Choice, or the first asked for
	Choice   *Choice
	Verdicts []models.Warning // what differences come to, in sentences
	Sections []Section
	Warnings []models.Warning
}

// BacktestSections are the titles of the sections, in their order. A backtest of one
// model has no choice.
func BacktestSections() []string {
	return []string{"choice", "orders", "buying", "spend", "differences", "deciles", "reliability", "weeks"}
}

// ErrShortHistory is returned where no past day has enough history before it and
// a closed window after it.
var ErrShortHistory = errors.New("too little history to look back on")

// Backtest fits the models as of past days and compares what they forecast with
// what happened.
func (e *Engine) Backtest(ctx context.Context, b Backtesting) (out Backtested, err error) {
	err = e.read(ctx, func(db *duck.DB) error {
		day, err := e.resolveAsOf(ctx, db, cmp.Or(b.AsOf, "latest"))
		if err != nil {
			return err
		}
		scoped := *e
		scoped.Config.Backtest.Origins = cmp.Or(b.Origins, 3)
		scoped.Config.Backtest.Holdout = cmp.Or(b.Holdout, e.Config.Backtest.Holdout)
		currency, err := currencyOf(ctx, db)
		if err != nil {
			return err
		}
		saved, err := e.frozenModels(currency)
		if err != nil {
			return err
		}
		p, err := scoped.readPast(ctx, db, day, e.Config.Backtest.Sample)
		if err != nil {
			return err
		}
		p.beside = saved
		out, err = p.backtest(b.Models)
		return errors.Join(err, p.close())
	})
	return out, err
}

func (p *past) backtest(names []string) (Backtested, error) {
	var families []purchase.Family
	for _, f := range Families() {
		if len(names) == 0 || slices.Contains(names, f.Name()) {
			families = append(families, f)
		}
	}
	out := Backtested{AsOf: p.asOf.String(), Holdout: p.holdout(), Every: p.every}
	days, err := p.origins()
	if err != nil {
		return out, err
	}
	if len(days) == 0 {
		return out, p.tooShort()
	}
	repeat := family(p.Config.Models.Purchase) // whose probability the churn score reads, as in a run
	var origins []*origin
	for _, day := range days {
		o, err := p.lookBack(day, p.holdout(), families)
		if err != nil {
			return out, err
		}
		if err := p.addSaved(o); err != nil {
			return out, err
		}
		if err := p.addPlain(o, families[0]); err != nil {
			return out, err
		}
		if err := p.addIntervals(o); err != nil {
			return out, err
		}
		if err := p.calibrateRules(o); err != nil {
			return out, err
		}
		if o.risk, err = p.chooseRisk(day, p.holdout(), repeat); err != nil {
			return out, err
		}
		o.noRisk = p.noRisk
		if err := o.addRisk(p, repeat); err != nil {
			return out, err
		}
		origins = append(origins, o)
		out.Origins = append(out.Origins, day.String())
	}
	if len(families) > 1 {
		out.Choice = p.judge(origins, families)
		out.Choice.addPlain(origins, families[0])
	}
	out.Model = families[0].Name()
	if c := out.Choice; c != nil {
		out.Model = c.Winner
		if slices.ContainsFunc(c.Candidates, func(a Candidate) bool { return a.Name == c.Used }) {
			out.Model = c.Used // not among them where --model leaves it out
		}
	}
	if out.Sections, err = p.sections(origins, out.Choice); err != nil {
		return out, err
	}
	at := slices.IndexFunc(out.Sections, func(s Section) bool { return s.Title == "differences" })
	out.Verdicts = verdicts(origins, out.Sections[at].Table, out.Model)
	out.Warnings = doubts(origins)
	return out, nil
}

// origins are the past days to forecast from, ascending: the windows after them do
// not overlap, and before the first lies at least half a window of history.
func (p *past) origins() ([]Day, error) {
	first, _ := p.span()
	var days []Day
	for k := p.Config.Backtest.Origins; k >= 1; k-- {
		if day := p.asOf - Day(k*p.holdout()); 2*int(day-first) >= p.holdout() {
			days = append(days, day)
		}
	}
	return days, nil
}

func (p *past) tooShort() error {
	first, last := p.span()
	return fmt.Errorf("%w: purchases run from %v to %v, and a forecast of %d days takes half as many before it: set --holdout lower, or wait", ErrShortHistory, first, last, p.holdout())
}

// origin is one past day, what was forecast from it and what came.
type origin struct {
	*snapshot
	forecasts []*forecast
	risk      *risk.Choice   // trained before the day; nil: none
	noRisk    models.Warning // why there is none
	spend     *gammagamma.Fitted
}

// forecast is what a model or a plain rule says of the window after an origin.
type forecast struct {
	name   string
	fitted *purchase.Fitted // nil: a plain rule
	saved  bool             // fitted is a saved model: its likelihood is that of other data
	orders []float64        // purchases expected; nil: it says nothing of that
	buys   []float64        // probability of one at least; nil likewise
	rank   []float64        // what sorts customers, those who will buy first
	came   []float64        // -ln of the probability given to the number that came; nil: none is given
	spend  []float64        // money expected; nil likewise
	low    []float64        // 95 % interval of purchases; nil likewise
	high   []float64
	least  []float64 // and of money
	most   []float64
	total  interval.Total // of all customers together; zero where there is none
}

// lookBack fits the families as of a day and forecasts the window after it.
func (p *past) lookBack(day Day, holdout int, families []purchase.Family) (*origin, error) {
	s, err := p.at(day, holdout)
	if err != nil {
		return nil, err
	}
	o := &origin{snapshot: s}
	defer p.stage("forecast from "+day.String(), 0)()
	if o.spend, err = p.spend(s); err != nil {
		return nil, err
	}
	each := (&gammagamma.Model{}).Spec().Make(s.table.Rows())
	if err := o.spend.Score(p.ctx, each, s.table); err != nil {
		return nil, err
	}
	for _, f := range families {
		made, err := p.forecast(o, f, each.Floats("expected_spend"))
		if err != nil {
			return nil, fmt.Errorf("%s as of %v: %w", f.Name(), day, err)
		}
		o.forecasts = append(o.forecasts, made)
	}
	o.rules()
	return o, nil
}

// spend fits the model of spend on a snapshot, or takes the saved one.
func (p *past) spend(s *snapshot) (*gammagamma.Fitted, error) {
	if p.frozen != nil && p.frozen.spend != nil {
		return p.frozen.spend, nil
	}
	f, err := spendModel(p.Config).Fit(p.ctx, s.table)
	if err != nil {
		return nil, err
	}
	return f.(*gammagamma.Fitted), nil
}

// forecast fits one family at an origin.
func (p *past) forecast(o *origin, f purchase.Family, spend []float64) (*forecast, error) {
	m := purchaseModel(p.Config, f, o.day)
	m.Horizon, m.Window, m.DiscountRate = o.window, o.window, 0
	fitted, err := p.fit(o.snapshot, m)
	if err != nil {
		return nil, err
	}
	n := o.table.Rows()
	out := &forecast{name: f.Name(), fitted: fitted, orders: make([]float64, n)}
	silent := make([]float64, n)
	if err := fitted.ForecastTo(p.ctx, out.orders, silent, o.table); err != nil {
		return nil, err
	}
	if fitted.Modelled() {
		if err := silence(o, fitted, silent); err != nil {
			return nil, err
		}
		out.buys = make([]float64, len(silent))
		for i, v := range silent {
			out.buys[i] = 1 - v
		}
		if out.came, err = p.surprise(o, fitted); err != nil {
			return nil, err
		}
	}
	out.rank = cmpFloats(out.buys, out.orders)
	out.spend = make([]float64, len(spend))
	for i := range spend {
		out.spend[i] = out.orders[i] * spend[i]
	}
	return out, nil
}

// silence fills in the probability of no purchase where a fit by group has none, for
// customers of no group: by the law that stands for their plainer method, so that all
// customers are judged.
func silence(o *origin, f *purchase.Fitted, silent []float64) error {
	if f.Groups() == nil || !anyMissing(silent) {
		return nil
	}
	laws, of, err := f.Laws(o.table)
	if err != nil {
		return err
	}
	x, tx, t := o.table.Ints("x"), o.table.Ints("t_x"), o.table.Ints("T")
	for i, v := range silent {
		if math.IsNaN(v) && of[i] >= 0 {
			silent[i] = laws[of[i]].NoPurchase(purchase.History{X: int(x[i]), Tx: int(tx[i]), T: int(t[i])}, o.window)
		}
	}
	return nil
}

// cmpFloats is the first of two columns that is there.
func cmpFloats(a, b []float64) []float64 {
	if a != nil {
		return a
	}
	return b
}

// addIntervals adds the 95 % intervals of orders and money to every model's forecast.
func (p *past) addIntervals(o *origin) error {
	for _, f := range o.forecasts {
		if f.fitted == nil || !f.fitted.Modelled() {
			continue
		}
		if err := p.intervals(o, f); err != nil {
			return fmt.Errorf("intervals of %s as of %v: %w", f.name, o.day, err)
		}
	}
	return nil
}

func (p *past) intervals(o *origin, f *forecast) error {
	maker, err := interval.New(interval.Inputs{Orders: f.fitted, Spend: o.spend, Workers: p.Config.Resources.Cores()})
	if err != nil {
		return err
	}
	base, err := maker.Base(p.ctx, o.table)
	if err != nil {
		return err
	}
	n := o.table.Rows()
	f.low, f.high, f.least, f.most = make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		f.low[i], f.high[i] = base.Orders(i)
		f.least[i], f.most[i] = base.Value(i)
	}
	if anyMissing(f.least) {
		f.least, f.most = nil, nil
	}
	f.total, err = base.Total(p.ctx)
	return err
}

func anyMissing(v []float64) bool { return slices.ContainsFunc(v, math.IsNaN) }

// surprise is -ln of the probability that the model gave to the number of purchases
// that came, leastChance at least, for every customer: a proper score of the whole
// forecast. Nil where some have no law.
func (p *past) surprise(o *origin, f *purchase.Fitted) ([]float64, error) {
	laws, of, err := f.Laws(o.table)
	if err != nil || slices.Contains(of, -1) {
		return nil, err
	}
	x, tx, t := o.table.Ints("x"), o.table.Ints("t_x"), o.table.Ints("T")
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	key := func(i int) [5]int64 { return [5]int64{int64(of[i]), x[i], tx[i], t[i], int64(o.orders[i])} }
	compare := func(a, b int) int { ka, kb := key(a), key(b); return slices.Compare(ka[:], kb[:]) }
	slices.SortFunc(order, compare)
	out := make([]float64, len(x))
	const chunk = 2048
	stat.Each(p.Config.Resources.Cores(), (len(order)+chunk-1)/chunk, func(c int) {
		var chances []float64
		for k := c * chunk; k < min((c+1)*chunk, len(order)); k++ {
			i := order[k]
			if k > c*chunk && key(i) == key(order[k-1]) {
				out[i] = out[order[k-1]]
				continue
			}
			n := int(o.orders[i])
			if cap(chances) <= n {
				chances = make([]float64, 2*n+8)
			}
			chances = chances[:n+1]
			laws[of[i]].PurchasesTo(chances, purchase.History{X: int(x[i]), Tx: int(tx[i]), T: int(t[i])}, o.window)
			out[i] = -math.Log(max(chances[n], leastChance))
		}
	})
	return out, nil
}

// Names of the plain rules that models have to beat.
const (
	ruleRate      = "naive_rate"
	ruleRecency   = "recency"
	ruleFrequency = "frequency_recency"
)

// rules adds the plain rules.
func (o *origin) rules() {
	n := o.table.Rows()
	x, tx, t := o.floats("x"), o.floats("t_x"), o.floats("T")
	rate := &forecast{name: ruleRate, orders: make([]float64, n)}
	evaluate.NaiveRateTo(rate.orders, x, t, float64(o.window))
	rate.rank = rate.orders
	rate.spend = make([]float64, n)
	for i, sales := range o.table.Floats("repeat_spend") {
		if x[i] > 0 {
			rate.spend[i] = rate.orders[i] * sales / x[i]
		}
	}
	recency := &forecast{name: ruleRecency, rank: make([]float64, n)}
	evaluate.RecencyTo(recency.rank, tx, t)
	frequency := &forecast{name: ruleFrequency, rank: make([]float64, n)}
	evaluate.FrequencyRecencyTo(frequency.rank, x, tx, t)
	o.forecasts = append(o.forecasts, rate, recency, frequency)
}

// calibrateRules gives the plain rules a probability of buying: the rate at which
// customers of their score bought in the window that closed on the day of the origin
// (isotonic regression). None where history does not reach back so far.
func (p *past) calibrateRules(o *origin) error {
	if first, _ := p.span(); o.day-Day(o.window) < first {
		return nil
	}
	s, err := p.at(o.day-Day(o.window), o.window)
	if err != nil {
		return err
	}
	before := &origin{snapshot: s}
	before.rules()
	events := make([]float64, len(s.orders))
	for i, n := range s.orders {
		events[i] = min(n, 1)
	}
	for _, name := range []string{ruleRate, ruleRecency, ruleFrequency} {
		fit, err := risk.Calibrate(before.get(name).rank, events, nil)
		if err != nil {
			continue // too little to learn from: the rule only ranks
		}
		f := o.get(name)
		f.buys = make([]float64, len(f.rank))
		for i, v := range f.rank {
			f.buys[i] = fit.At(v)
		}
	}
	return nil
}

// floats is an Int column of the snapshot as numbers.
func (s *snapshot) floats(name string) []float64 {
	ints := s.table.Ints(name)
	out := make([]float64, len(ints))
	for i, v := range ints {
		out[i] = float64(v)
	}
	return out
}

// addRisk adds the churn score that was trained before the origin with the
// probabilities of a purchase model.
func (o *origin) addRisk(p *past, repeat purchase.Family) error {
	if o.risk == nil {
		return nil
	}
	if err := p.addNoPurchase(o.snapshot, repeat, o.window); err != nil {
		return err
	}
	f := &forecast{name: risk.Name, buys: make([]float64, o.table.Rows())}
	if err := o.risk.Score.ProbabilityTo(f.buys, o.table, p.Config.Resources.Cores()); err != nil {
		return err
	}
	for i, v := range f.buys {
		f.buys[i] = 1 - v
	}
	f.rank = f.buys
	o.forecasts = append(o.forecasts, f)
	return nil
}

// doubts are the warnings of all fits, each said once, with the days and the models
// that it is of; and where no churn score was trained.
func doubts(origins []*origin) []models.Warning {
	type doubt struct {
		models.Warning
		of []string
	}
	var list []*doubt
	add := func(w models.Warning, of string) {
		i := slices.IndexFunc(list, func(d *doubt) bool { return d.En == w.En })
		if i < 0 {
			list = append(list, &doubt{Warning: w})
			i = len(list) - 1
		}
		list[i].of = append(list[i].of, of)
	}
	for _, o := range origins {
		for _, f := range o.forecasts {
			if f.fitted == nil {
				continue
			}
			for _, w := range f.fitted.Report().Warnings {
				add(w, o.day.String()+" "+f.name)
			}
		}
		if o.risk == nil && o.noRisk.Code != "" {
			add(o.noRisk, o.day.String()+" "+risk.Name)
		}
	}
	out := make([]models.Warning, len(list))
	for i, d := range list {
		of := strings.Join(d.of, ", ")
		out[i] = models.Warning{Code: d.Code, En: of + ": " + d.En, Zh: of + "：" + d.Zh}
	}
	return out
}

// get is the forecast of that name; nil where there is none.
func (o *origin) get(name string) *forecast {
	i := slices.IndexFunc(o.forecasts, func(f *forecast) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return o.forecasts[i]
}
