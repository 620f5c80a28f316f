package engine

import (
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/stat"
	"clientele/queries"
)

// level is that of every interval, and alpha what it leaves out.
const (
	level = 0.95
	alpha = 0.05
)

// funnelSteps are the events in the order in which they happen.
func funnelSteps() []string {
	return []string{"assigned", "sent", "bounced", "delivered", "opened", "opened by machine", "clicked", "converted", "unsubscribed", "complained"}
}

// funnel counts customers by arm and event.
func (c *campaignReader) funnel() error {
	t, err := c.queryCampaign("campaign/funnel")
	if err != nil {
		return err
	}
	type key struct{ arm, step string }
	customers, events, value := map[key]int64{}, map[key]int64{}, map[key]float64{}
	var arms []string
	var unknown int64
	for i := range t.Rows() {
		arm, step := "", string(t.Column("event").Texts.At(i))
		if col := t.Column("arm"); !col.Missing(i) {
			arm = string(col.Texts.At(i))
		}
		if t.Ints("machine")[i] > 0 {
			step = "opened by machine"
		}
		if !slices.Contains(arms, arm) {
			arms = append(arms, arm)
		}
		k := key{arm, step}
		customers[k] += t.Ints("customers")[i]
		events[k] += t.Ints("events")[i]
		if v := t.Column("value"); !v.Missing(i) {
			value[k] += v.Floats[i]
		}
		unknown += t.Ints("unknown")[i]
	}
	g := newGrid("arm text", "step text", "customers int", "of_assigned float share", "of_delivered float share", "events int", "value float")
	share := func(n, of int64) float64 {
		if of == 0 {
			return math.NaN()
		}
		return float64(n) / float64(of)
	}
	for _, arm := range arms {
		for _, step := range funnelSteps() {
			k := key{arm, step}
			if events[k] == 0 {
				continue
			}
			worth := math.NaN()
			if value[k] != 0 {
				worth = value[k]
			}
			reached := math.NaN()
			if slices.Index(funnelSteps(), step) > slices.Index(funnelSteps(), "delivered") {
				reached = share(customers[k], customers[key{arm, "delivered"}])
			}
			g.add(arm, step, int(customers[k]), share(customers[k], customers[key{arm, "assigned"}]), reached, int(events[k]), worth)
		}
	}
	if len(arms) > 0 {
		c.out.Sections = append(c.out.Sections, g.section("funnel"))
	}
	if unknown > 0 {
		c.warn("responses_of_nobody", fmt.Sprintf("%d events name no customer: they are in the funnel, and in no arm.", unknown),
			fmt.Sprintf("有 %d 条响应没有客户信息：计入漏斗，但不属于任何组。", unknown))
	}
	if n := customers[key{ControlArm, "sent"}]; n > 0 {
		c.warn("control_contacted", fmt.Sprintf("%d customers of the control group were sent the message nonetheless: the effect is measured by assignment, and is understated.", n),
			fmt.Sprintf("对照组中有 %d 位客户仍收到了信息：效果按分组计算，因此会偏低。", n))
	}
	return nil
}

func (c *campaignReader) queryCampaign(name string) (*table.Table, error) {
	return c.db.Query(c.ctx, queries.Get(name).SQL, sql.Named("campaign", c.r.Campaign))
}

// outcome is what one arm did: who responded, and what each spent.
type outcome struct {
	name      string
	rows      []int32 // of people
	converted stat.Proportion
	spend     []float64 // of each customer, aligned with rows
	before    []float64 // the covariate, aligned; nil: none
	responded []float64 // 1 or 0, aligned
}

// outcomeOf reads the outcome of some customers.
func (c *campaignReader) outcomeOf(name string, rows []int32, before []float64) outcome {
	o := outcome{name: name, rows: rows, converted: stat.Proportion{N: len(rows)}, spend: make([]float64, len(rows)), responded: make([]float64, len(rows))}
	orders, bought, refunded := c.people.Ints("orders"), c.people.Floats("bought"), c.people.Floats("refunded")
	events, value := c.people.Ints("events"), c.people.Floats("event_value")
	for i, row := range rows {
		n := orders[row]
		if c.r.Outcome == outcomeOrders {
			o.spend[i] = bought[row] - refunded[row]
		} else {
			n, o.spend[i] = events[row], value[row]
		}
		if n > 0 {
			o.converted.K++
			o.responded[i] = 1
		}
	}
	if before != nil {
		o.before = make([]float64, len(rows))
		for i, row := range rows {
			o.before[i] = before[row]
		}
	}
	return o
}

