package engine_test

import (
	"cmp"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"clientele/engine"
)

// The stages of the table. Every stage of the engine belongs to one of them or
// is shown under its own name.
const (
	stageLoad     = "load the files"
	stageSettle   = "settle versions, identities"
	stageStore    = "publish the store"
	stageCheck    = "check the facts"
	stageSummary  = "summarize the customers"
	stagePast     = "summarize past states"
	stageForecast = "choose a purchase model, look back"
	stagePurchase = "fit purchase models of past states"
	stageChurn    = "train the churn score"
	stageFit      = "fit the models"
	stageScore    = "score the customers"
	stageClusters = "find and give clusters"
	stageInterval = "work out intervals"
	stageSegments = "evaluate segments"
	stageReasons  = "give reasons, write them"
	stageWrite    = "write the Parquet files"
	stageReport   = "write the reports"
	stagePublish  = "publish the run"
	stageElse     = "everything else"
	floorRead     = "read into a table"
	floorStore    = "checkpoint"
	floorGroup    = "group once per customer"
	floorWrite    = "write one Parquet file"
)

// stageOrder is the order of the table.
func stageOrder() []string {
	return []string{stageLoad, stageSettle, stageStore, stageCheck, stageSummary, stagePast, stagePurchase, stageForecast, stageChurn, stageFit, stageScore,
		stageClusters, stageInterval, stageSegments, stageReasons, stageWrite, stageReport, stagePublish}
}

// beside is the floor's step for a stage of the engine; the others have none.
func beside(stage string) string {
	switch stage {
	case stageLoad:
		return floorRead
	case stageStore:
		return floorStore
	case stageSummary:
		return floorGroup
	case stageWrite:
		return floorWrite
	case stageElse:
		return stageElse
	}
	return ""
}

// group is the stage of the table that an event of the engine counts in: that of the
// longest beginning of its name that is known.
func group(event string) string {
	found, longest := event, 0
	for begin, stage := range map[string]string{
		"load ": stageLoad, "settle": stageSettle, "publish the store": stageStore, "summarize customers": stageSummary,
		"summarize as of ": stagePast, "look back": stagePast, "forecast from ": stageForecast, "forecast as of ": stagePurchase, "intervals from ": stageForecast,
		"choose a churn score": stageChurn, "fit ": stageFit, "score ": stageScore, "fit cluster": stageClusters, "score cluster": stageClusters,
		"intervals": stageInterval, "write reasons": stageReasons, "write ": stageWrite, "write the report": stageReport,
	} {
		if strings.HasPrefix(event, begin) && len(begin) > longest {
			found, longest = stage, len(begin)
		}
	}
	return found
}

// spent is what one stage of the table took.
type spent struct {
	Stage   string
	Seconds float64
	CPU     float64 // seconds of all threads, user and system
	Peak    int64   // bytes resident at most; 0: the system does not tell
}

// clock gives the time of a process to the stages of the engine, each moment to the
// one that was begun last of those under way: so the stages add up to the whole.
type clock struct {
	began time.Time
	cpu   time.Duration
	open  []string
	list  []spent

	storing bool // the stage that ended last was one of loading
}

func newClock() *clock {
	forgetPeak()
	return &clock{began: time.Now(), cpu: processorTime()}
}

// watch is an engine's Watch.
func (c *clock) watch(e engine.Event) {
	at := slices.Index(c.open, e.Stage)
	switch {
	case e.Ended:
		c.turn()
		c.storing = group(e.Stage) == stageLoad
		if at >= 0 {
			c.open = slices.Delete(c.open, at, at+1)
		}
	case at < 0: // else it is progress
		c.turn()
		c.open = append(c.open, e.Stage)
	}
}

// turn gives the time since the last turn to the stage under way.
func (c *clock) turn() {
	stage := stageElse
	if c.storing { // what was read is still on its way into the store
		stage = stageLoad
	}
	if n := len(c.open); n > 0 {
		stage = group(c.open[n-1])
	}
	c.give(stage)
}

// give gives the time since the last turn to a stage.
func (c *clock) give(stage string) {
	now, cpu, peak := time.Now(), processorTime(), peakMemory()
	i := slices.IndexFunc(c.list, func(s spent) bool { return s.Stage == stage })
	if i < 0 {
		i = len(c.list)
		c.list = append(c.list, spent{Stage: stage})
	}
	s := &c.list[i]
	s.Seconds += now.Sub(c.began).Seconds()
	s.CPU += (cpu - c.cpu).Seconds()
	s.Peak = max(s.Peak, peak)
	c.began, c.cpu = now, cpu
	forgetPeak()
}

// stages are those of a finished process in the order of the table; what it took
// besides, its start included, comes last.
func (p process) stages() []spent {
	rest := spent{Stage: stageElse, Seconds: p.wall.Seconds(), CPU: p.cpu.Seconds()}
	var out []spent
	for _, s := range p.Spent {
		if s.Stage == stageElse {
			rest.Peak = s.Peak
			continue
		}
		out = append(out, s)
		rest.Seconds -= s.Seconds
		rest.CPU -= s.CPU
	}
	place := func(s spent) int {
		if i := slices.Index(stageOrder(), s.Stage); i >= 0 {
			return i
		}
		return len(stageOrder()) // a stage that is new in the engine
	}
	slices.SortStableFunc(out, func(a, b spent) int { return cmp.Compare(place(a), place(b)) })
	return append(out, rest)
}

// processorTime is what this process has used so far, user and system.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakMemory is the most that this process had resident since forgetPeak, in bytes;
// 0 where the system does not tell.
func peakMemory() int64 {
	kib, _, _ := strings.Cut(strings.TrimSpace(systemFile("/proc/self/status", "VmHWM")), " ")
	n, err := strconv.ParseInt(kib, 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}

// forgetPeak makes Linux count the peak anew; elsewhere it does nothing.
func forgetPeak() {
	if f, err := os.OpenFile("/proc/self/clear_refs", os.O_WRONLY, 0); err == nil {
		_, _ = f.WriteString("5") // where it is refused, peaks are those since the start
		_ = f.Close()
	}
}
