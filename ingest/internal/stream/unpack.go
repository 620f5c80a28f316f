package stream

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Source is a file to be read at any place.
type Source interface {
	io.ReaderAt
	io.Closer
}

// OpenAt opens a file for a format that is read from its end, and tells its
// size. A packed one is unpacked to a temporary file first, once check has let
// pass its first four bytes, fewer where it is shorter, so that no disk is
// filled with something else.
func OpenAt(path string, expand int64, check func(head []byte) error) (file Source, size int64, unpacked bool, err error) {
	bare, size, err := OpenFile(path)
	if err != nil {
		return nil, 0, false, err
	}
	packed, err := packing(bare)
	switch {
	case err != nil:
		bare.Close()
		return nil, 0, false, fmt.Errorf("%s: %w", path, plain(err))
	case packed == "":
		return bare, size, false, nil
	}
	bare.Close()
	file, size, err = unpack(path, expand, check)
	return file, size, true, err
}

// temporary is a file that is gone once it is closed.
type temporary struct {
	*os.File
	named bool // still has its name
}

// Close closes and removes the file.
func (t *temporary) Close() error {
	err := t.File.Close()
	if t.named {
		err = errors.Join(err, os.Remove(t.Name()))
	}
	return err
}

// unpack writes what a packed file holds to a temporary file. Where the system
// lets an open file lose its name it does so at once: then nothing stays behind
// even if the process is killed.
func unpack(path string, expand int64, check func(head []byte) error) (_ Source, size int64, err error) {
	in, err := Open(path, 1<<16, expand)
	if err != nil {
		return nil, 0, err
	}
	defer in.Close()
	head, err := in.Peek(4)
	if err != nil {
		return nil, 0, err
	}
	if err := check(head); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	file, err := os.CreateTemp("", "clientele-*"+filepath.Ext(path))
	if err != nil {
		return nil, 0, unpackError(path, err)
	}
	out := &temporary{File: file, named: os.Remove(file.Name()) != nil}
	defer func() {
		if err != nil {
			out.Close()
		}
	}()
	if size, err = io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, make([]byte, 1<<20)); err != nil {
		return nil, 0, unpackError(path, err)
	}
	return out, size, nil
}

// unpackError says where the disk refused; what is wrong with the packed file
// says so itself.
func unpackError(path string, err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return fmt.Errorf("%s: cannot be unpacked into the temporary folder %s: %w", path, os.TempDir(), p.Err)
	}
	return err
}
