package workspace

import (
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// clone makes dst share the blocks of src (reflink), where the file system can:
// btrfs, xfs, bcachefs.
func clone(dst, src *os.File) error {
	return unix.IoctlFileClone(int(dst.Fd()), int(src.Fd()))
}

// writeBack has the system write what it holds of a file of size bytes to the disk, a part
// at a time until it is over. Who makes the file durable later waits for less.
func writeBack(path string, size int64, over *atomic.Bool) {
	const part = 16 << 20
	f, err := os.Open(path)
	if err != nil {
		return // it goes without
	}
	defer f.Close() // the file is nobody else's, so no locks of others go with it
	for from := int64(0); from < size && !over.Load(); from += part {
		if unix.SyncFileRange(int(f.Fd()), from, part, unix.SYNC_FILE_RANGE_WRITE) != nil {
			return
		}
	}
}
