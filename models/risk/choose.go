package risk

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/evaluate"
	"clientele/models/stat"
)

// Snapshot is the customer summary of all facts before day Cut, and what came then.
type Snapshot struct {
	Cut     int          // day, since 1970-01-01: the as-of date is the day before
	Window  int          // days
	Table   *table.Table // Columns, as of the day before Cut; where it has PersonColumn too, that says which rows of several snapshots are one customer
	Churned []bool       // by row: no purchase in [Cut, Cut+Window)
}

// PersonColumn is the optional whole-number column by which a customer is known in
// every snapshot: with it, standard errors allow for the same customers being in
// several, and customers are counted, not their rows.
const PersonColumn = "person"

// Settings say how a score is chosen. The zero value has the defaults.
type Settings struct {
	Ridge     float64       `json:"ridge"`           // of the logistic regression, on standardised features; zero: 1
	Trees     *TreeSettings `json:"trees,omitempty"` // nil: no trees
	Resamples int           `json:"resamples"`       // of the paired bootstrap; zero: 1,000
	Seed      uint64        `json:"seed"`
	MostRows  int           `json:"most_rows"` // of a fit; of more, every second, third ... is taken; zero: 1,000,000
	// Recent are the snapshots on which the winner is refitted; nil: all that it was
	// judged by. Their windows may overlap. Boosted trees, which need closed windows
	// to know when to stop, are refitted on those that they were judged by.
	Recent []Snapshot `json:"-"`
	// Level lets a score take the level of the latest snapshot before it is judged
	// where that did better there: see Choose.
	Level   bool `json:"level,omitempty"`
	Workers int  `json:"-"` // goroutines; zero: one for each processor. Results do not depend on it
}

// compared is how many customers of the last snapshot the bootstrap resamples
// at most: the interval of so many is narrower than any difference of use.
const compared = 100_000

// ErrTooLittle is returned where there is no earlier and later snapshot with
// customers, or all customers of the last had one outcome.
var ErrTooLittle = errors.New("churn risk needs two snapshots with customers, and in the later one customers who stayed away and others who did not")

// Figure is how one candidate did on the last closed snapshot, fitted on the
// earlier ones. Rankings of a plain rule are those of its own order, before calibration.
type Figure struct {
	Method Method `json:"method"`
	evaluate.Calibrated
	// Levelled tells that the candidate's level was set by the latest of the
	// earlier snapshots (Score.Shift) and not by all of them: whichever did better.
	Levelled  bool    `json:"levelled"`
	Otherwise float64 `json:"log_loss_otherwise"` // log loss of the other level; equal where there is only one

	Reliability []evaluate.Bin    `json:"reliability,omitempty"` // stated probability against the share that stayed away
	Deciles     []evaluate.Decile `json:"deciles,omitempty"`     // tenths of the customers, those most at risk first
}

// Contest is one decision: does the challenger's log loss beat the champion's?
// Difference is challenger less champion with its 95 % interval from the paired
// bootstrap; the challenger wins where all of the interval is below zero.
type Contest struct {
	Challenger Method             `json:"challenger"`
	Champion   Method             `json:"champion"`
	Won        bool               `json:"won"`
	LogLoss    evaluate.Estimate  `json:"log_loss_difference"`
	AUC        *evaluate.Estimate `json:"auc_difference,omitempty"` // nil where resamples without an event leave no interval
}

// Choice is the score to use and what it is founded on.
type Choice struct {
	Score    *Score           `json:"score"` // fitted on all snapshots, set right on the last
	Cut      int              `json:"cut"`   // of the snapshot that the figures are of, day since 1970-01-01
	Figures  []Figure         `json:"figures"`
	Contests []Contest        `json:"contests"`
	Verdict  models.Warning   `json:"verdict"` // which score is used and why; also among Warnings where a plain rule is
	Warnings []models.Warning `json:"warnings,omitempty"`
}

