package risk

import (
	"fmt"
	"math"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/stat"
)

// Family groups features that say the same thing to a reader: reasons are given
// by family, because the parts of features that move together cancel. The time since
// the last order, the customer's own gaps, the orders of the last days and the purchase
// model's probability, which is made of all of them, are one family, and so are the
// number of purchases and the money they brought: apart, one of them would be said to
// lower the risk of somebody whose silence raises it.
type Family uint8

// The families, in the order in which reasons of equal size are listed.
const (
	Silence      Family = iota // how long nothing was bought, also against the customer's own gaps, in recent orders and by the purchase model
	Purchases                  // how often the customer has bought, and for how much
	Tenure                     // since when the customer is known
	Refunds                    // what share came back
	Interactions               // contacts with the customer
	Responses                  // responses to campaigns
	Adjustment                 // calibration of the finished score; no feature has this family
	families
)

// Key is the family's name in columns and JSON.
func (f Family) Key() string {
	return [families]string{"silence", "purchases", "tenure", "refunds", "interactions", "responses", "calibration"}[f]
}

// Names returns how a family is called, in English and in Chinese.
func (f Family) Names() (en, zh string) {
	names := [families][2]string{
		{"how long silent", "沉默时长"}, {"purchases so far", "以往购买"}, {"time as a customer", "客户年限"}, {"refunds", "退款"},
		{"contacts", "联系记录"}, {"responses to campaigns", "活动响应"}, {"calibration", "校准"},
	}
	return names[f][0], names[f][1]
}

// MarshalText implements encoding.TextMarshaler.
func (f Family) MarshalText() ([]byte, error) { return []byte(f.Key()), nil }

// Families returns all families in order.
func Families() []Family {
	out := make([]Family, families)
	for f := range out {
		out[f] = Family(f)
	}
	return out
}

// PurchaseModelColumn is the column of the purchase model's probability that
// the customer buys nothing within the window.
const PurchaseModelColumn = "no_purchase"

// Columns returns the columns of the customer summary that features come from.
// All are optional but purchase_days, t_x, T and recency_days: a feature whose
// column is absent is left out, and Design.Dropped says so.
func Columns() []table.Field {
	var out []table.Field
	for _, name := range []string{"purchase_days", "orders", "t_x", "T", "recency_days", "longest_gap", "gap_squares",
		"orders_30", "orders_60", "orders_90", "orders_365", "interactions_30", "interactions_90", "interactions_365",
		"responses_30", "responses_90", "responses_365"} {
		out = append(out, table.Field{Name: name, Kind: table.Int})
	}
	for _, name := range []string{"net_sales", "refunds", PurchaseModelColumn} {
		out = append(out, table.Field{Name: name, Kind: table.Float})
	}
	return out
}

// Needed returns the columns without which there is no score.
func Needed() []table.Field {
	var out []table.Field
	for _, f := range Columns() {
		switch f.Name {
		case "purchase_days", "t_x", "T", "recency_days":
			out = append(out, f)
		}
	}
	return out
}

// row is one customer: the columns as numbers, NaN where missing or absent.
type row struct {
	days, orders, span, tenure, recency, longest, squares float64
	recent                                                [4]float64 // orders in 30, 60, 90 and 365 days
	contacts, responses                                   [3]float64 // in 30, 90 and 365 days
	sales, refunds, model                                 float64
	gap                                                   float64 // the customer's own gap, shrunk to that of all
}

// scale is how a feature goes into the model, before it is standardised.
type scale uint8

const (
	logs    scale = iota // ln(1+v) for v >= 0, -ln(1-v) below: money can be negative
	plain                // as it is
	logOdds              // ln(p/(1-p)) of a probability, clipped to [1e-6, 1-1e-6]
)

// Feature is one column of what models learn from.
type Feature struct {
	Name    string
	Family  Family
	En, Zh  string   // what it is
	columns []string // that it reads
	scale   scale
	value   func(dst []float64, b *block) // NaN where the customer has none
}

