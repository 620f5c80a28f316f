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

	"golang.org/x/sys/unix"

	"clientele/engine"
)

// version is set by the build: -ldflags "-X main.version=...".
var version = "dev"

func main() {
	syscall.Umask(0o077)           // stores and exports hold people's data
	signal.Ignore(syscall.SIGXFSZ) // a limit on file sizes is an error of the write
	err := run(untilSignal(context.Background()), os.Args[1:], os.Stdout, os.Stderr, time.Now())
	os.Exit(status(err, os.Args[1:], os.Stderr))
}

// stopped says that a signal ended the command.
type stopped struct{ signal syscall.Signal }

func (s stopped) Error() string        { return "stopped by " + unix.SignalName(s.signal) }
func (s stopped) Is(target error) bool { return target == context.Canceled }

// untilSignal ends with the first SIGINT or SIGTERM, with a stopped as its
// cause. A second signal ends the program at once.
func untilSignal(parent context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		first := <-signals
		signal.Stop(signals)
		cancel(stopped{first.(syscall.Signal)})
	}()
	return ctx
}

// run does what the arguments say. Results go to out, messages to errOut.
func run(ctx context.Context, args []string, out, errOut io.Writer, now time.Time) error {
	root := newRoot(&app{out: out, errOut: errOut, now: now})
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	return ended(ctx, root.ExecuteContext(ctx))
}

// usageError is a mistake in the words of the command.
type usageError struct{ error }

// status prints an error as one line, or as the last record of a log, and returns
// the exit status.
func status(err error, args []string, errOut io.Writer) int {
	code := exitStatus(err)
	form, quiet := logOf(args)
	switch {
	case form != "" && err == nil:
		newLog(errOut, form, quiet).Info("done", "exit_status", code)
	case form != "" && code == exitRefused:
		newLog(errOut, form, quiet).Warn(message(err), "exit_status", code)
	case form != "":
		newLog(errOut, form, quiet).Error(engine.Scrub(message(err)), "exit_status", code)
	case err == nil || code == exitRefused: // the command has printed what is wrong with the data
	default:
		fmt.Fprintln(errOut, "clientele: "+engine.Scrub(message(err)))
	}
	return code
}

// aboutData reports whether an error stands for problems of the data: the rest
// was done, and the command has printed what is wrong.
func aboutData(err error) bool {
	return errors.Is(err, engine.ErrRefused) || errors.Is(err, engine.ErrChecks) || errors.Is(err, engine.ErrDiffers)
}

// message is an error in one line. Left out is the line of SQL, with a mark
// under the place, that DuckDB shows below its message.
func message(err error) string {
	if errors.Is(err, context.Canceled) {
		return "stopped; nothing half-written"
	}
	if storage := engine.StorageFailure(err); storage != nil {
		return storage.Error() + "; nothing half-written"
	}
	text, _, _ := strings.Cut(err.Error(), "\nLINE ")
	return strings.TrimSpace(strings.ReplaceAll(text, "\n", " "))
}

// limitMemory keeps Go to its share of the process's memory, and gives back what it has
// no use for: the collector runs the more often the nearer it is.
func limitMemory(share int64) {
	debug.SetMemoryLimit(share)
	debug.FreeOSMemory()
}
