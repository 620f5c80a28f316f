package engine

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"clientele/engine/table"
	"clientele/models/evaluate"
	"clientele/models/purchase"
	"clientele/models/risk"
)

// grid is a table under construction, row by row: a few hundred at most.
type grid struct{ columns []*table.Column }

// newGrid makes a table of columns that are named with their kind and, where their
// name would say another, their unit: "origin date", "bias float", "n int",
// "value float estimate".
func newGrid(columns ...string) *grid {
	g := &grid{}
	for _, c := range columns {
		part := append(strings.Fields(c), "")
		name, kind := part[0], part[1]
		k := map[string]table.Kind{"date": table.Date, "text": table.Text, "float": table.Float, "int": table.Int}[kind]
		g.columns = append(g.columns, &table.Column{Field: table.Field{Name: name, Kind: k, Unit: part[2]}})
		if k == table.Text {
			g.columns[len(g.columns)-1].Texts.Offsets = []int32{0}
		}
	}
	return g
}

func (g *grid) add(values ...any) {
	for i, v := range values {
		c := g.columns[i]
		switch v := v.(type) {
		case Day:
			c.Dates = append(c.Dates, int32(v))
		case string:
			c.Texts.AppendString(v)
		case float64:
			c.Floats = append(c.Floats, v)
		case int:
			c.Ints = append(c.Ints, int64(v))
		default:
			panic(fmt.Sprintf("engine: a cell of type %T", v))
		}
	}
}

func (g *grid) section(title string) Section {
	return Section{Title: title, Table: table.New(g.columns...)}
}

// sections are the tables of a backtest.
func (p *past) sections(origins []*origin, choice *Choice) ([]Section, error) {
	var out []Section
	if choice != nil {
		out = append(out, choice.section())
	}
	out = append(out, ordersSection(origins), buyingSection(origins), spendSection(origins), p.differences(origins),
		decilesSection(origins), reliabilitySection(origins))
	weeks, err := p.weeksSection(origins)
	return append(out, weeks), err
}

func (c *Choice) section() Section {
	g := newGrid("model text", "used text", "method text", "status text", "log_likelihood float", "surprise float", "worse float", "worse_low float", "worse_high float", "bias float", "mae float", "floored int")
	for _, a := range c.Candidates {
		used := ""
		if a.Name == c.Used && !math.IsNaN(a.Surprise) {
			used = "yes"
		}
		g.add(a.Name, used, a.Method, a.Status, a.Loglik, a.Surprise, a.Worse, a.WorseLow, a.WorseHigh, a.Bias, a.MAE, a.Floored)
	}
	return g.section("choice")
}

func ordersSection(origins []*origin) Section {
	g := newGrid("origin date", "model text", "customers int", "forecast float", "actual float", "bias float", "mae float", "rmse float", "correlation float", "total_low float", "total_high float", "inside_95 float", "surprise float", "pit_ks float", "log_likelihood float", "method text")
	for _, o := range origins {
		for _, f := range o.forecasts {
			if f.orders == nil {
				continue
			}
			e := evaluate.Forecast(f.orders, o.orders)
			inside, surprise, loglik := math.NaN(), math.NaN(), math.NaN()
			if f.low != nil {
				inside = evaluate.Coverage(f.low, f.high, o.orders).Inside
			}
			if f.came != nil {
				surprise = mean(f.came)
			}
			if f.fitted != nil && !f.saved {
				loglik = f.fitted.LogLikelihood()
			}
			low, high := f.totalOrders()
			g.add(o.day, f.name, e.N, e.Forecast, e.Actual, e.Bias, e.MAE, e.RMSE, e.Correlation, low, high, inside, surprise, o.uniformity(f), loglik, o.method(f))
		}
	}
	return g.section("orders")
}

// uniformity is the Kolmogorov-Smirnov distance of the randomised probability
// integral transform of the counts from the uniform distribution: 0 for a forecast
// whose distribution is right.
func (o *origin) uniformity(f *forecast) float64 {
	if f.fitted == nil {
		return math.NaN()
	}
	laws, of, err := f.fitted.Laws(o.table)
	if err != nil || slices.Contains(of, -1) {
		return math.NaN()
	}
	x, tx, t := o.table.Ints("x"), o.table.Ints("t_x"), o.table.Ints("T")
	step := max(1, len(x)/20_000) // the distance of so many is known to a hundredth
	var before, upTo []float64
	var chances []float64
	for i := 0; i < len(x); i += step {
		n := int(o.orders[i])
		chances = slices.Grow(chances[:0], n+1)[:n+1]
		laws[of[i]].PurchasesTo(chances, purchase.History{X: int(x[i]), Tx: int(tx[i]), T: int(t[i])}, o.window)
		var less float64
		for _, c := range chances[:n] {
			less += c
		}
		before, upTo = append(before, min(less, 1)), append(upTo, min(less+chances[n], 1))
	}
	values := make([]float64, len(before))
	evaluate.RandomisedPITTo(values, before, upTo, 1)
	return evaluate.Uniform(values).KS
}

