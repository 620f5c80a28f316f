package report

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"clientele/engine/table"
	"clientele/queries"
)

func dayOf(text string) int32 {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return days(t)
}

// result makes the table of a query from rows of values in the order of its
// header: int for BIGINT, float64 for DOUBLE, string for VARCHAR, int32 for
// DATE, int for the units of DECIMAL(18,4), nil for NULL. So fixtures cannot drift from the queries.
func result(t testing.TB, name string, values ...[]any) *table.Table {
	t.Helper()
	q := queries.Get("report/" + name)
	kinds := map[string]table.Kind{"BIGINT": table.Int, "DOUBLE": table.Float, "VARCHAR": table.Text, "DATE": table.Date, "DECIMAL(18,4)": table.Decimal}
	out := table.New()
	for j, g := range q.Gives {
		kind, ok := kinds[g.Type]
		if !ok {
			t.Fatalf("%s: no kind for %s", name, g.Type)
		}
		c := &table.Column{Field: table.Field{Name: g.Name, Kind: kind}}
		if kind == table.Text {
			c.Texts.Offsets = []int32{0}
		}
		for _, row := range values {
			if len(row) != len(q.Gives) {
				t.Fatalf("%s: a row of %d values, the query gives %d", name, len(row), len(q.Gives))
			}
			missing := row[j] == nil
			c.Null = append(c.Null, missing)
			switch kind {
			case table.Int, table.Decimal:
				v, _ := row[j].(int)
				c.Ints = append(c.Ints, int64(v))
			case table.Float:
				v, ok := row[j].(float64)
				if !ok {
					v = math.NaN()
				}
				c.Floats = append(c.Floats, v)
			case table.Text:
				v, _ := row[j].(string)
				c.Texts.AppendString(v)
			case table.Date:
				v, _ := row[j].(int32)
				c.Dates = append(c.Dates, v)
			}
		}
		out.Add(c)
	}
	return out
}

// empty is what every query gives of an empty store.
func empty(t testing.TB) map[string]*table.Table {
	m := map[string]*table.Table{}
	for _, name := range Queries() {
		m[name] = result(t, name)
	}
	m["customers"] = result(t, "customers", []any{0, 0, 0, 0, 0, 0, 0})
	m["sales"] = result(t, "sales", []any{0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, nil, nil})
	m["coverage"] = result(t, "coverage", []any{0, 0, 0, 0, 0, 0, 0, nil, nil, nil})
	return m
}

