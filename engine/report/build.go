package report

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"clientele/engine/table"
	"clientele/queries"
)

// Queries names the queries whose results Build needs, in order: every file
// of queries/report.
func Queries() []string {
	var names []string
	for _, q := range queries.List("report") {
		names = append(names, q.Base())
	}
	return names
}

// maxReasons is how many reasons of rejection a report lists.
const maxReasons = 15

// maxGroups is how many segments a report shows; the smallest become one.
const maxGroups = 16

// OthersKey is the key of the group that stands for the smallest segments.
const OthersKey = "\x00others"

// Build makes a Data of the results of Queries, by the queries' names. A
// result or a column that is missing is an error: it is a mistake of the
// program, while missing values are missing models and become NaN or empty.
func Build(results map[string]*table.Table, meta Meta) (*Data, error) {
	b := &builder{results: results}
	d := &Data{Meta: meta}
	d.Headline = b.headline(meta.AsOf)
	d.Coverage = b.coverage()
	d.Months = b.months(meta.AsOf)
	d.Grid = b.grid()
	d.Segments = foldGroups(ordered(b.groups("segments", "rfm_segment"), keys(meta.Segments)))
	d.Lifecycle = ordered(b.groups("lifecycle", "lifecycle_stage"), stageKeys())
	d.Own = everyOwn(b.groups("own_segments", "segment"), meta.OwnWords)
	d.Clusters = b.groups("clusters", "cluster")
	d.Bands = ordered(b.groups("churn_bands", "churn_band"), []string{"low", "medium", "high"})
	d.Tenths = b.tenths()
	d.Reasons = b.reasons()
	d.Values = b.bins()
	d.Curves = b.curves()
	d.Cohorts = b.cohorts(meta.AsOf)
	d.Repeats = b.repeats(meta)
	d.Facts = b.facts()
	d.Loads = b.loads()
	d.Rejects, d.OtherFault = b.rejects(d.Loads)
	d.Supplies = b.supplies(meta.AsOf)
	d.Fresh = b.fresh()
	d.Unknowns = b.unknowns()
	d.Joined = b.joined()
	d.SharedKeys, d.SharedTotal = b.sharedKeys()
	d.Exclusions = b.exclusions()
	if b.err != nil {
		return nil, b.err
	}
	return d, nil
}

// builder reads results and keeps the first error.
type builder struct {
	results map[string]*table.Table
	err     error
}

// rows is one result. Its getters return zero, NaN or "" once something failed.
type rows struct {
	*builder
	name string
	t    *table.Table
}

func (b *builder) rows(name string) rows {
	t := b.results[name]
	if t == nil {
		b.fail("no result of query %s", name)
		t = table.New()
	}
	return rows{b, name, t}
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("build report: "+format, args...)
	}
}

func (r rows) len() int { return r.t.Rows() }

func (r rows) column(name string) *table.Column {
	c := r.t.Lookup(name)
	if c == nil {
		r.fail("query %s: no column %s", r.name, name)
	}
	return c
}

// float is NaN where the value is missing.
func (r rows) float(name string, i int) float64 {
	c := r.column(name)
	if c == nil || i >= c.Len() || c.Missing(i) {
		return math.NaN()
	}
	if !numeric(c.Kind) {
		r.fail("query %s: column %s is %v, not a number", r.name, name, c.Kind)
		return math.NaN()
	}
	return number(c, i)
}

// count is zero where the value is missing.
func (r rows) count(name string, i int) int64 {
	c := r.column(name)
	if c == nil || i >= c.Len() || c.Missing(i) {
		return 0
	}
	if c.Kind == table.Int {
		return c.Ints[i]
	}
	return int64(r.float(name, i))
}

func (r rows) text(name string, i int) string {
	c := r.column(name)
	if c == nil || i >= c.Len() || c.Missing(i) {
		return ""
	}
	return string(appendExact(nil, c, i, time.UTC))
}

// day is false where the date is missing.
func (r rows) day(name string, i int) (int32, bool) {
	c := r.column(name)
	if c == nil || i >= c.Len() || c.Missing(i) {
		return 0, false
	}
	if c.Kind != table.Date {
		r.fail("query %s: column %s is %v, not a date", r.name, name, c.Kind)
		return 0, false
	}
	return c.Dates[i], true
}

