package engine

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
)

// seenFile is a file of a source when its bytes were those of a batch of the store. One
// that looks the same, and is to be read the same way, need not be read again: it is
// told by its path, size, inode and the times of the last change of content and of
// status, as a version control system does. What changed a moment before it was read
// may have changed again within the same tick of the file system's clock, and is not
// told by them.
type seenFile struct {
	path string
	Mark string `json:"mark"` // as markFile gives it
	Read string `json:"read"` // how it was read, as seenFiles.reading gives it
	Kind string `json:"kind"`
	Hash string `json:"hash"` // SHA-256 of its bytes, hex; "": not known yet
}

// seenFiles are the files that the night before had seen.
type seenFiles struct {
	program string
	files   map[string]seenFile // by path; nil: every file is read
}

// seen is what a night knows of the files of its sources. A night that is asked to look
// at every file knows nothing.
func (n *night) seen() *seenFiles {
	s := &seenFiles{program: n.Version + " " + n.program()}
	if !n.Again {
		s.files = n.state.Seen
	}
	return s
}

// reading identifies how a file of a source is read.
func (s *seenFiles) reading(l Loading) string {
	sum := sha256.Sum256([]byte(s.program + jsonText(l.Source)))
	return hex.EncodeToString(sum[:])
}

// sight is a file before it is read; nil where it cannot be told by its times.
func (w *writer) sight(l Loading, path sourceFile) *seenFile {
	if l.seen == nil {
		return nil
	}
	mark, changed, err := markFile(path.file)
	if err != nil || changed.After(w.Now.Add(-markSettle)) {
		return nil
	}
	return &seenFile{path: path.file, Mark: mark, Read: l.seen.reading(l)}
}

// saw reports whether a file looks as it did when the night before saw it.
func (l Loading) saw(now *seenFile) bool {
	if now == nil {
		return false
	}
	was := l.seen.files[now.path]
	return was.Mark == now.Mark && was.Read == now.Read && was.Hash != ""
}

// knownBefore is what the store says of a file that looks as it did when it was seen; nil
// where it has to be read, as it looks different or the store no longer holds its rows.
func (w *writer) knownBefore(ctx context.Context, l Loading, path sourceFile, now *seenFile) (*Loaded, error) {
	if !l.saw(now) {
		return nil, nil
	}
	was := l.seen.files[path.file]
	now.Kind, now.Hash = was.Kind, was.Hash
	loaded := &Loaded{Kind: was.Kind, Source: l.Source.Name, Path: w.shown(path.file), State: StateKnown, seen: now}
	err := w.db.Row(ctx, []any{&loaded.Batch, &loaded.Read, &loaded.Accepted, &loaded.Duplicates, &loaded.Rejected},
		"SELECT batch_id, read, accepted, duplicates, rejected FROM batches "+
			"WHERE kind = $kind AND source = $source AND content_hash = $hash AND state = 'loaded' ORDER BY batch_id DESC LIMIT 1",
		sql.Named("kind", was.Kind), sql.Named("source", l.Source.Name), sql.Named("hash", was.Hash))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", loaded.Path, err)
	}
	return loaded, nil
}

// seenIn are the files by which the next night is to know what it need not read.
func seenIn(loaded []Loaded) map[string]seenFile {
	out := map[string]seenFile{}
	for _, l := range loaded {
		if l.seen != nil && l.seen.Hash != "" && (l.State == StateLoaded || l.State == StateKnown) {
			l.seen.Kind = l.Kind
			out[l.seen.path] = *l.seen
		}
	}
	return out
}
