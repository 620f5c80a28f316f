package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"clientele/engine/config"
	"clientele/engine/table"
	"clientele/models/risk"
	"clientele/queries"
)

// randomRun is a run over customers with columns of every kind of value: missing ones,
// halves of units, negative and huge amounts, ties, labels that occur twice.
func randomRun(customers int, seed uint64) *run {
	rng := rand.New(rand.NewPCG(seed, 4))
	t := table.New()
	ids := &table.Column{Field: table.Field{Name: "customer_id", Kind: table.Text}, Texts: table.Strings{Offsets: []int32{0}}}
	for i := range customers {
		ids.Texts.AppendString(fmt.Sprintf("c%07d", i))
	}
	t.Add(ids)
	for _, name := range []string{"orders", "orders_30", "orders_90", "orders_365", "recency_days", "r_score", "f_score"} {
		c := table.NewColumn(table.Field{Name: name, Kind: table.Int}, customers)
		c.Null = make([]bool, customers)
		for i := range c.Ints {
			if c.Null[i] = rng.IntN(7) == 0; !c.Null[i] {
				c.Ints[i] = rng.Int64N(6)
			}
		}
		t.Add(c)
	}
	for _, name := range []string{"net_revenue", "spend_365", "churn_risk", "expected_orders", "clv", "p_alive"} {
		c := table.NewColumn(table.Field{Name: name}, customers)
		for i := range c.Floats {
			c.Floats[i] = scoredValue(rng, name == "churn_risk" || name == "p_alive")
			if name != "expected_orders" && c.Floats[i] > 1e9 { // sums of more than 64 bits
				c.Floats[i] *= 1e5
			}
			if orders := t.Column("orders"); name == "net_revenue" && !orders.Missing(i) && math.IsNaN(c.Floats[i]) {
				c.Floats[i] = 12.345
			}
		}
		t.Add(c)
	}
	labelled := func(name string, labels ...string) *table.Column {
		c := table.NewColumn(table.Field{Name: name, Kind: table.Category, Labels: labels}, customers)
		for i := range c.Codes {
			c.Codes[i] = rng.Int32N(int32(len(labels))) - 1 // the last label is nobody's
		}
		return c
	}
	for name, labels := range map[string][]string{"rfm_segment": {"潜力", "Loyal", "Lost", "Loyal", "Gone"}, "lifecycle_stage": {"new", "active", "lapsed", "never"},
		"churn_band": {"low", "medium", "high", ""}, "group": {"Others", "Regulars", "Some", ""}} {
		t.Add(labelled(name, labels...))
	}
	r := &run{Engine: &Engine{Config: config.Default()}, table: t, asOf: 20454}
	for _, name := range []string{"tea", "vip"} {
		m := ownMembers{name: name}
		for i := range customers {
			if rng.IntN(3) == 0 {
				m.rows = append(m.rows, int32(i))
			}
		}
		r.members = append(r.members, m)
	}
	return r
}

// scoredValue is a number of which casts to decimals are hard.
func scoredValue(rng *rand.Rand, probability bool) float64 {
	if rng.IntN(8) == 0 {
		return math.NaN()
	}
	if probability {
		return []float64{rng.Float64(), 1, 0, 0.3, float64(rng.IntN(1000)) / 1024}[rng.IntN(5)]
	}
	switch rng.IntN(8) {
	case 0:
		return 0
	case 1:
		return float64(rng.IntN(20_000)-10_000) / 20_000 // halves of units of money
	case 2:
		return (float64(rng.IntN(2_000_000)) + 0.5) / 1_000_000
	case 3:
		return -rng.ExpFloat64() * 100
	case 4:
		return rng.ExpFloat64() * 1e9
	}
	return math.Round(rng.ExpFloat64()*10_000) / 100
}

// What is added up in Go is what the queries say.
func TestScoredTables(t *testing.T) {
	for _, customers := range []int{0, 1, 7, 250, 30_000} {
		t.Run(fmt.Sprint(customers), func(t *testing.T) { compareScored(t, randomRun(customers, uint64(customers))) })
	}
}

