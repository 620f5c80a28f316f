// Package cluster puts customers into groups that they fall into by themselves:
// k-means (greedy k-means++ seeds, ten starts, Hamerly's bounds) or Gaussian mixtures
// with diagonal covariances (EM), on log1p and standardised columns of scores.
//
// How many clusters there are is chosen from 2 to 8 by the silhouette, by how alike
// bootstrap samples fall apart (adjusted Rand index), and by the BIC of mixtures, with
// a floor on the smallest cluster: on skewed amounts the silhouette alone prefers
// clusters of a handful of customers. (Four clusters of CDNOW's raw values have 0.68,
// the best of all, and one of them has 0.09 % of the customers; on logarithms the
// silhouettes are lower and the clusters are customers.) Where no number is sound there
// are no clusters, and the report says why.
//
// Clusters are numbered from the best customers to the least, by the sum of their
// standardised means with the sign of each column (recency_days and churn_risk count
// against), and named after what sets them apart from everybody else. With Prior they
// keep the numbers and names of an earlier fit.
package cluster

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"clientele/engine/table"
	"clientele/models"
	"clientele/models/stat"
)

// Name is that of the model.
const Name = "cluster"

// The methods.
const (
	KMeans  = "kmeans"
	Mixture = "mixture"
)

// Model holds the settings. The zero value chooses the number of k-means clusters of
// recency_days, orders, net_revenue and tenure_days, however small.
type Model struct {
	Method   string   // kmeans (default) or mixture
	K        int      // clusters, 2 to 50; 0: chosen
	Columns  []string // to compare customers by, of Columns(); empty: the four above
	MinShare float64  // of the customers, [0,0.5]: a number of clusters with a smaller one is not chosen
	// Prior is an earlier fit on the same columns, whose numbers and names these
	// clusters keep as far as they are the same clusters; nil: none.
	Prior   *Fitted
	Workers int // goroutines; 0: one for each processor Go uses. Results do not depend on it
}

func (m *Model) method() string {
	if m.Method == "" {
		return KMeans
	}
	return m.Method
}

func (m *Model) columns() []string {
	if len(m.Columns) == 0 {
		return defaultColumns()
	}
	return m.Columns
}

// Validate reports the first setting that cannot be.
func (m *Model) Validate() error {
	if method := m.method(); method != KMeans && method != Mixture {
		return fmt.Errorf("cluster: unknown method %q: not kmeans, mixture", method)
	}
	if m.K != 0 && (m.K < 2 || m.K > mostClusters) {
		return fmt.Errorf("cluster: %d clusters: not between 2 and %d", m.K, mostClusters)
	}
	if !(m.MinShare >= 0 && m.MinShare <= 0.5) {
		return fmt.Errorf("cluster: smallest share %v: not between 0 and 0.5", m.MinShare)
	}
	if _, err := featuresOf(m.columns()); err != nil {
		return err
	}
	if m.Prior != nil && !slices.Equal(m.Prior.Columns, m.columns()) {
		return fmt.Errorf("cluster: the clusters to match are of %v, and these of %v: set the columns alike", m.Prior.Columns, m.columns())
	}
	return nil
}

// Spec reads the columns compared, and orders, which tell who is a customer. Labels
// of cluster are places among the clusters of the fit, which has their names:
// Clusters. Settings that Validate refuses give a Spec that reads orders only.
func (m *Model) Spec() models.Spec {
	list, err := featuresOf(m.columns())
	if err != nil {
		list = nil
	}
	return spec(list)
}

func spec(list []feature) models.Spec {
	s := models.Spec{Name: Name, Doc: "Groups that customers fall into by themselves.",
		In: []table.Field{{Name: "orders", Kind: table.Int, Unit: "orders", Doc: "number of orders", DocZh: "订单数"}}}
	names := ""
	for i, f := range list {
		if i > 0 {
			names += ", "
		}
		names += f.name
		if f.column != "orders" {
			s.In = append(s.In, table.Field{Name: f.column, Kind: f.kind, Doc: f.noun.En, DocZh: f.noun.Zh})
		}
	}
	out := table.Field{Name: "cluster", Kind: table.Category, Unit: "name",
		Doc:   "group that the customer falls into by " + names + ", named after what sets it apart; NULL: no order, or no clusters",
		DocZh: "按 " + names + " 自动聚成的客群，以其突出特征命名；没有订单或未能分群时为空"}
	for place := range mostClusters {
		out.Labels = append(out.Labels, strconv.Itoa(place+1))
	}
	s.Out = []table.Field{out}
	return s
}

