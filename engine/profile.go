package engine

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models/stat"
	"clientele/queries"
)

// Trait is a column by which a segment is compared with the rest.
type Trait struct {
	Column  string
	Measure string  // of Effect: MeasureRanks or MeasureTable
	Effect  float64 // NaN: nothing to compare
	P       float64 // that nothing sets the segment apart here: of the rank test, or chi-square
	// Adjusted is P corrected for all columns together (Benjamini-Hochberg).
	Adjusted float64
	Numbers  *NumberTrait // nil for a column of words
	Words    []WordTrait  // of a column of words, the most frequent first
}

// The measures of effects.
const (
	// MeasureRanks is the rank-biserial correlation: how much more often a customer of
	// the segment has the greater value than one of the rest, less how much more
	// seldom; -1 to 1.
	MeasureRanks = "rank-biserial"
	// MeasureTable is Cramer's V of the table of words by inside and outside, 0 to 1, less
	// what chance adds to it where a column has many words (Bergsma 2013).
	MeasureTable = "Cramer's V"
)

// NumberTrait compares the values of a column, inside the segment and in the rest.
type NumberTrait struct {
	Known, RestKnown   int // customers that have a value
	Mean, RestMean     float64
	Median, RestMedian float64
	CohenD             float64 // difference of the means in pooled standard deviations; NaN: none
}

// WordTrait is one word of a column.
type WordTrait struct {
	Value           string // of those that are not listed: OtherWords
	Customers, Rest int64
	Share           float64 // of the customers of the segment of whom the column is known
	RestShare       float64
	Lift            float64 // Share over the share of all customers, inside or not
}

// OtherWords is what stands for the less frequent words of a column.
const OtherWords = "(others)"

// mostWordsOf is how many words of a column are listed.
const mostWordsOf = 20

// Profile is what sets a segment apart from all other customers of a run.
type Profile struct {
	Scheme, Segment string
	AsOf            Day
	Customers, Rest int64
	Traits          []Trait // of the columns of which anything is known, the strongest effects first
	Verdict         Sentence
	Warnings        []Sentence
	Sections        []Section
}

// Section returns the table of that title; nil where there is none.
func (p *Profile) Section(title string) *table.Table { return sectionOf(p.Sections, title) }

// ProfileSections are the titles that sections of a Profile have: effects (of every
// column, the strongest first), numbers and words.
func ProfileSections() []string { return []string{"effects", "numbers", "words"} }

// describedNumber is a column of numbers that segments are compared by, with the words
// for having more of it than others, and less.
type describedNumber struct {
	name           string
	kin            string // of columns that say much the same a sentence names one
	share          bool   // a probability
	unit, unitZh   string
	more, less     string
	moreZh, lessZh string
}

// describedNumbers are the columns of numbers of segment/profile.
func describedNumbers() []describedNumber {
	days := func(name, kin, more, less, moreZh, lessZh string) describedNumber {
		return describedNumber{name, kin, false, " days", " 天", more, less, moreZh, lessZh}
	}
	plain := func(name, kin, more, less, moreZh, lessZh string) describedNumber {
		return describedNumber{name, kin, false, "", "", more, less, moreZh, lessZh}
	}
	share := func(name, kin, more, less, moreZh, lessZh string) describedNumber {
		return describedNumber{name, kin, true, "", "", more, less, moreZh, lessZh}
	}
	return []describedNumber{
		days("recency_days", "recency", "a longer time since the last order", "a shorter time since the last order", "距上次下单更久", "距上次下单更近"),
		days("tenure_days", "tenure", "a longer time since the first order", "a shorter time since the first order", "距首次下单更久", "距首次下单更近"),
		plain("orders", "orders", "more orders", "fewer orders", "订单更多", "订单更少"),
		plain("net_revenue", "revenue", "more revenue", "less revenue", "净收入更高", "净收入更低"),
		plain("average_order_value", "basket", "larger orders", "smaller orders", "客单价更高", "客单价更低"),
		share("p_alive", "recency", "a higher probability of being active", "a lower probability of being active", "活跃概率更高", "活跃概率更低"),
		share("churn_risk", "recency", "a higher churn risk", "a lower churn risk", "流失概率更高", "流失概率更低"),
		plain("expected_orders", "future", "more orders expected", "fewer orders expected", "预计订单更多", "预计订单更少"),
		plain("expected_spend", "basket", "larger orders expected", "smaller orders expected", "预计单次消费更高", "预计单次消费更低"),
		plain("clv", "future", "a higher lifetime value", "a lower lifetime value", "客户终身价值更高", "客户终身价值更低"),
		plain("age", "age", "a higher age", "a lower age", "年龄更大", "年龄更小"),
	}
}

