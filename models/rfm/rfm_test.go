package rfm

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/modelstest"
)

// customer is what the summary says about one of them.
type customer struct {
	last, orders, days int // last: days since 1970-01-01; days: purchase days
	money              float64
}

// purchases reads order files of the reference data: the columns customer, date
// and amount by position, up to and including the as-of day. It skips the test
// where the data are absent.
func purchases(t testing.TB, file string, columns [3]int, asOf string) (customers []customer, asOfDay int) {
	t.Helper()
	path := "../../../shared/data/" + file
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("reference data %s are not here", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	asOfDay = day(t, asOf)
	index := map[string]int{}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		d := day(t, row[columns[1]])
		if d > asOfDay {
			continue
		}
		amount, err := strconv.ParseFloat(row[columns[2]], 64)
		if err != nil {
			t.Fatal(err)
		}
		id := row[columns[0]]
		k, ok := index[id]
		if !ok {
			k = len(customers)
			index[id] = k
			customers = append(customers, customer{last: d})
		}
		c := &customers[k]
		c.last = max(c.last, d)
		c.orders++
		c.money += amount
		if key := fmt.Sprint(id, "/", d); !seen[key] {
			seen[key] = true
			c.days++
		}
	}
	return customers, asOfDay
}

func day(t testing.TB, text string) int {
	d, err := time.Parse("2006-01-02", text)
	if err != nil {
		t.Fatal(err)
	}
	return int(d.Unix() / 86400)
}

func summary(n int) *table.Table {
	return table.Make(n,
		table.Field{Name: "recency_days", Kind: table.Int}, table.Field{Name: "orders", Kind: table.Int},
		table.Field{Name: "net_revenue", Kind: table.Float}, table.Field{Name: "average_order_value", Kind: table.Float})
}

// rfmOrders is the table of the R package's example, as of 2006-12-31.
func rfmOrders(t testing.TB) *table.Table {
	customers, asOf := purchases(t, "rfm_orders.csv", [3]int{0, 1, 2}, "2006-12-31")
	in := summary(len(customers))
	for i, c := range customers {
		in.Ints("recency_days")[i] = int64(asOf - c.last)
		in.Ints("orders")[i] = int64(c.orders)
		in.Floats("net_revenue")[i] = c.money
		in.Floats("average_order_value")[i] = c.money / float64(c.orders)
	}
	return in
}

