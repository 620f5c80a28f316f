// Package workspace is the folder that everything lives in: who may change it,
// and how files and finished runs are put in place so that a kill at any
// instant leaves the old state or the new one.
//
//	clientele.yaml       the configuration
//	clientele.duckdb     the store
//	clientele.lock       flock of whoever changes the workspace
//	clientele.key        key of the hash that makes ids from addresses
//	exports/as_of=DATE   link to one finished run
//	exports/current      link to the run with the greatest as_of
//	exports/.runs/       the finished runs, named by date and content
//
// Whatever changes the workspace is a method of Lock, so it cannot be called
// without holding it. Reading needs no lock. The package works on Linux and
// macOS, on file systems that have flock, symbolic links and atomic rename.
package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Names of what a workspace folder holds.
const (
	ConfigName  = "clientele.yaml"
	StoreName   = "clientele.duckdb"
	LockName    = "clientele.lock"
	KeyName     = "clientele.key"
	ExportsName = "exports"
	ListsName   = "lists"
)

// Store is the path of the published store of the workspace dir, after making
// sure that it is what was published: no write-ahead log lies beside it. The
// error is fs.ErrNotExist when nothing has been loaded yet.
func Store(dir string) (string, error) {
	if err := checkFolder(dir); err != nil {
		return "", err
	}
	path := filepath.Join(dir, StoreName)
	if err := refuseLog(path); err != nil {
		return "", err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("store: %s is not a plain file", path)
	}
	return path, nil
}

// LogError says that a write-ahead log lies beside a published file. DuckDB
// would replay it into a file that it does not belong to.
type LogError struct {
	Path string // of the log
}

// Error names the log and says what to do.
func (e *LogError) Error() string {
	return e.Path + " lies beside the store: another program has opened the store for writing; close that program, and if the file stays, move it away and try again"
}

// refuseLog fails when a .wal lies beside path.
func refuseLog(path string) error {
	log := path + ".wal"
	switch _, err := os.Lstat(log); {
	case err == nil:
		return &LogError{Path: log}
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return err
	}
}

// checkFolder says in one line what is wrong with a workspace folder.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &fs.PathError{Op: "workspace", Path: dir, Err: errNoFolder}
	case err != nil:
		return fmt.Errorf("workspace: %w", err)
	case !info.IsDir():
		return fmt.Errorf("workspace %s: not a folder", dir)
	}
	return nil
}

// errNoFolder is fs.ErrNotExist in a user's words.
var errNoFolder = noFolder{}

type noFolder struct{}

func (noFolder) Error() string        { return "no such folder" }
func (noFolder) Is(target error) bool { return target == fs.ErrNotExist }

// syncFolder makes renames in dir durable.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
