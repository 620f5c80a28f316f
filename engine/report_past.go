package engine

import (
	"cmp"
	"math"
	"slices"

	"clientele/engine/report"
	"clientele/models/evaluate"
	"clientele/models/risk"
)

// reportTotals are the totals with their intervals, for the report.
func (r *run) reportTotals() []report.Total {
	out := make([]report.Total, len(r.totals))
	for i, t := range r.totals {
		out[i] = report.Total{
			Scheme: t.scheme, Segment: t.segment, Customers: t.Customers,
			Orders: report.Range(t.Orders), Value: report.Range(t.Value),
		}
	}
	return out
}

// reportPast is what the report says of the last closed window.
func (r *run) reportPast() report.Backtest {
	l := r.learned
	holdout := cmp.Or(r.Config.Backtest.Holdout, r.Config.Churn.Window)
	b := report.Backtest{Days: holdout, Level: report.Level{Factor: math.NaN()}}
	if l.choice != nil {
		b.Choice = reportChoice(l.choice)
	}
	o := l.origin
	if o == nil || o.table.Rows() == 0 {
		return b
	}
	bought := o.bought()
	b.Origin, b.Customers, b.Every = int32(o.day), o.table.Rows(), l.every
	for i := range bought {
		b.Orders, b.Spend = b.Orders+o.orders[i], b.Spend+o.snapshot.spend[i]
		if bought[i] {
			b.Buyers++
		}
	}
	for _, f := range o.forecasts {
		if f.orders != nil {
			b.Forecasts = append(b.Forecasts, o.reportForecast(f, l.family.Name()))
		}
	}
	for _, w := range l.weeks {
		b.Weeks = append(b.Weeks, report.Week{Start: int32(w.first), Actual: w.actual, Modelled: w.modelled, Forecast: w.holdout})
	}
	if used := o.get(l.family.Name()); used != nil {
		b.Level.Factor = b.Orders / evaluate.Forecast(used.orders, o.orders).Forecast
	}
	if l.level != nil {
		b.Level = report.Level{Factor: l.level.factor, Applied: true}
	}
	b.Buying = r.reportBuying(o, bought)
	return b
}

func (o *origin) reportForecast(f *forecast, used string) report.Forecast {
	e := evaluate.Forecast(f.orders, o.orders)
	out := report.Forecast{Name: f.name, Used: f.name == used, Rule: f.fitted == nil, Orders: e.Forecast, MAE: e.MAE,
		Inside: math.NaN(), Spend: math.NaN(), SpendInside: math.NaN()}
	if f.total.Customers > 0 {
		out.Total, out.SpendTotal = report.Range(f.total.Orders), report.Range(f.total.Value)
	}
	if f.fitted != nil {
		out.Method = o.method(f)
	}
	if f.low != nil {
		out.Inside = evaluate.Coverage(f.low, f.high, o.orders).Inside
	}
	if f.spend != nil && !anyMissing(f.spend) {
		out.Spend = evaluate.Forecast(f.spend, o.snapshot.spend).Forecast
	}
	if f.least != nil {
		out.SpendInside = evaluate.Coverage(f.least, f.most, o.snapshot.spend).Inside
	}
	return out
}

// reportBuying takes the candidates of the churn score, on the snapshot that judged
// them, or, where none were compared, the purchase model and the rules at the origin:
// a saved score is not among those, as it may have learned from that window.
func (r *run) reportBuying(o *origin, bought []bool) report.Buying {
	why := r.learned.noRisk
	b := report.Buying{Origin: int32(o.day), Days: o.window, Customers: len(bought), Asked: r.Config.Churn.Model, Untrained: report.Text{En: why.En, Zh: why.Zh}}
	if c := r.learned.risk; c != nil {
		if len(c.Figures) > 0 {
			return r.reportRisk(c)
		}
		b.Verdict = report.Text{En: c.Verdict.En, Zh: c.Verdict.Zh}
	}
	for _, yes := range bought {
		if yes {
			b.Buyers++
		}
	}
	for _, f := range o.forecasts {
		if f.rank == nil || f.name == ruleRate {
			continue
		}
		b.Scores = append(b.Scores, judged(f, bought, f.name == r.learned.family.Name() && r.learned.risk == nil))
	}
	return b
}

