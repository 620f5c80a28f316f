package engine

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models"
	"clientele/models/gammagamma"
	"clientele/models/groups"
	"clientele/models/purchase"
)

// likelihoodOf is what purchase and spend models say of rows that they were not
// fitted to.
type likelihoodOf interface {
	LogLikelihoodOf(in *table.Table) (value float64, customers int, err error)
	Report() models.Report
}

// rival are the models of two runs that stand for one another.
type rival struct{ before, now *savedModel }

// likelihoodSection sets the older run's models and the newer's beside each other on
// the same customers: those of the newer run's day, as the store has them today. The
// note says so, or why there is nothing to compare.
func (e *Engine) likelihoodSection(ctx context.Context, before, now workspace.Run) (Section, models.Warning, error) {
	g := newGrid("model_before text", "model text", "customers int", "log_likelihood_before float", "log_likelihood float", "gain float", "gain_by_chance float",
		"reading text", "reading_zh text")
	rivals, why := e.rivals(before, now)
	if len(rivals) == 0 {
		return g.section("likelihood"), why, nil
	}
	day, err := ParseDay(now.AsOf)
	if err != nil {
		return Section{}, why, err
	}
	t, every, err := e.customersOf(ctx, day)
	if err != nil {
		return Section{}, why, err
	}
	for _, r := range rivals {
		row, err := r.row(t)
		if err != nil {
			return Section{}, why, fmt.Errorf("models of the run as of %s: %w", before.AsOf, err)
		}
		if row != nil {
			g.add(row...)
		}
	}
	note := models.Warning{Code: "likelihood_now",
		En: fmt.Sprintf("likelihood: both runs' models on the same customers, those of %v as the store has them today%s. Log-likelihoods of different days cannot be compared: by the later one everybody has had more time to buy.", day, sampled(every, " (one in %d)")),
		Zh: fmt.Sprintf("似然（likelihood）：两次运行的模型用于同一批客户，即库中现有数据截至 %v 的客户%s。不同统计日的对数似然不可比：日期越晚，客户的购买时间越长。", day, sampled(every, "（每 %d 位取 1 位）"))}
	return g.section("likelihood"), note, nil
}

// sampled words that only one customer of so many was looked at.
func sampled(every int64, words string) string {
	if every < 2 {
		return ""
	}
	return fmt.Sprintf(words, every)
}

// rivals are the purchase and spend models that both runs have saved, and that were
// fitted under the settings of today; why there are none, else.
func (e *Engine) rivals(before, now workspace.Run) (list []rival, why models.Warning) {
	was, err := e.withLikelihood(before)
	is, other := e.withLikelihood(now)
	if err = errors.Join(err, other); err != nil {
		return nil, models.Warning{Code: "likelihood_unread",
			En: fmt.Sprintf("likelihood: not compared, as a saved model could not be read: %v", err),
			Zh: fmt.Sprintf("似然（likelihood）：未比较，因为保存的模型无法读取：%v", err)}
	}
	for _, a := range was {
		for _, b := range is {
			if a.Model == b.Model || a.purchaseFamily() != nil && b.purchaseFamily() != nil {
				list = append(list, rival{a, b})
			}
		}
	}
	if len(list) == 0 {
		why = models.Warning{Code: "likelihood_absent",
			En: "likelihood: not compared: it takes a purchase or spend model of both runs that was fitted under the settings of today.",
			Zh: "似然（likelihood）：未比较：两次运行都须有按当前设置拟合的复购或消费模型。"}
	}
	return list, why
}

// withLikelihood are the saved models of a run that have a likelihood to compare. Where the
// run has saved none, there are none.
func (e *Engine) withLikelihood(run workspace.Run) ([]*savedModel, error) {
	files, err := savedIn(run.Dir)
	if err != nil {
		return nil, err
	}
	var out []*savedModel
	for _, file := range files {
		head, _, err := headOf(file)
		if err != nil {
			return nil, err
		}
		if head.Model != gammagamma.Name && purchaseFamily(head.Model) == nil {
			continue
		}
		s, err := readSaved(file)
		if err != nil {
			return nil, err
		}
		learned, err := s.load(e.Config)
		if err != nil {
			return nil, err
		}
		if learned && s.suits(e.Config, "") == nil {
			out = append(out, s)
		}
	}
	return out, nil
}

// customersOf are the customers with an order as of a day, or one of so many, with the
// columns that models read.
func (e *Engine) customersOf(ctx context.Context, day Day) (t *table.Table, every int64, err error) {
	err = e.read(ctx, func(db *duck.DB) error {
		p, err := e.readPast(ctx, db, day, e.Config.Backtest.Sample)
		if err != nil {
			return err
		}
		s, err := p.at(day, 0)
		if err != nil {
			return errors.Join(err, p.close())
		}
		t, every = s.table, p.every
		return p.close()
	})
	return t, every, err
}

// row compares two models on the rows of t; nil where one of them is no model.
func (r rival) row(t *table.Table) ([]any, error) {
	was, is := r.before.fitted.(likelihoodOf), r.now.fitted.(likelihoodOf)
	a, customers, err := was.LogLikelihoodOf(t)
	if err != nil {
		return nil, err
	}
	b, others, err := is.LogLikelihoodOf(t)
	if err != nil || math.IsNaN(a+b) || customers != others {
		return nil, err
	}
	chance := distuv.ChiSquared{K: float64(max(1, estimates(is)))}.Quantile(0.95) / 2
	words := gainReading(b-a, chance, string(r.before.Fitted) == string(r.now.Fitted))
	return []any{r.before.Model, r.now.Model, customers, a, b, b - a, chance, words.en, words.zh}, nil
}

// estimates counts what the fits that score have estimated, by groups or together.
func estimates(m likelihoodOf) int {
	switch f := m.(type) {
	case *purchase.Fitted:
		if f.Groups() != nil {
			return estimatesByGroup(f.Groups())
		}
	case *gammagamma.Fitted:
		if f.Groups() != nil {
			return estimatesByGroup(f.Groups())
		}
	}
	return len(m.Report().Parameters)
}

func estimatesByGroup[F models.Fitted](g *groups.Fits[F]) int {
	n := 0
	for _, own := range g.Own {
		n += len(own.Model.Report().Parameters)
	}
	switch {
	case g.Rest != nil:
		n += len(g.Rest.Model.Report().Parameters)
	case g.RestRows > 0: // nobody's group is worth its parameters, or those without one have no fit
		n += len(g.All.Report().Parameters)
	}
	return n
}

// gainReading says what the newer model gains. Were the older one's estimates the
// truth, a new fit to the same customers would gain up to chance 95 times in 100, half
// a chi-squared quantile (Wilks 1938).
func gainReading(gain, chance float64, same bool) reading {
	switch {
	case same:
		return reading{"the same model", "同一模型"}
	case gain <= 0:
		return reading{"the older model fits as well", "旧模型拟合得同样好"}
	case gain <= chance:
		return reading{"no better than chance", "改进未超出偶然范围"}
	}
	return reading{"the newer model fits better", "新模型拟合得更好"}
}