// Choose fits the plain rules, logistic regression and, where asked for,
// boosted trees on all snapshots but the last, compares them on the last, and
// refits the winner on all, or on Settings.Recent. The better plain rule (of the lower log loss)
// defends its place: a model must beat it, and trees the logistic regression,
// by more than chance (see Contest), else the plainer one is used and a warning says so.
//
// Snapshots may come in any order. Windows must be equal, and those of earlier
// snapshots end before the last one's Cut, or there is an error: what is judged
// must not be known.
//
// Churn has seasons. With Settings.Level, the logistic regression and the rules,
// fitted on all earlier snapshots, are tried at the level of all and at that of the
// latest (Shift), and keep the one of the lower log loss. The season of the latest
// window helps in some shops and harms in others (Online Retail: Brier .2043 at
// the level of all, .2083 at that of the latest), so it is for those who ask for it. That is one choice of two made on
// the last snapshot, for models and rules alike. Trees learn from snapshots whose
// window had closed by the latest earlier one, which tells them when to stop
// and by which they are calibrated (isotonic regression). Rows without a purchase
// count nowhere.
func Choose(ctx context.Context, snapshots []Snapshot, set Settings) (*Choice, error) {
	ordered, err := checked(snapshots)
	if err != nil {
		return nil, err
	}
	if set.Ridge == 0 {
		set.Ridge = 1
	}
	if set.MostRows == 0 {
		set.MostRows = 1_000_000
	}
	last := len(ordered) - 1
	c := &chooser{ctx: ctx, set: set, test: newTest(ordered[last]), levelled: map[Method]bool{}}
	c.Cut = ordered[last].Cut
	if err := c.compare(ordered[:last]); err != nil {
		return nil, err
	}
	on, err := c.lessons(ordered)
	if err != nil {
		return nil, err
	}
	winner, err := c.fit(c.champion, on)
	if err != nil {
		return nil, fmt.Errorf("%s: refit: %w", Name, err)
	}
	winner.count(on)
	if !c.levelled[c.champion] {
		winner.Shift = 0
	}
	c.Score = winner
	winner.Warnings = slices.Concat(winner.Warnings, c.Warnings)
	c.Warnings = winner.Warnings
	return &c.Choice, nil
}

// lessons are the snapshots on which the winner is refitted: the recent ones, or
// those it was judged by.
func (c *chooser) lessons(ordered []history) ([]history, error) {
	if len(c.set.Recent) == 0 || c.champion == BoostedTrees {
		return ordered, nil
	}
	var recent []history
	for _, s := range c.set.Recent {
		h, err := newHistory(s)
		if err != nil {
			return nil, err
		}
		if len(h.rows) > 0 {
			recent = append(recent, h)
		}
	}
	if len(recent) == 0 {
		return nil, ErrTooLittle
	}
	slices.SortStableFunc(recent, func(a, b history) int { return a.Cut - b.Cut })
	return recent, nil
}

// count notes what the score was trained on, and says where standard errors could
// not allow for customers who are in several snapshots.
func (s *Score) count(on []history) {
	s.Snapshots = len(on)
	people := peopleOf(on, 1)
	slices.Sort(people)
	s.Customers = len(slices.Compact(people))
	if s.Method == LogisticRegression && s.Customers == 0 && len(on) > 1 {
		s.Warnings = append(s.Warnings, models.Warning{Code: "rows_as_customers",
			En: fmt.Sprintf("The snapshots do not say which rows are one customer: the standard errors of the churn score take all %s rows as independent and are too small.", whole(float64(s.Rows))),
			Zh: fmt.Sprintf("快照未标明哪些行属于同一客户：流失评分的标准误将全部 %s 行视为相互独立，因而偏小。", whole(float64(s.Rows)))})
	}
}

// peopleOf are the customers of every step-th row, snapshot by snapshot; nil where
// some row does not say.
func peopleOf(on []history, step int) []int64 {
	var out []int64
	for _, h := range on {
		person := h.Table.Lookup(PersonColumn)
		if person == nil || person.Kind != table.Int {
			return nil
		}
		for k := 0; k < len(h.rows); k += step {
			if person.Missing(int(h.rows[k])) {
				return nil
			}
			out = append(out, person.Ints[h.rows[k]])
		}
	}
	return out
}

