package workspace

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

const privatePrefix = ".private-"

// Private is a copy of a file of the workspace that nobody else sees, until it
// is published in the place of the original.
type Private struct {
	// Path is where to work. It does not exist when the original does not. Its
	// folder is hidden, but the file has the name of the original, because
	// DuckDB names a catalog after its file.
	Path  string
	final string
	lock  *Lock

	over atomic.Bool    // it need not be on the disk any more
	wait sync.WaitGroup // for what has it written there
}

// Private makes a private copy of the file name, by reference where the file
// system can. growth is how many bytes it is expected to grow by; when the
// copy and the growth do not fit, nothing is written and the error is a
// *SpaceError. A store that is not as it was published is not copied: the error
// is a *DamageError. One file has at most one private copy at a time.
func (l *Lock) Private(name string, growth int64) (*Private, error) {
	if name == StoreName {
		if err := l.CheckStore(); err != nil {
			return nil, err
		}
	}
	p, err := l.Empty(name)
	if err != nil {
		return nil, err
	}
	if err := p.copy(growth); err != nil {
		return nil, errors.Join(fmt.Errorf("private copy: %w", err), p.Discard())
	}
	return p, nil
}

// Empty is a Private without a copy of the original, which may be damaged: what is
// published in its place is made anew.
func (l *Lock) Empty(name string) (*Private, error) {
	if filepath.Base(name) != name {
		return nil, fmt.Errorf("private copy of %q: not a plain name", name)
	}
	p := &Private{
		Path:  filepath.Join(l.dir, privatePrefix+name, name),
		final: filepath.Join(l.dir, name),
		lock:  l,
	}
	if err := refuseLog(p.final); err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Dir(p.Path), 0o700); err != nil {
		return nil, fmt.Errorf("private copy: %w", err)
	}
	return p, nil
}

func (p *Private) copy(growth int64) error {
	info, err := os.Lstat(p.final)
	if errors.Is(err, fs.ErrNotExist) {
		return RequireSpace(filepath.Dir(p.Path), growth)
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a plain file: move the workspace folder itself to where there is room, not the file", p.final)
	}
	src, err := os.Open(p.final)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(p.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	if err := fill(dst, src, info.Size(), growth); err != nil {
		return errors.Join(err, dst.Close())
	}
	p.wait.Go(func() { writeBack(p.Path, info.Size(), &p.over) }) // beside the work on it
	return errors.Join(dst.Chmod(info.Mode().Perm()), dst.Close())
}

// fill makes dst a copy of src, which has size bytes.
func fill(dst, src *os.File, size, growth int64) error {
	if clone(dst, src) == nil {
		return RequireSpace(dst.Name(), growth)
	}
	if err := RequireSpace(dst.Name(), size+growth); err != nil {
		return err
	}
	n, err := io.Copy(dst, src) // copy_file_range on Linux
	if err == nil && n != size {
		err = fmt.Errorf("%s changed while it was copied", src.Name())
	}
	return err
}

// Publish puts the private copy in the place of the original, durably and at
// one instant. Whoever worked on it has closed it: a write-ahead log beside it
// is an error, and the original stays.
func (p *Private) Publish() error {
	if err := p.publish(); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

func (p *Private) publish() error {
	if _, err := os.Lstat(p.Path + ".wal"); err == nil {
		return fmt.Errorf("%s.wal is there: the file was not closed with a checkpoint", p.Path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := refuseLog(p.final); err != nil {
		return err
	}
	if filepath.Base(p.final) == StoreName {
		return p.publishStore()
	}
	if err := p.place(); err != nil {
		return err
	}
	return p.Discard()
}

// place makes the copy durable and renames it.
func (p *Private) place() error {
	if err := syncFile(p.Path); err != nil {
		return err
	}
	if err := os.Rename(p.Path, p.final); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(p.final))
}

// publishStore records the hash of the new store beside that of the old one, which
// stays until the new store is in its place: a kill in between leaves a store whose
// hash is recorded.
func (p *Private) publishStore() error {
	hash, info, err := sumFile(p.Path, xxh, nil)
	if err != nil {
		return err
	}
	before, err := recorded(p.lock.dir)
	if err != nil && !errors.As(err, new(*DamageError)) {
		return err
	}
	if err := p.record(append([]string{hash}, before...)...); err != nil {
		return err
	}
	if err := p.place(); err != nil {
		return err
	}
	p.lock.checked, p.lock.hash = info, hash
	// The store is published. That the old hash stays recorded does no harm, and
	// the next publication writes the file again.
	_ = p.record(hash)
	return p.Discard()
}

// Discard removes the private copy; the original is as it was.
func (p *Private) Discard() error {
	p.over.Store(true)
	p.wait.Wait()
	return os.RemoveAll(filepath.Dir(p.Path))
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// keyBytes is the length of the key.
const keyBytes = 32

// Key is the secret of the workspace: 32 random bytes, made when first asked
// for, with which ids of customers known by an address only are hashed. It
// must be kept with the store: with another key, the same address is another
// customer. Only the owner may read its file.
func (l *Lock) Key() ([]byte, error) {
	path := filepath.Join(l.dir, KeyName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return l.makeKey()
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("%s is damaged: it should hold %d hexadecimal digits; restore it from a backup", path, 2*keyBytes)
	}
	return key, nil
}

func (l *Lock) makeKey() ([]byte, error) {
	key := make([]byte, keyBytes)
	rand.Read(key) // never fails
	p, err := l.Private(KeyName, 0)
	if err == nil {
		err = os.WriteFile(p.Path, []byte(hex.EncodeToString(key)+"\n"), 0o600)
		if err == nil {
			err = p.Publish()
		}
		if err != nil {
			err = errors.Join(err, p.Discard())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return key, nil
}
