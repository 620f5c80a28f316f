package rfm

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"clientele/models"
)

// Report names the method and gives cut points (r_1..r_4 in days, f_1..f_4 in
// orders, m_1..m_4 in money, ascending) and the means that rfm_cell divides by.
func (f *Fitted) Report() models.Report {
	r := models.Report{Model: f.spec.Name, Status: models.Fixed, Method: f.method(), Rows: f.Rows, LogLikelihood: math.NaN()}
	if f.Rows == 0 {
		r.Status = models.Skipped
		r.Warnings = []models.Warning{{
			Code: "no_customers",
			En:   "No customer has an order: nobody has RFM scores.",
			Zh:   "没有任何客户下过订单，无法计算 RFM 得分。",
		}}
		return r
	}
	for _, m := range []struct {
		name string
		cuts Cuts
	}{{"r", f.Recency}, {"f", f.Frequency}, {"m", f.Money}} {
		for k, q := range m.cuts {
			r.Parameters = append(r.Parameters, models.Parameter{Name: fmt.Sprintf("%s_%d", m.name, k+1), Value: q})
		}
	}
	means := f.Values
	if f.meanRule == "scores" {
		means = f.Scores
	}
	r.Parameters = append(r.Parameters, models.Parameter{Name: "r_mean", Value: means.Recency},
		models.Parameter{Name: "f_mean", Value: means.Frequency}, models.Parameter{Name: "m_mean", Value: means.Money})
	for p := range 3 {
		if w, few := f.fewScores(p); few {
			r.Warnings = append(r.Warnings, w)
		}
	}
	if w, some := f.uncovered(); some {
		r.Warnings = append(r.Warnings, w)
	}
	return r
}

// method names the scheme, the money, where cut points come from, and the rule of the cells.
func (f *Fitted) method() string {
	cells := "cn8 by mean of " + f.meanRule
	if f.scheme.Name == "cn8" {
		return cells + f.given()
	}
	text := f.scheme.Name
	if f.Rule == From {
		text += " (own bins: type-7 quantile + 1, low <= v < high)"
	}
	return text + f.given() + "; " + cells
}

func (f *Fitted) given() string {
	text := ""
	if len(f.Own) > 0 {
		text = ", own cut points of " + strings.Join(f.Own, ", ")
	}
	if f.Monetary == "average" {
		text += ", money is average order value"
	}
	return text
}

// fewScores warns when fewer than five scores occur in measure p (0 R, 1 F, 2 M).
func (f *Fitted) fewScores(p int) (models.Warning, bool) {
	customers := f.Customers[p]
	var en, zh []string
	for k, n := range customers {
		if n > 0 {
			en = append(en, fmt.Sprintf("%d (%s)", k+1, people(n)))
			zh = append(zh, fmt.Sprintf("%d 分（%s 人）", k+1, thousands(n)))
		}
	}
	if len(en) == 5 {
		return models.Warning{}, false
	}
	measure := []string{"recency", "frequency", "money"}[p]
	letter := "RFM"[p]
	measureZh := []string{"最近消费", "消费频次", "消费金额"}[p]
	own := slices.Contains(f.Own, measure)
	switch {
	case own && len(en) == 1:
		return models.Warning{
			Code: "empty_scores_" + measure,
			En:   fmt.Sprintf("The configured cut points of %s leave one of 5 scores: %c = %s.", measure, letter, en[0]),
			Zh:   fmt.Sprintf("按配置的%s（%c）分界点，所有客户得分相同：%s。", measureZh, letter, zh[0]),
		}, true
	case own:
		return models.Warning{
			Code: "empty_scores_" + measure,
			En: fmt.Sprintf("The configured cut points of %s leave customers in only %d of 5 scores: %c = %s.",
				measure, len(en), letter, strings.Join(en, ", ")),
			Zh: fmt.Sprintf("按配置的%s（%c）分界点，只有 %d 个分值有客户：%s。", measureZh, letter, len(zh), strings.Join(zh, "、")),
		}, true
	case len(en) == 1:
		w := models.Warning{Code: "few_scores_" + measure}
		w.En, w.Zh = f.oneScore(p, slices.IndexFunc(customers[:], func(n int) bool { return n > 0 })+1, measure, measureZh)
		return w, true
	}
	return models.Warning{
		Code: "few_scores_" + measure,
		En: fmt.Sprintf("Many customers have equal %s, and equal values score equally, which leaves %d of 5 scores: %c = %s.",
			measure, len(en), letter, strings.Join(en, ", ")),
		Zh: fmt.Sprintf("%s（%c）相同的客户太多，而相同的值得分相同，五档只剩 %d 档：%s。", measureZh, letter, len(zh), strings.Join(zh, "、")),
	}, true
}

