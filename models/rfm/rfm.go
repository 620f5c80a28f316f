// Package rfm scores customers by recency, frequency and money from 1 to 5, the
// best being 5, and names them by their scores.
//
// Fit learns cut points: type-7 quantiles of the days since the last order, of
// the orders and of the money, unless the settings give cut points. Score looks
// values up, so equal values score equally, new customers are scored on the same
// scale, and a Fitted kept as JSON scores next month by today's measure. (NTILE
// gives equal values different scores; it is not offered.)
//
// A Scheme names codes; Check proves that it names each code once, or shows where not.
package rfm

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"

	"clientele/engine/table"
	"clientele/models"
)

// Model holds the settings of RFM. The zero value scores total money by
// quantiles and names segments by grid125.
type Model struct {
	Scheme   string // grid125 (default), rf25, cn8, r-rfm-0.2 or custom
	Monetary string // total (default): net_revenue; average: average_order_value
	// MeanRule says what divides high from low in rfm_cell: values (default), the
	// mean of days, orders and money; scores, the mean of the 1 to 5 scores.
	MeanRule string
	// Own cut points, four numbers strictly ascending; empty: learned from the data.
	Recency   []float64 // days
	Frequency []float64 // orders
	Money     []float64 // money
	Segments  []Segment // scheme custom only: first match wins
}

func (m *Model) scheme() (Scheme, error) {
	switch m.Scheme {
	case "":
		return grid125(), nil
	case "custom":
		return custom(m.Segments)
	}
	return Lookup(m.Scheme)
}

// rule is the side on which a value equal to a cut point falls.
func (m *Model) rule() Rule {
	if m.Scheme == "r-rfm-0.2" {
		return From
	}
	return Above
}

func (m *Model) money() string {
	if m.Monetary == "average" {
		return "average_order_value"
	}
	return "net_revenue"
}

func (m *Model) meanRule() string {
	if m.MeanRule == "scores" {
		return "scores"
	}
	return "values"
}

// Validate reports the first setting that cannot be.
func (m *Model) Validate() error {
	if _, err := m.scheme(); err != nil {
		return err
	}
	if len(m.Segments) > 0 && m.Scheme != "custom" {
		return fmt.Errorf("rfm: segments are given, but the scheme is not custom")
	}
	switch m.Monetary {
	case "", "total", "average":
	default:
		return fmt.Errorf("rfm: unknown monetary %q: not total, average", m.Monetary)
	}
	switch m.MeanRule {
	case "", "values", "scores":
	default:
		return fmt.Errorf("rfm: unknown rule %q: not values, scores", m.MeanRule)
	}
	for _, own := range []struct {
		name string
		cuts []float64
	}{{"recency", m.Recency}, {"frequency", m.Frequency}, {"money", m.Money}} {
		if len(own.cuts) == 0 {
			continue
		}
		if len(own.cuts) != 4 {
			return fmt.Errorf("rfm: %s has %d cut points, five scores need four", own.name, len(own.cuts))
		}
		for k, q := range own.cuts {
			if math.IsNaN(q) || math.IsInf(q, 0) || k > 0 && q <= own.cuts[k-1] {
				return fmt.Errorf("rfm: %s: cut points %v are not ascending", own.name, own.cuts)
			}
		}
	}
	return nil
}

// Spec reads recency_days, orders and one column of money. Settings that
// Validate refuses give a Spec without segment labels.
func (m *Model) Spec() models.Spec {
	s, _ := m.scheme()
	score := func(name, doc, docZh string) table.Field {
		return table.Field{Name: name, Kind: table.Int, Unit: "score 1-5", Doc: doc, DocZh: docZh}
	}
	var codes []string
	for code := range 125 {
		codes = append(codes, fmt.Sprintf("%d%d%d", code/25+1, code/5%5+1, code%5+1))
	}
	money, moneyZh := "total net revenue", "净收入总额"
	if m.Monetary == "average" {
		money, moneyZh = "average order value", "客单价"
	}
	mean, meanZh := "of the values", "数值"
	if m.meanRule() == "scores" {
		mean, meanZh = "of the 1 to 5 scores", "1 至 5 分得分"
	}
	return models.Spec{
		Name: "rfm",
		Doc:  "Scores from 1 to 5 for recency, frequency and money, and the names of the scores.",
		In: []table.Field{
			{Name: "recency_days", Kind: table.Int, Unit: "days", Doc: "days from the last order to the as-of date", DocZh: "最近一次下单距统计日的天数"},
			{Name: "orders", Kind: table.Int, Unit: "orders", Doc: "number of orders", DocZh: "订单数"},
			{Name: m.money(), Kind: table.Float, Unit: "money", Doc: money, DocZh: moneyZh},
		},
		Out: []table.Field{
			score("r_score", "recency score: 5 bought most recently", "R 得分（最近消费）：5 分为最近购买"),
			score("f_score", "frequency score: 5 has most orders", "F 得分（消费频次）：5 分为订单最多"),
			score("m_score", "monetary score by "+money+": 5 is most", "M 得分（消费金额，按"+moneyZh+"）：5 分为最高"),
			{Name: "rfm_code", Kind: table.Category, Unit: "code", Labels: codes,
				Doc: "the three scores in the order R, F, M", DocZh: "R、F、M 三个得分依次组成的代码"},
			{Name: "rfm_segment", Kind: table.Category, Unit: "name", Labels: s.labels(),
				Doc: "segment by scheme " + s.Name, DocZh: "客户分层（方案 " + s.Name + "）"},
			{Name: "rfm_cell", Kind: table.Category, Unit: "name", Labels: cn8().labels(),
				Doc: "one of eight cells: each of R, F, M high or low against the mean " + mean, DocZh: "八类客户：R、F、M 各与" + meanZh + "均值比较，分高低"},
		},
	}
}