// checked returns the snapshots in order of their days, without rows that have no purchase.
func checked(snapshots []Snapshot) ([]history, error) {
	sorted := slices.Clone(snapshots)
	slices.SortStableFunc(sorted, func(a, b Snapshot) int { return a.Cut - b.Cut })
	var out []history
	for k, s := range sorted {
		if s.Table.Rows() != len(s.Churned) {
			panic(fmt.Sprintf("risk: %d customers, %d outcomes", s.Table.Rows(), len(s.Churned)))
		}
		if s.Window < 1 || s.Window != sorted[0].Window {
			return nil, fmt.Errorf("%s: snapshots with windows of %d and %d days", Name, sorted[0].Window, s.Window)
		}
		if last := sorted[len(sorted)-1]; k < len(sorted)-1 && s.Cut+s.Window > last.Cut {
			return nil, fmt.Errorf("%s: the window of the snapshot of day %d ends after day %d, on which it would be judged", Name, s.Cut, last.Cut)
		}
		h, err := newHistory(s)
		if err != nil {
			return nil, err
		}
		if len(h.rows) > 0 {
			out = append(out, h)
		}
	}
	if len(out) < 2 || out[len(out)-1].Cut != sorted[len(sorted)-1].Cut {
		return nil, ErrTooLittle
	}
	came := sum(out[len(out)-1].events(1))
	if came == 0 || came == float64(len(out[len(out)-1].rows)) {
		return nil, ErrTooLittle
	}
	return out, nil
}

// history is a snapshot and its rows that have a purchase.
type history struct {
	Snapshot
	rows []int32
}

func newHistory(s Snapshot) (history, error) {
	h := history{Snapshot: s}
	from, err := newReader(s.Table, 1)
	if err != nil {
		return h, err
	}
	var r row
	for i := range s.Table.Rows() {
		if from.bought(&r, i) {
			h.rows = append(h.rows, int32(i))
		}
	}
	return h, nil
}

// events are the outcomes of the rows, every step-th of them.
func (h history) events(step int) []float64 {
	var out []float64
	for k := 0; k < len(h.rows); k += step {
		out = append(out, indicator(h.Churned[h.rows[k]]))
	}
	return out
}

// test is the snapshot on which candidates are compared.
type test struct {
	history
	events []bool
	some   []int // places in rows that the bootstrap resamples; nil: all
}

func newTest(h history) *test {
	t := &test{history: h}
	for _, i := range h.rows {
		t.events = append(t.events, h.Churned[i])
	}
	if step := stride(len(h.rows), compared); step > 1 {
		for k := 0; k < len(h.rows); k += step {
			t.some = append(t.some, k)
		}
	}
	return t
}

// stride is the step at which rows are taken so that at most most are.
func stride(rows, most int) int { return max(1, (rows+most-1)/most) }

// probabilities returns those of the rows that have a purchase, and the ranks.
func (t *test) probabilities(s *Score, workers int) (p, rank []float64, err error) {
	p, rank = make([]float64, len(t.rows)), make([]float64, len(t.rows))
	all := make([]float64, t.Table.Rows())
	if err := s.rankTo(all, t.Table, workers); err != nil {
		return nil, nil, err
	}
	for k, i := range t.rows {
		rank[k], p[k] = all[i], Probability(s.logOdds(all[i]))
	}
	return p, rank, nil
}

func pick[T any](values []T, places []int) []T {
	if places == nil {
		return values
	}
	out := make([]T, len(places))
	for k, i := range places {
		out[k] = values[i]
	}
	return out
}

// chooser is a choice under way.
type chooser struct {
	Choice
	ctx      context.Context
	set      Settings
	test     *test
	champion Method
	rule     Method          // the better plain one
	levelled map[Method]bool // whether the latest snapshot's level did better
}

// candidate is a score fitted without the test, and what it says there; err where it
// could not be fitted.
type candidate struct {
	Figure
	p   []float64
	err error
}

// compare fits every candidate on the earlier snapshots, side by side, and decides.
func (c *chooser) compare(earlier []history) error {
	methods := []Method{BaseRate, RecencyRule, FrequencyRule, PurchaseModel, LogisticRegression}
	if c.set.Trees != nil {
		methods = append(methods, BoostedTrees)
	}
	list := make([]candidate, len(methods))
	stat.Each(c.set.Workers, len(methods), func(job int) {
		k := len(methods) - 1 - job // what takes longest first
		list[k] = c.candidate(methods[k], earlier)
	})
	var best candidate
	for k, next := range list {
		m := methods[k]
		model := m == LogisticRegression || m == BoostedTrees
		switch {
		case m == PurchaseModel && next.N == 0:
			continue
		case model && (errors.Is(next.err, ErrOneOutcome) || errors.Is(next.err, ErrTooLittle) || errors.Is(next.err, ErrCollinear)):
			c.absent(m, next.err)
			continue
		case next.err != nil:
			return next.err
		}
		c.Figures = append(c.Figures, next.Figure)
		c.levelled[m] = next.Levelled
		switch {
		case m == RecencyRule, m == FrequencyRule && next.LogLoss < best.LogLoss:
			best = next
			c.rule = m
		case model && c.contest(next, best):
			best = next
		}
	}
	c.champion = best.Method
	c.judge()
	return nil
}

