package engine

import (
	"fmt"
	"math"

	"clientele/engine/config"
	"clientele/models"
	"clientele/models/evaluate"
	"clientele/models/purchase"
)

// Choice is which purchase model would have forecast best, and by how much.
type Choice struct {
	Winner     string         `json:"winner"`
	Used       string         `json:"used"` // the winner with models.purchase: auto, else the model that is configured
	Reason     models.Warning `json:"reason"`
	Candidates []Candidate    `json:"candidates"` // in the order of Families
}

// Candidate is how one purchase model did over all origins.
type Candidate struct {
	Name     string  `json:"name"`
	Method   string  `json:"method"` // what gave the forecasts at the last origin: the model, nbd where no churn was found, or a fallback
	Status   string  `json:"status"` // of the fit there
	Loglik   float64 `json:"log_likelihood"`
	Surprise float64 `json:"surprise"` // mean of -ln of the probability given to the number of purchases that came; NaN: none was given
	Floored  int     `json:"floored"`  // of those probabilities, the ones below leastChance, which counts in their place
	// Worse is Surprise less that of the best candidate, with a 95 % interval in which
	// customers are independent of each other and the windows of one customer are not
	// (evaluate.ClusteredMean). What all customers of a window have in common, a season
	// or a crisis, is not in it: windows are too few to tell.
	Worse     float64 `json:"worse"`
	WorseLow  float64 `json:"worse_low"`
	WorseHigh float64 `json:"worse_high"`
	Bias      float64 `json:"bias"` // total forecast over what came, all origins together
	MAE       float64 `json:"mae"`
}

// choose looks back with every purchase model and takes the best.
func (p *past) choose() (*Choice, error) {
	days, err := p.origins()
	if err != nil {
		return nil, err
	}
	var origins []*origin
	for _, day := range days {
		o, err := p.lookBack(day, p.holdout(), Families())
		if err != nil {
			return nil, err
		}
		origins = append(origins, o)
	}
	return p.judge(origins, Families()), nil
}

// judge takes the model that was least surprised by the numbers of purchases that
// came in the windows after all origins: -ln of a forecast probability is a proper
// score, which sums up level, spread and ranking; below leastChance it stays where it
// is. A model further up the list of families stays where the better one is not
// better by more than chance (95 %, paired by customer, a customer's windows together).
func (p *past) judge(origins []*origin, families []purchase.Family) *Choice {
	c := &Choice{}
	c.won(families[0], p.Config.Models.Purchase)
	best := -1
	for k, f := range families {
		c.Candidates = append(c.Candidates, candidateOf(origins, f.Name()))
		if s := c.Candidates[k].Surprise; !math.IsNaN(s) && (best < 0 || s < c.Candidates[best].Surprise) {
			best = k
		}
	}
	if best < 0 {
		c.Reason = models.Warning{Code: "model_choice",
			En: fmt.Sprintf("No purchase model could be fitted on all past days with a closed window after them, so none is shown to be better: %s is tried, and where it cannot be fitted a plainer method stands in.", families[0].Title()),
			Zh: fmt.Sprintf("没有复购模型能在全部窗口已结束的历史统计日上拟合，无法比较优劣：尝试 %s，无法拟合时改用更简单的方法。", families[0].Title())}
		return c
	}
	winner := -1
	for k := range families {
		a := &c.Candidates[k]
		a.Worse, a.WorseLow, a.WorseHigh = worse(origins, a.Name, c.Candidates[best].Name)
		if winner < 0 && a.WorseLow <= 0 {
			winner = k
		}
	}
	c.won(families[winner], p.Config.Models.Purchase)
	c.Reason = reason(c, families, winner, best, len(origins), p.holdout())
	en, zh := floorNote(c.Candidates)
	c.Reason.En, c.Reason.Zh = c.Reason.En+en, c.Reason.Zh+zh
	return c
}

// won records the winner, and which model is used where that is configured.
func (c *Choice) won(winner purchase.Family, configured string) {
	c.Winner, c.Used = winner.Name(), configured
	if configured == config.Auto {
		c.Used = c.Winner
	}
}

