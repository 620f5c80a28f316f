package risk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"clientele/models"
)

// saved is the JSON of a Score: each number once. The parts in place of those of
// bare leave out what follows from others.
type saved struct {
	*bare
	Base   *float64     `json:"base,omitempty"` // nil: the intercept
	Shift  float64      `json:"shift,omitempty"`
	Design *savedDesign `json:"design,omitempty"`
	Logit  *savedLogit  `json:"logit,omitempty"`
}

// bare is a Score without methods.
type bare Score

// savedDesign has the terms as columns. Features that are not among them were dropped.
type savedDesign struct {
	Gap      float64   `json:"mean_gap_days"`
	Features []string  `json:"features"`
	Means    []float64 `json:"means"`
	SDs      []float64 `json:"sds"`
}

// savedLogit is a Logit without its warnings, which are among the Score's.
type savedLogit struct {
	Intercept         float64       `json:"intercept"`
	Coefficients      []float64     `json:"coefficients"`
	StandardErrors    []float64     `json:"standard_errors,omitempty"` // to some digits: no score depends on them
	Clusters          *int          `json:"clusters,omitempty"`        // nil: the Score's customers
	Rows              *int          `json:"rows,omitempty"`            // nil: those of the Score
	LogLikelihood     float64       `json:"log_likelihood"`
	NullLogLikelihood float64       `json:"null_log_likelihood"`
	Iterations        int           `json:"iterations"`
	Status            models.Status `json:"status"`
}

// errorDigits are those of a saved standard error.
const errorDigits = 5

// MarshalJSON implements json.Marshaler.
func (s *Score) MarshalJSON() ([]byte, error) {
	out := saved{bare: (*bare)(s), Shift: s.Shift}
	if s.Design != nil {
		out.Design = &savedDesign{Gap: s.Design.Gap}
		for _, t := range s.Design.Terms {
			out.Design.Features = append(out.Design.Features, t.Name)
			out.Design.Means, out.Design.SDs = append(out.Design.Means, t.Mean), append(out.Design.SDs, t.SD)
		}
	}
	l := s.Logit
	if l == nil || s.Base != l.Intercept {
		out.Base = &s.Base
	}
	if l == nil {
		return json.Marshal(out)
	}
	out.Logit = &savedLogit{Intercept: l.Intercept, Coefficients: l.Coefficients, Clusters: unless(s.Customers, l.Clusters), Rows: unless(s.Rows, l.Rows),
		LogLikelihood: l.LogLikelihood, NullLogLikelihood: l.NullLogLikelihood, Iterations: l.Iterations, Status: l.Status}
	for _, e := range l.StandardErrors {
		short, err := strconv.ParseFloat(strconv.FormatFloat(e, 'g', errorDigits, 64), 64)
		if err != nil {
			return nil, err
		}
		out.Logit.StandardErrors = append(out.Logit.StandardErrors, short)
	}
	return json.Marshal(out)
}

// unless is nil where v is known from elsewhere.
func unless(known, v int) *int {
	if v == known {
		return nil
	}
	return &v
}

// or is the way back.
func or(v *int, known int) int {
	if v == nil {
		return known
	}
	return *v
}

// Load restores a Score from its JSON.
func Load(data []byte) (*Score, error) {
	s := &Score{}
	if err := s.UnmarshalJSON(data); err != nil {
		return nil, err
	}
	return s, nil
}

// UnmarshalJSON implements json.Unmarshaler: unknown fields and missing parts are errors.
func (s *Score) UnmarshalJSON(data []byte) error {
	in := saved{bare: &bare{}}
	if err := models.Decode(data, &in); err != nil {
		return fmt.Errorf("load %s: %w", Name, err)
	}
	*s = Score(*in.bare)
	s.Shift = in.Shift
	if err := s.restore(in); err != nil {
		return fmt.Errorf("load %s: %w", Name, err)
	}
	if err := s.bind(); err != nil {
		return fmt.Errorf("load %s: %w", Name, err)
	}
	return nil
}

func (s *Score) restore(in saved) error {
	if d := in.Design; d != nil {
		if len(d.Means) != len(d.Features) || len(d.SDs) != len(d.Features) {
			return fmt.Errorf("%d features with %d means and %d deviations", len(d.Features), len(d.Means), len(d.SDs))
		}
		s.Design = &Design{Gap: d.Gap}
		for j, name := range d.Features {
			s.Design.Terms = append(s.Design.Terms, Term{Name: name, Mean: d.Means[j], SD: d.SDs[j]})
		}
		for _, f := range Features() {
			if !slices.Contains(d.Features, f.Name) {
				s.Design.Dropped = append(s.Design.Dropped, f.Name)
			}
		}
	}
	l := in.Logit
	switch {
	case in.Base != nil:
		s.Base = *in.Base
	case l != nil:
		s.Base = l.Intercept
	default:
		return fmt.Errorf("method %q without its base", s.Method)
	}
	if l == nil {
		return nil
	}
	if n := len(l.StandardErrors); n > 0 && n != 1+len(l.Coefficients) {
		return fmt.Errorf("%d standard errors of %d coefficients", n, len(l.Coefficients))
	}
	s.Logit = &Logit{Intercept: l.Intercept, Coefficients: l.Coefficients, StandardErrors: l.StandardErrors, Clusters: or(l.Clusters, s.Customers), Rows: or(l.Rows, s.Rows),
		LogLikelihood: l.LogLikelihood, NullLogLikelihood: l.NullLogLikelihood, Iterations: l.Iterations, Status: l.Status}
	return nil
}

// MarshalJSON implements json.Marshaler: each block is [from, to, value], or
// [at, value] where it is one place.
func (f *Isotonic) MarshalJSON() ([]byte, error) {
	blocks := make([][]float64, len(f.Values))
	for k, v := range f.Values {
		if blocks[k] = []float64{f.Low[k], f.High[k], v}; f.Low[k] == f.High[k] {
			blocks[k] = []float64{f.Low[k], v}
		}
	}
	return json.Marshal(blocks)
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *Isotonic) UnmarshalJSON(data []byte) error {
	var blocks [][]float64
	if err := json.Unmarshal(data, &blocks); err != nil {
		return err
	}
	*f = Isotonic{}
	for k, b := range blocks {
		if len(b) != 2 && len(b) != 3 {
			return fmt.Errorf("isotonic regression: block %d of %d numbers", k, len(b))
		}
		f.Low, f.High, f.Values = append(f.Low, b[0]), append(f.High, b[len(b)-2]), append(f.Values, b[len(b)-1])
	}
	return f.check()
}
