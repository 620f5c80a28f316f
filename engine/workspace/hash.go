package workspace

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/zeebo/xxh3"
)

// HashName is the file beside the store that says what the store was when it was
// published. Its name is that of the hash that earlier versions took: a program of
// theirs finds it and, not knowing its first line, refuses the store rather than to use
// one that it cannot compare.
const HashName = StoreName + ".sha256"

// The first line of that file. Each further line is one hash in hex, which its length
// tells the kind of. The hash guards against damage, not against people, who could write
// the file anew: XXH3-128 finds damage as well as SHA-256 does, at a twentieth of the cost.
const (
	hashHead    = "clientele store hash 2: of the hashes of each 4 MiB, by XXH3-128 where it has 32 digits, by SHA-256 where it has 64"
	hashHeadSHA = "clientele store hash 1: SHA-256 of the SHA-256s of each 4 MiB" // of earlier versions
)

// piece is how many bytes are hashed at a time, on as many cores as there are: the
// store is hashed before every run.
const piece = 4 << 20

// hash is a way to hash bytes.
type hash func([]byte) []byte

func xxh(b []byte) []byte {
	s := xxh3.Hash128(b).Bytes()
	return s[:]
}

func sha(b []byte) []byte {
	s := sha256.Sum256(b)
	return s[:]
}

// hashOf is the way in which a recorded hash was made; nil where the text is none.
func hashOf(text string) hash {
	raw, err := hex.DecodeString(text)
	switch {
	case err == nil && len(raw) == 16:
		return xxh
	case err == nil && len(raw) == sha256.Size:
		return sha
	}
	return nil
}

// sum is the hash of a file of size bytes: in hex, the hash of the hashes of its pieces.
// advance, when not nil, is told of bytes that are done, from several goroutines, and
// may end it.
func sum(f *os.File, size int64, of hash, advance func(int64) error) (string, error) {
	pieces := int((size + piece - 1) / piece)
	sums := make([][]byte, pieces)
	var next atomic.Int64
	workers := min(runtime.GOMAXPROCS(0), max(pieces, 1))
	failed := make([]error, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			buffer := make([]byte, min(piece, size))
			for failed[w] == nil {
				i := next.Add(1) - 1
				if i >= int64(pieces) {
					return
				}
				part := buffer[:min(piece, size-i*piece)]
				if _, err := f.ReadAt(part, i*piece); err != nil {
					failed[w] = err
					return
				}
				sums[i] = of(part)
				if advance != nil {
					failed[w] = advance(int64(len(part)))
				}
			}
		})
	}
	wait.Wait()
	for _, err := range failed {
		if err != nil {
			return "", err // the others are most likely the same
		}
	}
	return hex.EncodeToString(of(bytes.Join(sums, nil))), nil
}

// sumFile is the hash of a file, and the file that it is of.
func sumFile(path string, of hash, advance func(int64) error) (string, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", nil, err
	}
	text, err := sum(f, info.Size(), of, advance)
	if errors.Is(err, io.EOF) {
		err = &fs.PathError{Op: "read", Path: path, Err: errors.New("it became shorter while it was read")}
	}
	return text, info, err
}

