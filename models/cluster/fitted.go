package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"clientele/engine/table"
	"clientele/models"
)

// Text is a text in each language.
type Text struct {
	En string `json:"en"`
	Zh string `json:"zh"`
}

// Cluster is one group of customers.
type Cluster struct {
	ID        int       `json:"id"`
	Name      Text      `json:"name"`
	About     Text      `json:"about"` // one sentence
	Kept      bool      `json:"kept,omitempty"`
	Customers int       `json:"customers"`
	Share     float64   `json:"-"`     // of the customers of the fit
	Means     []float64 `json:"means"` // of the columns, as they are
	// Center are the means of the columns after logarithm and standardisation: what
	// k-means compares customers with.
	Center []float64 `json:"center"`
	// Of a mixture's component, standardised too.
	Mean     []float64 `json:"mean,omitempty"`
	Variance []float64 `json:"variance,omitempty"`
	Weight   float64   `json:"weight,omitempty"`
}

// Why is why there are no clusters; empty where there are.
type Why string

// The reasons.
const (
	TooFew    Why = "too_few"    // customers
	AllAlike  Why = "all_alike"  // no column varies
	NoneSound Why = "none_sound" // every number of clusters tried has a fault
)

// learned is what a fit keeps, and its JSON.
type learned struct {
	Model   string   `json:"model"`  // cluster
	Method  string   `json:"method"` // kmeans or mixture
	Columns []string `json:"columns"`
	Asked   int      `json:"k"` // clusters by the settings; 0: chosen
	Floor   float64  `json:"min_share"`
	scale
	Clusters      []Cluster   `json:"clusters"`
	Candidates    []Candidate `json:"candidates"`
	Rows          int         `json:"rows"`              // customers of the fit
	Missing       int         `json:"missing,omitempty"` // customers with an order who lack a value
	Iterations    int         `json:"iterations"`
	Settled       bool        `json:"settled"`
	Singular      bool        `json:"singular,omitempty"`
	LogLikelihood figure      `json:"log_likelihood"`
	Matched       bool        `json:"matched,omitempty"` // to a prior fit,
	Gone          int         `json:"gone,omitempty"`    // of whose clusters so many are no more
	Why           Why         `json:"why,omitempty"`
}

// Fitted is centres and their names.
type Fitted struct {
	learned
	spec     models.Spec
	features []feature
	mixture  *mixture  // of method mixture, made on loading and on fitting
	centers  []float64 // of k-means
}

// Names are those of the clusters by code of column cluster.
func (f *Fitted) Names() []Text {
	var out []Text
	for _, c := range f.Clusters {
		out = append(out, c.Name)
	}
	return out
}

// Load restores a fit from its JSON.
func Load(data []byte) (*Fitted, error) {
	f := &Fitted{}
	if err := models.Decode(data, &f.learned); err != nil {
		return nil, fmt.Errorf("cluster: saved fit: %w", err)
	}
	if f.Model != Name {
		return nil, fmt.Errorf("cluster: saved fit is of model %q", f.Model)
	}
	var err error
	if f.features, err = featuresOf(f.Columns); err != nil {
		return nil, err
	}
	if err := f.validate(); err != nil {
		return nil, fmt.Errorf("cluster: saved fit: %w", err)
	}
	for i := range f.Clusters {
		f.Clusters[i].Share = float64(f.Clusters[i].Customers) / float64(f.Rows)
	}
	f.spec = spec(f.features)
	f.prepare()
	return f, nil
}

// Load is Load of a fit on the columns of the settings; its method, clusters and names
// are those of the JSON.
func (m *Model) Load(data []byte) (models.Fitted, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	f, err := Load(data)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(f.Columns, m.columns()) {
		return nil, fmt.Errorf("cluster: the saved clusters are of %s, and the settings say %s: set clusters.columns alike", strings.Join(f.Columns, ", "), strings.Join(m.columns(), ", "))
	}
	return f, nil
}