// Means are the means that divide high from low.
type Means struct{ Recency, Frequency, Money float64 }

// learned is what a fit keeps.
type learned struct {
	Monetary  string // total or average
	Rule      Rule
	Recency   Cuts     // days
	Frequency Cuts     // orders
	Money     Cuts     // money
	Own       []string // measures whose cut points were given
	Values    Means
	Scores    Means
	Rows      int       // customers with an order
	Customers [3][5]int // of the fit, by score of recency, frequency and money
	Uncovered int       // customers with a code that no segment covers; -1: not known
}

// Fitted is cut points, means and the names of a scheme.
type Fitted struct {
	learned
	spec     models.Spec
	scheme   Scheme
	meanRule string
	money    string
	segment  [125]int32 // code of rfm_segment by code of rfm_code
}

// Fit learns the cut points and the means from the customers who have an order.
func (m *Model) Fit(ctx context.Context, in *table.Table) (models.Fitted, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	f, err := m.fitted()
	if err != nil {
		return nil, err
	}
	if err := f.spec.Check(in); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := columnsOf(in, f.money)
	days, orders, money := make([]float64, 0, in.Rows()), make([]float64, 0, in.Rows()), make([]float64, 0, in.Rows())
	for i := range in.Rows() {
		if c.known(i) {
			days, orders, money = append(days, c.days(i)), append(orders, c.ordered(i)), append(money, c.money[i])
		}
	}
	if f.Rows = len(days); f.Rows == 0 {
		return f, nil
	}
	var wg sync.WaitGroup
	wg.Go(func() { f.Recency, f.Values.Recency = learn(days, m.Recency, f.Rule), mean(days) })
	wg.Go(func() { f.Frequency, f.Values.Frequency = learn(orders, m.Frequency, f.Rule), mean(orders) })
	wg.Go(func() { f.Money, f.Values.Money = learn(money, m.Money, f.Rule), mean(money) })
	wg.Wait()
	f.counted(f.count(days, orders, money))
	return f, nil
}

// counted keeps of the customers of each code those of each score, and those whose
// code is in no segment.
func (f *Fitted) counted(codes [125]int) {
	for code, n := range codes {
		for p, score := range [3]int{code / 25, code / 5 % 5, code % 5} {
			f.Customers[p][score] += n
		}
	}
	for _, code := range f.holes() {
		f.Uncovered += codes[code]
	}
	f.Scores = meanScores(f.Customers)
}

// meanScores are the means of the scores from 1 to 5.
func meanScores(customers [3][5]int) Means {
	var mean [3]float64
	for p, scores := range customers {
		rows := 0
		for k, n := range scores {
			mean[p] += float64(n * (k + 1))
			rows += n
		}
		mean[p] /= float64(rows)
	}
	return Means{mean[0], mean[1], mean[2]}
}

// learn returns the cut points of one measure: the user's, or quantiles of the values.
func learn(values, own []float64, rule Rule) Cuts {
	if len(own) > 0 {
		return Cuts(own)
	}
	cuts := CutPoints(values)
	if rule == From { // the R package adds one to its quantiles, whatever the unit
		for k := range cuts {
			cuts[k]++
		}
	}
	return cuts
}

// count counts customers by code, a share of them on each core: sums of whole
// numbers are the same in any order.
func (f *Fitted) count(days, orders, money []float64) (all [125]int) {
	shares := make([][125]int, runtime.GOMAXPROCS(0))
	size := (len(days) + len(shares) - 1) / len(shares)
	var wg sync.WaitGroup
	for k := range shares {
		wg.Go(func() {
			for i := min(k*size, len(days)); i < min((k+1)*size, len(days)); i++ {
				r, q, w := f.scores(days[i], orders[i], money[i])
				shares[k][code(r, q, w)]++
			}
		})
	}
	wg.Wait()
	for _, share := range shares {
		for code, n := range share {
			all[code] += n
		}
	}
	return all
}

