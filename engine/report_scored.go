package engine

import (
	"cmp"
	"math"
	"math/big"
	"slices"

	"clientele/engine/table"
	"clientele/models/stat"
)

// scoredTables are those results of report queries that are about the customers and
// their scores. The columns are in Go, where one pass over them costs a fraction of what
// the store takes; the queries say what the results are, and a test holds them to it.
func (r *run) scoredTables() map[string]*table.Table {
	t, cluster := r.table, r.clusterColumn()
	jobs := []func() map[string]*table.Table{
		func() map[string]*table.Table { return groupTables(t, cluster) },
		func() map[string]*table.Table {
			return map[string]*table.Table{"customers": customersTable(t), "coverage": coverageTable(t), "rfm_grid": gridTable(t), "clv_bins": binsTable(t)}
		},
		func() map[string]*table.Table {
			return map[string]*table.Table{"concentration": concentrationTable(t), "own_segments": r.ownTable()}
		},
	}
	made := make([]map[string]*table.Table, len(jobs))
	stat.Each(r.Config.Resources.Cores(), len(jobs), func(i int) { made[i] = jobs[i]() })
	out := map[string]*table.Table{}
	for _, m := range made {
		for name, result := range m {
			out[name] = result
		}
	}
	return out
}

// figures are the sums of one group of customers that reports show.
type figures struct {
	customers, orders, silent, recency  int64
	revenue, spend, risk, expected, clv exact
}

// summed hands out the columns that figures add up.
type summed struct {
	orders, recency                     *table.Column
	revenue, spend, risk, expected, clv []float64
}

func summedOf(t *table.Table) *summed {
	return &summed{t.Column("orders"), t.Column("recency_days"), t.Floats("net_revenue"), t.Floats("spend_365"),
		t.Floats("churn_risk"), t.Floats("expected_orders"), t.Floats("clv")}
}

// add adds customer i.
func (f *figures) add(s *summed, i int) {
	f.customers++
	if !s.orders.Missing(i) {
		f.orders += s.orders.Int(i)
	}
	if !s.recency.Missing(i) {
		f.silent++
		f.recency += s.recency.Int(i)
	}
	f.revenue.add(s.revenue[i], moneyScale)
	f.spend.add(s.spend[i], moneyScale)
	f.risk.add(s.risk[i], probabilityScale)
	f.expected.add(s.expected[i], orderScale)
	f.clv.add(s.clv[i], moneyScale)
}

func (f *figures) join(o *figures) {
	f.customers, f.orders, f.silent, f.recency = f.customers+o.customers, f.orders+o.orders, f.silent+o.silent, f.recency+o.recency
	f.revenue.join(o.revenue)
	f.spend.join(o.spend)
	f.risk.join(o.risk)
	f.expected.join(o.expected)
	f.clv.join(o.clv)
}

// groupSums is a group with what it is called.
type groupSums struct {
	name  string
	place int // among all there may be
	figures
}

// figuresTable has a row for each group.
func figuresTable(key string, list []groupSums) *table.Table {
	t := table.Make(0, table.Field{Name: key, Kind: table.Text}, table.Field{Name: "customers", Kind: table.Int}, table.Field{Name: "orders", Kind: table.Int},
		table.Field{Name: "net_revenue"}, table.Field{Name: "spend_365"}, table.Field{Name: "recency_days"}, table.Field{Name: "churn_risk"},
		table.Field{Name: "expected_orders"}, table.Field{Name: "clv"})
	c := t.Columns()
	for _, g := range list {
		c[0].Texts.AppendString(g.name)
		c[1].Ints, c[2].Ints = append(c[1].Ints, g.customers), append(c[2].Ints, g.orders)
		for k, v := range []float64{g.revenue.total(moneyScale), g.spend.total(moneyScale), float64(g.recency) / float64(g.silent),
			g.risk.mean(probabilityScale), g.expected.total(orderScale), g.clv.total(moneyScale)} {
			c[3+k].Floats = append(c[3+k].Floats, v)
		}
	}
	return table.New(c...)
}

// dimension is a column that reports group customers by, with its labels in order.
type dimension struct {
	codes  []int32
	place  []int // of a code among labels
	labels []string
}