func (b *builder) headline(asOf int32) Headline {
	c, s := b.rows("customers"), b.rows("sales")
	h := Headline{
		Customers:        c.count("customers", 0),
		Prospects:        c.count("prospects", 0),
		Active30:         c.count("active_30", 0),
		Active90:         c.count("active_90", 0),
		Active365:        c.count("active_365", 0),
		Repeaters:        c.count("repeaters", 0),
		Orders:           s.count("orders", 0),
		Orders365:        s.count("orders_365", 0),
		GuestOrders:      s.count("guest_orders", 0),
		GuestSales:       s.float("guest_sales", 0),
		NetRevenue:       s.float("net_revenue", 0),
		Refunds:          s.float("refunds", 0),
		NetRevenue365:    s.float("net_revenue_365", 0),
		NetRevenueBefore: math.NaN(),
	}
	var some bool
	h.FirstOn, some = s.day("first_on", 0)
	h.LastOn, _ = s.day("last_on", 0)
	if some && h.FirstOn <= asOf-729 {
		h.NetRevenueBefore = s.float("net_revenue_before", 0)
	}
	return h
}

func (b *builder) coverage() Coverage {
	r := b.rows("coverage")
	return Coverage{
		Customers:         r.count("customers", 0),
		RFM:               r.count("rfm", 0),
		Alive:             r.count("p_alive", 0),
		Churn:             r.count("churn", 0),
		Expected:          r.count("expected", 0),
		CLV:               r.count("clv", 0),
		Lifecycle:         r.count("lifecycle", 0),
		AliveSum:          r.float("alive_sum", 0),
		ExpectedOrdersSum: r.float("expected_orders_sum", 0),
		CLVSum:            r.float("clv_sum", 0),
	}
}

// months fills the months without a fact, up to the as-of day.
func (b *builder) months(asOf int32) []Month {
	r := b.rows("monthly")
	var list []Month
	add := func(m Month) {
		m.Partial = shiftMonths(m.Start, 1) > asOf+1
		list = append(list, m)
	}
	for i := range r.len() {
		start, _ := r.day("month", i)
		for len(list) > 0 && shiftMonths(list[len(list)-1].Start, 1) < start {
			add(Month{Start: shiftMonths(list[len(list)-1].Start, 1)})
		}
		add(Month{
			Start:      start,
			Orders:     r.count("orders", i),
			Customers:  r.count("customers", i),
			Newcomers:  r.count("new_customers", i),
			NetSales:   r.float("net_sales", i),
			Refunds:    r.float("refunds", i),
			NetRevenue: r.float("net_revenue", i),
		})
	}
	for len(list) > 0 && shiftMonths(list[len(list)-1].Start, 1) <= asOf {
		add(Month{Start: shiftMonths(list[len(list)-1].Start, 1)})
	}
	return list
}

// shiftMonths is the first day of the month n months after that of day.
func shiftMonths(d int32, n int) int32 {
	t := day(d)
	return days(time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC))
}

func days(t time.Time) int32 { return int32(t.Unix() / 86400) }

func (b *builder) grid() []Cell {
	r := b.rows("rfm_grid")
	var list []Cell
	for i := range r.len() {
		list = append(list, Cell{r.count("r_score", i), r.count("f_score", i), r.count("customers", i), r.float("net_revenue", i)})
	}
	return list
}

func (b *builder) groups(query, key string) []Group {
	r := b.rows(query)
	var list []Group
	for i := range r.len() {
		list = append(list, Group{
			Key:            r.text(key, i),
			Customers:      r.count("customers", i),
			Orders:         r.count("orders", i),
			NetRevenue:     r.float("net_revenue", i),
			Spend365:       r.float("spend_365", i),
			Recency:        r.float("recency_days", i),
			ChurnRisk:      r.float("churn_risk", i),
			ExpectedOrders: r.float("expected_orders", i),
			CLV:            r.float("clv", i),
		})
	}
	return list
}

// everyOwn puts the segments of the configuration in its order, those of nobody too.
func everyOwn(groups []Group, words []Described) []Group {
	list := make([]Group, len(words))
	for i, w := range words {
		list[i] = Group{Key: w.Key, Recency: math.NaN(), ChurnRisk: math.NaN(), CLV: math.NaN()}
		for _, g := range groups {
			if g.Key == w.Key {
				list[i] = g
			}
		}
	}
	return list
}

func keys(labels []Label) []string {
	var list []string
	for _, l := range labels {
		list = append(list, l.Key)
	}
	return list
}

// ordered puts groups in the order of the keys; the others follow, the
// largest first.
func ordered(groups []Group, order []string) []Group {
	rank := func(g Group) int {
		if i := slices.Index(order, g.Key); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(groups, func(a, b Group) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return int(b.Customers - a.Customers)
	})
	return groups
}

