package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"clientele/engine"
)

// The number of each kind of failure, whatever it is wrapped in, and one line
// for those that the command has not told already.
func TestExitStatus(t *testing.T) {
	help := newExitStatus().Long
	for _, c := range []struct {
		err  error
		code int
		line string
	}{
		{nil, 0, ""},
		{errors.New("no run"), 1, "clientele: no run\n"},
		{errors.New("binder error\nLINE 1: SELEC\n^"), 1, "clientele: binder error\n"},
		{usageError{errors.New("--format")}, 2, "clientele: --format\n"},
		{engine.ErrRefused, 3, ""},
		{fmt.Errorf("run: %w", errors.Join(engine.ErrRefused, engine.ErrChecks)), 3, ""},
		{engine.ErrDiffers, 3, ""},
		{&fs.PathError{Op: "write", Path: "out/scores.csv", Err: syscall.ENOSPC}, 5, "clientele: out/scores.csv: the disk is full; nothing half-written\n"},
		{errors.Join(engine.ErrRefused, &engine.HoldError{Holds: []engine.Hold{{En: "too few orders"}}}), 6,
			"clientele: files were refused the publication is held back: too few orders. The facts are loaded, and the run of before stays current: load what is missing and run again, or clientele run --publish-anyway\n"},
		{stopped{syscall.SIGINT}, 130, "clientele: stopped; nothing half-written\n"},
		{stopped{syscall.SIGTERM}, 143, "clientele: stopped; nothing half-written\n"},
		{context.Canceled, 130, "clientele: stopped; nothing half-written\n"},
	} {
		var errOut strings.Builder
		if code := status(c.err, nil, &errOut); code != c.code {
			t.Errorf("%v: %d, not %d", c.err, code, c.code)
		}
		if c.line != "" && errOut.String() != c.line {
			t.Errorf("%v: %q", c.err, &errOut)
		}
		if n := strings.Count(help, "\n  "+strconv.Itoa(c.code)+" "); n != 2 {
			t.Errorf("status %d stands %d times in the help, not once in each language", c.code, n)
		}
	}
}

// Whatever a stopped command says of itself, the status is the signal's.
func TestStoppedCommand(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stopped{syscall.SIGTERM})
	err := run(ctx, []string{"-C", t.TempDir(), "demo", t.TempDir() + "/shop"}, io.Discard, io.Discard, time.Now())
	if code := exitStatus(err); code != 143 {
		t.Errorf("%v: status %d", err, code)
	}
	var line strings.Builder // the result of a night says the same
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "orders.csv"), []byte("customer,date,amount\nann,2024-01-05,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "clientele.yaml"), []byte("sources: [{name: orders, kind: orders, path: orders.csv}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err = run(ctx, []string{"-C", dir, "run", "--format", "json", "-q"}, &line, io.Discard, time.Now())
	if exitStatus(err) != 143 || !strings.HasPrefix(line.String(), `{"exit_status":143,`) {
		t.Errorf("%v: %s", err, &line)
	}
}
