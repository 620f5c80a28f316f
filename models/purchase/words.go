package purchase

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"clientele/models"
)

// Decades is the unit of an age: ten years are one, and 40 years are 0.
const Decades = "decades above 40 years"

// meanings are what the coefficients of covariates say, in a sentence each: how many
// times as often customers buy, or as fast they are lost, or, in BG/NBD, how many
// times the odds of being lost after a purchase are.
func (f *Fitted) meanings() []models.Warning {
	var out []models.Warning
	for k, e := range f.Estimates()[f.positive():] {
		en, zh := "buy %.3g times as often", "购买频率为 %.3g 倍"
		if k >= len(f.settings.Buying) {
			en, zh = "are lost %.3g times as fast", "流失速度为 %.3g 倍"
			if f.churnIsOdds() {
				en, zh = "are lost after a purchase at %.3g times the odds,", "每次购买后流失的几率比（odds）为 %.3g 倍"
			}
		}
		who, than, whoZh := f.settings.compared(strings.SplitN(e.Name, ".", 2)[1])
		en = who + " " + fmt.Sprintf(en, math.Exp(e.Value)) + than
		zh = whoZh + "，" + fmt.Sprintf(zh, math.Exp(e.Value))
		if f.covariance != nil {
			half := 1.959964 * math.Sqrt(f.covariance.At(f.positive()+k, f.positive()+k))
			en += fmt.Sprintf(" (95 %% interval %.3g to %.3g)", math.Exp(e.Value-half), math.Exp(e.Value+half))
			zh += fmt.Sprintf("（95%% 区间 %.3g 至 %.3g）", math.Exp(e.Value-half), math.Exp(e.Value+half))
		}
		out = append(out, models.Warning{Code: "covariate", En: en + ".", Zh: zh + "。"})
	}
	return out
}

// churnIsOdds reports whether covariates of churn act on the odds of being lost
// after a purchase, a / b of BG/NBD, and not on a rate in time.
func (f *Fitted) churnIsOdds() bool {
	_, churn := f.family.Effects()
	return slices.Max(churn) > 0
}

// compared says who is compared with whom by a covariate.
func (m *Model) compared(covariate string) (who, than, whoZh string) {
	c, coded := m.code(covariate)
	column := c.Column
	value := strings.TrimPrefix(strings.TrimPrefix(covariate, column), "=")
	switch {
	case coded && slices.Contains(c.Values, value):
		return "Customers of " + column + " " + value, " as those of " + c.Reference, column + " 为 " + value + " 的客户与 " + c.Reference + " 相比"
	case coded && value == otherValues:
		return "Customers of a rare or unknown " + column, " as those of " + c.Reference, column + " 较少见或未知的客户与 " + c.Reference + " 相比"
	case coded && value == unknownValue && c.Unit == Decades:
		return "Customers of unknown " + column, " as those of 40 years", column + " 未知的客户与 40 岁的客户相比"
	case coded && value == unknownValue:
		return "Customers of unknown " + column, " as those for whom it is 0", column + " 未知的客户与其值为 0 的客户相比"
	case coded && c.Unit == Decades:
		return "Customers ten years older", "", column + " 每增加十岁"
	}
	return "Customers with one more of " + covariate, "", covariate + " 每增加 1"
}
