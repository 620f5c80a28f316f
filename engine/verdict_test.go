package engine

import (
	"strings"
	"testing"

	"clientele/models"
	"clientele/models/evaluate"
	"clientele/models/risk"
)

// A verdict counts the windows of the model in use and of the churn score, by the
// measure that it names, and says nothing of what was not compared.
func TestVerdicts(t *testing.T) {
	g := newGrid("what text", "model text", "measure text", "better text")
	for _, row := range []string{
		"orders pareto_nbd mae model", "orders pareto_nbd mae rule", "orders pareto_nbd mae -", "orders pareto_nbd rmse model", "orders mbg_nbd mae model",
		"buying pareto_nbd log_loss rule", "buying pareto_nbd auc model", "buying churn_risk log_loss model",
	} {
		part := strings.Fields(strings.Replace(row, "-", "not\u00a0shown", 1))
		g.add(part[0], part[1], part[2], strings.Replace(part[3], "\u00a0", " ", 1))
	}
	table := g.section("").Table
	if got := tallied(table, "orders", "pareto_nbd", evaluate.MeasureMAE); got != (tally{1, 1, 1}) {
		t.Errorf("%+v", got)
	}
	origins := []*origin{{snapshot: &snapshot{day: 20000}, risk: &risk.Choice{Verdict: models.Warning{En: "Churn risk comes from elsewhere.", Zh: "流失风险另有来源。"}}}}
	want := [][2]string{
		{"Orders (mean error of a customer): Pareto/NBD beats the own rate so far in 1 of 3 past windows, loses in 1, and neither is shown to be better in 1.",
			"订单（每客户平均误差）：3 个历史窗口中，Pareto/NBD 在 1 个中优于客户自身历史频率，在 1 个中较差，1 个未显出差异。"},
		{"Who buys (log loss): Pareto/NBD loses to the better plain rule in the one past window.", "谁会购买（对数损失）：在唯一的历史窗口中，Pareto/NBD 不如较好的简单规则。"},
		{"Who buys (log loss): churn risk beats the better plain rule in the one past window.", "谁会购买（对数损失）：在唯一的历史窗口中，流失风险优于较好的简单规则。"},
		{"As of 2024-10-04: Churn risk comes from elsewhere.", "截至 2024-10-04：流失风险另有来源。"},
	}
	got := verdicts(origins, table, "pareto_nbd")
	if len(got) != len(want) {
		t.Fatalf("%d verdicts: %+v", len(got), got)
	}
	for k, w := range want {
		if got[k].En != w[0] || got[k].Zh != w[1] {
			t.Errorf("%q, %q", got[k].En, got[k].Zh)
		}
	}
}