// compare sets every treated arm beside control.
func (c *campaignReader) compare() error {
	if c.people.Rows() == 0 {
		c.out.Verdict = models.Warning{Code: "no_assignment",
			En: "Nobody is recorded as assigned to this campaign, so nothing can be said about what it caused: only the funnel is shown.",
			Zh: "没有该活动的分组记录，无法判断因果效果，仅展示漏斗。"}
		return nil
	}
	before, err := c.covariate()
	if err != nil {
		return err
	}
	outcomes := make([]outcome, len(c.arms))
	for i, a := range c.arms {
		outcomes[i] = c.outcomeOf(a.name, a.customers, before)
	}
	shown := slices.Clone(outcomes)
	for _, a := range c.treated() {
		if a.control != nil && a.control != c.control() {
			shown = append(shown, c.outcomeOf(a.control.name, a.control.customers, before))
		}
	}
	c.out.Sections = append(c.out.Sections, c.armsSection(shown))
	if c.control() == nil {
		c.out.Verdict = models.Warning{Code: "no_control",
			En: "Nobody was kept back as a control group, so nothing can be said about what the campaign caused: those who were contacted might have bought anyway.",
			Zh: "没有对照组，无法判断活动带来的因果效果：被触达的客户本来也可能购买。"}
		return nil
	}
	if stop, err := c.sampleRatio(); stop || err != nil {
		return err
	}
	if c.unlikeShares(before) {
		return nil
	}
	control := outcomes[len(outcomes)-1]
	if control.converted.K == 0 && (c.r.Outcome == "opened" || c.r.Outcome == "clicked") {
		c.warn("message_needed", "Who was kept back got no message to open or to click: the difference is how many of those assigned did so, and is no effect of the campaign.",
			"对照组没有收到信息，不可能打开或点击：这里的差值只是实验组的打开或点击比例，不代表活动效果。")
	}
	var lifts []lift
	for i, a := range c.treated() {
		if a.control != c.control() {
			control = c.outcomeOf(ControlArm, a.control.customers, before)
		}
		lifts = append(lifts, c.lift(outcomes[i], control, len(c.treated())))
	}
	correct(lifts)
	c.verdict(lifts)
	if c.out.Open {
		c.looked(lifts)
		return nil
	}
	c.out.Sections = append(c.out.Sections, c.liftSection(lifts), c.moneySection(lifts))
	if g := c.groupsSection(before); g.Table.Rows() > 0 {
		c.out.Sections = append(c.out.Sections, g)
	}
	if n := len(lifts); n > 1 {
		c.warn("several_arms", fmt.Sprintf("There are %d arms beside control. The intervals in the sentence above, of money and of the rows %q hold for all of them at once (Bonferroni: each at %.4g%%), so that the choice of the best arm is allowed for. Other rows are of one arm alone; p_holm is corrected.", n, jointMethod, 100*together(n)),
			fmt.Sprintf("对照组之外共有 %d 个实验组。上面的结论、经济效果以及“%s”各行的区间对所有实验组同时成立（Bonferroni 校正，每组 %.4g%%），挑选最好的一组不会夸大效果。其余各行只针对单个实验组；p_holm 为校正后的 p 值。", n, jointMethod, 100*together(n)))
	}
	return nil
}

// looked shows the comparisons that hold for a look before the end. Those of Newcombe, Welch, the
// bootstrap, CUPED and of groups hold for one look at the end, and stand nowhere until then.
func (c *campaignReader) looked(lifts []lift) {
	if g := looksSection(lifts); g.Table.Rows() > 0 {
		c.out.Sections = append(c.out.Sections, g)
	}
	c.warn("windows_open", fmt.Sprintf("Until the windows are over, on %v, only intervals that hold however often one looks are shown. Welch's, Newcombe's and the bootstrap's, CUPED, groups and money hold for a single look, and are shown from then on.", c.out.To),
		fmt.Sprintf("窗口至 %v 才全部结束，在此之前只给出允许多次查看的区间。Welch、Newcombe、自助法与 CUPED 的结果、分组比较和经济效果只适用于结束后的一次查看，届时再给出。", c.out.To))
	if n := len(lifts); n > 1 {
		c.warn("several_arms", fmt.Sprintf("There are %d arms beside control: the intervals hold for all of them at once (Bonferroni: each at %.4g%%).", n, 100*together(n)),
			fmt.Sprintf("对照组之外共有 %d 个实验组：区间对所有实验组同时成立（Bonferroni 校正，每组 %.4g%%）。", n, 100*together(n)))
	}
}

