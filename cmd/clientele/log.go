package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"

	"clientele/engine"
)

// The forms of --log.
const (
	logJSON = "json"
	logText = "text"
)

// newLog writes records instead of messages: one a line, for programs that collect
// them. Quiet, only warnings and errors.
func newLog(w io.Writer, form string, quiet bool) *slog.Logger {
	opt := &slog.HandlerOptions{Level: slog.LevelInfo}
	if quiet {
		opt.Level = slog.LevelWarn
	}
	if form == logText {
		return slog.New(slog.NewTextHandler(w, opt))
	}
	return slog.New(slog.NewJSONHandler(w, opt))
}

// logOf is the form of --log among arguments that may be wrong in other places:
// what is wrong has to be told in that form too.
func logOf(args []string) (form string, quiet bool) {
	for i, arg := range args {
		word, is := strings.CutPrefix(arg, "--log=")
		if arg == "--log" && i+1 < len(args) {
			word, is = args[i+1], true
		}
		if is && (word == logJSON || word == logText) {
			form = word
		}
		quiet = quiet || arg == "--quiet" || arg == "-q" || arg == "--quiet=true"
		if arg == "--" {
			break
		}
	}
	return form, quiet
}

// records makes a record of each line that is written for people.
type records struct {
	log  *slog.Logger
	rest []byte
}

func (r *records) Write(text []byte) (int, error) {
	r.rest = append(r.rest, text...)
	for {
		line, rest, whole := bytes.Cut(r.rest, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		r.rest = rest
		if len(line) > 0 {
			r.log.Info(engine.Scrub(string(line)))
		}
	}
}

// startLog puts records in the place of messages.
func (a *app) startLog() {
	if a.logForm == "" {
		return
	}
	a.log = newLog(a.errOut, a.logForm, a.quiet)
	a.errOut = &records{log: a.log}
}

// logEvent is an engine's Watch: a record of each stage that ended.
func (a *app) logEvent(e engine.Event) {
	if !e.Ended {
		return
	}
	attrs := []slog.Attr{slog.String("stage", engine.Scrub(e.Stage)), slog.Float64("seconds", e.Took.Seconds())}
	if e.Total > 0 {
		attrs = append(attrs, slog.Int64("done", e.Done))
	}
	a.log.LogAttrs(context.Background(), slog.LevelInfo, "stage", attrs...)
}

// logLoaded makes a record of each file, and of what was wrong in it without the
// values, which may be of people.
func (a *app) logLoaded(loaded []engine.Loaded) {
	known := 0
	for _, l := range loaded {
		if l.State == engine.StateKnown {
			known++
			continue
		}
		level := slog.LevelInfo
		if l.State == engine.StateRefused {
			level = slog.LevelWarn
		}
		a.log.LogAttrs(context.Background(), level, "file",
			slog.String("source", l.Source), slog.String("kind", l.Kind), slog.String("path", engine.Scrub(l.Path)), slog.String("state", l.State), slog.Int("batch_id", l.Batch),
			slog.Int64("read", l.Read), slog.Int64("accepted", l.Accepted), slog.Int64("duplicates", l.Duplicates), slog.Int64("rejected", l.Rejected))
		for _, note := range l.Notes {
			a.log.Info("note", "path", engine.Scrub(l.Path), "note", engine.Scrub(note))
		}
		for _, x := range l.Examples {
			a.log.Warn("reject", "path", engine.Scrub(x.Path), "line", x.Line, "column", x.Column, "reason", engine.Scrub(x.Reason))
		}
	}
	if known > 0 {
		a.log.Info("files are loaded already", "files", known)
	}
}

// logRun makes records of what a night found: doubts, failed checks and gates.
func (a *app) logRun(ran engine.Ran) {
	for _, w := range ran.Scored.Warnings {
		a.log.Warn("warning", "as_of", ran.Scored.AsOf, "code", w.Code, "en", engine.Scrub(w.En), "zh", engine.Scrub(w.Zh))
	}
	for _, c := range ran.Checked.Failed() {
		a.log.Warn("check failed", "check", c.Name, "severity", c.Severity, "table", c.Table, "rows", c.Failed)
	}
	for _, h := range ran.Held {
		a.log.Warn("gate", "gate", h.Gate, "en", engine.Scrub(h.En), "zh", engine.Scrub(h.Zh))
	}
	for _, d := range ran.Doubts {
		a.log.Warn(engine.Scrub(d))
	}
	for _, day := range ran.Removed {
		a.log.Info("run removed", "as_of", day)
	}
}
