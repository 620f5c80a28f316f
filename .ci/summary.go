// Command summary reads the events of go test -json and prints what go test
// prints without -v, then which tests were skipped and why, and the totals,
// which go test does not tell. It fails when a test has failed or none has run.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is one line of go test -json (go doc test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// totals are counts of tests, and of packages that failed.
type totals struct {
	passed, failed, skipped, badPackages int
	skips                                []string // the reason of each skip, with its place
}

func main() {
	t, err := read(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(1)
	}
	for _, s := range t.skips {
		fmt.Println("skipped:", s)
	}
	fmt.Printf("%d tests passed, %d failed, %d skipped; %d packages failed\n", t.passed, t.failed, t.skipped, t.badPackages)
	if t.failed > 0 || t.badPackages > 0 || t.passed == 0 {
		os.Exit(1)
	}
}

// read copies to out the lines about packages and about what failed.
func read(in io.Reader, out io.Writer) (totals, error) {
	var t totals
	said := map[string]*strings.Builder{} // output of tests not yet over
	dec := json.NewDecoder(in)
	for {
		var e event
		err := dec.Decode(&e)
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return t, fmt.Errorf("not the output of go test -json: %w", err)
		}
		test := e.Package + " " + e.Test
		switch {
		case e.Action == "build-output", e.Action == "output" && e.Test == "" && worthSaying(e.Output):
			fmt.Fprint(out, e.Output)
		case e.Action == "output" && e.Test != "":
			if said[test] == nil {
				said[test] = &strings.Builder{}
			}
			if !strings.HasPrefix(e.Output, "=== ") {
				said[test].WriteString(e.Output)
			}
		case e.Action == "fail" && e.Test == "":
			t.badPackages++
			flush(out, said, e.Package) // tests that a panic or a timeout cut off
		case e.Action == "fail":
			t.failed++
			fmt.Fprint(out, said[test])
			delete(said, test)
		case e.Action == "pass" && e.Test != "":
			t.passed++
			delete(said, test)
		case e.Action == "skip" && e.Test != "":
			t.skipped++
			t.skips = append(t.skips, reason(e, said[test]))
			delete(said, test)
		}
	}
}

// worthSaying leaves out the bare PASS before a package's own line.
func worthSaying(line string) bool { return line != "PASS\n" }

// flush prints what the unfinished tests of a package said.
func flush(out io.Writer, said map[string]*strings.Builder, pkg string) {
	for test, text := range said {
		if strings.HasPrefix(test, pkg+" ") {
			fmt.Fprint(out, text)
			delete(said, test)
		}
	}
}

// reason is the first line that the test logged.
func reason(e event, text *strings.Builder) string {
	if text != nil {
		for line := range strings.Lines(text.String()) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "---") {
				return e.Package + " " + e.Test + ": " + line
			}
		}
	}
	return e.Package + " " + e.Test
}