func buyingSection(origins []*origin) Section {
	g := newGrid("origin date", "score text", "customers int", "bought float", "mean_p float", "auc float", "average_precision float", "brier float", "log_loss float", "ece float", "lift_10 float", "lift_20 float", "capture_10 float", "capture_20 float", "method text")
	for _, o := range origins {
		event := o.bought()
		for _, f := range o.forecasts {
			r := evaluate.Ranking(f.rank, event)
			c := evaluate.Calibrated{MeanP: math.NaN(), Brier: math.NaN(), LogLoss: math.NaN(), ECE: math.NaN()}
			if f.buys != nil {
				c = evaluate.Probability(f.buys, event)
			}
			g.add(o.day, f.name, r.N, r.Rate, c.MeanP, r.AUC, r.AveragePrecision, c.Brier, c.LogLoss, c.ECE, r.Lift10, r.Lift20, r.Capture10, r.Capture20, o.method(f))
		}
	}
	return g.section("buying")
}

func spendSection(origins []*origin) Section {
	g := newGrid("origin date", "model text", "forecast float", "actual float", "bias float", "mae float", "rmse float", "correlation float", "total_low float", "total_high float", "inside_95 float")
	for _, o := range origins {
		for _, f := range o.forecasts {
			if f.spend == nil || anyMissing(f.spend) {
				continue
			}
			e := evaluate.Forecast(f.spend, o.snapshot.spend)
			inside := math.NaN()
			if f.least != nil {
				inside = evaluate.Coverage(f.least, f.most, o.snapshot.spend).Inside
			}
			low, high := f.totalMoney()
			g.add(o.day, f.name, e.Forecast, e.Actual, e.Bias, e.MAE, e.RMSE, e.Correlation, low, high, inside)
		}
	}
	return g.section("spend")
}

// differences compares the models with the better plain rule, customer by customer:
// at each origin by itself, where everybody is one row, so that no customer's windows
// pass for several customers.
func (p *past) differences(origins []*origin) Section {
	g := newGrid("origin date", "what text", "model text", "rule text", "measure text", "of_model float", "of_rule float", "difference float", "low float", "high float", "better text")
	b := evaluate.Bootstrap{Seed: 1, Workers: p.Config.Resources.Cores()}
	for _, o := range origins {
		event := o.bought()
		rule := o.betterRule(event)
		rate := o.get(ruleRate)
		for _, f := range o.forecasts {
			if f.buys == nil && f.fitted == nil {
				continue
			}
			add := func(what, against string, list []evaluate.Comparison) {
				if f.name == against {
					return // a rule beside itself says nothing
				}
				for _, c := range list {
					g.add(o.day, what, f.name, against, string(c.Measure), c.A.Value, c.B.Value, c.Difference.Value, c.Difference.Low, c.Difference.High, better(c))
				}
			}
			if f.orders != nil {
				add("orders", rate.name, b.Forecast(f.orders, rate.orders, o.orders))
			}
			if f.spend != nil && !anyMissing(f.spend) {
				add("spend", rate.name, b.Forecast(f.spend, rate.spend, o.snapshot.spend))
			}
			add("buying", rule.name, b.Ranking(f.rank, rule.rank, event))
			if f.buys != nil && rule.buys != nil {
				add("buying", rule.name, calibration(b.Probability(f.buys, rule.buys, event)))
			}
		}
	}
	return g.section("differences")
}

// calibration keeps what probabilities are compared by: the calibrated ones of a rule
// have ties that its ranks have not, and would lose to a model for that alone.
func calibration(list []evaluate.Comparison) []evaluate.Comparison {
	return slices.DeleteFunc(list, func(c evaluate.Comparison) bool {
		return c.Measure != evaluate.MeasureBrier && c.Measure != evaluate.MeasureLogLoss
	})
}

// totalOrders is the 95 % interval of the orders of all customers together; NaN
// where none was made.
func (f *forecast) totalOrders() (low, high float64) {
	if f.low == nil {
		return math.NaN(), math.NaN()
	}
	return f.total.Orders.Low, f.total.Orders.High
}

// totalMoney is the same of what they spend.
func (f *forecast) totalMoney() (low, high float64) {
	if f.least == nil {
		return math.NaN(), math.NaN()
	}
	return f.total.Value.Low, f.total.Value.High
}

// method is what gave a forecast: the model or, where it could not be fitted, a
// plainer method; of the churn score, which kind was chosen.
func (o *origin) method(f *forecast) string {
	switch {
	case f.fitted != nil:
		return f.fitted.Report().Method
	case f.name == risk.Name:
		return string(o.risk.Score.Method)
	}
	return f.name
}

// betterRule is the plain rule that sorts those who will buy best.
func (o *origin) betterRule(event []bool) *forecast {
	recency, frequency := o.get(ruleRecency), o.get(ruleFrequency)
	if evaluate.AUC(recency.rank, event) > evaluate.AUC(frequency.rank, event) {
		return recency
	}
	return frequency
}

