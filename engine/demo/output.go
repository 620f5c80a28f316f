package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// marker is the file that makes a folder a demo shop's. It is written before
// anything else and lists what the shop consists of, so that a shop that was
// interrupted, or an older one of other months, can be replaced whole.
const marker = ".clientele-demo"

type mark struct {
	Generator string   `json:"generator"`
	Options   string   `json:"options"`
	Files     []string `json:"files"`
}

const generator = "clientele demo"

// output is the folder that the shop is written to.
type output struct{ dir string }

// openOutput makes the folder ready: new, empty, or an earlier demo shop, whose
// files are removed. It never touches a file that it did not write.
func openOutput(dir string, opt Options, files []string) (*output, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	old, err := readMark(dir)
	if err != nil {
		return nil, err
	}
	now := mark{Generator: generator, Options: opt.String(), Files: files}
	if old != nil && old.Options != now.Options {
		if _, err := os.Stat(filepath.Join(dir, "clientele.duckdb")); err == nil {
			return nil, fmt.Errorf("%s: holds a store loaded from another demo shop (%s); choose another folder", dir, old.Options)
		}
	}
	if old != nil {
		for _, name := range old.Files {
			if err := removeOurs(dir, name); err != nil {
				return nil, err
			}
		}
	}
	text, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return nil, err
	}
	o := &output{dir: dir}
	return o, o.writeText(marker, append(text, '\n'))
}

// readMark returns the folder's marker, nil for an empty folder.
func readMark(dir string) (*mark, error) {
	text, err := os.ReadFile(filepath.Join(dir, marker))
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		if len(entries) > 0 {
			return nil, fmt.Errorf("%s: %w", dir, ErrNotOurs)
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m mark
	if err := json.Unmarshal(text, &m); err != nil || m.Generator != generator {
		return nil, fmt.Errorf("%s: %w", dir, ErrNotOurs)
	}
	for _, name := range m.Files {
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("%s: %s names %q, which is outside", dir, marker, name)
		}
	}
	return &m, nil
}

// removeOurs removes a file and what an interrupted writing of it left.
func removeOurs(dir, name string) error {
	for _, n := range []string{name, hidden(name)} {
		if err := os.Remove(filepath.Join(dir, n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// hidden is the name of a file until it is complete.
func hidden(name string) string {
	dir, base := filepath.Split(filepath.FromSlash(name))
	return filepath.Join(dir, "."+strings.TrimPrefix(base, ".")+".part")
}

// create opens a file under its hidden name.
func (o *output) create(name string) (*os.File, error) {
	path := filepath.Join(o.dir, hidden(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.Create(path)
}

// commit closes a complete file and gives it its name.
func (o *output) commit(f *os.File, name string) error {
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(o.dir, filepath.FromSlash(name)))
}

// abandon closes and removes an incomplete file.
func (o *output) abandon(f *os.File) {
	f.Close()
	os.Remove(f.Name())
}

func (o *output) writeText(name string, text []byte) error {
	f, err := o.create(name)
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		o.abandon(f)
		return err
	}
	return o.commit(f, name)
}

// String names the options that decide the bytes of the shop.
func (o Options) String() string {
	s := fmt.Sprintf("customers %d, orders %d, seed %d, from %s to %s", o.Customers, o.Orders, o.Seed, o.From.Format(time.DateOnly), o.To.Format(time.DateOnly))
	if o.Plain {
		s += ", plain"
	}
	if o.Dialect != "" {
		s += ", " + o.Dialect
	}
	return s
}
