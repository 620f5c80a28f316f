package cluster

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func cluster(share float64, center ...float64) Cluster { return Cluster{Share: share, Center: center} }

func TestNames(t *testing.T) {
	list, err := featuresOf(defaultColumns())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what     string
		clusters []Cluster
		taken    []words
		want     []string
	}{
		{"two traits, the stronger first", []Cluster{cluster(0.5, -0.4, 0.5, 0, 0), cluster(0.5, 0.4, -0.5, 0, 0)}, nil,
			[]string{"Frequent, recent | 高频·近期购买", "Few orders, long silent | 低频·久未购买"}},
		{"a third that is strong", []Cluster{cluster(0.2, -1, 1.2, 0.9, 0.1), cluster(0.8, 0.1, -0.3, -0.09, 0)}, nil,
			[]string{"Frequent, recent, high spend | 高频·近期购买·高消费", "Few orders, long silent | 低频·久未购买"}},
		{"nothing sets it apart", []Cluster{cluster(0.5, 0, 0, 0, 0), cluster(0.25, 0, 0, 0, 1), cluster(0.25, 0, 0, 0, -1)}, nil,
			[]string{"Average | 中等", "Long-standing | 老客", "New | 新客"}},
		{"one more trait tells them apart", []Cluster{cluster(0.1, -0.5, 0.7, 0, 0.4), cluster(0.1, -0.5, 0.7, 0, -0.4)}, nil,
			[]string{"Frequent, recent, long-standing | 高频·近期购买·老客", "Frequent, recent, new | 高频·近期购买·新客"}},
		{"degrees of one thing", []Cluster{cluster(0.1, 0, 3, 2, 0), cluster(0.1, 0, 1.5, 0.6, 0), cluster(0.1, 0, 1, 0.6, 0)}, nil,
			[]string{"Very frequent, high spend | 超高频·高消费", "Frequent, high spend | 高频·高消费", "Frequent, high spend (2) | 高频·高消费（2）"}},
		{"a name that an earlier cluster has", []Cluster{cluster(0.5, 0, 1, 0, 0)}, []words{{"Frequent", "高频"}}, []string{"Frequent (2) | 高频（2）"}},
	} {
		for i, name := range named(list, c.clusters, c.taken) {
			if got := name.En + " | " + name.Zh; got != c.want[i] {
				t.Errorf("%s: %q, want %q", c.what, got, c.want[i])
			}
		}
	}
}

// Names are never empty and never alike, in either language.
func TestNamesAreUnique(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := Columns()[:rapid.IntRange(1, len(Columns())).Draw(t, "columns")]
		list, err := featuresOf(columns)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		clusters := make([]Cluster, rapid.IntRange(2, 12).Draw(t, "k"))
		for i := range clusters {
			clusters[i].Share = 1 / float64(len(clusters))
			for range columns {
				clusters[i].Center = append(clusters[i].Center, float64(random.IntN(5)-2)/2)
			}
		}
		en, zh := map[string]bool{}, map[string]bool{}
		for _, name := range named(list, clusters, []words{{"Average", "中等"}}) {
			if name.En == "" || name.Zh == "" || en[name.En] || zh[name.Zh] || name.En == "Average" {
				t.Fatalf("name %q of %v", name, clusters)
			}
			en[name.En], zh[name.Zh] = true, true
		}
	})
}

func TestAbout(t *testing.T) {
	list, err := featuresOf([]string{"recency_days", "orders", "churn_risk"})
	if err != nil {
		t.Fatal(err)
	}
	c := cluster(0.125, -1, 2, 0)
	c.Means = []float64{12.34, 1234.5, 0.5}
	got := about(list, &c, []float64{250, 1.999, 0.25})
	if want := "12.5 % of customers; on average orders 1,235 (others 2.00), days since the last order 12.3 (others 250)."; got.En != want {
		t.Errorf("%q, want %q", got.En, want)
	}
	if want := "占客户的 12.5%；平均订单数 1,235（其余客户 2.00），距上次下单天数 12.3（其余客户 250）。"; got.Zh != want {
		t.Errorf("%q, want %q", got.Zh, want)
	}
	c = cluster(0.5, 0, 0, 0)
	if got := about(list, &c, nil); !strings.Contains(got.En, "near the average") || !strings.Contains(got.Zh, "接近平均") {
		t.Errorf("%q", got)
	}
}
