package risk

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"clientele/engine/table"
)

// scores are fitted Scores of every method, from snapshots with every column,
// and a table to score.
func scores(t testing.TB) ([]*Score, *table.Table) {
	t.Helper()
	var snapshots []Snapshot
	for k := range 4 {
		s := Snapshot{Cut: 1000 + 100*k, Window: 90, Table: randomSummary(900, uint64(k))}
		days, recency := s.Table.Column("purchase_days"), s.Table.Ints("recency_days")
		for i := range s.Table.Rows() {
			s.Churned = append(s.Churned, !days.Missing(i) && (recency[i]*int64(i%7)+int64(i%11)*90)/(1+days.Ints[i]) > 400)
		}
		snapshots = append(snapshots, s)
	}
	ordered, err := checked(snapshots)
	if err != nil {
		t.Fatal(err)
	}
	c := &chooser{ctx: t.Context(), set: Settings{Ridge: 1, MostRows: 1e6, Trees: &TreeSettings{Trees: 30}}}
	var out []*Score
	for _, m := range []Method{LogisticRegression, BoostedTrees, RecencyRule, FrequencyRule, BaseRate} {
		s, err := c.fit(m, ordered)
		if err != nil {
			t.Fatalf("%s: %v", m, err)
		}
		out = append(out, s)
	}
	return out, randomSummary(500, 77)
}

// Base, effects and rest add up to the log odds of the probability, to 1e-9,
// whatever the method and however many reasons are listed.
func TestReasonsAddUp(t *testing.T) {
	all, in := scores(t)
	rows := make([]int, in.Rows())
	for i := range rows {
		rows[i] = i
	}
	for _, s := range all {
		p := make([]float64, in.Rows())
		if err := s.ProbabilityTo(p, in, 2); err != nil {
			t.Fatal(err)
		}
		effects := make([][]float64, len(Families()))
		for f := range effects {
			effects[f] = make([]float64, in.Rows())
		}
		if err := s.EffectsTo(effects, in, 2); err != nil {
			t.Fatal(err)
		}
		for _, most := range []int{0, 1, 3, 100} {
			got, err := s.Explain(in, rows, most)
			if err != nil {
				t.Fatal(err)
			}
			for i, e := range got {
				if math.IsNaN(p[i]) {
					if !math.IsNaN(e.Probability) || len(e.Reasons) > 0 || !math.IsNaN(effects[0][i]) {
						t.Fatalf("%s: a customer without a purchase has %+v", s.Method, e)
					}
					continue
				}
				total, each := e.Base+e.Rest, e.Base
				for k, r := range e.Reasons {
					total += r.Effect
					if k > 0 && math.Abs(r.Effect) > math.Abs(e.Reasons[k-1].Effect) {
						t.Errorf("%s: reasons are out of order", s.Method)
					}
					if r.Effect != effects[r.Family][i] || r.En == "" || r.Zh == "" || strings.Contains(r.En+r.Zh, "NaN") {
						t.Errorf("%s: %+v", s.Method, r)
					}
				}
				for f := range effects {
					each += effects[f][i]
				}
				near(t, string(s.Method)+": sum", total, LogOdds(p[i]), 1e-9)
				near(t, string(s.Method)+": sum of all families", each, LogOdds(p[i]), 1e-9)
				near(t, string(s.Method)+": probability", e.Probability, p[i], 1e-12)
				if most == 0 {
					near(t, string(s.Method)+": rest", e.Rest, 0, 1e-9)
				} else if len(e.Reasons) > most {
					t.Errorf("%s: %d reasons, not %d", s.Method, len(e.Reasons), most)
				}
			}
		}
	}
}

// Scoring row by row gives what the matrix and MarginTo give.
func TestMarginsOfRowsAndColumns(t *testing.T) {
	all, in := scores(t)
	for _, s := range all[:2] {
		m := s.Design.Matrix(in.Rows())
		if err := s.Design.MatrixTo(m, in, 2); err != nil {
			t.Fatal(err)
		}
		byColumn, byRow := make([]float64, in.Rows()), make([]float64, in.Rows())
		if s.Method == LogisticRegression {
			s.Logit.MarginTo(byColumn, m)
		} else {
			s.Trees.MarginTo(byColumn, m, 2)
		}
		if err := s.rankTo(byRow, in, 2); err != nil {
			t.Fatal(err)
		}
		for i, v := range byRow {
			if math.IsNaN(m[0][i]) != math.IsNaN(v) || !math.IsNaN(v) && math.Abs(v-byColumn[i]) > 1e-12 {
				t.Fatalf("%s: row %d is %v, by columns %v", s.Method, i, v, byColumn[i])
			}
		}
	}
}