// shopMeta is the meta of the made-up shop.
func shopMeta() Meta {
	return Meta{
		AsOf: dayOf("2025-06-18"), Shop: "Lantern & Leaf 灯叶茶铺", Currency: "CNY", Version: "0.1.0", Zone: "Asia/Shanghai",
		Horizon: 365, Window: 90, Discount: 0.1, Margin: 1, Medium: 0.5, High: 0.8,
		Scheme: "grid125", Monetary: "total", Lifecycle: Stages{30, 90, 180, 365, 180},
		Segments: []Label{
			{"Champions", Text{"Champions", "重要价值客户"}}, {"Loyal", Text{"Loyal", "忠诚客户"}},
			{"Potential Loyalist", Text{"Potential Loyalist", "潜在忠诚客户"}}, {"New Customers", Text{"New Customers", "新客户"}},
			{"Promising", Text{"Promising", "有潜力客户"}}, {"Need Attention", Text{"Need Attention", "需关注客户"}},
			{"About To Sleep", Text{"About To Sleep", "即将沉睡客户"}}, {"At Risk", Text{"At Risk", "有流失风险客户"}},
			{"Cannot Lose Them", Text{"Cannot Lose Them", "不能流失客户"}}, {"Hibernating", Text{"Hibernating", "沉睡客户"}},
			{"Lost", Text{"Lost", "已流失客户"}},
		},
		Reasons: []Label{{"silence", Text{"how long silent", "沉默时长"}}, {"purchases", Text{"purchases so far", "以往购买"}}},
		Models: []ModelReport{
			{Model: "rfm", Status: "fixed", Method: "grid125; cn8 by mean of values", LogLikelihood: math.NaN(), Rows: 9000},
			{Model: "pareto_nbd", Status: "converged", Method: "pareto_nbd", Rows: 9000, Iterations: 31, LogLikelihood: -95415.11912,
				Parameters: []Parameter{{"r", 0.5534}, {"alpha", 10.578}, {"s", 0.6061}, {"beta", 11.6656}, {"trans.acquired_channel=shop", -0.0216}, {"life.age=(unknown)", 0.13}},
				Notes:      []Warning{{"covariate", Text{"Customers of acquired_channel shop buy 0.979 times as often as those of web (95 % interval 0.813 to 1.18).", "acquired_channel 为 shop 的客户与 web 相比，购买频率为 0.979 倍（95% 区间 0.813 至 1.18）。"}}}},
			{Model: "pareto_nbd/(groups)", Status: "fallback", Method: "by gender", Rows: 9000, LogLikelihood: -95405.2,
				Notes: []Warning{{"groups_unworthy", Text{"Fits by gender (2 groups) are not worth their parameters.", "按 gender 分组（2 组）拟合不值得其增加的参数。"}}}},
			{Model: "gamma_gamma", Status: "fallback", Method: "shrunk_mean", Rows: 4100, LogLikelihood: math.NaN(),
				Warnings: []Warning{{"shrunk_mean", Text{"Expected spend is instead the mean of the customer's own repeat purchases and of one more at the mean of all repeat purchases.", "预计消费额改用客户自身各次复购与额外一次按全体复购均值计的购买的平均值。"}}}},
			{Model: "clv", Status: "fixed", Method: "discounted_orders_times_spend", LogLikelihood: math.NaN(), Rows: 9000, Parameters: []Parameter{{"margin", 1}}},
			{Model: "churn_risk", Status: "converged", Method: "logistic_regression", LogLikelihood: -3287.84, Rows: 27000, Parameters: []Parameter{{"intercept", 2.121}, {"recency", 0.1601}}},
			{Model: "churn", Status: "fixed", Method: "thresholds on churn_risk", LogLikelihood: math.NaN(), Rows: 9000},
			{Model: "lifecycle", Status: "fixed", Method: "rules on days", LogLikelihood: math.NaN(), Rows: 9000},
		},
		Checks:   []Check{{"known channels", "orders", "channel", "error", 12}, {"refund_sums", "orders, refunds", "", "warning", 3}},
		Warnings: []Warning{{"seasons", Text{"Sales follow the seasons, and the models of purchasing do not: figures over less than a year lean high after a peak.", "销售有明显季节性而复购模型不含季节性：旺季之后不足一年的预测会偏高。"}}},
	}
}