// describedWord is a column of words that segments are compared by.
type describedWord struct {
	name   string
	kin    string // as of numbers; empty: follows from scores, so that no sentence names it
	en, zh string
}

// describedWords are the columns of words of segment/profile.
func describedWords() []describedWord {
	return []describedWord{
		{"acquired_channel", "channel", "acquisition channel", "获客渠道"},
		{"gender", "gender", "gender", "性别"},
		{"country", "place", "country", "国家"},
		{"region", "place", "region", "地区"},
		{"city", "place", "city", "城市"},
		{"email_consent", "email", "consent to e-mail", "邮件营销许可"},
		{"sms_consent", "sms", "consent to text messages", "短信营销许可"},
		{"lifecycle_stage", "", "lifecycle stage", "生命周期阶段"},
		{"rfm_segment", "", "RFM segment", "RFM 客群"},
		{"rfm_cell", "", "RFM cell", "RFM 八分类"},
		{"churn_band", "", "churn band", "流失风险等级"},
		{"cluster", "", "cluster", "聚类"},
	}
}

// schemeColumn is the column of scores that a scheme is made of; empty: none.
func (e *Engine) schemeColumn(scheme string) string {
	switch {
	case scheme == "lifecycle":
		return "lifecycle_stage"
	case scheme == "churn band":
		return "churn_band"
	case scheme == ClusterScheme:
		return "cluster"
	case scheme == "rfm cn8":
		return "rfm_cell"
	case strings.HasPrefix(scheme, "rfm "):
		return "rfm_segment"
	}
	return ""
}

// Profile compares a segment (NAME or SCHEME/NAME) with all other customers of a run, of
// the current one when asOf is empty. The column that the segment is made of is left out.
func (e *Engine) Profile(ctx context.Context, asOf, segment string) (*Profile, error) {
	run, err := e.current(asOf)
	if err != nil {
		return nil, err
	}
	p := &Profile{}
	if p.AsOf, err = ParseDay(run.AsOf); err != nil {
		return nil, err
	}
	err = e.read(ctx, func(db *duck.DB) error {
		all, err := segmentsOf(ctx, db, run)
		if err != nil {
			return err
		}
		s, err := findSegment(all, segment, run.AsOf)
		if err != nil {
			return err
		}
		p.Scheme, p.Segment = s.scheme, s.name
		return e.profile(ctx, db, run, p)
	})
	return p, err
}

func (e *Engine) profile(ctx context.Context, db *duck.DB, run workspace.Run, p *Profile) error {
	defer e.stage("profile", 0)()
	q := queries.Get("segment/profile")
	if err := db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE profile_people AS "+q.SQL, named("scheme", p.Scheme), named("segment", p.Segment)); err != nil {
		return fmt.Errorf("%s: %w", q.Name, err)
	}
	err := db.Row(ctx, []any{&p.Customers, &p.Rest}, "SELECT count(CASE WHEN inside THEN 1 END), count(CASE WHEN NOT inside THEN 1 END) FROM profile_people")
	if err != nil {
		return err
	}
	for _, c := range describedNumbers() {
		t, err := profiled(ctx, db, "profile_numbers", "CAST("+duck.Identifier(c.name)+" AS DOUBLE)")
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if t.Rows() > 0 {
			p.Traits = append(p.Traits, numberTrait(c.name, t))
		}
	}
	for _, c := range describedWords() {
		if c.name == e.schemeColumn(p.Scheme) {
			continue
		}
		t, err := profiled(ctx, db, "profile_words", duck.Identifier(c.name))
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if t.Rows() > 0 {
			p.Traits = append(p.Traits, wordTrait(c.name, t))
		}
	}
	p.order()
	p.Sections = []Section{p.effectsSection(), p.numbersSection(), p.wordsSection()}
	p.say(e.nodes(p.Scheme, []string{p.Segment}, run)[0])
	return nil
}

