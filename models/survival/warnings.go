package survival

import (
	"fmt"
	"strings"

	"clientele/models"
)

// perCoefficient is how many events a coefficient wants, by a rule of thumb
// (Peduzzi et al. 1995).
const perCoefficient = 10

// warn adds what is doubtful about a fit.
func (c *Cox) warn(names []string) {
	var infinite, collinear []string
	estimated := 0
	for j, k := range c.Coefficients {
		switch k.Determined {
		case Infinite:
			infinite = append(infinite, names[j])
		case Collinear:
			collinear = append(collinear, names[j])
		default:
			estimated++
		}
	}
	if len(infinite) > 0 {
		list := strings.Join(infinite, ", ")
		c.Warnings = append(c.Warnings, models.Warning{Code: "infinite_coefficient",
			En: fmt.Sprintf("Nothing bounds the effect of %s: the likelihood rises for ever, because some value of it goes with nobody leaving, or with leaving always first. It has no estimate and no interval; the other effects stand beside it, and the likelihood-ratio test holds.", list),
			Zh: fmt.Sprintf("%s 的影响没有上限：似然函数一直上升，因为它的某个取值下无人流失，或总是最先流失。该影响没有估计值和区间；其他影响仍然有效，似然比检验成立。", list)})
	}
	if len(collinear) > 0 {
		list := strings.Join(collinear, ", ")
		c.Warnings = append(c.Warnings, models.Warning{Code: "collinear_columns",
			En: fmt.Sprintf("Left out: %s. It does not vary among the customers compared, or the columns before it make it up.", list),
			Zh: fmt.Sprintf("已舍去：%s。它在所比较的客户之间没有变化，或可由前面的列推出。", list)})
	}
	if estimated > 0 && c.Left < perCoefficient*float64(estimated) {
		c.Warnings = append(c.Warnings, models.Warning{Code: "few_events",
			En: fmt.Sprintf("Few customers left (%.6g) for %d effects: below %d each, estimates tend to lie too far from zero and intervals to be too narrow.", c.Left, estimated, perCoefficient),
			Zh: fmt.Sprintf("流失客户过少（%.6g 人对应 %d 个影响）：平均每个不足 %d 人时，估计值会偏大，区间会偏窄。", c.Left, estimated, perCoefficient)})
	}
}
