package workspace

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Lock is the right to change a workspace. It ends with Release or with the
// process, however that ends. It is used by one goroutine at a time.
type Lock struct {
	dir  string
	file *os.File
	now  time.Time // when it was taken

	checked fs.FileInfo // the store that was found as it was published; nil: none
	hash    string      // what is recorded of it; "": nothing
}

// HeldError says that another process is changing the workspace.
type HeldError struct {
	Path  string // of the lock file
	PID   int    // 0: not known
	Since string // when the holder took it, RFC 3339; "": not known
}

// Error names the process that holds the lock.
func (e *HeldError) Error() string {
	who := "another process"
	if e.PID > 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	if e.Since != "" {
		who += " since " + e.Since
	}
	return fmt.Sprintf("%s is held by %s: wait until it has finished", e.Path, who)
}

// Acquire takes the lock of the workspace dir, or fails at once with a
// *HeldError. It clears away what killed processes have left. now is only
// written into the lock file, for people.
//
// The lock is an flock, so the file itself means nothing: a lock file left by a
// killed process is no obstacle, and it is never deleted, since a second
// process might have it open already.
func Acquire(dir string, now time.Time) (*Lock, error) {
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, LockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o666) // what is written into it goes nowhere else
	if errors.Is(err, unix.ELOOP) {
		return nil, fmt.Errorf("lock workspace: %s is a link: remove it", path)
	}
	if err != nil {
		return nil, fmt.Errorf("lock workspace: %w", err)
	}
	l := &Lock{dir: dir, file: f, now: now}
	if err := l.take(now); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := l.Sweep(); err != nil {
		return nil, errors.Join(fmt.Errorf("clear leftovers: %w", err), l.Release())
	}
	return l, nil
}

func (l *Lock) take(now time.Time) error {
	for {
		err := unix.Flock(int(l.file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			break
		}
		if err == unix.EWOULDBLOCK {
			return heldBy(l.file)
		}
		if err != unix.EINTR {
			return &os.PathError{Op: "lock workspace", Path: l.file.Name(), Err: err}
		}
	}
	text := fmt.Sprintf("%d %s\n", os.Getpid(), now.UTC().Format(time.RFC3339))
	err := l.file.Truncate(0)
	if err == nil {
		_, err = l.file.WriteAt([]byte(text), 0)
	}
	if err != nil {
		return fmt.Errorf("lock workspace: %w", err)
	}
	return nil
}

// heldBy reads who holds the lock. The holder writes its name just after it
// has taken the lock, so an empty file is worth a second look.
func heldBy(f *os.File) error {
	held := &HeldError{Path: f.Name()}
	for range 20 {
		text := make([]byte, 100)
		n, err := f.ReadAt(text, 0)
		if err != nil && err != io.EOF {
			return held
		}
		if pid, since, ok := strings.Cut(strings.TrimSpace(string(text[:n])), " "); ok {
			held.PID, err = strconv.Atoi(pid)
			if err == nil {
				held.Since = since
				return held
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return held
}

// Dir is the workspace folder.
func (l *Lock) Dir() string { return l.dir }

// Release gives the lock up. Private copies and runs that were not published
// are void afterwards. A second Release does nothing.
func (l *Lock) Release() error {
	if l.file == nil {
		return nil
	}
	err := errors.Join(l.Sweep(), l.file.Close())
	l.file = nil
	return err
}

// Sweep removes what was not published: private copies, unfinished runs, and
// runs that no link names any more. It points current at the latest run again
// if a kill fell between the two links. Acquire and Release call it.
func (l *Lock) Sweep() error {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), privatePrefix) {
			if err := os.RemoveAll(filepath.Join(l.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return errors.Join(l.sweepUnfinished(), l.tidyRuns())
}
