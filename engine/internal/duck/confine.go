package duck

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

// confine leaves a connection only what it was opened for: no files but those that
// Options name, no extensions, no settings but those that the program itself changes
// on its way, none of which opens anything. It cannot be undone.
func (d *DB) confine(ctx context.Context, opt Options) error {
	folders, err := realPaths(opt.Folders)
	if err != nil {
		return err
	}
	files, err := realPaths(opt.Files)
	if err != nil {
		return err
	}
	for _, s := range []string{
		"SET allowed_directories=" + literals(folders),
		"SET allowed_paths=" + literals(files),
		"SET enable_external_access=false",
		"SET allowed_configs=" + literals([]string{"checkpoint_threshold", "max_vacuum_tasks", "disabled_optimizers", "preserve_insertion_order", "memory_limit"}),
		"SET lock_configuration=true",
	} {
		if err := d.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func literals(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = Literal(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// realPaths are the places that paths lead to, since DuckDB compares what it is
// asked to open after following links.
func realPaths(paths []string) ([]string, error) {
	out := make([]string, len(paths))
	for i, p := range paths {
		absolute, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		if out[i], err = realPath(absolute); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// realPath follows the links of an absolute path as far as it exists.
func realPath(path string) (string, error) {
	found, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
		return found, err
	}
	folder, err := realPath(filepath.Dir(path))
	return filepath.Join(folder, filepath.Base(path)), err
}