// together is the level of the interval of one of n arms with which those of all n hold together
// in a share level of campaigns, whatever the arms have to do with each other (Bonferroni).
func together(n int) float64 { return 1 - alpha/float64(n) }

// covariate is what is known of each customer before the campaign; nil: nothing.
func (c *campaignReader) covariate() ([]float64, error) {
	switch {
	case c.r.Covariate == covariateNone:
		return nil, nil
	case c.r.Covariate == covariateSpend:
		return c.people.Floats("before"), nil
	}
	t, err := c.attribute(attributeOf(c.r.Covariate))
	if err != nil {
		return nil, err
	}
	values, missing := numbers(groupsOf(t, "value", c.people))
	if missing == len(values) {
		return nil, fmt.Errorf("covariate %s: no customer of this campaign has such an attribute that is a number", c.r.Covariate)
	}
	if missing > 0 { // at the mean: the same rule for both arms, known before the assignment
		mean := 0.0
		for _, v := range values {
			if !math.IsNaN(v) {
				mean += v / float64(len(values)-missing)
			}
		}
		for i, v := range values {
			if math.IsNaN(v) {
				values[i] = mean
			}
		}
		c.warn("covariate_missing", fmt.Sprintf("%d customers have no %s: they are taken to have the mean.", missing, c.r.Covariate),
			fmt.Sprintf("有 %d 位客户没有 %s：以均值代替。", missing, c.r.Covariate))
	}
	return values, nil
}

func (c *campaignReader) armsSection(outcomes []outcome) Section {
	g := newGrid("arm text", "customers int", "responded int", "rate float share", "rate_low float share", "rate_high float share", "spend float", "spend_mean float", "before_mean float")
	for _, o := range outcomes {
		wilson := o.converted.Wilson(level)
		m := stat.MomentsOf(o.spend)
		before := math.NaN()
		if o.before != nil {
			before = stat.MomentsOf(o.before).Mean
		}
		g.add(o.name, o.converted.N, o.converted.K, o.converted.Rate(), wilson.Low, wilson.High, m.Sum(), m.Mean, before)
	}
	return g.section("arms")
}

// sampleRatio tests the sizes of the arms against those that were meant, and says
// so; a mismatch stops the reading.
func (c *campaignReader) sampleRatio() (stop bool, err error) {
	weights, err := c.intended()
	if err != nil {
		return false, err
	}
	if weights == nil {
		c.warn("ratio_unknown", "The sizes that the arms were meant to have are not known, so it was not tested whether somebody was lost on the way: --ratio 3:1 states them.",
			"分组的预期比例未知，未检验样本比例是否失衡：可用 --ratio 3:1 指定。")
		return false, nil
	}
	sizes := make([]int, len(c.arms))
	var shown []string
	for i, a := range c.arms {
		sizes[i] = len(a.customers)
		shown = append(shown, fmt.Sprintf("%s %d", a.name, sizes[i]))
	}
	t, mismatch := stat.SampleRatio(sizes, weights)
	if !mismatch {
		c.warn("ratio_holds", fmt.Sprintf("The arms have the sizes that were meant (chi-square %.4g, p = %.3g).", t.Statistic, t.P),
			fmt.Sprintf("各组人数与预期比例一致（卡方 %.4g，p = %.3g）。", t.Statistic, t.P))
		return false, nil
	}
	why := sentences{"customers were lost or added after the assignment", "分组之后有客户丢失或增加"}
	if c.twice > 0 {
		why = sentences{fmt.Sprintf("%d customers stand in more than one arm and count in the first alone, or others were lost or added after the assignment", c.twice),
			fmt.Sprintf("有 %d 位客户同时属于多个组、只计入首次分组，或分组之后有客户丢失或增加", c.twice)}
	}
	c.out.Verdict = models.Warning{Code: "sample_ratio",
		En: fmt.Sprintf("The arms do not have the sizes that were meant (%s; p = %.2g): %s, so no effect can be read from them.", strings.Join(shown, ", "), t.P, why.en),
		Zh: fmt.Sprintf("各组人数与预期比例不符（%s；p = %.2g）：%s，无法据此判断效果。", strings.Join(shown, "，"), t.P, why.zh)}
	return true, nil
}

