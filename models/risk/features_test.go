package risk

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"clientele/engine/table"
	"clientele/models/modelstest/shopdata"
)

// history of a customer for tests: the days of purchases before the cut, and money.
type customer struct {
	days   []int // days before the cut, ascending towards it: 100, 40, 1
	amount float64
}

// summaryOf makes a snapshot's table of customers whose days are counted back from the cut.
func summaryOf(t testing.TB, customers ...customer) *table.Table {
	t.Helper()
	var purchases []purchase
	for i, c := range customers {
		for _, d := range c.days {
			purchases = append(purchases, purchase{string(rune('a' + i)), 10_000 - d, c.amount})
		}
	}
	return snapshotOf(purchases, 10_000, 90).Table
}

func featureOf(t testing.TB, name string) Feature {
	t.Helper()
	for _, f := range Features() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no feature %s", name)
	return Feature{}
}

func TestFeaturesByHand(t *testing.T) {
	in := summaryOf(t,
		customer{[]int{101, 71, 11}, 20}, // gaps 30 and 60
		customer{[]int{50}, 7},
		customer{[]int{31, 1}, 12.5})
	from, err := newReader(in, 40)
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	for name, want := range map[string][3]float64{
		"recency":       {10, 49, 0},
		"tenure":        {100, 49, 30},
		"purchase_days": {3, 1, 2},
		"own_gap":       {(90.0 + 40) / 3, 40, (30.0 + 40) / 2},
		"recency_gap":   {30.0 / 130, 49.0 / 40, 0},
		"longest_gap":   {60, nan, 30},
		"gap_sd":        {math.Sqrt(450), nan, nan}, // of 30 and 60
		"bought_once":   {0, 1, 0},
		"bought_twice":  {0, 0, 1},
		"money":         {60, 7, 25},
		"order_value":   {20, 7, 12.5},
		"orders_30":     {1, 0, 1},
		"orders_60":     {1, 1, 2},
		"orders_90":     {2, 1, 2},
		"orders_365":    {3, 1, 2},
	} {
		f := featureOf(t, name)
		for i, v := range want {
			b := newBlock(from)
			if b.read(i, i+1); !b.ok[0] {
				t.Fatalf("customer %d is not read", i)
			}
			var got [1]float64
			if f.value(got[:], b); math.IsNaN(v) != math.IsNaN(got[0]) || math.Abs(got[0]-v) > 1e-12 {
				t.Errorf("%s of customer %d is %v, not %v", name, i, got[0], v)
			}
		}
	}
	scaled := func(s scale, v float64) float64 {
		var dst [1]float64
		s.to(dst[:], []float64{v})
		return dst[0]
	}
	near(t, "logs", scaled(logs, -3), -math.Log(4), 1e-15)
	near(t, "log odds", scaled(logOdds, 0.8), math.Log(4), 1e-12)
	near(t, "log odds of one", scaled(logOdds, 1), LogOdds(1-1e-6), 1e-9)
	for _, c := range []struct{ sales, refunds, want float64 }{{100, 25, 0.25}, {100, 0, 0}, {0, 5, 1}, {50, 80, 1}, {-5, 0, 0}} {
		near(t, "refund share", refundShare(c.sales, c.refunds), c.want, 1e-15)
	}
}

// Every column of the matrix has mean 0 and standard deviation 1 on the
// training rows; a missing value is the mean; rows without a purchase are NaN
// and teach nothing.
func TestDesignStandardises(t *testing.T) {
	in := randomSummary(3000, 1)
	d, err := NewDesign(1, in)
	if err != nil {
		t.Fatal(err)
	}
	m := d.Matrix(in.Rows())
	if err := d.MatrixTo(m, in, 1); err != nil {
		t.Fatal(err)
	}
	days := in.Column("purchase_days")
	for j, term := range d.Terms {
		var n, total, squares float64
		for i, v := range m[j] {
			if days.Missing(i) != math.IsNaN(v) {
				t.Fatalf("%s of row %d is %v", term.Name, i, v)
			}
			if math.IsNaN(v) || v == 0 && (term.Name == "gap_sd" || term.Name == "longest_gap" || term.Name == PurchaseModelColumn) {
				continue // missing
			}
			n, total, squares = n+1, total+v, squares+v*v
		}
		near(t, term.Name+": mean", total/n, 0, 1e-9)
		near(t, term.Name+": variance", squares/n, 1, 1e-9)
	}
	// Several tables teach what one of all their rows does.
	halves, err := NewDesign(3, in.Slice(0, 1100), in.Slice(1100, 3000))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean gap", halves.Gap, d.Gap, 1e-9)
	for j := range d.Terms {
		near(t, "mean", halves.Terms[j].Mean, d.Terms[j].Mean, 1e-9)
		near(t, "deviation", halves.Terms[j].SD, d.Terms[j].SD, 1e-9)
	}
}