func compareScored(t *testing.T, r *run) {
	ctx := context.Background()
	db, err := openSchema(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.LoadTable(ctx, "summary", r.table); err != nil {
		t.Fatal(err)
	}
	insert(t, db, `CREATE TEMP TABLE scores AS SELECT *, "group" AS cluster FROM summary`)
	insert(t, db, "CREATE TEMP TABLE groups_scored AS "+queries.Get("summary/groups").SQL)
	insert(t, db, "CREATE TEMP TABLE own_members (segment VARCHAR, customer_id VARCHAR)")
	for _, m := range r.members {
		for from := range slices.Chunk(m.rows, 500) {
			text := ""
			for _, i := range from {
				text += fmt.Sprintf(", ('%s', '%s')", m.name, r.table.Column("customer_id").Texts.At(int(i)))
			}
			insert(t, db, "INSERT INTO own_members VALUES "+text[2:])
		}
	}
	tables := r.scoredTables()
	maps.Copy(tables, groupTables(r.table, r.table.Column("group")))
	for name, got := range tables {
		want, err := db.Query(ctx, queries.Get("report/"+name).SQL)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sameTable(t, name, got, want)
	}
	if len(tables) != 11 {
		t.Errorf("%d tables", len(tables))
	}
}

func sameTable(t *testing.T, name string, got, want *table.Table) {
	t.Helper()
	if len(got.Columns()) != len(want.Columns()) || got.Rows() != want.Rows() {
		t.Fatalf("%s: %d columns and %d rows, want %d and %d", name, len(got.Columns()), got.Rows(), len(want.Columns()), want.Rows())
	}
	for k, w := range want.Columns() {
		g := got.Columns()[k]
		if g.Name != w.Name || g.Kind != w.Kind {
			t.Fatalf("%s: column %d is %s %v, want %s %v", name, k, g.Name, g.Kind, w.Name, w.Kind)
		}
		for i := range w.Len() {
			if a, b := cell(g, i), cell(w, i); a != b {
				t.Errorf("%s: %s of row %d is %s, want %s", name, g.Name, i, a, b)
			}
		}
	}
}

// cell is a value in words; floats but for the last digits, which depend on the order
// of a division.
func cell(c *table.Column, i int) string {
	switch {
	case c.Missing(i):
		return "NULL"
	case c.Kind == table.Float:
		return fmt.Sprintf("%.14g", c.Floats[i])
	case c.Kind == table.Int:
		return fmt.Sprint(c.Ints[i])
	}
	return string(c.Texts.At(i))
}

// What leads in the high churn band is what the query says, ties and risks that nothing
// raises included, whatever parts it is counted in.
func TestLeading(t *testing.T) {
	ctx := context.Background()
	db, err := openSchema(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r := randomRun(2_000, 9)
	rng := rand.New(rand.NewPCG(9, 4))
	effects := make([][]float64, len(risk.Families()))
	columns := []*table.Column{r.table.Column("customer_id")}
	for f := range effects {
		effects[f] = make([]float64, r.table.Rows())
		for i := range effects[f] {
			effects[f][i] = []float64{rng.NormFloat64() - 1, float64(rng.IntN(5) - 3), 0.1234567895}[rng.IntN(3)]
			if i%5 == 0 {
				effects[f][i] = -float64(rng.IntN(3))
			}
		}
		columns = append(columns, &table.Column{Field: table.Field{Name: risk.Families()[f].Key()}, Floats: effects[f]})
	}
	led := newLeading()
	for from := 0; from < r.table.Rows(); from += 300 {
		var rows []int
		for i := from; i < min(from+300, r.table.Rows()); i++ {
			rows = append(rows, i)
		}
		led.add(effects, r.table.Column("churn_band"), rows)
	}
	if err := errors.Join(db.LoadTable(ctx, "scores", r.table), db.LoadTable(ctx, "reasons", table.New(columns...))); err != nil {
		t.Fatal(err)
	}
	want, err := db.Query(ctx, queries.Get("report/churn_reasons").SQL)
	if err != nil {
		t.Fatal(err)
	}
	if sameTable(t, "churn_reasons", led.table(), want); want.Rows() != 7 {
		t.Errorf("%d rows", want.Rows())
	}
	if empty := newLeading().table(); empty.Rows() != 0 {
		t.Errorf("%d rows of nobody", empty.Rows())
	}
}