// shop simulates a tea shop of two years and gives what the queries would.
func shop(t testing.TB, n int) (map[string]*table.Table, Meta) {
	meta := shopMeta()
	start, asOf := dayOf("2023-05-06"), meta.AsOf
	rng := rand.New(rand.NewPCG(7, 11))
	type buy struct {
		day int32
		net float64
	}
	type customer struct {
		buys                                []buy
		first, last                         int32
		revenue, spend365, alive, risk, clv float64
		expected                            float64
		r, f                                int
	}
	m := empty(t)
	var all []*customer
	for range n {
		rate := 0.02 * math.Exp(1.1*rng.NormFloat64()) / 3
		death := 0.002 * math.Exp(0.9*rng.NormFloat64())
		ticket := 120 * math.Exp(0.6*rng.NormFloat64())
		c := &customer{first: start + int32(float64(asOf-start)*math.Pow(rng.Float64(), 0.8))}
		end := c.first + int32(rng.ExpFloat64()/death)
		for at := c.first; at <= min(asOf, end); at += 1 + int32(rng.ExpFloat64()/rate) {
			if month := day(at).Month(); at == c.first || month != time.February || rng.Float64() < 0.6 {
				season := 1 + 0.35*math.Sin(2*math.Pi*float64(at-60)/365)
				c.buys = append(c.buys, buy{at, math.Round(100*ticket*season*math.Exp(0.4*rng.NormFloat64())) / 100})
			}
		}
		c.last = c.buys[len(c.buys)-1].day
		for _, b := range c.buys {
			c.revenue += b.net
			if b.day > asOf-365 {
				c.spend365 += b.net
			}
		}
		quiet := float64(asOf-c.last) * rate
		c.alive = 1 / (1 + 0.05*math.Exp(quiet*1.2))
		c.expected = c.alive * rate * 365 * 0.6
		c.clv = c.expected * c.revenue / float64(len(c.buys))
		c.risk = 1 - c.alive*(1-math.Exp(-rate*60))
		all = append(all, c)
	}
	score := func(of func(*customer) float64, set func(*customer, int)) {
		var v []float64
		for _, c := range all {
			v = append(v, of(c))
		}
		slices.Sort(v)
		for _, c := range all {
			s := 1
			for k := 1; k < 5; k++ {
				if of(c) > v[len(v)*k/5] {
					s++
				}
			}
			set(c, s)
		}
	}
	score(func(c *customer) float64 { return float64(c.last) }, func(c *customer, s int) { c.r = s })
	score(func(c *customer) float64 { return float64(len(c.buys)) }, func(c *customer, s int) { c.f = s })

	// Sums by whatever key.
	type total struct {
		customers, orders                            int
		revenue, spend, recency, risk, expected, clv float64
	}
	add := func(x *total, c *customer) {
		x.customers++
		x.orders += len(c.buys)
		x.revenue += c.revenue
		x.spend += c.spend365
		x.recency += float64(asOf - c.last)
		x.risk += c.risk
		x.expected += c.expected
		x.clv += c.clv
	}
	grid, segments, stages, bands := map[[2]int]*total{}, map[string]*total{}, map[string]*total{}, map[string]*total{}
	into := func(m map[string]*total, key string, c *customer) {
		if m[key] == nil {
			m[key] = &total{}
		}
		add(m[key], c)
	}
	var whole, recent, before total
	var active30, active90, active365, repeaters int
	tenths := map[int]*total{}
	months := map[int32]*[3]int{}
	sales := map[int32]float64{}
	cohorts := map[[2]int32]int{}
	repeatDays := map[int32]int{}
	for _, c := range all {
		add(&whole, c)
		if grid[[2]int{c.r, c.f}] == nil {
			grid[[2]int{c.r, c.f}] = &total{}
		}
		add(grid[[2]int{c.r, c.f}], c)
		into(segments, segmentOf(c.r, c.f), c)
		quiet := asOf - c.last
		switch {
		case len(c.buys) == 1 && quiet <= 30:
			into(stages, "new", c)
		case quiet <= 90 && len(c.buys)%9 == 8:
			into(stages, "won_back", c)
		case quiet <= 90:
			into(stages, "active", c)
		case quiet <= 180:
			into(stages, "at_risk", c)
		case quiet <= 365:
			into(stages, "lapsed", c)
		default:
			into(stages, "lost", c)
		}
		switch {
		case c.risk >= 0.8:
			into(bands, "high", c)
		case c.risk >= 0.5:
			into(bands, "medium", c)
		default:
			into(bands, "low", c)
		}
		k := min(int(c.risk*10), 9)
		if tenths[k] == nil {
			tenths[k] = &total{}
		}
		add(tenths[k], c)
		if quiet < 30 {
			active30++
		}
		if quiet < 90 {
			active90++
		}
		if quiet < 365 {
			active365++
		}
		if len(c.buys) > 1 {
			repeaters++
		}
		seen, seenQuarter := map[int32]bool{}, map[int32]bool{}
		quarter := func(d int32) int32 { return int32(day(d).Year()*4 + (int(day(d).Month())-1)/3) }
		for i, b := range c.buys {
			mo := shiftMonths(b.day, 0)
			if months[mo] == nil {
				months[mo] = &[3]int{}
			}
			months[mo][0]++
			if !seen[mo] {
				seen[mo] = true
				months[mo][1]++
			}
			if i == 0 {
				months[mo][2]++
			} else {
				repeatDays[b.day]++
			}
			sales[mo] += b.net
			if q := quarter(b.day); !seenQuarter[q] {
				seenQuarter[q] = true
				cohorts[[2]int32{quarter(c.first), q - quarter(c.first)}]++
			}
			if b.day > asOf-365 {
				recent.orders++
				recent.revenue += b.net
			} else if b.day > asOf-730 {
				before.orders++
				before.revenue += b.net
			}
		}
	}
	guests, guestSales := n/40, float64(n)/40*95.5
	refunds := whole.revenue * 0.021
	m["customers"] = result(t, "customers", []any{n, n / 7, active30, active90, active365, repeaters, whole.orders})
	m["sales"] = result(t, "sales", []any{whole.orders + guests, recent.orders, before.orders, guests, guestSales,
		whole.revenue + guestSales - refunds, recent.revenue * .98, before.revenue * .98, refunds, start, asOf})
	alive := 0.0
	for _, c := range all {
		alive += c.alive
	}
	m["coverage"] = result(t, "coverage", []any{n, n, n, n, n, n, n + n/7, alive, whole.expected, whole.clv})
	var list [][]any
	for _, mo := range sortedKeys(months) {
		x := months[mo]
		list = append(list, []any{mo, x[0], x[1], x[2], sales[mo], sales[mo] * .021, sales[mo] * .979})
	}
	m["monthly"] = result(t, "monthly", list...)
	list = nil
	for r := 1; r <= 5; r++ {
		for f := 1; f <= 5; f++ {
			if x := grid[[2]int{r, f}]; x != nil {
				list = append(list, []any{r, f, x.customers, x.revenue})
			}
		}
	}
	m["rfm_grid"] = result(t, "rfm_grid", list...)
	groups := func(name string, of map[string]*total) {
		var list [][]any
		for _, key := range sortedKeys(of) {
			x := of[key]
			list = append(list, []any{key, x.customers, x.orders, x.revenue, x.spend, x.recency / float64(x.customers), x.risk / float64(x.customers), x.expected, x.clv})
		}
		if name == "lifecycle" {
			list = append(list, []any{"prospect", n / 7, 0, nil, nil, nil, nil, nil, nil})
		}
		m[name] = result(t, name, list...)
	}
	groups("segments", segments)
	groups("lifecycle", stages)
	groups("churn_bands", bands)
	list = nil
	for _, k := range sortedKeys(tenths) {
		list = append(list, []any{k, tenths[k].customers, tenths[k].spend, tenths[k].clv})
	}
	m["churn_tenths"] = result(t, "churn_tenths", list...)
	m["churn_reasons"] = result(t, "churn_reasons", []any{"purchases", n / 9, 0.41}, []any{"none", 1, -0.02}, []any{"silence", n / 3, 1.3})
	bins := map[float64]*total{}
	for _, c := range all {
		low := 0.0
		for next := nextEdge(low); c.clv >= next; next = nextEdge(low) {
			low = next
		}
		if bins[low] == nil {
			bins[low] = &total{}
		}
		add(bins[low], c)
	}
	list = nil
	for _, low := range sortedKeys(bins) {
		list = append(list, []any{low, nextEdge(low), bins[low].customers, bins[low].clv})
	}
	m["clv_bins"] = result(t, "clv_bins", list...)
	list = nil
	for _, measure := range []string{"clv", "net_revenue"} {
		of := func(c *customer) float64 { return c.revenue }
		all := slices.Clone(all)
		sum := whole.revenue
		if measure == "clv" {
			of, sum = func(c *customer) float64 { return c.clv }, whole.clv
		}
		slices.SortStableFunc(all, func(a, b *customer) int { return cmp.Compare(of(b), of(a)) })
		running, reached := 0.0, any(nil)
		for i, c := range all {
			running += of(c)
			if reached == nil && running >= 0.8*sum {
				reached = i + 1
			}
			if percent := (100*(i+1) + n - 1) / n; i == n-1 || (100*(i+2)+n-1)/n != percent {
				list = append(list, []any{measure, percent, i + 1, running, sum, reached})
			}
		}
	}
	m["concentration"] = result(t, "concentration", list...)
	list = nil
	for _, key := range sortedPairs(cohorts) {
		cohort := days(time.Date(int(key[0])/4, time.Month(int(key[0])%4*3+1), 1, 0, 0, 0, 0, time.UTC))
		list = append(list, []any{cohort, int(key[1]), cohorts[key], 3})
	}
	m["cohorts"] = result(t, "cohorts", list...)
	list = nil
	expected := map[int32]float64{}
	for _, d := range sortedKeys(repeatDays) {
		list = append(list, []any{d, repeatDays[d]})
		expected[shiftMonths(d, 0)] += float64(repeatDays[d])
	}
	m["repeat_days"] = result(t, "repeat_days", list...)
	for i, d := range sortedKeys(expected) {
		meta.Expected = append(meta.Expected, Expected{d, expected[d] * (0.93 + 0.13*math.Sin(float64(i)))})
	}
	meta.Totals = []Total{{"all", "all", n, around(whole.expected), around(whole.clv)}}
	for key, x := range segments {
		meta.Totals = append(meta.Totals, Total{"rfm grid125", key, x.customers, around(x.expected), around(x.clv)})
	}
	for key, x := range bands {
		meta.Totals = append(meta.Totals, Total{"churn band", key, x.customers, around(x.expected), around(x.clv)})
	}
	for key, x := range stages {
		meta.Totals = append(meta.Totals, Total{"lifecycle", key, x.customers, around(x.expected), around(x.clv)})
	}
	meta.Past = lookedBack(n, repeatDays, asOf)
	m["quality"] = result(t, "quality",
		[]any{"customers", "crm-导出", "loaded", 1, n + n/7, n + n/7, 0, 0},
		[]any{"orders", "shop", "loaded", 26, whole.orders + 77, whole.orders, 41, 36},
		[]any{"orders", "marketplace <tmall>", "refused", 1, 1204, 1143, 0, 61},
		[]any{"refunds", "shop", "loaded", 26, 812, 811, 0, 1})
	m["rejects"] = result(t, "rejects",
		[]any{"marketplace <tmall>", "下单时间", "not a date", 61, "exports/tmall-2025-05.csv", 17, "9999x99x"},
		[]any{"shop", "amount", "not a number", 30, `C:\exports\orders-2024-11.csv`, 8812, "99.99xx"},
		[]any{"shop", "", "row has 9 cells, header has 8", 6, "/data/orders-2024-12.csv", 1207, nil})
	// The web shop sells daily, but for twelve days of which the file is missing; the till is closed on Sundays, and silent of late.
	list = nil
	for d := start; d <= asOf; d++ {
		wave := 1 + 0.4*math.Sin(2*math.Pi*float64(d-60)/365)
		if d < start+400 || d >= start+412 {
			list = append(list, []any{"shop", d, 1 + int(40*wave*rng.Float64())})
		}
		if day(d).Weekday() != time.Sunday && d < asOf-8 {
			list = append(list, []any{"till 门店", d, 1 + int(9*rng.Float64())})
		}
	}
	m["quality_days"] = result(t, "quality_days", list...)
	m["quality_fresh"] = result(t, "quality_fresh",
		[]any{"customers", "crm-导出", nil, nil, asOf + 1},
		[]any{"orders", "shop", start, asOf, asOf + 1},
		[]any{"orders", "till 门店", start, asOf - 9, asOf - 8},
		[]any{"refunds", "shop", start + 9, asOf - 1, asOf + 1})
	m["quality_unknown"] = result(t, "quality_unknown",
		[]any{"orders", "customer", whole.orders, guests}, []any{"orders", "channel", whole.orders, 0}, []any{"order-lines", "product", 0, 0},
		[]any{"refunds", "order", 811, 14}, []any{"customers", "birth_date", n, n})
	m["quality_merges"] = result(t, "quality_merges", []any{"e-mail", 61, 64}, []any{"phone", 12, 12}, []any{"link", 1, 2})
	m["quality_shared"] = result(t, "quality_shared",
		[]any{"phone", "***0000", "too many people", 212, 1, 3}, []any{"e-mail", "n***@shop.example", "ignored", 9, 2, 3}, []any{"e-mail", "a***@home.example", "kept apart by links.csv:7", 2, 3, 3})
	m["exclusions"] = result(t, "exclusions", []any{"staff 员工", "customers", 7, 41, 512_3400_00}, []any{"test orders", "orders", 2, 3, 3_0000})
	m["facts"] = result(t, "facts",
		[]any{"customers", n + n/7, 0, 0, 0, nil, nil},
		[]any{"orders", whole.orders + guests + 12, guests, 12, 3, start, asOf + 1},
		[]any{"refunds", 811, 14, 0, 0, start + 9, asOf - 1})
	return m, meta
}