// intended are the sizes that arms were meant to have, in their order, as stated or
// as lists have it; nil: not known.
func (c *campaignReader) intended() ([]float64, error) {
	if len(c.r.Ratio) > 0 {
		if len(c.r.Ratio) != len(c.arms) {
			return nil, fmt.Errorf("ratio of %d arms: campaign %s has %d: %s", len(c.r.Ratio), c.r.Campaign, len(c.arms), strings.Join(c.armNames(), ", "))
		}
		return c.r.Ratio, nil
	}
	return c.meant(), nil
}

func (c *campaignReader) armNames() []string {
	var names []string
	for _, a := range c.arms {
		names = append(names, a.name)
	}
	return names
}

// lift is one treated arm beside control.
type lift struct {
	arm        outcome
	control    outcome
	rates      stat.ProportionComparison
	exact      *stat.Fisher // where counts are small
	spend      stat.MeanTest
	joint      *joint          // of several arms, at the level of all together; nil: of one
	resampled  *stat.Resampled // of the difference in spend; nil: too few
	ranks      stat.RankTest
	cupedRate  *stat.Adjusted // nil: no covariate
	cupedSpend *stat.Adjusted
	lookRate   *stat.Look // while windows are open
	lookSpend  *stat.Look
	holmRate   float64
	holmSpend  float64
}

// joint are the intervals of one of several arms that hold together with those of the others.
type joint struct {
	rate  stat.Estimate
	spend stat.MeanTest
}

// plainLift is what is told of one of n arms in the first place: differences in rates and in spend.
func plainLift(a, control outcome, n int) lift {
	l := lift{arm: a, control: control, rates: stat.CompareProportions(a.converted, control.converted, level)}
	if l.rates.Pooled.Flags.Has(stat.SmallCounts) {
		f := stat.FisherExact(a.converted, control.converted)
		l.exact = &f
	}
	mine, other := stat.MomentsOf(a.spend), stat.MomentsOf(control.spend)
	l.spend = stat.Welch(mine, other, level)
	if n > 1 {
		at := together(n)
		l.joint = &joint{stat.CompareProportions(a.converted, control.converted, at).Difference, stat.Welch(mine, other, at)}
	}
	return l
}

// money is the difference in spend that is quoted.
func (l *lift) money() stat.MeanTest {
	if l.joint != nil {
		return l.joint.spend
	}
	return l.spend
}

// rate is the difference in rates that is quoted, and its p; at a look before the end those that
// allow for looking.
func (l *lift) rate(open bool) (stat.Estimate, float64) {
	switch {
	case open && l.lookRate == nil:
		return stat.Estimate{Value: l.rates.Difference.Value, Low: -1, High: 1}, 1
	case open:
		return l.lookRate.Difference, l.holmRate
	case l.joint != nil:
		return l.joint.rate, l.holmRate
	}
	return l.rates.Difference, l.holmRate
}

// lift is one of n arms beside control, by every method.
func (c *campaignReader) lift(a, control outcome, n int) lift {
	l := plainLift(a, control, n)
	ours, theirs := stat.TallyOf(a.spend), stat.TallyOf(control.spend)
	if c.out.Open {
		l.looks(c.planned(), ours.Moments(), theirs.Moments(), n)
		return l
	}
	l.ranks = stat.MannWhitney(ours, theirs)
	if l.spend.Flags == 0 {
		r := stat.Bootstrap{Level: level, Seed: 1, Workers: c.Config.Resources.Cores()}.MeanDifference(ours, theirs)
		l.resampled = &r
	}
	if a.before != nil {
		rate := stat.CUPED(stat.ComomentsOf(a.responded, a.before), stat.ComomentsOf(control.responded, control.before), level)
		spend := stat.CUPED(stat.ComomentsOf(a.spend, a.before), stat.ComomentsOf(control.spend, control.before), level)
		l.cupedRate, l.cupedSpend = &rate, &spend
	}
	c.outliers(a, control)
	return l
}

