package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/engine"
)

// kinds writes the orders of n invented customers of three kinds: regulars who spend
// much, people who came once long ago, and newcomers of May 2026.
func kinds(n int) string {
	rng := rand.New(rand.NewPCG(11, 12))
	var b strings.Builder
	b.WriteString("customer,date,amount\n")
	buy := func(i int, day time.Time, amount float64) {
		fmt.Fprintf(&b, "c%d,%s,%.2f\n", i, day.Format(time.DateOnly), amount*(0.8+0.4*rng.Float64()))
	}
	last := time.Date(2026, 5, 31, 0, 0, 0, 0, time.UTC)
	for i := range n {
		switch i % 4 {
		case 0:
			for ago := 500 + rng.IntN(60); ago > 0; ago -= 10 + rng.IntN(20) {
				buy(i, last.AddDate(0, 0, -ago), 90)
			}
		case 1, 2:
			buy(i, last.AddDate(0, 0, -400-rng.IntN(120)), 40)
		default:
			buy(i, last.AddDate(0, 0, -rng.IntN(28)), 45)
		}
	}
	return b.String()
}

func kindsShop(t *testing.T) *engine.Engine {
	e := workspace(t)
	loadText(t, e, "orders", "orders.csv", kinds(400))
	return e
}

// texts are the values of one column of a query.
func texts(t *testing.T, e *engine.Engine, query string) []string {
	t.Helper()
	out, err := e.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for i := range out.Rows() {
		list = append(list, string(out.Columns()[0].Texts.At(i)))
	}
	return list
}

