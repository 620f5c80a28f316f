package engine

import (
	"fmt"
	"math"

	"clientele/models"
	"clientele/models/evaluate"
	"clientele/models/purchase"
)

// Choice is which purchase model would have forecast best, and by how much.
type Choice struct {
	Winner     string         `json:"winner"`
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
	// Worse is Surprise less that of the best candidate, with a 95 % interval from
	// the differences of the customers.
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
// score, which sums up level, spread and ranking. A model further up the list of
// families stays where the better one is not better by more than chance (95 %,
// paired by customer).
func (p *past) judge(origins []*origin, families []purchase.Family) *Choice {
	c := &Choice{Winner: families[0].Name()}
	best := -1
	for k, f := range families {
		c.Candidates = append(c.Candidates, candidateOf(origins, f.Name()))
		if s := c.Candidates[k].Surprise; !math.IsNaN(s) && (best < 0 || s < c.Candidates[best].Surprise) {
			best = k
		}
	}
	if best < 0 {
		c.Reason = models.Warning{Code: "model_choice",
			En: fmt.Sprintf("No purchase model could be fitted on a past day with a closed window after it, so none is shown to be better: %s is tried, and where it cannot be fitted a plainer method stands in.", families[0].Title()),
			Zh: fmt.Sprintf("没有任何窗口已结束的历史统计日可供拟合复购模型，无法比较优劣：尝试 %s，无法拟合时改用更简单的方法。", families[0].Title())}
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
	c.Winner = families[winner].Name()
	c.Reason = reason(c, families, winner, best, len(origins), p.holdout())
	return c
}

func reason(c *Choice, families []purchase.Family, winner, best, origins, holdout int) models.Warning {
	w := models.Warning{Code: "model_choice",
		En: fmt.Sprintf("%s is used: over %d past windows of %d days it gave the numbers of purchases that came the highest probability (mean -ln p %.4f).",
			families[winner].Title(), origins, holdout, c.Candidates[winner].Surprise),
		Zh: fmt.Sprintf("采用 %s：在过去 %d 个 %d 天窗口中，它对实际购买次数给出的概率最高（平均 -ln p 为 %.4f）。",
			families[winner].Title(), origins, holdout, c.Candidates[winner].Surprise)}
	if winner != best {
		w.En = fmt.Sprintf("%s is used: %s forecast better over %d past windows of %d days, but not by more than chance (mean -ln p %.4f against %.4f).",
			families[winner].Title(), families[best].Title(), origins, holdout, c.Candidates[best].Surprise, c.Candidates[winner].Surprise)
		w.Zh = fmt.Sprintf("采用 %s：在过去 %d 个 %d 天窗口中 %s 预测更好，但差异未超出偶然范围（平均 -ln p 为 %.4f 对 %.4f）。",
			families[winner].Title(), origins, holdout, families[best].Title(), c.Candidates[best].Surprise, c.Candidates[winner].Surprise)
	}
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
	}
	return out
}

// worse is how much more a model was surprised than another, for each customer and
// window, with a 95 % interval. NaN where either gave no probabilities.
func worse(origins []*origin, name, than string) (difference, low, high float64) {
	if name == than {
		return 0, 0, 0
	}
	var all []float64
	for _, o := range origins {
		a, b := o.get(name).came, o.get(than).came
		if a == nil || b == nil {
			return math.NaN(), math.NaN(), math.NaN()
		}
		for i := range a {
			all = append(all, a[i]-b[i])
		}
	}
	difference = mean(all)
	var squares float64
	for _, d := range all {
		squares += (d - difference) * (d - difference)
	}
	half := 1.959964 * math.Sqrt(squares/float64(len(all)-1)/float64(len(all)))
	return difference, difference - half, difference + half
}

func mean(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