// candidate fits one and finds its figures, at the better of its two levels.
func (c *chooser) candidate(m Method, earlier []history) candidate {
	if m == PurchaseModel {
		return c.purchaseModel()
	}
	s, err := c.fit(m, earlier)
	if err != nil {
		return candidate{err: err}
	}
	p, rank, err := c.test.probabilities(s, c.set.Workers)
	if err != nil {
		return candidate{err: err}
	}
	f := Figure{Method: m, Calibrated: evaluate.Probability(p, c.test.events), Levelled: s.Shift != 0}
	f.Otherwise = f.LogLoss
	if f.Levelled {
		s.Shift = 0
		as := make([]float64, len(rank))
		for k, v := range rank {
			as[k] = Probability(s.logOdds(v))
		}
		if all := evaluate.Probability(as, c.test.events); all.LogLoss <= f.LogLoss {
			p, f.Calibrated, f.Levelled = as, all, false
		} else {
			f.Otherwise = all.LogLoss
		}
	}
	f.Ranked = evaluate.Ranking(rank, c.test.events)
	f.Reliability, f.Deciles = evaluate.Reliability(p, c.test.events, 10), evaluate.Deciles(rank, c.test.events)
	return candidate{Figure: f, p: p}
}

// purchaseModel has the figures of the purchase model's probability as it stands;
// none where not every customer has one.
func (c *chooser) purchaseModel() candidate {
	column := c.test.Table.Lookup(PurchaseModelColumn)
	if column == nil {
		return candidate{}
	}
	p := make([]float64, len(c.test.rows))
	for k, i := range c.test.rows {
		p[k] = column.Floats[i]
		if !(p[k] >= 0 && p[k] <= 1) {
			return candidate{}
		}
	}
	f := Figure{Method: PurchaseModel, Calibrated: evaluate.Probability(p, c.test.events)}
	f.Otherwise = f.LogLoss
	f.Reliability, f.Deciles = evaluate.Reliability(p, c.test.events, 10), evaluate.Deciles(p, c.test.events)
	return candidate{Figure: f, p: p}
}

// contest compares two candidates on the same resamples.
func (c *chooser) contest(challenger, champion candidate) bool {
	events := pick(c.test.events, c.test.some)
	boot := evaluate.Bootstrap{Resamples: c.set.Resamples, Seed: c.set.Seed, Workers: c.set.Workers}
	result := Contest{Challenger: challenger.Method, Champion: champion.Method}
	for _, d := range boot.Contest(pick(challenger.p, c.test.some), pick(champion.p, c.test.some), events) {
		switch d.Measure {
		case evaluate.MeasureLogLoss:
			result.LogLoss = d.Difference
		case evaluate.MeasureAUC:
			if a := d.Difference; !math.IsNaN(a.Low + a.High) {
				result.AUC = &a
			}
		}
	}
	result.Won = result.LogLoss.High < 0
	c.Contests = append(c.Contests, result)
	return result.Won
}

// fit fits a method on the snapshots given, the latest of which sets the level.
func (c *chooser) fit(m Method, on []history) (*Score, error) {
	if err := c.ctx.Err(); err != nil {
		return nil, err
	}
	s := &Score{Method: m, Window: on[0].Window}
	for _, h := range on {
		s.Rows += len(h.rows)
	}
	switch m {
	case LogisticRegression:
		return s, c.fitLogit(s, on)
	case BoostedTrees:
		return s, c.fitTrees(s, on)
	}
	return s, c.fitRule(s, on)
}

// step is the stride at which rows of these snapshots are taken.
func (c *chooser) step(on []history) int {
	rows := 0
	for _, h := range on {
		rows += len(h.rows)
	}
	return stride(rows, c.set.MostRows)
}