// validate reports what cannot be in a saved fit.
func (f *Fitted) validate() error {
	d := len(f.features)
	if f.Method != KMeans && f.Method != Mixture {
		return fmt.Errorf("unknown method %q", f.Method)
	}
	if len(f.Mean) != d || len(f.Deviation) != d || f.Rows < len(f.Clusters) || len(f.Clusters) > mostClusters {
		return errors.New("it has not the shape of a fit")
	}
	for _, v := range f.Deviation {
		if !(v >= 0) {
			return errors.New("a deviation is below zero")
		}
	}
	for _, c := range f.Candidates {
		if len(c.Sizes) == 0 || c.Sizes[0] <= 0 {
			return fmt.Errorf("the %d clusters that were tried have no sizes", c.K)
		}
	}
	for _, c := range f.Clusters {
		if len(c.Center) != d || len(c.Means) != d || f.Method == Mixture && (len(c.Mean) != d || len(c.Variance) != d) || c.Name.En == "" || c.Name.Zh == "" {
			return fmt.Errorf("cluster %d is incomplete", c.ID)
		}
		for _, v := range c.Variance {
			if !(v > 0) {
				return fmt.Errorf("cluster %d has a variance that is not above zero", c.ID)
			}
		}
		if f.Method == Mixture && !(c.Weight >= 0 && c.Weight <= 1) {
			return fmt.Errorf("cluster %d has weight %v", c.ID, c.Weight)
		}
	}
	return nil
}

// prepare makes what Score compares customers with.
func (f *Fitted) prepare() {
	f.mixture, f.centers = nil, nil
	if f.Method == KMeans {
		for _, c := range f.Clusters {
			f.centers = append(f.centers, c.Center...)
		}
		return
	}
	k, d := len(f.Clusters), len(f.features)
	f.mixture = &mixture{k: k, d: d, constant: make([]float64, k), half: make([]float64, k*d)}
	for _, c := range f.Clusters {
		f.mixture.weight = append(f.mixture.weight, c.Weight)
		f.mixture.mean = append(f.mixture.mean, c.Mean...)
		f.mixture.variance = append(f.mixture.variance, c.Variance...)
	}
	f.mixture.prepare()
}

// MarshalJSON writes what was learned.
func (f *Fitted) MarshalJSON() ([]byte, error) { return json.Marshal(f.learned) }

// Score writes cluster: the place of the customer's cluster in Clusters; missing for
// customers without an order or without one of the columns, and for everyone where
// the fit found no clusters.
func (f *Fitted) Score(ctx context.Context, dst, src *table.Table) error {
	if err := f.spec.Check(src); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	codes, b := dst.Codes("cluster"), newBatch(sources(f.features, src), src.Column("orders"))
	x := make([]float64, len(f.features))
	var density [mostClusters]float64
	for begin := 0; begin < len(codes); begin += batchRows {
		part := codes[begin:min(begin+batchRows, len(codes))]
		if len(f.Clusters) > 0 {
			b.read(begin, begin+len(part))
			b.scale()
		}
		for i := range part {
			part[i] = -1
			if len(f.Clusters) == 0 || !b.whole[i] {
				continue
			}
			for k := range x {
				x[k] = b.values[k][i]
			}
			f.apply(x)
			best := 0
			if f.mixture != nil {
				best, _ = f.mixture.densities(density[:f.mixture.k], x)
			} else {
				best, _, _ = nearest(x, f.centers)
			}
			part[i] = int32(best)
		}
	}
	return nil
}

// candidate is the one that was chosen; nil where none was.
func (f *Fitted) candidate() *Candidate {
	for i := range f.Candidates {
		if f.Candidates[i].Chosen {
			return &f.Candidates[i]
		}
	}
	return nil
}

// Report gives the number of clusters, how good they are and their shares.
func (f *Fitted) Report() models.Report {
	r := models.Report{Model: Name, Status: models.Converged, Method: f.methodText(), Rows: f.Rows, Iterations: f.Iterations,
		LogLikelihood: float64(f.LogLikelihood), Warnings: f.warnings(), Notes: f.notes()}
	c := f.candidate()
	if c == nil {
		r.Status, r.Method = models.Skipped, "none: "+f.whyText().En
		return r
	}
	r.Parameters = []models.Parameter{{Name: "k", Value: float64(len(f.Clusters))}}
	for _, p := range []models.Parameter{{Name: "silhouette", Value: float64(c.Silhouette)}, {Name: "stability", Value: float64(c.Stability)}, {Name: "inertia", Value: float64(c.Inertia)}, {Name: "bic", Value: float64(c.BIC)}} {
		if !math.IsNaN(p.Value) && (p.Name != "inertia" || f.Method == KMeans) && (p.Name != "bic" || f.Method == Mixture) {
			r.Parameters = append(r.Parameters, p)
		}
	}
	for _, q := range f.Clusters {
		r.Parameters = append(r.Parameters, models.Parameter{Name: fmt.Sprintf("share_%d", q.ID), Value: q.Share})
	}
	return r
}
