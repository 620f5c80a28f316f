package workspace

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// SpaceError says that a disk has too little room for what is to be written.
type SpaceError struct {
	Path string // a file or folder on the disk
	Need int64  // bytes
	Free int64  // bytes
}

// Error names the path and both amounts.
func (e *SpaceError) Error() string {
	return fmt.Sprintf("%s: %s needed, %s free on this disk", e.Path, amount(e.Need), amount(e.Free))
}

// Free is how many bytes the user may still write to the disk that holds path.
func Free(path string) (int64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		return 0, &os.PathError{Op: "free space", Path: path, Err: err}
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil
}

// RequireSpace fails with a *SpaceError when fewer than need bytes are free on
// the disk that holds path.
func RequireSpace(path string, need int64) error {
	free, err := Free(path)
	if err != nil {
		return err
	}
	if free < need {
		return &SpaceError{Path: path, Need: need, Free: free}
	}
	return nil
}

// amount is a number of bytes for people.
func amount(n int64) string {
	v, unit := float64(n), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for v >= 1024 && unit < len(units)-1 {
		v, unit = v/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[unit])
}