// sample makes the matrix of every step-th row of the snapshots.
func (c *chooser) sample(d *Design, on []history, step int) (*Sample, error) {
	out := &Sample{Cluster: peopleOf(on, step)}
	for _, h := range on {
		out.Events = append(out.Events, h.events(step)...)
	}
	out.Columns = d.Matrix(len(out.Events))
	at := 0
	for _, h := range on {
		n := (len(h.rows) + step - 1) / step
		if err := d.rowsTo(out.Columns, at, h, step, c.set.Workers); err != nil {
			return nil, err
		}
		at += n
	}
	return out, nil
}

// rowsTo writes every step-th row that has a purchase to dst, from place at on.
func (d *Design) rowsTo(dst [][]float64, at int, h history, step, workers int) error {
	from, err := d.reader(h.Table)
	if err != nil {
		return err
	}
	n := (len(h.rows) + step - 1) / step
	stat.Each(workers, pieces(n), func(p int) {
		b, rows := newBlock(from), make([]int32, 0, atOnce)
		for k := p * rowsAtOnce; k < min((p+1)*rowsAtOnce, n); k += atOnce {
			rows = rows[:0]
			for m := k; m < min(k+atOnce, (p+1)*rowsAtOnce, n); m++ {
				rows = append(rows, h.rows[m*step])
			}
			b.take(rows)
			for j := range dst {
				b.standardTo(dst[j][at+k:][:b.n], d, j)
			}
		}
	})
	return nil
}

func tablesOf(on []history) []*table.Table {
	out := make([]*table.Table, len(on))
	for k, h := range on {
		out[k] = h.Table
	}
	return out
}

func (c *chooser) fitLogit(s *Score, on []history) error {
	design, err := NewDesign(c.set.Workers, tablesOf(on)...)
	if err != nil {
		return err
	}
	step := c.step(on)
	sample, err := c.sample(design, on, step)
	if err != nil {
		return err
	}
	var names []string
	for _, t := range design.Terms {
		names = append(names, t.Name)
	}
	logit, err := FitLogit(c.ctx, sample, LogitSettings{Ridge: c.set.Ridge, Names: names, Workers: c.set.Workers})
	if err != nil {
		return err
	}
	s.Design, s.Logit, s.Warnings = design, logit, slices.Clone(logit.Warnings)
	s.Base = logit.Intercept
	return c.level(s, on[len(on)-1])
}

// level sets the shift by which a score's mean is right on the latest snapshot, where
// that is asked for, unless all of its customers had one outcome.
func (c *chooser) level(s *Score, latest history) error {
	if !c.set.Level {
		return nil
	}
	t := &test{history: latest}
	_, rank, err := t.probabilities(s, c.set.Workers)
	if err != nil {
		return err
	}
	for k, v := range rank {
		rank[k] = s.logOdds(v)
	}
	shift, err := Shift(rank, latest.events(1), nil, c.set.Workers)
	if errors.Is(err, ErrOneOutcome) {
		return nil
	}
	s.Shift = shift
	return err
}

// fitTrees boosts on snapshots whose window had closed by the latest one's day:
// that one says when to stop and calibrates, and must not be known.
func (c *chooser) fitTrees(s *Score, on []history) error {
	last := len(on) - 1
	var train []history
	for _, h := range on[:last] {
		if h.Cut+h.Window <= on[last].Cut {
			train = append(train, h)
		}
	}
	if len(train) == 0 {
		return ErrTooLittle
	}
	design, err := NewDesign(c.set.Workers, tablesOf(train)...)
	if err != nil {
		return err
	}
	sample, err := c.sample(design, train, c.step(train))
	if err != nil {
		return err
	}
	later, err := c.sample(design, on[last:], c.step(on[last:]))
	if err != nil {
		return err
	}
	settings := *c.set.Trees
	settings.Workers = c.set.Workers
	trees, err := FitTrees(c.ctx, sample, later, settings)
	if err != nil {
		return err
	}
	margin := make([]float64, len(later.Events))
	trees.MarginTo(margin, later.Columns, c.set.Workers)
	s.Design, s.Trees, s.Base = design, trees, trees.Expected()
	s.Calibration, err = Calibrate(margin, later.Events, nil)
	return err
}

