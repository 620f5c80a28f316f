package engine

import (
	"context"
	"errors"
	"fmt"
	"os"

	"clientele/engine/workspace"
)

// Share of the store's file that may hold nothing before the store is written anew.
// What loads leave unused the next ones use: a shop that exports everything each
// night needs once more what it has. What an undone batch leaves nobody may need.
const (
	unusedAfterLoad     = 0.65
	unusedAfterRollback = 0.25
	unusedAlways        = 8 << 20 // bytes that are not worth it
)

// worn reports whether so much of the store's file holds nothing that it is to be
// written anew.
func (w *writer) worn(ctx context.Context) (bool, error) {
	if err := w.db.Vacuum(ctx); err != nil {
		return false, err
	}
	unused, size, err := w.db.Unused(ctx)
	if err != nil {
		return false, fmt.Errorf("checkpoint %s: %w", workspace.StoreName, err)
	}
	most := unusedAfterLoad
	if w.undone {
		most = unusedAfterRollback
	}
	return unused > unusedAlways && float64(unused) > most*float64(size), nil
}

// shrink writes the sealed store at path anew, without the space that holds nothing,
// where the disk has room for both.
func (w *writer) shrink(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if full := (*workspace.SpaceError)(nil); errors.As(workspace.RequireSpace(path, info.Size()), &full) {
		return nil // it is whole as it is
	}
	defer w.stage("write the store anew", 0)()
	fresh := path + ".fresh"
	if err := w.db.Rewrite(ctx, path, fresh); err != nil {
		return fmt.Errorf("write %s anew: %w", workspace.StoreName, err)
	}
	if err := os.Chmod(fresh, info.Mode().Perm()); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}
