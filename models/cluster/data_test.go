package cluster

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"clientele/engine/table"
)

// iris is Fisher's data (1936, "The use of multiple measurements in taxonomic
// problems"), four lengths and the species of 150 flowers, as the public copies with
// two corrected rows have it.
func iris(t testing.TB) (points, labels) {
	t.Helper()
	rows := readCSV(t, "testdata/iris.csv")
	p, species := points{n: len(rows), d: 4}, labels{k: 3}
	for _, row := range rows {
		for _, text := range row[:4] {
			p.x = append(p.x, number(t, text))
		}
		species.code = append(species.code, uint8(number(t, row[4])))
	}
	return p, species
}

func readCSV(t testing.TB, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func number(t testing.TB, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// buyer is what the model compares customers by.
type buyer struct {
	recency, orders, tenure int
	revenue                 float64
}

func tableOf(buyers []buyer) *table.Table {
	n := len(buyers)
	t := table.Make(n, table.Field{Name: "recency_days", Kind: table.Int}, table.Field{Name: "orders", Kind: table.Int},
		table.Field{Name: "net_revenue", Kind: table.Float}, table.Field{Name: "T", Kind: table.Int}, table.Field{Name: "churn_risk", Kind: table.Float})
	for i, b := range buyers {
		t.Ints("recency_days")[i], t.Ints("orders")[i], t.Ints("T")[i] = int64(b.recency), int64(b.orders), int64(b.tenure)
		t.Floats("net_revenue")[i], t.Floats("churn_risk")[i] = b.revenue, 1/(1+math.Exp(2-float64(b.recency)/100))
	}
	return t
}

// cdnow are the 23,570 customers of CDNOW as of 1998-07-01: orders are days with a
// purchase.
func cdnow(t testing.TB) *table.Table {
	t.Helper()
	const path = "../../../shared/data/cdnow.csv"
	if _, err := os.Stat(path); err != nil {
		t.Skip("no file of CDNOW:", err)
	}
	asOf := time.Date(1998, 7, 1, 0, 0, 0, 0, time.UTC)
	at, seen := map[string]int{}, map[string]bool{}
	var buyers []buyer
	for _, row := range readCSV(t, path)[1:] {
		day, err := time.Parse(time.DateOnly, row[1])
		if err != nil {
			t.Fatal(err)
		}
		ago := int(asOf.Sub(day).Hours() / 24)
		i, known := at[row[0]]
		if !known {
			i = len(buyers)
			at[row[0]], buyers = i, append(buyers, buyer{recency: ago, tenure: ago})
		}
		b := &buyers[i]
		b.recency, b.tenure, b.revenue = min(b.recency, ago), max(b.tenure, ago), b.revenue+number(t, row[3])
		if key := row[0] + row[1]; !seen[key] {
			seen[key] = true
			b.orders++
		}
	}
	return tableOf(buyers)
}

// groups are customers of three kinds that nobody can mistake: regulars, those who
// came once long ago, and those who are new.
func groups(n int) *table.Table {
	random := rand.New(rand.NewPCG(5, 6))
	around := func(mean, spread float64) float64 { return mean * math.Exp(spread*random.NormFloat64()) }
	buyers := make([]buyer, n)
	for i := range buyers {
		switch kind := random.IntN(10); {
		case kind < 2:
			buyers[i] = buyer{int(around(20, 0.3)), int(around(25, 0.2)), int(around(900, 0.1)), around(2000, 0.3)}
		case kind < 7:
			buyers[i] = buyer{int(around(500, 0.1)), 1 + random.IntN(2), int(around(700, 0.1)), around(50, 0.3)}
		default:
			buyers[i] = buyer{int(around(15, 0.3)), 1 + random.IntN(2), int(around(30, 0.2)), around(60, 0.3)}
		}
	}
	return tableOf(buyers)
}

// cloud are customers of one kind.
func cloud(n int) *table.Table {
	random := rand.New(rand.NewPCG(7, 8))
	buyers := make([]buyer, n)
	for i := range buyers {
		tenure := 200 * math.Exp(0.5*random.NormFloat64())
		buyers[i] = buyer{int(tenure * random.Float64()), 1 + int(8*math.Exp(random.NormFloat64())), int(tenure), 100 * math.Exp(random.NormFloat64())}
	}
	return tableOf(buyers)
}