// Effects of logistic regression are beta * (x - mean), written out.
func TestReasonsOfALogit(t *testing.T) {
	all, in := scores(t)
	s := all[0]
	m := s.Design.Matrix(in.Rows())
	if err := s.Design.MatrixTo(m, in, 1); err != nil {
		t.Fatal(err)
	}
	got, err := s.Explain(in, []int{3}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want [families]float64
	for j, term := range s.Design.Terms {
		want[featureOf(t, term.Name).Family] += s.Logit.Coefficients[j] * m[j][3]
	}
	for _, r := range got[0].Reasons {
		near(t, r.Family.Key(), r.Effect, want[r.Family], 1e-12)
	}
	// The customer whose every feature is the mean has the base, and no reason.
	near(t, "base", got[0].Base, s.Logit.Intercept+s.Shift, 1e-12)
}

// No reason says that much bought raises the risk, or that little lowers it: what a
// coefficient of that sign does is part of how long the customer is silent.
func TestPurchasesNeverContradict(t *testing.T) {
	all, in := scores(t)
	contrary := *all[0]
	logit := *contrary.Logit
	logit.Coefficients = slices.Clone(logit.Coefficients)
	for j, term := range contrary.Design.Terms {
		if term.Name == "purchase_days" {
			logit.Coefficients[j] = 2 // against the purchase model's probability
		}
	}
	contrary.Logit = &logit
	for _, s := range []*Score{all[0], all[1], &contrary} {
		m := s.Design.Matrix(in.Rows())
		if err := s.Design.MatrixTo(m, in, 1); err != nil {
			t.Fatal(err)
		}
		at := map[string]int{}
		for j, term := range s.Design.Terms {
			at[term.Name] = j
		}
		effects := make([][]float64, len(Families()))
		for f := range effects {
			effects[f] = make([]float64, in.Rows())
		}
		if err := s.EffectsTo(effects, in, 1); err != nil {
			t.Fatal(err)
		}
		folded, kept := 0, 0
		for i, effect := range effects[Purchases] {
			days, money := m[at["purchase_days"]][i], m[at["money"]][i]
			switch {
			case math.IsNaN(effect):
			case days > 0 && money > 0 && effect > 0 || days < 0 && money < 0 && effect < 0:
				t.Errorf("%s: purchases %.2f and money %.2f deviations from the mean have the effect %v", s.Method, days, money, effect)
			case effect == 0:
				folded++
			default:
				kept++
			}
		}
		if kept == 0 || s == &contrary && folded < in.Rows()/4 {
			t.Errorf("%s: %d reasons kept, %d part of silence", s.Method, kept, folded)
		}
	}
}

func TestWords(t *testing.T) {
	s := &Score{Window: 90, Design: &Design{Terms: []Term{{Name: "longest_gap"}, {Name: "purchase_days"}, {Name: "money"}, {Name: "orders_30"}, {Name: "orders_60"}, {Name: "orders_90"}, {Name: "orders_365"}, {Name: PurchaseModelColumn}}}}
	r := &row{days: 4, orders: 5, span: 90, tenure: 1233, recency: 143, longest: 61, squares: 3000, sales: 1234.5, refunds: 98.76,
		recent: [4]float64{0, math.NaN(), 1, 5}, contacts: [3]float64{0, 0, 0}, responses: [3]float64{1, 2, 2}, model: 0.714}
	for _, c := range []struct {
		family Family
		en, zh string
	}{
		{Silence, "no order for 143 days (usual gap 30 days, longest 61), 0 orders in the last 30 days, 1 in 90, 5 in 365; the purchase model gives 71 % for no order in 90 days",
			"已 143 天未下单（通常间隔 30 天，最长 61 天），下单次数：近 30 天 0 次，近 90 天 1 次，近 365 天 5 次；复购模型估计 90 天内不下单的概率为 71%"},
		{Purchases, "bought on 4 days, spent 1,234.50 in all, 246.90 an order", "共在 4 天购买，累计消费 1,234.50，单均 246.90"},
		{Tenure, "first order 1,233 days ago", "首次下单在 1,233 天前"},
		{Refunds, "8 % of sales refunded", "退款占销售额 8%"},
		{Interactions, "no contact in the last 365 days", "近 365 天无联系记录"},
		{Responses, "1 response to campaigns in the last 30 days, 2 in 90, 2 in 365", "活动响应：近 30 天 1 次，近 90 天 2 次，近 365 天 2 次"},
		{Adjustment, "calibration", "校准"},
	} {
		if en, zh := s.words(c.family, r, false); en != c.en || zh != c.zh {
			t.Errorf("%s: %q, %q", c.family.Key(), en, zh)
		}
	}
	lost := &row{days: 38, span: 333, recency: 469, model: 0.99999}
	if en, zh := s.words(Silence, lost, true); en != "no order for 469 days (bought on 38 days, usual gap 9 days), none in the last 365 days; the purchase model gives over 99 % for no order in 90 days" ||
		zh != "已 469 天未下单（共在 38 天购买，通常间隔 9 天），近 365 天无订单；复购模型估计 90 天内不下单的概率超过 99%" {
		t.Errorf("%q, %q", en, zh)
	}
	// What the score does not go by is no part of its reasons: a plain rule knows no model.
	once, plain := &row{days: 1, recency: 1, model: 0.5, recent: [4]float64{1, 1, 1, 1}}, &Score{Window: 90, Method: RecencyRule}
	if en, zh := plain.words(Silence, once, true); en != "no order for 1 day (bought on one day only)" || zh != "已 1 天未下单（仅在一天购买过）" {
		t.Errorf("%q, %q", en, zh)
	}
	if en, _ := plain.words(Silence, &row{days: 2, span: 7}, true); en != "ordered today (usual gap 7 days)" {
		t.Errorf("%q", en)
	}
	nan := math.NaN()
	if en, _ := s.words(Silence, &row{days: 2, span: 7, model: nan, recent: [4]float64{nan, 2, nan, nan}}, false); en != "ordered today (usual gap 7 days), 2 orders in the last 60 days" {
		t.Errorf("%q", en)
	}
	for p, want := range map[float64]string{0: "under 1 %", 1e-9: "under 1 %", 0.0099: "under 1 %", 0.01: "1 %", 0.5: "50 %", 0.99: "99 %", 0.9901: "over 99 %", 1: "over 99 %"} {
		if en, zh := chance(p); en != want || strings.Contains(zh, "100") {
			t.Errorf("%v is %q, %q", p, en, zh)
		}
	}
	nothing := &row{days: 1, sales: nan, model: nan, refunds: nan, contacts: [3]float64{nan, nan, nan}}
	for f, want := range map[Family]string{Purchases: "bought on 1 day, money spent unknown", Interactions: "contacts unknown", Refunds: "refunds unknown"} {
		if en, zh := s.words(f, nothing, false); en != want || strings.Contains(zh, "NaN") {
			t.Errorf("%s: %q, %q", f.Key(), en, zh)
		}
	}
	if en, zh := s.words(Refunds, once, false); en != "nothing refunded" || zh != "没有退款" {
		t.Errorf("%q, %q", en, zh)
	}
	if en, _ := (&Score{Design: &Design{}}).words(Purchases, once, false); en != "bought on 1 day" {
		t.Errorf("%q", en)
	}
	s.Method = FrequencyRule
	if en, zh := s.words(Purchases, r, false); en != "bought on 4 days, no order for 143 days (usual gap 30 days, longest 61)" || zh != "共在 4 天购买，已 143 天未下单（通常间隔 30 天，最长 61 天）" {
		t.Errorf("%q, %q", en, zh)
	}
	for v, want := range map[float64]string{0: "0.00", 999.999: "1,000.00", -1234567: "-1,234,567.00", 12: "12.00"} {
		if money(v) != want {
			t.Errorf("%v is written %s", v, money(v))
		}
	}
}

// A score read back from its JSON gives the same probabilities and reasons; one
// that lacks a part is refused.
func TestScoreSavesToJSON(t *testing.T) {
	all, in := scores(t)
	rows := []int{0, 1, 2, 9}
	for _, s := range all {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Load(text)
		if err != nil {
			t.Fatalf("%s: %v", s.Method, err)
		}
		a, b := make([]float64, in.Rows()), make([]float64, in.Rows())
		if err := s.ProbabilityTo(a, in, 1); err != nil {
			t.Fatal(err)
		}
		if err := back.ProbabilityTo(b, in, 1); err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) }) {
			t.Errorf("%s: other probabilities", s.Method)
		}
		one, err := s.Explain(in, rows[:3], 3)
		if err != nil {
			t.Fatal(err)
		}
		other, err := back.Explain(in, rows[:3], 3)
		if err != nil || !reflect.DeepEqual(one, other) {
			t.Errorf("%s: other reasons, %v", s.Method, err)
		}
		if !reflect.DeepEqual(s.Report().Parameters, back.Report().Parameters) {
			t.Errorf("%s: another report", s.Method)
		}
		var parts map[string]json.RawMessage
		if err := json.Unmarshal(text, &parts); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"design", "logit", "trees", "calibration", "method", "window_days"} {
			kept, ok := parts[part]
			if !ok {
				continue
			}
			delete(parts, part)
			less, err := json.Marshal(parts)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Load(less); err == nil {
				t.Errorf("%s: loaded without %s", s.Method, part)
			}
			parts[part] = kept
		}
		if _, err := Load(append(text, '1')); err == nil {
			t.Error("text after the end is taken")
		}
		parts["colour"] = json.RawMessage(`"red"`)
		if more, err := json.Marshal(parts); err != nil {
			t.Fatal(err)
		} else if _, err := Load(more); err == nil {
			t.Error("an unknown field is taken")
		}
	}
}

