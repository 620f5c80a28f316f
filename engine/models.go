package engine

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"clientele/engine/config"
	"clientele/engine/table"
	"clientele/models"
	"clientele/models/churn"
	"clientele/models/clv"
	"clientele/models/lifecycle"
	"clientele/models/rfm"
)

// Models lists the models in the order in which they run: each reads columns
// of the customer summary and of the models before it. l is what earlier states of the
// shop taught.
func Models(cfg config.Config, asOf Day, l learned) []models.Model {
	repeat := purchaseModel(cfg, l.family, asOf)
	repeat.Start = l.start
	if l.level != nil {
		repeat.Level = l.level.factor
	}
	list := []models.Model{
		RFM(cfg),
		repeat,
		spendModel(cfg),
		&clv.Model{Margin: l.margin},
		&riskModel{choice: l.risk, asked: cfg.Churn.Model, why: l.noRisk, window: cfg.Churn.Window},
		&churn.Model{Medium: cfg.Churn.Medium, High: cfg.Churn.High},
		&lifecycle.Model{
			AsOf: int32(asOf), New: cfg.Lifecycle.New, Active: cfg.Lifecycle.Active, AtRisk: cfg.Lifecycle.AtRisk,
			Lapsed: cfg.Lifecycle.Lapsed, WonBack: cfg.Lifecycle.WonBack,
		},
	}
	if cfg.Clusters.Method != noMethod {
		list = append(list, clusterModel(cfg, l.clusters))
	}
	if l.level != nil {
		list = slices.Insert(list, 2, models.Model(l.level))
	}
	return list
}

// RFM is the RFM model of a configuration.
func RFM(cfg config.Config) *rfm.Model {
	m := &rfm.Model{
		Scheme: cfg.RFM.Scheme, Monetary: cfg.RFM.Monetary, MeanRule: cfg.RFM.Rule,
		Recency: cfg.RFM.Recency, Frequency: cfg.RFM.Frequency, Money: cfg.RFM.Money,
	}
	for _, s := range cfg.RFM.Segments {
		m.Segments = append(m.Segments, rfm.Segment{Name: s.Name, Codes: s.Codes})
	}
	return m
}

// scoreChunk is how many rows one call of Score gets. It is fixed, but results
// do not depend on it: every row is scored by itself.
const scoreChunk = 1 << 16

// fitAndScore fits every model on t and adds the columns that it writes.
func (e *Engine) fitAndScore(ctx context.Context, list []models.Model, t *table.Table) (map[string]models.Fitted, []models.Report, error) {
	fitted := map[string]models.Fitted{}
	var reports []models.Report
	for _, m := range list {
		name := m.Spec().Name
		done := e.stage("fit "+name, 0)
		f, err := m.Fit(ctx, t)
		if err != nil {
			return nil, nil, err
		}
		done()
		done = e.stage("score "+name, int64(t.Rows()))
		if err := score(ctx, m.Spec(), f, t, e.Config.Resources.Cores()); err != nil {
			return nil, nil, fmt.Errorf("score %s: %w", name, err)
		}
		done()
		fitted[name] = f
		if z, ok := m.(*frozenModel); ok {
			reports = append(reports, z.reports()...)
			continue
		}
		reports = append(reports, reportsOf(f)...)
	}
	return fitted, reports, nil
}

// score writes a model's columns for all rows of t, in chunks on all workers.
func score(ctx context.Context, spec models.Spec, f models.Fitted, t *table.Table, workers int) error {
	out := spec.Make(t.Rows())
	err := eachChunk(ctx, workers, t.Rows(), func(from, to int) error {
		return f.Score(ctx, out.Slice(from, to), t.Slice(from, to))
	})
	if err != nil {
		return err
	}
	for _, c := range out.Columns() {
		c.Narrow()
		t.Add(c)
	}
	return nil
}

// eachChunk calls f for chunks of rows, on all workers; the first error ends it.
func eachChunk(ctx context.Context, workers, rows int, f func(from, to int) error) error {
	chunks := make(chan int)
	errs := make(chan error, workers)
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range min(workers, runtime.NumCPU()*4) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for from := range chunks {
				if err := f(from, min(from+scoreChunk, rows)); err != nil {
					errs <- err
					cancel()
					return
				}
			}
		}()
	}
	feed(ctx, chunks, rows)
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
	}
	return ended(ctx)
}

func feed(ctx context.Context, chunks chan<- int, rows int) {
	defer close(chunks)
	for from := 0; from < rows; from += scoreChunk {
		select {
		case chunks <- from:
		case <-ctx.Done():
			return
		}
	}
}