// namedOutliers is how many customers are named, at most.
const namedOutliers = 3

// outliers says where few customers decide what is concluded about spend.
func (c *campaignReader) outliers(a, control outcome) {
	o := stat.Outliers(a.spend, control.spend, namedOutliers, 0, level)
	if !o.Carried || o.All.Flags != 0 {
		return
	}
	ids := c.people.Column("customer_id")
	var names []string
	for _, x := range o.Largest {
		rows := a.rows
		if x.Arm == 1 {
			rows = control.rows
		}
		names = append(names, fmt.Sprintf("%s (%.0f)", ids.Texts.At(int(rows[x.Row])), x.Value))
	}
	c.warn("outliers", fmt.Sprintf("%s: few customers decide the difference in spend, above all %s. Without the greatest %d it is %.4g (95%%: %.4g to %.4g) a customer, with them %.4g (%.4g to %.4g).",
		a.name, strings.Join(names, ", "), o.TrimmedOff[0]+o.TrimmedOff[1], o.Trimmed.Difference, o.Trimmed.Low, o.Trimmed.High, o.All.Difference, o.All.Low, o.All.High),
		fmt.Sprintf("%s：消费差异取决于少数客户，主要是 %s。去掉最大的 %d 位后，人均差异为 %.4g（95%%：%.4g 至 %.4g），全部计入为 %.4g（%.4g 至 %.4g）。",
			a.name, strings.Join(names, "、"), o.TrimmedOff[0]+o.TrimmedOff[1], o.Trimmed.Difference, o.Trimmed.Low, o.Trimmed.High, o.All.Difference, o.All.Low, o.All.High))
}

// planned is how far the campaign has come: the share of the window that is over
// for the last who were assigned, above zero.
func (c *campaignReader) planned() float64 {
	left := float64(c.out.To - c.out.AsOf)
	return max(0.05, 1-left/float64(c.r.Window))
}

// looks reads with intervals that hold however often one looks. Customers are
// assigned at once and what they do adds up day by day, so under no effect the
// difference is a random walk whose variance grows from nothing to that of the end.
// The mixture of such a walk (Robbins 1970) is that of means with a width that goes with the
// variance so far; this one is sharpest at the planned end. Intervals of n arms hold together.
func (l *lift) looks(over float64, mine, other stat.Moments, n int) {
	share := alpha / float64(n)
	mixture := func(variance float64) stat.Mixture {
		return stat.Mixture{Tau: stat.TauFor(variance*over, share), Alpha: share}
	}
	if v := l.spend.SE * l.spend.SE; v > 0 {
		at := mixture(v).Means(mine, other)
		l.lookSpend = &at
	}
	pA, pB := l.arm.converted.Rate(), l.control.converted.Rate()
	if v := pA*(1-pA)/float64(l.arm.converted.N) + pB*(1-pB)/float64(l.control.converted.N); v > 0 {
		at := mixture(v).Proportions(l.arm.converted, l.control.converted)
		l.lookRate = &at
	}
}

// correct corrects the p of several arms by Holm's rule; where looks were taken, theirs.
func correct(lifts []lift) {
	rates, spends := make([]float64, len(lifts)), make([]float64, len(lifts))
	for i, l := range lifts {
		rates[i], spends[i] = l.rateP(), l.spend.P
		if l.lookRate != nil {
			rates[i] = l.lookRate.P
		}
		if l.lookSpend != nil {
			spends[i] = l.lookSpend.P
		}
	}
	rates, spends = stat.Holm(rates), stat.Holm(spends)
	for i := range lifts {
		lifts[i].holmRate, lifts[i].holmSpend = rates[i], spends[i]
	}
}

// rateP is the p to quote of the rates.
func (l *lift) rateP() float64 {
	if l.exact != nil {
		return l.exact.P
	}
	return l.rates.Pooled.P
}

// jointMethod is the method of rows whose intervals hold for all arms together.
const jointMethod = "all arms together (Bonferroni)"

// looksMethod is the method of rows that hold at any look before the end.
const looksMethod = "always valid (mSPRT)"

// newLifts is the grid of the section lift.
func newLifts() *grid {
	return newGrid("arm text", "metric text", "method text", "treated float", "control float", "difference float", "low float", "high float",
		"relative float share", "relative_low float share", "relative_high float share", "statistic float", "df float", "p float", "p_holm float")
}

