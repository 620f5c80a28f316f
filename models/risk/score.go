package risk

import (
	"context"
	"fmt"
	"math"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/stat"
)

// Method is what gives the probabilities.
type Method string

// The methods.
const (
	LogisticRegression Method = "logistic_regression"
	BoostedTrees       Method = "boosted_trees"
	RecencyRule        Method = "recency"           // who bought longest ago is most at risk
	FrequencyRule      Method = "frequency_recency" // who bought least often; among equals, longest ago
	BaseRate           Method = "base_rate"         // the same probability for everybody
	PurchaseModel      Method = "purchase_model"    // as it stands in the snapshot: shown in comparisons, never a Score
)

// Names returns how a method is called, in English and in Chinese.
func (m Method) Names() (en, zh string) {
	switch m {
	case LogisticRegression:
		return "logistic regression", "逻辑回归"
	case BoostedTrees:
		return "boosted trees", "梯度提升树"
	case RecencyRule:
		return "recency alone", "仅按最近购买时间"
	case FrequencyRule:
		return "frequency, then recency", "先按购买频次、再按最近购买时间"
	case BaseRate:
		return "base rate", "总体流失率"
	case PurchaseModel:
		return "purchase model", "复购模型"
	}
	return string(m), string(m)
}

// Score gives each customer the probability to buy nothing within the window,
// and the reasons. It is a small value without rows, saves to JSON, and is safe
// for concurrent use.
type Score struct {
	Method      Method           `json:"method"`
	Window      int              `json:"window_days"`
	Base        float64          `json:"base"`  // log odds of the average training customer, where reasons start, before Shift
	Shift       float64          `json:"shift"` // of all log odds, to the level of the latest closed window
	Design      *Design          `json:"design,omitempty"`
	Logit       *Logit           `json:"logit,omitempty"`
	Trees       *Trees           `json:"trees,omitempty"`
	Calibration *Isotonic        `json:"calibration,omitempty"` // from a rule's score, or the trees' margin, to a probability
	Rows        int              `json:"rows"`                  // it was trained on: one for each customer of each snapshot
	Customers   int              `json:"customers,omitempty"`   // distinct ones of Rows; 0: not known
	Snapshots   int              `json:"snapshots,omitempty"`   // it was trained on
	Warnings    []models.Warning `json:"warnings,omitempty"`
}

// Spec describes the columns that Score reads and writes.
func (s *Score) Spec() models.Spec {
	en, zh := s.Method.Names()
	return models.Spec{
		Name: Name,
		Doc:  "Churn risk: the probability that a customer buys nothing within the window.",
		In:   Needed(),
		Out: []table.Field{{Name: Name, Kind: table.Float, Unit: "probability",
			Doc:   fmt.Sprintf("Probability of no purchase in the %d days after the as-of date (%s).", s.Window, en),
			DocZh: fmt.Sprintf("统计日之后 %d 天内不再购买的概率（%s）。", s.Window, zh)}},
	}
}

// Score implements models.Fitted: it writes churn_risk, NaN for customers
// without a purchase.
func (s *Score) Score(ctx context.Context, dst, src *table.Table) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.ProbabilityTo(dst.Floats(Name), src, 1)
}

// Report implements models.Fitted. Rows are the customers that it was trained on,
// each once however many snapshots they are in; where those are not known, all rows.
func (s *Score) Report() models.Report {
	r := models.Report{Model: Name, Status: models.Fixed, Method: string(s.Method), LogLikelihood: math.NaN(),
		Rows: s.Rows, Warnings: s.Warnings}
	if s.Customers > 0 {
		r.Rows = s.Customers
	}
	switch s.Method {
	case LogisticRegression:
		r.Status, r.LogLikelihood, r.Iterations = s.Logit.Status, s.Logit.LogLikelihood, s.Logit.Iterations
		r.Parameters = append(r.Parameters, models.Parameter{Name: "intercept", Value: s.Logit.Intercept + s.Shift})
		for j, t := range s.Design.Terms {
			r.Parameters = append(r.Parameters, models.Parameter{Name: t.Name, Value: s.Logit.Coefficients[j]})
		}
		for i, e := range s.Logit.StandardErrors {
			r.Errors = append(r.Errors, models.Parameter{Name: r.Parameters[i].Name, Value: e})
		}
	case BoostedTrees:
		r.Status, r.Iterations = models.Converged, len(s.Trees.Trees)
	}
	return r
}

