package parquet

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"clientele/ingest/internal/stream"
)

// unpackLimit is how many bytes a gzipped file may have unpacked. A file of
// nothing but zeros packs a thousand to one, and disks end.
const unpackLimit = 16 << 30

// source is a file to be read at any place.
type source interface {
	io.ReaderAt
	io.Closer
}

// openSource opens a file and tells its size. A Parquet file is read from its
// end, so that a gzipped one is unpacked to a temporary file first.
func openSource(path string) (file source, size int64, unpacked bool, err error) {
	plain, size, err := stream.OpenFile(path)
	if err != nil {
		return nil, 0, false, err
	}
	magic := make([]byte, 2)
	if n, _ := plain.ReadAt(magic, 0); n < 2 || string(magic) != "\x1f\x8b" {
		return plain, size, false, nil
	}
	plain.Close()
	file, size, err = unpack(path, unpackLimit)
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

// unpack writes what a gzipped Parquet file holds to a temporary file. Where
// the system lets an open file lose its name it does so at once: then nothing
// stays behind even if the process is killed.
func unpack(path string, limit int64) (_ source, size int64, err error) {
	in, err := stream.Open(path, 1<<16)
	if err != nil {
		return nil, 0, err
	}
	defer in.Close()
	switch head, err := in.Peek(4); { // before the disk is filled with anything else
	case err != nil:
		return nil, 0, err
	case len(head) == 0:
		return nil, 0, fmt.Errorf("%s: is empty", path)
	case string(head) != "PAR1" && string(head) != "PARE":
		return nil, 0, fmt.Errorf("%s: is not a Parquet file", path)
	}
	file, err := os.CreateTemp("", "clientele-*.parquet")
	if err != nil {
		return nil, 0, unpackError(path, err)
	}
	out := &temporary{File: file, named: os.Remove(file.Name()) != nil}
	defer func() {
		if err != nil {
			out.Close()
		}
	}()
	size, err = io.CopyBuffer(struct{ io.Writer }{out}, io.LimitReader(in, limit+1), make([]byte, 1<<20))
	if err != nil {
		return nil, 0, unpackError(path, err)
	}
	if size > limit {
		return nil, 0, fmt.Errorf("%s: holds more than %d MB once unpacked: unpack it first and load the Parquet file", path, limit>>20)
	}
	return out, size, nil
}

// unpackError says where the disk refused; what is wrong with the gzipped file
// says so itself.
func unpackError(path string, err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return fmt.Errorf("%s: cannot be unpacked into the temporary folder %s: %w", path, os.TempDir(), p.Err)
	}
	return err
}
