// Package engine is the run: it loads files into the store of a workspace,
// summarizes every customer as of a day, fits and scores the models, and
// publishes the results as a run folder.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/workspace"
)

// Engine is one workspace with its configuration. The zero value of the
// optional fields is silence.
type Engine struct {
	Dir     string              // the workspace folder
	Config  config.Config       // clientele.yaml, or the defaults, with flags applied
	Version string              // of the program, for manifests
	Now     time.Time           // the moment of the command: dates loads and bounds what may be loaded
	Getenv  func(string) string // the environment, for passwords of databases; nil: none
	Watch   func(Event)         // told of progress; called from several goroutines, one at a time
	Limit   func(bytes int64)   // told how much memory Go may take, again when that is known better; nil: nobody

	lessons *lessons // what the night before was taught by earlier states of the shop; nil: none are kept
}

// Event is one piece of progress.
type Event struct {
	Stage string // what is being done: "load orders.csv", "fit pareto_nbd"
	Done  int64  // units done
	Total int64  // units in all; 0: unknown
	Ended bool   // the stage is over
	Took  time.Duration
}

// Open reads the workspace at dir: its clientele.yaml, or the defaults when it
// has none.
func Open(dir string, now time.Time, version string) (*Engine, error) {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("workspace %s: there is no such folder: clientele init %s makes one", dir, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("workspace %s: %w", dir, underlying(err))
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("workspace %s: not a folder", dir)
	}
	path := filepath.Join(dir, workspace.ConfigName)
	cfg, err := config.ReadOrDefault(path)
	if err != nil {
		return nil, err
	}
	e := &Engine{Dir: dir, Config: cfg, Version: version, Now: now}
	if err := e.stays(); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		e.adopt()
	}
	return e, nil
}

// adopt takes the settings that a store was made with where there is no
// clientele.yaml to state others. A store that cannot be read is left for the
// command to report.
func (e *Engine) adopt() {
	path, err := workspace.Store(e.Dir)
	if err != nil {
		return
	}
	ctx := context.Background()
	db, err := duck.Open(ctx, path, duck.Options{ReadOnly: true})
	if err != nil {
		return
	}
	defer db.Close()
	recorded, err := meta(ctx, db)
	if err != nil {
		return
	}
	for key, to := range map[string]*string{"timezone": &e.Config.Timezone, "currency": &e.Config.Currency, "refunds": &e.Config.Refunds} {
		if value, ok := recorded["frozen."+key]; ok {
			*to = value
		}
	}
	if value := recorded["frozen.net"]; value != "" {
		e.Config.Net = strings.Split(value, ",")
	}
}

func (e *Engine) path(elements ...string) string {
	return filepath.Join(append([]string{e.Dir}, elements...)...)
}

// Exports is the folder of the runs.
func (e *Engine) Exports() string { return e.path(workspace.ExportsName) }

// zone is the business time zone.
func (e *Engine) zone() (*time.Location, error) {
	zone, err := time.LoadLocation(e.Config.Timezone)
	if err != nil {
		return nil, fmt.Errorf("timezone %q: not a known time zone", e.Config.Timezone)
	}
	return zone, nil
}

// Memory is how many bytes the whole process may use.
func (e *Engine) Memory() int64 {
	if e.Config.Resources.Memory > 0 {
		return int64(e.Config.Resources.Memory)
	}
	return machineMemory() * 6 / 10
}

// What the memory goes to, in bytes: what is resident of the program itself; what Go
// holds of anything, of each customer, of each when the models are done, and of each who is
// looked back on besides; and DuckDB's least, of which it runs up to a fifth over what it
// is told.
const (
	programBytes    = 90 << 20
	restBytes       = 12 << 20
	customerBytes   = 290
	scoredBytes     = 250
	lookedBackBytes = 1800
	leastStore      = 64 << 20
)

// GoShare is Go's part of the memory where it holds the columns of so many customers
// and looks back on so many: a quarter, or what they need with some room for the
// collector, up to a quarter more where that is not over half of all.
func (e *Engine) GoShare(customers, lookedBack int) int64 {
	need := restBytes + customerBytes*int64(customers) + lookedBackBytes*int64(lookedBack)
	return max(e.Memory()/4, need*11/10, min(need*5/4, e.room()/2))
}

// scoredShare is GoShare when the models are done: what they took on the way is given back.
func (e *Engine) scoredShare(customers int) int64 {
	return max(e.Memory()/4, (restBytes+scoredBytes*int64(customers))*11/10)
}

// room is the memory that Go and DuckDB share: what the system rounds up and keeps back of
// both, a thirtieth of all, is left out.
func (e *Engine) room() int64 {
	return e.Memory() - e.Memory()/32 - programBytes
}

// storeShare is DuckDB's part of the memory where Go has that much: the rest, and half
// of all at most.
func (e *Engine) storeShare(goShare int64) int64 {
	left := e.room() - goShare
	return max(min(left*5/6, e.Memory()/2), leastStore)
}

// machineMemory is the memory of the machine or of the container, in bytes; a
// machine that does not say is taken to have 4 GiB.
func machineMemory() int64 {
	total := int64(4 << 30)
	if runtime.GOOS != "linux" {
		return total
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			var kib int64
			if _, err := fmt.Sscanf(line, "MemTotal: %d kB", &kib); err == nil {
				total = kib << 10
			}
		}
	}
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && limit < total {
			total = limit
		}
	}
	return total
}

// stage reports the begin of a stage and returns what to call at its end.
func (e *Engine) stage(name string, total int64) func() {
	if e.Watch == nil {
		return func() {}
	}
	began := time.Now()
	e.Watch(Event{Stage: name, Total: total})
	return func() { e.Watch(Event{Stage: name, Done: total, Total: total, Ended: true, Took: time.Since(began)}) }
}

// staged reports a stage that ran beside others and is over.
func (e *Engine) staged(name string, took time.Duration) {
	if e.Watch != nil {
		e.Watch(Event{Stage: name})
		e.Watch(Event{Stage: name, Ended: true, Took: took})
	}
}

// advance reports progress within a stage.
func (e *Engine) advance(name string, done, total int64) {
	if e.Watch != nil {
		e.Watch(Event{Stage: name, Done: done, Total: total})
	}
}

// underlying takes the operation and the path off the text of an error of package
// os, which the caller has named already. What the error is about can still be asked.
func underlying(err error) error {
	switch e := err.(type) {
	case *os.PathError:
		return bare{err, e.Err}
	case *os.LinkError:
		return bare{err, e.Err}
	}
	return err
}

// bare is an error of which only the reason is said.
type bare struct{ whole, said error }

func (b bare) Error() string { return b.said.Error() }
func (b bare) Unwrap() error { return b.whole }

// ended reports whether ctx is over, as the error to return.
func ended(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
