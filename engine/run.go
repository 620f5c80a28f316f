package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"clientele/engine/internal/duck"
	"clientele/engine/workspace"
)

// Ran is what the nightly job did.
type Ran struct {
	Loaded []Loaded `json:"loaded"`
	Scored Scored   `json:"scored"`
}

// Run is the nightly job: it loads what is new in the sources of clientele.yaml
// and scores the day. A refused file does not stop it: the error is ErrRefused
// then, and the run is published.
func (e *Engine) Run(ctx context.Context, asOf string, allowRejects bool) (Ran, error) {
	var ran Ran
	refused := false
	err := e.locked(func(lock *workspace.Lock) error {
		if len(e.Config.Sources) > 0 {
			var err error
			if ran.Loaded, err = e.loadLocked(ctx, lock, false, e.sources(allowRejects)); err != nil {
				return err
			}
			refused = slices.ContainsFunc(ran.Loaded, func(l Loaded) bool { return l.State == StateRefused })
		}
		var err error
		ran.Scored, err = e.scoreLocked(ctx, lock, asOf)
		return err
	})
	if err == nil && refused {
		err = ErrRefused
	}
	return ran, err
}

// sources are the loadings of clientele.yaml.
func (e *Engine) sources(allowRejects bool) []Loading {
	out := make([]Loading, len(e.Config.Sources))
	for i, s := range e.Config.Sources {
		out[i] = Loading{Source: s, AllowRejects: allowRejects}
	}
	return out
}

// Rebuild makes the store anew from the sources of clientele.yaml, with today's
// settings and schema. Files that were loaded by hand are no source: unless
// forget is set, their presence is an error. Runs and lists stay.
func (e *Engine) Rebuild(ctx context.Context, forget, allowRejects bool) ([]Loaded, error) {
	if len(e.Config.Sources) == 0 {
		return nil, fmt.Errorf("%s names no sources to rebuild from", e.path(workspace.ConfigName))
	}
	var all []Loaded
	err := e.locked(func(lock *workspace.Lock) error {
		if !forget {
			if err := e.refuseHandLoaded(ctx); err != nil {
				return err
			}
		}
		var err error
		all, err = e.loadLocked(ctx, lock, true, e.sources(allowRejects))
		return err
	})
	if err == nil && slices.ContainsFunc(all, func(l Loaded) bool { return l.State == StateRefused }) {
		err = ErrRefused
	}
	return all, err
}

// refuseHandLoaded fails when the store holds batches of sources that the
// configuration does not name. The store may be of any version and settings.
func (e *Engine) refuseHandLoaded(ctx context.Context) error {
	path, err := workspace.Store(e.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	db, err := duck.Open(ctx, path, e.options(true, filepath.Join(e.Dir, ".private-rebuild")))
	if err != nil {
		return fmt.Errorf("open %s: %w; clientele rebuild --forget starts anew from the sources", path, err)
	}
	defer db.Close()
	t, err := db.Query(ctx, "SELECT DISTINCT source, path FROM batches WHERE state = 'loaded' ORDER BY source, path")
	if err != nil {
		return fmt.Errorf("%s: %w; clientele rebuild --forget starts anew from the sources", path, err)
	}
	for i := range t.Rows() {
		source := string(t.Column("source").Texts.At(i))
		if !slices.ContainsFunc(e.Config.Sources, configured(source)) {
			return fmt.Errorf("%s was loaded by hand (source %s) and would be lost: name it under sources in %s, or rebuild --forget",
				t.Column("path").Texts.At(i), source, workspace.ConfigName)
		}
	}
	return nil
}