// profiled counts the values of a column inside and outside.
func profiled(ctx context.Context, db *duck.DB, query, column string) (*table.Table, error) {
	if err := db.Exec(ctx, "CREATE OR REPLACE TEMP VIEW "+query+" AS SELECT inside, "+column+" AS value FROM profile_people"); err != nil {
		return nil, err
	}
	return db.Query(ctx, queries.Get("segment/"+query).SQL)
}

// numberTrait compares two samples that are counted by value.
func numberTrait(name string, t *table.Table) Trait {
	var inside, outside stat.Tally
	for i, v := range t.Floats("value") {
		if n := t.Ints("inside")[i]; n > 0 {
			inside.Values, inside.Counts = append(inside.Values, v), append(inside.Counts, int(n))
		}
		if n := t.Ints("outside")[i]; n > 0 {
			outside.Values, outside.Counts = append(outside.Values, v), append(outside.Counts, int(n))
		}
	}
	a, b := inside.Moments(), outside.Moments()
	out := Trait{Column: name, Measure: MeasureRanks, Effect: math.NaN(), P: math.NaN(), Adjusted: math.NaN(), Numbers: &NumberTrait{
		Known: a.N, RestKnown: b.N, Mean: a.Mean, RestMean: b.Mean, Median: median(inside), RestMedian: median(outside), CohenD: math.NaN(),
	}}
	if a.N == 0 {
		out.Numbers.Mean = math.NaN()
	}
	if b.N == 0 {
		out.Numbers.RestMean = math.NaN()
	}
	if a.N == 0 || b.N == 0 {
		return out
	}
	ranks := stat.MannWhitney(inside, outside)
	out.Effect, out.P = 2*ranks.Superiority-1, ranks.P
	if w := stat.Welch(a, b, level); !w.Flags.Has(stat.TooFew) {
		out.Numbers.CohenD = w.CohenD
	}
	return out
}

// median is the middle value, the mean of the two middle ones of an even number; NaN of none.
func median(t stat.Tally) float64 {
	n := t.N()
	if n == 0 {
		return math.NaN()
	}
	at := func(place int) float64 { // from 0
		for i, c := range t.Counts {
			if place -= c; place < 0 {
				return t.Values[i]
			}
		}
		panic("engine: a place beyond the sample")
	}
	low, high := at((n-1)/2), at(n/2)
	return low + (high-low)/2
}

// wordTrait compares the words of two groups, which stand in the order of how frequent
// they are.
func wordTrait(name string, t *table.Table) Trait {
	out := Trait{Column: name, Measure: MeasureTable, Effect: math.NaN(), P: math.NaN(), Adjusted: math.NaN()}
	var inside, outside int64
	for i, n := range t.Ints("inside") {
		w := WordTrait{Value: string(t.Column("value").Texts.At(i)), Customers: n, Rest: t.Ints("outside")[i]}
		inside += w.Customers
		outside += w.Rest
		if i < mostWordsOf || t.Rows() == mostWordsOf+1 {
			out.Words = append(out.Words, w)
			continue
		}
		if i == mostWordsOf {
			out.Words = append(out.Words, WordTrait{Value: OtherWords})
		}
		last := &out.Words[len(out.Words)-1]
		last.Customers += w.Customers
		last.Rest += w.Rest
	}
	cells := make([][]int, len(out.Words))
	for i := range out.Words {
		w := &out.Words[i]
		w.Share, w.RestShare = float64(w.Customers)/float64(inside), float64(w.Rest)/float64(outside)
		w.Lift = w.Share / (float64(w.Customers+w.Rest) / float64(inside+outside))
		cells[i] = []int{int(w.Customers), int(w.Rest)}
	}
	if test := stat.Independence(cells); test.DF > 0 {
		out.Effect, out.P = corrected(test), test.P
	}
	return out
}

// corrected is Cramer's V of a table with two columns without the bias that chance adds
// (Bergsma 2013, "A bias-correction for Cramer's V and Tschuprow's T", eqs. 5 and 6).
func corrected(t stat.TableTest) float64 {
	n := float64(t.N - 1)
	if n < 1 {
		return math.NaN()
	}
	phi := max(0, t.Statistic/float64(t.N)-t.DF/n)
	rows, columns := t.DF-t.DF*t.DF/n, 1-1/n // each less one
	if narrow := min(rows, columns); narrow > 0 {
		return min(1, math.Sqrt(phi/narrow))
	}
	return math.NaN()
}

