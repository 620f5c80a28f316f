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
