package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/workspace"
)

// Ran is what the nightly job did. Scored.AsOf is empty where nothing was scored,
// since all that would be the first facts was refused, or a gate held.
type Ran struct {
	Outcome string   `json:"outcome"` // OutcomePublished and so on
	Loaded  []Loaded `json:"loaded"`
	Checked Checked  `json:"checked"`
	Scored  Scored   `json:"scored"`
	Held    []Hold   `json:"held,omitempty"`    // gates that the facts did not pass
	Removed []string `json:"removed,omitempty"` // days of runs that keep let go
	Doubts  []string `json:"doubts,omitempty"`  // what went wrong beside the run
	Stages  []Stage  `json:"stages"`            // what took how long, in the order of their ends
}

// Stage is a part of a run and how long it took.
type Stage struct {
	Name string
	Took time.Duration
}

// MarshalJSON gives the time in seconds, as everything that people see does.
func (s Stage) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"name": s.Name, "seconds": s.Took.Round(time.Millisecond).Seconds()})
}

// Run is RunNight without options.
func (e *Engine) Run(ctx context.Context, asOf string, allowRejects bool) (Ran, error) {
	return e.RunNight(ctx, Night{AsOf: asOf, AllowRejects: allowRejects})
}

// RunNight is the nightly job: it loads what is new in the sources of
// clientele.yaml, checks the facts, asks the gates, scores the day and lets go of
// runs that keep does not keep. Neither a refused file nor a failed check stops
// it: the run is published, and the error is ErrRefused, ErrChecks or both. A gate
// that holds is a *HoldError. Whatever else fails, what was loaded before it is
// told. Where nothing has changed since the last run, that is found out without
// reading any file, and nothing is done.
func (e *Engine) RunNight(ctx context.Context, options Night) (Ran, error) {
	var ran Ran
	var aboutData error
	err := e.lockedAnew(func(lock *workspace.Lock) error { // of a damaged store, the journal tells too
		j, err := e.begin()
		defer j.restore()
		n := &night{Engine: e, Night: options, ctx: ctx, lock: lock, state: e.readState(), ran: &ran, began: time.Now()}
		if err == nil {
			err = n.run()
		}
		if aboutData = ran.dataError(); err != nil {
			aboutData = nil
		}
		if err != nil && ran.Outcome != OutcomeHeld {
			ran.Outcome = OutcomeFailed
		}
		return errors.Join(err, j.end(&ran, n.state, errors.Join(err, aboutData)))
	})
	if err != nil {
		return ran, err
	}
	return ran, aboutData
}

// dataError is what is wrong with the data of a night that went well.
func (r Ran) dataError() error {
	if anyRefused(r.Loaded) {
		return errors.Join(ErrRefused, r.Checked.Err())
	}
	return r.Checked.Err()
}

func anyRefused(loaded []Loaded) bool {
	return slices.ContainsFunc(loaded, func(l Loaded) bool { return l.State == StateRefused })
}

// identityStale reports whether the rules of who is one customer have changed since
// the store was settled.
func (e *Engine) identityStale(ctx context.Context) (stale bool, err error) {
	rules, err := e.identityRules()
	if err != nil {
		return false, err
	}
	err = e.read(ctx, func(db *duck.DB) (err error) {
		stale, err = rules.stale(ctx, db)
		return err
	})
	if errors.Is(err, ErrNoStore) {
		return false, nil
	}
	return stale, err
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
	err := e.lockedAnew(func(lock *workspace.Lock) error {
		var before []batch
		if !forget {
			var err error
			if before, err = e.loadedBatches(ctx); err != nil {
				return err
			}
		}
		return e.update(ctx, lock, true, func(w *writer) (bool, error) {
			sources := e.sources(allowRejects)
			for i := range sources { // who allowed bad rows in a source once means it
				sources[i].AllowRejects = allowRejects || slices.ContainsFunc(before, func(b batch) bool { return b.allowed && b.source == sources[i].Source.Name })
			}
			var err error
			if all, err = w.loadAll(ctx, sources); err != nil {
				return false, err
			}
			if err := w.keepsAll(ctx, before); err != nil {
				return false, err
			}
			_, err = w.resolve(ctx)
			return true, err
		})
	})
	if err == nil && anyRefused(all) {
		err = ErrRefused
	}
	return all, err
}

// batch is a loaded file as the old store has it.
type batch struct {
	source, path, hash string
	allowed            bool // bad rows were allowed
}

// loadedBatches lists what the store holds. The store may be of any settings.
func (e *Engine) loadedBatches(ctx context.Context) ([]batch, error) {
	path, err := workspace.Store(e.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	db, err := duck.Open(ctx, path, duck.Options{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w; clientele rebuild --forget starts anew from the sources", path, err)
	}
	defer db.Close()
	t, err := db.Query(ctx, "SELECT source, path, content_hash, allow_rejects FROM batches WHERE state = 'loaded' ORDER BY batch_id")
	if err != nil {
		return nil, fmt.Errorf("%s: %w; clientele rebuild --forget starts anew from the sources", path, err)
	}
	out := make([]batch, t.Rows())
	for i := range out {
		out[i] = batch{
			source: string(t.Column("source").Texts.At(i)), path: string(t.Column("path").Texts.At(i)),
			hash: string(t.Column("content_hash").Texts.At(i)), allowed: t.Column("allow_rejects").Bools[i],
		}
	}
	return out, nil
}

// fromDatabase reports whether a source is a database: its rows come again, in
// another batch.
func (e *Engine) fromDatabase(source string) bool {
	return slices.ContainsFunc(e.Config.Sources, func(s config.Source) bool { return s.Name == source && s.Connect != "" })
}

// keepsAll fails when the new store lacks a file that the old one had: loaded by
// hand, gone from its folder, or refused now.
func (w *writer) keepsAll(ctx context.Context, before []batch) error {
	t, err := w.db.Query(ctx, "SELECT DISTINCT content_hash FROM batches WHERE state = 'loaded'")
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for i := range t.Rows() {
		there[string(t.Column("content_hash").Texts.At(i))] = true
	}
	var lost []string
	for _, b := range before {
		if !there[b.hash] && !w.fromDatabase(b.source) {
			lost = append(lost, b.path+" (source "+b.source+")")
		}
	}
	switch {
	case len(lost) == 0:
		return nil
	case len(lost) > 5:
		lost = append(lost[:5], fmt.Sprintf("and %d more", len(lost)-5))
	}
	return fmt.Errorf("the facts of files that are loaded would be lost, as the sources of %s do not bring them again: %s; the store is as it was. Name them under sources, or rebuild --forget",
		workspace.ConfigName, strings.Join(lost, ", "))
}