// order corrects the p of all columns and puts the strongest effects first.
func (p *Profile) order() {
	var ps []float64
	for _, t := range p.Traits {
		if !math.IsNaN(t.P) {
			ps = append(ps, t.P)
		}
	}
	ps = stat.BenjaminiHochberg(ps)
	for i := range p.Traits {
		if !math.IsNaN(p.Traits[i].P) {
			p.Traits[i].Adjusted, ps = ps[0], ps[1:]
		}
	}
	size := func(t Trait) float64 {
		if math.IsNaN(t.Effect) {
			return -1
		}
		return math.Abs(t.Effect)
	}
	slices.SortStableFunc(p.Traits, func(a, b Trait) int { return cmp.Compare(size(b), size(a)) })
}

// Effects from these on are weak, middling and strong (Cohen 1988, of r, and of V where a
// table has two columns).
const (
	weakEffect   = 0.1
	middleEffect = 0.3
	strongEffect = 0.5
)

// sizeOf names an effect.
func sizeOf(effect float64) Sentence {
	switch v := math.Abs(effect); {
	case v >= strongEffect:
		return Sentence{En: "strong", Zh: "强"}
	case v >= middleEffect:
		return Sentence{En: "middling", Zh: "中等"}
	case v >= weakEffect:
		return Sentence{En: "weak", Zh: "弱"}
	case math.IsNaN(v):
		return Sentence{}
	}
	return Sentence{En: "none to speak of", Zh: "可忽略"}
}

// measureZh is a measure of effects in Chinese.
func measureZh(measure string) string {
	if measure == MeasureRanks {
		return "秩二列相关"
	}
	return "克莱姆 V 系数"
}

func (p *Profile) effectsSection() Section { return p.effectsIn("en") }

func (p *Profile) effectsIn(lang string) Section {
	g := newGrid("column text", "measure text", "effect float", "size text", "p float", "p_bh float")
	for _, t := range p.Traits {
		measure, size := t.Measure, sizeOf(t.Effect).En
		if lang == "zh" {
			measure, size = measureZh(t.Measure), sizeOf(t.Effect).Zh
		}
		g.add(t.Column, measure, t.Effect, size, t.P, t.Adjusted)
	}
	return g.section("effects")
}

// SectionsIn are the sections with the words of a language, en or zh, as people read them; Sections
// are those that programs read.
func (p *Profile) SectionsIn(lang string) []Section {
	out := slices.Clone(p.Sections)
	for i, s := range out {
		if s.Title == "effects" {
			out[i] = p.effectsIn(lang)
		}
	}
	return out
}

func (p *Profile) numbersSection() Section {
	g := newGrid("column text", "known int", "rest_known int", "mean float number", "rest_mean float number", "median float number", "rest_median float number", "cohens_d float", "rank_biserial float")
	for _, t := range p.Traits {
		if n := t.Numbers; n != nil {
			g.add(t.Column, n.Known, n.RestKnown, n.Mean, n.RestMean, n.Median, n.RestMedian, n.CohenD, t.Effect)
		}
	}
	return g.section("numbers")
}

func (p *Profile) wordsSection() Section {
	g := newGrid("column text", "value text", "customers int", "rest int", "share float share", "rest_share float share", "lift float times", "cramers_v float")
	for _, t := range p.Traits {
		for _, w := range t.Words {
			g.add(t.Column, w.Value, int(w.Customers), int(w.Rest), w.Share, w.RestShare, w.Lift, t.Effect)
		}
	}
	return g.section("words")
}

// How many traits a sentence names.
const (
	toldNumbers = 3
	toldWords   = 2
)

// leastShare is how much greater a share must be than in the rest to be told.
const leastShare = 0.05

// told reports whether an effect is large and certain enough to be put in words.
func (t Trait) told() bool { return math.Abs(t.Effect) >= weakEffect && t.Adjusted < alpha }