// fitted is a Fitted that has learned nothing yet.
func (m *Model) fitted() (*Fitted, error) {
	s, err := m.scheme()
	if err != nil {
		return nil, err
	}
	f := &Fitted{spec: m.Spec(), scheme: s, meanRule: m.meanRule(), money: m.money()}
	f.Monetary, f.Rule = "total", m.rule()
	if m.Monetary == "average" {
		f.Monetary = "average"
	}
	if len(m.Recency) > 0 {
		f.Own = append(f.Own, "recency")
	}
	if len(m.Frequency) > 0 {
		f.Own = append(f.Own, "frequency")
	}
	if len(m.Money) > 0 {
		f.Own = append(f.Own, "money")
	}
	labels := s.labels()
	found, err := s.matches()
	if err != nil {
		return nil, err
	}
	for code := range f.segment {
		at := code
		if s.Positions == 2 {
			at = code / 5
		}
		if s.Levels != 5 {
			break // cn8 names cells, by means
		}
		f.segment[code] = others(labels)
		if len(found[at]) > 0 {
			f.segment[code] = int32(found[at][0])
		}
	}
	return f, nil
}

// others is the place of Others among the labels: last, unless the scheme has a
// segment of that name.
func others(labels []string) int32 {
	for i, l := range labels {
		if l == Others {
			return int32(i)
		}
	}
	return -1
}

// columns are the columns read.
type columns struct {
	recency, orders *table.Column
	money           []float64
}

func columnsOf(t *table.Table, money string) columns {
	return columns{t.Column("recency_days"), t.Column("orders"), t.Floats(money)}
}

// known reports whether the customer of row i has an order, and all three values.
func (c *columns) known(i int) bool {
	v := c.money[i]
	return !c.orders.Missing(i) && c.orders.Int(i) > 0 && !c.recency.Missing(i) && v-v == 0 // neither NaN nor infinite
}

func (c *columns) days(i int) float64    { return float64(c.recency.Int(i)) }
func (c *columns) ordered(i int) float64 { return float64(c.orders.Int(i)) }

// scores returns the three scores of a customer.
func (f *Fitted) scores(days, orders, money float64) (r, q, w int) {
	return f.Recency.scoreRecency(days), f.Frequency.score(orders, f.Rule), f.Money.score(money, f.Rule)
}

// code is the place of three scores among the labels of rfm_code.
func code(r, q, w int) int { return (r-1)*25 + (q-1)*5 + w - 1 }

// Score writes scores, codes, segments and cells; all are missing for customers
// without an order, and for everyone when the fit saw no customer.
func (f *Fitted) Score(ctx context.Context, dst, src *table.Table) error {
	if err := f.spec.Check(src); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	in := columnsOf(src, f.money)
	r, q, w := dst.Column("r_score"), dst.Column("f_score"), dst.Column("m_score")
	codes, segments, cells := dst.Codes("rfm_code"), dst.Codes("rfm_segment"), dst.Codes("rfm_cell")
	for i := range codes {
		known := f.Rows > 0 && in.known(i)
		r.Null[i], q.Null[i], w.Null[i] = !known, !known, !known
		if !known {
			r.Ints[i], q.Ints[i], w.Ints[i] = 0, 0, 0
			codes[i], segments[i], cells[i] = -1, -1, -1
			continue
		}
		days, orders, money := in.days(i), in.ordered(i), in.money[i]
		a, b, c := f.scores(days, orders, money)
		r.Ints[i], q.Ints[i], w.Ints[i] = int64(a), int64(b), int64(c)
		codes[i] = int32(code(a, b, c))
		if f.meanRule == "scores" {
			cells[i] = cell(-float64(a), float64(b), float64(c), -f.Scores.Recency, f.Scores.Frequency, f.Scores.Money)
		} else {
			cells[i] = cell(days, orders, money, f.Values.Recency, f.Values.Frequency, f.Values.Money)
		}
		segments[i] = f.segment[codes[i]]
		if f.scheme.Levels == 2 {
			segments[i] = cells[i]
		}
	}
	return nil
}

// cell is the place in cn8 of a customer whose frequency and money are high at or
// above their means, and whose recency is high at or below it. (Scores of recency
// come with their sign turned.)
func cell(recency, frequency, money, recencyMean, frequencyMean, moneyMean float64) int32 {
	place := int32(0)
	if recency > recencyMean {
		place += 2
	}
	if frequency < frequencyMean {
		place++
	}
	if money < moneyMean {
		place += 4
	}
	return place
}
