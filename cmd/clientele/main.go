// Command clientele is an analytical CRM engine: it loads a shop's exports into
// one store, scores every customer as of a day, and hands out the results.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // business time zones work on machines without zone files

	"clientele/engine"
)

// version is set by the build: -ldflags "-X main.version=...".
var version = "dev"

// The exit statuses.
const (
	exitFailed  = 1 // nothing is half-written
	exitUsage   = 2
	exitRefused = 3 // data problems over the limit; the rest was done
)

func main() {
	syscall.Umask(0o077)           // stores and exports hold people's data
	signal.Ignore(syscall.SIGXFSZ) // a limit on file sizes is an error of the write
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(status(run(ctx, os.Args[1:], os.Stdout, os.Stderr, time.Now()), os.Stderr))
}

// run does what the arguments say. Results go to out, messages to errOut.
func run(ctx context.Context, args []string, out, errOut io.Writer, now time.Time) error {
	root := newRoot(&app{out: out, errOut: errOut, now: now})
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // whatever was interrupted words it in its own way
	}
	return err
}

// usageError is a mistake in the words of the command.
type usageError struct{ error }

// status prints an error as one line and returns the exit status.
func status(err error, errOut io.Writer) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(errOut, "clientele: stopped; nothing half-written")
		return 130
	}
	if aboutData(err) {
		return exitRefused
	}
	fmt.Fprintln(errOut, "clientele: "+message(err))
	if usage := (usageError{}); errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// aboutData reports whether an error stands for problems of the data: the rest
// was done, and the command has printed what is wrong.
func aboutData(err error) bool {
	return errors.Is(err, engine.ErrRefused) || errors.Is(err, engine.ErrChecks) || errors.Is(err, engine.ErrDiffers)
}

// message is an error in one line. Left out is the line of SQL, with a mark
// under the place, that DuckDB shows below its message. That there is no room
// is worded differently in every layer, with names of hidden files: here it
// reads the same.
func message(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\nLINE ")
	text = strings.TrimSpace(strings.ReplaceAll(text, "\n", " "))
	for _, full := range []struct {
		cause syscall.Errno
		text  string
	}{
		{syscall.ENOSPC, "the disk is full"},
		{syscall.EDQUOT, "the disk quota is used up"},
		{syscall.EFBIG, "the system's limit on the size of files is reached"},
	} {
		if errors.Is(err, full.cause) || strings.Contains(strings.ToLower(text), full.cause.Error()) {
			return full.text + "; nothing half-written"
		}
	}
	return text
}

// limitMemory keeps Go's share of the process's memory to a quarter: DuckDB
// has its own half, and both run a little over.
func limitMemory(total int64) { debug.SetMemoryLimit(total / 4) }