// floorNote says how many of the candidates' probabilities were below leastChance;
// empty where none was.
func floorNote(candidates []Candidate) (en, zh string) {
	floored := 0
	for _, a := range candidates {
		floored += a.Floored
	}
	if floored == 0 {
		return "", ""
	}
	return fmt.Sprintf(" Probabilities below %g count as %g: so it was for %d of the forecasts of all models.", leastChance, leastChance, floored),
		fmt.Sprintf("低于 %g 的概率按 %g 计：所有模型的预测中共有 %d 个。", leastChance, leastChance, floored)
}

// windows counts past windows.
func windows(n int) string {
	if n == 1 {
		return "one past window"
	}
	return fmt.Sprintf("%d past windows", n)
}

func reason(c *Choice, families []purchase.Family, winner, best, origins, holdout int) models.Warning {
	is, isZh, end, endZh := "is used", "采用", "", ""
	if c.Used != c.Winner {
		is, isZh = "would be used with models.purchase: auto", "若设 models.purchase: auto，将采用"
		end = fmt.Sprintf(" The configuration names %s, which is used.", family(c.Used).Title())
		endZh = fmt.Sprintf("配置指定了 %s，实际采用后者。", family(c.Used).Title())
	}
	w := models.Warning{Code: "model_choice",
		En: fmt.Sprintf("%s %s: over %s of %d days it gave the numbers of purchases that came the highest probability (mean -ln p %.4f).",
			families[winner].Title(), is, windows(origins), holdout, c.Candidates[winner].Surprise),
		Zh: fmt.Sprintf("%s %s：在过去 %d 个 %d 天窗口中，它对实际购买次数给出的概率最高（平均 -ln p 为 %.4f）。",
			isZh, families[winner].Title(), origins, holdout, c.Candidates[winner].Surprise)}
	if winner != best {
		w.En = fmt.Sprintf("%s %s: %s forecast better over %s of %d days, but not by more than chance (mean -ln p %.4f against %.4f).",
			families[winner].Title(), is, families[best].Title(), windows(origins), holdout, c.Candidates[best].Surprise, c.Candidates[winner].Surprise)
		w.Zh = fmt.Sprintf("%s %s：在过去 %d 个 %d 天窗口中 %s 预测更好，但差异未超出偶然范围（平均 -ln p 为 %.4f 对 %.4f）。",
			isZh, families[winner].Title(), origins, holdout, families[best].Title(), c.Candidates[best].Surprise, c.Candidates[winner].Surprise)
	}
	w.En, w.Zh = w.En+end, w.Zh+endZh
	return w
}

func candidateOf(origins []*origin, name string) Candidate {
	out := Candidate{Name: name, Surprise: math.NaN(), Bias: math.NaN(), MAE: math.NaN(), Loglik: math.NaN(),
		Worse: math.NaN(), WorseLow: math.NaN(), WorseHigh: math.NaN()}
	var forecast, actual, came []float64
	complete := true
	for _, o := range origins {
		f := o.get(name)
		r := f.fitted.Report()
		out.Method, out.Status, out.Loglik = r.Method, string(r.Status), f.fitted.LogLikelihood()
		forecast, actual, came = append(forecast, f.orders...), append(actual, o.orders...), append(came, f.came...)
		complete = complete && f.came != nil
	}
	if len(forecast) > 0 {
		e := evaluate.Forecast(forecast, actual)
		out.Bias, out.MAE = e.Bias, e.MAE
	}
	if complete && len(came) > 0 {
		out.Surprise = mean(came)
		for _, v := range came {
			if v >= -math.Log(leastChance) {
				out.Floored++
			}
		}
	}
	return out
}

// leastChance is the probability that anything below it counts as: the models' sums
// and differences are good to about 1e-16, so that less is hardly a figure. Where a
// model is right, hardly one of a million customers does what it gives less.
const leastChance = 1e-12

// worse is how much more a model was surprised than another, for each customer and
// window, with a 95 % interval by customer. NaN where either gave no probabilities.
func worse(origins []*origin, name, than string) (difference, low, high float64) {
	if name == than {
		return 0, 0, 0
	}
	var all []float64
	var customers []int64
	for _, o := range origins {
		a, b := o.get(name).came, o.get(than).came
		if a == nil || b == nil {
			return math.NaN(), math.NaN(), math.NaN()
		}
		for i := range a {
			all = append(all, a[i]-b[i])
		}
		customers = append(customers, o.table.Ints("person")...)
	}
	e := evaluate.ClusteredMean(all, customers, 0.95)
	return e.Value, e.Low, e.High
}

func mean(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
