package list

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// workPrefix begins the names of lists that are being written.
const workPrefix = ".unfinished-"

// Folder is a list being written, in a hidden folder. It is void after Publish or
// Discard.
type Folder struct {
	ID   string
	Dir  string // write the files here
	root string
}

// Begin begins a list as of a day (YYYY-MM-DD) in the folder of lists, which is
// made where it is missing. Its id has the number after the greatest one of that
// day. What killed commands have left is removed. The caller holds the lock of the
// workspace.
func Begin(root, asOf string) (*Folder, error) {
	if err := os.MkdirAll(root, 0o777); err != nil {
		return nil, fmt.Errorf("new list: %w", err)
	}
	if err := Sweep(root); err != nil {
		return nil, fmt.Errorf("new list: %w", err)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("new list: %w", err)
	}
	last := 0
	for _, e := range entries {
		if day, number, ok := parseID(e.Name()); ok && day == asOf {
			last = max(last, number)
		}
	}
	id := asOf + "-" + strconv.Itoa(last+1)
	if _, _, ok := parseID(id); !ok {
		return nil, fmt.Errorf("new list: %q is not a date such as 2026-05-31", asOf)
	}
	f := &Folder{ID: id, Dir: filepath.Join(root, workPrefix+id), root: root}
	if err := os.Mkdir(f.Dir, 0o777); err != nil {
		return nil, fmt.Errorf("new list: %w", err)
	}
	return f, nil
}

// Sweep removes lists that were never put in place.
func Sweep(root string) error {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), workPrefix) {
			if err := os.RemoveAll(filepath.Join(root, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// File is the path of the file name in the list being written.
func (f *Folder) File(name string) string { return filepath.Join(f.Dir, name) }

// Discard removes the list.
func (f *Folder) Discard() error { return os.RemoveAll(f.Dir) }

// Publish writes the manifest, makes everything durable and puts the list in its
// place, at one instant. rows says how many rows each file has; all files of the
// list are named in it.
func (f *Folder) Publish(m Manifest, rows map[string]int64) (List, error) {
	l, err := f.publish(m, rows)
	if err != nil {
		return List{}, fmt.Errorf("publish list %s: %w", f.ID, err)
	}
	return l, nil
}

func (f *Folder) publish(m Manifest, rows map[string]int64) (List, error) {
	m.Format, m.ID = 1, f.ID
	var err error
	if m.Files, err = describe(f.Dir, rows); err != nil {
		return List{}, err
	}
	if m.Stratified == nil {
		m.Stratified = []string{}
	}
	if m.Suppress == nil {
		m.Suppress = []SuppressFile{}
	}
	if m.Notes == nil {
		m.Notes = []Note{}
	}
	text, err := jsonText(m)
	if err != nil {
		return List{}, err
	}
	err = errors.Join(writeSynced(f.File(ManifestName), text), writeSynced(f.File(HashName), []byte(hashLine(text))))
	if err != nil {
		return List{}, err
	}
	if err := syncFolder(f.Dir); err != nil {
		return List{}, err
	}
	place := filepath.Join(f.root, f.ID)
	if err := os.Rename(f.Dir, place); err != nil {
		return List{}, err
	}
	return List{Manifest: m, Dir: place}, errors.Join(syncFolder(f.root), syncFolder(filepath.Dir(f.root)))
}

// describe hashes and syncs every file of a folder, in the order of names.
func describe(dir string, rows map[string]int64) ([]File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, e := range entries {
		n, known := rows[e.Name()]
		if !known || !e.Type().IsRegular() {
			return nil, fmt.Errorf("%s is no file of a list", e.Name())
		}
		f, err := hashed(filepath.Join(dir, e.Name()), true)
		if err != nil {
			return nil, err
		}
		f.Rows = n
		files = append(files, f)
	}
	if len(files) != len(rows) {
		return nil, fmt.Errorf("rows are given for %d files, of which %d exist", len(rows), len(files))
	}
	return files, nil
}

// hashed reads a file, after making it durable where it is a fresh one.
func hashed(path string, fresh bool) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	if fresh {
		if err := f.Sync(); err != nil {
			return File{}, err
		}
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return File{}, err
	}
	return File{Name: filepath.Base(path), Bytes: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// Verify reads the files of a list and compares them with its manifest. The first
// difference is the error.
func Verify(l List) error {
	for _, f := range l.Files {
		if err := VerifyFile(l, f.Name); err != nil {
			return err
		}
	}
	return nil
}

// VerifyFile is Verify of one file, by its name.
func VerifyFile(l List, name string) error {
	for _, want := range l.Files {
		if want.Name != name {
			continue
		}
		got, err := hashed(l.File(name), false)
		if err != nil {
			return fmt.Errorf("list %s: %w", l.ID, err)
		}
		if got.SHA256 != want.SHA256 {
			return fmt.Errorf("list %s: %s was changed since it was cut: restore its folder from a backup, or move it away", l.ID, name)
		}
	}
	return nil
}

func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncFolder makes renames in dir durable.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