func fitScore(t testing.TB, m *Model, in *table.Table) (*Fitted, *table.Table) {
	t.Helper()
	f, err := m.Fit(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	dst := m.Spec().Make(in.Rows())
	if err := f.Score(context.Background(), dst, in); err != nil {
		t.Fatal(err)
	}
	return f.(*Fitted), dst
}

func counts(scores []int64) (n [5]int) {
	for _, s := range scores {
		n[s-1]++
	}
	return n
}

// Expected figures: reference rfm.md, "Figures to check against", computed with the R package rfm.
func TestRPackageThresholdsAndScores(t *testing.T) {
	in := rfmOrders(t)
	if in.Rows() != 995 {
		t.Fatalf("%d customers, the file has 995", in.Rows())
	}
	f, got := fitScore(t, &Model{Scheme: "r-rfm-0.2"}, in)
	for _, c := range []struct {
		name string
		cuts Cuts
		want Cuts
	}{
		{"recency", f.Recency, Cuts{115, 181, 297.4, 482}},
		{"frequency", f.Frequency, Cuts{4, 5, 6, 8}},
		{"money", f.Money, Cuts{255.8, 382, 506.4, 666}},
	} {
		for k := range c.want {
			if math.Abs(c.cuts[k]-c.want[k]) > 1e-9 {
				t.Errorf("%s thresholds %v, R prints %v", c.name, c.cuts, c.want)
				break
			}
		}
	}
	for name, want := range map[string][5]int{
		"r_score": {197, 200, 199, 199, 200},
		"f_score": {268, 187, 176, 244, 120},
		"m_score": {200, 200, 198, 202, 195},
	} {
		if n := counts(got.Ints(name)); n != want {
			t.Errorf("%s: customers by score %v, R has %v", name, n, want)
		}
	}
	if !strings.Contains(f.Report().Method, "own bins: type-7 quantile + 1, low <= v < high") {
		t.Errorf("method %q does not name the bins", f.Report().Method)
	}
}

// Expected figures: reference rfm.md, segments of R rfm 0.2 as customers, orders, revenue.
func TestRPackageSegments(t *testing.T) {
	in := rfmOrders(t)
	m := &Model{Scheme: "r-rfm-0.2"}
	f, got := fitScore(t, m, in)
	type totals struct{ customers, orders, revenue int }
	want := map[string]totals{
		"Champions": {158, 1234, 120178}, "Loyal Customers": {278, 1708, 166712}, "Potential Loyalist": {229, 801, 65873},
		"Need Attention": {35, 144, 13287}, "About To Sleep": {50, 127, 10914}, "At Risk": {86, 438, 44178},
		"Lost": {111, 244, 20955}, "Others": {48, 210, 22061},
	}
	sums := map[string]totals{}
	segment := got.Column("rfm_segment")
	for i, code := range segment.Codes {
		s := sums[segment.Labels[code]]
		s.customers++
		s.orders += int(in.Ints("orders")[i])
		s.revenue += int(in.Floats("net_revenue")[i])
		sums[segment.Labels[code]] = s
	}
	for name, w := range want {
		if sums[name] != w {
			t.Errorf("%s: %v, want %v", name, sums[name], w)
		}
	}
	if len(sums) != len(want) {
		t.Errorf("segments %v, want %d of them", sums, len(want))
	}
	var warned bool
	for _, w := range f.Report().Warnings {
		warned = warned || w.Code == "uncovered_codes" && strings.Contains(w.En, "48 customers") && strings.Contains(w.En, "36 of 125")
	}
	if !warned {
		t.Errorf("no warning about the 48 Others: %+v", f.Report().Warnings)
	}
}

// Expected figures: reference rfm.md, eight cells by mean of values, with its means.
func TestEightCells(t *testing.T) {
	in := rfmOrders(t)
	f, got := fitScore(t, &Model{Scheme: "cn8"}, in)
	for _, c := range [][2]float64{{f.Values.Recency, 286.7387}, {f.Values.Frequency, 4.9307}, {f.Values.Money, 466.4905}} {
		if math.Abs(c[0]-c[1]) > 5e-5 {
			t.Errorf("mean %v, want %v", c[0], c[1])
		}
	}
	want := map[string]int{
		"重要价值客户": 274, "重要保持客户": 125, "重要发展客户": 20, "重要挽留客户": 28,
		"一般价值客户": 102, "一般保持客户": 39, "一般发展客户": 185, "一般挽留客户": 222,
	}
	for _, column := range []string{"rfm_segment", "rfm_cell"} {
		c := got.Column(column)
		n := map[string]int{}
		for _, code := range c.Codes {
			n[c.Labels[code]]++
		}
		for name, w := range want {
			if n[name] != w {
				t.Errorf("%s %s: %d customers, want %d", column, name, n[name], w)
			}
		}
	}
	if m := f.Report().Method; m != "cn8 by mean of values" {
		t.Errorf("method %q", m)
	}
}

// By the mean of scores the cells are recomputed here from the scores column.
func TestEightCellsByMeanOfScores(t *testing.T) {
	in := rfmOrders(t)
	f, got := fitScore(t, &Model{Scheme: "cn8", MeanRule: "scores"}, in)
	if m := f.Report().Method; m != "cn8 by mean of scores" {
		t.Errorf("method %q", m)
	}
	high := func(name string) []bool {
		v := got.Ints(name)
		sum := int64(0)
		for _, s := range v {
			sum += s
		}
		h := make([]bool, len(v))
		for i, s := range v {
			h[i] = s*int64(len(v)) >= sum
		}
		return h
	}
	r, q, w := high("r_score"), high("f_score"), high("m_score")
	byValues := 0
	_, values := fitScore(t, &Model{Scheme: "cn8"}, in)
	for i := range r {
		weight, action := "一般", map[[2]bool]string{{true, true}: "价值", {true, false}: "发展", {false, true}: "保持", {false, false}: "挽留"}[[2]bool{r[i], q[i]}]
		if w[i] {
			weight = "重要"
		}
		cell := got.Column("rfm_cell")
		if l := cell.Labels[cell.Codes[i]]; l != weight+action+"客户" {
			t.Fatalf("row %d: cell %s, want %s%s客户", i, l, weight, action)
		}
		if values.Codes("rfm_cell")[i] == cell.Codes[i] {
			byValues++
		}
	}
	if byValues == len(r) {
		t.Error("the two rules agree on every customer: one of them is not applied")
	}
}

// Expected figures: reference statistics.md, section 2(c): CDNOW as of
// 1998-07-01, frequency = distinct days, ties together under v > q.
func TestCDNOW(t *testing.T) {
	customers, asOf := purchases(t, "cdnow.csv", [3]int{0, 1, 3}, "1998-07-01")
	in := summary(len(customers))
	for i, c := range customers {
		in.Ints("recency_days")[i] = int64(asOf - c.last)
		in.Ints("orders")[i] = int64(c.days)
		in.Floats("net_revenue")[i] = c.money
	}
	f, got := fitScore(t, &Model{}, in)
	if f.Rows != 23570 {
		t.Fatalf("%d customers, CDNOW has 23570", f.Rows)
	}
	if want := (Cuts{142, 433, 486, 513}); f.Recency != want {
		t.Errorf("recency cut points %v, want %v", f.Recency, want)
	}
	if want := (Cuts{1, 1, 2, 4}); f.Frequency != want {
		t.Errorf("frequency cut points %v, want %v", f.Frequency, want)
	}
	for k, want := range [4]float64{15.36, 31.35, 59.924, 133.95} {
		if math.Abs(f.Money[k]-want) > 1e-9 {
			t.Errorf("money cut point %d is %v, want %v", k+1, f.Money[k], want)
		}
	}
	if n, want := counts(got.Ints("f_score")), [5]int{12054, 0, 4040, 3641, 3835}; n != want {
		t.Errorf("customers by frequency score %v, want %v", n, want)
	}
	// Of the two splits of recency in the reference, this is the one whose tie rule is
	// flipped with the direction.
	if n, want := counts(got.Ints("r_score")), [5]int{4735, 4712, 4702, 4720, 4701}; n != want {
		t.Errorf("customers by recency score %v, want %v", n, want)
	}
	warnings := f.Report().Warnings
	if len(warnings) != 1 || warnings[0].Code != "few_scores_frequency" ||
		!strings.Contains(warnings[0].En, "F = 1 (12,054 customers), 3 (4,040 customers), 4 (3,641 customers), 5 (3,835 customers)") {
		t.Errorf("warnings %+v do not name the scores that remain", warnings)
	}
}

// crowd is a table of customers with ties, negative and zero money, and some without an order.
func crowd(n int) *table.Table {
	random := rand.New(rand.NewPCG(7, 7))
	in := summary(n)
	in.Column("orders").Null = make([]bool, n)
	in.Column("recency_days").Null = make([]bool, n)
	for i := range n {
		orders := 1 + int64(random.ExpFloat64()*3)
		in.Ints("orders")[i] = orders
		in.Ints("recency_days")[i] = int64(random.IntN(700))
		money := math.Round(random.NormFloat64()*4000+9000) / 100 * float64(orders)
		in.Floats("net_revenue")[i] = money
		in.Floats("average_order_value")[i] = money / float64(orders)
		if i%17 == 3 {
			in.Column("orders").Null[i], in.Column("recency_days").Null[i] = true, true
			in.Floats("net_revenue")[i], in.Floats("average_order_value")[i] = math.NaN(), math.NaN()
		}
	}
	return in
}

func TestPromises(t *testing.T) {
	for name, m := range map[string]*Model{
		"zero value": {},
		"rf25":       {Scheme: "rf25", Monetary: "average"},
		"cn8":        {Scheme: "cn8", MeanRule: "scores"},
		"r-rfm-0.2":  {Scheme: "r-rfm-0.2"},
		"custom": {Scheme: "custom", Frequency: []float64{1, 2, 3, 5},
			Segments: []Segment{{"Best", []string{"5[4-5]*", "4[4-5][4-5]"}}, {"Gone", []string{"[1-2]**"}}}},
	} {
		t.Run(name, func(t *testing.T) { modelstest.Run(t, m, crowd(1000)) })
	}
}

// The plain definition of a type-7 quantile (Hyndman and Fan 1996) on a sorted copy.
func slowQuantile(values []float64, p float64) float64 {
	x := append([]float64{}, values...)
	sort.Float64s(x)
	h := float64(len(x)-1) * p
	lo := int(math.Floor(h + 1e-9))
	if lo+1 >= len(x) {
		return x[len(x)-1]
	}
	return x[lo] + max(0, h-float64(lo))*(x[lo+1]-x[lo])
}

// A frozen fit scores other customers by the cut points of the first ones.
func TestFrozenFit(t *testing.T) {
	m := &Model{}
	f, _ := fitScore(t, m, crowd(500))
	saved, err := f.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Load(saved)
	if err != nil {
		t.Fatal(err)
	}
	// A shop in which everyone is worth twenty times as much.
	in := crowd(400)
	for i := range in.Floats("net_revenue") {
		in.Floats("net_revenue")[i] *= 20
	}
	dst := m.Spec().Make(in.Rows())
	if err := g.Score(context.Background(), dst, in); err != nil {
		t.Fatal(err)
	}
	best := 0
	for i, v := range in.Floats("net_revenue") {
		want := 1
		for _, q := range f.Money {
			if v > q {
				want++
			}
		}
		if !math.IsNaN(v) && dst.Ints("m_score")[i] != int64(want) {
			t.Fatalf("money %v scores %d, by the frozen cut points %d", v, dst.Ints("m_score")[i], want)
		}
		if want == 5 {
			best++
		}
	}
	if best < 300 {
		t.Errorf("%d of 400 score 5: the scale was learned anew", best)
	}
	for text, bad := range map[string]struct {
		m    *Model
		json string
	}{
		"monetary":  {&Model{Monetary: "average"}, string(saved)},
		"bins":      {&Model{Scheme: "r-rfm-0.2"}, string(saved)},
		"ascending": {m, strings.Replace(string(saved), `"frequency":[`, `"frequency":[99,`, 1)},
		"after":     {m, string(saved) + "{}"},
		"customers": {m, strings.Replace(string(saved), `"customers":[[`, `"customers":[[1`, 1)},
		"monetary ": {m, "{}"},
		"unknown":   {m, strings.Replace(string(saved), `"means":`, `"mean":`, 1)},
	} {
		if _, err := bad.m.Load([]byte(bad.json)); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: Load says %v", text, err)
		}
	}
	// Names may change while cut points stay.
	if _, err := (&Model{Scheme: "rf25"}).Load(saved); err != nil {
		t.Error(err)
	}
}

