package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"clientele/engine"
)

// progress shows the stage under way: on a terminal one line that is
// overwritten, elsewhere nothing, so that logs stay short. Verbose, it leaves a
// line for each stage that ended.
type progress struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	verbose  bool          // a line for each stage that ended
	started  time.Time     // the command
	expected time.Duration // that it takes in all, as far as the last time tells; 0: not known
	began    time.Time     // the stage
	stage    string
	drawn    time.Time
	width    int
}

func newProgress(w io.Writer, verbose bool) *progress {
	p := &progress{w: w, verbose: verbose, started: time.Now()}
	if f, ok := terminal(w); ok {
		p.terminal = true
		p.width, _, _ = term.GetSize(int(f.Fd()))
	}
	return p
}

// terminal is the terminal that is written to, if it is one.
func terminal(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// event is an engine's Watch.
func (p *progress) event(e engine.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Ended && p.verbose {
		p.clear()
		fmt.Fprintf(p.w, "%9.3fs  %s\n", e.Took.Seconds(), e.Stage)
	}
	if !p.terminal {
		return
	}
	if e.Stage != p.stage {
		p.stage, p.began, p.drawn = e.Stage, time.Now(), time.Time{}
	}
	if e.Ended {
		p.clear()
		return
	}
	if time.Since(p.drawn) < 100*time.Millisecond {
		return
	}
	p.drawn = time.Now()
	p.clear()
	fmt.Fprint(p.w, p.line(e))
}

func (p *progress) line(e engine.Event) string {
	took := time.Since(p.began)
	text := "· " + e.Stage
	switch {
	case e.Total > 0 && e.Done > 0:
		left := time.Duration(float64(took) * float64(e.Total-e.Done) / float64(e.Done)).Round(time.Second)
		text += fmt.Sprintf("  %d %%, %v left", 100*e.Done/e.Total, left)
	case e.Done > 0:
		text += fmt.Sprintf("  %s rows, %s a second", grouped(e.Done), grouped(int64(float64(e.Done)/max(took.Seconds(), 1e-3))))
	}
	if took > time.Second {
		text += fmt.Sprintf("  %v", took.Round(time.Second))
	}
	if left := p.expected - time.Since(p.started); left > time.Second {
		text += fmt.Sprintf("  (about %v left in all, by the last run)", left.Round(time.Second))
	}
	if width := max(p.width-1, 20); len([]rune(text)) > width {
		text = string([]rune(text)[:width])
	}
	return text
}

// clear takes the line of a stage off the terminal.
func (p *progress) clear() {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	var b strings.Builder
	for i, c := range text {
		if i > 0 && c != '-' && (len(text)-i)%3 == 0 && text[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}
