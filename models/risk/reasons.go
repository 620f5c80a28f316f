package risk

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"clientele/engine/table"
	"clientele/models/stat"
)

// Reason is what one family of features does to a customer's log odds of
// staying away, against the average training customer: above zero it raises the risk.
type Reason struct {
	Family Family  `json:"family"`
	Effect float64 `json:"effect"`
	En     string  `json:"en"` // the raw values and the effect: no order for 143 days (usual gap 30 days): +1.2
	Zh     string  `json:"zh"`
}

// Explanation adds up: LogOdds = Base + the sum of all effects + Rest, to 1e-9.
type Explanation struct {
	Probability float64  `json:"probability"`
	LogOdds     float64  `json:"log_odds"`
	Base        float64  `json:"base"`    // log odds of the average training customer
	Reasons     []Reason `json:"reasons"` // the largest first
	Rest        float64  `json:"rest"`    // of the families that are not among Reasons
}

// Explain gives the reasons of the customers in rows of in: for each, the most
// families of greatest effect (zero: all that have any). Customers without a
// purchase get an Explanation with NaN and no reasons. The effect of a column is
// exact: for logistic regression its coefficient times (value - mean), for trees
// its Shapley value, for a plain rule all of it. What a family's columns do is
// added up, and Purchases that say the opposite of what they are count in Silence.
func (s *Score) Explain(in *table.Table, rows []int, most int) ([]Explanation, error) {
	from, err := s.reader(in)
	if err != nil {
		return nil, err
	}
	e, one := s.newEffects(), newBlock(from)
	effects, total := make([][]float64, families), make([]float64, 1)
	for f := range effects {
		effects[f] = make([]float64, 1)
	}
	out := make([]Explanation, len(rows))
	var r row
	for k, i := range rows {
		if !from.read(&r, i) {
			nan := math.NaN()
			out[k] = Explanation{Probability: nan, LogOdds: nan, Base: s.Start(), Rest: nan}
			continue
		}
		one.read(i, i+1)
		e.of(effects, total, one)
		var parts [families]float64
		for f := range parts {
			parts[f] = effects[f][0]
		}
		out[k] = s.explanation(&r, parts, total[0], most)
	}
	return out, nil
}

// EffectsTo writes, for every row of in, the effect of each family to that
// family's slice of dst (in the order of Families): what Explain says, without
// words. Customers without a purchase get NaN.
func (s *Score) EffectsTo(dst [][]float64, in *table.Table, workers int) error {
	from, err := s.reader(in)
	if err != nil {
		return err
	}
	stat.Each(workers, (in.Rows()+manyAtOnce-1)/manyAtOnce, func(c int) {
		e, b := s.newEffects(), newBlock(from)
		part, total := make([][]float64, families), make([]float64, atOnce)
		b.inBlocks(c*manyAtOnce, min((c+1)*manyAtOnce, in.Rows()), func(begin, end int) {
			for f := range part {
				part[f] = dst[f][begin:end]
			}
			e.of(part, total[:b.n], b)
			for _, effect := range part {
				b.hide(effect)
			}
		})
	})
	return nil
}

// Start returns the log odds from which the effects count: those of the average
// training customer.
func (s *Score) Start() float64 { return s.Base + s.Shift }

func (s *Score) reader(in *table.Table) (*reader, error) {
	if s.Design != nil {
		return s.Design.reader(in)
	}
	return newReader(in, 1)
}

// effects computes the parts of customers' log odds, block by block.
type effects struct {
	score        *Score
	explainer    *Explainer
	terms        [][]float64 // of a block, by term
	values, shap []float64   // of one customer, by term
	amounts      []int       // terms that say how much was bought
}

func (s *Score) newEffects() *effects {
	e := &effects{score: s}
	if s.Design != nil {
		e.values, e.shap = make([]float64, len(s.Design.Terms)), make([]float64, len(s.Design.Terms))
		e.terms = make([][]float64, len(s.Design.Terms))
		for j, t := range s.Design.Terms {
			e.terms[j] = make([]float64, atOnce)
			if t.Name == "purchase_days" || t.Name == "money" {
				e.amounts = append(e.amounts, j)
			}
		}
	}
	if s.Method == BoostedTrees {
		e.explainer = s.Trees.NewExplainer()
	}
	return e
}

// of writes the effect of each family on the customers of a block, and their log odds.
func (e *effects) of(dst [][]float64, total []float64, b *block) {
	s := e.score
	for _, effect := range dst {
		clear(effect)
	}
	if s.Design == nil {
		e.ofRule(dst, total, b)
		return
	}
	s.termsTo(e.terms, b)
	if s.Method == BoostedTrees {
		e.ofTrees(dst, total, b)
		return
	}
	for i := range total {
		total[i] = s.Start()
	}
	// Terms are standardised: the mean is 0 and adds nothing.
	for j, coefficient := range s.Logit.Coefficients {
		effect := dst[s.Design.features[j].Family]
		for i, v := range e.terms[j][:len(total)] {
			part := coefficient * v
			effect[i] += part
			total[i] += part
		}
	}
	for i := range total {
		e.fold(dst, i)
	}
}