// A saved fit is small and says of itself what the fit said; under other names it
// does not say how many customers no segment covers, which it cannot know.
func TestSavedFit(t *testing.T) {
	best := &Model{Scheme: "custom", Segments: []Segment{{"Best", []string{"55*"}}}}
	more := &Model{Scheme: "custom", Segments: []Segment{{"Best", []string{"5**"}}}}
	f, _ := fitScore(t, best, crowd(500))
	saved, err := f.MarshalJSON()
	if err != nil || len(saved) > 500 {
		t.Fatalf("%d bytes: %s, %v", len(saved), saved, err)
	}
	same, err := best.Load(saved)
	if err != nil || fmt.Sprint(same.Report()) != fmt.Sprint(f.Report()) {
		t.Errorf("%v\n%+v\n%+v", err, same.Report(), f.Report())
	}
	warned := func(r models.Report) string {
		for _, w := range r.Warnings {
			if w.Code == "uncovered_codes" {
				return w.En + " " + w.Zh
			}
		}
		return ""
	}
	if text := warned(f.Report()); !strings.Contains(text, "for 120 of 125 codes: ") || strings.Contains(text, ": customers") {
		t.Errorf("fitted: %s", text)
	}
	other, err := more.Load(saved)
	if err != nil {
		t.Fatal(err)
	}
	if text := warned(other.Report()); !strings.Contains(text, "for 100 of 125 codes: customers with such a code are in Others.") ||
		!strings.Contains(text, "具有这些代码的客户归入“其他客户”") {
		t.Errorf("under other names: %q", text)
	}
	grid, err := (&Model{}).Load(saved)
	if err != nil || warned(grid.Report()) != "" {
		t.Errorf("under names that cover all: %q, %v", warned(grid.Report()), err)
	}
}

