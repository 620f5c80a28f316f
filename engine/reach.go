package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/workspace"
)

// What the program may reach
//
// clientele.yaml is trusted: its paths may be absolute, hold .. and be links, since
// whoever writes it could as well read those files. What lies in the folders it names
// is not: a link there is followed only within the folder. The same holds for the
// workspace itself, which may have come from elsewhere: what is written there stays
// there, whatever links lie in it.

// folders are where the files of runs and lists are: all that statements may open
// besides the store.
func (e *Engine) folders() []string { return []string{e.Exports(), e.lists()} }

// stays refuses a workspace whose folders are links: what is written to them would
// go elsewhere, and what is cleared away there would not be ours.
func (e *Engine) stays() error {
	for _, dir := range append(e.folders(), filepath.Join(e.Exports(), ".runs")) {
		info, err := os.Lstat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("workspace: %w", err)
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return fmt.Errorf("%s is a link: what is written there would leave the workspace; put a folder in its place, or move the whole workspace", dir)
		}
	}
	return nil
}

// refuseOwn fails for a place that is the workspace's own: its settings, store, key and
// notes, and what lies in exports and lists, which only runs and lists write. Whoever
// names it with --to has mistyped, and a key that is gone does not come back.
func (e *Engine) refuseOwn(to string) error {
	own, err := filepath.Rel(resolved(e.Dir), resolved(to))
	if err != nil {
		return nil // not below the workspace
	}
	first, _, below := strings.Cut(own, string(filepath.Separator))
	files := []string{workspace.ConfigName, workspace.StoreName, workspace.HashName, workspace.StoreName + ".wal", workspace.KeyName, workspace.LockName, StateName}
	if first == workspace.ExportsName || first == workspace.ListsName || !below && slices.Contains(files, first) {
		return fmt.Errorf("%s: is the workspace's own: name another place", to)
	}
	return nil
}

// resolved is the absolute path of what may not be there yet, through the links of the
// folders that are.
func resolved(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if dir := filepath.Dir(path); dir != path {
		return filepath.Join(resolved(dir), filepath.Base(path))
	}
	return path
}

// refuseLink fails for a place of a file that is a link: what it leads to was not
// named, and might be anything that the person may write. A link to a pipe or a
// device, such as /dev/stdout, is none that could be replaced.
func refuseLink(to string) error {
	info, err := os.Lstat(to)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return nil
	}
	if target, err := os.Stat(to); err == nil && !target.Mode().IsRegular() && !target.IsDir() {
		return nil
	}
	return fmt.Errorf("%s: is a link: name the file itself", to)
}