func dimensionOf(c *table.Column) dimension {
	return dimension{c.Codes, places(c.Labels), slices.Compact(slices.Sorted(slices.Values(c.Labels)))}
}

// at is 0 for a customer without a label, else 1 and more.
func (d *dimension) at(i int) int {
	if code := d.codes[i]; code >= 0 {
		return 1 + d.place[code]
	}
	return 0
}

// tenths is how many steps churn risks are told in.
const tenths = 10

// groupTables are segments, stages, bands, clusters and tenths of the churn risk, added
// up from the groups that customers are in by all of these.
func groupTables(t *table.Table, cluster *table.Column) map[string]*table.Table {
	by := []dimension{dimensionOf(t.Column("rfm_segment")), dimensionOf(t.Column("lifecycle_stage")), dimensionOf(t.Column("churn_band")), dimensionOf(cluster)}
	size := 1 + tenths
	for _, d := range by {
		size *= 1 + len(d.labels)
	}
	number := make([]int32, size) // of a combination, from 1 on; 0: nobody has it yet
	var places [][]int
	var groups []figures
	s := summedOf(t)
	for i := range t.Rows() {
		at := 0
		if risk := s.risk[i]; risk == risk {
			at = 1 + int(min(math.Floor(risk*tenths), tenths-1))
		}
		for k := range by {
			at = at*(1+len(by[k].labels)) + by[k].at(i)
		}
		if number[at] == 0 {
			groups, places = append(groups, figures{}), append(places, combination(by, at))
			number[at] = int32(len(groups))
		}
		groups[number[at]-1].add(s, i)
	}
	along := func(k int, labels []string) []groupSums {
		all := make([]figures, 1+len(labels))
		for g := range groups {
			all[places[g][k]].join(&groups[g])
		}
		var out []groupSums
		for p, f := range all[1:] {
			if f.customers > 0 {
				out = append(out, groupSums{labels[p], p, f})
			}
		}
		return out
	}
	clusters := along(3, by[3].labels)
	slices.SortStableFunc(clusters, func(a, b groupSums) int { return cmp.Compare(b.customers, a.customers) })
	return map[string]*table.Table{
		"segments": figuresTable("rfm_segment", along(0, by[0].labels)), "lifecycle": figuresTable("lifecycle_stage", along(1, by[1].labels)),
		"churn_bands": figuresTable("churn_band", along(2, by[2].labels)), "clusters": figuresTable("cluster", clusters),
		"churn_tenths": tenthsTable(along(4, make([]string, tenths))),
	}
}

// combination is where a group stands along each dimension, and the step of its risk,
// as groupTables numbers them.
func combination(by []dimension, at int) []int {
	out := make([]int, len(by)+1)
	for k, d := range slices.Backward(by) {
		out[k], at = at%(1+len(d.labels)), at/(1+len(d.labels))
	}
	out[len(by)] = at
	return out
}

func tenthsTable(list []groupSums) *table.Table {
	t := table.Make(len(list), table.Field{Name: "tenth", Kind: table.Int}, table.Field{Name: "customers", Kind: table.Int}, table.Field{Name: "spend_365"}, table.Field{Name: "clv"})
	c := t.Columns()
	for i, g := range list {
		c[0].Ints[i], c[1].Ints[i] = int64(g.place), g.customers
		c[2].Floats[i], c[3].Floats[i] = g.spend.total(moneyScale), g.clv.total(moneyScale)
	}
	return t
}

// ownTable is the segments of the configuration.
func (r *run) ownTable() *table.Table {
	s, list := summedOf(r.table), make([]groupSums, len(r.members))
	for k, m := range r.members {
		list[k].name = m.name
		for _, i := range m.rows {
			list[k].add(s, int(i))
		}
	}
	return figuresTable("segment", slices.DeleteFunc(list, func(g groupSums) bool { return g.customers == 0 }))
}

// oneRow is a result of one row of counts and sums, by their names.
func oneRow(counts []string, n []int64, sums []string, v []float64) *table.Table {
	t := table.New()
	for k, name := range counts {
		t.Add(&table.Column{Field: table.Field{Name: name, Kind: table.Int}, Ints: []int64{n[k]}})
	}
	for k, name := range sums {
		t.Add(&table.Column{Field: table.Field{Name: name}, Floats: []float64{v[k]}})
	}
	return t
}

