package engine

import (
	"context"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/table"
	"clientele/engine/workspace"
)

// SetMeta changes what a store says of itself, for tests of strange stores.
func SetMeta(e *Engine, key, value string) error {
	return e.locked(func(lock *workspace.Lock) error {
		return e.update(context.Background(), lock, false, func(w *writer) (bool, error) {
			return true, setMeta(context.Background(), w.db, key, value)
		})
	})
}

// PastSummary is the summary of the customers with an order as of an earlier day, as
// models that look back from asOf read it, and what came in the window after it.
func PastSummary(e *Engine, asOf, day Day, window int) (t *table.Table, orders []float64, err error) {
	err = e.read(context.Background(), func(db *duck.DB) error {
		p, err := e.readPast(context.Background(), db, asOf, 0)
		if err != nil {
			return err
		}
		s, err := p.at(day, window)
		if err != nil {
			return err
		}
		t, orders = s.table, s.orders
		return p.close()
	})
	return t, orders, err
}

// SnapshotDays are the days of the snapshots that a churn score learns from.
func SnapshotDays(first, asOf Day, window int) []Day { return snapshotDays(first, asOf, window) }

// OpenAll opens the files of a source one after the other, once meanwhile has run, and
// returns the errors of those that cannot be opened, by path.
func OpenAll(ctx context.Context, e *Engine, s config.Source, meanwhile func()) (map[string]error, error) {
	failed := map[string]error{}
	return failed, e.locked(func(lock *workspace.Lock) error {
		return e.update(ctx, lock, false, func(w *writer) (bool, error) {
			l := Loading{Source: s}
			paths, err := w.files(l)
			if err != nil {
				return false, err
			}
			files, err := w.openAhead(ctx, l, paths)
			if err != nil {
				return false, err
			}
			defer files.close()
			meanwhile()
			for _, path := range paths {
				m, _, err := w.open(ctx, l, path, files)
				if err != nil {
					failed[w.shown(path.file)] = err
				}
				if m != nil {
					m.file.Close()
				}
			}
			return false, nil
		})
	})
}
