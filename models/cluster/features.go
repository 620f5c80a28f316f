package cluster

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"clientele/engine/table"
	"clientele/models/stat"
)

// feature is a column by which customers can be compared, and the words for those who
// have more or less of it than others.
type feature struct {
	name   string // as in scores
	column string // as in the table
	kind   table.Kind
	share  bool    // a probability, of which no logarithm is taken
	sign   float64 // 1 where more is better, -1 where less is
	noun   words
	high   word
	low    word
}

// words are one text in each language.
type words struct{ En, Zh string }

// word is a trait, and the same trait where it is stronger.
type word struct{ plain, strong words }

func trait(en, zh, strongEn, strongZh string) word {
	return word{words{en, zh}, words{strongEn, strongZh}}
}

// features are the columns of scores that clusters can be made of.
func features() []feature {
	recent := trait("recent", "近期购买", "very recent", "刚刚购买")
	silent := trait("long silent", "久未购买", "longest silent", "沉寂最久")
	frequent := trait("frequent", "高频", "very frequent", "超高频")
	seldom := trait("few orders", "低频", "fewest orders", "极低频")
	rich := trait("high spend", "高消费", "very high spend", "超高消费")
	poor := trait("low spend", "低消费", "lowest spend", "极低消费")
	score := func(name, zh string, high, low word) feature {
		return feature{name, name, table.Int, true, 1, words{name, zh}, high, low}
	}
	return []feature{
		{"recency_days", "recency_days", table.Int, false, -1, words{"days since the last order", "距上次下单天数"}, silent, recent},
		{"orders", "orders", table.Int, false, 1, words{"orders", "订单数"}, frequent, seldom},
		{"net_revenue", "net_revenue", table.Float, false, 1, words{"net revenue", "净收入"}, rich, poor},
		{"tenure_days", "T", table.Int, false, 1, words{"days since the first order", "首单至今天数"},
			trait("long-standing", "老客", "very long-standing", "资深老客"), trait("new", "新客", "brand-new", "最新客")},
		{"average_order_value", "average_order_value", table.Float, false, 1, words{"average order value", "客单价"},
			trait("large orders", "高客单", "very large orders", "超高客单"), trait("small orders", "低客单", "smallest orders", "极低客单")},
		score("r_score", "R 得分", recent, silent),
		score("f_score", "F 得分", frequent, seldom),
		score("m_score", "M 得分", rich, poor),
		{"p_alive", "p_alive", table.Float, true, 1, words{"probability of being active", "活跃概率"},
			trait("active", "活跃", "surely active", "高度活跃"), trait("probably gone", "疑似流失", "most probably gone", "基本流失")},
		{"churn_risk", "churn_risk", table.Float, true, -1, words{"churn risk", "流失概率"},
			trait("at risk", "高流失风险", "most at risk", "极高流失风险"), trait("safe", "低流失风险", "safest", "极低流失风险")},
		{"expected_orders", "expected_orders", table.Float, false, 1, words{"expected orders", "预计订单数"},
			trait("many orders ahead", "预期高频", "very many orders ahead", "预期超高频"), trait("few orders ahead", "预期低频", "fewest orders ahead", "预期极低频")},
		{"expected_spend", "expected_spend", table.Float, false, 1, words{"expected spend per order", "预计单次消费"},
			trait("large orders ahead", "预期高客单", "very large orders ahead", "预期超高客单"), trait("small orders ahead", "预期低客单", "smallest orders ahead", "预期极低客单")},
		{"clv", "clv", table.Float, false, 1, words{"lifetime value", "客户终身价值"},
			trait("high value", "高价值", "very high value", "超高价值"), trait("low value", "低价值", "lowest value", "极低价值")},
	}
}

// Columns are the columns of scores that clusters can be made of.
func Columns() []string {
	var out []string
	for _, f := range features() {
		out = append(out, f.name)
	}
	return out
}

// defaultColumns are what customers are compared by unless the settings say otherwise.
func defaultColumns() []string {
	return []string{"recency_days", "orders", "net_revenue", "tenure_days"}
}

