package rfm

import (
	"encoding/json"
	"fmt"

	"clientele/models"
)

// saved is the JSON of a Fitted. Rows and mean scores follow from Customers.
type saved struct {
	Scheme    string     `json:"scheme"`
	Monetary  string     `json:"monetary"` // total or average
	Rule      Rule       `json:"rule"`
	Recency   Cuts       `json:"recency"`   // days
	Frequency Cuts       `json:"frequency"` // orders
	Money     Cuts       `json:"money"`
	Own       []string   `json:"own,omitempty"` // measures whose cut points were given
	Means     [3]float64 `json:"means"`         // of recency, frequency and money
	Customers [3][5]int  `json:"customers"`     // of the fit, by score of recency, frequency and money
	Uncovered *uncovered `json:"uncovered,omitempty"`
}

// uncovered are codes that no segment covers, and the customers who have them.
type uncovered struct {
	Codes     int `json:"codes"`
	Customers int `json:"customers"`
}

// MarshalJSON implements json.Marshaler.
func (f *Fitted) MarshalJSON() ([]byte, error) {
	s := saved{Scheme: f.scheme.Name, Monetary: f.Monetary, Rule: f.Rule, Recency: f.Recency, Frequency: f.Frequency, Money: f.Money, Own: f.Own,
		Means: [3]float64{f.Values.Recency, f.Values.Frequency, f.Values.Money}, Customers: f.Customers}
	if codes := len(f.holes()); codes > 0 {
		s.Uncovered = &uncovered{codes, f.Uncovered}
	}
	return json.Marshal(s)
}

// Load restores a fit from its JSON. Cut points, means and customers are those of
// the JSON; names are those of the model's scheme. A fit on other money, or by
// another rule of bins, is an error.
func (m *Model) Load(data []byte) (models.Fitted, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	f, err := m.fitted()
	if err != nil {
		return nil, err
	}
	var s saved
	if err := models.Decode(data, &s); err != nil {
		return nil, fmt.Errorf("rfm: saved fit: %w", err)
	}
	if err := f.restore(s); err != nil {
		return nil, fmt.Errorf("rfm: saved fit: %w", err)
	}
	return f, nil
}

func (f *Fitted) restore(s saved) error {
	if s.Monetary != f.Monetary {
		return fmt.Errorf("monetary is %q, the settings say %q", s.Monetary, f.Monetary)
	}
	if s.Rule != f.Rule {
		return fmt.Errorf("bins are %q, the settings say %q", s.Rule, f.Rule)
	}
	for p, scores := range s.Customers {
		rows := 0
		for _, n := range scores {
			rows += n
		}
		if p > 0 && rows != f.Rows || rows < 0 {
			return fmt.Errorf("%d customers by one measure and %d by another", f.Rows, rows)
		}
		f.Rows = rows
	}
	for _, c := range []*Cuts{&s.Recency, &s.Frequency, &s.Money} {
		if err := c.validate(); err != nil {
			return err
		}
	}
	f.Recency, f.Frequency, f.Money, f.Own = s.Recency, s.Frequency, s.Money, s.Own
	f.Values = Means{s.Means[0], s.Means[1], s.Means[2]}
	f.Customers = s.Customers
	if f.Rows > 0 {
		f.Scores = meanScores(s.Customers)
	}
	holes := len(f.holes())
	switch {
	case s.Scheme == f.scheme.Name && s.Uncovered != nil && s.Uncovered.Codes == holes:
		f.Uncovered = s.Uncovered.Customers
	case holes > 0:
		f.Uncovered = -1
	}
	return nil
}