// randomSummary is a customer summary of all columns: one in ten rows has no
// purchase, one in seven no probability of the purchase model.
func randomSummary(n int, seed uint64) *table.Table {
	r := rand.New(rand.NewPCG(seed, 3))
	in := table.Make(n, Columns()...)
	for _, c := range in.Columns() {
		if c.Kind == table.Int {
			c.Null = make([]bool, n)
		}
	}
	for i := range n {
		set := func(name string, v int) { in.Ints(name)[i] = int64(v) }
		days := 1 + int(5*r.ExpFloat64()*r.Float64())
		tenure := days*3 + r.IntN(600)
		span := 0
		if days > 1 {
			span = days - 1 + r.IntN(tenure-days+1)
		}
		for _, c := range in.Columns() {
			if c.Kind == table.Int && r.Float64() < 0.9 {
				c.Ints[i] = int64(r.IntN(4))
			}
		}
		set("purchase_days", days)
		set("orders", days+r.IntN(2))
		set("t_x", span)
		set("T", tenure)
		set("recency_days", tenure-span)
		set("longest_gap", span/2+1)
		set("gap_squares", span*span)
		in.Column("longest_gap").Null[i], in.Column("gap_squares").Null[i] = days == 1, days == 1
		in.Floats("net_sales")[i] = float64(days) * 20 * r.ExpFloat64()
		in.Floats("refunds")[i] = max(0, r.NormFloat64())
		in.Floats(PurchaseModelColumn)[i] = r.Float64()
		if i%7 == 0 {
			in.Floats(PurchaseModelColumn)[i] = math.NaN()
		}
		if i%10 == 9 {
			for _, c := range in.Columns() {
				if c.Kind == table.Int {
					c.Null[i] = true
				} else {
					c.Floats[i] = math.NaN()
				}
			}
		}
	}
	return in
}

// A row's features are the same whatever rows stand beside it, in whatever chunks and on any number of workers.
func TestFeaturesDependOnTheirRowAlone(t *testing.T) {
	in := randomSummary(5000, 2)
	d, err := NewDesign(0, randomSummary(800, 9))
	if err != nil {
		t.Fatal(err)
	}
	whole, part := d.Matrix(5000), d.Matrix(1)
	if err := d.MatrixTo(whole, in, 4); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 5000; i += 37 {
		if err := d.MatrixTo(part, in.Slice(i, i+1), 1); err != nil {
			t.Fatal(err)
		}
		for j := range part {
			if math.Float64bits(part[j][0]) != math.Float64bits(whole[j][i]) {
				t.Fatalf("%s of row %d alone is %v, among others %v", d.Terms[j].Name, i, part[j][0], whole[j][i])
			}
		}
	}
}

func TestDesignDropsWhatTellsNothing(t *testing.T) {
	in := summaryOf(t, customer{[]int{101, 71, 11}, 20}, customer{[]int{50}, 7}, customer{[]int{31, 1}, 12.5})
	d, err := NewDesign(0, in)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"refund_share", "interactions_30", "responses_365", PurchaseModelColumn, // no column
		"gap_sd"} { // one customer has it: no deviation
		if !slices.Contains(d.Dropped, name) {
			t.Errorf("%s is not dropped: %v", name, d.Dropped)
		}
	}
	if len(d.Terms)+len(d.Dropped) != len(Features()) {
		t.Errorf("%d terms and %d dropped of %d", len(d.Terms), len(d.Dropped), len(Features()))
	}
	// A column that a model has learned from must be there.
	bare := table.New()
	for _, c := range in.Columns() {
		if c.Name != "orders_90" {
			bare.Add(c)
		}
	}
	if err := d.MatrixTo(d.Matrix(3), bare, 1); err == nil || !strings.Contains(err.Error(), "orders_90") {
		t.Errorf("without orders_90: %v", err)
	}
	same := summaryOf(t, customer{[]int{50}, 7}, customer{[]int{50}, 7})
	if d, err := NewDesign(0, same); err == nil {
		t.Errorf("equal customers give %v", d.Terms)
	}
	if _, err := NewDesign(0, table.Make(3, table.Field{Name: "T", Kind: table.Int})); err == nil {
		t.Error("a table without purchase_days is taken")
	}
	wrong := table.Make(3, Needed()...)
	wrong.Add(table.NewColumn(table.Field{Name: "orders_30", Kind: table.Float}, 3))
	if _, err := NewDesign(0, wrong); err == nil {
		t.Error("a column of another kind is taken")
	}
}

