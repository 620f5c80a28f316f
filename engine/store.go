package engine

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/workspace"
	"clientele/ingest"
	"clientele/queries"
)

// schemaVersion is the version of queries/schema. Columns may be added under
// the same version; anything else needs a new one and a migration.
const schemaVersion = 4

// ErrNoStore says that nothing has been loaded yet.
var ErrNoStore = errors.New("nothing is loaded yet: load files with clientele ingest, or the sources of clientele.yaml with clientele run")

func (e *Engine) options(readOnly bool, spill string) duck.Options {
	return duck.Options{ReadOnly: readOnly, Threads: e.Config.Resources.Cores(), Memory: e.storeShare(e.GoShare(0, 0)), TempDir: spill, Zone: e.Config.Timezone, Folders: e.folders()}
}

// read opens the published store read-only for the length of fn. It takes no
// lock: a store is replaced whole, and who has it open keeps what it opened.
func (e *Engine) read(ctx context.Context, fn func(*duck.DB) error) error {
	return e.readBeside(ctx, e.folders(), nil, fn)
}

// readBeside is read for fn that may open these folders and files and no others.
func (e *Engine) readBeside(ctx context.Context, folders, files []string, fn func(*duck.DB) error) error {
	path, err := workspace.Store(e.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", e.Dir, ErrNoStore)
	}
	if err != nil {
		return err
	}
	spill, err := e.spillFolder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(spill)
	opt := e.options(true, spill)
	opt.Folders, opt.Files = folders, files
	db, err := duck.Open(ctx, path, opt)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer db.Close()
	if err := e.checkStore(ctx, db); err != nil {
		return err
	}
	return fn(db)
}

const spillPrefix = ".spill-"

// spillFolder names the folder for what does not fit in memory; DuckDB makes it
// when it needs it. Folders that killed processes left are removed.
func (e *Engine) spillFolder() (string, error) {
	entries, err := os.ReadDir(e.Dir)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		pid, ok := strings.CutPrefix(entry.Name(), spillPrefix)
		if n, err := strconv.Atoi(pid); ok && err == nil && errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			os.RemoveAll(e.path(entry.Name())) // when it fails, the next command tries again
		}
	}
	return filepath.Abs(e.path(spillPrefix + strconv.Itoa(os.Getpid())))
}

// writer is the engine at work on a private copy of the store.
type writer struct {
	*Engine
	db  *duck.DB
	key []byte // of the workspace

	rates      *ingest.Rates     // nil: none
	terms      *ingest.Terms     // nil: no orders were opened yet
	orderTable *orderColumns     // nil: no orders were stored yet
	settings   map[string]string // what meta records, as far as loading asks for it; nil: not read yet
	replaced   bool              // facts were deleted for newer versions
	loading    []*Loaded         // what became of each file so far
	names      *naming           // of sources that nobody named; nil: none so far
	since      *since            // what is new is to be told to the checks; nil: not
	*settlement
}

// update runs fn on a private copy of the store, or on an empty one when fresh
// or when there is none, and publishes it when fn says that it changed
// something. A kill at any instant leaves the published store as it was.
func (e *Engine) update(ctx context.Context, lock *workspace.Lock, fresh bool, fn func(*writer) (changed bool, err error)) (err error) {
	defer func() { // DuckDB does not always name the file
		if failure := StorageFailure(err); failure != nil && !strings.Contains(failure.Path, string(filepath.Separator)) {
			failure.Path = e.path(workspace.StoreName)
			err = failure
		}
	}()
	_, err = workspace.Store(e.Dir)
	isNew := fresh || errors.Is(err, fs.ErrNotExist)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var private *workspace.Private
	if fresh { // what was there may be damaged
		private, err = lock.Empty(workspace.StoreName)
	} else {
		private, err = lock.Private(workspace.StoreName, 0)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, private.Discard()) }()
	w := &writer{Engine: e, settlement: newSettlement()}
	if w.key, err = lock.Key(); err != nil {
		return err
	}
	opt := e.options(false, filepath.Join(filepath.Dir(private.Path), "spill"))
	opt.Folders = append(opt.Folders, filepath.Dir(private.Path))
	w.db, err = duck.Open(ctx, private.Path, opt)
	if err != nil { // people know the store, not its private copy
		hidden, _ := filepath.Abs(private.Path)
		text := strings.NewReplacer(hidden, e.path(workspace.StoreName), private.Path, e.path(workspace.StoreName)).Replace(err.Error())
		return fmt.Errorf("open %s: %s", e.path(workspace.StoreName), text)
	}
	closed := false
	defer func() {
		if !closed {
			err = errors.Join(err, w.db.Close())
		}
	}()
	if isNew {
		err = e.createStore(ctx, w.db)
	} else {
		err = e.checkStore(ctx, w.db)
	}
	if err == nil {
		err = w.checkKey(ctx)
	}
	if err != nil {
		return err
	}
	changed, err := fn(w)
	if err != nil || !changed {
		return err
	}
	defer e.stage("publish the store", 0)()
	worn := false
	if w.replaced {
		if worn, err = w.worn(ctx); err != nil {
			return err
		}
	}
	if err := w.db.Seal(ctx); err != nil {
		return fmt.Errorf("checkpoint %s: %w", workspace.StoreName, err)
	}
	if worn {
		w.since.forget() // every row was written anew
		if err := w.shrink(ctx, private.Path); err != nil {
			return err
		}
	}
	closed = true
	if err := w.db.Close(); err != nil {
		return err
	}
	return private.Publish()
}

