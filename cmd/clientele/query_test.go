package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A query without an end stops within two seconds of SIGINT, keeps to its memory
// meanwhile, and nobody else may read what it sets aside on the disk, of which
// nothing is left.
func TestQueryStops(t *testing.T) {
	shop := t.TempDir()
	if err := os.WriteFile(filepath.Join(shop, "orders.csv"), []byte("order_id,customer,date,amount\n1,ann,2024-01-05,10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "-C", shop, "ingest", "orders", filepath.Join(shop, "orders.csv"), "-q")
	const sorts = 1 // the query that does not fit into its memory
	spilled := false
	for i, query := range []string{
		"SELECT count(*) FROM range(1000000) AS a, range(1000000) AS b WHERE a.range + b.range = -1",
		"SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY md5(CAST(range AS VARCHAR))) AS n FROM range(1000000000000))",
		"WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a) SELECT max(n) FROM a",
		"SELECT count(DISTINCT md5(CAST(range AS VARCHAR))) FROM range(1000000000000)",
	} {
		const tries = 6
		for try, wait := 1, 700*time.Millisecond; ; try, wait = try+1, 2*wait {
			begun := stopQuery(t, shop, query, wait, func() bool {
				spilled = forOwner(t, shop) || spilled
				return i != sorts || spilled
			})
			if begun {
				break
			}
			if try == tries { // on a busy machine, Go is long about starting
				t.Fatalf("not begun after %s: %s", wait, query)
			}
		}
		entries, err := os.ReadDir(shop)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				t.Errorf("%s is left of %s", e.Name(), query)
			}
		}
	}
	if !spilled {
		t.Error("nothing was set aside on the disk: the test proves little")
	}
}

// stopQuery sends SIGINT to a query when it has had so long, and has done enough, and
// checks how it ends. It reports whether the program had begun.
func stopQuery(t *testing.T, shop, query string, wait time.Duration, enough func() bool) (begun bool) {
	t.Helper()
	cmd := child(t, "-C", shop, "query", query, "--memory", "256MiB")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for least, most := began.Add(wait), began.Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if now := time.Now(); enough() && now.After(least) || now.After(most) {
			break
		}
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	hung := time.AfterFunc(within(2*time.Second)+10*time.Second, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	hung.Stop()
	if by := cmd.ProcessState.Sys().(syscall.WaitStatus); by.Signaled() && by.Signal() == syscall.SIGINT {
		return false
	}
	if took := time.Since(began); took > within(2*time.Second) {
		t.Errorf("stopped after %s: %s", took, query)
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("%v: %s", err, query)
	}
	return true
}

// forOwner reports whether a query has set something aside, none of which others may
// read.
func forOwner(t *testing.T, shop string) (spilled bool) {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(shop, ".spill-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s may be read by others: %s", path, info.Mode())
			}
			spilled = spilled || !d.IsDir()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return spilled
}
