package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// folderBytes is what the files of a folder take on a disk of 4 KiB pages.
func folderBytes(t *testing.T, dir string) int64 {
	t.Helper()
	var n int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		n += (info.Size() + 4095) &^ 4095
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// fullDisk runs out of space at sizes between what the workspace has and what the
// command needs: one line that names the path, the exit status for that, nothing
// published that is not whole. With room again, it goes on.
func (f *faults) fullDisk(t *testing.T) {
	if !canMount() {
		t.Skip("mounting a small disk is not permitted here")
	}
	base := folderBytes(t, f.from)
	full, fits := 0, 0
	all := deeds()
	random := rand.New(rand.NewPCG(6, 6))
	for i := range *faultSizes {
		d := all[i%len(all)]
		r := f.rehearsed[d.name](t)
		// A second store, its hash, a run: about as much again as there is.
		size := base + 64<<10 + int64((float64(i)+random.Float64())/float64(*faultSizes)*float64(base))
		dir := t.TempDir()
		unmount, err := mount(dir, fmt.Sprint(size))
		if err != nil {
			t.Fatal(err)
		}
		shop := filepath.Join(dir, "shop")
		copyShop(t, shop, f.from)
		stop := watch(shop, r.after)
		var errOut bytes.Buffer
		cmd := child(t, r.in(shop)...)
		cmd.Stderr = &errOut
		err = cmd.Run()
		how := fmt.Sprintf("on a disk of %d bytes", size)
		if _, seen := stop(); seen != nil {
			t.Errorf("%s, %s: a reader: %v", d.name, how, seen)
		}
		if err == nil {
			fits++
		} else {
			full++
			r.refusedByDisk(t, shop, cmd, errOut.String(), how)
		}
		if out, err := exec.Command("mount", "-o", "remount,size="+fmt.Sprint(3*base+16<<20), dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		r.interrupted(t, shop, how)
		if err := unmount(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d sizes of disk: %d too small, %d large enough", *faultSizes, full, fits)
	if full == 0 {
		t.Error("no disk was full")
	}
}

// refusedByDisk checks how a command ends that the disk did not let go on.
func (r *rehearsal) refusedByDisk(t *testing.T, shop string, cmd *exec.Cmd, message, how string) {
	t.Helper()
	if cmd.ProcessState.ExitCode() != exitStorage || unclear(message) != "" || !strings.Contains(message, shop) {
		t.Errorf("%s, %s: exit status %d, %q: %s, or names no path", r.name, how, cmd.ProcessState.ExitCode(), message, unclear(message))
	}
	if left, err := leftovers(shop); err != nil || len(left) > 0 {
		t.Errorf("%s, %s: left behind %v, %v", r.name, how, left, err)
	}
}

// fileSize meets the system's limit on the size of files.
func (f *faults) fileSize(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := f.rehearsed["run"](t)
	store, err := os.Stat(filepath.Join(f.from, "clientele.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	largest := store.Size()
	for _, limit := range picked(rand.New(rand.NewPCG(1, 9)), []int64{1000, 4096, 20_000, 100_000, largest / 2, largest - 4096, largest}, *faultSizes) {
		shop := r.copy(t)
		cmd := exec.Command(self)
		cmd.Args = append([]string{"limited", strconv.FormatInt(limit, 10), "clientele"}, r.in(shop)...)
		cmd.Env = childEnv()
		var errOut bytes.Buffer
		cmd.Stderr = &errOut
		how := fmt.Sprintf("with files of at most %d bytes", limit)
		if err := cmd.Run(); err == nil {
			t.Errorf("%s: it went on", how)
			continue
		}
		r.refusedByDisk(t, shop, cmd, errOut.String(), how)
		r.interrupted(t, shop, how)
	}
}