// looksSection has what holds before the end.
func looksSection(lifts []lift) Section {
	g, none := newLifts(), math.NaN()
	method := looksMethod
	if len(lifts) > 1 {
		method += ", all arms together"
	}
	add := func(arm, metric string, mine, other float64, k *stat.Look, holm float64) {
		if k == nil {
			return
		}
		g.add(arm, metric, method, mine, other, k.Difference.Value, orMissing(k.Difference.Low), orMissing(k.Difference.High), none, none, none, k.Lambda, none, k.P, holm)
	}
	for _, l := range lifts {
		add(l.arm.name, "rate", l.arm.converted.Rate(), l.control.converted.Rate(), l.lookRate, l.holmRate)
		add(l.arm.name, "spend", stat.MomentsOf(l.arm.spend).Mean, stat.MomentsOf(l.control.spend).Mean, l.lookSpend, l.holmSpend)
	}
	return g.section("lift")
}

// liftSection has what holds once, at the end.
func (c *campaignReader) liftSection(lifts []lift) Section {
	g := newLifts()
	none := math.NaN()
	for _, l := range lifts {
		control := l.control
		pA, pB := l.arm.converted.Rate(), control.converted.Rate()
		d, r := l.rates.Difference, l.ratio()
		g.add(l.arm.name, "rate", "pooled z, Newcombe", pA, pB, d.Value, orMissing(d.Low), orMissing(d.High), orMissing(r.Value-1), orMissing(r.Low-1), orMissing(r.High-1), l.rates.Pooled.Statistic, none, l.rates.Pooled.P, l.holmRate)
		if l.joint != nil {
			d := l.joint.rate
			g.add(l.arm.name, "rate", jointMethod, pA, pB, d.Value, orMissing(d.Low), orMissing(d.High), none, none, none, none, none, none, l.holmRate)
		}
		if l.exact != nil {
			g.add(l.arm.name, "rate", "exact (Fisher)", pA, pB, none, none, none, none, none, none, none, none, l.exact.P, l.holmRate)
		}
		if k := l.cupedRate; k != nil {
			g.add(l.arm.name, "rate", cupedName(k), none, none, k.Difference, orMissing(k.Low), orMissing(k.High), none, none, none, k.Statistic, k.DF, k.P, none)
		}
		mine, other := stat.MomentsOf(l.arm.spend).Mean, stat.MomentsOf(control.spend).Mean
		s := l.spend
		relative := func(v float64) float64 {
			if other <= 0 {
				return none
			}
			return orMissing(v / other)
		}
		g.add(l.arm.name, "spend", "Welch", mine, other, s.Difference, orMissing(s.Low), orMissing(s.High), relative(s.Difference), none, none, s.Statistic, s.DF, s.P, l.holmSpend)
		if l.joint != nil {
			s := l.joint.spend
			g.add(l.arm.name, "spend", jointMethod, mine, other, s.Difference, orMissing(s.Low), orMissing(s.High), none, none, none, none, none, none, l.holmSpend)
		}
		if k := l.resampled; k != nil {
			g.add(l.arm.name, "spend", "bootstrap", mine, other, k.Value, orMissing(k.Low), orMissing(k.High), none, none, none, none, none, none, none)
		}
		g.add(l.arm.name, "spend", "ranks (Mann-Whitney)", none, none, none, none, none, none, none, none, l.ranks.Statistic, none, l.ranks.P, none)
		if k := l.cupedSpend; k != nil {
			g.add(l.arm.name, "spend", cupedName(k), none, none, k.Difference, orMissing(k.Low), orMissing(k.High), relative(k.Difference), none, none, k.Statistic, k.DF, k.P, none)
		}
	}
	return g.section("lift")
}

// ratio is the rate over that of control; nothing where nobody of control responded.
func (l *lift) ratio() stat.Estimate {
	if l.control.converted.K == 0 {
		none := math.NaN()
		return stat.Estimate{Value: none, Low: none, High: none}
	}
	return l.rates.Ratio
}

// cupedName says how much of the variance was taken out.
func cupedName(k *stat.Adjusted) string {
	return fmt.Sprintf("CUPED (variance -%.2g%%)", 100*k.Reduction)
}