// What an interval of a difference shows to be better.
const (
	shownModel   = "model"
	shownRule    = "rule"
	shownNeither = "not shown"
)

// better says which of the two an interval of a difference shows to be better.
func better(c evaluate.Comparison) string {
	less := false // a measure of which less is better
	switch c.Measure {
	case evaluate.MeasureBias: // as far from 1 as can be
		a, b := math.Abs(c.A.Value-1), math.Abs(c.B.Value-1)
		if c.Difference.Low <= 0 && c.Difference.High >= 0 || a == b {
			return shownNeither
		}
		if a < b {
			return shownModel
		}
		return shownRule
	case evaluate.MeasureMAE, evaluate.MeasureRMSE, evaluate.MeasureBrier, evaluate.MeasureLogLoss:
		less = true
	}
	switch d := c.Difference; {
	case d.Low > 0 && less, d.High < 0 && !less:
		return shownRule
	case d.Low > 0, d.High < 0:
		return shownModel
	}
	return shownNeither
}

func decilesSection(origins []*origin) Section {
	g := newGrid("origin date", "score text", "decile int", "customers float", "bought float", "rate float", "mean_score float", "lift float", "capture float", "cumulative_capture float")
	for _, o := range origins {
		event := o.bought()
		for _, f := range o.forecasts {
			for _, d := range evaluate.Deciles(f.rank, event) {
				g.add(o.day, f.name, d.Decile, d.N, d.Events, d.Rate, d.MeanScore, d.Lift, d.Capture, d.CumulativeCapture)
			}
		}
	}
	return g.section("deciles")
}

func reliabilitySection(origins []*origin) Section {
	g := newGrid("origin date", "score text", "customers int", "mean_p float", "bought float", "low float", "high float")
	for _, o := range origins {
		event := o.bought()
		for _, f := range o.forecasts {
			if f.buys == nil {
				continue
			}
			for _, b := range evaluate.Reliability(f.buys, event, 10) {
				g.add(o.day, f.name, b.N, b.MeanP, b.Rate, b.Low, b.High)
			}
		}
	}
	return g.section("reliability")
}

// week is the repeat purchases of one week, those of the customers known at the origin.
type week struct {
	first    Day // its first day
	actual   float64
	modelled float64 // NaN where no model was fitted
	holdout  bool    // it begins after the origin
}

// weeks tracks a model through the weeks before and after its origin.
func (p *past) weeks(o *origin, f *forecast) ([]week, error) {
	first, _ := p.span()
	length := int(o.day-first) + o.window + 1
	actual := p.repeats(o.day, first, o.day+Day(o.window))
	ends := purchase.Weeks(length)
	var modelled []float64
	if f.fitted != nil {
		var err error
		if modelled, err = tracked(f.fitted, o.table, first, ends); err != nil {
			return nil, err
		}
	}
	out := make([]week, len(ends))
	for i, end := range ends {
		w := week{first: first + Day(end-6), modelled: math.NaN()}
		w.holdout = w.first > o.day
		for d := end - 6; d <= end; d++ {
			w.actual += actual[d]
		}
		if modelled != nil {
			w.modelled = modelled[i]
		}
		out[i] = w
	}
	return out, nil
}

// tracked is how many repeat purchases a fit expects of the customers of a summary
// from one of ends, days after first, to the next, given only when each first bought.
// Nil where some have no law.
func tracked(f *purchase.Fitted, in *table.Table, first Day, ends []int) ([]float64, error) {
	laws, of, err := f.Laws(in)
	if err != nil || len(ends) == 0 || len(laws) == 0 {
		return nil, err
	}
	days := in.Column("first_day")
	newcomers := make([][]float64, len(laws))
	for k := range newcomers {
		newcomers[k] = make([]float64, ends[len(ends)-1]+1)
	}
	for i := range days.Len() {
		at := int(Day(days.Int(i)) - first)
		switch {
		case days.Missing(i) || at >= len(newcomers[0]):
		case of[i] < 0:
			return nil, nil
		default:
			newcomers[of[i]][at]++
		}
	}
	out := make([]float64, len(ends))
	for k, law := range laws {
		_, expected := purchase.Track(law, newcomers[k], ends)
		for i, v := range expected {
			out[i] += v
		}
	}
	return out, nil
}

func (p *past) weeksSection(origins []*origin) (Section, error) {
	g := newGrid("origin date", "model text", "week date", "part text", "actual float", "modelled float", "cumulative_actual float", "cumulative_modelled float")
	for _, o := range origins {
		for _, f := range o.forecasts {
			if f.fitted == nil || f.name == risk.Name {
				continue
			}
			weeks, err := p.weeks(o, f)
			if err != nil {
				return Section{}, err
			}
			var actual, modelled float64
			for _, w := range weeks {
				part := "known"
				if w.holdout {
					part = "forecast"
				}
				actual, modelled = actual+w.actual, modelled+w.modelled
				g.add(o.day, f.name, w.first, part, w.actual, w.modelled, actual, modelled)
			}
		}
	}
	return g.section("weeks"), nil
}
