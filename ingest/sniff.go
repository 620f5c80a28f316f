package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// sniff refuses what is plainly no file to be read before a reader is tried: a
// folder, a pipe, an empty file. What the bytes of a file are is for the
// OpenFunc to find out.
func sniff(path string) (os.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no such file: %w", fs.ErrNotExist)
	case err != nil:
		return nil, bare(err)
	case info.IsDir():
		return nil, errors.New("a folder, not a file")
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() == 0:
		return nil, errors.New("the file is empty")
	}
	return info, nil
}

// bare is an error of the file system without its path, which the caller names.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// at names the file in an error that does not.
func at(path string, err error) error {
	if err == nil || strings.HasPrefix(err.Error(), path+":") {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}