// Features returns every feature, in order. Values are of the as-of day and are
// standardised with the training rows' mean and standard deviation.
func Features() []Feature {
	f := []Feature{
		{"recency", Silence, "ln(1 + days since the last purchase)", "ln(1+距上次购买天数)", []string{"recency_days"}, logs,
			func(dst []float64, b *block) { copy(dst, b.recency) }},
		{"recency_gap", Silence, "ln(1 + days since the last purchase / own gap)", "ln(1+距上次购买天数/自身间隔)", []string{"recency_days"}, logs,
			func(dst []float64, b *block) { divideTo(dst, b.recency, b.gap) }},
		{"purchase_days", Purchases, "ln(1 + purchase days)", "ln(1+购买日数)", nil, logs,
			func(dst []float64, b *block) { copy(dst, b.days) }},
		{"own_gap", Silence, "ln(1 + own gap): (days from first to last purchase + mean gap of all) / purchase days", "ln(1+自身间隔)：（首末购买间隔天数+全体平均间隔）/购买日数", nil, logs,
			func(dst []float64, b *block) { copy(dst, b.gap) }},
		{"longest_gap", Silence, "ln(1 + longest gap, days), from two purchase days", "ln(1+最长间隔天数)，至少两个购买日", []string{"longest_gap"}, logs,
			func(dst []float64, b *block) { copy(dst, b.longest) }},
		{"gap_sd", Silence, "ln(1 + standard deviation of the gaps, days), from three purchase days", "ln(1+间隔标准差)，至少三个购买日", []string{"gap_squares"}, logs, gapDeviationTo},
		{"bought_once", Silence, "1 with one purchase day, which has no gap, else 0", "只有一个购买日（无间隔）为1，否则为0", nil, plain,
			func(dst []float64, b *block) { equalTo(dst, b.days, 1) }},
		{"bought_twice", Silence, "1 with two purchase days, whose gap has no deviation, else 0", "恰有两个购买日（间隔无标准差）为1，否则为0", nil, plain,
			func(dst []float64, b *block) { equalTo(dst, b.days, 2) }},
		{"tenure", Tenure, "ln(1 + days since the first purchase)", "ln(1+首次购买至今天数)", nil, logs,
			func(dst []float64, b *block) { copy(dst, b.tenure) }},
		{"money", Purchases, "ln(1 + net sales)", "ln(1+净销售额)", []string{"net_sales"}, logs,
			func(dst []float64, b *block) { copy(dst, b.sales) }},
		{"order_value", Purchases, "ln(1 + net sales of an order)", "ln(1+单均净销售额)", []string{"net_sales", "orders"}, logs, orderValueTo},
		{"refund_share", Refunds, "refunds / net sales, at most 1", "退款占净销售额比例，不超过1", []string{"net_sales", "refunds"}, plain, refundShareTo},
	}
	for k, days := range recentDays() {
		f = append(f, Feature{fmt.Sprintf("orders_%d", days), Silence,
			fmt.Sprintf("ln(1 + orders in the last %d days)", days), fmt.Sprintf("ln(1+近%d天订单数)", days),
			[]string{fmt.Sprintf("orders_%d", days)}, logs, func(dst []float64, b *block) { copy(dst, b.recent[k]) }})
	}
	for k, days := range []int{30, 90, 365} {
		f = append(f,
			Feature{fmt.Sprintf("interactions_%d", days), Interactions,
				fmt.Sprintf("ln(1 + contacts in the last %d days)", days), fmt.Sprintf("ln(1+近%d天联系次数)", days),
				[]string{fmt.Sprintf("interactions_%d", days)}, logs, func(dst []float64, b *block) { copy(dst, b.contacts[k]) }},
			Feature{fmt.Sprintf("responses_%d", days), Responses,
				fmt.Sprintf("ln(1 + responses to campaigns in the last %d days)", days), fmt.Sprintf("ln(1+近%d天活动响应次数)", days),
				[]string{fmt.Sprintf("responses_%d", days)}, logs, func(dst []float64, b *block) { copy(dst, b.responses[k]) }})
	}
	return append(f, Feature{PurchaseModelColumn, Silence, "log odds of no purchase within the window, by the purchase model", "复购模型给出的期内不再购买概率的对数几率",
		[]string{PurchaseModelColumn}, logOdds, func(dst []float64, b *block) { copy(dst, b.model) }})
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// divideTo writes quotients.
func divideTo(dst, a, b []float64) {
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

// equalTo writes 1 where a value is v, else 0.
func equalTo(dst, values []float64, v float64) {
	for i := range dst {
		dst[i] = indicator(values[i] == v)
	}
}

// gapDeviationTo writes the standard deviation (n-1) of the gaps between purchase days.
func gapDeviationTo(dst []float64, b *block) {
	for i := range dst {
		gaps := b.days[i] - 1
		if gaps < 2 {
			dst[i] = math.NaN()
			continue
		}
		dst[i] = math.Sqrt(max(0, (b.squares[i]-b.span[i]*b.span[i]/gaps)/(gaps-1)))
	}
}

// orderValueTo writes the net sales of an order.
func orderValueTo(dst []float64, b *block) {
	for i := range dst {
		dst[i] = b.sales[i] / max(b.orders[i], 1)
	}
}

func refundShareTo(dst []float64, b *block) {
	for i := range dst {
		dst[i] = refundShare(b.sales[i], b.refunds[i])
	}
}

func refundShare(sales, refunds float64) float64 {
	if refunds <= 0 {
		return 0
	}
	if sales <= 0 {
		return 1
	}
	return min(1, refunds/sales)
}

// reader reads rows of a table.
type reader struct {
	columns map[string]*table.Column
	gap     float64
	days, orders, span, tenure, recency, longest, squares,
	sales, refunds, model *table.Column
	recent              [4]*table.Column
	contacts, responses [3]*table.Column
	touched             bool // there is a column of contacts or responses
}

// newReader finds the columns; gap is the mean gap of all, days.
func newReader(in *table.Table, gap float64) (*reader, error) {
	r := &reader{columns: map[string]*table.Column{}, gap: gap}
	for _, f := range Columns() {
		c := in.Lookup(f.Name)
		if c != nil && c.Kind != f.Kind {
			return nil, fmt.Errorf("%s: column %s is %v, not %v", Name, f.Name, c.Kind, f.Kind)
		}
		r.columns[f.Name] = c
	}
	if err := (models.Spec{Name: Name, In: Needed()}).Check(in); err != nil {
		return nil, err
	}
	c := r.columns
	r.days, r.orders, r.span, r.tenure = c["purchase_days"], c["orders"], c["t_x"], c["T"]
	r.recency, r.longest, r.squares = c["recency_days"], c["longest_gap"], c["gap_squares"]
	r.sales, r.refunds, r.model = c["net_sales"], c["refunds"], c[PurchaseModelColumn]
	r.recent = [4]*table.Column{c["orders_30"], c["orders_60"], c["orders_90"], c["orders_365"]}
	r.contacts = [3]*table.Column{c["interactions_30"], c["interactions_90"], c["interactions_365"]}
	r.responses = [3]*table.Column{c["responses_30"], c["responses_90"], c["responses_365"]}
	for k := range r.contacts {
		r.touched = r.touched || r.contacts[k] != nil || r.responses[k] != nil
	}
	return r, nil
}

func has(in *table.Table, columns []string) bool {
	for _, name := range columns {
		if in.Lookup(name) == nil {
			return false
		}
	}
	return true
}

func valueOf(c *table.Column, i int) float64 {
	switch {
	case c == nil || c.Missing(i):
		return math.NaN()
	case c.Kind == table.Float:
		return c.Floats[i]
	}
	return float64(c.Int(i))
}

// bought fills dst with what says when and how often customer i has bought; false for
// one without a purchase.
func (r *reader) bought(dst *row, i int) bool {
	dst.days, dst.span = valueOf(r.days, i), valueOf(r.span, i)
	dst.tenure, dst.recency = valueOf(r.tenure, i), valueOf(r.recency, i)
	return dst.days >= 1 && dst.span >= 0 && dst.tenure >= 0 && dst.recency >= 0
}

// read fills dst with customer i; false for one without a purchase.
func (r *reader) read(dst *row, i int) bool {
	if !r.bought(dst, i) {
		return false
	}
	dst.orders, dst.longest, dst.squares = valueOf(r.orders, i), valueOf(r.longest, i), valueOf(r.squares, i)
	dst.sales, dst.refunds, dst.model = valueOf(r.sales, i), valueOf(r.refunds, i), valueOf(r.model, i)
	for k, c := range r.recent {
		dst.recent[k] = valueOf(c, i)
	}
	for k := range r.contacts {
		dst.contacts[k], dst.responses[k] = math.NaN(), math.NaN()
		if r.touched {
			dst.contacts[k], dst.responses[k] = valueOf(r.contacts[k], i), valueOf(r.responses[k], i)
		}
	}
	dst.gap = (dst.span + r.gap) / dst.days
	return true
}

// Term is one feature of a Design: its value v becomes (scale(v) - Mean) / SD,
// and a missing value Mean, which is 0 after that.
type Term struct {
	Name string  `json:"name"`
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
}

// Design turns the customer summary into the columns that models learn from.
// What it holds was learned from training rows; a row's values depend on it and
// on that row alone.
type Design struct {
	Gap     float64  `json:"mean_gap_days"` // between purchase days, over all gaps of the training rows
	Terms   []Term   `json:"terms"`
	Dropped []string `json:"dropped,omitempty"` // features without a column, or with one value for everybody

	features []Feature // of the terms
}

// NewDesign learns from the rows of the tables that have a purchase. All tables
// must have the same columns. Features that are the same for everybody, or have
// no column, are dropped; it returns an error where none is left.
func NewDesign(workers int, tables ...*table.Table) (*Design, error) {
	d := &Design{}
	readers := make([]*reader, len(tables))
	for k, t := range tables {
		r, err := newReader(t, 0)
		if err != nil {
			return nil, err
		}
		readers[k] = r
	}
	d.Gap = meanGap(readers, tables)
	var all []Feature
	for _, f := range Features() {
		present := true
		for _, t := range tables {
			present = present && has(t, f.columns)
		}
		if present {
			all = append(all, f)
		} else {
			d.Dropped = append(d.Dropped, f.Name)
		}
	}
	for k := range readers {
		readers[k].gap = d.Gap
	}
	for k, m := range momentsOf(all, readers, tables, workers) {
		mean, sd := m.mean(), m.deviation()
		// Rounding leaves a constant column a deviation of some last digits.
		if !(sd > 1e-9*(1+math.Abs(mean))) {
			d.Dropped = append(d.Dropped, all[k].Name)
			continue
		}
		d.Terms = append(d.Terms, Term{Name: all[k].Name, Mean: mean, SD: sd})
		d.features = append(d.features, all[k])
	}
	if len(d.Terms) == 0 {
		return nil, fmt.Errorf("%s: no feature differs between customers", Name)
	}
	return d, nil
}

// meanGap is the days between purchase days over all gaps of all rows; the mean
// tenure where nobody has bought twice; one day where that is nothing.
func meanGap(readers []*reader, tables []*table.Table) float64 {
	var span, gaps, tenure, rows float64
	var r row
	for k, in := range readers {
		for i := range tables[k].Rows() {
			if in.bought(&r, i) {
				span, gaps = span+r.span, gaps+r.days-1
				tenure, rows = tenure+r.tenure, rows+1
			}
		}
	}
	switch {
	case gaps > 0 && span > 0:
		return span / gaps
	case tenure > 0:
		return tenure / rows
	}
	return 1
}

// moments are sums of a feature around its first guess, which keeps digits.
type moments struct{ n, sum, squares, around float64 }

func (m moments) mean() float64 { return m.around + m.sum/m.n }

func (m moments) deviation() float64 {
	return math.Sqrt(max(0, (m.squares-m.sum*m.sum/m.n)/m.n))
}

// momentsOf sums every feature over the rows that have it, of all tables.
func momentsOf(features []Feature, readers []*reader, tables []*table.Table, workers int) []moments {
	out := make([]moments, len(features))
	for k := range out {
		out[k].around = math.NaN()
	}
	value := make([]float64, atOnce)
	for t, in := range readers { // the first value at hand is guess enough
		b := newBlock(in)
		b.inBlocks(0, min(rowsAtOnce, tables[t].Rows()), func(int, int) {
			for k := range features {
				b.featureTo(value[:b.n], &features[k])
				for i, v := range value[:b.n] {
					if b.ok[i] && math.IsNaN(out[k].around) {
						out[k].around = v
					}
				}
			}
		})
	}
	for k := range out {
		if math.IsNaN(out[k].around) {
			out[k].around = 0
		}
	}
	sums := make([]float64, 3*len(features))
	for t, in := range readers {
		rows := tables[t].Rows()
		stat.SumTo(sums, workers, pieces(rows), func(c int, dst []float64) {
			b, value := newBlock(in), make([]float64, atOnce)
			b.inBlocks(c*rowsAtOnce, min((c+1)*rowsAtOnce, rows), func(int, int) {
				for k := range features {
					b.featureTo(value[:b.n], &features[k])
					b.hide(value)
					addMoments(dst[3*k:3*k+3], value[:b.n], out[k].around)
				}
			})
		})
		for k := range out {
			out[k].n += sums[3*k]
			out[k].sum += sums[3*k+1]
			out[k].squares += sums[3*k+2]
		}
	}
	return out
}

// addMoments adds the number of values that are there, their sum around a guess and that
// of their squares.
func addMoments(dst, values []float64, around float64) {
	n, sum, squares := dst[0], dst[1], dst[2]
	for _, v := range values {
		if v -= around; v == v {
			n++
			sum += v
			squares += v * v
		}
	}
	dst[0], dst[1], dst[2] = n, sum, squares
}

// bind finds the features of a Design read from JSON; it returns an error for a
// name that is none.
func (d *Design) bind() error {
	known := map[string]Feature{}
	for _, f := range Features() {
		known[f.Name] = f
	}
	d.features = d.features[:0]
	for _, t := range d.Terms {
		f, ok := known[t.Name]
		if !ok || !(t.SD > 0) || math.IsNaN(t.Mean-t.Mean) {
			return fmt.Errorf("%s: unknown feature %q, or one without mean and deviation", Name, t.Name)
		}
		d.features = append(d.features, f)
	}
	if len(d.Terms) == 0 || !(d.Gap > 0) {
		return fmt.Errorf("%s: a design without features or without a mean gap", Name)
	}
	return nil
}

// Matrix makes room for the columns of rows customers.
func (d *Design) Matrix(rows int) [][]float64 {
	out := make([][]float64, len(d.Terms))
	for j := range out {
		out[j] = make([]float64, rows)
	}
	return out
}

// MatrixTo writes the standardised features of every row of in to the columns
// of dst, NaN for customers without a purchase. It returns an error where a
// column is absent or of another kind.
func (d *Design) MatrixTo(dst [][]float64, in *table.Table, workers int) error {
	from, err := d.reader(in)
	if err != nil {
		return err
	}
	eachBlock(from, in.Rows(), workers, 0, func(b *block, _ [][]float64, begin, end int) {
		for j := range dst {
			b.standardTo(dst[j][begin:end], d, j)
			b.hide(dst[j][begin:end])
		}
	})
	return nil
}

func (d *Design) reader(in *table.Table) (*reader, error) {
	for _, f := range d.features {
		if !has(in, f.columns) {
			return nil, fmt.Errorf("%s: feature %s: no column %v", Name, f.Name, f.columns)
		}
	}
	return newReader(in, d.Gap)
}
