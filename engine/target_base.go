package engine

import (
	"fmt"

	"clientele/engine/list"
	"clientele/engine/workspace"
	"clientele/models/purchase"
	"clientele/models/stat"
	"clientele/queries"
)

const (
	leastEarlier  = 100     // customers of an earlier run, below which their rate says little
	oldestEarlier = 366     // days that an earlier run may be back
	mostExpected  = 1 << 14 // customers of whom the model is asked: of more, their mean is no surer
)

// baseRate is how many of the customers of the list order within the window of a
// campaign without it. What they did up to the day of the run does not tell: a segment
// of those who are silent has not ordered, whoever they are. So it is, in this order,
// what the same segment did after an earlier run; what the purchase model of the run
// expects; and only then what the list did before. Only the fields of the rate are set.
func (c *cutter) baseRate() (*list.Power, error) {
	if err := makeExclusions(c.ctx, c.db, c.Config.Exclude); err != nil {
		return nil, err
	}
	for _, from := range []func() (*list.Power, error){c.earlierRate, c.expectedRate, c.pastRate} {
		if p, err := from(); p != nil || err != nil {
			return p, err
		}
	}
	return nil, nil
}

// earlierRate is what the segment and the rule of the list gave as of the latest run
// whose window is over by the day of this one; of a list with a limit it is of as
// great a part of them, the best ranked. Nil without such a run, or with few in it.
func (c *cutter) earlierRate() (*list.Power, error) {
	run, day, err := c.earlierRun()
	if err != nil || run.AsOf == "" {
		return nil, err
	}
	past := *c
	past.run, past.asOf, past.manifest.Rules.Exclude = run, day, nil
	if c.manifest.Segment != "" {
		past.cut.Segment = segmentName{c.manifest.Scheme, c.manifest.Segment}.String()
	}
	var unknown error // that run has no such segment, column or attribute, or is damaged
	for _, step := range []func() error{past.checkRun, past.viewRun, past.stageSegment, func() error { return past.make("target_past", "past") }} {
		if unknown = step(); unknown != nil {
			break
		}
	}
	if err := ended(c.ctx); err != nil {
		return nil, err
	}
	if err := c.viewRun(); err != nil || unknown != nil { // the file is written from this run
		return nil, err
	}
	if err := makeBounds(c.ctx, c.db, c.Config, c.asOf); err != nil {
		return nil, err
	}
	p := &list.Power{Source: list.BaseEarlier, Day: run.AsOf}
	err = c.db.Row(c.ctx, []any{&p.Of, &p.Buyers}, queries.Get("target/earlier_rate").SQL,
		named("taken", c.manifest.Treated+c.manifest.Kept), named("day", int32(day)), named("days", c.Config.Campaigns.Window))
	if err != nil || p.Of < leastEarlier {
		return nil, err
	}
	p.Base = float64(p.Buyers) / float64(p.Of)
	return p, nil
}

// earlierRun is the latest run whose window is over by the day of this one, with its
// day; without a name where there is none.
func (c *cutter) earlierRun() (latest workspace.Run, day Day, err error) {
	runs, err := workspace.Runs(c.Dir)
	if err != nil {
		return latest, 0, err
	}
	window := Day(c.Config.Campaigns.Window)
	for _, r := range runs {
		d, err := ParseDay(r.AsOf)
		if err == nil && d+window <= c.asOf && d >= c.asOf-oldestEarlier && (latest.AsOf == "" || d > day) {
			latest, day = r, d
		}
	}
	return latest, day, nil
}

