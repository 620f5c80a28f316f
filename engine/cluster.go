package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models"
	"clientele/models/cluster"
)

// ClusterScheme is the scheme of the segments that clusters make.
const ClusterScheme = "cluster"

// noMethod is the method that makes no clusters.
const noMethod = "none"

// clusterModel is the model of clusters of a configuration; prior, which may be nil,
// has the clusters whose numbers and names are kept.
func clusterModel(cfg config.Config, prior *cluster.Fitted) *cluster.Model {
	m := &cluster.Model{K: cfg.Clusters.K, Columns: cfg.Clusters.Columns, MinShare: cfg.Clusters.MinShare, Prior: prior, Workers: cfg.Resources.Cores()}
	if cfg.Clusters.Method != noMethod {
		m.Method = cfg.Clusters.Method
	}
	return m
}

// checkClusters finds what the configuration alone cannot tell: columns that clusters
// cannot be made of.
func (e *Engine) checkClusters() error {
	if err := clusterModel(e.Config, nil).Validate(); err != nil {
		return fmt.Errorf("%s: clusters: %s", workspace.ConfigName, strings.TrimPrefix(err.Error(), cluster.Name+": "))
	}
	return nil
}

// priorClusters are the clusters of the run that the configuration names, whose numbers
// and names this run's are to keep; nil where there are none. The run of that very day
// has names of its own.
func (r *run) priorClusters() (*savedModel, error) {
	match := r.Config.Clusters.Match
	if match == "" || match == r.asOf.String() || r.Config.Clusters.Method == noMethod {
		return nil, nil
	}
	if s := r.frozen.of(cluster.Name); s != nil {
		return nil, fmt.Errorf("clusters.match: customers are put into the saved clusters of %s, which have names: leave out one of the two", s.path)
	}
	run, err := r.current(match)
	if err != nil {
		return nil, fmt.Errorf("clusters.match: %w: score that day first", err)
	}
	s, err := readSaved(filepath.Join(run.Dir, savedPrefix+cluster.Name+savedSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("clusters.match: the run as of %s has no model of clusters: score that day again", match)
	}
	if err != nil {
		return nil, fmt.Errorf("clusters.match: %w", err)
	}
	learned, err := s.load(r.Config)
	if err != nil {
		return nil, fmt.Errorf("clusters.match: %w", err)
	}
	if err := s.suits(r.Config, r.currency); err != nil {
		return nil, fmt.Errorf("clusters.match: model %s: %w", s.path, err)
	}
	if !learned {
		r.warnings = append(r.warnings, models.Warning{Code: "clusters_match",
			En: fmt.Sprintf("The run as of %s, whose names the clusters are to keep, has no clusters: names are this run's own.", match),
			Zh: fmt.Sprintf("需沿用类名的 %s 运行没有分群，本次使用自己的名称。", match)})
		return nil, nil
	}
	return s, nil
}

// inputs name the saved models that the run depends on, in the manifest.
func (r *run) inputs() []workspace.Model {
	out := r.frozen.inputs()
	if r.prior != nil {
		out = append(out, r.prior.input())
	}
	slices.SortFunc(out, func(a, b workspace.Model) int { return strings.Compare(a.Model, b.Model) })
	return out
}

// clusterColumn is the column cluster of scores: names in place of places. It is empty
// where the configuration asks for no clusters.
func (r *run) clusterColumn() *table.Column {
	f, ok := r.fitted[cluster.Name].(*cluster.Fitted)
	if !ok {
		none := table.NewColumn(table.Field{Name: "cluster", Kind: table.Category}, r.table.Rows())
		for i := range none.Codes {
			none.Codes[i] = -1
		}
		return none
	}
	named := *r.table.Column("cluster")
	named.Labels = nil
	for _, n := range f.Names() {
		named.Labels = append(named.Labels, n.En)
	}
	return &named
}

// Clustering is what a run has to say of its clusters.
type Clustering struct {
	AsOf     string
	Fitted   string // as-of day of the fit: that of an earlier run where saved clusters are used
	Method   string
	MethodZh string
	Notes    []models.Warning // how their number was found, or why there are none
	Warnings []models.Warning // doubts
	// Sections: clusters (one row each, as of the run), and tried (one row for each
	// number of clusters that was tried, how good they are, and the verdict).
	Sections []Section
}

// Clusters reads the clusters of a run.
func (e *Engine) Clusters(ctx context.Context, asOf string) (*Clustering, error) {
	run, err := e.current(asOf)
	if err != nil {
		return nil, err
	}
	s, err := readSaved(filepath.Join(run.Dir, savedPrefix+cluster.Name+savedSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the run as of %s has no clusters: clusters.method was none, or the run is of an earlier version", run.AsOf)
	}
	if err != nil {
		return nil, err
	}
	f, err := cluster.Load(s.Fitted)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", s.path, err)
	}
	report := f.Report()
	out := &Clustering{AsOf: run.AsOf, Fitted: s.AsOf, Method: report.Method, MethodZh: f.MethodZh(), Notes: report.Notes, Warnings: report.Warnings}
	err = e.apart(ctx, func(db *duck.DB) error {
		section, err := clusterSection(ctx, db, run, f)
		out.Sections = append(out.Sections, section)
		return err
	})
	out.Sections = append(out.Sections, triedSection(f))
	return out, err
}

// clusterSection counts the customers of each cluster in the run and takes the means
// of the columns that clusters are made of.
func clusterSection(ctx context.Context, db *duck.DB, run workspace.Run, f *cluster.Fitted) (Section, error) {
	columns := []string{"id int", "cluster text", "cluster_zh text", "customers int", "share float share"}
	query := "SELECT cluster, count(*) AS customers"
	for _, c := range f.Columns {
		unit := ""
		if c == "net_revenue" || c == "average_order_value" || c == "expected_spend" || c == "clv" {
			unit = " money"
		}
		columns = append(columns, c+" float"+unit)
		query += ", avg(" + duck.Identifier(c) + ") AS " + duck.Identifier(c)
	}
	query += " FROM read_parquet(" + duck.Literal(filepath.Join(run.Dir, "scores.parquet")) + ") WHERE cluster IS NOT NULL GROUP BY cluster"
	g := newGrid(append(columns, "en text", "zh text")...)
	t, err := db.Query(ctx, query)
	if err != nil {
		return Section{}, fmt.Errorf("clusters of the run as of %s: %w", run.AsOf, err)
	}
	all := 0
	rows := map[string]int{}
	for i := range t.Rows() {
		rows[string(t.Column("cluster").Texts.At(i))] = i
		all += int(t.Ints("customers")[i])
	}
	for _, c := range f.Clusters {
		i, some := rows[c.Name.En]
		if !some {
			continue // saved clusters, of which one has nobody here
		}
		n := int(t.Ints("customers")[i])
		cells := []any{c.ID, c.Name.En, c.Name.Zh, n, float64(n) / float64(all)}
		for _, name := range f.Columns {
			cells = append(cells, t.Floats(name)[i])
		}
		g.add(append(cells, c.About.En, c.About.Zh)...)
	}
	return g.section("clusters"), nil
}

// triedSection has the numbers of clusters that were tried.
func triedSection(f *cluster.Fitted) Section {
	g := newGrid("k int", "silhouette float", "stability float", "stability_least float", "smallest float share", "inertia float", "bic float",
		"calinski_harabasz float", "davies_bouldin float", "en text", "zh text")
	for _, c := range f.Candidates {
		verdict := c.Words()
		g.add(c.K, float64(c.Silhouette), float64(c.Stability), float64(c.LeastStable), c.Smallest(), float64(c.Inertia), float64(c.BIC),
			float64(c.CalinskiHarabasz), float64(c.DaviesBouldin), verdict.En, verdict.Zh)
	}
	return g.section("tried")
}
