package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"clientele/engine/config"
	"clientele/ingest"
	"clientele/ingest/database"
)

// loadDatabase loads what a table or a query gives, from the watermark of the last
// load on. It returns nil when there was nothing new.
func (w *writer) loadDatabase(ctx context.Context, l Loading) (*Loaded, error) {
	s := l.Source
	name := database.Name(s.Connect, s.Table, s.Query)
	defer w.stage("load "+name, 0)()
	after, err := w.lastWatermark(ctx, s)
	if err != nil {
		return nil, err
	}
	password, err := w.password(s)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", s.Name, err)
	}
	opt, err := w.options(s, "")
	if err != nil {
		return nil, err
	}
	opt.Configured = !l.FromHere
	zone := opt.Times
	if zone == nil {
		zone = opt.Zone
	}
	var reader *database.Reader
	file, err := ingest.OpenStream(ctx, name, opt, func() (ingest.Reader, ingest.Detected, error) {
		var err error
		reader, err = database.Open(ctx, database.Settings{Connect: s.Connect, Table: s.Table, Query: s.Query,
			Watermark: s.Watermark, After: after, Password: password, Zone: zone, Dir: w.Dir})
		if err != nil {
			return nil, ingest.Detected{}, err
		}
		return reader, reader.Detected(), nil
	})
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", s.Name, err)
	}
	defer file.Close()
	s.Kind = file.Kind
	if s.Kind == "order-lines" && s.Watermark != "" {
		return nil, fmt.Errorf("source %s: the lines of an order are replaced together, so some of them cannot come by a watermark: leave it out, or load them with their orders (kind: orders, a query with one row per order, its items as a JSON array in a column named items)", s.Name)
	}
	loaded := &Loaded{Kind: file.Kind, Source: s.Name, Path: name, Notes: slices.Clone(file.Notes), fromDatabase: true}
	m := &merge{writer: w, ctx: ctx, source: s, file: file, mapping: mappingOf(file, s), loaded: loaded, allowRejects: l.AllowRejects}
	m.watermark = reader.Last
	if err := m.begin(opt.Fold); err != nil {
		return nil, err
	}
	if err := m.load(); err != nil {
		return nil, fmt.Errorf("source %s: %w", s.Name, err)
	}
	if m.unfit != nil {
		return nil, fmt.Errorf("source %s: %w", s.Name, m.unfit)
	}
	if loaded.Read == 0 && loaded.State == StateLoaded {
		return nil, w.db.Exec(ctx, "DELETE FROM batches WHERE batch_id = $batch", sql.Named("batch", loaded.Batch))
	}
	return loaded, nil
}

// dropIdle removes the batches of databases that brought nothing new: rows of the
// watermark itself come again each time.
func (w *writer) dropIdle(ctx context.Context) error {
	for _, l := range w.loading {
		if !l.fromDatabase || l.State != StateLoaded || l.Accepted+l.Rejected > 0 {
			continue
		}
		err := w.db.Statements(ctx, "DELETE FROM facts.repeats WHERE batch_id = $batch;\nDELETE FROM facts.repeated_runs WHERE batch_id = $batch;\nDELETE FROM batches WHERE batch_id = $batch;", sql.Named("batch", l.Batch))
		if err != nil {
			return err
		}
		l.State, l.unchanged = StateKnown, true
	}
	return nil
}

// lastWatermark is how far the source was read before: what was rolled back, and what
// came after it, is read again.
func (w *writer) lastWatermark(ctx context.Context, s config.Source) (string, error) {
	if s.Watermark == "" {
		return "", nil
	}
	var after string
	err := w.db.Row(ctx, []any{&after}, "SELECT watermark FROM batches WHERE source = $source AND state = 'loaded' AND watermark IS NOT NULL ORDER BY batch_id DESC LIMIT 1",
		sql.Named("source", s.Name))
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return after, err
}

// password is the password of a database, from the environment or a file.
func (w *writer) password(s config.Source) (string, error) {
	switch {
	case s.PasswordEnv != "":
		if w.Getenv == nil || w.Getenv(s.PasswordEnv) == "" {
			return "", fmt.Errorf("the environment has no %s, which password_env names", s.PasswordEnv)
		}
		return w.Getenv(s.PasswordEnv), nil
	case s.PasswordFile != "":
		password, err := readPassword(w.place(Loading{}, s.PasswordFile))
		if err != nil {
			return "", fmt.Errorf("password_file %s: %w", s.PasswordFile, underlying(err))
		}
		return password, nil
	}
	return "", nil
}

// maxPassword is how many bytes a file with a password has at most.
const maxPassword = 64 << 10

// readPassword reads the one line of a file, as editors write it: with a line end,
// and on Windows with a mark of the encoding before it. No error shows what is in it.
func readPassword(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPassword+1))
	if err != nil {
		return "", err
	}
	password := strings.TrimRight(strings.TrimPrefix(string(text), "\ufeff"), "\r\n")
	switch {
	case len(text) > maxPassword:
		return "", errors.New("is too long for a password")
	case password == "":
		return "", errors.New("is empty")
	case strings.ContainsAny(password, "\r\n"):
		return "", errors.New("has several lines: it should hold the password and nothing else")
	}
	return password, nil
}