// expectedRate is the mean probability of an order that the purchase model of the run
// gives the customers of the list, of whom every so manieth is looked at. Nil where there
// is no model, or where most of them have not ordered yet: of these it knows nothing.
func (c *cutter) expectedRate() (*list.Power, error) {
	f, settings, err := c.purchaseOf(c.asOf)
	if err != nil || f == nil { // a model file of another version takes nobody off a list
		return nil, nil
	}
	if err := makeBounds(c.ctx, c.db, c.Config, c.asOf); err != nil {
		return nil, err
	}
	members := c.manifest.Treated + c.manifest.Kept
	if err := c.make("target_sample", "sample", named("step", (members+mostExpected-1)/mostExpected)); err != nil {
		return nil, err
	}
	var sampled int64
	if err := c.db.Row(c.ctx, []any{&sampled}, "SELECT count(*) FROM target_sample"); err != nil {
		return nil, err
	}
	t, err := c.db.Query(c.ctx, queries.Get("target/histories").SQL)
	if err != nil {
		return nil, err
	}
	if err := addAttributes(c.ctx, c.db, settings, t); err != nil {
		return nil, err
	}
	laws, of, err := f.Laws(t)
	if err != nil {
		return nil, err
	}
	x, tx, seen := t.Ints("x"), t.Ints("t_x"), t.Ints("T")
	orders := make([]float64, t.Rows())
	stat.Each(c.Config.Resources.Cores(), len(orders), func(i int) {
		if of[i] >= 0 {
			orders[i] = 1 - laws[of[i]].NoPurchase(purchase.History{X: int(x[i]), Tx: int(tx[i]), T: int(seen[i])}, c.Config.Campaigns.Window)
		}
	})
	p := &list.Power{Source: list.BaseModel, Day: c.run.AsOf}
	for i, v := range orders {
		if of[i] >= 0 {
			p.Base += v
			p.Of++
		}
	}
	if 2*p.Of < sampled || p.Of == 0 {
		return nil, nil
	}
	p.Base /= float64(p.Of)
	return p, nil
}

// pastRate is the share of the list that ordered within the window up to the day of
// the run. Nil where the run scored nobody of them.
func (c *cutter) pastRate() (*list.Power, error) {
	p := &list.Power{Source: list.BaseBefore, Day: c.run.AsOf}
	err := c.db.Row(c.ctx, []any{&p.Of, &p.Buyers}, queries.Get("target/base_rate").SQL, named("days", c.Config.Campaigns.Window))
	if err != nil || p.Of == 0 {
		return nil, err
	}
	p.Base = float64(p.Buyers) / float64(p.Of)
	return p, nil
}

// baseWords say what the base rate of a list is and where it is from.
func baseWords(p *list.Power, limited bool) (en, zh string) {
	rate := 100 * p.Base
	switch p.Source {
	case list.BaseEarlier:
		same, sameZh := "the same selection gave", "按同样条件"
		if limited {
			same, sameZh = "the same selection ranked as high", "按同样条件和排名比例"
		}
		return fmt.Sprintf("Base rate %.1f %%, from an earlier run: of %d whom %s as of %s, %d ordered in the %d days after.", rate, p.Of, same, p.Day, p.Buyers, p.Window),
			fmt.Sprintf("基准转化率 %.1f%%（来自更早一次评分）：%s在 %s 选出的 %d 人中，%d 人在随后 %d 天内下过单。", rate, sameZh, p.Day, p.Of, p.Buyers, p.Window)
	case list.BaseModel:
		return fmt.Sprintf("Base rate %.1f %%, from the purchase model of the run as of %s: the mean probability that one of the list orders within %d days, over %d of them. No earlier run says what such customers did.", rate, p.Day, p.Window, p.Of),
			fmt.Sprintf("基准转化率 %.1f%%（来自 %s 评分的购买模型）：名单中 %d 人在 %d 天内下单的平均概率；没有更早的评分可供对照这类客户的实际购买。", rate, p.Day, p.Of, p.Window)
	}
	return fmt.Sprintf("Base rate %.1f %%, from the days before: of %d on the list, %d ordered in the %d days up to %s. Neither an earlier run nor a model says what they would do next, and a selection by recent or missing orders makes this rate what it is.", rate, p.Of, p.Buyers, p.Window, p.Day),
		fmt.Sprintf("基准转化率 %.1f%%（来自过去一段时间）：名单中 %d 人里，%d 人在截至 %s 的 %d 天内下过单；没有更早的评分或模型可供参考，若名单按近期是否下单选出，此比率由选取条件决定。", rate, p.Of, p.Buyers, p.Day, p.Window)
}