// say puts into one sentence what sets the segment apart.
func (p *Profile) say(name Node) {
	all := p.Customers + p.Rest
	en := fmt.Sprintf("%q: %s of %s (%s %%).", name.En, digits(p.Customers), counted(all, "customer", "customers"), percentOf(p.Customers, all))
	zh := fmt.Sprintf("“%s”共 %s 位客户，占全部 %s 位的 %s%%。", name.Zh, digits(p.Customers), digits(all), percentOf(p.Customers, all))
	if p.Rest == 0 {
		p.Verdict = Sentence{Code: "everybody", En: en + " Everybody is in it, so there is no rest to compare with.", Zh: zh + "全部客户都在其中，没有可比较的其余客户。"}
		return
	}
	numbers, numbersZh := p.toldNumbers()
	words, wordsZh := p.toldWords()
	switch {
	case numbers == "" && words == "":
		en += " Nothing that is known of them sets them apart from the rest."
		zh += "就已知信息而言，与其余客户没有明显差别。"
	case words == "":
		en += " What sets them apart most: " + numbers + "."
		zh += "与其余客户差别最大的是：" + numbersZh + "。"
	case numbers == "":
		en += " What more of them have than of the rest: " + words + "."
		zh += "比其余客户更常见的是：" + wordsZh + "。"
	default:
		en += " What sets them apart most: " + numbers + "; what more of them have: " + words + "."
		zh += "与其余客户差别最大的是：" + numbersZh + "；更常见的是：" + wordsZh + "。"
	}
	p.Verdict = Sentence{Code: "profile", En: en, Zh: zh}
}

// toldNumbers are the strongest effects of numbers in words, one of each kin.
func (p *Profile) toldNumbers() (en, zh string) {
	known := describedNumbers()
	var list, listZh, kin []string
	for _, t := range p.Traits {
		at := slices.IndexFunc(known, func(c describedNumber) bool { return c.name == t.Column })
		if at < 0 || !t.told() || slices.Contains(kin, known[at].kin) || len(list) == toldNumbers {
			continue
		}
		c := known[at]
		kin = append(kin, c.kin)
		what, whatZh, a, b := "median", "中位数", t.Numbers.Median, t.Numbers.RestMedian
		if figure(a, c.share) == figure(b, c.share) {
			what, whatZh, a, b = "mean", "平均", t.Numbers.Mean, t.Numbers.RestMean
		}
		than, thanZh := c.more, c.moreZh
		if t.Effect < 0 {
			than, thanZh = c.less, c.lessZh
		}
		list = append(list, fmt.Sprintf("%s (%s %s against %s%s)", than, what, figure(a, c.share), figure(b, c.share), c.unit))
		listZh = append(listZh, fmt.Sprintf("%s（%s %s%s对 %s%s）", thanZh, whatZh, figure(a, c.share), cmp.Or(c.unitZh, " "), figure(b, c.share), c.unitZh))
	}
	return joined(list), strings.Join(listZh, "、")
}

// toldWords are the words that the segment has most more often than the rest, of the
// columns with the strongest effects that do not follow from scores.
func (p *Profile) toldWords() (en, zh string) {
	known := describedWords()
	var list, listZh, kin []string
	for _, t := range p.Traits {
		at := slices.IndexFunc(known, func(c describedWord) bool { return c.name == t.Column })
		if at < 0 || !t.told() || known[at].kin == "" || slices.Contains(kin, known[at].kin) || len(list) == toldWords {
			continue
		}
		c := known[at]
		best := slices.MaxFunc(t.Words, func(a, b WordTrait) int { return cmp.Compare(a.Share-a.RestShare, b.Share-b.RestShare) })
		if best.Share-best.RestShare < leastShare {
			continue
		}
		kin = append(kin, c.kin)
		list = append(list, fmt.Sprintf("%s %q (%.0f %% against %.0f %%)", c.en, best.Value, 100*best.Share, 100*best.RestShare))
		listZh = append(listZh, fmt.Sprintf("%s“%s”（%.0f%% 对 %.0f%%）", c.zh, best.Value, 100*best.Share, 100*best.RestShare))
	}
	return joined(list), strings.Join(listZh, "、")
}

// joined puts an "and" before the last of several.
func joined(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

// figure is a number for people: with as many decimals as its size asks for.
func figure(v float64, share bool) string {
	short := func(format string) string {
		return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf(format, v), "0"), ".")
	}
	switch size := math.Abs(v); {
	case share:
		return fmt.Sprintf("%.2f", v)
	case size < 9.995:
		return short("%.2f")
	case size < 99.95:
		return short("%.1f")
	}
	return digits(int64(math.Round(v)))
}