func judged(f *forecast, bought []bool, used bool) report.Judged {
	rank := evaluate.Ranking(f.rank, bought)
	s := report.Judged{Name: f.name, Used: used, Rule: f.fitted == nil, AUC: rank.AUC, Lift10: rank.Lift10, Capture10: rank.Capture10,
		Brier: math.NaN(), ECE: math.NaN()}
	if f.buys != nil {
		stays, away := make([]float64, len(f.buys)), make([]bool, len(bought))
		for i, p := range f.buys {
			stays[i], away[i] = 1-p, !bought[i]
		}
		s.Brier = evaluate.Brier(stays, away)
		curve := evaluate.Reliability(stays, away, 10)
		s.ECE, s.Stated = evaluate.ECE(curve), stated(curve)
	}
	for _, d := range evaluate.Deciles(f.rank, bought) {
		s.Found, s.Rates = append(s.Found, d.CumulativeCapture), append(s.Rates, d.Rate)
	}
	return s
}

// reportRisk turns the candidates' tenths around: there, those most at risk come first.
func (r *run) reportRisk(c *risk.Choice) report.Buying {
	window := r.Config.Churn.Window
	b := report.Buying{Origin: int32(c.Cut) - 1, Days: window, Asked: r.Config.Churn.Model, Refitted: true,
		Verdict: report.Text{En: c.Verdict.En, Zh: c.Verdict.Zh}}
	for _, f := range c.Figures {
		b.Customers, b.Buyers = f.N, f.N-f.Events
		s := report.Judged{Name: string(f.Method), Used: f.Method == c.Score.Method, AUC: f.AUC, Brier: f.Brier, ECE: f.ECE, Stated: stated(f.Reliability)}
		switch f.Method {
		case risk.RecencyRule, risk.FrequencyRule, risk.BaseRate:
			s.Rule = true
		case risk.PurchaseModel:
			s.Name = r.learned.family.Name()
		}
		s.Found, s.Rates = turned(f.Deciles)
		s.Lift10, s.Capture10 = math.NaN(), math.NaN()
		if len(s.Found) > 0 && f.Method != risk.BaseRate {
			s.Capture10, s.Lift10 = s.Found[0], 10*s.Found[0]
		}
		b.Scores = append(b.Scores, s)
	}
	slices.SortStableFunc(b.Scores, func(x, y report.Judged) int {
		return cmp.Or(cmp.Compare(placeOf(x), placeOf(y)), cmp.Compare(y.AUC, x.AUC))
	})
	for _, d := range c.Contests {
		b.Contests = append(b.Contests, report.Contest{Challenger: string(d.Challenger), Champion: string(d.Champion), Won: d.Won,
			LogLoss: report.Range{Mean: d.LogLoss.Value, Low: d.LogLoss.Low, High: d.LogLoss.High}})
	}
	return b
}

// placeOf puts what is used first, and models before plain rules.
func placeOf(s report.Judged) int {
	switch {
	case s.Used:
		return 0
	case s.Rule:
		return 2
	}
	return 1
}

func stated(curve []evaluate.Bin) []report.Stated {
	out := make([]report.Stated, len(curve))
	for i, b := range curve {
		out[i] = report.Stated{P: b.MeanP, Rate: b.Rate, Low: b.Low, High: b.High, Customers: b.N}
	}
	return out
}

// turned is, of tenths by risk of staying away, the most at risk first, what they
// say of buyers from the other end: the shares of all buyers found so far, and the
// share of each tenth who bought. Nil where nobody bought.
func turned(tenths []evaluate.Decile) (found, rates []float64) {
	var buyers, sum float64
	for _, d := range tenths {
		buyers += d.N - d.Events
	}
	if !(buyers > 0) {
		return nil, nil
	}
	for _, d := range slices.Backward(tenths) {
		sum += d.N - d.Events
		found, rates = append(found, min(sum/buyers, 1)), append(rates, 1-d.Rate)
	}
	return found, rates
}

func reportChoice(c *Choice) *report.ModelChoice {
	out := &report.ModelChoice{Winner: c.Winner, Reason: report.Text{En: c.Reason.En, Zh: c.Reason.Zh}}
	for _, a := range c.Candidates {
		out.Candidates = append(out.Candidates, report.Candidate{Name: a.Name, Method: a.Method, LogLikelihood: a.Loglik, Surprise: a.Surprise,
			Worse: report.Range{Mean: a.Worse, Low: a.WorseLow, High: a.WorseHigh}, Bias: a.Bias, MAE: a.MAE})
	}
	return out
}