// recorded are the hashes of which the store of the workspace dir may have one:
// the published one, and while another is put in its place both. None when no hash
// was ever recorded.
func recorded(dir string) ([]string, error) {
	path := filepath.Join(dir, HashName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	damaged := &DamageError{Path: path, Reason: Changed, Advice: "it should hold the hash of " + StoreName + ": restore both from one backup, or remove it when clientele check finds nothing wrong with the store"}
	lines := bufio.NewScanner(bytes.NewReader(text))
	if !lines.Scan() || lines.Text() != hashHead && lines.Text() != hashHeadSHA {
		return nil, damaged
	}
	digits := 0 // of every hash, where there is one kind
	if lines.Text() == hashHeadSHA {
		digits = 2 * sha256.Size
	}
	var out []string
	for lines.Scan() {
		if hashOf(lines.Text()) == nil || digits > 0 && len(lines.Text()) != digits {
			return nil, damaged
		}
		out = append(out, lines.Text())
	}
	if len(out) == 0 {
		return nil, damaged
	}
	return out, nil
}

// record writes the hashes, durably and at one instant. The file is made in the
// folder of the private copy, which is swept when a kill leaves it.
func (p *Private) record(hashes ...string) error {
	fresh := filepath.Join(filepath.Dir(p.Path), HashName)
	text := hashHead + "\n" + strings.Join(hashes, "\n") + "\n"
	if err := os.WriteFile(fresh, []byte(text), 0o666); err != nil {
		return err
	}
	if err := syncFile(fresh); err != nil {
		return err
	}
	dir := filepath.Dir(p.final)
	if err := os.Rename(fresh, filepath.Join(dir, HashName)); err != nil {
		return err
	}
	return syncFolder(dir)
}

// CheckStore reads the published store and compares it with what it was when it
// was published; a difference is a *DamageError. It reads it once under one lock.
// A store of a version that recorded no hash passes.
func (l *Lock) CheckStore() error {
	path := filepath.Join(l.dir, StoreName)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("check store: %w", err)
	}
	if l.checked != nil && sameFile(l.checked, info) {
		return nil
	}
	seen, hash, err := checkStore(l.dir, path, nil)
	if err == nil {
		l.checked, l.hash = seen, hash
	}
	return err
}

// StoreHash is the recorded hash of the published store, once CheckStore has found it to
// have that one or Publish has put it in place; "" where that is not so, where nothing is
// recorded of it, and where somebody has written to it since. Stores of one hash are the
// same to the byte.
func (l *Lock) StoreHash() string {
	info, err := os.Lstat(filepath.Join(l.dir, StoreName))
	if err != nil || l.checked == nil || !sameFile(l.checked, info) {
		return ""
	}
	return l.hash
}

// sameFile reports whether both are one file that nobody has written to.
func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// checkStore compares the file at path with what is recorded of the store: with hashes
// of two kinds while a store that an earlier version published is being replaced. hash is
// that which it has, "" where none is recorded.
func checkStore(dir, path string, advance func(int64) error) (info fs.FileInfo, hash string, err error) {
	want, err := recorded(dir)
	if err != nil {
		return nil, "", err
	}
	if len(want) == 0 {
		if _, info, err = sumFile(path, xxh, advance); err != nil { // it cannot be read
			return nil, "", fmt.Errorf("check store: %w", err)
		}
		return info, "", nil
	}
	found := map[int]string{} // by the length of the text
	for _, text := range want {
		if found[len(text)] == "" {
			if found[len(text)], info, err = sumFile(path, hashOf(text), advance); err != nil {
				return nil, "", fmt.Errorf("check store: %w", err)
			}
		}
		if found[len(text)] == text {
			return info, text, nil
		}
	}
	return nil, "", &DamageError{Path: filepath.Join(dir, StoreName), Reason: Changed, Expected: want[0], Found: found[len(want[0])],
		Advice: "restore it together with " + HashName + " from a backup, or make it anew with clientele rebuild; if it was replaced on purpose, remove " + HashName}
}

// VerifyStore compares the published store of the workspace dir with what it was
// when it was published. hashed is false for a store of a version that recorded no
// hash. advance, when not nil, is told of bytes that are done and may end it. It needs no
// lock: when the store is replaced meanwhile, it looks again.
func VerifyStore(dir string, advance func(int64) error) (hashed bool, err error) {
	path, err := Store(dir)
	if err != nil {
		return false, err
	}
	for range 10 {
		var before, now fs.FileInfo
		if before, err = os.Stat(path); err != nil {
			return false, fmt.Errorf("check store: %w", err)
		}
		if _, _, err = checkStore(dir, path, advance); !errors.As(err, new(*DamageError)) {
			break
		}
		// Both hashes are recorded until the new store is in its place: while it
		// is still the same file, its hash is among them.
		if now, _ = os.Stat(path); now != nil && sameFile(before, now) {
			return true, err
		}
	}
	if err != nil {
		return false, err
	}
	want, err := recorded(dir)
	return len(want) > 0, err
}