func customersTable(t *table.Table) *table.Table {
	orders, active := t.Column("orders"), []*table.Column{t.Column("orders_30"), t.Column("orders_90"), t.Column("orders_365")}
	n := make([]int64, 7) // in the order of the names below
	for i := range t.Rows() {
		for k, c := range active {
			if !c.Missing(i) && c.Int(i) > 0 {
				n[2+k]++
			}
		}
		if orders.Missing(i) || orders.Int(i) <= 0 {
			n[1]++
			continue
		}
		n[0]++
		if orders.Int(i) > 1 {
			n[5]++
		}
		n[6] += orders.Int(i)
	}
	return oneRow([]string{"customers", "prospects", "active_30", "active_90", "active_365", "repeaters", "orders"}, n, nil, nil)
}

func coverageTable(t *table.Table) *table.Table {
	orders := t.Column("orders")
	var buyers int64
	for i := range t.Rows() {
		if !orders.Missing(i) && orders.Int(i) > 0 {
			buyers++
		}
	}
	counts := []int64{buyers}
	for _, name := range []string{"rfm_segment", "p_alive", "churn_risk", "expected_orders", "clv", "lifecycle_stage"} {
		c, n := t.Column(name), int64(0)
		for i := range t.Rows() {
			if !c.Missing(i) {
				n++
			}
		}
		counts = append(counts, n)
	}
	var alive, expected, clv exact
	for i, v := range t.Floats("p_alive") {
		alive.add(v, probabilityScale)
		expected.add(t.Floats("expected_orders")[i], orderScale)
		clv.add(t.Floats("clv")[i], moneyScale)
	}
	return oneRow([]string{"customers", "rfm", "p_alive", "churn", "expected", "clv", "lifecycle"}, counts,
		[]string{"alive_sum", "expected_orders_sum", "clv_sum"}, []float64{alive.total(probabilityScale), expected.total(orderScale), clv.total(moneyScale)})
}

// gridTable is customers by recency and frequency score, which are small numbers.
func gridTable(t *table.Table) *table.Table {
	recent, often, revenue := t.Column("r_score"), t.Column("f_score"), t.Floats("net_revenue")
	var span int64
	for i := range t.Rows() {
		span = max(span, 1+often.Int(i))
	}
	var cells []groupSums
	for i := range t.Rows() {
		if recent.Missing(i) || often.Missing(i) {
			continue
		}
		at := recent.Int(i)*span + often.Int(i)
		for int64(len(cells)) <= at {
			cells = append(cells, groupSums{place: len(cells)})
		}
		cells[at].customers++
		cells[at].revenue.add(revenue[i], moneyScale)
	}
	cells = slices.DeleteFunc(cells, func(c groupSums) bool { return c.customers == 0 })
	out := table.Make(len(cells), table.Field{Name: "r_score", Kind: table.Int}, table.Field{Name: "f_score", Kind: table.Int},
		table.Field{Name: "customers", Kind: table.Int}, table.Field{Name: "net_revenue"})
	c := out.Columns()
	for i, cell := range cells {
		c[0].Ints[i], c[1].Ints[i], c[2].Ints[i] = int64(cell.place)/span, int64(cell.place)%span, cell.customers
		c[3].Floats[i] = cell.revenue.total(moneyScale)
	}
	return out
}

// binEdges are the lower edges of the bins of lifetime values: 0, 0.01, 0.02, 0.05, 0.1 ...
func binEdges() []float64 {
	edges := []float64{0}
	for power := -2; power < 13; power++ {
		for _, step := range []float64{1, 2, 5} {
			edges = append(edges, step*math.Pow(10, float64(power)))
		}
	}
	return edges
}

