package risk

import (
	"testing"
)

// shop is one of the two data sets of statistics.md, section 1 (d).
type shop struct {
	file             string
	window           int
	test             string
	train            []string
	n                int
	base, auc, brier float64
}

func shops() []shop {
	return []shop{
		{"cdnow.csv", 91, "1998-01-01", []string{"1997-07-01", "1997-09-01", "1997-10-01"}, 23_502, 0.836993, 0.807, 0.105},
		{"online_retail.csv", 90, "2011-09-01", []string{"2011-04-01", "2011-05-01", "2011-06-01"}, 3_317, 0.438046, 0.742, 0.2075},
	}
}

func (s shop) snapshots(t testing.TB) []Snapshot {
	purchases := readPurchases(t, s.file)
	var out []Snapshot
	for _, cut := range append(s.train, s.test) {
		out = append(out, snapshotOf(purchases, dayOf(t, cut), s.window))
	}
	return out
}

func TestExperiment(t *testing.T) {
	for _, s := range shops() {
		c, err := Choose(t.Context(), s.snapshots(t), Settings{Resamples: 200, Trees: &TreeSettings{}})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range c.Figures {
			t.Logf("%-20s n %d base %.6f AUC %.4f AP %.4f Brier %.4f LL %.4f ECE %.4f lift %.3f meanp %.4f", f.Method, f.N, f.Rate, f.AUC, f.AveragePrecision, f.Brier, f.LogLoss, f.ECE, f.Lift10, f.MeanP)
		}
		for _, d := range c.Contests {
			t.Logf("%+v", d)
		}
		t.Log(c.Verdict)
		t.Log(c.Score.Shift, c.Score.Report().Parameters)
	}
}
