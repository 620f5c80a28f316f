package workspace

import (
	"os"

	"golang.org/x/sys/unix"
)

// clone makes dst share the blocks of src (reflink), where the file system can:
// btrfs, xfs, bcachefs.
func clone(dst, src *os.File) error {
	return unix.IoctlFileClone(int(dst.Fd()), int(src.Fd()))
}

// writeBack has the system write what it holds of a file to the disk. Who makes the file
// durable later waits for less.
func writeBack(path string) {
	if f, err := os.Open(path); err == nil { // else it goes without
		_ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
		f.Close()
	}
}