// ofTrees is of where boosted trees score.
func (e *effects) ofTrees(dst [][]float64, total []float64, b *block) {
	s := e.score
	for i := range total {
		if !b.ok[i] {
			continue
		}
		for j := range e.values {
			e.values[j] = e.terms[j][i]
		}
		e.explainer.Shap(e.shap, e.values)
		margin := s.Base // trees have no shift: their calibration is of the latest window
		for j, part := range e.shap {
			dst[s.Design.features[j].Family][i] += part
			margin += part
		}
		e.fold(dst, i)
		total[i] = s.logOdds(margin)
		dst[Adjustment][i] = total[i] - margin
	}
}

// ofRule is of where a plain rule scores.
func (e *effects) ofRule(dst [][]float64, total []float64, b *block) {
	s := e.score
	for i := range total {
		if !b.ok[i] {
			continue
		}
		switch s.Method {
		case FrequencyRule:
			total[i] = s.logOdds(-frequencyOf(b.days[i], b.tenure[i], b.recency[i]))
			dst[Purchases][i] = total[i] - s.Start()
		case RecencyRule:
			total[i] = s.logOdds(b.recency[i])
			dst[Silence][i] = total[i] - s.Start()
		default:
			total[i] = s.logOdds(0)
			dst[Adjustment][i] = total[i] - s.Start()
		}
	}
}

// fold counts Purchases in Silence where they would say the opposite of what they are:
// that much bought raises the risk, or little lowers it. The number of purchases is in
// the purchase model's probability too, so the data tell what both do together and
// hardly what each does. Much and little are above and below the average training
// customer in everything that says how much was bought.
func (e *effects) fold(dst [][]float64, i int) {
	above, below := len(e.amounts) > 0, len(e.amounts) > 0
	for _, j := range e.amounts {
		above, below = above && e.terms[j][i] > 0, below && e.terms[j][i] < 0
	}
	if effect := dst[Purchases][i]; above && effect > 0 || below && effect < 0 {
		dst[Silence][i] += effect
		dst[Purchases][i] = 0
	}
}

func (s *Score) explanation(r *row, effects [families]float64, total float64, most int) Explanation {
	e := Explanation{Probability: Probability(total), LogOdds: total, Base: s.Start()}
	var chosen []Family
	for f := range families {
		if effects[f] != 0 && (f != Adjustment || most <= 0) {
			chosen = append(chosen, f)
		}
	}
	slices.SortStableFunc(chosen, func(a, b Family) int { return cmp.Compare(math.Abs(effects[b]), math.Abs(effects[a])) })
	if most > 0 {
		chosen = chosen[:min(most, len(chosen))]
	}
	e.Rest = total - s.Start()
	for _, f := range chosen {
		en, zh := s.words(f, r, effects[Purchases] == 0)
		e.Rest -= effects[f]
		e.Reasons = append(e.Reasons, Reason{Family: f, Effect: effects[f],
			En: fmt.Sprintf("%s: %+.1f", en, effects[f]), Zh: fmt.Sprintf("%s：%+.1f", zh, effects[f])})
	}
	return e
}

// words says what the raw values of a family are; folded, those of Purchases are
// part of Silence.
func (s *Score) words(f Family, r *row, folded bool) (en, zh string) {
	switch f {
	case Silence:
		return s.silence(r, folded)
	case Purchases:
		return s.purchases(r)
	case Tenure:
		return "first order " + count(r.tenure, "day", "days") + " ago", "首次下单在 " + whole(r.tenure) + " 天前"
	case Refunds:
		v := refundShare(r.sales, r.refunds)
		if math.IsNaN(v) {
			return unknown(f)
		}
		if v == 0 {
			return "nothing refunded", "没有退款"
		}
		share := whole(100 * v)
		return share + " % of sales refunded", "退款占销售额 " + share + "%"
	case Interactions:
		return listed(f, r.contacts[:], "contact", "contacts", "联系记录")
	case Responses:
		return listed(f, r.responses[:], "response to campaigns", "responses to campaigns", "活动响应")
	}
	return f.Names()
}

// unknown is for values that the customer does not have: the trees go one way
// without them, which is a reason too.
func unknown(f Family) (en, zh string) {
	en, zh = f.Names()
	return en + " unknown", zh + "未知"
}

// recentDays are the windows of the columns of recent orders.
func recentDays() []int { return []int{30, 60, 90, 365} }

// purchases says how much the customer has bought, as far as the score goes by it.
func (s *Score) purchases(r *row) (en, zh string) {
	en, zh = "bought on "+count(r.days, "day", "days"), "共在 "+whole(r.days)+" 天购买"
	if s.Method == FrequencyRule {
		lastEn, lastZh := s.lastOrder(r, false)
		return en + ", " + lastEn, zh + "，" + lastZh
	}
	if !s.reads("money") && !s.reads("order_value") {
		return en, zh
	}
	if math.IsNaN(r.sales) {
		return en + ", money spent unknown", zh + "，消费金额未知"
	}
	en, zh = en+", spent "+money(r.sales)+" in all", zh+"，累计消费 "+money(r.sales)
	if r.orders > 0 {
		en, zh = en+", "+money(r.sales/r.orders)+" an order", zh+"，单均 "+money(r.sales/r.orders)
	}
	return en, zh
}

