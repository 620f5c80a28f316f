package groups

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"clientele/models"
)

// mostListed is how many groups without a fit of their own have a row each in the
// models table.
const mostListed = 50

// Reports are the rows of the models table: the fit of all customers, the comparison,
// and one for each group, named MODEL/GROUP. The first one's warnings are left out
// where it scores nobody.
func (f *Fits[F]) Reports() []models.Report {
	all := f.All.Report()
	name := all.Model
	if f.Rest != nil || f.RestRows == 0 {
		all.Warnings = nil
	}
	out := []models.Report{all, f.together(name)}
	for _, g := range f.Own {
		out = append(out, f.named(g, name))
	}
	if f.Rest != nil {
		out = append(out, f.named(*f.Rest, name))
	}
	method := "pooled"
	if f.Rest == nil {
		method = "all_customers"
	}
	for k, o := range f.Others {
		if k == mostListed {
			break
		}
		out = append(out, models.Report{Model: name + "/" + o.Name, Status: models.Fallback, Method: method, LogLikelihood: math.NaN(), Rows: o.Rows,
			Notes: []models.Warning{{Code: o.Why,
				En: fmt.Sprintf("%s %s has no fit of its own: %s.", f.By, o.Name, why(o.Why).En),
				Zh: fmt.Sprintf("%s %s 没有单独的拟合：%s。", f.byZh(), o.Name, why(o.Why).Zh)}}})
	}
	return out
}

// named is the report of a group's fit, whose warnings name the group.
func (f *Fits[F]) named(g Fit[F], model string) models.Report {
	r := g.Model.Report()
	r.Model = model + "/" + g.Name
	warnings := make([]models.Warning, len(r.Warnings))
	for k, w := range r.Warnings {
		warnings[k] = models.Warning{Code: w.Code, En: f.By + " " + g.Name + ": " + w.En, Zh: f.byZh() + " " + g.Name + "：" + w.Zh}
	}
	r.Warnings = warnings
	return r
}

// together is the row that compares the groups' fits with the one of all.
func (f *Fits[F]) together(name string) models.Report {
	c, all := f.Comparison, f.All.Report()
	r := models.Report{Model: name + "/" + Together, Status: models.Converged, Method: "by " + f.By, LogLikelihood: c.LogLikelihood, Rows: all.Rows}
	en, zh := f.who()
	switch {
	case f.Unworthy > 0 && math.IsNaN(c.LogLikelihood):
		r.Status = models.Fallback
		r.Notes = []models.Warning{{Code: "groups_unworthy",
			En: fmt.Sprintf("Of the groups by %s only one could be fitted by itself, and the others not even together. One fit of all customers scores everybody.", f.By),
			Zh: fmt.Sprintf("按%s分组后只有一组可单独拟合，其余各组合并后也无法拟合。全体客户使用同一个拟合。", f.byZh())}}
		return r
	case f.Unworthy > 0:
		r.Status = models.Fallback
		r.Notes = []models.Warning{{Code: "groups_unworthy",
			En: fmt.Sprintf("Fits by %s (%d groups) are not worth their parameters: log-likelihood %.2f together, %.2f of one fit of the same customers, likelihood ratio %.2f with %d degrees of freedom (%s), AIC higher by %.1f. One fit of all customers scores everybody.",
				f.By, f.Unworthy, c.LogLikelihood, c.One, c.Ratio(), c.Degrees(), probability(c.P()), math.Abs(c.AIC())),
			Zh: fmt.Sprintf("按%s分组（%d 组）拟合不值得其增加的参数：对数似然合计 %.2f，同一批客户一个拟合为 %.2f，似然比 %.2f，自由度 %d（%s），AIC 升高 %.1f。全体客户使用同一个拟合。",
				f.byZh(), f.Unworthy, c.LogLikelihood, c.One, c.Ratio(), c.Degrees(), probability(c.P()), math.Abs(c.AIC()))}}
		return r
	case len(f.Own) == 0:
		r.Status = models.Fallback
		r.Warnings = []models.Warning{{Code: "no_groups", En: en, Zh: zh}}
		return r
	case math.IsNaN(c.LogLikelihood - c.One): // one fit of all is none
		r.Notes = []models.Warning{{Code: "groups", En: en, Zh: zh}}
		return r
	}
	r.Parameters = []models.Parameter{
		{Name: "fits", Value: float64(len(f.Own))}, {Name: "log_likelihood_of_one", Value: c.One}, {Name: "likelihood_ratio", Value: c.Ratio()},
		{Name: "degrees_of_freedom", Value: float64(c.Degrees())}, {Name: "p_value", Value: c.P()}, {Name: "aic_gain", Value: c.AIC()},
	}
	verdict := models.Warning{En: "Grouping is worth its parameters (AIC lower by %.1f).", Zh: "分组拟合值得其增加的参数（AIC 降低 %.1f）。"}
	r.Notes = []models.Warning{{Code: "groups",
		En: fmt.Sprintf("%s Log-likelihood %.2f together, %.2f of one fit of the same customers: likelihood ratio %.2f with %d degrees of freedom (%s). %s",
			en, c.LogLikelihood, c.One, c.Ratio(), c.Degrees(), probability(c.P()), fmt.Sprintf(verdict.En, math.Abs(c.AIC()))),
		Zh: fmt.Sprintf("%s对数似然合计 %.2f，同一批客户一个拟合为 %.2f：似然比 %.2f，自由度 %d（%s）。%s",
			zh, c.LogLikelihood, c.One, c.Ratio(), c.Degrees(), probability(c.P()), fmt.Sprintf(verdict.Zh, math.Abs(c.AIC())))}}
	return r
}

