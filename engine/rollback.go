package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/workspace"
)

// StateRolledBack is the state of a batch whose facts were taken out again.
const StateRolledBack = "rolled back"

// Rollback undoes the loading of one batch: the store is as if its file had never
// been loaded, whatever was loaded before or after it. The row of the batch stays,
// in the state rolled back.
func (e *Engine) Rollback(ctx context.Context, batch int) (Loaded, error) {
	var undone Loaded
	err := e.locked(func(lock *workspace.Lock) error {
		return e.update(ctx, lock, false, func(w *writer) (bool, error) {
			var err error
			undone, err = w.rollback(ctx, batch)
			return err == nil, err
		})
	})
	return undone, err
}

// Undoing is the batch that Rollback would undo.
func (e *Engine) Undoing(ctx context.Context, batch int) (l Loaded, err error) {
	err = e.read(ctx, func(db *duck.DB) error {
		l, err = loadedBatch(ctx, db, batch)
		return err
	})
	return l, err
}

// loadedBatch is a batch whose facts are in the store.
func loadedBatch(ctx context.Context, db *duck.DB, batch int) (Loaded, error) {
	l := Loaded{Batch: batch}
	err := db.Row(ctx, []any{&l.Kind, &l.Source, &l.Path, &l.State, &l.Read, &l.Accepted, &l.Duplicates, &l.Rejected},
		"SELECT kind, source, path, state, read, accepted, duplicates, rejected FROM batches WHERE batch_id = $batch", sql.Named("batch", batch))
	if errors.Is(err, sql.ErrNoRows) {
		return l, fmt.Errorf("there is no batch %d: clientele batches lists them", batch)
	}
	if err == nil && l.State != StateLoaded {
		err = fmt.Errorf("batch %d is %s: nothing of it is in the store", batch, l.State)
	}
	return l, err
}

func (w *writer) rollback(ctx context.Context, batch int) (Loaded, error) {
	l, err := loadedBatch(ctx, w.db, batch)
	if err != nil {
		return l, err
	}
	defer w.stage(fmt.Sprintf("roll back batch %d", batch), 0)()
	if err := w.db.HoldCheckpoints(ctx); err != nil { // one would renumber the rows
		return l, err
	}
	if err := w.undo(ctx, l); err != nil {
		return l, err
	}
	l.State = StateRolledBack
	err = w.db.Statements(ctx, "UPDATE batches SET state = $state WHERE batch_id = $batch;\nUPDATE batches SET watermark = NULL WHERE batch_id >= $batch AND source = $source;\nDELETE FROM rejects WHERE batch_id = $batch;",
		sql.Named("state", l.State), sql.Named("batch", batch), sql.Named("source", l.Source))
	if err != nil {
		return l, err
	}
	if err := w.forgetSettings(ctx, l.Source); err != nil {
		return l, err
	}
	for _, name := range []string{"unused", "counts"} {
		if err := w.settleScript(ctx, name, shape{}, sql.Named("first", 0), sql.Named("all", true)); err != nil {
			return l, err
		}
	}
	_, err = w.resolve(ctx)
	return l, err
}

// forgetSettings forgets what the first file of a source settled for those after it,
// where no file of it is left, and the reporting currency where no amounts are: a
// wrong file that was taken out must not bind the right one.
func (w *writer) forgetSettings(ctx context.Context, source string) error {
	var left, amounts bool
	err := w.db.Row(ctx, []any{&left, &amounts}, "SELECT coalesce(bool_or(source = $source), false), coalesce(bool_or(kind <> 'customers'), false) FROM batches WHERE state = 'loaded'",
		sql.Named("source", source))
	if err != nil {
		return err
	}
	if !left {
		keys := []string{"amount." + source}
		for key := range config.FrozenSource(config.Source{Name: source}) {
			keys = append(keys, "frozen."+key)
		}
		for _, key := range keys {
			if err := w.db.Exec(ctx, "DELETE FROM meta WHERE key = $key", sql.Named("key", key)); err != nil {
				return err
			}
		}
	}
	if amounts || w.Config.Currency != config.Auto {
		return nil
	}
	return setMeta(ctx, w.db, "frozen.currency", config.Auto)
}

// undo takes the rows of a batch out of the store and settles anew the facts that
// they touched.
func (w *writer) undo(ctx context.Context, l Loaded) error {
	w.replaced, w.undone = true, true
	w.kinds = map[string]bool{l.Kind: true}
	at := sql.Named("batch", l.Batch)
	if err := w.db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE changed_orders (source VARCHAR, id VARCHAR)"); err != nil {
		return err
	}
	lines := l.Kind == "orders" || l.Kind == "order-lines"
	if l.Kind == "order-lines" {
		if err := w.settleScript(ctx, "undo_sets", shape{kind: l.Kind}, at); err != nil {
			return err
		}
	}
	for _, s := range shapes() {
		if s.kind != l.Kind {
			continue
		}
		if err := w.undoVersions(ctx, s, at); err != nil {
			return err
		}
	}
	if l.Kind == "order-lines" {
		if err := w.undoLines(ctx, at); err != nil {
			return err
		}
	}
	return w.settleRest(ctx, lines)
}

func (w *writer) undoVersions(ctx context.Context, s shape, at sql.NamedArg) error {
	gathered := s
	if s.old == "" { // all versions are in the table itself
		gathered.old = s.table
	}
	for _, name := range []string{"undo_runs", "runs", "undo_gather"} {
		if err := w.settleScript(ctx, name, gathered, at); err != nil {
			return err
		}
	}
	if s.old != "" {
		if err := w.settleScript(ctx, "gather", s); err != nil {
			return err
		}
	}
	if err := w.settleScript(ctx, "undo_copies", s, at); err != nil {
		return err
	}
	if s.kind == "orders" {
		if err := w.db.Exec(ctx, "INSERT INTO changed_orders SELECT source, id FROM contested"); err != nil {
			return err
		}
		if err := w.undoLines(ctx, at); err != nil {
			return err
		}
	}
	if err := w.settleScript(ctx, "undo_rows", s, at); err != nil {
		return err
	}
	return w.rank(ctx, s, sql.Named("first", 1<<30))
}

// undoLines brings back the lines of the orders in changed_orders with all their
// versions, without those of the batch.
func (w *writer) undoLines(ctx context.Context, at sql.NamedArg) error {
	if err := w.db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE contested_orders AS SELECT DISTINCT source, id FROM changed_orders"); err != nil {
		return err
	}
	return w.settleScript(ctx, "undo_lines", shape{}, at)
}