// Fit clusters the customers who have an order and all values.
func (m *Model) Fit(ctx context.Context, in *table.Table) (models.Fitted, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	f := m.fitted()
	if err := f.spec.Check(in); err != nil {
		return nil, err
	}
	c := gathered(in, f.features, m.Workers)
	f.Rows, f.Missing, f.scale = c.n, c.missing, c.scale
	chosen, err := m.chosen(ctx, f, c)
	if err != nil {
		return nil, err
	}
	if chosen == nil {
		return f, nil
	}
	chosen.Chosen = true
	for i := range f.Candidates {
		f.Candidates[i].Chosen = f.Candidates[i].K == chosen.K
	}
	codes, err := m.finish(ctx, f, c, chosen)
	if err != nil {
		return nil, err
	}
	f.describe(in, c, codes, m.Workers)
	f.rank()
	f.call(m.Prior)
	f.prepare()
	return f, nil
}

// fitted is a Fitted that has learned nothing yet.
func (m *Model) fitted() *Fitted {
	list, _ := featuresOf(m.columns())
	f := &Fitted{spec: spec(list), features: list}
	f.Model, f.Method, f.Columns = Name, m.method(), slices.Clone(m.columns())
	f.Asked, f.Floor, f.LogLikelihood = m.K, m.MinShare, figure(math.NaN())
	return f
}

// chosen tries numbers of clusters and returns the one to use; nil for none, with the
// reason in f.Why.
func (m *Model) chosen(ctx context.Context, f *Fitted, c *customers) (*tried, error) {
	if f.Why = unfit(c); f.Why != "" {
		return nil, ctx.Err()
	}
	var ks []int
	for k := 2; k <= mostTried && k <= c.n/10; k++ {
		ks = append(ks, k)
	}
	if m.K != 0 {
		ks = []int{m.K}
	}
	if m.K > c.n {
		f.Why = TooFew
		return nil, ctx.Err()
	}
	list, err := m.try(ctx, c.points, ks)
	if err != nil {
		return nil, err
	}
	m.judge(list, c.n, m.single(c.points))
	for _, t := range list {
		f.Candidates = append(f.Candidates, t.Candidate)
	}
	if m.K == 0 {
		if chosen := m.choose(list); chosen != nil {
			return chosen, nil
		}
		f.Why = NoneSound
		return nil, nil
	}
	if list[0].Verdict == Empty {
		f.Why = NoneSound
		return nil, nil
	}
	return list[0], nil
}

// unfit is why customers cannot be clustered at all.
func unfit(c *customers) Why {
	varies := slices.ContainsFunc(c.Deviation, func(v float64) bool { return v > 0 })
	switch {
	case c.n < fewestCustomers:
		return TooFew
	case !varies:
		return AllAlike
	}
	return ""
}

// single is the BIC of one component on the rows that candidates are judged on.
func (m *Model) single(all points) float64 {
	if m.method() != Mixture {
		return math.NaN()
	}
	judged := all.take(sampleRows).take(judgedRows)
	one := newMixture(judged, labels{1, make([]uint8, judged.n)}, m.Workers)
	sums := make([]float64, 2*judged.d+2)
	one.expect(sums, judged, m.Workers)
	one.logLikelihood = sums[len(sums)-1]
	return one.bic(judged.n)
}

// finish continues the candidate on all customers, and returns where they belong.
func (m *Model) finish(ctx context.Context, f *Fitted, c *customers, t *tried) (labels, error) {
	if m.method() == Mixture {
		mix := t.mixture
		if err := mix.run(ctx, c.points, m.Workers, mostRounds, leastGrowth); err != nil {
			return labels{}, err
		}
		f.LogLikelihood, f.Iterations, f.Settled, f.Singular = figure(mix.logLikelihood), mix.iterations, mix.settled, mix.singular()
		for j := range mix.k {
			f.Clusters = append(f.Clusters, Cluster{Weight: mix.weight[j],
				Mean: slices.Clone(mix.mean[j*mix.d : (j+1)*mix.d]), Variance: slices.Clone(mix.variance[j*mix.d : (j+1)*mix.d])})
		}
		return mix.labels(c.points, m.Workers), nil
	}
	l := newLloyd(c.points, slices.Clone(t.centers))
	if err := l.run(ctx, m.Workers, mostIterations, 0); err != nil {
		return labels{}, err
	}
	l.finish(m.Workers)
	f.Iterations, f.Settled = l.iterations, l.settled
	f.Clusters = make([]Cluster, l.k)
	return labels{l.k, l.code}, nil
}