// around is an estimate with an interval of a tenth on both sides.
func around(v float64) Range { return Range{v, v * 0.9, v * 1.1} }

// lookedBack is a backtest of the made-up shop, whose figures fit each other.
func lookedBack(n int, repeatDays map[int32]int, asOf int32) Backtest {
	origin := asOf - 90
	b := Backtest{Origin: origin, Days: 90, Customers: n - n/10, Every: 1, Spend: float64(n) * 91, Buyers: n / 4, Level: Level{Factor: 1 / 0.82}}
	for d := origin + 1; d <= asOf; d++ {
		b.Orders += float64(repeatDays[d])
	}
	b.Forecasts = []Forecast{
		{Name: "pareto_nbd", Used: true, Orders: 0.82 * b.Orders, MAE: 0.318, Inside: 0.957, Spend: 0.9 * b.Spend, SpendInside: 0.94,
			Total: Range{0.82 * b.Orders, 0.6 * b.Orders, 0.95 * b.Orders}, SpendTotal: Range{0.9 * b.Spend, 0.7 * b.Spend, 1.1 * b.Spend}},
		{Name: "naive_rate", Rule: true, Orders: 1.35 * b.Orders, MAE: 0.365, Inside: math.NaN(), Spend: math.NaN(), SpendInside: math.NaN()},
	}
	for start := origin - 7*40 + 1; start+6 <= asOf; start += 7 {
		w := Week{Start: start, Forecast: start > origin}
		for d := start; d < start+7; d++ {
			w.Actual += float64(repeatDays[d])
		}
		w.Modelled = 0.9*w.Actual + 1
		b.Weeks = append(b.Weeks, w)
	}
	b.Buying = Buying{Origin: origin, Days: 90, Customers: b.Customers, Buyers: b.Buyers, Asked: "auto", Refitted: true,
		Verdict: Text{"Churn risk comes from logistic regression: it foretold better than the plain rule (log loss 0.3446 against 0.3531).", "流失风险来自逻辑回归：它的预测优于简单规则（对数损失 0.3446 对 0.3531）。"},
		Contests: []Contest{
			{"logistic_regression", "frequency_recency", true, Range{-0.0085, -0.0102, -0.0069}},
			{"boosted_trees", "logistic_regression", false, Range{0.0002, -0.0011, 0.0015}},
		},
		Scores: []Judged{
			judgedBy("logistic_regression", 0.808, 0.6, true, false), judgedBy("pareto_nbd", 0.801, 0.55, false, false),
			judgedBy("frequency_recency", 0.803, 0.5, false, true), judgedBy("recency", 0.793, 0.45, false, true),
			{Name: "base_rate", Rule: true, AUC: 0.5, Brier: 0.1357, ECE: 0.0141, Lift10: math.NaN(), Capture10: math.NaN()},
		}}
	b.Choice = &ModelChoice{Winner: "pareto_nbd", Reason: Text{"Pareto/NBD is used: MBG/CNBD-k forecast better over 3 past windows of 90 days, but not by more than chance.", "采用 Pareto/NBD：MBG/CNBD-k 预测更好，但差异未超出偶然范围。"},
		Candidates: []Candidate{
			{"pareto_nbd", "pareto_nbd", -95415.11912, 0.4121, Range{0.0003, -0.0004, 0.001}, 0.97, 0.318},
			{"bg_nbd", "nbd", -95600.5, 0.4188, Range{0.007, 0.005, 0.009}, 1.08, 0.331},
			{"mbg_cnbd_k", "mbg_cnbd_2", -95400.25, 0.4118, Range{}, 0.98, 0.317},
		}}
	return b
}

