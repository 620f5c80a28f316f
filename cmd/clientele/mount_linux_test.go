package main

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// mount puts a small file system in memory at dir.
func mount(dir, size string) (unmount func() error, err error) {
	err = unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
	return func() error { return release(dir) }, err
}

// release unmounts dir. DuckDB's files in it may still be open in children that other
// tests have started meanwhile, since they inherit them: the disk goes with the last.
func release(dir string) error { return unix.Unmount(dir, unix.MNT_DETACH) }

func canMount() bool {
	dir, err := os.MkdirTemp("", "mount")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	unmount, err := mount(dir, "1m")
	return err == nil && unmount() == nil
}

// giveUpRoot takes from the process, and from the program it becomes, root's
// right to read files whatever their mode says. Others do not have it anyway.
func giveUpRoot(args []string) ([]string, error) {
	runtime.LockOSThread() // the rights belong to the thread that goes on
	for _, right := range []uintptr{unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH} {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, right, 0, 0, 0); err != nil && os.Getuid() == 0 {
			return nil, err
		}
	}
	return args, nil
}