// orMissing is v, or missing where it has no end.
func orMissing(v float64) float64 {
	if math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// moneySection is what an arm brought: customers, revenue, profit. Intervals of several arms
// hold for all of them together.
func (c *campaignReader) moneySection(lifts []lift) Section {
	g := newGrid("arm text", "figure text", "value float", "low float", "high float")
	all := 0
	for _, l := range lifts {
		all += l.arm.converted.N
	}
	for _, l := range lifts {
		n := float64(l.arm.converted.N)
		d, _ := l.rate(false)
		g.add(l.arm.name, "incremental customers", n*d.Value, n*d.Low, n*d.High)
		s := l.money()
		low, high := orMissing(n*s.Low), orMissing(n*s.High)
		g.add(l.arm.name, "incremental revenue", n*s.Difference, low, high)
		g.add(l.arm.name, "incremental margin", n*s.Difference*c.known.margin, low*c.known.margin, high*c.known.margin)
		if math.IsNaN(c.cost) {
			continue
		}
		cost := c.cost * n / float64(all)
		g.add(l.arm.name, "cost", cost, math.NaN(), math.NaN())
		g.add(l.arm.name, "profit", n*s.Difference*c.known.margin-cost, low*c.known.margin-cost, high*c.known.margin-cost)
		if cost > 0 {
			g.add(l.arm.name, "iROAS", n*s.Difference/cost, low/cost, high/cost)
		}
		if each := orderValue(l) * c.known.margin; each > 0 {
			g.add(l.arm.name, "break-even difference in rate", cost/n/each, math.NaN(), math.NaN())
		}
	}
	return g.section("money")
}

// orderValue is what a customer who responded spent on average, in both arms.
func orderValue(l lift) float64 {
	k := l.arm.converted.K + l.control.converted.K
	if k == 0 {
		return 0
	}
	return (stat.MomentsOf(l.arm.spend).Sum() + stat.MomentsOf(l.control.spend).Sum()) / float64(k)
}

// leastGroup is how many customers an arm must have in a group for it to be read.
const leastGroup = 20

// groupsSection compares within groups; p are corrected for all of them together
// (Benjamini-Hochberg).
func (c *campaignReader) groupsSection(before []float64) Section {
	g := newGrid("by text", "group text", "arm text", "treated int", "control int", "rate float share", "control_rate float share",
		"difference float", "low float", "high float", "spend_difference float", "spend_low float", "spend_high float", "p float", "p_bh float")
	type row struct {
		by, group string
		lift      lift
		spend     stat.MeanTest
	}
	var rows []row
	var ps []float64
	for _, by := range c.r.By {
		of := c.groups[by]
		if of == nil {
			continue
		}
		for _, group := range distinct(of) {
			within := func(a *arm) []int32 {
				var out []int32
				for _, i := range a.customers {
					if of[i] == group {
						out = append(out, i)
					}
				}
				return out
			}
			for _, a := range c.treated() {
				treated, control := within(a), within(a.control)
				if len(treated) < leastGroup || len(control) < leastGroup {
					continue
				}
				x, y := c.outcomeOf(a.name, treated, nil), c.outcomeOf(ControlArm, control, nil)
				l := lift{arm: x, control: y, rates: stat.CompareProportions(x.converted, y.converted, level)}
				if l.rates.Pooled.Flags.Has(stat.SmallCounts) {
					f := stat.FisherExact(x.converted, y.converted)
					l.exact = &f
				}
				name := group
				if name == "" {
					name = "(not known)"
				}
				rows = append(rows, row{by, name, l, stat.Welch(stat.MomentsOf(x.spend), stat.MomentsOf(y.spend), level)})
				ps = append(ps, l.rateP())
			}
		}
	}
	corrected := stat.BenjaminiHochberg(ps)
	for i, r := range rows {
		l := r.lift
		g.add(r.by, r.group, l.arm.name, l.arm.converted.N, l.control.converted.N, l.arm.converted.Rate(), l.control.converted.Rate(),
			l.rates.Difference.Value, l.rates.Difference.Low, l.rates.Difference.High, r.spend.Difference, orMissing(r.spend.Low), orMissing(r.spend.High), ps[i], corrected[i])
	}
	return g.section("groups")
}

// distinct are the different texts, sorted.
func distinct(texts []string) []string {
	out := slices.Clone(texts)
	slices.Sort(out)
	return slices.Compact(out)
}