// Damaged trees are refused, not walked for ever.
func TestLoadRefusesDamagedTrees(t *testing.T) {
	all, _ := scores(t)
	s := *all[1]
	for name, damage := range map[string]func(*Tree){
		"a loop":            func(t *Tree) { t.Left[0] = 0 },
		"a column too many": func(t *Tree) { t.Feature[0] = 99 },
		"a child too many":  func(t *Tree) { t.Right[0] = int32(len(t.Feature)) },
		"no cover":          func(t *Tree) { t.Cover[1] = 0 },
		"a short slice":     func(t *Tree) { t.Value = t.Value[1:] },
	} {
		tree := s.Trees.Trees[0]
		bad := Tree{slices.Clone(tree.Feature), slices.Clone(tree.Threshold), slices.Clone(tree.Left), slices.Clone(tree.Right), slices.Clone(tree.Value), slices.Clone(tree.Cover)}
		damage(&bad)
		trees := *s.Trees
		trees.Trees = []Tree{bad}
		s.Trees = &trees
		text, err := json.Marshal(&s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Load(text); err == nil {
			t.Errorf("%s: loaded", name)
		}
		s.Trees = all[1].Trees
	}
}

// Scoring in chunks of any size, and as models.Fitted does it, gives the bits of scoring whole.
func TestScoreInChunks(t *testing.T) {
	all, in := scores(t)
	for _, s := range all {
		whole := make([]float64, in.Rows())
		if err := s.ProbabilityTo(whole, in, 3); err != nil {
			t.Fatal(err)
		}
		dst := s.Spec().Make(in.Rows())
		for from := 0; from < in.Rows(); from += 130 {
			to := min(from+130, in.Rows())
			if err := s.Score(t.Context(), dst.Slice(from, to), in.Slice(from, to)); err != nil {
				t.Fatal(err)
			}
		}
		for i, p := range dst.Floats(Name) {
			if math.Float64bits(p) != math.Float64bits(whole[i]) {
				t.Fatalf("%s: row %d is %v in chunks, %v whole", s.Method, i, p, whole[i])
			}
			if missing := in.Column("purchase_days").Missing(i); missing != math.IsNaN(p) || p < 0 || p > 1 {
				t.Fatalf("%s: row %d is %v", s.Method, i, p)
			}
		}
	}
}