// foldGroups makes one group of the smallest when there are too many to show.
func foldGroups(groups []Group) []Group {
	if len(groups) <= maxGroups {
		return groups
	}
	sizes := slices.Clone(groups)
	slices.SortStableFunc(sizes, func(a, b Group) int { return int(b.Customers - a.Customers) })
	small := map[string]bool{}
	for _, g := range sizes[maxGroups-1:] {
		small[g.Key] = true
	}
	rest := Group{Key: OthersKey, Recency: math.NaN(), ChurnRisk: math.NaN()}
	kept := groups[:0:0]
	for _, g := range groups {
		if !small[g.Key] {
			kept = append(kept, g)
			continue
		}
		rest.Customers += g.Customers
		rest.Orders += g.Orders
		rest.NetRevenue += g.NetRevenue
		rest.Spend365 += known(g.Spend365)
		rest.ExpectedOrders += known(g.ExpectedOrders)
		rest.CLV += known(g.CLV)
	}
	return append(kept, rest)
}

// known is v, or zero when it is missing or not finite.
func known(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

func (b *builder) tenths() []Tenth {
	r := b.rows("churn_tenths")
	if r.len() == 0 {
		return nil
	}
	list := make([]Tenth, 10)
	for i := range r.len() {
		k := r.count("tenth", i)
		if k < 0 || k > 9 {
			r.fail("query %s: tenth %d", r.name, k)
			return nil
		}
		list[k] = Tenth{r.count("customers", i), known(r.float("spend_365", i)), known(r.float("clv", i))}
	}
	return list
}

func (b *builder) reasons() []Reason {
	r := b.rows("churn_reasons")
	var list []Reason
	for i := range r.len() {
		list = append(list, Reason{r.text("reason", i), r.count("customers", i), r.float("effect", i)})
	}
	slices.SortStableFunc(list, func(a, b Reason) int { return cmp.Compare(b.Customers, a.Customers) })
	return list
}

// maxBins is how many columns the CLV distribution has; the lowest become one.
const maxBins = 14

// bins fills the gaps between bins and joins the lowest when there are too many.
func (b *builder) bins() []Bin {
	r := b.rows("clv_bins")
	var list []Bin
	for i := range r.len() {
		bin := Bin{r.float("low", i), r.float("high", i), r.count("customers", i), known(r.float("clv", i))}
		for len(list) > 0 && list[len(list)-1].High < bin.Low*(1-1e-9) {
			list = append(list, Bin{Low: list[len(list)-1].High, High: nextEdge(list[len(list)-1].High)})
		}
		list = append(list, bin)
	}
	for len(list) > maxBins {
		list[1] = Bin{list[0].Low, list[1].High, list[0].Customers + list[1].Customers, list[0].CLV + list[1].CLV}
		list = list[1:]
	}
	return list
}

// nextEdge is the edge above v in 1, 2, 5, 10 ...
func nextEdge(v float64) float64 {
	if !(v > 0) {
		return 0.01
	}
	power := math.Pow(10, math.Floor(math.Log10(v)+1e-9))
	switch lead := v / power; {
	case lead < 1.5:
		return 2 * power
	case lead < 3:
		return 5 * power
	}
	return 10 * power
}

func (b *builder) curves() []Curve {
	r := b.rows("concentration")
	var list []Curve
	for i := range r.len() {
		measure := r.text("measure", i)
		if len(list) == 0 || list[len(list)-1].Measure != measure {
			list = append(list, Curve{Measure: measure, Total: r.float("total", i), Points: []Point{{0, 0}}})
		}
		c := &list[len(list)-1]
		c.Customers = r.count("customers", i)
		if reached := r.count("reached", i); c.Reached == 0 && c.Total > 0 {
			c.Reached = reached
		}
		c.Points = append(c.Points, Point{float64(c.Customers), r.float("value", i)})
	}
	for i := range list {
		c := &list[i]
		for k := range c.Points {
			c.Points[k].Customers /= float64(max(c.Customers, 1))
			if c.Points[k].Value /= c.Total; !(c.Total > 0) {
				c.Points[k].Value = 0
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Curve) int { return strings.Compare(b.Measure, a.Measure) }) // net_revenue, clv
	return list
}

// maxCohorts is how many cohorts a triangle shows, the latest.
const maxCohorts = 18

func (b *builder) cohorts(asOf int32) Cohorts {
	r := b.rows("cohorts")
	c := Cohorts{Step: 1}
	for i := range r.len() {
		start, _ := r.day("cohort", i)
		c.Step = int(r.count("step", i))
		age, customers := r.count("age", i), r.count("customers", i)
		if c.Step < 1 || age < 0 || age > 12_000 {
			r.fail("query %s: age %d, step %d", r.name, age, c.Step)
			return Cohorts{Step: 1}
		}
		if len(c.Rows) == 0 || c.Rows[len(c.Rows)-1].Start != start {
			c.Rows = append(c.Rows, Cohort{Start: start, Open: -1})
		}
		row := &c.Rows[len(c.Rows)-1]
		for int64(len(row.Active)) <= age {
			row.Active = append(row.Active, 0)
		}
		row.Active[age] = customers
		row.Size = row.Active[0]
	}
	for i := range c.Rows {
		row := &c.Rows[i]
		// Periods without any purchase up to the as-of day are zeros, not gaps.
		for shiftMonths(row.Start, len(row.Active)*c.Step) <= asOf {
			row.Active = append(row.Active, 0)
		}
		if shiftMonths(row.Start, len(row.Active)*c.Step) > asOf+1 {
			row.Open = len(row.Active) - 1
		}
	}
	if len(c.Rows) > maxCohorts {
		c.Rows = c.Rows[len(c.Rows)-maxCohorts:]
	}
	return c
}

// repeats adds up the repeat purchases of each period of the model, or of each
// month when there is no model of them.
func (b *builder) repeats(meta Meta) []Repeat {
	r := b.rows("repeat_days")
	var list []Repeat
	for i, e := range meta.Expected {
		to := meta.AsOf
		if i+1 < len(meta.Expected) {
			to = meta.Expected[i+1].From - 1
		}
		list = append(list, Repeat{From: e.From, To: to, Expected: e.Purchases})
	}
	for i := range r.len() {
		d, _ := r.day("day", i)
		n := r.count("purchases", i)
		if len(meta.Expected) == 0 {
			for start := shiftMonths(d, 0); len(list) == 0 || list[len(list)-1].From < start; {
				next := start
				if len(list) > 0 {
					next = shiftMonths(list[len(list)-1].From, 1)
				}
				list = append(list, Repeat{From: next, To: min(shiftMonths(next, 1)-1, meta.AsOf), Expected: math.NaN()})
			}
		}
		k, _ := slices.BinarySearchFunc(list, d, func(r Repeat, d int32) int { return int(r.To) - int(d) })
		if k < len(list) && list[k].From <= d {
			list[k].Actual += n
		}
	}
	if n := len(list); n > 1 {
		list[n-1].Partial = list[n-1].To-list[n-1].From < (list[n-2].To-list[n-2].From)*9/10
	}
	return list
}

func (b *builder) facts() []Fact {
	r := b.rows("facts")
	var list []Fact
	for i := range r.len() {
		f := Fact{
			Kind: r.text("kind", i), Facts: r.count("facts", i), WithoutCustomer: r.count("without_customer", i),
			NotCounted: r.count("not_counted", i), AfterAsOf: r.count("after_as_of", i),
		}
		f.FirstOn, f.Dated = r.day("first_on", i)
		f.LastOn, _ = r.day("last_on", i)
		if f.Facts > 0 {
			list = append(list, f)
		}
	}
	return list
}

func (b *builder) loads() []Load {
	r := b.rows("quality")
	var list []Load
	for i := range r.len() {
		list = append(list, Load{
			r.text("kind", i), r.text("source", i), r.text("state", i), r.count("files", i),
			r.count("rows_read", i), r.count("accepted", i), r.count("duplicates", i), r.count("rejected", i),
		})
	}
	return list
}

// rejects lists the most frequent reasons and counts the rows of the others.
func (b *builder) rejects(loads []Load) (list []Reject, others int64) {
	r := b.rows("rejects")
	for _, l := range loads {
		if l.State != "rolled back" {
			others += l.Rejected
		}
	}
	for i := range min(r.len(), maxReasons) {
		file := r.text("path", i)
		if file != "" {
			file = path.Base(strings.ReplaceAll(file, `\`, "/"))
		}
		list = append(list, Reject{r.text("source", i), r.text("column_name", i), r.text("reason", i), r.count("rejected", i), file, r.count("line", i), r.text("form", i)})
		others -= list[i].Rows
	}
	return list, max(others, 0)
}