func TestOwnCutPoints(t *testing.T) {
	in := summary(6)
	copy(in.Ints("recency_days"), []int64{0, 30, 31, 90, 365, 400})
	copy(in.Ints("orders"), []int64{1, 1, 2, 3, 5, 9})
	copy(in.Floats("net_revenue"), []float64{10, 20, 30, 40, 50, 60})
	m := &Model{Recency: []float64{30, 90, 180, 365}, Frequency: []float64{1, 2, 4, 8}, Money: []float64{15, 25, 35, 45}}
	f, got := fitScore(t, m, in)
	for name, want := range map[string][]int64{
		"r_score": {5, 4, 4, 3, 1, 1}, // 30 days is not less than 30: a tie with a cut point stays below it
		"f_score": {1, 1, 2, 3, 4, 5},
		"m_score": {1, 2, 3, 4, 5, 5},
	} {
		if s := got.Ints(name); fmt.Sprint(s) != fmt.Sprint(want) {
			t.Errorf("%s %v, want %v", name, s, want)
		}
	}
	r := f.Report()
	if !strings.Contains(r.Method, "own cut points of recency, frequency, money") {
		t.Errorf("method %q", r.Method)
	}
	var codes []string
	for _, w := range r.Warnings {
		codes = append(codes, w.Code)
	}
	if strings.Join(codes, " ") != "empty_scores_recency" {
		t.Errorf("warnings %v: recency has no customer who scores 2, others have all scores", codes)
	}
	want := map[string]float64{"r_1": 30, "r_4": 365, "f_2": 2, "m_3": 35, "r_mean": 916. / 6, "f_mean": 3.5, "m_mean": 35}
	for _, p := range r.Parameters {
		if w, ok := want[p.Name]; ok {
			if math.Abs(p.Value-w) > 1e-12 {
				t.Errorf("%s is %v, want %v", p.Name, p.Value, w)
			}
			delete(want, p.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("parameters lack %v", want)
	}
}

// Everyone alike: one score each, said in warnings, and nobody below the mean.
func TestAllEqual(t *testing.T) {
	in := summary(3)
	for i := range 3 {
		in.Ints("orders")[i], in.Ints("recency_days")[i], in.Floats("net_revenue")[i] = 1, 10, 0.1 // 3 * 0.1 / 3 > 0.1 in floats
	}
	f, got := fitScore(t, &Model{}, in)
	if len(f.Report().Warnings) != 3 {
		t.Errorf("warnings %+v, want one for each measure", f.Report().Warnings)
	}
	for i := range 3 {
		if c := got.Column("rfm_cell"); c.Labels[c.Codes[i]] != "重要价值客户" {
			t.Errorf("row %d is in %s", i, c.Labels[c.Codes[i]])
		}
		if c := got.Column("rfm_code"); c.Labels[c.Codes[i]] != "111" {
			t.Errorf("row %d has code %s", i, c.Labels[c.Codes[i]])
		}
	}
}

// One score that remains is said in a sentence of its own.
func TestOneScore(t *testing.T) {
	base := func(days ...int64) *table.Table {
		in := summary(len(days))
		for i, d := range days {
			in.Ints("orders")[i], in.Ints("recency_days")[i], in.Floats("net_revenue")[i] = int64(1+i%7), d, float64(10*i)
		}
		return in
	}
	today := make([]int64, 1200)
	late := append(make([]int64, 1199), 400) // 1,199 bought today: every cut point is 0 days
	for _, c := range []struct {
		name   string
		model  Model
		in     *table.Table
		en, zh string
	}{
		{"as-of day", Model{}, base(today...), "All 1,200 customers have equal recency, so all get the lowest score: R = 1.",
			"全部 1,200 位客户的最近消费相同，因此均得最低分：R = 1。"},
		{"own bins", Model{Scheme: "r-rfm-0.2"}, base(3, 3, 3), "All 3 customers have equal recency, so all get the highest score: R = 5.",
			"全部 3 位客户的最近消费相同，因此均得最高分：R = 5。"},
		{"one late", Model{}, base(late...), "Too few of the 1,200 customers differ in recency for a cut point between them, so all get the lowest score: R = 1.",
			"1,200 位客户中最近消费不同的太少，无法划出分界点，因此均得最低分：R = 1。"},
		{"alone", Model{}, base(5), "There is only one customer, who gets the lowest score: R = 1. Nobody's recency can be compared.",
			"只有 1 位客户，最近消费无从比较，得最低分：R = 1。"},
		{"own cut points", Model{Recency: []float64{30, 60, 90, 120}}, base(1, 2, 3), "The configured cut points of recency leave one of 5 scores: R = 5 (3 customers).",
			"按配置的最近消费（R）分界点，所有客户得分相同：5 分（3 人）。"},
	} {
		f, got := fitScore(t, &c.model, c.in)
		w := f.Report().Warnings[0]
		if w.En != c.en || w.Zh != c.zh {
			t.Errorf("%s: %q, %q, want %q, %q", c.name, w.En, w.Zh, c.en, c.zh)
		}
		want := int64(1)
		if strings.Contains(c.en, "R = 5") {
			want = 5
		}
		for i, r := range got.Ints("r_score") {
			if r != want {
				t.Fatalf("%s: customer %d has R = %d", c.name, i, r)
			}
		}
	}
}

func TestNobodyOrdered(t *testing.T) {
	in := summary(4) // orders are zero
	f, got := fitScore(t, &Model{}, in)
	if r := f.Report(); r.Status != models.Skipped || len(r.Warnings) != 1 {
		t.Errorf("report %+v", r)
	}
	for _, c := range got.Columns() {
		for i := range c.Len() {
			if !c.Missing(i) {
				t.Errorf("%s row %d has a value", c.Name, i)
			}
		}
	}
}

func TestWrongSettings(t *testing.T) {
	for want, m := range map[string]*Model{
		"unknown scheme":   {Scheme: "grid"},
		"unknown monetary": {Monetary: "sum"},
		"unknown rule":     {MeanRule: "median"},
		"need four":        {Recency: []float64{1, 2, 3}},
		"not ascending":    {Money: []float64{1, 2, 2, 3}},
		"NaN":              {Money: []float64{1, 2, math.NaN(), 3}},
		"no segments":      {Scheme: "custom"},
		"not custom":       {Segments: []Segment{{"A", []string{"***"}}}},
		"twice":            {Scheme: "custom", Segments: []Segment{{"A", []string{"5**"}}, {"A", []string{"4**"}}}},
		"no codes":         {Scheme: "custom", Segments: []Segment{{"A", nil}}},
		"no name":          {Scheme: "custom", Segments: []Segment{{"", []string{"5**"}}}},
		"1 to 5":           {Scheme: "custom", Segments: []Segment{{"A", []string{"6**"}}}},
		"[2-4]":            {Scheme: "custom", Segments: []Segment{{"A", []string{"[1-**"}}}},
		"empty":            {Scheme: "custom", Segments: []Segment{{"A", []string{"[4-2]**"}}}},
		"positions":        {Scheme: "custom", Segments: []Segment{{"A", []string{"5**", "4*"}}}},
		"4 positions":      {Scheme: "custom", Segments: []Segment{{"A", []string{"5***"}}}},
	} {
		_, err := m.Fit(context.Background(), summary(1))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one about %q", *m, err, want)
		}
	}
}

func BenchmarkFit(b *testing.B) {
	in := crowd(1_000_000)
	m := &Model{}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Fit(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(in.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkScore(b *testing.B) {
	in := crowd(1_000_000)
	m := &Model{}
	f, err := m.Fit(context.Background(), in)
	if err != nil {
		b.Fatal(err)
	}
	dst := m.Spec().Make(in.Rows())
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Score(context.Background(), dst, in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(in.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