// oneScore words that everybody has one score in measure p. Under learned cut
// points it is the lowest, as the worst value is never better than a quantile;
// with the day more that own bins have (From) it is the highest for recency.
func (f *Fitted) oneScore(p, score int, measure, measureZh string) (en, zh string) {
	en, zh = fmt.Sprintf("the lowest score: %c = %d", "RFM"[p], score), fmt.Sprintf("最低分：%c = %d", "RFM"[p], score)
	if score == 5 {
		en, zh = strings.Replace(en, "lowest", "highest", 1), strings.Replace(zh, "低", "高", 1)
	}
	switch {
	case f.Rows == 1:
		return fmt.Sprintf("There is only one customer, who gets %s. Nobody's %s can be compared.", en, measure),
			fmt.Sprintf("只有 1 位客户，%s无从比较，得%s。", measureZh, zh)
	case f.allEqual(p):
		return fmt.Sprintf("All %s customers have equal %s, so all get %s.", thousands(f.Rows), measure, en),
			fmt.Sprintf("全部 %s 位客户的%s相同，因此均得%s。", thousands(f.Rows), measureZh, zh)
	}
	return fmt.Sprintf("Too few of the %s customers differ in %s for a cut point between them, so all get %s.", thousands(f.Rows), measure, en),
		fmt.Sprintf("%s 位客户中%s不同的太少，无法划出分界点，因此均得%s。", thousands(f.Rows), measureZh, zh)
}

// allEqual reports whether everybody has one value of measure p, where everybody
// has one score: then no value is better than the best cut point, and the mean
// equals it only when all do.
func (f *Fitted) allEqual(p int) bool {
	c, mean := []Cuts{f.Recency, f.Frequency, f.Money}[p], []float64{f.Values.Recency, f.Values.Frequency, f.Values.Money}[p]
	if f.Rule == From { // its cut points are quantiles plus one
		mean++
	}
	return c[0] == c[3] && math.Abs(c[0]-mean) <= 1e-12*math.Abs(mean)
}

// holes are the codes that no segment of the scheme covers, as places among the
// labels of rfm_code.
func (f *Fitted) holes() []int {
	check, err := Check(f.scheme)
	if f.scheme.Levels != 5 || err != nil {
		return nil
	}
	var codes []int
	for code, label := range f.spec.Out[3].Labels {
		if slices.Contains(check.Holes, label[:f.scheme.Positions]) {
			codes = append(codes, code)
		}
	}
	return codes
}

// uncovered warns when customers have codes that no segment covers, or may have.
func (f *Fitted) uncovered() (models.Warning, bool) {
	n := f.Uncovered
	if n == 0 {
		return models.Warning{}, false
	}
	check, err := Check(f.scheme)
	if err != nil {
		return models.Warning{}, false
	}
	who, whoZh := people(n)+" with such a code are", thousands(n)+" 位客户"
	switch {
	case n == 1:
		who = "1 customer with such a code is"
	case n < 0: // the cut points are those of a fit under other names
		who, whoZh = "customers with such a code are", "具有这些代码的客户"
	}
	return models.Warning{
		Code: "uncovered_codes",
		En: fmt.Sprintf("Scheme %s has no segment for %d of %d codes: %s in %s.",
			f.scheme.Name, len(check.Holes), check.Codes, who, Others),
		Zh: fmt.Sprintf("方案 %s 的 %d 个代码中有 %d 个没有对应分层：%s归入“其他客户”。",
			f.scheme.Name, check.Codes, len(check.Holes), whoZh),
	}, true
}

func people(n int) string {
	if n == 1 {
		return "1 customer"
	}
	return thousands(n) + " customers"
}

// thousands writes n with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