// judgedBy is a score of which the first tenths have the most buyers.
func judgedBy(name string, auc, first float64, used, rule bool) Judged {
	s := Judged{Name: name, Used: used, Rule: rule, AUC: auc, Brier: 0.1042, ECE: 0.0181}
	left := 1.0
	for k := range 10 {
		part := left * first
		if k == 9 {
			part = left
		}
		left -= part
		s.Rates, s.Found = append(s.Rates, part), append(s.Found, 1-left)
		p := 0.3 + 0.07*float64(k)
		s.Stated = append(s.Stated, Stated{P: p, Rate: p * 0.98, Low: p*0.98 - 0.03, High: p*0.98 + 0.03, Customers: 90})
	}
	s.Capture10, s.Lift10 = s.Found[0], 10*s.Found[0]
	return s
}

func segmentOf(r, f int) string {
	switch {
	case r == 5 && f >= 4:
		return "Champions"
	case r >= 3 && f >= 4:
		return "Loyal"
	case r >= 4 && f >= 2:
		return "Potential Loyalist"
	case r == 5:
		return "New Customers"
	case r == 4:
		return "Promising"
	case r == 3 && f == 3:
		return "Need Attention"
	case r == 3:
		return "About To Sleep"
	case f == 5:
		return "Cannot Lose Them"
	case f >= 3:
		return "At Risk"
	case r == 2:
		return "Hibernating"
	}
	return "Lost"
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	var list []K
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

func sortedPairs[V any](m map[[2]int32]V) [][2]int32 {
	var list [][2]int32
	for k := range m {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b [2]int32) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return list
}

func build(t testing.TB, m map[string]*table.Table, meta Meta) *Data {
	t.Helper()
	d, err := Build(m, meta)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
