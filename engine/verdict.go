package engine

import (
	"fmt"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/evaluate"
	"clientele/models/purchase"
	"clientele/models/risk"
)

// tally counts the windows in which a model was shown to be better, or worse, than a
// plain rule.
type tally struct{ better, worse, open int }

func (t tally) windows() int { return t.better + t.worse + t.open }

// verdicts say what a backtest comes to: how the purchase model of that name, and the
// churn score, did beside the plain rules, by what differences shows.
func verdicts(origins []*origin, differences *table.Table, model string) []models.Warning {
	var out []models.Warning
	title, titleZh := titleOf(origins, model)
	for _, q := range []struct {
		what, score, title, titleZh string
		measure                     evaluate.Measure
		of, ofZh, rule, ruleZh      string
	}{
		{"orders", model, title, titleZh, evaluate.MeasureMAE, "Orders (mean error of a customer)", "订单（每客户平均误差）", "the own rate so far", "客户自身历史频率"},
		{"spend", model, title, titleZh, evaluate.MeasureMAE, "Money (mean error of a customer)", "金额（每客户平均误差）", "the own rate so far", "客户自身历史频率"},
		{"buying", model, title, titleZh, evaluate.MeasureLogLoss, "Who buys (log loss)", "谁会购买（对数损失）", "the better plain rule", "较好的简单规则"},
		{"buying", risk.Name, "churn risk", "流失风险", evaluate.MeasureLogLoss, "Who buys (log loss)", "谁会购买（对数损失）", "the better plain rule", "较好的简单规则"},
	} {
		t := tallied(differences, q.what, q.score, q.measure)
		if t.windows() == 0 {
			continue
		}
		en, zh := t.words(q.title, q.titleZh, q.rule, q.ruleZh)
		out = append(out, models.Warning{Code: "verdict_" + q.what, En: q.of + ": " + en, Zh: q.ofZh + "：" + zh})
	}
	last := origins[len(origins)-1]
	if last.risk != nil && last.risk.Verdict.En != "" {
		out = append(out, models.Warning{Code: "verdict_churn", En: fmt.Sprintf("As of %s: %s", last.day, last.risk.Verdict.En), Zh: fmt.Sprintf("截至 %s：%s", last.day, last.risk.Verdict.Zh)})
	}
	return out
}

// words say how often a model was shown to be better than a rule.
func (t tally) words(title, titleZh, rule, ruleZh string) (en, zh string) {
	titleZh = spaced(titleZh)
	switch {
	case t.windows() > 1:
		return fmt.Sprintf("%s beats %s in %d of %s, loses in %d, and neither is shown to be better in %d.", title, rule, t.better, windows(t.windows()), t.worse, t.open),
			fmt.Sprintf("%d 个历史窗口中，%s在 %d 个中优于%s，在 %d 个中较差，%d 个未显出差异。", t.windows(), titleZh, t.better, ruleZh, t.worse, t.open)
	case t.better == 1:
		return fmt.Sprintf("%s beats %s in the one past window.", title, rule), fmt.Sprintf("在唯一的历史窗口中，%s优于%s。", titleZh, ruleZh)
	case t.worse == 1:
		return fmt.Sprintf("%s loses to %s in the one past window.", title, rule), fmt.Sprintf("在唯一的历史窗口中，%s不如%s。", titleZh, ruleZh)
	}
	return fmt.Sprintf("neither %s nor %s is shown to be better in the one past window.", title, rule), fmt.Sprintf("在唯一的历史窗口中，%s与%s未显出差异。", titleZh, ruleZh)
}

// tallied counts the rows of differences of one score and measure.
func tallied(differences *table.Table, what, score string, measure evaluate.Measure) (t tally) {
	text := func(name string, row int) string { return textAt(differences.Column(name), row) }
	for i := range differences.Rows() {
		if text("what", i) != what || text("model", i) != score || text("measure", i) != string(measure) {
			continue
		}
		switch text("better", i) {
		case shownModel:
			t.better++
		case shownRule:
			t.worse++
		default:
			t.open++
		}
	}
	return t
}

// titleOf is the title of a purchase model, and what gave its forecasts where that was
// another one at every origin.
func titleOf(origins []*origin, name string) (en, zh string) {
	en = name
	for _, f := range Families() {
		if f.Name() == name {
			en = f.Title()
		}
	}
	methods := map[string]bool{}
	for _, o := range origins {
		if f := o.get(name); f != nil {
			methods[o.method(f)] = true
		}
	}
	zh = en
	switch {
	case len(methods) != 1:
	case methods[purchase.NBD{}.Name()]:
		en, zh = en+" (as NBD, without churn)", zh+"（实为不含流失的 NBD）"
	case methods[purchase.MethodPooled]:
		en, zh = en+" (not fitted: a pooled rate)", zh+"（未拟合，改用收缩后的购买频率）"
	}
	return en, zh
}

// spaced sets Latin letters apart from the Chinese ones after them.
func spaced(title string) string {
	if title != "" && title[len(title)-1] < 0x80 {
		return title + " "
	}
	return title
}
