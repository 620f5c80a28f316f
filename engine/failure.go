package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"clientele/engine/workspace"
)

// Locked reports whether an error says that another process is changing the
// workspace: the command may be tried again later.
func Locked(err error) bool {
	var held *workspace.HeldError
	return errors.As(err, &held)
}

// StorageError says that the system could not write or read: a full disk, a
// quota, a limit on sizes, a broken disk. What was published before is untouched.
type StorageError struct {
	Path   string // what people know of the place, never a hidden working file; "": not known
	Reason string // in words
	Err    error
}

// Error is the place and the reason.
func (e *StorageError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// Unwrap is the error as it came.
func (e *StorageError) Unwrap() error { return e.Err }

// StorageFailure is what an error says of the disk, nil when it is about
// something else. Every layer words such an error in its own way, DuckDB as a
// text only: here they read the same.
func StorageFailure(err error) *StorageError {
	if err == nil {
		return nil
	}
	var known *StorageError
	if errors.As(err, &known) {
		return known
	}
	var space *workspace.SpaceError
	if errors.As(err, &space) {
		_, reason, _ := strings.Cut(space.Error(), space.Path+": ")
		return &StorageError{Path: publicPath(space.Path), Reason: reason, Err: err}
	}
	text := err.Error()
	for _, failure := range storageFailures() {
		if failure.cause != 0 && errors.Is(err, failure.cause) || failure.words.MatchString(text) {
			return &StorageError{Path: publicPath(failedPath(err)), Reason: failure.reason, Err: err}
		}
	}
	return nil
}

type storageFailure struct {
	cause  syscall.Errno // 0: DuckDB's alone
	words  *regexp.Regexp
	reason string
}

// storageFailures are the ways in which a disk fails, and the words of each in
// texts that have lost the system's number.
func storageFailures() []storageFailure {
	words := func(pattern string) *regexp.Regexp { return regexp.MustCompile("(?i)" + pattern) }
	return []storageFailure{
		{syscall.ENOSPC, words(`no space left on device`), "the disk is full"},
		{syscall.EDQUOT, words(`disk quota exceeded`), "the disk quota is used up"},
		{syscall.EFBIG, words(`file too large`), "the system's limit on the size of files is reached"},
		{syscall.EROFS, words(`read-only file system`), "the disk can only be read"},
		{syscall.ESTALE, words(`stale (nfs )?file handle`), "the network disk has lost the file"},
		{syscall.EIO, words(`input/output error|fsync failed!`), "the disk failed (input/output error)"},
		{0, words(`max_temp_directory_size`), "the disk has too little room for temporary files"},
	}
}

// quotedFile is how DuckDB names the file that it could not write. A name without
// a slash is that of a catalog.
var quotedFile = regexp.MustCompile(`(?i)(?:file|directory|database)s? "([^"]*/[^"]*)"`)

// failedPath is the file that an error is about.
func failedPath(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Path
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.New
	}
	if found := quotedFile.FindAllStringSubmatch(err.Error(), -1); found != nil {
		return found[len(found)-1][1] // the last one is the cause
	}
	return ""
}

// hidden are the names under which files are written before they are what
// people know.
var hidden = []struct {
	name *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\.private-([^/]+)/spill(/.*)?$`), "$1"},
	{regexp.MustCompile(`\.private-([^/]+)(/[^/]*)?$`), "$1"},
	{regexp.MustCompile(`/?\.spill-[0-9]+(/.*)?$`), ""},
	{regexp.MustCompile(`\.unfinished-(as_of=[^/]+)`), "$1"},
	{regexp.MustCompile(`(^|/)\.link-`), "$1"},
	{regexp.MustCompile(`(^|/)\.([^/]+)\.[0-9]+$`), "$1$2"},        // workspace.WriteFile
	{regexp.MustCompile(`(^|/)\.([^/]+)\.part(/[^/]*)?$`), "$1$2"}, // inPlace
	{regexp.MustCompile(`\.wal$`), ""},
}

// publicPath is the name by which people know what a working file becomes.
func publicPath(path string) string {
	if path == "/dev/stdout" {
		return "standard output"
	}
	for _, h := range hidden {
		path = h.name.ReplaceAllString(path, h.as)
	}
	if path == "" {
		return path
	}
	return filepath.Clean(path)
}