// featuresOf looks columns up by name.
func featuresOf(columns []string) ([]feature, error) {
	known, out := features(), []feature{}
	for i, name := range columns {
		at := slices.IndexFunc(known, func(f feature) bool { return f.name == name })
		if at < 0 {
			return nil, fmt.Errorf("cluster: no column %q to compare customers by: there are %s", name, strings.Join(Columns(), ", "))
		}
		if slices.Contains(columns[:i], name) {
			return nil, fmt.Errorf("cluster: column %s stands twice", name)
		}
		out = append(out, known[at])
	}
	return out, nil
}

// scale turns values into what is compared: the logarithm of one more, with the sign kept
// where refunds are more than revenue; of a probability or a score, itself.
func (f *feature) scale(values []float64) {
	if f.share {
		return
	}
	var below []int // a value's logarithm is the same whatever stands beside it
	for i, v := range values {
		if math.Signbit(v) {
			below, values[i] = append(below, i), -v
		}
	}
	stat.Log1pTo(values, values)
	for _, i := range below {
		values[i] = -values[i]
	}
}

// text prints a mean of the feature for people.
func (f *feature) text(v float64) string {
	switch size := math.Abs(v); {
	case f.share && f.kind == table.Float, size < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case size < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return thousands(int(math.Round(v)))
}

// thousands writes n with commas.
func thousands(n int) string {
	if n < 0 {
		return "-" + thousands(-n)
	}
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// source reads the values of a feature.
type source struct {
	feature *feature
	column  *table.Column
}

// at is the value of row i, NaN where it is missing.
func (s *source) at(i int) float64 {
	if s.column.Missing(i) {
		return math.NaN()
	}
	if s.column.Kind == table.Int {
		return float64(s.column.Int(i))
	}
	return s.column.Floats[i]
}

// to writes the values of the rows from begin on.
func (s *source) to(dst []float64, begin int) {
	c, end := s.column, begin+len(dst)
	switch {
	case c.Kind != table.Int:
		copy(dst, c.Floats[begin:end])
		return
	case c.Shorts != nil:
		for i, v := range c.Shorts[begin:end] {
			dst[i] = float64(v)
		}
	default:
		for i, v := range c.Ints[begin:end] {
			dst[i] = float64(v)
		}
	}
	if c.Null != nil {
		for i, missing := range c.Null[begin:end] {
			if missing {
				dst[i] = math.NaN()
			}
		}
	}
}

// sources are the columns of t that hold the features.
func sources(list []feature, t *table.Table) []source {
	out := make([]source, len(list))
	for k := range list {
		out[k] = source{&list[k], t.Column(list[k].column)}
	}
	return out
}

// batchRows is how many rows are read at once.
const batchRows = 256

// batch is some rows of a table side by side.
type batch struct {
	from   []source
	orders *table.Column
	values [][]float64 // of each feature, before any logarithm
	buyer  [batchRows]bool
	whole  [batchRows]bool // a buyer of whom everything is known
}

func newBatch(from []source, orders *table.Column) *batch {
	b := &batch{from: from, orders: orders, values: make([][]float64, len(from))}
	for k := range b.values {
		b.values[k] = make([]float64, batchRows)
	}
	return b
}

// read takes the rows from begin and up to end.
func (b *batch) read(begin, end int) {
	n := end - begin
	for k := range b.from {
		b.values[k] = b.values[k][:n]
		b.from[k].to(b.values[k], begin)
	}
	for i := range n {
		b.buyer[i] = !b.orders.Missing(begin+i) && b.orders.Int(begin+i) > 0
		b.whole[i] = b.buyer[i]
	}
	for _, values := range b.values {
		for i, v := range values {
			if v-v != 0 { // NaN, or infinite
				b.whole[i] = false
			}
		}
	}
}

// scale turns all values into what is compared.
func (b *batch) scale() {
	for k, values := range b.values {
		b.from[k].feature.scale(values)
	}
}