// fitRule calibrates a plain rule on all snapshots by isotonic regression.
func (c *chooser) fitRule(s *Score, on []history) error {
	var rank, events []float64
	for _, h := range on {
		all := make([]float64, h.Table.Rows())
		if err := ruleTo(all, h.Table, s.Method); err != nil {
			return err
		}
		for _, i := range h.rows {
			rank = append(rank, all[i])
		}
		events = append(events, h.events(1)...)
	}
	var err error
	if s.Calibration, err = Calibrate(rank, events, nil); err != nil {
		return err
	}
	came := 0.5 // half an event and half a customer stayed: finite log odds
	for _, e := range events {
		came += e
	}
	s.Base = LogOdds(came / float64(len(events)+1))
	return c.level(s, on[len(on)-1])
}

// absent says that a candidate could not be fitted.
func (c *chooser) absent(m Method, err error) {
	en, zh := m.Names()
	w := models.Warning{Code: "not_fitted",
		En: fmt.Sprintf("The candidate %s could not be fitted on the earlier snapshots: %v.", en, err),
		Zh: fmt.Sprintf("候选模型“%s”无法在早期快照上拟合：%v。", zh, err)}
	if errors.Is(err, ErrOneOutcome) {
		w.En = fmt.Sprintf("The candidate %s could not be fitted: on the earlier snapshots all customers bought again within the window, or none did.", en)
		w.Zh = fmt.Sprintf("候选模型“%s”无法拟合：在早期快照上，所有客户都在期内再次购买，或都没有购买。", zh)
	}
	if errors.Is(err, ErrTooLittle) {
		w.En = fmt.Sprintf("The candidate %s could not be fitted: it needs two earlier snapshots, the window of one closed before the other.", en)
		w.Zh = fmt.Sprintf("候选模型“%s”无法拟合：至少需要两个更早的快照，且前一个的观察期在后一个开始之前结束。", zh)
	}
	c.Warnings = append(c.Warnings, w)
}

// Figure returns the figures of a method; N is 0 where it was no candidate.
func (c *Choice) Figure(m Method) Figure {
	for _, f := range c.Figures {
		if f.Method == m {
			return f
		}
	}
	return Figure{Method: m}
}

// judge writes the verdict.
func (c *chooser) judge() {
	en, zh := c.champion.Names()
	ruleEn, ruleZh := c.rule.Names()
	used, plain := c.Figure(c.champion), c.Figure(c.rule)
	if c.champion != c.rule {
		c.Verdict = models.Warning{Code: "model_used",
			En: fmt.Sprintf("Churn risk comes from %s: on the last closed window it foretold better than the better plain rule, %s (log loss %.4f against %.4f, AUC %.3f against %.3f).",
				en, ruleEn, used.LogLoss, plain.LogLoss, used.AUC, plain.AUC),
			Zh: fmt.Sprintf("流失风险来自%s：在最近一个已结束的观察期，它的预测优于较好的简单规则“%s”（对数损失 %.4f 对 %.4f，AUC %.3f 对 %.3f）。",
				zh, ruleZh, used.LogLoss, plain.LogLoss, used.AUC, plain.AUC)}
		return
	}
	c.Verdict = models.Warning{Code: "plain_rule",
		En: fmt.Sprintf("Churn risk comes from a plain rule, %s, calibrated on earlier snapshots: no model could be fitted to compare.", ruleEn),
		Zh: fmt.Sprintf("流失风险来自简单规则“%s”（用早期快照校准）：没有可供比较的模型。", ruleZh)}
	if len(c.Contests) > 0 {
		d := c.Contests[0]
		loserEn, loserZh := d.Challenger.Names()
		loser := c.Figure(d.Challenger)
		c.Verdict.En = fmt.Sprintf("Churn risk comes from a plain rule, %s, calibrated on earlier snapshots: on the last closed window %s did not do better beyond chance (log loss %.4f against %.4f, 95 %% interval of the difference %+.4f to %+.4f).",
			ruleEn, loserEn, loser.LogLoss, plain.LogLoss, d.LogLoss.Low, d.LogLoss.High)
		c.Verdict.Zh = fmt.Sprintf("流失风险来自简单规则“%s”（用早期快照校准）：在最近一个已结束的观察期，%s没有超出偶然的优势（对数损失 %.4f 对 %.4f，差值的 95%% 区间为 %+.4f 至 %+.4f）。",
			ruleZh, loserZh, loser.LogLoss, plain.LogLoss, d.LogLoss.Low, d.LogLoss.High)
	}
	c.Warnings = append(c.Warnings, c.Verdict)
}