// Where nobody has bought twice, or everybody on the cut's eve, features stay finite.
func TestFeaturesOfNewShops(t *testing.T) {
	for _, in := range []*table.Table{
		summaryOf(t, customer{[]int{5}, 1}, customer{[]int{9}, 2}),
		summaryOf(t, customer{[]int{1}, 1}, customer{[]int{1}, 2}),
		summaryOf(t, customer{[]int{3000, 1}, 0.01}, customer{[]int{1}, 1e9}),
	} {
		d, err := NewDesign(0, in)
		if err != nil {
			t.Fatal(err)
		}
		m := d.Matrix(in.Rows())
		if err := d.MatrixTo(m, in, 1); err != nil {
			t.Fatal(err)
		}
		for j := range m {
			for _, v := range m[j] {
				if math.IsNaN(v - v) {
					t.Errorf("%s: %v", d.Terms[j].Name, v)
				}
			}
		}
	}
}

// Leakage is total where features see the window (statistics.md, section 1 (c)):
// rows dated on or after the cut-off, however many, change no feature of anybody.
func TestLaterRowsChangeNoFeature(t *testing.T) {
	for _, s := range shops() {
		purchases := readPurchases(t, s.file)
		cut := shopdata.Day(t, s.train[0])
		before := snapshotOf(slices.DeleteFunc(slices.Clone(purchases), func(p purchase) bool { return p.day >= cut }), cut, s.window)
		after := slices.Clone(purchases)
		for _, p := range purchases { // and as much again, on the cut-off and in the window
			after = append(after, purchase{p.customer, cut, 3 * p.amount}, purchase{p.customer, cut + 5, 1e6})
		}
		for _, more := range [][]purchase{purchases, after} {
			full := snapshotOf(more, cut, s.window)
			if full.Table.Rows() != before.Table.Rows() {
				t.Fatalf("%s: %d customers, %d with later rows", s.file, before.Table.Rows(), full.Table.Rows())
			}
			a, b := matrixOf(t, before.Table), matrixOf(t, full.Table)
			for j := range a {
				if !slices.Equal(a[j], b[j]) {
					t.Errorf("%s: later rows change column %d", s.file, j)
				}
			}
		}
		// The test can fail: the outcome does change, and so would features of the window's end.
		late, full := snapshotOf(purchases, cut+s.window, s.window), snapshotOf(purchases, cut, s.window)
		if slices.Equal(full.Churned, before.Churned) || slices.Equal(matrixOf(t, late.Table)[0], matrixOf(t, full.Table)[0]) {
			t.Errorf("%s: later rows change nothing at all", s.file)
		}
	}
}

// matrixOf learns a design from a table and returns the table's matrix: what a
// leak into the training statistics would change is in it too.
func matrixOf(t testing.TB, in *table.Table) [][]float64 {
	t.Helper()
	d, err := NewDesign(0, in)
	if err != nil {
		t.Fatal(err)
	}
	m := d.Matrix(in.Rows())
	if err := d.MatrixTo(m, in, 0); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFeaturesAreDescribed(t *testing.T) {
	seen := map[string]bool{}
	known := map[string]bool{}
	for _, c := range Columns() {
		known[c.Name] = true
	}
	for _, f := range Features() {
		if f.Name == "" || seen[f.Name] || f.En == "" || f.Zh == "" || f.Family >= Adjustment {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
		for _, c := range f.columns {
			if !known[c] {
				t.Errorf("%s reads %s, which Columns does not list", f.Name, c)
			}
		}
	}
	for _, name := range []string{"recency", "recency_gap", "orders_30", "orders_60", "orders_90", "orders_365", PurchaseModelColumn} {
		if got := featureOf(t, name).Family; got != Silence {
			t.Errorf("%s is of %s: silence would have two reasons that may contradict each other", name, got.Key())
		}
	}
	for _, f := range Families() {
		if en, zh := f.Names(); f.Key() == "" || en == "" || zh == "" {
			t.Errorf("family %d has no name", f)
		}
	}
}