// describe counts the clusters' customers and takes their means. A cluster without a
// customer goes: of a mixture's components one may be the likeliest for nobody.
func (f *Fitted) describe(in *table.Table, c *customers, l labels, workers int) {
	d, raw := c.d, c.sums(in, f.features, l, workers)
	sums := make([]float64, l.k*(d+1))
	stat.SumTo(sums, workers, c.pieces(), func(piece int, dst []float64) {
		begin, end := c.piece(piece)
		for i := begin; i < end; i++ {
			s := dst[int(l.code[i])*(d+1):]
			for k, v := range c.row(i) {
				s[k] += v
			}
			s[d]++
		}
	})
	for j := range f.Clusters {
		s := sums[j*(d+1) : (j+1)*(d+1)]
		q := &f.Clusters[j]
		q.Customers, q.Share = int(s[d]), s[d]/float64(c.n)
		for k := range d {
			q.Center = append(q.Center, s[k]/max(s[d], 1))
			q.Means = append(q.Means, raw[j*d+k]/max(s[d], 1))
		}
	}
	f.Clusters = slices.DeleteFunc(f.Clusters, func(q Cluster) bool { return q.Customers == 0 })
}

// rank puts the clusters of the best customers first: those with the greatest sum of
// standardised means, each with the sign of its column; of equals the larger one, then
// by the means themselves.
func (f *Fitted) rank() {
	worth := func(c Cluster) float64 {
		sum := 0.0
		for k, v := range c.Center {
			sum += f.features[k].sign * v
		}
		return sum
	}
	slices.SortStableFunc(f.Clusters, func(a, b Cluster) int {
		for _, way := range []float64{worth(b) - worth(a), float64(b.Customers - a.Customers)} {
			if way != 0 {
				return int(math.Copysign(1, way))
			}
		}
		return slices.Compare(a.Center, b.Center)
	})
	for i := range f.Clusters {
		f.Clusters[i].ID = i + 1
	}
}

// call gives the clusters their names and sentences, and with a prior fit its numbers
// and names to those that are the same.
func (f *Fitted) call(prior *Fitted) {
	var taken []words
	if prior != nil && len(prior.Clusters) > 0 {
		taken = f.match(prior)
	}
	var fresh []Cluster
	for _, c := range f.Clusters {
		if !c.Kept {
			fresh = append(fresh, c)
		}
	}
	names := named(f.features, fresh, taken)
	for i := range f.Clusters {
		c := &f.Clusters[i]
		if !c.Kept {
			c.Name, names = Text(names[0]), names[1:]
		}
		c.About = Text(about(f.features, c, f.rest(c)))
	}
}

// rest are the means of everybody else.
func (f *Fitted) rest(c *Cluster) []float64 {
	out, n := make([]float64, len(f.features)), 0
	for i := range f.Clusters {
		if o := &f.Clusters[i]; o.ID != c.ID {
			n += o.Customers
			for k, v := range o.Means {
				out[k] += v * float64(o.Customers)
			}
		}
	}
	for k := range out {
		out[k] /= float64(max(n, 1))
	}
	return out
}

// match gives clusters the numbers and names of the prior fit's: pairs with the least
// distance in all (assignment), where the centre lies in the earlier cluster's own
// cell, no other earlier one being nearer. Others get numbers that the prior fit had
// not. It returns the names that are given.
func (f *Fitted) match(prior *Fitted) []words {
	cost := make([][]float64, len(f.Clusters))
	for i := range f.Clusters {
		for j := range prior.Clusters {
			cost[i] = append(cost[i], math.Sqrt(squared(f.Clusters[i].Center, f.here(prior, prior.Clusters[j].Center))))
		}
	}
	next := 0
	for _, c := range prior.Clusters {
		next = max(next, c.ID)
	}
	var taken []words
	for i, j := range assignment(cost) {
		c := &f.Clusters[i]
		if j < 0 || cost[i][j] > slices.Min(cost[i]) {
			next++
			c.ID = next
			continue
		}
		old := prior.Clusters[j]
		c.ID, c.Name, c.Kept = old.ID, old.Name, true
		taken = append(taken, words(old.Name))
	}
	f.Matched, f.Gone = true, len(prior.Clusters)-len(taken)
	slices.SortStableFunc(f.Clusters, func(a, b Cluster) int { return a.ID - b.ID })
	return taken
}

// here is a centre of the prior fit in the scale of this one.
func (f *Fitted) here(prior *Fitted, center []float64) []float64 {
	out := make([]float64, len(center))
	for k, v := range center {
		out[k] = v*prior.Deviation[k] + prior.Mean[k]
	}
	f.apply(out)
	return out
}