// who says which groups have a fit of their own.
func (f *Fits[F]) who() (en, zh string) {
	if len(f.Own) == 0 {
		return fmt.Sprintf("No group by %s could be fitted by itself: one fit of all customers scores everybody.", f.By),
			fmt.Sprintf("按%s分组后没有一组可单独拟合：全体客户使用同一个拟合。", f.byZh())
	}
	var names []string
	for k, g := range f.Own {
		if k == 10 {
			names = append(names, "...")
			break
		}
		names = append(names, g.Name)
	}
	list := strings.Join(names, ", ")
	rest, restZh := "are fitted together", "合并拟合"
	if f.Rest == nil {
		rest, restZh = "are scored by the fit of all customers", "使用全体客户的拟合"
	}
	en = fmt.Sprintf("Fitted by %s: groups with a fit of their own: %d (%s); other customers: %d.", f.By, len(f.Own), list, f.RestRows)
	zh = fmt.Sprintf("按%s分组拟合：单独拟合 %d 组（%s）；其他客户 %d 位。", f.byZh(), len(f.Own), list, f.RestRows)
	if f.RestRows > 0 {
		en = fmt.Sprintf("Fitted by %s: groups with a fit of their own: %d (%s); other customers %s: %d.", f.By, len(f.Own), list, rest, f.RestRows)
		zh = fmt.Sprintf("按%s分组拟合：单独拟合 %d 组（%s）；其他 %d 位客户%s。", f.byZh(), len(f.Own), list, f.RestRows, restZh)
	}
	return en, zh
}

// byZh is the column that parts the groups, in Chinese.
func (f *Fits[F]) byZh() string {
	switch f.By {
	case "cohort":
		return "首购年份"
	case "gender":
		return "性别"
	case "country":
		return "国家或地区"
	case "region":
		return "省份"
	case "city":
		return "城市"
	case "acquired_channel":
		return "获客渠道"
	}
	return f.By
}

func probability(p float64) string {
	if p < 1e-4 {
		return "p < 0.0001"
	}
	return "p = " + strconv.FormatFloat(p, 'f', 4, 64)
}

// why words the codes of what speaks against a fit.
func why(code string) models.Warning {
	switch code {
	case "few_customers", "no_customers":
		return models.Warning{En: "too few customers", Zh: "客户太少"}
	case "few_repeaters", "no_repeat_spend":
		return models.Warning{En: "too few of them bought again", Zh: "复购客户太少"}
	case "unstable_mean":
		return models.Warning{En: "its mean spend is unstable", Zh: "平均消费额不稳定"}
	case "infinite_mean":
		return models.Warning{En: "its mean spend would be infinite", Zh: "平均消费额无穷大"}
	case "zero_churn":
		return models.Warning{En: "no churn can be identified in it", Zh: "无法识别流失"}
	case "too_many_groups":
		return models.Warning{En: fmt.Sprintf("only the %d largest groups are fitted", Most), Zh: fmt.Sprintf("只拟合最大的 %d 组", Most)}
	}
	return models.Warning{En: "its parameters are not identified", Zh: "参数无法识别"}
}