// Clusters of a run stand in scores and in segment_members by their names, and what is
// shown of them is what is there; cores change no byte.
func TestClusters(t *testing.T) {
	t.Parallel()
	e := kindsShop(t)
	score(t, e, "2026-05-31")
	got := texts(t, e, "SELECT format('{} {}', cluster, count(*)) FROM scores GROUP BY cluster ORDER BY 1")
	want := []string{"Frequent, high spend 100", "Long silent, few orders 200", "New, recent 100"}
	if len(got) != 3 || !strings.HasSuffix(got[0], " 100") || !strings.HasPrefix(got[1], "Long silent") || !strings.HasSuffix(got[1], " 200") || !strings.HasPrefix(got[2], "New, recent") {
		t.Errorf("clusters %q, want about %q", got, want)
	}
	if members := texts(t, e, "SELECT format('{} {}', segment, count(*)) FROM segment_members WHERE scheme = 'cluster' GROUP BY segment ORDER BY 1"); !slices.Equal(members, got) {
		t.Errorf("members %q, scores %q", members, got)
	}
	c, err := e.Clusters(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if c.AsOf != "2026-05-31" || c.Fitted != c.AsOf || len(c.Notes) != 1 || c.Sections[0].Title != "clusters" || c.Sections[1].Title != "tried" {
		t.Errorf("%+v", c)
	}
	rows, tried := c.Sections[0].Table, c.Sections[1].Table
	if sum := rows.Floats("share"); rows.Rows() != 3 || math.Abs(sum[0]+sum[1]+sum[2]-1) > 1e-12 || tried.Rows() != 7 {
		t.Errorf("%d clusters of shares %v, %d numbers tried", rows.Rows(), sum, tried.Rows())
	}
	out, err := e.Query(t.Context(), "SELECT avg(recency_days) AS r, avg(net_revenue) AS v FROM scores WHERE cluster = '"+string(rows.Column("cluster").Texts.At(1))+"'")
	if err != nil {
		t.Fatal(err)
	}
	if rows.Floats("recency_days")[1] != out.Floats("r")[0] || rows.Floats("net_revenue")[1] != out.Floats("v")[0] {
		t.Errorf("means %v and %v, in scores %v and %v", rows.Floats("recency_days")[1], rows.Floats("net_revenue")[1], out.Floats("r")[0], out.Floats("v")[0])
	}

	once := runFile(t, e, "2026-05-31", "model.cluster.json")
	e.Config.Resources.Threads = 1
	score(t, e, "2026-05-31")
	if !bytes.Equal(runFile(t, e, "2026-05-31", "model.cluster.json"), once) {
		t.Error("one thread makes other clusters")
	}
	e.Config.Clusters.Method = "none"
	score(t, e, "2026-05-31")
	if n := texts(t, e, "SELECT CAST(count(cluster) AS VARCHAR) FROM scores"); n[0] != "0" {
		t.Errorf("without a method %s customers have a cluster", n[0])
	}
	if _, err := e.Clusters(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "clusters.method was none") {
		t.Error(err)
	}
}

// Clusters keep the numbers and names of the run that the configuration names, which
// is an input of the run then.
func TestClustersMatch(t *testing.T) {
	t.Parallel()
	e := kindsShop(t)
	e.Config.Clusters.Match = "2026-05-20"
	if _, err := e.Score(t.Context(), "2026-05-31"); err == nil || !strings.Contains(err.Error(), "clusters.match") || !strings.Contains(err.Error(), "2026-05-20") {
		t.Errorf("a run that is not there: %v", err)
	}
	score(t, e, "2026-05-20") // the day itself has names of its own
	alone := runFile(t, e, "2026-05-20", "manifest.json")
	matched := score(t, e, "2026-05-31")
	var manifest struct {
		InputHash string `json:"input_hash"`
		Models    []struct{ Model, SHA256 string }
		Files     []struct{ Name, SHA256 string }
	}
	if err := json.Unmarshal(runFile(t, e, "2026-05-31", "manifest.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	var prior struct {
		Files []struct{ Name, SHA256 string }
	}
	if err := json.Unmarshal(alone, &prior); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(prior.Files, func(f struct{ Name, SHA256 string }) bool { return f.Name == "model.cluster.json" })
	if len(manifest.Models) != 1 || manifest.Models[0].Model != "cluster" || manifest.Models[0].SHA256 != prior.Files[i].SHA256 {
		t.Errorf("the manifest names %+v, the clusters to match are %+v", manifest.Models, prior.Files[i])
	}
	if bytes.Contains(alone, []byte(`"models"`)) {
		t.Error("the run of the day itself has an input")
	}
	notes := ""
	for _, m := range matched.Models {
		for _, n := range m.Notes {
			notes += n.Code + ": " + n.En + " "
		}
	}
	if !strings.Contains(notes, "clusters_matched: Clusters that keep the number and the name of an earlier one: 3 of 3") {
		t.Errorf("notes %q", notes)
	}
	was := texts(t, e, "SELECT DISTINCT cluster FROM scores WHERE as_of = '2026-05-20' ORDER BY 1")
	if is := texts(t, e, "SELECT DISTINCT cluster FROM scores WHERE as_of = '2026-05-31' ORDER BY 1"); !slices.Equal(was, is) {
		t.Errorf("names %q, were %q", is, was)
	}
	e.Config.Models.Frozen = []string{runDir(e, "2026-05-20")}
	if _, err := e.Score(t.Context(), "2026-05-31"); err == nil || !strings.Contains(err.Error(), "leave out one of the two") {
		t.Errorf("saved clusters, and others to match: %v", err)
	}
	e.Config.Clusters.Match = ""
	e.Config.Clusters.Columns = []string{"orders", "clv"}
	if _, err := e.Score(t.Context(), "2026-05-31"); err == nil || !strings.Contains(err.Error(), "set clusters.columns alike") {
		t.Errorf("saved clusters of other columns: %v", err)
	}
	e.Config.Clusters.Columns = nil
	score(t, e, "2026-05-31")
	c, err := e.Clusters(t.Context(), "2026-05-31")
	if err != nil || c.Fitted != "2026-05-20" {
		t.Errorf("saved clusters are of %+v, %v", c, err)
	}
	if kept, now := runFile(t, e, "2026-05-20", "model.cluster.json"), runFile(t, e, "2026-05-31", "model.cluster.json"); !bytes.Equal(kept, now) {
		t.Error("saved clusters changed on their way")
	}
}

// What the configuration asks for and cannot be had is said before anything is done;
// clusters are made of any column of scores that is a number.
func TestClustersConfigured(t *testing.T) {
	e := kindsShop(t)
	e.Config.Clusters.Columns = []string{"orders", "shoe_size"}
	if _, err := e.Score(t.Context(), "2026-05-31"); err == nil || !strings.Contains(err.Error(), `clientele.yaml: clusters: no column "shoe_size"`) {
		t.Errorf("a column that is not there: %v", err)
	}
	e.Config.Clusters.Columns, e.Config.Clusters.K, e.Config.Clusters.Method = []string{"clv", "expected_orders", "r_score", "average_order_value"}, 4, "mixture"
	score(t, e, "2026-05-31")
	c, err := e.Clusters(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if n := c.Sections[0].Table.Rows(); n < 2 || n > 4 || c.Sections[1].Table.Rows() != 1 {
		t.Errorf("%d clusters; %s", n, c.Method)
	}
}