// silence says how long the customer has not ordered, and what of recent orders, of
// the purchase model and, folded, of the number of purchases the score goes by.
func (s *Score) silence(r *row, folded bool) (en, zh string) {
	en, zh = s.lastOrder(r, folded && s.reads("purchase_days"))
	recent := r.recent
	for k, days := range recentDays() {
		if !s.reads(fmt.Sprintf("orders_%d", days)) {
			recent[k] = math.NaN()
		}
	}
	switch listEn, listZh, longest := within(recent[:], recentDays(), "order", "orders"); {
	case listEn != "":
		en, zh = en+", "+listEn, zh+"，下单次数："+listZh
	case longest != "":
		en, zh = en+", none in the last "+longest+" days", zh+"，近 "+longest+" 天无订单"
	}
	if s.reads(PurchaseModelColumn) && !math.IsNaN(r.model) {
		modelEn, modelZh := chance(r.model)
		en += fmt.Sprintf("; the purchase model gives %s for no order in %d days", modelEn, s.Window)
		zh += fmt.Sprintf("；复购模型估计 %d 天内不下单的概率%s", s.Window, modelZh)
	}
	return en, zh
}

// reads reports whether the score goes by a feature.
func (s *Score) reads(feature string) bool {
	return s.Design != nil && slices.ContainsFunc(s.Design.Terms, func(t Term) bool { return t.Name == feature })
}

// chance is a probability in words, never certain and never none: no model knows that.
func chance(p float64) (en, zh string) {
	switch {
	case p > 0.99:
		return "over 99 %", "超过 99%"
	case p < 0.01:
		return "under 1 %", "低于 1%"
	}
	return whole(100*p) + " %", "为 " + whole(100*p) + "%"
}

// lastOrder says when the last order was, beside the customer's own gaps and, where
// counted, the days with a purchase.
func (s *Score) lastOrder(r *row, counted bool) (en, zh string) {
	if r.recency == 0 {
		en, zh = "ordered today", "今天刚下单"
	} else {
		en, zh = "no order for "+count(r.recency, "day", "days"), "已 "+whole(r.recency)+" 天未下单"
	}
	if r.days < 2 {
		return en + " (bought on one day only)", zh + "（仅在一天购买过）"
	}
	gap := r.span / (r.days - 1)
	asideEn, asideZh := "usual gap "+count(gap, "day", "days"), "通常间隔 "+whole(gap)+" 天"
	if r.days > 2 && r.longest > 0 && s.reads("longest_gap") {
		asideEn, asideZh = asideEn+", longest "+whole(r.longest), asideZh+"，最长 "+whole(r.longest)+" 天"
	}
	if counted {
		asideEn, asideZh = "bought on "+whole(r.days)+" days, "+asideEn, "共在 "+whole(r.days)+" 天购买，"+asideZh
	}
	return en + " (" + asideEn + ")", zh + "（" + asideZh + "）"
}

// listed are counts in windows of 30, 90 and 365 days.
func listed(f Family, counts []float64, one, many, what string) (en, zh string) {
	en, zh, longest := within(counts, []int{30, 90, 365}, one, many)
	switch {
	case longest == "":
		return unknown(f)
	case en == "":
		return "no " + one + " in the last " + longest + " days", "近 " + longest + " 天无" + what
	}
	return en, what + "：" + zh
}

// within lists counts in windows of days: 2 orders in the last 30 days, 5 in 90.
// Windows without a column are left out, and longest is the longest of the others,
// empty without any. Where all counts are zero the lists are empty.
func within(counts []float64, days []int, one, many string) (en, zh, longest string) {
	var partsEn, partsZh []string
	all := 0.0
	for k, n := range counts {
		if math.IsNaN(n) {
			continue
		}
		window := strconv.Itoa(days[k])
		longest, all = window, max(all, n)
		if len(partsEn) == 0 {
			partsEn = append(partsEn, count(n, one, many)+" in the last "+window+" days")
		} else {
			partsEn = append(partsEn, whole(n)+" in "+window)
		}
		partsZh = append(partsZh, "近 "+window+" 天 "+whole(n)+" 次")
	}
	if all == 0 {
		return "", "", longest
	}
	return strings.Join(partsEn, ", "), strings.Join(partsZh, "，"), longest
}

// whole rounds to a whole number, with commas.
func whole(v float64) string { return commas(strconv.FormatFloat(math.Round(v), 'f', -1, 64)) }

// money has two decimals.
func money(v float64) string { return commas(strconv.FormatFloat(v, 'f', 2, 64)) }

// commas puts a comma between groups of three digits before the point.
func commas(s string) string {
	first := 0
	if strings.HasPrefix(s, "-") {
		first = 1
	}
	end := strings.IndexByte(s, '.')
	if end < 0 {
		end = len(s)
	}
	for i := end - 3; i > first; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count is a whole number and what it counts.
func count(v float64, one, many string) string {
	if math.Round(v) == 1 {
		return "1 " + one
	}
	return whole(v) + " " + many
}