// ProbabilityTo writes the probability of every row of in to dst, NaN for
// customers without a purchase. It returns an error where a column is absent.
func (s *Score) ProbabilityTo(dst []float64, in *table.Table, workers int) error {
	if err := s.rankTo(dst, in, workers); err != nil {
		return err
	}
	stat.Each(workers, pieces(len(dst)), func(c int) {
		part := dst[c*rowsAtOnce : min((c+1)*rowsAtOnce, len(dst))]
		for i, v := range part {
			part[i] = Probability(s.logOdds(v))
		}
	})
	return nil
}

// logOdds is that of a rank: a model's margin, or a rule's score.
func (s *Score) logOdds(rank float64) float64 {
	if s.Calibration != nil && !math.IsNaN(rank) {
		rank = LogOdds(s.Calibration.At(rank))
	}
	return rank + s.Shift
}

// rankTo writes what sorts customers: a model's margin or a rule's score, the
// highest most at risk; NaN for customers without a purchase. It makes no matrix
// of all rows.
func (s *Score) rankTo(dst []float64, in *table.Table, workers int) error {
	if s.Design == nil {
		return ruleTo(dst, in, s.Method)
	}
	from, err := s.Design.reader(in)
	if err != nil {
		return err
	}
	eachBlock(from, len(dst), workers, len(s.Design.Terms), func(b *block, room [][]float64, begin, end int) {
		s.marginTo(dst[begin:end], b, room)
		b.hide(dst[begin:end])
	})
	return nil
}

// ruleTo writes the score of a plain rule.
func ruleTo(dst []float64, in *table.Table, m Method) error {
	from, err := newReader(in, 0)
	if err != nil {
		return err
	}
	var r row
	for i := range dst {
		switch {
		case !from.bought(&r, i):
			dst[i] = math.NaN()
		case m == RecencyRule:
			dst[i] = r.recency
		case m == FrequencyRule:
			dst[i] = -frequencyOf(r.days, r.tenure, r.recency)
		default:
			dst[i] = 0
		}
	}
	return nil
}

// bind checks that all parts of the method are there.
func (s *Score) bind() error {
	if s.Window < 1 || math.IsNaN(s.Base-s.Base) || math.IsNaN(s.Shift-s.Shift) {
		return fmt.Errorf("window of %d days, base %v, shift %v", s.Window, s.Base, s.Shift)
	}
	if s.Calibration != nil {
		if err := s.Calibration.check(); err != nil {
			return err
		}
	}
	modelled := s.Method == LogisticRegression || s.Method == BoostedTrees
	if modelled {
		if s.Design == nil {
			return fmt.Errorf("method %s without a design", s.Method)
		}
		if err := s.Design.bind(); err != nil {
			return err
		}
	}
	switch s.Method {
	case LogisticRegression:
		if s.Logit == nil || len(s.Logit.Coefficients) != len(s.Design.Terms) || s.Calibration != nil {
			return fmt.Errorf("method %s without its coefficients", s.Method)
		}
	case BoostedTrees:
		if s.Trees == nil || s.Trees.Columns != len(s.Design.Terms) || s.Calibration == nil {
			return fmt.Errorf("method %s without its trees", s.Method)
		}
		return s.Trees.check()
	case RecencyRule, FrequencyRule, BaseRate:
		if s.Calibration == nil {
			return fmt.Errorf("rule %s without a calibration", s.Method)
		}
	default:
		return fmt.Errorf("unknown method %q", s.Method)
	}
	return nil
}