func binsTable(t *table.Table) *table.Table {
	edges := binEdges()
	bins := make([]exact, len(edges))
	for _, v := range t.Floats("clv") {
		if !(v >= 0) {
			continue
		}
		at, found := slices.BinarySearch(edges, v)
		if !found {
			at--
		}
		bins[at].add(v, moneyScale)
	}
	out := table.Make(0, table.Field{Name: "low"}, table.Field{Name: "high"}, table.Field{Name: "customers", Kind: table.Int}, table.Field{Name: "clv"})
	c := out.Columns()
	for k, b := range bins {
		if b.n == 0 {
			continue
		}
		high := math.NaN()
		if k+1 < len(edges) {
			high = edges[k+1]
		}
		c[0].Floats, c[1].Floats, c[2].Ints, c[3].Floats = append(c[0].Floats, edges[k]), append(c[1].Floats, high), append(c[2].Ints, b.n), append(c[3].Floats, b.total(moneyScale))
	}
	return table.New(c...)
}

// concentrationTable is clv and net_revenue.
func concentrationTable(t *table.Table) *table.Table {
	out := table.Make(0, table.Field{Name: "measure", Kind: table.Text}, table.Field{Name: "percent", Kind: table.Int}, table.Field{Name: "customers", Kind: table.Int},
		table.Field{Name: "value"}, table.Field{Name: "total"}, table.Field{Name: "reached", Kind: table.Int})
	orders := t.Column("orders")
	amounts, room := make([]int64, 0, t.Rows()), make([]int64, t.Rows())
	for _, v := range t.Floats("clv") {
		if v == v {
			amounts = append(amounts, int64(math.Round(v*100)))
		}
	}
	concentrated(out, "clv", amounts, room)
	amounts = amounts[:0]
	for i, v := range t.Floats("net_revenue") {
		if !orders.Missing(i) && orders.Int(i) > 0 {
			amounts = append(amounts, int64(math.Round(max(v, 0)*100)))
		}
	}
	concentrated(out, "net_revenue", amounts, room)
	return table.New(out.Columns()...)
}

// concentrated adds the rows of one measure: at each percent of the amounts, from the
// largest down, what those hold together.
func concentrated(out *table.Table, measure string, amounts, room []int64) {
	sortDown(amounts, room)
	var total wide
	for _, v := range amounts {
		total.add(wideOf(v))
	}
	most := fourFifths(total)
	var sum wide
	first, n := 0, len(amounts)
	c := out.Columns()
	for percent := 1; percent <= 100; percent++ {
		last := percent * n / 100
		if last == first {
			continue
		}
		reached := int64(0)
		if !sum.less(most) {
			reached = int64(first) + 1
		}
		for at, v := range amounts[first:last] {
			sum.add(wideOf(v))
			if reached == 0 && !sum.less(most) {
				reached = int64(first+at) + 1
			}
		}
		c[0].Texts.AppendString(measure)
		c[1].Ints, c[2].Ints, c[5].Ints, c[5].Null = append(c[1].Ints, int64(percent)), append(c[2].Ints, int64(last)), append(c[5].Ints, reached), append(c[5].Null, reached == 0)
		c[3].Floats, c[4].Floats = append(c[3].Floats, sum.over(1)/100), append(c[4].Floats, total.over(1)/100)
		first = last
	}
}

// fourFifths is the least whole number that is 80 % of total or more.
func fourFifths(total wide) wide {
	n := new(big.Int).Mul(total.big(), big.NewInt(4))
	n.Neg(n.Div(n.Neg(n), big.NewInt(5))) // Div rounds down
	lo := new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64))
	return wide{new(big.Int).Rsh(n, 64).Int64(), lo.Uint64()}
}

// sortDown sorts the largest first, by the digits of the distance to the largest; room
// is as long.
func sortDown(values, room []int64) {
	if len(values) == 0 {
		return
	}
	least, most := slices.Min(values), slices.Max(values)
	const digits = 11 // binary ones
	from, to := values, room[:len(values)]
	for shift := 0; uint64(most-least)>>shift > 0; shift += digits {
		var starts [1 << digits]int
		for _, v := range from {
			starts[uint64(most-v)>>shift%(1<<digits)]++
		}
		sum := 0
		for d, n := range starts {
			starts[d], sum = sum, sum+n
		}
		for _, v := range from {
			d := uint64(most-v) >> shift % (1 << digits)
			to[starts[d]] = v
			starts[d]++
		}
		from, to = to, from
	}
	copy(values, from)
}
