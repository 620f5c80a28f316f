package engine

import (
	"context"

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
