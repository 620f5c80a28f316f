package engine_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/engine"
)

// Files that were opened before they were asked for are closed, when they are loaded and
// when a file before them ends the loading; what is told of files comes in their order.
func TestFilesOpenedAhead(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("what a process has open is told by /proc/self/fd, which is not here")
	}
	for _, damaged := range []bool{false, true} {
		e := settled(t, "2026-01-31")
		var paths []string
		for i := range 40 { // more than are loaded at a time
			path := fmt.Sprintf("%02d.csv", i)
			text := fmt.Sprintf("order_id,customer,date,amount\n%d,c%d,2026-01-05,10\n", i, i%7)
			if damaged && i == 20 {
				text = "no,table\n"
			}
			write(t, e, path, text)
			paths = append(paths, path)
		}
		e.Config.Sources = append(e.Config.Sources[:0], source("orders", paths...))
		ran, err := e.RunNight(t.Context(), engine.Night{})
		if damaged != (err != nil) || damaged && !strings.Contains(err.Error(), "20.csv") {
			t.Fatalf("damaged %t: %v", damaged, err)
		}
		for i, l := range ran.Loaded {
			if l.Path != paths[i] || l.Batch != i+1 {
				t.Errorf("file %d is told to be %s, batch %d", i, l.Path, l.Batch)
			}
		}
		for _, path := range openFiles(t) {
			if strings.HasPrefix(path, e.Dir) {
				t.Errorf("damaged %t: %s is open", damaged, path)
			}
		}
	}
}

// openFiles are the paths of the files that the process has open.
func openFiles(t *testing.T) []string {
	t.Helper()
	links, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range links {
		if path, err := os.Readlink(filepath.Join("/proc/self/fd", l.Name())); err == nil { // that of the folder itself is gone
			out = append(out, path)
		}
	}
	return out
}

// Files that go while others are loaded do not keep those that follow from being opened.
func TestFilesThatGo(t *testing.T) {
	t.Parallel()
	e := settled(t, "2026-01-31")
	e.Config.Resources.Threads = 1
	if err := os.Mkdir(filepath.Join(e.Dir, "drop"), 0o777); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for i := range 6 {
		paths = append(paths, write(t, e, filepath.Join("drop", fmt.Sprintf("%d.csv", i)), "order_id,customer,date,amount\n1,ann,2026-01-05,10\n"))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	failed, err := engine.OpenAll(ctx, e, source("orders", "drop"), func() {
		for _, path := range paths[1:5] {
			if err := os.Remove(filepath.Join(e.Dir, path)); err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil || ctx.Err() != nil {
		t.Fatal(err, ctx.Err())
	}
	if got := slices.Sorted(maps.Keys(failed)); !slices.Equal(got, paths[1:5]) {
		t.Errorf("not opened are %v, want %v", got, paths[1:5])
	}
}

// Names of files in another encoding, and names of columns that are no text, are told as
// far as they can be, and the files are loaded.
func TestNamesOfAnotherEncoding(t *testing.T) {
	t.Parallel()
	e := settled(t, "2026-01-31")
	path := "\xb6\xa9\xb5\xa5 \u2460.csv" // in GB 18030, and after it in UTF-8
	if err := os.WriteFile(filepath.Join(e.Dir, path), []byte("order_id,customer,date,amount\n1,ann,2026-01-05,10\n"), 0o666); err != nil {
		t.Skip("this file system takes no such name: ", err)
	}
	loaded := load(t, e, source("orders", path))
	if want := `\xB6\xA9\xB5\xA5 ` + "\u2460.csv"; loaded[0].Path != want || loaded[0].Accepted != 1 {
		t.Errorf("loaded is %+v, want the path %s", loaded[0], want)
	}
}