// checkKey makes sure that the key of the workspace is the one that the store's
// ids of customers known by an address were made with.
func (w *writer) checkKey(ctx context.Context) error {
	sum := sha256.Sum256(w.key)
	fingerprint := hex.EncodeToString(sum[:8])
	recorded, err := meta(ctx, w.db)
	if err != nil {
		return err
	}
	switch recorded["key_fingerprint"] {
	case fingerprint:
		return nil
	case "":
		return setMeta(ctx, w.db, "key_fingerprint", fingerprint)
	}
	return fmt.Errorf("%s is not the key that the store was made with, so customers known by e-mail or phone would become others: restore it from a backup, or run clientele rebuild",
		w.path(workspace.KeyName))
}

// locked runs fn under the lock of the workspace, when the store is as it was
// published: nothing is made from a store that was damaged since.
func (e *Engine) locked(fn func(*workspace.Lock) error) error {
	return e.lockedAnew(func(lock *workspace.Lock) error {
		if err := lock.CheckStore(); err != nil {
			return err
		}
		return fn(lock)
	})
}

// lockedAnew runs fn under the lock of the workspace, whatever the store is like.
func (e *Engine) lockedAnew(fn func(*workspace.Lock) error) (err error) {
	lock, err := workspace.Acquire(e.Dir, e.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	return fn(lock)
}

func (e *Engine) createStore(ctx context.Context, db *duck.DB) error {
	for _, q := range queries.List("schema") {
		if err := db.Statements(ctx, q.SQL); err != nil {
			return fmt.Errorf("make the store: %w", err)
		}
	}
	if err := setMeta(ctx, db, "schema_version", strconv.Itoa(schemaVersion)); err != nil {
		return err
	}
	for key, value := range config.Frozen(e.Config) {
		if config.OfSource(key) {
			continue // recorded when the source is first loaded
		}
		if err := setMeta(ctx, db, "frozen."+key, value); err != nil {
			return err
		}
	}
	return nil
}

// checkStore refuses a store that this program or this configuration cannot
// work with.
func (e *Engine) checkStore(ctx context.Context, db *duck.DB) error {
	recorded, err := meta(ctx, db)
	if err != nil {
		return fmt.Errorf("%s: is no store of clientele, or is damaged (%w)", e.path(workspace.StoreName), err)
	}
	version, err := strconv.Atoi(recorded["schema_version"])
	if err != nil {
		return fmt.Errorf("%s: has no schema version: it is no store of clientele", e.path(workspace.StoreName))
	}
	if version > schemaVersion {
		return fmt.Errorf("%s: was made by a newer version of clientele (schema %d, this program knows %d): use that version, or clientele rebuild",
			e.path(workspace.StoreName), version, schemaVersion)
	}
	if version < schemaVersion {
		return fmt.Errorf("%s: was made by an older version of clientele (schema %d, this program makes %d): run clientele rebuild, which loads the sources again",
			e.path(workspace.StoreName), version, schemaVersion)
	}
	frozen := map[string]string{}
	for key, value := range recorded {
		if name, ok := strings.CutPrefix(key, "frozen."); ok {
			frozen[name] = value
		}
	}
	if err := config.CheckFrozen(frozen, config.Frozen(e.Config)); err != nil {
		return fmt.Errorf("%s: %w", workspace.ConfigName, err)
	}
	return nil
}

func meta(ctx context.Context, db *duck.DB) (map[string]string, error) {
	t, err := db.Query(ctx, "SELECT key, value FROM meta ORDER BY key")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i := range t.Rows() {
		out[string(t.Column("key").Texts.At(i))] = string(t.Column("value").Texts.At(i))
	}
	return out, nil
}

// recorded is what meta records. Loading asks for it several times a file: it is read once.
func (w *writer) recorded(ctx context.Context) (map[string]string, error) {
	if w.settings == nil {
		all, err := meta(ctx, w.db)
		if err != nil {
			return nil, err
		}
		w.settings = all
	}
	return w.settings, nil
}

// recordMeta records one more of what loading settles.
func (w *writer) recordMeta(ctx context.Context, key, value string) error {
	if err := setMeta(ctx, w.db, key, value); err != nil {
		return err
	}
	if w.settings != nil {
		w.settings[key] = value
	}
	return nil
}

func setMeta(ctx context.Context, db *duck.DB, key, value string) error {
	if err := db.Exec(ctx, "DELETE FROM meta WHERE key = $key", sql.Named("key", key)); err != nil {
		return err
	}
	return db.Exec(ctx, "INSERT INTO meta VALUES ($key, $value)", sql.Named("key", key), sql.Named("value", value))
}
